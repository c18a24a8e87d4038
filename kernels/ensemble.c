/* kernels/ensemble.c - the line of members that wait for a hand, and the hands. */
#include "kernels/ensemble.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAUSE_NS = 100000000 }; /* that a hand which pauses waits at a time */

/* ---- making ------------------------------------------------------------------------------------------------------ */

arch_status_t archi_ensemble_create(const archi_ensemble_spec_t *spec, archi_ensemble_t **out)
{
    archi_ensemble_t *e = calloc(1, sizeof *e);

    *out = NULL;
    if (e != NULL) {
        e->shape_of = malloc(((size_t)spec->n_scenarios + 1) * sizeof *e->shape_of);
        e->begun = calloc((size_t)spec->n_members + 1, sizeof *e->begun);
    }
    if (e == NULL || e->shape_of == NULL || e->begun == NULL) {
        if (e != NULL)
            free(e->shape_of), free(e->begun);
        free(e);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for an ensemble of %u members", spec->n_members);
    }
    e->spec = *spec;
    memset(e->shape_of, 0xff, spec->n_scenarios * sizeof *e->shape_of);
    e->last = &e->first;
    e->n_left = spec->n_members;
    e->end = spec->device == NULL ? spec->n_members : 0;
    e->next = spec->n_hands < e->end ? spec->n_hands : e->end; /* every hand has one of its own to begin with */
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, NULL);
    *out = e;
    return ARCH_OK;
}

static void drop_line(archi_ensemble_t *e)
{
    archi_item_t *next;

    for (archi_item_t *i = e->first; i != NULL; i = next) {
        next = i->next;
        if (i->kind == ARCHI_ITEM_UNFINISHED)
            archi_block_destroy(&i->block);
        free(i);
    }
}

static void drop_parcels(archi_ensemble_t *e)
{
    archi_parcel_t *next;

    for (archi_parcel_t *p = e->parcels; p != NULL; p = next) {
        next = p->next;
        e->spec.device->give_host(e->spec.device, p->bytes);
        free(p);
    }
}

void archi_ensemble_destroy(archi_ensemble_t **out)
{
    archi_ensemble_t *e = out != NULL ? *out : NULL;

    if (e == NULL)
        return;
    drop_line(e);
    drop_parcels(e);
    pthread_mutex_destroy(&e->lock);
    pthread_cond_destroy(&e->changed);
    free(e->shape);
    free(e->shape_of);
    free(e->begun);
    free(e);
    *out = NULL;
}

void archi_device_close(archi_device_t **d)
{
    if (d != NULL && *d != NULL)
        (*d)->close(*d);
    if (d != NULL)
        *d = NULL;
}

const char *archi_device_name(const archi_device_t *d) { return d->name; }

void archi_ensemble_figures(const archi_ensemble_t *e, archi_ensemble_figures_t *out) { *out = e->figures; }

/* ---- the line ---------------------------------------------------------------------------------------------------- */

arch_status_t archi_ensemble_put(archi_ensemble_t *e, const archi_item_t *item)
{
    archi_item_t *i = malloc(sizeof *i);

    if (i == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for an ensemble of %u members", e->spec.n_members);
    *i = *item;
    i->next = NULL;
    pthread_mutex_lock(&e->lock);
    *e->last = i;
    e->last = &i->next;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    return ARCH_OK;
}

void archi_ensemble_offer(archi_ensemble_t *e, uint32_t first, uint32_t end)
{
    pthread_mutex_lock(&e->lock);
    e->next = first;
    e->end = end;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

/* Under the lock: the first in line, or else the next of the range. */
static bool leave_line(archi_ensemble_t *e, archi_item_t *out)
{
    archi_item_t *i = e->first;

    if (i != NULL) {
        *out = *i;
        e->first = i->next;
        if (e->first == NULL)
            e->last = &e->first;
        free(i);
        return true;
    }
    while (e->next < e->end && e->begun[e->next])
        e->next++;
    if (e->next >= e->end)
        return false;
    memset(out, 0, sizeof *out);
    out->kind = ARCHI_ITEM_FRESH;
    out->member = e->next++;
    return true;
}

/* True: something has changed, or may have. */
static bool wait_for_change(archi_ensemble_t *e, bool pauses)
{
    struct timespec until;

    if (!pauses)
        return pthread_cond_wait(&e->changed, &e->lock) == 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PAUSE_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return pthread_cond_timedwait(&e->changed, &e->lock, &until) == 0;
}

/* False: there is nothing to do now. With `wait`: until there is, or never will be, or a hand that pauses is to do so. */
static bool take(archi_ensemble_t *e, bool wait, bool pauses, archi_item_t *out)
{
    bool got;

    pthread_mutex_lock(&e->lock);
    do {
        got = !e->stopped && leave_line(e, out);
    } while (!got && wait && !e->stopped && e->n_left > 0 && wait_for_change(e, pauses));
    pthread_mutex_unlock(&e->lock);
    return got;
}

/* Has everything come to its end? Not so when somebody gave up. */
static bool is_complete(archi_ensemble_t *e)
{
    bool complete;

    pthread_mutex_lock(&e->lock);
    complete = !e->stopped && e->n_left == 0;
    pthread_mutex_unlock(&e->lock);
    return complete;
}

static bool is_stopped(archi_ensemble_t *e)
{
    bool stopped;

    pthread_mutex_lock(&e->lock);
    stopped = e->stopped;
    pthread_mutex_unlock(&e->lock);
    return stopped;
}

void archi_ensemble_stop(archi_ensemble_t *e)
{
    pthread_mutex_lock(&e->lock);
    e->stopped = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

/* ---- a hand ------------------------------------------------------------------------------------------------------ */

static void count(archi_ensemble_t *e, const archi_item_t *i, const archi_member_stats_t *stats)
{
    pthread_mutex_lock(&e->lock);
    if (i->kind == ARCHI_ITEM_FRESH) {
        e->core_seconds += stats->run.wall_seconds;
        e->core_events += stats->run.n_events;
        e->most_events = stats->run.n_events > e->most_events ? stats->run.n_events : e->most_events;
    }
    if (i->parcel != NULL)
        i->parcel->n_left--;
    e->n_left--;
    if (e->n_left == 0)
        pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

static arch_status_t simulate(archi_worker_t *w, archi_item_t *i, archi_block_t **b, archi_member_stats_t *stats)
{
    *b = i->block;
    memset(stats, 0, sizeof *stats);
    if (i->kind != ARCHI_ITEM_PACKED && w->hand->wanted != NULL && !w->hand->wanted(w->hand->user, i->member))
        return ARCH_OK;
    if (i->kind == ARCHI_ITEM_FRESH)
        return archi_core_fresh(w, i->member, b, stats);
    if (i->kind == ARCHI_ITEM_UNFINISHED)
        return archi_core_go_on(w, i->member, b, stats);
    stats->run.peak_bytes = (*b)->bytes;
    return ARCH_OK;
}

static bool is_the_members(arch_status_t st) { return st == ARCH_OK || st == ARCH_E_FULL || st == ARCH_E_NOMEM; }

static arch_status_t do_item(archi_worker_t *w, archi_item_t *i)
{
    archi_member_stats_t stats;
    archi_block_t *b = NULL;
    arch_status_t st = simulate(w, i, &b, &stats);

    if (st == ARCH_OK && i->kind != ARCHI_ITEM_PACKED && w->e->spec.device != NULL && b != NULL)
        archi_shapes_learn(w->e, w->e->spec.member[i->member].scenario, b);
    if (is_the_members(st))
        st = w->hand->done(w->hand->user, i->member, b, &stats, st);
    if (i->kind == ARCHI_ITEM_UNFINISHED)
        archi_block_destroy(&b);
    count(w->e, i, &stats);
    return st;
}

arch_status_t archi_worker_do(archi_worker_t *w, bool wait, bool *did)
{
    archi_item_t item;

    *did = take(w->e, wait, w->hand->pause != NULL, &item);
    return *did ? do_item(w, &item) : ARCH_OK;
}

arch_status_t archi_worker_pause(const archi_worker_t *w)
{
    return w->hand->pause != NULL ? w->hand->pause(w->hand->user) : ARCH_OK;
}

/* Hands that come late find something to do even where members are few and short. */
static arch_status_t do_own(archi_worker_t *w, uint32_t number)
{
    archi_item_t own = {NULL, ARCHI_ITEM_FRESH, number, NULL, NULL};

    return w->e->spec.device == NULL && number < w->e->spec.n_members ? do_item(w, &own) : ARCH_OK;
}

static arch_status_t work(archi_worker_t *w, uint32_t number)
{
    bool did;

    ARCH_TRY(do_own(w, number));
    do {
        ARCH_TRY(archi_worker_do(w, true, &did));
        if (is_complete(w->e))
            return ARCH_OK;
        if (did && w->hand->progress != NULL && w->hand->progress(w->hand->user, 0, 0) != 0)
            break;
        ARCH_TRY(archi_worker_pause(w));
    } while (!is_stopped(w->e));
    return ARCH_FAIL(ARCH_E_CANCELLED, "the run was cancelled");
}

arch_status_t archi_ensemble_work(archi_ensemble_t *e, uint32_t number, const archi_hand_t *hand)
{
    archi_worker_t w = {e, hand, NULL, NULL, 0};
    arch_status_t st = ARCH_OK;

    if (number == 0 && e->spec.device != NULL)
        st = archi_waves_run(&w);
    if (st == ARCH_OK)
        st = work(&w, number);
    if (st == ARCH_E_CANCELLED) { /* by another hand, perhaps to be saved: then this one is, too */
        arch_status_t paused = archi_worker_pause(&w);
        st = paused != ARCH_OK ? paused : ARCH_FAIL(ARCH_E_CANCELLED, "the run was cancelled");
    }
    if (st != ARCH_OK)
        archi_ensemble_stop(e);
    archi_core_release(&w);
    return st;
}
