/* experiments/plan.c - arch_plan(): from changes to the answer. */
#include "experiments/plan_impl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is asked ---------------------------------------------------------------------------------------------- */

static arch_status_t check(const arch_design_t *design, const arch_plan_options_t *o)
{
    if (design->n_objectives == 0)
        return ARCH_FAIL(ARCH_E_ARG, "the design has no objectives, so there is nothing to plan for: see \"objectives\" of "
                         "docs/format.md");
    if (!(o->confidence > 0.5 && o->confidence < 1))
        return ARCH_FAIL(ARCH_E_ARG, "confidence: is %g, must be above 0.5 and below 1", o->confidence);
    if (o->first < 2 || o->most < o->first || o->most > 1000000)
        return ARCH_FAIL(ARCH_E_ARG, "replications: %u at first and %u at most; must be at least 2, and at most a million",
                         o->first, o->most);
    if (!(o->indifference >= 0 && o->indifference < 1))
        return ARCH_FAIL(ARCH_E_ARG, "indifference: is %g, must be 0 or more and below 1", o->indifference);
    return ARCH_OK;
}

static void choose(arch_plan_options_t *o)
{
    o->confidence = o->confidence != 0 ? o->confidence : 0.95;
    o->first = o->first != 0 ? o->first : 4;
    o->most = o->most != 0 ? o->most : 256;
    o->indifference = o->indifference != 0 ? o->indifference : 0.005;
    o->side_by_side = o->side_by_side != 0 ? o->side_by_side : 4;
    o->runners_up = o->runners_up != 0 ? o->runners_up : 2;
    o->trust_nothing = o->trust_nothing || o->all;
}

/* ---- what is answered ------------------------------------------------------------------------------------------- */

static const char *copy(arch_plan_t *plan, const char *text) { return archi_arena_copy(plan->arena, text, strlen(text)); }

static arch_status_t copy_change(arch_plan_t *plan, const arch_planned_change_t *from, arch_planned_change_t *to)
{
    *to = *from;
    to->name = copy(plan, from->name);
    to->pointer = from->pointer != NULL ? copy(plan, from->pointer) : NULL;
    to->option = archi_arena_alloc(plan->arena, from->n_options * sizeof *to->option);
    if (to->name == NULL || (from->pointer != NULL && to->pointer == NULL) || to->option == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a plan");
    for (uint32_t i = 0; i < from->n_options; i++) {
        to->option[i] = (arch_option_t){copy(plan, from->option[i].name), from->option[i].cost, 0, NULL};
        if (to->option[i].name == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a plan");
    }
    return ARCH_OK;
}

static arch_status_t copy_changes(arch_plan_t *plan, const arch_changes_t *changes)
{
    arch_planned_change_t *c = archi_arena_alloc(plan->arena, changes->n_changes * sizeof *c);

    plan->currency = copy(plan, changes->currency);
    if (c == NULL || plan->currency == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a plan");
    plan->change = c;
    plan->n_changes = changes->n_changes;
    plan->currency_first = changes->currency_first;
    plan->per_year = changes->per_year;
    plan->changes_hash = changes->hash;
    for (uint32_t i = 0; i < changes->n_changes; i++)
        ARCH_TRY(copy_change(plan, &changes->change[i], &c[i]));
    return ARCH_OK;
}

static const char *element_of(const arch_design_t *d, const arch_objective_t *o)
{
    switch (o->kind) {
    case ARCH_SERVICE: return d->service[o->element].name;
    case ARCH_BALANCER: return d->balancer[o->element].name;
    case ARCH_DATABASE: return d->database[o->element].name;
    default: return d->cache[o->element].name;
    }
}

static arch_status_t put_objective(arch_plan_t *plan, const arch_design_t *d, uint32_t i)
{
    static const arch_figure_t figure[ARCH_N_METRICS] = {
        ARCH_FIGURE_MEAN, ARCH_FIGURE_P50, ARCH_FIGURE_P95, ARCH_FIGURE_P99, ARCH_FIGURE_P999, ARCH_FIGURE_ERRORS,
        ARCH_FIGURE_THROUGHPUT, ARCH_FIGURE_UTILISATION};
    const arch_objective_t *o = &d->objective[i];
    const char *word = arch_figure_name(figure[o->metric]);
    char subject[512];

    if (o->metric == ARCH_METRIC_UTILISATION)
        snprintf(subject, sizeof subject, "%s %s", element_of(d, o), word);
    else if (o->operation == ARCH_NONE)
        snprintf(subject, sizeof subject, "%s %s", d->workload[o->workload].name, word);
    else
        snprintf(subject, sizeof subject, "%s %s %s", d->workload[o->workload].name,
                 d->workload[o->workload].operation[o->operation].name, word);
    plan->objective[i] = (arch_plan_objective_t){copy(plan, o->name != NULL ? o->name : ""), copy(plan, subject), o->metric,
                                                 o->below, o->limit};
    return plan->objective[i].name != NULL && plan->objective[i].subject != NULL
               ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for a plan");
}

static arch_status_t begin(archi_planner_t *p)
{
    arch_plan_t *plan = calloc(1, sizeof *plan);
    const arch_design_t *d = p->design;

    p->out = plan;
    if (plan == NULL || (plan->arena = archi_arena_create()) == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a plan");
    plan->answer = plan->nearest = ARCH_NONE;
    plan->confidence = p->options.confidence;
    plan->design_hash = d->hash;
    plan->design = copy(plan, d->name != NULL ? d->name : "");
    plan->n_objectives = d->n_objectives;
    plan->objective = archi_arena_alloc(plan->arena, d->n_objectives * sizeof *plan->objective);
    if (plan->design == NULL || plan->objective == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a plan");
    for (uint32_t i = 0; i < d->n_objectives; i++)
        ARCH_TRY(put_objective(plan, d, i));
    return copy_changes(plan, p->changes);
}

/* The error is shared by all that may be simulated: what the traffic equations refute is not. */
static void begin_looks(archi_planner_t *p)
{
    uint32_t candidates = 0;

    for (uint32_t c = 0; c < p->n; c++)
        candidates += p->open[c];
    p->looks = (archi_looks_t){.error = 1 - p->options.confidence, .candidates = candidates > 0 ? candidates : 1,
                               .objectives = p->out->n_objectives, .first = p->options.first, .most = p->options.most,
                               .zone = p->options.indifference};
}

static void sum_up(arch_plan_t *plan)
{
    for (uint32_t c = 0; c < plan->n_cases; c++) {
        plan->replications += plan->cases[c].replications;
        plan->requests += plan->cases[c].requests;
        plan->digest += plan->cases[c].digest;
    }
}

static void end(archi_planner_t *p)
{
    for (uint32_t c = 0; c < p->n && p->trial != NULL; c++) {
        arch_samples_destroy(&p->trial[c].samples);
        arch_design_destroy(&p->trial[c].design);
    }
    free(p->trial);
}

arch_status_t arch_plan(arch_lab_t *lab, const arch_design_t *design, const arch_changes_t *changes,
                        const arch_plan_options_t *options, arch_plan_t **out)
{
    archi_planner_t p = {.lab = lab, .design = design, .changes = changes};
    arch_status_t st = ARCH_OK;

    *out = NULL;
    if (options != NULL)
        p.options = *options;
    choose(&p.options);
    ARCH_TRY(check(design, &p.options));
    ARCH_TRY_TO(done, begin(&p));
    ARCH_TRY_TO(done, archi_plan_enumerate(&p));
    ARCH_TRY_TO(done, archi_plan_refute(&p));
    begin_looks(&p);
    ARCH_TRY_TO(done, archi_plan_search(&p));
    ARCH_TRY_TO(done, archi_plan_find_bound(&p));
    sum_up(p.out);
    *out = p.out;
    p.out = NULL;
done:
    end(&p);
    arch_plan_destroy(&p.out);
    return st;
}

void arch_plan_destroy(arch_plan_t **plan)
{
    if (plan == NULL || *plan == NULL)
        return;
    archi_arena_destroy(&(*plan)->arena);
    free(*plan);
    *plan = NULL;
}
