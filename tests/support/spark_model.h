/* support/spark_model.h - a small model that tries executors: every process ticks, now and then throws a handful of sparks
 * at others, and keeps an entry of a pool for each spark until it fades. Time goes in steps of half a lookahead, so that
 * equal times and events at the very end of a window are the rule. A ball may go round besides. The digest depends on the
 * order of all events. */
#ifndef ARCH_TEST_SPARK_MODEL_H
#define ARCH_TEST_SPARK_MODEL_H

#include "engine/draw.h"
#include "engine/executor.h"
#include <stdlib.h>
#include <string.h>

enum { SPARK_LPS = ARCHI_FIRST_MODEL_SECTION, SPARK_POOL };
enum { TICK, SPARK, FADE, BALL };
enum { SPARK_N_LPS = 40, SPARK_LOOKAHEAD = 1000, SPARKS_AT_ONCE = 5 };

typedef struct {
    uint64_t checksum, n_events;
} spark_lp_t;

typedef struct {
    uint32_t free;  /* the pool's */
    uint32_t lit;   /* ticks until it fades, for the digest */
    uint32_t n_lit; /* times it was taken: what an entry last held stays, and one never taken holds 0 */
} spark_t;

typedef struct {
    arch_time_t least_delay; /* between processes; below SPARK_LOOKAHEAD it breaks the promise */
    uint32_t    reach;       /* sparks go to so many processes from number 0; 0: only back to the sender */
} spark_plan_t;

static const spark_plan_t spark_plan = {SPARK_LOOKAHEAD, SPARK_N_LPS};

ARCH_HD static ARCH_INLINE void spark_send(const archi_map_t *map, archi_block_t *b, archi_lp_t from, archi_lp_t to,
                                           arch_time_t delay, uint16_t kind, uint64_t word)
{
    archi_event_t ev;

    ev.at = b->now + delay;
    ev.dst = to;
    ev.kind = kind;
    ev.small = 0;
    ev.word[0] = word;
    ev.word[1] = ev.word[2] = 0;
    archi_send(map, b, from, archi_place(map, b, from), &ev);
}

ARCH_HD static ARCH_INLINE void spark_tick(const spark_plan_t *plan, const archi_map_t *map, archi_block_t *b,
                                           const archi_event_t *ev)
{
    archi_lp_state_t *lp = archi_lp_state(b, archi_place(map, b, ev->dst));
    archi_bits_t bits = archi_draw(lp->key, lp->n_draws++, 0);
    uint32_t i;

    spark_send(map, b, ev->dst, ev->dst, bits.w[0] % 8 * 500, TICK, 0);
    if (bits.w[1] % 4 != 0)
        return;
    for (i = 0; i < SPARKS_AT_ONCE; i++)
        spark_send(map, b, ev->dst, plan->reach == 0 ? ev->dst : (bits.w[2] + i * i) % plan->reach,
                   plan->least_delay + bits.w[3] % 3 * 500, SPARK, bits.w[3] >> 8);
}

ARCH_HD static ARCH_INLINE void spark_handle(const void *plan, const archi_map_t *map, archi_block_t *b,
                                             const archi_event_t *ev)
{
    spark_lp_t *lp = (spark_lp_t *)archi_section(b, SPARK_LPS) + archi_place(map, b, ev->dst);
    uint64_t who = (uint64_t)ev->src << 32 | ev->seq;
    uint32_t i;

    lp->n_events++;
    lp->checksum = archi_mix64(lp->checksum ^ archi_mix64(who ^ archi_mix64((uint64_t)ev->at * 4 + ev->kind)));
    if (ev->kind == BALL) {
        spark_send(map, b, ev->dst, (ev->dst + 7) % SPARK_N_LPS, SPARK_LOOKAHEAD, BALL, 0);
    } else if (ev->kind == TICK) {
        spark_tick((const spark_plan_t *)plan, map, b, ev);
    } else if (ev->kind == SPARK) {
        i = archi_pool_take(b, SPARK_POOL);
        ((spark_t *)archi_section(b, SPARK_POOL))[i].lit = (uint32_t)ev->word[0];
        ((spark_t *)archi_section(b, SPARK_POOL))[i].n_lit++;
        spark_send(map, b, ev->dst, ev->dst, 5000 + (arch_time_t)(ev->word[0] % 10) * 500, FADE, i);
    } else {
        lp->checksum += ((spark_t *)archi_section(b, SPARK_POOL))[ev->word[0]].lit;
        archi_pool_give(b, SPARK_POOL, (uint32_t)ev->word[0]);
    }
}

static archi_stop_t spark_step(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
    return archi_run_until(plan, map, b, horizon, spark_handle);
}

/* ---- a run of it on one rank of a net ------------------------------------------------------------------------------ */

typedef struct {
    archi_run_t            run;
    archi_executor_stats_t stats;
    archi_map_t            map;
    int                    ball_only; /* no ticks, one ball: nearly always it is under way between two blocks */
    archi_block_t         *block[SPARK_N_LPS];
    uint32_t               rank_of[SPARK_N_LPS];
    uint32_t               block_of[SPARK_N_LPS], place_of[SPARK_N_LPS];
} spark_run_t;

static int spark_first_event(const spark_run_t *s, archi_lp_t lp, archi_block_t **b)
{
    uint32_t place = archi_place(&s->map, *b, lp);

    archi_lp_state(*b, place)->key = archi_draw_key(1, 0, lp);
    if (s->ball_only && lp != 0)
        return 1;
    if (archi_block_make_room(b) != ARCH_OK)
        return 0;
    spark_send(&s->map, *b, lp, lp, lp % 3 * 500, s->ball_only ? BALL : TICK, 0);
    return 1;
}

static int spark_block(const spark_run_t *s, uint32_t id, uint32_t room, archi_block_t **b)
{
    archi_block_spec_t spec;

    memset(&spec, 0, sizeof spec);
    spec.id = id;
    for (archi_lp_t lp = 0; lp < SPARK_N_LPS; lp++)
        spec.n_lps += archi_block_of(&s->map, lp) == id;
    spec.n_events_hint = room;
    spec.max_sends = SPARKS_AT_ONCE + 1;
    spec.model[0] = (archi_section_spec_t){ARCHI_ARRAY, sizeof(spark_lp_t), spec.n_lps, 0};
    spec.model[1] = (archi_section_spec_t){ARCHI_POOL, sizeof(spark_t), room + 1, 1};
    if (archi_block_create(&spec, b) != ARCH_OK)
        return 0;
    for (archi_lp_t lp = 0; lp < SPARK_N_LPS; lp++)
        if (archi_block_of(&s->map, lp) == id && !spark_first_event(s, lp, b))
            return 0;
    return 1;
}

/* Processes dealt out like cards, or in stripes; blocks dealt out to ranks like cards. */
static void spark_map(spark_run_t *s, uint32_t n_blocks, int dealt)
{
    s->map.n_lps = SPARK_N_LPS;
    s->map.n_blocks = n_blocks;
    s->map.stripe = dealt ? 0 : (SPARK_N_LPS + n_blocks - 1) / n_blocks;
    s->map.block_of = s->block_of;
    s->map.place_of = s->place_of;
    for (archi_lp_t lp = 0; lp < SPARK_N_LPS; lp++) {
        s->block_of[lp] = lp % n_blocks;
        s->place_of[lp] = lp / n_blocks;
    }
}

/* 1 when the run is ready; spark_close() in any case. */
static int spark_open_as(spark_run_t *s, archi_net_t *net, uint32_t n_blocks, int dealt, uint32_t room, int ball_only)
{
    uint32_t rank = net == NULL ? 0 : archi_net_rank(net), size = net == NULL ? 1 : archi_net_size(net);

    memset(s, 0, sizeof *s);
    s->ball_only = ball_only;
    spark_map(s, n_blocks, dealt);
    for (uint32_t id = 0; id < n_blocks; id++) {
        s->rank_of[id] = id % size;
        if (s->rank_of[id] == rank && !spark_block(s, id, room, &s->block[s->run.n_local++]))
            return 0;
    }
    s->run.net = net;
    s->run.map = &s->map;
    s->run.rank_of = s->rank_of;
    s->run.block = s->block;
    s->run.plan = &spark_plan;
    s->run.step = spark_step;
    s->run.lookahead = SPARK_LOOKAHEAD;
    s->run.until = 300000;
    s->run.kind = size > 1 ? ARCHI_CONSERVATIVE : ARCHI_SEQUENTIAL;
    return 1;
}

static int spark_open(spark_run_t *s, archi_net_t *net, uint32_t n_blocks, int dealt, uint32_t room)
{
    return spark_open_as(s, net, n_blocks, dealt, room, 0);
}

static void spark_close(spark_run_t *s)
{
    for (uint32_t i = 0; i < SPARK_N_LPS; i++)
        archi_block_destroy(&s->block[i]);
}

/* Over all ranks. */
static uint64_t spark_digest(spark_run_t *s)
{
    uint64_t sum = 0;

    for (archi_lp_t lp = 0; lp < SPARK_N_LPS; lp++)
        for (uint32_t i = 0; i < s->run.n_local; i++)
            if (archi_block_of(&s->map, lp) == s->block[i]->id) {
                uint32_t place = archi_place(&s->map, s->block[i], lp);
                const spark_lp_t *state = (const spark_lp_t *)archi_section(s->block[i], SPARK_LPS) + place;
                sum += archi_mix64(state->checksum ^ archi_mix64(state->n_events + lp));
            }
    if (s->run.net != NULL && archi_net_sum_u64(s->run.net, &sum, 1) != ARCH_OK)
        return 0;
    return sum;
}

#endif
