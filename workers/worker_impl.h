/* workers/worker_impl.h - what the two threads of a worker share: one works, one serves the socket. All but what is
 * marked is under the lock. */
#ifndef ARCHI_WORKERS_WORKER_IMPL_H
#define ARCHI_WORKERS_WORKER_IMPL_H

#include "workers/clock.h"
#include "workers/message.h"
#include "workers/worker.h"
#include <pthread.h>

/* A job that waits, or a result that is to be sent. */
typedef struct parcel {
    struct parcel *next;
    uint64_t       issue;
    arch_status_t  status; /* of a result */
    uint64_t       ns;
    void          *bytes;
    size_t         n;
} parcel_t;

typedef struct {
    parcel_t *first, *last;
} parcels_t;

typedef enum {
    APART,     /* no connection, or none that speaks to us */
    GREETED,   /* hello is said */
    WORKING,   /* welcomed */
} bond_t;

struct archi_task {
    /* set before the thread starts, and never again */
    archi_worker_options_t options;
    archi_msg_bounds_t     bounds;
    char                   name[ARCHI_MSG_TEXT_MOST / 2], program[ARCHI_MSG_TEXT_MOST / 2 - 1];
    uint64_t               token;
    void                  *context, *socket, *monitor; /* the serving thread's alone, once it runs */
    int                    wake[2];
    pthread_t              thread;

    pthread_mutex_t lock;
    pthread_cond_t  news; /* a job, or the end */
    parcels_t       jobs, results;
    bool            busy;     /* the work function has a job */
    uint64_t        current;  /* the issue under way; 0: none, or one that was forgotten */
    bool            unwanted; /* the job that it has, by now */
    bool            told;    /* share and events are new */
    double          share;
    uint64_t        events;
    uint64_t        n_done;
    bool            leaving, ended, woken;
    double          leaves_at;
    arch_status_t   st; /* of the end */
    char            why[512];
    archi_worker_stats_t stats;

    /* the serving thread's alone */
    bond_t   bond;
    uint64_t session;
    double   heard, beat_s, next_beat, last_round;
};

void archi_parcels_add(parcels_t *list, parcel_t *p);
parcel_t *archi_parcels_take(parcels_t *list); /* NULL: none */
void archi_parcel_free(parcel_t *p);
void archi_parcels_clear(parcels_t *list);

void archi_worker_wake(archi_task_t *t);
void *archi_worker_serve(void *task);

#endif
