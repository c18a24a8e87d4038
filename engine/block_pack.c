/* engine/block_pack.c - blocks to bytes and back. */
#include "engine/block_pack.h"
#include "engine/queue.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static uint64_t used_bytes(const archi_section_t *s) { return (uint64_t)s->entry_bytes * s->used; }

uint64_t archi_block_packed_bytes(const archi_block_t *b)
{
    uint64_t bytes = sizeof *b;

    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++)
        bytes += used_bytes(&b->section[i]);
    return bytes;
}

uint64_t archi_block_live_bytes(const archi_block_t *b)
{
    uint64_t bytes = archi_block_packed_bytes(b);
    const archi_section_t *run = &b->section[ARCHI_SEC_RUN];

    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++)
        bytes -= (uint64_t)b->section[i].entry_bytes * b->section[i].n_free;
    return bytes - (uint64_t)run->entry_bytes * (run->used - (b->queue.run_tail - b->queue.run_head));
}

void archi_block_pack(const archi_block_t *b, void *bytes)
{
    char *to = bytes;

    memcpy(to, b, sizeof *b);
    to += sizeof *b;
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++) {
        memcpy(to, (const char *)b + b->section[i].offset, used_bytes(&b->section[i]));
        to += used_bytes(&b->section[i]);
    }
}

/* ---- clean -------------------------------------------------------------------------------------------------------- */

static void clean_slots(archi_slot_t *slot, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        memset(slot[i].unused, 0, sizeof slot[i].unused);
        if (slot[i].next == ARCHI_SLOT_FREE) /* its first word is the pool's */
            memset((char *)&slot[i].ev + sizeof(uint32_t), 0, sizeof slot[i].ev - sizeof(uint32_t));
    }
}

static void clean_levels(archi_queue_level_t *level, uint32_t n)
{
    for (uint32_t l = 0; l < n; l++)
        for (uint32_t d = 0; d < 64; d++)
            if ((level[l].map >> d & 1) == 0)
                level[l].head[d] = 0;
}

static void clean_run(archi_queue_key_t *key, uint32_t n, const archi_queue_state_t *q)
{
    for (uint32_t i = 0; i < n; i++)
        if (i < q->run_head || i >= q->run_tail)
            memset(&key[i], 0, sizeof key[i]);
}

void archi_block_pack_clean(void *bytes)
{
    archi_block_t head;
    char *at = (char *)bytes + sizeof head;

    memcpy(&head, bytes, sizeof head);
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++) {
        const archi_section_t *s = &head.section[i];
        if (i == ARCHI_SEC_QUEUE)
            clean_slots((archi_slot_t *)(void *)at, s->used);
        else if (i == ARCHI_SEC_LEVELS)
            clean_levels((archi_queue_level_t *)(void *)at, s->used);
        else if (i == ARCHI_SEC_RUN)
            clean_run((archi_queue_key_t *)(void *)at, s->used, &head.queue);
        at += used_bytes(s);
    }
}

/* ---- unpack ------------------------------------------------------------------------------------------------------- */

/* Before any of it is believed: do the sections lie inside the block, and do they use what there is? */
static const char *check_head(const archi_block_t *head, uint64_t n)
{
    uint64_t used = sizeof *head, at = sizeof *head;

    if (head->magic != ARCHI_BLOCK_MAGIC || head->n_sections != ARCHI_MAX_SECTIONS)
        return "is not a block";
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++) {
        const archi_section_t *s = &head->section[i];
        uint64_t bytes = (uint64_t)s->entry_bytes * s->capacity;
        if (s->used > s->capacity || s->offset < at || s->offset > head->bytes || bytes > head->bytes - s->offset)
            return "has a section that does not fit";
        if (used_bytes(s) > n - used)
            return "is shorter than it says";
        used += used_bytes(s);
        at = s->offset + bytes;
    }
    return used == n ? NULL : "is longer than it says";
}

/* As archi_block_create() does: what a model has not written is 0. */
static void fill(const char *from, archi_block_t *b)
{
    memcpy(b, from, sizeof *b);
    from += sizeof *b;
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++) {
        const archi_section_t *s = &b->section[i];
        char *to = (char *)b + s->offset;
        memcpy(to, from, used_bytes(s));
        from += used_bytes(s);
        if (i >= ARCHI_FIRST_MODEL_SECTION)
            memset(to + used_bytes(s), 0, (size_t)s->entry_bytes * (s->capacity - s->used));
    }
}

static archi_block_t *reserve(uint64_t bytes)
{
    const uint64_t page = (uint64_t)2 << 20;
    uint64_t unit = bytes < 2 * page ? 64 : page, whole = (bytes + unit - 1) & ~(unit - 1);
    archi_block_t *b = whole < bytes ? NULL : aligned_alloc(unit, whole);

    if (b != NULL && unit == page)
        (void)madvise(b, whole, MADV_HUGEPAGE); /* advice: the block works without */
    return b;
}

arch_status_t archi_block_unpack(const void *bytes, uint64_t n, uint64_t limit, archi_block_t **out)
{
    archi_block_t head;
    const char *wrong;

    *out = NULL;
    if (n < sizeof head)
        return ARCH_FAIL(ARCH_E_FORMAT, "the block is shorter than its header");
    memcpy(&head, bytes, sizeof head);
    wrong = check_head(&head, n);
    if (wrong != NULL)
        return ARCH_FAIL(ARCH_E_FORMAT, "the block %s", wrong);
    if (limit != 0 && head.bytes > limit)
        return ARCH_FAIL(ARCH_E_FULL, "block %u needs %llu MiB, more than the memory limit", (unsigned)head.id,
                         (unsigned long long)(head.bytes >> 20));
    *out = reserve(head.bytes);
    if (*out == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a block of %llu bytes", (unsigned long long)head.bytes);
    fill(bytes, *out);
    wrong = archi_block_check(*out);
    if (wrong != NULL) {
        archi_block_destroy(out);
        return ARCH_FAIL(ARCH_E_FORMAT, "block %u: %s", (unsigned)head.id, wrong);
    }
    return ARCH_OK;
}
