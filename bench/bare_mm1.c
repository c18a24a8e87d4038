/* bench/bare_mm1.c - members of an ensemble of M/M/1 queues, 0.8 customers a second and a second of service each. */
#include "bench/bare.h"
#include "bench/mm1_model.h"
#include "engine/executor.h"

static plan_t plan;

static archi_stop_t step(const void *p, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
    return archi_run_until(p, map, b, horizon, handle);
}

static arch_status_t make(uint32_t member, archi_block_t **b)
{
    const archi_map_t map = {N_LPS, 1, N_LPS, NULL, NULL};
    archi_block_spec_t spec;

    memset(&spec, 0, sizeof spec);
    spec.replication = member;
    spec.seed = 1;
    spec.n_lps = N_LPS;
    spec.n_events_hint = 64;
    spec.max_sends = 2;
    spec.model[STATION - ARCHI_FIRST_MODEL_SECTION] = (archi_section_spec_t){ARCHI_ARRAY, sizeof(station_t), 1, 0};
    spec.model[WAITING - ARCHI_FIRST_MODEL_SECTION] = (archi_section_spec_t){ARCHI_POOL, sizeof(waiting_t), 128, 1};
    ARCH_TRY(archi_block_create(&spec, b));
    archi_lp_state(*b, SOURCE)->key = archi_draw_key(1, member, archi_hash_bytes("source", 6));
    ARCH_TRY(archi_block_make_room(b));
    send(&map, *b, SOURCE, SOURCE, 0, BORN, 0);
    return ARCH_OK;
}

static uint64_t digest(const archi_block_t *b)
{
    const station_t *s = archi_section_const(b, STATION);

    return archi_mix64(s->checksum ^ archi_mix64(s->n_left + b->replication));
}

/* Every customer has left long before the end: the last gaps of 1.25 s and the line are nothing beside it. */
bare_model_t bare_mm1(uint32_t customers)
{
    plan = (plan_t){1e9 / 0.8, 1e9, customers};
    return (bare_model_t){BARE_MM1, customers, (arch_time_t)(2e9 * customers) + 1000 * ARCH_SECOND,
                          {N_LPS, 1, N_LPS, NULL, NULL}, step, &plan, sizeof plan, make, digest};
}
