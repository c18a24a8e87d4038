/* engine/executor_impl.h - what the parts of the executor share.
 *
 *     executor.c          checks the run, chooses the way, counts
 *     executor_course.c   a run in segments, between which it measures itself and may change its way
 *     executor_choose.c   what to change: the executor, the number of ranks at work, who holds which block
 *     executor_move.c     blocks between ranks
 *     executor_straight.c one block: straight to the end, in slices between which progress is told
 *     executor_windows.c  several blocks or ranks: windows of one lookahead
 *     executor_rings*.c   ranks that share a machine: without rounds, through shared memory
 *     executor_mail.c     carries events between blocks and ranks
 *     executor_optimistic*.c  several blocks or ranks, further than is known to be safe
 *
 * The last four are ways to run a segment: arch_status_t archi_exec_<kind>(archi_exec_t *x) runs all blocks of the ranks of
 * x->run->net to x->until, with the same status on all those ranks; then every event before x->until is handled and none
 * after it, no outbox holds anything and nothing is under way. A run may be one segment or thousands: x->run is the run as
 * it is in this segment (net, rank_of, n_local and until, which is x->until), and between two calls blocks may have come and
 * gone and x->run->net may be of fewer ranks (NULL: this rank alone, x->size 1; but with any number of blocks). */
#ifndef ARCHI_EXECUTOR_IMPL_H
#define ARCHI_EXECUTOR_IMPL_H

#include "engine/executor.h"
#include "engine/net_impl.h"

typedef struct {
    archi_run_t            *run;      /* the caller's, as it is in this segment */
    archi_executor_stats_t *stats;
    uint32_t                rank, size; /* of run->net */
    arch_time_t             until;    /* the segment's end: events at or after it stay pending */
    uint64_t                bytes;    /* of this rank's blocks now */
    uint64_t                aside;    /* bytes of their copies and of what goes with them */
    int                     unlimited; /* 1: what had room before is being put back, whatever the limit says */
    uint32_t               *holder;   /* [n_blocks] what run->rank_of points to, where blocks may move; else NULL */
    uint32_t               *local_of; /* [n_blocks] place in run->block, ARCHI_NIL: on another rank */
    uint64_t                counted;  /* n_events when it last was added to the statistics */
    arch_time_t            *next;     /* [n_local] time of the block's next event */
    uint32_t               *credit;   /* [n_local] pushes that the block has room for while it does not run */
    uint32_t               *ran;      /* [n_local] the blocks that ran in this window: only they can have mail */
    uint32_t                n_ran;
    uint64_t                n_events; /* handled by this rank's blocks since they were made */
    arch_time_t             safe;     /* no event before it can still reach another block */
    /* mail for other ranks */
    uint64_t               *offset;   /* [size + 1] bytes, see archi_net_exchange() */
    uint64_t               *filled;   /* [size] */
    archi_buffer_t          mail;
    const void             *outgoing; /* mail.bytes, or the one outbox itself */
    arch_time_t             earliest; /* of the mail */
    /* pace: how far to run before looking up */
    double                  clock;    /* wall seconds when last read */
    double                  told_at;  /* when progress was last told */
    arch_time_t             slice;    /* simulated time that takes a moment of wall time */
    int                     cancelled;
} archi_exec_t;

enum { ARCHI_GOES_ON = 0, ARCHI_CANCELLED = -1, ARCHI_FAILED = -2 }; /* a run's verdict: the least of all ranks' */

/* What a round of messages settles for all ranks. */
typedef struct {
    arch_time_t bound;    /* the earliest event anywhere */
    uint64_t    n_events; /* handled by all */
    int64_t     verdict;
} archi_view_t;

double archi_wall_seconds(void);

/* Give room for what block `place` of this rank wants, within the run's memory limit. */
arch_status_t archi_exec_grow(archi_exec_t *x, uint32_t place);

/* Run block `place` up to horizon, growing it as it needs. */
arch_status_t archi_exec_advance(archi_exec_t *x, uint32_t place, arch_time_t horizon);

/* The same, once in a window: the block is then among those that may have mail. */
arch_status_t archi_exec_run_block(archi_exec_t *x, uint32_t place, arch_time_t horizon);

/* a + b for times >= 0, at most ARCH_TIME_MAX. */
static inline arch_time_t archi_time_add(arch_time_t a, arch_time_t b)
{
    return a > ARCH_TIME_MAX - b ? ARCH_TIME_MAX : a + b;
}

/* Read the clock: seconds since it was last read. */
double archi_exec_lap(archi_exec_t *x);

/* Say how far the run is, when it is time for that. */
void archi_exec_tell(archi_exec_t *x, arch_time_t now, uint64_t n_events);

/* After a slice: adapt the next to what it took, and tell progress when it is time. */
void archi_exec_keep_pace(archi_exec_t *x, arch_time_t now, uint64_t n_events);

/* Look at this rank's blocks afresh: after they have come and gone. */
void archi_exec_look(archi_exec_t *x);

/* Run to x->until, by run->kind. */
arch_status_t archi_exec_segment(archi_exec_t *x);
/* The whole run, in segments. Collective over run->net. */
arch_status_t archi_exec_course(archi_exec_t *x);

arch_status_t archi_exec_straight(archi_exec_t *x);
arch_status_t archi_exec_windows(archi_exec_t *x);
arch_status_t archi_exec_rings(archi_exec_t *x);
arch_status_t archi_exec_optimistic(archi_exec_t *x);

/* ---- blocks between ranks ---------------------------------------------------------------------------------------- */

typedef struct archi_mover archi_mover_t;

/* For the run's blocks and all ranks of its net, which x->run->net is now. The caller owns *out. Local. */
arch_status_t archi_mover_create(archi_exec_t *x, archi_mover_t **out);
void          archi_mover_destroy(archi_mover_t **mover);

/* Bring every block b to rank to[b], the same table on all ranks. Collective over the mover's net; between segments. *moved:
 * 1 when they are there, 0 when some rank had no memory for what was to come: then all is as it was. The same on all ranks,
 * and so is the status: ARCH_OK, or ARCH_E_MPI. */
arch_status_t archi_move(archi_mover_t *mover, const uint32_t *to, int *moved);
/* The same at a run's end, whatever the memory limit says: ARCH_E_NOMEM when the machine has no memory. */
arch_status_t archi_move_home(archi_mover_t *mover, const uint32_t *home);

/* ---- mail -------------------------------------------------------------------------------------------------------- */
/* Make room in block `place` for events from outside: x->credit[place] is not 0 then. */
arch_status_t archi_mail_make_room(archi_exec_t *x, uint32_t place);

/* Put one event into block `place` of this rank. */
static inline arch_status_t archi_mail_push(archi_exec_t *x, uint32_t place, const archi_event_t *ev)
{
    if (ARCH_UNLIKELY(x->credit[place] == 0))
        ARCH_TRY(archi_mail_make_room(x, place));
    x->credit[place]--;
    archi_queue_push(x->run->block[place], ev);
    if (ev->at < x->next[place])
        x->next[place] = ev->at;
    return ARCH_OK;
}
/* Empty all outboxes: into blocks of this rank at once, else into the mail. */
arch_status_t archi_mail_collect(archi_exec_t *x);
/* The mail has left (or will not): forget it. */
void archi_mail_drop(archi_exec_t *x);
/* Put what came from other ranks into their blocks. */
arch_status_t archi_mail_deliver(archi_exec_t *x, const void *bytes, uint64_t n);

#endif
