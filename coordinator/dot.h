/* coordinator/dot.h - a cut as a picture for Graphviz. */
#ifndef ARCHI_DOT_H
#define ARCHI_DOT_H

#include "model/model.h"
#include <architech/run.h>

/* Elements as boxes inside their part, links with their message rate. Sets cut->dot, in the cut's arena. */
arch_status_t archi_dot(const archi_plan_t *plan, arch_cut_t *cut);

#endif
