/* coordinator/checkpoint_folder.h - where the checkpoints of a run lie: DIR/<design>-<hash>/run3-group0-save17/rank-0.h5.
 * A folder belongs to one design with one seed. What is being written or removed is called .tmp-... there. */
#ifndef ARCHI_CHECKPOINT_FOLDER_H
#define ARCHI_CHECKPOINT_FOLDER_H

#include <architech/status.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t leg, group, generation;
} archi_save_name_t;

typedef struct {
    archi_save_name_t *save; /* newest leg first; in it by group, newest generation first */
    uint32_t n;
} archi_save_list_t;

/* The folder of a design under `dir`. */
arch_status_t archi_folder_name(const char *dir, const char *design, uint64_t hash, char out[PATH_MAX]);

/* "run3-group0-save17", or what it is called while it is written; and the file of one process in it. */
void archi_save_path(const char *folder, const archi_save_name_t *name, bool temporary, char out[PATH_MAX]);
void archi_save_file(const char *folder, const archi_save_name_t *name, bool temporary, uint32_t file,
                     char out[PATH_MAX]);
bool archi_save_parse(const char *text, archi_save_name_t *out);

/* Whole checkpoints in the folder; a folder that is not there holds none. The caller frees list->save. */
arch_status_t archi_folder_list(const char *folder, archi_save_list_t *list);

/* Make the folder, and in it the one of a checkpoint that is to be written. Any of its processes may be first. */
arch_status_t archi_folder_begin(const char *folder, const archi_save_name_t *name);
/* All of it is written: give it its name, for good. */
arch_status_t archi_folder_publish(const char *folder, const archi_save_name_t *name);
/* Remove what was being written, as far as this process's file and the empty folder go. */
void archi_folder_discard(const char *folder, const archi_save_name_t *name, uint32_t file);

/* Remove what a run that died was writing. */
void archi_folder_sweep(const char *folder);
/* Keep the last `keep` of this leg and group; earlier legs go when all `n_groups` of this one have as many. */
void archi_folder_thin(const char *folder, const archi_save_name_t *name, uint32_t n_groups, uint32_t keep);

/* One run at a time may write here. *lock: a descriptor to close; -1: no lock is to be had on this disk. ARCH_E_ARG: it is
 * taken. */
arch_status_t archi_folder_lock(const char *folder, int *lock);

#endif
