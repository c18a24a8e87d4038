/* engine/net_impl.h - what a transport provides; net.c calls it through this table. */
#ifndef ARCHI_NET_IMPL_H
#define ARCHI_NET_IMPL_H

#include "engine/net.h"

typedef enum { ARCHI_NET_MIN_I64, ARCHI_NET_MAX_I64, ARCHI_NET_SUM_U64 } archi_net_op_t;

typedef struct {
    const char *kind;
    void *(*comm)(archi_net_t *net);
    arch_status_t (*reduce)(archi_net_t *net, void *v, size_t n, archi_net_op_t op);
    arch_status_t (*bcast)(archi_net_t *net, void *bytes, size_t n, uint32_t root);
    arch_status_t (*barrier)(archi_net_t *net);
    arch_status_t (*gather)(archi_net_t *net, const void *bytes, size_t n, uint32_t root, void **all, uint64_t *offsets);
    arch_status_t (*exchange)(archi_net_t *net, const void *send, const uint64_t *send_offset, const void **recv,
                              uint64_t *n_recv, archi_net_round_t *round);
    arch_status_t (*share)(archi_net_t *net, size_t bytes, void **region); /* *region is NULL before */
    arch_status_t (*split)(archi_net_t *net, uint32_t colour, archi_net_t **out);
    void (*destroy)(archi_net_t *net);
} archi_net_ops_t;

/* First member of every transport's own net. */
struct archi_net {
    const archi_net_ops_t *ops;
    uint32_t               rank, size;
    uint32_t               near_first, n_near; /* see archi_net_near() */
    int                    spins;       /* before a waiting rank yields: none when ranks outnumber cores */
    uint32_t               ring_events; /* see archi_net_set_rings() */
    void                  *region;      /* see archi_net_share() */
    size_t                 region_bytes;
};

/* Buffers that are kept and grow by doubling, so that steady traffic allocates nothing. */
typedef struct {
    void  *bytes;
    size_t capacity;
} archi_buffer_t;

/* At least n bytes; the content is lost when it grows. On ARCH_E_NOMEM the buffer is as it was. */
arch_status_t archi_buffer_reserve(archi_buffer_t *buffer, size_t n);
void          archi_buffer_free(archi_buffer_t *buffer);

/* Add what another rank brought to a round. */
void archi_net_round_add(archi_net_round_t *round, const archi_net_round_t *other);

/* Spin this often, some us, then let others run: how a rank waits that may share its core, if not with another rank then
 * with somebody else's programs. */
enum { ARCHI_NET_SPINS = 200, ARCHI_NET_YIELDS = 200 };

#endif
