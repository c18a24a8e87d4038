/* architech/policy.h - policies that a program plugs in: a balancer, an admission at a service's door, an autoscaler.
 *
 * A plugged-in policy behaves like a built-in one. It is asked when there is something to decide, knows what the element
 * that asks knows, draws from the engine's random numbers, and keeps one word of state that lives with the element: so the
 * same design and seed give the same bits on any number of ranks, before or after a checkpoint, branch or rollback. That
 * holds as long as its answer depends on what it is handed alone: no clock, no globals that change, nothing counted on the
 * side, since calls come from several threads, for several replications, and again for what was undone. */
#ifndef ARCHITECH_POLICY_H
#define ARCHITECH_POLICY_H

#include <architech/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a balancer, or whoever calls an element directly, knows when it picks a replica for a request. */
typedef struct {
    arch_time_t now;
    uint64_t request;          /* identity of the workload's request that it belongs to, the same in every design */
    uint32_t n;                /* replicas that may be picked */
    const uint64_t *in_flight; /* [n] requests of this caller's that each has not answered yet */
    uint32_t draw[4];          /* random, independent, the same for this request in every run of the seed */
} arch_pick_view_t;

/* What a server knows when a request comes to its door. */
typedef struct {
    arch_time_t now;
    uint64_t request;
    uint32_t endpoint;                /* of the service */
    uint32_t priority;                /* 0 is served first */
    uint32_t inside, threads;         /* requests that hold a thread, and how many there are, ARCH_UNLIMITED: no bound */
    uint32_t waiting, ready, running; /* for a thread; for a core; on a core */
    uint32_t queue_limit;             /* the built-in bound of `waiting`, which holds all the same */
    uint32_t draw[4];
} arch_admission_view_t;

/* Picks a replica, 0 to view->n - 1; what lies beyond is taken modulo n. *state is the caller's own word; it begins with a
 * random replica. Not asked where there is only one. */
typedef uint32_t arch_pick_function_t(void *user, const arch_pick_view_t *view, uint64_t *state);

/* Whether the request may come in; if not it is rejected. *state is that replica's own word and begins with 0. */
typedef bool arch_admission_function_t(void *user, const arch_admission_view_t *view, uint64_t *state);

/* A policy and whose it is.
 * A balancer has `pick` alone: which replica of its service. A service or a database may have one or both: `admit` at the
 * door of each replica, or of the primary and each read replica; `pick` for those who call the service directly, without a
 * balancer, or send the database queries that read replicas answer, each caller with a state of its own. A cache has
 * neither. A function that nobody would ask is refused when the run or the simulation begins, with a sentence that says
 * where it would be asked. */
typedef struct {
    const char *element; /* name of a balancer, a service or a database of the design */
    arch_pick_function_t *pick;
    arch_admission_function_t *admit;
    void *user; /* handed to it; read only, since several threads ask */
} arch_policy_t;

/* ---- what happened between two times -------------------------------------------------------------------------------- */

/* Requests of one entry of a workload's mix that ended in the span. Latencies are of the successful, ns; NaN without any. */
typedef struct {
    const char *workload, *name;          /* "web", "lb/read" */
    uint64_t generated;                   /* that began in it */
    uint64_t completed, failed, rejected; /* that ended in it */
    uint64_t in_flight;                   /* on their way now */
    double mean, p50, p95, p99, p999;
} arch_observed_operation_t;

/* One element in the span. */
typedef struct {
    const char *name, *group; /* "app#2", "app" */
    uint32_t cores;
    uint64_t arrived, completed, failed, rejected;
    double utilisation;       /* busy cores / cores; NaN without cores, and of no time */
    double queue;             /* mean number waiting, for a thread or a core; NaN of no time */
    double sojourn;           /* of the completed, mean, ns; NaN without any */
    uint32_t inside, waiting; /* now: requests that hold a thread; waiting, for a thread or a core */
} arch_observed_component_t;

/* What happened between two times. */
typedef struct {
    arch_time_t from, to;
    uint32_t n_operations, n_components;
    arch_observed_operation_t *operation;
    arch_observed_component_t *component;
} arch_observation_t;

/* ---- autoscalers ---------------------------------------------------------------------------------------------------- */

/* What an autoscaler sees when it is asked. */
typedef struct {
    arch_time_t now;
    uint32_t active, starting; /* replicas that get requests; that will when their start-up is over */
    double utilisation;        /* of the active ones, mean since it was asked last */
    uint64_t waiting;          /* at the active ones now, for a thread or a core */
    const arch_observation_t *seen; /* everything, since it was asked last */
} arch_scaling_view_t;

/* Says how many replicas there should be, those that start included. */
typedef uint32_t arch_scaling_function_t(void *user, const arch_scaling_view_t *view);

/* Who decides about the replicas of a service, and how soon. It is asked every interval of simulated time, the first time
 * one interval after the beginning. More replicas get requests when they have started; fewer at once get no more, and those
 * that leave finish what they have. */
typedef struct {
    const char *service;
    arch_time_t interval;  /* between two decisions, > 0 */
    arch_time_t start_up;  /* until a new replica gets requests */
    uint32_t least, most;  /* bounds that hold whatever is decided; most is at most the replicas of the design */
    arch_scaling_function_t *decide;
    void *user;            /* handed to it, */
    size_t user_bytes;     /* or, above 0, a copy of so many bytes: every replication has its own, which begins as *user is
                              and may change. A run of many replications takes `user` only with its bytes */
    uint32_t first;        /* replicas that are active at the beginning; 0: as many as are active anyway */
} arch_autoscaler_t;

enum { ARCH_SCALER_MEMORY = 64 }; /* decisions that the built-in one remembers */

/* The built-in one, as Kubernetes' Horizontal Pod Autoscaler does it: replicas times utilisation over target, rounded up;
 * nothing within the tolerance; down to no less than was wanted within the window. */
typedef struct {
    double target;      /* utilisation, 0.7 */
    double tolerance;   /* 0.1 */
    arch_time_t window; /* 300 s */
    uint32_t n_past;    /* begin with 0 */
    uint32_t past[ARCH_SCALER_MEMORY];
    arch_time_t past_at[ARCH_SCALER_MEMORY];
} arch_utilisation_scaler_t;
/* An arch_scaling_function_t; `user` is an arch_utilisation_scaler_t of this replication's own. */
uint32_t arch_scale_by_utilisation(void *user, const arch_scaling_view_t *view);

#ifdef __cplusplus
}
#endif
#endif
