/* model/variate.h - drawing times and keys: one draw is a pure function of who draws it.
 *
 * Callers give a draw (key, major, minor) with the low 8 bits of minor zero: a variate that needs more than 128
 * random bits takes them from minor + 1, minor + 2, ... minor + 255. Wherever the distribution can be inverted it
 * is, from the first uniform number and falling in it, so that two designs that differ in a parameter draw alike
 * (common random numbers). */
#ifndef ARCHI_VARIATE_H
#define ARCHI_VARIATE_H

#include "engine/draw.h"
#include "engine/elementary.h"
#include <architech/design.h>

#define ARCHI_VARIATE_CAP   (ARCH_TIME_MAX / 4) /* no time drawn is longer */
#define ARCHI_ERLANG_PHASES 16                  /* up to here a sum of phases, beyond it a gamma variate */
#define ARCHI_TRIALS        200                 /* of a rejection method; all fail with a chance below 10^-60 */

/* A distribution as the plan holds it. Which parameters p[] holds depends on the kind (an arch_dist_kind_t):
 * CONSTANT value with the shift; EXPONENTIAL mean; UNIFORM low, width; NORMAL mean, deviation, P(parent > 0);
 * LOGNORMAL mu, sigma; GAMMA d * scale, c, 1/shape or 0; ERLANG -, mean of a phase, and n phases; WEIBULL 1/shape,
 * scale; PARETO -1/shape, minimum; HYPEREXP p1, mean1, mean2; EMPIRICAL n values from tables[first] on, then n
 * cumulative probabilities. */
typedef struct {
    uint32_t kind;
    uint32_t first;
    uint32_t n;
    uint32_t linear;
    double p[3];
    double shift;
} archi_var_t;

/* Keys 0..count-1 with P(k) proportional to 1 / (k + 1)^s. */
typedef struct {
    uint64_t count;
    double s;
    double low, high; /* of the integral that is inverted */
    double squeeze;
} archi_zipf_t;

#ifdef __cplusplus
extern "C" {
#endif

/* All tables of a design in one array of doubles: its length, where a table begins in it, and filling it. */
size_t archi_tables_size(const arch_table_t *tables, uint32_t n_tables);
uint32_t archi_tables_first(const arch_table_t *tables, uint32_t table);
void archi_tables_fill(const arch_table_t *tables, uint32_t n_tables, double *flat);

/* Of a distribution that arch_dist_check() passed. */
void archi_var_from_dist(const arch_dist_t *dist, const arch_table_t *tables, archi_var_t *out);

void archi_zipf_init(uint64_t count, double s, archi_zipf_t *out); /* 1 <= count <= 10^15, 0 <= s <= 100 */

#ifdef __cplusplus
}
#endif

/* To the nearest whole nanosecond, at least 0 and at most ARCHI_VARIATE_CAP (NaN included). Rising in x, so the time of
 * arch_dist_min() is a lower bound of every time drawn. */
ARCH_HD static ARCH_ALWAYS_INLINE arch_time_t archi_time_from_ns(double x)
{
    if (!(x < (double)ARCHI_VARIATE_CAP))
        return ARCHI_VARIATE_CAP;
    return x > 0.0 ? (arch_time_t)(x + 0.5) : 0;
}

/* Exponential, from one uniform number. */
ARCH_HD static ARCH_INLINE double archi_exponential(double mean, uint64_t key, uint64_t major, uint64_t minor)
{
    return -mean * archi_log(archi_uniform(archi_bits64(archi_draw(key, major, minor), 0)));
}

/* ---- one function per kind that needs more than a line; q is uniform on (0, 1) ---------------------------------- */

/* Cut off at 0: q is squeezed into the parent's mass above 0 and counted from the top. */
ARCH_HD static ARCH_INLINE double archi_variate_normal(const archi_var_t *v, double q)
{
    double x = v->p[0] - v->p[1] * archi_normal_quantile(q * v->p[2]);

    return x > 0.0 ? x : 0.0;
}

/* The sum of n exponential phases is the logarithm of a product of n uniforms, two from each draw. */
ARCH_HD static ARCH_INLINE double archi_variate_erlang(const archi_var_t *v, uint64_t key, uint64_t major,
                                                       uint64_t minor)
{
    double product = 1.0;
    archi_bits_t bits;
    uint32_t i;

    for (i = 0; i < v->n; i += 2) {
        bits = archi_draw(key, major, minor + i / 2);
        product *= archi_uniform(archi_bits64(bits, 0));
        if (i + 1 < v->n)
            product *= archi_uniform(archi_bits64(bits, 1));
    }
    return -v->p[1] * archi_log(product);
}

/* Marsaglia & Tsang, ACM Trans. Math. Software 26, 2000: a cubed normal variable, accepted at 95 % or more. A shape
 * below 1 is one above 1 times U^(1/shape). Were every trial refused, the most likely value stands. */
ARCH_HD static ARCH_INLINE double archi_variate_gamma(const archi_var_t *v, uint64_t key, uint64_t major,
                                                      uint64_t minor)
{
    double c = v->p[1], x, y, u, boost = 1.0;
    archi_bits_t bits;
    int i;

    if (v->p[2] > 0.0)
        boost = archi_pow(archi_uniform(archi_bits64(archi_draw(key, major, minor + 255), 0)), v->p[2]);
    for (i = 0; i < ARCHI_TRIALS; i++) {
        bits = archi_draw(key, major, minor + (uint64_t)i);
        x = -archi_normal_quantile(archi_uniform(archi_bits64(bits, 0)));
        y = 1.0 + c * x;
        y = y * y * y;
        if (!(y > 0.0))
            continue;
        u = archi_uniform(archi_bits64(bits, 1));
        if (u < 1.0 - 0.0331 * (x * x) * (x * x) ||
            archi_log(u) < 0.5 * x * x + (1.0 - y + archi_log(y)) / (9.0 * c * c))
            return v->p[0] * y * boost;
    }
    return v->p[0] * boost;
}

/* The first entry whose cumulative probability reaches u, or the line up to it. */
ARCH_HD static ARCH_INLINE double archi_variate_empirical(const archi_var_t *v, const double *tables, double u)
{
    const double *value = tables + v->first, *cumulative = value + v->n;
    uint32_t low = 0, high = v->n - 1, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (cumulative[middle] < u)
            low = middle + 1;
        else
            high = middle;
    }
    if (!v->linear || low == 0)
        return value[low];
    u = (u - cumulative[low - 1]) / (cumulative[low] - cumulative[low - 1]);
    return value[low - 1] + (value[low] - value[low - 1]) * u;
}

ARCH_INLINE_ON_CORE double archi_variate_other(const archi_var_t *v, const double *tables, uint64_t key,
                                                 uint64_t major, uint64_t minor)
{
    archi_bits_t bits = archi_draw(key, major, minor);
    double q = archi_uniform(archi_bits64(bits, 0));

    switch (v->kind) {
    case ARCH_DIST_UNIFORM:
        return v->p[0] + v->p[1] * (1.0 - q);
    case ARCH_DIST_NORMAL:
        return archi_variate_normal(v, q);
    case ARCH_DIST_LOGNORMAL:
        return archi_exp(v->p[0] - v->p[1] * archi_normal_quantile(q));
    case ARCH_DIST_GAMMA:
        return archi_variate_gamma(v, key, major, minor);
    case ARCH_DIST_ERLANG:
        return archi_variate_erlang(v, key, major, minor);
    case ARCH_DIST_WEIBULL:
        return v->p[1] * archi_pow(-archi_log(q), v->p[0]);
    case ARCH_DIST_PARETO:
        return v->p[1] * archi_pow(q, v->p[0]);
    case ARCH_DIST_HYPEREXP:
        return -v->p[archi_uniform(archi_bits64(bits, 1)) < v->p[0] ? 1 : 2] * archi_log(q);
    default:
        return archi_variate_empirical(v, tables, 1.0 - q);
    }
}

/* One draw, in the distribution's own unit; >= 0. */
ARCH_HD static ARCH_INLINE double archi_variate(const archi_var_t *v, const double *tables, uint64_t key,
                                                uint64_t major, uint64_t minor)
{
    if (v->kind == ARCH_DIST_CONSTANT)
        return v->p[0];
    if (v->kind == ARCH_DIST_EXPONENTIAL)
        return v->shift + archi_exponential(v->p[0], key, major, minor);
    return v->shift + archi_variate_other(v, tables, key, major, minor);
}

ARCH_HD static ARCH_INLINE arch_time_t archi_variate_time(const archi_var_t *v, const double *tables, uint64_t key,
                                                          uint64_t major, uint64_t minor)
{
    return archi_time_from_ns(archi_variate(v, tables, key, major, minor));
}

/* ---- Zipf keys: rejection-inversion (Hoermann & Derflinger, ACM TOMACS 6, 1996) --------------------------------- */

/* log(1 + x) / x and (exp(x) - 1) / x, with their limits at 0. */
ARCH_HD static ARCH_INLINE double archi_log1p_over(double x)
{
    return x > -1e-8 && x < 1e-8 ? 1.0 - x * 0.5 : archi_log1p(x) / x;
}

ARCH_HD static ARCH_INLINE double archi_expm1_over(double x)
{
    return x > -1e-8 && x < 1e-8 ? 1.0 + x * 0.5 : archi_expm1(x) / x;
}

/* Integral of t^-s from 1 to x, and its inverse; one form for s = 1 and for all others. */
ARCH_HD static ARCH_INLINE double archi_zipf_integral(double s, double x)
{
    double l = archi_log(x);

    return archi_expm1_over((1.0 - s) * l) * l;
}

ARCH_HD static ARCH_INLINE double archi_zipf_inverse(double s, double y)
{
    double t = y * (1.0 - s);

    return archi_exp(archi_log1p_over(t < -1.0 ? -1.0 : t) * y);
}

/* Each trial is accepted with a chance above 1/2. Were every trial refused, the last candidate stands. */
ARCH_INLINE_ON_CORE uint64_t archi_zipf_key(const archi_zipf_t *z, uint64_t key, uint64_t major, uint64_t minor)
{
    double y, x, k = 1.0, most = (double)z->count;
    archi_bits_t bits;
    int i;

    if (z->s == 0.0)
        return archi_below(archi_bits64(archi_draw(key, major, minor), 0), z->count);
    for (i = 0; i < ARCHI_TRIALS; i++) {
        bits = archi_draw(key, major, minor + (uint64_t)i);
        y = z->high + archi_uniform(archi_bits64(bits, 0)) * (z->low - z->high);
        x = archi_zipf_inverse(z->s, y);
        k = x < most ? (double)(uint64_t)(x + 0.5) : most;
        if (k < 1.0)
            k = 1.0;
        else if (k > most)
            k = most;
        if (k - x <= z->squeeze || y >= archi_zipf_integral(z->s, k + 0.5) - archi_pow(k, -z->s))
            break;
    }
    return (uint64_t)k - 1;
}

#endif
