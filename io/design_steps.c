/* io/design_steps.c - what an endpoint does: lists of steps, and the targets that they call. */
#include "io/design_reader.h"
#include <stdio.h>
#include <string.h>

const char *const archi_kind_names[ARCHI_IS_ENDPOINT + 1] = {"service",  "balancer", "database", "cache",
                                                             "workload", "keyspace", "endpoint"};

enum { CALLABLE = 1u << ARCHI_IS_SERVICE | 1u << ARCHI_IS_BALANCER | 1u << ARCHI_IS_DATABASE };

/* ---- targets ----------------------------------------------------------------------------------------------------- */

static void unknown_target(archi_reader_t *r, const archi_place_t *at, const char *text, size_t n)
{
    uint32_t near = archi_names_nearest(&r->names, ARCH_NONE, CALLABLE, text, n);
    char found[ARCHI_FOUND_BYTES];
    archi_json_t node = {.type = ARCHI_JSON_TEXT, .of.text = text};

    archi_in_words(&node, found);
    if (near == ARCH_NONE)
        archi_problem(r, at, "found %s, expected a service, balancer or database of this design", found);
    else
        archi_problem(r, at,
                      "found %s, expected a service, balancer or database of this design; did you mean \"%s%s\"?",
                      found, r->names.name[near].text, text + n);
}

/* The name that holds the endpoints: a balancer has those of its service. */
static uint32_t owner_of_endpoints(const archi_reader_t *r, uint32_t name)
{
    const archi_name_t *e = &r->names.name[name];
    uint32_t service;

    if (e->is != ARCHI_IS_BALANCER)
        return name;
    service = r->design->balancer[e->index].service;
    if (service == ARCH_NONE)
        return ARCH_NONE; /* reported where the balancer says "to" */
    return archi_names_find(&r->names, ARCH_NONE, r->design->service[service].name,
                            strlen(r->design->service[service].name));
}

static uint32_t count_endpoints(const archi_reader_t *r, uint32_t owner)
{
    const archi_name_t *e = &r->names.name[owner];

    return e->is == ARCHI_IS_SERVICE ? r->design->service[e->index].n_endpoints
                                     : r->design->database[e->index].n_queries;
}

static const char *first_endpoint(const archi_reader_t *r, uint32_t owner)
{
    const archi_name_t *e = &r->names.name[owner];

    return e->is == ARCHI_IS_SERVICE ? r->design->service[e->index].endpoint[0].name
                                     : r->design->database[e->index].query[0].name;
}

/* "app" alone: it has to have exactly one endpoint. */
static bool only_endpoint(archi_reader_t *r, const archi_place_t *at, const char *text, uint32_t owner, arch_ref_t *out)
{
    uint32_t n = count_endpoints(r, owner);

    if (n == 1) {
        out->endpoint = 0;
        return true;
    }
    if (n > 1)
        archi_problem(r, at, "found \"%s\", which has %u endpoints, expected one of them, such as \"%s/%s\"", text,
                      (unsigned)n, text, first_endpoint(r, owner));
    return false; /* without any: reported at the element */
}

static bool named_endpoint(archi_reader_t *r, const archi_place_t *at, const char *text, size_t n, uint32_t owner,
                           arch_ref_t *out)
{
    const char *endpoint = text + n + 1;
    uint32_t name = archi_names_find(&r->names, owner, endpoint, strlen(endpoint)), near;

    if (name != ARCH_NONE) {
        out->endpoint = r->names.name[name].index;
        return true;
    }
    near = archi_names_nearest(&r->names, owner, 1u << ARCHI_IS_ENDPOINT, endpoint, strlen(endpoint));
    if (near != ARCH_NONE)
        archi_problem(r, at, "found \"%.200s\", expected an endpoint of \"%.*s\"; did you mean \"%.*s/%s\"?", text,
                      (int)n, text, (int)n, text, r->names.name[near].text);
    else if (count_endpoints(r, owner) > 0)
        archi_problem(r, at, "found \"%.200s\", expected an endpoint of \"%.*s\", such as \"%.*s/%s\"", text, (int)n,
                      text, (int)n, text, first_endpoint(r, owner));
    return false;
}

bool archi_read_target(archi_reader_t *r, const archi_place_t *at, const char *text, arch_ref_t *out)
{
    size_t n = strcspn(text, "/");
    uint32_t name = archi_names_find(&r->names, ARCH_NONE, text, n), owner;
    archi_is_t is;

    if (name == ARCH_NONE) {
        unknown_target(r, at, text, n);
        return false;
    }
    is = r->names.name[name].is;
    if (!(CALLABLE & (1u << is))) {
        archi_problem(r, at, "found \"%.200s\", a %s, expected a service, balancer or database%s", text,
                      archi_kind_names[is],
                      is == ARCHI_IS_CACHE ? " (a cache is used by a step of its own: {\"cache\": ...})" : "");
        return false;
    }
    out->kind = (arch_kind_t)is;
    out->element = r->names.name[name].index;
    owner = owner_of_endpoints(r, name);
    if (owner == ARCH_NONE)
        return false;
    return text[n] == '/' ? named_endpoint(r, at, text, n, owner, out) : only_endpoint(r, at, text, owner, out);
}

uint32_t archi_read_name(archi_reader_t *r, const archi_place_t *at, unsigned kinds, const char *expected)
{
    const char *text;
    uint32_t name, near;
    char found[ARCHI_FOUND_BYTES];

    if (!archi_json_is_text(at->node)) {
        archi_expected(r, at, expected);
        return ARCH_NONE;
    }
    text = at->node->of.text;
    name = archi_names_find(&r->names, ARCH_NONE, text, strlen(text));
    if (name != ARCH_NONE && (kinds & (1u << r->names.name[name].is)))
        return name;
    archi_in_words(at->node, found);
    near = archi_names_nearest(&r->names, ARCH_NONE, kinds, text, strlen(text));
    if (name != ARCH_NONE)
        archi_problem(r, at, "found %s, a %s, expected %s", found, archi_kind_names[r->names.name[name].is], expected);
    else if (near == ARCH_NONE)
        archi_problem(r, at, "found %s, expected %s", found, expected);
    else
        archi_problem(r, at, "found %s, expected %s; did you mean \"%s\"?", found, expected, r->names.name[near].text);
    return ARCH_NONE;
}

/* ---- one step ---------------------------------------------------------------------------------------------------- */

/* Every key that a step may have; the first ARCH_N_STEPS name its kind. */
enum { K_WAIT = ARCH_N_STEPS, K_BALANCE, K_JOIN, K_STEPS, K_KEYS, K_MISS, N_KEYS };

static const char *const step_keys[N_KEYS] = {"cpu",  "delay", "call",    "parallel", "choose", "repeat", "cache",
                                              "fail", "wait",  "balance", "join",     "steps",  "keys",   "miss"};

/* Which of the other keys go with each kind, as a set. */
static const unsigned companions[ARCH_N_STEPS] = {
    0, 0, 1u << K_WAIT | 1u << K_BALANCE, 1u << K_JOIN, 0, 1u << K_STEPS, 1u << K_KEYS | 1u << K_MISS, 0};

static bool new_branches(archi_reader_t *r, arch_step_t *step, uint32_t n)
{
    step->branch = archi_reader_alloc(r, n, sizeof *step->branch);
    step->n_branches = step->branch ? n : 0;
    return step->branch != NULL;
}

static bool read_one_branch(archi_reader_t *r, const archi_place_t *steps, arch_step_t *step)
{
    return archi_required(r, steps, "a list of steps") && new_branches(r, step, 1) &&
           archi_read_steps(r, steps, &step->branch[0]);
}

static bool read_call(archi_reader_t *r, const archi_place_t *f, arch_step_t *step)
{
    bool wait = true, good;

    if (!archi_json_is_text(f[ARCH_STEP_CALL].node)) {
        archi_expected(r, &f[ARCH_STEP_CALL], "the name of an element or of an endpoint, such as \"db/find\"");
        return false;
    }
    good = archi_read_target(r, &f[ARCH_STEP_CALL], f[ARCH_STEP_CALL].node->of.text, &step->target);
    good = archi_read_bool(r, &f[K_WAIT], &wait) && good;
    good = archi_read_balance(r, &f[K_BALANCE], &step->balance) && good;
    step->async = !wait;
    if (!good || !f[K_BALANCE].node || step->target.kind == ARCH_SERVICE)
        return good;
    archi_problem(r, &f[K_BALANCE], "found a balance for a call to a %s, which picks the server itself, expected none",
                  archi_kind_names[step->target.kind]);
    return false;
}

static bool read_join(archi_reader_t *r, const archi_place_t *at, uint32_t n, uint32_t *join)
{
    char found[ARCHI_FOUND_BYTES];

    *join = n;
    if (!at->node || (archi_json_is_text(at->node) && strcmp(at->node->of.text, "all") == 0))
        return true;
    if (archi_json_is_text(at->node) && strcmp(at->node->of.text, "any") == 0) {
        *join = 1;
        return true;
    }
    if (archi_json_is_number(at->node))
        return archi_read_whole(r, at, 1, n, join);
    archi_problem(r, at, "found %s, expected \"all\", \"any\" or a whole number from 1 to %u",
                  archi_in_words(at->node, found), (unsigned)n);
    return false;
}

static bool read_parallel(archi_reader_t *r, const archi_place_t *f, arch_step_t *step)
{
    const archi_place_t *at = &f[ARCH_STEP_PARALLEL];
    uint32_t i = 0;
    bool good = true;

    if (!archi_json_is_array(at->node) || !archi_json_first(at->node)) {
        archi_expected(r, at, "a list of branches, each a list of steps");
        return false;
    }
    if (!new_branches(r, step, archi_count(at->node)))
        return false;
    for (const archi_json_t *c = archi_json_first(at->node); c; c = c->next, i++) {
        archi_place_t branch = archi_item(at, c, i);
        good = archi_read_steps(r, &branch, &step->branch[i]) && good;
    }
    return read_join(r, &f[K_JOIN], step->n_branches, &step->join) && good;
}

static bool read_choice(archi_reader_t *r, const archi_place_t *at, arch_steps_t *steps, double *weight)
{
    static const char *const keys[] = {"weight", "steps"};
    archi_place_t f[2];
    bool good;

    if (!archi_fields(r, at, keys, 2, f))
        return false;
    good = archi_required(r, &f[0], "a number, the weight of this choice") &&
           archi_read_number(r, &f[0], 0.0, 1e9, weight);
    return archi_required(r, &f[1], "a list of steps") && archi_read_steps(r, &f[1], steps) && good;
}

static bool read_choose(archi_reader_t *r, const archi_place_t *at, arch_step_t *step)
{
    uint32_t i = 0;
    bool good = true;

    if (!archi_json_is_array(at->node) || !archi_json_first(at->node)) {
        archi_expected(r, at, "a list of choices {\"weight\": ..., \"steps\": [...]}");
        return false;
    }
    if (!new_branches(r, step, archi_count(at->node)))
        return false;
    step->weight = archi_reader_alloc(r, step->n_branches, sizeof *step->weight);
    if (!step->weight)
        return false;
    for (const archi_json_t *c = archi_json_first(at->node); c; c = c->next, i++) {
        archi_place_t choice = archi_item(at, c, i);
        good = read_choice(r, &choice, &step->branch[i], &step->weight[i]) && good;
    }
    return good && archi_read_weights(r, at, step->n_branches, step->weight);
}

static bool read_cache_step(archi_reader_t *r, const archi_place_t *f, arch_step_t *step)
{
    uint32_t cache =
        archi_read_name(r, &f[ARCH_STEP_CACHE], 1u << ARCHI_IS_CACHE, "the name of a cache of this design");
    uint32_t keys = ARCH_NONE;
    bool good = read_one_branch(r, &f[K_MISS], step);

    if (f[K_KEYS].node) {
        keys = archi_read_name(r, &f[K_KEYS], 1u << ARCHI_IS_KEYSPACE, "the name of a key space of this design");
        good = good && keys != ARCH_NONE;
    }
    if (cache == ARCH_NONE)
        return false;
    step->target.kind = ARCH_CACHE;
    step->target.element = r->names.name[cache].index;
    step->target.endpoint = 0;
    step->keyspace = keys == ARCH_NONE ? ARCH_NONE : r->names.name[keys].index;
    if (r->design->cache[step->target.element].kind == ARCH_CACHE_RATIO && f[K_KEYS].node) {
        archi_problem(r, &f[K_KEYS], "found keys for \"%s\", a cache with a hit ratio, expected none",
                      r->design->cache[step->target.element].name);
        return false;
    }
    if (r->design->cache[step->target.element].kind == ARCH_CACHE_RATIO || f[K_KEYS].node)
        return good;
    archi_problem(r, f[K_KEYS].up,
                  "found no \"keys\", expected the key space that \"%s\", a cache by key, is looked up in",
                  r->design->cache[step->target.element].name);
    return false;
}

/* Exactly one key says what the step does; others have to go with it. ARCH_N_STEPS when not so. */
static arch_step_kind_t kind_of(archi_reader_t *r, const archi_place_t *at, const archi_place_t *f)
{
    unsigned given = 0;
    int kind = ARCH_N_STEPS, n = 0;

    for (int i = 0; i < N_KEYS; i++)
        given |= f[i].node ? 1u << i : 0;
    for (int i = 0; i < ARCH_N_STEPS; i++)
        if (given & (1u << i) && n++ == 0)
            kind = i;
    if (n != 1) {
        if (n > 1)
            archi_problem(r, at, "found both \"%s\" and another kind of step, expected one kind per step",
                          step_keys[kind]);
        else if (given || !archi_json_first(at->node))
            archi_expected(r, at, "a step: one of cpu, delay, call, parallel, choose, repeat, cache, fail");
        return ARCH_N_STEPS;
    }
    for (int i = ARCH_N_STEPS; i < N_KEYS; i++) {
        if (given & (1u << i) & ~companions[kind]) {
            archi_problem(r, &f[i], "found \"%s\" in a \"%s\" step, which has no use for it, expected none",
                          step_keys[i], step_keys[kind]);
            kind = ARCH_N_STEPS;
            break;
        }
    }
    return (arch_step_kind_t)kind;
}

static bool read_step(archi_reader_t *r, const archi_place_t *at, arch_step_t *step)
{
    archi_place_t f[N_KEYS];
    bool good;

    if (!archi_fields(r, at, step_keys, N_KEYS, f))
        return false;
    step->kind = kind_of(r, at, f);
    step->time.table = ARCH_NONE;
    step->keyspace = ARCH_NONE;
    step->at = archi_pointer(r, at);
    switch (step->kind) {
    case ARCH_STEP_CPU:
    case ARCH_STEP_DELAY:
        return archi_read_dist(r, &f[step->kind], ARCHI_TIME, &step->time);
    case ARCH_STEP_CALL:
        return read_call(r, f, step);
    case ARCH_STEP_PARALLEL:
        return read_parallel(r, f, step);
    case ARCH_STEP_CHOOSE:
        return read_choose(r, &f[ARCH_STEP_CHOOSE], step);
    case ARCH_STEP_REPEAT:
        good = archi_read_dist(r, &f[ARCH_STEP_REPEAT], ARCHI_COUNT, &step->count);
        return read_one_branch(r, &f[K_STEPS], step) && good;
    case ARCH_STEP_CACHE:
        return read_cache_step(r, f, step);
    case ARCH_STEP_FAIL:
        return archi_read_number(r, &f[ARCH_STEP_FAIL], 0.0, 1.0, &step->probability);
    case ARCH_N_STEPS:
        break;
    }
    return false;
}

/* Recursion is as deep as the file, which is bounded. */
bool archi_read_steps(archi_reader_t *r, const archi_place_t *at, arch_steps_t *out)
{
    uint32_t i = 0;
    bool good = true;

    if (!archi_is_array(r, at, "a list of steps"))
        return false;
    out->step = archi_reader_alloc(r, archi_count(at->node), sizeof *out->step);
    if (!out->step)
        return false;
    for (const archi_json_t *c = archi_json_first(at->node); c; c = c->next, i++) {
        archi_place_t here = archi_item(at, c, i);
        good = read_step(r, &here, &out->step[i]) && good;
    }
    out->n = i;
    return good;
}
