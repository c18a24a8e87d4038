/* io/results_read.c - a result file back into memory.
 *
 * First the seal: a file that is not ours, cut short or changed is refused before the HDF5 library sees it. Then every
 * shape and type is compared with what the writer makes, and no size from the file is believed before it is compared with
 * what a file of that length can hold. */
#include "io/arena.h"
#include "io/results_write.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFLATE_RATIO = 1100, NAME_BYTES = 160 }; /* deflate makes at most 1 byte of 1,032 */

typedef struct {
    const char     *path;
    hid_t           file;
    uint64_t        most_bytes; /* that one dataset can hold */
    arch_results_t *results;
} reader_t;

static arch_status_t broken(const reader_t *reader, const char *name, const char *why)
{
    return ARCH_FAIL(ARCH_E_FORMAT, "%s: %s: %s", reader->path, name, why);
}

/* The library could not give what the writer always writes. */
static arch_status_t unreadable(const reader_t *reader, const char *name)
{
    archi_h5_fail(__func__, __FILE__, __LINE__, name);
    return ARCH_FAIL(ARCH_E_FORMAT, "%s: %s: cannot be read; %s", reader->path, name, arch_error_text());
}

static arch_status_t no_memory(const reader_t *reader, const char *name)
{
    return ARCH_FAIL(ARCH_E_NOMEM, "%s: %s: no memory to read it", reader->path, name);
}

/* ---- vectors: a dataset or an attribute of known type, in malloc'ed memory ------------------------------------------ */

typedef struct {
    archi_cell_t cell;
    uint64_t     n;     /* cells */
    size_t       width; /* of texts */
    size_t       step;  /* bytes of a cell */
    char        *data;
} vector_t;

/* The type must be the one that the writer chose for such a cell; of a text, the width is the file's to say. */
static arch_status_t check_type(const reader_t *reader, const char *name, hid_t found, vector_t *vector)
{
    bool text = vector->cell <= ARCHI_CELL_WORD;
    arch_status_t st = ARCH_OK;
    hid_t expected;
    htri_t same;

    vector->width = text ? H5Tget_size(found) : 0;
    if (text && (H5Tget_class(found) != H5T_STRING || H5Tis_variable_str(found) != 0 || vector->width == 0 ||
                 vector->width > reader->most_bytes))
        return broken(reader, name, "is not a text of fixed width");
    expected = archi_h5_type(vector->cell, vector->width);
    same = expected < 0 ? -1 : H5Tequal(found, expected);
    if (same < 0)
        st = unreadable(reader, name);
    else if (same == 0)
        st = broken(reader, name, "has another type than expected");
    archi_h5_close_type(expected);
    vector->step = archi_h5_size(vector->cell, vector->width);
    return st;
}

/* The number of cells, when the space has `rank` dimensions of dims[] (0: whatever the file has, stored in dims[]). */
static arch_status_t check_space(const reader_t *reader, const char *name, hid_t space, int rank, hsize_t *dims,
                                 vector_t *vector)
{
    hsize_t found[2] = {1, 1};

    if (space < 0)
        return unreadable(reader, name);
    if (H5Sis_simple(space) <= 0 || H5Sget_simple_extent_ndims(space) != rank)
        return broken(reader, name, "has another number of dimensions than expected");
    if (rank > 0 && H5Sget_simple_extent_dims(space, found, NULL) != rank)
        return unreadable(reader, name);
    vector->n = 1;
    for (int d = 0; d < rank; d++) {
        if (dims[d] != H5S_UNLIMITED && dims[d] != found[d])
            return broken(reader, name, "has another number of rows than expected");
        if (found[d] > UINT32_MAX) /* two of them fit 64 bits */
            return broken(reader, name, "is larger than its file can hold");
        dims[d] = found[d];
        vector->n *= found[d];
    }
    if (vector->n > reader->most_bytes / vector->step)
        return broken(reader, name, "is larger than its file can hold");
    vector->data = calloc(vector->n + 1, vector->step);
    return vector->data == NULL ? no_memory(reader, name) : ARCH_OK;
}

/* Read the dataset `name` (a path) into vector->data, which the caller frees also on failure. dims[d] = H5S_UNLIMITED
 * accepts any size and stores it. */
static arch_status_t read_vector(const reader_t *reader, const char *name, archi_cell_t cell, int rank, hsize_t *dims,
                                 vector_t *vector)
{
    hid_t data = H5Dopen2(reader->file, name, H5P_DEFAULT), type = 0, space = 0;
    arch_status_t st = data < 0 ? unreadable(reader, name) : ARCH_OK;

    memset(vector, 0, sizeof *vector);
    vector->cell = cell;
    if (st == ARCH_OK)
        st = (type = H5Dget_type(data)) < 0 ? unreadable(reader, name) : check_type(reader, name, type, vector);
    if (st == ARCH_OK) {
        space = H5Dget_space(data);
        st = check_space(reader, name, space, rank, dims, vector);
    }
    if (st == ARCH_OK && vector->n > 0 && H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, vector->data) < 0)
        st = unreadable(reader, name);
    archi_h5_close_space(space);
    archi_h5_close_type(type);
    archi_h5_close_data(data);
    return st;
}

/* The same for a scalar attribute of the object `at`. */
static arch_status_t read_attribute(const reader_t *reader, const char *at, const char *name, archi_cell_t cell,
                                    vector_t *vector)
{
    hid_t attribute = H5Aopen_by_name(reader->file, at, name, H5P_DEFAULT, H5P_DEFAULT), type = 0, space = 0;
    arch_status_t st = attribute < 0 ? unreadable(reader, name) : ARCH_OK;

    memset(vector, 0, sizeof *vector);
    vector->cell = cell;
    if (st == ARCH_OK)
        st = (type = H5Aget_type(attribute)) < 0 ? unreadable(reader, name) : check_type(reader, name, type, vector);
    if (st == ARCH_OK) {
        space = H5Aget_space(attribute);
        st = check_space(reader, name, space, 0, NULL, vector);
    }
    if (st == ARCH_OK && H5Aread(attribute, type, vector->data) < 0)
        st = unreadable(reader, name);
    archi_h5_close_space(space);
    archi_h5_close_type(type);
    if (attribute > 0)
        H5Aclose(attribute);
    return st;
}

/* ---- cells: from a vector into the members of rows ------------------------------------------------------------------ */

static arch_status_t put_text(const reader_t *reader, const char *name, const vector_t *vector, uint64_t i, void *member)
{
    const char *from = vector->data + i * vector->step;
    char *copy = archi_arena_copy(reader->results->arena, from, strnlen(from, vector->width));

    if (copy == NULL)
        return no_memory(reader, name);
    memcpy(member, &copy, sizeof copy);
    return ARCH_OK;
}

static arch_status_t put_word(const reader_t *reader, const char *name, const archi_column_t *column,
                              const vector_t *vector, uint64_t i, void *member)
{
    const char *from = vector->data + i * vector->step;
    size_t length = strnlen(from, vector->width);

    for (uint32_t w = 0; column->words[w] != NULL; w++)
        if (strlen(column->words[w]) == length && memcmp(column->words[w], from, length) == 0) {
            memcpy(member, &w, sizeof w);
            return ARCH_OK;
        }
    return broken(reader, name, "has a word that this version does not know");
}

/* An estimate comes in two datasets: the value first, then, as `half`, its half width. */
static void put_estimate(const vector_t *vector, uint64_t i, bool half, arch_estimate_t *estimate)
{
    double value;

    memcpy(&value, vector->data + i * vector->step, sizeof value);
    if (half) {
        estimate->half_width = value;
        return;
    }
    estimate->value = value;
    estimate->supported = !isnan(value);
}

static arch_status_t put_cell(const reader_t *reader, const char *name, const archi_column_t *column, bool half,
                              const vector_t *vector, uint64_t i, void *row)
{
    char *member = (char *)row + column->offset;

    switch (column->cell) {
    case ARCHI_CELL_TEXT: return put_text(reader, name, vector, i, member);
    case ARCHI_CELL_WORD: return put_word(reader, name, column, vector, i, member);
    case ARCHI_CELL_BOOL: *(bool *)(void *)member = vector->data[i] != 0; return ARCH_OK;
    case ARCHI_CELL_ESTIMATE: put_estimate(vector, i, half, (arch_estimate_t *)(void *)member); return ARCH_OK;
    default: memcpy(member, vector->data + i * vector->step, vector->step); return ARCH_OK;
    }
}

/* ---- tables ------------------------------------------------------------------------------------------------------- */

/* One dataset into all rows. The first column read says how many rows there are, and makes them. */
static arch_status_t read_dataset(const reader_t *reader, const archi_table_t *table, const archi_column_t *column,
                                  bool half, hsize_t *n, char **rows)
{
    char name[NAME_BYTES];
    vector_t vector;
    arch_status_t st;

    snprintf(name, sizeof name, "/%s/%s%s", table->name, column->name, half ? "_half_width" : "");
    ARCH_TRY_TO(done, read_vector(reader, name, column->cell, 1, n, &vector));
    if (*rows == NULL && *n > reader->most_bytes)
        ARCH_TRY_TO(done, broken(reader, name, "is larger than its file can hold"));
    if (*rows == NULL)
        *rows = arch_results_alloc(reader->results, (size_t)*n * table->row_bytes);
    if (*rows == NULL)
        ARCH_TRY_TO(done, no_memory(reader, name));
    for (uint64_t i = 0; i < *n; i++)
        ARCH_TRY_TO(done, put_cell(reader, name, column, half, &vector, i, *rows + i * table->row_bytes));
done:
    free(vector.data);
    return st;
}

static arch_status_t read_table(const reader_t *reader, const archi_table_t *table)
{
    hsize_t n = H5S_UNLIMITED;
    char *rows = NULL;
    uint32_t count;

    for (uint32_t c = 0; c < table->n_columns; c++) {
        ARCH_TRY(read_dataset(reader, table, &table->column[c], false, &n, &rows));
        if (table->column[c].cell == ARCHI_CELL_ESTIMATE)
            ARCH_TRY(read_dataset(reader, table, &table->column[c], true, &n, &rows));
    }
    count = (uint32_t)n;
    memcpy((char *)reader->results + table->n_offset, &count, sizeof count);
    memcpy((char *)reader->results + table->rows_offset, &rows, sizeof rows);
    return ARCH_OK;
}

/* A table of one row is a group with an attribute per column. */
static arch_status_t read_one_row(const reader_t *reader, const archi_table_t *table)
{
    for (uint32_t c = 0; c < table->n_columns; c++) {
        const archi_column_t *column = &table->column[c];
        char name[NAME_BYTES];
        vector_t vector;
        arch_status_t st;

        archi_name_with_unit(column, name, sizeof name);
        if (table == &archi_engine_table && H5Aexists_by_name(reader->file, table->name, name, H5P_DEFAULT) == 0)
            continue; /* the file is older than the figure */
        st = read_attribute(reader, table->name, name, column->cell, &vector);
        if (st == ARCH_OK)
            st = put_cell(reader, name, column, false, &vector, 0, (char *)reader->results + table->rows_offset);
        free(vector.data);
        ARCH_TRY(st);
    }
    return ARCH_OK;
}

/* Files written before the engine counted anything have no such group. */
static arch_status_t read_engine(const reader_t *reader)
{
    if (H5Lexists(reader->file, archi_engine_table.name, H5P_DEFAULT) == 0)
        return ARCH_OK;
    ARCH_TRY(read_one_row(reader, &archi_engine_table));
    for (uint32_t t = 0; t < ARCHI_N_ENGINE_TABLES; t++)
        ARCH_TRY(read_table(reader, &archi_engine_tables[t]));
    return ARCH_OK;
}

/* ---- root --------------------------------------------------------------------------------------------------------- */

static arch_status_t read_root_cell(const reader_t *reader, const char *name, archi_cell_t cell, void *member)
{
    const archi_column_t column = {name, cell, 0, "", NULL, false};
    vector_t vector;
    arch_status_t st = read_attribute(reader, "/", name, cell, &vector);

    if (st == ARCH_OK)
        st = put_cell(reader, name, &column, false, &vector, 0, member);
    free(vector.data);
    return st;
}

static arch_status_t read_hex(const reader_t *reader, const char *name, uint64_t *out)
{
    const char *text = "";
    char back[17];

    ARCH_TRY(read_root_cell(reader, name, ARCHI_CELL_TEXT, &text));
    *out = strtoull(text, NULL, 16);
    snprintf(back, sizeof back, "%016" PRIx64, *out);
    return strcmp(text, back) == 0 ? ARCH_OK : broken(reader, name, "is not a number of 16 hexadecimal digits");
}

static arch_status_t read_root(const reader_t *reader)
{
    arch_results_t *results = reader->results;
    uint32_t version = 0;
    vector_t design;
    arch_status_t st;

    ARCH_TRY(read_root_cell(reader, "format_version", ARCHI_CELL_U32, &version));
    if (version != ARCHI_RESULTS_FORMAT)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: is of format %u, this version reads format %d", reader->path, version,
                         ARCHI_RESULTS_FORMAT);
    ARCH_TRY(read_root_cell(reader, "name", ARCHI_CELL_TEXT, &results->name));
    ARCH_TRY(read_hex(reader, "digest", &results->digest));
    ARCH_TRY(read_hex(reader, "design_hash", &results->design_hash));
    ARCH_TRY(read_root_cell(reader, "objectives_met", ARCHI_CELL_BOOL, &results->objectives_met));
    st = read_vector(reader, "/design", ARCHI_CELL_TEXT, 0, NULL, &design);
    if (st == ARCH_OK)
        st = put_text(reader, "/design", &design, 0, &results->design);
    free(design.data);
    return st;
}

/* ---- histograms --------------------------------------------------------------------------------------------------- */

/* A vector's data as an array that lives as long as the results. */
static arch_status_t read_array(const reader_t *reader, const char *name, archi_cell_t cell, hsize_t *n, void *out)
{
    vector_t vector;
    arch_status_t st = read_vector(reader, name, cell, 1, n, &vector);
    void *copy = NULL;

    if (st == ARCH_OK) {
        copy = arch_results_alloc(reader->results, vector.n * vector.step);
        if (copy == NULL)
            st = no_memory(reader, name);
        else
            memcpy(copy, vector.data, vector.n * vector.step);
    }
    free(vector.data);
    memcpy(out, &copy, sizeof copy);
    return st;
}

static arch_status_t read_histograms(const reader_t *reader)
{
    arch_results_t *results = reader->results;
    hsize_t n_offsets = (hsize_t)results->n_operations + 1, n = H5S_UNLIMITED;
    uint64_t *offset, *count;
    double *low, *high;

    ARCH_TRY(read_array(reader, "/histograms/offset", ARCHI_CELL_U64, &n_offsets, &offset));
    ARCH_TRY(read_array(reader, "/histograms/low", ARCHI_CELL_DOUBLE, &n, &low));
    ARCH_TRY(read_array(reader, "/histograms/high", ARCHI_CELL_DOUBLE, &n, &high));
    ARCH_TRY(read_array(reader, "/histograms/count", ARCHI_CELL_U64, &n, &count));
    if (offset[0] != 0 || offset[results->n_operations] != n)
        return broken(reader, "/histograms/offset", "does not span the buckets");
    for (uint32_t i = 0; i < results->n_operations; i++) {
        arch_histogram_t *h = &results->operation[i].latency;

        if (offset[i + 1] < offset[i] || offset[i + 1] > n)
            return broken(reader, "/histograms/offset", "does not ascend");
        h->n = (uint32_t)(offset[i + 1] - offset[i]);
        h->low = low + offset[i];
        h->high = high + offset[i];
        h->count = count + offset[i];
    }
    return ARCH_OK;
}

/* ---- time series -------------------------------------------------------------------------------------------------- */

static arch_status_t read_figure(const reader_t *reader, const char *group, uint32_t figure, hsize_t *dims,
                                 arch_series_t *series)
{
    char name[NAME_BYTES];
    vector_t vector;
    float *values = NULL;
    arch_status_t st;

    snprintf(name, sizeof name, "%s/%s", group, archi_figures[figure].name);
    ARCH_TRY_TO(done, read_vector(reader, name, ARCHI_CELL_FLOAT, 2, dims, &vector));
    values = arch_results_alloc(reader->results, vector.n * sizeof *values);
    if (values == NULL)
        ARCH_TRY_TO(done, no_memory(reader, name));
    memcpy(values, vector.data, vector.n * sizeof *values);
    memcpy((char *)series + archi_figures[figure].offset, &values, sizeof values);
done:
    free(vector.data);
    return st;
}

static arch_status_t read_series(const reader_t *reader, const char *group, const archi_table_t *table,
                                 arch_series_t *series)
{
    static const archi_column_t interval = {"interval_ns", ARCHI_CELL_TIME, 0, "", NULL, false};
    hsize_t dims[2] = {archi_table_n(reader->results, table), H5S_UNLIMITED};
    char probe[NAME_BYTES];
    vector_t vector;
    arch_status_t st = read_attribute(reader, group, interval.name, interval.cell, &vector);

    if (st == ARCH_OK)
        st = put_cell(reader, group, &interval, false, &vector, 0, &series->interval);
    free(vector.data);
    ARCH_TRY(st);
    snprintf(probe, sizeof probe, "%s/time", group);
    if (H5Lexists(reader->file, probe, H5P_DEFAULT) == 0)
        return ARCH_OK;
    for (uint32_t f = 0; f < ARCHI_N_FIGURES; f++)
        if (archi_series_has(table, f))
            ARCH_TRY(read_figure(reader, group, f, dims, series));
    series->n_rows = series->n_rows_total = (uint32_t)dims[0];
    series->n_intervals = (uint32_t)dims[1];
    return ARCH_OK;
}

/* ---- the file ----------------------------------------------------------------------------------------------------- */

static arch_status_t read_content(const reader_t *reader)
{
    arch_results_t *results = reader->results;

    ARCH_TRY(read_root(reader));
    ARCH_TRY(read_one_row(reader, &archi_provenance_table));
    ARCH_TRY(read_engine(reader));
    for (uint32_t t = 0; t < ARCHI_N_TABLES; t++)
        ARCH_TRY(read_table(reader, &archi_tables[t]));
    ARCH_TRY(read_histograms(reader));
    ARCH_TRY(read_series(reader, "/series/component", &archi_tables[ARCHI_COMPONENTS], &results->component_series));
    return read_series(reader, "/series/operation", &archi_tables[ARCHI_OPERATIONS], &results->operation_series);
}

/* What a file without our seal is, in words for whoever mistook it. */
static arch_status_t foreign(const char *path, const char *head, size_t n)
{
    static const char hdf5[8] = {'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};
    int format;

    if (n == 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: is empty, expected results of architech (HDF5)", path);
    if (n >= sizeof hdf5 && memcmp(head, hdf5, sizeof hdf5) == 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: is an HDF5 file, but not one that architech wrote", path);
    if (sscanf(head, ARCHI_RESULTS_MAGIC "\nformat %d\n", &format) == 1 && format != ARCHI_RESULTS_FORMAT)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: is of format %d, this version reads format %d", path, format,
                         ARCHI_RESULTS_FORMAT);
    if (strncmp(head, ARCHI_RESULTS_MAGIC "\n", sizeof ARCHI_RESULTS_MAGIC) != 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: is not a result of architech (HDF5)", path);
    return ARCH_FAIL(ARCH_E_FORMAT, "%s: is damaged: it was cut short or changed after it was written", path);
}

static arch_status_t check_seal(int fd, const char *path, uint64_t *bytes)
{
    char found[ARCHI_SEAL_BYTES + 1] = "", expected[ARCHI_SEAL_BYTES];
    ssize_t n = pread(fd, found, ARCHI_SEAL_BYTES, 0);

    if (n < 0)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be read: %s", path, strerror(errno));
    ARCH_TRY(archi_seal_compute(fd, path, bytes, expected));
    if (n < ARCHI_SEAL_BYTES || memcmp(found, expected, ARCHI_SEAL_BYTES) != 0)
        return foreign(path, found, (size_t)n);
    return ARCH_OK;
}

static arch_status_t check_file(const char *path, uint64_t *bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    arch_status_t st;

    if (fd < 0)
        return ARCH_FAIL(errno == ENOENT ? ARCH_E_NOTFOUND : ARCH_E_IO, "%s: cannot be read: %s", path, strerror(errno));
    st = check_seal(fd, path, bytes);
    close(fd);
    return st;
}

/* Read-only files need no lock, and not every file system has them. */
static arch_status_t open_file(reader_t *reader)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);

    if (access >= 0 && H5Pset_file_locking(access, false, true) >= 0)
        reader->file = H5Fopen(reader->path, H5F_ACC_RDONLY, access);
    archi_h5_close_list(access);
    return reader->file > 0 ? ARCH_OK : unreadable(reader, "/");
}

static arch_status_t read_file(const char *path, uint64_t bytes, arch_results_t *results)
{
    reader_t reader = {path, 0, bytes * DEFLATE_RATIO, results};
    arch_status_t st;

    ARCH_TRY_TO(done, open_file(&reader));
    ARCH_TRY_TO(done, read_content(&reader));
done:
    if (reader.file > 0)
        H5Fclose(reader.file);
    return st;
}

arch_status_t arch_results_read(const char *path, arch_results_t **out)
{
    archi_h5_quiet_t quiet;
    uint64_t bytes = 0;
    arch_status_t st;

    *out = NULL;
    ARCH_TRY(check_file(path, &bytes));
    ARCH_TRY(arch_results_create(out));
    archi_h5_quiet_begin(&quiet);
    st = read_file(path, bytes, *out);
    archi_h5_quiet_end(&quiet);
    if (st != ARCH_OK)
        arch_results_destroy(out);
    return st == ARCH_OK ? ARCH_OK : arch_fail_from(st, __func__, __FILE__, __LINE__);
}
