/* coordinator/precision.c - replications until figures are precise: which figures, how precise, how many more. */
#include "coordinator/precision.h"
#include "coordinator/answer.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which figures ----------------------------------------------------------------------------------------------- */

static arch_status_t want(archi_job_t *job, arch_objective_t of)
{
    archi_precision_t *p = &job->precision;
    size_t bytes = archi_subject(job->design, &of, NULL, 0) + 1;
    archi_wanted_t *more = realloc(p->wanted, (p->n + (size_t)1) * sizeof *more);
    char *subject = malloc(bytes);

    p->wanted = more != NULL ? more : p->wanted;
    if (more == NULL || subject == NULL) {
        free(subject);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u figures", p->n + 1);
    }
    archi_subject(job->design, &of, subject, bytes);
    for (uint32_t i = 0; i < p->n; i++)
        if (strcmp(p->wanted[i].subject, subject) == 0) { /* two objectives with limits of their own */
            free(subject);
            return ARCH_OK;
        }
    of.name = NULL;
    p->wanted[p->n++] = (archi_wanted_t){of, subject, ARCHI_WANTED_SHORT, NAN};
    return ARCH_OK;
}

static arch_objective_t latency_of(uint32_t workload, uint32_t operation, arch_metric_t metric)
{
    arch_objective_t of;

    memset(&of, 0, sizeof of);
    of.metric = metric;
    of.workload = workload;
    of.operation = operation;
    return of;
}

/* The objectives' figures: a decision hangs on them. Without any, what everybody looks at. */
static arch_status_t want_defaults(archi_job_t *job)
{
    const arch_design_t *d = job->design;

    for (uint32_t i = 0; i < d->n_objectives; i++)
        ARCH_TRY(want(job, d->objective[i]));
    for (uint32_t w = 0; d->n_objectives == 0 && w < d->n_workloads; w++)
        for (uint32_t op = 0; op < d->workload[w].n_operations; op++) {
            ARCH_TRY(want(job, latency_of(w, op, ARCH_METRIC_MEAN)));
            ARCH_TRY(want(job, latency_of(w, op, ARCH_METRIC_P95)));
        }
    return ARCH_OK;
}

static bool is_called(const arch_design_t *d, const arch_objective_t *of, const char *name)
{
    size_t n = strlen(name);
    char text[512];

    return archi_subject(d, of, text, sizeof text) == n && n < sizeof text && strcmp(text, name) == 0;
}

/* Every name that there could be is made and compared, so that names mean here what they mean in the results. */
static bool find_latency(const arch_design_t *d, const char *name, arch_objective_t *of)
{
    for (uint32_t w = 0; w < d->n_workloads; w++)
        for (uint32_t op = 0; op <= d->workload[w].n_operations; op++)
            for (uint32_t m = 0; m < ARCH_METRIC_UTILISATION; m++) {
                *of = latency_of(w, op < d->workload[w].n_operations ? op : ARCH_NONE, (arch_metric_t)m);
                if (is_called(d, of, name))
                    return true;
            }
    return false;
}

static bool find_element(const arch_design_t *d, const char *name, arch_objective_t *of)
{
    const uint32_t n[ARCH_N_KINDS] = {[ARCH_SERVICE] = d->n_services, [ARCH_DATABASE] = d->n_databases,
                                      [ARCH_CACHE] = d->n_caches}; /* balancers have no utilisation */

    *of = latency_of(ARCH_NONE, ARCH_NONE, ARCH_METRIC_UTILISATION);
    for (uint32_t kind = 0; kind < ARCH_N_KINDS; kind++)
        for (uint32_t i = 0; i < n[kind]; i++) {
            of->kind = (arch_kind_t)kind;
            of->element = i;
            if (is_called(d, of, name))
                return true;
        }
    return false;
}

static arch_status_t want_named(archi_job_t *job)
{
    const arch_run_options_t *o = job->options;
    arch_objective_t of;

    for (uint32_t i = 0; i < o->n_precision_of; i++) {
        if (!find_latency(job->design, o->precision_of[i], &of) && !find_element(job->design, o->precision_of[i], &of))
            return ARCH_FAIL(ARCH_E_ARG,
                             "precision: there is no figure \"%s\"; expected \"<workload> <operation> <metric>\", "
                             "\"<workload> <metric>\" or \"<element> utilisation\", with mean, p50, p95, p99, p99.9, errors "
                             "or throughput for a metric", o->precision_of[i]);
        ARCH_TRY(want(job, of));
    }
    return ARCH_OK;
}

/* ---- before the run ---------------------------------------------------------------------------------------------- */

static arch_status_t check_options(const archi_job_t *job, uint32_t first, uint32_t most)
{
    const arch_run_options_t *o = job->options;

    if (!(job->precision.asked > 0 && job->precision.asked < 1))
        return ARCH_FAIL(ARCH_E_ARG, "precision: is %g, must be above 0 and below 1", job->precision.asked);
    if (most < first)
        return ARCH_FAIL(ARCH_E_ARG, "most replications: is %u, must be at least the %u that the run begins with", most,
                         first);
    if (o->checkpoint_every > 0 || o->checkpoint_every_simulated > 0 || o->resume != NULL)
        return ARCH_FAIL(ARCH_E_ARG, "a run to a precision writes no checkpoints and goes on from none, for how many "
                                     "replications it takes shows at its end; give a number of replications instead");
    return ARCH_OK;
}

arch_status_t archi_precision_begin(archi_job_t *job)
{
    const arch_run_options_t *o = job->options;
    archi_precision_t *p = &job->precision;
    uint32_t first = job->design->run.replications;

    if (job->apart) /* samples: somebody else looks at them */
        return ARCH_OK;
    p->asked = o->precision != 0 ? o->precision : job->design->run.precision;
    if (p->asked == 0 && (o->n_precision_of > 0 || o->most_replications > 0))
        return ARCH_FAIL(ARCH_E_ARG, "figures or a number of replications for a precision, but no precision, are given");
    if (p->asked == 0)
        return ARCH_OK;
    first = first > ARCHI_PRECISION_FIRST ? first : ARCHI_PRECISION_FIRST;
    p->most = o->most_replications > 0 ? o->most_replications : ARCHI_PRECISION_MOST;
    p->next = first;
    ARCH_TRY(check_options(job, first, p->most));
    job->settled = *job->design;
    job->settled.run.replications = first;
    job->settled.run.precision = 0; /* as it ran: who runs that design again gets the same */
    job->design = &job->settled;
    return o->n_precision_of > 0 ? want_named(job) : want_defaults(job);
}

void archi_precision_free(archi_job_t *job)
{
    for (uint32_t i = 0; i < job->precision.n; i++)
        free(job->precision.wanted[i].subject);
    free(job->precision.wanted);
}

uint32_t archi_precision_expected(const archi_job_t *job, uint32_t n, uint32_t n_ranks)
{
    return job->precision.asked > 0 && n < n_ranks ? n_ranks : n;
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

double archi_precision_enough(const archi_precision_t *p) { return p->asked / (1 + p->asked); }

static bool counts(const archi_wanted_t *w) { return w->state == ARCHI_WANTED_MEASURED || w->state == ARCHI_WANTED_SHORT; }

const archi_wanted_t *archi_precision_worst(const archi_precision_t *p)
{
    const archi_wanted_t *worst = NULL;

    for (uint32_t i = 0; i < p->n; i++) {
        const archi_wanted_t *w = &p->wanted[i];
        if (counts(w) && (worst == NULL || w->state > worst->state ||
                          (w->state == worst->state && w->relative > worst->relative)))
            worst = w;
    }
    return worst;
}

double archi_precision_needs(const archi_precision_t *p, const archi_wanted_t *w, uint32_t n)
{
    double times = w->relative / archi_precision_enough(p);

    return w->state == ARCHI_WANTED_MEASURED ? ceil(n * times * times) : 2.0 * n;
}

static void weigh(const archi_answer_t *a, archi_wanted_t *w)
{
    arch_estimate_t e = archi_measure(a, &w->of);
    const arch_operation_result_t *row = archi_measured_row(a, &w->of);

    w->relative = NAN;
    if (!e.supported && row != NULL && row->completed == 0) {
        w->state = ARCHI_WANTED_NONE;
    } else if (e.supported && e.value == 0) {
        w->state = ARCHI_WANTED_ZERO;
    } else if (!e.supported || isnan(e.half_width)) {
        w->state = ARCHI_WANTED_SHORT;
    } else {
        w->state = ARCHI_WANTED_MEASURED;
        w->relative = e.half_width / fabs(e.value);
    }
}

static uint32_t choose_next(const archi_precision_t *p, uint32_t n)
{
    const archi_wanted_t *worst = archi_precision_worst(p);
    double next, least = n + floor(n / 10.0) + 1;

    if (worst == NULL || (worst->state == ARCHI_WANTED_MEASURED && worst->relative <= archi_precision_enough(p)))
        return n;
    next = archi_precision_needs(p, worst, n);
    next = next > least ? next : least;
    next = next < 2.0 * n ? next : 2.0 * n;
    return next < p->most ? (uint32_t)next : p->most;
}

void archi_precision_look(archi_answer_t *a)
{
    archi_precision_t *p = &a->job->precision;
    const archi_wanted_t *worst;

    a->out->provenance.precision_reached = NAN;
    a->out->provenance.precision_figure = "";
    if (p->asked == 0)
        return;
    for (uint32_t i = 0; i < p->n; i++)
        weigh(a, &p->wanted[i]);
    p->next = choose_next(p, a->job->design->run.replications);
    worst = archi_precision_worst(p);
    a->out->provenance.precision_asked = p->asked;
    if (worst != NULL) {
        a->out->provenance.precision_reached = worst->relative;
        a->out->provenance.precision_figure = archi_text(a->out, "%s", worst->subject);
    }
}

/* ---- going on ---------------------------------------------------------------------------------------------------- */

arch_status_t archi_precision_grow(archi_job_t *job, uint32_t n)
{
    uint32_t before = job->design->run.replications;
    uint32_t *pending = malloc((n - before) * sizeof *pending);

    if (pending == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u replications", n);
    for (uint32_t i = 0; i < n - before; i++)
        pending[i] = before + i;
    free(job->pending);
    job->pending = pending;
    job->n_pending = n - before;
    job->settled.run.replications = n;
    return archi_ledger_grow(&job->ledger, n);
}
