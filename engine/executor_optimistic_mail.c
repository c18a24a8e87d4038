/* engine/executor_optimistic_mail.c - outboxes that keep what they hold until it is final.
 *
 * An outbox is in order of sending, so what has become final is always its beginning. */
#include "engine/executor_optimistic.h"
#include <string.h>
#include "engine/hot.h"

static const archi_event_t *letters(const archi_block_t *b) { return archi_section_const(b, ARCHI_SEC_OUTBOX); }
static const arch_time_t *sending(const archi_block_t *b) { return archi_section_const(b, ARCHI_SEC_SENT); }

/* How many of the block's letters were sent before this time: mostly all. */
static uint32_t sent_before(const archi_block_t *b, arch_time_t time)
{
    const arch_time_t *sent = sending(b);
    uint32_t n = b->section[ARCHI_SEC_OUTBOX].used;

    while (n > 0 && sent[n - 1] >= time)
        n--;
    return n;
}

arch_time_t archi_letters_bound(const archi_guess_t *g)
{
    const archi_run_t *run = g->x->run;
    arch_time_t least = ARCH_TIME_MAX;

    for (uint32_t i = 0; i < run->n_local; i++) {
        const archi_event_t *ev = letters(run->block[i]), *end = ev + run->block[i]->section[ARCHI_SEC_OUTBOX].used;

        least = g->x->next[i] < least ? g->x->next[i] : least;
        for (; ev < end; ev++)
            least = ev->at < least ? ev->at : least;
    }
    return least;
}

/* ---- to other ranks ---------------------------------------------------------------------------------------------- */

/* What a block sends is never for itself: if it is the only one here, all is for others. */
static int is_local(const archi_exec_t *x, const archi_event_t *ev)
{
    return x->run->n_local > 1 && x->local_of[archi_block_of(x->run->map, ev->dst)] != ARCHI_NIL;
}

static uint32_t rank_of(const archi_exec_t *x, const archi_event_t *ev)
{
    return x->size == 2 ? 1 - x->rank : x->run->rank_of[archi_block_of(x->run->map, ev->dst)];
}

static uint64_t count_block(archi_exec_t *x, const archi_block_t *b, arch_time_t bound)
{
    uint32_t n = sent_before(b, bound);

    for (uint32_t k = 0; k < n && x->size > 2; k++)
        if (!is_local(x, &letters(b)[k]))
            x->filled[rank_of(x, &letters(b)[k])] += sizeof(archi_letter_t);
    return n * sizeof(archi_letter_t);
}

/* Each letter to its rank's place; `filled` tells how far that is used. */
static void write_block(archi_exec_t *x, const archi_block_t *b, arch_time_t bound)
{
    uint32_t n = sent_before(b, bound);

    for (uint32_t k = 0; k < n; k++) {
        const archi_event_t *ev = &letters(b)[k];
        archi_letter_t *letter;
        uint32_t rank;

        ARCH_ASSERT(ev->at - sending(b)[k] >= x->run->lookahead); /* or the model breaks its promise */
        if (is_local(x, ev))
            continue;
        rank = rank_of(x, ev);
        letter = (archi_letter_t *)((char *)x->mail.bytes + x->offset[rank] + x->filled[rank]);
        letter->ev = *ev;
        letter->sent = sending(b)[k];
        x->filled[rank] += sizeof *letter;
    }
}

/* `final` cannot grow beyond this rank's own bound, so only what was sent before that can turn out to be final now. What
 * does not goes again with a later round. Of two ranks the other one gets everything: nothing need be counted before. */
arch_status_t archi_letters_write(archi_guess_t *g, arch_time_t bound)
{
    archi_exec_t *x = g->x;
    uint64_t most = 0;

    memset(x->offset, 0, (x->size + (size_t)1) * sizeof *x->offset);
    memset(x->filled, 0, x->size * sizeof *x->filled);
    for (uint32_t i = 0; i < x->run->n_local; i++)
        most += count_block(x, x->run->block[i], bound);
    x->outgoing = NULL;
    if (most == 0)
        return ARCH_OK;
    ARCH_TRY(archi_buffer_reserve(&x->mail, most));
    for (uint32_t r = 0; r < x->size; r++)
        x->offset[r + 1] = x->offset[r] + x->filled[r];
    memset(x->filled, 0, x->size * sizeof *x->filled);
    for (uint32_t i = 0; i < x->run->n_local; i++)
        write_block(x, x->run->block[i], bound);
    for (uint32_t r = 0; r < x->size; r++)
        x->offset[r + 1] = x->offset[r] + x->filled[r];
    x->outgoing = x->mail.bytes;
    return ARCH_OK;
}

/* ---- what is final ----------------------------------------------------------------------------------------------- */

static uint32_t place_of(const archi_exec_t *x, const archi_event_t *ev)
{
    return x->size > 1 && x->run->n_local == 1 ? 0 : x->local_of[archi_block_of(x->run->map, ev->dst)];
}

static void announce(archi_guess_t *g, const archi_event_t *ev)
{
    uint32_t place = place_of(g->x, ev);

    if (ev->at < g->ahead[place].straggler)
        g->ahead[place].straggler = ev->at;
}

static void announce_all(archi_guess_t *g, const archi_letter_t *letter, uint64_t n)
{
    const archi_run_t *run = g->x->run;

    for (uint32_t i = 0; i < run->n_local; i++)
        g->ahead[i].straggler = ARCH_TIME_MAX;
    for (uint32_t i = 0; i < run->n_local && run->n_local > 1; i++) {
        uint32_t n_final = sent_before(run->block[i], g->final);
        for (uint32_t k = 0; k < n_final; k++)
            if (is_local(g->x, &letters(run->block[i])[k]))
                announce(g, &letters(run->block[i])[k]);
    }
    for (uint64_t k = 0; k < n; k++)
        if (letter[k].sent < g->final)
            announce(g, &letter[k].ev);
}

/* When there is no room, what running ahead takes is given back first. */
static arch_status_t put_after_all(archi_guess_t *g, uint32_t place, archi_event_t ev)
{
    ARCH_TRY(archi_back_all(g));
    return archi_mail_push(g->x, place, &ev);
}

/* Into the block, which has not come as far as the event. */
static arch_status_t put(archi_guess_t *g, const archi_event_t *ev)
{
    archi_exec_t *x = g->x;
    uint32_t place = place_of(x, ev);
    arch_status_t st = archi_mail_push(x, place, ev);

    if ((st == ARCH_E_FULL || st == ARCH_E_NOMEM) && x->aside != 0)
        return put_after_all(g, place, *ev); /* no copy is left that would need to know */
    ARCH_TRY(st);
    return g->way->note == NULL ? ARCH_OK : g->way->note(g, place, ev);
}

static arch_status_t empty_outbox(archi_guess_t *g, uint32_t place)
{
    archi_block_t *const *b = &g->x->run->block[place];
    uint32_t n = sent_before(*b, g->final);

    for (uint32_t k = 0; k < n && g->x->run->n_local > 1; k++)
        if (is_local(g->x, &letters(*b)[k]))
            ARCH_TRY(put(g, &letters(*b)[k]));
    g->x->stats->n_messages += n;
    g->ahead[place].released = g->final;
    archi_letters_drop(g, place);
    return ARCH_OK;
}

arch_status_t archi_letters_settle(archi_guess_t *g, const void *arrived, uint64_t n)
{
    const archi_letter_t *letter = arrived;
    const archi_run_t *run = g->x->run;

    n /= sizeof *letter;
    announce_all(g, letter, n);
    for (uint32_t i = 0; i < run->n_local; i++)
        if (g->ahead[i].straggler <= archi_last_handled(run->block[i]))
            ARCH_TRY(archi_back_to(g, i, g->ahead[i].straggler));
    for (uint32_t i = 0; i < run->n_local; i++)
        ARCH_TRY(empty_outbox(g, i));
    for (uint64_t k = 0; k < n; k++)
        if (letter[k].sent < g->final)
            ARCH_TRY(put(g, &letter[k].ev));
    return ARCH_OK;
}

void archi_letters_drop(archi_guess_t *g, uint32_t place)
{
    archi_block_t *b = g->x->run->block[place];
    archi_section_t *out = &b->section[ARCHI_SEC_OUTBOX], *sent = &b->section[ARCHI_SEC_SENT];
    uint32_t n = sent_before(b, g->ahead[place].released), left = out->used - n;

    if (n == 0)
        return;
    memmove(archi_section(b, ARCHI_SEC_OUTBOX), letters(b) + n, left * sizeof(archi_event_t));
    memmove(archi_section(b, ARCHI_SEC_SENT), sending(b) + n, left * sizeof(arch_time_t));
    out->used = sent->used = left;
}
