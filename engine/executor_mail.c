/* engine/executor_mail.c - carrying events from the blocks that sent them to the blocks that will handle them. */
#include "engine/executor_impl.h"
#include <string.h>
#include "engine/hot.h"

static archi_event_t *outbox(archi_block_t *b) { return (archi_event_t *)archi_section(b, ARCHI_SEC_OUTBOX); }

arch_status_t archi_mail_make_room(archi_exec_t *x, uint32_t place)
{
    for (;;) {
        x->credit[place] = archi_queue_credit(x->run->block[place], 1);
        if (x->credit[place] != 0)
            return ARCH_OK;
        ARCH_TRY(archi_exec_grow(x, place));
    }
}

/* Events for this rank's own blocks go there at once; those for other ranks are counted. */
static arch_status_t sort_outbox(archi_exec_t *x, archi_block_t *b)
{
    const archi_event_t *ev = outbox(b), *end = ev + b->section[ARCHI_SEC_OUTBOX].used;

    for (; ev < end; ev++) {
        uint32_t to = archi_block_of(x->run->map, ev->dst);

        ARCH_ASSERT(ev->at >= x->safe); /* or the lookahead that the model promised does not hold */
        if (x->local_of[to] != ARCHI_NIL) {
            ARCH_TRY(archi_mail_push(x, x->local_of[to], ev));
            continue;
        }
        x->filled[x->run->rank_of[to]] += sizeof *ev;
        if (ev->at < x->earliest)
            x->earliest = ev->at;
    }
    return ARCH_OK;
}

static void pack_outbox(archi_exec_t *x, archi_block_t *b)
{
    const archi_event_t *ev = outbox(b), *end = ev + b->section[ARCHI_SEC_OUTBOX].used;

    for (; ev < end; ev++) {
        uint32_t to = archi_block_of(x->run->map, ev->dst), rank;

        if (x->local_of[to] != ARCHI_NIL)
            continue;
        rank = x->run->rank_of[to];
        memcpy((char *)x->mail.bytes + x->offset[rank] + x->filled[rank], ev, sizeof *ev);
        x->filled[rank] += sizeof *ev;
    }
}

/* A counting sort by rank: `filled` holds the bytes for each. */
static arch_status_t pack(archi_exec_t *x)
{
    for (uint32_t r = 0; r < x->size; r++)
        x->offset[r + 1] = x->offset[r] + x->filled[r];
    if (x->offset[x->size] == 0)
        return ARCH_OK;
    if (x->size == 2 && x->run->n_local == 1) { /* all of the one outbox is for the other rank, as it stands */
        x->outgoing = outbox(x->run->block[0]);
        return ARCH_OK;
    }
    ARCH_TRY(archi_buffer_reserve(&x->mail, x->offset[x->size]));
    memset(x->filled, 0, x->size * sizeof *x->filled);
    for (uint32_t i = 0; i < x->n_ran; i++)
        pack_outbox(x, x->run->block[x->ran[i]]);
    x->outgoing = x->mail.bytes;
    return ARCH_OK;
}

arch_status_t archi_mail_collect(archi_exec_t *x)
{
    for (uint32_t i = 0; i < x->n_ran; i++) {
        x->stats->n_messages += x->run->block[x->ran[i]]->section[ARCHI_SEC_OUTBOX].used;
        ARCH_TRY(sort_outbox(x, x->run->block[x->ran[i]]));
    }
    if (x->size > 1)
        return pack(x);
    archi_mail_drop(x);
    return ARCH_OK;
}

void archi_mail_drop(archi_exec_t *x)
{
    for (uint32_t i = 0; i < x->n_ran; i++) {
        x->run->block[x->ran[i]]->section[ARCHI_SEC_OUTBOX].used = 0;
        x->run->block[x->ran[i]]->section[ARCHI_SEC_SENT].used = 0;
    }
    memset(x->filled, 0, x->size * sizeof *x->filled);
    memset(x->offset, 0, (x->size + (size_t)1) * sizeof *x->offset);
    x->outgoing = NULL;
    x->earliest = ARCH_TIME_MAX;
}

arch_status_t archi_mail_deliver(archi_exec_t *x, const void *bytes, uint64_t n)
{
    const archi_event_t *ev = bytes, *end = ev + n / sizeof *ev;

    for (; ev < end; ev++) {
        uint32_t to = archi_block_of(x->run->map, ev->dst);

        ARCH_ASSERT(to < x->run->map->n_blocks && x->local_of[to] != ARCHI_NIL && ev->at >= x->safe);
        ARCH_TRY(archi_mail_push(x, x->local_of[to], ev));
    }
    return ARCH_OK;
}
