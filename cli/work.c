/* cli/work.c - a job done: by threads of this process, or by all ranks of MPI together. Rank 0 talks to the coordinator and
 * tells the others of every job. */
#include "cli/worker.h"
#include "experiments/work.h"
#include <stdlib.h>
#include <string.h>

static int tell(void *user, double done, uint64_t events, double seconds_left)
{
    const cli_worker_t *w = user;

    (void)seconds_left;
    return archi_task_tell(w->task, done, events);
}

static arch_status_t work(cli_worker_t *w, const void *job, size_t bytes, void **result, size_t *n)
{
    arch_run_options_t options;

    memset(&options, 0, sizeof options);
    options.threads = w->threads;
    options.memory_limit = w->memory;
    options.mpi = w->cli->net != NULL;
    options.progress = w->task != NULL ? tell : NULL;
    options.user = w;
    return archi_work_do(job, bytes, &options, result, n);
}

/* A job for everybody; none: go home. */
static arch_status_t share(const cli_worker_t *w, const void *job, uint64_t bytes)
{
    ARCH_TRY(archi_net_bcast(w->cli->net, &bytes, sizeof bytes, 0));
    return bytes == 0 ? ARCH_OK : archi_net_bcast(w->cli->net, (void *)(uintptr_t)job, bytes, 0);
}

arch_status_t cli_work(archi_task_t *task, const void *job, size_t bytes, void **result, size_t *n, void *worker)
{
    cli_worker_t *w = worker;

    if (bytes == 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "a job of no bytes");
    w->task = task;
    if (w->cli->net != NULL)
        ARCH_TRY(share(w, job, bytes));
    return work(w, job, bytes, result, n);
}

void cli_work_end(cli_worker_t *worker)
{
    if (worker->cli->net != NULL)
        (void)share(worker, NULL, 0);
}

/* A job that cannot be simulated is answered by rank 0, which has the same status. */
int cli_work_help(cli_worker_t *w)
{
    uint64_t bytes;

    while (archi_net_bcast(w->cli->net, &bytes, sizeof bytes, 0) == ARCH_OK && bytes > 0) {
        void *job = malloc(bytes), *result = NULL;
        size_t n;
        if (job == NULL)
            abort(); /* the others wait for this rank, and would for ever: the launcher ends them all */
        if (archi_net_bcast(w->cli->net, job, bytes, 0) != ARCH_OK) {
            free(job);
            break;
        }
        (void)work(w, job, bytes, &result, &n);
        free(result);
        free(job);
    }
    return CLI_DONE;
}
