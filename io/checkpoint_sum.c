/* io/checkpoint_sum.c - XXH64 with seed 0. */
#include "io/checkpoint_sum.h"
#include <string.h>

static const uint64_t prime[5] = {0x9e3779b185ebca87u, 0xc2b2ae3d27d4eb4fu, 0x165667b19e3779f9u, 0x85ebca77c2b2ae63u,
                                  0x27d4eb2f165667c5u};

enum { STRIPE = 32 };

static uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }

static uint64_t word_at(const unsigned char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

static uint64_t add_lane(uint64_t lane, uint64_t word) { return rotate(lane + word * prime[1], 31) * prime[0]; }

static void add_stripe(archi_sum_t *s, const unsigned char *p)
{
    for (int i = 0; i < 4; i++)
        s->lane[i] = add_lane(s->lane[i], word_at(p + 8 * i));
}

void archi_sum_begin(archi_sum_t *s)
{
    memset(s, 0, sizeof *s);
    s->lane[0] = prime[0] + prime[1];
    s->lane[1] = prime[1];
    s->lane[3] = 0 - prime[0];
}

void archi_sum_add(archi_sum_t *s, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    size_t held = s->bytes % STRIPE, fill = STRIPE - held;

    s->bytes += n;
    if (held > 0 && n >= fill) {
        memcpy(s->rest + held, p, fill);
        add_stripe(s, s->rest);
        p += fill;
        n -= fill;
        held = 0;
    }
    for (; held == 0 && n >= STRIPE; p += STRIPE, n -= STRIPE)
        add_stripe(s, p);
    if (n > 0)
        memcpy(s->rest + held, p, n);
}

static uint64_t join_lanes(const archi_sum_t *s)
{
    uint64_t h = rotate(s->lane[0], 1) + rotate(s->lane[1], 7) + rotate(s->lane[2], 12) + rotate(s->lane[3], 18);

    for (int i = 0; i < 4; i++)
        h = (h ^ add_lane(0, s->lane[i])) * prime[0] + prime[3];
    return h;
}

static uint64_t add_rest(uint64_t h, const unsigned char *p, size_t n)
{
    uint32_t half;

    for (; n >= 8; p += 8, n -= 8)
        h = rotate(h ^ add_lane(0, word_at(p)), 27) * prime[0] + prime[3];
    if (n >= 4) {
        memcpy(&half, p, sizeof half);
        h = rotate(h ^ half * prime[0], 23) * prime[1] + prime[2];
        p += 4;
        n -= 4;
    }
    for (; n > 0; p++, n--)
        h = rotate(h ^ *p * prime[4], 11) * prime[0];
    return h;
}

uint64_t archi_sum_end(const archi_sum_t *s)
{
    uint64_t h = s->bytes >= STRIPE ? join_lanes(s) : prime[4];

    h = add_rest(h + s->bytes, s->rest, s->bytes % STRIPE);
    h = (h ^ h >> 33) * prime[1];
    h = (h ^ h >> 29) * prime[2];
    return h ^ h >> 32;
}

uint64_t archi_sum_of(const void *bytes, size_t n)
{
    archi_sum_t s;

    archi_sum_begin(&s);
    archi_sum_add(&s, bytes, n);
    return archi_sum_end(&s);
}
