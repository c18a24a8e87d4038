/* tests/unit/test_layout.c - who works with whom follows from what is known, links leave nobody out, and a trial says what
 * there is to know. */
#include "coordinator/machine.h"
#include "coordinator/trial.h"
#include "model/plan.h"
#include "support/thread_ranks.h"
#include <CUnit/Basic.h>
#include <architech/architech.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CHAINS = 8, LENGTH = 4, REPLICAS = 300 };

static void say(char **at, const char *format, uint32_t a, uint32_t b, uint32_t c)
{
    *at += sprintf(*at, format, a, b, c); /* into room for far more than a test says */
}

/* Chains of services, 500 or 900 us from each to the next, and plenty of requests: windows with work for several ranks. */
static arch_design_t *chains(const char *duration)
{
    static char text[32768];
    char *at = text;
    arch_problems_t problems = {0, NULL};
    arch_design_t *design = NULL;

    at += sprintf(at, "{\"architech\":1,\"run\":{\"duration\":\"%s\",\"warmup\":\"0s\"},\"network\":{\"latency\":\"500us\","
                      "\"links\":[", duration);
    for (uint32_t i = 0; i < CHAINS; i += 2)
        say(&at, i == 0 ? "{\"between\":[\"s%u\",\"s%u\"],\"latency\":\"900us\"}" :
                          ",{\"between\":[\"s%u\",\"s%u\"],\"latency\":\"900us\"}", i * LENGTH + 1, i * LENGTH + 2, 0);
    at += sprintf(at, "]},\"services\":{");
    for (uint32_t i = 0; i < CHAINS * LENGTH; i++) {
        say(&at, i == 0 ? "\"s%u\":{\"cores\":100,\"endpoints\":{\"e\":[{\"cpu\":\"10us\"}" :
                          ",\"s%u\":{\"cores\":100,\"endpoints\":{\"e\":[{\"cpu\":\"10us\"}", i, 0, 0);
        if (i % LENGTH != LENGTH - 1)
            say(&at, ",{\"call\":\"s%u\"}", i + 1, 0, 0);
        at += sprintf(at, "]}}");
    }
    at += sprintf(at, "},\"workloads\":{");
    for (uint32_t i = 0; i < CHAINS; i++)
        say(&at, i == 0 ? "\"w%u\":{\"rate\":\"100000/s\",\"mix\":{\"s%u\":1}}" :
                          ",\"w%u\":{\"rate\":\"100000/s\",\"mix\":{\"s%u\":1}}", i, i * LENGTH, 0);
    (void)sprintf(at, "}}");
    if (arch_design_parse("test", ".", text, strlen(text), &design, &problems) != ARCH_OK)
        abort();
    return design;
}

/* So many replicas that the plan does not list every pair that may talk. */
static arch_design_t *crowds(void)
{
    static char text[2048];
    arch_problems_t problems = {0, NULL};
    arch_design_t *design = NULL;

    snprintf(text, sizeof text,
             "{\"architech\":1,\"run\":{\"duration\":\"1s\"},\"network\":{\"latency\":\"300us\"},\"services\":{"
             "\"a\":{\"replicas\":%d,\"endpoints\":{\"e\":[{\"cpu\":\"10us\"},{\"call\":\"b\"}]}},"
             "\"b\":{\"replicas\":%d,\"endpoints\":{\"e\":[{\"cpu\":\"10us\"}]}}},"
             "\"workloads\":{\"w\":{\"rate\":\"3000000/s\",\"mix\":{\"a\":1}}}}", REPLICAS, REPLICAS);
    if (arch_design_parse("test", ".", text, strlen(text), &design, &problems) != ARCH_OK)
        abort();
    return design;
}

static uint32_t group_chosen(const archi_plan_t *plan, archi_grouping_t known, uint32_t replications, uint32_t n_ranks,
                             uint32_t *n_blocks)
{
    arch_run_options_t options;
    archi_layout_t l;
    uint32_t group;

    memset(&options, 0, sizeof options);
    if (archi_layout_make(plan, &options, replications, &known, n_ranks, &l) != ARCH_OK)
        abort();
    group = l.group_size;
    *n_blocks = l.n_blocks;
    archi_layout_free(&l);
    return group;
}

static void groups_follow_from_what_is_known(void)
{
    arch_design_t *design = chains("10s");
    archi_plan_t *plan = NULL;
    uint32_t n;

    CU_ASSERT_EQUAL_FATAL(archi_plan_compile(design, &plan), ARCH_OK);
    CU_ASSERT_EQUAL(group_chosen(plan, archi_grouping_hoped(2), 1, 2, &n), 2);
    CU_ASSERT_EQUAL(n, 8); /* several parts for each rank */
    CU_ASSERT_EQUAL(group_chosen(plan, (archi_grouping_t){1, 0.95, 100}, 1, 2, &n), 1);
    CU_ASSERT_EQUAL(n, 1);
    CU_ASSERT_EQUAL(group_chosen(plan, (archi_grouping_t){2, 0.45, 100}, 1, 2, &n), 1); /* 0.9 x one rank */
    CU_ASSERT_EQUAL(group_chosen(plan, (archi_grouping_t){2, 0.95, 1e9}, 1, 2, &n), 1);
    CU_ASSERT_EQUAL(group_chosen(plan, archi_grouping_hoped(2), 2, 2, &n), 1); /* one each */
    CU_ASSERT_EQUAL(group_chosen(plan, (archi_grouping_t){2, 0.70, 100}, 3, 2, &n), 1); /* 3 / 1.4 > 2 */
    CU_ASSERT_EQUAL(group_chosen(plan, (archi_grouping_t){2, 0.80, 100}, 3, 2, &n), 2); /* 3 / 1.6 < 2 */
    CU_ASSERT_EQUAL(group_chosen(plan, archi_grouping_hoped(4), 1, 4, &n), 4);
    CU_ASSERT_EQUAL(group_chosen(plan, (archi_grouping_t){2, 0.95, 100}, 1, 4, &n), 2);
    archi_plan_destroy(&plan);
    arch_design_destroy(&design);
}

/* ---- links ------------------------------------------------------------------------------------------------------- */

static arch_time_t lookahead_of(const archi_layout_t *l, uint32_t from, uint32_t to)
{
    arch_time_t found = ARCH_TIME_MAX;

    for (uint32_t i = 0; i < l->n_links; i++)
        if (l->link[i].from == from && l->link[i].to == to)
            found = l->link[i].lookahead;
    return found;
}

static uint32_t links_out_of_order(const archi_layout_t *l)
{
    uint32_t n = 0;

    for (uint32_t i = 1; i < l->n_links; i++)
        n += l->link[i].from < l->link[i - 1].from ||
             (l->link[i].from == l->link[i - 1].from && l->link[i].to <= l->link[i - 1].to);
    return n;
}

static void links_of(const arch_design_t *design, uint32_t partitions,
                     void (*look)(const archi_plan_t *, const archi_layout_t *))
{
    archi_grouping_t known = archi_grouping_hoped(2);
    arch_run_options_t options;
    archi_plan_t *plan = NULL;
    archi_layout_t l;

    memset(&options, 0, sizeof options);
    options.group = 2;
    options.partitions = partitions;
    CU_ASSERT_EQUAL_FATAL(archi_plan_compile(design, &plan), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(archi_layout_make(plan, &options, 1, &known, 2, &l), ARCH_OK);
    CU_ASSERT(l.n_blocks > 2 && l.n_links > 0);
    CU_ASSERT_EQUAL(links_out_of_order(&l), 0);
    look(plan, &l);
    archi_layout_free(&l);
    archi_plan_destroy(&plan);
}

static void every_edge_that_is_cut(const archi_plan_t *plan, const archi_layout_t *l)
{
    const archi_edge_t *edge = archi_plan_edges(plan);
    arch_time_t least = ARCH_TIME_MAX;
    uint32_t n_cut = 0;

    for (uint32_t i = 0; i < archi_plan_n_edges(plan); i++) {
        uint32_t a = l->block_of[edge[i].a], b = l->block_of[edge[i].b];
        if (a == b)
            continue;
        n_cut++;
        CU_ASSERT(lookahead_of(l, a, b) <= edge[i].lookahead);
        CU_ASSERT(lookahead_of(l, b, a) <= edge[i].lookahead);
    }
    for (uint32_t i = 0; i < l->n_links; i++)
        least = l->link[i].lookahead < least ? l->link[i].lookahead : least;
    CU_ASSERT(n_cut > 0);
    CU_ASSERT_EQUAL(least, l->lookahead);
}

static void every_pair_of_replicas(const archi_plan_t *plan, const archi_layout_t *l)
{
    const uint32_t *group_of = archi_plan_group_of(plan);
    const archi_group_t *group = archi_plan_groups(plan);
    uint32_t n_missing = 0;

    CU_ASSERT(archi_plan_n_edges(plan) < REPLICAS * REPLICAS); /* or the test would not see what it is for */
    for (uint32_t i = 0; i < l->map.n_lps; i++)
        for (uint32_t k = 0; k < l->map.n_lps; k++)
            if (l->block_of[i] != l->block_of[k] && group_of[i] != group_of[k] && group[group_of[i]].n == REPLICAS &&
                group[group_of[k]].n == REPLICAS)
                n_missing += lookahead_of(l, l->block_of[i], l->block_of[k]) > 300000;
    CU_ASSERT_EQUAL(n_missing, 0);
}

static void links_leave_nobody_out(void)
{
    arch_design_t *design = chains("1s");

    links_of(design, 5, every_edge_that_is_cut);
    links_of(design, 16, every_edge_that_is_cut);
    arch_design_destroy(&design);
    design = crowds();
    links_of(design, 7, every_edge_that_is_cut);
    links_of(design, 7, every_pair_of_replicas);
    arch_design_destroy(&design);
}

/* ---- the trial --------------------------------------------------------------------------------------------------- */

static int tries(archi_net_t *net, void *user)
{
    return archi_trial(user, net, archi_net_rank(net)) != ARCH_OK;
}

/* A trial of `design` in a group of two with so much memory. */
static archi_job_t tried(const arch_design_t *design, uint64_t rank_memory)
{
    static const arch_run_options_t options;
    archi_job_t job;

    memset(&job, 0, sizeof job);
    job.design = design;
    job.options = &options;
    job.known = archi_grouping_hoped(2);
    job.rank_memory = rank_memory;
    CU_ASSERT_EQUAL_FATAL(archi_plan_compile(design, &job.plan), ARCH_OK);
    CU_ASSERT_EQUAL_FATAL(archi_layout_make(job.plan, &options, 1, &job.known, 2, &job.layout), ARCH_OK);
    CU_ASSERT_EQUAL(job.layout.group_size, 2);
    CU_ASSERT(archi_trial_wanted(&job));
    CU_ASSERT_EQUAL(run_on_thread_ranks(2, tries, &job), 0);
    archi_layout_free(&job.layout);
    archi_plan_destroy(&job.plan);
    return job;
}

/* Which it is, is the machine's affair; that it is one or the other is ours. */
static void a_trial_says_what_there_is_to_know(void)
{
    arch_design_t *design = chains("10s");
    archi_job_t job = tried(design, 0);

    CU_ASSERT(job.tried ? job.known.most == 2 && job.known.efficiency > 0.5 : job.known.most == 1);
    arch_design_destroy(&design);
}

static void a_short_run_is_not_worth_a_trial(void)
{
    arch_design_t *design = chains("1ms");
    archi_job_t job = tried(design, 1); /* where a trial would fail */

    CU_ASSERT_EQUAL(job.known.most, 1);
    arch_design_destroy(&design);
}

/* It may well fit on two. */
static void what_does_not_fit_on_one_rank_is_not_tried_there(void)
{
    arch_design_t *design = chains("10s");
    archi_job_t job = tried(design, 1);

    CU_ASSERT_EQUAL(job.tried, 1);
    CU_ASSERT_EQUAL(job.known.most, 2);
    CU_ASSERT_EQUAL(job.known.events, archi_grouping_guessed(2).events);
    arch_design_destroy(&design);
}

static int takes_its_share(archi_net_t *net, void *user)
{
    uint64_t bytes = 0, all = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    int64_t range[2];
    int n_wrong;

    (void)user;
    n_wrong = archi_machine_share(net, &bytes) != ARCH_OK;
    range[0] = (int64_t)bytes;
    range[1] = -(int64_t)bytes;
    n_wrong += archi_net_max_i64(net, range, 2) != ARCH_OK;
    return n_wrong + (range[0] != -range[1]) + (bytes == 0 || bytes * archi_net_size(net) > all / 5 * 4);
}

/* As many as there may be: what they take together fits. */
static void ranks_share_the_memory_of_their_machine(void)
{
    CU_ASSERT_EQUAL(run_on_thread_ranks(1, takes_its_share, NULL), 0);
    CU_ASSERT_EQUAL(run_on_thread_ranks(16, takes_its_share, NULL), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {{"groups_follow_from_what_is_known", groups_follow_from_what_is_known},
                           {"links_leave_nobody_out", links_leave_nobody_out},
                           {"a_trial_says_what_there_is_to_know", a_trial_says_what_there_is_to_know},
                           {"a_short_run_is_not_worth_a_trial", a_short_run_is_not_worth_a_trial},
                           {"what_does_not_fit_on_one_rank_is_not_tried_there",
                            what_does_not_fit_on_one_rank_is_not_tried_there},
                           {"ranks_share_the_memory_of_their_machine", ranks_share_the_memory_of_their_machine},
                           CU_TEST_INFO_NULL};
    CU_SuiteInfo suites[] = {{"layout", NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};
    unsigned failures;

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
