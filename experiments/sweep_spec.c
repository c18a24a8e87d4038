/* experiments/sweep_spec.c - sweep files: read, judged by the rules of the design that they change, with the same
 * messages. */
#include "experiments/sampling.h"
#include "experiments/sweep.h"
#include "io/design_reader.h"
#include "io/design_scan.h"
#include "io/json_pointer.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cartesian points become an array of as many dimensions as there are axes. */
enum {
    MOST_POINTS = 1000000,
    MOST_FILL = 100000,
    MOST_VALUES = 100000,
    MOST_AXES = ARCHI_SOBOL_DIMENSIONS,
    MOST_DIMENSIONS = 8,
    MOST_POINTERS = 64,
    MOST_REPLICATIONS = 1000000,
    AT_BYTES = 1024
};

typedef struct {
    archi_reader_t r; /* r.design is the memory of the sweep */
    arch_sweep_t *s;
    const char *name; /* in messages */
} spec_t;

/* ---- numbers with units ----------------------------------------------------------------------------------------- */

/* "200/s" is 200 and "/s"; 0.5 is 0.5 and "". */
static bool number_of(spec_t *p, const archi_json_t *node, double *x, const char **unit)
{
    const char *end;

    *unit = "";
    if (archi_json_is_number(node)) {
        *x = node->of.number;
        return true;
    }
    if (!archi_json_is_text(node) || !archi_parse_number(node->of.text, &end, 0, x))
        return false;
    *unit = archi_reader_copy(&p->r, end);
    return true;
}

/* ---- axes ------------------------------------------------------------------------------------------------------- */

enum { A_POINTER, A_POINTERS, A_VALUES, A_FROM, A_TO, A_STEPS, A_SCALE, A_WHOLE, N_AXIS_KEYS };
static const char *const axis_keys[N_AXIS_KEYS] = {"pointer", "pointers", "values", "from",
                                                   "to",      "steps",    "scale",  "whole"};

static bool read_pointer(spec_t *p, const archi_place_t *at, const char **out)
{
    if (archi_json_is_text(at->node) && at->node->of.text[0] == '/') {
        *out = archi_reader_copy(&p->r, at->node->of.text);
        return true;
    }
    archi_expected(&p->r, at, "a JSON pointer into the design, such as \"/services/app/replicas\"");
    return false;
}

static bool read_pointers(spec_t *p, const archi_place_t *axis, const archi_place_t f[N_AXIS_KEYS],
                          arch_sweep_axis_t *a)
{
    uint32_t n = archi_count(f[A_POINTERS].node), i = 0;

    if ((f[A_POINTER].node != NULL) == (f[A_POINTERS].node != NULL)) {
        archi_problem(&p->r, axis, "found %s, expected one of \"pointer\" and \"pointers\"",
                      f[A_POINTER].node != NULL ? "both" : "no pointer");
        return false;
    }
    if (f[A_POINTERS].node == NULL) {
        a->pointer = archi_reader_alloc(&p->r, 1, sizeof *a->pointer);
        a->n_pointers = 1;
        return a->pointer != NULL && read_pointer(p, &f[A_POINTER], &a->pointer[0]);
    }
    if (!archi_is_array(&p->r, &f[A_POINTERS], "a list of JSON pointers"))
        return false;
    if (n == 0 || n > MOST_POINTERS) {
        archi_problem(&p->r, &f[A_POINTERS], "found %u pointers, expected 1 to %d", n, MOST_POINTERS);
        return false;
    }
    a->pointer = archi_reader_alloc(&p->r, n, sizeof *a->pointer);
    for (const archi_json_t *c = archi_json_first(f[A_POINTERS].node); a->pointer != NULL && c != NULL;
         c = c->next, i++) {
        archi_place_t here = archi_item(&f[A_POINTERS], c, i);
        if (!read_pointer(p, &here, &a->pointer[i]))
            return false;
    }
    a->n_pointers = n;
    return a->pointer != NULL;
}

static bool make_values(spec_t *p, arch_sweep_axis_t *a, uint32_t n)
{
    a->value = archi_reader_alloc(&p->r, n, sizeof *a->value);
    a->number = archi_reader_alloc(&p->r, n, sizeof *a->number);
    a->n_values = a->value != NULL && a->number != NULL ? n : 0;
    return a->n_values > 0;
}

static bool put_value(spec_t *p, arch_sweep_axis_t *a, uint32_t i, const archi_json_t *node)
{
    archi_strbuf_t b = {0};
    const char *unit;
    char *text = NULL;

    archi_json_write(node, 0, &b);
    if (archi_strbuf_take(&b, &text) != ARCH_OK) {
        p->r.st = ARCH_E_NOMEM;
        return false;
    }
    a->value[i] = archi_reader_copy(&p->r, text);
    free(text);
    if (!number_of(p, node, &a->number[i], &unit))
        a->number[i] = NAN;
    if (i == 0)
        a->unit = isnan(a->number[i]) ? "" : unit;
    if (isnan(a->number[i]) || strcmp(unit, a->unit) != 0) /* no one unit for all */
        a->unit = NULL;
    return true;
}

static bool read_values(spec_t *p, const archi_place_t *at, arch_sweep_axis_t *a)
{
    uint32_t n = archi_count(at->node), i = 0;
    bool one_unit = true;

    if (!archi_is_array(&p->r, at, "a list of values"))
        return false;
    if (n == 0 || n > MOST_VALUES) {
        archi_problem(&p->r, at, "found %u values, expected 1 to %d", n, MOST_VALUES);
        return false;
    }
    if (!make_values(p, a, n))
        return false;
    for (const archi_json_t *c = archi_json_first(at->node); c != NULL; c = c->next, i++) {
        const char *before = a->unit;
        if (!put_value(p, a, i, c))
            return false;
        one_unit = one_unit && a->unit != NULL;
        a->unit = a->unit != NULL ? a->unit : i > 0 && before != NULL ? before : "";
    }
    if (!one_unit) { /* numbers of several units, or no numbers, are told as texts only */
        a->unit = "";
        for (i = 0; i < n; i++)
            a->number[i] = NAN;
    }
    return true;
}

static bool read_end(spec_t *p, const archi_place_t *at, double *x, const char **unit)
{
    if (!archi_required(&p->r, at, "a number, with its unit where the value has one: \"200/s\""))
        return false;
    if (number_of(p, at->node, x, unit))
        return true;
    archi_expected(&p->r, at, "a number, with its unit where the value has one: \"200/s\"");
    return false;
}

static bool read_range(spec_t *p, const archi_place_t f[N_AXIS_KEYS], arch_sweep_axis_t *a)
{
    static const char *const scales[] = {"linear", "log"};
    const char *unit = "", *other = "";
    char found[ARCHI_FOUND_BYTES];
    bool good = read_end(p, &f[A_FROM], &a->from, &unit);
    int scale = 0;

    good = read_end(p, &f[A_TO], &a->to, &other) && good;
    good = archi_read_word(&p->r, &f[A_SCALE], scales, 2, &scale) && good;
    if (!good)
        return false;
    a->unit = unit;
    a->logarithmic = scale == 1;
    if (strcmp(unit, other) != 0)
        archi_problem(&p->r, &f[A_TO], "found %s, expected the unit of \"from\", which is \"%.40s\"",
                      archi_in_words(f[A_TO].node, found), unit);
    else if (a->from == a->to)
        archi_problem(&p->r, &f[A_TO], "found the same as \"from\", expected another end");
    else if (a->logarithmic && !(a->from > 0 && a->to > 0))
        archi_problem(&p->r, a->from > 0 ? &f[A_TO] : &f[A_FROM],
                      "found %s, expected a number above zero on a log scale",
                      archi_in_words(a->from > 0 ? f[A_TO].node : f[A_FROM].node, found));
    else
        return true;
    return false;
}

/* Whether the design takes the value at the axis alone. */
static bool takes(const arch_sweep_t *s, const arch_sweep_axis_t *a, const char *value, char *why, size_t bytes)
{
    arch_change_t change[MOST_POINTERS];
    arch_problems_t problems = {0, NULL};
    arch_design_t *changed = NULL;
    arch_status_t st;

    for (uint32_t i = 0; i < a->n_pointers; i++)
        change[i] = (arch_change_t){a->pointer[i], value};
    st = arch_design_change(s->design, change, a->n_pointers, &changed, &problems);
    if (st != ARCH_OK && problems.n > 0)
        snprintf(why, bytes, "%s: %s", problems.problem[0].at, problems.problem[0].text);
    else if (st != ARCH_OK)
        snprintf(why, bytes, "%s", arch_error_text());
    arch_problems_clear(&problems);
    arch_design_destroy(&changed);
    return st == ARCH_OK;
}

/* Between whole numbers without a unit lie counts when the design refuses what is between them. */
static void find_whole(spec_t *p, const archi_place_t f[N_AXIS_KEYS], arch_sweep_axis_t *a)
{
    char value[64], why[AT_BYTES];
    double middle = floor((a->from + a->to) / 2) + 0.5;

    if (f[A_WHOLE].node != NULL) {
        archi_read_bool(&p->r, &f[A_WHOLE], &a->whole);
        return;
    }
    if (a->unit[0] != '\0' || a->from != floor(a->from) || a->to != floor(a->to) || p->s->design == NULL)
        return;
    archi_axis_json(a, middle, value, sizeof value);
    if (takes(p->s, a, value, why, sizeof why))
        return;
    archi_axis_json(a, a->from, value, sizeof value);
    a->whole = takes(p->s, a, value, why, sizeof why);
}

static bool put_steps(spec_t *p, const archi_place_t *at, arch_sweep_axis_t *a)
{
    uint32_t n = 0;
    char value[64];

    if (!archi_read_whole(&p->r, at, 2, MOST_VALUES, &n) || !make_values(p, a, n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        a->number[i] = archi_axis_along(a, (double)i / (n - 1));
        archi_axis_json(a, a->number[i], value, sizeof value);
        a->value[i] = archi_reader_copy(&p->r, value);
        if (i > 0 && a->number[i] == a->number[i - 1]) {
            archi_problem(&p->r, at, "found %u steps, which give %s twice; expected fewer", n, value);
            return false;
        }
    }
    return true;
}

static void read_axis(spec_t *p, const archi_place_t *at, arch_sweep_axis_t *a)
{
    archi_place_t f[N_AXIS_KEYS];
    bool is_range;

    a->unit = "";
    a->name = archi_reader_copy(&p->r, at->key);
    if (!archi_fields(&p->r, at, axis_keys, N_AXIS_KEYS, f) || !read_pointers(p, at, f, a))
        return;
    is_range = f[A_FROM].node != NULL || f[A_TO].node != NULL;
    if (is_range == (f[A_VALUES].node != NULL)) {
        archi_problem(&p->r, at, "found %s, expected \"values\", or \"from\" and \"to\"",
                      is_range ? "both" : "no values");
        return;
    }
    for (int k = A_STEPS; k < N_AXIS_KEYS && !is_range; k++)
        if (f[k].node != NULL)
            archi_problem(&p->r, &f[k], "found \"%s\" beside \"values\", expected it beside \"from\" and \"to\"",
                          axis_keys[k]);
    if (!is_range) {
        read_values(p, &f[A_VALUES], a);
        return;
    }
    if (!read_range(p, f, a))
        return;
    find_whole(p, f, a);
    if (f[A_STEPS].node != NULL)
        put_steps(p, &f[A_STEPS], a);
}

/* Axes lie beside these in the file of the result. */
static bool is_name(const char *name)
{
    static const char *const taken[] = {"point",  "points", "value",        "half_width", "metric",    "spec",
                                        "design", "digest", "replications", "seed",       "confidence"};

    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(name, taken[i]) == 0)
            return false;
    return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strlen(name) <= 60 &&
           strpbrk(name, "/\"\\") == NULL;
}

static void read_axes(spec_t *p, const archi_place_t *at)
{
    arch_sweep_t *s = p->s;
    uint32_t n = archi_count(at->node);

    if (!archi_required(&p->r, at, "an object of axes") || !archi_is_object(&p->r, at, "an object of axes"))
        return;
    if (n == 0 || n > MOST_AXES) {
        archi_problem(&p->r, at, "found %u axes, expected 1 to %d", n, MOST_AXES);
        return;
    }
    s->axis = archi_reader_alloc(&p->r, n, sizeof *s->axis);
    for (const archi_json_t *c = archi_json_first(at->node); s->axis != NULL && c != NULL; c = c->next) {
        archi_place_t here = archi_member(at, c);
        if (!is_name(c->key))
            archi_problem(&p->r, &here,
                          "found this name of an axis, expected up to 60 characters without / \\ \" that are not a "
                          "name of the result's own, such as \"point\" or \"value\"");
        read_axis(p, &here, &s->axis[s->n_axes++]);
    }
}

/* ---- method ----------------------------------------------------------------------------------------------------- */

static const char *const method_names[] = {"cartesian", "paired", "latin_hypercube", "sobol"};

static bool read_seed(spec_t *p, const archi_place_t *at, uint64_t *seed)
{
    char *end = NULL;
    double x = 0;

    if (at->node == NULL)
        return true;
    if (archi_json_is_text(at->node) && at->node->of.text[0] >= '0' && at->node->of.text[0] <= '9') {
        errno = 0;
        *seed = strtoull(at->node->of.text, &end, 10);
        if (errno == 0 && *end == '\0')
            return true;
    }
    if (archi_json_is_number(at->node))
        x = at->node->of.number;
    if (archi_json_is_number(at->node) && x >= 0 && x < 0x1p53 && x == floor(x)) {
        *seed = (uint64_t)x;
        return true;
    }
    archi_expected(&p->r, at, "a whole number from 0 on, as a text when it is 2^53 or more");
    return false;
}

/* {"latin_hypercube": {"points": 50, "seed": "1"}} */
static bool read_fill(spec_t *p, const archi_place_t *at, uint64_t *seed)
{
    static const char *const keys[] = {"points", "seed"};
    archi_place_t method[4], f[2];

    if (!archi_fields(&p->r, at, method_names, 4, method))
        return false;
    if (archi_count(at->node) != 1 ||
        (method[ARCH_SWEEP_LATIN].node == NULL && method[ARCH_SWEEP_SOBOL].node == NULL)) {
        archi_expected(&p->r, at, "one of {\"latin_hypercube\": {\"points\": 50}} and {\"sobol\": {\"points\": 64}}");
        return false;
    }
    p->s->method = method[ARCH_SWEEP_LATIN].node != NULL ? ARCH_SWEEP_LATIN : ARCH_SWEEP_SOBOL;
    if (!archi_fields(&p->r, &method[p->s->method], keys, p->s->method == ARCH_SWEEP_LATIN ? 2 : 1, f))
        return false;
    if (!archi_required(&p->r, &f[0], "how many points"))
        return false;
    return archi_read_whole(&p->r, &f[0], 1, MOST_FILL, &p->s->n_points) &&
           (p->s->method == ARCH_SWEEP_SOBOL || read_seed(p, &f[1], seed));
}

/* Points of lists of values. */
static bool count_points(spec_t *p, const archi_place_t *axes, const archi_place_t *at)
{
    arch_sweep_t *s = p->s;
    uint64_t n = 1;

    for (uint32_t i = 0; i < s->n_axes; i++)
        if (s->axis[i].n_values == 0) {
            archi_problem(&p->r, axes, "found the range \"%.60s\" without \"steps\", expected them for \"%s\"",
                          s->axis[i].name, method_names[s->method]);
            return false;
        }
    if (s->method == ARCH_SWEEP_PAIRED) {
        for (uint32_t i = 1; i < s->n_axes; i++)
            if (s->axis[i].n_values != s->axis[0].n_values) {
                archi_problem(&p->r, axes,
                              "found %u values of \"%.60s\" and %u of \"%.60s\", expected as many to pair them",
                              s->axis[0].n_values, s->axis[0].name, s->axis[i].n_values, s->axis[i].name);
                return false;
            }
        s->n_points = s->axis[0].n_values;
        return true;
    }
    if (s->n_axes > MOST_DIMENSIONS) {
        archi_problem(&p->r, axes, "found %u axes, expected at most %d for \"cartesian\"", s->n_axes, MOST_DIMENSIONS);
        return false;
    }
    for (uint32_t i = 0; i < s->n_axes && n <= MOST_POINTS; i++)
        n *= s->axis[i].n_values;
    if (n > MOST_POINTS)
        archi_problem(&p->r, at->node != NULL ? at : axes, "found more than %d combinations, expected at most that",
                      MOST_POINTS);
    s->n_points = (uint32_t)n;
    return n <= MOST_POINTS;
}

static bool read_method(spec_t *p, const archi_place_t *axes, const archi_place_t *at)
{
    arch_sweep_t *s = p->s;
    uint64_t seed = 1;
    int word = ARCH_SWEEP_CARTESIAN;

    if (archi_json_is_object(at->node)) {
        if (!read_fill(p, at, &seed))
            return false;
        s->fill = archi_reader_alloc(&p->r, (size_t)s->n_points * s->n_axes, sizeof *s->fill);
        if (s->fill != NULL && s->method == ARCH_SWEEP_LATIN)
            archi_latin_hypercube(seed, s->n_points, s->n_axes, s->fill);
        for (uint32_t i = 0; s->fill != NULL && s->method == ARCH_SWEEP_SOBOL && i < s->n_points; i++)
            archi_sobol(i, s->n_axes, NULL, s->fill + (size_t)i * s->n_axes);
        return s->fill != NULL;
    }
    if (!archi_read_word(&p->r, at, method_names, 2, &word))
        return false;
    s->method = (arch_sweep_method_t)word;
    return count_points(p, axes, at);
}

/* ---- the design, and whether it takes the values ------------------------------------------------------------------ */

/* Problems of a design within the file have places in it; of one in a file of its own, places there. */
static void pass_on(spec_t *p, const archi_place_t *at, const char *file, const arch_problems_t *problems)
{
    char pointer[AT_BYTES];

    for (uint32_t i = 0; i < problems->n; i++) {
        const arch_problem_t *x = &problems->problem[i];
        if (*file != '\0') {
            archi_problem(&p->r, at, "%s: %.200s%s%.800s", file, x->at, *x->at != '\0' ? ": " : "", x->text);
        } else {
            snprintf(pointer, sizeof pointer, "/design%.900s", x->at);
            archi_problem_at(&p->r, pointer, at->node->order, x->text);
        }
    }
}

static void read_design(spec_t *p, const archi_place_t *at)
{
    arch_problems_t problems = {0, NULL};
    arch_status_t st = ARCH_OK;
    char path[4096] = "", *text = NULL;
    archi_strbuf_t b = {0};

    if (!archi_required(&p->r, at, "a design: the name of its file, or an object"))
        return;
    if (archi_json_is_text(at->node)) {
        const char *file = at->node->of.text;
        if (file[0] == '/' || p->r.folder == NULL)
            snprintf(path, sizeof path, "%s", file);
        else
            snprintf(path, sizeof path, "%s/%s", p->r.folder, file);
        st = arch_design_read(path, &p->s->design, &problems);
    } else if (archi_is_object(&p->r, at, "a design: the name of its file, or an object")) {
        archi_json_write(at->node, 3, &b);
        st = archi_strbuf_take(&b, &text);
        if (st == ARCH_OK)
            st = arch_design_parse(p->name, p->r.folder, text, strlen(text), &p->s->design, &problems);
        free(text);
    }
    if (problems.n > 0)
        pass_on(p, at, path, &problems);
    else if (arch_status_exit(st) == 2)
        archi_problem(&p->r, at, "found a design that cannot be read: %.800s", arch_error_text());
    else if (st != ARCH_OK)
        p->r.st = st;
    arch_problems_clear(&problems);
}

/* A value that the design refuses by itself and together with the others of the first point that has it is a mistake; others
 * may be refused with some and taken with others. */
static bool point_takes(const arch_sweep_t *s, uint32_t axis, const char *value)
{
    arch_problems_t problems = {0, NULL};
    arch_design_t *design = NULL;
    char text[AT_BYTES];
    arch_status_t st = ARCH_E_FORMAT;
    double number;

    for (uint32_t i = 0; i < s->n_points; i++) {
        arch_sweep_setting(s, i, axis, text, sizeof text, &number);
        if (strcmp(text, value) != 0)
            continue;
        st = arch_sweep_design(s, i, &design, &problems);
        arch_problems_clear(&problems);
        arch_design_destroy(&design);
        break;
    }
    return st == ARCH_OK;
}

static void check_value(spec_t *p, const archi_place_t *at, uint32_t axis, const char *value)
{
    char why[AT_BYTES];

    if (p->r.st == ARCH_OK && !takes(p->s, &p->s->axis[axis], value, why, sizeof why) &&
        !point_takes(p->s, axis, value))
        archi_problem(&p->r, at, "the design cannot have this value: %s", why);
}

static void check_values(spec_t *p, const archi_place_t *axes)
{
    uint32_t k = 0;

    for (const archi_json_t *c = archi_json_first(axes->node); c != NULL; c = c->next, k++) {
        const arch_sweep_axis_t *a = &p->s->axis[k];
        archi_place_t at = archi_member(axes, c), list = {&at, "values", 0, archi_json_member(c, "values")};
        archi_place_t ends[2] = {{&at, "from", 0, archi_json_member(c, "from")},
                                 {&at, "to", 0, archi_json_member(c, "to")}};
        uint32_t i = 0, before = p->r.n_found;
        for (const archi_json_t *v = archi_json_first(list.node); v != NULL && p->r.n_found == before;
             v = v->next, i++) {
            archi_place_t here = archi_item(&list, v, i);
            check_value(p, &here, k, a->value[i]);
        }
        for (i = 0; list.node == NULL && i < 2 && p->r.n_found == before; i++) {
            char value[64];
            archi_axis_json(a, i == 0 ? a->from : a->to, value, sizeof value);
            check_value(p, &ends[i], k, value);
        }
    }
}

/* ---- the whole file --------------------------------------------------------------------------------------------- */

enum { T_VERSION, T_DESCRIPTION, T_DESIGN, T_AXES, T_METHOD, T_REPLICATIONS, T_METRICS, N_TOP };
static const char *const top_keys[N_TOP] = {"architech_sweep", "description",  "design", "axes",
                                            "method",          "replications", "metrics"};

static void read_metrics(spec_t *p, const archi_place_t *at)
{
    uint32_t n = archi_count(at->node), i = 0;

    if (at->node == NULL || !archi_is_array(&p->r, at, "a list of metrics"))
        return;
    if (n == 0) {
        archi_problem(&p->r, at, "found an empty list, expected metrics such as \"web lb/read p95\", or no list");
        return;
    }
    p->s->metric = archi_reader_alloc(&p->r, n, sizeof *p->s->metric);
    for (const archi_json_t *c = archi_json_first(at->node); p->s->metric != NULL && c != NULL; c = c->next, i++) {
        archi_place_t here = archi_item(at, c, i);
        if (!archi_read_text(&p->r, &here, &p->s->metric[i]))
            return;
    }
    p->s->n_metrics = n;
}

static void read_top(spec_t *p, const archi_place_t *root)
{
    archi_place_t f[N_TOP];
    const char *ignored;

    if (!archi_is_object(&p->r, root, "an object, the sweep") || !archi_fields(&p->r, root, top_keys, N_TOP, f))
        return;
    if (!archi_required(&p->r, &f[T_VERSION], "1, the version of the sweep format"))
        return;
    if (!archi_json_is_number(f[T_VERSION].node) || f[T_VERSION].node->of.number != 1) {
        archi_expected(&p->r, &f[T_VERSION], "1, the version of the sweep format that this program reads");
        return;
    }
    archi_read_text(&p->r, &f[T_DESCRIPTION], &ignored);
    read_design(p, &f[T_DESIGN]);
    read_axes(p, &f[T_AXES]);
    p->s->replications = p->s->design != NULL ? p->s->design->run.replications : 1;
    archi_read_whole(&p->r, &f[T_REPLICATIONS], 1, MOST_REPLICATIONS, &p->s->replications);
    read_metrics(p, &f[T_METRICS]);
    if (p->r.n_found == 0 && p->r.st == ARCH_OK && read_method(p, &f[T_AXES], &f[T_METHOD]) && p->r.st == ARCH_OK)
        check_values(p, &f[T_AXES]);
}

static arch_status_t read_text(spec_t *p, const char *text, size_t length)
{
    archi_place_t root = {NULL, NULL, 0, NULL};
    archi_tree_t tree;
    char message[256];

    if (!archi_scan_json(text, length, message, sizeof message)) {
        archi_problem(&p->r, &root, "%s", message);
        return p->r.st;
    }
    p->s->source = archi_reader_copy(&p->r, text);
    ARCH_TRY(archi_tree_make(text, length, &tree));
    root.node = tree.root;
    archi_drop_twins(&p->r, &root);
    if (p->r.st == ARCH_OK)
        read_top(p, &root);
    archi_tree_free(&tree);
    return p->r.st;
}

arch_status_t arch_sweep_parse(const char *name, const char *folder, const char *text, size_t length,
                               arch_sweep_t **out, arch_problems_t *problems)
{
    spec_t p = {.name = name};
    arch_design_t *memory = NULL;
    arch_status_t st;

    *out = NULL;
    ARCH_TRY(arch_design_create(&memory));
    p.r.design = memory;
    p.r.folder = folder;
    archi_names_init(&p.r.names);
    p.s = archi_reader_alloc(&p.r, 1, sizeof *p.s);
    st = p.r.st;
    if (p.s != NULL) {
        p.s->memory = memory;
        st = read_text(&p, text, length);
    }
    if (st == ARCH_OK && p.r.n_found > 0)
        st = archi_hand_over(&p.r, name, problems);
    archi_reader_fini(&p.r);
    if (st == ARCH_OK)
        *out = p.s;
    else if (p.s != NULL)
        arch_sweep_destroy(&p.s);
    else
        arch_design_destroy(&memory);
    return st;
}

arch_status_t arch_sweep_read(const char *path, arch_sweep_t **out, arch_problems_t *problems)
{
    char *text = NULL, *folder = archi_folder_of(path);
    size_t length = 0;
    arch_status_t st = folder != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory to read %s", path);

    *out = NULL;
    if (st == ARCH_OK)
        st = archi_slurp(path, &text, &length);
    if (st == ARCH_OK)
        st = arch_sweep_parse(path, folder, text, length, out, problems);
    free(text);
    free(folder);
    return st;
}

void arch_sweep_destroy(arch_sweep_t **sweep)
{
    arch_design_t *memory;

    if (sweep == NULL || *sweep == NULL)
        return;
    arch_design_destroy(&(*sweep)->design);
    memory = (*sweep)->memory;
    *sweep = NULL;
    arch_design_destroy(&memory);
}
