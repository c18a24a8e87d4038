/* model/compile_flat.c - all arrays of a plan in one flat region, with the answer of the traffic equations. Host only. */
#include "model/compile.h"
#include "engine/pages.h"
#include <stdlib.h>
#include <string.h>

/* Copy an array to its place and let go of it: there need not be two of it for longer than that. With base NULL only
 * measures. */
static uint64_t put(char *base, uint64_t *at, archi_growing_t *g)
{
    uint64_t here = *at;

    if (base != NULL && g->n > 0) {
        memcpy(base + here, g->data, (size_t)g->n * g->entry_bytes);
        free(g->data);
        g->data = NULL;
    }
    *at = (here + (uint64_t)g->n * g->entry_bytes + 63) & ~(uint64_t)63;
    if (base != NULL)
        memset(base + here + (uint64_t)g->n * g->entry_bytes, 0, *at - here - (uint64_t)g->n * g->entry_bytes);
    return here;
}

/* Lay all arrays out behind the head, edges last: how many there are is known when the rest is there. */
static uint64_t lay_out(archi_compile_t *c, archi_plan_t *p, char *base)
{
    uint64_t at = (sizeof *p + 63) & ~(uint64_t)63;
    uint64_t numbers = ((uint64_t)c->group_of.n * sizeof(double) + 63) & ~(uint64_t)63;

    p->group = put(base, &at, &c->group);
    p->group_of = put(base, &at, &c->group_of);
    p->element_name = put(base, &at, &c->element_name);
    p->endpoint = put(base, &at, &c->endpoint);
    p->instr = put(base, &at, &c->instr);
    p->branch = put(base, &at, &c->branch);
    p->var = put(base, &at, &c->var);
    p->moments = put(base, &at, &c->moments);
    p->table = put(base, &at, &c->table);
    p->operation = put(base, &at, &c->operation);
    p->point = put(base, &at, &c->point);
    p->keys = put(base, &at, &c->keys);
    p->peers = put(base, &at, &c->peers);
    p->names = put(base, &at, &c->names);
    p->arrival_rate = at;
    p->utilisation = p->arrival_rate + numbers;
    p->event_rate = p->utilisation + numbers;
    p->edge = p->event_rate + numbers;
    return p->edge;
}

static void count_all(archi_compile_t *c)
{
    archi_plan_t *p = &c->head;

    p->magic = ARCHI_BLOCK_MAGIC + 1;
    p->n_elements = c->group_of.n;
    p->n_groups = c->group.n;
    p->n_endpoints = c->endpoint.n;
    p->n_instrs = c->instr.n;
    p->n_branches = c->branch.n;
    p->n_vars = c->var.n;
    p->n_tables = c->table.n;
    p->n_operations = c->operation.n;
    p->n_points = c->point.n;
    p->n_keyspaces = c->keys.n;
    p->n_peers = c->peers.n;
    p->n_names = c->names.n;
}

static bool calls(const archi_instr_t *in)
{
    return in->op == ARCHI_OP_CALL || in->op == ARCHI_OP_SEND || in->op == ARCHI_OP_CACHE || in->op == ARCHI_OP_REPLICATE;
}

/* Edges that the programs of group g can be found to have, before those of one pair are merged. */
static uint64_t edges_of_programs(archi_compile_t *c, const archi_group_t *g)
{
    const uint32_t *first = (const uint32_t *)c->endpoint.data;
    uint32_t last = g->endpoint + g->n_endpoints, i = g->n_endpoints > 0 ? first[g->endpoint] : 0;
    uint32_t end = g->n_endpoints == 0 ? 0 : last < c->endpoint.n ? first[last] : c->instr.n;
    uint64_t n = 0;

    for (; i < end; i++) {
        const archi_instr_t *in = (const archi_instr_t *)c->instr.data + i;
        n += calls(in) ? archi_edges_between(g->n, archi_compile_group(c, in->route.group)->n) : 0;
    }
    return n;
}

/* What the traffic equations add at most: see call_edges() and other_edges() there. */
static uint64_t most_edges(archi_compile_t *c)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < c->operation.n; i++) {
        const archi_operation_t *o = (const archi_operation_t *)c->operation.data + i;
        n += archi_edges_between(1, archi_compile_group(c, o->route.group)->n);
    }
    for (uint32_t i = 0; i < c->group.n; i++) {
        const archi_group_t *g = archi_compile_group(c, i);
        n += edges_of_programs(c, g);
        if (g->is == ARCHI_IS_BALANCER)
            n += archi_edges_between(g->n, archi_compile_group(c, g->forward.group)->n);
    }
    return n;
}

static archi_plan_t *reserve(uint64_t bytes)
{
    const uint64_t page = (uint64_t)2 << 20;
    uint64_t unit = bytes < 2 * page ? 64 : page;
    void *p = bytes > UINT64_MAX - page ? NULL : aligned_alloc(unit, (bytes + unit - 1) & ~(unit - 1));

    if (p != NULL)
        archi_pages_large(p, bytes);
    return p;
}

/* All in one region, with room for the edges at its end, which nobody touches before there are any. */
static arch_status_t flatten(archi_compile_t *c, archi_plan_t **out)
{
    archi_plan_t *p;
    uint64_t bytes, edges = c->most_edges = most_edges(c);

    count_all(c);
    c->head.bytes = lay_out(c, &c->head, NULL);
    bytes = c->head.bytes + edges * sizeof(archi_edge_t) + 64;
    p = reserve(bytes);
    if (p == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a plan of %llu bytes", (unsigned long long)bytes);
    memset(p, 0, (sizeof *p + 63) & ~(size_t)63);
    *p = c->head;
    lay_out(c, p, (char *)p);
    memset((char *)p + p->arrival_rate, 0, p->edge - p->arrival_rate);
    *out = p;
    return ARCH_OK;
}

/* The traffic equations need the plan, and the plan holds their answer. */
arch_status_t archi_compile_finish(archi_compile_t *c, archi_plan_t **out)
{
    archi_plan_t *p = NULL;
    arch_status_t st = flatten(c, &p);
    uint64_t end;

    if (st != ARCH_OK)
        return st;
    ARCH_TRY_TO(failed, archi_compile_reserve_edges(c));
    ARCH_TRY_TO(failed,
                archi_traffic_solve(p, (double *)((char *)p + p->arrival_rate), (double *)((char *)p + p->utilisation),
                                    (double *)((char *)p + p->event_rate), &c->edge));
    if (c->edge.n > c->most_edges) {
        st = ARCH_FAIL(ARCH_E_INTERNAL, "the traffic equations found %u edges, and the plan has room for %llu", c->edge.n,
                       (unsigned long long)c->most_edges);
        goto failed;
    }
    p->n_edges = c->edge.n;
    if (c->edge.n > 0)
        memcpy((char *)p + p->edge, c->edge.data, (size_t)c->edge.n * sizeof(archi_edge_t));
    end = p->edge + (uint64_t)c->edge.n * sizeof(archi_edge_t);
    p->bytes = (end + 63) & ~(uint64_t)63;
    memset((char *)p + end, 0, p->bytes - end); /* equal designs give equal bytes */
    *out = p;
    return ARCH_OK;
failed:
    archi_plan_destroy(&p);
    return st;
}
