/* fuzz_design.c - whatever bytes a design file holds, reading it ends in a design or in reasons, and a design comes back the
 * same from its own text. The suite runs a short, seeded campaign of mutations of good files:
 *     fuzz_design <mutations> <seed> <patterns of files to mutate> [-- <patterns of files to take pieces from>]
 * A failure prints the seed and the number of the mutation, and leaves the bytes in fuzz_design.failed. Compiled with
 * -DARCH_LIBFUZZER -fsanitize=fuzzer the same target runs under libFuzzer. */
#include "mutate.h"
#include <architech/design.h>
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

static const char *look_at_design(const arch_design_t *d)
{
    arch_design_t *again = NULL;
    arch_problems_t p = {0, NULL};
    char *text = NULL, *second = NULL;
    const char *wrong = NULL;

    if (arch_design_explain(d, &text) != ARCH_OK ||
        arch_design_parse("again", NULL, text, strlen(text), &again, &p) != ARCH_OK)
        wrong = "the design written back is refused";
    else if (arch_design_explain(again, &second) != ARCH_OK || strcmp(text, second) != 0 || d->hash != again->hash)
        wrong = "the design written back is another";
    if (wrong)
        fprintf(stderr, "%s\n", arch_error_text());
    arch_design_destroy(&again);
    arch_problems_clear(&p);
    free(text);
    free(second);
    return wrong;
}

static const char *try_bytes(const char *bytes, size_t length, arch_status_t *st)
{
    arch_design_t *d = NULL;
    arch_problems_t p = {0, NULL};
    const char *wrong;

    *st = arch_design_parse("fuzz", "examples", bytes, length, &d, &p);
    wrong = look_at_problems(*st, &p);
    if (!wrong && (d != NULL) != (*st == ARCH_OK))
        wrong = "design and status do not go together";
    if (!wrong && d)
        wrong = look_at_design(d);
    arch_problems_clear(&p);
    arch_design_destroy(&d);
    return wrong;
}

#ifdef ARCH_LIBFUZZER
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
    arch_status_t st;

    if (try_bytes((const char *)bytes, length, &st))
        abort();
    return 0;
}
#else

static void keep(const text_t *t)
{
    FILE *f = fopen("fuzz_design.failed", "wb");

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
        fprintf(stderr, "usage: fuzz_design <mutations> <seed> <patterns of files> [-- <patterns>]\n");
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
#endif
