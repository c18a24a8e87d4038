/* tests/unit/test_variate.c - distributions: resolved from mean and cv, judged, and drawn from. Draws are set
 * against the analytic distribution functions by Kolmogorov's test with fixed keys: its statistic exceeds 2.2 once
 * in 8,000 trials. `unit_variate --write` prints tests/kat/variates.txt anew. */
#include "kat/kat.h"
#include "model/special.h"
#include "model/variate.h"
#include <CUnit/Basic.h>
#include <architech/dist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 50000 };

static double value4[] = {1.0, 2.5, 10.0, 1000.0}, cumulative4[] = {0.25, 0.5, 0.875, 1.0};
static arch_table_t tables[] = {{4, value4, cumulative4, false}, {4, value4, cumulative4, true}};

static arch_dist_t dist(arch_dist_kind_t kind, double p0, double p1, double p2)
{
    arch_dist_t d = {kind, {p0, p1, p2}, 0.0, ARCH_NONE};

    return d;
}

/* ---- distribution functions, from the C library ------------------------------------------------------------------ */

static double normal_below(double x) { return 0.5 * erfc(-x / sqrt(2.0)); }

/* Regularised lower incomplete gamma function, by its series. */
static double gamma_below(double a, double x)
{
    double term = 1.0 / a, sum = term;

    if (x > a + 40.0 * sqrt(a) + 40.0)
        return 1.0;
    for (double k = a + 1.0; term > sum * 1e-17; k += 1.0) {
        term *= x / k;
        sum += term;
    }
    return sum * exp(a * log(x) - x - lgamma(a));
}

static double below(const arch_dist_t *d, double x)
{
    const double *p = d->p;

    switch (d->kind) {
    case ARCH_DIST_EXPONENTIAL:
        return -expm1(-x / p[0]);
    case ARCH_DIST_UNIFORM:
        return (x - p[0]) / (p[1] - p[0]);
    case ARCH_DIST_NORMAL:
        return 1.0 - normal_below((p[0] - x) / p[1]) / normal_below(p[0] / p[1]);
    case ARCH_DIST_LOGNORMAL:
        return normal_below((log(x) - p[0]) / p[1]);
    case ARCH_DIST_GAMMA:
    case ARCH_DIST_ERLANG:
        return gamma_below(p[0], x / p[1]);
    case ARCH_DIST_WEIBULL:
        return -expm1(-pow(x / p[1], p[0]));
    case ARCH_DIST_PARETO:
        return 1.0 - pow(p[1] / x, p[0]);
    default:
        return -p[0] * expm1(-x / p[1]) - (1.0 - p[0]) * expm1(-x / p[2]);
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* ---- draws ------------------------------------------------------------------------------------------------------- */

static double sample[MANY];

static void draw_many(const arch_dist_t *d, uint64_t key)
{
    double flat[16];
    archi_var_t v;

    archi_tables_fill(tables, 2, flat);
    archi_var_from_dist(d, tables, &v);
    for (uint64_t i = 0; i < MANY; i++)
        sample[i] = archi_variate(&v, flat, key, i, 0x500);
}

/* sqrt(n) times the largest distance between the sample's distribution function and the true one. */
static double kolmogorov(const arch_dist_t *d)
{
    double worst = 0.0;

    qsort(sample, MANY, sizeof sample[0], by_size);
    for (int i = 0; i < MANY; i++) {
        double f = below(d, sample[i]);

        worst = fmax(worst, fmax(f - (double)i / MANY, (i + 1.0) / MANY - f));
    }
    return worst * sqrt(MANY);
}

static const arch_dist_t known[] = {
    {ARCH_DIST_EXPONENTIAL, {2e6, 0, 0}, 0, ARCH_NONE}, {ARCH_DIST_UNIFORM, {10, 30, 0}, 0, ARCH_NONE},
    {ARCH_DIST_NORMAL, {100, 20, 0}, 0, ARCH_NONE},     {ARCH_DIST_NORMAL, {5, 10, 0}, 0, ARCH_NONE},
    {ARCH_DIST_NORMAL, {0, 1, 0}, 0, ARCH_NONE},        {ARCH_DIST_LOGNORMAL, {10, 0.5, 0}, 0, ARCH_NONE},
    {ARCH_DIST_LOGNORMAL, {2, 2, 0}, 0, ARCH_NONE},     {ARCH_DIST_GAMMA, {0.05, 10, 0}, 0, ARCH_NONE},
    {ARCH_DIST_GAMMA, {0.9, 10, 0}, 0, ARCH_NONE},      {ARCH_DIST_GAMMA, {1, 10, 0}, 0, ARCH_NONE},
    {ARCH_DIST_GAMMA, {2.5, 1, 0}, 0, ARCH_NONE},       {ARCH_DIST_GAMMA, {300, 7, 0}, 0, ARCH_NONE},
    {ARCH_DIST_ERLANG, {1, 5, 0}, 0, ARCH_NONE},        {ARCH_DIST_ERLANG, {4, 5, 0}, 0, ARCH_NONE},
    {ARCH_DIST_ERLANG, {15, 5, 0}, 0, ARCH_NONE},       {ARCH_DIST_ERLANG, {16, 5, 0}, 0, ARCH_NONE},
    {ARCH_DIST_ERLANG, {17, 5, 0}, 0, ARCH_NONE},       {ARCH_DIST_WEIBULL, {0.5, 100, 0}, 0, ARCH_NONE},
    {ARCH_DIST_WEIBULL, {3, 100, 0}, 0, ARCH_NONE},     {ARCH_DIST_PARETO, {1.5, 4, 0}, 0, ARCH_NONE},
    {ARCH_DIST_PARETO, {6, 4, 0}, 0, ARCH_NONE},        {ARCH_DIST_HYPEREXP, {0.9, 1, 50}, 0, ARCH_NONE},
};
enum { N_KNOWN = sizeof known / sizeof known[0] };

static void draws_follow_their_distribution(void)
{
    for (int i = 0; i < N_KNOWN; i++) {
        double k;

        draw_many(&known[i], 1000 + (uint64_t)i);
        k = kolmogorov(&known[i]);
        CU_ASSERT(k < 2.2);
        CU_ASSERT(k > 0.2); /* too good to be random */
    }
}

/* The same statistic notices a distribution that is off by 3 %. */
static void the_test_itself_can_fail(void)
{
    for (int i = 0; i < N_KNOWN; i++) {
        arch_dist_t off = known[i];
        bool log_of_scale = off.kind == ARCH_DIST_LOGNORMAL;

        if (off.kind == ARCH_DIST_PARETO || off.kind == ARCH_DIST_NORMAL || log_of_scale || off.p[0] < 1.0)
            continue; /* their first two parameters act in other ways */
        draw_many(&off, 1000 + (uint64_t)i);
        for (int j = 0; j < MANY; j++)
            sample[j] *= 1.03;
        CU_ASSERT(kolmogorov(&off) > 2.2);
    }
}

static void moments_are_those_of_the_draws(void)
{
    for (int i = 0; i < N_KNOWN; i++) {
        double mean = arch_dist_mean(&known[i], tables), variance = arch_dist_variance(&known[i], tables), m = 0.0,
               v = 0.0;

        if (!isfinite(variance))
            continue;
        draw_many(&known[i], 2000 + (uint64_t)i);
        for (int j = 0; j < MANY; j++)
            m += sample[j] / MANY;
        for (int j = 0; j < MANY; j++)
            v += (sample[j] - m) * (sample[j] - m) / (MANY - 1);
        CU_ASSERT(fabs(m - mean) < 4.5 * sqrt(variance / MANY));
        if (arch_dist_cv(&known[i], tables) < 1.5) /* of heavy tails the sample's variance says little */
            CU_ASSERT(fabs(v / variance - 1.0) < 0.1);
        CU_ASSERT_DOUBLE_EQUAL(arch_dist_cv(&known[i], tables), sqrt(variance) / mean, 1e-12);
    }
}

static void no_draw_lies_below_the_minimum(void)
{
    for (int i = 0; i < N_KNOWN; i++) {
        arch_dist_t d = known[i];
        arch_time_t least;
        archi_var_t v;

        d.shift = 1234.5;
        least = archi_time_from_ns(arch_dist_min(&d, tables));
        CU_ASSERT(least >= 1235);
        draw_many(&d, 3000 + (uint64_t)i);
        for (int j = 0; j < MANY; j++)
            CU_ASSERT_FATAL(sample[j] >= arch_dist_min(&d, tables) && isfinite(sample[j]));
        archi_var_from_dist(&d, tables, &v);
        for (uint64_t j = 0; j < 1000; j++)
            CU_ASSERT_FATAL(archi_variate_time(&v, NULL, 5, j, 0) >= least);
    }
}

static void constants_draw_nothing_and_keep_their_value(void)
{
    arch_dist_t d = dist(ARCH_DIST_CONSTANT, 41.5, 0, 0);
    archi_var_t v;

    d.shift = 0.5;
    archi_var_from_dist(&d, NULL, &v);
    CU_ASSERT(archi_variate(&v, NULL, 1, 2, 3) == 42.0 && archi_variate(&v, NULL, 9, 9, 9) == 42.0);
    CU_ASSERT_EQUAL(archi_variate_time(&v, NULL, 1, 2, 3), 42);
    CU_ASSERT(arch_dist_mean(&d, NULL) == 42.0 && arch_dist_min(&d, NULL) == 42.0 && arch_dist_cv(&d, NULL) == 0.0);
}

/* Stepwise: exactly the shares of the table. Linear: by Kolmogorov's test between the entries, the atom at the
 * first apart. */
static void empirical_draws_follow_their_table(void)
{
    arch_dist_t d = dist(ARCH_DIST_EMPIRICAL, 0, 0, 0);
    int n[4] = {0}, atom = 0, early = 0;

    d.table = 0;
    draw_many(&d, 1);
    for (int i = 0; i < MANY; i++)
        for (int j = 0; j < 4; j++)
            n[j] += sample[i] == value4[j];
    for (int j = 0; j < 4; j++) {
        double p = cumulative4[j] - (j ? cumulative4[j - 1] : 0.0);
        CU_ASSERT(fabs(n[j] - p * MANY) < 4.5 * sqrt(MANY * p * (1.0 - p)));
    }
    CU_ASSERT_EQUAL(n[0] + n[1] + n[2] + n[3], MANY);
    d.table = 1;
    draw_many(&d, 2);
    for (int i = 0; i < MANY; i++) {
        atom += sample[i] == 1.0;
        early += sample[i] <= 100.0; /* 0.875 + 0.125 * 90 / 990 */
        CU_ASSERT_FATAL(sample[i] >= 1.0 && sample[i] <= 1000.0);
    }
    CU_ASSERT(fabs(atom - 0.25 * MANY) < 4.5 * sqrt(MANY * 0.1875));
    CU_ASSERT(fabs(early - 0.8863636 * MANY) < 4.5 * sqrt(MANY * 0.1007));
    CU_ASSERT_DOUBLE_EQUAL(arch_dist_mean(&d, tables), 0.25 + 0.25 * 1.75 + 0.375 * 6.25 + 0.125 * 505.0, 1e-9);
    d.table = 0;
    CU_ASSERT_DOUBLE_EQUAL(arch_dist_mean(&d, tables), 0.25 + 0.25 * 2.5 + 0.375 * 10 + 0.125 * 1000, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(arch_dist_variance(&d, tables), 0.25 + 0.25 * 6.25 + 37.5 + 125000 - 129.625 * 129.625,
                           1e-6);
    CU_ASSERT(arch_dist_min(&d, tables) == 1.0);
}

/* Else a shape does, and the second parameter is the scale. */
static bool mean_comes_first(arch_dist_kind_t kind)
{
    return kind == ARCH_DIST_EXPONENTIAL || kind == ARCH_DIST_NORMAL || kind == ARCH_DIST_LOGNORMAL;
}

static void designs_that_differ_in_a_mean_draw_alike(void)
{
    for (int i = 0; i < N_KNOWN; i++) {
        arch_dist_t slower = known[i];
        archi_var_t a, b;

        if (slower.kind == ARCH_DIST_GAMMA || (slower.kind == ARCH_DIST_ERLANG && slower.p[0] > ARCHI_ERLANG_PHASES))
            continue; /* by rejection: alike mostly */
        slower.p[mean_comes_first(slower.kind) ? 0 : 1] *= 1.25;
        archi_var_from_dist(&known[i], NULL, &a);
        archi_var_from_dist(&slower, NULL, &b);
        for (uint64_t j = 0; j < 2000; j++)
            CU_ASSERT_FATAL(archi_variate(&b, NULL, 4, j, 0) >= archi_variate(&a, NULL, 4, j, 0));
    }
}

static void times_are_rounded_and_saturated(void)
{
    arch_dist_t huge = dist(ARCH_DIST_PARETO, 1.001, 1e17, 0);
    archi_var_t v;

    CU_ASSERT_EQUAL(archi_time_from_ns(0.49), 0);
    CU_ASSERT_EQUAL(archi_time_from_ns(0.5), 1);
    CU_ASSERT_EQUAL(archi_time_from_ns(-3.0), 0);
    CU_ASSERT_EQUAL(archi_time_from_ns(1e30), ARCH_TIME_MAX / 4);
    CU_ASSERT_EQUAL(archi_time_from_ns(INFINITY), ARCH_TIME_MAX / 4);
    CU_ASSERT_EQUAL(archi_time_from_ns(NAN), ARCH_TIME_MAX / 4);
    CU_ASSERT_EQUAL(archi_time_from_ns(1e15 + 0.25), 1000000000000000);
    archi_var_from_dist(&huge, NULL, &v);
    for (uint64_t i = 0; i < 2000; i++)
        CU_ASSERT_FATAL(archi_variate_time(&v, NULL, 1, i, 0) <= ARCH_TIME_MAX / 4);
}

/* ---- Zipf keys --------------------------------------------------------------------------------------------------- */

static void zipf_keys_follow_their_law(void)
{
    static const double s[] = {0.0, 0.3, 0.99, 1.0, 1.0 + 1e-12, 1.01, 2.0, 5.0};
    enum { KEYS = 40 };

    for (size_t i = 0; i < sizeof s / sizeof s[0]; i++) {
        double count[KEYS] = {0}, total = 0.0, chi = 0.0, cells = 0.0;
        archi_zipf_t z;

        archi_zipf_init(KEYS, s[i], &z);
        for (uint64_t j = 0; j < MANY; j++) {
            uint64_t k = archi_zipf_key(&z, 77, j, 0);

            CU_ASSERT_FATAL(k < KEYS);
            count[k]++;
        }
        for (int k = 0; k < KEYS; k++)
            total += pow(k + 1, -s[i]);
        for (int k = 0; k < KEYS; k++) {
            double want = MANY * pow(k + 1, -s[i]) / total;

            if (want >= 5.0) {
                chi += (count[k] - want) * (count[k] - want) / want;
                cells++;
            }
        }
        CU_ASSERT(chi < cells + 4.5 * sqrt(2.0 * cells));
    }
}

static void zipf_keys_may_be_many(void)
{
    static const double s[] = {0.0, 0.5, 0.9, 1.0, 1.1, 3.0, 100.0};
    const uint64_t n = 1000000000000;

    for (size_t i = 0; i < sizeof s / sizeof s[0]; i++) {
        archi_zipf_t z;
        double first = 0, half = 0, l = log(1e12), want;

        archi_zipf_init(n, s[i], &z);
        for (uint64_t j = 0; j < MANY; j++) {
            uint64_t k = archi_zipf_key(&z, 78, j, 0);

            CU_ASSERT_FATAL(k < n);
            first += k == 0;
            half += k < 1000000;
        }
        if (s[i] == 1.0) { /* harmonic number: log n + 0.5772 */
            CU_ASSERT(fabs(first / MANY - 1.0 / (l + 0.577216)) < 4.5 * sqrt(0.036 / MANY));
            CU_ASSERT(fabs(half / MANY - (0.5 * l + 0.577216) / (l + 0.577216)) < 4.5 * sqrt(0.25 / MANY));
        } else if (s[i] < 0.6) { /* the share of the first 10^6 of 10^12 is 10^(-6 (1 - s)) */
            want = pow(1e-6, 1.0 - s[i]);
            CU_ASSERT(fabs(half / MANY - want) < 4.5 * sqrt(want / MANY) + 1e-4);
        } else if (s[i] == 3.0) { /* 1 / zeta(3) */
            CU_ASSERT(fabs(first / MANY - 0.831907) < 4.5 * sqrt(0.14 / MANY));
        } else if (s[i] == 100.0) {
            CU_ASSERT(first == MANY);
        }
    }
}

static void a_keyspace_of_one_has_one_key(void)
{
    archi_zipf_t z;

    for (double s = 0.0; s < 3.0; s += 0.5) {
        archi_zipf_init(1, s, &z);
        for (uint64_t j = 0; j < 100; j++)
            CU_ASSERT_EQUAL(archi_zipf_key(&z, 1, j, 0), 0);
    }
}

/* ---- from mean and cv -------------------------------------------------------------------------------------------- */

static void resolves_mean_and_cv(void)
{
    static const double cv[] = {0.01, 0.1, 0.25, 0.5, 0.57, 1.0, 1.5, 3.0, 20.0};

    for (int kind = 0; kind < ARCH_DIST_EMPIRICAL; kind++)
        for (size_t i = 0; i < sizeof cv / sizeof cv[0]; i++) {
            arch_dist_t d = {ARCH_DIST_CONSTANT, {0, 0, 0}, 7.0, ARCH_NONE};
            bool possible = !(kind == ARCH_DIST_UNIFORM && cv[i] > 0.577) &&
                            !(kind == ARCH_DIST_HYPEREXP && cv[i] <= 1.0) &&
                            !(kind == ARCH_DIST_ERLANG && (cv[i] > 1.0 || cv[i] == 0.57));

            CU_ASSERT_EQUAL(arch_dist_from_mean_cv((arch_dist_kind_t)kind, 3e6, cv[i], &d) == ARCH_OK, possible);
            CU_ASSERT(d.shift == 7.0);
            if (!possible) {
                CU_ASSERT(d.kind == ARCH_DIST_CONSTANT && strncmp(arch_error_text(), "cv: is ", 7) == 0);
                continue;
            }
            CU_ASSERT(arch_dist_check(&d, NULL, 0) == ARCH_OK);
            d.shift = 0.0;
            if (kind == ARCH_DIST_NORMAL && cv[i] > 0.1)
                continue; /* of the parent */
            CU_ASSERT_DOUBLE_EQUAL(arch_dist_mean(&d, NULL), 3e6, 3e6 * 1e-9);
            if (arch_dist_takes_cv((arch_dist_kind_t)kind))
                CU_ASSERT_DOUBLE_EQUAL(arch_dist_cv(&d, NULL), cv[i], cv[i] * 1e-8);
        }
}

static void names_the_nearest_cvs_of_an_erlang(void)
{
    arch_dist_t d = {0};

    CU_ASSERT_EQUAL(arch_dist_from_mean_cv(ARCH_DIST_ERLANG, 1.0, 0.45, &d), ARCH_E_RANGE);
    CU_ASSERT(strstr(arch_error_text(), "0.447214 (5 phases) and 0.5 (4 phases)") != NULL);
    CU_ASSERT_EQUAL(arch_dist_from_mean_cv(ARCH_DIST_ERLANG, 1.0, 0.447214, &d), ARCH_OK);
    CU_ASSERT(d.p[0] == 5.0 && d.p[1] == 0.2);
    CU_ASSERT_EQUAL(arch_dist_from_mean_cv(ARCH_DIST_ERLANG, 1.0, 2.0, &d), ARCH_E_RANGE);
    CU_ASSERT_EQUAL(arch_dist_from_mean_cv(ARCH_DIST_ERLANG, 1.0, 1.0 / 0.0, &d), ARCH_E_RANGE);
}

static void refuses_a_mean_or_cv_that_is_no_number(void)
{
    for (int kind = 0; kind < ARCH_DIST_EMPIRICAL; kind++) {
        arch_dist_t d = {0};

        CU_ASSERT_EQUAL(arch_dist_from_mean_cv((arch_dist_kind_t)kind, NAN, 0.5, &d), ARCH_E_RANGE);
        CU_ASSERT_EQUAL(arch_dist_from_mean_cv((arch_dist_kind_t)kind, -1.0, 0.5, &d), ARCH_E_RANGE);
        CU_ASSERT_EQUAL(arch_dist_from_mean_cv((arch_dist_kind_t)kind, INFINITY, 0.5, &d), ARCH_E_RANGE);
        CU_ASSERT_EQUAL(arch_dist_from_mean_cv((arch_dist_kind_t)kind, 0.0, 0.5, &d) == ARCH_OK,
                        kind == ARCH_DIST_CONSTANT);
        if (arch_dist_takes_cv((arch_dist_kind_t)kind)) {
            CU_ASSERT_EQUAL(arch_dist_from_mean_cv((arch_dist_kind_t)kind, 1.0, NAN, &d), ARCH_E_RANGE);
            CU_ASSERT_EQUAL(arch_dist_from_mean_cv((arch_dist_kind_t)kind, 1.0, 0.0, &d), ARCH_E_RANGE);
            CU_ASSERT_EQUAL(arch_dist_from_mean_cv((arch_dist_kind_t)kind, 1.0, -2.0, &d), ARCH_E_RANGE);
        }
    }
}

static void refuses(arch_dist_t d, const char *words)
{
    CU_ASSERT_EQUAL(arch_dist_check(&d, tables, 2), ARCH_E_RANGE);
    CU_ASSERT(strstr(arch_error_text(), words) != NULL);
}

static void refuses_impossible_parameters(void)
{
    arch_dist_t d = dist(ARCH_DIST_EXPONENTIAL, 1, 0, 0);

    refuses(dist(ARCH_DIST_CONSTANT, -1, 0, 0), "value: is -1, must be >= 0");
    refuses(dist(ARCH_DIST_EXPONENTIAL, 0, 0, 0), "mean: is 0, must be > 0");
    refuses(dist(ARCH_DIST_EXPONENTIAL, NAN, 0, 0), "mean: is ");
    refuses(dist(ARCH_DIST_UNIFORM, 3, 2, 0), "high: is 2, must be >= 3");
    refuses(dist(ARCH_DIST_NORMAL, -1, 2, 0), "mean: is -1");
    refuses(dist(ARCH_DIST_NORMAL, 1, 0, 0), "standard deviation: is 0");
    refuses(dist(ARCH_DIST_LOGNORMAL, 99, 1, 0), "mean: comes to");
    refuses(dist(ARCH_DIST_GAMMA, 0, 1, 0), "shape: is 0");
    refuses(dist(ARCH_DIST_ERLANG, 2.5, 1, 0), "k: is 2.5, must be a whole number");
    refuses(dist(ARCH_DIST_WEIBULL, 1, -1, 0), "scale: is -1");
    refuses(dist(ARCH_DIST_PARETO, 1, 1, 0), "shape: is 1, must be > 1");
    refuses(dist(ARCH_DIST_HYPEREXP, 1.5, 1, 1), "p1: is 1.5, must be at most 1");
    refuses(dist(ARCH_DIST_EMPIRICAL, 0, 0, 0), "table: there is none");
    refuses(dist(ARCH_N_DISTS, 0, 0, 0), "kind: is");
    d.shift = -1.0;
    refuses(d, "shift: is -1");
    for (int i = 0; i < N_KNOWN; i++)
        CU_ASSERT_EQUAL(arch_dist_check(&known[i], tables, 2), ARCH_OK);
}

static void refuses_a_table_that_does_not_ascend(void)
{
    double value[] = {1, 3, 2}, cumulative[] = {0.2, 0.5, 1.0}, share[] = {0.2, 0.1, 1.0}, short_of[] = {0.2, 0.5, 0.9};
    arch_table_t bad[] = {{3, value, cumulative, false},
                          {3, cumulative, share, false},
                          {3, cumulative, short_of, true},
                          {0, NULL, NULL, false}};
    arch_dist_t d = dist(ARCH_DIST_EMPIRICAL, 0, 0, 0);

    for (d.table = 0; d.table < 4; d.table++)
        CU_ASSERT_EQUAL(arch_dist_check(&d, bad, 4), ARCH_E_RANGE);
    d.table = 1;
    CU_ASSERT_EQUAL(arch_dist_check(&d, tables, 2), ARCH_OK);
}

static void tables_lie_one_after_the_other(void)
{
    double flat[16];

    CU_ASSERT_EQUAL(archi_tables_size(tables, 2), 16);
    CU_ASSERT_EQUAL(archi_tables_first(tables, 1), 8);
    archi_tables_fill(tables, 2, flat);
    CU_ASSERT(flat[3] == 1000.0 && flat[4] == 0.25 && flat[8] == 1.0 && flat[15] == 1.0);
}

/* ---- known answers ----------------------------------------------------------------------------------------------- */

static void every_build_draws_the_known_bits(void)
{
    static kat_variate_t point[KAT_MOST];
    int n = kat_read_variates("tests/kat/variates.txt", point);

    CU_ASSERT(n >= 100);
    for (int i = 0; i < n; i++)
        CU_ASSERT(kat_variate_answer(&point[i]) == point[i].want);
}

static void write_variate(kat_variate_t *p)
{
    const archi_var_t *v = &p->var;

    printf("%" PRIu32 " %" PRIu32 " %" PRIu32 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %" PRIx64
           " %" PRIx64 " %" PRIx64 " %" PRIx64 "\n",
           v->kind, v->n, v->linear, archi_double_bits(v->p[0]), archi_double_bits(v->p[1]), archi_double_bits(v->p[2]),
           archi_double_bits(v->shift), p->key, p->major, p->minor, kat_variate_answer(p));
}

static int write_known_answers(void)
{
    static const double s[] = {0.0, 0.8, 1.0, 1.3};

    printf("# kind n linear p0 p1 p2 shift key major minor answer, as tests/kat/kat.h says. Written by `unit_variate "
           "--write`; every\n"
           "# compiler, level of optimisation and GPU must give the same.\n");
    for (uint64_t i = 0; i < N_KNOWN + 6; i++)
        for (uint64_t j = 0; j < 6; j++) {
            kat_variate_t p = {.key = 0x123456789abcdefull * (i + 1), .major = j, .minor = i << 8};
            arch_dist_t d = dist(ARCH_DIST_EMPIRICAL, 0, 0, 0);

            d.table = i == N_KNOWN ? 0 : 1;
            if (i < N_KNOWN + 2) {
                archi_var_from_dist(i < N_KNOWN ? &known[i] : &d, tables, &p.var);
                p.var.first = 0;
            } else {
                p.var.kind = ARCH_N_DISTS;
                p.var.n = 1000000;
                p.var.p[0] = s[i - N_KNOWN - 2];
                archi_zipf_init(p.var.n, p.var.p[0], &p.zipf);
            }
            write_variate(&p);
        }
    return 0;
}

int main(int argc, char **argv)
{
    CU_pSuite s;

    if (argc == 2 && strcmp(argv[1], "--write") == 0)
        return write_known_answers();
    CU_initialize_registry();
    s = CU_add_suite("variate", NULL, NULL);
    CU_ADD_TEST(s, draws_follow_their_distribution);
    CU_ADD_TEST(s, the_test_itself_can_fail);
    CU_ADD_TEST(s, moments_are_those_of_the_draws);
    CU_ADD_TEST(s, no_draw_lies_below_the_minimum);
    CU_ADD_TEST(s, constants_draw_nothing_and_keep_their_value);
    CU_ADD_TEST(s, empirical_draws_follow_their_table);
    CU_ADD_TEST(s, designs_that_differ_in_a_mean_draw_alike);
    CU_ADD_TEST(s, times_are_rounded_and_saturated);
    CU_ADD_TEST(s, zipf_keys_follow_their_law);
    CU_ADD_TEST(s, zipf_keys_may_be_many);
    CU_ADD_TEST(s, a_keyspace_of_one_has_one_key);
    CU_ADD_TEST(s, resolves_mean_and_cv);
    CU_ADD_TEST(s, names_the_nearest_cvs_of_an_erlang);
    CU_ADD_TEST(s, refuses_a_mean_or_cv_that_is_no_number);
    CU_ADD_TEST(s, refuses_impossible_parameters);
    CU_ADD_TEST(s, refuses_a_table_that_does_not_ascend);
    CU_ADD_TEST(s, tables_lie_one_after_the_other);
    CU_ADD_TEST(s, every_build_draws_the_known_bits);
    CU_basic_run_tests();
    argc = CU_get_number_of_failures() != 0;
    CU_cleanup_registry();
    return argc;
}
