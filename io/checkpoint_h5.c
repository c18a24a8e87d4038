/* io/checkpoint_h5.c - what the writer and the reader of checkpoints agree on. */
#include "io/checkpoint_h5.h"
#include "io/checkpoint_sum.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD(member)                                                                                                   \
    {                                                                                                                  \
#member, offsetof(archi_checkpoint_head_t, member), sizeof(((archi_checkpoint_head_t *)0)->member)             \
    }
#define COLUMN(member)                                                                                                 \
    {                                                                                                                  \
#member, offsetof(archi_checkpoint_block_t, member), sizeof(((archi_checkpoint_block_t *)0)->member)           \
    }

const archi_checkpoint_attribute_t archi_checkpoint_attributes[] = {
    HEAD(product),    HEAD(design),   HEAD(written),  HEAD(design_hash), HEAD(seed),  HEAD(replications),
    HEAD(n_elements), HEAD(n_blocks), HEAD(duration), HEAD(leg),         HEAD(group), HEAD(n_groups),
    HEAD(generation), HEAD(file),     HEAD(n_files),  {NULL, 0, 0},
};

const archi_checkpoint_attribute_t archi_checkpoint_columns[] = {
    COLUMN(replication), COLUMN(block), COLUMN(bytes), COLUMN(checksum), COLUMN(now), COLUMN(n_events), {NULL, 0, 0},
};

hid_t archi_checkpoint_type(size_t bytes)
{
    switch (bytes) {
    case ARCHI_CHECKPOINT_NAME:
        return archi_h5_type(ARCHI_CELL_TEXT, ARCHI_CHECKPOINT_NAME);
    case 1:
        return H5Tcopy(H5T_STD_U8LE);
    case 4:
        return archi_h5_type(ARCHI_CELL_U32, 0);
    default:
        return archi_h5_type(ARCHI_CELL_U64, 0);
    }
}

void archi_checkpoint_block_name(uint32_t i, char name[ARCHI_CHECKPOINT_PATH])
{
    snprintf(name, ARCHI_CHECKPOINT_PATH, "/blocks/%" PRIu32, i);
}

arch_status_t archi_checkpoint_sum(int fd, const char *path, uint64_t from, uint64_t to, archi_sum_t *sum)
{
    enum { PIECE = 1 << 18 };
    unsigned char *piece = malloc(PIECE);
    arch_status_t st = piece != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "%s: no memory to read it", path);

    while (st == ARCH_OK && from < to) {
        ssize_t n = pread(fd, piece, to - from < PIECE ? to - from : PIECE, (off_t)from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            st = ARCH_FAIL(ARCH_E_IO, "%s: cannot be read: %s", path, n < 0 ? strerror(errno) : "it became shorter");
            break;
        }
        archi_sum_add(sum, piece, (size_t)n);
        from += (uint64_t)n;
    }
    free(piece);
    return st;
}

arch_status_t archi_checkpoint_seal(int fd, const char *path, const archi_checkpoint_extent_t *extent, uint32_t n,
                                    char seal[ARCHI_CHECKPOINT_SEAL])
{
    uint64_t at = ARCHI_CHECKPOINT_SEAL, end;
    struct stat about;
    archi_sum_t sum;

    if (fstat(fd, &about) != 0)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be read: %s", path, strerror(errno));
    end = (uint64_t)about.st_size;
    archi_sum_begin(&sum);
    for (uint32_t i = 0; i < n; i++) {
        ARCH_TRY(archi_checkpoint_sum(fd, path, at, extent[i].offset, &sum));
        at = extent[i].offset + extent[i].bytes;
    }
    ARCH_TRY(archi_checkpoint_sum(fd, path, at, end, &sum));
    memset(seal, 0, ARCHI_CHECKPOINT_SEAL);
    snprintf(seal, ARCHI_CHECKPOINT_SEAL,
             "%s\nformat %d\nbytes %" PRIu64 "\nextents %" PRIu32 "\nchecksum %016" PRIx64 "\n", ARCHI_CHECKPOINT_MAGIC,
             ARCHI_CHECKPOINT_FORMAT, end, n, archi_sum_end(&sum));
    return ARCH_OK;
}
