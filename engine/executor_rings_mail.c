/* engine/executor_rings_mail.c - events into the rings and out of them.
 *
 * A ring has one writer and one reader (Lamport, "Specifying concurrent program modules", TOPLAS 5(2), 1983): each counts on
 * its own line what it has put in or taken out, and remembers what it last read of the other's count, so that a reader
 * looks there when it has fetched all it knew of, and a writer when the ring seems full (as in FastForward, PPoPP 2008, and
 * MCRingBuffer, IPDPS 2010). Counts are published for a whole chunk of events at once. */
#include "engine/executor_rings.h"
#include <string.h>
#include "engine/hot.h"

enum { FETCHED = 16 }; /* events that are fetched from the other core before they are looked at */

static archi_event_t *outbox(archi_block_t *b) { return (archi_event_t *)archi_section(b, ARCHI_SEC_OUTBOX); }

/* ---- in ---------------------------------------------------------------------------------------------------------- */

/* Where the only block is, nobody need ask. */
static inline uint32_t place_of(const archi_exec_t *x, const archi_event_t *ev)
{
    uint32_t to;

    if (x->run->n_local == 1)
        return 0;
    to = archi_block_of(x->run->map, ev->dst);
    ARCH_ASSERT(to < x->run->map->n_blocks && x->local_of[to] != ARCHI_NIL);
    return x->local_of[to];
}

static arch_status_t drain_from(archi_rings_t *g, archi_peer_t *p)
{
    arch_status_t st = ARCH_OK;

    archi_ring_wake(g);
    for (uint64_t i = p->n_taken; i < p->n_sent && i < p->n_taken + FETCHED; i++)
        ARCHI_FETCH_TO_READ(&p->in[i & g->mask]);
    for (; p->n_taken < p->n_sent && st == ARCH_OK && !g->discards; p->n_taken++) {
        const archi_event_t *ev = &p->in[p->n_taken & g->mask];

        ARCHI_FETCH_TO_READ(ev + FETCHED);
        ARCH_ASSERT(ev->at >= p->bound); /* or the lookahead that the model promised does not hold */
        st = archi_mail_push(g->x, place_of(g->x, ev), ev);
        if (ev->at < g->next)
            g->next = ev->at;
    }
    p->n_taken = p->n_sent; /* what a rank in trouble leaves is lost with its run */
    atomic_store_explicit(&g->desk->taken[p - g->peer], p->n_taken, memory_order_release);
    return st;
}

arch_status_t archi_ring_drain(archi_rings_t *g)
{
    for (archi_peer_t *p = g->peer; p < archi_ring_peers_end(g); p++) {
        if (p->n_sent != p->n_taken)
            ARCH_TRY(drain_from(g, p));
        p->bound = archi_time_add(p->clock, p->from_it);
    }
    return ARCH_OK;
}

/* ---- out --------------------------------------------------------------------------------------------------------- */

/* What was published is remembered: the own board is a line that others read, so looking there takes as long as theirs. */
static void publish(archi_rings_t *g, archi_peer_t *p)
{
    p->n_published = p->n_posted;
    atomic_store_explicit(&g->board->sent[p - g->peer], p->n_posted, memory_order_release);
}

static bool is_full(archi_rings_t *g, archi_peer_t *p)
{
    if (p->n_posted < p->n_room)
        return false;
    p->n_room = atomic_load_explicit(&p->desk->taken[g->x->rank], memory_order_acquire) + g->mask + 1;
    return p->n_posted == p->n_room;
}

/* The ring is full: two ranks that wait for each other's must each empty its own. Nobody leaves before all have put in what
 * they have, so the other side does take it sooner or later. */
static arch_status_t wait_for_room(archi_rings_t *g, archi_peer_t *full)
{
    publish(g, full);
    for (; is_full(g, full); archi_ring_rest(g)) {
        for (archi_peer_t *p = g->peer; p < archi_ring_peers_end(g); p++)
            if (p != g->peer + g->x->rank)
                p->n_sent = atomic_load_explicit(&p->board->sent[g->x->rank], memory_order_acquire);
        ARCH_TRY(archi_ring_drain(g));
    }
    archi_ring_rested(g);
    return ARCH_OK;
}

/* All of it is for one rank. The block may move while a full ring is waited for. */
static arch_status_t post_all(archi_rings_t *g, archi_peer_t *p, uint32_t place)
{
    uint32_t n = g->x->run->block[place]->section[ARCHI_SEC_OUTBOX].used;

    for (uint32_t k = 0; k < n;) {
        uint64_t first = p->n_posted & g->mask, some = g->mask + 1 - first;

        if (is_full(g, p))
            ARCH_TRY(wait_for_room(g, p));
        some = some < n - k ? some : n - k;
        some = some < p->n_room - p->n_posted ? some : p->n_room - p->n_posted;
        memcpy(p->out + first, outbox(g->x->run->block[place]) + k, some * sizeof(archi_event_t));
        p->n_posted += some;
        k += (uint32_t)some;
    }
    return ARCH_OK;
}

static arch_status_t post_each(archi_rings_t *g, uint32_t place)
{
    archi_exec_t *x = g->x;
    uint32_t n = x->run->block[place]->section[ARCHI_SEC_OUTBOX].used;
    const archi_event_t *ev = outbox(x->run->block[place]);

    for (uint32_t k = 0; k < n; k++, ev++) {
        uint32_t to = archi_block_of(x->run->map, ev->dst);
        archi_peer_t *p = &g->peer[x->run->rank_of[to]];

        if (x->local_of[to] != ARCHI_NIL) {
            ARCH_ASSERT(ev->at >= archi_time_add(g->from, g->inside));
            ARCH_TRY(archi_mail_push(x, x->local_of[to], ev));
            continue;
        }
        ARCH_ASSERT(ev->at >= archi_time_add(g->from, p->to_it)); /* or the promised lookahead does not hold */
        if (is_full(g, p)) {
            ARCH_TRY(wait_for_room(g, p));
            ev = outbox(x->run->block[place]) + k;
        }
        p->out[p->n_posted++ & g->mask] = *ev;
    }
    return ARCH_OK;
}

arch_status_t archi_ring_post(archi_rings_t *g)
{
    archi_exec_t *x = g->x;

    for (uint32_t i = 0; i < x->n_ran; i++) {
        archi_section_t *section = x->run->block[x->ran[i]]->section;
        uint32_t n = section[ARCHI_SEC_OUTBOX].used;

        if (n == 0)
            continue;
        ARCH_TRY(g->only != NULL ? post_all(g, g->only, x->ran[i]) : post_each(g, x->ran[i]));
        x->stats->n_messages += n;
        section = x->run->block[x->ran[i]]->section;
        section[ARCHI_SEC_OUTBOX].used = section[ARCHI_SEC_SENT].used = 0;
    }
    for (archi_peer_t *p = g->peer; p < archi_ring_peers_end(g); p++)
        if (p->n_posted != p->n_published)
            publish(g, p);
    return ARCH_OK;
}

void archi_ring_drop(archi_rings_t *g)
{
    for (uint32_t i = 0; i < g->x->run->n_local; i++) {
        g->x->run->block[i]->section[ARCHI_SEC_OUTBOX].used = 0;
        g->x->run->block[i]->section[ARCHI_SEC_SENT].used = 0;
    }
}
