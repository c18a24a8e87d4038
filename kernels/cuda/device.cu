/* kernels/cuda/device.cu - a GPU as a device of kernels/device.h. What a member does is in kernels/wave.h and in the model's
 * own files; here are launches, copies, and the one place that speaks to the CUDA runtime. */
#include "kernels/device.h"
#include <cuda_runtime.h>
#include <new>
#include <stdio.h>
#include <string.h>

/* COPY and PACK: a block of threads for each member. ADVANCE: a thread each. The members of a warp are at different events, so
 * it does one's after the other's, and waits for memory each time: a warp gets no more members than it must. As many warps
 * as a multiprocessor holds at once, with the registers that the model's handlers take without spilling, share them. */
enum { COPY_THREADS = 256, WARP = 32, ADVANCE_THREADS = 64, BLOCKS_AT_ONCE = 8, WARPS = ADVANCE_THREADS / WARP };
enum { STACK_BYTES = 2048 }; /* of a thread: the model's step takes 1536 */

/* ---- kernels ----------------------------------------------------------------------------------------------------- */

static __global__ void __launch_bounds__(COPY_THREADS) copy_members(archi_wave_t w)
{
    archi_wave_copy(&w, blockIdx.x, threadIdx.x, COPY_THREADS);
}

/* The member of this thread, or w->n: none. */
static __device__ __forceinline__ uint32_t own_member(const archi_wave_t *w, uint32_t per_warp)
{
    uint32_t warp = blockIdx.x * WARPS + threadIdx.x / WARP, lane = threadIdx.x % WARP;

    return lane < per_warp && warp * per_warp + lane < w->n ? warp * per_warp + lane : w->n;
}

static __global__ void __launch_bounds__(ADVANCE_THREADS, BLOCKS_AT_ONCE) begin_members(archi_wave_t w, uint32_t per_warp)
{
    uint32_t i = own_member(&w, per_warp);

    if (i < w.n)
        archi_wave_begin(&w, i);
}

static __global__ void __launch_bounds__(ADVANCE_THREADS, BLOCKS_AT_ONCE) advance_members(archi_wave_t w, uint32_t per_warp)
{
    uint32_t i = own_member(&w, per_warp);

    if (i < w.n)
        archi_wave_advance(&w, i);
}

static __global__ void __launch_bounds__(COPY_THREADS) pack_members(archi_wave_t w)
{
    archi_wave_pack(&w, blockIdx.x, threadIdx.x, COPY_THREADS);
}

/* ---- the runtime ------------------------------------------------------------------------------------------------- */

typedef struct {
    archi_device_t device;
    int            number;
    uint32_t       n_warps; /* that run at once */
    cudaStream_t   stream;
    cudaEvent_t    begun, done; /* of the last launch */
} gpu_t;

static gpu_t *of(archi_device_t *d) { return (gpu_t *)(void *)d; }

static arch_status_t failed(cudaError_t error, const char *name, const char *what, int line)
{
    return arch_fail_at(ARCH_E_CUDA, what, "kernels/cuda/device.cu", line, "%s: %s: %s (%s)", name, what,
                        cudaGetErrorString(error), cudaGetErrorName(error));
}

#define ARCH_TRY_CUDA(name, what, call)                                                                                \
    do {                                                                                                               \
        cudaError_t arch_try_cuda_ = (call);                                                                           \
        if (arch_try_cuda_ != cudaSuccess)                                                                             \
            return failed(arch_try_cuda_, (name), (what), __LINE__);                                                   \
    } while (0)

static arch_status_t room(archi_device_t *d, uint64_t *bytes)
{
    size_t free_bytes = 0, all = 0;

    ARCH_TRY_CUDA(d->name, "asking for its free memory", cudaMemGetInfo(&free_bytes, &all));
    *bytes = free_bytes;
    return ARCH_OK;
}

static arch_status_t take(archi_device_t *d, uint64_t bytes, void **out)
{
    cudaError_t error = cudaMalloc(out, bytes);

    if (error == cudaErrorMemoryAllocation) {
        (void)cudaGetLastError(); /* it is told, and forgotten */
        *out = NULL;
        return ARCH_OK;
    }
    ARCH_TRY_CUDA(d->name, "taking memory", error);
    return ARCH_OK;
}

/* Where this fails, what was launched has: that was told, or will be. */
static void give(archi_device_t *d, void *memory)
{
    (void)d;
    (void)cudaFree(memory);
}

static arch_status_t take_host(archi_device_t *d, uint64_t bytes, void **out)
{
    cudaError_t error = cudaMallocHost(out, bytes);

    if (error == cudaSuccess)
        return ARCH_OK;
    (void)cudaGetLastError();
    *out = NULL;
    return ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory of the host for %llu bytes of statistics", d->name,
                     (unsigned long long)bytes);
}

static void give_host(archi_device_t *d, void *memory)
{
    (void)d;
    (void)cudaFreeHost(memory);
}

static arch_status_t copy(archi_device_t *d, void *to, const void *from, uint64_t bytes, cudaMemcpyKind kind,
                          const char *what)
{
    ARCH_TRY_CUDA(d->name, what, cudaMemcpyAsync(to, from, bytes, kind, of(d)->stream));
    ARCH_TRY_CUDA(d->name, what, cudaStreamSynchronize(of(d)->stream));
    return ARCH_OK;
}

static arch_status_t put(archi_device_t *d, void *to, const void *from, uint64_t bytes)
{
    return copy(d, to, from, bytes, cudaMemcpyHostToDevice, "copying to it");
}

static arch_status_t get(archi_device_t *d, void *to, const void *from, uint64_t bytes)
{
    return copy(d, to, from, bytes, cudaMemcpyDeviceToHost, "copying from it");
}

static arch_status_t launch(archi_device_t *d, archi_launch_t what, const archi_wave_t *w)
{
    uint32_t fair = (w->n + of(d)->n_warps - 1) / of(d)->n_warps, per_warp = fair < WARP ? fair : WARP;
    uint32_t blocks = (w->n + per_warp * WARPS - 1) / (per_warp * WARPS);
    cudaStream_t stream = of(d)->stream;

    ARCH_TRY_CUDA(d->name, "timing", cudaEventRecord(of(d)->begun, stream));
    switch (what) {
    case ARCHI_LAUNCH_COPY: copy_members<<<w->n, COPY_THREADS, 0, stream>>>(*w); break;
    case ARCHI_LAUNCH_BEGIN: begin_members<<<blocks, ADVANCE_THREADS, 0, stream>>>(*w, per_warp); break;
    case ARCHI_LAUNCH_ADVANCE: advance_members<<<blocks, ADVANCE_THREADS, 0, stream>>>(*w, per_warp); break;
    default: pack_members<<<w->n, COPY_THREADS, 0, stream>>>(*w);
    }
    ARCH_TRY_CUDA(d->name, "launching", cudaGetLastError());
    ARCH_TRY_CUDA(d->name, "timing", cudaEventRecord(of(d)->done, stream));
    return ARCH_OK;
}

static arch_status_t look(archi_device_t *d, bool *busy, double *seconds)
{
    cudaError_t error = cudaStreamQuery(of(d)->stream);
    float milliseconds = 0;

    *busy = error == cudaErrorNotReady;
    if (*busy) {
        (void)cudaGetLastError(); /* no error, but kept as one */
        return ARCH_OK;
    }
    ARCH_TRY_CUDA(d->name, "simulating", error);
    ARCH_TRY_CUDA(d->name, "timing", cudaEventElapsedTime(&milliseconds, of(d)->begun, of(d)->done));
    *seconds = 1e-3 * (double)milliseconds;
    return ARCH_OK;
}

static void close_gpu(archi_device_t *d)
{
    (void)cudaEventDestroy(of(d)->begun);
    (void)cudaEventDestroy(of(d)->done);
    (void)cudaStreamDestroy(of(d)->stream);
    delete of(d);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static arch_status_t no_gpu(cudaError_t error)
{
    int driver = 0;

    (void)cudaGetLastError();
    (void)cudaDriverGetVersion(&driver);
    if (error == cudaErrorInsufficientDriver && driver == 0)
        return ARCH_FAIL(ARCH_E_NOTFOUND, "there is no GPU to run on: no driver is installed");
    if (error == cudaErrorInsufficientDriver)
        return ARCH_FAIL(ARCH_E_NOTFOUND, "there is no GPU to run on: its driver is of CUDA %d.%d, this build wants %d.%d",
                         driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    return ARCH_FAIL(ARCH_E_NOTFOUND, "there is no GPU to run on: its driver finds none");
}

/* Which one; ARCH_E_NOTFOUND where there is none: no GPU, no driver, or one that is older than this build. */
static arch_status_t choose(uint32_t rank_here, int *number)
{
    int n = 0;
    cudaError_t error = cudaGetDeviceCount(&n);

    if (error == cudaErrorNoDevice || error == cudaErrorInsufficientDriver || (error == cudaSuccess && n == 0))
        return no_gpu(error);
    ARCH_TRY_CUDA("GPU", "counting GPUs", error);
    *number = (int)(rank_here % (uint32_t)n);
    return ARCH_OK;
}

uint32_t archi_device_count(void)
{
    int n = 0;

    if (cudaGetDeviceCount(&n) != cudaSuccess)
        (void)cudaGetLastError();
    return n > 0 ? (uint32_t)n : 0;
}

static arch_status_t open(gpu_t *g)
{
    cudaDeviceProp about;

    snprintf(g->device.name, sizeof g->device.name, "GPU %d", g->number);
    ARCH_TRY_CUDA(g->device.name, "asking what it is", cudaGetDeviceProperties(&about, g->number));
    snprintf(g->device.name, sizeof g->device.name, "GPU %d (%.100s)", g->number, about.name);
    g->n_warps = (uint32_t)about.multiProcessorCount * BLOCKS_AT_ONCE * WARPS;
    ARCH_TRY_CUDA(g->device.name, "choosing it", cudaSetDevice(g->number));
    ARCH_TRY_CUDA(g->device.name, "giving its threads a stack", cudaDeviceSetLimit(cudaLimitStackSize, STACK_BYTES));
    ARCH_TRY_CUDA(g->device.name, "opening it", cudaStreamCreateWithFlags(&g->stream, cudaStreamNonBlocking));
    ARCH_TRY_CUDA(g->device.name, "opening it", cudaEventCreate(&g->begun));
    ARCH_TRY_CUDA(g->device.name, "opening it", cudaEventCreate(&g->done));
    return ARCH_OK;
}

arch_status_t archi_device_open(uint32_t rank_here, archi_device_t **out)
{
    gpu_t *g;
    int number = 0;
    arch_status_t st;

    *out = NULL;
    ARCH_TRY(choose(rank_here, &number));
    g = new (std::nothrow) gpu_t();
    if (g == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a GPU");
    g->number = number;
    g->device.room = room;
    g->device.take = take;
    g->device.give = give;
    g->device.take_host = take_host;
    g->device.give_host = give_host;
    g->device.put = put;
    g->device.get = get;
    g->device.launch = launch;
    g->device.look = look;
    g->device.close = close_gpu;
    st = open(g);
    if (st != ARCH_OK)
        delete g;
    else
        *out = &g->device;
    return st;
}
