/* tests/unit/test_warmup.c - what starting from an empty system does to means, and what is left of it when the warm-up is
 * found (MSER-5): against systems whose steady state is known exactly. */
#include <CUnit/Basic.h>
#include <architech/run.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPLICATIONS = 40, USERS = 400 };

static arch_results_t *run(const char *text, arch_time_t warmup)
{
    arch_run_options_t options = {0};
    arch_problems_t problems = {0, NULL};
    arch_design_t *design = NULL;
    arch_results_t *results = NULL;

    if (arch_design_parse("test", ".", text, strlen(text), &design, &problems) != ARCH_OK)
        abort();
    design->run.replications = REPLICATIONS;
    design->run.warmup = warmup;
    if (arch_run(design, &options, &results) != ARCH_OK)
        abort();
    arch_design_destroy(&design);
    return results;
}

/* How far the mean lies from the truth, in its standard errors: a half width is 2.02 of them with 39 degrees of freedom. */
static double off(const arch_results_t *r, double truth)
{
    double errors = (r->operation[0].mean.value - truth) / (r->operation[0].mean.half_width / 2.0227);

    printf("\n    mean %.5g ms, truth %.5g ms, %+.1f standard errors, warm-up up to %.3g s\n",
           1e-6 * r->operation[0].mean.value, 1e-6 * truth, errors, 1e-9 * (double)r->provenance.warmup);
    return errors;
}

/* ---- a system that starts empty ---------------------------------------------------------------------------------- */

/* 400 users who think for 1 s and one server with 10 ms: most of them wait there in the end, none at the start. */
static const char repairman[] =
    "{\"architech\":1,\"run\":{\"duration\":\"60s\",\"seed\":\"5\"},\"services\":{\"s\":{\"endpoints\":{\"e\":[{"
    "\"cpu\":{\"exponential\":{\"mean\":\"10ms\"}}}]}}},\"workloads\":{\"w\":{\"users\":400,\"think\":{"
    "\"exponential\":{\"mean\":\"1s\"}},\"mix\":{\"s/e\":1}}}}";

/* Machine repair, M/M/1//N: p_k ~ N! / (N - k)! (S / Z)^k, throughput X = (1 - p_0) / S, response N / X - Z. */
static double response_of_repairman(void)
{
    double term = 1, sum = 1; /* from the most crowded state down: p_(k-1) / p_k = Z / S / (N - k + 1) */

    for (int k = USERS; k > 0; k--) {
        term *= 100.0 / (USERS - k + 1);
        sum += term;
    }
    return 1e9 * (USERS * 0.01 / (1 - term / sum) - 1);
}

static void a_start_from_empty_is_left_out(void)
{
    double truth = response_of_repairman();
    arch_results_t *kept = run(repairman, 0), *cut = run(repairman, ARCH_AUTO);

    CU_ASSERT(off(kept, truth) < -10);
    CU_ASSERT(fabs(off(cut, truth)) < 3);
    CU_ASSERT_TRUE(cut->provenance.stationary);
    CU_ASSERT(cut->operation[0].completed > cut->operation[0].run_completed * 85 / 100);
    arch_results_destroy(&kept);
    arch_results_destroy(&cut);
}

/* ---- a system that is steady from the start ---------------------------------------------------------------------- */

/* M/M/1 at half its load forgets in 12 ms that it was empty. */
static const char steady[] =
    "{\"architech\":1,\"run\":{\"duration\":\"10s\",\"seed\":\"5\"},\"services\":{\"s\":{\"endpoints\":{\"e\":[{\"cpu\":"
    "{\"exponential\":{\"mean\":\"1ms\"}}}]}}},\"workloads\":{\"w\":{\"rate\":\"500/s\",\"mix\":{\"s/e\":1}}}}";

static void a_steady_system_loses_little_and_nothing_true(void)
{
    arch_results_t *kept = run(steady, 0), *cut = run(steady, ARCH_AUTO);

    CU_ASSERT(fabs(off(kept, 2e6)) < 3);
    CU_ASSERT(fabs(off(cut, 2e6)) < 3);
    CU_ASSERT_TRUE(cut->provenance.stationary);
    CU_ASSERT(cut->operation[0].completed > cut->operation[0].run_completed * 95 / 100);
    arch_results_destroy(&kept);
    arch_results_destroy(&cut);
}

int main(void)
{
    CU_pSuite s;
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    s = CU_add_suite("warm-up", NULL, NULL);
    CU_ADD_TEST(s, a_start_from_empty_is_left_out);
    CU_ADD_TEST(s, a_steady_system_loses_little_and_nothing_true);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0 ? 1 : 0;
}
