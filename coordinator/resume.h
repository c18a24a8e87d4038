/* coordinator/resume.h - where a run goes on: a checkpoint is chosen, checked, and given out. */
#ifndef ARCHI_RESUME_H
#define ARCHI_RESUME_H

#include "coordinator/checkpoint.h"

/* What a checkpoint must be of. */
typedef struct {
    uint64_t design_hash, seed;
    uint32_t replications, n_elements;
    arch_time_t duration;
} archi_identity_t;

typedef struct {
    archi_checkpoint_t **file; /* of all groups of one leg */
    uint32_t n_files;
    uint8_t *finished; /* [replications] */
    uint8_t *begun;    /* [replications] has blocks */
    char from[64];     /* what was chosen, for people */
} archi_resume_t;

/* Choose, see arch_run_options_t.resume, and read all but blocks. *out is NULL when there is nothing to go on from and the
 * user did not name it. Collective over net (NULL: alone): the first rank looks and checks, all go on from the same. */
arch_status_t archi_resume_open(const arch_run_options_t *options, const char *folder, const archi_identity_t *identity,
                                archi_net_t *net, archi_resume_t **out);
void archi_resume_close(archi_resume_t **resume);

/* Read the blocks of `replication` for which rank_of[block] == rank (ARCHI_NIL: all), and append them to the list. */
arch_status_t archi_resume_blocks(const archi_resume_t *resume, uint32_t replication, const uint32_t *rank_of,
                                  uint32_t rank, archi_waiting_list_t *list);

#endif
