/* tests/unit/test_executor.c - any executor, any cut, any number of ranks: the same bits; and no rank waits for ever. */
#include "support/alloc.h"
#include "support/hop_model.h"
#include "support/thread_ranks.h"
#include "support/share.h"
#include "engine/trace.h"
#include <CUnit/Basic.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const uint32_t counts[] = {1, 2, 3, 4, 8};

/* What carries events between ranks: rings as they suit, rings that are full all the time, messages. */
static const uint32_t ways[] = {0, 1, 4, ARCHI_NET_APART};

enum { N_COUNTS = sizeof counts / sizeof counts[0], N_WAYS = sizeof ways / sizeof ways[0] };

static const char *unsound(const spark_run_t *s)
{
    for (uint32_t i = 0; i < s->run.n_local; i++)
        if (archi_block_check(s->block[i]) != NULL)
            return archi_block_check(s->block[i]);
    return NULL;
}

/* What everything is compared with: one block, all the room it can want. */
static uint64_t reference_digest(uint64_t *n_events)
{
    spark_run_t s;
    uint64_t digest = 0;

    if (spark_open(&s, NULL, 1, 0, 5000) && archi_execute(&s.run, &s.stats) == ARCH_OK) {
        digest = spark_digest(&s);
        *n_events = s.stats.n_events;
    }
    spark_close(&s);
    return digest;
}

typedef struct {
    uint32_t n_blocks, way;
    int      dealt;
    uint64_t digest, n_events; /* expected */
} case_t;

static int finds_the_same(archi_net_t *net, void *user)
{
    const case_t *wanted = user;
    spark_run_t s;
    int n_wrong = 1;

    archi_net_set_rings(net, wanted->way);
    if (spark_open(&s, net, wanted->n_blocks, wanted->dealt, 0) && archi_execute(&s.run, &s.stats) == ARCH_OK) {
        uint64_t n_events = s.stats.n_events, digest = spark_digest(&s);
        n_wrong = archi_net_sum_u64(net, &n_events, 1) != ARCH_OK;
        n_wrong += digest != wanted->digest;
        n_wrong += n_events != wanted->n_events;
        n_wrong += s.run.n_local > 0 && wanted->n_blocks > 1 && s.stats.n_windows < 100;
        n_wrong += s.run.n_local > 0 && wanted->n_blocks > 1 && s.stats.n_messages == 0;
        n_wrong += (archi_net_size(net) > 1 && s.stats.n_messages > 0) != (s.stats.n_bytes > 0);
        n_wrong += unsound(&s) != NULL;
    }
    spark_close(&s);
    return n_wrong;
}

static void same_bits_on_any_blocks_and_ranks(void)
{
    case_t wanted = {1, 0, 0, 0, 0};
    uint32_t n = 0;

    wanted.digest = reference_digest(&wanted.n_events);
    CU_ASSERT(wanted.n_events > 5000);
    for (int w = 0; w < N_WAYS; w++)
        for (int b = 0; b < N_COUNTS; b++)
            for (int r = 0; r < N_COUNTS; r++)
                for (wanted.dealt = 0; wanted.dealt < 2; wanted.dealt++) {
                    if (!in_share(n++))
                        continue;
                    wanted.n_blocks = counts[b];
                    wanted.way = ways[w];
                    CU_ASSERT_EQUAL(run_on_thread_ranks(counts[r], finds_the_same, &wanted), 0);
                }
    wanted.way = 0;
    wanted.dealt = 0;
    wanted.n_blocks = SPARK_N_LPS;
    CU_ASSERT_EQUAL(run_on_thread_ranks(3, finds_the_same, &wanted), 0);
}

/* While the one event there is is on its way to another rank, no rank has any. */
static int follows_the_ball(archi_net_t *net, void *user)
{
    uint64_t n_events;
    spark_run_t s;
    int n_wrong = 1;

    archi_net_set_rings(net, *(const uint32_t *)user);
    if (spark_open_as(&s, net, 8, 1, 0, 1)) {
        n_wrong = archi_execute(&s.run, &s.stats) != ARCH_OK;
        n_events = s.stats.n_events;
        n_wrong += archi_net_sum_u64(net, &n_events, 1) != ARCH_OK;
        n_wrong += n_events != (uint64_t)s.run.until / SPARK_LOOKAHEAD;
    }
    spark_close(&s);
    return n_wrong;
}

static void an_event_under_way_keeps_the_run_going(void)
{
    for (int w = 0; w < N_WAYS; w++)
        for (int r = 0; r < N_COUNTS; r++) {
            uint32_t way = ways[w];
            CU_ASSERT_EQUAL(run_on_thread_ranks(counts[r], follows_the_ball, &way), 0);
        }
}

static void blocks_grow_from_nothing(void)
{
    spark_run_t s;
    uint64_t n_events = 0, digest = reference_digest(&n_events);

    CU_ASSERT_FATAL(spark_open(&s, NULL, 2, 1, 0));
    CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_OK);
    CU_ASSERT(s.stats.n_grown > 4);
    CU_ASSERT_EQUAL(s.stats.peak_bytes, s.block[0]->bytes + s.block[1]->bytes);
    CU_ASSERT_EQUAL(spark_digest(&s), digest);
    CU_ASSERT_PTR_NULL(unsound(&s));
    spark_close(&s);
}

static void a_run_goes_on_where_it_stopped(void)
{
    uint64_t n_events = 0, digest = reference_digest(&n_events);
    spark_run_t s;

    for (uint32_t n_blocks = 1; n_blocks <= 3; n_blocks++) {
        CU_ASSERT_FATAL(spark_open(&s, NULL, n_blocks, 0, 10));
        s.run.until = 0;
        CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_OK);
        CU_ASSERT_EQUAL(s.stats.n_events, 0);
        s.run.until = 123456;
        CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_OK);
        for (uint32_t i = 0; i < n_blocks; i++) {
            CU_ASSERT(s.block[i]->now < s.run.until);
            CU_ASSERT(archi_queue_next_time(s.block[i]) >= s.run.until);
        }
        s.run.until = 300000;
        CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_OK);
        CU_ASSERT_EQUAL(spark_digest(&s), digest);
        spark_close(&s);
    }
}

/* ---- what ranks promise each other ------------------------------------------------------------------------------------ */

typedef struct {
    hop_plan_t plan;
    uint32_t   n_blocks, way;
    int        dealt, told;
    uint64_t   digest, n_events; /* expected */
} hop_case_t;

static int hops_the_same(archi_net_t *net, void *user)
{
    const hop_case_t *c = user;
    hop_run_t h;
    int n_wrong = 1;

    archi_net_set_rings(net, c->way);
    if (hop_open(&h, net, &c->plan, c->n_blocks, c->dealt, c->told) &&
        archi_execute(&h.spark.run, &h.spark.stats) == ARCH_OK) {
        uint64_t n_events = h.spark.stats.n_events;
        n_wrong = archi_net_sum_u64(net, &n_events, 1) != ARCH_OK || n_events != c->n_events;
        n_wrong += spark_digest(&h.spark) != c->digest;
        n_wrong += unsound(&h.spark) != NULL;
    }
    spark_close(&h.spark);
    return n_wrong;
}

static void expect_of_one_block(hop_case_t *c)
{
    hop_run_t h;

    CU_ASSERT_FATAL(hop_open(&h, NULL, &c->plan, 1, 0, 0));
    CU_ASSERT_EQUAL(archi_execute(&h.spark.run, &h.spark.stats), ARCH_OK);
    c->digest = spark_digest(&h.spark);
    c->n_events = h.spark.stats.n_events;
    CU_ASSERT(c->n_events > 1000);
    spark_close(&h.spark);
}

static void hops_on_all_ranks(hop_case_t *c)
{
    uint32_t n = 0;

    expect_of_one_block(c);
    for (int w = 0; w < N_WAYS; w++)
        for (uint32_t n_blocks = 3; n_blocks <= 10; n_blocks += 7)
            for (int r = 1; r < N_COUNTS; r++) {
                c->way = ways[w];
                c->n_blocks = n_blocks;
                if (in_share(n++))
                    CU_ASSERT_EQUAL(run_on_thread_ranks(counts[r], hops_the_same, c), 0);
            }
}

static void every_pair_of_blocks_may_promise_its_own(void)
{
    hop_case_t c = {{1000, 10, 700, 0, 0}, 0, 0, 0, 1, 0, 0};

    for (c.dealt = 0; c.dealt < 2; c.dealt++)
        for (c.plan.upward = 0; c.plan.upward < 2; c.plan.upward++)
            hops_on_all_ranks(&c);
}

/* On 2 ranks, blocks of one rank promise each other little, ranks much. */
static void blocks_of_one_rank_bind_each_other(void)
{
    hop_case_t c = {{1000, 10, 0, 0, 4000}, 0, 0, 1, 1, 0, 0};

    hops_on_all_ranks(&c);
}

/* With a lookahead of 1 us, hours in which nothing happens are 10^10 times longer than what a clock creeps in one turn. */
static void hours_without_an_event_pass_at_once(void)
{
    hop_case_t c = {{3600 * ARCH_SECOND, ARCH_MICROSECOND, 0, 0, 0}, 0, 0, 0, 0, 0, 0};

    for (c.told = 0; c.told < 2; c.told++)
        for (c.plan.upward = 0; c.plan.upward < 2; c.plan.upward++)
            hops_on_all_ranks(&c);
}

/* About as far apart as clocks creep: ranks fall asleep and wake up all the time. */
static void same_bits_when_events_are_rare(void)
{
    hop_case_t c = {{0, 1000, 0, 0, 0}, 0, 0, 1, 0, 0, 0};

    for (c.plan.gap = 4000; c.plan.gap <= 4000000; c.plan.gap *= 10)
        hops_on_all_ranks(&c);
}

/* The rank that only sends may not flood the one that is slow: how far it got ahead, in ticks' gaps. */
static _Atomic arch_time_t slow_now, lead;

static archi_stop_t uneven_step(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
    struct timespec a_little = {0, 2000000};
    archi_stop_t stop = hop_step(plan, map, b, horizon);

    if (b->id == 0 && b->now - slow_now > lead)
        lead = b->now - slow_now;
    if (b->id == 1)
        slow_now = b->now;
    if (b->id == 1 && b->now < 1000 * ((const hop_plan_t *)plan)->gap)
        nanosleep(&a_little, NULL);
    return stop;
}

static int runs_uneven(archi_net_t *net, void *user)
{
    const hop_plan_t plan = {1000, 10, 0, 1, 0};
    hop_run_t h;
    int n_wrong = !hop_open(&h, net, &plan, 2, 0, 1);

    (void)user;
    h.spark.run.until = 20000 * plan.gap;
    h.spark.run.step = uneven_step;
    n_wrong += archi_execute(&h.spark.run, &h.spark.stats) != ARCH_OK;
    spark_close(&h.spark);
    return n_wrong;
}

static void who_only_sends_stays_near(void)
{
    slow_now = lead = 0;
    CU_ASSERT_EQUAL(run_on_thread_ranks(2, runs_uneven, NULL), 0);
    CU_ASSERT(lead > 0 && lead < 5000 * 1000);
}

static int goes_on_where_it_stopped(archi_net_t *net, void *user)
{
    const case_t *wanted = user;
    spark_run_t s;
    int n_wrong;

    archi_net_set_rings(net, wanted->way);
    n_wrong = !spark_open(&s, net, wanted->n_blocks, wanted->dealt, 0);
    for (arch_time_t until = 0; until <= 300000; until += 12500) {
        s.run.until = until;
        n_wrong += archi_execute(&s.run, &s.stats) != ARCH_OK;
        for (uint32_t i = 0; i < s.run.n_local; i++)
            n_wrong += (until > 0 && s.block[i]->now >= until) || archi_queue_next_time(s.block[i]) < until;
    }
    n_wrong += spark_digest(&s) != wanted->digest;
    spark_close(&s);
    return n_wrong;
}

static void ranks_go_on_where_they_stopped(void)
{
    case_t wanted = {5, 0, 0, 0, 0};

    wanted.digest = reference_digest(&wanted.n_events);
    for (int w = 0; w < N_WAYS; w++)
        for (int r = 1; r < N_COUNTS; r++) {
            wanted.way = ways[w];
            CU_ASSERT_EQUAL(run_on_thread_ranks(counts[r], goes_on_where_it_stopped, &wanted), 0);
        }
}

/* Every event is in a span of running, spans follow each other, and what was not running was mail or waiting. */
static int traces_all(archi_net_t *net, void *user)
{
    archi_trace_t *trace = NULL;
    const archi_span_t *span;
    uint32_t n = 0, kinds = 0;
    uint64_t n_events = 0;
    spark_run_t s;
    int n_wrong = archi_trace_create(100000, &trace) != ARCH_OK;

    (void)user;
    n_wrong += !spark_open(&s, net, 4, 0, 0);
    s.run.trace = trace;
    n_wrong += archi_execute(&s.run, &s.stats) != ARCH_OK;
    span = archi_trace_spans(trace, &n);
    for (uint32_t i = 0; i < n; i++) {
        kinds |= 1u << span[i].kind;
        n_events += span[i].kind == ARCHI_TRACE_RUN ? span[i].n_events : 0;
        n_wrong += i > 0 && (span[i].from < span[i - 1].to || span[i].now < span[i - 1].now);
        n_wrong += span[i].kind != ARCHI_TRACE_RUN && span[i].n_events != 0;
    }
    n_wrong += n_events != s.stats.n_events;
    n_wrong += kinds != (1u << ARCHI_TRACE_RUN | 1u << ARCHI_TRACE_MAIL | 1u << ARCHI_TRACE_WAIT);
    n_wrong += n == 0 || span[n - 1].to - span[0].from > s.stats.wall_seconds;
    archi_trace_destroy(&trace);
    spark_close(&s);
    return n_wrong;
}

static void a_trace_tells_of_every_event(void)
{
    for (uint32_t size = 2; size <= 3; size++)
        CU_ASSERT_EQUAL(run_on_thread_ranks(size, traces_all, NULL), 0);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

static void names_block_and_section_at_the_memory_limit(void)
{
    spark_run_t s;

    CU_ASSERT_FATAL(spark_open(&s, NULL, 2, 0, 0));
    s.run.memory_limit = s.block[0]->bytes + s.block[1]->bytes + 20000;
    CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_E_FULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "block "));
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "(section "));
    CU_ASSERT(s.stats.peak_bytes <= s.run.memory_limit);
    CU_ASSERT(s.stats.n_events > 0 && s.block[0]->now > 0);
    CU_ASSERT_PTR_NULL(unsound(&s));
    spark_close(&s);
}

typedef struct {
    uint32_t rank, way;
} one_t;

/* One rank alone is short of memory. */
static int learns_of_the_full_rank(archi_net_t *net, void *user)
{
    const one_t *one = user;
    uint32_t full = one->rank % archi_net_size(net);
    spark_run_t s;
    char text[32];
    int n_wrong = 1;

    archi_net_set_rings(net, one->way);
    if (spark_open(&s, net, 8, 1, 0)) {
        s.run.memory_limit = archi_net_rank(net) == full ? 1 : 0;
        n_wrong = archi_execute(&s.run, &s.stats) != ARCH_E_FULL;
        snprintf(text, sizeof text, "rank %u of", (unsigned)full);
        n_wrong += archi_net_rank(net) != full && strstr(arch_error_text(), text) == NULL;
        n_wrong += archi_net_barrier(net) != ARCH_OK; /* all are still there */
    }
    spark_close(&s);
    return n_wrong;
}

static void one_full_rank_stops_all(void)
{
    uint32_t n = 0;

    for (int w = 0; w < N_WAYS; w++)
        for (uint32_t full = 0; full < 3; full++)
            for (int r = 1; r < N_COUNTS; r++) {
                one_t one = {full, ways[w]};
                if (in_share(n++))
                    CU_ASSERT_EQUAL(run_on_thread_ranks(counts[r], learns_of_the_full_rank, &one), 0);
            }
}

typedef struct {
    uint64_t digest;   /* expected */
    long     budget;   /* allocations that were enough */
    uint32_t way;
} shortage_t;

/* With memory for one allocation more each time, until it is enough. */
static int runs_or_says_why(archi_net_t *net, void *user)
{
    shortage_t *shortage = user;
    arch_status_t st = ARCH_E_NOMEM;
    int n_wrong = 0;

    archi_net_set_rings(net, shortage->way);
    for (long i = 0; st == ARCH_E_NOMEM; i++) {
        spark_run_t s;

        n_wrong += !spark_open(&s, net, 5, 0, 0);
        s.run.until = 60000;
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        if (archi_net_rank(net) == 0)
            test_alloc_budget(shortage->budget = i);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        st = archi_execute(&s.run, &s.stats);
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        test_alloc_budget(-1);
        n_wrong += unsound(&s) != NULL;
        n_wrong += st == ARCH_OK && spark_digest(&s) != shortage->digest;
        n_wrong += archi_net_barrier(net) != ARCH_OK;
        spark_close(&s);
    }
    return n_wrong + (st != ARCH_OK);
}

static void survives_every_failing_allocation(void)
{
    long before = test_live_bytes();
    shortage_t shortage = {0, 0, 0};
    spark_run_t s;

    CU_ASSERT_FATAL(spark_open(&s, NULL, 1, 0, 5000));
    s.run.until = 60000;
    CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_OK);
    shortage.digest = spark_digest(&s);
    spark_close(&s);
    for (int w = 0; w < N_WAYS; w++)
        for (uint32_t size = 1; size <= 3; size++) {
            shortage.way = ways[w];
            CU_ASSERT_EQUAL(run_on_thread_ranks(size, runs_or_says_why, &shortage), 0);
            CU_ASSERT(shortage.budget > 10);
        }
    CU_ASSERT_EQUAL(test_live_bytes(), before);
}

/* ---- progress and cancelling --------------------------------------------------------------------------------------- */

typedef struct {
    int         n_calls, answer;
    arch_time_t last;
    uint64_t    n_events;
    int         n_wrong;
} told_t;

static int on_progress(void *user, arch_time_t now, uint64_t n_events)
{
    told_t *told = user;

    told->n_wrong += now < told->last || n_events < told->n_events;
    told->n_calls++;
    told->last = now;
    told->n_events = n_events;
    return told->answer;
}

/* Slow enough that progress is told after every slice. */
static archi_stop_t slow_step(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
    struct timespec quarter_second = {0, 250000000};

    if (b->n_events < 60)
        nanosleep(&quarter_second, NULL);
    return spark_step(plan, map, b, horizon);
}

static void tells_progress_and_cancels(void)
{
    uint64_t n_events = 0, digest = reference_digest(&n_events);
    spark_run_t s;

    for (uint32_t n_blocks = 1; n_blocks <= 2; n_blocks++) {
        told_t told = {0, 1, 0, 0, 0};

        CU_ASSERT_FATAL(spark_open(&s, NULL, n_blocks, 0, 0));
        s.run.step = slow_step;
        s.run.progress = on_progress;
        s.run.user = &told;
        CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_E_CANCELLED);
        CU_ASSERT_EQUAL(told.n_calls, 1);
        CU_ASSERT(s.stats.n_events < n_events);
        told.answer = 0;
        CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_OK); /* nothing was lost */
        CU_ASSERT(told.n_calls > 1 && told.n_wrong == 0);
        CU_ASSERT_EQUAL(spark_digest(&s), digest);
        spark_close(&s);
    }
}

static int is_cancelled_by_one(archi_net_t *net, void *user)
{
    const one_t *one = user;
    uint32_t who = one->rank;
    told_t told = {0, 1, 0, 0, 0};
    spark_run_t s;
    int n_wrong = 1;

    archi_net_set_rings(net, one->way);
    if (spark_open(&s, net, 4, 0, 0)) {
        s.run.step = slow_step;
        s.run.progress = archi_net_rank(net) == who ? on_progress : NULL;
        s.run.user = &told;
        n_wrong = archi_execute(&s.run, &s.stats) != ARCH_E_CANCELLED;
        n_wrong += archi_net_barrier(net) != ARCH_OK;
    }
    spark_close(&s);
    return n_wrong;
}

static void one_rank_cancels_for_all(void)
{
    for (int w = 0; w < N_WAYS; w += N_WAYS - 1)
        for (uint32_t who = 0; who < 3; who++) {
            one_t one = {who, ways[w]};
            CU_ASSERT_EQUAL(run_on_thread_ranks(3, is_cancelled_by_one, &one), 0);
        }
}

static int cancels_at_once(void *user, arch_time_t now, uint64_t n_events)
{
    (void)now;
    (void)n_events;
    return ++*(int *)user > 0;
}

/* The run is stopped amid its mail, by the last rank, and finished afterwards. */
static int loses_nothing(archi_net_t *net, void *user)
{
    const case_t *wanted = user;
    spark_run_t s;
    int n_wrong, n_calls = 0;

    archi_net_set_rings(net, wanted->way);
    n_wrong = !spark_open(&s, net, wanted->n_blocks, wanted->dealt, 0);
    s.run.step = slow_step;
    s.run.user = &n_calls;
    s.run.progress = archi_net_rank(net) + 1 == archi_net_size(net) ? cancels_at_once : NULL;
    n_wrong += archi_execute(&s.run, &s.stats) != ARCH_E_CANCELLED;
    s.run.progress = NULL;
    s.run.step = spark_step;
    n_wrong += archi_execute(&s.run, &s.stats) != ARCH_OK;
    n_wrong += spark_digest(&s) != wanted->digest;
    n_wrong += unsound(&s) != NULL;
    spark_close(&s);
    return n_wrong;
}

static void a_cancelled_run_loses_no_mail(void)
{
    case_t wanted = {4, 0, 1, 0, 0};

    wanted.digest = reference_digest(&wanted.n_events);
    for (int w = 0; w < N_WAYS; w++) {
        wanted.way = ways[w];
        CU_ASSERT_EQUAL(run_on_thread_ranks(2, loses_nothing, &wanted), 0);
    }
}

/* ---- mistakes ---------------------------------------------------------------------------------------------------- */

static void refuses_what_cannot_run(void)
{
    archi_block_t *swapped;
    spark_run_t s;

    CU_ASSERT_FATAL(spark_open(&s, NULL, 2, 0, 0));
    s.run.lookahead = 0;
    CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_E_ARG);
    s.run.lookahead = SPARK_LOOKAHEAD;
    s.run.n_local = 1;
    CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_E_ARG);
    s.run.n_local = 2;
    swapped = s.block[0];
    s.block[0] = s.block[1];
    s.block[1] = swapped;
    CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_E_ARG);
    CU_ASSERT_EQUAL(s.stats.n_events, 0);
    spark_close(&s);
}

static int is_refused(archi_net_t *net, void *user)
{
    spark_run_t s;
    int n_wrong = 1;

    (void)user;
    if (spark_open(&s, net, 4, 0, 0)) {
        s.run.kind = ARCHI_SEQUENTIAL;
        n_wrong = archi_execute(&s.run, &s.stats) != ARCH_E_ARG;
        s.run.kind = ARCHI_CONSERVATIVE;
        s.run.lookahead = archi_net_rank(net) == 1 ? 0 : SPARK_LOOKAHEAD; /* one rank's mistake */
        n_wrong += archi_execute(&s.run, &s.stats) != ARCH_E_ARG;
        s.run.rank_of = NULL;
        n_wrong += archi_execute(&s.run, &s.stats) != ARCH_E_ARG;
    }
    spark_close(&s);
    return n_wrong;
}

static void ranks_refuse_together(void)
{
    CU_ASSERT_EQUAL(run_on_thread_ranks(2, is_refused, NULL), 0);
    CU_ASSERT_EQUAL(run_on_thread_ranks(3, is_refused, NULL), 0);
}

/* A model that sends closer than the lookahead it promised is a defect: stopped, not simulated wrongly. */
static void a_broken_promise_of_lookahead_is_caught(void)
{
#ifndef ARCH_NO_ASSERT
    const spark_plan_t hasty = {1, SPARK_N_LPS};
    spark_run_t s;
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL || !spark_open(&s, NULL, 4, 0, 0))
            _exit(0);
        s.run.plan = &hasty;
        _exit(archi_execute(&s.run, &s.stats) == ARCH_OK ? 0 : 1);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
#endif
}

#ifndef ARCH_NO_ASSERT
/* As above, by whoever receives it or sends it. Ranks are threads of the child. */
static int breaks_its_promise(archi_net_t *net, void *user)
{
    const spark_plan_t hasty = {1, SPARK_N_LPS};
    spark_run_t s;
    arch_status_t st = ARCH_E_ARG;

    (void)user;
    if (spark_open(&s, net, 4, 0, 0)) {
        s.run.plan = &hasty;
        st = archi_execute(&s.run, &s.stats);
    }
    spark_close(&s);
    return st != ARCH_OK;
}
#endif

static void ranks_catch_a_broken_promise(void)
{
#ifndef ARCH_NO_ASSERT
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(0);
        _exit(run_on_thread_ranks(2, breaks_its_promise, NULL) == 0 ? 0 : 1);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
#endif
}

static void blocks_that_never_meet_need_few_windows(void)
{
    const spark_plan_t lonely = {SPARK_LOOKAHEAD, 0};
    spark_run_t s;

    CU_ASSERT_FATAL(spark_open(&s, NULL, 2, 0, 0));
    s.run.plan = &lonely;
    s.run.lookahead = ARCH_TIME_MAX;
    CU_ASSERT_EQUAL(archi_execute(&s.run, &s.stats), ARCH_OK);
    CU_ASSERT_EQUAL(s.stats.n_messages, 0);
    CU_ASSERT(s.stats.n_windows < 100);
    spark_close(&s);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"same_bits_on_any_blocks_and_ranks", same_bits_on_any_blocks_and_ranks},
        {"an_event_under_way_keeps_the_run_going", an_event_under_way_keeps_the_run_going},
        {"every_pair_of_blocks_may_promise_its_own", every_pair_of_blocks_may_promise_its_own},
        {"blocks_of_one_rank_bind_each_other", blocks_of_one_rank_bind_each_other},
        {"hours_without_an_event_pass_at_once", hours_without_an_event_pass_at_once},
        {"same_bits_when_events_are_rare", same_bits_when_events_are_rare},
        {"who_only_sends_stays_near", who_only_sends_stays_near},
        {"ranks_go_on_where_they_stopped", ranks_go_on_where_they_stopped},
        {"a_trace_tells_of_every_event", a_trace_tells_of_every_event},
        {"blocks_grow_from_nothing", blocks_grow_from_nothing},
        {"a_run_goes_on_where_it_stopped", a_run_goes_on_where_it_stopped},
        {"names_block_and_section_at_the_memory_limit", names_block_and_section_at_the_memory_limit},
        {"one_full_rank_stops_all", one_full_rank_stops_all},
        {"survives_every_failing_allocation", survives_every_failing_allocation},
        {"tells_progress_and_cancels", tells_progress_and_cancels},
        {"one_rank_cancels_for_all", one_rank_cancels_for_all},
        {"a_cancelled_run_loses_no_mail", a_cancelled_run_loses_no_mail},
        {"refuses_what_cannot_run", refuses_what_cannot_run},
        {"ranks_refuse_together", ranks_refuse_together},
        {"a_broken_promise_of_lookahead_is_caught", a_broken_promise_of_lookahead_is_caught},
        {"ranks_catch_a_broken_promise", ranks_catch_a_broken_promise},
        {"blocks_that_never_meet_need_few_windows", blocks_that_never_meet_need_few_windows},
        CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"executor", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
