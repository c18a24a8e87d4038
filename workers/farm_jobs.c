/* workers/farm_jobs.c - jobs from put to answer: the queue, who has what, and what happens when a worker is lost. */
#include "workers/farm_impl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COPIES_MOST = 2 };

static const double tail_least_s = 0.1; /* a job is not worth a second worker before */

/* ---- lists and the table of ids ---- */

static void list_append(job_list_t *l, job_t *j)
{
    j->next = NULL;
    j->prev = l->last;
    *(l->last ? &l->last->next : &l->first) = j;
    l->last = j;
    l->n++;
}

static void list_prepend(job_list_t *l, job_t *j)
{
    j->prev = NULL;
    j->next = l->first;
    *(l->first ? &l->first->prev : &l->last) = j;
    l->first = j;
    l->n++;
}

static void list_remove(job_list_t *l, job_t *j)
{
    *(j->prev ? &j->prev->next : &l->first) = j->next;
    *(j->next ? &j->next->prev : &l->last) = j->prev;
    j->next = j->prev = NULL;
    l->n--;
}

static size_t slot_of(const archi_farm_t *farm, uint64_t id)
{
    return (size_t)(((id ^ id >> 32) * 0x9e3779b97f4a7c15u) >> 32) & (farm->n_table - 1);
}

static job_t **find(archi_farm_t *farm, uint64_t id)
{
    job_t **at;

    if (farm->n_table == 0)
        return NULL;
    for (at = &farm->table[slot_of(farm, id)]; *at != NULL; at = &(*at)->chain)
        if ((*at)->id == id)
            return at;
    return NULL;
}

static arch_status_t make_room(archi_farm_t *farm)
{
    size_t n = farm->n_table ? 2 * farm->n_table : 1024, old = farm->n_table;
    job_t **table = calloc(n, sizeof *table), **before = farm->table;

    if (table == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %zu jobs", farm->n_jobs + 1);
    farm->table = table;
    farm->n_table = n;
    for (size_t i = 0; i < old; i++)
        for (job_t *j = before[i], *next; j != NULL; j = next) {
            job_t **head = &table[slot_of(farm, j->id)];
            next = j->chain;
            j->chain = *head;
            *head = j;
        }
    free(before);
    return ARCH_OK;
}

static void forget_job(archi_farm_t *farm, job_t *j)
{
    job_t **at = find(farm, j->id);

    *at = j->chain;
    farm->n_jobs--;
    free(j);
}

arch_status_t archi_jobs_put(archi_farm_t *farm, uint64_t id, const void *bytes, size_t n)
{
    job_t *j, **head;

    if (n > farm->bounds.job_most)
        return ARCH_FAIL(ARCH_E_RANGE, "job %llu has %zu bytes, at most %zu", (unsigned long long)id, n,
                         farm->bounds.job_most);
    if (find(farm, id) != NULL)
        return ARCH_FAIL(ARCH_E_ARG, "job %llu has been put before and not been taken", (unsigned long long)id);
    if (farm->n_jobs >= farm->n_table)
        ARCH_TRY(make_room(farm));
    j = calloc(1, sizeof *j);
    if (j != NULL)
        j->bytes = malloc(n + 1);
    if (j == NULL || j->bytes == NULL) {
        free(j);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a job of %zu bytes", n);
    }
    if (n > 0)
        memcpy(j->bytes, bytes, n);
    j->n = n;
    j->id = id;
    head = &farm->table[slot_of(farm, id)];
    j->chain = *head;
    *head = j;
    farm->n_jobs++;
    list_append(&farm->queue, j);
    return ARCH_OK;
}

/* ---- answers ---- */

static void let_go(archi_farm_t *farm, const job_t *j, const worker_t *but)
{
    archi_msg_t cancel = {ARCHI_MSG_CANCEL, farm->session, 0, 0, 0};

    for (uint32_t i = 0; i < farm->n_workers; i++)
        for (uint32_t k = 0; k < farm->worker[i]->n_held; k++) {
            hold_t *h = &farm->worker[i]->held[k];
            if (h->job != j)
                continue;
            h->job = NULL;
            cancel.issue = h->issue;
            if (farm->worker[i] != but)
                archi_farm_send(farm, farm->worker[i], &cancel, NULL, 0); /* unheard is as good: the answer is dropped */
        }
}

/* The one place where a job becomes an answer. Takes `bytes` (n and a 0), which may be NULL for want of memory. */
static void answer(archi_farm_t *farm, job_t *j, arch_status_t st, void *bytes, size_t n, double seconds, const worker_t *by)
{
    archi_farm_answer_t *a = calloc(1, sizeof *a);

    if (a == NULL || bytes == NULL) {
        free(a);
        free(bytes);
        archi_farm_fail(farm, ARCH_E_NOMEM, "no memory for an answer");
        return;
    }
    if (j->copies > 0)
        let_go(farm, j, by);
    *a = (archi_farm_answer_t){.id = j->id, .status = st, .bytes = bytes, .n = n, .seconds = seconds};
    if (by != NULL)
        memcpy(a->worker, by->name, sizeof a->worker);
    farm->stats.done++;
    farm->stats.failed += st != ARCH_OK;
    farm->stats.work_s += seconds;
    farm->stats.events += j->events;
    list_remove(j->holder ? &farm->under_way : &farm->queue, j);
    list_append(&farm->answered, j);
    free(j->bytes);
    j->bytes = NULL;
    j->answer = a;
    pthread_cond_broadcast(&farm->news);
}

void archi_jobs_take(archi_farm_t *farm, archi_farm_answer_t *out)
{
    job_t *j = farm->answered.first;

    *out = *j->answer;
    free(j->answer);
    list_remove(&farm->answered, j);
    forget_job(farm, j);
}

static void *copy_of(const void *bytes, size_t n)
{
    char *copy = malloc(n + 1);

    if (copy != NULL && n > 0)
        memcpy(copy, bytes, n);
    if (copy != NULL)
        copy[n] = '\0';
    return copy;
}

static void answer_in_words(archi_farm_t *farm, job_t *j, arch_status_t st, const char *text)
{
    answer(farm, j, st, copy_of(text, strlen(text)), strlen(text), 0, NULL);
}

void archi_jobs_cancel(archi_farm_t *farm, uint64_t id)
{
    job_t **at = find(farm, id);

    if (at != NULL && (*at)->answer == NULL)
        answer_in_words(farm, *at, ARCH_E_CANCELLED, "the job was cancelled");
}

void archi_jobs_clear(archi_farm_t *farm)
{
    job_list_t *lists[] = {&farm->queue, &farm->under_way};

    while (farm->answered.first != NULL) {
        archi_farm_answer_t a;
        archi_jobs_take(farm, &a);
        free(a.bytes);
    }
    for (int i = 0; i < 2; i++)
        for (job_t *j = lists[i]->first, *next; j != NULL; j = next) {
            next = j->next;
            free(j->bytes);
            free(j);
        }
    free(farm->table);
}

/* ---- who has what ---- */

static uint32_t held_at(const worker_t *w, uint64_t issue)
{
    uint32_t k = 0;

    while (k < w->n_held && w->held[k].issue != issue)
        k++;
    return k;
}

void archi_jobs_result(archi_farm_t *farm, worker_t *w, const archi_msg_t *m, const void *bytes, size_t n)
{
    uint32_t k = held_at(w, m->issue);
    arch_status_t st = (arch_status_t)m->a;
    job_t *j;

    if (k == w->n_held) { /* nothing that it was given */
        farm->stats.malformed++;
        return;
    }
    j = w->held[k].job;
    w->n_held--;
    memmove(&w->held[k], &w->held[k + 1], (w->n_held - k) * sizeof *w->held);
    if (j == NULL) {
        farm->stats.late += st != ARCH_E_CANCELLED;
        return;
    }
    farm->stats.bytes_in += n;
    farm->ends_in_vain = 0;
    answer(farm, j, st, copy_of(bytes, n), n, (double)m->b * 1e-9, w);
}

void archi_jobs_progress(archi_farm_t *farm, worker_t *w, const archi_msg_t *m)
{
    uint32_t k = held_at(w, m->issue);

    (void)farm;
    if (k == w->n_held || w->held[k].job == NULL)
        return; /* answered meanwhile */
    w->held[k].job->share = (double)m->a / ARCHI_MSG_SHARE;
    w->held[k].job->events = m->b;
}

static worker_t *another_holder(const archi_farm_t *farm, const job_t *j, const worker_t *but)
{
    for (uint32_t i = 0; i < farm->n_workers; i++)
        for (uint32_t k = 0; farm->worker[i] != but && k < farm->worker[i]->n_held; k++)
            if (farm->worker[i]->held[k].job == j)
                return farm->worker[i];
    return NULL;
}

/* A worker has it no more, and did not answer. */
static void take_back(archi_farm_t *farm, job_t *j, const worker_t *from, uint32_t blame, const char *how)
{
    char text[512];

    j->losses += blame;
    j->copies--;
    if (j->losses >= farm->options.losses_most) {
        snprintf(text, sizeof text, "every worker that began this job was lost; the last, %s, %s", from->name, how);
        answer_in_words(farm, j, ARCH_E_PEER, text);
        return;
    }
    j->holder = j->copies > 0 ? another_holder(farm, j, from) : NULL;
    if (j->holder != NULL)
        return;
    list_remove(&farm->under_way, j);
    j->share = 0;
    j->events = 0;
    list_prepend(&farm->queue, j); /* it has waited long enough */
    farm->stats.lost_issues++;
}

void archi_jobs_drop_worker(archi_farm_t *farm, uint32_t at, uint32_t blame, const char *how)
{
    worker_t *w = farm->worker[at];

    farm->worker[at] = farm->worker[--farm->n_workers];
    for (uint32_t k = w->n_held; k-- > 0;) /* the last is put before the queue first */
        if (w->held[k].job != NULL)
            take_back(farm, w->held[k].job, w, k == 0 ? blame : 0, how);
    free(w);
}

/* Whom a job is given to: whoever has least to do. */
static uint32_t least_busy(const archi_farm_t *farm)
{
    uint32_t best = farm->n_workers, least = UINT32_MAX;

    for (uint32_t i = 0; i < farm->n_workers && least > 0; i++) {
        const worker_t *w = farm->worker[i];
        if (w->n_held < w->credit && w->n_held < least) {
            least = w->n_held;
            best = i;
        }
    }
    return best;
}

/* False: the worker could not be reached, and gets no more. */
static bool hand_out(archi_farm_t *farm, job_t *j, uint32_t to, double now)
{
    worker_t *w = farm->worker[to];
    archi_msg_t m = {ARCHI_MSG_JOB, farm->session, farm->next_issue, 0, 0};

    if (!archi_farm_send(farm, w, &m, j->bytes, j->n)) {
        archi_farm_unreachable(farm, to);
        return false;
    }
    farm->next_issue++;
    w->held[w->n_held++] = (hold_t){m.issue, j};
    if (j->copies++ == 0) {
        list_remove(&farm->queue, j);
        list_append(&farm->under_way, j);
        j->since = now;
    }
    j->holder = w;
    farm->stats.issues++;
    farm->stats.bytes_out += j->n;
    return true;
}

/* Nothing is queued: what an idle worker could do over again. The oldest first: one that waits behind another, or one
 * that has taken much longer than they do. */
static job_t *worth_a_copy(const archi_farm_t *farm, double now)
{
    double mean = farm->stats.done ? farm->stats.work_s / (double)farm->stats.done : 0;
    double patience = 2 * mean > tail_least_s ? 2 * mean : tail_least_s;

    for (job_t *j = farm->under_way.first; j != NULL; j = j->next)
        if (j->copies < COPIES_MOST && (j->holder->held[0].job != j || now - j->since > patience))
            return j;
    return NULL;
}

void archi_jobs_dispatch(archi_farm_t *farm, double now)
{
    uint32_t to;
    job_t *j;

    while ((j = farm->queue.first) != NULL && (to = least_busy(farm)) < farm->n_workers)
        hand_out(farm, j, to, now);
    if (farm->queue.first != NULL)
        return;
    for (uint32_t i = farm->n_workers; i-- > 0;) {
        if (farm->worker[i]->n_held > 0 || farm->worker[i]->credit == 0)
            continue;
        j = worth_a_copy(farm, now);
        if (j == NULL)
            return;
        if (hand_out(farm, j, i, now))
            farm->stats.tail_issues++;
        if (farm->queue.first != NULL) /* a worker was lost on the way */
            return;
    }
}
