/* tests/unit/test_precision.c - replications until figures are precise: the run is that of the number it ended with, it
 * stops when it may and not before, and it says what it could not reach. */
#include "support/designs.h"
#include <CUnit/Basic.h>
#include <architech/run.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two operations, an element that is busy, and errors of which there are none. */
static const char text[] =
    "{\"architech\": 1, \"run\": {\"duration\": \"1s\", \"warmup\": \"100ms\", \"seed\": \"11\"%s},"
    " \"services\": {\"app\": {\"replicas\": 2, \"endpoints\": {"
    "   \"read\": [{\"cpu\": {\"exponential\": {\"mean\": \"1ms\"}}}],"
    "   \"write\": [{\"cpu\": {\"exponential\": {\"mean\": \"2ms\"}}}]}}},"
    " \"balancers\": {\"lb\": {\"to\": \"app\"}}, \"network\": {\"latency\": \"100us\"},"
    " \"workloads\": {\"web\": {\"rate\": \"1000/s\", \"mix\": {\"lb/read\": 9, \"lb/write\": 1}}}%s}";

static arch_design_t *make_design(const char *run, const char *members)
{
    char json[2048];

    snprintf(json, sizeof json, text, run, members);
    return design_of_text(".", json);
}

static arch_results_t *run(const arch_design_t *design, const arch_run_options_t *options)
{
    arch_results_t *results = NULL;

    if (arch_run(design, options, &results) != ARCH_OK) {
        fprintf(stderr, "%s\n", arch_error_text());
        abort();
    }
    return results;
}

static arch_results_t *run_fixed(arch_design_t *design, uint32_t replications)
{
    arch_run_options_t options = {0};

    design->run.replications = replications;
    return run(design, &options);
}

static void same_results(const arch_results_t *a, const arch_results_t *b)
{
    bool equal = false;
    char *said = NULL;

    CU_ASSERT_EQUAL_FATAL(arch_results_diff(a, b, &equal, &said), ARCH_OK);
    CU_ASSERT(equal);
    if (!equal)
        fprintf(stderr, "%s\n", said);
    free(said);
}

static const arch_finding_t *finding(const arch_results_t *r, const char *code, const char *words)
{
    for (uint32_t i = 0; i < r->n_findings; i++)
        if (strcmp(r->finding[i].code, code) == 0 && strstr(r->finding[i].text, words) != NULL)
            return &r->finding[i];
    return NULL;
}

/* ---- one answer -------------------------------------------------------------------------------------------------- */

/* 5 % takes one round or two, 1.5 % more replications than there are sections of latencies. */
static void is_the_run_of_as_many_replications(void)
{
    static const double asked[] = {0.05, 0.015};
    static const char *const figures[] = {"web lb/read p95", "app utilisation"};
    arch_design_t *design = make_design("", "");

    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        arch_results_t *fixed = NULL;
        for (uint32_t threads = 1; threads <= 3; threads++) {
            arch_run_options_t options = {.threads = threads, .precision = asked[i], .precision_of = figures,
                                          .n_precision_of = 2};
            arch_results_t *r;
            design->run.replications = 1;
            r = run(design, &options);
            if (fixed == NULL)
                fixed = run_fixed(design, r->provenance.replications);
            CU_ASSERT_EQUAL(r->provenance.replications, fixed->provenance.replications);
            CU_ASSERT(asked[i] > 0.02 || r->provenance.replications > 40);
            CU_ASSERT_EQUAL(r->provenance.events, fixed->provenance.events);
            CU_ASSERT_STRING_EQUAL(r->design, fixed->design);
            same_results(r, fixed);
            arch_results_destroy(&r);
        }
        arch_results_destroy(&fixed);
    }
    arch_design_destroy(&design);
}

/* Ranks that share replications, parts of them, and what each rank did, over all rounds. */
static void counts_all_rounds(void)
{
    arch_design_t *design = make_design("", "");
    static const char *const figures[] = {"web throughput"};
    arch_run_options_t options = {.threads = 2, .group = 2, .partitions = 2, .precision = 0.03, .precision_of = figures,
                                  .n_precision_of = 1};
    arch_results_t *r, *fixed;
    uint64_t events = 0;

    design->run.duration = ARCH_SECOND / 5;
    r = run(design, &options);
    fixed = run_fixed(design, r->provenance.replications);
    same_results(r, fixed);
    CU_ASSERT(r->provenance.replications > 10);
    for (uint32_t i = 0; i < r->engine.n_ranks; i++) {
        events += r->engine.rank[i].events;
        CU_ASSERT_EQUAL(r->engine.rank[i].replications, r->provenance.replications);
        CU_ASSERT(r->engine.rank[i].peak_bytes <= r->provenance.peak_bytes);
    }
    CU_ASSERT_EQUAL(events, r->provenance.events);
    CU_ASSERT_EQUAL(r->engine.rank[0].peak_bytes + r->engine.rank[1].peak_bytes, r->provenance.peak_bytes);
    arch_results_destroy(&r);
    arch_results_destroy(&fixed);
    arch_design_destroy(&design);
}

/* ---- when to stop ------------------------------------------------------------------------------------------------ */

/* Half widths of 100 gamma / (1 + gamma) % of the value are there in the end, and were not at half as many replications. */
static void stops_when_it_may(void)
{
    static const char *const figures[] = {"web lb/write p95"};
    arch_design_t *design = make_design("", "");
    arch_run_options_t options = {.precision = 0.03, .precision_of = figures, .n_precision_of = 1};
    arch_results_t *r = run(design, &options), *fewer;
    arch_estimate_t e = r->operation[1].p95;

    CU_ASSERT(e.half_width / e.value <= 0.03 / 1.03);
    CU_ASSERT_EQUAL(r->provenance.precision_asked, 0.03);
    CU_ASSERT_EQUAL(r->provenance.precision_reached, e.half_width / e.value);
    CU_ASSERT_STRING_EQUAL(r->provenance.precision_figure, "web lb/write p95");
    CU_ASSERT_PTR_NULL(finding(r, "precision", ""));
    fewer = run_fixed(design, r->provenance.replications / 2);
    CU_ASSERT(fewer->operation[1].p95.half_width / fewer->operation[1].p95.value > 0.03 / 1.03);
    CU_ASSERT_EQUAL(fewer->provenance.precision_asked, 0);
    CU_ASSERT(isnan(fewer->provenance.precision_reached));
    arch_results_destroy(&r);
    arch_results_destroy(&fewer);
    arch_design_destroy(&design);
}

static void begins_with_ten_or_with_the_design_s(void)
{
    arch_design_t *design = make_design("", "");
    arch_run_options_t options = {.precision = 0.9};
    arch_results_t *r;

    for (uint32_t n = 1; n <= 25; n += 8) {
        design->run.replications = n;
        r = run(design, &options);
        CU_ASSERT_EQUAL(r->provenance.replications, n < 10 ? 10 : n);
        arch_results_destroy(&r);
    }
    arch_design_destroy(&design);
}

/* The design may ask itself; its figures are then those of its objectives, and its text in the results is of a number. */
static void a_design_asks_for_a_precision(void)
{
    static const char busy[] = ", \"objectives\": {\"busy\": {\"element\": \"app\", \"utilisation\": {\"below\": 0.9}}}";
    arch_design_t *design = make_design(", \"replications\": \"auto\", \"precision\": 0.02", busy);
    arch_design_t *usual = make_design(", \"replications\": \"auto\"", "");
    arch_results_t *r = run(design, NULL), *again;
    arch_problems_t problems = {0, NULL};
    arch_design_t *copy = NULL;

    CU_ASSERT(usual->run.precision == 0.05 && usual->run.replications == 10);
    CU_ASSERT_STRING_EQUAL(r->provenance.precision_figure, "app utilisation");
    CU_ASSERT(r->provenance.precision_reached <= 0.02 / 1.02);
    CU_ASSERT_EQUAL_FATAL(arch_design_parse("copy", ".", r->design, strlen(r->design), &copy, &problems), ARCH_OK);
    CU_ASSERT(copy->run.precision == 0 && copy->run.replications == r->provenance.replications);
    again = run(copy, NULL);
    CU_ASSERT_EQUAL(again->digest, r->digest);
    arch_results_destroy(&r);
    arch_results_destroy(&again);
    arch_design_destroy(&copy);
    arch_design_destroy(&design);
    arch_design_destroy(&usual);
}

/* ---- what cannot be reached -------------------------------------------------------------------------------------- */

static void says_what_is_short_and_by_how_much(void)
{
    static const char *const figures[] = {"web lb/read mean", "web lb/write p99.9", "web errors"};
    arch_design_t *design = make_design("", "");
    arch_run_options_t options = {.precision = 0.001, .precision_of = figures, .n_precision_of = 3,
                                  .most_replications = 23};
    arch_results_t *r = run(design, &options);

    CU_ASSERT_EQUAL(r->provenance.replications, 23);
    CU_ASSERT_PTR_NOT_NULL(finding(r, "precision", "23 replications, the most that were allowed, web lb/read mean is"));
    CU_ASSERT_PTR_NOT_NULL(finding(r, "precision", "confidence interval of web lb/write p99.9"));
    CU_ASSERT_PTR_NOT_NULL(finding(r, "precision", "web errors is 0"));
    CU_ASSERT_STRING_EQUAL(r->provenance.precision_figure, "web lb/write p99.9");
    CU_ASSERT(isnan(r->provenance.precision_reached));
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

static void stops_at_once_where_nothing_can_be_precise(void)
{
    static const char *const figures[] = {"web errors"};
    arch_design_t *design = make_design("", "");
    arch_run_options_t options = {.precision = 0.05, .precision_of = figures, .n_precision_of = 1};
    arch_results_t *r = run(design, &options);

    CU_ASSERT_EQUAL(r->provenance.replications, 10);
    CU_ASSERT_PTR_NOT_NULL(finding(r, "precision", "web errors is 0"));
    CU_ASSERT_STRING_EQUAL(r->provenance.precision_figure, "");
    arch_results_destroy(&r);
    arch_design_destroy(&design);
}

static void refused(arch_run_options_t options, const char *words)
{
    arch_design_t *design = make_design("", "");
    arch_results_t *r = NULL;

    CU_ASSERT_EQUAL(arch_run(design, &options, &r), ARCH_E_ARG);
    CU_ASSERT_PTR_NULL(r);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), words));
    arch_design_destroy(&design);
}

static void refuses_what_makes_no_sense(void)
{
    static const char *const typo[] = {"web lb/read p96"}, *const lb[] = {"lb utilisation"};

    refused((arch_run_options_t){.precision = 1}, "precision: is 1, must be above 0 and below 1");
    refused((arch_run_options_t){.precision = -0.1}, "precision: is -0.1");
    refused((arch_run_options_t){.precision = NAN}, "precision: is nan");
    refused((arch_run_options_t){.precision = 0.1, .most_replications = 9}, "is 9, must be at least the 10");
    refused((arch_run_options_t){.most_replications = 100}, "no precision");
    refused((arch_run_options_t){.precision = 0.1, .precision_of = typo, .n_precision_of = 1}, "figure \"web lb/read p96\"");
    refused((arch_run_options_t){.precision = 0.1, .precision_of = lb, .n_precision_of = 1}, "no figure \"lb utilisation\"");
    refused((arch_run_options_t){.precision = 0.1, .checkpoint_every = 1}, "writes no checkpoints");
    refused((arch_run_options_t){.precision = 0.1, .resume = "auto"}, "writes no checkpoints");
}

/* ---- on the way -------------------------------------------------------------------------------------------------- */

typedef struct {
    double   done, cancel_at;
    uint64_t events;
    int      falls, looks;
} heard_t;

static int hear(void *user, double done, uint64_t events, double seconds_left)
{
    heard_t *h = user;

    h->falls += events < h->events || !(seconds_left >= 0);
    h->done = done;
    h->events = events;
    return h->looks > 0 && h->cancel_at > 0;
}

static void note(void *user, int is_warning, const char *words)
{
    heard_t *h = user;

    CU_ASSERT(!is_warning);
    h->looks += strstr(words, "web lb/") != NULL && strstr(words, "going on to") != NULL;
}

static void tells_each_look_and_can_be_cancelled_after_one(void)
{
    arch_design_t *design = make_design("", "");
    heard_t heard = {0};
    arch_run_options_t options = {.precision = 0.01, .progress = hear, .note = note, .user = &heard,
                                  .most_replications = 60};
    arch_results_t *r = run(design, &options);

    CU_ASSERT(heard.looks >= 2 && heard.looks < 6);
    CU_ASSERT_EQUAL(heard.falls, 0);
    arch_results_destroy(&r);
    heard = (heard_t){.cancel_at = 1};
    design->run.duration = 20 * ARCH_SECOND;
    options.precision = 1e-6;
    options.most_replications = 1000000;
    CU_ASSERT_EQUAL(arch_run(design, &options, &r), ARCH_E_CANCELLED);
    CU_ASSERT_PTR_NULL(r);
    CU_ASSERT(heard.looks >= 1);
    arch_design_destroy(&design);
}

int main(void)
{
    CU_pSuite s;
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    s = CU_add_suite("precision", NULL, NULL);
    CU_ADD_TEST(s, is_the_run_of_as_many_replications);
    CU_ADD_TEST(s, counts_all_rounds);
    CU_ADD_TEST(s, stops_when_it_may);
    CU_ADD_TEST(s, begins_with_ten_or_with_the_design_s);
    CU_ADD_TEST(s, a_design_asks_for_a_precision);
    CU_ADD_TEST(s, says_what_is_short_and_by_how_much);
    CU_ADD_TEST(s, stops_at_once_where_nothing_can_be_precise);
    CU_ADD_TEST(s, refuses_what_makes_no_sense);
    CU_ADD_TEST(s, tells_each_look_and_can_be_cancelled_after_one);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0 ? 1 : 0;
}
