/* fuzz_changes.c - whatever bytes a file of changes holds, reading it ends in changes or in reasons.
 *     fuzz_changes <design> <mutations> <seed> <patterns of files to mutate> */
#include "mutate.h"
#include <architech/plan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *try_bytes(const arch_design_t *design, const char *bytes, size_t length, arch_status_t *st)
{
    arch_changes_t *c = NULL;
    arch_problems_t p = {0, NULL};
    const char *wrong = NULL;

    *st = arch_changes_parse("fuzz", bytes, length, design, &c, &p);
    if ((*st == ARCH_OK) != (c != NULL) || (*st == ARCH_E_FORMAT) != (p.n > 0))
        wrong = "changes, status and problems do not go together";
    for (uint32_t i = 0; i < p.n && wrong == NULL; i++)
        if (strlen(p.problem[i].text) < 10 || p.problem[i].at == NULL)
            wrong = "a problem says nothing";
    for (uint32_t i = 0; c != NULL && i < c->n_changes && wrong == NULL; i++)
        for (uint32_t o = 0; o < c->change[i].n_options; o++)
            if (c->change[i].option[o].cost < 0 || c->change[i].option[o].name == NULL)
                wrong = "an option without a name, or with a cost below nothing";
    arch_problems_clear(&p);
    arch_changes_destroy(&c);
    return wrong;
}

int main(int argc, char **argv)
{
    static text_t seeds[MAX_SEEDS];
    static char bytes[MAX_BYTES];
    arch_problems_t problems = {0, NULL};
    arch_design_t *design = NULL;
    uint64_t n = argc > 4 ? strtoull(argv[2], NULL, 10) : 0, seed = argc > 4 ? strtoull(argv[3], NULL, 10) : 0;
    uint64_t sound = 0;
    size_t n_seeds = 0;
    int n_wrong = 0;

    for (int i = 4; i < argc; i++)
        n_seeds = mutate_load(argv[i], seeds, n_seeds);
    if (n_seeds == 0 || arch_design_read(argv[1], &design, &problems) != ARCH_OK) {
        fprintf(stderr, "usage: fuzz_changes <design> <mutations> <seed> <patterns of files>\n");
        return 2;
    }
    for (uint64_t i = 0; i < n && n_wrong < 10; i++) {
        text_t t = {bytes, 0};
        const char *wrong;
        arch_status_t st;
        mutate_file(seeds, n_seeds, n_seeds, seed, i, &t);
        wrong = try_bytes(design, t.bytes, t.length, &st);
        sound += st == ARCH_OK;
        if (wrong != NULL)
            printf("seed %llu, mutation %llu: %s\n", (unsigned long long)seed, (unsigned long long)i, wrong);
        n_wrong += wrong != NULL;
    }
    printf("seed %llu: %llu mutations of %zu files, %llu sound\n", (unsigned long long)seed, (unsigned long long)n, n_seeds,
           (unsigned long long)sound);
    arch_design_destroy(&design);
    return n_wrong > 0 || (n >= 1000 && (sound == 0 || sound == n));
}
