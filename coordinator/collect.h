/* coordinator/collect.h - from the finished blocks of a replication to the ledger. */
#ifndef ARCHI_COLLECT_H
#define ARCHI_COLLECT_H

#include "coordinator/ledger.h"

/* The blocks of one replication that one rank holds, finished. */
typedef struct {
    const archi_plan_t   *plan;
    const archi_map_t    *map;
    archi_block_t *const *block;
    uint32_t              n_blocks;
    uint32_t              replication;
} archi_finished_t;

/* Collective over the group's net. The first slice that counts in this replication: as the design says, or by MSER-5 over
 * the mean latency of the busiest operations, the latest cut of any, rounded up to a slice. *trusted: it could be found. */
arch_status_t archi_collect_warmup(const archi_finished_t *done, const arch_design_t *design, archi_net_t *net,
                                   uint32_t *cut, bool *trusted);

/* Add what these blocks counted, slices from `cut` on; series and digest over all of the run. */
void archi_collect(const archi_finished_t *done, uint32_t cut, archi_ledger_t *ledger);

#endif
