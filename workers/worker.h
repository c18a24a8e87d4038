/* workers/worker.h - the worker's side: connect, do what is handed out, go when nobody is there to work for. A worker
 * keeps nothing between two jobs, and may be killed at any moment. Several may run in one process, each in a thread of
 * its own. */
#ifndef ARCHI_WORKERS_WORKER_H
#define ARCHI_WORKERS_WORKER_H

#include <architech/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct archi_task archi_task_t; /* the job under way, as its work function sees it */

/* Do a job. ARCH_OK: *result is memory from malloc(), which the room frees, with *n bytes; NULL and 0 will do. Any other
 * status is the answer to the job (it is not tried again), with arch_error_text() as its reason. Called in the thread
 * that called archi_worker_run(), one job at a time. */
typedef arch_status_t (*archi_work_fn)(archi_task_t *task, const void *job, size_t bytes, void **result, size_t *n,
                                       void *user);

/* Tell how far the job is: the share done, from 0 to 1, and the events handled so far. True: nobody wants its result any
 * more; return soon, with whatever status. From any thread, as often as one likes; costs a lock. */
bool archi_task_tell(archi_task_t *task, double share, uint64_t events);

typedef struct {
    const char *endpoint; /* of the coordinator */
    const char *key, *server_key; /* this worker's secret key file, the coordinator's public one; NULL both: no encryption */
    const char *program; /* as archi_farm_options_t has it; NULL: "" */
    const char *name;    /* printable ASCII; NULL: host:process */
    double      patience_s; /* of a silent coordinator; 0: 60 s */
    double      grace_s; /* for a job that is asked to stop when the worker leaves; 0: 10 s */
    uint32_t    credit;  /* jobs that it holds, the one under way included: 1 to 64; 0: 2 */
    uint64_t    jobs_most; /* leave after so many; 0: never */
    size_t      job_bytes_most, result_bytes_most; /* as archi_farm_options_t has them */
    /* Asked some ten times a second, in another thread: must the worker leave (a signal came)? NULL: no. */
    bool      (*leaves)(void *user);
    /* Called in that thread when the job has not stopped within `grace_s`: the place to end the process. NULL: wait for
     * it. */
    void      (*abandon)(void *user);
    void       *user; /* theirs and the work function's */
} archi_worker_options_t;

typedef struct {
    uint64_t jobs;   /* done and sent */
    uint64_t wasted; /* done, but nobody wanted them any more */
    uint64_t hellos; /* times that it was welcomed */
    uint64_t malformed; /* messages dropped */
} archi_worker_stats_t;

/* Work until the coordinator says goodbye, `leaves` says so, or `jobs_most` are done: ARCH_OK. ARCH_E_PEER: the
 * coordinator has been silent for `patience_s`, or sent this worker away, or does not take its key; the text says which.
 * ARCH_E_ARG: wrong options. `stats` may be NULL. */
arch_status_t archi_worker_run(const archi_worker_options_t *options, archi_work_fn work, archi_worker_stats_t *stats);

#endif
