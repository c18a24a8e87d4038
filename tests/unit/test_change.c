/* test_change.c - designs changed by pointer, scaled, and asked for values. */
#include "support/designs.h"
#include <CUnit/Basic.h>
#include <architech/design.h>
#include <architech/dist.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DESIGN                                                                                                         \
    "{\"architech\": 1, \"name\": \"shop\",\n"                                                                         \
    " \"services\": {\"app\": {\"replicas\": 4, \"endpoints\": {\"serve\": [\n"                                        \
    "   {\"cpu\": {\"lognormal\": {\"mean\": \"2ms\", \"cv\": 0.5}}}, {\"delay\": \"1ms\"}]}},\n"                      \
    "   \"a.b-c\": {\"endpoints\": {\"x\": [{\"cpu\": \"1ms\"}]}}},\n"                                                 \
    " \"workloads\": {\"web\": {\"rate\": \"600/min\", \"mix\": {\"app/serve\": 1}}}}"

/* The design of most tests. */
static arch_design_t *shop(void) { return design_of_text(".", DESIGN); }

static void sets_creates_and_removes_values(void)
{
    arch_design_t *d = shop(), *six = design_with(d, "/services/app/replicas", "6");
    arch_design_t *timed = design_with(six, "/run/duration", "\"90s\"");
    arch_design_t *none = design_with(timed, "/services/app/replicas", NULL);
    arch_design_t *step = design_with(none, "/services/app/endpoints/serve/-", "{\"delay\": \"3ms\"}");
    arch_design_t *less = design_with(step, "/services/app/endpoints/serve/0", NULL);

    CU_ASSERT_EQUAL(d->service[0].replicas, 4);
    CU_ASSERT_EQUAL(six->service[0].replicas, 6);
    CU_ASSERT_EQUAL(six->n_services, 2);
    CU_ASSERT_EQUAL(timed->run.duration, 90 * ARCH_SECOND);
    CU_ASSERT_EQUAL(timed->service[0].replicas, 6);
    CU_ASSERT_EQUAL(none->service[0].replicas, 1);
    CU_ASSERT_EQUAL(step->service[0].endpoint[0].steps.n, 3);
    CU_ASSERT_EQUAL(step->service[0].endpoint[0].steps.step[2].time.p[0], 3e6);
    CU_ASSERT_EQUAL(less->service[0].endpoint[0].steps.n, 2);
    CU_ASSERT_EQUAL(less->service[0].endpoint[0].steps.step[0].kind, ARCH_STEP_DELAY);
    arch_design_destroy(&d);
    arch_design_destroy(&six);
    arch_design_destroy(&timed);
    arch_design_destroy(&none);
    arch_design_destroy(&step);
    arch_design_destroy(&less);
}

/* However it was come by, and however the original was spaced. */
static void gives_the_same_text_and_hash_for_the_same_change(void)
{
    const arch_change_t once[] = {{"/services/app/replicas", "6"}, {"/workloads/web/rate", "\"20/s\""}};
    const arch_change_t twice[] = {
        {"/services/app/replicas", " 9"}, {"/workloads/web/rate", "\"20/s\""}, {"/services/app/replicas", "6.0"}};
    arch_problems_t p = {0, NULL};
    arch_design_t *d = shop(), *again, *a, *b, *c;
    char *spaced = calloc(1, 4 * strlen(d->source));

    for (size_t i = 0, n = 0; d->source[i]; i++)
        n += (size_t)sprintf(spaced + n, d->source[i] == ':' ? " :\t\n" : "%c", d->source[i]);
    again = design_of_text(".", spaced);
    CU_ASSERT_EQUAL_FATAL(arch_design_change(d, once, 2, &a, &p), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_design_change(d, twice, 3, &b, &p), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_design_change(again, once, 2, &c, &p), ARCH_OK);
    CU_ASSERT_STRING_EQUAL(a->source, b->source);
    CU_ASSERT_STRING_EQUAL(a->source, c->source);
    CU_ASSERT(a->hash == b->hash && a->hash == c->hash && a->hash != d->hash);
    arch_design_destroy(&a);
    arch_design_destroy(&b);
    arch_design_destroy(&c);
    arch_design_destroy(&again);
    arch_design_destroy(&d);
    free(spaced);
}

static void no_change_is_the_same_design_for_every_example(void)
{
    arch_problems_t p = {0, NULL};
    glob_t files;

    CU_ASSERT_EQUAL_FATAL(glob("examples/*.json", 0, NULL, &files), 0);
    CU_ASSERT(files.gl_pathc > 3);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        arch_design_t *d = NULL, *same = NULL;
        CU_ASSERT_EQUAL_FATAL(arch_design_read(files.gl_pathv[i], &d, &p), ARCH_OK);
        CU_ASSERT_EQUAL(arch_design_change(d, NULL, 0, &same, &p), ARCH_OK);
        CU_ASSERT(same != NULL && same->hash == d->hash);
        arch_design_destroy(&d);
        arch_design_destroy(&same);
    }
    globfree(&files);
}

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

/* The changes draw a problem at this pointer with these words in it. */
static void draws(const arch_change_t *change, uint32_t n, const char *at, const char *words)
{
    arch_design_t *d = shop(), *out = d;
    arch_problems_t p = {0, NULL};
    bool found = false;

    CU_ASSERT_EQUAL(arch_design_change(d, change, n, &out, &p), ARCH_E_FORMAT);
    CU_ASSERT_PTR_NULL(out);
    for (uint32_t i = 0; i < p.n; i++)
        found = found || (strcmp(p.problem[i].at, at) == 0 && strstr(p.problem[i].text, words) != NULL);
    CU_ASSERT(found);
    for (uint32_t i = 0; i < p.n && !found; i++)
        fprintf(stderr, "wanted %s: %s\nfound  %s: %s\n", at, words, p.problem[i].at, p.problem[i].text);
    arch_problems_clear(&p);
    arch_design_destroy(&d);
}

static void one_draws(const char *pointer, const char *value, const char *words)
{
    draws(&(arch_change_t){pointer, value}, 1, pointer, words);
}

static void says_which_change_is_wrong_and_what_is_near(void)
{
    const arch_change_t two[] = {{"/run/duration", "\"90s\""}, {"/services/ap/replicas", "6"}};
    char deep[1000] = "";

    draws(two, 2, "/services/ap/replicas", "change 2 of 2: found no \"ap\" in /services and made it; did you mean \"app\"?");
    draws(two, 2, "/services/ap", "change 2 of 2 (/services/ap/replicas): found no \"endpoints\"");
    one_draws("/services/app/replicsa", "6", "did you mean \"replicas\"?");
    one_draws("/services/app/replicas", "0", "change 1 of 1: found 0, expected");
    one_draws("/services/app/replcas", NULL, "found no \"replcas\" in /services/app; did you mean \"replicas\"?");
    one_draws("/srvices", NULL, "found no \"srvices\" in the design; did you mean \"services\"?");
    one_draws("services", "6", "expected one that begins with '/'");
    one_draws("", NULL, "removes the whole design");
    one_draws("", "[]", "found an empty array, expected an object, the design");
    one_draws("/run", "{", "its value is no JSON: line 1, column 2: found the end of the file");
    draws(&(arch_change_t){"/run", "{\"seed\": 1, \"seed\": 2}"}, 1, "/run/seed", "change 1 of 1 (/run): found this key");
    one_draws("/services/app/replicas/x", "1", "found 4 at /services/app/replicas, expected an object or an array");
    one_draws("/services/app/endpoints/serve/7", "{}", "found element 7 of an array of 2");
    one_draws("/services/app/endpoints/serve/01", "{}", "expected its number from 0 on");
    one_draws("/services/app/endpoints/serve/99999999999999999999", "{}", "of an array of 2");
    one_draws("/services/app/endpoints/serve/2", NULL, "found no \"2\" in /services/app/endpoints/serve");
    one_draws("/~2", "1", "found '~' in a pointer");
    draws(&(arch_change_t){"/\xff", "1"}, 1, "/?", "not UTF-8");
    for (int i = 0; i < 70; i++)
        strcat(deep, "/x");
    one_draws(deep, "1", "found a pointer of 70 parts");
}

static void decodes_what_pointers_escape(void)
{
    const char *objective = "{\"workload\": \"web\", \"mean\": {\"below\": \"1s\"}}";
    arch_design_t *d = shop(), *named = design_with(d, "/objectives/a~1b~0", objective);
    char *text;

    CU_ASSERT_STRING_EQUAL(named->objective[0].name, "a/b~");
    CU_ASSERT_EQUAL(arch_design_value(named, "/objectives/a~1b~0/mean/below", &text), ARCH_OK);
    CU_ASSERT_STRING_EQUAL(text, "\"1s\"");
    free(text);
    arch_design_destroy(&named);
    arch_design_destroy(&d);
}

/* ---- designs that programs make or change ------------------------------------------------------------------------ */

static void changes_what_a_program_has_changed(void)
{
    arch_design_t *d = shop(), *out;

    d->run.seed = 77; /* settings alone: its own words still hold for the rest */
    out = design_with(d, "/services/app/endpoints/serve/0/cpu/lognormal/cv", "1.5");
    CU_ASSERT_EQUAL(out->run.seed, 77);
    CU_ASSERT_DOUBLE_EQUAL(arch_dist_cv(&out->service[0].endpoint[0].steps.step[0].time, NULL), 1.5, 1e-9);
    arch_design_destroy(&out);
    d->service[0].cores = 8;
    out = design_with(d, "/services/app/replicas", "2");
    CU_ASSERT(out->service[0].cores == 8 && out->service[0].replicas == 2 && out->run.seed == 77);
    arch_design_destroy(&out);
    d->source = "";
    out = design_with(d, "/services/app/replicas", "3");
    CU_ASSERT(out->service[0].cores == 8 && out->service[0].replicas == 3);
    arch_design_destroy(&out);
    d->service[0].replicas = 0;
    CU_ASSERT_EQUAL(arch_design_change(d, NULL, 0, &out, &(arch_problems_t){0, NULL}), ARCH_E_FORMAT);
    CU_ASSERT_PTR_NULL(out);
    arch_design_destroy(&d);
}

static void expect_value(const arch_design_t *d, const char *pointer, const char *wanted)
{
    char *text = NULL;

    CU_ASSERT_EQUAL(arch_design_value(d, pointer, &text), ARCH_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, wanted);
    free(text);
}

static void reads_values_with_defaults_filled_in(void)
{
    arch_design_t *d = shop();
    char *text;

    expect_value(d, "/services/app/replicas", "4");
    expect_value(d, "/services/app/threads", "\"unlimited\"");
    expect_value(d, "/workloads/web/rate", "\"10/s\"");
    expect_value(d, "/workloads/web/mix", "{\"app/serve\": {\"weight\": 1, \"balance\": \"round_robin\"}}");
    expect_value(d, "/services/app/endpoints/serve/0/cpu/lognormal/cv", "0.5");
    CU_ASSERT_EQUAL(arch_design_value(d, "/services/app/replicsa", &text), ARCH_E_NOTFOUND);
    CU_ASSERT_PTR_NULL(text);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "did you mean \"replicas\"?"));
    arch_design_destroy(&d);
}

/* ---- load -------------------------------------------------------------------------------------------------------- */

static void scaled_to(const char *load, double factor, const char *pointer, const char *wanted)
{
    char text[1024];
    arch_design_t *d, *out = NULL;

    snprintf(text, sizeof text,
             "{\"architech\": 1, \"services\": {\"app\": {\"endpoints\": {\"serve\": [{\"cpu\": \"1ms\"}]}}},"
             "\"workloads\": {\"web\": {%s, \"mix\": {\"app/serve\": 1}}}}",
             load);
    d = design_of_text(".", text);
    CU_ASSERT_EQUAL(arch_design_scale_load(d, factor, &out), ARCH_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    expect_value(out, pointer, wanted);
    arch_design_destroy(&out);
    arch_design_destroy(&d);
}

static void scales_every_kind_of_load(void)
{
    scaled_to("\"rate\": \"600/min\"", 2.5, "/workloads/web/rate", "\"25/s\"");
    scaled_to("\"rate\": {\"points\": [[\"0s\", \"10/s\"], [\"5s\", \"30/s\"]]}", 0.5, "/workloads/web/rate/points",
              "[[\"0s\", \"5/s\"], [\"5s\", \"15/s\"]]");
    scaled_to("\"users\": 10, \"think\": \"1s\"", 1.25, "/workloads/web/users", "13");
    scaled_to("\"users\": 10, \"think\": \"1s\"", 0.01, "/workloads/web/users", "1");
    scaled_to("\"users\": 10, \"think\": \"1s\"", 3, "/workloads/web/think", "\"1s\"");
    scaled_to("\"gap\": \"10ms\"", 2, "/workloads/web/gap", "\"5ms\"");
    scaled_to("\"gap\": {\"gamma\": {\"mean\": \"8ms\", \"cv\": 0.5, \"plus\": \"2ms\"}}", 2, "/workloads/web/gap",
              "{\"gamma\": {\"shape\": 4, \"scale\": \"1ms\", \"plus\": \"1ms\"}}");
    scaled_to("\"gap\": {\"empirical\": {\"values\": [[\"2ms\", 0.5], [\"6ms\", 1]]}}", 2,
              "/workloads/web/gap/empirical/values", "[[\"1ms\", 0.5], [\"3ms\", 1]]");
}

/* The mean of every distribution of gaps is divided by the factor. */
static void scales_every_distribution(void)
{
    for (int kind = 0; kind < ARCH_N_DISTS; kind++) {
        arch_dist_t d = {ARCH_DIST_CONSTANT, {0, 0, 0}, 500.0, ARCH_NONE}, before;
        if (kind == ARCH_DIST_EMPIRICAL)
            continue;
        d.kind = (arch_dist_kind_t)kind;
        CU_ASSERT_EQUAL_FATAL(
            arch_dist_from_mean_cv(d.kind, 3e6, kind == ARCH_DIST_HYPEREXP ? 2 : 0.5, &d), ARCH_OK);
        before = d;
        arch_dist_scale(&d, 0.3);
        CU_ASSERT_DOUBLE_EQUAL(arch_dist_mean(&d, NULL), 0.3 * arch_dist_mean(&before, NULL), 1e-3);
        CU_ASSERT_DOUBLE_EQUAL(arch_dist_cv(&d, NULL), arch_dist_cv(&before, NULL), 1e-9);
    }
}

static void refuses_factors_that_are_none(void)
{
    const double bad[] = {0, -1, NAN, INFINITY};
    arch_design_t *d = shop(), *out = d;

    for (int i = 0; i < 4; i++, out = d) {
        CU_ASSERT_EQUAL(arch_design_scale_load(d, bad[i], &out), ARCH_E_ARG);
        CU_ASSERT_PTR_NULL(out);
    }
    CU_ASSERT_EQUAL(arch_design_scale_load(d, 1e12, &out), ARCH_E_FORMAT);
    arch_design_destroy(&d);
}

/* A design of 20,000 services takes less than 40 times as long as one of 2,000: not a hundred times. */
static double seconds_to_change(uint32_t n)
{
    char *text = malloc(200 * (size_t)n + 1000), pointer[64];
    size_t at = (size_t)sprintf(text, "{\"architech\": 1, \"services\": {");
    clock_t began;
    arch_design_t *d, *out;

    for (uint32_t i = 0; i < n; i++)
        at += (size_t)sprintf(text + at, "%s\"s%u\": {\"replicas\": 2, \"endpoints\": {\"x\": [{\"cpu\": \"1ms\"}]}}",
                              i ? "," : "", i);
    sprintf(text + at, "}, \"workloads\": {\"web\": {\"rate\": \"10/s\", \"mix\": {\"s0/x\": 1}}}}");
    d = design_of_text(".", text);
    began = clock();
    sprintf(pointer, "/services/s%u/replicas", n - 1);
    out = design_with(d, pointer, "3");
    CU_ASSERT_EQUAL(out->service[n - 1].replicas, 3);
    free(text);
    arch_design_destroy(&out);
    arch_design_destroy(&d);
    return (double)(clock() - began) / CLOCKS_PER_SEC;
}

static void takes_time_in_proportion(void)
{
    double few = seconds_to_change(2000), many = seconds_to_change(20000);

    CU_ASSERT(many < 40 * (few + 1e-3));
}

#define ADD(f) CU_add_test(suite, #f, f)

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || !(suite = CU_add_suite("change", NULL, NULL)))
        return 1;
    ADD(sets_creates_and_removes_values);
    ADD(gives_the_same_text_and_hash_for_the_same_change);
    ADD(no_change_is_the_same_design_for_every_example);
    ADD(says_which_change_is_wrong_and_what_is_near);
    ADD(decodes_what_pointers_escape);
    ADD(changes_what_a_program_has_changed);
    ADD(reads_values_with_defaults_filled_in);
    ADD(scales_every_kind_of_load);
    ADD(scales_every_distribution);
    ADD(refuses_factors_that_are_none);
    ADD(takes_time_in_proportion);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
