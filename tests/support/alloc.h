/* support/alloc.h - memory that runs out on request. A test that is registered with the option ALLOC has its allocations
 * (malloc, calloc, realloc, aligned_alloc; those of its own objects, not of libraries) pass through here. */
#ifndef ARCH_TEST_ALLOC_H
#define ARCH_TEST_ALLOC_H

/* Allocation number budget+1 from now on fails, and all after it; a negative budget never fails. */
void test_alloc_budget(long budget);

/* While paused (1), allocations succeed and the budget stays as it is. */
void test_alloc_pause(int paused);

/* Bytes allocated since the start and not freed, as the allocator rounds them. */
long test_live_bytes(void);

#endif
