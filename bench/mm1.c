/* bench/mm1.c - the M/M/1 queue on the bare engine: one source, one server with a first-come-first-served line.
 *
 * A customer costs three events: it is born at the source, it reaches the server, it leaves. The source draws both the time
 * to the next customer and this customer's need for service, so two servers can be compared under the same customers.
 * The mean time in the system stands beside theory, mean / (1 - rate * mean), and the digest is over every departure.
 *
 *     mm1 --rate 0.8 --mean 1 --customers 1000000 --seed 1 --replications 1 */
#include "bench/mm1_model.h"
#include "bench/options.h"
#include "engine/executor.h"

typedef struct {
    double   rate, mean; /* customers per second, seconds of service */
    uint64_t customers, seed, replications;
} options_t;

typedef struct {
    uint64_t n_events, customers, sojourn_ticks, longest_line, block_bytes, digest;
    double   seconds;
} outcome_t;

static archi_stop_t step(const void *plan, const archi_map_t *map, archi_block_t *b, arch_time_t horizon)
{
    return archi_run_until(plan, map, b, horizon, handle);
}

/* ---- runs -------------------------------------------------------------------------------------------------------- */

static arch_status_t make_block(const options_t *o, const archi_map_t *map, uint32_t replication, archi_block_t **b)
{
    archi_block_spec_t spec;

    memset(&spec, 0, sizeof spec);
    spec.replication = replication;
    spec.seed = o->seed;
    spec.n_lps = N_LPS;
    spec.n_events_hint = 64; /* of which 3 are used: room lets more events pass between two looks at it */
    spec.max_sends = 2;
    spec.model[STATION - ARCHI_FIRST_MODEL_SECTION] = (archi_section_spec_t){ARCHI_ARRAY, sizeof(station_t), 1, 0};
    spec.model[WAITING - ARCHI_FIRST_MODEL_SECTION] = (archi_section_spec_t){ARCHI_POOL, sizeof(waiting_t), 64, 1};
    ARCH_TRY(archi_block_create(&spec, b));
    archi_lp_state(*b, SOURCE)->key = archi_draw_key(o->seed, replication, archi_hash_bytes("source", 6));
    ARCH_TRY(archi_block_make_room(b));
    send(map, *b, SOURCE, SOURCE, 0, BORN, 0);
    return ARCH_OK;
}

static void add_up(archi_block_t *b, const archi_executor_stats_t *stats, outcome_t *out)
{
    const station_t *s = station(b);

    out->seconds += stats->wall_seconds;
    out->n_events += stats->n_events;
    out->customers += s->n_left;
    out->sojourn_ticks += s->sojourn_ticks;
    out->digest += archi_mix64(s->checksum ^ archi_mix64(s->n_left + b->replication));
    if (s->longest_line > out->longest_line)
        out->longest_line = s->longest_line;
    if (b->bytes > out->block_bytes)
        out->block_bytes = b->bytes;
}

static arch_status_t replicate(const options_t *o, uint32_t replication, outcome_t *out)
{
    const plan_t plan = {1e9 / o->rate, 1e9 * o->mean, o->customers};
    const archi_map_t map = {N_LPS, 1, N_LPS, NULL, NULL};
    archi_executor_stats_t stats;
    archi_block_t *b = NULL;
    archi_run_t run;
    arch_status_t st;

    memset(&run, 0, sizeof run);
    ARCH_TRY_TO(done, make_block(o, &map, replication, &b));
    run.map = &map;
    run.block = &b;
    run.n_local = 1;
    run.plan = &plan;
    run.step = step;
    run.until = ARCH_TIME_MAX;
    run.kind = ARCHI_SEQUENTIAL;
    ARCH_TRY_TO(done, archi_execute(&run, &stats));
    add_up(b, &stats, out);
done:
    archi_block_destroy(&b);
    return st;
}

static void report(const options_t *o, const outcome_t *out)
{
    printf("replications %llu\ncustomers %llu\nevents %llu\nseconds %.6f\n", (unsigned long long)o->replications,
           (unsigned long long)out->customers, (unsigned long long)out->n_events, out->seconds);
    printf("customers_per_second %.0f\nevents_per_second %.0f\n", (double)out->customers / out->seconds,
           (double)out->n_events / out->seconds);
    printf("mean_sojourn_s %.6f\ntheory_sojourn_s %.6f\nlongest_line %llu\n",
           1e-9 * (double)out->sojourn_ticks / (double)out->customers, o->mean / (1 - o->rate * o->mean),
           (unsigned long long)out->longest_line);
    printf("peak_bytes %llu\nblock_bytes %llu\ndigest %016llx\n", (unsigned long long)bench_peak_bytes(),
           (unsigned long long)out->block_bytes, (unsigned long long)out->digest);
}

int main(int argc, char **argv)
{
    options_t o = {0.8, 1.0, 1000000, 1, 1};
    const bench_option_t option[] = {{"rate", &o.rate, NULL, NULL},
                                     {"mean", &o.mean, NULL, NULL},
                                     {"customers", NULL, &o.customers, NULL},
                                     {"seed", NULL, &o.seed, NULL},
                                     {"replications", NULL, &o.replications, NULL}};
    outcome_t out;

    memset(&out, 0, sizeof out);
    if (!bench_read_options(argc, argv, option, (int)(sizeof option / sizeof option[0])))
        return 2;
    if (!(o.rate > 0 && o.mean > 0 && o.rate * o.mean < 1 && o.customers >= 1 && o.replications >= 1)) {
        fprintf(stderr, "mm1: needs rate > 0, mean > 0, rate * mean < 1, customers >= 1, replications >= 1\n");
        return 2;
    }
    for (uint32_t r = 0; r < o.replications; r++) {
        arch_status_t st = replicate(&o, r, &out);
        if (st != ARCH_OK) {
            fprintf(stderr, "mm1: %s\n    %s\n", arch_error_text(), arch_error_trace());
            return arch_status_exit(st);
        }
    }
    report(&o, &out);
    return 0;
}
