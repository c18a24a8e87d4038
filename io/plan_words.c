/* io/plan_words.c - a plan in words. */
#include "io/plan_words.h"
#include "io/results_number.h"
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *arch_case_name(arch_case_kind_t kind)
{
    static const char *const name[ARCH_N_CASES] = {"costlier", "feasible", "missed", "overloaded", "dominated", "close",
                                                   "unsound", "failed"};

    return (unsigned)kind < ARCH_N_CASES ? name[kind] : "?";
}

/* ---- money ------------------------------------------------------------------------------------------------------ */

static const char *period_of(uint32_t per_year)
{
    return per_year == 8760 ? "an hour" : per_year == 365 ? "a day" : per_year == 12 ? "a month" : "a year";
}

/* To the hundredth of the currency; of prices per hour, which are small, to the ten thousandth. */
void arch_plan_money(const arch_plan_t *plan, arch_money_t money, char *out, size_t bytes)
{
    int64_t unit = plan->per_year == 8760 ? 100 : 10000, scale = 1000000 / unit;
    int64_t shown = (money / plan->per_year + unit / 2) / unit;
    char number[32];

    if (shown % scale == 0)
        snprintf(number, sizeof number, "%" PRId64, shown / scale);
    else
        snprintf(number, sizeof number, "%" PRId64 ".%0*" PRId64, shown / scale, scale == 100 ? 2 : 4, shown % scale);
    if (plan->currency[0] == '\0')
        snprintf(out, bytes, "nothing");
    else if (plan->currency_first)
        snprintf(out, bytes, "%s%s%s %s", plan->currency, isalpha((unsigned char)plan->currency[0]) ? " " : "", number,
                 period_of(plan->per_year));
    else
        snprintf(out, bytes, "%s %s %s", number, plan->currency, period_of(plan->per_year));
}

/* ---- configurations --------------------------------------------------------------------------------------------- */

void archi_say_case(archi_strbuf_t *buf, const arch_plan_t *plan, uint32_t c)
{
    const char *before = "";

    for (uint32_t i = 0; i < plan->n_changes; i++) {
        const arch_planned_change_t *x = &plan->change[i];
        uint32_t o = plan->cases[c].option[i];
        if (x->kind == ARCH_CHANGE_SWITCH && o == 0)
            continue;
        archi_strbuf_printf(buf, "%s%s%s%s", before, x->name, x->kind == ARCH_CHANGE_SWITCH ? "" : " ",
                            x->kind == ARCH_CHANGE_SWITCH ? "" : x->option[o].name);
        before = ", ";
    }
    if (before[0] == '\0')
        archi_strbuf_add(buf, "as it is");
}

static bool begins_with(const char *text, const char *word) { return strncmp(text, word, strlen(word)) == 0; }

/* "a cache", "an index on orders"; what begins with an article or a capital has its own. */
static const char *article(const char *name)
{
    if (begins_with(name, "a ") || begins_with(name, "an ") || begins_with(name, "the ") ||
        isupper((unsigned char)name[0]) || isdigit((unsigned char)name[0]))
        return "";
    return strchr("aeiou", name[0]) != NULL && name[0] != '\0' ? "an " : "a ";
}

/* "4 app replicas", "1 app replica", "pool size 20", "a small instance", "a cache". */
static void say_option(archi_strbuf_t *buf, const arch_planned_change_t *x, uint32_t o)
{
    size_t n = strlen(x->name);
    bool one = strcmp(x->option[o].name, "1") == 0 && n > 1 && x->name[n - 1] == 's' && x->name[n - 2] != 's';

    if (x->kind == ARCH_CHANGE_SWITCH)
        archi_strbuf_printf(buf, "%s%s", article(x->name), x->name);
    else if (x->kind == ARCH_CHANGE_LADDER)
        archi_strbuf_printf(buf, "%s%s %s", article(x->option[o].name), x->option[o].name, x->name);
    else if (n > 1 && x->name[n - 1] == 's' && x->option[o].name[strspn(x->option[o].name, "0123456789.")] == '\0')
        archi_strbuf_printf(buf, "%s %.*s", x->option[o].name, (int)(n - one), x->name);
    else
        archi_strbuf_printf(buf, "%s %s", x->name, x->option[o].name);
}

/* ---- figures ---------------------------------------------------------------------------------------------------- */

static archi_look_t look_of(arch_metric_t metric)
{
    if (metric == ARCH_METRIC_ERRORS)
        return ARCHI_AS_PERCENT;
    if (metric == ARCH_METRIC_UTILISATION)
        return ARCHI_AS_LEVEL;
    return metric == ARCH_METRIC_THROUGHPUT ? ARCHI_AS_NUMBER : ARCHI_AS_TIME;
}

static void say_limit(archi_strbuf_t *buf, const arch_plan_objective_t *o)
{
    char limit[ARCHI_SHOWN_BYTES];

    archi_show_setting(o->limit, look_of(o->metric), limit);
    archi_strbuf_printf(buf, "must be %s %s%s", o->below ? "<" : ">", limit,
                        o->metric == ARCH_METRIC_THROUGHPUT ? " /s" : "");
}

void archi_say_measured(archi_strbuf_t *buf, const arch_plan_t *plan, uint32_t c, uint32_t o)
{
    const arch_plan_objective_t *x = &plan->objective[o];
    const arch_estimate_t *e = &plan->cases[c].measured[o];
    char measured[ARCHI_SHOWN_BYTES];

    archi_show_estimate(e, look_of(x->metric), false, measured);
    if (e->supported)
        archi_strbuf_printf(buf, "%s = %s%s, ", x->subject, measured, x->metric == ARCH_METRIC_THROUGHPUT ? " /s" : "");
    else
        archi_strbuf_printf(buf, "%s: too few requests to say, ", x->subject);
    say_limit(buf, x);
}

static void say_overload(archi_strbuf_t *buf, const arch_plan_t *plan, const arch_case_t *x)
{
    if (x->objective == ARCH_NONE) {
        archi_strbuf_printf(buf, "%s needs %.0f %% of its cores, by the traffic equations", x->element, 100 * x->expected);
        return;
    }
    archi_strbuf_printf(buf, "%s utilisation is %.3g by the traffic equations, ", x->element, x->expected);
    say_limit(buf, &plan->objective[x->objective]);
}

void archi_say_reason(archi_strbuf_t *buf, const arch_plan_t *plan, uint32_t c)
{
    const arch_case_t *x = &plan->cases[c];

    switch (x->kind) {
    case ARCH_CASE_DOMINATED:
        archi_strbuf_add(buf, "no stronger than ");
        archi_say_case(buf, plan, x->by);
        archi_strbuf_add(buf, ": ");
        archi_say_reason(buf, plan, x->by); /* which is not dominated itself */
        break;
    case ARCH_CASE_OVERLOADED: say_overload(buf, plan, x); break;
    case ARCH_CASE_UNSOUND: archi_strbuf_printf(buf, "no design: %s", x->why); break;
    case ARCH_CASE_FAILED: archi_strbuf_printf(buf, "could not be simulated: %s", x->why); break;
    default:
        if (x->kind == ARCH_CASE_CLOSE)
            archi_strbuf_printf(buf, "too close to say after %u replications: ", x->replications);
        if (x->objective != ARCH_NONE && x->measured != NULL)
            archi_say_measured(buf, plan, c, x->objective);
        else
            archi_strbuf_add(buf, "-");
    }
}

/* ---- the answer ------------------------------------------------------------------------------------------------- */

bool archi_is_spared(const arch_plan_t *plan, uint32_t change)
{
    const arch_planned_change_t *x = &plan->change[change];

    return plan->answer != ARCH_NONE && plan->cases[plan->answer].option[change] == 0 && x->n_options > 1 &&
           (x->kind == ARCH_CHANGE_SWITCH || strcmp(x->option[0].name, "0") == 0);
}

uint32_t archi_case_with_less(const arch_plan_t *plan, uint32_t change)
{
    const uint32_t *answer = plan->cases[plan->answer].option;

    for (uint32_t c = 0; c < plan->n_cases && answer[change] > 0; c++) {
        const uint32_t *o = plan->cases[c].option;
        uint32_t same = 0;
        for (uint32_t i = 0; i < plan->n_changes; i++)
            same += o[i] == (i == change ? answer[i] - 1 : answer[i]);
        if (same == plan->n_changes)
            return c;
    }
    return ARCH_NONE;
}

static bool is_used(const arch_plan_t *plan, uint32_t i)
{
    const arch_planned_change_t *x = &plan->change[i];
    uint32_t o = plan->cases[plan->answer].option[i];

    return o > 0 || (x->kind != ARCH_CHANGE_SWITCH && strcmp(x->option[0].name, "0") != 0);
}

/* ", " and " and " between n things. */
static const char *join(uint32_t k, uint32_t n) { return k == 0 ? "" : k + 1 == n ? " and " : ", "; }

static void say_used(archi_strbuf_t *buf, const arch_plan_t *plan)
{
    uint32_t n = 0, k = 0;
    bool many = false;

    for (uint32_t i = 0; i < plan->n_changes; i++) {
        const arch_planned_change_t *x = &plan->change[i];
        n += is_used(plan, i);
        many = many || (is_used(plan, i) && x->kind == ARCH_CHANGE_VALUES &&
                        strcmp(x->option[plan->cases[plan->answer].option[i]].name, "1") != 0);
    }
    for (uint32_t i = 0; i < plan->n_changes; i++)
        if (is_used(plan, i)) {
            archi_strbuf_add(buf, join(k++, n));
            say_option(buf, &plan->change[i], plan->cases[plan->answer].option[i]);
        }
    archi_strbuf_add(buf, n == 0 ? "The design as it is meets" : n == 1 && !many ? " meets" : " meet");
}

static void say_spared(archi_strbuf_t *buf, const arch_plan_t *plan)
{
    uint32_t n = 0, k = 0;
    bool many = false;

    for (uint32_t i = 0; i < plan->n_changes; i++) {
        n += archi_is_spared(plan, i);
        many = many || (archi_is_spared(plan, i) && plan->change[i].kind == ARCH_CHANGE_VALUES);
    }
    if (n == 0)
        return;
    archi_strbuf_add(buf, "; ");
    for (uint32_t i = 0; i < plan->n_changes; i++)
        if (archi_is_spared(plan, i)) {
            const char *name = plan->change[i].name;
            archi_strbuf_printf(buf, "%s%s%s", join(k++, n),
                                plan->change[i].kind == ARCH_CHANGE_VALUES ? "" : article(name), name);
        }
    archi_strbuf_add(buf, n > 1 || many ? " are not needed" : " is not needed");
}

void archi_say_answer(archi_strbuf_t *buf, const arch_plan_t *plan)
{
    char money[96];
    size_t at;

    if (plan->answer == ARCH_NONE) {
        archi_strbuf_printf(buf, "None of %u configurations %s all objectives at %.6g %% confidence", plan->n_cases,
                            "is shown to meet", 100 * plan->confidence);
        if (plan->nearest != ARCH_NONE) {
            archi_strbuf_add(buf, "; nearest comes ");
            archi_say_case(buf, plan, plan->nearest);
            archi_strbuf_add(buf, ": ");
            archi_say_measured(buf, plan, plan->nearest, plan->cases[plan->nearest].objective);
        }
        archi_strbuf_add(buf, ".");
        return;
    }
    arch_plan_money(plan, plan->cases[plan->answer].cost, money, sizeof money);
    at = buf->length;
    say_used(buf, plan);
    if (!buf->failed && buf->length > at)
        buf->text[at] = (char)toupper((unsigned char)buf->text[at]);
    archi_strbuf_printf(buf, " all objectives at %.6g %% confidence for %s", 100 * plan->confidence, money);
    say_spared(buf, plan);
    archi_strbuf_add(buf, ".");
}
