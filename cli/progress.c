/* cli/progress.c - one line on the terminal that says how far a run is, and SIGINT and SIGTERM, which end it cleanly. */
#include "cli/run.h"
#include <signal.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t caught; /* a signal handler has nothing else to write to */

static void catch_signal(int number) { caught = number; }

static double wall(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A second signal finds the default again and ends the program at once. */
static void install(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = catch_signal;
    action.sa_flags = SA_RESETHAND | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void cli_progress_begin(cli_progress_t *progress, bool shows)
{
    *progress = (cli_progress_t){shows, false, wall()};
    install();
}

static void say_seconds(double s, char *out, size_t bytes)
{
    unsigned long whole = s < 1e9 ? (unsigned long)(s + 0.5) : 1000000000ul;

    if (whole < 60)
        snprintf(out, bytes, "%lu s", whole);
    else if (whole < 3600)
        snprintf(out, bytes, "%lu min %02lu s", whole / 60, whole % 60);
    else
        snprintf(out, bytes, "%lu h %02lu min", whole / 3600, whole / 60 % 60);
}

int cli_progress_tell(void *user, double done, uint64_t events, double seconds_left)
{
    cli_progress_t *progress = user;
    double elapsed = wall() - progress->began;
    char left[48];

    if (progress->shows) {
        say_seconds(seconds_left, left, sizeof left);
        fprintf(stderr, "\r\033[K%5.1f %%  %.4g million events  %.3g million/s  %s left", 100 * done, (double)events * 1e-6,
                elapsed > 0 ? (double)events * 1e-6 / elapsed : 0, left);
        fflush(stderr);
        progress->shown = true;
    }
    return caught != 0;
}

void cli_progress_end(cli_progress_t *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
    progress->shown = false;
}

int cli_progress_signal(void) { return caught; }
