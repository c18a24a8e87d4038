/* io/checkpoint_h5.h - shared by the writer and the reader of checkpoints: the seal, and names in the file. */
#ifndef ARCHI_CHECKPOINT_H5_H
#define ARCHI_CHECKPOINT_H5_H

#include "io/checkpoint_file.h"
#include "io/results_h5.h"
#include <stddef.h>

#define ARCHI_CHECKPOINT_MAGIC "architech checkpoint"

/* The seal of an open file, computed from all behind it. */
arch_status_t archi_checkpoint_seal(int fd, const char *path, uint64_t *bytes, char seal[ARCHI_SEAL_BYTES]);

/* Members of the head as attributes of the file's root. */
typedef struct {
    const char *name;
    size_t offset, bytes; /* in archi_checkpoint_head_t; ARCHI_CHECKPOINT_NAME bytes: a text */
} archi_checkpoint_attribute_t;
extern const archi_checkpoint_attribute_t archi_checkpoint_attributes[]; /* the last has no name */

/* Type of an attribute or of a column of the table of blocks: by its width. The caller closes it. */
hid_t archi_checkpoint_type(size_t bytes);

/* Columns of the table of blocks. */
extern const archi_checkpoint_attribute_t archi_checkpoint_columns[];

/* "/blocks/17": the bytes of block i of the table. */
enum { ARCHI_CHECKPOINT_PATH = 32 };
void archi_checkpoint_block_name(uint32_t i, char name[ARCHI_CHECKPOINT_PATH]);

#endif
