/* io/results_number.c - figures as people read them. */
#include "io/results_number.h"
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_DIGITS = 3, MOST_DIGITS = 4, TIGHT_DIGITS = 3, SETTING_DIGITS = 6, LEVEL_DECIMALS = 3, DIGITS_BYTES = 40 };

typedef struct {
    double      factor;
    const char *unit; /* with its blank */
} scale_t;

/* The unit in which `size` has one to three digits before the point, as far as there is one. */
static scale_t scale_for(double size, archi_look_t look)
{
    static const scale_t times[] = {{1.0, " ns"}, {1e-3, " us"}, {1e-6, " ms"}, {1e-9, " s"}};
    static const scale_t numbers[] = {{1.0, ""}, {1e-6, " M"}};
    static const scale_t percent = {100.0, " %"};
    double shown = size < 0.0 ? -size : size;
    int t = 0;

    if (look == ARCHI_AS_PERCENT)
        return percent;
    if (look != ARCHI_AS_TIME)
        return numbers[shown >= 999999.5 ? 1 : 0];
    while (t < 3 && shown * times[t].factor >= 999.5)
        t++;
    return times[t];
}

/* The power of ten of the first significant digit. */
static int exponent_of(double x)
{
    int e = 0;

    x = x < 0.0 ? -x : x;
    if (!(x > 0.0) || !isfinite(x))
        return 0;
    for (; x >= 10.0; e++)
        x /= 10.0;
    for (; x < 1.0; e--)
        x *= 10.0;
    return e;
}

static double power_of_ten(int n)
{
    double p = 1.0;

    for (; n > 0; n--)
        p *= 10.0;
    for (; n < 0; n++)
        p /= 10.0;
    return p;
}

/* `decimals` digits behind the point; negative: rounded to tens, hundreds ... */
static void fixed(double x, int decimals, char out[DIGITS_BYTES])
{
    const char *point = localeconv()->decimal_point;
    double step = power_of_ten(-decimals);
    char *at;

    if (decimals < 0 && x / step < 1e15 && x / step > -1e15) {
        double steps = x / step;
        steps = steps < 0.0 ? -(double)(int64_t)(0.5 - steps) : (double)(int64_t)(steps + 0.5);
        x = steps * step;
    }
    if (x <= 0.0 && x > -step / 2.0)
        x = 0.0; /* no "-0" */
    snprintf(out, DIGITS_BYTES, "%.*f", decimals < 0 ? 0 : decimals, x);
    at = strcmp(point, ".") == 0 ? NULL : strstr(out, point);
    if (at != NULL) {
        memmove(at + 1, at + strlen(point), strlen(at + strlen(point)) + 1);
        *at = '.';
    }
}

/* Behind the point, so that `digits` significant ones are shown; 9.996 is 10.0, which has one less behind it. */
static int decimals_for_digits(double x, int digits)
{
    double size = x < 0.0 ? -x : x;
    int decimals = digits - 1 - exponent_of(size + 0.5 * power_of_ten(exponent_of(size) - digits + 1));

    return size == 0.0 || decimals < 0 ? 0 : decimals > 12 ? 12 : decimals;
}

static int limited(int decimals, archi_look_t look)
{
    return look == ARCHI_AS_LEVEL && decimals > LEVEL_DECIMALS ? LEVEL_DECIMALS : decimals;
}

/* Where the last digit stands that the half width gives a meaning to. */
static int decimals_for_interval(double value, double half, int most_digits)
{
    int e = exponent_of(half);
    bool two = half / power_of_ten(e) < 1.95;
    int decimals = two ? 1 - e : -e;
    int most = decimals_for_digits(value > half ? value : half, most_digits);

    return decimals > most ? most : decimals;
}

void archi_show_value(double value, archi_look_t look, char out[ARCHI_SHOWN_BYTES])
{
    scale_t scale = scale_for(value, look);
    char digits[DIGITS_BYTES];

    if (!isfinite(value)) {
        snprintf(out, ARCHI_SHOWN_BYTES, "-");
        return;
    }
    fixed(value * scale.factor, limited(decimals_for_digits(value * scale.factor, VALUE_DIGITS), look), digits);
    snprintf(out, ARCHI_SHOWN_BYTES, "%s%s", digits, scale.unit);
}

/* Without zeros at the end. */
static void show_trimmed(double value, archi_look_t look, int most_digits, char out[ARCHI_SHOWN_BYTES])
{
    scale_t scale = scale_for(value, look);
    char digits[DIGITS_BYTES];
    size_t n;

    if (!isfinite(value)) {
        snprintf(out, ARCHI_SHOWN_BYTES, "-");
        return;
    }
    fixed(value * scale.factor, limited(decimals_for_digits(value * scale.factor, most_digits), look), digits);
    n = strlen(digits);
    if (strchr(digits, '.') != NULL) {
        while (digits[n - 1] == '0')
            n--;
        if (digits[n - 1] == '.')
            n--;
    }
    snprintf(out, ARCHI_SHOWN_BYTES, "%.*s%s", (int)n, digits, scale.unit);
}

void archi_show_setting(double value, archi_look_t look, char out[ARCHI_SHOWN_BYTES])
{
    show_trimmed(value, look, SETTING_DIGITS, out);
}

void archi_show_estimate(const arch_estimate_t *estimate, archi_look_t look, bool tight, char out[ARCHI_SHOWN_BYTES])
{
    double value = estimate->value, half = estimate->half_width;
    int most_digits = tight ? TIGHT_DIGITS : MOST_DIGITS;
    char digits[DIGITS_BYTES], half_digits[DIGITS_BYTES];
    scale_t scale;
    int decimals;

    if (!estimate->supported || !isfinite(value) || !isfinite(half) || half <= 0.0) {
        archi_show_value(estimate->supported ? value : (double)NAN, look, out);
        return;
    }
    scale = scale_for(value > half ? value : half, look);
    decimals = limited(decimals_for_interval(value * scale.factor, half * scale.factor, most_digits), look);
    if (half * scale.factor < 0.5 * power_of_ten(-decimals)) {
        show_trimmed(value, look, most_digits, out); /* an interval too small to be shown */
        return;
    }
    fixed(value * scale.factor, decimals, digits);
    fixed(half * scale.factor, decimals, half_digits);
    snprintf(out, ARCHI_SHOWN_BYTES, tight ? "%s±%s%s" : "%s ± %s%s", digits, half_digits, scale.unit);
}

void archi_show_range(double low, double high, archi_look_t look, char out[ARCHI_SHOWN_BYTES])
{
    scale_t scale = scale_for(high, look);
    char low_digits[DIGITS_BYTES], high_digits[DIGITS_BYTES];
    int decimals = limited(decimals_for_digits(high * scale.factor, VALUE_DIGITS), look);

    if (!isfinite(low) || !isfinite(high)) {
        snprintf(out, ARCHI_SHOWN_BYTES, "-");
        return;
    }
    fixed(low * scale.factor, decimals, low_digits);
    fixed(high * scale.factor, decimals, high_digits);
    if (strcmp(low_digits, high_digits) == 0)
        snprintf(out, ARCHI_SHOWN_BYTES, "%s%s", high_digits, scale.unit);
    else
        snprintf(out, ARCHI_SHOWN_BYTES, "%s–%s%s", low_digits, high_digits, scale.unit);
}

void archi_show_count(uint64_t count, char out[ARCHI_SHOWN_BYTES])
{
    char plain[24];
    size_t n = (size_t)snprintf(plain, sizeof plain, "%" PRIu64, count), at = 0;

    for (size_t i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = plain[i];
    }
    out[at] = '\0';
}
