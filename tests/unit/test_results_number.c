/* tests/unit/test_results_number.c - figures as people read them: no digit more than the interval carries. */
#include "io/results_number.h"
#include "unit/results_sample.h"
#include <CUnit/Basic.h>
#include <math.h>
#include <string.h>

static void estimate_is(double value, double half, archi_look_t look, const char *expected)
{
    arch_estimate_t e = results_estimate(value, half);
    char shown[ARCHI_SHOWN_BYTES];

    archi_show_estimate(&e, look, false, shown);
    CU_ASSERT_STRING_EQUAL(shown, expected);
    if (strcmp(shown, expected) != 0)
        fprintf(stderr, "shown %s, expected %s\n", shown, expected);
}

static void the_half_width_has_one_digit_or_two_when_it_begins_with_a_1(void)
{
    estimate_is(6.4123e6, 5.1e4, ARCHI_AS_TIME, "6.41 ± 0.05 ms");
    estimate_is(6.4123e6, 1.34e4, ARCHI_AS_TIME, "6.412 ± 0.013 ms");
    estimate_is(6.4123e6, 1.96e4, ARCHI_AS_TIME, "6.41 ± 0.02 ms");
    estimate_is(652.36e3, 70.0, ARCHI_AS_TIME, "652.4 ± 0.1 us"); /* no more than four digits of the value */
    estimate_is(727.31, 2.14, ARCHI_AS_NUMBER, "727 ± 2");
    estimate_is(0.968, 0.004, ARCHI_AS_NUMBER, "0.968 ± 0.004");
}

static void tight_estimates_have_three_digits_and_no_blanks(void)
{
    arch_estimate_t fine = results_estimate(5.079e6, 8.0e3), rough = results_estimate(22.6e6, 4.0e5);
    char shown[ARCHI_SHOWN_BYTES];

    archi_show_estimate(&fine, ARCHI_AS_TIME, true, shown);
    CU_ASSERT_STRING_EQUAL(shown, "5.08±0.01 ms");
    archi_show_estimate(&rough, ARCHI_AS_TIME, true, shown);
    CU_ASSERT_STRING_EQUAL(shown, "22.6±0.4 ms");
}

static void the_value_is_rounded_where_the_half_width_ends(void)
{
    estimate_is(12345.0, 210.0, ARCHI_AS_NUMBER, "12300 ± 200");
    estimate_is(812e3, 300e3, ARCHI_AS_TIME, "800 ± 300 us");
    estimate_is(0.0, 0.034, ARCHI_AS_NUMBER, "0.00 ± 0.03");
    estimate_is(-0.001, 0.3, ARCHI_AS_NUMBER, "0.0 ± 0.3");
}

static void a_half_width_too_small_to_show_is_left_out(void)
{
    estimate_is(0.8, 1e-13, ARCHI_AS_NUMBER, "0.8");
    estimate_is(1234567.0, 3.0, ARCHI_AS_NUMBER, "1.235 M");
}

static void a_half_width_larger_than_the_value_sets_the_unit(void)
{
    estimate_is(5.0, 2.0e6, ARCHI_AS_TIME, "0 ± 2 ms");
}

static void times_come_in_the_unit_that_fits(void)
{
    estimate_is(0.0, (double)NAN, ARCHI_AS_TIME, "0 ns");
    estimate_is(250.0, (double)NAN, ARCHI_AS_TIME, "250 ns");
    estimate_is(999.4, (double)NAN, ARCHI_AS_TIME, "999 ns");
    estimate_is(999.6, (double)NAN, ARCHI_AS_TIME, "1.00 us");
    estimate_is(1.5e6, (double)NAN, ARCHI_AS_TIME, "1.50 ms");
    estimate_is(7.2e12, (double)NAN, ARCHI_AS_TIME, "7200 s");
}

static void shares_are_percentages_and_large_numbers_millions(void)
{
    estimate_is(0.0108, 0.0013, ARCHI_AS_PERCENT, "1.08 ± 0.13 %");
    estimate_is(0.0, 0.0, ARCHI_AS_PERCENT, "0 %");
    estimate_is(1.0, 0.0, ARCHI_AS_PERCENT, "100 %");
    estimate_is(12345678.0, (double)NAN, ARCHI_AS_NUMBER, "12.3 M");
}

static void levels_end_after_three_decimals(void)
{
    estimate_is(0.00088, 0.00012, ARCHI_AS_LEVEL, "0.001");
    estimate_is(0.1766, 0.0012, ARCHI_AS_LEVEL, "0.177 ± 0.001");
    estimate_is(0.00088, (double)NAN, ARCHI_AS_LEVEL, "0.001");
    estimate_is(0.00088, (double)NAN, ARCHI_AS_NUMBER, "0.000880");
    estimate_is(12.25, 0.5, ARCHI_AS_LEVEL, "12.2 ± 0.5");
}

static void what_the_data_cannot_say_is_a_dash(void)
{
    arch_estimate_t e = results_unsupported();
    char shown[ARCHI_SHOWN_BYTES];

    archi_show_estimate(&e, ARCHI_AS_TIME, false, shown);
    CU_ASSERT_STRING_EQUAL(shown, "-");
    estimate_is((double)NAN, 1.0, ARCHI_AS_TIME, "-");
    estimate_is((double)INFINITY, 1.0, ARCHI_AS_NUMBER, "-");
    archi_show_range((double)INFINITY, -(double)INFINITY, ARCHI_AS_TIME, shown);
    CU_ASSERT_STRING_EQUAL(shown, "-");
}

static void a_range_of_one_value_is_that_value(void)
{
    char shown[ARCHI_SHOWN_BYTES];

    archi_show_range(1.2e6, 1.4e6, ARCHI_AS_TIME, shown);
    CU_ASSERT_STRING_EQUAL(shown, "1.20–1.40 ms");
    archi_show_range(0.4101, 0.4103, ARCHI_AS_NUMBER, shown);
    CU_ASSERT_STRING_EQUAL(shown, "0.410");
    archi_show_range(400.0, 1.4e6, ARCHI_AS_TIME, shown);
    CU_ASSERT_STRING_EQUAL(shown, "0.00–1.40 ms");
}

static void a_setting_looks_as_it_was_written(void)
{
    char shown[ARCHI_SHOWN_BYTES];

    archi_show_setting(5e7, ARCHI_AS_TIME, shown);
    CU_ASSERT_STRING_EQUAL(shown, "50 ms");
    archi_show_setting(3.75e9, ARCHI_AS_TIME, shown);
    CU_ASSERT_STRING_EQUAL(shown, "3.75 s");
    archi_show_setting(0.7, ARCHI_AS_NUMBER, shown);
    CU_ASSERT_STRING_EQUAL(shown, "0.7");
    archi_show_setting(0.001, ARCHI_AS_PERCENT, shown);
    CU_ASSERT_STRING_EQUAL(shown, "0.1 %");
    archi_show_setting(0.0, ARCHI_AS_TIME, shown);
    CU_ASSERT_STRING_EQUAL(shown, "0 ns");
}

static void counts_are_grouped_by_thousands(void)
{
    char shown[ARCHI_SHOWN_BYTES];

    archi_show_count(0, shown);
    CU_ASSERT_STRING_EQUAL(shown, "0");
    archi_show_count(999, shown);
    CU_ASSERT_STRING_EQUAL(shown, "999");
    archi_show_count(99980, shown);
    CU_ASSERT_STRING_EQUAL(shown, "99,980");
    archi_show_count(UINT64_MAX, shown);
    CU_ASSERT_STRING_EQUAL(shown, "18,446,744,073,709,551,615");
}

static void giant_numbers_fit_their_buffer(void)
{
    arch_estimate_t e = results_estimate(1e300, 1e299);
    char shown[ARCHI_SHOWN_BYTES];

    archi_show_estimate(&e, ARCHI_AS_TIME, false, shown);
    CU_ASSERT_TRUE(strlen(shown) < ARCHI_SHOWN_BYTES);
    archi_show_value(1e300, ARCHI_AS_NUMBER, shown);
    CU_ASSERT_TRUE(strlen(shown) < ARCHI_SHOWN_BYTES);
}

int main(void)
{
    unsigned failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("figures as people read them", NULL, NULL);
    CU_ADD_TEST(suite, the_half_width_has_one_digit_or_two_when_it_begins_with_a_1);
    CU_ADD_TEST(suite, tight_estimates_have_three_digits_and_no_blanks);
    CU_ADD_TEST(suite, the_value_is_rounded_where_the_half_width_ends);
    CU_ADD_TEST(suite, a_half_width_too_small_to_show_is_left_out);
    CU_ADD_TEST(suite, a_half_width_larger_than_the_value_sets_the_unit);
    CU_ADD_TEST(suite, times_come_in_the_unit_that_fits);
    CU_ADD_TEST(suite, shares_are_percentages_and_large_numbers_millions);
    CU_ADD_TEST(suite, levels_end_after_three_decimals);
    CU_ADD_TEST(suite, what_the_data_cannot_say_is_a_dash);
    CU_ADD_TEST(suite, a_range_of_one_value_is_that_value);
    CU_ADD_TEST(suite, a_setting_looks_as_it_was_written);
    CU_ADD_TEST(suite, counts_are_grouped_by_thousands);
    CU_ADD_TEST(suite, giant_numbers_fit_their_buffer);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
