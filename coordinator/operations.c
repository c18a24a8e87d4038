/* coordinator/operations.c - the rows of operations become latencies, rates and their series. */
#include "coordinator/answer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double confidence = 0.95;

/* ---- series ----------------------------------------------------------------------------------------------------- */

static arch_status_t make_series(archi_answer_t *a)
{
    arch_series_t *s = &a->out->operation_series;
    size_t bytes;

    s->interval = archi_plan_interval(a->job->plan);
    s->n_intervals = archi_plan_n_intervals(a->job->plan);
    s->n_rows_total = a->job->ledger.ops.n_operations;
    s->n_rows = a->is_root ? s->n_rows_total : 0;
    bytes = (size_t)s->n_rows * s->n_intervals * sizeof(float);
    s->throughput = arch_results_alloc(a->out, bytes);
    s->latency = arch_results_alloc(a->out, bytes);
    if (s->throughput == NULL || s->latency == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the time series of %u operations", s->n_rows);
    return ARCH_OK;
}

static void put_series(archi_answer_t *a, uint64_t *row, uint32_t op)
{
    arch_series_t *s = &a->out->operation_series;
    double n = a->job->ledger.n_replications;

    for (uint32_t i = 0; i < s->n_intervals; i++) {
        const uint64_t *cell = archi_op_cell(row, i);
        size_t at = (size_t)op * s->n_intervals + i;
        s->throughput[at] = (float)((double)cell[ARCHI_P_COMPLETED] / (archi_interval_length(a, i) * n * 1e-9));
        s->latency[at] = cell[ARCHI_P_COMPLETED] > 0
                             ? (float)((double)cell[ARCHI_P_LATENCY] / (double)cell[ARCHI_P_COMPLETED]) : NAN;
    }
}

/* ---- figures ---------------------------------------------------------------------------------------------------- */

typedef enum { MEAN, THROUGHPUT, ERRORS } figure_t;

/* Numerator and denominator of a figure: of a replication, or of an interval of the series. */
static void put_pair(figure_t what, double latency, double completed, double errors, double span, double *over,
                     double *under)
{
    *over = what == MEAN ? latency : what == THROUGHPUT ? completed : errors;
    *under = what == MEAN ? completed : what == THROUGHPUT ? span * 1e-9 : completed + errors;
}

static arch_estimate_t figure(const archi_answer_t *a, uint64_t *row, figure_t what)
{
    const archi_ledger_t *l = &a->job->ledger;
    arch_estimate_t e;
    uint32_t n = 0;

    for (uint32_t r = 0; r < l->n_replications; r++) {
        const uint64_t *v = archi_op_values(l, row, r);
        put_pair(what, archi_number_of(v[ARCHI_W_LATENCY]), (double)v[ARCHI_W_COMPLETED], (double)v[ARCHI_W_ERRORS],
                 a->span[r], &a->over[r], &a->under[r]);
    }
    e = archi_ratio_estimate(a->over, a->under, l->n_replications);
    if (l->n_replications > 1)
        return e;
    for (uint32_t i = a->first_interval; i < l->n_intervals; i++, n++) {
        const uint64_t *c = archi_op_cell(row, i);
        put_pair(what, (double)c[ARCHI_P_LATENCY], (double)c[ARCHI_P_COMPLETED], (double)c[ARCHI_P_ERRORS],
                 archi_interval_length(a, i), &a->over[n], &a->under[n]);
    }
    archi_batch_half_width(&e, a->over, a->under, n);
    return e;
}

/* Interpolation within the last bucket may pass the largest latency that there was: no quantile lies above it. */
static arch_estimate_t quantile(const archi_answer_t *a, uint64_t *row, double p, double most, uint64_t *pooled)
{
    const archi_ledger_t *l = &a->job->ledger;
    archi_interval_t interval = archi_quantile_interval(archi_op_section(l, row, 0), l->n_sections, p, confidence, pooled);
    arch_estimate_t e;

    e.supported = archi_quantile(pooled, p, &e.value);
    e.value = e.supported ? fmin(e.value, most) : NAN;
    e.half_width = e.supported && interval.supported ? interval.half : NAN;
    return e;
}

static arch_status_t put_histogram(arch_results_t *out, const uint64_t *pooled, arch_histogram_t *h)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < ARCHI_N_BUCKETS; i++)
        n += pooled[i] > 0;
    h->low = arch_results_alloc(out, n * sizeof *h->low);
    h->high = arch_results_alloc(out, n * sizeof *h->high);
    h->count = arch_results_alloc(out, n * sizeof *h->count);
    if (h->low == NULL || h->high == NULL || h->count == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a histogram of %u buckets", n);
    for (uint32_t i = 0; i < ARCHI_N_BUCKETS; i++)
        if (pooled[i] > 0) {
            h->low[h->n] = (double)archi_bucket_lower(i);
            h->high[h->n] = h->low[h->n] + (double)archi_bucket_width(i);
            h->count[h->n++] = pooled[i];
        }
    return ARCH_OK;
}

/* Requests on their way were counted apart: that everything adds up is the conservation law, and a check of the model. */
static arch_status_t put_counts(const archi_ledger_t *l, uint64_t *row, arch_operation_result_t *op)
{
    uint64_t most = 0;

    op->run_generated = row[ARCHI_O_RUN_GENERATED];
    op->run_completed = row[ARCHI_O_RUN_COMPLETED];
    op->run_failed = row[ARCHI_O_RUN_FAILED];
    op->run_rejected = row[ARCHI_O_RUN_REJECTED];
    op->run_in_flight = row[ARCHI_O_RUN_IN_FLIGHT];
    op->completed = row[ARCHI_O_COMPLETED];
    op->failed = row[ARCHI_O_FAILED];
    op->rejected = row[ARCHI_O_REJECTED];
    for (uint32_t r = 0; r < l->n_replications; r++) {
        uint64_t max = archi_op_values(l, row, r)[ARCHI_W_MAX];
        most = max > most ? max : most;
    }
    op->max = op->completed > 0 ? (double)most : NAN;
    if (op->run_generated != op->run_completed + op->run_failed + op->run_rejected + op->run_in_flight)
        return ARCH_FAIL(ARCH_E_INTERNAL, "%s %s: requests were lost or made up; please report this design", op->workload,
                         op->name);
    return ARCH_OK;
}

static arch_status_t put_operation(archi_answer_t *a, uint64_t *row, arch_operation_result_t *op, uint64_t *pooled)
{
    ARCH_TRY(put_counts(&a->job->ledger, row, op));
    op->mean = figure(a, row, MEAN);
    op->throughput = figure(a, row, THROUGHPUT);
    op->errors = figure(a, row, ERRORS);
    op->p50 = quantile(a, row, 0.5, op->max, pooled);
    op->p95 = quantile(a, row, 0.95, op->max, pooled);
    op->p99 = quantile(a, row, 0.99, op->max, pooled);
    op->p999 = quantile(a, row, 0.999, op->max, pooled);
    ARCH_TRY(put_histogram(a->out, pooled, &op->latency));
    return ARCH_OK;
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static arch_status_t name_row(archi_answer_t *a, uint32_t workload, uint32_t operation, arch_operation_result_t *op)
{
    const arch_workload_t *w = &a->job->design->workload[workload];

    op->workload_index = workload;
    op->operation_index = operation;
    op->workload = archi_text(a->out, "%s", w->name);
    op->name = operation == ARCH_NONE ? "" : archi_text(a->out, "%s", w->operation[operation].name);
    return op->workload == NULL || op->name == NULL ? ARCH_FAIL(ARCH_E_NOMEM, "no memory for names") : ARCH_OK;
}

static arch_status_t name_rows(archi_answer_t *a)
{
    const archi_op_rows_t *rows = &a->job->ledger.ops;

    for (uint32_t op = 0; op < rows->n_operations; op++)
        ARCH_TRY(name_row(a, rows->workload[op], op - rows->first[rows->workload[op]], &a->row[op]));
    for (uint32_t w = 0; w < a->job->design->n_workloads; w++)
        if (rows->row_of[w] >= rows->n_operations)
            ARCH_TRY(name_row(a, w, ARCH_NONE, &a->row[rows->row_of[w]]));
    return ARCH_OK;
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static arch_status_t allocate(archi_answer_t *a, uint64_t **row, uint64_t **pooled)
{
    const archi_op_rows_t *rows = &a->job->ledger.ops;

    ARCH_TRY(make_series(a));
    *row = malloc(a->job->ledger.op_words * sizeof **row);
    *pooled = malloc(ARCHI_N_BUCKETS * sizeof **pooled);
    if (a->is_root)
        a->row = arch_results_alloc(a->out, (size_t)rows->n_rows * sizeof *a->row);
    if (*row == NULL || *pooled == NULL || (a->is_root && a->row == NULL))
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the results of %u operations", rows->n_operations);
    if (!a->is_root)
        return ARCH_OK;
    a->out->n_operations = rows->n_operations;
    a->out->operation = a->row;
    return name_rows(a);
}

static arch_status_t put_all(archi_answer_t *a, archi_net_t *net, uint64_t *row, uint64_t *pooled)
{
    const archi_op_rows_t *rows = &a->job->ledger.ops;
    arch_status_t st = ARCH_OK;

    for (uint32_t i = 0; i < rows->n_rows; i++) {
        ARCH_TRY(archi_ledger_fetch_ops(&a->job->ledger, net, i, 1, row));
        if (!a->is_root || st != ARCH_OK)
            continue;
        if (i < rows->n_operations)
            put_series(a, row, i);
        st = put_operation(a, row, &a->row[i], pooled);
    }
    return st;
}

static arch_status_t agree(archi_net_t *net, arch_status_t st)
{
    return archi_net_comm(net) == NULL ? st : archi_net_agree(net, st); /* threads: rank 0 is here alone */
}

arch_status_t archi_answer_operations(archi_answer_t *a, archi_net_t *net)
{
    uint64_t *row = NULL, *pooled = NULL;
    arch_status_t st = agree(net, allocate(a, &row, &pooled));

    if (st == ARCH_OK)
        st = agree(net, put_all(a, net, row, pooled));
    free(row);
    free(pooled);
    return st;
}
