/* experiments/place_ensemble.c - all jobs that have been put by the time that somebody waits for an answer are done
 * together, as one ensemble, by threads of this process and a GPU. */
#include "experiments/errands.h"
#include "experiments/work.h"
#include "coordinator/batch.h"
#include "coordinator/machine.h"
#include <architech/run.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    archi_place_t place;
    const arch_lab_options_t *options;
    bool unsure;
    uint32_t n_threads;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock */
    archi_errands_t todo, done;
    bool started, wanted, closing;
    arch_status_t status;   /* of what cannot go on */
    char why[256];
} ensemble_t;

static ensemble_t *of(archi_place_t *place) { return (ensemble_t *)(void *)place; }

/* ---- a batch ----------------------------------------------------------------------------------------------------- */

typedef struct {
    ensemble_t *place;
    archi_errand_t **errand; /* [n]; NULL: answered */
    archi_batch_item_t *item;
    uint32_t n;
    double began;
} batch_t;

static arch_status_t read_design(void *user, uint32_t i, arch_design_t **out)
{
    const batch_t *b = user;

    return archi_work_read(b->errand[i]->job, b->errand[i]->size, out);
}

/* The text of what an item says, or its samples, as bytes. */
static void fill(archi_batch_item_t *item, archi_errand_t *e)
{
    arch_status_t st = item->status;

    if (st == ARCH_OK)
        st = arch_samples_pack(item->samples, &e->answer.bytes, &e->answer.n);
    if (st != ARCH_OK)
        archi_errand_fail(e, st, item->status != ARCH_OK ? item->why : arch_error_text());
    arch_samples_destroy(&item->samples);
}

static void answered(void *user, uint32_t i)
{
    batch_t *b = user;
    archi_errand_t *e = b->errand[i];

    fill(&b->item[i], e);
    e->answer.seconds = (archi_machine_seconds() - b->began) / b->n;
    pthread_mutex_lock(&b->place->lock);
    b->errand[i] = NULL;
    archi_errands_join(&b->place->done, e);
    pthread_cond_broadcast(&b->place->changed);
    pthread_mutex_unlock(&b->place->lock);
}

static int stops(void *user)
{
    const batch_t *b = user;
    bool closing;

    pthread_mutex_lock(&b->place->lock);
    closing = b->place->closing;
    pthread_mutex_unlock(&b->place->lock);
    return closing;
}

/* *todo is empty then. */
static arch_status_t list(batch_t *b, archi_errands_t *todo)
{
    for (archi_errand_t *e = todo->first; e != NULL; e = e->next)
        b->n++;
    b->errand = calloc((size_t)b->n + 1, sizeof(archi_errand_t *));
    b->item = calloc((size_t)b->n + 1, sizeof *b->item);
    if (b->errand == NULL || b->item == NULL) {
        archi_errands_drop(todo);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u jobs", b->n);
    }
    for (uint32_t i = 0; i < b->n; i++) {
        b->errand[i] = archi_errands_leave(todo);
        (void)archi_work_range(b->errand[i]->job, b->errand[i]->size, &b->item[i].first, &b->item[i].n); /* or n is 0 */
    }
    return ARCH_OK;
}

/* What is large enough for a GPU is found out there; without one all is for the cores. */
static archi_device_t *device_for(const batch_t *b, archi_device_t *device)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < b->n; i++)
        n += b->item[i].n;
    return !b->place->unsure || n >= ARCHI_MANY_REPLICATIONS ? device : NULL;
}

static void tell(const ensemble_t *t, const archi_device_t *device, const archi_ensemble_figures_t *f)
{
    char text[320];

    if (device == NULL || t->options->note == NULL)
        return;
    archi_batch_say(device, f, text, sizeof text);
    t->options->note(t->options->user, 0, text);
}

static bool are_answered(const batch_t *b)
{
    bool all = b->errand != NULL;

    for (uint32_t i = 0; all && i < b->n; i++)
        all = b->errand[i] == NULL;
    return all;
}

static arch_status_t run(ensemble_t *t, archi_errands_t *todo, archi_device_t *device)
{
    batch_t b = {t, NULL, NULL, 0, archi_machine_seconds()};
    archi_batch_options_t options = {t->n_threads, t->options->memory_limit, NULL, t->unsure, read_design, answered, stops,
                                     &b};
    archi_ensemble_figures_t figures;
    arch_status_t st = list(&b, todo);

    memset(&figures, 0, sizeof figures);
    if (st == ARCH_OK) {
        options.device = device_for(&b, device);
        st = archi_batch_run(b.item, b.n, &options, &figures);
    }
    if (st == ARCH_E_CANCELLED && are_answered(&b)) /* whoever had the last answer left at once */
        st = ARCH_OK;
    if (st == ARCH_OK)
        tell(t, options.device, &figures);
    for (uint32_t i = 0; b.errand != NULL && i < b.n; i++)
        archi_errand_free(b.errand[i]);
    free(b.errand);
    free(b.item);
    return st;
}

/* ---- the thread that the GPU belongs to -------------------------------------------------------------------------- */

static void fail(ensemble_t *t, arch_status_t st)
{
    pthread_mutex_lock(&t->lock);
    t->status = st;
    snprintf(t->why, sizeof t->why, "%s", arch_error_text());
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

/* What there is to do once somebody waits. False: the place closes. */
static bool wait_for_work(ensemble_t *t, archi_errands_t *todo)
{
    bool closing;

    archi_errands_clear(todo);
    pthread_mutex_lock(&t->lock);
    while (!t->closing && !(t->wanted && t->todo.first != NULL))
        pthread_cond_wait(&t->changed, &t->lock);
    closing = t->closing;
    while (!closing && t->todo.first != NULL)
        archi_errands_join(todo, archi_errands_leave(&t->todo));
    t->wanted = t->wanted && closing;
    pthread_mutex_unlock(&t->lock);
    return !closing;
}

static void *work(void *user)
{
    ensemble_t *t = user;
    archi_device_t *device = NULL;
    archi_errands_t todo;
    arch_status_t st = archi_device_open(0, &device);

    if (st != ARCH_OK && t->unsure)
        st = ARCH_OK;
    if (st != ARCH_OK)
        fail(t, st);
    pthread_mutex_lock(&t->lock);
    t->started = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
    while (st == ARCH_OK && wait_for_work(t, &todo)) {
        st = run(t, &todo, device);
        if (st != ARCH_OK)
            fail(t, st);
    }
    archi_device_close(&device);
    return NULL;
}

/* ---- the place --------------------------------------------------------------------------------------------------- */

static arch_status_t put(archi_place_t *place, uint64_t id, const void *job, size_t n)
{
    ensemble_t *t = of(place);
    archi_errand_t *e;

    ARCH_TRY(archi_errand_make(id, job, n, &e));
    pthread_mutex_lock(&t->lock);
    archi_errands_join(&t->todo, e);
    pthread_mutex_unlock(&t->lock);
    return ARCH_OK;
}

static arch_status_t take(archi_place_t *place, int milliseconds, archi_place_answer_t *answer, bool *got)
{
    ensemble_t *t = of(place);
    struct timespec until;
    arch_status_t st;
    archi_errand_t *e;

    archi_in_milliseconds(milliseconds, &until);
    pthread_mutex_lock(&t->lock);
    t->wanted = t->todo.first != NULL;
    pthread_cond_broadcast(&t->changed);
    while (t->done.first == NULL && t->status == ARCH_OK &&
           pthread_cond_timedwait(&t->changed, &t->lock, &until) != ETIMEDOUT)
        continue;
    e = archi_errands_leave(&t->done);
    st = e == NULL ? t->status : ARCH_OK;
    pthread_mutex_unlock(&t->lock);
    *got = archi_errand_hand_over(e, answer);
    return st == ARCH_OK ? ARCH_OK : ARCH_FAIL(st, "%s", t->why);
}

static uint32_t workers(const archi_place_t *place) { return ((const ensemble_t *)(const void *)place)->n_threads; }

static void close_ensemble(archi_place_t *place)
{
    ensemble_t *t = of(place);

    pthread_mutex_lock(&t->lock);
    t->closing = true;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    archi_errands_drop(&t->todo);
    archi_errands_drop(&t->done);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->changed);
    free(t);
}

/* Until the thread knows whether there is a GPU. */
static arch_status_t wait_for_start(ensemble_t *t)
{
    pthread_mutex_lock(&t->lock);
    while (!t->started)
        pthread_cond_wait(&t->changed, &t->lock);
    pthread_mutex_unlock(&t->lock);
    return t->status == ARCH_OK ? ARCH_OK : ARCH_FAIL(t->status, "%s", t->why);
}

arch_status_t archi_place_ensemble(const arch_lab_options_t *options, archi_place_t **out)
{
    ensemble_t *t = calloc(1, sizeof *t);
    arch_status_t st;

    *out = NULL;
    if (t == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for an ensemble");
    t->place = (archi_place_t){put, take, workers, NULL, close_ensemble, true};
    t->options = options;
    t->unsure = options->executor != ARCH_EXECUTOR_GPU;
    t->n_threads = options->threads > 0 ? options->threads : archi_machine_cores();
    archi_errands_clear(&t->todo);
    archi_errands_clear(&t->done);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, NULL);
    if (pthread_create(&t->thread, NULL, work, t) != 0) {
        free(t);
        return ARCH_FAIL(ARCH_E_NOMEM, "no thread for an ensemble could be started");
    }
    st = wait_for_start(t);
    if (st == ARCH_OK)
        *out = &t->place;
    else
        close_ensemble(&t->place);
    return st;
}
