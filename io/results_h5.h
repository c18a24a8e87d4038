/* io/results_h5.h - shared by the writer and the reader of result files; docs/results.md describes the file.
 *
 * A file begins with a user block of 512 bytes, the seal: what it is, its length and a checksum of the rest. The reader
 * hands nothing to the HDF5 library that does not fit its seal, for that library trusts the bytes it is given. */
#ifndef ARCHI_RESULTS_H5_H
#define ARCHI_RESULTS_H5_H

#include "io/results_table.h"
#include <hdf5.h>
#include <hdf5_hl.h>

enum { ARCHI_SEAL_BYTES = 512, ARCHI_RESULTS_FORMAT = 1 };
#define ARCHI_RESULTS_MAGIC "architech results"

/* The library's own printing is switched off between begin and end, and put back as the program had it. */
typedef struct {
    H5E_auto2_t print;
    void       *data;
} archi_h5_quiet_t;
void archi_h5_quiet_begin(archi_h5_quiet_t *quiet);
void archi_h5_quiet_end(const archi_h5_quiet_t *quiet);

/* ARCH_E_H5 with the library's innermost text; `doing` is the call that failed. Through the macros below. */
arch_status_t archi_h5_fail(const char *function, const char *file, int line, const char *doing);

/* Need a local `arch_status_t st`. */
#define ARCH_TRY_H5_TO(label, call)                                                                                    \
    do {                                                                                                               \
        if ((call) < 0) {                                                                                              \
            st = archi_h5_fail(__func__, __FILE__, __LINE__, #call);                                                   \
            goto label;                                                                                                \
        }                                                                                                              \
    } while (0)

/* Handles that a function opened; closed in one go. 0 stands for none. */
void archi_h5_close_type(hid_t id);
void archi_h5_close_space(hid_t id);
void archi_h5_close_data(hid_t id);
void archi_h5_close_group(hid_t id);
void archi_h5_close_list(hid_t id);

/* How a cell lies in the file; the caller closes it with archi_h5_close_type(). `width`: bytes of a text. < 0: failed. */
hid_t archi_h5_type(archi_cell_t cell, size_t width);
size_t archi_h5_size(archi_cell_t cell, size_t width);

/* A file in memory that leaves room for a seal, without a trace of when it was made; the caller closes it. */
arch_status_t archi_h5_create_in_memory(hid_t *file);
/* Its bytes, malloc'ed: all but the seal. ARCH_E_NOMEM; *image is NULL on failure. */
arch_status_t archi_h5_take_image(hid_t file, void **image, size_t *bytes);

/* The seal of an open file of `bytes` bytes, computed from all behind it. */
arch_status_t archi_seal_compute(int fd, const char *path, uint64_t *bytes, char seal[ARCHI_SEAL_BYTES]);

#endif
