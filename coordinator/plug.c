/* coordinator/plug.c - policies that a program plugs in find their elements. */
#include "coordinator/plug.h"
#include "io/design_reader.h" /* archi_nearest_word() */
#include <stdlib.h>
#include <string.h>

static uint32_t count(const arch_design_t *d, arch_kind_t kind)
{
    return kind == ARCH_BALANCER ? d->n_balancers : kind == ARCH_SERVICE ? d->n_services
                                                : kind == ARCH_DATABASE  ? d->n_databases
                                                                         : d->n_caches;
}

static const char *name_of(const arch_design_t *d, arch_kind_t kind, uint32_t i)
{
    return kind == ARCH_BALANCER ? d->balancer[i].name : kind == ARCH_SERVICE ? d->service[i].name
                                                       : kind == ARCH_DATABASE  ? d->database[i].name
                                                                                : d->cache[i].name;
}

static bool find(const arch_design_t *d, const char *name, arch_kind_t *kind, uint32_t *index)
{
    for (int k = 0; k < ARCH_N_KINDS; k++)
        for (uint32_t i = 0; i < count(d, (arch_kind_t)k); i++)
            if (strcmp(name_of(d, (arch_kind_t)k, i), name) == 0) {
                *kind = (arch_kind_t)k;
                *index = i;
                return true;
            }
    return false;
}

static arch_status_t not_found(const arch_design_t *d, uint32_t number, const char *name)
{
    const char *near = NULL, *pair[2];

    for (int k = 0; k < ARCH_N_KINDS; k++)
        for (uint32_t i = 0; k != ARCH_CACHE && i < count(d, (arch_kind_t)k); i++) {
            pair[0] = name_of(d, (arch_kind_t)k, i);
            pair[1] = near;
            near = archi_nearest_word(pair, near != NULL ? 2 : 1, name);
        }
    return ARCH_FAIL(ARCH_E_NOTFOUND, "policy %u: found no balancer, service or database \"%s\"%s%s%s", (unsigned)number + 1,
                     name, near != NULL ? "; did you mean \"" : "", near != NULL ? near : "", near != NULL ? "\"?" : "");
}

/* That the functions are those that such an element asks. */
static arch_status_t check_functions(const arch_design_t *d, const arch_policy_t *p, uint32_t number, arch_kind_t kind,
                                     uint32_t index)
{
    if (kind == ARCH_CACHE)
        return ARCH_FAIL(ARCH_E_ARG, "policy %u: \"%s\" is a cache, which asks nobody; expected a balancer, a service or a "
                                     "database",
                         (unsigned)number + 1, p->element);
    if (kind == ARCH_BALANCER && p->pick == NULL)
        return ARCH_FAIL(ARCH_E_ARG, "policy %u: found no function that picks for \"%s\", expected one",
                         (unsigned)number + 1, p->element);
    if (kind == ARCH_BALANCER && p->admit != NULL)
        return ARCH_FAIL(ARCH_E_ARG, "policy %u: found a function that admits for \"%s\", a balancer, which has no door; "
                                     "expected it for \"%s\"",
                         (unsigned)number + 1, p->element, d->service[d->balancer[index].service].name);
    if (p->pick == NULL && p->admit == NULL)
        return ARCH_FAIL(ARCH_E_ARG, "policy %u: found no function for \"%s\", expected one that admits or one that picks",
                         (unsigned)number + 1, p->element);
    return ARCH_OK;
}

/* Which element a policy is for, and that it can do what is asked of it there. */
static arch_status_t place(const arch_design_t *d, const arch_policy_t *policy, uint32_t number, archi_picker_t *at)
{
    const arch_policy_t *p = &policy[number];

    if (p->element == NULL)
        return ARCH_FAIL(ARCH_E_ARG, "policy %u: found no name of an element, expected one", (unsigned)number + 1);
    if (!find(d, p->element, &at->kind, &at->index))
        return not_found(d, number, p->element);
    at->policy = number;
    ARCH_TRY(check_functions(d, p, number, at->kind, at->index));
    for (uint32_t i = 0; i < number; i++)
        if (strcmp(policy[i].element, p->element) == 0)
            return ARCH_FAIL(ARCH_E_ARG, "policy %u: found a second one for \"%s\", expected one", (unsigned)number + 1,
                             p->element);
    return ARCH_OK;
}

/* A function that picks, and nobody who would ask it: the user thinks of another element. */
static arch_status_t never_asked(const arch_design_t *d, const archi_picker_t *at)
{
    const char *name = name_of(d, at->kind, at->index);

    if (at->kind == ARCH_DATABASE)
        return ARCH_FAIL(ARCH_E_ARG, "policy %u: found a function that picks for \"%s\", whose queries all go to its "
                                     "primary; expected queries that read replicas answer, or no such function",
                         (unsigned)at->policy + 1, name);
    for (uint32_t i = 0; i < d->n_balancers; i++)
        if (d->balancer[i].service == at->index)
            return ARCH_FAIL(ARCH_E_ARG, "policy %u: found a function that picks for \"%s\", which only balancers call; "
                                         "expected it for \"%s\"",
                             (unsigned)at->policy + 1, name, d->balancer[i].name);
    return ARCH_FAIL(ARCH_E_ARG, "policy %u: found a function that picks for \"%s\", which nobody calls",
                     (unsigned)at->policy + 1, name);
}

/* `pick` has room for all of them. */
static arch_status_t compile(const arch_design_t *d, const arch_policy_t *policy, uint32_t n, archi_picker_t *pick,
                             archi_plan_t **out)
{
    uint32_t n_picks = 0;
    archi_picker_t at;

    for (uint32_t i = 0; i < n; i++) {
        ARCH_TRY(place(d, policy, i, &at));
        if (policy[i].pick != NULL)
            pick[n_picks++] = at;
    }
    ARCH_TRY(archi_plan_compile_picking(d, pick, n_picks, out));
    for (uint32_t i = 0; i < n_picks; i++)
        if (!pick[i].asked)
            return never_asked(d, &pick[i]);
    for (uint32_t i = 0; i < n; i++)
        if (policy[i].admit != NULL && place(d, policy, i, &at) == ARCH_OK)
            archi_plan_guard(*out, at.kind, at.index, i);
    archi_plan_host(*out, policy);
    return ARCH_OK;
}

arch_status_t archi_plan_compile_plugged(const arch_design_t *design, const arch_policy_t *policy, uint32_t n,
                                         archi_plan_t **out)
{
    archi_picker_t *pick;
    arch_status_t st;

    *out = NULL;
    if (n == 0)
        return archi_plan_compile(design, out);
    if (n >= UINT16_MAX)
        return ARCH_FAIL(ARCH_E_RANGE, "found %u policies, expected less than %u", (unsigned)n, (unsigned)UINT16_MAX);
    pick = calloc(n, sizeof *pick);
    if (pick == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u policies", (unsigned)n);
    st = compile(design, policy, n, pick, out);
    if (st != ARCH_OK)
        archi_plan_destroy(out);
    free(pick);
    return st;
}
