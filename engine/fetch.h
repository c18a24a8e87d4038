/* engine/fetch.h - the step for blocks that lie outside the caches: what a handler will read is fetched before its turn.
 *
 * An event of a process that has left the caches waits for several lines, each of which tells where the next one is. So a
 * scout walks along the buckets that come next, a few dozen events ahead of the run, and the model is called for each event
 * it finds, several times, some events apart: each call reads what the one before has fetched, and fetches what that names.
 * Nothing but time depends on it: it reads, and writes nothing in the block. */
#ifndef ARCHI_FETCH_H
#define ARCHI_FETCH_H

#include "engine/run.h"

enum {
    ARCHI_FETCH_STAGES = 5,
    ARCHI_FETCH_APART = 4,   /* events between two stages: about as long as memory takes */
    ARCHI_FETCH_LEAD = 2,    /* buckets that the scout may be ahead */
    ARCHI_FETCH_KEPT = 32,   /* power of two, more than (stages - 1) * apart */
    ARCHI_FETCH_SLOTS = 8192 /* of a larger set they are not fetched all at once */
};

/* Fetch for *ev, which will be handled before long or has been already, what the stage before has made known; `note` is the
 * model's, 0 at stage 0. Indices in *ev were valid when it was found; what they lead to may have changed hands since. */
typedef void (*archi_fetcher_t)(const void *plan, const archi_map_t *map, const archi_block_t *b, const archi_event_t *ev,
                                uint32_t stage, uint32_t *note);

typedef struct {
    uint64_t bucket; /* in which the scout is */
    uint32_t slot;   /* to which it goes next, or ARCHI_NIL */
    uint32_t shift;  /* width of buckets when it was there */
    uint32_t n;      /* events found */
    uint32_t found[ARCHI_FETCH_KEPT], note[ARCHI_FETCH_KEPT];
} archi_scout_t;

/* The scout goes to the beginning of a bucket. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_scout_enter(archi_scout_t *s, archi_block_t *b, uint64_t bucket)
{
    s->bucket = bucket;
    s->shift = b->queue.shift;
    s->slot = archi_queue_ring(b)[bucket & (((uint64_t)1 << b->queue.ring_bits) - 1)];
    if (s->slot < b->section[ARCHI_SEC_QUEUE].used)
        ARCH_PREFETCH(&archi_queue_slots(b)[s->slot]);
}

/* One step: the slot of an event that comes before long, or ARCHI_NIL. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_scout_step(archi_scout_t *s, archi_block_t *b)
{
    const archi_queue_state_t *q = &b->queue;
    uint64_t open = (uint64_t)q->open >> q->shift;
    uint32_t used = b->section[ARCHI_SEC_QUEUE].used, here = s->slot;

    if (q->ring_bits == 0)
        return ARCHI_NIL;
    if (s->bucket <= open || s->shift != q->shift) {
        archi_scout_enter(s, b, open + 1);
        return ARCHI_NIL;
    }
    if (here < used) {
        s->slot = archi_queue_slots(b)[here].next;
        if (s->slot < used)
            ARCH_PREFETCH(&archi_queue_slots(b)[s->slot]);
        return here;
    }
    if (s->bucket - open < ARCHI_FETCH_LEAD)
        archi_scout_enter(s, b, s->bucket + 1);
    return ARCHI_NIL;
}

/* The event that was found `stage` times the distance ago goes on by a stage. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_scout_stage(archi_scout_t *s, const void *plan, const archi_map_t *map,
                                                         archi_block_t *b, archi_fetcher_t fetch, uint32_t stage)
{
    uint32_t i = (s->n - stage * ARCHI_FETCH_APART) % ARCHI_FETCH_KEPT, slot = s->found[i];

    if (ARCH_LIKELY(slot < b->section[ARCHI_SEC_QUEUE].used))
        fetch(plan, map, b, &archi_queue_slots(b)[slot].ev, stage, &s->note[i]);
}

/* One event more is known: it begins, and those found before it go on. Written out, so that each stage is compiled for
 * itself. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_scout_found(archi_scout_t *s, const void *plan, const archi_map_t *map,
                                                         archi_block_t *b, uint32_t slot, archi_fetcher_t fetch)
{
    s->found[s->n % ARCHI_FETCH_KEPT] = slot;
    s->note[s->n % ARCHI_FETCH_KEPT] = 0;
    archi_scout_stage(s, plan, map, b, fetch, 0);
    archi_scout_stage(s, plan, map, b, fetch, 1);
    archi_scout_stage(s, plan, map, b, fetch, 2);
    archi_scout_stage(s, plan, map, b, fetch, 3);
    archi_scout_stage(s, plan, map, b, fetch, 4);
    s->n++;
}

/* A visit to a block begins. What is left of the run comes first; and when most of what is pending will be handled, its
 * slots are fetched all at once, rather than one by one along their chains. */
ARCH_HD static ARCH_INLINE void archi_scout_begin(archi_scout_t *s, const void *plan, const archi_map_t *map,
                                                  archi_block_t *b, arch_time_t horizon, archi_fetcher_t fetch)
{
    const archi_queue_state_t *q = &b->queue;
    uint32_t used = b->section[ARCHI_SEC_QUEUE].used, i;

    s->n = 0;
    s->bucket = 0;
    s->slot = ARCHI_NIL;
    s->shift = q->shift;
    for (i = 0; i < ARCHI_FETCH_KEPT; i++)
        s->found[i] = ARCHI_NIL;
    if (q->ring_bits == 0)
        return;
    if (used <= ARCHI_FETCH_SLOTS && horizon > q->open &&
        ((uint64_t)(horizon - q->open) >> q->shift) * ARCHI_QUEUE_AIM >= used)
        for (i = 0; i < used; i++)
            ARCH_PREFETCH(&archi_queue_slots(b)[i]);
    for (i = q->run_head; i < q->run_tail; i++)
        archi_scout_found(s, plan, map, b, archi_queue_run(b)[i].slot, fetch);
}

/* archi_run_until() with the model's fetcher, for blocks that are larger than the nearest caches. */
ARCH_HD static ARCH_ALWAYS_INLINE archi_stop_t archi_run_until_fetching(const void *plan, const archi_map_t *map,
                                                                        archi_block_t *b, arch_time_t horizon,
                                                                        archi_handler_t handle, archi_fetcher_t fetch)
{
    archi_event_t ev;
    archi_scout_t scout;
    uint32_t credit = 0, k, slot;

    archi_scout_begin(&scout, plan, map, b, horizon, fetch);
    for (;;) {
        if (credit == 0)
            credit = archi_block_credit(b);
        if (ARCH_UNLIKELY(credit == 0))
            return ARCHI_NEEDS_ROOM;
        if (!archi_queue_pop_before(b, horizon, &ev))
            return ARCHI_REACHED;
        credit--;
        for (k = 0; k < 2; k++) { /* two, or it would never come ahead */
            slot = archi_scout_step(&scout, b);
            if (slot != ARCHI_NIL)
                archi_scout_found(&scout, plan, map, b, slot, fetch);
        }
        ARCH_ASSERT(ev.at >= b->now);
        b->now = ev.at;
        b->n_events++;
        handle(plan, map, b, &ev);
    }
}

#endif
