/* coordinator/findings.c - what a run shows, in sentences that carry their evidence.
 *
 * * Elements are judged by tier: the replicas of a service, the primary of a database, its read replicas. The
 * thresholds are those of the guides that the examples follow: above 70 % busy it is time to act, an error rate above
 * 1 % and a p95 above 2 s raise an alarm, below 40 % nothing needs to be done. Cheap remedies are named before dear
 * ones. */
#include "coordinator/answer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double full = 0.97, nearly_full = 0.90, guideline = 0.70, roomy = 0.40;
static const double high_error_rate = 0.01, slow_p95_ns = 2e9;
enum { MOST_FINDINGS = 40 };

/* Consecutive components that are alike. */
typedef struct {
    uint32_t             first, n;
    const char          *name;       /* "app", "db.primary", "db read replicas" */
    archi_element_info_t info;
    uint32_t             busiest, idlest;
    uint64_t             arrived, rejected;
    double               expected;   /* utilisation of the busiest by the traffic equations */
} tier_t;

typedef struct {
    archi_answer_t *a;
    tier_t         *tier;
    uint32_t        n_tiers;
    arch_finding_t *finding;
    uint32_t        n;
    arch_status_t   st;
    bool has_closed; /* some workload is */
} findings_t;

static const arch_component_result_t *component(const findings_t *f, uint32_t i) { return &f->a->out->component[i]; }

static void add(findings_t *f, arch_severity_t severity, const char *code, const char *element, const char *text)
{
    if (text == NULL)
        f->st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for findings");
    else if (f->n < MOST_FINDINGS)
        f->finding[f->n++] = (arch_finding_t){severity, code, element, text};
}

/* ---- tiers ------------------------------------------------------------------------------------------------------ */

static bool alike(const archi_element_info_t *a, const archi_element_info_t *b)
{
    return a->kind == b->kind && a->index == b->index && a->is_read_replica == b->is_read_replica;
}

static void weigh_tier(const findings_t *f, tier_t *t)
{
    t->busiest = t->idlest = t->first;
    for (uint32_t i = t->first; i < t->first + t->n; i++) {
        const arch_component_result_t *c = component(f, i);
        t->arrived += c->arrived;
        t->rejected += c->rejected;
        t->expected = fmax(t->expected, archi_plan_utilisation(f->a->job->plan, f->a->element_of[i]));
        if (c->utilisation.value > component(f, t->busiest)->utilisation.value)
            t->busiest = i;
        if (c->utilisation.value < component(f, t->idlest)->utilisation.value)
            t->idlest = i;
    }
    t->name = component(f, t->first)->name;
    if (t->n > 1)
        t->name = t->info.is_read_replica ? archi_text(f->a->out, "%s read replicas", component(f, t->first)->group)
                                          : component(f, t->first)->group;
}

static arch_status_t find_tiers(findings_t *f)
{
    const arch_results_t *out = f->a->out;
    archi_element_info_t info;

    f->tier = calloc((size_t)out->n_components + 1, sizeof *f->tier);
    if (f->tier == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for findings");
    for (uint32_t i = 0; i < out->n_components; i++) {
        archi_plan_element(f->a->job->plan, f->a->element_of[i], &info);
        if (f->n_tiers == 0 || !alike(&info, &f->tier[f->n_tiers - 1].info)) {
            f->tier[f->n_tiers].first = i;
            f->tier[f->n_tiers++].info = info;
        }
        f->tier[f->n_tiers - 1].n++;
    }
    for (uint32_t k = 0; k < f->n_tiers; k++) {
        weigh_tier(f, &f->tier[k]);
        if (f->tier[k].name == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory for findings");
    }
    return ARCH_OK;
}

/* ---- load ------------------------------------------------------------------------------------------------------- */

static const char *remedy(const tier_t *t)
{
    if (t->info.kind == ARCH_CACHE)
        return "give the cache more cores or divide its keys over several";
    if (t->info.kind == ARCH_DATABASE && t->info.is_read_replica)
        return "look for missing indexes and repeated queries first, then add read replicas or a cache";
    if (t->info.kind == ARCH_DATABASE)
        return "look for missing indexes and repeated queries first; then a larger instance, a cache, or read replicas for "
               "its reads";
    if (t->n == 1 && t->info.cores <= 1)
        return "add workers behind a load balancer, or cores";
    return t->n == 1 ? "add workers behind a load balancer, or a larger instance" : "add replicas, or make requests cheaper";
}

/* More is offered than can be done. A closed workload waits instead: its users keep the bottleneck at exactly 1. */
static bool is_overloaded(const findings_t *f, const tier_t *t)
{
    return f->has_closed ? t->expected > 1 + 1e-6 : t->expected >= 1;
}

/* "app#2 is 97 % busy, and its load would need 103 %" */
static const char *how_busy(const findings_t *f, const tier_t *t)
{
    char busy[ARCHI_FIGURE_BYTES], least[ARCHI_FIGURE_BYTES], expected[ARCHI_FIGURE_BYTES];
    const arch_component_result_t *most = component(f, t->busiest);

    archi_say_share(most->utilisation.value, busy);
    archi_say_share(component(f, t->idlest)->utilisation.value, least);
    archi_say_share(t->expected, expected);
    if (is_overloaded(f, t))
        return archi_text(f->a->out, "%s is %s busy, and its load would need %s", most->name, busy, expected);
    if (t->n > 1)
        return archi_text(f->a->out, "%s is %s busy, the busiest of %u (the least busy: %s)", most->name, busy, t->n, least);
    return archi_text(f->a->out, "%s is %s busy", most->name, busy);
}

static void judge_load(findings_t *f, const tier_t *t)
{
    const arch_component_result_t *c = component(f, t->busiest);
    char wait[ARCHI_FIGURE_BYTES], queue[ARCHI_FIGURE_BYTES];
    double u = c->utilisation.value;
    const char *busy;

    if (!c->utilisation.supported || (u <= guideline && !is_overloaded(f, t)))
        return;
    busy = how_busy(f, t);
    if (busy == NULL) {
        f->st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for findings");
        return;
    }
    archi_say_time(c->wait.supported ? c->wait.value : 0, wait);
    archi_say_number(c->queue.value, queue);
    if (u > nearly_full || is_overloaded(f, t))
        add(f, u > full || is_overloaded(f, t) ? ARCH_FINDING_CRITICAL : ARCH_FINDING_WARNING, "saturated", c->name,
            archi_text(f->a->out, "%s: %s requests wait there on average, %s each; %s.", busy, queue, wait, remedy(t)));
    else
        add(f, ARCH_FINDING_WARNING, "above-guideline", c->name,
            archi_text(f->a->out, "%s, above the guideline of 70 %%: %s.", busy, remedy(t)));
}

static void judge_stability(findings_t *f, const tier_t *t)
{
    char last[ARCHI_FIGURE_BYTES], growth[ARCHI_FIGURE_BYTES];
    uint32_t worst = ARCHI_NIL;

    for (uint32_t i = t->first; i < t->first + t->n; i++)
        if (f->a->trend[i].growing && component(f, i)->queue.value >= 1 && component(f, i)->utilisation.value > guideline &&
            (worst == ARCHI_NIL || component(f, i)->queue.value > component(f, worst)->queue.value))
            worst = i;
    if (worst == ARCHI_NIL)
        return;
    archi_say_number(component(f, worst)->queue.value, last);
    archi_say_share(f->a->trend[worst].growth, growth);
    add(f, ARCH_FINDING_CRITICAL, "unstable", component(f, worst)->name,
        archi_text(f->a->out, "The queue at %s (%s waiting on average) is still growing at the end, by %s from the third to "
                   "the last quarter of the run: at this load there is no steady state, and figures depend on the duration.",
                   component(f, worst)->name, last, growth));
}

static void judge_rejections(findings_t *f, const tier_t *t)
{
    char share[ARCHI_FIGURE_BYTES];

    if (t->rejected == 0 || t->arrived == 0)
        return;
    archi_say_share((double)t->rejected / (double)t->arrived, share);
    add(f, (double)t->rejected > high_error_rate * (double)t->arrived ? ARCH_FINDING_CRITICAL : ARCH_FINDING_WARNING,
        "rejecting", t->name,
        archi_text(f->a->out, "%s turned away %llu requests, %s of those that reached it, because its queue was full: add "
                   "capacity, or a longer queue if waiting is better than failing.",
                   t->name, (unsigned long long)t->rejected, share));
}

static void judge_balance(findings_t *f, const tier_t *t)
{
    const arch_component_result_t *most = component(f, t->busiest), *least = component(f, t->idlest);
    char high[ARCHI_FIGURE_BYTES], low[ARCHI_FIGURE_BYTES];

    if (t->n < 2 || !most->utilisation.supported || most->utilisation.value - least->utilisation.value < 0.15 ||
        most->utilisation.value < 1.3 * least->utilisation.value)
        return;
    archi_say_share(most->utilisation.value, high);
    archi_say_share(least->utilisation.value, low);
    add(f, ARCH_FINDING_WARNING, "imbalance", t->name,
        archi_text(f->a->out, "Load is uneven: %s is %s busy and %s %s; balance by requests in flight (least request) "
                   "rather than blindly, or give fewer callers more connections.", most->name, high, least->name, low));
}

/* ---- pools, caches, replicas ------------------------------------------------------------------------------------ */

static uint32_t pool_of(const arch_design_t *d, const archi_element_info_t *info)
{
    switch (info->kind) {
    case ARCH_SERVICE: return d->service[info->index].threads;
    case ARCH_DATABASE: return d->database[info->index].connections;
    case ARCH_CACHE: return d->cache[info->index].connections;
    default: return ARCH_UNLIMITED;
    }
}

/* All threads held while cores idle: they wait for something behind. */
static void judge_pool(findings_t *f, const tier_t *t)
{
    uint32_t pool = pool_of(f->a->job->design, &t->info), worst = t->first;
    char held[ARCHI_FIGURE_BYTES], busy[ARCHI_FIGURE_BYTES];
    const arch_component_result_t *c;

    if (pool == ARCH_UNLIMITED)
        return;
    for (uint32_t i = t->first; i < t->first + t->n; i++)
        if (component(f, i)->threads.value > component(f, worst)->threads.value)
            worst = i;
    c = component(f, worst);
    if (!c->threads.supported || c->threads.value < nearly_full * pool || !(c->utilisation.value < guideline))
        return;
    archi_say_share(c->threads.value / pool, held);
    archi_say_share(c->utilisation.value, busy);
    add(f, ARCH_FINDING_WARNING, "pool-exhausted", c->name,
        archi_text(f->a->out, "%s holds %s of its %u %s while its cores are only %s busy: requests wait for a place, not "
                   "for computing; make what they wait for faster before raising the limit.", c->name, held, pool,
                   t->info.kind == ARCH_SERVICE ? "threads" : "connections", busy));
}

static void judge_cache(findings_t *f, const tier_t *t)
{
    char ratio[ARCHI_FIGURE_BYTES];

    for (uint32_t i = t->first; i < t->first + t->n; i++) {
        const arch_component_result_t *c = component(f, i);
        if (!c->hit_ratio.supported || c->hit_ratio.value >= 0.5)
            continue;
        archi_say_share(c->hit_ratio.value, ratio);
        add(f, ARCH_FINDING_WARNING, "low-hit-ratio", c->name,
            archi_text(f->a->out, "%s answers only %s of its lookups: every miss pays for the lookup and the query; give it "
                       "more entries or a longer time to live, or leave it out.", c->name, ratio));
    }
}

static void judge_lag(findings_t *f, const tier_t *t)
{
    char lag[ARCHI_FIGURE_BYTES];
    uint32_t worst = t->first;

    if (!t->info.is_read_replica)
        return;
    for (uint32_t i = t->first; i < t->first + t->n; i++)
        if (component(f, i)->lag.value > component(f, worst)->lag.value)
            worst = i;
    if (!component(f, worst)->lag.supported || component(f, worst)->lag.value < 1e8)
        return;
    archi_say_time(component(f, worst)->lag.value, lag);
    add(f, component(f, worst)->lag.value < 1e9 ? ARCH_FINDING_WARNING : ARCH_FINDING_CRITICAL, "replication-lag",
        component(f, worst)->name,
        archi_text(f->a->out, "%s is %s behind its primary on average: readers see old data; its one apply thread cannot "
                   "keep up with the writes, and reads on the same cores slow it down.", component(f, worst)->name, lag));
}

/* ---- where time goes -------------------------------------------------------------------------------------------- */

/* By Little's law the mean number waiting at a tier over the mean number in the system is the share of all requests'
 * time that is spent waiting there. */
static void judge_waiting(findings_t *f)
{
    const arch_results_t *out = f->a->out;
    char share_said[ARCHI_FIGURE_BYTES], wait[ARCHI_FIGURE_BYTES];
    double inside = 0, most = 0;
    const tier_t *worst = NULL;

    for (uint32_t i = 0; i < out->n_operations; i++)
        if (out->operation[i].mean.supported)
            inside += out->operation[i].throughput.value * out->operation[i].mean.value * 1e-9;
    for (uint32_t k = 0; k < f->n_tiers; k++) {
        double waiting = 0;
        for (uint32_t i = f->tier[k].first; i < f->tier[k].first + f->tier[k].n; i++)
            waiting += component(f, i)->queue.supported ? component(f, i)->queue.value : 0;
        if (waiting > most) {
            most = waiting;
            worst = &f->tier[k];
        }
    }
    if (worst == NULL || !(most >= 0.2 * inside) || most > inside)
        return;
    archi_say_share(most / inside, share_said);
    archi_say_time(component(f, worst->busiest)->wait.value, wait);
    add(f, ARCH_FINDING_INFO, "waiting", worst->name,
        archi_text(f->a->out, "%s of the time that requests spend in the system is waiting at %s (%s a visit).", share_said,
                   worst->name, wait));
}

static void judge_operations(findings_t *f)
{
    const arch_results_t *out = f->a->out;
    char errors[ARCHI_FIGURE_BYTES], p95[ARCHI_FIGURE_BYTES];

    for (uint32_t i = 0; i < out->n_operations; i++) {
        const arch_operation_result_t *op = &out->operation[i];
        if (op->errors.supported && op->errors.value > high_error_rate)
            add(f, ARCH_FINDING_CRITICAL, "errors", op->workload,
                archi_text(f->a->out, "%s of %s %s fail or are turned away, above the alarm of 1 %%.",
                           archi_say_share(op->errors.value, errors), op->workload, op->name));
        if (op->p95.supported && op->p95.value > slow_p95_ns)
            add(f, ARCH_FINDING_INFO, "slow", op->workload,
                archi_text(f->a->out, "One in twenty of %s %s takes longer than %s, above the alarm of 2 s.", op->workload,
                           op->name, archi_say_time(op->p95.value, p95)));
    }
}

static void judge_steadiness(findings_t *f)
{
    if (f->a->out->provenance.stationary)
        return;
    add(f, ARCH_FINDING_WARNING, "no-steady-state", "",
        archi_text(f->a->out, "No end of the warm-up was found within the first half of the run in most of its %u "
                   "replications: run longer, or read the figures as those of a transient.",
                   f->a->job->design->run.replications));
}

/* A figure that is as precise as was asked for needs no word. */
static void judge_precision(findings_t *f)
{
    const archi_precision_t *p = &f->a->job->precision;
    uint32_t n = f->a->job->design->run.replications;

    for (uint32_t i = 0; i < p->n; i++) {
        const archi_wanted_t *w = &p->wanted[i];
        if (w->state == ARCHI_WANTED_ZERO || w->state == ARCHI_WANTED_NONE)
            add(f, ARCH_FINDING_INFO, "precision", "",
                archi_text(f->a->out, "%s %s: it has no relative precision, and was left out of how precise the run is.",
                           w->subject, w->state == ARCHI_WANTED_ZERO ? "is 0" : "is of requests none of which succeeded"));
        else if (w->state == ARCHI_WANTED_SHORT)
            add(f, ARCH_FINDING_WARNING, "precision", "",
                archi_text(f->a->out, "After %u replications, the most that were allowed, there are too few requests for a "
                           "confidence interval of %s, and %.3g %% was asked for.", n, w->subject, 100 * p->asked));
        else if (w->relative > archi_precision_enough(p))
            add(f, ARCH_FINDING_WARNING, "precision", "",
                archi_text(f->a->out, "After %u replications, the most that were allowed, %s is known to %.3g %% of its "
                           "value, not to the %.3g %% that were asked for: about %.0f replications would do.", n, w->subject,
                           100 * w->relative, 100 * p->asked, archi_precision_needs(p, w, n)));
    }
}

/* The verdict that saves most money. */
static void judge_need(findings_t *f)
{
    const arch_results_t *out = f->a->out;
    uint32_t most = ARCHI_NIL;
    char busy[ARCHI_FIGURE_BYTES];

    for (uint32_t i = 0; i < out->n_components; i++)
        if (out->component[i].utilisation.supported &&
            (most == ARCHI_NIL || out->component[i].utilisation.value > out->component[most].utilisation.value))
            most = i;
    if (most == ARCHI_NIL || out->component[most].utilisation.value >= roomy || !out->objectives_met)
        return;
    for (uint32_t i = 0; i < f->n; i++)
        if (f->finding[i].severity != ARCH_FINDING_INFO)
            return;
    add(f, ARCH_FINDING_INFO, "not-needed-yet", "",
        archi_text(f->a->out, "Nothing is more than %s busy (%s)%s: you do not need more than this yet.",
                   archi_say_share(out->component[most].utilisation.value, busy), out->component[most].name,
                   out->n_objectives > 0 ? " and every objective is met" : ""));
}

/* ---- all -------------------------------------------------------------------------------------------------------- */

static void judge_all(findings_t *f)
{
    judge_steadiness(f);
    judge_precision(f);
    for (uint32_t k = 0; k < f->n_tiers; k++) {
        judge_stability(f, &f->tier[k]);
        judge_load(f, &f->tier[k]);
        judge_rejections(f, &f->tier[k]);
        judge_balance(f, &f->tier[k]);
        judge_pool(f, &f->tier[k]);
        judge_cache(f, &f->tier[k]);
        judge_lag(f, &f->tier[k]);
    }
    judge_operations(f);
    judge_waiting(f);
    judge_need(f);
}

/* Gravest first; equals keep their order. */
static void sort_by_severity(findings_t *f)
{
    for (uint32_t i = 1; i < f->n; i++) {
        arch_finding_t one = f->finding[i];
        uint32_t k = i;
        for (; k > 0 && f->finding[k - 1].severity < one.severity; k--)
            f->finding[k] = f->finding[k - 1];
        f->finding[k] = one;
    }
}

arch_status_t archi_answer_findings(archi_answer_t *a)
{
    findings_t f = {a, NULL, 0, NULL, 0, ARCH_OK, false};

    for (uint32_t w = 0; w < a->job->design->n_workloads; w++)
        f.has_closed = f.has_closed || a->job->design->workload[w].kind == ARCH_CLOSED;
    f.finding = arch_results_alloc(a->out, MOST_FINDINGS * sizeof *f.finding);
    if (f.finding == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for findings");
    f.st = find_tiers(&f);
    if (f.st == ARCH_OK)
        judge_all(&f);
    sort_by_severity(&f);
    a->out->finding = f.finding;
    a->out->n_findings = f.n;
    free(f.tier);
    return f.st;
}
