/* engine/net.c - the calls of engine/net.h that are the same over every transport. */
#include "engine/net_impl.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

uint32_t archi_net_rank(const archi_net_t *net) { return net->rank; }
uint32_t archi_net_size(const archi_net_t *net) { return net->size; }

uint32_t archi_net_near(const archi_net_t *net, uint32_t *first)
{
    *first = net->near_first;
    return net->n_near;
}

uint32_t archi_net_place(const archi_net_t *net) { return net->place; }
uint32_t archi_net_cores(const archi_net_t *net) { return net->bound ? UINT32_MAX : net->n_cores; }

void archi_net_share_cores(archi_net_t *net, const archi_net_t *all)
{
    uint32_t share = (uint32_t)((uint64_t)all->n_cores * net->n_near / all->n_near);

    if (share < net->n_cores)
        net->n_cores = share > 0 ? share : 1;
    archi_net_set_spins(net);
}

int archi_net_one_process(const archi_net_t *net)
{
    return net->ops->one_process && net->ring_events != ARCHI_NET_APART;
}

void archi_net_set_spins(archi_net_t *net) { net->spins = net->n_near <= net->n_cores ? ARCHI_NET_SPINS : 0; }

uint32_t archi_own_cores(void)
{
    cpu_set_t set;
    long n;

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (uint32_t)CPU_COUNT(&set);
    n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (uint32_t)n : 1;
}

const char *archi_net_kind(const archi_net_t *net) { return net->ops->kind; }
void *archi_net_comm(archi_net_t *net) { return net->ops->comm(net); }

arch_status_t archi_net_min_i64(archi_net_t *net, int64_t *v, size_t n)
{
    return net->size == 1 ? ARCH_OK : net->ops->reduce(net, v, n, ARCHI_NET_MIN_I64);
}

arch_status_t archi_net_max_i64(archi_net_t *net, int64_t *v, size_t n)
{
    return net->size == 1 ? ARCH_OK : net->ops->reduce(net, v, n, ARCHI_NET_MAX_I64);
}

arch_status_t archi_net_sum_u64(archi_net_t *net, uint64_t *v, size_t n)
{
    return net->size == 1 ? ARCH_OK : net->ops->reduce(net, v, n, ARCHI_NET_SUM_U64);
}

arch_status_t archi_net_bcast(archi_net_t *net, void *bytes, size_t n, uint32_t root)
{
    if (root >= net->size)
        return ARCH_FAIL(ARCH_E_ARG, "broadcast from rank %u of %u", (unsigned)root, (unsigned)net->size);
    return net->size == 1 || n == 0 ? ARCH_OK : net->ops->bcast(net, bytes, n, root);
}

arch_status_t archi_net_barrier(archi_net_t *net) { return net->size == 1 ? ARCH_OK : net->ops->barrier(net); }

arch_status_t archi_net_gather(archi_net_t *net, const void *bytes, size_t n, uint32_t root, void **all, uint64_t *offsets)
{
    *all = NULL;
    if (root >= net->size)
        return ARCH_FAIL(ARCH_E_ARG, "gather on rank %u of %u", (unsigned)root, (unsigned)net->size);
    return net->ops->gather(net, bytes, n, root, all, offsets);
}

arch_status_t archi_net_exchange(archi_net_t *net, const void *send, const uint64_t *send_offset, const void **recv,
                                 uint64_t *n_recv)
{
    archi_net_round_t round = {{0, 0}, 0};

    return archi_net_exchange_round(net, send, send_offset, recv, n_recv, &round);
}

arch_status_t archi_net_exchange_round(archi_net_t *net, const void *send, const uint64_t *send_offset,
                                       const void **recv, uint64_t *n_recv, archi_net_round_t *round)
{
    int in_memory;

    *recv = NULL;
    *n_recv = 0;
    ARCH_TRY(archi_round_open(net, &in_memory));
    if (in_memory)
        return archi_round_exchange(net, send, send_offset, recv, n_recv, round);
    return net->ops->exchange(net, send, send_offset, recv, n_recv, round);
}

arch_status_t archi_net_split(archi_net_t *net, uint32_t colour, archi_net_t **out)
{
    *out = NULL;
    ARCH_TRY(net->ops->split(net, colour, out));
    (*out)->ring_events = net->ring_events;
    if ((*out)->n_cores > net->n_cores)
        (*out)->n_cores = net->n_cores;
    archi_net_set_spins(*out);
    return ARCH_OK;
}

arch_status_t archi_net_reserve(archi_net_t *net, uint32_t use, size_t bytes)
{
    archi_region_t *region = &net->region[use];

    if (bytes <= region->bytes)
        return ARCH_OK;
    region->at = NULL;
    region->bytes = 0;
    ARCH_TRY(net->ops->share(net, use, bytes, &region->at));
    region->bytes = region->at == NULL ? 0 : bytes;
    return ARCH_OK;
}

arch_status_t archi_net_share(archi_net_t *net, size_t bytes, void **region)
{
    *region = NULL;
    if (net->ring_events == ARCHI_NET_APART)
        return ARCH_OK;
    ARCH_TRY(archi_net_reserve(net, ARCHI_NET_FOR_CALLERS, bytes));
    *region = net->region[ARCHI_NET_FOR_CALLERS].at;
    return ARCH_OK;
}

void archi_net_set_rings(archi_net_t *net, uint32_t n_events) { net->ring_events = n_events; }

void archi_net_destroy(archi_net_t **net)
{
    if (net == NULL || *net == NULL)
        return;
    archi_buffer_free(&(*net)->collected);
    (*net)->ops->destroy(*net);
    *net = NULL;
}

/* ---- agreeing ---------------------------------------------------------------------------------------------------- */

/* Small enough that no transport has to allocate for it: agreeing works when memory has run out. */
typedef struct {
    int32_t st;
    char    text[2044];
} notice_t;

static void write_notice(notice_t *notice, arch_status_t st)
{
    const char *text = arch_error_status() == st ? arch_error_text() : arch_status_text(st);

    notice->st = (int32_t)st;
    strncpy(notice->text, text, sizeof notice->text - 1);
}

arch_status_t archi_net_agree(archi_net_t *net, arch_status_t st)
{
    notice_t notice;
    int64_t first;

    if (net == NULL || net->size == 1)
        return st;
    first = st == ARCH_OK ? 2 * (int64_t)net->size : st == ARCH_E_CANCELLED ? (int64_t)net->size + net->rank : net->rank;
    ARCH_TRY(archi_net_min_i64(net, &first, 1));
    if (first == 2 * (int64_t)net->size)
        return ARCH_OK;
    first %= net->size;
    memset(&notice, 0, sizeof notice);
    if (first == net->rank)
        write_notice(&notice, st);
    ARCH_TRY(archi_net_bcast(net, &notice, sizeof notice, (uint32_t)first));
    if (first == net->rank)
        return st;
    return ARCH_FAIL((arch_status_t)notice.st, "%s: rank %u of %u: %s", arch_status_text(ARCH_E_PEER), (unsigned)first,
                     (unsigned)net->size, notice.text);
}

/* ---- what transports share --------------------------------------------------------------------------------------- */

arch_status_t archi_buffer_reserve(archi_buffer_t *buffer, size_t n)
{
    size_t capacity = buffer->capacity == 0 ? 4096 : buffer->capacity;
    void *bytes;

    if (n <= buffer->capacity)
        return ARCH_OK;
    while (capacity < n)
        capacity = capacity > SIZE_MAX / 2 ? n : 2 * capacity;
    bytes = malloc(capacity);
    if (bytes == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %zu bytes of messages", capacity);
    free(buffer->bytes);
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return ARCH_OK;
}

void archi_buffer_free(archi_buffer_t *buffer)
{
    free(buffer->bytes);
    buffer->bytes = NULL;
    buffer->capacity = 0;
}

void archi_net_round_add(archi_net_round_t *round, const archi_net_round_t *other)
{
    for (int i = 0; i < 2; i++)
        if (other->least[i] < round->least[i])
            round->least[i] = other->least[i];
    round->sum += other->sum;
}
