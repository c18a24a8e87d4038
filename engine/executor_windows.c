/* engine/executor_windows.c - several blocks, on one rank or on many: windows of one lookahead.
 *
 * The conservative synchronisation of bounded windows (Lubachevsky, "Efficient distributed event-driven simulations of
 * multiple-loop networks", CACM 32(1), 1989; Nicol, "The cost of conservative synchronization", JACM 40(2), 1993): with t
 * the time of the earliest event anywhere, nothing that is still to happen can reach another block before t + lookahead,
 * so every block may run up to there on its own. What was sent is then carried over, together with each rank's share of
 * the next t: its own next event and the earliest event in its mail. One round of messages per window does both.
 *
 * A rank in trouble, or asked to stop, runs nothing more but keeps the appointment: it says so in the next round and all
 * leave the loop together, so that nobody waits for a rank that has left. */
#include "engine/executor_impl.h"
#include "engine/trace.h"
#include "engine/hot.h"

static arch_time_t own_bound(const archi_exec_t *x)
{
    arch_time_t least = x->earliest;

    for (uint32_t i = 0; i < x->run->n_local; i++)
        if (x->next[i] < least)
            least = x->next[i];
    return least;
}

/* One round: say how things stand here, with the mail, and learn how they stand everywhere. */
static arch_status_t meet(archi_exec_t *x, arch_status_t own, archi_view_t *view)
{
    archi_net_round_t round = {{own_bound(x), x->cancelled ? ARCHI_CANCELLED : ARCHI_GOES_ON}, x->n_events};
    arch_status_t st = ARCH_OK;
    const void *arrived = NULL;
    double begun = x->clock;
    uint64_t n = 0;

    if (own != ARCH_OK)
        round.least[1] = ARCHI_FAILED;
    if (x->size > 1) {
        st = archi_net_exchange_round(x->run->net, x->outgoing, x->offset, &arrived, &n, &round);
        x->stats->n_bytes += x->offset[x->size];
        x->stats->wait_seconds += archi_exec_lap(x);
        archi_trace_note(x->run->trace, ARCHI_TRACE_WAIT, begun, x->clock, round.least[0], 0);
        archi_mail_drop(x);
    }
    view->bound = round.least[0];
    view->verdict = round.least[1];
    view->n_events = round.sum;
    ARCH_TRY(st);
    return n == 0 ? ARCH_OK : archi_mail_deliver(x, arrived, n);
}

/* Run every block of this rank up to the window's end, or less far when that takes too long to hear of anything. */
static arch_status_t run_window(archi_exec_t *x, const archi_view_t *view, arch_time_t *reached)
{
    arch_time_t lookahead = x->run->map->n_blocks > 1 ? x->run->lookahead : ARCH_TIME_MAX;
    arch_time_t slice = lookahead < x->slice ? lookahead : x->slice;
    arch_time_t horizon = archi_time_add(view->bound, slice);

    if (horizon > x->until)
        horizon = x->until;
    x->safe = archi_time_add(view->bound, lookahead);
    *reached = horizon;
    x->n_ran = 0;
    for (uint32_t i = 0; i < x->run->n_local; i++)
        if (x->next[i] < horizon)
            ARCH_TRY(archi_exec_run_block(x, i, horizon));
    return archi_mail_collect(x);
}

arch_status_t archi_exec_windows(archi_exec_t *x)
{
    archi_view_t view = {0, 0, ARCHI_GOES_ON};
    arch_status_t st = meet(x, ARCH_OK, &view);

    while (view.bound < x->until && view.verdict == ARCHI_GOES_ON && st != ARCH_E_MPI) {
        uint64_t n_before = x->n_events;
        arch_time_t reached = view.bound;
        double begun = x->clock;

        if (st == ARCH_OK)
            st = run_window(x, &view, &reached);
        archi_exec_keep_pace(x, view.bound, view.n_events);
        archi_trace_note(x->run->trace, ARCHI_TRACE_RUN, begun, x->clock, reached, x->n_events - n_before);
        if (st == ARCH_OK) {
            st = meet(x, ARCH_OK, &view);
        } else {
            archi_mail_drop(x);
            (void)meet(x, st, &view); /* the first failure is the one to tell */
            view.verdict = ARCHI_FAILED;
        }
    }
    st = archi_net_agree(x->run->net, st);
    if (st == ARCH_OK && view.verdict == ARCHI_CANCELLED)
        return ARCH_FAIL(ARCH_E_CANCELLED, "the run was cancelled");
    return st;
}
