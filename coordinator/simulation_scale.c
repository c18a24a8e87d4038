/* coordinator/simulation_scale.c - replicas that get requests and replicas that do not, and who decides how many. */
#include "coordinator/simulation.h"
#include "io/design_reader.h" /* archi_nearest_word() */
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- active replicas ------------------------------------------------------------------------------------------------ */

static arch_status_t service_of(const arch_design_t *d, const char *name, uint32_t *service)
{
    const char *near = NULL, *pair[2];

    for (*service = 0; *service < d->n_services; (*service)++) {
        if (strcmp(d->service[*service].name, name) == 0)
            return ARCH_OK;
        pair[0] = d->service[*service].name;
        pair[1] = near;
        near = archi_nearest_word(pair, near != NULL ? 2 : 1, name);
    }
    return ARCH_FAIL(ARCH_E_NOTFOUND, "found no service \"%s\"%s%s%s", name, near != NULL ? "; did you mean \"" : "",
                     near != NULL ? near : "", near != NULL ? "\"?" : "");
}

static uint32_t group_of(const arch_simulation_t *s, uint32_t service)
{
    return archi_plan_group_for(s->plan, ARCH_SERVICE, service);
}

arch_status_t arch_simulation_activate(arch_simulation_t *s, const char *service, uint32_t n)
{
    uint32_t index;

    ARCH_TRY(service_of(s->design, service, &index));
    if (n < 1 || n > s->design->service[index].replicas)
        return ARCH_FAIL(ARCH_E_RANGE, "found %u active replicas of %s, expected 1 to %u, as many as the design has",
                         (unsigned)n, service, (unsigned)s->design->service[index].replicas);
    archi_plan_activate(s->plan, group_of(s, index), n);
    return ARCH_OK;
}

uint32_t arch_simulation_active(const arch_simulation_t *s, const char *service)
{
    uint32_t index;

    return service_of(s->design, service, &index) == ARCH_OK ? archi_plan_active(s->plan, group_of(s, index)) : 0;
}

/* ---- autoscalers ---------------------------------------------------------------------------------------------------- */

static arch_status_t check(const arch_design_t *d, const arch_autoscaler_t *a, uint32_t *service)
{
    uint32_t replicas;

    if (a->service == NULL)
        return ARCH_FAIL(ARCH_E_ARG, "an autoscaler: found no name of a service, expected one");
    ARCH_TRY(service_of(d, a->service, service));
    replicas = d->service[*service].replicas;
    if (a->interval <= 0 || a->start_up < 0)
        return ARCH_FAIL(ARCH_E_ARG,
                         "the autoscaler of %s: found an interval of %lld ns and a start-up of %lld ns, expected more than "
                         "0 and no less than 0",
                         a->service, (long long)a->interval, (long long)a->start_up);
    if (a->least < 1 || a->least > a->most || a->most > replicas)
        return ARCH_FAIL(ARCH_E_RANGE,
                         "the autoscaler of %s: found %u to %u replicas, expected 1 to at most %u, as many as the design "
                         "has",
                         a->service, (unsigned)a->least, (unsigned)a->most, (unsigned)replicas);
    if (a->first > replicas)
        return ARCH_FAIL(ARCH_E_RANGE, "the autoscaler of %s: found %u replicas at first, expected at most %u, as many as "
                                       "the design has",
                         a->service, (unsigned)a->first, (unsigned)replicas);
    if (a->user_bytes > 0 && a->user == NULL)
        return ARCH_FAIL(ARCH_E_ARG, "the autoscaler of %s: found %zu bytes at no address", a->service, a->user_bytes);
    return a->decide != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_ARG, "the autoscaler of %s decides nothing", a->service);
}

static arch_status_t second(const arch_autoscaler_t *a)
{
    return ARCH_FAIL(ARCH_E_ARG, "found a second autoscaler of %s, expected one", a->service);
}

arch_status_t archi_scalers_check(const arch_design_t *design, const arch_autoscaler_t *autoscaler, uint32_t n)
{
    uint32_t service;

    for (uint32_t i = 0; i < n; i++) {
        const arch_autoscaler_t *a = &autoscaler[i];
        ARCH_TRY(check(design, a, &service));
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(autoscaler[k].service, a->service) == 0)
                return second(a);
        if (a->user != NULL && a->user_bytes == 0)
            return ARCH_FAIL(ARCH_E_ARG, "the autoscaler of %s: found `user` without `user_bytes`; expected both, so that "
                                         "each replication has a copy of its own",
                             a->service);
    }
    return ARCH_OK;
}

/* One more of them, with its memory. */
static arch_status_t take_on(arch_simulation_t *s, const arch_autoscaler_t *autoscaler, archi_scaler_t *x)
{
    memset(x, 0, sizeof *x);
    x->how = *autoscaler;
    x->ready = malloc(autoscaler->most * sizeof *x->ready);
    if (autoscaler->user_bytes > 0)
        x->how.user = x->own = malloc(autoscaler->user_bytes);
    s->n_scalers++; /* it is given back with the others */
    if (x->ready == NULL || (autoscaler->user_bytes > 0 && x->own == NULL))
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for an autoscaler");
    if (x->own != NULL)
        memcpy(x->own, autoscaler->user, autoscaler->user_bytes);
    return ARCH_OK;
}

arch_status_t arch_simulation_autoscale(arch_simulation_t *s, const arch_autoscaler_t *autoscaler)
{
    archi_scaler_t *more, *x;
    uint32_t index;

    ARCH_TRY(check(s->design, autoscaler, &index));
    for (uint32_t i = 0; i < s->n_scalers; i++)
        if (s->scaler[i].service == index)
            return second(autoscaler);
    more = realloc(s->scaler, (s->n_scalers + (size_t)1) * sizeof *more);
    if (more == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for an autoscaler");
    s->scaler = more;
    x = &more[s->n_scalers];
    ARCH_TRY(take_on(s, autoscaler, x));
    x->service = index;
    x->next = s->now + autoscaler->interval;
    if (autoscaler->first > 0)
        archi_plan_activate(s->plan, group_of(s, index), autoscaler->first);
    return archi_observe_from(s, &x->seen);
}

void archi_scalers_free(arch_simulation_t *s)
{
    for (uint32_t i = 0; i < s->n_scalers; i++) {
        archi_watching_free(&s->scaler[i].seen);
        free(s->scaler[i].ready);
        free(s->scaler[i].own);
    }
    free(s->scaler);
    s->scaler = NULL;
    s->n_scalers = 0;
}

arch_time_t archi_scalers_next(const arch_simulation_t *s)
{
    arch_time_t next = ARCH_TIME_MAX;

    for (uint32_t i = 0; i < s->n_scalers; i++) {
        const archi_scaler_t *x = &s->scaler[i];
        next = x->next < next ? x->next : next;
        if (x->n_ready > 0 && x->ready[0] < next)
            next = x->ready[0];
    }
    return next;
}

/* Replicas whose start-up is over get requests from now on. */
static uint32_t let_in(arch_simulation_t *s, archi_scaler_t *x)
{
    uint32_t n = 0, active = archi_plan_active(s->plan, group_of(s, x->service));

    while (n < x->n_ready && x->ready[n] <= s->now)
        n++;
    x->n_ready -= n;
    memmove(x->ready, x->ready + n, x->n_ready * sizeof *x->ready);
    archi_plan_activate(s->plan, group_of(s, x->service), active + n);
    return active + n;
}

/* What the active replicas did since the last time. */
static void sum_up(const archi_scaler_t *x, arch_scaling_view_t *view)
{
    uint32_t seen = 0;

    for (uint32_t i = 0; i < view->seen->n_components && seen < view->active; i++) {
        const arch_observed_component_t *c = &view->seen->component[i];
        if (strcmp(c->group, x->how.service) != 0)
            continue;
        view->utilisation += c->utilisation / view->active;
        view->waiting += c->waiting;
        seen++;
    }
}

static arch_status_t decide(arch_simulation_t *s, archi_scaler_t *x)
{
    arch_scaling_view_t view;
    uint32_t wanted;

    memset(&view, 0, sizeof view);
    ARCH_TRY(archi_observe(s, &x->seen, &view.seen));
    view.now = s->now;
    view.active = archi_plan_active(s->plan, group_of(s, x->service));
    view.starting = x->n_ready;
    sum_up(x, &view);
    wanted = x->how.decide(x->how.user, &view);
    wanted = wanted < x->how.least ? x->how.least : wanted > x->how.most ? x->how.most : wanted;
    x->next += x->how.interval;
    if (wanted < view.active) { /* those beyond get no more requests, and finish what they have */
        x->n_ready = 0;
        archi_plan_activate(s->plan, group_of(s, x->service), wanted);
    } else {
        while (view.active + x->n_ready > wanted)
            x->n_ready--; /* the last that began to start */
        while (view.active + x->n_ready < wanted)
            x->ready[x->n_ready++] = s->now + x->how.start_up;
    }
    return archi_observe_from(s, &x->seen);
}

arch_status_t archi_scalers_act(arch_simulation_t *s)
{
    for (uint32_t i = 0; i < s->n_scalers; i++) {
        archi_scaler_t *x = &s->scaler[i];
        (void)let_in(s, x);
        if (x->next <= s->now) {
            ARCH_TRY(decide(s, x));
            (void)let_in(s, x); /* without a start-up they are there at once */
        }
    }
    return ARCH_OK;
}

/* ---- the built-in one ----------------------------------------------------------------------------------------------- */

/* The most that was wanted within the window: what Kubernetes calls the stabilisation of scaling down. */
static uint32_t most_lately(arch_utilisation_scaler_t *u, arch_time_t now, uint32_t wanted)
{
    uint32_t kept = 0, most = wanted;

    for (uint32_t i = 0; i < u->n_past; i++)
        if (u->past_at[i] > now - u->window) {
            u->past_at[kept] = u->past_at[i];
            u->past[kept] = u->past[i];
            most = u->past[kept] > most ? u->past[kept] : most;
            kept++;
        }
    if (kept == ARCH_SCALER_MEMORY) { /* the oldest makes way */
        memmove(u->past, u->past + 1, (kept - 1) * sizeof *u->past);
        memmove(u->past_at, u->past_at + 1, (kept - 1) * sizeof *u->past_at);
        kept--;
    }
    u->past_at[kept] = now;
    u->past[kept] = wanted;
    u->n_past = kept + 1;
    return most;
}

uint32_t arch_scale_by_utilisation(void *user, const arch_scaling_view_t *view)
{
    arch_utilisation_scaler_t *u = user;
    uint32_t there = view->active + view->starting, wanted = there;
    double ratio = view->utilisation / u->target;

    if (ratio > 1 + u->tolerance || ratio < 1 - u->tolerance) {
        wanted = (uint32_t)ceil(view->active * ratio - 1e-9);
        if (ratio > 1 && wanted < there)
            wanted = there; /* those that start are on their way to help */
    }
    wanted = wanted < 1 ? 1 : wanted;
    return most_lately(u, view->now, wanted);
}
