/* io/results_content.c - the content of a result file, built in memory: attributes, the design, a group per table with a
 * dataset per column, histograms, the datasets of the time series. Nothing in it depends on when it was written. */
#include "io/results_write.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "memory is written as it lies; the file is little-endian");

enum { COMPRESS_ROWS = 1024, DEFLATE_LEVEL = 1, CHUNK_CELLS = 16384 };

/* One vector of cells, ready for a dataset or an attribute. */
typedef struct {
    archi_cell_t cell;
    size_t       width; /* of texts */
    hsize_t      n;
    const char  *unit;
    const void  *data;
} vector_t;

/* ---- attributes and datasets ---------------------------------------------------------------------------------------- */

static arch_status_t write_attribute(hid_t at, const char *name, archi_cell_t cell, size_t width, const void *data)
{
    arch_status_t st = ARCH_OK;
    hid_t type = 0, space = 0, attribute = 0;

    ARCH_TRY_H5_TO(done, type = archi_h5_type(cell, width));
    ARCH_TRY_H5_TO(done, space = H5Screate(H5S_SCALAR));
    ARCH_TRY_H5_TO(done, attribute = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT));
    ARCH_TRY_H5_TO(done, H5Awrite(attribute, type, data));
done:
    if (attribute > 0)
        H5Aclose(attribute);
    archi_h5_close_space(space);
    archi_h5_close_type(type);
    return st;
}

static arch_status_t write_text_attribute(hid_t at, const char *name, const char *text)
{
    size_t n = strlen(text);

    return write_attribute(at, name, ARCHI_CELL_TEXT, n == 0 ? 1 : n, text);
}

static arch_status_t make_group(hid_t at, const char *name, hid_t *out)
{
    arch_status_t st = ARCH_OK;
    hid_t list = 0;

    ARCH_TRY_H5_TO(done, list = H5Pcreate(H5P_GROUP_CREATE));
    ARCH_TRY_H5_TO(done, H5Pset_obj_track_times(list, false));
    ARCH_TRY_H5_TO(done, *out = H5Gcreate2(at, name, H5P_DEFAULT, list, H5P_DEFAULT));
done:
    archi_h5_close_list(list);
    return st;
}

/* Whole rows per chunk, about 64 KiB of floats; long rows are cut. */
static void chunk_shape(int rank, const hsize_t *dims, hsize_t *chunk)
{
    hsize_t cells = CHUNK_CELLS;

    for (int d = rank - 1; d >= 0; d--) {
        chunk[d] = dims[d] < cells ? dims[d] : cells;
        cells /= chunk[d];
        if (cells == 0)
            cells = 1;
    }
}

/* A dataset without its data; `compress`: in chunks, deflated. The caller closes it. */
static arch_status_t make_dataset(hid_t at, const char *name, hid_t type, int rank, const hsize_t *dims, bool compress,
                                  hid_t *out)
{
    arch_status_t st = ARCH_OK;
    hid_t space = 0, list = 0;
    hsize_t chunk[2];

    ARCH_TRY_H5_TO(done, space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(rank, dims, NULL));
    ARCH_TRY_H5_TO(done, list = H5Pcreate(H5P_DATASET_CREATE));
    ARCH_TRY_H5_TO(done, H5Pset_obj_track_times(list, false));
    if (compress) {
        chunk_shape(rank, dims, chunk);
        ARCH_TRY_H5_TO(done, H5Pset_chunk(list, rank, chunk));
        ARCH_TRY_H5_TO(done, H5Pset_shuffle(list));
        ARCH_TRY_H5_TO(done, H5Pset_deflate(list, DEFLATE_LEVEL));
    }
    ARCH_TRY_H5_TO(done, *out = H5Dcreate2(at, name, type, space, H5P_DEFAULT, list, H5P_DEFAULT));
done:
    archi_h5_close_list(list);
    archi_h5_close_space(space);
    return st;
}

/* A one-dimensional dataset; `scale` is the dimension scale of its rows, or 0; *out (when asked for) the open dataset. */
static arch_status_t write_vector(hid_t at, const char *name, const vector_t *vector, hid_t scale, hid_t *out)
{
    arch_status_t st = ARCH_OK;
    hid_t type = 0, data = 0;

    ARCH_TRY_H5_TO(done, type = archi_h5_type(vector->cell, vector->width));
    ARCH_TRY_TO(done, make_dataset(at, name, type, 1, &vector->n, vector->n >= COMPRESS_ROWS, &data));
    if (vector->n > 0)
        ARCH_TRY_H5_TO(done, H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, vector->data));
    if (vector->unit[0] != '\0')
        ARCH_TRY_TO(done, write_text_attribute(data, "units", vector->unit));
    if (scale > 0)
        ARCH_TRY_H5_TO(done, H5DSattach_scale(data, scale, 0));
    if (out != NULL) {
        ARCH_TRY_H5_TO(done, H5DSset_scale(data, name));
        *out = data;
        data = 0;
    }
done:
    archi_h5_close_data(data);
    archi_h5_close_type(type);
    return st;
}

/* ---- tables ------------------------------------------------------------------------------------------------------- */

static const char *cell_as_text(const void *row, const archi_column_t *column)
{
    return column->cell == ARCHI_CELL_WORD ? archi_word(column, archi_cell_word(row, column))
                                           : archi_cell_text(row, column);
}

static size_t text_width(const arch_results_t *results, const archi_table_t *table, const archi_column_t *column)
{
    uint32_t n = archi_table_n(results, table);
    size_t width = 1;

    for (uint32_t i = 0; i < n; i++) {
        size_t length = strlen(cell_as_text(archi_table_row(results, table, i), column));
        if (length > width)
            width = length;
    }
    return width;
}

/* Put one cell where its vector has it. `half`: the half width of an estimate. */
static void copy_cell(const void *row, const archi_column_t *column, bool half, size_t width, char *to)
{
    const arch_estimate_t *estimate = archi_cell(row, column);

    switch (column->cell) {
    case ARCHI_CELL_TEXT:
    case ARCHI_CELL_WORD: memcpy(to, cell_as_text(row, column), strlen(cell_as_text(row, column))); break;
    case ARCHI_CELL_BOOL: *to = *(const bool *)archi_cell(row, column) ? 1 : 0; break;
    case ARCHI_CELL_ESTIMATE: {
        double shown = half ? estimate->half_width : estimate->value;
        if (!estimate->supported)
            shown = (double)NAN;
        memcpy(to, &shown, sizeof shown);
        break;
    }
    default: memcpy(to, archi_cell(row, column), archi_h5_size(column->cell, width)); break;
    }
}

/* The column as a vector; vector->data is malloc'ed. */
static arch_status_t gather(const arch_results_t *results, const archi_table_t *table, const archi_column_t *column,
                            bool half, vector_t *vector)
{
    uint32_t n = archi_table_n(results, table);
    size_t step;
    char *data;

    vector->cell = column->cell;
    vector->width = column->cell <= ARCHI_CELL_WORD ? text_width(results, table, column) : 0;
    vector->n = n;
    vector->unit = column->unit;
    step = archi_h5_size(column->cell, vector->width);
    data = calloc(n == 0 ? 1 : n, step);
    vector->data = data;
    if (data == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to write %s/%s", table->name, column->name);
    for (uint32_t i = 0; i < n; i++)
        copy_cell(archi_table_row(results, table, i), column, half, vector->width, data + i * step);
    return ARCH_OK;
}

/* `*scale`: the dataset of names once written, 0 before. */
static arch_status_t write_column(hid_t group, const arch_results_t *results, const archi_table_t *table,
                                  const archi_column_t *column, hid_t *scale)
{
    arch_status_t st = ARCH_OK;
    vector_t vector = {0};
    bool is_scale = *scale == 0 && column->cell == ARCHI_CELL_TEXT;
    char half_name[64];

    ARCH_TRY_TO(done, gather(results, table, column, false, &vector));
    ARCH_TRY_TO(done, write_vector(group, column->name, &vector, *scale, is_scale ? scale : NULL));
    if (column->cell == ARCHI_CELL_ESTIMATE) {
        free((void *)vector.data);
        ARCH_TRY_TO(done, gather(results, table, column, true, &vector));
        snprintf(half_name, sizeof half_name, "%s_half_width", column->name);
        ARCH_TRY_TO(done, write_vector(group, half_name, &vector, *scale, NULL));
    }
done:
    free((void *)vector.data);
    return st;
}

/* The column that names the rows is the group's dimension scale, so it comes first. */
static arch_status_t write_table(hid_t file, const arch_results_t *results, const archi_table_t *table)
{
    arch_status_t st = ARCH_OK;
    hid_t group = 0, scale = 0;
    uint32_t naming = 0;

    while (table->column[naming].cell != ARCHI_CELL_TEXT)
        naming++;
    ARCH_TRY_TO(done, make_group(file, table->name, &group));
    ARCH_TRY_TO(done, write_column(group, results, table, &table->column[naming], &scale));
    for (uint32_t c = 0; c < table->n_columns; c++)
        if (c != naming)
            ARCH_TRY_TO(done, write_column(group, results, table, &table->column[c], &scale));
done:
    archi_h5_close_data(scale);
    archi_h5_close_group(group);
    return st;
}

/* ---- attributes of the root, of the provenance and of the engine ---------------------------------------------------- */

static arch_status_t write_cell_attribute(hid_t at, const void *row, const archi_column_t *column)
{
    char name[64];
    int8_t byte;

    archi_name_with_unit(column, name, sizeof name);
    if (column->cell == ARCHI_CELL_TEXT)
        return write_text_attribute(at, name, archi_cell_text(row, column));
    if (column->cell != ARCHI_CELL_BOOL)
        return write_attribute(at, name, column->cell, 0, archi_cell(row, column));
    byte = *(const bool *)archi_cell(row, column) ? 1 : 0;
    return write_attribute(at, name, ARCHI_CELL_BOOL, 0, &byte);
}

/* A table of one row: a group with an attribute per column. */
static arch_status_t write_one_row(hid_t file, const arch_results_t *results, const archi_table_t *table)
{
    const void *row = archi_table_row(results, table, 0);
    arch_status_t st = ARCH_OK;
    hid_t group = 0;

    ARCH_TRY_TO(done, make_group(file, table->name, &group));
    for (uint32_t c = 0; c < table->n_columns; c++)
        ARCH_TRY_TO(done, write_cell_attribute(group, row, &table->column[c]));
done:
    archi_h5_close_group(group);
    return st;
}

static arch_status_t write_root(hid_t file, const arch_results_t *results)
{
    const uint32_t version = ARCHI_RESULTS_FORMAT;
    const int8_t met = results->objectives_met ? 1 : 0;
    char hex[17];

    ARCH_TRY(write_text_attribute(file, "format", ARCHI_RESULTS_MAGIC));
    ARCH_TRY(write_attribute(file, "format_version", ARCHI_CELL_U32, 0, &version));
    ARCH_TRY(write_text_attribute(file, "name", results->name));
    snprintf(hex, sizeof hex, "%016" PRIx64, results->digest);
    ARCH_TRY(write_text_attribute(file, "digest", hex));
    snprintf(hex, sizeof hex, "%016" PRIx64, results->design_hash);
    ARCH_TRY(write_text_attribute(file, "design_hash", hex));
    return write_attribute(file, "objectives_met", ARCHI_CELL_BOOL, 0, &met);
}

static arch_status_t write_design(hid_t file, const arch_results_t *results)
{
    arch_status_t st = ARCH_OK;
    size_t n = strlen(results->design);
    hid_t type = 0, data = 0;

    ARCH_TRY_H5_TO(done, type = archi_h5_type(ARCHI_CELL_TEXT, n == 0 ? 1 : n));
    ARCH_TRY_TO(done, make_dataset(file, "design", type, 0, NULL, false, &data));
    ARCH_TRY_H5_TO(done, H5Dwrite(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, results->design));
done:
    archi_h5_close_data(data);
    archi_h5_close_type(type);
    return st;
}

/* ---- histograms --------------------------------------------------------------------------------------------------- */

/* All histograms one after the other: buckets of operation i are [offset[i], offset[i + 1]). */
typedef struct {
    uint64_t *offset, *count;
    double   *low, *high;
    size_t    n, n_offsets;
} joined_t;

static void join_fini(joined_t *joined)
{
    free(joined->offset);
    free(joined->count);
    free(joined->low);
    free(joined->high);
}

static arch_status_t join_init(joined_t *joined, const arch_results_t *results)
{
    size_t n = 0;

    memset(joined, 0, sizeof *joined);
    for (uint32_t i = 0; i < results->n_operations; i++)
        n += results->operation[i].latency.n;
    joined->n = n;
    joined->n_offsets = (size_t)results->n_operations + 1;
    joined->offset = calloc(joined->n_offsets, sizeof *joined->offset);
    joined->count = calloc(n + 1, sizeof *joined->count);
    joined->low = calloc(n + 1, sizeof *joined->low);
    joined->high = calloc(n + 1, sizeof *joined->high);
    if (joined->offset == NULL || joined->count == NULL || joined->low == NULL || joined->high == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to write the histograms");
    return ARCH_OK;
}

static void join(joined_t *joined, const arch_results_t *results)
{
    size_t at = 0;

    for (uint32_t i = 0; i < results->n_operations; i++) {
        const arch_histogram_t *h = &results->operation[i].latency;
        for (uint32_t b = 0; b < h->n; b++, at++) {
            joined->low[at] = h->low[b];
            joined->high[at] = h->high[b];
            joined->count[at] = h->count[b];
        }
        joined->offset[i + 1] = at;
    }
}

static arch_status_t write_histograms(hid_t file, const arch_results_t *results)
{
    arch_status_t st = ARCH_OK;
    hid_t group = 0, offset = 0, low = 0;
    joined_t joined;

    ARCH_TRY_TO(done, join_init(&joined, results));
    join(&joined, results);
    {
        const vector_t offsets = {ARCHI_CELL_U64, 0, joined.n_offsets, "1", joined.offset};
        const vector_t lows = {ARCHI_CELL_DOUBLE, 0, joined.n, "ns", joined.low};
        const vector_t highs = {ARCHI_CELL_DOUBLE, 0, joined.n, "ns", joined.high};
        const vector_t counts = {ARCHI_CELL_U64, 0, joined.n, "1", joined.count};

        ARCH_TRY_TO(done, make_group(file, "histograms", &group));
        ARCH_TRY_TO(done, write_vector(group, "offset", &offsets, 0, &offset));
        ARCH_TRY_TO(done, write_vector(group, "low", &lows, 0, &low));
        ARCH_TRY_TO(done, write_vector(group, "high", &highs, low, NULL));
        ARCH_TRY_TO(done, write_vector(group, "count", &counts, low, NULL));
    }
done:
    archi_h5_close_data(low);
    archi_h5_close_data(offset);
    archi_h5_close_group(group);
    join_fini(&joined);
    return st;
}

/* ---- time series: names, times and the datasets; the rows come from archi_series_write_rows() ------------------------- */

static arch_status_t write_times(hid_t group, const arch_series_t *series, hid_t *out)
{
    double *seconds = calloc((size_t)series->n_intervals + 1, sizeof *seconds);
    const vector_t times = {ARCHI_CELL_DOUBLE, 0, series->n_intervals, "s", seconds};
    arch_status_t st;

    if (seconds == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to write a time series");
    for (uint32_t i = 0; i < series->n_intervals; i++)
        seconds[i] = (double)i * (double)series->interval / (double)ARCH_SECOND;
    st = write_vector(group, "time", &times, 0, out);
    free(seconds);
    return st;
}

static arch_status_t write_row_names(hid_t group, const arch_results_t *results, const archi_table_t *table, hid_t *out)
{
    const archi_column_t *column = &table->column[0];
    vector_t names = {0};
    arch_status_t st = gather(results, table, column, false, &names);

    if (st == ARCH_OK)
        st = write_vector(group, "name", &names, 0, out);
    free((void *)names.data);
    return st;
}

static arch_status_t make_figure(hid_t group, const arch_series_t *series, uint32_t figure, hid_t names, hid_t times)
{
    const hsize_t dims[2] = {series->n_rows_total, series->n_intervals};
    arch_status_t st = ARCH_OK;
    hid_t data = 0;

    ARCH_TRY_TO(done, make_dataset(group, archi_figures[figure].name, H5T_IEEE_F32LE, 2, dims,
                                   dims[0] > 0 && dims[1] > 0, &data));
    ARCH_TRY_TO(done, write_text_attribute(data, "units", archi_figures[figure].unit));
    ARCH_TRY_H5_TO(done, H5DSattach_scale(data, names, 0));
    ARCH_TRY_H5_TO(done, H5DSattach_scale(data, times, 1));
done:
    archi_h5_close_data(data);
    return st;
}

static arch_status_t write_series(hid_t parent, const char *name, const arch_results_t *results,
                                  const archi_table_t *table, const arch_series_t *series)
{
    arch_status_t st = ARCH_OK;
    hid_t group = 0, names = 0, times = 0;

    ARCH_TRY_TO(done, make_group(parent, name, &group));
    ARCH_TRY_TO(done, write_attribute(group, "interval_ns", ARCHI_CELL_TIME, 0, &series->interval));
    if (series->n_rows_total == 0)
        goto done;
    ARCH_TRY_TO(done, write_row_names(group, results, table, &names));
    ARCH_TRY_TO(done, write_times(group, series, &times));
    for (uint32_t f = 0; f < ARCHI_N_FIGURES; f++)
        if (archi_series_has(table, f))
            ARCH_TRY_TO(done, make_figure(group, series, f, names, times));
done:
    archi_h5_close_data(times);
    archi_h5_close_data(names);
    archi_h5_close_group(group);
    return st;
}

static arch_status_t write_all_series(hid_t file, const arch_results_t *results)
{
    arch_status_t st = ARCH_OK;
    hid_t group = 0;

    ARCH_TRY_TO(done, make_group(file, "series", &group));
    ARCH_TRY_TO(done, write_series(group, "component", results, &archi_tables[ARCHI_COMPONENTS],
                                   &results->component_series));
    ARCH_TRY_TO(done, write_series(group, "operation", results, &archi_tables[ARCHI_OPERATIONS],
                                   &results->operation_series));
done:
    archi_h5_close_group(group);
    return st;
}

/* ---- the image ---------------------------------------------------------------------------------------------------- */

static arch_status_t write_content(hid_t file, const arch_results_t *results)
{
    ARCH_TRY(write_root(file, results));
    ARCH_TRY(write_design(file, results));
    ARCH_TRY(write_one_row(file, results, &archi_provenance_table));
    for (uint32_t t = 0; t < ARCHI_N_TABLES; t++)
        ARCH_TRY(write_table(file, results, &archi_tables[t]));
    ARCH_TRY(write_one_row(file, results, &archi_engine_table));
    for (uint32_t t = 0; t < ARCHI_N_ENGINE_TABLES; t++)
        ARCH_TRY(write_table(file, results, &archi_engine_tables[t]));
    ARCH_TRY(write_histograms(file, results));
    return write_all_series(file, results);
}

arch_status_t archi_results_image(const arch_results_t *results, bool with_rows, void **image, size_t *bytes)
{
    arch_status_t st = ARCH_OK;
    hid_t file = 0;

    *image = NULL;
    ARCH_TRY_TO(done, archi_h5_create_in_memory(&file));
    ARCH_TRY_TO(done, write_content(file, results));
    if (with_rows)
        ARCH_TRY_TO(done, archi_series_write_rows(file, results, H5P_DEFAULT, NULL));
    ARCH_TRY_TO(done, archi_h5_take_image(file, image, bytes));
done:
    if (file > 0)
        H5Fclose(file);
    return st;
}
