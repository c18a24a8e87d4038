/* tests/gpu/cores/warps.c - see warps.h. */
#include "warps.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_THREADS = 4096, N_SIZES = 7 };
#define ROOM (UINT64_C(1) << 24) /* blocks of a thread in a launch: what goes beyond is not looked at */

static const uint32_t size[N_SIZES] = {1, 2, 4, 5, 8, 16, 32};

typedef struct {
    uint32_t *block; /* [n] */
    uint64_t n, at;  /* at: where its next round begins */
} thread_t;

struct warps {
    const uint16_t *instructions;
    uint32_t n_blocks, round, n_threads;
    uint32_t *room;
    uint32_t *most, *own; /* [n_blocks], of a round: entered by the thread that did so most often; by one thread */
    uint32_t *touched;    /* [n_blocks] that were */
    thread_t thread[MOST_THREADS];
    uint64_t n_rounds[N_SIZES], n_events[N_SIZES], together[N_SIZES], apart[N_SIZES];
};

warps_t *warps_create(const uint16_t *instructions, uint32_t n_blocks, uint32_t round)
{
    warps_t *w = calloc(1, sizeof *w);

    if (w == NULL)
        return NULL;
    w->instructions = instructions;
    w->n_blocks = n_blocks;
    w->round = round;
    w->room = malloc(ROOM * sizeof *w->room);
    w->most = calloc(n_blocks, sizeof *w->most);
    w->own = calloc(n_blocks, sizeof *w->own);
    w->touched = calloc(n_blocks, sizeof *w->touched);
    return w->room == NULL || w->most == NULL || w->own == NULL || w->touched == NULL ? NULL : w;
}

uint32_t *warps_room(warps_t *w, uint64_t *room)
{
    *room = w == NULL ? 0 : ROOM;
    return w == NULL ? NULL : w->room;
}

/* Threads that begin no round do no event: they are of the part of a warp that is left free. */
void warps_add(warps_t *w, uint64_t n)
{
    uint64_t first = 0;
    thread_t *t = &w->thread[w->n_threads];

    while (first < n && w->room[first] != w->round)
        first++;
    if (first == n || w->n_threads == MOST_THREADS)
        return;
    t->n = n - first;
    t->at = 0;
    t->block = malloc(t->n * sizeof *t->block);
    if (t->block == NULL)
        return;
    memcpy(t->block, w->room + first, t->n * sizeof *t->block);
    w->n_threads++;
}

/* One thread's part of a round; how many instructions it is. */
static uint64_t add_thread(warps_t *w, thread_t *t, uint32_t *n_touched)
{
    uint64_t from = t->at, n = 0;

    do {
        uint32_t b = t->block[t->at++];
        n += w->instructions[b];
        w->own[b]++;
        if (w->most[b] == 0)
            w->touched[(*n_touched)++] = b;
        if (w->own[b] > w->most[b])
            w->most[b] = w->own[b];
    } while (t->at < t->n && t->block[t->at] != w->round);
    for (uint64_t i = from; i < t->at; i++)
        w->own[t->block[i]] = 0;
    return n;
}

/* The next round of threads first .. end - 1; false: they are at their end. */
static int add_round(warps_t *w, uint32_t k, uint32_t first, uint32_t end)
{
    uint32_t n_touched = 0;
    uint64_t n_events = 0;

    for (uint32_t i = first; i < end; i++)
        if (w->thread[i].at < w->thread[i].n) {
            w->apart[k] += add_thread(w, &w->thread[i], &n_touched);
            n_events++;
        }
    for (uint32_t i = 0; i < n_touched; i++) {
        w->together[k] += (uint64_t)w->most[w->touched[i]] * w->instructions[w->touched[i]];
        w->most[w->touched[i]] = 0;
    }
    w->n_events[k] += n_events;
    w->n_rounds[k] += n_events > 0;
    return n_events > 0;
}

void warps_end(warps_t *w)
{
    for (uint32_t k = 0; k < N_SIZES; k++) {
        for (uint32_t i = 0; i < w->n_threads; i++)
            w->thread[i].at = 0;
        for (uint32_t i = 0; i + size[k] <= w->n_threads; i += size[k]) /* whole ones */
            while (add_round(w, k, i, i + size[k]))
                ;
    }
    for (uint32_t i = 0; i < w->n_threads; i++)
        free(w->thread[i].block);
    w->n_threads = 0;
}

void warps_tell(const warps_t *w, FILE *to)
{
    for (uint32_t k = 0; k < N_SIZES; k++)
        if (w->n_rounds[k] > 0)
            fprintf(to, "warp %u rounds %llu events %llu together %llu apart %llu\n", size[k],
                    (unsigned long long)w->n_rounds[k], (unsigned long long)w->n_events[k],
                    (unsigned long long)w->together[k], (unsigned long long)w->apart[k]);
}
