/* model_runs.c - see model_runs.h. */
#include "model_runs.h"
#include "model/estimate.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool run_one(runs_t *r, const arch_design_t *d, uint32_t rep)
{
    archi_map_t map = {r->n_elements, 1, 0, NULL, NULL};
    uint32_t *element = malloc(r->n_elements * sizeof *element), n_slices = archi_plan_n_slices(r->plan);
    archi_block_t *b = NULL;

    for (uint32_t e = 0; e < r->n_elements; e++)
        element[e] = e;
    if (archi_model_block_create(r->plan, &map, 0, element, r->n_elements, rep, d->run.seed, &b) != ARCH_OK)
        return false;
    while (archi_model_step(r->plan, &map, b, d->run.duration) == ARCHI_NEEDS_ROOM)
        if (archi_block_grow(&b, b->wants, b->section[b->wants].capacity * 2 + 16) != ARCH_OK)
            return false;
    archi_model_finish(r->plan, b, d->run.duration);
    r->digest += archi_model_digest(r->plan, &map, b);
    for (uint32_t e = 0; e < r->n_elements; e++)
        r->tally[rep * r->n_elements + e] = *archi_model_tally(r->plan, b, e, n_slices - 1);
    for (uint32_t o = 0; o < r->n_operations; o++) {
        r->op[rep * r->n_operations + o] = *archi_model_op_tally(r->plan, &map, b, o, n_slices - 1);
        archi_model_op_histogram(r->plan, &map, b, o, n_slices - 1,
                                 r->counts + (size_t)(rep * r->n_operations + o) * ARCHI_N_BUCKETS);
    }
    archi_block_destroy(&b);
    free(element);
    return true;
}

bool runs_make(const char *json, runs_t *out)
{
    arch_design_t *d = NULL;
    arch_problems_t problems = {0, NULL};
    bool ok = true;

    memset(out, 0, sizeof *out);
    if (arch_design_parse("test", ".", json, strlen(json), &d, &problems) != ARCH_OK) {
        for (uint32_t i = 0; i < problems.n; i++)
            fprintf(stderr, "%s: %s\n", problems.problem[i].at, problems.problem[i].text);
        arch_problems_clear(&problems);
        return false;
    }
    if (archi_plan_compile(d, &out->plan) != ARCH_OK) {
        fprintf(stderr, "%s\n", arch_error_text());
        arch_design_destroy(&d);
        return false;
    }
    out->n_elements = archi_plan_n_elements(out->plan);
    out->n_operations = archi_plan_n_operations(out->plan);
    out->tally = calloc((size_t)RUNS * out->n_elements, sizeof *out->tally);
    out->op = calloc((size_t)RUNS * out->n_operations, sizeof *out->op);
    out->counts = calloc((size_t)RUNS * out->n_operations * ARCHI_N_BUCKETS, sizeof *out->counts);
    out->seconds = (double)(d->run.duration - d->run.warmup) * 1e-9;
    for (uint32_t rep = 0; ok && rep < RUNS; rep++)
        ok = run_one(out, d, rep);
    arch_design_destroy(&d);
    return ok;
}

void runs_free(runs_t *runs)
{
    archi_plan_destroy(&runs->plan);
    free(runs->tally);
    free(runs->op);
    free(runs->counts);
}

uint32_t runs_element(const runs_t *runs, const char *name)
{
    for (uint32_t e = 0; e < runs->n_elements; e++) {
        archi_element_info_t info;
        archi_plan_element(runs->plan, e, &info);
        if (strcmp(info.name, name) == 0)
            return e;
    }
    fprintf(stderr, "no element %s\n", name);
    abort();
}

uint32_t runs_operation(const runs_t *runs, const char *workload, const char *name)
{
    uint32_t source = runs_element(runs, workload), k = 0;

    (void)name;
    while (k < runs->n_operations && archi_plan_operation_element(runs->plan, k) != source)
        k++;
    return k;
}

static sample_t sample_of(const double *x)
{
    sample_t s = {0.0, 0.0};
    double square = 0.0;

    for (int i = 0; i < RUNS; i++)
        s.mean += x[i] / RUNS;
    for (int i = 0; i < RUNS; i++)
        square += (x[i] - s.mean) * (x[i] - s.mean);
    s.se = sqrt(square / (RUNS - 1) / RUNS);
    return s;
}

sample_t runs_of_element(const runs_t *runs, uint32_t element, tally_value_t value)
{
    double x[RUNS];

    for (uint32_t i = 0; i < RUNS; i++)
        x[i] = value(&runs->tally[i * runs->n_elements + element], runs->seconds);
    return sample_of(x);
}

sample_t runs_of_operation(const runs_t *runs, uint32_t operation, op_value_t value)
{
    double x[RUNS];

    for (uint32_t i = 0; i < RUNS; i++)
        x[i] = value(&runs->op[i * runs->n_operations + operation], runs->seconds);
    return sample_of(x);
}

sample_t runs_quantile(const runs_t *runs, uint32_t operation, double p)
{
    double x[RUNS];

    for (uint32_t i = 0; i < RUNS; i++)
        archi_quantile(runs->counts + (size_t)(i * runs->n_operations + operation) * ARCHI_N_BUCKETS, p, &x[i]);
    return sample_of(x);
}

bool agrees(const char *what, sample_t s, double truth, double sharp)
{
    bool near = fabs(s.mean - truth) <= 3.0 * s.se, tells = s.se <= sharp * fabs(truth);

    if (!near || !tells)
        fprintf(stderr, "%s: measured %.6g, standard error %.3g, truth %.6g: %s\n", what, s.mean, s.se, truth,
                near ? "the standard error is too large to tell" : "off");
    return near && tells;
}
