/* workers/farm_spawn.c - worker processes of our own. The farm's thread forks them, since what asks the kernel to end a
 * child with its parent means the thread that forked it. */
#include "workers/farm_impl.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CRASH_BLAME = 3, VAIN_ENDS_PER_CHILD = 10 };

static const double look_every_s = 0.02, soonest_s = 0.05, latest_s = 0.5;
static const double leave_s = 0.5, end_s = 3; /* to go when told so, to go when asked by SIGTERM */

/* ---- starting ---- */

/* In the child: only what may be called between fork and exec. */
static void become(char **argv, pid_t parent, int report)
{
    struct sigaction usual;
    sigset_t none;
    int nothing = open("/dev/null", O_RDONLY), e;

    memset(&usual, 0, sizeof usual);
    usual.sa_handler = SIG_DFL;
    for (int s = 1; s < 32; s++)
        sigaction(s, &usual, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0); /* what a terminal sends to us is not for them */
    if (nothing >= 0)
        dup2(nothing, STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent)
        execvp(argv[0], argv);
    e = errno;
    while (write(report, &e, sizeof e) < 0 && errno == EINTR)
        ;
    _exit(127);
}

/* 0, or why it cannot be started. */
static int start(archi_farm_t *farm, child_t *c)
{
    pid_t parent = getpid(), pid;
    int report[2], e = 0;

    if (pipe2(report, O_CLOEXEC) != 0)
        return errno;
    pid = fork();
    if (pid == 0)
        become(farm->argv, parent, report[1]);
    e = pid < 0 ? errno : 0;
    close(report[1]);
    if (pid > 0 && read(report[0], &e, sizeof e) == (ssize_t)sizeof e)
        waitpid(pid, NULL, 0);
    else if (pid > 0)
        c->pid = pid;
    close(report[0]);
    return e;
}

static void try_to_start(archi_farm_t *farm, child_t *c, double now)
{
    int e = start(farm, c);

    c->started = now;
    if (e == 0) {
        farm->stats.started++;
        setpgid(c->pid, c->pid); /* the child does it as well: whoever comes first */
    } else {
        farm->ends_in_vain++;
        c->start_at = now + latest_s;
    }
    if (!farm->first_started) {
        farm->first_started = true;
        farm->start_status = e == 0 ? ARCH_OK : e == ENOENT || e == EACCES ? ARCH_E_NOTFOUND : ARCH_E_IO;
        snprintf(farm->start_text, sizeof farm->start_text, "%.200s: %s", farm->argv[0], strerror(e));
        pthread_cond_broadcast(&farm->news);
    }
}

/* ---- ends ---- */

bool archi_children_have(const archi_farm_t *farm, uint64_t pid)
{
    for (uint32_t i = 0; i < farm->n_children; i++)
        if (farm->child[i].pid != 0 && (uint64_t)farm->child[i].pid == pid)
            return true;
    return false;
}

static bool is_crash(int status)
{
    int s = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

    return s == SIGSEGV || s == SIGBUS || s == SIGABRT || s == SIGFPE || s == SIGILL || s == SIGTRAP || s == SIGSYS;
}

static void say_end(int status, char *text, size_t bytes)
{
    if (WIFSIGNALED(status))
        snprintf(text, bytes, "was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(text, bytes, "ended with status %d", WEXITSTATUS(status));
}

static void on_end(archi_farm_t *farm, child_t *c, int status, double now)
{
    double delay = soonest_s;
    char how[128];

    say_end(status, how, sizeof how);
    for (uint32_t i = farm->n_workers; i-- > 0;)
        if (farm->worker[i]->pid == (uint64_t)c->pid) {
            farm->stats.workers_lost++;
            archi_jobs_drop_worker(farm, i, is_crash(status) ? CRASH_BLAME : 1, how);
        }
    c->pid = 0;
    farm->ends_in_vain++;
    for (uint32_t i = 1; i < farm->ends_in_vain / farm->n_children && delay < latest_s; i++)
        delay *= 2;
    c->start_at = now + delay;
    if (farm->ends_in_vain >= VAIN_ENDS_PER_CHILD * farm->n_children)
        c->left = true;
    snprintf(farm->start_text, sizeof farm->start_text, "%.100s %s", farm->argv[0], how);
}

static bool all_left(const archi_farm_t *farm)
{
    for (uint32_t i = 0; i < farm->n_children; i++)
        if (!farm->child[i].left)
            return false;
    return farm->n_children > 0;
}

void archi_children_look(archi_farm_t *farm, double now)
{
    char text[512];

    if (farm->n_children == 0 || now < farm->next_look)
        return;
    farm->next_look = now + look_every_s;
    for (uint32_t i = 0; i < farm->n_children; i++) {
        child_t *c = &farm->child[i];
        int status;
        if (c->pid != 0 && waitpid(c->pid, &status, WNOHANG) == c->pid)
            on_end(farm, c, status, now);
        if (c->pid == 0 && !c->left && !farm->closing && now >= c->start_at)
            try_to_start(farm, c, now);
    }
    if (all_left(farm) && farm->n_workers == 0) {
        snprintf(text, sizeof text, "the workers end again and again without having done a job; the last: %s",
                 farm->start_text);
        archi_farm_fail(farm, ARCH_E_PEER, text);
    }
}

/* How many are left after waiting so long for them. */
static uint32_t wait_for(archi_farm_t *farm, double seconds)
{
    double until = archi_wall() + seconds;
    uint32_t left;

    do {
        left = 0;
        for (uint32_t i = 0; i < farm->n_children; i++) {
            child_t *c = &farm->child[i];
            if (c->pid != 0 && waitpid(c->pid, NULL, WNOHANG) != 0)
                c->pid = 0;
            left += c->pid != 0;
        }
        if (left > 0)
            usleep(2000);
    } while (left > 0 && archi_wall() < until);
    return left;
}

/* The whole group: a command may have started others. */
static void signal_all(archi_farm_t *farm, int number)
{
    for (uint32_t i = 0; i < farm->n_children; i++)
        if (farm->child[i].pid != 0)
            kill(-farm->child[i].pid, number);
}

void archi_children_end(archi_farm_t *farm)
{
    if (wait_for(farm, leave_s) == 0)
        return;
    signal_all(farm, SIGCONT); /* one that is stopped ends only when it goes on */
    signal_all(farm, SIGTERM);
    if (wait_for(farm, end_s) == 0)
        return;
    signal_all(farm, SIGKILL);
    wait_for(farm, 60);
}

void archi_children_free(archi_farm_t *farm)
{
    for (char **a = farm->argv; a != NULL && *a != NULL; a++)
        free(*a);
    free(farm->argv);
    free(farm->child);
}

static char **copy_words(const archi_farm_t *farm, const char *const *argv)
{
    size_t n = 0;
    char **copy;

    while (argv[n] != NULL)
        n++;
    copy = calloc(n + 1, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < n; i++)
        copy[i] = strdup(strcmp(argv[i], "ENDPOINT") == 0 ? farm->endpoint : argv[i]);
    return copy;
}

arch_status_t archi_farm_spawn(archi_farm_t *farm, uint32_t n, const char *const *argv)
{
    arch_status_t st = ARCH_OK;
    child_t *child = calloc(n ? n : 1, sizeof *child);
    char **words = copy_words(farm, argv);

    if (n == 0 || argv[0] == NULL || farm->n_children > 0)
        st = ARCH_FAIL(ARCH_E_ARG, "workers: expected at least one, a command, and no other call before");
    else if (child == NULL || words == NULL)
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u workers", n);
    if (st != ARCH_OK) {
        free(child);
        for (char **a = words; a != NULL && *a != NULL; a++)
            free(*a);
        free(words);
        return st;
    }
    pthread_mutex_lock(&farm->lock);
    farm->argv = words;
    farm->child = child;
    farm->n_children = n;
    archi_farm_wake(farm);
    while (!farm->first_started && farm->failed == ARCH_OK)
        pthread_cond_wait(&farm->news, &farm->lock);
    if (farm->first_started && farm->start_status != ARCH_OK)
        st = ARCH_FAIL(farm->start_status, "%s", farm->start_text);
    pthread_mutex_unlock(&farm->lock);
    return st;
}
