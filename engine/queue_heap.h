/* engine/queue_heap.h - a 4-ary heap of events by value in section ARCHI_SEC_HEAP.
 *
 * On its own it is the whole pending event set of a small block, and the reference that the tests hold the buckets of
 * engine/queue_calendar.h against. Beside the buckets it takes the events that come too late for them. Four children
 * make it half as deep as two do and lie side by side (LaMarca and Ladner, "The influence of caches on the performance
 * of heaps", 1996). */
#ifndef ARCHI_QUEUE_HEAP_H
#define ARCHI_QUEUE_HEAP_H

#include "engine/block.h"

ARCH_HD static ARCH_ALWAYS_INLINE archi_event_t *archi_heap_events(archi_block_t *b)
{
    return (archi_event_t *)archi_section(b, ARCHI_SEC_HEAP);
}

ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_heap_count(const archi_block_t *b)
{
    return b->section[ARCHI_SEC_HEAP].used;
}

/* Room for n more? Otherwise b->wants names the section to grow. */
ARCH_HD static ARCH_INLINE bool archi_heap_has_room(archi_block_t *b, uint32_t n)
{
    if (b->section[ARCHI_SEC_HEAP].capacity - b->section[ARCHI_SEC_HEAP].used >= n)
        return true;
    b->wants = ARCHI_SEC_HEAP;
    return false;
}

ARCH_HD static ARCH_ALWAYS_INLINE arch_time_t archi_heap_next_time(archi_block_t *b)
{
    return archi_heap_count(b) == 0 ? ARCH_TIME_MAX : archi_heap_events(b)[0].at;
}

/* Copy *ev in. The caller has made sure of room. */
ARCH_HD static ARCH_INLINE void archi_heap_push(archi_block_t *b, const archi_event_t *ev)
{
    archi_event_t *heap = archi_heap_events(b);
    uint32_t i = b->section[ARCHI_SEC_HEAP].used++;

    ARCH_ASSERT(i < b->section[ARCHI_SEC_HEAP].capacity);
    while (i > 0 && archi_event_before(ev, &heap[(i - 1) / 4])) {
        heap[i] = heap[(i - 1) / 4];
        i = (i - 1) / 4;
    }
    heap[i] = *ev;
}

/* archi_event_before() for events whose times mostly differ: the outcome of that comparison, which nobody can guess, is
 * computed rather than branched on. */
ARCH_HD static ARCH_ALWAYS_INLINE bool archi_heap_before(const archi_event_t *a, const archi_event_t *b)
{
    if (ARCH_UNLIKELY(a->at == b->at))
        return archi_event_before(a, b);
    return a->at < b->at;
}

/* The first of the children of i, of which there is at least one; n events in all. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_heap_first_child(const archi_event_t *heap, uint32_t i, uint32_t n)
{
    uint32_t c = 4 * i + 1, left, right;

    if (ARCH_LIKELY(c + 3 < n)) {
        left = c + (uint32_t)archi_heap_before(&heap[c + 1], &heap[c]);
        right = c + 2 + (uint32_t)archi_heap_before(&heap[c + 3], &heap[c + 2]);
        return archi_heap_before(&heap[right], &heap[left]) ? right : left;
    }
    for (left = c++; c < n; c++)
        left = archi_heap_before(&heap[c], &heap[left]) ? c : left;
    return left;
}

/* Take the first event out if it lies before `horizon`. */
ARCH_HD static ARCH_INLINE bool archi_heap_pop_before(archi_block_t *b, arch_time_t horizon, archi_event_t *out)
{
    archi_event_t *heap = archi_heap_events(b);
    uint32_t n = archi_heap_count(b), i = 0;
    const archi_event_t *last;

    if (n == 0 || heap[0].at >= horizon)
        return false;
    *out = heap[0];
    b->section[ARCHI_SEC_HEAP].used = --n;
    last = &heap[n];
    while (i < (n + 2) / 4) { /* i has a child */
        uint32_t c = archi_heap_first_child(heap, i, n);
        if (!archi_event_before(&heap[c], last))
            break;
        heap[i] = heap[c];
        i = c;
    }
    heap[i] = *last;
    return true;
}

#endif
