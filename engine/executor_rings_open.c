/* engine/executor_rings_open.c - where everything lies in the memory that ranks share, and what they promise each other.
 *
 *     square | board of each rank | desk of each rank | rings to rank 0 from rank 0, 1 ... | rings to rank 1 ...
 *
 * Whoever writes has cache lines of its own. A rank's clock and the ends of its rings stand in one line, up to six ranks:
 * one line tells another rank both how far it may go and what there is to fetch. */
#include "engine/executor_rings.h"
#include <stdlib.h>
#include <string.h>

enum {
    RING_EVENTS = 4096,
    FEWEST_EVENTS = 64,
    BYTES_TO_A_RANK = 384 * 1024,
    SPINS = 64, /* turns of the loop without work, some us, before others may have the core */
    MOST_RANKS = 64 /* each looks at all others in every turn: among more, rounds of messages are cheaper */
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2, "processes cannot share a lock");

/* The rings to one rank should stay in its cache. */
uint64_t archi_ring_capacity(uint32_t size, uint32_t wanted)
{
    uint64_t most = BYTES_TO_A_RANK / sizeof(archi_event_t) / (size - 1), n = 1;

    most = most > RING_EVENTS ? RING_EVENTS : most < FEWEST_EVENTS ? FEWEST_EVENTS : most;
    if (wanted != 0)
        most = wanted;
    while (2 * n <= most)
        n *= 2;
    return n;
}

static size_t lines(size_t bytes) { return (bytes + ARCHI_LINES - 1) / ARCHI_LINES * ARCHI_LINES; }
static size_t board_bytes(uint32_t size) { return lines(sizeof(archi_board_t) + size * sizeof(uint64_t)); }
static size_t desk_bytes(uint32_t size) { return lines(sizeof(archi_desk_t) + size * sizeof(uint64_t)); }
static size_t ring_bytes(const archi_rings_t *g) { return lines((g->mask + 1) * sizeof(archi_event_t)); }

static size_t rings_at(uint32_t size)
{
    return lines(sizeof(archi_square_t)) + size * (board_bytes(size) + desk_bytes(size));
}

static archi_board_t *board_of(const archi_rings_t *g, uint32_t rank)
{
    return (archi_board_t *)((char *)g->square + lines(sizeof *g->square) + rank * board_bytes(g->x->size));
}

static archi_desk_t *desk_of(const archi_rings_t *g, uint32_t rank)
{
    return (archi_desk_t *)((char *)board_of(g, g->x->size) + rank * desk_bytes(g->x->size));
}

static archi_event_t *ring_of(const archi_rings_t *g, uint32_t from, uint32_t to)
{
    size_t n = (size_t)to * g->x->size + from;

    return (archi_event_t *)((char *)g->square + rings_at(g->x->size) + n * ring_bytes(g));
}

/* ---- what ranks promise ------------------------------------------------------------------------------------------ */

static void promise(arch_time_t *place, arch_time_t lookahead)
{
    if (lookahead < *place)
        *place = lookahead;
}

static void promise_link(archi_rings_t *g, uint32_t from, uint32_t to, arch_time_t lookahead)
{
    uint32_t me = g->x->rank;

    if (from == me && to == me)
        promise(&g->inside, lookahead);
    else if (from == me)
        promise(&g->peer[to].to_it, lookahead);
    else if (to == me)
        promise(&g->peer[from].from_it, lookahead);
}

/* Where nothing is said of links, every block may send to every other. */
static void promise_all(archi_rings_t *g)
{
    const archi_run_t *run = g->x->run;

    for (uint32_t id = 0; id < run->map->n_blocks && run->n_local > 0; id++) {
        promise_link(g, g->x->rank, run->rank_of[id], run->lookahead);
        promise_link(g, run->rank_of[id], g->x->rank, run->lookahead);
    }
    if (run->n_local < 2)
        g->inside = ARCH_TIME_MAX;
}

/* From pairs of blocks to pairs of ranks, and to what this rank's own blocks may send each other. */
static void collect_promises(archi_rings_t *g)
{
    const archi_run_t *run = g->x->run;

    g->inside = ARCH_TIME_MAX;
    for (archi_peer_t *p = g->peer; p < archi_ring_peers_end(g); p++)
        p->from_it = p->to_it = ARCH_TIME_MAX;
    if (run->link == NULL)
        promise_all(g);
    else
        for (uint32_t i = 0; i < run->n_links; i++)
            promise_link(g, run->rank_of[run->link[i].from], run->rank_of[run->link[i].to], run->link[i].lookahead);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static void reset(archi_rings_t *g)
{
    atomic_store_explicit(&g->board->clock, 0, memory_order_relaxed);
    atomic_store_explicit(&g->board->version, g->version, memory_order_relaxed);
    atomic_store_explicit(&g->desk->next, g->next, memory_order_relaxed);
    atomic_store_explicit(&g->desk->n_events, g->x->n_events, memory_order_relaxed);
    atomic_store_explicit(&g->desk->left, 0, memory_order_relaxed);
    for (uint32_t r = 0; r < g->x->size; r++) {
        atomic_store_explicit(&g->board->sent[r], 0, memory_order_relaxed);
        atomic_store_explicit(&g->desk->taken[r], 0, memory_order_relaxed);
    }
    if (g->x->rank == 0) {
        atomic_store_explicit(&g->square->floor, 0, memory_order_relaxed);
        atomic_store_explicit(&g->square->verdict, ARCHI_GOES_ON, memory_order_relaxed);
    }
}

static void find_peers(archi_rings_t *g)
{
    for (uint32_t r = 0; r < g->x->size; r++) {
        g->peer[r].board = board_of(g, r);
        g->peer[r].desk = desk_of(g, r);
        g->peer[r].in = ring_of(g, r, g->x->rank);
        g->peer[r].out = ring_of(g, g->x->rank, r);
        g->peer[r].n_room = g->mask + 1;
    }
    g->board = board_of(g, g->x->rank);
    g->desk = desk_of(g, g->x->rank);
    if (g->x->size == 2 && g->x->run->n_local == 1)
        g->only = &g->peer[1 - g->x->rank];
}

static arch_status_t reserve_peers(archi_rings_t *g)
{
    g->peer = calloc(g->x->size, sizeof *g->peer);
    if (g->peer == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a run on %u ranks", (unsigned)g->x->size);
    return ARCH_OK;
}

/* The reduction comes when every rank has cleared what is its own, and tells where to begin. */
static arch_status_t begin(archi_rings_t *g)
{
    int64_t first = ARCH_TIME_MAX;

    for (uint32_t i = 0; i < g->x->run->n_local; i++)
        promise(&first, g->x->next[i]);
    g->next = first;
    g->version = 1;
    reset(g);
    ARCH_TRY(archi_net_min_i64(g->x->run->net, &first, 1));
    g->floor = first;
    for (archi_peer_t *p = g->peer; p < archi_ring_peers_end(g); p++)
        p->bound = archi_time_add(first, p->from_it);
    return ARCH_OK;
}

arch_status_t archi_rings_open(archi_rings_t *g, archi_exec_t *x)
{
    archi_net_t *net = x->run->net;
    void *region = NULL;

    memset(g, 0, sizeof *g);
    g->x = x;
    if (x->size > MOST_RANKS)
        return ARCH_OK;
    g->mask = archi_ring_capacity(x->size, net->ring_events) - 1;
    ARCH_TRY(archi_net_share(net, rings_at(x->size) + (size_t)x->size * x->size * ring_bytes(g), &region));
    if (region == NULL)
        return ARCH_OK;
    ARCH_TRY(archi_net_agree(net, reserve_peers(g)));
    g->square = region;
    g->spins = net->spins > 0 ? SPINS : 0;
    find_peers(g);
    collect_promises(g);
    return begin(g);
}

void archi_rings_close(archi_rings_t *g)
{
    free(g->peer);
    g->peer = NULL;
}
