/* model/check.h - could the model have made this block? For tests, and for bytes from elsewhere. Host only.
 *
 * Whatever stands in a block, the walk ends and stays inside it. What is asked: that all names of elements, frames,
 * tickets, entries and chunks lead to one that is there; that each frame and ticket in use is waited with exactly once
 * (in a line, by an event, by a branch, by whoever has to answer it); and that what elements count is what there is:
 * requests inside, bursts on cores, requests on their way, entries, latencies. */
#ifndef ARCHI_CHECK_H
#define ARCHI_CHECK_H

#include "model/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One block, in which archi_block_check() found nothing wrong, as far as it can be judged alone. Before
 * archi_model_finish(). NULL when sound, else what is wrong. */
const char *archi_model_check_block(const archi_plan_t *plan, const archi_map_t *map, const archi_block_t *b);

/* All map->n_blocks blocks of a replication at one instant, nothing on its way between them: each alone, and that every
 * request that one of them has to answer is waited for by another, once. *id: the block in which something is wrong. */
const char *archi_model_check(const archi_plan_t *plan, const archi_map_t *map, archi_block_t *const *block,
                              uint32_t *id);

#ifdef __cplusplus
}
#endif
#endif
