/* architech/simulation.h - one replication of a design as an object: stepped to a simulated time, looked at, saved, and
 * branched: "what if from here".
 *
 * It is the replication that arch_run() would simulate, event for event, on the thread that calls; digests agree. There is
 * no global state: several simulations may be used at once in several threads, each by one thread at a time. */
#ifndef ARCHITECH_SIMULATION_H
#define ARCHITECH_SIMULATION_H

#include <architech/policy.h>
#include <architech/results.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A replication on its way. */
typedef struct arch_simulation arch_simulation_t;

/* How to simulate. Zero means "choose for me" in every member. */
typedef struct {
    uint64_t memory_limit;       /* bytes for its state; 0: four fifths of what the machine has free */
    const arch_policy_t *policy; /* [n_policies] plugged in; copied, what it points to is not */
    uint32_t n_policies;
} arch_simulation_options_t;

/* Replication number `replication` (from 0) of the design, at time 0 with nothing handled. The design is copied; `options`
 * may be NULL. The caller owns *out (arch_simulation_destroy), which is NULL on failure: ARCH_E_FORMAT where
 * arch_design_check() finds something, ARCH_E_NOTFOUND for a policy without an element, ARCH_E_ARG, ARCH_E_NOMEM. */
arch_status_t arch_simulation_create(const arch_design_t *design, uint32_t replication,
                                     const arch_simulation_options_t *options, arch_simulation_t **out);
/* Give back what it holds; NULL and *simulation == NULL are fine. */
void arch_simulation_destroy(arch_simulation_t **simulation);

/* Handle every event before `until`; later than the design's duration means its duration. A time that has been reached
 * already is fine and does nothing. ARCH_E_FULL when memory is out: the simulation then stands where it stood when that
 * happened, and may be read. */
arch_status_t arch_simulation_run_to(arch_simulation_t *simulation, arch_time_t until);

/* Up to which time all events are handled, in ns. */
arch_time_t arch_simulation_now(const arch_simulation_t *simulation);
/* Events handled so far, by whom it branched from included. */
uint64_t arch_simulation_events(const arch_simulation_t *simulation);
/* The design that it simulates; it lives as long as the simulation. */
const arch_design_t *arch_simulation_design(const arch_simulation_t *simulation);

/* What has been found out by now, as if the run ended here: rates, series and warm-up are of the time up to now. At the end
 * of the run the digest is that of arch_run() for this replication (digests of several replications are added, modulo
 * 2^64). The simulation can go on. The caller owns *out (arch_results_destroy). ARCH_E_ARG at time 0. */
arch_status_t arch_simulation_results(const arch_simulation_t *simulation, arch_results_t **out);

/* ---- a span of time ------------------------------------------------------------------------------------------------ */

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

/* A new span begins now. The first one began at time 0, that of a branch where it branched. ARCH_E_NOMEM. */
arch_status_t arch_simulation_mark(arch_simulation_t *simulation);
/* What happened since then. *out belongs to the simulation and lives until the next call of this or its end.
 * ARCH_E_NOMEM. */
arch_status_t arch_simulation_observe(arch_simulation_t *simulation, const arch_observation_t **out);

/* ---- how many replicas ---------------------------------------------------------------------------------------------- */

/* From now on requests are sent to the first `n` replicas of the service only; the others get no more and finish what they
 * have. At the beginning all are active. ARCH_E_NOTFOUND, ARCH_E_RANGE. */
arch_status_t arch_simulation_activate(arch_simulation_t *simulation, const char *service, uint32_t n);
/* How many are active; 0: there is no such service. */
uint32_t arch_simulation_active(const arch_simulation_t *simulation, const char *service);

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

/* Who decides about the replicas of a service, and how soon. */
typedef struct {
    const char *service;
    arch_time_t interval;  /* between two decisions, > 0 */
    arch_time_t start_up;  /* until a new replica gets requests */
    uint32_t least, most;  /* bounds that hold whatever is decided; most is at most the replicas of the design */
    arch_scaling_function_t *decide;
    void *user;            /* handed to it */
} arch_autoscaler_t;

/* From now on arch_simulation_run_to() asks it every interval; the first time one interval from now. Where run_to() stops
 * makes no difference. More replicas get requests when they have started; fewer at once get no more. One for a service; the
 * struct is copied, `service` and `user` live as long as the simulation. A snapshot and a branch keep the number of active
 * replicas; replicas that start and the autoscaler itself are not part of them. */
arch_status_t arch_simulation_autoscale(arch_simulation_t *simulation, const arch_autoscaler_t *autoscaler);

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
/* An arch_scaling_function_t; `user` is an arch_utilisation_scaler_t of this simulation's own. */
uint32_t arch_scale_by_utilisation(void *user, const arch_scaling_view_t *view);

/* ---- saved and branched ---------------------------------------------------------------------------------------------- */

/* All that it is, as bytes (malloc'ed, the caller frees): the same bytes for the same state. */
arch_status_t arch_simulation_snapshot(const arch_simulation_t *simulation, void **bytes, size_t *n_bytes);
/* The simulation again, of the same design and policies; its span begins now. ARCH_E_FORMAT with the reason where the bytes
 * are damaged, of another design or of another version of this library. The caller owns *out, NULL on failure. */
arch_status_t arch_simulation_restore(const arch_design_t *design, const arch_simulation_options_t *options,
                                      const void *bytes, size_t n_bytes, arch_simulation_t **out);

/* What if from here: a second simulation that begins in the state of this one and goes on under `design`, NULL for the same.
 * Everything that is under way stays under way; times, rates, shares, targets, policies, threads, cores, caches and links
 * may be others, elements, replicas and users may be more, and with another /run/seed chance goes another way from here.
 * ARCH_E_ARG with a sentence where the state cannot go on: elements, replicas or users are fewer, an endpoint has other
 * steps, or the duration, warm-up or interval of the run is another. The caller owns *out, NULL on failure. */
arch_status_t arch_simulation_branch(const arch_simulation_t *simulation, const arch_design_t *design,
                                     arch_simulation_t **out);

#ifdef __cplusplus
}
#endif
#endif
