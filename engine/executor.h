/* engine/executor.h - deciding when a block may move, and carrying events between blocks. */
#ifndef ARCHI_EXECUTOR_H
#define ARCHI_EXECUTOR_H

#include "engine/net.h"
#include "engine/run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ARCHI_SEQUENTIAL,
    ARCHI_CONSERVATIVE,
    ARCHI_OPTIMISTIC,
    ARCHI_AUTOMATIC /* begins conservative, measures itself, and changes to what is fastest while it runs */
} archi_executor_kind_t;

/* What one block may send to another: nothing earlier than `lookahead` after it is sent. */
typedef struct {
    uint32_t    from, to; /* blocks */
    arch_time_t lookahead;
} archi_link_t;

/* Whether blocks move between ranks while they run. At the end of a run every block is back on its rank. */
typedef enum {
    ARCHI_STAY,    /* never */
    ARCHI_BALANCE, /* when the measured load of the ranks drifts apart; also to fewer ranks when windows hold too little */
    ARCHI_WANDER   /* at random, often: for tests */
} archi_moving_t;

struct archi_trace; /* engine/trace.h */

/* What the executor counted on this rank. */
typedef struct {
    uint64_t n_events;      /* handled by this rank's blocks, for good */
    uint64_t n_windows;     /* rounds of synchronisation */
    uint64_t n_messages;    /* events that went to another block */
    uint64_t n_bytes;       /* that left this rank */
    uint64_t n_grown;       /* times a block was moved to a larger region */
    uint64_t n_moved;       /* blocks that left this rank for another, not counting their way home */
    uint64_t moved_bytes;
    uint64_t n_changes;     /* of executor, or of the number of ranks at work */
    double   wait_seconds;  /* spent waiting for others */
    double   wall_seconds;
    uint64_t peak_bytes;    /* of this rank's blocks together */
    /* of the optimistic executor; efficiency is n_events / (n_events + n_undone + n_repeated) */
    uint64_t n_rollbacks;   /* times a block was put back */
    uint64_t n_undone;      /* events handled too early and taken back */
    uint64_t n_repeated;    /* by copies: events handled again between a copy and the time to which the block was put back */
    uint64_t n_copies;      /* by copies: times a block was copied */
    uint64_t copy_bytes;    /* most that copies and what goes with them, or logs for undoing, took at once */
} archi_executor_stats_t;

typedef struct {
    archi_net_t        *net;          /* ranks that share this model; NULL or size 1: alone */
    const archi_map_t  *map;          /* map->n_blocks blocks in all */
    const uint32_t     *rank_of;      /* [n_blocks] who holds which; NULL: all here */
    archi_block_t     **block;        /* this rank's blocks, ascending by id; entries change when a block grows. Room for */
                                      /* n_blocks of them where blocks may move */
    uint32_t            n_local;
    const void         *plan;
    archi_step_t        step;
    archi_noting_step_t noting;       /* of a model that can be undone, see archi_run_until_noting(); NULL: it cannot be, */
                                      /* and the optimistic executor copies its blocks */
    arch_time_t         lookahead;    /* least delay of any event between two blocks; >= 1 when n_blocks > 1 */
    const archi_link_t *link;         /* [n_links] block pairs that exchange events; no others do. NULL: any may, after */
    uint32_t            n_links;      /* `lookahead`, which is the least of them */
    archi_moving_t      moving;
    uint64_t            moving_seed;  /* of ARCHI_WANDER */
    arch_time_t         segment;      /* 0: the run pauses when it has run for a while. Else after so much simulated time, */
                                      /* with load counted in events: the same course on any machine, for tests */
    /* Called now and then between two events, on all ranks of the net together, with every event before `now` handled and
     * no message under way: a consistent cut. The blocks are those that this rank holds then, to be read, not changed.
     * What it returns, agreed over the ranks, ends the run unless it is ARCH_OK. NULL: nobody asks. */
    arch_status_t     (*pause)(void *user, archi_block_t *const *block, uint32_t n_blocks, arch_time_t now);
    struct archi_trace *trace;        /* where spans of wall time are noted; NULL: nowhere */
    arch_time_t         ahead;        /* OPTIMISTIC: run so far ahead of what is final; 0: as far as pays, by measurement */
    arch_time_t         until;        /* events at or after it stay pending */
    uint64_t            memory_limit; /* bytes for this rank's blocks together, copies included; 0: none */
    archi_executor_kind_t kind;
    /* Called now and then on this rank with the simulated time reached (by all); not 0 cancels the run. May be NULL. */
    int               (*progress)(void *user, arch_time_t now, uint64_t n_events);
    void               *user;
} archi_run_t;

/* Run all blocks up to run->until. Collective over run->net. SEQUENTIAL: needs size 1; handles blocks in turn inside windows
 * of one lookahead (a single block: without windows). CONSERVATIVE: the same over ranks. OPTIMISTIC, on any number of ranks:
 * blocks run further than that and are put back when it was too far. All give the same bits.
 * Where blocks may move, or the executor change, a run pauses now and then: see executor_course.c. A run that fails brings
 * blocks home too, unless that is what failed: then n_local and block say what this rank holds.
 * ARCH_E_FULL when memory_limit is met, with section and block in the text: blocks are then as of the last event handled.
 * Copies of blocks never cause it: where there is no memory for them, blocks run no further than is safe. */
arch_status_t archi_execute(archi_run_t *run, archi_executor_stats_t *stats);

/* Grow *b until its next event has room: for models that fill a block before a run. No limit but the machine's. */
arch_status_t archi_block_make_room(archi_block_t **b);

#ifdef __cplusplus
}
#endif
#endif
