/* experiments/place_threads.c - jobs done by threads of this process, each job by one. */
#include "experiments/place.h"
#include "experiments/work.h"
#include "coordinator/machine.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct errand {
    struct errand *next;
    archi_place_answer_t answer;
    size_t size;
    unsigned char job[];
} errand_t;

typedef struct {
    errand_t *first, **last;
} line_t;

typedef struct {
    archi_place_t place;
    arch_run_options_t run;
    pthread_mutex_t lock;
    pthread_cond_t asked, answered;
    line_t todo, done; /* under the lock, as `closing` is */
    bool closing;
    uint32_t n_threads;
    pthread_t *thread;
} threads_t;

static void join_line(line_t *line, errand_t *e)
{
    e->next = NULL;
    *line->last = e;
    line->last = &e->next;
}

static errand_t *leave_line(line_t *line)
{
    errand_t *e = line->first;

    if (e != NULL)
        line->first = e->next;
    if (line->first == NULL)
        line->last = &line->first;
    return e;
}

static void drop_line(line_t *line)
{
    for (errand_t *e = leave_line(line); e != NULL; e = leave_line(line)) {
        free(e->answer.bytes);
        free(e);
    }
}

/* ---- the threads ------------------------------------------------------------------------------------------------ */

static int is_closing(void *user, double done, uint64_t events, double seconds_left)
{
    threads_t *t = user;
    bool closing;

    (void)done, (void)events, (void)seconds_left;
    pthread_mutex_lock(&t->lock);
    closing = t->closing;
    pthread_mutex_unlock(&t->lock);
    return closing;
}

static void do_errand(threads_t *t, errand_t *e)
{
    double began = archi_machine_seconds();

    e->answer.status = archi_work_do(e->job, e->size, &t->run, &e->answer.bytes, &e->answer.n);
    if (e->answer.status != ARCH_OK) {
        e->answer.bytes = strdup(arch_error_text());
        e->answer.n = e->answer.bytes != NULL ? strlen(e->answer.bytes) : 0;
    }
    e->answer.seconds = archi_machine_seconds() - began;
}

static void *work(void *user)
{
    threads_t *t = user;

    pthread_mutex_lock(&t->lock);
    while (!t->closing) {
        errand_t *e = leave_line(&t->todo);
        if (e == NULL) {
            pthread_cond_wait(&t->asked, &t->lock);
            continue;
        }
        pthread_mutex_unlock(&t->lock);
        do_errand(t, e);
        pthread_mutex_lock(&t->lock);
        join_line(&t->done, e);
        pthread_cond_signal(&t->answered);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* ---- the place -------------------------------------------------------------------------------------------------- */

static threads_t *of(archi_place_t *place) { return (threads_t *)(void *)place; }

static arch_status_t put(archi_place_t *place, uint64_t id, const void *job, size_t n)
{
    threads_t *t = of(place);
    errand_t *e = calloc(1, sizeof *e + n);

    if (e == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a job of %zu bytes", n);
    e->answer.id = id;
    e->size = n;
    memcpy(e->job, job, n);
    pthread_mutex_lock(&t->lock);
    join_line(&t->todo, e);
    pthread_cond_signal(&t->asked);
    pthread_mutex_unlock(&t->lock);
    return ARCH_OK;
}

static void in_milliseconds(int milliseconds, struct timespec *out)
{
    clock_gettime(CLOCK_REALTIME, out);
    out->tv_nsec += (long)(milliseconds % 1000) * 1000000;
    out->tv_sec += milliseconds / 1000 + out->tv_nsec / 1000000000;
    out->tv_nsec %= 1000000000;
}

static arch_status_t take(archi_place_t *place, int milliseconds, archi_place_answer_t *answer, bool *got)
{
    threads_t *t = of(place);
    struct timespec until;
    errand_t *e;

    in_milliseconds(milliseconds, &until);
    pthread_mutex_lock(&t->lock);
    while (t->done.first == NULL && pthread_cond_timedwait(&t->answered, &t->lock, &until) != ETIMEDOUT)
        continue;
    e = leave_line(&t->done);
    pthread_mutex_unlock(&t->lock);
    *got = e != NULL;
    if (e != NULL)
        *answer = e->answer;
    free(e);
    return ARCH_OK;
}

static uint32_t workers(const archi_place_t *place) { return ((const threads_t *)(const void *)place)->n_threads; }

static void close_threads(archi_place_t *place)
{
    threads_t *t = of(place);

    pthread_mutex_lock(&t->lock);
    t->closing = true;
    pthread_cond_broadcast(&t->asked);
    pthread_mutex_unlock(&t->lock);
    for (uint32_t i = 0; i < t->n_threads; i++)
        pthread_join(t->thread[i], NULL);
    drop_line(&t->todo);
    drop_line(&t->done);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->asked);
    pthread_cond_destroy(&t->answered);
    free(t->thread);
    free(t);
}

static arch_status_t start(threads_t *t, uint32_t n)
{
    t->thread = calloc(n, sizeof *t->thread);
    if (t->thread == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u threads", n);
    for (; t->n_threads < n; t->n_threads++)
        if (pthread_create(&t->thread[t->n_threads], NULL, work, t) != 0)
            return ARCH_FAIL(ARCH_E_NOMEM, "only %u of %u threads could be started", t->n_threads, n);
    return ARCH_OK;
}

arch_status_t archi_place_threads(const arch_lab_options_t *options, archi_place_t **out)
{
    uint32_t n = options->threads > 0 ? options->threads : archi_machine_cores();
    threads_t *t = calloc(1, sizeof *t);
    arch_status_t st;

    *out = NULL;
    if (t == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u threads", n);
    t->place = (archi_place_t){put, take, workers, NULL, close_threads, false};
    t->run.threads = 1;
    t->run.executor = ARCH_EXECUTOR_CPU;
    t->run.policy = options->policy;
    t->run.n_policies = options->n_policies;
    t->run.autoscaler = options->autoscaler;
    t->run.n_autoscalers = options->n_autoscalers;
    t->run.memory_limit = options->memory_limit > 0 ? options->memory_limit : archi_machine_free_bytes() / 5 * 4 / n;
    t->run.progress = is_closing;
    t->run.user = t;
    t->todo.last = &t->todo.first;
    t->done.last = &t->done.first;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->asked, NULL);
    pthread_cond_init(&t->answered, NULL);
    st = start(t, n);
    if (st == ARCH_OK)
        *out = &t->place;
    else
        close_threads(&t->place);
    return st;
}
