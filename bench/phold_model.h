/* bench/phold_model.h - the handler of PHOLD, for bench/phold.c and for ensembles of it; C11 that is also CUDA C++. */
#ifndef ARCH_BENCH_PHOLD_MODEL_H
#define ARCH_BENCH_PHOLD_MODEL_H

#include "engine/draw.h"
#include "engine/elementary.h"
#include "engine/run.h"

typedef struct {
    double mean_ticks; /* of the exponential part */
    arch_time_t lookahead;
    uint64_t remote; /* a draw of 32 bits below this is for any process */
    uint32_t n_lps;
} plan_t;

typedef struct {
    uint64_t n_events;
    uint64_t checksum;
} lp_t;

enum { LPS = ARCHI_FIRST_MODEL_SECTION };

ARCH_HD static ARCH_ALWAYS_INLINE void send_next(const plan_t *plan, const archi_map_t *map, archi_block_t *b,
                                                 archi_lp_t self, uint32_t place)
{
    archi_lp_state_t *lp = archi_lp_state(b, place);
    archi_bits_t bits = archi_draw(lp->key, lp->n_draws++, 0);
    double delay = -archi_log(archi_uniform(archi_bits64(bits, 0))) * plan->mean_ticks;
    archi_event_t ev;

    ev.at = b->now + plan->lookahead + (arch_time_t)delay;
    ev.dst = bits.w[2] < plan->remote ? (archi_lp_t)(((uint64_t)bits.w[3] * plan->n_lps) >> 32) : self;
    ev.kind = 0;
    ev.small = 0;
    ev.word[0] = ev.word[1] = ev.word[2] = 0;
    archi_send(map, b, self, place, &ev);
}

ARCH_HD static ARCH_ALWAYS_INLINE void handle(const void *plan, const archi_map_t *map, archi_block_t *b,
                                              const archi_event_t *ev)
{
    uint32_t place = archi_place_here(map, b, ev->dst);
    lp_t *lp = (lp_t *)archi_section(b, LPS) + place;
    uint64_t who = (uint64_t)ev->src << 32 | ev->seq;

    lp->n_events++;
    lp->checksum = lp->checksum * 0x9e3779b97f4a7c15ull + (who ^ (uint64_t)ev->at * 0xd1342543de82ef95ull);
    send_next((const plan_t *)plan, map, b, ev->dst, place);
}

#endif
