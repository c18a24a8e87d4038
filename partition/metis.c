/* partition/metis.c - the one file that knows METIS (Karypis and Kumar 1998): doubles become its 32-bit integers. */
#include "partition/cut.h"
#include <math.h>
#include <metis.h>
#include <stdlib.h>

/* METIS adds weights up in idx_t, some of them several times over: totals stay well inside 31 bits. */
static const double vertex_total = 1 << 28, edge_total = 1 << 28;

typedef struct {
    idx_t *row, *to, *pull, *load, *part;
} metis_graph_t;

static void release(metis_graph_t *g)
{
    free(g->row);
    free(g->to);
    free(g->pull);
    free(g->load);
    free(g->part);
}

/* Share `w` of `total` as a whole number, at least 1 so that nothing is free. */
static idx_t scaled(double w, double total, double range)
{
    return total > 0 ? 1 + (idx_t)floor(w / total * range) : 1;
}

static double sum(const double *v, uint64_t n)
{
    double total = 0;

    for (uint64_t i = 0; i < n; i++)
        total += v[i];
    return total;
}

static arch_status_t convert(const archi_clusters_t *c, metis_graph_t *g)
{
    uint64_t n_links = c->row[c->n];
    double load = sum(c->load, c->n), pull = sum(c->pull, n_links);

    if (n_links > INT32_MAX / 4)
        return ARCH_FAIL(ARCH_E_RANGE, "a graph of %llu links is more than METIS can number",
                         (unsigned long long)(n_links / 2));
    g->row = malloc(((size_t)c->n + 1) * sizeof *g->row);
    g->load = malloc((size_t)c->n * sizeof *g->load);
    g->part = malloc((size_t)c->n * sizeof *g->part);
    g->to = malloc(((size_t)n_links + 1) * sizeof *g->to);
    g->pull = malloc(((size_t)n_links + 1) * sizeof *g->pull);
    if (g->row == NULL || g->load == NULL || g->part == NULL || g->to == NULL || g->pull == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut a graph of %u clusters", c->n);
    for (uint32_t v = 0; v < c->n; v++)
        g->load[v] = scaled(c->load[v], load, vertex_total);
    for (uint32_t v = 0; v <= c->n; v++)
        g->row[v] = (idx_t)c->row[v];
    for (uint64_t k = 0; k < n_links; k++) {
        g->to[k] = (idx_t)c->to[k];
        g->pull[k] = scaled(c->pull[k], pull, edge_total);
    }
    return ARCH_OK;
}

static arch_status_t cut(const archi_clusters_t *c, uint32_t parts, metis_graph_t *g)
{
    idx_t n = (idx_t)c->n, n_constraints = 1, n_parts = (idx_t)parts, objective, options[METIS_NOPTIONS];
    int answer;

    METIS_SetDefaultOptions(options);
    options[METIS_OPTION_NUMBERING] = 0;
    options[METIS_OPTION_SEED] = 20240229;       /* any fixed number: equal graphs are cut alike */
    options[METIS_OPTION_UFACTOR] = 50;          /* parts may be 5 % above the mean */
    answer = METIS_PartGraphKway(&n, &n_constraints, g->row, g->to, g->load, NULL, g->pull, &n_parts, NULL, NULL, options,
                                 &objective, g->part);
    if (answer == METIS_ERROR_MEMORY)
        return ARCH_FAIL(ARCH_E_NOMEM, "METIS has no memory to cut a graph of %u clusters", c->n);
    if (answer != METIS_OK)
        return ARCH_FAIL(ARCH_E_INTERNAL, "METIS refuses a graph of %u clusters and %u parts (answer %d)", c->n, parts,
                         answer);
    return ARCH_OK;
}

arch_status_t archi_cut_metis(const archi_clusters_t *c, uint32_t parts, uint32_t *part_of)
{
    arch_status_t st = ARCH_OK;
    metis_graph_t g = {0};

    ARCH_TRY_TO(done, convert(c, &g));
    ARCH_TRY_TO(done, cut(c, parts, &g));
    for (uint32_t v = 0; v < c->n; v++)
        part_of[v] = (uint32_t)g.part[v];
done:
    release(&g);
    return st;
}
