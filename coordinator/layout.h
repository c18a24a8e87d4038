/* coordinator/layout.h - who simulates what: ranks form groups, a group shares one replication, its blocks lie on its ranks.
 * A function of the plan, the options, the number of ranks and what a trial has shown of groups (coordinator/trial.c), so
 * every process works it out alike. */
#ifndef ARCHI_LAYOUT_H
#define ARCHI_LAYOUT_H

#include "engine/executor.h"
#include "model/model.h"
#include <architech/run.h>

/* What is known of ranks that share a replication. */
typedef struct {
    uint32_t most;       /* no larger group */
    double   efficiency; /* of a group: its speed over that of one rank and its size */
    double   events;     /* that a window must hold for each rank */
} archi_grouping_t;

typedef struct {
    uint32_t    n_ranks, replications;
    uint32_t    group_size, n_groups;  /* rank r belongs to group r / group_size; ranks beyond the last group are idle */
    uint32_t    n_blocks;              /* per replication */
    arch_time_t lookahead;             /* between blocks; ARCH_TIME_MAX with one */
    uint32_t    n_edges, n_edges_cut;  /* pairs of elements that talk; those in different blocks */
    archi_map_t map;
    uint32_t   *block_of, *place_of;   /* [n_elements], what the map points to */
    uint32_t   *rank_of;               /* [n_blocks] rank within the group */
    uint32_t   *element;               /* [n_elements] elements block by block, ascending in each */
    uint32_t   *first;                 /* [n_blocks + 1] where a block's elements begin in element[] */
    archi_link_t *link;                /* [n_links] which blocks send to which; NULL: not known */
    uint32_t    n_links;
} archi_layout_t;

/* Before any trial: the best that can be hoped for on so many ranks; and, for want of one, what holds on most machines. */
archi_grouping_t archi_grouping_hoped(uint32_t n_ranks);
archi_grouping_t archi_grouping_guessed(uint32_t n_ranks);

/* How many ranks could work on this plan side by side without waiting for each other more than they work, given that
 * `n_ranks` are wanted: replications first, then ranks per replication. */
arch_status_t archi_layout_useful_ranks(const archi_plan_t *plan, const arch_run_options_t *options, uint32_t replications,
                                        const archi_grouping_t *known, uint32_t n_ranks, uint32_t *useful);

/* The caller owns *out (archi_layout_free). */
arch_status_t archi_layout_make(const archi_plan_t *plan, const arch_run_options_t *options, uint32_t replications,
                                const archi_grouping_t *known, uint32_t n_ranks, archi_layout_t *out);
/* The same with blocks as they were cut before: block_of[] of all elements. ARCH_E_FORMAT: no cut of this plan. */
arch_status_t archi_layout_again(const archi_plan_t *plan, const arch_run_options_t *options, uint32_t replications,
                                 const archi_grouping_t *known, uint32_t n_ranks, const uint32_t *block_of,
                                 uint32_t n_blocks, archi_layout_t *out);
void          archi_layout_free(archi_layout_t *layout);

/* Find l->link, for blocks that are laid out. */
arch_status_t archi_layout_links(const archi_plan_t *plan, archi_layout_t *l);

/* Expected events of a whole run of one replication. */
double archi_layout_expected_events(const archi_plan_t *plan);

/* The group of a rank, ARCHI_NIL when it is idle. */
uint32_t archi_layout_group(const archi_layout_t *layout, uint32_t rank);
/* Replications that group g simulates: g, g + n_groups, ... */
uint32_t archi_layout_share(const archi_layout_t *layout, uint32_t group);

#endif
