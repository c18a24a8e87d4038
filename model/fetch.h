/* model/fetch.h - what the handler of an event will read, fetched in stages: see engine/fetch.h. Where an index may have
 * changed hands, what it leads to is still an entry of its section, and at worst a line is fetched for nothing.
 *
 *     stage 0  the event            its element's place; the frame that goes on
 *     stage 1  place, frame         the element; the instruction to go on with; whom to answer
 *     stage 2  element, instruction the group; weights and branches of a choice; where the callee lives
 *     stage 3  group, weights       a request's first instruction; the branch that will be chosen
 *     stage 4  that instruction     its variate; where the callee lives */
#ifndef ARCHI_MODEL_FETCH_H
#define ARCHI_MODEL_FETCH_H

#include "engine/fetch.h"
#include "model/steps.h"

enum { ARCHI_FETCH_FROM = 4096 }; /* elements of the design: with groups and programs some megabytes */

/* Where process `lp` lives. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_fetch_home(const archi_map_t *map, archi_lp_t lp)
{
    if (map->block_of != NULL && lp < map->n_lps)
        ARCH_PREFETCH(&map->block_of[lp]);
}

/* The frame with which the event goes on, or NULL: what a reply to a workload names is a ticket, which does no harm. */
ARCH_HD static ARCH_ALWAYS_INLINE const archi_frame_t *archi_fetch_frame(const archi_block_t *b, const archi_event_t *ev)
{
    uint64_t f = ev->kind == ARCHI_EV_REPLY ? ev->word[1] >> 32 : ev->word[0];

    if (ev->kind == ARCHI_EV_REQUEST || f >= b->section[ARCHI_SEC_FRAME].used)
        return NULL;
    return (const archi_frame_t *)archi_section_const(b, ARCHI_SEC_FRAME) + f;
}

ARCH_HD static ARCH_ALWAYS_INLINE const archi_instr_t *archi_fetch_instr(const archi_plan_t *plan, uint32_t pc)
{
    return archi_plan_instrs(plan) + (pc < plan->n_instrs ? pc : 0);
}

ARCH_HD static ARCH_ALWAYS_INLINE const archi_element_t *archi_fetch_element(const archi_map_t *map, const archi_block_t *b,
                                                                            const archi_event_t *ev)
{
    return (const archi_element_t *)archi_section_const(b, ARCHI_SEC_ELEMENT) + archi_place_here(map, b, ev->dst);
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_fetch_first(const archi_map_t *map, const archi_block_t *b,
                                                         const archi_event_t *ev)
{
    const archi_frame_t *frame = archi_fetch_frame(b, ev);

    if (map->place_of != NULL)
        ARCH_PREFETCH(&map->place_of[ev->dst]);
    if (frame != NULL)
        ARCH_PREFETCH(frame);
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_fetch_second(const archi_plan_t *plan, const archi_map_t *map,
                                                          const archi_block_t *b, const archi_event_t *ev, uint32_t *pc)
{
    const archi_frame_t *frame = archi_fetch_frame(b, ev);
    const archi_element_t *el = archi_fetch_element(map, b, ev);

    ARCH_PREFETCH((const archi_lp_state_t *)archi_section_const(b, ARCHI_SEC_LP) + archi_place_here(map, b, ev->dst));
    ARCH_PREFETCH(el);
    if (ev->kind == ARCHI_EV_REQUEST || ev->kind == ARCHI_EV_REPLY)
        ARCH_PREFETCH(&el->n_arrived);
    if (frame == NULL)
        return;
    *pc = frame->pc;
    ARCH_PREFETCH(archi_fetch_instr(plan, *pc));
    if (ev->kind == ARCHI_EV_REPLY) {
        ARCH_PREFETCH(archi_fetch_instr(plan, *pc + 1));
        archi_fetch_home(map, frame->caller);
    }
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_fetch_third(const archi_plan_t *plan, const archi_map_t *map,
                                                         const archi_block_t *b, const archi_event_t *ev, uint32_t pc)
{
    const archi_instr_t *in = archi_fetch_instr(plan, pc);

    ARCH_PREFETCH(archi_plan_groups(plan) + archi_fetch_element(map, b, ev)->group);
    if (ev->kind == ARCHI_EV_REQUEST || ev->kind == ARCHI_EV_REPLY)
        return;
    if (in->op == ARCHI_OP_CHOOSE) {
        ARCH_PREFETCH(archi_plan_tables(plan) + in->b);
        ARCH_PREFETCH(archi_plan_branches(plan) + in->a);
    } else if (in->op == ARCHI_OP_CALL || in->op == ARCHI_OP_CACHE) {
        archi_fetch_home(map, in->route.first);
    }
}

/* Draws are functions of who draws: what will be chosen can be known before its time. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_fetch_choice(const archi_plan_t *plan, const archi_map_t *map,
                                                              const archi_block_t *b, const archi_event_t *ev,
                                                              const archi_instr_t *in, const archi_frame_t *frame)
{
    archi_context_t c;

    c.plan = plan;
    c.key = ((const archi_lp_state_t *)archi_section_const(b, ARCHI_SEC_LP) + archi_place_here(map, b, ev->dst))->key;
    return archi_choose(&c, in, frame);
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_fetch_fourth(const archi_plan_t *plan, const archi_map_t *map,
                                                          const archi_block_t *b, const archi_event_t *ev, uint32_t *pc)
{
    const archi_frame_t *frame = archi_fetch_frame(b, ev);
    const archi_instr_t *in = archi_fetch_instr(plan, *pc);
    const archi_group_t *group;

    if (ev->kind == ARCHI_EV_REQUEST) {
        group = archi_plan_groups(plan) + archi_fetch_element(map, b, ev)->group;
        *pc = group->program;
        if (ev->small == 0)
            ARCH_PREFETCH(archi_fetch_instr(plan, *pc));
        else
            ARCH_PREFETCH(archi_plan_endpoints(plan) + group->endpoint + ev->small);
    } else if (frame != NULL && ev->kind != ARCHI_EV_REPLY && in->op == ARCHI_OP_CHOOSE) {
        *pc = archi_fetch_choice(plan, map, b, ev, in, frame);
        ARCH_PREFETCH(archi_fetch_instr(plan, *pc));
    }
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_fetch_fifth(const archi_plan_t *plan, const archi_map_t *map,
                                                         const archi_block_t *b, const archi_event_t *ev, uint32_t pc)
{
    const archi_instr_t *in = archi_fetch_instr(plan, pc);

    if (ev->kind == ARCHI_EV_REPLY)
        return;
    if (ev->kind == ARCHI_EV_REQUEST && ev->small != 0)
        ARCH_PREFETCH(archi_fetch_instr(
            plan, archi_plan_endpoints(plan)[archi_plan_groups(plan)[archi_fetch_element(map, b, ev)->group].endpoint +
                                             ev->small]));
    else if (in->op == ARCHI_OP_CPU || in->op == ARCHI_OP_DELAY)
        ARCH_PREFETCH(archi_plan_vars(plan) + in->var);
    else if (in->op == ARCHI_OP_CALL || in->op == ARCHI_OP_CACHE)
        archi_fetch_home(map, in->route.first);
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_model_fetch(const void *plan, const archi_map_t *map, const archi_block_t *b,
                                                         const archi_event_t *ev, uint32_t stage, uint32_t *note)
{
    const archi_plan_t *p = (const archi_plan_t *)plan;

    switch (stage) {
    case 0: archi_fetch_first(map, b, ev); break;
    case 1: archi_fetch_second(p, map, b, ev, note); break;
    case 2: archi_fetch_third(p, map, b, ev, *note); break;
    case 3: archi_fetch_fourth(p, map, b, ev, note); break;
    default: archi_fetch_fifth(p, map, b, ev, *note);
    }
}

#endif
