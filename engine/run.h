/* engine/run.h - how simulated time moves: the one step that every executor shares. */
#ifndef ARCHI_RUN_H
#define ARCHI_RUN_H

#include "engine/block.h"
#include "engine/queue.h"

/* A model: reads the plan (one flat read-only region that all blocks of a run share) and the event, reads and writes the
 * block, and touches nothing else: no clock, no input or output, no allocation, no globals. */
typedef void (*archi_handler_t)(const void *plan, const archi_map_t *map, archi_block_t *b, const archi_event_t *ev);

typedef enum {
    ARCHI_REACHED,   /* no pending event lies before the horizon */
    ARCHI_NEEDS_ROOM /* grow section b->wants, then call again */
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

/* Handle every event before `horizon` (exclusive) in order. Inlined with its handler: a caller that names the handler
 * gets it compiled into the loop. */
ARCH_HD static ARCH_ALWAYS_INLINE archi_stop_t archi_run_until(const void *plan, const archi_map_t *map,
                                                               archi_block_t *b, arch_time_t horizon,
                                                               archi_handler_t handle)
{
    archi_event_t ev;
    uint32_t credit = 0;

    for (;;) {
        if (credit == 0)
            credit = archi_block_credit(b);
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

/* The step as executors call it: a model instantiates archi_run_until() with its handler. */
typedef archi_stop_t (*archi_step_t)(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon);

#endif
