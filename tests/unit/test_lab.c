/* tests/unit/test_lab.c - questions and answers: the same bits in whatever pieces, kept in a journal, and a lab that goes on
 * when a design does not. */
#include <CUnit/Basic.h>
#include "results_folder.h"
#include "support/designs.h"
#include <architech/architech.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static arch_design_t *read_design(const char *path, arch_time_t duration)
{
    arch_design_t *design = design_of_file(path);

    design->run.duration = duration;
    design->run.warmup = ARCH_AUTO;
    return design;
}

static arch_lab_t *open_lab(arch_lab_options_t options)
{
    arch_lab_t *lab = NULL;

    if (arch_lab_open(&options, &lab) != ARCH_OK) {
        fprintf(stderr, "%s\n", arch_error_text());
        abort();
    }
    return lab;
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

static void answers_what_a_run_finds(void)
{
    arch_design_t *two = read_design("examples/stage-2-horizontal.json", 2 * ARCH_SECOND);
    arch_design_t *three = read_design("examples/stage-3-read-replicas.json", 2 * ARCH_SECOND);

    for (uint32_t threads = 1; threads <= 3; threads++) {
        arch_lab_t *lab = open_lab((arch_lab_options_t){.threads = threads});
        arch_samples_t *a = NULL, *b = NULL, *expected = NULL;
        uint64_t ask_a = 0, ask_b = 0;
        CU_ASSERT_EQUAL_FATAL(arch_lab_ask(lab, two, 3, 9, &ask_a), ARCH_OK);
        CU_ASSERT_EQUAL_FATAL(arch_lab_ask(lab, three, 0, 2, &ask_b), ARCH_OK);
        CU_ASSERT_EQUAL_FATAL(arch_lab_wait(lab, ask_b, &b), ARCH_OK); /* in any order */
        CU_ASSERT_EQUAL_FATAL(arch_lab_wait(lab, ask_a, &a), ARCH_OK);
        CU_ASSERT_EQUAL_FATAL(arch_run_samples(two, NULL, 3, 9, &expected), ARCH_OK);
        CU_ASSERT(same_bytes(a, expected));
        arch_samples_destroy(&expected);
        CU_ASSERT_EQUAL_FATAL(arch_run_samples(three, NULL, 0, 2, &expected), ARCH_OK);
        CU_ASSERT(same_bytes(b, expected));
        arch_samples_destroy(&expected);
        CU_ASSERT_EQUAL(arch_lab_wait(lab, ask_a, &expected), ARCH_E_ARG); /* once is enough */
        arch_samples_destroy(&a);
        arch_samples_destroy(&b);
        arch_lab_close(&lab);
    }
    arch_design_destroy(&two);
    arch_design_destroy(&three);
}

static void extends_points_by_what_they_lack(void)
{
    arch_design_t *two = read_design("examples/stage-2-horizontal.json", ARCH_SECOND);
    arch_lab_t *lab = open_lab((arch_lab_options_t){.threads = 2});
    arch_point_t point[2] = {{.design = two, .wanted = 2}, {.design = two, .wanted = 5}};

    CU_ASSERT_EQUAL_FATAL(arch_lab_extend(lab, point, 2), ARCH_OK);
    point[0].wanted = 5;
    CU_ASSERT_EQUAL_FATAL(arch_lab_extend(lab, point, 2), ARCH_OK);
    CU_ASSERT_EQUAL(point[0].samples->n, 5);
    CU_ASSERT(same_bytes(point[0].samples, point[1].samples));
    arch_samples_destroy(&point[0].samples);
    arch_samples_destroy(&point[1].samples);
    arch_lab_close(&lab);
    arch_design_destroy(&two);
}

static void goes_on_when_a_design_cannot(void)
{
    arch_design_t *good = read_design("examples/stage-2-horizontal.json", ARCH_SECOND);
    arch_design_t *bad = read_design("examples/stage-2-horizontal.json", 1000 * ARCH_SECOND);
    arch_lab_t *lab = open_lab((arch_lab_options_t){.threads = 2, .memory_limit = 4 << 20});
    arch_point_t point[2] = {{.design = bad, .wanted = 2}, {.design = good, .wanted = 2}};

    bad->workload[0].rate = 2000;
    CU_ASSERT_EQUAL_FATAL(arch_lab_extend(lab, point, 2), ARCH_OK);
    CU_ASSERT_EQUAL(point[0].status, ARCH_E_FULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(point[0].why, "memory limit"));
    CU_ASSERT_PTR_NULL(point[0].samples);
    CU_ASSERT_EQUAL(point[1].status, ARCH_OK);
    CU_ASSERT_EQUAL(point[1].samples->n, 2);
    CU_ASSERT_EQUAL_FATAL(arch_lab_extend(lab, point, 2), ARCH_OK); /* it is not asked again */
    arch_samples_destroy(&point[1].samples);
    arch_lab_close(&lab);
    arch_design_destroy(&good);
    arch_design_destroy(&bad);
}

static int stop_at_once(void *user, const arch_lab_progress_t *progress)
{
    *(uint32_t *)user += 1;
    return progress->jobs_asked > 0;
}

static void stops_when_told(void)
{
    uint32_t n_told = 0;
    arch_design_t *two = read_design("examples/stage-2-horizontal.json", 100000 * ARCH_SECOND);
    arch_lab_t *lab = open_lab((arch_lab_options_t){.threads = 2, .progress = stop_at_once, .user = &n_told});
    arch_samples_t *s = NULL;
    uint64_t ticket;

    CU_ASSERT_EQUAL_FATAL(arch_lab_ask(lab, two, 0, 4, &ticket), ARCH_OK);
    CU_ASSERT_EQUAL(arch_lab_wait(lab, ticket, &s), ARCH_E_CANCELLED);
    CU_ASSERT_PTR_NULL(s);
    CU_ASSERT_EQUAL(n_told, 1);
    arch_lab_close(&lab); /* and its threads end, though their jobs would take an hour */
    arch_design_destroy(&two);
}

/* ---- the journal ------------------------------------------------------------------------------------------------ */

static results_folder_t folder;
static char journal[240];
static uint32_t n_notes;

static void note(void *user, int is_warning, const char *text)
{
    (void)user, (void)text;
    n_notes += is_warning != 0;
}

static uint64_t events_now(const arch_lab_t *lab)
{
    arch_lab_progress_t p;

    arch_lab_progress(lab, &p);
    return p.jobs_done;
}

/* Ask for n replications; *known: jobs answered without waiting. */
static arch_samples_t *ask_with_journal(const arch_design_t *design, uint32_t n, uint64_t *known)
{
    arch_lab_t *lab = open_lab((arch_lab_options_t){.threads = 2, .journal = journal, .note = note});
    arch_samples_t *s = NULL;
    uint64_t ticket;

    CU_ASSERT_EQUAL_FATAL(arch_lab_ask(lab, design, 0, n, &ticket), ARCH_OK);
    *known = events_now(lab);
    CU_ASSERT_EQUAL_FATAL(arch_lab_wait(lab, ticket, &s), ARCH_OK);
    arch_lab_close(&lab);
    return s;
}

static void damage(const char *path)
{
    FILE *f = fopen(path, "r+b");
    int c;

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fseek(f, 3000, SEEK_SET);
    c = fgetc(f);
    fseek(f, 3000, SEEK_SET);
    fputc(c ^ 1, f);
    fclose(f);
}

static void begins_again_where_it_was(void)
{
    arch_design_t *two = read_design("examples/stage-2-horizontal.json", ARCH_SECOND), *other;
    arch_samples_t *first, *second, *third, *fourth;
    char sheet[260];
    uint64_t known;

    results_folder_file(&folder, "journal", journal, sizeof journal);
    first = ask_with_journal(two, 4, &known);
    CU_ASSERT_EQUAL(known, 0);
    second = ask_with_journal(two, 4, &known);
    CU_ASSERT(known > 0);
    CU_ASSERT(same_bytes(first, second));
    third = ask_with_journal(two, 7, &known); /* more than there is: the rest is simulated */
    CU_ASSERT(known > 0);
    CU_ASSERT_EQUAL(third->n, 7);
    other = read_design("examples/stage-2-horizontal.json", ARCH_SECOND);
    other->run.seed++;
    fourth = ask_with_journal(other, 4, &known);
    CU_ASSERT_EQUAL(known, 0); /* of another seed nothing is known */
    CU_ASSERT_FALSE(same_bytes(first, fourth));
    CU_ASSERT_EQUAL(n_notes, 0);
    arch_samples_destroy(&second);
    snprintf(sheet, sizeof sheet, "%s/000001.h5", journal);
    damage(sheet);
    second = ask_with_journal(two, 4, &known);
    CU_ASSERT_EQUAL(n_notes, 1);
    CU_ASSERT(same_bytes(first, second));
    arch_samples_destroy(&first);
    arch_samples_destroy(&second);
    arch_samples_destroy(&third);
    arch_samples_destroy(&fourth);
    arch_design_destroy(&other);
    arch_design_destroy(&two);
}

static void belongs_to_one_and_goes_when_all_is_done(void)
{
    arch_lab_t *lab, *second = NULL;
    arch_lab_options_t options = {.threads = 1, .journal = journal};
    struct stat info;

    results_folder_file(&folder, "journal", journal, sizeof journal);
    lab = open_lab(options);
    CU_ASSERT_EQUAL(arch_lab_open(&options, &second), ARCH_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "another process"));
    arch_lab_finish(&lab);
    CU_ASSERT_PTR_NULL(lab);
    CU_ASSERT_NOT_EQUAL(stat(journal, &info), 0);
}

int main(void)
{
    CU_pSuite suite;

    if (!results_folder_create(&folder))
        return 1;
    CU_initialize_registry();
    suite = CU_add_suite("lab", NULL, NULL);
    CU_ADD_TEST(suite, answers_what_a_run_finds);
    CU_ADD_TEST(suite, extends_points_by_what_they_lack);
    CU_ADD_TEST(suite, goes_on_when_a_design_cannot);
    CU_ADD_TEST(suite, stops_when_told);
    CU_ADD_TEST(suite, begins_again_where_it_was);
    CU_ADD_TEST(suite, belongs_to_one_and_goes_when_all_is_done);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    results_folder_destroy(&folder);
    return CU_get_number_of_failures() != 0;
}
