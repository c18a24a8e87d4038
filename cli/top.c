/* cli/top.c - architech top: watch a run or a sweep in the terminal. */
#include "cli/top.h"
#include "cli/cli.h"
#include "workers/watch.h"
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { KEY = 256, SERVER_KEY, PATIENCE, ONCE, WAIT_MS = 250 };
static const double return_s = 2; /* within which a command that has gone may come back */

typedef struct {
    const char *endpoint, *key, *server_key;
    double      patience_s;
    bool        once;
} request_t;

static volatile sig_atomic_t caught;

static void catch_signal(int number) { caught = number; }

static void catch_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = catch_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

/* ---- what it looks like ---- */

static void say_count(double value, const char *unit, char *out, size_t bytes)
{
    static const struct {
        double from;
        const char *prefix;
    } step[] = {{1e9, " G"}, {1e6, " M"}, {1e3, " k"}};

    for (int i = 0; i < 3; i++)
        if (value >= step[i].from) {
            snprintf(out, bytes, "%.3g%s%s", value / step[i].from, step[i].prefix, unit);
            return;
        }
    snprintf(out, bytes, "%.3g%s%s", value, *unit != '\0' ? " " : "", unit);
}

static void say_time(double s, char *out, size_t bytes)
{
    unsigned long whole = s < 1e9 ? (unsigned long)(s + 0.5) : 1000000000ul;

    if (whole < 3600)
        snprintf(out, bytes, "%lu:%02lu", whole / 60, whole % 60);
    else
        snprintf(out, bytes, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60, whole % 60);
}

/* The words of a state, those that are known: what both forms have. */
static void say_state(const cli_top_t *t, char *out, size_t bytes)
{
    char text[48];
    size_t n = 0;

    out[0] = '\0';
#define ADD(known, ...)                                                                                                 \
    if (!isnan(known) && n < bytes)                                                                                     \
    n += (size_t)snprintf(out + n, bytes - n, __VA_ARGS__)
    ADD(t->share, "%5.1f %%", 100 * t->share);
    ADD(t->done, "  %.0f", t->done);
    ADD(t->jobs, " of %.0f jobs", t->jobs);
    ADD(t->failed > 0 ? t->failed : (double)NAN, ", %.0f failed", t->failed);
    ADD(t->workers, "  %.0f workers", t->workers);
    ADD(t->jobs_per_s, "  %.3g jobs/s", t->jobs_per_s);
    say_count(t->events_per_s, "events/s", text, sizeof text);
    ADD(t->events_per_s, "  %s", text);
    say_time(t->elapsed_s, text, sizeof text);
    ADD(t->elapsed_s, "  %s", text);
    say_time(t->left_s, text, sizeof text);
    ADD(t->left_s, "  %s left", text);
#undef ADD
}

static void print_line(const cli_top_t *t)
{
    char words[512];

    say_state(t, words, sizeof words);
    printf("%s%s%s%s\n", t->what, *t->what ? "  " : "", words, t->ended ? "  ended" : t->gone ? "  gone" : "");
}

static void draw_bar(double share, int columns)
{
    int n = isnan(share) ? 0 : (int)(share * (columns - 2) + 0.5);

    printf("[");
    for (int i = 0; i < columns - 2; i++)
        putchar(i < n ? '#' : '.');
    printf("]\033[K\n");
}

static void draw(const cli_top_t *t, const char *endpoint)
{
    struct winsize size = {24, 80, 0, 0};
    char words[512], line[256];
    int columns, rows;

    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    columns = size.ws_col == 0 ? 80 : size.ws_col < 20 ? 20 : size.ws_col < 200 ? size.ws_col : 200;
    rows = size.ws_row == 0 ? 24 : size.ws_row;
    say_state(t, words, sizeof words);
    printf("\033[H%.*s\033[K\n", columns, *t->what ? t->what : endpoint);
    printf("%.*s\033[K\n", columns, words);
    draw_bar(t->share, columns);
    snprintf(line, sizeof line, "queued %.0f, under way %.0f", t->queued, t->under_way);
    printf("%.*s\033[K\n\033[K\n", columns, isnan(t->queued) || isnan(t->under_way) ? "" : line);
    for (size_t i = 0; i < t->n_slow && (int)i < rows - 7; i++) {
        if (i == 0)
            printf("%.*s\033[K\n", columns, "  seconds   done  slowest now");
        snprintf(line, sizeof line, "%9.1f  %3.0f %%  %s  %s", t->slow[i].seconds, 100 * t->slow[i].share, t->slow[i].name,
                 t->slow[i].worker);
        printf("%.*s\033[K\n", columns, line);
    }
    printf("\033[J");
}

/* ---- watching ---- */

/* Does anybody read our output? A pipe that is closed is not; no failure, see cli_close_output(). */
static bool is_read(void)
{
    if (fflush(stdout) == 0)
        return true;
    if (errno == EPIPE)
        clearerr(stdout);
    return false;
}

/* Who was killed says no last word, and a last word may be lost: then it is over when nobody is there any more. */
static bool is_gone(const archi_watch_t *w, bool draws, bool any, double silent_s, cli_top_t *t)
{
    t->gone = archi_watch_gone(w) && silent_s > return_s;
    if (t->gone && any && !draws)
        print_line(t);
    return t->gone;
}

/* Show what comes until it has ended, or a signal came. */
static arch_status_t watch(const request_t *r, archi_watch_t *w, bool draws, cli_top_t *t, bool *any)
{
    double silent_s = 0;

    while (caught == 0 && !t->ended) {
        char *text = NULL;
        bool sound;
        ARCH_TRY(archi_watch_next(w, WAIT_MS, &text));
        silent_s = text == NULL ? silent_s + 1e-3 * WAIT_MS : 0;
        if (is_gone(w, draws, *any, silent_s, t))
            return *any ? ARCH_OK : ARCH_FAIL(ARCH_E_PEER, "%s: the command ended and had said nothing", r->endpoint);
        if (silent_s > r->patience_s)
            return ARCH_FAIL(ARCH_E_PEER, "%s: nothing heard for %g s", r->endpoint, r->patience_s);
        sound = text != NULL && cli_top_read(text, t);
        free(text);
        if (!sound)
            continue;
        *any = true;
        if (draws)
            draw(t, r->endpoint);
        else
            print_line(t);
        if (!is_read() || r->once)
            return ARCH_OK;
    }
    return ARCH_OK;
}

/* On the terminal's other screen, so that the first is as it was; what it came to is then said there. */
static int top(const cli_t *cli, const request_t *r)
{
    bool draws = isatty(STDOUT_FILENO) && !r->once, any = false;
    archi_watch_t *w = NULL;
    cli_top_t *t = calloc(1, sizeof *t);
    arch_status_t st;

    if (t == NULL)
        return cli_failed(cli, ARCH_FAIL(ARCH_E_NOMEM, "no memory"));
    st = archi_watch_open(r->endpoint, r->key, r->server_key, &w);
    if (st == ARCH_OK) {
        catch_signals();
        if (draws)
            printf("\033[?1049h\033[?25l\033[H\033[J%s: waiting\n", r->endpoint);
        fflush(stdout);
        st = watch(r, w, draws, t, &any);
        if (draws)
            printf("\033[?25h\033[?1049l");
        if (draws && any)
            print_line(t);
        fflush(stdout);
    }
    archi_watch_close(&w);
    free(t);
    return st == ARCH_OK ? CLI_DONE : cli_failed(cli, st);
}

static int top_main(cli_t *cli, int argc, char **argv)
{
    static const struct option options[] = {{"key", required_argument, NULL, KEY},
                                            {"server-key", required_argument, NULL, SERVER_KEY},
                                            {"patience", required_argument, NULL, PATIENCE},
                                            {"once", no_argument, NULL, ONCE}, {0}};
    request_t r = {.patience_s = 60};
    arch_time_t ns;
    int answer;

    opterr = 0;
    while ((answer = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (answer == KEY)
            r.key = optarg;
        else if (answer == SERVER_KEY)
            r.server_key = optarg;
        else if (answer == ONCE)
            r.once = true;
        else if (answer != PATIENCE)
            return cli_bad_option(cli, &cli_top, argv, answer);
        else if (!cli_parse_time(optarg, &ns) || ns <= 0)
            return cli_misuse(cli, &cli_top, "top: --patience %s: expected a time such as 60s or 5min", optarg);
        else
            r.patience_s = (double)ns * 1e-9;
    }
    if (argc - optind != 1)
        return cli_misuse(cli, &cli_top, "top: expected one endpoint, found %d", argc - optind);
    r.endpoint = argv[optind];
    if ((r.key == NULL) != (r.server_key == NULL))
        return cli_misuse(cli, &cli_top, "top: --key and --server-key go together");
    return top(cli, &r);
}

const cli_command_t cli_top = {
    "top", "watch a run or a sweep",
    "Usage: architech top ENDPOINT [options]\n"
    "\n"
    "Show how far a command is that was started with --show ENDPOINT: jobs, workers, events per second, the time left, and\n"
    "what takes longest. On a terminal it is refreshed until the command ends; elsewhere each update is a line.\n"
    "\n"
    "Options:\n"
    "      --key FILE         a secret key that the command lets in (see architech help keys)\n"
    "      --server-key FILE  the public key of the command\n"
    "      --patience T       give up when nothing has been heard for so long (default: 60s)\n"
    "      --once             print one line and leave\n"
    "\n"
    "Example:\n"
    "  architech run design.json --show ipc://run.show & architech top ipc://run.show\n"
    "\n"
    "Exit status: 0 the command ended or is gone, or a signal came; 2 the arguments are at fault; 3 nothing was heard.\n",
    false, top_main,
};
