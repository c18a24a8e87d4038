/* tests/unit/test_results_file.c - a result file is whole and brings everything back, or it is not there. */
#include "unit/results_folder.h"
#include "unit/results_sample.h"
#include <CUnit/Basic.h>
#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static results_folder_t folder;
static char             path[300];

/* ---- helpers ------------------------------------------------------------------------------------------------------ */

static void write_and_read(const arch_results_t *r, arch_results_t **back)
{
    *back = NULL;
    CU_ASSERT_EQUAL_FATAL(arch_results_write(path, r, NULL), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_results_read(path, back), ARCH_OK);
}

static void are_equal(const arch_results_t *a, const arch_results_t *b)
{
    bool equal = false;
    char *text = NULL;

    CU_ASSERT_EQUAL(arch_results_diff(a, b, &equal, &text), ARCH_OK);
    CU_ASSERT_TRUE(equal);
    if (!equal)
        fprintf(stderr, "%s", text == NULL ? arch_error_text() : text);
    free(text);
}

/* The write fails with `st`, names the file and the reason, and leaves the folder with `n_files` files. */
static void write_fails(const char *to, arch_status_t st, const char *reason, int n_files)
{
    arch_results_t *r = results_sample();

    CU_ASSERT_EQUAL(arch_results_write(to, r, NULL), st);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), to));
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), reason));
    if (strstr(arch_error_text(), reason) == NULL)
        fprintf(stderr, "said: %s\n", arch_error_text());
    CU_ASSERT_EQUAL(results_folder_count(&folder), n_files);
    arch_results_destroy(&r);
}

static void read_fails(const char *from, arch_status_t st, const char *reason)
{
    arch_results_t *back = (arch_results_t *)&folder;

    CU_ASSERT_EQUAL(arch_results_read(from, &back), st);
    CU_ASSERT_PTR_NULL(back);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), reason));
    if (strstr(arch_error_text(), reason) == NULL)
        fprintf(stderr, "said: %s\n", arch_error_text());
}

/* ---- what is written comes back -------------------------------------------------------------------------------------- */

static void everything_comes_back(void)
{
    arch_results_t *r = results_sample(), *back;

    write_and_read(r, &back);
    are_equal(r, back);
    CU_ASSERT_STRING_EQUAL(back->design, r->design);
    CU_ASSERT_STRING_EQUAL(back->name, r->name);
    CU_ASSERT_STRING_EQUAL(back->provenance.host, "node-1");
    CU_ASSERT_STRING_EQUAL(back->provenance.started, "2024-05-01T12:00:00Z");
    CU_ASSERT_TRUE(back->provenance.wall_seconds == 2.084);
    CU_ASSERT_EQUAL(back->provenance.events, 12345678);
    CU_ASSERT_STRING_EQUAL(back->engine.executor, "conservative");
    CU_ASSERT_EQUAL(back->engine.n_ranks, 3);
    CU_ASSERT_EQUAL(back->engine.rank[1].messages, 12345);
    CU_ASSERT_EQUAL(back->engine.rank[2].group, ARCH_NONE);
    CU_ASSERT_TRUE(isnan(back->engine.rank[2].efficiency));
    CU_ASSERT_EQUAL(back->engine.n_groups, 1);
    CU_ASSERT_STRING_EQUAL(back->engine.group[0].name, "group 0");
    CU_ASSERT_EQUAL(back->engine.group[0].peak_bytes, 16 << 20);
    CU_ASSERT_PTR_NULL(back->track);
    CU_ASSERT_FALSE(back->objectives_met);
    CU_ASSERT_FALSE(back->operation[1].p999.supported);
    CU_ASSERT_TRUE(back->operation[1].p99.supported);
    CU_ASSERT_TRUE(isnan(back->operation[1].p99.half_width));
    CU_ASSERT_PTR_NULL(back->operation_series.queue);
    CU_ASSERT_EQUAL(results_folder_count(&folder), 1);
    arch_results_destroy(&r);
    arch_results_destroy(&back);
}

static void the_report_of_what_comes_back_is_the_same(void)
{
    arch_results_t *r = results_sample(), *back;
    char *before = NULL, *after = NULL;

    write_and_read(r, &back);
    CU_ASSERT_EQUAL(arch_results_json_with_engine(r, &before), ARCH_OK);
    CU_ASSERT_EQUAL(arch_results_json_with_engine(back, &after), ARCH_OK);
    CU_ASSERT_STRING_EQUAL(before, after);
    free(before);
    free(after);
    arch_results_destroy(&r);
    arch_results_destroy(&back);
}

static void empty_results_come_back_too(void)
{
    arch_results_t *r = NULL, *back;

    CU_ASSERT_EQUAL_FATAL(arch_results_create(&r), ARCH_OK);
    write_and_read(r, &back);
    are_equal(r, back);
    CU_ASSERT_EQUAL(back->n_operations + back->n_components + back->n_objectives + back->n_findings, 0);
    CU_ASSERT_TRUE(back->objectives_met);
    arch_results_destroy(&r);
    arch_results_destroy(&back);
}

static void rows_without_intervals_come_back(void)
{
    arch_results_t *r = results_sample(), *back;

    r->component_series.n_intervals = 0;
    r->operation_series.n_rows = r->operation_series.n_rows_total = 0;
    r->operation_series.n_intervals = 0;
    write_and_read(r, &back);
    are_equal(r, back);
    arch_results_destroy(&r);
    arch_results_destroy(&back);
}

static void a_large_result_comes_back_compressed(void)
{
    enum { N = 20000, T = 60 };
    arch_results_t *r = results_sample_large(N), *back;
    float *values = arch_results_alloc(r, (size_t)N * T * sizeof *values);
    struct stat file;

    for (uint32_t i = 0; i < N * T; i++)
        values[i] = (float)(i / T) / N;
    r->component_series.interval = ARCH_SECOND;
    r->component_series.n_intervals = T;
    r->component_series.n_rows = r->component_series.n_rows_total = N;
    r->component_series.utilisation = r->component_series.queue = values;
    r->component_series.throughput = r->component_series.latency = values;
    write_and_read(r, &back);
    are_equal(r, back);
    CU_ASSERT_EQUAL(stat(path, &file), 0);
    CU_ASSERT_TRUE((size_t)file.st_size < (size_t)N * T * sizeof(float) / 2); /* four such series and the tables */
    arch_results_destroy(&r);
    arch_results_destroy(&back);
}

static void two_equal_results_are_two_equal_files(void)
{
    arch_results_t *r = results_sample();
    unsigned char *first, *second;
    size_t n_first, n_second;

    CU_ASSERT_EQUAL(arch_results_write(path, r, NULL), ARCH_OK);
    first = results_slurp(path, &n_first);
    sleep(1); /* a clock in the file would show */
    CU_ASSERT_EQUAL(arch_results_write(path, r, NULL), ARCH_OK);
    second = results_slurp(path, &n_second);
    CU_ASSERT_EQUAL_FATAL(n_first, n_second);
    CU_ASSERT_EQUAL(memcmp(first, second, n_first), 0);
    free(first);
    free(second);
    arch_results_destroy(&r);
}

/* ---- what cannot be written leaves nothing -------------------------------------------------------------------------- */

static void an_existing_file_is_replaced_as_a_whole(void)
{
    arch_results_t *r = results_sample(), *back;

    CU_ASSERT_TRUE(results_spill(path, "old", 3));
    write_and_read(r, &back);
    are_equal(r, back);
    CU_ASSERT_EQUAL(results_folder_count(&folder), 1);
    arch_results_destroy(&r);
    arch_results_destroy(&back);
}

static void a_folder_that_does_not_exist_is_named_with_the_reason(void)
{
    write_fails("/no/such/folder/run.h5", ARCH_E_IO, "No such file or directory", 1);
}

static void a_folder_without_permission_is_named_with_the_reason(void)
{
    write_fails("/proc/run.h5", ARCH_E_IO, "cannot be written: ", 1); /* also for root */
}

static void a_folder_is_not_a_file(void) { write_fails(folder.path, ARCH_E_IO, "it is not a file", 1); }

static void a_name_that_is_too_long_is_refused(void)
{
    arch_results_t *r = results_sample();
    char longest[6000];

    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    CU_ASSERT_EQUAL(arch_results_write(longest, r, NULL), ARCH_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "File name too long"));
    arch_results_destroy(&r);
}

static void a_full_disk_leaves_the_old_file_untouched(void)
{
    unsigned char *data;
    size_t n;

    CU_ASSERT_TRUE(results_spill(path, "old", 3));
    for (unsigned long limit = 100; limit < 60000; limit += 7000) {
        results_limit_file_size(limit);
        write_fails(path, ARCH_E_IO, "File too large", 1);
        results_limit_file_size(0);
    }
    data = results_slurp(path, &n);
    CU_ASSERT_EQUAL(n, 3);
    CU_ASSERT_EQUAL(memcmp(data, "old", 3), 0);
    free(data);
}

static void a_probe_foresees_a_failure_and_leaves_nothing(void)
{
    CU_ASSERT_TRUE(results_spill(path, "old", 3));
    CU_ASSERT_EQUAL(arch_results_probe(path), ARCH_OK);
    CU_ASSERT_EQUAL(results_folder_count(&folder), 1);
    CU_ASSERT_EQUAL(arch_results_probe("/no/such/folder/run.h5"), ARCH_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "/no/such/folder/run.h5: cannot be written: No such file"));
    CU_ASSERT_EQUAL(arch_results_probe(folder.path), ARCH_E_IO);
}

static void series_that_do_not_fit_their_rows_are_refused(void)
{
    arch_results_t *r = results_sample();

    CU_ASSERT_TRUE(results_spill(path, "old", 3));
    r->component_series.n_rows_total = 7;
    CU_ASSERT_EQUAL(arch_results_write(path, r, NULL), ARCH_E_ARG);
    r->component_series.n_rows_total = 6;
    r->component_series.first_row = 1;
    CU_ASSERT_EQUAL(arch_results_write(path, r, NULL), ARCH_E_ARG);
    r->component_series.first_row = 0;
    r->component_series.queue = NULL;
    CU_ASSERT_EQUAL(arch_results_write(path, r, NULL), ARCH_E_ARG);
    CU_ASSERT_EQUAL(results_folder_count(&folder), 1);
    arch_results_destroy(&r);
}

/* ---- what is not ours is refused ------------------------------------------------------------------------------------ */

static void a_file_that_is_not_there_is_not_found(void)
{
    read_fails("/no/such/run.h5", ARCH_E_NOTFOUND, "/no/such/run.h5: cannot be read: No such file or directory");
}

static void a_folder_cannot_be_read(void) { read_fails(folder.path, ARCH_E_IO, "Is a directory"); }

static void other_files_are_told_apart(void)
{
    CU_ASSERT_TRUE(results_spill(path, "", 0));
    read_fails(path, ARCH_E_FORMAT, "is empty");
    CU_ASSERT_TRUE(results_spill(path, "{\"services\": []}", 16));
    read_fails(path, ARCH_E_FORMAT, "is not a result of architech (HDF5)");
    CU_ASSERT_TRUE(results_spill(path, "architech results\nformat 2\nbytes 40\n", 36));
    read_fails(path, ARCH_E_FORMAT, "is of format 2, this version reads format 1");
    CU_ASSERT_TRUE(results_spill(path, "architech results\nformat 1\nbytes 40\n", 36));
    read_fails(path, ARCH_E_FORMAT, "is damaged");
}

static void an_hdf5_file_of_somebody_else_is_refused(void)
{
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);

    CU_ASSERT_TRUE_FATAL(file > 0);
    H5Fclose(file);
    read_fails(path, ARCH_E_FORMAT, "is an HDF5 file, but not one that architech wrote");
}

static void the_library_s_own_printing_is_as_the_program_left_it(void)
{
    H5E_auto2_t before, after;
    void *data;

    H5Eget_auto2(H5E_DEFAULT, &before, &data);
    everything_comes_back();
    H5Eget_auto2(H5E_DEFAULT, &after, &data);
    CU_ASSERT_TRUE(before == after && before != NULL);
}

int main(void)
{
    unsigned failures;
    CU_pSuite suite;

    if (!results_folder_create(&folder))
        return 1;
    results_folder_file(&folder, "run.h5", path, sizeof path);
    CU_initialize_registry();
    suite = CU_add_suite("result files", NULL, NULL);
    CU_ADD_TEST(suite, everything_comes_back);
    CU_ADD_TEST(suite, the_report_of_what_comes_back_is_the_same);
    CU_ADD_TEST(suite, empty_results_come_back_too);
    CU_ADD_TEST(suite, rows_without_intervals_come_back);
    CU_ADD_TEST(suite, a_large_result_comes_back_compressed);
    CU_ADD_TEST(suite, two_equal_results_are_two_equal_files);
    CU_ADD_TEST(suite, an_existing_file_is_replaced_as_a_whole);
    CU_ADD_TEST(suite, a_folder_that_does_not_exist_is_named_with_the_reason);
    CU_ADD_TEST(suite, a_folder_without_permission_is_named_with_the_reason);
    CU_ADD_TEST(suite, a_folder_is_not_a_file);
    CU_ADD_TEST(suite, a_name_that_is_too_long_is_refused);
    CU_ADD_TEST(suite, a_full_disk_leaves_the_old_file_untouched);
    CU_ADD_TEST(suite, a_probe_foresees_a_failure_and_leaves_nothing);
    CU_ADD_TEST(suite, series_that_do_not_fit_their_rows_are_refused);
    CU_ADD_TEST(suite, a_file_that_is_not_there_is_not_found);
    CU_ADD_TEST(suite, a_folder_cannot_be_read);
    CU_ADD_TEST(suite, other_files_are_told_apart);
    CU_ADD_TEST(suite, an_hdf5_file_of_somebody_else_is_refused);
    CU_ADD_TEST(suite, the_library_s_own_printing_is_as_the_program_left_it);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    results_folder_destroy(&folder);
    return failures == 0 ? 0 : 1;
}
