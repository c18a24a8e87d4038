/* model/model.h - the model's door for the coordinator: a design becomes a plan, the plan makes blocks, blocks run, and
 * their statistics are read. Host only; what runs inside the events is in the other headers of model/. */
#ifndef ARCHI_MODEL_H
#define ARCHI_MODEL_H

#include "engine/run.h"
#include "model/tally.h"
#include <architech/design.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One flat read-only region: element table, step programs, distributions, tables, latencies, names. It may be copied
 * anywhere (another rank, a GPU); all blocks of a run share it. Equal designs give equal bytes. */
typedef struct archi_plan archi_plan_t;

/* What the plan says of element e (= logical process e). Elements are numbered by the design alone. */
typedef enum { ARCHI_ROLE_SOURCE, ARCHI_ROLE_SERVER, ARCHI_ROLE_BALANCER } archi_role_t;
typedef struct {
    archi_role_t role;
    const char *name;  /* "app#2", "db.primary", "lb", "web" */
    const char *group; /* the design's name for it */
    bool is_workload;
    arch_kind_t kind; /* unless is_workload */
    uint32_t index;   /* in the design's array of that kind, or of workloads */
    uint32_t cores;   /* servers */
    bool is_read_replica, is_cache;
} archi_element_info_t;

/* Expected traffic from the traffic equations (solved when the plan is compiled). Between groups of very many replicas
 * not every pair is listed, but a walk over all of them: cut anywhere, it tells the same lookahead. */
typedef struct {
    uint32_t a, b;         /* elements, a < b; messages flow both ways */
    double rate;           /* messages per simulated second, both directions */
    arch_time_t lookahead; /* least delay of any message between them; 0: they cannot be separated */
} archi_edge_t;

arch_status_t archi_plan_compile(const arch_design_t *design, archi_plan_t **out);

/* Number `policy` of those that are plugged in picks: for a balancer among its service's replicas; for those who call the
 * service, or read the database, directly among its replicas. */
typedef struct {
    arch_kind_t kind; /* of the element: ARCH_BALANCER, ARCH_SERVICE, ARCH_DATABASE */
    uint32_t index;
    uint32_t policy;
    bool asked;       /* out: whether there is anybody to ask it */
} archi_picker_t;
arch_status_t archi_plan_compile_picking(const arch_design_t *design, archi_picker_t *picker, uint32_t n,
                                         archi_plan_t **out);
void archi_plan_destroy(archi_plan_t **plan);
/* Only the first `n` replicas of the group of this design name (1 <= n <= its replicas) get requests from now on. */
void archi_plan_activate(archi_plan_t *plan, uint32_t group, uint32_t n);
uint32_t archi_plan_active(const archi_plan_t *plan, uint32_t group);
uint32_t archi_plan_n_groups(const archi_plan_t *plan);
/* The group of a service or balancer by its index in the design; its replicas. */
uint32_t archi_plan_group_for(const archi_plan_t *plan, arch_kind_t kind, uint32_t index);
uint32_t archi_plan_replicas(const archi_plan_t *plan, uint32_t group);

/* Policies that stay where they are as long as the plan. Number `policy` is asked at the doors of the element's servers. */
void archi_plan_host(archi_plan_t *plan, const void *policies);
void archi_plan_guard(archi_plan_t *plan, arch_kind_t kind, uint32_t index, uint32_t policy);

uint64_t archi_plan_bytes(const archi_plan_t *plan);
uint32_t archi_plan_n_elements(const archi_plan_t *plan);
void archi_plan_element(const archi_plan_t *plan, uint32_t e, archi_element_info_t *out);
uint32_t archi_plan_n_edges(const archi_plan_t *plan);
const archi_edge_t *archi_plan_edges(const archi_plan_t *plan);
double archi_plan_arrival_rate(const archi_plan_t *plan, uint32_t e); /* requests per second */
double archi_plan_utilisation(const archi_plan_t *plan, uint32_t e);  /* expected; 0 where it has no cores */
double archi_plan_event_rate(const archi_plan_t *plan, uint32_t e);   /* events per simulated second */
arch_time_t archi_plan_duration(const archi_plan_t *plan);
arch_time_t archi_plan_interval(const archi_plan_t *plan);
uint32_t archi_plan_n_intervals(const archi_plan_t *plan);

/* Slices: the run is cut at fixed times so that a warm-up can be dropped afterwards: slice s covers
 * [archi_plan_slice_begin(s), archi_plan_slice_begin(s + 1)). With a given warm-up there are two. */
uint32_t archi_plan_n_slices(const archi_plan_t *plan);
arch_time_t archi_plan_slice_begin(const archi_plan_t *plan, uint32_t s); /* s = n_slices: the duration */

/* Operations: entries of workloads' mixes, numbered through. */
uint32_t archi_plan_n_operations(const archi_plan_t *plan);
uint32_t archi_plan_operation_element(const archi_plan_t *plan, uint32_t op); /* the source that generates it */

/* The block of replication `replication` that holds `element[0..n)` (ascending): empty, with its first events pending.
 * `map` has been filled for all elements. The caller owns *out (archi_block_destroy). Local. */
arch_status_t archi_model_block_create(const archi_plan_t *plan, const archi_map_t *map, uint32_t id,
                                       const uint32_t *element, uint32_t n, uint32_t replication, uint64_t seed,
                                       archi_block_t **out);

/* What all replications of the plan begin with, in one block of all elements, nothing pending. The caller owns *out. */
arch_status_t archi_model_block_prototype(const archi_plan_t *plan, archi_block_t **out);
/* Make another replication of *b, which is one of the prototype: what it grew to is kept. *b moves if it has to grow; on
 * ARCH_E_NOMEM it is of no use but to be destroyed. */
arch_status_t archi_model_block_again(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *prototype,
                                      uint32_t replication, uint64_t seed, archi_block_t **b);

archi_stop_t archi_model_step(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon);

/* Close the time integrals at `until`; after this the block is only read. */
void archi_model_finish(const archi_plan_t *plan, archi_block_t *b, arch_time_t until);

/* Reading a finished block. `place`: of a local element; `slice` < n_slices. The pointers point into the block. */
uint32_t archi_model_element_at(const archi_block_t *b, uint32_t place);
const archi_tally_t *archi_model_tally(const archi_plan_t *plan, const archi_block_t *b, uint32_t place,
                                       uint32_t slice);
const archi_series_cell_t *archi_model_series(const archi_plan_t *plan, const archi_block_t *b,
                                              uint32_t place); /* [n_intervals] */
/* Operations whose source is in the block; NULL when it is not. */
const archi_op_tally_t *archi_model_op_tally(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *b,
                                             uint32_t op, uint32_t slice);
const archi_op_cell_t *archi_model_op_series(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *b,
                                             uint32_t op); /* [n_intervals * ARCHI_FINE] */
/* Add the latencies of operation `op` in slice `slice` to counts[ARCHI_N_BUCKETS] (model/histogram.h numbers buckets). */
void archi_model_op_histogram(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *b, uint32_t op,
                              uint32_t slice, uint64_t *counts);

/* What the element has counted from the beginning up to `now`, before which every event has been handled; the block is not
 * finished. And how it stands: requests that hold a thread, requests that wait, for a thread or a core. */
void archi_model_total(const archi_plan_t *plan, const archi_block_t *b, uint32_t place, arch_time_t now,
                       archi_tally_t *out);
void archi_model_now(const archi_block_t *b, uint32_t place, uint32_t *inside, uint32_t *waiting);

/* Sum over this block's elements and operations of a hash of (replication, name, statistics): adding the sums of all
 * blocks, modulo 2^64, gives the digest of the run in any order. */
uint64_t archi_model_digest(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *b);

/* Who fills the block? For "memory limit reached": the element with most requests inside, and how many. */
void archi_model_largest(const archi_plan_t *plan, const archi_block_t *b, uint32_t *element, uint64_t *n_inside);

#ifdef __cplusplus
}
#endif
#endif
