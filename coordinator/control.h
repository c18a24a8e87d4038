/* coordinator/control.h - how far a run is, and the word to stop; shared by the ranks that are threads of one process. */
#ifndef ARCHI_CONTROL_H
#define ARCHI_CONTROL_H

#include <architech/run.h>
#include <stdatomic.h>

typedef struct {
    _Atomic uint64_t done;   /* simulated ns, over the replications of its group */
    _Atomic uint64_t events;
    char             apart[48]; /* a cache line for each rank */
} archi_share_t;

typedef struct {
    const arch_run_options_t *options;
    uint32_t                  n_ranks;    /* of this process */
    archi_share_t            *share;      /* [n_ranks] */
    double                    total;      /* of all shares' done */
    double                    before;     /* the same of earlier rounds, see coordinator/precision.h */
    uint64_t                  events_before;
    double                    began, told; /* wall seconds */
    atomic_int                stop;
    _Atomic uint32_t          n_finished;
} archi_control_t;

/* One rank's view of it, handed to the executor. */
typedef struct {
    archi_control_t *control;
    uint32_t         rank;          /* within this process */
    uint64_t         done, events;  /* by earlier replications */
} archi_watch_t;

arch_status_t archi_control_make(const arch_run_options_t *options, uint32_t n_ranks, double total, archi_control_t *out);
void          archi_control_free(archi_control_t *control);
/* All that there was to do is done; as much as `total` more is. */
arch_status_t archi_control_go_on(archi_control_t *control, double total);

/* archi_run_t.progress: note how far this rank is; rank 0 tells the user. Not 0: stop. */
int archi_watch(void *watch, arch_time_t now, uint64_t n_events);

/* This rank has simulated all that it will. Rank 0 stays and tells the user how the others get on until all have. */
void archi_control_finish(archi_watch_t *watch);

#endif
