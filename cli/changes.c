/* cli/changes.c - a design changed on the command line: --set and --unset. */
#include "cli/cli.h"
#include "io/design_scan.h"
#include "io/strbuf.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* Keep `text`, of which the value begins at `value` and the pointer at the beginning. */
static const char *keep(cli_changes_t *changes, char *text, const char *value)
{
    size_t n = changes->n;
    arch_change_t *change = realloc(changes->change, (n + 1) * sizeof *change);
    char **texts = realloc(changes->text, (n + 1) * sizeof *texts);

    changes->change = change != NULL ? change : changes->change;
    changes->text = texts != NULL ? texts : changes->text;
    if (change == NULL || texts == NULL) {
        free(text);
        return "less of them: there is no memory left";
    }
    change[n] = (arch_change_t){text, value};
    texts[n] = text;
    changes->n++;
    return NULL;
}

/* The value as JSON: itself, or what is not JSON as a text, so that "90s" needs no quotes within quotes. */
static char *as_json(const char *value)
{
    char message[256], *text = NULL;
    archi_strbuf_t buffer = {0};

    if (archi_scan_json(value, strlen(value), message, sizeof message))
        return strdup(value);
    archi_strbuf_json(&buffer, value);
    return archi_strbuf_take(&buffer, &text) == ARCH_OK ? text : NULL;
}

const char *cli_take_set(cli_changes_t *changes, const char *text)
{
    const char *equals = strchr(text, '=');
    char *value, *both;
    size_t pointer;

    if (*text != '/' || equals == NULL)
        return "a JSON pointer and a value, such as /services/app/replicas=6 or /run/duration=90s";
    value = as_json(equals + 1);
    pointer = (size_t)(equals - text);
    both = value != NULL ? malloc(pointer + 1 + strlen(value) + 1) : NULL;
    if (both != NULL) {
        memcpy(both, text, pointer);
        both[pointer] = '\0';
        strcpy(both + pointer + 1, value);
    }
    free(value);
    return both != NULL ? keep(changes, both, both + pointer + 1) : "less of them: there is no memory left";
}

const char *cli_take_unset(cli_changes_t *changes, const char *text)
{
    char *copy;

    if (*text != '/')
        return "a JSON pointer, such as /caches/sessions/ttl";
    copy = strdup(text);
    return copy != NULL ? keep(changes, copy, NULL) : "less of them: there is no memory left";
}

void cli_changes_clear(cli_changes_t *changes)
{
    for (uint32_t k = 0; k < changes->n; k++)
        free(changes->text[k]);
    free(changes->text);
    free(changes->change);
    memset(changes, 0, sizeof *changes);
}

int cli_change_options(const cli_t *cli, const cli_command_t *command, int argc, char **argv, cli_changes_t *changes)
{
    static const struct option options[] = {
        {"set", required_argument, NULL, 's'}, {"unset", required_argument, NULL, 'u'}, {0}};
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        const char *expected;
        if (option != 's' && option != 'u')
            return cli_bad_option(cli, command, argv, option);
        expected = option == 's' ? cli_take_set(changes, optarg) : cli_take_unset(changes, optarg);
        if (expected != NULL)
            return cli_misuse(cli, command, "%s: --%s: found \"%s\", expected %s", command->name,
                              option == 's' ? "set" : "unset", optarg, expected);
    }
    if (argc - optind != 1)
        return cli_misuse(cli, command, "%s: expected one design, found %d", command->name, argc - optind);
    return CLI_DONE;
}
