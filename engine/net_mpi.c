/* engine/net_mpi.c - ranks that are MPI processes; the only file that knows MPI.
 *
 * Ranks of one machine exchange through memory while they have little to say, see net_round.c; this file lends it. Else an
 * exchange among few ranks is one message to each: a header with the round's words, then as much of the payload as fits
 * beside it, so that a window with little to say costs one latency. Longer payloads follow in pieces below 2^31 bytes.
 * Among many ranks the headers travel by MPI_Alltoall and payloads only between ranks with something to say. */
#include "engine/net_impl.h"
#include <mpi.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    DIRECT_RANKS = 16,        /* up to here every rank writes to every other directly */
    BESIDE_BYTES = 16 * 1024, /* payload that travels with the header */
    PIECE_BYTES = 1 << 30,    /* MPI counts are int; more than BESIDE_BYTES, so that a header is one piece */
    TAG_HEADER = 1,
    TAG_REST = 2,
    TAG_GATHER = 3
};

typedef struct {
    archi_net_round_t round;
    uint64_t          n_bytes; /* from this rank to that one */
} header_t;

typedef struct {
    archi_net_t    net;
    MPI_Comm       comm;
    int            finalises; /* 1: this net initialised MPI */
    int            together;  /* 1: all ranks are on one machine */
    MPI_Win        window[ARCHI_NET_USES]; /* of the memory that they share */
    archi_buffer_t out, in;   /* one cell per rank, see cell_bytes() */
    archi_buffer_t arrived;   /* what the last exchange brought */
    archi_buffer_t requests;
    int            n_requests;
} mpi_t;

static arch_status_t mpi_failed(int code, const char *call, const char *function, int line)
{
    char text[MPI_MAX_ERROR_STRING] = "unknown error";
    int length = 0;

    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS)
        length = 0;
    return arch_fail_at(ARCH_E_MPI, function, __FILE__, line, "%s: %s", call, text);
}

/* Every call of MPI goes through here. */
#define ARCH_TRY_MPI(call)                                                                                             \
    do {                                                                                                               \
        int mpi_code_ = (call);                                                                                        \
        if (mpi_code_ != MPI_SUCCESS)                                                                                  \
            return mpi_failed(mpi_code_, #call, __func__, __LINE__);                                                   \
    } while (0)

static void *mpi_comm(archi_net_t *net) { return &((mpi_t *)net)->comm; }

/* ---- messages under way ------------------------------------------------------------------------------------------ */

static arch_status_t new_request(mpi_t *me, MPI_Request **out)
{
    size_t n = (size_t)me->n_requests;

    if ((n + 1) * sizeof **out > me->requests.capacity) {
        archi_buffer_t larger = {NULL, 0};
        ARCH_TRY(archi_buffer_reserve(&larger, 2 * (n + 1) * sizeof **out));
        if (n > 0)
            memcpy(larger.bytes, me->requests.bytes, n * sizeof **out);
        archi_buffer_free(&me->requests);
        me->requests = larger;
    }
    *out = (MPI_Request *)me->requests.bytes + n;
    **out = MPI_REQUEST_NULL;
    me->n_requests++;
    return ARCH_OK;
}

static arch_status_t start_send(mpi_t *me, const void *bytes, uint64_t n, uint32_t to, int tag)
{
    MPI_Request *request = NULL;

    for (uint64_t at = 0; at < n; at += PIECE_BYTES) {
        int piece = (int)(n - at < PIECE_BYTES ? n - at : PIECE_BYTES);
        ARCH_TRY(new_request(me, &request));
        ARCH_TRY_MPI(MPI_Isend((const char *)bytes + at, piece, MPI_BYTE, (int)to, tag, me->comm, request));
    }
    return ARCH_OK;
}

/* With bytes == NULL the message is taken and thrown away: it is what a rank without memory does for its peers' sake. */
static arch_status_t start_recv(mpi_t *me, void *bytes, uint64_t n, uint32_t from, int tag)
{
    MPI_Request *request = NULL;

    for (uint64_t at = 0; at < n; at += PIECE_BYTES) {
        int piece = (int)(n - at < PIECE_BYTES ? n - at : PIECE_BYTES);
        ARCH_TRY(new_request(me, &request));
        ARCH_TRY_MPI(MPI_Irecv(bytes == NULL ? NULL : (char *)bytes + at, bytes == NULL ? 0 : piece, MPI_BYTE,
                               (int)from, tag, me->comm, request));
    }
    return ARCH_OK;
}

/* Wait for all that was started. More ranks than cores is a usual case: whoever waits lets others run, and whoever waits for
 * milliseconds, as a rank does that others work for, sleeps. */
static arch_status_t finish(mpi_t *me)
{
    const struct timespec moment = {0, 50000};
    int done = 0, n = me->n_requests;

    me->n_requests = 0;
    for (int i = 0; !done; i++) {
        ARCH_TRY_MPI(MPI_Testall(n, (MPI_Request *)me->requests.bytes, &done, MPI_STATUSES_IGNORE));
        if (!done && i > me->net.spins + 50 * ARCHI_NET_YIELDS)
            nanosleep(&moment, NULL);
        else if (!done && i > me->net.spins)
            sched_yield();
    }
    return ARCH_OK;
}

/* ---- reductions and the like ------------------------------------------------------------------------------------- */

/* What ranks wrote to the memory that they share is where all see it. */
static arch_status_t settle_window(const mpi_t *me)
{
    for (uint32_t use = 0; use < ARCHI_NET_USES; use++)
        if (me->window[use] != MPI_WIN_NULL)
            ARCH_TRY_MPI(MPI_Win_sync(me->window[use]));
    return ARCH_OK;
}

static arch_status_t mpi_reduce(archi_net_t *net, void *v, size_t n, archi_net_op_t op)
{
    static const MPI_Op ops[] = {MPI_MIN, MPI_MAX, MPI_SUM};
    MPI_Datatype type = op == ARCHI_NET_SUM_U64 ? MPI_UINT64_T : MPI_INT64_T;
    const size_t piece = PIECE_BYTES / 8;

    ARCH_TRY(settle_window((mpi_t *)net));
    for (size_t at = 0; at < n; at += piece)
        ARCH_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, (char *)v + 8 * at, (int)(n - at < piece ? n - at : piece), type,
                                   ops[op], ((mpi_t *)net)->comm));
    return settle_window((mpi_t *)net);
}

static arch_status_t mpi_bcast(archi_net_t *net, void *bytes, size_t n, uint32_t root)
{
    for (size_t at = 0; at < n; at += PIECE_BYTES)
        ARCH_TRY_MPI(MPI_Bcast((char *)bytes + at, (int)(n - at < PIECE_BYTES ? n - at : PIECE_BYTES), MPI_BYTE,
                               (int)root, ((mpi_t *)net)->comm));
    return ARCH_OK;
}

static arch_status_t mpi_barrier(archi_net_t *net)
{
    ARCH_TRY_MPI(MPI_Barrier(((mpi_t *)net)->comm));
    return ARCH_OK;
}

static arch_status_t collect(mpi_t *me, const void *bytes, const uint64_t *length, void **all, uint64_t *offsets)
{
    arch_status_t st = ARCH_OK;

    offsets[0] = 0;
    for (uint32_t r = 0; r < me->net.size; r++)
        offsets[r + 1] = offsets[r] + length[r];
    *all = malloc(offsets[me->net.size] == 0 ? 1 : offsets[me->net.size]);
    if (*all == NULL)
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for %llu gathered bytes", (unsigned long long)offsets[me->net.size]);
    for (uint32_t r = 0; r < me->net.size; r++) {
        if (r != me->net.rank)
            ARCH_TRY(start_recv(me, *all == NULL ? NULL : (char *)*all + offsets[r], length[r], r, TAG_GATHER));
        else if (*all != NULL && length[r] > 0)
            memcpy((char *)*all + offsets[r], bytes, length[r]);
    }
    if (st == ARCH_OK)
        return finish(me);
    (void)finish(me); /* reports the truncation we asked for; the status to tell is ours */
    return ARCH_FAIL(st, "no memory for %llu gathered bytes", (unsigned long long)offsets[me->net.size]);
}

static arch_status_t mpi_gather(archi_net_t *net, const void *bytes, size_t n, uint32_t root, void **all,
                                uint64_t *offsets)
{
    mpi_t *me = (mpi_t *)net;
    uint64_t length = n;

    ARCH_TRY_MPI(MPI_Gather(&length, 1, MPI_UINT64_T, me->in.bytes, 1, MPI_UINT64_T, (int)root, me->comm));
    if (net->rank == root)
        return collect(me, bytes, me->in.bytes, all, offsets);
    ARCH_TRY(start_send(me, bytes, n, root, TAG_GATHER));
    return finish(me);
}

/* ---- exchange ---------------------------------------------------------------------------------------------------- */

static uint64_t beside(const mpi_t *me, uint64_t n_bytes)
{
    if (me->net.size > DIRECT_RANKS)
        return 0;
    return n_bytes < BESIDE_BYTES ? n_bytes : BESIDE_BYTES;
}

static size_t cell_bytes(const mpi_t *me)
{
    return sizeof(header_t) + (me->net.size > DIRECT_RANKS ? 0 : BESIDE_BYTES);
}

static char *cell(const mpi_t *me, const archi_buffer_t *cells, uint32_t rank)
{
    return (char *)cells->bytes + rank * cell_bytes(me);
}

static uint64_t bytes_from(const mpi_t *me, uint32_t rank)
{
    return ((const header_t *)(const void *)cell(me, &me->in, rank))->n_bytes;
}

static void fill_cells(mpi_t *me, const void *send, const uint64_t *offset, const archi_net_round_t *round)
{
    for (uint32_t r = 0; r < me->net.size; r++) {
        header_t header = {*round, offset[r + 1] - offset[r]};
        uint64_t n = beside(me, header.n_bytes);

        memcpy(cell(me, &me->out, r), &header, sizeof header);
        if (n > 0)
            memcpy(cell(me, &me->out, r) + sizeof header, (const char *)send + offset[r], n);
    }
    memcpy(cell(me, &me->in, me->net.rank), cell(me, &me->out, me->net.rank),
           sizeof(header_t) + beside(me, offset[me->net.rank + 1] - offset[me->net.rank]));
}

static arch_status_t trade_cells(mpi_t *me, const uint64_t *offset)
{
    if (me->net.size > DIRECT_RANKS) {
        ARCH_TRY_MPI(MPI_Alltoall(me->out.bytes, (int)sizeof(header_t), MPI_BYTE, me->in.bytes, (int)sizeof(header_t),
                                  MPI_BYTE, me->comm));
        return ARCH_OK;
    }
    for (uint32_t i = 1; i < me->net.size; i++) {
        uint32_t from = (me->net.rank + i) % me->net.size;
        ARCH_TRY(start_recv(me, cell(me, &me->in, from), cell_bytes(me), from, TAG_HEADER));
    }
    for (uint32_t i = 1; i < me->net.size; i++) {
        uint32_t to = (me->net.rank + i) % me->net.size;
        ARCH_TRY(start_send(me, cell(me, &me->out, to), sizeof(header_t) + beside(me, offset[to + 1] - offset[to]), to,
                            TAG_HEADER));
    }
    return finish(me);
}

/* What did not fit beside the headers. `arrived` is NULL when there is no memory for it. */
static arch_status_t trade_rest(mpi_t *me, const void *send, const uint64_t *offset, char *arrived)
{
    uint64_t at = 0;

    for (uint32_t r = 0; r < me->net.size; r++) {
        uint64_t n = bytes_from(me, r), first = beside(me, n);

        if (arrived != NULL && first > 0)
            memcpy(arrived + at, cell(me, &me->in, r) + sizeof(header_t), first);
        if (r != me->net.rank && n > first)
            ARCH_TRY(start_recv(me, arrived == NULL ? NULL : arrived + at + first, n - first, r, TAG_REST));
        else if (arrived != NULL && n > first)
            memcpy(arrived + at + first, (const char *)send + offset[r] + first, n - first);
        at += n;
    }
    for (uint32_t i = 1; i < me->net.size; i++) {
        uint32_t r = (me->net.rank + i) % me->net.size;
        uint64_t n = offset[r + 1] - offset[r], first = beside(me, n);
        if (n > first)
            ARCH_TRY(start_send(me, (const char *)send + offset[r] + first, n - first, r, TAG_REST));
    }
    return me->n_requests == 0 ? ARCH_OK : finish(me);
}

static arch_status_t mpi_exchange(archi_net_t *net, const void *send, const uint64_t *send_offset, const void **recv,
                                  uint64_t *n_recv, archi_net_round_t *round)
{
    mpi_t *me = (mpi_t *)net;
    uint64_t n = 0;

    fill_cells(me, send, send_offset, round);
    ARCH_TRY(trade_cells(me, send_offset));
    for (uint32_t r = 0; r < net->size; r++) {
        n += bytes_from(me, r);
        if (r != net->rank)
            archi_net_round_add(round, (const archi_net_round_t *)(const void *)cell(me, &me->in, r));
    }
    if (archi_buffer_reserve(&me->arrived, n) != ARCH_OK) {
        (void)trade_rest(me, send, send_offset, NULL);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %llu bytes of messages", (unsigned long long)n);
    }
    ARCH_TRY(trade_rest(me, send, send_offset, me->arrived.bytes));
    *recv = me->arrived.bytes;
    *n_recv = n;
    return ARCH_OK;
}

/* ---- opening, splitting, closing --------------------------------------------------------------------------------- */

static void close_window(MPI_Win *window)
{
    if (*window == MPI_WIN_NULL)
        return;
    (void)MPI_Win_unlock_all(*window);
    (void)MPI_Win_free(window);
    *window = MPI_WIN_NULL;
}

/* Rank 0's part of the window is all of it; the others find out where they see it. */
static arch_status_t open_window(mpi_t *me, MPI_Win *window, size_t bytes, void **region)
{
    MPI_Aint own = me->net.rank == 0 ? (MPI_Aint)(bytes + 127) : 0, size = 0;
    void *base = NULL;
    int unit = 1;

    ARCH_TRY_MPI(MPI_Win_allocate_shared(own, 1, MPI_INFO_NULL, me->comm, &base, window));
    ARCH_TRY_MPI(MPI_Win_set_errhandler(*window, MPI_ERRORS_RETURN));
    ARCH_TRY_MPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, *window));
    ARCH_TRY_MPI(MPI_Win_shared_query(*window, 0, &size, &unit, &base));
    *region = (void *)(((uintptr_t)base + 127) & ~(uintptr_t)127); /* pages: the same rounding on every rank */
    return ARCH_OK;
}

/* A machine that does not let its processes share memory is no failure: there are messages. */
static arch_status_t mpi_share(archi_net_t *net, uint32_t use, size_t bytes, void **region)
{
    mpi_t *me = (mpi_t *)net;
    int64_t works = me->together;

    if (!me->together)
        return ARCH_OK;
    close_window(&me->window[use]);
    works = open_window(me, &me->window[use], bytes, region) == ARCH_OK;
    ARCH_TRY(mpi_reduce(net, &works, 1, ARCHI_NET_MIN_I64));
    if (!works) {
        *region = NULL;
        me->together = 0;
    }
    return ARCH_OK;
}

static void mpi_destroy(archi_net_t *net)
{
    mpi_t *me = (mpi_t *)net;
    int over = 0;

    (void)MPI_Finalized(&over); /* nothing is left to do about a failure in here */
    for (uint32_t use = 0; use < ARCHI_NET_USES && !over; use++)
        close_window(&me->window[use]);
    if (!over && me->comm != MPI_COMM_NULL)
        (void)MPI_Comm_free(&me->comm);
    if (!over && me->finalises)
        (void)MPI_Finalize();
    archi_buffer_free(&me->out);
    archi_buffer_free(&me->in);
    archi_buffer_free(&me->arrived);
    archi_buffer_free(&me->requests);
    free(me);
}

static arch_status_t mpi_split(archi_net_t *net, uint32_t colour, archi_net_t **out);

static const archi_net_ops_t mpi_ops = {"mpi", 0,   mpi_comm,     mpi_reduce, mpi_bcast,  mpi_barrier,
                                        mpi_gather, mpi_exchange, mpi_share,  mpi_split, mpi_destroy};

/* The cores of all ranks of this node: a launcher may have bound each of them to some of its own. */
static arch_status_t count_cores(mpi_t *me, MPI_Comm node)
{
    cpu_set_t own, any, all;

    CPU_ZERO(&own);
    me->net.n_cores = archi_own_cores();
    if (sched_getaffinity(0, sizeof own, &own) != 0)
        CPU_ZERO(&own);
    ARCH_TRY_MPI(MPI_Allreduce(&own, &any, (int)sizeof own, MPI_BYTE, MPI_BOR, node));
    ARCH_TRY_MPI(MPI_Allreduce(&own, &all, (int)sizeof own, MPI_BYTE, MPI_BAND, node));
    me->net.bound = !CPU_EQUAL(&any, &all);
    if (CPU_COUNT(&any) > 0)
        me->net.n_cores = (uint32_t)CPU_COUNT(&any);
    return ARCH_OK;
}

/* Who else is on this node. */
static arch_status_t look_around(mpi_t *me)
{
    MPI_Comm node;
    int n = 1, place = 0;

    ARCH_TRY_MPI(MPI_Comm_split_type(me->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
    ARCH_TRY_MPI(MPI_Comm_size(node, &n));
    ARCH_TRY_MPI(MPI_Comm_rank(node, &place));
    me->net.n_near = (uint32_t)n;
    me->net.place = (uint32_t)place;
    me->net.near_first = me->net.rank;
    ARCH_TRY_MPI(MPI_Bcast(&me->net.near_first, 1, MPI_UINT32_T, 0, node)); /* split in the order of the ranks */
    ARCH_TRY(count_cores(me, node));
    ARCH_TRY_MPI(MPI_Comm_free(&node));
    archi_net_set_spins(&me->net);
    me->together = (uint32_t)n == me->net.size;
    me->net.rounds = me->together && n > 1 ? ARCHI_NET_UNTRIED : ARCHI_NET_BY_MESSAGES;
    return ARCH_OK;
}

/* Collective over comm, which becomes the net's own. */
static arch_status_t set_up(mpi_t *me, MPI_Comm comm)
{
    int rank = 0, size = 1;

    me->comm = comm;
    for (uint32_t use = 0; use < ARCHI_NET_USES; use++)
        me->window[use] = MPI_WIN_NULL;
    ARCH_TRY_MPI(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    ARCH_TRY_MPI(MPI_Comm_rank(comm, &rank));
    ARCH_TRY_MPI(MPI_Comm_size(comm, &size));
    me->net.ops = &mpi_ops;
    me->net.rank = (uint32_t)rank;
    me->net.size = (uint32_t)size;
    ARCH_TRY(look_around(me));
    ARCH_TRY(archi_buffer_reserve(&me->out, me->net.size * cell_bytes(me)));
    ARCH_TRY(archi_buffer_reserve(&me->in, me->net.size * cell_bytes(me)));
    return archi_buffer_reserve(&me->requests, 4 * me->net.size * sizeof(MPI_Request));
}

static arch_status_t make_net(MPI_Comm comm, int finalises, archi_net_t **out)
{
    mpi_t *me = calloc(1, sizeof *me);
    arch_status_t st;

    if (me == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a rank");
    me->finalises = finalises;
    st = set_up(me, comm);
    if (st != ARCH_OK) {
        mpi_destroy(&me->net);
        return st;
    }
    *out = &me->net;
    return ARCH_OK;
}

static arch_status_t mpi_split(archi_net_t *net, uint32_t colour, archi_net_t **out)
{
    mpi_t *me = (mpi_t *)net;
    uint32_t *colours = me->in.bytes;
    uint32_t first = 0;
    MPI_Comm part;
    arch_status_t st;

    /* MPI's colours stop at 2^31 - 1: the first rank of a colour stands for it. */
    ARCH_TRY_MPI(MPI_Allgather(&colour, 1, MPI_UINT32_T, colours, 1, MPI_UINT32_T, me->comm));
    while (colours[first] != colour)
        first++;
    ARCH_TRY_MPI(MPI_Comm_split(me->comm, (int)first, (int)net->rank, &part));
    st = archi_net_agree(net, make_net(part, 0, out));
    if (st != ARCH_OK)
        archi_net_destroy(out);
    return st;
}

arch_status_t archi_net_mpi_open(archi_net_t **out)
{
    int running = 0, over = 0, level = 0;
    MPI_Comm world;

    *out = NULL;
    ARCH_TRY_MPI(MPI_Initialized(&running));
    ARCH_TRY_MPI(MPI_Finalized(&over));
    if (over)
        return ARCH_FAIL(ARCH_E_MPI, "MPI was finalised before; it cannot be started again in this process");
    if (!running)
        ARCH_TRY_MPI(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level));
    ARCH_TRY_MPI(MPI_Comm_dup(MPI_COMM_WORLD, &world));
    return make_net(world, !running, out);
}

int archi_net_mpi_launched(void)
{
    static const char *const set_by_launchers[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE",
                                                   "MPI_LOCALNRANKS"};

    for (size_t i = 0; i < sizeof set_by_launchers / sizeof set_by_launchers[0]; i++)
        if (getenv(set_by_launchers[i]) != NULL)
            return 1;
    return 0;
}
