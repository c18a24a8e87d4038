/* io/design_load.c - who uses the system, over which network, what is asked of it, and how long it is watched. */
#include "io/design_reader.h"
#include <stdlib.h>
#include <string.h>

const char *const archi_metric_names[ARCH_N_METRICS] = {"mean", "p50",    "p95",        "p99",
                                                        "p999", "errors", "throughput", "utilisation"};

enum { MAX_USERS = 100000000, MAX_INTERVALS = 1000000 };
#define DEFAULT_PRECISION 0.05

/* ---- the mix ----------------------------------------------------------------------------------------------------- */

/* A weight, or an object with it where there is more to say. */
static bool read_operation(archi_reader_t *r, const archi_place_t *at, arch_operation_t *op)
{
    static const char *const keys[] = {"weight", "balance"};
    archi_place_t f[2];
    bool good = archi_read_target(r, at, at->key, &op->target);

    op->name = archi_reader_copy(r, at->key);
    if (!archi_json_is_object(at->node))
        return archi_read_number(r, at, 0.0, 1e9, &op->weight) && good;
    if (!archi_fields(r, at, keys, 2, f))
        return false;
    good = archi_required(r, &f[0], "a number, the weight of this operation") && good;
    good = archi_read_number(r, &f[0], 0.0, 1e9, &op->weight) && good;
    good = archi_read_balance(r, &f[1], &op->balance) && good;
    if (!good || !f[1].node || op->target.kind == ARCH_SERVICE)
        return good;
    archi_problem(r, &f[1], "found a balance for calls to a %s, which picks the server itself, expected none",
                  archi_kind_names[op->target.kind]);
    return false;
}

/* Shares of the operations: see archi_read_weights(). */
static bool share_out(archi_reader_t *r, const archi_place_t *at, arch_workload_t *w)
{
    double *weight = archi_reader_alloc(r, w->n_operations, sizeof *weight);

    if (!weight)
        return false;
    for (uint32_t i = 0; i < w->n_operations; i++)
        weight[i] = w->operation[i].weight;
    if (!archi_read_weights(r, at, w->n_operations, weight))
        return false;
    for (uint32_t i = 0; i < w->n_operations; i++)
        w->operation[i].weight = weight[i];
    return true;
}

static void read_mix(archi_reader_t *r, const archi_place_t *at, arch_workload_t *w)
{
    uint32_t owner = archi_names_find(&r->names, ARCH_NONE, w->name, strlen(w->name)), i = 0, ignored;
    bool good = true;

    if (!archi_required(r, at, "what is called, such as {\"app/read\": 10, \"app/write\": 1}") ||
        !archi_is_object(r, at, "an object of operations and their weights"))
        return;
    if (!archi_json_first(at->node))
        archi_expected(r, at, "at least one operation");
    w->operation = archi_reader_alloc(r, archi_count(at->node), sizeof *w->operation);
    for (const archi_json_t *c = archi_json_first(at->node); c && w->operation; c = c->next, i++) {
        archi_place_t here = archi_member(at, c);
        archi_name_t name = {here.key, owner, ARCHI_IS_ENDPOINT, i};
        good = read_operation(r, &here, &w->operation[i]) && good;
        if (archi_names_add(&r->names, &name, &ignored) == ARCH_E_NOMEM)
            r->st = ARCH_E_NOMEM;
    }
    w->n_operations = i;
    if (good && i > 0)
        share_out(r, at, w);
}

/* ---- workloads --------------------------------------------------------------------------------------------------- */

static bool read_point(archi_reader_t *r, const archi_place_t *at, arch_rate_point_t *p)
{
    archi_place_t time, rate;
    bool good;

    if (!archi_json_is_array(at->node) || archi_count(at->node) != 2) {
        archi_expected(r, at, "a pair such as [\"60s\", \"500/s\"]");
        return false;
    }
    time = archi_item(at, archi_json_first(at->node), 0);
    rate = archi_item(at, archi_json_first(at->node)->next, 1);
    good = archi_read_ticks(r, &time, true, &p->at);
    return archi_read_rate(r, &rate, true, &p->rate) && good;
}

static bool read_points(archi_reader_t *r, const archi_place_t *at, arch_workload_t *w)
{
    uint32_t n = 0;
    bool good = true;

    if (!archi_json_is_array(at->node) || !archi_json_first(at->node)) {
        archi_expected(r, at, "a list of points [time, rate]");
        return false;
    }
    w->point = archi_reader_alloc(r, archi_count(at->node), sizeof *w->point);
    for (const archi_json_t *c = archi_json_first(at->node); c && w->point; c = c->next, n++) {
        archi_place_t here = archi_item(at, c, n);
        bool fine = read_point(r, &here, &w->point[n]);
        if (fine && good && n > 0 && w->point[n].at <= w->point[n - 1].at) {
            archi_problem(r, &here, "found a point that is not after the one before it, expected times that ascend");
            fine = false;
        }
        good = fine && good;
        w->rate = fine && w->point[n].rate > w->rate ? w->point[n].rate : w->rate;
    }
    w->n_points = n;
    if (good && !(w->rate > 0.0))
        archi_problem(r, at, "found rates that are all zero, expected at least one above zero");
    return good && w->rate > 0.0;
}

static void read_profile(archi_reader_t *r, const archi_place_t *at, arch_workload_t *w)
{
    static const char *const keys[] = {"points", "between", "repeat"};
    static const char *const between[] = {"step", "linear"};
    archi_place_t f[3];
    int linear = 1;

    w->kind = ARCH_OPEN_PROFILE;
    w->period = ARCH_TIME_MAX;
    if (!archi_fields(r, at, keys, 3, f))
        return;
    archi_read_word(r, &f[1], between, 2, &linear);
    w->linear = linear == 1;
    archi_read_ticks_or(r, &f[2], "never", &w->period);
    if (w->period == ARCH_AUTO)
        w->period = ARCH_TIME_MAX;
    if (!archi_required(r, &f[0], "a list of points [time, rate]") || !read_points(r, &f[0], w))
        return;
    if (w->period < w->point[w->n_points - 1].at)
        archi_expected(r, &f[2], "a period that reaches to the last point at least");
}

static void read_gap(archi_reader_t *r, const archi_place_t *at, arch_workload_t *w)
{
    w->kind = ARCH_OPEN_RENEWAL;
    if (!archi_read_dist(r, at, ARCHI_TIME, &w->gap))
        return;
    if (archi_dist_is_zero(r->design, &w->gap))
        archi_expected(r, at, "a time between arrivals that is not always zero");
}

static void read_kind(archi_reader_t *r, const archi_place_t *at, const archi_place_t *f, arch_workload_t *w)
{
    if ((f[0].node != NULL) + (f[1].node != NULL) + (f[2].node != NULL) != 1) {
        archi_problem(r, at, "found %s, expected exactly one of \"rate\", \"gap\" and \"users\"",
                      f[0].node || f[1].node || f[2].node ? "more than one way to make requests"
                                                          : "no way to make requests");
    } else if (f[0].node && archi_json_is_object(f[0].node)) {
        read_profile(r, &f[0], w);
    } else if (f[0].node) {
        w->kind = ARCH_OPEN_POISSON;
        archi_read_rate(r, &f[0], false, &w->rate);
    } else if (f[1].node) {
        read_gap(r, &f[1], w);
    } else {
        w->kind = ARCH_CLOSED;
        archi_read_whole(r, &f[2], 1, MAX_USERS, &w->users);
        if (archi_required(r, &f[3], "the time a user thinks between a reply and the next request (\"0s\" for none)"))
            archi_read_dist(r, &f[3], ARCHI_TIME, &w->gap);
    }
    if (f[3].node && !f[2].node)
        archi_problem(r, &f[3], "found \"think\" without \"users\", expected both or neither");
}

static void read_workload(archi_reader_t *r, const archi_place_t *at, arch_workload_t *w)
{
    static const char *const keys[] = {"rate", "gap", "users", "think", "mix", "priority"};
    archi_place_t f[6];
    uint32_t priority = 0;

    w->gap.table = ARCH_NONE;
    w->period = ARCH_TIME_MAX;
    if (!archi_fields(r, at, keys, 6, f))
        return;
    read_kind(r, at, f, w);
    read_mix(r, &f[4], w);
    archi_read_whole(r, &f[5], 0, 255, &priority);
    w->priority = (uint8_t)priority;
}

void archi_read_workloads(archi_reader_t *r, const archi_place_t *at)
{
    uint32_t i = 0;

    if (!archi_required(r, at, "who uses the system") || !archi_is_object(r, at, "an object of named workloads"))
        return;
    if (!archi_json_first(at->node))
        archi_expected(r, at, "at least one workload");
    for (const archi_json_t *c = archi_json_first(at->node); c && r->st == ARCH_OK; c = c->next, i++) {
        archi_place_t here = archi_member(at, c);
        read_workload(r, &here, &r->design->workload[i]);
    }
}

/* ---- network ----------------------------------------------------------------------------------------------------- */

enum {
    ENDS = 1u << ARCHI_IS_SERVICE | 1u << ARCHI_IS_BALANCER | 1u << ARCHI_IS_DATABASE | 1u << ARCHI_IS_CACHE |
           1u << ARCHI_IS_WORKLOAD
};

/* The two ends of a link as names, the workload first where there is one. */
static bool read_between(archi_reader_t *r, const archi_place_t *at, uint32_t ends[2])
{
    const char *expected = "an element or a workload of this design";
    archi_place_t a, b;
    uint32_t swap;

    if (!archi_json_is_array(at->node) || archi_count(at->node) != 2) {
        archi_expected(r, at, "two names, such as [\"app\", \"db\"]");
        return false;
    }
    a = archi_item(at, archi_json_first(at->node), 0);
    b = archi_item(at, archi_json_first(at->node)->next, 1);
    ends[0] = archi_read_name(r, &a, ENDS, expected);
    ends[1] = archi_read_name(r, &b, ENDS, expected);
    if (ends[0] == ARCH_NONE || ends[1] == ARCH_NONE)
        return false;
    if (ends[0] == ends[1]) {
        archi_problem(r, at, "found a link from an element to itself, expected two different ones");
        return false;
    }
    if (r->names.name[ends[1]].is == ARCHI_IS_WORKLOAD) {
        swap = ends[0];
        ends[0] = ends[1];
        ends[1] = swap;
    }
    if (r->names.name[ends[1]].is != ARCHI_IS_WORKLOAD)
        return true;
    archi_problem(r, at, "found a link between two workloads, expected an element at one end at least");
    return false;
}

typedef struct {
    uint64_t key; /* both ends */
    archi_place_t at;
} pair_t;

static int by_key(const void *a, const void *b)
{
    const pair_t *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->at.index > y->at.index) - (x->at.index < y->at.index);
}

static void refuse_twins(archi_reader_t *r, pair_t *pairs, uint32_t n)
{
    qsort(pairs, n, sizeof *pairs, by_key);
    for (uint32_t i = 1; i < n; i++)
        if (pairs[i].key == pairs[i - 1].key)
            archi_problem(r, &pairs[i].at,
                          "found a second link between the ends of link %u, expected one link per pair",
                          (unsigned)pairs[i - 1].at.index);
}

static bool read_link(archi_reader_t *r, const archi_place_t *at, arch_link_t *link, uint64_t *key)
{
    static const char *const keys[] = {"between", "latency"};
    const archi_name_t *a, *b;
    archi_place_t f[2];
    uint32_t ends[2] = {ARCH_NONE, ARCH_NONE};
    bool good;

    link->latency.table = ARCH_NONE;
    if (!archi_fields(r, at, keys, 2, f))
        return false;
    good = archi_required(r, &f[0], "the two ends of the link") && read_between(r, &f[0], ends);
    if (!archi_required(r, &f[1], "the latency of the link") ||
        !archi_read_dist(r, &f[1], ARCHI_TIME, &link->latency) || !good)
        return false;
    a = &r->names.name[ends[0]];
    b = &r->names.name[ends[1]];
    link->is_workload_a = a->is == ARCHI_IS_WORKLOAD;
    link->kind_a = link->is_workload_a ? ARCH_SERVICE : (arch_kind_t)a->is;
    link->a = a->index;
    link->kind_b = (arch_kind_t)b->is;
    link->b = b->index;
    *key = ends[0] < ends[1] ? (uint64_t)ends[0] << 32 | ends[1] : (uint64_t)ends[1] << 32 | ends[0];
    return true;
}

static void read_links(archi_reader_t *r, const archi_place_t *at)
{
    arch_design_t *d = r->design;
    uint32_t index = 0, n_pairs = 0;
    pair_t *pairs;

    if (!at->node || !archi_is_array(r, at, "a list of links"))
        return;
    d->link = archi_reader_alloc(r, archi_count(at->node), sizeof *d->link);
    pairs = malloc((archi_count(at->node) + 1u) * sizeof *pairs);
    if (!pairs && r->st == ARCH_OK)
        r->st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for the links of the design");
    for (const archi_json_t *c = archi_json_first(at->node); c && r->st == ARCH_OK; c = c->next, index++) {
        archi_place_t here = archi_item(at, c, index);
        if (read_link(r, &here, &d->link[index], &pairs[n_pairs].key))
            pairs[n_pairs++].at = here;
    }
    d->n_links = index;
    if (pairs && r->st == ARCH_OK)
        refuse_twins(r, pairs, n_pairs);
    free(pairs);
}

void archi_read_network(archi_reader_t *r, const archi_place_t *at)
{
    static const char *const keys[] = {"latency", "links"};
    archi_place_t f[2];

    if (!at->node || !archi_fields(r, at, keys, 2, f))
        return;
    archi_read_dist(r, &f[0], ARCHI_TIME, &r->design->latency);
    read_links(r, &f[1]);
}

/* ---- objectives -------------------------------------------------------------------------------------------------- */

enum { O_WORKLOAD, O_OPERATION, O_ELEMENT, O_METRIC, O_KEYS = O_METRIC + ARCH_N_METRICS };

static void read_limit(archi_reader_t *r, const archi_place_t *at, arch_objective_t *o)
{
    static const char *const keys[] = {"below", "above"};
    archi_place_t f[2];
    const archi_place_t *limit;

    if (!archi_fields(r, at, keys, 2, f))
        return;
    if (!f[0].node == !f[1].node) {
        archi_problem(r, at, "found %s, expected exactly one of \"below\" and \"above\"",
                      f[0].node ? "both" : "neither");
        return;
    }
    o->below = f[0].node != NULL;
    limit = o->below ? &f[0] : &f[1];
    if (o->metric == ARCH_METRIC_THROUGHPUT)
        archi_read_rate(r, limit, true, &o->limit);
    else if (o->metric == ARCH_METRIC_ERRORS || o->metric == ARCH_METRIC_UTILISATION)
        archi_read_number(r, limit, 0.0, 1.0, &o->limit);
    else
        archi_read_time(r, limit, true, &o->limit);
}

static void read_operation_of(archi_reader_t *r, const archi_place_t *workload, const archi_place_t *operation,
                              arch_objective_t *o)
{
    uint32_t w, name, near;
    const char *text;

    if (!archi_required(r, workload, "the workload that the objective is about"))
        return;
    w = archi_read_name(r, workload, 1u << ARCHI_IS_WORKLOAD, "the name of a workload of this design");
    if (w == ARCH_NONE)
        return;
    o->workload = r->names.name[w].index;
    if (!operation->node)
        return;
    text = archi_json_is_text(operation->node) ? operation->node->of.text : NULL;
    name = text ? archi_names_find(&r->names, w, text, strlen(text)) : ARCH_NONE;
    if (name != ARCH_NONE) {
        o->operation = r->names.name[name].index;
        return;
    }
    near = text ? archi_names_nearest(&r->names, w, 1u << ARCHI_IS_ENDPOINT, text, strlen(text)) : ARCH_NONE;
    if (near == ARCH_NONE)
        archi_expected(r, operation, "an operation of that workload, written as in its mix");
    else
        archi_problem(r, operation,
                      "found \"%.200s\", expected an operation of that workload, written as in its mix; did you "
                      "mean \"%s\"?",
                      text, r->names.name[near].text);
}

static void read_element_of(archi_reader_t *r, const archi_place_t *at, arch_objective_t *o)
{
    const unsigned elements = ENDS & ~(1u << ARCHI_IS_WORKLOAD);
    uint32_t name;

    if (!archi_required(r, at, "the element whose utilisation is meant"))
        return;
    name = archi_read_name(r, at, elements, "the name of an element of this design");
    if (name == ARCH_NONE)
        return;
    o->kind = (arch_kind_t)r->names.name[name].is;
    o->element = r->names.name[name].index;
}

static void read_subject(archi_reader_t *r, const archi_place_t *f, arch_objective_t *o)
{
    if (o->metric != ARCH_METRIC_UTILISATION) {
        if (f[O_ELEMENT].node)
            archi_problem(r, &f[O_ELEMENT], "found an element, expected a workload for an objective about \"%s\"",
                          archi_metric_names[o->metric]);
        read_operation_of(r, &f[O_WORKLOAD], &f[O_OPERATION], o);
        return;
    }
    for (int i = O_WORKLOAD; i <= O_OPERATION; i++)
        if (f[i].node)
            archi_problem(r, &f[i], "found \"%s\", expected an element for an objective about \"utilisation\"",
                          f[i].key);
    read_element_of(r, &f[O_ELEMENT], o);
}

static void read_objective(archi_reader_t *r, const archi_place_t *at, arch_objective_t *o)
{
    const char *keys[O_KEYS] = {"workload", "operation", "element"};
    archi_place_t f[O_KEYS];
    uint32_t n_known = 0;
    int n = 0;

    o->name = archi_reader_copy(r, at->key);
    o->workload = o->operation = ARCH_NONE;
    memcpy(&keys[O_METRIC], archi_metric_names, sizeof archi_metric_names);
    if (!archi_fields(r, at, keys, O_KEYS, f))
        return;
    for (int i = O_METRIC; i < O_KEYS; i++)
        if (f[i].node && n++ == 0)
            o->metric = (arch_metric_t)(i - O_METRIC);
    for (int i = 0; i < O_KEYS; i++)
        n_known += f[i].node != NULL;
    if (n == 0 && n_known < archi_count(at->node))
        return; /* a misspelt metric, most likely: reported as an unknown key */
    if (n != 1) {
        archi_problem(r, at,
                      "found %s, expected exactly one of mean, p50, p95, p99, p999, errors, throughput, utilisation",
                      n ? "more than one metric" : "no metric");
        return;
    }
    read_subject(r, f, o);
    read_limit(r, &f[O_METRIC + (int)o->metric], o);
}

void archi_read_objectives(archi_reader_t *r, const archi_place_t *at)
{
    arch_design_t *d = r->design;
    uint32_t i = 0;

    if (!at->node || !archi_is_object(r, at, "an object of named objectives"))
        return;
    d->objective = archi_reader_alloc(r, archi_count(at->node), sizeof *d->objective);
    for (const archi_json_t *c = archi_json_first(at->node); c && r->st == ARCH_OK; c = c->next, i++) {
        archi_place_t here = archi_member(at, c);
        if (*here.key == '\0')
            archi_problem(r, &here, "found an objective without a name, expected one that says what is wanted");
        read_objective(r, &here, &d->objective[i]);
    }
    d->n_objectives = i;
}

/* ---- run settings ------------------------------------------------------------------------------------------------ */

/* A whole number of 64 bits: as a string, since numbers of JSON are exact up to 2^53 only. */
static void read_seed(archi_reader_t *r, const archi_place_t *at, uint64_t *seed)
{
    const char *s = archi_json_is_text(at->node) ? at->node->of.text : NULL;
    uint64_t v = 0;
    bool good = s && *s;

    if (!at->node)
        return;
    if (archi_json_is_number(at->node) && at->node->of.number >= 0.0 && at->node->of.number < 9007199254740992.0 &&
        at->node->of.number == (double)(uint64_t)at->node->of.number) {
        *seed = (uint64_t)at->node->of.number;
        return;
    }
    for (; good && *s; s++) {
        good = *s >= '0' && *s <= '9' && v <= (UINT64_MAX - (uint64_t)(*s - '0')) / 10;
        v = v * 10 + (uint64_t)(*s - '0');
    }
    if (good)
        *seed = v;
    else
        archi_expected(r, at, "a whole number below 2^64, as a string such as \"42\"");
}

/* "auto" is the least number with the usual precision. */
static void read_replications(archi_reader_t *r, const archi_place_t *replications, const archi_place_t *precision)
{
    arch_run_settings_t *run = &r->design->run;

    if (archi_json_is_text(replications->node) && strcmp(replications->node->of.text, "auto") == 0)
        run->precision = DEFAULT_PRECISION;
    else if (archi_json_is_text(replications->node))
        archi_expected(r, replications, "a whole number from 1 to 1000000, or \"auto\"");
    else
        archi_read_whole(r, replications, 1, ARCHI_MAX_SERVERS, &run->replications);
    if (precision->node == NULL)
        return;
    if (archi_json_is_number(precision->node) && precision->node->of.number > 0 && precision->node->of.number < 1)
        run->precision = precision->node->of.number;
    else
        archi_expected(r, precision, "a number above 0 and below 1, such as 0.05");
}

void archi_read_run(archi_reader_t *r, const archi_place_t *at)
{
    static const char *const keys[] = {"duration", "warmup", "replications", "seed", "interval", "precision"};
    arch_run_settings_t *run = &r->design->run;
    archi_place_t f[6];
    bool good;

    if (!at->node || !archi_fields(r, at, keys, 6, f))
        return;
    good = archi_read_ticks(r, &f[0], false, &run->duration);
    read_replications(r, &f[2], &f[5]);
    read_seed(r, &f[3], &run->seed);
    if (archi_json_is_text(f[1].node) && strcmp(f[1].node->of.text, "auto") == 0)
        run->warmup = ARCH_AUTO;
    else if (archi_read_ticks(r, &f[1], true, &run->warmup) && good && run->warmup >= run->duration)
        archi_expected(r, &f[1], "a time shorter than the duration of the run");
    if (archi_read_ticks_or(r, &f[4], "auto", &run->interval) && good && run->interval != ARCH_AUTO &&
        run->duration / run->interval > MAX_INTERVALS)
        archi_expected(r, &f[4], "an interval that fits into the duration at most 1000000 times");
}
