/* cli/progress.c - one line on the terminal that says how far a run is, and the signals that end it cleanly: SIGINT at once;
 * SIGTERM too, but where checkpoints are written SIGTERM and SIGUSR1 have one written first. */
#include "cli/run.h"
#include <signal.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t caught, saving; /* a signal handler has nothing else to write to */

static void catch_signal(int number) { caught = number; }
static void catch_and_save(int number) { saving = number; }

static double wall(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A second signal that cancels finds the default again and ends the program at once. One that saves may come as often as it
 * likes: batch systems send it more than once, and the checkpoint must not die of that. */
static void install(bool saves)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = catch_signal;
    action.sa_flags = SA_RESETHAND | SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    if (saves) {
        action.sa_handler = catch_and_save;
        action.sa_flags = SA_RESTART;
        sigaction(SIGUSR1, &action, NULL);
    }
    sigaction(SIGTERM, &action, NULL);
}

void cli_progress_begin(cli_progress_t *progress, bool shows, bool saves)
{
    *progress = (cli_progress_t){.shows = shows, .began = wall(), .published = -1};
    install(saves);
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

/* Once a second, for those who watch. */
static void publish(cli_progress_t *p, double done, uint64_t events, double seconds_left, bool ended)
{
    double elapsed = wall() - p->began;
    char text[1024];

    if (p->show == NULL || (elapsed < p->published + 1 && p->published >= 0 && !ended))
        return;
    p->published = elapsed;
    archi_show_text(&(archi_show_state_t){.what = p->what, .jobs = -1, .done = -1, .failed = -1, .queued = -1,
                                          .under_way = -1, .workers = -1, .share = done, .elapsed_s = elapsed,
                                          .left_s = seconds_left, .jobs_per_s = -1, .events = (double)events,
                                          .events_per_s = elapsed > 0 ? (double)events / elapsed : -1, .ended = ended},
                    text, sizeof text);
    archi_show_tell(p->show, text);
}

int cli_progress_tell(void *user, double done, uint64_t events, double seconds_left)
{
    cli_progress_t *progress = user;
    double elapsed = wall() - progress->began;
    char left[48];

    progress->events = events;
    progress->done = done;
    publish(progress, done, events, seconds_left, false);
    if (progress->shows) {
        say_seconds(seconds_left, left, sizeof left);
        fprintf(stderr, "\r\033[K%5.1f %%  %.4g million events  %.3g million/s  %s left", 100 * done, (double)events * 1e-6,
                elapsed > 0 ? (double)events * 1e-6 / elapsed : 0, left);
        fflush(stderr);
        progress->shown = true;
    }
    return caught != 0;
}

int cli_progress_interrupted(void *progress)
{
    (void)progress;
    return saving != 0;
}

void cli_progress_note(void *user, int is_warning, const char *text)
{
    const cli_progress_t *progress = user;

    if ((progress->warns && is_warning) || progress->notes)
        fprintf(stderr, "%sarchitech: %s\n", progress->shown ? "\r\033[K" : "", text);
}

void cli_progress_end(cli_progress_t *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
    progress->shown = false;
    publish(progress, progress->done, progress->events, -1, true);
}

int cli_progress_signal(void) { return caught != 0 ? caught : saving; }
