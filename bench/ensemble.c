/* bench/ensemble.c - how many events a second an ensemble handles: thousands of replications, each alone, on the cores of
 * this machine or on its GPU. A design as architech runs it, or a model on the bare engine. Prints one `key value` a line;
 * the digest depends on model and members alone.
 *
 *     ensemble --design examples/stage-3-read-replicas.json --members 10000 --on gpu --threads 16
 *     ensemble --model phold --size 64 --end 200 --members 60000 --on gpu
 *     ensemble --model mm1 --size 20000 --members 60000 --on cpu --threads 2
 *
 * Exit status 77 where there is no GPU to run on. */
#include "bench/bare.h"
#include "bench/options.h"
#include "engine/draw.h"
#include "engine/executor.h"
#include "kernels/kernels.h"
#include <architech/architech.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

typedef struct {
    uint64_t members, threads, size, slice, per_warp;
    double end;
    const char *design, *model, *on;
} options_t;

typedef struct {
    uint64_t n_events, digest, n_overflowed, member_bytes;
    double seconds, kernel_seconds, copy_seconds;
    char name[128];
    archi_ensemble_figures_t figures;
} outcome_t;

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* In n threads, this one among them; `user` of the i-th is i times `apart` bytes further. */
static void side_by_side(uint32_t n, void *(*main)(void *), void *user, size_t apart)
{
    pthread_t *thread = calloc(n, sizeof *thread);

    for (uint32_t i = 1; i < n; i++)
        if (thread == NULL || pthread_create(&thread[i], NULL, main, (char *)user + i * apart) != 0)
            exit(3);
    main(user);
    for (uint32_t i = 1; i < n; i++)
        pthread_join(thread[i], NULL);
    free(thread);
}

/* ---- a design ---------------------------------------------------------------------------------------------------- */

typedef struct {
    archi_ensemble_t *e;
    const archi_plan_t *plan;
    uint32_t number;
    uint64_t n_events, digest, bytes;
    arch_status_t status;
} hand_t;

static arch_status_t take(void *user, uint32_t member, const archi_block_t *b, const archi_member_stats_t *stats,
                          arch_status_t st)
{
    hand_t *h = user;
    uint32_t n = archi_plan_n_elements(h->plan);
    archi_map_t map = {n, 1, n, NULL, NULL};

    (void)member;
    if (st != ARCH_OK)
        return st;
    h->n_events += b->n_events;
    h->digest += archi_model_digest(h->plan, &map, b);
    h->bytes = stats->run.peak_bytes > h->bytes ? stats->run.peak_bytes : h->bytes;
    return ARCH_OK;
}

static void *work(void *user)
{
    hand_t *h = user;
    archi_hand_t hand = {0, take, NULL, NULL, NULL, h};

    h->status = archi_ensemble_work(h->e, h->number, &hand);
    if (h->status != ARCH_OK && h->status != ARCH_E_CANCELLED)
        fprintf(stderr, "ensemble: %s\n", arch_error_text());
    return NULL;
}

static arch_status_t run_hands(const options_t *o, archi_ensemble_t *e, const archi_plan_t *plan, outcome_t *out)
{
    hand_t *hand = calloc(o->threads, sizeof *hand);
    arch_status_t st = ARCH_OK;

    if (hand == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %llu threads", (unsigned long long)o->threads);
    for (uint32_t i = 0; i < o->threads; i++)
        hand[i] = (hand_t){.e = e, .plan = plan, .number = i};
    side_by_side((uint32_t)o->threads, work, hand, sizeof *hand);
    for (uint32_t i = 0; i < o->threads; i++) {
        out->n_events += hand[i].n_events;
        out->digest += hand[i].digest;
        out->member_bytes = hand[i].bytes > out->member_bytes ? hand[i].bytes : out->member_bytes;
        st = st == ARCH_OK ? hand[i].status : st;
    }
    free(hand);
    return st;
}

static arch_status_t run_members(const options_t *o, const archi_plan_t *plan, uint64_t seed, archi_device_t *device,
                                 outcome_t *out)
{
    archi_scenario_t scenario = {plan, seed};
    archi_member_t *member = calloc(o->members, sizeof *member);
    archi_ensemble_spec_t spec = {.scenario = &scenario, .member = member, .n_scenarios = 1, .device = device,
                                  .n_members = (uint32_t)o->members, .n_hands = (uint32_t)o->threads};
    archi_ensemble_t *e = NULL;
    double begun = now_s();
    arch_status_t st;

    if (member == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %llu members", (unsigned long long)o->members);
    for (uint32_t i = 0; i < o->members; i++)
        member[i].replication = i;
    st = archi_ensemble_create(&spec, &e);
    if (st == ARCH_OK)
        st = run_hands(o, e, plan, out);
    out->seconds = now_s() - begun;
    if (st == ARCH_OK) {
        archi_ensemble_figures(e, &out->figures);
        out->kernel_seconds = out->figures.device_seconds;
        out->n_overflowed = out->figures.n_overflowed;
    }
    archi_ensemble_destroy(&e);
    free(member);
    return st;
}

static arch_status_t run_design(const options_t *o, outcome_t *out)
{
    arch_problems_t problems = {0, NULL};
    arch_design_t *design = NULL;
    archi_plan_t *plan = NULL;
    archi_device_t *device = NULL;
    arch_status_t st;

    ARCH_TRY_TO(done, arch_design_read(o->design, &design, &problems));
    if (o->end > 0)
        design->run.duration = (arch_time_t)(1e9 * o->end);
    ARCH_TRY_TO(done, archi_plan_compile(design, &plan));
    if (strcmp(o->on, "gpu") == 0)
        ARCH_TRY_TO(done, archi_device_open(0, &device));
    if (device != NULL)
        snprintf(out->name, sizeof out->name, "%s", archi_device_name(device));
    ARCH_TRY_TO(done, run_members(o, plan, design->run.seed, device, out));
done:
    archi_device_close(&device);
    archi_plan_destroy(&plan);
    arch_design_destroy(&design);
    arch_problems_clear(&problems);
    return st;
}

/* ---- a model on the bare engine ---------------------------------------------------------------------------------- */

typedef struct {
    const bare_model_t *model;
    archi_block_t **block;
    uint32_t n;
    atomic_uint next;
    _Atomic uint32_t n_failed;
} bare_t;

/* To the end; where a block has overflowed, it grows. */
static void *finish(void *user)
{
    bare_t *b = *(bare_t **)user;

    for (uint32_t i = atomic_fetch_add(&b->next, 1); i < b->n; i = atomic_fetch_add(&b->next, 1))
        while (b->model->step(b->model->plan, &b->model->map, b->block[i], b->model->until) == ARCHI_NEEDS_ROOM)
            if (archi_block_make_room(&b->block[i]) != ARCH_OK) {
                b->n_failed++;
                break;
            }
    return NULL;
}

static void finish_all(const options_t *o, bare_t *b)
{
    bare_t **each = calloc(o->threads, sizeof(bare_t *));

    for (uint32_t i = 0; each != NULL && i < o->threads; i++)
        each[i] = b;
    atomic_store(&b->next, each != NULL ? 0 : b->n);
    b->n_failed += each == NULL;
    if (each != NULL)
        side_by_side((uint32_t)o->threads, finish, each, sizeof *each);
    free(each);
}

static void count_unfinished(const bare_t *b, outcome_t *out)
{
    for (uint32_t i = 0; i < b->n; i++)
        out->n_overflowed += archi_queue_next_time(b->block[i]) < b->model->until;
}

static arch_status_t run_blocks(const options_t *o, bare_t *b, outcome_t *out)
{
    double begun = now_s();

    if (strcmp(o->on, "gpu") == 0) {
        ARCH_TRY(bare_gpu(b->model, b->block, b->n, o->slice, (uint32_t)o->per_warp, &out->kernel_seconds,
                          &out->copy_seconds, out->name));
        count_unfinished(b, out);
    }
    finish_all(o, b);
    out->seconds = now_s() - begun;
    for (uint32_t i = 0; i < b->n; i++) {
        out->n_events += b->block[i]->n_events;
        out->digest += b->model->digest(b->block[i]);
        out->member_bytes = b->block[i]->bytes > out->member_bytes ? b->block[i]->bytes : out->member_bytes;
    }
    return b->n_failed == 0 ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for blocks that grow");
}

static arch_status_t run_bare(const options_t *o, outcome_t *out)
{
    bare_model_t model = strcmp(o->model, "phold") == 0 ? bare_phold((uint32_t)o->size, o->end > 0 ? o->end : 100)
                                                        : bare_mm1((uint32_t)o->size);
    bare_t b = {&model, calloc(o->members, sizeof(archi_block_t *)), (uint32_t)o->members, 0, 0};
    arch_status_t st = b.block != NULL ? ARCH_OK : ARCH_FAIL(ARCH_E_NOMEM, "no memory for so many members");

    for (uint32_t i = 0; st == ARCH_OK && i < b.n; i++)
        st = model.make(i, &b.block[i]);
    if (st == ARCH_OK)
        st = run_blocks(o, &b, out);
    for (uint32_t i = 0; b.block != NULL && i < b.n; i++)
        archi_block_destroy(&b.block[i]);
    free(b.block);
    return st;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static void report(const options_t *o, const outcome_t *out)
{
    uint64_t device_events = out->figures.device_events > 0 ? out->figures.device_events : out->n_events;

    printf("on %s\nmembers %llu\nthreads %llu\nevents %llu\n", out->name[0] != '\0' ? out->name : "cores",
           (unsigned long long)o->members, (unsigned long long)o->threads, (unsigned long long)out->n_events);
    printf("seconds %.6f\nevents_per_second %.0f\n", out->seconds, (double)out->n_events / out->seconds);
    if (out->kernel_seconds > 0)
        printf("device_events %llu\nkernel_seconds %.6f\nkernel_events_per_second %.0f\ncopy_seconds %.6f\n",
               (unsigned long long)device_events, out->kernel_seconds,
               (double)device_events / out->kernel_seconds, out->copy_seconds);
    if (o->design != NULL && out->name[0] != '\0')
        printf("waves %u\nlaunches %u\nbegin_seconds %.6f\npack_seconds %.6f\npacked_bytes_per_member %.0f\n"
               "region_bytes_per_member %.0f\n", out->figures.n_waves, out->figures.n_launches, out->figures.begin_seconds,
               out->figures.pack_seconds, (double)out->figures.packed_bytes / (out->figures.n_device + 1e-9),
               (double)out->figures.region_bytes / (out->figures.n_device + out->figures.n_overflowed + 1e-9));
    printf("overflowed %llu\nmember_bytes %llu\npeak_bytes %llu\ndigest %016llx\n", (unsigned long long)out->n_overflowed,
           (unsigned long long)out->member_bytes, (unsigned long long)bench_peak_bytes(), (unsigned long long)out->digest);
}

static int acceptable(const options_t *o)
{
    if ((o->design != NULL) != (o->model != NULL) &&
        (o->model == NULL || strcmp(o->model, "phold") == 0 || strcmp(o->model, "mm1") == 0) &&
        (strcmp(o->on, "cpu") == 0 || strcmp(o->on, "gpu") == 0) && o->members >= 1 && o->members < UINT32_MAX &&
        o->threads >= 1 && o->threads <= 4096 && o->size >= 1 && o->size < ARCHI_NIL && o->slice >= 1 && o->per_warp <= 32)
        return 1;
    fprintf(stderr, "ensemble: needs --design FILE or --model phold|mm1, --on cpu|gpu,\n"
                    "          members, threads, size and slice >= 1, per-warp <= 32\n");
    return 0;
}

int main(int argc, char **argv)
{
    options_t o = {1000, 1, 64, 8192, 0, 0, NULL, NULL, "cpu"};
    const bench_option_t option[] = {
        {"members", NULL, &o.members, NULL},   {"threads", NULL, &o.threads, NULL}, {"size", NULL, &o.size, NULL},
        {"slice", NULL, &o.slice, NULL},       {"per-warp", NULL, &o.per_warp, NULL}, {"end", &o.end, NULL, NULL},
        {"design", NULL, NULL, &o.design},     {"model", NULL, NULL, &o.model},     {"on", NULL, NULL, &o.on}};
    outcome_t out;
    arch_status_t st;

    memset(&out, 0, sizeof out);
    if (!bench_read_options(argc, argv, option, (int)(sizeof option / sizeof option[0])) || !acceptable(&o))
        return 2;
    st = o.design != NULL ? run_design(&o, &out) : run_bare(&o, &out);
    if (st == ARCH_E_NOTFOUND && strcmp(o.on, "gpu") == 0) {
        fprintf(stderr, "ensemble: skipped: %s\n", arch_error_text());
        return 77;
    }
    if (st != ARCH_OK) {
        fprintf(stderr, "ensemble: %s\n    %s\n", arch_error_text(), arch_error_trace());
        return arch_status_exit(st);
    }
    report(&o, &out);
    return 0;
}
