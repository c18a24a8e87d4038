/* engine/queue_row.h - a row of keys in order: the whole pending event set of a small block.
 *
 * The first event stands last, so taking it out moves nothing. Most of what a model sends is due soon, so an insertion
 * looks at a few keys from that end and moves them by one: insertion sort, whose work is counted, see
 * archi_queue_row_serves(). The row has the section of the heap, of which a small set has no need. */
#ifndef ARCHI_QUEUE_ROW_H
#define ARCHI_QUEUE_ROW_H

#include "engine/queue_heap.h"

ARCH_HD static ARCH_ALWAYS_INLINE arch_time_t archi_row_next_time(archi_block_t *b)
{
    uint32_t end = b->section[ARCHI_SEC_HEAP].used;

    return end == ARCHI_HEAP_PAD ? ARCH_TIME_MAX : archi_heap_keys(b)[end - 1].at;
}

/* Where the event of a slot belongs whose time is that of the key before `to`. */
ARCHI_QUEUE_COLD archi_queue_key_t *archi_row_among_equals(archi_block_t *b, uint32_t slot, archi_queue_key_t *to)
{
    const archi_slot_t *slots = archi_queue_slots(b);
    archi_queue_key_t key = archi_queue_key_of(b, slot);

    for (; to > archi_heap_keys(b) + ARCHI_HEAP_PAD && archi_queue_key_before(slots, to - 1, &key); to--)
        *to = to[-1];
    return to;
}

/* Take in the event of time `at` that lies in a slot. The entry before the row is later than any (archi_block_create()). */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_row_file(archi_block_t *b, uint32_t slot, arch_time_t at)
{
    archi_slot_t *s = &archi_queue_slots(b)[slot];
    archi_queue_key_t *end = archi_heap_keys(b) + b->section[ARCHI_SEC_HEAP].used++, *to;

    ARCH_ASSERT(b->section[ARCHI_SEC_HEAP].used <= b->section[ARCHI_SEC_HEAP].capacity);
    s->next = ARCHI_NIL;
    for (to = end; to[-1].at < at; to--)
        *to = to[-1];
    if (ARCH_UNLIKELY(to[-1].at == at))
        to = archi_row_among_equals(b, slot, to);
    to->at = at;
    to->src = s->ev.src;
    to->slot = slot;
    b->queue.waste += (uint64_t)(end - to);
}

/* Take the first event out, of at least one. It stays in its slot, which is the caller's to give back. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_row_pop(archi_block_t *b)
{
    return archi_heap_keys(b)[--b->section[ARCHI_SEC_HEAP].used].slot;
}

#endif
