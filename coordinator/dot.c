/* coordinator/dot.c - writing the Graphviz picture of a cut. */
#include "coordinator/dot.h"
#include "io/arena.h"
#include <stdio.h>
#include <stdlib.h>

/* A name between quotes of the DOT language. */
static void quoted(FILE *f, const char *name)
{
    fputc('"', f);
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\')
            fputc('\\', f);
        fputc(*name, f);
    }
    fputc('"', f);
}

static void write_parts(FILE *f, const archi_plan_t *plan, const arch_cut_t *cut)
{
    for (uint32_t p = 0; p < cut->n_parts; p++) {
        fprintf(f, "  subgraph cluster_%u {\n    label=\"part %u: %.3g events/s\"; color=gray;\n", p, p, cut->load[p]);
        for (uint32_t e = 0; e < cut->n_elements; e++) {
            if (cut->part_of[e] != p)
                continue;
            fprintf(f, "    ");
            quoted(f, cut->name[e]);
            fprintf(f, " [tooltip=\"%.3g requests/s\"];\n", archi_plan_arrival_rate(plan, e));
        }
        fprintf(f, "  }\n");
    }
}

static void write_edges(FILE *f, const archi_plan_t *plan, const arch_cut_t *cut)
{
    const archi_edge_t *edge = archi_plan_edges(plan);

    for (uint32_t i = 0; i < archi_plan_n_edges(plan); i++) {
        bool is_cut = cut->part_of[edge[i].a] != cut->part_of[edge[i].b];
        fprintf(f, "  ");
        quoted(f, cut->name[edge[i].a]);
        fprintf(f, " -- ");
        quoted(f, cut->name[edge[i].b]);
        fprintf(f, " [label=\"%.3g/s\"%s];\n", edge[i].rate, is_cut ? ", color=red, style=dashed" : "");
    }
}

arch_status_t archi_dot(const archi_plan_t *plan, arch_cut_t *cut)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    if (f == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a picture of %u elements", cut->n_elements);
    fprintf(f, "graph architech {\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n");
    write_parts(f, plan, cut);
    write_edges(f, plan, cut);
    fprintf(f, "}\n");
    if (fclose(f) == 0)
        cut->dot = archi_arena_copy(cut->arena, text, size);
    free(text);
    if (cut->dot == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a picture of %u elements", cut->n_elements);
    return ARCH_OK;
}
