/* tests/unit/test_results_damage.c - a damaged result file is refused with a reason, whatever the damage.
 * First what happens to disks and transfers: flipped bits, lost ends. Then files whose seal is right and whose content is
 * not what architech writes. */
#include "io/results_h5.h"
#include "unit/results_folder.h"
#include "unit/results_sample.h"
#include <CUnit/Basic.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_FLIPS = 2000 };

static results_folder_t folder;
static char             path[300];
static unsigned char   *sound; /* bytes of a file that reads well */
static size_t           n_sound;

/* ---- helpers ------------------------------------------------------------------------------------------------------ */

static bool write_sound(void)
{
    arch_results_t *r = results_sample();
    bool ok = arch_results_write(path, r, NULL) == ARCH_OK;

    arch_results_destroy(&r);
    free(sound);
    sound = results_slurp(path, &n_sound);
    return ok && sound != NULL;
}

/* xorshift (Marsaglia 2003): the same damage in every run. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static bool is_refused(void)
{
    arch_results_t *back = NULL;
    arch_status_t st = arch_results_read(path, &back);
    bool refused = st == ARCH_E_FORMAT && back == NULL && strstr(arch_error_text(), path) != NULL;

    if (!refused)
        fprintf(stderr, "%s: %s\n", arch_status_name(st), arch_error_text());
    arch_results_destroy(&back);
    return refused;
}

static bool put_byte(size_t at, unsigned char byte)
{
    int fd = open(path, O_WRONLY);
    bool ok = fd >= 0 && pwrite(fd, &byte, 1, (off_t)at) == 1;

    return fd >= 0 && close(fd) == 0 && ok;
}

static void flip_is_refused(size_t at, int bit)
{
    CU_ASSERT_TRUE(put_byte(at, (unsigned char)(sound[at] ^ 1u << bit)));
    CU_ASSERT_TRUE(is_refused());
    CU_ASSERT_TRUE(put_byte(at, sound[at]));
}

/* ---- damage ------------------------------------------------------------------------------------------------------- */

static void any_flipped_bit_of_the_seal_is_seen(void)
{
    CU_ASSERT_TRUE_FATAL(write_sound());
    for (size_t at = 0; at < ARCHI_SEAL_BYTES; at += at < 96 ? 1 : 13)
        flip_is_refused(at, (int)(at % 8));
}

static void any_flipped_bit_of_the_rest_is_seen(void)
{
    uint64_t state = 88172645463325252u;

    CU_ASSERT_TRUE_FATAL(write_sound());
    for (int i = 0; i < N_FLIPS; i++) {
        uint64_t r = next_random(&state);
        flip_is_refused((size_t)((r >> 3) % n_sound), (int)(r % 8));
    }
}

static void any_lost_end_is_seen(void)
{
    CU_ASSERT_TRUE_FATAL(write_sound());
    for (size_t n = 0; n < n_sound; n += n < 1024 ? 37 : 1021) {
        CU_ASSERT_TRUE(results_spill(path, sound, n));
        CU_ASSERT_TRUE(is_refused());
    }
    CU_ASSERT_TRUE(results_spill(path, sound, n_sound - 1));
    CU_ASSERT_TRUE(is_refused());
}

static void anything_added_is_seen(void)
{
    CU_ASSERT_TRUE_FATAL(write_sound());
    CU_ASSERT_TRUE(results_spill(path, sound, n_sound + 1)); /* results_slurp() made room for one byte more */
    CU_ASSERT_TRUE(is_refused());
}

/* ---- content that architech would not write --------------------------------------------------------------------------- */

static bool seal(void)
{
    int fd = open(path, O_RDWR);
    char bytes[ARCHI_SEAL_BYTES];
    uint64_t n;
    bool ok = fd >= 0 && archi_seal_compute(fd, path, &n, bytes) == ARCH_OK &&
              pwrite(fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes;

    return fd >= 0 && close(fd) == 0 && ok;
}

static hid_t open_sound(void)
{
    hid_t file;

    CU_ASSERT_TRUE_FATAL(write_sound());
    file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    CU_ASSERT_TRUE_FATAL(file > 0);
    return file;
}

/* Closes the changed file, seals it, and wants it refused for `reason`. */
static void changed_is_refused(hid_t file, const char *reason)
{
    H5Fclose(file);
    CU_ASSERT_TRUE_FATAL(seal());
    CU_ASSERT_TRUE(is_refused());
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), reason));
    if (strstr(arch_error_text(), reason) == NULL)
        fprintf(stderr, "said: %s\n", arch_error_text());
}

static void replace(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims)
{
    hid_t space = H5Screate_simple(rank, dims, NULL), data;

    H5Ldelete(file, name, H5P_DEFAULT);
    data = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT_TRUE(data > 0);
    H5Dclose(data);
    H5Sclose(space);
}

static void overwrite(hid_t file, const char *name, hid_t type, const void *values)
{
    hid_t data = H5Dopen2(file, name, H5P_DEFAULT);

    CU_ASSERT_TRUE(H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(data);
}

static void a_sealed_sound_file_is_read(void)
{
    arch_results_t *back = NULL;

    H5Fclose(open_sound());
    CU_ASSERT_TRUE(seal());
    CU_ASSERT_EQUAL(arch_results_read(path, &back), ARCH_OK);
    arch_results_destroy(&back);
}

static void a_missing_column_is_named(void)
{
    hid_t file = open_sound();

    H5Ldelete(file, "/components/queue_half_width", H5P_DEFAULT);
    changed_is_refused(file, "/components/queue_half_width: cannot be read");
}

static void a_missing_attribute_is_named(void)
{
    hid_t file = open_sound();

    H5Adelete(file, "digest");
    changed_is_refused(file, "digest: cannot be read");
}

static void a_file_from_before_the_engine_counted_is_read(void)
{
    hid_t file = open_sound();
    arch_results_t *back = NULL;

    H5Ldelete(file, "/engine", H5P_DEFAULT);
    H5Fclose(file);
    CU_ASSERT_TRUE_FATAL(seal());
    CU_ASSERT_EQUAL_FATAL(arch_results_read(path, &back), ARCH_OK);
    CU_ASSERT_EQUAL(back->engine.n_ranks, 0);
    CU_ASSERT_STRING_EQUAL(back->engine.executor, "");
    arch_results_destroy(&back);
}

static void a_missing_figure_of_the_engine_is_named(void)
{
    hid_t file = open_sound();

    H5Ldelete(file, "/engine/ranks/bytes", H5P_DEFAULT);
    changed_is_refused(file, "/engine/ranks/bytes: cannot be read");
}

static void a_column_of_another_length_is_named(void)
{
    const hsize_t n = 5;
    hid_t file = open_sound();

    replace(file, "/components/arrived", H5T_STD_U64LE, 1, &n);
    changed_is_refused(file, "/components/arrived: has another number of rows");
}

static void a_column_of_another_type_is_named(void)
{
    const hsize_t n = 6;
    hid_t file = open_sound();

    replace(file, "/components/arrived", H5T_IEEE_F32LE, 1, &n);
    changed_is_refused(file, "/components/arrived: has another type");
}

static void a_text_of_varying_width_is_refused(void)
{
    const hsize_t n = 6;
    hid_t file = open_sound(), type = H5Tcopy(H5T_C_S1);

    H5Tset_size(type, H5T_VARIABLE);
    replace(file, "/components/name", type, 1, &n);
    H5Tclose(type);
    changed_is_refused(file, "/components/name: is not a text of fixed width");
}

static void another_number_of_dimensions_is_refused(void)
{
    const hsize_t dims[2] = {2, 3};
    hid_t file = open_sound();

    replace(file, "/components/arrived", H5T_STD_U64LE, 2, dims);
    changed_is_refused(file, "/components/arrived: has another number of dimensions");
}

static void an_unknown_word_is_refused(void)
{
    const hsize_t n = 6;
    hid_t file = open_sound(), type = H5Tcopy(H5T_C_S1);

    H5Tset_size(type, 3);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    replace(file, "/components/kind", type, 1, &n);
    overwrite(file, "/components/kind", type, "ufoufoufoufoufoufo");
    H5Tclose(type);
    changed_is_refused(file, "/components/kind: has a word that this version does not know");
}

/* A dataset without its data takes no space in the file, whatever it claims. */
static void a_size_that_the_file_cannot_hold_is_not_believed(void)
{
    const hsize_t many[2] = {6, 1u << 31}, more = 3000000000u;
    hid_t file = open_sound();

    replace(file, "/series/component/utilisation", H5T_IEEE_F32LE, 2, many);
    changed_is_refused(file, "/series/component/utilisation: is larger than its file can hold");
    file = open_sound();
    replace(file, "/operations/name", H5T_STD_U64LE, 1, &more);
    changed_is_refused(file, "/operations/name");
    file = open_sound();
    replace(file, "/histograms/low", H5T_IEEE_F64LE, 1, &more);
    changed_is_refused(file, "/histograms/low: is larger than its file can hold");
}

static void histograms_that_point_outside_are_refused(void)
{
    const uint64_t beyond[3] = {0, 9, 5}, back[3] = {0, 7, 5}, late[3] = {1, 3, 5}, less[3] = {0, 3, 4};
    const uint64_t *wrong[] = {beyond, back, late, less};

    for (int i = 0; i < 4; i++) {
        hid_t file = open_sound();

        overwrite(file, "/histograms/offset", H5T_NATIVE_UINT64, wrong[i]);
        changed_is_refused(file, "/histograms/offset: does not");
    }
}

static void a_digest_that_is_no_number_is_refused(void)
{
    hid_t file = open_sound(), attribute = H5Aopen(file, "digest", H5P_DEFAULT), type = H5Aget_type(attribute);

    CU_ASSERT_TRUE(H5Awrite(attribute, type, "not a digest 123") >= 0);
    H5Tclose(type);
    H5Aclose(attribute);
    changed_is_refused(file, "digest: is not a number of 16 hexadecimal digits");
}

static void series_of_another_shape_than_their_table_are_refused(void)
{
    const hsize_t dims[2] = {6, 3}, rows[2] = {5, 4};
    hid_t file = open_sound();

    replace(file, "/series/component/queue", H5T_IEEE_F32LE, 2, dims);
    changed_is_refused(file, "/series/component/queue: has another number of rows");
    file = open_sound();
    replace(file, "/series/component/utilisation", H5T_IEEE_F32LE, 2, rows);
    changed_is_refused(file, "/series/component/utilisation: has another number of rows");
}

int main(void)
{
    unsigned failures;
    CU_pSuite suite;

    if (!results_folder_create(&folder))
        return 1;
    results_folder_file(&folder, "run.h5", path, sizeof path);
    CU_initialize_registry();
    suite = CU_add_suite("damaged result files", NULL, NULL);
    CU_ADD_TEST(suite, any_flipped_bit_of_the_seal_is_seen);
    CU_ADD_TEST(suite, any_flipped_bit_of_the_rest_is_seen);
    CU_ADD_TEST(suite, any_lost_end_is_seen);
    CU_ADD_TEST(suite, anything_added_is_seen);
    CU_ADD_TEST(suite, a_sealed_sound_file_is_read);
    CU_ADD_TEST(suite, a_missing_column_is_named);
    CU_ADD_TEST(suite, a_missing_attribute_is_named);
    CU_ADD_TEST(suite, a_file_from_before_the_engine_counted_is_read);
    CU_ADD_TEST(suite, a_missing_figure_of_the_engine_is_named);
    CU_ADD_TEST(suite, a_column_of_another_length_is_named);
    CU_ADD_TEST(suite, a_column_of_another_type_is_named);
    CU_ADD_TEST(suite, a_text_of_varying_width_is_refused);
    CU_ADD_TEST(suite, another_number_of_dimensions_is_refused);
    CU_ADD_TEST(suite, an_unknown_word_is_refused);
    CU_ADD_TEST(suite, a_size_that_the_file_cannot_hold_is_not_believed);
    CU_ADD_TEST(suite, histograms_that_point_outside_are_refused);
    CU_ADD_TEST(suite, a_digest_that_is_no_number_is_refused);
    CU_ADD_TEST(suite, series_of_another_shape_than_their_table_are_refused);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    free(sound);
    results_folder_destroy(&folder);
    return failures == 0 ? 0 : 1;
}
