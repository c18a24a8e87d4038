/* io/checkpoint_write.c - a checkpoint's file: whole, sealed and on the disk, or not there. */
#include "io/checkpoint_h5.h"
#include "io/checkpoint_sum.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct archi_checkpoint_writer {
    char path[PATH_MAX];
    int direct;        /* past the page cache; -1: this disk has no way */
    int fd;            /* beside the library's own, for room, seal and flush */
    uint64_t reserved; /* bytes that the file system has promised */
    hid_t file;
    archi_checkpoint_block_t *block;
    archi_checkpoint_extent_t *extent; /* of large blocks */
    uint32_t n_blocks, n_extents, capacity;
};

/* What the library needs for itself, a dataset at a time. */
enum { OVERHEAD = 64 << 10, OVERHEAD_OF_BLOCK = 2048 + 2 * ARCHI_CHECKPOINT_SEAL };

/* Room on the disk before it is written to. The library never meets a full disk: when its H5Fclose() fails, it fails again,
 * and crashes, when the program ends. */
static arch_status_t reserve(archi_checkpoint_writer_t *w, uint64_t more)
{
    int error = posix_fallocate(w->fd, (off_t)w->reserved, (off_t)more);

    if (error != 0 && error != EOPNOTSUPP && error != EINVAL)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s", w->path, strerror(error));
    w->reserved += more;
    return ARCH_OK;
}

/* ---- parts -------------------------------------------------------------------------------------------------------- */

/* A vector of n entries of entry_bytes bytes each. */
static arch_status_t write_vector(hid_t file, const char *name, size_t entry_bytes, uint64_t n, const void *data)
{
    hid_t type = archi_checkpoint_type(entry_bytes), space = 0, set = 0, list = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t dims[1] = {n};
    arch_status_t st = ARCH_OK;

    ARCH_TRY_H5_TO(done, type);
    ARCH_TRY_H5_TO(done, list);
    ARCH_TRY_H5_TO(done, H5Pset_fill_time(list, H5D_FILL_TIME_NEVER));
    ARCH_TRY_H5_TO(done, space = H5Screate_simple(1, dims, NULL));
    ARCH_TRY_H5_TO(done, set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT));
    if (n > 0)
        ARCH_TRY_H5_TO(done, H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
done:
    archi_h5_close_data(set);
    archi_h5_close_space(space);
    archi_h5_close_list(list);
    archi_h5_close_type(type);
    return st;
}

static arch_status_t write_attribute(hid_t file, const archi_checkpoint_attribute_t *a, const void *value)
{
    hid_t type = archi_checkpoint_type(a->bytes), space = H5Screate(H5S_SCALAR), attribute = 0;
    arch_status_t st = ARCH_OK;

    ARCH_TRY_H5_TO(done, type);
    ARCH_TRY_H5_TO(done, space);
    ARCH_TRY_H5_TO(done, attribute = H5Acreate2(file, a->name, type, space, H5P_DEFAULT, H5P_DEFAULT));
    ARCH_TRY_H5_TO(done, H5Awrite(attribute, type, value));
done:
    if (attribute > 0)
        H5Aclose(attribute);
    archi_h5_close_space(space);
    archi_h5_close_type(type);
    return st;
}

static arch_status_t write_group(hid_t file, const char *name)
{
    hid_t group = 0;
    arch_status_t st = ARCH_OK;

    ARCH_TRY_H5_TO(done, group = H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
done:
    archi_h5_close_group(group);
    return st;
}

static arch_status_t write_head(archi_checkpoint_writer_t *w, const archi_checkpoint_head_t *head,
                                const uint32_t *block_of)
{
    for (const archi_checkpoint_attribute_t *a = archi_checkpoint_attributes; a->name != NULL; a++)
        ARCH_TRY(write_attribute(w->file, a, (const char *)head + a->offset));
    ARCH_TRY(write_group(w->file, "/blocks"));
    ARCH_TRY(write_group(w->file, "/table"));
    return write_vector(w->file, "/block_of", sizeof *block_of, head->n_elements, block_of);
}

static arch_status_t write_column(const archi_checkpoint_writer_t *w, const archi_checkpoint_attribute_t *column)
{
    char name[ARCHI_CHECKPOINT_PATH], *cells = malloc((w->n_blocks + (size_t)1) * column->bytes);
    arch_status_t st;

    if (cells == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory to write it", w->path);
    for (uint32_t i = 0; i < w->n_blocks; i++)
        memcpy(cells + i * column->bytes, (const char *)&w->block[i] + column->offset, column->bytes);
    snprintf(name, sizeof name, "/table/%s", column->name);
    st = write_vector(w->file, name, column->bytes, w->n_blocks, cells);
    free(cells);
    return st;
}

/* ---- large blocks ------------------------------------------------------------------------------------------------- */

/* A vector of bytes that the library gives a place and nothing else. */
static arch_status_t place_vector(hid_t file, const char *name, uint64_t n, uint64_t *offset)
{
    hid_t type = archi_checkpoint_type(1), space = 0, set = 0, list = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t dims[1] = {n};
    arch_status_t st = ARCH_OK;

    *offset = HADDR_UNDEF;
    ARCH_TRY_H5_TO(done, type);
    ARCH_TRY_H5_TO(done, list);
    ARCH_TRY_H5_TO(done, H5Pset_fill_time(list, H5D_FILL_TIME_NEVER));
    ARCH_TRY_H5_TO(done, H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY));
    ARCH_TRY_H5_TO(done, space = H5Screate_simple(1, dims, NULL));
    ARCH_TRY_H5_TO(done, set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT));
    *offset = H5Dget_offset(set);
    if (*offset == HADDR_UNDEF)
        st = archi_h5_fail(__func__, __FILE__, __LINE__, "H5Dget_offset");
done:
    archi_h5_close_data(set);
    archi_h5_close_space(space);
    archi_h5_close_list(list);
    archi_h5_close_type(type);
    return st;
}

static arch_status_t write_bytes(const archi_checkpoint_writer_t *w, int fd, const char *bytes, uint64_t n, uint64_t at)
{
    const uint64_t most = (uint64_t)1 << 22;

    while (n > 0) {
        ssize_t done = pwrite(fd, bytes, n < most ? n : most, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s", w->path, strerror(errno));
        bytes += done;
        n -= (uint64_t)done;
        at += (uint64_t)done;
    }
    return ARCH_OK;
}

/* Whole pages past the page cache, if memory and disk allow it; the rest, or all, as usual. */
static arch_status_t write_large(archi_checkpoint_writer_t *w, const char *name, uint64_t n, const char *bytes)
{
    const uint64_t page = ARCHI_CHECKPOINT_SEAL;
    uint64_t offset, whole = 0;

    ARCH_TRY(place_vector(w->file, name, n, &offset));
    if (w->direct >= 0 && (uintptr_t)bytes % page == 0 && offset % page == 0 &&
        write_bytes(w, w->direct, bytes, n / page * page, offset) == ARCH_OK)
        whole = n / page * page;
    ARCH_TRY(write_bytes(w, w->fd, bytes + whole, n - whole, offset + whole));
    w->extent[w->n_extents++] = (archi_checkpoint_extent_t){offset, n, archi_sum_of(bytes, n)};
    return ARCH_OK;
}

/* ---- the file ----------------------------------------------------------------------------------------------------- */

static arch_status_t create(archi_checkpoint_writer_t *w)
{
    hid_t list = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
    arch_status_t st = ARCH_OK;

    ARCH_TRY_H5_TO(done, list);
    ARCH_TRY_H5_TO(done, access);
    ARCH_TRY_H5_TO(done, H5Pset_userblock(list, ARCHI_CHECKPOINT_SEAL));
    ARCH_TRY_H5_TO(done,
                   H5Pset_file_locking(access, false, true)); /* nobody else has it, and not every disk has locks */
    ARCH_TRY_H5_TO(done, H5Pset_alignment(access, ARCHI_CHECKPOINT_LARGE, ARCHI_CHECKPOINT_SEAL));
    ARCH_TRY_H5_TO(done, w->file = H5Fcreate(w->path, H5F_ACC_TRUNC, list, access));
done:
    archi_h5_close_list(access);
    archi_h5_close_list(list);
    return st;
}

static arch_status_t begin(archi_checkpoint_writer_t *w, const char *path, const archi_checkpoint_head_t *head,
                           const uint32_t *block_of)
{
    w->fd = open(w->path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
    if (w->fd < 0) {
        w->path[0] = '\0'; /* not ours to remove */
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s", path, strerror(errno));
    }
    ARCH_TRY(reserve(w, OVERHEAD + head->n_elements * sizeof *block_of)); /* before the library has a file to close */
    ARCH_TRY(create(w));
    w->direct = open(w->path, O_WRONLY | O_DIRECT | O_CLOEXEC);
    w->reserved = 0; /* creating made it empty */
    ARCH_TRY(reserve(w, OVERHEAD + head->n_elements * sizeof *block_of));
    return write_head(w, head, block_of);
}

arch_status_t archi_checkpoint_open(const char *path, const archi_checkpoint_head_t *head, const uint32_t *block_of,
                                    archi_checkpoint_writer_t **out)
{
    archi_checkpoint_writer_t *w = calloc(1, sizeof *w);
    archi_h5_quiet_t quiet;
    arch_status_t st;

    *out = NULL;
    if (w == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory to write it", path);
    w->fd = w->direct = -1;
    if ((size_t)snprintf(w->path, sizeof w->path, "%s", path) >= sizeof w->path) {
        free(w);
        return ARCH_FAIL(ARCH_E_IO, "%.60s...: cannot be written: %s", path, strerror(ENAMETOOLONG));
    }
    archi_h5_quiet_begin(&quiet);
    st = begin(w, path, head, block_of);
    archi_h5_quiet_end(&quiet);
    *out = w;
    if (st != ARCH_OK)
        archi_checkpoint_abandon(out);
    return st;
}

static arch_status_t more_blocks(archi_checkpoint_writer_t *w)
{
    uint32_t capacity = w->capacity == 0 ? 64 : 2 * w->capacity;
    archi_checkpoint_block_t *block = realloc(w->block, capacity * sizeof *block);
    archi_checkpoint_extent_t *extent;

    if (block == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory to write it", w->path);
    w->block = block;
    extent = realloc(w->extent, capacity * sizeof *extent);
    if (extent == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory to write it", w->path);
    w->extent = extent;
    w->capacity = capacity;
    return ARCH_OK;
}

arch_status_t archi_checkpoint_add(archi_checkpoint_writer_t *w, const archi_checkpoint_block_t *about,
                                   const void *bytes)
{
    char name[ARCHI_CHECKPOINT_PATH];
    archi_h5_quiet_t quiet;
    arch_status_t st;

    if (w->n_blocks == w->capacity)
        ARCH_TRY(more_blocks(w));
    ARCH_TRY(reserve(w, about->bytes + OVERHEAD_OF_BLOCK));
    archi_checkpoint_block_name(w->n_blocks, name);
    archi_h5_quiet_begin(&quiet);
    if (about->bytes < ARCHI_CHECKPOINT_LARGE)
        st = write_vector(w->file, name, 1, about->bytes, bytes);
    else
        st = write_large(w, name, about->bytes, bytes);
    archi_h5_quiet_end(&quiet);
    ARCH_TRY(st);
    w->block[w->n_blocks] = *about;
    w->block[w->n_blocks++].checksum = about->bytes < ARCHI_CHECKPOINT_LARGE ? archi_sum_of(bytes, about->bytes)
                                                                             : w->extent[w->n_extents - 1].checksum;
    return ARCH_OK;
}

static arch_status_t write_rest(archi_checkpoint_writer_t *w, const uint32_t *finished, uint32_t n_finished,
                                const uint64_t *statistics, uint64_t n_words)
{
    ARCH_TRY(reserve(w, OVERHEAD + n_finished * sizeof *finished + n_words * sizeof *statistics +
                            w->n_blocks * (sizeof *w->block + sizeof *w->extent)));
    for (const archi_checkpoint_attribute_t *c = archi_checkpoint_columns; c->name != NULL; c++)
        ARCH_TRY(write_column(w, c));
    ARCH_TRY(write_vector(w->file, "/finished", sizeof *finished, n_finished, finished));
    ARCH_TRY(write_vector(w->file, "/statistics", sizeof *statistics, n_words, statistics));
    return ARCH_OK;
}

static arch_status_t close_library(archi_checkpoint_writer_t *w, uint64_t *length)
{
    hid_t file = w->file;
    hsize_t bytes;
    herr_t answer;

    w->file = 0;
    answer = H5Fget_filesize(file, &bytes);
    if (H5Fclose(file) < 0 || answer < 0)
        return archi_h5_fail(__func__, __FILE__, __LINE__, "H5Fclose");
    if (ftruncate(w->fd, (off_t)bytes) != 0) /* what was reserved and not used */
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s", w->path, strerror(errno));
    *length = bytes;
    return ARCH_OK;
}

static int by_offset(const void *a, const void *b)
{
    const archi_checkpoint_extent_t *x = a, *y = b;

    return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Behind what the library wrote, the table of extents; then the seal over all. */
static arch_status_t seal(archi_checkpoint_writer_t *w, uint64_t *bytes)
{
    char text[ARCHI_CHECKPOINT_SEAL];
    uint64_t table = w->n_extents * sizeof *w->extent;
    int answer;

    if (table > 0)
        qsort(w->extent, w->n_extents, sizeof *w->extent, by_offset);
    ARCH_TRY(write_bytes(w, w->fd, (const char *)w->extent, table, *bytes));
    *bytes += table;
    ARCH_TRY(archi_checkpoint_seal(w->fd, w->path, w->extent, w->n_extents, text));
    if (pwrite(w->fd, text, sizeof text, 0) != (ssize_t)sizeof text || fsync(w->fd) != 0)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s", w->path, strerror(errno));
    answer = close(w->fd);
    w->fd = -1;
    if (answer != 0)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s", w->path, strerror(errno));
    return ARCH_OK;
}

arch_status_t archi_checkpoint_close(archi_checkpoint_writer_t **writer, const uint32_t *finished, uint32_t n_finished,
                                     const uint64_t *statistics, uint64_t n_words, uint64_t *bytes)
{
    archi_checkpoint_writer_t *w = *writer;
    archi_h5_quiet_t quiet;
    arch_status_t st;

    archi_h5_quiet_begin(&quiet);
    st = write_rest(w, finished, n_finished, statistics, n_words);
    if (st == ARCH_OK)
        st = close_library(w, bytes);
    archi_h5_quiet_end(&quiet);
    if (st == ARCH_OK)
        st = seal(w, bytes);
    if (st == ARCH_OK)
        w->path[0] = '\0'; /* nothing to remove */
    archi_checkpoint_abandon(writer);
    return st;
}

void archi_checkpoint_abandon(archi_checkpoint_writer_t **writer)
{
    archi_checkpoint_writer_t *w = *writer;
    archi_h5_quiet_t quiet;

    *writer = NULL;
    if (w == NULL)
        return;
    archi_h5_quiet_begin(&quiet);
    if (w->file > 0)
        H5Fclose(w->file);
    archi_h5_quiet_end(&quiet);
    if (w->fd >= 0)
        close(w->fd);
    if (w->direct >= 0)
        close(w->direct);
    if (w->path[0] != '\0')
        unlink(w->path);
    free(w->block);
    free(w->extent);
    free(w);
}
