/* model/cores.h - the cores of a server: bursts wait for one and run to their end (FIFO, LIFO, priority without
 * preemption), or share them all (processor sharing). */
#ifndef ARCHI_CORES_H
#define ARCHI_CORES_H

#include "model/count.h"
#include "model/order.h"

ARCH_HD static ARCH_ALWAYS_INLINE void archi_make_runnable(archi_context_t *c, uint32_t f)
{
    archi_list_append(c, &c->run_head, &c->run_tail, f);
}

/* ---- one burst per core ----------------------------------------------------------------------------------------- */

ARCH_HD static ARCH_ALWAYS_INLINE void archi_core_start(archi_context_t *c, uint32_t f)
{
    c->el->running++;
    archi_emit_self(c, archi_frame(c, f)->demand, ARCHI_EV_CPU, f);
}

ARCH_HD static ARCH_INLINE void archi_core_want(archi_context_t *c, uint32_t f)
{
    archi_element_t *el = c->el;

    if (el->running < c->group->cores) {
        archi_core_start(c, f);
        return;
    }
    archi_frame(c, f)->since = c->now;
    archi_line_push(c, &el->ready_head, &el->ready_tail, f);
    el->ready++;
    archi_note_queue(el);
}

/* The burst of frame f is done: its core goes to the next in line, f may go on. */
ARCH_HD static ARCH_INLINE void archi_core_done(archi_context_t *c, uint32_t f)
{
    archi_element_t *el = c->el;

    el->running--;
    if (el->ready > 0 && el->running < c->group->cores) { /* not so when there are fewer cores than there were */
        uint32_t next = archi_line_pop(c, &el->ready_head);
        el->ready--;
        if (archi_frame(c, next)->type != ARCHI_FRAME_CHANGE) /* waits are those of requests */
            el->wait += (uint64_t)(c->now - archi_frame(c, next)->since);
        archi_core_start(c, next);
    }
    archi_make_runnable(c, f);
}

/* ---- processor sharing ------------------------------------------------------------------------------------------------
 * Egalitarian, with the virtual time of generalised processor sharing (Parekh and Gallager 1993): `shared` is the service
 * that a burst present all along has received; a burst that starts at v with demand d is done when shared = v + d. Bursts
 * are ordered by that number in a heap, so that an arrival or a departure costs O(log n). Arithmetic is IEEE double; the
 * virtual time starts at 0 whenever the server is empty. */

ARCH_HD static ARCH_ALWAYS_INLINE double archi_double_of(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

ARCH_HD static ARCH_ALWAYS_INLINE uint64_t archi_bits_of(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

/* Real time that one unit of service of each burst takes. */
ARCH_HD static ARCH_ALWAYS_INLINE double archi_shared_slowness(const archi_context_t *c)
{
    uint32_t n = c->el->running + c->el->ready;

    return n <= c->group->cores ? 1.0 : (double)n / (double)c->group->cores;
}

ARCH_HD static ARCH_INLINE void archi_shared_advance(archi_context_t *c)
{
    archi_element_t *el = c->el;

    if (el->running > 0)
        el->shared += (double)(c->now - el->shared_at) / archi_shared_slowness(c);
    else
        el->shared = 0.0;
    el->shared_at = c->now;
}

ARCH_HD static ARCH_INLINE void archi_shared_count(archi_context_t *c, uint32_t n)
{
    c->el->running = n < c->group->cores ? n : c->group->cores;
    c->el->ready = n - c->el->running;
    archi_note_queue(c->el);
}

/* Make sure of an event when the first burst will be done. One that was announced for later is left to find itself
 * stale. */
ARCH_HD static ARCH_INLINE void archi_shared_announce(archi_context_t *c)
{
    archi_element_t *el = c->el;
    double left;
    arch_time_t after;

    if (el->running == 0)
        return;
    left = (archi_double_of(archi_frame(c, el->ready_head)->rank) - el->shared) * archi_shared_slowness(c);
    after = left < 1.0 ? 1 : archi_time_from_ns(left);
    if (el->shared_due <= c->now || c->now + after < el->shared_due) {
        el->shared_due = c->now + after;
        archi_emit_self(c, after, ARCHI_EV_SHARED, 0);
    }
}

ARCH_HD static ARCH_INLINE void archi_shared_want(archi_context_t *c, uint32_t f)
{
    archi_frame_t *frame = archi_frame(c, f);

    archi_shared_advance(c);
    frame->since = c->now;
    frame->rank = archi_bits_of(c->el->shared + (double)frame->demand);
    if (c->el->running == 0)
        c->el->ready_head = ARCHI_NIL;
    archi_rank_push(c, &c->el->ready_head, f);
    archi_shared_count(c, c->el->running + c->el->ready + 1);
    archi_shared_announce(c);
}

ARCH_HD static ARCH_INLINE void archi_shared_event(archi_context_t *c)
{
    archi_element_t *el = c->el;

    if (c->now != el->shared_due)
        return; /* an earlier one was announced after this */
    archi_shared_advance(c);
    /* One burst an event: as many as are done at this instant follow each other by events at this instant. */
    if (el->running > 0) {
        uint32_t f = el->ready_head;
        double left = (archi_double_of(archi_frame(c, f)->rank) - el->shared) * archi_shared_slowness(c);
        if (left < 0.75) {
            archi_frame_t *frame = archi_frame(c, f);
            archi_rank_pop(c, &el->ready_head);
            archi_shared_count(c, el->running + el->ready - 1);
            if (frame->type != ARCHI_FRAME_CHANGE && c->now - frame->since > frame->demand)
                el->wait += (uint64_t)(c->now - frame->since - frame->demand);
            archi_make_runnable(c, f);
        }
    }
    if (el->running > 0) {
        double left = (archi_double_of(archi_frame(c, el->ready_head)->rank) - el->shared) * archi_shared_slowness(c);
        if (left < 0.75) {
            archi_emit_self(c, 0, ARCHI_EV_SHARED, 0);
            return;
        }
    }
    archi_shared_announce(c);
}

/* Frame f wants a core for its `demand` > 0. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_want_cpu(archi_context_t *c, uint32_t f)
{
    if (c->group->discipline == ARCHI_SERVE_SHARED)
        archi_shared_want(c, f);
    else
        archi_core_want(c, f);
}

#endif
