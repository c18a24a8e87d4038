/* test_policy.c - policies plugged in behave as built-in ones do: those that do the same give the same bits, on any number
 * of ranks, by every executor, saved, restored and branched; and how many replicas there are is up to an autoscaler. */
#include "support/designs.h"
#include <CUnit/Basic.h>
#include <architech/architech.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DESIGN                                                                                                         \
    "{\"architech\": 1, \"run\": {\"duration\": \"4s\", \"warmup\": \"0s\", \"replications\": 2},"                     \
    "\"services\": {\"app\": {\"replicas\": 5, \"threads\": 2, \"queue_limit\": QUEUE, \"endpoints\": {"               \
    "  \"page\": [{\"cpu\": {\"exponential\": {\"mean\": \"4ms\"}}}, {\"call\": \"db\"}]}},"                           \
    "  \"db\": {\"cores\": 4, \"endpoints\": {\"find\": [{\"cpu\": \"1ms\"}]}}},"                                      \
    "\"balancers\": {\"lb\": {\"to\": \"app\", \"policy\": POLICY}, \"lc\": {\"to\": \"app\"}},"                       \
    "\"network\": {\"latency\": {\"exponential\": {\"mean\": \"300us\", \"plus\": \"200us\"}}},"                       \
    "\"workloads\": {\"web\": {\"rate\": \"900/s\", \"mix\": {\"lb\": 1}}, \"desk\": {\"users\": 20, \"think\": \"100ms\"," \
    "  \"mix\": {\"lc\": 1}}}}"

static arch_design_t *design(const char *policy, const char *queue)
{
    static const char text[] = DESIGN;
    char json[sizeof text + 200];
    const char *a = strstr(text, "QUEUE"), *b = strstr(text, "POLICY");

    snprintf(json, sizeof json, "%.*s%s%.*s%s%s", (int)(a - text), text, queue, (int)(b - a) - 5, a + 5, policy, b + 6);
    return design_of_text(".", json);
}

/* Two services, a database with read replicas and a cache; "more" is called by "app" and by a workload, without a balancer,
 * and so are the replicas. */
static arch_design_t *design_of_direct_calls(const char *balance, const char *queue)
{
    static const char form[] =
        "{\"architech\": 1, \"run\": {\"duration\": \"3s\", \"warmup\": \"auto\", \"replications\": 3},"
        "\"services\": {\"app\": {\"replicas\": 5, \"threads\": 2, \"endpoints\": {\"page\": ["
        "    {\"cpu\": {\"exponential\": {\"mean\": \"4ms\"}}}, {\"call\": \"more\", \"balance\": %s},"
        "    {\"call\": \"more\", \"balance\": %s, \"wait\": false}, {\"call\": \"db/get\"}, {\"call\": \"db/put\"},"
        "    {\"cache\": \"store\", \"miss\": []}]}},"
        "  \"more\": {\"replicas\": 4, \"endpoints\": {\"find\": [{\"cpu\": {\"exponential\": {\"mean\": \"2ms\"}}}]}}},"
        "\"balancers\": {\"lb\": {\"to\": \"app\", \"policy\": \"round_robin\"}},"
        "\"databases\": {\"db\": {\"connections\": 2, \"queue_limit\": %s,"
        "  \"read_replicas\": {\"count\": 3, \"balance\": %s}, \"queries\": {"
        "    \"get\": {\"cpu\": {\"exponential\": {\"mean\": \"2ms\"}}}, \"put\": {\"cpu\": \"500us\", \"writes\": true}}}},"
        "\"caches\": {\"store\": {\"hit_ratio\": 0.5}},"
        "\"network\": {\"latency\": {\"exponential\": {\"mean\": \"300us\", \"plus\": \"200us\"}}},"
        "\"workloads\": {\"web\": {\"rate\": \"600/s\", \"mix\": {\"lb\": 1}}, \"job\": {\"users\": 10, \"think\": \"20ms\","
        "  \"mix\": {\"more\": {\"weight\": 2, \"balance\": %s}, \"db/get\": 1}}}}";
    char text[sizeof form + 400];

    snprintf(text, sizeof text, form, balance, balance, queue, balance, balance);
    return design_of_text(".", text);
}

/* ---- policies ------------------------------------------------------------------------------------------------------- */

static uint32_t in_turn(void *user, const arch_pick_view_t *view, uint64_t *state)
{
    uint32_t one = (uint32_t)*state;

    (void)user;
    *state = one + 1 == view->n ? 0 : one + 1;
    return one;
}

static uint32_t least_of_two(void *user, const arch_pick_view_t *view, uint64_t *state)
{
    uint32_t a = (uint32_t)((uint64_t)view->draw[0] * view->n >> 32);
    uint32_t b = (uint32_t)((uint64_t)view->draw[1] * view->n >> 32);

    (void)user, (void)state;
    return view->in_flight[b] < view->in_flight[a] ? b : a;
}

static bool always(void *user, const arch_admission_view_t *view, uint64_t *state)
{
    (void)user, (void)view, (void)state;
    return true;
}

static bool up_to(void *user, const arch_admission_view_t *view, uint64_t *state)
{
    (void)state;
    return view->inside < view->threads || view->waiting < *(const uint32_t *)user;
}

/* A token bucket of its own for each replica: one every so many ns, ten at most. The state is when it was last full. */
static bool bucket(void *user, const arch_admission_view_t *view, uint64_t *state)
{
    uint64_t each = *(const uint64_t *)user, now = (uint64_t)view->now, earliest = now > 10 * each ? now - 10 * each : 0;

    if (*state < earliest)
        *state = earliest;
    if (*state + each > now)
        return false;
    *state += each;
    return true;
}

/* By chance, more often when it is crowded; and by priority and endpoint, so that all of the view is looked at. */
static bool by_chance(void *user, const arch_admission_view_t *view, uint64_t *state)
{
    (void)user;
    *state += view->running + view->ready;
    return view->draw[2] >> 24 < 200 - (view->waiting < 8 ? 20 * view->waiting : 160) + view->priority + view->endpoint +
                                     *state % 3 + view->request % 2;
}

/* ---- the same bits -------------------------------------------------------------------------------------------------- */

static arch_results_t *run_with(const arch_design_t *d, const arch_policy_t *policy, uint32_t n, uint32_t group,
                                uint32_t executor)
{
    arch_run_options_t options = {.threads = group, .group = group, .partitions = group > 1 ? 4 : 0, .executor = executor};
    arch_results_t *r = NULL;

    options.policy = policy;
    options.n_policies = n;
    options.moving = ARCH_MOVING_WANDER;
    if (arch_run(d, &options, &r) != ARCH_OK)
        fprintf(stderr, "%s\n", arch_error_text());
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    return r;
}

static uint64_t digest_with(const arch_design_t *d, const arch_policy_t *policy, uint32_t n, uint32_t group,
                            uint32_t executor)
{
    arch_results_t *r = run_with(d, policy, n, group, executor);
    uint64_t digest = r->digest;

    arch_results_destroy(&r);
    return digest;
}

/* Saved, restored and branched in the middle. */
static uint64_t digest_stepped(const arch_design_t *d, const arch_policy_t *policy, uint32_t n)
{
    arch_simulation_options_t options = {.policy = policy, .n_policies = n};
    uint64_t sum = 0;

    for (uint32_t r = 0; r < d->run.replications; r++) {
        arch_simulation_t *s = NULL, *again = NULL, *branch = NULL;
        arch_results_t *results = NULL;
        void *bytes = NULL;
        size_t size = 0;
        CU_ASSERT_EQUAL_FATAL(arch_simulation_create(d, r, &options, &s), ARCH_OK);
        CU_ASSERT_EQUAL(arch_simulation_run_to(s, 1300 * ARCH_MILLISECOND), ARCH_OK);
        CU_ASSERT_EQUAL(arch_simulation_snapshot(s, &bytes, &size), ARCH_OK);
        CU_ASSERT_EQUAL_FATAL(arch_simulation_restore(d, &options, bytes, size, &again), ARCH_OK);
        CU_ASSERT_EQUAL(arch_simulation_restore(d, NULL, bytes, size, &branch), ARCH_E_FORMAT); /* of other policies */
        CU_ASSERT_EQUAL(arch_simulation_run_to(again, 2700 * ARCH_MILLISECOND), ARCH_OK);
        CU_ASSERT_EQUAL_FATAL(arch_simulation_branch(again, NULL, &branch), ARCH_OK);
        CU_ASSERT_EQUAL(arch_simulation_run_to(branch, ARCH_TIME_MAX), ARCH_OK);
        CU_ASSERT_EQUAL_FATAL(arch_simulation_results(branch, &results), ARCH_OK);
        sum += results->digest;
        free(bytes);
        arch_results_destroy(&results);
        arch_simulation_destroy(&s);
        arch_simulation_destroy(&again);
        arch_simulation_destroy(&branch);
    }
    return sum;
}

static void expect_everywhere(const arch_design_t *d, const arch_policy_t *policy, uint32_t n, uint64_t wanted)
{
    CU_ASSERT_EQUAL(digest_with(d, policy, n, 1, ARCH_EXECUTOR_SEQUENTIAL), wanted);
    CU_ASSERT_EQUAL(digest_with(d, policy, n, 2, ARCH_EXECUTOR_CONSERVATIVE), wanted);
    CU_ASSERT_EQUAL(digest_with(d, policy, n, 3, ARCH_EXECUTOR_OPTIMISTIC), wanted);
    CU_ASSERT_EQUAL(digest_stepped(d, policy, n), wanted);
}

static void those_that_do_the_same_give_the_same_bits(void)
{
    static const struct {
        const char *built_in, *queue;
        arch_policy_t policy;
    } same[] = {
        {"\"round_robin\"", "\"unlimited\"", {"lb", in_turn, NULL, NULL}},
        {"{\"least_request\": {\"choices\": 2}}", "3", {"lb", least_of_two, NULL, NULL}},
    };

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        arch_design_t *built_in = design(same[i].built_in, same[i].queue), *d = design("\"random\"", same[i].queue);
        uint64_t wanted = digest_with(built_in, NULL, 0, 1, ARCH_EXECUTOR_SEQUENTIAL);
        CU_ASSERT_NOT_EQUAL(digest_with(d, NULL, 0, 1, ARCH_EXECUTOR_SEQUENTIAL), wanted);
        expect_everywhere(d, &same[i].policy, 1, wanted);
        arch_design_destroy(&built_in);
        arch_design_destroy(&d);
    }
}

static void an_admission_does_what_a_bounded_queue_does(void)
{
    uint32_t three = 3;
    const arch_policy_t bound = {"app", NULL, up_to, &three}, open = {"app", NULL, always, NULL};
    arch_design_t *bounded = design("\"random\"", "3"), *d = design("\"random\"", "\"unlimited\"");
    uint64_t wanted = digest_with(bounded, NULL, 0, 1, ARCH_EXECUTOR_SEQUENTIAL);

    CU_ASSERT_NOT_EQUAL(digest_with(d, NULL, 0, 1, ARCH_EXECUTOR_SEQUENTIAL), wanted);
    expect_everywhere(d, &bound, 1, wanted);
    expect_everywhere(d, &open, 1, digest_with(d, NULL, 0, 1, ARCH_EXECUTOR_SEQUENTIAL));
    arch_design_destroy(&bounded);
    arch_design_destroy(&d);
}

/* Whoever calls an element directly, or reads a database, asks what is plugged in there, each with a state of its own. */
static void callers_without_a_balancer_pick_for_themselves(void)
{
    static const struct {
        const char *built_in;
        arch_pick_function_t *pick;
    } same[] = {{"\"round_robin\"", in_turn}, {"{\"least_request\": {\"choices\": 2}}", least_of_two}};

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        const arch_policy_t both[] = {{"more", same[i].pick, NULL, NULL}, {"db", same[i].pick, NULL, NULL}};
        arch_design_t *built_in = design_of_direct_calls(same[i].built_in, "20");
        arch_design_t *d = design_of_direct_calls("\"random\"", "20");
        uint64_t wanted = digest_with(built_in, NULL, 0, 1, ARCH_EXECUTOR_SEQUENTIAL);
        CU_ASSERT_NOT_EQUAL(digest_with(d, both, 1, 1, ARCH_EXECUTOR_SEQUENTIAL), wanted);
        CU_ASSERT_NOT_EQUAL(digest_with(d, both + 1, 1, 1, ARCH_EXECUTOR_SEQUENTIAL), wanted);
        expect_everywhere(d, both, 2, wanted);
        arch_design_destroy(&built_in);
        arch_design_destroy(&d);
    }
}

/* At the doors of primary and read replicas; what is replicated needs no door. */
static void an_admission_at_a_database_does_what_a_bounded_queue_does(void)
{
    uint32_t three = 3;
    const arch_policy_t bound = {"db", NULL, up_to, &three}, both = {"db", in_turn, up_to, &three};
    arch_design_t *bounded = design_of_direct_calls("\"round_robin\"", "3");
    arch_design_t *d = design_of_direct_calls("\"round_robin\"", "\"unlimited\"");
    uint64_t wanted = digest_with(bounded, NULL, 0, 1, ARCH_EXECUTOR_SEQUENTIAL);

    CU_ASSERT_NOT_EQUAL(digest_with(d, NULL, 0, 1, ARCH_EXECUTOR_SEQUENTIAL), wanted);
    expect_everywhere(d, &bound, 1, wanted);
    expect_everywhere(d, &both, 1, wanted);
    arch_design_destroy(&bounded);
    arch_design_destroy(&d);
}

static void state_goes_with_the_element_and_no_request_is_lost(void)
{
    uint64_t each = 8 * ARCH_MILLISECOND;
    const arch_policy_t policies[] = {{"lb", least_of_two, NULL, NULL}, {"app", NULL, bucket, &each},
                                      {"lc", in_turn, NULL, NULL}, {"db", NULL, by_chance, NULL}};
    arch_design_t *d = design("\"random\"", "\"unlimited\"");
    arch_results_t *r = run_with(d, policies, 4, 1, ARCH_EXECUTOR_SEQUENTIAL);
    const arch_operation_result_t *web = &r->operation[0];

    CU_ASSERT(web->run_rejected + web->run_failed > 1000);
    CU_ASSERT_EQUAL(web->run_generated, web->run_completed + web->run_failed + web->run_rejected + web->run_in_flight);
    for (uint32_t i = 0; i < r->n_components; i++) /* ten at once, and then one each 8 ms */
        if (strcmp(r->component[i].group, "app") == 0)
            CU_ASSERT(r->component[i].arrived - r->component[i].rejected <= 2 * (4000 / 8 + 11));
    expect_everywhere(d, policies, 4, r->digest);
    arch_results_destroy(&r);
    arch_design_destroy(&d);
}

static void says_what_is_wrong_with_a_policy(void)
{
    static const struct {
        arch_policy_t policy[2];
        uint32_t n;
        arch_status_t st;
        const char *words;
    } bad[] = {
        {{{"ap", NULL, always, NULL}}, 1, ARCH_E_NOTFOUND,
         "policy 1: found no balancer, service or database \"ap\"; did you mean \"app\"?"},
        {{{"lb", NULL, always, NULL}}, 1, ARCH_E_ARG, "policy 1: found no function that picks for \"lb\""},
        {{{"lb", in_turn, always, NULL}}, 1, ARCH_E_ARG,
         "policy 1: found a function that admits for \"lb\", a balancer, which has no door; expected it for \"app\""},
        {{{"app", NULL, NULL, NULL}}, 1, ARCH_E_ARG, "policy 1: found no function for \"app\""},
        {{{"app", in_turn, NULL, NULL}}, 1, ARCH_E_ARG,
         "policy 1: found a function that picks for \"app\", which only balancers call; expected it for \"lb\""},
        {{{"lb", in_turn, NULL, NULL}, {"app", in_turn, always, NULL}}, 2, ARCH_E_ARG, "policy 2: found a function that"},
        {{{"db", in_turn, NULL, NULL}}, 1, ARCH_E_ARG,
         "policy 1: found a function that picks for \"db\", whose queries all go to its primary"},
        {{{"store", in_turn, NULL, NULL}}, 1, ARCH_E_ARG, "policy 1: \"store\" is a cache, which asks nobody"},
        {{{"app", NULL, always, NULL}, {"app", NULL, always, NULL}}, 2, ARCH_E_ARG,
         "policy 2: found a second one for \"app\""},
        {{{NULL, NULL, always, NULL}}, 1, ARCH_E_ARG, "policy 1: found no name"},
    };
    arch_design_t *d = design_of_direct_calls("\"random\"", "3");

    d->database[0].read_from = ARCH_READ_PRIMARY;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        arch_run_options_t options = {.policy = bad[i].policy, .n_policies = bad[i].n};
        arch_results_t *r = NULL;
        CU_ASSERT_EQUAL(arch_run(d, &options, &r), bad[i].st);
        CU_ASSERT_PTR_NULL(r);
        CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), bad[i].words));
    }
    arch_design_destroy(&d);
}

/* ---- autoscalers ---------------------------------------------------------------------------------------------------- */

/* What it was asked, and what it says: up by two, then down to one, whatever is seen. */
typedef struct {
    uint32_t asked;
    arch_time_t at[64];
    uint32_t active[64], starting[64];
    double utilisation[64];
} script_t;

static uint32_t scripted(void *user, const arch_scaling_view_t *view)
{
    script_t *s = user;
    uint32_t k = s->asked++;

    s->at[k] = view->now;
    s->active[k] = view->active;
    s->starting[k] = view->starting;
    s->utilisation[k] = view->utilisation;
    return k < 2 ? 4 : k < 5 ? 99 : 1;
}

/* The same, told where to write it down. */
static uint32_t recorded(void *user, const arch_scaling_view_t *view)
{
    script_t *script;

    memcpy(&script, user, sizeof script);
    return scripted(script, view);
}

static arch_simulation_t *scaled(const arch_design_t *d, script_t *script)
{
    arch_autoscaler_t a = {"app", 500 * ARCH_MILLISECOND, 700 * ARCH_MILLISECOND, 2, 5, scripted, script, 0, 0};
    arch_simulation_t *s = NULL;

    memset(script, 0, sizeof *script);
    CU_ASSERT_EQUAL_FATAL(arch_simulation_create(d, 0, NULL, &s), ARCH_OK);
    CU_ASSERT_EQUAL(arch_simulation_activate(s, "app", 2), ARCH_OK);
    CU_ASSERT_EQUAL(arch_simulation_autoscale(s, &a), ARCH_OK);
    CU_ASSERT_EQUAL(arch_simulation_autoscale(s, &a), ARCH_E_ARG);
    return s;
}

static void replicas_start_after_their_start_up_and_go_at_once(void)
{
    static const uint32_t active[] = {2, 2, 4, 4, 5, 5, 2}, starting[] = {0, 2, 0, 1, 0, 0, 0};
    arch_design_t *d = design("{\"least_request\": {\"choices\": 2}}", "\"unlimited\"");
    const arch_observation_t *seen;
    script_t script;
    arch_simulation_t *s = scaled(d, &script);

    CU_ASSERT_EQUAL(arch_simulation_run_to(s, 1199 * ARCH_MILLISECOND), ARCH_OK);
    CU_ASSERT_EQUAL(arch_simulation_active(s, "app"), 2);
    CU_ASSERT_EQUAL(arch_simulation_run_to(s, 1200 * ARCH_MILLISECOND), ARCH_OK);
    CU_ASSERT_EQUAL(arch_simulation_active(s, "app"), 4);
    CU_ASSERT_EQUAL(arch_simulation_run_to(s, 3500 * ARCH_MILLISECOND), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(script.asked, 7);
    for (uint32_t k = 0; k < 7; k++) {
        CU_ASSERT_EQUAL(script.at[k], (k + 1) * 500 * ARCH_MILLISECOND);
        CU_ASSERT_EQUAL(script.active[k], active[k]);
        CU_ASSERT_EQUAL(script.starting[k], starting[k]);
        CU_ASSERT(script.utilisation[k] > 0.2 && script.utilisation[k] <= 1);
    }
    CU_ASSERT_EQUAL(arch_simulation_mark(s), ARCH_OK); /* half a second after three have left */
    CU_ASSERT_EQUAL(arch_simulation_run_to(s, 4 * ARCH_SECOND), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_simulation_observe(s, &seen), ARCH_OK);
    for (uint32_t i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(seen->component[i].arrived == 0, i >= 2);
    CU_ASSERT_EQUAL(arch_simulation_active(s, "nobody"), 0);
    CU_ASSERT_EQUAL(arch_simulation_activate(s, "app", 6), ARCH_E_RANGE);
    CU_ASSERT_EQUAL(arch_simulation_activate(s, "ap", 1), ARCH_E_NOTFOUND);
    arch_simulation_destroy(&s);
    arch_design_destroy(&d);
}

static uint64_t digest_of(const arch_simulation_t *s)
{
    arch_results_t *r = NULL;
    uint64_t digest;

    CU_ASSERT_EQUAL_FATAL(arch_simulation_results(s, &r), ARCH_OK);
    CU_ASSERT_EQUAL(r->operation[0].run_generated, r->operation[0].run_completed + r->operation[0].run_failed +
                                                       r->operation[0].run_rejected + r->operation[0].run_in_flight);
    digest = r->digest;
    arch_results_destroy(&r);
    return digest;
}

static void where_a_run_stops_makes_no_difference_to_an_autoscaler(void)
{
    static const char *const policies[] = {"\"round_robin\"", "\"random\"", "{\"least_request\": {\"choices\": 2}}"};

    for (int i = 0; i < 3; i++) {
        arch_design_t *d = design(policies[i], "50");
        script_t script;
        arch_simulation_t *whole = scaled(d, &script), *steps = scaled(d, &script), *alone = NULL;
        CU_ASSERT_EQUAL(arch_simulation_run_to(whole, ARCH_TIME_MAX), ARCH_OK);
        memset(&script, 0, sizeof script);
        for (arch_time_t t = 0; t <= d->run.duration; t += 50 * ARCH_MILLISECOND + 7 * (t % 11))
            CU_ASSERT_EQUAL(arch_simulation_run_to(steps, t), ARCH_OK);
        CU_ASSERT_EQUAL(arch_simulation_run_to(steps, ARCH_TIME_MAX), ARCH_OK);
        CU_ASSERT_EQUAL(digest_of(whole), digest_of(steps));
        CU_ASSERT_EQUAL_FATAL(arch_simulation_create(d, 0, NULL, &alone), ARCH_OK);
        CU_ASSERT_EQUAL(arch_simulation_run_to(alone, ARCH_TIME_MAX), ARCH_OK);
        CU_ASSERT_NOT_EQUAL(digest_of(whole), digest_of(alone));
        arch_simulation_destroy(&whole);
        arch_simulation_destroy(&steps);
        arch_simulation_destroy(&alone);
        arch_design_destroy(&d);
    }
}

/* Saved and branched with two of five active, they stay so. */
static void the_number_of_active_replicas_is_saved(void)
{
    arch_design_t *d = design("\"round_robin\"", "50");
    arch_simulation_t *s = NULL, *again = NULL, *branch = NULL;
    void *bytes = NULL;
    size_t size;

    CU_ASSERT_EQUAL_FATAL(arch_simulation_create(d, 0, NULL, &s), ARCH_OK);
    CU_ASSERT_EQUAL(arch_simulation_activate(s, "app", 2), ARCH_OK);
    CU_ASSERT_EQUAL(arch_simulation_run_to(s, 2 * ARCH_SECOND), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_simulation_snapshot(s, &bytes, &size), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_simulation_restore(d, NULL, bytes, size, &again), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_simulation_branch(s, NULL, &branch), ARCH_OK);
    CU_ASSERT_EQUAL(arch_simulation_active(again, "app"), 2);
    CU_ASSERT_EQUAL(arch_simulation_active(branch, "app"), 2);
    CU_ASSERT_EQUAL(arch_simulation_run_to(s, ARCH_TIME_MAX), ARCH_OK);
    CU_ASSERT_EQUAL(arch_simulation_run_to(again, ARCH_TIME_MAX), ARCH_OK);
    CU_ASSERT_EQUAL(arch_simulation_run_to(branch, ARCH_TIME_MAX), ARCH_OK);
    CU_ASSERT_EQUAL(digest_of(s), digest_of(again));
    CU_ASSERT_EQUAL(digest_of(s), digest_of(branch));
    free(bytes);
    arch_simulation_destroy(&s);
    arch_simulation_destroy(&again);
    arch_simulation_destroy(&branch);
    arch_design_destroy(&d);
}

static uint32_t ask(arch_utilisation_scaler_t *u, double seconds, uint32_t active, double utilisation)
{
    arch_scaling_view_t view = {.now = (arch_time_t)(seconds * 1e9), .active = active, .utilisation = utilisation};

    return arch_scale_by_utilisation(u, &view);
}

static void the_built_in_one_aims_at_a_utilisation(void)
{
    arch_utilisation_scaler_t u = {.target = 0.5, .tolerance = 0.1, .window = 60 * ARCH_SECOND};

    CU_ASSERT_EQUAL(ask(&u, 15, 4, 0.54), 4); /* within the tolerance */
    CU_ASSERT_EQUAL(ask(&u, 30, 4, 0.56), 5);
    CU_ASSERT_EQUAL(ask(&u, 45, 4, 1.0), 8);
    CU_ASSERT_EQUAL(ask(&u, 60, 8, 0.25), 8); /* down only when nothing lately wanted more */
    CU_ASSERT_EQUAL(ask(&u, 104, 8, 0.25), 8);
    CU_ASSERT_EQUAL(ask(&u, 106, 8, 0.25), 4);
    CU_ASSERT_EQUAL(ask(&u, 300, 1, 0.0), 1);
    for (int k = 0; k < 200; k++) /* its memory is bounded */
        CU_ASSERT_EQUAL(ask(&u, 300 + k * 0.1, 2, 0.5), 2);
}

/* ---- autoscalers in runs --------------------------------------------------------------------------------------------- */

/* Up when there is a line, down every third time without one: with a state of its own in each replication. */
typedef struct {
    uint32_t asked, most;
} by_line_t;

static uint32_t by_line(void *user, const arch_scaling_view_t *view)
{
    by_line_t *b = user;
    uint32_t there = view->active + view->starting;

    b->asked++;
    b->most = there > b->most ? there : b->most;
    return view->waiting > 3 ? there + 1 : b->asked % 3 == 0 && there > 1 ? there - 1 : there;
}

static uint64_t digest_of_steps(const arch_design_t *d, const arch_run_options_t *o)
{
    arch_simulation_options_t options = {.policy = o->policy, .n_policies = o->n_policies};
    uint64_t sum = 0;

    for (uint32_t r = 0; r < d->run.replications; r++) {
        arch_simulation_t *s = NULL;
        CU_ASSERT_EQUAL_FATAL(arch_simulation_create(d, r, &options, &s), ARCH_OK);
        for (uint32_t i = 0; i < o->n_autoscalers; i++)
            CU_ASSERT_EQUAL_FATAL(arch_simulation_autoscale(s, &o->autoscaler[i]), ARCH_OK);
        for (arch_time_t t = 0; t < d->run.duration; t += 333 * ARCH_MILLISECOND)
            CU_ASSERT_EQUAL(arch_simulation_run_to(s, t), ARCH_OK);
        CU_ASSERT_EQUAL(arch_simulation_run_to(s, ARCH_TIME_MAX), ARCH_OK);
        sum += digest_of(s);
        arch_simulation_destroy(&s);
    }
    return sum;
}

static uint64_t digest_of_run(const arch_design_t *d, const arch_run_options_t *options)
{
    arch_results_t *r = NULL;
    uint64_t digest;

    if (arch_run(d, options, &r) != ARCH_OK)
        fprintf(stderr, "%s\n", arch_error_text());
    CU_ASSERT_PTR_NOT_NULL_FATAL(r);
    CU_ASSERT_EQUAL(r->operation[0].run_generated, r->operation[0].run_completed + r->operation[0].run_failed +
                                                       r->operation[0].run_rejected + r->operation[0].run_in_flight);
    digest = r->digest;
    arch_results_destroy(&r);
    return digest;
}

static uint64_t digest_of_samples(const arch_design_t *d, const arch_run_options_t *options)
{
    arch_samples_t *s = NULL;
    uint64_t digest;

    CU_ASSERT_EQUAL_FATAL(arch_run_samples(d, options, 0, d->run.replications, &s), ARCH_OK);
    digest = s->digest;
    arch_samples_destroy(&s);
    return digest;
}

/* In pieces of other sizes, by one and by several threads. */
static uint64_t digest_of_lab(const arch_design_t *d, const arch_run_options_t *o, uint32_t threads)
{
    arch_lab_options_t options = {.threads = threads, .policy = o->policy, .n_policies = o->n_policies,
                                  .autoscaler = o->autoscaler, .n_autoscalers = o->n_autoscalers};
    arch_samples_t *s = NULL;
    arch_lab_t *lab = NULL;
    uint64_t ticket = 0, digest;

    CU_ASSERT_EQUAL_FATAL(arch_lab_open(&options, &lab), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_lab_ask(lab, d, 0, d->run.replications, &ticket), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_lab_wait(lab, ticket, &s), ARCH_OK);
    digest = s->digest;
    arch_samples_destroy(&s);
    arch_lab_close(&lab);
    return digest;
}

static const arch_utilisation_scaler_t by_the_book = {.target = 0.5, .tolerance = 0.1, .window = ARCH_SECOND};

/* Two autoscalers at different paces, with and without a policy, by every way to run, are what they are step by step. */
static void an_autoscaler_does_in_runs_what_it_does_step_by_step(void)
{
    arch_utilisation_scaler_t u = by_the_book;
    by_line_t b = {0, 0};
    const arch_policy_t policy = {"lb", least_of_two, NULL, NULL};
    const arch_autoscaler_t both[] = {
        {"app", 110 * ARCH_MILLISECOND, 70 * ARCH_MILLISECOND, 1, 5, by_line, &b, sizeof b, 2},
        {"more", 250 * ARCH_MILLISECOND, 0, 1, 4, arch_scale_by_utilisation, &u, sizeof u, 1}};
    arch_design_t *d = design_of_direct_calls("\"round_robin\"", "\"unlimited\"");

    for (uint32_t n = 1; n <= 2; n++)
        for (uint32_t k = 0; k < 2; k++) {
            arch_run_options_t o = {.autoscaler = both, .n_autoscalers = n, .policy = &policy, .n_policies = k};
            arch_run_options_t plain = {.policy = &policy, .n_policies = k};
            uint64_t wanted = digest_of_steps(d, &o);
            CU_ASSERT_NOT_EQUAL(wanted, digest_of_run(d, &plain));
            for (o.threads = 1; o.threads <= 4; o.threads *= 2) {
                CU_ASSERT_EQUAL(digest_of_run(d, &o), wanted);
                CU_ASSERT_EQUAL(digest_of_samples(d, &o), wanted);
                CU_ASSERT_EQUAL(digest_of_lab(d, &o, o.threads), wanted);
            }
            o.threads = o.group = 4; /* what would cut a replication up makes no difference */
            o.partitions = 8;
            o.executor = ARCH_EXECUTOR_OPTIMISTIC;
            o.moving = ARCH_MOVING_WANDER;
            CU_ASSERT_EQUAL(digest_of_run(d, &o), wanted);
        }
    CU_ASSERT_EQUAL(b.asked, 0); /* all that was counted was counted in copies */
    arch_design_destroy(&d);
}

/* One for one: what is recorded by a single replication is each interval, from the first to the last. */
static void it_is_asked_every_interval(void)
{
    arch_design_t *d = design("\"round_robin\"", "50");
    script_t script, *at = &script;
    arch_autoscaler_t a = {"app", 500 * ARCH_MILLISECOND, 700 * ARCH_MILLISECOND, 2, 5, recorded, (void *)&at, sizeof at, 2};
    arch_run_options_t o = {.autoscaler = &a, .n_autoscalers = 1, .threads = 2};

    memset(&script, 0, sizeof script);
    d->run.replications = 1;
    (void)digest_of_run(d, &o);
    CU_ASSERT_EQUAL_FATAL(script.asked, 8); /* the last at the end */
    for (uint32_t k = 0; k < 8; k++)
        CU_ASSERT_EQUAL(script.at[k], (k + 1) * 500 * ARCH_MILLISECOND);
    CU_ASSERT_EQUAL(script.active[0], 2);
    CU_ASSERT_EQUAL(script.active[4], 5);
    arch_design_destroy(&d);
}

static int cancel(void *user, double done, uint64_t events, double seconds_left)
{
    (void)user, (void)done, (void)events, (void)seconds_left;
    return 1;
}

static void a_run_with_autoscalers_can_be_cancelled(void)
{
    arch_design_t *d = design("\"round_robin\"", "50");
    arch_autoscaler_t a = {"app", ARCH_MILLISECOND, 0, 1, 5, arch_scale_by_utilisation, NULL, sizeof by_the_book, 0};
    arch_run_options_t o = {.autoscaler = &a, .n_autoscalers = 1, .threads = 1, .progress = cancel};
    arch_utilisation_scaler_t u = by_the_book;
    arch_results_t *r = NULL;

    a.user = &u;
    d->run.duration = 100000 * ARCH_SECOND;
    CU_ASSERT_EQUAL(arch_run(d, &o, &r), ARCH_E_CANCELLED);
    arch_design_destroy(&d);
}

static void says_what_is_wrong_with_an_autoscaler(void)
{
    arch_utilisation_scaler_t u = by_the_book;
    const struct {
        arch_autoscaler_t a[2];
        uint32_t n;
        arch_run_options_t more;
        arch_status_t st;
        const char *words;
    } bad[] = {
        {{{"ap", 1, 0, 1, 5, by_line, NULL, 0, 0}}, 1, {0}, ARCH_E_NOTFOUND,
         "found no service \"ap\"; did you mean \"app\"?"},
        {{{NULL, 1, 0, 1, 5, by_line, NULL, 0, 0}}, 1, {0}, ARCH_E_ARG, "found no name of a service"},
        {{{"app", 0, 0, 1, 5, by_line, NULL, 0, 0}}, 1, {0}, ARCH_E_ARG, "found an interval of 0 ns"},
        {{{"app", 1, 0, 1, 6, by_line, NULL, 0, 0}}, 1, {0}, ARCH_E_RANGE, "found 1 to 6 replicas, expected 1 to at most 5"},
        {{{"app", 1, 0, 1, 5, by_line, NULL, 0, 6}}, 1, {0}, ARCH_E_RANGE, "found 6 replicas at first, expected at most 5"},
        {{{"app", 1, 0, 1, 5, by_line, NULL, 8, 0}}, 1, {0}, ARCH_E_ARG, "found 8 bytes at no address"},
        {{{"app", 1, 0, 1, 5, NULL, NULL, 0, 0}}, 1, {0}, ARCH_E_ARG, "the autoscaler of app decides nothing"},
        {{{"app", 1, 0, 1, 5, arch_scale_by_utilisation, &u, 0, 0}}, 1, {0}, ARCH_E_ARG,
         "found `user` without `user_bytes`"},
        {{{"app", 1, 0, 1, 5, by_line, NULL, 0, 0}, {"app", 1, 0, 1, 5, by_line, NULL, 0, 0}}, 2, {0}, ARCH_E_ARG,
         "found a second autoscaler of app"},
        {{{"app", 1, 0, 1, 5, by_line, NULL, 0, 0}}, 1, {.checkpoint_every = 60}, ARCH_E_ARG,
         "a run with autoscalers writes no checkpoints"},
        {{{"app", 1, 0, 1, 5, by_line, NULL, 0, 0}}, 1, {.executor = ARCH_EXECUTOR_GPU}, ARCH_E_ARG,
         "executor \"gpu\": autoscalers that a program plugs in run on its own cores"},
        {{{"app", 1, 0, 1, 5, by_line, NULL, 0, 0}}, 1, {.resume = "auto"}, ARCH_E_ARG, "and goes on from none"},
    };
    arch_design_t *d = design("\"random\"", "3");

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        arch_run_options_t o = bad[i].more;
        arch_results_t *r = NULL;
        o.autoscaler = bad[i].a;
        o.n_autoscalers = bad[i].n;
        CU_ASSERT_EQUAL(arch_run(d, &o, &r), bad[i].st);
        CU_ASSERT_PTR_NULL(r);
        CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), bad[i].words));
    }
    arch_design_destroy(&d);
}

/* Functions do not travel to workers, and a journal would hand out answers of others. */
static void a_lab_that_could_not_ask_them_does_not_open(void)
{
    const arch_autoscaler_t a = {"app", 1, 0, 1, 5, by_line, NULL, 0, 0};
    const arch_policy_t p = {"app", NULL, always, NULL};
    const arch_lab_options_t bad[] = {
        {.workers = 1, .autoscaler = &a, .n_autoscalers = 1}, {.endpoint = "ipc://x", .policy = &p, .n_policies = 1},
        {.executor = ARCH_EXECUTOR_GPU, .autoscaler = &a, .n_autoscalers = 1},
        {.journal = "nowhere", .policy = &p, .n_policies = 1}, {.journal = "nowhere", .autoscaler = &a, .n_autoscalers = 1}};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        arch_lab_t *lab = NULL;
        CU_ASSERT_EQUAL(arch_lab_open(&bad[i], &lab), ARCH_E_ARG);
        CU_ASSERT_PTR_NULL(lab);
        CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), i < 3 ? "functions of this process" : "a journal does not know"));
    }
}

#define ADD(f) CU_add_test(suite, #f, f)

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || !(suite = CU_add_suite("policy", NULL, NULL)))
        return 1;
    ADD(those_that_do_the_same_give_the_same_bits);
    ADD(an_admission_does_what_a_bounded_queue_does);
    ADD(callers_without_a_balancer_pick_for_themselves);
    ADD(an_admission_at_a_database_does_what_a_bounded_queue_does);
    ADD(state_goes_with_the_element_and_no_request_is_lost);
    ADD(says_what_is_wrong_with_a_policy);
    ADD(replicas_start_after_their_start_up_and_go_at_once);
    ADD(where_a_run_stops_makes_no_difference_to_an_autoscaler);
    ADD(the_number_of_active_replicas_is_saved);
    ADD(the_built_in_one_aims_at_a_utilisation);
    ADD(an_autoscaler_does_in_runs_what_it_does_step_by_step);
    ADD(it_is_asked_every_interval);
    ADD(a_run_with_autoscalers_can_be_cancelled);
    ADD(says_what_is_wrong_with_an_autoscaler);
    ADD(a_lab_that_could_not_ask_them_does_not_open);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
