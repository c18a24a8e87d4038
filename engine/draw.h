/* engine/draw.h - draws as pure functions of who draws what: Philox 4x32-10 (Salmon et al., SC'11; Random123).
 * No stream, no state: the same (key, counter) gives the same 128 bits on any rank, thread, compiler or GPU, and adding
 * an element to a model leaves the draws of all others as they were. */
#ifndef ARCHI_DRAW_H
#define ARCHI_DRAW_H

#include "engine/portable.h"
#include <Random123/philox.h>

typedef struct {
    uint32_t w[4];
} archi_bits_t; /* 128 random bits */

/* Finaliser of MurmurHash3/SplitMix64 (Stafford's mix 13): a bijection of 64 bits that scatters well. */
ARCH_HD static ARCH_ALWAYS_INLINE uint64_t archi_mix64(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ull;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebull;
    x ^= x >> 31;
    return x;
}

/* Key of everything that the element with this stable name hash draws in this replication. */
ARCH_HD static ARCH_INLINE uint64_t archi_draw_key(uint64_t seed, uint32_t replication, uint64_t name_hash)
{
    uint64_t k = archi_mix64(seed + 0x9e3779b97f4a7c15ull);

    k = archi_mix64(k ^ (replication + 0x632be59bd9b4e019ull));
    return archi_mix64(k ^ name_hash);
}

/* The draw numbered (major, minor) under a key: major is e.g. a request's identity, minor purpose and ordinal. */
ARCH_HD static ARCH_ALWAYS_INLINE archi_bits_t archi_draw(uint64_t key, uint64_t major, uint64_t minor)
{
    philox4x32_ctr_t c = {{(uint32_t)major, (uint32_t)(major >> 32), (uint32_t)minor, (uint32_t)(minor >> 32)}};
    philox4x32_key_t k = {{(uint32_t)key, (uint32_t)(key >> 32)}};
    philox4x32_ctr_t r = philox4x32(c, k);
    archi_bits_t bits;

    bits.w[0] = r.v[0];
    bits.w[1] = r.v[1];
    bits.w[2] = r.v[2];
    bits.w[3] = r.v[3];
    return bits;
}

/* 64 of the 128 bits, which = 0 or 1. */
ARCH_HD static ARCH_ALWAYS_INLINE uint64_t archi_bits64(archi_bits_t b, int which)
{
    return (uint64_t)b.w[2 * which] | (uint64_t)b.w[2 * which + 1] << 32;
}

/* Uniform on (0, 1), never 0 or 1: the middle of one of 2^52 equal cells, which is exact, as is its distance from 1. */
ARCH_HD static ARCH_ALWAYS_INLINE double archi_uniform(uint64_t bits) { return ((double)(bits >> 12) + 0.5) * 0x1p-52; }

/* Uniform whole number in [0, n) by multiplication (Lemire 2019, without the rejection: bias below n / 2^64). */
ARCH_HD static ARCH_ALWAYS_INLINE uint64_t archi_below(uint64_t bits, uint64_t n)
{
#if defined(__CUDA_ARCH__)
    return __umul64hi(bits, n);
#else
    return (uint64_t)(((unsigned __int128)bits * n) >> 64);
#endif
}

/* FNV-1a, for stable names. */
ARCH_HD static ARCH_INLINE uint64_t archi_hash_bytes(const char *text, size_t n)
{
    uint64_t h = 0xcbf29ce484222325ull;
    size_t i;

    for (i = 0; i < n; i++) {
        h ^= (unsigned char)text[i];
        h *= 0x100000001b3ull;
    }
    return archi_mix64(h);
}

#endif
