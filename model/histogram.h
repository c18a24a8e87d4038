/* model/histogram.h - where an observation falls in a log-bucketed histogram, and sums that cannot overflow.
 *
 * Counts and sums are whole numbers, so they can be merged in any order and grouping with the same result: that is
 * what makes statistics independent of ranks and partitions. Buckets are those of an HDR histogram: 64 of equal
 * width in each octave (a factor of two), so that none is wider than 1/64 of its lower edge and below 128 ns every
 * whole number has its own. Octaves are the unit in which counts are stored: most distributions touch a dozen of
 * the 58. */
#ifndef ARCHI_HISTOGRAM_H
#define ARCHI_HISTOGRAM_H

#include "engine/portable.h"
#include <architech/time.h>

#define ARCHI_OCTAVE_BUCKETS 64u
#define ARCHI_N_OCTAVES      58u /* 0..63, 64..127, 128..255, ... up to 2^63 - 1 */
#define ARCHI_N_BUCKETS      (ARCHI_N_OCTAVES * ARCHI_OCTAVE_BUCKETS)

/* The bucket of x < 2^63; bucket / ARCHI_OCTAVE_BUCKETS is its octave. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_bucket(uint64_t x)
{
    uint32_t top; /* number of the highest bit set; below 64 as if it were bit 6's octave, less one */

#if defined(__CUDA_ARCH__)
    top = 63u - (uint32_t)__clzll((long long)(x | ARCHI_OCTAVE_BUCKETS));
#else
    top = 63u - (uint32_t)__builtin_clzll(x | ARCHI_OCTAVE_BUCKETS);
#endif
    return (top - 6) * ARCHI_OCTAVE_BUCKETS + (uint32_t)(x >> (top - 6)); /* the leading 1 adds the octave's own 64 */
}

/* A bucket holds the whole numbers from its lower edge to lower edge + width - 1. */
ARCH_HD static ARCH_ALWAYS_INLINE uint64_t archi_bucket_width(uint32_t bucket)
{
    uint32_t octave = bucket / ARCHI_OCTAVE_BUCKETS;

    return octave < 2 ? 1u : (uint64_t)1 << (octave - 1);
}

ARCH_HD static ARCH_ALWAYS_INLINE arch_time_t archi_bucket_lower(uint32_t bucket)
{
    if (bucket < ARCHI_OCTAVE_BUCKETS)
        return (arch_time_t)bucket;
    return (arch_time_t)((ARCHI_OCTAVE_BUCKETS + bucket % ARCHI_OCTAVE_BUCKETS) * archi_bucket_width(bucket));
}

/* ---- 128-bit sums ----------------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t lo, hi;
} archi_u128_t;

ARCH_HD static ARCH_ALWAYS_INLINE void archi_u128_add(archi_u128_t *s, uint64_t x)
{
    s->lo += x;
    s->hi += s->lo < x;
}

/* Add a * b, e.g. a queue's length times how long it had it, or a square. */
ARCH_HD static ARCH_ALWAYS_INLINE void archi_u128_add_product(archi_u128_t *s, uint64_t a, uint64_t b)
{
#if defined(__CUDA_ARCH__)
    s->hi += __umul64hi(a, b);
    archi_u128_add(s, a * b);
#else
    unsigned __int128 product = (unsigned __int128)a * b;

    s->hi += (uint64_t)(product >> 64);
    archi_u128_add(s, (uint64_t)product);
#endif
}

ARCH_HD static ARCH_ALWAYS_INLINE void archi_u128_merge(archi_u128_t *s, const archi_u128_t *other)
{
    s->hi += other->hi;
    archi_u128_add(s, other->lo);
}

/* s - *earlier, for the growth between two readings of one sum. */
ARCH_HD static ARCH_ALWAYS_INLINE archi_u128_t archi_u128_since(archi_u128_t s, const archi_u128_t *earlier)
{
    s.hi -= earlier->hi + (s.lo < earlier->lo);
    s.lo -= earlier->lo;
    return s;
}

ARCH_HD static ARCH_ALWAYS_INLINE double archi_u128_to_double(const archi_u128_t *s)
{
    return (double)s->hi * 0x1p64 + (double)s->lo;
}

#endif
