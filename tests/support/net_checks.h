/* support/net_checks.h - what every transport must do, written once: unit/test_net.c asks it of threads, mpi/test_net.c
 * of MPI. Each check is made by all ranks of a net together and counts what it found wrong on this rank. */
#ifndef ARCH_TEST_NET_CHECKS_H
#define ARCH_TEST_NET_CHECKS_H

#include "engine/net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    archi_net_t *net;
    uint32_t     rank, size;
    int          n_wrong;
} checks_t;

#define CHECK(c, condition)                                                                                            \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (c)->n_wrong++;                                                                                            \
            fprintf(stderr, "%s:%d: rank %u of %u: %s does not hold (%s)\n", __FILE__, __LINE__, (unsigned)(c)->rank,  \
                    (unsigned)(c)->size, #condition, arch_error_text());                                               \
        }                                                                                                              \
    } while (0)

/* A byte that tells who sent it to whom, in which round and where in the message. */
static unsigned char mark(uint32_t from, uint32_t to, uint32_t round, uint64_t at)
{
    return (unsigned char)(from * 31 + to * 7 + round * 13 + at + at / 251);
}

static void reduces_element_by_element(checks_t *c)
{
    enum { N = 3000 };
    int64_t *least = malloc(N * sizeof *least), *most = malloc(N * sizeof *most);
    uint64_t *sum = malloc(N * sizeof *sum);

    for (int64_t i = 0; i < N; i++) {
        least[i] = i % 2 == 0 ? -(int64_t)c->rank - i : i;
        most[i] = least[i];
        sum[i] = UINT64_MAX - c->rank + (uint64_t)i;
    }
    CHECK(c, archi_net_min_i64(c->net, least, N) == ARCH_OK);
    CHECK(c, archi_net_max_i64(c->net, most, N) == ARCH_OK);
    CHECK(c, archi_net_sum_u64(c->net, sum, N) == ARCH_OK);
    for (int64_t i = 0; i < N; i++) {
        uint64_t n = c->size;
        CHECK(c, least[i] == (i % 2 == 0 ? -(int64_t)n + 1 - i : i));
        CHECK(c, most[i] == (i % 2 == 0 ? -i : i));
        CHECK(c, sum[i] == n * (UINT64_MAX + (uint64_t)i) - n * (n - 1) / 2);
    }
    free(least);
    free(most);
    free(sum);
}

static void broadcasts_from_every_rank(checks_t *c)
{
    static const size_t sizes[] = {0, 1, 5000, 300000};

    for (uint32_t root = 0; root < c->size; root++)
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            unsigned char *bytes = malloc(sizes[k] + 1);
            int same = 1;

            for (size_t i = 0; i < sizes[k]; i++)
                bytes[i] = c->rank == root ? mark(root, 0, (uint32_t)k, i) : 0;
            CHECK(c, archi_net_bcast(c->net, bytes, sizes[k], root) == ARCH_OK);
            for (size_t i = 0; i < sizes[k]; i++)
                same &= bytes[i] == mark(root, 0, (uint32_t)k, i);
            CHECK(c, same);
            free(bytes);
        }
    CHECK(c, archi_net_bcast(c->net, NULL, 0, c->size) == ARCH_E_ARG);
}

static uint64_t gather_bytes(uint32_t rank, uint32_t root) { return rank == root ? 0 : 1000 * rank + 3; }

static void gathers_in_order_of_rank(checks_t *c)
{
    for (uint32_t root = 0; root < c->size; root++) {
        uint64_t n = gather_bytes(c->rank, root), *offsets = calloc(c->size + 1, sizeof *offsets), at = 0;
        unsigned char *bytes = malloc(n + 1);
        void *all = bytes;
        int same = 1;

        for (uint64_t i = 0; i < n; i++)
            bytes[i] = mark(c->rank, root, 5, i);
        CHECK(c, archi_net_gather(c->net, bytes, n, root, &all, c->rank == root ? offsets : NULL) == ARCH_OK);
        CHECK(c, (all != NULL) == (c->rank == root));
        for (uint32_t r = 0; c->rank == root && r < c->size; r++) {
            CHECK(c, offsets[r] == at);
            for (uint64_t i = 0; i < gather_bytes(r, root); i++)
                same &= ((unsigned char *)all)[at++] == mark(r, root, 5, i);
        }
        CHECK(c, same && (c->rank != root || offsets[c->size] == at));
        free(all);
        free(bytes);
        free(offsets);
    }
}

/* Nothing, a little, more than fits beside a header, much; to oneself as well; another mixture in every round. In every
 * third round nobody has much to say, in every fifth only one rank says anything. */
static uint64_t message_bytes(uint32_t from, uint32_t to, uint32_t round)
{
    static const uint64_t sizes[] = {0, 48, 0, 1, 16384, 16385, 4800, 0, 100000, 48};

    if (round % 5 == 4)
        return from == round % 3 ? 480 : 0;
    if (round % 3 == 2)
        return 24 * ((from + 2 * to + round) % 4);
    return sizes[(from * 3 + to * 5 + round) % (sizeof sizes / sizeof sizes[0])];
}

static void exchange_once(checks_t *c, uint32_t round)
{
    uint64_t *offset = calloc(c->size + 1, sizeof *offset), n = 0, at = 0;
    archi_net_round_t settled = {{-(int64_t)c->rank, (int64_t)round}, c->rank};
    unsigned char *send;
    const void *recv;
    int same = 1;

    offset[0] = round % 2 * 64; /* need not start at 0 */
    for (uint32_t r = 0; r < c->size; r++)
        offset[r + 1] = offset[r] + message_bytes(c->rank, r, round);
    send = malloc(offset[c->size] + 1);
    for (uint32_t r = 0; r < c->size; r++)
        for (uint64_t i = offset[r]; i < offset[r + 1]; i++)
            send[i] = mark(c->rank, r, round, i - offset[r]);
    CHECK(c, archi_net_exchange_round(c->net, send, offset, &recv, &n, &settled) == ARCH_OK);
    memset(send, 0xee, offset[c->size]); /* it is ours again */
    for (uint32_t r = 0; r < c->size; r++)
        for (uint64_t i = 0; i < message_bytes(r, c->rank, round) && at < n; i++)
            same &= ((const unsigned char *)recv)[at++] == mark(r, c->rank, round, i);
    CHECK(c, same && at == n);
    for (uint32_t r = 0; r < c->size; r++)
        at -= message_bytes(r, c->rank, round);
    CHECK(c, at == 0);
    CHECK(c, settled.least[0] == 1 - (int64_t)c->size && settled.least[1] == (int64_t)round);
    CHECK(c, settled.sum == (uint64_t)c->size * (c->size - 1) / 2);
    free(send);
    free(offset);
}

static void exchanges_messages_of_all_sizes(checks_t *c)
{
    uint64_t *nothing = calloc(c->size + 1, sizeof *nothing), n = 1;
    const void *recv;

    for (int apart = 0; apart < 4; apart++) { /* through memory and by messages, and so again */
        archi_net_set_rings(c->net, apart % 2 == 0 ? 0 : ARCHI_NET_APART);
        for (uint32_t round = 0; round < 40; round++)
            exchange_once(c, round);
        CHECK(c, archi_net_exchange(c->net, NULL, nothing, &recv, &n) == ARCH_OK && n == 0);
    }
    archi_net_set_rings(c->net, 0);
    free(nothing);
}

/* What ranks say last they hear first: calls of different kinds follow each other without a pause. */
static void keeps_calls_apart(checks_t *c)
{
    for (uint32_t i = 0; i < 200; i++) {
        int64_t least = (int64_t)(i + c->rank);
        uint64_t sum = i;
        uint32_t word = c->rank == i % c->size ? i : 0;

        CHECK(c, archi_net_min_i64(c->net, &least, 1) == ARCH_OK && least == (int64_t)i);
        CHECK(c, archi_net_bcast(c->net, &word, sizeof word, i % c->size) == ARCH_OK && word == i);
        CHECK(c, archi_net_sum_u64(c->net, &sum, 1) == ARCH_OK && sum == (uint64_t)i * c->size);
        CHECK(c, archi_net_barrier(c->net) == ARCH_OK);
    }
}

static void agrees_on_the_first_failure(checks_t *c)
{
    char wanted[64];

    CHECK(c, archi_net_agree(c->net, ARCH_OK) == ARCH_OK);
    for (uint32_t r = 0; r < c->size; r++) {
        arch_status_t st = c->rank < r ? ARCH_OK : c->rank == r ? ARCH_E_FULL : ARCH_E_IO;

        if (st != ARCH_OK)
            st = ARCH_FAIL(st, "/services/%u: no room", (unsigned)c->rank);
        CHECK(c, archi_net_agree(c->net, st) == ARCH_E_FULL);
        snprintf(wanted, sizeof wanted, "/services/%u: no room", (unsigned)r);
        CHECK(c, strstr(arch_error_text(), wanted) != NULL && arch_error_status() == ARCH_E_FULL);
        if (c->rank != r) {
            snprintf(wanted, sizeof wanted, "rank %u of %u", (unsigned)r, (unsigned)c->size);
            CHECK(c, strstr(arch_error_text(), wanted) != NULL);
        }
    }
    CHECK(c, archi_net_agree(c->net, ARCH_OK) == ARCH_OK);
}

static void split_by(checks_t *c, uint32_t colour, uint32_t size, uint32_t rank)
{
    archi_net_t *part = NULL;
    uint64_t sum = 1;

    CHECK(c, archi_net_split(c->net, colour, &part) == ARCH_OK);
    if (part == NULL)
        return;
    CHECK(c, archi_net_size(part) == size && archi_net_rank(part) == rank);
    CHECK(c, strcmp(archi_net_kind(part), archi_net_kind(c->net)) == 0);
    CHECK(c, archi_net_sum_u64(part, &sum, 1) == ARCH_OK && sum == size);
    archi_net_destroy(&part);
    CHECK(c, part == NULL);
}

static void splits_by_colour(checks_t *c)
{
    split_by(c, 7, c->size, c->rank);
    split_by(c, UINT32_MAX - c->rank, 1, 0);
    split_by(c, c->rank % 2 == 0 ? UINT32_MAX : 0, c->rank % 2 == 0 ? (c->size + 1) / 2 : c->size / 2, c->rank / 2);
}

/* Every rank writes a word for each rank; after a reduction each finds what all wrote for it. */
static void write_and_find(checks_t *c, uint64_t *region, uint64_t round)
{
    uint64_t sum = 0;

    for (uint32_t r = 0; r < c->size; r++)
        region[r * c->size + c->rank] = round * 1000 + 31 * r + c->rank;
    CHECK(c, archi_net_sum_u64(c->net, &sum, 1) == ARCH_OK);
    for (uint32_t r = 0; r < c->size; r++)
        CHECK(c, region[c->rank * c->size + r] == round * 1000 + 31 * c->rank + r);
    CHECK(c, archi_net_sum_u64(c->net, &sum, 1) == ARCH_OK);
}

/* All ranks of these tests run on one machine. */
static void shares_memory(checks_t *c)
{
    size_t bytes = 8 * (size_t)c->size * c->size;
    void *region = NULL, *again = NULL;

    CHECK(c, archi_net_share(c->net, bytes, &region) == ARCH_OK && region != NULL);
    if (region == NULL)
        return;
    write_and_find(c, region, 1);
    CHECK(c, archi_net_share(c->net, bytes / 2, &again) == ARCH_OK && again == region);
    CHECK(c, archi_net_share(c->net, 1000000 + bytes, &region) == ARCH_OK && (uintptr_t)region % 128 == 0);
    write_and_find(c, region, 2);
    archi_net_set_rings(c->net, ARCHI_NET_APART);
    CHECK(c, archi_net_share(c->net, bytes, &region) == ARCH_OK && region == NULL);
    archi_net_set_rings(c->net, 0);
    CHECK(c, archi_net_share(c->net, bytes, &region) == ARCH_OK && region != NULL);
    write_and_find(c, region, 3);
}

/* A part has the same duties as the whole. */
static void parts_of_parts_work(checks_t *c)
{
    archi_net_t *half = NULL;
    checks_t part = *c;

    CHECK(c, archi_net_split(c->net, c->rank >= (c->size + 1) / 2, &half) == ARCH_OK);
    part.net = half;
    part.rank = archi_net_rank(half);
    part.size = archi_net_size(half);
    part.n_wrong = 0;
    splits_by_colour(&part);
    exchange_once(&part, 3);
    shares_memory(&part);
    agrees_on_the_first_failure(&part);
    c->n_wrong += part.n_wrong;
    archi_net_destroy(&half);
}

/* All ranks of a test run on one machine; those of a part know the part's ranks only. */
static void knows_who_is_near(checks_t *c)
{
    archi_net_t *half = NULL;
    uint32_t first = UINT32_MAX, n = archi_net_near(c->net, &first);

    CHECK(c, n == c->size && first == 0);
    CHECK(c, archi_net_split(c->net, c->rank % 2, &half) == ARCH_OK);
    if (half == NULL)
        return;
    CHECK(c, archi_net_near(half, &first) == archi_net_size(half) && first == 0);
    archi_net_destroy(&half);
}

typedef void (*net_check_t)(checks_t *c);

static const struct {
    const char *name;
    net_check_t check;
} net_checks[] = {{"reduces_element_by_element", reduces_element_by_element},
                  {"broadcasts_from_every_rank", broadcasts_from_every_rank},
                  {"gathers_in_order_of_rank", gathers_in_order_of_rank},
                  {"exchanges_messages_of_all_sizes", exchanges_messages_of_all_sizes},
                  {"keeps_calls_apart", keeps_calls_apart},
                  {"agrees_on_the_first_failure", agrees_on_the_first_failure},
                  {"splits_by_colour", splits_by_colour},
                  {"shares_memory", shares_memory},
                  {"knows_who_is_near", knows_who_is_near},
                  {"parts_of_parts_work", parts_of_parts_work}};

enum { N_NET_CHECKS = sizeof net_checks / sizeof net_checks[0] };

#endif
