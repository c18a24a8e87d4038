/* engine/executor_optimistic_copy.c - putting a block back by restoring a copy and handling again what lay between.
 *
 * Two copies are kept of a block. The first is of a state that is final, so it can always be used; the second is taken
 * later, when the events expected to be repeated for want of it have cost as much as it does, and takes the first's place
 * once it is final itself (Lin and Preiss, "Selecting the checkpoint interval in Time Warp simulation", 1993). Events that
 * the block received since the copy are kept in a log. */
#include "engine/executor_optimistic.h"
#include <string.h>

static void release(archi_exec_t *x, archi_ahead_t *a)
{
    for (int i = 0; i < 2; i++) {
        archi_back_give(x, a->copy[i].bytes, a->copy[i].capacity);
        memset(&a->copy[i], 0, sizeof a->copy[i]);
    }
    archi_back_give(x, a->log, (uint64_t)a->log_capacity * sizeof *a->log);
    a->log = NULL;
    a->n_log = a->log_capacity = 0;
}

/* ---- copies ------------------------------------------------------------------------------------------------------ */

/* What of a section must be copied: of the levels of the pending event set those that hold something, of the rest all that
 * is used. Copying it to and fro is the same walk. */
static uint64_t part_bytes(const archi_block_t *b, uint32_t id)
{
    uint64_t n = b->section[id].used;

    if (id == ARCHI_SEC_LEVELS)
        n = n == 0 ? 0 : (uint64_t)__builtin_popcount(b->queue.levels);
    return n * b->section[id].entry_bytes;
}

static uint64_t image_bytes(const archi_block_t *b)
{
    uint64_t n = sizeof *b;

    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++)
        n += part_bytes(b, i);
    return n;
}

static unsigned char *copy_levels(archi_block_t *b, unsigned char *to)
{
    for (uint32_t set = b->queue.levels; b->section[ARCHI_SEC_LEVELS].used != 0 && set != 0; set &= set - 1) {
        memcpy(to, archi_queue_level(b, archi_low_bit(set)), sizeof(archi_queue_level_t));
        to += sizeof(archi_queue_level_t);
    }
    return to;
}

/* The block's header says already which levels hold something. */
static const unsigned char *restore_levels(archi_block_t *b, const unsigned char *from)
{
    for (uint32_t l = 0; l < b->section[ARCHI_SEC_LEVELS].used; l++) {
        if ((b->queue.levels >> l & 1) == 0) {
            archi_queue_level(b, l)->map = 0;
            continue;
        }
        memcpy(archi_queue_level(b, l), from, sizeof(archi_queue_level_t));
        from += sizeof(archi_queue_level_t);
    }
    return from;
}

/* Room for `need` bytes and an eighth more, so that a block that grows a little fits again. */
static int reserve_copy(archi_exec_t *x, archi_copy_t *c, uint64_t need)
{
    if (need <= c->capacity)
        return 1;
    archi_back_give(x, c->bytes, c->capacity);
    c->capacity = need + need / 8;
    c->bytes = archi_back_take(x, c->capacity);
    if (c->bytes == NULL)
        c->capacity = 0;
    return c->bytes != NULL;
}

static int take_copy(archi_guess_t *g, uint32_t place, archi_copy_t *c)
{
    archi_block_t *b = g->x->run->block[place];
    unsigned char *to;

    c->valid = 0;
    if (!reserve_copy(g->x, c, image_bytes(b)))
        return 0;
    memcpy(c->bytes, b, sizeof *b);
    to = c->bytes + sizeof *b;
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++) {
        if (i == ARCHI_SEC_LEVELS) {
            to = copy_levels(b, to);
            continue;
        }
        memcpy(to, archi_section(b, i), part_bytes(b, i));
        to += part_bytes(b, i);
    }
    c->last = archi_last_handled(b);
    c->n_events = b->n_events;
    c->n_log = g->ahead[place].n_log;
    c->valid = 1;
    g->ahead[place].debt = 0;
    g->x->stats->n_copies++;
    if (c != &g->ahead[place].copy[0]) /* that is what it takes to begin at all */
        g->pace.copied += (uint64_t)(to - c->bytes);
    return 1;
}

/* The header as it was, but sections stay where they are now, with the room that they have. */
static void restore_header(archi_block_t *b, const archi_copy_t *c)
{
    archi_block_t then;

    memcpy(&then, c->bytes, sizeof then);
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++) {
        then.section[i].offset = b->section[i].offset;
        then.section[i].capacity = b->section[i].capacity;
    }
    then.bytes = b->bytes;
    *b = then;
}

/* Model's entries that had never been taken are 0 again. */
static void clear_taken(archi_block_t *b, const archi_copy_t *c)
{
    const archi_section_t *then = ((const archi_block_t *)(const void *)c->bytes)->section;

    for (uint32_t i = ARCHI_FIRST_MODEL_SECTION; i < ARCHI_MAX_SECTIONS; i++)
        if (b->section[i].used > then[i].used)
            memset((char *)archi_section(b, i) + (size_t)then[i].used * then[i].entry_bytes, 0,
                   (size_t)(b->section[i].used - then[i].used) * then[i].entry_bytes);
}

static void restore_copy(archi_guess_t *g, uint32_t place, const archi_copy_t *c)
{
    archi_block_t *b = g->x->run->block[place];
    const unsigned char *from = c->bytes + sizeof *b;

    clear_taken(b, c);
    restore_header(b, c);
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++) {
        if (i == ARCHI_SEC_LEVELS) {
            from = restore_levels(b, from);
            continue;
        }
        memcpy(archi_section(b, i), from, part_bytes(b, i));
        from += part_bytes(b, i);
    }
    g->pace.copied += (uint64_t)(from - c->bytes);
}

/* The second copy is final: it becomes the first. */
static void promote(archi_ahead_t *a)
{
    archi_copy_t old = a->copy[0];
    uint32_t n = a->copy[1].n_log;

    a->copy[0] = a->copy[1];
    a->copy[1] = old;
    a->copy[1].valid = 0;
    a->copy[0].n_log = 0;
    if (n != 0)
        memmove(a->log, a->log + n, (a->n_log - n) * sizeof *a->log);
    a->n_log -= n;
}

/* Has it become worth while to copy the block anew? In events: a copy moves about a kilobyte in the time of one. */
static int copy_is_due(archi_guess_t *g, uint32_t place)
{
    archi_ahead_t *a = &g->ahead[place];
    const archi_block_t *b = g->x->run->block[place];
    const double least_odds = 0.002;

    a->debt += (g->pace.odds + least_odds) * (double)(b->n_events - a->copy[0].n_events);
    return a->debt > (double)a->copy[0].capacity / 1024 + 8;
}

/* See that block `place` can be put back to anywhere from now on. 0: no memory for it. */
static int prepare(archi_guess_t *g, uint32_t place)
{
    archi_ahead_t *a = &g->ahead[place];

    if (a->copy[0].valid) {
        if (a->copy[1].valid && a->copy[1].last < g->final)
            promote(a);
        if (!a->copy[1].valid && copy_is_due(g, place))
            (void)take_copy(g, place, &a->copy[1]); /* without it more is repeated */
        return 1;
    }
    a->n_log = 0;
    if (archi_last_handled(g->x->run->block[place]) >= g->final)
        return 0;
    if (take_copy(g, place, &a->copy[0]))
        return 1;
    archi_pace_rest(&g->pace);
    return 0;
}

static int ready(const archi_ahead_t *a) { return a->copy[0].valid; }

static void forget(archi_ahead_t *a)
{
    a->copy[0].valid = a->copy[1].valid = 0;
    a->n_log = 0;
}

static arch_status_t advance(archi_guess_t *g, uint32_t place, arch_time_t safe, arch_time_t goal)
{
    archi_exec_t *x = g->x;

    if (goal > safe && !prepare(g, place))
        goal = safe;
    if (goal <= safe && archi_last_handled(x->run->block[place]) < g->final)
        forget(&g->ahead[place]);
    return x->next[place] < goal ? archi_exec_advance(x, place, goal) : ARCH_OK;
}

/* ---- the log ----------------------------------------------------------------------------------------------------- */

static int grow_log(archi_exec_t *x, archi_ahead_t *a)
{
    uint32_t capacity = a->log_capacity == 0 ? 32 : 2 * a->log_capacity;
    archi_event_t *log = archi_back_take(x, (uint64_t)capacity * sizeof *log);

    if (log == NULL)
        return 0;
    if (a->n_log != 0)
        memcpy(log, a->log, a->n_log * sizeof *log);
    archi_back_give(x, a->log, (uint64_t)a->log_capacity * sizeof *log);
    a->log = log;
    a->log_capacity = capacity;
    return 1;
}

/* Without memory for the log the block is put back to what is final while that is possible, and its copies go. */
static arch_status_t note(archi_guess_t *g, uint32_t place, const archi_event_t *ev)
{
    archi_ahead_t *a = &g->ahead[place];

    if (!a->copy[0].valid)
        return ARCH_OK;
    if (a->n_log == a->log_capacity && !grow_log(g->x, a)) {
        archi_pace_rest(&g->pace);
        if (archi_last_handled(g->x->run->block[place]) < g->final) {
            forget(a);
            return ARCH_OK;
        }
        ARCH_TRY(archi_back_to(g, place, g->final));
        forget(a);
        return archi_mail_push(g->x, place, ev);
    }
    a->log[a->n_log++] = *ev;
    return ARCH_OK;
}

/* ---- going back -------------------------------------------------------------------------------------------------- */

static arch_status_t repeat(archi_guess_t *g, uint32_t place, uint32_t from_log, arch_time_t to)
{
    archi_exec_t *x = g->x;

    x->credit[place] = 0;
    x->next[place] = archi_queue_next_time(x->run->block[place]);
    for (uint32_t i = from_log; i < g->ahead[place].n_log; i++)
        ARCH_TRY(archi_mail_push(x, place, &g->ahead[place].log[i]));
    return archi_exec_advance(x, place, to);
}

static arch_status_t to(archi_guess_t *g, uint32_t place, arch_time_t time)
{
    archi_exec_t *x = g->x;
    archi_ahead_t *a = &g->ahead[place];
    uint64_t before = x->run->block[place]->n_events;
    const archi_copy_t *c = &a->copy[a->copy[1].valid && a->copy[1].last < time];
    arch_status_t st;

    ARCH_ASSERT(c->valid && c->last < time);
    if (c == &a->copy[0])
        a->copy[1].valid = 0;
    restore_copy(g, place, c);
    x->n_events -= before - c->n_events;
    st = repeat(g, place, c->n_log, time);
    x->stats->n_repeated += x->run->block[place]->n_events - c->n_events;
    x->stats->n_undone += before - x->run->block[place]->n_events;
    archi_letters_drop(g, place);
    return st;
}

const archi_way_back_t archi_back_by_copies = {advance, ready, note, to, release};
