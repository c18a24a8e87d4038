/* tests/unit/test_results_json.c - results for programs, parsed back. */
#include "io/results_table.h"
#include "unit/results_folder.h"
#include "unit/results_sample.h"
#include <CUnit/Basic.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static cJSON *json_of(const arch_results_t *r)
{
    char *text = NULL;
    cJSON *json;

    CU_ASSERT_EQUAL_FATAL(arch_results_json(r, &text), ARCH_OK);
    json = cJSON_ParseWithOpts(text, NULL, true);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    free(text);
    return json;
}

static const cJSON *member(const cJSON *object, const char *name)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);

    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    return found;
}

static const cJSON *row(const cJSON *json, const char *table, int i)
{
    const cJSON *found = cJSON_GetArrayItem(member(json, table), i);

    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    return found;
}

static void is_text(const cJSON *object, const char *name, const char *expected)
{
    const cJSON *found = member(object, name);

    CU_ASSERT_TRUE_FATAL(cJSON_IsString(found));
    CU_ASSERT_STRING_EQUAL(found->valuestring, expected);
}

/* Exactly, also where 15 digits would not do. */
static void is_estimate(const cJSON *object, const char *name, double value, double half)
{
    const cJSON *found = member(object, name);

    CU_ASSERT_TRUE(member(found, "value")->valuedouble == value);
    if (isnan(half))
        CU_ASSERT_TRUE(cJSON_IsNull(member(found, "half_width")))
    else
        CU_ASSERT_TRUE(member(found, "half_width")->valuedouble == half);
}

static void the_digest_is_a_string_at_the_top(void)
{
    arch_results_t *r = results_sample();
    cJSON *json = json_of(r);

    is_text(json, "format", "architech results");
    CU_ASSERT_EQUAL(member(json, "format_version")->valueint, 1);
    is_text(json, "name", "stage-2 horizontal");
    is_text(json, "digest", "8c1f20d61e2f3a4b");
    is_text(json, "design_hash", "0123456789abcdef");
    CU_ASSERT_TRUE(cJSON_IsFalse(member(json, "objectives_met")));
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void integers_of_64_bits_survive_as_strings(void)
{
    arch_results_t *r = results_sample();
    cJSON *json = json_of(r);

    is_text(member(json, "provenance"), "seed", "18446744073709551615");
    is_text(member(json, "provenance"), "duration_ns", "60000000000");
    is_text(row(json, "operations", 1), "run_generated", "9007199254740993");
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void estimates_come_back_to_the_last_bit(void)
{
    arch_results_t *r = results_sample();
    cJSON *json;

    r->operation[0].mean = results_estimate(1e6 / 3.0, 0.1 + 0.2);
    json = json_of(r);
    is_estimate(row(json, "operations", 0), "mean_ns", 1e6 / 3.0, 0.1 + 0.2);
    is_estimate(row(json, "operations", 0), "throughput_per_s", 727.31, 2.14);
    is_estimate(row(json, "components", 1), "utilisation", 0.412, 0.012);
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void what_the_data_cannot_say_is_null(void)
{
    arch_results_t *r = results_sample();
    cJSON *json = json_of(r);

    CU_ASSERT_TRUE(cJSON_IsNull(member(row(json, "operations", 1), "p999_ns")));
    is_estimate(row(json, "operations", 1), "p99_ns", 2.4e6, (double)NAN);
    CU_ASSERT_TRUE(cJSON_IsNull(member(row(json, "components", 0), "utilisation")));
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void objectives_and_findings_are_words(void)
{
    arch_results_t *r = results_sample();
    cJSON *json = json_of(r);

    is_text(row(json, "objectives", 0), "verdict", "met");
    is_text(row(json, "objectives", 2), "verdict", "uncertain");
    is_text(row(json, "objectives", 0), "metric", "p95");
    is_text(row(json, "objectives", 0), "unit", "ns");
    is_text(row(json, "objectives", 1), "unit", "1");
    is_text(row(json, "components", 5), "kind", "database");
    is_text(row(json, "findings", 0), "severity", "critical");
    is_text(row(json, "findings", 1), "text", "db.primary rejected 1,234 queries: its \"queue\" is full.");
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void the_histogram_is_complete(void)
{
    arch_results_t *r = results_sample();
    cJSON *json = json_of(r);
    const cJSON *h = member(row(json, "operations", 0), "latency_histogram");

    CU_ASSERT_EQUAL(cJSON_GetArraySize(member(h, "low_ns")), 3);
    CU_ASSERT_TRUE(cJSON_GetArrayItem(member(h, "high_ns"), 2)->valuedouble == 4e6);
    CU_ASSERT_STRING_EQUAL(cJSON_GetArrayItem(member(h, "count"), 0)->valuestring, "300");
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void the_series_are_rows_of_intervals(void)
{
    arch_results_t *r = results_sample();
    cJSON *json = json_of(r);
    const cJSON *s = member(member(json, "series"), "component");
    const cJSON *values = cJSON_GetArrayItem(member(s, "utilisation"), 1);

    is_text(s, "interval_ns", "15000000000");
    CU_ASSERT_EQUAL(cJSON_GetArraySize(values), 4);
    CU_ASSERT_TRUE((float)cJSON_GetArrayItem(values, 3)->valuedouble == 0.1f * 7.0f);
    CU_ASSERT_TRUE(cJSON_IsNull(cJSON_GetArrayItem(cJSON_GetArrayItem(member(s, "latency_ns"), 0), 1)));
    CU_ASSERT_TRUE(cJSON_IsNull(member(member(member(json, "series"), "operation"), "queue")));
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void series_of_more_than_a_thousand_rows_are_left_to_the_file(void)
{
    arch_results_t *r = results_sample_large(1001);
    float *values = arch_results_alloc(r, 1001 * sizeof *values);
    cJSON *json;

    r->component_series.n_rows = r->component_series.n_rows_total = 1001;
    r->component_series.n_intervals = 1;
    r->component_series.utilisation = r->component_series.queue = values;
    r->component_series.throughput = r->component_series.latency = values;
    json = json_of(r);
    CU_ASSERT_TRUE(cJSON_IsNull(member(member(json, "series"), "component")));
    CU_ASSERT_EQUAL(cJSON_GetArraySize(member(json, "components")), 1001);
    cJSON_Delete(json);
    r->component_series.n_rows = r->component_series.n_rows_total = 1000;
    json = json_of(r);
    CU_ASSERT_TRUE(cJSON_IsObject(member(member(json, "series"), "component")));
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void the_design_is_there_as_it_was_written(void)
{
    arch_results_t *r = results_sample();
    cJSON *json = json_of(r);

    is_text(member(member(json, "design"), "run"), "duration", "60s");
    cJSON_Delete(json);
    r->design = "{ not JSON";
    json = json_of(r);
    CU_ASSERT_TRUE(cJSON_IsNull(member(json, "design")));
    cJSON_Delete(json);
    r->design = "";
    json = json_of(r);
    CU_ASSERT_TRUE(cJSON_IsNull(member(json, "design")));
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void awkward_names_are_escaped(void)
{
    arch_results_t *r = results_sample();
    cJSON *json;

    r->name = "a \"quoted\" \\ name,\n\ttab, \001 control, \303\251";
    json = json_of(r);
    is_text(json, "name", r->name);
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void the_engine_is_there_when_asked_for(void)
{
    arch_results_t *r = results_sample();
    cJSON *json = json_of(r);
    const cJSON *engine, *rank;
    char *text = NULL;

    CU_ASSERT_PTR_NULL(cJSON_GetObjectItemCaseSensitive(json, "engine"));
    cJSON_Delete(json);
    CU_ASSERT_EQUAL_FATAL(arch_results_json_with_engine(r, &text), ARCH_OK);
    json = cJSON_ParseWithOpts(text, NULL, true);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    engine = member(json, "engine");
    is_text(engine, "executor", "conservative");
    is_text(engine, "lookahead_ns", "500000");
    CU_ASSERT_TRUE(member(engine, "cut_share")->valuedouble == 0.3);
    CU_ASSERT_TRUE(member(engine, "read_seconds")->valuedouble == 0.5);
    CU_ASSERT_TRUE(member(engine, "end_seconds")->valuedouble == 1.5);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(member(engine, "ranks")), 3);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(member(engine, "groups")), 1);
    rank = row(engine, "ranks", 1);
    is_text(rank, "messages", "12345");
    CU_ASSERT_TRUE(member(rank, "wait_seconds")->valuedouble == 0.25);
    CU_ASSERT_TRUE(cJSON_IsNull(member(row(engine, "ranks", 2), "wait_share")));
    is_text(row(engine, "groups", 0), "events", "12345678");
    free(text);
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void the_keys_keep_their_order(void)
{
    static const char *const keys[] = {"format",         "format_version", "name",       "digest",     "design_hash",
                                       "objectives_met", "provenance",     "operations", "components", "objectives",
                                       "findings",       "series",         "design"};
    arch_results_t *r = results_sample();
    cJSON *json = json_of(r);
    const cJSON *at = json->child;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++, at = at->next) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
        CU_ASSERT_STRING_EQUAL(at->string, keys[i]);
    }
    CU_ASSERT_PTR_NULL(at);
    cJSON_Delete(json);
    arch_results_destroy(&r);
}

static void the_same_results_are_the_same_text(void)
{
    arch_results_t *r = results_sample(), *s = results_sample();
    char *one = NULL, *two = NULL;

    CU_ASSERT_EQUAL(arch_results_json(r, &one), ARCH_OK);
    CU_ASSERT_EQUAL(arch_results_json(s, &two), ARCH_OK);
    CU_ASSERT_STRING_EQUAL(one, two);
    free(one);
    free(two);
    arch_results_destroy(&r);
    arch_results_destroy(&s);
}

/* `name` in backquotes. */
static void is_documented(const char *page, const char *text, const char *name)
{
    char quoted[80];

    snprintf(quoted, sizeof quoted, "`%s`", name);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, quoted));
    if (strstr(text, quoted) == NULL)
        fprintf(stderr, "%s does not explain %s\n", page, quoted);
}

/* Runs from the root of the repository, as ctest does. */
static void every_column_is_in_the_manuals(void)
{
    enum { N_OF_ONE_ROW = 2 }; /* whose columns are attributes in the file */
    static const archi_table_t *const tables[] = {
        &archi_provenance_table,         &archi_engine_table,
        &archi_tables[ARCHI_OPERATIONS], &archi_tables[ARCHI_COMPONENTS],
        &archi_tables[ARCHI_OBJECTIVES], &archi_tables[ARCHI_FINDINGS],
        &archi_engine_tables[ARCHI_ENGINE_RANKS],
    };
    size_t n;
    char *json = (char *)results_slurp("docs/json.md", &n), *file = (char *)results_slurp("docs/results.md", &n);
    char name[64];

    CU_ASSERT_TRUE_FATAL(json != NULL && file != NULL);
    for (uint32_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (uint32_t c = 0; c < tables[t]->n_columns; c++) {
            archi_name_with_unit(&tables[t]->column[c], name, sizeof name);
            is_documented("docs/json.md", json, name);
            is_documented("docs/results.md", file, t < N_OF_ONE_ROW ? name : tables[t]->column[c].name);
        }
    free(json);
    free(file);
}

int main(void)
{
    unsigned failures;
    CU_pSuite suite;

    CU_initialize_registry();
    suite = CU_add_suite("results as JSON", NULL, NULL);
    CU_ADD_TEST(suite, the_digest_is_a_string_at_the_top);
    CU_ADD_TEST(suite, integers_of_64_bits_survive_as_strings);
    CU_ADD_TEST(suite, estimates_come_back_to_the_last_bit);
    CU_ADD_TEST(suite, what_the_data_cannot_say_is_null);
    CU_ADD_TEST(suite, objectives_and_findings_are_words);
    CU_ADD_TEST(suite, the_histogram_is_complete);
    CU_ADD_TEST(suite, the_series_are_rows_of_intervals);
    CU_ADD_TEST(suite, series_of_more_than_a_thousand_rows_are_left_to_the_file);
    CU_ADD_TEST(suite, the_design_is_there_as_it_was_written);
    CU_ADD_TEST(suite, awkward_names_are_escaped);
    CU_ADD_TEST(suite, the_engine_is_there_when_asked_for);
    CU_ADD_TEST(suite, the_keys_keep_their_order);
    CU_ADD_TEST(suite, the_same_results_are_the_same_text);
    CU_ADD_TEST(suite, every_column_is_in_the_manuals);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? 0 : 1;
}
