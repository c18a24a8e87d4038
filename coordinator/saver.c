/* coordinator/saver.c - a rank's part of a checkpoint: when it is due, the rank's blocks are copied and handed over. */
#include "coordinator/keeper.h"
#include "coordinator/ledger_pack.h"
#include "coordinator/machine.h"
#include "engine/block_pack.h"
#include <stdlib.h>
#include <string.h>

enum { WORTH_FORESIGHT = 4 << 20 };

/* ---- handing over: by the rank that copies last ------------------------------------------------------------------- */

/* Statistics of what is finished. While none finishes they stay as they were packed. */
static arch_status_t pack_ledger(archi_keeper_t *k)
{
    uint64_t *words, n;

    if (!k->stale)
        return ARCH_OK;
    ARCH_TRY(archi_ledger_pack(k->setup.ledger, &words, &n));
    free(k->words);
    k->words = words;
    k->n_words = n;
    k->n_done = 0;
    for (uint32_t r = 0; r < k->setup.head.replications; r++)
        if (k->finished[r])
            k->done[k->n_done++] = r;
    k->stale = false;
    return ARCH_OK;
}

/* What waits for a replication that has been saved since, or is over, is of no use any more. */
static void drop_waiting(archi_keeper_t *k, uint32_t replication)
{
    for (uint32_t i = 0; i < k->setup.waiting->n; i++) {
        archi_waiting_t *w = &k->setup.waiting->image[i];
        if (w->about.replication == replication) {
            free(w->bytes);
            w->bytes = NULL;
        }
    }
}

static void list_item(archi_keeper_t *k, const archi_kept_t *item)
{
    if (item->bytes != NULL && !k->finished[item->about.replication])
        k->item[k->n_items++] = *item;
}

static arch_status_t list_items(archi_keeper_t *k)
{
    uint64_t n = k->setup.waiting->n;
    archi_kept_t *more;

    for (uint32_t i = 0; i < k->setup.n_ranks; i++)
        n += k->saver[i].n_items;
    more = realloc(k->item, (n + 1) * sizeof *more);
    if (more == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to list what is to be saved");
    k->item = more;
    k->n_items = 0;
    for (uint32_t i = 0; i < k->setup.n_ranks; i++)
        for (uint32_t j = 0; j < k->saver[i].n_items; j++)
            list_item(k, &k->saver[i].item[j]);
    for (uint32_t i = 0; i < k->setup.waiting->n; i++) {
        const archi_waiting_t *w = &k->setup.waiting->image[i];
        const archi_kept_t item = {w->about, w->bytes, true};
        list_item(k, &item);
    }
    return ARCH_OK;
}

/* Everything that is finished now, in the statistics, need have no blocks; what finished after its blocks were copied is in
 * both, and the statistics win. */
static void hand_over(archi_keeper_t *k)
{
    pthread_rwlock_wrlock(&k->collecting);
    archi_keeper_fail(k, pack_ledger(k));
    for (uint32_t r = 0; r < k->setup.head.replications; r++)
        if (k->finished[r])
            drop_waiting(k, r);
    archi_keeper_fail(k, list_items(k));
    pthread_rwlock_unlock(&k->collecting);
    pthread_mutex_lock(&k->lock);
    k->phase = ARCHI_KEEPER_WRITING;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

/* ---- gathering ---------------------------------------------------------------------------------------------------- */

/* Under the lock. */
static void begin_gathering(archi_keeper_t *k, uint32_t generation)
{
    k->name.generation = generation;
    k->phase = ARCHI_KEEPER_GATHERING;
    k->n_missing = k->n_live;
    k->pause = 0;
    k->next_due = archi_machine_seconds() + k->every;
    k->st = ARCH_OK;
}

static bool is_due(const archi_saver_t *s, arch_time_t now)
{
    const archi_keeper_t *k = s->keeper;
    bool overdue = k->every_simulated > 0 && now >= s->due_at + k->every_simulated;

    if (archi_keeper_wanting(k) != NULL && !overdue) /* soon there is memory to copy into; a short run may be over by then */
        return false;
    return (k->every > 0 && archi_machine_seconds() >= k->next_due) || (k->every_simulated > 0 && now >= s->due_at);
}

/* By the first rank of a group: the checkpoint that the group is to copy its blocks for now, 0: none. */
static uint32_t offer(archi_saver_t *s, arch_time_t now, bool forced)
{
    archi_keeper_t *k = s->keeper;
    uint32_t generation = 0;

    pthread_mutex_lock(&k->lock);
    while (forced && (k->phase == ARCHI_KEEPER_WRITING ||
                      (k->phase == ARCHI_KEEPER_GATHERING && s->staged == k->name.generation)))
        pthread_cond_wait(&k->changed, &k->lock);
    if (k->phase == ARCHI_KEEPER_IDLE && !k->closed && (forced || is_due(s, now)))
        begin_gathering(k, k->name.generation + 1);
    if (k->phase == ARCHI_KEEPER_GATHERING && s->staged != k->name.generation)
        generation = k->name.generation;
    pthread_mutex_unlock(&k->lock);
    return generation;
}

/* By the other ranks, which may be other processes. */
static void follow(archi_keeper_t *k, uint32_t generation)
{
    pthread_mutex_lock(&k->lock);
    if (k->phase == ARCHI_KEEPER_IDLE)
        begin_gathering(k, generation);
    pthread_mutex_unlock(&k->lock);
}

static void describe(const archi_block_t *b, arch_time_t now, archi_checkpoint_block_t *about)
{
    memset(about, 0, sizeof *about);
    about->replication = b->replication;
    about->block = b->id;
    about->bytes = archi_block_packed_bytes(b);
    about->now = now;
    about->n_events = b->n_events;
}

/* Take over what the keeper's thread made. */
static void take_fresh(archi_saver_t *s)
{
    pthread_mutex_lock(&s->keeper->lock);
    if (s->fresh_bytes > s->capacity) {
        free(s->buffer);
        s->buffer = s->fresh;
        s->capacity = s->fresh_bytes;
        s->fresh = NULL;
        s->fresh_bytes = 0;
    }
    pthread_mutex_unlock(&s->keeper->lock);
}

static uint64_t item_bytes(const archi_block_t *b)
{
    return (archi_block_packed_bytes(b) + 4095) & ~(uint64_t)4095; /* large ones are written page by page */
}

/* Before a checkpoint is due: if it would not fit, have a buffer made in which it does, and the next ones too. */
static void foresee(archi_saver_t *s, archi_block_t *const *block, uint32_t n)
{
    archi_keeper_t *k = s->keeper;
    uint64_t bytes = 0, held = 0;

    for (uint32_t i = 0; i < n; i++) {
        bytes += item_bytes(block[i]);
        held += block[i]->bytes;
    }
    pthread_mutex_lock(&k->lock);
    if (bytes >= WORTH_FORESIGHT && s->wanted == 0 && bytes > s->capacity && bytes > s->fresh_bytes &&
        k->phase == ARCHI_KEEPER_IDLE && (k->setup.memory == 0 || held + bytes + bytes / 4 <= k->setup.memory)) {
        s->wanted = bytes + bytes / 4;
        pthread_cond_broadcast(&k->changed);
    }
    pthread_mutex_unlock(&k->lock);
}

/* Memory for copies of all of these, kept from one time to the next; false: there is none to spare. */
static bool make_room(archi_saver_t *s, archi_block_t *const *block, uint32_t n)
{
    uint64_t limit = s->keeper->setup.memory, bytes = 0, held = 0;

    for (uint32_t i = 0; i < n; i++) {
        bytes += item_bytes(block[i]);
        held += block[i]->bytes;
    }
    if (n > s->most_items) {
        archi_kept_t *more = realloc(s->item, n * sizeof *more);
        if (more == NULL)
            return false;
        s->item = more;
        s->most_items = n;
    }
    if (limit != 0 && held + bytes > limit)
        return false;
    if (bytes > s->capacity)
        take_fresh(s);
    if (bytes > s->capacity) {
        free(s->buffer);
        s->capacity = 0;
        s->buffer = archi_keeper_reserve(bytes + bytes / 8);
        s->capacity = s->buffer != NULL ? bytes + bytes / 8 : 0;
    }
    return bytes <= s->capacity;
}

static void copy_blocks(archi_saver_t *s, archi_block_t *const *block, uint32_t n, arch_time_t now)
{
    char *to = s->buffer;

    for (uint32_t i = 0; i < n; i++) {
        archi_kept_t *item = &s->item[i];
        describe(block[i], now, &item->about);
        item->bytes = to;
        item->clean = false;
        archi_block_pack(block[i], to);
        to += (item->about.bytes + 4095) & ~(uint64_t)4095;
    }
    s->n_items = n;
}

static arch_status_t write_block(archi_keeper_t *k, const archi_block_t *b, arch_time_t now)
{
    archi_checkpoint_block_t about;
    void *bytes;
    arch_status_t st;

    describe(b, now, &about);
    bytes = aligned_alloc(4096, (about.bytes + 4095) & ~(uint64_t)4095);
    if (bytes == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to write block %u", (unsigned)b->id);
    archi_block_pack(b, bytes);
    archi_block_pack_clean(bytes);
    st = archi_checkpoint_add(k->out, &about, bytes);
    free(bytes);
    return st;
}

/* Where memory is short the run waits until its blocks are written, one after the other. */
static void write_in_place(archi_saver_t *s, archi_block_t *const *block, uint32_t n, arch_time_t now)
{
    archi_keeper_t *k = s->keeper;

    s->n_items = 0;
    pthread_mutex_lock(&k->file);
    if (k->st == ARCH_OK)
        archi_keeper_fail(k, archi_keeper_file(k));
    for (uint32_t i = 0; i < n && k->st == ARCH_OK; i++)
        archi_keeper_fail(k, write_block(k, block[i], now));
    pthread_mutex_unlock(&k->file);
}

/* Blocks of the replication may have waited here that are elsewhere now: they go, even where no block is. */
static void stage(archi_saver_t *s, uint32_t replication, archi_block_t *const *block, uint32_t n, arch_time_t now)
{
    archi_keeper_t *k = s->keeper;
    double began = archi_machine_seconds(), took;
    bool last;

    s->in_place = !make_room(s, block, n);
    if (s->in_place)
        write_in_place(s, block, n, now);
    else
        copy_blocks(s, block, n, now);
    pthread_mutex_lock(&k->lock);
    if (replication != ARCHI_NIL)
        drop_waiting(k, replication);
    s->staged = k->name.generation;
    last = --k->n_missing == 0;
    pthread_mutex_unlock(&k->lock);
    if (last)
        hand_over(k);
    took = archi_machine_seconds() - began;
    pthread_mutex_lock(&k->lock);
    if (took > k->pause) {
        k->paused += took - k->pause;
        k->pause = took;
    }
    k->longest = took > k->longest ? took : k->longest;
    pthread_mutex_unlock(&k->lock);
}

/* ---- settling: several processes, one checkpoint ------------------------------------------------------------------ */

/* Collective. All have written, or tried to. */
static arch_status_t settle(archi_saver_t *s)
{
    archi_keeper_t *k = s->keeper;
    arch_status_t st = archi_net_agree(s->net, k->st == ARCH_OK ? ARCH_OK : ARCH_FAIL(k->st, "%s", k->text));
    bool first = archi_net_rank(s->net) == 0;

    if (st == ARCH_E_MPI)
        return st;
    if (st == ARCH_OK)
        st = archi_net_agree(s->net, first ? archi_keeper_publish(k) : ARCH_OK);
    if (st != ARCH_OK) {
        archi_folder_discard(k->setup.folder, &k->name, k->setup.head.file);
        if (first)
            archi_keeper_warn(k, arch_error_text());
        k->st = st;
    }
    pthread_mutex_lock(&k->lock);
    k->phase = ARCHI_KEEPER_IDLE;
    pthread_mutex_unlock(&k->lock);
    return st == ARCH_E_MPI ? st : ARCH_OK;
}

/* Wait until this process writes no more; then, collectively, settle. */
static arch_status_t finish_writing(archi_saver_t *s)
{
    archi_keeper_t *k = s->keeper;
    int64_t written;

    pthread_mutex_lock(&k->lock);
    while (k->phase == ARCHI_KEEPER_WRITING)
        pthread_cond_wait(&k->changed, &k->lock);
    written = k->phase == ARCHI_KEEPER_SETTLED;
    pthread_mutex_unlock(&k->lock);
    ARCH_TRY(archi_net_min_i64(s->net, &written, 1));
    return written ? settle(s) : ARCH_OK;
}

/* Collective. A checkpoint at once, whatever the clock says. */
static arch_status_t save_now(archi_saver_t *s, int64_t generation, uint32_t replication, archi_block_t *const *block,
                              uint32_t n, arch_time_t now)
{
    archi_keeper_t *k = s->keeper;

    if (generation == 0) {
        if (archi_keeper_is_shared(k))
            ARCH_TRY(finish_writing(s));
        if (archi_net_rank(s->net) == 0)
            generation = offer(s, now, true);
        ARCH_TRY(archi_net_max_i64(s->net, &generation, 1));
    }
    if (generation == 0)
        return ARCH_FAIL(ARCH_E_IO, "the run was stopped and its state could not be saved");
    follow(k, (uint32_t)generation);
    pthread_mutex_lock(&k->lock);
    k->stopping = true;
    pthread_mutex_unlock(&k->lock);
    stage(s, replication, block, n, now);
    if (!archi_keeper_is_shared(k))
        return ARCH_OK;
    ARCH_TRY(finish_writing(s));
    return k->st == ARCH_OK ? ARCH_OK
                            : ARCH_FAIL(ARCH_E_IO, "the run was stopped and its state could not be saved: %s", k->text);
}

/* ---- ranks -------------------------------------------------------------------------------------------------------- */

archi_saver_t *archi_keeper_saver(archi_keeper_t *keeper, uint32_t rank_here, archi_net_t *group)
{
    archi_saver_t *s;

    if (keeper == NULL)
        return NULL;
    s = &keeper->saver[rank_here];
    s->net = group;
    return s;
}

void archi_saver_set_due(archi_saver_t *s, arch_time_t now)
{
    arch_time_t every = s->keeper->every_simulated;

    if (every > 0)
        s->due_at = now / every * every + every;
}

arch_status_t archi_saver_pause(archi_saver_t *s, uint32_t replication, archi_block_t *const *block, uint32_t n,
                                arch_time_t now)
{
    archi_keeper_t *k;
    const arch_run_options_t *o;
    int64_t word[3] = {0, 0, 0}; /* which checkpoint; stop; not written yet */

    if (s == NULL)
        return ARCH_OK;
    k = s->keeper;
    o = k->setup.options;
    pthread_mutex_lock(&k->lock);
    word[2] = k->phase != ARCHI_KEEPER_SETTLED;
    pthread_mutex_unlock(&k->lock);
    foresee(s, block, n);
    word[1] = o->interrupted != NULL && o->interrupted(o->user) != 0;
    if (archi_net_rank(s->net) == 0)
        word[0] = offer(s, now, false);
    ARCH_TRY(archi_net_max_i64(s->net, word, 3));
    if (word[2] == 0)
        ARCH_TRY(settle(s));
    if (word[1] != 0) {
        ARCH_TRY(save_now(s, word[0], replication, block, n, now));
        return ARCH_FAIL(ARCH_E_SAVED, "the run was interrupted; it is saved in %s", k->setup.folder);
    }
    if (word[0] != 0) {
        follow(k, (uint32_t)word[0]);
        stage(s, replication, block, n, now);
        archi_saver_set_due(s, now);
    } else if (k->every_simulated > 0 && s->due_at - k->every_simulated > now) {
        archi_saver_set_due(s, now); /* another replication began */
    }
    return ARCH_OK;
}

void archi_saver_collect_begin(archi_saver_t *s)
{
    if (s != NULL)
        pthread_rwlock_rdlock(&s->keeper->collecting); /* held by several: readers pass waiting writers */
}

arch_status_t archi_saver_collect_end(archi_saver_t *s, uint32_t replication)
{
    arch_status_t st;

    if (s == NULL)
        return ARCH_OK;
    __atomic_store_n(&s->keeper->finished[replication], 1, __ATOMIC_RELAXED);
    __atomic_store_n(&s->keeper->stale, true, __ATOMIC_RELAXED);
    st = archi_net_barrier(s->net); /* all of it is added before anybody packs it */
    pthread_rwlock_unlock(&s->keeper->collecting);
    return st;
}

/* A rank that is through copies nothing more; one that failed ends all saving. */
static void sign_off(archi_saver_t *s, arch_status_t st)
{
    archi_keeper_t *k = s->keeper;
    bool last = false;

    pthread_mutex_lock(&k->lock);
    k->n_live--;
    k->closed = k->closed || (st != ARCH_OK && st != ARCH_E_SAVED) || (st == ARCH_E_SAVED && s->in_place);
    if (k->phase == ARCHI_KEEPER_GATHERING && s->staged != k->name.generation)
        last = --k->n_missing == 0;
    if (k->phase == ARCHI_KEEPER_GATHERING && k->closed && k->n_missing == 0 && last) {
        last = false;
        k->phase = ARCHI_KEEPER_IDLE;
        pthread_cond_broadcast(&k->changed);
    }
    pthread_mutex_unlock(&k->lock);
    if (last)
        hand_over(k);
}

arch_status_t archi_saver_leave(archi_saver_t *s, arch_status_t st)
{
    arch_status_t saved = ARCH_OK;

    if (s == NULL)
        return st;
    if (st != ARCH_E_MPI && archi_keeper_is_shared(s->keeper))
        saved = finish_writing(s);
    if (st == ARCH_OK && saved == ARCH_OK && s->keeper->setup.head.n_groups > 1)
        (void)save_now(s, 0, ARCHI_NIL, NULL, 0, 0); /* other groups go on: what this one found must not be lost */
    sign_off(s, st);
    return st == ARCH_OK ? saved : st;
}
