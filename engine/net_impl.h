/* engine/net_impl.h - what a transport provides; net.c calls it through this table. */
#ifndef ARCHI_NET_IMPL_H
#define ARCHI_NET_IMPL_H

#include "engine/net.h"

typedef enum { ARCHI_NET_MIN_I64, ARCHI_NET_MAX_I64, ARCHI_NET_SUM_U64 } archi_net_op_t;

typedef struct {
    const char *kind;
    int one_process;
    void *(*comm)(archi_net_t *net);
    arch_status_t (*reduce)(archi_net_t *net, void *v, size_t n, archi_net_op_t op);
    arch_status_t (*bcast)(archi_net_t *net, void *bytes, size_t n, uint32_t root);
    arch_status_t (*barrier)(archi_net_t *net);
    arch_status_t (*gather)(archi_net_t *net, const void *bytes, size_t n, uint32_t root, void **all, uint64_t *offsets);
    arch_status_t (*exchange)(archi_net_t *net, const void *send, const uint64_t *send_offset, const void **recv,
                              uint64_t *n_recv, archi_net_round_t *round);
    arch_status_t (*share)(archi_net_t *net, uint32_t use, size_t bytes, void **region); /* *region is NULL before */
    arch_status_t (*split)(archi_net_t *net, uint32_t colour, archi_net_t **out);
    void (*destroy)(archi_net_t *net);
} archi_net_ops_t;

/* Buffers that are kept and grow by doubling, so that steady traffic allocates nothing. */
typedef struct {
    void  *bytes;
    size_t capacity;
} archi_buffer_t;

/* Memory that ranks share: what archi_net_share() gives, and what rounds go through. */
enum { ARCHI_NET_FOR_CALLERS, ARCHI_NET_ROUNDS, ARCHI_NET_USES };

typedef struct {
    void  *at; /* NULL: none */
    size_t bytes;
} archi_region_t;

/* How archi_net_exchange_round() goes. */
typedef enum {
    ARCHI_NET_BY_MESSAGES, /* the transport's own way */
    ARCHI_NET_UNTRIED,     /* through memory, if ranks share it */
    ARCHI_NET_IN_MEMORY
} archi_net_rounds_t;

/* First member of every transport's own net. */
struct archi_net {
    const archi_net_ops_t *ops;
    uint32_t               rank, size;
    uint32_t               near_first, n_near; /* see archi_net_near() */
    uint32_t               place;       /* see archi_net_place() */
    uint32_t               n_cores;     /* of all of them together */
    int                    bound;       /* 1: to different cores */
    int                    spins;       /* before a waiting rank yields: none when ranks outnumber cores */
    uint32_t               ring_events; /* see archi_net_set_rings() */
    archi_region_t         region[ARCHI_NET_USES];
    archi_net_rounds_t     rounds;
    uint64_t               n_rounds;  /* through memory, until now */
    archi_buffer_t         collected; /* in such a round, from several ranks */
};

/* From n_near and n_cores: none where ranks outnumber cores, since waiting must not spin at all there. */
void archi_net_set_spins(archi_net_t *net);

/* Collective. See archi_net_share(): at least so much in net->region[use], or nothing there. */
arch_status_t archi_net_reserve(archi_net_t *net, uint32_t use, size_t bytes);

/* Collective. *ready: 1 when this round can go through memory, the same on all ranks. */
arch_status_t archi_round_open(archi_net_t *net, int *ready);
/* Collective. archi_net_exchange_round() through it. */
arch_status_t archi_round_exchange(archi_net_t *net, const void *send, const uint64_t *offset, const void **recv,
                                   uint64_t *n_recv, archi_net_round_t *round);

/* At least n bytes; the content is lost when it grows. On ARCH_E_NOMEM the buffer is as it was. */
arch_status_t archi_buffer_reserve(archi_buffer_t *buffer, size_t n);
void          archi_buffer_free(archi_buffer_t *buffer);

/* Add what another rank brought to a round. */
void archi_net_round_add(archi_net_round_t *round, const archi_net_round_t *other);

/* Spin this often, some us, then let others run: how a rank waits that may share its core, if not with another rank then
 * with somebody else's programs. */
enum { ARCHI_NET_SPINS = 200, ARCHI_NET_YIELDS = 200 };

#endif
