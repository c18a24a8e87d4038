/* architech/lab.h - where experiments have their replications simulated: threads of this process, worker processes of its
 * own, or workers anywhere.
 *
 * A question is some replications of a design; its answer is their samples, the same bits wherever and in however many
 * pieces they were simulated. Ask as much as is known to be needed, then wait: everything asked is worked on side by
 * side. A lab belongs to one thread; several labs at once are fine. */
#ifndef ARCHITECH_LAB_H
#define ARCHITECH_LAB_H

#include <architech/policy.h>
#include <architech/samples.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque. */
typedef struct arch_lab arch_lab_t;

/* How an experiment is getting on. A job is the replications of a question that are handed out at a time. */
typedef struct {
    const char *doing;         /* "bisecting: 1,480 requests/s" */
    uint64_t jobs_done, jobs_asked;
    uint64_t replications_done, replications_asked;
    uint64_t events, requests; /* simulated so far, for answers that came */
    uint32_t workers;
    double seconds;            /* since the lab was opened */
    double jobs_per_second;    /* lately */
    double seconds_left;       /* of what has been asked; < 0: not known yet */
} arch_lab_progress_t;

/* Zero means "choose for me" in every member. */
typedef struct {
    uint32_t threads;      /* of this process, when there are no workers; 0: one per core */
    uint32_t workers;      /* worker processes to start; 0 without an endpoint: threads of this process instead */
    const char *const *worker_command; /* [.. NULL] how to start one; the word "ENDPOINT" becomes the lab's endpoint:
                                          {"architech", "worker", "--connect", "ENDPOINT", NULL}, which is what NULL means */
    const char *endpoint;  /* where workers of others may connect: "tcp://10.0.0.1:5555", "ipc://run/lab"; NULL: a place that
                              only this user's processes on this machine reach */
    const char *key, *allowed; /* for an endpoint that other machines reach, see `architech keys`: the coordinator's secret
                                  key file, and a file or folder of the workers' public keys */
    uint32_t insecure;     /* 1: such an endpoint may do without keys */
    const char *publish;   /* where progress is published, for `architech top`; NULL: nowhere */
    uint32_t executor;     /* ARCH_EXECUTOR_AUTO: a GPU where there is one, nothing is said of threads, workers and endpoint,
                              and what is asked for is much; ARCH_EXECUTOR_CPU; ARCH_EXECUTOR_GPU: ARCH_E_NOTFOUND where
                              there is none */
    uint64_t memory_limit; /* bytes for the simulated state of one job; 0: its share of what is free */
    const char *journal;   /* a folder where answers are kept in HDF5, so that an experiment that is begun again does not
                              ask again; it is made when missing; NULL: none */
    /* Plugged in, see architech/policy.h, in every design that is asked about; they live as long as the lab. Functions are
     * this process's: a lab with workers, a GPU or a journal refuses them with ARCH_E_ARG. */
    const arch_policy_t *policy;         /* [n_policies] */
    uint32_t n_policies;
    const arch_autoscaler_t *autoscaler; /* [n_autoscalers] */
    uint32_t n_autoscalers;
    /* Called a few times per second by the thread that waits; not 0 ends the wait with ARCH_E_CANCELLED. May be NULL. */
    int (*progress)(void *user, const arch_lab_progress_t *progress);
    void (*note)(void *user, int is_warning, const char *text); /* something that the user should know; may be NULL */
    void *user;
} arch_lab_options_t;

/* options may be NULL: threads. The caller owns *out. ARCH_E_IO: an endpoint or a journal that cannot be opened. */
arch_status_t arch_lab_open(const arch_lab_options_t *options, arch_lab_t **out);
/* The experiment is over and its answer safe: close the lab and remove its journal. */
void arch_lab_finish(arch_lab_t **lab);
/* What was asked and not answered is forgotten; workers that the lab started end. NULL and *NULL are fine. */
void arch_lab_close(arch_lab_t **lab);

/* Ask for replications first .. first + n - 1 of *design, which is copied. *ticket names the question. */
arch_status_t arch_lab_ask(arch_lab_t *lab, const arch_design_t *design, uint32_t first, uint32_t n, uint64_t *ticket);
/* Wait for the answer, which the caller owns. Every ticket is waited for once. A design that cannot be simulated
 * (ARCH_E_FULL: it needs more memory than there is) answers with its status and text; the lab goes on. */
arch_status_t arch_lab_wait(arch_lab_t *lab, uint64_t ticket, arch_samples_t **out);
/* What is being done, for progress; copied. */
void arch_lab_say(arch_lab_t *lab, const char *format, ...);
/* How far it is, now. */
void arch_lab_progress(const arch_lab_t *lab, arch_lab_progress_t *out);

/* A design with what is known of it. */
typedef struct {
    const arch_design_t *design; /* the caller's */
    arch_samples_t *samples;     /* NULL: nothing yet; arch_samples_destroy() when done */
    uint32_t wanted;             /* replications in all, at least those that there are */
    arch_status_t status;        /* not ARCH_OK: it cannot be simulated, why[] says why; it is asked no more */
    char why[256];
} arch_point_t;

/* Have every point know as many replications as it wants, those that lack some side by side. Points that cannot be simulated
 * are told by their status; any other trouble is the call's own. */
arch_status_t arch_lab_extend(arch_lab_t *lab, arch_point_t *point, uint32_t n);

#ifdef __cplusplus
}
#endif
#endif
