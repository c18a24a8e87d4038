/* tests/unit/test_results_memory.c - results when memory runs out: every call answers ARCH_E_NOMEM, leaves nothing behind
 * and works again afterwards. */
#include "io/arena.h"
#include "io/strbuf.h"
#include "support/alloc.h"
#include "unit/results_folder.h"
#include "unit/results_sample.h"
#include <CUnit/Basic.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 2000 };

static results_folder_t folder;
static char             path[300];
static arch_results_t  *sample;

/* ---- running out ---------------------------------------------------------------------------------------------------- */

/* Calls `one` with 0, 1, 2 ... allocations left until it succeeds; each failure must be one of memory and leak nothing. */
static void survives(arch_status_t (*one)(void))
{
    arch_status_t st = ARCH_E_NOMEM;
    int budget = 0;

    for (; st == ARCH_E_NOMEM && budget < TRIES; budget++) {
        long before = test_live_bytes();

        test_alloc_budget(budget);
        st = one();
        test_alloc_budget(-1);
        CU_ASSERT_EQUAL(test_live_bytes(), before);
    }
    CU_ASSERT_EQUAL(st, ARCH_OK);
    CU_ASSERT_TRUE(budget > 1); /* it did run out at least once */
}

static arch_status_t create_one(void)
{
    arch_results_t *r;
    arch_status_t st = arch_results_create(&r);

    CU_ASSERT_EQUAL(r != NULL, st == ARCH_OK);
    arch_results_destroy(&r);
    return st;
}

static arch_status_t text_of_one(void)
{
    char *text;
    arch_status_t st = arch_results_text_with_engine(sample, 0, true, &text);

    CU_ASSERT_EQUAL(text != NULL, st == ARCH_OK);
    free(text);
    return st;
}

static arch_status_t json_of_one(void)
{
    char *text;
    arch_status_t st = arch_results_json_with_engine(sample, &text);

    CU_ASSERT_EQUAL(text != NULL, st == ARCH_OK);
    free(text);
    return st;
}

static arch_status_t compare_one(void)
{
    bool equal;
    char *text;
    arch_status_t st = arch_results_diff(sample, sample, &equal, &text);

    CU_ASSERT_EQUAL(equal && text != NULL, st == ARCH_OK);
    free(text);
    return st;
}

static arch_status_t write_one(void)
{
    arch_status_t st = arch_results_write(path, sample, NULL);

    CU_ASSERT_EQUAL(results_folder_count(&folder), st == ARCH_OK ? 1 : 0);
    return st;
}

static arch_status_t write_trace_of_one(void)
{
    char beside[320];
    arch_status_t st;

    snprintf(beside, sizeof beside, "%s.trace", path);
    st = arch_results_write_trace(beside, sample);
    CU_ASSERT_EQUAL(results_folder_count(&folder), st == ARCH_OK ? 2 : 1); /* that of write_one() is there */
    return st;
}

static arch_status_t read_one(void)
{
    arch_results_t *r;
    arch_status_t st = arch_results_read(path, &r);

    CU_ASSERT_EQUAL(r != NULL, st == ARCH_OK);
    arch_results_destroy(&r);
    return st;
}

static void create_survives_every_failing_allocation(void) { survives(create_one); }
static void text_survives_every_failing_allocation(void) { survives(text_of_one); }
static void json_survives_every_failing_allocation(void) { survives(json_of_one); }
static void diff_survives_every_failing_allocation(void) { survives(compare_one); }
static void write_survives_every_failing_allocation(void) { survives(write_one); }
static void trace_survives_every_failing_allocation(void) { survives(write_trace_of_one); }
static void read_survives_every_failing_allocation(void) { survives(read_one); }

static void destroy_takes_null(void)
{
    arch_results_t *none = NULL;

    arch_results_destroy(&none);
    arch_results_destroy(NULL);
    CU_ASSERT_PTR_NULL(none);
}

/* ---- arena -------------------------------------------------------------------------------------------------------- */

static void pieces_are_zeroed_aligned_and_apart(void)
{
    arch_arena_t *arena = archi_arena_create();
    unsigned char *piece[300];

    for (size_t i = 0; i < 300; i++) {
        size_t bytes = i * i % 977;

        piece[i] = archi_arena_alloc(arena, bytes);
        CU_ASSERT_PTR_NOT_NULL_FATAL(piece[i]);
        CU_ASSERT_EQUAL((uintptr_t)piece[i] % 16, 0);
        for (size_t b = 0; b < bytes; b++)
            CU_ASSERT_EQUAL_FATAL(piece[i][b], 0);
        memset(piece[i], (int)(i % 255) + 1, bytes);
    }
    for (size_t i = 0; i < 300; i++)
        for (size_t b = 0; b < i * i % 977; b++)
            CU_ASSERT_EQUAL_FATAL(piece[i][b], i % 255 + 1);
    archi_arena_destroy(&arena);
    CU_ASSERT_PTR_NULL(arena);
    archi_arena_destroy(&arena);
}

static void a_piece_of_impossible_size_is_refused(void)
{
    arch_arena_t *arena = archi_arena_create();

    CU_ASSERT_PTR_NULL(archi_arena_alloc(arena, SIZE_MAX));
    CU_ASSERT_PTR_NULL(archi_arena_alloc(arena, SIZE_MAX - 40));
    CU_ASSERT_PTR_NULL(archi_arena_copy(arena, "x", SIZE_MAX));
    CU_ASSERT_PTR_NOT_NULL(archi_arena_alloc(arena, 5u << 20));
    CU_ASSERT_STRING_EQUAL(archi_arena_copy(arena, "copied", 4), "copi");
    archi_arena_destroy(&arena);
}

/* ---- growing text -------------------------------------------------------------------------------------------------- */

static void doubles_have_the_digits_that_bring_them_back(void)
{
    const double values[] = {0.1, 1.0 / 3.0, 6412300.0, 1e300, 5e-324, 0.1 + 0.2, 9007199254740993.0, -0.0};
    archi_strbuf_t buf = {0};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char *text = NULL;

        archi_strbuf_double(&buf, values[i]);
        CU_ASSERT_EQUAL(archi_strbuf_take(&buf, &text), ARCH_OK);
        CU_ASSERT_TRUE(strtod(text, NULL) == values[i]);
        free(text);
    }
    archi_strbuf_double(&buf, 0.1);
    archi_strbuf_float(&buf, 0.1f);
    archi_strbuf_double(&buf, (double)NAN);
    archi_strbuf_float(&buf, -INFINITY);
    CU_ASSERT_STRING_EQUAL(buf.text, "0.10.1nan-inf");
    archi_strbuf_fini(&buf);
}

static void the_decimal_point_is_a_point_in_every_locale(void)
{
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    archi_strbuf_t buf = {0};
    size_t i = 0;

    while (i < 4 && setlocale(LC_NUMERIC, locales[i]) == NULL)
        i++;
    archi_strbuf_double(&buf, 2.5); /* without such a locale on this machine: in ours */
    CU_ASSERT_STRING_EQUAL(buf.text, "2.5");
    archi_strbuf_fini(&buf);
    setlocale(LC_NUMERIC, "C");
}

int main(void)
{
    unsigned failures;
    CU_pSuite suite;

    sample = results_sample();
    if (sample == NULL || !results_folder_create(&folder))
        return 1;
    results_folder_file(&folder, "run.h5", path, sizeof path);
    CU_initialize_registry();
    suite = CU_add_suite("memory of results", NULL, NULL);
    CU_ADD_TEST(suite, create_survives_every_failing_allocation);
    CU_ADD_TEST(suite, text_survives_every_failing_allocation);
    CU_ADD_TEST(suite, json_survives_every_failing_allocation);
    CU_ADD_TEST(suite, diff_survives_every_failing_allocation);
    CU_ADD_TEST(suite, write_survives_every_failing_allocation);
    CU_ADD_TEST(suite, trace_survives_every_failing_allocation);
    CU_ADD_TEST(suite, read_survives_every_failing_allocation);
    CU_ADD_TEST(suite, destroy_takes_null);
    CU_ADD_TEST(suite, pieces_are_zeroed_aligned_and_apart);
    CU_ADD_TEST(suite, a_piece_of_impossible_size_is_refused);
    CU_ADD_TEST(suite, doubles_have_the_digits_that_bring_them_back);
    CU_ADD_TEST(suite, the_decimal_point_is_a_point_in_every_locale);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    arch_results_destroy(&sample);
    results_folder_destroy(&folder);
    return failures == 0 ? 0 : 1;
}
