/* partition/plain.c - a splitter for graphs too small for METIS: heaviest cluster first, to the part that it talks to most
 * among those with room, else to the lightest (longest processing time first, Graham 1969, with affinity). */
#include "partition/cut.h"
#include <stdlib.h>
#include <string.h>

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

/* A part may be this much above the mean for the sake of fewer messages. */
static const double slack = 1.1;

static uint32_t choose_part(const double *load, const double *affinity, uint32_t parts, double more, double limit)
{
    uint32_t best = UINT32_MAX, lightest = 0;

    for (uint32_t p = 0; p < parts; p++) {
        if (load[p] < load[lightest])
            lightest = p;
        if (load[p] + more > limit)
            continue;
        if (best == UINT32_MAX || affinity[p] > affinity[best] ||
            (affinity[p] >= affinity[best] && load[p] < load[best]))
            best = p;
    }
    return best == UINT32_MAX ? lightest : best;
}

static void place(const archi_clusters_t *c, const item_t *item, uint32_t parts, double limit, double *load,
                  uint32_t *part_of)
{
    double *affinity = load + parts;

    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t v = item[i].cluster;
        memset(affinity, 0, parts * sizeof *affinity);
        for (uint64_t k = c->row[v]; k < c->row[v + 1]; k++)
            if (part_of[c->to[k]] != UINT32_MAX)
                affinity[part_of[c->to[k]]] += c->pull[k];
        part_of[v] = choose_part(load, affinity, parts, item[i].load, limit);
        load[part_of[v]] += item[i].load;
    }
}

arch_status_t archi_cut_plain(const archi_clusters_t *c, uint32_t parts, uint32_t *part_of)
{
    item_t *item = malloc(((size_t)c->n + 1) * sizeof *item);
    double *load = calloc(2 * (size_t)parts, sizeof *load);
    double total = 0;

    if (item == NULL || load == NULL) {
        free(item);
        free(load);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to split %u clusters into %u parts", c->n, parts);
    }
    for (uint32_t v = 0; v < c->n; v++)
        total += c->load[v];
    for (uint32_t v = 0; v < c->n; v++) {
        item[v] = (item_t){v, total > 0 ? c->load[v] : 1.0};
        part_of[v] = UINT32_MAX;
    }
    qsort(item, c->n, sizeof *item, heaviest_first);
    place(c, item, parts, (total > 0 ? total : c->n) / parts * slack, load, part_of);
    free(item);
    free(load);
    return ARCH_OK;
}
