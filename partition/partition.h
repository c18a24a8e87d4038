/* partition/partition.h - a weighted graph in, a part per vertex out. Knows graphs only. */
#ifndef ARCHI_PARTITION_H
#define ARCHI_PARTITION_H

#include <architech/status.h>
#include <architech/time.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t a, b;
    double weight;         /* cost of cutting it: messages per second */
    arch_time_t lookahead; /* 0: must not be cut */
} archi_graph_edge_t;

typedef struct {
    uint32_t n;           /* vertices */
    const double *weight; /* [n] load: events per second */
    uint32_t n_edges;
    const archi_graph_edge_t *edge;
} archi_graph_t;

typedef struct {
    uint32_t n_parts;      /* <= asked for; parts are numbered by their smallest vertex */
    uint32_t n_clusters;   /* groups that zero-lookahead edges hold together */
    double balance;        /* largest load / mean load */
    double edge_cut;       /* weight of cut edges */
    arch_time_t lookahead; /* least over cut edges; ARCH_TIME_MAX when nothing is cut */
} archi_partition_t;

/* Cut the graph into at most `parts` parts: contracts edges of zero lookahead, then METIS (k-way; a plain greedy splitter
 * where METIS does not apply: tiny graphs), deterministic. part_of[n] is filled. `least_lookahead`: edges below it are
 * contracted too (0: none): a cut with a longer lookahead needs fewer windows. Local. */
arch_status_t archi_partition(const archi_graph_t *graph, uint32_t parts, arch_time_t least_lookahead,
                              uint32_t *part_of, archi_partition_t *out);

#ifdef __cplusplus
}
#endif
#endif
