/* engine/executor.c - a run from its check to its statistics, and room for blocks that grow. */
#include "engine/executor_impl.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

double archi_wall_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- room -------------------------------------------------------------------------------------------------------- */

static const char *section_name(uint32_t id)
{
    if (id == ARCHI_SEC_OUTBOX)
        return "outgoing events";
    return id < ARCHI_FIRST_MODEL_SECTION ? "pending events" : "model's entries";
}

/* An eighth of the section, or what it must have. */
static uint64_t least_to_add(const archi_section_t *s)
{
    uint64_t least = s->headroom > s->capacity / 8 ? s->headroom : s->capacity / 8;

    return least == 0 ? 1 : least;
}

/* Double the section, and add at least a 64th of the block, since all of the block is moved for it. Where the limit forbids
 * that, take what it allows, down to the least. 0: nothing fits. */
static uint32_t next_capacity(const archi_block_t *b, uint32_t id, uint64_t bytes_left)
{
    const archi_section_t *s = &b->section[id];
    uint64_t least = least_to_add(s), add = b->bytes / 64 / s->entry_bytes;

    add = add > s->capacity ? add : s->capacity;
    add = add > s->headroom ? add : s->headroom;
    for (add = add < 16 ? 16 : add; add >= least; add /= 2)
        if (s->capacity + add < ARCHI_NIL &&
            archi_block_grown_bytes(b, id, (uint32_t)(s->capacity + add)) - b->bytes <= bytes_left)
            return (uint32_t)(s->capacity + add);
    return 0;
}

static arch_status_t grow(archi_block_t **b, uint64_t bytes_left, int unlimited)
{
    uint32_t id = (*b)->wants, capacity;
    const archi_section_t *s;

    ARCH_ASSERT(id < ARCHI_MAX_SECTIONS);
    s = &(*b)->section[id];
    capacity = next_capacity(*b, id, bytes_left);
    if (capacity == 0 && unlimited && s->capacity + least_to_add(s) < ARCHI_NIL)
        capacity = (uint32_t)(s->capacity + least_to_add(s));
    if (capacity == 0)
        return ARCH_FAIL(ARCH_E_FULL,
                         "block %u has no room for more %s (section %u: %u of %u bytes each) and %llu bytes are left "
                         "of the memory limit",
                         (unsigned)(*b)->id, section_name(id), (unsigned)id, (unsigned)s->capacity,
                         (unsigned)s->entry_bytes, (unsigned long long)bytes_left);
    return archi_block_grow(b, id, capacity);
}

arch_status_t archi_block_make_room(archi_block_t **b)
{
    while (!archi_block_has_room(*b))
        ARCH_TRY(grow(b, UINT64_MAX, 0));
    return ARCH_OK;
}

arch_status_t archi_exec_grow(archi_exec_t *x, uint32_t place)
{
    archi_block_t **b = &x->run->block[place];
    uint64_t before = (*b)->bytes, limit = x->run->memory_limit, left = UINT64_MAX;

    if (limit != 0)
        left = limit > x->bytes + x->aside ? limit - x->bytes - x->aside : 0;
    ARCH_TRY(grow(b, left, x->unlimited));
    x->bytes += (*b)->bytes - before;
    if (x->bytes > x->stats->peak_bytes)
        x->stats->peak_bytes = x->bytes;
    x->stats->n_grown++;
    return ARCH_OK;
}

arch_status_t archi_exec_advance(archi_exec_t *x, uint32_t place, arch_time_t horizon)
{
    const archi_run_t *run = x->run;
    uint64_t n_before = run->block[place]->n_events;
    arch_status_t st = ARCH_OK;

    while (st == ARCH_OK && run->step(run->plan, run->map, run->block[place], horizon) == ARCHI_NEEDS_ROOM)
        st = archi_exec_grow(x, place);
    x->next[place] = archi_queue_next_time(run->block[place]);
    x->credit[place] = 0;
    x->n_events += run->block[place]->n_events - n_before;
    return st;
}

arch_status_t archi_exec_run_block(archi_exec_t *x, uint32_t place, arch_time_t horizon)
{
    ARCH_TRY(archi_exec_advance(x, place, horizon));
    x->ran[x->n_ran++] = place;
    return ARCH_OK;
}

/* ---- pace -------------------------------------------------------------------------------------------------------- */

double archi_exec_lap(archi_exec_t *x)
{
    double before = x->clock;

    x->clock = archi_wall_seconds();
    return x->clock - before;
}

/* A slice should take about a quarter of the time between two tellings. It grows slowly enough that a denser stretch of
 * the model costs a few tellings at most. */
static void adapt_slice(archi_exec_t *x, double seconds)
{
    const double aim = 0.05;

    if (seconds < aim / 2)
        x->slice = x->slice > ARCH_TIME_MAX / 4 ? ARCH_TIME_MAX : 4 * x->slice;
    else if (seconds > 2 * aim)
        x->slice = (arch_time_t)((double)x->slice * (aim / seconds)) + 1;
}

void archi_exec_tell(archi_exec_t *x, arch_time_t now, uint64_t n_events)
{
    const double period = 0.2;

    if (x->run->progress == NULL || x->clock - x->told_at < period)
        return;
    x->told_at = x->clock;
    if (x->run->progress(x->run->user, now < x->until ? now : x->until, n_events) != 0)
        x->cancelled = 1;
}

void archi_exec_keep_pace(archi_exec_t *x, arch_time_t now, uint64_t n_events)
{
    adapt_slice(x, archi_exec_lap(x));
    x->stats->n_windows++;
    archi_exec_tell(x, now, n_events);
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static arch_status_t check_blocks(const archi_run_t *run, uint32_t rank)
{
    uint32_t n_mine = 0;

    for (uint32_t i = 0; i < run->n_local; i++) {
        uint32_t id = run->block[i]->id;
        if (id >= run->map->n_blocks || (i > 0 && id <= run->block[i - 1]->id))
            return ARCH_FAIL(ARCH_E_ARG, "block %u of %u is out of order", (unsigned)id, (unsigned)run->map->n_blocks);
        if (run->rank_of != NULL && run->rank_of[id] != rank)
            return ARCH_FAIL(ARCH_E_ARG, "block %u belongs to rank %u", (unsigned)id, (unsigned)run->rank_of[id]);
    }
    for (uint32_t id = 0; id < run->map->n_blocks; id++)
        n_mine += run->rank_of == NULL || run->rank_of[id] == rank;
    if (n_mine != run->n_local)
        return ARCH_FAIL(ARCH_E_ARG, "this rank has %u blocks of %u", (unsigned)run->n_local, (unsigned)n_mine);
    return ARCH_OK;
}

static arch_status_t check(const archi_exec_t *x)
{
    const archi_run_t *run = x->run;

    if (run->kind == ARCHI_SEQUENTIAL && x->size > 1)
        return ARCH_FAIL(ARCH_E_ARG, "the sequential executor runs on one rank, not on %u", (unsigned)x->size);
    if (run->rank_of == NULL && x->size > 1)
        return ARCH_FAIL(ARCH_E_ARG, "which of %u ranks holds which block is not said", (unsigned)x->size);
    if (run->map->n_blocks > 1 && run->lookahead < 1)
        return ARCH_FAIL(ARCH_E_ARG, "several blocks need a lookahead of at least 1 ns, not %lld",
                         (long long)run->lookahead);
    return check_blocks(run, x->rank);
}

/* Does it pay to pause, or does somebody ask for it? One rank has nothing to choose from, and one block nothing to share. */
static int takes_a_course(const archi_exec_t *x)
{
    const archi_run_t *run = x->run;

    return run->segment > 0 || run->pause != NULL ||
           (x->size > 1 && run->map->n_blocks > 1 && (run->moving != ARCHI_STAY || run->kind == ARCHI_AUTOMATIC));
}

/* Who holds which block, for this run to change. */
static arch_status_t copy_holders(archi_exec_t *x)
{
    uint32_t n = x->run->map->n_blocks;

    x->holder = calloc(n + (size_t)1, sizeof *x->holder);
    if (x->holder == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a run of %u blocks", (unsigned)n);
    if (x->run->rank_of != NULL)
        memcpy(x->holder, x->run->rank_of, n * sizeof *x->holder);
    x->run->rank_of = x->holder;
    return ARCH_OK;
}

void archi_exec_look(archi_exec_t *x)
{
    const archi_run_t *run = x->run;

    memset(x->local_of, 0xff, run->map->n_blocks * sizeof *x->local_of);
    x->bytes = 0;
    x->n_events = 0;
    x->n_ran = 0;
    for (uint32_t i = 0; i < run->n_local; i++) {
        x->local_of[run->block[i]->id] = i;
        x->next[i] = archi_queue_next_time(run->block[i]);
        x->credit[i] = 0;
        x->bytes += run->block[i]->bytes;
        x->n_events += run->block[i]->n_events;
    }
    if (x->bytes > x->stats->peak_bytes)
        x->stats->peak_bytes = x->bytes;
    x->counted = x->n_events;
}

/* Everything that the windows need, so that none of it is allocated while events run. */
static arch_status_t prepare(archi_exec_t *x)
{
    const archi_run_t *run = x->run;
    size_t room = (run->moving == ARCHI_STAY ? run->n_local : run->map->n_blocks) + (size_t)1;

    ARCH_TRY(check(x));
    x->local_of = malloc((run->map->n_blocks + (size_t)1) * sizeof *x->local_of);
    x->next = malloc(room * sizeof *x->next);
    x->ran = malloc(room * sizeof *x->ran);
    x->credit = calloc(room, sizeof *x->credit);
    x->offset = calloc(x->size + (size_t)1, sizeof *x->offset);
    x->filled = calloc(x->size, sizeof *x->filled);
    if (x->local_of == NULL || x->next == NULL || x->ran == NULL || x->credit == NULL || x->offset == NULL ||
        x->filled == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a run of %u blocks", (unsigned)run->map->n_blocks);
    archi_exec_look(x);
    if (takes_a_course(x))
        ARCH_TRY(copy_holders(x));
    x->earliest = ARCH_TIME_MAX;
    x->slice = ARCH_MICROSECOND;
    return ARCH_OK;
}

static void release(archi_exec_t *x)
{
    free(x->holder);
    free(x->local_of);
    free(x->next);
    free(x->ran);
    free(x->credit);
    free(x->offset);
    free(x->filled);
    archi_buffer_free(&x->mail);
}

static uint64_t count_events(const archi_run_t *run)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < run->n_local; i++)
        n += run->block[i]->n_events;
    return n;
}

arch_status_t archi_exec_segment(archi_exec_t *x)
{
    if (x->size == 1 && x->run->map->n_blocks == 1)
        return archi_exec_straight(x);
    if (x->run->kind == ARCHI_OPTIMISTIC)
        return archi_exec_optimistic(x);
    return x->size > 1 ? archi_exec_rings(x) : archi_exec_windows(x);
}

arch_status_t archi_execute(archi_run_t *run, archi_executor_stats_t *stats)
{
    double start = archi_wall_seconds();
    arch_status_t st;
    archi_run_t own = *run; /* who holds what, and which ranks are at work, changes as the run goes on */
    archi_exec_t x;

    memset(stats, 0, sizeof *stats);
    memset(&x, 0, sizeof x);
    x.run = &own;
    x.stats = stats;
    x.rank = run->net == NULL ? 0 : archi_net_rank(run->net);
    x.size = run->net == NULL ? 1 : archi_net_size(run->net);
    x.until = run->until;
    x.told_at = x.clock = start;
    x.counted = count_events(run);
    ARCH_TRY_TO(done, archi_net_agree(run->net, prepare(&x)));
    ARCH_TRY_TO(done, x.holder != NULL ? archi_exec_course(&x) : archi_exec_segment(&x));
done:
    run->n_local = own.n_local;
    stats->n_events += count_events(run) - x.counted;
    stats->wall_seconds = archi_wall_seconds() - start;
    if (stats->wait_seconds > stats->wall_seconds) /* short waits are counted by sample: theirs is an estimate */
        stats->wait_seconds = stats->wall_seconds;
    release(&x);
    return st;
}
