/* engine/queue_heap.h - slots, in which pending events lie, and a 4-ary heap of their keys.
 *
 * Every pending event lies by value in a slot of section ARCHI_SEC_QUEUE and stays there until it is handled; what is moved
 * about to keep events in order is a key of 16 bytes. The heap in section ARCHI_SEC_HEAP takes the events that come too
 * late for the buckets of engine/queue_calendar.h, and is the reference that the tests hold everything else against. Four
 * children make it half as deep as two do, and lie in one cache line (LaMarca and Ladner, "The influence of caches on the
 * performance of heaps", 1996). */
#ifndef ARCHI_QUEUE_HEAP_H
#define ARCHI_QUEUE_HEAP_H

#include "engine/block.h"

#define ARCHI_SLOT_FREE (ARCHI_NIL - 1) /* `next` of a slot without an event */

typedef struct {
    archi_event_t ev;
    uint32_t      next; /* slot in the same bucket, ARCHI_NIL or ARCHI_SLOT_FREE */
    uint32_t      unused[3];
} archi_slot_t; /* 64 bytes */

typedef struct {
    arch_time_t at;
    uint32_t    src;
    uint32_t    slot;
} archi_queue_key_t;

/* Entries before the heap's root: so the four children of an entry share a cache line. The last of them is later than any
 * event and ends the row, see engine/queue_row.h. */
enum { ARCHI_HEAP_PAD = 3 };

#define ARCHI_QUEUE_COLD ARCH_APART

/* ---- slots ------------------------------------------------------------------------------------------------------- */

ARCH_HD static ARCH_ALWAYS_INLINE archi_slot_t *archi_queue_slots(archi_block_t *b)
{
    return (archi_slot_t *)archi_section(b, ARCHI_SEC_QUEUE);
}

ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_queue_in_slots(const archi_block_t *b)
{
    return b->section[ARCHI_SEC_QUEUE].used - b->section[ARCHI_SEC_QUEUE].n_free;
}

/* archi_pool_take() and archi_pool_give() of slots, whose size the compiler knows. A slot that is free says so. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_queue_take(archi_block_t *b)
{
    archi_section_t *pool = &b->section[ARCHI_SEC_QUEUE];
    uint32_t slot = pool->free_head;

    if (ARCH_LIKELY(slot != ARCHI_NIL)) {
        pool->free_head = *(const uint32_t *)&archi_queue_slots(b)[slot];
        pool->n_free--;
        return slot;
    }
    ARCH_ASSERT(pool->used < pool->capacity);
    return pool->used++;
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_queue_give(archi_block_t *b, uint32_t slot)
{
    archi_section_t *pool = &b->section[ARCHI_SEC_QUEUE];
    archi_slot_t *s = &archi_queue_slots(b)[slot];

    *(uint32_t *)s = pool->free_head;
    s->next = ARCHI_SLOT_FREE;
    pool->free_head = slot;
    pool->n_free++;
}

ARCH_HD static ARCH_ALWAYS_INLINE archi_queue_key_t archi_queue_key_of(archi_block_t *b, uint32_t slot)
{
    const archi_event_t *ev = &archi_queue_slots(b)[slot].ev;
    archi_queue_key_t key = {ev->at, ev->src, slot};

    return key;
}

/* archi_event_before() for the keys of events whose times mostly differ: the outcome of that comparison, which nobody can
 * guess, is computed rather than branched on. */
ARCH_HD static ARCH_ALWAYS_INLINE bool archi_queue_key_before(const archi_slot_t *slots, const archi_queue_key_t *x,
                                                              const archi_queue_key_t *y)
{
    if (ARCH_UNLIKELY(x->at == y->at))
        return archi_event_before(&slots[x->slot].ev, &slots[y->slot].ev);
    return x->at < y->at;
}

/* ---- the heap ---------------------------------------------------------------------------------------------------- */

/* Entry ARCHI_HEAP_PAD is the root; the children of entry i are 4 i - 8 .. 4 i - 5, its parent is i / 4 + 2. */
ARCH_HD static ARCH_ALWAYS_INLINE archi_queue_key_t *archi_heap_keys(archi_block_t *b)
{
    return (archi_queue_key_t *)archi_section(b, ARCHI_SEC_HEAP);
}

ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_heap_count(const archi_block_t *b)
{
    return b->section[ARCHI_SEC_HEAP].used - ARCHI_HEAP_PAD;
}

/* Room for n more? Otherwise b->wants names the section to grow. */
ARCH_HD static ARCH_INLINE bool archi_heap_has_room(archi_block_t *b, uint32_t n)
{
    uint32_t heap = b->section[ARCHI_SEC_HEAP].capacity - b->section[ARCHI_SEC_HEAP].used;
    uint32_t slots = archi_section_room(&b->section[ARCHI_SEC_QUEUE]);

    if (heap >= n && slots >= n)
        return true;
    b->wants = heap < n ? ARCHI_SEC_HEAP : ARCHI_SEC_QUEUE;
    return false;
}

ARCH_HD static ARCH_ALWAYS_INLINE arch_time_t archi_heap_next_time(archi_block_t *b)
{
    return archi_heap_count(b) == 0 ? ARCH_TIME_MAX : archi_heap_keys(b)[ARCHI_HEAP_PAD].at;
}

/* Take in the event that lies in a slot. */
ARCH_HD static ARCH_INLINE void archi_heap_file(archi_block_t *b, uint32_t slot)
{
    const archi_slot_t *slots = archi_queue_slots(b);
    archi_queue_key_t *heap = archi_heap_keys(b), key = archi_queue_key_of(b, slot);
    uint32_t i = b->section[ARCHI_SEC_HEAP].used++;

    ARCH_ASSERT(i < b->section[ARCHI_SEC_HEAP].capacity);
    archi_queue_slots(b)[slot].next = ARCHI_NIL;
    while (i > ARCHI_HEAP_PAD && archi_queue_key_before(slots, &key, &heap[i / 4 + 2])) {
        heap[i] = heap[i / 4 + 2];
        i = i / 4 + 2;
    }
    heap[i] = key;
}

/* Copy *ev in. The caller has made sure of room. */
ARCH_HD static ARCH_INLINE void archi_heap_push(archi_block_t *b, const archi_event_t *ev)
{
    uint32_t slot = archi_queue_take(b);

    archi_queue_slots(b)[slot].ev = *ev;
    archi_heap_file(b, slot);
}

/* The first of the children that begin at entry c, of which there is at least one; `end`: past the last entry. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_heap_first_of(const archi_slot_t *slots, const archi_queue_key_t *heap,
                                                               uint32_t c, uint32_t end)
{
    uint32_t left, right;

    if (ARCH_LIKELY(c + 3 < end)) {
        left = c + (uint32_t)archi_queue_key_before(slots, &heap[c + 1], &heap[c]);
        right = c + 2 + (uint32_t)archi_queue_key_before(slots, &heap[c + 3], &heap[c + 2]);
        return archi_queue_key_before(slots, &heap[right], &heap[left]) ? right : left;
    }
    for (left = c++; c < end; c++)
        left = archi_queue_key_before(slots, &heap[c], &heap[left]) ? c : left;
    return left;
}

/* Take the first key out, of at least one. The event stays in its slot, which is the caller's to give back. */
ARCH_HD static ARCH_INLINE uint32_t archi_heap_pop(archi_block_t *b)
{
    const archi_slot_t *slots = archi_queue_slots(b);
    archi_queue_key_t *heap = archi_heap_keys(b);
    uint32_t end = --b->section[ARCHI_SEC_HEAP].used, i = ARCHI_HEAP_PAD, c, first = heap[i].slot;

    while ((c = 4 * i - 8) < end) {
        c = archi_heap_first_of(slots, heap, c, end);
        if (!archi_queue_key_before(slots, &heap[c], &heap[end]))
            break;
        heap[i] = heap[c];
        i = c;
    }
    heap[i] = heap[end];
    return first;
}

/* Take the first event out if it lies before `horizon`. */
ARCH_HD static ARCH_INLINE bool archi_heap_pop_before(archi_block_t *b, arch_time_t horizon, archi_event_t *out)
{
    uint32_t slot;

    if (archi_heap_next_time(b) >= horizon)
        return false;
    slot = archi_heap_pop(b);
    *out = archi_queue_slots(b)[slot].ev;
    archi_queue_give(b, slot);
    return true;
}

#endif
