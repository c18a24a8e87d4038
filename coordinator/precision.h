/* coordinator/precision.h - how many replications make the figures as precise as somebody asked for.
 *
 * A sequential procedure with a relative criterion (Law, Simulation Modeling and Analysis, 5th ed. 2015, 9.4.1; Glynn and
 * Whitt, Annals of Applied Probability 2, 1992: such a rule covers asymptotically whenever the estimator of the variance is
 * strongly consistent). A figure is as precise as gamma when its half width is at most gamma / (1 + gamma) of its value: the
 * value stands in for the truth, and with it the error relative to the truth is at most gamma. What a rule of this kind
 * suffers from is to stop early when the variance happens to look small, so the first look is at 10 replications, and looks
 * are few: half widths fall as one over the square root of replications, so each look says how many it would take, and that
 * many are run before the next, but a tenth more at least and twice as many at most.
 *
 * Replications are those of a run of the final number from the start, with the same bits: which they are depends on the
 * figures, and the figures on no rank. */
#ifndef ARCHI_PRECISION_H
#define ARCHI_PRECISION_H

#include <architech/run.h>

enum { ARCHI_PRECISION_FIRST = 10, ARCHI_PRECISION_MOST = 1000 };

typedef enum {
    ARCHI_WANTED_MEASURED, /* has an interval */
    ARCHI_WANTED_SHORT,    /* too few observations for one, so far */
    ARCHI_WANTED_ZERO,     /* is 0: nothing is relative to it, so it is left out */
    ARCHI_WANTED_NONE      /* no request of it succeeded: left out */
} archi_wanted_state_t;

typedef struct {
    arch_objective_t     of;       /* which figure; has no name and no limit */
    char                *subject;  /* as objectives say it */
    archi_wanted_state_t state;    /* at the last look, as what follows */
    double               relative; /* half width over value */
} archi_wanted_t;

typedef struct {
    double          asked; /* gamma; 0: the number of replications is given */
    uint32_t        n, most;
    archi_wanted_t *wanted; /* [n] */
    uint32_t        next;   /* replications that the last look wants; as many as there are: enough, or all that may be */
} archi_precision_t;

typedef struct archi_job archi_job_t;
typedef struct archi_answer archi_answer_t;

/* Local, before all else: which figures are to be precise, and with how many replications the run begins. */
arch_status_t archi_precision_begin(archi_job_t *job);
void          archi_precision_free(archi_job_t *job);

/* Replications to lay out for, `n` of them being known: later ones keep all ranks busy, so ranks do not share one. */
uint32_t archi_precision_expected(const archi_job_t *job, uint32_t n, uint32_t n_ranks);

/* On rank 0, with operations and components answered: how precise is it, and what next? */
void archi_precision_look(archi_answer_t *a);

/* Half width over value that suffices. */
double archi_precision_enough(const archi_precision_t *precision);
/* The figure that is least precise of those that count; NULL: none counts. */
const archi_wanted_t *archi_precision_worst(const archi_precision_t *precision);
/* About how many replications this figure would take, of which there are n. */
double archi_precision_needs(const archi_precision_t *precision, const archi_wanted_t *wanted, uint32_t n);

/* Local: room for `n` replications, of which those that there are keep their places; the others are pending. */
arch_status_t archi_precision_grow(archi_job_t *job, uint32_t n);

#endif
