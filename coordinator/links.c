/* coordinator/links.c - which blocks may send events to which, and how soon those arrive at the earliest. */
#include "coordinator/layout.h"
#include "model/plan.h"
#include <stdlib.h>
#include <string.h>

/* Links as they are found, in any order and more than once. */
typedef struct {
    archi_link_t *link;
    size_t        n, capacity;
} links_t;

enum { MOST_LINKS = 1 << 24 }; /* above this it is better not known */

static arch_status_t append(links_t *l, uint32_t from, uint32_t to, arch_time_t lookahead)
{
    if (l->n == l->capacity) {
        size_t capacity = l->capacity == 0 ? 1024 : 2 * l->capacity;
        archi_link_t *link = realloc(l->link, capacity * sizeof *link);
        if (link == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %zu links", capacity);
        l->link = link;
        l->capacity = capacity;
    }
    l->link[l->n++] = (archi_link_t){from, to, lookahead};
    return ARCH_OK;
}

static int by_ends(const void *x, const void *y)
{
    const archi_link_t *a = x, *b = y;

    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->to < b->to ? -1 : a->to > b->to;
}

/* In order, each pair once with the least of its lookaheads. */
static void merge(links_t *l)
{
    size_t n = 0;

    if (l->n == 0)
        return;
    qsort(l->link, l->n, sizeof *l->link, by_ends);
    for (size_t i = 1; i < l->n; i++)
        if (by_ends(&l->link[n], &l->link[i]) != 0)
            l->link[++n] = l->link[i];
        else if (l->link[i].lookahead < l->link[n].lookahead)
            l->link[n].lookahead = l->link[i].lookahead;
    l->n = n + 1;
}

/* Groups of replicas that talk. Any replica of one may talk to any of the other: the plan's edges may leave pairs out. */
static arch_status_t talking_groups(const archi_plan_t *plan, links_t *pairs)
{
    const archi_edge_t *edge = archi_plan_edges(plan);
    const uint32_t *group_of = archi_plan_group_of(plan);

    for (uint32_t i = 0; i < archi_plan_n_edges(plan); i++) {
        uint32_t a = group_of[edge[i].a], b = group_of[edge[i].b];
        ARCH_TRY(append(pairs, a < b ? a : b, a < b ? b : a, edge[i].lookahead));
    }
    merge(pairs);
    return ARCH_OK;
}

/* The blocks that replicas of a group lie in. `seen` holds the group's number + 1 for those found. */
static uint32_t blocks_of(const archi_layout_t *l, const archi_group_t *group, uint32_t stamp, uint32_t *seen, uint32_t *out)
{
    uint32_t n = 0;

    for (uint32_t e = group->first; e < group->first + group->n; e++)
        if (seen[l->block_of[e]] != stamp) {
            seen[l->block_of[e]] = stamp;
            out[n++] = l->block_of[e];
        }
    return n;
}

static arch_status_t link_blocks(const archi_plan_t *plan, const archi_layout_t *l, const links_t *pairs, uint32_t *room,
                                 links_t *out)
{
    const archi_group_t *group = archi_plan_groups(plan);
    uint32_t *a = room, *b = room + l->n_blocks, *seen = room + 2 * (size_t)l->n_blocks, stamp = 0;

    for (size_t i = 0; i < pairs->n && out->n <= MOST_LINKS; i++) {
        const archi_link_t *p = &pairs->link[i];
        uint32_t n_a = blocks_of(l, &group[p->from], ++stamp, seen, a), n_b;
        n_b = blocks_of(l, &group[p->to], ++stamp, seen, b);
        for (uint32_t x = 0; x < n_a; x++)
            for (uint32_t y = 0; y < n_b; y++)
                if (a[x] != b[y]) {
                    ARCH_TRY(append(out, a[x], b[y], p->lookahead));
                    ARCH_TRY(append(out, b[y], a[x], p->lookahead));
                }
    }
    merge(out);
    return ARCH_OK;
}

arch_status_t archi_layout_links(const archi_plan_t *plan, archi_layout_t *l)
{
    arch_status_t st = ARCH_OK;
    links_t pairs = {NULL, 0, 0}, out = {NULL, 0, 0};
    uint32_t *room = calloc(3 * (size_t)l->n_blocks, sizeof *room);

    if (room == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to link %u blocks", l->n_blocks);
    ARCH_TRY_TO(done, talking_groups(plan, &pairs));
    ARCH_TRY_TO(done, link_blocks(plan, l, &pairs, room, &out));
    if (out.n > 0 && out.n <= MOST_LINKS) {
        l->link = out.link;
        l->n_links = (uint32_t)out.n;
        out.link = NULL;
    }
done:
    free(room);
    free(pairs.link);
    free(out.link);
    return st;
}
