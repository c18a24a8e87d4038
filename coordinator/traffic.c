/* coordinator/traffic.c - arch_traffic(): what the traffic equations say of every element. */
#include "io/arena.h"
#include "model/model.h"
#include <architech/run.h>
#include <stdlib.h>
#include <string.h>

static arch_status_t fill(const archi_plan_t *plan, arch_traffic_t *t)
{
    uint32_t n = archi_plan_n_elements(plan);

    t->n_elements = n;
    t->name = archi_arena_alloc(t->arena, n * sizeof *t->name);
    t->arrival_rate = archi_arena_alloc(t->arena, n * sizeof *t->arrival_rate);
    t->utilisation = archi_arena_alloc(t->arena, n * sizeof *t->utilisation);
    t->event_rate = archi_arena_alloc(t->arena, n * sizeof *t->event_rate);
    if (t->name == NULL || t->arrival_rate == NULL || t->utilisation == NULL || t->event_rate == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the expected traffic of %u elements", n);
    for (uint32_t e = 0; e < n; e++) {
        archi_element_info_t info;
        archi_plan_element(plan, e, &info);
        t->name[e] = archi_arena_copy(t->arena, info.name, strlen(info.name));
        if (t->name[e] == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the expected traffic of %u elements", n);
        t->arrival_rate[e] = archi_plan_arrival_rate(plan, e);
        t->utilisation[e] = archi_plan_utilisation(plan, e);
        t->event_rate[e] = archi_plan_event_rate(plan, e);
    }
    return ARCH_OK;
}

arch_status_t arch_traffic(const arch_design_t *design, arch_traffic_t **out)
{
    arch_status_t st = ARCH_OK;
    archi_plan_t *plan = NULL;
    arch_traffic_t *t = calloc(1, sizeof *t);

    *out = NULL;
    if (t == NULL || (t->arena = archi_arena_create()) == NULL) {
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for the expected traffic");
        goto done;
    }
    ARCH_TRY_TO(done, archi_plan_compile(design, &plan));
    ARCH_TRY_TO(done, fill(plan, t));
    *out = t;
    t = NULL;
done:
    arch_traffic_destroy(&t);
    archi_plan_destroy(&plan);
    return st;
}

void arch_traffic_destroy(arch_traffic_t **traffic)
{
    if (traffic == NULL || *traffic == NULL)
        return;
    archi_arena_destroy(&(*traffic)->arena);
    free(*traffic);
    *traffic = NULL;
}
