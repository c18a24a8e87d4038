/* io/results_h5.c - the HDF5 library with errors as statuses, and the seal of a result file. */
#include "io/results_h5.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void archi_h5_quiet_begin(archi_h5_quiet_t *quiet)
{
    H5Eget_auto2(H5E_DEFAULT, &quiet->print, &quiet->data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

void archi_h5_quiet_end(const archi_h5_quiet_t *quiet) { H5Eset_auto2(H5E_DEFAULT, quiet->print, quiet->data); }

/* H5E_WALK_UPWARD begins at the innermost failure, which says what happened; the rest is who called whom. */
static herr_t keep_innermost(unsigned n, const H5E_error2_t *error, void *user)
{
    char *text = user;

    if (n == 0 && error->desc != NULL)
        snprintf(text, 256, "%s (%s)", error->desc, error->func_name == NULL ? "?" : error->func_name);
    return 0;
}

arch_status_t archi_h5_fail(const char *function, const char *file, int line, const char *doing)
{
    char text[256] = "no reason given";
    size_t name = strcspn(doing, "(");

    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, text);
    H5Eclear2(H5E_DEFAULT);
    return arch_fail_at(ARCH_E_H5, function, file, line, "HDF5 says: %s, in %.*s", text, (int)name, doing);
}

void archi_h5_close_type(hid_t id)
{
    if (id > 0)
        H5Tclose(id);
}

void archi_h5_close_space(hid_t id)
{
    if (id > 0)
        H5Sclose(id);
}

void archi_h5_close_data(hid_t id)
{
    if (id > 0)
        H5Dclose(id);
}

void archi_h5_close_group(hid_t id)
{
    if (id > 0)
        H5Gclose(id);
}

void archi_h5_close_list(hid_t id)
{
    if (id > 0)
        H5Pclose(id);
}

static hid_t text_type(size_t width)
{
    hid_t type = H5Tcopy(H5T_C_S1);

    if (type < 0)
        return type;
    if (H5Tset_size(type, width) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 ||
        H5Tset_cset(type, H5T_CSET_UTF8) < 0) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

/* The form that h5py reads as a bool. */
static hid_t bool_type(void)
{
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    const int8_t no = 0, yes = 1;

    if (type < 0)
        return type;
    if (H5Tenum_insert(type, "FALSE", &no) < 0 || H5Tenum_insert(type, "TRUE", &yes) < 0) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

hid_t archi_h5_type(archi_cell_t cell, size_t width)
{
    switch (cell) {
    case ARCHI_CELL_TEXT:
    case ARCHI_CELL_WORD: return text_type(width);
    case ARCHI_CELL_BOOL: return bool_type();
    case ARCHI_CELL_U32: return H5Tcopy(H5T_STD_U32LE);
    case ARCHI_CELL_U64: return H5Tcopy(H5T_STD_U64LE);
    case ARCHI_CELL_TIME: return H5Tcopy(H5T_STD_I64LE);
    case ARCHI_CELL_FLOAT: return H5Tcopy(H5T_IEEE_F32LE);
    case ARCHI_CELL_DOUBLE:
    case ARCHI_CELL_ESTIMATE: return H5Tcopy(H5T_IEEE_F64LE);
    }
    return -1;
}

size_t archi_h5_size(archi_cell_t cell, size_t width)
{
    switch (cell) {
    case ARCHI_CELL_TEXT:
    case ARCHI_CELL_WORD: return width;
    case ARCHI_CELL_BOOL: return 1;
    case ARCHI_CELL_U32:
    case ARCHI_CELL_FLOAT: return 4;
    default: return 8;
    }
}

arch_status_t archi_h5_create_in_memory(hid_t *file)
{
    const size_t step = 1 << 20; /* by which it grows */
    arch_status_t st = ARCH_OK;
    hid_t create = 0, access = 0;

    ARCH_TRY_H5_TO(done, create = H5Pcreate(H5P_FILE_CREATE));
    ARCH_TRY_H5_TO(done, H5Pset_userblock(create, ARCHI_SEAL_BYTES));
    ARCH_TRY_H5_TO(done, H5Pset_obj_track_times(create, false));
    ARCH_TRY_H5_TO(done, access = H5Pcreate(H5P_FILE_ACCESS));
    ARCH_TRY_H5_TO(done, H5Pset_fapl_core(access, step, false));
    ARCH_TRY_H5_TO(done, *file = H5Fcreate("architech", H5F_ACC_TRUNC, create, access));
done:
    archi_h5_close_list(access);
    archi_h5_close_list(create);
    return st;
}

arch_status_t archi_h5_take_image(hid_t file, void **image, size_t *bytes)
{
    arch_status_t st = ARCH_OK;
    ssize_t n;

    *image = NULL;
    ARCH_TRY_H5_TO(done, H5Fflush(file, H5F_SCOPE_GLOBAL));
    ARCH_TRY_H5_TO(done, n = H5Fget_file_image(file, NULL, 0));
    *image = malloc((size_t)n);
    if (*image == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a file of %zd bytes", n);
    *bytes = (size_t)n;
    ARCH_TRY_H5_TO(done, H5Fget_file_image(file, *image, *bytes));
done:
    if (st != ARCH_OK) {
        free(*image);
        *image = NULL;
    }
    return st;
}

/* FNV-1a of 64 bits (Fowler, Noll, Vo), over bytes. */
static uint64_t checksum(uint64_t sum, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ bytes[i]) * UINT64_C(1099511628211);
    return sum;
}

arch_status_t archi_seal_compute(int fd, const char *path, uint64_t *bytes, char seal[ARCHI_SEAL_BYTES])
{
    enum { PIECE = 1 << 18 };
    unsigned char *piece = malloc(PIECE);
    uint64_t sum = UINT64_C(14695981039346656037), at = ARCHI_SEAL_BYTES;
    ssize_t n;

    if (piece == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory to read it", path);
    while ((n = pread(fd, piece, PIECE, (off_t)at)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        sum = checksum(sum, piece, (size_t)n);
        at += (uint64_t)n;
    }
    free(piece);
    if (n < 0)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be read: %s", path, strerror(errno));
    memset(seal, 0, ARCHI_SEAL_BYTES);
    snprintf(seal, ARCHI_SEAL_BYTES, "%s\nformat %d\nbytes %" PRIu64 "\nchecksum %016" PRIx64 "\n", ARCHI_RESULTS_MAGIC,
             ARCHI_RESULTS_FORMAT, at, sum);
    *bytes = at;
    return ARCH_OK;
}
