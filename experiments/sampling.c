/* experiments/sampling.c - points that fill a space evenly. */
#include "experiments/sampling.h"
#include "engine/draw.h"
#include <string.h>

enum { BITS = 32, DEGREE = 9 };

/* Of dimension k + 1 (the first needs none): degree and inner coefficients of its primitive polynomial over GF(2), and its
 * first direction numbers. */
typedef struct {
    uint8_t degree, inner;
    uint16_t m[DEGREE];
} direction_t;

static const direction_t direction[ARCHI_SOBOL_DIMENSIONS - 1] = {
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
    {6, 19, {1, 1, 1, 15, 7, 5}},
    {6, 22, {1, 3, 1, 15, 13, 25}},
    {6, 25, {1, 1, 5, 5, 19, 61}},
    {7, 1, {1, 3, 7, 11, 23, 15, 103}},
    {7, 4, {1, 3, 7, 13, 13, 15, 69}},
    {7, 7, {1, 1, 3, 13, 7, 35, 63}},
    {7, 8, {1, 3, 5, 9, 1, 25, 53}},
    {7, 14, {1, 3, 1, 13, 9, 35, 107}},
    {7, 19, {1, 3, 1, 5, 27, 61, 31}},
    {7, 21, {1, 1, 5, 11, 19, 41, 61}},
    {7, 28, {1, 3, 5, 3, 3, 13, 69}},
    {7, 31, {1, 1, 7, 13, 1, 19, 1}},
    {7, 32, {1, 3, 7, 5, 13, 19, 59}},
    {7, 37, {1, 1, 3, 9, 25, 29, 41}},
    {7, 41, {1, 3, 5, 13, 23, 1, 55}},
    {7, 42, {1, 3, 7, 3, 13, 59, 17}},
    {7, 50, {1, 3, 1, 3, 5, 53, 69}},
    {7, 55, {1, 1, 5, 5, 23, 33, 13}},
    {7, 56, {1, 1, 7, 7, 1, 61, 123}},
    {7, 59, {1, 1, 7, 9, 13, 61, 49}},
    {7, 62, {1, 3, 3, 5, 3, 55, 33}},
    {8, 14, {1, 3, 1, 15, 31, 13, 49, 245}},
    {8, 21, {1, 3, 5, 15, 31, 59, 63, 97}},
    {8, 22, {1, 3, 1, 11, 11, 11, 77, 249}},
    {8, 38, {1, 3, 1, 11, 27, 43, 71, 9}},
    {8, 47, {1, 1, 7, 15, 21, 11, 81, 45}},
    {8, 49, {1, 3, 7, 3, 25, 31, 65, 79}},
    {8, 50, {1, 3, 1, 1, 19, 11, 3, 205}},
    {8, 52, {1, 1, 5, 9, 19, 21, 29, 157}},
    {8, 56, {1, 3, 7, 11, 1, 33, 89, 185}},
    {8, 67, {1, 3, 3, 3, 15, 9, 79, 71}},
    {8, 70, {1, 3, 7, 11, 15, 39, 119, 27}},
    {8, 84, {1, 1, 3, 1, 11, 31, 97, 225}},
    {8, 97, {1, 1, 1, 3, 23, 43, 57, 177}},
    {8, 103, {1, 3, 7, 7, 17, 17, 37, 71}},
    {8, 115, {1, 3, 1, 5, 27, 63, 123, 213}},
    {8, 122, {1, 1, 3, 5, 11, 43, 53, 133}},
    {9, 8, {1, 3, 5, 5, 29, 17, 47, 173, 479}},
    {9, 13, {1, 3, 3, 11, 3, 1, 109, 9, 69}},
    {9, 16, {1, 1, 1, 5, 17, 39, 23, 5, 343}},
    {9, 22, {1, 3, 1, 5, 25, 15, 31, 103, 499}},
    {9, 25, {1, 1, 1, 11, 11, 17, 63, 105, 183}},
    {9, 44, {1, 1, 5, 11, 9, 29, 97, 231, 363}},
    {9, 47, {1, 1, 5, 15, 19, 45, 41, 7, 383}},
};

/* Direction numbers v[BITS] of a dimension, as fractions of 2^32, by Bratley & Fox's recurrence (TOMS 14, 1988). */
static void directions(uint32_t dimension, uint32_t v[BITS])
{
    const direction_t *d = dimension > 0 ? &direction[dimension - 1] : NULL;
    uint32_t degree = d != NULL ? d->degree : BITS;

    for (uint32_t i = 0; i < BITS; i++) {
        if (i < degree) {
            v[i] = (uint32_t)(d != NULL ? d->m[i] : 1) << (BITS - 1 - i);
            continue;
        }
        v[i] = v[i - degree] ^ v[i - degree] >> degree;
        for (uint32_t k = 1; k < degree; k++)
            if (d->inner >> (degree - 1 - k) & 1)
                v[i] ^= v[i - k];
    }
}

void archi_sobol(uint32_t index, uint32_t n, const uint32_t *shift, double *x)
{
    uint32_t gray = index ^ index >> 1;

    for (uint32_t k = 0; k < n; k++) {
        uint32_t v[BITS], bits = shift != NULL ? shift[k] : 0;
        directions(k, v);
        for (uint32_t i = 0; i < BITS; i++)
            if (gray >> i & 1)
                bits ^= v[i];
        x[k] = bits * 0x1p-32;
    }
}

/* Draws of sampling: keyed like an element's, under names that no element can have. */
static uint64_t key_of(uint64_t seed, const char *name, size_t n)
{
    return archi_draw_key(seed, 0, archi_hash_bytes(name, n));
}

void archi_sobol_shift(uint64_t seed, uint32_t n, uint32_t *shift)
{
    static const char name[] = "/sobol";
    uint64_t key = key_of(seed, name, sizeof name - 1);

    for (uint32_t k = 0; k < n; k++)
        shift[k] = archi_draw(key, k, 0).w[0];
}

/* A random order grows by one at a time (Durstenfeld 1964, inside out); then each number is moved at random within its
 * part, by so few bits that no rounding brings it into the next. */
void archi_latin_hypercube(uint64_t seed, uint32_t points, uint32_t n, double *x)
{
    static const char name[] = "/latin_hypercube";
    uint64_t key = key_of(seed, name, sizeof name - 1);

    for (uint32_t k = 0; k < n; k++)
        for (uint32_t i = 0; i < points; i++) {
            uint32_t j = (uint32_t)archi_below(archi_bits64(archi_draw(key, k, i), 0), (uint64_t)i + 1);
            x[(size_t)i * n + k] = x[(size_t)j * n + k];
            x[(size_t)j * n + k] = i;
        }
    for (uint32_t k = 0; k < n; k++)
        for (uint32_t i = 0; i < points; i++) {
            double within = (double)(archi_draw(key, k, i).w[2] >> 2) * 0x1p-30;
            x[(size_t)i * n + k] = (x[(size_t)i * n + k] + within) / points;
        }
}

static uint64_t morris_draw(uint64_t seed, uint64_t *count) { return archi_mix64(archi_mix64(seed) + (*count)++); }

void archi_morris(uint64_t seed, uint64_t *count, uint32_t n, double *u, uint32_t *order)
{
    const double step = ARCHI_MORRIS_LEVELS / (2.0 * (ARCHI_MORRIS_LEVELS - 1));

    for (uint32_t k = 0; k < n; k++) {
        u[k] = (double)(morris_draw(seed, count) % ARCHI_MORRIS_LEVELS) / (ARCHI_MORRIS_LEVELS - 1);
        order[k] = k;
    }
    for (uint32_t k = n; k > 1; k--) {
        uint32_t other = (uint32_t)(morris_draw(seed, count) % k), held = order[k - 1];
        order[k - 1] = order[other];
        order[other] = held;
    }
    for (uint32_t i = 0; i < n; i++) {
        double *next = u + (size_t)(i + 1) * n;
        memcpy(next, next - n, n * sizeof *next);
        next[order[i]] += next[order[i]] + step <= 1 + 1e-9 ? step : -step;
    }
}
