/* engine/executor_course.c - a run in segments, between which it measures itself and may change its way.
 *
 * A segment is a stretch of simulated time that takes some tens of milliseconds of wall time. At its end nothing is under
 * way between ranks and every block has handled all that lies before the end: a consistent cut, at which blocks can move,
 * executors can change and ranks can be sent to rest. Where segments end, who runs them and how changes nothing of what is
 * found, for an executor may stop anywhere.
 *
 * The ranks at work are 0 .. n_active - 1, on a net of their own; the others meet them at the pauses and sleep until
 * then. */
#include "engine/executor_course.h"
#include "engine/trace.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
    archi_exec_t    *x;
    archi_net_t     *net;      /* of all ranks; NULL: this rank alone */
    uint32_t         rank, size, n_blocks;
    const uint32_t  *home;     /* [n_blocks] who holds which before and after the run */
    arch_time_t      until;    /* of the run */
    archi_order_t    order;    /* of this segment */
    archi_net_t    **part;     /* [size + 1] net of the first n ranks, made when it is first wanted */
    archi_mover_t   *mover;
    archi_choice_t   choice;
    archi_measures_t measures;
    uint32_t        *wanted;   /* [n_blocks] */
    uint64_t        *seen;     /* [n_blocks] events that a block had handled at the last pause, where it is here */
    uint64_t        *nothing;  /* [size + 1] offsets of no mail */
    double           wall, busy; /* of this rank in this segment */
    cpu_set_t        cores;    /* that this rank may use; none: not known */
    uint64_t         n_told;   /* events of all ranks at the last pause */
} course_t;

/* ---- beginning and ending ---------------------------------------------------------------------------------------- */

static void look_at_blocks(course_t *c)
{
    const archi_run_t *run = c->x->run;

    for (uint32_t i = 0; i < run->n_local; i++)
        c->seen[run->block[i]->id] = run->block[i]->n_events;
}

static arch_status_t allocate(course_t *c)
{
    size_t n = c->n_blocks + (size_t)1, words = (size_t)c->size * ARCHI_RANK_WORDS + n * ARCHI_BLOCK_WORDS;
    uint32_t *home = malloc(n * sizeof *home);

    c->home = home;
    c->part = calloc(c->size + (size_t)1, sizeof(archi_net_t *));
    c->wanted = calloc(n, sizeof *c->wanted);
    c->seen = calloc(n, sizeof *c->seen);
    c->nothing = calloc(c->size + (size_t)1, sizeof *c->nothing);
    c->measures.word = calloc(words, sizeof *c->measures.word);
    if (home == NULL || c->part == NULL || c->wanted == NULL || c->seen == NULL || c->nothing == NULL ||
        c->measures.word == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a run of %u blocks", (unsigned)c->n_blocks);
    memcpy(home, c->x->holder, c->n_blocks * sizeof *home);
    ARCH_TRY(archi_choice_make(c->x->run, c->size, home, &c->choice));
    return c->net == NULL ? ARCH_OK : archi_mover_create(c->x, &c->mover);
}

static arch_status_t begin(course_t *c, archi_exec_t *x)
{
    memset(c, 0, sizeof *c);
    c->x = x;
    c->net = x->run->net;
    c->rank = x->rank;
    c->size = x->size;
    c->n_blocks = x->run->map->n_blocks;
    c->until = x->run->until;
    if (sched_getaffinity(0, sizeof c->cores, &c->cores) != 0)
        CPU_ZERO(&c->cores);
    ARCH_TRY(archi_net_agree(c->net, allocate(c)));
    c->measures.size = c->size;
    c->measures.n_blocks = c->n_blocks;
    c->measures.holder = x->holder;
    c->measures.until = c->until;
    c->order.way = c->choice.way;
    look_at_blocks(c);
    return ARCH_OK;
}

static void end(course_t *c)
{
    for (uint32_t n = 0; c->part != NULL && n <= c->size; n++)
        archi_net_destroy(&c->part[n]);
    archi_mover_destroy(&c->mover);
    archi_choice_free(&c->choice);
    free((void *)(uintptr_t)c->home);
    free(c->part);
    free(c->wanted);
    free(c->seen);
    free(c->nothing);
    free(c->measures.word);
}

/* ---- a segment --------------------------------------------------------------------------------------------------- */

static double core_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* With more ranks than cores, whoever is woken may find itself on a core with another that works while a third core idles,
 * and stay there for longer than a segment takes: the scheduler evens out every few milliseconds only. So each goes to a
 * core of its own, of those that it may use, and is free again at once to be moved by who knows more. */
static void take_a_core(const course_t *c)
{
    uint32_t n = c->order.way.n_active, k, cpu = 0;
    cpu_set_t one;

    if (c->net == NULL || n < 2 || n == c->size || n != archi_net_cores(c->net) || n != (uint32_t)CPU_COUNT(&c->cores))
        return;
    k = c->rank;
    while (!CPU_ISSET(cpu, &c->cores) || k-- > 0)
        cpu++;
    if ((uint32_t)sched_getcpu() == cpu)
        return;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    (void)sched_setaffinity(0, sizeof one, &one);
    (void)sched_setaffinity(0, sizeof c->cores, &c->cores);
}

/* The run as the executor is to see it: who takes part, how far. */
static void set_stage(course_t *c)
{
    archi_exec_t *x = c->x;

    x->size = c->order.way.n_active;
    x->run->net = x->size == c->size ? c->net : x->size == 1 ? NULL : c->part[x->size];
    x->run->kind = (archi_executor_kind_t)c->order.way.kind;
    x->run->until = x->until = c->order.until;
}

/* Who takes no part tells how far the others are, now and then, so that nobody thinks that the run hangs. */
static arch_status_t run_segment(course_t *c)
{
    archi_exec_t *x = c->x;
    double wall = archi_wall_seconds(), core = core_seconds(), waited = x->stats->wait_seconds;
    arch_status_t st = ARCH_OK;

    set_stage(c);
    if (c->rank < x->size)
        take_a_core(c);
    if (c->rank < x->size)
        st = archi_exec_segment(x);
    else
        archi_exec_tell(x, c->order.until, c->n_told);
    c->wall = archi_wall_seconds() - wall;
    c->busy = c->wall - (x->stats->wait_seconds - waited);
    core = core_seconds() - core;
    c->busy = core < c->busy ? core : c->busy;
    return st;
}

static arch_time_t own_next(const archi_exec_t *x)
{
    arch_time_t least = ARCH_TIME_MAX;

    for (uint32_t i = 0; i < x->run->n_local; i++)
        least = x->next[i] < least ? x->next[i] : least;
    return least;
}

/* All ranks again: one verdict, and the time of the next event anywhere. */
static arch_status_t settle(course_t *c, arch_status_t own)
{
    archi_exec_t *x = c->x;
    int stopped = x->cancelled || own == ARCH_E_CANCELLED;
    archi_net_round_t round = {{own_next(x), stopped ? ARCHI_CANCELLED : ARCHI_GOES_ON}, x->n_events};
    double begun = archi_wall_seconds();
    const void *arrived;
    uint64_t n;

    if (own != ARCH_OK && own != ARCH_E_CANCELLED)
        round.least[1] = ARCHI_FAILED;
    if (c->size > 1) {
        arch_status_t st = archi_net_exchange_round(c->net, NULL, c->nothing, &arrived, &n, &round);
        own = own == ARCH_OK ? st : own;
    }
    (void)archi_exec_lap(x);
    if (c->size > 1) {
        x->stats->wait_seconds += x->clock - begun;
        archi_trace_note(x->run->trace, ARCHI_TRACE_WAIT, begun, x->clock, c->order.until, 0);
    }
    if (round.least[1] == ARCHI_FAILED || own == ARCH_E_MPI)
        return archi_net_agree(c->net, own == ARCH_E_CANCELLED ? ARCH_OK : own);
    if (round.least[1] == ARCHI_CANCELLED)
        return own == ARCH_E_CANCELLED ? own : ARCH_FAIL(ARCH_E_CANCELLED, "the run was cancelled");
    c->measures.next = round.least[0];
    c->n_told = round.sum;
    return own;
}

/* ---- a pause ----------------------------------------------------------------------------------------------------- */

/* Everybody's numbers, everywhere. */
static arch_status_t measure(course_t *c)
{
    const archi_run_t *run = c->x->run;
    archi_measures_t *m = &c->measures;
    uint64_t *mine = archi_of_rank(m, c->rank);
    size_t words = (size_t)c->size * ARCHI_RANK_WORDS + (size_t)c->n_blocks * ARCHI_BLOCK_WORDS;

    memset(m->word, 0, words * sizeof *m->word);
    mine[ARCHI_OF_RANK_WALL] = (uint64_t)(1e9 * c->wall);
    mine[ARCHI_OF_RANK_BUSY] = (uint64_t)(c->busy > 0 && c->rank < c->order.way.n_active ? 1e9 * c->busy : 0);
    mine[ARCHI_OF_RANK_BYTES] = c->x->bytes;
    mine[ARCHI_OF_RANK_LIMIT] = run->memory_limit;
    for (uint32_t i = 0; i < run->n_local; i++) {
        const archi_block_t *b = run->block[i];
        archi_of_block(m, b->id)[ARCHI_OF_BLOCK_EVENTS] = b->n_events - c->seen[b->id];
        archi_of_block(m, b->id)[ARCHI_OF_BLOCK_BYTES] = b->bytes;
    }
    return c->size == 1 ? ARCH_OK : archi_net_sum_u64(c->net, m->word, words);
}

/* Rank 0 chooses, all learn of it. */
static arch_status_t choose(course_t *c, archi_order_t *order)
{
    memset(order, 0, sizeof *order);
    if (c->rank == 0)
        archi_choose(&c->choice, &c->measures, order, c->wanted);
    if (c->size == 1)
        return ARCH_OK;
    ARCH_TRY(archi_net_bcast(c->net, order, sizeof *order, 0));
    return archi_net_bcast(c->net, c->wanted, c->n_blocks * sizeof *c->wanted, 0);
}

/* The net of the first n ranks; the others get one of their own that nobody uses. Not for want of memory: *made is 0 then,
 * on all ranks. */
static arch_status_t make_part(course_t *c, uint32_t n, int *made)
{
    arch_status_t st = ARCH_OK;

    if (n > 1 && n < c->size && c->part[n] == NULL)
        st = archi_net_split(c->net, c->rank < n ? 0 : 1, &c->part[n]);
    *made = st == ARCH_OK;
    return st == ARCH_E_MPI ? st : ARCH_OK;
}

/* Do what was chosen; what cannot be done is left as it is, for all. */
static arch_status_t obey(course_t *c, archi_order_t *order)
{
    archi_way_t now = c->order.way;
    int done = 1;

    if (c->size > 1) {
        ARCH_TRY(make_part(c, order->way.n_active, &done));
        if (done)
            ARCH_TRY(archi_move(c->mover, c->wanted, &done));
    }
    if (!done) {
        archi_choice_refused(&c->choice, now);
        order->way = now;
    }
    c->x->stats->n_changes += order->way.kind != now.kind || order->way.n_active != now.n_active;
    c->order = *order;
    return ARCH_OK;
}

/* Whoever asked for pauses has a look at the blocks. */
static arch_status_t show_blocks(course_t *c)
{
    const archi_run_t *run = c->x->run;
    double begun = archi_wall_seconds();
    arch_status_t st;

    if (run->pause == NULL)
        return ARCH_OK;
    st = run->pause(run->user, run->block, run->n_local, c->order.until);
    archi_trace_note(run->trace, ARCHI_TRACE_SAVE, begun, archi_wall_seconds(), c->order.until, 0);
    return archi_net_agree(c->net, st);
}

/* Before a segment: a consistent cut of the run, with every block on exactly one rank. What needs one belongs here. */
static arch_status_t prepare(course_t *c)
{
    archi_exec_t *x = c->x;
    archi_order_t order;
    double begun = archi_wall_seconds();
    int moves;

    ARCH_TRY(measure(c));
    ARCH_TRY(choose(c, &order));
    moves = memcmp(c->wanted, x->holder, c->n_blocks * sizeof *c->wanted) != 0;
    ARCH_TRY(obey(c, &order));
    look_at_blocks(c);
    (void)archi_exec_lap(x);
    if (moves)
        archi_trace_note(x->run->trace, ARCHI_TRACE_MOVE, begun, x->clock, c->measures.next, 0);
    return ARCH_OK;
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static arch_status_t all_segments(course_t *c)
{
    ARCH_TRY(settle(c, ARCH_OK));
    while (c->measures.next < c->until) {
        ARCH_TRY(prepare(c));
        ARCH_TRY(settle(c, run_segment(c)));
        if (c->measures.next < c->until)
            ARCH_TRY(show_blocks(c));
    }
    return ARCH_OK;
}

/* Back to all ranks, with their own blocks. */
static arch_status_t go_home(course_t *c)
{
    archi_exec_t *x = c->x;

    x->size = c->size;
    x->run->net = c->net;
    x->run->until = x->until = c->until;
    return c->mover == NULL ? ARCH_OK : archi_move_home(c->mover, c->home);
}

arch_status_t archi_exec_course(archi_exec_t *x)
{
    course_t c;
    arch_status_t st = begin(&c, x), home;

    if (st == ARCH_OK) {
        st = all_segments(&c);
        home = st == ARCH_E_MPI ? st : go_home(&c);
        st = home == ARCH_OK ? st : home;
    }
    end(&c);
    return st;
}
