/* coordinator/figures.c - estimates, and figures as people say them. */
#include "coordinator/answer.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const double confidence = 0.95;

const char *archi_text(arch_results_t *out, const char *format, ...)
{
    va_list args;
    char *text;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    text = n < 0 ? NULL : arch_results_alloc(out, (size_t)n + 1);
    if (text == NULL)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return text;
}

const char *archi_say_time(double ns, char out[ARCHI_FIGURE_BYTES])
{
    static const struct {
        double      least;
        const char *unit;
    } scale[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {0, "ns"}};
    size_t i = 0;

    while (i < 3 && !(fabs(ns) >= scale[i].least * 0.9995))
        i++;
    snprintf(out, ARCHI_FIGURE_BYTES, "%.3g %s", i == 3 ? ns : ns / scale[i].least, scale[i].unit);
    return out;
}

const char *archi_say_share(double share, char out[ARCHI_FIGURE_BYTES])
{
    double percent = 100 * share;

    snprintf(out, ARCHI_FIGURE_BYTES, percent != 0 && percent < 9.95 ? "%.2g %%" : "%.0f %%", percent);
    return out;
}

const char *archi_say_number(double x, char out[ARCHI_FIGURE_BYTES])
{
    if (fabs(x) >= 1e6)
        snprintf(out, ARCHI_FIGURE_BYTES, "%.3g million", x * 1e-6);
    else
        snprintf(out, ARCHI_FIGURE_BYTES, fabs(x) >= 100 ? "%.0f" : "%.3g", x);
    return out;
}

arch_estimate_t archi_unsupported(void)
{
    arch_estimate_t e = {NAN, NAN, false};

    return e;
}

arch_estimate_t archi_ratio_estimate(const double *over, const double *under, uint32_t n)
{
    double sum_over = 0, sum_under = 0;
    archi_interval_t interval;
    arch_estimate_t e;

    for (uint32_t i = 0; i < n; i++) {
        sum_over += over[i];
        sum_under += under[i];
    }
    if (!(sum_under > 0))
        return archi_unsupported();
    interval = archi_ratio_interval(over, under, n, confidence);
    e.value = sum_over / sum_under;
    e.half_width = interval.supported ? interval.half : NAN;
    e.supported = true;
    return e;
}

void archi_batch_half_width(arch_estimate_t *e, const double *over, const double *under, uint32_t n)
{
    archi_interval_t interval;

    if (!e->supported || n == 0)
        return;
    interval = archi_batch_interval(over, under, n, confidence, NULL);
    if (interval.supported)
        e->half_width = interval.half;
}

double archi_interval_length(const archi_answer_t *a, uint32_t i)
{
    double interval = (double)archi_plan_interval(a->job->plan), duration = (double)archi_plan_duration(a->job->plan);

    return (i + 1) * interval <= duration ? interval : duration - i * interval;
}
