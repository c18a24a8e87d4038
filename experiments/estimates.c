/* experiments/estimates.c - what samples say: estimates with their intervals, and differences of two designs.
 *
 * Every figure is a function of sums over replications. Its linear part, what replication k adds to the estimate beyond its
 * share, gives the standard error (the delta method; Asmussen & Glynn, Stochastic Simulation, 2007, III.3): for a ratio
 * n (over_k - R under_k) / sum(under), for a quantile what archi_quantile_linear() says. Two
 * designs with the same replications are compared by the difference of these, replication by replication, so what both
 * have in common cancels (Law 2015, 11.2). */
#include "model/estimate.h"
#include "model/histogram.h"
#include <architech/samples.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SECTIONS = 32 }; /* of a run, see coordinator/ledger.c */

static double quantile_of(arch_figure_t figure)
{
    switch (figure) {
    case ARCH_FIGURE_P50: return 0.5;
    case ARCH_FIGURE_P95: return 0.95;
    case ARCH_FIGURE_P99: return 0.99;
    case ARCH_FIGURE_P999: return 0.999;
    default: return 0;
    }
}

/* ---- ratios ----------------------------------------------------------------------------------------------------- */

static void add_operation(const arch_operation_sample_t *o, arch_figure_t figure, double span, double *over, double *under)
{
    *over = figure == ARCH_FIGURE_MEAN         ? o->latency
            : figure == ARCH_FIGURE_THROUGHPUT ? (double)o->completed
                                               : (double)o->errors;
    *under = figure == ARCH_FIGURE_MEAN         ? (double)o->completed
             : figure == ARCH_FIGURE_THROUGHPUT ? span * 1e-9
                                                : (double)o->completed + (double)o->errors;
}

static void add_component(const arch_component_sample_t *c, arch_figure_t figure, double cores, double span, bool is_first,
                          double *over, double *under)
{
    double once = is_first ? 1 : 0; /* time passes once for all of a group */

    switch (figure) {
    case ARCH_FIGURE_UTILISATION:
    case ARCH_FIGURE_BUSIEST: *over += c->busy, *under += span * cores; break;
    case ARCH_FIGURE_QUEUE: *over += c->queued, *under += span * once; break;
    case ARCH_FIGURE_WAIT: *over += c->wait, *under += (double)c->waits; break;
    case ARCH_FIGURE_SOJOURN: *over += c->sojourn, *under += (double)c->completed; break;
    case ARCH_FIGURE_VISITS: *over += (double)c->completed, *under += span * 1e-9 * once; break;
    case ARCH_FIGURE_HIT_RATIO: *over += (double)c->hits, *under += (double)c->lookups; break;
    default: *over += c->lag, *under += (double)c->applied; break;
    }
}

/* Numerator and denominator of replication k. */
static void ratio_of(const arch_samples_t *s, arch_metric_at_t m, uint32_t k, double *over, double *under)
{
    const arch_sample_t *x = s->sample[k];

    *over = *under = 0;
    if (m.figure <= ARCH_FIGURE_THROUGHPUT)
        add_operation(&x->operation[m.first], m.figure, x->span, over, under);
    else
        for (uint32_t i = m.first; i < m.first + m.n; i++)
            add_component(&x->component[i], m.figure, s->component[i].cores, x->span, i == m.first, over, under);
}

/* Estimate and linear parts e[samples->n], whose sum is 0. False when nothing was seen. */
static bool linear_ratio(const arch_samples_t *s, arch_metric_at_t m, double *value, double *e)
{
    double over, under, sum_over = 0, sum_under = 0;

    for (uint32_t k = 0; k < s->n; k++) {
        ratio_of(s, m, k, &over, &under);
        sum_over += over;
        sum_under += under;
    }
    *value = sum_under > 0 ? sum_over / sum_under : NAN;
    for (uint32_t k = 0; k < s->n; k++) {
        ratio_of(s, m, k, &over, &under);
        e[k] = sum_under > 0 ? s->n * (over - *value * under) / sum_under : NAN;
    }
    return sum_under > 0;
}

/* ---- quantiles -------------------------------------------------------------------------------------------------- */

/* The histograms of all replications, dealt to n sections; the last [ARCHI_N_BUCKETS] are scratch. The caller frees. */
static arch_status_t histograms(const arch_samples_t *s, uint32_t op, uint32_t n, uint64_t **out)
{
    *out = calloc((size_t)n + 1, ARCHI_N_BUCKETS * sizeof **out);
    if (*out == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for histograms of %u replications", n);
    for (uint32_t k = 0; k < s->n; k++) {
        const arch_operation_sample_t *o = &s->sample[k]->operation[op];
        for (uint32_t i = 0; i < o->n_buckets; i++)
            (*out)[(size_t)(k % n) * ARCHI_N_BUCKETS + o->bucket[i]] += o->count[i];
    }
    return ARCH_OK;
}

/* No quantile lies above the largest that there was, which interpolation within the last bucket does not know. */
static double largest(const arch_samples_t *s, uint32_t op)
{
    double most = 0;

    for (uint32_t k = 0; k < s->n; k++)
        most = fmax(most, s->sample[k]->operation[op].max);
    return most;
}

/* As a run has it: more replications than so many share sections. */
static arch_status_t estimate_quantile(const arch_samples_t *s, arch_metric_at_t m, double confidence, arch_estimate_t *out)
{
    uint32_t n = s->n < MOST_SECTIONS ? s->n : MOST_SECTIONS;
    archi_interval_t interval;
    uint64_t *count = NULL;

    ARCH_TRY(histograms(s, m.first, n, &count));
    interval = archi_quantile_interval(count, n, quantile_of(m.figure), confidence, count + (size_t)n * ARCHI_N_BUCKETS);
    out->supported = archi_quantile(count + (size_t)n * ARCHI_N_BUCKETS, quantile_of(m.figure), &out->value);
    out->value = out->supported ? fmin(out->value, largest(s, m.first)) : NAN;
    out->half_width = out->supported && interval.supported ? interval.half : NAN;
    free(count);
    return ARCH_OK;
}

/* ---- either ----------------------------------------------------------------------------------------------------- */

/* Estimate and linear parts of every replication; `known` false: of none. */
typedef struct {
    double value;
    bool supported, known;
    double *e; /* [samples->n] */
} linear_t;

static arch_status_t linear_quantile(const arch_samples_t *s, arch_metric_at_t m, linear_t *out)
{
    double p = quantile_of(m.figure), q;
    uint64_t *count = NULL, *pooled;

    ARCH_TRY(histograms(s, m.first, s->n, &count));
    pooled = count + (size_t)s->n * ARCHI_N_BUCKETS;
    out->known = archi_quantile_linear(count, s->n, p, out->e, pooled);
    out->supported = archi_quantile(pooled, p, &q);
    out->value = out->supported ? fmin(q, largest(s, m.first)) : NAN;
    free(count);
    return ARCH_OK;
}

/* The element of a group that was busiest over all replications. */
static arch_metric_at_t busiest(const arch_samples_t *s, arch_metric_at_t m)
{
    arch_metric_at_t one = {ARCH_FIGURE_UTILISATION, m.first, 1};
    double most = -1;

    for (uint32_t i = m.first; i < m.first + m.n; i++) {
        double over, under, sum_over = 0, sum_under = 0;
        for (uint32_t k = 0; k < s->n; k++) {
            ratio_of(s, (arch_metric_at_t){ARCH_FIGURE_UTILISATION, i, 1}, k, &over, &under);
            sum_over += over;
            sum_under += under;
        }
        if (sum_under > 0 && sum_over / sum_under > most) {
            most = sum_over / sum_under;
            one.first = i;
        }
    }
    return one;
}

static arch_status_t linearise(const arch_samples_t *s, arch_metric_at_t m, linear_t *out)
{
    out->e = malloc(((size_t)s->n + 1) * sizeof *out->e);
    if (out->e == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u replications", s->n);
    if (quantile_of(m.figure) > 0)
        return linear_quantile(s, m, out);
    if (m.figure == ARCH_FIGURE_BUSIEST)
        m = busiest(s, m);
    out->supported = linear_ratio(s, m, &out->value, out->e);
    out->known = out->supported && s->n >= 2;
    return ARCH_OK;
}

/* Standard error of the mean of e[n], around 0. */
static double standard_error(const double *e, uint32_t n)
{
    double squares = 0;

    for (uint32_t k = 0; k < n; k++)
        squares += e[k] * e[k];
    return sqrt(squares / (n - 1.0) / n);
}

static double half_width(const double *e, uint32_t n, double confidence)
{
    return n >= 2 ? archi_student(n - 1.0, confidence) * standard_error(e, n) : NAN;
}

static arch_status_t check(const arch_samples_t *s, arch_metric_at_t m, double confidence)
{
    uint32_t rows = m.figure <= ARCH_FIGURE_THROUGHPUT ? s->n_operations : s->n_components;

    if ((unsigned)m.figure >= ARCH_N_FIGURES || m.n == 0 || m.first >= rows || m.n > rows - m.first)
        return ARCH_FAIL(ARCH_E_ARG, "the samples have no such metric");
    if (!(confidence > 0 && confidence < 1))
        return ARCH_FAIL(ARCH_E_ARG, "confidence: is %g, must be above 0 and below 1", confidence);
    return ARCH_OK;
}

static arch_status_t estimate(const arch_samples_t *s, arch_metric_at_t m, double confidence, arch_estimate_t *out)
{
    linear_t l = {0};
    arch_status_t st;

    if (quantile_of(m.figure) > 0)
        return estimate_quantile(s, m, confidence, out);
    st = linearise(s, m, &l);
    if (st == ARCH_OK)
        *out = (arch_estimate_t){l.supported ? l.value : NAN, l.known ? half_width(l.e, s->n, confidence) : NAN,
                                 l.supported};
    free(l.e);
    return st;
}

arch_status_t arch_samples_estimate(const arch_samples_t *samples, arch_metric_at_t metric, double confidence,
                                    arch_estimate_t *out)
{
    ARCH_TRY(check(samples, metric, confidence));
    return estimate(samples, metric, confidence, out);
}

arch_status_t arch_samples_values(const arch_samples_t *samples, arch_metric_at_t metric, double *x)
{
    linear_t l = {0};
    arch_status_t st;

    ARCH_TRY(check(samples, metric, 0.95));
    st = linearise(samples, metric, &l);
    for (uint32_t k = 0; st == ARCH_OK && k < samples->n; k++)
        x[k] = l.known ? l.value + l.e[k] : NAN;
    free(l.e);
    return st;
}

/* ---- two designs ------------------------------------------------------------------------------------------------ */

static double correlation(const linear_t *a, const linear_t *b, uint32_t n)
{
    double ab = 0, aa = 0, bb = 0;

    for (uint32_t k = 0; k < n; k++) {
        ab += a->e[k] * b->e[k];
        aa += a->e[k] * a->e[k];
        bb += b->e[k] * b->e[k];
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : NAN;
}

/* Half width of b * scale - a, paired: both have n sections. */
static double paired_width(const linear_t *a, const linear_t *b, double scale_a, double scale_b, uint32_t n,
                           double confidence, double *scratch)
{
    for (uint32_t k = 0; k < n; k++)
        scratch[k] = scale_b * b->e[k] - scale_a * a->e[k];
    return half_width(scratch, n, confidence);
}

/* Welch's interval for independent samples (Welch 1947). */
static double welch_width(const linear_t *a, uint32_t n_a, const linear_t *b, uint32_t n_b, double scale_a, double scale_b,
                          double confidence)
{
    double sa, sb, va, vb, dof;

    if (!a->known || !b->known)
        return NAN;
    sa = scale_a * standard_error(a->e, n_a);
    sb = scale_b * standard_error(b->e, n_b);
    va = sa * sa;
    vb = sb * sb;
    if (!(va + vb > 0))
        return 0;
    dof = (va + vb) * (va + vb) / (va * va / (n_a - 1.0) + vb * vb / (n_b - 1.0));
    return archi_student(dof, confidence) * sqrt(va + vb);
}

static arch_status_t widths(const linear_t *a, uint32_t n_a, const linear_t *b, uint32_t n_b, double confidence,
                            arch_difference_t *out)
{
    double *scratch, r = b->value / a->value;

    if (!out->paired || !a->known || !b->known) {
        out->difference.half_width = welch_width(a, n_a, b, n_b, 1, 1, confidence);
        out->ratio.half_width = welch_width(a, n_a, b, n_b, r / a->value, 1 / a->value, confidence);
        return ARCH_OK;
    }
    scratch = malloc((size_t)n_a * sizeof *scratch + 1);
    if (scratch == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u replications", n_a);
    out->correlation = correlation(a, b, n_a);
    out->difference.half_width = paired_width(a, b, 1, 1, n_a, confidence, scratch);
    out->ratio.half_width = paired_width(a, b, r / a->value, 1 / a->value, n_a, confidence, scratch);
    free(scratch);
    return ARCH_OK;
}

static arch_status_t set_beside(const linear_t *a, uint32_t n_a, const linear_t *b, uint32_t n_b, double confidence,
                                arch_difference_t *out)
{
    double nan = NAN;

    out->correlation = nan;
    out->difference = (arch_estimate_t){b->value - a->value, nan, a->supported && b->supported};
    out->ratio = (arch_estimate_t){nan, nan, false};
    if (!out->difference.supported)
        return ARCH_OK;
    ARCH_TRY(widths(a, n_a, b, n_b, confidence, out));
    out->clear = fabs(out->difference.value) > out->difference.half_width;
    if (a->value > 0 && a->value > out->a.half_width) {
        out->ratio.value = b->value / a->value;
        out->ratio.supported = true;
    } else {
        out->ratio.half_width = nan;
    }
    return ARCH_OK;
}

arch_status_t arch_samples_compare(const arch_samples_t *a, arch_metric_at_t of_a, const arch_samples_t *b,
                                   arch_metric_at_t of_b, double confidence, arch_difference_t *out)
{
    linear_t la = {0}, lb = {0};
    arch_status_t st = ARCH_OK;

    memset(out, 0, sizeof *out);
    ARCH_TRY(arch_samples_estimate(a, of_a, confidence, &out->a));
    ARCH_TRY(arch_samples_estimate(b, of_b, confidence, &out->b));
    out->paired = a->first == b->first && a->n == b->n;
    ARCH_TRY_TO(done, linearise(a, of_a, &la));
    ARCH_TRY_TO(done, linearise(b, of_b, &lb));
    ARCH_TRY_TO(done, set_beside(&la, a->n, &lb, b->n, confidence, out));
done:
    free(la.e);
    free(lb.e);
    return st;
}
