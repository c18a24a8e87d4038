/* coordinator/plug.c - policies that a program plugs in find their elements. */
#include "coordinator/plug.h"
#include "io/design_reader.h" /* archi_nearest_word() */
#include <stdlib.h>
#include <string.h>

/* Of a balancer or a service; ARCH_NONE: there is none of that name. */
static uint32_t find(const arch_design_t *d, const char *name, arch_kind_t kind)
{
    uint32_t n = kind == ARCH_BALANCER ? d->n_balancers : d->n_services;

    for (uint32_t i = 0; i < n; i++)
        if (strcmp(kind == ARCH_BALANCER ? d->balancer[i].name : d->service[i].name, name) == 0)
            return i;
    return ARCH_NONE;
}

static arch_status_t not_found(const arch_design_t *d, uint32_t number, const char *name)
{
    const char *near = NULL, *pair[2];

    for (uint32_t i = 0; i < d->n_balancers + d->n_services; i++) {
        pair[0] = i < d->n_balancers ? d->balancer[i].name : d->service[i - d->n_balancers].name;
        pair[1] = near;
        near = archi_nearest_word(pair, near != NULL ? 2 : 1, name);
    }
    return ARCH_FAIL(ARCH_E_NOTFOUND, "policy %u: found no balancer or service \"%s\"%s%s%s", (unsigned)number + 1, name,
                     near != NULL ? "; did you mean \"" : "", near != NULL ? near : "", near != NULL ? "\"?" : "");
}

/* Which element a policy is for, and that it can do what is asked of it there. */
static arch_status_t place(const arch_design_t *d, const arch_policy_t *policy, uint32_t number, arch_kind_t *kind,
                           uint32_t *index)
{
    const arch_policy_t *p = &policy[number];

    if (p->element == NULL)
        return ARCH_FAIL(ARCH_E_ARG, "policy %u: found no name of an element, expected one", (unsigned)number + 1);
    *kind = ARCH_BALANCER;
    *index = find(d, p->element, *kind);
    if (*index == ARCH_NONE)
        *index = find(d, p->element, *kind = ARCH_SERVICE);
    if (*index == ARCH_NONE)
        return not_found(d, number, p->element);
    if (*kind == ARCH_BALANCER ? p->pick == NULL : p->admit == NULL)
        return ARCH_FAIL(ARCH_E_ARG, "policy %u: found no function that %s for \"%s\", expected one", (unsigned)number + 1,
                         *kind == ARCH_BALANCER ? "picks" : "admits", p->element);
    for (uint32_t i = 0; i < number; i++)
        if (strcmp(policy[i].element, p->element) == 0)
            return ARCH_FAIL(ARCH_E_ARG, "policy %u: found a second one for \"%s\", expected one", (unsigned)number + 1,
                             p->element);
    return ARCH_OK;
}

/* Balancers that are to be asked count what they have in flight, as those do that pick the least. */
static arch_status_t count_in_flight(const arch_policy_t *policy, uint32_t n, arch_design_t *d, arch_balancer_t *balancer)
{
    const arch_balancer_t *as_written = d->balancer;

    if (d->n_balancers > 0)
        memcpy(balancer, as_written, d->n_balancers * sizeof *balancer);
    d->balancer = balancer;
    for (uint32_t i = 0; i < n; i++) {
        arch_kind_t kind;
        uint32_t index;
        ARCH_TRY(place(d, policy, i, &kind, &index));
        if (kind == ARCH_BALANCER)
            balancer[index].policy = (arch_balance_t){ARCH_BALANCE_LEAST_REQUEST, 1};
    }
    return ARCH_OK;
}

static arch_status_t plug_all(const arch_design_t *d, const arch_policy_t *policy, uint32_t n, archi_plan_t *plan)
{
    for (uint32_t i = 0; i < n; i++) {
        arch_kind_t kind;
        uint32_t index;
        ARCH_TRY(place(d, policy, i, &kind, &index));
        archi_plan_plug(plan, archi_plan_group_for(plan, kind, index), i);
    }
    archi_plan_host(plan, policy);
    return ARCH_OK;
}

arch_status_t archi_plan_compile_plugged(const arch_design_t *design, const arch_policy_t *policy, uint32_t n,
                                         archi_plan_t **out)
{
    arch_design_t counting = *design;
    arch_balancer_t *balancer;
    arch_status_t st;

    *out = NULL;
    if (n == 0)
        return archi_plan_compile(design, out);
    if (n >= UINT16_MAX)
        return ARCH_FAIL(ARCH_E_RANGE, "found %u policies, expected less than %u", (unsigned)n, (unsigned)UINT16_MAX);
    balancer = malloc(((size_t)design->n_balancers + 1) * sizeof *balancer);
    if (balancer == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u balancers", (unsigned)design->n_balancers);
    st = count_in_flight(policy, n, &counting, balancer);
    if (st == ARCH_OK)
        st = archi_plan_compile(&counting, out);
    if (st == ARCH_OK)
        st = plug_all(design, policy, n, *out);
    if (st != ARCH_OK)
        archi_plan_destroy(out);
    free(balancer);
    return st;
}
