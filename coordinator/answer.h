/* coordinator/answer.h - shared by the files that turn a ledger into results. */
#ifndef ARCHI_ANSWER_H
#define ARCHI_ANSWER_H

#include "coordinator/job.h"
#include <architech/results.h>

/* What findings and objectives need to know beside the results themselves. */
struct archi_answer {
    archi_job_t             *job;
    arch_results_t          *out;
    bool                     is_root;      /* rank 0: has results; others only rows of series */
    double                  *span;         /* [replications] ns measured, after the warm-up */
    uint32_t                 first_interval; /* of the measured span; one replication only */
    double                  *over, *under; /* scratch, one per replication or interval */
    uint32_t                 n_components;
    uint32_t                *element_of;   /* [n_components] */
    archi_trend_t           *trend;        /* [n_components] of the number waiting; root only */
    arch_operation_result_t *row;          /* [ops.n_rows] operations, then whole workloads; root only */
};

/* Text made with printf's formats, in the results' arena; NULL when memory is out. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
const char *archi_text(arch_results_t *out, const char *format, ...);
/* In a buffer that the caller gives: "12.3 ms", "97 %", "1.2 M". Each returns `out`. */
enum { ARCHI_FIGURE_BYTES = 32 };
const char *archi_say_time(double ns, char out[ARCHI_FIGURE_BYTES]);
const char *archi_say_share(double share, char out[ARCHI_FIGURE_BYTES]);
const char *archi_say_number(double x, char out[ARCHI_FIGURE_BYTES]);

arch_estimate_t archi_unsupported(void);
/* sum(over) / sum(under) over n replications, with its 95 % interval from 2 on; unsupported when `under` is 0. */
arch_estimate_t archi_ratio_estimate(const double *over, const double *under, uint32_t n);
/* Give *e an interval from batches of one run, where they carry one. */
void archi_batch_half_width(arch_estimate_t *e, const double *over, const double *under, uint32_t n);

arch_status_t archi_answer_components(archi_answer_t *a, archi_net_t *net); /* collective */
arch_status_t archi_answer_operations(archi_answer_t *a, archi_net_t *net); /* collective */
arch_status_t archi_answer_objectives(archi_answer_t *a);                   /* root */
arch_status_t archi_answer_findings(archi_answer_t *a);                     /* root */
arch_status_t archi_answer_engine(archi_answer_t *a);                       /* root; after the provenance */

/* A figure by what an objective says of it; root. */
arch_estimate_t archi_measure(const archi_answer_t *a, const arch_objective_t *o);
/* The operation or workload that it is of; NULL: it is an element's. */
const arch_operation_result_t *archi_measured_row(const archi_answer_t *a, const arch_objective_t *o);
/* Its name, "web lb/read p95" or "db utilisation", as snprintf() writes it. */
size_t archi_subject(const arch_design_t *d, const arch_objective_t *o, char *out, size_t bytes);

/* Length of interval i of the series, ns; the last may be shorter. */
double archi_interval_length(const archi_answer_t *a, uint32_t i);

#endif
