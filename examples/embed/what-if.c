/* what-if.c - at the peak of an overload: what would help from here?
 * Simulates a design up to a moment, then goes on from the very same state under one changed design after the other. */
#include <architech/architech.h>
#include <stdio.h>
#include <stdlib.h>

/* What may be done at the moment. */
typedef struct {
    const char *words, *pointer, *value; /* pointer NULL: nothing */
} measure_t;

static const measure_t measures[] = {
    {"nothing", NULL, NULL},
    {"twice the threads", "/services/app/threads", "32"},
    {"four workers instead of two", "/services/app/replicas", "4"},
    {"four cores for each worker", "/services/app/cores", "4"},
    {"a queue of at most 50", "/services/app/queue_limit", "50"},
};

/* How the branch gets on until everybody who waits now would have left under a healthy system. */
static arch_status_t watch(arch_simulation_t *branch, arch_time_t until, const char *words)
{
    const arch_observation_t *seen = NULL;
    uint32_t waiting = 0;

    ARCH_TRY(arch_simulation_run_to(branch, until));
    ARCH_TRY(arch_simulation_observe(branch, &seen));
    for (uint32_t i = 0; i < seen->n_components; i++)
        waiting += seen->component[i].waiting;
    printf("%-28s %7llu pages, %6llu rejected, p95 %8.1f ms, %5u still waiting\n", words,
           (unsigned long long)seen->operation[0].completed, (unsigned long long)seen->operation[0].rejected,
           seen->operation[0].p95 / ARCH_MILLISECOND, waiting);
    return ARCH_OK;
}

static arch_status_t try_measure(const arch_simulation_t *now, const measure_t *m, arch_time_t until)
{
    arch_change_t change = {m->pointer, m->value};
    arch_problems_t problems = {0, NULL};
    arch_simulation_t *branch = NULL;
    arch_design_t *changed = NULL;
    arch_status_t st = ARCH_OK;

    if (m->pointer != NULL)
        ARCH_TRY_TO(done, arch_design_change(arch_simulation_design(now), &change, 1, &changed, &problems));
    ARCH_TRY_TO(done, arch_simulation_branch(now, changed, &branch));
    ARCH_TRY_TO(done, watch(branch, until, m->words));
done:
    arch_problems_clear(&problems);
    arch_simulation_destroy(&branch);
    arch_design_destroy(&changed);
    return st;
}

static arch_status_t explore(const char *path, arch_time_t moment)
{
    arch_problems_t problems = {0, NULL};
    arch_simulation_t *now = NULL;
    arch_design_t *design = NULL;
    arch_status_t st = ARCH_OK;

    ARCH_TRY_TO(done, arch_design_read(path, &design, &problems));
    ARCH_TRY_TO(done, arch_simulation_create(design, 0, NULL, &now));
    ARCH_TRY_TO(done, watch(now, moment, "up to the moment"));
    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++)
        ARCH_TRY_TO(done, try_measure(now, &measures[i], moment + 60 * ARCH_SECOND));
done:
    arch_problems_clear(&problems);
    arch_simulation_destroy(&now);
    arch_design_destroy(&design);
    return st;
}

int main(int argc, char **argv)
{
    arch_status_t st;

    if (argc != 3 || atoi(argv[2]) < 1) {
        fprintf(stderr, "usage: %s design.json seconds\n", argv[0]);
        return 2;
    }
    st = explore(argv[1], atoi(argv[2]) * ARCH_SECOND);
    if (st != ARCH_OK)
        fprintf(stderr, "%s\n", arch_error_text());
    return arch_status_exit(st);
}
