/* experiments/plan_search.c - which configurations are looked at. Each answer takes others out: one that is feasible those
 * that cost more, one that misses those that are no stronger. Looked at next is what takes most out, as far as it can be
 * foreseen; beside it, what takes most of the cheaper ones out when it misses, since all of them must be shown to.
 *
 * A round is several configurations that are of use whatever the others of the round show: each cheaper than those before
 * it and no weaker version of any. Rounds are made of complete answers only, so the search is the same on any machine. */
#include "experiments/plan_impl.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint32_t cap;       /* the cheapest feasible case, or n */
    double met, missed; /* the largest load that met all, the least that missed */
} course_t;

/* ---- what an answer would take out ------------------------------------------------------------------------------ */

/* weaker[index]: open cases below the cap that are no stronger, itself included: sums along the monotone changes. */
static void count_weaker(archi_planner_t *p, const course_t *course)
{
    for (uint32_t i = 0; i < p->n; i++)
        p->weaker[i] = p->open[p->at[i]] && p->at[i] < course->cap;
    for (uint32_t k = 0; k < p->changes->n_changes && !p->options.trust_nothing; k++) {
        if (!p->changes->change[k].monotone)
            continue;
        for (uint32_t i = 0; i < p->n; i++)
            if (p->out->cases[p->at[i]].option[k] > 0)
                p->weaker[i] += p->weaker[i - p->stride[k]];
    }
}

/* How likely it is feasible, roughly: what is half busy mostly is, what is nearly full mostly is not, and what has been seen
 * at such a load counts. It steers the order only. */
static double chance(const archi_planner_t *p, const course_t *course, uint32_t c)
{
    double load = p->load[c], chance;

    if (!isfinite(load))
        return 0.5;
    chance = fmin(fmax(1 - pow(load, 4), 0.05), 0.95);
    if (load <= course->met && load < course->missed)
        return (1 + chance) / 2;
    return load >= course->missed && load > course->met ? 0.4 * chance : chance;
}

/* The open case that takes most out; n: there is none. */
static uint32_t pick(const archi_planner_t *p, const course_t *course, const uint32_t *taken, uint32_t n_taken)
{
    uint32_t limit = n_taken > 0 ? taken[n_taken - 1] : course->cap, n_open = 0, best = p->n;
    double most = -INFINITY;

    for (uint32_t c = limit; c-- > 0;) {
        double likely, score;
        bool spoken = false;
        if (!p->open[c])
            continue;
        n_open++;
        for (uint32_t i = 0; i < n_taken && !spoken; i++)
            spoken = archi_plan_is_weaker(p, c, taken[i]);
        if (spoken)
            continue;
        likely = n_taken > 0 ? 0 : chance(p, course, c);
        score = likely * log(n_open) + (1 - likely) * log(p->weaker[p->index[c]]);
        if (score >= most) { /* of equals the cheapest */
            most = score;
            best = c;
        }
    }
    return best;
}

/* ---- what it did take out --------------------------------------------------------------------------------------- */

static void learn(archi_planner_t *p, course_t *course, uint32_t c)
{
    const arch_case_t *x = &p->out->cases[c];

    if (x->kind == ARCH_CASE_FEASIBLE) {
        course->cap = c < course->cap ? c : course->cap;
        course->met = fmax(course->met, p->load[c]);
    }
    if (x->kind != ARCH_CASE_MISSED)
        return;
    course->missed = fmin(course->missed, p->load[c]);
    for (uint32_t d = 0; d < p->n; d++)
        if (p->open[d] && archi_plan_is_weaker(p, d, c)) {
            p->out->cases[d].kind = ARCH_CASE_DOMINATED;
            p->out->cases[d].by = c;
            p->open[d] = 0;
        }
}

static arch_status_t round_of(archi_planner_t *p, course_t *course, uint32_t *taken, uint32_t *n_taken)
{
    *n_taken = 0;
    count_weaker(p, course);
    while (*n_taken < p->options.side_by_side) {
        uint32_t c = pick(p, course, taken, *n_taken);
        if (c == p->n)
            break;
        taken[(*n_taken)++] = c;
    }
    if (*n_taken == 0)
        return ARCH_OK;
    arch_lab_say(p->lab, "plan: %u of %u configurations simulated", p->out->n_simulated, p->n);
    ARCH_TRY(archi_plan_try(p, taken, *n_taken));
    for (uint32_t i = 0; i < *n_taken; i++)
        learn(p, course, taken[i]);
    return ARCH_OK;
}

/* ---- without an answer: what comes nearest ---------------------------------------------------------------------- */

enum { FINALISTS = 8, STEP = 8 };

/* Spread of the worst objective's excess over replications, from its interval. */
static archi_system_t system_of(const archi_planner_t *p, uint32_t c)
{
    const arch_case_t *x = &p->out->cases[c];
    archi_system_t s = {0, 0, x->replications};
    uint32_t o;

    s.mean = archi_plan_worst(p, c, &o);
    if (o != ARCH_NONE) {
        const arch_plan_objective_t *y = &p->out->objective[o];
        double half = x->measured[o].half_width;
        s.sd = isfinite(half) ? half / 2 * sqrt(x->replications) / (y->limit != 0 ? fabs(y->limit) : 1) : 1;
    }
    return s;
}

/* The simulated that miss by least, at most FINALISTS. */
static uint32_t finalists(const archi_planner_t *p, uint32_t *c)
{
    uint32_t n = 0, o;

    for (uint32_t i = 0; i < p->n; i++) {
        uint32_t k;
        double worst = archi_plan_worst(p, i, &o);
        if (o == ARCH_NONE)
            continue;
        for (k = n < FINALISTS ? n++ : FINALISTS; k > 0 && archi_plan_worst(p, c[k - 1], &o) > worst; k--)
            if (k < FINALISTS)
                c[k] = c[k - 1];
        if (k < FINALISTS)
            c[k] = i;
    }
    return n;
}

/* Of those that the traffic equations refute, the one that they refute by least is simulated: figures say more. */
static arch_status_t least_loaded(archi_planner_t *p, uint32_t *c)
{
    uint32_t wanted = p->looks.first, best = p->n;

    for (uint32_t i = 0; i < p->n; i++)
        if (p->out->cases[i].kind == ARCH_CASE_OVERLOADED && (best == p->n || p->load[i] < p->load[best]))
            best = i;
    *c = best;
    if (best == p->n)
        return ARCH_OK;
    return archi_plan_extend(p, &best, &wanted, 1);
}

/* Where replications go next is OCBA's to say. */
static arch_status_t tell_nearest(archi_planner_t *p)
{
    uint32_t c[FINALISTS], add[FINALISTS], n = finalists(p, c), best = 0, spent = 0;
    archi_system_t s[FINALISTS];

    for (;;) {
        for (uint32_t i = 0; i < n; i++)
            s[i] = system_of(p, c[i]);
        if (n == 0 || archi_ocba_sure(s, n, p->options.indifference, true, &best) >= p->out->confidence ||
            spent >= p->looks.most)
            break;
        archi_ocba(s, n, p->options.indifference, true, STEP, add);
        for (uint32_t i = 0; i < n; i++)
            add[i] += s[i].n;
        ARCH_TRY(archi_plan_extend(p, c, add, n));
        for (uint32_t i = 0; i < n; i++)
            ARCH_TRY(archi_plan_record(p, c[i]));
        spent += STEP;
    }
    p->out->nearest = n > 0 ? c[best] : ARCH_NONE;
    return ARCH_OK;
}

static arch_status_t find_nearest(archi_planner_t *p)
{
    uint32_t c[FINALISTS];

    arch_lab_say(p->lab, "plan: nothing is feasible, what comes nearest?");
    if (finalists(p, c) == 0) {
        ARCH_TRY(least_loaded(p, c));
        if (c[0] != p->n && p->trial[c[0]].samples != NULL)
            ARCH_TRY(archi_plan_record(p, c[0]));
    }
    return tell_nearest(p);
}

/* ---- runners-up ------------------------------------------------------------------------------------------------- */

/* The answer with something more is no alternative. */
static bool adds_to_answer(const archi_planner_t *p, uint32_t c)
{
    const uint32_t *x = p->out->cases[p->out->answer].option, *y = p->out->cases[c].option;

    for (uint32_t i = 0; i < p->changes->n_changes; i++)
        if (y[i] < x[i])
            return false;
    return true;
}

static arch_status_t find_runners_up(archi_planner_t *p, course_t *course)
{
    uint32_t known = 0, tried = 0;

    for (uint32_t c = p->out->answer + 1; c < p->n; c++)
        known += p->out->cases[c].kind == ARCH_CASE_FEASIBLE;
    for (uint32_t c = p->out->answer + 1; c < p->n && known < p->options.runners_up && tried < p->options.runners_up; c++) {
        if (!p->open[c] || adds_to_answer(p, c) || (p->load[c] >= course->missed && p->load[c] > course->met))
            continue;
        arch_lab_say(p->lab, "plan: runners-up");
        ARCH_TRY(archi_plan_try(p, &c, 1));
        learn(p, course, c);
        known += p->out->cases[c].kind == ARCH_CASE_FEASIBLE;
        tried++;
    }
    return ARCH_OK;
}

arch_status_t archi_plan_search(archi_planner_t *p)
{
    course_t course = {p->n, -INFINITY, INFINITY};
    uint32_t *taken = malloc(((size_t)p->options.side_by_side + p->n) * sizeof *taken), n_taken = 1;
    arch_status_t st = taken != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u configurations", p->n);

    if (p->options.all) {
        n_taken = 0;
        for (uint32_t c = 0; c < p->n && st == ARCH_OK; c++)
            if (p->open[c]) {
                st = archi_plan_try(p, &c, 1);
                course.cap = p->out->cases[c].kind == ARCH_CASE_FEASIBLE && c < course.cap ? c : course.cap;
            }
    }
    while (n_taken > 0 && st == ARCH_OK)
        st = round_of(p, &course, taken, &n_taken);
    free(taken);
    ARCH_TRY(st);
    p->out->answer = course.cap < p->n ? course.cap : ARCH_NONE;
    if (p->options.all && p->out->answer != ARCH_NONE)
        return ARCH_OK;
    return p->out->answer == ARCH_NONE ? find_nearest(p) : find_runners_up(p, &course);
}
