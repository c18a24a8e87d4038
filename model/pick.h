/* model/pick.h - which replica a caller takes: on its own knowledge only. */
#ifndef ARCHI_PICK_H
#define ARCHI_PICK_H

#include "model/plug.h"

/* Fewest requests that *this* caller has in flight, among `choices` drawn at random (with replacement, the first of
 * equals): power of two choices (Mitzenmacher 2001) as proxies do it, on local counts. */
ARCH_HD static ARCH_INLINE uint32_t archi_pick_least(archi_context_t *c, const archi_route_t *r, uint32_t n,
                                                     const uint64_t *in_flight, uint64_t root, uint64_t minor)
{
    uint32_t best = 0, k;
    archi_bits_t bits = archi_draw(c->key, root, minor);

    for (k = 0; k < r->choices; k++) {
        uint32_t one;
        if (k != 0 && k % 4 == 0)
            bits = archi_draw(c->key, root, minor + k / 4);
        one = (uint32_t)(((uint64_t)bits.w[k % 4] * n) >> 32);
        if (k == 0 || in_flight[one] < in_flight[best])
            best = one;
    }
    return best;
}

/* The element that takes this request; *peer is the word to decrement on its reply, or ARCHI_NIL. */
ARCH_HD static ARCH_INLINE archi_lp_t archi_pick(archi_context_t *c, const archi_route_t *r, uint64_t root,
                                                 uint64_t minor, uint32_t *peer)
{
    uint32_t one = 0;

    *peer = ARCHI_NIL;
    if (r->n > 1) { /* a single one is known without a look at its group */
        const archi_group_t *target = archi_plan_groups(c->plan) + r->group;
        uint64_t *word = archi_peer(c, c->el->peers + r->peers);
        switch (r->policy) {
        case ARCHI_PICK_ROUND_ROBIN:
            one = word[0] < target->active ? (uint32_t)word[0] : 0;
            word[0] = one + 1 >= target->active ? 0 : one + 1;
            break;
        case ARCHI_PICK_RANDOM:
            one = (uint32_t)archi_below(archi_bits64(archi_draw(c->key, root, minor), 0), target->active);
            break;
        case ARCHI_PICK_PLUGGED:
            one = archi_plug_pick(c, r->choices, target->active, word, root, minor);
            word[1 + one]++;
            *peer = c->el->peers + r->peers + 1 + one;
            break;
        default:
            one = archi_pick_least(c, r, target->active, word + 1, root, minor);
            word[1 + one]++;
            *peer = c->el->peers + r->peers + 1 + one;
        }
    }
    return r->first + one;
}

/* A request on its way: to the picked replica, over the route's link. */
ARCH_INLINE_ON_CORE void archi_request(archi_context_t *c, const archi_route_t *r, uint32_t endpoint,
                                              uint64_t root, uint32_t path, uint32_t item, uint32_t slot,
                                              uint32_t flags, uint32_t priority, uint64_t pick_minor, uint32_t *peer)
{
    archi_lp_t to = archi_pick(c, r, root, pick_minor, peer);
    arch_time_t latency = archi_time_of(c, r->link, root, archi_minor(path, ARCHI_DRAW_LINK));

    archi_emit(c, to, latency, ARCHI_EV_REQUEST, (uint16_t)endpoint, root, (uint64_t)slot << 32 | path,
               (uint64_t)item << 32 | (uint64_t)r->link << 16 | flags << 8 | priority);
}

/* The answer to whoever sent the request of frame f. */
ARCH_INLINE_ON_CORE void archi_reply(archi_context_t *c, const archi_frame_t *f, uint32_t outcome)
{
    if ((f->flags & ARCHI_NO_REPLY) == 0)
        archi_emit(c, f->caller, archi_time_of(c, f->link, f->root, archi_minor(f->path, ARCHI_DRAW_BACK)),
                   ARCHI_EV_REPLY, (uint16_t)outcome, f->root, (uint64_t)f->slot << 32 | f->path, 0);
}

/* A frame that holds what a request said of itself. */
ARCH_HD static ARCH_INLINE void archi_frame_from(archi_context_t *c, archi_frame_t *f, const archi_event_t *ev)
{
    f->parent = ARCHI_NIL;
    f->root = ev->word[0];
    f->path = (uint32_t)ev->word[1];
    f->slot = (uint32_t)(ev->word[1] >> 32);
    f->item = (uint32_t)(ev->word[2] >> 32);
    f->link = (uint16_t)(ev->word[2] >> 16);
    f->flags = (uint8_t)(ev->word[2] >> 8);
    f->priority = (uint8_t)ev->word[2];
    f->caller = ev->src;
    f->endpoint = ev->small;
    f->type = ARCHI_FRAME_REQUEST;
    f->outcome = ARCHI_DONE;
    f->peer = ARCHI_NIL;
    f->arrived = f->since = c->now;
}

#endif
