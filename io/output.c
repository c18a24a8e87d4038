/* io/output.c - writing under a temporary name, and renaming. */
#include "io/output.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static arch_status_t fail(const archi_output_t *out, int error)
{
    return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s", out->path, strerror(error));
}

static arch_status_t name_temporary(archi_output_t *out)
{
    int n = snprintf(out->temporary, sizeof out->temporary, "%s.tmp-%ld", out->path, (long)getpid());
    struct stat there;

    if (n < 0 || (size_t)n >= sizeof out->temporary) {
        out->temporary[0] = '\0';
        return ARCH_FAIL(ARCH_E_IO, "%.60s...: cannot be written: %s", out->path, strerror(ENAMETOOLONG));
    }
    if (stat(out->path, &there) == 0 && !S_ISREG(there.st_mode)) {
        out->temporary[0] = '\0';
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: it is not a file", out->path);
    }
    return ARCH_OK;
}

arch_status_t archi_output_open(const char *path, archi_output_t *out)
{
    out->path = path;
    out->fd = -1;
    ARCH_TRY(name_temporary(out));
    unlink(out->temporary);              /* of a process that had our number and died */
    out->fd = open(out->temporary, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
    if (out->fd < 0) {
        out->temporary[0] = '\0';        /* not ours to remove */
        return fail(out, errno);
    }
    return ARCH_OK;
}

arch_status_t archi_output_write(const archi_output_t *out, const void *bytes, size_t n, off_t at)
{
    const char *from = bytes;

    while (n > 0) {
        ssize_t done = pwrite(out->fd, from, n, at);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail(out, errno);
        from += done;
        n -= (size_t)done;
        at += done;
    }
    return ARCH_OK;
}

/* A rename survives a loss of power once its folder is on the disk; where folders cannot be flushed, nothing is lost. */
static void flush_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];
    int fd;

    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1, slash == NULL ? "." : path);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

arch_status_t archi_output_finish(archi_output_t *out)
{
    int answer;

    if (fsync(out->fd) != 0)
        return fail(out, errno);
    answer = close(out->fd);
    out->fd = -1;
    if (answer != 0 || rename(out->temporary, out->path) != 0)
        return fail(out, errno);
    out->temporary[0] = '\0';
    flush_folder(out->path);
    return ARCH_OK;
}

void archi_output_clear(archi_output_t *out)
{
    if (out->fd >= 0)
        close(out->fd);
    out->fd = -1;
    if (out->temporary[0] != '\0')
        unlink(out->temporary);
    out->temporary[0] = '\0';
}
