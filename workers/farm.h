/* workers/farm.h - the coordinator's side of the work: jobs as bytes in, results as bytes out, done by workers that may
 * come, go and die at any time. A job is handed out again when its worker is lost, and again to an idle worker when
 * nothing else is left to do; whatever happens, each id is answered exactly once, by the first answer that comes. So a
 * job must give the same result wherever and however often it is run.
 *
 * A thread of the farm's own serves the socket: heartbeats, handing out and taking in go on while the caller does
 * something else. All functions may be called from any thread. docs/PROTOCOL.md describes what goes over the wire. */
#ifndef ARCHI_WORKERS_FARM_H
#define ARCHI_WORKERS_FARM_H

#include <architech/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARCHI_FARM_NAME_BYTES = 256 };

typedef struct archi_farm archi_farm_t;

typedef struct {
    /* Where workers connect to: "ipc:///run/farm", "tcp://10.0.0.1:5555", "tcp://127.0.0.1:*" (a free port). NULL: a
     * place that only processes of this user on this machine can reach, gone when the farm is. */
    const char *endpoint;
    const char *progress; /* where archi_farm_tell() publishes, likewise; NULL: nowhere */
    /* The coordinator's secret key file, and a file or folder of public keys (*.pub) that are let in. NULL: no
     * encryption, which is ARCH_E_ARG for an endpoint that other machines can reach, unless `insecure`. */
    const char *key, *allowed;
    bool        insecure;
    const char *program; /* workers of another program or version are sent away; no blanks in it; NULL: anyone */
    double      heartbeat_s; /* between two signs of life; 0: 1 s */
    double      expiry_s;    /* a worker that is silent for so long is lost; 0: 5 s */
    /* A job is answered as failed (ARCH_E_PEER) when so many workers were lost while they were at it; 0: 8. A worker of
     * our own that crashes counts as three. */
    uint32_t    losses_most;
    uint32_t    workers_most;     /* more are sent away; 0: 4096 */
    size_t      job_bytes_most;   /* 0: 64 MiB */
    size_t      result_bytes_most; /* a peer that sends more is cut off; 0: 256 MiB */
} archi_farm_options_t;

/* Open the endpoint and start to serve it. The caller owns *out (archi_farm_close). ARCH_E_ARG: options that contradict
 * each other, or an endpoint that is none; ARCH_E_IO: it cannot be opened; ARCH_E_FORMAT, ARCH_E_NOTFOUND: of key files.
 * */
arch_status_t archi_farm_open(const archi_farm_options_t *options, archi_farm_t **out);
/* Send the workers away, end those of our own, drop jobs and answers that are left. Sets *farm to NULL; a NULL is fine.
 * */
void archi_farm_close(archi_farm_t **farm);
/* The same without a goodbye: workers of others keep looking for a coordinator at this endpoint, as when this process
 * dies. For one that is about to end, and will be started again. */
void archi_farm_abandon(archi_farm_t **farm);

/* Where workers connect to, with port and path filled in; lives as long as the farm. */
const char *archi_farm_endpoint(const archi_farm_t *farm);
const char *archi_farm_progress_endpoint(const archi_farm_t *farm); /* "": none */

/* Keep `n` worker processes of our own running: argv (NULL at its end) is found on the PATH and run, each in a process
 * group of its own, its standard input empty, its standard output going where our standard error goes. Whatever word of
 * argv is "ENDPOINT" is replaced by the endpoint. One that ends is started again, later each time that it ends without
 * any job having been answered; after so many such ends that there is no hope it is left, and archi_farm_take() says so.
 * All end with the farm, also when this process is killed. ARCH_E_NOTFOUND: the first one cannot be started. Once per
 * farm. */
arch_status_t archi_farm_spawn(archi_farm_t *farm, uint32_t n, const char *const *argv);

/* Queue a job; its bytes are copied. ARCH_E_ARG: this id has been put and not been taken yet; ARCH_E_RANGE: too many
 * bytes. */
arch_status_t archi_farm_put(archi_farm_t *farm, uint64_t id, const void *job, size_t bytes);

typedef struct {
    uint64_t      id;
    arch_status_t status; /* what the work function answered; ARCH_E_PEER: given up; ARCH_E_CANCELLED */
    void         *bytes;  /* the result, or, where the status is not ARCH_OK, the reason in words; the caller's: free() */
    size_t        n;      /* a byte 0 follows them */
    double        seconds; /* of work, by the worker's clock; 0 when none did it */
    char          worker[ARCHI_FARM_NAME_BYTES]; /* "" when none did it */
} archi_farm_answer_t;

/* The next answer, in the order in which they came; waits up to so many milliseconds for one (0: not at all; below 0: as
 * long as it takes). *got says whether there was one. ARCH_E_PEER: no worker of our own is left and none of others is
 * here; ARCH_E_ZMQ, ARCH_E_NOMEM: the farm can go on no more. */
arch_status_t archi_farm_take(archi_farm_t *farm, int milliseconds, archi_farm_answer_t *answer, bool *got);

/* A job that is not wanted any more is answered with ARCH_E_CANCELLED, unless it has been answered. */
void archi_farm_cancel(archi_farm_t *farm, uint64_t id);

/* Publish a text (workers/show.h makes one) where options.progress said; without that, nothing happens. */
arch_status_t archi_farm_tell(archi_farm_t *farm, const char *text);

typedef struct {
    uint32_t workers, workers_working; /* now */
    uint64_t queued, under_way, untaken, done; /* jobs; `done` were answered, `untaken` of them not yet taken */
    uint64_t failed;       /* of those done: not with ARCH_OK */
    uint64_t issues;       /* jobs handed out, each time counted */
    uint64_t lost_issues;  /* handed out again since their worker was lost */
    uint64_t tail_issues;  /* handed out once more since somebody was idle */
    uint64_t late;         /* answers to what had been answered, or of workers that had been given up */
    uint64_t workers_seen, workers_lost;
    uint64_t started;      /* worker processes of our own, each start counted */
    uint64_t malformed;    /* messages dropped */
    uint64_t turned_away;  /* workers of another version, or too many */
    uint64_t refused;      /* connections with a key that is not let in */
    uint64_t bytes_out, bytes_in; /* jobs and results */
    uint64_t events;       /* as told by the workers, those of jobs under way included */
    double   coordination_s; /* the serving thread at work */
    double   work_s;       /* of answered jobs, by the workers' clocks */
    double   open_s;       /* since the farm was opened */
} archi_farm_stats_t;

void archi_farm_stats(archi_farm_t *farm, archi_farm_stats_t *stats);

/* A job under way, for whoever shows it. */
typedef struct {
    uint64_t id;
    double   seconds; /* since it was handed out */
    double   share;   /* done, as its worker told: 0 to 1 */
    uint32_t copies;  /* workers that have it */
    char     worker[ARCHI_FARM_NAME_BYTES];
} archi_farm_job_t;

/* The jobs that have been under way for longest, oldest first: up to n of them; answers how many. */
size_t archi_farm_slowest(archi_farm_t *farm, archi_farm_job_t *job, size_t n);

#endif
