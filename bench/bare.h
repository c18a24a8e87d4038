/* bench/bare.h - ensembles of models on the bare engine, for bench/ensemble.c: members made on the host, run on cores or on
 * a GPU, and read on the host again. */
#ifndef ARCH_BENCH_BARE_H
#define ARCH_BENCH_BARE_H

#include "engine/run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { BARE_PHOLD, BARE_MM1 } bare_kind_t;

typedef struct {
    bare_kind_t  kind;
    uint32_t     size;  /* processes of PHOLD; customers of M/M/1 */
    arch_time_t  until;
    archi_map_t  map;
    archi_step_t step;
    const void  *plan;
    uint64_t     plan_bytes;
    arch_status_t (*make)(uint32_t member, archi_block_t **b);
    uint64_t    (*digest)(const archi_block_t *b);
} bare_model_t;

bare_model_t bare_phold(uint32_t lps, double end_s);
bare_model_t bare_mm1(uint32_t customers);

/* Run blocks that cannot grow to the end, in slices of so many events of each, `per_warp` to a warp (0: as few as fill the
 * GPU). *seconds: of the kernels alone, *copy_seconds: of the way there and back. Those that overflowed are as of the last
 * event handled.
 * ARCH_E_NOTFOUND: no GPU, or no CUDA in this build. */
arch_status_t bare_gpu(const bare_model_t *model, archi_block_t **block, uint32_t n, uint64_t slice, uint32_t per_warp,
                       double *seconds, double *copy_seconds, char name[128]);

#ifdef __cplusplus
}
#endif
#endif
