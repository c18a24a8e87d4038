/* model/recut.h - blocks of one cut become blocks of another: the same elements in the same states, the same events
 * pending, the same statistics, so that going on gives the bits that going on without would have given. Host only.
 *
 * What moves keeps its meaning and changes its number: an element gets another place, and with it everything that it has
 * in the pools of its block. Frames, tickets, entries and chunks are numbered anew, element by element in the order of
 * their numbers. A request's way back leads through other blocks (its caller's frame or ticket, as the slot of an event
 * or of another frame), which is why all old blocks are needed to make one new one.
 *
 * Of each pool the entries in use are moved, none that are free, so blocks that had grown come out small.
 *
 * The new header: `now` is the time of the last event handled anywhere in the replication, in every new block.
 * `n_events` and `n_sent_out` were counted by blocks that there are no more: all new blocks have 0 but the one that holds
 * element 0, which has the sums, so that sums over all blocks are what they were. */
#ifndef ARCHI_RECUT_H
#define ARCHI_RECUT_H

#include "model/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const archi_plan_t *plan;
    const archi_map_t *from, *to; /* old cut and new one, of all elements */
    /* Old block `id`, as archi_block_check() found it sound; it stays until the next call, and is only read. All blocks of
     * `from` are of one replication at one instant: every event before it handled, no outbox with anything in it, nothing
     * on its way between them. Asked for once, in ascending order, and those that hold elements of the new blocks a second
     * time. A status other than ARCH_OK ends the recut with it. */
    arch_status_t (*old)(void *user, uint32_t id, const archi_block_t **out);
    void *user;
} archi_recut_t;

/* For who holds all old blocks at once: `user` is archi_block_t *[from->n_blocks]. */
arch_status_t archi_recut_from_all(void *user, uint32_t id, const archi_block_t **out);

/* Make blocks id[0..n) of the new cut in out[0..n), all NULL on failure; the caller owns them (archi_block_destroy).
 * Takes memory for them, and 4 bytes for each frame and ticket of the old blocks meanwhile. Local: every rank makes its own.
 * ARCH_E_FORMAT: an old block cannot be what plan and map say, or names a request that there is not in another; whether
 * all are of one instant is for archi_model_check() to say, which needs them all at once. ARCH_E_RANGE: more than one
 * block can hold. */
arch_status_t archi_model_recut(const archi_recut_t *recut, const uint32_t *id, uint32_t n, archi_block_t **out);

#ifdef __cplusplus
}
#endif
#endif
