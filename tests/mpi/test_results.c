/* tests/mpi/test_results.c - a result file whose time series come from several ranks is the file that one process writes,
 * and one rank's failure is everyone's. */
#include "unit/results_sample.h"
#include <CUnit/Basic.h>
#include <mpi.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N_COMPONENTS = 701, N_INTERVALS = 60 };

static int      rank, n_ranks;
static MPI_Comm comm;
static char     folder[256];

/* ---- results spread over ranks -------------------------------------------------------------------------------------- */

static float value_at(uint32_t figure, uint32_t row, uint32_t interval)
{
    return (row + interval) % 97 == 13 ? (float)NAN : (float)(figure * 1000 + row) + 0.5f * (float)interval;
}

static void fill_rows(arch_results_t *r, uint32_t first, uint32_t n)
{
    arch_series_t *s = &r->component_series;
    float **figure[] = {&s->utilisation, &s->queue, &s->throughput, &s->latency};

    s->interval = ARCH_SECOND;
    s->n_intervals = N_INTERVALS;
    s->n_rows_total = N_COMPONENTS;
    s->first_row = first;
    s->n_rows = n;
    for (uint32_t f = 0; f < 4; f++) {
        *figure[f] = n == 0 ? NULL : arch_results_alloc(r, (size_t)n * N_INTERVALS * sizeof(float));
        for (uint32_t row = 0; row < n; row++)
            for (uint32_t i = 0; i < N_INTERVALS; i++)
                (*figure[f])[row * N_INTERVALS + i] = value_at(f, first + row, i);
    }
}

/* What rank 0 knows, and the rows first .. first + n - 1. */
static arch_results_t *results_with_rows(bool complete, uint32_t first, uint32_t n)
{
    arch_results_t *r = complete ? results_sample_large(N_COMPONENTS) : NULL;

    if (r == NULL)
        arch_results_create(&r);
    fill_rows(r, first, n);
    return r;
}

/* Uneven shares whose borders lie within chunks; with more than two ranks, rank 1 has nothing. */
static arch_results_t *my_share(void)
{
    int holders = n_ranks > 2 ? n_ranks - 1 : n_ranks;
    int place = n_ranks > 2 && rank > 1 ? rank - 1 : rank;
    uint32_t first = (uint32_t)(N_COMPONENTS * place / holders);
    uint32_t end = (uint32_t)(N_COMPONENTS * (place + 1) / holders);

    if (n_ranks > 2 && rank == 1)
        return results_with_rows(false, N_COMPONENTS, 0);
    return results_with_rows(rank == 0, first, end - first);
}

static void path_to(const char *name, char *path, size_t bytes) { snprintf(path, bytes, "%s/%s", folder, name); }

static long count_files(void)
{
    char command[300];
    long n = -1;
    FILE *pipe;

    snprintf(command, sizeof command, "ls -A '%s' | wc -l", folder);
    pipe = popen(command, "r");
    if (pipe != NULL && fscanf(pipe, "%ld", &n) != 1)
        n = -1;
    if (pipe != NULL)
        pclose(pipe);
    return n;
}

/* ---- tests -------------------------------------------------------------------------------------------------------- */

static void rows_of_all_ranks_make_the_file_of_one_process(void)
{
    arch_results_t *share = my_share(), *whole = results_with_rows(true, 0, N_COMPONENTS), *back = NULL;
    bool equal = false;
    char path[300], *text = NULL;

    path_to("together.h5", path, sizeof path);
    CU_ASSERT_EQUAL(arch_results_write(path, share, &comm), ARCH_OK);
    CU_ASSERT_EQUAL(arch_results_read(path, &back), ARCH_OK);
    if (back != NULL)
        CU_ASSERT_EQUAL(arch_results_diff(whole, back, &equal, &text), ARCH_OK);
    CU_ASSERT_TRUE(equal);
    if (!equal)
        fprintf(stderr, "rank %d: %s%s\n", rank, text == NULL ? "" : text, arch_error_text());
    MPI_Barrier(comm);
    if (rank == 0)
        CU_ASSERT_EQUAL(count_files(), 1);
    free(text);
    arch_results_destroy(&share);
    arch_results_destroy(&whole);
    arch_results_destroy(&back);
}

static void writes_the_same_bytes_twice(void)
{
    arch_results_t *share = my_share();
    char first[300], second[300], command[1000];

    path_to("together.h5", first, sizeof first);
    path_to("again.h5", second, sizeof second);
    CU_ASSERT_EQUAL(arch_results_write(second, share, &comm), ARCH_OK);
    snprintf(command, sizeof command, "cmp '%s' '%s' && rm '%s'", first, second, second);
    if (rank == 0)
        CU_ASSERT_EQUAL(system(command), 0);
    arch_results_destroy(&share);
}

static void a_folder_that_does_not_exist_fails_on_all_ranks(void)
{
    arch_results_t *share = my_share();
    arch_status_t st;
    char path[300];

    path_to("no/such/folder.h5", path, sizeof path);
    st = arch_results_write(path, share, &comm);
    CU_ASSERT_EQUAL(st, rank == 0 ? ARCH_E_IO : ARCH_E_PEER);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "no/such/folder.h5"));
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "No such file or directory"));
    arch_results_destroy(&share);
}

static void wrong_rows_on_one_rank_fail_on_all_and_change_nothing(void)
{
    arch_results_t *share = my_share();
    arch_status_t st;
    char path[300];

    path_to("together.h5", path, sizeof path);
    if (rank == n_ranks - 1)
        share->component_series.first_row = N_COMPONENTS;
    st = arch_results_write(path, share, &comm);
    CU_ASSERT_EQUAL(st, rank == n_ranks - 1 ? ARCH_E_ARG : ARCH_E_PEER);
    if (rank == 0)
        CU_ASSERT_EQUAL(count_files(), 1);
    arch_results_destroy(&share);
}

static void another_shape_on_one_rank_fails_on_all(void)
{
    arch_results_t *share = my_share();
    char path[300];

    path_to("together.h5", path, sizeof path);
    if (rank == n_ranks - 1 && n_ranks > 1)
        share->component_series.n_intervals = 1;
    if (n_ranks > 1)
        CU_ASSERT_NOT_EQUAL(arch_results_write(path, share, &comm), ARCH_OK);
    arch_results_destroy(&share);
}

/* The file may not grow beyond what its content without the rows needs: rank 0 must see it before the others write. */
static void a_full_disk_fails_on_all_ranks_and_leaves_nothing(void)
{
    arch_results_t *share = my_share();
    arch_status_t st;
    char path[300];

    path_to("full.h5", path, sizeof path);
    results_limit_file_size(100000);
    st = arch_results_write(path, share, &comm);
    results_limit_file_size(0);
    CU_ASSERT_EQUAL(st, rank == 0 ? ARCH_E_IO : ARCH_E_PEER);
    MPI_Barrier(comm);
    if (rank == 0)
        CU_ASSERT_EQUAL(count_files(), 1);
    MPI_Barrier(comm);
    arch_results_destroy(&share);
}

/* ---- main --------------------------------------------------------------------------------------------------------- */

static void make_folder(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(folder, sizeof folder, "%s/arch-results-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (rank == 0 && mkdtemp(folder) == NULL)
        folder[0] = '\0';
    MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, comm);
}

static void remove_folder(void)
{
    char path[300];

    MPI_Barrier(comm);
    path_to("together.h5", path, sizeof path);
    if (rank == 0) {
        unlink(path);
        CU_ASSERT_EQUAL(rmdir(folder), 0);
    }
}

int main(int argc, char **argv)
{
    unsigned failures;
    CU_pSuite suite;

    MPI_Init(&argc, &argv);
    comm = MPI_COMM_WORLD;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &n_ranks);
    make_folder();
    CU_initialize_registry();
    suite = CU_add_suite("results of many ranks", NULL, NULL);
    CU_ADD_TEST(suite, rows_of_all_ranks_make_the_file_of_one_process);
    CU_ADD_TEST(suite, writes_the_same_bytes_twice);
    CU_ADD_TEST(suite, a_folder_that_does_not_exist_fails_on_all_ranks);
    CU_ADD_TEST(suite, wrong_rows_on_one_rank_fail_on_all_and_change_nothing);
    CU_ADD_TEST(suite, another_shape_on_one_rank_fails_on_all);
    CU_ADD_TEST(suite, a_full_disk_fails_on_all_ranks_and_leaves_nothing);
    CU_ADD_TEST(suite, remove_folder);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}
