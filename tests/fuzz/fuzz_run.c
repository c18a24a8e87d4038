/* fuzz_run.c - a mutated design that is accepted also runs: it ends in an answer or in a reason, within bounds of memory and
 * events, and gives one digest whether it is one block or several.
 *     fuzz_run <mutations> <seed> <patterns of files to mutate> [-- <patterns of files to take pieces from>]
 * A failure prints the seed and the number of the mutation, and leaves the bytes in fuzz_run.failed. */
#include "mutate.h"
#include <architech/architech.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_EVENTS = 200000, MOST_BYTES = 256 << 20 };

static int enough(void *user, double done, uint64_t events, double left)
{
    (void)user;
    (void)done;
    (void)left;
    return events > 20 * MOST_EVENTS;
}

/* Simulated time that holds about MOST_EVENTS events by the traffic equations. */
static void shorten(arch_design_t *d, const arch_traffic_t *t)
{
    double rate = 1.0, seconds = (double)d->run.duration * 1e-9;

    for (uint32_t i = 0; i < t->n_elements; i++)
        rate += t->event_rate[i];
    if (seconds * rate > MOST_EVENTS)
        seconds = MOST_EVENTS / rate;
    d->run.duration = (arch_time_t)(seconds * 1e9) + 1000;
    d->run.warmup = ARCH_AUTO;
    d->run.interval = ARCH_AUTO;
    d->run.replications = 1;
}

static arch_status_t run_once(const arch_design_t *d, uint32_t partitions, uint64_t *digest)
{
    arch_run_options_t options;
    arch_results_t *results = NULL;
    arch_status_t st;

    memset(&options, 0, sizeof options);
    options.threads = options.group = 1;
    options.partitions = partitions;
    options.memory_limit = MOST_BYTES;
    options.progress = enough;
    st = arch_run(d, &options, &results);
    *digest = st == ARCH_OK ? results->digest : 0;
    arch_results_destroy(&results);
    return st;
}

/* What is not as it should be, or NULL. */
static const char *run_both(arch_design_t *d, arch_status_t *st)
{
    arch_traffic_t *traffic = NULL;
    uint64_t whole = 0, parts = 0;

    *st = arch_traffic(d, &traffic);
    if (*st != ARCH_OK)
        return arch_error_text()[0] == '\0' ? "refused without a word" : NULL;
    shorten(d, traffic);
    arch_traffic_destroy(&traffic);
    *st = run_once(d, 1, &whole);
    if (*st == ARCH_E_INTERNAL || *st == ARCH_E_PAST)
        return "a defect";
    if (*st != ARCH_OK)
        return arch_error_text()[0] == '\0' ? "ended without a word" : NULL;
    if (run_once(d, 4, &parts) == ARCH_OK && parts != whole)
        return "another digest on four blocks";
    return NULL;
}

static const char *try_bytes(const text_t *t, arch_status_t *st)
{
    arch_design_t *d = NULL;
    arch_problems_t problems = {0, NULL};
    const char *wrong = NULL;

    *st = arch_design_parse("fuzz", "examples", t->bytes, t->length, &d, &problems);
    if (*st == ARCH_OK)
        wrong = run_both(d, st);
    arch_problems_clear(&problems);
    arch_design_destroy(&d);
    return wrong;
}

static void keep(const text_t *t)
{
    FILE *f = fopen("fuzz_run.failed", "wb");

    if (f) {
        fwrite(t->bytes, 1, t->length, f);
        fclose(f);
    }
}

int main(int argc, char **argv)
{
    static text_t seeds[MAX_SEEDS];
    static char bytes[MAX_BYTES];
    text_t t = {bytes, 0};
    uint64_t tally[ARCH_N_STATUS] = {0}, n = argc > 2 ? strtoull(argv[1], NULL, 10) : 0,
             seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    size_t n_seeds = 0, n_good = 0;
    int n_wrong = 0;

    for (int i = 3; i < argc; i++) {
        n_seeds = mutate_load(argv[i], seeds, n_seeds);
        if (n_good == 0 && (i + 1 == argc || strcmp(argv[i + 1], "--") == 0))
            n_good = n_seeds;
    }
    if (n_good == 0) {
        fprintf(stderr, "usage: fuzz_run <mutations> <seed> <patterns of files> [-- <patterns>]\n");
        return 2;
    }
    for (uint64_t i = 0; i < n && n_wrong < 10; i++) {
        const char *wrong;
        arch_status_t st;
        mutate_file(seeds, n_good, n_seeds, seed, i, &t);
        wrong = try_bytes(&t, &st);
        tally[st]++;
        if (wrong) {
            printf("seed %llu, mutation %llu: %s: %s\n", (unsigned long long)seed, (unsigned long long)i, wrong,
                   arch_error_text());
            keep(&t);
            n_wrong++;
        }
    }
    printf("seed %llu: %llu mutations of %zu files:", (unsigned long long)seed, (unsigned long long)n, n_good);
    for (int st = 0; st < ARCH_N_STATUS; st++)
        if (tally[st] > 0)
            printf(" %llu %s", (unsigned long long)tally[st], arch_status_name((arch_status_t)st));
    printf("\n");
    for (size_t i = 0; i < n_seeds; i++)
        free(seeds[i].bytes);
    return n_wrong > 0 || tally[ARCH_OK] == 0;
}
