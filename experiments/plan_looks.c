/* experiments/plan_looks.c - cases are simulated until what they show is sure enough. */
#include "experiments/plan_impl.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- simulate --------------------------------------------------------------------------------------------------- */

static arch_status_t begin(archi_planner_t *p, uint32_t c)
{
    char why[256];

    if (p->trial[c].design != NULL)
        return ARCH_OK;
    p->out->n_simulated++;
    return archi_plan_design(p, c, ARCH_NONE, 0, &p->trial[c].design, why);
}

/* A case that cannot be simulated says so; the plan goes on. */
static arch_status_t note_failure(archi_planner_t *p, uint32_t c, const arch_point_t *point)
{
    arch_case_t *x = &p->out->cases[c];

    x->kind = ARCH_CASE_FAILED;
    x->why = archi_arena_copy(p->out->arena, point->why, strlen(point->why));
    p->open[c] = 0;
    return x->why != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for a plan");
}

arch_status_t archi_plan_extend(archi_planner_t *p, const uint32_t *c, const uint32_t *wanted, uint32_t n)
{
    arch_point_t *point = calloc((size_t)n + 1, sizeof *point);
    arch_status_t st = point != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u configurations", n);

    for (uint32_t i = 0; i < n && st == ARCH_OK; i++) {
        st = begin(p, c[i]);
        point[i] = (arch_point_t){.design = p->trial[c[i]].design, .samples = p->trial[c[i]].samples, .wanted = wanted[i]};
    }
    if (st == ARCH_OK) {
        st = arch_lab_extend(p->lab, point, n);
        for (uint32_t i = 0; i < n; i++)
            p->trial[c[i]].samples = point[i].samples;
    }
    for (uint32_t i = 0; i < n && st == ARCH_OK; i++)
        if (point[i].status != ARCH_OK)
            st = note_failure(p, c[i], &point[i]);
    free(point);
    return st;
}

/* ---- judge ------------------------------------------------------------------------------------------------------ */

double archi_plan_excess(const arch_plan_objective_t *o, double value)
{
    double scale = o->limit != 0 ? fabs(o->limit) : 1;

    return (o->below ? value - o->limit : o->limit - value) / scale;
}

double archi_plan_worst(const archi_planner_t *p, uint32_t c, uint32_t *objective)
{
    const arch_case_t *x = &p->out->cases[c];
    double worst = -INFINITY;

    *objective = ARCH_NONE;
    for (uint32_t o = 0; o < p->out->n_objectives && x->measured != NULL; o++) {
        double excess = archi_plan_excess(&p->out->objective[o], x->measured[o].value);
        if (x->measured[o].supported && excess > worst) {
            worst = excess;
            *objective = o;
        }
    }
    return worst;
}

/* What people are told, with intervals of the confidence that was asked for. */
arch_status_t archi_plan_record(archi_planner_t *p, uint32_t c)
{
    const archi_trial_t *t = &p->trial[c];
    arch_case_t *x = &p->out->cases[c];

    if (x->measured == NULL)
        x->measured = archi_arena_alloc(p->out->arena, p->out->n_objectives * sizeof *x->measured);
    if (x->measured == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a plan");
    x->replications = t->samples->n;
    x->requests = t->samples->requests;
    x->digest = t->samples->digest;
    for (uint32_t o = 0; o < p->out->n_objectives; o++) {
        arch_metric_at_t metric;
        ARCH_TRY(arch_samples_objective(t->samples, t->design, o, &metric));
        ARCH_TRY(arch_samples_estimate(t->samples, metric, p->out->confidence, &x->measured[o]));
    }
    archi_plan_worst(p, c, &x->objective);
    return ARCH_OK;
}

/* The verdict, and how many replications would decide: of an objective that seems missed as many as show that, else as
 * many as show that all are met. */
static arch_status_t judge(const archi_planner_t *p, uint32_t c, archi_standing_t *out, double *needs)
{
    const archi_trial_t *t = &p->trial[c];
    double confidence = archi_looks_confidence(&p->looks), to_miss = INFINITY, to_meet = 0;

    *out = ARCHI_MEETS;
    for (uint32_t o = 0; o < p->out->n_objectives; o++) {
        const arch_plan_objective_t *x = &p->out->objective[o];
        archi_standing_t v;
        arch_metric_at_t metric;
        arch_estimate_t e;
        double n;
        ARCH_TRY(arch_samples_objective(t->samples, t->design, o, &metric));
        ARCH_TRY(arch_samples_estimate(t->samples, metric, confidence, &e));
        v = archi_looks_judge(&p->looks, e, x->limit, x->below);
        n = archi_looks_needs(&p->looks, e, t->samples->n, x->limit);
        if (v == ARCHI_OPEN)
            to_meet = fmax(to_meet, n);
        if (v == ARCHI_OPEN && e.supported && archi_plan_excess(x, e.value) > 0)
            to_miss = fmin(to_miss, n);
        *out = archi_looks_join(*out, v);
    }
    *needs = isfinite(to_miss) ? to_miss : to_meet;
    return ARCH_OK;
}

static arch_status_t decide(archi_planner_t *p, uint32_t c, uint32_t *wanted)
{
    arch_case_t *x = &p->out->cases[c];
    archi_standing_t verdict;
    double needs = 0;

    if (x->kind == ARCH_CASE_FAILED)
        return ARCH_OK;
    ARCH_TRY(judge(p, c, &verdict, &needs));
    ARCH_TRY(archi_plan_record(p, c));
    *wanted = archi_looks_next(&p->looks, x->replications, needs);
    if (verdict == ARCHI_OPEN && *wanted > x->replications)
        return ARCH_OK;
    x->kind = verdict == ARCHI_MEETS ? ARCH_CASE_FEASIBLE : verdict == ARCHI_MISSES ? ARCH_CASE_MISSED : ARCH_CASE_CLOSE;
    p->open[c] = 0;
    return ARCH_OK;
}

/* Once a cheaper one is feasible, the dearer of those under way no longer matter. */
static bool matters(const archi_planner_t *p, const uint32_t *c, uint32_t n, uint32_t one)
{
    for (uint32_t i = 0; i < n; i++)
        if (c[i] < one && p->out->cases[c[i]].kind == ARCH_CASE_FEASIBLE)
            return false;
    return p->open[one] != 0;
}

arch_status_t archi_plan_try(archi_planner_t *p, const uint32_t *c, uint32_t n)
{
    uint32_t *now = malloc(((size_t)n + 1) * 3 * sizeof *now), *wanted, *left, n_left = n;
    arch_status_t st = ARCH_OK;

    if (now == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u configurations", n);
    wanted = now + n;
    left = now + 2 * (size_t)n;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t have = p->trial[c[i]].samples != NULL ? p->trial[c[i]].samples->n : 0;
        left[i] = c[i];
        wanted[i] = have > 0 ? have : archi_looks_next(&p->looks, 0, 0);
    }
    while (n_left > 0 && st == ARCH_OK) {
        uint32_t kept = 0;
        st = archi_plan_extend(p, left, wanted, n_left);
        for (uint32_t i = 0; i < n_left && st == ARCH_OK; i++)
            st = decide(p, left[i], &wanted[i]);
        for (uint32_t i = 0; i < n_left && st == ARCH_OK; i++)
            if (matters(p, c, n, left[i])) {
                left[kept] = left[i];
                wanted[kept++] = wanted[i];
            }
        n_left = kept;
    }
    free(now);
    return st;
}
