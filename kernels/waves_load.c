/* kernels/waves_load.c - choosing the members of a wave, and bringing them to the device: one copy of each scenario's plan
 * and prototype, tables, and room for their blocks. */
#include "kernels/ensemble.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_MEMBERS = 1 << 20, LANE = 256 };

static uint64_t align(uint64_t n) { return (n + LANE - 1) / LANE * LANE; }

/* ---- choosing ---------------------------------------------------------------------------------------------------- */

/* What the wave's scenarios are on the host until they are copied. */
typedef struct {
    archi_block_t        **prototype; /* [n_scenarios] */
    archi_wave_scenario_t *table;     /* [n_scenarios], with addresses of the device */
    uint32_t               n, capacity;
    uint64_t               bytes;     /* of plans and prototypes on the device */
} cargo_t;

static arch_status_t no_memory(const archi_waves_t *v)
{
    return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a wave of %u members", v->n);
}

static arch_status_t widen(archi_waves_t *v)
{
    uint32_t capacity = v->capacity > 0 ? 2 * v->capacity : 1024;
    uint32_t *number = realloc(v->number, capacity * sizeof *number);
    archi_wave_member_t *member = NULL;
    archi_wave_report_t *report = NULL;

    v->number = number != NULL ? number : v->number;
    member = realloc(v->member, capacity * sizeof *member);
    v->member = member != NULL ? member : v->member;
    report = realloc(v->report, capacity * sizeof *report);
    v->report = report != NULL ? report : v->report;
    if (number == NULL || member == NULL || report == NULL)
        return no_memory(v);
    v->capacity = capacity;
    return ARCH_OK;
}

static arch_status_t add_scenario(archi_waves_t *v, cargo_t *c, uint32_t scenario)
{
    archi_block_t *b = NULL;
    bool seen;

    if (c->n == c->capacity) {
        uint32_t capacity = c->capacity > 0 ? 2 * c->capacity : 64;
        archi_block_t **more = realloc(c->prototype, capacity * sizeof *more);
        if (more == NULL)
            return no_memory(v);
        c->prototype = more;
        c->capacity = capacity;
    }
    ARCH_TRY(archi_shapes_prototype(v->e, scenario, &b, &seen));
    c->prototype[c->n] = b;
    v->scenario[c->n++] = scenario;
    c->bytes += align(archi_plan_bytes(v->e->spec.scenario[scenario].plan)) + align(b->bytes);
    return ARCH_OK;
}

/* What a member takes beside its block. */
static uint64_t table_bytes(const cargo_t *c, uint32_t n)
{
    return align(c->n * sizeof(archi_wave_scenario_t)) + align(n * sizeof(archi_wave_member_t)) +
           align(n * sizeof(archi_wave_report_t));
}

/* An eighth is left for what is packed. */
static bool fits(const archi_waves_t *v, const cargo_t *c, uint64_t block_bytes)
{
    return c->bytes + table_bytes(c, v->n + 1) + v->region_bytes + align(block_bytes) <= v->budget - v->budget / 8;
}

/* Members from v->next on, as many as fit; never none. */
static arch_status_t choose(archi_waves_t *v, cargo_t *c, uint32_t most)
{
    const archi_ensemble_spec_t *spec = &v->e->spec;

    v->n = 0;
    v->region_bytes = 0;
    for (v->end = v->next; v->end < spec->n_members && v->n < most; v->end++) {
        const archi_member_t *m = &spec->member[v->end];
        if (v->e->begun[v->end])
            continue;
        if (c->n == 0 || v->scenario[c->n - 1] != m->scenario)
            ARCH_TRY(add_scenario(v, c, m->scenario));
        if (v->n > 0 && !fits(v, c, c->prototype[c->n - 1]->bytes))
            break;
        if (v->n == v->capacity)
            ARCH_TRY(widen(v));
        v->number[v->n] = v->end;
        v->member[v->n] = (archi_wave_member_t){v->region_bytes, 0, spec->scenario[m->scenario].seed, c->n - 1,
                                                m->replication};
        v->region_bytes += align(c->prototype[c->n - 1]->bytes);
        v->n++;
    }
    return ARCH_OK;
}

static void drop_cargo(cargo_t *c)
{
    for (uint32_t i = 0; i < c->n; i++)
        archi_block_destroy(&c->prototype[i]);
    free(c->prototype);
    free(c->table);
    memset(c, 0, sizeof *c);
}

/* ---- bringing ---------------------------------------------------------------------------------------------------- */

void archi_waves_unload(archi_waves_t *v)
{
    v->d->give(v->d, v->output);
    v->d->give(v->d, v->region);
    v->d->give(v->d, v->tables);
    v->d->give(v->d, v->library);
    v->output = v->region = v->tables = v->library = NULL;
}

/* *got: there was memory for all of it. */
static arch_status_t take(archi_waves_t *v, const cargo_t *c, bool *got)
{
    uint64_t all = c->bytes + table_bytes(c, v->n) + v->region_bytes;

    *got = false;
    if (all > v->budget)
        return ARCH_OK;
    ARCH_TRY(v->d->take(v->d, c->bytes, &v->library));
    if (v->library != NULL)
        ARCH_TRY(v->d->take(v->d, table_bytes(c, v->n), &v->tables));
    if (v->tables != NULL)
        ARCH_TRY(v->d->take(v->d, v->region_bytes, &v->region));
    *got = v->region != NULL;
    v->taken_bytes = all;
    return ARCH_OK;
}

static arch_status_t put_scenario(archi_waves_t *v, cargo_t *c, uint32_t i, uint64_t *at)
{
    const archi_plan_t *plan = v->e->spec.scenario[v->scenario[i]].plan;
    archi_wave_scenario_t *s = &c->table[i];
    char *to = (char *)v->library + *at;

    s->plan = (const archi_plan_t *)(const void *)to;
    s->prototype = (const archi_block_t *)(const void *)(to + align(archi_plan_bytes(plan)));
    s->bytes = c->prototype[i]->bytes;
    *at += align(archi_plan_bytes(plan)) + align(s->bytes);
    ARCH_TRY(v->d->put(v->d, to, plan, archi_plan_bytes(plan)));
    return v->d->put(v->d, to + align(archi_plan_bytes(plan)), c->prototype[i], s->bytes);
}

/* The tables lie one behind the other: scenarios, members, reports. */
static arch_status_t put(archi_waves_t *v, cargo_t *c)
{
    char *tables = v->tables;
    uint64_t at = 0;

    c->table = calloc((size_t)c->n + 1, sizeof *c->table);
    if (c->table == NULL)
        return no_memory(v);
    for (uint32_t i = 0; i < c->n; i++)
        ARCH_TRY(put_scenario(v, c, i, &at));
    memset(&v->wave, 0, sizeof v->wave);
    v->wave.n = v->n;
    v->wave.region = v->region;
    v->wave.scenario = (void *)tables;
    v->wave.member = (void *)(tables + align(c->n * sizeof *c->table));
    v->wave.report = (void *)(tables + align(c->n * sizeof *c->table) + align(v->n * sizeof *v->member));
    ARCH_TRY(v->d->put(v->d, tables, c->table, c->n * sizeof *c->table));
    return v->d->put(v->d, tables + align(c->n * sizeof *c->table), v->member, v->n * sizeof *v->member);
}

static void count(archi_waves_t *v, uint32_t halved)
{
    archi_ensemble_figures_t *f = &v->e->figures;

    pthread_mutex_lock(&v->e->lock);
    f->n_halved += halved;
    f->region_bytes += v->region_bytes;
    f->device_bytes = v->taken_bytes > f->device_bytes ? v->taken_bytes : f->device_bytes;
    pthread_mutex_unlock(&v->e->lock);
}

static arch_status_t nothing_fits(const archi_waves_t *v, const cargo_t *c)
{
    return ARCH_FAIL(ARCH_E_NOMEM,
                     "%s has no memory for a single replication: it takes %llu bytes, of which its block %llu, and %llu "
                     "may be used; run it on the cores", v->d->name,
                     (unsigned long long)(c->bytes + table_bytes(c, 1) + v->region_bytes),
                     (unsigned long long)v->region_bytes, (unsigned long long)v->budget);
}

/* As many as there is memory for; where less can be had than was free, half of them, and so on. */
static arch_status_t load(archi_waves_t *v, cargo_t *c)
{
    bool got = false;
    uint32_t halved = 0;

    for (uint32_t most = MOST_MEMBERS; !got; most = v->n / 2, halved++) {
        drop_cargo(c);
        ARCH_TRY(choose(v, c, most));
        if (v->n == 0)
            return ARCH_OK;
        ARCH_TRY(take(v, c, &got));
        if (!got)
            archi_waves_unload(v);
        if (!got && v->n == 1)
            return nothing_fits(v, c);
    }
    count(v, halved - 1);
    return put(v, c);
}

arch_status_t archi_waves_load(archi_waves_t *v)
{
    cargo_t c;
    arch_status_t st;

    memset(&c, 0, sizeof c);
    st = load(v, &c);
    drop_cargo(&c);
    return st;
}
