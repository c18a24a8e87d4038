/* cli/say.c - messages on standard error, and the end of standard output. */
#include "cli/cli.h"
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int cli_misuse(const cli_t *cli, const cli_command_t *command, const char *format, ...)
{
    va_list args;

    if (!cli->is_root)
        return CLI_INPUT;
    fprintf(stderr, "architech: ");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry \"architech help%s%s\".\n", command == &cli_help ? "" : " ",
            command == &cli_help ? "" : command->name);
    return CLI_INPUT;
}

/* The places in the code are for us: shown when the machine or the program failed, not when the user erred. */
int cli_failed(const cli_t *cli, arch_status_t st)
{
    const char *text = arch_error_status() == st && *arch_error_text() != '\0' ? arch_error_text() : arch_status_text(st);
    bool ours = st == ARCH_E_INTERNAL || st == ARCH_E_PAST || st == ARCH_E_MPI || st == ARCH_E_H5 || st == ARCH_E_CUDA ||
                st == ARCH_E_ZMQ;

    if (!cli->is_root)
        return arch_status_exit(st);
    fprintf(stderr, "architech: %s\n", text);
    if (ours && arch_error_status() == st)
        fprintf(stderr, "    %s, %s\n", arch_error_trace(), arch_status_name(st));
    return arch_status_exit(st);
}

int cli_bad_option(const cli_t *cli, const cli_command_t *command, char **argv, int answer)
{
    const char *word = argv[optind - 1];

    if (answer == ':')
        return cli_misuse(cli, command, "%s: %s needs a value", command->name, word);
    if (optopt != 0 && strncmp(word, "--", 2) != 0)
        return cli_misuse(cli, command, "%s: there is no option -%c", command->name, optopt);
    return cli_misuse(cli, command, "%s: there is no option %s", command->name, word);
}

int cli_close_output(int status)
{
    bool failed = ferror(stdout) != 0;
    int why;

    errno = 0;
    failed = fflush(stdout) != 0 || failed;
    why = errno;
    if (!failed || why == EPIPE)
        return status;
    fprintf(stderr, "architech: standard output: %s\n", why != 0 ? strerror(why) : "could not be written");
    return CLI_MACHINE;
}

uint32_t cli_columns(FILE *f)
{
    struct winsize size;

    if (!isatty(fileno(f)) || ioctl(fileno(f), TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col;
}

/* https://no-color.org */
bool cli_colour(FILE *f)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(fileno(f)) && (no == NULL || *no == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}
