/* model/order.h - queues of frames inside an element: lists threaded through the frames, and a heap for those served
 * by rank. The heap is a skew heap (Sleator and Tarjan 1986): merging is the one operation, O(log n) amortised, and
 * its two links live in the frame. Equal ranks leave in order of arrival. */
#ifndef ARCHI_ORDER_H
#define ARCHI_ORDER_H

#include "model/state.h"

ARCH_HD static ARCH_ALWAYS_INLINE void archi_list_append(archi_context_t *c, uint32_t *head, uint32_t *tail, uint32_t f)
{
    archi_frame(c, f)->next = ARCHI_NIL;
    if (*head == ARCHI_NIL)
        *head = f;
    else
        archi_frame(c, *tail)->next = f;
    *tail = f;
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_list_prepend(archi_context_t *c, uint32_t *head, uint32_t *tail,
                                                          uint32_t f)
{
    archi_frame(c, f)->next = *head;
    if (*head == ARCHI_NIL)
        *tail = f;
    *head = f;
}

/* The list is not empty. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_list_pop(archi_context_t *c, uint32_t *head)
{
    uint32_t f = *head;

    *head = archi_frame(c, f)->next;
    return f;
}

ARCH_HD static ARCH_ALWAYS_INLINE bool archi_frame_before(const archi_frame_t *a, const archi_frame_t *b)
{
    if (a->rank != b->rank)
        return a->rank < b->rank;
    return (int32_t)(a->order - b->order) < 0;
}

ARCH_HD static ARCH_INLINE uint32_t archi_rank_merge(archi_context_t *c, uint32_t a, uint32_t b)
{
    uint32_t root = ARCHI_NIL, *hole = &root;

    while (a != ARCHI_NIL && b != ARCHI_NIL) {
        archi_frame_t *first;
        if (archi_frame_before(archi_frame(c, b), archi_frame(c, a))) {
            uint32_t t = a;
            a = b;
            b = t;
        }
        first = archi_frame(c, a);
        *hole = a;
        a = first->right; /* merge b into the right subtree, which then becomes the left one */
        first->right = first->next;
        hole = &first->next;
    }
    *hole = a != ARCHI_NIL ? a : b;
    return root;
}

ARCH_HD static ARCH_INLINE void archi_rank_push(archi_context_t *c, uint32_t *root, uint32_t f)
{
    archi_frame_t *frame = archi_frame(c, f);

    frame->next = frame->right = ARCHI_NIL;
    frame->order = c->el->order++;
    *root = archi_rank_merge(c, *root, f);
}

/* The heap is not empty. */
ARCH_HD static ARCH_INLINE uint32_t archi_rank_pop(archi_context_t *c, uint32_t *root)
{
    uint32_t f = *root;

    *root = archi_rank_merge(c, archi_frame(c, f)->next, archi_frame(c, f)->right);
    return f;
}

/* A waiting line under a discipline: what waits for a thread or for a core. */
ARCH_HD static ARCH_INLINE void archi_line_push(archi_context_t *c, uint32_t *head, uint32_t *tail, uint32_t f)
{
    switch (c->group->discipline) {
    case ARCHI_SERVE_LIFO:
        archi_list_prepend(c, head, tail, f);
        break;
    case ARCHI_SERVE_PRIORITY:
        archi_frame(c, f)->rank = archi_frame(c, f)->priority;
        archi_rank_push(c, head, f);
        break;
    default:
        archi_list_append(c, head, tail, f);
    }
}

/* The line is not empty. */
ARCH_HD static ARCH_INLINE uint32_t archi_line_pop(archi_context_t *c, uint32_t *head)
{
    if (c->group->discipline == ARCHI_SERVE_PRIORITY)
        return archi_rank_pop(c, head);
    return archi_list_pop(c, head);
}

#endif
