/* model/state.h - what a block of the model holds, section by section. */
#ifndef ARCHI_STATE_H
#define ARCHI_STATE_H

#include "model/plan.h"
#include <string.h>

enum {
    ARCHI_SEC_ELEMENT = ARCHI_FIRST_MODEL_SECTION, /* archi_element_t per place */
    ARCHI_SEC_FRAME,    /* pool of archi_frame_t: requests, branches, loops inside elements */
    ARCHI_SEC_TICKET,   /* pool of archi_ticket_t: requests on their way, seen from the source */
    ARCHI_SEC_PEER,     /* uint64_t: what callers remember of their targets' replicas */
    ARCHI_SEC_TALLY,    /* archi_tally_t [place][slice] */
    ARCHI_SEC_SERIES,   /* archi_series_cell_t [place][interval] */
    ARCHI_SEC_OP,       /* archi_op_tally_t [local operation][slice] */
    ARCHI_SEC_OPCELL,   /* archi_op_cell_t [local operation][interval * ARCHI_FINE] */
    ARCHI_SEC_CHUNKREF, /* uint32_t [local operation][slice][octave]: chunk of the latency histogram, or ARCHI_NIL */
    ARCHI_SEC_CHUNK,    /* pool of archi_chunk_t */
    ARCHI_SEC_HASH,     /* uint32_t: heads of the caches' hash chains */
    ARCHI_SEC_ENTRY     /* pool of archi_entry_t: what caches hold */
};

/* Event kinds. */
enum {
    ARCHI_EV_REQUEST,  /* word: root | path, caller's slot | item, link, flags, priority; small: endpoint */
    ARCHI_EV_REPLY,    /* word[1] high: slot; small: outcome */
    ARCHI_EV_CHANGE,   /* change record of a primary: word: root | path, variate | commit time */
    ARCHI_EV_CPU,      /* self: the burst of frame word[0] is done */
    ARCHI_EV_SHARED,   /* self: the next burst under processor sharing may be done */
    ARCHI_EV_DELAY,    /* self: the delay of frame word[0] is over */
    ARCHI_EV_CONTINUE, /* self: go on with the runnable frames from word[0] */
    ARCHI_EV_ARRIVAL,  /* self: an open workload's next request */
    ARCHI_EV_THINK     /* self: user word[0] of a closed workload has finished thinking */
};

enum { ARCHI_DONE, ARCHI_FAILED, ARCHI_REJECTED, ARCHI_HIT, ARCHI_MISS }; /* outcomes */
enum { ARCHI_NO_REPLY = 1 };                                              /* request flags */

enum { ARCHI_FRAME_REQUEST, ARCHI_FRAME_BRANCH, ARCHI_FRAME_JOIN, ARCHI_FRAME_LOOP, ARCHI_FRAME_CHANGE };

/* Two cache lines, of which an answer needs the first. */
typedef struct {
    uint32_t next;         /* list link, or left of a heap; also the pool's */
    uint32_t parent;       /* frame that waits for this one */
    uint64_t root;         /* identity of the request of the workload that all this belongs to */
    uint32_t path;         /* which call, branch and round below the root */
    uint32_t item;         /* which round of the loops around it: keys drawn inside differ by it */
    uint32_t caller, slot; /* whom to answer */
    uint32_t pc;           /* instruction to go on with */
    uint32_t peer;         /* word to decrement when the reply arrives, or ARCHI_NIL */
    uint32_t owner;        /* element in which it is; of a free one: in which it was */
    uint16_t link;         /* variate of the latency back */
    uint8_t type, priority;
    uint8_t flags, outcome;
    uint16_t endpoint;
    uint32_t count;        /* JOIN: branches still needed; LOOP: rounds left; CHANGE: variate of the demand */
    arch_time_t arrived;   /* CHANGE: commit time at the primary */
    uint32_t right;        /* of a heap */
    uint32_t n_live;       /* JOIN: branches still running; LOOP: round number */
    uint32_t spare;        /* JOIN: branches that may still fail */
    uint32_t order;        /* tie-break in a heap: first come, first served */
    arch_time_t since;     /* start of the current wait or burst */
    arch_time_t demand;    /* of the current burst */
    uint64_t rank;         /* key in a heap */
    uint64_t unused[3];
} archi_frame_t;

typedef struct {
    uint32_t next;
    uint32_t operation;
    uint32_t user, count; /* closed workloads: which user, how many requests so far */
    uint32_t peer;
    uint32_t owner; /* the source; of a free one: whose it was */
    arch_time_t start;
} archi_ticket_t;

typedef struct {
    uint64_t count[64]; /* one octave of a latency histogram */
} archi_chunk_t;

typedef struct {
    uint32_t next;         /* in its hash chain; also the pool's */
    uint32_t newer, older; /* in order of use */
    uint32_t keyspace;
    uint64_t key;
    arch_time_t expires;
} archi_entry_t;

/* Whole cache lines: what every event of a server reads or writes in the first, what only some do in the second. */
typedef struct {
    uint32_t group, number;
    uint32_t inside;  /* requests that hold a thread; balancers: in flight; sources: on their way */
    uint32_t waiting; /* for a thread */
    uint32_t running; /* busy cores */
    uint32_t ready;   /* waiting for a core (SHARED: bursts beyond the number of cores) */
    /* what is being counted, spilled into tallies and series at the end of each interval and slice */
    arch_time_t counted_at, spill_at;
    uint64_t busy, queued, held; /* integrals apart: side by side gcc would make vectors of them */
    uint64_t wait, sojourn;
    uint64_t n_arrived, n_completed, n_waits;
    uint32_t wait_head, wait_tail, ready_head, ready_tail;
    uint32_t peers; /* first word in ARCHI_SEC_PEER */
    uint32_t queue_max;
    uint64_t lag, n_failed, n_rejected, n_hits, n_misses, n_applied;
    arch_time_t fine_end;
    uint32_t slice, interval;
    /* processor sharing: virtual time that each burst has received, since when, and when the next event is due */
    double shared;
    arch_time_t shared_at, shared_due;
    /* read replicas: change records waiting; caches: entries; sources: requests generated */
    uint32_t change_head, change_tail, n_changes, hash;
    uint32_t newest, oldest, n_entries, operation; /* operation: first local one */
    uint64_t ordinal;
    uint32_t fine;
    uint32_t order; /* tickets for the heaps' tie-break */
    uint64_t policy; /* state of a plugged-in admission */
    uint64_t unused[6];
} archi_element_t;

/* All that one handler call works with. */
typedef struct {
    const archi_plan_t *plan;
    const archi_map_t *map;
    archi_block_t *b;
    archi_element_t *el;
    const archi_group_t *group;
    archi_lp_t lp;
    uint32_t place;
    arch_time_t now;
    uint64_t key;                        /* of this element's draws */
    uint32_t n_sends, n_frames, n_steps; /* used so far by this event */
    uint32_t run_head, run_tail;         /* frames that can go on */
} archi_context_t;

ARCH_HD static ARCH_ALWAYS_INLINE archi_frame_t *archi_frame(archi_context_t *c, uint32_t i)
{
    return (archi_frame_t *)archi_section(c->b, ARCHI_SEC_FRAME) + i;
}

ARCH_HD static ARCH_ALWAYS_INLINE archi_ticket_t *archi_ticket(archi_context_t *c, uint32_t i)
{
    return (archi_ticket_t *)archi_section(c->b, ARCHI_SEC_TICKET) + i;
}

ARCH_HD static ARCH_ALWAYS_INLINE uint64_t *archi_peer(archi_context_t *c, uint32_t i)
{
    return (uint64_t *)archi_section(c->b, ARCHI_SEC_PEER) + i;
}

ARCH_HD static ARCH_ALWAYS_INLINE const archi_var_t *archi_var(const archi_context_t *c, uint32_t i)
{
    return archi_plan_vars(c->plan) + i;
}

/* Which draw: the path of the request and the place in its program; the low 8 bits belong to the variate. */
ARCH_HD static ARCH_ALWAYS_INLINE uint64_t archi_minor(uint32_t path, uint32_t purpose)
{
    return (uint64_t)path << 32 | (uint64_t)(purpose << 8);
}

enum { /* purposes beyond the instructions of an endpoint */
       ARCHI_DRAW_LINK = 0xfffff0,
       ARCHI_DRAW_BACK = 0xfffff1,
       ARCHI_DRAW_PICK = 0x800000, /* + local number of the instruction */
       ARCHI_DRAW_OVERHEAD = 0xfffff2,
       ARCHI_DRAW_HIT = 0xfffff3,
       ARCHI_DRAW_ADMIT = 0xfffff4
};

ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_mix_path(uint32_t path, uint32_t step, uint32_t round)
{
    return (uint32_t)archi_mix64((uint64_t)path << 32 ^ (uint64_t)step * 0x9e3779b97f4a7c15ull ^ round);
}

ARCH_HD static ARCH_ALWAYS_INLINE arch_time_t archi_time_of(const archi_context_t *c, uint32_t var, uint64_t root,
                                                            uint64_t minor)
{
    return archi_variate_time(archi_var(c, var), archi_plan_tables(c->plan), c->key, root, minor);
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_event_fill(archi_context_t *c, archi_event_t *ev, archi_lp_t dst,
                                                        arch_time_t after, uint16_t kind, uint16_t small, uint64_t w0,
                                                        uint64_t w1, uint64_t w2)
{
    ev->at = c->now + after;
    ev->dst = dst;
    ev->kind = kind;
    ev->small = small;
    ev->word[0] = w0;
    ev->word[1] = w1;
    ev->word[2] = w2;
    c->n_sends++;
}

/* Send an event from this element. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_emit(archi_context_t *c, archi_lp_t dst, arch_time_t after, uint16_t kind,
                                                  uint16_t small, uint64_t w0, uint64_t w1, uint64_t w2)
{
    archi_event_t ev;

    archi_event_fill(c, &ev, dst, after, kind, small, w0, w1, w2);
    archi_send(c->map, c->b, c->lp, c->place, &ev);
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_emit_self(archi_context_t *c, arch_time_t after, uint16_t kind,
                                                       uint64_t w0)
{
    archi_event_t ev;

    archi_event_fill(c, &ev, c->lp, after, kind, 0, w0, 0, 0);
    archi_send_here(c->b, c->lp, c->place, &ev);
}

/* Take a frame for use by this event. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_frame_take(archi_context_t *c)
{
    uint32_t f = archi_pool_take(c->b, ARCHI_SEC_FRAME);

    archi_frame(c, f)->owner = c->lp;
    c->n_frames++;
    return f;
}

ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_ticket_take(archi_context_t *c)
{
    uint32_t t = archi_pool_take(c->b, ARCHI_SEC_TICKET);

    archi_ticket(c, t)->owner = c->lp;
    return t;
}

#endif
