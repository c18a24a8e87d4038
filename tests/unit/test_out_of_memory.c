/* test_out_of_memory.c - when memory runs out at any allocation of a call, the call says so, gives nothing and keeps
 * nothing. */
#include "support/alloc.h"
#include <CUnit/Basic.h>
#include <architech/design.h>
#include <architech/results.h>
#include <stdlib.h>
#include <string.h>

static const char text[] =
    "{\"architech\": 1, \"name\": \"two\", \"run\": {\"duration\": \"10s\"},"
    " \"services\": {\"web\": {\"endpoints\": {\"get\": [{\"cpu\": \"1ms\"}, {\"call\": \"app/do\"}]}},"
    "   \"app\": {\"replicas\": 2, \"endpoints\": {\"do\": [{\"cpu\": {\"exponential\": {\"mean\": \"1ms\"}}}]}}},"
    " \"workloads\": {\"users\": {\"rate\": \"10/s\", \"mix\": {\"web/get\": 1}}}}";
static const char wrong[] = "{\"architech\": 1, \"nmae\": \"x\", \"services\": {\"web\": {\"corse\": 1}}, \"workloads\": 3}";

static arch_status_t parse(const char *json)
{
    arch_design_t *design = NULL;
    arch_problems_t problems;
    arch_status_t st;

    memset(&problems, 0, sizeof problems);
    st = arch_design_parse("text", ".", json, strlen(json), &design, &problems);
    CU_ASSERT_EQUAL(design != NULL, st == ARCH_OK);
    arch_problems_clear(&problems);
    arch_design_destroy(&design);
    return st;
}

static arch_status_t read_design(void) { return parse(text); }
static arch_status_t refuse_design(void) { return parse(wrong); }

static arch_status_t create_results(void)
{
    arch_results_t *results = NULL;
    arch_status_t st = arch_results_create(&results);

    CU_ASSERT_EQUAL(results != NULL, st == ARCH_OK);
    arch_results_destroy(&results);
    return st;
}

static arch_design_t *design_of_text(void)
{
    arch_design_t *design = NULL;
    arch_problems_t problems;

    memset(&problems, 0, sizeof problems);
    arch_design_parse("text", ".", text, sizeof text - 1, &design, &problems);
    arch_problems_clear(&problems);
    return design;
}

static arch_status_t explain(void)
{
    char *json = NULL;
    arch_design_t *design;
    arch_status_t st;

    test_alloc_pause(1);
    design = design_of_text();
    test_alloc_pause(0);
    st = arch_design_explain(design, &json);
    CU_ASSERT_EQUAL(json != NULL, st == ARCH_OK);
    free(json);
    arch_design_destroy(&design);
    return st;
}

/* With the settings changed by the program as well, so that all ways are taken. */
static arch_status_t change_to(const char *replicas)
{
    const arch_change_t change[] = {{"/services/ap/replicas", replicas},
                                    {"/run/duration", "\"5s\""}, {"/run/duration", NULL}};
    arch_design_t *design, *out = NULL;
    arch_problems_t problems;
    arch_status_t st;

    memset(&problems, 0, sizeof problems);
    test_alloc_pause(1);
    design = design_of_text();
    test_alloc_pause(0);
    design->run.seed = 5;
    st = arch_design_change(design, change + (replicas == NULL), 3 - (replicas == NULL), &out, &problems);
    CU_ASSERT_EQUAL(out != NULL, st == ARCH_OK);
    CU_ASSERT(st == ARCH_E_FORMAT || problems.n == 0);
    arch_problems_clear(&problems);
    arch_design_destroy(&out);
    arch_design_destroy(&design);
    return st;
}

static arch_status_t change(void) { return change_to(NULL); }
static arch_status_t change_wrongly(void) { return change_to("2"); }

static arch_status_t scale(void)
{
    arch_design_t *design, *out = NULL;
    char *value = NULL;
    arch_status_t st;

    test_alloc_pause(1);
    design = design_of_text();
    test_alloc_pause(0);
    st = arch_design_scale_load(design, 2, &out);
    CU_ASSERT_EQUAL(out != NULL, st == ARCH_OK);
    if (st == ARCH_OK)
        st = arch_design_value(out, "/run/seed", &value);
    CU_ASSERT_EQUAL(value != NULL, st == ARCH_OK);
    free(value);
    arch_design_destroy(&out);
    arch_design_destroy(&design);
    return st;
}

/* Let allocation 1, 2, 3 ... of the call fail until it needs no more; what it then answers must be `last`. */
static void survives(arch_status_t (*call)(void), arch_status_t last)
{
    arch_status_t st = ARCH_E_NOMEM;
    long before = test_live_bytes();

    for (long budget = 0; st == ARCH_E_NOMEM && budget < 100000; budget++) {
        test_alloc_budget(budget);
        st = call();
        test_alloc_budget(-1);
        if (test_live_bytes() != before)
            break;
    }
    CU_ASSERT_EQUAL(st, last);
    CU_ASSERT_EQUAL(test_live_bytes(), before);
}

static void a_design_is_read_whole_or_not_at_all(void) { survives(read_design, ARCH_OK); }
static void a_wrong_design_is_refused_or_memory_is_out(void) { survives(refuse_design, ARCH_E_FORMAT); }
static void a_design_is_explained_whole_or_not_at_all(void) { survives(explain, ARCH_OK); }
static void a_design_is_changed_or_there_is_none(void) { survives(change, ARCH_OK); }
static void a_wrong_change_is_refused_or_memory_is_out(void) { survives(change_wrongly, ARCH_E_FORMAT); }
static void a_load_is_scaled_or_there_is_none(void) { survives(scale, ARCH_OK); }
static void results_are_made_whole_or_not_at_all(void) { survives(create_results, ARCH_OK); }

int main(void)
{
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("out of memory", NULL, NULL);
    CU_ADD_TEST(suite, a_design_is_read_whole_or_not_at_all);
    CU_ADD_TEST(suite, a_wrong_design_is_refused_or_memory_is_out);
    CU_ADD_TEST(suite, a_design_is_explained_whole_or_not_at_all);
    CU_ADD_TEST(suite, a_design_is_changed_or_there_is_none);
    CU_ADD_TEST(suite, a_wrong_change_is_refused_or_memory_is_out);
    CU_ADD_TEST(suite, a_load_is_scaled_or_there_is_none);
    CU_ADD_TEST(suite, results_are_made_whole_or_not_at_all);
    CU_basic_run_tests();
    return CU_get_number_of_failures() == 0 ? 0 : 1;
}
