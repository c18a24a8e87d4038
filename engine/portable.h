/* engine/portable.h - the common subset of C11 and CUDA C++ that the engine's hot part and the model are written in. */
#ifndef ARCHI_PORTABLE_H
#define ARCHI_PORTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__CUDACC__)
#define ARCH_HD     __host__ __device__
#define ARCH_INLINE __forceinline__
#else
#define ARCH_HD
#define ARCH_INLINE inline
#endif

/* Part of its caller on a core, apart on a GPU, all of whose threads share the place for instructions. */
#if defined(__CUDACC__)
#define ARCH_INLINE_ON_CORE ARCH_HD static __noinline__
#else
#define ARCH_INLINE_ON_CORE static inline
#endif

/* A static function that stands apart: what is rare, or what would cost its caller the registers. */
#if defined(__CUDACC__)
#define ARCH_APART ARCH_HD static __noinline__
#elif defined(__GNUC__)
#define ARCH_APART static __attribute__((noinline, unused))
#else
#define ARCH_APART static inline
#endif

#if defined(__GNUC__) && !defined(__CUDACC__)
#define ARCH_LIKELY(x)      __builtin_expect(!!(x), 1)
#define ARCH_UNLIKELY(x)    __builtin_expect(!!(x), 0)
#define ARCH_PREFETCH(p)    __builtin_prefetch((p), 1)
#define ARCH_ALWAYS_INLINE  inline __attribute__((always_inline))
#else
#define ARCH_LIKELY(x)      (x)
#define ARCH_UNLIKELY(x)    (x)
#define ARCH_PREFETCH(p)    ((void)(p))
#define ARCH_ALWAYS_INLINE  ARCH_INLINE
#endif

/* A mistake of ours, never of the user: prints place and stops. Compiled in unless ARCH_NO_ASSERT; silent on a GPU. */
#ifdef __cplusplus
extern "C"
#endif
void archi_assert_failed(const char *condition, const char *function, const char *file, int line);
#if defined(ARCH_NO_ASSERT) || defined(__CUDA_ARCH__)
#define ARCH_ASSERT(condition) ((void)sizeof(condition))
#else
#define ARCH_ASSERT(condition)                                                                                         \
    (ARCH_LIKELY(condition) ? (void)0 : archi_assert_failed(#condition, __func__, __FILE__, __LINE__))
#endif

#endif
