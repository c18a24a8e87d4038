/* coordinator/scaled.h - a replication of a run whose replicas autoscalers start and stop. */
#ifndef ARCHI_SCALED_H
#define ARCHI_SCALED_H

#include "coordinator/job.h"

/* Run run->block[0], all of a replication, until run->until, asking the options' autoscalers when they are due; advance()
 * handles the events up to each such time. Decisions are about a plan of this replication's own. Local. */
arch_status_t archi_scaled_run(const archi_job_t *job, archi_run_t *run,
                               arch_status_t (*advance)(void *user, archi_run_t *run), void *user);

#endif
