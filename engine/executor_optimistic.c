/* engine/executor_optimistic.c - several blocks, further ahead than is known to be safe, and back when it was too far.
 *
 * Time Warp (Jefferson, "Virtual time", TOPLAS 7(3), 1985) with blocks as its processes and one of its two risks. A block
 * may run past the time up to which its input is known, on the bet that nothing comes for it; when something does, a
 * *straggler*, the block alone is put back. But what a block sends stays in its outbox until the event that sent it is
 * final. So nothing wrong is ever received: there are no anti-messages and no cascades of rollbacks, memory is bounded by
 * how far ahead blocks run, and a model never meets a state that no run of it could reach, in which its handlers could do
 * anything (Nicol and Liu, "The dark side of risk", PADS 1997). That is SRADS with local rollback (Dickens and Reynolds,
 * 1990), and Steinman's breathing time buckets ("SPEEDES", 1992) when every block is put back in every round; see also
 * Fujimoto, "Parallel and distributed simulation systems", 2000, chapter 5.
 *
 * A round, all ranks together:
 *   1. every block runs up to `final` + width;
 *   2. ranks trade the earliest time of anything they know, pending or unsent: the least of them is the new `final` (global
 *      virtual time). With the same messages go copies of what may turn out to be sent before it, each with the time of its
 *      sending: the receiver takes those that are, the sender forgets them, both by the same comparison;
 *   3. a block that receives something not later than its last event is put back to it.
 * Nothing is sent within less than the lookahead, so `final` grows by at least that in every round. How far it grows is
 * decided by the least time of a message sent and not by the least that the model promises.
 *
 * How a block is put back is the model's to choose. If its handlers write only what can be noted, its events are undone one
 * by one (executor_optimistic_undo.c): then going back costs what it takes back and no more, whatever the block's size. Any
 * other block is restored from a copy taken now and then and handles again what lay between (executor_optimistic_copy.c):
 * that goes with the size of a block, so many small ones per rank suit such models.
 *
 * Where there is no memory for that the block runs no further than is safe, `final` + lookahead, as in
 * executor_windows.c, and so do all blocks while running ahead does not pay: see executor_optimistic_pace.c. How far any
 * rank runs is its own affair: it changes how soon something is known, never what. */
#include "engine/executor_optimistic.h"
#include <string.h>
#include "engine/hot.h"

/* ---- running ----------------------------------------------------------------------------------------------------- */

static arch_time_t ahead_of(arch_time_t from, double width)
{
    return width < 0x1p62 ? archi_time_add(from, (arch_time_t)width) : ARCH_TIME_MAX;
}

static arch_time_t at_most(arch_time_t a, arch_time_t b) { return a < b ? a : b; }

/* Up to where nothing can reach a block that nobody has put into it yet. */
static arch_time_t safe_until(const archi_guess_t *g)
{
    arch_time_t lookahead = g->x->run->map->n_blocks > 1 ? g->x->run->lookahead : ARCH_TIME_MAX;

    return at_most(archi_time_add(g->final, at_most(lookahead, g->x->slice)), g->x->until);
}

static arch_status_t run_blocks(archi_guess_t *g, arch_time_t goal)
{
    arch_time_t safe = safe_until(g);

    for (uint32_t i = 0; i < g->x->run->n_local; i++)
        if (g->x->next[i] < goal)
            ARCH_TRY(g->way->advance(g, i, safe, goal));
    return ARCH_OK;
}

/* When memory runs out, running ahead is what it ran out for: take it all back and go no further than is safe. */
static arch_status_t run_window(archi_guess_t *g)
{
    archi_exec_t *x = g->x;
    arch_time_t goal = at_most(ahead_of(g->final, g->pace.width), archi_time_add(g->final, x->slice));
    arch_status_t st = run_blocks(g, at_most(goal, x->until));

    if ((st != ARCH_E_FULL && st != ARCH_E_NOMEM) || x->aside == 0)
        return st;
    ARCH_TRY(archi_back_all(g));
    return run_blocks(g, safe_until(g));
}

/* ---- meeting ----------------------------------------------------------------------------------------------------- */

/* One round: say how things stand here, with the letters, learn how they stand everywhere, and settle what is final. */
static arch_status_t meet(archi_guess_t *g, arch_status_t own, archi_view_t *view)
{
    archi_exec_t *x = g->x;
    arch_time_t bound = archi_letters_bound(g);
    arch_status_t written = own == ARCH_OK && x->size > 1 ? archi_letters_write(g, bound) : own;
    archi_net_round_t round = {{bound, x->cancelled ? ARCHI_CANCELLED : ARCHI_GOES_ON}, x->n_events};
    arch_status_t st = ARCH_OK;
    const void *arrived = NULL;
    uint64_t n = 0;

    if (written != ARCH_OK) {
        round.least[1] = ARCHI_FAILED;
        memset(x->offset, 0, (x->size + (size_t)1) * sizeof *x->offset);
    }
    if (x->size > 1)
        st = archi_net_exchange_round(x->run->net, x->outgoing, x->offset, &arrived, &n, &round);
    archi_pace_met(g);
    x->stats->n_bytes += x->offset[x->size];
    view->bound = round.least[0];
    view->verdict = round.least[1];
    view->n_events = round.sum;
    if (written != ARCH_OK || st != ARCH_OK || view->verdict == ARCHI_FAILED)
        return written != ARCH_OK ? written : st;
    g->final = view->bound;
    return archi_letters_settle(g, arrived, n);
}

/* A run that failed leaves no mail behind. */
static void give_up(archi_guess_t *g)
{
    (void)archi_back_to_final(g); /* the first failure is the one to tell */
    for (uint32_t i = 0; i < g->x->run->n_local; i++) {
        g->x->run->block[i]->section[ARCHI_SEC_OUTBOX].used = 0;
        g->x->run->block[i]->section[ARCHI_SEC_SENT].used = 0;
    }
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static arch_status_t one_round(archi_guess_t *g, arch_status_t st, archi_view_t *view)
{
    archi_exec_t *x = g->x;
    arch_time_t from = g->final;
    uint64_t before = x->n_events;

    archi_pace_begin_round(g);
    if (st == ARCH_OK)
        st = run_window(g);
    before = x->n_events - before;
    archi_pace_ran(g);
    st = meet(g, st, view);
    g->n_told = view->n_events > g->n_told ? view->n_events : g->n_told;
    archi_pace_adapt(g, before, g->final - from);
    return st;
}

static arch_status_t all_rounds(archi_guess_t *g)
{
    archi_view_t view = {0, 0, ARCHI_GOES_ON};
    arch_status_t st = meet(g, ARCH_OK, &view);

    while (view.verdict == ARCHI_GOES_ON && view.bound < g->x->until && st != ARCH_E_MPI)
        st = one_round(g, st, &view);
    if (view.verdict == ARCHI_CANCELLED && st == ARCH_OK)
        st = archi_back_to_final(g);
    if (view.verdict == ARCHI_FAILED || st != ARCH_OK)
        give_up(g);
    st = archi_net_agree(g->x->run->net, st);
    if (st == ARCH_OK && view.verdict == ARCHI_CANCELLED)
        return ARCH_FAIL(ARCH_E_CANCELLED, "the run was cancelled");
    return st;
}

arch_status_t archi_exec_optimistic(archi_exec_t *x)
{
    archi_guess_t g;
    arch_status_t st;

    memset(&g, 0, sizeof g);
    g.x = x;
    if (archi_back_prepare(&g) == ARCH_OK) {
        archi_pace_begin(&g);
        st = all_rounds(&g);
        archi_mail_drop(x); /* letters of the last round are no mail of what comes next */
    } else {
        st = archi_exec_windows(x); /* no rank has memory to spare for more */
    }
    archi_back_release(&g);
    return st;
}
