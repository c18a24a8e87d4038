/* cli/read.c - a design from its file to every rank, its problems to the user once. */
#include "cli/cli.h"
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

static int report(const cli_t *cli, const char *path, arch_status_t st, arch_problems_t *problems)
{
    int status = arch_status_exit(st);

    if (problems->n == 0)
        status = cli_failed(cli, st);
    for (uint32_t i = 0; i < problems->n && cli->is_root; i++) {
        const arch_problem_t *p = &problems->problem[i];
        fprintf(stderr, "architech: %s: %s%s%s\n", path, p->at, *p->at != '\0' ? ": " : "", p->text);
    }
    return status;
}

/* The text that rank 0 read, parsed again by the others: nobody else needs to see the file. */
static arch_status_t share_text(archi_net_t *net, const arch_design_t *mine, char **text)
{
    uint64_t length = mine != NULL ? strlen(mine->source) : 0;
    arch_status_t st = ARCH_OK;

    ARCH_TRY(archi_net_bcast(net, &length, sizeof length, 0));
    *text = malloc(length + 1);
    if (*text == NULL)
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for a design of %llu bytes", (unsigned long long)length);
    ARCH_TRY(archi_net_agree(net, st));
    if (mine != NULL)
        memcpy(*text, mine->source, length);
    (*text)[length] = '\0';
    return archi_net_bcast(net, *text, length, 0);
}

static arch_status_t share(const cli_t *cli, const char *path, arch_design_t **out)
{
    char *text = NULL, *copy = strdup(path);
    arch_problems_t problems = {0, NULL};
    arch_status_t st = share_text(cli->net, *out, &text);

    if (st == ARCH_OK && !cli->is_root)
        st = arch_design_parse(path, copy != NULL ? dirname(copy) : ".", text, strlen(text), out, &problems);
    if (st == ARCH_E_FORMAT && problems.n > 0)
        st = ARCH_FAIL(st, "%s: %s: %s", path, problems.problem[0].at, problems.problem[0].text);
    arch_problems_clear(&problems);
    free(text);
    free(copy);
    return archi_net_agree(cli->net, st);
}

int cli_read_design(const cli_t *cli, const char *path, arch_design_t **out)
{
    return cli_read_changed(cli, path, &(cli_changes_t){NULL, NULL, 0}, out);
}

static arch_status_t read_changed(const char *path, const cli_changes_t *changes, arch_design_t **out,
                                  arch_problems_t *problems)
{
    arch_design_t *as_written = NULL;
    arch_status_t st = arch_design_read(path, out, problems);

    if (st != ARCH_OK || changes->n == 0)
        return st;
    as_written = *out;
    st = arch_design_change(as_written, changes->change, changes->n, out, problems);
    arch_design_destroy(&as_written);
    return st;
}

int cli_read_changed(const cli_t *cli, const char *path, const cli_changes_t *changes, arch_design_t **out)
{
    arch_problems_t problems = {0, NULL};
    arch_status_t st = ARCH_OK;
    int status = CLI_DONE;

    *out = NULL;
    if (cli->is_root)
        st = read_changed(path, changes, out, &problems);
    if (st != ARCH_OK)
        status = report(cli, path, st, &problems);
    arch_problems_clear(&problems);
    return status;
}

int cli_share_design(const cli_t *cli, const char *path, int status, arch_design_t **out)
{
    arch_status_t st;

    if (cli->net == NULL)
        return status;
    st = archi_net_bcast(cli->net, &status, sizeof status, 0);
    if (st == ARCH_OK && status != CLI_DONE)
        return status;
    if (st == ARCH_OK)
        st = share(cli, path, out);
    return st == ARCH_OK ? CLI_DONE : cli_failed(cli, st);
}
