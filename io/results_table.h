/* io/results_table.h - what results consist of, said once: the HDF5 file, the JSON and the comparison read these tables.
 * A column is a member of a row's struct. Its name and unit are those of the HDF5 dataset; in JSON the unit becomes part
 * of the name ("mean_ns"). A new member of a struct of results.h becomes known everywhere by one line here. */
#ifndef ARCHI_RESULTS_TABLE_H
#define ARCHI_RESULTS_TABLE_H

#include <architech/results.h>

typedef enum {
    ARCHI_CELL_TEXT,     /* const char * */
    ARCHI_CELL_WORD,     /* an enumeration, written as one of `words` */
    ARCHI_CELL_BOOL,
    ARCHI_CELL_U32,
    ARCHI_CELL_U64,
    ARCHI_CELL_TIME,     /* arch_time_t */
    ARCHI_CELL_FLOAT,    /* of time series only */
    ARCHI_CELL_DOUBLE,
    ARCHI_CELL_ESTIMATE  /* arch_estimate_t: two datasets, the second with the suffix _half_width */
} archi_cell_t;

typedef struct {
    const char        *name;
    archi_cell_t       cell;
    size_t             offset;   /* in the row */
    const char        *unit;     /* "ns", "1/s", "1", or "" where there is none */
    const char *const *words;    /* WORD: ends with NULL */
    bool               incident; /* of how it was computed, as opposed to what: two equal runs may differ in it */
} archi_column_t;

typedef struct {
    const char           *name, *one; /* "components", "component" */
    size_t                row_bytes;
    size_t                n_offset, rows_offset; /* of the count and the array in arch_results_t */
    uint32_t              n_columns;
    const archi_column_t *column;
} archi_table_t;

enum { ARCHI_OPERATIONS, ARCHI_COMPONENTS, ARCHI_OBJECTIVES, ARCHI_FINDINGS, ARCHI_N_TABLES };

extern const archi_table_t archi_tables[ARCHI_N_TABLES];
extern const archi_table_t archi_provenance_table;  /* one row, the member `provenance`; n_offset means nothing */

/* What the engine counted: one row of figures for the run, one for each rank, one for each group. */
enum { ARCHI_ENGINE_RANKS, ARCHI_ENGINE_GROUPS, ARCHI_N_ENGINE_TABLES };
extern const archi_table_t archi_engine_table;      /* one row, the member `engine` */
extern const archi_table_t archi_engine_tables[ARCHI_N_ENGINE_TABLES];

uint32_t    archi_table_n(const arch_results_t *results, const archi_table_t *table);
const void *archi_table_row(const arch_results_t *results, const archi_table_t *table, uint32_t row);

/* The member of a row as its type. */
const void *archi_cell(const void *row, const archi_column_t *column);
const char *archi_cell_text(const void *row, const archi_column_t *column);  /* TEXT; never NULL */
uint32_t    archi_cell_word(const void *row, const archi_column_t *column);  /* WORD: its number */
const char *archi_word(const archi_column_t *column, uint32_t number);       /* "unknown" when out of range */
void        archi_name_with_unit(const archi_column_t *column, char *out, size_t bytes); /* "mean_ns", "throughput_per_s" */
const char *archi_metric_unit(arch_metric_t metric);                         /* "ns", "1", "1/s" */

/* The figures of a time series, named. */
enum { ARCHI_N_FIGURES = 4 };
typedef struct {
    const char *name, *unit;
    size_t      offset; /* of the float * in arch_series_t */
} archi_figure_t;
extern const archi_figure_t archi_figures[ARCHI_N_FIGURES];
/* NULL when the series has none */
float *archi_figure(const arch_series_t *series, uint32_t figure);

#endif
