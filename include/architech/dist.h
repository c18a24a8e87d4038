/* architech/dist.h - what a distribution is worth before anything is drawn from it: made from mean and cv, judged, and
 * asked for its moments. Times are nanoseconds (a count is a plain number). `tables` are a design's, for EMPIRICAL. */
#ifndef ARCHITECH_DIST_H
#define ARCHITECH_DIST_H

#include <architech/design.h>

#ifdef __cplusplus
extern "C" {
#endif

const char *arch_dist_name(arch_dist_kind_t kind); /* "hyperexponential", as the design format writes it */

/* Whether mean and cv together determine this kind. CONSTANT and EXPONENTIAL take a mean alone, EMPIRICAL neither. */
bool arch_dist_takes_cv(arch_dist_kind_t kind);

/* Set kind and p[] of *out to the distribution that has this mean and coefficient of variation (standard deviation
 * over mean); its shift and table stay as they are. `cv` is not looked at where arch_dist_takes_cv() says no.
 * NORMAL: mean and cv are those of the parent, before it is cut off at 0. HYPEREXP: with balanced means, p1 mean1 =
 * p2 mean2. ARCH_E_RANGE with a sentence such as "cv: is 0.45, but ..." where no such distribution exists; *out is
 * then untouched. The same bits on every machine. */
arch_status_t arch_dist_from_mean_cv(arch_dist_kind_t kind, double mean, double cv, arch_dist_t *out);

/* The coefficients of variation that a kind can have, in words: "above 0, up to 0.577350". */
const char *arch_dist_cv_range(arch_dist_kind_t kind);

/* Whether draws can be made of it: ARCH_E_RANGE with a sentence that begins with the parameter's name. Every kind has a
 * finite mean of at most ARCH_TIME_MAX / 4; that of PARETO needs a shape above 1. */
arch_status_t arch_dist_check(const arch_dist_t *dist, const arch_table_t *tables, uint32_t n_tables);

/* Of what is drawn: shift and truncation included. The variance of a PARETO of shape <= 2 is infinite. Checked
 * before. */
double arch_dist_mean(const arch_dist_t *dist, const arch_table_t *tables);
/* See arch_dist_mean(). */
double arch_dist_variance(const arch_dist_t *dist, const arch_table_t *tables);
double arch_dist_cv(const arch_dist_t *dist, const arch_table_t *tables); /* 0 when the mean is 0 */

/* The lower bound of the support: no draw lies below it. Of a link's latency it is what gives lookahead. */
double arch_dist_min(const arch_dist_t *dist, const arch_table_t *tables);

/* Make *dist the distribution of `factor` > 0 times what it is of, shift included; but the values of an EMPIRICAL's table
 * are the caller's to multiply. The same bits on every machine. */
void arch_dist_scale(arch_dist_t *dist, double factor);

#ifdef __cplusplus
}
#endif
#endif
