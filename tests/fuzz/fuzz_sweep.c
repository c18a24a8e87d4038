/* fuzz_sweep.c - whatever bytes a sweep file holds, reading it ends in a sweep whose points have designs or reasons, or in
 * reasons for its refusal. The suite runs a short, seeded campaign of mutations of good files, see fuzz_design.c:
 *     fuzz_sweep <mutations> <seed> <patterns of files to mutate> [-- <patterns of files to take pieces from>] */
#include "mutate.h"
#include <architech/sweep.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is not as it should be, or NULL. */
static const char *look_at_problems(arch_status_t st, const arch_problems_t *p)
{
    if ((st == ARCH_E_FORMAT) != (p->n > 0))
        return "refusal and problems do not go together";
    for (uint32_t i = 0; i < p->n; i++)
        if (!strstr(p->problem[i].text, "found ") || strlen(p->problem[i].text) < 10 || !p->problem[i].at)
            return "a problem does not say what was found";
    return NULL;
}

/* Its first points and its last have settings, and designs or reasons. */
static const char *look_at_sweep(const arch_sweep_t *s)
{
    char text[300];
    double number;

    for (uint32_t i = 0; i < s->n_points; i += i < 3 || i + 2 > s->n_points ? 1 : s->n_points - i - 1) {
        arch_problems_t p = {0, NULL};
        arch_design_t *d = NULL;
        arch_status_t st = arch_sweep_design(s, i, &d, &p);
        const char *wrong = look_at_problems(st, &p);
        arch_problems_clear(&p);
        arch_design_destroy(&d);
        for (uint32_t k = 0; k < s->n_axes; k++) {
            arch_sweep_setting(s, i, k, text, sizeof text, &number);
            if (text[0] == 0)
                return "a setting has no text";
        }
        if (wrong != NULL)
            return wrong;
    }
    return s->n_points == 0 || s->n_axes == 0 ? "a sweep without points" : NULL;
}

static const char *try_bytes(const char *bytes, size_t length, arch_status_t *st)
{
    arch_sweep_t *s = NULL;
    arch_problems_t p = {0, NULL};
    const char *wrong;

    *st = arch_sweep_parse("fuzz", "examples/experiments", bytes, length, &s, &p);
    wrong = look_at_problems(*st, &p);
    if (!wrong && (s != NULL) != (*st == ARCH_OK))
        wrong = "sweep and status do not go together";
    if (!wrong && s)
        wrong = look_at_sweep(s);
    arch_problems_clear(&p);
    arch_sweep_destroy(&s);
    return wrong;
}

static void keep(const text_t *t)
{
    FILE *f = fopen("fuzz_sweep.failed", "wb");

    if (f) {
        fwrite(t->bytes, 1, t->length, f);
        fclose(f);
    }
}

static int mutate_and_try(const text_t *seeds, size_t n_good, size_t n_seeds, uint64_t seed, uint64_t i,
                          uint64_t tally[ARCH_N_STATUS])
{
    static char bytes[MAX_BYTES];
    text_t t = {bytes, 0};
    const char *wrong;
    arch_status_t st;

    mutate_file(seeds, n_good, n_seeds, seed, i, &t);
    wrong = try_bytes(t.bytes, t.length, &st);
    tally[st]++;
    if (wrong) {
        printf("seed %llu, mutation %llu: %s\n", (unsigned long long)seed, (unsigned long long)i, wrong);
        keep(&t);
    }
    return wrong != NULL;
}

int main(int argc, char **argv)
{
    static text_t seeds[MAX_SEEDS];
    uint64_t tally[ARCH_N_STATUS] = {0}, n = argc > 2 ? strtoull(argv[1], NULL, 10) : 0,
             seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    size_t n_seeds = 0, n_good = 0;
    int n_wrong = 0;

    for (int i = 3; i < argc; i++) {
        n_seeds = mutate_load(argv[i], seeds, n_seeds); /* no file is called "--" */
        if (n_good == 0 && (i + 1 == argc || strcmp(argv[i + 1], "--") == 0))
            n_good = n_seeds;
    }
    if (n_good == 0) {
        fprintf(stderr, "usage: fuzz_sweep <mutations> <seed> <patterns of files> [-- <patterns>]\n");
        return 2;
    }
    for (uint64_t i = 0; i < n && n_wrong < 10; i++)
        n_wrong += mutate_and_try(seeds, n_good, n_seeds, seed, i, tally);
    printf("seed %llu: %llu mutations of %zu files, %llu sound, %llu refused\n", (unsigned long long)seed,
           (unsigned long long)n, n_good, (unsigned long long)tally[ARCH_OK], (unsigned long long)tally[ARCH_E_FORMAT]);
    for (size_t i = 0; i < n_seeds; i++)
        free(seeds[i].bytes);
    return n_wrong || tally[ARCH_OK] == 0 || tally[ARCH_OK] + tally[ARCH_E_FORMAT] != n;
}
