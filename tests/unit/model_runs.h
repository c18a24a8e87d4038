/* model_runs.h - a design given as JSON, run in N independent replications on the bare model, for the oracle tests. */
#ifndef MODEL_RUNS_H
#define MODEL_RUNS_H

#include "model/model.h"
#include <architech/architech.h>

enum { RUNS = 30 };

typedef struct {
    double mean, se; /* over the runs */
} sample_t;

/* What one run measured, after its warm-up. */
typedef struct {
    archi_plan_t *plan;
    uint32_t n_elements, n_operations;
    archi_tally_t *tally; /* [run][element] */
    archi_op_tally_t *op; /* [run][operation] */
    uint64_t *counts;     /* [run][operation][ARCHI_N_BUCKETS] */
    uint64_t digest;      /* of all runs */
    double seconds;       /* simulated after the warm-up */
} runs_t;

/* Run the design RUNS times (replications 0..RUNS-1 of its seed), its elements spread over `n_blocks` blocks as zero
 * latencies allow, n_blocks == 1: all in one. Prints and returns false when it cannot. */
bool runs_make(const char *json, runs_t *out);
void runs_free(runs_t *runs);

uint32_t runs_element(const runs_t *runs, const char *name);
uint32_t runs_operation(const runs_t *runs, const char *workload, const char *name);

typedef double (*tally_value_t)(const archi_tally_t *t, double seconds);
typedef double (*op_value_t)(const archi_op_tally_t *t, double seconds);
sample_t runs_of_element(const runs_t *runs, uint32_t element, tally_value_t value);
sample_t runs_of_operation(const runs_t *runs, uint32_t operation, op_value_t value);
sample_t runs_quantile(const runs_t *runs, uint32_t operation, double p);

/* Within 3 standard errors of the truth, with a standard error small enough to tell: below `sharp` of the truth; so that an
 * answer wrong by 6 * sharp would be found out. Prints both when not. */
bool agrees(const char *what, sample_t s, double truth, double sharp);

#endif
