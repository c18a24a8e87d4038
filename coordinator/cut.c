/* coordinator/cut.c - arch_cut(): how a design would be divided, shown to people. */
#include "coordinator/dot.h"
#include "coordinator/graph.h"
#include "io/arena.h"
#include <stdlib.h>
#include <string.h>

static arch_status_t allocate(uint32_t n_elements, uint32_t parts, arch_cut_t *cut)
{
    cut->n_elements = n_elements;
    cut->part_of = archi_arena_alloc(cut->arena, n_elements * sizeof *cut->part_of);
    cut->name = archi_arena_alloc(cut->arena, n_elements * sizeof *cut->name);
    cut->load = archi_arena_alloc(cut->arena, (size_t)parts * sizeof *cut->load);
    if (cut->part_of == NULL || cut->name == NULL || cut->load == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to describe a cut of %u elements", n_elements);
    return ARCH_OK;
}

static arch_status_t describe(const archi_plan_t *plan, const archi_partition_t *p, arch_cut_t *cut)
{
    cut->n_parts = p->n_parts;
    cut->n_clusters = p->n_clusters;
    cut->balance = p->balance;
    cut->edge_cut = p->edge_cut;
    cut->lookahead = p->lookahead;
    for (uint32_t e = 0; e < cut->n_elements; e++) {
        archi_element_info_t info;
        archi_plan_element(plan, e, &info);
        cut->load[cut->part_of[e]] += archi_plan_event_rate(plan, e);
        cut->name[e] = archi_arena_copy(cut->arena, info.name, strlen(info.name));
        if (cut->name[e] == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory to describe a cut of %u elements", cut->n_elements);
    }
    ARCH_TRY(archi_dot(plan, cut));
    return ARCH_OK;
}

static arch_status_t make(const archi_plan_t *plan, uint32_t parts, arch_cut_t *cut)
{
    arch_status_t st = ARCH_OK;
    archi_graph_t graph;
    archi_partition_t p;
    uint32_t n = archi_plan_n_elements(plan);

    if (parts > n)
        parts = n;
    ARCH_TRY(allocate(n, parts, cut));
    ARCH_TRY(archi_graph_of_plan(plan, &graph));
    ARCH_TRY_TO(done, archi_partition(&graph, parts, 0, cut->part_of, &p));
    ARCH_TRY_TO(done, describe(plan, &p, cut));
done:
    archi_graph_release(&graph);
    return st;
}

arch_status_t arch_cut(const arch_design_t *design, uint32_t parts, arch_cut_t **out)
{
    arch_status_t st = ARCH_OK;
    archi_plan_t *plan = NULL;
    arch_cut_t *cut = calloc(1, sizeof *cut);

    *out = NULL;
    if (cut == NULL || (cut->arena = archi_arena_create()) == NULL) {
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory to cut a design");
        goto done;
    }
    ARCH_TRY_TO(done, archi_plan_compile(design, &plan));
    ARCH_TRY_TO(done, make(plan, parts, cut));
    *out = cut;
    cut = NULL;
done:
    arch_cut_destroy(&cut);
    archi_plan_destroy(&plan);
    return st;
}

void arch_cut_destroy(arch_cut_t **cut)
{
    if (cut == NULL || *cut == NULL)
        return;
    archi_arena_destroy(&(*cut)->arena);
    free(*cut);
    *cut = NULL;
}
