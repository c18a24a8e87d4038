/* io/arena.c - chunks of doubling size; a piece larger than a chunk gets a chunk of its own. */
#include "io/arena.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum { ALIGNMENT = 16, FIRST_CHUNK = 4096, LAST_CHUNK = 1 << 25, LARGE_PAGE = 1 << 21 };

typedef struct chunk chunk_t;

struct chunk {
    chunk_t *next;
    size_t   used, bytes; /* of the memory behind this head */
};

struct arch_arena {
    chunk_t *newest;
    size_t   next_bytes;
};

enum { HEAD = (sizeof(chunk_t) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT };

arch_arena_t *archi_arena_create(void)
{
    arch_arena_t *arena = calloc(1, sizeof *arena);

    if (arena != NULL)
        arena->next_bytes = FIRST_CHUNK;
    return arena;
}

/* Whoever needs chunks of this size fills them: one page fault in place of 512. Advice, which may be refused. */
static void ask_for_large_pages(char *begin, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    size_t before = (LARGE_PAGE - (size_t)((uintptr_t)begin & (LARGE_PAGE - 1))) & (LARGE_PAGE - 1);

    if (bytes >= before + LARGE_PAGE)
        (void)madvise(begin + before, (bytes - before) & ~(size_t)(LARGE_PAGE - 1), MADV_HUGEPAGE);
#else
    (void)begin;
    (void)bytes;
#endif
}

static chunk_t *add_chunk(arch_arena_t *arena, size_t at_least)
{
    size_t bytes = at_least > arena->next_bytes ? at_least : arena->next_bytes;
    chunk_t *chunk = calloc(1, HEAD + bytes);

    if (chunk == NULL)
        return NULL;
    ask_for_large_pages((char *)chunk, HEAD + bytes);
    chunk->bytes = bytes;
    chunk->next = arena->newest;
    arena->newest = chunk;
    if (arena->next_bytes < LAST_CHUNK)
        arena->next_bytes *= 2;
    return chunk;
}

void *archi_arena_alloc(arch_arena_t *arena, size_t bytes)
{
    chunk_t *chunk = arena->newest;
    size_t rounded;
    char *piece;

    if (bytes > SIZE_MAX - HEAD - ALIGNMENT)
        return NULL;
    rounded = bytes == 0 ? ALIGNMENT : (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (chunk == NULL || chunk->bytes - chunk->used < rounded)
        chunk = add_chunk(arena, rounded);
    if (chunk == NULL)
        return NULL;
    piece = (char *)chunk + HEAD + chunk->used;
    chunk->used += rounded;
    return piece;
}

char *archi_arena_copy(arch_arena_t *arena, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? archi_arena_alloc(arena, length + 1) : NULL;

    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

void archi_arena_destroy(arch_arena_t **arena)
{
    chunk_t *chunk, *next;

    if (arena == NULL || *arena == NULL)
        return;
    for (chunk = (*arena)->newest; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(*arena);
    *arena = NULL;
}
