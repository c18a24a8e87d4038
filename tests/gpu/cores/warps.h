/* tests/gpu/cores/warps.h - what a warp would issue whose threads do one event each in a round, then the next one.
 *
 * Threads of a warp that are at the same basic block do it together, others one after the other. How well a GPU brings
 * them together again is its own affair; bounds are told, for warps of several sizes: where each block that several threads
 * enter in a round is issued as often as the one that enters it most often (`together`), and where every thread's are
 * (`apart`). */
#ifndef WARPS_H
#define WARPS_H

#include <stdint.h>
#include <stdio.h>

typedef struct warps warps_t;

/* Blocks have `instructions`, and `round` begins a round. NULL: no memory; it lives as long as the program. */
warps_t *warps_create(const uint16_t *instructions, uint32_t n_blocks, uint32_t round);

/* Where the next thread writes which blocks it enters, and how many there is room for; a launch's threads come one after
 * the other. NULL: w is NULL. */
uint32_t *warps_room(warps_t *w, uint64_t *room);
/* That thread has ended, after n blocks. */
void warps_add(warps_t *w, uint64_t n);
/* The launch has ended: its warps are added up. */
void warps_end(warps_t *w);

/* Lines `warp <threads> rounds <n> events <n> together <instructions> apart <instructions>`. */
void warps_tell(const warps_t *w, FILE *to);

#endif
