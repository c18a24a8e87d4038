/* model/count.h - counting: time integrals of piecewise-constant state, exact and in whole numbers. */
#ifndef ARCHI_COUNT_H
#define ARCHI_COUNT_H

#include "model/state.h"

ARCH_HD static ARCH_INLINE archi_tally_t *archi_tally_of(archi_context_t *c, uint32_t slice)
{
    return (archi_tally_t *)archi_section(c->b, ARCHI_SEC_TALLY) + (uint64_t)c->place * c->plan->n_slices + slice;
}

/* Add up state x time since the last call, up to `at`, within one interval and slice. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_integrate(archi_element_t *el, arch_time_t at)
{
    uint64_t dt = (uint64_t)(at - el->counted_at);

    el->busy += dt * el->running;
    el->queued += dt * (el->waiting + el->ready);
    el->held += dt * el->inside;
    el->counted_at = at;
}

/* Move what was counted into the tally of the slice and the cell of the interval, and start afresh. */
ARCH_HD static ARCH_INLINE void archi_spill(archi_context_t *c)
{
    archi_element_t *el = c->el;
    archi_tally_t *t = archi_tally_of(c, el->slice);
    archi_series_cell_t *cell = (archi_series_cell_t *)archi_section(c->b, ARCHI_SEC_SERIES) +
                                (uint64_t)c->place * c->plan->n_intervals + el->interval;

    archi_u128_add(&t->busy, el->busy);
    archi_u128_add(&t->queued, el->queued);
    archi_u128_add(&t->inside, el->held);
    archi_u128_add(&t->wait, el->wait);
    archi_u128_add(&t->sojourn, el->sojourn);
    archi_u128_add(&t->lag, el->lag);
    t->n_arrived += el->n_arrived;
    t->n_completed += el->n_completed;
    t->n_failed += el->n_failed;
    t->n_rejected += el->n_rejected;
    t->n_waits += el->n_waits;
    t->n_hits += el->n_hits;
    t->n_misses += el->n_misses;
    t->n_applied += el->n_applied;
    if (t->queue_max < el->queue_max)
        t->queue_max = el->queue_max;
    cell->busy += el->busy;
    cell->queued += el->queued;
    cell->n_completed += el->n_completed;
    cell->sojourn += el->sojourn;
    el->busy = el->queued = el->held = el->wait = el->sojourn = el->lag = 0;
    el->n_arrived = el->n_completed = el->n_failed = el->n_rejected = 0;
    el->n_waits = el->n_hits = el->n_misses = el->n_applied = 0;
    el->queue_max = el->waiting + el->ready;
}

/* When the current interval or slice ends, whichever comes first. */
ARCH_HD static ARCH_INLINE arch_time_t archi_next_spill(const archi_plan_t *plan, const archi_element_t *el)
{
    arch_time_t a = plan->interval * (arch_time_t)(el->interval + 1), s = plan->slice_begin[el->slice + 1];

    if (a > plan->duration)
        a = plan->duration;
    return a < s ? a : s;
}

/* Cross the ends of intervals and slices up to `at`. */
ARCH_HD static ARCH_INLINE void archi_cross(archi_context_t *c, arch_time_t at)
{
    archi_element_t *el = c->el;

    while (at >= el->spill_at) {
        arch_time_t end = el->spill_at;
        archi_integrate(el, end);
        archi_spill(c);
        if (el->slice + 1 < c->plan->n_slices && end >= c->plan->slice_begin[el->slice + 1])
            el->slice++;
        if (el->interval + 1 < c->plan->n_intervals && end >= c->plan->interval * (arch_time_t)(el->interval + 1))
            el->interval++;
        el->spill_at = end >= c->plan->duration ? ARCH_TIME_MAX : archi_next_spill(c->plan, el);
    }
}

/* To be called before any change of an element's state. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_count_to_now(archi_context_t *c)
{
    if (ARCH_UNLIKELY(c->now >= c->el->spill_at))
        archi_cross(c, c->now);
    archi_integrate(c->el, c->now);
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_note_queue(archi_element_t *el)
{
    if (el->waiting + el->ready > el->queue_max)
        el->queue_max = el->waiting + el->ready;
}

/* One latency into the histogram of a local operation. */
ARCH_HD static ARCH_INLINE void archi_count_latency(archi_context_t *c, uint32_t op, arch_time_t latency)
{
    uint32_t bucket = archi_bucket((uint64_t)latency), octave = bucket / 64;
    uint32_t *ref = (uint32_t *)archi_section(c->b, ARCHI_SEC_CHUNKREF) +
                    ((uint64_t)op * c->plan->n_slices + c->el->slice) * ARCHI_N_OCTAVES + octave;

    if (*ref == ARCHI_NIL) {
        archi_chunk_t *fresh;
        uint32_t i;
        *ref = archi_pool_take(c->b, ARCHI_SEC_CHUNK);
        fresh = (archi_chunk_t *)archi_section(c->b, ARCHI_SEC_CHUNK) + *ref;
        for (i = 0; i < 64; i++)
            fresh->count[i] = 0;
    }
    ((archi_chunk_t *)archi_section(c->b, ARCHI_SEC_CHUNK) + *ref)->count[bucket % 64]++;
}

#endif
