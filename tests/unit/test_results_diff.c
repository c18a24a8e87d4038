/* tests/unit/test_results_diff.c - what two results do not have in common is said, and nothing else is. */
#include "unit/results_sample.h"
#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static arch_results_t *a, *b;

static void begin(void)
{
    a = results_sample();
    b = results_sample();
}

/* Compares, wants `expected` word for word, and ends the pair. */
static void end(bool equal_expected, const char *expected)
{
    bool equal = !equal_expected;
    char *text = NULL;

    CU_ASSERT_EQUAL(arch_results_diff(a, b, &equal, &text), ARCH_OK);
    CU_ASSERT_EQUAL(equal, equal_expected);
    CU_ASSERT_STRING_EQUAL(text, expected);
    if (text != NULL && strcmp(text, expected) != 0)
        fprintf(stderr, "said:\n%sexpected:\n%s", text, expected);
    free(text);
    arch_results_destroy(&a);
    arch_results_destroy(&b);
}

static void equal_results_say_so_with_their_digest(void)
{
    begin();
    end(true, "equal, digest 8c1f20d61e2f3a4b\n");
}

static void how_it_was_computed_is_no_difference(void)
{
    begin();
    b->provenance.host = "other";
    b->provenance.version = "9.9.9";
    b->provenance.started = "2025-01-01T00:00:00Z";
    b->provenance.executor = "conservative";
    b->provenance.wall_seconds = 9.0;
    b->provenance.events_per_second = 9.0;
    b->provenance.peak_bytes = 9;
    b->provenance.windows = b->provenance.messages = 9;
    b->provenance.ranks = b->provenance.threads = b->provenance.partitions = 9;
    b->engine.executor = "optimistic";
    b->engine.n_ranks = b->engine.n_groups = 1;
    b->engine.rank[0].events = 9;
    b->track = NULL;
    end(true, "equal, digest 8c1f20d61e2f3a4b\n");
}

static void what_was_computed_is(void)
{
    begin();
    b->digest = 1;
    b->design_hash = 2;
    b->provenance.seed = 7;
    b->provenance.warmup = 0;
    end(false, "differ in 4 places (first and second):\n"
               "  digest: 8c1f20d61e2f3a4b and 0000000000000001\n"
               "  design: 0123456789abcdef and 0000000000000002\n"
               "  run, seed: 18446744073709551615 and 7\n"
               "  run, warmup: 3.75 s and 0 ns\n");
}

static void the_last_bit_of_an_estimate_counts(void)
{
    begin();
    b->operation[0].mean.value = nextafter(b->operation[0].mean.value, 0.0);
    end(false, "differ in 1 place (first and second):\n"
               "  operation web lb/read, mean: 6412300 ± 51000 and 6412299.999999999 ± 51000 ns\n");
}

static void a_larger_difference_is_shown_in_round_figures(void)
{
    begin();
    b->operation[0].mean.value = 3.7584e6;
    b->operation[0].max = 8.0e7;
    end(false, "differ in 2 places (first and second):\n"
               "  operation web lb/read, mean: 6.41 ± 0.05 ms and 3.76 ± 0.05 ms\n"
               "  operation web lb/read, max: 91.3 ms and 80.0 ms\n");
}

static void figures_that_neither_can_say_are_equal(void)
{
    begin();
    a->operation[1].p999.value = 1.0; /* of no meaning: unsupported */
    b->operation[1].p999.value = 2.0;
    end(true, "equal, digest 8c1f20d61e2f3a4b\n");
}

static void a_figure_that_only_one_can_say_differs(void)
{
    begin();
    b->operation[1].p999 = results_estimate(3.5e6, 1e5);
    end(false, "differ in 1 place (first and second):\n"
               "  operation web lb/write, p999: unsupported and 3500000 ± 100000 ns\n");
}

static void counts_words_and_flags_are_compared(void)
{
    begin();
    b->operation[1].run_in_flight = 1;
    b->component[3].queue_max = 18;
    b->objective[0].verdict = ARCH_OBJECTIVE_UNCERTAIN;
    b->objective[0].met = false;
    end(false, "differ in 4 places (first and second):\n"
               "  operation web lb/write, run_in_flight: 0 and 1\n"
               "  component app#2, queue_max: 17 and 18\n"
               "  objective reads are quick web lb/read p95, verdict: met and uncertain\n"
               "  objective reads are quick web lb/read p95, met: yes and no\n");
}

static void histograms_are_compared_bucket_by_bucket(void)
{
    begin();
    b->operation[0].latency.count[1]++;
    b->operation[1].latency.n = 1;
    end(false, "differ in 2 places (first and second):\n"
               "  operation web lb/read, latency histogram: 200 and 201 requests from 2000000 ns on\n"
               "  operation web lb/write, latency histogram: buckets differ from number 1 on, of 2 and 1\n");
}

static void series_are_compared_row_by_row(void)
{
    begin();
    b->component_series.queue[3 * 4 + 2] = 0.5f;
    b->component_series.queue[3 * 4 + 3] = 0.5f;
    b->operation_series.latency[1] = 0.1f; /* NaN in the first */
    end(false, "differ in 2 places (first and second):\n"
               "  operation web lb/read, series of latency: nan and 0.1 in interval 1; 1 of 4 intervals differ\n"
               "  component app#2, series of queue: 3.5 and 0.5 in interval 2; 2 of 4 intervals differ\n");
}

static void series_of_another_shape_differ(void)
{
    begin();
    b->component_series.n_intervals = 3;
    end(false, "differ in 1 place (first and second):\n  series of components, shape: 6 x 4 and 6 x 3\n");
}

static void rows_are_found_by_name_in_any_order(void)
{
    arch_operation_result_t swap;

    begin();
    swap = b->operation[0];
    b->operation[0] = b->operation[1];
    b->operation[1] = swap;
    b->operation_series.n_rows = b->operation_series.n_rows_total = 0;
    a->operation_series.n_rows = a->operation_series.n_rows_total = 0;
    end(true, "equal, digest 8c1f20d61e2f3a4b\n");
}

static void rows_that_only_one_has_are_named(void)
{
    begin();
    b->component[1].name = "app#9";
    b->n_objectives = 3;
    end(false, "differ in 3 places (first and second):\n"
               "  component app#0: only in the first\n"
               "  component app#9: only in the second\n"
               "  objective tail web lb/write p99.9: only in the first\n");
}

static void beyond_twenty_lines_the_rest_is_counted(void)
{
    bool equal = true;
    char *text = NULL;

    a = results_sample_large(5000);
    b = results_sample_large(5000);
    for (int i = 0; i < 5000; i++)
        b->component[i].arrived++;
    CU_ASSERT_EQUAL(arch_results_diff(a, b, &equal, &text), ARCH_OK);
    CU_ASSERT_FALSE(equal);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "differ in 5000 places"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "component service-000019, arrived: 1000 and 1001\n  and 4980 more\n"));
    CU_ASSERT_PTR_NULL(strstr(text, "service-000020"));
    free(text);
    arch_results_destroy(&a);
    arch_results_destroy(&b);
}

int main(void)
{
    unsigned failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("difference of results", NULL, NULL);
    CU_ADD_TEST(suite, equal_results_say_so_with_their_digest);
    CU_ADD_TEST(suite, how_it_was_computed_is_no_difference);
    CU_ADD_TEST(suite, what_was_computed_is);
    CU_ADD_TEST(suite, the_last_bit_of_an_estimate_counts);
    CU_ADD_TEST(suite, a_larger_difference_is_shown_in_round_figures);
    CU_ADD_TEST(suite, figures_that_neither_can_say_are_equal);
    CU_ADD_TEST(suite, a_figure_that_only_one_can_say_differs);
    CU_ADD_TEST(suite, counts_words_and_flags_are_compared);
    CU_ADD_TEST(suite, histograms_are_compared_bucket_by_bucket);
    CU_ADD_TEST(suite, series_are_compared_row_by_row);
    CU_ADD_TEST(suite, series_of_another_shape_differ);
    CU_ADD_TEST(suite, rows_are_found_by_name_in_any_order);
    CU_ADD_TEST(suite, rows_that_only_one_has_are_named);
    CU_ADD_TEST(suite, beyond_twenty_lines_the_rest_is_counted);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
