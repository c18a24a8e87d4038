/* model/estimate.h - what counts and sums allow us to say: means and quantiles with their confidence intervals, where
 * the warm-up ends, whether a system is stable. Pure functions over plain arrays with the same bits everywhere.
 *
 * What the data cannot carry is refused, not guessed: `supported` is false and the number, if there is one, must
 * not be shown as if it were known. */
#ifndef ARCHI_ESTIMATE_H
#define ARCHI_ESTIMATE_H

#include "engine/portable.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    double value;   /* best estimate; NaN when there is none */
    double half;    /* half width of the confidence interval; NaN when not supported */
    bool supported; /* false: the interval cannot be given */
} archi_interval_t;

/* t such that |T| <= t with chance `confidence` (0 < confidence < 1) for Student's T of dof > 0 degrees of freedom. */
double archi_student(double dof, double confidence);

/* ---- means ------------------------------------------------------------------------------------------------------ */

/* The mean of n independent numbers, one from each replication. Supported from 2 on. */
archi_interval_t archi_mean_interval(const double *x, uint32_t n, double confidence);

/* sum(over) / sum(under), e.g. the total of latencies over requests counted, with (over, under) from each of n
 * replications: the ratio estimator, whose spread is that of over - ratio * under. Supported from 2 on. */
archi_interval_t archi_ratio_interval(const double *over, const double *under, uint32_t n, double confidence);

/* The same from one run, cut into n intervals of time: they are joined to 20 batches, or 10, whose neighbours are
 * not visibly correlated (lag-1 test at 5 %); not supported when even 10 are. *lag1 is the correlation found, may
 * be NULL. */
archi_interval_t archi_batch_interval(const double *over, const double *under, uint32_t n, double confidence,
                                      double *lag1);

/* ---- quantiles of log-bucketed histograms (model/histogram.h): count[ARCHI_N_BUCKETS] each ---------------------- */

/* Observations that a p-quantile takes: 10 beyond it (and below it). */
double archi_quantile_needs(double p);

/* The p-quantile, 0 < p < 1, interpolated within its bucket. False when there are too few observations; *out is
 * then the estimate all the same, NaN without any. */
bool archi_quantile(const uint64_t *count, double p, double *out);

/* With an interval from n sections' histograms count[n * ARCHI_N_BUCKETS]: independent replications, or stretches of one run
 * that are long. The estimate q is that of all data together. How sure it is shows the spread of the shares that the
 * sections have below q, whose total is p of all: a ratio estimate, with an interval on the scale of logit(p) (Newcombe,
 * The American Statistician 55, 2001), whose ends are read from the distribution of all data (Woodruff, J. Am. Stat. Assoc.
 * 47, 1952). Unlike quantiles of sections (Asmussen & Glynn 2007, III.5) shares have no bias where a section is short, so
 * none must carry the quantile alone; sections count by their observations, and so do the degrees of freedom (Satterthwaite,
 * Biometrics Bulletin 2, 1946). `half` is the larger of the two sides. Supported from 3 sections with observations on, and
 * when an observation lies beyond either end. `pooled` [ARCHI_N_BUCKETS] is scratch and leaves as the sum of all. */
archi_interval_t archi_quantile_interval(const uint64_t *count, uint32_t n, double p, double confidence,
                                         uint64_t *pooled);

/* The linear part of that: e[i], what section i adds to the estimate beyond its part, so that differences of two quantiles
 * whose sections belong together can be taken section by section. Their mean is 0, their standard deviation over sqrt(n)
 * the quantile's standard error: the part of the share below q times the slope of the quantile around p (Bahadur 1966),
 * which is taken over two standard errors to either side. False when the quantile or its spread is not known. */
bool archi_quantile_linear(const uint64_t *count, uint32_t n, double p, double *e, uint64_t *pooled);

/* ---- warm-up and stability -------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t cut;     /* drop the series before this index; at most n / 2 */
    bool trustworthy; /* false: a cut in the second half would be better still, so the run is too short or has no
                             steady state; or there are fewer than 10 groups to judge by */
} archi_cut_t;

/* MSER (White, Simulation 69, 1997) over the means of n intervals of a series, `group` neighbours joined at a time
 * (MSER-5: 5): the cut that minimises the variance of what remains over its size. weight: observations in each
 * interval, or NULL when all are equal (averages over time). */
archi_cut_t archi_mser(const double *mean, const double *weight, uint32_t n, uint32_t group);

typedef struct {
    double z;      /* Mann-Kendall's statistic in standard deviations; large: rising */
    double growth; /* of the last quarter over the one before: 0.4 is 40 % more */
    bool growing;  /* both clearly above 0: the series has no steady state */
} archi_trend_t;

/* Is the second half of a series (a queue's mean length in n intervals) still growing? Ten groups of neighbours
 * take part, so that correlation within a busy period does not look like a trend. Needs n >= 20, else growing is
 * false. */
archi_trend_t archi_trend(const double *mean, uint32_t n);

#ifdef __cplusplus
}
#endif
#endif
