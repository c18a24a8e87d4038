/* model/tally.h - what is counted while events run: whole numbers only, so that merging is exact in any order. */
#ifndef ARCHI_TALLY_H
#define ARCHI_TALLY_H

#include "model/histogram.h" /* archi_u128_t, archi_bucket(), ARCHI_N_BUCKETS */

enum { ARCHI_FINE = 5 }; /* cells of an operation's series per interval: MSER-5 works on these, people see their sums */

/* Per element and slice. Times in ns. An arrival counts in the slice in which it arrived, a sojourn or a wait in the
 * slice in which it ended; integrals are split at slice boundaries. Mean wait of a request = wait / n_waits. */
typedef struct {
    uint64_t n_arrived, n_completed, n_failed, n_rejected;
    uint64_t n_waits;          /* requests that left after being admitted */
    uint64_t n_hits, n_misses; /* caches */
    uint64_t n_applied;        /* read replicas: change records applied */
    uint64_t queue_max;        /* most waiting at once */
    archi_u128_t wait;         /* sum over requests: time spent waiting for a thread or a core */
    archi_u128_t sojourn;      /* sum over completed: arrival to reply */
    archi_u128_t lag;          /* sum over change records: commit to applied */
    archi_u128_t busy;         /* integral of busy cores */
    archi_u128_t queued;       /* integral of the number waiting */
    archi_u128_t inside;       /* integral of threads or connections held; balancers: requests in flight */
} archi_tally_t;

/* Per element and interval of the time series. */
typedef struct {
    uint64_t busy, queued; /* integrals over the interval: core-ns, requests-ns */
    uint64_t n_completed, sojourn;
} archi_series_cell_t;

/* Per operation and slice, as the caller sees it; a request counts in the slice in which it ended, `n_generated` in the
 * one in which it began. */
typedef struct {
    uint64_t n_generated, n_completed, n_failed, n_rejected;
    uint64_t n_in_flight; /* first slice: requests on their way now; counted apart, to prove that none is lost */
    uint64_t latency_max;
    archi_u128_t latency; /* sum over completed */
} archi_op_tally_t;

typedef struct {
    uint64_t n_completed, latency, n_errors;
} archi_op_cell_t;

#endif
