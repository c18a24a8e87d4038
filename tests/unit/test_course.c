/* tests/unit/test_course.c - runs that pause, move their blocks and change their ways find what all runs find. */
#include "engine/trace.h"
#include "support/alloc.h"
#include "support/spark_model.h"
#include "support/share.h"
#include "support/thread_ranks.h"
#include <CUnit/Basic.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { MAX_RANKS = 8, PHASES = 8, GLOW = 100, GLOWS = 16, HOT = 4 };

static const char *unsound(const spark_run_t *s)
{
    for (uint32_t i = 0; i < s->run.n_local; i++)
        if (archi_block_check(s->block[i]) != NULL)
            return archi_block_check(s->block[i]);
    return NULL;
}

/* This rank holds what it was dealt, in order, and nothing else. */
static int away_from_home(const spark_run_t *s)
{
    uint32_t rank = s->run.net == NULL ? 0 : archi_net_rank(s->run.net), i = 0;

    for (uint32_t id = 0; id < s->map.n_blocks; id++)
        if (s->rank_of[id] == rank && (i >= s->run.n_local || s->block[i++]->id != id))
            return 1;
    return i != s->run.n_local;
}

typedef struct {
    archi_executor_kind_t kind;
    archi_moving_t        moving;
    uint64_t              seed;
    arch_time_t           segment, until;
    uint32_t              n_blocks;
    uint64_t              digest, n_events;      /* expected */
    atomic_ullong         n_moved, moved_bytes, n_changes, n_rollbacks; /* found, over all ranks and runs */
    uint32_t              way;                   /* see archi_net_set_rings() */
} case_t;

static int open_case(spark_run_t *s, archi_net_t *net, const case_t *c)
{
    int ready = spark_open(s, net, c->n_blocks, (int)(c->seed % 2), 0);

    archi_net_set_rings(net, c->way);
    s->run.kind = c->kind;
    s->run.moving = c->moving;
    s->run.moving_seed = c->seed;
    s->run.segment = c->segment;
    s->run.until = c->until;
    if (c->kind == ARCHI_OPTIMISTIC)
        s->run.lookahead /= 10;
    return ready;
}

static void expect_of_sequential(case_t *c)
{
    spark_run_t s;

    CU_ASSERT_FATAL(spark_open(&s, NULL, 1, 0, 5000));
    s.run.until = c->until;
    CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_OK);
    c->digest = spark_digest(&s);
    c->n_events = s.stats.n_events;
    spark_close(&s);
}

static int finds_the_same(archi_net_t *net, void *user)
{
    case_t *c = user;
    spark_run_t s;
    int n_wrong = 1;

    if (open_case(&s, net, c) && archi_execute(&s.run, &s.stats) == ARCH_OK) {
        uint64_t n_events = s.stats.n_events, digest = spark_digest(&s);
        n_wrong = archi_net_sum_u64(net, &n_events, 1) != ARCH_OK;
        n_wrong += digest != c->digest;
        n_wrong += n_events != c->n_events;
        n_wrong += unsound(&s) != NULL;
        n_wrong += away_from_home(&s);
        n_wrong += (s.stats.n_moved > 0) != (s.stats.moved_bytes > 0);
        c->n_moved += s.stats.n_moved;
        c->moved_bytes += s.stats.moved_bytes;
        c->n_changes += s.stats.n_changes;
        c->n_rollbacks += s.stats.n_rollbacks;
    }
    spark_close(&s);
    return n_wrong;
}

/* ---- the same bits ----------------------------------------------------------------------------------------------- */

static void same_bits_whatever_the_length_of_segments(void)
{
    static const arch_time_t lengths[] = {1, 500, 777, 12345, 100000, 1000000};
    case_t c = {ARCHI_CONSERVATIVE, ARCHI_STAY, 0, 0, 60000, 0, 0, 0, 0, 0, 0, 0, 0};
    uint32_t n = 0;

    expect_of_sequential(&c);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (c.n_blocks = 1; c.n_blocks <= 9; c.n_blocks += 4)
            for (c.seed = 0; c.seed < 2; c.seed++)
                for (uint32_t size = 1; size <= 4; size++) {
                    c.segment = lengths[i];
                    c.kind = size == 1 ? ARCHI_SEQUENTIAL : (i + size) % 2 == 0 ? ARCHI_OPTIMISTIC : ARCHI_CONSERVATIVE;
                    if (in_share(n++))
                        CU_ASSERT_EQUAL(run_on_thread_ranks(size, finds_the_same, &c), 0);
                }
    CU_ASSERT_EQUAL(c.n_moved + c.n_changes, 0);
}

static void wander_as(archi_executor_kind_t kind, case_t *c)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, MAX_RANKS}, counts[] = {1, 5, 13, SPARK_N_LPS};

    c->kind = kind;
    for (int i = 0; i < 5; i++)
        for (c->seed = 1; c->seed <= 2; c->seed++) {
            c->n_blocks = counts[(c->seed + sizes[i]) % 4];
            c->segment = c->seed % 2 == 0 ? 0 : 5000;
            CU_ASSERT_EQUAL(run_on_thread_ranks(sizes[i], finds_the_same, c), 0);
        }
}

static void same_bits_however_blocks_wander(void)
{
    case_t c = {ARCHI_CONSERVATIVE, ARCHI_WANDER, 0, 0, 100000, 0, 0, 0, 0, 0, 0, 0, 0};

    expect_of_sequential(&c);
    wander_as(ARCHI_CONSERVATIVE, &c);
    CU_ASSERT(c.n_moved > 500 && c.n_changes > 50);
    CU_ASSERT_EQUAL(c.n_rollbacks, 0);
    wander_as(ARCHI_OPTIMISTIC, &c);
    CU_ASSERT(c.n_rollbacks > 0);
    wander_as(ARCHI_AUTOMATIC, &c);
    c.way = ARCHI_NET_APART; /* windows, not rings, follow on running ahead */
    wander_as(ARCHI_AUTOMATIC, &c);
}

/* One rank has nobody to be fewer with: what changes is the executor, to and fro. */
static void wandering_blocks_change_their_executor(void)
{
    case_t c = {ARCHI_AUTOMATIC, ARCHI_WANDER, 1, 2000, 200000, 5, 0, 0, 0, 0, 0, 0, 0};

    expect_of_sequential(&c);
    CU_ASSERT_EQUAL(run_on_thread_ranks(1, finds_the_same, &c), 0);
    CU_ASSERT(c.n_changes > 20 && c.n_rollbacks > 0);
}

/* Time for trials, which take wall time: a third is enough where sanitizers make everything slower. */
static arch_time_t trial_time(void) { return test_is_long() ? 15000000 : 5000000; }

/* Trials by wall time: what is chosen differs from run to run, what is found does not. */
static void same_bits_whatever_is_tried(void)
{
    case_t c = {ARCHI_AUTOMATIC, ARCHI_BALANCE, 0, 0, trial_time(), 0, 0, 0, 0, 0, 0, 0, 0};

    expect_of_sequential(&c);
    for (uint32_t size = 2; size <= MAX_RANKS; size *= 2) {
        c.n_blocks = 4 * size;
        CU_ASSERT_EQUAL(run_on_thread_ranks(size, finds_the_same, &c), 0);
    }
    c.moving = ARCHI_STAY;
    c.n_moved = 0;
    CU_ASSERT_EQUAL(run_on_thread_ranks(3, finds_the_same, &c), 0);
    CU_ASSERT_EQUAL(c.n_moved, 0);
}

/* ---- more ranks than cores --------------------------------------------------------------------------------------- */

/* This thread, and those that it makes, on the first n cores of those that it may use; fewer where there are not so many. */
static cpu_set_t keep_to_cores(int n)
{
    cpu_set_t all, few;

    CPU_ZERO(&few);
    CU_ASSERT_EQUAL_FATAL(sched_getaffinity(0, sizeof all, &all), 0);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&few) < n; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &few);
    CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof few, &few), 0);
    return all;
}

/* All ranks on one core, so that those at work have to leave it. */
static void begin_on_the_last_of(const cpu_set_t *cores)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && CPU_COUNT(&one) == 0; cpu--)
        if (CPU_ISSET(cpu, cores))
            CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) == 0)
        (void)sched_setaffinity(0, sizeof *cores, cores);
}

/* Nobody has to find out by trial that ranks without a core are in the way. */
static int rests_without_a_core(archi_net_t *net, void *user)
{
    uint32_t rank = archi_net_rank(net);
    cpu_set_t before, after;
    case_t *c = user;
    spark_run_t s;
    int n_wrong = 1;

    if (open_case(&s, net, c)) {
        n_wrong = sched_getaffinity(0, sizeof before, &before) != 0;
        begin_on_the_last_of(&before);
        n_wrong += archi_execute(&s.run, &s.stats) != ARCH_OK;
        n_wrong += sched_getaffinity(0, sizeof after, &after) != 0 || !CPU_EQUAL(&before, &after);
        n_wrong += rank >= archi_net_cores(net) && s.stats.n_windows > 0;
        n_wrong += rank == 0 && s.stats.n_windows == 0;
        n_wrong += spark_digest(&s) != c->digest || away_from_home(&s);
    }
    spark_close(&s);
    return n_wrong;
}

static void no_more_ranks_work_than_there_are_cores(void)
{
    case_t c = {ARCHI_CONSERVATIVE, ARCHI_BALANCE, 0, 0, 1500000, 0, 0, 0, 0, 0, 0, 0, 0};

    expect_of_sequential(&c);
    c.n_blocks = SPARK_N_LPS;
    for (int n = 1; n <= 2; n++) {
        cpu_set_t all = keep_to_cores(n);
        CU_ASSERT(archi_own_cores() <= (uint32_t)n);
        CU_ASSERT_EQUAL(run_on_thread_ranks(4, rests_without_a_core, &c), 0);
        c.way = ARCHI_NET_APART;
        CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof all, &all), 0);
    }
}

/* One rank has room for twice what all blocks begin with. They grow, and so all come back, whose limits are more. */
static int goes_back_to_work(archi_net_t *net, void *user)
{
    uint64_t bytes = 0;
    case_t *c = user;
    spark_run_t s;
    int n_wrong = 1;

    if (open_case(&s, net, c)) {
        for (uint32_t i = 0; i < s.run.n_local; i++)
            bytes += s.block[i]->bytes;
        n_wrong = archi_net_sum_u64(net, &bytes, 1) != ARCH_OK;
        s.run.memory_limit = 2 * bytes;
        n_wrong += archi_execute(&s.run, &s.stats) != ARCH_OK;
        n_wrong += spark_digest(&s) != c->digest || away_from_home(&s);
        n_wrong += s.stats.n_windows == 0;
    }
    spark_close(&s);
    return n_wrong;
}

static void ranks_that_rest_are_called_when_memory_gets_short(void)
{
    case_t c = {ARCHI_CONSERVATIVE, ARCHI_BALANCE, 0, 0, trial_time(), 0, 0, 0, 0, 0, 0, 0, 0};
    cpu_set_t all = keep_to_cores(1);

    expect_of_sequential(&c);
    c.n_blocks = SPARK_N_LPS;
    CU_ASSERT_EQUAL(run_on_thread_ranks(4, goes_back_to_work, &c), 0);
    CU_ASSERT_EQUAL(sched_setaffinity(0, sizeof all, &all), 0);
}

/* ---- large blocks ------------------------------------------------------------------------------------------------ */

/* Large blocks take several exchanges, and small ones move beside them; in one process they are handed over. */
static int moves_large_blocks(archi_net_t *net, void *user)
{
    case_t *c = user;
    spark_run_t s;
    int n_wrong = 1;

    archi_net_set_rings(net, c->way);
    if (spark_open(&s, net, 4, 1, 60000)) {
        s.run.moving = ARCHI_WANDER;
        s.run.moving_seed = 3;
        s.run.segment = 5000;
        s.run.until = c->until;
        n_wrong = s.run.n_local > 0 && s.block[0]->bytes < (4 << 20);
        n_wrong += archi_execute(&s.run, &s.stats) != ARCH_OK;
        n_wrong += spark_digest(&s) != c->digest || unsound(&s) != NULL || away_from_home(&s);
        c->moved_bytes += s.stats.moved_bytes;
    }
    spark_close(&s);
    return n_wrong;
}

static void large_blocks_move_in_pieces(void)
{
    case_t c = {ARCHI_CONSERVATIVE, ARCHI_WANDER, 0, 0, 40000, 0, 0, 0, 0, 0, 0, 0, 0};

    expect_of_sequential(&c);
    c.way = ARCHI_NET_APART;
    CU_ASSERT_EQUAL(run_on_thread_ranks(3, moves_large_blocks, &c), 0);
    CU_ASSERT(c.moved_bytes > 20 << 20);
    c.way = 0;
    c.moved_bytes = 0;
    CU_ASSERT_EQUAL(run_on_thread_ranks(3, moves_large_blocks, &c), 0);
    CU_ASSERT(c.moved_bytes > 20 << 20);
}

/* Running ahead would copy megabytes again and again: that is not even tried. */
static int tries_no_copies_of_large_blocks(archi_net_t *net, void *user)
{
    case_t *c = user;
    spark_run_t s;
    int n_wrong = 1;

    if (spark_open(&s, net, 4, 1, 60000)) {
        s.run.kind = ARCHI_AUTOMATIC;
        s.run.moving = ARCHI_BALANCE;
        s.run.until = c->until;
        n_wrong = archi_execute(&s.run, &s.stats) != ARCH_OK;
        n_wrong += spark_digest(&s) != c->digest || s.stats.n_copies != 0;
    }
    spark_close(&s);
    return n_wrong;
}

static void large_blocks_are_not_copied_to_run_ahead(void)
{
    case_t c = {ARCHI_AUTOMATIC, ARCHI_BALANCE, 0, 0, trial_time(), 0, 0, 0, 0, 0, 0, 0, 0};

    expect_of_sequential(&c);
    CU_ASSERT_EQUAL(run_on_thread_ranks(4, tries_no_copies_of_large_blocks, &c), 0);
}

/* ---- balance ----------------------------------------------------------------------------------------------------- */

static const arch_time_t phase_length = 100000;

typedef struct {
    archi_moving_t moving;
    uint64_t       digest;
    uint64_t       events[MAX_RANKS][PHASES]; /* handled by rank and phase */
} hot_t;

static _Thread_local uint64_t *hot_counts; /* of this rank */

/* Processes take turns in being hot: what fades there glows for a while. */
ARCH_HD static ARCH_INLINE void hot_handle(const void *plan, const archi_map_t *map, archi_block_t *b,
                                           const archi_event_t *ev)
{
    uint64_t left = ev->kind == GLOW ? ev->word[0] : GLOWS;

    hot_counts[b->now / phase_length]++;
    if (ev->kind != GLOW)
        spark_handle(plan, map, b, ev);
    if (left > 0 && (ev->kind == GLOW || (ev->kind == FADE && ev->dst % HOT == b->now / phase_length % HOT)))
        spark_send(map, b, ev->dst, ev->dst, 500, GLOW, left - 1);
}

static archi_stop_t hot_step(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
    return archi_run_until(plan, map, b, horizon, hot_handle);
}

static int runs_hot(archi_net_t *net, void *user)
{
    hot_t *h = user;
    uint64_t digest;
    spark_run_t s;
    int n_wrong = 1;

    if (spark_open(&s, net, SPARK_N_LPS, 0, 0)) {
        hot_counts = h->events[archi_net_rank(net)];
        s.run.step = hot_step;
        s.run.moving = h->moving;
        s.run.segment = phase_length / 20;
        s.run.until = PHASES * phase_length;
        n_wrong = archi_execute(&s.run, &s.stats) != ARCH_OK;
        n_wrong += unsound(&s) != NULL || away_from_home(&s);
        digest = spark_digest(&s);
        if (archi_net_rank(net) == 0)
            h->digest = digest;
    }
    spark_close(&s);
    return n_wrong;
}

/* The mean over phases of the most loaded rank's events over the mean. */
static double imbalance(const hot_t *h, uint32_t size)
{
    double sum = 0;

    for (int p = 0; p < PHASES; p++) {
        double most = 0, all = 0;
        for (uint32_t r = 0; r < size; r++) {
            double n = (double)h->events[r][p];
            most = n > most ? n : most;
            all += n;
        }
        sum += most * size / all / PHASES;
    }
    return sum;
}

static void blocks_follow_a_hot_spot(void)
{
    static hot_t stay, balance; /* counted in events, so the same on any machine */

    stay.moving = ARCHI_STAY;
    balance.moving = ARCHI_BALANCE;
    CU_ASSERT_EQUAL(run_on_thread_ranks(HOT, runs_hot, &stay), 0);
    CU_ASSERT_EQUAL(run_on_thread_ranks(HOT, runs_hot, &balance), 0);
    CU_ASSERT_EQUAL(stay.digest, balance.digest);
    fprintf(stderr, "most loaded rank over the mean: %.3f without moving, %.3f with\n", imbalance(&stay, HOT),
            imbalance(&balance, HOT));
    CU_ASSERT(imbalance(&stay, HOT) > 1.8);
    CU_ASSERT(imbalance(&balance, HOT) < 1.3);
}

/* ---- told -------------------------------------------------------------------------------------------------------- */

/* A trace shows when blocks moved, and that whoever had none waited. */
static int notes_moves(archi_net_t *net, void *user)
{
    case_t *c = user;
    archi_trace_t *trace = NULL;
    const archi_span_t *span;
    uint32_t n = 0, n_of[ARCHI_TRACE_KINDS] = {0};
    spark_run_t s;
    int n_wrong = archi_trace_create(4096, &trace) != ARCH_OK;

    if (open_case(&s, net, c)) {
        s.run.trace = trace;
        n_wrong += archi_execute(&s.run, &s.stats) != ARCH_OK;
    }
    span = archi_trace_spans(trace, &n);
    for (uint32_t i = 0; i < n; i++) {
        n_of[span[i].kind]++;
        n_wrong += span[i].to < span[i].from || (i > 0 && span[i].from < span[i - 1].from);
    }
    n_wrong += n_of[ARCHI_TRACE_MOVE] == 0 || n_of[ARCHI_TRACE_WAIT] == 0 || s.stats.wait_seconds <= 0;
    archi_trace_destroy(&trace);
    spark_close(&s);
    return n_wrong;
}

static void a_trace_shows_moves(void)
{
    case_t c = {ARCHI_CONSERVATIVE, ARCHI_WANDER, 1, 10000, 100000, 8, 0, 0, 0, 0, 0, 0, 0};

    CU_ASSERT_EQUAL(run_on_thread_ranks(3, notes_moves, &c), 0);
}

/* ---- trouble ----------------------------------------------------------------------------------------------------- */

/* One rank has no memory for more than it holds: blocks leave it, and come back only into what they left. */
static int wanders_within_its_limit(archi_net_t *net, void *user)
{
    case_t *c = user;
    spark_run_t s;
    int n_wrong = 1;

    archi_net_set_rings(net, c->way);
    if (spark_open(&s, net, 9, 1, 2000)) {
        uint64_t bytes = 0;
        for (uint32_t i = 0; i < s.run.n_local; i++)
            bytes += s.block[i]->bytes;
        s.run.moving = ARCHI_WANDER;
        s.run.moving_seed = c->seed;
        s.run.segment = 3000;
        s.run.until = c->until;
        s.run.memory_limit = archi_net_rank(net) == 1 ? bytes : 0;
        n_wrong = archi_execute(&s.run, &s.stats) != ARCH_OK;
        n_wrong += archi_net_rank(net) == 1 && s.stats.peak_bytes != bytes;
        n_wrong += spark_digest(&s) != c->digest || away_from_home(&s);
        c->n_moved += archi_net_rank(net) == 1 ? 0 : s.stats.n_moved;
    }
    spark_close(&s);
    return n_wrong;
}

static void no_rank_takes_more_than_its_memory(void)
{
    case_t c = {ARCHI_CONSERVATIVE, ARCHI_WANDER, 0, 0, 100000, 0, 0, 0, 0, 0, 0, 0, 0};

    expect_of_sequential(&c);
    for (c.seed = 0; c.seed < 8; c.seed++) {
        c.way = c.seed % 2 == 0 ? 0 : ARCHI_NET_APART; /* blocks are handed over, or carried */
        CU_ASSERT_EQUAL(run_on_thread_ranks(3, wanders_within_its_limit, &c), 0);
    }
    CU_ASSERT(c.n_moved > 0);
}

/* Some rank fills its memory in the midst of it: all stop, all are told why, and blocks are where they were. */
static int stops_with_the_full_rank(archi_net_t *net, void *user)
{
    case_t *c = user;
    spark_run_t s;
    int n_wrong = 1;

    if (open_case(&s, net, c)) {
        uint64_t bytes = 0;
        for (uint32_t i = 0; i < s.run.n_local; i++)
            bytes += s.block[i]->bytes;
        s.run.memory_limit = bytes + 1000; /* on every rank: blocks must not escape it by moving */
        n_wrong = archi_execute(&s.run, &s.stats) != ARCH_E_FULL;
        n_wrong += strstr(arch_error_text(), "block ") == NULL;
        n_wrong += away_from_home(&s) || unsound(&s) != NULL;
        n_wrong += archi_net_barrier(net) != ARCH_OK;
    }
    spark_close(&s);
    return n_wrong;
}

static void a_full_rank_stops_all_at_home(void)
{
    case_t c = {ARCHI_AUTOMATIC, ARCHI_WANDER, 0, 2000, 300000, 12, 0, 0, 0, 0, 0, 0, 0};

    for (c.seed = 0; c.seed < 6; c.seed++)
        for (uint32_t size = 2; size <= 4; size++) {
            c.way = c.seed % 2 == 0 ? 0 : ARCHI_NET_APART;
            CU_ASSERT_EQUAL(run_on_thread_ranks(size, stops_with_the_full_rank, &c), 0);
        }
}

/* One rank's allocations fail from some point on: its blocks stay, or the run says why; nothing is lost and nobody waits. */
static int moves_or_stays(archi_net_t *net, void *user)
{
    case_t *c = user;
    int n_wrong = 0;

    for (long budget = 0; budget < 4000; budget += 1 + budget / 16) {
        arch_status_t st;
        spark_run_t s;

        n_wrong += !open_case(&s, net, c);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        if (archi_net_rank(net) == 0)
            test_alloc_budget(budget);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        st = archi_execute(&s.run, &s.stats);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        test_alloc_budget(-1);
        n_wrong += unsound(&s) != NULL || (st != ARCH_OK && st != ARCH_E_NOMEM);
        if (st == ARCH_OK)
            n_wrong += spark_digest(&s) != c->digest || away_from_home(&s);
        c->n_moved += st == ARCH_OK ? s.stats.n_moved : 0;
        c->n_changes += st != ARCH_OK;
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        for (uint32_t i = s.run.n_local; i < SPARK_N_LPS; i++)
            n_wrong += s.block[i] != NULL;
        spark_close(&s);
    }
    return n_wrong;
}

static void survives_every_failing_allocation(void)
{
    case_t c = {ARCHI_AUTOMATIC, ARCHI_WANDER, 0, 2000, 30000, 8, 0, 0, 0, 0, 0, 0, 0};
    long before = test_live_bytes();

    expect_of_sequential(&c);
    for (uint32_t size = 2; size <= 3; size++)
        for (int way = 0; way < 2; way++) {
            c.way = way == 0 ? 0 : ARCHI_NET_APART;
            c.n_moved = c.n_changes = 0;
            CU_ASSERT_EQUAL(run_on_thread_ranks(size, moves_or_stays, &c), 0);
            CU_ASSERT(c.n_moved > 0 && c.n_changes > 10);
        }
    CU_ASSERT_EQUAL(test_live_bytes(), before);
}

static int cancels_third(void *user, arch_time_t now, uint64_t n_events)
{
    (void)now;
    (void)n_events;
    return ++*(int *)user == 3;
}

/* Also the rank that has nothing to do at the time. */
static int is_cancelled(archi_net_t *net, void *user)
{
    spark_run_t s;
    int n_calls = 0, n_wrong = 1;

    if (open_case(&s, net, user)) {
        s.run.progress = archi_net_rank(net) + 1 == archi_net_size(net) ? cancels_third : NULL;
        s.run.user = &n_calls;
        n_wrong = archi_execute(&s.run, &s.stats) != ARCH_E_CANCELLED;
        n_wrong += away_from_home(&s) || unsound(&s) != NULL;
        n_wrong += archi_net_barrier(net) != ARCH_OK;
    }
    spark_close(&s);
    return n_wrong;
}

static void a_resting_rank_cancels_for_all(void)
{
    case_t c = {ARCHI_AUTOMATIC, ARCHI_WANDER, 5, 20000, ARCH_TIME_MAX, 8, 0, 0, 0, 0, 0, 0, 0};

    CU_ASSERT_EQUAL(run_on_thread_ranks(4, is_cancelled, &c), 0);
}

/* The last of many ranks rests after the first segment; pauses are so long that progress is told in each segment. */
static _Thread_local int n_pauses, n_steps; /* of this rank; since the first pause */

static archi_stop_t counting_step(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
    n_steps += n_pauses > 0;
    return spark_step(plan, map, b, horizon);
}

static arch_status_t takes_its_time(void *user, archi_block_t *const *block, uint32_t n_blocks, arch_time_t now)
{
    const struct timespec quarter_second = {0, 250000000};

    (void)user;
    (void)block;
    (void)n_blocks;
    (void)now;
    n_pauses++;
    return nanosleep(&quarter_second, NULL) == 0 ? ARCH_OK : ARCH_FAIL(ARCH_E_IO, "could not sleep");
}

static int cancels_after_a_pause(void *user, arch_time_t now, uint64_t n_events)
{
    (void)user;
    (void)now;
    (void)n_events;
    return n_pauses > 0;
}

static int hears_while_it_rests(archi_net_t *net, void *user)
{
    int last = archi_net_rank(net) + 1 == archi_net_size(net), n_wrong = 1;
    spark_run_t s;

    n_pauses = n_steps = 0;
    if (open_case(&s, net, user)) {
        s.run.pause = takes_its_time;
        s.run.step = counting_step;
        s.run.progress = last ? cancels_after_a_pause : NULL;
        n_wrong = archi_execute(&s.run, &s.stats) != ARCH_E_CANCELLED;
        n_wrong += last && (n_pauses != 1 || n_steps > 0);
    }
    spark_close(&s);
    return n_wrong;
}

static void a_resting_rank_is_told_of_progress(void)
{
    case_t c = {ARCHI_CONSERVATIVE, ARCHI_WANDER, 1, 20000, 100000, SPARK_N_LPS, 0, 0, 0, 0, 0, 0, 0};

    CU_ASSERT_EQUAL(run_on_thread_ranks(MAX_RANKS, hears_while_it_rests, &c), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {{"same_bits_whatever_the_length_of_segments", same_bits_whatever_the_length_of_segments},
                           {"same_bits_however_blocks_wander", same_bits_however_blocks_wander},
                           {"wandering_blocks_change_their_executor", wandering_blocks_change_their_executor},
                           {"same_bits_whatever_is_tried", same_bits_whatever_is_tried},
                           {"no_more_ranks_work_than_there_are_cores", no_more_ranks_work_than_there_are_cores},
                           {"ranks_that_rest_are_called_when_memory_gets_short",
                            ranks_that_rest_are_called_when_memory_gets_short},
                           {"large_blocks_move_in_pieces", large_blocks_move_in_pieces},
                           {"large_blocks_are_not_copied_to_run_ahead", large_blocks_are_not_copied_to_run_ahead},
                           {"blocks_follow_a_hot_spot", blocks_follow_a_hot_spot},
                           {"a_trace_shows_moves", a_trace_shows_moves},
                           {"no_rank_takes_more_than_its_memory", no_rank_takes_more_than_its_memory},
                           {"a_full_rank_stops_all_at_home", a_full_rank_stops_all_at_home},
                           {"survives_every_failing_allocation", survives_every_failing_allocation},
                           {"a_resting_rank_cancels_for_all", a_resting_rank_cancels_for_all},
                           {"a_resting_rank_is_told_of_progress", a_resting_rank_is_told_of_progress},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"course", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
