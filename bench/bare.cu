/* bench/bare.cu - bare_gpu(): one member of PHOLD or M/M/1 for each thread. */
#include "bench/bare.h"
#include "engine/draw.h"
#include "engine/elementary.h"
#include <cuda_runtime.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

namespace phold {
#include "bench/phold_model.h"
}
namespace mm1 {
#include "bench/mm1_model.h"
}

enum { WARP = 32, THREADS = 64, WARPS = THREADS / WARP, BLOCKS_AT_ONCE = 8 };

typedef struct {
    char          *region;
    const uint64_t *at;
    const void    *plan;
    uint32_t       n, per_warp, kind;
    uint32_t      *running; /* set by every member that is not at its end */
    arch_time_t    horizon;
    uint64_t       slice; /* events of each in a launch */
} wave_t;

static __global__ void __launch_bounds__(THREADS, BLOCKS_AT_ONCE) advance(wave_t w)
{
    uint32_t lane = threadIdx.x % WARP, i = (blockIdx.x * WARPS + threadIdx.x / WARP) * w.per_warp + lane;
    archi_block_t *b;
    archi_map_t map;
    archi_stop_t stop;

    if (lane >= w.per_warp || i >= w.n)
        return;
    b = (archi_block_t *)(w.region + w.at[i]);
    map = archi_map_t{b->n_lps, 1, b->n_lps, NULL, NULL};
    if (w.kind == BARE_PHOLD)
        stop = archi_run_some(w.plan, &map, b, w.horizon, w.slice, phold::handle);
    else
        stop = archi_run_some(w.plan, &map, b, w.horizon, w.slice, mm1::handle);
    if (stop == ARCHI_PAUSED)
        *w.running = 1;
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        cudaError_t error_ = (call);                                                                                   \
        if (error_ != cudaSuccess)                                                                                     \
            return ARCH_FAIL(ARCH_E_CUDA, "%s: %s", #call, cudaGetErrorString(error_));                                \
    } while (0)

static arch_status_t run(uint32_t n_warps, wave_t *w, double *seconds)
{
    uint32_t fair = (w->n + n_warps - 1) / n_warps, blocks, running = 1;
    double begun = now_s();

    if (w->per_warp == 0)
        w->per_warp = fair < WARP ? fair : WARP;
    blocks = (w->n + w->per_warp * WARPS - 1) / (w->per_warp * WARPS);
    while (running != 0) {
        TRY(cudaMemset(w->running, 0, sizeof *w->running));
        advance<<<blocks, THREADS>>>(*w);
        TRY(cudaGetLastError());
        TRY(cudaMemcpy(&running, w->running, sizeof running, cudaMemcpyDeviceToHost));
    }
    *seconds = now_s() - begun;
    return ARCH_OK;
}

static arch_status_t there_and_back(const bare_model_t *m, archi_block_t **block, uint32_t n_warps, wave_t *w, uint64_t *at,
                                    double *seconds, double *copy_seconds)
{
    uint64_t bytes = 0, *at_gpu = NULL;
    void *plan = NULL;
    double begun = now_s();

    for (uint32_t i = 0; i < w->n; i++) {
        at[i] = bytes;
        bytes += (block[i]->bytes + 255) / 256 * 256;
    }
    TRY(cudaMalloc((void **)&w->region, bytes));
    TRY(cudaMalloc((void **)&at_gpu, w->n * sizeof *at));
    TRY(cudaMalloc((void **)&w->running, sizeof *w->running));
    TRY(cudaMalloc(&plan, m->plan_bytes));
    TRY(cudaMemcpy(at_gpu, at, w->n * sizeof *at, cudaMemcpyHostToDevice));
    TRY(cudaMemcpy(plan, m->plan, m->plan_bytes, cudaMemcpyHostToDevice));
    for (uint32_t i = 0; i < w->n; i++)
        TRY(cudaMemcpy(w->region + at[i], block[i], block[i]->bytes, cudaMemcpyHostToDevice));
    w->at = at_gpu;
    w->plan = plan;
    *copy_seconds = now_s() - begun;
    ARCH_TRY(run(n_warps, w, seconds));
    begun = now_s();
    for (uint32_t i = 0; i < w->n; i++)
        TRY(cudaMemcpy(block[i], w->region + at[i], block[i]->bytes, cudaMemcpyDeviceToHost));
    *copy_seconds += now_s() - begun;
    TRY(cudaFree(w->region));
    TRY(cudaFree(at_gpu));
    TRY(cudaFree(w->running));
    TRY(cudaFree(plan));
    return ARCH_OK;
}

arch_status_t bare_gpu(const bare_model_t *model, archi_block_t **block, uint32_t n, uint64_t slice, uint32_t per_warp,
                       double *seconds, double *copy_seconds, char name[128])
{
    wave_t w = {NULL, NULL, NULL, n, per_warp, (uint32_t)model->kind, NULL, model->until, slice};
    cudaDeviceProp about;
    arch_status_t st;
    uint64_t *at;
    int n_gpus = 0;

    *seconds = *copy_seconds = 0;
    if (cudaGetDeviceCount(&n_gpus) != cudaSuccess || n_gpus == 0)
        return ARCH_FAIL(ARCH_E_NOTFOUND, "there is no GPU");
    TRY(cudaGetDeviceProperties(&about, 0));
    TRY(cudaDeviceSetLimit(cudaLimitStackSize, 2048));
    snprintf(name, 128, "%s", about.name);
    at = new uint64_t[n];
    st = there_and_back(model, block, (uint32_t)about.multiProcessorCount * BLOCKS_AT_ONCE * WARPS, &w, at, seconds,
                        copy_seconds);
    delete[] at;
    return st;
}
