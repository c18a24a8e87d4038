/* coordinator/graph.c - from the plan's traffic to the partitioner's graph. */
#include "coordinator/graph.h"
#include <stdlib.h>
#include <string.h>

static arch_status_t allocate(archi_graph_t *g, uint32_t n, uint32_t n_edges, double **weight, archi_graph_edge_t **edge)
{
    *weight = calloc((size_t)n + 1, sizeof **weight);
    *edge = calloc((size_t)n_edges + 1, sizeof **edge);
    *g = (archi_graph_t){n, *weight, n_edges, *edge};
    if (*weight == NULL || *edge == NULL) {
        archi_graph_release(g);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a graph of %u elements and %u links", n, n_edges);
    }
    return ARCH_OK;
}

void archi_graph_release(archi_graph_t *graph)
{
    free((void *)(uintptr_t)graph->weight);
    free((void *)(uintptr_t)graph->edge);
    memset(graph, 0, sizeof *graph);
}

arch_status_t archi_graph_of_plan(const archi_plan_t *plan, archi_graph_t *out)
{
    const archi_edge_t *from = archi_plan_edges(plan);
    uint32_t n = archi_plan_n_elements(plan), n_edges = archi_plan_n_edges(plan);
    double *weight;
    archi_graph_edge_t *edge;

    ARCH_TRY(allocate(out, n, n_edges, &weight, &edge));
    for (uint32_t e = 0; e < n; e++)
        weight[e] = archi_plan_event_rate(plan, e);
    for (uint32_t i = 0; i < n_edges; i++)
        edge[i] = (archi_graph_edge_t){from[i].a, from[i].b, from[i].rate, from[i].lookahead};
    return ARCH_OK;
}

arch_status_t archi_graph_of_parts(const archi_graph_t *graph, const uint32_t *part_of, uint32_t n_parts,
                                   archi_graph_t *out)
{
    double *weight;
    archi_graph_edge_t *edge;
    uint32_t n = 0;

    ARCH_TRY(allocate(out, n_parts, graph->n_edges, &weight, &edge));
    for (uint32_t v = 0; v < graph->n; v++)
        weight[part_of[v]] += graph->weight[v];
    for (uint32_t i = 0; i < graph->n_edges; i++) {
        const archi_graph_edge_t *e = &graph->edge[i];
        if (part_of[e->a] != part_of[e->b])
            edge[n++] = (archi_graph_edge_t){part_of[e->a], part_of[e->b], e->weight, 1};
    }
    out->n_edges = n;
    return ARCH_OK;
}
