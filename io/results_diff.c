/* io/results_diff.c - what two results do not have in common. Rows are found by their names, so designs of different shape
 * can be compared too; how a run was computed (host, ranks, wall time) is no difference. Figures are equal when all their
 * bits are. */
#include "io/arena.h"
#include "io/results_number.h"
#include "io/results_table.h"
#include "io/strbuf.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 20 };

typedef struct {
    const arch_results_t *a, *b;
    archi_strbuf_t        lines;
    uint64_t              n; /* differences, listed or not */
    arch_arena_t         *arena;
} diff_t;

/* One row of one table in both; index ARCH_NONE where it is missing. */
typedef struct {
    const char *key;
    uint32_t    a, b;
} pair_t;

/* ---- lines -------------------------------------------------------------------------------------------------------- */

/* Counts a difference; true when it is to be listed. */
static bool list(diff_t *diff)
{
    diff->n++;
    return diff->n <= LINES_MAX;
}

static void add_value(archi_strbuf_t *buf, const void *row, const archi_column_t *column)
{
    const void *cell = archi_cell(row, column);
    const arch_estimate_t *estimate = cell;

    switch (column->cell) {
    case ARCHI_CELL_TEXT: archi_strbuf_printf(buf, "\"%s\"", archi_cell_text(row, column)); break;
    case ARCHI_CELL_WORD: archi_strbuf_add(buf, archi_word(column, archi_cell_word(row, column))); break;
    case ARCHI_CELL_BOOL: archi_strbuf_add(buf, *(const bool *)cell ? "yes" : "no"); break;
    case ARCHI_CELL_U32: archi_strbuf_printf(buf, "%" PRIu32, *(const uint32_t *)cell); break;
    case ARCHI_CELL_U64: archi_strbuf_printf(buf, "%" PRIu64, *(const uint64_t *)cell); break;
    case ARCHI_CELL_TIME: archi_strbuf_printf(buf, "%" PRId64, *(const arch_time_t *)cell); break;
    case ARCHI_CELL_FLOAT: archi_strbuf_float(buf, *(const float *)cell); break;
    case ARCHI_CELL_DOUBLE: archi_strbuf_double(buf, *(const double *)cell); break;
    case ARCHI_CELL_ESTIMATE:
        if (!estimate->supported) {
            archi_strbuf_add(buf, "unsupported");
            break;
        }
        archi_strbuf_double(buf, estimate->value);
        archi_strbuf_add(buf, " ± ");
        archi_strbuf_double(buf, estimate->half_width);
        break;
    }
}

/* As people read it, without needing the unit behind it; false where there is no such form. */
static bool show(const void *row, const archi_column_t *column, char out[ARCHI_SHOWN_BYTES])
{
    archi_look_t look = strcmp(column->unit, "ns") == 0 ? ARCHI_AS_TIME : ARCHI_AS_NUMBER;
    const void *cell = archi_cell(row, column);
    const arch_estimate_t *estimate = cell;

    if (column->unit[0] == '\0')
        return false;
    if (column->cell == ARCHI_CELL_TIME)
        archi_show_setting((double)*(const arch_time_t *)cell, look, out);
    else if (column->cell == ARCHI_CELL_DOUBLE)
        archi_show_value(*(const double *)cell, look, out);
    else if (column->cell == ARCHI_CELL_ESTIMATE && estimate->supported)
        archi_show_estimate(estimate, look, false, out);
    else
        return false;
    return true;
}

/* Rounded where the difference is large enough for that, else to the last digit. */
static void list_cell(diff_t *diff, const char *what, const void *a, const void *b, const archi_column_t *column)
{
    bool unit = column->unit[0] != '\0' && strcmp(column->unit, "1") != 0;

    char shown_a[ARCHI_SHOWN_BYTES], shown_b[ARCHI_SHOWN_BYTES];

    if (!list(diff))
        return;
    archi_strbuf_printf(&diff->lines, "  %s, %s: ", what, column->name);
    if (show(a, column, shown_a) && show(b, column, shown_b) && strcmp(shown_a, shown_b) != 0) {
        archi_strbuf_printf(&diff->lines, "%s and %s\n", shown_a, shown_b);
        return;
    }
    add_value(&diff->lines, a, column);
    archi_strbuf_add(&diff->lines, " and ");
    add_value(&diff->lines, b, column);
    archi_strbuf_printf(&diff->lines, "%s%s\n", unit ? " " : "", unit ? column->unit : "");
}

/* ---- cells -------------------------------------------------------------------------------------------------------- */

static bool same_double(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static bool same_estimate(const arch_estimate_t *a, const arch_estimate_t *b)
{
    if (!a->supported || !b->supported)
        return a->supported == b->supported;
    return same_double(a->value, b->value) && same_double(a->half_width, b->half_width);
}

static bool same_cell(const void *a, const void *b, const archi_column_t *column)
{
    const void *x = archi_cell(a, column), *y = archi_cell(b, column);

    switch (column->cell) {
    case ARCHI_CELL_TEXT: return strcmp(archi_cell_text(a, column), archi_cell_text(b, column)) == 0;
    case ARCHI_CELL_WORD: return archi_cell_word(a, column) == archi_cell_word(b, column);
    case ARCHI_CELL_BOOL: return *(const bool *)x == *(const bool *)y;
    case ARCHI_CELL_U32: return *(const uint32_t *)x == *(const uint32_t *)y;
    case ARCHI_CELL_U64: return *(const uint64_t *)x == *(const uint64_t *)y;
    case ARCHI_CELL_TIME: return *(const arch_time_t *)x == *(const arch_time_t *)y;
    case ARCHI_CELL_FLOAT: return same_double((double)*(const float *)x, (double)*(const float *)y);
    case ARCHI_CELL_DOUBLE: return same_double(*(const double *)x, *(const double *)y);
    case ARCHI_CELL_ESTIMATE: return same_estimate(x, y);
    }
    return false;
}

static void compare_row(diff_t *diff, const archi_table_t *table, const char *what, const void *a, const void *b)
{
    for (uint32_t c = 0; c < table->n_columns; c++)
        if (!table->column[c].incident && !same_cell(a, b, &table->column[c]))
            list_cell(diff, what, a, b, &table->column[c]);
}

/* ---- histograms and series of a pair of rows ------------------------------------------------------------------------- */

static void compare_histograms(diff_t *diff, const char *what, const arch_histogram_t *a, const arch_histogram_t *b)
{
    uint32_t at = 0;

    while (at < a->n && at < b->n && same_double(a->low[at], b->low[at]) && same_double(a->high[at], b->high[at]) &&
           a->count[at] == b->count[at])
        at++;
    if ((at == a->n && at == b->n) || !list(diff))
        return;
    archi_strbuf_printf(&diff->lines, "  %s, latency histogram: ", what);
    if (at < a->n && at < b->n && same_double(a->low[at], b->low[at])) {
        archi_strbuf_printf(&diff->lines, "%" PRIu64 " and %" PRIu64 " requests from ", a->count[at], b->count[at]);
        archi_strbuf_double(&diff->lines, a->low[at]);
        archi_strbuf_add(&diff->lines, " ns on\n");
    } else {
        archi_strbuf_printf(&diff->lines, "buckets differ from number %u on, of %u and %u\n", at, a->n, b->n);
    }
}

static void compare_figure(diff_t *diff, const char *what, uint32_t figure, const float *a, const float *b, uint32_t n)
{
    uint32_t n_different = 0, first = 0;

    for (uint32_t i = n; i-- > 0;)
        if (!same_double((double)a[i], (double)b[i])) {
            n_different++;
            first = i;
        }
    if (n_different == 0 || !list(diff))
        return;
    archi_strbuf_printf(&diff->lines, "  %s, series of %s: ", what, archi_figures[figure].name);
    archi_strbuf_float(&diff->lines, a[first]);
    archi_strbuf_add(&diff->lines, " and ");
    archi_strbuf_float(&diff->lines, b[first]);
    archi_strbuf_printf(&diff->lines, " in interval %u; %u of %u intervals differ\n", first, n_different, n);
}

/* Rows that this process holds in both. */
static void compare_series_rows(diff_t *diff, const pair_t *pair, const char *what, const arch_series_t *a,
                                const arch_series_t *b)
{
    uint32_t row_a = pair->a - a->first_row, row_b = pair->b - b->first_row;

    if (pair->a < a->first_row || row_a >= a->n_rows || pair->b < b->first_row || row_b >= b->n_rows ||
        a->n_intervals != b->n_intervals)
        return;
    for (uint32_t f = 0; f < ARCHI_N_FIGURES; f++) {
        const float *x = archi_figure(a, f), *y = archi_figure(b, f);

        if (x != NULL && y != NULL)
            compare_figure(diff, what, f, x + (size_t)row_a * a->n_intervals, y + (size_t)row_b * b->n_intervals,
                           a->n_intervals);
    }
}

static void compare_series_shape(diff_t *diff, const char *what, const arch_series_t *a, const arch_series_t *b)
{
    if (a->interval != b->interval && list(diff))
        archi_strbuf_printf(&diff->lines, "  series of %s, interval: %" PRId64 " and %" PRId64 " ns\n", what,
                            a->interval, b->interval);
    if ((a->n_rows_total != b->n_rows_total || a->n_intervals != b->n_intervals) && list(diff))
        archi_strbuf_printf(&diff->lines, "  series of %s, shape: %u x %u and %u x %u\n", what, a->n_rows_total,
                            a->n_intervals, b->n_rows_total, b->n_intervals);
    if ((a->n_rows != b->n_rows || a->first_row != b->first_row) && a->n_rows_total == b->n_rows_total && list(diff))
        archi_strbuf_printf(&diff->lines, "  series of %s, rows held: %u from %u and %u from %u\n", what, a->n_rows,
                            a->first_row, b->n_rows, b->first_row);
}

/* ---- rows found by name ---------------------------------------------------------------------------------------------- */

/* What a row is called: "web lb/read", "db.primary". NULL when memory is out. */
static const char *row_key(diff_t *diff, const arch_results_t *results, uint32_t table, uint32_t row)
{
    const char *first = "", *second = "";
    char *key;
    size_t bytes;

    switch (table) {
    case ARCHI_OPERATIONS: first = results->operation[row].workload, second = results->operation[row].name; break;
    case ARCHI_COMPONENTS: first = results->component[row].name; break;
    case ARCHI_OBJECTIVES: first = results->objective[row].name, second = results->objective[row].subject; break;
    default: first = results->finding[row].code, second = results->finding[row].element; break;
    }
    first = first == NULL ? "" : first;
    second = second == NULL ? "" : second;
    bytes = strlen(first) + strlen(second) + 2;
    key = archi_arena_alloc(diff->arena, bytes);
    if (key != NULL)
        snprintf(key, bytes, "%s%s%s", first, *second == '\0' || *first == '\0' ? "" : " ", second);
    return key;
}

static int by_key_then_row(const void *x, const void *y)
{
    const pair_t *p = x, *q = y;
    int order = strcmp(p->key, q->key);

    return order != 0 ? order : (p->b > q->b) - (p->b < q->b);
}

static int by_key(const void *x, const void *y)
{
    return strcmp(((const pair_t *)x)->key, ((const pair_t *)y)->key);
}

/* Every row of one result with its name; NULL when memory is out. */
static pair_t *keyed_rows(diff_t *diff, const arch_results_t *results, uint32_t table, uint32_t n)
{
    pair_t *rows = archi_arena_alloc(diff->arena, ((size_t)n + 1) * sizeof *rows);

    for (uint32_t i = 0; rows != NULL && i < n; i++) {
        rows[i].key = row_key(diff, results, table, i);
        rows[i].a = ARCH_NONE;
        rows[i].b = i;
        if (rows[i].key == NULL)
            return NULL;
    }
    return rows;
}

static void compare_pair(diff_t *diff, uint32_t t, const pair_t *pair)
{
    const archi_table_t *table = &archi_tables[t];
    char what[256];

    snprintf(what, sizeof what, "%s %s", table->one, pair->key);
    compare_row(diff, table, what, archi_table_row(diff->a, table, pair->a), archi_table_row(diff->b, table, pair->b));
    if (t == ARCHI_OPERATIONS) {
        compare_histograms(diff, what, &diff->a->operation[pair->a].latency, &diff->b->operation[pair->b].latency);
        compare_series_rows(diff, pair, what, &diff->a->operation_series, &diff->b->operation_series);
    }
    if (t == ARCHI_COMPONENTS)
        compare_series_rows(diff, pair, what, &diff->a->component_series, &diff->b->component_series);
}

/* The row of b that goes with rows_a[i], or NULL: at the same place where the designs are alike, else by search. */
static pair_t *partner(const pair_t *a, pair_t *in_order, pair_t *sorted, uint32_t n_b)
{
    uint32_t i = a->b;
    pair_t *found;

    if (i < n_b && strcmp(in_order[i].key, a->key) == 0)
        return &in_order[i];
    found = bsearch(a, sorted, n_b, sizeof *sorted, by_key);
    return found == NULL ? NULL : &in_order[found->b];
}

static arch_status_t compare_table(diff_t *diff, uint32_t t)
{
    const archi_table_t *table = &archi_tables[t];
    uint32_t n_a = archi_table_n(diff->a, table), n_b = archi_table_n(diff->b, table);
    pair_t *rows_a = keyed_rows(diff, diff->a, t, n_a), *rows_b = keyed_rows(diff, diff->b, t, n_b);
    pair_t *sorted = archi_arena_alloc(diff->arena, ((size_t)n_b + 1) * sizeof *sorted);

    if (rows_a == NULL || rows_b == NULL || sorted == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to compare %s", table->name);
    memcpy(sorted, rows_b, n_b * sizeof *sorted);
    qsort(sorted, n_b, sizeof *sorted, by_key_then_row);
    for (uint32_t i = 0; i < n_a; i++) {
        pair_t *other = partner(&rows_a[i], rows_b, sorted, n_b);

        if (other == NULL && list(diff))
            archi_strbuf_printf(&diff->lines, "  %s %s: only in the first\n", table->one, rows_a[i].key);
        if (other == NULL)
            continue;
        other->a = i;
        compare_pair(diff, t, other);
    }
    for (uint32_t i = 0; i < n_b; i++)
        if (rows_b[i].a == ARCH_NONE && list(diff))
            archi_strbuf_printf(&diff->lines, "  %s %s: only in the second\n", table->one, rows_b[i].key);
    return ARCH_OK;
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

static void compare_hex(diff_t *diff, const char *what, uint64_t a, uint64_t b)
{
    if (a != b && list(diff))
        archi_strbuf_printf(&diff->lines, "  %s: %016" PRIx64 " and %016" PRIx64 "\n", what, a, b);
}

static arch_status_t compare(diff_t *diff)
{
    const arch_results_t *a = diff->a, *b = diff->b;

    compare_hex(diff, "digest", a->digest, b->digest);
    compare_hex(diff, "design", a->design_hash, b->design_hash);
    compare_row(diff, &archi_provenance_table, "run", &a->provenance, &b->provenance);
    compare_series_shape(diff, "components", &a->component_series, &b->component_series);
    compare_series_shape(diff, "operations", &a->operation_series, &b->operation_series);
    for (uint32_t t = 0; t < ARCHI_N_TABLES; t++)
        ARCH_TRY(compare_table(diff, t));
    return ARCH_OK;
}

static arch_status_t answer(diff_t *diff, char **text)
{
    archi_strbuf_t out = {0};

    if (diff->lines.failed)
        out.failed = true;
    if (diff->n == 0)
        archi_strbuf_printf(&out, "equal, digest %016" PRIx64 "\n", diff->a->digest);
    else
        archi_strbuf_printf(&out, "differ in %" PRIu64 " place%s (first and second):\n%s", diff->n,
                            diff->n == 1 ? "" : "s", diff->lines.text == NULL ? "" : diff->lines.text);
    if (diff->n > LINES_MAX)
        archi_strbuf_printf(&out, "  and %" PRIu64 " more\n", diff->n - LINES_MAX);
    return archi_strbuf_take(&out, text);
}

arch_status_t arch_results_diff(const arch_results_t *a, const arch_results_t *b, bool *equal, char **text)
{
    diff_t diff = {.a = a, .b = b, .arena = archi_arena_create()};
    arch_status_t st = diff.arena != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory to compare results");

    *equal = false;
    *text = NULL;
    if (st == ARCH_OK)
        st = compare(&diff);
    if (st == ARCH_OK)
        st = answer(&diff, text);
    *equal = st == ARCH_OK && diff.n == 0;
    archi_strbuf_fini(&diff.lines);
    archi_arena_destroy(&diff.arena);
    return st == ARCH_OK ? ARCH_OK : arch_fail_from(st, __func__, __FILE__, __LINE__);
}
