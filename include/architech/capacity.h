/* architech/capacity.h - how much load a design carries: the largest at which its objectives are met, the knee before it,
 * what saturates first, and whether it recovers by itself from having had more.
 *
 * Load is a factor on all of the design's workloads: rates times it, users of closed workloads times it. */
#ifndef ARCHITECH_CAPACITY_H
#define ARCHITECH_CAPACITY_H

#include <architech/lab.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero means "choose for me" in every member. */
typedef struct {
    double confidence;         /* of each judgement of an objective; 0: 0.95 */
    double tolerance;          /* the capacity is bracketed to this share of itself; 0: 0.02 */
    uint32_t replications;     /* of a load at first; 0: 4, or the design's when that is less */
    uint32_t most_replications; /* of a load that is hard to judge; 0: twice the design's */
    /* The overload that recovery is asked about: so many times the capacity, for so long, then so long to recover. */
    double overload;           /* 0: 1.5 */
    arch_time_t overload_time; /* 0: half of the design's duration */
    arch_time_t recovery_time; /* 0: the design's duration */
    uint32_t no_recovery;      /* 1: leave recovery out */
} arch_capacity_options_t;

/* How a load was judged. */
typedef enum {
    ARCH_CARRIED,   /* every objective is met, each with the confidence asked for */
    ARCH_UNDECIDED, /* an interval straddles a limit, and no objective is clearly missed */
    ARCH_TOO_MUCH   /* one is clearly missed, requests pile up, or memory did not suffice */
} arch_carried_t;

/* One load that was tried. */
typedef struct {
    double factor, load;       /* load: requests per second of all workloads, as the traffic equations expect them */
    arch_carried_t verdict;
    uint32_t objective;        /* that decided: the index of the design's, or ARCH_NONE */
    const char *why;           /* "db utilisation = 72 %, must be < 70 %" */
    uint32_t replications;
    arch_estimate_t throughput, mean; /* of all operations together: successful per second, latency in ns */
    const char *busiest;       /* the group; "" when none has cores */
    arch_estimate_t utilisation; /* its busiest element's */
} arch_load_point_t;

/* Where a boundary lies: the largest load carried, and the smallest that is too much. Undecided loads lie between. */
typedef struct {
    double carried, too_much;  /* factors; 0: not even the smallest that was tried; INFINITY: no limit was found */
    double carried_load, too_much_load; /* requests per second */
    uint32_t at;               /* the point of too_much; ARCH_NONE when there is none */
} arch_bracket_t;

/* Whether a design comes back by itself. */
typedef enum {
    ARCH_RECOVERY_UNKNOWN, /* not asked, or there is no capacity to lose */
    ARCH_RECOVERS,         /* after the overload the same load is carried again, as far as these data can show */
    ARCH_RECOVERS_SLOWLY,  /* in four times the recovery time, but not within it */
    ARCH_METASTABLE        /* not even then: what was carried before is not carried any more */
} arch_recovery_t;

/* What was found. */
typedef struct {
    const char *name;              /* of the design */
    double designed_load;          /* requests per second at factor 1 */
    double confidence;
    double saturation;             /* factor at which the traffic equations have an element fully busy; INFINITY: none */
    const char *saturates;         /* that element, or "" */
    arch_bracket_t capacity;
    double knee, knee_load;        /* the load with the most throughput per latency (Kleinrock 1979); 0: unknown */
    uint32_t n_points;
    arch_load_point_t *point;      /* ascending; those of the capacity */
    double overload;               /* factor of the overload */
    arch_time_t overload_time, recovery_time;
    arch_bracket_t recovery;       /* loads that are carried again after it */
    uint32_t n_recovery_points;
    arch_load_point_t *recovery_point;
    arch_recovery_t verdict;
    uint64_t requests, events;     /* simulated for all of it */
    uint64_t digest;               /* of everything that was simulated; the same wherever it was */
    arch_arena_t *arena;
} arch_capacity_t;

/* The caller owns *out. ARCH_E_ARG: options out of range, or a design without any open or closed load to scale. */
arch_status_t arch_capacity(arch_lab_t *lab, const arch_design_t *design, const arch_capacity_options_t *options,
                            arch_capacity_t **out);
void arch_capacity_destroy(arch_capacity_t **capacity); /* NULL and *NULL are fine */

/* For people: `width` columns (0: 100), with ANSI colours. malloc'ed, the caller frees. */
arch_status_t arch_capacity_text(const arch_capacity_t *capacity, uint32_t width, bool colour, char **text);
/* For programs (docs/experiments.md). malloc'ed, the caller frees. */
arch_status_t arch_capacity_json(const arch_capacity_t *capacity, char **text);

#ifdef __cplusplus
}
#endif
#endif
