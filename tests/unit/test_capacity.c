/* tests/unit/test_capacity.c - capacities and sensitivities that theory knows: M/M/1 has a load at which it is 70 % busy,
 * one at which its p95 passes 10 ms, a backlog that drains in a time, and elasticities. */
#include "support/designs.h"
#include "support/share.h"
#include <CUnit/Basic.h>
#include <architech/architech.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One server of 1 ms, so 1,000/s at most; steps before it, `rate`, then run settings and objectives. */
static arch_design_t *station(const char *lead, const char *rate, const char *run, const char *objectives)
{
    char text[1024];

    snprintf(text, sizeof text,
             "{\"architech\": 1, \"name\": \"mm1\", \"services\": {\"app\": {\"endpoints\": {\"serve\": [%s{\"cpu\": "
             "{\"exponential\": {\"mean\": \"1ms\"}}}]}}}, \"workloads\": {\"web\": {\"rate\": \"%s\", \"mix\": "
             "{\"app/serve\": 1}}}, \"run\": {%s}, \"objectives\": {%s}}",
             lead, rate, run, objectives);
    return design_of_text(".", text);
}

static arch_design_t *mm1(const char *rate, const char *run, const char *objectives)
{
    return station("", rate, run, objectives);
}

static const char busy[] = "\"room\": {\"element\": \"app\", \"utilisation\": {\"below\": 0.7}}";
static const char quick[] = "\"quick\": {\"workload\": \"web\", \"p95\": {\"below\": \"10ms\"}}";

static arch_capacity_t *look(const arch_design_t *design, arch_capacity_options_t options, uint32_t threads)
{
    arch_lab_options_t o = {.threads = threads, .memory_limit = 2 << 20}; /* ends what piles up unseen */
    arch_lab_t *lab = NULL;
    arch_capacity_t *c = NULL;

    CU_ASSERT_EQUAL_FATAL(arch_lab_open(&o, &lab), ARCH_OK);
    if (arch_capacity(lab, design, &options, &c) != ARCH_OK) {
        fprintf(stderr, "%s\n", arch_error_text());
        abort();
    }
    arch_lab_close(&lab);
    return c;
}

/* What the figures of long runs must be. */
#define ASSERT_LONG(what) CU_ASSERT(!test_is_long() || (what))
static const char *seconds(const char *duration) { return test_is_long() ? duration : "\"duration\": \"3s\""; }

/* The bracket holds the truth, give or take what 95 % of each judgement let through, and is as tight as asked. */
static void holds(const arch_capacity_t *c, double truth)
{
    ASSERT_LONG(c->capacity.carried_load < truth * 1.01);
    ASSERT_LONG(c->capacity.too_much_load > truth * 0.99);
    ASSERT_LONG((c->capacity.too_much_load - c->capacity.carried_load) / truth < 0.08);
}

static void is_what_theory_says(void)
{
    arch_design_t *design = mm1("100/s", seconds("\"duration\": \"40s\""), busy);
    arch_capacity_t *c = look(design, (arch_capacity_options_t){.no_recovery = 1, .tolerance = 0.04}, 2);

    holds(c, 700);
    CU_ASSERT_DOUBLE_EQUAL(c->saturation, 10, 1e-6);
    CU_ASSERT_STRING_EQUAL(c->saturates, "app");
    CU_ASSERT_PTR_NOT_NULL(strstr(c->point[c->capacity.at].why, "app utilisation"));
    CU_ASSERT_EQUAL(c->verdict, ARCH_RECOVERY_UNKNOWN);
    ASSERT_LONG(c->knee_load > 350 && c->knee_load < 650); /* most of lambda (mu - lambda): at 500 */
    arch_capacity_destroy(&c);
    arch_design_destroy(&design);
    design = mm1("3000/s", seconds("\"duration\": \"40s\""), quick); /* from above as well */
    c = look(design, (arch_capacity_options_t){.no_recovery = 1, .tolerance = 0.04}, 2);
    holds(c, 1000 - log(20) / 0.010);
    arch_capacity_destroy(&c);
    arch_design_destroy(&design);
}

static void without_objectives_is_where_requests_pile_up(void)
{
    arch_design_t *design = mm1("100/s", seconds("\"duration\": \"40s\""), "");
    arch_capacity_t *c = look(design, (arch_capacity_options_t){.no_recovery = 1, .tolerance = 0.02}, 2);

    ASSERT_LONG(c->capacity.carried_load > 950 && c->capacity.carried_load < 1020);
    ASSERT_LONG(c->capacity.too_much_load > 990 && c->capacity.too_much_load < 1060);
    CU_ASSERT_PTR_NOT_NULL(strstr(c->point[c->capacity.at].why, "pile up"));
    arch_capacity_destroy(&c);
    arch_design_destroy(&design);
}

/* 1.5 times 714/s for 30 s leave about 2,100 requests, which 1,000 - 700 a second work off in 7 s. */
static void a_backlog_drains_in_its_time(void)
{
    arch_design_t *design = mm1("100/s", "\"duration\": \"20s\"", quick);
    arch_capacity_options_t o = {.tolerance = 0.04, .overload_time = 30 * ARCH_SECOND, .recovery_time = 30 * ARCH_SECOND};
    arch_capacity_t *c = look(design, o, 2);

    CU_ASSERT_EQUAL(c->verdict, ARCH_RECOVERS);
    CU_ASSERT_DOUBLE_EQUAL(c->overload, 1.5 * c->capacity.too_much, 1e-12);
    arch_capacity_destroy(&c);
    o.recovery_time = 2500 * ARCH_MILLISECOND;
    c = look(design, o, 2);
    CU_ASSERT_EQUAL(c->verdict, ARCH_RECOVERS_SLOWLY);
    CU_ASSERT(c->recovery.too_much < c->capacity.carried + 1e-9);
    arch_capacity_destroy(&c);
    arch_design_destroy(&design);
}

static void is_the_same_wherever_it_is_simulated(void)
{
    arch_design_t *design = mm1("100/s", "\"duration\": \"5s\"", busy);
    char *text[2] = {NULL, NULL};

    for (int i = 0; i < 2; i++) {
        arch_capacity_t *c = look(design, (arch_capacity_options_t){.tolerance = 0.1}, i == 0 ? 1 : 3);
        CU_ASSERT_EQUAL(arch_capacity_json(c, &text[i]), ARCH_OK);
        arch_capacity_destroy(&c);
    }
    CU_ASSERT_STRING_EQUAL(text[0], text[1]);
    free(text[0]);
    free(text[1]);
    arch_design_destroy(&design);
}

static void refuses_what_cannot_be_asked(void)
{
    arch_design_t *design = mm1("100/s", "\"duration\": \"1s\"", busy);
    const arch_capacity_options_t wrong[] = {{.confidence = 1}, {.tolerance = 0.9}, {.overload = 0.5},
                                             {.replications = 5, .most_replications = 4}, {.recovery_time = -1}};
    arch_lab_t *lab = NULL;
    arch_capacity_t *c = NULL;

    CU_ASSERT_EQUAL_FATAL(arch_lab_open(NULL, &lab), ARCH_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CU_ASSERT_EQUAL(arch_capacity(lab, design, &wrong[i], &c), ARCH_E_ARG);
        CU_ASSERT_PTR_NULL(c);
    }
    arch_lab_close(&lab);
    arch_design_destroy(&design);
}

/* ---- sensitivity ------------------------------------------------------------------------------------------------ */

static arch_sensitivity_t *study(const arch_design_t *design, arch_sensitivity_options_t options, arch_status_t expected)
{
    arch_lab_t *lab = NULL;
    arch_sensitivity_t *s = NULL;

    CU_ASSERT_EQUAL_FATAL(arch_lab_open(NULL, &lab), ARCH_OK);
    CU_ASSERT_EQUAL(arch_sensitivity(lab, design, &options, &s), expected);
    arch_lab_close(&lab);
    return s;
}

/* T = s / (1 - rate s): at half load a percent of s is 2 % of T, one of the rate 1 %; so about four fifths of the variance
 * are the service time's. A delay of 10 us before it is as long as it is, whatever the rest does. */
static void finds_the_elasticities_of_a_queue(void)
{
    arch_design_t *design = station("{\"delay\": \"10us\"}, ", "500/s", seconds("\"duration\": \"50s\""), "");
    const arch_sensitivity_options_t o = {.range = 0.1, .trajectories = 16, .base = 32};
    arch_sensitivity_t *s = study(design, o, ARCH_OK);
    const arch_parameter_t *p = s->parameter;

    CU_ASSERT_EQUAL_FATAL(s->n_parameters, 3);
    CU_ASSERT_STRING_EQUAL(s->metric, "web app/serve mean");
    CU_ASSERT_STRING_EQUAL(p[0].name, "/services/app/endpoints/serve/1/cpu");
    CU_ASSERT_STRING_EQUAL(p[0].value, "1 ms");
    CU_ASSERT_STRING_EQUAL(p[1].name, "/workloads/web/rate");
    CU_ASSERT(p[0].effect > 0 && p[1].effect > 0);
    if (!(fabs(p[0].effect / p[1].effect - 2) < 0.35))
        fprintf(stderr, "effects %g and %g\n", p[0].effect, p[1].effect);
    ASSERT_LONG(fabs(p[0].effect / p[1].effect - 2) < 0.35);
    ASSERT_LONG(fabs(p[0].effect - (2 * 2e6 * 2 * log(1.1))) < 0.2e6); /* over the whole range */
    CU_ASSERT_DOUBLE_EQUAL(p[2].strength.value, 10e3 * 2 * log(1.1), 0.02 * 10e3);
    CU_ASSERT(p[2].spread < 0.1 * p[2].strength.value); /* depends on no other, and the exponential is nearly a line */
    ASSERT_LONG(fabs(p[0].total.value - 0.8) < 0.12);
    ASSERT_LONG(fabs(p[0].first.value - 0.8) < 0.15);
    CU_ASSERT_DOUBLE_EQUAL(p[2].total.value, 0, 0.001);
    ASSERT_LONG(fabs(p[0].first.value + p[1].first.value - 1) < 0.15);
    CU_ASSERT_EQUAL(s->n_failed, 0);
    arch_sensitivity_destroy(&s);
    arch_design_destroy(&design);
}

static void varies_only_what_it_is_told_to(void)
{
    static const char *const only[] = {"/workloads"}, *const none[] = {"/caches"};
    arch_design_t *design = mm1("500/s", "\"duration\": \"2s\"", quick);
    const arch_sensitivity_options_t o = {.only = only, .n_only = 1, .trajectories = 2, .base = 4};
    arch_sensitivity_t *s = study(design, o, ARCH_OK);

    CU_ASSERT_EQUAL(s->n_parameters, 1);
    CU_ASSERT_STRING_EQUAL(s->metric, "web app/serve p95");
    arch_sensitivity_destroy(&s);
    CU_ASSERT_PTR_NULL(study(design, (arch_sensitivity_options_t){.only = none, .n_only = 1}, ARCH_E_ARG));
    CU_ASSERT_PTR_NULL(study(design, (arch_sensitivity_options_t){.metric = "web nothing"}, ARCH_E_NOTFOUND));
    CU_ASSERT_PTR_NULL(study(design, (arch_sensitivity_options_t){.base = 30}, ARCH_E_ARG));
    arch_design_destroy(&design);
}

int main(void)
{
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("capacity", NULL, NULL);
    CU_ADD_TEST(suite, is_what_theory_says);
    CU_ADD_TEST(suite, without_objectives_is_where_requests_pile_up);
    CU_ADD_TEST(suite, a_backlog_drains_in_its_time);
    CU_ADD_TEST(suite, is_the_same_wherever_it_is_simulated);
    CU_ADD_TEST(suite, refuses_what_cannot_be_asked);
    CU_ADD_TEST(suite, finds_the_elasticities_of_a_queue);
    CU_ADD_TEST(suite, varies_only_what_it_is_told_to);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
