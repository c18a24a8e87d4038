/* engine/queue_tune.h - choosing the widths of the pending event set, between events.
 *
 * A bucket should hold a handful of events when it is reached: its width is so many times the mean distance of the events
 * that came out lately, or of a sample of those pending where none came out yet. By Little's law the ring then covers a
 * few mean delays when it has a few times as many buckets as would hold all events. Widths are reconsidered when the
 * number of events has doubled, when much came too late for its bucket, and when empty buckets and splitting have cost as
 * much as a rebuild; a rebuild chains every slot anew and is paid for by what led to it. */
#ifndef ARCHI_QUEUE_TUNE_H
#define ARCHI_QUEUE_TUNE_H

#include "engine/queue_calendar.h"

enum {
    ARCHI_QUEUE_SAMPLE = 64,
    ARCHI_QUEUE_LATE = 24, /* events in the heap that nobody minds */
    ARCHI_QUEUE_WAY = 8    /* keys that an insertion into the row may move on average */
};

/* ---- widths ------------------------------------------------------------------------------------------------------ */

/* Times of up to ARCHI_QUEUE_SAMPLE pending events, ascending; how many. */
ARCHI_QUEUE_COLD uint32_t archi_queue_sample(archi_block_t *b, arch_time_t *t)
{
    const archi_slot_t *slots = archi_queue_slots(b);
    uint64_t used = b->section[ARCHI_SEC_QUEUE].used;
    uint32_t n = 0, i, j;

    for (i = 0; i < ARCHI_QUEUE_SAMPLE && used != 0; i++) {
        const archi_slot_t *s = &slots[used * i / ARCHI_QUEUE_SAMPLE];
        if (s->next == ARCHI_SLOT_FREE)
            continue;
        for (j = n++; j > 0 && t[j - 1] > s->ev.at; j--)
            t[j] = t[j - 1];
        t[j] = s->ev.at;
    }
    return n;
}

/* Events that a bucket should hold: of a small set fewer, since what is sent into the open bucket comes too late for it. */
ARCHI_QUEUE_COLD uint64_t archi_queue_aim(uint64_t pending)
{
    return pending / 8 < ARCHI_QUEUE_AIM ? pending / 8 + 1 : ARCHI_QUEUE_AIM;
}

/* Mean distance of the first quarter of what is pending, archi_queue_aim() of them together. */
ARCHI_QUEUE_COLD uint64_t archi_queue_width_of_sample(archi_block_t *b)
{
    arch_time_t t[ARCHI_QUEUE_SAMPLE];
    uint32_t n = archi_queue_sample(b, t), i = n / 4;
    uint64_t pending = archi_queue_in_slots(b);

    while (i + 1 < n && t[i] == t[0])
        i++;
    if (n == 0 || t[i] == t[0])
        return 1024;
    return (uint64_t)(t[i] - t[0]) / (pending * i / n + 1) * archi_queue_aim(pending) + 1;
}

typedef struct {
    uint32_t shift, ring_bits;
} archi_queue_shape_t;

ARCHI_QUEUE_COLD archi_queue_shape_t archi_queue_best_shape(archi_block_t *b)
{
    const archi_queue_state_t *q = &b->queue;
    uint64_t pending = archi_queue_in_slots(b), width;
    archi_queue_shape_t s;
    uint32_t most = archi_top_bit(b->section[ARCHI_SEC_RING].capacity | 1);

    if (q->ring_bits != 0 && q->taken > pending / 4 && q->reached > q->measured_from)
        width = (uint64_t)(q->reached - q->measured_from) / (q->taken / archi_queue_aim(pending) + 1) + 1;
    else
        width = archi_queue_width_of_sample(b);
    s.ring_bits = archi_top_bit(pending / 4 | 31) + 1; /* 2 to 8 mean delays */
    s.ring_bits = s.ring_bits > most ? most : s.ring_bits;
    s.shift = archi_top_bit(width + width / 3);
    if (s.ring_bits == q->ring_bits && (uint64_t)2 << q->shift >= width && (uint64_t)1 << q->shift <= width + width / 2)
        s.shift = q->shift; /* half to one and a half times as wide as it should be will do */
    if (s.shift + s.ring_bits > ARCHI_QUEUE_HORIZON)
        s.shift = ARCHI_QUEUE_HORIZON - s.ring_bits;
    return s;
}

/* ---- rebuilding -------------------------------------------------------------------------------------------------- */

/* Begin to measure anew. */
ARCHI_QUEUE_COLD void archi_queue_measure(archi_block_t *b)
{
    archi_queue_state_t *q = &b->queue;

    q->measured_from = q->reached;
    q->taken = q->waste = 0;
}

/* Forget all buckets, the run and the heap: every event is in its slot and nowhere else. */
ARCHI_QUEUE_COLD void archi_queue_scatter(archi_block_t *b)
{
    archi_queue_state_t *q = &b->queue;

    q->run_head = q->run_tail = q->n_ring = q->levels = 0;
    q->peek = -1;
    q->ring_bits = 0;
    q->last = ARCH_TIME_MAX;
    b->section[ARCHI_SEC_RING].used = b->section[ARCHI_SEC_LEVELS].used = b->section[ARCHI_SEC_RUN].used = 0;
    b->section[ARCHI_SEC_HEAP].used = ARCHI_HEAP_PAD;
}

/* Make empty buckets of this shape from time `from` on. */
ARCHI_QUEUE_COLD void archi_queue_lay_out(archi_block_t *b, archi_queue_shape_t shape, arch_time_t from)
{
    archi_queue_state_t *q = &b->queue;
    uint64_t start = archi_high_part((uint64_t)from, shape.shift);
    uint32_t i;

    q->shift = shape.shift;
    q->ring_bits = shape.ring_bits;
    q->last = (arch_time_t)start - 1;
    q->open = start == 0 ? 0 : (arch_time_t)start - 1;
    q->far = (((uint64_t)q->open >> archi_queue_quarter(q)) + 4) << archi_queue_quarter(q);
    q->reached = (arch_time_t)start; /* nothing in a bucket is earlier, now or later */
    b->section[ARCHI_SEC_RING].used = 1u << shape.ring_bits;
    b->section[ARCHI_SEC_LEVELS].used = ARCHI_QUEUE_LEVELS;
    b->section[ARCHI_SEC_RUN].used = ARCHI_QUEUE_RUN;
    for (i = 0; i < b->section[ARCHI_SEC_RING].used; i++)
        archi_queue_ring(b)[i] = ARCHI_NIL;
    for (i = 0; i < ARCHI_QUEUE_LEVELS; i++)
        archi_queue_level(b, i)->map = 0;
}

ARCHI_QUEUE_COLD void archi_queue_file_all(archi_block_t *b)
{
    const archi_slot_t *slots = archi_queue_slots(b);
    uint32_t used = b->section[ARCHI_SEC_QUEUE].used, i;

    for (i = 0; i < used; i++)
        if (slots[i].next != ARCHI_SLOT_FREE)
            archi_queue_file(b, i, slots[i].ev.at);
}

/* So few events are left that the row takes them all, in the first slots: nobody need look through the others again. */
ARCHI_QUEUE_COLD void archi_queue_fold(archi_block_t *b)
{
    archi_section_t *pool = &b->section[ARCHI_SEC_QUEUE];
    const archi_slot_t *slots = archi_queue_slots(b);
    archi_event_t left[ARCHI_QUEUE_FEW];
    uint32_t i, n = 0;

    for (i = 0; i < pool->used; i++)
        if (slots[i].next != ARCHI_SLOT_FREE)
            left[n++] = slots[i].ev;
    archi_queue_scatter(b);
    pool->used = pool->n_free = 0;
    pool->free_head = ARCHI_NIL;
    for (i = 0; i < n; i++) {
        archi_queue_slots(b)[pool->used].ev = left[i];
        archi_row_file(b, pool->used++, left[i].at);
    }
    b->queue.row_until = ARCHI_QUEUE_ROW;
    b->queue.taken = b->n_events;
    b->queue.waste = 0;
}

/* Choose widths anew and move to them; `spill`: move the late events to buckets in any case. False when there is no room
 * for buckets yet: b->wants names the section to grow. */
ARCHI_QUEUE_COLD bool archi_queue_rebuild(archi_block_t *b, bool spill)
{
    archi_queue_state_t *q = &b->queue;
    arch_time_t from = q->ring_bits == 0 ? archi_row_next_time(b) : archi_heap_next_time(b);
    archi_queue_shape_t shape;

    if (b->section[ARCHI_SEC_RING].capacity == 0) {
        b->wants = ARCHI_SEC_RING;
        return false;
    }
    shape = archi_queue_best_shape(b);
    if (shape.shift != q->shift || shape.ring_bits != q->ring_bits || spill) {
        if (q->ring_bits != 0 && q->reached < from)
            from = q->reached;
        archi_queue_scatter(b);
        archi_queue_lay_out(b, shape, from);
        archi_queue_file_all(b);
    }
    q->tuned_for = archi_queue_in_slots(b);
    q->bear_late = ARCHI_QUEUE_LATE;
    archi_queue_measure(b);
    return true;
}

/* Would buckets serve the late events better? Not those of one time: a storm without delays is a matter for the heap. */
ARCHI_QUEUE_COLD bool archi_queue_late_are_spread(archi_block_t *b)
{
    const archi_queue_key_t *heap = archi_heap_keys(b) + ARCHI_HEAP_PAD;
    uint32_t late = archi_heap_count(b), n = 0, i;

    for (i = 0; i < ARCHI_QUEUE_SAMPLE; i++)
        n += heap[(uint64_t)late * i / ARCHI_QUEUE_SAMPLE].at != heap[0].at;
    b->queue.bear_late = 2 * late;
    return n > ARCHI_QUEUE_SAMPLE / 2;
}

/* Have the events changed so much that other widths would do better, or has what came too late become a burden? */
ARCHI_QUEUE_COLD bool archi_queue_mend(archi_block_t *b, uint32_t late, uint32_t n)
{
    archi_queue_state_t *q = &b->queue;

    if (n <= ARCHI_QUEUE_FEW && n <= q->row_until / 2 && n <= b->section[ARCHI_SEC_HEAP].capacity - ARCHI_HEAP_PAD) {
        archi_queue_fold(b);
        return true;
    }
    if (late > q->bear_late && late > n / 2 && archi_queue_late_are_spread(b))
        return archi_queue_rebuild(b, true);
    if (n - n / 3 > q->tuned_for || n < q->tuned_for / 8 || q->waste > 2 * (uint64_t)n + 1024)
        return archi_queue_rebuild(b, false);
    if (q->taken > n / 4 + 1024)
        return archi_queue_rebuild(b, false); /* by what has been measured; mostly all is well */
    return true;
}

/* Is the row still the best place for n events? Not for many, nor where insertions have a long way to go. */
ARCHI_QUEUE_COLD bool archi_queue_row_serves(archi_block_t *b, uint32_t n)
{
    archi_queue_state_t *q = &b->queue;
    uint64_t handled = b->n_events - q->taken;

    if (n > ARCHI_QUEUE_ROW)
        return false;
    if (handled < 128)
        return true;
    if (q->waste > ARCHI_QUEUE_WAY * handled) {
        q->row_until = ARCHI_QUEUE_SHORT;
        return false;
    }
    q->taken = b->n_events;
    q->waste = 0;
    return true;
}

/* Look after the set between two events: from the row to buckets, from one width to another, back to the row. False when
 * that needs room: b->wants names the section to grow. */
ARCH_HD static ARCH_INLINE bool archi_queue_tend(archi_block_t *b)
{
    uint32_t late = archi_heap_count(b);

    if (b->queue.ring_bits == 0)
        return late <= ARCHI_QUEUE_SHORT || archi_queue_row_serves(b, late) || archi_queue_rebuild(b, true);
    return archi_queue_mend(b, late, archi_queue_in_slots(b));
}

#endif
