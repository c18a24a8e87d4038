/* architech/status.h - what a call answers, and how a failure explains itself.
 * Every call that can fail returns arch_status_t. The text of a failure is kept per thread until the next failure of
 * that thread: arch_error_text() gives the sentence for the user, arch_error_trace() the places it passed in the code. */
#ifndef ARCHITECH_STATUS_H
#define ARCHITECH_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* code, name, what it means, exit status of the command */
#define ARCH_STATUS_MAP(X)                                                                                             \
    X(OK, "done", 0)                                                                                                   \
    X(E_ARG, "an argument of the call is wrong", 2)                                                                    \
    X(E_FORMAT, "the input is not what it should be", 2)                                                               \
    X(E_RANGE, "a number lies outside its range", 2)                                                                   \
    X(E_NOTFOUND, "a file or a name does not exist", 2)                                                                \
    X(E_UNSTABLE, "the design cannot be simulated as it stands", 2)                                                    \
    X(E_PAST, "an event lies before the simulated time", 3)                                                            \
    X(E_FULL, "a limit on memory was reached", 3)                                                                      \
    X(E_NOMEM, "the machine has no memory left", 3)                                                                    \
    X(E_IO, "a file could not be read or written", 3)                                                                  \
    X(E_MPI, "the message-passing library failed", 3)                                                                  \
    X(E_H5, "the HDF5 library failed", 3)                                                                              \
    X(E_CUDA, "the CUDA runtime failed", 3)                                                                            \
    X(E_ZMQ, "the ZeroMQ library failed", 3)                                                                           \
    X(E_PEER, "another rank failed", 3)                                                                                \
    X(E_CANCELLED, "the run was cancelled", 3)                                                                         \
    X(E_SAVED, "the run was interrupted and saved; it can be resumed", 75)                                             \
    X(E_INTERNAL, "a defect of this program", 3)

/* What a call answers: ARCH_OK or what went wrong. */
typedef enum {
#define X(code, text, exit_status) ARCH_##code,
    ARCH_STATUS_MAP(X)
#undef X
        ARCH_N_STATUS
} arch_status_t;

const char *arch_status_name(arch_status_t st); /* "ARCH_E_FORMAT"; never NULL */
const char *arch_status_text(arch_status_t st); /* the sentence of the table */
int arch_status_exit(arch_status_t st);         /* exit status of the command: 0, 2, 3 or 75 */

/* The last failure of this thread. The strings belong to the library and live until the thread's next failure. */
const char *arch_error_text(void);  /* "" when nothing failed */
const char *arch_error_trace(void); /* "at read_mean (io/design_json.c:21) from ..." */
arch_status_t arch_error_status(void);                         /* ARCH_OK when nothing failed */
void arch_error_clear(void);                                   /* as if nothing had failed */

/* Used through the macros below: record a failure at a place, or add a place to the failure on its way up. */
#if defined(__GNUC__)
__attribute__((format(printf, 5, 6)))
#endif
arch_status_t
arch_fail_at(arch_status_t st, const char *function, const char *file, int line, const char *format, ...);
arch_status_t arch_fail_from(arch_status_t st, const char *function, const char *file, int line); /* see arch_fail_at() */

/* Record a failure here and answer it: return ARCH_FAIL(ARCH_E_ARG, "found %d, expected 1", n); */
#define ARCH_FAIL(st, ...) arch_fail_at((st), __func__, __FILE__, __LINE__, __VA_ARGS__)
/* Return what a call answers unless that is ARCH_OK. */
#define ARCH_TRY(call)                                                                                                 \
    do {                                                                                                               \
        arch_status_t arch_try_st_ = (call);                                                                           \
        if (arch_try_st_ != ARCH_OK)                                                                                   \
            return arch_fail_from(arch_try_st_, __func__, __FILE__, __LINE__);                                         \
    } while (0)
/* Needs a local `arch_status_t st`. */
#define ARCH_TRY_TO(label, call)                                                                                       \
    do {                                                                                                               \
        st = (call);                                                                                                   \
        if (st != ARCH_OK) {                                                                                           \
            arch_fail_from(st, __func__, __FILE__, __LINE__);                                                          \
            goto label;                                                                                                \
        }                                                                                                              \
    } while (0)

#ifdef __cplusplus
}
#endif
#endif
