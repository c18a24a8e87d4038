/* tests/gpu/cores/runtime.c - the CUDA runtime where there is no GPU: what kernels/cuda/device.cu and bench/bare.cu call of
 * it, over kernels that ptx_to_c has translated. A program that holds these functions takes them in place of NVIDIA's
 * library; its own objects are those that nvcc has made for a GPU.
 *
 * Each stream is a thread that does what it was given in order, as a stream does: who does not wait for it sees what is not
 * there yet. Threads of a launch run one after the other, now from the first, now from the last: a GPU promises no order.
 * The device's memory holds other bytes than zero when it is taken, lies between pages that nobody may touch, and has no
 * address that the host could use. What a GPU would answer with an error that nobody has provoked stops the program.
 *
 * Environment:  ARCH_CORES_GPUS        GPUs that there are (1); 0: no driver
 *               ARCH_CORES_BYTES       memory of each (4 GiB)
 *               ARCH_CORES_PROCESSORS  multiprocessors of each (132)
 *               ARCH_CORES_FAILS       launches after which one fails, and everything after it (never)
 *               ARCH_CORES_COUNTS      file that is told how often each basic block was entered (see ptx_to_c)
 *               ARCH_CORES_ROUND       <module> <block>: the block that begins a round, in which each thread of a warp does
 *                                      one event; the file is told what rounds would cost (see warps.h) */
#include "ptx.h"
#include "warps.h"
#include <cuda_runtime_api.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_UNDEFINED(at, bytes) ((void)(at), (void)(bytes))
#endif

enum { MOST_PIECES = 256, MOST_MODULES = 16, MOST_FUNCTIONS = 64, MOST_STREAMS = 8 };
enum { MOST_BYTES = 256, PAGE = 4096, WORD = 256, DEFAULT_PROCESSORS = 132 };

char *ptx_memory;

typedef struct {
    uint64_t at, bytes, mapped; /* offset of its first byte; mapped: bytes of its pages */
    uint64_t first_page;
} piece_t;

typedef struct {
    const void *host;
    const char *name;
} function_t;

typedef enum { DO_KERNEL, DO_COPY, DO_SET, DO_EVENT, DO_END } what_t;

typedef struct op {
    struct op *next;
    what_t what;
    const ptx_kernel_t *kernel;
    dim3 grid, block;
    uint64_t number; /* of the launch */
    char args[PTX_MOST_PARAMS][MOST_BYTES];
    void *to;
    const void *from;
    uint64_t bytes;
    int value; /* of each byte that is set */
    struct CUevent_st *event;
} op_t;

struct CUstream_st {
    pthread_t thread;
    pthread_cond_t changed;
    op_t *first, **last;
    bool busy;
};

struct CUevent_st {
    double at;
    uint32_t n_pending;
};

typedef struct {
    const char *name;
    const ptx_kernel_t *kernel;
    uint32_t n, n_blocks;
    const uint16_t *instructions; /* [n_blocks] */
    uint64_t *entered; /* [n_blocks] */
    warps_t *warps; /* NULL: not asked for */
} module_t;

static struct {
    pthread_mutex_t lock;
    module_t module[MOST_MODULES];
    uint32_t n_modules, n_functions, n_pieces, local_limit;
    function_t function[MOST_FUNCTIONS];
    piece_t piece[MOST_PIECES];
    uint64_t taken, addresses, next; /* next: page that was never used; addresses are not used again */
    long n_launches;
    cudaError_t last, broken; /* broken: what every call answers from then on */
    struct CUstream_st *plain; /* the stream of those that name none */
    struct CUstream_st *stream[MOST_STREAMS];
    uint32_t n_streams;
} gpu = {.lock = PTHREAD_MUTEX_INITIALIZER, .local_limit = 1024};

/* Of a launch, until the call that consumes it. */
static _Thread_local struct {
    dim3 grid, block;
    cudaStream_t stream;
} configured;

static _Noreturn void stop(const char *what)
{
    fprintf(stderr, "CUDA on cores: %s\n", what);
    abort();
}

_Noreturn void ptx_fault(const ptx_thread_t *t, const char *what, uint64_t address, const char *file, int line)
{
    fprintf(stderr, "CUDA on cores: %s:%d: block %u, thread %u: %#llx: %s\n", file, line, t->ctaid.x, t->tid.x,
            (unsigned long long)address, what);
    abort();
}

static uint64_t setting(const char *name, uint64_t usual)
{
    const char *text = getenv(name);
    char *end = NULL;
    uint64_t value;

    if (text == NULL || *text == '\0')
        return usual;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0') {
        fprintf(stderr, "CUDA on cores: %s=%s: expected a whole number\n", name, text);
        exit(2);
    }
    return value;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What a call answers: its own error, or the one that broke the device. Under the lock. */
static cudaError_t answer(cudaError_t error)
{
    if (gpu.broken != cudaSuccess)
        error = gpu.broken;
    if (error != cudaSuccess)
        gpu.last = error;
    return error;
}

static cudaError_t said(cudaError_t error)
{
    pthread_mutex_lock(&gpu.lock);
    error = answer(error);
    pthread_mutex_unlock(&gpu.lock);
    return error;
}

/* ---- kernels ----------------------------------------------------------------------------------------------------- */

/* ARCH_CORES_ROUND, where it is of this module. */
static warps_t *warps_wanted(const char *module, const uint16_t *instructions, uint32_t n_blocks)
{
    const char *wanted = getenv("ARCH_CORES_ROUND");
    size_t n = strlen(module);
    warps_t *w;

    if (wanted == NULL || strncmp(wanted, module, n) != 0 || wanted[n] != ' ')
        return NULL;
    w = warps_create(instructions, n_blocks, (uint32_t)strtoul(wanted + n, NULL, 10));
    if (w == NULL)
        stop("no memory");
    return w;
}

void ptx_announce(const char *module, const ptx_kernel_t *kernel, uint32_t n, const uint16_t *instructions,
                  uint32_t n_blocks)
{
    module_t *m = &gpu.module[gpu.n_modules];

    if (gpu.n_modules == MOST_MODULES)
        stop("too many modules");
    for (uint32_t k = 0; k < n; k++)
        for (uint32_t i = 0; i < kernel[k].n_params; i++)
            if (kernel[k].bytes[i] > MOST_BYTES)
                stop("a parameter is too large");
    *m = (module_t){module, kernel, n, n_blocks, instructions, calloc(n_blocks, sizeof *m->entered),
                    warps_wanted(module, instructions, n_blocks)};
    if (m->entered == NULL)
        stop("no memory");
    gpu.n_modules++;
}

static const ptx_kernel_t *kernel_of(const module_t *m, const char *name)
{
    for (uint32_t k = 0; k < m->n; k++)
        if (strcmp(m->kernel[k].name, name) == 0)
            return &m->kernel[k];
    return NULL;
}

static module_t *module_of(const ptx_kernel_t *kernel)
{
    uint32_t m = 0;

    while (kernel < gpu.module[m].kernel || kernel >= gpu.module[m].kernel + gpu.module[m].n)
        m++;
    return &gpu.module[m];
}

static const ptx_kernel_t *find_kernel(const void *host)
{
    for (uint32_t i = 0; i < gpu.n_functions; i++)
        for (uint32_t m = 0; gpu.function[i].host == host && m < gpu.n_modules; m++) {
            const ptx_kernel_t *k = kernel_of(&gpu.module[m], gpu.function[i].name);
            if (k != NULL)
                return k;
        }
    stop("a kernel that was not translated");
}

static void run_thread(ptx_thread_t *t, const op_t *op, uint64_t i, char *const *args)
{
    t->tid = (ptx_dim_t){(uint32_t)(i % op->block.x), 0, 0};
    t->ctaid = (ptx_dim_t){(uint32_t)(i / op->block.x), 0, 0};
    t->ntid = (ptx_dim_t){op->block.x, 1, 1};
    t->nctaid = (ptx_dim_t){op->grid.x, 1, 1};
    t->local_used = 0;
    t->n_trace = 0;
    op->kernel->run(t, args);
}

static void run_kernel(op_t *op)
{
    module_t *m = module_of(op->kernel);
    ptx_thread_t *t = malloc(sizeof *t);
    uint64_t n = (uint64_t)op->grid.x * op->block.x;
    char *args[PTX_MOST_PARAMS];

    if (t == NULL || (t->block = calloc(m->n_blocks, sizeof *t->block)) == NULL)
        stop("no memory");
    for (uint32_t i = 0; i < PTX_MOST_PARAMS; i++)
        args[i] = op->args[i];
    memset(t->local, 0xa5, sizeof t->local);
    VALGRIND_MAKE_MEM_UNDEFINED(t->local, sizeof t->local);
    t->local_limit = gpu.local_limit;
    t->trace_room = 0;
    t->trace = warps_room(m->warps, &t->trace_room);
    for (uint64_t i = 0; i < n; i++) {
        run_thread(t, op, op->number % 2 == 1 ? n - 1 - i : i, args);
        if (m->warps != NULL)
            warps_add(m->warps, t->n_trace);
    }
    if (m->warps != NULL)
        warps_end(m->warps);
    pthread_mutex_lock(&gpu.lock);
    for (uint32_t i = 0; i < m->n_blocks; i++)
        m->entered[i] += t->block[i];
    pthread_mutex_unlock(&gpu.lock);
    free(t->block);
    free(t);
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static bool is_device(const void *at) { return (uint64_t)at - PTX_DEVICE < PTX_MEMORY_BYTES; }

/* Where the host finds them; all within one piece. */
static char *device_bytes(const void *at, uint64_t bytes)
{
    uint64_t offset = (uint64_t)at - PTX_DEVICE;

    for (uint32_t i = 0; i < gpu.n_pieces; i++)
        if (offset >= gpu.piece[i].at && offset + bytes <= gpu.piece[i].at + gpu.piece[i].bytes)
            return ptx_memory + offset;
    stop("a copy outside of what was taken");
}

static void do_copy(const op_t *op)
{
    char *to = op->to;
    const char *from = op->from;

    pthread_mutex_lock(&gpu.lock);
    if (is_device(to))
        to = device_bytes(to, op->bytes);
    if (is_device(from))
        from = device_bytes(from, op->bytes);
    pthread_mutex_unlock(&gpu.lock);
    memcpy(to, from, op->bytes);
}

/* A piece ends where its last page does, as nearly as the 256 bytes allow that CUDA aligns to. */
cudaError_t cudaMalloc(void **out, size_t bytes)
{
    cudaError_t error = cudaSuccess;
    uint64_t words = (bytes + WORD - 1) / WORD * WORD, pages = (words + PAGE - 1) / PAGE * PAGE;
    piece_t *p;

    pthread_mutex_lock(&gpu.lock);
    if (gpu.n_pieces == MOST_PIECES)
        stop("too many pieces of memory");
    if (gpu.taken + words > setting("ARCH_CORES_BYTES", UINT64_C(4) << 30) || gpu.next + pages + PAGE > gpu.addresses)
        error = cudaErrorMemoryAllocation;
    else if (mprotect(ptx_memory + gpu.next, pages, PROT_READ | PROT_WRITE) != 0)
        stop("this machine has no memory for it");
    error = answer(error);
    if (error == cudaSuccess) {
        p = &gpu.piece[gpu.n_pieces++];
        *p = (piece_t){gpu.next + pages - words, bytes, pages, gpu.next};
        memset(ptx_memory + gpu.next, 0xa5, pages);
        VALGRIND_MAKE_MEM_UNDEFINED(ptx_memory + gpu.next, pages);
        gpu.taken += words;
        gpu.next += pages + PAGE;
        *out = (void *)(PTX_DEVICE + p->at);
    }
    pthread_mutex_unlock(&gpu.lock);
    return error;
}

static void wait_for_all(void);

cudaError_t cudaFree(void *at)
{
    cudaError_t error = at == NULL ? cudaSuccess : cudaErrorInvalidValue;

    wait_for_all();
    pthread_mutex_lock(&gpu.lock);
    for (uint32_t i = 0; i < gpu.n_pieces; i++)
        if ((uint64_t)at == PTX_DEVICE + gpu.piece[i].at) {
            if (mmap(ptx_memory + gpu.piece[i].first_page, gpu.piece[i].mapped, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
                stop("its memory cannot be given back");
            gpu.taken -= (gpu.piece[i].bytes + WORD - 1) / WORD * WORD;
            gpu.piece[i] = gpu.piece[--gpu.n_pieces];
            error = cudaSuccess;
            break;
        }
    error = answer(error);
    pthread_mutex_unlock(&gpu.lock);
    return error;
}

cudaError_t cudaMallocHost(void **out, size_t bytes)
{
    *out = malloc(bytes);
    return said(*out == NULL ? cudaErrorMemoryAllocation : cudaSuccess);
}

cudaError_t cudaFreeHost(void *at)
{
    free(at);
    return said(cudaSuccess);
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    pthread_mutex_lock(&gpu.lock);
    *total = setting("ARCH_CORES_BYTES", UINT64_C(4) << 30);
    *free_bytes = *total - gpu.taken;
    pthread_mutex_unlock(&gpu.lock);
    return said(cudaSuccess);
}

/* ---- streams ----------------------------------------------------------------------------------------------------- */

static void do_op(op_t *op)
{
    switch (op->what) {
    case DO_KERNEL: run_kernel(op); break;
    case DO_COPY: do_copy(op); break;
    case DO_SET: memset(op->to, op->value, op->bytes); break;
    case DO_EVENT: op->event->at = now(); break;
    default: break;
    }
}

static void *stream_thread(void *user)
{
    struct CUstream_st *s = user;
    bool on = true;

    pthread_mutex_lock(&gpu.lock);
    while (on) {
        op_t *op = s->first;
        if (op == NULL) {
            s->busy = false;
            pthread_cond_broadcast(&s->changed);
            pthread_cond_wait(&s->changed, &gpu.lock);
            continue;
        }
        s->first = op->next;
        if (s->first == NULL)
            s->last = &s->first;
        if (gpu.broken == cudaSuccess) {
            pthread_mutex_unlock(&gpu.lock);
            do_op(op);
            pthread_mutex_lock(&gpu.lock);
        }
        if (op->what == DO_EVENT)
            op->event->n_pending--;
        on = op->what != DO_END;
        free(op);
    }
    pthread_mutex_unlock(&gpu.lock);
    return NULL;
}

static struct CUstream_st *new_stream(void)
{
    struct CUstream_st *s = calloc(1, sizeof *s);

    if (s == NULL || gpu.n_streams == MOST_STREAMS)
        stop("too many streams");
    s->last = &s->first;
    pthread_cond_init(&s->changed, NULL);
    if (pthread_create(&s->thread, NULL, stream_thread, s) != 0)
        stop("no thread for a stream");
    gpu.stream[gpu.n_streams++] = s;
    return s;
}

static struct CUstream_st *own(cudaStream_t stream)
{
    if (stream == NULL && gpu.plain == NULL)
        gpu.plain = new_stream();
    return stream == NULL ? gpu.plain : stream;
}

/* In line behind what the stream has to do already. Under the lock. */
static void add(struct CUstream_st *s, const op_t *what)
{
    op_t *op = malloc(sizeof *op);

    if (op == NULL)
        stop("no memory");
    *op = *what;
    op->next = NULL;
    *s->last = op;
    s->last = &op->next;
    s->busy = true;
    pthread_cond_broadcast(&s->changed);
}

static void wait_for(struct CUstream_st *s)
{
    while (s->busy)
        pthread_cond_wait(&s->changed, &gpu.lock);
}

static void wait_for_all(void)
{
    pthread_mutex_lock(&gpu.lock);
    for (uint32_t i = 0; i < gpu.n_streams; i++)
        wait_for(gpu.stream[i]);
    pthread_mutex_unlock(&gpu.lock);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags)
{
    cudaError_t error;

    (void)flags;
    pthread_mutex_lock(&gpu.lock);
    error = answer(cudaSuccess);
    if (error == cudaSuccess)
        *out = new_stream();
    pthread_mutex_unlock(&gpu.lock);
    return error;
}

cudaError_t cudaStreamDestroy(cudaStream_t s)
{
    const op_t end = {.what = DO_END};
    uint32_t i = 0;

    pthread_mutex_lock(&gpu.lock);
    add(s, &end);
    while (gpu.stream[i] != s)
        i++;
    gpu.stream[i] = gpu.stream[--gpu.n_streams];
    pthread_mutex_unlock(&gpu.lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->changed);
    free(s);
    return said(cudaSuccess);
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
    cudaError_t error;

    pthread_mutex_lock(&gpu.lock);
    error = answer(own(stream)->busy ? cudaErrorNotReady : cudaSuccess);
    pthread_mutex_unlock(&gpu.lock);
    return error;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    cudaError_t error;

    pthread_mutex_lock(&gpu.lock);
    wait_for(own(stream));
    error = answer(cudaSuccess);
    pthread_mutex_unlock(&gpu.lock);
    return error;
}

cudaError_t cudaDeviceSynchronize(void)
{
    wait_for_all();
    return said(cudaSuccess);
}

/* As the kind says, and as the addresses are. */
static bool is_kind(const void *to, const void *from, enum cudaMemcpyKind kind)
{
    return kind == (is_device(to) ? is_device(from) ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice
                                  : is_device(from) ? cudaMemcpyDeviceToHost : cudaMemcpyHostToHost);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream)
{
    const op_t copy = {.what = DO_COPY, .to = to, .from = from, .bytes = bytes};
    cudaError_t error;

    if (!is_kind(to, from, kind))
        return said(cudaErrorInvalidValue);
    pthread_mutex_lock(&gpu.lock);
    error = answer(cudaSuccess);
    if (error == cudaSuccess)
        add(own(stream), &copy);
    pthread_mutex_unlock(&gpu.lock);
    return error;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind)
{
    cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, NULL);

    return error == cudaSuccess ? cudaStreamSynchronize(NULL) : error;
}

cudaError_t cudaMemset(void *to, int value, size_t bytes)
{
    op_t set = {.what = DO_SET, .value = value, .bytes = bytes};
    cudaError_t error;

    pthread_mutex_lock(&gpu.lock);
    set.to = device_bytes(to, bytes);
    error = answer(cudaSuccess);
    if (error == cudaSuccess)
        add(own(NULL), &set);
    pthread_mutex_unlock(&gpu.lock);
    return error;
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

cudaError_t cudaEventCreate(cudaEvent_t *out)
{
    *out = calloc(1, sizeof **out);
    return said(*out == NULL ? cudaErrorMemoryAllocation : cudaSuccess);
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    free(event);
    return said(cudaSuccess);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    const op_t record = {.what = DO_EVENT, .event = event};
    cudaError_t error;

    pthread_mutex_lock(&gpu.lock);
    error = answer(cudaSuccess);
    if (error == cudaSuccess) {
        event->n_pending++;
        add(own(stream), &record);
    }
    pthread_mutex_unlock(&gpu.lock);
    return error;
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t from, cudaEvent_t to)
{
    cudaError_t error;

    pthread_mutex_lock(&gpu.lock);
    error = answer(from->n_pending + to->n_pending > 0 ? cudaErrorNotReady : cudaSuccess);
    if (error == cudaSuccess)
        *ms = (float)(1e3 * (to->at - from->at));
    pthread_mutex_unlock(&gpu.lock);
    return error;
}

/* ---- launches: what nvcc's code calls ------------------------------------------------------------------------------ */

void **__cudaRegisterFatBinary(void *binary)
{
    static void *handle;

    (void)binary;
    return &handle;
}

void __cudaRegisterFatBinaryEnd(void **handle) { (void)handle; }
void __cudaUnregisterFatBinary(void **handle) { (void)handle; }

void __cudaRegisterFunction(void **handle, const char *host, char *device, const char *name, int limit, void *tid, void *bid,
                            void *block, void *grid, int *warp)
{
    (void)handle, (void)device, (void)limit, (void)tid, (void)bid, (void)block, (void)grid, (void)warp;
    if (gpu.n_functions == MOST_FUNCTIONS)
        stop("too many kernels");
    gpu.function[gpu.n_functions++] = (function_t){host, name};
}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, struct CUstream_st *stream)
{
    if (shared != 0)
        stop("shared memory is not translated");
    configured.grid = grid;
    configured.block = block;
    configured.stream = stream;
    return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, void *stream)
{
    *grid = configured.grid;
    *block = configured.block;
    *shared = 0;
    *(cudaStream_t *)stream = configured.stream;
    return cudaSuccess;
}

cudaError_t __cudaGetKernel(cudaKernel_t *out, const void *host)
{
    *out = (cudaKernel_t)(uintptr_t)find_kernel(host);
    return cudaSuccess;
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void **args, size_t shared, cudaStream_t stream)
{
    op_t op = {.what = DO_KERNEL, .kernel = (const ptx_kernel_t *)(const void *)kernel, .grid = grid, .block = block};
    cudaError_t error = cudaSuccess;

    (void)shared;
    if (grid.x == 0 || block.x == 0 || block.x > 1024)
        error = cudaErrorInvalidConfiguration;
    if (grid.y * grid.z * block.y * block.z != 1)
        stop("launches of more than one dimension are not translated");
    for (uint32_t i = 0; i < op.kernel->n_params; i++)
        memcpy(op.args[i], args[i], op.kernel->bytes[i]);
    pthread_mutex_lock(&gpu.lock);
    op.number = (uint64_t)gpu.n_launches++;
    if (op.number >= setting("ARCH_CORES_FAILS", INT64_MAX))
        gpu.broken = cudaErrorLaunchFailure;
    error = answer(error);
    if (error == cudaSuccess)
        add(own(stream), &op);
    pthread_mutex_unlock(&gpu.lock);
    return error;
}

/* ---- the device -------------------------------------------------------------------------------------------------- */

cudaError_t cudaGetDeviceCount(int *n)
{
    *n = (int)setting("ARCH_CORES_GPUS", 1);
    return *n > 0 ? cudaSuccess : said(cudaErrorInsufficientDriver);
}

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = 0;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int number)
{
    memset(p, 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "cores in place of it");
    p->multiProcessorCount = (int)setting("ARCH_CORES_PROCESSORS", DEFAULT_PROCESSORS);
    return said((uint64_t)number < setting("ARCH_CORES_GPUS", 1) ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaSetDevice(int number)
{
    return said((uint64_t)number < setting("ARCH_CORES_GPUS", 1) ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaDeviceSetLimit(enum cudaLimit limit, size_t value)
{
    if (limit == cudaLimitStackSize)
        gpu.local_limit = (uint32_t)(value < PTX_LOCAL_BYTES ? value : PTX_LOCAL_BYTES);
    return said(limit == cudaLimitStackSize ? cudaSuccess : cudaErrorUnsupportedLimit);
}

cudaError_t cudaGetLastError(void)
{
    cudaError_t error;

    pthread_mutex_lock(&gpu.lock);
    error = gpu.last;
    gpu.last = gpu.broken;
    pthread_mutex_unlock(&gpu.lock);
    return error;
}

static const struct {
    cudaError_t error;
    const char *name, *text;
} known[] = {
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
};

const char *cudaGetErrorName(cudaError_t error)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].error == error)
            return known[i].name;
    return "an error that cores do not have";
}

const char *cudaGetErrorString(cudaError_t error)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].error == error)
            return known[i].text;
    return "an error that cores do not have";
}

/* ---- beginning and end ------------------------------------------------------------------------------------------- */

static void tell_counts(const char *path)
{
    FILE *f = fopen(path, "w");

    if (f == NULL)
        stop("ARCH_CORES_COUNTS cannot be written");
    for (uint32_t m = 0; m < gpu.n_modules; m++) {
        for (uint32_t i = 0; i < gpu.module[m].n_blocks; i++)
            if (gpu.module[m].entered[i] > 0)
                fprintf(f, "%s %u %llu\n", gpu.module[m].name, i, (unsigned long long)gpu.module[m].entered[i]);
        if (gpu.module[m].warps != NULL)
            warps_tell(gpu.module[m].warps, f);
    }
    if (fclose(f) != 0)
        stop("ARCH_CORES_COUNTS cannot be written");
}

/* What was taken is given back before the program ends, or it is told so. */
static void end(void)
{
    const char *path = getenv("ARCH_CORES_COUNTS");

    if (path != NULL && *path != '\0')
        tell_counts(path);
    if (gpu.n_pieces == 0)
        return;
    fprintf(stderr, "CUDA on cores: %u pieces of the device's memory were not given back, %llu bytes\n", gpu.n_pieces,
            (unsigned long long)gpu.taken);
    fflush(NULL);
    _Exit(99);
}

__attribute__((constructor)) static void begin(void)
{
    gpu.addresses = PTX_MEMORY_BYTES;
    do { /* tools that watch memory leave fewer */
        ptx_memory = mmap(NULL, gpu.addresses, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    } while (ptx_memory == MAP_FAILED && (gpu.addresses /= 2) > 0);
    if (ptx_memory == MAP_FAILED)
        stop("no addresses for the device's memory");
    if (atexit(end) != 0)
        stop("no memory");
}
