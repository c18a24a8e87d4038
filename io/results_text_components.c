/* io/results_text_components.c - the report's table of components. Replicas of one element are one row, with the range of
 * their figures; of very many rows the busiest are shown. */
#include "io/results_text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 20, HOT_PERCENT = 90 };

/* Components first .. first + n - 1 of the results, which are replicas of one element or one component alone. */
typedef struct {
    uint32_t first, n;
    double   busiest; /* largest utilisation; -1 where none is known */
} group_t;

/* The figures in the order of their columns. */
typedef struct {
    const char  *heading;
    size_t       offset;
    archi_look_t look;
} figure_t;

#define FIGURE(heading, member, look) {heading, offsetof(arch_component_result_t, member), look}
static const figure_t figures[] = {
    FIGURE("utilisation", utilisation, ARCHI_AS_LEVEL), FIGURE("queue", queue, ARCHI_AS_LEVEL),
    FIGURE("wait", wait, ARCHI_AS_TIME),                FIGURE("inside", sojourn, ARCHI_AS_TIME),
    FIGURE("held", threads, ARCHI_AS_LEVEL),            FIGURE("per s", throughput, ARCHI_AS_NUMBER),
    FIGURE("hits", hit_ratio, ARCHI_AS_PERCENT),        FIGURE("lag", lag, ARCHI_AS_TIME),
};
enum { N_FIGURES = sizeof figures / sizeof figures[0], N_ALWAYS = 6, REJECTED = 1 + N_FIGURES, N_COLUMNS };
enum { INSIDE = 3, HELD = 4 };

/* How a table that does not fit is made narrower, step by step; the last step is broken into blocks if it must. */
typedef struct {
    bool tight;         /* no blanks around the sign */
    bool skip[N_FIGURES];
} fit_t;
static const fit_t fits[] = {
    {false, {false}},
    {true, {false}},
    {true, {[HELD] = true}},
    {true, {[HELD] = true, [INSIDE] = true}},
};
enum { N_FITS = sizeof fits / sizeof fits[0] };

static const arch_estimate_t *estimate_of(const arch_component_result_t *component, uint32_t figure)
{
    return (const arch_estimate_t *)(const void *)((const char *)component + figures[figure].offset);
}

/* ---- groups ------------------------------------------------------------------------------------------------------- */

static size_t stem(const char *name) { return name == NULL ? 0 : strcspn(name, "#"); }

/* "app#3" belongs to the group that "app#2" is in; "db.replica#0" not to that of "db.primary". */
static bool together(const arch_component_result_t *a, const arch_component_result_t *b)
{
    size_t n = stem(a->name);

    return a->name != NULL && b->name != NULL && a->kind == b->kind && a->element == b->element && a->name[n] == '#' &&
           b->name[stem(b->name)] == '#' && stem(b->name) == n && strncmp(a->name, b->name, n) == 0;
}

static double busy(const arch_component_result_t *component)
{
    return component->utilisation.supported ? component->utilisation.value : -1.0;
}

/* All groups in the order of the design; NULL when memory is out. */
static group_t *find_groups(const archi_report_t *report, uint32_t *n_groups)
{
    const arch_results_t *results = report->results;
    group_t *groups = archi_arena_alloc(report->arena, ((size_t)results->n_components + 1) * sizeof *groups);
    uint32_t n = 0;

    for (uint32_t i = 0; groups != NULL && i < results->n_components; i++) {
        const arch_component_result_t *c = &results->component[i];

        if (n == 0 || !together(c - 1, c)) {
            groups[n].first = i;
            groups[n].busiest = busy(c);
            n++;
        }
        groups[n - 1].n++;
        if (busy(c) > groups[n - 1].busiest)
            groups[n - 1].busiest = busy(c);
    }
    *n_groups = n;
    return groups;
}

static int busiest_first(const void *x, const void *y)
{
    const group_t *a = x, *b = y;

    if (a->busiest != b->busiest)
        return a->busiest > b->busiest ? -1 : 1;
    return (a->first > b->first) - (a->first < b->first);
}

/* ---- rows --------------------------------------------------------------------------------------------------------- */

static void show_group(const arch_component_result_t *c, uint32_t n, uint32_t figure, bool tight,
                       char out[ARCHI_SHOWN_BYTES])
{
    double low = (double)INFINITY, high = -(double)INFINITY;

    if (n == 1) {
        archi_show_estimate(estimate_of(c, figure), figures[figure].look, tight, out);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        const arch_estimate_t *e = estimate_of(&c[i], figure);

        if (e->supported && e->value < low)
            low = e->value;
        if (e->supported && e->value > high)
            high = e->value;
    }
    archi_show_range(low, high, figures[figure].look, out);
}

static void show_name(const arch_component_result_t *c, uint32_t n, char *out, size_t bytes)
{
    const char *last = c[n - 1].name;

    if (n == 1)
        snprintf(out, bytes, "%s", c->name == NULL ? "" : c->name);
    else
        snprintf(out, bytes, "%s..%s (%u)", c->name, last + stem(last) + 1, n);
}

/* Figures that few kinds have leave their cell empty where a dash would only be noise. */
static void group_row(archi_grid_t *grid, const arch_component_result_t *c, const group_t *group, const fit_t *fit)
{
    uint64_t rejected = 0;
    char shown[256];

    archi_grid_row(grid);
    show_name(c, group->n, shown, sizeof shown);
    archi_grid_set(grid, 0, shown, ARCHI_PLAIN);
    for (uint32_t f = 0; f < N_FIGURES; f++) {
        show_group(c, group->n, f, fit->tight, shown);
        if (!fit->skip[f] && (f < N_ALWAYS || strcmp(shown, "-") != 0))
            archi_grid_set(grid, 1 + f, shown, f == 0 && group->busiest * 100 > HOT_PERCENT ? ARCHI_RED : ARCHI_PLAIN);
    }
    for (uint32_t i = 0; i < group->n; i++)
        rejected += c[i].rejected;
    archi_show_count(rejected, shown);
    if (rejected > 0)
        archi_grid_set(grid, REJECTED, shown, ARCHI_YELLOW);
}

static void component_grid(archi_report_t *report, archi_grid_t *grid, const group_t *groups, uint32_t n,
                           const fit_t *fit)
{
    archi_grid_init(grid, report->arena, N_COLUMNS, 1, n + 1);
    archi_grid_row(grid);
    archi_grid_set(grid, 0, "components", ARCHI_BOLD);
    for (uint32_t f = 0; f < N_FIGURES; f++)
        archi_grid_set(grid, 1 + f, figures[f].heading, ARCHI_BOLD);
    archi_grid_set(grid, REJECTED, "rejected", ARCHI_BOLD);
    for (uint32_t g = 0; g < n; g++)
        group_row(grid, &report->results->component[groups[g].first], &groups[g], fit);
}

static void add_left_out(archi_report_t *report, uint32_t n)
{
    char count[ARCHI_SHOWN_BYTES];

    archi_show_count(n, count);
    archi_strbuf_printf(&report->buf, "the %d busiest; %s more are not shown, all are in the results file\n", GROUPS_MAX,
                        count);
}

void archi_report_components(archi_report_t *report)
{
    uint32_t n_groups, n;
    group_t *groups = find_groups(report, &n_groups);
    archi_grid_t grid;

    if (groups == NULL)
        report->buf.failed = true;
    if (groups == NULL || n_groups == 0)
        return;
    n = n_groups > GROUPS_MAX ? GROUPS_MAX : n_groups;
    if (n_groups > GROUPS_MAX)
        qsort(groups, n_groups, sizeof *groups, busiest_first);
    for (uint32_t i = 0; i < N_FITS; i++) {
        component_grid(report, &grid, groups, n, &fits[i]);
        if (archi_grid_width(&grid) <= report->width)
            break;
    }
    archi_grid_add(&report->buf, &grid, report->width, report->colour);
    if (n_groups > GROUPS_MAX)
        add_left_out(report, n_groups - n);
    archi_strbuf_add(&report->buf, "\n");
}
