/* mutate.h - mutations of design files: bytes, words and pieces of other files. Mutation number i is a function of the seed
 * and i alone. */
#ifndef MUTATE_H
#define MUTATE_H

#include <stddef.h>
#include <stdint.h>

enum { MAX_BYTES = 1 << 18, MAX_SEEDS = 256 };

typedef struct {
    char *bytes;
    size_t length;
} text_t;

/* Add the files of a pattern to seeds[]; answers the new number of them. */
size_t mutate_load(const char *pattern, text_t *seeds, size_t n_seeds);

/* Mutation i of one of the first n_good files, with pieces of all: into out->bytes, which holds MAX_BYTES. */
void mutate_file(const text_t *seeds, size_t n_good, size_t n_seeds, uint64_t seed, uint64_t i, text_t *out);

uint64_t mutate_draw(uint64_t *state); /* SplitMix64 */
size_t mutate_below(uint64_t *state, size_t n);

#endif
