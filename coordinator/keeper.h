/* coordinator/keeper.h - what keeper and savers know of each other; only keeper.c and saver.c include this.
 *
 * A checkpoint of a process goes through four phases: nothing is going on; ranks gather their copies; the keeper's thread
 * writes; and, where several processes make one checkpoint, it is settled: at a later pause they agree that all have
 * written, and the first of the group gives it its name. */
#ifndef ARCHI_KEEPER_H
#define ARCHI_KEEPER_H

#include "coordinator/checkpoint.h"
#include "coordinator/checkpoint_folder.h"
#include <pthread.h>

enum { ARCHI_KEEPER_TEXT = 512 };

typedef enum {
    ARCHI_KEEPER_IDLE,
    ARCHI_KEEPER_GATHERING,
    ARCHI_KEEPER_WRITING,
    ARCHI_KEEPER_SETTLED
} archi_keeper_phase_t;

/* A copy of a block, in a saver's memory or waiting. */
typedef struct {
    archi_checkpoint_block_t about;
    void *bytes;
    bool clean;
} archi_kept_t;

struct archi_saver {
    archi_keeper_t *keeper;
    archi_net_t *net;
    uint32_t staged;    /* the checkpoint that it copied its blocks for last */
    arch_time_t due_at; /* simulated */
    char *buffer;
    uint64_t capacity;
    uint64_t wanted; /* > 0: the keeper's thread is to make a buffer of so many bytes */
    char *fresh;     /* what it made */
    uint64_t fresh_bytes;
    archi_kept_t *item; /* what it copied; stays when it leaves a replication unfinished */
    uint32_t n_items, most_items;
    bool in_place; /* it had no memory for copies and wrote its blocks itself */
};

struct archi_keeper {
    archi_keeper_setup_t setup;
    archi_save_name_t name; /* of the checkpoint at hand */
    double every;
    arch_time_t every_simulated;
    archi_saver_t *saver; /* [setup.n_ranks] */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_rwlock_t collecting;
    pthread_mutex_t file; /* who adds to `out` while ranks gather */
    archi_keeper_phase_t phase;
    uint32_t n_live, n_missing;
    bool quit;
    bool closed;   /* a rank left in trouble: nothing more is saved */
    bool stopping; /* the checkpoint at hand is the last one */
    double next_due;
    uint8_t *finished; /* [replications] */
    /* what is being written */
    archi_checkpoint_writer_t *out;
    archi_kept_t *item;
    uint32_t n_items;
    uint32_t *done; /* finished replications, ascending */
    uint32_t n_done;
    uint64_t *words, n_words;
    bool stale; /* a replication finished since the words were packed */
    arch_status_t st;
    char text[ARCHI_KEEPER_TEXT];
    /* what there is to tell */
    uint32_t n_saved, n_failed;
    uint64_t last_bytes;
    double paused; /* seconds, of the rank that paused longest each time */
    double pause;  /* the longest for the checkpoint at hand */
    double longest;
};

/* Do several processes make one checkpoint? */
static inline bool archi_keeper_is_shared(const archi_keeper_t *k) { return k->setup.head.n_files > 1; }

/* ---- keeper.c ---------------------------------------------------------------------------------------------------- */

/* Say that no checkpoint could be written, and why. */
void archi_keeper_warn(archi_keeper_t *k, const char *why);
/* The first failure of the checkpoint at hand is kept, with its text. */
void archi_keeper_fail(archi_keeper_t *k, arch_status_t st);
/* Make the file of the checkpoint at hand, k->out, unless it is there. */
arch_status_t archi_keeper_file(archi_keeper_t *k);
/* Give the checkpoint its name, for good, and drop older ones. */
arch_status_t archi_keeper_publish(archi_keeper_t *k);
/* Memory in large pages: half of the time of a first copy goes into small ones. NULL: there is none. The caller frees. */
char *archi_keeper_reserve(uint64_t bytes);
/* Under the lock: a saver for which memory is to be made, or NULL. */
archi_saver_t *archi_keeper_wanting(const archi_keeper_t *k);

/* ---- saver.c ----------------------------------------------------------------------------------------------------- */

/* It is due at the next multiple of the simulated interval. */
void archi_saver_set_due(archi_saver_t *s, arch_time_t now);

#endif
