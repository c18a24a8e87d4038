/* engine/executor_optimistic_undo.c - putting a block back by undoing its events one by one, the last first.
 *
 * A log beside the block says for each event what it changed, see archi_run_until_noting(). Events that are final from the
 * start are not noted. So running ahead costs a record for each event that may be undone, and going back what is undone
 * (incremental state saving: Steinman, "Incremental state saving in SPEEDES using C++", WSC 1993; Carothers, Perumalla and
 * Fujimoto, "Efficient optimistic parallel simulations using reverse computation", TOMACS 9(3), 1999), however large the
 * block is. */
#include "engine/executor_optimistic.h"
#include <string.h>

enum { FIRST_RECORDS = 128 };

/* ---- the log ----------------------------------------------------------------------------------------------------- */

static void set_layout(archi_undo_t *undo, const archi_block_t *b)
{
    uint32_t bytes;

    undo->n_slots = b->section[ARCHI_SEC_OUTBOX].headroom;
    bytes = (uint32_t)sizeof(archi_undo_record_t) + undo->n_slots * (uint32_t)sizeof(uint32_t);
    undo->entry_at = (bytes + 7) & ~7u;
    bytes = undo->entry_at + (b->per_lp != 0 ? b->section[b->per_lp].entry_bytes : 0);
    undo->record_bytes = (bytes + 7) & ~7u;
}

/* Twice as long, with its records from the beginning. 0: no memory. */
static int lengthen(archi_exec_t *x, archi_undo_t *undo)
{
    archi_undo_t longer = *undo;

    if (undo->capacity > UINT32_MAX / 4)
        return 0;
    longer.capacity = undo->capacity == 0 ? FIRST_RECORDS : 2 * undo->capacity;
    longer.bytes = archi_back_take(x, (uint64_t)longer.capacity * longer.record_bytes);
    longer.first = 0;
    if (longer.bytes == NULL)
        return 0;
    for (uint32_t i = 0; i < undo->n; i++)
        memcpy(archi_undo_record(&longer, i), archi_undo_record(undo, i), undo->record_bytes);
    archi_back_give(x, undo->bytes, (uint64_t)undo->capacity * undo->record_bytes);
    *undo = longer;
    return 1;
}

/* Events before this time will never be undone. An empty log begins where it did before, in memory that is at hand. */
static void drop_before(archi_undo_t *undo, arch_time_t time)
{
    if (undo->n != 0 && archi_undo_record(undo, undo->n - 1)->ev.at < time)
        undo->n = 0;
    while (undo->n != 0 && archi_undo_record(undo, 0)->ev.at < time) {
        undo->first = undo->first + 1 < undo->capacity ? undo->first + 1 : 0;
        undo->n--;
    }
    if (undo->n == 0)
        undo->first = 0;
}

static void release(archi_exec_t *x, archi_ahead_t *a)
{
    archi_back_give(x, a->undo.bytes, (uint64_t)a->undo.capacity * a->undo.record_bytes);
    memset(&a->undo, 0, sizeof a->undo);
}

/* ---- forth ------------------------------------------------------------------------------------------------------- */

/* A log that can be made no longer ends the run where it is: that is far enough for now. */
static arch_status_t advance_noting(archi_exec_t *x, uint32_t place, arch_time_t goal, archi_undo_t *undo)
{
    const archi_run_t *run = x->run;
    uint64_t n_before = run->block[place]->n_events;
    arch_status_t st = ARCH_OK;
    archi_stop_t stop;

    do {
        stop = run->noting(run->plan, run->map, run->block[place], goal, undo);
        if (stop == ARCHI_NEEDS_ROOM)
            st = archi_exec_grow(x, place);
        else if (stop == ARCHI_NEEDS_UNDO && !lengthen(x, undo))
            stop = ARCHI_REACHED;
    } while (st == ARCH_OK && stop != ARCHI_REACHED);
    x->next[place] = archi_queue_next_time(run->block[place]);
    x->credit[place] = 0;
    x->n_events += run->block[place]->n_events - n_before;
    return st;
}

/* What lies before `safe` is final, whoever ran it. */
static arch_status_t advance(archi_guess_t *g, uint32_t place, arch_time_t safe, arch_time_t goal)
{
    archi_exec_t *x = g->x;
    archi_undo_t *undo = &g->ahead[place].undo;

    drop_before(undo, safe);
    if (x->next[place] < safe)
        ARCH_TRY(archi_exec_advance(x, place, safe));
    if (x->next[place] >= goal)
        return ARCH_OK;
    if (undo->capacity == 0) {
        set_layout(undo, x->run->block[place]);
        if (!lengthen(x, undo)) {
            archi_pace_rest(&g->pace);
            return ARCH_OK;
        }
    }
    return advance_noting(x, place, goal, undo);
}

/* ---- back -------------------------------------------------------------------------------------------------------- */

static int ready(const archi_ahead_t *a) { return a->undo.n != 0; }

/* Room comes first: where there is none the block is as it was. */
static arch_status_t undo_one(archi_exec_t *x, uint32_t place, archi_undo_t *undo)
{
    archi_block_t *b = x->run->block[place];

    /* has_front: looking after the pending events can wait */
    while (!archi_queue_has_front(b, archi_undo_record(undo, undo->n - 1)->ev.at) && !archi_queue_has_room(b, 1)) {
        ARCH_TRY(archi_exec_grow(x, place));
        b = x->run->block[place];
    }
    archi_queue_put_back(b, archi_undo_last(b, undo));
    return ARCH_OK;
}

static arch_status_t to(archi_guess_t *g, uint32_t place, arch_time_t time)
{
    archi_exec_t *x = g->x;
    archi_undo_t *undo = &g->ahead[place].undo;
    uint64_t before = x->run->block[place]->n_events, undone;
    arch_status_t st = ARCH_OK;

    while (st == ARCH_OK && undo->n != 0 && archi_undo_record(undo, undo->n - 1)->ev.at >= time)
        st = undo_one(x, place, undo);
    undone = before - x->run->block[place]->n_events;
    x->next[place] = archi_queue_next_time(x->run->block[place]);
    x->credit[place] = 0;
    x->n_events -= undone;
    x->stats->n_undone += undone;
    return st;
}

const archi_way_back_t archi_back_by_undoing = {advance, ready, NULL, to, release}; /* what a block received, stays */
