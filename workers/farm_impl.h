/* workers/farm_impl.h - what the files of the farm share. Everything but what is marked is under the farm's lock. */
#ifndef ARCHI_WORKERS_FARM_IMPL_H
#define ARCHI_WORKERS_FARM_IMPL_H

#include "workers/clock.h"
#include "workers/endpoint.h"
#include "workers/farm.h"
#include "workers/message.h"
#include "workers/show.h"
#include <pthread.h>
#include <sys/types.h>

typedef struct job job_t;
typedef struct worker worker_t;

/* A job in a worker's hands. */
typedef struct {
    uint64_t issue;
    job_t   *job; /* NULL: nobody waits for this one any more */
} hold_t;

struct worker {
    unsigned char peer[ARCHI_MSG_PEER_MOST]; /* the routing id of its connection */
    uint8_t       n_peer;
    char          name[ARCHI_FARM_NAME_BYTES];
    uint64_t      token, pid; /* as it said; the token is its own through all its connections */
    uint32_t      credit, n_held;
    hold_t        held[ARCHI_MSG_CREDIT_MOST]; /* in the order of issue, which is that of its work: [0] is being done */
    double        heard;
};

struct job {
    job_t    *next, *prev; /* in the queue, among those under way, or among the answered */
    job_t    *chain;       /* in the table of ids, until it is taken */
    uint64_t  id;
    void     *bytes; /* NULL: answered */
    size_t    n;
    archi_farm_answer_t *answer; /* NULL: not yet */
    worker_t *holder; /* one of those who have it; NULL: queued */
    uint32_t  copies, losses;
    double    since; /* first handed out, of the time that it is under way now */
    double    share;
    uint64_t  events;
};

typedef struct {
    job_t  *first, *last;
    uint64_t n;
} job_list_t;

typedef struct {
    pid_t  pid; /* 0: not running */
    double start_at, started;
    bool   left; /* for good */
} child_t;

struct archi_farm {
    /* set before the thread starts, and never again */
    archi_farm_options_t options;
    archi_msg_bounds_t   bounds;
    char                 endpoint[ARCHI_ENDPOINT_BYTES];
    char                 program[ARCHI_FARM_NAME_BYTES];
    void                *context, *router;
    archi_gate_t        *gate;
    archi_show_t        *show; /* NULL: nothing is published */
    int                  wake[2]; /* a byte in this pipe ends the thread's sleep */
    uint64_t             session;
    double               opened;
    pthread_t            thread;
    bool                 thread_runs, bound;

    pthread_mutex_t lock;
    pthread_cond_t  news; /* an answer, a failure, or children that started */
    bool            woken, closing, silent; /* silent: no goodbye to workers of others */
    arch_status_t   failed; /* what ended the farm before its time */
    char            failure[512];

    job_list_t queue, under_way, answered;
    job_t    **table; /* by id */
    size_t     n_table, n_jobs;
    worker_t **worker;
    uint32_t   n_workers, workers_room;
    uint64_t   next_issue;
    double     next_beat, last_round;

    char       **argv; /* of our own workers */
    child_t     *child;
    uint32_t     n_children;
    double       next_look; /* at the children */
    uint32_t     ends_in_vain; /* of children since the last answer */
    bool         first_started;
    arch_status_t start_status;
    char          start_text[256];

    archi_farm_stats_t stats; /* what is counted; the rest is filled in when asked */
};

/* ---- farm_jobs.c: what is to be done, and who does it ----------------------------------------------------------- */

arch_status_t archi_jobs_put(archi_farm_t *farm, uint64_t id, const void *bytes, size_t n);
void archi_jobs_cancel(archi_farm_t *farm, uint64_t id);
void archi_jobs_take(archi_farm_t *farm, archi_farm_answer_t *answer); /* the first; there is one */
void archi_jobs_clear(archi_farm_t *farm);
/* Hand out what can be handed out. */
void archi_jobs_dispatch(archi_farm_t *farm, double now);
/* A worker answered. */
void archi_jobs_result(archi_farm_t *farm, worker_t *w, const archi_msg_t *m, const void *bytes, size_t n);
void archi_jobs_progress(archi_farm_t *farm, worker_t *w, const archi_msg_t *m);
/* The jobs of a worker go back to the queue, and it is forgotten; `blame` for its first one, 0 when it left of its own.
 * */
void archi_jobs_drop_worker(archi_farm_t *farm, uint32_t at, uint32_t blame, const char *how);

/* ---- farm_serve.c: the thread ------------------------------------------------------------------------------------ */

void *archi_farm_serve(void *farm);
void archi_farm_wake(archi_farm_t *farm);
/* A worker that nothing can be sent to is lost. */
void archi_farm_unreachable(archi_farm_t *farm, uint32_t at);
/* The farm can go on no more. */
void archi_farm_fail(archi_farm_t *farm, arch_status_t st, const char *text);
/* Send to a worker; false: it cannot be reached. */
bool archi_farm_send(archi_farm_t *farm, const worker_t *w, const archi_msg_t *m, const void *body, size_t bytes);

/* ---- farm_spawn.c: worker processes of our own ------------------------------------------------------------------- */

void archi_children_look(archi_farm_t *farm, double now); /* start, notice ends */
bool archi_children_have(const archi_farm_t *farm, uint64_t pid); /* is it one, not known to have ended? */
void archi_children_end(archi_farm_t *farm); /* the lock is not held: it takes a while */
void archi_children_free(archi_farm_t *farm);

#endif
