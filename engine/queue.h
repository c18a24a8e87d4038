/* engine/queue.h - the pending event set of a block: events come out in the one order of engine/event.h.
 *
 * Every event lies by value in a slot from when it is pushed until it is popped; what is kept in order are keys: of up to a
 * few dozen events in the row of engine/queue_row.h, beyond that in the buckets of engine/queue_calendar.h. The set
 * lives in the block's sections ARCHI_SEC_QUEUE.. and in its header. Pushing and popping never allocate: room is made, and
 * the set looked after, between events by archi_queue_has_room() or archi_queue_credit(). */
#ifndef ARCHI_QUEUE_H
#define ARCHI_QUEUE_H

#include "engine/queue_tune.h"

ARCH_HD static ARCH_ALWAYS_INLINE uint64_t archi_queue_count(const archi_block_t *b)
{
    return archi_queue_in_slots(b);
}

/* How often `step` pushes can follow one another before anybody need ask again; 0 when not even once: b->wants then names
 * the section to grow. */
ARCH_HD static ARCH_INLINE uint32_t archi_queue_credit(archi_block_t *b, uint32_t step)
{
    uint32_t room, slots;

    if (!archi_queue_tend(b))
        return 0;
    room = b->section[ARCHI_SEC_HEAP].capacity - b->section[ARCHI_SEC_HEAP].used;
    slots = archi_section_room(&b->section[ARCHI_SEC_QUEUE]);
    b->wants = slots < room ? ARCHI_SEC_QUEUE : ARCHI_SEC_HEAP;
    room = slots < room ? slots : room;
    if (room < step)
        return 0;
    b->wants = ARCHI_NIL;
    return room / step;
}

/* Room for n more pushes without growing? Otherwise b->wants names the section to grow. */
ARCH_HD static ARCH_INLINE bool archi_queue_has_room(archi_block_t *b, uint32_t n)
{
    return n == 0 || archi_queue_credit(b, n) != 0;
}

/* Time of the next event, ARCH_TIME_MAX when there is none. */
ARCH_HD static ARCH_INLINE arch_time_t archi_queue_next_time(archi_block_t *b)
{
    archi_queue_state_t *q = &b->queue;
    arch_time_t first;
    archi_bucket_t k;

    if (q->ring_bits == 0)
        return archi_row_next_time(b);
    first = archi_heap_next_time(b);
    if (q->run_head != q->run_tail)
        return archi_queue_run(b)[q->run_head].at < first ? archi_queue_run(b)[q->run_head].at : first;
    if (first != ARCH_TIME_MAX)
        return first;
    if (q->peek < 0 && archi_queue_find(b, &k))
        q->peek = archi_queue_least(b, k.head);
    return q->peek < 0 ? ARCH_TIME_MAX : q->peek;
}

/* Put an event that is in its slot already, and whose time is `at`, where it belongs. */
ARCH_HD static ARCH_INLINE void archi_queue_place(archi_block_t *b, uint32_t slot, arch_time_t at)
{
    archi_queue_state_t *q = &b->queue;

    ARCH_ASSERT(at >= 0);
    if (q->ring_bits == 0) {
        archi_row_file(b, slot, at);
    } else if (at <= q->last) {
        archi_heap_file(b, slot);
    } else {
        if (at < q->peek)
            q->peek = at;
        archi_queue_file(b, slot, at);
    }
}

/* Copy *ev in. The caller has made sure of room. Inlined, so that an event just made is written to its slot and nowhere
 * else: copying it from where it has been written piece by piece would make the processor wait. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_queue_push(archi_block_t *b, const archi_event_t *ev)
{
    uint32_t slot = archi_queue_take(b);

    archi_queue_slots(b)[slot].ev = *ev;
    archi_queue_place(b, slot, ev->at);
}

/* The slot of the first event, taken out of the order, if that lies before `horizon`; otherwise ARCHI_NIL. The event stays
 * in it until the caller gives it back. */
ARCH_HD static ARCH_INLINE uint32_t archi_queue_take_before(archi_block_t *b, arch_time_t horizon)
{
    archi_queue_state_t *q = &b->queue;
    const archi_queue_key_t *first;
    bool late;

    if (q->ring_bits == 0)
        return archi_row_next_time(b) < horizon ? archi_row_pop(b) : ARCHI_NIL;
    late = archi_heap_count(b) != 0;
    if (q->run_head == q->run_tail) {
        bool due = !late || (q->levels & ARCHI_QUEUE_TIES) != 0;
        if (!due || !archi_queue_advance(b, horizon))
            return archi_heap_next_time(b) < horizon ? archi_heap_pop(b) : ARCHI_NIL;
    }
    first = &archi_queue_run(b)[q->run_head];
    if (ARCH_UNLIKELY(late) && archi_queue_key_before(archi_queue_slots(b), archi_heap_keys(b) + ARCHI_HEAP_PAD, first))
        return archi_heap_next_time(b) < horizon ? archi_heap_pop(b) : ARCHI_NIL;
    if (first->at >= horizon)
        return ARCHI_NIL;
    q->run_head++;
    return first->slot;
}

/* Take the first event out if it lies before `horizon`. */
ARCH_HD static ARCH_INLINE bool archi_queue_pop_before(archi_block_t *b, arch_time_t horizon, archi_event_t *out)
{
    uint32_t slot = archi_queue_take_before(b, horizon);

    if (slot == ARCHI_NIL)
        return false;
    *out = archi_queue_slots(b)[slot].ev;
    archi_queue_give(b, slot);
    return true;
}

/* Destination of the event that comes `ahead` events after the next one, if that is known already and nothing is pushed
 * between them; otherwise ARCHI_NIL. Only a hint, for fetching what its handler will read. */
ARCH_HD static ARCH_ALWAYS_INLINE archi_lp_t archi_queue_peek_dst(archi_block_t *b, uint32_t ahead)
{
    const archi_queue_state_t *q = &b->queue;
    uint32_t i = q->run_head + ahead;

    return i < q->run_tail ? archi_queue_slots(b)[archi_queue_run(b)[i].slot].ev.dst : ARCHI_NIL;
}

/* Called once for each event taken: fetch events of a large set before their turn, and name two processes (or ARCHI_NIL)
 * that will soon handle one. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_queue_look_ahead(archi_block_t *b, archi_lp_t soon[2])
{
    const archi_queue_state_t *q = &b->queue;

    if (q->tuned_for < ARCHI_QUEUE_LARGE) {
        soon[0] = archi_queue_walk(b);
        soon[1] = ARCHI_NIL;
    } else {
        soon[0] = archi_queue_scout(b, q->run_head & 7);
        soon[1] = archi_queue_scout(b, (q->run_head + 4) & 7);
    }
}

/* Part of archi_block_check(): what is wrong with the set, or NULL. The block's layout is sound. Host only. */
#ifdef __cplusplus
extern "C"
#endif
const char *archi_queue_check(const archi_block_t *b);

#endif
