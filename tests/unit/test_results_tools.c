/* tests/unit/test_results_tools.c - the tools that people have open a result file: h5dump, h5ls, h5py. A tool that is not
 * installed is not asked; without any of them the test is skipped. */
#include "unit/results_folder.h"
#include "unit/results_sample.h"
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

enum { SKIPPED = 77, ANSWER_BYTES = 1 << 16 };

static results_folder_t folder;
static char             path[300];
static int              n_tools;

/* Runs `before path after` and keeps what it prints; false when it fails. */
static bool ask(const char *before, const char *after, char answer[ANSWER_BYTES])
{
    char command[4096];
    size_t n;
    FILE *pipe;

    snprintf(command, sizeof command, "%s '%s' %s 2>&1", before, path, after);
    pipe = popen(command, "r");
    if (pipe == NULL)
        return false;
    n = fread(answer, 1, ANSWER_BYTES - 1, pipe);
    answer[n] = '\0';
    return pclose(pipe) == 0;
}

static bool installed(const char *probe)
{
    bool yes = system(probe) == 0;

    n_tools += yes;
    return yes;
}

static void contains(const char *answer, const char *expected)
{
    CU_ASSERT_PTR_NOT_NULL(strstr(answer, expected));
    if (strstr(answer, expected) == NULL)
        fprintf(stderr, "expected %s in:\n%.2000s\n", expected, answer);
}

static void h5dump_shows_units_and_values(void)
{
    static char answer[ANSWER_BYTES];

    if (!installed("command -v h5dump > /dev/null 2>&1"))
        return;
    CU_ASSERT_TRUE(ask("h5dump -a /digest", "", answer));
    contains(answer, "8c1f20d61e2f3a4b");
    CU_ASSERT_TRUE(ask("h5dump -d /operations/mean", "", answer));
    contains(answer, "6.4123e+06, 812000");
    contains(answer, "\"ns\"");
    CU_ASSERT_TRUE(ask("h5dump", "> /dev/null", answer));
    CU_ASSERT_STRING_EQUAL(answer, "");
}

static void h5ls_lists_the_series(void)
{
    static char answer[ANSWER_BYTES];

    if (!installed("command -v h5ls > /dev/null 2>&1"))
        return;
    CU_ASSERT_TRUE(ask("h5ls -r", "", answer));
    contains(answer, "/series/component/utilisation Dataset {6, 4}");
    contains(answer, "/operations/p95          Dataset {2}");
}

static void h5py_finds_names_units_and_scales(void)
{
    static const char script[] =
        "/usr/bin/python3 -c '\n"
        "import h5py, sys\n"
        "with h5py.File(sys.argv[1], \"r\") as f:\n"
        "    print(f.attrs[\"digest\"].decode(), f.attrs[\"objectives_met\"], int(f.attrs[\"format_version\"]))\n"
        "    u = f[\"series/component/utilisation\"]\n"
        "    print(u.shape, u.attrs[\"units\"].decode(), list(u.dims[1][0][:]))\n"
        "    print([n.decode() for n in u.dims[0][0]][1], float(u[1, 3]))\n"
        "    print(f[\"operations/name\"].asstr()[0], f[\"operations/mean\"][0], f[\"operations/mean\"].dims[0].keys())\n"
        "    print(f[\"objectives/met\"][:], f[\"provenance\"].attrs[\"seed\"], f[\"components/kind\"].asstr()[5])\n"
        "    print(f[\"design\"][()].decode().strip())\n"
        "    o = f[\"histograms/offset\"]\n"
        "    print(f[\"histograms/count\"][o[1]:o[2]])\n"
        "    e = f[\"engine\"]\n"
        "    print(e.attrs[\"executor\"].decode(), e.attrs[\"lookahead_ns\"], list(e[\"ranks/events\"]))\n"
        "    print([(k, e[\"ranks\"][k].attrs[\"units\"].decode()) for k in (\"wait_seconds\", \"peak_bytes\")])\n"
        "    print(e[\"ranks/bytes\"].dims[0].keys(), e[\"groups/name\"].asstr()[0], e[\"groups/wait_share\"][0])\n"
        "'";
    static char answer[ANSWER_BYTES];

    if (!installed("/usr/bin/python3 -c 'import h5py' > /dev/null 2>&1"))
        return;
    CU_ASSERT_TRUE(ask(script, "", answer));
    contains(answer, "8c1f20d61e2f3a4b False 1\n");
    contains(answer, "(6, 4) 1 [0.0, 15.0, 30.0, 45.0]\n");
    contains(answer, "app#0 0.699999988079071\n");
    contains(answer, "lb/read 6412300.0 ['name']\n");
    contains(answer, "[ True False False False] 18446744073709551615 database\n");
    contains(answer, "{\"name\": \"stage-2 horizontal\", \"run\": {\"duration\": \"60s\"}}\n");
    contains(answer, "[200 100]\n");
    contains(answer, "conservative 500000 [6172839, 6172839, 0]\n");
    contains(answer, "[('wait_seconds', 's'), ('peak_bytes', 'B')]\n");
    contains(answer, "['name'] group 0 0.125\n");
}

/* Runs from the root of the repository, as ctest does. */
static void the_program_in_the_manual_runs(void)
{
    static char answer[ANSWER_BYTES];
    char before[1024];

    if (!installed("/usr/bin/python3 -c 'import h5py' > /dev/null 2>&1"))
        return;
    snprintf(before, sizeof before,
             "awk '/^```python/ { on = 1; next } /^```/ { if (on) exit } on' docs/results.md > '%s/manual.py'; "
             "cd '%s' && /usr/bin/python3 manual.py", folder.path, folder.path);
    CU_ASSERT_TRUE(ask(before, "", answer));
    contains(answer, "8c1f20d61e2f3a4b False\nlb/read: p95 = 14.84 ± 0.22 ms\n");
    contains(answer, "(15.0, ");
}

static void write_sample(void)
{
    arch_results_t *r = results_sample();

    CU_ASSERT_EQUAL(arch_results_write(path, r, NULL), ARCH_OK);
    arch_results_destroy(&r);
}

int main(void)
{
    unsigned failures;
    CU_pSuite suite;

    if (!results_folder_create(&folder))
        return 1;
    results_folder_file(&folder, "run.h5", path, sizeof path);
    CU_initialize_registry();
    suite = CU_add_suite("result files in other hands", NULL, NULL);
    CU_ADD_TEST(suite, write_sample);
    CU_ADD_TEST(suite, h5dump_shows_units_and_values);
    CU_ADD_TEST(suite, h5ls_lists_the_series);
    CU_ADD_TEST(suite, h5py_finds_names_units_and_scales);
    CU_ADD_TEST(suite, the_program_in_the_manual_runs);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    results_folder_destroy(&folder);
    return failures != 0 ? 1 : n_tools == 0 ? SKIPPED : 0;
}
