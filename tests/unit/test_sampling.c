/* tests/unit/test_sampling.c - points that fill a space: the published sequence, balanced in every axis; Latin hypercubes
 * with one point in each part. */
#include "experiments/sampling.h"
#include <CUnit/Basic.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The first points in three dimensions, as Joe & Kuo's page prints them. */
static void gives_the_published_points(void)
{
    static const double expected[10][3] = {{0, 0, 0},
                                           {0.5, 0.5, 0.5},
                                           {0.75, 0.25, 0.25},
                                           {0.25, 0.75, 0.75},
                                           {0.375, 0.375, 0.625},
                                           {0.875, 0.875, 0.125},
                                           {0.625, 0.125, 0.875},
                                           {0.125, 0.625, 0.375},
                                           {0.1875, 0.3125, 0.9375},
                                           {0.6875, 0.8125, 0.4375}};

    for (uint32_t i = 0; i < 10; i++) {
        double x[3];
        archi_sobol(i, 3, NULL, x);
        CU_ASSERT(memcmp(x, expected[i], sizeof x) == 0);
    }
}

enum { POINTS = 256, MOST = ARCHI_SOBOL_DIMENSIONS };

/* Each 256th of every axis has one of the first 256 points, and of the next 256. */
static void has_one_point_in_each_part_of_every_axis(void)
{
    uint32_t shift[MOST];

    archi_sobol_shift(7, MOST, shift);
    for (uint32_t first = 0; first < 4 * POINTS; first += POINTS) {
        static bool seen[MOST][POINTS];
        memset(seen, 0, sizeof seen);
        for (uint32_t i = first; i < first + POINTS; i++) {
            double x[MOST];
            archi_sobol(i, MOST, first >= 2 * POINTS ? shift : NULL, x);
            for (uint32_t k = 0; k < MOST; k++) {
                uint32_t part = (uint32_t)(x[k] * POINTS);
                CU_ASSERT_FATAL(x[k] >= 0 && x[k] < 1);
                CU_ASSERT_FALSE(seen[k][part]);
                seen[k][part] = true;
            }
        }
    }
}

/* Sobol's property A: the first bits of n direction numbers in n dimensions are a matrix that is regular over GF(2), for
 * every n. A slip in the table of direction numbers is found by this with a chance of one half or more. */
static void has_property_a(void)
{
    /* Point 2^i - 1 in natural order is where Gray's code has bit i - 1 alone: its first bit is the matrix' entry. */
    for (uint32_t n = 1; n <= 31; n++) {
        uint64_t row[31];
        uint32_t rank = 0;
        for (uint32_t i = 0; i < n; i++) {
            uint32_t gray = 1u << i, index = gray;
            double x[31];
            for (uint32_t by = 1; by < 32; by <<= 1)
                index ^= index >> by;
            archi_sobol(index, n, NULL, x);
            row[i] = 0;
            for (uint32_t k = 0; k < n; k++)
                row[i] |= (uint64_t)(x[k] >= 0.5) << k;
        }
        for (uint32_t k = 0; k < n; k++)
            for (uint32_t i = rank; i < n; i++)
                if (row[i] >> k & 1) {
                    uint64_t pivot = row[i];
                    row[i] = row[rank];
                    row[rank] = pivot;
                    for (uint32_t j = rank + 1; j < n; j++)
                        row[j] ^= row[j] >> k & 1 ? pivot : 0;
                    rank++;
                    break;
                }
        CU_ASSERT_EQUAL(rank, n);
    }
}

/* Neighbouring dimensions are not correlated: of random points a third of the 59 pairs would be beyond this. */
static void fills_planes(void)
{
    enum { N = 4096 };

    for (uint32_t k = 0; k + 1 < MOST; k++) {
        double sum = 0;
        for (uint32_t i = 0; i < N; i++) {
            double x[MOST];
            archi_sobol(i, k + 2, NULL, x);
            sum += (x[k] - 0.5) * (x[k + 1] - 0.5);
        }
        CU_ASSERT(fabs(sum / N) < (1.0 / 12) / sqrt(N));
    }
}

static void latin_hypercubes_have_one_point_in_each_part(void)
{
    static const uint32_t sizes[] = {1, 2, 7, 50, 1000};

    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        enum { N = 5 };
        uint32_t points = sizes[s];
        double *x = calloc((size_t)points * N, sizeof *x);
        uint8_t *seen = calloc((size_t)points * N, 1);
        archi_latin_hypercube(3, points, N, x);
        for (uint32_t i = 0; i < points; i++)
            for (uint32_t k = 0; k < N; k++) {
                uint32_t part = (uint32_t)floor(x[i * N + k] * points);
                CU_ASSERT_FATAL(x[i * N + k] >= 0 && x[i * N + k] < 1 && part < points);
                CU_ASSERT_FALSE(seen[k * points + part]);
                seen[k * points + part] = 1;
            }
        free(x);
        free(seen);
    }
}

static void latin_hypercubes_depend_on_the_seed_and_match_axes_at_random(void)
{
    enum { N = 1000 };
    static double x[N * 2], again[N * 2], other[N * 2], more[N * 3];
    double sum = 0;

    archi_latin_hypercube(1, N, 2, x);
    archi_latin_hypercube(1, N, 2, again);
    archi_latin_hypercube(2, N, 2, other);
    archi_latin_hypercube(1, N, 3, more);
    CU_ASSERT(memcmp(x, again, sizeof x) == 0);
    CU_ASSERT(memcmp(x, other, sizeof x) != 0);
    for (uint32_t i = 0; i < N; i++) {
        CU_ASSERT(x[2 * i] == more[3 * i] && x[2 * i + 1] == more[3 * i + 1]);
        sum += (x[2 * i] - 0.5) * (x[2 * i + 1] - 0.5);
    }
    CU_ASSERT(fabs(sum / N) < 4 * (1.0 / 12) / sqrt(N));
}

/* On the grid, one coordinate at a time, each once, by two thirds; all levels, orders and ways are as frequent. */
static void trajectories_change_one_coordinate_by_two_thirds(void)
{
    enum { N = 3, TRAJECTORIES = 2400 };
    double u[(N + 1) * N];
    uint32_t order[N], level[ARCHI_MORRIS_LEVELS] = {0}, last[N] = {0}, up = 0;
    uint64_t count = 0;

    for (int t = 0; t < TRAJECTORIES; t++) {
        uint32_t changed = 0;
        archi_morris(7, &count, N, u, order);
        for (uint32_t i = 0; i < N; i++) {
            const double *before = u + i * N, *after = before + N;
            for (uint32_t k = 0; k < N; k++) {
                double step = after[k] - before[k], place = 3 * after[k];
                CU_ASSERT(fabs(place - round(place)) < 1e-9 && place > -1e-9 && place < 3 + 1e-9);
                CU_ASSERT_EQUAL(fabs(step) > 1e-9, k == order[i]);
                if (k == order[i])
                    CU_ASSERT_DOUBLE_EQUAL(fabs(step), 2 / 3.0, 1e-9);
            }
            up += after[order[i]] > before[order[i]];
            changed |= 1u << order[i];
        }
        CU_ASSERT_EQUAL(changed, (1u << N) - 1);
        for (uint32_t k = 0; k < N; k++)
            level[(int)round(3 * u[k])]++;
        last[order[N - 1]]++;
    }
    for (int i = 0; i < ARCHI_MORRIS_LEVELS; i++) /* of 7,200: 1,800, within five standard deviations */
        CU_ASSERT(abs((int)level[i] - TRAJECTORIES * N / 4) < 184);
    for (int k = 0; k < N; k++) /* of 2,400: 800 */
        CU_ASSERT(abs((int)last[k] - TRAJECTORIES / N) < 116);
    CU_ASSERT(abs((int)up - TRAJECTORIES * N / 2) < 213);
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    suite = CU_add_suite("sampling", NULL, NULL);
    CU_add_test(suite, "gives the published points", gives_the_published_points);
    CU_add_test(suite, "has one point in each part of every axis", has_one_point_in_each_part_of_every_axis);
    CU_add_test(suite, "has property A", has_property_a);
    CU_add_test(suite, "fills planes", fills_planes);
    CU_add_test(suite, "Latin hypercubes have one point in each part", latin_hypercubes_have_one_point_in_each_part);
    CU_add_test(suite, "Latin hypercubes depend on the seed",
                latin_hypercubes_depend_on_the_seed_and_match_axes_at_random);
    CU_add_test(suite, "trajectories change one coordinate by two thirds", trajectories_change_one_coordinate_by_two_thirds);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
