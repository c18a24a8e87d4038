/* tests/unit/test_elementary.c - our log, exp and their kin: accuracy against the C library's long double
 * functions, edges, and known answers in bits. `unit_elementary --write` prints tests/kat/elementary.txt anew. */
#include "engine/draw.h"
#include "engine/elementary.h"
#include "kat/kat.h"
#include "model/special.h"
#include <CUnit/Basic.h>

enum { MANY = 200000 };

/* Distance in units of the last place of the wanted value. */
static double ulps(double got, long double want)
{
    double w = (double)want;
    long double unit;
    int e;

    if (isinf(w) || w == 0.0)
        return got == w ? 0.0 : 1e9;
    frexp(w, &e);
    unit = ldexpl(1.0L, e - 53);
    if (unit < 0x1p-1074L)
        unit = 0x1p-1074L;
    return (double)(fabsl((long double)got - want) / unit);
}

typedef double function_t(double);
typedef long double truth_t(long double);

/* Largest error over MANY arguments low + (high - low) u. */
static double worst_between(function_t *f, truth_t *truth, double low, double high)
{
    double worst = 0.0;

    for (uint64_t i = 0; i < MANY; i++) {
        double x = low + (high - low) * archi_uniform(archi_bits64(archi_draw(7, i, 0), 0)), e = ulps(f(x), truth(x));

        worst = e > worst ? e : worst;
    }
    return worst;
}

/* Largest error over MANY arguments of every magnitude, subnormal ones included, of this sign. */
static double worst_magnitudes(function_t *f, truth_t *truth, double sign)
{
    double worst = 0.0;

    for (uint64_t i = 0; i < MANY; i++) {
        double x = sign * archi_double_from_bits(archi_bits64(archi_draw(8, i, 0), 0) >> 1);

        if (isfinite(x) && isfinite((double)truth(x))) {
            double e = ulps(f(x), truth(x));

            worst = e > worst ? e : worst;
        }
    }
    return worst;
}

static void log_is_within_2_ulp(void)
{
    CU_ASSERT(worst_between(archi_log, logl, 0.0, 1.0) < 1.0);
    CU_ASSERT(worst_between(archi_log, logl, 0.7, 1.5) < 1.0);
    CU_ASSERT(worst_between(archi_log, logl, 1.0 - 1e-9, 1.0 + 1e-9) < 1.0);
    CU_ASSERT(worst_magnitudes(archi_log, logl, 1.0) < 1.0);
    for (int e = -1074; e < 1024; e++) {
        CU_ASSERT(ulps(archi_log(ldexp(1.0, e)), logl(ldexpl(1.0L, e))) < 1.0);
        CU_ASSERT(ulps(archi_log(ldexp(0x1.6a09e667f3bccp-1, e)), logl(ldexpl(0x1.6a09e667f3bccp-1L, e))) < 1.0 ||
                  e < -1021);
    }
}

static void log_knows_its_edges(void)
{
    CU_ASSERT(archi_log(1.0) == 0.0);
    CU_ASSERT(archi_log(0.0) == -INFINITY && archi_log(-0.0) == -INFINITY);
    CU_ASSERT(archi_log(INFINITY) == INFINITY);
    CU_ASSERT(isnan(archi_log(-1.0)) && isnan(archi_log(-0x1p-1074)) && isnan(archi_log(-INFINITY)) &&
              isnan(archi_log(NAN)));
    CU_ASSERT(ulps(archi_log(0x1p-1074), logl(0x1p-1074L)) < 1.0);
    CU_ASSERT(ulps(archi_log(DBL_MAX), logl(DBL_MAX)) < 1.0);
}

static void exp_is_within_2_ulp(void)
{
    CU_ASSERT(worst_between(archi_exp, expl, -1.0, 1.0) < 1.0);
    CU_ASSERT(worst_between(archi_exp, expl, -708.0, 709.7) < 1.0);
    CU_ASSERT(worst_between(archi_exp, expl, -745.2, -708.0) <= 1.0); /* subnormal answers round twice */
    CU_ASSERT(worst_magnitudes(archi_exp, expl, 1.0) < 1.0);
    CU_ASSERT(worst_magnitudes(archi_exp, expl, -1.0) < 1.0);
}

static void exp_knows_its_edges(void)
{
    CU_ASSERT(archi_exp(0.0) == 1.0 && archi_exp(-0.0) == 1.0);
    CU_ASSERT(archi_exp(INFINITY) == INFINITY && archi_exp(-INFINITY) == 0.0 && isnan(archi_exp(NAN)));
    CU_ASSERT(archi_exp(709.79) == INFINITY && archi_exp(1e300) == INFINITY);
    CU_ASSERT(isfinite(archi_exp(709.78)) && archi_exp(709.78) > 1.79e308);
    CU_ASSERT(archi_exp(-745.14) == 0.0 && archi_exp(-1e300) == 0.0);
    CU_ASSERT(archi_exp(-745.13) == 0x1p-1074);
    CU_ASSERT(archi_exp(0x1p-54) == 1.0);
}

static void log_and_exp_rise(void)
{
    double x = 0.3, y = -0.4;

    for (int i = 0; i < MANY; i++) {
        double next = nextafter(x, 2.0) + 1e-13, after = y + 1e-11;

        CU_ASSERT_FATAL(archi_log(next) >= archi_log(x));
        CU_ASSERT_FATAL(archi_exp(after) >= archi_exp(y));
        x = next;
        y = after;
    }
}

static void log1p_and_expm1_are_accurate_near_0(void)
{
    CU_ASSERT(worst_between(archi_log1p, log1pl, -0.9, 3.0) < 2.0);
    CU_ASSERT(worst_between(archi_log1p, log1pl, -1e-10, 1e-10) < 2.0);
    CU_ASSERT(worst_magnitudes(archi_log1p, log1pl, 1.0) < 2.0);
    CU_ASSERT(worst_between(archi_expm1, expm1l, -1.0, 1.0) < 4.0);
    CU_ASSERT(worst_between(archi_expm1, expm1l, -1e-10, 1e-10) < 2.0);
    CU_ASSERT(worst_between(archi_expm1, expm1l, -50.0, 700.0) < 4.0);
    CU_ASSERT(worst_magnitudes(archi_expm1, expm1l, 1.0) < 4.0);
    CU_ASSERT(archi_log1p(-1.0) == -INFINITY && isnan(archi_log1p(-2.0)) && archi_log1p(INFINITY) == INFINITY);
    CU_ASSERT(archi_expm1(-INFINITY) == -1.0 && archi_expm1(INFINITY) == INFINITY);
}

static void pow_errs_by_what_the_logarithm_costs(void)
{
    double worst = 0.0;

    for (uint64_t i = 0; i < MANY; i++) {
        archi_bits_t b = archi_draw(9, i, 0);
        double x = archi_exp(40.0 * (archi_uniform(archi_bits64(b, 0)) - 0.5)),
               y = 20.0 * archi_uniform(archi_bits64(b, 1)) - 10.0;
        long double want = powl(x, y), bound = 2.0L + fabsl(y * logl(x));
        double e = (double)(fabsl(archi_pow(x, y) - want) / want / (bound * 0x1p-53L));

        worst = e > worst ? e : worst;
    }
    CU_ASSERT(worst < 2.0);
    CU_ASSERT(archi_pow(1.0, 1e6) == 1.0 && archi_pow(5.0, 0.0) == 1.0);
    CU_ASSERT(archi_pow(0.0, 2.0) == 0.0 && archi_pow(0.0, -2.0) == INFINITY);
}

static void the_normal_quantile_inverts_the_distribution(void)
{
    double worst = 0.0;

    for (int i = 1; i < 20000; i++) {
        double u = i < 10000 ? i / 10000.0 : exp((10000 - i) * 0.0690); /* down to 10^-300 */
        double x = archi_normal_quantile(u);
        long double back = 0.5L * erfcl(-(long double)x / sqrtl(2.0L)); /* relative error of x from that of u */
        double e = (double)(fabsl(back - u) / expl(-0.5L * (long double)x * x) * 2.5066L) / (fabs(x) + 1e-3);

        worst = e > worst ? e : worst;
    }
    CU_ASSERT(worst < 2e-15);
    CU_ASSERT(archi_normal_quantile(0.5) == 0.0);
    CU_ASSERT(archi_normal_quantile(0.25) == -archi_normal_quantile(0.75));
    CU_ASSERT_DOUBLE_EQUAL(archi_normal_quantile(0.975), 1.959963984540054, 1e-15);
    CU_ASSERT(archi_normal_quantile(0.0) == -INFINITY && archi_normal_quantile(1.0) == INFINITY);
}

static void special_functions_agree_with_the_library(void)
{
    for (double x = -37.0; x < 37.0; x += 0.0137) {
        double want = 0.5 * erfc(-x / sqrt(2.0));

        CU_ASSERT(fabs(archi_normal_cdf(x) - want) <= 5e-13 * want);
    }
    for (double x = 1e-6; x < 1e8; x *= 1.01)
        CU_ASSERT(fabs(archi_lgamma(x) - lgamma(x)) <= 4e-15 * (fabs(lgamma(x)) + 10.0));
    CU_ASSERT_DOUBLE_EQUAL(archi_beta(2.0, 3.0, 0.25, 0.75), 0.26171875, 1e-14); /* 1 - P(binomial(4, 1/4) <= 1) */
    CU_ASSERT_DOUBLE_EQUAL(archi_beta(2.0, 3.0, 0.75, 0.25), 0.94921875, 1e-14);
}

/* ---- known answers ----------------------------------------------------------------------------------------------- */

static void every_build_gives_the_known_bits(void)
{
    static kat_elementary_t point[KAT_MOST];
    int n = kat_read_elementary("tests/kat/elementary.txt", point);

    CU_ASSERT(n >= 200);
    for (int i = 0; i < n; i++)
        CU_ASSERT(kat_elementary_answer(&point[i]) == point[i].want);
}

static void write_point(uint32_t function, double x, double y)
{
    kat_elementary_t p = {function, archi_double_bits(x), archi_double_bits(y), 0};

    printf("%-8s %016" PRIx64 " %016" PRIx64 " %016" PRIx64 "\n", kat_function_name[function], p.x, p.y,
           kat_elementary_answer(&p));
}

/* A random argument that suits the function, of many magnitudes. */
static double argument(uint32_t function, uint64_t i)
{
    archi_bits_t b = archi_draw(10 + function, i, 0);
    double u = archi_uniform(archi_bits64(b, 0)), scale = ldexp(1.0, (int)(b.w[2] % 60) - 40);

    switch (function) {
    case KAT_EXP:
        return 1480.0 * u - 760.0;
    case KAT_EXPM1:
        return (2.0 * u - 1.0) * scale * 0x1p12;
    case KAT_LOG1P:
        return i % 2 ? -u : u * scale;
    case KAT_QUANTILE:
        return i % 2 ? u : u * scale * 0x1p-20;
    default:
        return i % 2 ? archi_double_from_bits(archi_bits64(b, 0) % 0x7ff0000000000000ull) : 2.0 * u;
    }
}

static int write_known_answers(void)
{
    const double edge[] = {0.0,     0x1p-1074, 0x1p-1022, 0x1p-53, 0.5, 1.0, 0x1.6a09e667f3bccp-1, 0x1.6a09e667f3bcdp-1,
                           DBL_MAX, INFINITY};

    printf(
        "# Function, bits of x, bits of y (pow only), bits of the answer. Written by `unit_elementary --write`; every\n"
        "# compiler, level of optimisation and GPU must give the same.\n");
    for (uint32_t f = 0; f < KAT_FUNCTIONS; f++) {
        for (size_t i = 0; i < sizeof edge / sizeof edge[0]; i++)
            write_point(f, edge[i], f == KAT_POW ? 0.75 : 0.0);
        for (uint64_t i = 0; i < 25; i++)
            write_point(f, argument(f, i),
                        f == KAT_POW ? 6.0 * archi_uniform(archi_bits64(archi_draw(20, i, 0), 0)) - 3.0 : 0.0);
    }
    return 0;
}

int main(int argc, char **argv)
{
    CU_pSuite s;

    if (argc == 2 && strcmp(argv[1], "--write") == 0)
        return write_known_answers();
    CU_initialize_registry();
    s = CU_add_suite("elementary", NULL, NULL);
    CU_ADD_TEST(s, log_is_within_2_ulp);
    CU_ADD_TEST(s, log_knows_its_edges);
    CU_ADD_TEST(s, exp_is_within_2_ulp);
    CU_ADD_TEST(s, exp_knows_its_edges);
    CU_ADD_TEST(s, log_and_exp_rise);
    CU_ADD_TEST(s, log1p_and_expm1_are_accurate_near_0);
    CU_ADD_TEST(s, pow_errs_by_what_the_logarithm_costs);
    CU_ADD_TEST(s, the_normal_quantile_inverts_the_distribution);
    CU_ADD_TEST(s, special_functions_agree_with_the_library);
    CU_ADD_TEST(s, every_build_gives_the_known_bits);
    CU_basic_run_tests();
    argc = CU_get_number_of_failures() != 0;
    CU_cleanup_registry();
    return argc;
}
