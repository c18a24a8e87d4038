/* bench/options.h - the command lines of the benchmarks: --name value, and peak memory. */
#ifndef ARCH_BENCH_OPTIONS_H
#define ARCH_BENCH_OPTIONS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;  /* without the dashes */
    double     *real;  /* where the value goes: one of the three */
    uint64_t   *whole;
    const char **word;
} bench_option_t;

static int bench_read_value(const bench_option_t *option, const char *text)
{
    char *end = NULL;

    if (option->word != NULL) {
        *option->word = text;
        return 1;
    }
    if (option->real != NULL)
        *option->real = strtod(text, &end);
    else
        *option->whole = strtoull(text, &end, 10);
    return end != text && *end == '\0' && text[0] != '-';
}

/* 1 when all of argv was understood; else a line on stderr and 0. */
static int bench_read_options(int argc, char **argv, const bench_option_t *option, int n)
{
    for (int i = 1; i < argc; i += 2) {
        int k = 0;
        while (k < n && !(argv[i][0] == '-' && argv[i][1] == '-' && strcmp(argv[i] + 2, option[k].name) == 0))
            k++;
        if (k < n && i + 1 < argc && bench_read_value(&option[k], argv[i + 1]))
            continue;
        fprintf(stderr, "%s: %s %s?  The options are:", argv[0], argv[i], i + 1 < argc ? argv[i + 1] : "");
        for (k = 0; k < n; k++)
            fprintf(stderr, " --%s", option[k].name);
        fprintf(stderr, "\n");
        return 0;
    }
    return 1;
}

/* Largest resident size of this process so far. Not getrusage(): what it tells outlives exec(), so a small program's is at
 * least that of the shell or the script that started it. */
static uint64_t bench_peak_bytes(void)
{
    unsigned long long kib = 0;
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");

    while (f != NULL && kib == 0 && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "VmHWM: %llu", &kib) != 1)
            kib = 0;
    if (f != NULL)
        fclose(f);
    return 1024 * (uint64_t)kib;
}

#endif
