/* coordinator/checkpoint.h - saving a run while it goes on.
 *
 * The *keeper* of a process writes its file of each checkpoint, in a thread of its own; a *saver* is one rank's part of it.
 * At a pause, when a checkpoint is due, each rank copies its blocks; when all ranks of the process have, the keeper adds the
 * statistics of finished replications and writes. Ranks that are threads are all of one process and save together, each
 * group at its own next pause. Under MPI the ranks of a group save together, other groups apart: replications are
 * independent, so any mixture of their states is a state of the run. A replication is in the statistics, or has blocks, or
 * begins anew. */
#ifndef ARCHI_CHECKPOINT_H
#define ARCHI_CHECKPOINT_H

#include "coordinator/layout.h"
#include "coordinator/ledger.h"
#include "io/checkpoint_file.h"

typedef struct archi_keeper archi_keeper_t;
typedef struct archi_saver archi_saver_t;

/* A block as bytes that its replication has not begun with. */
typedef struct {
    archi_checkpoint_block_t about;
    void *bytes; /* NULL: it is of no use any more */
} archi_waiting_t;

typedef struct {
    archi_waiting_t *image;
    uint32_t n;
} archi_waiting_list_t;

/* Which checkpoints a process writes. */
typedef struct {
    const arch_run_options_t *options;
    archi_checkpoint_head_t head; /* of its files; generation is counted here */
    const char *folder;
    const uint32_t *block_of; /* outlives the keeper, as do options, ledger and waiting */
    const archi_ledger_t *ledger;
    archi_waiting_list_t *waiting;
    uint32_t n_ranks; /* of this process that simulate */
    uint64_t memory;  /* bytes for one rank's blocks and their copies; 0: no limit */
} archi_keeper_setup_t;

/* Local. `finished` lists replications whose statistics are in the ledger already. */
arch_status_t archi_keeper_open(const archi_keeper_setup_t *setup, const uint32_t *finished, uint32_t n_finished,
                                archi_keeper_t **out);

/* Wait for what is being written. What the user should know is said through options->note. ARCH_E_IO when the last
 * checkpoint before an interruption could not be written. NULL is fine. */
arch_status_t archi_keeper_close(archi_keeper_t **keeper);

/* ---- by each rank ------------------------------------------------------------------------------------------------- */

/* The saver of rank `rank_here` of this process; it belongs to the keeper. `group`: those that share a replication. */
archi_saver_t *archi_keeper_saver(archi_keeper_t *keeper, uint32_t rank_here, archi_net_t *group);

/* Collective over the group: see archi_run_t.pause. A rank may have no block of the replication; ARCHI_NIL:
 * between two. ARCH_E_SAVED: the user wants the run to stop, and it is saved (as far as archi_keeper_close() agrees). */
arch_status_t archi_saver_pause(archi_saver_t *saver, uint32_t replication, archi_block_t *const *block, uint32_t n,
                                arch_time_t now);

/* Around the adding of a finished replication to the ledger; end is collective over the group. */
void archi_saver_collect_begin(archi_saver_t *saver);
arch_status_t archi_saver_collect_end(archi_saver_t *saver, uint32_t replication);

/* Collective over the group: this rank simulates no more; `st` is how it ended. */
arch_status_t archi_saver_leave(archi_saver_t *saver, arch_status_t st);

#endif
