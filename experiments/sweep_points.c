/* experiments/sweep_points.c - the settings of a sweep's points, and the designs that they make. */
#include "engine/elementary.h"
#include "experiments/sweep.h"
#include "io/strbuf.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Six digits are enough for a setting, and a person can read them. The ends of a range stay as they are. */
static double rounded(double x)
{
    char digits[40];

    snprintf(digits, sizeof digits, "%.5e", x);
    return strtod(digits, NULL);
}

/* Part u of the way along a range. */
double archi_axis_along(const arch_sweep_axis_t *a, double u)
{
    double x = u <= 0           ? a->from
               : u >= 1         ? a->to
               : a->logarithmic ? rounded(a->from * archi_pow(a->to / a->from, u))
                                : rounded(a->from + u * (a->to - a->from));

    return a->whole ? floor(x + 0.5) : x;
}

/* Of points that fill: every whole number has the same chance. */
static double within(const arch_sweep_axis_t *a, double u)
{
    double low = fmin(a->from, a->to), high = fmax(a->from, a->to);

    return a->whole && !a->logarithmic ? fmin(floor(low + u * (high - low + 1)), high) : archi_axis_along(a, u);
}

void archi_axis_json(const arch_sweep_axis_t *a, double x, char *out, size_t bytes)
{
    archi_strbuf_t b = {0};

    archi_strbuf_double(&b, x);
    snprintf(out, bytes, a->unit[0] != '\0' ? "\"%s%s\"" : "%s%s", b.failed ? "" : b.text, a->unit);
    archi_strbuf_fini(&b);
}

/* ---- points ----------------------------------------------------------------------------------------------------- */

static uint32_t listed(const arch_sweep_t *s, uint32_t point, uint32_t axis)
{
    const arch_sweep_axis_t *a = &s->axis[axis];

    if (s->fill != NULL)
        return (uint32_t)(s->fill[(size_t)point * s->n_axes + axis] * a->n_values);
    if (s->method == ARCH_SWEEP_PAIRED)
        return point;
    for (uint32_t i = s->n_axes - 1; i > axis; i--)
        point /= s->axis[i].n_values;
    return point % a->n_values;
}

void arch_sweep_setting(const arch_sweep_t *s, uint32_t point, uint32_t axis, char *out, size_t bytes, double *number)
{
    const arch_sweep_axis_t *a = &s->axis[axis];
    uint32_t i;

    if (a->n_values == 0) {
        *number = within(a, s->fill[(size_t)point * s->n_axes + axis]);
        archi_axis_json(a, *number, out, bytes);
        return;
    }
    i = listed(s, point, axis);
    *number = a->number[i];
    snprintf(out, bytes, "%s", a->value[i]);
}

/* Values of a list may be longer than any buffer. */
static const char *value_at(const arch_sweep_t *s, uint32_t point, uint32_t axis, char buffer[64])
{
    double number;

    if (s->axis[axis].n_values > 0)
        return s->axis[axis].value[listed(s, point, axis)];
    arch_sweep_setting(s, point, axis, buffer, 64, &number);
    return buffer;
}

arch_status_t arch_sweep_design(const arch_sweep_t *s, uint32_t point, arch_design_t **out, arch_problems_t *problems)
{
    char(*buffer)[64] = calloc(s->n_axes, sizeof *buffer);
    arch_change_t *change;
    arch_status_t st;
    uint32_t n = 0, k = 0;

    *out = NULL;
    for (uint32_t i = 0; i < s->n_axes; i++)
        n += s->axis[i].n_pointers;
    change = calloc(n, sizeof *change);
    if (buffer == NULL || change == NULL) {
        free(buffer);
        free(change);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the changes of a point");
    }
    for (uint32_t i = 0; i < s->n_axes; i++)
        for (uint32_t j = 0; j < s->axis[i].n_pointers; j++)
            change[k++] = (arch_change_t){s->axis[i].pointer[j], value_at(s, point, i, buffer[i])};
    st = arch_design_change(s->design, change, n, out, problems);
    if (st == ARCH_OK)
        (*out)->run.replications = s->replications;
    free(buffer);
    free(change);
    return st;
}
