/* io/sheet.c - sheets, written through an image in memory, read behind their seal. */
#include "io/sheet.h"
#include "io/checkpoint_sum.h"
#include "io/output.h"
#include "io/results_h5.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FORMAT = 1, COMPRESS_CELLS = 4096, DEFLATE_LEVEL = 1, DEFLATE_RATIO = 1100 };

/* ---- the seal --------------------------------------------------------------------------------------------------- */

static void make_seal(const char *what, uint64_t bytes, uint64_t sum, char seal[ARCHI_SEAL_BYTES])
{
    memset(seal, 0, ARCHI_SEAL_BYTES);
    snprintf(seal, ARCHI_SEAL_BYTES, "%s\nformat %d\nbytes %" PRIu64 "\nchecksum %016" PRIx64 "\n", what, FORMAT, bytes,
             sum);
}

/* ---- types ------------------------------------------------------------------------------------------------------ */

static size_t cell_bytes(archi_sheet_cell_t cell)
{
    return cell == ARCHI_SHEET_BYTES ? 1 : cell == ARCHI_SHEET_U32 ? 4 : 8;
}

static size_t count(uint32_t rank, const uint64_t *n)
{
    size_t cells = 1;

    for (uint32_t d = 0; d < rank; d++)
        cells *= n[d];
    return cells;
}

static size_t text_width(const archi_sheet_array_t *a)
{
    const char *const *text = a->data;
    size_t width = 1;

    for (size_t i = 0; i < count(a->rank, a->n); i++)
        width = strlen(text[i]) > width ? strlen(text[i]) : width;
    return width;
}

/* How a cell lies in the file; the caller closes it. */
static hid_t cell_type(archi_sheet_cell_t cell, size_t width)
{
    switch (cell) {
    case ARCHI_SHEET_TEXT: return archi_h5_type(ARCHI_CELL_TEXT, width);
    case ARCHI_SHEET_BYTES: return H5Tcopy(H5T_STD_U8LE);
    case ARCHI_SHEET_U32: return H5Tcopy(H5T_STD_U32LE);
    case ARCHI_SHEET_U64: return H5Tcopy(H5T_STD_U64LE);
    case ARCHI_SHEET_DOUBLE: return H5Tcopy(H5T_IEEE_F64LE);
    }
    return -1;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static arch_status_t write_attribute(hid_t at, const char *name, const char *text)
{
    arch_status_t st = ARCH_OK;
    hid_t type = 0, space = 0, attribute = 0;

    ARCH_TRY_H5_TO(done, type = archi_h5_type(ARCHI_CELL_TEXT, text[0] != '\0' ? strlen(text) : 1));
    ARCH_TRY_H5_TO(done, space = H5Screate(H5S_SCALAR));
    ARCH_TRY_H5_TO(done, attribute = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT));
    ARCH_TRY_H5_TO(done, H5Awrite(attribute, type, text));
done:
    if (attribute > 0)
        H5Aclose(attribute);
    archi_h5_close_space(space);
    archi_h5_close_type(type);
    return st;
}

/* Texts side by side, each of `width` bytes; the caller frees. NULL when memory is out. */
static char *join_texts(const archi_sheet_array_t *a, size_t width)
{
    const char *const *text = a->data;
    size_t n = count(a->rank, a->n);
    char *joined = calloc(n + 1, width);

    for (size_t i = 0; joined != NULL && i < n; i++)
        memcpy(joined + i * width, text[i], strlen(text[i]));
    return joined;
}

static arch_status_t creation_list(const archi_sheet_array_t *a, hid_t *list)
{
    arch_status_t st = ARCH_OK;
    hsize_t chunk[ARCHI_SHEET_DIMENSIONS];

    ARCH_TRY_H5_TO(done, *list = H5Pcreate(H5P_DATASET_CREATE));
    ARCH_TRY_H5_TO(done, H5Pset_obj_track_times(*list, false));
    if (a->rank == 0 || count(a->rank, a->n) < COMPRESS_CELLS)
        return ARCH_OK;
    for (uint32_t d = 0; d < a->rank; d++)
        chunk[d] = a->n[d] < 1 << 16 ? a->n[d] : 1 << 16;
    for (uint32_t d = 0; d + 1 < a->rank; d++)
        chunk[d] = a->rank > 2 && chunk[d] > 16 ? 16 : chunk[d] > 1024 ? 1024 : chunk[d];
    ARCH_TRY_H5_TO(done, H5Pset_chunk(*list, (int)a->rank, chunk));
    ARCH_TRY_H5_TO(done, H5Pset_deflate(*list, DEFLATE_LEVEL));
done:
    return st;
}

static arch_status_t write_array(hid_t file, hid_t link, const archi_sheet_array_t *a)
{
    arch_status_t st = ARCH_OK;
    size_t width = a->cell == ARCHI_SHEET_TEXT ? text_width(a) : 0;
    char *joined = a->cell == ARCHI_SHEET_TEXT ? join_texts(a, width) : NULL;
    hsize_t dims[ARCHI_SHEET_DIMENSIONS];
    hid_t type = 0, space = 0, list = 0, set = 0;

    if (a->cell == ARCHI_SHEET_TEXT && joined == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to write %s", a->name);
    for (uint32_t d = 0; d < a->rank; d++)
        dims[d] = a->n[d];
    ARCH_TRY_H5_TO(done, type = cell_type(a->cell, width));
    ARCH_TRY_H5_TO(done, space = H5Screate_simple((int)a->rank, dims, NULL));
    ARCH_TRY_TO(done, creation_list(a, &list));
    ARCH_TRY_H5_TO(done, set = H5Dcreate2(file, a->name, type, space, link, list, H5P_DEFAULT));
    if (count(a->rank, a->n) > 0)
        ARCH_TRY_H5_TO(done, H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, joined != NULL ? joined : a->data));
    if (a->unit != NULL)
        ARCH_TRY_TO(done, write_attribute(set, "unit", a->unit));
done:
    archi_h5_close_data(set);
    archi_h5_close_list(list);
    archi_h5_close_space(space);
    archi_h5_close_type(type);
    free(joined);
    return st;
}

static arch_status_t attach_scale(hid_t file, const char *array, uint32_t dimension, const char *scale)
{
    arch_status_t st = ARCH_OK;
    hid_t set = 0, of = 0;

    ARCH_TRY_H5_TO(done, set = H5Dopen2(file, array, H5P_DEFAULT));
    ARCH_TRY_H5_TO(done, of = H5Dopen2(file, scale, H5P_DEFAULT));
    if (H5DSis_scale(of) == 0)
        ARCH_TRY_H5_TO(done, H5DSset_scale(of, strrchr(scale, '/') != NULL ? strrchr(scale, '/') + 1 : scale));
    ARCH_TRY_H5_TO(done, H5DSattach_scale(set, of, dimension));
done:
    archi_h5_close_data(of);
    archi_h5_close_data(set);
    return st;
}

typedef struct {
    const char *what;
    const archi_sheet_attribute_t *attribute;
    const archi_sheet_array_t *array;
    uint32_t n_attributes, n_arrays;
} content_t;

static arch_status_t write_content(hid_t file, const content_t *c)
{
    arch_status_t st = ARCH_OK;
    hid_t link = 0;

    ARCH_TRY_H5_TO(done, link = H5Pcreate(H5P_LINK_CREATE));
    ARCH_TRY_H5_TO(done, H5Pset_create_intermediate_group(link, 1));
    ARCH_TRY_TO(done, write_attribute(file, "format", c->what));
    for (uint32_t i = 0; i < c->n_attributes; i++)
        ARCH_TRY_TO(done, write_attribute(file, c->attribute[i].name, c->attribute[i].text));
    for (uint32_t i = 0; i < c->n_arrays; i++)
        ARCH_TRY_TO(done, write_array(file, link, &c->array[i]));
    for (uint32_t i = 0; i < c->n_arrays; i++)
        for (uint32_t d = 0; d < c->array[i].rank; d++)
            if (c->array[i].scale[d] != NULL)
                ARCH_TRY_TO(done, attach_scale(file, c->array[i].name, d, c->array[i].scale[d]));
done:
    archi_h5_close_list(link);
    return st;
}

static arch_status_t make_image(const content_t *c, void **image, size_t *bytes)
{
    arch_status_t st = ARCH_OK;
    hid_t file = 0;

    ARCH_TRY_TO(done, archi_h5_create_in_memory(&file));
    ARCH_TRY_TO(done, write_content(file, c));
    ARCH_TRY_TO(done, archi_h5_take_image(file, image, bytes));
done:
    if (file > 0)
        H5Fclose(file);
    return st;
}

static arch_status_t write_image(const char *path, const char *what, const void *image, size_t bytes)
{
    char seal[ARCHI_SEAL_BYTES];
    archi_output_t file;
    arch_status_t st = ARCH_OK;

    make_seal(what, ARCHI_SEAL_BYTES + bytes, archi_sum_of(image, bytes), seal);
    ARCH_TRY_TO(done, archi_output_open(path, &file));
    ARCH_TRY_TO(done, archi_output_write(&file, seal, sizeof seal, 0));
    ARCH_TRY_TO(done, archi_output_write(&file, image, bytes, ARCHI_SEAL_BYTES));
    ARCH_TRY_TO(done, archi_output_finish(&file));
done:
    archi_output_clear(&file);
    return st;
}

arch_status_t archi_sheet_write(const char *path, const char *what, const archi_sheet_attribute_t *attribute,
                                uint32_t n_attributes, const archi_sheet_array_t *array, uint32_t n_arrays)
{
    const content_t content = {what, attribute, array, n_attributes, n_arrays};
    archi_h5_quiet_t quiet;
    void *image = NULL;
    size_t bytes = 0;
    arch_status_t st;

    archi_h5_quiet_begin(&quiet);
    st = make_image(&content, &image, &bytes);
    archi_h5_quiet_end(&quiet);
    if (st == ARCH_OK)
        st = write_image(path, what, image, bytes);
    free(image);
    return st;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

struct archi_sheet {
    hid_t file;
    uint64_t most_bytes; /* that one array can hold */
    char path[];
};

static arch_status_t sum_file(int fd, const char *path, uint64_t *bytes, uint64_t *sum)
{
    enum { PIECE = 1 << 16 };
    unsigned char piece[PIECE];
    archi_sum_t s;
    ssize_t n;

    archi_sum_begin(&s);
    *bytes = ARCHI_SEAL_BYTES;
    while ((n = pread(fd, piece, PIECE, (off_t)*bytes)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ARCH_FAIL(ARCH_E_IO, "%s: cannot be read: %s", path, strerror(errno));
        archi_sum_add(&s, piece, (size_t)n);
        *bytes += (uint64_t)n;
    }
    *sum = archi_sum_end(&s);
    return ARCH_OK;
}

static arch_status_t check_seal(int fd, const char *path, const char *what, uint64_t *bytes)
{
    char found[ARCHI_SEAL_BYTES + 1] = "", expected[ARCHI_SEAL_BYTES];
    uint64_t sum;
    ssize_t n = pread(fd, found, ARCHI_SEAL_BYTES, 0);

    if (n < 0)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be read: %s", path, strerror(errno));
    if (strncmp(found, what, strlen(what)) != 0 || found[strlen(what)] != '\n')
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: is no %s file", path, what);
    ARCH_TRY(sum_file(fd, path, bytes, &sum));
    make_seal(what, *bytes, sum, expected);
    if (n < ARCHI_SEAL_BYTES || memcmp(found, expected, ARCHI_SEAL_BYTES) != 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: is damaged, or of another version: its seal does not fit", path);
    return ARCH_OK;
}

arch_status_t archi_sheet_open(const char *path, const char *what, archi_sheet_t **out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    archi_h5_quiet_t quiet;
    uint64_t bytes = 0;
    arch_status_t st;
    hid_t access;

    *out = NULL;
    if (fd < 0)
        return ARCH_FAIL(errno == ENOENT ? ARCH_E_NOTFOUND : ARCH_E_IO, "%s: cannot be read: %s", path, strerror(errno));
    st = check_seal(fd, path, what, &bytes);
    close(fd);
    ARCH_TRY(st);
    *out = calloc(1, sizeof **out + strlen(path) + 1);
    if (*out == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to read %s", path);
    strcpy((*out)->path, path);
    (*out)->most_bytes = bytes * DEFLATE_RATIO;
    archi_h5_quiet_begin(&quiet);
    access = H5Pcreate(H5P_FILE_ACCESS);
    if (access >= 0 && H5Pset_file_locking(access, false, true) >= 0)
        (*out)->file = H5Fopen(path, H5F_ACC_RDONLY, access);
    archi_h5_close_list(access);
    archi_h5_quiet_end(&quiet);
    if ((*out)->file > 0)
        return ARCH_OK;
    archi_sheet_close(out);
    return ARCH_FAIL(ARCH_E_FORMAT, "%s: cannot be read as HDF5", path);
}

void archi_sheet_close(archi_sheet_t **sheet)
{
    if (sheet == NULL || *sheet == NULL)
        return;
    if ((*sheet)->file > 0)
        H5Fclose((*sheet)->file);
    free(*sheet);
    *sheet = NULL;
}

static bool fits(const archi_sheet_t *sheet, hid_t set, archi_sheet_cell_t cell, uint32_t rank, uint64_t *n)
{
    hsize_t dims[ARCHI_SHEET_DIMENSIONS];
    hid_t type = H5Dget_type(set), wanted = cell_type(cell, 1), space = H5Dget_space(set);
    bool fit = type > 0 && wanted > 0 && space > 0 && H5Tequal(type, wanted) > 0 && H5Sis_simple(space) > 0 &&
               H5Sget_simple_extent_ndims(space) == (int)rank && H5Sget_simple_extent_dims(space, dims, NULL) == (int)rank;
    uint64_t left = sheet->most_bytes / cell_bytes(cell);

    for (uint32_t d = 0; fit && d < rank; d++) {
        n[d] = dims[d];
        fit = n[d] == 0 || n[d] <= left;
        left = n[d] == 0 ? 0 : left / n[d];
    }
    archi_h5_close_space(space);
    archi_h5_close_type(wanted);
    archi_h5_close_type(type);
    return fit;
}

static arch_status_t read_array(archi_sheet_t *sheet, const char *name, archi_sheet_cell_t cell, uint32_t rank, uint64_t *n,
                                void **data)
{
    hid_t set = H5Dopen2(sheet->file, name, H5P_DEFAULT), type = cell_type(cell, 1);
    arch_status_t st = ARCH_OK;

    if (set < 0 || !fits(sheet, set, cell, rank, n))
        ARCH_TRY_TO(done, ARCH_FAIL(ARCH_E_FORMAT, "%s: has no %s as it should be", sheet->path, name));
    *data = malloc(count(rank, n) * cell_bytes(cell) + 1);
    if (*data == NULL)
        ARCH_TRY_TO(done, ARCH_FAIL(ARCH_E_NOMEM, "no memory to read %s", sheet->path));
    if (count(rank, n) > 0 && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *data) < 0)
        ARCH_TRY_TO(done, ARCH_FAIL(ARCH_E_FORMAT, "%s: %s cannot be read", sheet->path, name));
done:
    archi_h5_close_type(type);
    archi_h5_close_data(set);
    if (st != ARCH_OK) {
        free(*data);
        *data = NULL;
    }
    return st;
}

arch_status_t archi_sheet_read(archi_sheet_t *sheet, const char *name, archi_sheet_cell_t cell, uint32_t rank, uint64_t *n,
                               void **data)
{
    archi_h5_quiet_t quiet;
    arch_status_t st;

    *data = NULL;
    archi_h5_quiet_begin(&quiet);
    st = read_array(sheet, name, cell, rank, n, data);
    archi_h5_quiet_end(&quiet);
    return st;
}
