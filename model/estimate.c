/* model/estimate.c - point estimates, confidence intervals, warm-up and stability. */
#include "model/estimate.h"
#include "model/histogram.h"
#include "model/special.h"

enum { TREND_GROUPS = 10, LEAST_SECTIONS = 3 };

/* ---- Student's t ------------------------------------------------------------------------------------------------ */

/* P(|T| > t) */
static double student_beyond(double dof, double t)
{
    double s = dof + t * t;

    return archi_beta(0.5 * dof, 0.5, dof / s, t * t / s);
}

/* Of many degrees of freedom: the normal quantile with Cornish and Fisher's corrections (Abramowitz & Stegun
 * 26.7.5). */
static double student_expanded(double dof, double z)
{
    double z2 = z * z, g1 = z * (z2 + 1.0) / 4.0, g2 = z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;

    return z + g1 / dof + g2 / (dof * dof);
}

/* Newton's method from the normal quantile: t lies above it and P(|T| <= t) is concave, so that every step rises. */
double archi_student(double dof, double confidence)
{
    double t = archi_normal_quantile(0.5 + 0.5 * confidence), step = t, constant;
    int i;

    if (!(dof > 0.0 && confidence > 0.0 && confidence < 1.0))
        return ARCHI_NAN;
    if (dof > 1e4)
        return student_expanded(dof, t);
    constant = archi_lgamma(0.5 * dof + 0.5) - archi_lgamma(0.5 * dof) - 0.5 * archi_log(dof) - 0.57236494292470008707;
    for (i = 0; i < 200 && step > t * 1e-14; i++) {
        double density = 2.0 * archi_exp(constant - (0.5 * dof + 0.5) * archi_log1p(t * t / dof));

        step = (student_beyond(dof, t) - (1.0 - confidence)) / density;
        t += step;
    }
    return t;
}

/* ---- means ------------------------------------------------------------------------------------------------------ */

static archi_interval_t unsupported(double value)
{
    archi_interval_t out = {value, ARCHI_NAN, false};

    return out;
}

static archi_interval_t interval(double value, double standard_error, uint32_t n, double confidence)
{
    archi_interval_t out = {value, archi_student(n - 1.0, confidence) * standard_error, true};

    return out;
}

static double total(const double *x, uint32_t n)
{
    double sum = 0.0;
    uint32_t i;

    for (i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

archi_interval_t archi_mean_interval(const double *x, uint32_t n, double confidence)
{
    double mean, squares = 0.0;
    uint32_t i;

    if (n == 0)
        return unsupported(ARCHI_NAN);
    mean = total(x, n) / n;
    if (n < 2)
        return unsupported(mean);
    for (i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    return interval(mean, archi_sqrt(squares / (n - 1.0) / n), n, confidence);
}

archi_interval_t archi_ratio_interval(const double *over, const double *under, uint32_t n, double confidence)
{
    double below = total(under, n), ratio, squares = 0.0, rest;
    uint32_t i;

    if (!(below > 0.0))
        return unsupported(ARCHI_NAN);
    ratio = total(over, n) / below;
    if (n < 2)
        return unsupported(ratio);
    for (i = 0; i < n; i++) {
        rest = over[i] - ratio * under[i];
        squares += rest * rest;
    }
    return interval(ratio, archi_sqrt(squares / (n - 1.0) * n) / below, n, confidence);
}

/* Join n intervals to n_batches of about equal length. */
static void join(const double *x, uint32_t n, uint32_t n_batches, double *out)
{
    uint32_t i, from, to;

    for (i = 0; i < n_batches; i++) {
        from = (uint32_t)((uint64_t)n * i / n_batches);
        to = (uint32_t)((uint64_t)n * (i + 1) / n_batches);
        out[i] = total(x + from, to - from);
    }
}

/* Lag-1 correlation of what the ratio leaves over in each batch; their sum is 0. */
static double lag_one(const double *over, const double *under, uint32_t n)
{
    double ratio = total(over, n) / total(under, n), last = 0.0, rest, products = 0.0, squares = 0.0;
    uint32_t i;

    for (i = 0; i < n; i++) {
        rest = over[i] - ratio * under[i];
        products += last * rest;
        squares += rest * rest;
        last = rest;
    }
    return squares > 0.0 ? products / squares : 0.0;
}

archi_interval_t archi_batch_interval(const double *over, const double *under, uint32_t n, double confidence,
                                      double *lag1)
{
    double o[20], u[20], correlation = 0.0, below = total(under, n);
    uint32_t batches;

    for (batches = 20; batches >= 10 && below > 0.0; batches -= 10) {
        if (n < 2 * batches)
            continue;
        join(over, n, batches, o);
        join(under, n, batches, u);
        correlation = lag_one(o, u, batches);
        if (lag1)
            *lag1 = correlation;
        if (correlation < 1.645 / archi_sqrt(batches))
            return archi_ratio_interval(o, u, batches, confidence);
    }
    return unsupported(below > 0.0 ? total(over, n) / below : ARCHI_NAN);
}

/* ---- quantiles -------------------------------------------------------------------------------------------------- */

static uint64_t observations(const uint64_t *count)
{
    uint64_t n = 0;
    uint32_t i;

    for (i = 0; i < ARCHI_N_BUCKETS; i++)
        n += count[i];
    return n;
}

double archi_quantile_needs(double p)
{
    double rare = p < 0.5 ? p : 1.0 - p;

    return 10.0 / rare * (1.0 - 1e-12); /* 1 - 0.999 is a little below 0.001 */
}

/* Where a share of the observations lies below: a bucket, and how far into it. Within a bucket the count spreads evenly over
 * the whole numbers that it stands for. */
typedef struct {
    uint32_t bucket;
    double share;
} place_t;

static place_t place_of(const uint64_t *count, uint64_t n, double p)
{
    double rank = p * (double)n, before = 0.0, here;
    place_t out = {0, 0.0};
    uint32_t i;

    for (i = 0; i < ARCHI_N_BUCKETS; i++) {
        here = (double)count[i];
        if (here > 0.0) {
            out.bucket = i;
            if (before + here >= rank)
                break;
            before += here;
        }
    }
    out.share = (rank - before) / (double)count[out.bucket];
    out.share = out.share > 0.0 ? (out.share < 1.0 ? out.share : 1.0) : 0.0;
    return out;
}

static double quantile_at(const uint64_t *count, uint64_t n, double p)
{
    place_t at = place_of(count, n, p);

    return (double)archi_bucket_lower(at.bucket) + at.share * (double)(archi_bucket_width(at.bucket) - 1);
}

bool archi_quantile(const uint64_t *count, double p, double *out)
{
    uint64_t n = observations(count);

    *out = ARCHI_NAN;
    if (n == 0 || !(p > 0.0 && p < 1.0))
        return false;
    *out = quantile_at(count, n, p);
    return (double)n >= archi_quantile_needs(p);
}

/* Sum of n histograms. */
static uint64_t pool(const uint64_t *count, uint32_t n, uint64_t *pooled)
{
    uint32_t r, i;

    for (i = 0; i < ARCHI_N_BUCKETS; i++)
        pooled[i] = 0;
    for (r = 0; r < n; r++)
        for (i = 0; i < ARCHI_N_BUCKETS; i++)
            pooled[i] += count[(size_t)r * ARCHI_N_BUCKETS + i];
    return observations(pooled);
}

/* Observations up to a place. */
static double up_to(const uint64_t *count, place_t at)
{
    double n = at.share * (double)count[at.bucket];
    uint32_t i;

    for (i = 0; i < at.bucket; i++)
        n += (double)count[i];
    return n;
}

/* What sections say about a share of all observations. */
typedef struct {
    uint32_t n;                    /* sections with observations */
    double squares;                /* of what each has below the place beyond its part, in shares of all */
    double weight2, weight3;       /* sums of the squares and cubes of the sections' shares */
} spread_t;

static spread_t spread_of(const uint64_t *count, uint32_t n, double p, place_t at, uint64_t all)
{
    spread_t s = {0, 0.0, 0.0, 0.0};
    uint32_t i;

    for (i = 0; i < n; i++) {
        const uint64_t *section = count + (size_t)i * ARCHI_N_BUCKETS;
        double here = (double)observations(section), weight = here / (double)all, rest;

        if (!(here > 0.0))
            continue;
        rest = (up_to(section, at) - p * here) / (double)all;
        s.n++;
        s.squares += rest * rest;
        s.weight2 += weight * weight;
        s.weight3 += weight * weight * weight;
    }
    return s;
}

/* Half the width of the interval of logit(p). Of normal observations with variances as the weights w, the squares are
 * spread as a matrix C = diag(w) - w w' has it: mean tr C, and Satterthwaite's degrees of freedom (tr C)^2 / tr C^2, which
 * are n - 1 when all weigh the same. */
static double logit_half(const spread_t *s, double p, double confidence)
{
    double trace = 1.0 - s->weight2, trace2 = s->weight2 - 2.0 * s->weight3 + s->weight2 * s->weight2;

    return archi_student(trace * trace / trace2, confidence) * archi_sqrt(s->squares / trace) / (p * (1.0 - p));
}

archi_interval_t archi_quantile_interval(const uint64_t *count, uint32_t n, double p, double confidence,
                                         uint64_t *pooled)
{
    archi_interval_t out = unsupported(ARCHI_NAN);
    uint64_t all = pool(count, n, pooled);
    double q, factor, low, high;
    spread_t spread;
    bool known = archi_quantile(pooled, p, &q);

    out.value = q;
    if (!known)
        return out;
    spread = spread_of(count, n, p, place_of(pooled, all, p), all);
    if (spread.n < LEAST_SECTIONS)
        return out;
    factor = archi_exp(logit_half(&spread, p, confidence)) * p / (1.0 - p);
    high = factor / (1.0 + factor);
    factor = p * p / ((1.0 - p) * (1.0 - p)) / factor;
    low = factor / (1.0 + factor);
    if (!((double)all * low >= 1.0 && (double)all * (1.0 - high) >= 1.0))
        return out;
    low = q - quantile_at(pooled, all, low);
    high = quantile_at(pooled, all, high) - q;
    out.half = low > high ? low : high;
    out.supported = true;
    return out;
}

bool archi_quantile_linear(const uint64_t *count, uint32_t n, double p, double *e, uint64_t *pooled)
{
    uint64_t all = pool(count, n, pooled);
    double q, low, high, error, slope;
    spread_t spread;
    place_t at;
    uint32_t i;

    if (!archi_quantile(pooled, p, &q))
        return false;
    at = place_of(pooled, all, p);
    spread = spread_of(count, n, p, at, all);
    error = archi_sqrt(spread.squares);
    low = p - 2.0 * error > 0.5 / (double)all ? p - 2.0 * error : 0.5 / (double)all;
    high = p + 2.0 * error < 1.0 - 0.5 / (double)all ? p + 2.0 * error : 1.0 - 0.5 / (double)all;
    if (spread.n < LEAST_SECTIONS || !(high > low))
        return false;
    slope = (quantile_at(pooled, all, high) - quantile_at(pooled, all, low)) / (high - low);
    for (i = 0; i < n; i++) {
        const uint64_t *section = count + (size_t)i * ARCHI_N_BUCKETS;

        e[i] = slope * n * (p * (double)observations(section) - up_to(section, at)) / (double)all;
    }
    return true;
}

/* ---- warm-up and stability -------------------------------------------------------------------------------------- */

typedef struct {
    double weight, sum, squares; /* squares of the distance from the series' mean, so that little cancels */
} tail_t;

/* Add the group of intervals from..to-1 as one observation of its own mean. */
static void tail_add(tail_t *t, const double *mean, const double *weight, uint32_t from, uint32_t to, double centre)
{
    double w = 0.0, sum = 0.0, y;
    uint32_t i;

    for (i = from; i < to; i++) {
        double here = weight ? weight[i] : 1.0;

        if (here > 0.0) {
            w += here;
            sum += here * (mean[i] - centre);
        }
    }
    if (!(w > 0.0))
        return;
    y = sum / w;
    t->weight += w;
    t->sum += sum;
    t->squares += w * y * y;
}

static double centre_of(const double *mean, const double *weight, uint32_t n)
{
    tail_t t = {0.0, 0.0, 0.0};

    tail_add(&t, mean, weight, 0, n, 0.0);
    return t.weight > 0.0 ? t.sum / t.weight : 0.0;
}

/* Walks from the end, so that each candidate's tail grows by one group. The last quarter holds no candidate: of a
 * few alike observations the variance is small by chance. */
archi_cut_t archi_mser(const double *mean, const double *weight, uint32_t n, uint32_t group)
{
    uint32_t groups = group ? n / group : 0, g;
    double early = ARCHI_INFINITY, late = ARCHI_INFINITY, centre = centre_of(mean, weight, n), score;
    archi_cut_t out = {0, false};
    tail_t t = {0.0, 0.0, 0.0};

    for (g = groups; g-- > 0;) {
        tail_add(&t, mean, weight, g * group, g + 1 == groups ? n : (g + 1) * group, centre);
        if (4 * g > 3 * groups || !(t.weight > 0.0))
            continue;
        score = (t.squares - t.sum * t.sum / t.weight) / (t.weight * t.weight);
        if (2 * g > groups) {
            late = score < late ? score : late;
        } else if (score <= early) { /* of equals the earliest: keep what can be kept */
            early = score;
            out.cut = g * group;
        }
    }
    out.trustworthy = groups >= 10 && early <= late;
    return out;
}

/* Kendall's S of a short series: pairs that rise less pairs that fall. */
static int rises(const double *x, int n)
{
    int s = 0, i, j;

    for (i = 0; i < n; i++)
        for (j = i + 1; j < n; j++)
            s += (x[j] > x[i]) - (x[j] < x[i]);
    return s;
}

archi_trend_t archi_trend(const double *mean, uint32_t n)
{
    archi_trend_t out = {0.0, 0.0, false};
    const double deviation = 11.180339887498949; /* sqrt(n (n-1) (2n+5) / 18) for ten groups */
    double x[TREND_GROUPS], early, late;
    uint32_t half = n / 2, i;
    int s;

    if (n < 2 * TREND_GROUPS)
        return out;
    join(mean + half, n - half, TREND_GROUPS, x);
    for (i = 0; i < TREND_GROUPS; i++) /* join() adds up: back to means */
        x[i] /= (double)((uint64_t)(n - half) * (i + 1) / TREND_GROUPS - (uint64_t)(n - half) * i / TREND_GROUPS);
    s = rises(x, TREND_GROUPS);
    out.z = s > 0 ? (s - 1) / deviation : s < 0 ? (s + 1) / deviation : 0.0;
    early = total(x, TREND_GROUPS / 2);
    late = total(x + TREND_GROUPS / 2, TREND_GROUPS / 2);
    out.growth = early > 0.0 ? late / early - 1.0 : 0.0;
    out.growing = out.z > 2.5 && out.growth > 0.1;
    return out;
}
