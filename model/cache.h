/* model/cache.h - what a cache holds, key by key: a hash table with chains and an order of use (LRU), entries that
 * expire `ttl` after they were stored, or both; or no keys at all and a fixed hit ratio. */
#ifndef ARCHI_CACHE_H
#define ARCHI_CACHE_H

#include "model/state.h"

ARCH_HD static ARCH_ALWAYS_INLINE archi_entry_t *archi_entry(archi_context_t *c, uint32_t i)
{
    return (archi_entry_t *)archi_section(c->b, ARCHI_SEC_ENTRY) + i;
}

/* Which of `words` (a power of two) chains a key is in. */
ARCH_HD static ARCH_ALWAYS_INLINE uint32_t archi_chain_number(uint32_t keyspace, uint64_t key, uint32_t words)
{
    return (uint32_t)archi_mix64(key ^ (uint64_t)keyspace << 48) & (words - 1);
}

ARCH_HD static ARCH_INLINE uint32_t *archi_chain_of(archi_context_t *c, uint32_t keyspace, uint64_t key)
{
    return (uint32_t *)archi_section(c->b, ARCHI_SEC_HASH) + c->el->hash +
           archi_chain_number(keyspace, key, c->group->hash_words);
}

ARCH_HD static ARCH_INLINE void archi_use_unlink(archi_context_t *c, uint32_t i)
{
    archi_entry_t *e = archi_entry(c, i);

    if (e->newer != ARCHI_NIL)
        archi_entry(c, e->newer)->older = e->older;
    else
        c->el->newest = e->older;
    if (e->older != ARCHI_NIL)
        archi_entry(c, e->older)->newer = e->newer;
    else
        c->el->oldest = e->newer;
}

ARCH_HD static ARCH_INLINE void archi_use_now(archi_context_t *c, uint32_t i)
{
    archi_entry_t *e = archi_entry(c, i);

    e->newer = ARCHI_NIL;
    e->older = c->el->newest;
    if (e->older != ARCHI_NIL)
        archi_entry(c, e->older)->newer = i;
    else
        c->el->oldest = i;
    c->el->newest = i;
}

ARCH_HD static ARCH_INLINE void archi_entry_drop(archi_context_t *c, uint32_t i)
{
    archi_entry_t *e = archi_entry(c, i);
    uint32_t *link = archi_chain_of(c, e->keyspace, e->key);

    while (*link != i)
        link = &archi_entry(c, *link)->next;
    *link = e->next;
    archi_use_unlink(c, i);
    archi_pool_give(c->b, ARCHI_SEC_ENTRY, i);
    c->el->n_entries--;
}

ARCH_HD static ARCH_INLINE uint32_t archi_entry_find(archi_context_t *c, uint32_t keyspace, uint64_t key)
{
    uint32_t i = *archi_chain_of(c, keyspace, key);

    while (i != ARCHI_NIL && (archi_entry(c, i)->key != key || archi_entry(c, i)->keyspace != keyspace))
        i = archi_entry(c, i)->next;
    if (i == ARCHI_NIL || archi_entry(c, i)->expires > c->now)
        return i;
    archi_entry_drop(c, i);
    return ARCHI_NIL;
}

/* The key that this request means in this keyspace: the same one wherever the request asks, another in each round of a
 * loop. */
ARCH_HD static ARCH_INLINE uint64_t archi_key_of(archi_context_t *c, uint32_t keyspace, const archi_frame_t *f)
{
    const archi_keys_t *k = archi_plan_keys(c->plan) + keyspace;

    return archi_zipf_key(&k->zipf, archi_draw_key(c->b->seed, c->b->replication, k->name_hash), f->root,
                          (uint64_t)f->item << 32);
}

ARCH_HD static ARCH_INLINE bool archi_cache_get(archi_context_t *c, const archi_instr_t *in, const archi_frame_t *f)
{
    bool hit;

    if (c->group->store == ARCHI_STORE_BY_RATIO) {
        hit = archi_uniform(archi_bits64(archi_draw(c->key, f->root, archi_minor(f->path, ARCHI_DRAW_HIT)), 0)) < in->p;
    } else {
        uint32_t i = archi_entry_find(c, in->a, archi_key_of(c, in->a, f));
        hit = i != ARCHI_NIL;
        if (hit &&
            c->group->capacity != UINT32_MAX) { /* without a bound the order is that of storing, and so of expiry */
            archi_use_unlink(c, i);
            archi_use_now(c, i);
        }
    }
    if (hit)
        c->el->n_hits++;
    else
        c->el->n_misses++;
    return hit;
}

/* Let go of what has expired at the old end, a little with every store: what nobody asks for again must not pile up. */
ARCH_HD static ARCH_INLINE void archi_cache_sweep(archi_context_t *c)
{
    int k;

    for (k = 0; k < 2 && c->el->oldest != ARCHI_NIL && archi_entry(c, c->el->oldest)->expires <= c->now; k++)
        archi_entry_drop(c, c->el->oldest);
}

ARCH_HD static ARCH_INLINE void archi_cache_put(archi_context_t *c, const archi_instr_t *in, const archi_frame_t *f)
{
    uint64_t key;
    uint32_t i;

    if (c->group->store == ARCHI_STORE_BY_RATIO)
        return;
    archi_cache_sweep(c);
    key = archi_key_of(c, in->a, f);
    i = archi_entry_find(c, in->a, key);
    if (i != ARCHI_NIL) {
        archi_use_unlink(c, i);
    } else {
        uint32_t *chain;
        if (c->el->n_entries >= c->group->capacity)
            archi_entry_drop(c, c->el->oldest);
        i = archi_pool_take(c->b, ARCHI_SEC_ENTRY);
        chain = archi_chain_of(c, in->a, key);
        archi_entry(c, i)->next = *chain;
        *chain = i;
        archi_entry(c, i)->key = key;
        archi_entry(c, i)->keyspace = in->a;
        c->el->n_entries++;
    }
    archi_entry(c, i)->expires = c->group->ttl >= ARCH_TIME_MAX - c->now ? ARCH_TIME_MAX : c->now + c->group->ttl;
    archi_use_now(c, i);
}

#endif
