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

static struct sigaction unlistened; /* what SIGUSR1 did before somebody listened */
static bool listens;

static void install(int number, void (*handler)(int), int flags, struct sigaction *before)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, before);
}

void cli_progress_listen(int argc, char **argv)
{
    bool saves = false;

    for (int i = 2; i < argc && strcmp(argv[1], "run") == 0; i++)
        saves = saves || strncmp(argv[i], "--checkpoint", strlen("--checkpoint")) == 0;
    if (!saves)
        return;
    install(SIGUSR1, catch_and_save, SA_RESTART, &unlistened);
    install(SIGTERM, catch_and_save, SA_RESTART, NULL);
    listens = true;
}

/* No checkpoint will be written: a signal that came meanwhile does what it would have done. */
static void stop_listening(void)
{
    int came = saving;

    sigaction(SIGUSR1, &unlistened, NULL);
    saving = 0;
    listens = false;
    if (came != 0)
        raise(came);
}

/* A second signal that cancels finds the default again and ends the program at once. One that saves may come as often as it
 * likes: batch systems send it more than once, and the checkpoint must not die of that. */
void cli_progress_begin(cli_progress_t *progress, bool shows, bool saves)
{
    *progress = (cli_progress_t){.shows = shows, .began = wall(), .published = -1};
    install(SIGINT, catch_signal, SA_RESETHAND | SA_RESTART, NULL);
    if (saves) {
        install(SIGUSR1, catch_and_save, SA_RESTART, NULL);
        install(SIGTERM, catch_and_save, SA_RESTART, NULL);
        return;
    }
    install(SIGTERM, catch_signal, SA_RESETHAND | SA_RESTART, NULL);
    if (listens)
        stop_listening();
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
