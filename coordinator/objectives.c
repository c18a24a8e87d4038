/* coordinator/objectives.c - each objective against what was measured. */
#include "coordinator/answer.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *metric_name(arch_metric_t metric)
{
    static const char *const name[ARCH_N_METRICS] = {
        "mean", "p50", "p95", "p99", "p99.9", "errors", "throughput", "utilisation",
    };

    return (unsigned)metric < ARCH_N_METRICS ? name[metric] : "?";
}

static arch_estimate_t of_operation(const arch_operation_result_t *op, arch_metric_t metric)
{
    switch (metric) {
    case ARCH_METRIC_MEAN: return op->mean;
    case ARCH_METRIC_P50: return op->p50;
    case ARCH_METRIC_P95: return op->p95;
    case ARCH_METRIC_P99: return op->p99;
    case ARCH_METRIC_P999: return op->p999;
    case ARCH_METRIC_ERRORS: return op->errors;
    case ARCH_METRIC_THROUGHPUT: return op->throughput;
    default: return archi_unsupported();
    }
}

/* A group is as busy as its busiest element. */
static arch_estimate_t busiest(const arch_results_t *out, arch_kind_t kind, uint32_t element)
{
    arch_estimate_t most = archi_unsupported();

    for (uint32_t i = 0; i < out->n_components; i++) {
        const arch_component_result_t *c = &out->component[i];
        if (c->kind != kind || c->element != element || !c->utilisation.supported)
            continue;
        if (!most.supported || c->utilisation.value > most.value)
            most = c->utilisation;
    }
    return most;
}

static const char *design_name(const arch_design_t *d, arch_kind_t kind, uint32_t i)
{
    switch (kind) {
    case ARCH_SERVICE: return d->service[i].name;
    case ARCH_BALANCER: return d->balancer[i].name;
    case ARCH_DATABASE: return d->database[i].name;
    default: return d->cache[i].name;
    }
}

const arch_operation_result_t *archi_measured_row(const archi_answer_t *a, const arch_objective_t *o)
{
    const archi_op_rows_t *rows = &a->job->ledger.ops;

    if (o->metric == ARCH_METRIC_UTILISATION)
        return NULL;
    return &a->row[o->operation == ARCH_NONE ? rows->row_of[o->workload] : rows->first[o->workload] + o->operation];
}

arch_estimate_t archi_measure(const archi_answer_t *a, const arch_objective_t *o)
{
    if (o->metric == ARCH_METRIC_UTILISATION)
        return busiest(a->out, o->kind, o->element);
    return of_operation(archi_measured_row(a, o), o->metric);
}

size_t archi_subject(const arch_design_t *d, const arch_objective_t *o, char *out, size_t bytes)
{
    const arch_workload_t *w = o->metric != ARCH_METRIC_UTILISATION ? &d->workload[o->workload] : NULL;
    int n;

    if (w == NULL)
        n = snprintf(out, bytes, "%s utilisation", design_name(d, o->kind, o->element));
    else if (o->operation == ARCH_NONE)
        n = snprintf(out, bytes, "%s %s", w->name, metric_name(o->metric));
    else
        n = snprintf(out, bytes, "%s %s %s", w->name, w->operation[o->operation].name, metric_name(o->metric));
    return n < 0 ? 0 : (size_t)n;
}

static void measure(const archi_answer_t *a, const arch_objective_t *o, arch_objective_result_t *r)
{
    size_t bytes = archi_subject(a->job->design, o, NULL, 0) + 1;
    char *subject = arch_results_alloc(a->out, bytes);

    r->measured = archi_measure(a, o);
    r->subject = subject;
    if (subject != NULL)
        archi_subject(a->job->design, o, subject, bytes);
}

static void judge(arch_objective_result_t *r)
{
    double v = r->measured.value, half = r->measured.half_width;

    r->met = r->measured.supported && (r->below ? v < r->limit : v > r->limit);
    r->verdict = r->met ? ARCH_OBJECTIVE_MET : ARCH_OBJECTIVE_MISSED;
    if (r->measured.supported && v - half <= r->limit && r->limit <= v + half && half > 0)
        r->verdict = ARCH_OBJECTIVE_UNCERTAIN;
}

arch_status_t archi_answer_objectives(archi_answer_t *a)
{
    const arch_design_t *d = a->job->design;

    a->out->objectives_met = true;
    a->out->n_objectives = d->n_objectives;
    a->out->objective = arch_results_alloc(a->out, d->n_objectives * sizeof *a->out->objective);
    if (a->out->objective == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u objectives", d->n_objectives);
    for (uint32_t i = 0; i < d->n_objectives; i++) {
        arch_objective_result_t *r = &a->out->objective[i];
        r->name = archi_text(a->out, "%s", d->objective[i].name != NULL ? d->objective[i].name : "");
        r->metric = d->objective[i].metric;
        r->below = d->objective[i].below;
        r->limit = d->objective[i].limit;
        measure(a, &d->objective[i], r);
        if (r->name == NULL || r->subject == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u objectives", d->n_objectives);
        judge(r);
        a->out->objectives_met = a->out->objectives_met && r->met;
    }
    return ARCH_OK;
}
