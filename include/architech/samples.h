/* architech/samples.h - what every single replication of a design found, kept apart, so that experiments can add
 * replications until they know enough, and set those of one design beside those of another, pair by pair.
 *
 * Replication k of a design draws the same random numbers for an element of the same name in every design with the same
 * seed. So the difference of two designs, replication by replication, is free of most of the noise that both have (common
 * random numbers: Law, Simulation Modeling and Analysis, 11.2). */
#ifndef ARCHITECH_SAMPLES_H
#define ARCHITECH_SAMPLES_H

#include <architech/results.h>
#include <architech/run.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of an operation in one replication, after the warm-up. */
typedef struct {
    uint64_t completed, errors; /* successful; failed or rejected */
    double latency;             /* sum over the successful, ns */
    double max;                 /* ns; 0 when nothing completed */
    uint32_t n_buckets;         /* of the histogram of latencies: those that are not empty, ascending */
    uint32_t *bucket;           /* as model/histogram.h numbers them */
    uint64_t *count;
} arch_operation_sample_t;

/* Of a component in one replication, after the warm-up: integrals over time in ns, sums over requests in ns, counts. */
typedef struct {
    double busy, queued, inside, wait, sojourn, lag;
    uint64_t completed, waits, hits, lookups, applied;
} arch_component_sample_t;

/* One replication: one piece of memory. */
typedef struct {
    double span;   /* simulated ns that were measured: without the warm-up */
    uint8_t found; /* 1: the end of the warm-up was found within the first half */
    arch_operation_sample_t *operation; /* [n_operations] */
    arch_component_sample_t *component; /* [n_components] */
} arch_sample_t;

/* A row of operations: one entry of a workload's mix; of workloads that have several, one more for all of them. */
typedef struct {
    const char *workload, *name;              /* name "": the whole workload */
    uint32_t workload_index, operation_index; /* ARCH_NONE: the whole workload */
} arch_operation_row_t;

/* A row of components. */
typedef struct {
    const char *name, *group; /* "app#2", "app" */
    uint32_t kind;            /* an arch_kind_t */
    uint32_t element, cores;
} arch_component_row_t;

/* Replications of one design. */
typedef struct {
    uint64_t digest;             /* sum over replications of what each did, modulo 2^64: as a run's digest is */
    uint64_t events, requests;   /* simulated for it, warm-up included */
    uint32_t first, n;           /* replications first .. first + n - 1 */
    arch_sample_t **sample;      /* [n] */
    uint32_t n_operations, n_components;
    arch_operation_row_t *operation;
    arch_component_row_t *component;
    char *names;                 /* what the rows' texts point into */
    size_t names_bytes;
} arch_samples_t;

/* Simulate replications first .. first + n - 1, of which the design's own run.replications says nothing. Options as for
 * arch_run(), without checkpoints and traces; with options->mpi collective, and *out is rank 0's (NULL elsewhere). The
 * caller owns *out. first + n is at most 2^32 - 1. */
arch_status_t arch_run_samples(const arch_design_t *design, const arch_run_options_t *options, uint32_t first, uint32_t n,
                               arch_samples_t **out);

/* Nothing yet: rows are the caller's to fill. Local, as all that follows. */
arch_status_t arch_samples_create(uint32_t n_operations, uint32_t n_components, size_t names_bytes, arch_samples_t **out);
void arch_samples_destroy(arch_samples_t **samples); /* NULL and *NULL are fine */

/* Move all of *more to the end of *samples and destroy it. ARCH_E_ARG, and both as they were, when they are not of one
 * design or *more does not begin where *samples ends. */
arch_status_t arch_samples_append(arch_samples_t *samples, arch_samples_t **more);

/* As bytes, the same on every machine, for a message or a file. The caller frees *bytes with free(). */
arch_status_t arch_samples_pack(const arch_samples_t *samples, void **bytes, size_t *n);
/* Bytes of anybody: ARCH_E_FORMAT says what is wrong with them. */
arch_status_t arch_samples_unpack(const void *bytes, size_t n, arch_samples_t **out);

/* ---- what they say ------------------------------------------------------------------------------------------------ */

/* Figures of operations, then of components. */
typedef enum {
    ARCH_FIGURE_MEAN, ARCH_FIGURE_P50, ARCH_FIGURE_P95, ARCH_FIGURE_P99, ARCH_FIGURE_P999, /* latency, ns */
    ARCH_FIGURE_ERRORS,      /* share of the finished that failed or were rejected */
    ARCH_FIGURE_THROUGHPUT,  /* successful, per second */
    ARCH_FIGURE_UTILISATION, /* busy cores / cores; of a group: of all its elements */
    ARCH_FIGURE_BUSIEST,     /* utilisation of the group's busiest element: what an objective asks for */
    ARCH_FIGURE_QUEUE,       /* mean number waiting; of a group: in all its elements */
    ARCH_FIGURE_WAIT,        /* mean time waiting per request, ns */
    ARCH_FIGURE_SOJOURN,     /* mean time inside per request, ns */
    ARCH_FIGURE_VISITS,      /* completed per second */
    ARCH_FIGURE_HIT_RATIO,   /* caches */
    ARCH_FIGURE_LAG,         /* read replicas, ns */
    ARCH_N_FIGURES
} arch_figure_t;

const char *arch_figure_name(arch_figure_t figure); /* "p95", "utilisation": as objectives and results write it */
const char *arch_figure_unit(arch_figure_t figure); /* "ns", "1/s", "1" */

/* A figure of something. By name: "web lb/read p95", "web p95", "db utilisation", "app#2 queue". */
typedef struct {
    arch_figure_t figure;
    uint32_t first, n; /* rows: an operation, or components first .. first + n - 1 */
} arch_metric_at_t;

/* ARCH_E_NOTFOUND names what there is that comes nearest. */
arch_status_t arch_samples_find(const arch_samples_t *samples, const char *name, arch_metric_at_t *out);
/* The name back, in `out` of `bytes` bytes (cut off when it is longer). */
void arch_samples_name(const arch_samples_t *samples, arch_metric_at_t metric, char *out, size_t bytes);
/* All that there are, in order: operations, then groups of components. *out is malloc'ed, the caller frees it. */
arch_status_t arch_samples_metrics(const arch_samples_t *samples, arch_metric_at_t **out, uint32_t *n);
/* The metric that an objective of the design asks for. */
arch_status_t arch_samples_objective(const arch_samples_t *samples, const arch_design_t *design, uint32_t objective,
                                     arch_metric_at_t *out);

/* The estimate over all replications with its interval of `confidence` (0.95): for means, shares and rates the ratio
 * estimator, for quantiles sectioning (model/estimate.h); equal to what arch_run() of these replications reports from 5
 * replications on. With fewer there is a value and mostly no interval. */
arch_status_t arch_samples_estimate(const arch_samples_t *samples, arch_metric_at_t metric, double confidence,
                                    arch_estimate_t *out);

/* What each replication adds to the estimate: x[k], whose mean is the estimate and whose spread over sqrt(n) its standard
 * error (jackknife pseudo-values would be; these are the linear part of them). [samples->n]; NaN where the replication
 * cannot carry the figure. */
arch_status_t arch_samples_values(const arch_samples_t *samples, arch_metric_at_t metric, double *x);

/* b against a. */
typedef struct {
    arch_estimate_t a, b;
    arch_estimate_t difference; /* b - a */
    arch_estimate_t ratio;      /* b / a; unsupported when a is not clearly above 0 */
    double correlation;         /* of the replications' values: what common random numbers bought; NaN: unknown */
    bool paired;                /* both have the same replications */
    bool clear;                 /* 0 lies outside the difference's interval */
} arch_difference_t;

/* Replications that both have are paired. The confidence is that of each interval by itself. */
arch_status_t arch_samples_compare(const arch_samples_t *a, arch_metric_at_t of_a, const arch_samples_t *b,
                                   arch_metric_at_t of_b, double confidence, arch_difference_t *out);

#ifdef __cplusplus
}
#endif
#endif
