/* experiments/judge.c - objectives against samples. */
#include "experiments/judge.h"
#include "io/results_number.h"
#include <math.h>
#include <stdio.h>

static archi_judgement_t judge(const arch_objective_t *o, arch_estimate_t e)
{
    bool met = o->below ? e.value < o->limit : e.value > o->limit;

    if (!e.supported || !(fabs(e.value - o->limit) > e.half_width)) /* also where there is no half width */
        return ARCHI_NOT_CLEAR;
    return met ? ARCHI_CLEARLY_MET : ARCHI_CLEARLY_MISSED;
}

/* How far beyond its limit, as a share of it; below 0 within. Unsupported figures are as far as none is. */
static double beyond(const arch_objective_t *o, arch_estimate_t e)
{
    double scale = o->limit > 0 ? o->limit : 1;

    if (!e.supported)
        return -INFINITY;
    return (o->below ? e.value - o->limit : o->limit - e.value) / scale;
}

/* What decides: one that is missed before one that is not clear, before one that is met; among equals the farthest. */
static bool decides(archi_judgement_t judgement, double far, const archi_verdict_t *so_far, double farthest)
{
    if (so_far->objective == ARCH_NONE || judgement != so_far->judgement)
        return so_far->objective == ARCH_NONE || judgement > so_far->judgement;
    return far > farthest;
}

arch_status_t archi_judge(const arch_samples_t *samples, const arch_design_t *design, double confidence,
                          bool (*skip)(const arch_objective_t *objective), archi_verdict_t *out)
{
    double farthest = -INFINITY;

    *out = (archi_verdict_t){ARCHI_CLEARLY_MET, ARCH_NONE, {NAN, NAN, false}};
    for (uint32_t i = 0; i < design->n_objectives; i++) {
        const arch_objective_t *o = &design->objective[i];
        arch_metric_at_t at;
        arch_estimate_t e;
        archi_judgement_t judgement;
        if (skip != NULL && skip(o))
            continue;
        ARCH_TRY(arch_samples_objective(samples, design, i, &at));
        ARCH_TRY(arch_samples_estimate(samples, at, confidence, &e));
        judgement = judge(o, e);
        if (!decides(judgement, beyond(o, e), out, farthest))
            continue;
        farthest = beyond(o, e);
        *out = (archi_verdict_t){judgement, i, e};
    }
    return ARCH_OK;
}

static archi_look_t look_of(arch_metric_t metric)
{
    if (metric == ARCH_METRIC_ERRORS || metric == ARCH_METRIC_UTILISATION)
        return ARCHI_AS_PERCENT;
    return metric == ARCH_METRIC_THROUGHPUT ? ARCHI_AS_NUMBER : ARCHI_AS_TIME;
}

void archi_judge_say(const arch_samples_t *samples, const arch_design_t *design, uint32_t objective,
                     arch_estimate_t measured, char *out, size_t bytes)
{
    const arch_objective_t *o = &design->objective[objective];
    char name[256] = "?", value[ARCHI_SHOWN_BYTES], limit[ARCHI_SHOWN_BYTES];
    arch_metric_at_t at;

    if (arch_samples_objective(samples, design, objective, &at) == ARCH_OK) {
        at.figure = at.figure == ARCH_FIGURE_BUSIEST ? ARCH_FIGURE_UTILISATION : at.figure; /* as objectives call it */
        arch_samples_name(samples, at, name, sizeof name);
    }
    archi_show_estimate(&measured, look_of(o->metric), false, value);
    archi_show_setting(o->limit, look_of(o->metric), limit);
    snprintf(out, bytes, "%s = %s, must be %c %s", name, measured.supported ? value : "not known", o->below ? '<' : '>',
             limit);
}
