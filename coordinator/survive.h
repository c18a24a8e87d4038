/* coordinator/survive.h - what saving and going on mean for a job: which replications are left, what is known of them, and
 * who saves what. */
#ifndef ARCHI_SURVIVE_H
#define ARCHI_SURVIVE_H

#include "coordinator/job.h"

/* Before the layout. Choose where to go on from. Collective over an MPI net; NULL: the ranks are threads. */
arch_status_t archi_survive_begin(archi_job_t *job, archi_net_t *net);

/* Replications left to simulate, and the i-th of them; those of group g are number g, g + n_groups, ... */
uint32_t archi_survive_replications(const archi_job_t *job);
uint32_t archi_survive_replication(const archi_job_t *job, uint32_t i);
uint32_t archi_survive_share(const archi_job_t *job, uint32_t group);

/* Local. The layout: blocks as they were saved, or cut anew. */
arch_status_t archi_survive_layout(archi_job_t *job, uint32_t n_ranks);

/* Local, with layout and ledger made: take what was saved for the ranks first .. first + n_here - 1 of this process. */
arch_status_t archi_survive_restore(archi_job_t *job, uint32_t first, uint32_t n_here);

/* Collective as above. Begin to save, if the options say so. */
arch_status_t archi_survive_keep(archi_job_t *job, archi_net_t *net);

/* *b was just made: put the saved one in its place, if there is one. */
arch_status_t archi_survive_block(archi_job_t *job, archi_block_t **b);

/* This process simulates no more; `st` is how it ended. Wait for what is being written. */
arch_status_t archi_survive_end(archi_job_t *job, arch_status_t st);
void archi_survive_free(archi_job_t *job);

#endif
