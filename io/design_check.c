/* io/design_check.c - a design that a program made or changed. What can be written can be read: once its indices and arrays
 * are sound it is written as JSON and read back, so that one set of rules and messages serves files and programs alike. */
#include "io/design_reader.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_STEP_DEPTH = 24 }; /* each level of steps is at most two of the JSON text, which may have 64 */

typedef struct {
    archi_reader_t *r; /* of problems only */
    const arch_design_t *d;
    char at[512];
    size_t n;
} check_t;

/* ---- where ------------------------------------------------------------------------------------------------------- */

static size_t enter(check_t *c, const char *part, const char *name)
{
    size_t before = c->n;
    int more = snprintf(c->at + c->n, sizeof c->at - c->n, "/%s%s%.200s", part, name ? "/" : "", name ? name : "");

    c->n = c->n + (size_t)more < sizeof c->at ? c->n + (size_t)more : sizeof c->at - 1;
    return before;
}

static size_t enter_index(check_t *c, uint32_t index)
{
    char digits[16];

    snprintf(digits, sizeof digits, "%u", (unsigned)index);
    return enter(c, digits, NULL);
}

static void leave(check_t *c, size_t before)
{
    c->n = before;
    c->at[before] = '\0';
}

static void wrong(check_t *c, const char *text) { archi_problem_at(c->r, c->at, (int)c->r->n_found, text); }

/* Nothing wrong so far. */
static bool sound(const check_t *c) { return c->r->n_found == 0 && c->r->st == ARCH_OK; }

/* ---- arrays and indices ------------------------------------------------------------------------------------------ */

static void array(check_t *c, uint32_t n, const void *p)
{
    if (n > 0 && !p)
        wrong(c, "found a count without an array, expected both");
}

static void named(check_t *c, const char *name)
{
    if (!name)
        wrong(c, "found no name, expected one");
}

static void one_of(check_t *c, unsigned value, unsigned n, const char *what)
{
    char text[96];

    if (value < n)
        return;
    snprintf(text, sizeof text, "found no %s of number %u, expected one below %u", what, value, n);
    wrong(c, text);
}

static void check_dist(check_t *c, const arch_dist_t *d)
{
    if (arch_dist_check(d, c->d->table, c->d->n_tables) != ARCH_OK)
        wrong(c, arch_error_text());
}

static void check_balance(check_t *c, const arch_balance_t *b) { one_of(c, (unsigned)b->kind, 3, "balance"); }

static uint32_t count_of(const arch_design_t *d, arch_kind_t kind)
{
    const uint32_t n[ARCH_N_KINDS] = {d->n_services, d->n_balancers, d->n_databases, d->n_caches};

    return (unsigned)kind < ARCH_N_KINDS ? n[kind] : 0;
}

/* A cache is looked into, not called. */
static bool check_target(check_t *c, const arch_ref_t *t)
{
    uint32_t n = 0, service = t->element;

    if (t->kind == ARCH_CACHE || t->element >= count_of(c->d, t->kind)) {
        wrong(c, "found no service, balancer or database of this index, expected one");
        return false;
    }
    if (t->kind == ARCH_BALANCER)
        service = c->d->balancer[t->element].service;
    if (t->kind == ARCH_DATABASE)
        n = c->d->database[t->element].n_queries;
    else if (service < c->d->n_services)
        n = c->d->service[service].n_endpoints;
    one_of(c, t->endpoint, n, "endpoint");
    return t->endpoint < n;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static void check_steps(check_t *c, const arch_steps_t *steps, int depth);

static void check_branches(check_t *c, const arch_step_t *s, int depth)
{
    bool one = s->kind == ARCH_STEP_REPEAT || s->kind == ARCH_STEP_CACHE;

    if (s->n_branches == 0 || (one && s->n_branches != 1) || !s->branch)
        wrong(c, one ? "found other than one branch, expected one" : "found no branches, expected one or more");
    else if (s->kind == ARCH_STEP_CHOOSE && !s->weight)
        wrong(c, "found no weights, expected one for each branch");
    else
        for (uint32_t i = 0; i < s->n_branches; i++)
            check_steps(c, &s->branch[i], depth + 1);
}

static void check_cache_step(check_t *c, const arch_step_t *s, int depth)
{
    if (s->target.kind != ARCH_CACHE)
        wrong(c, "found no cache to look into, expected one");
    one_of(c, s->target.element, c->d->n_caches, "cache");
    if (s->keyspace != ARCH_NONE)
        one_of(c, s->keyspace, c->d->n_keyspaces, "key space");
    check_branches(c, s, depth);
}

static void check_step(check_t *c, const arch_step_t *s, int depth)
{
    switch (s->kind) {
    case ARCH_STEP_CPU:
    case ARCH_STEP_DELAY:
        check_dist(c, &s->time);
        break;
    case ARCH_STEP_CALL:
        check_target(c, &s->target);
        check_balance(c, &s->balance);
        break;
    case ARCH_STEP_REPEAT:
        check_dist(c, &s->count);
        check_branches(c, s, depth);
        break;
    case ARCH_STEP_PARALLEL:
    case ARCH_STEP_CHOOSE:
        check_branches(c, s, depth);
        break;
    case ARCH_STEP_CACHE:
        check_cache_step(c, s, depth);
        break;
    case ARCH_STEP_FAIL:
        break;
    default:
        one_of(c, (unsigned)s->kind, ARCH_N_STEPS, "kind of step");
    }
}

static void check_steps(check_t *c, const arch_steps_t *steps, int depth)
{
    if (depth > MAX_STEP_DEPTH || (steps->n > 0 && !steps->step)) {
        wrong(c, depth > MAX_STEP_DEPTH ? "found steps within steps more than 24 deep, expected fewer levels"
                                        : "found a count without an array, expected both");
        return;
    }
    for (uint32_t i = 0; i < steps->n; i++) {
        size_t before = enter_index(c, i);
        check_step(c, &steps->step[i], depth);
        leave(c, before);
    }
}

/* ---- elements ---------------------------------------------------------------------------------------------------- */

static void check_arrays(check_t *c)
{
    const arch_design_t *d = c->d;

    array(c, d->n_services, d->service);
    array(c, d->n_balancers, d->balancer);
    array(c, d->n_databases, d->database);
    array(c, d->n_caches, d->cache);
    array(c, d->n_keyspaces, d->keyspace);
    array(c, d->n_workloads, d->workload);
    array(c, d->n_links, d->link);
    array(c, d->n_objectives, d->objective);
    array(c, d->n_tables, d->table);
    named(c, d->name);
    named(c, d->description);
}

/* Names and arrays of everything that others refer to, before any reference is followed. */
static void check_skeleton(check_t *c)
{
    const arch_design_t *d = c->d;

    for (uint32_t i = 0; i < d->n_services; i++) {
        named(c, d->service[i].name);
        array(c, d->service[i].n_endpoints, d->service[i].endpoint);
        for (uint32_t k = 0; sound(c) && k < d->service[i].n_endpoints; k++)
            named(c, d->service[i].endpoint[k].name);
    }
    for (uint32_t i = 0; i < d->n_databases; i++) {
        named(c, d->database[i].name);
        array(c, d->database[i].n_queries, d->database[i].query);
        for (uint32_t k = 0; sound(c) && k < d->database[i].n_queries; k++)
            named(c, d->database[i].query[k].name);
    }
    for (uint32_t i = 0; i < d->n_balancers; i++)
        named(c, d->balancer[i].name);
    for (uint32_t i = 0; i < d->n_caches; i++)
        named(c, d->cache[i].name);
    for (uint32_t i = 0; i < d->n_keyspaces; i++)
        named(c, d->keyspace[i].name);
    for (uint32_t i = 0; i < d->n_workloads; i++) {
        named(c, d->workload[i].name);
        array(c, d->workload[i].n_operations, d->workload[i].operation);
        array(c, d->workload[i].n_points, d->workload[i].point);
    }
    for (uint32_t i = 0; i < d->n_tables; i++) {
        array(c, d->table[i].n, d->table[i].value);
        array(c, d->table[i].n, d->table[i].cumulative);
    }
}

static void check_service(check_t *c, const arch_service_t *s)
{
    size_t outer = enter(c, "services", s->name), before;

    one_of(c, (unsigned)s->discipline, 4, "discipline");
    for (uint32_t i = 0; i < s->n_endpoints; i++) {
        before = enter(c, "endpoints", s->endpoint[i].name);
        check_steps(c, &s->endpoint[i].steps, 0);
        leave(c, before);
    }
    leave(c, outer);
}

static void check_database(check_t *c, const arch_database_t *d)
{
    size_t outer = enter(c, "databases", d->name), before;

    check_balance(c, &d->balance);
    one_of(c, (unsigned)d->discipline, 4, "discipline");
    for (uint32_t i = 0; i < d->n_queries; i++) {
        before = enter(c, "queries", d->query[i].name);
        check_dist(c, &d->query[i].cpu);
        check_dist(c, &d->query[i].io);
        check_dist(c, &d->query[i].apply);
        leave(c, before);
    }
    leave(c, outer);
}

static void check_elements(check_t *c)
{
    const arch_design_t *d = c->d;
    size_t before;

    for (uint32_t i = 0; i < d->n_services; i++)
        check_service(c, &d->service[i]);
    for (uint32_t i = 0; i < d->n_databases; i++)
        check_database(c, &d->database[i]);
    for (uint32_t i = 0; i < d->n_balancers; i++) {
        before = enter(c, "balancers", d->balancer[i].name);
        one_of(c, d->balancer[i].service, d->n_services, "service");
        check_balance(c, &d->balancer[i].policy);
        check_dist(c, &d->balancer[i].overhead);
        leave(c, before);
    }
    for (uint32_t i = 0; i < d->n_caches; i++) {
        before = enter(c, "caches", d->cache[i].name);
        check_dist(c, &d->cache[i].service);
        leave(c, before);
    }
}

/* ---- load and the rest ------------------------------------------------------------------------------------------- */

/* The name of an operation is what the file would call: "element" or "element/endpoint". */
static void check_operation(check_t *c, const arch_operation_t *op)
{
    const char *element, *rest;
    size_t n;

    check_balance(c, &op->balance);
    named(c, op->name);
    if (!check_target(c, &op->target) || !op->name)
        return;
    element = archi_element_name(c->d, op->target.kind, op->target.element);
    n = strlen(element);
    rest = op->name + n;
    if (strncmp(op->name, element, n) != 0 ||
        (*rest != '\0' && (*rest != '/' || strcmp(rest + 1, archi_endpoint_name(c->d, &op->target)) != 0)))
        wrong(c, "found an operation that is not named after its target, expected \"element\" or \"element/endpoint\"");
}

static void check_workload(check_t *c, const arch_workload_t *w)
{
    size_t outer = enter(c, "workloads", w->name), before;

    one_of(c, (unsigned)w->kind, ARCH_CLOSED + 1, "kind of workload");
    if (w->kind == ARCH_OPEN_RENEWAL || w->kind == ARCH_CLOSED)
        check_dist(c, &w->gap);
    for (uint32_t i = 0; i < w->n_operations; i++) {
        before = enter(c, "mix", w->operation[i].name);
        check_operation(c, &w->operation[i]);
        leave(c, before);
    }
    leave(c, outer);
}

static void check_link(check_t *c, const arch_link_t *l)
{
    one_of(c, l->a, l->is_workload_a ? c->d->n_workloads : count_of(c->d, l->kind_a), "element");
    one_of(c, l->b, count_of(c->d, l->kind_b), "element");
    check_dist(c, &l->latency);
}

static void check_objective(check_t *c, const arch_objective_t *o)
{
    named(c, o->name);
    one_of(c, (unsigned)o->metric, ARCH_N_METRICS, "metric");
    if (o->metric == ARCH_METRIC_UTILISATION) {
        one_of(c, o->element, count_of(c->d, o->kind), "element");
        return;
    }
    one_of(c, o->workload, c->d->n_workloads, "workload");
    if (o->workload < c->d->n_workloads && o->operation != ARCH_NONE)
        one_of(c, o->operation, c->d->workload[o->workload].n_operations, "operation");
}

static void check_rest(check_t *c)
{
    const arch_design_t *d = c->d;
    size_t before;

    check_dist(c, &d->latency);
    for (uint32_t i = 0; i < d->n_workloads; i++)
        check_workload(c, &d->workload[i]);
    for (uint32_t i = 0; i < d->n_links; i++) {
        before = enter(c, "network/links", NULL);
        enter_index(c, i);
        check_link(c, &d->link[i]);
        leave(c, before);
    }
    for (uint32_t i = 0; i < d->n_objectives; i++) {
        before = enter(c, "objectives", d->objective[i].name);
        check_objective(c, &d->objective[i]);
        leave(c, before);
    }
}

static arch_status_t read_back(const arch_design_t *design, arch_problems_t *problems)
{
    arch_status_t st = ARCH_OK;
    arch_design_t *copy = NULL;
    char *text = NULL, *again = NULL;

    ARCH_TRY_TO(done, arch_design_explain(design, &text));
    ARCH_TRY_TO(done, arch_design_parse(design->name, NULL, text, strlen(text), &copy, problems));
    ARCH_TRY_TO(done, arch_design_explain(copy, &again));
    if (strcmp(text, again) != 0)
        st = ARCH_FAIL(ARCH_E_FORMAT,
                       "%s: holds what a file cannot say, such as weights that do not sum to 1 or settings that "
                       "nothing uses",
                       design->name);
done:
    arch_design_destroy(&copy);
    free(text);
    free(again);
    return st;
}

arch_status_t arch_design_check(const arch_design_t *design, arch_problems_t *problems)
{
    archi_reader_t r = {0};
    check_t c = {&r, design, "", 0};
    arch_status_t st;

    check_arrays(&c);
    if (sound(&c))
        check_skeleton(&c);
    if (sound(&c)) {
        check_elements(&c);
        check_rest(&c);
    }
    st = r.st;
    if (st == ARCH_OK && r.n_found > 0)
        st = archi_hand_over(&r, design->name ? design->name : "design", problems);
    archi_reader_fini(&r);
    ARCH_TRY(st);
    return read_back(design, problems);
}
