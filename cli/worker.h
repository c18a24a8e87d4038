/* cli/worker.h - what a worker does with a job. */
#ifndef ARCHI_CLI_WORKER_H
#define ARCHI_CLI_WORKER_H

#include "workers/worker.h"

/* The work function of `architech worker`, by what the job's bytes begin with. */
extern const archi_work_fn cli_work;

#endif
