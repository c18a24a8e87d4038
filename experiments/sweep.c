/* experiments/sweep.c - arch_sweep(): every point asked for, its estimates kept, its samples let go. */
#include "engine/draw.h"
#include "experiments/judge.h"
#include "io/arena.h"
#include <architech/sweep.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Jobs that wait hold the text of their design: so many bytes of that at once, but some points at least. */
enum { WAITING_BYTES = 64 << 20, LEAST_WAITING = 64, NAME_BYTES = 512 };

typedef struct {
    arch_lab_t *lab;
    const arch_sweep_t *s;
    arch_swept_t *out;
    bool chosen;            /* what is measured is known */
    arch_design_t **design; /* [n_points] of those asked for; NULL: not yet, or done */
    uint64_t *ticket;       /* [n_points]; 0: not asked */
} sweep_t;

static arch_status_t no_memory(void) { return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a sweep"); }

/* ---- metrics ---------------------------------------------------------------------------------------------------- */

static arch_status_t make_tables(arch_swept_t *out, uint32_t n)
{
    size_t cells = (size_t)n * out->sweep->n_points;

    out->metric = archi_arena_alloc(out->arena, (size_t)n * sizeof *out->metric);
    out->unit = archi_arena_alloc(out->arena, (size_t)n * sizeof *out->unit);
    out->figure = archi_arena_alloc(out->arena, (size_t)n * sizeof *out->figure);
    out->value = archi_arena_alloc(out->arena, cells * sizeof *out->value);
    out->half_width = archi_arena_alloc(out->arena, cells * sizeof *out->half_width);
    if (out->metric == NULL || out->unit == NULL || out->figure == NULL || out->value == NULL ||
        out->half_width == NULL)
        return no_memory();
    for (size_t i = 0; i < cells; i++)
        out->value[i] = out->half_width[i] = NAN;
    return ARCH_OK;
}

static arch_status_t add_metric(arch_swept_t *out, const arch_samples_t *samples, arch_metric_at_t at)
{
    char name[NAME_BYTES];

    arch_samples_name(samples, at, name, sizeof name);
    out->metric[out->n_metrics] = archi_arena_copy(out->arena, name, strlen(name));
    out->unit[out->n_metrics] = arch_figure_unit(at.figure);
    out->figure[out->n_metrics] = at.figure;
    return out->metric[out->n_metrics++] != NULL ? ARCH_OK : no_memory();
}

static bool asked_by_objective(const arch_samples_t *samples, const arch_design_t *d, arch_metric_at_t at)
{
    arch_metric_at_t asked;

    for (uint32_t i = 0; i < d->n_objectives; i++)
        if (arch_samples_objective(samples, d, i, &asked) == ARCH_OK && asked.figure == at.figure &&
            asked.first == at.first)
            return true;
    return false;
}

/* What the file names. */
static arch_status_t find_metrics(sweep_t *w, const arch_samples_t *samples)
{
    arch_metric_at_t at;

    ARCH_TRY(make_tables(w->out, w->s->n_metrics));
    for (uint32_t i = 0; i < w->s->n_metrics; i++) {
        ARCH_TRY(arch_samples_find(samples, w->s->metric[i], &at));
        ARCH_TRY(add_metric(w->out, samples, at));
    }
    return ARCH_OK;
}

/* Mean and p95 of operations, utilisation of components, and what objectives ask for. */
static arch_status_t usual_metrics(sweep_t *w, const arch_samples_t *samples, const arch_design_t *d)
{
    arch_metric_at_t *all = NULL;
    uint32_t n = 0, usual = 0;
    arch_status_t st;

    ARCH_TRY(arch_samples_metrics(samples, &all, &n));
    for (uint32_t i = 0; i < n; i++)
        if (all[i].figure == ARCH_FIGURE_MEAN || all[i].figure == ARCH_FIGURE_P95 ||
            all[i].figure == ARCH_FIGURE_UTILISATION || asked_by_objective(samples, d, all[i]))
            all[usual++] = all[i];
    st = make_tables(w->out, usual);
    for (uint32_t i = 0; i < usual && st == ARCH_OK; i++)
        st = add_metric(w->out, samples, all[i]);
    free(all);
    return st;
}

static arch_status_t choose_metrics(sweep_t *w, const arch_samples_t *samples, const arch_design_t *d)
{
    if (w->s->n_metrics > 0)
        ARCH_TRY(find_metrics(w, samples));
    else
        ARCH_TRY(usual_metrics(w, samples, d));
    w->chosen = true;
    return ARCH_OK;
}

/* ---- points ----------------------------------------------------------------------------------------------------- */

/* What ends a sweep; anything else is a point's own trouble. */
static bool ends_all(arch_status_t st)
{
    return st == ARCH_E_CANCELLED || st == ARCH_E_IO || st == ARCH_E_H5 || st == ARCH_E_ZMQ || st == ARCH_E_NOMEM ||
           st == ARCH_E_ARG || st == ARCH_E_INTERNAL;
}

static void fail_point(sweep_t *w, uint32_t point, arch_status_t st, const char *why)
{
    w->out->point[point].status = st;
    snprintf(w->out->point[point].why, sizeof w->out->point[point].why, "%s", why);
    w->out->n_failed++;
}

static arch_status_t ask(sweep_t *w, uint32_t point)
{
    arch_problems_t problems = {0, NULL};
    arch_status_t st = arch_sweep_design(w->s, point, &w->design[point], &problems);
    char why[sizeof w->out->point[point].why];

    if (st == ARCH_E_FORMAT) {
        snprintf(why, sizeof why, "%s%s%s", problems.n > 0 ? problems.problem[0].at : "", problems.n > 0 ? ": " : "",
                 problems.n > 0 ? problems.problem[0].text : arch_error_text());
        fail_point(w, point, st, why);
        st = ARCH_OK;
    } else if (st == ARCH_OK) {
        st = arch_lab_ask(w->lab, w->design[point], 0, w->s->replications, &w->ticket[point]);
    }
    arch_problems_clear(&problems);
    return st;
}

static arch_status_t judge_point(sweep_t *w, uint32_t point, const arch_samples_t *samples)
{
    arch_swept_point_t *p = &w->out->point[point];
    archi_verdict_t verdict;

    if (w->design[point]->n_objectives == 0)
        return ARCH_OK;
    ARCH_TRY(archi_judge(samples, w->design[point], w->out->confidence, NULL, &verdict));
    p->objectives = verdict.judgement == ARCHI_CLEARLY_MET ? 1 : verdict.judgement == ARCHI_CLEARLY_MISSED ? 0 : 2;
    return ARCH_OK;
}

static arch_status_t estimate_point(sweep_t *w, uint32_t point, const arch_samples_t *samples)
{
    arch_swept_t *out = w->out;

    for (uint32_t m = 0; m < out->n_metrics; m++) {
        arch_metric_at_t at;
        arch_estimate_t e;
        size_t cell = (size_t)m * w->s->n_points + point;
        if (arch_samples_find(samples, out->metric[m], &at) != ARCH_OK) /* this point has no such element */
            continue;
        ARCH_TRY(arch_samples_estimate(samples, at, out->confidence, &e));
        out->value[cell] = e.supported ? e.value : NAN;
        out->half_width[cell] = e.supported ? e.half_width : NAN;
    }
    out->point[point].digest = samples->digest;
    out->point[point].events = samples->events;
    out->point[point].requests = samples->requests;
    out->events += samples->events;
    out->requests += samples->requests;
    return judge_point(w, point, samples);
}

static arch_status_t take(sweep_t *w, uint32_t point)
{
    arch_samples_t *samples = NULL;
    arch_status_t st = ARCH_OK;

    if (w->ticket[point] != 0)
        st = arch_lab_wait(w->lab, w->ticket[point], &samples);
    if (st != ARCH_OK && !ends_all(st)) {
        fail_point(w, point, st, arch_error_text());
        st = ARCH_OK;
    } else if (samples != NULL) {
        if (!w->chosen)
            st = choose_metrics(w, samples, w->design[point]);
        if (st == ARCH_OK)
            st = estimate_point(w, point, samples);
    }
    arch_samples_destroy(&samples);
    arch_design_destroy(&w->design[point]);
    return st;
}

/* How many points may wait: their jobs hold texts. */
static uint32_t most_waiting(const arch_sweep_t *s)
{
    size_t each = (strlen(s->design->source) + 4096) * s->replications, n = WAITING_BYTES / each;

    return n < LEAST_WAITING ? LEAST_WAITING : n < s->n_points ? (uint32_t)n : s->n_points;
}

/* A metric that does not exist is told after the first point, not after all: one is waited for before others are asked. */
static arch_status_t run_points(sweep_t *w)
{
    uint32_t n = w->s->n_points, asked = 0, waiting = most_waiting(w->s);

    for (uint32_t point = 0; point < n; point++) {
        uint32_t until = !w->chosen ? point + 1 : n - point < waiting ? n : point + waiting;
        arch_lab_say(w->lab, "sweeping: point %u of %u", point + 1, n);
        for (; asked < until; asked++)
            ARCH_TRY(ask(w, asked));
        ARCH_TRY(take(w, point));
    }
    return ARCH_OK;
}

/* Of points in their order: a digest that depends on each and on its place. */
static void put_digest(arch_swept_t *out)
{
    uint64_t h = 0;

    for (uint32_t i = 0; i < out->sweep->n_points; i++)
        h = archi_mix64((h + 0x9e3779b97f4a7c15ull) ^
                        archi_mix64(out->point[i].digest + (uint64_t)out->point[i].status));
    out->digest = h;
}

static arch_status_t create(const arch_sweep_t *s, double confidence, arch_swept_t **out)
{
    arch_arena_t *arena = archi_arena_create();
    arch_swept_t *o = arena != NULL ? archi_arena_alloc(arena, sizeof *o) : NULL;

    *out = o;
    if (o == NULL) {
        archi_arena_destroy(&arena);
        return no_memory();
    }
    o->arena = arena;
    o->sweep = s;
    o->confidence = confidence > 0 ? confidence : 0.95;
    o->point = archi_arena_alloc(arena, (size_t)s->n_points * sizeof *o->point);
    for (uint32_t i = 0; o->point != NULL && i < s->n_points; i++)
        o->point[i].objectives = -1;
    return o->point != NULL ? ARCH_OK : no_memory();
}

arch_status_t arch_sweep(arch_lab_t *lab, const arch_sweep_t *sweep, double confidence, arch_swept_t **out)
{
    sweep_t w = {.lab = lab, .s = sweep};
    arch_status_t st;

    *out = NULL;
    if (confidence != 0 && !(confidence > 0 && confidence < 1))
        return ARCH_FAIL(ARCH_E_ARG, "confidence: is %g, must be above 0 and below 1", confidence);
    st = create(sweep, confidence, &w.out);
    w.design = calloc((size_t)sweep->n_points + 1, sizeof(arch_design_t *));
    w.ticket = calloc((size_t)sweep->n_points + 1, sizeof *w.ticket);
    if (st == ARCH_OK && (w.design == NULL || w.ticket == NULL))
        st = no_memory();
    if (st == ARCH_OK)
        st = run_points(&w);
    if (st == ARCH_OK)
        put_digest(w.out);
    for (uint32_t i = 0; w.design != NULL && i < sweep->n_points; i++)
        arch_design_destroy(&w.design[i]);
    free(w.design);
    free(w.ticket);
    if (st != ARCH_OK)
        arch_swept_destroy(&w.out);
    *out = w.out;
    return st;
}

void arch_swept_destroy(arch_swept_t **swept)
{
    arch_arena_t *arena;

    if (swept == NULL || *swept == NULL)
        return;
    arena = (*swept)->arena;
    *swept = NULL;
    archi_arena_destroy(&arena);
}
