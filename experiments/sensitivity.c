/* experiments/sensitivity.c - arch_sensitivity(): screening by elementary effects, then shares of variance of the few. */
#include "engine/draw.h"
#include "experiments/parameters.h"
#include "experiments/sampling.h"
#include "io/arena.h"
#include "model/estimate.h"
#include <architech/sensitivity.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 2, RESAMPLES = 400, SIDE_BY_SIDE = 256, MOST_PARAMETERS = 1000 };

/* Where a parameter is among those of the walk. */
typedef struct {
    uint32_t index;
    char name[ARCHI_PARAMETER_NAME], value[64];
} knob_t;

/* A design that was tried: places of the knobs in [0, 1], and what the metric said. */
typedef struct {
    double *u;      /* [n_knobs] */
    double value;   /* NAN: it could not be told */
} place_t;

typedef struct {
    arch_lab_t *lab;
    const arch_design_t *design;
    arch_sensitivity_options_t o;
    char *text;     /* the design */
    char metric[512];
    knob_t *knob;
    uint32_t n_knobs;
    arch_sensitivity_t *out;
} study_t;

/* ---- knobs ------------------------------------------------------------------------------------------------------ */

static bool is_wanted(const arch_sensitivity_options_t *o, const char *name)
{
    for (uint32_t i = 0; i < o->n_only; i++)
        if (strncmp(name, o->only[i], strlen(o->only[i])) == 0)
            return true;
    return o->only == NULL;
}

static arch_status_t note_knob(void *user, uint32_t index, const archi_parameter_t *p)
{
    study_t *s = user;
    knob_t *more;

    if (!is_wanted(&s->o, p->name))
        return ARCH_OK;
    if (s->n_knobs == MOST_PARAMETERS)
        return ARCH_FAIL(ARCH_E_ARG, "the design has more than %d numbers to vary; say which with `only`", MOST_PARAMETERS);
    more = realloc(s->knob, ((size_t)s->n_knobs + 1) * sizeof *more);
    if (more == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u parameters", s->n_knobs);
    s->knob = more;
    more[s->n_knobs].index = index;
    snprintf(more[s->n_knobs].name, sizeof more->name, "%s", p->name);
    archi_parameter_say(s->design, p, more[s->n_knobs].value, sizeof more->value);
    s->n_knobs++;
    return ARCH_OK;
}

/* A copy, since a walk may change what it walks over. */
static arch_status_t copy_design(const study_t *s, arch_design_t **out)
{
    arch_problems_t problems = {0, NULL};
    arch_status_t st = arch_design_parse(s->design->name, NULL, s->text, strlen(s->text), out, &problems);

    arch_problems_clear(&problems);
    return st == ARCH_OK ? ARCH_OK : ARCH_FAIL(ARCH_E_INTERNAL, "a design written back is refused; please report it");
}

typedef struct {
    const study_t *s;
    const double *u;
    uint32_t next;
} turning_t;

static arch_status_t turn_knob(void *user, uint32_t index, const archi_parameter_t *p)
{
    turning_t *t = user;
    double reach = log(1 + t->s->o.range);

    if (t->next < t->s->n_knobs && t->s->knob[t->next].index == index)
        archi_parameter_scale(p, exp(reach * (2 * t->u[t->next++] - 1)));
    return ARCH_OK;
}

/* ---- trying places ---------------------------------------------------------------------------------------------- */

static void read_metric(const study_t *s, const arch_point_t *p, place_t *place)
{
    arch_metric_at_t at;
    arch_estimate_t e;

    place->value = NAN;
    if (p->status == ARCH_OK && arch_samples_find(p->samples, s->metric, &at) == ARCH_OK &&
        arch_samples_estimate(p->samples, at, 0.95, &e) == ARCH_OK && e.supported)
        place->value = e.value;
    s->out->n_points++;
    s->out->n_failed += isnan(place->value);
    if (p->samples == NULL)
        return;
    s->out->requests += p->samples->requests;
    s->out->events += p->samples->events;
    s->out->digest = 31 * s->out->digest + p->samples->digest;
    if (!isnan(place->value)) {
        s->out->low = fmin(s->out->low, place->value);
        s->out->high = fmax(s->out->high, place->value);
    }
}

static arch_status_t try_some(const study_t *s, place_t *place, uint32_t n)
{
    arch_point_t *point = calloc(n, sizeof *point);
    arch_design_t **design = calloc(n, sizeof *design);
    arch_status_t st = ARCH_OK;

    if (point == NULL || design == NULL)
        ARCH_TRY_TO(done, ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u points", n));
    for (uint32_t i = 0; i < n; i++) {
        turning_t turning = {s, place[i].u, 0};
        ARCH_TRY_TO(done, copy_design(s, &design[i]));
        ARCH_TRY_TO(done, archi_parameters_each(design[i], turn_knob, &turning));
        point[i].design = design[i];
        point[i].wanted = s->o.replications;
    }
    ARCH_TRY_TO(done, arch_lab_extend(s->lab, point, n));
    for (uint32_t i = 0; i < n; i++)
        read_metric(s, &point[i], &place[i]);
done:
    for (uint32_t i = 0; i < n; i++) {
        if (point != NULL)
            arch_samples_destroy(&point[i].samples);
        if (design != NULL)
            arch_design_destroy(&design[i]);
    }
    free(point);
    free(design);
    return st;
}

static arch_status_t try_places(const study_t *s, const char *doing, place_t *place, uint32_t n)
{
    for (uint32_t done = 0; done < n; done += SIDE_BY_SIDE) {
        arch_lab_say(s->lab, "%s: %u of %u points", doing, done, n);
        ARCH_TRY(try_some(s, place + done, n - done < SIDE_BY_SIDE ? n - done : SIDE_BY_SIDE));
    }
    return ARCH_OK;
}

static arch_status_t make_places(uint32_t n, uint32_t n_knobs, place_t **out)
{
    double *u = calloc((size_t)n * n_knobs + 1, sizeof *u);

    *out = calloc((size_t)n + 1, sizeof **out);
    if (u == NULL || *out == NULL) {
        free(u);
        free(*out);
        *out = NULL;
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u points", n);
    }
    for (uint32_t i = 0; i < n; i++)
        (*out)[i].u = u + (size_t)i * n_knobs;
    return ARCH_OK;
}

static void drop_places(place_t *place)
{
    if (place != NULL)
        free(place[0].u);
    free(place);
}

/* ---- screening -------------------------------------------------------------------------------------------------- */

static uint64_t draw(const study_t *s, uint64_t *count) { return archi_mix64(archi_mix64(s->o.seed) + (*count)++); }

/* Effects over the whole range, of each trajectory; NAN where one of the two places could not be told. */
static void read_effects(const place_t *place, const uint32_t *order, uint32_t n, double *effect)
{
    for (uint32_t i = 0; i < n; i++) {
        double step = place[i + 1].u[order[i]] - place[i].u[order[i]];
        effect[order[i]] = (place[i + 1].value - place[i].value) / step;
    }
}

/* Means over trajectories [r][n]. */
static void sum_up_effects(const double *effect, uint32_t r, uint32_t n, uint32_t k, arch_parameter_t *p)
{
    double sum = 0, strong = 0, squares = 0, m = 0;

    for (uint32_t t = 0; t < r; t++) {
        double e = effect[(size_t)t * n + k];
        if (isnan(e))
            continue;
        m++;
        sum += e;
        strong += fabs(e);
        squares += e * e;
    }
    p->strength = (arch_estimate_t){m > 0 ? strong / m : NAN, NAN, m > 0};
    p->effect = m > 0 ? sum / m : NAN;
    p->spread = m > 1 ? sqrt(fmax(0, (squares - sum * sum / m) / (m - 1))) : NAN;
    if (m > 1)
        p->strength.half_width =
            archi_student(m - 1, 0.95) * sqrt(fmax(0, (squares - strong * strong / m) / (m - 1) / m));
}

static int stronger(const void *x, const void *y)
{
    const arch_parameter_t *a = x, *b = y;
    double sa = a->strength.supported ? a->strength.value : -1, sb = b->strength.supported ? b->strength.value : -1;

    return sa != sb ? (sa > sb ? -1 : 1) : strcmp(a->name, b->name);
}

static arch_status_t screen(study_t *s)
{
    uint32_t n = s->n_knobs, r = s->o.trajectories;
    double *effect = calloc((size_t)r * n, sizeof *effect);
    uint32_t *order = calloc((size_t)r * n, sizeof *order);
    place_t *place = NULL;
    uint64_t count = 0;
    arch_status_t st = ARCH_OK;

    if (effect == NULL || order == NULL)
        ARCH_TRY_TO(done, ARCH_FAIL(ARCH_E_NOMEM, "no memory to screen %u parameters", n));
    ARCH_TRY_TO(done, make_places(r * (n + 1), n, &place));
    for (uint32_t t = 0; t < r; t++)
        archi_morris(s->o.seed, &count, n, place[(size_t)t * (n + 1)].u, order + (size_t)t * n);
    ARCH_TRY_TO(done, try_places(s, "screening", place, r * (n + 1)));
    for (uint32_t t = 0; t < r; t++)
        read_effects(place + (size_t)t * (n + 1), order + (size_t)t * n, n, effect + (size_t)t * n);
    for (uint32_t k = 0; k < n; k++)
        sum_up_effects(effect, r, n, k, &s->out->parameter[k]);
done:
    drop_places(place);
    free(effect);
    free(order);
    return st;
}

/* ---- shares of variance ----------------------------------------------------------------------------------------- */

/* Rows of `base` values: A, B, and A with column k from B for each of m knobs. */
typedef struct {
    uint32_t base, m;
    const place_t *place;
} shares_t;

static double at(const shares_t *v, uint32_t row, uint32_t i) { return v->place[(size_t)row * v->base + i].value; }

/* Is point i known in all three rows that knob k needs? */
static bool is_known(const shares_t *v, uint32_t k, uint32_t i)
{
    return !isnan(at(v, 0, i)) && !isnan(at(v, 1, i)) && !isnan(at(v, 2 + k, i));
}

/* Shares of knob k over the points pick[0 .. base - 1]; points that could not be told are left out. Values are taken from
 * their mean, without which the share alone drowns in it. */
static bool share_of(const shares_t *v, uint32_t k, const uint32_t *pick, double *first, double *total)
{
    double n = 0, mean = 0, squares = 0, alone = 0, all = 0;

    for (uint32_t j = 0; j < v->base; j++)
        if (is_known(v, k, pick[j])) {
            n++;
            mean += (at(v, 0, pick[j]) + at(v, 1, pick[j])) / 2;
        }
    mean /= n;
    for (uint32_t j = 0; j < v->base; j++) {
        double a, b, mixed;
        if (!is_known(v, k, pick[j]))
            continue;
        a = at(v, 0, pick[j]) - mean;
        b = at(v, 1, pick[j]) - mean;
        mixed = at(v, 2 + k, pick[j]) - mean;
        squares += (a * a + b * b) / 2;
        alone += b * (mixed - a);
        all += (a - mixed) * (a - mixed) / 2;
    }
    if (n < 4 || !(squares > 0))
        return false;
    *first = alone / squares;
    *total = all / squares;
    return true;
}

/* Half of the range that holds 95 % of the resampled shares (Efron's bootstrap; Archer, Saltelli & Sobol 1997). */
static int ascending(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;

    return a < b ? -1 : a > b;
}

static double half_of(double *x, uint32_t n)
{
    qsort(x, n, sizeof *x, ascending);
    return (x[(uint32_t)(0.975 * (n - 1))] - x[(uint32_t)(0.025 * (n - 1))]) / 2;
}

static arch_status_t estimate_shares(const study_t *s, const shares_t *v, uint32_t k, arch_parameter_t *p)
{
    uint32_t *pick = malloc(v->base * sizeof *pick);
    double *first = malloc(RESAMPLES * sizeof *first), *total = malloc(RESAMPLES * sizeof *total);
    uint64_t count = UINT64_C(1) << 32;
    uint32_t n = 0;
    arch_status_t st = ARCH_OK;

    if (pick == NULL || first == NULL || total == NULL)
        ARCH_TRY_TO(done, ARCH_FAIL(ARCH_E_NOMEM, "no memory for shares of variance"));
    for (uint32_t i = 0; i < v->base; i++)
        pick[i] = i;
    p->first.supported = p->total.supported = share_of(v, k, pick, &p->first.value, &p->total.value);
    for (uint32_t r = 0; p->first.supported && r < RESAMPLES; r++) {
        for (uint32_t i = 0; i < v->base; i++)
            pick[i] = (uint32_t)(draw(s, &count) % v->base);
        n += share_of(v, k, pick, &first[n], &total[n]);
    }
    if (n > 1) {
        p->first.half_width = half_of(first, n);
        p->total.half_width = half_of(total, n);
    }
done:
    free(pick);
    free(first);
    free(total);
    return st;
}

static uint32_t knob_of(const study_t *s, const arch_parameter_t *p)
{
    uint32_t k = 0;

    while (strcmp(s->knob[k].name, p->name) != 0)
        k++;
    return k;
}

/* Points of 2 m dimensions: the first m are A's, the others B's. All other knobs stay where the design has them. */
static void place_points(const study_t *s, uint32_t m, const uint32_t *knob, place_t *place)
{
    uint32_t base = s->o.base, shift[ARCHI_SOBOL_DIMENSIONS];
    double x[ARCHI_SOBOL_DIMENSIONS];

    archi_sobol_shift(s->o.seed, 2 * m, shift);
    for (uint32_t i = 0; i < base; i++) {
        archi_sobol(i, 2 * m, shift, x);
        for (uint32_t row = 0; row < m + 2; row++) {
            double *u = place[(size_t)row * base + i].u;
            for (uint32_t k = 0; k < s->n_knobs; k++)
                u[k] = 0.5;
            for (uint32_t k = 0; k < m; k++)
                u[knob[k]] = x[row == 1 || row == 2 + k ? m + k : k];
        }
    }
}

/* Those that move the metric clearly, the strongest `most` of them. */
static uint32_t count_strong(const study_t *s)
{
    uint32_t m = 0;

    while (m < s->n_knobs && m < s->o.most && s->out->parameter[m].strength.supported &&
           s->out->parameter[m].strength.value > s->out->parameter[m].strength.half_width)
        m++;
    return m;
}

static arch_status_t share_out(study_t *s)
{
    uint32_t m = count_strong(s), knob[ARCHI_SOBOL_DIMENSIONS / 2];
    place_t *place = NULL;
    shares_t v = {s->o.base, m, NULL};
    arch_status_t st = ARCH_OK;

    if (m == 0)
        return ARCH_OK;
    for (uint32_t k = 0; k < m; k++)
        knob[k] = knob_of(s, &s->out->parameter[k]);
    ARCH_TRY(make_places(s->o.base * (m + 2), s->n_knobs, &place));
    place_points(s, m, knob, place);
    ARCH_TRY_TO(done, try_places(s, "shares of variance", place, s->o.base * (m + 2)));
    v.place = place;
    for (uint32_t k = 0; k < m; k++)
        ARCH_TRY_TO(done, estimate_shares(s, &v, k, &s->out->parameter[k]));
done:
    drop_places(place);
    return st;
}

/* ---- the call --------------------------------------------------------------------------------------------------- */

static arch_status_t check_options(const arch_sensitivity_options_t *o)
{
    if (!(o->range > 0 && o->range <= 10))
        return ARCH_FAIL(ARCH_E_ARG, "range: is %g, must be above 0, at most 10", o->range);
    if (o->trajectories < 2 || o->trajectories > 10000)
        return ARCH_FAIL(ARCH_E_ARG, "trajectories: is %u, must be from 2 to 10000", o->trajectories);
    if (o->most > ARCHI_SOBOL_DIMENSIONS / 2)
        return ARCH_FAIL(ARCH_E_ARG, "most: is %u, must be at most %d", o->most, ARCHI_SOBOL_DIMENSIONS / 2);
    if (o->base < 4 || o->base > 1 << 16 || (o->base & (o->base - 1)) != 0)
        return ARCH_FAIL(ARCH_E_ARG, "base: is %u, must be a power of two from 4 to 65536", o->base);
    return ARCH_OK;
}

static arch_status_t choose(const arch_design_t *design, const arch_sensitivity_options_t *given,
                            arch_sensitivity_options_t *o)
{
    static const arch_sensitivity_options_t defaults;

    *o = given != NULL ? *given : defaults;
    o->range = o->range == 0 ? 0.2 : o->range;
    o->trajectories = o->trajectories > 0 ? o->trajectories : 8;
    o->most = o->most > 0 ? o->most : 4;
    o->base = o->base > 0 ? o->base : 64;
    o->seed = o->seed > 0 ? o->seed : 1;
    if (o->replications == 0)
        o->replications = design->run.replications < FEW ? design->run.replications : FEW;
    return check_options(o);
}

/* Of the first objective that these data can tell. */
static arch_status_t default_metric(const arch_samples_t *samples, const arch_design_t *design, arch_metric_at_t *at)
{
    for (uint32_t i = 0; i < design->n_objectives; i++) {
        arch_estimate_t e;
        ARCH_TRY(arch_samples_objective(samples, design, i, at));
        ARCH_TRY(arch_samples_estimate(samples, *at, 0.95, &e));
        if (e.supported)
            return ARCH_OK;
    }
    *at = (arch_metric_at_t){ARCH_FIGURE_MEAN, 0, 1};
    return ARCH_OK;
}

/* The design as it stands: which metric, and what it is. */
static arch_status_t look_at_design(study_t *s)
{
    arch_point_t point = {.design = s->design, .wanted = s->o.replications};
    arch_metric_at_t at;
    arch_status_t st = ARCH_OK;

    arch_lab_say(s->lab, "the design as it stands");
    ARCH_TRY(arch_lab_extend(s->lab, &point, 1));
    if (point.status != ARCH_OK)
        return ARCH_FAIL(point.status, "%s", point.why);
    ARCH_TRY_TO(done, s->o.metric != NULL ? arch_samples_find(point.samples, s->o.metric, &at)
                                          : default_metric(point.samples, s->design, &at));
    arch_samples_name(point.samples, at, s->metric, sizeof s->metric);
    ARCH_TRY_TO(done, arch_samples_estimate(point.samples, at, 0.95, &s->out->at_design));
    if (!s->out->at_design.supported)
        ARCH_TRY_TO(done, ARCH_FAIL(ARCH_E_UNSTABLE, "%s cannot be told from the requests of %u replications; give more of "
                                                     "them or a longer duration",
                                    s->metric, s->o.replications));
    s->out->unit = arch_figure_unit(at.figure);
    s->out->low = s->out->high = s->out->at_design.value;
done:
    arch_samples_destroy(&point.samples);
    return st;
}

static arch_status_t find_knobs(study_t *s)
{
    arch_design_t *copy = NULL;
    arch_status_t st;

    ARCH_TRY(copy_design(s, &copy));
    st = archi_parameters_each(copy, note_knob, s);
    arch_design_destroy(&copy);
    ARCH_TRY(st);
    if (s->n_knobs == 0)
        return ARCH_FAIL(ARCH_E_ARG, "the design has no number to vary%s", s->o.only != NULL ? " under these pointers" : "");
    return ARCH_OK;
}

static const char *keep(study_t *s, const char *text) { return archi_arena_copy(s->out->arena, text, strlen(text)); }

static arch_status_t begin(study_t *s)
{
    arch_sensitivity_t *out = s->out;

    out->parameter = archi_arena_alloc(out->arena, s->n_knobs * sizeof *out->parameter);
    out->name = keep(s, s->design->name);
    out->metric = keep(s, s->metric);
    out->range = s->o.range;
    if (out->parameter == NULL || out->name == NULL || out->metric == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u parameters", s->n_knobs);
    for (; out->n_parameters < s->n_knobs; out->n_parameters++) {
        arch_parameter_t *p = &out->parameter[out->n_parameters];
        p->name = keep(s, s->knob[out->n_parameters].name);
        p->value = keep(s, s->knob[out->n_parameters].value);
        p->first = p->total = (arch_estimate_t){NAN, NAN, false};
        if (p->name == NULL || p->value == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u parameters", s->n_knobs);
    }
    return ARCH_OK;
}

static arch_status_t study(study_t *s, const arch_sensitivity_options_t *options)
{
    ARCH_TRY(choose(s->design, options, &s->o));
    ARCH_TRY(arch_design_explain(s->design, &s->text));
    ARCH_TRY(find_knobs(s));
    ARCH_TRY(look_at_design(s));
    ARCH_TRY(begin(s));
    ARCH_TRY(screen(s));
    qsort(s->out->parameter, s->out->n_parameters, sizeof *s->out->parameter, stronger);
    return share_out(s);
}

arch_status_t arch_sensitivity(arch_lab_t *lab, const arch_design_t *design, const arch_sensitivity_options_t *options,
                               arch_sensitivity_t **out)
{
    study_t *s = calloc(1, sizeof *s);
    arch_status_t st = ARCH_OK;

    *out = calloc(1, sizeof **out);
    if (*out != NULL)
        (*out)->arena = archi_arena_create();
    if (s == NULL || *out == NULL || (*out)->arena == NULL) {
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory to study a design");
    } else {
        s->lab = lab;
        s->design = design;
        s->out = *out;
        st = study(s, options);
    }
    if (s != NULL) {
        free(s->text);
        free(s->knob);
    }
    free(s);
    if (st != ARCH_OK)
        arch_sensitivity_destroy(out);
    return st;
}

void arch_sensitivity_destroy(arch_sensitivity_t **sensitivity)
{
    if (sensitivity == NULL || *sensitivity == NULL)
        return;
    archi_arena_destroy(&(*sensitivity)->arena);
    free(*sensitivity);
    *sensitivity = NULL;
}
