/* engine/elementary.h - log, exp and their kin, with the same bits on every compiler, processor and GPU.
 *
 * Written in IEEE double additions, multiplications, divisions and square roots alone, each of which rounds one way
 * only, in an order that the source fixes. So the result depends on the argument and on nothing else, given
 * round-to-nearest, no contraction to fused operations (-ffp-contract=off, nvcc -fmad=false) and no -ffast-math.
 * tests/kat/elementary.txt holds known answers that every build must reproduce bit for bit.
 *
 * Polynomials are minimax fits made for this file (Remez exchange in 250 bits), evaluated in pairs (Estrin 1960) so
 * that a processor works on several terms at once. Largest errors in units in the last place, measured over 10^7
 * arguments of each against long double: log 0.9, exp 1.0, log1p 1.5, expm1 3.4; pow multiplies the logarithm's by
 * |y log x|. */
#ifndef ARCHI_ELEMENTARY_H
#define ARCHI_ELEMENTARY_H

#include "engine/portable.h"
#include <float.h>
#include <math.h>
#include <string.h>

#if defined(__FAST_MATH__)
#error "results must not depend on the compiler: build without -ffast-math"
#endif
#if FLT_EVAL_METHOD == 1 || FLT_EVAL_METHOD == 2
#error "results must not depend on the machine: doubles must be computed as doubles (x86: -mfpmath=sse)"
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

ARCH_HD static ARCH_ALWAYS_INLINE uint64_t archi_double_bits(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

ARCH_HD static ARCH_ALWAYS_INLINE double archi_double_from_bits(uint64_t bits)
{
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

#define ARCHI_INFINITY archi_double_from_bits(0x7ff0000000000000ull)
#define ARCHI_NAN      archi_double_from_bits(0x7ff8000000000000ull)

/* Square root, correctly rounded as IEEE 754 demands; of x >= 0. */
ARCH_HD static ARCH_ALWAYS_INLINE double archi_sqrt(double x) { return sqrt(x); }

/* log(x * 2^-shift) for the bits of a normal x > 0: x = 2^k m with m in [sqrt(1/2), sqrt(2)), and with f = m - 1 and
 * s = f / (2 + f), log(m) = 2 s + s z R(z), z = s^2, of which f - f^2/2 is taken out exactly (the arrangement of Sun's
 * fdlibm). log(2) has two parts, the first with trailing zeros so that k times it is exact. */
ARCH_HD static ARCH_ALWAYS_INLINE double archi_log_of_normal(uint64_t bits, int shift)
{
    const uint64_t sqrt_half = 0x3fe6a09e667f3bcdull;
    uint64_t t = bits + (0x3ff0000000000000ull - sqrt_half);
    double k = (double)((int)(t >> 52) - 1023 - shift);
    double f = archi_double_from_bits((t & 0x000fffffffffffffull) + sqrt_half) - 1.0;
    double s = f / (2.0 + f);
    double z = s * s, z2 = z * z;
    double half = 0.5 * f * f;
    double a = 0x1.5555555555592p-1 + z * 0x1.999999997fd9dp-2;
    double b = 0x1.24924941f32fap-2 + z * 0x1.c71c52075504ap-3;
    double c = 0x1.74663f63c7ab7p-3 + z * 0x1.39a1accb56044p-3;
    double r = z * ((a + z2 * b) + (z2 * z2) * (c + z2 * 0x1.2f05fd79ebfaap-3));

    return k * 0x1.62e42fefp-1 - ((half - (s * (half + r) + k * 0x1.473de6af278edp-34)) - f);
}

/* Natural logarithm: -inf of 0, NaN of what is negative. */
ARCH_HD static ARCH_INLINE double archi_log(double x)
{
    uint64_t bits = archi_double_bits(x);

    if (ARCH_LIKELY(bits - 0x0010000000000000ull < 0x7fe0000000000000ull))
        return archi_log_of_normal(bits, 0);
    if (x == 0.0)
        return -ARCHI_INFINITY;
    if (bits < 0x0010000000000000ull)
        return archi_log_of_normal(archi_double_bits(x * 0x1p54), 54);
    return bits == 0x7ff0000000000000ull ? x : ARCHI_NAN;
}

/* (exp(r) - 1 - r) / r^2 for |r| <= log(2)/2. */
ARCH_HD static ARCH_ALWAYS_INLINE double archi_exp_series(double r)
{
    double r2 = r * r, r4 = r2 * r2;
    double a = 0x1.000000000000ap-1 + r * 0x1.55555555554f9p-3;
    double b = 0x1.55555555507f2p-5 + r * 0x1.1111111127e82p-7;
    double c = 0x1.6c16c1844abfbp-10 + r * 0x1.a01a0129b3ad9p-13;
    double d = 0x1.a01999ae6a178p-16 + r * 0x1.71df262ef6cd9p-19;
    double e = 0x1.28adcdf03f578p-22 + r * 0x1.ad7efd91cf4b9p-26;

    return ((a + r2 * b) + r4 * (c + r2 * d)) + (r4 * r4) * e;
}

/* y 2^k where the result may leave the normal range: in two steps, the first of them exact. */
ARCH_HD static ARCH_INLINE double archi_scale_far(double y, int k)
{
    int half = k / 2;

    y *= archi_double_from_bits((uint64_t)(1023 + half) << 52);
    return y * archi_double_from_bits((uint64_t)(1023 + k - half) << 52);
}

/* e to the x: exp(x) = 2^k exp(r) with r = x - k log(2) kept in two parts. */
ARCH_HD static ARCH_INLINE double archi_exp(double x)
{
    double k, high, low, r, tail, y;
    int n;

    if (ARCH_UNLIKELY(!(x < 0x1.62e42fefa39fp+9))) /* above, exp(x) is too large for a double; or NaN */
        return x > 0.0 ? ARCHI_INFINITY : x;
    if (ARCH_UNLIKELY(x < -0x1.74910d52d3052p+9)) /* below, it rounds to 0 */
        return 0.0;
    k = (x * 0x1.71547652b82fep+0 + 0x1.8p52) - 0x1.8p52; /* the nearest whole number */
    n = (int)k;
    high = x - k * 0x1.62e42fefp-1;
    low = k * 0x1.473de6af278edp-34;
    r = high - low;
    tail = (high - r) - low;
    y = 1.0 + (r + (r * r * archi_exp_series(r) + tail));
    if (ARCH_LIKELY(n >= -1022 && n <= 1023))
        return y * archi_double_from_bits((uint64_t)(1023 + n) << 52);
    return archi_scale_far(y, n);
}

/* x to the y for x > 0. The relative error grows with |y log x|, about that many times 2^-53. */
ARCH_HD static ARCH_INLINE double archi_pow(double x, double y) { return archi_exp(y * archi_log(x)); }

/* log(1 + x), accurate near 0: the rounding of 1 + x is put back (Kahan's correction, first order). */
ARCH_HD static ARCH_INLINE double archi_log1p(double x)
{
    double y = 1.0 + x;

    if (y - 1.0 == x || !(y > 0.0) || y > 0x1p60)
        return archi_log(y);
    return archi_log(y) + (x - (y - 1.0)) / y;
}

/* exp(x) - 1, accurate near 0. */
ARCH_HD static ARCH_INLINE double archi_expm1(double x)
{
    if (x > -0.34657359027997264 && x < 0.34657359027997264)
        return x + x * x * archi_exp_series(x);
    return archi_exp(x) - 1.0;
}

/* Seventh degree polynomial in r, c[0] the constant; in pairs. */
ARCH_HD static ARCH_ALWAYS_INLINE double archi_poly7(double r, double c0, double c1, double c2, double c3, double c4,
                                                     double c5, double c6, double c7)
{
    double r2 = r * r;

    return ((c0 + r * c1) + r2 * (c2 + r * c3)) + (r2 * r2) * ((c4 + r * c5) + r2 * (c6 + r * c7));
}

/* The tails of archi_normal_quantile(): r is the root of -log of the tail's probability. */
ARCH_HD static ARCH_INLINE double archi_normal_tail(double r)
{
    if (r <= 5.0) {
        r -= 1.6;
        return archi_poly7(r, 1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055,
                           3.64784832476320460504, 1.27045825245236838258, 0.24178072517745061177,
                           0.0227238449892691845833, 7.7454501427834140764e-4) /
               archi_poly7(r, 1.0, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455,
                           0.14810397642748007459, 0.0151986665636164571966, 5.475938084995344946e-4,
                           1.05075007164441684324e-9);
    }
    r -= 5.0;
    return archi_poly7(r, 6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
                       0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5,
                       2.01033439929228813265e-7) /
           archi_poly7(r, 1.0, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525,
                       7.868691311456132591e-4, 1.8463183175100546818e-5, 1.4215117583164458887e-7,
                       2.04426310338993978564e-15);
}

/* The x below which a standard normal variable lies with probability u, 0 < u < 1: Wichura's PPND16 (Applied Statistics
 * 37, 1988, algorithm AS 241), relative accuracy about 10^-16 by design. Outside (0, 1): -inf, +inf. */
ARCH_HD static ARCH_INLINE double archi_normal_quantile(double u)
{
    double q = u - 0.5, r;

    if (ARCH_LIKELY(q >= -0.425 && q <= 0.425)) {
        r = 0.180625 - q * q;
        return q *
               archi_poly7(r, 3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
                           45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727) /
               archi_poly7(r, 1.0, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077,
                           21213.794301586595867, 39307.89580009271061, 28729.085735721942674, 5226.495278852545925);
    }
    r = q < 0.0 ? u : 1.0 - u;
    if (!(r > 0.0))
        return q < 0.0 ? -ARCHI_INFINITY : ARCHI_INFINITY;
    r = archi_normal_tail(archi_sqrt(-archi_log(r)));
    return q < 0.0 ? -r : r;
}

#endif
