/* bench/floor.c - PHOLD and nothing else: what a processor can do for this model when no engine stands in between.
 *
 * The model of bench/phold.c with the same draws (--draws philox; `cheap` mixes a counter instead), so the same number of
 * events. No blocks, no sections, no order among events of one process and time, no growth, no statistics. Events are 16
 * bytes by value in the buckets of a calendar (Brown, CACM 31(10), 1988), each sorted when it is reached, while the
 * processes of the buckets after it are fetched. Two threads exchange what they send once in a window of one lookahead.
 *
 *     floor --lps 16384 --start 1 --remote 0.5 --lookahead 0.1 --mean 1 --end 100 --seed 1 --threads 1 --draws philox */
#include "bench/options.h"
#include "engine/draw.h"
#include "engine/elementary.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>

enum { AIM = 16, ROOM = 48, RUN = 4096, MAX_THREADS = 16 }; /* events in a bucket: meant, at most; and in the open one */

typedef struct {
    int64_t  at;
    uint32_t dst, unused;
} event_t;

typedef struct {
    uint64_t key;
    uint32_t n, checksum; /* draws made; times of what it handled */
} lp_t;

typedef struct {
    uint64_t    lps, start, seed, threads;
    double      remote, lookahead, mean, end;
    const char *draws;
} options_t;

typedef struct {
    event_t *at;
    uint64_t used, room;
} list_t;

typedef struct {
    const options_t *o;
    struct floor    *all;
    lp_t            *lp;    /* of all threads: the place is the number */
    uint32_t         first, end, n_lps, rank, stripe;
    uint64_t         remote, n_events;
    int64_t          lookahead;
    double           mean_ticks;
    event_t         *slot;  /* ROOM for each bucket */
    uint32_t        *count; /* in each bucket */
    uint64_t         mask, open, far_from; /* buckets - 1; bucket in the run; first bucket in `far` */
    uint32_t         shift, n_run;
    list_t           far;   /* beyond the ring, or its bucket was full */
    list_t           out[MAX_THREADS];
    event_t          run[RUN]; /* the open bucket, latest first */
} rank_t;

typedef struct floor {
    rank_t     *rank[MAX_THREADS];
    uint32_t    size;
    atomic_uint arrived;
} floor_t;

static void die(const char *why)
{
    fprintf(stderr, "floor: %s\n", why);
    exit(3);
}

/* Zeroed, on huge pages where the system has them; kept to the end. */
static void *memory(uint64_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        die("no memory");
    madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

static void append(list_t *l, event_t ev)
{
    if (l->used == l->room) {
        l->room = 2 * l->room + 64;
        l->at = realloc(l->at, l->room * sizeof ev);
        if (l->at == NULL)
            die("no memory");
    }
    l->at[l->used++] = ev;
}

/* ---- the calendar ------------------------------------------------------------------------------------------------ */

static inline void into_run(rank_t *r, event_t ev)
{
    uint32_t i;

    if (r->n_run == RUN)
        die("too many events at once");
    for (i = r->n_run++; i > 0 && r->run[i - 1].at < ev.at; i--)
        r->run[i] = r->run[i - 1];
    r->run[i] = ev;
}

static inline void push(rank_t *r, event_t ev)
{
    uint64_t bucket = (uint64_t)ev.at >> r->shift, i = bucket & r->mask;

    if (bucket <= r->open) {
        into_run(r, ev);
    } else if (bucket - r->open <= r->mask && r->count[i] < ROOM) {
        r->slot[i * ROOM + r->count[i]++] = ev;
    } else {
        r->far_from = bucket < r->far_from ? bucket : r->far_from;
        append(&r->far, ev);
    }
}

static void push_far(rank_t *r)
{
    uint64_t n = r->far.used;

    r->far.used = 0;
    r->far_from = UINT64_MAX;
    for (uint64_t i = 0; i < n; i++)
        push(r, r->far.at[i]); /* what is appended again lies at or before i */
}

static inline void fetch_ahead(const rank_t *r)
{
    uint64_t i = (r->open + 2) & r->mask;

    for (uint32_t k = 0; k < r->count[i]; k++)
        __builtin_prefetch(&r->lp[r->slot[i * ROOM + k].dst], 1);
    for (uint32_t k = 0; k < ROOM; k += 4)
        __builtin_prefetch(&r->slot[((r->open + 5) & r->mask) * ROOM + k]);
}

/* The bucket's events into the empty run, each to the place that is the number of those later than it: no branch to guess
 * wrong. False where two are of one time. */
static inline int rank_into_run(rank_t *r, const event_t *ev, uint32_t n)
{
    int32_t at[ROOM + 4];
    uint32_t sum = 0;

    for (uint32_t i = 0; i < n; i++)
        at[i] = (int32_t)(ev[i].at & (((int64_t)1 << r->shift) - 1));
    at[n] = at[n + 1] = at[n + 2] = -1;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t rank = 0;
        for (uint32_t j = 0; j < ((n + 3) & ~3u); j++)
            rank += at[j] > at[i];
        r->run[rank] = ev[i];
        sum += rank;
    }
    r->n_run = n;
    return sum == n * (n - 1) / 2;
}

static inline void open_next(rank_t *r)
{
    uint64_t i = ++r->open & r->mask;

    if (r->count[i] > 0 && !rank_into_run(r, &r->slot[i * ROOM], r->count[i])) {
        r->n_run = 0;
        for (uint32_t k = 0; k < r->count[i]; k++)
            into_run(r, r->slot[i * ROOM + k]);
    }
    r->count[i] = 0;
    if (r->far_from <= r->open)
        push_far(r);
    fetch_ahead(r);
}

static void make_calendar(rank_t *r)
{
    double per_tick = (double)(r->end - r->first) * (double)r->o->start / (1e9 * r->o->mean);
    uint64_t buckets = 16;

    while ((double)((uint64_t)2 << r->shift) * per_tick < 1.4 * AIM && r->shift < 30)
        r->shift++;
    while ((double)(buckets << r->shift) < 4e9 * r->o->mean)
        buckets *= 2;
    r->mask = buckets - 1;
    r->far_from = UINT64_MAX;
    r->slot = memory(buckets * ROOM * sizeof(event_t));
    r->count = memory(buckets * sizeof(uint32_t));
}

/* ---- the model --------------------------------------------------------------------------------------------------- */

static inline archi_bits_t draw(lp_t *lp, int philox)
{
    archi_bits_t bits;
    uint64_t x, y;

    if (philox)
        return archi_draw(lp->key, lp->n++, 0);
    x = archi_mix64(lp->key + 0x9e3779b97f4a7c15ull * ++lp->n);
    y = x * 0xd1342543de82ef95ull;
    bits.w[0] = (uint32_t)x;
    bits.w[1] = (uint32_t)(x >> 32);
    bits.w[2] = (uint32_t)(y >> 32);
    bits.w[3] = (uint32_t)((y * 0xd1342543de82ef95ull) >> 32);
    return bits;
}

static inline void send_next(rank_t *r, int64_t now, uint32_t self, uint64_t remote, int philox)
{
    archi_bits_t bits = draw(&r->lp[self], philox);
    double delay = -archi_log(archi_uniform(archi_bits64(bits, 0))) * r->mean_ticks;
    event_t ev = {now + r->lookahead + (int64_t)delay, self, 0};

    if (bits.w[2] < remote)
        ev.dst = (uint32_t)(((uint64_t)bits.w[3] * r->n_lps) >> 32);
    if (ev.dst - r->first < r->end - r->first)
        push(r, ev);
    else
        append(&r->out[ev.dst / r->stripe], ev);
}

static inline void run_until(rank_t *r, int64_t horizon, int philox)
{
    for (;;) {
        event_t ev;
        while (r->n_run == 0 && (int64_t)((r->open + 1) << r->shift) < horizon)
            open_next(r);
        if (r->n_run == 0 || r->run[r->n_run - 1].at >= horizon)
            return;
        ev = r->run[--r->n_run];
        r->lp[ev.dst].checksum = r->lp[ev.dst].checksum * 0x9e3779b1u + (uint32_t)ev.at;
        r->n_events++;
        send_next(r, ev.at, ev.dst, r->remote, philox);
    }
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

/* All threads have come here as often as this one. */
static void wait_for_all(floor_t *all, unsigned *round)
{
    unsigned goal = ++*round * all->size;

    atomic_fetch_add_explicit(&all->arrived, 1, memory_order_acq_rel);
    for (unsigned spins = 0; atomic_load_explicit(&all->arrived, memory_order_acquire) < goal; spins++)
        if (spins % 4096 == 4095)
            sched_yield();
}

static void exchange(rank_t *r, unsigned *round)
{
    wait_for_all(r->all, round);
    for (uint32_t from = 0; from < r->all->size; from++) {
        list_t *mail = &r->all->rank[from]->out[r->rank];
        for (uint64_t i = 0; i < mail->used; i++)
            push(r, mail->at[i]);
        mail->used = 0;
    }
    wait_for_all(r->all, round);
}

static void *run_rank(void *arg)
{
    rank_t *r = arg;
    int64_t end = (int64_t)(1e9 * r->o->end), horizon = 0;
    int philox = strcmp(r->o->draws, "philox") == 0;
    unsigned round = 0;

    while (horizon < end) {
        horizon = r->all->size == 1 || end - horizon < r->lookahead ? end : horizon + r->lookahead;
        if (philox)
            run_until(r, horizon, 1);
        else
            run_until(r, horizon, 0);
        if (r->all->size > 1)
            exchange(r, &round);
    }
    return NULL;
}

/* The first events go to the process itself. */
static rank_t *make_rank(const options_t *o, floor_t *all, uint32_t rank, lp_t *lp)
{
    rank_t *r = memory(sizeof *r);
    int philox = strcmp(o->draws, "philox") == 0;

    r->o = o;
    r->all = all;
    r->lp = lp;
    r->rank = rank;
    r->n_lps = (uint32_t)o->lps;
    r->stripe = (r->n_lps + all->size - 1) / all->size;
    r->first = rank * r->stripe;
    r->end = r->first + r->stripe < r->n_lps ? r->first + r->stripe : r->n_lps;
    r->remote = (uint64_t)(o->remote * 4294967296.0);
    r->lookahead = (int64_t)(1e9 * o->lookahead);
    r->mean_ticks = 1e9 * (o->mean - o->lookahead);
    make_calendar(r);
    for (uint32_t i = r->first; i < r->end; i++) {
        lp[i].key = archi_draw_key(o->seed, 0, i);
        for (uint64_t k = 0; k < o->start; k++)
            send_next(r, 0, i, 0, philox);
    }
    return r;
}

static void release(rank_t *r)
{
    free(r->far.at);
    for (uint32_t i = 0; i < r->all->size; i++)
        free(r->out[i].at);
}

static double wall(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void run(const options_t *o)
{
    floor_t all = {{NULL}, (uint32_t)o->threads, 0};
    pthread_t thread[MAX_THREADS];
    lp_t *lp = memory(o->lps * sizeof *lp);
    uint64_t n_events = 0, sum = 0;
    double start;

    for (uint32_t i = 0; i < all.size; i++)
        all.rank[i] = make_rank(o, &all, i, lp);
    start = wall();
    for (uint32_t i = 1; i < all.size; i++)
        if (pthread_create(&thread[i], NULL, run_rank, all.rank[i]) != 0)
            die("no thread");
    run_rank(all.rank[0]);
    for (uint32_t i = 1; i < all.size; i++)
        pthread_join(thread[i], NULL);
    start = wall() - start;
    for (uint32_t i = 0; i < all.size; i++)
        n_events += all.rank[i]->n_events;
    for (uint32_t i = 0; i < o->lps; i++)
        sum += archi_mix64(lp[i].checksum + ((uint64_t)i << 32));
    printf("events %llu\nseconds %.6f\nevents_per_second %.0f\n", (unsigned long long)n_events, start,
           (double)n_events / start);
    printf("peak_bytes %llu\ndigest %016llx\n", (unsigned long long)bench_peak_bytes(), (unsigned long long)sum);
    for (uint32_t i = 0; i < all.size; i++)
        release(all.rank[i]);
}

static int acceptable(const options_t *o)
{
    if (o->lps >= o->threads && o->lps < UINT32_MAX && o->start >= 1 && o->threads >= 1 && o->threads <= MAX_THREADS &&
        o->end > 0 && o->end < 4e9 && o->mean > 0 && o->lookahead >= 0 && o->mean >= o->lookahead && o->remote >= 0 &&
        o->remote <= 1 && (o->threads == 1 || o->lookahead >= 1e-9) &&
        (strcmp(o->draws, "philox") == 0 || strcmp(o->draws, "cheap") == 0))
        return 1;
    fprintf(stderr, "floor: needs 1 <= threads <= 16, threads <= lps, start >= 1, 0 <= lookahead <= mean (above 0 for\n"
                    "       more than one thread), 0 <= remote <= 1, 0 < end < 4e9, draws philox or cheap\n");
    return 0;
}

int main(int argc, char **argv)
{
    options_t o = {16384, 1, 1, 1, 0.5, 0.1, 1.0, 100.0, "philox"};
    const bench_option_t option[] = {
        {"lps", NULL, &o.lps, NULL},         {"start", NULL, &o.start, NULL},   {"seed", NULL, &o.seed, NULL},
        {"threads", NULL, &o.threads, NULL}, {"remote", &o.remote, NULL, NULL}, {"lookahead", &o.lookahead, NULL, NULL},
        {"mean", &o.mean, NULL, NULL},       {"end", &o.end, NULL, NULL},       {"draws", NULL, NULL, &o.draws}};

    if (!bench_read_options(argc, argv, option, (int)(sizeof option / sizeof option[0])) || !acceptable(&o))
        return 2;
    run(&o);
    return 0;
}
