/* engine/net_self.c - ranks that are threads of one process.
 *
 * Exchanges with little to say go through memory as those of processes do, see net_round.c. Every other call is one meeting:
 * a rank copies what it has to say into its own slot, all meet at a barrier, and each reads the slots of the others. A slot
 * has two buffers used in turn. A rank comes to meeting k+1 only when it has read what was said at meeting k, so nobody is
 * still reading when meeting k+2 overwrites it: one barrier per call is enough. */
#include "engine/net_impl.h"
#include "engine/portable.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    archi_buffer_t said[2];
    arch_status_t  st[2];  /* of this rank at that meeting */
    char           pad[64]; /* neighbours write their own lines */
} slot_t;

struct archi_net_group {
    uint32_t        size;
    uint32_t        n_cores;
    int             owned;  /* 1: made by a split, goes with the last of its nets */
    atomic_uint     n_nets;
    atomic_uint     arrived;
    atomic_uint     meeting; /* number of meetings completed */
    atomic_uint     n_asleep;
    pthread_mutex_t mutex;   /* for those who wait long */
    pthread_cond_t  woken;
    void           *region[ARCHI_NET_USES]; /* rank 0 makes them */
    slot_t          slot[];
};

typedef struct {
    archi_net_t        net;
    archi_net_group_t *group;
    unsigned           turn;    /* of the two buffers */
    archi_buffer_t     arrived; /* what the last exchange brought */
} self_t;

/* ---- the barrier ------------------------------------------------------------------------------------------------- */

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void sleep_until_over(archi_net_group_t *group, unsigned meeting)
{
    pthread_mutex_lock(&group->mutex);
    atomic_fetch_add(&group->n_asleep, 1);
    while (atomic_load(&group->meeting) == meeting)
        pthread_cond_wait(&group->woken, &group->mutex);
    atomic_fetch_sub(&group->n_asleep, 1);
    pthread_mutex_unlock(&group->mutex);
}

/* Sequentially consistent on purpose: the last to arrive ends the meeting and then looks for sleepers, a sleeper counts
 * itself and then looks whether the meeting is over, so one of the two sees the other. */
static void end_meeting(archi_net_group_t *group)
{
    atomic_store_explicit(&group->arrived, 0, memory_order_relaxed);
    atomic_fetch_add(&group->meeting, 1);
    if (atomic_load(&group->n_asleep) == 0)
        return;
    pthread_mutex_lock(&group->mutex);
    pthread_cond_broadcast(&group->woken);
    pthread_mutex_unlock(&group->mutex);
}

static void meet(archi_net_group_t *group, int spins)
{
    unsigned meeting = atomic_load_explicit(&group->meeting, memory_order_relaxed);

    if (atomic_fetch_add(&group->arrived, 1) + 1 == group->size) {
        end_meeting(group);
        return;
    }
    for (int i = 0; i < spins; i++) {
        if (atomic_load_explicit(&group->meeting, memory_order_acquire) != meeting)
            return;
        relax();
    }
    for (int i = 0; i < ARCHI_NET_YIELDS; i++) {
        if (atomic_load_explicit(&group->meeting, memory_order_acquire) != meeting)
            return;
        sched_yield();
    }
    sleep_until_over(group, meeting);
}

/* ---- saying and hearing ------------------------------------------------------------------------------------------ */

static slot_t *own_slot(self_t *me) { return &me->group->slot[me->net.rank]; }

static const void *heard(const self_t *me, uint32_t rank) { return me->group->slot[rank].said[me->turn ^ 1].bytes; }

/* Room for what this rank says at the next meeting, or NULL; then speak() makes the failure known to all. */
static void *prepare(self_t *me, size_t n)
{
    slot_t *slot = own_slot(me);

    slot->st[me->turn] = archi_buffer_reserve(&slot->said[me->turn], n);
    return slot->st[me->turn] == ARCH_OK ? slot->said[me->turn].bytes : NULL;
}

static arch_status_t speak(self_t *me)
{
    unsigned turn = me->turn;

    meet(me->group, me->net.spins);
    me->turn ^= 1;
    if (own_slot(me)->st[turn] != ARCH_OK)
        return own_slot(me)->st[turn];
    for (uint32_t r = 0; r < me->net.size; r++)
        if (me->group->slot[r].st[turn] != ARCH_OK)
            return ARCH_FAIL(me->group->slot[r].st[turn], "%s: rank %u of %u: %s", arch_status_text(ARCH_E_PEER),
                             (unsigned)r, (unsigned)me->net.size, arch_status_text(me->group->slot[r].st[turn]));
    return ARCH_OK;
}

static arch_status_t say(self_t *me, const void *bytes, size_t n)
{
    void *said = prepare(me, n);

    if (said != NULL && n > 0)
        memcpy(said, bytes, n);
    return speak(me);
}

/* ---- the calls --------------------------------------------------------------------------------------------------- */

static void *self_comm(archi_net_t *net)
{
    (void)net;
    return NULL;
}

static void combine(void *v, const void *other, size_t n, archi_net_op_t op)
{
    for (size_t i = 0; i < n; i++) {
        int64_t *a = (int64_t *)v + i, b = ((const int64_t *)other)[i];

        if (op == ARCHI_NET_SUM_U64)
            ((uint64_t *)v)[i] += ((const uint64_t *)other)[i];
        else if (op == ARCHI_NET_MIN_I64 ? b < *a : b > *a)
            *a = b;
    }
}

static arch_status_t self_reduce(archi_net_t *net, void *v, size_t n, archi_net_op_t op)
{
    self_t *me = (self_t *)net;

    ARCH_TRY(say(me, v, 8 * n));
    for (uint32_t r = 0; r < net->size; r++)
        if (r != net->rank)
            combine(v, heard(me, r), n, op);
    return ARCH_OK;
}

static arch_status_t self_bcast(archi_net_t *net, void *bytes, size_t n, uint32_t root)
{
    self_t *me = (self_t *)net;

    ARCH_TRY(say(me, bytes, net->rank == root ? n : 0));
    if (net->rank != root)
        memcpy(bytes, heard(me, root), n);
    return ARCH_OK;
}

static arch_status_t self_barrier(archi_net_t *net) { return say((self_t *)net, NULL, 0); }

static arch_status_t collect(const self_t *me, void **all, uint64_t *offsets)
{
    uint64_t n = 0;

    for (uint32_t r = 0; r < me->net.size; r++) {
        offsets[r] = n;
        n += *(const uint64_t *)heard(me, r);
    }
    offsets[me->net.size] = n;
    *all = malloc(n == 0 ? 1 : n);
    if (*all == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %llu gathered bytes", (unsigned long long)n);
    for (uint32_t r = 0; r < me->net.size; r++)
        memcpy((char *)*all + offsets[r], (const char *)heard(me, r) + 8, offsets[r + 1] - offsets[r]);
    return ARCH_OK;
}

static arch_status_t self_gather(archi_net_t *net, const void *bytes, size_t n, uint32_t root, void **all,
                                 uint64_t *offsets)
{
    self_t *me = (self_t *)net;
    char *said = prepare(me, 8 + n);
    uint64_t length = n;

    if (said != NULL) {
        memcpy(said, &length, 8);
        if (n > 0)
            memcpy(said + 8, bytes, n);
    }
    ARCH_TRY(speak(me));
    return net->rank == root ? collect(me, all, offsets) : ARCH_OK;
}

static size_t table_bytes(uint32_t size) { return 8 * ((size_t)size + 1); }

/* An exchange is said as: the round, size+1 offsets, the bytes for all ranks. There is always room for the first two. */
static arch_status_t say_exchange(self_t *me, const void *send, const uint64_t *offset, const archi_net_round_t *round)
{
    size_t table = table_bytes(me->net.size), n = (size_t)(offset[me->net.size] - offset[0]);
    char *said = prepare(me, sizeof *round + table + n);

    if (said == NULL) {
        said = own_slot(me)->said[me->turn].bytes;
        n = 0;
    }
    memcpy(said, round, sizeof *round);
    memcpy(said + sizeof *round, offset, table);
    if (n > 0)
        memcpy(said + sizeof *round + table, (const char *)send + offset[0], n);
    return speak(me);
}

static const uint64_t *heard_offsets(const self_t *me, uint32_t rank)
{
    return (const uint64_t *)(const void *)((const char *)heard(me, rank) + sizeof(archi_net_round_t));
}

static arch_status_t self_exchange(archi_net_t *net, const void *send, const uint64_t *send_offset, const void **recv,
                                   uint64_t *n_recv, archi_net_round_t *round)
{
    self_t *me = (self_t *)net;
    arch_status_t st = say_exchange(me, send, send_offset, round);
    uint64_t n = 0;

    for (uint32_t r = 0; r < net->size; r++) {
        n += heard_offsets(me, r)[net->rank + 1] - heard_offsets(me, r)[net->rank];
        if (r != net->rank)
            archi_net_round_add(round, (const archi_net_round_t *)heard(me, r));
    }
    ARCH_TRY(st);
    ARCH_TRY(archi_buffer_reserve(&me->arrived, n));
    *recv = me->arrived.bytes;
    for (uint32_t r = 0; r < net->size; r++) {
        const uint64_t *offset = heard_offsets(me, r);
        uint64_t bytes = offset[net->rank + 1] - offset[net->rank];

        if (bytes > 0)
            memcpy((char *)me->arrived.bytes + *n_recv,
                   (const char *)(offset + net->size + 1) + (offset[net->rank] - offset[0]), bytes);
        *n_recv += bytes;
    }
    return ARCH_OK;
}

/* All have come, so nobody uses what there was before. */
static arch_status_t self_share(archi_net_t *net, uint32_t use, size_t bytes, void **region)
{
    self_t *me = (self_t *)net;
    size_t whole = (bytes + 127) & ~(size_t)127;
    void *memory = net->rank == 0 ? aligned_alloc(128, whole) : NULL;

    ARCH_TRY(say(me, &memory, sizeof memory));
    memcpy(&memory, heard(me, 0), sizeof memory);
    if (memory == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %zu bytes that ranks share", bytes);
    if (net->rank == 0) {
        free(me->group->region[use]);
        me->group->region[use] = memory;
    }
    *region = memory;
    return ARCH_OK;
}

static void self_destroy(archi_net_t *net)
{
    self_t *me = (self_t *)net;
    archi_net_group_t *group = me->group;

    archi_buffer_free(&me->arrived);
    free(me);
    if (atomic_fetch_sub(&group->n_nets, 1) == 1 && group->owned)
        archi_net_group_destroy(&group);
}

static arch_status_t self_split(archi_net_t *net, uint32_t colour, archi_net_t **out);

static const archi_net_ops_t self_ops = {"threads", 1, self_comm,     self_reduce, self_bcast,  self_barrier,
                                         self_gather,  self_exchange, self_share,  self_split,
                                         self_destroy};

/* ---- groups ------------------------------------------------------------------------------------------------------ */

arch_status_t archi_net_group_create(uint32_t size, archi_net_group_t **out)
{
    archi_net_group_t *group;

    *out = NULL;
    if (size == 0)
        return ARCH_FAIL(ARCH_E_ARG, "a group needs at least one rank");
    group = calloc(1, sizeof *group + size * sizeof group->slot[0]);
    if (group == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a group of %u ranks", (unsigned)size);
    group->size = size;
    group->n_cores = archi_own_cores();
    atomic_init(&group->n_nets, 0);
    atomic_init(&group->arrived, 0);
    atomic_init(&group->meeting, 0);
    atomic_init(&group->n_asleep, 0);
    pthread_mutex_init(&group->mutex, NULL);
    pthread_cond_init(&group->woken, NULL);
    for (uint32_t i = 0; i < 2 * size; i++) /* enough to agree on a failure, and to settle a round, without allocating */
        if (archi_buffer_reserve(&group->slot[i / 2].said[i % 2], 4096 + table_bytes(size)) != ARCH_OK) {
            archi_net_group_destroy(&group);
            return ARCH_E_NOMEM;
        }
    *out = group;
    return ARCH_OK;
}

arch_status_t archi_net_group_join(archi_net_group_t *group, uint32_t rank, archi_net_t **out)
{
    self_t *me;

    *out = NULL;
    if (rank >= group->size)
        return ARCH_FAIL(ARCH_E_ARG, "rank %u joins a group of %u", (unsigned)rank, (unsigned)group->size);
    me = calloc(1, sizeof *me);
    if (me == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a rank");
    me->net.ops = &self_ops;
    me->net.rank = rank;
    me->net.size = group->size;
    me->net.n_near = group->size;
    me->net.place = rank;
    me->net.n_cores = group->n_cores;
    archi_net_set_spins(&me->net);
    me->net.rounds = group->size > 1 ? ARCHI_NET_UNTRIED : ARCHI_NET_BY_MESSAGES;
    me->group = group;
    atomic_fetch_add(&group->n_nets, 1);
    *out = &me->net;
    return ARCH_OK;
}

void archi_net_group_destroy(archi_net_group_t **group)
{
    if (group == NULL || *group == NULL)
        return;
    for (uint32_t i = 0; i < 2 * (*group)->size; i++)
        archi_buffer_free(&(*group)->slot[i / 2].said[i % 2]);
    for (uint32_t use = 0; use < ARCHI_NET_USES; use++)
        free((*group)->region[use]);
    pthread_cond_destroy(&(*group)->woken);
    pthread_mutex_destroy(&(*group)->mutex);
    free(*group);
    *group = NULL;
}

/* ---- splitting --------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t first; /* of the ranks of one colour: it makes their group */
    uint32_t place; /* of this rank among them */
    uint32_t size;
} party_t;

static party_t find_party(const self_t *me, uint32_t colour)
{
    party_t party = {me->net.rank, 0, 0};

    for (uint32_t r = 0; r < me->net.size; r++) {
        if (*(const uint32_t *)heard(me, r) != colour)
            continue;
        if (party.size++ == 0)
            party.first = r;
        if (r < me->net.rank)
            party.place++;
    }
    return party;
}

/* All nets of the group are counted before anyone can leave, so the last to leave is really the last. */
static arch_status_t self_split(archi_net_t *net, uint32_t colour, archi_net_t **out)
{
    self_t *me = (self_t *)net;
    archi_net_group_t *group = NULL;
    arch_status_t st = ARCH_OK;
    party_t party;

    ARCH_TRY(say(me, &colour, sizeof colour));
    party = find_party(me, colour);
    if (party.first == net->rank && (st = archi_net_group_create(party.size, &group)) == ARCH_OK) {
        group->owned = 1;
        atomic_store(&group->n_nets, 1); /* held by the maker until all have joined */
    }
    ARCH_TRY(say(me, &group, sizeof group));
    memcpy(&group, heard(me, party.first), sizeof group);
    if (group != NULL)
        st = archi_net_group_join(group, party.place, out);
    else if (st == ARCH_OK)
        st = ARCH_FAIL(ARCH_E_PEER, "rank %u could not make the group", (unsigned)party.first);
    st = archi_net_agree(net, st);
    if (st != ARCH_OK)
        archi_net_destroy(out);
    if (group != NULL && party.first == net->rank && atomic_fetch_sub(&group->n_nets, 1) == 1)
        archi_net_group_destroy(&group);
    return st;
}
