/* tests/unit/test_compare.c - designs side by side: common random numbers shrink the variance of differences, a design does
 * not differ from itself, and the parts of a request's way add up. */
#include "support/designs.h"
#include "support/share.h"
#include <CUnit/Basic.h>
#include <architech/architech.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static arch_design_t *read_design(const char *path, const char *rate, arch_time_t duration, arch_time_t warmup)
{
    arch_design_t *design = design_of_file(path), *changed = design;

    if (rate != NULL)
        changed = design_with(design, "/workloads/web/rate", rate);
    if (changed != design)
        arch_design_destroy(&design);
    changed->run.duration = duration;
    changed->run.warmup = warmup;
    return changed;
}

static arch_comparison_t *compare(const arch_design_t *a, const arch_design_t *b, arch_compare_options_t options)
{
    const arch_design_t *design[] = {a, b};
    arch_comparison_t *c = NULL;
    arch_lab_t *lab = NULL;

    if (arch_lab_open(NULL, &lab) != ARCH_OK || arch_compare(lab, design, 2, &options, &c) != ARCH_OK) {
        fprintf(stderr, "%s\n", arch_error_text());
        abort();
    }
    arch_lab_close(&lab);
    return c;
}

static const arch_compared_t *metric(const arch_comparison_t *c, const char *name)
{
    for (uint32_t i = 0; i < c->pair[0].n_metrics; i++)
        if (strcmp(c->pair[0].metric[i].name, name) == 0)
            return &c->pair[0].metric[i];
    fprintf(stderr, "no %s\n", name);
    abort();
}

static const char two[] = "examples/stage-2-horizontal.json", three[] = "examples/stage-3-read-replicas.json";

/* Stages 2 and 3 under the same load: writes go the same way in both. With seeds of their own the factor is 1. Measured are
 * 15 to 20 for the mean and 10 for p95; docs/experiments.md has the table, and why reads gain little. */
static void common_random_numbers_take_most_of_the_variance(void)
{
    static const char *const name[] = {"web lb/write mean", "web lb/write p95", "web throughput"};
    const uint32_t n = test_is_long() ? 60 : 6;
    arch_time_t warmup = 2 * ARCH_SECOND;
    arch_design_t *a = read_design(two, "\"800/s\"", 10 * ARCH_SECOND, warmup);
    arch_design_t *b = read_design(three, "\"800/s\"", 10 * ARCH_SECOND, warmup);
    arch_comparison_t *common = compare(a, b, (arch_compare_options_t){.replications = n});
    arch_comparison_t *apart = compare(a, b, (arch_compare_options_t){.replications = n, .independent = 1});

    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        double gain =
            metric(apart, name[i])->of.difference.half_width / metric(common, name[i])->of.difference.half_width;
        printf("%s: variance of the difference %.1f times smaller\n", name[i], gain * gain);
        CU_ASSERT(!test_is_long() || gain * gain > 5);
    }
    CU_ASSERT(metric(common, "web lb/write mean")->of.correlation > 0.8);
    CU_ASSERT(!test_is_long() || fabs(metric(apart, "web lb/write mean")->of.correlation) < 0.5);
    arch_comparison_destroy(&common);
    arch_comparison_destroy(&apart);
    arch_design_destroy(&a);
    arch_design_destroy(&b);
}

/* Where the warm-up is to be found, one is found for all: each replication's own would pair different requests. */
static void one_warmup_is_found_for_all(void)
{
    arch_design_t *a = read_design(two, "\"800/s\"", 10 * ARCH_SECOND, ARCH_AUTO);
    arch_design_t *b = read_design(three, "\"800/s\"", 10 * ARCH_SECOND, ARCH_AUTO);
    arch_comparison_t *c = compare(a, b, (arch_compare_options_t){.replications = 20});

    CU_ASSERT(c->warmup_found == 1 && c->warmup > 0 && c->warmup <= 5 * ARCH_SECOND);
    CU_ASSERT(metric(c, "web throughput")->of.correlation > 0.99);
    CU_ASSERT(metric(c, "web lb/write mean")->of.correlation > 0.8);
    arch_comparison_destroy(&c);
    arch_design_destroy(&a);
    arch_design_destroy(&b);
}

static void a_design_does_not_differ_from_itself(void)
{
    arch_design_t *a = read_design(two, NULL, 2 * ARCH_SECOND, ARCH_SECOND);
    arch_comparison_t *c = compare(a, a, (arch_compare_options_t){.replications = 3});

    CU_ASSERT(c->pair[0].n_metrics > 20 && c->pair[0].n_only_base == 0 && c->pair[0].n_only_other == 0);
    CU_ASSERT_EQUAL(c->digest[0], c->digest[1]);
    for (uint32_t i = 0; i < c->pair[0].n_metrics; i++) {
        const arch_compared_t *m = &c->pair[0].metric[i];
        CU_ASSERT(m->effect == ARCH_EFFECT_SAME || m->effect == ARCH_EFFECT_UNKNOWN);
    }
    CU_ASSERT_EQUAL(metric(c, "web lb/read mean")->effect, ARCH_EFFECT_SAME);
    arch_comparison_destroy(&c);
    arch_design_destroy(&a);
}

/* The parts are a tenth of a per cent from what is measured, of operations that wait as any other does. */
static void parts_add_up_to_what_is_measured(void)
{
    arch_design_t *a = read_design(two, "\"800/s\"", 20 * ARCH_SECOND, 5 * ARCH_SECOND);
    arch_design_t *b = read_design(three, "\"800/s\"", 20 * ARCH_SECOND, 5 * ARCH_SECOND);
    arch_comparison_t *c = compare(a, b, (arch_compare_options_t){.replications = 10});

    CU_ASSERT_EQUAL(c->pair[0].n_paths, 3);
    for (uint32_t i = 0; i < c->pair[0].n_paths; i++) {
        const arch_path_t *p = &c->pair[0].path[i];
        const arch_path_part_t *rest = &p->part[p->n_parts - 1];
        double base = 0, other = 0;
        for (uint32_t k = 0; k < p->n_parts; k++) {
            base += p->part[k].base;
            other += p->part[k].other;
            CU_ASSERT(k + 2 >= p->n_parts || fabs(p->part[k].change) >= fabs(p->part[k + 1].change));
        }
        CU_ASSERT_DOUBLE_EQUAL(base, p->base, 1e-6 * p->base);
        CU_ASSERT_DOUBLE_EQUAL(other, p->other, 1e-6 * p->other);
        CU_ASSERT_STRING_EQUAL(rest->component, "");
        if (strcmp(p->operation, "lb/health") != 0) /* waits once where others wait two or three times */
            CU_ASSERT(fabs(rest->base) < 0.01 * p->base && fabs(rest->other) < 0.01 * p->other);
    }
    CU_ASSERT_STRING_EQUAL(c->pair[0].path[0].part[0].component, "db");
    CU_ASSERT_EQUAL(c->pair[0].n_only_other, 1);
    CU_ASSERT_STRING_EQUAL(c->pair[0].only_other[0], "redis");
    arch_comparison_destroy(&c);
    arch_design_destroy(&a);
    arch_design_destroy(&b);
}

static void replications_are_added_for_precision(void)
{
    arch_design_t *a = read_design(two, "\"800/s\"", 2 * ARCH_SECOND, ARCH_SECOND / 2);
    arch_design_t *b = read_design(two, "\"808/s\"", 2 * ARCH_SECOND, ARCH_SECOND / 2);
    arch_comparison_t *rough = compare(a, b, (arch_compare_options_t){.replications = 4});
    arch_comparison_t *fine = compare(a, b, (arch_compare_options_t){.replications = 4, .precision = 0.15});
    arch_comparison_t *short_of =
        compare(a, b, (arch_compare_options_t){.replications = 4, .precision = 0.0001, .most_replications = 6});

    CU_ASSERT(rough->replications == 4 && rough->precise);
    CU_ASSERT(fine->replications > 4 && fine->precise);
    for (uint32_t i = 0; i < fine->pair[0].n_metrics; i++) {
        const arch_compared_t *m = &fine->pair[0].metric[i];
        CU_ASSERT(!m->headline || m->joint_half_width <= 0.15 * fabs(m->of.a.value));
    }
    CU_ASSERT(short_of->replications == 6 && !short_of->precise);
    CU_ASSERT(fine->joint_confidence > fine->confidence);
    arch_comparison_destroy(&rough);
    arch_comparison_destroy(&fine);
    arch_comparison_destroy(&short_of);
    arch_design_destroy(&a);
    arch_design_destroy(&b);
}

static void refuses_what_cannot_be_compared(void)
{
    arch_design_t *a = read_design(two, NULL, ARCH_SECOND, ARCH_SECOND / 2);
    const arch_design_t *design[] = {a, a};
    arch_compare_options_t one = {.replications = 1}, sure = {.confidence = 1}, vague = {.precision = NAN};
    arch_comparison_t *c = NULL;
    arch_lab_t *lab = NULL;

    CU_ASSERT_EQUAL_FATAL(arch_lab_open(NULL, &lab), ARCH_OK);
    CU_ASSERT_EQUAL(arch_compare(lab, design, 1, NULL, &c), ARCH_E_ARG);
    CU_ASSERT_EQUAL(arch_compare(lab, design, 2, &one, &c), ARCH_E_ARG);
    CU_ASSERT_EQUAL(arch_compare(lab, design, 2, &sure, &c), ARCH_E_ARG);
    CU_ASSERT_EQUAL(arch_compare(lab, design, 2, &vague, &c), ARCH_E_ARG);
    CU_ASSERT_PTR_NULL(c);
    arch_lab_close(&lab);
    arch_design_destroy(&a);
}

int main(void)
{
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("compare", NULL, NULL);
    CU_ADD_TEST(suite, common_random_numbers_take_most_of_the_variance);
    CU_ADD_TEST(suite, one_warmup_is_found_for_all);
    CU_ADD_TEST(suite, a_design_does_not_differ_from_itself);
    CU_ADD_TEST(suite, parts_add_up_to_what_is_measured);
    CU_ADD_TEST(suite, replications_are_added_for_precision);
    CU_ADD_TEST(suite, refuses_what_cannot_be_compared);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
