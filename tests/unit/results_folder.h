/* tests/unit/results_folder.h - a folder of its own for the files of a test. */
#ifndef RESULTS_FOLDER_H
#define RESULTS_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char path[200];
} results_folder_t;

bool results_folder_create(results_folder_t *folder);
void results_folder_destroy(results_folder_t *folder);                /* with all that is in it */
void results_folder_file(const results_folder_t *folder, const char *name, char *path, size_t bytes);
int  results_folder_count(const results_folder_t *folder);            /* files in it */

/* All bytes of a file, malloc'ed; NULL when it cannot be read. */
unsigned char *results_slurp(const char *path, size_t *bytes);
bool           results_spill(const char *path, const void *data, size_t bytes);

#endif
