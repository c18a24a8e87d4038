/* test_theory.c - the model against what queueing theory knows exactly. Every truth is a closed form named beside it;
 * every comparison is over 30 independent runs, within 3 standard errors, and sharp enough that an error of the size
 * given would be found. */
#include "model_runs.h"
#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define RUN_LONG "\"run\":{\"duration\":\"120s\",\"warmup\":\"20s\",\"seed\":\"7\"},"

static double mean_latency(const archi_op_tally_t *t, double s)
{
    (void)s;
    return archi_u128_to_double(&t->latency) / (double)t->n_completed * 1e-9;
}
static double completed_rate(const archi_op_tally_t *t, double s) { return (double)t->n_completed / s; }
static double rejected_share(const archi_op_tally_t *t, double s)
{
    (void)s;
    return (double)t->n_rejected / (double)(t->n_rejected + t->n_completed);
}
static double at_cores(const archi_tally_t *t, double s)
{
    return (archi_u128_to_double(&t->busy) + archi_u128_to_double(&t->queued)) * 1e-9 / s;
}
static double busy_cores(const archi_tally_t *t, double s) { return archi_u128_to_double(&t->busy) * 1e-9 / s; }
static double queued(const archi_tally_t *t, double s) { return archi_u128_to_double(&t->queued) * 1e-9 / s; }
static double hit_ratio(const archi_tally_t *t, double s)
{
    (void)s;
    return (double)t->n_hits / (double)(t->n_hits + t->n_misses);
}

/* One service of these settings and this step, under Poisson arrivals. */
static bool station(runs_t *r, const char *settings, const char *cpu, double rate)
{
    char json[1024];

    snprintf(json, sizeof json,
             "{\"architech\":1," RUN_LONG "\"services\":{\"s\":{%s\"endpoints\":{\"e\":[{\"cpu\":%s}]}}},"
             "\"workloads\":{\"w\":{\"rate\":\"%.9g/s\",\"mix\":{\"s\":1}}}}",
             settings, cpu, rate);
    return runs_make(json, r);
}

#define EXP_1MS "{\"exponential\":{\"mean\":\"1ms\"}}"

/* M/M/1: T = 1/(mu - lambda), L = rho/(1 - rho); p99 of the sojourn is exponential too: ln(100)/(mu - lambda). */
static void mm1_sojourn_queue_and_p99(void)
{
    runs_t r;

    CU_ASSERT_TRUE_FATAL(station(&r, "", EXP_1MS, 800));
    CU_ASSERT(agrees("M/M/1 mean", runs_of_operation(&r, 0, mean_latency), 1.0 / 200.0, 0.01));
    CU_ASSERT(agrees("M/M/1 utilisation", runs_of_element(&r, runs_element(&r, "s"), busy_cores), 0.8, 0.005));
    CU_ASSERT(agrees("M/M/1 queue", runs_of_element(&r, runs_element(&r, "s"), queued), 3.2, 0.01));
    CU_ASSERT(agrees("M/M/1 p99", runs_quantile(&r, 0, 0.99), log(100.0) / 200.0 * 1e9, 0.015));
    CU_ASSERT(agrees("M/M/1 throughput", runs_of_operation(&r, 0, completed_rate), 800.0, 0.005));
    runs_free(&r);
}

static double erlang_c(int c, double a)
{
    double term = 1.0, sum = 0.0;

    for (int k = 0; k < c; k++) {
        sum += term;
        term *= a / (k + 1);
    }
    return term / (1.0 - a / c) / (sum + term / (1.0 - a / c));
}

/* M/M/c: wait = C(c, a) / (c mu - lambda) (Erlang 1917). */
static void mmc_wait(void)
{
    runs_t r;

    CU_ASSERT_TRUE_FATAL(station(&r, "\"cores\":4,", EXP_1MS, 3400));
    CU_ASSERT(agrees("M/M/4 mean", runs_of_operation(&r, 0, mean_latency), 1e-3 + erlang_c(4, 3.4) / 600.0, 0.01));
    runs_free(&r);
}

/* M/D/1: wait = rho S / (2 (1 - rho)). */
static void md1_wait(void)
{
    runs_t r;

    CU_ASSERT_TRUE_FATAL(station(&r, "", "\"1ms\"", 800));
    CU_ASSERT(agrees("M/D/1 mean", runs_of_operation(&r, 0, mean_latency), 1e-3 + 0.8 * 1e-3 / 0.4, 0.01));
    runs_free(&r);
}

/* M/G/1 (Pollaczek 1930, Khinchine 1932): wait = rho S (1 + cv^2) / (2 (1 - rho)). */
static void mg1_wait_is_pollaczek_khinchine(void)
{
    runs_t r;

    CU_ASSERT_TRUE_FATAL(station(&r, "", "{\"lognormal\":{\"mean\":\"1ms\",\"cv\":1.5}}", 700));
    CU_ASSERT(
        agrees("M/G/1 mean", runs_of_operation(&r, 0, mean_latency), 1e-3 + 0.7e-3 * (1 + 2.25) / (2 * 0.3), 0.012));
    runs_free(&r);
}

/* M/M/c/K: the chance of being turned away is p_K of the birth-death chain; what is let in keeps its exact mean
 * (Little). */
static void mmck_blocking_and_sojourn(void)
{
    runs_t r;
    double p[9], sum = 0.0, l = 0.0, a = 1.9;

    p[0] = 1.0;
    for (int k = 1; k <= 8; k++)
        p[k] = p[k - 1] * a / (k < 2 ? k : 2);
    for (int k = 0; k <= 8; k++)
        sum += p[k];
    for (int k = 0; k <= 8; k++)
        l += k * p[k] / sum;
    CU_ASSERT_TRUE_FATAL(station(&r, "\"cores\":2,\"threads\":2,\"queue_limit\":6,", EXP_1MS, 1900));
    CU_ASSERT(agrees("M/M/2/8 blocking", runs_of_operation(&r, 0, rejected_share), p[8] / sum, 0.01));
    CU_ASSERT(agrees("M/M/2/8 mean", runs_of_operation(&r, 0, mean_latency), l / (1900.0 * (1.0 - p[8] / sum)), 0.005));
    runs_free(&r);
}

/* M/G/1-PS is insensitive: T = S / (1 - rho) whatever the distribution (Sakata, Noguchi and Oizumi 1971). */
static void processor_sharing_is_insensitive(void)
{
    static const char *const shapes[] = {EXP_1MS, "\"1ms\"", "{\"hyperexponential\":{\"mean\":\"1ms\",\"cv\":3}}"};

    for (int i = 0; i < 3; i++) {
        runs_t r;
        CU_ASSERT_TRUE_FATAL(station(&r, "\"discipline\":\"processor_sharing\",", shapes[i], 700));
        CU_ASSERT(agrees("M/G/1-PS mean", runs_of_operation(&r, 0, mean_latency), 1e-3 / 0.3, 0.012));
        CU_ASSERT(agrees("M/G/1-PS utilisation", runs_of_element(&r, runs_element(&r, "s"), busy_cores), 0.7, 0.01));
        runs_free(&r);
    }
}

/* LIFO without preemption has the mean of FIFO and a larger variance: p99 must exceed FIFO's clearly. */
static void lifo_keeps_the_mean_and_stretches_the_tail(void)
{
    runs_t r;

    CU_ASSERT_TRUE_FATAL(station(&r, "\"discipline\":\"lifo\",", EXP_1MS, 800));
    CU_ASSERT(agrees("M/M/1-LIFO mean", runs_of_operation(&r, 0, mean_latency), 1.0 / 200.0, 0.01));
    CU_ASSERT(runs_quantile(&r, 0, 0.99).mean > 1.5 * log(100.0) / 200.0 * 1e9);
    runs_free(&r);
}

/* Non-preemptive priorities (Cobham 1954): W_k = R / ((1 - s_(k-1)) (1 - s_k)) with R = sum of rho_i S (exponential). */
static void priorities_follow_cobham(void)
{
    runs_t r;

    CU_ASSERT_TRUE_FATAL(
        runs_make("{\"architech\":1," RUN_LONG
                  "\"services\":{\"s\":{\"discipline\":\"priority\",\"endpoints\":{\"e\":[{\"cpu\":" EXP_1MS
                  "}]}}},\"workloads\":{\"urgent\":{\"rate\":\"300/s\",\"priority\":0,\"mix\":{\"s\":1}},"
                  "\"rest\":{\"rate\":\"500/s\",\"priority\":1,\"mix\":{\"s\":1}}}}",
                  &r));
    CU_ASSERT(agrees("urgent", runs_of_operation(&r, runs_operation(&r, "urgent", "s"), mean_latency),
                     1e-3 + 0.8e-3 / 0.7, 0.01));
    CU_ASSERT(agrees("rest", runs_of_operation(&r, runs_operation(&r, "rest", "s"), mean_latency),
                     1e-3 + 0.8e-3 / (0.7 * 0.2), 0.015));
    runs_free(&r);
}

/* Open Jackson network with feedback: every station is an M/M/1 at its total rate. Requests enter at a; after a, half
 * go on to b; after b, 40 % come back to a. With 400/s: x_a = 400 + 0.4 x_b, x_b = 0.5 x_a. */
static void jackson_network_with_feedback(void)
{
    runs_t r;
    double xa = 400.0 / (1.0 - 0.2), xb = 0.5 * xa;

    CU_ASSERT_TRUE_FATAL(runs_make(
        "{\"architech\":1," RUN_LONG "\"services\":{"
        "\"a\":{\"endpoints\":{\"e\":[{\"cpu\":" EXP_1MS "},{\"choose\":[{\"weight\":0.5,\"steps\":[{\"call\":\"b\"}]},"
        "{\"weight\":0.5,\"steps\":[]}]}]}},"
        "\"b\":{\"endpoints\":{\"e\":[{\"cpu\":{\"exponential\":{\"mean\":\"3ms\"}}},{\"choose\":[{\"weight\":0.4,"
        "\"steps\":[{\"call\":\"a\"}]},"
        "{\"weight\":0.6,\"steps\":[]}]}]}}},\"workloads\":{\"w\":{\"rate\":\"400/s\",\"mix\":{\"a\":1}}}}",
        &r));
    CU_ASSERT(
        agrees("Jackson a", runs_of_element(&r, runs_element(&r, "a"), at_cores), xa * 1e-3 / (1 - xa * 1e-3), 0.01));
    CU_ASSERT(
        agrees("Jackson b", runs_of_element(&r, runs_element(&r, "b"), at_cores), xb * 3e-3 / (1 - xb * 3e-3), 0.015));
    CU_ASSERT(agrees("Jackson sojourn", runs_of_operation(&r, 0, mean_latency),
                     (xa * 1e-3 / (1 - xa * 1e-3) + xb * 3e-3 / (1 - xb * 3e-3)) / 400.0, 0.015));
    runs_free(&r);
}

/* Exact mean value analysis (Reiser and Lavenberg 1980): n users, think time z, queueing stations of demand d. */
static double mva_response(int users, double think, const double *demand, int n, double *throughput)
{
    double queue[8] = {0}, response = 0.0, x = 0.0;

    for (int k = 1; k <= users; k++) {
        double r[8];
        response = 0.0;
        for (int i = 0; i < n; i++)
            response += r[i] = demand[i] * (1.0 + queue[i]);
        x = k / (think + response);
        for (int i = 0; i < n; i++)
            queue[i] = x * r[i];
    }
    *throughput = x;
    return response;
}

static void closed_network_is_exact_mva(void)
{
    runs_t r;
    double demand[2] = {2e-3, 3e-3}, x, response = mva_response(20, 40e-3, demand, 2, &x);

    CU_ASSERT_TRUE_FATAL(runs_make(
        "{\"architech\":1," RUN_LONG "\"services\":{"
        "\"app\":{\"endpoints\":{\"e\":[{\"cpu\":{\"exponential\":{\"mean\":\"2ms\"}}},{\"call\":\"db\"}]}},"
        "\"db\":{\"endpoints\":{\"e\":[{\"cpu\":{\"exponential\":{\"mean\":\"3ms\"}}}]}}},"
        "\"workloads\":{\"w\":{\"users\":20,\"think\":{\"exponential\":{\"mean\":\"40ms\"}},\"mix\":{\"app\":1}}}}",
        &r));
    CU_ASSERT(agrees("MVA response", runs_of_operation(&r, 0, mean_latency), response, 0.005));
    CU_ASSERT(agrees("MVA throughput", runs_of_operation(&r, 0, completed_rate), x, 0.005));
    runs_free(&r);
}

/* Fork-join of two M/M/1: T = (12 - rho) / 8 x 1 / (mu - lambda) (Flatto and Hahn 1984; Nelson and Tantawi 1988). */
static void fork_join_of_two(void)
{
    runs_t r;

    CU_ASSERT_TRUE_FATAL(
        runs_make("{\"architech\":1," RUN_LONG
                  "\"services\":{\"f\":{\"endpoints\":{\"e\":[{\"parallel\":[[{\"call\":\"x\"}],[{\"call\":\"y\"}]],"
                  "\"join\":\"all\"}]}},\"x\":{\"endpoints\":{\"e\":[{\"cpu\":" EXP_1MS
                  "}]}},\"y\":{\"endpoints\":{\"e\":[{\"cpu\":" EXP_1MS
                  "}]}}},\"workloads\":{\"w\":{\"rate\":\"700/s\",\"mix\":{\"f\":1}}}}",
                  &r));
    CU_ASSERT(agrees("fork-join", runs_of_operation(&r, 0, mean_latency), (12 - 0.7) / 8.0 / 300.0, 0.01));
    runs_free(&r);
}

/* Join of k out of n idle exponential branches: the k-th order statistic, S (1/n + ... + 1/(n - k + 1)). */
static void joins_are_order_statistics(void)
{
    static const struct {
        const char *join;
        double truth;
    } cases[] = {{"\"all\"", 1.0 / 4 + 1.0 / 3 + 1.0 / 2 + 1.0}, {"\"any\"", 1.0 / 4}, {"2", 1.0 / 4 + 1.0 / 3}};

    for (int i = 0; i < 3; i++) {
        runs_t r;
        char json[1024];
        snprintf(json, sizeof json,
                 "{\"architech\":1," RUN_LONG
                 "\"services\":{\"f\":{\"endpoints\":{\"e\":[{\"parallel\":[[{\"delay\":%s}],"
                 "[{\"delay\":%s}],[{\"delay\":%s}],[{\"delay\":%s}]],\"join\":%s}]}}},"
                 "\"workloads\":{\"w\":{\"rate\":\"300/s\",\"mix\":{\"f\":1}}}}",
                 EXP_1MS, EXP_1MS, EXP_1MS, EXP_1MS, cases[i].join);
        CU_ASSERT_TRUE_FATAL(runs_make(json, &r));
        CU_ASSERT(agrees("k of 4", runs_of_operation(&r, 0, mean_latency), cases[i].truth * 1e-3, 0.005));
        runs_free(&r);
    }
}

/* LRU under independent Zipf requests: Che, Tung and Wang (2002). The approximation itself is within half a per cent
 * here. */
static double che_lru(uint32_t keys, double s, double capacity)
{
    double sum = 0.0, low = 0.0, high = 1e9, hits = 0.0;

    for (uint32_t k = 1; k <= keys; k++)
        sum += pow(k, -s);
    for (int i = 0; i < 100; i++) {
        double t = (low + high) / 2, held = 0.0;
        for (uint32_t k = 1; k <= keys; k++)
            held += 1.0 - exp(-pow(k, -s) / sum * t);
        if (held < capacity)
            low = t;
        else
            high = t;
    }
    for (uint32_t k = 1; k <= keys; k++)
        hits += pow(k, -s) / sum * (1.0 - exp(-pow(k, -s) / sum * high));
    return hits;
}

static bool cache_of(runs_t *r, const char *settings)
{
    char json[1024];

    snprintf(json, sizeof json,
             "{\"architech\":1," RUN_LONG "\"keyspaces\":{\"users\":{\"count\":2000,\"zipf\":0.8}},"
             "\"services\":{\"app\":{\"endpoints\":{\"get\":[{\"cache\":\"redis\",\"keys\":\"users\",\"miss\":[]}]}}},"
             "\"caches\":{\"redis\":{%s\"service\":\"1us\"}},\"workloads\":{\"w\":{\"rate\":\"2000/"
             "s\",\"mix\":{\"app\":1}}}}",
             settings);
    return runs_make(json, r);
}

static void lru_follows_che(void)
{
    runs_t r;
    sample_t hit;

    CU_ASSERT_TRUE_FATAL(cache_of(&r, "\"capacity\":200,"));
    hit = runs_of_element(&r, runs_element(&r, "redis"), hit_ratio);
    CU_ASSERT_DOUBLE_EQUAL(hit.mean, che_lru(2000, 0.8, 200), 0.005 + 3 * hit.se);
    CU_ASSERT(hit.se < 0.002);
    runs_free(&r);
}

/* Entries that expire T after they were stored: P(hit of key k) = lambda_k T / (1 + lambda_k T) (renewal argument). */
static void ttl_follows_renewal_theory(void)
{
    runs_t r;
    double sum = 0.0, hits = 0.0;

    for (int k = 1; k <= 2000; k++)
        sum += pow(k, -0.8);
    for (int k = 1; k <= 2000; k++) {
        double x = 2000.0 * pow(k, -0.8) / sum * 0.5;
        hits += pow(k, -0.8) / sum * x / (1.0 + x);
    }
    CU_ASSERT_TRUE_FATAL(cache_of(&r, "\"ttl\":\"500ms\","));
    CU_ASSERT(agrees("TTL hits", runs_of_element(&r, runs_element(&r, "redis"), hit_ratio), hits, 0.002));
    runs_free(&r);
}

/* A thread is held while it calls: 4 threads, each 10 ms in the callee and 2 x 1 ms on the way: 4 / 12 ms. */
static void threads_are_held_during_calls(void)
{
    runs_t r;

    CU_ASSERT_TRUE_FATAL(runs_make(
        "{\"architech\":1," RUN_LONG
        "\"network\":{\"latency\":\"0s\",\"links\":[{\"between\":[\"app\",\"db\"],\"latency\":\"1ms\"}]},"
        "\"services\":{\"app\":{\"threads\":4,\"endpoints\":{\"e\":[{\"call\":\"db\"}]}},\"db\":{\"endpoints\":{\"e\":["
        "{\"delay\":\"10ms\"}]}}},"
        "\"workloads\":{\"w\":{\"users\":50,\"think\":{\"exponential\":{\"mean\":\"1ms\"}},\"mix\":{\"app\":1}}}}",
        &r));
    CU_ASSERT_DOUBLE_EQUAL(runs_of_operation(&r, 0, completed_rate).mean, 4.0 / 12e-3, 0.05);
    runs_free(&r);
}

/* Replication lag is the queue of the apply thread: M/M/1 of its own when nothing else uses the replica. */
static double mean_lag(const archi_tally_t *t, double s)
{
    (void)s;
    return archi_u128_to_double(&t->lag) / (double)t->n_applied * 1e-9;
}

static void replication_lag_is_a_queue(void)
{
    runs_t r;

    CU_ASSERT_TRUE_FATAL(runs_make(
        "{\"architech\":1," RUN_LONG "\"databases\":{\"db\":{\"cores\":8,\"read_replicas\":{\"count\":2,\"cores\":1},"
        "\"queries\":{\"save\":{\"writes\":true,\"cpu\":" EXP_1MS ",\"apply\":" EXP_1MS "}}}},"
        "\"workloads\":{\"w\":{\"rate\":\"700/s\",\"mix\":{\"db\":1}}}}",
        &r));
    CU_ASSERT(agrees("lag", runs_of_element(&r, runs_element(&r, "db.replica#1"), mean_lag), 1.0 / 300.0, 0.015));
    CU_ASSERT(agrees("lag", runs_of_element(&r, runs_element(&r, "db.replica#2"), mean_lag), 1.0 / 300.0, 0.015));
    runs_free(&r);
}

/* Random choice splits a Poisson stream into Poisson streams: each replica is an M/M/1 of its own. */
static void random_balancing_gives_independent_queues(void)
{
    runs_t r;

    CU_ASSERT_TRUE_FATAL(runs_make("{\"architech\":1," RUN_LONG
                                   "\"services\":{\"s\":{\"replicas\":4,\"endpoints\":{\"e\":[{\"cpu\":" EXP_1MS
                                   "}]}}},"
                                   "\"balancers\":{\"lb\":{\"to\":\"s\",\"policy\":\"random\"}},\"workloads\":{\"w\":{"
                                   "\"rate\":\"2800/s\",\"mix\":{\"lb\":1}}}}",
                                   &r));
    CU_ASSERT(agrees("random", runs_of_operation(&r, 0, mean_latency), 1.0 / 300.0, 0.01));
    runs_free(&r);
}

/* Power of two choices, many servers: tail s_i = rho^(2^i - 1), T = sum s_i / lambda (Mitzenmacher 2001). With 200
 * replicas the mean-field limit is met within 2 %. */
static void two_choices_meet_the_mean_field(void)
{
    runs_t r;
    double sum = 0.0;

    for (int i = 1; i < 12; i++)
        sum += pow(0.8, pow(2, i) - 1);
    CU_ASSERT_TRUE_FATAL(
        runs_make("{\"architech\":1,\"run\":{\"duration\":\"12s\",\"warmup\":\"2s\",\"seed\":\"7\"},\"services\":{"
                  "\"s\":{\"replicas\":200,\"endpoints\":{\"e\":[{\"cpu\":{\"exponential\":{\"mean\":\"10ms\"}}}]}}},"
                  "\"balancers\":{\"lb\":{\"to\":\"s\",\"policy\":{\"least_request\":{\"choices\":2}}}},\"workloads\":{"
                  "\"w\":{\"rate\":\"16000/s\",\"mix\":{\"lb\":1}}}}",
                  &r));
    CU_ASSERT_DOUBLE_EQUAL(runs_of_operation(&r, 0, mean_latency).mean, sum / 0.8 * 10e-3, 0.02 * sum / 0.8 * 10e-3);
    runs_free(&r);
}

/* Thinning: the expected number of arrivals is the integral of the rate. Ramp 0 -> 1000/s over 120 s; after 20 s. */
static double generated(const archi_op_tally_t *t, double s)
{
    (void)s;
    return (double)t->n_generated;
}

static void profiles_integrate_to_their_count(void)
{
    runs_t r;

    CU_ASSERT_TRUE_FATAL(runs_make("{\"architech\":1," RUN_LONG
                                   "\"services\":{\"s\":{\"endpoints\":{\"e\":[{\"delay\":\"1ms\"}]}}},"
                                   "\"workloads\":{\"w\":{\"rate\":{\"points\":[[\"0s\",\"0/s\"],[\"120s\",\"1000/"
                                   "s\"]],\"between\":\"linear\"},\"mix\":{\"s\":1}}}}",
                                   &r));
    CU_ASSERT(agrees("ramp", runs_of_operation(&r, 0, generated),
                     1000.0 * (120.0 / 2) - 1000.0 * 20.0 * 20.0 / 120.0 / 2, 0.002));
    runs_free(&r);
}

/* Repeat: n rounds of an exponential delay are an Erlang; probability: a share of the requests fails. */
static double failed_share(const archi_op_tally_t *t, double s)
{
    (void)s;
    return (double)t->n_failed / (double)(t->n_failed + t->n_completed);
}

static void loops_and_failures(void)
{
    runs_t r;

    CU_ASSERT_TRUE_FATAL(
        runs_make("{\"architech\":1," RUN_LONG
                  "\"services\":{\"s\":{\"endpoints\":{\"e\":[{\"repeat\":5,\"steps\":[{\"delay\":" EXP_1MS
                  "}]},{\"fail\":0.02}]}}},"
                  "\"workloads\":{\"w\":{\"rate\":\"300/s\",\"mix\":{\"s\":1}}}}",
                  &r));
    CU_ASSERT(agrees("repeat", runs_of_operation(&r, 0, mean_latency), 5e-3, 0.002));
    CU_ASSERT(agrees("fail", runs_of_operation(&r, 0, failed_share), 0.02, 0.01));
    runs_free(&r);
}

int main(void)
{
    CU_pSuite s;
    int failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    s = CU_add_suite("theory", NULL, NULL);
    CU_ADD_TEST(s, mm1_sojourn_queue_and_p99);
    CU_ADD_TEST(s, mmc_wait);
    CU_ADD_TEST(s, md1_wait);
    CU_ADD_TEST(s, mg1_wait_is_pollaczek_khinchine);
    CU_ADD_TEST(s, mmck_blocking_and_sojourn);
    CU_ADD_TEST(s, processor_sharing_is_insensitive);
    CU_ADD_TEST(s, lifo_keeps_the_mean_and_stretches_the_tail);
    CU_ADD_TEST(s, priorities_follow_cobham);
    CU_ADD_TEST(s, jackson_network_with_feedback);
    CU_ADD_TEST(s, closed_network_is_exact_mva);
    CU_ADD_TEST(s, fork_join_of_two);
    CU_ADD_TEST(s, joins_are_order_statistics);
    CU_ADD_TEST(s, lru_follows_che);
    CU_ADD_TEST(s, ttl_follows_renewal_theory);
    CU_ADD_TEST(s, threads_are_held_during_calls);
    CU_ADD_TEST(s, replication_lag_is_a_queue);
    CU_ADD_TEST(s, random_balancing_gives_independent_queues);
    CU_ADD_TEST(s, two_choices_meet_the_mean_field);
    CU_ADD_TEST(s, profiles_integrate_to_their_count);
    CU_ADD_TEST(s, loops_and_failures);
    CU_basic_run_tests();
    failures = (int)CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures != 0;
}
