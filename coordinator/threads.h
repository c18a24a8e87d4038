/* coordinator/threads.h - ranks that are threads of this process. */
#ifndef ARCHI_THREADS_H
#define ARCHI_THREADS_H

#include "engine/net.h"

/* What a rank does; `net` has as many ranks as there are threads. */
typedef arch_status_t (*archi_rank_work_t)(void *user, archi_net_t *net);

/* Run `work` on n ranks, rank 0 in the calling thread, and wait for all. The status is rank 0's. When a thread cannot be
 * started no rank begins. */
arch_status_t archi_threads_run(uint32_t n, archi_rank_work_t work, void *user);

#endif
