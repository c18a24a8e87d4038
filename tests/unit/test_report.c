/* tests/unit/test_report.c - the answer in a terminal, to the letter. */
#include "unit/results_sample.h"
#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char whole[] =
    "stage-2 horizontal                      60 s simulated x 10 replications, warm-up 3.75 s ("
    "automatic)\n"
    "\n"
    "requests              per s       errors          mean           p50           p95        "
    "  p99\n"
    "web       lb/read     727±2          0 %  6.41±0.05 ms  5.21±0.10 ms   14.8±0.2 ms  22.1±0"
    ".6 ms\n"
    "web       lb/write  5.2±0.3  1.08±0.13 %     812±14 us     790±12 us  1.61±0.04 ms      2."
    "40 ms\n"
    "   no ± where the data give no confidence interval: simulate more replications\n"
    "\n"
    "components    utilisation        queue          wait        inside  per s        hits  rej"
    "ected\n"
    "lb                      -            -             -  4.00±0.03 ms  181±1\n"
    "app#0..2 (3)  0.405–0.431  0.689–0.733       1.43 ms       4.00 ms    181\n"
    "cache         0.050±0.012    0.09±0.10  1.43±0.02 ms  4.00±0.03 ms  181±1  81.3±0.2 %\n"
    "db.primary    0.968±0.012    1.65±0.10  1.43±0.02 ms  4.00±0.03 ms  181±1                 "
    "1,234\n"
    "\n"
    "objectives\n"
    "  met       reads are quick    web lb/read p95 = 14.8 ± 0.2 ms, must be < 50 ms\n"
    "  MISSED    database has room  db utilisation = 0.968 ± 0.012, must be < 0.7\n"
    "  MISSED ?  few errors         web lb/write errors = 1.08 ± 0.13 %, must be < 1 %\n"
    "  MISSED    tail               web lb/write p99.9: too few requests to say, must be < 1 s\n"
    "  ?  the limit lies within the confidence interval; more replications would decide it\n"
    "\n"
    "findings\n"
    "  !! db.primary is 97 % busy; a request waits 1.4 ms there, more than anywhere else on its"
    " way, and\n"
    "     every further request per second adds to that.\n"
    "  !  db.primary rejected 1,234 queries: its \"queue\" is full.\n"
    "  -  cache is 5 % busy.\n"
    "\n"
    "digest 8c1f20d61e2f3a4b\n"
    "12.3 M events in 2.08 s (5.92 M/s), 2 threads, sequential\n";

/* With room for it: blanks around the signs, p99.9 with its note, and the threads held. */
static const char wide_tables[] =
    "requests                per s         errors            mean             p50             p"
    "95            p99      p99.9\n"
    "web       lb/read     727 ± 2            0 %  6.41 ± 0.05 ms  5.21 ± 0.10 ms   14.8 ± 0.2 "
    "ms  22.1 ± 0.6 ms  41 ± 3 ms\n"
    "web       lb/write  5.2 ± 0.3  1.08 ± 0.13 %     812 ± 14 us     790 ± 12 us  1.61 ± 0.04 "
    "ms        2.40 ms          -\n"
    "-  too few requests to state p99.9: simulate longer, or with more replications\n"
    "   no ± where the data give no confidence interval: simulate more replications\n"
    "\n"
    "components      utilisation        queue            wait          inside       held       "
    " per s          hits  rejected\n"
    "lb                        -            -               -  4.00 ± 0.03 ms          -  181.2"
    " ± 0.7\n"
    "app#0..2 (3)    0.405–0.431  0.689–0.733         1.43 ms         4.00 ms       3.50       "
    "   181\n"
    "cache         0.050 ± 0.012  0.09 ± 0.10  1.43 ± 0.02 ms  4.00 ± 0.03 ms  3.5 ± 0.2  181.2"
    " ± 0.7  81.3 ± 0.2 %\n"
    "db.primary    0.968 ± 0.012  1.65 ± 0.10  1.43 ± 0.02 ms  4.00 ± 0.03 ms  3.5 ± 0.2  181.2"
    " ± 0.7                   1,234\n"
    "\n";

/* Without room, columns come in blocks below each other. */
static const char narrow_tables[] =
    "stage-2 horizontal\n"
    "60 s simulated x 10 replications, warm-up 3.75 s (automatic)\n"
    "\n"
    "requests              per s       errors          mean\n"
    "web       lb/read     727±2          0 %  6.41±0.05 ms\n"
    "web       lb/write  5.2±0.3  1.08±0.13 %     812±14 us\n"
    "\n"
    "requests                     p50           p95          p99\n"
    "web       lb/read   5.21±0.10 ms   14.8±0.2 ms  22.1±0.6 ms\n"
    "web       lb/write     790±12 us  1.61±0.04 ms      2.40 ms\n"
    "   no ± where the data give no confidence interval: simulate\n"
    "   more replications\n"
    "\n"
    "components    utilisation        queue          wait  per s\n"
    "lb                      -            -             -  181±1\n"
    "app#0..2 (3)  0.405–0.431  0.689–0.733       1.43 ms    181\n"
    "cache         0.050±0.012    0.09±0.10  1.43±0.02 ms  181±1\n"
    "db.primary    0.968±0.012    1.65±0.10  1.43±0.02 ms  181±1\n"
    "\n"
    "components          hits  rejected\n"
    "lb\n"
    "app#0..2 (3)\n"
    "cache         81.3±0.2 %\n"
    "db.primary                   1,234\n"
    "\n";

static const char engine[] =
    "\n"
    "engine  conservative, 3 ranks in 1 group, 4 blocks, 30.0 % of 40 links cut, lookahead 500 us\n"
    "around  read 500 ms, plan 250 ms, cut 125 ms, blocks 375 ms, in all 1.25 s; end 1.50 s\n"
    "\n"
    "work           events   per s  windows  per window    wall  waiting   share\n"
    "  rank 0       6.17 M  3.09 M     4096        1507  2.00 s   250 ms  12.5 %\n"
    "  rank 1       6.17 M  3.09 M     4096        1507  2.00 s   250 ms  12.5 %\n"
    "  group 0 (2)  12.3 M  6.17 M     4096        3014  2.00 s   500 ms  12.5 %\n"
    "  rank 2            0       -        0           -    0 ns     0 ns       -\n"
    "  all (3)      12.3 M  6.17 M     4096        3014  2.00 s   500 ms  12.5 %\n"
    "\n"
    "traffic        blocks    memory  messages     bytes\n"
    "  rank 0            2  8.00 MiB     12345   772 KiB\n"
    "  rank 1            2  8.00 MiB     12345   772 KiB\n"
    "  group 0 (2)       4  16.0 MiB     24690  1.51 MiB\n"
    "  rank 2            0       0 B         0       0 B\n"
    "  all (3)           4  16.0 MiB     24690  1.51 MiB\n";

static char *text_of(const arch_results_t *r, uint32_t width, bool colour)
{
    char *text = NULL;

    CU_ASSERT_EQUAL(arch_results_text(r, width, colour, &text), ARCH_OK);
    return text;
}

/* Shows both when they differ. */
static void has(const char *text, const char *expected)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(text, expected));
    if (strstr(text, expected) == NULL)
        fprintf(stderr, "printed:\n%s\nexpected in it:\n%s\n", text, expected);
}

static void lacks(const char *text, const char *unexpected) { CU_ASSERT_PTR_NULL(strstr(text, unexpected)); }

static void the_whole_report_is_this(void)
{
    arch_results_t *r = results_sample();
    char *text = text_of(r, 0, false);

    CU_ASSERT_STRING_EQUAL(text, whole);
    if (strcmp(text, whole) != 0)
        has(text, whole);
    free(text);
    arch_results_destroy(&r);
}

static void a_wide_terminal_shows_more_columns(void)
{
    arch_results_t *r = results_sample();
    char *text = text_of(r, 130, false);

    has(text, wide_tables);
    free(text);
    arch_results_destroy(&r);
}

static void a_narrow_terminal_breaks_the_tables(void)
{
    arch_results_t *r = results_sample();
    char *text = text_of(r, 60, false);

    CU_ASSERT_EQUAL(strncmp(text, narrow_tables, strlen(narrow_tables)), 0);
    has(text, narrow_tables);
    free(text);
    arch_results_destroy(&r);
}

static void colours_come_only_when_asked_for(void)
{
    arch_results_t *r = results_sample();
    char *plain = text_of(r, 0, false), *coloured = text_of(r, 0, true), *to = coloured;

    lacks(plain, "\033");
    has(coloured, "\033[31m  MISSED\033[0m");
    has(coloured, "\033[32m  met\033[0m");
    for (const char *from = coloured; *from != '\0'; from++) {
        if (*from == '\033')
            from = strchr(from, 'm');
        else
            *to++ = *from;
    }
    *to = '\0';
    CU_ASSERT_STRING_EQUAL(coloured, plain); /* the same but for the colours */
    free(plain);
    free(coloured);
    arch_results_destroy(&r);
}

static void no_line_ends_on_a_blank(void)
{
    arch_results_t *r = results_sample();

    for (uint32_t width = 1; width < 160; width++) {
        char *text = text_of(r, width, false);

        lacks(text, " \n");
        free(text);
    }
    arch_results_destroy(&r);
}

static void a_run_that_never_settled_says_so_first(void)
{
    arch_results_t *r = results_sample();
    char *text;

    r->provenance.stationary = false;
    text = text_of(r, 0, false);
    has(text, "(automatic)\n! The run never settled: its figures are doubtful.\n");
    free(text);
    arch_results_destroy(&r);
}

static void a_percentile_that_the_data_cannot_carry_is_a_dash_with_its_reason(void)
{
    arch_results_t *r = results_sample();
    char *text;

    r->operation[1].p99 = results_unsupported();
    text = text_of(r, 0, false);
    has(text, "1.61±0.04 ms            -\n-  too few requests to state p99: simulate longer");
    free(text);
    arch_results_destroy(&r);
}

static void of_very_many_components_the_busiest_are_shown(void)
{
    arch_results_t *r = results_sample_large(100000);
    arch_component_result_t swapped = r->component[0];
    char *text;

    r->component[0] = r->component[99999]; /* the busiest last: it is found all the same */
    r->component[99999] = swapped;
    text = text_of(r, 0, false);
    has(text, "\nservice-000000  0.950 ± 0.012");
    has(text, "\nservice-000019  0.950 ± 0.012");
    lacks(text, "service-000020");
    lacks(text, "service-099999");
    has(text, "\nthe 20 busiest; 99,980 more are not shown, all are in the results file\n");
    free(text);
    arch_results_destroy(&r);
}

static void only_replicas_of_one_element_share_a_row(void)
{
    arch_results_t *r = results_sample();
    char *text;

    r->component[2].element = 7; /* of another service that has the same name */
    text = text_of(r, 130, false);
    has(text, "\napp#0 ");
    has(text, "\napp#1 ");
    has(text, "\napp#2 ");
    lacks(text, "app#0..");
    free(text);
    arch_results_destroy(&r);
}

static void what_the_engine_did_comes_last_and_only_when_asked_for(void)
{
    arch_results_t *r = results_sample();
    char *text = NULL, *plain = text_of(r, 0, false);
    size_t n = strlen(plain);

    CU_ASSERT_EQUAL_FATAL(arch_results_text_with_engine(r, 0, false, &text), ARCH_OK);
    CU_ASSERT_EQUAL(strncmp(text, plain, n), 0);
    CU_ASSERT_STRING_EQUAL(text + n, engine);
    if (strcmp(text + n, engine) != 0)
        has(text, engine);
    free(plain);
    free(text);
    arch_results_destroy(&r);
}

/* Columns appear with what they count; hosts when there are several; of many ranks the first are shown. */
static void running_ahead_and_moving_show_when_they_happened(void)
{
    arch_results_t *r = results_sample();
    arch_engine_row_t *rank = arch_results_alloc(r, 100 * sizeof *rank);
    char *text = NULL;

    for (int i = 0; i < 100; i++)
        rank[i] = r->engine.rank[0];
    rank[1].rollbacks = 7;
    rank[1].undone = 8;
    rank[1].efficiency = 0.5;
    rank[2].moved = 3;
    rank[3].host = "node-2";
    r->engine.rank = rank;
    r->engine.n_ranks = 100;
    CU_ASSERT_EQUAL_FATAL(arch_results_text_with_engine(r, 0, false, &text), ARCH_OK);
    has(text, "\nrunning ahead  host    rollbacks  undone  efficiency\n"
              "  rank 0       node-1          0       0       100 %\n"
              "  rank 0       node-1          7       8      50.0 %\n");
    has(text, "blocks moved\n");
    has(text, "\nand 84 ranks more, all in the results file\n");
    lacks(text, "repeated");
    lacks(text, "changes");
    free(text);
    arch_results_destroy(&r);
}

static void empty_results_are_a_report_too(void)
{
    arch_results_t *r = NULL;
    char *text;

    CU_ASSERT_EQUAL_FATAL(arch_results_create(&r), ARCH_OK);
    r->provenance.stationary = true;
    text = text_of(r, 0, false);
    has(text, "digest 0000000000000000\n");
    lacks(text, "requests");
    lacks(text, "components");
    lacks(text, "objectives");
    lacks(text, "findings");
    free(text);
    CU_ASSERT_EQUAL(arch_results_text_with_engine(r, 0, false, &text), ARCH_OK);
    has(text, "\nengine  not run, 0 ranks\n");
    free(text);
    arch_results_destroy(&r);
}

static void many_operations_end_in_a_count(void)
{
    arch_results_t *r = results_sample();
    arch_operation_result_t *many = arch_results_alloc(r, 1500 * sizeof *many);
    char *text;

    for (int i = 0; i < 1500; i++)
        many[i] = r->operation[0];
    r->operation = many;
    r->n_operations = 1500;
    text = text_of(r, 0, false);
    has(text, "\nand 1,460 more, all in the results file\n");
    free(text);
    arch_results_destroy(&r);
}

int main(void)
{
    unsigned failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("report", NULL, NULL);
    CU_ADD_TEST(suite, the_whole_report_is_this);
    CU_ADD_TEST(suite, a_wide_terminal_shows_more_columns);
    CU_ADD_TEST(suite, a_narrow_terminal_breaks_the_tables);
    CU_ADD_TEST(suite, colours_come_only_when_asked_for);
    CU_ADD_TEST(suite, no_line_ends_on_a_blank);
    CU_ADD_TEST(suite, a_run_that_never_settled_says_so_first);
    CU_ADD_TEST(suite, a_percentile_that_the_data_cannot_carry_is_a_dash_with_its_reason);
    CU_ADD_TEST(suite, of_very_many_components_the_busiest_are_shown);
    CU_ADD_TEST(suite, only_replicas_of_one_element_share_a_row);
    CU_ADD_TEST(suite, what_the_engine_did_comes_last_and_only_when_asked_for);
    CU_ADD_TEST(suite, running_ahead_and_moving_show_when_they_happened);
    CU_ADD_TEST(suite, empty_results_are_a_report_too);
    CU_ADD_TEST(suite, many_operations_end_in_a_count);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
