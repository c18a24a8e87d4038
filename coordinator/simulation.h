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

struct arch_simulation {
    arch_design_t  *design;
    archi_plan_t   *plan;
    archi_map_t     map;
    archi_block_t  *block;
    uint32_t        replication;
    arch_time_t     now;
    uint64_t        memory_limit; /* bytes; 0: none */
    archi_reading_t mark;  /* where the span begins; element is NULL: at time 0 */
    arch_observation_t seen;  /* given out last */
};

void archi_reading_free(archi_reading_t *reading);

#endif
