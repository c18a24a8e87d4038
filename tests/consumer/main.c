/* main.c - a planning tool in small, outside the tree of architech: load a design, turn a knob, run, compare.
 * Compiled as C and as C++ against the installed library; usage: consumer design.json */
#include <architech/architech.h>
#include <stdio.h>
#include <string.h>

/* Mean latency of the first operation, and the digest of all there is to know. */
typedef struct {
    double mean_ns;
    unsigned long long digest;
} answer_t;

static arch_status_t simulate(const arch_design_t *design, answer_t *answer)
{
    arch_run_options_t options;
    arch_results_t *results = NULL;

    memset(&options, 0, sizeof options);
    ARCH_TRY(arch_run(design, &options, &results));
    answer->mean_ns = results->operation[0].mean.value;
    answer->digest = results->digest;
    arch_results_destroy(&results);
    return ARCH_OK;
}

static arch_status_t compare(const char *path)
{
    arch_design_t *design = NULL;
    arch_problems_t problems;
    answer_t before, after;

    memset(&problems, 0, sizeof problems);
    ARCH_TRY(arch_design_read(path, &design, &problems));
    design->run.duration = 200 * ARCH_SECOND;
    design->run.replications = 2;
    ARCH_TRY(simulate(design, &before));
    design->service[0].cores *= 2; /* the knob */
    ARCH_TRY(simulate(design, &after));
    printf("%s: mean %.6f ms, digest %016llx\n", design->name, before.mean_ns / 1e6, before.digest);
    printf("twice the cores: mean %.6f ms, digest %016llx\n", after.mean_ns / 1e6, after.digest);
    arch_problems_clear(&problems);
    arch_design_destroy(&design);
    if (!(after.mean_ns < before.mean_ns))
        return ARCH_FAIL(ARCH_E_INTERNAL, "twice the cores did not shorten the mean latency");
    return ARCH_OK;
}

int main(int argc, char **argv)
{
    arch_status_t st;

    if (argc != 2) {
        fprintf(stderr, "usage: %s design.json\n", argv[0]);
        return 2;
    }
    if (strcmp(arch_version(), ARCH_VERSION) != 0) {
        fprintf(stderr, "compiled with %s, linked with %s\n", ARCH_VERSION, arch_version());
        return 3;
    }
    st = compare(argv[1]);
    if (st != ARCH_OK)
        fprintf(stderr, "%s\n    %s\n", arch_error_text(), arch_error_trace());
    return arch_status_exit(st);
}
