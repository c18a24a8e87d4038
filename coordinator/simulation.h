/* coordinator/simulation.h - shared by the files of a simulation that is stepped. */
#ifndef ARCHI_SIMULATION_H
#define ARCHI_SIMULATION_H

#include "model/model.h"
#include <architech/simulation.h>

/* What was counted of an operation up to a time. */
typedef struct {
    uint64_t     n_generated, n_completed, n_failed, n_rejected, n_in_flight;
    archi_u128_t latency;
} archi_op_reading_t;

/* All counts of a simulation at a time. */
typedef struct {
    arch_time_t         at;
    archi_tally_t      *element;   /* [n_elements] */
    archi_op_reading_t *op;        /* [n_operations] */
    uint64_t           *histogram; /* [n_operations][ARCHI_N_BUCKETS] */
} archi_reading_t;

/* A span that is being watched: where it began, and what was given out of it last. */
typedef struct {
    archi_reading_t    mark; /* element is NULL: at time 0 */
    arch_observation_t seen;
} archi_watching_t;

/* An autoscaler at work. */
typedef struct {
    arch_autoscaler_t how;     /* how.user is own, or the caller's */
    void             *own;     /* copy of what how.user was, NULL without */
    uint32_t          service;
    arch_time_t       next;    /* decision */
    arch_time_t      *ready;   /* [how.most] when replicas that start will have started, ascending */
    uint32_t          n_ready;
    archi_watching_t  seen;
} archi_scaler_t;

struct arch_simulation {
    arch_design_t  *design;
    arch_policy_t  *policy;     /* [n_policies] */
    uint32_t        n_policies;
    archi_plan_t   *plan;
    archi_map_t     map;
    archi_block_t  *block;
    uint32_t        replication;
    arch_time_t     now;
    uint64_t        memory_limit; /* bytes; 0: none */
    uint64_t        plan_sum;   /* of the plan before anything was activated */
    archi_watching_t user;      /* its span */
    archi_scaler_t *scaler;     /* [n_scalers] */
    uint32_t        n_scalers;
};

void archi_watching_free(archi_watching_t *w);
/* Begin a span now. */
arch_status_t archi_observe_from(const arch_simulation_t *s, archi_watching_t *w);
/* What happened in it; *out belongs to w. */
arch_status_t archi_observe(const arch_simulation_t *s, archi_watching_t *w, const arch_observation_t **out);

/* ARCH_OK: each could be registered, in a run of several replications, which threads may go through at once. */
arch_status_t archi_scalers_check(const arch_design_t *design, const arch_autoscaler_t *autoscaler, uint32_t n);
/* When one of the autoscalers wants to act, ARCH_TIME_MAX: never; what is due now. */
arch_time_t   archi_scalers_next(const arch_simulation_t *s);
arch_status_t archi_scalers_act(arch_simulation_t *s);
void          archi_scalers_free(arch_simulation_t *s);

#endif
