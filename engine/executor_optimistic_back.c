/* engine/executor_optimistic_back.c - putting blocks back to an earlier time: what the two ways of doing it share.
 *
 * A model whose handlers can be undone says so by its noting step; its events are undone one by one. The blocks of any other
 * are copied now and then. Nothing here is needed for what a block does: where memory is short the block does without. */
#include "engine/executor_optimistic.h"
#include <stdlib.h>
#include <string.h>

/* ---- memory beside the blocks ------------------------------------------------------------------------------------ */

void *archi_back_take(archi_exec_t *x, uint64_t bytes)
{
    uint64_t limit = x->run->memory_limit;
    void *p;

    if (limit != 0 && (x->bytes + x->aside > limit || bytes > limit - x->bytes - x->aside))
        return NULL;
    p = malloc(bytes);
    if (p == NULL)
        return NULL;
    x->aside += bytes;
    if (x->aside > x->stats->copy_bytes)
        x->stats->copy_bytes = x->aside;
    return p;
}

void archi_back_give(archi_exec_t *x, void *p, uint64_t bytes)
{
    free(p);
    if (p != NULL)
        x->aside -= bytes;
}

/* From now on a block notes when it sends something. */
static arch_status_t note_sending(archi_exec_t *x, uint32_t place)
{
    archi_block_t **b = &x->run->block[place];
    uint32_t capacity = (*b)->section[ARCHI_SEC_OUTBOX].capacity;
    uint64_t before = (*b)->bytes, more = archi_block_grown_bytes(*b, ARCHI_SEC_SENT, capacity) - before;

    if (x->run->memory_limit != 0 && x->bytes + more > x->run->memory_limit)
        return ARCH_E_FULL;
    ARCH_TRY(archi_block_grow(b, ARCHI_SEC_SENT, capacity));
    x->bytes += (*b)->bytes - before;
    if (x->bytes > x->stats->peak_bytes)
        x->stats->peak_bytes = x->bytes;
    return ARCH_OK;
}

arch_status_t archi_back_prepare(archi_guess_t *g)
{
    archi_exec_t *x = g->x;
    arch_status_t st = ARCH_OK;
    int64_t ready;

    g->way = x->run->noting != NULL ? &archi_back_by_undoing : &archi_back_by_copies;
    g->ahead = calloc(x->run->n_local + (size_t)1, sizeof *g->ahead);
    if (g->ahead == NULL)
        st = ARCH_E_NOMEM;
    for (uint32_t i = 0; i < x->run->n_local && st == ARCH_OK; i++)
        st = note_sending(x, i);
    ready = st == ARCH_OK;
    if (x->run->net != NULL)
        ARCH_TRY(archi_net_min_i64(x->run->net, &ready, 1));
    return ready ? ARCH_OK : ARCH_E_NOMEM;
}

void archi_back_release(archi_guess_t *g)
{
    for (uint32_t i = 0; i < g->x->run->n_local && g->ahead != NULL; i++)
        g->way->release(g->x, &g->ahead[i]);
    free(g->ahead);
    g->ahead = NULL;
}

/* ---- going back -------------------------------------------------------------------------------------------------- */

arch_status_t archi_back_to(archi_guess_t *g, uint32_t place, arch_time_t to)
{
    archi_exec_t *x = g->x;
    arch_status_t st;

    x->unlimited = 1; /* it had room for all this before */
    st = g->way->to(g, place, to);
    x->unlimited = 0;
    x->stats->n_rollbacks++;
    return st;
}

arch_status_t archi_back_to_final(archi_guess_t *g)
{
    for (uint32_t i = 0; i < g->x->run->n_local; i++)
        if (g->way->ready(&g->ahead[i]) && archi_last_handled(g->x->run->block[i]) >= g->final)
            ARCH_TRY(archi_back_to(g, i, g->final));
    return ARCH_OK;
}

arch_status_t archi_back_all(archi_guess_t *g)
{
    archi_pace_rest(&g->pace);
    ARCH_TRY(archi_back_to_final(g));
    for (uint32_t i = 0; i < g->x->run->n_local; i++)
        g->way->release(g->x, &g->ahead[i]);
    return ARCH_OK;
}
