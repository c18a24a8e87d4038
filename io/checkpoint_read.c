/* io/checkpoint_read.c - a checkpoint's file back into memory. Nothing in it is believed: first the seal, then every type
 * and length against what the writer makes and what a file of that size can hold, then every number against its range. */
#include "io/checkpoint_h5.h"
#include "io/checkpoint_sum.h"
#include <architech/version.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static arch_status_t broken(const archi_checkpoint_t *c, const char *name, const char *why)
{
    return ARCH_FAIL(ARCH_E_FORMAT, "%s: %s: %s", c->path, name, why);
}

static arch_status_t unreadable(const archi_checkpoint_t *c, const char *name)
{
    archi_h5_fail(__func__, __FILE__, __LINE__, name);
    return ARCH_FAIL(ARCH_E_FORMAT, "%s: %s: cannot be read; %s", c->path, name, arch_error_text());
}

/* ---- vectors ------------------------------------------------------------------------------------------------------ */

static arch_status_t check_type(const archi_checkpoint_t *c, const char *name, hid_t found, size_t entry_bytes)
{
    hid_t expected = archi_checkpoint_type(entry_bytes);
    htri_t same = found < 0 || expected < 0 ? -1 : H5Tequal(found, expected);

    archi_h5_close_type(expected);
    if (same < 0)
        return unreadable(c, name);
    return same > 0 ? ARCH_OK : broken(c, name, "has another type than expected");
}

/* Length of a vector that a file of this size can hold. */
static arch_status_t check_space(const archi_checkpoint_t *c, const char *name, hid_t set, size_t entry_bytes,
                                 uint64_t *n)
{
    hid_t space = H5Dget_space(set);
    hsize_t dims[1] = {0};
    arch_status_t st = ARCH_OK;

    if (space < 0)
        return unreadable(c, name);
    if (H5Sis_simple(space) <= 0 || H5Sget_simple_extent_ndims(space) != 1 ||
        H5Sget_simple_extent_dims(space, dims, NULL) != 1)
        st = broken(c, name, "is not a vector");
    else if (dims[0] > c->file_bytes / entry_bytes)
        st = broken(c, name, "is larger than its file");
    *n = dims[0];
    archi_h5_close_space(space);
    return st;
}

/* A vector as the writer makes them. *n: its length, or UINT64_MAX for any. *out is malloc'ed; NULL on failure. */
static arch_status_t read_vector(const archi_checkpoint_t *c, hid_t file, const char *name, size_t entry_bytes,
                                 uint64_t *n, void **out)
{
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT), type = set < 0 ? -1 : H5Dget_type(set);
    uint64_t found = 0;
    arch_status_t st = set < 0 ? unreadable(c, name) : check_type(c, name, type, entry_bytes);

    *out = NULL;
    if (st == ARCH_OK)
        st = check_space(c, name, set, entry_bytes, &found);
    if (st == ARCH_OK && *n != UINT64_MAX && found != *n)
        st = broken(c, name, "has another length than expected");
    *n = found;
    if (st == ARCH_OK && (*out = malloc(found * entry_bytes + 1)) == NULL)
        st = ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory to read it", c->path);
    if (st == ARCH_OK && found > 0 && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *out) < 0)
        st = unreadable(c, name);
    if (st != ARCH_OK) {
        free(*out);
        *out = NULL;
    }
    archi_h5_close_type(type);
    archi_h5_close_data(set);
    return st;
}

static arch_status_t read_attribute(archi_checkpoint_t *c, hid_t file, const archi_checkpoint_attribute_t *a)
{
    hid_t attribute = H5Aopen(file, a->name, H5P_DEFAULT), type = attribute < 0 ? -1 : H5Aget_type(attribute),
          space = 0;
    arch_status_t st = attribute < 0 ? unreadable(c, a->name) : check_type(c, a->name, type, a->bytes);
    char *to = (char *)&c->head + a->offset;

    if (st == ARCH_OK && ((space = H5Aget_space(attribute)) < 0 || H5Sget_simple_extent_type(space) != H5S_SCALAR))
        st = broken(c, a->name, "is not one value");
    if (st == ARCH_OK && H5Aread(attribute, type, to) < 0)
        st = unreadable(c, a->name);
    if (a->bytes == ARCHI_CHECKPOINT_NAME)
        to[a->bytes - 1] = '\0';
    archi_h5_close_space(space);
    archi_h5_close_type(type);
    if (attribute > 0)
        H5Aclose(attribute);
    return st;
}

/* ---- content ------------------------------------------------------------------------------------------------------ */

static arch_status_t check_head(const archi_checkpoint_t *c)
{
    const archi_checkpoint_head_t *h = &c->head;

    if (strcmp(h->product, ARCH_VERSION) != 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: was written by architech %s and cannot be continued by %s", c->path,
                         h->product, ARCH_VERSION);
    if (h->replications == 0 || h->n_elements == 0 || h->n_blocks == 0 || h->n_blocks > h->n_elements ||
        h->duration <= 0 || h->group >= h->n_groups || h->file >= h->n_files)
        return broken(c, "head", "holds impossible numbers");
    return ARCH_OK;
}

static arch_status_t check_map(const archi_checkpoint_t *c)
{
    for (uint32_t e = 0; e < c->head.n_elements; e++)
        if (c->block_of[e] >= c->head.n_blocks)
            return broken(c, "/block_of", "names a block that there is not");
    for (uint32_t i = 0; i < c->n_finished; i++)
        if (c->finished[i] >= c->head.replications || (i > 0 && c->finished[i] <= c->finished[i - 1]))
            return broken(c, "/finished", "is not an ascending list of replications");
    for (uint32_t i = 0; i < c->n_blocks_here; i++) {
        const archi_checkpoint_block_t *b = &c->block[i];
        if (b->replication >= c->head.replications || b->block >= c->head.n_blocks || b->now < 0 || b->bytes == 0)
            return broken(c, "/table", "describes a block that cannot be");
    }
    return ARCH_OK;
}

static arch_status_t read_table(archi_checkpoint_t *c, hid_t file)
{
    uint64_t n = UINT64_MAX;

    for (const archi_checkpoint_attribute_t *column = archi_checkpoint_columns; column->name != NULL; column++) {
        char name[ARCHI_CHECKPOINT_PATH];
        void *cells;
        snprintf(name, sizeof name, "/table/%s", column->name);
        ARCH_TRY(read_vector(c, file, name, column->bytes, &n, &cells));
        if (c->block == NULL && n < UINT32_MAX)
            c->block = calloc(n + 1, sizeof *c->block);
        for (uint64_t i = 0; c->block != NULL && i < n; i++)
            memcpy((char *)&c->block[i] + column->offset, (const char *)cells + i * column->bytes, column->bytes);
        free(cells);
        if (c->block == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory to read it", c->path);
    }
    c->n_blocks_here = (uint32_t)n;
    return ARCH_OK;
}

static arch_status_t read_content(archi_checkpoint_t *c, hid_t file)
{
    uint64_t n, n_finished = UINT64_MAX;
    void *data;

    for (const archi_checkpoint_attribute_t *a = archi_checkpoint_attributes; a->name != NULL; a++)
        ARCH_TRY(read_attribute(c, file, a));
    ARCH_TRY(check_head(c));
    n = c->head.n_elements;
    ARCH_TRY(read_vector(c, file, "/block_of", sizeof *c->block_of, &n, &data));
    c->block_of = data;
    ARCH_TRY(read_table(c, file));
    ARCH_TRY(read_vector(c, file, "/finished", sizeof *c->finished, &n_finished, &data));
    c->finished = data;
    if (n_finished > c->head.replications)
        return broken(c, "/finished", "is longer than it can be");
    c->n_finished = (uint32_t)n_finished;
    c->n_words = UINT64_MAX;
    ARCH_TRY(read_vector(c, file, "/statistics", sizeof *c->statistics, &c->n_words, &data));
    c->statistics = data;
    return check_map(c);
}

/* ---- the file ----------------------------------------------------------------------------------------------------- */

/* What a file without our seal is, in words for whoever mistook it. */
static arch_status_t foreign(const char *path, const char *head)
{
    int format;

    if (sscanf(head, ARCHI_CHECKPOINT_MAGIC "\nformat %d\n", &format) == 1 && format != ARCHI_CHECKPOINT_FORMAT)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: is of format %d, this version reads format %d", path, format,
                         ARCHI_CHECKPOINT_FORMAT);
    if (strncmp(head, ARCHI_CHECKPOINT_MAGIC "\n", sizeof ARCHI_CHECKPOINT_MAGIC) != 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: is not a checkpoint of architech", path);
    return ARCH_FAIL(ARCH_E_FORMAT, "%s: is damaged: it was cut short or changed after it was written", path);
}

/* The table of extents at the end, as long as the seal says; NULL when that cannot be. */
static archi_checkpoint_extent_t *read_extents(int fd, uint64_t bytes, uint32_t n)
{
    archi_checkpoint_extent_t *extent;
    uint64_t table = n * sizeof *extent, at = ARCHI_CHECKPOINT_SEAL;

    if (bytes < ARCHI_CHECKPOINT_SEAL || table > bytes - ARCHI_CHECKPOINT_SEAL || (extent = malloc(table + 1)) == NULL)
        return NULL;
    if (pread(fd, extent, table, (off_t)(bytes - table)) == (ssize_t)table) {
        uint32_t i = 0;
        for (; i < n && extent[i].offset >= at && extent[i].offset <= bytes - table &&
               extent[i].bytes <= bytes - table - extent[i].offset;
             i++)
            at = extent[i].offset + extent[i].bytes;
        if (i == n)
            return extent;
    }
    free(extent);
    return NULL;
}

/* Everything outside the extents against the seal, then the extents against their checksums. */
static arch_status_t check_sums(int fd, const char *path, const char *found, const archi_checkpoint_extent_t *extent,
                                uint32_t n)
{
    char expected[ARCHI_CHECKPOINT_SEAL];

    ARCH_TRY(archi_checkpoint_seal(fd, path, extent, n, expected));
    if (memcmp(found, expected, ARCHI_CHECKPOINT_SEAL) != 0)
        return foreign(path, found);
    for (uint32_t i = 0; i < n; i++) {
        archi_sum_t sum;
        archi_sum_begin(&sum);
        ARCH_TRY(archi_checkpoint_sum(fd, path, extent[i].offset, extent[i].offset + extent[i].bytes, &sum));
        if (archi_sum_end(&sum) != extent[i].checksum)
            return foreign(path, found);
    }
    return ARCH_OK;
}

static arch_status_t check_seal(int fd, const char *path, uint64_t bytes)
{
    char found[ARCHI_CHECKPOINT_SEAL + 1] = "";
    ssize_t n = pread(fd, found, ARCHI_CHECKPOINT_SEAL, 0);
    archi_checkpoint_extent_t *extent;
    uint32_t n_extents;
    arch_status_t st;

    if (n < 0)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be read: %s", path, strerror(errno));
    if (n < ARCHI_CHECKPOINT_SEAL ||
        sscanf(found, ARCHI_CHECKPOINT_MAGIC "\nformat %*d\nbytes %*u\nextents %" SCNu32, &n_extents) != 1)
        return foreign(path, found);
    extent = read_extents(fd, bytes, n_extents);
    if (extent == NULL)
        return foreign(path, found);
    st = check_sums(fd, path, found, extent, n_extents);
    free(extent);
    return st;
}

static arch_status_t check_file(const char *path, bool trusted, uint64_t *bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    arch_status_t st = ARCH_OK;

    if (fd < 0)
        return ARCH_FAIL(errno == ENOENT ? ARCH_E_NOTFOUND : ARCH_E_IO, "%s: cannot be read: %s", path,
                         strerror(errno));
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        st = ARCH_FAIL(ARCH_E_FORMAT, "%s: is not a file", path);
    else if (!trusted)
        st = check_seal(fd, path, (uint64_t)about.st_size);
    *bytes = st == ARCH_OK ? (uint64_t)about.st_size : 0;
    close(fd);
    return st;
}

/* Read-only files need no lock, and not every file system has them. */
static hid_t open_file(const char *path)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = -1;

    if (access >= 0 && H5Pset_file_locking(access, false, true) >= 0)
        file = H5Fopen(path, H5F_ACC_RDONLY, access);
    archi_h5_close_list(access);
    return file;
}

static arch_status_t read_file(archi_checkpoint_t *c)
{
    hid_t file = open_file(c->path);
    arch_status_t st = file < 0 ? unreadable(c, "/") : read_content(c, file);

    if (file >= 0)
        H5Fclose(file);
    return st;
}

arch_status_t archi_checkpoint_read(const char *path, bool trusted, archi_checkpoint_t **out)
{
    archi_checkpoint_t *c;
    archi_h5_quiet_t quiet;
    uint64_t bytes = 0;
    arch_status_t st;

    *out = NULL;
    ARCH_TRY(check_file(path, trusted, &bytes));
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory to read it", path);
    snprintf(c->path, sizeof c->path, "%s", path);
    c->file_bytes = bytes;
    archi_h5_quiet_begin(&quiet);
    st = read_file(c);
    archi_h5_quiet_end(&quiet);
    *out = c;
    if (st != ARCH_OK)
        archi_checkpoint_free(out);
    return st;
}

void archi_checkpoint_free(archi_checkpoint_t **checkpoint)
{
    archi_checkpoint_t *c = *checkpoint;

    *checkpoint = NULL;
    if (c == NULL)
        return;
    free(c->block_of);
    free(c->block);
    free(c->finished);
    free(c->statistics);
    free(c);
}

/* ---- blocks ------------------------------------------------------------------------------------------------------- */

static arch_status_t read_block(const archi_checkpoint_t *c, hid_t file, uint32_t i, void **bytes)
{
    char name[ARCHI_CHECKPOINT_PATH];
    uint64_t n = c->block[i].bytes;

    archi_checkpoint_block_name(i, name);
    ARCH_TRY(read_vector(c, file, name, 1, &n, bytes));
    if (archi_sum_of(*bytes, n) == c->block[i].checksum)
        return ARCH_OK;
    free(*bytes);
    *bytes = NULL;
    return broken(c, name, "is not the block that was saved: its checksum differs");
}

/* Blocks first .. last - 1; the bytes of the last one read are the caller's. */
static arch_status_t read_blocks(const archi_checkpoint_t *c, uint32_t first, uint32_t last, void **bytes)
{
    archi_h5_quiet_t quiet;
    arch_status_t st = ARCH_OK;
    hid_t file;

    *bytes = NULL;
    archi_h5_quiet_begin(&quiet);
    file = open_file(c->path);
    if (file < 0)
        st = unreadable(c, "/");
    for (uint32_t i = first; st == ARCH_OK && i < last; i++) {
        free(*bytes);
        st = read_block(c, file, i, bytes);
    }
    if (file >= 0)
        H5Fclose(file);
    archi_h5_quiet_end(&quiet);
    return st;
}

arch_status_t archi_checkpoint_bytes(const archi_checkpoint_t *c, uint32_t i, void **bytes)
{
    return read_blocks(c, i, i + 1, bytes);
}

arch_status_t archi_checkpoint_verify(const archi_checkpoint_t *c)
{
    void *last;
    arch_status_t st = read_blocks(c, 0, c->n_blocks_here, &last);

    free(last);
    return st;
}

bool archi_checkpoint_is(const char *path)
{
    char head[sizeof ARCHI_CHECKPOINT_MAGIC] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof head, 0);

    if (fd >= 0)
        close(fd);
    return n == (ssize_t)sizeof head && memcmp(head, ARCHI_CHECKPOINT_MAGIC "\n", sizeof head) == 0;
}
