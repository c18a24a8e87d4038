/* experiments/lab.c - questions are cut into jobs, jobs go to a place, answers come back in any order.
 *
 * How a question is cut decides nothing but speed: samples join in the order of their replications. Jobs are numbered
 * through; a question has a row of them, so the number of an answer leads to its question by bisection. */
#include "coordinator/machine.h"
#include "experiments/journal.h"
#include "experiments/place.h"
#include "experiments/work.h"
#include "io/checkpoint_sum.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A job that takes less is not worth handing out; not more than so many replications, so that none takes long. */
static const double worth_seconds = 0.05;
enum { MOST_REPLICATIONS = 64, MOST_WHOLE = 1024, TICK_MILLISECONDS = 100 };

typedef struct {
    uint32_t first, n;
    arch_samples_t *samples; /* NULL: not yet */
} piece_t;

typedef struct {
    uint64_t ticket, first_id;
    uint32_t n_pieces, n_left;
    piece_t *piece;
    archi_journal_key_t key;
    arch_status_t status; /* of the first job that failed */
    char why[256];
} question_t;

struct arch_lab {
    arch_lab_options_t options;
    archi_place_t *place;
    archi_journal_t *journal;    /* NULL: none */
    question_t **question;       /* ascending by ticket and by id */
    uint32_t n_questions, capacity;
    uint64_t next_ticket, next_id;
    double began, told, seconds_per_replication;
    double rate;                 /* jobs per second, lately */
    double rate_since;
    uint64_t rate_from;
    arch_lab_progress_t progress;
    char doing[160];
};

/* ---- open and close --------------------------------------------------------------------------------------------- */

/* A job is a design's text; policies go where their functions are. */
static arch_status_t check_policies(const arch_lab_options_t *o)
{
    if (o->n_policies == 0 && o->n_autoscalers == 0)
        return ARCH_OK;
    if (o->workers > 0 || o->endpoint != NULL)
        return ARCH_FAIL(ARCH_E_ARG, "policies and autoscalers are functions of this process, which workers do not have: "
                                     "give threads instead of workers");
    if (o->executor == ARCH_EXECUTOR_GPU)
        return ARCH_FAIL(ARCH_E_ARG, "policies and autoscalers are functions of this process, which a GPU does not have: "
                                     "give threads instead");
    if (o->journal != NULL)
        return ARCH_FAIL(ARCH_E_ARG, "a journal does not know policies and autoscalers apart: give them without a journal");
    return ARCH_OK;
}

arch_status_t arch_lab_open(const arch_lab_options_t *options, arch_lab_t **out)
{
    static const arch_lab_options_t defaults;
    arch_lab_t *lab = calloc(1, sizeof *lab);
    arch_status_t st = ARCH_OK;

    *out = NULL;
    if (lab == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a lab");
    lab->options = options != NULL ? *options : defaults;
    lab->next_id = lab->next_ticket = 1;
    lab->began = lab->told = lab->rate_since = archi_machine_seconds();
    lab->progress.doing = lab->doing;
    ARCH_TRY_TO(failed, check_policies(&lab->options));
    if (lab->options.journal != NULL)
        ARCH_TRY_TO(failed, archi_journal_open(lab->options.journal, lab->options.note, lab->options.user, &lab->journal));
    ARCH_TRY_TO(failed, archi_place_open(&lab->options, &lab->place));
    *out = lab;
    return ARCH_OK;
failed:
    arch_lab_close(&lab);
    return st;
}

static void drop_question(question_t *q)
{
    for (uint32_t i = 0; i < q->n_pieces; i++)
        arch_samples_destroy(&q->piece[i].samples);
    free(q->piece);
    free(q);
}

void arch_lab_close(arch_lab_t **out)
{
    arch_lab_t *lab = out != NULL ? *out : NULL;

    if (lab == NULL)
        return;
    if (lab->place != NULL)
        lab->place->close(lab->place);
    archi_journal_close(&lab->journal);
    for (uint32_t i = 0; i < lab->n_questions; i++)
        drop_question(lab->question[i]);
    free(lab->question);
    free(lab);
    *out = NULL;
}

void arch_lab_finish(arch_lab_t **lab)
{
    if (lab != NULL && *lab != NULL && (*lab)->journal != NULL)
        archi_journal_remove(&(*lab)->journal);
    arch_lab_close(lab);
}

/* ---- ask -------------------------------------------------------------------------------------------------------- */

/* Replications of a job: enough to be worth it, few enough that everybody has something to do. */
static uint32_t piece_size(const arch_lab_t *lab, uint32_t n)
{
    uint32_t workers = lab->place->workers(lab->place), share = (n + workers) / (workers + 1), size = 1;
    double wanted = lab->seconds_per_replication > 0 ? ceil(worth_seconds / lab->seconds_per_replication) : 1;

    if (lab->place->whole)
        return n < MOST_WHOLE ? n : MOST_WHOLE;
    if (wanted > 1)
        size = wanted < MOST_REPLICATIONS ? (uint32_t)wanted : MOST_REPLICATIONS;
    return size < share ? size : share > 0 ? share : 1;
}

static arch_status_t add_piece(question_t *q, uint32_t first, uint32_t n, arch_samples_t *samples)
{
    piece_t *more = realloc(q->piece, ((size_t)q->n_pieces + 1) * sizeof *more);

    if (more == NULL) {
        arch_samples_destroy(&samples);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a question");
    }
    q->piece = more;
    q->piece[q->n_pieces++] = (piece_t){first, n, samples};
    q->n_left += samples == NULL;
    return ARCH_OK;
}

/* What the journal knows is not asked again. */
static arch_status_t cut_question(arch_lab_t *lab, question_t *q, uint32_t first, uint32_t n)
{
    uint32_t end = first + n;

    while (first < end) {
        arch_samples_t *known = NULL;
        uint32_t size = piece_size(lab, end - first);
        if (lab->journal != NULL)
            ARCH_TRY(archi_journal_find(lab->journal, q->key, first, end - first, &size, &known));
        ARCH_TRY(add_piece(q, first, size, known));
        first += size;
    }
    return ARCH_OK;
}

static void note_known(arch_lab_t *lab, const piece_t *p)
{
    lab->progress.replications_done += p->n;
    lab->progress.jobs_done++;
    lab->progress.events += p->samples->events;
    lab->progress.requests += p->samples->requests;
}

static arch_status_t put_pieces(arch_lab_t *lab, const question_t *q, const char *text, size_t length)
{
    for (uint32_t i = 0; i < q->n_pieces; i++) {
        void *job = NULL;
        size_t size;
        arch_status_t st;
        lab->progress.jobs_asked++;
        lab->progress.replications_asked += q->piece[i].n;
        if (q->piece[i].samples != NULL) {
            note_known(lab, &q->piece[i]);
            continue;
        }
        ARCH_TRY(archi_work_make(text, length, q->piece[i].first, q->piece[i].n, &job, &size));
        st = lab->place->put(lab->place, q->first_id + i, job, size);
        free(job);
        ARCH_TRY(st);
    }
    return ARCH_OK;
}

static arch_status_t enter(arch_lab_t *lab, question_t *q)
{
    if (lab->n_questions == lab->capacity) {
        uint32_t capacity = 2 * lab->capacity + 64;
        question_t **more = realloc(lab->question, capacity * sizeof *more);
        if (more == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u questions", capacity);
        lab->question = more;
        lab->capacity = capacity;
    }
    q->ticket = lab->next_ticket++;
    q->first_id = lab->next_id;
    lab->next_id += q->n_pieces;
    lab->question[lab->n_questions++] = q;
    return ARCH_OK;
}

static arch_status_t ask(arch_lab_t *lab, const char *text, uint32_t first, uint32_t n, uint64_t *ticket)
{
    size_t length = strlen(text);
    question_t *q = calloc(1, sizeof *q);
    arch_status_t st = ARCH_OK;

    if (q == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a question");
    q->key = (archi_journal_key_t){archi_sum_of(text, length), length};
    ARCH_TRY_TO(failed, cut_question(lab, q, first, n));
    ARCH_TRY_TO(failed, enter(lab, q));
    *ticket = q->ticket;
    return put_pieces(lab, q, text, length);
failed:
    drop_question(q);
    return st;
}

arch_status_t arch_lab_ask(arch_lab_t *lab, const arch_design_t *design, uint32_t first, uint32_t n, uint64_t *ticket)
{
    char *text = NULL;
    arch_status_t st;

    *ticket = 0;
    if (n == 0 || n > UINT32_MAX - first)
        return ARCH_FAIL(ARCH_E_ARG, "%u replications from number %u on: there must be at least 1, numbered below 2^32", n,
                         first);
    ARCH_TRY(arch_design_explain(design, &text));
    st = ask(lab, text, first, n, ticket);
    free(text);
    return st;
}

/* ---- wait ------------------------------------------------------------------------------------------------------- */

/* The question with the largest first_id up to `id`. */
static question_t *question_of(const arch_lab_t *lab, uint64_t id)
{
    uint32_t low = 0, high = lab->n_questions;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (lab->question[middle]->first_id <= id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || id - lab->question[low - 1]->first_id >= lab->question[low - 1]->n_pieces)
        return NULL;
    return lab->question[low - 1];
}

static void learn_cost(arch_lab_t *lab, const piece_t *p, double seconds)
{
    double each = seconds / p->n;

    lab->seconds_per_replication = lab->seconds_per_replication > 0 ? 0.9 * lab->seconds_per_replication + 0.1 * each : each;
}

/* Samples of other replications than were asked for are no answer. */
static arch_status_t read_samples(const archi_place_answer_t *a, piece_t *p)
{
    ARCH_TRY(arch_samples_unpack(a->bytes, a->n, &p->samples));
    if (p->samples->first == p->first && p->samples->n == p->n)
        return ARCH_OK;
    arch_samples_destroy(&p->samples);
    return ARCH_FAIL(ARCH_E_FORMAT, "a worker answered with other replications than it was asked for");
}

static arch_status_t accept(arch_lab_t *lab, const archi_place_answer_t *a)
{
    question_t *q = question_of(lab, a->id);
    piece_t *p;
    arch_status_t st = a->status;

    if (q == NULL) /* given up meanwhile */
        return ARCH_OK;
    p = &q->piece[a->id - q->first_id];
    if (p->samples != NULL)
        return ARCH_OK;
    if (st == ARCH_OK)
        st = read_samples(a, p);
    if (st == ARCH_OK && lab->journal != NULL)
        ARCH_TRY(archi_journal_add(lab->journal, q->key, p->first, p->n, a->bytes, a->n));
    q->n_left--;
    lab->progress.jobs_done++;
    lab->progress.replications_done += p->n;
    if (st == ARCH_OK) {
        lab->progress.events += p->samples->events;
        lab->progress.requests += p->samples->requests;
        learn_cost(lab, p, a->seconds);
    } else if (q->status == ARCH_OK) {
        q->status = st;
        snprintf(q->why, sizeof q->why, "%s", a->status == ARCH_OK ? arch_error_text()
                                              : a->bytes != NULL   ? (const char *)a->bytes : arch_status_text(st));
    }
    return ARCH_OK;
}

void arch_lab_progress(const arch_lab_t *lab, arch_lab_progress_t *out)
{
    uint64_t left = lab->progress.jobs_asked - lab->progress.jobs_done;

    *out = lab->progress;
    out->workers = lab->place->workers(lab->place);
    out->seconds = archi_machine_seconds() - lab->began;
    out->jobs_per_second = lab->rate;
    out->seconds_left = left == 0 ? 0 : lab->rate > 0 ? (double)left / lab->rate : -1;
}

/* The rate of the last seconds, forgotten slowly. */
static void learn_rate(arch_lab_t *lab, double now)
{
    double span = now - lab->rate_since, rate;

    if (span < 0.5)
        return;
    rate = (double)(lab->progress.jobs_done - lab->rate_from) / span;
    lab->rate = lab->rate > 0 ? 0.7 * lab->rate + 0.3 * rate : rate;
    lab->rate_since = now;
    lab->rate_from = lab->progress.jobs_done;
}

static arch_status_t tell(arch_lab_t *lab)
{
    double now = archi_machine_seconds();
    arch_lab_progress_t p;

    if (now - lab->told < 0.2)
        return ARCH_OK;
    lab->told = now;
    learn_rate(lab, now);
    arch_lab_progress(lab, &p);
    if (lab->place->tell != NULL)
        lab->place->tell(lab->place, &p);
    if (lab->options.progress != NULL && lab->options.progress(lab->options.user, &p) != 0)
        return ARCH_FAIL(ARCH_E_CANCELLED, "the experiment was cancelled");
    return ARCH_OK;
}

static arch_status_t one_answer(arch_lab_t *lab)
{
    archi_place_answer_t a = {0};
    bool got = false;
    arch_status_t st;

    ARCH_TRY(lab->place->take(lab->place, TICK_MILLISECONDS, &a, &got));
    st = got ? accept(lab, &a) : ARCH_OK;
    free(a.bytes);
    ARCH_TRY(st);
    return tell(lab);
}

static uint32_t index_of(const arch_lab_t *lab, uint64_t ticket)
{
    for (uint32_t i = 0; i < lab->n_questions; i++)
        if (lab->question[i]->ticket == ticket)
            return i;
    return lab->n_questions;
}

static arch_status_t join_pieces(question_t *q, arch_samples_t **out)
{
    *out = q->piece[0].samples;
    q->piece[0].samples = NULL;
    for (uint32_t i = 1; i < q->n_pieces; i++) {
        arch_status_t st = arch_samples_append(*out, &q->piece[i].samples);
        if (st != ARCH_OK) {
            arch_samples_destroy(out);
            return arch_fail_from(st, __func__, __FILE__, __LINE__);
        }
    }
    return ARCH_OK;
}

/* *status: the question's own; what is answered is the lab's. */
static arch_status_t wait_for(arch_lab_t *lab, uint64_t ticket, arch_samples_t **out, arch_status_t *status, char why[256])
{
    uint32_t at = index_of(lab, ticket);
    arch_status_t st = ARCH_OK;
    question_t *q;

    *out = NULL;
    if (at == lab->n_questions)
        return ARCH_FAIL(ARCH_E_ARG, "nothing was asked under ticket %llu, or it was waited for before",
                         (unsigned long long)ticket);
    q = lab->question[at];
    while (q->n_left > 0 && st == ARCH_OK)
        st = one_answer(lab);
    if (st == ARCH_OK && q->status == ARCH_OK)
        st = join_pieces(q, out);
    *status = q->status;
    memcpy(why, q->why, sizeof q->why);
    memmove(lab->question + at, lab->question + at + 1, (lab->n_questions - at - 1) * sizeof *lab->question);
    lab->n_questions--;
    drop_question(q);
    return st;
}

arch_status_t arch_lab_wait(arch_lab_t *lab, uint64_t ticket, arch_samples_t **out)
{
    arch_status_t status;
    char why[256];

    ARCH_TRY(wait_for(lab, ticket, out, &status, why));
    return status == ARCH_OK ? ARCH_OK : ARCH_FAIL(status, "%s", why);
}

void arch_lab_say(arch_lab_t *lab, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(lab->doing, sizeof lab->doing, format, args);
    va_end(args);
}

/* ---- points ----------------------------------------------------------------------------------------------------- */

static uint32_t known(const arch_point_t *p) { return p->samples != NULL ? p->samples->n : 0; }

static arch_status_t take_answer(arch_lab_t *lab, uint64_t ticket, arch_point_t *p)
{
    arch_samples_t *more = NULL;

    ARCH_TRY(wait_for(lab, ticket, &more, &p->status, p->why));
    if (p->status != ARCH_OK)
        return ARCH_OK;
    if (p->samples != NULL)
        return arch_samples_append(p->samples, &more);
    p->samples = more;
    return ARCH_OK;
}

arch_status_t arch_lab_extend(arch_lab_t *lab, arch_point_t *point, uint32_t n)
{
    uint64_t *ticket = calloc((size_t)n + 1, sizeof *ticket);
    arch_status_t st = ARCH_OK;

    if (ticket == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u points", n);
    for (uint32_t i = 0; i < n && st == ARCH_OK; i++)
        if (point[i].status == ARCH_OK && point[i].wanted > known(&point[i]))
            st = arch_lab_ask(lab, point[i].design, known(&point[i]), point[i].wanted - known(&point[i]), &ticket[i]);
    for (uint32_t i = 0; i < n && st == ARCH_OK; i++)
        if (ticket[i] != 0)
            st = take_answer(lab, ticket[i], &point[i]);
    free(ticket);
    return st;
}
