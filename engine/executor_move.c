/* engine/executor_move.c - blocks from one rank to another, between two segments of a run.
 *
 * A block is flat: its bytes are all of it, and whoever holds them holds the block. They travel in pieces, for all moves at
 * once, in as many exchanges as the busiest pair of ranks needs. Until all ranks have said that everything arrived the
 * sender keeps what it sent: a move happens everywhere or nowhere.
 *
 * Between threads of one process nothing travels: a block's address is handed over, and its memory with it. Copies would be
 * nearer to their new core where memory has a place, but the pages of a copy have to be had first, and on a run of a second
 * that is most of what a move costs. */
#include "engine/executor_impl.h"
#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 1 << 20 }; /* from one rank to another in one exchange */

struct archi_mover {
    archi_exec_t   *x;
    archi_net_t    *net;        /* of all ranks */
    uint32_t        rank, size, n_blocks;
    const uint32_t *to;         /* [n_blocks] who is to hold which */
    uint32_t       *single;     /* [n_blocks] the same, when one block moves at a time */
    uint64_t       *bytes;      /* [n_blocks] size of the blocks that move, else 0; [n_blocks] addresses of these */
    uint64_t       *carried;    /* [n_blocks] so many of these have been sent */
    archi_block_t **at;         /* [n_blocks] room for the blocks that come here, by number, or those handed over */
    uint64_t       *offset;     /* [size + 1] see archi_net_exchange() */
    archi_buffer_t  out;
};

void archi_mover_destroy(archi_mover_t **mover)
{
    archi_mover_t *m = *mover;

    if (m == NULL)
        return;
    free(m->single);
    free(m->bytes);
    free(m->carried);
    free(m->at);
    free(m->offset);
    archi_buffer_free(&m->out);
    free(m);
    *mover = NULL;
}

arch_status_t archi_mover_create(archi_exec_t *x, archi_mover_t **out)
{
    size_t n = x->run->map->n_blocks + (size_t)1;
    archi_mover_t *m = *out = calloc(1, sizeof *m);

    if (m == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to move blocks");
    m->x = x;
    m->net = x->run->net;
    m->rank = x->rank;
    m->size = x->size;
    m->n_blocks = x->run->map->n_blocks;
    m->single = calloc(n, sizeof *m->single);
    m->bytes = calloc(2 * n, sizeof *m->bytes);
    m->carried = calloc(n, sizeof *m->carried);
    m->at = calloc(n, sizeof(archi_block_t *));
    m->offset = calloc(x->size + (size_t)1, sizeof *m->offset);
    if (m->single == NULL || m->bytes == NULL || m->carried == NULL || m->at == NULL || m->offset == NULL) {
        archi_mover_destroy(out);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to move %u blocks", (unsigned)(n - 1));
    }
    return ARCH_OK;
}

/* ---- before ------------------------------------------------------------------------------------------------------ */

static int moves(const archi_mover_t *m, uint32_t b, uint32_t from, uint32_t to)
{
    return m->x->holder[b] == from && m->to[b] == to && from != to;
}

static int comes(const archi_mover_t *m, uint32_t b) { return m->to[b] == m->rank && m->x->holder[b] != m->rank; }

/* Of every block that moves its size, and its address for those who can use it: said by its rank alone. */
static arch_status_t learn_sizes(archi_mover_t *m)
{
    const archi_run_t *run = m->x->run;
    size_t n = m->n_blocks;

    memset(m->carried, 0, n * sizeof *m->carried);
    memset(m->bytes, 0, 2 * n * sizeof *m->bytes);
    for (uint32_t i = 0; i < run->n_local; i++) {
        uint32_t id = run->block[i]->id;
        if (m->to[id] == m->rank)
            continue;
        m->bytes[id] = run->block[i]->bytes;
        m->bytes[n + id] = (uintptr_t)run->block[i];
    }
    return archi_net_sum_u64(m->net, m->bytes, 2 * n);
}

/* What leaves is still here while what comes arrives. */
static arch_status_t expect(archi_mover_t *m)
{
    const archi_exec_t *x = m->x;
    uint64_t total = x->bytes, limit = x->unlimited ? 0 : x->run->memory_limit;

    for (uint32_t b = 0; b < m->n_blocks; b++)
        if (comes(m, b))
            total += m->bytes[b];
    return limit != 0 && total > limit ? ARCH_E_FULL : ARCH_OK;
}

static arch_status_t make_room(archi_mover_t *m)
{
    ARCH_TRY(expect(m));
    for (uint32_t b = 0; b < m->n_blocks; b++)
        if (comes(m, b))
            ARCH_TRY(archi_block_reserve(m->bytes[b], &m->at[b]));
    return ARCH_OK;
}

/* ---- carrying ---------------------------------------------------------------------------------------------------- */

/* How many bytes of block b go in this exchange, of `left` that its two ranks still have for it; both count alike. */
static uint64_t next_piece(archi_mover_t *m, uint32_t b, uint64_t *left)
{
    uint64_t n = m->bytes[b] - m->carried[b];

    n = n < *left ? n : *left;
    *left -= n;
    m->carried[b] += n;
    return n;
}

static uint64_t still_to_send(const archi_mover_t *m)
{
    uint64_t n = 0;

    for (uint32_t b = 0; b < m->n_blocks; b++)
        if (m->x->holder[b] == m->rank)
            n += m->bytes[b] - m->carried[b];
    return n;
}

static arch_status_t pack(archi_mover_t *m)
{
    const archi_exec_t *x = m->x;
    uint64_t at = 0, most = (uint64_t)PIECE_BYTES * m->size, total = still_to_send(m);

    ARCH_TRY(archi_buffer_reserve(&m->out, total < most ? total : most));
    for (uint32_t r = 0; r < m->size; r++) {
        uint64_t left = PIECE_BYTES;
        for (uint32_t b = 0; b < m->n_blocks && left > 0; b++)
            if (moves(m, b, m->rank, r)) {
                uint64_t from = m->carried[b], n = next_piece(m, b, &left);
                memcpy((char *)m->out.bytes + at, (const char *)x->run->block[x->local_of[b]] + from, n);
                at += n;
            }
        m->offset[r + 1] = at;
    }
    return ARCH_OK;
}

static void unpack(archi_mover_t *m, const char *arrived)
{
    if (arrived == NULL) /* not a byte, of nobody */
        return;
    for (uint32_t r = 0; r < m->size; r++) {
        uint64_t left = PIECE_BYTES;
        for (uint32_t b = 0; b < m->n_blocks && left > 0; b++)
            if (moves(m, b, r, m->rank)) {
                uint64_t from = m->carried[b], n = next_piece(m, b, &left);
                memcpy((char *)m->at[b] + from, arrived, n);
                arrived += n;
            }
    }
}

/* Exchange pieces until nobody has more to send, or somebody is in trouble: that rank sends nothing and says so. */
static arch_status_t carry(archi_mover_t *m, arch_status_t own)
{
    archi_net_round_t round = {{0, 1}, 0};
    const void *arrived;
    uint64_t n;

    while (round.least[0] == 0 && round.least[1] == 1) {
        arch_status_t st;
        memset(m->offset, 0, (m->size + (size_t)1) * sizeof *m->offset);
        if (own == ARCH_OK)
            own = pack(m);
        round.least[0] = still_to_send(m) == 0;
        round.least[1] = own == ARCH_OK;
        st = archi_net_exchange_round(m->net, m->out.bytes, m->offset, &arrived, &n, &round);
        if (st == ARCH_E_MPI)
            return st;
        if (own == ARCH_OK)
            own = st;
        if (own == ARCH_OK && round.least[1] == 1)
            unpack(m, arrived);
    }
    return own;
}

/* ---- handing over ------------------------------------------------------------------------------------------------ */

/* Whoever gave a block must not look at it again: it may run, grow or be gone already. */
static void hand_over(archi_mover_t *m)
{
    for (uint32_t b = 0; b < m->n_blocks; b++)
        if (comes(m, b))
            m->at[b] = (archi_block_t *)(uintptr_t)m->bytes[m->n_blocks + b];
        else if (m->x->holder[b] == m->rank && m->to[b] != m->rank)
            m->x->run->block[m->x->local_of[b]] = NULL;
}

/* ---- after ------------------------------------------------------------------------------------------------------- */

static void count_moves(archi_mover_t *m)
{
    for (uint32_t b = 0; b < m->n_blocks; b++)
        if (m->x->holder[b] == m->rank && m->to[b] != m->rank) {
            m->x->stats->n_moved++;
            m->x->stats->moved_bytes += m->bytes[b];
        }
}

/* The blocks that stay and those that came are this rank's from now on, in order; the others live elsewhere. */
static void take_over(archi_mover_t *m)
{
    archi_run_t *run = m->x->run;
    uint32_t n = 0;

    m->x->stats->n_events += m->x->n_events - m->x->counted;
    for (uint32_t i = 0; i < run->n_local; i++) {
        uint32_t id = run->block[i] == NULL ? ARCHI_NIL : run->block[i]->id;
        if (id == ARCHI_NIL) /* handed over */
            continue;
        if (m->to[id] == m->rank)
            m->at[id] = run->block[i];
        else
            archi_block_destroy(&run->block[i]);
        run->block[i] = NULL;
    }
    for (uint32_t b = 0; b < m->n_blocks; b++)
        if (m->at[b] != NULL) {
            run->block[n++] = m->at[b];
            m->at[b] = NULL;
        }
    run->n_local = n;
    memcpy(m->x->holder, m->to, m->n_blocks * sizeof *m->x->holder);
    archi_exec_look(m->x);
}

static void give_room_back(archi_mover_t *m)
{
    for (uint32_t b = 0; b < m->n_blocks; b++)
        archi_block_destroy(&m->at[b]);
}

/* Everywhere or nowhere; a failure of memory is no failure of the run. */
static arch_status_t move(archi_mover_t *m, const uint32_t *to, int *moved)
{
    int hands_over = archi_net_one_process(m->net);
    arch_status_t st;
    int64_t all;

    m->to = to;
    st = learn_sizes(m);
    if (st == ARCH_OK)
        st = hands_over ? expect(m) : carry(m, make_room(m));
    if (st == ARCH_E_MPI)
        return st;
    all = st == ARCH_OK;
    ARCH_TRY(archi_net_min_i64(m->net, &all, 1));
    *moved = (int)all;
    if (!all)
        give_room_back(m);
    else if (hands_over)
        hand_over(m);
    return ARCH_OK;
}

static int in_place(const archi_mover_t *m, const uint32_t *to)
{
    return memcmp(to, m->x->holder, m->n_blocks * sizeof *to) == 0;
}

arch_status_t archi_move(archi_mover_t *m, const uint32_t *to, int *moved)
{
    *moved = 1;
    if (in_place(m, to))
        return ARCH_OK;
    ARCH_TRY(move(m, to, moved));
    if (*moved) {
        count_moves(m);
        take_over(m);
    }
    return ARCH_OK;
}

static arch_status_t one_home(archi_mover_t *m, uint32_t b, const uint32_t *home)
{
    int moved = 0;

    memcpy(m->single, m->x->holder, m->n_blocks * sizeof *m->single);
    m->single[b] = home[b];
    if (in_place(m, m->single))
        return ARCH_OK;
    ARCH_TRY(move(m, m->single, &moved));
    if (!moved)
        return ARCH_FAIL(ARCH_E_NOMEM, "there is no memory to bring block %u back to its rank", (unsigned)b);
    take_over(m);
    return ARCH_OK;
}

/* All at once needs memory for all at once; otherwise one by one. */
arch_status_t archi_move_home(archi_mover_t *m, const uint32_t *home)
{
    arch_status_t st = ARCH_OK;
    int moved = 0;

    if (in_place(m, home))
        return ARCH_OK;
    m->x->unlimited = 1;
    ARCH_TRY_TO(done, move(m, home, &moved));
    if (moved)
        take_over(m);
    for (uint32_t b = 0; b < m->n_blocks; b++)
        ARCH_TRY_TO(done, one_home(m, b, home));
done:
    m->x->unlimited = 0;
    return st;
}
