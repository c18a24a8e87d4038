/* engine/queue.h - the pending event set of a block: events come out in the one order of engine/event.h.
 *
 * Up to a few dozen events it is the heap of engine/queue_heap.h, beyond that the buckets of engine/queue_calendar.h. It
 * lives in the block's sections ARCHI_SEC_QUEUE.. and in its header. Pushing and popping never allocate: room is made, and
 * the set looked after, between events by archi_queue_has_room() or archi_queue_credit(). */
#ifndef ARCHI_QUEUE_H
#define ARCHI_QUEUE_H

#include "engine/queue_tune.h"

ARCH_HD static ARCH_ALWAYS_INLINE uint64_t archi_queue_count(const archi_block_t *b)
{
    return (uint64_t)archi_queue_in_slots(b) + archi_heap_count(b);
}

/* How often `step` pushes can follow one another before anybody need ask again; 0 when not even once: b->wants then names
 * the section to grow. */
ARCH_HD static ARCH_INLINE uint32_t archi_queue_credit(archi_block_t *b, uint32_t step)
{
    uint32_t room, slots;

    if (!archi_queue_tend(b))
        return 0;
    room = b->section[ARCHI_SEC_HEAP].capacity - b->section[ARCHI_SEC_HEAP].used;
    b->wants = ARCHI_SEC_HEAP;
    if (b->queue.ring_bits != 0) {
        slots = archi_section_room(&b->section[ARCHI_SEC_QUEUE]);
        b->wants = slots < room ? ARCHI_SEC_QUEUE : ARCHI_SEC_HEAP;
        room = slots < room ? slots : room;
    }
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
    arch_time_t first = ARCH_TIME_MAX;
    archi_bucket_t k;

    if (archi_heap_count(b) != 0)
        first = archi_heap_events(b)[0].at;
    if (q->run_head != q->run_tail)
        return archi_queue_run(b)[q->run_head].at < first ? archi_queue_run(b)[q->run_head].at : first;
    if (first != ARCH_TIME_MAX || q->ring_bits == 0)
        return first;
    if (q->peek < 0 && archi_queue_find(b, &k))
        q->peek = archi_queue_least(b, k.head);
    return q->peek < 0 ? ARCH_TIME_MAX : q->peek;
}

/* Copy *ev in. The caller has made sure of room. */
ARCH_HD static ARCH_INLINE void archi_queue_push(archi_block_t *b, const archi_event_t *ev)
{
    archi_queue_state_t *q = &b->queue;
    uint32_t slot;

    ARCH_ASSERT(ev->at >= 0);
    if (ev->at <= q->last) {
        archi_heap_push(b, ev);
        return;
    }
    if (ev->at < q->peek)
        q->peek = ev->at;
    slot = archi_queue_take(b);
    archi_queue_slots(b)[slot].ev = *ev;
    archi_queue_file(b, slot);
}

/* Take the first event out if it lies before `horizon`. */
ARCH_HD static ARCH_INLINE bool archi_queue_pop_before(archi_block_t *b, arch_time_t horizon, archi_event_t *out)
{
    archi_queue_state_t *q = &b->queue;
    uint32_t late = archi_heap_count(b), slot;
    archi_slot_t *s;

    if (q->run_head == q->run_tail) {
        bool due = q->ring_bits != 0 && (late == 0 || (q->levels & ARCHI_QUEUE_TIES) != 0);
        if (!due || !archi_queue_advance(b, horizon))
            return archi_heap_pop_before(b, horizon, out);
    }
    slot = archi_queue_run(b)[q->run_head].slot;
    s = &archi_queue_slots(b)[slot];
    if (ARCH_UNLIKELY(late != 0) && archi_event_before(&archi_heap_events(b)[0], &s->ev))
        return archi_heap_pop_before(b, horizon, out);
    if (s->ev.at >= horizon)
        return false;
    *out = s->ev;
    q->run_head++;
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
