/* coordinator/resume.c - choosing a checkpoint: of the newest run whose groups all have a sound one, each group's newest. */
#include "coordinator/resume.h"
#include "coordinator/checkpoint_folder.h"
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_FILES = 1 << 20 };

typedef struct {
    const arch_run_options_t *options;
    const archi_identity_t *identity;
    const char *folder;
    archi_save_list_t list;
    archi_save_name_t wanted; /* the user's choice */
    bool strict;              /* it must be that one */
    archi_resume_t *resume;
} chooser_t;

static void say(const arch_run_options_t *o, int is_warning, const char *text)
{
    if (o->note != NULL)
        o->note(o->user, is_warning, text);
}

/* ---- one file ----------------------------------------------------------------------------------------------------- */

static arch_status_t check_identity(const archi_checkpoint_t *c, const archi_identity_t *id)
{
    const archi_checkpoint_head_t *h = &c->head;

    if (h->seed != id->seed)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: is of seed %" PRIu64 ", not %" PRIu64, c->path, h->seed, id->seed);
    if (h->replications != id->replications)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: is of %u replications, not %u", c->path, h->replications,
                         id->replications);
    if (h->duration != id->duration)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: is of a run of %.9g s, not %.9g s", c->path, (double)h->duration * 1e-9,
                         (double)id->duration * 1e-9);
    if (h->design_hash != id->design_hash || h->n_elements != id->n_elements)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: is of another design", c->path);
    return ARCH_OK;
}

static arch_status_t add_file(archi_resume_t *r, archi_checkpoint_t *c)
{
    archi_checkpoint_t **more = realloc(r->file, (r->n_files + (size_t)1) * sizeof *more);

    if (more == NULL) {
        archi_checkpoint_free(&c);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to read checkpoints");
    }
    r->file = more;
    r->file[r->n_files++] = c;
    return ARCH_OK;
}

static void drop_files(archi_resume_t *r, uint32_t keep)
{
    while (r->n_files > keep)
        archi_checkpoint_free(&r->file[--r->n_files]);
}

/* The file must be where its head says. */
static arch_status_t check_place(const archi_checkpoint_t *c, const archi_save_name_t *name, uint32_t file)
{
    const archi_checkpoint_head_t *h = &c->head;

    if (h->leg != name->leg || h->group != name->group || h->generation != name->generation || h->file != file ||
        h->n_files > MOST_FILES)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: belongs elsewhere: it is file %u of group %u, save %u of run %u", c->path,
                         h->file, h->group, h->generation, h->leg);
    return ARCH_OK;
}

/* Files of one run agree about its layout. */
static arch_status_t check_peer(const archi_checkpoint_t *c, const archi_checkpoint_t *first)
{
    if (c->head.n_groups != first->head.n_groups || c->head.n_blocks != first->head.n_blocks ||
        memcmp(c->block_of, first->block_of, c->head.n_elements * sizeof *c->block_of) != 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: and %s are not of the same run", c->path, first->path);
    return ARCH_OK;
}

static arch_status_t read_one(chooser_t *x, const archi_save_name_t *name, uint32_t file, bool trusted)
{
    archi_resume_t *r = x->resume;
    archi_checkpoint_t *c;
    char path[PATH_MAX];
    arch_status_t st;

    archi_save_file(x->folder, name, false, file, path);
    ARCH_TRY(archi_checkpoint_read(path, trusted, &c));
    st = check_identity(c, x->identity);
    if (st == ARCH_OK)
        st = check_place(c, name, file);
    if (st == ARCH_OK && r->n_files > 0)
        st = check_peer(c, r->file[0]);
    if (st == ARCH_OK && !trusted)
        st = archi_checkpoint_verify(c);
    if (st != ARCH_OK) {
        archi_checkpoint_free(&c);
        return st;
    }
    return add_file(r, c);
}

/* ---- a group's checkpoint ----------------------------------------------------------------------------------------- */

static bool is_finished(const archi_checkpoint_t *c, uint32_t replication)
{
    for (uint32_t i = 0; i < c->n_finished; i++)
        if (c->finished[i] == replication)
            return true;
    return false;
}

/* All files of a group tell the same replications finished, and of every other that has blocks, all of them, of one time. */
static arch_status_t check_blocks(const archi_resume_t *r, uint32_t first)
{
    const archi_checkpoint_t *c = r->file[first];
    uint32_t n_blocks = c->head.n_blocks;
    uint64_t *seen = calloc(c->head.replications, sizeof *seen), *sum = calloc(c->head.replications, sizeof *sum);
    arch_status_t st =
        seen != NULL && sum != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory to check %s", c->path);

    for (uint32_t f = first; st == ARCH_OK && f < r->n_files; f++) {
        const archi_checkpoint_t *d = r->file[f];
        if (d->n_finished != c->n_finished ||
            memcmp(d->finished, c->finished, c->n_finished * sizeof *c->finished) != 0)
            st = ARCH_FAIL(ARCH_E_FORMAT, "%s: and %s do not tell the same replications finished", c->path, d->path);
        for (uint32_t i = 0; i < d->n_blocks_here; i++) {
            seen[d->block[i].replication]++;
            sum[d->block[i].replication] += d->block[i].block;
        }
    }
    for (uint32_t k = 0; st == ARCH_OK && k < c->head.replications; k++)
        if (seen[k] != 0 &&
            (seen[k] != n_blocks || sum[k] != (uint64_t)n_blocks * (n_blocks - 1) / 2 || is_finished(c, k)))
            st = ARCH_FAIL(ARCH_E_FORMAT, "%s: the blocks of replication %u are not complete", c->path, k + 1);
    free(seen);
    free(sum);
    return st;
}

static arch_status_t read_save(chooser_t *x, const archi_save_name_t *name, bool trusted)
{
    uint32_t first = x->resume->n_files, n = 1;
    arch_status_t st = ARCH_OK;

    for (uint32_t file = 0; st == ARCH_OK && file < n; file++) {
        st = read_one(x, name, file, trusted);
        if (st == ARCH_OK)
            n = x->resume->file[first]->head.n_files;
    }
    if (st == ARCH_OK)
        st = check_blocks(x->resume, first);
    if (st != ARCH_OK)
        drop_files(x->resume, first);
    return st;
}

/* ---- a run's ------------------------------------------------------------------------------------------------------ */

/* The user's words are for the user: what is wrong with a checkpoint that is passed over. */
static void pass_over(const chooser_t *x)
{
    char text[1024];

    snprintf(text, sizeof text, "%s; going back to an earlier checkpoint", arch_error_text());
    say(x->options, 1, text);
}

/* The newest sound one of the group whose list begins at `i`. */
static arch_status_t choose_group(chooser_t *x, uint32_t i)
{
    const archi_save_name_t *first = &x->list.save[i];
    arch_status_t st = ARCH_E_FORMAT;

    for (; i < x->list.n && x->list.save[i].leg == first->leg && x->list.save[i].group == first->group; i++) {
        const archi_save_name_t *name = &x->list.save[i];
        if (x->strict && name->group == x->wanted.group && name->generation != x->wanted.generation)
            continue;
        st = read_save(x, name, false);
        if (st == ARCH_OK || x->strict)
            return st;
        pass_over(x);
    }
    return st;
}

/* Every group of the run whose list begins at `i` has a sound one; what they tell finished is told once. */
static arch_status_t choose_leg(chooser_t *x, uint32_t i)
{
    uint32_t leg = x->list.save[i].leg, n_groups = 0;
    archi_resume_t *r = x->resume;

    for (uint32_t group = ARCHI_NIL; i < x->list.n && x->list.save[i].leg == leg; i++) {
        if (x->list.save[i].group == group)
            continue;
        group = x->list.save[i].group;
        ARCH_TRY(choose_group(x, i));
        n_groups++;
    }
    if (r->n_files == 0 || n_groups != r->file[0]->head.n_groups)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: of run %u not every group has a checkpoint", x->folder, leg);
    return ARCH_OK;
}

static arch_status_t choose(chooser_t *x)
{
    arch_status_t st = ARCH_FAIL(ARCH_E_NOTFOUND, "%s: holds no checkpoint", x->folder);

    for (uint32_t i = 0; i < x->list.n; i++) {
        if ((i > 0 && x->list.save[i - 1].leg == x->list.save[i].leg) ||
            (x->strict && x->list.save[i].leg != x->wanted.leg))
            continue;
        st = choose_leg(x, i);
        if (st == ARCH_OK || x->strict)
            return st;
        drop_files(x->resume, 0);
        pass_over(x);
    }
    return st;
}

/* What is finished and what has begun, over all groups; nothing twice. */
static arch_status_t sum_up(archi_resume_t *r, uint32_t replications)
{
    uint32_t group = ARCHI_NIL;

    r->finished = calloc(replications, 1);
    r->begun = calloc(replications, 1);
    if (r->finished == NULL || r->begun == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u replications", replications);
    for (uint32_t f = 0; f < r->n_files; f++) {
        const archi_checkpoint_t *c = r->file[f];
        for (uint32_t i = 0; c->head.group != group && i < c->n_finished; i++)
            if (r->finished[c->finished[i]]++ != 0)
                return ARCH_FAIL(ARCH_E_FORMAT, "%s: replication %u is finished twice", c->path, c->finished[i] + 1);
        group = c->head.group;
        for (uint32_t i = 0; i < c->n_blocks_here; i++)
            r->begun[c->block[i].replication] = 1;
    }
    for (uint32_t k = 0; k < replications; k++)
        if (r->finished[k] && r->begun[k])
            return ARCH_FAIL(ARCH_E_FORMAT, "%s: replication %u is finished and is not", r->file[0]->path, k + 1);
    snprintf(r->from, sizeof r->from, "run%u, save %u", r->file[0]->head.leg, r->file[0]->head.generation);
    return ARCH_OK;
}

/* ---- the user's word ---------------------------------------------------------------------------------------------- */

/* A path may name the folder of a design, a checkpoint in it, or a file of that. */
static arch_status_t read_path(chooser_t *x, const char *path, char folder[PATH_MAX])
{
    char copy[PATH_MAX], *last;
    struct stat about;

    snprintf(copy, sizeof copy, "%s", path);
    if (stat(copy, &about) != 0)
        return ARCH_FAIL(ARCH_E_NOTFOUND, "%s: there is no such checkpoint", path);
    if (S_ISREG(about.st_mode)) {
        char *slash = strrchr(copy, '/');
        if (!archi_checkpoint_is(path))
            return ARCH_FAIL(ARCH_E_FORMAT, "%s: is not a checkpoint of architech", path);
        if (slash == NULL)
            snprintf(copy, sizeof copy, ".");
        else
            *slash = '\0';
    }
    if (realpath(copy, folder) == NULL)
        return ARCH_FAIL(ARCH_E_NOTFOUND, "%s: there is no such checkpoint", path);
    last = strrchr(folder, '/');
    x->strict = last != NULL && archi_save_parse(last + 1, &x->wanted);
    if (x->strict)
        *last = '\0';
    x->folder = folder;
    return ARCH_OK;
}

static arch_status_t look(chooser_t *x, char folder[PATH_MAX])
{
    bool automatic = strcmp(x->options->resume, "auto") == 0;
    char text[PATH_MAX + 64];
    arch_status_t st;

    if (!automatic)
        ARCH_TRY(read_path(x, x->options->resume, folder));
    ARCH_TRY(archi_folder_list(x->folder, &x->list));
    st = choose(x);
    if (st == ARCH_OK)
        return sum_up(x->resume, x->identity->replications);
    if (automatic && st != ARCH_E_NOMEM) {
        snprintf(text, sizeof text, "no checkpoint to go on from in %s; starting from the beginning", x->folder);
        say(x->options, 1, text);
        drop_files(x->resume, 0);
        return ARCH_OK;
    }
    return st;
}

/* ---- ranks -------------------------------------------------------------------------------------------------------- */

/* The first rank's choice, read again by the others: name by name. */
static arch_status_t share(chooser_t *x, archi_net_t *net, char folder[PATH_MAX])
{
    archi_resume_t *r = x->resume;
    bool first = archi_net_rank(net) == 0;
    arch_status_t st = ARCH_OK;
    uint32_t n = r->n_files;

    if (first)
        memmove(folder, x->folder, strlen(x->folder) + 1);
    ARCH_TRY(archi_net_bcast(net, &n, sizeof n, 0));
    ARCH_TRY(archi_net_bcast(net, folder, PATH_MAX, 0));
    x->folder = folder;
    for (uint32_t i = 0, at = 0; i < n; i++) {
        archi_save_name_t name = {0, 0, 0};
        if (first)
            name = (archi_save_name_t){r->file[i]->head.leg, r->file[i]->head.group, r->file[i]->head.generation};
        ARCH_TRY(archi_net_bcast(net, &name, sizeof name, 0));
        if (!first && i == at && st == ARCH_OK) {
            st = read_save(x, &name, true);
            at = r->n_files;
        }
    }
    if (st == ARCH_OK && !first && n > 0)
        st = sum_up(r, x->identity->replications);
    return archi_net_agree(net, st);
}

arch_status_t archi_resume_open(const arch_run_options_t *options, const char *folder, const archi_identity_t *identity,
                                archi_net_t *net, archi_resume_t **out)
{
    archi_resume_t *r = calloc(1, sizeof *r);
    chooser_t x = {options, identity, folder, {NULL, 0}, {0, 0, 0}, false, r};
    bool first = net == NULL || archi_net_rank(net) == 0;
    char *path = malloc(PATH_MAX);
    arch_status_t st = r != NULL && path != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory to read checkpoints");

    *out = r;
    if (st == ARCH_OK && first)
        st = look(&x, path);
    if (net != NULL)
        st = archi_net_agree(net, st);
    if (st == ARCH_OK && net != NULL)
        st = share(&x, net, path);
    if (st != ARCH_OK || r->n_files == 0)
        archi_resume_close(out);
    free(x.list.save);
    free(path);
    return st;
}

void archi_resume_close(archi_resume_t **resume)
{
    archi_resume_t *r = *resume;

    *resume = NULL;
    if (r == NULL)
        return;
    drop_files(r, 0);
    free(r->file);
    free(r->finished);
    free(r->begun);
    free(r);
}

/* ---- blocks ------------------------------------------------------------------------------------------------------- */

static arch_status_t append(archi_waiting_list_t *list, const archi_checkpoint_t *c, uint32_t i)
{
    archi_waiting_t *more = realloc(list->image, (list->n + (size_t)1) * sizeof *more);

    if (more == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for saved blocks");
    list->image = more;
    more[list->n].about = c->block[i];
    ARCH_TRY(archi_checkpoint_bytes(c, i, &more[list->n].bytes));
    list->n++;
    return ARCH_OK;
}

arch_status_t archi_resume_blocks(const archi_resume_t *r, uint32_t replication, const uint32_t *rank_of, uint32_t rank,
                                  archi_waiting_list_t *list)
{
    for (uint32_t f = 0; f < r->n_files; f++)
        for (uint32_t i = 0; i < r->file[f]->n_blocks_here; i++) {
            const archi_checkpoint_block_t *b = &r->file[f]->block[i];
            if (b->replication == replication && (rank == ARCHI_NIL || rank_of[b->block] == rank))
                ARCH_TRY(append(list, r->file[f], i));
        }
    return ARCH_OK;
}
