/* partition/partition.c - contract, set giants apart, cut the rest, number the parts and describe the cut. */
#include "partition/partition.h"
#include "partition/cut.h"
#include <stdlib.h>
#include <string.h>

/* METIS is worth its while, and safe from empty halves, when there are this many clusters to a part. */
enum { CLUSTERS_PER_PART = 8 };

static arch_status_t check(const archi_graph_t *graph, uint32_t parts)
{
    double total = 0;

    if (graph->n == 0)
        return ARCH_FAIL(ARCH_E_ARG, "a graph without vertices cannot be cut");
    if (parts == 0)
        return ARCH_FAIL(ARCH_E_ARG, "a graph cannot be cut into 0 parts; ask for at least 1");
    for (uint32_t v = 0; v < graph->n; v++) {
        if (!(graph->weight[v] >= 0))
            return ARCH_FAIL(ARCH_E_ARG, "vertex %u: its weight is %g, must be >= 0", v, graph->weight[v]);
        total += graph->weight[v];
    }
    for (uint32_t i = 0; i < graph->n_edges; i++) {
        const archi_graph_edge_t *e = &graph->edge[i];
        if (e->a >= graph->n || e->b >= graph->n)
            return ARCH_FAIL(ARCH_E_ARG, "edge %u joins vertices %u and %u of %u", i, e->a, e->b, graph->n);
        if (!(e->weight >= 0) || e->lookahead < 0)
            return ARCH_FAIL(ARCH_E_ARG, "edge %u: weight %g and lookahead %lld must be >= 0", i, e->weight,
                             (long long)e->lookahead);
        total += e->weight;
    }
    if (!(total <= 1e300))
        return ARCH_FAIL(ARCH_E_ARG, "the weights of a graph must be finite");
    return ARCH_OK;
}

typedef struct {
    uint32_t cluster;
    double   load;
} item_t;

static int heaviest_first(const void *x, const void *y)
{
    const item_t *a = x, *b = y;

    if (a->load != b->load)
        return a->load > b->load ? -1 : 1;
    return a->cluster < b->cluster ? -1 : 1;
}

/* Clusters that fill a part by themselves get one each: parts[] 0..g-1; the others stay UINT32_MAX. Number of giants. */
static uint32_t set_giants_apart(const archi_clusters_t *c, item_t *item, uint32_t parts, uint32_t *part_of)
{
    double rest = 0;
    uint32_t g = 0;

    for (uint32_t v = 0; v < c->n; v++) {
        item[v] = (item_t){v, c->load[v]};
        rest += c->load[v];
        part_of[v] = UINT32_MAX;
    }
    qsort(item, c->n, sizeof *item, heaviest_first);
    while (g + 1 < parts && g < c->n && item[g].load > 0 && item[g].load >= rest / (parts - g)) {
        rest -= item[g].load;
        part_of[item[g].cluster] = g;
        g++;
    }
    return g;
}

static arch_status_t cut_rest(const archi_clusters_t *c, uint32_t parts, uint32_t giants, uint32_t *part_of)
{
    arch_status_t st = ARCH_OK;
    archi_clusters_t rest = {0};
    uint32_t n = 0, *keep = malloc(2 * (size_t)c->n * sizeof *keep), *part;

    if (keep == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut %u clusters", c->n);
    part = keep + c->n;
    for (uint32_t v = 0; v < c->n; v++)
        if (part_of[v] == UINT32_MAX)
            keep[n++] = v;
    if (n == 0)
        goto done;
    ARCH_TRY_TO(done, archi_clusters_subset(c, keep, n, &rest));
    if (parts - giants == 1)
        memset(part, 0, n * sizeof *part);
    else if (n / CLUSTERS_PER_PART >= parts - giants && rest.row[n] > 0)
        ARCH_TRY_TO(done, archi_cut_metis(&rest, parts - giants, part));
    else
        ARCH_TRY_TO(done, archi_cut_plain(&rest, parts - giants, part));
    for (uint32_t i = 0; i < n; i++)
        part_of[keep[i]] = giants + part[i];
done:
    archi_clusters_free(&rest);
    free(keep);
    return st;
}

static arch_status_t cut_clusters(const archi_clusters_t *c, uint32_t parts, uint32_t *part_of)
{
    item_t *item = malloc((size_t)c->n * sizeof *item);
    uint32_t giants;

    if (item == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut %u clusters", c->n);
    giants = set_giants_apart(c, item, parts, part_of);
    free(item);
    ARCH_TRY(cut_rest(c, parts, giants, part_of));
    return ARCH_OK;
}

/* Number the parts that are not empty by their smallest vertex; `name` has room for `parts`. */
static uint32_t number_parts(uint32_t *part_of, uint32_t n, uint32_t *name, uint32_t parts)
{
    uint32_t n_parts = 0;

    memset(name, 0xff, parts * sizeof *name);
    for (uint32_t v = 0; v < n; v++) {
        if (name[part_of[v]] == UINT32_MAX)
            name[part_of[v]] = n_parts++;
        part_of[v] = name[part_of[v]];
    }
    return n_parts;
}

static void describe(const archi_graph_t *graph, const uint32_t *part_of, double *load, archi_partition_t *out)
{
    double total = 0, most = 0;

    for (uint32_t v = 0; v < graph->n; v++)
        load[part_of[v]] += graph->weight[v];
    for (uint32_t p = 0; p < out->n_parts; p++) {
        total += load[p];
        most = load[p] > most ? load[p] : most;
    }
    out->balance = total > 0 ? most * out->n_parts / total : 1.0;
    out->edge_cut = 0;
    out->lookahead = ARCH_TIME_MAX;
    for (uint32_t i = 0; i < graph->n_edges; i++) {
        const archi_graph_edge_t *e = &graph->edge[i];
        if (part_of[e->a] == part_of[e->b])
            continue;
        out->edge_cut += e->weight;
        out->lookahead = e->lookahead < out->lookahead ? e->lookahead : out->lookahead;
    }
}

static arch_status_t cut_graph(const archi_graph_t *graph, uint32_t parts, const archi_clusters_t *c, uint32_t *part_of,
                               archi_partition_t *out)
{
    arch_status_t st = ARCH_OK;
    uint32_t *part = malloc(((size_t)c->n + parts) * sizeof *part);
    double *load = calloc(parts, sizeof *load);

    if (part == NULL || load == NULL)
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut %u clusters into %u parts", c->n, parts);
    else
        st = cut_clusters(c, parts, part);
    if (st == ARCH_OK) {
        for (uint32_t v = 0; v < graph->n; v++)
            part_of[v] = part[c->cluster_of[v]];
        out->n_clusters = c->n;
        out->n_parts = number_parts(part_of, graph->n, part + c->n, parts);
        describe(graph, part_of, load, out);
    }
    free(part);
    free(load);
    return st;
}

arch_status_t archi_partition(const archi_graph_t *graph, uint32_t parts, arch_time_t least_lookahead, uint32_t *part_of,
                              archi_partition_t *out)
{
    arch_status_t st = ARCH_OK;
    archi_clusters_t clusters = {0};

    memset(out, 0, sizeof *out);
    ARCH_TRY(check(graph, parts));
    ARCH_TRY_TO(done, archi_clusters_make(graph, least_lookahead > 1 ? least_lookahead : 1, &clusters));
    if (parts > clusters.n)
        parts = clusters.n;
    ARCH_TRY_TO(done, cut_graph(graph, parts, &clusters, part_of, out));
done:
    archi_clusters_free(&clusters);
    return st;
}
