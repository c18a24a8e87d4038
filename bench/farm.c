/* bench/farm.c - what handing out a job costs: so many empty jobs on so many workers, whose whole time is coordination.
 * farm [--jobs N] [--workers N] [--bytes N] [--sleep MS] [--endpoint E] farm work ENDPOINT
 * a worker of it Prints jobs/s, the time per job, what the coordinator's thread was at work per job, and how the workers'
 * memory grew over the second half of the jobs. The digest is of the results, which do not depend on who did them. */
#include "bench/options.h"
#include "workers/clock.h"
#include "workers/farm.h"
#include "workers/worker.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A job: a number and padding; its result: the number, hashed, the memory that the worker has, and as much padding. */
typedef struct {
    uint64_t number, sleep_us;
} job_head_t;

typedef struct {
    uint64_t hash, resident;
} result_head_t;

/* Steele, Lea and Flood 2014: SplitMix64. */
static uint64_t mix(uint64_t z)
{
    z = (z + 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t resident_bytes(void)
{
    unsigned long size, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f == NULL)
        return 0;
    if (fscanf(f, "%lu %lu", &size, &pages) != 2)
        pages = 0;
    fclose(f);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static arch_status_t work(archi_task_t *task, const void *job, size_t bytes, void **result, size_t *n, void *user)
{
    uint64_t *n_done = user;
    job_head_t head;
    result_head_t answer;
    char *out = calloc(1, bytes);

    if (out == NULL || bytes < sizeof head) {
        free(out);
        return ARCH_FAIL(ARCH_E_FORMAT, "a job of %zu bytes", bytes);
    }
    memcpy(&head, job, sizeof head);
    for (uint64_t us = 0; us < head.sleep_us; us += 1000) {
        usleep(1000);
        if (archi_task_tell(task, (double)us / (double)head.sleep_us, us)) {
            free(out);
            return ARCH_E_CANCELLED;
        }
    }
    answer = (result_head_t){mix(head.number), ++*n_done % 500 == 0 ? resident_bytes() : 0};
    memcpy(out, &answer, sizeof answer);
    *result = out;
    *n = bytes;
    return ARCH_OK;
}

static int be_worker(const char *endpoint)
{
    uint64_t n_done = 0;
    archi_worker_options_t o = {.endpoint = endpoint, .user = &n_done};

    if (archi_worker_run(&o, work, NULL) == ARCH_OK)
        return 0;
    fprintf(stderr, "farm: %s\n", arch_error_text());
    return 3;
}

typedef struct {
    uint64_t jobs, workers, bytes, sleep_ms, expiry_ms;
} setting_t;

typedef struct {
    uint64_t digest, failed, early, late; /* the largest memory of a worker in the first and in the second half */
} tally_t;

static arch_status_t put_all(archi_farm_t *farm, const setting_t *s)
{
    size_t n = s->bytes > sizeof(job_head_t) ? s->bytes : sizeof(job_head_t);
    char *job = calloc(1, n);
    arch_status_t st = job ? ARCH_OK : ARCH_E_NOMEM;

    for (uint64_t i = 0; st == ARCH_OK && i < s->jobs; i++) {
        job_head_t head = {i, s->sleep_ms * 1000};
        memcpy(job, &head, sizeof head);
        st = archi_farm_put(farm, i, job, n);
    }
    free(job);
    return st;
}

static arch_status_t take_all(archi_farm_t *farm, const setting_t *s, tally_t *t)
{
    for (uint64_t i = 0; i < s->jobs;) {
        archi_farm_answer_t a;
        result_head_t head = {0, 0};
        bool got;
        ARCH_TRY(archi_farm_take(farm, 1000, &a, &got));
        if (!got)
            continue;
        if (a.status == ARCH_OK && a.n >= sizeof head)
            memcpy(&head, a.bytes, sizeof head);
        if (a.status != ARCH_OK)
            fprintf(stderr, "farm: job %" PRIu64 ": %s\n", a.id, (char *)a.bytes);
        t->failed += a.status != ARCH_OK || head.hash != mix(a.id);
        t->digest += head.hash;
        if (i < s->jobs / 2 && head.resident > t->early)
            t->early = head.resident;
        if (i >= s->jobs / 2 && head.resident > t->late)
            t->late = head.resident;
        free(a.bytes);
        i++;
    }
    return ARCH_OK;
}

/* Everybody is there before the clock starts. */
static void wait_for_workers(archi_farm_t *farm, uint64_t n)
{
    archi_farm_stats_t s;

    do {
        usleep(1000);
        archi_farm_stats(farm, &s);
    } while (s.workers < n);
}

static void report(archi_farm_t *farm, const setting_t *s, const tally_t *t, double wall)
{
    archi_farm_stats_t f;
    double jobs = (double)s->jobs;

    archi_farm_stats(farm, &f);
    printf("jobs %" PRIu64 "\nworkers %" PRIu64 "\nbytes %" PRIu64 "\n", s->jobs, s->workers, s->bytes);
    printf("seconds %.3f\njobs_per_s %.0f\nms_per_job %.4f\n", wall, jobs / wall, 1e3 * wall / jobs);
    printf("coordinator_ms_per_job %.4f\n", 1e3 * f.coordination_s / jobs);
    printf("worker_mib_first_half %.1f\nworker_mib_second_half %.1f\n", (double)t->early / 0x1p20, (double)t->late / 0x1p20);
    printf("coordinator_peak_mib %.1f\n", (double)bench_peak_bytes() / 0x1p20);
    printf("started %" PRIu64 "\nlost %" PRIu64 "\nissues %" PRIu64 "\n", f.started, f.workers_lost, f.issues);
    printf("again_after_loss %" PRIu64 "\nagain_in_tail %" PRIu64 "\nlate %" PRIu64 "\n", f.lost_issues, f.tail_issues,
           f.late);
    printf("answered %" PRIu64 "\nwrong %" PRIu64 "\n", f.done, t->failed);
    printf("digest %016" PRIx64 "\n", t->digest);
}

static arch_status_t run(const setting_t *s, const archi_farm_options_t *o, tally_t *t)
{
    const char *argv[] = {"/proc/self/exe", "work", "ENDPOINT", NULL};
    archi_farm_t *farm = NULL;
    arch_status_t st = ARCH_OK;
    double began;

    ARCH_TRY_TO(done, archi_farm_open(o, &farm));
    ARCH_TRY_TO(done, archi_farm_spawn(farm, (uint32_t)s->workers, argv));
    wait_for_workers(farm, s->workers);
    began = archi_wall();
    ARCH_TRY_TO(done, put_all(farm, s));
    ARCH_TRY_TO(done, take_all(farm, s, t));
    report(farm, s, t, archi_wall() - began);
done:
    archi_farm_close(&farm);
    return st;
}

int main(int argc, char **argv)
{
    setting_t s = {10000, 2, 64, 0, 0};
    archi_farm_options_t o = {.losses_most = 1000000};
    tally_t t = {0, 0, 0, 0};
    const bench_option_t option[] = {{"jobs", NULL, &s.jobs, NULL},         {"workers", NULL, &s.workers, NULL},
                                     {"bytes", NULL, &s.bytes, NULL},       {"sleep", NULL, &s.sleep_ms, NULL},
                                     {"expiry-ms", NULL, &s.expiry_ms, NULL}, {"endpoint", NULL, NULL, &o.endpoint}};

    if (argc == 3 && strcmp(argv[1], "work") == 0)
        return be_worker(argv[2]);
    if (!bench_read_options(argc, argv, option, (int)(sizeof option / sizeof option[0])) || s.jobs == 0 || s.workers == 0)
        return 2;
    o.expiry_s = 1e-3 * (double)s.expiry_ms;
    o.heartbeat_s = o.expiry_s / 5;
    if (run(&s, &o, &t) != ARCH_OK) {
        fprintf(stderr, "farm: %s\n", arch_error_text());
        return 3;
    }
    return t.failed != 0;
}
