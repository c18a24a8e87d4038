/* coordinator/graph.h - the compiled model as a graph to be cut. */
#ifndef ARCHI_GRAPH_OF_PLAN_H
#define ARCHI_GRAPH_OF_PLAN_H

#include "model/model.h"
#include "partition/partition.h"

/* Elements weighted by their event rate, edges by their message rate. The caller owns *out (archi_graph_release). */
arch_status_t archi_graph_of_plan(const archi_plan_t *plan, archi_graph_t *out);

/* The parts of a cut as vertices of a smaller graph: how blocks are dealt to ranks. */
arch_status_t archi_graph_of_parts(const archi_graph_t *graph, const uint32_t *part_of, uint32_t n_parts,
                                   archi_graph_t *out);
void          archi_graph_release(archi_graph_t *graph);

#endif
