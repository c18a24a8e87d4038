/* io/design_dist.c - distributions: read in the words of the file, resolved to the one form that the engine draws from. */
#include "io/design_reader.h"
#include <math.h>
#include <string.h>

static const char *const names[ARCH_N_DISTS] = {"constant", "exponential", "uniform", "normal", "lognormal",
                                                "gamma",    "erlang",      "weibull", "pareto", "hyperexponential",
                                                "empirical"};

enum { MAX_COUNT = 1000000 };

/* What a parameter is: in the distribution's own dimension, or a plain number within limits; arch_dist_check() has the last
 * word. */
typedef enum { NO_MORE, QUANTITY, POSITIVE_QUANTITY, PLAIN } form_t;

typedef struct {
    const char *key;
    form_t form;
    double low, high; /* PLAIN */
} parameter_t;

/* By kind, in the order of arch_dist_t.p; the constant and the empirical table are read apart. */
static const parameter_t parameters[ARCH_N_DISTS][3] = {
    {{0}},
    {{"mean", POSITIVE_QUANTITY, 0, 0}},
    {{"low", QUANTITY, 0, 0}, {"high", QUANTITY, 0, 0}},
    {{"mean", QUANTITY, 0, 0}, {"sd", QUANTITY, 0, 0}},
    {{"mu", PLAIN, -100, 100}, {"sigma", PLAIN, 0, 20}},
    {{"shape", PLAIN, 0, 1e15}, {"scale", POSITIVE_QUANTITY, 0, 0}},
    {{"k", PLAIN, 1, 1e6}, {"mean", POSITIVE_QUANTITY, 0, 0}},
    {{"shape", PLAIN, 0, 1e15}, {"scale", POSITIVE_QUANTITY, 0, 0}},
    {{"alpha", PLAIN, 0, 1e15}, {"minimum", POSITIVE_QUANTITY, 0, 0}},
    {{"p", PLAIN, 0, 1}, {"mean1", POSITIVE_QUANTITY, 0, 0}, {"mean2", POSITIVE_QUANTITY, 0, 0}},
    {{0}}};

static bool read_quantity(archi_reader_t *r, const archi_place_t *at, archi_dimension_t dimension, bool may_be_zero,
                          double *out)
{
    if (dimension == ARCHI_TIME)
        return archi_read_time(r, at, may_be_zero, out);
    if (!archi_read_number(r, at, 0.0, MAX_COUNT, out))
        return false;
    if (*out > 0.0 || may_be_zero)
        return true;
    archi_expected(r, at, "a number above zero");
    return false;
}

static bool read_parameter(archi_reader_t *r, const archi_place_t *at, const parameter_t *p,
                           archi_dimension_t dimension, double *out)
{
    if (!archi_required(r, at, p->form == PLAIN ? "a number" : dimension == ARCHI_TIME ? "a time" : "a number"))
        return false;
    return p->form == PLAIN ? archi_read_number(r, at, p->low, p->high, out)
                            : read_quantity(r, at, dimension, p->form == QUANTITY, out);
}

/* ---- by mean and coefficient of variation ------------------------------------------------------------------------ */

static bool read_mean_and_cv(archi_reader_t *r, const archi_place_t *mean, const archi_place_t *cv,
                             archi_dimension_t dimension, arch_dist_t *out)
{
    double m = 0.0, c = 0.0;
    char found[ARCHI_FOUND_BYTES];
    bool good;

    if (!archi_required(r, mean, "the mean that goes with \"cv\"") ||
        !archi_required(r, cv, "the coefficient of variation that goes with \"mean\""))
        return false;
    good = read_quantity(r, mean, dimension, false, &m);
    if (!archi_read_number(r, cv, 0.0, 1000.0, &c) || !good)
        return false;
    if (arch_dist_from_mean_cv(out->kind, m, c, out) == ARCH_OK)
        return true;
    archi_problem(r, cv, "found %s, expected a coefficient of variation that this distribution (%s) can have: %s",
                  archi_in_words(cv->node, found), names[out->kind], arch_dist_cv_range(out->kind));
    return false;
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static bool read_entry(archi_reader_t *r, const archi_place_t *at, archi_dimension_t dimension, double *value,
                       double *cumulative)
{
    archi_place_t v, c;

    if (!archi_json_is_array(at->node) || archi_count(at->node) != 2) {
        archi_expected(r, at, "a pair such as [\"10ms\", 0.95]: a value and the share of draws up to it");
        return false;
    }
    v = archi_item(at, archi_json_first(at->node), 0);
    c = archi_item(at, archi_json_first(at->node)->next, 1);
    return read_quantity(r, &v, dimension, true, value) && archi_read_number(r, &c, 0.0, 1.0, cumulative);
}

static bool read_entries(archi_reader_t *r, const archi_place_t *at, archi_dimension_t dimension, arch_table_t *t)
{
    uint32_t n = 0;
    bool good = true;

    if (!archi_json_is_array(at->node) || !archi_json_first(at->node)) {
        archi_expected(r, at, "a list of pairs [value, cumulative share]");
        return false;
    }
    t->value = archi_reader_alloc(r, archi_count(at->node), sizeof *t->value);
    t->cumulative = archi_reader_alloc(r, archi_count(at->node), sizeof *t->cumulative);
    if (!t->value || !t->cumulative)
        return false;
    for (const archi_json_t *c = archi_json_first(at->node); c; c = c->next, n++) {
        archi_place_t here = archi_item(at, c, n);
        if (!read_entry(r, &here, dimension, &t->value[n], &t->cumulative[n]))
            good = false;
        else if (good && n > 0 && (t->value[n] < t->value[n - 1] || t->cumulative[n] < t->cumulative[n - 1])) {
            archi_problem(r, &here, "found an entry below the one before it, expected values and shares that ascend");
            good = false;
        }
    }
    t->n = n;
    if (good && t->cumulative[0] == 0.0)
        t->cumulative[0] = ARCHI_LEAST_SHARE;
    if (good && t->cumulative[n - 1] != 1.0) {
        archi_problem(r, at, "found a table that does not end at 1, expected 1.0 as the last cumulative share");
        good = false;
    }
    return good;
}

/* The unit of bare numbers in a file: in ns, or 1 for counts; 0 when the file has to bring its own. */
static bool read_unit(archi_reader_t *r, const archi_place_t *at, archi_dimension_t dimension, double *unit)
{
    char text[16] = "1";

    *unit = dimension == ARCHI_COUNT ? 1.0 : 0.0;
    if (!at->node)
        return true;
    if (dimension == ARCHI_TIME && archi_json_is_text(at->node) && strlen(at->node->of.text) < 8 &&
        archi_parse_time(strcat(text, at->node->of.text), unit))
        return true;
    archi_expected(r, at,
                   dimension == ARCHI_TIME ? "one of \"ns\", \"us\", \"ms\", \"s\", \"min\", \"h\", \"d\""
                                           : "no unit: this is a count");
    return false;
}

static bool add_table(archi_reader_t *r, const arch_table_t *table, uint32_t *index)
{
    arch_design_t *d = r->design;
    arch_table_t *grown = d->table;

    if ((d->n_tables & (d->n_tables - 1)) == 0) { /* 0, 1, 2, 4, 8, ...: full */
        grown = archi_reader_alloc(r, d->n_tables ? 2 * (size_t)d->n_tables : 1, sizeof *grown);
        if (!grown)
            return false;
        if (d->n_tables)
            memcpy(grown, d->table, d->n_tables * sizeof *grown);
    }
    d->table = grown;
    d->table[d->n_tables] = *table;
    *index = d->n_tables++;
    return true;
}

static bool read_empirical(archi_reader_t *r, const archi_place_t *at, archi_dimension_t dimension, arch_dist_t *out)
{
    static const char *const keys[] = {"values", "file", "unit", "between", "plus"};
    static const char *const between[] = {"step", "linear"};
    archi_place_t f[5];
    arch_table_t table = {0, NULL, NULL, false};
    double unit = 0.0;
    int linear = 0;
    bool good;

    if (!archi_fields(r, at, keys, 5, f))
        return false;
    good = archi_read_word(r, &f[3], between, 2, &linear);
    good = read_quantity(r, &f[4], dimension, true, &out->shift) && good;
    good = read_unit(r, &f[2], dimension, &unit) && good;
    if (!f[0].node == !f[1].node) {
        archi_problem(r, at, "found %s, expected exactly one of \"values\" and \"file\"",
                      f[0].node ? "both" : "neither");
        return false;
    }
    if (!good || !(f[0].node ? read_entries(r, &f[0], dimension, &table)
                             : archi_read_table_file(r, &f[1], unit, dimension, &table)))
        return false;
    table.linear = linear == 1;
    return add_table(r, &table, &out->table);
}

/* ---- one distribution -------------------------------------------------------------------------------------------- */

/* The members of a distribution's object, told apart. */
typedef struct {
    archi_place_t field[6]; /* mean, cv, plus, then parameters that are not called "mean" */
    int own[3];             /* field of each parameter */
    int n_own;
    bool has_mean; /* "mean" is a parameter of its own */
    bool other;    /* a parameter besides "mean" is given */
} given_t;

enum { MEAN, CV, PLUS, FIRST_OTHER };

static bool sort_members(archi_reader_t *r, const archi_place_t *at, arch_dist_kind_t kind, given_t *g)
{
    const char *keys[6] = {"mean", arch_dist_takes_cv(kind) ? "cv" : "plus", "plus"};
    int n = FIRST_OTHER;

    for (g->n_own = 0; g->n_own < 3 && parameters[kind][g->n_own].form != NO_MORE; g->n_own++) {
        const char *key = parameters[kind][g->n_own].key;
        bool is_mean = strcmp(key, "mean") == 0;
        g->own[g->n_own] = is_mean ? MEAN : n;
        g->has_mean = g->has_mean || is_mean;
        if (!is_mean)
            keys[n++] = key;
    }
    if (!archi_fields(r, at, keys, arch_dist_takes_cv(kind) ? n : n - 1, g->field))
        return false;
    if (!arch_dist_takes_cv(kind)) { /* the exponential: "mean" and "plus" */
        g->field[PLUS] = g->field[CV];
        g->field[CV].node = NULL;
    }
    for (int i = FIRST_OTHER; i < n; i++)
        g->other = g->other || g->field[i].node;
    return true;
}

/* What the ranges of single parameters do not say; arch_dist_check() would, in the words of the engine. */
static bool fit_together(archi_reader_t *r, const given_t *g, const arch_dist_t *d)
{
    if (d->kind == ARCH_DIST_UNIFORM && d->p[1] < d->p[0])
        archi_expected(r, &g->field[g->own[1]], "a value of \"low\" or more");
    else if (d->kind == ARCH_DIST_ERLANG && d->p[0] != floor(d->p[0]))
        archi_expected(r, &g->field[g->own[0]], "a whole number of phases");
    else if (d->kind == ARCH_DIST_PARETO && !(d->p[0] > 1.0))
        archi_expected(r, &g->field[g->own[0]], "a number above 1, or the mean is infinite");
    else
        return true;
    return false;
}

static bool read_own_parameters(archi_reader_t *r, const given_t *g, archi_dimension_t dimension, arch_dist_t *out)
{
    bool good = true;

    for (int i = 0; i < g->n_own; i++)
        good = read_parameter(r, &g->field[g->own[i]], &parameters[out->kind][i], dimension, &out->p[i]) && good;
    good = good && fit_together(r, g, out);
    if (good && out->kind == ARCH_DIST_ERLANG)
        out->p[1] /= out->p[0]; /* the file says the mean of the whole */
    return good;
}

static bool read_parameters(archi_reader_t *r, const archi_place_t *at, archi_dimension_t dimension, arch_dist_t *out)
{
    given_t g = {0};
    bool good;

    if (!sort_members(r, at, out->kind, &g))
        return false;
    good = read_quantity(r, &g.field[PLUS], dimension, true, &out->shift);
    if (!g.field[CV].node && (g.has_mean || !g.field[MEAN].node)) /* nothing of mean and cv that is not its own */
        return read_own_parameters(r, &g, dimension, out) && good;
    if (!g.other)
        return read_mean_and_cv(r, &g.field[MEAN], &g.field[CV], dimension, out) && good;
    archi_problem(r, at,
                  "found two ways to say it, expected either \"mean\" and \"cv\" or the parameters of the %s "
                  "distribution",
                  names[out->kind]);
    return false;
}

static void set_constant(arch_dist_t *out, double value)
{
    memset(out, 0, sizeof *out);
    out->kind = ARCH_DIST_CONSTANT;
    out->p[0] = value;
    out->table = ARCH_NONE;
}

/* Into *out only when all is well, so that a default survives. */
bool archi_read_dist(archi_reader_t *r, const archi_place_t *at, archi_dimension_t dimension, arch_dist_t *out)
{
    archi_place_t kind[ARCH_N_DISTS - 1];
    arch_dist_t dist;
    int which = -1;

    if (!at->node)
        return true;
    set_constant(&dist, 0.0);
    if (!archi_json_is_object(at->node)) {
        if (!read_quantity(r, at, dimension, true, &dist.p[0]))
            return false;
        *out = dist;
        return true;
    }
    if (!archi_fields(r, at, names + 1, ARCH_N_DISTS - 1, kind))
        return false;
    for (int i = 0; i < ARCH_N_DISTS - 1; i++)
        if (kind[i].node)
            which = i;
    if (archi_count(at->node) != 1) {
        archi_expected(r, at, "one distribution, such as {\"exponential\": {\"mean\": \"10ms\"}}");
        return false;
    }
    if (which < 0)
        return false; /* an unknown key, which was reported */
    dist.kind = (arch_dist_kind_t)(which + 1);
    if (!(dist.kind == ARCH_DIST_EMPIRICAL ? read_empirical(r, &kind[which], dimension, &dist)
                                           : read_parameters(r, &kind[which], dimension, &dist)))
        return false;
    if (arch_dist_check(&dist, r->design->table, r->design->n_tables) != ARCH_OK) {
        archi_problem(r, &kind[which], "found parameters that make no distribution, expected others: %s",
                      arch_error_text());
        return false;
    }
    *out = dist;
    return true;
}

bool archi_dist_is_zero(const arch_design_t *d, const arch_dist_t *dist)
{
    return !(arch_dist_mean(dist, d->table) >= 0.5); /* time is whole ns */
}
