/* tests/unit/results_folder.c - a folder of its own for the files of a test. */
#include "unit/results_folder.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool results_folder_create(results_folder_t *folder)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(folder->path, sizeof folder->path, "%s/arch-results-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    return mkdtemp(folder->path) != NULL;
}

void results_folder_file(const results_folder_t *folder, const char *name, char *path, size_t bytes)
{
    snprintf(path, bytes, "%s/%s", folder->path, name);
}

/* Counts the files, removing them on the way when asked to. */
static int visit(const results_folder_t *folder, bool remove_them)
{
    DIR *dir = opendir(folder->path);
    struct dirent *entry;
    char path[512];
    int n = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        n++;
        results_folder_file(folder, entry->d_name, path, sizeof path);
        if (remove_them)
            remove(path);
    }
    if (dir != NULL)
        closedir(dir);
    return n;
}

int results_folder_count(const results_folder_t *folder) { return visit(folder, false); }

void results_folder_destroy(results_folder_t *folder)
{
    visit(folder, true);
    rmdir(folder->path);
}

unsigned char *results_slurp(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    unsigned char *data = NULL;
    long n;

    *bytes = 0;
    if (file == NULL)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (n = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0) {
        data = calloc((size_t)n + 1, 1);
        if (data != NULL)
            *bytes = fread(data, 1, (size_t)n, file);
    }
    fclose(file);
    return data;
}

bool results_spill(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    bool ok = file != NULL && fwrite(data, 1, bytes, file) == bytes;

    return (file == NULL || fclose(file) == 0) && ok;
}
