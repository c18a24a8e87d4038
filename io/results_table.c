/* io/results_table.c - the columns of every table of results. */
#include "io/results_table.h"
#include <stdio.h>
#include <string.h>

static const char *const kind_words[] = {"service", "balancer", "database", "cache", NULL};
static const char *const metric_words[] = {"mean",   "p50",        "p95",         "p99", "p99.9",
                                           "errors", "throughput", "utilisation", NULL};
static const char *const verdict_words[] = {"met", "missed", "uncertain", NULL};
static const char *const severity_words[] = {"info", "warning", "critical", NULL};

#define COLUMN(type, member, cell, unit)        {#member, ARCHI_CELL_##cell, offsetof(type, member), unit, NULL, false}
#define WORDS(type, member, words)              {#member, ARCHI_CELL_WORD, offsetof(type, member), "", words, false}
#define INCIDENT(type, member, cell, unit)      {#member, ARCHI_CELL_##cell, offsetof(type, member), unit, NULL, true}

#define OPERATION(member, cell, unit) COLUMN(arch_operation_result_t, member, cell, unit)
static const archi_column_t operation_columns[] = {
    OPERATION(name, TEXT, ""),
    OPERATION(workload, TEXT, ""),
    OPERATION(workload_index, U32, ""),
    OPERATION(operation_index, U32, ""),
    OPERATION(run_generated, U64, "1"),
    OPERATION(run_completed, U64, "1"),
    OPERATION(run_failed, U64, "1"),
    OPERATION(run_rejected, U64, "1"),
    OPERATION(run_in_flight, U64, "1"),
    OPERATION(completed, U64, "1"),
    OPERATION(failed, U64, "1"),
    OPERATION(rejected, U64, "1"),
    OPERATION(throughput, ESTIMATE, "1/s"),
    OPERATION(errors, ESTIMATE, "1"),
    OPERATION(mean, ESTIMATE, "ns"),
    OPERATION(p50, ESTIMATE, "ns"),
    OPERATION(p95, ESTIMATE, "ns"),
    OPERATION(p99, ESTIMATE, "ns"),
    OPERATION(p999, ESTIMATE, "ns"),
    OPERATION(max, DOUBLE, "ns"),
};

#define COMPONENT(member, cell, unit) COLUMN(arch_component_result_t, member, cell, unit)
static const archi_column_t component_columns[] = {
    COMPONENT(name, TEXT, ""),
    COMPONENT(group, TEXT, ""),
    WORDS(arch_component_result_t, kind, kind_words),
    COMPONENT(element, U32, ""),
    COMPONENT(cores, U32, "1"),
    COMPONENT(arrived, U64, "1"),
    COMPONENT(completed, U64, "1"),
    COMPONENT(failed, U64, "1"),
    COMPONENT(rejected, U64, "1"),
    COMPONENT(utilisation, ESTIMATE, "1"),
    COMPONENT(queue, ESTIMATE, "1"),
    COMPONENT(wait, ESTIMATE, "ns"),
    COMPONENT(sojourn, ESTIMATE, "ns"),
    COMPONENT(threads, ESTIMATE, "1"),
    COMPONENT(throughput, ESTIMATE, "1/s"),
    COMPONENT(hit_ratio, ESTIMATE, "1"),
    COMPONENT(lag, ESTIMATE, "ns"),
    COMPONENT(queue_max, U64, "1"),
};

#define OBJECTIVE(member, cell, unit) COLUMN(arch_objective_result_t, member, cell, unit)
static const archi_column_t objective_columns[] = {
    OBJECTIVE(name, TEXT, ""),
    OBJECTIVE(subject, TEXT, ""),
    WORDS(arch_objective_result_t, metric, metric_words),
    OBJECTIVE(below, BOOL, ""),
    OBJECTIVE(limit, DOUBLE, ""),        /* in the unit of the metric */
    OBJECTIVE(measured, ESTIMATE, ""),
    WORDS(arch_objective_result_t, verdict, verdict_words),
    OBJECTIVE(met, BOOL, ""),
};

static const archi_column_t finding_columns[] = {
    WORDS(arch_finding_t, severity, severity_words),
    COLUMN(arch_finding_t, code, TEXT, ""),
    COLUMN(arch_finding_t, element, TEXT, ""),
    COLUMN(arch_finding_t, text, TEXT, ""),
};

#define PROVENANCE(member, cell, unit) COLUMN(arch_provenance_t, member, cell, unit)
#define HOW(member, cell, unit)        INCIDENT(arch_provenance_t, member, cell, unit)
static const archi_column_t provenance_columns[] = {
    HOW(version, TEXT, ""),
    HOW(executor, TEXT, ""),
    HOW(host, TEXT, ""),
    HOW(started, TEXT, ""),
    PROVENANCE(seed, U64, ""),
    HOW(ranks, U32, "1"),
    HOW(threads, U32, "1"),
    HOW(partitions, U32, "1"),
    PROVENANCE(replications, U32, "1"),
    HOW(wall_seconds, DOUBLE, ""),
    HOW(events, U64, "1"),
    HOW(windows, U64, "1"),
    HOW(messages, U64, "1"),
    HOW(peak_bytes, U64, ""),
    HOW(events_per_second, DOUBLE, ""),
    PROVENANCE(duration, TIME, "ns"),
    PROVENANCE(warmup, TIME, "ns"),
    PROVENANCE(warmup_automatic, BOOL, ""),
    PROVENANCE(stationary, BOOL, ""),
    HOW(precision_asked, DOUBLE, "1"),
    HOW(precision_reached, DOUBLE, "1"),
    HOW(precision_figure, TEXT, ""),
};

#define ENGINE(member, cell, unit) INCIDENT(arch_engine_t, member, cell, unit)
static const archi_column_t engine_columns[] = {
    ENGINE(executor, TEXT, ""),
    ENGINE(lookahead, TIME, "ns"),
    ENGINE(partitions, U32, "1"),
    ENGINE(links, U64, "1"),
    ENGINE(links_cut, U64, "1"),
    ENGINE(cut_share, DOUBLE, "1"),
    ENGINE(read_seconds, DOUBLE, "s"),
    ENGINE(compile_seconds, DOUBLE, "s"),
    ENGINE(cut_seconds, DOUBLE, "s"),
    ENGINE(blocks_seconds, DOUBLE, "s"),
    ENGINE(end_seconds, DOUBLE, "s"),
};

#define ROW(member, cell, unit) INCIDENT(arch_engine_row_t, member, cell, unit)
static const archi_column_t engine_row_columns[] = {
    ROW(name, TEXT, ""),
    ROW(host, TEXT, ""),
    ROW(rank, U32, ""),
    ROW(ranks, U32, "1"),
    ROW(group, U32, ""),
    ROW(replications, U32, "1"),
    ROW(blocks, U32, "1"),
    ROW(events, U64, "1"),
    ROW(event_rate, DOUBLE, "1/s"),
    ROW(windows, U64, "1"),
    ROW(events_per_window, DOUBLE, "1"),
    ROW(wall_seconds, DOUBLE, "s"),
    ROW(wait_seconds, DOUBLE, "s"),
    ROW(wait_share, DOUBLE, "1"),
    ROW(messages, U64, "1"),
    ROW(bytes, U64, "B"),
    ROW(rollbacks, U64, "1"),
    ROW(undone, U64, "1"),
    ROW(repeated, U64, "1"),
    ROW(efficiency, DOUBLE, "1"),
    ROW(copies, U64, "1"),
    ROW(copy_bytes, U64, "B"),
    ROW(moved, U64, "1"),
    ROW(moved_bytes, U64, "B"),
    ROW(changes, U64, "1"),
    ROW(grown, U64, "1"),
    ROW(peak_bytes, U64, "B"),
};

#define N(array) ((uint32_t)(sizeof(array) / sizeof(array)[0]))
#define TABLE(name, one, columns)                                                                                      \
    {#name, #one, sizeof(*((arch_results_t *)0)->one), offsetof(arch_results_t, n_##name),                             \
     offsetof(arch_results_t, one), N(columns), columns}

const archi_table_t archi_tables[ARCHI_N_TABLES] = {
    TABLE(operations, operation, operation_columns),
    TABLE(components, component, component_columns),
    TABLE(objectives, objective, objective_columns),
    TABLE(findings, finding, finding_columns),
};

const archi_table_t archi_provenance_table = {"provenance", "provenance", sizeof(arch_provenance_t), 0,
                                              offsetof(arch_results_t, provenance), N(provenance_columns),
                                              provenance_columns};

const archi_table_t archi_engine_table = {"engine", "engine", sizeof(arch_engine_t), 0, offsetof(arch_results_t, engine),
                                          N(engine_columns), engine_columns};

#define ENGINE_TABLE(name, one)                                                                                        \
    {"engine/" #name, #one, sizeof(arch_engine_row_t), offsetof(arch_results_t, engine.n_##name),                      \
     offsetof(arch_results_t, engine.one), N(engine_row_columns), engine_row_columns}
const archi_table_t archi_engine_tables[ARCHI_N_ENGINE_TABLES] = {
    ENGINE_TABLE(ranks, rank),
    ENGINE_TABLE(groups, group),
};

#define FIGURE(name, unit) {#name, unit, offsetof(arch_series_t, name)}
const archi_figure_t archi_figures[ARCHI_N_FIGURES] = {
    FIGURE(utilisation, "1"),
    FIGURE(queue, "1"),
    FIGURE(throughput, "1/s"),
    FIGURE(latency, "ns"),
};

uint32_t archi_table_n(const arch_results_t *results, const archi_table_t *table)
{
    uint32_t n;

    if (table == &archi_provenance_table || table == &archi_engine_table)
        return 1;
    memcpy(&n, (const char *)results + table->n_offset, sizeof n);
    return n;
}

const void *archi_table_row(const arch_results_t *results, const archi_table_t *table, uint32_t row)
{
    const char *at = (const char *)results + table->rows_offset;
    const char *rows = at;

    if (table != &archi_provenance_table && table != &archi_engine_table)
        memcpy(&rows, at, sizeof rows);
    return rows + (size_t)row * table->row_bytes;
}

const void *archi_cell(const void *row, const archi_column_t *column) { return (const char *)row + column->offset; }

const char *archi_cell_text(const void *row, const archi_column_t *column)
{
    const char *text;

    memcpy(&text, archi_cell(row, column), sizeof text);
    return text == NULL ? "" : text;
}

uint32_t archi_cell_word(const void *row, const archi_column_t *column)
{
    uint32_t number; /* an enum of C is as large as an unsigned int here; checked below */

    _Static_assert(sizeof(arch_kind_t) == sizeof number && sizeof(arch_metric_t) == sizeof number &&
                       sizeof(arch_verdict_t) == sizeof number && sizeof(arch_severity_t) == sizeof number,
                   "enumerations are read as uint32_t");
    memcpy(&number, archi_cell(row, column), sizeof number);
    return number;
}

const char *archi_word(const archi_column_t *column, uint32_t number)
{
    for (uint32_t i = 0; column->words[i] != NULL; i++)
        if (i == number)
            return column->words[i];
    return "unknown";
}

void archi_name_with_unit(const archi_column_t *column, char *out, size_t bytes)
{
    const char *unit = strcmp(column->unit, "ns") == 0 ? "_ns" : strcmp(column->unit, "1/s") == 0 ? "_per_s" : "";

    snprintf(out, bytes, "%s%s", column->name, unit);
}

const char *archi_metric_unit(arch_metric_t metric)
{
    if (metric == ARCH_METRIC_THROUGHPUT)
        return "1/s";
    return metric == ARCH_METRIC_ERRORS || metric == ARCH_METRIC_UTILISATION ? "1" : "ns";
}

float *archi_figure(const arch_series_t *series, uint32_t figure)
{
    float *values;

    memcpy(&values, (const char *)series + archi_figures[figure].offset, sizeof values);
    return values;
}
