/* support/alloc.c - the linker's --wrap sends every allocation of the test's objects here; cmake/testing.cmake asks
 * for it. */
#include "support/alloc.h"
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void __real_free(void *p);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void __wrap_free(void *p);

static atomic_long left = -1; /* allocations until memory is out; negative: it never is */
static atomic_long live;
static atomic_int asleep;

void test_alloc_budget(long budget) { left = budget; }
void test_alloc_pause(int paused) { asleep = paused; }
long test_live_bytes(void) { return live; }

static bool may_allocate(void)
{
    long n = left;

    if (asleep)
        return true;
    while (n > 0 && !atomic_compare_exchange_weak(&left, &n, n - 1))
        ; /* another thread took one: n is what it left */
    return n != 0;
}

static void *counted(void *p)
{
    live += (long)malloc_usable_size(p);
    return p;
}

void *__wrap_malloc(size_t bytes) { return may_allocate() ? counted(__real_malloc(bytes)) : NULL; }
void *__wrap_calloc(size_t n, size_t bytes) { return may_allocate() ? counted(__real_calloc(n, bytes)) : NULL; }

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    return may_allocate() ? counted(__real_aligned_alloc(alignment, bytes)) : NULL;
}

void *__wrap_realloc(void *old, size_t bytes)
{
    size_t before = malloc_usable_size(old);
    void *p = may_allocate() ? __real_realloc(old, bytes) : NULL;

    if (p != NULL)
        live += (long)malloc_usable_size(p) - (long)before;
    return p;
}

void __wrap_free(void *p)
{
    live -= (long)malloc_usable_size(p);
    __real_free(p);
}
