/* engine/executor_optimistic_mail.c - outboxes that keep what they hold until it is final.
 *
 * An outbox is in order of sending, so what has become final is always its beginning. */
#include "engine/executor_optimistic.h"
#include <string.h>
#include "engine/hot.h"

static const archi_event_t *letters(const archi_block_t *b) { return archi_section_const(b, ARCHI_SEC_OUTBOX); }
static const arch_time_t *sending(const archi_block_t *b) { return archi_section_const(b, ARCHI_SEC_SENT); }

/* How many of the block's letters were sent before this time. */
static uint32_t sent_before(const archi_block_t *b, arch_time_t time)
{
    const arch_time_t *sent = sending(b);
    uint32_t n = 0;

    while (n < b->section[ARCHI_SEC_OUTBOX].used && sent[n] < time)
        n++;
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

static void count_block(archi_exec_t *x, const archi_block_t *b, arch_time_t bound)
{
    uint32_t n = sent_before(b, bound);

    for (uint32_t k = 0; k < n; k++) {
        uint32_t to = archi_block_of(x->run->map, letters(b)[k].dst);
        ARCH_ASSERT(letters(b)[k].at - sending(b)[k] >= x->run->lookahead); /* or the model breaks its promise */
        if (x->local_of[to] == ARCHI_NIL)
            x->filled[x->run->rank_of[to]] += sizeof(archi_letter_t);
    }
}

static void write_block(archi_exec_t *x, const archi_block_t *b, arch_time_t bound)
{
    uint32_t n = sent_before(b, bound);

    for (uint32_t k = 0; k < n; k++) {
        uint32_t to = archi_block_of(x->run->map, letters(b)[k].dst), rank;
        archi_letter_t *letter;

        if (x->local_of[to] != ARCHI_NIL)
            continue;
        rank = x->run->rank_of[to];
        letter = (archi_letter_t *)((char *)x->mail.bytes + x->offset[rank] + x->filled[rank]);
        letter->ev = letters(b)[k];
        letter->sent = sending(b)[k];
        x->filled[rank] += sizeof *letter;
    }
}

/* `final` cannot grow beyond this rank's own bound, so only what was sent before that can turn out to be final now. What
 * does not goes again with a later round. */
arch_status_t archi_letters_write(archi_guess_t *g, arch_time_t bound)
{
    archi_exec_t *x = g->x;

    memset(x->filled, 0, x->size * sizeof *x->filled);
    for (uint32_t i = 0; i < x->run->n_local; i++)
        count_block(x, x->run->block[i], bound);
    for (uint32_t r = 0; r < x->size; r++)
        x->offset[r + 1] = x->offset[r] + x->filled[r];
    x->outgoing = NULL;
    if (x->offset[x->size] == 0)
        return ARCH_OK;
    ARCH_TRY(archi_buffer_reserve(&x->mail, x->offset[x->size]));
    memset(x->filled, 0, x->size * sizeof *x->filled);
    for (uint32_t i = 0; i < x->run->n_local; i++)
        write_block(x, x->run->block[i], bound);
    x->outgoing = x->mail.bytes;
    return ARCH_OK;
}

/* ---- what is final ----------------------------------------------------------------------------------------------- */

static void announce(archi_guess_t *g, const archi_event_t *ev)
{
    uint32_t place = g->x->local_of[archi_block_of(g->x->run->map, ev->dst)];

    if (place != ARCHI_NIL && ev->at < g->ahead[place].straggler)
        g->ahead[place].straggler = ev->at;
}

static void announce_all(archi_guess_t *g, const archi_letter_t *letter, uint64_t n)
{
    const archi_run_t *run = g->x->run;

    for (uint32_t i = 0; i < run->n_local; i++)
        g->ahead[i].straggler = ARCH_TIME_MAX;
    for (uint32_t i = 0; i < run->n_local; i++) {
        uint32_t n_final = sent_before(run->block[i], g->final);
        for (uint32_t k = 0; k < n_final; k++)
            announce(g, &letters(run->block[i])[k]);
    }
    for (uint64_t k = 0; k < n; k++)
        if (letter[k].sent < g->final)
            announce(g, &letter[k].ev);
}

/* Into the block, which has not come as far as the event. When there is no room, what copies take is given back first. */
static arch_status_t put(archi_guess_t *g, const archi_event_t *ev)
{
    archi_exec_t *x = g->x;
    uint32_t place = x->local_of[archi_block_of(x->run->map, ev->dst)];
    archi_event_t event = *ev; /* it may lie in a block that moves */
    arch_status_t st;

    if (place == ARCHI_NIL)
        return ARCH_OK;
    st = archi_mail_push(x, place, &event);
    if ((st == ARCH_E_FULL || st == ARCH_E_NOMEM) && x->aside != 0) {
        ARCH_TRY(archi_back_all(g));
        st = archi_mail_push(x, place, &event);
    }
    ARCH_TRY(st);
    return archi_back_note(g, place, &event);
}

static arch_status_t empty_outbox(archi_guess_t *g, uint32_t place)
{
    archi_block_t *const *b = &g->x->run->block[place];
    uint32_t n = sent_before(*b, g->final);

    for (uint32_t k = 0; k < n; k++)
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
