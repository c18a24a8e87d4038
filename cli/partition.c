/* cli/partition.c - architech partition: the cut of a design, as a table and as a picture. */
#include "cli/cli.h"
#include <architech/run.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *design, *dot;
    uint64_t    parts;
} request_t;

static void print_members(const arch_cut_t *cut, uint32_t part, int columns)
{
    int used = 0;

    for (uint32_t e = 0; e < cut->n_elements; e++) {
        int length;
        if (cut->part_of[e] != part)
            continue;
        length = (int)strlen(cut->name[e]) + 2;
        if (used > 0 && used + length > columns) {
            printf(", ...");
            break;
        }
        printf("%s%s", used > 0 ? ", " : "", cut->name[e]);
        used += length;
    }
    printf("\n");
}

static void print_cut(const arch_cut_t *cut)
{
    int columns = cli_columns(stdout) > 60 ? (int)cli_columns(stdout) - 40 : 60;
    double total = 0;

    for (uint32_t p = 0; p < cut->n_parts; p++)
        total += cut->load[p];
    printf("%5s  %9s  %10s  %6s  %s\n", "part", "elements", "events/s", "share", "which");
    for (uint32_t p = 0; p < cut->n_parts; p++) {
        uint32_t n = 0;
        for (uint32_t e = 0; e < cut->n_elements; e++)
            n += cut->part_of[e] == p;
        printf("%5u  %9u  %10.4g  %4.1f %%  ", p, n, cut->load[p], total > 0 ? 100 * cut->load[p] / total : 0);
        print_members(cut, p, columns);
    }
    printf("balance    %.3f (largest part over the mean)\n", cut->balance);
    printf("edge cut   %.4g messages/s between parts\n", cut->edge_cut);
    if (cut->n_parts > 1)
        printf("lookahead  %.6g us\n", (double)cut->lookahead * 1e-3);
    printf("clusters   %u (elements without latency between them stay together)\n", cut->n_clusters);
}

static int write_dot(const cli_t *cli, const char *path, const char *text)
{
    FILE *f = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    bool failed;

    if (f != NULL) {
        failed = fputs(text, f) == EOF;
        failed = (f == stdout ? fflush(f) : fclose(f)) != 0 || failed;
        if (!failed)
            return CLI_DONE;
    }
    return cli_failed(cli, ARCH_FAIL(ARCH_E_IO, "%s: %s", path, strerror(errno)));
}

static int cut_and_print(const cli_t *cli, const request_t *request)
{
    arch_design_t *design = NULL;
    arch_cut_t *cut = NULL;
    arch_status_t st;
    int status = cli_read_design(cli, request->design, &design);

    if (status != CLI_DONE)
        return status;
    st = arch_cut(design, (uint32_t)request->parts, &cut);
    if (st != ARCH_OK) {
        status = cli_failed(cli, st);
    } else {
        if (request->dot == NULL || strcmp(request->dot, "-") != 0)
            print_cut(cut);
        if (request->dot != NULL)
            status = write_dot(cli, request->dot, cut->dot);
    }
    arch_cut_destroy(&cut);
    arch_design_destroy(&design);
    return status;
}

static int partition_main(cli_t *cli, int argc, char **argv)
{
    static const struct option options[] = {{"parts", required_argument, NULL, 'n'}, {"dot", required_argument, NULL, 'd'},
                                            {0}};
    request_t request = {NULL, NULL, 2};
    int answer;

    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":n:", options, NULL)) != -1) {
        if (answer == 'd')
            request.dot = optarg;
        else if (answer != 'n')
            return cli_bad_option(cli, &cli_partition, argv, answer);
        else if (!cli_parse_count(optarg, 1, 1000000, &request.parts))
            return cli_misuse(cli, &cli_partition, "partition: -n %s: expected a whole number from 1 to 1000000", optarg);
    }
    if (argc - optind != 1)
        return cli_misuse(cli, &cli_partition, "partition: expected one design, found %d", argc - optind);
    request.design = argv[optind];
    return cut_and_print(cli, &request);
}

const cli_command_t cli_partition = {
    "partition", "show how a design would be cut for several ranks",
    "Usage: architech partition DESIGN.json [-n PARTS] [--dot FILE]\n"
    "\n"
    "Cut the design into at most PARTS parts (default 2) that exchange as little as possible, and show their load,\n"
    "the balance, the messages between them and the lookahead: the time that parts can run without each other.\n"
    "\n"
    "Options:\n"
    "  -n, --parts N   how many parts\n"
    "      --dot FILE  write the cut as a Graphviz graph (\"-\": to standard output, without the table)\n"
    "\n"
    "Example:\n"
    "  architech partition design.json -n 8 --dot - | dot -Tsvg > cut.svg\n",
    false, partition_main,
};
