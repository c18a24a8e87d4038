/* model/plan.c - reading a plan. */
#include "model/plan.h"
#include "model/model.h"

static const char *name_at(const archi_plan_t *p, uint32_t offset) { return (const char *)p + p->names + offset; }

static const double *numbers(const archi_plan_t *p, uint64_t offset)
{
    return (const double *)((const char *)p + offset);
}

void archi_plan_activate(archi_plan_t *p, uint32_t group, uint32_t n)
{
    ((archi_group_t *)((char *)p + p->group))[group].active = n;
}

void archi_plan_host(archi_plan_t *p, const void *policies) { p->host = (uint64_t)(uintptr_t)policies; }

void archi_plan_guard(archi_plan_t *p, arch_kind_t kind, uint32_t index, uint32_t policy)
{
    archi_group_t *g = (archi_group_t *)((char *)p + p->group);

    for (uint32_t i = 0; i < p->n_groups; i++) /* a primary and its read replicas are two */
        if (g[i].is == ARCHI_IS_SERVER && g[i].kind == kind && g[i].index == index)
            g[i].admission = policy + 1;
}

uint32_t archi_plan_group_for(const archi_plan_t *p, arch_kind_t kind, uint32_t index)
{
    uint32_t g = 0;

    while (g + 1 < p->n_groups && (archi_plan_groups(p)[g].is == ARCHI_IS_SOURCE || archi_plan_groups(p)[g].kind != kind ||
                                   archi_plan_groups(p)[g].index != index))
        g++;
    return g;
}

uint32_t archi_plan_active(const archi_plan_t *p, uint32_t group) { return archi_plan_groups(p)[group].active; }
uint32_t archi_plan_replicas(const archi_plan_t *p, uint32_t group) { return archi_plan_groups(p)[group].n; }
uint32_t archi_plan_n_groups(const archi_plan_t *p) { return p->n_groups; }
uint64_t archi_plan_bytes(const archi_plan_t *p) { return p->bytes; }
uint32_t archi_plan_n_elements(const archi_plan_t *p) { return p->n_elements; }
uint32_t archi_plan_n_edges(const archi_plan_t *p) { return p->n_edges; }
uint32_t archi_plan_n_intervals(const archi_plan_t *p) { return p->n_intervals; }
uint32_t archi_plan_n_slices(const archi_plan_t *p) { return p->n_slices; }
uint32_t archi_plan_n_operations(const archi_plan_t *p) { return p->n_operations; }
arch_time_t archi_plan_duration(const archi_plan_t *p) { return p->duration; }
arch_time_t archi_plan_interval(const archi_plan_t *p) { return p->interval; }
arch_time_t archi_plan_slice_begin(const archi_plan_t *p, uint32_t s) { return p->slice_begin[s]; }
double archi_plan_arrival_rate(const archi_plan_t *p, uint32_t e) { return numbers(p, p->arrival_rate)[e]; }
double archi_plan_utilisation(const archi_plan_t *p, uint32_t e) { return numbers(p, p->utilisation)[e]; }
double archi_plan_event_rate(const archi_plan_t *p, uint32_t e) { return numbers(p, p->event_rate)[e]; }
uint32_t archi_plan_operation_element(const archi_plan_t *p, uint32_t op)
{
    return archi_plan_operations(p)[op].element;
}

const archi_edge_t *archi_plan_edges(const archi_plan_t *p)
{
    return (const archi_edge_t *)((const char *)p + p->edge);
}

void archi_plan_element(const archi_plan_t *p, uint32_t e, archi_element_info_t *out)
{
    const archi_group_t *g = archi_plan_groups(p) + archi_plan_group_of(p)[e];

    out->role = g->is == ARCHI_IS_SOURCE   ? ARCHI_ROLE_SOURCE
                : g->is == ARCHI_IS_SERVER ? ARCHI_ROLE_SERVER
                                           : ARCHI_ROLE_BALANCER;
    out->name = name_at(p, ((const uint32_t *)((const char *)p + p->element_name))[e]);
    out->group = name_at(p, g->name);
    out->is_workload = g->is == ARCHI_IS_SOURCE;
    out->kind = (arch_kind_t)g->kind;
    out->index = g->index;
    out->cores = g->cores;
    out->is_read_replica = g->is_read_replica != 0;
    out->is_cache = g->is_cache != 0;
}
