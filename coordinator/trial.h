/* coordinator/trial.h - whether ranks that share a replication are faster than one alone: measured before the run. */
#ifndef ARCHI_TRIAL_H
#define ARCHI_TRIAL_H

#include "coordinator/job.h"

/* Is anything to be learnt that the run would repay? The answer is the same in every process. */
int archi_trial_wanted(const archi_job_t *job);

/* Collective over net, whose ranks job->layout is made for: simulate the first moments of a replication on one rank, then
 * the same in a group of that layout, and drop both. job->known says afterwards what there is to know; lay out anew with
 * it. Where the ranks of net share the job, rank_here == 0 writes. */
arch_status_t archi_trial(archi_job_t *job, archi_net_t *net, uint32_t rank_here);

#endif
