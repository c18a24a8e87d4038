/* experiments/plan_impl.h - shared by the files that make a plan. Cases are numbered by cost; the index of a case is the
 * mixed radix number of its options, in which a step along a change is one stride. */
#ifndef ARCHI_PLAN_IMPL_H
#define ARCHI_PLAN_IMPL_H

#include "experiments/selection.h"
#include "io/arena.h"
#include <architech/plan.h>

/* A case that is simulated. */
typedef struct {
    arch_design_t *design;
    arch_samples_t *samples;
} archi_trial_t;

typedef struct {
    arch_lab_t *lab;
    const arch_design_t *design;
    const arch_changes_t *changes;
    arch_plan_options_t options; /* none is 0 that means "choose" */
    arch_plan_t *out;
    archi_looks_t looks;
    uint32_t n;
    uint32_t *stride; /* [n_changes] */
    uint32_t *index;  /* [n] of a case */
    uint32_t *at;     /* [n] the case of an index */
    double *load;     /* [n] expected utilisation of what is busiest; NaN: not computed */
    uint8_t *open;    /* [n] nothing is known of the case yet */
    archi_trial_t *trial; /* [n] */
    uint32_t *weaker;     /* [n] scratch */
} archi_planner_t;

/* ---- plan_cases.c ----------------------------------------------------------------------------------------------- */

/* All configurations, in order. */
arch_status_t archi_plan_enumerate(archi_planner_t *p);
/* The design of a case with option `instead` of `change`, ARCH_NONE: as it is. ARCH_E_FORMAT: it is none; `why` says why. */
arch_status_t archi_plan_design(const archi_planner_t *p, uint32_t c, uint32_t change, uint32_t instead, arch_design_t **out,
                                char why[256]);
/* What the traffic equations refute. */
arch_status_t archi_plan_refute(archi_planner_t *p);
/* Whether case b is case a or weaker, by what is declared. */
bool archi_plan_is_weaker(const archi_planner_t *p, uint32_t b, uint32_t a);
/* The largest expected utilisation of an element (its name up to '#'), NULL: of any; *element is its number. */
double archi_plan_busiest(const arch_traffic_t *t, const char *name, uint32_t *element);

/* ---- plan_looks.c ----------------------------------------------------------------------------------------------- */

/* Simulate cases until each is decided, is too close, or no longer matters since a cheaper one is feasible. */
arch_status_t archi_plan_try(archi_planner_t *p, const uint32_t *c, uint32_t n);
/* Replications of cases up to wanted[], whatever they show. */
arch_status_t archi_plan_extend(archi_planner_t *p, const uint32_t *c, const uint32_t *wanted, uint32_t n);
/* Put down what its samples say, for people. */
arch_status_t archi_plan_record(archi_planner_t *p, uint32_t c);
/* By how much of its limit an objective is missed; below 0: met. */
double archi_plan_excess(const arch_plan_objective_t *o, double value);
/* The largest of a case, and the objective; -INFINITY when nothing was measured. */
double archi_plan_worst(const archi_planner_t *p, uint32_t c, uint32_t *objective);

/* ---- plan_search.c ---------------------------------------------------------------------------------------------- */

arch_status_t archi_plan_search(archi_planner_t *p);

/* ---- plan_bound.c ----------------------------------------------------------------------------------------------- */

arch_status_t archi_plan_find_bound(archi_planner_t *p);

#endif
