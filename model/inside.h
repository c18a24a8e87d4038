/* model/inside.h - what the files that look into a block between two events share: making it, checking it, cutting it anew.
 * Host only. */
#ifndef ARCHI_INSIDE_H
#define ARCHI_INSIDE_H

#include "model/state.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The model's pools. */
enum { ARCHI_FRAMES, ARCHI_TICKETS, ARCHI_ENTRIES, ARCHI_CHUNKS, ARCHI_N_POOLS };
typedef struct {
    uint32_t n[ARCHI_N_POOLS];
} archi_room_t; /* entries of each */

/* The sections of a block that holds `element[0..n)` and in which `room` entries can be taken at once; id, replication and
 * seed are left to the caller. ARCH_E_RANGE when one block cannot hold that much. */
arch_status_t archi_model_block_spec(const archi_plan_t *plan, const uint32_t *element, uint32_t n,
                                     const archi_room_t *room, archi_block_spec_t *spec);

/* Such a block, its elements as they are before anything happened, with nothing pending. The caller owns *out. */
arch_status_t archi_model_block_empty(const archi_plan_t *plan, uint32_t id, const uint32_t *element, uint32_t n,
                                      uint32_t replication, uint64_t seed, const archi_room_t *room,
                                      archi_block_t **out);

static inline uint32_t archi_pool_section(uint32_t pool)
{
    static const uint32_t section[ARCHI_N_POOLS] = {ARCHI_SEC_FRAME, ARCHI_SEC_TICKET, ARCHI_SEC_ENTRY,
                                                    ARCHI_SEC_CHUNK};

    return section[pool];
}

/* Entries of a pool that were ever taken. */
static inline uint32_t archi_pool_used(const archi_block_t *b, uint32_t pool)
{
    return b->section[archi_pool_section(pool)].used;
}

/* The pending events are at 0 .. archi_pending_end() - 1, in no order; NULL where there is none. */
static inline uint32_t archi_pending_end(const archi_block_t *b) { return b->section[ARCHI_SEC_QUEUE].used; }

static inline const archi_event_t *archi_pending_at(const archi_block_t *b, uint32_t i)
{
    const archi_slot_t *slot = (const archi_slot_t *)archi_section_const(b, ARCHI_SEC_QUEUE) + i;

    return slot->next == ARCHI_SLOT_FREE ? NULL : &slot->ev;
}

/* Fields of events, see the kinds in model/state.h. */
static inline uint32_t archi_event_slot(const archi_event_t *ev) { return (uint32_t)(ev->word[1] >> 32); }
static inline bool archi_event_wants_reply(const archi_event_t *ev) { return (ev->word[2] >> 8 & ARCHI_NO_REPLY) == 0; }

#ifdef __cplusplus
}
#endif
#endif
