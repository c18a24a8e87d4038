/* coordinator/track.h - what the ranks of a run did when, for those who ask: noted per rank, gathered on rank 0. */
#ifndef ARCHI_TRACK_H
#define ARCHI_TRACK_H

#include "engine/net.h"
#include "engine/trace.h"
#include <architech/results.h>

enum { ARCHI_TRACK_MARKS = 1024 };

/* One rank's. */
typedef struct {
    archi_trace_t *trace;
    double         origin;  /* archi_machine_seconds() when the ranks began together */
    uint32_t       every;   /* which replications of this rank are marked: the first of so many */
    uint32_t       n_begun; /* replications */
    uint32_t       n_marks;
    arch_mark_t    mark[ARCHI_TRACK_MARKS];
} archi_track_t;

/* Room for the spans that a user asks for, fewer where many ranks would make a file that nothing opens. */
uint32_t archi_track_capacity(uint32_t asked, uint32_t n_ranks);

/* The caller owns *out (archi_track_destroy). `replications`: how many this rank will simulate. */
arch_status_t archi_track_create(uint32_t capacity, uint32_t replications, archi_track_t **out);
void          archi_track_destroy(archi_track_t **track);

/* A replication begins. track may be NULL. */
void archi_track_mark(archi_track_t *track, uint32_t replication);

/* Collective over an MPI net, on rank 0 of threads only: track[] are those of this process. Rank 0 fills out->track, for
 * which out->engine must say who runs where. */
arch_status_t archi_track_gather(archi_track_t *const *track, archi_net_t *net, arch_results_t *out);

#endif
