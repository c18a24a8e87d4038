/* kernels/waves.c - what hand 0 does with a device: members of a kind that nobody has seen run on cores first, to learn what
 * room they need; all others follow in waves, each in slices of events, so that one can tell how far it is and stop.
 * While the device works, hand 0 does what waits in line. */
#include "kernels/ensemble.h"
#include <stdlib.h>
#include <time.h>

static const double slice_seconds = 0.1;  /* that a slice is to take */
static const double sure_after = 0.3;     /* seconds of a wave until its speed can be judged */
static const uint64_t first_events = 8192, most_events = (uint64_t)1 << 40; /* of each member in a slice */
enum { LEAST_SLICES = 16, LOOKED_AT = 64 };

/* ---- what room members need -------------------------------------------------------------------------------------- */

/* The first members of scenarios of shapes that are new; of very many scenarios the first ones stand for all. */
static arch_status_t send_ahead(archi_ensemble_t *e, uint32_t *n)
{
    uint32_t last = ARCHI_NIL;
    bool *sent = calloc((size_t)e->spec.n_scenarios + 1, sizeof *sent);
    arch_status_t st = sent != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for an ensemble");

    *n = 0;
    for (uint32_t i = 0, looked = 0; st == ARCH_OK && i < e->spec.n_members && looked < LOOKED_AT; i++) {
        archi_item_t item = {NULL, ARCHI_ITEM_FRESH, i, NULL, NULL};
        uint32_t scenario = e->spec.member[i].scenario;
        archi_block_t *b = NULL;
        bool seen;
        if (scenario == last)
            continue;
        last = scenario;
        looked++;
        st = archi_shapes_prototype(e, scenario, &b, &seen);
        archi_block_destroy(&b);
        if (st != ARCH_OK || sent[e->shape_of[scenario]])
            continue;
        sent[e->shape_of[scenario]] = e->begun[i] = true;
        st = archi_ensemble_put(e, &item);
        *n += st == ARCH_OK;
    }
    free(sent);
    return st;
}

static uint32_t n_left(archi_ensemble_t *e)
{
    uint32_t n;

    pthread_mutex_lock(&e->lock);
    n = e->stopped ? 0 : e->n_left;
    pthread_mutex_unlock(&e->lock);
    return n;
}

static void rest(void)
{
    const struct timespec moment = {0, 50000};

    nanosleep(&moment, NULL);
}

static arch_status_t cancelled(void) { return ARCH_FAIL(ARCH_E_CANCELLED, "the run was cancelled"); }

/* Until so few members are left, do what waits in line. */
static arch_status_t work_down_to(archi_worker_t *w, uint32_t n)
{
    while (n_left(w->e) > n) {
        bool did;
        ARCH_TRY(archi_worker_do(w, false, &did));
        if (w->hand->progress != NULL && w->hand->progress(w->hand->user, 0, 0) != 0)
            return cancelled();
        ARCH_TRY(archi_worker_pause(w));
        if (!did)
            rest();
    }
    return archi_worker_pause(w);
}

static arch_status_t look_ahead(archi_worker_t *w)
{
    uint32_t n;

    ARCH_TRY(send_ahead(w->e, &n));
    return work_down_to(w, w->e->spec.n_members - n);
}

/* ---- a wave ------------------------------------------------------------------------------------------------------ */

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static arch_status_t launch(archi_waves_t *v, archi_launch_t what) { return v->d->launch(v->d, what, &v->wave); }

/* Until the device is ready; *took: its seconds, without those that it waited for this hand. */
static arch_status_t help(archi_waves_t *v, double *took)
{
    bool busy = true, did;

    ARCH_TRY(v->d->look(v->d, &busy, took));
    while (busy) {
        ARCH_TRY(archi_worker_do(v->w, false, &did));
        if (!did)
            rest();
        ARCH_TRY(v->d->look(v->d, &busy, took));
    }
    return ARCH_OK;
}

typedef struct {
    uint64_t    n_events;
    arch_time_t reached; /* of all members together */
    uint32_t    n_run;   /* that are not at their end */
    double      took;    /* seconds of the last launch */
} wave_view_t;

static arch_status_t view(archi_waves_t *v, wave_view_t *out)
{
    *out = (wave_view_t){0, 0, 0, 0};
    ARCH_TRY(help(v, &out->took));
    ARCH_TRY(v->d->get(v->d, v->report, v->wave.report, (uint64_t)v->n * sizeof *v->report));
    for (uint32_t i = 0; i < v->n; i++) {
        out->n_events += v->report[i].n_events;
        out->reached += v->report[i].reached;
        out->n_run += v->report[i].state == ARCHI_MEMBER_RUNS;
    }
    return ARCH_OK;
}

/* Would the hands be faster by what members took on cores so far? */
static bool is_slower(archi_ensemble_t *e, uint64_t n_events, double took)
{
    double cores;

    pthread_mutex_lock(&e->lock);
    cores = e->core_seconds > 0 ? (double)e->core_events / e->core_seconds * e->spec.n_hands : 0;
    pthread_mutex_unlock(&e->lock);
    return e->spec.unsure && took > sure_after && (double)n_events / took < cores;
}

/* Events of the first slice: of a short run a part, so that one hears of it. */
static uint64_t choose_slice(archi_ensemble_t *e)
{
    uint64_t n;

    pthread_mutex_lock(&e->lock);
    n = e->most_events / LEAST_SLICES;
    pthread_mutex_unlock(&e->lock);
    return n > first_events ? first_events : n > 0 ? n : 1;
}

static uint64_t adapt(uint64_t slice, double took)
{
    if (took < slice_seconds / 2)
        return slice < most_events ? 2 * slice : slice;
    return took > 2 * slice_seconds && slice > 1 ? slice / 2 : slice;
}

static void count_slice(archi_ensemble_t *e, double took, uint64_t n_events)
{
    pthread_mutex_lock(&e->lock);
    e->figures.n_launches++;
    e->figures.device_seconds += took;
    e->figures.device_events += n_events;
    pthread_mutex_unlock(&e->lock);
}

/* *slower: it was left before its end. */
static arch_status_t run_slices(archi_waves_t *v, bool *slower)
{
    wave_view_t now = {0, 0, v->n, 0};
    uint64_t before = 0;
    double took = 0;

    *slower = false;
    v->wave.slice = choose_slice(v->e);
    while (now.n_run > 0 && !*slower) {
        ARCH_TRY(launch(v, ARCHI_LAUNCH_ADVANCE));
        ARCH_TRY(view(v, &now));
        count_slice(v->e, now.took, now.n_events - before);
        before = now.n_events;
        v->wave.slice = adapt(v->wave.slice, now.took);
        took += now.took;
        if (v->w->hand->progress != NULL && v->w->hand->progress(v->w->hand->user, now.reached, now.n_events) != 0)
            return cancelled();
        ARCH_TRY(archi_worker_pause(v->w));
        if (n_left(v->e) == 0) /* another hand failed */
            return cancelled();
        *slower = now.n_run > 0 && is_slower(v->e, now.n_events, took);
    }
    return ARCH_OK;
}

static arch_status_t begin_wave(archi_waves_t *v)
{
    double begun = seconds();
    wave_view_t now;

    ARCH_TRY(launch(v, ARCHI_LAUNCH_COPY));
    ARCH_TRY(launch(v, ARCHI_LAUNCH_BEGIN));
    ARCH_TRY(view(v, &now));
    pthread_mutex_lock(&v->e->lock);
    v->e->figures.begin_seconds += seconds() - begun;
    v->e->figures.n_waves++;
    pthread_mutex_unlock(&v->e->lock);
    return ARCH_OK;
}

static arch_status_t one_wave(archi_waves_t *v, bool *slower)
{
    ARCH_TRY(begin_wave(v));
    ARCH_TRY(run_slices(v, slower));
    return *slower ? ARCH_OK : archi_waves_fetch(v);
}

static void give_up(archi_waves_t *v)
{
    pthread_mutex_lock(&v->e->lock);
    v->e->figures.given_up = true;
    pthread_mutex_unlock(&v->e->lock);
    archi_ensemble_offer(v->e, v->next, v->e->spec.n_members);
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

static arch_status_t set_budget(archi_waves_t *v)
{
    uint64_t room;

    ARCH_TRY(v->d->room(v->d, &room));
    v->budget = room / 10 * 9 / (v->e->spec.n_sharing > 0 ? v->e->spec.n_sharing : 1);
    if (v->e->spec.most_device_bytes > 0 && v->e->spec.most_device_bytes < v->budget)
        v->budget = v->e->spec.most_device_bytes;
    return ARCH_OK;
}

static arch_status_t all_waves(archi_waves_t *v)
{
    bool slower = false;
    arch_status_t st = set_budget(v);

    while (st == ARCH_OK && !slower) {
        st = archi_waves_load(v);
        if (st == ARCH_OK && v->n == 0)
            return ARCH_OK;
        if (st == ARCH_OK)
            st = one_wave(v, &slower);
        archi_waves_unload(v);
        if (st == ARCH_OK && !slower)
            v->next = v->end;
    }
    /* A device that fails the unsure is one that they do without. */
    if (slower || (v->e->spec.unsure && (st == ARCH_E_CUDA || st == ARCH_E_NOMEM))) {
        give_up(v);
        return ARCH_OK;
    }
    return st;
}

arch_status_t archi_waves_run(archi_worker_t *w)
{
    archi_waves_t v = {.w = w, .e = w->e, .d = w->e->spec.device};
    arch_status_t st;

    ARCH_TRY(look_ahead(w));
    v.scenario = malloc(((size_t)w->e->spec.n_members + 1) * sizeof *v.scenario);
    if (v.scenario == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for an ensemble");
    st = all_waves(&v);
    archi_waves_give_back(&v);
    free(v.scenario);
    free(v.number);
    free(v.member);
    free(v.report);
    return st;
}
