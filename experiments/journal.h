/* experiments/journal.h - answers kept in a folder of HDF5 sheets, so that an experiment that is begun again does not ask
 * again. Answers of a few seconds make a sheet, written whole or not at all; what a crash takes is simulated again. */
#ifndef ARCHI_JOURNAL_H
#define ARCHI_JOURNAL_H

#include <architech/lab.h>

/* Of a design's text: its checksum and length. */
typedef struct {
    uint64_t sum, length;
} archi_journal_key_t;

typedef struct archi_journal archi_journal_t;

/* The folder is made when missing. Sheets that are damaged are told by `note` and passed over. ARCH_E_IO: another process
 * works with it, or it cannot be written. */
arch_status_t archi_journal_open(const char *folder, void (*note)(void *user, int is_warning, const char *text), void *user,
                                 archi_journal_t **out);
/* What has been added is written. NULL and *NULL are fine. */
void archi_journal_close(archi_journal_t **journal);
/* Close it and remove the folder: the experiment is over. */
arch_status_t archi_journal_remove(archi_journal_t **journal);

/* Samples from replication `first` on, at most `most`: then *n is how many. None: *samples is NULL, and *n is at most how
 * many until the next that is known. */
arch_status_t archi_journal_find(archi_journal_t *journal, archi_journal_key_t key, uint32_t first, uint32_t most,
                                 uint32_t *n, arch_samples_t **samples);

/* Keep an answer: samples as bytes, which are copied. A disk that is full is told by `note`, once, and nothing is kept. */
arch_status_t archi_journal_add(archi_journal_t *journal, archi_journal_key_t key, uint32_t first, uint32_t n,
                                const void *bytes, size_t size);

#endif
