/* tests/unit/test_draw.c - draws: the published answers of Philox, and uniform numbers that are uniform. */
#include "engine/draw.h"
#include "kat/kat.h"
#include <CUnit/Basic.h>
#include <math.h>

enum { MANY = 200000 };

static void gives_the_published_answers_of_philox(void)
{
    static kat_philox_t point[KAT_MOST];
    int n = kat_read_philox("tests/kat/philox.txt", point);

    CU_ASSERT_EQUAL(n, 3);
    for (int i = 0; i < n; i++) {
        archi_bits_t got = kat_philox_answer(&point[i]);

        CU_ASSERT(memcmp(got.w, point[i].want, sizeof got.w) == 0);
    }
}

static void uniform_numbers_stay_off_0_and_1(void)
{
    CU_ASSERT_EQUAL(archi_uniform(0), 0x1p-53);
    CU_ASSERT_EQUAL(archi_uniform(UINT64_MAX), 1.0 - 0x1p-53);
    CU_ASSERT_EQUAL(archi_uniform(UINT64_MAX >> 1), 0.5 - 0x1p-53);
}

/* Pearson's statistic over 256 cells: 255 degrees of freedom, standard deviation 22.6. */
static double chi_square(const uint32_t *cell, uint32_t cells, double n)
{
    double sum = 0.0, want = n / cells;

    for (uint32_t i = 0; i < cells; i++)
        sum += (cell[i] - want) * (cell[i] - want) / want;
    return sum;
}

static void every_byte_is_uniform_however_it_is_counted(void)
{
    for (int way = 0; way < 4; way++) { /* counting in the key, major, minor, or the minor's high half */
        uint32_t cell[16][256] = {{0}};

        for (uint64_t i = 0; i < MANY; i++) {
            archi_bits_t b = archi_draw(way == 0 ? i : 5, way == 1 ? i : 6, way == 2 ? i : way == 3 ? i << 40 : 7);

            for (int byte = 0; byte < 16; byte++)
                cell[byte][b.w[byte / 4] >> 8 * (byte % 4) & 255]++;
        }
        for (int byte = 0; byte < 16; byte++) {
            CU_ASSERT(chi_square(cell[byte], 256, MANY) < 255 + 5 * 22.6);
            CU_ASSERT(chi_square(cell[byte], 256, MANY) > 255 - 5 * 22.6);
        }
    }
}

static void neighbouring_draws_are_uncorrelated(void)
{
    double along = 0.0, across = 0.0, seeds = 0.0;

    for (uint64_t i = 0; i < MANY; i++) {
        double x = archi_uniform(archi_bits64(archi_draw(1, i, 0), 0)) - 0.5;

        along += x * (archi_uniform(archi_bits64(archi_draw(1, i + 1, 0), 0)) - 0.5);
        across += x * (archi_uniform(archi_bits64(archi_draw(1, i, 0), 1)) - 0.5);
        seeds += x * (archi_uniform(archi_bits64(archi_draw(archi_draw_key(i, 0, 3), i, 0), 0)) - 0.5);
    }
    CU_ASSERT(fabs(along) < 5.0 * sqrt(MANY) / 12.0);
    CU_ASSERT(fabs(across) < 5.0 * sqrt(MANY) / 12.0);
    CU_ASSERT(fabs(seeds) < 5.0 * sqrt(MANY) / 12.0);
}

static void whole_numbers_below_n_are_uniform(void)
{
    uint32_t cell[10] = {0};

    for (uint64_t i = 0; i < MANY; i++)
        cell[archi_below(archi_bits64(archi_draw(2, i, 0), 1), 10)]++;
    CU_ASSERT(chi_square(cell, 10, MANY) < 9 + 6 * sqrt(18.0));
    CU_ASSERT_EQUAL(archi_below(UINT64_MAX, 1), 0);
    CU_ASSERT_EQUAL(archi_below(UINT64_MAX, UINT64_MAX), UINT64_MAX - 1);
    CU_ASSERT_EQUAL(archi_below(0, 7), 0);
}

static void keys_differ_by_seed_replication_and_name(void)
{
    uint64_t k = archi_draw_key(1, 0, archi_hash_bytes("db", 2));

    CU_ASSERT(k == archi_draw_key(1, 0, archi_hash_bytes("db", 2)));
    CU_ASSERT(k != archi_draw_key(2, 0, archi_hash_bytes("db", 2)));
    CU_ASSERT(k != archi_draw_key(1, 1, archi_hash_bytes("db", 2)));
    CU_ASSERT(k != archi_draw_key(1, 0, archi_hash_bytes("dc", 2)));
    CU_ASSERT(archi_draw_key(1, 2, 3) != archi_draw_key(2, 1, 3));
}

int main(void)
{
    CU_pSuite s;
    unsigned failed;

    CU_initialize_registry();
    s = CU_add_suite("draw", NULL, NULL);
    CU_ADD_TEST(s, gives_the_published_answers_of_philox);
    CU_ADD_TEST(s, uniform_numbers_stay_off_0_and_1);
    CU_ADD_TEST(s, every_byte_is_uniform_however_it_is_counted);
    CU_ADD_TEST(s, neighbouring_draws_are_uncorrelated);
    CU_ADD_TEST(s, whole_numbers_below_n_are_uniform);
    CU_ADD_TEST(s, keys_differ_by_seed_replication_and_name);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
