/* experiments/sweep_text.c - a sweep as a table for a terminal, and as comma-separated values. */
#include "experiments/look.h"
#include "io/results_text.h"
#include <architech/sweep.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_WIDTH = 100, SETTING_BYTES = 256, FAILED_SHOWN = 10 };

static const char *const method_words[] = {"cartesian", "paired", "latin_hypercube", "sobol"};
static const char *const objective_words[] = {"missed", "met", "unclear"};

/* "200/s" without the quotes of JSON. */
static void show_setting(const arch_sweep_t *s, uint32_t point, uint32_t axis, char *out, size_t bytes)
{
    char text[SETTING_BYTES];
    double number;
    size_t n;

    arch_sweep_setting(s, point, axis, text, sizeof text, &number);
    n = strlen(text);
    if (n >= 2 && text[0] == '"' && text[n - 1] == '"')
        snprintf(out, bytes, "%.*s", (int)n - 2, text + 1);
    else
        snprintf(out, bytes, "%s", text);
}

static void add_head(archi_report_t *r, const arch_sweep_t *s)
{
    char points[ARCHI_SHOWN_BYTES], duration[ARCHI_SHOWN_BYTES];

    archi_show_count(s->n_points, points);
    archi_show_setting((double)s->design->run.duration, ARCHI_AS_TIME, duration);
    archi_add_inked(&r->buf, s->design->name, ARCHI_BOLD, r->colour);
    archi_strbuf_printf(&r->buf, ": %s points (%s) of %u axes, %u replications of %s each\n\n", points,
                        method_words[s->method], s->n_axes, s->replications, duration);
}

/* ---- the table -------------------------------------------------------------------------------------------------- */

/* A grid has few columns: point and axes, then as many metrics as there is room for; the others in grids below. */
typedef struct {
    const arch_swept_t *swept;
    uint32_t rows, axes; /* shown */
    uint32_t first, n;   /* metrics of this grid */
    bool with_status;
} table_t;

static void head_row(archi_grid_t *grid, const table_t *t)
{
    const arch_sweep_t *s = t->swept->sweep;
    uint32_t column = 0;

    archi_grid_row(grid);
    archi_grid_set(grid, column++, "point", ARCHI_BOLD);
    for (uint32_t i = 0; i < t->axes; i++)
        archi_grid_set(grid, column++, s->axis[i].name, ARCHI_BOLD);
    for (uint32_t m = 0; m < t->n; m++)
        archi_grid_set(grid, column++, t->swept->metric[t->first + m], ARCHI_BOLD);
    if (t->with_status)
        archi_grid_set(grid, column, "objectives", ARCHI_BOLD);
}

static void point_row(archi_grid_t *grid, const table_t *t, uint32_t point)
{
    static const archi_ink_t inks[] = {ARCHI_RED, ARCHI_GREEN, ARCHI_YELLOW};
    const arch_swept_t *w = t->swept;
    const arch_swept_point_t *p = &w->point[point];
    char shown[SETTING_BYTES];
    uint32_t column = 0;

    archi_grid_row(grid);
    snprintf(shown, sizeof shown, "%u", point);
    archi_grid_set(grid, column++, shown, ARCHI_PLAIN);
    for (uint32_t i = 0; i < t->axes; i++) {
        show_setting(w->sweep, point, i, shown, sizeof shown);
        archi_grid_set(grid, column++, shown, ARCHI_PLAIN);
    }
    for (uint32_t m = 0; m < t->n; m++) {
        size_t cell = (size_t)(t->first + m) * w->sweep->n_points + point;
        arch_estimate_t e = {w->value[cell], w->half_width[cell], !isnan(w->value[cell])};
        archi_show_estimate(&e, archi_look_of(w->figure[t->first + m]), true, shown);
        archi_grid_set(grid, column++, p->status == ARCH_OK ? shown : "-", ARCHI_PLAIN);
    }
    if (t->with_status && p->status != ARCH_OK)
        archi_grid_set(grid, column, "not simulated", ARCHI_RED);
    else if (t->with_status && p->objectives >= 0)
        archi_grid_set(grid, column, objective_words[p->objectives], inks[p->objectives]);
}

static void add_grid(archi_report_t *r, const table_t *t)
{
    uint32_t names = t->axes + 1;
    archi_grid_t grid;

    archi_grid_init(&grid, r->arena, names + t->n + t->with_status, names, t->rows + 1);
    head_row(&grid, t);
    for (uint32_t i = 0; i < t->rows; i++)
        point_row(&grid, t, i);
    archi_grid_add(&r->buf, &grid, r->width, r->colour);
}

static void add_failed(archi_report_t *r, const arch_swept_t *w)
{
    uint32_t shown = 0;
    char text[600];

    for (uint32_t i = 0; i < w->sweep->n_points && shown < FAILED_SHOWN; i++)
        if (w->point[i].status != ARCH_OK) {
            snprintf(text, sizeof text, "point %u was not simulated: %s", i, w->point[i].why);
            archi_report_wrap(r, "! ", ARCHI_YELLOW, text);
            shown++;
        }
    if (w->n_failed > shown)
        archi_strbuf_printf(&r->buf, "  and %u points more\n", w->n_failed - shown);
}

arch_status_t arch_swept_text(const arch_swept_t *w, uint32_t width, bool colour, uint32_t rows, char **text)
{
    archi_report_t r = {NULL, {0}, archi_arena_create(), width == 0 ? DEFAULT_WIDTH : width, colour};
    table_t t = {.swept = w, .rows = rows > 0 && rows < w->sweep->n_points ? rows : w->sweep->n_points};
    char events[ARCHI_SHOWN_BYTES];
    arch_status_t st;

    *text = NULL;
    if (r.arena == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the report");
    add_head(&r, w->sweep);
    t.axes = w->sweep->n_axes < 6 ? w->sweep->n_axes : 6;
    do {
        t.n = w->n_metrics - t.first < ARCHI_GRID_COLUMNS - 2 - t.axes ? w->n_metrics - t.first
                                                                       : ARCHI_GRID_COLUMNS - 2 - t.axes;
        t.with_status = t.first + t.n == w->n_metrics;
        add_grid(&r, &t);
        archi_strbuf_add(&r.buf, "\n");
        t.first += t.n;
    } while (t.first < w->n_metrics);
    if (t.rows < w->sweep->n_points)
        archi_strbuf_printf(&r.buf, "and %u points more, all in the file\n\n", w->sweep->n_points - t.rows);
    add_failed(&r, w);
    archi_show_value((double)w->events, ARCHI_AS_NUMBER, events);
    archi_strbuf_printf(&r.buf, "digest %016" PRIx64 " of %u points\n%s events\n", w->digest, w->sweep->n_points,
                        events);
    st = archi_strbuf_take(&r.buf, text);
    archi_arena_destroy(&r.arena);
    return st;
}

arch_status_t arch_sweep_list(const arch_sweep_t *s, uint32_t width, bool colour, char **text)
{
    archi_report_t r = {NULL, {0}, archi_arena_create(), width == 0 ? DEFAULT_WIDTH : width, colour};
    archi_grid_t grid;
    char shown[SETTING_BYTES];
    arch_status_t st;

    *text = NULL;
    if (r.arena == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the report");
    add_head(&r, s);
    for (uint32_t first = 0; first < s->n_axes; first += ARCHI_GRID_COLUMNS - 1) {
        uint32_t n = s->n_axes - first < ARCHI_GRID_COLUMNS - 1 ? s->n_axes - first : ARCHI_GRID_COLUMNS - 1;
        archi_grid_init(&grid, r.arena, n + 1, 1, s->n_points + 1);
        archi_grid_row(&grid);
        archi_grid_set(&grid, 0, "point", ARCHI_BOLD);
        for (uint32_t i = 0; i < n; i++)
            archi_grid_set(&grid, i + 1, s->axis[first + i].name, ARCHI_BOLD);
        for (uint32_t point = 0; point < s->n_points; point++) {
            archi_grid_row(&grid);
            snprintf(shown, sizeof shown, "%u", point);
            archi_grid_set(&grid, 0, shown, ARCHI_PLAIN);
            for (uint32_t i = 0; i < n; i++) {
                show_setting(s, point, first + i, shown, sizeof shown);
                archi_grid_set(&grid, i + 1, shown, ARCHI_PLAIN);
            }
        }
        archi_grid_add(&r.buf, &grid, r.width, r.colour);
    }
    st = archi_strbuf_take(&r.buf, text);
    archi_arena_destroy(&r.arena);
    return st;
}

/* ---- comma-separated values (RFC 4180) ---------------------------------------------------------------------------- */

static void field(archi_strbuf_t *b, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        archi_strbuf_add(b, text);
        return;
    }
    archi_strbuf_add(b, "\"");
    for (; *text != '\0'; text++)
        archi_strbuf_printf(b, *text == '"' ? "\"\"" : "%c", *text);
    archi_strbuf_add(b, "\"");
}

/* Empty where there is no number. */
static void number(archi_strbuf_t *b, double x)
{
    archi_strbuf_add(b, ",");
    if (!isnan(x))
        archi_strbuf_double(b, x);
}

static void csv_head(archi_strbuf_t *b, const arch_swept_t *w)
{
    char name[700];

    archi_strbuf_add(b, "point");
    for (uint32_t i = 0; i < w->sweep->n_axes; i++) {
        archi_strbuf_add(b, ",");
        field(b, w->sweep->axis[i].name);
    }
    for (uint32_t m = 0; m < w->n_metrics; m++) {
        const char *unit = strcmp(w->unit[m], "1") == 0 ? "" : strcmp(w->unit[m], "1/s") == 0 ? " (1/s)" : " (ns)";
        archi_strbuf_add(b, ",");
        snprintf(name, sizeof name, "%s%s", w->metric[m], unit);
        field(b, name);
        archi_strbuf_add(b, ",");
        snprintf(name, sizeof name, "%s half width%s", w->metric[m], unit);
        field(b, name);
    }
    archi_strbuf_add(b, ",objectives,digest,status\r\n");
}

static void csv_row(archi_strbuf_t *b, const arch_swept_t *w, uint32_t point)
{
    const arch_swept_point_t *p = &w->point[point];
    char shown[SETTING_BYTES];

    archi_strbuf_printf(b, "%u", point);
    for (uint32_t i = 0; i < w->sweep->n_axes; i++) {
        archi_strbuf_add(b, ",");
        show_setting(w->sweep, point, i, shown, sizeof shown);
        field(b, shown);
    }
    for (uint32_t m = 0; m < w->n_metrics; m++) {
        number(b, w->value[(size_t)m * w->sweep->n_points + point]);
        number(b, w->half_width[(size_t)m * w->sweep->n_points + point]);
    }
    archi_strbuf_printf(b, ",%s,%016" PRIx64 ",", p->objectives >= 0 ? objective_words[p->objectives] : "", p->digest);
    field(b, p->status == ARCH_OK ? "" : p->why);
    archi_strbuf_add(b, "\r\n");
}

arch_status_t arch_swept_csv(const arch_swept_t *w, char **text)
{
    archi_strbuf_t b = {0};

    csv_head(&b, w);
    for (uint32_t i = 0; i < w->sweep->n_points; i++)
        csv_row(&b, w, i);
    return archi_strbuf_take(&b, text);
}
