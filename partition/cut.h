/* partition/cut.h - shared inside partition/: the graph that is really cut, after elements that must stay together have
 * been merged into clusters. */
#ifndef ARCHI_CUT_H
#define ARCHI_CUT_H

#include "partition/partition.h"

/* Clusters 0..n-1, numbered by their smallest vertex, with their neighbours in compressed rows: those of cluster c stand
 * at to[row[c]] .. to[row[c + 1] - 1], ascending, each once, never c itself; pull[] is the weight between the two. */
typedef struct {
    uint32_t  n;
    double   *load;        /* [n] > 0 unless the whole graph has none */
    uint64_t *row;         /* [n + 1] */
    uint32_t *to;
    double   *pull;
    uint32_t *cluster_of;  /* [vertices of the original graph] */
} archi_clusters_t;

/* Merge what edges with a lookahead below `least` hold together. The caller owns *out (archi_clusters_free), which is safe
 * to free on failure too. */
arch_status_t archi_clusters_make(const archi_graph_t *graph, arch_time_t least, archi_clusters_t *out);
void          archi_clusters_free(archi_clusters_t *clusters);

/* The clusters `keep[0..n_keep)` (ascending) and what lies between them. */
arch_status_t archi_clusters_subset(const archi_clusters_t *clusters, const uint32_t *keep, uint32_t n_keep,
                                    archi_clusters_t *out);

/* Assign each cluster one of `parts` parts: by METIS, or by the plain splitter. A part may stay empty. */
arch_status_t archi_cut_metis(const archi_clusters_t *clusters, uint32_t parts, uint32_t *part_of);
arch_status_t archi_cut_plain(const archi_clusters_t *clusters, uint32_t parts, uint32_t *part_of);

#endif
