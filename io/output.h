/* io/output.h - a file that is whole under its name, or not there: written as `<path>.tmp-<pid>`, renamed when complete. */
#ifndef ARCHI_OUTPUT_H
#define ARCHI_OUTPUT_H

#include <architech/status.h>
#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct {
    const char *path;
    int         fd;                  /* -1: not open */
    char        temporary[PATH_MAX]; /* "": there is none */
} archi_output_t;

/* ARCH_E_IO names the path and the reason; *out is then fit for archi_output_clear(). */
arch_status_t archi_output_open(const char *path, archi_output_t *out);
arch_status_t archi_output_write(const archi_output_t *out, const void *bytes, size_t n, off_t at);
/* To the disk and under its name. */
arch_status_t archi_output_finish(archi_output_t *out);
/* What is not finished is removed; after archi_output_finish() this does nothing. */
void          archi_output_clear(archi_output_t *out);

#endif
