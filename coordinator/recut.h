/* coordinator/recut.h - saved blocks, cut as this run wants them. */
#ifndef ARCHI_COORDINATOR_RECUT_H
#define ARCHI_COORDINATOR_RECUT_H

#include "coordinator/job.h"

/* Read all saved blocks of `replication`, make of them those blocks of job->layout that lie on `rank` of a group (ARCHI_NIL:
 * all), and append these to the list, as bytes. Local. Takes memory for all of the replication's blocks meanwhile.
 * ARCH_E_FORMAT: they are not what the design makes. */
arch_status_t archi_recut_waiting(const archi_job_t *job, uint32_t replication, uint32_t rank, archi_waiting_list_t *list);

#endif
