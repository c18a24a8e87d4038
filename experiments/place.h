/* experiments/place.h - where jobs are done: bytes in, bytes out, in any order. */
#ifndef ARCHI_PLACE_H
#define ARCHI_PLACE_H

#include <architech/lab.h>

typedef struct {
    uint64_t id;
    arch_status_t status;
    void *bytes; /* malloc'ed; the taker frees. status ARCH_OK: the answer; else: text with its end, or NULL */
    size_t n;
    double seconds; /* that it took there */
} archi_place_answer_t;

typedef struct archi_place archi_place_t;

struct archi_place {
    arch_status_t (*put)(archi_place_t *place, uint64_t id, const void *job, size_t n); /* the job is copied */
    /* Wait up to so many milliseconds. */
    arch_status_t (*take)(archi_place_t *place, int milliseconds, archi_place_answer_t *answer, bool *got);
    uint32_t (*workers)(const archi_place_t *place);
    void (*tell)(archi_place_t *place, const arch_lab_progress_t *progress); /* NULL: nobody listens */
    void (*close)(archi_place_t *place);
    bool whole; /* it does best what it is given in large pieces, all at once */
};

/* Where the options say: workers, or threads of this process. */
arch_status_t archi_place_open(const arch_lab_options_t *options, archi_place_t **out);
/* Worker processes: of the lab's own, and whoever connects. */
arch_status_t archi_place_farm(const arch_lab_options_t *options, archi_place_t **out);
/* Threads of this process. */
arch_status_t archi_place_threads(const arch_lab_options_t *options, archi_place_t **out);
/* A GPU and threads of this process. `options` stay where they are. ARCH_E_NOTFOUND: there is no GPU. */
arch_status_t archi_place_ensemble(const arch_lab_options_t *options, archi_place_t **out);

#endif
