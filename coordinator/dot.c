/* coordinator/dot.c - writing the Graphviz picture of a cut. */
#include "coordinator/dot.h"
#include "io/arena.h"
#include "io/strbuf.h"

/* A name between quotes of the DOT language. */
static void quoted(archi_strbuf_t *buf, const char *name)
{
    archi_strbuf_add(buf, "\"");
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\')
            archi_strbuf_add(buf, "\\");
        archi_strbuf_add_bytes(buf, name, 1);
    }
    archi_strbuf_add(buf, "\"");
}

static void write_parts(archi_strbuf_t *buf, const archi_plan_t *plan, const arch_cut_t *cut)
{
    for (uint32_t p = 0; p < cut->n_parts; p++) {
        archi_strbuf_printf(buf, "  subgraph cluster_%u {\n    label=\"part %u: %.3g events/s\"; color=gray;\n", p, p,
                            cut->load[p]);
        for (uint32_t e = 0; e < cut->n_elements; e++) {
            if (cut->part_of[e] != p)
                continue;
            archi_strbuf_add(buf, "    ");
            quoted(buf, cut->name[e]);
            archi_strbuf_printf(buf, " [tooltip=\"%.3g requests/s\"];\n", archi_plan_arrival_rate(plan, e));
        }
        archi_strbuf_add(buf, "  }\n");
    }
}

static void write_edges(archi_strbuf_t *buf, const archi_plan_t *plan, const arch_cut_t *cut)
{
    const archi_edge_t *edge = archi_plan_edges(plan);

    for (uint32_t i = 0; i < archi_plan_n_edges(plan); i++) {
        bool is_cut = cut->part_of[edge[i].a] != cut->part_of[edge[i].b];
        archi_strbuf_add(buf, "  ");
        quoted(buf, cut->name[edge[i].a]);
        archi_strbuf_add(buf, " -- ");
        quoted(buf, cut->name[edge[i].b]);
        archi_strbuf_printf(buf, " [label=\"%.3g/s\"%s];\n", edge[i].rate, is_cut ? ", color=red, style=dashed" : "");
    }
}

arch_status_t archi_dot(const archi_plan_t *plan, arch_cut_t *cut)
{
    archi_strbuf_t buf = {0};

    archi_strbuf_add(&buf, "graph architech {\n  node [shape=box, fontname=\"sans-serif\"];\n"
                           "  edge [fontname=\"sans-serif\"];\n");
    write_parts(&buf, plan, cut);
    write_edges(&buf, plan, cut);
    archi_strbuf_add(&buf, "}\n");
    if (!buf.failed)
        cut->dot = archi_arena_copy(cut->arena, buf.text, buf.length);
    archi_strbuf_fini(&buf);
    if (cut->dot == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a picture of %u elements", cut->n_elements);
    return ARCH_OK;
}
