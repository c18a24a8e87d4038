/* engine/block_pack.h - a block as bytes: its header, then what each section uses, one behind the other. Room that is not
 * used is left out; it comes back when the block does. Host only. */
#ifndef ARCHI_BLOCK_PACK_H
#define ARCHI_BLOCK_PACK_H

#include "engine/block.h"

uint64_t archi_block_packed_bytes(const archi_block_t *b);

/* Of those bytes, what says something: not entries of pools that are free, nor keys of events that are over. Looks
 * at the header alone. */
uint64_t archi_block_live_bytes(const archi_block_t *b);

/* Write archi_block_packed_bytes(b) bytes. Hardly more than memcpy(): events wait for it. */
void archi_block_pack(const archi_block_t *b, void *bytes);

/* Clear what nobody reads, so that equal runs give equal bytes and no stray memory leaves the program. Not urgent. */
void archi_block_pack_clean(void *bytes);

/* The block again. Bytes from elsewhere are welcome: ARCH_E_FORMAT says what is wrong with them. `limit`: bytes that the
 * block may take, 0: no limit. The caller owns *out; NULL on failure. */
arch_status_t archi_block_unpack(const void *bytes, uint64_t n, uint64_t limit, archi_block_t **out);

#endif
