/* io/design_elements.c - services, balancers, databases, caches, key spaces: first their names, then what they are. */
#include "io/design_reader.h"
#include <ctype.h>
#include <string.h>

const char *const archi_discipline_names[4] = {"fifo", "lifo", "priority", "processor_sharing"};

enum { MAX_NAME = 200 };

/* ---- names ------------------------------------------------------------------------------------------------------- */

static bool is_name(const char *s)
{
    size_t n = strlen(s);

    if (n == 0 || n > MAX_NAME || !isalnum((unsigned char)s[0]) || (unsigned char)s[0] >= 0x80)
        return false;
    return strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") == n;
}

/* Add the key at this place to the names; its number, or ARCH_NONE and a problem. */
static uint32_t declare(archi_reader_t *r, const archi_place_t *at, archi_is_t is, uint32_t owner, uint32_t index)
{
    archi_name_t name = {at->key, owner, is, index};
    uint32_t number = ARCH_NONE;
    arch_status_t st;

    if (!is_name(at->key)) {
        archi_problem(r, at,
                      "found a name that is not one, expected letters, digits, '_', '.' and '-', a letter or digit "
                      "first, at most 200");
        return ARCH_NONE;
    }
    st = archi_names_add(&r->names, &name, &number);
    if (st == ARCH_OK)
        return number;
    if (st != ARCH_E_ARG)
        r->st = st;
    else
        archi_problem(r, at, "found the name of a %s again, expected a name of its own for this %s",
                      archi_kind_names[r->names.name[number].is], archi_kind_names[is]);
    return ARCH_NONE;
}

static uint32_t declare_endpoints(archi_reader_t *r, const archi_place_t *element, uint32_t owner, const char *key,
                                  const char **names)
{
    const archi_json_t *map = archi_json_is_object(element->node) ? archi_json_member(element->node, key) : NULL;
    archi_place_t at;
    uint32_t n = 0;

    if (!archi_json_is_object(map))
        return 0;
    at = archi_member(element, map);
    for (const archi_json_t *c = archi_json_first(map); c; c = c->next, n++) {
        archi_place_t here = archi_member(&at, c);
        names[n] = archi_reader_copy(r, c->key);
        declare(r, &here, ARCHI_IS_ENDPOINT, owner, n);
    }
    return n;
}

static const archi_json_t *endpoints_of(const archi_json_t *element, const char *key)
{
    return archi_json_is_object(element) ? archi_json_member(element, key) : NULL;
}

static void declare_service(archi_reader_t *r, const archi_place_t *at, uint32_t index)
{
    uint32_t number = declare(r, at, ARCHI_IS_SERVICE, ARCH_NONE, index), n;
    uint32_t capacity = archi_count(endpoints_of(at->node, "endpoints"));
    const char **names = archi_reader_alloc(r, capacity, sizeof *names);
    arch_service_t *s = &r->design->service[index];

    s->name = archi_reader_copy(r, at->key);
    s->endpoint = archi_reader_alloc(r, capacity, sizeof *s->endpoint);
    if (number == ARCH_NONE || !names || !s->endpoint)
        return;
    n = declare_endpoints(r, at, number, "endpoints", names);
    for (uint32_t i = 0; i < n; i++)
        s->endpoint[i].name = names[i];
    s->n_endpoints = n;
}

static void declare_database(archi_reader_t *r, const archi_place_t *at, uint32_t index)
{
    uint32_t number = declare(r, at, ARCHI_IS_DATABASE, ARCH_NONE, index), n;
    uint32_t capacity = archi_count(endpoints_of(at->node, "queries"));
    const char **names = archi_reader_alloc(r, capacity, sizeof *names);
    arch_database_t *d = &r->design->database[index];

    d->name = archi_reader_copy(r, at->key);
    d->query = archi_reader_alloc(r, capacity, sizeof *d->query);
    if (number == ARCH_NONE || !names || !d->query)
        return;
    n = declare_endpoints(r, at, number, "queries", names);
    for (uint32_t i = 0; i < n; i++)
        d->query[i].name = names[i];
    d->n_queries = n;
}

static void declare_plain(archi_reader_t *r, const archi_place_t *at, archi_is_t is, uint32_t index, const char **name)
{
    declare(r, at, is, ARCH_NONE, index);
    *name = archi_reader_copy(r, at->key);
}

static void declare_one(archi_reader_t *r, const archi_place_t *at, archi_is_t is, uint32_t i)
{
    arch_design_t *d = r->design;

    switch (is) {
    case ARCHI_IS_SERVICE:
        declare_service(r, at, i);
        break;
    case ARCHI_IS_DATABASE:
        declare_database(r, at, i);
        break;
    case ARCHI_IS_BALANCER:
        declare_plain(r, at, is, i, &d->balancer[i].name);
        break;
    case ARCHI_IS_CACHE:
        declare_plain(r, at, is, i, &d->cache[i].name);
        break;
    case ARCHI_IS_WORKLOAD:
        declare_plain(r, at, is, i, &d->workload[i].name);
        break;
    case ARCHI_IS_KEYSPACE:
        declare_plain(r, at, is, i, &d->keyspace[i].name);
        break;
    case ARCHI_IS_ENDPOINT:
        break;
    }
}

static bool new_elements(archi_reader_t *r, archi_is_t is, uint32_t n)
{
    arch_design_t *d = r->design;
    static const size_t bytes[] = {sizeof(arch_service_t), sizeof(arch_balancer_t), sizeof(arch_database_t),
                                   sizeof(arch_cache_t),   sizeof(arch_workload_t), sizeof(arch_keyspace_t)};
    void *p = archi_reader_alloc(r, n, bytes[is]);

    if (!p)
        return false;
    switch (is) {
    case ARCHI_IS_SERVICE:
        d->service = p;
        d->n_services = n;
        break;
    case ARCHI_IS_DATABASE:
        d->database = p;
        d->n_databases = n;
        break;
    case ARCHI_IS_BALANCER:
        d->balancer = p;
        d->n_balancers = n;
        break;
    case ARCHI_IS_CACHE:
        d->cache = p;
        d->n_caches = n;
        break;
    case ARCHI_IS_WORKLOAD:
        d->workload = p;
        d->n_workloads = n;
        break;
    case ARCHI_IS_KEYSPACE:
        d->keyspace = p;
        d->n_keyspaces = n;
        break;
    case ARCHI_IS_ENDPOINT:
        break;
    }
    return true;
}

void archi_declare_elements(archi_reader_t *r, const archi_place_t maps[ARCHI_IS_ENDPOINT])
{
    for (int is = 0; is < ARCHI_IS_ENDPOINT; is++) {
        uint32_t i = 0;
        if (!archi_json_is_object(maps[is].node) || !new_elements(r, (archi_is_t)is, archi_count(maps[is].node)))
            continue;
        for (const archi_json_t *c = archi_json_first(maps[is].node); c && r->st == ARCH_OK; c = c->next, i++) {
            archi_place_t here = archi_member(&maps[is], c);
            declare_one(r, &here, (archi_is_t)is, i);
        }
    }
}

/* ---- what they are ----------------------------------------------------------------------------------------------- */

static arch_dist_t constant(double value)
{
    arch_dist_t d = {ARCH_DIST_CONSTANT, {value, 0.0, 0.0}, 0.0, ARCH_NONE};

    return d;
}

static void read_discipline(archi_reader_t *r, const archi_place_t *at, arch_discipline_t *out)
{
    int d = (int)*out;

    archi_read_word(r, at, archi_discipline_names, 4, &d);
    *out = (arch_discipline_t)d;
}

static void read_endpoints(archi_reader_t *r, const archi_place_t *at, arch_service_t *s)
{
    uint32_t i = 0;

    if (!archi_required(r, at, "the endpoints of the service") ||
        !archi_is_object(r, at, "an object of endpoints, each a list of steps"))
        return;
    if (!archi_json_first(at->node))
        archi_expected(r, at, "at least one endpoint");
    for (const archi_json_t *c = archi_json_first(at->node); c && i < s->n_endpoints; c = c->next, i++) {
        archi_place_t here = archi_member(at, c);
        archi_read_steps(r, &here, &s->endpoint[i].steps);
    }
}

static void read_service(archi_reader_t *r, const archi_place_t *at, arch_service_t *s)
{
    static const char *const keys[] = {"replicas", "cores", "threads", "queue_limit", "discipline", "endpoints"};
    archi_place_t f[6];

    s->replicas = s->cores = 1;
    s->threads = s->queue_limit = ARCH_UNLIMITED;
    if (!archi_fields(r, at, keys, 6, f))
        return;
    archi_read_whole(r, &f[0], 1, ARCHI_MAX_SERVERS, &s->replicas);
    archi_read_whole(r, &f[1], 1, ARCHI_MAX_SERVERS, &s->cores);
    archi_read_limit(r, &f[2], 1, &s->threads);
    archi_read_limit(r, &f[3], 0, &s->queue_limit);
    read_discipline(r, &f[4], &s->discipline);
    read_endpoints(r, &f[5], s);
}

static void read_balancer(archi_reader_t *r, const archi_place_t *at, arch_balancer_t *b)
{
    static const char *const keys[] = {"to", "policy", "overhead"};
    archi_place_t f[3];
    uint32_t name;

    b->service = ARCH_NONE;
    b->overhead = constant(0.0);
    if (!archi_fields(r, at, keys, 3, f))
        return;
    if (archi_required(r, &f[0], "the name of a service of this design")) {
        name = archi_read_name(r, &f[0], 1u << ARCHI_IS_SERVICE, "the name of a service of this design");
        b->service = name == ARCH_NONE ? ARCH_NONE : r->names.name[name].index;
    }
    archi_read_balance(r, &f[1], &b->policy);
    archi_read_dist(r, &f[2], ARCHI_TIME, &b->overhead);
}

static void read_query(archi_reader_t *r, const archi_place_t *at, arch_query_t *q)
{
    static const char *const keys[] = {"writes", "cpu", "io", "apply"};
    archi_place_t f[4];

    q->cpu = q->io = q->apply = constant(0.0);
    if (!archi_fields(r, at, keys, 4, f))
        return;
    archi_read_bool(r, &f[0], &q->writes);
    if (!f[1].node && !f[2].node)
        archi_problem(r, at, "found neither \"cpu\" nor \"io\", expected what the query costs");
    archi_read_dist(r, &f[1], ARCHI_TIME, &q->cpu);
    archi_read_dist(r, &f[2], ARCHI_TIME, &q->io);
    if (q->writes)
        q->apply = q->cpu;
    else if (f[3].node)
        archi_problem(r, &f[3], "found \"apply\" in a query that reads, expected it beside \"writes\": true only");
    archi_read_dist(r, &f[3], ARCHI_TIME, &q->apply);
}

static void read_queries(archi_reader_t *r, const archi_place_t *at, arch_database_t *d)
{
    uint32_t i = 0;

    if (!archi_required(r, at, "the queries of the database") || !archi_is_object(r, at, "an object of queries"))
        return;
    if (!archi_json_first(at->node))
        archi_expected(r, at, "at least one query");
    for (const archi_json_t *c = archi_json_first(at->node); c && i < d->n_queries; c = c->next, i++) {
        archi_place_t here = archi_member(at, c);
        read_query(r, &here, &d->query[i]);
    }
}

static void read_read_replicas(archi_reader_t *r, const archi_place_t *at, arch_database_t *d)
{
    static const char *const keys[] = {"count", "cores", "read_from", "balance"};
    static const char *const read_from[] = {"primary", "replicas"};
    archi_place_t f[4];
    int from = (int)d->read_from;

    if (!at->node || !archi_fields(r, at, keys, 4, f))
        return;
    if (archi_required(r, &f[0], "how many read replicas there are"))
        archi_read_whole(r, &f[0], 0, ARCHI_MAX_SERVERS, &d->read_replicas);
    archi_read_whole(r, &f[1], 1, ARCHI_MAX_SERVERS, &d->replica_cores);
    archi_read_word(r, &f[2], read_from, 2, &from);
    d->read_from = (arch_read_from_t)from;
    archi_read_balance(r, &f[3], &d->balance);
}

static void read_database(archi_reader_t *r, const archi_place_t *at, arch_database_t *d)
{
    static const char *const keys[] = {"cores", "connections", "queue_limit", "discipline", "read_replicas", "queries"};
    archi_place_t f[6];

    d->cores = d->replica_cores = 1;
    d->connections = d->queue_limit = ARCH_UNLIMITED;
    d->read_from = ARCH_READ_REPLICAS;
    if (!archi_fields(r, at, keys, 6, f))
        return;
    archi_read_whole(r, &f[0], 1, ARCHI_MAX_SERVERS, &d->cores);
    d->replica_cores = d->cores;
    archi_read_limit(r, &f[1], 1, &d->connections);
    archi_read_limit(r, &f[2], 0, &d->queue_limit);
    read_discipline(r, &f[3], &d->discipline);
    read_read_replicas(r, &f[4], d);
    read_queries(r, &f[5], d);
}

static void read_cache_kind(archi_reader_t *r, const archi_place_t *at, const archi_place_t *f, arch_cache_t *c)
{
    bool by_ratio = f[2].node != NULL, by_key = f[0].node || f[1].node;

    if (by_ratio == by_key)
        archi_problem(r, at, "found %s, expected either \"hit_ratio\" or \"capacity\" and \"ttl\" (one or both)",
                      by_ratio ? "both a hit ratio and a cache by key" : "neither a hit ratio nor a cache by key");
    archi_read_limit(r, &f[0], 1, &c->capacity);
    if (f[1].node)
        archi_read_ticks_or(r, &f[1], "never", &c->ttl);
    if (c->ttl == ARCH_AUTO)
        c->ttl = ARCH_TIME_MAX;
    archi_read_number(r, &f[2], 0.0, 1.0, &c->hit_ratio);
    c->kind = by_ratio ? ARCH_CACHE_RATIO : c->capacity != ARCH_UNLIMITED ? ARCH_CACHE_LRU : ARCH_CACHE_TTL;
}

static void read_cache(archi_reader_t *r, const archi_place_t *at, arch_cache_t *c)
{
    static const char *const keys[] = {"capacity", "ttl", "hit_ratio", "cores", "connections", "service"};
    archi_place_t f[6];

    c->capacity = c->connections = ARCH_UNLIMITED;
    c->ttl = ARCH_TIME_MAX;
    c->cores = 1;
    c->service = constant(10e3); /* 10 us: about 100,000 lookups per second and core */
    if (!archi_fields(r, at, keys, 6, f))
        return;
    read_cache_kind(r, at, f, c);
    archi_read_whole(r, &f[3], 1, ARCHI_MAX_SERVERS, &c->cores);
    archi_read_limit(r, &f[4], 1, &c->connections);
    archi_read_dist(r, &f[5], ARCHI_TIME, &c->service);
}

static void read_keyspace(archi_reader_t *r, const archi_place_t *at, arch_keyspace_t *k)
{
    static const char *const keys[] = {"count", "zipf"};
    archi_place_t f[2];
    double count = 1.0;

    k->count = 1;
    if (!archi_fields(r, at, keys, 2, f))
        return;
    if (archi_required(r, &f[0], "how many keys there are") && archi_read_number(r, &f[0], 1.0, 1e12, &count)) {
        k->count = (uint64_t)count;
        if ((double)k->count != count)
            archi_expected(r, &f[0], "a whole number");
    }
    archi_read_number(r, &f[1], 0.0, 10.0, &k->zipf_s);
}

static void read_one(archi_reader_t *r, const archi_place_t *at, archi_is_t is, uint32_t i)
{
    arch_design_t *d = r->design;

    switch (is) {
    case ARCHI_IS_SERVICE:
        read_service(r, at, &d->service[i]);
        break;
    case ARCHI_IS_BALANCER:
        read_balancer(r, at, &d->balancer[i]);
        break;
    case ARCHI_IS_DATABASE:
        read_database(r, at, &d->database[i]);
        break;
    case ARCHI_IS_CACHE:
        read_cache(r, at, &d->cache[i]);
        break;
    case ARCHI_IS_KEYSPACE:
        read_keyspace(r, at, &d->keyspace[i]);
        break;
    case ARCHI_IS_WORKLOAD:
    case ARCHI_IS_ENDPOINT:
        break;
    }
}

static void read_map(archi_reader_t *r, const archi_place_t *map, archi_is_t is)
{
    uint32_t i = 0;

    if (!map->node || !archi_is_object(r, map, "an object of named elements"))
        return;
    for (const archi_json_t *c = archi_json_first(map->node); c && r->st == ARCH_OK; c = c->next, i++) {
        archi_place_t here = archi_member(map, c);
        read_one(r, &here, is, i);
    }
}

/* Caches and balancers before services, whose steps want to know what they call. */
void archi_read_elements(archi_reader_t *r, const archi_place_t maps[ARCHI_IS_ENDPOINT])
{
    read_map(r, &maps[ARCHI_IS_KEYSPACE], ARCHI_IS_KEYSPACE);
    read_map(r, &maps[ARCHI_IS_CACHE], ARCHI_IS_CACHE);
    read_map(r, &maps[ARCHI_IS_DATABASE], ARCHI_IS_DATABASE);
    read_map(r, &maps[ARCHI_IS_BALANCER], ARCHI_IS_BALANCER);
    read_map(r, &maps[ARCHI_IS_SERVICE], ARCHI_IS_SERVICE);
}
