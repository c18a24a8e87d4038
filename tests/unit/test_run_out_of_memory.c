/* tests/unit/test_run_out_of_memory.c - when memory runs out at any allocation of a run, alone or among ranks, the run says
 * so, gives nothing, keeps nothing, and no rank waits for another for ever. */
#include "support/alloc.h"
#include <CUnit/Basic.h>
#include <architech/run.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
    "{\"architech\": 1, \"run\": {\"duration\": \"200ms\", \"replications\": 2},"
    " \"services\": {\"app\": {\"replicas\": 3, \"endpoints\": {\"serve\": [{\"cpu\": \"1ms\"}]}}},"
    " \"network\": {\"latency\": \"1ms\"},"
    " \"workloads\": {\"web\": {\"rate\": \"200/s\", \"mix\": {\"app/serve\": 1}}}}";

static arch_design_t *design; /* read once, before memory runs short */

static arch_status_t run_traced(uint32_t threads, uint32_t group, uint32_t partitions, uint32_t trace)
{
    arch_run_options_t options = {0};
    arch_results_t *results = NULL;
    arch_status_t st;

    options.threads = threads;
    options.group = group;
    options.partitions = partitions;
    options.trace = trace;
    st = arch_run(design, &options, &results);
    CU_ASSERT_EQUAL(results != NULL, st == ARCH_OK);
    arch_results_destroy(&results);
    return st;
}

static arch_status_t run_on(uint32_t threads, uint32_t group, uint32_t partitions)
{
    return run_traced(threads, group, partitions, 0);
}

static arch_status_t run_with_a_trace(void) { return run_traced(2, 2, 2, 100); }
static arch_status_t run_alone(void) { return run_on(1, 1, 1); }
static arch_status_t run_in_parts(void) { return run_on(1, 1, 3); }
static arch_status_t run_side_by_side(void) { return run_on(2, 1, 1); }
static arch_status_t run_together(void) { return run_on(3, 3, 3); }

/* Ten replications, and two more after a look. */
static arch_status_t run_to_a_precision(void)
{
    static const char *const figures[] = {"web throughput"};
    arch_run_options_t options = {.threads = 2, .precision = 1e-4, .precision_of = figures, .n_precision_of = 1,
                                  .most_replications = 12};
    arch_results_t *results = NULL;
    arch_status_t st = arch_run(design, &options, &results);

    CU_ASSERT_EQUAL(results != NULL, st == ARCH_OK);
    CU_ASSERT(results == NULL || results->provenance.replications == 12);
    arch_results_destroy(&results);
    return st;
}

static arch_status_t cut(void)
{
    arch_cut_t *made = NULL;
    arch_status_t st = arch_cut(design, 3, &made);

    CU_ASSERT_EQUAL(made != NULL, st == ARCH_OK);
    arch_cut_destroy(&made);
    return st;
}

static arch_status_t expect_traffic(void)
{
    arch_traffic_t *made = NULL;
    arch_status_t st = arch_traffic(design, &made);

    CU_ASSERT_EQUAL(made != NULL, st == ARCH_OK);
    arch_traffic_destroy(&made);
    return st;
}

/* Let allocation 1, 2, 3 ... of the call fail, and all after it, until the call needs no more. */
static void survives(arch_status_t (*call)(void))
{
    arch_status_t st = ARCH_E_NOMEM;
    long before = test_live_bytes(), budget;

    for (budget = 0; st == ARCH_E_NOMEM && budget < 100000; budget++) {
        test_alloc_budget(budget);
        st = call();
        test_alloc_budget(-1);
        if (test_live_bytes() != before)
            break;
    }
    CU_ASSERT_EQUAL(st, ARCH_OK);
    CU_ASSERT_EQUAL(test_live_bytes(), before);
    CU_ASSERT(budget > 5);
}

static void on_one_rank(void) { survives(run_alone); }
static void in_several_parts(void) { survives(run_in_parts); }
static void on_ranks_side_by_side(void) { survives(run_side_by_side); }
static void on_ranks_that_share_a_replication(void) { survives(run_together); }
static void with_a_trace(void) { survives(run_with_a_trace); }
static void to_a_precision(void) { survives(run_to_a_precision); }
static void in_a_cut(void) { survives(cut); }
static void in_the_traffic_equations(void) { survives(expect_traffic); }

int main(void)
{
    static const struct {
        const char *name;
        void      (*test)(void);
    } tests[] = {
        {"on one rank", on_one_rank},
        {"in several parts", in_several_parts},
        {"on ranks side by side", on_ranks_side_by_side},
        {"on ranks that share a replication", on_ranks_that_share_a_replication},
        {"with a trace", with_a_trace},
        {"to a precision", to_a_precision},
        {"in a cut", in_a_cut},
        {"in the traffic equations", in_the_traffic_equations},
    };
    arch_problems_t problems = {0, NULL};
    CU_pSuite suite;

    if (arch_design_parse("text", ".", text, sizeof text - 1, &design, &problems) != ARCH_OK)
        return EXIT_FAILURE;
    if (CU_initialize_registry() != CUE_SUCCESS || (suite = CU_add_suite("memory runs out", NULL, NULL)) == NULL)
        return EXIT_FAILURE;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        CU_add_test(suite, tests[i].name, tests[i].test);
    CU_basic_run_tests();
    arch_design_destroy(&design);
    return CU_get_number_of_failures() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
