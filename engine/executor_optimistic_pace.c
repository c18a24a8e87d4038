/* engine/executor_optimistic_pace.c - how far ahead of what is final to run.
 *
 * The further, the fewer rounds, and the more is put back. With w the width, a round's fixed costs F are paid 1/w times per
 * simulated second, and events that come for a block that has run past them grow with w squared, so the two are best when
 * what a round costs whatever its width is what it costs in putting back (as for the interval between copies). Both are
 * measured, and the width follows in small steps, upwards only while rounds get as far as blocks run: to run further than
 * messages let `final` follow gains nothing. When what is gained over rounds of one lookahead does not pay for what is put
 * back, blocks run no further than is safe, and it is tried again after a while, and then after a longer one.
 *
 * By undoing, going back is cheap; what costs is what a round does not get of its width. Messages that cut a round short
 * grow with its square, and each costs the longer the more is left: with L the lookahead, M = a (w - L)^3 is missed on
 * average. What is gained, w - M, over what is paid, F + c w + u M (c for running ahead by one, u for undoing that again),
 * is best where M/w = f / (3 w / (w - L) (f + 1 + u/c) - 1) with f = F / (c w), or very nearly. F, c w and M are measured
 * and w follows; that is the event horizon of Steinman's breathing time buckets, found by its effect. Such rounds are
 * short: the clock is read only in some of them.
 *
 * Times measured here decide only how far ranks run, which changes nothing that they find. */
#include "engine/executor_optimistic.h"
#include "engine/trace.h"
#include "engine/hot.h"

enum { TRY = 64, FIRST_REST = 64, LONGEST_REST = 16384, LOOK = 8 };

static void follow(double *average, double value) { *average += (value - *average) / 32; }

/* A moving average of times, quick to begin and deaf to the one that a neighbour on the machine made long. */
static void follow_time(double *average, double value, double up, double down)
{
    if (*average <= 0)
        *average = value;
    value = value < 2 * *average ? value : 2 * *average;
    *average += (value - *average) * (value > *average ? up : down);
}

void archi_pace_begin(archi_guess_t *g)
{
    archi_pace_t *p = &g->pace;
    const archi_run_t *run = g->x->run;

    p->lookahead = run->map->n_blocks > 1 ? (double)run->lookahead : (double)ARCH_TIME_MAX;
    p->width = run->noting == NULL ? 2 * p->lookahead : p->lookahead;
    p->event_ns = 100;
    p->round_ns = 1000;
    p->advance = p->lookahead;
    p->patience = FIRST_REST;
    p->looks = 1;
    g->n_noted = g->x->n_events;
}

/* From `begun` to now. What may be taken back is not told as done: the first to come so far counts. */
static void trace(archi_guess_t *g, archi_trace_kind_t kind, double begun)
{
    const archi_exec_t *x = g->x;
    uint64_t n = kind == ARCHI_TRACE_RUN && x->n_events > g->n_noted ? x->n_events - g->n_noted : 0;

    if (x->run->trace == NULL)
        return;
    g->n_noted += n;
    archi_trace_note(x->run->trace, kind, begun, x->clock, g->final, n);
}

/* ---- the clock --------------------------------------------------------------------------------------------------- */

void archi_pace_begin_round(archi_guess_t *g)
{
    archi_pace_t *p = &g->pace;
    const double brief = 50e-6; /* seconds of a round that need not be looked at every time */

    p->looks = g->x->run->trace != NULL || g->x->run->noting == NULL || p->ran_s + p->met_s > brief ||
               ++p->n_rounds % LOOK == 0 || !p->met_messages;
    if (p->looks) {
        double begun = g->x->clock;
        (void)archi_exec_lap(g->x); /* settling is no part of running */
        trace(g, ARCHI_TRACE_BACK, begun);
    }
}

void archi_pace_ran(archi_guess_t *g)
{
    archi_exec_t *x = g->x;
    double start = x->clock;

    if (!g->pace.looks) {
        x->stats->n_windows++;
        return;
    }
    archi_exec_keep_pace(x, g->final, g->n_told);
    g->pace.ran_s = x->clock - start;
    trace(g, ARCHI_TRACE_RUN, start);
}

void archi_pace_met(archi_guess_t *g)
{
    archi_pace_t *p = &g->pace;

    if (!p->looks)
        return;
    p->met_s = archi_exec_lap(g->x);
    if (g->x->size == 1)
        return;
    g->x->stats->wait_seconds += p->met_s * (p->n_rounds > 0 ? p->n_rounds : 1);
    trace(g, ARCHI_TRACE_WAIT, g->x->clock - p->met_s);
}

/* ---- the width --------------------------------------------------------------------------------------------------- */

void archi_pace_rest(archi_pace_t *p)
{
    if (p->rest != 0)
        return;
    p->width = p->lookahead;
    p->rest = p->patience;
    p->patience = 4 * p->patience < LONGEST_REST ? 4 * p->patience : LONGEST_REST;
}

static void try_again(archi_pace_t *p)
{
    p->width = 2 * p->lookahead;
    p->n_tried = 0;
    p->spent = 0;
    p->back_ns = 0;
    p->met_messages = 0;
    p->advance = p->lookahead;
}

/* What was put back since the last round, in ns of this machine: about ten bytes are copied in one. */
static double cost_of_going_back(archi_guess_t *g)
{
    archi_pace_t *p = &g->pace;
    const archi_executor_stats_t *s = g->x->stats;
    double events = (double)(s->n_undone - p->n_undone + (s->n_repeated - p->n_repeated));
    double cost = events * p->event_ns + 0.1 * (double)p->copied + 200.0 * (double)(s->n_rollbacks - p->n_rollbacks);

    follow(&p->odds, (double)(s->n_rollbacks - p->n_rollbacks) / (g->x->run->n_local + 1.0));
    p->n_undone = s->n_undone;
    p->n_repeated = s->n_repeated;
    p->n_rollbacks = s->n_rollbacks;
    p->copied = 0;
    return cost;
}

static void step_width(archi_pace_t *p, double advance)
{
    if (p->back_ns > p->round_ns)
        p->width -= p->width / 16;
    else if (advance >= p->width && p->width < 0x1p61)
        p->width += p->met_messages ? p->width / 16 : p->width;
    if (p->width < p->lookahead)
        p->width = p->lookahead;
}

static void adapt_with_copies(archi_guess_t *g, uint64_t n_run, arch_time_t advance)
{
    archi_pace_t *p = &g->pace;
    double back = cost_of_going_back(g), blocks = 30.0 * g->x->run->n_local, gain;

    if (n_run != 0 && n_run < (uint64_t)1 << 40)
        follow(&p->event_ns, 1e9 * p->ran_s / (double)n_run);
    follow(&p->round_ns, 1e9 * p->met_s + blocks);
    if (p->rest != 0) {
        if (--p->rest == 0)
            try_again(p);
        return;
    }
    follow(&p->back_ns, back);
    follow(&p->advance, (double)advance);
    if ((double)advance < p->width && advance < g->x->slice)
        p->met_messages = 1;
    step_width(p, (double)advance);
    gain = p->round_ns * (p->advance / p->lookahead - 1);
    p->spent += back - p->round_ns * ((double)advance / p->lookahead - 1);
    if (++p->n_tried < TRY ? p->spent > TRY * p->round_ns : p->back_ns > gain)
        archi_pace_rest(p);
    else if (p->n_tried > 16 * TRY)
        p->patience = FIRST_REST;
}

/* What a round costs beside what running as far as is safe would: noting an event takes an eighth of handling it (measured:
 * 5 ns beside 35), and only what lies beyond the lookahead is noted. Not above 0: running ahead does not pay. */
static double share_to_gain(const archi_pace_t *p)
{
    const double noting = 0.125;

    return (p->round_ns / (p->run_ns + 1) - noting * p->lookahead / p->width) / (1 + noting);
}

/* How much of the width should be missed; undoing an event costs somewhat more than handling it did. */
static double best_missed(const archi_pace_t *p, double f)
{
    const double undoing = 1.2;

    return f / (3 * p->width / (p->width - p->lookahead) * (f + 1 + undoing) - 1);
}

/* The widths of ranks need not agree, but they nearly do: all see the same advance. */
static void steer(archi_guess_t *g)
{
    archi_pace_t *p = &g->pace;
    double missed = p->width_sum > 0 ? 1 - p->advance_sum / p->width_sum : 0, f, best, least = 1.1 * p->lookahead;

    follow_time(&p->run_ns, 1e9 * p->ran_s, 1.0 / 8, 1.0 / 8);
    /* the quicker fifth or so: others' going back is no part of what a round costs */
    follow_time(&p->round_ns, 1e9 * p->met_s + 30.0 * g->x->run->n_local, 1.0 / 32, 1.0 / 8);
    f = share_to_gain(p);
    if (missed > 0.25) {
        p->width *= 1 - missed; /* at once: it was far off */
    } else if (!p->met_messages && missed == 0) {
        p->width *= f > 0 && p->width < 0x1p61 ? 2 : 1;
    } else if (p->width > least) {
        p->missed += (missed - p->missed) / 16;
        best = f > 0 ? best_missed(p, f) : 0;
        p->width *= 1 + (best - p->missed) / (best + p->missed + 1e-6) / 16;
        if (f <= 0)
            p->width *= 0.98;
    }
    p->met_messages |= missed > 0;
    if (p->width <= least)
        p->width = f > 0.03 ? 1.25 * p->lookahead : p->lookahead; /* what noting takes at all must pay, too */
}

static void adapt_with_undoing(archi_guess_t *g, arch_time_t advance)
{
    archi_pace_t *p = &g->pace;
    double most = p->width < (double)g->x->slice ? p->width : (double)g->x->slice;

    if (p->rest != 0) {
        if (--p->rest == 0)
            p->width = 2 * p->lookahead;
        return;
    }
    p->advance_sum += (double)advance < most ? (double)advance : most;
    p->width_sum += most;
    if (!p->looks)
        return;
    if (most == p->width) /* nothing is learnt of a width that the slice cuts */
        steer(g);
    p->advance_sum = p->width_sum = 0;
    p->n_rounds = 0;
}

void archi_pace_adapt(archi_guess_t *g, uint64_t n_run, arch_time_t advance)
{
    archi_pace_t *p = &g->pace;

    if (g->x->run->ahead != 0)
        p->width = (double)g->x->run->ahead;
    else if (g->x->run->noting == NULL)
        adapt_with_copies(g, n_run, advance);
    else
        adapt_with_undoing(g, advance);
}
