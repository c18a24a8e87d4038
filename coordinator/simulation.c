/* coordinator/simulation.c - a replication that is stepped: made, run, saved, branched. */
#include "coordinator/machine.h"
#include "coordinator/plug.h"
#include "coordinator/simulation.h"
#include "engine/block_pack.h"
#include "engine/draw.h"
#include "engine/executor.h"
#include "model/check.h"
#include "model/graft.h"
#include "model/plan.h"
#include <architech/version.h>
#include <stdlib.h>
#include <string.h>

/* ---- made and given back ------------------------------------------------------------------------------------------- */

void arch_simulation_destroy(arch_simulation_t **simulation)
{
    arch_simulation_t *s = simulation != NULL ? *simulation : NULL;

    if (s == NULL)
        return;
    *simulation = NULL;
    archi_watching_free(&s->user);
    archi_scalers_free(s);
    free(s->policy);
    archi_block_destroy(&s->block);
    archi_plan_destroy(&s->plan);
    arch_design_destroy(&s->design);
    free(s);
}

static uint64_t sum_of(const void *bytes, size_t n)
{
    const char *from = bytes;
    uint64_t h = n, word;

    for (; n >= sizeof word; n -= sizeof word, from += sizeof word) {
        memcpy(&word, from, sizeof word);
        h = archi_mix64(h ^ word) + 0x9e3779b97f4a7c15ull;
    }
    return archi_mix64(h ^ archi_hash_bytes(from, n));
}

static arch_status_t compile(arch_simulation_t *s, const arch_simulation_options_t *o)
{
    uint32_t n;

    s->policy = malloc(((size_t)o->n_policies + 1) * sizeof *s->policy);
    if (s->policy == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u policies", (unsigned)o->n_policies);
    if (o->n_policies > 0)
        memcpy(s->policy, o->policy, o->n_policies * sizeof *s->policy);
    s->n_policies = o->n_policies;
    ARCH_TRY(archi_plan_compile_plugged(s->design, s->policy, s->n_policies, &s->plan));
    archi_plan_host(s->plan, NULL); /* addresses are no part of what it is */
    s->plan_sum = sum_of(s->plan, archi_plan_bytes(s->plan));
    archi_plan_host(s->plan, s->policy);
    n = archi_plan_n_elements(s->plan);
    s->map = (archi_map_t){n, 1, n, NULL, NULL};
    return ARCH_OK;
}

/* A simulation of a copy of the design, compiled, without a block. */
static arch_status_t begin(const arch_design_t *design, uint32_t replication, const arch_simulation_options_t *options,
                           arch_simulation_t **out)
{
    static const arch_simulation_options_t defaults;
    const arch_simulation_options_t *o = options != NULL ? options : &defaults;
    arch_problems_t problems = {0, NULL};
    arch_simulation_t *s = calloc(1, sizeof *s);
    arch_status_t st;

    *out = s;
    if (s == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a simulation");
    s->replication = replication;
    s->memory_limit = o->memory_limit > 0 ? o->memory_limit : archi_machine_free_bytes() / 5 * 4; /* as arch_run() does */
    st = arch_design_change(design, NULL, 0, &s->design, &problems);
    arch_problems_clear(&problems);
    if (st == ARCH_OK)
        st = compile(s, o);
    if (st != ARCH_OK)
        arch_simulation_destroy(out);
    return st;
}

static arch_status_t first_block(arch_simulation_t *s)
{
    uint32_t n = archi_plan_n_elements(s->plan), *all = malloc(((size_t)n + 1) * sizeof *all);
    arch_status_t st;

    if (all == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u elements", (unsigned)n);
    for (uint32_t e = 0; e < n; e++)
        all[e] = e;
    st = archi_model_block_create(s->plan, &s->map, 0, all, n, s->replication, s->design->run.seed, &s->block);
    free(all);
    return st;
}

arch_status_t arch_simulation_create(const arch_design_t *design, uint32_t replication,
                                     const arch_simulation_options_t *options, arch_simulation_t **out)
{
    arch_status_t st;

    *out = NULL;
    st = begin(design, replication, options, out);
    if (st == ARCH_OK)
        st = first_block(*out);
    if (st != ARCH_OK)
        arch_simulation_destroy(out);
    return st;
}

/* ---- running -------------------------------------------------------------------------------------------------------- */

/* The words for a user whose design filled the memory. */
static arch_status_t blame(const arch_simulation_t *s)
{
    archi_element_info_t info;
    uint32_t element;
    uint64_t n;

    archi_model_largest(s->plan, s->block, &element, &n);
    archi_plan_element(s->plan, element, &info);
    return ARCH_FAIL(ARCH_E_FULL, "memory ran out after %.9g s: %s holds %llu requests; lower the load or bound its queue",
                     (double)s->block->now * 1e-9, info.name, (unsigned long long)n);
}

static arch_status_t run_events(arch_simulation_t *s, arch_time_t until)
{
    archi_executor_stats_t stats;
    archi_run_t run;
    arch_status_t st;

    memset(&run, 0, sizeof run);
    run.map = &s->map;
    run.block = &s->block;
    run.n_local = 1;
    run.plan = s->plan;
    run.step = archi_model_step;
    run.lookahead = ARCH_TIME_MAX;
    run.until = until;
    run.kind = ARCHI_SEQUENTIAL;
    run.memory_limit = s->memory_limit;
    st = archi_execute(&run, &stats);
    s->now = st == ARCH_OK ? until : s->block->now > s->now ? s->block->now : s->now;
    return st == ARCH_E_FULL || st == ARCH_E_NOMEM ? blame(s) : st;
}

arch_status_t arch_simulation_run_to(arch_simulation_t *s, arch_time_t until)
{
    if (until > archi_plan_duration(s->plan))
        until = archi_plan_duration(s->plan);
    while (s->now < until) {
        arch_time_t next = archi_scalers_next(s);
        ARCH_TRY(run_events(s, next < until ? next : until));
        ARCH_TRY(archi_scalers_act(s));
    }
    return ARCH_OK;
}

arch_time_t arch_simulation_now(const arch_simulation_t *s) { return s->now; }
uint64_t arch_simulation_events(const arch_simulation_t *s) { return s->block->n_events; }
const arch_design_t *arch_simulation_design(const arch_simulation_t *s) { return s->design; }

/* ---- saved ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    char        magic[16];
    char        version[16]; /* of the library */
    uint64_t    plan, seed;  /* a hash of the plan */
    uint64_t    sum;         /* of the bytes behind it */
    uint64_t    n_bytes;     /* of the block; before it stand the groups' active replicas, 4 bytes each */
    arch_time_t now;
    uint32_t    replication, unused;
} head_t;

static const char magic[16] = "architech-state";

static head_t head_of(const arch_simulation_t *s)
{
    head_t h;

    memset(&h, 0, sizeof h);
    memcpy(h.magic, magic, sizeof magic);
    strncpy(h.version, arch_version(), sizeof h.version - 1);
    h.plan = s->plan_sum;
    h.seed = s->design->run.seed;
    return h;
}

/* A whole number of words, so that the block behind them lies as blocks must. */
static size_t active_bytes(const arch_simulation_t *s)
{
    return (archi_plan_n_groups(s->plan) + (size_t)1) / 2 * sizeof(uint64_t);
}

arch_status_t arch_simulation_snapshot(const arch_simulation_t *s, void **bytes, size_t *n_bytes)
{
    head_t h = head_of(s);
    size_t active = active_bytes(s);
    char *all;

    h.n_bytes = archi_block_packed_bytes(s->block);
    h.now = s->now;
    h.replication = s->replication;
    *n_bytes = 0;
    *bytes = all = malloc(sizeof h + active + h.n_bytes);
    if (all == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a state of %llu bytes", (unsigned long long)h.n_bytes);
    memset(all + sizeof h, 0, active);
    for (uint32_t g = 0; g < archi_plan_n_groups(s->plan); g++) {
        uint32_t n = archi_plan_active(s->plan, g);
        memcpy(all + sizeof h + g * sizeof n, &n, sizeof n);
    }
    archi_block_pack(s->block, all + sizeof h + active);
    archi_block_pack_clean(all + sizeof h + active);
    h.sum = sum_of(all + sizeof h, active + h.n_bytes);
    memcpy(all, &h, sizeof h);
    *n_bytes = sizeof h + active + h.n_bytes;
    return ARCH_OK;
}

static arch_status_t check_head(const head_t *h, const head_t *mine, const char *bytes, size_t n_bytes)
{
    if (memcmp(h->magic, mine->magic, sizeof magic) != 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "these bytes are not the state of a simulation");
    if (memcmp(h->version, mine->version, sizeof h->version) != 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "the state was saved by version %.15s, this is %s", h->version, mine->version);
    if (h->n_bytes > n_bytes - sizeof *h || sum_of(bytes + sizeof *h, n_bytes - sizeof *h) != h->sum)
        return ARCH_FAIL(ARCH_E_FORMAT, "the state of the simulation was cut short or changed since it was saved");
    if (h->plan != mine->plan || h->seed != mine->seed)
        return ARCH_FAIL(ARCH_E_FORMAT, "the state is of another design, seed or set of policies; restore it with its own, "
                                        "then branch");
    return ARCH_OK;
}

static bool take_active(arch_simulation_t *s, const char *bytes)
{
    for (uint32_t g = 0; g < archi_plan_n_groups(s->plan); g++) {
        uint32_t n;
        memcpy(&n, bytes + g * sizeof n, sizeof n);
        if (n < 1 || n > archi_plan_replicas(s->plan, g))
            return false;
        archi_plan_activate(s->plan, g, n);
    }
    return true;
}

static arch_status_t take_state(arch_simulation_t *s, const char *bytes, size_t n_bytes)
{
    head_t h, mine = head_of(s);
    const char *wrong;
    uint32_t id;

    if (n_bytes < sizeof h)
        return ARCH_FAIL(ARCH_E_FORMAT, "these bytes are not the state of a simulation");
    memcpy(&h, bytes, sizeof h);
    ARCH_TRY(check_head(&h, &mine, bytes, n_bytes));
    if (h.n_bytes + active_bytes(s) != n_bytes - sizeof h || !take_active(s, bytes + sizeof h))
        return ARCH_FAIL(ARCH_E_FORMAT, "the state cannot be one of this design: its replicas are wrong");
    ARCH_TRY(archi_block_unpack(bytes + sizeof h + active_bytes(s), h.n_bytes, 0, &s->block));
    wrong = archi_model_check(s->plan, &s->map, &s->block, &id);
    if (wrong != NULL || s->block->now > h.now || h.now > archi_plan_duration(s->plan))
        return ARCH_FAIL(ARCH_E_FORMAT, "the state cannot be one of this design: %s", wrong ? wrong : "its time is wrong");
    s->now = h.now;
    s->replication = h.replication;
    return ARCH_OK;
}

arch_status_t arch_simulation_restore(const arch_design_t *design, const arch_simulation_options_t *options,
                                      const void *bytes, size_t n_bytes, arch_simulation_t **out)
{
    arch_status_t st;

    *out = NULL;
    st = begin(design, 0, options, out);
    if (st == ARCH_OK)
        st = take_state(*out, bytes, n_bytes);
    if (st == ARCH_OK)
        st = arch_simulation_mark(*out);
    if (st != ARCH_OK)
        arch_simulation_destroy(out);
    return st;
}

/* ---- branched ------------------------------------------------------------------------------------------------------- */

/* What is counted by slice and interval must go on being so. */
static arch_status_t check_time(const archi_plan_t *a, const archi_plan_t *b)
{
    if (a->duration != b->duration)
        return ARCH_FAIL(ARCH_E_ARG, "/run/duration: is %.9g s, but the simulation began with %.9g s",
                         (double)b->duration * 1e-9, (double)a->duration * 1e-9);
    if (a->n_slices != b->n_slices || memcmp(a->slice_begin, b->slice_begin, a->n_slices * sizeof *a->slice_begin) != 0)
        return ARCH_FAIL(ARCH_E_ARG, "/run/warmup: is another than the simulation began with");
    if (a->interval != b->interval)
        return ARCH_FAIL(ARCH_E_ARG, "/run/interval: is %.9g s, but the simulation began with %.9g s",
                         (double)b->interval * 1e-9, (double)a->interval * 1e-9);
    return ARCH_OK;
}

/* Endpoints and queries that there are keep their numbers; the plan does not know their names. */
static arch_status_t check_endpoints(const arch_design_t *a, const arch_design_t *b)
{
    for (uint32_t i = 0; i < a->n_services; i++)
        for (uint32_t k = 0; k < b->n_services; k++) {
            const arch_service_t *x = &a->service[i], *y = &b->service[k];
            uint32_t n = x->n_endpoints < y->n_endpoints ? x->n_endpoints : y->n_endpoints;
            if ((i != k && a->n_services == b->n_services) || strcmp(x->name, y->name) != 0)
                continue;
            for (uint32_t e = 0; e < n; e++)
                if (strcmp(x->endpoint[e].name, y->endpoint[e].name) != 0)
                    return ARCH_FAIL(ARCH_E_ARG, "the design cannot go on from here: %s has \"%s\" where it had \"%s\"; new "
                                                 "endpoints belong behind those that there are",
                                     x->name, y->endpoint[e].name, x->endpoint[e].name);
        }
    return ARCH_OK;
}

/* Services whose replicas are all active stay so when there are more of them. */
static void carry_active(const arch_simulation_t *from, arch_simulation_t *to)
{
    for (uint32_t i = 0; i < from->design->n_services; i++) {
        const char *name = from->design->service[i].name;
        uint32_t n = arch_simulation_active(from, name);
        if (n < from->design->service[i].replicas)
            (void)arch_simulation_activate(to, name, n); /* it is there, with no fewer replicas */
    }
}

static arch_status_t graft(const arch_simulation_t *from, arch_simulation_t *to)
{
    ARCH_TRY(check_time(from->plan, to->plan));
    ARCH_TRY(check_endpoints(from->design, to->design));
    ARCH_TRY(archi_model_graft(from->plan, to->plan, from->block, from->now, to->design->run.seed, &to->block));
    to->now = from->now;
    carry_active(from, to);
    return arch_simulation_mark(to);
}

arch_status_t arch_simulation_branch(const arch_simulation_t *simulation, const arch_design_t *design,
                                     arch_simulation_t **out)
{
    arch_simulation_options_t options = {simulation->memory_limit, simulation->policy, simulation->n_policies};
    arch_status_t st;

    *out = NULL;
    st = begin(design != NULL ? design : simulation->design, simulation->replication, &options, out);
    if (st == ARCH_OK)
        st = graft(simulation, *out);
    if (st != ARCH_OK)
        arch_simulation_destroy(out);
    return st;
}
