/* io/sheet.h - sheets: HDF5 files of plain arrays with names, units and a seal, for what experiments keep. Written whole
 * under their name or not at all; what does not fit its seal is refused before the HDF5 library, which trusts its input,
 * sees it.
 * HDF5 is one per process: one thread at a time may write or read. */
#ifndef ARCHI_SHEET_H
#define ARCHI_SHEET_H

#include <architech/status.h>
#include <stddef.h>
#include <stdint.h>

enum { ARCHI_SHEET_DIMENSIONS = 8 };

typedef enum {
    ARCHI_SHEET_TEXT,   /* const char *const *: n texts */
    ARCHI_SHEET_BYTES,  /* uint8_t */
    ARCHI_SHEET_U32,
    ARCHI_SHEET_U64,
    ARCHI_SHEET_DOUBLE
} archi_sheet_cell_t;

/* An array of 0 (one cell) to 8 dimensions; "/a/b" lies in group a, which is made. */
typedef struct {
    const char *name;
    archi_sheet_cell_t cell;
    uint32_t rank;
    uint64_t n[ARCHI_SHEET_DIMENSIONS];
    const void *data;
    const char *unit;                          /* attribute "unit"; NULL: none */
    const char *scale[ARCHI_SHEET_DIMENSIONS]; /* names of 1-dimensional arrays of this sheet that are this one's dimension
                                                  scales, as xarray knows them; NULL: none */
} archi_sheet_array_t;

/* Attributes of the file: texts. */
typedef struct {
    const char *name, *text;
} archi_sheet_attribute_t;

/* `what`: "architech sweep"; it is in the seal, and what a reader asks for. ARCH_E_IO as archi_output_open(). Local. */
arch_status_t archi_sheet_write(const char *path, const char *what, const archi_sheet_attribute_t *attribute,
                                uint32_t n_attributes, const archi_sheet_array_t *array, uint32_t n_arrays);

typedef struct archi_sheet archi_sheet_t;

/* ARCH_E_NOTFOUND, ARCH_E_IO, ARCH_E_FORMAT: not such a sheet, cut short or changed. */
arch_status_t archi_sheet_open(const char *path, const char *what, archi_sheet_t **out);
void archi_sheet_close(archi_sheet_t **sheet); /* NULL and *NULL are fine */

/* One array of numbers or bytes: its data, malloc'ed, which the caller frees, and its n[rank]. ARCH_E_FORMAT when there is
 * none of that name, cell and rank. */
arch_status_t archi_sheet_read(archi_sheet_t *sheet, const char *name, archi_sheet_cell_t cell, uint32_t rank, uint64_t *n,
                               void **data);

#endif
