/* workers/worker.c - a worker: opening, the thread that works, closing. */
#include "workers/endpoint.h"
#include "workers/worker_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { LINGER_MS = 1000, RECONNECT_MS = 50, RECONNECT_MOST_MS = 1000, HEARTBEAT_MS = 2500 };

void archi_parcels_add(parcels_t *list, parcel_t *p)
{
    p->next = NULL;
    *(list->last ? &list->last->next : &list->first) = p;
    list->last = p;
}

parcel_t *archi_parcels_take(parcels_t *list)
{
    parcel_t *p = list->first;

    if (p != NULL)
        list->first = p->next;
    if (list->first == NULL)
        list->last = NULL;
    return p;
}

void archi_parcel_free(parcel_t *p)
{
    if (p != NULL)
        free(p->bytes);
    free(p);
}

void archi_parcels_clear(parcels_t *list)
{
    for (parcel_t *p; (p = archi_parcels_take(list)) != NULL;)
        archi_parcel_free(p);
}

void archi_worker_wake(archi_task_t *t)
{
    if (t->woken)
        return;
    t->woken = true;
    while (write(t->wake[1], "", 1) < 0 && errno == EINTR)
        ;
}

bool archi_task_tell(archi_task_t *t, double share, uint64_t events)
{
    bool unwanted;

    pthread_mutex_lock(&t->lock);
    t->share = share > 0 ? share < 1 ? share : 1 : 0;
    t->events = events;
    t->told = true;
    unwanted = t->unwanted;
    pthread_mutex_unlock(&t->lock);
    return unwanted;
}

/* ---- working ---- */

/* The next job, or NULL at the end. */
static parcel_t *next_job(archi_task_t *t)
{
    parcel_t *job = NULL;

    pthread_mutex_lock(&t->lock);
    while (!t->ended && !t->leaving && t->jobs.first == NULL)
        pthread_cond_wait(&t->news, &t->lock);
    if (!t->ended && !t->leaving) {
        job = archi_parcels_take(&t->jobs);
        t->current = job->issue;
        t->busy = true;
        t->unwanted = t->told = false;
        t->share = 0;
        t->events = 0;
    }
    pthread_mutex_unlock(&t->lock);
    return job;
}

/* The job's parcel carries its result back, unless nobody waits for it: a cancelled one is told so, one of a connection
 * that is gone is told to nobody. */
static void hand_in(archi_task_t *t, parcel_t *p)
{
    pthread_mutex_lock(&t->lock);
    t->stats.wasted += t->unwanted;
    if (t->current == 0) { /* forgotten meanwhile */
        archi_parcel_free(p);
    } else {
        if (t->unwanted) {
            p->status = ARCH_E_CANCELLED;
            p->n = 0;
        }
        archi_parcels_add(&t->results, p);
        t->n_done++;
        if (t->options.jobs_most != 0 && t->n_done >= t->options.jobs_most && !t->leaving) {
            t->leaving = true;
            t->leaves_at = archi_wall();
        }
    }
    t->current = 0;
    t->busy = false;
    archi_worker_wake(t);
    pthread_mutex_unlock(&t->lock);
}

static void do_job(archi_task_t *t, archi_work_fn work, parcel_t *p)
{
    double began = archi_wall();
    void *result = NULL;
    size_t n = 0;

    arch_error_clear();
    p->status = work(t, p->bytes, p->n, &result, &n, t->options.user);
    if (p->status == ARCH_OK && n > t->bounds.result_most) {
        p->status = ARCH_FAIL(ARCH_E_RANGE, "the result has %zu bytes, at most %zu", n, t->bounds.result_most);
    } else if ((unsigned)p->status >= ARCH_N_STATUS) {
        p->status = ARCH_FAIL(ARCH_E_INTERNAL, "the work function answered %d, which is no status", (int)p->status);
    }
    if (p->status != ARCH_OK) {
        const char *text = arch_error_status() == p->status ? arch_error_text() : arch_status_text(p->status);
        free(result);
        result = strdup(text);
        n = result ? strlen(text) : 0;
        n = n < t->bounds.result_most ? n : t->bounds.result_most;
    }
    free(p->bytes);
    p->bytes = result;
    p->n = n;
    p->ns = (uint64_t)((archi_wall() - began) * 1e9);
}

/* ---- opening and closing ---- */

static arch_status_t fill_in(archi_task_t *t, const archi_worker_options_t *options)
{
    archi_worker_options_t *o = &t->options;
    char host[128] = "";

    *o = *options;
    o->patience_s = o->patience_s > 0 ? o->patience_s : 60;
    o->grace_s = o->grace_s > 0 ? o->grace_s : 10;
    o->credit = o->credit ? o->credit : 2;
    t->bounds.job_most = o->job_bytes_most ? o->job_bytes_most : (size_t)64 << 20;
    t->bounds.result_most = o->result_bytes_most ? o->result_bytes_most : (size_t)256 << 20;
    gethostname(host, sizeof host - 1);
    snprintf(t->name, sizeof t->name, "%.120s:%d", host, (int)getpid());
    if (o->name != NULL)
        snprintf(t->name, sizeof t->name, "%s", o->name);
    snprintf(t->program, sizeof t->program, "%s", o->program ? o->program : "");
    if (o->endpoint == NULL || o->credit > ARCHI_MSG_CREDIT_MOST)
        return ARCH_FAIL(ARCH_E_ARG, "a worker needs an endpoint, and a credit of at most %d", ARCHI_MSG_CREDIT_MOST);
    if (!archi_msg_is_text(t->name, strlen(t->name)) || !archi_msg_is_text(t->program, strlen(t->program)) ||
        strchr(t->program, ' ') != NULL)
        return ARCH_FAIL(ARCH_E_ARG, "the names of a worker and its program: expected printable ASCII");
    if (getrandom(&t->token, sizeof t->token, 0) != (ssize_t)sizeof t->token)
        return ARCH_FAIL(ARCH_E_IO, "no random numbers: %s", strerror(errno));
    return ARCH_OK;
}

static arch_status_t connect_socket(archi_task_t *t)
{
    const char *place = "inproc://monitor";

    t->socket = zmq_socket(t->context, ZMQ_DEALER);
    t->monitor = zmq_socket(t->context, ZMQ_PAIR);
    if (t->socket == NULL || t->monitor == NULL)
        return ARCH_FAIL(ARCH_E_ZMQ, "no socket: %s", zmq_strerror(errno));
    if (zmq_socket_monitor(t->socket, place, ZMQ_EVENT_ALL) != 0 || zmq_connect(t->monitor, place) != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "a watch over a socket: %s", zmq_strerror(errno));
    ARCH_TRY(archi_socket_set(t->monitor, ZMQ_LINGER, 0));
    ARCH_TRY(archi_socket_set(t->socket, ZMQ_LINGER, LINGER_MS));
    ARCH_TRY(archi_socket_set(t->socket, ZMQ_RECONNECT_IVL, RECONNECT_MS));
    ARCH_TRY(archi_socket_set(t->socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MOST_MS));
    ARCH_TRY(archi_socket_set(t->socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS));
    ARCH_TRY(archi_socket_bound_messages(t->socket, t->bounds.job_most));
    ARCH_TRY(archi_socket_identify(t->socket, t->options.key, t->options.server_key));
    return archi_socket_connect(t->socket, t->options.endpoint);
}

static arch_status_t open_all(archi_task_t *t)
{
    sigset_t all, before;
    int e;

    if (pipe2(t->wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return ARCH_FAIL(ARCH_E_IO, "no pipe: %s", strerror(errno));
    t->context = zmq_ctx_new();
    if (t->context == NULL)
        return ARCH_FAIL(ARCH_E_ZMQ, "no context: %s", zmq_strerror(errno));
    ARCH_TRY(connect_socket(t));
    t->heard = t->last_round = archi_wall();
    sigfillset(&all); /* signals are for the threads of the program */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    e = pthread_create(&t->thread, NULL, archi_worker_serve, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (e != 0)
        return ARCH_FAIL(ARCH_E_NOMEM, "no thread: %s", strerror(e));
    return ARCH_OK;
}

static void close_all(archi_task_t *t)
{
    if (t->socket != NULL) {
        zmq_socket_monitor(t->socket, NULL, 0);
        zmq_close(t->socket);
    }
    if (t->monitor != NULL)
        zmq_close(t->monitor);
    if (t->context != NULL)
        while (zmq_ctx_term(t->context) != 0 && errno == EINTR)
            ;
    for (int i = 0; i < 2; i++)
        if (t->wake[i] >= 0)
            close(t->wake[i]);
    archi_parcels_clear(&t->jobs);
    archi_parcels_clear(&t->results);
    pthread_cond_destroy(&t->news);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static arch_status_t work_on(archi_task_t *t, archi_work_fn work)
{
    parcel_t *job;

    ARCH_TRY(open_all(t));
    while ((job = next_job(t)) != NULL) {
        do_job(t, work, job);
        hand_in(t, job);
    }
    pthread_join(t->thread, NULL);
    return t->st == ARCH_OK ? ARCH_OK : ARCH_FAIL(t->st, "%s", t->why);
}

arch_status_t archi_worker_run(const archi_worker_options_t *options, archi_work_fn work, archi_worker_stats_t *stats)
{
    archi_task_t *t = calloc(1, sizeof *t);
    arch_status_t st;

    if (t == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a worker");
    t->wake[0] = t->wake[1] = -1;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->news, NULL);
    st = fill_in(t, options);
    if (st == ARCH_OK)
        st = work_on(t, work);
    if (stats != NULL)
        *stats = t->stats;
    close_all(t);
    return st;
}
