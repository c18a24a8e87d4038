/* capacity.c - a capacity planner: what must grow for a design to meet its objectives under more load?
 * Runs the design, gives more to whatever is busiest, and runs it again until every objective is met. */
#include <architech/architech.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 20 };

/* A few times per second; another answer than 0 would cancel the run. */
static int progress(void *user, double done, uint64_t events, double seconds_left)
{
    (void)user, (void)done, (void)events, (void)seconds_left;
    return 0;
}

static arch_status_t run(const arch_design_t *design, arch_results_t **out)
{
    arch_run_options_t options;

    memset(&options, 0, sizeof options);
    options.progress = progress;
    return arch_run(design, &options, out);
}

/* The server that works most. */
static const arch_component_result_t *busiest(const arch_results_t *results)
{
    const arch_component_result_t *most = NULL;

    for (uint32_t i = 0; i < results->n_components; i++) {
        const arch_component_result_t *c = &results->component[i];
        if (c->utilisation.supported && (most == NULL || c->utilisation.value > most->utilisation.value))
            most = c;
    }
    return most;
}

/* A service gets one more replica, a database one more core: the pointer to what grows. */
static arch_status_t grow(arch_design_t **design, const arch_component_result_t *c)
{
    char pointer[300], value[32], *before = NULL;
    arch_change_t change = {pointer, value};
    arch_problems_t problems = {0, NULL};
    arch_design_t *grown = NULL;
    arch_status_t st;

    snprintf(pointer, sizeof pointer, c->kind == ARCH_SERVICE ? "/services/%s/replicas" : "/databases/%s/cores", c->group);
    ARCH_TRY(arch_design_value(*design, pointer, &before));
    snprintf(value, sizeof value, "%d", atoi(before) + 1);
    printf("%s is busy %.0f %% of the time; %s: %s -> %s\n", c->name, 100 * c->utilisation.value, pointer, before, value);
    st = arch_design_change(*design, &change, 1, &grown, &problems);
    arch_problems_clear(&problems);
    free(before);
    ARCH_TRY(st);
    arch_design_destroy(design);
    *design = grown;
    return ARCH_OK;
}

static void tell(const arch_results_t *results)
{
    for (uint32_t i = 0; i < results->n_objectives; i++)
        if (!results->objective[i].met)
            printf("  missed: %s\n", results->objective[i].name);
}

/* Grow until all is well. */
static arch_status_t plan(arch_design_t **design)
{
    for (int step = 0; step < MOST_STEPS; step++) {
        arch_results_t *results = NULL;
        arch_status_t st = ARCH_OK;
        bool met;
        ARCH_TRY(run(*design, &results));
        met = results->objectives_met;
        tell(results);
        if (!met)
            st = grow(design, busiest(results));
        arch_results_destroy(&results);
        ARCH_TRY(st);
        if (met)
            return ARCH_OK;
    }
    return ARCH_FAIL(ARCH_E_UNSTABLE, "%d steps were not enough", MOST_STEPS);
}

static arch_status_t answer(const char *path, double factor)
{
    arch_problems_t problems = {0, NULL};
    arch_design_t *design = NULL, *loaded = NULL;
    char *replicas = NULL, *cores = NULL;
    arch_status_t st = ARCH_OK;

    ARCH_TRY_TO(done, arch_design_read(path, &design, &problems));
    design->run.duration = 20 * ARCH_SECOND; /* enough to decide by */
    design->run.replications = 4;
    ARCH_TRY_TO(done, arch_design_scale_load(design, factor, &loaded));
    ARCH_TRY_TO(done, plan(&loaded));
    ARCH_TRY_TO(done, arch_design_value(loaded, "/services/app/replicas", &replicas));
    ARCH_TRY_TO(done, arch_design_value(loaded, "/databases/db/cores", &cores));
    printf("%g times the load needs %s app replicas and %s database cores\n", factor, replicas, cores);
done:
    free(replicas);
    free(cores);
    arch_problems_clear(&problems);
    arch_design_destroy(&loaded);
    arch_design_destroy(&design);
    return st;
}

int main(int argc, char **argv)
{
    arch_status_t st;

    if (argc != 3 || !(atof(argv[2]) > 0)) {
        fprintf(stderr, "usage: %s design.json factor\n", argv[0]);
        return 2;
    }
    st = answer(argv[1], atof(argv[2]));
    if (st != ARCH_OK)
        fprintf(stderr, "%s\n", arch_error_text());
    return arch_status_exit(st);
}
