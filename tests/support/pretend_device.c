/* support/pretend_device.c - see pretend_device.h. */
#include "support/pretend_device.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 64, LANES = 3, PAGE = 65536 };

typedef struct {
    archi_device_t device;
    pretend_t how;
    pretend_count_t count;
    struct {
        char *at;
        uint64_t bytes; /* as asked for */
    } memory[MOST];
    int busy; /* looks until it is ready */
    double seconds; /* of the last launch */
} fake_t;

static fake_t *of(archi_device_t *d) { return (fake_t *)(void *)d; }

static uint64_t whole(uint64_t bytes) { return (bytes + PAGE - 1) / PAGE * PAGE; }

static void protect(fake_t *f, int how)
{
    for (int i = 0; i < MOST; i++)
        if (f->memory[i].at != NULL && mprotect(f->memory[i].at, whole(f->memory[i].bytes), how) != 0)
            abort();
}

static arch_status_t call(fake_t *f)
{
    f->count.n_calls++;
    if (f->how.fails_after >= 0 && (long)f->count.n_calls > f->how.fails_after)
        return ARCH_FAIL(ARCH_E_CUDA, "pretended: it failed at call %llu", (unsigned long long)f->count.n_calls);
    return ARCH_OK;
}

static arch_status_t room(archi_device_t *d, uint64_t *bytes)
{
    fake_t *f = of(d);

    *bytes = f->how.promised > 0 ? f->how.promised : f->how.bytes - f->count.live_bytes;
    return call(f);
}

static arch_status_t take(archi_device_t *d, uint64_t bytes, void **out)
{
    fake_t *f = of(d);
    int i = 0;

    *out = NULL;
    ARCH_TRY(call(f));
    if (f->count.live_bytes + bytes > f->how.bytes)
        return ARCH_OK;
    while (i < MOST && f->memory[i].at != NULL)
        i++;
    if (i == MOST)
        abort();
    f->memory[i].bytes = bytes;
    f->memory[i].at = mmap(NULL, whole(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (f->memory[i].at == MAP_FAILED)
        abort();
    memset(f->memory[i].at, 0xa5, bytes); /* a GPU's memory holds what it held */
    protect(f, PROT_NONE);
    f->count.live_bytes += bytes;
    if (f->count.live_bytes > f->count.most_bytes)
        f->count.most_bytes = f->count.live_bytes;
    *out = f->memory[i].at;
    return ARCH_OK;
}

static void give(archi_device_t *d, void *memory)
{
    fake_t *f = of(d);

    for (int i = 0; memory != NULL && i < MOST; i++)
        if (f->memory[i].at == memory) {
            munmap(memory, whole(f->memory[i].bytes));
            f->count.live_bytes -= f->memory[i].bytes;
            f->memory[i].at = NULL;
        }
}

static arch_status_t take_host(archi_device_t *d, uint64_t bytes, void **out)
{
    *out = malloc(bytes);
    if (*out == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %llu bytes", (unsigned long long)bytes);
    of(d)->count.live_host++;
    if (of(d)->count.live_host > of(d)->count.most_host)
        of(d)->count.most_host = of(d)->count.live_host;
    return ARCH_OK;
}

static void give_host(archi_device_t *d, void *memory)
{
    of(d)->count.live_host -= memory != NULL;
    free(memory);
}

/* Does all of it lie in one piece of the device's memory? */
static void check(const fake_t *f, const void *at, uint64_t bytes)
{
    for (int i = 0; i < MOST; i++)
        if (f->memory[i].at != NULL && (const char *)at >= f->memory[i].at &&
            (const char *)at + bytes <= f->memory[i].at + f->memory[i].bytes)
            return;
    abort();
}

static arch_status_t put(archi_device_t *d, void *to, const void *from, uint64_t bytes)
{
    fake_t *f = of(d);

    ARCH_TRY(call(f));
    check(f, to, bytes);
    protect(f, PROT_READ | PROT_WRITE);
    memcpy(to, from, bytes);
    protect(f, PROT_NONE);
    return ARCH_OK;
}

static arch_status_t get(archi_device_t *d, void *to, const void *from, uint64_t bytes)
{
    fake_t *f = of(d);

    ARCH_TRY(call(f));
    check(f, from, bytes);
    protect(f, PROT_READ);
    memcpy(to, from, bytes);
    protect(f, PROT_NONE);
    return ARCH_OK;
}

static void do_member(archi_launch_t what, const archi_wave_t *w, uint32_t i)
{
    switch (what) {
    case ARCHI_LAUNCH_COPY:
        for (uint32_t lane = 0; lane < LANES; lane++)
            archi_wave_copy(w, i, lane, LANES);
        break;
    case ARCHI_LAUNCH_BEGIN: archi_wave_begin(w, i); break;
    case ARCHI_LAUNCH_ADVANCE: archi_wave_advance(w, i); break;
    default:
        for (uint32_t lane = LANES; lane > 0; lane--)
            archi_wave_pack(w, i, lane - 1, LANES);
    }
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static arch_status_t launch(archi_device_t *d, archi_launch_t what, const archi_wave_t *wave)
{
    fake_t *f = of(d);
    double begun = now();

    ARCH_TRY(call(f));
    f->count.n_launches[what]++;
    f->busy = 2;
    protect(f, PROT_READ | PROT_WRITE);
    for (uint32_t i = 0; i < wave->n; i++)
        do_member(what, wave, i);
    protect(f, PROT_NONE);
    if (what == ARCHI_LAUNCH_ADVANCE && f->how.slow_us > 0)
        usleep((useconds_t)f->how.slow_us);
    f->seconds = now() - begun;
    return ARCH_OK;
}

static arch_status_t look(archi_device_t *d, bool *busy, double *seconds)
{
    *seconds = of(d)->seconds;
    *busy = of(d)->busy > 0;
    of(d)->busy -= *busy;
    return call(of(d));
}

static void close_fake(archi_device_t *d)
{
    for (int i = 0; i < MOST; i++)
        give(d, of(d)->memory[i].at);
    free(d);
}

arch_status_t pretend_open(const pretend_t *how, archi_device_t **out)
{
    fake_t *f = calloc(1, sizeof *f);

    *out = NULL;
    if (f == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory");
    f->device = (archi_device_t){"pretended", room, take, give, take_host, give_host, put, get, launch, look, close_fake};
    f->how = *how;
    *out = &f->device;
    return ARCH_OK;
}

void pretend_count(const archi_device_t *d, pretend_count_t *out) { *out = ((const fake_t *)(const void *)d)->count; }
