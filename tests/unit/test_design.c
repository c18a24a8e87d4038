/* test_design.c - designs: read from JSON, refused with reasons, written back, made by hand. */
#include <CUnit/Basic.h>
#include <architech/design.h>
#include <architech/dist.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A design around the steps of one endpoint, and around anything else. */
#define HEAD     "{\"architech\": 1, "
#define SERVICES "\"services\": {\"app\": {\"endpoints\": {\"serve\": [%s]}}}, "
#define LOAD     "\"workloads\": {\"web\": {\"rate\": \"10/s\", \"mix\": {\"app/serve\": 1}}}}"

static char *file_text(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 1 << 20);

    if (f && text)
        text[fread(text, 1, (1 << 20) - 1, f)] = '\0';
    if (f)
        fclose(f);
    return text;
}

static arch_status_t parse(const char *text, arch_design_t **d, arch_problems_t *p)
{
    memset(p, 0, sizeof *p);
    return arch_design_parse("design", "tests", text, strlen(text), d, p);
}

/* The design, or NULL and what is wrong on stderr. */
static arch_design_t *sound(const char *text)
{
    arch_design_t *d;
    arch_problems_t p;

    if (parse(text, &d, &p) != ARCH_OK)
        fprintf(stderr, "%s\n", arch_error_text());
    arch_problems_clear(&p);
    return d;
}

static arch_design_t *with_steps(const char *steps)
{
    char text[4096];

    snprintf(text, sizeof text, HEAD SERVICES LOAD, steps);
    return sound(text);
}

/* ---- bad files --------------------------------------------------------------------------------------------------- */

/* What the command prints of a refusal: see bad/run.sh. */
static char *words_of(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    char *words = calloc(1, 1 << 20);
    arch_design_t *d;
    arch_problems_t p = {0, NULL};
    arch_status_t st = arch_design_read(path, &d, &p);
    size_t n = 0;

    for (uint32_t i = 0; i < p.n; i++)
        n += (size_t)snprintf(words + n, (1 << 20) - n, "architech: %s: %s%s%s\n", name, p.problem[i].at,
                              *p.problem[i].at ? ": " : "", p.problem[i].text);
    snprintf(words + n, (1 << 20) - n, "[exit %d]\n", arch_status_exit(st));
    CU_ASSERT_PTR_NULL(d);
    CU_ASSERT(p.n > 0);
    arch_problems_clear(&p);
    CU_ASSERT(p.n == 0 && p.problem == NULL);
    return words;
}

static void refuses_each_bad_file_in_exactly_these_words(void)
{
    glob_t files;

    CU_ASSERT_EQUAL_FATAL(glob("tests/bad/*.json", 0, NULL, &files), 0);
    CU_ASSERT(files.gl_pathc > 100);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char expected_path[512], *expected, *words = words_of(files.gl_pathv[i]);
        snprintf(expected_path, sizeof expected_path, "%.*s.txt", (int)strlen(files.gl_pathv[i]) - 5,
                 files.gl_pathv[i]);
        expected = file_text(expected_path);
        CU_ASSERT_STRING_EQUAL(words, expected);
        if (strcmp(words, expected) != 0)
            fprintf(stderr, "%s draws:\n%s", files.gl_pathv[i], words);
        free(words);
        free(expected);
    }
    globfree(&files);
}

static void lists_ten_thousand_problems_and_counts_the_rest(void)
{
    enum { N = 25000 };
    char *text = malloc(N * 20 + 400);
    size_t n = (size_t)sprintf(text, "%s", HEAD);
    arch_design_t *d;
    arch_problems_t p;

    for (int i = 0; i < N; i++)
        n += (size_t)sprintf(text + n, "\"key%d\": %d, ", i, i);
    sprintf(text + n, SERVICES LOAD, "");
    CU_ASSERT_EQUAL(parse(text, &d, &p), ARCH_E_FORMAT);
    CU_ASSERT_EQUAL_FATAL(p.n, 10000);
    CU_ASSERT_STRING_EQUAL(p.problem[0].at, "/key0");
    CU_ASSERT_STRING_EQUAL(p.problem[9998].at, "/key9998");
    CU_ASSERT_STRING_EQUAL(p.problem[9999].text, "found 15001 more problems, which are not listed");
    arch_problems_clear(&p);
    free(text);
}

static void refuses_what_is_too_large_without_looking_at_it(void)
{
    size_t length = (1u << 30) + 1;
    char *text = calloc(1, length); /* never touched, so it costs nothing */
    arch_design_t *d;
    arch_problems_t p = {0, NULL};

    CU_ASSERT_EQUAL(arch_design_parse("huge", NULL, text, length, &d, &p), ARCH_E_FORMAT);
    CU_ASSERT(p.n == 1 && strstr(p.problem[0].text, "1 GiB") != NULL);
    arch_problems_clear(&p);
    free(text);
}

static void says_what_kept_a_file_from_being_read(void)
{
    arch_design_t *d;
    arch_problems_t p = {0, NULL};

    CU_ASSERT_EQUAL(arch_design_read("tests/no-such.json", &d, &p), ARCH_E_NOTFOUND);
    CU_ASSERT_STRING_EQUAL(arch_error_text(), "tests/no-such.json: cannot open: No such file or directory");
    CU_ASSERT_EQUAL(arch_design_read("tests", &d, &p), ARCH_E_NOTFOUND);
    CU_ASSERT_STRING_EQUAL(arch_error_text(), "tests: cannot read: Is a directory");
    CU_ASSERT(p.n == 0 && d == NULL);
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static double delay_of(const char *value)
{
    char steps[256];
    arch_design_t *d;
    double ns = -1.0;

    snprintf(steps, sizeof steps, "{\"delay\": \"%s\"}", value);
    d = with_steps(steps);
    if (d)
        ns = d->service[0].endpoint[0].steps.step[0].time.p[0];
    arch_design_destroy(&d);
    return ns;
}

static void reads_times_to_the_last_bit(void)
{
    CU_ASSERT_EQUAL(delay_of("0s"), 0.0);
    CU_ASSERT_EQUAL(delay_of("7ns"), 7.0);
    CU_ASSERT_EQUAL(delay_of("250us"), 250e3);
    CU_ASSERT_EQUAL(delay_of("10 ms"), 10e6);
    CU_ASSERT_EQUAL(delay_of("0.29ms"), 290000.0); /* 0.29 * 1e6 is not */
    CU_ASSERT_EQUAL(delay_of("1.001s"), 1001000000.0);
    CU_ASSERT_EQUAL(delay_of("1.5h"), 5400e9);
    CU_ASSERT_EQUAL(delay_of("2min"), 120e9);
    CU_ASSERT_EQUAL(delay_of("1d"), 86400e9);
    CU_ASSERT_EQUAL(delay_of("1e-3s"), 1e6);
    CU_ASSERT_EQUAL(delay_of(".5s"), 5e8);
}

static void reads_rates_per_second_minute_hour_and_day(void)
{
    static const struct {
        const char *text;
        double per_s;
    } rates[] = {{"800/s", 800.0}, {"90/min", 1.5}, {"7200 /h", 2.0}, {"864/d", 0.01}, {"1e3/s", 1000.0}};

    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        char text[512];
        arch_design_t *d;
        snprintf(text, sizeof text,
                 HEAD SERVICES "\"workloads\": {\"web\": {\"rate\": \"%s\", \"mix\": {\"app\": 1}}}}", "",
                 rates[i].text);
        d = sound(text);
        CU_ASSERT(d && d->workload[0].rate == rates[i].per_s && d->workload[0].kind == ARCH_OPEN_POISSON);
        arch_design_destroy(&d);
    }
}

static void resolves_every_distribution(void)
{
    static const struct {
        const char *text;
        double mean, cv; /* cv < 0: not asked */
    } dists[] = {{"\"10ms\"", 10e6, 0.0},
                 {"{\"exponential\": {\"mean\": \"10ms\", \"plus\": \"1ms\"}}", 11e6, -1.0},
                 {"{\"uniform\": {\"low\": \"5ms\", \"high\": \"15ms\"}}", 10e6, -1.0},
                 {"{\"uniform\": {\"mean\": \"10ms\", \"cv\": 0.5}}", 10e6, 0.5},
                 {"{\"normal\": {\"mean\": \"10ms\", \"sd\": \"1ms\"}}", 10e6, 0.1},
                 {"{\"normal\": {\"mean\": \"10ms\", \"cv\": 0.1}}", 10e6, 0.1},
                 {"{\"lognormal\": {\"mu\": 16.1, \"sigma\": 0}}", 9820670.9, 0.0},
                 {"{\"lognormal\": {\"mean\": \"10ms\", \"cv\": 1.5}}", 10e6, 1.5},
                 {"{\"gamma\": {\"shape\": 4, \"scale\": \"2.5ms\"}}", 10e6, 0.5},
                 {"{\"gamma\": {\"mean\": \"10ms\", \"cv\": 3}}", 10e6, 3.0},
                 {"{\"erlang\": {\"k\": 4, \"mean\": \"10ms\"}}", 10e6, 0.5},
                 {"{\"erlang\": {\"mean\": \"10ms\", \"cv\": 0.5}}", 10e6, 0.5},
                 {"{\"weibull\": {\"shape\": 1, \"scale\": \"10ms\"}}", 10e6, 1.0},
                 {"{\"weibull\": {\"mean\": \"10ms\", \"cv\": 2}}", 10e6, 2.0},
                 {"{\"pareto\": {\"alpha\": 3, \"minimum\": \"2ms\"}}", 3e6, -1.0},
                 {"{\"pareto\": {\"mean\": \"10ms\", \"cv\": 2}}", 10e6, 2.0},
                 {"{\"hyperexponential\": {\"p\": 0.5, \"mean1\": \"5ms\", \"mean2\": \"15ms\"}}", 10e6, -1.0},
                 {"{\"hyperexponential\": {\"mean\": \"10ms\", \"cv\": 2}}", 10e6, 2.0},
                 {"{\"empirical\": {\"values\": [[\"5ms\", 0.5], [\"15ms\", 1]]}}", 10e6, 0.5},
                 {"{\"empirical\": {\"values\": [[\"5ms\", 0], [\"15ms\", 1]], \"between\": \"linear\"}}", 10e6, -1.0}};

    for (size_t i = 0; i < sizeof dists / sizeof *dists; i++) {
        char steps[256];
        arch_design_t *d;
        const arch_dist_t *t;
        snprintf(steps, sizeof steps, "{\"cpu\": %s}", dists[i].text);
        d = with_steps(steps);
        CU_ASSERT_PTR_NOT_NULL_FATAL(d);
        t = &d->service[0].endpoint[0].steps.step[0].time;
        CU_ASSERT_DOUBLE_EQUAL(arch_dist_mean(t, d->table), dists[i].mean, dists[i].mean * 1e-6);
        if (dists[i].cv >= 0.0)
            CU_ASSERT_DOUBLE_EQUAL(arch_dist_cv(t, d->table), dists[i].cv, 1e-6);
        arch_design_destroy(&d);
    }
}

static void fills_in_the_defaults_of_the_page(void)
{
    arch_design_t *d = sound(HEAD "\"services\": {\"app\": {\"endpoints\": {\"serve\": []}}}, "
                                  "\"databases\": {\"db\": {\"cores\": 8, \"read_replicas\": {\"count\": 2}, "
                                  "\"queries\": {\"save\": {\"writes\": true, \"cpu\": \"2ms\"}}}}, "
                                  "\"caches\": {\"redis\": {\"ttl\": \"60s\"}}, " LOAD);

    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    CU_ASSERT(d->run.duration == 60 * ARCH_SECOND && d->run.warmup == ARCH_AUTO && d->run.interval == ARCH_AUTO);
    CU_ASSERT(d->run.replications == 10 && d->run.seed == 1);
    CU_ASSERT(d->service[0].replicas == 1 && d->service[0].cores == 1 && d->service[0].discipline == ARCH_FIFO);
    CU_ASSERT(d->service[0].threads == ARCH_UNLIMITED && d->service[0].queue_limit == ARCH_UNLIMITED);
    CU_ASSERT(d->database[0].read_replicas == 2 && d->database[0].replica_cores == 8);
    CU_ASSERT(d->database[0].read_from == ARCH_READ_REPLICAS && d->database[0].connections == ARCH_UNLIMITED);
    CU_ASSERT(d->database[0].query[0].apply.p[0] == 2e6 && d->database[0].query[0].io.p[0] == 0.0);
    CU_ASSERT(d->cache[0].kind == ARCH_CACHE_TTL && d->cache[0].ttl == 60 * ARCH_SECOND && d->cache[0].cores == 1);
    CU_ASSERT(d->cache[0].capacity == ARCH_UNLIMITED && d->cache[0].service.p[0] == 10e3);
    CU_ASSERT(d->latency.kind == ARCH_DIST_CONSTANT && d->latency.p[0] == 0.0);
    CU_ASSERT(d->workload[0].priority == 0 && d->workload[0].operation[0].balance.kind == ARCH_BALANCE_ROUND_ROBIN);
    arch_design_destroy(&d);
}

static void understands_every_step(void)
{
    arch_design_t *d = sound(HEAD "\"keyspaces\": {\"keys\": {\"count\": 10}}, \"caches\": {\"c\": {\"capacity\": 5}, "
                                  "\"r\": {\"hit_ratio\": 0.9}}, "
                                  "\"databases\": {\"db\": {\"queries\": {\"find\": {\"io\": \"1ms\"}}}}, "
                                  "\"services\": {\"app\": {\"endpoints\": {\"serve\": ["
                                  "{\"call\": \"db\", \"wait\": false}, {\"parallel\": [[], [], []], \"join\": 2}, "
                                  "{\"parallel\": [[], []], \"join\": \"any\"},"
                                  "{\"choose\": [{\"weight\": 3, \"steps\": []}, {\"weight\": 1, \"steps\": []}]}, "
                                  "{\"repeat\": 7, \"steps\": []},"
                                  "{\"cache\": \"c\", \"keys\": \"keys\", \"miss\": []}, {\"cache\": \"r\", \"miss\": "
                                  "[]}, {\"fail\": 0.25}]}}}, " LOAD);
    const arch_step_t *s;

    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    s = d->service[0].endpoint[0].steps.step;
    CU_ASSERT(s[0].kind == ARCH_STEP_CALL && s[0].async && s[0].target.kind == ARCH_DATABASE);
    CU_ASSERT(s[1].kind == ARCH_STEP_PARALLEL && s[1].n_branches == 3 && s[1].join == 2 && s[2].join == 1);
    CU_ASSERT(s[3].kind == ARCH_STEP_CHOOSE && s[3].weight[0] == 0.75 && s[3].weight[1] == 0.25);
    CU_ASSERT(s[4].kind == ARCH_STEP_REPEAT && s[4].count.p[0] == 7.0 && s[4].n_branches == 1);
    CU_ASSERT(s[5].kind == ARCH_STEP_CACHE && s[5].keyspace == 0 && s[5].target.element == 0);
    CU_ASSERT(s[6].kind == ARCH_STEP_CACHE && s[6].keyspace == ARCH_NONE && s[6].target.element == 1);
    CU_ASSERT(s[7].kind == ARCH_STEP_FAIL && s[7].probability == 0.25);
    CU_ASSERT_STRING_EQUAL(s[7].at, "/services/app/endpoints/serve/7");
    arch_design_destroy(&d);
}

static void lets_recursion_be_that_has_a_way_out(void)
{
    static const char *const steps[] = {
        "{\"call\": \"app\", \"wait\": false}",
        "{\"fail\": 0.5}, {\"call\": \"app\"}",
        "{\"repeat\": 0, \"steps\": [{\"call\": \"app\"}]}",
        "{\"choose\": [{\"weight\": 1, \"steps\": [{\"call\": \"app\"}]}, {\"weight\": 1, \"steps\": []}]}",
        "{\"parallel\": [[{\"call\": \"app\"}], []], \"join\": \"any\"}",
        "{\"repeat\": {\"uniform\": {\"low\": 0, \"high\": 1}}, \"steps\": [{\"call\": \"app\"}]}"};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        arch_design_t *d = with_steps(steps[i]);
        CU_ASSERT_PTR_NOT_NULL(d);
        arch_design_destroy(&d);
    }
}

/* ---- tables from files ------------------------------------------------------------------------------------------- */

static arch_status_t read_with_table(const char *csv, const char *more, arch_design_t **d, arch_problems_t *p)
{
    char folder[256], path[300], text[512];
    arch_status_t st;
    FILE *f;

    snprintf(folder, sizeof folder, "%s/architech-test-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : P_tmpdir);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/t.csv", folder);
    f = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs(csv, f);
    fclose(f);
    snprintf(text, sizeof text,
             HEAD "\"services\": {\"app\": {\"endpoints\": {\"serve\": [{\"cpu\": {\"empirical\": "
                  "{\"file\": \"t.csv\"%s}}}]}}}, " LOAD,
             more);
    memset(p, 0, sizeof *p);
    st = arch_design_parse("design", folder, text, strlen(text), d, p);
    unlink(path);
    rmdir(folder);
    return st;
}

static void reads_a_sample_and_a_table_from_files(void)
{
    arch_design_t *d;
    arch_problems_t p;

    CU_ASSERT_EQUAL(read_with_table("# ms\n3\r\n1\n\n2\n4", ", \"unit\": \"ms\"", &d, &p), ARCH_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    CU_ASSERT(d->n_tables == 1 && d->table[0].n == 4 && !d->table[0].linear);
    CU_ASSERT(d->table[0].value[0] == 1e6 && d->table[0].value[3] == 4e6 && d->table[0].cumulative[0] == 0.25);
    arch_design_destroy(&d);
    CU_ASSERT_EQUAL(read_with_table("1ms, 0.5\n2ms , 1\n", ", \"between\": \"linear\"", &d, &p), ARCH_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    CU_ASSERT(d->table[0].linear && d->table[0].n == 2 && d->table[0].cumulative[1] == 1.0);
    arch_design_destroy(&d);
}

static void refuses_tables_with_the_line_that_is_wrong(void)
{
    static const struct {
        const char *csv, *more, *text;
    } bad[] = {{"", "", "found a file without values, expected at least one line"},
               {"1ms\n2\n", "",
                "found \"2\" in line 2 of the file, expected a time such as 10ms (or say \"unit\" beside \"file\")"},
               {"1\nx\n", ", \"unit\": \"ms\"", "found \"x\" in line 2 of the file, expected a time of zero or more"},
               {"1\n2,1\n", ", \"unit\": \"ms\"",
                "found \"2\" in line 2 of the file, expected as many columns as in the lines before"},
               {"1,1.5\n", ", \"unit\": \"ms\"",
                "found \"1.5\" in line 1 of the file, expected a cumulative share from 0 to 1"},
               {"1,0.5\n2,0.4\n", ", \"unit\": \"ms\"",
                "found an entry below the one before it, expected values and shares that ascend"},
               {"\xff\n", ", \"unit\": \"ms\"", "found \"?\" in line 1 of the file, expected a time of zero or more"}};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        arch_design_t *d;
        arch_problems_t p;
        CU_ASSERT_EQUAL(read_with_table(bad[i].csv, bad[i].more, &d, &p), ARCH_E_FORMAT);
        CU_ASSERT_EQUAL_FATAL(p.n, 1);
        CU_ASSERT_STRING_EQUAL(p.problem[0].text, bad[i].text);
        CU_ASSERT_STRING_EQUAL(p.problem[0].at, "/services/app/endpoints/serve/0/cpu/empirical/file");
        arch_problems_clear(&p);
    }
}

/* ---- written back ------------------------------------------------------------------------------------------------ */

static void comes_back_the_same(const arch_design_t *d)
{
    arch_design_t *again = NULL;
    arch_problems_t p;
    char *text = NULL, *second = NULL;

    CU_ASSERT_EQUAL_FATAL(arch_design_explain(d, &text), ARCH_OK);
    CU_ASSERT_EQUAL(parse(text, &again, &p), ARCH_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_EQUAL(arch_design_explain(again, &second), ARCH_OK);
    CU_ASSERT_STRING_EQUAL(text, second);
    CU_ASSERT_EQUAL(d->hash, again->hash);
    CU_ASSERT_EQUAL(arch_design_check(d, &p), ARCH_OK);
    arch_problems_clear(&p);
    arch_design_destroy(&again);
    free(text);
    free(second);
}

static void writes_every_example_back_to_the_last_bit(void)
{
    glob_t files;

    CU_ASSERT_EQUAL_FATAL(glob("examples/*.json", 0, NULL, &files), 0);
    CU_ASSERT_EQUAL_FATAL(glob("tests/fuzz/*.json", GLOB_APPEND, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        arch_design_t *d;
        arch_problems_t p = {0, NULL};
        CU_ASSERT_EQUAL(arch_design_read(files.gl_pathv[i], &d, &p), ARCH_OK);
        CU_ASSERT_PTR_NOT_NULL_FATAL(d);
        comes_back_the_same(d);
        arch_design_destroy(&d);
    }
    globfree(&files);
}

static void writes_awkward_numbers_back_to_the_last_bit(void)
{
    static const char *const steps[] = {
        "{\"cpu\": {\"erlang\": {\"k\": 7, \"mean\": \"1.23456789ms\"}}}",
        "{\"cpu\": \"0.1ns\"}",
        "{\"cpu\": \"1e-300s\"}",
        "{\"cpu\": {\"lognormal\": {\"mean\": \"0.333ms\", \"cv\": 0.777}}}",
        "{\"delay\": \"25550d\"}",
        "{\"cpu\": {\"hyperexponential\": {\"mean\": \"1ms\", \"cv\": 1.7}}}",
        "{\"fail\": 1e-17}",
        /* shares whose sum is not 1 */
        "{\"choose\": [{\"weight\": 2, \"steps\": []}, {\"weight\": 1, \"steps\": []}, {\"weight\": 6, \"steps\": []}, "
        "{\"weight\": 4, \"steps\": []}, {\"weight\": 1, \"steps\": []}, {\"weight\": 5, \"steps\": []}]}",
        "{\"cpu\": {\"empirical\": {\"values\": [[\"0s\", 0], [\"1.5us\", 0.1], [\"15ms\", 1]], \"between\": "
        "\"linear\"}}}",
        "{\"cpu\": {\"weibull\": {\"mean\": \"7ms\", \"cv\": 0.3, \"plus\": \"0.7us\"}}}"};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        arch_design_t *d = with_steps(steps[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(d);
        comes_back_the_same(d);
        arch_design_destroy(&d);
    }
}

static void hashes_what_a_design_means(void)
{
    arch_design_t *a = with_steps("{\"cpu\": \"10ms\"}"), *b = with_steps("\n  { \"cpu\" : \"0.01 s\" } "),
                  *c = with_steps("{\"cpu\": \"11ms\"}");

    CU_ASSERT_FATAL(a && b && c);
    CU_ASSERT_EQUAL(a->hash, b->hash);
    CU_ASSERT_NOT_EQUAL(a->hash, c->hash);
    CU_ASSERT(strstr(b->source, "0.01 s") != NULL);
    arch_design_destroy(&a);
    arch_design_destroy(&b);
    arch_design_destroy(&c);
    CU_ASSERT_PTR_NULL(a);
}

/* ---- size -------------------------------------------------------------------------------------------------------- */

/* A tree of services, each calling two others. */
static char *tree_of_services(uint32_t n_services)
{
    char *text = malloc(n_services * 120u + 1000u);
    size_t n = (size_t)sprintf(text, HEAD "\"services\": {");

    for (uint32_t i = 0; i < n_services; i++) {
        n += (size_t)sprintf(text + n, "%s\n\"s%u\": {\"endpoints\": {\"do\": [{\"cpu\": \"1ms\"}", i ? "," : "", i);
        for (uint32_t k = 2 * i + 1; k <= 2 * i + 2 && k < n_services; k++)
            n += (size_t)sprintf(text + n, ", {\"call\": \"s%u\"}", k);
        n += (size_t)sprintf(text + n, "]}}");
    }
    sprintf(text + n, "}, \"workloads\": {\"web\": {\"rate\": \"1/s\", \"mix\": {\"s0\": 1}}}}");
    return text;
}

static void holds_a_thousand_services_in_100_kB(void)
{
    char *text = tree_of_services(1000);
    arch_design_t *d = sound(text);

    CU_ASSERT(d && d->n_services == 1000);
    CU_ASSERT(strlen(text) < 100000);
    arch_design_destroy(&d);
    free(text);
}

static void reads_a_hundred_thousand_services(void)
{
    char *text = tree_of_services(100000);
    arch_design_t *d = sound(text);

    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    CU_ASSERT_EQUAL(d->n_services, 100000);
    CU_ASSERT_EQUAL(d->service[49998].endpoint[0].steps.step[2].target.element, 99998);
    arch_design_destroy(&d);
    free(text);
}

/* ---- made by hand ------------------------------------------------------------------------------------------------ */

/* One service, one closed workload. */
static arch_design_t *by_hand(void)
{
    arch_design_t *d;
    arch_step_t *s;

    CU_ASSERT_EQUAL_FATAL(arch_design_create(&d), ARCH_OK);
    d->service = arch_design_alloc(d, sizeof *d->service);
    d->service->endpoint = arch_design_alloc(d, sizeof *d->service->endpoint);
    s = arch_design_alloc(d, sizeof *s);
    s->kind = ARCH_STEP_CPU;
    s->time.kind = ARCH_DIST_EXPONENTIAL;
    s->time.p[0] = 1e6;
    d->n_services = d->service->n_endpoints = d->service->replicas = d->service->cores = 1;
    d->service->threads = d->service->queue_limit = ARCH_UNLIMITED;
    d->service->name = "app";
    d->service->endpoint->name = "serve";
    d->service->endpoint->steps.n = 1;
    d->service->endpoint->steps.step = s;
    d->workload = arch_design_alloc(d, sizeof *d->workload);
    d->workload->operation = arch_design_alloc(d, sizeof *d->workload->operation);
    d->n_workloads = d->workload->n_operations = 1;
    d->workload->name = "web";
    d->workload->kind = ARCH_CLOSED;
    d->workload->users = 5;
    d->workload->operation->name = "app/serve";
    d->workload->operation->weight = 1.0;
    return d;
}

static void draws_when_broken(arch_design_t *d, const char *at, const char *words)
{
    arch_problems_t p = {0, NULL};

    CU_ASSERT_EQUAL(arch_design_check(d, &p), ARCH_E_FORMAT);
    CU_ASSERT_FATAL(p.n > 0);
    CU_ASSERT_STRING_EQUAL(p.problem[0].at, at);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.problem[0].text, words));
    if (strcmp(p.problem[0].at, at) != 0 || !strstr(p.problem[0].text, words))
        fprintf(stderr, "%s: %s\n", p.problem[0].at, p.problem[0].text);
    arch_problems_clear(&p);
    arch_design_destroy(&d);
}

static void accepts_a_sound_design_made_by_hand(void)
{
    arch_design_t *d = by_hand();
    arch_problems_t p = {0, NULL};

    CU_ASSERT_EQUAL(arch_design_check(d, &p), ARCH_OK);
    CU_ASSERT_EQUAL(p.n, 0);
    arch_design_destroy(&d);
}

static void refuses_what_was_broken_by_hand(void)
{
    arch_design_t *d = by_hand();

    d->service->replicas = 0;
    draws_when_broken(d, "/services/app/replicas", "found 0");
    d = by_hand();
    d->service->name = NULL;
    draws_when_broken(d, "", "found no name");
    d = by_hand();
    d->n_caches = 3;
    draws_when_broken(d, "", "found a count without an array");
    d = by_hand();
    d->workload->operation->target.element = 7;
    draws_when_broken(d, "/workloads/web/mix/app/serve", "found no service");
    d = by_hand();
    d->workload->operation->name = "app/other";
    draws_when_broken(d, "/workloads/web/mix/app/other", "not named after its target");
    d = by_hand();
    d->service->endpoint->steps.step->time.p[0] = NAN;
    draws_when_broken(d, "/services/app/endpoints/serve/0", "mean: is ");
    d = by_hand();
    d->service->endpoint->steps.step->kind = (arch_step_kind_t)77;
    draws_when_broken(d, "/services/app/endpoints/serve/0", "found no kind of step of number 77");
    d = by_hand();
    d->service->endpoint->steps.step->kind = ARCH_STEP_CALL;
    draws_when_broken(d, "/services/app/endpoints/serve/0", "never end");
    d = by_hand();
    d->service->endpoint->steps.n = 0;
    draws_when_broken(d, "/workloads/web/think", "no time to think");
}

static void destroys_nothing_twice(void)
{
    arch_design_t *d = NULL;

    arch_design_destroy(NULL);
    arch_design_destroy(&d);
    arch_problems_clear(NULL);
    CU_ASSERT_PTR_NULL(d);
}

#define ADD(f) CU_add_test(suite, #f, f)

static void add_reading(CU_pSuite suite)
{
    ADD(refuses_each_bad_file_in_exactly_these_words);
    ADD(lists_ten_thousand_problems_and_counts_the_rest);
    ADD(refuses_what_is_too_large_without_looking_at_it);
    ADD(says_what_kept_a_file_from_being_read);
    ADD(reads_times_to_the_last_bit);
    ADD(reads_rates_per_second_minute_hour_and_day);
    ADD(resolves_every_distribution);
    ADD(fills_in_the_defaults_of_the_page);
    ADD(understands_every_step);
    ADD(lets_recursion_be_that_has_a_way_out);
    ADD(reads_a_sample_and_a_table_from_files);
    ADD(refuses_tables_with_the_line_that_is_wrong);
}

int main(void)
{
    CU_pSuite suite;

    if (CU_initialize_registry() != CUE_SUCCESS || !(suite = CU_add_suite("design", NULL, NULL)))
        return 1;
    add_reading(suite);
    ADD(writes_every_example_back_to_the_last_bit);
    ADD(writes_awkward_numbers_back_to_the_last_bit);
    ADD(hashes_what_a_design_means);
    ADD(holds_a_thousand_services_in_100_kB);
    ADD(reads_a_hundred_thousand_services);
    ADD(accepts_a_sound_design_made_by_hand);
    ADD(refuses_what_was_broken_by_hand);
    ADD(destroys_nothing_twice);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
