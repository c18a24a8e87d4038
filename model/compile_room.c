/* model/compile_room.c - how long the arrays of a plan become at most, by looking over the design once. An array that grows
 * is copied whenever it does, and what is large is copied into memory that nobody has touched yet: for a million elements
 * that took longer than to compile them. Host only. */
#include "engine/pages.h"
#include "model/compile.h"
#include <stdlib.h>

typedef struct {
    uint64_t instrs, vars, endpoints, groups, elements;
} room_t;

static arch_status_t reserve(archi_growing_t *g, uint64_t n)
{
    if (n <= g->capacity || n > UINT32_MAX)
        return ARCH_OK; /* if it really is that many, appending says so */
    g->data = realloc(g->data, n * g->entry_bytes);
    if (g->data == NULL) {
        g->n = g->capacity = 0;
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the compiled design");
    }
    archi_pages_large(g->data, n * g->entry_bytes);
    g->capacity = (uint32_t)n;
    return ARCH_OK;
}

/* A step is an instruction; besides, each branch may have one at its end, and a cache one that stores. */
static void add_steps(room_t *r, const arch_steps_t *steps)
{
    for (uint32_t i = 0; i < steps->n; i++) {
        const arch_step_t *s = &steps->step[i];
        r->instrs += 2 + (uint64_t)s->n_branches;
        r->vars += s->kind == ARCH_STEP_CPU || s->kind == ARCH_STEP_DELAY || s->kind == ARCH_STEP_REPEAT;
        for (uint32_t b = 0; b < s->n_branches; b++)
            add_steps(r, &s->branch[b]);
    }
}

static void add_service(room_t *r, const arch_service_t *s)
{
    r->groups++;
    r->elements += s->replicas;
    r->endpoints += s->n_endpoints;
    r->instrs += s->n_endpoints;
    for (uint32_t e = 0; e < s->n_endpoints; e++)
        add_steps(r, &s->endpoint[e].steps);
}

/* The replicas that are read from have the queries once more. */
static void add_database(room_t *r, const arch_database_t *d)
{
    uint64_t groups = d->read_replicas > 0 ? 2 : 1, queries = groups * d->n_queries;

    r->groups += groups;
    r->elements += 1 + (uint64_t)d->read_replicas;
    r->endpoints += queries;
    r->instrs += 4 * queries;
    r->vars += 3 * queries;
}

static void add_cache(room_t *r, const arch_design_t *d, const arch_cache_t *k)
{
    uint64_t endpoints = 2 * (d->n_keyspaces > 0 && k->kind != ARCH_CACHE_RATIO ? (uint64_t)d->n_keyspaces : 1);

    r->groups++;
    r->elements++;
    r->endpoints += endpoints;
    r->instrs += 3 * endpoints;
    r->vars += endpoints;
}

arch_status_t archi_compile_reserve(archi_compile_t *c)
{
    const arch_design_t *d = c->design;
    room_t r = {0};

    r.groups = r.elements = (uint64_t)d->n_workloads + d->n_balancers;
    r.vars = d->n_balancers + (uint64_t)d->n_workloads + 1;
    for (uint32_t i = 0; i < d->n_services; i++)
        add_service(&r, &d->service[i]);
    for (uint32_t i = 0; i < d->n_databases; i++)
        add_database(&r, &d->database[i]);
    for (uint32_t i = 0; i < d->n_caches; i++)
        add_cache(&r, d, &d->cache[i]);
    ARCH_TRY(reserve(&c->group, r.groups));
    ARCH_TRY(reserve(&c->group_of, r.elements));
    ARCH_TRY(reserve(&c->element_name, r.elements));
    ARCH_TRY(reserve(&c->endpoint, r.endpoints));
    ARCH_TRY(reserve(&c->instr, r.instrs));
    ARCH_TRY(reserve(&c->var, r.vars));
    return reserve(&c->moments, r.vars);
}

arch_status_t archi_compile_reserve_edges(archi_compile_t *c) { return reserve(&c->edge, c->most_edges); }
