/* test_model.c - what elements do, where no closed form says it: who waits for whom, what fails with what, who sees
 * what. */
#include "random_design.h"
#include "support/share.h"
#include <CUnit/Basic.h>
#include <architech/architech.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static arch_results_t *run_moving(uint32_t executor, uint32_t moving, const char *json, uint32_t threads,
                                  uint32_t partitions)
{
    arch_problems_t problems = {0, NULL};
    arch_design_t *design = NULL;
    arch_results_t *results = NULL;
    arch_run_options_t options;

    memset(&options, 0, sizeof options);
    options.threads = threads;
    options.group = threads;
    options.partitions = partitions;
    options.executor = executor;
    options.moving = moving;
    if (arch_design_parse("test", ".", json, strlen(json), &design, &problems) != ARCH_OK) {
        for (uint32_t i = 0; i < problems.n; i++)
            fprintf(stderr, "%s: %s\n", problems.problem[i].at, problems.problem[i].text);
        abort();
    }
    if (arch_run(design, &options, &results) != ARCH_OK) {
        fprintf(stderr, "%s\n", arch_error_text());
        abort();
    }
    arch_design_destroy(&design);
    return results;
}

static arch_results_t *run_by(uint32_t executor, const char *json, uint32_t threads, uint32_t partitions)
{
    return run_moving(executor, ARCH_MOVING_BALANCE, json, threads, partitions);
}

static arch_results_t *run_split(const char *json, uint32_t threads, uint32_t partitions)
{
    return run_by(ARCH_EXECUTOR_AUTO, json, threads, partitions);
}

static arch_results_t *run(const char *json) { return run_split(json, 1, 1); }

static const arch_component_result_t *component(const arch_results_t *r, const char *name)
{
    for (uint32_t i = 0; i < r->n_components; i++)
        if (strcmp(r->component[i].name, name) == 0)
            return &r->component[i];
    fprintf(stderr, "no component %s\n", name);
    abort();
}

#define RUN              "\"architech\":1,\"run\":{\"duration\":\"20s\",\"warmup\":\"0s\",\"replications\":2,\"seed\":\"3\"}"
#define LOAD(rate, what) "\"workloads\":{\"w\":{\"rate\":\"" rate "\",\"mix\":{\"" what "\":1}}}"

/* Two designs that share a part give that part the same random numbers, bit for bit. */
static void an_added_element_leaves_the_draws_of_others_alone(void)
{
    arch_results_t *a =
        run("{" RUN
            ",\"services\":{\"m\":{\"endpoints\":{\"e\":[{\"cpu\":{\"gamma\":{\"mean\":\"2ms\",\"cv\":0.7}}}]}}}," LOAD(
                "300/s", "m") "}");
    arch_results_t *b =
        run("{" RUN ",\"services\":{\"a\":{\"endpoints\":{\"e\":[{\"cpu\":{\"exponential\":{\"mean\":\"1ms\"}}}]}},"
            "\"m\":{\"endpoints\":{\"e\":[{\"cpu\":{\"gamma\":{\"mean\":\"2ms\",\"cv\":0.7}}}]}}},"
            "\"workloads\":{\"before\":{\"rate\":\"100/s\",\"mix\":{\"a\":1}},\"w\":{\"rate\":\"300/"
            "s\",\"mix\":{\"m\":1}}}}");
    const arch_component_result_t *x = component(a, "m"), *y = component(b, "m");

    CU_ASSERT_EQUAL(x->completed, y->completed);
    CU_ASSERT(memcmp(&x->sojourn.value, &y->sojourn.value, sizeof(double)) == 0);
    CU_ASSERT(memcmp(&a->operation[0].p99.value, &b->operation[1].p99.value, sizeof(double)) == 0);
    CU_ASSERT_NOT_EQUAL(a->digest, b->digest);
    arch_results_destroy(&a);
    arch_results_destroy(&b);
}

static void an_asynchronous_call_is_not_waited_for_and_done_all_the_same(void)
{
    arch_results_t *r =
        run("{" RUN
            ",\"services\":{\"front\":{\"endpoints\":{\"e\":[{\"delay\":\"1ms\"},{\"call\":\"mail\",\"wait\":false}]}},"
            "\"mail\":{\"endpoints\":{\"e\":[{\"delay\":\"500ms\"}]}}}," LOAD("50/s", "front") "}");

    CU_ASSERT_DOUBLE_EQUAL(r->operation[0].mean.value, 1e6, 1.0);
    CU_ASSERT_DOUBLE_EQUAL(component(r, "mail")->sojourn.value, 500e6, 1.0);
    CU_ASSERT(component(r, "mail")->arrived >= r->operation[0].completed);
    arch_results_destroy(&r);
}

static void stragglers_of_a_join_go_on_working(void)
{
    arch_results_t *r = run("{" RUN ",\"services\":{\"f\":{\"endpoints\":{\"e\":[{\"parallel\":[[{\"call\":\"x\"}],[{"
                            "\"call\":\"y\"}]],\"join\":\"any\"}]}},"
                            "\"x\":{\"endpoints\":{\"e\":[{\"delay\":\"1ms\"}]}},\"y\":{\"cores\":2,\"endpoints\":{"
                            "\"e\":[{\"cpu\":\"9ms\"}]}}}," LOAD("100/s", "f") "}");

    CU_ASSERT_DOUBLE_EQUAL(r->operation[0].mean.value, 1e6, 1.0);
    CU_ASSERT_DOUBLE_EQUAL(component(r, "y")->utilisation.value, 100 * 9e-3 / 2, 0.03);
    arch_results_destroy(&r);
}

/* A join that can no longer be met fails at once; one that can, does not mind. */
static void failed_branches_fail_a_join_only_when_too_many(void)
{
    arch_results_t *r;
    char json[1024];
    static const struct {
        const char *join;
        bool fails;
    } cases[] = {{"\"all\"", true}, {"2", false}, {"\"any\"", false}};

    for (int i = 0; i < 3; i++) {
        snprintf(json, sizeof json,
                 "{" RUN ",\"services\":{\"f\":{\"endpoints\":{\"e\":[{\"parallel\":[[{\"delay\":\"5ms\"}],"
                 "[{\"delay\":\"1ms\"},{\"fail\":1}],[{\"delay\":\"7ms\"}]],\"join\":%s}]}}}," LOAD("100/s", "f") "}",
                 cases[i].join);
        r = run(json);
        CU_ASSERT_DOUBLE_EQUAL(r->operation[0].errors.value, cases[i].fails ? 1.0 : 0.0, 1e-12);
        if (!cases[i].fails)
            CU_ASSERT_DOUBLE_EQUAL(r->operation[0].mean.value, i == 1 ? 7e6 : 5e6, 1.0);
        arch_results_destroy(&r);
    }
}

/* A rejection is the caller's failure, not its rejection: they are counted apart. */
static void a_rejected_call_fails_its_caller(void)
{
    arch_results_t *r =
        run("{" RUN ",\"services\":{\"front\":{\"endpoints\":{\"e\":[{\"call\":\"back\"}]}},"
            "\"back\":{\"threads\":1,\"queue_limit\":0,\"endpoints\":{\"e\":[{\"delay\":\"10ms\"}]}}}," LOAD(
                "300/s", "front") "}");
    const arch_operation_result_t *o = &r->operation[0];

    CU_ASSERT(o->failed > 0);
    CU_ASSERT_EQUAL(o->rejected, 0);
    CU_ASSERT_EQUAL(component(r, "front")->failed, component(r, "back")->rejected);
    CU_ASSERT_EQUAL(component(r, "front")->rejected, 0);
    CU_ASSERT_EQUAL(o->run_generated, o->run_completed + o->run_failed + o->run_rejected + o->run_in_flight);
    /* Erlang's loss formula with one server: 300/s x 10 ms = 3 erlang, 3 / (1 + 3) lost. */
    CU_ASSERT_DOUBLE_EQUAL(o->errors.value, 0.75, 0.02);
    arch_results_destroy(&r);
}

static void round_robin_is_even(void)
{
    arch_results_t *r =
        run("{" RUN ",\"services\":{\"s\":{\"replicas\":4,\"endpoints\":{\"e\":[{\"delay\":\"1ms\"}]}}},"
            "\"balancers\":{\"lb\":{\"to\":\"s\",\"policy\":\"round_robin\"}}," LOAD("1000/s", "lb") "}");
    uint64_t least = UINT64_MAX, most = 0;

    for (int i = 1; i <= 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "s#%d", i);
        least = component(r, name)->arrived < least ? component(r, name)->arrived : least;
        most = component(r, name)->arrived > most ? component(r, name)->arrived : most;
    }
    CU_ASSERT(most - least <= 2); /* two replications */
    arch_results_destroy(&r);
}

/* Each balancer sees its own requests only: one that is alone with a slow replica avoids it; what others send does not
 * count. */
static void least_request_counts_its_own_requests_only(void)
{
    static const char *const flood = "{" RUN ",\"services\":{\"s\":{\"replicas\":2,\"endpoints\":{\"e\":[{\"delay\":"
                                     "\"1ms\"}],\"slow\":[{\"delay\":\"10s\"}]}}},"
                                     "\"balancers\":{\"a\":{\"to\":\"s\",\"policy\":{\"least_request\":{\"choices\":2}}"
                                     "},\"b\":{\"to\":\"s\",\"policy\":{\"least_request\":{\"choices\":2}}}},"
                                     "\"workloads\":{\"w\":{\"rate\":\"100/s\",\"mix\":{\"a/"
                                     "e\":1}},\"x\":{\"gap\":\"100ms\",\"mix\":{\"b/slow\":1}}}}";
    arch_results_t *r = run(flood);
    double one = (double)component(r, "s#1")->arrived, two = (double)component(r, "s#2")->arrived;

    CU_ASSERT(one > 0 && two > 0 && one / two < 1.25 && two / one < 1.25);
    arch_results_destroy(&r);
}

/* More sends, branches and rounds than one event may do: the work goes on in further events, and none is lost. */
static void large_fan_outs_and_loops_are_spread_over_events(void)
{
    arch_results_t *r =
        run("{" RUN
            ",\"services\":{\"f\":{\"endpoints\":{\"e\":[{\"repeat\":300,\"steps\":[{\"call\":\"x\",\"wait\":false}]},"
            "{\"repeat\":20000,\"steps\":[]},{\"repeat\":3,\"steps\":[{\"repeat\":4,\"steps\":[{\"call\":\"y\"}]}]}]}},"
            "\"x\":{\"endpoints\":{\"e\":[{\"delay\":\"1ms\"}]}},\"y\":{\"endpoints\":{\"e\":[{\"delay\":\"1ms\"}]}}},"
            "\"workloads\":{\"w\":{\"gap\":\"100ms\",\"mix\":{\"f\":1}}}}");
    uint64_t n = component(r, "f")->arrived;

    CU_ASSERT_EQUAL(component(r, "x")->arrived, 300 * n);
    CU_ASSERT_EQUAL(component(r, "y")->arrived, 12 * n);
    CU_ASSERT_DOUBLE_EQUAL(r->operation[0].mean.value, 12e6, 1.0);
    arch_results_destroy(&r);
}

/* Memory is only a hint of how things end: a key that is asked for again before its answer is stored misses again. */
static void a_cold_key_is_missed_until_it_is_stored(void)
{
    arch_results_t *r =
        run("{" RUN ",\"keyspaces\":{\"k\":{\"count\":1,\"zipf\":0}},\"services\":{\"f\":{\"endpoints\":{\"e\":[{"
            "\"cache\":\"c\",\"keys\":\"k\","
            "\"miss\":[{\"delay\":\"1s\"}]}]}}},\"caches\":{\"c\":{\"ttl\":\"4s\",\"service\":\"1us\"}},"
            "\"workloads\":{\"w\":{\"gap\":\"100ms\",\"mix\":{\"f\":1}}}}");
    double hits = component(r, "c")->hit_ratio.value;

    /* Stored 1 s after the first miss, again by each of the ten that missed meanwhile; the last of those expires 4 s
     * later. */
    CU_ASSERT_DOUBLE_EQUAL(hits, 0.8, 0.05);
    arch_results_destroy(&r);
}

static void an_unstable_queue_grows_and_is_counted_as_in_flight(void)
{
    arch_results_t *r =
        run("{" RUN ",\"services\":{\"f\":{\"endpoints\":{\"e\":[{\"cpu\":\"10ms\"}]}}}," LOAD("200/s", "f") "}");
    const arch_operation_result_t *o = &r->operation[0];

    CU_ASSERT_EQUAL(o->run_generated, o->run_completed + o->run_in_flight);
    CU_ASSERT(o->run_in_flight > 3000);
    CU_ASSERT_DOUBLE_EQUAL(component(r, "f")->utilisation.value, 1.0, 0.005);
    arch_results_destroy(&r);
}

/* ---- the same bits, however it is cut --------------------------------------------------------------------------- */

static void random_designs_give_one_digest_however_they_are_cut(void)
{
    static const struct {
        uint32_t executor, threads, partitions;
    } cuts[] = {{ARCH_EXECUTOR_SEQUENTIAL, 1, 2}, {ARCH_EXECUTOR_AUTO, 1, 5},
                {ARCH_EXECUTOR_AUTO, 1, 1000},    {ARCH_EXECUTOR_CONSERVATIVE, 2, 2},
                {ARCH_EXECUTOR_AUTO, 3, 7},       {ARCH_EXECUTOR_OPTIMISTIC, 1, 1000},
                {ARCH_EXECUTOR_OPTIMISTIC, 2, 3}, {ARCH_EXECUTOR_OPTIMISTIC, 3, 8}};
    static char json[65536];

    for (uint32_t seed = 1; seed <= share_of(40); seed++) {
        arch_results_t *whole;
        CU_ASSERT_FATAL(random_design(json, sizeof json, seed));
        whole = run_split(json, 1, 1);
        for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
            arch_results_t *parts = run_by(cuts[i].executor, json, cuts[i].threads, cuts[i].partitions);
            if (parts->digest != whole->digest)
                fprintf(stderr, "design %u, executor %u, %u threads, %u partitions: another digest\n%s\n", seed,
                        cuts[i].executor, cuts[i].threads, cuts[i].partitions, json);
            CU_ASSERT_EQUAL(parts->digest, whole->digest);
            arch_results_destroy(&parts);
        }
        arch_results_destroy(&whole);
    }
}

static uint32_t number_from(const char *variable, uint32_t otherwise)
{
    const char *text = getenv(variable);

    return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

/* Every executor on 1 to 8 ranks, blocks moving at random all the time. The environment says how many designs, from which
 * on: see scripts/equal. */
static void random_designs_give_one_digest_however_they_wander(void)
{
    static const uint32_t executors[] = {ARCH_EXECUTOR_SEQUENTIAL, ARCH_EXECUTOR_CONSERVATIVE, ARCH_EXECUTOR_OPTIMISTIC,
                                         ARCH_EXECUTOR_AUTO};
    uint32_t n_designs = number_from("ARCH_EQUAL_DESIGNS", 2), first = number_from("ARCH_EQUAL_FIRST", 1001), n_wrong = 0;
    static char json[65536];

    for (uint32_t seed = first; seed < first + n_designs; seed++) {
        arch_results_t *whole;
        random_design(json, sizeof json, seed);
        whole = run_split(json, 1, 1);
        for (uint32_t k = 0; k < 4 * 8; k++) {
            if (!in_share(k))
                continue;
            uint32_t threads = 1 + k / 4, partitions = 2 + (seed + 3 * k) % 15;
            arch_results_t *parts = run_moving(executors[k % 4], ARCH_MOVING_WANDER, json, threads, partitions);
            if (parts->digest != whole->digest)
                fprintf(stderr, "design %u, executor %u, %u threads, %u partitions: another digest\n%s\n", seed,
                        executors[k % 4], threads, partitions, json);
            n_wrong += parts->digest != whole->digest;
            arch_results_destroy(&parts);
        }
        arch_results_destroy(&whole);
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    CU_ASSERT(n_designs > 0);
}

int main(void)
{
    CU_pSuite s;
    int failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    s = CU_add_suite("model", NULL, NULL);
    CU_ADD_TEST(s, an_added_element_leaves_the_draws_of_others_alone);
    CU_ADD_TEST(s, an_asynchronous_call_is_not_waited_for_and_done_all_the_same);
    CU_ADD_TEST(s, stragglers_of_a_join_go_on_working);
    CU_ADD_TEST(s, failed_branches_fail_a_join_only_when_too_many);
    CU_ADD_TEST(s, a_rejected_call_fails_its_caller);
    CU_ADD_TEST(s, round_robin_is_even);
    CU_ADD_TEST(s, least_request_counts_its_own_requests_only);
    CU_ADD_TEST(s, large_fan_outs_and_loops_are_spread_over_events);
    CU_ADD_TEST(s, a_cold_key_is_missed_until_it_is_stored);
    CU_ADD_TEST(s, an_unstable_queue_grows_and_is_counted_as_in_flight);
    CU_ADD_TEST(s, random_designs_give_one_digest_however_they_are_cut);
    CU_ADD_TEST(s, random_designs_give_one_digest_however_they_wander);
    CU_basic_run_tests();
    failures = (int)CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
