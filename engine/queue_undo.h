/* engine/queue_undo.h - taking back what was put among the pending events, for executors that went too far.
 *
 * An event stays in its slot while it is pending, and which slots the next ones will take is known before they are sent.
 * Taking an event out unlinks it: nothing of it stays behind. */
#ifndef ARCHI_QUEUE_UNDO_H
#define ARCHI_QUEUE_UNDO_H

#include "engine/queue.h"

/* The slots that the next n pushes will take, in this order; n >= 1. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_queue_next_slots(archi_block_t *b, uint32_t *slot, uint32_t n)
{
    const archi_section_t *pool = &b->section[ARCHI_SEC_QUEUE];
    uint32_t next = pool->free_head, fresh = pool->used, i;

    slot[0] = next != ARCHI_NIL ? next : fresh++;
    for (i = 1; i < n; i++) {
        if (next != ARCHI_NIL)
            next = *(const uint32_t *)&archi_queue_slots(b)[next];
        slot[i] = next != ARCHI_NIL ? next : fresh++;
    }
}

/* Does this slot hold the event that `src` sent as number `seq`? */
ARCH_HD static ARCH_ALWAYS_INLINE bool archi_queue_holds(archi_block_t *b, uint32_t slot, archi_lp_t src, uint32_t seq)
{
    const archi_slot_t *s = &archi_queue_slots(b)[slot];

    return slot < b->section[ARCHI_SEC_QUEUE].used && s->next != ARCHI_SLOT_FREE && s->ev.src == src && s->ev.seq == seq;
}

/* ---- out of the row and the heap --------------------------------------------------------------------------------- */

/* Where the key of this slot stands in the section that row and heap share, or its end. */
ARCHI_QUEUE_COLD uint32_t archi_heap_find(archi_block_t *b, uint32_t slot)
{
    const archi_queue_key_t *key = archi_heap_keys(b);
    uint32_t end = b->section[ARCHI_SEC_HEAP].used, i = ARCHI_HEAP_PAD;

    while (i < end && key[i].slot != slot)
        i++;
    return i;
}

ARCHI_QUEUE_COLD bool archi_row_leave(archi_block_t *b, uint32_t slot)
{
    archi_queue_key_t *row = archi_heap_keys(b);
    uint32_t i = archi_heap_find(b, slot), end = b->section[ARCHI_SEC_HEAP].used;

    if (i == end)
        return false;
    for (b->section[ARCHI_SEC_HEAP].used = --end; i < end; i++)
        row[i] = row[i + 1];
    return true;
}

/* The last entry takes the place of the one that goes, and moves to where it belongs. */
ARCHI_QUEUE_COLD bool archi_heap_leave(archi_block_t *b, uint32_t slot)
{
    const archi_slot_t *slots = archi_queue_slots(b);
    archi_queue_key_t *heap = archi_heap_keys(b), last;
    uint32_t i = archi_heap_find(b, slot), end = b->section[ARCHI_SEC_HEAP].used, c;

    if (i == end)
        return false;
    b->section[ARCHI_SEC_HEAP].used = --end;
    last = heap[end];
    for (; i > ARCHI_HEAP_PAD && archi_queue_key_before(slots, &last, &heap[i / 4 + 2]); i = i / 4 + 2)
        heap[i] = heap[i / 4 + 2];
    while ((c = 4 * i - 8) < end) {
        c = archi_heap_first_of(slots, heap, c, end);
        if (!archi_queue_key_before(slots, &heap[c], &last))
            break;
        heap[i] = heap[c];
        i = c;
    }
    heap[i] = last;
    return true;
}

/* ---- out of buckets ---------------------------------------------------------------------------------------------- */

/* Out of the chain that begins at *head; false when it is not in it. */
ARCHI_QUEUE_COLD bool archi_queue_unchain(archi_block_t *b, uint32_t *head, uint32_t slot)
{
    archi_slot_t *slots = archi_queue_slots(b);

    while (*head != slot) {
        if (*head == ARCHI_NIL)
            return false;
        head = &slots[*head].next;
    }
    *head = slots[slot].next;
    return true;
}

ARCHI_QUEUE_COLD bool archi_queue_leave_level(archi_block_t *b, uint32_t slot, uint32_t level, uint32_t digit)
{
    archi_queue_level_t *l = archi_queue_level(b, level);

    if ((l->map >> digit & 1) == 0 || !archi_queue_unchain(b, &l->head[digit], slot))
        return false;
    if (l->head[digit] == ARCHI_NIL)
        l->map &= ~((uint64_t)1 << digit);
    if (l->map == 0)
        b->queue.levels &= ~(1u << level);
    return true;
}

/* The way that archi_queue_file() went. */
ARCHI_QUEUE_COLD void archi_queue_leave_bucket(archi_block_t *b, uint32_t slot)
{
    archi_queue_state_t *q = &b->queue;
    uint64_t at = (uint64_t)archi_queue_slots(b)[slot].ev.at, bucket = at >> q->shift;
    uint32_t group, unit = archi_queue_quarter(q);
    bool found;

    if (at >= q->far) {
        group = (archi_top_bit(at ^ (q->far - 1)) - unit) / 6;
        found = archi_queue_leave_level(b, slot, archi_queue_near(q) + group, at >> (unit + 6 * group) & 63);
    } else if (bucket == (uint64_t)q->open >> q->shift) {
        group = archi_top_bit((at ^ (uint64_t)q->open) | 1) / 6;
        found = archi_queue_leave_level(b, slot, ARCHI_QUEUE_BY_TIME + group, at >> 6 * group & 63);
    } else {
        found = archi_queue_unchain(b, &archi_queue_ring(b)[bucket & (((uint64_t)1 << q->ring_bits) - 1)], slot);
        q->n_ring--;
    }
    ARCH_ASSERT(found);
    if (q->peek == (arch_time_t)at)
        q->peek = -1;
}

ARCHI_QUEUE_COLD bool archi_queue_leave_run(archi_block_t *b, uint32_t slot)
{
    archi_queue_state_t *q = &b->queue;
    archi_queue_key_t *run = archi_queue_run(b);
    uint32_t i = q->run_head;

    while (i < q->run_tail && run[i].slot != slot)
        i++;
    if (i == q->run_tail)
        return false;
    for (q->run_tail--; i < q->run_tail; i++)
        run[i] = run[i + 1];
    return true;
}

/* Among those of the time that was reached, split by whatever they differ in. */
ARCHI_QUEUE_COLD bool archi_queue_leave_ties(archi_block_t *b, uint32_t slot)
{
    archi_queue_state_t *q = &b->queue;
    uint32_t set = q->levels & ARCHI_QUEUE_TIES, level, tie;

    for (; set != 0; set &= set - 1) {
        level = archi_low_bit(set);
        tie = archi_queue_tie(q, &archi_queue_slots(b)[slot].ev, slot, level);
        if (archi_queue_leave_level(b, slot, level, tie >> 6 * (level % 6) & 63))
            return true;
    }
    return false;
}

/* The pending event in this slot goes. */
ARCHI_QUEUE_COLD void archi_queue_take_out(archi_block_t *b, uint32_t slot)
{
    bool found = true;

    if (b->queue.ring_bits == 0)
        found = archi_row_leave(b, slot);
    else if (archi_queue_slots(b)[slot].ev.at > b->queue.last)
        archi_queue_leave_bucket(b, slot);
    else
        found = archi_heap_leave(b, slot) || archi_queue_leave_run(b, slot) || archi_queue_leave_ties(b, slot);
    ARCH_ASSERT(found);
    (void)found;
    archi_queue_give(b, slot);
}

/* Take the event that `src` sent as number `seq` out, which is pending: in one of the n slots named, unless it was handled
 * and put back since, when mail had taken its slot. */
ARCHI_QUEUE_COLD void archi_queue_take_back(archi_block_t *b, archi_lp_t src, uint32_t seq, const uint32_t *hint, uint32_t n)
{
    uint32_t i, used = b->section[ARCHI_SEC_QUEUE].used;

    for (i = 0; i < n; i++)
        if (archi_queue_holds(b, hint[i], src, seq)) {
            archi_queue_take_out(b, hint[i]);
            return;
        }
    for (i = 0; i < used && !archi_queue_holds(b, i, src, seq); i++)
        ;
    ARCH_ASSERT(i < used);
    archi_queue_take_out(b, i);
}

/* ---- back to the front ------------------------------------------------------------------------------------------- */

/* Can an event of this time, before all that are pending, be put back to the run's front? There it costs next to nothing. */
ARCH_HD static ARCH_INLINE bool archi_queue_has_front(archi_block_t *b, arch_time_t at)
{
    const archi_queue_state_t *q = &b->queue;

    return q->ring_bits != 0 && at <= q->last && q->run_tail - q->run_head < ARCHI_QUEUE_RUN &&
           archi_section_room(&b->section[ARCHI_SEC_QUEUE]) != 0;
}

/* What is left of the run moves to the end of its section. */
ARCHI_QUEUE_COLD void archi_queue_make_front(archi_block_t *b)
{
    archi_queue_state_t *q = &b->queue;
    archi_queue_key_t *run = archi_queue_run(b);
    uint32_t n = q->run_tail - q->run_head, i;

    for (i = 1; i <= n; i++)
        run[ARCHI_QUEUE_RUN - i] = run[q->run_tail - i];
    q->run_tail = ARCHI_QUEUE_RUN;
    q->run_head = ARCHI_QUEUE_RUN - n;
}

ARCH_HD static ARCH_INLINE void archi_queue_push_front(archi_block_t *b, const archi_event_t *ev)
{
    archi_queue_state_t *q = &b->queue;
    archi_queue_key_t key = {ev->at, ev->src, archi_queue_take(b)};
    archi_slot_t *s = &archi_queue_slots(b)[key.slot];

    s->ev = *ev;
    s->next = ARCHI_NIL;
    ARCH_ASSERT(q->run_head == q->run_tail || ev->at <= archi_queue_run(b)[q->run_head].at);
    if (q->run_head == 0)
        archi_queue_make_front(b);
    archi_queue_run(b)[--q->run_head] = key;
    if (ev->at < q->reached)
        q->reached = ev->at;
}

/* Put an event that was taken out first and comes before all that are pending back. There is room for a push. */
ARCH_HD static ARCH_INLINE void archi_queue_put_back(archi_block_t *b, const archi_event_t *ev)
{
    if (archi_queue_has_front(b, ev->at))
        archi_queue_push_front(b, ev);
    else
        archi_queue_push(b, ev);
}

#endif
