/* tests/unit/test_optimistic.c - blocks that run ahead and are put back leave no trace of it: the bits of a sequential run,
 * whatever it met on its way. */
#include "support/alloc.h"
#include "support/spark_model.h"
#include "support/share.h"
#include "support/thread_ranks.h"
#include <CUnit/Basic.h>
#include <stdatomic.h>
#include <time.h>

static const uint32_t block_counts[] = {1, 2, 3, 7, 16};

enum { N_BLOCK_COUNTS = sizeof block_counts / sizeof block_counts[0], MAX_RANKS = 3 };

static const char *unsound(const spark_run_t *s)
{
    for (uint32_t i = 0; i < s->run.n_local; i++)
        if (archi_block_check(s->block[i]) != NULL)
            return archi_block_check(s->block[i]);
    return NULL;
}

/* Nothing that was sent is still in an outbox, nothing was handled too early or left out. */
static int left_over(const spark_run_t *s)
{
    for (uint32_t i = 0; i < s->run.n_local; i++)
        if (s->block[i]->section[ARCHI_SEC_OUTBOX].used != 0 ||
            (s->block[i]->n_events != 0 && s->block[i]->now >= s->run.until) ||
            archi_queue_next_time(s->block[i]) < s->run.until)
            return 1;
    return 0;
}

typedef struct {
    spark_plan_t plan;
    arch_time_t lookahead, until;
    uint32_t n_blocks;
    int dealt, ball_only;
    uint64_t memory_limit;
    uint64_t digest, n_events;                     /* expected */
    atomic_ullong n_rollbacks, n_undone, n_copies; /* found, over all ranks and runs */
} case_t;

static int open_case(spark_run_t *s, archi_net_t *net, const case_t *c)
{
    int ready = spark_open_as(s, net, c->n_blocks, c->dealt, 0, c->ball_only);

    s->run.plan = &c->plan;
    s->run.lookahead = c->lookahead;
    s->run.until = c->until;
    s->run.memory_limit = c->memory_limit;
    s->run.kind = ARCHI_OPTIMISTIC;
    return ready;
}

/* One block, all in order. */
static void expect_of_sequential(case_t *c)
{
    uint32_t n_blocks = c->n_blocks;
    spark_run_t s;

    c->n_blocks = 1;
    CU_ASSERT_FATAL(open_case(&s, NULL, c));
    s.run.kind = ARCHI_SEQUENTIAL;
    CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_OK);
    c->digest = spark_digest(&s);
    c->n_events = s.stats.n_events;
    c->n_blocks = n_blocks;
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
        n_wrong += left_over(&s);
        n_wrong += (s.stats.n_rollbacks > 0) > (s.stats.n_copies > 0);
        n_wrong += (s.stats.n_copies > 0) != (s.stats.copy_bytes > 0);
        c->n_rollbacks += s.stats.n_rollbacks;
        c->n_undone += s.stats.n_undone;
        c->n_copies += s.stats.n_copies;
    }
    spark_close(&s);
    return n_wrong;
}

static void on_all_blocks_and_ranks(case_t *c)
{
    uint32_t n = 0;

    expect_of_sequential(c);
    CU_ASSERT(c->n_events > 100);
    for (int b = 0; b < N_BLOCK_COUNTS; b++)
        for (uint32_t size = 1; size <= MAX_RANKS; size++)
            for (c->dealt = 0; c->dealt < 2; c->dealt++) {
                c->n_blocks = block_counts[b];
                if (in_share(n++))
                    CU_ASSERT_EQUAL(run_on_thread_ranks(size, finds_the_same, c), 0);
            }
}

/* ---- the same bits ----------------------------------------------------------------------------------------------- */

static void same_bits_on_any_blocks_and_ranks(void)
{
    case_t c = {{SPARK_LOOKAHEAD, SPARK_N_LPS}, SPARK_LOOKAHEAD, 300000, 0, 0, 0, 0, 0, 0, 0, 0, 0};

    on_all_blocks_and_ranks(&c);
    CU_ASSERT(c.n_copies > 0 && c.n_rollbacks > 0 && c.n_undone > 0);
}

/* Messages come a nanosecond after they were sent, amid events of the same times: stragglers all the way. */
static void same_bits_with_a_lookahead_of_a_nanosecond(void)
{
    case_t c = {{1, SPARK_N_LPS}, 1, 60000, 0, 0, 0, 0, 0, 0, 0, 0, 0};

    on_all_blocks_and_ranks(&c);
    CU_ASSERT(c.n_rollbacks > share_of(100) && c.n_undone > 0);
}

/* The lookahead that is promised is far less than what the model keeps to: the more there is to win by running ahead. */
static void same_bits_when_lookahead_is_hidden(void)
{
    case_t c = {{SPARK_LOOKAHEAD, SPARK_N_LPS}, 10, 300000, 0, 0, 0, 0, 0, 0, 0, 0, 0};

    on_all_blocks_and_ranks(&c);
    CU_ASSERT(c.n_rollbacks > 0);
}

static void an_event_under_way_keeps_the_run_going(void)
{
    case_t c = {{SPARK_LOOKAHEAD, SPARK_N_LPS}, 100, 300000, 0, 0, 1, 0, 0, 0, 0, 0, 0};

    on_all_blocks_and_ranks(&c);
}

static void blocks_that_never_meet_are_never_put_back(void)
{
    case_t c = {{SPARK_LOOKAHEAD, 0}, 10, 300000, 0, 0, 0, 0, 0, 0, 0, 0, 0};

    on_all_blocks_and_ranks(&c);
    CU_ASSERT(c.n_copies > 0);
    CU_ASSERT_EQUAL(c.n_rollbacks, 0);
}

static void a_run_goes_on_where_it_stopped(void)
{
    case_t c = {{10, SPARK_N_LPS}, 10, 200000, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    const arch_time_t stop[] = {0, 1, 54321, 54322, 123456, 200000};
    spark_run_t s;

    expect_of_sequential(&c);
    for (c.n_blocks = 2; c.n_blocks <= 5; c.n_blocks++) {
        CU_ASSERT_FATAL(open_case(&s, NULL, &c));
        for (int i = 0; i < 6; i++) { /* each way takes over from the other */
            s.run.until = stop[i];
            s.run.kind = i % 3 == 2 ? ARCHI_SEQUENTIAL : ARCHI_OPTIMISTIC;
            CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_OK);
            CU_ASSERT_FALSE(left_over(&s));
        }
        CU_ASSERT_EQUAL(spark_digest(&s), c.digest);
        spark_close(&s);
    }
}

/* To the last byte that the model wrote, and beyond it. */
static int same_model_bytes(archi_block_t *a, archi_block_t *b)
{
    for (uint32_t i = ARCHI_FIRST_MODEL_SECTION; i <= SPARK_POOL; i++) {
        archi_section_t *s = &a->section[i], *t = &b->section[i];
        uint32_t n = s->capacity < t->capacity ? s->capacity : t->capacity;

        if (s->used != t->used || s->free_head != t->free_head || s->n_free != t->n_free ||
            memcmp(archi_section(a, i), archi_section(b, i), (size_t)n * s->entry_bytes) != 0)
            return 0;
    }
    return a->n_events == b->n_events && a->now == b->now && a->n_sent_out == b->n_sent_out;
}

/* A pool's entry holds what it last held: also that must not tell what was taken back. */
static void blocks_end_as_those_of_a_sequential_run(void)
{
    case_t c = {{SPARK_LOOKAHEAD, SPARK_N_LPS}, 10, 30000, 7, 1, 0, 0, 0, 0, 0, 0, 0};
    spark_run_t s, plain;

    for (c.until = 500; c.until < 30000; c.until += 500) {
        CU_ASSERT_FATAL(open_case(&s, NULL, &c) && open_case(&plain, NULL, &c));
        plain.run.kind = ARCHI_SEQUENTIAL;
        CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_OK);
        CU_ASSERT_EQUAL(archi_execute(&plain.run, &plain.stats), ARCH_OK);
        CU_ASSERT_EQUAL(s.stats.n_messages, plain.stats.n_messages);
        for (uint32_t i = 0; i < c.n_blocks; i++)
            CU_ASSERT(same_model_bytes(s.block[i], plain.block[i]));
        spark_close(&s);
        spark_close(&plain);
    }
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static arch_status_t run_within(case_t *c, archi_executor_kind_t kind, uint64_t limit, archi_executor_stats_t *stats)
{
    spark_run_t s;
    arch_status_t st = ARCH_E_NOMEM;

    c->memory_limit = limit;
    if (open_case(&s, NULL, c)) {
        s.run.kind = kind;
        st = archi_execute(&s.run, &s.stats);
        *stats = s.stats;
        CU_ASSERT_PTR_NULL(unsound(&s));
        CU_ASSERT(st != ARCH_OK || spark_digest(&s) == c->digest);
    }
    spark_close(&s);
    return st;
}

/* From what the blocks alone need upwards: copies never break the limit, nor the run. */
static void copies_take_only_what_blocks_leave(void)
{
    case_t c = {{SPARK_LOOKAHEAD, SPARK_N_LPS}, 10, 100000, 7, 1, 0, 0, 0, 0, 0, 0, 0};
    const uint64_t outbox_times = 7 * 4096; /* what noting the times of sending takes at most */
    archi_executor_stats_t stats;
    uint64_t need, fewest = UINT64_MAX, most = 0;

    expect_of_sequential(&c);
    CU_ASSERT_EQUAL(run_within(&c, ARCHI_SEQUENTIAL, 0, &stats), ARCH_OK);
    need = stats.peak_bytes + outbox_times;
    for (uint64_t limit = need; limit < 4 * need; limit += need / (test_is_long() ? 64 : 16)) {
        CU_ASSERT_EQUAL(run_within(&c, ARCHI_OPTIMISTIC, limit, &stats), ARCH_OK);
        CU_ASSERT(stats.copy_bytes <= limit);
        fewest = stats.n_copies < fewest ? stats.n_copies : fewest;
        most = stats.n_copies > most ? stats.n_copies : most;
    }
    CU_ASSERT(most > fewest);
}

static void without_any_memory_to_spare_it_is_conservative(void)
{
    case_t c = {{SPARK_LOOKAHEAD, SPARK_N_LPS}, SPARK_LOOKAHEAD, 100000, 3, 1, 0, 0, 0, 0, 0, 0, 0};
    archi_executor_stats_t stats;
    uint64_t limit = 1 << 10;
    arch_status_t st = ARCH_E_FULL;

    expect_of_sequential(&c);
    for (; st == ARCH_E_FULL; limit += 512)
        st = run_within(&c, ARCHI_OPTIMISTIC, limit, &stats);
    CU_ASSERT_EQUAL(st, ARCH_OK);
    for (limit = stats.peak_bytes; limit < stats.peak_bytes + 20000; limit += 500) /* just above */
        CU_ASSERT(run_within(&c, ARCHI_OPTIMISTIC, limit, &stats) != ARCH_E_NOMEM);
}

/* One rank alone is short of memory, from its first event on. */
static int learns_of_the_full_rank(archi_net_t *net, void *user)
{
    uint32_t full = *(const uint32_t *)user % archi_net_size(net);
    spark_run_t s;
    int n_wrong = 1;

    if (spark_open(&s, net, 8, 1, 0)) {
        s.run.kind = ARCHI_OPTIMISTIC;
        s.run.memory_limit = archi_net_rank(net) == full ? 1 : 0;
        n_wrong = archi_execute(&s.run, &s.stats) != ARCH_E_FULL;
        n_wrong += strstr(arch_error_text(), "block ") == NULL;
        n_wrong += unsound(&s) != NULL;
        n_wrong += archi_net_barrier(net) != ARCH_OK; /* all are still there */
    }
    spark_close(&s);
    return n_wrong;
}

static void one_full_rank_stops_all(void)
{
    for (uint32_t full = 0; full < 3; full++)
        for (uint32_t size = 1; size <= MAX_RANKS; size++)
            CU_ASSERT_EQUAL(run_on_thread_ranks(size, learns_of_the_full_rank, &full), 0);
}

typedef struct {
    case_t c;
    long budget; /* allocations that were enough */
    long wide;   /* every so many budgets are tried */
} shortage_t;

/* With memory for one allocation more each time, until it is never out: found the same, or said why not. */
static int runs_or_says_why(archi_net_t *net, void *user)
{
    shortage_t *shortage = user;
    int n_wrong = 0;

    for (long i = 0; i <= shortage->budget; i += shortage->wide) {
        arch_status_t st;
        spark_run_t s;

        if (!in_share((uint32_t)i) && i + shortage->wide <= shortage->budget)
            continue;
        n_wrong += !open_case(&s, net, &shortage->c);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        if (archi_net_rank(net) == 0)
            test_alloc_budget(i);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        st = archi_execute(&s.run, &s.stats);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        test_alloc_budget(-1);
        n_wrong += unsound(&s) != NULL;
        n_wrong += st != ARCH_OK && st != ARCH_E_NOMEM;
        n_wrong += st == ARCH_OK && spark_digest(&s) != shortage->c.digest;
        n_wrong += i + shortage->wide > shortage->budget && st != ARCH_OK;
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        spark_close(&s);
    }
    return n_wrong;
}

static void survives_failing_allocations(void)
{
    long before = test_live_bytes();
    shortage_t shortage = {{{10, SPARK_N_LPS}, 10, 40000, 5, 0, 0, 0, 0, 0, 0, 0, 0}, 1500, 1};

    expect_of_sequential(&shortage.c);
    for (uint32_t size = 1; size <= MAX_RANKS; size++) {
        shortage.wide = size == 1 ? 1 : 7;
        CU_ASSERT_EQUAL(run_on_thread_ranks(size, runs_or_says_why, &shortage), 0);
    }
    CU_ASSERT_EQUAL(test_live_bytes(), before);
}

static uint64_t sleep_after; /* events of block 0 */
static atomic_int slept;

/* ---- progress and cancelling ------------------------------------------------------------------------------------- */

typedef struct {
    int n_calls, cancel_at;
    arch_time_t last;
    uint64_t n_events;
    int n_wrong;
} told_t;

static int on_progress(void *user, arch_time_t now, uint64_t n_events)
{
    told_t *told = user;

    told->n_wrong += now < told->last || n_events < told->n_events;
    told->last = now;
    told->n_events = n_events;
    return ++told->n_calls == told->cancel_at;
}

/* Slow once, so that progress is told in the midst of things. */
static archi_stop_t slow_step(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
    struct timespec quarter_second = {0, 250000000};

    if (b->id == 0 && b->n_events >= sleep_after && !atomic_exchange(&slept, 1))
        nanosleep(&quarter_second, NULL);
    return spark_step(plan, map, b, horizon);
}

/* Cancelled in the middle, blocks are as if they had never run further than what is final: the run can go on. */
static int is_cancelled_and_goes_on(archi_net_t *net, void *user)
{
    case_t *c = user;
    told_t told = {0, 1, 0, 0, 0};
    spark_run_t s;
    int n_wrong = 1;

    if (open_case(&s, net, c)) {
        s.run.step = slow_step;
        s.run.progress = archi_net_rank(net) + 1 == archi_net_size(net) ? on_progress : NULL;
        s.run.user = &told;
        n_wrong = archi_execute(&s.run, &s.stats) != ARCH_E_CANCELLED;
        n_wrong += unsound(&s) != NULL;
        for (uint32_t i = 0; i < s.run.n_local; i++)
            n_wrong += s.block[i]->section[ARCHI_SEC_OUTBOX].used != 0;
        s.run.step = spark_step;
        n_wrong += archi_execute(&s.run, &s.stats) != ARCH_OK;
        n_wrong += told.n_wrong;
        n_wrong += spark_digest(&s) != c->digest;
    }
    spark_close(&s);
    return n_wrong;
}

static void a_cancelled_run_can_go_on(void)
{
    case_t c = {{SPARK_LOOKAHEAD, SPARK_N_LPS}, 10, 300000, 6, 1, 0, 0, 0, 0, 0, 0, 0};

    expect_of_sequential(&c);
    for (sleep_after = 50; sleep_after <= 250; sleep_after += test_is_long() ? 40 : 120)
        for (uint32_t size = test_is_long() ? 1 : 2; size <= MAX_RANKS; size++) {
            slept = 0;
            CU_ASSERT_EQUAL(run_on_thread_ranks(size, is_cancelled_and_goes_on, &c), 0);
        }
}

/* What is told counts nothing twice: not what was taken back, not what was repeated. */
static int is_told_no_more_than_there_is(archi_net_t *net, void *user)
{
    case_t *c = user;
    told_t told = {0, -1, 0, 0, 0};
    spark_run_t s;
    int n_wrong = 1;

    if (open_case(&s, net, c)) {
        s.run.step = slow_step;
        s.run.progress = on_progress;
        s.run.user = &told;
        n_wrong = archi_execute(&s.run, &s.stats) != ARCH_OK;
        n_wrong += told.n_wrong;
        n_wrong += told.n_calls == 0 || told.n_events > c->n_events;
        c->n_rollbacks += s.stats.n_rollbacks;
    }
    spark_close(&s);
    return n_wrong;
}

static void progress_counts_events_once(void)
{
    case_t c = {{SPARK_LOOKAHEAD, SPARK_N_LPS}, 10, 300000, 6, 1, 0, 0, 0, 0, 0, 0, 0};

    expect_of_sequential(&c);
    sleep_after = c.n_events / c.n_blocks * 9 / 10; /* told when nearly all has happened */
    for (uint32_t size = 1; size <= MAX_RANKS; size++) {
        slept = 0;
        CU_ASSERT_EQUAL(run_on_thread_ranks(size, is_told_no_more_than_there_is, &c), 0);
    }
    CU_ASSERT(c.n_rollbacks > 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"same_bits_on_any_blocks_and_ranks", same_bits_on_any_blocks_and_ranks},
        {"same_bits_with_a_lookahead_of_a_nanosecond", same_bits_with_a_lookahead_of_a_nanosecond},
        {"same_bits_when_lookahead_is_hidden", same_bits_when_lookahead_is_hidden},
        {"an_event_under_way_keeps_the_run_going", an_event_under_way_keeps_the_run_going},
        {"blocks_that_never_meet_are_never_put_back", blocks_that_never_meet_are_never_put_back},
        {"a_run_goes_on_where_it_stopped", a_run_goes_on_where_it_stopped},
        {"blocks_end_as_those_of_a_sequential_run", blocks_end_as_those_of_a_sequential_run},
        {"copies_take_only_what_blocks_leave", copies_take_only_what_blocks_leave},
        {"without_any_memory_to_spare_it_is_conservative", without_any_memory_to_spare_it_is_conservative},
        {"one_full_rank_stops_all", one_full_rank_stops_all},
        {"survives_failing_allocations", survives_failing_allocations},
        {"a_cancelled_run_can_go_on", a_cancelled_run_can_go_on},
        {"progress_counts_events_once", progress_counts_events_once},
        CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"optimistic", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
