/* model/handle.h - one event of the model: to the element that it is for. */
#ifndef ARCHI_HANDLE_H
#define ARCHI_HANDLE_H

#include "model/balancer.h"
#include "model/source.h"
#include "model/steps.h"

ARCH_APART void archi_server_event(archi_context_t *c, const archi_event_t *ev)
{
    switch (ev->kind) {
    case ARCHI_EV_REQUEST:
        archi_arrive(c, ev);
        break;
    case ARCHI_EV_REPLY:
        archi_answered(c, (uint32_t)(ev->word[1] >> 32), ev->small);
        break;
    case ARCHI_EV_CPU:
        archi_core_done(c, (uint32_t)ev->word[0]);
        break;
    case ARCHI_EV_SHARED:
        archi_shared_event(c);
        break;
    case ARCHI_EV_DELAY:
        archi_make_runnable(c, (uint32_t)ev->word[0]);
        break;
    case ARCHI_EV_CHANGE:
        archi_change_arrive(c, ev);
        break;
    default: /* ARCHI_EV_CONTINUE */
        c->run_head = (uint32_t)ev->word[0];
        c->run_tail = (uint32_t)ev->word[1];
    }
    archi_run_frames(c);
}

ARCH_HD static ARCH_INLINE void archi_context_init(archi_context_t *c, const archi_plan_t *plan, const archi_map_t *map,
                                                   archi_block_t *b, archi_lp_t lp, uint32_t place, arch_time_t now)
{
    c->plan = plan;
    c->map = map;
    c->b = b;
    c->lp = lp;
    c->place = place;
    c->el = (archi_element_t *)archi_section(b, ARCHI_SEC_ELEMENT) + place;
    c->group = archi_plan_groups(plan) + c->el->group;
    c->now = now;
    c->key = archi_lp_state(b, place)->key;
    c->n_sends = c->n_frames = c->n_steps = 0;
    c->run_head = c->run_tail = ARCHI_NIL;
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_handle(const void *plan, const archi_map_t *map, archi_block_t *b,
                                                    const archi_event_t *ev)
{
    archi_context_t c;

    archi_context_init(&c, (const archi_plan_t *)plan, map, b, ev->dst, archi_place_here(map, b, ev->dst), ev->at);
    archi_count_to_now(&c);
    if (c.group->is == ARCHI_IS_SERVER)
        archi_server_event(&c, ev);
    else if (c.group->is == ARCHI_IS_BALANCER)
        archi_balancer_event(&c, ev);
    else
        archi_source_event(&c, ev);
}

#endif
