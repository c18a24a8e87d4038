/* experiments/sweep_file.c - a sweep as an HDF5 file: an array per metric over the axes, or over points. */
#include "io/arena.h"
#include "io/sheet.h"
#include <architech/sweep.h>
#include <architech/version.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETTING_BYTES = 256, PER_METRIC = 2, PER_AXIS = 2, OTHERS = 16 };

static const char *const method_words[] = {"cartesian", "paired", "latin_hypercube", "sobol"};

typedef struct {
    const arch_swept_t *w;
    arch_arena_t *arena; /* of what is written */
    archi_sheet_array_t *array;
    uint32_t n;
    bool failed; /* memory was out */
    /* of everything that is per point */
    uint32_t rank;
    uint64_t size[ARCHI_SHEET_DIMENSIONS];
    const char *scale[ARCHI_SHEET_DIMENSIONS];
} file_t;

static void *take(file_t *f, size_t n, size_t bytes)
{
    void *p = archi_arena_alloc(f->arena, n * bytes);

    f->failed = f->failed || p == NULL;
    return p;
}

static bool is_there(const file_t *f, const char *path)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (strcmp(f->array[i].name, path) == 0)
            return true;
    return false;
}

/* "web lb/read p95" becomes "web_lb_read_p95"; one more '_' where that is there already. */
static const char *path_of(file_t *f, const char *group, const char *name)
{
    size_t n = strlen(group) + strlen(name) + 1, room = n + f->w->n_metrics + 2;
    char *path = take(f, room, 1);

    if (path == NULL)
        return "/";
    snprintf(path, room, "%s/%s", group, name);
    for (char *c = path + strlen(group) + 1; *c != '\0'; c++)
        if (*c == '/' || *c == ' ')
            *c = '_';
    for (; is_there(f, path) && n + 1 < room; n++)
        path[n] = '_';
    return path;
}

static void add(file_t *f, const char *name, archi_sheet_cell_t cell, const void *data, const char *unit)
{
    archi_sheet_array_t *a = &f->array[f->n++];

    *a = (archi_sheet_array_t){.name = name, .cell = cell, .rank = f->rank, .data = data, .unit = unit};
    memcpy(a->n, f->size, sizeof a->n);
    memcpy(a->scale, f->scale, sizeof a->scale);
}

static void add_list(file_t *f, const char *name, archi_sheet_cell_t cell, uint64_t n, const void *data,
                     const char *unit)
{
    f->array[f->n++] =
        (archi_sheet_array_t){.name = name, .cell = cell, .rank = 1, .n = {n}, .data = data, .unit = unit};
}

static void add_one(file_t *f, const char *name, archi_sheet_cell_t cell, const void *data)
{
    f->array[f->n++] = (archi_sheet_array_t){.name = name, .cell = cell, .rank = 0, .data = data};
}

/* Values of an axis: numbers where all are, else texts. */
static void add_axis(file_t *f, uint32_t axis, uint64_t n, bool is_scale)
{
    const arch_sweep_t *s = f->w->sweep;
    const arch_sweep_axis_t *a = &s->axis[axis];
    const char *name = path_of(f, "", a->name), *unit = a->unit[0] != '\0' ? a->unit : NULL;
    double *number = take(f, n, sizeof *number);
    const char **text = take(f, n, sizeof *text);
    bool numbers = true;
    char shown[SETTING_BYTES];

    for (uint64_t i = 0; !f->failed && i < n; i++) {
        arch_sweep_setting(s, is_scale ? 0 : (uint32_t)i, axis, shown, sizeof shown, &number[i]);
        if (is_scale)
            number[i] = a->number[i];
        numbers = numbers && !isnan(number[i]);
        text[i] = is_scale ? a->value[i] : archi_arena_copy(f->arena, shown, strlen(shown));
        f->failed = f->failed || text[i] == NULL;
    }
    if (f->failed)
        return;
    if (is_scale)
        add_list(f, name, numbers ? ARCHI_SHEET_DOUBLE : ARCHI_SHEET_TEXT, n, numbers ? (const void *)number : text,
                 unit);
    else
        add(f, name, numbers ? ARCHI_SHEET_DOUBLE : ARCHI_SHEET_TEXT, numbers ? (const void *)number : text, unit);
    if (is_scale)
        f->scale[axis] = name;
}

/* Cartesian: the axes are the dimensions. Else points are, and axes are told point by point. */
static void add_axes(file_t *f)
{
    const arch_sweep_t *s = f->w->sweep;
    uint32_t *point;

    if (s->method == ARCH_SWEEP_CARTESIAN) {
        for (uint32_t i = 0; i < s->n_axes; i++) {
            f->size[i] = s->axis[i].n_values;
            add_axis(f, i, s->axis[i].n_values, true);
        }
        f->rank = s->n_axes;
        return;
    }
    point = take(f, s->n_points, sizeof *point);
    for (uint32_t i = 0; point != NULL && i < s->n_points; i++)
        point[i] = i;
    add_list(f, "/point", ARCHI_SHEET_U32, s->n_points, point, NULL);
    f->rank = 1;
    f->size[0] = s->n_points;
    f->scale[0] = "/point";
    for (uint32_t i = 0; i < s->n_axes; i++)
        add_axis(f, i, s->n_points, false);
}

static void add_points(file_t *f)
{
    const arch_swept_t *w = f->w;
    uint32_t n = w->sweep->n_points;
    uint64_t *digest = take(f, n, sizeof *digest), *events = take(f, n, sizeof *events),
             *requests = take(f, n, sizeof *requests);
    uint32_t *status = take(f, n, sizeof *status), *objectives = take(f, n, sizeof *objectives);
    const char **why = take(f, n, sizeof *why);

    for (uint32_t i = 0; !f->failed && i < n; i++) {
        const arch_swept_point_t *p = &w->point[i];
        digest[i] = p->digest;
        events[i] = p->events;
        requests[i] = p->requests;
        status[i] = p->status == ARCH_OK ? 0 : 1;
        objectives[i] = p->objectives < 0 ? 3 : (uint32_t)p->objectives;
        why[i] = p->why;
    }
    add(f, "/points/status", ARCHI_SHEET_U32, status, "0 simulated, 1 not");
    add(f, "/points/why", ARCHI_SHEET_TEXT, why, NULL);
    add(f, "/points/objectives", ARCHI_SHEET_U32, objectives, "0 missed, 1 met, 2 unclear, 3 none");
    add(f, "/points/digest", ARCHI_SHEET_U64, digest, NULL);
    add(f, "/points/events", ARCHI_SHEET_U64, events, "1");
    add(f, "/points/requests", ARCHI_SHEET_U64, requests, "1");
}

static void add_metrics(file_t *f)
{
    const arch_swept_t *w = f->w;

    for (uint32_t m = 0; m < w->n_metrics; m++) {
        size_t first = (size_t)m * w->sweep->n_points;
        add(f, path_of(f, "/value", w->metric[m]), ARCHI_SHEET_DOUBLE, w->value + first, w->unit[m]);
        add(f, path_of(f, "/half_width", w->metric[m]), ARCHI_SHEET_DOUBLE, w->half_width + first, w->unit[m]);
    }
    if (w->n_metrics > 0)
        add_list(f, "/metric", ARCHI_SHEET_TEXT, w->n_metrics, w->metric, NULL);
}

arch_status_t arch_swept_write(const char *path, const arch_swept_t *w)
{
    const archi_sheet_attribute_t attribute[] = {{"version", arch_version()},
                                                 {"method", method_words[w->sweep->method]}};
    file_t f = {.w = w, .arena = archi_arena_create()};
    arch_status_t st;

    if (f.arena == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the file of a sweep");
    f.array =
        take(&f, (size_t)PER_METRIC * w->n_metrics + (size_t)PER_AXIS * w->sweep->n_axes + OTHERS, sizeof *f.array);
    if (!f.failed) {
        add_axes(&f);
        add_metrics(&f);
        add_points(&f);
        add_one(&f, "/spec", ARCHI_SHEET_TEXT, &w->sweep->source);
        add_one(&f, "/design", ARCHI_SHEET_TEXT, &w->sweep->design->source);
        add_one(&f, "/digest", ARCHI_SHEET_U64, &w->digest);
        add_one(&f, "/replications", ARCHI_SHEET_U32, &w->sweep->replications);
        add_one(&f, "/seed", ARCHI_SHEET_U64, &w->sweep->design->run.seed);
        add_one(&f, "/confidence", ARCHI_SHEET_DOUBLE, &w->confidence);
    }
    st = f.failed ? ARCH_FAIL(ARCH_E_NOMEM, "no memory for the file of a sweep")
                  : archi_sheet_write(path, "architech sweep", attribute, 2, f.array, f.n);
    archi_arena_destroy(&f.arena);
    return st;
}
