/* architech/sweep.h - a design simulated over axes of its values: every combination, paired, or points that fill the space.
 *
 * All points run with one seed, so that neighbours differ by what was changed and not by chance (common random numbers). */
#ifndef ARCHITECH_SWEEP_H
#define ARCHITECH_SWEEP_H

#include <architech/lab.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How points are made of the axes. */
typedef enum {
    ARCH_SWEEP_CARTESIAN, /* every combination; the last axis varies fastest */
    ARCH_SWEEP_PAIRED,    /* the first values of all axes, the second ... */
    ARCH_SWEEP_LATIN,     /* a Latin hypercube */
    ARCH_SWEEP_SOBOL      /* the first points of Sobol's sequence */
} arch_sweep_method_t;

/* Values that a design is given at one or more pointers together. */
typedef struct {
    const char *name;
    uint32_t n_pointers;
    const char **pointer;
    uint32_t n_values;  /* 0: a range without steps, for points that fill a space */
    const char **value; /* [n_values] JSON texts: "4", "\"200/s\"" */
    double *number;     /* [n_values] in `unit`; NaN where a value is no number */
    const char *unit;   /* behind all its numbers: "/s"; "" where there is none, or not one for all */
    double from, to;    /* of a range */
    bool logarithmic;   /* steps of equal ratio */
    bool whole;         /* rounded: the design takes whole numbers only */
} arch_sweep_axis_t;

/* A sweep file, read. */
typedef struct {
    arch_design_t *design; /* that is changed */
    arch_sweep_method_t method;
    uint32_t n_axes;
    arch_sweep_axis_t *axis;
    uint32_t n_points;
    double *fill;          /* [n_points * n_axes] of LATIN and SOBOL: where in the unit cube a point lies */
    uint32_t replications; /* of each point */
    uint32_t n_metrics;    /* 0: mean and p95 of operations, utilisation of components, and what objectives ask for */
    const char **metric;   /* "web lb/read p95" */
    const char *source;    /* the text of the file */
    arch_design_t *memory; /* owns all of it */
} arch_sweep_t;

/* Read and judge a sweep file (docs/experiments.md), or JSON in memory. Errors and problems as arch_design_read(). */
arch_status_t arch_sweep_read(const char *path, arch_sweep_t **out, arch_problems_t *problems);
/* The same of JSON in memory; `folder` is where files that it names are looked for. */
arch_status_t arch_sweep_parse(const char *name, const char *folder, const char *text, size_t length,
                               arch_sweep_t **out, arch_problems_t *problems);
void arch_sweep_destroy(arch_sweep_t **sweep); /* NULL and *NULL are fine */

/* The setting of an axis at a point: JSON text in `out`, cut off at `bytes`, and as a number in the axis' unit (NaN). */
void arch_sweep_setting(const arch_sweep_t *sweep, uint32_t point, uint32_t axis, char *out, size_t bytes,
                        double *number);
/* The design of a point. ARCH_E_FORMAT with *problems as arch_design_change(). The caller owns *out. */
arch_status_t arch_sweep_design(const arch_sweep_t *sweep, uint32_t point, arch_design_t **out,
                                arch_problems_t *problems);

/* What became of a point. */
typedef struct {
    arch_status_t status; /* not ARCH_OK: it could not be simulated */
    char why[256];
    int32_t objectives; /* 1: all met, 0: one clearly missed, 2: not clear; -1: none, or not simulated */
    uint64_t digest, events, requests;
} arch_swept_point_t;

/* What a sweep found. */
typedef struct {
    const arch_sweep_t *sweep; /* the caller's, which outlives this */
    arch_swept_point_t *point; /* [sweep->n_points] */
    uint32_t n_metrics;
    const char **metric, **unit; /* [n_metrics] */
    arch_figure_t *figure;
    double *value, *half_width; /* [n_metrics * n_points]; NaN where the data cannot say */
    double confidence;
    uint32_t n_failed; /* points that could not be simulated */
    uint64_t digest;   /* of all points in their order */
    uint64_t events, requests;
    arch_arena_t *arena;
} arch_swept_t;

/* Simulate all points. confidence 0: 0.95. Points that cannot be simulated are told by their status; ARCH_E_NOTFOUND: a
 * metric that there is not. What is kept of a point are its estimates. */
arch_status_t arch_sweep(arch_lab_t *lab, const arch_sweep_t *sweep, double confidence, arch_swept_t **out);
void arch_swept_destroy(arch_swept_t **swept); /* NULL and *NULL are fine */

/* The table for a terminal, at most `rows` points (0: all); as comma-separated values (RFC 4180); as a list of the points
 * that are to be simulated. malloc'ed, the caller frees. */
arch_status_t arch_swept_text(const arch_swept_t *swept, uint32_t width, bool colour, uint32_t rows, char **text);
/* See arch_swept_text(). */
arch_status_t arch_swept_csv(const arch_swept_t *swept, char **text);
/* Its points, without simulating any. */
arch_status_t arch_sweep_list(const arch_sweep_t *sweep, uint32_t width, bool colour, char **text);
/* As an HDF5 file (docs/experiments.md), whole or not at all. Errors as arch_results_write(). */
arch_status_t arch_swept_write(const char *path, const arch_swept_t *swept);

#ifdef __cplusplus
}
#endif
#endif
