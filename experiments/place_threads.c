/* experiments/place_threads.c - jobs done by threads of this process, each job by one. */
#include "experiments/errands.h"
#include "experiments/work.h"
#include "coordinator/machine.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    archi_place_t place;
    arch_run_options_t run;
    pthread_mutex_t lock;
    pthread_cond_t asked, answered;
    archi_errands_t todo, done; /* under the lock, as `closing` is */
    bool closing;
    uint32_t n_threads;
    pthread_t *thread;
} threads_t;

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

static void do_errand(threads_t *t, archi_errand_t *e)
{
    double began = archi_machine_seconds();

    e->answer.status = archi_work_do(e->job, e->size, &t->run, &e->answer.bytes, &e->answer.n);
    if (e->answer.status != ARCH_OK)
        archi_errand_fail(e, e->answer.status, arch_error_text());
    e->answer.seconds = archi_machine_seconds() - began;
}

static void *work(void *user)
{
    threads_t *t = user;

    pthread_mutex_lock(&t->lock);
    while (!t->closing) {
        archi_errand_t *e = archi_errands_leave(&t->todo);
        if (e == NULL) {
            pthread_cond_wait(&t->asked, &t->lock);
            continue;
        }
        pthread_mutex_unlock(&t->lock);
        do_errand(t, e);
        pthread_mutex_lock(&t->lock);
        archi_errands_join(&t->done, e);
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
    archi_errand_t *e;

    ARCH_TRY(archi_errand_make(id, job, n, &e));
    pthread_mutex_lock(&t->lock);
    archi_errands_join(&t->todo, e);
    pthread_cond_signal(&t->asked);
    pthread_mutex_unlock(&t->lock);
    return ARCH_OK;
}

static arch_status_t take(archi_place_t *place, int milliseconds, archi_place_answer_t *answer, bool *got)
{
    threads_t *t = of(place);
    struct timespec until;
    archi_errand_t *e;

    archi_in_milliseconds(milliseconds, &until);
    pthread_mutex_lock(&t->lock);
    while (t->done.first == NULL && pthread_cond_timedwait(&t->answered, &t->lock, &until) != ETIMEDOUT)
        continue;
    e = archi_errands_leave(&t->done);
    pthread_mutex_unlock(&t->lock);
    *got = archi_errand_hand_over(e, answer);
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
    archi_errands_drop(&t->todo);
    archi_errands_drop(&t->done);
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
    archi_errands_clear(&t->todo);
    archi_errands_clear(&t->done);
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
