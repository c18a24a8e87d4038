/* coordinator/recut.c - going on with other parts than were saved: on more ranks than there were parts, or told so. */
#include "coordinator/recut.h"
#include "engine/block_pack.h"
#include "model/check.h"
#include "model/recut.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
    const archi_job_t *job;
    archi_map_t        map;      /* of the saved cut */
    uint32_t          *place_of; /* its */
    archi_block_t    **old;      /* [map.n_blocks] */
    uint32_t          *id;       /* [n_new] blocks that are wanted */
    archi_block_t    **made;     /* [n_new] */
    uint32_t           n_new;
} recut_t;

/* ---- the saved cut ------------------------------------------------------------------------------------------------ */

/* Places follow the numbers of the elements. */
static arch_status_t map_saved(recut_t *c)
{
    const archi_checkpoint_t *file = c->job->resume->file[0];
    uint32_t n = file->head.n_elements, *filled = calloc(file->head.n_blocks + (size_t)1, sizeof *filled);

    c->place_of = malloc(((size_t)n + 1) * sizeof *c->place_of);
    c->old = calloc(file->head.n_blocks + (size_t)1, sizeof *c->old);
    if (filled == NULL || c->place_of == NULL || c->old == NULL) {
        free(filled);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut %u blocks anew", (unsigned)file->head.n_blocks);
    }
    for (uint32_t e = 0; e < n; e++)
        c->place_of[e] = filled[file->block_of[e]]++;
    free(filled);
    c->map = (archi_map_t){n, file->head.n_blocks, 0, file->block_of, c->place_of};
    return ARCH_OK;
}

static arch_status_t unpack_all(recut_t *c, const archi_waiting_list_t *saved, uint32_t replication)
{
    const char *wrong;
    uint32_t id = 0;

    for (uint32_t i = 0; i < saved->n; i++) {
        const archi_waiting_t *w = &saved->image[i];
        if (w->about.block >= c->map.n_blocks || c->old[w->about.block] != NULL)
            return ARCH_FAIL(ARCH_E_FORMAT, "the checkpoint has block %u of replication %u twice", (unsigned)w->about.block,
                             (unsigned)replication);
        ARCH_TRY(archi_block_unpack(w->bytes, w->about.bytes, 0, &c->old[w->about.block]));
    }
    for (; id < c->map.n_blocks; id++)
        if (c->old[id] == NULL)
            return ARCH_FAIL(ARCH_E_FORMAT, "the checkpoint lacks block %u of replication %u", (unsigned)id,
                             (unsigned)replication);
    wrong = archi_model_check(c->job->plan, &c->map, c->old, &id);
    if (wrong != NULL)
        return ARCH_FAIL(ARCH_E_FORMAT, "the checkpoint cannot be used: block %u of replication %u: %s", (unsigned)id,
                         (unsigned)replication, wrong);
    return ARCH_OK;
}

static void drop_images(archi_waiting_list_t *list)
{
    for (uint32_t i = 0; i < list->n; i++)
        free(list->image[i].bytes);
    free(list->image);
    memset(list, 0, sizeof *list);
}

static arch_status_t read_all(recut_t *c, uint32_t replication)
{
    archi_waiting_list_t saved = {NULL, 0};
    arch_status_t st = archi_resume_blocks(c->job->resume, replication, NULL, ARCHI_NIL, &saved);

    if (st == ARCH_OK)
        st = unpack_all(c, &saved, replication);
    drop_images(&saved);
    return st;
}

/* ---- the new one -------------------------------------------------------------------------------------------------- */

static arch_status_t list_wanted(recut_t *c, uint32_t rank)
{
    const archi_layout_t *l = &c->job->layout;

    c->id = malloc(((size_t)l->n_blocks + 1) * sizeof *c->id);
    c->made = calloc((size_t)l->n_blocks + 1, sizeof *c->made);
    if (c->id == NULL || c->made == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u blocks", (unsigned)l->n_blocks);
    for (uint32_t id = 0; id < l->n_blocks; id++)
        if (rank == ARCHI_NIL || l->rank_of[id] == rank)
            c->id[c->n_new++] = id;
    return ARCH_OK;
}

static arch_status_t append(archi_waiting_list_t *list, const archi_block_t *b, arch_time_t now)
{
    archi_waiting_t *more = realloc(list->image, (list->n + (size_t)1) * sizeof *more);
    archi_waiting_t *w;

    if (more != NULL)
        list->image = more;
    w = more != NULL ? &more[list->n] : NULL;
    if (w == NULL || (w->bytes = malloc(archi_block_packed_bytes(b))) == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a saved block of %llu bytes", (unsigned long long)b->bytes);
    w->about = (archi_checkpoint_block_t){.replication = b->replication, .block = b->id, .now = now};
    w->about.n_events = b->n_events;
    w->about.bytes = archi_block_packed_bytes(b);
    archi_block_pack(b, w->bytes);
    archi_block_pack_clean(w->bytes);
    list->n++;
    return ARCH_OK;
}

/* The instant of the replication's cut. */
static arch_time_t cut_time(const archi_resume_t *r, uint32_t replication)
{
    for (uint32_t f = 0; f < r->n_files; f++)
        for (uint32_t i = 0; i < r->file[f]->n_blocks_here; i++)
            if (r->file[f]->block[i].replication == replication)
                return r->file[f]->block[i].now;
    return 0;
}

static arch_status_t make_all(recut_t *c, uint32_t replication, archi_waiting_list_t *list)
{
    archi_recut_t recut = {c->job->plan, &c->map, &c->job->layout.map, archi_recut_from_all, c->old};

    ARCH_TRY(archi_model_recut(&recut, c->id, c->n_new, c->made));
    for (uint32_t i = 0; i < c->n_new; i++)
        ARCH_TRY(append(list, c->made[i], cut_time(c->job->resume, replication)));
    return ARCH_OK;
}

static void release(recut_t *c)
{
    for (uint32_t i = 0; c->old != NULL && i < c->map.n_blocks; i++)
        archi_block_destroy(&c->old[i]);
    for (uint32_t i = 0; i < c->n_new; i++)
        archi_block_destroy(&c->made[i]);
    free(c->old);
    free(c->made);
    free(c->id);
    free(c->place_of);
}

arch_status_t archi_recut_waiting(const archi_job_t *job, uint32_t replication, uint32_t rank, archi_waiting_list_t *list)
{
    arch_status_t st = ARCH_OK;
    recut_t c;

    memset(&c, 0, sizeof c);
    c.job = job;
    ARCH_TRY_TO(done, map_saved(&c));
    ARCH_TRY_TO(done, read_all(&c, replication));
    ARCH_TRY_TO(done, list_wanted(&c, rank));
    ARCH_TRY_TO(done, make_all(&c, replication, list));
done:
    release(&c);
    return st;
}
