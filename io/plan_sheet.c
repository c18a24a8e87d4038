/* io/plan_sheet.c - a plan as an HDF5 file: an array over cases for each of what is known of them. */
#include "io/arena.h"
#include "io/sheet.h"
#include <architech/plan.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    uint32_t *option, *kind, *by, *objective, *replications;
    uint64_t *requests, *digest;
    double *cost, *expected, *value, *half_width;
    const char **change, **name, **subject, **verdict;
    double *limit;
} columns_t;

static bool alloc_columns(arch_arena_t *arena, const arch_plan_t *plan, columns_t *x)
{
    size_t n = plan->n_cases, m = plan->n_objectives, k = plan->n_changes;

    x->option = archi_arena_alloc(arena, n * k * sizeof *x->option);
    x->kind = archi_arena_alloc(arena, 4 * n * sizeof *x->kind);
    x->requests = archi_arena_alloc(arena, 2 * n * sizeof *x->requests);
    x->cost = archi_arena_alloc(arena, 2 * n * sizeof *x->cost);
    x->value = archi_arena_alloc(arena, 2 * n * m * sizeof *x->value);
    x->change = archi_arena_alloc(arena, (k + 2 * m + ARCH_N_CASES) * sizeof *x->change);
    x->limit = archi_arena_alloc(arena, m * sizeof *x->limit);
    if (x->option == NULL || x->kind == NULL || x->requests == NULL || x->cost == NULL || x->value == NULL ||
        x->change == NULL || x->limit == NULL)
        return false;
    x->by = x->kind + n;
    x->objective = x->by + n;
    x->replications = x->objective + n;
    x->digest = x->requests + n;
    x->expected = x->cost + n;
    x->half_width = x->value + n * m;
    x->name = x->change + k;
    x->subject = x->name + m;
    x->verdict = x->subject + m;
    return true;
}

static void fill_case(const arch_plan_t *plan, uint32_t c, columns_t *x)
{
    const arch_case_t *from = &plan->cases[c];

    for (uint32_t i = 0; i < plan->n_changes; i++)
        x->option[(size_t)c * plan->n_changes + i] = from->option[i];
    x->kind[c] = (uint32_t)from->kind;
    x->by[c] = from->by;
    x->objective[c] = from->objective;
    x->replications[c] = from->replications;
    x->requests[c] = from->requests;
    x->digest[c] = from->digest;
    x->cost[c] = (double)from->cost / plan->per_year * 1e-6;
    x->expected[c] = from->kind == ARCH_CASE_OVERLOADED ? from->expected : NAN;
    for (uint32_t o = 0; o < plan->n_objectives; o++) {
        size_t at = (size_t)c * plan->n_objectives + o;
        bool known = from->measured != NULL && from->measured[o].supported;
        x->value[at] = known ? from->measured[o].value : NAN;
        x->half_width[at] = known ? from->measured[o].half_width : NAN;
    }
}

static void fill_names(const arch_plan_t *plan, columns_t *x)
{
    for (uint32_t i = 0; i < plan->n_changes; i++)
        x->change[i] = plan->change[i].name;
    for (uint32_t o = 0; o < plan->n_objectives; o++) {
        x->name[o] = plan->objective[o].name;
        x->subject[o] = plan->objective[o].subject;
        x->limit[o] = plan->objective[o].limit;
    }
    for (uint32_t k = 0; k < ARCH_N_CASES; k++)
        x->verdict[k] = arch_case_name((arch_case_kind_t)k);
}

static arch_status_t write_columns(const arch_plan_t *plan, const columns_t *x, const char *path)
{
    uint64_t n = plan->n_cases, m = plan->n_objectives, k = plan->n_changes;
    char answer[16], confidence[32], digest[24];
    const archi_sheet_attribute_t attribute[] = {
        {"design", plan->design}, {"answer", answer}, {"confidence", confidence}, {"digest", digest},
        {"currency", plan->currency}};
    const archi_sheet_array_t array[] = {
        {"changes", ARCHI_SHEET_TEXT, 1, {k}, x->change, NULL, {NULL}},
        {"objectives", ARCHI_SHEET_TEXT, 1, {m}, x->name, NULL, {NULL}},
        {"subjects", ARCHI_SHEET_TEXT, 1, {m}, x->subject, NULL, {NULL}},
        {"limit", ARCHI_SHEET_DOUBLE, 1, {m}, x->limit, NULL, {NULL}},
        {"verdicts", ARCHI_SHEET_TEXT, 1, {ARCH_N_CASES}, x->verdict, NULL, {NULL}},
        {"option", ARCHI_SHEET_U32, 2, {n, k}, x->option, NULL, {NULL}},
        {"cost", ARCHI_SHEET_DOUBLE, 1, {n}, x->cost, plan->per_year == 12 ? "1/month" : plan->per_year == 8760 ? "1/h"
                                                     : plan->per_year == 365 ? "1/d" : "1/year", {NULL}},
        {"verdict", ARCHI_SHEET_U32, 1, {n}, x->kind, NULL, {NULL}},
        {"by", ARCHI_SHEET_U32, 1, {n}, x->by, NULL, {NULL}},
        {"objective", ARCHI_SHEET_U32, 1, {n}, x->objective, NULL, {NULL}},
        {"expected_utilisation", ARCHI_SHEET_DOUBLE, 1, {n}, x->expected, "1", {NULL}},
        {"replications", ARCHI_SHEET_U32, 1, {n}, x->replications, NULL, {NULL}},
        {"requests", ARCHI_SHEET_U64, 1, {n}, x->requests, NULL, {NULL}},
        {"digest", ARCHI_SHEET_U64, 1, {n}, x->digest, NULL, {NULL}},
        {"measured", ARCHI_SHEET_DOUBLE, 2, {n, m}, x->value, NULL, {NULL}},
        {"measured_half_width", ARCHI_SHEET_DOUBLE, 2, {n, m}, x->half_width, NULL, {NULL}},
    };

    snprintf(answer, sizeof answer, "%d", plan->answer == ARCH_NONE ? -1 : (int)plan->answer);
    snprintf(confidence, sizeof confidence, "%.17g", plan->confidence);
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)plan->digest);
    return archi_sheet_write(path, "architech plan", attribute, sizeof attribute / sizeof *attribute, array,
                             sizeof array / sizeof *array);
}

arch_status_t arch_plan_write(const arch_plan_t *plan, const char *path)
{
    arch_arena_t *arena = archi_arena_create();
    columns_t x;
    arch_status_t st;

    if (arena == NULL || !alloc_columns(arena, plan, &x)) {
        archi_arena_destroy(&arena);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to write a plan of %u configurations", plan->n_cases);
    }
    for (uint32_t c = 0; c < plan->n_cases; c++)
        fill_case(plan, c, &x);
    fill_names(plan, &x);
    st = write_columns(plan, &x, path);
    archi_arena_destroy(&arena);
    return st;
}
