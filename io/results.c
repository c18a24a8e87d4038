/* io/results.c - results as an object: made empty, filled from its arena, freed as a whole. */
#include "io/arena.h"
#include <architech/results.h>
#include <stdlib.h>

arch_status_t arch_results_create(arch_results_t **out)
{
    arch_results_t *results = calloc(1, sizeof *results);

    *out = NULL;
    if (results != NULL)
        results->arena = archi_arena_create();
    if (results == NULL || results->arena == NULL) {
        free(results);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the results of a run");
    }
    results->name = results->design = "";
    results->provenance.version = results->provenance.executor = "";
    results->provenance.host = results->provenance.started = "";
    results->engine.executor = "";
    results->objectives_met = true;
    *out = results;
    return ARCH_OK;
}

void arch_results_destroy(arch_results_t **results)
{
    if (results == NULL || *results == NULL)
        return;
    archi_arena_destroy(&(*results)->arena);
    free(*results);
    *results = NULL;
}

void *arch_results_alloc(arch_results_t *results, size_t bytes) { return archi_arena_alloc(results->arena, bytes); }
