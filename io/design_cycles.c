/* io/design_cycles.c - calls that never end. A request ends when one way through its steps does; an endpoint whose every way
 * waits for an endpoint like it never does. The endpoints that end are the least fixpoint of "all steps end", found in
 * time linear in the design (Dowling and Gallier 1984, generalised to gates that need k of n inputs); what is left over
 * waits for itself. */
#include "io/design_reader.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HOPS_SHOWN = 6 };

typedef struct {
    uint32_t need;         /* inputs still missing; 0: ended */
    uint32_t parent;       /* gate that this one is an input of; ARCH_NONE for an endpoint's own */
    uint32_t next_waiting; /* next gate that waits for the same endpoint */
} gate_t;

typedef struct {
    archi_reader_t *r;
    const arch_design_t *d;
    uint32_t *first; /* [n_services + 1] number of a service's first endpoint */
    uint32_t n_endpoints;
    gate_t *gate; /* gate e is endpoint e */
    uint32_t n_gates, capacity;
    uint32_t *waiting; /* [n_endpoints] gates that wait for the endpoint, as a list */
    uint32_t *ready;   /* gates that have ended, whose parents have not heard */
    uint32_t n_ready;
} gates_t;

static void no_memory(archi_reader_t *r)
{
    r->st = ARCH_FAIL(ARCH_E_NOMEM, "no memory to follow the calls of the design");
}

/* The number of the service endpoint behind a call, ARCH_NONE for a database, which always answers. */
static uint32_t endpoint_of(const gates_t *g, const arch_ref_t *target)
{
    uint32_t service = target->element;

    if (target->kind == ARCH_DATABASE || target->kind == ARCH_CACHE)
        return ARCH_NONE;
    if (target->kind == ARCH_BALANCER)
        service = g->d->balancer[target->element].service;
    return g->first[service] + target->endpoint;
}

static uint32_t add_gate(gates_t *g, uint32_t parent, uint32_t need)
{
    uint32_t capacity = g->capacity ? 2 * g->capacity : 1024;
    gate_t *grown;

    if (g->n_gates == g->capacity) {
        grown = realloc(g->gate, capacity * sizeof *grown);
        if (!grown) {
            no_memory(g->r);
            return ARCH_NONE;
        }
        g->gate = grown;
        g->capacity = capacity;
    }
    g->gate[g->n_gates].need = need;
    g->gate[g->n_gates].parent = parent;
    g->gate[g->n_gates].next_waiting = ARCH_NONE;
    return g->n_gates++;
}

/* Whether a repeat may go round not once: its count is rounded to the nearest whole number. */
static bool may_be_none(const gates_t *g, const arch_dist_t *count) { return arch_dist_min(count, g->d->table) < 0.5; }

static void add_steps(gates_t *g, const arch_steps_t *steps, uint32_t gate);

/* A gate over branches of which `need` have to end. */
static void add_branches(gates_t *g, const arch_step_t *s, uint32_t need, uint32_t parent)
{
    uint32_t any = add_gate(g, parent, need);

    for (uint32_t i = 0; i < s->n_branches && g->r->st == ARCH_OK; i++) {
        uint32_t branch;
        if (s->weight && s->weight[i] <= 0.0)
            continue;
        branch = add_gate(g, any, 0);
        if (branch != ARCH_NONE)
            add_steps(g, &s->branch[i], branch);
    }
}

/* One step as an input of the gate of its list; nothing when it ends by itself. True when the list may end right here. */
static bool add_step(gates_t *g, const arch_step_t *s, uint32_t list)
{
    uint32_t need = 0, waits_for, gate;

    switch (s->kind) {
    case ARCH_STEP_CALL:
        waits_for = s->async ? ARCH_NONE : endpoint_of(g, &s->target);
        if (waits_for == ARCH_NONE)
            return false;
        gate = add_gate(g, list, 1);
        if (gate == ARCH_NONE)
            return true;
        g->gate[list].need++;
        g->gate[gate].next_waiting = g->waiting[waits_for];
        g->waiting[waits_for] = gate;
        return false;
    case ARCH_STEP_PARALLEL:
        need = s->join;
        break;
    case ARCH_STEP_CHOOSE:
        need = 1;
        break;
    case ARCH_STEP_REPEAT:
        need = may_be_none(g, &s->count) ? 0 : 1;
        break;
    case ARCH_STEP_CACHE: /* a cache by key begins empty: its first lookup misses */
        need = g->d->cache[s->target.element].kind == ARCH_CACHE_RATIO && g->d->cache[s->target.element].hit_ratio > 0.0
                   ? 0
                   : 1;
        break;
    case ARCH_STEP_FAIL:
        return s->probability > 0.0;
    case ARCH_STEP_CPU:
    case ARCH_STEP_DELAY:
    case ARCH_N_STEPS:
        break;
    }
    if (need > 0) {
        g->gate[list].need++;
        add_branches(g, s, need, list);
    }
    return false;
}

/* The steps are inputs of `gate`, which needs all of them. */
static void add_steps(gates_t *g, const arch_steps_t *steps, uint32_t gate)
{
    for (uint32_t i = 0; i < steps->n && g->r->st == ARCH_OK; i++)
        if (add_step(g, &steps->step[i], gate))
            break;
}

/* `child` has ended: tell the gate it is an input of. */
static void tell(gates_t *g, uint32_t child)
{
    uint32_t parent = g->gate[child].parent;

    if (parent != ARCH_NONE && g->gate[parent].need > 0 && --g->gate[parent].need == 0)
        g->ready[g->n_ready++] = parent;
}

static void settle(gates_t *g)
{
    for (uint32_t i = 0; i < g->n_gates; i++)
        if (g->gate[i].need == 0)
            g->ready[g->n_ready++] = i;
    while (g->n_ready > 0) {
        uint32_t gate = g->ready[--g->n_ready];
        tell(g, gate);
        if (gate >= g->n_endpoints)
            continue;
        for (uint32_t w = g->waiting[gate]; w != ARCH_NONE; w = g->gate[w].next_waiting) {
            g->gate[w].need = 0;
            tell(g, w);
        }
    }
}

/* ---- naming what is left ----------------------------------------------------------------------------------------- */

/* The first call in the steps that waits for an endpoint that never ends. */
static const arch_step_t *endless_call(const gates_t *g, const arch_steps_t *steps)
{
    for (uint32_t i = 0; i < steps->n; i++) {
        const arch_step_t *s = &steps->step[i], *found = NULL;
        if (s->kind == ARCH_STEP_CALL && !s->async && endpoint_of(g, &s->target) != ARCH_NONE &&
            g->gate[endpoint_of(g, &s->target)].need > 0)
            return s;
        for (uint32_t b = 0; b < s->n_branches && !found; b++)
            found = s->weight && s->weight[b] <= 0.0 ? NULL : endless_call(g, &s->branch[b]);
        if (found)
            return found;
    }
    return NULL;
}

static const arch_step_t *next_call(const gates_t *g, uint32_t endpoint, uint32_t *service)
{
    uint32_t low = 0, high = g->d->n_services;

    while (high - low > 1) { /* the last service that begins at or before the endpoint and is not empty */
        uint32_t middle = low + (high - low) / 2;
        if (g->first[middle] <= endpoint)
            low = middle;
        else
            high = middle;
    }
    *service = low;
    return endless_call(g, &g->d->service[low].endpoint[endpoint - g->first[low]].steps);
}

static void report_cycle(const gates_t *g, uint32_t start, const arch_step_t *const *call)
{
    char text[900] = "found calls that wait for each other and never end: ";
    size_t n = strlen(text);
    uint32_t e = start, service, hops = 0;
    const arch_ref_t *t;

    next_call(g, e, &service);
    n += (size_t)snprintf(text + n, sizeof text - n, "%.50s/%.50s", g->d->service[service].name,
                          g->d->service[service].endpoint[e - g->first[service]].name);
    do {
        t = &call[e]->target;
        e = endpoint_of(g, t);
        if (++hops <= MOST_HOPS_SHOWN)
            n += (size_t)snprintf(text + n, sizeof text - n, " -> %.50s/%.50s",
                                  archi_element_name(g->d, t->kind, t->element), archi_endpoint_name(g->d, t));
    } while (e != start);
    if (hops > MOST_HOPS_SHOWN)
        n += (size_t)snprintf(text + n, sizeof text - n, " -> ... (%u calls)", (unsigned)hops);
    snprintf(text + n, sizeof text - n,
             ", expected a way out: a choice, a chance to fail or a call that does not wait");
    archi_problem_at(g->r, call[start]->at ? call[start]->at : "", (int)(start < INT32_MAX ? start : INT32_MAX), text);
}

/* Each endpoint left over calls one that is left over too: follow these calls, report every ring once. */
static void report_cycles(gates_t *g)
{
    const arch_step_t **call = calloc(g->n_endpoints + 1u, sizeof *call);
    uint32_t *seen = calloc(g->n_endpoints + 1u, sizeof *seen), service, e;

    for (uint32_t i = 0; call && seen && i < g->n_endpoints; i++)
        if (g->gate[i].need > 0)
            call[i] = next_call(g, i, &service);
    for (uint32_t i = 0; call && seen && i < g->n_endpoints; i++) {
        for (e = i; call[e] && seen[e] == 0; e = endpoint_of(g, &call[e]->target))
            seen[e] = i + 1;
        if (call[e] && seen[e] == i + 1)
            report_cycle(g, e, call);
    }
    if (!call || !seen)
        no_memory(g->r);
    free(call);
    free(seen);
}

static bool gates_init(gates_t *g, archi_reader_t *r)
{
    const arch_design_t *d = r->design;

    memset(g, 0, sizeof *g);
    g->r = r;
    g->d = d;
    g->first = calloc(d->n_services + 1u, sizeof *g->first);
    for (uint32_t i = 0; g->first && i < d->n_services; i++)
        g->first[i + 1] = g->first[i] + d->service[i].n_endpoints;
    g->n_endpoints = g->first ? g->first[d->n_services] : 0;
    g->waiting = malloc((g->n_endpoints + 1u) * sizeof *g->waiting);
    if (!g->first || !g->waiting) {
        no_memory(r);
        return false;
    }
    memset(g->waiting, 0xff, (g->n_endpoints + 1u) * sizeof *g->waiting); /* ARCH_NONE */
    return true;
}

static void build(gates_t *g)
{
    for (uint32_t e = 0; e < g->n_endpoints && g->r->st == ARCH_OK; e++)
        add_gate(g, ARCH_NONE, 0);
    for (uint32_t s = 0; s < g->d->n_services; s++)
        for (uint32_t i = 0; i < g->d->service[s].n_endpoints && g->r->st == ARCH_OK; i++)
            add_steps(g, &g->d->service[s].endpoint[i].steps, g->first[s] + i);
    g->ready = malloc((g->n_gates + 1u) * sizeof *g->ready);
    if (!g->ready)
        no_memory(g->r);
}

void archi_check_cycles(archi_reader_t *r)
{
    gates_t g;
    bool endless = false;

    if (gates_init(&g, r))
        build(&g);
    if (r->st == ARCH_OK) {
        settle(&g);
        for (uint32_t e = 0; e < g.n_endpoints; e++)
            endless = endless || g.gate[e].need > 0;
        if (endless)
            report_cycles(&g);
    }
    free(g.first);
    free(g.waiting);
    free(g.gate);
    free(g.ready);
}
