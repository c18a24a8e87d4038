/* model/special.h - special functions for setting up and for judging, not for the hot path: normal distribution
 * function, log of gamma, incomplete beta. Built on engine/elementary.h, so they too have the same bits everywhere. */
#ifndef ARCHI_SPECIAL_H
#define ARCHI_SPECIAL_H

#include "engine/elementary.h"

#define ARCHI_LOG_SQRT_2PI 0.91893853320467274178

/* Density of the standard normal distribution. */
ARCH_HD static inline double archi_normal_density(double x) { return archi_exp(-0.5 * x * x - ARCHI_LOG_SQRT_2PI); }

/* P(X > x) of the standard normal for x >= 2: Laplace's continued fraction, evaluated from its tail. */
ARCH_HD static inline double archi_normal_upper(double x)
{
    double f = x;
    int i;

    for (i = 200; i > 0; i--)
        f = x + i / f;
    return archi_normal_density(x) / f;
}

/* P(X <= x) of the standard normal: near 0 the series x + x^3/3 + x^5/15 + ... (Marsaglia, J. Stat. Software 11,
 * 2004). */
ARCH_HD static inline double archi_normal_cdf(double x)
{
    double sum = x, term = x;
    int i;

    if (x >= 2.0)
        return 1.0 - archi_normal_upper(x);
    if (x <= -2.0)
        return archi_normal_upper(-x);
    for (i = 3; i < 80; i += 2) {
        term = term * (x * x) / i;
        sum += term;
    }
    return 0.5 + sum * archi_normal_density(x);
}

/* log of the gamma function, x > 0: Stirling's series, after x has been raised to 15 or more by the recurrence. */
ARCH_HD static inline double archi_lgamma(double x)
{
    double product = 1.0, z;

    while (x < 15.0) {
        product *= x;
        x += 1.0;
    }
    z = 1.0 / (x * x);
    z = (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z * (1.0 / 1188 - z * 691.0 / 360360))))) / x;
    return (x - 0.5) * archi_log(x) - x + ARCHI_LOG_SQRT_2PI + z - archi_log(product);
}

/* The continued fraction of the incomplete beta function (Abramowitz & Stegun 26.5.8) by Lentz's method, x below the
 * mean a / (a + b). */
ARCH_HD static inline double archi_beta_fraction(double a, double b, double x)
{
    double c = 1.0, d = 1.0 - (a + b) * x / (a + 1.0), f, step, even, odd;
    int m;

    d = 1.0 / d;
    f = d;
    for (m = 1; m < 10000; m++) {
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m));
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0));
        d = 1.0 / (1.0 + even * d);
        c = 1.0 + even / c;
        f *= d * c;
        d = 1.0 / (1.0 + odd * d);
        c = 1.0 + odd / c;
        step = d * c;
        f *= step;
        if (step - 1.0 < 1e-16 && step - 1.0 > -1e-16)
            break;
    }
    return f;
}

/* Regularised incomplete beta function I_x(a, b): the chance that a beta(a, b) variable lies below x. `y` is 1 - x,
 * given apart because the caller may know it better. */
ARCH_HD static inline double archi_beta(double a, double b, double x, double y)
{
    double front;

    if (!(x > 0.0))
        return 0.0;
    if (!(y > 0.0))
        return 1.0;
    front = archi_exp(archi_lgamma(a + b) - archi_lgamma(a) - archi_lgamma(b) + a * archi_log(x) + b * archi_log(y));
    if (x < (a + 1.0) / (a + b + 2.0))
        return front * archi_beta_fraction(a, b, x) / a;
    return 1.0 - front * archi_beta_fraction(b, a, y) / b;
}

#endif
