/* experiments/estimates.c - what samples say: estimates with their intervals, and differences of two designs.
 *
 * Every figure is a function of sums over replications. Its linear part, what replication k adds to the estimate beyond its
 * share, gives the standard error (the delta method; Asmussen & Glynn, Stochastic Simulation, 2007, III.3 and III.5 for
 * sections and quantiles): for a ratio n (over_k - R under_k) / sum(under), for a quantile n share_k (q_k - q). Two
 * designs with the same replications are compared by the difference of these, replication by replication, so what both
 * have in common cancels (Law 2015, 11.2). */
#include "model/estimate.h"
#include "model/histogram.h"
#include <architech/samples.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_SECTIONS = 3 };

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

static uint64_t pool(const arch_samples_t *s, uint32_t op, uint32_t from, uint32_t to, uint64_t *pooled)
{
    uint64_t n = 0;

    memset(pooled, 0, ARCHI_N_BUCKETS * sizeof *pooled);
    for (uint32_t k = from; k < to; k++) {
        const arch_operation_sample_t *o = &s->sample[k]->operation[op];
        for (uint32_t i = 0; i < o->n_buckets; i++)
            pooled[o->bucket[i]] += o->count[i];
        n += o->completed;
    }
    return n;
}

/* Linear parts of `sections` sections of neighbours; false when one cannot carry the quantile. */
static bool linear_sections(const arch_samples_t *s, uint32_t op, double p, double q, uint64_t all, uint32_t sections,
                            double *e, uint64_t *pooled)
{
    for (uint32_t i = 0; i < sections; i++) {
        uint32_t from = (uint32_t)((uint64_t)s->n * i / sections), to = (uint32_t)((uint64_t)s->n * (i + 1) / sections);
        uint64_t here = pool(s, op, from, to, pooled);
        double own;
        if (!archi_quantile(pooled, p, &own))
            return false;
        e[i] = sections * ((double)here / (double)all) * (own - q);
    }
    return true;
}

/* No quantile lies above the largest that there was, which interpolation within the last bucket does not know. */
static double largest(const arch_samples_t *s, uint32_t op)
{
    double most = 0;

    for (uint32_t k = 0; k < s->n; k++)
        most = fmax(most, s->sample[k]->operation[op].max);
    return most;
}

/* ---- either ----------------------------------------------------------------------------------------------------- */

/* Estimate and linear parts of so many sections as carry the figure, joined until each does; *sections 0: none do. */
typedef struct {
    double value;
    bool supported;
    uint32_t sections;
    double *e; /* [samples->n] */
} linear_t;

static arch_status_t linear_quantile(const arch_samples_t *s, arch_metric_at_t m, uint32_t most, linear_t *out)
{
    double p = quantile_of(m.figure), q;
    uint64_t *pooled = malloc(ARCHI_N_BUCKETS * sizeof *pooled), all;

    if (pooled == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a histogram");
    all = pool(s, m.first, 0, s->n, pooled);
    out->supported = archi_quantile(pooled, p, &q);
    out->value = out->supported ? fmin(q, largest(s, m.first)) : NAN;
    out->sections = 0;
    for (uint32_t joined = 1; out->supported && s->n / joined >= LEAST_SECTIONS && out->sections == 0; joined++)
        if (s->n / joined <= most && linear_sections(s, m.first, p, q, all, s->n / joined, out->e, pooled))
            out->sections = s->n / joined;
    free(pooled);
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

/* `most`: sections at most. */
static arch_status_t linearise(const arch_samples_t *s, arch_metric_at_t m, uint32_t most, linear_t *out)
{
    out->e = malloc(((size_t)s->n + 1) * sizeof *out->e);
    if (out->e == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u replications", s->n);
    if (quantile_of(m.figure) > 0)
        return linear_quantile(s, m, most, out);
    if (m.figure == ARCH_FIGURE_BUSIEST)
        m = busiest(s, m);
    out->supported = linear_ratio(s, m, &out->value, out->e);
    out->sections = out->supported && s->n >= 2 ? s->n : 0;
    return ARCH_OK;
}

/* Linear parts of replications joined to fewer sections: as long as `sections` divides what there is evenly enough. */
static void join(linear_t *l, uint32_t sections)
{
    for (uint32_t i = 0; i < sections; i++) {
        uint32_t from = (uint32_t)((uint64_t)l->sections * i / sections);
        uint32_t to = (uint32_t)((uint64_t)l->sections * (i + 1) / sections);
        double sum = 0;
        for (uint32_t k = from; k < to; k++)
            sum += l->e[k];
        l->e[i] = sum * sections / l->sections;
    }
    l->sections = sections;
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

static arch_estimate_t estimate_of(const linear_t *l, double confidence)
{
    arch_estimate_t e = {l->supported ? l->value : NAN, NAN, l->supported};

    if (l->supported && l->sections > 0)
        e.half_width = half_width(l->e, l->sections, confidence);
    return e;
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

arch_status_t arch_samples_estimate(const arch_samples_t *samples, arch_metric_at_t metric, double confidence,
                                    arch_estimate_t *out)
{
    linear_t l = {0};
    arch_status_t st;

    ARCH_TRY(check(samples, metric, confidence));
    st = linearise(samples, metric, UINT32_MAX, &l);
    if (st == ARCH_OK)
        *out = estimate_of(&l, confidence);
    free(l.e);
    return st;
}

arch_status_t arch_samples_values(const arch_samples_t *samples, arch_metric_at_t metric, double *x)
{
    linear_t l = {0};
    arch_status_t st;

    ARCH_TRY(check(samples, metric, 0.95));
    st = linearise(samples, metric, UINT32_MAX, &l);
    for (uint32_t k = 0; st == ARCH_OK && k < samples->n; k++)
        x[k] = l.sections == samples->n ? l.value + l.e[k] : NAN;
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
static double welch_width(const linear_t *a, const linear_t *b, double scale_a, double scale_b, double confidence)
{
    double sa, sb, va, vb, dof;

    if (a->sections < 2 || b->sections < 2)
        return NAN;
    sa = scale_a * standard_error(a->e, a->sections);
    sb = scale_b * standard_error(b->e, b->sections);
    va = sa * sa;
    vb = sb * sb;
    if (!(va + vb > 0))
        return 0;
    dof = (va + vb) * (va + vb) / (va * va / (a->sections - 1.0) + vb * vb / (b->sections - 1.0));
    return archi_student(dof, confidence) * sqrt(va + vb);
}

static arch_status_t widths(linear_t *a, linear_t *b, double confidence, arch_difference_t *out)
{
    double *scratch, r = b->value / a->value;

    if (!out->paired || a->sections == 0 || b->sections == 0) {
        out->difference.half_width = welch_width(a, b, 1, 1, confidence);
        out->ratio.half_width = welch_width(a, b, r / a->value, 1 / a->value, confidence);
        return ARCH_OK;
    }
    scratch = malloc((size_t)a->sections * sizeof *scratch + 1);
    if (scratch == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u replications", a->sections);
    out->correlation = correlation(a, b, a->sections);
    out->difference.half_width = paired_width(a, b, 1, 1, a->sections, confidence, scratch);
    out->ratio.half_width = paired_width(a, b, r / a->value, 1 / a->value, a->sections, confidence, scratch);
    free(scratch);
    return ARCH_OK;
}

static arch_status_t set_beside(linear_t *a, linear_t *b, double confidence, arch_difference_t *out)
{
    double nan = NAN;

    out->a = estimate_of(a, confidence);
    out->b = estimate_of(b, confidence);
    out->correlation = nan;
    out->difference = (arch_estimate_t){b->value - a->value, nan, a->supported && b->supported};
    out->ratio = (arch_estimate_t){nan, nan, false};
    if (!out->difference.supported)
        return ARCH_OK;
    ARCH_TRY(widths(a, b, confidence, out));
    out->clear = fabs(out->difference.value) > out->difference.half_width;
    if (a->value > 0 && a->value > out->a.half_width) {
        out->ratio.value = b->value / a->value;
        out->ratio.supported = true;
    } else {
        out->ratio.half_width = nan;
    }
    return ARCH_OK;
}

/* Both in the same number of sections, so that they can be paired. */
static arch_status_t match(const arch_samples_t *a, arch_metric_at_t of_a, linear_t *la, const arch_samples_t *b,
                           arch_metric_at_t of_b, linear_t *lb)
{
    uint32_t n;

    while (la->sections != lb->sections && la->sections > 0 && lb->sections > 0) {
        bool first = la->sections > lb->sections;
        linear_t *more = first ? la : lb;
        n = first ? lb->sections : la->sections;
        if (quantile_of(first ? of_a.figure : of_b.figure) > 0) {
            free(more->e);
            *more = (linear_t){0};
            ARCH_TRY(linearise(first ? a : b, first ? of_a : of_b, n, more));
        } else {
            join(more, n);
        }
    }
    return ARCH_OK;
}

arch_status_t arch_samples_compare(const arch_samples_t *a, arch_metric_at_t of_a, const arch_samples_t *b,
                                   arch_metric_at_t of_b, double confidence, arch_difference_t *out)
{
    linear_t la = {0}, lb = {0};
    arch_status_t st = ARCH_OK;

    memset(out, 0, sizeof *out);
    ARCH_TRY(check(a, of_a, confidence));
    ARCH_TRY(check(b, of_b, confidence));
    out->paired = a->first == b->first && a->n == b->n;
    ARCH_TRY_TO(done, linearise(a, of_a, UINT32_MAX, &la));
    ARCH_TRY_TO(done, linearise(b, of_b, UINT32_MAX, &lb));
    if (out->paired)
        ARCH_TRY_TO(done, match(a, of_a, &la, b, of_b, &lb));
    ARCH_TRY_TO(done, set_beside(&la, &lb, confidence, out));
done:
    free(la.e);
    free(lb.e);
    return st;
}
