/* faults.cu <what> - does what a GPU must not be asked to do, or asks how it calculates: what the cores in place of a GPU have to
 * notice, and to give. */
#include <cuda_runtime.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { N = 100 };

static __global__ void set(uint64_t *at, uint64_t offset) { *(uint64_t *)((char *)at + offset) = 1; }

static __global__ void fill(uint64_t *at)
{
    uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i < N)
        at[i] = 3 * i;
}

static __global__ void ask(uint64_t *at)
{
    if (at[0] > 7)
        at[1] = 1;
}

static __device__ __noinline__ uint64_t deep(uint64_t n, volatile uint64_t *at)
{
    uint64_t own[64];

    for (uint64_t i = 0; i < 64; i++)
        own[i] = at[i] + n;
    return n == 0 ? own[at[0] & 63] : deep(n - 1, own) + own[n & 63];
}

static __global__ void descend(uint64_t *at, uint64_t n) { at[0] = deep(n, at); }

/* Figures that the ISA's definition gives; the instructions by name, so that no compiler does them beforehand. */
static __global__ void calculate(uint64_t *out, uint64_t a, uint64_t b, uint32_t n, double x, double y)
{
    uint64_t r, q;
    uint32_t s, t;
    double f;

    asm volatile("shl.b64 %0, %1, %2;" : "=l"(r) : "l"(a), "r"(n));
    out[0] = r;
    asm volatile("shr.s64 %0, %1, %2;" : "=l"(r) : "l"(a), "r"(n));
    out[1] = r;
    asm volatile("mul.hi.u64 %0, %1, %2;" : "=l"(r) : "l"(a), "l"(b));
    out[2] = r;
    asm volatile("bfi.b64 %0, %1, %2, 60, 8;" : "=l"(r) : "l"(a >> 4), "l"(b));
    out[3] = r;
    asm volatile("shf.l.wrap.b32 %0, %1, %2, 33;" : "=r"(s) : "r"((uint32_t)a), "r"((uint32_t)(a >> 32)));
    out[4] = s;
    asm volatile("cvt.rzi.s32.f64 %0, %1;" : "=r"(s) : "d"(x));
    asm volatile("cvt.rzi.u32.f64 %0, %1;" : "=r"(t) : "d"(x));
    out[5] = (uint64_t)t << 32 | s;
    asm volatile("cvt.rzi.s64.f64 %0, %1;" : "=l"(r) : "d"(y));
    asm volatile("cvt.rzi.u64.f64 %0, %1;" : "=l"(q) : "d"(y));
    out[6] = r;
    out[7] = q;
    asm volatile("max.f64 %0, %1, %2;" : "=d"(f) : "d"(x), "d"(y));
    out[8] = (uint64_t)(f == x);
    out[9] = (uint64_t) !(x < y);
    asm volatile("div.s64 %0, %1, %2;" : "=l"(r) : "l"(a), "l"(b - b - 3));
    out[10] = r;
    asm volatile("clz.b64 %0, %1;" : "=r"(s) : "l"(b - b));
    out[11] = s;
}

#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        cudaError_t error_ = (call);                                                                                   \
        if (error_ != cudaSuccess) {                                                                                   \
            printf("%s: %s\n", #call, cudaGetErrorName(error_));                                                       \
            return 3;                                                                                                  \
        }                                                                                                              \
    } while (0)

static int figures(uint64_t *at)
{
    const uint64_t a = 0xfedcba9876543210u, b = 0x0123456789abcdefu;
    const uint64_t expected[12] = {0, ~UINT64_C(0), 0x0121fa00ad77d742u, 0x1123456789abcdefu,
                                   0xfdb97530u, UINT64_C(0xffffffff7fffffff), UINT64_C(1) << 63, UINT64_C(1) << 63,
                                   1, 1, (uint64_t)((int64_t)a / -3), 64};
    uint64_t got[12];
    int wrong = 0;

    calculate<<<1, 1>>>(at, a, b, 64, 1e300, NAN);
    TRY(cudaMemcpy(got, at, sizeof got, cudaMemcpyDeviceToHost));
    for (int i = 0; i < 12; i++)
        if (got[i] != expected[i]) {
            printf("figure %d: %016llx, expected %016llx\n", i, (unsigned long long)got[i], (unsigned long long)expected[i]);
            wrong = 1;
        }
    return wrong;
}

static int fine(uint64_t *at)
{
    uint64_t got[N];

    fill<<<4, 32>>>(at);
    TRY(cudaGetLastError());
    TRY(cudaMemcpy(got, at, sizeof got, cudaMemcpyDeviceToHost));
    for (uint32_t i = 0; i < N; i++)
        if (got[i] != 3 * i)
            return 1;
    return figures(at);
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    uint64_t *at = NULL, here[N] = {0};
    int status = 0;

    TRY(cudaMalloc((void **)&at, sizeof here));
    TRY(cudaMemcpy(at, here, sizeof here, cudaMemcpyHostToDevice));
    if (strcmp(what, "fine") == 0)
        status = fine(at);
    else if (strcmp(what, "host") == 0)
        set<<<1, 1>>>(here, 0);
    else if (strcmp(what, "unaligned") == 0)
        set<<<1, 1>>>(at, 4);
    else if (strcmp(what, "beyond") == 0)
        set<<<1, 1>>>(at, 1024);
    else if (strcmp(what, "stack") == 0)
        descend<<<1, 1>>>(at, 20);
    else if (strcmp(what, "copy") == 0)
        TRY(cudaMemcpy(at + 1, here, sizeof here, cudaMemcpyHostToDevice));
    else if (strcmp(what, "way") == 0)
        TRY(cudaMemcpy(at, here, sizeof here, cudaMemcpyDeviceToHost));
    else if (strcmp(what, "threads") == 0)
        fill<<<1, 2048>>>(at);
    else if (strcmp(what, "look") == 0)
        printf("%llu\n", (unsigned long long)*at);
    else if (strcmp(what, "unset") == 0) {
        TRY(cudaFree(at));
        TRY(cudaMalloc((void **)&at, sizeof here));
        ask<<<1, 1>>>(at);
    } else if (strcmp(what, "freed") == 0) {
        TRY(cudaFree(at));
        set<<<1, 1>>>(at, 0);
        at = NULL;
    } else if (strcmp(what, "leak") != 0)
        return 2;
    TRY(cudaGetLastError());
    TRY(cudaDeviceSynchronize());
    if (strcmp(what, "leak") != 0)
        TRY(cudaFree(at));
    return status;
}
