/* tests/unit/test_samples.c - replications kept apart: they add up to what a run says, in any pieces, over any way to run,
 * survive being bytes, and a pair of designs is told apart by less noise than each has. */
#include <CUnit/Basic.h>
#include "io/checkpoint_sum.h"
#include "support/designs.h"
#include <architech/architech.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static arch_design_t *read_design(const char *path, arch_time_t duration)
{
    arch_design_t *design = design_of_file(path);

    design->run.duration = duration;
    design->run.warmup = ARCH_AUTO;
    return design;
}

static arch_samples_t *sample(const arch_design_t *design, uint32_t threads, uint32_t first, uint32_t n)
{
    arch_run_options_t options = {0};
    arch_samples_t *s = NULL;

    options.threads = threads;
    options.group = threads > 1 && n == 1 ? threads : 0;
    if (arch_run_samples(design, &options, first, n, &s) != ARCH_OK) {
        fprintf(stderr, "%s\n", arch_error_text());
        abort();
    }
    return s;
}

static bool same_bytes(const arch_samples_t *a, const arch_samples_t *b)
{
    void *x = NULL, *y = NULL;
    size_t n = 0, m = 0;
    bool same = arch_samples_pack(a, &x, &n) == ARCH_OK && arch_samples_pack(b, &y, &m) == ARCH_OK && n == m &&
                memcmp(x, y, n) == 0;

    free(x);
    free(y);
    return same;
}

static bool same_number(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

/* Sums are taken in another order where a group is told as a whole. */
static bool close_to(double a, double b) { return same_number(a, b) || fabs(a - b) <= 1e-12 * fabs(a); }

static void same_estimate(const arch_samples_t *s, const char *name, arch_estimate_t expected)
{
    arch_metric_at_t at;
    arch_estimate_t e;
    char back[256];

    CU_ASSERT_EQUAL_FATAL(arch_samples_find(s, name, &at), ARCH_OK);
    arch_samples_name(s, at, back, sizeof back);
    CU_ASSERT_STRING_EQUAL(back, name);
    CU_ASSERT_EQUAL_FATAL(arch_samples_estimate(s, at, 0.95, &e), ARCH_OK);
    if (!close_to(e.value, expected.value) || !close_to(e.half_width, expected.half_width) ||
        e.supported != expected.supported) {
        fprintf(stderr, "%s: %.17g +- %.17g, the run says %.17g +- %.17g\n", name, e.value, e.half_width, expected.value,
                expected.half_width);
        CU_FAIL("a figure differs from the run's");
    }
}

static void same_operation(const arch_samples_t *s, const arch_operation_result_t *o)
{
    char name[256];
    const struct {
        const char *what;
        arch_estimate_t e;
    } figure[] = {{"mean", o->mean}, {"p50", o->p50},     {"p95", o->p95},
                  {"p99", o->p99},   {"p99.9", o->p999}, {"errors", o->errors}, {"throughput", o->throughput}};

    for (size_t i = 0; i < sizeof figure / sizeof *figure; i++) {
        snprintf(name, sizeof name, "%s %s %s", o->workload, o->name, figure[i].what);
        same_estimate(s, name, figure[i].e);
    }
}

static void same_component(const arch_samples_t *s, const arch_component_result_t *c)
{
    char name[256];
    const struct {
        const char *what;
        arch_estimate_t e;
    } figure[] = {{"utilisation", c->utilisation}, {"queue", c->queue},   {"wait", c->wait},
                  {"sojourn", c->sojourn},         {"visits", c->throughput}};

    for (size_t i = 0; i < sizeof figure / sizeof *figure; i++) {
        snprintf(name, sizeof name, "%s %s", c->name, figure[i].what);
        same_estimate(s, name, figure[i].e);
    }
}

static void say_what_a_run_says(void)
{
    static const char *const path[] = {"examples/stage-2-horizontal.json", "examples/stage-3-read-replicas.json",
                                       "examples/testapp-before.json"};

    for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
        arch_design_t *design = read_design(path[i], 12 * ARCH_SECOND);
        arch_results_t *results = NULL;
        arch_samples_t *s = sample(design, 2, 0, design->run.replications);

        CU_ASSERT_EQUAL_FATAL(arch_run(design, NULL, &results), ARCH_OK);
        CU_ASSERT_EQUAL(s->digest, results->digest);
        CU_ASSERT_EQUAL(s->events, results->provenance.events);
        for (uint32_t k = 0; k < results->n_operations; k++)
            same_operation(s, &results->operation[k]);
        for (uint32_t k = 0; k < results->n_components; k++)
            same_component(s, &results->component[k]);
        for (uint32_t k = 0; k < results->n_objectives; k++) {
            arch_metric_at_t at;
            arch_estimate_t e;
            CU_ASSERT_EQUAL_FATAL(arch_samples_objective(s, design, k, &at), ARCH_OK);
            CU_ASSERT_EQUAL_FATAL(arch_samples_estimate(s, at, 0.95, &e), ARCH_OK);
            CU_ASSERT(close_to(e.value, results->objective[k].measured.value));
            CU_ASSERT(close_to(e.half_width, results->objective[k].measured.half_width));
        }
        arch_results_destroy(&results);
        arch_samples_destroy(&s);
        arch_design_destroy(&design);
    }
}

static void are_the_same_in_any_pieces(void)
{
    arch_design_t *design = read_design("examples/stage-3-read-replicas.json", 4 * ARCH_SECOND);
    arch_samples_t *whole = sample(design, 2, 0, 7), *a = sample(design, 1, 0, 3), *b = sample(design, 2, 3, 1),
                   *c = sample(design, 2, 4, 3), *d;

    CU_ASSERT_EQUAL(arch_samples_append(a, &c), ARCH_E_ARG); /* 3 is missing */
    CU_ASSERT_PTR_NOT_NULL(c);
    CU_ASSERT_EQUAL(arch_samples_append(a, &b), ARCH_OK);
    CU_ASSERT_PTR_NULL(b);
    CU_ASSERT_EQUAL(arch_samples_append(a, &c), ARCH_OK);
    CU_ASSERT(same_bytes(whole, a));
    arch_design_destroy(&design);
    design = read_design("examples/stage-2-horizontal.json", 4 * ARCH_SECOND);
    d = sample(design, 1, 7, 1);
    CU_ASSERT_EQUAL(arch_samples_append(a, &d), ARCH_E_ARG);
    arch_samples_destroy(&d);
    arch_samples_destroy(&a);
    arch_samples_destroy(&whole);
    arch_design_destroy(&design);
}

static void come_back_from_bytes(void)
{
    arch_design_t *design = read_design("examples/stage-3-read-replicas.json", 2 * ARCH_SECOND);
    arch_samples_t *s = sample(design, 1, 5, 2), *back = NULL;
    unsigned char *bytes = NULL;
    size_t n = 0;

    CU_ASSERT_EQUAL_FATAL(arch_samples_pack(s, (void **)&bytes, &n), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_samples_unpack(bytes, n, &back), ARCH_OK);
    CU_ASSERT(same_bytes(s, back));
    CU_ASSERT_EQUAL(back->first, 5);
    CU_ASSERT_STRING_EQUAL(back->component[0].name, s->component[0].name);
    arch_samples_destroy(&back);
    free(bytes);
    arch_samples_destroy(&s);
    arch_design_destroy(&design);
}

/* A forger's sum fits, so that what is behind it is looked at. */
static void set_sum(unsigned char *bytes, size_t n)
{
    uint64_t sum = archi_sum_of(bytes, n - 8);

    for (int i = 0; i < 8; i++)
        bytes[n - 8 + i] = (unsigned char)(sum >> (8 * i));
}

static void refuse_damaged_bytes(void)
{
    arch_design_t *design = read_design("examples/mm1.json", 500 * ARCH_SECOND);
    arch_samples_t *s = sample(design, 1, 0, 1), *back = NULL;
    unsigned char *bytes = NULL, *copy;
    size_t n = 0;
    uint64_t x = 1;
    uint32_t refused = 0;

    CU_ASSERT_EQUAL_FATAL(arch_samples_pack(s, (void **)&bytes, &n), ARCH_OK);
    copy = malloc(n + 8);
    for (size_t cut = 0; cut < n; cut++) {
        memcpy(copy, bytes, cut);
        CU_ASSERT_EQUAL(arch_samples_unpack(copy, cut, &back), ARCH_E_FORMAT);
        if (cut < 16)
            continue;
        set_sum(copy, cut);
        CU_ASSERT_EQUAL(arch_samples_unpack(copy, cut, &back), ARCH_E_FORMAT);
    }
    for (uint32_t i = 0; i < 20000; i++) {
        memcpy(copy, bytes, n);
        x = x * 6364136223846793005u + 1442695040888963407u;
        copy[(x >> 33) % (n - 8)] ^= (unsigned char)(1u << (x >> 29 & 7));
        if (i % 2 == 0)
            CU_ASSERT_EQUAL(arch_samples_unpack(copy, n, &back), ARCH_E_FORMAT);
        set_sum(copy, n);
        refused += arch_samples_unpack(copy, n, &back) != ARCH_OK;
        arch_samples_destroy(&back);
    }
    CU_ASSERT(refused > 1000); /* the others are sound, with another sum or name */
    free(copy);
    free(bytes);
    arch_samples_destroy(&s);
    arch_design_destroy(&design);
}

static void refuse_what_is_not_there(void)
{
    static const char *const name[] = {"", "web", "web lb/read", "web lb/read p42", "web lb/none p95", "app p95", "db none",
                                       "a b c d", "web lb/read utilisation"};
    arch_design_t *design = read_design("examples/stage-2-horizontal.json", ARCH_SECOND);
    arch_samples_t *s = sample(design, 1, 0, 1), *none = NULL;
    arch_run_options_t options = {0};
    arch_metric_at_t at;

    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        CU_ASSERT_EQUAL(arch_samples_find(s, name[i], &at), ARCH_E_NOTFOUND);
        CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "web lb/read mean"));
    }
    CU_ASSERT_EQUAL(arch_run_samples(design, NULL, 0, 0, &none), ARCH_E_ARG);
    CU_ASSERT_EQUAL(arch_run_samples(design, NULL, UINT32_MAX, 1, &none), ARCH_E_ARG);
    options.resume = "auto";
    CU_ASSERT_EQUAL(arch_run_samples(design, &options, 0, 1, &none), ARCH_E_ARG);
    CU_ASSERT_PTR_NULL(none);
    arch_samples_destroy(&s);
    arch_design_destroy(&design);
}

/* Half widths of the difference of two designs that draw alike, and of the same that do not. */
static void tell_pairs_apart_with_less_noise(void)
{
    arch_design_t *two = read_design("examples/stage-2-horizontal.json", 6 * ARCH_SECOND);
    arch_samples_t *a = sample(two, 2, 0, 10), *b, *c;
    arch_metric_at_t at;
    arch_difference_t paired, apart, other;

    two->database[0].query[0].cpu.p[0] *= 1.1;
    b = sample(two, 2, 0, 10);
    c = sample(two, 2, 10, 10);
    CU_ASSERT_EQUAL_FATAL(arch_samples_find(a, "web lb/read mean", &at), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_samples_compare(a, at, b, at, 0.95, &paired), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_samples_compare(a, at, c, at, 0.95, &apart), ARCH_OK);
    CU_ASSERT_TRUE(paired.paired);
    CU_ASSERT_FALSE(apart.paired);
    CU_ASSERT(paired.correlation > 0.8);
    CU_ASSERT(paired.clear && paired.difference.value > 0);
    CU_ASSERT(paired.difference.half_width < 0.6 * apart.difference.half_width);
    CU_ASSERT_DOUBLE_EQUAL(paired.difference.value, paired.b.value - paired.a.value, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(paired.ratio.value, paired.b.value / paired.a.value, 1e-12);
    CU_ASSERT_EQUAL_FATAL(arch_samples_compare(a, at, a, at, 0.95, &other), ARCH_OK); /* with itself: nothing, exactly */
    CU_ASSERT_EQUAL(other.difference.value, 0);
    CU_ASSERT_EQUAL(other.difference.half_width, 0);
    CU_ASSERT_FALSE(other.clear);
    arch_samples_destroy(&a);
    arch_samples_destroy(&b);
    arch_samples_destroy(&c);
    arch_design_destroy(&two);
}

/* Values, a mean and its interval go together: mean(x) = estimate, t * sd(x) / sqrt(n) = half width. */
static void values_carry_the_estimate(void)
{
    arch_design_t *design = read_design("examples/stage-2-horizontal.json", 6 * ARCH_SECOND);
    arch_samples_t *s = sample(design, 2, 0, 6);
    arch_metric_at_t at;
    arch_estimate_t e;
    double x[6], mean = 0, squares = 0;

    CU_ASSERT_EQUAL_FATAL(arch_samples_find(s, "web lb/write mean", &at), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_samples_values(s, at, x), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_samples_estimate(s, at, 0.95, &e), ARCH_OK);
    for (int i = 0; i < 6; i++)
        mean += x[i] / 6;
    for (int i = 0; i < 6; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    CU_ASSERT_DOUBLE_EQUAL(mean, e.value, 1e-9 * e.value);
    CU_ASSERT_DOUBLE_EQUAL(2.570581835636314 * sqrt(squares / 5 / 6), e.half_width, 1e-6 * e.half_width);
    arch_samples_destroy(&s);
    arch_design_destroy(&design);
}

int main(void)
{
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("samples", NULL, NULL);
    CU_ADD_TEST(suite, say_what_a_run_says);
    CU_ADD_TEST(suite, are_the_same_in_any_pieces);
    CU_ADD_TEST(suite, come_back_from_bytes);
    CU_ADD_TEST(suite, refuse_damaged_bytes);
    CU_ADD_TEST(suite, refuse_what_is_not_there);
    CU_ADD_TEST(suite, tell_pairs_apart_with_less_noise);
    CU_ADD_TEST(suite, values_carry_the_estimate);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
