/* random_design.h - designs that nobody thought of, as JSON, for tests that compare one way of running with another. */
#ifndef RANDOM_DESIGN_H
#define RANDOM_DESIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A random design of a few services that call each other downwards, over every policy and discipline. It depends on the
 * seeds asked for before, too: ask for 1, 2, 3, ... in order. False when it does not fit. */
bool random_design(char *out, size_t size, uint32_t seed);

#endif
