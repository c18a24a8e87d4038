/* coordinator/components.c - the rows of elements become figures per component and time series. */
#include "coordinator/answer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of rows that are merged at a time, and rows from which on series stay spread over the ranks of MPI. */
enum { CHUNK_BYTES = 16 << 20, MANY_ROWS = 4096 };

static bool is_component(const archi_plan_t *plan, uint32_t e, archi_element_info_t *info)
{
    archi_plan_element(plan, e, info);
    return info->role != ARCHI_ROLE_SOURCE;
}

static arch_status_t list_components(archi_answer_t *a)
{
    uint32_t n = archi_plan_n_elements(a->job->plan);
    archi_element_info_t info;

    a->element_of = malloc((size_t)n * sizeof *a->element_of);
    if (a->element_of == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the results of %u elements", n);
    for (uint32_t e = 0; e < n; e++)
        if (is_component(a->job->plan, e, &info))
            a->element_of[a->n_components++] = e;
    return ARCH_OK;
}

/* ---- series ----------------------------------------------------------------------------------------------------- */

/* Rows of rank r when many are spread over `size` ranks, all on rank 0 when few. */
static void deal_rows(arch_series_t *s, uint32_t n, uint32_t rank, uint32_t size)
{
    s->n_rows_total = n;
    s->first_row = 0;
    s->n_rows = rank == 0 ? n : 0;
    if (size == 1 || n < MANY_ROWS)
        return;
    s->first_row = (uint32_t)((uint64_t)n * rank / size);
    s->n_rows = (uint32_t)((uint64_t)n * (rank + 1) / size) - s->first_row;
}

static arch_status_t make_series(archi_answer_t *a, archi_net_t *net)
{
    arch_series_t *s = &a->out->component_series;
    size_t bytes;

    s->interval = archi_plan_interval(a->job->plan);
    s->n_intervals = archi_plan_n_intervals(a->job->plan);
    if (archi_net_comm(net) == NULL)
        deal_rows(s, a->n_components, 0, 1);
    else
        deal_rows(s, a->n_components, archi_net_rank(net), archi_net_size(net));
    bytes = (size_t)s->n_rows * s->n_intervals * sizeof(float);
    s->utilisation = arch_results_alloc(a->out, bytes);
    s->queue = arch_results_alloc(a->out, bytes);
    s->throughput = arch_results_alloc(a->out, bytes);
    s->latency = arch_results_alloc(a->out, bytes);
    if (s->utilisation == NULL || s->queue == NULL || s->throughput == NULL || s->latency == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the time series of %u components", s->n_rows);
    return ARCH_OK;
}

static void put_series(archi_answer_t *a, uint64_t *row, uint32_t component, uint32_t cores)
{
    arch_series_t *s = &a->out->component_series;
    size_t at = (size_t)(component - s->first_row) * s->n_intervals;
    double n = a->job->ledger.n_replications;

    for (uint32_t i = 0; i < s->n_intervals; i++, at++) {
        const uint64_t *cell = archi_element_cell(row, i);
        double span = archi_interval_length(a, i) * n;
        s->utilisation[at] = cores > 0 ? (float)((double)cell[ARCHI_C_BUSY] / (span * cores)) : NAN;
        s->queue[at] = (float)((double)cell[ARCHI_C_QUEUED] / span);
        s->throughput[at] = (float)((double)cell[ARCHI_C_COMPLETED] / (span * 1e-9));
        s->latency[at] = cell[ARCHI_C_COMPLETED] > 0
                             ? (float)((double)cell[ARCHI_C_SOJOURN] / (double)cell[ARCHI_C_COMPLETED]) : NAN;
    }
}

/* ---- figures ---------------------------------------------------------------------------------------------------- */

static double number(const uint64_t *values, uint32_t which)
{
    return which <= ARCHI_V_LAG ? archi_number_of(values[which]) : (double)values[which];
}

/* Sum of value `over` per unit of time (times `scale`), over replications. */
static arch_estimate_t per_time(const archi_answer_t *a, uint64_t *row, uint32_t over, double scale)
{
    uint32_t n = a->job->ledger.n_replications;

    for (uint32_t r = 0; r < n; r++) {
        a->over[r] = number(archi_element_values(&a->job->ledger, row, r), over);
        a->under[r] = a->span[r] * scale;
    }
    return archi_ratio_estimate(a->over, a->under, n);
}

static arch_estimate_t per_count(const archi_answer_t *a, uint64_t *row, uint32_t over, uint32_t under)
{
    uint32_t n = a->job->ledger.n_replications;

    for (uint32_t r = 0; r < n; r++) {
        const uint64_t *values = archi_element_values(&a->job->ledger, row, r);
        a->over[r] = number(values, over);
        a->under[r] = number(values, under);
    }
    return archi_ratio_estimate(a->over, a->under, n);
}

/* One replication: batches of its own series say how sure a figure is. scale < 0: per completed request. */
static void batches(const archi_answer_t *a, uint64_t *row, uint32_t cell, double scale, arch_estimate_t *e)
{
    uint32_t n = 0;

    if (a->job->ledger.n_replications > 1)
        return;
    for (uint32_t i = a->first_interval; i < a->job->ledger.n_intervals; i++, n++) {
        const uint64_t *c = archi_element_cell(row, i);
        a->over[n] = (double)c[cell];
        a->under[n] = scale < 0 ? (double)c[ARCHI_C_COMPLETED] : archi_interval_length(a, i) * scale;
    }
    archi_batch_half_width(e, a->over, a->under, n);
}

static void put_figures(const archi_answer_t *a, uint64_t *row, const archi_element_info_t *info,
                        arch_component_result_t *c)
{
    c->utilisation = info->cores > 0 ? per_time(a, row, ARCHI_V_BUSY, info->cores) : archi_unsupported();
    batches(a, row, ARCHI_C_BUSY, info->cores, &c->utilisation);
    c->queue = per_time(a, row, ARCHI_V_QUEUED, 1);
    batches(a, row, ARCHI_C_QUEUED, 1, &c->queue);
    c->throughput = per_time(a, row, ARCHI_V_COMPLETED, 1e-9);
    batches(a, row, ARCHI_C_COMPLETED, 1e-9, &c->throughput);
    c->sojourn = per_count(a, row, ARCHI_V_SOJOURN, ARCHI_V_COMPLETED);
    batches(a, row, ARCHI_C_SOJOURN, -1, &c->sojourn);
    c->threads = per_time(a, row, ARCHI_V_INSIDE, 1);
    c->wait = per_count(a, row, ARCHI_V_WAIT, ARCHI_V_WAITS);
    c->hit_ratio = info->is_cache ? per_count(a, row, ARCHI_V_HITS, ARCHI_V_LOOKUPS) : archi_unsupported();
    c->lag = info->is_read_replica ? per_count(a, row, ARCHI_V_LAG, ARCHI_V_APPLIED) : archi_unsupported();
}

static arch_status_t put_component(archi_answer_t *a, uint64_t *row, const archi_element_info_t *info, uint32_t index)
{
    arch_component_result_t *c = &a->out->component[index];
    uint32_t n = a->job->ledger.n_intervals;

    c->name = archi_text(a->out, "%s", info->name);
    c->group = archi_text(a->out, "%s", info->group);
    if (c->name == NULL || c->group == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the results of %s", info->name);
    c->kind = info->kind;
    c->element = info->index;
    c->cores = info->cores;
    c->arrived = row[ARCHI_E_ARRIVED];
    c->completed = row[ARCHI_E_COMPLETED];
    c->failed = row[ARCHI_E_FAILED];
    c->rejected = row[ARCHI_E_REJECTED];
    for (uint32_t r = 0; r < a->job->ledger.n_replications; r++) {
        uint64_t most = archi_element_values(&a->job->ledger, row, r)[ARCHI_V_QUEUE_MAX];
        c->queue_max = most > c->queue_max ? most : c->queue_max;
    }
    put_figures(a, row, info, c);
    for (uint32_t i = 0; i < n; i++)
        a->over[i] = (double)archi_element_cell(row, i)[ARCHI_C_QUEUED] / archi_interval_length(a, i);
    a->trend[index] = archi_trend(a->over, n);
    return ARCH_OK;
}

/* ---- all of them, some megabytes of rows at a time -------------------------------------------------------------- */

static arch_status_t put_chunk(archi_answer_t *a, uint64_t *rows, uint32_t first, uint32_t n, uint32_t *component)
{
    const arch_series_t *s = &a->out->component_series;
    archi_element_info_t info;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t *row = rows + (size_t)i * a->job->ledger.element_words;
        if (!is_component(a->job->plan, first + i, &info))
            continue;
        if (*component >= s->first_row && *component - s->first_row < s->n_rows)
            put_series(a, row, *component, info.cores);
        if (a->is_root)
            ARCH_TRY(put_component(a, row, &info, *component));
        ++*component;
    }
    return ARCH_OK;
}

/* A rank that fails keeps fetching: the others need its rows. */
static arch_status_t put_all(archi_answer_t *a, archi_net_t *net, uint64_t *rows, uint32_t chunk)
{
    uint32_t n = archi_plan_n_elements(a->job->plan), component = 0;
    arch_status_t st = ARCH_OK;

    for (uint32_t first = 0; first < n; first += chunk) {
        uint32_t k = n - first < chunk ? n - first : chunk;
        ARCH_TRY(archi_ledger_fetch_elements(&a->job->ledger, net, first, k, rows));
        if (st == ARCH_OK)
            st = put_chunk(a, rows, first, k, &component);
    }
    return st;
}

static arch_status_t allocate(archi_answer_t *a, archi_net_t *net, uint32_t chunk, uint64_t **rows)
{
    ARCH_TRY(list_components(a));
    ARCH_TRY(make_series(a, net));
    *rows = malloc((size_t)chunk * a->job->ledger.element_words * sizeof **rows);
    if (a->is_root) {
        a->out->n_components = a->n_components;
        a->out->component = arch_results_alloc(a->out, (size_t)a->n_components * sizeof *a->out->component);
        a->trend = calloc((size_t)a->n_components + 1, sizeof *a->trend);
    }
    if (*rows == NULL || (a->is_root && (a->out->component == NULL || a->trend == NULL)))
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the results of %u components", a->n_components);
    return ARCH_OK;
}

static arch_status_t agree(archi_net_t *net, arch_status_t st)
{
    return archi_net_comm(net) == NULL ? st : archi_net_agree(net, st); /* threads: rank 0 is here alone */
}

arch_status_t archi_answer_components(archi_answer_t *a, archi_net_t *net)
{
    uint64_t *rows = NULL;
    size_t row_bytes = a->job->ledger.element_words * sizeof *rows;
    uint32_t chunk = row_bytes < CHUNK_BYTES ? (uint32_t)(CHUNK_BYTES / row_bytes) : 1;
    arch_status_t st = agree(net, allocate(a, net, chunk, &rows));

    if (st == ARCH_OK)
        st = agree(net, put_all(a, net, rows, chunk));
    free(rows);
    return st;
}
