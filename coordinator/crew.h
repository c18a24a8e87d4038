/* coordinator/crew.h - replications of a job as an ensemble: where each is one block on one rank, all ranks of a process
 * take them from one line, and a GPU takes its share if there is one. */
#ifndef ARCHI_CREW_H
#define ARCHI_CREW_H

#include "coordinator/collect.h"
#include "coordinator/job.h"

/* Before the layout, and after the plan. Decide whether replications run on a GPU, and open it. `rank_here`: number of this
 * process among those of its machine, which share its GPUs. ARCH_E_NOTFOUND, ARCH_E_ARG: it was asked for and cannot be. */
arch_status_t archi_crew_choose(archi_job_t *job, uint32_t rank_here);

/* Collective. A GPU on every rank, or on none. */
arch_status_t archi_crew_agree(archi_job_t *job, archi_net_t *net);

/* Local. The ranks first .. first + n_here - 1 of the layout are about to simulate: make their ensemble, unless replications
 * are shared by ranks, cut into blocks or, on cores, saved while under way; then there is none. */
arch_status_t archi_crew_begin(archi_job_t *job, uint32_t first, uint32_t n_here);
/* They are done, and did well: what a GPU did is told. */
void archi_crew_end(archi_job_t *job, uint32_t first);
void archi_crew_free(archi_job_t *job);

#endif
