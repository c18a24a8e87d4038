/* tests/gpu/cores/ptx.h - what the instructions of PTX do, as C; kernels that ptx_to_c has translated are written in it.
 * Source: NVIDIA, "Parallel Thread Execution ISA", version 9.0; a function has the name of its instruction.
 *
 * Registers are unsigned integers; those of floating point hold the bits. A device's address is a number that is no address
 * of the host, so that neither can take the other's for its own. Every access is checked: a device's address within what was
 * taken, aligned to its size as a GPU wants it, global accesses not to local memory and the other way round. */
#ifndef PTX_H
#define PTX_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PTX_DEVICE UINT64_C(0x4000000000000000) /* where the device's memory begins, for the device and for the host */
enum { PTX_MOST_PARAMS = 8, PTX_LOCAL_BYTES = 65536 };
#define PTX_MEMORY_BYTES (UINT64_C(1) << 36) /* addresses, not memory */

typedef struct { uint32_t x, y, z; } ptx_dim_t;

typedef struct {
    ptx_dim_t   tid, ntid, ctaid, nctaid;
    uint32_t    local_used, local_limit; /* bytes; the limit is the stack that the host asked for */
    uint64_t   *block; /* times that each basic block of the module was entered */
    uint32_t   *trace; /* which they were, [trace_room], as far as there is room; NULL: not asked for */
    uint64_t    n_trace, trace_room;
    _Alignas(16) char local[PTX_LOCAL_BYTES];
} ptx_thread_t;

typedef struct {
    const char *name; /* mangled */
    void      (*run)(ptx_thread_t *t, char *const *args);
    uint32_t    n_params, bytes[PTX_MOST_PARAMS];
} ptx_kernel_t;

/* A module says which kernels it has, and how many instructions each basic block. The runtime's, as is what follows. */
void ptx_announce(const char *module, const ptx_kernel_t *kernel, uint32_t n, const uint16_t *instructions,
                  uint32_t n_blocks);
extern char *ptx_memory; /* the bytes of the device's memory, from PTX_DEVICE on */
_Noreturn void ptx_fault(const ptx_thread_t *t, const char *what, uint64_t address, const char *file, int line);

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static inline char *ptx_global(const ptx_thread_t *t, uint64_t a, uint64_t bytes, const char *file, int line)
{
    if (a - PTX_DEVICE >= PTX_MEMORY_BYTES)
        ptx_fault(t, "not in the device's memory", a, file, line);
    if (a % bytes != 0)
        ptx_fault(t, "not aligned", a, file, line);
    return ptx_memory + (a - PTX_DEVICE);
}

static inline bool ptx_is_local(const ptx_thread_t *t, uint64_t a) { return a - (uint64_t)t->local < sizeof t->local; }

static inline char *ptx_local(const ptx_thread_t *t, uint64_t a, uint64_t bytes, const char *file, int line)
{
    if (!ptx_is_local(t, a) || a - (uint64_t)t->local + bytes > t->local_used)
        ptx_fault(t, "not in the thread's local memory", a, file, line);
    if (a % bytes != 0)
        ptx_fault(t, "not aligned", a, file, line);
    return (char *)a;
}

static inline char *ptx_generic(const ptx_thread_t *t, uint64_t a, uint64_t bytes, const char *file, int line)
{
    return ptx_is_local(t, a) ? ptx_local(t, a, bytes, file, line) : ptx_global(t, a, bytes, file, line);
}

#define PTX_AT(space, address, kind, n) ptx_##space(t, (address), (n) * sizeof(ptx_##kind##_t), __FILE__, __LINE__)
#define PTX_REG(r) __typeof__(r)

/* Where a function's local memory lies, until it returns. A GPU's holds what was there before. */
#define PTX_LOCAL(name, bytes, align) char *name = ptx_push(t, (bytes), (align), __FILE__, __LINE__)
#define PTX_ENTER uint32_t base = t->local_used
#define PTX_LEAVE t->local_used = base
#define PTX_BLOCK(number) ptx_enter(t, number)

static inline void ptx_enter(ptx_thread_t *t, uint32_t number)
{
    t->block[number]++;
    if (t->trace != NULL && t->n_trace < t->trace_room)
        t->trace[t->n_trace++] = number;
}

static inline char *ptx_push(ptx_thread_t *t, uint32_t bytes, uint32_t align, const char *file, int line)
{
    char *at;

    t->local_used = (t->local_used + align - 1) / align * align;
    at = t->local + t->local_used;
    t->local_used += bytes;
    if (t->local_used > t->local_limit)
        ptx_fault(t, "more local memory than the host has asked for", t->local_used, file, line);
    return at;
}

/* ---- types ------------------------------------------------------------------------------------------------------- */

typedef uint8_t ptx_u8_t;
typedef int8_t ptx_s8_t;
typedef uint8_t ptx_b8_t;
typedef uint16_t ptx_u16_t;
typedef int16_t ptx_s16_t;
typedef uint16_t ptx_b16_t;
typedef uint32_t ptx_u32_t;
typedef int32_t ptx_s32_t;
typedef uint32_t ptx_b32_t;
typedef uint64_t ptx_u64_t;
typedef int64_t ptx_s64_t;
typedef uint64_t ptx_b64_t;
typedef uint64_t ptx_f64_t; /* its bits */

static inline double ptx_double(uint64_t bits)
{
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint64_t ptx_bits(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* For each kind: its register, and the signed or unsigned integer that it is taken for. */
#define PTX_INTEGERS(X)                                                                                                \
    X(u16, uint16_t, uint16_t) X(s16, uint16_t, int16_t) X(b16, uint16_t, uint16_t)                                    \
    X(u32, uint32_t, uint32_t) X(s32, uint32_t, int32_t) X(b32, uint32_t, uint32_t)                                    \
    X(u64, uint64_t, uint64_t) X(s64, uint64_t, int64_t) X(b64, uint64_t, uint64_t)

#define PTX_EACH_MEMORY(kind)                                                                                          \
    static inline ptx_##kind##_t ptx_ld_##kind(const char *at, int i)                                                  \
    {                                                                                                                  \
        ptx_##kind##_t x;                                                                                              \
        memcpy(&x, at + (uint64_t)i * sizeof x, sizeof x);                                                             \
        return x;                                                                                                      \
    }                                                                                                                  \
    static inline void ptx_st_##kind(char *at, int i, uint64_t value)                                                  \
    {                                                                                                                  \
        ptx_##kind##_t x = (ptx_##kind##_t)value;                                                                      \
        memcpy(at + (uint64_t)i * sizeof x, &x, sizeof x);                                                             \
    }
PTX_EACH_MEMORY(u8) PTX_EACH_MEMORY(s8) PTX_EACH_MEMORY(b8) PTX_EACH_MEMORY(u16) PTX_EACH_MEMORY(s16) PTX_EACH_MEMORY(b16)
PTX_EACH_MEMORY(u32) PTX_EACH_MEMORY(s32) PTX_EACH_MEMORY(b32) PTX_EACH_MEMORY(u64) PTX_EACH_MEMORY(s64)
PTX_EACH_MEMORY(b64) PTX_EACH_MEMORY(f64)

/* ---- integers: they wrap; too long a shift shifts all out; a division by zero gives ones ------------------------- */

#define PTX_EACH_INTEGER(kind, reg, as)                                                                                \
    static inline reg ptx_add_##kind(reg a, reg b) { return (reg)(a + b); }                                            \
    static inline reg ptx_sub_##kind(reg a, reg b) { return (reg)(a - b); }                                            \
    static inline reg ptx_mul_lo_##kind(reg a, reg b) { return (reg)((uint64_t)a * b); }                               \
    static inline reg ptx_mad_lo_##kind(reg a, reg b, reg c) { return (reg)((uint64_t)a * b + c); }                    \
    static inline reg ptx_neg_##kind(reg a) { return (reg)(0 - a); }                                                   \
    static inline reg ptx_not_##kind(reg a) { return (reg)~a; }                                                        \
    static inline reg ptx_and_##kind(reg a, reg b) { return a & b; }                                                   \
    static inline reg ptx_or_##kind(reg a, reg b) { return a | b; }                                                    \
    static inline reg ptx_xor_##kind(reg a, reg b) { return a ^ b; }                                                   \
    static inline reg ptx_min_##kind(reg a, reg b) { return (as)a < (as)b ? a : b; }                                   \
    static inline reg ptx_max_##kind(reg a, reg b) { return (as)a > (as)b ? a : b; }                                   \
    static inline reg ptx_selp_##kind(reg a, reg b, bool p) { return p ? a : b; }                                      \
    static inline bool ptx_setp_eq_##kind(reg a, reg b) { return a == b; }                                             \
    static inline bool ptx_setp_ne_##kind(reg a, reg b) { return a != b; }                                             \
    static inline bool ptx_setp_lt_##kind(reg a, reg b) { return (as)a < (as)b; }                                      \
    static inline bool ptx_setp_le_##kind(reg a, reg b) { return (as)a <= (as)b; }                                     \
    static inline bool ptx_setp_gt_##kind(reg a, reg b) { return (as)a > (as)b; }                                      \
    static inline bool ptx_setp_ge_##kind(reg a, reg b) { return (as)a >= (as)b; }                                     \
    static inline reg ptx_shl_##kind(reg a, uint32_t n) { return n < 8 * sizeof a ? (reg)((uint64_t)a << n) : 0; }     \
    static inline reg ptx_shr_##kind(reg a, uint32_t n)                                                                \
    {                                                                                                                  \
        return (reg)(n < 8 * sizeof a ? (as)a >> n : (as)a >> (8 * sizeof a - 1) >> 1);                                \
    }                                                                                                                  \
    static inline reg ptx_div_##kind(reg a, reg b)                                                                     \
    {                                                                                                                  \
        if (b == 0 || ((as)-1 < 0 && b == (reg)-1)) /* what C leaves open */                                           \
            return b == 0 ? (reg)-1 : (reg)(0 - a);                                                                    \
        return (reg)((as)a / (as)b);                                                                                   \
    }                                                                                                                  \
    static inline reg ptx_rem_##kind(reg a, reg b)                                                                     \
    {                                                                                                                  \
        if (b == 0 || ((as)-1 < 0 && b == (reg)-1))                                                                    \
            return b == 0 ? a : 0;                                                                                     \
        return (reg)((as)a % (as)b);                                                                                   \
    }
PTX_INTEGERS(PTX_EACH_INTEGER)

static inline uint32_t ptx_mul_wide_u16(uint16_t a, uint16_t b) { return (uint32_t)a * b; }
static inline uint32_t ptx_mul_wide_s16(uint16_t a, uint16_t b) { return (uint32_t)((int16_t)a * (int16_t)b); }
static inline uint64_t ptx_mul_wide_u32(uint32_t a, uint32_t b) { return (uint64_t)a * b; }
static inline uint64_t ptx_mul_wide_s32(uint32_t a, uint32_t b) { return (uint64_t)((int64_t)(int32_t)a * (int32_t)b); }
static inline uint64_t ptx_mul_hi_u64(uint64_t a, uint64_t b) { return (uint64_t)((unsigned __int128)a * b >> 64); }
static inline uint32_t ptx_mul_hi_u32(uint32_t a, uint32_t b) { return (uint32_t)((uint64_t)a * b >> 32); }
static inline uint32_t ptx_clz_b32(uint32_t a) { return a == 0 ? 32 : (uint32_t)__builtin_clz(a); }
static inline uint32_t ptx_clz_b64(uint64_t a) { return a == 0 ? 64 : (uint32_t)__builtin_clzll(a); }
static inline uint32_t ptx_popc_b32(uint32_t a) { return (uint32_t)__builtin_popcount(a); }
static inline uint32_t ptx_popc_b64(uint64_t a) { return (uint32_t)__builtin_popcountll(a); }

/* The high word of b:a, shifted left. */
static inline uint32_t ptx_shf_l_wrap_b32(uint32_t a, uint32_t b, uint32_t n)
{
    return (uint32_t)(((uint64_t)b << 32 | a) << (n & 31) >> 32);
}

/* a's low bits into b, `length` from `at` on. */
static inline uint64_t ptx_bfi_b64(uint64_t a, uint64_t b, uint32_t at, uint32_t length)
{
    uint64_t mask;

    at &= 255;
    length &= 255;
    if (length == 0 || at >= 64)
        return b;
    mask = (length < 64 ? (UINT64_C(1) << length) - 1 : ~UINT64_C(0)) << at;
    return (b & ~mask) | (a << at & mask);
}

/* ---- predicates -------------------------------------------------------------------------------------------------- */

static inline bool ptx_and_pred(bool a, bool b) { return a && b; }
static inline bool ptx_or_pred(bool a, bool b) { return a || b; }
static inline bool ptx_xor_pred(bool a, bool b) { return a != b; }
static inline bool ptx_not_pred(bool a) { return !a; }

/* ---- floating point: each rounded once, to nearest; compiled without contraction ----------------------------------- */

static inline uint64_t ptx_add_rn_f64(uint64_t a, uint64_t b) { return ptx_bits(ptx_double(a) + ptx_double(b)); }
static inline uint64_t ptx_sub_rn_f64(uint64_t a, uint64_t b) { return ptx_bits(ptx_double(a) - ptx_double(b)); }
static inline uint64_t ptx_mul_rn_f64(uint64_t a, uint64_t b) { return ptx_bits(ptx_double(a) * ptx_double(b)); }
static inline uint64_t ptx_div_rn_f64(uint64_t a, uint64_t b) { return ptx_bits(ptx_double(a) / ptx_double(b)); }
static inline uint64_t ptx_sqrt_rn_f64(uint64_t a) { return ptx_bits(sqrt(ptx_double(a))); }
static inline uint64_t ptx_neg_f64(uint64_t a) { return a ^ UINT64_C(1) << 63; }
static inline uint64_t ptx_abs_f64(uint64_t a) { return a & ~(UINT64_C(1) << 63); }
/* +0 is more than -0. */
static inline uint64_t ptx_max_f64(uint64_t a, uint64_t b)
{
    return ptx_double(a) == 0 && ptx_double(b) == 0 ? (a & b) : ptx_bits(fmax(ptx_double(a), ptx_double(b)));
}
static inline uint64_t ptx_min_f64(uint64_t a, uint64_t b)
{
    return ptx_double(a) == 0 && ptx_double(b) == 0 ? (a | b) : ptx_bits(fmin(ptx_double(a), ptx_double(b)));
}
static inline uint64_t ptx_selp_f64(uint64_t a, uint64_t b, bool p) { return p ? a : b; }

/* Ordered comparisons are false for what is no number, those with u are true. */
#define PTX_EACH_ORDER(op, with)                                                                                       \
    static inline bool ptx_setp_##op##_f64(uint64_t a, uint64_t b) { return ptx_double(a) with ptx_double(b); }
PTX_EACH_ORDER(eq, ==) PTX_EACH_ORDER(lt, <) PTX_EACH_ORDER(le, <=) PTX_EACH_ORDER(gt, >) PTX_EACH_ORDER(ge, >=)
static inline bool ptx_setp_neu_f64(uint64_t a, uint64_t b) { return !ptx_setp_eq_f64(a, b); }
static inline bool ptx_setp_ltu_f64(uint64_t a, uint64_t b) { return !ptx_setp_ge_f64(a, b); }
static inline bool ptx_setp_leu_f64(uint64_t a, uint64_t b) { return !ptx_setp_gt_f64(a, b); }
static inline bool ptx_setp_gtu_f64(uint64_t a, uint64_t b) { return !ptx_setp_le_f64(a, b); }
static inline bool ptx_setp_geu_f64(uint64_t a, uint64_t b) { return !ptx_setp_lt_f64(a, b); }

/* ---- conversions ------------------------------------------------------------------------------------------------- */

#define PTX_CVT(to, from, reg, as, out) /* between integers */                                                         \
    static inline out ptx_cvt_##to##_##from(reg a) { return (out)(ptx_##to##_t)(as)a; }
PTX_CVT(u32, u64, uint64_t, uint64_t, uint32_t) PTX_CVT(u64, u32, uint32_t, uint32_t, uint64_t)
PTX_CVT(u16, u32, uint32_t, uint32_t, uint16_t) PTX_CVT(u16, u64, uint64_t, uint64_t, uint16_t)
PTX_CVT(u32, u16, uint16_t, uint16_t, uint32_t) PTX_CVT(s64, s32, uint32_t, int32_t, uint64_t)
PTX_CVT(s32, s16, uint16_t, int16_t, uint32_t) PTX_CVT(u64, u16, uint16_t, uint16_t, uint64_t)

#define PTX_CVT_RN(from, reg, as) /* to the nearest double */                                                          \
    static inline uint64_t ptx_cvt_rn_f64_##from(reg a) { return ptx_bits((double)(as)a); }
PTX_CVT_RN(u32, uint32_t, uint32_t) PTX_CVT_RN(s32, uint32_t, int32_t)
PTX_CVT_RN(u64, uint64_t, uint64_t) PTX_CVT_RN(s64, uint64_t, int64_t)

/* Towards zero; what is too large becomes the largest, and what is no number the highest bit alone. */
#define PTX_CVT_RZI(to, as, low, high, none)                                                                           \
    static inline ptx_##to##_t ptx_cvt_rzi_##to##_f64(uint64_t a)                                                      \
    {                                                                                                                  \
        double x = ptx_double(a);                                                                                      \
        if (x != x)                                                                                                    \
            return (ptx_##to##_t)(none);                                                                               \
        return (ptx_##to##_t)(x <= (double)(low) ? (as)(low) : x >= (double)(high) ? (as)(high) : (as)x);              \
    }
PTX_CVT_RZI(s32, int32_t, INT32_MIN, INT32_MAX, INT32_MIN)
PTX_CVT_RZI(u32, uint32_t, 0, UINT32_MAX, UINT32_C(1) << 31)
PTX_CVT_RZI(s64, int64_t, INT64_MIN, INT64_MAX, INT64_MIN)
PTX_CVT_RZI(u64, uint64_t, 0, UINT64_MAX, UINT64_C(1) << 63)

#endif
