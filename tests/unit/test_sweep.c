/* tests/unit/test_sweep.c - sweeps: points where the file says, estimates of a run of each, the same bits on any number of
 * threads and after a stop, and a file whose arrays lie over the axes. */
#include "io/sheet.h"
#include "results_folder.h"
#include "support/share.h"
#include <CUnit/Basic.h>
#include <architech/architech.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD  "{\"architech_sweep\": 1, \"design\": \"stage-2-horizontal.json\", "
#define SHORT "\"short\": {\"pointers\": [\"/run/duration\"], \"values\": [\"1s\"]}"

static arch_sweep_t *parse(const char *text)
{
    arch_problems_t problems = {0, NULL};
    arch_sweep_t *s = NULL;

    if (arch_sweep_parse("test", "examples", text, strlen(text), &s, &problems) != ARCH_OK) {
        for (uint32_t i = 0; i < problems.n; i++)
            fprintf(stderr, "%s: %s\n", problems.problem[i].at, problems.problem[i].text);
        fprintf(stderr, "%s\n", arch_error_text());
        abort();
    }
    return s;
}

static void has_setting(const arch_sweep_t *s, uint32_t point, uint32_t axis, const char *expected)
{
    char text[100];
    double number;

    arch_sweep_setting(s, point, axis, text, sizeof text, &number);
    if (strcmp(text, expected) != 0)
        fprintf(stderr, "point %u, axis %u: %s, expected %s\n", point, axis, text, expected);
    CU_ASSERT_STRING_EQUAL(text, expected);
}

static void combines_values(void)
{
    arch_sweep_t *s = parse(
        HEAD "\"axes\": {\"r\": {\"pointer\": \"/services/app/replicas\", \"from\": 2, \"to\": 9, \"steps\": 3}, "
             "\"rate\": {\"pointer\": \"/workloads/web/rate\", \"from\": \"100/s\", \"to\": \"10000/s\", \"steps\": 3, "
             "\"scale\": \"log\"}, \"io\": {\"pointer\": \"/databases/db/queries/find/io\", "
             "\"values\": [\"1ms\", {\"exponential\": {\"mean\": \"2ms\"}}]}}}");

    CU_ASSERT_EQUAL(s->n_points, 18);
    CU_ASSERT_EQUAL(s->replications, 10);
    has_setting(s, 0, 0, "2");
    has_setting(s, 17, 0, "9");
    has_setting(s, 6, 0, "6"); /* 5.5 replicas cannot be */
    has_setting(s, 0, 1, "\"100/s\"");
    has_setting(s, 2, 1, "\"1000/s\"");
    has_setting(s, 5, 1, "\"10000/s\"");
    has_setting(s, 1, 2, "{\"exponential\": {\"mean\": \"2ms\"}}");
    CU_ASSERT_STRING_EQUAL(s->axis[1].unit, "/s");
    CU_ASSERT_TRUE(isnan(s->axis[2].number[0]));
    arch_sweep_destroy(&s);
}

static void changes_several_pointers_together(void)
{
    arch_sweep_t *s =
        parse(HEAD "\"method\": \"paired\", \"axes\": {\"both\": {\"pointers\": [\"/services/app/cores\", "
                   "\"/databases/db/cores\"], \"values\": [3, 5]}, \"r\": {\"pointer\": \"/services/app/replicas\", "
                   "\"values\": [7, 8]}}}");
    arch_problems_t problems = {0, NULL};
    arch_design_t *d = NULL;

    CU_ASSERT_EQUAL(s->n_points, 2);
    CU_ASSERT_EQUAL_FATAL(arch_sweep_design(s, 1, &d, &problems), ARCH_OK);
    CU_ASSERT(d->service[0].cores == 5 && d->database[0].cores == 5 && d->service[0].replicas == 8);
    arch_design_destroy(&d);
    arch_sweep_destroy(&s);
}

/* Shares between 0 and 1 are no counts; replicas are. */
static void fills_the_space(void)
{
    static const char *const method[] = {"{\"sobol\": {\"points\": 64}}",
                                         "{\"latin_hypercube\": {\"points\": 64, \"seed\": \"9\"}}"};

    for (int m = 0; m < 2; m++) {
        char text[1000];
        uint32_t count[5] = {0}, listed[2] = {0};
        arch_sweep_t *s;
        snprintf(text, sizeof text,
                 HEAD
                 "\"method\": %s, \"axes\": {\"r\": {\"pointer\": \"/services/app/replicas\", \"from\": 1, \"to\": 4}, "
                 "\"w\": {\"pointer\": \"/workloads/web/mix/lb~1write\", \"from\": 0, \"to\": 1}, "
                 "\"k\": {\"pointer\": \"/services/app/cores\", \"values\": [1, 2]}}}",
                 method[m]);
        s = parse(text);
        CU_ASSERT_EQUAL(s->n_points, 64);
        for (uint32_t i = 0; i < 64; i++) {
            double r, w, k;
            arch_sweep_setting(s, i, 0, text, sizeof text, &r);
            arch_sweep_setting(s, i, 1, text, sizeof text, &w);
            arch_sweep_setting(s, i, 2, text, sizeof text, &k);
            CU_ASSERT_FATAL(r >= 1 && r <= 4 && r == floor(r) && w >= 0 && w <= 1);
            count[(int)r]++;
            listed[(int)k - 1]++;
        }
        CU_ASSERT(count[1] == 16 && count[2] == 16 && count[3] == 16 && count[4] == 16 && listed[0] == 32);
        arch_sweep_destroy(&s);
    }
}

static arch_swept_t *run(const arch_sweep_t *s, arch_lab_options_t options)
{
    arch_swept_t *w = NULL;
    arch_lab_t *lab = NULL;

    if (arch_lab_open(&options, &lab) != ARCH_OK || arch_sweep(lab, s, 0, &w) != ARCH_OK) {
        fprintf(stderr, "%s\n", arch_error_text());
        abort();
    }
    arch_lab_finish(&lab);
    return w;
}

static const char small[] = HEAD
    "\"replications\": 3, \"axes\": {\"r\": {\"pointer\": \"/services/app/replicas\", \"values\": [1, 2, 4]}, "
    "\"rate\": {\"pointer\": \"/workloads/web/rate\", \"from\": \"100/s\", \"to\": \"400/s\", \"steps\": 2}, " SHORT
    "}}";

static void estimates_what_a_run_of_each_point_does(void)
{
    arch_sweep_t *s = parse(small);
    arch_swept_t *w = run(s, (arch_lab_options_t){.threads = 2}), *one = run(s, (arch_lab_options_t){.threads = 1}),
                 *five = run(s, (arch_lab_options_t){.threads = 5});
    uint64_t digest = w->digest;

    CU_ASSERT(digest != 0 && one->digest == digest && five->digest == digest);
    CU_ASSERT_EQUAL(w->n_failed, 0);
    for (uint32_t i = 0; i < s->n_points; i++) {
        arch_problems_t problems = {0, NULL};
        arch_design_t *d = NULL;
        arch_results_t *r = NULL;
        CU_ASSERT_EQUAL_FATAL(arch_sweep_design(s, i, &d, &problems), ARCH_OK);
        CU_ASSERT_EQUAL_FATAL(arch_run(d, NULL, &r), ARCH_OK);
        CU_ASSERT_EQUAL(w->point[i].digest, r->digest);
        CU_ASSERT_STRING_EQUAL(w->metric[0], "web lb/read mean");
        CU_ASSERT_DOUBLE_EQUAL(w->value[i], r->operation[0].mean.value, 1e-9 * w->value[i]);
        arch_results_destroy(&r);
        arch_design_destroy(&d);
    }
    for (size_t i = 0; i < (size_t)w->n_metrics * s->n_points; i++)
        CU_ASSERT(memcmp(&w->value[i], &five->value[i], sizeof *w->value) == 0 &&
                  memcmp(&w->half_width[i], &five->half_width[i], sizeof *w->value) == 0);
    arch_swept_destroy(&w);
    arch_swept_destroy(&one);
    arch_swept_destroy(&five);
    arch_sweep_destroy(&s);
}

static int stop_soon(void *user, const arch_lab_progress_t *p)
{
    (void)user;
    return p->jobs_done >= 6;
}

static void goes_on_after_a_stop(void)
{
    /* Long enough to be told of progress, five times a second, before the end; 40 s where less is tried, and slower. */
#define SIX_OF(seconds)                                                                                                \
    HEAD "\"replications\": 4, \"axes\": {\"r\": {\"pointer\": \"/services/app/replicas\", \"values\": "              \
         "[1, 2, 3, 4, 5, 6]}, \"long\": {\"pointer\": \"/run/duration\", \"values\": [\"" seconds "\"]}}}"
    arch_sweep_t *s = parse(test_is_long() ? SIX_OF("100s") : SIX_OF("40s"));
    results_folder_t folder;
    char journal[300];
    arch_lab_options_t options = {.threads = 1, .journal = journal, .progress = stop_soon};
    arch_swept_t *w = NULL, *whole;
    arch_lab_progress_t p;
    arch_lab_t *lab = NULL;
    struct stat there;

    CU_ASSERT_TRUE_FATAL(results_folder_create(&folder));
    results_folder_file(&folder, "out.h5.jobs", journal, sizeof journal);
    CU_ASSERT_EQUAL_FATAL(arch_lab_open(&options, &lab), ARCH_OK);
    CU_ASSERT_EQUAL(arch_sweep(lab, s, 0, &w), ARCH_E_CANCELLED);
    CU_ASSERT_PTR_NULL(w);
    arch_lab_close(&lab);
    CU_ASSERT_EQUAL(stat(journal, &there), 0);
    options.progress = NULL;
    CU_ASSERT_EQUAL_FATAL(arch_lab_open(&options, &lab), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_sweep(lab, s, 0, &w), ARCH_OK);
    arch_lab_progress(lab, &p);
    arch_lab_finish(&lab);
    CU_ASSERT_NOT_EQUAL(stat(journal, &there), 0);
    whole = run(s, (arch_lab_options_t){.threads = 2});
    CU_ASSERT_EQUAL(w->digest, whole->digest);
    CU_ASSERT(memcmp(w->value, whole->value, (size_t)w->n_metrics * s->n_points * sizeof *w->value) == 0);
    arch_swept_destroy(&w);
    arch_swept_destroy(&whole);
    arch_sweep_destroy(&s);
    results_folder_destroy(&folder);
}

/* Reads from replicas that are not there: some combinations cannot be, the others are simulated all the same. */
static void tells_points_that_cannot_be(void)
{
    arch_sweep_t *s = parse(
        HEAD
        "\"replications\": 2, \"metrics\": [\"web lb/read mean\"], \"axes\": {\"warm\": {\"pointer\": \"/run/warmup\", "
        "\"values\": [\"0s\", \"1s\"]}, \"long\": {\"pointer\": \"/run/duration\", \"values\": [\"2s\", \"500ms\"]}}}");
    arch_swept_t *w = run(s, (arch_lab_options_t){.threads = 2});
    char *csv = NULL, *text = NULL;

    CU_ASSERT_EQUAL(w->n_failed, 1);
    CU_ASSERT_EQUAL(w->point[3].status, ARCH_E_FORMAT);
    CU_ASSERT(strstr(w->point[3].why, "/run/warmup") != NULL && isnan(w->value[3]) && !isnan(w->value[2]));
    CU_ASSERT_EQUAL_FATAL(arch_swept_csv(w, &csv), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_swept_text(w, 0, false, 0, &text), ARCH_OK);
    CU_ASSERT(strstr(csv, "\r\n3,1s,500ms,,,,0000000000000000,\"") != NULL);
    CU_ASSERT(strstr(text, "point 3 was not simulated") != NULL);
    free(csv);
    free(text);
    arch_swept_destroy(&w);
    arch_sweep_destroy(&s);
}

static void refuses_a_metric_that_is_not_there(void)
{
    arch_sweep_t *s = parse(HEAD "\"replications\": 2, \"metrics\": [\"web lb/reed p95\"], \"axes\": {" SHORT "}}");
    arch_swept_t *w = NULL;
    arch_lab_t *lab = NULL;

    CU_ASSERT_EQUAL_FATAL(arch_lab_open(NULL, &lab), ARCH_OK);
    CU_ASSERT_EQUAL(arch_sweep(lab, s, 0, &w), ARCH_E_NOTFOUND);
    CU_ASSERT(strstr(arch_error_text(), "web lb/reed p95") != NULL);
    CU_ASSERT_EQUAL(arch_sweep(lab, s, 2, &w), ARCH_E_ARG);
    arch_lab_close(&lab);
    arch_sweep_destroy(&s);
}

static void writes_arrays_over_the_axes(void)
{
    arch_sweep_t *s = parse(small);
    arch_swept_t *w = run(s, (arch_lab_options_t){.threads = 2});
    results_folder_t folder;
    char path[300];
    archi_sheet_t *sheet = NULL;
    uint64_t n[ARCHI_SHEET_DIMENSIONS];
    double *value = NULL, *rate = NULL;

    CU_ASSERT_TRUE_FATAL(results_folder_create(&folder));
    results_folder_file(&folder, "out.h5", path, sizeof path);
    CU_ASSERT_EQUAL_FATAL(arch_swept_write(path, w), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(archi_sheet_open(path, "architech sweep", &sheet), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(archi_sheet_read(sheet, "/value/web_lb_read_mean", ARCHI_SHEET_DOUBLE, 3, n, (void **)&value),
                          ARCH_OK);
    CU_ASSERT(n[0] == 3 && n[1] == 2 && n[2] == 1 && memcmp(value, w->value, 6 * sizeof *value) == 0);
    CU_ASSERT_EQUAL_FATAL(archi_sheet_read(sheet, "/rate", ARCHI_SHEET_DOUBLE, 1, n, (void **)&rate), ARCH_OK);
    CU_ASSERT(n[0] == 2 && rate[0] == 100 && rate[1] == 400);
    archi_sheet_close(&sheet);
    free(value);
    free(rate);
    arch_swept_destroy(&w);
    arch_sweep_destroy(&s);
    results_folder_destroy(&folder);
}

int main(void)
{
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("sweep", NULL, NULL);
    CU_ADD_TEST(suite, combines_values);
    CU_ADD_TEST(suite, changes_several_pointers_together);
    CU_ADD_TEST(suite, fills_the_space);
    CU_ADD_TEST(suite, estimates_what_a_run_of_each_point_does);
    CU_ADD_TEST(suite, goes_on_after_a_stop);
    CU_ADD_TEST(suite, tells_points_that_cannot_be);
    CU_ADD_TEST(suite, refuses_a_metric_that_is_not_there);
    CU_ADD_TEST(suite, writes_arrays_over_the_axes);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
