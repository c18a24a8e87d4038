/* experiments/selection.c - ranking and selection, see selection.h for where each procedure is from. */
#include "experiments/selection.h"
#include <math.h>
#include <stdlib.h>

/* ---- feasibility ------------------------------------------------------------------------------------------------ */

uint32_t archi_looks_n(const archi_looks_t *looks)
{
    uint32_t n = 1;

    for (uint64_t at = looks->first; at * 2 <= looks->most; at *= 2)
        n++;
    return n;
}

double archi_looks_confidence(const archi_looks_t *looks)
{
    double shares = (double)looks->candidates * (looks->objectives > 0 ? looks->objectives : 1) * archi_looks_n(looks);

    return 1 - 2 * looks->error / shares;
}

/* Written so that an estimate that is no number, or has no interval, decides nothing. */
archi_standing_t archi_looks_judge(const archi_looks_t *looks, arch_estimate_t e, double limit, bool below)
{
    double zone = looks->zone * fabs(limit);

    if (!e.supported || !(e.half_width >= 0))
        return ARCHI_OPEN;
    if (e.value + e.half_width < limit)
        return below ? ARCHI_MEETS : ARCHI_MISSES;
    if (e.value - e.half_width > limit)
        return below ? ARCHI_MISSES : ARCHI_MEETS;
    if (e.value + e.half_width <= limit + zone && e.value - e.half_width >= limit - zone)
        return ARCHI_INDIFFERENT;
    return ARCHI_OPEN;
}

archi_standing_t archi_looks_join(archi_standing_t a, archi_standing_t b)
{
    if (a == ARCHI_MISSES || b == ARCHI_MISSES)
        return ARCHI_MISSES;
    if (a == ARCHI_OPEN || b == ARCHI_OPEN)
        return ARCHI_OPEN;
    return a == ARCHI_INDIFFERENT || b == ARCHI_INDIFFERENT ? ARCHI_INDIFFERENT : ARCHI_MEETS;
}

double archi_looks_needs(const archi_looks_t *looks, arch_estimate_t e, uint32_t n, double limit)
{
    double distance = fmax(fabs(e.value - limit), looks->zone * fabs(limit)), ratio = e.half_width / distance;

    if (!e.supported || !(ratio >= 0)) /* not even an interval */
        return 2.0 * n;
    return n * fmin(ratio * ratio, 1e9);
}

uint32_t archi_looks_next(const archi_looks_t *looks, uint32_t n, double needs)
{
    uint64_t at = looks->first, limit = n > 0 ? 4 * (uint64_t)n : looks->first, best = n;

    for (; at <= looks->most && at <= limit; at *= 2) {
        if (at <= n)
            continue;
        best = at;
        if ((double)at >= needs)
            break;
    }
    return (uint32_t)best;
}

/* ---- Kim and Nelson --------------------------------------------------------------------------------------------- */

arch_status_t archi_kn_begin(uint32_t n, uint32_t first, double delta, double error, bool smallest, archi_kn_t *out)
{
    double eta;

    *out = (archi_kn_t){.n = n, .first = first, .delta = delta, .smallest = smallest, .left = n};
    if (n < 2 || first < 2 || !(delta > 0) || !(error > 0 && error < 1 - 1.0 / n))
        return ARCH_FAIL(ARCH_E_ARG, "selection of %u systems after %u replications: needs at least 2 of each, a difference "
                         "above 0 and an error below 1 - 1/n", n, first);
    out->variance = calloc((size_t)n * n, sizeof *out->variance);
    out->in = malloc(n);
    if (out->variance == NULL || out->in == NULL) {
        archi_kn_end(out);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to select among %u systems", n);
    }
    for (uint32_t i = 0; i < n; i++)
        out->in[i] = 1;
    eta = (pow(2 * error / (n - 1.0), -2 / (first - 1.0)) - 1) / 2; /* c = 1 */
    out->h2 = 2 * eta * (first - 1.0);
    return ARCH_OK;
}

void archi_kn_end(archi_kn_t *kn)
{
    free(kn->variance);
    free(kn->in);
    *kn = (archi_kn_t){0};
}

void archi_kn_first(archi_kn_t *kn, const double *x, size_t stride)
{
    for (uint32_t i = 0; i < kn->n; i++)
        for (uint32_t l = 0; l < i; l++) {
            double mean = 0, squares = 0;
            for (uint32_t k = 0; k < kn->first; k++)
                mean += (x[i * stride + k] - x[l * stride + k]) / kn->first;
            for (uint32_t k = 0; k < kn->first; k++) {
                double d = x[i * stride + k] - x[l * stride + k] - mean;
                squares += d * d;
            }
            kn->variance[(size_t)i * kn->n + l] = kn->variance[(size_t)l * kn->n + i] = squares / (kn->first - 1.0);
        }
}

/* Whether l rules out i after r replications. */
static bool rules_out(const archi_kn_t *kn, uint32_t l, uint32_t i, uint32_t r, const double *mean)
{
    double ahead = kn->smallest ? mean[i] - mean[l] : mean[l] - mean[i];
    double s2 = kn->variance[(size_t)i * kn->n + l];
    double w = fmax(0, kn->delta / (2.0 * r) * (kn->h2 * s2 / (kn->delta * kn->delta) - r));

    return ahead > w || (w == 0 && ahead == 0 && l < i); /* of equals that can be told no further the first stays */
}

void archi_kn_step(archi_kn_t *kn, uint32_t r, const double *mean)
{
    for (uint32_t i = 0; i < kn->n; i++)
        for (uint32_t l = 0; l < kn->n && kn->in[i] == 1; l++)
            if (l != i && kn->in[l] != 0 && rules_out(kn, l, i, r, mean))
                kn->in[i] = 2; /* goes at the end of the step: until then it may rule out others */
    kn->left = 0;
    for (uint32_t i = 0; i < kn->n; i++) {
        kn->in[i] = kn->in[i] == 1;
        kn->left += kn->in[i];
    }
}

uint32_t archi_kn_best(const archi_kn_t *kn, const double *mean)
{
    uint32_t best = kn->n;

    for (uint32_t i = 0; i < kn->n; i++)
        if (kn->in[i] && (best == kn->n || (kn->smallest ? mean[i] < mean[best] : mean[i] > mean[best])))
            best = i;
    return best;
}

/* ---- OCBA ------------------------------------------------------------------------------------------------------- */

static uint32_t best_of(const archi_system_t *s, uint32_t n, bool smallest)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i < n; i++)
        if (smallest ? s[i].mean < s[best].mean : s[i].mean > s[best].mean)
            best = i;
    return best;
}

/* (sd / distance to the best)^2, of which a system's share is a multiple. */
static double weight_of(const archi_system_t *s, const archi_system_t *best, double delta)
{
    double distance = fmax(fabs(s->mean - best->mean), delta);

    return s->sd * s->sd / (distance * distance);
}

void archi_ocba(const archi_system_t *s, uint32_t n, double delta, bool smallest, uint32_t more, uint32_t *add)
{
    uint32_t best = best_of(s, n, smallest);
    double sum = 0, squares = 0, of_best, total = more;

    for (uint32_t i = 0; i < n; i++) {
        double w = i == best ? 0 : weight_of(&s[i], &s[best], delta);
        sum += w;
        squares += s[i].sd > 0 ? w * w / (s[i].sd * s[i].sd) : 0;
        total += s[i].n;
        add[i] = 0;
    }
    of_best = s[best].sd * sqrt(squares);
    for (; more > 0; more--) { /* one after the other to whoever lacks most of its share */
        uint32_t at = best;
        double most = -INFINITY;
        for (uint32_t i = 0; i < n; i++) {
            double w = i == best ? of_best : weight_of(&s[i], &s[best], delta);
            double lacks = total * (sum + of_best > 0 ? w / (sum + of_best) : 1.0 / n) - s[i].n - add[i];
            if (lacks > most) {
                most = lacks;
                at = i;
            }
        }
        add[at]++;
    }
}

double archi_ocba_sure(const archi_system_t *s, uint32_t n, double delta, bool smallest, uint32_t *out)
{
    uint32_t best = best_of(s, n, smallest);
    double sure = 1, vb = s[best].sd * s[best].sd / s[best].n;

    for (uint32_t i = 0; i < n; i++) {
        double v = vb + s[i].sd * s[i].sd / s[i].n, ahead = fabs(s[i].mean - s[best].mean) + delta;
        if (i != best)
            sure -= v > 0 ? erfc(ahead / sqrt(2 * v)) / 2 : 0;
    }
    *out = best;
    return fmax(sure, 0);
}
