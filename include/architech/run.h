/* architech/run.h - simulate a design. */
#ifndef ARCHITECH_RUN_H
#define ARCHITECH_RUN_H

#include <architech/policy.h>
#include <architech/results.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How the blocks of one replication are kept in step, or that replications run whole on a GPU: auto takes that where there
 * is one and replications are many. One rank alone, windows in which nothing can go wrong, or further
 * ahead than that and back when it was too far (pays where parts hear from each other far more rarely than the least
 * latency between them would allow). */
typedef enum {
    ARCH_EXECUTOR_AUTO = 0,
    ARCH_EXECUTOR_SEQUENTIAL = 1,
    ARCH_EXECUTOR_CONSERVATIVE = 2,
    ARCH_EXECUTOR_OPTIMISTIC = 3,
    ARCH_EXECUTOR_CPU = 4, /* as auto chooses, but never a GPU */
    ARCH_EXECUTOR_GPU = 5  /* replications side by side on a GPU, one for each process; ARCH_E_NOTFOUND: there is none */
} arch_executor_t;

/* Whether the parts of a replication move between the ranks that share it. */
typedef enum {
    ARCH_MOVING_BALANCE = 0, /* when load drifts apart, and to fewer ranks when more of them are no faster; not where both */
                             /* group and partitions are given */
    ARCH_MOVING_STAY = 1,    /* never */
    ARCH_MOVING_WANDER = 2   /* at random, often: for tests */
} arch_moving_t;

/* How to run, as opposed to what: but for policies none of it changes the digest. Zero means "choose for me" in every
 * member. */
typedef struct {
    uint32_t threads;      /* ranks as threads of this process, when not under MPI; 0: one per core */
    uint32_t partitions;   /* blocks per replication; 0: chosen from the traffic equations */
    uint32_t group;        /* ranks that share one replication; 0: chosen; 1: every replication on one rank */
    uint64_t memory_limit; /* bytes for all blocks of a process; 0: ranks share 4/5 of what their machine has free */
    uint32_t executor;     /* an arch_executor_t */
    uint32_t moving;       /* an arch_moving_t */
    uint32_t trace;        /* spans of wall time that each rank keeps at most for arch_results_write_trace(); 0: none */
    uint32_t mpi;          /* 1: the ranks are those of MPI_COMM_WORLD (all of them call); 0: threads */
    const arch_policy_t *policy; /* [n_policies] plugged in, see architech/policy.h: unlike all else here they do change */
    uint32_t n_policies;         /* the digest, */
    const arch_autoscaler_t *autoscaler; /* [n_autoscalers] as these do. Each replication is then one block on one rank, */
    uint32_t n_autoscalers;              /* whatever partitions, group, executor and moving say, but for a GPU, which
                                            cannot; and no checkpoints are written */
    /* Called a few times per second in each process, by the thread that called arch_run(), with the share done (0..1) and
     * the events so far of this process, and the seconds left; a result other than 0 cancels the run with
     * ARCH_E_CANCELLED. May be NULL. */
    int (*progress)(void *user, double done, uint64_t events, double seconds_left);
    void *user;

    /* Checkpoints are written when an interval is set: of wall seconds, of simulated time, or both. A run goes on while
     * they are written, and also when they cannot be. */
    double checkpoint_every;                /* wall seconds */
    arch_time_t checkpoint_every_simulated;
    const char *checkpoint_dir;             /* NULL: "checkpoints"; each design and seed has a folder of its own there */
    uint32_t checkpoint_keep;               /* how many are kept; 0: 3 */
    /* Where to go on: "auto", the newest sound checkpoint of this design under checkpoint_dir, or the beginning when there
     * is none; or the path of a checkpoint. NULL: from the beginning. */
    const char *resume;
    /* Asked a few times per second, by any of the threads of a run that writes checkpoints: not 0 stops the run with a
     * checkpoint, and ARCH_E_SAVED. May be NULL. */
    int (*interrupted)(void *user);
    /* Replications until figures are precise: above 0, the half width of their 95 % intervals as a share of their values.
     * The run begins with those of the design, but at least 10, and is in the end the same as one of so many. It writes no
     * checkpoints. A run that does not get there says so in a finding, "precision". */
    double precision;
    const char *const *precision_of; /* [n_precision_of] figures, "web lb/read p95" or "db utilisation"; none: those of */
    uint32_t n_precision_of;         /* the objectives or, without objectives, mean and p95 of every operation */
    uint32_t most_replications;      /* that this may take; 0: 1000 */
    /* Something about checkpoints, or how precise the run is so far, that the user should know; by any thread, one at a
     * time. May be NULL. */
    void (*note)(void *user, int is_warning, const char *text);
    double read_seconds;         /* that reading the design took: told with the engine's statistics, used for nothing else */
} arch_run_options_t;

/* Simulate *design. *out is owned by the caller (arch_results_destroy) and complete on rank 0; other ranks of an MPI run
 * get the rows of the series that they hold and the digest. Collective over MPI_COMM_WORLD when options->mpi is 1. */
arch_status_t arch_run(const arch_design_t *design, const arch_run_options_t *options, arch_results_t **out);

/* What is in a checkpoint, or in all of a folder, as text or as JSON (malloc'ed, the caller frees). Where some are not
 * sound, the status of the first is answered and *text is there all the same. */
arch_status_t arch_inspect(const char *path, int json, char **text);

/* How the design would be cut into `parts`. */
typedef struct {
    uint32_t n_parts; /* may be fewer than asked for: elements joined by zero latency stay together */
    uint32_t n_elements;
    uint32_t *part_of;     /* [n_elements] */
    const char **name;     /* [n_elements] */
    double *load;          /* [n_parts] expected events per simulated second */
    double balance;        /* largest load / mean load */
    double edge_cut;       /* messages per simulated second between parts */
    arch_time_t lookahead; /* least latency between parts; ARCH_TIME_MAX with one part */
    uint32_t n_clusters;   /* groups of elements that cannot be separated */
    char *dot;             /* Graphviz of elements, parts and message rates */
    arch_arena_t *arena;
} arch_cut_t;

/* Cut it, run nothing. The caller owns *out (arch_cut_destroy), NULL on failure. Local. */
arch_status_t arch_cut(const arch_design_t *design, uint32_t parts, arch_cut_t **out);
void arch_cut_destroy(arch_cut_t **cut); /* NULL and *NULL are fine */

/* What the traffic equations say before any run: expected utilisation of each element. */
typedef struct {
    uint32_t n_elements;
    const char **name;
    double *arrival_rate; /* requests per second */
    double *utilisation;  /* expected, may exceed 1 */
    double *event_rate;   /* events per simulated second */
    arch_arena_t *arena;
} arch_traffic_t;

/* Solve them. The caller owns *out (arch_traffic_destroy), NULL on failure. Local. */
arch_status_t arch_traffic(const arch_design_t *design, arch_traffic_t **out);
void arch_traffic_destroy(arch_traffic_t **traffic); /* NULL and *NULL are fine */

#ifdef __cplusplus
}
#endif
#endif
