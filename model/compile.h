/* model/compile.h - the plan while it is being made: growing arrays, joined into one flat region at the end. Host
 * only. */
#ifndef ARCHI_COMPILE_H
#define ARCHI_COMPILE_H

#include "model/model.h"
#include "model/plan.h"
#include "model/state.h"

typedef struct {
    void *data;
    size_t entry_bytes;
    uint32_t n, capacity;
} archi_growing_t;

typedef struct {
    const arch_design_t *design;
    archi_plan_t head; /* counts and settings; offsets at the end */
    archi_growing_t group, group_of, element_name, endpoint, instr, branch, var, moments, table, operation, point, keys,
        peers, edge, names;
    uint32_t first_service, first_balancer, first_cache; /* groups */
    uint32_t *primary, *replicas;                        /* [n_databases] groups; replicas ARCHI_NIL when it has none */
    uint64_t *link_of;                                   /* [n_links] packed pairs of nodes, ascending */
    uint32_t *link_var;                                  /* beside them */
    uint64_t most_edges;                                 /* that the plan has room for */
    uint32_t caller;                                     /* group whose programs are being compiled */
    uint32_t caller_node;
    uint32_t local; /* instructions of the current endpoint so far */
    archi_picker_t *picker; /* what is plugged in */
    uint32_t *picker_of;    /* [nodes] index + 1; 0: none; NULL: none anywhere */
} archi_compile_t;

/* Edges between the replicas of two groups: every pair, or, where these are many, a walk that visits all of them, back and
 * forth. */
enum { ARCHI_MOST_PAIRS = 4096 };
static inline uint64_t archi_edges_between(uint32_t from, uint32_t to)
{
    uint64_t pairs = (uint64_t)from * to;

    return pairs <= ARCHI_MOST_PAIRS ? pairs : 2 * (uint64_t)(from > to ? from : to);
}

/* Room for all that the design can become, so that the large arrays need not grow (compile_room.c). ARCH_E_NOMEM. */
arch_status_t archi_compile_reserve(archi_compile_t *c);
/* The same for c->most_edges edges. */
arch_status_t archi_compile_reserve_edges(archi_compile_t *c);

/* Append one entry: *index says where. ARCH_E_NOMEM, ARCH_E_RANGE beyond 32 bits. */
arch_status_t archi_grow_append(archi_growing_t *g, const void *entry, uint32_t *index);

arch_status_t archi_compile_var(archi_compile_t *c, const arch_dist_t *dist, uint32_t *var);
arch_status_t archi_compile_name(archi_compile_t *c, const char *name, uint32_t *offset);

static inline archi_group_t *archi_compile_group(archi_compile_t *c, uint32_t i)
{
    return (archi_group_t *)c->group.data + i;
}

/* c->link_of, c->link_var, and the variates of all latencies, which come before all others (compile_network.c). */
arch_status_t archi_compile_links(archi_compile_t *c);
/* The variate of the latency between two nodes; 0: the default. */
uint32_t archi_compile_link_between(const archi_compile_t *c, uint32_t a, uint32_t b);

/* The plan, all in one region, of what has been compiled; the arrays are let go of (compile_flat.c). The caller owns it. */
arch_status_t archi_compile_finish(archi_compile_t *c, archi_plan_t **out);

/* A node of the network is a workload or an element of the design. */
uint32_t archi_node_of(const arch_design_t *d, bool is_workload, arch_kind_t kind, uint32_t index);

/* Route from the current caller to `group`, whose node is `node`: as `balance` says, or by what is plugged in. */
arch_status_t archi_compile_way(archi_compile_t *c, uint32_t group, uint32_t node, const arch_balance_t *balance,
                                archi_route_t *out);
arch_status_t archi_compile_route(archi_compile_t *c, uint32_t group, uint32_t node, const arch_balance_t *balance,
                                  archi_route_t *out);
/* The group and endpoint that a reference of the design means, and its node. */
void archi_compile_target(const archi_compile_t *c, const arch_ref_t *ref, uint32_t *group, uint32_t *endpoint,
                          uint32_t *node);

/* The programs of every group (compile_steps.c). */
arch_status_t archi_compile_programs(archi_compile_t *c);

/* Traffic equations and edges over a finished plan whose arrays have room for them (traffic.c). */
arch_status_t archi_traffic_solve(archi_plan_t *plan, double *arrival_rate, double *utilisation, double *event_rate,
                                  archi_growing_t *edges);

#endif
