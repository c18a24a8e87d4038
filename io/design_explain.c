/* io/design_explain.c - a design written back as JSON: every default filled in, one way of writing for each thing, so that
 * two files that mean the same give the same text. Reading the text gives the same design, to the last bit. */
#include "io/design_reader.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RECENT = 64 };

/* A number and how it is written: large designs say the same few again and again, and finding the digits takes long. */
typedef struct {
    double v;
    uint32_t n;
    char digits[28];
} recent_t;

typedef struct {
    archi_strbuf_t *out;
    const arch_design_t *d;
    int depth;
    int flat;   /* > 0: inside something that is written on one line */
    bool first; /* nothing written yet in this container */
    recent_t recent[RECENT];
} writer_t;

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* Nearly always there is room, and a text of a known length is a store or two. */
static inline void put_bytes(writer_t *w, const char *bytes, size_t n)
{
    archi_strbuf_t *out = w->out;

    if (out->length < out->room && n < out->room - out->length) {
        memcpy(out->text + out->length, bytes, n);
        out->length += n;
    } else {
        archi_strbuf_add_bytes(out, bytes, n);
    }
}

static inline void put(writer_t *w, const char *text) { put_bytes(w, text, strlen(text)); }

static void put_escaped(writer_t *w, const char *s)
{
    size_t plain;

    for (; *s; s += plain + (s[plain] != '\0')) {
        plain = 0;
        while ((unsigned char)s[plain] >= 0x20 && s[plain] != '"' && s[plain] != '\\')
            plain++;
        put_bytes(w, s, plain);
        if (s[plain] == '"' || s[plain] == '\\')
            archi_strbuf_printf(w->out, "\\%c", s[plain]);
        else if (s[plain])
            archi_strbuf_printf(w->out, "\\u%04x", (unsigned)(unsigned char)s[plain]);
    }
}

static void put_string(writer_t *w, const char *s)
{
    put(w, "\"");
    put_escaped(w, s);
    put(w, "\"");
}

/* Most numbers of a design are whole; printf takes a while for them. */
static void put_whole(writer_t *w, uint64_t v)
{
    char digits[20], *p = digits + sizeof digits;

    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    put_bytes(w, p, (size_t)(digits + sizeof digits - p));
}

static void put_double(writer_t *w, double v)
{
    archi_strbuf_t digits = {0};
    recent_t *r;
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    r = &w->recent[(bits * 0x9e3779b97f4a7c15ull) >> 58];
    if (r->n == 0 || memcmp(&r->v, &v, sizeof v) != 0) {
        archi_strbuf_double(&digits, v);
        if (digits.failed || digits.length > sizeof r->digits) {
            w->out->failed = w->out->failed || digits.failed;
            archi_strbuf_fini(&digits);
            archi_strbuf_double(w->out, v);
            return;
        }
        memcpy(r->digits, digits.text, digits.length);
        r->n = (uint32_t)digits.length;
        r->v = v;
        archi_strbuf_fini(&digits);
    }
    put_bytes(w, r->digits, r->n);
}

/* What stands before a value: a comma, a line of its own unless flat, its key when it has one. */
static void next(writer_t *w, const char *key)
{
    if (!w->first)
        put(w, w->flat ? ", " : ",");
    if (!w->flat && w->depth > 0) {
        put(w, "\n");
        archi_strbuf_repeat(w->out, ' ', 2 * (size_t)w->depth);
    }
    w->first = false;
    if (key) {
        put_string(w, key);
        put(w, ": ");
    }
}

static void open(writer_t *w, const char *key, const char *bracket, bool flat)
{
    next(w, key);
    put(w, bracket);
    w->depth++;
    w->flat += w->flat > 0 || flat;
    w->first = true;
}

static void shut(writer_t *w, const char *bracket)
{
    w->depth--;
    if (!w->flat && !w->first) {
        put(w, "\n");
        archi_strbuf_repeat(w->out, ' ', 2 * (size_t)w->depth);
    }
    w->flat -= w->flat > 0;
    w->first = false;
    put(w, bracket);
}

static void text(writer_t *w, const char *key, const char *value)
{
    next(w, key);
    put_string(w, value);
}

/* What is no number becomes a text, which the reader refuses with its place. */
static void number(writer_t *w, const char *key, double v)
{
    next(w, key);
    if (!isfinite(v))
        put(w, "\"not a number\"");
    else if (v >= 0.0 && v < 9e15 && v == floor(v))
        put_whole(w, (uint64_t)v);
    else
        put_double(w, v);
}

static void limit(writer_t *w, const char *key, uint32_t v)
{
    if (v == ARCH_UNLIMITED)
        text(w, key, "unlimited");
    else
        number(w, key, v);
}

static void boolean(writer_t *w, const char *key, bool v)
{
    next(w, key);
    put(w, v ? "true" : "false");
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* In the largest unit that leaves a whole number. */
static void time_value(writer_t *w, const char *key, double ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"h", 3600000000000}, {"min", 60000000000}, {"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};
    size_t u = 0;

    next(w, key);
    if (!isfinite(ns)) {
        put(w, "\"not a time\"");
        return;
    }
    put(w, "\"");
    if (ns == 0.0) {
        put(w, "0s");
    } else if (ns > 0.0 && ns < 9e15 && ns == floor(ns)) {
        while ((uint64_t)ns % units[u].ns != 0)
            u++;
        put_whole(w, (uint64_t)ns / units[u].ns);
        put(w, units[u].name);
    } else {
        put_double(w, ns);
        put(w, "ns");
    }
    put(w, "\"");
}

static void ticks(writer_t *w, const char *key, arch_time_t ns, arch_time_t special, const char *word)
{
    if (ns == special)
        text(w, key, word);
    else if (ns > -9000000000000000 && ns < 9000000000000000)
        time_value(w, key, (double)ns);
    else { /* beyond what a double holds exactly */
        next(w, key);
        archi_strbuf_printf(w->out, "\"%lldns\"", (long long)ns);
    }
}

static void rate(writer_t *w, const char *key, double per_s)
{
    next(w, key);
    put(w, "\"");
    if (isfinite(per_s))
        archi_strbuf_double(w->out, per_s);
    put(w, "/s\"");
}

static void quantity(writer_t *w, const char *key, archi_dimension_t dimension, double v)
{
    if (dimension == ARCHI_TIME)
        time_value(w, key, v);
    else
        number(w, key, v);
}

static void table(writer_t *w, archi_dimension_t dimension, const arch_table_t *t)
{
    open(w, "values", "[", true);
    for (uint32_t i = 0; i < t->n; i++) {
        open(w, NULL, "[", true);
        quantity(w, NULL, dimension, t->value[i]);
        number(w, NULL, t->cumulative[i] == ARCHI_LEAST_SHARE ? 0.0 : t->cumulative[i]);
        shut(w, "]");
    }
    shut(w, "]");
    text(w, "between", t->linear ? "linear" : "step");
}

static void parameters(writer_t *w, archi_dimension_t m, const arch_dist_t *d)
{
    const double *p = d->p;

    switch (d->kind) {
    case ARCH_DIST_EXPONENTIAL:
        quantity(w, "mean", m, p[0]);
        break;
    case ARCH_DIST_UNIFORM:
        quantity(w, "low", m, p[0]);
        quantity(w, "high", m, p[1]);
        break;
    case ARCH_DIST_NORMAL:
        quantity(w, "mean", m, p[0]);
        quantity(w, "sd", m, p[1]);
        break;
    case ARCH_DIST_LOGNORMAL:
        number(w, "mu", p[0]);
        number(w, "sigma", p[1]);
        break;
    case ARCH_DIST_GAMMA:
    case ARCH_DIST_WEIBULL:
        number(w, "shape", p[0]);
        quantity(w, "scale", m, p[1]);
        break;
    case ARCH_DIST_ERLANG:
        number(w, "k", p[0]);
        quantity(w, "mean", m, p[0] * p[1]);
        break;
    case ARCH_DIST_PARETO:
        number(w, "alpha", p[0]);
        quantity(w, "minimum", m, p[1]);
        break;
    case ARCH_DIST_HYPEREXP:
        number(w, "p", p[0]);
        quantity(w, "mean1", m, p[1]);
        quantity(w, "mean2", m, p[2]);
        break;
    case ARCH_DIST_EMPIRICAL:
        table(w, m, &w->d->table[d->table]);
        break;
    case ARCH_DIST_CONSTANT:
    case ARCH_N_DISTS:
        break;
    }
}

static void dist(writer_t *w, const char *key, archi_dimension_t dimension, const arch_dist_t *d)
{
    if (d->kind == ARCH_DIST_CONSTANT) {
        quantity(w, key, dimension, d->p[0] + d->shift);
        return;
    }
    open(w, key, "{", true);
    open(w, arch_dist_name(d->kind), "{", true);
    parameters(w, dimension, d);
    if (d->shift != 0.0)
        quantity(w, "plus", dimension, d->shift);
    shut(w, "}");
    shut(w, "}");
}

static void balance(writer_t *w, const char *key, const arch_balance_t *b)
{
    if (b->kind != ARCH_BALANCE_LEAST_REQUEST) {
        text(w, key, archi_balance_names[b->kind]);
        return;
    }
    open(w, key, "{", true);
    open(w, archi_balance_names[b->kind], "{", true);
    number(w, "choices", b->choices);
    shut(w, "}");
    shut(w, "}");
}

const char *archi_element_name(const arch_design_t *d, arch_kind_t kind, uint32_t element)
{
    switch (kind) {
    case ARCH_SERVICE:
        return d->service[element].name;
    case ARCH_BALANCER:
        return d->balancer[element].name;
    case ARCH_DATABASE:
        return d->database[element].name;
    case ARCH_CACHE:
        return d->cache[element].name;
    case ARCH_N_KINDS:
        break;
    }
    return "";
}

const char *archi_endpoint_name(const arch_design_t *d, const arch_ref_t *ref)
{
    switch (ref->kind) {
    case ARCH_SERVICE:
        return d->service[ref->element].endpoint[ref->endpoint].name;
    case ARCH_BALANCER:
        return d->service[d->balancer[ref->element].service].endpoint[ref->endpoint].name;
    case ARCH_DATABASE:
        return d->database[ref->element].query[ref->endpoint].name;
    case ARCH_CACHE:
    case ARCH_N_KINDS:
        break;
    }
    return "";
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static void steps(writer_t *w, const char *key, const arch_steps_t *s);

static void call(writer_t *w, const arch_step_t *s)
{
    next(w, "call");
    put(w, "\"");
    put(w, archi_element_name(w->d, s->target.kind, s->target.element));
    put(w, "/");
    put(w, archi_endpoint_name(w->d, &s->target));
    put(w, "\"");
    boolean(w, "wait", !s->async);
    if (s->target.kind == ARCH_SERVICE)
        balance(w, "balance", &s->balance);
}

static void parallel(writer_t *w, const arch_step_t *s)
{
    open(w, "parallel", "[", true);
    for (uint32_t i = 0; i < s->n_branches; i++)
        steps(w, NULL, &s->branch[i]);
    shut(w, "]");
    if (s->join == s->n_branches)
        text(w, "join", "all");
    else
        number(w, "join", s->join);
}

static void choose(writer_t *w, const arch_step_t *s)
{
    open(w, "choose", "[", true);
    for (uint32_t i = 0; i < s->n_branches; i++) {
        open(w, NULL, "{", true);
        number(w, "weight", s->weight[i]);
        steps(w, "steps", &s->branch[i]);
        shut(w, "}");
    }
    shut(w, "]");
}

static void cache_step(writer_t *w, const arch_step_t *s)
{
    text(w, "cache", w->d->cache[s->target.element].name);
    if (s->keyspace != ARCH_NONE)
        text(w, "keys", w->d->keyspace[s->keyspace].name);
    steps(w, "miss", &s->branch[0]);
}

static void step(writer_t *w, const arch_step_t *s)
{
    open(w, NULL, "{", true);
    switch (s->kind) {
    case ARCH_STEP_CPU:
        dist(w, "cpu", ARCHI_TIME, &s->time);
        break;
    case ARCH_STEP_DELAY:
        dist(w, "delay", ARCHI_TIME, &s->time);
        break;
    case ARCH_STEP_CALL:
        call(w, s);
        break;
    case ARCH_STEP_PARALLEL:
        parallel(w, s);
        break;
    case ARCH_STEP_CHOOSE:
        choose(w, s);
        break;
    case ARCH_STEP_REPEAT:
        dist(w, "repeat", ARCHI_COUNT, &s->count);
        steps(w, "steps", &s->branch[0]);
        break;
    case ARCH_STEP_CACHE:
        cache_step(w, s);
        break;
    case ARCH_STEP_FAIL:
        number(w, "fail", s->probability);
        break;
    case ARCH_N_STEPS:
        break;
    }
    shut(w, "}");
}

static void steps(writer_t *w, const char *key, const arch_steps_t *s)
{
    open(w, key, "[", true);
    for (uint32_t i = 0; i < s->n; i++)
        step(w, &s->step[i]);
    shut(w, "]");
}

/* ---- elements ---------------------------------------------------------------------------------------------------- */

static void service(writer_t *w, const arch_service_t *s)
{
    open(w, s->name, "{", false);
    number(w, "replicas", s->replicas);
    number(w, "cores", s->cores);
    limit(w, "threads", s->threads);
    limit(w, "queue_limit", s->queue_limit);
    text(w, "discipline", archi_discipline_names[s->discipline]);
    open(w, "endpoints", "{", false);
    for (uint32_t i = 0; i < s->n_endpoints; i++)
        steps(w, s->endpoint[i].name, &s->endpoint[i].steps);
    shut(w, "}");
    shut(w, "}");
}

static void balancer(writer_t *w, const arch_balancer_t *b)
{
    open(w, b->name, "{", true);
    text(w, "to", w->d->service[b->service].name);
    balance(w, "policy", &b->policy);
    dist(w, "overhead", ARCHI_TIME, &b->overhead);
    shut(w, "}");
}

static void query(writer_t *w, const arch_query_t *q)
{
    open(w, q->name, "{", true);
    boolean(w, "writes", q->writes);
    dist(w, "cpu", ARCHI_TIME, &q->cpu);
    dist(w, "io", ARCHI_TIME, &q->io);
    if (q->writes)
        dist(w, "apply", ARCHI_TIME, &q->apply);
    shut(w, "}");
}

static void database(writer_t *w, const arch_database_t *d)
{
    open(w, d->name, "{", false);
    number(w, "cores", d->cores);
    limit(w, "connections", d->connections);
    limit(w, "queue_limit", d->queue_limit);
    text(w, "discipline", archi_discipline_names[d->discipline]);
    open(w, "read_replicas", "{", true);
    number(w, "count", d->read_replicas);
    number(w, "cores", d->replica_cores);
    text(w, "read_from", d->read_from == ARCH_READ_PRIMARY ? "primary" : "replicas");
    balance(w, "balance", &d->balance);
    shut(w, "}");
    open(w, "queries", "{", false);
    for (uint32_t i = 0; i < d->n_queries; i++)
        query(w, &d->query[i]);
    shut(w, "}");
    shut(w, "}");
}

static void cache(writer_t *w, const arch_cache_t *c)
{
    open(w, c->name, "{", true);
    if (c->kind == ARCH_CACHE_RATIO) {
        number(w, "hit_ratio", c->hit_ratio);
    } else {
        limit(w, "capacity", c->capacity);
        ticks(w, "ttl", c->ttl, ARCH_TIME_MAX, "never");
    }
    number(w, "cores", c->cores);
    limit(w, "connections", c->connections);
    dist(w, "service", ARCHI_TIME, &c->service);
    shut(w, "}");
}

static void keyspace(writer_t *w, const arch_keyspace_t *k)
{
    open(w, k->name, "{", true);
    number(w, "count", (double)k->count);
    number(w, "zipf", k->zipf_s);
    shut(w, "}");
}

static void elements(writer_t *w, const arch_design_t *d)
{
    open(w, "keyspaces", "{", false);
    for (uint32_t i = 0; i < d->n_keyspaces; i++)
        keyspace(w, &d->keyspace[i]);
    shut(w, "}");
    open(w, "services", "{", false);
    for (uint32_t i = 0; i < d->n_services; i++)
        service(w, &d->service[i]);
    shut(w, "}");
    open(w, "balancers", "{", false);
    for (uint32_t i = 0; i < d->n_balancers; i++)
        balancer(w, &d->balancer[i]);
    shut(w, "}");
    open(w, "databases", "{", false);
    for (uint32_t i = 0; i < d->n_databases; i++)
        database(w, &d->database[i]);
    shut(w, "}");
    open(w, "caches", "{", false);
    for (uint32_t i = 0; i < d->n_caches; i++)
        cache(w, &d->cache[i]);
    shut(w, "}");
}

/* ---- load, network, objectives, run ------------------------------------------------------------------------------ */

static void profile(writer_t *w, const arch_workload_t *l)
{
    open(w, "rate", "{", true);
    open(w, "points", "[", true);
    for (uint32_t i = 0; i < l->n_points; i++) {
        open(w, NULL, "[", true);
        ticks(w, NULL, l->point[i].at, ARCH_TIME_MAX, "never");
        rate(w, NULL, l->point[i].rate);
        shut(w, "]");
    }
    shut(w, "]");
    text(w, "between", l->linear ? "linear" : "step");
    ticks(w, "repeat", l->period, ARCH_TIME_MAX, "never");
    shut(w, "}");
}

static void operation(writer_t *w, const arch_operation_t *op)
{
    if (op->target.kind != ARCH_SERVICE) {
        number(w, op->name, op->weight);
        return;
    }
    open(w, op->name, "{", true);
    number(w, "weight", op->weight);
    balance(w, "balance", &op->balance);
    shut(w, "}");
}

static void workload(writer_t *w, const arch_workload_t *l)
{
    open(w, l->name, "{", false);
    if (l->kind == ARCH_OPEN_POISSON) {
        rate(w, "rate", l->rate);
    } else if (l->kind == ARCH_OPEN_PROFILE) {
        profile(w, l);
    } else if (l->kind == ARCH_OPEN_RENEWAL) {
        dist(w, "gap", ARCHI_TIME, &l->gap);
    } else {
        number(w, "users", l->users);
        dist(w, "think", ARCHI_TIME, &l->gap);
    }
    number(w, "priority", l->priority);
    open(w, "mix", "{", false);
    for (uint32_t i = 0; i < l->n_operations; i++)
        operation(w, &l->operation[i]);
    shut(w, "}");
    shut(w, "}");
}

static void network(writer_t *w, const arch_design_t *d)
{
    open(w, "network", "{", false);
    dist(w, "latency", ARCHI_TIME, &d->latency);
    open(w, "links", "[", false);
    for (uint32_t i = 0; i < d->n_links; i++) {
        const arch_link_t *l = &d->link[i];
        open(w, NULL, "{", true);
        open(w, "between", "[", true);
        text(w, NULL, l->is_workload_a ? d->workload[l->a].name : archi_element_name(d, l->kind_a, l->a));
        text(w, NULL, archi_element_name(d, l->kind_b, l->b));
        shut(w, "]");
        dist(w, "latency", ARCHI_TIME, &l->latency);
        shut(w, "}");
    }
    shut(w, "]");
    shut(w, "}");
}

static void objective(writer_t *w, const arch_design_t *d, const arch_objective_t *o)
{
    const char *key = o->below ? "below" : "above";

    open(w, o->name, "{", true);
    if (o->metric == ARCH_METRIC_UTILISATION)
        text(w, "element", archi_element_name(d, o->kind, o->element));
    else
        text(w, "workload", d->workload[o->workload].name);
    if (o->metric != ARCH_METRIC_UTILISATION && o->operation != ARCH_NONE)
        text(w, "operation", d->workload[o->workload].operation[o->operation].name);
    open(w, archi_metric_names[o->metric], "{", true);
    if (o->metric == ARCH_METRIC_THROUGHPUT)
        rate(w, key, o->limit);
    else if (o->metric == ARCH_METRIC_ERRORS || o->metric == ARCH_METRIC_UTILISATION)
        number(w, key, o->limit);
    else
        time_value(w, key, o->limit);
    shut(w, "}");
    shut(w, "}");
}

static void run_settings(writer_t *w, const arch_run_settings_t *run)
{
    char seed[24];

    snprintf(seed, sizeof seed, "%llu", (unsigned long long)run->seed);
    open(w, "run", "{", false);
    ticks(w, "duration", run->duration, ARCH_AUTO, "auto");
    ticks(w, "warmup", run->warmup, ARCH_AUTO, "auto");
    number(w, "replications", run->replications);
    if (run->precision > 0)
        number(w, "precision", run->precision);
    text(w, "seed", seed);
    ticks(w, "interval", run->interval, ARCH_AUTO, "auto");
    shut(w, "}");
}

void archi_explain(const arch_design_t *d, archi_strbuf_t *out)
{
    writer_t writer = {.out = out, .d = d, .first = true}, *w = &writer;

    open(w, NULL, "{", false);
    number(w, "architech", 1);
    text(w, "name", d->name);
    text(w, "description", d->description);
    run_settings(w, &d->run);
    elements(w, d);
    network(w, d);
    open(w, "workloads", "{", false);
    for (uint32_t i = 0; i < d->n_workloads; i++)
        workload(w, &d->workload[i]);
    shut(w, "}");
    open(w, "objectives", "{", false);
    for (uint32_t i = 0; i < d->n_objectives; i++)
        objective(w, d, &d->objective[i]);
    shut(w, "}");
    shut(w, "}");
    put(w, "\n");
}

arch_status_t arch_design_explain(const arch_design_t *design, char **out)
{
    archi_strbuf_t buffer = {0};

    archi_explain(design, &buffer);
    return archi_strbuf_take(&buffer, out);
}
