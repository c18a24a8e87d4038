/* engine/executor_rings.c - several ranks of one machine: each runs as far as the others' clocks allow, without rounds.
 *
 * The conservative synchronisation of Chandy, Misra and Bryant (Chandy and Misra, "Distributed simulation", IEEE TSE 5(5),
 * 1979; Bryant, 1977; Fujimoto, "Parallel and distributed simulation systems", 2000, chapter 3) with one word of shared
 * memory per rank, its *clock*, in place of null messages. A clock of t is a promise: this rank handles nothing before t any
 * more. What it sends to another rank comes at least the lookahead between the two later, so that
 *
 *     horizon = min over the other ranks j of (clock of j + lookahead from j to here)
 *
 * is a time before which nothing can arrive that has not arrived yet, and min(own next event, horizon) is the own clock.
 * A rank reads the clocks first and empties its rings then: what is in flight was put into a ring either before the clock
 * that was read was published (publishing releases, reading acquires), and is taken out now, or after it, and comes at or
 * after the horizon. So clocks count what is in flight, nobody meets, and nobody waits while all make progress: ranks run
 * in chunks of a fraction of the lookahead, and each chunk moves the clock on which others depend.
 *
 * Where nothing happens for long, clocks would creep up on each other by one lookahead at a time. A rank without work is
 * *at rest*: its version is even, its next event is written down. Before it takes an event from a ring or handles one, its
 * version becomes odd. A rank that finds all versions even, every ring as empty as full (sent = taken), and then again the
 * versions that it found before, knows that at one moment between the two looks all were at rest and nothing was in flight:
 * versions only grow, only a rank that is not at rest changes a ring's ends, and it makes its version odd first. So
 * the least of the next events is a time before which nobody will handle anything: a lower bound of global virtual time,
 * by a double collect (Afek et al., "Atomic snapshots of shared memory", JACM 40(4), 1993; compare Mattern, "Efficient
 * algorithms for distributed snapshots and global virtual time approximation", JPDC 18(4), 1993). It becomes everyone's
 * *floor*, and clocks below it count as if they had come to it.
 *
 * No rank is stuck: let t be the least clock of all. Whoever has it has a horizon beyond t, since lookaheads are at least
 * 1, and so either handles an event at t or moves its clock on. A full ring stops nobody for ever: who waits for room
 * empties the rings to itself.
 *
 * A rank in trouble, or asked to stop, writes the verdict where all look in every turn; all then leave together, each
 * emptying its rings until nobody puts anything more into them. */
#include "engine/executor_rings.h"
#include "engine/trace.h"
#include <sched.h>
#include <time.h>
#include "engine/hot.h"

enum {
    PARTS = 2,           /* chunks in a lookahead: tried 1, 2, 3, 4, 8 */
    MOST_EVENTS = 512,   /* of a block in a chunk: enough that a visit pays, few enough that mail stays in the first cache */
    AHEAD = 16,          /* chunks that a rank may run ahead of one that it only sends to: its mail must lie somewhere */
    MOST_STRIDE = 256,   /* chunks between two readings of the clock */
    SAMPLE = 16          /* of so many waits, one is timed from its beginning */
};

static arch_time_t least(arch_time_t a, arch_time_t b) { return a < b ? a : b; }
static arch_time_t times(arch_time_t a, int n) { return a > ARCH_TIME_MAX / n ? ARCH_TIME_MAX : n * a; }

/* Nothing before it is handled on this rank any more, for all that is known. */
static arch_time_t own_clock(const archi_rings_t *g) { return g->clock > g->floor ? g->clock : g->floor; }

/* ---- waiting and wall time --------------------------------------------------------------------------------------- */

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* What was done since the last note. */
static void note(archi_rings_t *g, archi_trace_kind_t kind, uint64_t n_events)
{
    const archi_exec_t *x = g->x;
    double now;

    if (x->run->trace == NULL)
        return;
    now = archi_wall_seconds();
    archi_trace_note(x->run->trace, kind, g->noted, now, least(g->clock, x->until), n_events);
    g->noted = now;
}

/* Tell what all have reached. */
static void tell_progress(archi_rings_t *g)
{
    uint64_t n_events = g->x->n_events;

    for (archi_peer_t *p = g->peer; p < archi_ring_peers_end(g); p++)
        if (p != g->peer + g->x->rank)
            n_events += atomic_load_explicit(&p->desk->n_events, memory_order_relaxed);
    archi_exec_tell(g->x, least(g->reached, own_clock(g)), n_events);
}

/* Whoever has waited long sleeps for an eighth of that, so that being woken late costs an eighth at most, and whoever
 * publishes a clock need not know who sleeps. */
static void sleep_a_little(archi_rings_t *g)
{
    const double shortest = 2e-5, longest = 1e-3;
    double wanted = (g->x->clock - g->wait_from) / 8;
    struct timespec time = {0, (long)(1e9 * (wanted < longest ? wanted : longest))};

    if (wanted < shortest)
        sched_yield();
    else
        nanosleep(&time, NULL);
    (void)archi_exec_lap(g->x);
    tell_progress(g);
}

void archi_ring_rest(archi_rings_t *g)
{
    uint32_t n = g->idle++, spins = (uint32_t)g->spins;

    if (n == 0)
        g->sampled = g->n_waits++ % SAMPLE == 0;
    if ((n == 0 && g->sampled) || n == spins) {
        (void)archi_exec_lap(g->x);
        if (n == 0 || !g->sampled)
            g->wait_from = g->x->clock;
    }
    if (n < spins)
        relax();
    else if (n < spins + ARCHI_NET_YIELDS)
        sched_yield();
    else
        sleep_a_little(g);
}

/* Short waits are counted by sample, long ones as they are, and all as they are for a trace. */
void archi_ring_rested(archi_rings_t *g)
{
    bool is_long = g->idle > (uint32_t)g->spins;
    double begun = g->noted;

    if (g->idle > 0)
        note(g, ARCHI_TRACE_WAIT, 0);
    if (g->x->run->trace != NULL) {
        g->x->stats->wait_seconds += g->noted - begun;
    } else if (g->idle > 0 && (g->sampled || is_long)) {
        (void)archi_exec_lap(g->x);
        g->x->stats->wait_seconds += (is_long ? 1 : SAMPLE) * (g->x->clock - g->wait_from);
    }
    g->idle = 0;
}

/* A reading of the clock costs as much as an event: now and then is enough. Chunks hold fewer events when they take long. */
static void look_at_the_clock(archi_rings_t *g)
{
    const double soon = 2e-3, late = 5e-2;
    double each = archi_exec_lap(g->x), took = each;

    each /= g->since;
    if (each > late)
        g->aim = g->aim > 1 ? g->aim / 2 : 1;
    else if (each < late / 4 && g->aim < MOST_EVENTS * g->x->run->n_local)
        g->aim *= 2;
    if (took < soon)
        g->stride = g->stride < MOST_STRIDE ? 2 * g->stride : g->stride;
    else if (took > 4 * soon)
        g->stride = g->stride > 1 ? g->stride / 2 : 1;
    g->since = 0;
    tell_progress(g);
}

/* ---- what others say --------------------------------------------------------------------------------------------- */

static void hear(archi_rings_t *g, archi_peer_t *p)
{
    p->clock = atomic_load_explicit(&p->board->clock, memory_order_acquire);
    if (p->clock < g->floor)
        p->clock = g->floor;
    p->version = atomic_load_explicit(&p->board->version, memory_order_acquire);
    p->n_sent = atomic_load_explicit(&p->board->sent[g->x->rank], memory_order_acquire);
    g->others_rest &= (p->version & 1) == 0;
    g->horizon = least(g->horizon, archi_time_add(p->clock, p->from_it));
    if (p->from_it == ARCH_TIME_MAX && p->to_it != ARCH_TIME_MAX)
        g->limit = least(g->limit, archi_time_add(p->clock, archi_time_add(p->to_it, times(g->chunk, AHEAD))));
    g->reached = least(g->reached, p->clock);
}

/* Before the rings are emptied: see above. */
static void hear_all(archi_rings_t *g)
{
    arch_time_t floor = atomic_load_explicit(&g->square->floor, memory_order_acquire);

    if (floor > g->floor)
        g->floor = floor;
    g->verdict = atomic_load_explicit(&g->square->verdict, memory_order_acquire);
    g->horizon = g->limit = g->reached = ARCH_TIME_MAX;
    g->others_rest = 1;
    for (archi_peer_t *p = g->peer; p < archi_ring_peers_end(g); p++)
        if (p != g->peer + g->x->rank)
            hear(g, p);
}

/* After the mail was put into the rings: nothing that is sent from now on comes earlier than clock + lookahead. */
static void publish(archi_rings_t *g)
{
    arch_time_t clock = least(g->next, g->horizon);

    ARCH_ASSERT(clock >= g->clock);
    if (clock == g->clock)
        return;
    g->clock = clock;
    atomic_store_explicit(&g->board->clock, clock, memory_order_release);
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

static arch_time_t next_event(const archi_exec_t *x)
{
    arch_time_t next = ARCH_TIME_MAX;

    for (uint32_t i = 0; i < x->run->n_local; i++)
        next = least(next, x->next[i]);
    return next;
}

/* So that chunks hold about as many events as they should. */
static void adapt_chunk(archi_rings_t *g, uint64_t n)
{
    if (n > 2 * (uint64_t)g->aim)
        g->chunk = (arch_time_t)((double)g->chunk * g->aim / (double)n) + 1;
    else if (n < g->aim / 2 && g->chunk < g->most)
        g->chunk = g->chunk > g->most / 4 ? g->most : 4 * g->chunk;
}

/* Up to `goal`, or less far; what is sent is in the rings when this returns. */
static arch_status_t run_chunk(archi_rings_t *g, arch_time_t goal)
{
    archi_exec_t *x = g->x;
    uint64_t before = x->n_events;
    bool whole = goal > archi_time_add(g->next, g->chunk);

    archi_ring_wake(g);
    g->from = g->next;
    goal = least(goal, archi_time_add(g->next, least(g->chunk, g->inside)));
    x->n_ran = 0;
    for (uint32_t i = 0; i < x->run->n_local; i++)
        if (x->next[i] < goal)
            ARCH_TRY(archi_exec_run_block(x, i, goal));
    note(g, ARCHI_TRACE_RUN, x->n_events - before);
    ARCH_TRY(archi_ring_post(g));
    g->next = next_event(x);
    atomic_store_explicit(&g->desk->n_events, x->n_events, memory_order_relaxed);
    x->stats->n_windows++;
    if (whole || x->n_events - before > g->aim)
        adapt_chunk(g, x->n_events - before);
    if (++g->since >= g->stride)
        look_at_the_clock(g);
    return ARCH_OK;
}

/* ---- at rest ----------------------------------------------------------------------------------------------------- */

static bool is_any_mail_under_way(const archi_rings_t *g)
{
    uint32_t size = g->x->size;

    for (uint32_t from = 0; from < size; from++)
        for (uint32_t to = 0; to < size; to++)
            if (atomic_load_explicit(&g->peer[from].board->sent[to], memory_order_acquire) !=
                atomic_load_explicit(&g->peer[to].desk->taken[from], memory_order_acquire))
                return true;
    return false;
}

static bool did_all_stay_at_rest(const archi_rings_t *g)
{
    for (const archi_peer_t *p = g->peer; p < archi_ring_peers_end(g); p++)
        if (p != g->peer + g->x->rank &&
            atomic_load_explicit(&p->board->version, memory_order_acquire) != p->version)
            return false;
    return true;
}

void archi_ring_raise_floor(archi_rings_t *g)
{
    arch_time_t next = g->next, floor;

    for (const archi_peer_t *p = g->peer; p < archi_ring_peers_end(g); p++)
        if (p != g->peer + g->x->rank)
            next = least(next, atomic_load_explicit(&p->desk->next, memory_order_acquire));
    if (next <= least(g->reached, own_clock(g)) || is_any_mail_under_way(g) || !did_all_stay_at_rest(g))
        return;
    floor = atomic_load_explicit(&g->square->floor, memory_order_relaxed);
    while (floor < next && !atomic_compare_exchange_weak(&g->square->floor, &floor, next))
        continue;
}

static void stay_at_rest(archi_rings_t *g)
{
    if ((g->version & 1) != 0) {
        atomic_store_explicit(&g->desk->next, g->next, memory_order_release);
        atomic_store_explicit(&g->board->version, ++g->version, memory_order_release);
    }
    if (g->others_rest)
        archi_ring_raise_floor(g);
    archi_ring_rest(g);
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

/* The worse of two verdicts is the smaller number. */
static void say_verdict(archi_rings_t *g, int verdict)
{
    int said = atomic_load(&g->square->verdict);

    while (verdict < said && !atomic_compare_exchange_weak(&g->square->verdict, &said, verdict))
        continue;
}

static arch_status_t one_turn(archi_rings_t *g)
{
    arch_time_t goal = least(g->limit, least(g->horizon, g->x->until));

    ARCH_TRY(archi_ring_drain(g));
    if (g->next < goal) {
        archi_ring_rested(g);
        note(g, ARCHI_TRACE_MAIL, 0);
        ARCH_TRY(run_chunk(g, goal));
        publish(g);
    } else {
        publish(g);
        stay_at_rest(g);
    }
    if (g->x->cancelled)
        say_verdict(g, ARCHI_CANCELLED);
    return ARCH_OK;
}

/* Until all have come to the end and nothing is under way, or the verdict is no good. */
static arch_status_t all_turns(archi_rings_t *g)
{
    arch_status_t st = ARCH_OK;

    do {
        hear_all(g);
        if (g->verdict != ARCHI_GOES_ON)
            break;
        st = one_turn(g);
    } while (st == ARCH_OK && least(g->reached, own_clock(g)) < g->x->until);
    return st;
}

/* The others may still wait for room in a ring to here. When all have left, the verdict is what it is. */
static arch_status_t leave(archi_rings_t *g, arch_status_t st)
{
    uint32_t n_left = 1;

    if (st != ARCH_OK)
        say_verdict(g, ARCHI_FAILED);
    atomic_store_explicit(&g->desk->left, 1, memory_order_release);
    while (n_left != 0) {
        n_left = g->x->size - 1;
        for (archi_peer_t *p = g->peer; p < archi_ring_peers_end(g); p++)
            if (p != g->peer + g->x->rank)
                n_left -= atomic_load_explicit(&p->desk->left, memory_order_acquire);
        hear_all(g);
        g->discards = st != ARCH_OK || g->verdict == ARCHI_FAILED;
        if (st == ARCH_OK)
            st = archi_ring_drain(g);
        else
            (void)archi_ring_drain(g);
        if (n_left != 0)
            archi_ring_rest(g);
    }
    archi_ring_rested(g);
    return st;
}

static arch_status_t run(archi_rings_t *g)
{
    arch_status_t st;

    g->noted = g->x->run->trace == NULL ? 0 : archi_wall_seconds();
    g->aim = MOST_EVENTS * g->x->run->n_local;
    g->stride = 1;
    g->most = ARCH_TIME_MAX;
    for (const archi_peer_t *p = g->peer; p < archi_ring_peers_end(g); p++)
        g->most = least(g->most, archi_time_add(p->from_it, p->to_it)); /* so far apart may the two be */
    g->most = g->most / (2 * PARTS) + 1;
    g->chunk = least(g->most, ARCH_MICROSECOND);
    st = leave(g, all_turns(g));
    if (st != ARCH_OK || g->verdict == ARCHI_FAILED)
        archi_ring_drop(g);
    for (const archi_peer_t *p = g->peer; p < archi_ring_peers_end(g); p++)
        g->x->stats->n_bytes += p->n_posted * sizeof(archi_event_t);
    return st;
}

arch_status_t archi_exec_rings(archi_exec_t *x)
{
    archi_rings_t g;
    arch_status_t st = archi_rings_open(&g, x);

    if (st == ARCH_OK && g.square == NULL)
        return archi_exec_windows(x);
    if (st == ARCH_OK)
        st = run(&g);
    archi_rings_close(&g);
    st = archi_net_agree(x->run->net, st);
    if (st == ARCH_OK && g.verdict == ARCHI_CANCELLED)
        return ARCH_FAIL(ARCH_E_CANCELLED, "the run was cancelled");
    return st;
}
