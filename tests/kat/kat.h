/* tests/kat/kat.h - known answers: one set of files, and one evaluation of each, for the CPU tests and the CUDA tests
 * alike.
 *
 * The kat_*_answer() functions are plain ARCH_HD code: a CPU test calls them in a loop, a CUDA test in a kernel
 * over the same array, and either compares `got` with `want` bit for bit. Files hold one point per line; # begins a
 * comment. */
#ifndef ARCH_TEST_KAT_H
#define ARCH_TEST_KAT_H

#include "engine/draw.h"
#include "engine/elementary.h"
#include "model/variate.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KAT_MOST = 1024 };

/* ---- philox.txt: counter and key in, four words out, as in Random123's own kat_vectors --------------------------- */

typedef struct {
    uint32_t counter[4], key[2], want[4];
} kat_philox_t;

ARCH_HD static inline archi_bits_t kat_philox_answer(const kat_philox_t *p)
{
    return archi_draw(p->key[0] | (uint64_t)p->key[1] << 32, p->counter[0] | (uint64_t)p->counter[1] << 32,
                      p->counter[2] | (uint64_t)p->counter[3] << 32);
}

/* ---- elementary.txt: name of the function, bits of x, bits of y (of pow; else 0), bits of the answer ------------- */

enum { KAT_LOG, KAT_EXP, KAT_POW, KAT_LOG1P, KAT_EXPM1, KAT_SQRT, KAT_QUANTILE, KAT_FUNCTIONS };

typedef struct {
    uint32_t function;
    uint64_t x, y, want;
} kat_elementary_t;

ARCH_HD static inline uint64_t kat_elementary_answer(const kat_elementary_t *p)
{
    double x = archi_double_from_bits(p->x), y = archi_double_from_bits(p->y);

    switch (p->function) {
    case KAT_LOG:
        return archi_double_bits(archi_log(x));
    case KAT_EXP:
        return archi_double_bits(archi_exp(x));
    case KAT_POW:
        return archi_double_bits(archi_pow(x, y));
    case KAT_LOG1P:
        return archi_double_bits(archi_log1p(x));
    case KAT_EXPM1:
        return archi_double_bits(archi_expm1(x));
    case KAT_SQRT:
        return archi_double_bits(archi_sqrt(x));
    default:
        return archi_double_bits(archi_normal_quantile(x));
    }
}

/* ---- variates.txt: a distribution as the plan holds it, who draws, bits of the answer ------------------------------
 * kind n linear p0 p1 p2 shift key major minor want; p and shift as bits. Kind ARCH_N_DISTS: a Zipf key of n keys and
 * exponent p0. Kind EMPIRICAL draws from kat_table(). */

typedef struct {
    archi_var_t var;
    archi_zipf_t zipf;
    uint64_t key, major, minor, want;
} kat_variate_t;

/* Four values, then their cumulative probabilities. */
ARCH_HD static inline void kat_table(double *t)
{
    t[0] = 1.0, t[1] = 2.5, t[2] = 10.0, t[3] = 1000.0;
    t[4] = 0.25, t[5] = 0.5, t[6] = 0.875, t[7] = 1.0;
}

ARCH_HD static inline uint64_t kat_variate_answer(const kat_variate_t *p)
{
    double table[8];

    if (p->var.kind == ARCH_N_DISTS)
        return archi_zipf_key(&p->zipf, p->key, p->major, p->minor);
    kat_table(table);
    return archi_double_bits(archi_variate(&p->var, table, p->key, p->major, p->minor));
}

/* ---- reading; host only --------------------------------------------------------------------------------------------
 * Each returns the number of points read, or -1 when the file cannot be opened or a line is not understood. */

static const char *const kat_function_name[KAT_FUNCTIONS] = {"log", "exp", "pow", "log1p", "expm1", "sqrt", "quantile"};

/* The next line that is not a comment; false at the end. */
static inline bool kat_line(FILE *f, char *line, int bytes)
{
    while (fgets(line, bytes, f))
        if (line[0] != '#' && line[0] != '\n')
            return true;
    return false;
}

static inline int kat_read_philox(const char *path, kat_philox_t *out)
{
    FILE *f = fopen(path, "r");
    char line[256];
    int n = 0;

    while (f && n >= 0 && n < KAT_MOST && kat_line(f, line, sizeof line)) {
        kat_philox_t *p = &out[n];
        int got = sscanf(line,
                         "%" SCNx32 "%" SCNx32 "%" SCNx32 "%" SCNx32 "%" SCNx32 "%" SCNx32 "%" SCNx32 "%" SCNx32
                         "%" SCNx32 "%" SCNx32,
                         &p->counter[0], &p->counter[1], &p->counter[2], &p->counter[3], &p->key[0], &p->key[1],
                         &p->want[0], &p->want[1], &p->want[2], &p->want[3]);

        n = got == 10 ? n + 1 : -1;
    }
    if (f)
        fclose(f);
    return f ? n : -1;
}

static inline bool kat_parse_elementary(const char *line, kat_elementary_t *p)
{
    char name[16];

    if (sscanf(line, "%15s %" SCNx64 "%" SCNx64 "%" SCNx64, name, &p->x, &p->y, &p->want) != 4)
        return false;
    for (p->function = 0; p->function < KAT_FUNCTIONS; p->function++)
        if (strcmp(name, kat_function_name[p->function]) == 0)
            return true;
    return false;
}

static inline int kat_read_elementary(const char *path, kat_elementary_t *out)
{
    FILE *f = fopen(path, "r");
    char line[256];
    int n = 0;

    while (f && n >= 0 && n < KAT_MOST && kat_line(f, line, sizeof line))
        n = kat_parse_elementary(line, &out[n]) ? n + 1 : -1;
    if (f)
        fclose(f);
    return f ? n : -1;
}

static inline bool kat_parse_variate(const char *line, kat_variate_t *v)
{
    uint64_t p[3], shift;
    int i;

    memset(v, 0, sizeof *v);
    if (sscanf(line,
               "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNx64 "%" SCNx64 "%" SCNx64 "%" SCNx64 "%" SCNx64 "%" SCNx64
               "%" SCNx64 "%" SCNx64,
               &v->var.kind, &v->var.n, &v->var.linear, &p[0], &p[1], &p[2], &shift, &v->key, &v->major, &v->minor,
               &v->want) != 11)
        return false;
    for (i = 0; i < 3; i++)
        v->var.p[i] = archi_double_from_bits(p[i]);
    v->var.shift = archi_double_from_bits(shift);
    if (v->var.kind == ARCH_N_DISTS)
        archi_zipf_init(v->var.n, v->var.p[0], &v->zipf);
    return v->var.kind <= ARCH_N_DISTS;
}

static inline int kat_read_variates(const char *path, kat_variate_t *out)
{
    FILE *f = fopen(path, "r");
    char line[512];
    int n = 0;

    while (f && n >= 0 && n < KAT_MOST && kat_line(f, line, sizeof line))
        n = kat_parse_variate(line, &out[n]) ? n + 1 : -1;
    if (f)
        fclose(f);
    return f ? n : -1;
}

#endif
