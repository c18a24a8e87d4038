/* engine/executor_rings.h - what the parts of the executor over shared memory share; the idea stands in executor_rings.c.
 *
 *     executor_rings.c       the loop: how far is safe, run, publish, wait, leave together
 *     executor_rings_mail.c  events into the rings and out of them
 *     executor_rings_open.c  where everything lies in the memory that ranks share, and what they promise each other */
#ifndef ARCHI_EXECUTOR_RINGS_H
#define ARCHI_EXECUTOR_RINGS_H

#include "engine/executor_impl.h"
#include <stdatomic.h>

#if defined(__GNUC__)
#define ARCHI_FETCH_TO_READ(p) __builtin_prefetch((p), 0)
#else
#define ARCHI_FETCH_TO_READ(p) ((void)(p))
#endif

enum { ARCHI_LINES = 128 }; /* bytes: two cache lines, since processors fetch them in pairs */

/* What a rank tells all others; written by it alone. */
typedef struct {
    _Atomic arch_time_t clock;   /* it handles nothing earlier any more */
    _Atomic uint64_t    version; /* even: at rest, see archi_ring_wake() */
    _Atomic uint64_t    sent[];  /* [size] events ever put into its ring to each rank */
} archi_board_t;

/* The same, asked for less often. */
typedef struct {
    _Atomic arch_time_t next;     /* at rest: its earliest pending event */
    _Atomic uint64_t    n_events; /* handled */
    _Atomic uint32_t    left;     /* 1: it puts nothing more into any ring */
    _Atomic uint64_t    taken[];  /* [size] events ever taken from the ring of each rank to it */
} archi_desk_t;

/* What belongs to all. */
typedef struct {
    _Atomic arch_time_t floor;   /* no rank handles anything earlier any more; only grows */
    _Atomic int         verdict; /* ARCHI_GOES_ON, or why the run ends here */
} archi_square_t;

/* Another rank, as this one sees it. */
typedef struct {
    const archi_board_t *board;
    archi_desk_t        *desk;
    const archi_event_t *in;       /* ring from it */
    archi_event_t       *out;      /* ring to it */
    arch_time_t          from_it;  /* lookahead of what it sends here; ARCH_TIME_MAX: it sends nothing */
    arch_time_t          to_it;
    arch_time_t          clock;    /* as last read */
    arch_time_t          bound;    /* nothing earlier can still come out of its ring */
    uint64_t             version;  /* as last read */
    uint64_t             n_sent;   /* here: as last read */
    uint64_t             n_taken;  /* of that */
    uint64_t             n_posted; /* from here */
    uint64_t             n_published; /* of that */
    uint64_t             n_room;   /* posted up to here does not overwrite what it has not taken: as last read */
} archi_peer_t;

typedef struct {
    archi_exec_t   *x;
    archi_square_t *square;
    archi_board_t  *board;        /* own */
    archi_desk_t   *desk;
    archi_peer_t   *peer;         /* [size]; the own entry is not used */
    archi_peer_t   *only;         /* all that leaves the one block goes to this rank; NULL: look at each event */
    uint64_t        mask;         /* events in a ring - 1 */
    arch_time_t     inside;       /* lookahead among this rank's own blocks */
    arch_time_t     next;         /* earliest pending event */
    arch_time_t     from;         /* the same when the last chunk began */
    arch_time_t     clock;        /* as published */
    arch_time_t     horizon;      /* nothing earlier can still arrive */
    arch_time_t     limit;        /* as far as this rank runs, not to flood slower ones */
    arch_time_t     reached;      /* least clock of all other ranks */
    arch_time_t     floor;        /* as last read */
    uint64_t        version;      /* own, as published */
    int             verdict;      /* as last read */
    int             others_rest;  /* all other versions were even */
    int             discards;     /* 1: what arrives is of no use any more */
    arch_time_t     chunk, most;  /* simulated time to run before looking up: now, at most */
    uint32_t        aim;          /* events in a chunk */
    /* waiting, and looking at the clock now and then */
    int             spins;
    uint32_t        idle;         /* times round the loop with nothing to do */
    uint32_t        n_waits;
    int             sampled;      /* this wait is timed from its beginning */
    double          wait_from;
    double          noted;        /* up to here the trace tells what this rank did */
    uint32_t        stride, since; /* chunks between two readings of the clock, and since the last */
} archi_rings_t;

/* Collective. ARCH_OK with g->square NULL: ranks do not share memory, or are too many. Nobody handles anything before it
 * returns. */
arch_status_t archi_rings_open(archi_rings_t *g, archi_exec_t *x);
void archi_rings_close(archi_rings_t *g);

/* Events that fit between two of so many ranks. */
uint64_t archi_ring_capacity(uint32_t size, uint32_t wanted);

/* From rest to work: before anything that `next` does not tell of. Order is made by the release of what follows. */
static inline void archi_ring_wake(archi_rings_t *g)
{
    if ((g->version & 1) == 0)
        atomic_store_explicit(&g->board->version, ++g->version, memory_order_relaxed);
}

static inline archi_peer_t *archi_ring_peers_end(const archi_rings_t *g) { return g->peer + g->x->size; }

/* All were at rest when last heard: if they still are, everyone may go on from the earliest event there is. */
void archi_ring_raise_floor(archi_rings_t *g);

/* Into the blocks with what other ranks had sent when `n_sent` was read. */
arch_status_t archi_ring_drain(archi_rings_t *g);
/* Out of the blocks that ran, into rings and blocks; waits where a ring is full. */
arch_status_t archi_ring_post(archi_rings_t *g);
/* Forget what the blocks sent. */
void archi_ring_drop(archi_rings_t *g);
/* Nothing to do: let time pass. And when there is something to do again: */
void archi_ring_rest(archi_rings_t *g);
void archi_ring_rested(archi_rings_t *g);

#endif
