/* tests/unit/test_estimate.c - histograms, 128-bit sums, confidence intervals, warm-up and trend: against tables,
 * against series whose answer is known, and by how often intervals cover the truth in seeded experiments. */
#include "engine/draw.h"
#include "engine/elementary.h"
#include "model/estimate.h"
#include "model/histogram.h"
#include <CUnit/Basic.h>
#include <math.h>
#include <string.h>

enum { MOST = 40 };

static uint64_t count[MOST * ARCHI_N_BUCKETS], pooled[ARCHI_N_BUCKETS]; /* too large for a stack */

static double uniform(uint64_t experiment, uint64_t i)
{
    return archi_uniform(archi_bits64(archi_draw(31, experiment, i), 0));
}

static double exponential(uint64_t experiment, uint64_t i) { return -archi_log(uniform(experiment, i)); }
static double normal(uint64_t experiment, uint64_t i) { return archi_normal_quantile(uniform(experiment, i)); }

/* ---- histogram and sums ------------------------------------------------------------------------------------------ */

static void check_bucket_of(uint64_t x)
{
    uint32_t b = archi_bucket(x);
    uint64_t lower = (uint64_t)archi_bucket_lower(b);

    CU_ASSERT_FATAL(b < ARCHI_N_BUCKETS);
    CU_ASSERT_FATAL(lower <= x && x - lower < archi_bucket_width(b));
    CU_ASSERT_FATAL(archi_bucket_width(b) == 1 || archi_bucket_width(b) * 64 <= lower);
}

static void every_time_lies_in_its_bucket(void)
{
    for (uint64_t x = 0; x < 5000; x++)
        check_bucket_of(x);
    for (int bit = 6; bit < 63; bit++)
        for (int64_t d = -2; d <= 2; d++)
            check_bucket_of((1ull << bit) + (uint64_t)d);
    for (uint64_t i = 0; i < 20000; i++)
        check_bucket_of(archi_bits64(archi_draw(1, i, 0), 0) >> (1 + i % 63));
    check_bucket_of(INT64_MAX);
    CU_ASSERT_EQUAL(archi_bucket(INT64_MAX), ARCHI_N_BUCKETS - 1);
}

static void buckets_follow_one_another_without_gaps(void)
{
    for (uint32_t b = 0; b + 1 < ARCHI_N_BUCKETS; b++) {
        CU_ASSERT_FATAL((uint64_t)archi_bucket_lower(b) + archi_bucket_width(b) == (uint64_t)archi_bucket_lower(b + 1));
        CU_ASSERT_FATAL(archi_bucket((uint64_t)archi_bucket_lower(b)) == b);
    }
    for (uint32_t x = 0; x < 128; x++)
        CU_ASSERT(archi_bucket(x) == x && archi_bucket_width(x) == 1);
    CU_ASSERT(archi_bucket(63) / ARCHI_OCTAVE_BUCKETS == 0 && archi_bucket(64) / ARCHI_OCTAVE_BUCKETS == 1);
}

static void sums_carry_into_their_high_half(void)
{
    archi_u128_t s = {0, 0}, t = {UINT64_MAX, 1}, d;

    archi_u128_add(&s, UINT64_MAX);
    archi_u128_add(&s, 2);
    CU_ASSERT(s.hi == 1 && s.lo == 1);
    archi_u128_merge(&t, &s);
    CU_ASSERT(t.hi == 3 && t.lo == 0);
    archi_u128_add_product(&t, UINT64_MAX, UINT64_MAX); /* 2^128 - 2^65 + 1 */
    CU_ASSERT(t.hi == 1 && t.lo == 1);
    archi_u128_add_product(&s, 1ull << 40, 1ull << 40);
    CU_ASSERT(s.hi == (1ull << 16) + 1 && s.lo == 1);
    d = archi_u128_since(s, &t);
    CU_ASSERT(d.hi == 1ull << 16 && d.lo == 0);
    t.lo = 5;
    d = archi_u128_since(s, &t);
    CU_ASSERT(d.hi == (1ull << 16) - 1 && d.lo == UINT64_MAX - 3);
    CU_ASSERT(archi_u128_to_double(&s) == 0x1p80 + 0x1p64 + 1.0);
}

/* ---- Student's t ------------------------------------------------------------------------------------------------- */

static void students_t_is_that_of_the_tables(void)
{
    static const struct {
        double dof, confidence, t;
    } known[] = {{1, 0.95, 12.706204736174705}, {1, 0.999, 636.61924876872},    {2, 0.95, 4.302652729749464},
                 {3, 0.90, 2.353363434801823},  {5, 0.95, 2.570581835636314},   {9, 0.99, 3.249835541592142},
                 {29, 0.95, 2.045229642132703}, {100, 0.99, 2.625890521438018}, {1000, 0.95, 1.962339080826409}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        CU_ASSERT_DOUBLE_EQUAL(archi_student(known[i].dof, known[i].confidence) / known[i].t, 1.0, 1e-11);
    for (double c = 0.001; c < 1.0; c += 0.0137) {
        CU_ASSERT_DOUBLE_EQUAL(archi_student(1, c) / tan(1.5707963267948966 * c), 1.0, 1e-10);
        CU_ASSERT_DOUBLE_EQUAL(archi_student(2, c) / (c * sqrt(2.0 / (1.0 - c * c))), 1.0, 1e-10);
        CU_ASSERT(archi_student(2.5, c) < archi_student(2.4, c));
        CU_ASSERT_DOUBLE_EQUAL(archi_student(9999.9, c) / archi_student(10000.1, c), 1.0, 1e-8);
    }
    CU_ASSERT_DOUBLE_EQUAL(archi_student(1e12, 0.95), 1.959963984540054, 1e-9);
    CU_ASSERT(isnan(archi_student(0.0, 0.95)) && isnan(archi_student(5.0, 1.0)) && isnan(archi_student(5.0, NAN)));
}

/* ---- means ------------------------------------------------------------------------------------------------------- */

static void a_mean_has_the_interval_of_the_textbook(void)
{
    const double x[] = {1, 2, 3, 4}, one[] = {2, 2, 2, 2};
    archi_interval_t m = archi_mean_interval(x, 4, 0.95), r;

    CU_ASSERT(m.supported && m.value == 2.5);
    CU_ASSERT_DOUBLE_EQUAL(m.half, 3.182446305284 * sqrt(5.0 / 3.0 / 4.0), 1e-10);
    r = archi_ratio_interval(x, one, 4, 0.95);
    CU_ASSERT(r.supported && r.value == 1.25);
    CU_ASSERT_DOUBLE_EQUAL(r.half, 0.5 * m.half, 1e-12);
    m = archi_mean_interval(x, 1, 0.95);
    CU_ASSERT(!m.supported && m.value == 1.0 && isnan(m.half));
    CU_ASSERT(!archi_mean_interval(x, 0, 0.95).supported && isnan(archi_mean_interval(x, 0, 0.95).value));
    r = archi_ratio_interval(x, one, 1, 0.95);
    CU_ASSERT(!r.supported && r.value == 0.5);
    CU_ASSERT(isnan(archi_ratio_interval(one, x, 0, 0.95).value));
}

/* A ratio that is the same in every replication has no spread, however the replications' sizes differ. */
static void a_ratio_weighs_replications_by_their_size(void)
{
    const double over[] = {10, 200, 3000}, under[] = {5, 100, 1500}, other[] = {10, 250, 3000};
    archi_interval_t r = archi_ratio_interval(over, under, 3, 0.95);

    CU_ASSERT(r.supported && r.value == 2.0 && r.half == 0.0);
    r = archi_ratio_interval(other, under, 3, 0.95);
    CU_ASSERT_DOUBLE_EQUAL(r.value, 3260.0 / 1605.0, 1e-12);
    CU_ASSERT(r.half > 0.0);
}

static bool covers(archi_interval_t i, double truth) { return i.supported && fabs(i.value - truth) <= i.half; }

static void intervals_cover_the_mean_as_often_as_they_say(void)
{
    enum { EXPERIMENTS = 1000, REPLICATIONS = 8 };
    int mean95 = 0, mean80 = 0, ratio95 = 0;

    for (uint64_t e = 0; e < EXPERIMENTS; e++) {
        double mean[REPLICATIONS], over[REPLICATIONS] = {0}, under[REPLICATIONS];

        for (uint64_t r = 0; r < REPLICATIONS; r++) {
            uint64_t n = 30 + archi_below(archi_bits64(archi_draw(32, e, r), 0), 60);

            for (uint64_t i = 0; i < n; i++)
                over[r] += exponential(e, r * 1000 + i);
            under[r] = (double)n;
            mean[r] = over[r] / under[r];
        }
        mean95 += covers(archi_mean_interval(mean, REPLICATIONS, 0.95), 1.0);
        mean80 += covers(archi_mean_interval(mean, REPLICATIONS, 0.80), 1.0);
        ratio95 += covers(archi_ratio_interval(over, under, REPLICATIONS, 0.95), 1.0);
    }
    CU_ASSERT(mean95 > 910 && mean95 < 980); /* binomial: 950 +- 7 */
    CU_ASSERT(mean80 > 740 && mean80 < 860); /* 800 +- 13 */
    CU_ASSERT(ratio95 > 910 && ratio95 < 980);
}

/* Correlated normal series with mean 5: x' = a x + noise. */
static void correlated(double *x, uint32_t n, double a, uint64_t experiment)
{
    double y = normal(experiment, 1u << 20) / sqrt(1.0 - a * a);

    for (uint32_t i = 0; i < n; i++) {
        x[i] = 5.0 + y;
        y = a * y + normal(experiment, i);
    }
}

static void batches_of_one_run_cover_or_refuse(void)
{
    enum { EXPERIMENTS = 400, N = 400 };
    double x[N], one[N], lag;
    int supported = 0, covered = 0, refused = 0;

    for (uint32_t i = 0; i < N; i++)
        one[i] = 1.0;
    for (uint64_t e = 0; e < EXPERIMENTS; e++) {
        archi_interval_t b;

        correlated(x, N, 0.5, e);
        b = archi_batch_interval(x, one, N, 0.95, &lag);
        supported += b.supported;
        covered += covers(b, 5.0);
        correlated(x, N, 0.995, e);
        b = archi_batch_interval(x, one, N, 0.95, &lag);
        refused += !b.supported;
    }
    CU_ASSERT(supported > EXPERIMENTS * 9 / 10);
    CU_ASSERT(covered > supported * 91 / 100 && covered < supported * 99 / 100);
    CU_ASSERT(refused > EXPERIMENTS / 4); /* the memory of a run is as long as the run */
    CU_ASSERT(!archi_batch_interval(x, one, 19, 0.95, NULL).supported);
}

/* ---- quantiles --------------------------------------------------------------------------------------------------- */

static void fill_exponentials(uint64_t *histogram, uint64_t n, double mean, uint64_t experiment)
{
    for (uint64_t i = 0; i < n; i++)
        histogram[archi_bucket((uint64_t)(mean * exponential(experiment, i)))]++;
}

static void quantiles_of_small_numbers_are_exact(void)
{
    double q;

    memset(count, 0, sizeof count);
    for (uint32_t x = 1; x <= 100; x++)
        count[archi_bucket(x)] += 1000;
    CU_ASSERT(archi_quantile(count, 0.5, &q) && q == 50.0);
    CU_ASSERT(archi_quantile(count, 0.95, &q) && q == 95.0);
    CU_ASSERT(archi_quantile(count, 0.999, &q) && q == 100.0);
    CU_ASSERT(archi_quantile(count, 0.005, &q) && q == 1.0);
}

static void quantiles_are_interpolated_within_their_bucket(void)
{
    double q;

    memset(count, 0, sizeof count);
    for (uint64_t x = 0; x < 200000; x++)
        count[archi_bucket(x)]++;
    for (double p = 0.01; p < 1.0; p += 0.01)
        CU_ASSERT(archi_quantile(count, p, &q) && fabs(q - 200000.0 * p) < 200.0 + 0.004 * 200000.0 * p);
    CU_ASSERT(archi_quantile(count, 0.5, &q) && fabs(q - 100000.0) < 300.0);
}

static void a_quantile_the_data_cannot_carry_is_refused(void)
{
    double q;

    memset(count, 0, sizeof count);
    CU_ASSERT(!archi_quantile(count, 0.5, &q) && isnan(q));
    count[10] = 999;
    CU_ASSERT(!archi_quantile(count, 0.99, &q) && q == 10.0);
    count[10] = 1000;
    CU_ASSERT(archi_quantile(count, 0.99, &q));
    CU_ASSERT(!archi_quantile(count, 0.999, &q));
    count[10] = 10000;
    CU_ASSERT(archi_quantile(count, 0.999, &q));
    CU_ASSERT(archi_quantile(count, 0.001, &q));
    CU_ASSERT(!archi_quantile(count, 0.0, &q) && !archi_quantile(count, 1.0, &q) && !archi_quantile(count, NAN, &q));
}

static void intervals_cover_the_quantile_as_often_as_they_say(void)
{
    enum { EXPERIMENTS = 400, REPLICATIONS = 10 };
    int median = 0, tail = 0;

    for (uint64_t e = 0; e < EXPERIMENTS; e++) {
        memset(count, 0, REPLICATIONS * ARCHI_N_BUCKETS * sizeof count[0]);
        for (uint64_t r = 0; r < REPLICATIONS; r++)
            fill_exponentials(count + r * ARCHI_N_BUCKETS, 1000, 1e6, 1000 * e + r);
        median += covers(archi_quantile_interval(count, REPLICATIONS, 0.5, 0.95, pooled), 1e6 * log(2.0));
        tail += covers(archi_quantile_interval(count, REPLICATIONS, 0.99, 0.95, pooled), 1e6 * log(100.0));
    }
    CU_ASSERT(median > 360 && median < 396); /* binomial: 380 +- 4.4 */
    CU_ASSERT(tail > 360 && tail < 396);
}

/* None of 30 replications with 120 observations each could say anything about its own p99. */
static void short_replications_cover_the_quantile_together(void)
{
    enum { EXPERIMENTS = 400, REPLICATIONS = 30 };
    int covered = 0, given = 0;

    for (uint64_t e = 0; e < EXPERIMENTS; e++) {
        archi_interval_t i;
        memset(count, 0, sizeof count);
        for (uint64_t r = 0; r < REPLICATIONS; r++)
            fill_exponentials(count + r * ARCHI_N_BUCKETS, 120, 1e6, 50 * e + r);
        i = archi_quantile_interval(count, REPLICATIONS, 0.99, 0.95, pooled);
        given += i.supported;
        covered += covers(i, 1e6 * log(100.0));
    }
    CU_ASSERT_EQUAL(given, EXPERIMENTS);
    CU_ASSERT(covered > 364 && covered < 396); /* binomial: 380 +- 4.4 */
}

/* Slices of one run are of 1 to 32 parts: half of all observations are in one section. */
static void unequal_sections_cover_the_quantile(void)
{
    static const uint64_t parts[] = {1, 1, 2, 4, 4, 4, 8, 8, 32};
    enum { EXPERIMENTS = 400, SECTIONS = 9 };
    int covered = 0;

    for (uint64_t e = 0; e < EXPERIMENTS; e++) {
        memset(count, 0, sizeof count);
        for (uint64_t r = 0; r < SECTIONS; r++)
            fill_exponentials(count + r * ARCHI_N_BUCKETS, 100 * parts[r], 1e6, 20 * e + r);
        covered += covers(archi_quantile_interval(count, SECTIONS, 0.95, 0.95, pooled), 1e6 * log(20.0));
    }
    CU_ASSERT(covered > 364 && covered < 396);
}

static void an_interval_without_an_end_is_refused(void)
{
    archi_interval_t i;
    double q;

    memset(count, 0, sizeof count);
    for (uint64_t r = 0; r < 30; r++)
        fill_exponentials(count + r * ARCHI_N_BUCKETS, 120, 1e6, r);
    i = archi_quantile_interval(count, 30, 0.99, 0.95, pooled);
    CU_ASSERT(i.supported && i.half > 0.0);
    CU_ASSERT(archi_quantile(pooled, 0.99, &q) && q == i.value);
    for (uint32_t b = 0; b < ARCHI_N_BUCKETS; b++) /* one of three has all that is slow */
        count[ARCHI_N_BUCKETS + b] = count[2 * ARCHI_N_BUCKETS + b] = 0;
    for (uint32_t r = 0; r < 3; r++)
        count[r * ARCHI_N_BUCKETS + archi_bucket(1000)] = 4000;
    i = archi_quantile_interval(count, 3, 0.999, 0.95, pooled);
    CU_ASSERT(!i.supported && isnan(i.half));
    i = archi_quantile_interval(count, 1, 0.99, 0.95, pooled);
    CU_ASSERT(!i.supported);
    i = archi_quantile_interval(count, 0, 0.99, 0.95, pooled);
    CU_ASSERT(!i.supported && isnan(i.value));
    i = archi_quantile_interval(count, 2, 0.5, 0.95, pooled); /* two sections say nothing about spread */
    CU_ASSERT(!i.supported && i.value > 0.0);
}

/* ---- warm-up and trend ------------------------------------------------------------------------------------------- */

static void mser_cuts_a_warm_up_that_is_there(void)
{
    double x[300];
    int trusted = 0, enough = 0;
    uint32_t total = 0;

    for (uint64_t e = 0; e < 50; e++) {
        for (uint32_t i = 0; i < 300; i++) /* from 0 up to 10 with a time constant of 10 intervals */
            x[i] = 10.0 * (1.0 - exp(-(double)i / 10.0)) + 0.3 * normal(e, i);
        archi_cut_t c = archi_mser(x, NULL, 300, 5);
        trusted += c.trustworthy;
        enough += c.cut >= 30 && c.cut % 5 == 0; /* what remains of the bias is below 5 % */
        total += c.cut;
    }
    CU_ASSERT(trusted >= 48);
    CU_ASSERT_EQUAL(enough, 50);
    CU_ASSERT(total / 50 < 75);
}

static void mser_keeps_a_series_without_warm_up(void)
{
    double x[300];
    uint32_t total = 0;

    for (uint64_t e = 0; e < 20; e++) {
        for (uint32_t i = 0; i < 300; i++)
            x[i] = 10.0 + normal(100 + e, i);
        total += archi_mser(x, NULL, 300, 5).cut;
    }
    CU_ASSERT(total / 20 < 90);
    for (uint32_t i = 0; i < 300; i++)
        x[i] = 4.0;
    CU_ASSERT(archi_mser(x, NULL, 300, 5).cut == 0 && archi_mser(x, NULL, 300, 5).trustworthy);
}

static void mser_does_not_trust_a_series_that_keeps_growing(void)
{
    double x[300];

    for (uint32_t i = 0; i < 300; i++)
        x[i] = i + normal(3, i);
    CU_ASSERT(!archi_mser(x, NULL, 300, 5).trustworthy);
    CU_ASSERT(!archi_mser(x, NULL, 20, 5).trustworthy); /* four groups are too few */
    CU_ASSERT(!archi_mser(x, NULL, 0, 5).trustworthy);
}

static void mser_weighs_intervals_by_their_observations(void)
{
    double x[200], weight[200];

    for (uint32_t i = 0; i < 200; i++) {
        x[i] = i % 7 == 3 ? 1e9 : i < 40 ? 9.0 : 1.0 + 0.2 * normal(4, i);
        weight[i] = i % 7 == 3 ? 0.0 : 25.0; /* what was not observed has no say */
    }
    archi_cut_t c = archi_mser(x, weight, 200, 5);
    CU_ASSERT(c.trustworthy && c.cut >= 40 && c.cut <= 80);
    for (uint32_t i = 0; i < 200; i++)
        weight[i] = 0.0;
    CU_ASSERT_EQUAL(archi_mser(x, weight, 200, 5).cut, 0);
}

/* The queue of a server at the ends of n intervals: M/M/1 by its embedded steps. */
static void queue_series(double *x, uint32_t n, double rho, uint64_t experiment)
{
    double wait = 0.0;

    for (uint32_t i = 0; i < n; i++) {
        x[i] = 0.0;
        for (uint32_t j = 0; j < 100; j++) { /* Lindley's recursion */
            wait += rho * exponential(experiment, 2 * (i * 100 + j)) - exponential(experiment, 2 * (i * 100 + j) + 1);
            wait = wait > 0.0 ? wait : 0.0;
            x[i] += wait / 100.0;
        }
    }
}

static void a_queue_that_grows_is_told_from_one_that_does_not(void)
{
    double x[60];
    int overload = 0, slight = 0, busy = 0;

    for (uint64_t e = 0; e < 100; e++) {
        queue_series(x, 60, 1.3, e);
        overload += archi_trend(x, 60).growing;
        queue_series(x, 60, 1.1, e);
        slight += archi_trend(x, 60).growing;
        queue_series(x, 60, 0.8, e);
        busy += archi_trend(x, 60).growing;
    }
    CU_ASSERT_EQUAL(overload, 100);
    CU_ASSERT(slight >= 95);
    CU_ASSERT(busy <= 4);
}

static void a_flat_or_short_series_has_no_trend(void)
{
    double x[60];

    for (uint32_t i = 0; i < 60; i++)
        x[i] = 3.0;
    CU_ASSERT(!archi_trend(x, 60).growing && archi_trend(x, 60).z == 0.0);
    for (uint32_t i = 0; i < 60; i++)
        x[i] = 1000.0 + 0.1 * i; /* rises, by 0.3 %: nothing that matters */
    CU_ASSERT(!archi_trend(x, 60).growing && archi_trend(x, 60).z > 3.0);
    for (uint32_t i = 0; i < 60; i++)
        x[i] = 60.0 - i;
    CU_ASSERT(!archi_trend(x, 60).growing && archi_trend(x, 60).z < -3.0);
    CU_ASSERT(!archi_trend(x, 19).growing);
    for (uint32_t i = 0; i < 60; i++)
        x[i] = i;
    CU_ASSERT_DOUBLE_EQUAL(archi_trend(x, 60).growth, 52.0 / 37.0 - 1.0, 1e-12);
}

int main(void)
{
    CU_pSuite s;
    unsigned failed;

    CU_initialize_registry();
    s = CU_add_suite("estimate", NULL, NULL);
    CU_ADD_TEST(s, every_time_lies_in_its_bucket);
    CU_ADD_TEST(s, buckets_follow_one_another_without_gaps);
    CU_ADD_TEST(s, sums_carry_into_their_high_half);
    CU_ADD_TEST(s, students_t_is_that_of_the_tables);
    CU_ADD_TEST(s, a_mean_has_the_interval_of_the_textbook);
    CU_ADD_TEST(s, a_ratio_weighs_replications_by_their_size);
    CU_ADD_TEST(s, intervals_cover_the_mean_as_often_as_they_say);
    CU_ADD_TEST(s, batches_of_one_run_cover_or_refuse);
    CU_ADD_TEST(s, quantiles_of_small_numbers_are_exact);
    CU_ADD_TEST(s, quantiles_are_interpolated_within_their_bucket);
    CU_ADD_TEST(s, a_quantile_the_data_cannot_carry_is_refused);
    CU_ADD_TEST(s, intervals_cover_the_quantile_as_often_as_they_say);
    CU_ADD_TEST(s, short_replications_cover_the_quantile_together);
    CU_ADD_TEST(s, unequal_sections_cover_the_quantile);
    CU_ADD_TEST(s, an_interval_without_an_end_is_refused);
    CU_ADD_TEST(s, mser_cuts_a_warm_up_that_is_there);
    CU_ADD_TEST(s, mser_keeps_a_series_without_warm_up);
    CU_ADD_TEST(s, mser_does_not_trust_a_series_that_keeps_growing);
    CU_ADD_TEST(s, mser_weighs_intervals_by_their_observations);
    CU_ADD_TEST(s, a_queue_that_grows_is_told_from_one_that_does_not);
    CU_ADD_TEST(s, a_flat_or_short_series_has_no_trend);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
