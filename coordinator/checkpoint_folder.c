/* coordinator/checkpoint_folder.c - names, appearing and disappearing of checkpoints. A checkpoint is there whole or not at
 * all: it is renamed when its files are on the disk, and renamed away before any of them is removed. */
#include "coordinator/checkpoint_folder.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TEMPORARY ".tmp-"

/* ---- names -------------------------------------------------------------------------------------------------------- */

arch_status_t archi_folder_name(const char *dir, const char *design, uint64_t hash, char out[PATH_MAX])
{
    char name[48] = "design";

    for (size_t i = 0; design != NULL && design[i] != '\0' && i < sizeof name - 1; i++) {
        bool plain = (design[i] >= '0' && design[i] <= '9') || (design[i] >= 'a' && design[i] <= 'z') ||
                     (design[i] >= 'A' && design[i] <= 'Z') || design[i] == '_';
        name[i] = plain ? design[i] : '-';
        name[i + 1] = '\0';
    }
    if (strlen(dir) > PATH_MAX - 256)
        return ARCH_FAIL(ARCH_E_ARG, "%.60s...: is too long for a folder of checkpoints", dir);
    snprintf(out, PATH_MAX, "%s/%s-%016" PRIx64, dir, name, hash);
    return ARCH_OK;
}

void archi_save_path(const char *folder, const archi_save_name_t *name, bool temporary, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%.*s/%srun%" PRIu32 "-group%" PRIu32 "-save%" PRIu32, PATH_MAX - 128, folder,
             temporary ? TEMPORARY : "", name->leg, name->group, name->generation);
}

void archi_save_file(const char *folder, const archi_save_name_t *name, bool temporary, uint32_t file,
                     char out[PATH_MAX])
{
    char path[PATH_MAX];

    archi_save_path(folder, name, temporary, path);
    snprintf(out, PATH_MAX, "%.*s/rank-%" PRIu32 ".h5", PATH_MAX - 32, path, file);
}

bool archi_save_parse(const char *text, archi_save_name_t *out)
{
    char again[96];

    if (sscanf(text, "run%" SCNu32 "-group%" SCNu32 "-save%" SCNu32, &out->leg, &out->group, &out->generation) != 3)
        return false;
    snprintf(again, sizeof again, "run%" PRIu32 "-group%" PRIu32 "-save%" PRIu32, out->leg, out->group,
             out->generation);
    return strcmp(text, again) == 0;
}

/* ---- listing ------------------------------------------------------------------------------------------------------ */

static int by_age(const void *a, const void *b)
{
    const archi_save_name_t *x = a, *y = b;

    if (x->leg != y->leg)
        return x->leg < y->leg ? 1 : -1;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->generation < y->generation) - (x->generation > y->generation);
}

static arch_status_t note(archi_save_list_t *list, const char *entry)
{
    archi_save_name_t name, *more;

    if (!archi_save_parse(entry, &name))
        return ARCH_OK;
    more = realloc(list->save, (list->n + (size_t)1) * sizeof *more);
    if (more == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to list checkpoints");
    list->save = more;
    list->save[list->n++] = name;
    return ARCH_OK;
}

arch_status_t archi_folder_list(const char *folder, archi_save_list_t *list)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    arch_status_t st = ARCH_OK;

    memset(list, 0, sizeof *list);
    if (dir == NULL)
        return errno == ENOENT ? ARCH_OK : ARCH_FAIL(ARCH_E_IO, "%s: cannot be read: %s", folder, strerror(errno));
    while (st == ARCH_OK && (entry = readdir(dir)) != NULL)
        st = note(list, entry->d_name);
    closedir(dir);
    if (list->n > 0)
        qsort(list->save, list->n, sizeof *list->save, by_age);
    if (st != ARCH_OK) {
        free(list->save);
        memset(list, 0, sizeof *list);
    }
    return st;
}

/* ---- appearing ---------------------------------------------------------------------------------------------------- */

static arch_status_t flush(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), answer;

    if (fd < 0)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s", folder, strerror(errno));
    answer = fsync(fd);
    close(fd);
    if (answer != 0 && errno != EINVAL) /* some disks cannot flush a folder, and then need not */
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s", folder, strerror(errno));
    return ARCH_OK;
}

static arch_status_t make(const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s", path, strerror(errno));
    return ARCH_OK;
}

/* The folder and all above it. */
static arch_status_t make_all(const char *folder)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s", folder);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (access(path, F_OK) != 0)
            ARCH_TRY(make(path));
        *slash = '/';
    }
    return make(path);
}

arch_status_t archi_folder_begin(const char *folder, const archi_save_name_t *name)
{
    char path[PATH_MAX];

    ARCH_TRY(make_all(folder));
    archi_save_path(folder, name, true, path);
    return make(path);
}

arch_status_t archi_folder_publish(const char *folder, const archi_save_name_t *name)
{
    char from[PATH_MAX], to[PATH_MAX];

    archi_save_path(folder, name, true, from);
    archi_save_path(folder, name, false, to);
    ARCH_TRY(flush(from));
    if (rename(from, to) != 0)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s", to, strerror(errno));
    return flush(folder);
}

/* ---- disappearing ------------------------------------------------------------------------------------------------- */

void archi_folder_discard(const char *folder, const archi_save_name_t *name, uint32_t file)
{
    char path[PATH_MAX];

    archi_save_file(folder, name, true, file, path);
    unlink(path);
    archi_save_path(folder, name, true, path);
    rmdir(path); /* the last one out */
}

/* Only what we make: a stranger's file keeps the folder, and nothing of it is lost. */
static void remove_save(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    unsigned file;
    char rest;

    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (sscanf(entry->d_name, "rank-%u.h5%c", &file, &rest) == 1)
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir != NULL)
        closedir(dir);
    rmdir(path);
}

void archi_folder_sweep(const char *folder)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    archi_save_name_t name;

    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (strncmp(entry->d_name, TEMPORARY, strlen(TEMPORARY)) == 0 &&
            archi_save_parse(entry->d_name + strlen(TEMPORARY), &name)) {
            char path[PATH_MAX];
            archi_save_path(folder, &name, true, path);
            remove_save(path);
        }
    if (dir != NULL)
        closedir(dir);
}

static void drop(const char *folder, const archi_save_name_t *name)
{
    char from[PATH_MAX], to[PATH_MAX];

    archi_save_path(folder, name, false, from);
    archi_save_path(folder, name, true, to);
    if (rename(from, to) == 0)
        remove_save(to);
}

/* Do all groups of this leg have `keep` checkpoints? */
static bool stands_alone(const archi_save_list_t *list, uint32_t leg, uint32_t n_groups, uint32_t keep)
{
    uint32_t n_enough = 0, n = 0;

    for (uint32_t i = 0; i < list->n && list->save[i].leg == leg; i++) {
        n = i > 0 && list->save[i - 1].group == list->save[i].group ? n + 1 : 1;
        n_enough += n == keep;
    }
    return n_enough == n_groups;
}

void archi_folder_thin(const char *folder, const archi_save_name_t *name, uint32_t n_groups, uint32_t keep)
{
    archi_save_list_t list;
    uint32_t n = 0, most = 0;
    bool alone;

    if (archi_folder_list(folder, &list) != ARCH_OK)
        return;
    for (uint32_t i = 0; i < list.n; i++)
        most = list.save[i].leg > most ? list.save[i].leg : most;
    alone = most == name->leg && stands_alone(&list, name->leg, n_groups, keep);
    for (uint32_t i = 0; i < list.n; i++) {
        const archi_save_name_t *s = &list.save[i];
        bool mine = s->leg == name->leg && s->group == name->group;
        n += mine;
        if ((mine && n > keep) || (alone && s->leg < name->leg))
            drop(folder, s);
    }
    free(list.save);
}

/* ---- one at a time ------------------------------------------------------------------------------------------------ */

arch_status_t archi_folder_lock(const char *folder, int *lock)
{
    const struct timespec moment = {0, 100000000};

    *lock = make_all(folder) == ARCH_OK ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    for (int i = 0; *lock >= 0 && i < 100; i++) { /* processes of a run that was killed may take a moment to go */
        if (flock(*lock, LOCK_EX | LOCK_NB) == 0)
            return ARCH_OK;
        if (errno != EWOULDBLOCK)
            break;
        if (i == 99) {
            close(*lock);
            *lock = -1;
            return ARCH_FAIL(ARCH_E_ARG,
                             "%s: another run of this design saves its checkpoints here; name another --checkpoint-dir",
                             folder);
        }
        nanosleep(&moment, NULL);
    }
    if (*lock >= 0)
        close(*lock);
    *lock = -1;
    return ARCH_OK;
}
