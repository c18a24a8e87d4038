/* architech/compare.h - designs set beside a base, metric by metric, with common random numbers: which figures differ,
 * by how much, how sure that is, and where on the way of a request it arises.
 *
 * All designs run with the base's seed, duration and warm-up, so that requests of the same workload ask for the same
 * things; what a design says otherwise is set aside and told. Elements, workloads and metrics belong together by their
 * names. */
#ifndef ARCHITECH_COMPARE_H
#define ARCHITECH_COMPARE_H

#include <architech/lab.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero means "choose for me" in every member. */
typedef struct {
    uint32_t replications;      /* of every design; 0: the base's */
    uint32_t most_replications; /* with `precision`; 0: 1000 */
    double confidence;          /* 0: 0.95 */
    double precision; /* 0.01: replications are added until the difference of every headline is known to within
                                   1 % of the base's value; 0: none are */
    uint32_t
        independent; /* 1: each design draws numbers of its own, seeded by its place: to see what common ones buy */
} arch_compare_options_t;

/* What the data say of a difference. */
typedef enum {
    ARCH_EFFECT_NONE, /* no difference that these data can show */
    ARCH_EFFECT_LESS,
    ARCH_EFFECT_MORE,
    ARCH_EFFECT_SAME,   /* equal in every replication */
    ARCH_EFFECT_UNKNOWN /* the data cannot carry the figure, or give it no interval */
} arch_effect_t;

/* A metric that both designs have. */
typedef struct {
    const char *name; /* "web lb/read p95" */
    arch_figure_t figure;
    uint32_t headline;       /* 1: mean and p95 of operations, and what objectives ask for */
    arch_difference_t of;    /* intervals at the comparison's confidence, each by itself */
    double joint_half_width; /* headlines: of the difference, such that all headlines' intervals hold together with the
                                    comparison's confidence (Bonferroni); else NaN */
    arch_effect_t effect;    /* headlines: by the joint interval; others: by their own */
    double
        replications_for_one_percent; /* that would make the interval which decides +- 1 % of the base; NaN: unknown */
} arch_compared_t;

/* Time of a request at a component, ns per request of the operation: demand as the design says, waiting as measured. */
typedef struct {
    const char *component; /* its name in the design; "network": all links; "": what is not told apart */
    double base, other;    /* in all */
    double base_waiting, other_waiting;
    double base_visits, other_visits; /* per request; network: messages; NaN for what is not told apart */
    double change;                    /* other - base */
    double half_width; /* of the change, from what was measured; 0: only the design decides it; NaN: unknown */
} arch_path_part_t;

/* Where the change of an operation's mean latency arises; the parts add up to it. */
typedef struct {
    const char *workload, *operation;
    double base, other; /* mean latency */
    uint32_t n_parts;   /* the largest change first; what is not told apart is the last */
    arch_path_part_t *part;
} arch_path_t;

/* A design against the base. */
typedef struct {
    uint32_t n_metrics;
    arch_compared_t *metric; /* in the base's order */
    uint32_t n_headlines;
    uint32_t n_only_base, n_only_other; /* operations and components that only one has: "web lb/search", "redis" */
    const char **only_base, **only_other;
    uint32_t n_paths;
    arch_path_t *path;
} arch_pair_t;

/* An objective in one of the designs. */
typedef struct {
    bool present; /* the design has an objective of that name */
    bool met;
    arch_verdict_t verdict;
    bool below;
    double limit;
    arch_estimate_t measured;
    const char *subject; /* "web lb/read p95" */
    arch_figure_t figure;
} arch_compared_objective_t;

/* What was found. */
typedef struct {
    uint32_t n_designs;     /* the base first */
    const char **name;      /* [n_designs] of the designs */
    const char **text;      /* [n_designs] their JSON as they ran */
    uint64_t *digest;       /* [n_designs] */
    const char **set_aside; /* [n_designs] run settings of the design's own that were not used, in words; "" */
    uint32_t replications;
    uint64_t seed, events;
    arch_time_t duration, warmup; /* the same for all: see warmup_found */
    uint32_t
        warmup_found; /* 1: the base leaves it open, and it is the longest that any design needed in 5 trial replications */
    uint32_t settled; /* 0: in some design most replications never settled, figures are doubtful */
    double confidence,
        joint_confidence; /* of all headlines of all pairs together; of each of their intervals by itself */
    uint32_t n_joint;     /* how many those are */
    bool precise;         /* false: a precision was asked for and not reached within the most replications */
    arch_pair_t *pair;    /* [n_designs - 1]: design k + 1 against the base */
    uint32_t n_objectives;
    const char **objective;            /* names, in the order of first appearance */
    arch_compared_objective_t *judged; /* [n_objectives * n_designs] */
    arch_arena_t *arena;
} arch_comparison_t;

/* Compare designs 1 .. n - 1 with design 0. ARCH_E_ARG: n < 2, confidence outside (0, 1), fewer than 2 replications; a
 * design that cannot be simulated fails the call with its name. The caller owns *out, which is NULL on failure. */
arch_status_t arch_compare(arch_lab_t *lab, const arch_design_t *const *design, uint32_t n,
                           const arch_compare_options_t *options, arch_comparison_t **out);
void arch_comparison_destroy(arch_comparison_t **comparison); /* NULL and *NULL are fine */

/* As text for people, or as JSON for programs (docs/experiments.md). malloc'ed, the caller frees. `width`: columns of the
 * terminal, 0 for 100; `all`: every metric, not only the headlines and what clearly differs. */
arch_status_t arch_comparison_text(const arch_comparison_t *comparison, uint32_t width, bool colour, bool all,
                                   char **text);
/* See arch_comparison_text(). */
arch_status_t arch_comparison_json(const arch_comparison_t *comparison, char **text);
/* As an HDF5 file, whole or not at all. Errors as arch_results_write(). */
arch_status_t arch_comparison_write(const char *path, const arch_comparison_t *comparison);

#ifdef __cplusplus
}
#endif
#endif
