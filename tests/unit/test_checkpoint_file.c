/* tests/unit/test_checkpoint_file.c - a checkpoint's file gives back what went in, or is refused with a reason: cut short,
 * flipped, of another version, with blocks that changed places, or full of numbers that cannot be. */
#include "io/checkpoint_h5.h"
#include "io/checkpoint_sum.h"
#include "unit/results_folder.h"
#include <CUnit/Basic.h>
#include <architech/version.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { N_ELEMENTS = 7, N_BLOCKS = 3, N_FLIPS = 500, BLOCK_BYTES = 3000 };

static results_folder_t folder;
static char path[300];
static const uint32_t block_of[N_ELEMENTS] = {0, 1, 2, 0, 1, 2, 2};
static const uint32_t finished[2] = {1, 4};
static const uint64_t words[5] = {9, 0, UINT64_MAX, 1, 2};
static unsigned char block[N_BLOCKS][BLOCK_BYTES];

/* ---- helpers ------------------------------------------------------------------------------------------------------ */

static archi_checkpoint_head_t sample_head(void)
{
    archi_checkpoint_head_t h = {.design_hash = 0x1234567890abcdefu,
                                 .seed = UINT64_MAX,
                                 .replications = 10,
                                 .n_elements = N_ELEMENTS,
                                 .n_blocks = N_BLOCKS,
                                 .duration = 1000000000000,
                                 .leg = 3,
                                 .group = 1,
                                 .n_groups = 2,
                                 .generation = 17,
                                 .file = 0,
                                 .n_files = 2};

    strcpy(h.product, ARCH_VERSION);
    strcpy(h.design, "shop");
    strcpy(h.written, "2026-01-01T00:00:00Z");
    return h;
}

static arch_status_t write_with(const archi_checkpoint_head_t *head)
{
    archi_checkpoint_writer_t *w;
    uint64_t bytes;

    unlink(path);
    ARCH_TRY(archi_checkpoint_open(path, head, block_of, &w));
    for (uint32_t i = 0; i < N_BLOCKS; i++) {
        archi_checkpoint_block_t about = {
            .replication = 5, .block = i, .bytes = BLOCK_BYTES - i, .now = 77, .n_events = i};
        memset(block[i], (int)('a' + i), BLOCK_BYTES);
        block[i][100] = (unsigned char)i;
        if (archi_checkpoint_add(w, &about, block[i]) != ARCH_OK) {
            archi_checkpoint_abandon(&w);
            return arch_error_status();
        }
    }
    return archi_checkpoint_close(&w, finished, 2, words, 5, &bytes);
}

static bool write_sound(void)
{
    archi_checkpoint_head_t h = sample_head();

    return write_with(&h) == ARCH_OK;
}

static bool refused_for(const char *reason)
{
    archi_checkpoint_t *c = NULL;
    arch_status_t st = archi_checkpoint_read(path, false, &c);

    if (st == ARCH_OK)
        st = archi_checkpoint_verify(c);
    archi_checkpoint_free(&c);
    if (st == ARCH_E_FORMAT && strstr(arch_error_text(), path) != NULL && strstr(arch_error_text(), reason) != NULL)
        return true;
    fprintf(stderr, "%s: %s\n", arch_status_name(st), arch_error_text());
    return false;
}

static void seal_again(void)
{
    char seal[ARCHI_CHECKPOINT_SEAL];
    int fd = open(path, O_RDWR);

    CU_ASSERT_EQUAL(archi_checkpoint_seal(fd, path, NULL, 0, seal), ARCH_OK);
    CU_ASSERT_EQUAL(pwrite(fd, seal, sizeof seal, 0), (ssize_t)sizeof seal);
    close(fd);
}

/* Overwrite the dataset `name` through the library and seal the file anew. */
static void tamper(const char *name, size_t entry_bytes, const void *data)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), set = H5Dopen2(file, name, H5P_DEFAULT);
    hid_t type = archi_checkpoint_type(entry_bytes);

    CU_ASSERT(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    archi_h5_close_type(type);
    archi_h5_close_data(set);
    H5Fclose(file);
    seal_again();
}

/* ---- tests -------------------------------------------------------------------------------------------------------- */

/* Vectors from the reference implementation, xxhash 0.8.1. */
static void sums_are_those_of_xxh64(void)
{
    unsigned char counting[101];
    archi_sum_t s;

    for (int i = 0; i < 101; i++)
        counting[i] = (unsigned char)i;
    CU_ASSERT_EQUAL(archi_sum_of("", 0), 0xef46db3751d8e999u);
    CU_ASSERT_EQUAL(archi_sum_of("abc", 3), 0x44bc2cf5ad770999u);
    CU_ASSERT_EQUAL(archi_sum_of("Nobody inspects the spammish repetition", 39), 0xfbcea83c8a378bf1u);
    CU_ASSERT_EQUAL(archi_sum_of(counting, 101), 0xe99038495f85381eu);
    for (size_t piece = 1; piece < 101; piece++) {
        archi_sum_begin(&s);
        for (size_t at = 0; at < 101; at += piece)
            archi_sum_add(&s, counting + at, at + piece > 101 ? 101 - at : piece);
        CU_ASSERT_EQUAL(archi_sum_end(&s), 0xe99038495f85381eu);
    }
}

static void gives_back_what_went_in(void)
{
    archi_checkpoint_head_t h = sample_head();
    archi_checkpoint_t *c = NULL;

    CU_ASSERT_TRUE_FATAL(write_sound());
    CU_ASSERT_TRUE(archi_checkpoint_is(path));
    CU_ASSERT_EQUAL_FATAL(archi_checkpoint_read(path, false, &c), ARCH_OK);
    for (const archi_checkpoint_attribute_t *a = archi_checkpoint_attributes; a->name != NULL; a++)
        CU_ASSERT_EQUAL(memcmp((char *)&c->head + a->offset, (char *)&h + a->offset, a->bytes), 0);
    CU_ASSERT_EQUAL(memcmp(c->block_of, block_of, sizeof block_of), 0);
    CU_ASSERT_EQUAL_FATAL(c->n_finished, 2);
    CU_ASSERT_EQUAL(memcmp(c->finished, finished, sizeof finished), 0);
    CU_ASSERT_EQUAL_FATAL(c->n_words, 5);
    CU_ASSERT_EQUAL(memcmp(c->statistics, words, sizeof words), 0);
    CU_ASSERT_EQUAL_FATAL(c->n_blocks_here, N_BLOCKS);
    for (uint32_t i = 0; i < N_BLOCKS; i++) {
        void *bytes = NULL;
        CU_ASSERT_EQUAL(archi_checkpoint_bytes(c, i, &bytes), ARCH_OK);
        CU_ASSERT(c->block[i].replication == 5 && c->block[i].block == i && c->block[i].now == 77);
        CU_ASSERT(c->block[i].bytes == BLOCK_BYTES - i && c->block[i].n_events == i);
        CU_ASSERT(bytes != NULL && memcmp(bytes, block[i], BLOCK_BYTES - i) == 0);
        free(bytes);
    }
    CU_ASSERT_EQUAL(archi_checkpoint_verify(c), ARCH_OK);
    archi_checkpoint_free(&c);
}

static void any_flipped_bit_is_seen(void)
{
    uint64_t state = 88172645463325252u;
    unsigned char *sound;
    size_t n = 0;

    CU_ASSERT_TRUE_FATAL(write_sound());
    sound = results_slurp(path, &n);
    CU_ASSERT_FATAL(sound != NULL && n > ARCHI_CHECKPOINT_SEAL);
    for (int i = 0; i < N_FLIPS; i++) {
        size_t at;
        state ^= state << 13, state ^= state >> 7, state ^= state << 17; /* xorshift (Marsaglia 2003) */
        at = state % 3 == 0 ? state / 8 % 512 : state / 8 % n;
        sound[at] ^= (unsigned char)(1u << i % 8);
        CU_ASSERT_TRUE(results_spill(path, sound, n));
        CU_ASSERT_TRUE(refused_for(""));
        sound[at] ^= (unsigned char)(1u << i % 8);
    }
    for (size_t keep = 0; keep < n; keep += 1 + n / 100) {
        CU_ASSERT_TRUE(results_spill(path, sound, keep));
        CU_ASSERT_TRUE(refused_for(keep < 20 ? "" : "cut short"));
    }
    free(sound);
}

/* Blocks that the library only gives a place: at a page of memory or not, of whole pages or not. */
static void large_blocks_come_back_and_are_guarded(void)
{
    enum { LARGE = ARCHI_CHECKPOINT_LARGE + 8192 };
    static const struct {
        uint32_t shift, bytes;
    } way[] = {{0, LARGE}, {0, LARGE - 1}, {8, LARGE - 5000}, {0, ARCHI_CHECKPOINT_LARGE}};
    unsigned char *memory = aligned_alloc(4096, LARGE + 4096), *sound;
    archi_checkpoint_head_t h = sample_head();
    archi_checkpoint_writer_t *w;
    archi_checkpoint_t *c = NULL;
    uint64_t length;
    size_t n = 0;

    for (uint32_t i = 0; i < LARGE + 4096; i++)
        memory[i] = (unsigned char)(i * 7 + i / 256);
    unlink(path);
    CU_ASSERT_EQUAL_FATAL(archi_checkpoint_open(path, &h, block_of, &w), ARCH_OK);
    for (uint32_t i = 0; i < 4; i++) {
        const archi_checkpoint_block_t about = {.replication = i, .bytes = way[i].bytes};
        CU_ASSERT_EQUAL(archi_checkpoint_add(w, &about, memory + way[i].shift), ARCH_OK);
    }
    CU_ASSERT_EQUAL_FATAL(archi_checkpoint_close(&w, finished, 2, words, 5, &length), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(archi_checkpoint_read(path, false, &c), ARCH_OK);
    for (uint32_t i = 0; i < 4; i++) {
        void *bytes = NULL;
        CU_ASSERT_EQUAL(archi_checkpoint_bytes(c, i, &bytes), ARCH_OK);
        CU_ASSERT(bytes != NULL && memcmp(bytes, memory + way[i].shift, way[i].bytes) == 0);
        free(bytes);
    }
    archi_checkpoint_free(&c);
    sound = results_slurp(path, &n);
    CU_ASSERT_FATAL(sound != NULL && n == length && n < 4 * LARGE + 65536);
    for (size_t at = 0; at < n; at += 1 + n / 200) {
        sound[at] ^= 4;
        CU_ASSERT_TRUE(results_spill(path, sound, n));
        CU_ASSERT_EQUAL(archi_checkpoint_read(path, false, &c), ARCH_E_FORMAT); /* before anybody asks for the block */
        sound[at] ^= 4;
    }
    for (size_t cut = 1; cut < 200; cut++) { /* the table of extents */
        CU_ASSERT_TRUE(results_spill(path, sound, n - cut));
        CU_ASSERT_TRUE(refused_for("cut short"));
    }
    free(sound);
    free(memory);
}

static void another_version_is_named(void)
{
    archi_checkpoint_head_t h = sample_head();

    strcpy(h.product, "0.0.1");
    CU_ASSERT_EQUAL(write_with(&h), ARCH_OK);
    CU_ASSERT_TRUE(refused_for("was written by architech 0.0.1"));
    CU_ASSERT_TRUE(results_spill(path, "architech checkpoint\nformat 99\n", 31));
    CU_ASSERT_TRUE(refused_for("is of format 99"));
    CU_ASSERT_TRUE(results_spill(path, "{}", 2));
    CU_ASSERT_TRUE(refused_for("is not a checkpoint"));
    CU_ASSERT_FALSE(archi_checkpoint_is(path));
}

/* Files whose seal is right and whose content is not. */
static void content_that_cannot_be_is_refused(void)
{
    const uint32_t far[N_ELEMENTS] = {0, 1, 2, 3, 1, 2, 2}, unsorted[2] = {4, 1}, beyond[2] = {1, 10};
    const uint32_t no_block[N_BLOCKS] = {0, 1, N_BLOCKS};
    const uint64_t huge[N_BLOCKS] = {UINT64_MAX, UINT64_MAX / 2, (uint64_t)1 << 62};
    unsigned char changed[BLOCK_BYTES];

    CU_ASSERT_TRUE_FATAL(write_sound());
    memcpy(changed, block[1], sizeof changed);
    changed[17] ^= 1;
    tamper("/blocks/1", 1, changed);
    CU_ASSERT_TRUE(refused_for("checksum differs"));
    CU_ASSERT_TRUE(write_sound());
    tamper("/block_of", 4, far);
    CU_ASSERT_TRUE(refused_for("names a block that there is not"));
    CU_ASSERT_TRUE(write_sound());
    tamper("/finished", 4, unsorted);
    CU_ASSERT_TRUE(refused_for("not an ascending list"));
    CU_ASSERT_TRUE(write_sound());
    tamper("/finished", 4, beyond);
    CU_ASSERT_TRUE(refused_for("not an ascending list"));
    CU_ASSERT_TRUE(write_sound());
    tamper("/table/bytes", 8, huge);
    CU_ASSERT_TRUE(refused_for("another length"));
    CU_ASSERT_TRUE(write_sound());
    tamper("/table/block", 4, no_block);
    CU_ASSERT_TRUE(refused_for("describes a block that cannot be"));
}

static void blocks_that_changed_places_are_seen(void)
{
    const uint64_t same_length[N_BLOCKS] = {BLOCK_BYTES, BLOCK_BYTES, BLOCK_BYTES};
    archi_checkpoint_t *c = NULL;
    uint64_t sums[N_BLOCKS];

    CU_ASSERT_TRUE_FATAL(write_sound());
    CU_ASSERT_EQUAL_FATAL(archi_checkpoint_read(path, false, &c), ARCH_OK);
    for (uint32_t i = 0; i < N_BLOCKS; i++)
        sums[i] = c->block[(i + 1) % N_BLOCKS].checksum;
    archi_checkpoint_free(&c);
    tamper("/table/checksum", 8, sums);
    CU_ASSERT_TRUE(refused_for("checksum differs"));
    tamper("/table/bytes", 8, same_length);
    CU_ASSERT_TRUE(refused_for("/blocks/"));
}

static void a_disk_that_is_full_leaves_no_file(void)
{
    struct rlimit before, small;
    archi_checkpoint_head_t h = sample_head();
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    int status = 0;

    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    for (rlim_t most = 0; most < 300000 && status == 0; most += 9999) {
        archi_checkpoint_t *c = NULL;
        arch_status_t st;
        small.rlim_cur = most;
        setrlimit(RLIMIT_FSIZE, &small);
        st = write_with(&h);
        setrlimit(RLIMIT_FSIZE, &before);
        CU_ASSERT(st == ARCH_OK || st == ARCH_E_IO || st == ARCH_E_H5);
        CU_ASSERT_EQUAL(results_folder_count(&folder), st == ARCH_OK);
        CU_ASSERT_EQUAL(archi_checkpoint_read(path, false, &c) == ARCH_OK, st == ARCH_OK);
        archi_checkpoint_free(&c);
        status = st == ARCH_OK;
    }
    CU_ASSERT_EQUAL(status, 1);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
}

static void what_is_there_is_not_overwritten(void)
{
    archi_checkpoint_head_t h = sample_head();
    archi_checkpoint_writer_t *w = NULL;

    CU_ASSERT_TRUE_FATAL(write_sound());
    CU_ASSERT_EQUAL(archi_checkpoint_open(path, &h, block_of, &w), ARCH_E_IO);
    CU_ASSERT_PTR_NULL(w);
    CU_ASSERT_EQUAL(results_folder_count(&folder), 1);
    CU_ASSERT_EQUAL(archi_checkpoint_open("/no/such/folder/x.h5", &h, block_of, &w), ARCH_E_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "No such file"));
    unlink(path);
    CU_ASSERT_EQUAL(archi_checkpoint_open(path, &h, block_of, &w), ARCH_OK);
    archi_checkpoint_abandon(&w);
    CU_ASSERT_EQUAL(results_folder_count(&folder), 0);
}

static int clean(void)
{
    results_folder_destroy(&folder);
    return 0;
}

static int make(void)
{
    if (!results_folder_create(&folder))
        return 1;
    results_folder_file(&folder, "rank-0.h5", path, sizeof path);
    return 0;
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    suite = CU_add_suite("checkpoint file", make, clean);
    CU_ADD_TEST(suite, sums_are_those_of_xxh64);
    CU_ADD_TEST(suite, gives_back_what_went_in);
    CU_ADD_TEST(suite, any_flipped_bit_is_seen);
    CU_ADD_TEST(suite, large_blocks_come_back_and_are_guarded);
    CU_ADD_TEST(suite, another_version_is_named);
    CU_ADD_TEST(suite, content_that_cannot_be_is_refused);
    CU_ADD_TEST(suite, blocks_that_changed_places_are_seen);
    CU_ADD_TEST(suite, a_disk_that_is_full_leaves_no_file);
    CU_ADD_TEST(suite, what_is_there_is_not_overwritten);
    CU_basic_run_tests();
    return CU_get_number_of_failures() == 0 ? 0 : 1;
}
