/* architech/sensitivity.h - which of a design's numbers matters most for a metric, and so is worth measuring next.
 *
 * Every number that somebody measured or guessed (service times, rates, latencies, hit ratios ... but no decisions, such as
 * replicas or cores) is multiplied by factors within a range. First all of them are screened by elementary effects (Morris,
 * Technometrics 33, 1991; with the mean of absolute effects: Campolongo et al., Environ. Model. Softw. 22, 2007), then
 * those few that matter are told apart by shares of variance (Sobol; estimators of Saltelli et al., Comput. Phys. Commun.
 * 181, 2010, and Jansen 1999). All points draw the same random numbers, so that differences are effects and not noise. */
#ifndef ARCHITECH_SENSITIVITY_H
#define ARCHITECH_SENSITIVITY_H

#include <architech/lab.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero means "choose for me" in every member. */
typedef struct {
    const char *metric;        /* "web lb/read p95"; NULL: of the first objective that can be told, else the mean of
                                  the first operation */
    double range;              /* factors from 1 / (1 + range) to 1 + range; 0: 0.2 */
    const char *const *only;   /* [n_only] beginnings of pointers of the parameters that are varied; NULL: all */
    uint32_t n_only;
    uint32_t trajectories;     /* of the screening; 0: 8 */
    uint32_t most;             /* parameters whose shares of variance are looked for; 0: 4 */
    uint32_t base;             /* points of those, times most + 2; a power of two; 0: 64 */
    uint32_t replications;     /* of a point; 0: 2, or the design's when that is less */
    uint64_t seed;             /* of the points; 0: 1 */
} arch_sensitivity_options_t;

/* A number of the design. Effects are changes of the metric, in its unit, over the whole range. */
typedef struct {
    const char *name;          /* its pointer: "/databases/db/queries/find/cpu" */
    const char *value;         /* as the design has it, for people: "1 ms" */
    arch_estimate_t strength;  /* mean absolute elementary effect; half width of 95 % over trajectories */
    double effect;             /* mean elementary effect: its sign says which way */
    double spread;             /* standard deviation of effects: large where it acts through others, or not in a line */
    arch_estimate_t first;     /* share of the variance that it explains alone; unsupported: not looked for */
    arch_estimate_t total;     /* and with everything that it acts through */
} arch_parameter_t;

/* What was found. */
typedef struct {
    const char *name, *metric, *unit; /* of the design; of the metric: "ns", "1/s", "1" */
    double range;
    arch_estimate_t at_design;        /* the metric as the design stands */
    double low, high;                 /* of the metric over all points that were tried */
    uint32_t n_parameters;
    arch_parameter_t *parameter;      /* the strongest first */
    uint32_t n_points, n_failed;      /* designs tried; those that could not be simulated, or had no such metric */
    uint64_t requests, events;        /* simulated for all of it */
    uint64_t digest;
    arch_arena_t *arena;
} arch_sensitivity_t;

/* The caller owns *out. ARCH_E_NOTFOUND: no such metric; ARCH_E_ARG: nothing to vary, or options out of range;
 * ARCH_E_UNSTABLE: the metric cannot be told at the design itself. */
arch_status_t arch_sensitivity(arch_lab_t *lab, const arch_design_t *design, const arch_sensitivity_options_t *options,
                               arch_sensitivity_t **out);
void arch_sensitivity_destroy(arch_sensitivity_t **sensitivity); /* NULL and *NULL are fine */

/* For people: `width` columns (0: 100), with ANSI colours. malloc'ed, the caller frees. */
arch_status_t arch_sensitivity_text(const arch_sensitivity_t *sensitivity, uint32_t width, bool colour, char **text);
/* For programs (docs/experiments.md). malloc'ed, the caller frees. */
arch_status_t arch_sensitivity_json(const arch_sensitivity_t *sensitivity, char **text);

#ifdef __cplusplus
}
#endif
#endif
