/* experiments/sweep.h - shared by the files of sweeps. */
#ifndef ARCHI_SWEEP_H
#define ARCHI_SWEEP_H

#include <architech/sweep.h>

/* Part u, from 0 to 1, of the way along a range. */
double archi_axis_along(const arch_sweep_axis_t *axis, double u);
/* A number of the axis as JSON text, with its unit; cut off at `bytes`. */
void archi_axis_json(const arch_sweep_axis_t *axis, double x, char *out, size_t bytes);

#endif
