/* tests/unit/test_plan.c - changes and their costs, and plans: the answer of an exhaustive sweep with a tenth of its
 * requests, on any number of threads; what is missed, and by how much, when nothing will do. */
#include "results_folder.h"
#include "support/designs.h"
#include <CUnit/Basic.h>
#include <architech/architech.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static results_folder_t folder;

static arch_changes_t *parse(const arch_design_t *design, const char *text)
{
    arch_problems_t problems = {0, NULL};
    arch_changes_t *changes = NULL;

    if (arch_changes_parse("changes", text, strlen(text), design, &changes, &problems) != ARCH_OK)
        fprintf(stderr, "%s\n", arch_error_text());
    arch_problems_clear(&problems);
    return changes;
}

static arch_plan_t *plan_with(const arch_design_t *design, const arch_changes_t *changes, arch_plan_options_t options,
                              uint32_t threads)
{
    arch_lab_options_t where = {.threads = threads};
    arch_lab_t *lab = NULL;
    arch_plan_t *plan = NULL;

    if (arch_lab_open(&where, &lab) != ARCH_OK || arch_plan(lab, design, changes, &options, &plan) != ARCH_OK)
        fprintf(stderr, "%s\n", arch_error_text());
    arch_lab_close(&lab);
    return plan;
}

/* ---- changes ---------------------------------------------------------------------------------------------------- */

#define ONE(change) "{\"architech_changes\": 1, \"changes\": [" change "]}"
#define REPLICAS(cost)                                                                                                 \
    ONE("{\"name\": \"app replicas\", \"pointer\": \"/services/app/replicas\", \"values\": [1, 2], " cost "}")

static void costs_are_exact(void)
{
    static const struct {
        const char *text;
        int64_t per_year;
    } good[] = {{"\"$30/month\"", 360000000}, {"\"$0.1/hour\"", 876000000}, {"\"30 EUR/month\"", 360000000},
                {"\"EUR 1/day\"", 365000000}, {"\"$0.000001/year\"", 1},    {"0", 0}};
    arch_design_t *d = design_of_file("examples/stage-2-horizontal.json");

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char text[512];
        arch_changes_t *c;
        snprintf(text, sizeof text, REPLICAS("\"cost\": %s"), good[i].text);
        c = parse(d, text);
        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        CU_ASSERT_EQUAL(c->change[0].option[0].cost, good[i].per_year);
        CU_ASSERT_EQUAL(c->change[0].option[1].cost, 2 * good[i].per_year);
        CU_ASSERT(c->change[0].monotone);
        arch_changes_destroy(&c);
    }
    arch_design_destroy(&d);
}

static void refuses(const arch_design_t *d, const char *text, const char *at, const char *words)
{
    arch_problems_t problems = {0, NULL};
    arch_changes_t *changes = NULL;
    arch_status_t st = arch_changes_parse("changes", text, strlen(text), d, &changes, &problems);
    bool seen = false;

    for (uint32_t i = 0; i < problems.n; i++)
        seen = seen || (strcmp(problems.problem[i].at, at) == 0 && strstr(problems.problem[i].text, words) != NULL);
    if (!seen)
        fprintf(stderr, "\n%s\n  said: %s: %s\n", text, problems.n > 0 ? problems.problem[0].at : "",
                problems.n > 0 ? problems.problem[0].text : "nothing");
    CU_ASSERT(seen && st == ARCH_E_FORMAT && changes == NULL);
    arch_problems_clear(&problems);
    arch_changes_destroy(&changes);
}

static void slips_are_told_with_their_place(void)
{
    arch_design_t *d = design_of_file("examples/stage-2-horizontal.json");

    refuses(d, "[]", "", "found an empty array, expected an object");
    refuses(d, "{\"changes\": []}", "", "found no \"architech_changes\"");
    refuses(d, "{\"architech_changes\": 2, \"changes\": []}", "/architech_changes", "found 2, expected 1");
    refuses(d, "{\"architech_changes\": 1, \"changes\": []}", "/changes", "found 0 changes");
    refuses(d, ONE("{\"nam\": \"x\", \"cost\": 0, \"set\": {}}"), "/changes/0/nam", "did you mean \"name\"?");
    refuses(d, ONE("{\"name\": \"x\", \"cost\": 0}"), "/changes/0", "found nothing to change");
    refuses(d, ONE("{\"name\": \"x\", \"set\": {}, \"ladder\": []}"), "/changes/0", "found several ways");
    refuses(d, ONE("{\"name\": \"x\", \"set\": {\"services\": 1}, \"cost\": 0}"), "/changes/0/set/services",
            "a JSON pointer");
    refuses(d, ONE("{\"name\": \"x\", \"set\": {}}"), "/changes/0", "found no \"cost\"");
    refuses(d, ONE("{\"name\": \"x\", \"set\": {\"/services/ap/cores\": 2}, \"cost\": 0}"), "/changes/0/set",
            "did you mean \"app\"?");
    refuses(d, ONE("{\"name\": \"x\", \"pointer\": \"/services/app/replicas\", \"cost\": 0,"
                   " \"values\": {\"from\": 2, \"to\": 1}}"), "/changes/0/values", "found 2 to 1");
    refuses(d, ONE("{\"name\": \"x\", \"pointer\": \"/services/app/replicas\", \"values\": [0, 1], \"cost\": 0}"),
            "/changes/0/values", "with \"0\" the design is not sound");
    refuses(d, REPLICAS("\"cost\": \"30\""), "/changes/0/cost", "found \"30\", expected a cost such as");
    refuses(d, REPLICAS("\"cost\": \"$1e3/month\""), "/changes/0/cost", "expected a cost such as");
    refuses(d, REPLICAS("\"cost\": \"-$3/month\""), "/changes/0/cost", "expected a cost such as");
    refuses(d, REPLICAS("\"cost\": \"$0.0000001/month\""), "/changes/0/cost", "expected a cost such as");
    refuses(d, REPLICAS("\"cost\": \"$999999999999/hour\""), "/changes/0/cost", "ten thousand million");
    refuses(d, REPLICAS("\"cost\": [\"$1/month\"]"), "/changes/0/cost", "found 1 costs, expected 2");
    refuses(d, REPLICAS("\"cost\": [\"$1/month\", \"2 EUR/month\"]"), "/changes/0/cost/1",
            "expected all costs in one currency");
    refuses(d, REPLICAS("\"cost\": 0, \"cost\": 0"), "/changes/0/cost", "found this key a second time");
    arch_design_destroy(&d);
}

/* ---- plans ------------------------------------------------------------------------------------------------------ */

/* 16 x 4 x 2 x 2 configurations. */
static const char space[] =
    "{\"architech_changes\": 1, \"base_cost\": \"$40/month\", \"changes\": ["
    "{\"name\": \"pool size\", \"pointer\": \"/databases/db/connections\", \"values\": [20, 80], \"cost\": 0,"
    " \"monotone\": true},"
    "{\"name\": \"cache\", \"set\": {\"/keyspaces\": {\"users\": {\"count\": 1000000, \"zipf\": 0.99}},"
    " \"/caches\": {\"redis\": {\"capacity\": 100000, \"ttl\": \"300s\"}},"
    " \"/services/app/endpoints/read/1\": {\"cache\": \"redis\", \"keys\": \"users\", \"miss\": [{\"call\": \"db/find\"}]}},"
    " \"cost\": \"$15/month\"},"
    "{\"name\": \"db cores\", \"pointer\": \"/databases/db/cores\", \"values\": [1, 2, 3, 4], \"cost\": \"$50/month\"},"
    "{\"name\": \"app replicas\", \"pointer\": \"/services/app/replicas\", \"values\": {\"from\": 1, \"to\": 16},"
    " \"cost\": \"$30/month\"}]}";

/* By the plain figures of a sweep: the first case, which are by cost, whose every objective is met. */
static uint32_t cheapest_of_sweep(const arch_plan_t *sweep)
{
    for (uint32_t c = 0; c < sweep->n_cases; c++) {
        uint32_t met = 0;
        for (uint32_t o = 0; o < sweep->n_objectives && sweep->cases[c].measured != NULL; o++) {
            double v = sweep->cases[c].measured[o].value;
            met += sweep->objective[o].below ? v < sweep->objective[o].limit : v > sweep->objective[o].limit;
        }
        if (met == sweep->n_objectives)
            return c;
    }
    return ARCH_NONE;
}

/* Ten replications of each, as a sweep has; short ones, so that the test is. */
static void finds_what_a_sweep_finds(void)
{
    arch_design_t *d = design_of_file("examples/stage-2-horizontal.json");
    arch_changes_t *changes = parse(d, space);
    arch_plan_t *plan, *sweep;

    d->run.duration = 10 * ARCH_SECOND;
    d->run.warmup = 2 * ARCH_SECOND;
    d->objective[0].limit = 20e6;
    d->objective[1].limit = 8e6; /* of reads: the cheapest that will do has 7.7 ms, what costs less 8.7 ms and more */
    CU_ASSERT_PTR_NOT_NULL_FATAL(changes);
    plan = plan_with(d, changes, (arch_plan_options_t){.confidence = 0.95}, 2);
    sweep = plan_with(d, changes, (arch_plan_options_t){.first = 10, .most = 10, .all = 1}, 2);
    CU_ASSERT_FATAL(plan != NULL && sweep != NULL);
    CU_ASSERT_EQUAL(plan->n_cases, 256);
    CU_ASSERT_EQUAL(sweep->n_simulated, 256);
    CU_ASSERT(plan->answer != ARCH_NONE && plan->answer == cheapest_of_sweep(sweep));
    CU_ASSERT(plan->requests * 10 <= sweep->requests);
    printf("\n    %u of %u configurations, %llu of %llu requests ", plan->n_simulated, plan->n_cases,
           (unsigned long long)plan->requests, (unsigned long long)sweep->requests);
    for (uint32_t c = 0; c < plan->n_cases; c++) { /* nor does any verdict contradict the sweep's */
        CU_ASSERT(!(plan->cases[c].kind == ARCH_CASE_FEASIBLE && sweep->cases[c].kind == ARCH_CASE_MISSED));
        CU_ASSERT(!(sweep->cases[c].kind == ARCH_CASE_FEASIBLE &&
                    (plan->cases[c].kind == ARCH_CASE_MISSED || plan->cases[c].kind == ARCH_CASE_OVERLOADED ||
                     plan->cases[c].kind == ARCH_CASE_DOMINATED)));
    }
    arch_plan_destroy(&plan);
    arch_plan_destroy(&sweep);
    arch_changes_destroy(&changes);
    arch_design_destroy(&d);
}

static void is_the_same_on_any_machine(void)
{
    arch_design_t *d = design_of_file("examples/stage-2-horizontal.json");
    arch_changes_t *changes = parse(d, space);
    char *text[3] = {NULL};
    char path[1200];

    d->run.duration = 2 * ARCH_SECOND;
    d->run.warmup = ARCH_SECOND / 2;
    d->n_objectives = 2;
    d->objective[0].limit = 20e6;
    CU_ASSERT_PTR_NOT_NULL_FATAL(changes);
    for (uint32_t threads = 1; threads <= 3; threads++) {
        arch_plan_t *plan = plan_with(d, changes, (arch_plan_options_t){.most = 16}, threads);
        CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
        CU_ASSERT_EQUAL(arch_plan_json(plan, &text[threads - 1]), ARCH_OK);
        CU_ASSERT_STRING_EQUAL(text[threads - 1], text[0]);
        results_folder_file(&folder, "plan.h5", path, sizeof path);
        CU_ASSERT_EQUAL(arch_plan_write(plan, path), ARCH_OK);
        arch_plan_destroy(&plan);
    }
    for (int i = 0; i < 3; i++)
        free(text[i]);
    arch_changes_destroy(&changes);
    arch_design_destroy(&d);
}

static void says_what_comes_nearest(void)
{
    arch_design_t *d = design_of_file("examples/stage-2-horizontal.json");
    arch_changes_t *changes = parse(d, REPLICAS("\"cost\": \"$30/month\""));
    arch_plan_t *plan;
    char *text = NULL;

    d->run.duration = 2 * ARCH_SECOND;
    d->run.warmup = ARCH_SECOND / 2;
    d->objective[1].limit = 1e6; /* reads within 1 ms: they take 8 */
    CU_ASSERT_PTR_NOT_NULL_FATAL(changes);
    plan = plan_with(d, changes, (arch_plan_options_t){.most = 32}, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_EQUAL(plan->answer, ARCH_NONE);
    CU_ASSERT_EQUAL_FATAL(plan->nearest, 1); /* two replicas; of one the traffic equations know enough */
    CU_ASSERT_EQUAL(plan->cases[1].objective, 1);
    CU_ASSERT_EQUAL(plan->cases[0].kind, ARCH_CASE_OVERLOADED);
    CU_ASSERT_EQUAL(plan->cases[0].replications, 0);
    CU_ASSERT_EQUAL(arch_plan_text(plan, 0, false, &text), ARCH_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "None of 2 configurations"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "must be < 1 ms"));
    free(text);
    arch_plan_destroy(&plan);
    arch_changes_destroy(&changes);
    arch_design_destroy(&d);
}

/* Half the time a load of 820 requests a second, half of it half that: two replicas (0.61 busy of at most 0.7), then one. */
static void bounds_by_a_perfect_autoscaler(void)
{
    arch_design_t *d = design_of_file("examples/stage-2-horizontal.json"), *varying = NULL;
    arch_change_t load = {"/workloads/web/rate",
                          "{\"points\": [[\"0s\", \"800/s\"], [\"2s\", \"400/s\"]], \"between\": \"step\"}"};
    arch_problems_t problems = {0, NULL};
    arch_changes_t *changes = parse(d, REPLICAS("\"cost\": \"$30/month\""));
    arch_plan_t *plan;

    d->run.duration = 4 * ARCH_SECOND;
    d->run.warmup = 0;
    if (arch_design_change(d, &load, 1, &varying, &problems) != ARCH_OK)
        fprintf(stderr, "%s\n", arch_error_text());
    arch_problems_clear(&problems);
    CU_ASSERT_FATAL(varying != NULL && changes != NULL);
    varying->objective[0].limit = 50e6;
    plan = plan_with(varying, changes, (arch_plan_options_t){.most = 64}, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT(plan->bound.known);
    CU_ASSERT_EQUAL(plan->bound.least, 1);
    CU_ASSERT_EQUAL(plan->bound.most, 2);
    CU_ASSERT_DOUBLE_EQUAL((double)plan->bound.cost, 45e6 * 12, 1e6 * 12);
    arch_plan_destroy(&plan);
    arch_changes_destroy(&changes);
    arch_design_destroy(&varying);
    arch_design_destroy(&d);
}

static void refuses_what_cannot_be_planned(void)
{
    arch_design_t *d = design_of_file("examples/mm1.json");
    arch_lab_t *lab = NULL;
    arch_plan_t *plan = NULL;
    arch_changes_t changes = {.n_changes = 0};
    arch_plan_options_t wrong = {.confidence = 1};

    CU_ASSERT_EQUAL_FATAL(arch_lab_open(NULL, &lab), ARCH_OK);
    d->n_objectives = 0;
    CU_ASSERT_EQUAL(arch_plan(lab, d, &changes, NULL, &plan), ARCH_E_ARG);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "no objectives"));
    d->n_objectives = 1;
    CU_ASSERT_EQUAL(arch_plan(lab, d, &changes, &wrong, &plan), ARCH_E_ARG);
    CU_ASSERT_PTR_NULL(plan);
    d->n_objectives = 0;
    arch_lab_close(&lab);
    arch_design_destroy(&d);
}

int main(void)
{
    CU_pSuite suite;

    if (!results_folder_create(&folder))
        return 1;
    CU_initialize_registry();
    suite = CU_add_suite("plan", NULL, NULL);
    CU_ADD_TEST(suite, costs_are_exact);
    CU_ADD_TEST(suite, slips_are_told_with_their_place);
    CU_ADD_TEST(suite, refuses_what_cannot_be_planned);
    CU_ADD_TEST(suite, says_what_comes_nearest);
    CU_ADD_TEST(suite, bounds_by_a_perfect_autoscaler);
    CU_ADD_TEST(suite, is_the_same_on_any_machine);
    CU_ADD_TEST(suite, finds_what_a_sweep_finds);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    results_folder_destroy(&folder);
    return CU_get_number_of_failures() != 0;
}
