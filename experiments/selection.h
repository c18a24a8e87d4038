/* experiments/selection.h - ranking and selection: which designs meet a limit, which of several is best, and where the next
 * replications go. Pure: estimates in, verdicts and numbers of replications out.
 *
 * What is promised holds for means of independent, normally distributed replications, as all of these procedures do; means
 * of replications and sectioned quantiles are nearly so. Promises of several candidates and of several looks at the same one
 * are added up by Bonferroni's inequality, so they hold also where candidates share random numbers. */
#ifndef ARCHI_SELECTION_H
#define ARCHI_SELECTION_H

#include <architech/results.h>

/* ---- feasibility ------------------------------------------------------------------------------------------------ */

/* Each candidate is looked at when it has first, 2 first, 4 first, ... replications, at most `most`, until it is decided: a
 * group sequential test (Jennison and Turnbull, Group Sequential Methods, 2000, 19.3) whose error is shared evenly among
 * candidates, objectives and looks. A candidate may skip looks. */
typedef struct {
    double error;        /* the chance that any verdict is wrong is at most this */
    uint32_t candidates; /* that may be looked at; what is known before any simulation may reduce it */
    uint32_t objectives; /* of each */
    uint32_t first, most;
    double zone;         /* indifference: within this share of the limit either answer is as good, and none is given */
} archi_looks_t;

typedef enum {
    ARCHI_OPEN,       /* more replications would tell */
    ARCHI_MEETS,
    ARCHI_MISSES,
    ARCHI_INDIFFERENT /* so near the limit that more replications are not worth it */
} archi_standing_t;

uint32_t archi_looks_n(const archi_looks_t *looks); /* looks that a candidate can have */
/* Of the two-sided interval to be asked of samples at a look: each of its sides is wrong with the share of the error. */
double archi_looks_confidence(const archi_looks_t *looks);
/* What an interval of that confidence says; the measured must be below (or above) the limit. */
archi_standing_t archi_looks_judge(const archi_looks_t *looks, arch_estimate_t e, double limit, bool below);
/* All objectives of a candidate: one missed is enough to miss. */
archi_standing_t archi_looks_join(archi_standing_t a, archi_standing_t b);
/* Replications that would decide, by what n have shown: in proportion to (spread / distance)^2, which is also how a budget
 * is best divided (Szechtman and Yucesan, A new perspective on feasibility determination, WSC 2008). */
double archi_looks_needs(const archi_looks_t *looks, arch_estimate_t e, uint32_t n, double limit);
/* When to look next at a candidate that has n and probably needs `needs`: n itself when there is no later look. At most
 * four times n, since spreads of few replications are rough. */
uint32_t archi_looks_next(const archi_looks_t *looks, uint32_t n, double needs);

/* ---- the best of several ---------------------------------------------------------------------------------------- */

/* Kim and Nelson, A fully sequential procedure for indifference-zone selection in simulation, TOMACS 11(3), 2001. With
 * chance 1 - error the best system, or one that is not `delta` worse, is kept to the end, also when replication k of all
 * systems draws the same random numbers. */
typedef struct {
    uint32_t n, first;
    double delta, h2;
    bool smallest;    /* the smallest mean is best */
    double *variance; /* [n * n] of the differences, from the first stage */
    uint8_t *in;      /* [n] not yet ruled out */
    uint32_t left;
} archi_kn_t;

/* n >= 2 systems, first >= 2 replications of each before any is ruled out. archi_kn_end() in any case. ARCH_E_ARG,
 * ARCH_E_NOMEM. */
arch_status_t archi_kn_begin(uint32_t n, uint32_t first, double delta, double error, bool smallest, archi_kn_t *out);
void archi_kn_end(archi_kn_t *kn);
/* x[i * stride + k]: replication k of system i, `first` of each. */
void archi_kn_first(archi_kn_t *kn, const double *x, size_t stride);
/* Means of r replications of those still in: who is ruled out now. To be asked at r = first, first + 1, ... until one is
 * left. */
void archi_kn_step(archi_kn_t *kn, uint32_t r, const double *mean);
/* The one that is left, or the best of them so far. */
uint32_t archi_kn_best(const archi_kn_t *kn, const double *mean);

/* Chen, Lin, Yucesan and Chick, Simulation budget allocation for further enhancing the efficiency of ordinal optimization,
 * Discrete Event Dynamic Systems 10, 2000. What is known of a system: */
typedef struct {
    double mean, sd; /* of replications */
    uint32_t n;      /* of them, >= 2 */
} archi_system_t;

/* Divide `more` replications among n systems so that the best is told from the rest soonest: add[n]. Systems nearer to the
 * best than `delta` > 0 count as that far from it, else two equals would take all (Branke, Chick and Schmidt, Selecting a
 * selection procedure, Management Science 53(12), 2007). Deterministic. */
void archi_ocba(const archi_system_t *system, uint32_t n, double delta, bool smallest, uint32_t more, uint32_t *add);
/* The approximate probability that no other is better by more than delta than the best so far, from below by Bonferroni's
 * inequality (ibid.: PGS Bonf); *best is its number. */
double archi_ocba_sure(const archi_system_t *system, uint32_t n, double delta, bool smallest, uint32_t *best);

#endif
