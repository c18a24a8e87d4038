/* engine/net.h - ranks and what they say to each other. The same calls over MPI (net_mpi.c) and over threads of one
 * process (net_self.c, of one or more ranks), so that everything above is written once and can be tested under
 * ThreadSanitizer. A net is used by one thread per rank. Every call marked collective is made by every rank of the net, in
 * the same order. */
#ifndef ARCHI_NET_H
#define ARCHI_NET_H

#include <architech/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct archi_net archi_net_t;

uint32_t archi_net_rank(const archi_net_t *net);
uint32_t archi_net_size(const archi_net_t *net);
/* Ranks that run on this one's machine, itself among them; *first is the least of them. The launcher's word counts. */
uint32_t archi_net_near(const archi_net_t *net, uint32_t *first);
/* This rank's number among them. */
uint32_t archi_net_place(const archi_net_t *net);
/* Cores that each of them may use, at least 1; UINT32_MAX where they are bound to different ones. The same on all. */
uint32_t archi_net_cores(const archi_net_t *net);
/* Ranks of `net` that were split from `all` work while the others do: they count on their share of the cores only. */
void archi_net_share_cores(archi_net_t *net, const archi_net_t *all);
/* Cores that this process may use, at least 1. */
uint32_t archi_own_cores(void);
/* 1 when all ranks are threads of one process: what one of them allocated another may use and free. */
int archi_net_one_process(const archi_net_t *net);
const char *archi_net_kind(const archi_net_t *net);                     /* "mpi" or "threads" */
/* Address of the communicator (MPI_Comm *) for libraries that need one, or NULL over threads. */
void *archi_net_comm(archi_net_t *net);

/* Collective. Element by element over all ranks; every rank gets the result in place. */
arch_status_t archi_net_min_i64(archi_net_t *net, int64_t *v, size_t n);
arch_status_t archi_net_max_i64(archi_net_t *net, int64_t *v, size_t n);
arch_status_t archi_net_sum_u64(archi_net_t *net, uint64_t *v, size_t n);   /* modulo 2^64: exact, in any order */
arch_status_t archi_net_bcast(archi_net_t *net, void *bytes, size_t n, uint32_t root);
arch_status_t archi_net_barrier(archi_net_t *net);

/* Collective. Rank r's n bytes land on root in *all (malloc'ed, the caller frees; NULL elsewhere) in order of rank, with
 * offsets[0..size] (caller's array of size+1 on root, may be NULL elsewhere). */
arch_status_t archi_net_gather(archi_net_t *net, const void *bytes, size_t n, uint32_t root, void **all, uint64_t *offsets);

/* Collective. Bytes for rank r stand at send + send_offset[r] .. send_offset[r+1]. What arrives stands in *recv, in order of
 * rank, *n_recv bytes; it belongs to the net and lives until the next exchange. */
arch_status_t archi_net_exchange(archi_net_t *net, const void *send, const uint64_t *send_offset, const void **recv,
                                 uint64_t *n_recv);

/* What one round of a parallel run settles besides carrying events. In: this rank's share; out: over all ranks. */
typedef struct {
    int64_t  least[2]; /* the least, place by place */
    uint64_t sum;      /* the sum, modulo 2^64 */
} archi_net_round_t;

/* Collective. archi_net_exchange() with a reduction on the same messages: one latency instead of two; through memory, where
 * ranks share some and little is said (net_round.c). On ARCH_E_NOMEM, which may meet one rank alone, nothing was received
 * here but *round is settled on every rank. */
arch_status_t archi_net_exchange_round(archi_net_t *net, const void *send, const uint64_t *send_offset,
                                       const void **recv, uint64_t *n_recv, archi_net_round_t *round);

/* Collective. Memory that all ranks see, at least `bytes` (the same on every rank), aligned to 128, though not at the same
 * address, with any content. It belongs to the net and lives until more is asked for or the net ends: nobody may still use
 * it then. *region is NULL where ranks do not share a machine, or it does not let them share memory. What a rank wrote there
 * before a reduction, all see after it. ARCH_E_NOMEM on all ranks. */
arch_status_t archi_net_share(archi_net_t *net, size_t bytes, void **region);

/* For tests, by every rank: events that fit into a ring between two ranks, 0: as many as suit, 1, 2, 4 ...; or
 * ARCHI_NET_APART: as if ranks did not share a machine. Nets split from this one do the same. */
#define ARCHI_NET_APART UINT32_MAX
void archi_net_set_rings(archi_net_t *net, uint32_t n_events);

/* Collective. The same status on every rank: the first rank's failure is everyone's; ranks that were cancelled, perhaps
 * because another failed, speak only when there is no other failure. Ranks that were fine get
 * ARCH_E_PEER's text naming the rank and its text. Precedes the next collective call wherever a rank may have failed. */
arch_status_t archi_net_agree(archi_net_t *net, arch_status_t st);

/* Collective. Ranks of one colour form a new net, ordered by rank. The caller owns *out. */
arch_status_t archi_net_split(archi_net_t *net, uint32_t colour, archi_net_t **out);
void archi_net_destroy(archi_net_t **net);

/* The net of the MPI world: initialises MPI if nobody has (and then finalises it in destroy). Collective over the world. */
arch_status_t archi_net_mpi_open(archi_net_t **out);
/* 1 when this process was started by an MPI launcher (mpirun, srun), so that a plain run need not initialise MPI. */
int archi_net_mpi_launched(void);

/* A group of `size` ranks that are threads of this process. rank 0..size-1 each call archi_net_threads_join() in their own
 * thread; destroy the group after all joined nets are destroyed. */
typedef struct archi_net_group archi_net_group_t;
arch_status_t archi_net_group_create(uint32_t size, archi_net_group_t **out);
arch_status_t archi_net_group_join(archi_net_group_t *group, uint32_t rank, archi_net_t **out);
void archi_net_group_destroy(archi_net_group_t **group);

#ifdef __cplusplus
}
#endif
#endif
