/* io/results_json.c - results for programs; docs/json.md describes every member. Keys come in the order of the tables, so
 * the same results are the same text. 64-bit integers are strings, because many readers of JSON keep doubles only. */
#include "io/results_table.h"
#include "io/strbuf.h"
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { FORMAT_VERSION = 1, SERIES_ROWS_MAX = 1000 };

static void add_double(archi_strbuf_t *buf, double value)
{
    if (isfinite(value))
        archi_strbuf_double(buf, value);
    else
        archi_strbuf_add(buf, "null");
}

static void add_float(archi_strbuf_t *buf, float value)
{
    if (isfinite(value))
        archi_strbuf_float(buf, value);
    else
        archi_strbuf_add(buf, "null");
}

static void add_estimate(archi_strbuf_t *buf, const arch_estimate_t *estimate)
{
    if (!estimate->supported || !isfinite(estimate->value)) {
        archi_strbuf_add(buf, "null");
        return;
    }
    archi_strbuf_add(buf, "{\"value\": ");
    add_double(buf, estimate->value);
    archi_strbuf_add(buf, ", \"half_width\": ");
    add_double(buf, estimate->half_width);
    archi_strbuf_add(buf, "}");
}

static void add_cell(archi_strbuf_t *buf, const void *row, const archi_column_t *column)
{
    const void *cell = archi_cell(row, column);

    switch (column->cell) {
    case ARCHI_CELL_TEXT: archi_strbuf_json(buf, archi_cell_text(row, column)); break;
    case ARCHI_CELL_WORD: archi_strbuf_json(buf, archi_word(column, archi_cell_word(row, column))); break;
    case ARCHI_CELL_BOOL: archi_strbuf_add(buf, *(const bool *)cell ? "true" : "false"); break;
    case ARCHI_CELL_U32: archi_strbuf_printf(buf, "%" PRIu32, *(const uint32_t *)cell); break;
    case ARCHI_CELL_U64: archi_strbuf_printf(buf, "\"%" PRIu64 "\"", *(const uint64_t *)cell); break;
    case ARCHI_CELL_TIME: archi_strbuf_printf(buf, "\"%" PRId64 "\"", *(const arch_time_t *)cell); break;
    case ARCHI_CELL_FLOAT: add_float(buf, *(const float *)cell); break;
    case ARCHI_CELL_DOUBLE: add_double(buf, *(const double *)cell); break;
    case ARCHI_CELL_ESTIMATE: add_estimate(buf, cell); break;
    }
}

static void add_members(archi_strbuf_t *buf, const void *row, const archi_table_t *table, const char *indent)
{
    char name[64];

    for (uint32_t c = 0; c < table->n_columns; c++) {
        archi_name_with_unit(&table->column[c], name, sizeof name);
        archi_strbuf_printf(buf, "%s%s\"%s\": ", c == 0 ? "" : ",\n", indent, name);
        add_cell(buf, row, &table->column[c]);
    }
}

/* ---- what a row has beside its columns ------------------------------------------------------------------------------ */

static void add_histogram(archi_strbuf_t *buf, const arch_histogram_t *h)
{
    archi_strbuf_add(buf, ",\n      \"latency_histogram\": {\n        \"low_ns\": [");
    for (uint32_t b = 0; b < h->n; b++) {
        archi_strbuf_add(buf, b == 0 ? "" : ", ");
        add_double(buf, h->low[b]);
    }
    archi_strbuf_add(buf, "],\n        \"high_ns\": [");
    for (uint32_t b = 0; b < h->n; b++) {
        archi_strbuf_add(buf, b == 0 ? "" : ", ");
        add_double(buf, h->high[b]);
    }
    archi_strbuf_add(buf, "],\n        \"count\": [");
    for (uint32_t b = 0; b < h->n; b++)
        archi_strbuf_printf(buf, "%s\"%" PRIu64 "\"", b == 0 ? "" : ", ", h->count[b]);
    archi_strbuf_add(buf, "]\n      }");
}

static void add_extras(archi_strbuf_t *buf, const arch_results_t *results, uint32_t table, uint32_t row)
{
    if (table == ARCHI_OPERATIONS)
        add_histogram(buf, &results->operation[row].latency);
    if (table == ARCHI_OBJECTIVES)
        archi_strbuf_printf(buf, ",\n      \"unit\": \"%s\"", archi_metric_unit(results->objective[row].metric));
}

/* How the run went on this machine; "ranks" and "groups" have the same members. */
static void add_engine(archi_strbuf_t *buf, const arch_results_t *results)
{
    archi_strbuf_add(buf, "  \"engine\": {\n");
    add_members(buf, &results->engine, &archi_engine_table, "    ");
    for (uint32_t t = 0; t < ARCHI_N_ENGINE_TABLES; t++) {
        const archi_table_t *table = &archi_engine_tables[t];
        uint32_t n = archi_table_n(results, table);

        archi_strbuf_printf(buf, ",\n    \"%s\": [", t == ARCHI_ENGINE_RANKS ? "ranks" : "groups");
        for (uint32_t i = 0; i < n; i++) {
            archi_strbuf_add(buf, i == 0 ? "\n      {\n" : ",\n      {\n");
            add_members(buf, archi_table_row(results, table, i), table, "        ");
            archi_strbuf_add(buf, "\n      }");
        }
        archi_strbuf_add(buf, n == 0 ? "]" : "\n    ]");
    }
    archi_strbuf_add(buf, "\n  },\n");
}

static void add_table(archi_strbuf_t *buf, const arch_results_t *results, uint32_t t)
{
    const archi_table_t *table = &archi_tables[t];
    uint32_t n = archi_table_n(results, table);

    archi_strbuf_printf(buf, "  \"%s\": [", table->name);
    for (uint32_t i = 0; i < n; i++) {
        archi_strbuf_add(buf, i == 0 ? "\n    {\n" : ",\n    {\n");
        add_members(buf, archi_table_row(results, table, i), table, "      ");
        add_extras(buf, results, t, i);
        archi_strbuf_add(buf, "\n    }");
    }
    archi_strbuf_add(buf, n == 0 ? "],\n" : "\n  ],\n");
}

/* ---- time series -------------------------------------------------------------------------------------------------- */

static void add_figure(archi_strbuf_t *buf, const arch_series_t *series, uint32_t figure)
{
    const archi_column_t column = {archi_figures[figure].name, ARCHI_CELL_FLOAT, 0, archi_figures[figure].unit, NULL,
                                   false};
    const float *values = archi_figure(series, figure);
    char name[64];

    archi_name_with_unit(&column, name, sizeof name);
    archi_strbuf_printf(buf, ",\n      \"%s\": ", name);
    if (values == NULL) {
        archi_strbuf_add(buf, "null");
        return;
    }
    for (uint32_t row = 0; row < series->n_rows; row++) {
        archi_strbuf_add(buf, row == 0 ? "[\n        [" : ",\n        [");
        for (uint32_t i = 0; i < series->n_intervals; i++) {
            archi_strbuf_add(buf, i == 0 ? "" : ", ");
            add_cell(buf, &values[(size_t)row * series->n_intervals + i], &column);
        }
        archi_strbuf_add(buf, "]");
    }
    archi_strbuf_add(buf, "\n      ]");
}

static void add_series(archi_strbuf_t *buf, const char *name, const arch_series_t *series, const char *end)
{
    archi_strbuf_printf(buf, "    \"%s\": ", name);
    if (series->n_rows == 0 || series->n_rows != series->n_rows_total || series->n_rows > SERIES_ROWS_MAX) {
        archi_strbuf_printf(buf, "null%s", end);
        return;
    }
    archi_strbuf_printf(buf, "{\n      \"interval_ns\": \"%" PRId64 "\",\n      \"n_intervals\": %" PRIu32,
                        series->interval, series->n_intervals);
    for (uint32_t f = 0; f < ARCHI_N_FIGURES; f++)
        add_figure(buf, series, f);
    archi_strbuf_printf(buf, "\n    }%s", end);
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

static void add_head(archi_strbuf_t *buf, const arch_results_t *results)
{
    archi_strbuf_printf(buf, "{\n  \"format\": \"architech results\",\n  \"format_version\": %d,\n  \"name\": ",
                        FORMAT_VERSION);
    archi_strbuf_json(buf, results->name == NULL ? "" : results->name);
    archi_strbuf_printf(buf, ",\n  \"digest\": \"%016" PRIx64 "\",\n  \"design_hash\": \"%016" PRIx64 "\"",
                        results->digest, results->design_hash);
    archi_strbuf_printf(buf, ",\n  \"objectives_met\": %s,\n", results->objectives_met ? "true" : "false");
    archi_strbuf_add(buf, "  \"provenance\": {\n");
    add_members(buf, &results->provenance, &archi_provenance_table, "    ");
    archi_strbuf_add(buf, "\n  },\n");
}

/* The design as it was written, or null when it was built by a program. */
static void add_design(archi_strbuf_t *buf, const char *design)
{
    cJSON *parsed = design == NULL ? NULL : cJSON_ParseWithOpts(design, NULL, true);
    size_t n = design == NULL ? 0 : strlen(design);

    while (n > 0 && strchr(" \t\r\n", design[n - 1]) != NULL)
        n--;
    archi_strbuf_add(buf, "  \"design\": ");
    if (parsed != NULL)
        archi_strbuf_add_bytes(buf, design, n);
    else
        archi_strbuf_add(buf, "null");
    archi_strbuf_add(buf, "\n}\n");
    cJSON_Delete(parsed);
}

static arch_status_t compose(const arch_results_t *results, bool with_engine, char **text)
{
    archi_strbuf_t buf = {0};

    add_head(&buf, results);
    for (uint32_t t = 0; t < ARCHI_N_TABLES; t++)
        add_table(&buf, results, t);
    archi_strbuf_add(&buf, "  \"series\": {\n");
    add_series(&buf, "component", &results->component_series, ",\n");
    add_series(&buf, "operation", &results->operation_series, "\n");
    archi_strbuf_add(&buf, "  },\n");
    if (with_engine)
        add_engine(&buf, results);
    add_design(&buf, results->design);
    return archi_strbuf_take(&buf, text);
}

arch_status_t arch_results_json(const arch_results_t *results, char **text) { return compose(results, false, text); }

arch_status_t arch_results_json_with_engine(const arch_results_t *results, char **text)
{
    return compose(results, true, text);
}
