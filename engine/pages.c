/* engine/pages.c - advice about memory, where the machine takes it. */
#include "engine/pages.h"
#ifdef __linux__
#include <sys/mman.h>
#endif

void archi_pages_large(void *begin, uint64_t bytes)
{
#ifdef MADV_HUGEPAGE
    const uint64_t page = (uint64_t)2 << 20;
    uint64_t before = (page - ((uintptr_t)begin & (page - 1))) & (page - 1);

    if (bytes >= before + page)
        (void)madvise((char *)begin + before, (bytes - before) & ~(page - 1), MADV_HUGEPAGE);
#else
    (void)begin;
    (void)bytes;
#endif
}
