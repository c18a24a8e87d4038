/* io/checkpoint_file.h - one file of a checkpoint: what one process knew of a run at consistent cuts.
 * docs/checkpoints.md describes the file. Blocks are bytes here: their meaning is the coordinator's affair.
 *
 * HDF5 behind a user block of a page, the seal: what the file is, its length and a checksum of the rest, so that the HDF5
 * library, which trusts what it is given, never sees a file that was cut short or changed. Every block carries a checksum of
 * its own besides, taken before it was handed to the library.
 *
 * None of this may be called by two threads at once: the library is not made for it. */
#ifndef ARCHI_CHECKPOINT_FILE_H
#define ARCHI_CHECKPOINT_FILE_H

#include <architech/status.h>
#include <architech/time.h>
#include <stdbool.h>
#include <stdint.h>

enum { ARCHI_CHECKPOINT_FORMAT = 1, ARCHI_CHECKPOINT_NAME = 64 };

/* Which run, and which part of it this file holds. A *leg* is a run from its start or resumption to its end or
 * interruption. A *group* is the processes that save together; groups go at their own pace. */
typedef struct {
    char product[ARCHI_CHECKPOINT_NAME]; /* version of the program: blocks fit no other */
    char design[ARCHI_CHECKPOINT_NAME];
    char written[ARCHI_CHECKPOINT_NAME]; /* time of day, UTC */
    uint64_t design_hash, seed;
    uint32_t replications, n_elements, n_blocks;
    arch_time_t duration;
    uint32_t leg, group, n_groups, generation; /* generation: counts a group's checkpoints within a leg */
    uint32_t file, n_files;                    /* of this group and generation */
} archi_checkpoint_head_t;

typedef struct {
    uint32_t replication, block;
    uint64_t bytes, checksum;
    arch_time_t now;   /* the cut: every event before it is handled */
    uint64_t n_events; /* handled so far */
} archi_checkpoint_block_t;

/* ---- writing ------------------------------------------------------------------------------------------------------ */

typedef struct archi_checkpoint_writer archi_checkpoint_writer_t;

/* Begin the file `path`, which must not exist. *out is NULL on failure, and no file is left. */
arch_status_t archi_checkpoint_open(const char *path, const archi_checkpoint_head_t *head, const uint32_t *block_of,
                                    archi_checkpoint_writer_t **out);

/* Add a block of about->bytes bytes; its checksum is computed here. */
arch_status_t archi_checkpoint_add(archi_checkpoint_writer_t *writer, const archi_checkpoint_block_t *about,
                                   const void *bytes);

/* The rest: replications that are finished, and their statistics as `n_words` words. The file is sealed and flushed to the
 * disk. *writer is NULL afterwards; on failure no file is left. *bytes: its length. */
arch_status_t archi_checkpoint_close(archi_checkpoint_writer_t **writer, const uint32_t *finished, uint32_t n_finished,
                                     const uint64_t *statistics, uint64_t n_words, uint64_t *bytes);

/* Give up: the file is removed. NULL is fine. */
void archi_checkpoint_abandon(archi_checkpoint_writer_t **writer);

/* ---- reading ------------------------------------------------------------------------------------------------------ */

typedef struct {
    char path[4096];
    archi_checkpoint_head_t head;
    uint64_t file_bytes;
    uint32_t *block_of; /* [head.n_elements] below head.n_blocks */
    uint32_t n_blocks_here, n_finished;
    archi_checkpoint_block_t *block; /* [n_blocks_here] */
    uint32_t *finished;              /* [n_finished] ascending, below head.replications */
    uint64_t *statistics;            /* [n_words] */
    uint64_t n_words;
} archi_checkpoint_t;

/* Everything but the bytes of blocks. No size in the file is believed before it was compared with the file's own.
 * ARCH_E_FORMAT: not a checkpoint, cut short, changed, or of another version, with the path and the reason in the text.
 * `trusted`: the seal was checked before, by this process or another. *out is NULL on failure. */
arch_status_t archi_checkpoint_read(const char *path, bool trusted, archi_checkpoint_t **out);
void archi_checkpoint_free(archi_checkpoint_t **checkpoint);

/* The bytes of block `i`, its checksum checked; malloc'ed, the caller frees. */
arch_status_t archi_checkpoint_bytes(const archi_checkpoint_t *checkpoint, uint32_t i, void **bytes);

/* Every block's checksum. */
arch_status_t archi_checkpoint_verify(const archi_checkpoint_t *checkpoint);

/* Does the file begin like one of ours? False also when it cannot be read. */
bool archi_checkpoint_is(const char *path);

#endif
