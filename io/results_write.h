/* io/results_write.h - the parts of writing a result file: its content, its rows from many ranks, the file itself. */
#ifndef ARCHI_RESULTS_WRITE_H
#define ARCHI_RESULTS_WRITE_H

#include "io/results_h5.h"

/* The file's bytes, malloc'ed: all but the seal; of the series only the rows that are held here, and those only
 * `with_rows`. */
arch_status_t archi_results_image(const arch_results_t *results, bool with_rows, void **image, size_t *bytes);

/* The failure of one rank as everyone's: all answer ARCH_OK, or none does; those that were well answer ARCH_E_PEER with
 * the other's text. Collective over *comm; without one it answers `st`. */
arch_status_t archi_agree(const MPI_Comm *comm, arch_status_t st);

/* Write the rows [first_row, first_row + n_rows) held here into the datasets of an image. With `comm`, collective over
 * the ranks that opened `file`, also for those with nothing to write; `transfer` is then a collective one. */
arch_status_t archi_series_write_rows(hid_t file, const arch_results_t *results, hid_t transfer, const MPI_Comm *comm);

/* What the rows of all ranks add to the image at most, deflated or not. */
uint64_t archi_series_bytes(const arch_results_t *results);

/* Whether the series of a table has that figure: operations have no utilisation and no queue. */
bool archi_series_has(const archi_table_t *table, uint32_t figure);

/* ARCH_E_ARG when the series do not fit the tables or their rows. */
arch_status_t archi_series_check(const arch_results_t *results, bool complete);

#endif
