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

static arch_status_t failed_on(const char *endpoint)
{
    int e = errno;

    if (e == EINVAL || e == EPROTONOSUPPORT || e == ENOCOMPATPROTO)
        return ARCH_FAIL(ARCH_E_ARG, "%s: expected an endpoint such as tcp://10.0.0.1:5555 or ipc:///run/farm", endpoint);
    return ARCH_FAIL(ARCH_E_IO, "%s: %s", endpoint, zmq_strerror(e));
}

static bool starts(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

static bool is_local(const char *endpoint)
{
    return starts(endpoint, "ipc://") || starts(endpoint, "tcp://127.") || starts(endpoint, "tcp://localhost:") ||
           starts(endpoint, "tcp://[::1]:");
}

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
    const char *open[] = {o->endpoint, o->progress};

    if ((o->key == NULL) != (o->allowed == NULL))
        return ARCH_FAIL(ARCH_E_ARG, "a key of the coordinator and the keys that are let in go together");
    for (int i = 0; i < 2; i++)
        if (open[i] != NULL && o->key == NULL && !o->insecure && !is_local(open[i]))
            return ARCH_FAIL(ARCH_E_ARG, "%s: other machines can reach it, so it needs keys (architech keys)", open[i]);
    if (!(o->heartbeat_s >= 0.001 && o->heartbeat_s <= 3600 && o->expiry_s >= 2 * o->heartbeat_s && o->expiry_s <= 86400))
        return ARCH_FAIL(ARCH_E_ARG, "heartbeats every %g s, loss after %g s: expected 1 ms to 1 h, and at least twice that",
                         o->heartbeat_s, o->expiry_s);
    if (o->program != NULL && (!archi_msg_is_text(o->program, strlen(o->program)) || strchr(o->program, ' ') != NULL ||
                               strlen(o->program) >= ARCHI_FARM_NAME_BYTES))
        return ARCH_FAIL(ARCH_E_ARG, "the program's name: expected a short word of ASCII");
    return ARCH_OK;
}

static arch_status_t draw(void *bytes, size_t n)
{
    if (getrandom(bytes, n, 0) != (ssize_t)n)
        return ARCH_FAIL(ARCH_E_IO, "no random numbers: %s", strerror(errno));
    return ARCH_OK;
}

/* A name of the kernel's own (no file), for this user only. */
static arch_status_t private_endpoint(archi_farm_t *farm)
{
    uint64_t name[2];
    uid_t user = geteuid();

    ARCH_TRY(draw(name, sizeof name));
    snprintf(farm->endpoint, sizeof farm->endpoint, "ipc://@architech-%016llx%016llx", (unsigned long long)name[0],
             (unsigned long long)name[1]);
    if (zmq_setsockopt(farm->router, ZMQ_IPC_FILTER_UID, &user, sizeof user) != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "ZMQ_IPC_FILTER_UID: %s", zmq_strerror(errno));
    return ARCH_OK;
}

static arch_status_t set_up(void *socket, int option, const void *value, size_t bytes)
{
    if (zmq_setsockopt(socket, option, value, bytes) != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "option %d of a socket: %s", option, zmq_strerror(errno));
    return ARCH_OK;
}

static arch_status_t open_router(archi_farm_t *farm)
{
    int64_t most = (int64_t)farm->bounds.result_most;
    int yes = 1, linger = LINGER_MS, backlog = BACKLOG, beat = (int)(farm->options.expiry_s * 500);
    size_t n = sizeof farm->endpoint;

    most = most > ARCHI_MSG_TEXT_MOST ? most : ARCHI_MSG_TEXT_MOST;
    farm->router = zmq_socket(farm->context, ZMQ_ROUTER);
    if (farm->router == NULL)
        return ARCH_FAIL(ARCH_E_ZMQ, "no socket: %s", zmq_strerror(errno));
    ARCH_TRY(set_up(farm->router, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes));
    ARCH_TRY(set_up(farm->router, ZMQ_LINGER, &linger, sizeof linger));
    ARCH_TRY(set_up(farm->router, ZMQ_MAXMSGSIZE, &most, sizeof most));
    ARCH_TRY(set_up(farm->router, ZMQ_BACKLOG, &backlog, sizeof backlog));
    ARCH_TRY(set_up(farm->router, ZMQ_IPV6, &yes, sizeof yes));
    ARCH_TRY(set_up(farm->router, ZMQ_HEARTBEAT_IVL, &beat, sizeof beat));
    if (farm->options.endpoint == NULL)
        ARCH_TRY(private_endpoint(farm));
    else
        snprintf(farm->endpoint, sizeof farm->endpoint, "%s", farm->options.endpoint);
    if (zmq_bind(farm->router, farm->endpoint) != 0)
        return failed_on(farm->endpoint);
    if (zmq_getsockopt(farm->router, ZMQ_LAST_ENDPOINT, farm->endpoint, &n) != 0)
        return ARCH_FAIL(ARCH_E_ZMQ, "%s: %s", farm->endpoint, zmq_strerror(errno));
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
    ARCH_TRY(draw(&farm->session, sizeof farm->session));
    farm->session |= 1; /* 0 says none */
    if (pipe2(farm->wake, O_CLOEXEC | O_NONBLOCK) != 0)
        return ARCH_FAIL(ARCH_E_IO, "no pipe: %s", strerror(errno));
    farm->context = zmq_ctx_new();
    if (farm->context == NULL)
        return ARCH_FAIL(ARCH_E_ZMQ, "no context: %s", zmq_strerror(errno));
    zmq_ctx_set(farm->context, ZMQ_MAX_SOCKETS, 65535);
    ARCH_TRY(open_router(farm));
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
