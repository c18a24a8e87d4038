/* cli/run_options.c - the options of architech run. */
#include "cli/run.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
    FORMAT = 256, SEED, REPLICATIONS, DURATION, WARMUP, THREADS, PARTITIONS, GROUP, EXECUTOR, MEMORY, QUIET, NO_PROGRESS,
    EXPLAIN, ENGINE_STATS, TRACE, EVERY, EVERY_SIMULATED, DIR, KEEP, RESUME, SHOW, KEY, ALLOW, INSECURE, SET, UNSET,
    PRECISION, PRECISION_OF, MOST
};

static const struct option options[] = {
    {"output", required_argument, NULL, 'o'},
    {"format", required_argument, NULL, FORMAT},
    {"set", required_argument, NULL, SET},
    {"unset", required_argument, NULL, UNSET},
    {"seed", required_argument, NULL, SEED},
    {"replications", required_argument, NULL, REPLICATIONS},
    {"precision", required_argument, NULL, PRECISION},
    {"precision-of", required_argument, NULL, PRECISION_OF},
    {"most-replications", required_argument, NULL, MOST},
    {"duration", required_argument, NULL, DURATION},
    {"warmup", required_argument, NULL, WARMUP},
    {"threads", required_argument, NULL, THREADS},
    {"partitions", required_argument, NULL, PARTITIONS},
    {"group", required_argument, NULL, GROUP},
    {"executor", required_argument, NULL, EXECUTOR},
    {"memory", required_argument, NULL, MEMORY},
    {"checkpoint-every", required_argument, NULL, EVERY},
    {"checkpoint-every-simulated", required_argument, NULL, EVERY_SIMULATED},
    {"checkpoint-dir", required_argument, NULL, DIR},
    {"checkpoint-keep", required_argument, NULL, KEEP},
    {"resume", required_argument, NULL, RESUME},
    {"quiet", no_argument, NULL, 'q'},
    {"no-progress", no_argument, NULL, NO_PROGRESS},
    {"explain", no_argument, NULL, EXPLAIN},
    {"engine-stats", no_argument, NULL, ENGINE_STATS},
    {"trace", required_argument, NULL, TRACE},
    {"show", required_argument, NULL, SHOW},
    {"key", required_argument, NULL, KEY},
    {"allow", required_argument, NULL, ALLOW},
    {"insecure", no_argument, NULL, INSECURE},
    {0},
};

/* A 32-bit count from 1 on; what was expected, or NULL when it is one. */
static const char *read_format(const char *text, bool *json)
{
    *json = strcmp(text, "json") == 0;
    return *json || strcmp(text, "text") == 0 ? NULL : "\"text\" or \"json\"";
}

static const char *read_executor(const char *text, uint32_t *executor)
{
    static const char *const name[] = {"auto",       "sequential", "conservative", /* see arch_executor_t */
                                       "optimistic", "cpu",        "gpu"};

    for (uint32_t i = 0; i < sizeof name / sizeof name[0]; i++)
        if (strcmp(text, name[i]) == 0) {
            *executor = i;
            return NULL;
        }
    return "\"auto\", \"cpu\", \"gpu\", \"sequential\", \"conservative\" or \"optimistic\"";
}

static const char *read_replications(const char *text, cli_request_t *r)
{
    r->automatic = strcmp(text, "auto") == 0;
    r->has_replications = !r->automatic;
    if (r->automatic || cli_parse_count(text, 1, 1000000, &r->replications))
        return NULL;
    return "a whole number from 1 to 1000000, or \"auto\"";
}

/* A list with commas between figures, which have none in their names. */
static const char *read_figures(const char *text, cli_request_t *r)
{
    static const char blanks[] = " \t\n";
    char *rest = r->figures = strdup(text), *one;
    uint32_t n = 1;

    for (const char *c = text; *c != '\0'; c++)
        n += *c == ',';
    r->figure = calloc(n, sizeof *r->figure);
    r->options.precision_of = r->figure;
    r->options.n_precision_of = 0;
    while (rest != NULL && r->figure != NULL && (one = strsep(&rest, ",")) != NULL) {
        one += strspn(one, blanks);
        for (size_t end = strlen(one); end > 0 && strchr(blanks, one[end - 1]) != NULL; end--)
            one[end - 1] = '\0';
        if (*one == '\0')
            return "figures such as \"web lb/read p95,db utilisation\"";
        r->figure[r->options.n_precision_of++] = one;
    }
    return r->figure != NULL && r->figures != NULL ? NULL : "fewer figures: there is no memory for them";
}

static const char *read_precision(int option, const char *text, cli_request_t *r)
{
    if (option == MOST)
        return cli_take_count(text, 1, 1000000, &r->options.most_replications);
    if (option == PRECISION_OF) {
        free(r->figures);
        free(r->figure);
        return read_figures(text, r);
    }
    if (cli_parse_share(text, &r->options.precision) && r->options.precision > 0 && r->options.precision < 1)
        return NULL;
    return "a share above 0 and below 1, such as 5% or 0.05";
}

static const char *read_times(int option, const char *text, cli_request_t *r)
{
    if (option == DURATION) {
        r->has_duration = true;
        return cli_parse_time(text, &r->duration) && r->duration > 0 ? NULL : "a time above 0 such as 60s, 5min or 1h";
    }
    r->has_warmup = true;
    r->warmup = ARCH_AUTO;
    return strcmp(text, "auto") == 0 || cli_parse_time(text, &r->warmup) ? NULL : "a time such as 10s, or \"auto\"";
}

/* A time above 0; what was expected, or NULL. */
static const char *read_interval(const char *text, arch_time_t *ns)
{
    return cli_parse_time(text, ns) && *ns > 0 ? NULL : "a time above 0 such as 30s, 10min or 1h";
}

static const char *read_checkpoint(int option, const char *text, cli_request_t *r)
{
    arch_time_t ns;
    const char *expected;

    switch (option) {
    case EVERY:
        expected = read_interval(text, &ns);
        r->options.checkpoint_every = expected == NULL ? (double)ns * 1e-9 : 0;
        return expected;
    case EVERY_SIMULATED: return read_interval(text, &r->options.checkpoint_every_simulated);
    case DIR: r->options.checkpoint_dir = text; return *text != '\0' ? NULL : "the name of a folder";
    case KEEP: return cli_take_count(text, 1, 1000000, &r->options.checkpoint_keep);
    default: r->options.resume = text; return *text != '\0' ? NULL : "\"auto\" or the path of a checkpoint";
    }
}

static const char *read_show(int option, const char *text, cli_request_t *r)
{
    switch (option) {
    case SHOW: r->show = text; return *text != '\0' ? NULL : "an endpoint such as ipc://run.show";
    case KEY: r->key = text; return NULL;
    case ALLOW: r->allow = text; return NULL;
    default: r->insecure = true; return NULL;
    }
}

/* What was expected of the value, or NULL when it is fine. */
static const char *take(int option, const char *text, cli_request_t *r)
{
    switch (option) {
    case 'o': r->output = text; return *text != '\0' ? NULL : "the name of a file";
    case SET: return cli_take_set(&r->changes, text);
    case UNSET: return cli_take_unset(&r->changes, text);
    case FORMAT: return read_format(text, &r->json);
    case SEED: r->has_seed = true; return cli_parse_count(text, 0, UINT64_MAX, &r->seed) ? NULL : "a whole number from 0 on";
    case REPLICATIONS: return read_replications(text, r);
    case PRECISION:
    case PRECISION_OF:
    case MOST: return read_precision(option, text, r);
    case DURATION:
    case WARMUP: return read_times(option, text, r);
    case THREADS: return cli_take_count(text, 1, 1000000, &r->options.threads);
    case PARTITIONS: return cli_take_count(text, 1, 1000000, &r->options.partitions);
    case GROUP: return cli_take_count(text, 1, 1000000, &r->options.group);
    case EXECUTOR: return read_executor(text, &r->options.executor);
    case MEMORY: return cli_parse_bytes(text, &r->options.memory_limit) ? NULL : "a size such as 512MiB or 4GiB";
    case EVERY:
    case EVERY_SIMULATED:
    case DIR:
    case KEEP:
    case RESUME: return read_checkpoint(option, text, r);
    case SHOW:
    case KEY:
    case ALLOW:
    case INSECURE: return read_show(option, text, r);
    case 'q': r->quiet = true; return NULL;
    case NO_PROGRESS: r->no_progress = true; return NULL;
    case ENGINE_STATS: r->engine_stats = true; return NULL;
    case TRACE: r->trace = text; return *text != '\0' ? NULL : "the name of a file";
    default: r->explain = true; return NULL;
    }
}

static const char *option_name(int option)
{
    for (int i = 0; options[i].name != NULL; i++)
        if (options[i].val == option)
            return options[i].name;
    return "?";
}

/* Who says where, or how many, wants some; but the place alone may be where to go on from. */
static void imply_checkpoints(arch_run_options_t *o)
{
    bool wanted = o->checkpoint_keep > 0 || (o->checkpoint_dir != NULL && o->resume == NULL);

    if (wanted && o->checkpoint_every == 0 && o->checkpoint_every_simulated == 0)
        o->checkpoint_every = 600;
}

int cli_run_options(const cli_t *cli, int argc, char **argv, cli_request_t *request)
{
    int option;

    memset(request, 0, sizeof *request);
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":o:q", options, NULL)) != -1) {
        const char *expected;
        if (option == '?' || option == ':')
            return cli_bad_option(cli, &cli_run, argv, option);
        expected = take(option, optarg, request);
        if (expected != NULL)
            return cli_misuse(cli, &cli_run, "run: --%s: found \"%s\", expected %s", option_name(option), optarg, expected);
    }
    imply_checkpoints(&request->options);
    if (argc - optind != 1)
        return cli_misuse(cli, &cli_run, "run: expected one design, found %d", argc - optind);
    request->design = argv[optind];
    if (request->output != NULL && request->trace != NULL && strcmp(request->output, request->trace) == 0)
        return cli_misuse(cli, &cli_run, "run: --output and --trace name the same file, \"%s\"", request->trace);
    return CLI_DONE;
}
