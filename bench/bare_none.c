/* bench/bare_none.c - bare_gpu() in builds without CUDA. */
#include "bench/bare.h"

#ifndef BENCH_CUDA /* else bench/bare.cu has it */
arch_status_t bare_gpu(const bare_model_t *model, archi_block_t **block, uint32_t n, uint64_t slice, uint32_t per_warp,
                       double *seconds, double *copy_seconds, char name[128])
{
    (void)model, (void)block, (void)n, (void)slice, (void)per_warp;
    *seconds = *copy_seconds = 0;
    name[0] = '\0';
    return ARCH_FAIL(ARCH_E_NOTFOUND, "this build has no CUDA");
}
#endif
