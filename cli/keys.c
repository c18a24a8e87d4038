/* cli/keys.c - architech keys: the keys that a command and its workers know each other by. */
#include "workers/keys.h"
#include "cli/cli.h"
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

typedef struct {
    char key[PATH_BYTES], pub[PATH_BYTES];
} paths_t;

static arch_status_t make_folder(const char *path, mode_t mode)
{
    struct stat about;

    if (mkdir(path, mode) == 0 || (errno == EEXIST && stat(path, &about) == 0 && S_ISDIR(about.st_mode)))
        return ARCH_OK;
    return ARCH_FAIL(ARCH_E_IO, "%s: %s", path, strerror(errno));
}

/* Keys that are there stay: workers may have them. */
static arch_status_t make(const paths_t *p, const char *whose)
{
    bool there = access(p->key, F_OK) == 0 && access(p->pub, F_OK) == 0;

    if (!there)
        ARCH_TRY(archi_keys_make(p->key, p->pub));
    printf("%-32s  secret, stays with %s%s\n", p->key, whose, there ? " (was there)" : "");
    printf("%-32s  public\n", p->pub);
    return ARCH_OK;
}

static bool is_name(const char *text)
{
    return *text != '\0' && *text != '.' && strchr(text, '/') == NULL && strlen(text) < 128;
}

static arch_status_t make_all(const char *folder, int n, char **name)
{
    paths_t p;
    char allowed[PATH_BYTES];

    ARCH_TRY(make_folder(folder, 0700));
    snprintf(allowed, sizeof allowed, "%.3900s/allowed", folder);
    ARCH_TRY(make_folder(allowed, 0755));
    snprintf(p.key, sizeof p.key, "%.3900s/coordinator.key", folder);
    snprintf(p.pub, sizeof p.pub, "%.3900s/coordinator.pub", folder);
    ARCH_TRY(make(&p, "the command that hands out the work"));
    for (int i = 0; i < n; i++) {
        snprintf(p.key, sizeof p.key, "%.3900s/%s.key", folder, name[i]);
        snprintf(p.pub, sizeof p.pub, "%.3900s/allowed/%s.pub", folder, name[i]);
        ARCH_TRY(make(&p, "the workers"));
    }
    printf("\nTo hand out work:  --key %s/coordinator.key --allow %s/allowed\n", folder, folder);
    printf("A worker:          architech worker --connect tcp://HOST:PORT --key %s/%s.key --server-key %s/coordinator.pub\n",
           folder, name[0], folder);
    return ARCH_OK;
}

static int keys_main(cli_t *cli, int argc, char **argv)
{
    static const struct option none[] = {{0}};
    static char usual[] = "worker", *usual_name[] = {usual};
    const char *folder;
    arch_status_t st;
    int answer, n;

    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":", none, NULL)) != -1)
        return cli_bad_option(cli, &cli_keys, argv, answer);
    folder = optind < argc ? argv[optind] : "keys";
    n = argc - optind - 1;
    for (int i = 0; i < n; i++)
        if (!is_name(argv[optind + 1 + i]) || strcmp(argv[optind + 1 + i], "coordinator") == 0)
            return cli_misuse(cli, &cli_keys, "keys: \"%s\": expected a name for a worker's key", argv[optind + 1 + i]);
    if (*folder == '\0' || strlen(folder) > 3900)
        return cli_misuse(cli, &cli_keys, "keys: expected the path of a folder");
    st = n > 0 ? make_all(folder, n, argv + optind + 1) : make_all(folder, 1, usual_name);
    return st == ARCH_OK ? CLI_DONE : cli_failed(cli, st);
}

const cli_command_t cli_keys = {
    "keys", "make keys for workers on other machines",
    "Usage: architech keys [DIR [NAME ...]]\n"
    "\n"
    "Make the keys that a command and its workers prove with who they are, and with which all that they say is encrypted\n"
    "(CURVE): of the command, DIR/coordinator.key and .pub, and of each NAME (\"worker\" unless given), DIR/NAME.key and\n"
    "DIR/allowed/NAME.pub. Keys that are there stay as they are. DIR is \"keys\" unless given. Who is not in DIR/allowed\n"
    "gets nothing; to shut a worker out, delete its file there and start the command again.\n"
    "\n"
    "Example:\n"
    "  architech keys keys laptop cluster\n"
    "\n"
    "Exit status: 0 done, 2 the arguments are at fault, 3 a file cannot be written.\n",
    false, keys_main,
};
