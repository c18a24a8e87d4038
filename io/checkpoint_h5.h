/* io/checkpoint_h5.h - shared by the writer and the reader of checkpoints: the seal, and names in the file. */
#ifndef ARCHI_CHECKPOINT_H5_H
#define ARCHI_CHECKPOINT_H5_H

#include "io/checkpoint_file.h"
#include "io/results_h5.h"
#include <stddef.h>

#define ARCHI_CHECKPOINT_MAGIC "architech checkpoint"

/* The seal is a page, and large blocks begin on one: they are written past the page cache, which would cost more than the
 * rest of a checkpoint together. */
enum { ARCHI_CHECKPOINT_SEAL = 4096, ARCHI_CHECKPOINT_LARGE = 1 << 16 };

/* Where a large block lies. Its bytes are not read again to seal the file: a table of these ends it. */
typedef struct {
    uint64_t offset, bytes, checksum;
} archi_checkpoint_extent_t;

/* The seal of an open file, computed from all behind it but what lies in the extents (ascending), which are the file's last
 * bytes themselves. */
arch_status_t archi_checkpoint_seal(int fd, const char *path, const archi_checkpoint_extent_t *extent, uint32_t n,
                                    char seal[ARCHI_CHECKPOINT_SEAL]);

/* Add the file's bytes [from, to) to a checksum. */
struct archi_sum;
arch_status_t archi_checkpoint_sum(int fd, const char *path, uint64_t from, uint64_t to, struct archi_sum *sum);

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
