/* engine/block.c - making, growing and checking blocks. Nothing here runs while events run. */
#include "engine/queue.h"
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

static uint64_t align64(uint64_t n) { return (n + 63) & ~(uint64_t)63; }

static uint64_t place_sections(archi_block_t *b)
{
    uint64_t at = align64(sizeof *b);

    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++) {
        b->section[i].offset = at;
        at = align64(at + (uint64_t)b->section[i].entry_bytes * b->section[i].capacity);
    }
    return at;
}

/* ---- create ------------------------------------------------------------------------------------------------------ */

static void at_least(archi_section_t *s, uint32_t capacity)
{
    if (s->capacity < capacity)
        s->capacity = capacity;
}

static void set_section(archi_block_t *b, uint32_t id, const archi_section_spec_t *spec)
{
    archi_section_t *s = &b->section[id];

    s->entry_bytes = spec->entry_bytes;
    s->capacity = spec->entry_bytes == 0 ? 0 : spec->capacity;
    s->used = spec->form == ARCHI_ARRAY ? s->capacity : 0;
    s->free_head = ARCHI_NIL;
    s->headroom = spec->form == ARCHI_ARRAY ? 0 : spec->headroom;
    at_least(s, s->headroom);
}

static void set_own(archi_block_t *b, uint32_t id, size_t entry_bytes, uint32_t capacity, uint32_t headroom)
{
    archi_section_spec_t spec = {ARCHI_LOG, (uint32_t)entry_bytes, capacity, headroom};

    set_section(b, id, &spec);
}

/* Buckets for as many events as there are slots: the sections beside the slots follow from them, if there are any. */
static void fit_buckets(archi_block_t *b)
{
    uint32_t slots = b->section[ARCHI_SEC_QUEUE].capacity;
    uint32_t ring = 2u << archi_top_bit(slots / 4 | 31); /* see archi_queue_best_shape() */

    if (b->section[ARCHI_SEC_RING].capacity == 0)
        return;
    at_least(&b->section[ARCHI_SEC_RING], ring);
    at_least(&b->section[ARCHI_SEC_LEVELS], ARCHI_QUEUE_LEVELS);
    at_least(&b->section[ARCHI_SEC_RUN], ARCHI_QUEUE_RUN);
}

/* Sections whose size follows from another's. */
static void fit_companions(archi_block_t *b)
{
    fit_buckets(b);
    if (b->section[ARCHI_SEC_SENT].capacity != 0)
        at_least(&b->section[ARCHI_SEC_SENT], b->section[ARCHI_SEC_OUTBOX].capacity);
}

enum { AMPLE = 32 }; /* events that may follow one another before somebody looks after the room */

/* A set that is expected to stay small gets the row alone; buckets come when it does not. */
static void set_queue(archi_block_t *b, uint32_t hint, uint32_t sends)
{
    uint32_t row = hint < ARCHI_QUEUE_ROW ? hint : ARCHI_QUEUE_ROW, spare = AMPLE * sends;

    set_own(b, ARCHI_SEC_QUEUE, sizeof(archi_slot_t), hint + spare, sends);
    set_own(b, ARCHI_SEC_HEAP, sizeof(archi_queue_key_t), ARCHI_HEAP_PAD + row + spare, sends);
    b->section[ARCHI_SEC_HEAP].used = ARCHI_HEAP_PAD;
    set_own(b, ARCHI_SEC_RING, sizeof(uint32_t), hint > ARCHI_QUEUE_ROW, 0);
    set_own(b, ARCHI_SEC_LEVELS, sizeof(archi_queue_level_t), 0, 0);
    set_own(b, ARCHI_SEC_RUN, sizeof(archi_queue_key_t), 0, 0);
    fit_buckets(b);
    b->queue.last = ARCH_TIME_MAX;
    b->queue.peek = -1;
    b->queue.row_until = ARCHI_QUEUE_ROW;
}

/* The sections whose headroom archi_block_credit() watches; the pending events look after their own. */
static uint32_t growing(const archi_block_t *b)
{
    uint32_t set = 0;

    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++)
        if (b->section[i].headroom != 0 && (i < ARCHI_SEC_QUEUE || i >= ARCHI_FIRST_MODEL_SECTION))
            set |= 1u << i;
    return set;
}

/* The first of the model's arrays that has an entry for each process, or 0. */
static uint32_t entry_for_each(const archi_block_spec_t *spec)
{
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS - ARCHI_FIRST_MODEL_SECTION; i++)
        if (spec->model[i].form == ARCHI_ARRAY && spec->model[i].entry_bytes != 0 && spec->model[i].capacity == spec->n_lps)
            return ARCHI_FIRST_MODEL_SECTION + i;
    return 0;
}

static void set_header(const archi_block_spec_t *spec, archi_block_t *head)
{
    const archi_section_spec_t lps = {ARCHI_ARRAY, sizeof(archi_lp_state_t), spec->n_lps, 0};

    memset(head, 0, sizeof *head);
    head->magic = ARCHI_BLOCK_MAGIC;
    head->id = spec->id;
    head->replication = spec->replication;
    head->seed = spec->seed;
    head->n_lps = spec->n_lps;
    head->wants = ARCHI_NIL;
    head->n_sections = ARCHI_MAX_SECTIONS;
    for (uint32_t i = 0; i < ARCHI_FIRST_MODEL_SECTION; i++)
        set_own(head, i, 0, 0, 0);
    set_section(head, ARCHI_SEC_LP, &lps);
    set_own(head, ARCHI_SEC_OUTBOX, sizeof(archi_event_t), spec->max_sends * AMPLE, spec->max_sends);
    set_own(head, ARCHI_SEC_SENT, sizeof(arch_time_t), 0, 0);
    set_queue(head, spec->n_events_hint, spec->max_sends);
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS - ARCHI_FIRST_MODEL_SECTION; i++)
        set_section(head, ARCHI_FIRST_MODEL_SECTION + i, &spec->model[i]);
    head->growing = growing(head);
    head->per_lp = entry_for_each(spec);
    head->bytes = place_sections(head);
}

/* What nobody has written yet in a model's section is 0, so that runs cannot differ by it. The engine's own sections are
 * written before they are read: their memory is not touched before its time. */
static void clear_unused(archi_block_t *b)
{
    for (uint32_t i = ARCHI_FIRST_MODEL_SECTION; i < ARCHI_MAX_SECTIONS; i++) {
        const archi_section_t *s = &b->section[i];
        memset((char *)b + s->offset + (size_t)s->entry_bytes * s->used, 0,
               (size_t)s->entry_bytes * (s->capacity - s->used));
    }
}

/* Memory for a block. Events of a large one lie scattered over it: large pages spare most of the misses that the translation
 * of addresses would add. */
arch_status_t archi_block_reserve(uint64_t bytes, archi_block_t **out)
{
    const uint64_t page = (uint64_t)2 << 20;
    uint64_t unit = bytes < 2 * page ? 64 : page, whole = (bytes + unit - 1) & ~(unit - 1);

    *out = whole < bytes ? NULL : aligned_alloc(unit, whole);
    if (*out == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a block of %llu bytes", (unsigned long long)bytes);
#ifdef MADV_HUGEPAGE
    if (unit == page)
        (void)madvise(*out, whole, MADV_HUGEPAGE); /* advice: the block works without */
#endif
    return ARCH_OK;
}

arch_status_t archi_block_create(const archi_block_spec_t *spec, archi_block_t **out)
{
    archi_block_t head;

    *out = NULL;
    if (spec->max_sends == 0)
        return ARCH_FAIL(ARCH_E_ARG, "a block's max_sends must be at least 1");
    set_header(spec, &head);
    ARCH_TRY(archi_block_reserve(head.bytes, out));
    memcpy(*out, &head, sizeof head);
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++)
        memset((char *)*out + head.section[i].offset, 0, (size_t)head.section[i].entry_bytes * head.section[i].used);
    archi_heap_keys(*out)[ARCHI_HEAP_PAD - 1].at = ARCH_TIME_MAX;
    clear_unused(*out);
    return ARCH_OK;
}

void archi_block_destroy(archi_block_t **b)
{
    if (b == NULL)
        return;
    free(*b);
    *b = NULL;
}

/* ---- grow -------------------------------------------------------------------------------------------------------- */

uint64_t archi_block_grown_bytes(const archi_block_t *b, uint32_t id, uint32_t capacity)
{
    archi_block_t head = *b;

    if (capacity > head.section[id].capacity)
        head.section[id].capacity = capacity;
    fit_companions(&head);
    return place_sections(&head);
}

arch_status_t archi_block_grow(archi_block_t **b, uint32_t id, uint32_t capacity)
{
    archi_block_t head = **b, *moved;

    if (capacity <= head.section[id].capacity)
        return ARCH_OK;
    head.section[id].capacity = capacity;
    fit_companions(&head);
    head.bytes = place_sections(&head);
    head.wants = ARCHI_NIL;
    ARCH_TRY(archi_block_reserve(head.bytes, &moved));
    memcpy(moved, &head, sizeof head);
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++) {
        const archi_section_t *from = &(*b)->section[i], *to = &head.section[i];
        memcpy((char *)moved + to->offset, (const char *)*b + from->offset, (size_t)from->entry_bytes * from->used);
    }
    clear_unused(moved);
    free(*b);
    *b = moved;
    return ARCH_OK;
}

void archi_block_copy_into(const archi_block_t *from, archi_block_t *b)
{
    archi_block_t head = *from;

    head.bytes = b->bytes;
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++) {
        ARCH_ASSERT(b->section[i].capacity >= from->section[i].capacity &&
                    b->section[i].entry_bytes == from->section[i].entry_bytes);
        head.section[i].offset = b->section[i].offset;
        head.section[i].capacity = b->section[i].capacity;
    }
    memcpy(b, &head, sizeof head);
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++)
        memcpy(archi_section(b, i), archi_section_const(from, i),
               (size_t)from->section[i].entry_bytes * from->section[i].used);
    clear_unused(b);
}

/* ---- check ------------------------------------------------------------------------------------------------------- */

/* The free list of a pool: as long as it says and inside the pool. */
static const char *check_free_list(const archi_block_t *b, const archi_section_t *s)
{
    uint32_t i = s->free_head, n = 0;

    for (; n < s->n_free && i < s->used; n++)
        i = *(const uint32_t *)((const char *)b + s->offset + (uint64_t)i * s->entry_bytes);
    return n == s->n_free && i == ARCHI_NIL ? NULL : "a pool's free list is broken";
}

static const char *check_section(const archi_block_t *b, const archi_section_t *s)
{
    if (s->used > s->capacity || s->n_free > s->used)
        return "a section holds more than fits";
    if (s->entry_bytes % 4 != 0 || (s->entry_bytes == 0 && s->capacity != 0))
        return "a section's entries have an impossible size";
    return s->entry_bytes == 0 ? NULL : check_free_list(b, s);
}

/* The sections lie one behind the other and end where the block does. */
static const char *check_layout(const archi_block_t *b)
{
    uint64_t at = align64(sizeof *b);

    if (b->bytes > UINT64_MAX / 2)
        return "the block has an impossible size";
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++) {
        const archi_section_t *s = &b->section[i];
        uint64_t bytes = (uint64_t)s->entry_bytes * s->capacity;
        if (s->offset != at)
            return "a section is out of place";
        if (at > b->bytes || bytes > b->bytes - at)
            return "a section ends beyond the block";
        at = align64(at + bytes);
    }
    return at == b->bytes ? NULL : "sections and size disagree";
}

static const char *check_own(const archi_block_t *b)
{
    if (b->section[ARCHI_SEC_LP].entry_bytes != sizeof(archi_lp_state_t) || b->section[ARCHI_SEC_LP].used != b->n_lps)
        return "the section of processes is not what it should be";
    if (b->section[ARCHI_SEC_OUTBOX].entry_bytes != sizeof(archi_event_t) || b->section[ARCHI_SEC_OUTBOX].headroom == 0)
        return "the section of outgoing events is not what it should be";
    if (b->section[ARCHI_SEC_SENT].entry_bytes != sizeof(arch_time_t) ||
        (b->section[ARCHI_SEC_SENT].capacity != 0 &&
         (b->section[ARCHI_SEC_SENT].capacity < b->section[ARCHI_SEC_OUTBOX].capacity ||
          b->section[ARCHI_SEC_SENT].used != b->section[ARCHI_SEC_OUTBOX].used)))
        return "outgoing events and the times they were sent disagree";
    return NULL;
}

const char *archi_block_check(const archi_block_t *b)
{
    const char *wrong;

    if (b->magic != ARCHI_BLOCK_MAGIC)
        return "not a block";
    if (b->n_sections != ARCHI_MAX_SECTIONS || (b->wants != ARCHI_NIL && b->wants >= ARCHI_MAX_SECTIONS))
        return "the header names sections that there are not";
    if (b->per_lp >= ARCHI_MAX_SECTIONS || (b->per_lp != 0 && b->section[b->per_lp].used != b->n_lps))
        return "the header names a section that does not hold an entry for each process";
    if (b->growing != growing(b))
        return "the header and its sections disagree about headroom";
    wrong = check_layout(b);
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS && wrong == NULL; i++)
        wrong = check_section(b, &b->section[i]);
    if (wrong == NULL)
        wrong = check_own(b);
    return wrong != NULL ? wrong : archi_queue_check(b);
}
