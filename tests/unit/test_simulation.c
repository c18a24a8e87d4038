/* test_simulation.c - a replication that is stepped, saved and branched is the one that arch_run() simulates. */
#include "random_design.h"
#include "support/designs.h"
#include "support/share.h"
#include <CUnit/Basic.h>
#include <architech/architech.h>
#include <glob.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPLICATIONS = 3 };

/* ---- designs -------------------------------------------------------------------------------------------------------- */

static arch_simulation_t *simulation_of(const arch_design_t *d, uint32_t replication)
{
    arch_simulation_t *s = NULL;

    if (arch_simulation_create(d, replication, NULL, &s) != ARCH_OK)
        fprintf(stderr, "%s\n", arch_error_text());
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    return s;
}

static uint64_t digest_of(const arch_simulation_t *s)
{
    arch_results_t *r = NULL;
    uint64_t digest = 0;

    CU_ASSERT_EQUAL(arch_simulation_results(s, &r), ARCH_OK);
    if (r != NULL)
        digest = r->digest;
    arch_results_destroy(&r);
    return digest;
}

static uint64_t digest_of_run(const arch_design_t *d)
{
    arch_run_options_t options = {.threads = 1};
    arch_results_t *r = NULL;
    uint64_t digest = 0;

    CU_ASSERT_EQUAL_FATAL(arch_run(d, &options, &r), ARCH_OK);
    digest = r->digest;
    arch_results_destroy(&r);
    return digest;
}

/* What is done to a simulation on its way; it may become another object. */
typedef void (*on_the_way_t)(arch_simulation_t **s);

static void nothing(arch_simulation_t **s) { (void)s; }

static void replaced(arch_simulation_t **s, arch_simulation_t *other)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    CU_ASSERT_EQUAL(arch_simulation_now(other), arch_simulation_now(*s));
    CU_ASSERT_EQUAL(arch_simulation_events(other), arch_simulation_events(*s));
    arch_simulation_destroy(s);
    *s = other;
}

static void save_and_restore(arch_simulation_t **s)
{
    arch_simulation_t *other = NULL;
    void *bytes = NULL, *again = NULL;
    size_t n = 0, m = 0;

    CU_ASSERT_EQUAL(arch_simulation_snapshot(*s, &bytes, &n), ARCH_OK);
    if (arch_simulation_restore(arch_simulation_design(*s), NULL, bytes, n, &other) != ARCH_OK)
        fprintf(stderr, "%s\n", arch_error_text());
    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    CU_ASSERT_EQUAL(arch_simulation_snapshot(other, &again, &m), ARCH_OK);
    CU_ASSERT(n == m && memcmp(bytes, again, n) == 0);
    free(bytes);
    free(again);
    replaced(s, other);
}

static void branch(arch_simulation_t **s)
{
    arch_simulation_t *other = NULL;

    if (arch_simulation_branch(*s, NULL, &other) != ARCH_OK)
        fprintf(stderr, "%s\n", arch_error_text());
    replaced(s, other);
}

static void look(arch_simulation_t **s)
{
    const arch_observation_t *seen;

    if (arch_simulation_now(*s) > 0)
        (void)digest_of(*s);
    CU_ASSERT_EQUAL(arch_simulation_observe(*s, &seen), ARCH_OK);
    CU_ASSERT_EQUAL(arch_simulation_mark(*s), ARCH_OK);
}

/* The sum over the replications of what each has at its end, with `stops` on the way. */
static uint64_t digest_stepped(const arch_design_t *d, uint32_t stops, on_the_way_t act)
{
    uint64_t sum = 0;

    for (uint32_t r = 0; r < d->run.replications; r++) {
        arch_simulation_t *s = simulation_of(d, r);
        for (uint32_t k = 0; k < stops; k++) {
            act(&s);
            CU_ASSERT_EQUAL(arch_simulation_run_to(s, d->run.duration / (stops + 1) * (k + 1) + 1), ARCH_OK);
        }
        act(&s);
        CU_ASSERT_EQUAL(arch_simulation_run_to(s, ARCH_TIME_MAX), ARCH_OK);
        CU_ASSERT_EQUAL(arch_simulation_now(s), d->run.duration);
        sum += digest_of(s);
        arch_simulation_destroy(&s);
    }
    return sum;
}

static void expect_same_bits(const char *name, const arch_design_t *d)
{
    uint64_t wanted = digest_of_run(d);
    const uint64_t found[] = {digest_stepped(d, 0, nothing), digest_stepped(d, 3, look),
                              digest_stepped(d, 3, save_and_restore), digest_stepped(d, 3, branch)};

    for (int i = 0; i < 4; i++) {
        if (found[i] != wanted)
            fprintf(stderr, "%s: way %d gives %016llx, wanted %016llx\n", name, i, (unsigned long long)found[i],
                    (unsigned long long)wanted);
        CU_ASSERT_EQUAL(found[i], wanted);
    }
}

static void every_example_ends_with_the_bits_of_a_run(void)
{
    arch_problems_t p = {0, NULL};
    glob_t files;

    CU_ASSERT_EQUAL_FATAL(glob("examples/*.json", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        arch_design_t *d = NULL;
        if (!in_share((uint32_t)i))
            continue;
        CU_ASSERT_EQUAL_FATAL(arch_design_read(files.gl_pathv[i], &d, &p), ARCH_OK);
        d->run.replications = REPLICATIONS;
        d->run.duration = d->run.duration > 4 * ARCH_SECOND ? 4 * ARCH_SECOND : d->run.duration;
        if (d->run.warmup > d->run.duration / 2)
            d->run.warmup = d->run.duration / 4;
        expect_same_bits(files.gl_pathv[i], d);
        arch_design_destroy(&d);
    }
    globfree(&files);
}

static void random_designs_end_with_the_bits_of_a_run(void)
{
    static char json[1 << 16];
    char name[32];

    for (uint32_t seed = 1; seed <= 40; seed++) {
        arch_design_t *d;
        if (!in_share(seed - 1) || !random_design(json, sizeof json, seed))
            continue;
        d = design_of_text("examples", json);
        CU_ASSERT_PTR_NOT_NULL_FATAL(d);
        d->run.replications = 1;
        snprintf(name, sizeof name, "random design %u", (unsigned)seed);
        expect_same_bits(name, d);
        arch_design_destroy(&d);
    }
}

/* ---- results on the way --------------------------------------------------------------------------------------------- */

#define SHOP                                                                                                           \
    "{\"architech\": 1, \"run\": {\"duration\": \"20s\", \"warmup\": \"2s\", \"interval\": \"1s\", \"replications\": 1},"  \
    "\"keyspaces\": {\"k\": {\"count\": 500}},"                                                                        \
    "\"caches\": {\"c\": {\"capacity\": 200, \"ttl\": \"5s\"}},"                                                       \
    "\"services\": {\"app\": {\"replicas\": 2, \"threads\": 8, \"endpoints\": {"                                       \
    "  \"read\": [{\"cpu\": {\"exponential\": {\"mean\": \"4ms\"}}},"                                                  \
    "             {\"cache\": \"c\", \"keys\": \"k\", \"miss\": [{\"call\": \"db/find\"}]},"                           \
    "             {\"repeat\": 2, \"steps\": [{\"cpu\": \"100us\"}]}],"                                                \
    "  \"write\": [{\"cpu\": \"1ms\"}, {\"call\": \"db/save\"}]}}},"                                                   \
    "\"balancers\": {\"lb\": {\"to\": \"app\", \"policy\": {\"least_request\": {\"choices\": 2}}}},"                   \
    "\"databases\": {\"db\": {\"read_replicas\": {\"count\": 1}, \"queries\": {\"find\": {\"cpu\": \"2ms\"},"          \
    "  \"save\": {\"writes\": true, \"cpu\": \"1ms\", \"apply\": \"1ms\"}}}},"                                         \
    "\"network\": {\"latency\": \"200us\"},"                                                                           \
    "\"workloads\": {\"web\": {\"rate\": \"RATE/s\", \"mix\": {\"lb/read\": 9, \"lb/write\": 1}},"                     \
    "  \"desk\": {\"users\": 5, \"think\": \"1s\", \"mix\": {\"lb/read\": 1}}}}"

static arch_design_t *shop(const char *rate)
{
    char text[] = SHOP, *at = strstr(text, "RATE");

    memcpy(at, rate, 4); /* four digits */
    return design_of_text("examples", text);
}

static void results_on_the_way_are_of_the_time_so_far(void)
{
    arch_design_t *d = shop("0300");
    arch_simulation_t *s = simulation_of(d, 0);
    arch_results_t *r = NULL;

    CU_ASSERT_EQUAL(arch_simulation_results(s, &r), ARCH_E_ARG);
    CU_ASSERT_EQUAL(arch_simulation_run_to(s, 10500 * ARCH_MILLISECOND), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_simulation_results(s, &r), ARCH_OK);
    CU_ASSERT_EQUAL(r->provenance.duration, 10500 * ARCH_MILLISECOND);
    CU_ASSERT_EQUAL(r->operation_series.n_intervals, 11);
    CU_ASSERT_DOUBLE_EQUAL(r->operation[0].throughput.value, 270, 20); /* per second of the 8.5 s after the warm-up */
    CU_ASSERT_EQUAL(r->operation[0].run_generated, r->operation[0].run_completed + r->operation[0].run_failed +
                                                       r->operation[0].run_rejected + r->operation[0].run_in_flight);
    arch_results_destroy(&r);
    arch_simulation_destroy(&s);
    arch_design_destroy(&d);
}

/* A second simulation that is looked at as a whole says what the spans of the first add up to. */
static void spans_add_up(void)
{
    arch_design_t *d = shop("0300");
    arch_simulation_t *s = simulation_of(d, 0), *whole = simulation_of(d, 0);
    const arch_observation_t *seen, *all;
    uint64_t generated = 0, completed = 0;
    double busy = 0;

    for (int k = 1; k <= 10; k++) {
        CU_ASSERT_EQUAL(arch_simulation_run_to(s, k * 1700 * ARCH_MILLISECOND), ARCH_OK);
        CU_ASSERT_EQUAL_FATAL(arch_simulation_observe(s, &seen), ARCH_OK);
        CU_ASSERT_EQUAL(seen->to - seen->from, 1700 * ARCH_MILLISECOND);
        generated += seen->operation[0].generated;
        completed += seen->operation[0].completed;
        busy += seen->component[0].utilisation / 10;
        CU_ASSERT(seen->operation[0].p50 > 0 && seen->operation[0].p50 <= seen->operation[0].p99);
        CU_ASSERT_EQUAL(arch_simulation_mark(s), ARCH_OK);
    }
    CU_ASSERT_EQUAL(arch_simulation_run_to(whole, 17 * ARCH_SECOND), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_simulation_observe(whole, &all), ARCH_OK);
    CU_ASSERT_STRING_EQUAL(all->component[0].name, "app#1");
    CU_ASSERT_EQUAL(all->operation[0].generated, generated);
    CU_ASSERT_EQUAL(all->operation[0].completed, completed);
    CU_ASSERT_EQUAL(all->operation[0].generated, completed + all->operation[0].in_flight);
    CU_ASSERT_DOUBLE_EQUAL(all->component[0].utilisation, busy, 1e-9);
    arch_simulation_destroy(&s);
    arch_simulation_destroy(&whole);
    arch_design_destroy(&d);
}

/* ---- what if -------------------------------------------------------------------------------------------------------- */

/* The shop after 10 s. */
static arch_simulation_t *halfway(const arch_design_t *d)
{
    arch_simulation_t *s = simulation_of(d, 0);

    CU_ASSERT_EQUAL(arch_simulation_run_to(s, 10 * ARCH_SECOND), ARCH_OK);
    return s;
}

/* Mean latency of reads from halfway to the end under a change; the state must be sound on its way. */
static double mean_after(const arch_simulation_t *s, const arch_design_t *d, const char *pointer, const char *value)
{
    arch_design_t *other = design_with(d, pointer, value);
    arch_simulation_t *b = NULL;
    const arch_observation_t *seen;
    double mean = NAN;

    if (arch_simulation_branch(s, other, &b) != ARCH_OK)
        fprintf(stderr, "%s: %s\n", pointer, arch_error_text());
    CU_ASSERT_PTR_NOT_NULL_FATAL(b);
    save_and_restore(&b); /* judges what was grafted */
    CU_ASSERT_EQUAL(arch_simulation_run_to(b, 15 * ARCH_SECOND), ARCH_OK);
    save_and_restore(&b);
    CU_ASSERT_EQUAL(arch_simulation_run_to(b, 20 * ARCH_SECOND), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(arch_simulation_observe(b, &seen), ARCH_OK);
    CU_ASSERT_EQUAL(seen->from, 15 * ARCH_SECOND);
    mean = seen->operation[0].mean;
    arch_simulation_destroy(&b);
    arch_design_destroy(&other);
    return mean;
}

static void a_branch_goes_on_under_another_design(void)
{
    arch_design_t *d = shop("0380");
    arch_simulation_t *s = halfway(d);
    double as_is = mean_after(s, d, "/name", "\"same\"");

    CU_ASSERT(mean_after(s, d, "/services/app/cores", "2") < 0.6 * as_is);
    CU_ASSERT(mean_after(s, d, "/services/app/replicas", "4") < 0.6 * as_is);
    CU_ASSERT(mean_after(s, d, "/workloads/web/rate", "\"100/s\"") < 0.6 * as_is);
    CU_ASSERT(mean_after(s, d, "/workloads/desk/users", "200") > as_is);
    CU_ASSERT(mean_after(s, d, "/caches/c/capacity", "10") > as_is);
    CU_ASSERT(mean_after(s, d, "/caches/c/ttl", "\"1ms\"") > as_is);
    CU_ASSERT(mean_after(s, d, "/services/app/threads", "1") > as_is);
    CU_ASSERT(mean_after(s, d, "/databases/db/read_replicas/count", "4") < 2 * as_is);
    CU_ASSERT(mean_after(s, d, "/network/latency", "\"5ms\"") > as_is + 10e6);
    CU_ASSERT(mean_after(s, d, "/balancers/lb/policy", "\"random\"") > as_is);
    CU_ASSERT(mean_after(s, d, "/run/seed", "\"99\"") != as_is);
    CU_ASSERT(mean_after(s, d, "/services/audit", "{\"endpoints\": {\"x\": [{\"cpu\": \"1ms\"}]}}") == as_is);
    CU_ASSERT(mean_after(s, d, "/services/app/endpoints/read/0/cpu/exponential/mean", "\"1ms\"") < 0.6 * as_is);
    arch_simulation_destroy(&s);
    arch_design_destroy(&d);
}

/* From more cores and threads to fewer, with all of them busy, in every discipline. */
static void fewer_cores_and_threads_are_left_to_who_has_them(void)
{
    static const char *const disciplines[] = {"fifo", "lifo", "priority", "processor_sharing"};

    for (int i = 0; i < 4; i++) {
        char word[32];
        arch_design_t *slow = shop("1200"), *d, *fast;
        arch_simulation_t *s;
        snprintf(word, sizeof word, "\"%s\"", disciplines[i]);
        d = design_with(slow, "/services/app/discipline", word);
        fast = design_with(d, "/services/app/cores", "4");
        s = halfway(fast);
        CU_ASSERT(mean_after(s, d, "/services/app/cores", "1") > 5e6);
        CU_ASSERT(mean_after(s, d, "/services/app/threads", "2") > 5e6);
        arch_simulation_destroy(&s);
        s = halfway(d); /* overloaded, and everybody in line */
        if (i == 1) /* last come, first served: those who are left wait on */
            (void)mean_after(s, fast, "/services/app/threads", "400");
        else
            CU_ASSERT(mean_after(s, fast, "/services/app/threads", "400") < mean_after(s, d, "/name", "\"same\""));
        arch_simulation_destroy(&s);
        arch_design_destroy(&slow);
        arch_design_destroy(&fast);
        arch_design_destroy(&d);
    }
}

static void refuses(const arch_simulation_t *s, const arch_design_t *d, const char *pointer, const char *value,
                    const char *words)
{
    arch_design_t *other = design_with(d, pointer, value);
    arch_simulation_t *b = (arch_simulation_t *)(uintptr_t)1;

    CU_ASSERT_EQUAL(arch_simulation_branch(s, other, &b), ARCH_E_ARG);
    CU_ASSERT_PTR_NULL(b);
    if (strstr(arch_error_text(), words) == NULL)
        fprintf(stderr, "wanted: %s\nfound:  %s\n", words, arch_error_text());
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), words));
    arch_design_destroy(&other);
}

static void refuses_what_cannot_go_on(void)
{
    arch_design_t *d = shop("0300");
    arch_simulation_t *s = halfway(d);

    refuses(s, d, "/services/app/replicas", "1", "app has fewer replicas");
    refuses(s, d, "/services/app/discipline", "\"lifo\"", "app serves in another order");
    refuses(s, d, "/services/app/endpoints/read/-", "{\"delay\": \"1ms\"}", "endpoint 1 of app has other steps");
    refuses(s, d, "/workloads/desk", NULL, "desk is not there any more");
    refuses(s, d, "/workloads/desk/users", "4", "desk has fewer users");
    refuses(s, d, "/workloads/web", "{\"users\": 4, \"think\": \"1s\", \"mix\": {\"lb/read\": 9, \"lb/write\": 1}}",
            "web has users in one design and arrivals in the other");
    refuses(s, d, "/workloads/web/mix", "{\"lb/read\": 1}", "web has another mix");
    refuses(s, d, "/run/duration", "\"30s\"", "/run/duration: is 30 s, but the simulation began with 20 s");
    refuses(s, d, "/run/warmup", "\"3s\"", "/run/warmup");
    refuses(s, d, "/run/interval", "\"2s\"", "/run/interval");
    refuses(s, d, "/services/app/endpoints",
            "{\"write\": [{\"cpu\": \"1ms\"}, {\"call\": \"db/save\"}], \"read\": [{\"cpu\": \"1ms\"}]}",
            "app has \"write\" where it had \"read\"");
    arch_simulation_destroy(&s);
    arch_design_destroy(&d);
}

/* ---- bytes from elsewhere ------------------------------------------------------------------------------------------- */

static void refuses_damaged_states(void)
{
    arch_design_t *d = shop("0300"), *other = shop("0301");
    arch_simulation_t *s = halfway(d), *b = NULL;
    unsigned char *bytes;
    void *saved;
    size_t n;

    CU_ASSERT_EQUAL_FATAL(arch_simulation_snapshot(s, &saved, &n), ARCH_OK);
    bytes = saved;
    for (size_t i = 0; i < n; i += i < 200 ? 1 : n / 97) {
        bytes[i] ^= 0x55;
        if (arch_simulation_restore(d, NULL, bytes, n, &b) == ARCH_OK) /* a time that lies within the run is one */
            arch_simulation_destroy(&b);
        CU_ASSERT_PTR_NULL(b);
        bytes[i] ^= 0x55;
    }
    for (size_t i = 0; i < n; i += n / 31 + 1)
        CU_ASSERT_EQUAL(arch_simulation_restore(d, NULL, bytes, i, &b), ARCH_E_FORMAT);
    CU_ASSERT_EQUAL(arch_simulation_restore(other, NULL, bytes, n, &b), ARCH_E_FORMAT);
    CU_ASSERT_PTR_NOT_NULL(strstr(arch_error_text(), "of another design"));
    CU_ASSERT_EQUAL(arch_simulation_restore(d, NULL, bytes, n, &b), ARCH_OK);
    free(saved);
    arch_simulation_destroy(&b);
    arch_simulation_destroy(&s);
    arch_design_destroy(&d);
    arch_design_destroy(&other);
}

/* ---- several at once ------------------------------------------------------------------------------------------------ */

typedef struct {
    const arch_design_t *design;
    uint32_t replication;
    uint64_t digest;
} errand_t;

static void *run_errand(void *user)
{
    errand_t *e = user;
    arch_simulation_t *s = NULL;
    arch_results_t *r = NULL;

    if (arch_simulation_create(e->design, e->replication, NULL, &s) == ARCH_OK) {
        for (int k = 1; k <= 20 && arch_simulation_run_to(s, k * ARCH_SECOND / 2) == ARCH_OK; k++) {
            arch_simulation_t *b = NULL;
            if (arch_simulation_branch(s, NULL, &b) == ARCH_OK) {
                arch_simulation_destroy(&s);
                s = b;
            }
        }
        if (arch_simulation_run_to(s, ARCH_TIME_MAX) == ARCH_OK && arch_simulation_results(s, &r) == ARCH_OK)
            e->digest = r->digest;
    }
    arch_results_destroy(&r);
    arch_simulation_destroy(&s);
    return NULL;
}

static void many_run_at_once_in_threads(void)
{
    enum { N = 6 };
    arch_design_t *d = shop("0200");
    uint64_t sum = 0;
    errand_t errand[N];
    pthread_t thread[N];

    for (uint32_t i = 0; i < N; i++) {
        errand[i] = (errand_t){d, i, 0};
        CU_ASSERT_EQUAL_FATAL(pthread_create(&thread[i], NULL, run_errand, &errand[i]), 0);
    }
    for (uint32_t i = 0; i < N; i++) {
        pthread_join(thread[i], NULL);
        sum += errand[i].digest;
    }
    d->run.replications = N;
    CU_ASSERT_EQUAL(sum, digest_of_run(d));
    arch_design_destroy(&d);
}

#define ADD(f) CU_add_test(suite, #f, f)

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || !(suite = CU_add_suite("simulation", NULL, NULL)))
        return 1;
    ADD(every_example_ends_with_the_bits_of_a_run);
    ADD(random_designs_end_with_the_bits_of_a_run);
    ADD(results_on_the_way_are_of_the_time_so_far);
    ADD(spans_add_up);
    ADD(a_branch_goes_on_under_another_design);
    ADD(fewer_cores_and_threads_are_left_to_who_has_them);
    ADD(refuses_what_cannot_go_on);
    ADD(refuses_damaged_states);
    ADD(many_run_at_once_in_threads);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
