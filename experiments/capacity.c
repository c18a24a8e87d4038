/* experiments/capacity.c - arch_capacity(): brackets around the largest load that is carried, and around the largest that is
 * carried again after an overload.
 *
 * The search is a bisection whose oracle may say that it does not know: loads between the largest carried and the smallest
 * that is too much stay undecided when their intervals straddle a limit at most_replications, and the bracket says so. Each
 * round tries several loads side by side, the same ones however many workers there are. */
#include "experiments/judge.h"
#include "io/arena.h"
#include "io/results_number.h"
#include <architech/capacity.h>
#include <architech/dist.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRID = 8, SIDE_BY_SIDE = 3, MOST_POINTS = 256, MOST_DOUBLINGS = 20, MOST_EIGHTHS = 4, FEW = 4 };
static const char overload_suffix[] = ".overload"; /* of the name of a workload that brings it */
static const double keeps_up = 0.99; /* of what is offered must be answered, or requests pile up */

/* A load that is being tried. */
typedef struct {
    double factor, load;
    arch_design_t *design;
    arch_point_t known;
    arch_carried_t verdict;
    uint32_t objective;
    char why[256];
} trial_t;

/* One boundary being searched. */
typedef struct {
    arch_lab_t *lab;
    const arch_design_t *design;
    arch_capacity_options_t o;
    arch_status_t (*make)(const void *search, double factor, arch_design_t **out);
    const char *doing;
    trial_t *trial[MOST_POINTS]; /* ascending by factor */
    uint32_t n;
    double overload;             /* recovery: factor of the overload */
    arch_time_t recovery_time;
} search_t;

/* ---- designs ---------------------------------------------------------------------------------------------------- */

static arch_status_t make_cold(const void *search, double factor, arch_design_t **out)
{
    const search_t *s = search;

    return arch_design_scale_load(s->design, factor, out);
}

static bool is_open(const arch_workload_t *w) { return w->kind != ARCH_CLOSED; }

/* Requests per second of a workload at its most. */
static double rate_of(const arch_design_t *design, const arch_workload_t *w)
{
    if (w->kind == ARCH_OPEN_RENEWAL)
        return 1e9 / arch_dist_mean(&w->gap, design->table);
    return w->rate;
}

/* A workload beside `w`, with its mix, that brings what is missing to the overload and then falls silent. So the draws of
 * everything else stay what they are without it. */
static arch_status_t add_overload(const search_t *s, double factor, const arch_workload_t *w, arch_design_t **design)
{
    double extra = rate_of(s->design, w) * (s->overload - factor);
    char pointer[512], points[256], *mix = NULL, *value = NULL;
    arch_change_t change = {pointer, NULL};
    arch_problems_t problems = {0, NULL};
    arch_design_t *more = NULL;
    arch_status_t st;

    if (!(extra > 0))
        return ARCH_OK;
    snprintf(pointer, sizeof pointer, "/workloads/%s/mix", w->name);
    ARCH_TRY(arch_design_value(*design, pointer, &mix));
    snprintf(points, sizeof points, "[[\"0s\", \"%.9g/s\"], [\"%lldns\", \"0/s\"]]", extra, (long long)s->o.overload_time);
    value = malloc(strlen(mix) + sizeof points + 64);
    if (value == NULL) {
        free(mix);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for an overload");
    }
    sprintf(value, "{\"rate\": {\"points\": %s, \"between\": \"step\"}, \"mix\": %s}", points, mix);
    snprintf(pointer, sizeof pointer, "/workloads/%s%s", w->name, overload_suffix);
    change.value = value;
    st = arch_design_change(*design, &change, 1, &more, &problems);
    if (st == ARCH_E_FORMAT && problems.n > 0)
        st = ARCH_FAIL(ARCH_E_FORMAT, "%s: %s", problems.problem[0].at, problems.problem[0].text);
    arch_problems_clear(&problems);
    free(mix);
    free(value);
    if (st == ARCH_OK) {
        arch_design_destroy(design);
        *design = more;
    }
    return st;
}

/* The load after an overload and the time to recover from it: only what comes then is measured. */
static arch_status_t make_after_overload(const void *search, double factor, arch_design_t **out)
{
    const search_t *s = search;
    arch_status_t st = arch_design_scale_load(s->design, factor, out);

    for (uint32_t w = 0; st == ARCH_OK && w < s->design->n_workloads; w++)
        if (is_open(&s->design->workload[w]))
            st = add_overload(s, factor, &s->design->workload[w], out);
    if (st == ARCH_OK) {
        (*out)->run.warmup = s->o.overload_time + s->recovery_time;
        (*out)->run.duration = (*out)->run.warmup + s->design->run.duration;
        (*out)->run.interval = ARCH_AUTO;
    } else {
        arch_design_destroy(out);
    }
    return st;
}

/* ---- load by the traffic equations ------------------------------------------------------------------------------ */

static bool is_workload(const arch_design_t *design, const char *name)
{
    for (uint32_t w = 0; w < design->n_workloads; w++)
        if (strcmp(design->workload[w].name, name) == 0)
            return true;
    return false;
}

static bool is_overload(const char *name)
{
    size_t n = strlen(name), m = strlen(overload_suffix);

    return n > m && strcmp(name + n - m, overload_suffix) == 0;
}

/* What all workloads offer, how much of it is an overload's, and the busiest element. */
typedef struct {
    double all, overload, utilisation;
    char busiest[256];
} expected_t;

static arch_status_t expect(const arch_design_t *design, expected_t *out)
{
    arch_traffic_t *t = NULL;

    memset(out, 0, sizeof *out);
    ARCH_TRY(arch_traffic(design, &t));
    for (uint32_t e = 0; e < t->n_elements; e++) {
        if (is_workload(design, t->name[e])) {
            out->all += t->arrival_rate[e];
            out->overload += is_overload(t->name[e]) ? t->arrival_rate[e] : 0;
        } else if (t->utilisation[e] > out->utilisation) {
            out->utilisation = t->utilisation[e];
            snprintf(out->busiest, sizeof out->busiest, "%s", t->name[e]);
        }
    }
    arch_traffic_destroy(&t);
    return ARCH_OK;
}

/* ---- judging ---------------------------------------------------------------------------------------------------- */

/* A throughput that must be reached says nothing of how much is carried: below it the load is too small, not too large. */
static bool skip(const arch_objective_t *o) { return o->metric == ARCH_METRIC_THROUGHPUT && !o->below; }

/* What open workloads of the design are answered in a second, failures included; `wanted` is what they ask. A profile's
 * rate changes, so that only those that are constant are looked at. */
static void answered(const search_t *s, const trial_t *t, double *rate, double *wanted, double *span_s)
{
    const arch_samples_t *samples = t->known.samples;
    double span = 0;

    *rate = *wanted = 0;
    for (uint32_t k = 0; k < samples->n; k++)
        span += samples->sample[k]->span * 1e-9;
    for (uint32_t i = 0; i < samples->n_operations; i++) {
        const arch_operation_row_t *row = &samples->operation[i];
        uint64_t n = 0;
        if (row->workload_index >= s->design->n_workloads || row->operation_index == ARCH_NONE)
            continue;
        if (s->design->workload[row->workload_index].kind != ARCH_OPEN_POISSON)
            continue;
        for (uint32_t k = 0; k < samples->n; k++)
            n += samples->sample[k]->operation[i].completed + samples->sample[k]->operation[i].errors;
        *rate += (double)n / span;
        *wanted += t->factor * s->design->workload[row->workload_index].rate *
                   s->design->workload[row->workload_index].operation[row->operation_index].weight;
    }
    *span_s = span;
}

/* Fewer than are offered, by more than chance: arrivals are Poisson, and 3 standard deviations are allowed. */
static bool piles_up(double rate, double wanted, double span)
{
    return rate * span + 3 * sqrt(wanted * span) < keeps_up * wanted * span;
}

static arch_status_t judge(const search_t *s, trial_t *t)
{
    archi_verdict_t v;
    double rate, wanted, span;

    t->objective = ARCH_NONE;
    if (t->known.status != ARCH_OK && t->known.status != ARCH_E_FULL)
        return ARCH_FAIL(t->known.status, "%s", t->known.why);
    if (t->known.status != ARCH_OK) {
        t->verdict = ARCH_TOO_MUCH;
        snprintf(t->why, sizeof t->why, "%s", t->known.why);
        return ARCH_OK;
    }
    answered(s, t, &rate, &wanted, &span);
    if (piles_up(rate, wanted, span)) {
        t->verdict = ARCH_TOO_MUCH;
        snprintf(t->why, sizeof t->why, "requests pile up: %.4g of %.4g a second are answered", rate, wanted);
        return ARCH_OK;
    }
    ARCH_TRY(archi_judge(t->known.samples, t->design, s->o.confidence, skip, &v));
    t->verdict = v.judgement == ARCHI_CLEARLY_MET ? ARCH_CARRIED
                 : v.judgement == ARCHI_NOT_CLEAR ? ARCH_UNDECIDED
                                                  : ARCH_TOO_MUCH;
    t->objective = v.objective;
    if (v.objective == ARCH_NONE)
        snprintf(t->why, sizeof t->why, "%.4g of %.4g a second are answered", rate, wanted);
    else
        archi_judge_say(t->known.samples, t->design, v.objective, v.measured, t->why, sizeof t->why);
    return ARCH_OK;
}

/* ---- trying loads ----------------------------------------------------------------------------------------------- */

static void drop_trial(trial_t *t)
{
    arch_samples_destroy(&t->known.samples);
    arch_design_destroy(&t->design);
    free(t);
}

static arch_status_t add_trial(search_t *s, double factor, trial_t **out)
{
    trial_t *t = calloc(1, sizeof *t);
    expected_t e;
    uint32_t at = s->n;
    arch_status_t st;

    *out = t;
    if (t == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to try a load");
    t->factor = factor;
    st = s->make(s, factor, &t->design);
    if (st == ARCH_OK)
        st = expect(t->design, &e);
    if (st != ARCH_OK) {
        drop_trial(t);
        return st;
    }
    t->load = e.all - e.overload;
    t->known.design = t->design;
    t->known.wanted = s->o.replications;
    for (; at > 0 && s->trial[at - 1]->factor > factor; at--)
        s->trial[at] = s->trial[at - 1];
    s->trial[at] = t;
    s->n++;
    return ARCH_OK;
}

/* Those that are not clear get more replications, until they are or there are no more to have. */
static arch_status_t settle(search_t *s, trial_t *const *trial, uint32_t n)
{
    arch_point_t point[GRID];
    bool more = true;

    while (more) {
        more = false;
        for (uint32_t i = 0; i < n; i++)
            point[i] = trial[i]->known;
        arch_status_t st = arch_lab_extend(s->lab, point, n);
        for (uint32_t i = 0; i < n; i++)
            trial[i]->known = point[i];
        ARCH_TRY(st);
        for (uint32_t i = 0; i < n; i++) {
            uint32_t wanted = 2 * trial[i]->known.wanted;
            ARCH_TRY(judge(s, trial[i]));
            if (trial[i]->verdict != ARCH_UNDECIDED || trial[i]->known.wanted >= s->o.most_replications)
                continue;
            trial[i]->known.wanted = wanted < s->o.most_replications ? wanted : s->o.most_replications;
            more = true;
        }
    }
    return ARCH_OK;
}

static arch_status_t try_loads(search_t *s, const double *factor, uint32_t n)
{
    trial_t *trial[GRID];

    if (s->n + n > MOST_POINTS)
        return ARCH_FAIL(ARCH_E_RANGE, "the capacity was not bracketed by %d loads; allow a larger tolerance", MOST_POINTS);
    arch_lab_say(s->lab, "%s: %.4g to %.4g x the load", s->doing, factor[0], factor[n - 1]);
    for (uint32_t i = 0; i < n; i++)
        ARCH_TRY(add_trial(s, factor[i], &trial[i]));
    return settle(s, trial, n);
}

/* ---- the bracket ------------------------------------------------------------------------------------------------ */

/* Indices: the last carried before the first that is too much (-1: none), and that one (n: none). */
static void look(const search_t *s, int *carried, int *too_much)
{
    int i = 0;

    *carried = -1;
    for (; i < (int)s->n && s->trial[i]->verdict != ARCH_TOO_MUCH; i++)
        if (s->trial[i]->verdict == ARCH_CARRIED)
            *carried = i;
    *too_much = i;
}

static arch_status_t spread(search_t *s, double from, double to, uint32_t n)
{
    double factor[GRID];

    for (uint32_t i = 0; i < n; i++)
        factor[i] = from + (to - from) * (i + 1) / n;
    return try_loads(s, factor, n);
}

/* A load that is too much above all, and one that is carried below it where there is one. */
static arch_status_t enclose(search_t *s, double top)
{
    int carried, too_much;

    ARCH_TRY(spread(s, 0, top, GRID));
    look(s, &carried, &too_much);
    for (int i = 0; i < MOST_DOUBLINGS && too_much == (int)s->n; i++, top *= 2) {
        ARCH_TRY(spread(s, top, 2 * top, 1));
        look(s, &carried, &too_much);
    }
    for (int i = 0; i < MOST_EIGHTHS && carried < 0; i++) {
        double least = s->trial[0]->factor;
        ARCH_TRY(spread(s, 0, least * (GRID - 1) / GRID, GRID - 1));
        look(s, &carried, &too_much);
    }
    return ARCH_OK;
}

/* Loads to try next: between the carried and what follows it, and before the one that is too much. 0: the bracket is as
 * tight as asked, or what lies in it cannot be told. */
static uint32_t next_loads(const search_t *s, double factor[SIDE_BY_SIDE])
{
    int carried, too_much;
    double low, high, first, last, least;

    look(s, &carried, &too_much);
    if (carried < 0 || too_much == (int)s->n)
        return 0;
    low = s->trial[carried]->factor;
    high = s->trial[too_much]->factor;
    first = s->trial[carried + 1]->factor;
    last = s->trial[too_much - 1]->factor;
    least = s->o.tolerance * high;
    if (too_much == carried + 1) { /* nothing undecided between */
        for (int i = 0; i < SIDE_BY_SIDE; i++)
            factor[i] = low + (high - low) * (i + 1) / (SIDE_BY_SIDE + 1);
        return high - low > least ? SIDE_BY_SIDE : 0;
    }
    uint32_t n = 0;
    if (first - low > least / 2)
        factor[n++] = (low + first) / 2;
    if (high - last > least / 2)
        factor[n++] = (last + high) / 2;
    return n;
}

/* Narrow down what encloses the boundary. */
static arch_status_t bracket(search_t *s, arch_bracket_t *out)
{
    double factor[SIDE_BY_SIDE];
    int carried, too_much;

    for (uint32_t n = next_loads(s, factor); n > 0; n = next_loads(s, factor))
        ARCH_TRY(try_loads(s, factor, n));
    look(s, &carried, &too_much);
    out->carried = carried < 0 ? 0 : s->trial[carried]->factor;
    out->carried_load = carried < 0 ? 0 : s->trial[carried]->load;
    out->too_much = too_much == (int)s->n ? INFINITY : s->trial[too_much]->factor;
    out->too_much_load = too_much == (int)s->n ? INFINITY : s->trial[too_much]->load;
    out->at = too_much == (int)s->n ? ARCH_NONE : (uint32_t)too_much;
    return ARCH_OK;
}

/* ---- results ---------------------------------------------------------------------------------------------------- */

/* All operations together: successes per second and their mean latency. */
static void overall(const arch_samples_t *s, double confidence, arch_load_point_t *out)
{
    arch_operation_sample_t *sum = calloc(s->n, sizeof *sum);
    arch_samples_t one = *s;
    arch_sample_t *sample = calloc(s->n, sizeof *sample), **list = calloc(s->n, sizeof *list);

    out->throughput = out->mean = (arch_estimate_t){NAN, NAN, false};
    for (uint32_t k = 0; sum != NULL && sample != NULL && list != NULL && k < s->n; k++) {
        for (uint32_t i = 0; i < s->n_operations; i++) {
            if (s->operation[i].operation_index == ARCH_NONE)
                continue;
            sum[k].completed += s->sample[k]->operation[i].completed;
            sum[k].latency += s->sample[k]->operation[i].latency;
        }
        sample[k] = *s->sample[k];
        sample[k].operation = &sum[k];
        list[k] = &sample[k];
    }
    one.sample = list;
    one.n_operations = 1;
    if (sum != NULL && sample != NULL && list != NULL) {
        (void)arch_samples_estimate(&one, (arch_metric_at_t){ARCH_FIGURE_THROUGHPUT, 0, 1}, confidence, &out->throughput);
        (void)arch_samples_estimate(&one, (arch_metric_at_t){ARCH_FIGURE_MEAN, 0, 1}, confidence, &out->mean);
    }
    free(sum);
    free(sample);
    free(list);
}

static arch_status_t find_busiest(const arch_samples_t *s, double confidence, arch_load_point_t *out, arch_arena_t *arena)
{
    arch_metric_at_t *metric = NULL;
    uint32_t n = 0;
    arch_status_t st = arch_samples_metrics(s, &metric, &n);

    out->busiest = "";
    out->utilisation = (arch_estimate_t){NAN, NAN, false};
    for (uint32_t i = 0; st == ARCH_OK && i < n; i++) {
        arch_estimate_t e;
        if (metric[i].figure != ARCH_FIGURE_BUSIEST)
            continue;
        st = arch_samples_estimate(s, metric[i], confidence, &e);
        if (st != ARCH_OK || !e.supported || (out->utilisation.supported && e.value <= out->utilisation.value))
            continue;
        out->utilisation = e;
        out->busiest = archi_arena_copy(arena, s->component[metric[i].first].group,
                                        strlen(s->component[metric[i].first].group));
        if (out->busiest == NULL)
            st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for a name");
    }
    free(metric);
    return st;
}

static arch_status_t put_point(const search_t *s, const trial_t *t, arch_load_point_t *out, arch_capacity_t *c)
{
    out->factor = t->factor;
    out->load = t->load;
    out->verdict = t->verdict;
    out->objective = t->objective;
    out->why = archi_arena_copy(c->arena, t->why, strlen(t->why));
    out->busiest = "";
    out->throughput = out->mean = out->utilisation = (arch_estimate_t){NAN, NAN, false};
    if (out->why == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the loads that were tried");
    if (t->known.samples == NULL)
        return ARCH_OK;
    out->replications = t->known.samples->n;
    c->requests += t->known.samples->requests;
    c->events += t->known.samples->events;
    c->digest = 31 * c->digest + t->known.samples->digest;
    overall(t->known.samples, s->o.confidence, out);
    return find_busiest(t->known.samples, s->o.confidence, out, c->arena);
}

static arch_status_t put_points(const search_t *s, arch_capacity_t *c, arch_load_point_t **point, uint32_t *n)
{
    *point = archi_arena_alloc(c->arena, (s->n + 1) * sizeof **point);
    if (*point == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u loads", s->n);
    for (*n = 0; *n < s->n; ++*n)
        ARCH_TRY(put_point(s, s->trial[*n], *point + *n, c));
    return ARCH_OK;
}

/* Most throughput for its latency: power, as Kleinrock (Power and deterministic rules of thumb, ICC 1979) has it. */
static void find_knee(arch_capacity_t *c)
{
    double most = 0;

    for (uint32_t i = 0; i < c->n_points; i++) {
        const arch_load_point_t *p = &c->point[i];
        bool known = p->throughput.supported && p->mean.supported && p->mean.value > 0;
        double power = known ? p->throughput.value / p->mean.value : 0;
        if (power > most) {
            most = power;
            c->knee = p->factor;
            c->knee_load = p->load;
        }
    }
}

/* ---- recovery --------------------------------------------------------------------------------------------------- */

static bool has_open(const arch_design_t *design)
{
    for (uint32_t w = 0; w < design->n_workloads; w++)
        if (is_open(&design->workload[w]))
            return true;
    return false;
}

/* Is the load in the middle of the gap carried again when there is four times as long to recover? */
static arch_status_t ask_for_longer(search_t *s, arch_capacity_t *c)
{
    double factor = (c->recovery.carried + c->capacity.carried) / 2;
    trial_t *t = NULL;

    s->recovery_time = 4 * c->recovery_time;
    ARCH_TRY(add_trial(s, factor, &t));
    ARCH_TRY(settle(s, &t, 1));
    c->verdict = t->verdict == ARCH_TOO_MUCH ? ARCH_METASTABLE : ARCH_RECOVERS_SLOWLY;
    return ARCH_OK;
}

/* The largest load that was carried before, and two below it. Where it is carried again there is nothing to look for. */
static arch_status_t enclose_recovery(search_t *s, double carried)
{
    const double factor[SIDE_BY_SIDE] = {carried / 2, carried * 3 / 4, carried};
    int last, too_much;

    ARCH_TRY(try_loads(s, factor, SIDE_BY_SIDE));
    look(s, &last, &too_much);
    for (int i = 0; i < MOST_EIGHTHS && last < 0 && too_much < (int)s->n; i++) {
        ARCH_TRY(spread(s, 0, s->trial[0]->factor * (GRID - 1) / GRID, GRID - 1));
        look(s, &last, &too_much);
    }
    return ARCH_OK;
}

static arch_status_t search_recovery(search_t *s, arch_capacity_t *c)
{
    s->make = make_after_overload;
    s->doing = "recovery";
    s->overload = c->overload;
    s->recovery_time = c->recovery_time;
    ARCH_TRY(enclose_recovery(s, c->capacity.carried));
    ARCH_TRY(bracket(s, &c->recovery));
    c->verdict = ARCH_RECOVERS;
    if (c->recovery.too_much <= c->capacity.carried) /* what was clearly carried is clearly too much afterwards */
        ARCH_TRY(ask_for_longer(s, c));
    return put_points(s, c, &c->recovery_point, &c->n_recovery_points);
}

/* ---- the call --------------------------------------------------------------------------------------------------- */

static arch_status_t choose(const arch_design_t *design, const arch_capacity_options_t *given, arch_capacity_options_t *o)
{
    static const arch_capacity_options_t defaults;

    *o = given != NULL ? *given : defaults;
    o->confidence = o->confidence == 0 ? 0.95 : o->confidence;
    o->tolerance = o->tolerance == 0 ? 0.02 : o->tolerance;
    if (o->replications == 0)
        o->replications = design->run.replications < FEW ? design->run.replications : FEW;
    if (o->most_replications == 0)
        o->most_replications = design->run.replications < UINT32_MAX / 2 ? 2 * design->run.replications : UINT32_MAX;
    o->overload = o->overload == 0 ? 1.5 : o->overload;
    o->overload_time = o->overload_time == 0 ? design->run.duration / 2 : o->overload_time;
    o->recovery_time = o->recovery_time == 0 ? design->run.duration : o->recovery_time;
    if (!(o->confidence > 0.5 && o->confidence < 1))
        return ARCH_FAIL(ARCH_E_ARG, "confidence: is %g, must be above 0.5 and below 1", o->confidence);
    if (!(o->tolerance >= 0.0001 && o->tolerance <= 0.5))
        return ARCH_FAIL(ARCH_E_ARG, "tolerance: is %g, must be from 0.0001 to 0.5", o->tolerance);
    if (!(o->overload > 1 && o->overload <= 1000))
        return ARCH_FAIL(ARCH_E_ARG, "overload: is %g, must be above 1, at most 1000", o->overload);
    if (o->overload_time < 0 || o->recovery_time < 0 || o->overload_time > ARCH_TIME_MAX / 16 ||
        o->recovery_time > ARCH_TIME_MAX / 16)
        return ARCH_FAIL(ARCH_E_ARG, "times of overload and recovery must be from 0 to a sixteenth of all time");
    if (o->most_replications < o->replications)
        return ARCH_FAIL(ARCH_E_ARG, "most replications: is %u, must be at least the %u to begin with", o->most_replications,
                         o->replications);
    return ARCH_OK;
}

static arch_status_t begin(const arch_design_t *design, const arch_capacity_options_t *o, arch_capacity_t *c)
{
    expected_t e;

    ARCH_TRY(expect(design, &e));
    c->name = archi_arena_copy(c->arena, design->name, strlen(design->name));
    c->saturates = archi_arena_copy(c->arena, e.busiest, strlen(e.busiest));
    if (c->name == NULL || c->saturates == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for names");
    c->designed_load = e.all;
    c->confidence = o->confidence;
    c->saturation = e.utilisation > 0 && has_open(design) ? 1 / e.utilisation : INFINITY;
    c->overload_time = o->overload_time;
    c->recovery_time = o->recovery_time;
    return ARCH_OK;
}

static arch_status_t search_all(search_t *cold, search_t *after, arch_capacity_t *c)
{
    cold->make = make_cold;
    cold->doing = "capacity";
    ARCH_TRY(enclose(cold, isfinite(c->saturation) ? 1.05 * c->saturation : 1));
    ARCH_TRY(bracket(cold, &c->capacity));
    ARCH_TRY(put_points(cold, c, &c->point, &c->n_points));
    find_knee(c);
    if (cold->o.no_recovery || !has_open(cold->design) || !(c->capacity.carried > 0) || !isfinite(c->capacity.too_much))
        return ARCH_OK;
    c->overload = cold->o.overload * c->capacity.too_much;
    return search_recovery(after, c);
}

static void clear(search_t *s)
{
    for (uint32_t i = 0; i < s->n; i++)
        drop_trial(s->trial[i]);
    free(s);
}

arch_status_t arch_capacity(arch_lab_t *lab, const arch_design_t *design, const arch_capacity_options_t *options,
                            arch_capacity_t **out)
{
    search_t *cold = calloc(1, sizeof *cold), *after = calloc(1, sizeof *after);
    arch_status_t st = ARCH_OK;

    *out = calloc(1, sizeof **out);
    if (*out != NULL)
        (*out)->arena = archi_arena_create();
    if (cold == NULL || after == NULL || *out == NULL || (*out)->arena == NULL)
        ARCH_TRY_TO(done, ARCH_FAIL(ARCH_E_NOMEM, "no memory to look for a capacity"));
    cold->lab = lab;
    cold->design = design;
    ARCH_TRY_TO(done, choose(design, options, &cold->o));
    *after = *cold;
    ARCH_TRY_TO(done, begin(design, &cold->o, *out));
    ARCH_TRY_TO(done, search_all(cold, after, *out));
done:
    if (cold != NULL)
        clear(cold);
    if (after != NULL)
        clear(after);
    if (st != ARCH_OK)
        arch_capacity_destroy(out);
    return st;
}

void arch_capacity_destroy(arch_capacity_t **capacity)
{
    if (capacity == NULL || *capacity == NULL)
        return;
    archi_arena_destroy(&(*capacity)->arena);
    free(*capacity);
    *capacity = NULL;
}
