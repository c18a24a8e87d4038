/* engine/executor_optimistic.h - what the parts of the optimistic executor share; see executor_optimistic.c for the idea.
 *
 *     executor_optimistic.c      windows: run ahead, meet, settle what is final
 *     executor_optimistic_back.c putting a block back to an earlier time, one of two ways:
 *     executor_optimistic_copy.c copies of whole blocks, and running again up to there
 *     executor_optimistic_undo.c undoing event by event, for models that can be undone
 *     executor_optimistic_mail.c outboxes that keep what is not final yet
 *     executor_optimistic_pace.c how far ahead is worth it */
#ifndef ARCHI_EXECUTOR_OPTIMISTIC_H
#define ARCHI_EXECUTOR_OPTIMISTIC_H

#include "engine/executor_impl.h"

/* A block as it was: its header and the used part of its sections, one behind the other. */
typedef struct {
    unsigned char *bytes;
    uint64_t capacity;
    arch_time_t last;  /* time of the last event it had handled, -1: none */
    uint64_t n_events; /* that it had handled */
    uint32_t n_log;    /* that it had received of what is in the log */
    int valid;
} archi_copy_t;

/* What is kept beside a block that may run ahead. */
typedef struct {
    archi_undo_t undo;    /* by undoing: of what it handled and may have to undo */
    archi_copy_t copy[2]; /* by copies: of a state that is final; of a later one */
    archi_event_t *log;   /* what it received since the first copy */
    uint32_t n_log, log_capacity;
    arch_time_t released;  /* what it sent before that has left its outbox for good */
    arch_time_t straggler; /* the earliest event that it receives in this round */
    double debt;           /* events that are expected to be repeated for want of a later copy */
} archi_ahead_t;

/* How far ahead to run. Of times in ns of this machine and of widths in simulated ns. */
typedef struct {
    double lookahead;
    double width;    /* run up to `final` plus this; == lookahead: no further than is safe */
    double event_ns; /* moving averages: handling an event, */
    double round_ns; /* what a round costs however far one runs, */
    double back_ns;  /* what putting back, repeating and copying cost in a round, */
    double advance;  /* how far a round gets */
    double odds;     /* that a block that runs is put back */
    double run_ns;   /* running in a round, */
    double missed;   /* how much of the width a round does not get */
    double advance_sum, width_sum; /* since the clock was last read */
    uint32_t n_rounds;             /* since then */
    int looks;                     /* 1: the clock is read in this round */
    uint64_t n_undone, n_repeated, n_rollbacks, n_copied; /* as of the last round */
    uint64_t copied;                                      /* bytes to and from copies */
    double   spent;          /* ns lost since it was last tried to run ahead */
    uint32_t n_tried;                                     /* rounds since it was last tried to run ahead */
    uint32_t rest;                                        /* rounds to go until it is tried again */
    uint32_t patience;                                    /* rounds of the next rest */
    double ran_s, met_s;                                  /* seconds that the last round ran and met */
    int met_messages;                                     /* 1: some round did not get as far as it ran */
} archi_pace_t;

typedef struct archi_way_back archi_way_back_t;

typedef struct {
    archi_exec_t *x;
    archi_ahead_t *ahead; /* [n_local] */
    const archi_way_back_t *way;
    arch_time_t final;    /* nothing before it can change any more, anywhere: global virtual time */
    archi_pace_t pace;
    uint64_t n_told; /* events, when progress was last told: it never goes back */
    uint64_t n_noted; /* the same in the trace */
} archi_guess_t;

/* An event on its way to another rank, with what the receiver needs to know whether it is final. */
typedef struct {
    archi_event_t ev;
    arch_time_t sent;
} archi_letter_t;

/* Time of the last event that a block has handled, -1: none yet. */
static inline arch_time_t archi_last_handled(const archi_block_t *b) { return b->n_events == 0 ? -1 : b->now; }

/* Make room beside the blocks, or say (not ARCH_OK) that there is none; the same answer on all ranks. Collective. */
arch_status_t archi_back_prepare(archi_guess_t *g);
void archi_back_release(archi_guess_t *g);

/* A way of putting blocks back. */
struct archi_way_back {
    /* Run block `place` up to `goal`, or less far, so that it can be put back to anywhere from `safe` on. Nothing will ever
     * put it back to before that. */
    arch_status_t (*advance)(archi_guess_t *g, uint32_t place, arch_time_t safe, arch_time_t goal);
    /* Is there anything to put the block back with? */
    int (*ready)(const archi_ahead_t *a);
    /* The block has received *ev; NULL: that need not be known. */
    arch_status_t (*note)(archi_guess_t *g, uint32_t place, const archi_event_t *ev);
    /* Put the block back to what it was before it handled anything at `time` or later. */
    arch_status_t (*to)(archi_guess_t *g, uint32_t place, arch_time_t time);
    void (*release)(archi_exec_t *x, archi_ahead_t *a);
};

extern const archi_way_back_t archi_back_by_copies, archi_back_by_undoing;

/* Memory beside the blocks, within the run's limit; NULL: none. */
void *archi_back_take(archi_exec_t *x, uint64_t bytes);
void archi_back_give(archi_exec_t *x, void *p, uint64_t bytes);

/* Put a block back to what it was before it handled anything at `to` or later. */
arch_status_t archi_back_to(archi_guess_t *g, uint32_t place, arch_time_t to);
/* Put all blocks back to `final`, as if nobody had ever run further; what is beyond stays only where nothing can undo it. */
arch_status_t archi_back_to_final(archi_guess_t *g);
/* The same, and give the memory beside them back. */
arch_status_t archi_back_all(archi_guess_t *g);

/* The earliest event that this rank knows of: pending, or sent and not final. */
arch_time_t archi_letters_bound(const archi_guess_t *g);
/* Make letters of what is for other ranks and may turn out to be final in this round. */
arch_status_t archi_letters_write(archi_guess_t *g, arch_time_t bound);
/* What was sent before g->final is final: put it where it belongs, and so what arrived. */
arch_status_t archi_letters_settle(archi_guess_t *g, const void *arrived, uint64_t n);
/* Drop from the block's outbox what has left it for good. */
void archi_letters_drop(archi_guess_t *g, uint32_t place);

void archi_pace_begin(archi_guess_t *g);
/* The stations of a round: it begins, blocks have run, ranks have met, and all is settled: n_run events were handled, and
 * `final` grew by so much. */
void archi_pace_begin_round(archi_guess_t *g);
void archi_pace_ran(archi_guess_t *g);
void archi_pace_met(archi_guess_t *g);
void archi_pace_adapt(archi_guess_t *g, uint64_t n_run, arch_time_t advance);
/* There was no memory: no further than is safe for a while. */
void archi_pace_rest(archi_pace_t *p);

#endif
