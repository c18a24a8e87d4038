/* cli/worker.h - what a worker does with a job. */
#ifndef ARCHI_CLI_WORKER_H
#define ARCHI_CLI_WORKER_H

#include "cli/cli.h"
#include "workers/worker.h"
#include <architech/run.h>

/* How jobs are done here; the `user` of cli_work(). */
typedef struct {
    cli_t *cli;          /* with ranks of MPI: all of them do a job together */
    uint32_t threads;    /* without */
    uint64_t memory;     /* bytes for the simulated state; 0: four fifths of what is free */
    archi_task_t *task;  /* under way; NULL on ranks that only help */
} cli_worker_t;

/* The work function of `architech worker`: a job's bytes are replications of a design. */
arch_status_t cli_work(archi_task_t *task, const void *job, size_t bytes, void **result, size_t *n, void *worker);

/* What ranks beside the first do until it calls cli_work_end(): their share of every job. Its exit status. */
int cli_work_help(cli_worker_t *worker);
void cli_work_end(cli_worker_t *worker); /* rank 0: send the others home */

#endif
