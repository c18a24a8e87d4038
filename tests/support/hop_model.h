/* support/hop_model.h - a model for what ranks promise each other: processes tick, and at every other tick send a hop to
 * another process, later by what that pair promises. Runs in the blocks of support/spark_model.h. */
#ifndef ARCH_TEST_HOP_MODEL_H
#define ARCH_TEST_HOP_MODEL_H

#include "support/spark_model.h"

enum { HOP_TICK = TICK, HOP = 4 };

typedef struct {
    arch_time_t gap;      /* ticks are up to four of these apart */
    arch_time_t lookahead;
    arch_time_t spread;   /* a hop to process p takes the lookahead and p % 5 of these at least */
    int         upward;   /* 1: only to processes with higher numbers */
    arch_time_t apart;    /* so much more from an even to an odd process, or back */
} hop_plan_t;

typedef struct {
    spark_run_t  spark;
    archi_link_t link[SPARK_N_LPS * SPARK_N_LPS];
} hop_run_t;

static ARCH_INLINE arch_time_t hop_delay(const hop_plan_t *plan, archi_lp_t from, archi_lp_t to)
{
    return plan->lookahead + to % 5 * plan->spread + (from ^ to) % 2 * plan->apart;
}

static ARCH_INLINE void hop_handle(const void *user, const archi_map_t *map, archi_block_t *b, const archi_event_t *ev)
{
    const hop_plan_t *plan = (const hop_plan_t *)user;
    uint32_t place = archi_place(map, b, ev->dst);
    spark_lp_t *lp = (spark_lp_t *)archi_section(b, SPARK_LPS) + place;
    archi_lp_state_t *state = archi_lp_state(b, place);
    archi_bits_t bits = archi_draw(state->key, state->n_draws++, 0);
    uint32_t first = plan->upward ? ev->dst + 1 : 0, to = first;

    lp->n_events++;
    lp->checksum = archi_mix64(lp->checksum ^ archi_mix64(((uint64_t)ev->src << 32 | ev->seq) ^ (uint64_t)ev->at * 8));
    if (ev->kind != HOP_TICK)
        return;
    spark_send(map, b, ev->dst, ev->dst, bits.w[0] % 4 * plan->gap + plan->gap / 2 * (bits.w[1] % 2), HOP_TICK, 0);
    if (first < SPARK_N_LPS)
        to = first + bits.w[2] % (SPARK_N_LPS - first);
    if (bits.w[3] % 2 == 0 && to < SPARK_N_LPS && to != ev->dst)
        spark_send(map, b, ev->dst, to, hop_delay(plan, ev->dst, to) + bits.w[3] / 2 % 3 * (plan->gap / 4), HOP, 0);
}

static archi_stop_t hop_step(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
    return archi_run_until(plan, map, b, horizon, hop_handle);
}

static void hop_promise(hop_run_t *h, uint32_t from, uint32_t to, arch_time_t lookahead)
{
    archi_run_t *run = &h->spark.run;
    uint32_t i = 0;

    while (i < run->n_links && (h->link[i].from != from || h->link[i].to != to))
        i++;
    if (i == run->n_links)
        h->link[run->n_links++] = (archi_link_t){from, to, lookahead};
    if (lookahead < h->link[i].lookahead)
        h->link[i].lookahead = lookahead;
}

/* 1 when the run is ready; spark_close(&h->spark) in any case. With `told`, pairs of blocks are told what they promise. */
static int hop_open(hop_run_t *h, archi_net_t *net, const hop_plan_t *plan, uint32_t n_blocks, int dealt, int told)
{
    int ready = spark_open(&h->spark, net, n_blocks, dealt, 0);
    archi_run_t *run = &h->spark.run;

    run->plan = plan;
    run->step = hop_step;
    run->lookahead = plan->lookahead;
    run->until = 100 * plan->gap;
    if (!told)
        return ready;
    run->link = h->link;
    for (archi_lp_t from = 0; from < SPARK_N_LPS; from++)
        for (archi_lp_t to = plan->upward ? from + 1 : 0; to < SPARK_N_LPS; to++)
            if (archi_block_of(&h->spark.map, from) != archi_block_of(&h->spark.map, to))
                hop_promise(h, archi_block_of(&h->spark.map, from), archi_block_of(&h->spark.map, to),
                            hop_delay(plan, from, to));
    return ready;
}

#endif
