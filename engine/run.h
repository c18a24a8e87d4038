/* engine/run.h - how simulated time moves: the one step that every executor shares. */
#ifndef ARCHI_RUN_H
#define ARCHI_RUN_H

#include "engine/block.h"
#include "engine/queue_undo.h"
#include <string.h>

/* A model: reads the plan (one flat read-only region that all blocks of a run share) and the event, reads and writes the
 * block, and touches nothing else: no clock, no input or output, no allocation, no globals. */
typedef void (*archi_handler_t)(const void *plan, const archi_map_t *map, archi_block_t *b, const archi_event_t *ev);

typedef enum {
    ARCHI_REACHED,    /* no pending event lies before the horizon */
    ARCHI_NEEDS_ROOM, /* grow section b->wants, then call again */
    ARCHI_NEEDS_UNDO, /* the undo log is full: make it longer, then call again, or leave it at that */
    ARCHI_PAUSED      /* as many events as were wanted have been handled */
} archi_stop_t;

/* Place of process `lp` in block b, or ARCHI_NIL when it lives elsewhere. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_place(const archi_map_t *map, const archi_block_t *b, archi_lp_t lp)
{
    if (map->n_blocks == 1)
        return lp;
    if (map->stripe != 0) {
        uint32_t first = b->id * map->stripe;
        return lp - first < map->stripe ? lp - first : ARCHI_NIL;
    }
    return map->block_of[lp] == b->id ? map->place_of[lp] : ARCHI_NIL;
}

/* The same for a process that is known to live here. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_place_here(const archi_map_t *map, const archi_block_t *b,
                                                            archi_lp_t lp)
{
    if (map->n_blocks == 1)
        return lp;
    return map->stripe != 0 ? lp - b->id * map->stripe : map->place_of[lp];
}

ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_block_of(const archi_map_t *map, archi_lp_t lp)
{
    if (map->n_blocks == 1)
        return 0;
    return map->stripe != 0 ? lp / map->stripe : map->block_of[lp];
}

ARCH_HD static ARCH_ALWAYS_INLINE archi_lp_state_t *archi_lp_state(archi_block_t *b, uint32_t place)
{
    return (archi_lp_state_t *)archi_section(b, ARCHI_SEC_LP) + place;
}

/* archi_send() to a process that is known to live in this block, such as the sender itself. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_send_here(archi_block_t *b, archi_lp_t src, uint32_t place, archi_event_t *ev)
{
    ARCH_ASSERT(ev->at >= b->now);
    ev->src = src;
    ev->seq = archi_lp_state(b, place)->seq++;
    archi_queue_push(b, ev);
}

/* Send *ev, whose at, dst, kind and payload are set, from the process at `place` numbered `src`: numbers it and puts it
 * among this block's pending events or into its outbox. ev->at >= b->now; across blocks at least the lookahead later. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_send(const archi_map_t *map, archi_block_t *b, archi_lp_t src,
                                                  uint32_t place, archi_event_t *ev)
{
    ARCH_ASSERT(ev->at >= b->now);
    ev->src = src;
    ev->seq = archi_lp_state(b, place)->seq++;
    if (archi_block_of(map, ev->dst) == b->id) {
        archi_queue_push(b, ev);
    } else {
        archi_section_t *out = &b->section[ARCHI_SEC_OUTBOX], *sent = &b->section[ARCHI_SEC_SENT];
        ARCH_ASSERT(out->used < out->capacity);
        if (ARCH_UNLIKELY(sent->capacity != 0))
            ((arch_time_t *)((char *)b + sent->offset))[sent->used++] = b->now;
        ((archi_event_t *)((char *)b + out->offset))[out->used++] = *ev;
        b->n_sent_out++;
    }
}

enum { ARCHI_MAX_CREDIT = 128 }; /* events handled at most before somebody looks after the block */

/* How many events may be handled, whatever they do, before anybody need ask again: a section with room for k times what one
 * event may take is good for k of them. 0: not even one; b->wants then names the section that must grow. */
ARCH_HD static ARCH_INLINE uint32_t archi_block_credit(archi_block_t *b)
{
    uint32_t credit = archi_queue_credit(b, b->section[ARCHI_SEC_OUTBOX].headroom), left = b->growing;

    credit = credit < (uint32_t)ARCHI_MAX_CREDIT ? credit : (uint32_t)ARCHI_MAX_CREDIT;
    while (left != 0 && credit != 0) {
        uint32_t i = archi_low_bit(left), room = archi_section_room(&b->section[i]);
        left &= left - 1;
        if (room / credit >= b->section[i].headroom)
            continue;
        credit = room / b->section[i].headroom;
        if (credit == 0)
            b->wants = i;
    }
    return credit;
}

/* Is there room for whatever the next event may do? Otherwise b->wants names the section that must grow. */
ARCH_HD static ARCH_INLINE bool archi_block_has_room(archi_block_t *b)
{
    return archi_block_credit(b) != 0;
}

/* Fetch what the kernel and the model keep for a process of this block. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_fetch(const archi_map_t *map, archi_block_t *b, archi_lp_t lp)
{
    uint32_t place;

    if (lp == ARCHI_NIL)
        return;
    place = archi_place_here(map, b, lp);
    ARCH_PREFETCH(archi_lp_state(b, place));
    if (b->per_lp != 0)
        ARCH_PREFETCH((char *)archi_section(b, b->per_lp) + (uint64_t)place * b->section[b->per_lp].entry_bytes);
}

/* Processors fetch what they are told to some events before it is read; on a GPU other threads fill the wait. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_fetch_ahead(const archi_map_t *map, archi_block_t *b)
{
#if !defined(__CUDA_ARCH__)
    archi_lp_t soon[2];

    archi_queue_look_ahead(b, soon);
    archi_fetch(map, b, soon[0]);
    archi_fetch(map, b, soon[1]);
#else
    (void)map;
    (void)b;
#endif
}

/* Handle events before `horizon` (exclusive) in order, at most so many. Inlined with its handler: a caller that names the
 * handler gets it compiled into the loop. */
ARCH_HD static ARCH_ALWAYS_INLINE archi_stop_t archi_run_some(const void *plan, const archi_map_t *map, archi_block_t *b,
                                                              arch_time_t horizon, uint64_t most, archi_handler_t handle)
{
    archi_event_t ev;
    uint32_t credit = 0;

    for (;;) {
        if (credit == 0) {
            if (most == 0)
                return ARCHI_PAUSED;
            credit = archi_block_credit(b);
            credit = credit < most ? credit : (uint32_t)most;
            most -= credit;
        }
        if (ARCH_UNLIKELY(credit == 0))
            return ARCHI_NEEDS_ROOM;
        if (!archi_queue_pop_before(b, horizon, &ev))
            return ARCHI_REACHED;
        credit--;
        archi_fetch_ahead(map, b);
        ARCH_ASSERT(ev.at >= b->now);
        b->now = ev.at;
        b->n_events++;
        handle(plan, map, b, &ev);
    }
}

/* All of them. */
ARCH_HD static ARCH_ALWAYS_INLINE archi_stop_t archi_run_until(const void *plan, const archi_map_t *map,
                                                               archi_block_t *b, arch_time_t horizon,
                                                               archi_handler_t handle)
{
    return archi_run_some(plan, map, b, horizon, UINT64_MAX, handle);
}

/* The step as executors call it: a model instantiates archi_run_until() with its handler. */
typedef archi_stop_t (*archi_step_t)(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon);

/* ---- the step that can be undone --------------------------------------------------------------------------------- */

/* What it takes to undo the handling of one event: the slots that its sends went to follow, then what the model keeps for
 * the process, as it was before. */
typedef struct {
    archi_event_t    ev;
    archi_lp_state_t lp;     /* of its process, before */
    arch_time_t      now;    /* the block's, before */
    uint32_t         place;  /* of its process */
    uint32_t         slot[]; /* that the first, second, ... event sent here took, if there were as many */
} archi_undo_record_t;

/* The last events that a block handled, in a ring. It lies beside the block and is no part of it. */
typedef struct {
    unsigned char *bytes;    /* capacity records, record_bytes each */
    uint32_t       record_bytes, capacity;
    uint32_t       first, n;
    uint32_t       n_slots;  /* events that handling one may send */
    uint32_t       entry_at; /* where in the record the model's entry stands */
} archi_undo_t;

/* The i-th record of those there are, the earliest first. */
ARCH_HD static ARCH_ALWAYS_INLINE archi_undo_record_t *archi_undo_record(const archi_undo_t *undo, uint32_t i)
{
    uint32_t at = undo->first + i;

    at = at < undo->capacity ? at : at - undo->capacity;
    return (archi_undo_record_t *)(undo->bytes + (size_t)at * undo->record_bytes);
}

/* What the model keeps for a process, to or from a record; of whatever type that is. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_undo_copy_entry(void *to, const void *from, uint32_t bytes)
{
    if (ARCH_LIKELY(bytes == 16)) /* known to the compiler: two instructions, and what most small models keep */
        memcpy(to, from, 16);
    else
        memcpy(to, from, bytes);
}

ARCH_HD static ARCH_ALWAYS_INLINE void *archi_undo_entry(archi_block_t *b, uint32_t place)
{
    return (char *)archi_section(b, b->per_lp) + (uint64_t)place * b->section[b->per_lp].entry_bytes;
}

/* The event of the record has been taken and not been handled yet: note all that handling it may change. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_undo_note(const archi_map_t *map, archi_block_t *b, const archi_undo_t *undo,
                                                       archi_undo_record_t *r)
{
    r->place = archi_place_here(map, b, r->ev.dst);
    r->lp = *archi_lp_state(b, r->place);
    r->now = b->now;
    archi_queue_next_slots(b, r->slot, undo->n_slots);
    if (b->per_lp != 0)
        archi_undo_copy_entry((char *)r + undo->entry_at, archi_undo_entry(b, r->place), b->section[b->per_lp].entry_bytes);
}

/* archi_run_until() for models whose handlers, for an event of process p, write nothing but the kernel's state of p, its
 * entry in section b->per_lp, and what p sends: noting for each event how to undo that. */
ARCH_HD static ARCH_ALWAYS_INLINE archi_stop_t archi_run_until_noting(const void *plan, const archi_map_t *map,
                                                                      archi_block_t *b, arch_time_t horizon,
                                                                      archi_handler_t handle, archi_undo_t *undo)
{
    unsigned char *end = undo->bytes + (size_t)undo->capacity * undo->record_bytes;
    archi_undo_record_t *r = archi_undo_record(undo, undo->n);
    uint32_t credit = 0;

    for (;;) {
        if (credit == 0)
            credit = archi_block_credit(b);
        if (ARCH_UNLIKELY(credit == 0))
            return ARCHI_NEEDS_ROOM;
        if (ARCH_UNLIKELY(undo->n == undo->capacity))
            return ARCHI_NEEDS_UNDO;
        if (!archi_queue_pop_before(b, horizon, &r->ev))
            return ARCHI_REACHED;
        undo->n++;
        credit--;
        archi_fetch_ahead(map, b);
        archi_undo_note(map, b, undo, r);
        ARCH_ASSERT(r->ev.at >= b->now);
        b->now = r->ev.at;
        b->n_events++;
        handle(plan, map, b, &r->ev);
        r = (archi_undo_record_t *)((unsigned char *)r + undo->record_bytes);
        if (ARCH_UNLIKELY((unsigned char *)r == end))
            r = (archi_undo_record_t *)undo->bytes;
    }
}

/* The last event in the outbox, if this is it: it will not be sent. */
ARCHI_QUEUE_COLD bool archi_undo_letter(archi_block_t *b, archi_lp_t src, uint32_t seq)
{
    archi_section_t *out = &b->section[ARCHI_SEC_OUTBOX];
    const archi_event_t *ev = (const archi_event_t *)archi_section(b, ARCHI_SEC_OUTBOX);

    if (out->used == 0 || ev[out->used - 1].src != src || ev[out->used - 1].seq != seq)
        return false;
    out->used--;
    if (b->section[ARCHI_SEC_SENT].used != 0)
        b->section[ARCHI_SEC_SENT].used--;
    b->n_sent_out--;
    return true;
}

/* Undo the latest record, but for the event itself: to put it among the pending events again is the caller's, who has
 * made room for it. The record stays readable. */
ARCHI_QUEUE_COLD const archi_event_t *archi_undo_last(archi_block_t *b, archi_undo_t *undo)
{
    archi_undo_record_t *r = archi_undo_record(undo, --undo->n);
    archi_lp_state_t *lp = archi_lp_state(b, r->place);

    while (lp->seq != r->lp.seq)
        if (!archi_undo_letter(b, r->ev.dst, --lp->seq))
            archi_queue_take_back(b, r->ev.dst, lp->seq, r->slot, undo->n_slots);
    *lp = r->lp;
    if (b->per_lp != 0)
        archi_undo_copy_entry(archi_undo_entry(b, r->place), (char *)r + undo->entry_at, b->section[b->per_lp].entry_bytes);
    b->now = r->now;
    b->n_events--;
    return &r->ev;
}

/* The noting step as executors call it. */
typedef archi_stop_t (*archi_noting_step_t)(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon,
                                            archi_undo_t *undo);

#endif
