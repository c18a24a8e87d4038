/* experiments/sampling.h - points that fill a space evenly, for sweeps and analyses of sensitivity. Pure functions: the same
 * arguments give the same bits everywhere. */
#ifndef ARCHI_SAMPLING_H
#define ARCHI_SAMPLING_H

#include <stddef.h>
#include <stdint.h>

enum { ARCHI_SOBOL_DIMENSIONS = 60, ARCHI_SAMPLING_POINTS = 1 << 20 };

/* Point `index`, from 0, of Sobol's sequence in n dimensions, at most ARCHI_SOBOL_DIMENSIONS: x[n] in [0, 1), multiples
 * of 2^-32. The first 2^m points have exactly one in each 2^-m of every axis. In the order of Gray's code (Antonov &
 * Saleev, USSR Comput. Math. Math. Phys. 19, 1979) with the direction numbers new-joe-kuo-6 of Joe & Kuo, SIAM J. Sci.
 * Comput. 30, 2008: what their own generator gives. Point 0 is the origin; leaving it out spoils the balance (Owen,
 * 2020). shift[n]: a digital shift, which moves every point by the same random bits and keeps the balance; NULL: none. */
void archi_sobol(uint32_t index, uint32_t n, const uint32_t *shift, double *x);

/* Random bits for a shift: those of dimension k depend on the seed and on k alone. */
void archi_sobol_shift(uint64_t seed, uint32_t n, uint32_t *shift);

/* A Latin hypercube (McKay, Beckman & Conover, Technometrics 21, 1979): `points` points, at most ARCHI_SAMPLING_POINTS, of n
 * dimensions, x[point * n + dimension] in [0, 1). Each of the `points` equal parts of every axis has exactly one point, at
 * random within it, and the axes are matched at random. Column k depends on seed, k and `points` alone. */
void archi_latin_hypercube(uint64_t seed, uint32_t points, uint32_t n, double *x);

/* Morris' trajectory, of n + 1 points u[(n + 1) * n] on a grid of ARCHI_MORRIS_LEVELS levels from 0 to 1: each differs from
 * the one before in one coordinate, order[i], by 2/3 up or down, every coordinate once (Technometrics 33, 1991). *count
 * numbers the draws of the seed. */
enum { ARCHI_MORRIS_LEVELS = 4 };
void archi_morris(uint64_t seed, uint64_t *count, uint32_t n, double *u, uint32_t *order);

#endif
