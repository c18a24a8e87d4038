/* bench/bare_phold.c - members of an ensemble of PHOLDs: half of the events go anywhere, lookahead 0.1 s, mean 1 s. */
#include "bench/bare.h"
#include "bench/phold_model.h"
#include "engine/executor.h"

static plan_t plan;

static archi_stop_t step(const void *p, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
    return archi_run_until(p, map, b, horizon, handle);
}

/* The first events go to the process itself. */
static arch_status_t make(uint32_t member, archi_block_t **b)
{
    const archi_map_t map = {plan.n_lps, 1, plan.n_lps, NULL, NULL};
    plan_t local = plan;
    archi_block_spec_t spec;

    local.remote = 0;
    memset(&spec, 0, sizeof spec);
    spec.replication = member;
    spec.seed = 1;
    spec.n_lps = plan.n_lps;
    spec.n_events_hint = plan.n_lps + plan.n_lps / 8 + 16;
    spec.max_sends = 1;
    spec.model[0] = (archi_section_spec_t){ARCHI_ARRAY, sizeof(lp_t), spec.n_lps, 0};
    ARCH_TRY(archi_block_create(&spec, b));
    for (uint32_t place = 0; place < plan.n_lps; place++) {
        archi_lp_state(*b, place)->key = archi_draw_key(1, member, place);
        ARCH_TRY(archi_block_make_room(b));
        send_next(&local, &map, *b, place, place);
    }
    return archi_block_make_room(b); /* buckets, if it wants them: on a GPU it could not have them */
}

static uint64_t digest(const archi_block_t *b)
{
    const lp_t *lp = archi_section_const(b, LPS);
    uint64_t sum = 0;

    for (uint32_t i = 0; i < b->n_lps; i++)
        sum += archi_mix64(lp[i].checksum ^ archi_mix64(lp[i].n_events ^ archi_mix64(((uint64_t)b->replication << 32) + i)));
    return sum;
}

bare_model_t bare_phold(uint32_t lps, double end_s)
{
    plan = (plan_t){0.9e9, 100000000, (uint64_t)1 << 31, lps};
    return (bare_model_t){BARE_PHOLD, lps, (arch_time_t)(1e9 * end_s), {lps, 1, lps, NULL, NULL}, step, &plan, sizeof plan,
                          make, digest};
}
