/* kernels/waves_fetch.c - members that are done are packed and come back in parcels, as large as the device has memory for;
 * those that overflowed come back whole. */
#include "kernels/ensemble.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint64_t parcel_bytes = (uint64_t)256 << 20; /* at most, so that hands begin to read while others come */
static const uint64_t unread_bytes = (uint64_t)1 << 30;   /* as much may wait for them */

/* It is in line, and so nobody does it again, even where the device fails and all that is not begun is offered to cores. */
static arch_status_t put(archi_waves_t *v, const archi_item_t *item)
{
    ARCH_TRY(archi_ensemble_put(v->e, item));
    v->e->begun[item->member] = true;
    return ARCH_OK;
}

/* ---- overflowed -------------------------------------------------------------------------------------------------- */

static arch_status_t fetch_whole(archi_waves_t *v, uint32_t i)
{
    archi_item_t item = {NULL, ARCHI_ITEM_UNFINISHED, v->number[i], NULL, NULL};
    const char *from = v->wave.region + v->member[i].at;
    archi_block_t head;
    arch_status_t st = ARCH_OK;

    if (v->report[i].state == ARCHI_MEMBER_CROWDED) {
        item.kind = ARCHI_ITEM_FRESH;
        return put(v, &item);
    }
    ARCH_TRY(v->d->get(v->d, &head, from, sizeof head));
    if (head.magic != ARCHI_BLOCK_MAGIC)
        return ARCH_FAIL(ARCH_E_CUDA, "%s: what came back of replication %u is no block", v->d->name,
                         v->member[i].replication + 1);
    ARCH_TRY(archi_block_reserve(head.bytes, &item.block));
    ARCH_TRY_TO(failed, v->d->get(v->d, item.block, from, head.bytes));
    ARCH_TRY_TO(failed, put(v, &item));
    return ARCH_OK;
failed:
    archi_block_destroy(&item.block);
    return st;
}

/* ---- done -------------------------------------------------------------------------------------------------------- */

/* Members first .. end - 1 whose packed bytes fit into so many; *bytes: theirs. */
static uint32_t choose_parcel(archi_waves_t *v, uint32_t first, uint64_t most, uint64_t *bytes)
{
    uint32_t end = first;

    *bytes = 0;
    for (; end < v->n && (*bytes == 0 || *bytes + v->report[end].packed_bytes <= most); end++) {
        v->member[end].packed_at = *bytes;
        *bytes += v->report[end].state == ARCHI_MEMBER_DONE ? v->report[end].packed_bytes : 0;
    }
    return end;
}

/* Memory of the device for at most `most` bytes of packed members: fewer, where there is less. */
static arch_status_t take_output(archi_waves_t *v, uint32_t first, uint32_t *end, uint64_t *bytes)
{
    uint64_t left = v->budget - v->taken_bytes, most = left < parcel_bytes ? left : parcel_bytes;

    do {
        *end = choose_parcel(v, first, most, bytes);
        if (*bytes == 0)
            return ARCH_OK;
        ARCH_TRY(v->d->take(v->d, *bytes, &v->output));
        most = *bytes / 2;
    } while (v->output == NULL && *end > first + 1);
    if (v->output == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "%s has no memory for the %llu bytes of one replication's statistics", v->d->name,
                         (unsigned long long)*bytes);
    return ARCH_OK;
}

static arch_status_t pack(archi_waves_t *v, uint32_t first, uint32_t end, uint64_t bytes, void *to)
{
    archi_wave_t part = v->wave;

    part.member += first;
    part.report += first;
    part.n = end - first;
    part.output = v->output;
    ARCH_TRY(v->d->put(v->d, (void *)(uintptr_t)part.member, v->member + first, part.n * sizeof *v->member));
    ARCH_TRY(v->d->launch(v->d, ARCHI_LAUNCH_PACK, &part));
    return v->d->get(v->d, to, v->output, bytes);
}

static arch_status_t hand_out(archi_waves_t *v, uint32_t first, uint32_t end, archi_parcel_t *parcel)
{
    for (uint32_t i = first; i < end; i++) {
        archi_item_t item = {NULL, ARCHI_ITEM_PACKED, v->number[i], NULL, parcel};
        if (v->report[i].state != ARCHI_MEMBER_DONE)
            continue;
        item.block = (void *)((char *)parcel->bytes + v->member[i].packed_at);
        ARCH_TRY(put(v, &item));
    }
    return ARCH_OK;
}

/* Under the lock: parcels that have been read can be filled again. *unread: bytes of the others. */
static void take_read_ones(archi_ensemble_t *e, archi_parcel_t **spare, uint64_t *unread)
{
    archi_parcel_t **at = &e->parcels;

    *unread = 0;
    while (*at != NULL) {
        archi_parcel_t *p = *at;
        if (p->n_left == 0) {
            *at = p->next;
            p->next = *spare;
            *spare = p;
        } else {
            *unread += p->room;
            at = &p->next;
        }
    }
}

/* What hands have not read yet lies in memory that cannot be swapped: when that is much, read some of it first. */
static arch_status_t wait_for_readers(archi_waves_t *v)
{
    const struct timespec moment = {0, 50000};
    uint64_t most = v->e->spec.most_host_bytes > 0 ? v->e->spec.most_host_bytes : unread_bytes, unread;
    const archi_hand_t *hand = v->w->hand;
    bool did, stopped;

    for (;;) {
        pthread_mutex_lock(&v->e->lock);
        take_read_ones(v->e, &v->spare, &unread);
        stopped = v->e->stopped;
        pthread_mutex_unlock(&v->e->lock);
        if (unread < most)
            return ARCH_OK;
        ARCH_TRY(archi_worker_pause(v->w));
        if (stopped || (hand->progress != NULL && hand->progress(hand->user, 0, 0) != 0))
            return ARCH_FAIL(ARCH_E_CANCELLED, "the run was cancelled");
        ARCH_TRY(archi_worker_do(v->w, false, &did));
        if (!did)
            nanosleep(&moment, NULL);
    }
}

static void give_back(archi_waves_t *v, archi_parcel_t *p)
{
    v->d->give_host(v->d, p->bytes);
    free(p);
}

void archi_waves_give_back(archi_waves_t *v)
{
    archi_parcel_t *p;

    while ((p = v->spare) != NULL) {
        v->spare = p->next;
        give_back(v, p);
    }
}

/* Memory that the device copies to fast takes longer to get than to fill. Those that are too small go. */
static archi_parcel_t *reuse(archi_waves_t *v, uint64_t bytes)
{
    archi_parcel_t *p;

    while ((p = v->spare) != NULL) {
        v->spare = p->next;
        if (p->room >= bytes)
            return p;
        give_back(v, p);
    }
    return NULL;
}

static arch_status_t new_parcel(archi_waves_t *v, uint64_t bytes, archi_parcel_t **out)
{
    archi_parcel_t *p = *out = calloc(1, sizeof *p);

    if (p == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for an ensemble");
    p->room = bytes;
    if (v->d->take_host(v->d, bytes, &p->bytes) == ARCH_OK)
        return ARCH_OK;
    free(p);
    return arch_fail_from(arch_error_status(), __func__, __FILE__, __LINE__);
}

static arch_status_t make_parcel(archi_waves_t *v, uint64_t bytes, uint32_t n, archi_parcel_t **out)
{
    archi_parcel_t *p = reuse(v, bytes);

    *out = NULL;
    if (p == NULL)
        ARCH_TRY(new_parcel(v, bytes, &p));
    p->n_left = n;
    pthread_mutex_lock(&v->e->lock);
    p->next = v->e->parcels;
    v->e->parcels = p;
    v->e->figures.packed_bytes += bytes;
    v->e->figures.n_device += n;
    pthread_mutex_unlock(&v->e->lock);
    *out = p;
    return ARCH_OK;
}

static uint32_t count_done(const archi_waves_t *v, uint32_t first, uint32_t end)
{
    uint32_t n = 0;

    for (uint32_t i = first; i < end; i++)
        n += v->report[i].state == ARCHI_MEMBER_DONE;
    return n;
}

static arch_status_t fetch_parcel(archi_waves_t *v, uint32_t first, uint32_t *end)
{
    archi_parcel_t *parcel = NULL;
    uint64_t bytes;

    ARCH_TRY(take_output(v, first, end, &bytes));
    if (bytes == 0)
        return ARCH_OK;
    ARCH_TRY(wait_for_readers(v));
    ARCH_TRY(make_parcel(v, bytes, count_done(v, first, *end), &parcel));
    ARCH_TRY(pack(v, first, *end, bytes, parcel->bytes));
    v->d->give(v->d, v->output);
    v->output = NULL;
    return hand_out(v, first, *end, parcel);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

arch_status_t archi_waves_fetch(archi_waves_t *v)
{
    double begun = seconds();
    uint32_t end, n_overflowed = 0;

    for (uint32_t i = 0; i < v->n; i++)
        if (v->report[i].state != ARCHI_MEMBER_DONE) {
            ARCH_TRY(fetch_whole(v, i));
            n_overflowed++;
        }
    for (uint32_t first = 0; first < v->n; first = end)
        ARCH_TRY(fetch_parcel(v, first, &end));
    pthread_mutex_lock(&v->e->lock);
    v->e->figures.n_overflowed += n_overflowed;
    v->e->figures.pack_seconds += seconds() - begun;
    pthread_mutex_unlock(&v->e->lock);
    return ARCH_OK;
}
