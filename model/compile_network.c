/* model/compile_network.c - links of a design, as pairs of nodes with the variate of their latency. Host only. */
#include "model/compile.h"
#include <stdlib.h>
#include <string.h>

uint32_t archi_node_of(const arch_design_t *d, bool is_workload, arch_kind_t kind, uint32_t index)
{
    uint32_t node = index;

    if (is_workload)
        return node;
    node += d->n_workloads;
    if (kind == ARCH_SERVICE)
        return node;
    node += d->n_services;
    if (kind == ARCH_BALANCER)
        return node;
    node += d->n_balancers;
    return kind == ARCH_DATABASE ? node : node + d->n_databases;
}

static uint64_t pair_of(uint32_t a, uint32_t b) { return a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a; }

typedef struct {
    uint64_t pair;
    uint32_t var; /* of its latency */
} link_key_t;

static int by_pair(const void *a, const void *b)
{
    const link_key_t *x = a, *y = b;

    return (x->pair > y->pair) - (x->pair < y->pair); /* a pair has one link: the reader sees to it */
}

/* ---- latencies: equal ones are one variate, since a message has 16 bits for it ---- */

typedef struct {
    uint32_t *slot; /* variate + 1; 0: free */
    uint32_t mask;
    const arch_dist_t **dist; /* [of the variate] */
} latencies_t;

static uint64_t hash_of_dist(const arch_dist_t *d)
{
    uint64_t h = archi_mix64((uint64_t)d->kind << 32 | d->table), word;
    const double part[] = {d->p[0], d->p[1], d->p[2], d->shift};

    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        memcpy(&word, &part[i], sizeof word);
        h = archi_mix64(h ^ word);
    }
    return h;
}

static bool same_dist(const arch_dist_t *x, const arch_dist_t *y)
{
    return x->kind == y->kind && x->table == y->table && memcmp(x->p, y->p, sizeof x->p) == 0 &&
           memcmp(&x->shift, &y->shift, sizeof x->shift) == 0;
}

static arch_status_t latency_var(archi_compile_t *c, latencies_t *l, const arch_dist_t *d, uint32_t *var)
{
    uint32_t i = (uint32_t)hash_of_dist(d) & l->mask;

    for (; l->slot[i] != 0; i = (i + 1) & l->mask)
        if (same_dist(l->dist[l->slot[i] - 1], d)) {
            *var = l->slot[i] - 1;
            return ARCH_OK;
        }
    if (c->var.n == UINT16_MAX)
        return ARCH_FAIL(ARCH_E_RANGE, "/network/links: more than %d different latencies, at most so many are possible",
                         UINT16_MAX);
    ARCH_TRY(archi_compile_var(c, d, var));
    l->slot[i] = *var + 1;
    l->dist[*var] = d;
    return ARCH_OK;
}

static arch_status_t latencies_init(latencies_t *l, uint32_t n_links)
{
    uint32_t most = n_links < UINT16_MAX ? n_links + 1 : UINT16_MAX, slots = 16;

    while (slots < 2 * most)
        slots *= 2;
    l->mask = slots - 1;
    l->slot = calloc(slots, sizeof *l->slot);
    l->dist = calloc((size_t)most + 1, sizeof *l->dist);
    return l->slot != NULL && l->dist != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u links", n_links);
}

/* Variates of the default latency, which is number 0, and of every link. They come before all other variates. */
static arch_status_t compile_latencies(archi_compile_t *c, link_key_t *key)
{
    const arch_design_t *d = c->design;
    arch_status_t st = ARCH_OK;
    latencies_t l = {NULL, 0, NULL};
    uint32_t var;

    ARCH_TRY_TO(done, latencies_init(&l, d->n_links));
    ARCH_TRY_TO(done, latency_var(c, &l, &d->latency, &var));
    for (uint32_t i = 0; i < d->n_links; i++)
        ARCH_TRY_TO(done, latency_var(c, &l, &d->link[i].latency, &key[i].var));
done:
    free(l.slot);
    free(l.dist);
    return st;
}

arch_status_t archi_compile_links(archi_compile_t *c)
{
    const arch_design_t *d = c->design;
    arch_status_t st = ARCH_OK;
    link_key_t *key;

    key = calloc((size_t)d->n_links + 1, sizeof *key);
    c->link_of = calloc((size_t)d->n_links + 1, sizeof *c->link_of);
    c->link_var = calloc((size_t)d->n_links + 1, sizeof *c->link_var);
    if (key == NULL || c->link_of == NULL || c->link_var == NULL)
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u links", d->n_links);
    ARCH_TRY_TO(done, st);
    ARCH_TRY_TO(done, compile_latencies(c, key));
    for (uint32_t i = 0; i < d->n_links; i++) {
        const arch_link_t *l = &d->link[i];
        key[i].pair =
            pair_of(archi_node_of(d, l->is_workload_a, l->kind_a, l->a), archi_node_of(d, false, l->kind_b, l->b));
    }
    qsort(key, d->n_links, sizeof *key, by_pair);
    for (uint32_t i = 0; i < d->n_links; i++) {
        c->link_of[i] = key[i].pair;
        c->link_var[i] = key[i].var;
    }
done:
    free(key);
    return st;
}

uint32_t archi_compile_link_between(const archi_compile_t *c, uint32_t a, uint32_t b)
{
    uint64_t pair = pair_of(a, b);
    uint32_t low = 0, high = c->design->n_links;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (c->link_of[middle] < pair)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->design->n_links && c->link_of[low] == pair ? c->link_var[low] : 0;
}
