/* model/dist.c - distributions before anything is drawn from them: from mean and cv, judged, their moments.
 * What is resolved here reaches the draws, so it is computed with engine/elementary.h and fixed numbers of steps. */
#include "model/special.h"
#include "model/variate.h"
#include <architech/dist.h>

#define LARGEST ((double)ARCHI_VARIATE_CAP)

static const char *const name_of[ARCH_N_DISTS] = {
    "constant", "exponential", "uniform", "normal",           "lognormal", "gamma",
    "erlang",   "weibull",     "pareto",  "hyperexponential", "empirical",
};

const char *arch_dist_name(arch_dist_kind_t kind) { return (unsigned)kind < ARCH_N_DISTS ? name_of[kind] : "unknown"; }

bool arch_dist_takes_cv(arch_dist_kind_t kind)
{
    return kind != ARCH_DIST_CONSTANT && kind != ARCH_DIST_EXPONENTIAL && kind != ARCH_DIST_EMPIRICAL;
}

/* ---- from mean and cv ------------------------------------------------------------------------------------------- */

static void set(arch_dist_t *d, double p0, double p1, double p2)
{
    d->p[0] = p0;
    d->p[1] = p1;
    d->p[2] = p2;
}

static arch_status_t uniform_from(double mean, double cv, arch_dist_t *d)
{
    const double widest = 0.57735026918962576; /* 1 / sqrt(3): from 0 to twice the mean */
    double half = mean * cv * 1.7320508075688773;

    if (!(cv <= widest * (1.0 + 1e-9)))
        return ARCH_FAIL(ARCH_E_RANGE,
                         "cv: is %g, but a uniform distribution of times has at most 1/sqrt(3) = 0.577350", cv);
    set(d, half < mean ? mean - half : 0.0, mean + half, 0.0);
    return ARCH_OK;
}

static void lognormal_from(double mean, double cv, arch_dist_t *d)
{
    double s2 = archi_log1p(cv * cv);

    set(d, archi_log(mean) - 0.5 * s2, archi_sqrt(s2), 0.0);
}

/* A cv written with six digits is taken for the one that it stands for. */
static arch_status_t erlang_from(double mean, double cv, arch_dist_t *d)
{
    double phases = 1.0 / (cv * cv), below, k;

    if (!(phases <= 1e9))
        return ARCH_FAIL(ARCH_E_RANGE, "cv: is %g, which needs more than 10^9 phases; a constant comes as close", cv);
    k = (double)(uint64_t)(phases + 0.5);
    if (!(k >= 1.0 && phases > k * (1.0 - 1e-5) && phases < k * (1.0 + 1e-5))) {
        below = (double)(uint64_t)phases;
        if (below < 1.0)
            return ARCH_FAIL(ARCH_E_RANGE, "cv: is %g, but an erlang distribution has at most 1 (1 phase)", cv);
        return ARCH_FAIL(ARCH_E_RANGE,
                         "cv: is %g, but an erlang distribution has 1/sqrt(phases); the nearest are %.6g (%.0f "
                         "phases) and %.6g (%.0f phases); gamma takes any cv",
                         cv, archi_sqrt(1.0 / (below + 1.0)), below + 1.0, archi_sqrt(1.0 / below), below);
    }
    set(d, k, mean / k, 0.0);
    return ARCH_OK;
}

/* The squared cv of a Weibull distribution is G(1 + 2/k) / G(1 + 1/k)^2 - 1, which falls as the shape k grows. */
static double weibull_cv2(double shape)
{
    return archi_expm1(archi_lgamma(1.0 + 2.0 / shape) - 2.0 * archi_lgamma(1.0 + 1.0 / shape));
}

static arch_status_t weibull_from(double mean, double cv, arch_dist_t *d)
{
    double low = 0.0625, high = 4096.0, middle;
    int i;

    if (!(cv * cv < weibull_cv2(low) && cv * cv > weibull_cv2(high)))
        return ARCH_FAIL(ARCH_E_RANGE, "cv: is %g, but a weibull distribution is resolved for %.3g to %.3g only", cv,
                         archi_sqrt(weibull_cv2(high)), archi_sqrt(weibull_cv2(low)));
    for (i = 0; i < 80; i++) {
        middle = archi_sqrt(low * high);
        if (weibull_cv2(middle) > cv * cv)
            low = middle;
        else
            high = middle;
    }
    set(d, low, mean / archi_exp(archi_lgamma(1.0 + 1.0 / low)), 0.0);
    return ARCH_OK;
}

static void pareto_from(double mean, double cv, arch_dist_t *d)
{
    double alpha = 1.0 + archi_sqrt(1.0 + 1.0 / (cv * cv));

    set(d, alpha, mean * (alpha - 1.0) / alpha, 0.0);
}

/* Balanced means: each branch carries half of the mean. */
static arch_status_t hyperexponential_from(double mean, double cv, arch_dist_t *d)
{
    double c2 = cv * cv, p1, p2;

    if (!(cv > 1.0))
        return ARCH_FAIL(ARCH_E_RANGE, "cv: is %g, but a hyperexponential distribution has more than 1%s", cv,
                         cv == 1.0 ? "; 1 is exponential" : "; erlang and gamma have less");
    p2 = 1.0 / (c2 + 1.0 + archi_sqrt(c2 * c2 - 1.0)); /* (1 - sqrt((c2-1)/(c2+1))) / 2 without cancellation */
    p1 = 1.0 - p2;
    set(d, p1, 0.5 * mean / p1, 0.5 * mean / p2);
    return ARCH_OK;
}

static arch_status_t resolve(arch_dist_kind_t kind, double mean, double cv, arch_dist_t *d)
{
    switch (kind) {
    case ARCH_DIST_CONSTANT:
    case ARCH_DIST_EXPONENTIAL:
        set(d, mean, 0.0, 0.0);
        return ARCH_OK;
    case ARCH_DIST_UNIFORM:
        return uniform_from(mean, cv, d);
    case ARCH_DIST_NORMAL:
        set(d, mean, mean * cv, 0.0);
        return ARCH_OK;
    case ARCH_DIST_LOGNORMAL:
        lognormal_from(mean, cv, d);
        return ARCH_OK;
    case ARCH_DIST_GAMMA:
        set(d, 1.0 / (cv * cv), mean * (cv * cv), 0.0);
        return ARCH_OK;
    case ARCH_DIST_ERLANG:
        return erlang_from(mean, cv, d);
    case ARCH_DIST_WEIBULL:
        return weibull_from(mean, cv, d);
    case ARCH_DIST_PARETO:
        pareto_from(mean, cv, d);
        return ARCH_OK;
    case ARCH_DIST_HYPEREXP:
        return hyperexponential_from(mean, cv, d);
    default:
        return ARCH_FAIL(ARCH_E_RANGE, "mean: does not determine an empirical distribution, which needs a table");
    }
}

arch_status_t arch_dist_from_mean_cv(arch_dist_kind_t kind, double mean, double cv, arch_dist_t *out)
{
    arch_dist_t d = *out;

    d.kind = kind;
    if (!(mean >= 0.0 && mean <= LARGEST))
        return ARCH_FAIL(ARCH_E_RANGE, "mean: is %g, must be from 0 to %g", mean, LARGEST);
    if (mean == 0.0 && kind != ARCH_DIST_CONSTANT)
        return ARCH_FAIL(ARCH_E_RANGE, "mean: is 0, must be > 0 (a constant may be 0)");
    if (arch_dist_takes_cv(kind) && !(cv > 0.0))
        return ARCH_FAIL(ARCH_E_RANGE, "cv: is %g, must be > 0%s", cv, cv == 0.0 ? "; 0 is a constant" : "");
    if (arch_dist_takes_cv(kind) && !(cv >= 1e-6 && cv <= 1e6))
        return ARCH_FAIL(ARCH_E_RANGE, "cv: is %g, must be from 1e-6 to 1e6", cv);
    ARCH_TRY(resolve(kind, mean, cv, &d));
    *out = d;
    return ARCH_OK;
}

const char *arch_dist_cv_range(arch_dist_kind_t kind)
{
    switch (kind) {
    case ARCH_DIST_UNIFORM:
        return "above 0, up to 0.577350";
    case ARCH_DIST_ERLANG:
        return "1/sqrt(k) for a whole number of phases k: 1, 0.707107, 0.577350, 0.5, 0.447214, ...";
    case ARCH_DIST_WEIBULL:
        return "from 0.0004 to 20000";
    case ARCH_DIST_HYPEREXP:
        return "above 1";
    default:
        return arch_dist_takes_cv(kind) ? "above 0" : "none: it is not a parameter";
    }
}

/* ---- judged ----------------------------------------------------------------------------------------------------- */

/* One parameter and its range; above `low` itself when `open`. */
static arch_status_t within(const char *what, double x, double low, bool open, double high)
{
    if (x >= low && x <= high && !(open && x == low)) /* written so that NaN fails */
        return ARCH_OK;
    if (x > high)
        return ARCH_FAIL(ARCH_E_RANGE, "%s: is %g, must be at most %g", what, x, high);
    return ARCH_FAIL(ARCH_E_RANGE, "%s: is %g, must be %s %g", what, x, open ? ">" : ">=", low);
}

static arch_status_t check_table(const arch_dist_t *d, const arch_table_t *tables, uint32_t n_tables)
{
    const arch_table_t *t;
    uint32_t i;

    if (!tables || d->table >= n_tables)
        return ARCH_FAIL(ARCH_E_RANGE, "table: there is none");
    t = &tables[d->table];
    if (t->n == 0)
        return ARCH_FAIL(ARCH_E_RANGE, "table: is empty, must have at least one value");
    for (i = 0; i < t->n; i++) {
        ARCH_TRY(within("value", t->value[i], 0.0, false, LARGEST));
        ARCH_TRY(within("cumulative probability", t->cumulative[i], 0.0, true, 1.0));
        if (i > 0 && !(t->value[i] >= t->value[i - 1] && t->cumulative[i] >= t->cumulative[i - 1]))
            return ARCH_FAIL(ARCH_E_RANGE,
                             "table: entry %u lies below the one before; values and probabilities must ascend", i);
    }
    if (t->cumulative[t->n - 1] != 1.0)
        return ARCH_FAIL(ARCH_E_RANGE, "table: the last cumulative probability is %.9g, must be 1",
                         t->cumulative[t->n - 1]);
    return ARCH_OK;
}

/* A shape and a scale, either > 0. */
static arch_status_t check_shape(const arch_dist_t *d, const char *shape, double least, bool open, const char *scale)
{
    ARCH_TRY(within(shape, d->p[0], least, open, 1e15));
    return within(scale, d->p[1], 0.0, true, LARGEST);
}

static arch_status_t check_two(const arch_dist_t *d)
{
    switch (d->kind) {
    case ARCH_DIST_UNIFORM:
        ARCH_TRY(within("low", d->p[0], 0.0, false, LARGEST));
        return within("high", d->p[1], d->p[0], false, LARGEST);
    case ARCH_DIST_NORMAL:
        ARCH_TRY(within("mean", d->p[0], 0.0, false, LARGEST));
        return within("standard deviation", d->p[1], 0.0, true, LARGEST);
    case ARCH_DIST_LOGNORMAL:
        ARCH_TRY(within("mu", d->p[0], -100.0, false, 100.0));
        return within("sigma", d->p[1], 0.0, false, 20.0);
    case ARCH_DIST_GAMMA:
        return check_shape(d, "shape", 0.0, true, "scale");
    case ARCH_DIST_WEIBULL:
        return check_shape(d, "shape", 0.01, false, "scale");
    default:
        return check_shape(d, "shape", 1.0, true, "minimum");
    }
}

static arch_status_t check_hyperexponential(const arch_dist_t *d)
{
    ARCH_TRY(within("p1", d->p[0], 0.0, false, 1.0));
    ARCH_TRY(within("mean1", d->p[1], 0.0, true, LARGEST));
    return within("mean2", d->p[2], 0.0, true, LARGEST);
}

static arch_status_t check_erlang(const arch_dist_t *d)
{
    ARCH_TRY(check_shape(d, "k", 1.0, false, "mean of a phase"));
    if (d->p[0] > 1e9 || d->p[0] != (double)(uint64_t)d->p[0])
        return ARCH_FAIL(ARCH_E_RANGE, "k: is %g, must be a whole number from 1 to 10^9", d->p[0]);
    return ARCH_OK;
}

static arch_status_t check_kind(const arch_dist_t *d, const arch_table_t *tables, uint32_t n_tables)
{
    switch (d->kind) {
    case ARCH_DIST_CONSTANT:
        return within("value", d->p[0], 0.0, false, LARGEST);
    case ARCH_DIST_EXPONENTIAL:
        return within("mean", d->p[0], 0.0, true, LARGEST);
    case ARCH_DIST_ERLANG:
        return check_erlang(d);
    case ARCH_DIST_HYPEREXP:
        return check_hyperexponential(d);
    case ARCH_DIST_EMPIRICAL:
        return check_table(d, tables, n_tables);
    default:
        return check_two(d);
    }
}

arch_status_t arch_dist_check(const arch_dist_t *dist, const arch_table_t *tables, uint32_t n_tables)
{
    double mean;

    if ((unsigned)dist->kind >= ARCH_N_DISTS)
        return ARCH_FAIL(ARCH_E_RANGE, "kind: is %d, which is no distribution", (int)dist->kind);
    ARCH_TRY(check_kind(dist, tables, n_tables));
    ARCH_TRY(within("shift", dist->shift, 0.0, false, LARGEST));
    mean = arch_dist_mean(dist, tables);
    if (!(mean <= LARGEST))
        return ARCH_FAIL(ARCH_E_RANGE, "mean: comes to %g, must be at most %g", mean, LARGEST);
    return ARCH_OK;
}

/* ---- moments, before the shift ---------------------------------------------------------------------------------- */

typedef struct {
    double mean, variance;
} moments_t;

static moments_t moments(double mean, double variance)
{
    moments_t m = {mean, variance};

    return m;
}

/* Cut off at 0: with a = m/s and h = density(a) / cdf(a), mean m + s h and variance s^2 (1 - h (a + h)). */
static moments_t normal_moments(double m, double s)
{
    double h = archi_normal_density(m / s) / archi_normal_cdf(m / s);

    return moments(m + s * h, s * s * (1.0 - h * (m / s + h)));
}

static moments_t weibull_moments(double shape, double scale)
{
    double mean = scale * archi_exp(archi_lgamma(1.0 + 1.0 / shape));

    return moments(mean, mean * mean * weibull_cv2(shape));
}

static moments_t pareto_moments(double alpha, double least)
{
    double mean = least * alpha / (alpha - 1.0);

    return moments(mean, alpha > 2.0 ? mean * mean / (alpha * (alpha - 2.0)) : ARCHI_INFINITY);
}

static moments_t hyperexponential_moments(double p1, double mean1, double mean2)
{
    double mean = p1 * mean1 + (1.0 - p1) * mean2;

    return moments(mean, 2.0 * (p1 * mean1 * mean1 + (1.0 - p1) * mean2 * mean2) - mean * mean);
}

/* Below the first cumulative probability lies an atom at the first value. */
static moments_t table_moments(const arch_table_t *t)
{
    double mean = 0.0, square = 0.0, before = 0.0, a, b, p;
    uint32_t i;

    for (i = 0; i < t->n; i++) {
        b = t->value[i] - t->value[0];
        a = t->linear && i > 0 ? t->value[i - 1] - t->value[0] : b;
        p = t->cumulative[i] - before;
        before = t->cumulative[i];
        mean += p * 0.5 * (a + b);
        square += p * (a * a + a * b + b * b) / 3.0;
    }
    return moments(t->value[0] + mean, square - mean * mean);
}

static moments_t moments_of(const arch_dist_t *d, const arch_table_t *tables)
{
    const double *p = d->p;

    switch (d->kind) {
    case ARCH_DIST_CONSTANT:
        return moments(p[0], 0.0);
    case ARCH_DIST_EXPONENTIAL:
        return moments(p[0], p[0] * p[0]);
    case ARCH_DIST_UNIFORM:
        return moments(0.5 * (p[0] + p[1]), (p[1] - p[0]) * (p[1] - p[0]) / 12.0);
    case ARCH_DIST_NORMAL:
        return normal_moments(p[0], p[1]);
    case ARCH_DIST_LOGNORMAL:
        return moments(archi_exp(p[0] + 0.5 * p[1] * p[1]),
                       archi_exp(2.0 * p[0] + p[1] * p[1]) * archi_expm1(p[1] * p[1]));
    case ARCH_DIST_GAMMA:
    case ARCH_DIST_ERLANG:
        return moments(p[0] * p[1], p[0] * p[1] * p[1]);
    case ARCH_DIST_WEIBULL:
        return weibull_moments(p[0], p[1]);
    case ARCH_DIST_PARETO:
        return pareto_moments(p[0], p[1]);
    case ARCH_DIST_HYPEREXP:
        return hyperexponential_moments(p[0], p[1], p[2]);
    default:
        return table_moments(&tables[d->table]);
    }
}

double arch_dist_mean(const arch_dist_t *dist, const arch_table_t *tables)
{
    return dist->shift + moments_of(dist, tables).mean;
}

double arch_dist_variance(const arch_dist_t *dist, const arch_table_t *tables)
{
    double variance = moments_of(dist, tables).variance;

    return variance > 0.0 ? variance : 0.0;
}

double arch_dist_cv(const arch_dist_t *dist, const arch_table_t *tables)
{
    double mean = arch_dist_mean(dist, tables);

    return mean > 0.0 ? archi_sqrt(arch_dist_variance(dist, tables)) / mean : 0.0;
}

double arch_dist_min(const arch_dist_t *dist, const arch_table_t *tables)
{
    switch (dist->kind) {
    case ARCH_DIST_CONSTANT:
    case ARCH_DIST_UNIFORM:
        return dist->p[0] + dist->shift;
    case ARCH_DIST_PARETO:
        return dist->p[1] + dist->shift;
    case ARCH_DIST_EMPIRICAL:
        return tables[dist->table].value[0] + dist->shift;
    default:
        return dist->shift;
    }
}

void arch_dist_scale(arch_dist_t *dist, double factor)
{
    dist->shift *= factor;
    switch (dist->kind) {
    case ARCH_DIST_UNIFORM:
    case ARCH_DIST_NORMAL:
        dist->p[0] *= factor;
        dist->p[1] *= factor;
        break;
    case ARCH_DIST_LOGNORMAL:
        dist->p[0] += archi_log(factor);
        break;
    case ARCH_DIST_GAMMA:
    case ARCH_DIST_ERLANG:
    case ARCH_DIST_WEIBULL:
    case ARCH_DIST_PARETO:
        dist->p[1] *= factor;
        break;
    case ARCH_DIST_HYPEREXP:
        dist->p[1] *= factor;
        dist->p[2] *= factor;
        break;
    case ARCH_DIST_EMPIRICAL:
    case ARCH_N_DISTS:
        break;
    case ARCH_DIST_CONSTANT:
    case ARCH_DIST_EXPONENTIAL:
        dist->p[0] *= factor;
    }
}

/* ---- the flat form of the plan ---------------------------------------------------------------------------------- */

size_t archi_tables_size(const arch_table_t *tables, uint32_t n_tables)
{
    size_t size = 0;
    uint32_t i;

    for (i = 0; i < n_tables; i++)
        size += 2 * (size_t)tables[i].n;
    return size;
}

uint32_t archi_tables_first(const arch_table_t *tables, uint32_t table)
{
    return (uint32_t)archi_tables_size(tables, table);
}

void archi_tables_fill(const arch_table_t *tables, uint32_t n_tables, double *flat)
{
    uint32_t i, j;

    for (i = 0; i < n_tables; i++) {
        for (j = 0; j < tables[i].n; j++)
            *flat++ = tables[i].value[j];
        for (j = 0; j < tables[i].n; j++)
            *flat++ = tables[i].cumulative[j];
    }
}

/* Marsaglia and Tsang's constants: shape a (a + 1 when below 1), d = a - 1/3, c = 1 / sqrt(9 d). */
static void gamma_variate(double shape, double scale, archi_var_t *v)
{
    double d = (shape < 1.0 ? shape + 1.0 : shape) - 1.0 / 3.0;

    v->kind = ARCH_DIST_GAMMA;
    v->p[0] = d * scale;
    v->p[1] = 1.0 / archi_sqrt(9.0 * d);
    v->p[2] = shape < 1.0 ? 1.0 / shape : 0.0;
}

static void table_variate(const arch_dist_t *d, const arch_table_t *tables, archi_var_t *v)
{
    v->first = archi_tables_first(tables, d->table);
    v->n = tables[d->table].n;
    v->linear = tables[d->table].linear ? 1u : 0u;
}

void archi_var_from_dist(const arch_dist_t *d, const arch_table_t *tables, archi_var_t *v)
{
    const double *p = d->p;
    archi_var_t made = {(uint32_t)d->kind, 0, 0, 0, {p[0], p[1], p[2]}, d->shift};

    if (d->kind == ARCH_DIST_CONSTANT) {
        made.p[0] = p[0] + d->shift;
    } else if (d->kind == ARCH_DIST_UNIFORM) {
        made.p[1] = p[1] - p[0];
    } else if (d->kind == ARCH_DIST_NORMAL) {
        made.p[2] = archi_normal_cdf(p[0] / p[1]);
    } else if (d->kind == ARCH_DIST_GAMMA || (d->kind == ARCH_DIST_ERLANG && p[0] > ARCHI_ERLANG_PHASES)) {
        gamma_variate(p[0], p[1], &made);
    } else if (d->kind == ARCH_DIST_ERLANG) {
        made.n = (uint32_t)p[0];
    } else if (d->kind == ARCH_DIST_WEIBULL) {
        made.p[0] = 1.0 / p[0];
    } else if (d->kind == ARCH_DIST_PARETO) {
        made.p[0] = -1.0 / p[0];
    } else if (d->kind == ARCH_DIST_EMPIRICAL) {
        table_variate(d, tables, &made);
    }
    *v = made;
}

void archi_zipf_init(uint64_t count, double s, archi_zipf_t *z)
{
    z->count = count;
    z->s = s;
    z->low = archi_zipf_integral(s, 1.5) - 1.0;
    z->high = archi_zipf_integral(s, (double)count + 0.5);
    z->squeeze = 2.0 - archi_zipf_inverse(s, archi_zipf_integral(s, 2.5) - archi_pow(2.0, -s));
}
