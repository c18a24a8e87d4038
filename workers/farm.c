/* workers/farm.c - opening, closing, and the calls that the farm's thread answers. */
#include "workers/farm_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { LINGER_MS = 500, BACKLOG = 1024 };

static const size_t job_bytes_most = (size_t)64 << 20, result_bytes_most = (size_t)256 << 20;

static void fill_in(archi_farm_options_t *o)
{
    o->heartbeat_s = o->heartbeat_s > 0 ? o->heartbeat_s : 1;
    o->expiry_s = o->expiry_s > 0 ? o->expiry_s : 5;
    o->losses_most = o->losses_most ? o->losses_most : 8;
    o->workers_most = o->workers_most ? o->workers_most : 4096;
    o->job_bytes_most = o->job_bytes_most ? o->job_bytes_most : job_bytes_most;
    o->result_bytes_most = o->result_bytes_most ? o->result_bytes_most : result_bytes_most;
}

static arch_status_t check(const archi_farm_options_t *o)
{
    ARCH_TRY(archi_endpoint_check(o->endpoint, o->key, o->allowed, o->insecure));
    if (!(o->heartbeat_s >= 0.001 && o->heartbeat_s <= 3600 && o->expiry_s >= 2 * o->heartbeat_s && o->expiry_s <= 86400))
        return ARCH_FAIL(ARCH_E_ARG, "heartbeats every %g s, loss after %g s: expected 1 ms to 1 h, and at least twice that",
                         o->heartbeat_s, o->expiry_s);
    if (o->program != NULL && (!archi_msg_is_text(o->program, strlen(o->program)) || strchr(o->program, ' ') != NULL ||
                               strlen(o->program) >= ARCHI_FARM_NAME_BYTES))
        return ARCH_FAIL(ARCH_E_ARG, "the program's name: expected a short word of ASCII");
    return ARCH_OK;
}

static arch_status_t open_router(archi_farm_t *farm)
{
    const archi_farm_options_t *o = &farm->options;

    farm->router = zmq_socket(farm->context, ZMQ_ROUTER);
    if (farm->router == NULL)
        return ARCH_FAIL(ARCH_E_ZMQ, "no socket: %s", zmq_strerror(errno));
    ARCH_TRY(archi_socket_set(farm->router, ZMQ_ROUTER_MANDATORY, 1));
    ARCH_TRY(archi_socket_set(farm->router, ZMQ_LINGER, LINGER_MS));
    ARCH_TRY(archi_socket_set(farm->router, ZMQ_BACKLOG, BACKLOG));
    ARCH_TRY(archi_socket_set(farm->router, ZMQ_HEARTBEAT_IVL, (int)(o->expiry_s * 500)));
    ARCH_TRY(archi_socket_bound_messages(farm->router, farm->bounds.result_most));
    ARCH_TRY(archi_socket_guard(farm->context, farm->router, o->key, o->allowed, &farm->gate));
    ARCH_TRY(archi_socket_bind(farm->router, o->endpoint, farm->endpoint));
    farm->bound = true;
    return ARCH_OK;
}

/* Signals are for the threads of the program, not for ours. */
static arch_status_t start_thread(archi_farm_t *farm)
{
    sigset_t all, before;
    int e;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    e = pthread_create(&farm->thread, NULL, archi_farm_serve, farm);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (e != 0)
        return ARCH_FAIL(ARCH_E_NOMEM, "no thread: %s", strerror(e));
    farm->thread_runs = true;
    return ARCH_OK;
}

static arch_status_t open_all(archi_farm_t *farm)
{
    if (getrandom(&farm->session, sizeof farm->session, 0) != (ssize_t)sizeof farm->session)
        return ARCH_FAIL(ARCH_E_IO, "no random numbers: %s", strerror(errno));
    farm->session |= 1; /* 0 says none */
    if (pipe2(farm->wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return ARCH_FAIL(ARCH_E_IO, "no pipe: %s", strerror(errno));
    farm->context = zmq_ctx_new();
    if (farm->context == NULL)
        return ARCH_FAIL(ARCH_E_ZMQ, "no context: %s", zmq_strerror(errno));
    zmq_ctx_set(farm->context, ZMQ_MAX_SOCKETS, 65535);
    ARCH_TRY(open_router(farm));
    if (farm->options.progress != NULL)
        ARCH_TRY(archi_show_open(farm->options.progress, farm->options.key, farm->options.allowed, farm->options.insecure,
                                 &farm->show));
    return start_thread(farm);
}

arch_status_t archi_farm_open(const archi_farm_options_t *options, archi_farm_t **out)
{
    archi_farm_options_t o = *options;
    pthread_condattr_t monotonic;
    arch_status_t st;
    archi_farm_t *farm;

    *out = NULL;
    fill_in(&o);
    ARCH_TRY(check(&o));
    farm = calloc(1, sizeof *farm);
    if (farm == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a farm");
    farm->options = o;
    farm->bounds = (archi_msg_bounds_t){o.job_bytes_most, o.result_bytes_most};
    snprintf(farm->program, sizeof farm->program, "%s", o.program ? o.program : "");
    farm->wake[0] = farm->wake[1] = -1;
    farm->next_issue = 1;
    farm->opened = farm->last_round = archi_wall();
    pthread_mutex_init(&farm->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&farm->news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    st = open_all(farm);
    if (st != ARCH_OK)
        archi_farm_close(&farm);
    *out = farm;
    return st;
}

void archi_farm_abandon(archi_farm_t **at)
{
    if (*at == NULL)
        return;
    pthread_mutex_lock(&(*at)->lock);
    (*at)->silent = true;
    pthread_mutex_unlock(&(*at)->lock);
    archi_farm_close(at);
}

void archi_farm_close(archi_farm_t **at)
{
    archi_farm_t *farm = *at;

    *at = NULL;
    if (farm == NULL)
        return;
    if (farm->thread_runs) {
        pthread_mutex_lock(&farm->lock);
        farm->closing = true;
        archi_farm_wake(farm);
        pthread_mutex_unlock(&farm->lock);
        pthread_join(farm->thread, NULL);
    }
    if (farm->router != NULL)
        zmq_close(farm->router);
    if (farm->bound)
        archi_endpoint_remove(farm->endpoint);
    archi_gate_close(&farm->gate);
    archi_show_close(&farm->show);
    if (farm->context != NULL)
        while (zmq_ctx_term(farm->context) != 0 && errno == EINTR)
            ;
    for (int i = 0; i < 2; i++)
        if (farm->wake[i] >= 0)
            close(farm->wake[i]);
    archi_jobs_clear(farm);
    archi_children_free(farm);
    for (uint32_t i = 0; i < farm->n_workers; i++)
        free(farm->worker[i]);
    free(farm->worker);
    pthread_cond_destroy(&farm->news);
    pthread_mutex_destroy(&farm->lock);
    free(farm);
}

const char *archi_farm_endpoint(const archi_farm_t *farm) { return farm->endpoint; }

const char *archi_farm_progress_endpoint(const archi_farm_t *farm)
{
    return farm->show ? archi_show_endpoint(farm->show) : "";
}

arch_status_t archi_farm_tell(archi_farm_t *farm, const char *text)
{
    return farm->show ? archi_show_tell(farm->show, text) : ARCH_OK;
}

arch_status_t archi_farm_put(archi_farm_t *farm, uint64_t id, const void *job, size_t bytes)
{
    arch_status_t st;

    pthread_mutex_lock(&farm->lock);
    st = archi_jobs_put(farm, id, job, bytes);
    archi_farm_wake(farm);
    pthread_mutex_unlock(&farm->lock);
    return st;
}

arch_status_t archi_farm_take(archi_farm_t *farm, int milliseconds, archi_farm_answer_t *answer, bool *got)
{
    struct timespec until = archi_wall_point(archi_wall() + 1e-3 * milliseconds);
    arch_status_t st = ARCH_OK;
    int e = 0;

    pthread_mutex_lock(&farm->lock);
    while (farm->answered.first == NULL && farm->failed == ARCH_OK && milliseconds != 0 && e != ETIMEDOUT)
        e = milliseconds < 0 ? pthread_cond_wait(&farm->news, &farm->lock)
                             : pthread_cond_timedwait(&farm->news, &farm->lock, &until);
    *got = farm->answered.first != NULL;
    if (*got)
        archi_jobs_take(farm, answer);
    else if (farm->failed != ARCH_OK)
        st = ARCH_FAIL(farm->failed, "%s", farm->failure);
    pthread_mutex_unlock(&farm->lock);
    return st;
}

void archi_farm_cancel(archi_farm_t *farm, uint64_t id)
{
    pthread_mutex_lock(&farm->lock);
    archi_jobs_cancel(farm, id);
    pthread_mutex_unlock(&farm->lock);
}

void archi_farm_stats(archi_farm_t *farm, archi_farm_stats_t *s)
{
    pthread_mutex_lock(&farm->lock);
    *s = farm->stats;
    s->workers = farm->n_workers;
    s->queued = farm->queue.n;
    s->under_way = farm->under_way.n;
    s->untaken = farm->answered.n;
    for (uint32_t i = 0; i < farm->n_workers; i++)
        s->workers_working += farm->worker[i]->n_held > 0;
    for (const job_t *j = farm->under_way.first; j != NULL; j = j->next)
        s->events += j->events;
    s->refused = archi_gate_refused(farm->gate) + (farm->show ? archi_show_refused(farm->show) : 0);
    s->open_s = archi_wall() - farm->opened;
    pthread_mutex_unlock(&farm->lock);
}

size_t archi_farm_slowest(archi_farm_t *farm, archi_farm_job_t *out, size_t n)
{
    double now = archi_wall();
    size_t k = 0;

    pthread_mutex_lock(&farm->lock);
    for (const job_t *j = farm->under_way.first; j != NULL && k < n; j = j->next) {
        out[k] = (archi_farm_job_t){.id = j->id, .seconds = now - j->since, .share = j->share, .copies = j->copies};
        memcpy(out[k++].worker, j->holder->name, sizeof out->worker);
    }
    pthread_mutex_unlock(&farm->lock);
    return k;
}
