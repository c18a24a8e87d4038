/* partition/contract.c - union-find over edges that must not be cut, and the smaller graph that remains. */
#include "partition/cut.h"
#include <stdlib.h>
#include <string.h>

/* Root of v, halving the path on the way (Tarjan and van Leeuwen 1984). */
static uint32_t find(uint32_t *parent, uint32_t v)
{
    while (parent[v] != v) {
        parent[v] = parent[parent[v]];
        v = parent[v];
    }
    return v;
}

/* Roots are the smallest vertex of their set, so that the numbering of clusters needs no more thought. */
static void unite(uint32_t *parent, uint32_t a, uint32_t b)
{
    a = find(parent, a);
    b = find(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

/* Fill cluster_of; number of clusters. */
static uint32_t number_clusters(const archi_graph_t *graph, arch_time_t least, uint32_t *cluster_of)
{
    uint32_t n = 0;

    for (uint32_t v = 0; v < graph->n; v++)
        cluster_of[v] = v;
    for (uint32_t i = 0; i < graph->n_edges; i++)
        if (graph->edge[i].lookahead < least)
            unite(cluster_of, graph->edge[i].a, graph->edge[i].b);
    for (uint32_t v = 0; v < graph->n; v++)
        cluster_of[v] = find(cluster_of, v);
    for (uint32_t v = 0; v < graph->n; v++)     /* a root comes before the rest of its set, and has its number by then */
        cluster_of[v] = cluster_of[v] == v ? n++ : cluster_of[cluster_of[v]];
    return n;
}

static arch_status_t allocate(archi_clusters_t *c, uint32_t n, uint64_t n_links)
{
    c->n = n;
    c->load = calloc((size_t)n + 1, sizeof *c->load);
    c->row = calloc((size_t)n + 2, sizeof *c->row);
    c->to = malloc(((size_t)n_links + 1) * sizeof *c->to);
    c->pull = malloc(((size_t)n_links + 1) * sizeof *c->pull);
    if (c->load == NULL || c->row == NULL || c->to == NULL || c->pull == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut a graph of %u vertices", n);
    return ARCH_OK;
}

/* Links in compressed rows, both directions, repetitions and all. */
static void fill_rows(const archi_graph_t *graph, archi_clusters_t *c)
{
    uint64_t *next = c->row + 1;                /* counts, then where the next entry of a row goes, then its end */
    uint64_t at = 0;

    for (uint32_t i = 0; i < graph->n_edges; i++) {
        uint32_t a = c->cluster_of[graph->edge[i].a], b = c->cluster_of[graph->edge[i].b];
        if (a != b) {
            next[a]++;
            next[b]++;
        }
    }
    for (uint32_t v = 0; v < c->n; v++) {
        uint64_t n = next[v];
        next[v] = at;
        at += n;
    }
    for (uint32_t i = 0; i < graph->n_edges; i++) {
        const archi_graph_edge_t *e = &graph->edge[i];
        uint32_t a = c->cluster_of[e->a], b = c->cluster_of[e->b];
        if (a == b)
            continue;
        c->to[next[a]] = b;
        c->pull[next[a]++] = e->weight;
        c->to[next[b]] = a;
        c->pull[next[b]++] = e->weight;
    }
}

typedef struct {
    uint32_t to, order;
    double   pull;
} link_t;

static int by_far_end(const void *x, const void *y)
{
    const link_t *a = x, *b = y;

    if (a->to != b->to)
        return a->to < b->to ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* Sort each row by its far end and add up what leads to the same one. */
static arch_status_t merge_rows(archi_clusters_t *c)
{
    uint64_t longest = 0, kept = 0, begin = 0;
    link_t *links;

    for (uint32_t v = 0; v < c->n; v++)
        longest = c->row[v + 1] - c->row[v] > longest ? c->row[v + 1] - c->row[v] : longest;
    links = malloc(((size_t)longest + 1) * sizeof *links);
    if (links == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut a graph of %u vertices", c->n);
    for (uint32_t v = 0; v < c->n; v++) {
        uint64_t n = c->row[v + 1] - begin;
        for (uint64_t i = 0; i < n; i++)
            links[i] = (link_t){c->to[begin + i], (uint32_t)i, c->pull[begin + i]};
        begin = c->row[v + 1];
        qsort(links, (size_t)n, sizeof *links, by_far_end);
        for (uint64_t i = 0; i < n; i++) {
            if (i > 0 && links[i].to == links[i - 1].to) {
                c->pull[kept - 1] += links[i].pull;
            } else {
                c->to[kept] = links[i].to;
                c->pull[kept++] = links[i].pull;
            }
        }
        c->row[v + 1] = kept;
    }
    free(links);
    return ARCH_OK;
}

arch_status_t archi_clusters_make(const archi_graph_t *graph, arch_time_t least, archi_clusters_t *out)
{
    memset(out, 0, sizeof *out);
    out->cluster_of = malloc(((size_t)graph->n + 1) * sizeof *out->cluster_of);
    if (out->cluster_of == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut a graph of %u vertices", graph->n);
    ARCH_TRY(allocate(out, number_clusters(graph, least, out->cluster_of), 2 * (uint64_t)graph->n_edges));
    for (uint32_t v = 0; v < graph->n; v++)
        out->load[out->cluster_of[v]] += graph->weight[v];
    fill_rows(graph, out);
    ARCH_TRY(merge_rows(out));
    return ARCH_OK;
}

arch_status_t archi_clusters_subset(const archi_clusters_t *clusters, const uint32_t *keep, uint32_t n_keep,
                                    archi_clusters_t *out)
{
    uint64_t n = 0;

    memset(out, 0, sizeof *out);
    out->cluster_of = malloc(((size_t)clusters->n + 1) * sizeof *out->cluster_of);
    if (out->cluster_of == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut a graph of %u vertices", clusters->n);
    memset(out->cluster_of, 0xff, (size_t)clusters->n * sizeof *out->cluster_of);
    for (uint32_t i = 0; i < n_keep; i++) {
        out->cluster_of[keep[i]] = i;
        n += clusters->row[keep[i] + 1] - clusters->row[keep[i]];
    }
    ARCH_TRY(allocate(out, n_keep, n));
    n = 0;
    for (uint32_t i = 0; i < n_keep; i++) {
        out->load[i] = clusters->load[keep[i]];
        for (uint64_t k = clusters->row[keep[i]]; k < clusters->row[keep[i] + 1]; k++)
            if (out->cluster_of[clusters->to[k]] != UINT32_MAX) {
                out->to[n] = out->cluster_of[clusters->to[k]];
                out->pull[n++] = clusters->pull[k];
            }
        out->row[i + 1] = n;
    }
    return ARCH_OK;
}

void archi_clusters_free(archi_clusters_t *clusters)
{
    free(clusters->load);
    free(clusters->row);
    free(clusters->to);
    free(clusters->pull);
    free(clusters->cluster_of);
    memset(clusters, 0, sizeof *clusters);
}
