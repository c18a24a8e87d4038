/* experiments/judge.h - a design's objectives against samples: clearly met, clearly missed, or not yet to be told. */
#ifndef ARCHI_JUDGE_H
#define ARCHI_JUDGE_H

#include <architech/samples.h>

typedef enum { ARCHI_CLEARLY_MET, ARCHI_NOT_CLEAR, ARCHI_CLEARLY_MISSED } archi_judgement_t;

typedef struct {
    archi_judgement_t judgement; /* of all together: missed when one is, met when all are */
    uint32_t objective;          /* that decided: the one missed by most, or the one closest to its limit; ARCH_NONE: none */
    arch_estimate_t measured;    /* of it */
} archi_verdict_t;

/* Every objective by itself at `confidence`; those that `skip` says are left out (NULL: none). */
arch_status_t archi_judge(const arch_samples_t *samples, const arch_design_t *design, double confidence,
                          bool (*skip)(const arch_objective_t *objective), archi_verdict_t *out);

/* "web lb/read p95 = 62 ± 3 ms, must be < 50 ms", cut off at `bytes`. */
void archi_judge_say(const arch_samples_t *samples, const arch_design_t *design, uint32_t objective,
                     arch_estimate_t measured, char *out, size_t bytes);

#endif
