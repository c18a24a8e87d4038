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

/* Take in the event that lies in a slot. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_row_file(archi_block_t *b, uint32_t slot)
{
    const archi_slot_t *slots = archi_queue_slots(b);
    archi_queue_key_t *row = archi_heap_keys(b), key = archi_queue_key_of(b, slot);
    uint32_t end = b->section[ARCHI_SEC_HEAP].used++, i;

    ARCH_ASSERT(end < b->section[ARCHI_SEC_HEAP].capacity);
    archi_queue_slots(b)[slot].next = ARCHI_NIL;
    for (i = end; i > ARCHI_HEAP_PAD && archi_queue_key_before(slots, &row[i - 1], &key); i--)
        row[i] = row[i - 1];
    row[i] = key;
    b->queue.waste += end - i;
}

/* Take the first event out, of at least one. It stays in its slot, which is the caller's to give back. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_row_pop(archi_block_t *b)
{
    return archi_heap_keys(b)[--b->section[ARCHI_SEC_HEAP].used].slot;
}

#endif
