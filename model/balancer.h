/* model/balancer.h - a proxy between callers and the replicas of a service: takes a request, spends its overhead,
 * picks a replica on its own counts, and passes the answer back. */
#ifndef ARCHI_BALANCER_H
#define ARCHI_BALANCER_H

#include "model/count.h"
#include "model/pick.h"

ARCH_HD static ARCH_INLINE void archi_forward(archi_context_t *c, uint32_t f)
{
    archi_frame_t *frame = archi_frame(c, f);

    archi_request(c, &c->group->forward, frame->endpoint, frame->root, archi_mix_path(frame->path, 1, 0), frame->item,
                  f, frame->flags, frame->priority, archi_minor(frame->path, ARCHI_DRAW_PICK), &frame->peer);
    if ((frame->flags & ARCHI_NO_REPLY) != 0) {
        if (frame->peer != ARCHI_NIL)
            (*archi_peer(c, frame->peer))--;
        c->el->inside--;
        c->el->n_waits++;
        c->el->n_completed++;
        c->el->sojourn += (uint64_t)(c->now - frame->arrived);
        archi_pool_give(c->b, ARCHI_SEC_FRAME, f);
    }
}

ARCH_HD static ARCH_INLINE void archi_balancer_arrive(archi_context_t *c, const archi_event_t *ev)
{
    uint32_t f = archi_frame_take(c);
    archi_frame_t *frame = archi_frame(c, f);
    arch_time_t overhead;

    archi_frame_from(c, frame, ev);
    c->el->n_arrived++;
    c->el->inside++;
    overhead = archi_time_of(c, c->group->overhead, frame->root, archi_minor(frame->path, ARCHI_DRAW_OVERHEAD));
    if (overhead > 0)
        archi_emit_self(c, overhead, ARCHI_EV_DELAY, f);
    else
        archi_forward(c, f);
}

ARCH_HD static ARCH_INLINE void archi_balancer_answered(archi_context_t *c, uint32_t f, uint32_t outcome)
{
    archi_frame_t *frame = archi_frame(c, f);

    if (frame->peer != ARCHI_NIL)
        (*archi_peer(c, frame->peer))--;
    c->el->inside--;
    c->el->n_waits++;
    if (outcome == ARCHI_FAILED) {
        c->el->n_failed++;
    } else if (outcome == ARCHI_REJECTED) {
        c->el->n_rejected++;
    } else {
        c->el->n_completed++;
        c->el->sojourn += (uint64_t)(c->now - frame->arrived);
    }
    archi_reply(c, frame, outcome);
    archi_pool_give(c->b, ARCHI_SEC_FRAME, f);
}

ARCH_APART void archi_balancer_event(archi_context_t *c, const archi_event_t *ev)
{
    switch (ev->kind) {
    case ARCHI_EV_REQUEST:
        archi_balancer_arrive(c, ev);
        break;
    case ARCHI_EV_DELAY:
        archi_forward(c, (uint32_t)ev->word[0]);
        break;
    default:
        archi_balancer_answered(c, (uint32_t)(ev->word[1] >> 32), ev->small);
    }
}

#endif
