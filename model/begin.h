/* model/begin.h - how a replication begins and ends: the keys of its draws, the first events of its sources, and the time
 * integrals closed. The same functions on a core, where blocks grow as they begin, and on a GPU, where they cannot. */
#ifndef ARCHI_BEGIN_H
#define ARCHI_BEGIN_H

#include "model/handle.h"

/* Round robin starts at a random replica, so that callers do not march in step. */
ARCH_HD static ARCH_INLINE void archi_begin_peers(const archi_plan_t *plan, archi_block_t *b, const archi_element_t *el,
                                                  uint64_t key)
{
    const archi_group_t *g = archi_plan_groups(plan) + el->group;
    uint64_t *word = (uint64_t *)archi_section(b, ARCHI_SEC_PEER) + el->peers;
    uint32_t i;

    for (i = 0; i < g->n_peers; i++) {
        const archi_peers_t *p = archi_plan_peers(plan) + g->peers + i;
        word[p->first] =
            archi_below(archi_mix64(key ^ archi_mix64(el->number) ^ p->target), archi_plan_groups(plan)[p->target].n);
    }
}

/* What of the element at `place` depends on the block's seed and replication. The rest of it is set, and none of its events
 * pending. */
ARCH_HD static ARCH_INLINE void archi_begin_element(const archi_plan_t *plan, archi_block_t *b, uint32_t place)
{
    const archi_element_t *el = (const archi_element_t *)archi_section(b, ARCHI_SEC_ELEMENT) + place;
    uint64_t key = archi_draw_key(b->seed, b->replication, archi_plan_groups(plan)[el->group].name_hash);

    archi_lp_state(b, place)->key = key;
    archi_begin_peers(plan, b, el, key);
}

/* How many events of the element at `place` are pending when time begins: an open workload's first arrival, every user's
 * first thinking. */
ARCH_HD static ARCH_INLINE uint32_t archi_begin_events(const archi_plan_t *plan, const archi_block_t *b, uint32_t place)
{
    const archi_element_t *el = (const archi_element_t *)archi_section_const(b, ARCHI_SEC_ELEMENT) + place;
    const archi_group_t *g = archi_plan_groups(plan) + el->group;

    if (g->is != ARCHI_IS_SOURCE)
        return 0;
    return g->load == ARCHI_LOAD_CLOSED ? g->users : 1;
}

/* Number u of them. The block has room for it. */
ARCH_HD static ARCH_INLINE void archi_begin_event(const archi_plan_t *plan, const archi_map_t *map, archi_block_t *b,
                                                  uint32_t place, uint32_t u)
{
    archi_context_t c;

    archi_context_init(&c, plan, map, b, ((const archi_element_t *)archi_section(b, ARCHI_SEC_ELEMENT) + place)->number,
                       place, 0);
    if (c.group->load != ARCHI_LOAD_CLOSED) {
        archi_next_arrival(&c);
    } else {
        uint32_t ticket = archi_ticket_take(&c);
        archi_ticket_t *t = archi_ticket(&c, ticket);
        t->user = u;
        t->count = 0;
        t->peer = ARCHI_NIL;
        archi_think(&c, ticket);
    }
}

/* All of it, in a block that is empty but for its elements and cannot grow. ARCHI_NEEDS_ROOM: it is of no use. */
ARCH_HD static ARCH_INLINE archi_stop_t archi_begin_block(const archi_plan_t *plan, const archi_map_t *map, archi_block_t *b)
{
    uint32_t place, u, n;

    for (place = 0; place < b->n_lps; place++)
        archi_begin_element(plan, b, place);
    for (place = 0; place < b->n_lps; place++) {
        n = archi_begin_events(plan, b, place);
        for (u = 0; u < n; u++) {
            if (!archi_block_has_room(b))
                return ARCHI_NEEDS_ROOM;
            archi_begin_event(plan, map, b, place, u);
        }
    }
    return ARCHI_REACHED;
}

/* Close the time integrals at `until`; after this the block is only read. */
ARCH_HD static ARCH_INLINE void archi_end_block(const archi_plan_t *plan, archi_block_t *b, arch_time_t until)
{
    archi_context_t c;
    uint32_t place;

    for (place = 0; place < b->n_lps; place++) {
        archi_context_init(&c, plan, NULL, b, 0, place, until);
        archi_cross(&c, until);
    }
}

#endif
