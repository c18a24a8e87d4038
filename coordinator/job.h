/* coordinator/job.h - one call of arch_run() as the ranks of a process share it. */
#ifndef ARCHI_JOB_H
#define ARCHI_JOB_H

#include "coordinator/checkpoint.h"
#include "coordinator/control.h"
#include "coordinator/layout.h"
#include "coordinator/ledger.h"
#include "coordinator/precision.h"
#include "coordinator/resume.h"
#include "coordinator/track.h"
#include "kernels/kernels.h"

/* Replications that do not hear of each other; see coordinator/crew.h. */
typedef struct {
    archi_ensemble_t *ensemble;    /* NULL: there is none */
    archi_scenario_t  scenario;
    archi_member_t   *member;
    uint32_t         *replication; /* [n_members] their numbers in the ledger */
} archi_crew_t;

typedef struct archi_job archi_job_t;

struct archi_job {
    const arch_design_t      *design;
    const arch_run_options_t *options;
    /* Collective over an MPI net, on rank 0 of threads only: from the ledger to *out. */
    arch_status_t           (*answer)(archi_job_t *job, archi_net_t *net, void *out);
    void                     *out;
    bool                      apart;       /* every replication has histograms of its own */
    uint32_t                  first;       /* number, for draws, of what is replication 0 here */
    arch_run_options_t        own_options; /* what options points to, once it is known what runs it */
    archi_device_t           *device;      /* a GPU; NULL: cores */
    bool                      unsure;      /* whether it is faster than they are */
    uint32_t                  n_sharing;   /* processes that use the same GPU, this one among them */
    uint32_t                  rank_here;   /* of this process among those of its machine */
    archi_crew_t              crew;
    archi_plan_t             *plan;
    archi_layout_t            layout;
    archi_grouping_t          known;       /* of groups, before the layout */
    int                       tried;       /* 1: there is no more to know */
    archi_ledger_t            ledger;
    uint32_t                 *slot_of;     /* MPI: rows of this rank's elements; else NULL */
    archi_control_t           control;
    archi_track_t           **track;       /* [ranks of this process]; NULL: nobody asked */
    uint32_t                  n_tracks;
    uint64_t                  rank_memory; /* bytes for one rank's blocks; 0: no limit */
    char                      started[32];
    double                    began;
    double                    compile_seconds, cut_seconds;
    double                    blocks_seconds, last_event; /* of rank 0: making blocks; when the last one was done running */
    /* saving and going on, see coordinator/survive.h */
    archi_keeper_t           *keeper;      /* NULL: nothing is saved */
    archi_resume_t           *resume;      /* NULL: from the beginning */
    bool                      cuts_anew;   /* saved blocks are cut as this layout has it */
    archi_waiting_list_t      waiting;     /* saved blocks that no replication has begun with */
    uint32_t                 *pending;     /* [n_pending] replications to simulate; NULL: all, in order */
    uint32_t                  n_pending;
    char                     *folder;      /* of this design's checkpoints */
    int                       folder_lock;
    /* replications until figures are precise, see coordinator/precision.h */
    archi_precision_t         precision;
    arch_design_t             settled;     /* the design with as many replications as there are so far */
};

/* A job with design, options (may be NULL), answer and out set: compile, lay out, simulate, answer. With options->mpi
 * collective: ranks come with `st`, their trouble so far, and all leave together. What the job holds is given back. */
arch_status_t archi_job_run(archi_job_t *job, arch_status_t st);

/* ARCH_E_ARG: settings of a run that there are not. */
arch_status_t archi_job_check(const arch_design_t *design);

/* ARCH_E_FULL in the user's words: what filled the block, on one rank, in this replication of the job. */
arch_status_t archi_job_blame(const archi_job_t *job, uint32_t replication, const archi_block_t *b);

/* Collective over net: simulate this rank's share of all replications; their numbers land in the job's ledger. */
arch_status_t archi_simulate(archi_job_t *job, archi_net_t *net, uint32_t rank_here);

/* Answers: what people read (*out: arch_results_t), and replications one by one (arch_samples_t *; NULL before). */
arch_status_t archi_answer(archi_job_t *job, archi_net_t *net, void *out);
arch_status_t archi_answer_samples(archi_job_t *job, archi_net_t *net, void *out);

#endif
