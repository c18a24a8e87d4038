/* io/results_series.c - the rows of the time series, from one process or from many. */
#include "io/results_write.h"
#include <stdio.h>

enum { FIRST_OF_OPERATIONS = 2 };

bool archi_series_has(const archi_table_t *table, uint32_t figure)
{
    return table != &archi_tables[ARCHI_OPERATIONS] || figure >= FIRST_OF_OPERATIONS;
}

/* Select rows first .. first + n - 1 of the dataset and as many of memory; nothing for n = 0. */
static arch_status_t select_rows(const arch_series_t *series, hid_t *in_file, hid_t *in_memory)
{
    const hsize_t total[2] = {series->n_rows_total, series->n_intervals};
    const hsize_t first[2] = {series->first_row, 0};
    const hsize_t count[2] = {series->n_rows, series->n_intervals};
    arch_status_t st = ARCH_OK;

    ARCH_TRY_H5_TO(done, *in_file = H5Screate_simple(2, total, NULL));
    if (series->n_rows == 0) {
        ARCH_TRY_H5_TO(done, *in_memory = H5Screate_simple(2, total, NULL));
        ARCH_TRY_H5_TO(done, H5Sselect_none(*in_file));
        ARCH_TRY_H5_TO(done, H5Sselect_none(*in_memory));
    } else {
        ARCH_TRY_H5_TO(done, *in_memory = H5Screate_simple(2, count, NULL));
        ARCH_TRY_H5_TO(done, H5Sselect_hyperslab(*in_file, H5S_SELECT_SET, first, NULL, count, NULL));
    }
done:
    return st;
}

/* The open dataset of one figure with what is to be written of it. */
typedef struct {
    hid_t data, in_file, in_memory;
} target_t;

static arch_status_t open_target(hid_t file, const char *path, const arch_series_t *series, target_t *target)
{
    arch_status_t st = ARCH_OK;

    ARCH_TRY_H5_TO(done, target->data = H5Dopen2(file, path, H5P_DEFAULT));
    ARCH_TRY_TO(done, select_rows(series, &target->in_file, &target->in_memory));
done:
    return st;
}

static arch_status_t write_figure(hid_t file, const char *path, const arch_series_t *series, const float *values,
                                  hid_t transfer, const MPI_Comm *comm)
{
    static const float nothing = 0.0f;
    target_t target = {0, 0, 0};
    arch_status_t st;

    ARCH_TRY_TO(done, archi_agree(comm, open_target(file, path, series, &target)));
    ARCH_TRY_H5_TO(written, H5Dwrite(target.data, H5T_NATIVE_FLOAT, target.in_memory, target.in_file, transfer,
                                     series->n_rows == 0 ? &nothing : values));
written:
    st = archi_agree(comm, st);
done:
    archi_h5_close_space(target.in_memory);
    archi_h5_close_space(target.in_file);
    archi_h5_close_data(target.data);
    return st;
}

static arch_status_t write_rows(hid_t file, const char *group, const archi_table_t *table, const arch_series_t *series,
                                hid_t transfer, const MPI_Comm *comm)
{
    char path[128];

    if (series->n_rows_total == 0 || series->n_intervals == 0)
        return ARCH_OK;
    for (uint32_t f = 0; f < ARCHI_N_FIGURES; f++) {
        snprintf(path, sizeof path, "%s/%s", group, archi_figures[f].name);
        if (archi_series_has(table, f))
            ARCH_TRY(write_figure(file, path, series, archi_figure(series, f), transfer, comm));
    }
    return ARCH_OK;
}

arch_status_t archi_series_write_rows(hid_t file, const arch_results_t *results, hid_t transfer, const MPI_Comm *comm)
{
    ARCH_TRY(write_rows(file, "/series/component", &archi_tables[ARCHI_COMPONENTS], &results->component_series, transfer,
                        comm));
    return write_rows(file, "/series/operation", &archi_tables[ARCHI_OPERATIONS], &results->operation_series, transfer,
                      comm);
}

uint64_t archi_series_bytes(const arch_results_t *results)
{
    const arch_series_t *c = &results->component_series, *o = &results->operation_series;
    uint64_t cells = (uint64_t)c->n_rows_total * c->n_intervals * ARCHI_N_FIGURES +
                     (uint64_t)o->n_rows_total * o->n_intervals * (ARCHI_N_FIGURES - FIRST_OF_OPERATIONS);

    return cells * sizeof(float) + cells / 16 + (UINT64_C(1) << 20); /* deflate's and the chunk index's own bytes */
}

static arch_status_t check_series(const arch_results_t *results, const archi_table_t *table, const arch_series_t *series,
                                  bool complete)
{
    uint32_t n = series->n_rows_total;

    if (n != 0 && complete && n != archi_table_n(results, table))
        return ARCH_FAIL(ARCH_E_ARG, "time series of %s: %u rows for %u %s", table->name, n,
                         archi_table_n(results, table), table->name);
    if (series->n_rows > n || series->first_row > n - series->n_rows)
        return ARCH_FAIL(ARCH_E_ARG, "time series of %s: rows %u to %u of %u", table->name, series->first_row,
                         series->first_row + series->n_rows, n);
    for (uint32_t f = 0; f < ARCHI_N_FIGURES; f++)
        if (series->n_rows > 0 && series->n_intervals > 0 && archi_series_has(table, f) &&
            archi_figure(series, f) == NULL)
            return ARCH_FAIL(ARCH_E_ARG, "time series of %s: no %s", table->name, archi_figures[f].name);
    return ARCH_OK;
}

arch_status_t archi_series_check(const arch_results_t *results, bool complete)
{
    ARCH_TRY(check_series(results, &archi_tables[ARCHI_COMPONENTS], &results->component_series, complete));
    return check_series(results, &archi_tables[ARCHI_OPERATIONS], &results->operation_series, complete);
}
