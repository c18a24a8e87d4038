/* engine/net_round.c - an exchange through memory that ranks share.
 *
 * Each rank has two slips there, used in turn: what it brings to a round, how much is for whom, and behind it all that it
 * sends, in order of rank. Whoever reads looks for the round's number, which is written last (releasing what stands before
 * it, and acquiring). A rank writes its slip of round k+2 when it has read those of round k+1 from all, and a rank writes
 * that one only when it has done with round k: so two slips are enough, and what one has received lies where it is until the
 * next exchange. A round costs each rank one line of each other, and what was sent to it.
 *
 * A rank whose letters do not fit says so by their number, and all then go the way of messages with this round, having read
 * the same slips. */
#include "engine/net_impl.h"
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum {
    LINES = 128,           /* bytes: two cache lines, since processors fetch them in pairs */
    MOST_RANKS = 64,       /* each reads the slips of all others: among more, messages are cheaper */
    SLIP_BYTES = 64 * 1024 /* what a rank may send to all in a round; more goes by messages, which cost little beside it */
};

typedef struct {
    _Atomic uint64_t  number; /* of the round it is for */
    archi_net_round_t round;
    uint64_t          offset[]; /* [size + 1] bytes, then what goes to whom */
} slip_t;

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes cannot share a lock");

static size_t lines(size_t bytes) { return (bytes + LINES - 1) / LINES * LINES; }
static size_t slip_bytes(const archi_net_t *net)
{
    return lines(sizeof(slip_t) + (net->size + (size_t)1) * sizeof(uint64_t) + SLIP_BYTES);
}

static slip_t *slip_of(const archi_net_t *net, uint32_t rank, uint64_t number)
{
    return (slip_t *)((char *)net->region[ARCHI_NET_ROUNDS].at + (2 * rank + number % 2) * slip_bytes(net));
}

static const char *letters(const archi_net_t *net, const slip_t *slip)
{
    return (const char *)(slip->offset + net->size + 1);
}

static int fits(const archi_net_t *net, const slip_t *slip)
{
    return slip->offset[net->size] <= SLIP_BYTES;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* Once in a net's life; the reduction comes when every rank has cleared what is its own. No memory for it is no failure. */
static arch_status_t open_slips(archi_net_t *net)
{
    int64_t works;
    arch_status_t st;

    net->rounds = ARCHI_NET_BY_MESSAGES;
    if (net->size > MOST_RANKS)
        return ARCH_OK;
    st = archi_net_reserve(net, ARCHI_NET_ROUNDS, 2 * net->size * slip_bytes(net));
    if (st == ARCH_E_MPI)
        return st;
    works = st == ARCH_OK && net->region[ARCHI_NET_ROUNDS].at != NULL;
    for (uint64_t i = 0; i < 2 && works; i++)
        atomic_store_explicit(&slip_of(net, net->rank, i)->number, 0, memory_order_relaxed);
    ARCH_TRY(archi_net_min_i64(net, &works, 1));
    if (works)
        net->rounds = ARCHI_NET_IN_MEMORY;
    return ARCH_OK;
}

arch_status_t archi_round_open(archi_net_t *net, int *ready)
{
    arch_status_t st = ARCH_OK;

    if (net->rounds == ARCHI_NET_UNTRIED && net->ring_events != ARCHI_NET_APART)
        st = open_slips(net);
    *ready = net->rounds == ARCHI_NET_IN_MEMORY && net->ring_events != ARCHI_NET_APART;
    return st;
}

/* ---- a round ----------------------------------------------------------------------------------------------------- */

static void write_slip(archi_net_t *net, const void *send, const uint64_t *offset, const archi_net_round_t *round)
{
    slip_t *slip = slip_of(net, net->rank, ++net->n_rounds);

    slip->round = *round;
    for (uint32_t r = 0; r <= net->size; r++)
        slip->offset[r] = offset[r] - offset[0];
    if (fits(net, slip) && slip->offset[net->size] > 0)
        memcpy(slip->offset + net->size + 1, (const char *)send + offset[0], slip->offset[net->size]);
    atomic_store_explicit(&slip->number, net->n_rounds, memory_order_release);
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Whoever has waited long, as a rank does that others work for, sleeps for an eighth of that: being woken late costs an
 * eighth at most, and whoever writes a slip need not know who sleeps. */
static void wait_for(const archi_net_t *net, const slip_t *slip)
{
    const long longest = 1000000;
    struct timespec moment = {0, 20000};
    int spins = net->spins;

    for (int n = 0; atomic_load_explicit(&slip->number, memory_order_acquire) != net->n_rounds; n++) {
        if (n < spins) {
            relax();
        } else if (n < spins + ARCHI_NET_YIELDS) {
            sched_yield();
        } else {
            nanosleep(&moment, NULL);
            moment.tv_nsec += moment.tv_nsec < longest ? moment.tv_nsec / 8 : 0;
        }
    }
}

static uint64_t bytes_here(const archi_net_t *net, const slip_t *slip)
{
    return slip->offset[net->rank + 1] - slip->offset[net->rank];
}

/* Where only one rank has sent something, as of two ranks the other, it is read where it lies. */
static arch_status_t receive(archi_net_t *net, const void **recv, uint64_t *n_recv)
{
    uint64_t n = 0, most = 0;

    for (uint32_t r = 0; r < net->size; r++) {
        const slip_t *slip = slip_of(net, r, net->n_rounds);
        uint64_t bytes = bytes_here(net, slip);

        if (bytes > most)
            *recv = letters(net, slip) + slip->offset[net->rank];
        most = bytes > most ? bytes : most;
        n += bytes;
    }
    *n_recv = n;
    if (n == most && (uintptr_t)*recv % sizeof(uint64_t) == 0)
        return ARCH_OK;
    *recv = NULL;
    *n_recv = 0;
    ARCH_TRY(archi_buffer_reserve(&net->collected, n));
    for (uint32_t r = 0; r < net->size; r++) {
        const slip_t *slip = slip_of(net, r, net->n_rounds);

        memcpy((char *)net->collected.bytes + *n_recv, letters(net, slip) + slip->offset[net->rank], bytes_here(net, slip));
        *n_recv += bytes_here(net, slip);
    }
    *recv = net->collected.bytes;
    return ARCH_OK;
}

arch_status_t archi_round_exchange(archi_net_t *net, const void *send, const uint64_t *offset, const void **recv,
                                   uint64_t *n_recv, archi_net_round_t *round)
{
    archi_net_round_t settled = *round;
    int all_fit = 1;

    write_slip(net, send, offset, round);
    for (uint32_t r = 0; r < net->size; r++) {
        const slip_t *slip = slip_of(net, r, net->n_rounds);

        if (r != net->rank) {
            wait_for(net, slip);
            archi_net_round_add(&settled, &slip->round);
        }
        all_fit &= fits(net, slip);
    }
    if (!all_fit)
        return net->ops->exchange(net, send, offset, recv, n_recv, round);
    *round = settled;
    return receive(net, recv, n_recv);
}
