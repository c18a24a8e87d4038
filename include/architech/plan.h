/* architech/plan.h - the cheapest configuration of a design that meets its objectives, at a stated confidence.
 *
 * Changes say what may be different and what it costs; a configuration takes one option of each. Few of all configurations
 * are simulated: the traffic equations refute those without a steady state, and one that misses speaks for all that are no
 * stronger. What is said of configurations is right, all of it, with the chance that was asked for. */
#ifndef ARCHITECH_PLAN_H
#define ARCHITECH_PLAN_H

#include <architech/lab.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what may change -------------------------------------------------------------------------------------------- */

/* Money in millionths of the currency per year: costs per hour (of 8760 in a year), day (365), month (12) and year are whole
 * numbers then, and sums of them exact. */
typedef int64_t arch_money_t;

/* One of a change's options: what it sets in the design, in this order. */
typedef struct {
    const char *name;         /* "4", "large", "with" */
    arch_money_t cost;
    uint32_t n_sets;
    const arch_change_t *set; /* value NULL: removed */
} arch_option_t;

/* Values at a pointer, with or without something, or steps of a ladder. */
typedef enum { ARCH_CHANGE_VALUES, ARCH_CHANGE_SWITCH, ARCH_CHANGE_LADDER } arch_change_kind_t;

/* Something that may be different. */
typedef struct {
    const char *name;      /* "app replicas" */
    arch_change_kind_t kind;
    uint32_t boring;       /* 1..100: of two that cost the same, the configuration with the lower one wins */
    bool monotone;         /* a later option is nowhere worse than an earlier one */
    const char *pointer;   /* VALUES: what is set; else NULL */
    uint32_t n_options;    /* >= 1; of a SWITCH: without and with it */
    arch_option_t *option; /* the weakest first */
} arch_planned_change_t;

/* A file of changes, read. */
typedef struct {
    const char *currency; /* "$", "EUR"; "" when all is free */
    bool currency_first;  /* "$5", not "5 EUR" */
    uint32_t per_year;    /* of the period that people read: 8760 hours, 365 days, 12 months, 1 year */
    arch_money_t base;    /* of what does not change */
    uint32_t n_changes;
    arch_planned_change_t *change;
    uint64_t hash;        /* of the text */
    arch_design_t *memory; /* whose arena all of it lies in */
} arch_changes_t;

/* Read a file of changes (docs/experiments.md), or its text. Each option is tried on the design by itself; a file whose
 * options make no sound design is refused. Problems as arch_design_read(). The caller owns *out. Local. */
arch_status_t arch_changes_read(const char *path, const arch_design_t *design, arch_changes_t **out,
                                arch_problems_t *problems);
/* The same of `length` bytes of text; `name` stands in messages. */
arch_status_t arch_changes_parse(const char *name, const char *text, size_t length, const arch_design_t *design,
                                 arch_changes_t **out, arch_problems_t *problems);
void arch_changes_destroy(arch_changes_t **changes); /* NULL and *NULL are fine */

/* ---- the plan --------------------------------------------------------------------------------------------------- */

/* Zero means "choose for me" in every member. */
typedef struct {
    double confidence;      /* 0.95: of all that the plan says, together */
    uint32_t first;         /* replications at a first look: 4 */
    uint32_t most;          /* of a configuration, before it is called too close to the limit: 256 */
    double indifference;    /* share of a limit that does not matter: 0.005 */
    uint32_t side_by_side;  /* configurations looked at in one round: 4; part of the question: no machine moves it */
    uint32_t runners_up;    /* how many should be known: 2 */
    uint32_t trust_nothing; /* 1: one configuration says nothing about others, whatever is declared */
    uint32_t all;           /* 1: simulate every configuration, refute none by traffic or by others: for checks */
} arch_plan_options_t;

/* What became of a configuration. */
typedef enum {
    ARCH_CASE_COSTLIER,   /* not looked at: it costs more than the answer */
    ARCH_CASE_FEASIBLE,   /* simulated: meets all objectives */
    ARCH_CASE_MISSED,     /* simulated: misses one */
    ARCH_CASE_OVERLOADED, /* the traffic equations: an element needs more than there is, or than an objective allows */
    ARCH_CASE_DOMINATED,  /* no stronger than one that misses or is overloaded */
    ARCH_CASE_CLOSE,      /* simulated: too close to a limit to say */
    ARCH_CASE_UNSOUND,    /* its options do not go together: no design */
    ARCH_CASE_FAILED,     /* could not be simulated */
    ARCH_N_CASES
} arch_case_kind_t;

const char *arch_case_name(arch_case_kind_t kind); /* "feasible" */

/* A configuration: an option of each change. */
typedef struct {
    uint32_t *option;     /* [n_changes] */
    arch_money_t cost;
    arch_case_kind_t kind;
    uint32_t by;          /* DOMINATED: the case that speaks for it, else ARCH_NONE */
    uint32_t objective;   /* MISSED, CLOSE: that one; FEASIBLE: the one nearest to its limit; OVERLOADED: or ARCH_NONE */
    const char *element;  /* OVERLOADED: which; "" else */
    double expected;      /* OVERLOADED: utilisation */
    const char *why;      /* UNSOUND, FAILED; "" else */
    uint32_t replications;
    uint64_t requests, digest; /* simulated for it */
    arch_estimate_t *measured; /* [n_objectives], intervals of plan->confidence each; NULL when not simulated */
} arch_case_t;

/* An objective of the design. */
typedef struct {
    const char *name, *subject; /* "reads are quick", "web lb/read p95" */
    arch_metric_t metric;
    bool below;
    double limit;
} arch_plan_objective_t;

/* What an autoscaler that knows the load and acts at once could not go below: over the profile of the load, the least cost
 * of those values of replicas whose utilisation, by the traffic equations, stays below its objective's limit, else below
 * 1; all else as in the answer. */
typedef struct {
    bool known;
    arch_money_t cost;
    uint32_t change;   /* the first of those that scale */
    double least, most; /* its replicas, over the profile */
    uint32_t n_instants;
} arch_plan_bound_t;

/* The answer, with every configuration. */
typedef struct {
    const char *design;
    double confidence;
    const char *currency;
    bool currency_first;
    uint32_t per_year;
    uint32_t n_changes;
    const arch_planned_change_t *change; /* the plan's own copy */
    uint32_t n_objectives;
    arch_plan_objective_t *objective;
    uint32_t n_cases;     /* by cost, then by how boring they are */
    arch_case_t *cases;
    uint32_t answer;      /* a case; ARCH_NONE: nothing meets the objectives */
    uint32_t nearest;     /* without an answer: the case that misses by least, or ARCH_NONE */
    arch_plan_bound_t bound;
    uint32_t n_simulated;
    uint64_t replications, requests, digest;
    uint64_t design_hash, changes_hash;
    arch_arena_t *arena;
} arch_plan_t;

/* options may be NULL. ARCH_E_ARG: no objectives, or more than 100,000 configurations. Nothing of the answer depends on the
 * lab's workers and threads. The caller owns *out. */
arch_status_t arch_plan(arch_lab_t *lab, const arch_design_t *design, const arch_changes_t *changes,
                        const arch_plan_options_t *options, arch_plan_t **out);
void arch_plan_destroy(arch_plan_t **plan); /* NULL and *NULL are fine */

/* "$412 a month" in `out` of `bytes` bytes. */
void arch_plan_money(const arch_plan_t *plan, arch_money_t money, char *out, size_t bytes);
/* For a terminal of so many columns, 0: any; as JSON. The caller frees *text with free(). */
arch_status_t arch_plan_text(const arch_plan_t *plan, uint32_t columns, bool colour, char **text);
/* For programs (docs/experiments.md). The caller frees *text with free(). */
arch_status_t arch_plan_json(const arch_plan_t *plan, char **text);
/* As an HDF5 file. */
arch_status_t arch_plan_write(const arch_plan_t *plan, const char *path);

#ifdef __cplusplus
}
#endif
#endif
