/* io/design_table.c - an empirical distribution from a file beside the design: one value, or value and cumulative share,
 * per line. */
#include "io/design_reader.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILE_BYTES = 64 << 20, MAX_ENTRIES = 1000000 };

typedef struct {
    archi_reader_t *r;
    const archi_place_t *at;
    double unit;
    archi_dimension_t dimension;
    uint32_t n, line;
    int columns; /* 0 until the first entry */
    double *value, *cumulative;
} csv_t;

/* Designs may come from strangers: only plain files below the design's own folder. */
static bool stays_inside(const char *path)
{
    const char *p = path;

    if (*p == '/' || *p == '\0')
        return false;
    for (; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
        if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
            return false;
    return true;
}

/* The bytes of a plain file, ended with a NUL; else why not. */
static const char *slurp(const char *path, char **text, size_t *length)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat s;
    const char *why = NULL;
    ssize_t n = 0;

    *length = 0;
    if (fd < 0)
        return strerror(errno);
    if (fstat(fd, &s) != 0 || !S_ISREG(s.st_mode))
        why = "it is not a plain file";
    else if (s.st_size > MAX_FILE_BYTES)
        why = "it is larger than 64 MiB";
    else if (!(*text = malloc((size_t)s.st_size + 1)))
        why = "there is no memory for it";
    while (!why && *length < (size_t)s.st_size && (n = read(fd, *text + *length, (size_t)s.st_size - *length)) > 0)
        *length += (size_t)n;
    if (n < 0)
        why = strerror(errno);
    if (!why)
        (*text)[*length] = '\0';
    close(fd);
    return why;
}

static bool line_problem(csv_t *f, const char *line, const char *expected)
{
    archi_problem(f->r, f->at, "found \"%.40s\" in line %u of the file, expected %s", line, (unsigned)f->line,
                  expected);
    return false;
}

/* A value with a unit of its own or a bare one in the file's unit. */
static bool read_value(csv_t *f, const char *text, double *value)
{
    const char *end;

    if (f->dimension == ARCHI_TIME && archi_parse_time(text, value))
        return *value >= 0.0 && *value <= ARCHI_MAX_TIME_NS;
    if (!archi_parse_number(text, &end, 0, value) || *end != '\0' || f->unit == 0.0)
        return false;
    *value *= f->unit;
    return *value >= 0.0 && *value <= (f->dimension == ARCHI_TIME ? ARCHI_MAX_TIME_NS : 1e6);
}

static char *trim(char *s)
{
    char *end = s + strlen(s);

    while (end > s && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        *--end = '\0';
    while (*s == ' ' || *s == '\t')
        s++;
    return s;
}

static bool read_line(csv_t *f, char *line)
{
    char *comma = strchr(line, ',');
    const char *end;
    double value = 0.0, share = 0.0;
    int columns = comma ? 2 : 1;

    if (comma) {
        *comma++ = '\0';
        comma = trim(comma);
        if (!archi_parse_number(comma, &end, 0, &share) || *end != '\0' || !(share >= 0.0 && share <= 1.0))
            return line_problem(f, comma, "a cumulative share from 0 to 1");
    }
    line = trim(line);
    if (!read_value(f, line, &value))
        return line_problem(f, line,
                            f->dimension == ARCHI_COUNT ? "a number from 0 to 1000000"
                            : f->unit == 0.0            ? "a time such as 10ms (or say \"unit\" beside \"file\")"
                                                        : "a time of zero or more");
    if (f->columns && f->columns != columns)
        return line_problem(f, line, "as many columns as in the lines before");
    if (f->n == MAX_ENTRIES)
        return line_problem(f, line, "at most 1000000 lines");
    f->columns = columns;
    f->value[f->n] = value;
    f->cumulative[f->n++] = share;
    return true;
}

static bool read_lines(csv_t *f, char *text)
{
    char *next;

    for (char *line = text; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        f->line++;
        line = trim(line);
        if (*line != '\0' && *line != '#' && !read_line(f, line))
            return false;
    }
    return true;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Samples become their own distribution; a table has to be one already. */
static bool complete(csv_t *f)
{
    if (f->n == 0) {
        archi_problem(f->r, f->at, "found a file without values, expected at least one line");
        return false;
    }
    if (f->columns == 1) {
        qsort(f->value, f->n, sizeof *f->value, ascending);
        for (uint32_t i = 0; i < f->n; i++)
            f->cumulative[i] = (double)(i + 1) / (double)f->n;
        return true;
    }
    f->cumulative[0] = f->cumulative[0] > 0.0 ? f->cumulative[0] : ARCHI_LEAST_SHARE;
    for (uint32_t i = 1; i < f->n; i++) {
        if (f->value[i] < f->value[i - 1] || f->cumulative[i] < f->cumulative[i - 1]) {
            archi_problem(f->r, f->at,
                          "found an entry below the one before it, expected values and shares that ascend");
            return false;
        }
    }
    if (f->cumulative[f->n - 1] == 1.0)
        return true;
    archi_problem(f->r, f->at, "found a table that does not end at 1, expected 1.0 as the last cumulative share");
    return false;
}

static uint32_t count_lines(const char *text)
{
    uint32_t n = 1;

    for (; (text = strchr(text, '\n')) != NULL; text++)
        n++;
    return n < MAX_ENTRIES ? n : MAX_ENTRIES;
}

static bool read_text(csv_t *f, char *text, size_t length, arch_table_t *table)
{
    uint32_t n = count_lines(text);

    if (strlen(text) != length) {
        archi_problem(f->r, f->at, "found a file with NUL bytes, expected text");
        return false;
    }
    f->value = archi_reader_alloc(f->r, n, sizeof *f->value);
    f->cumulative = archi_reader_alloc(f->r, n, sizeof *f->cumulative);
    if (!f->value || !f->cumulative || !read_lines(f, text) || !complete(f))
        return false;
    table->n = f->n;
    table->value = f->value;
    table->cumulative = f->cumulative;
    return true;
}

bool archi_read_table_file(archi_reader_t *r, const archi_place_t *file, double unit, archi_dimension_t dimension,
                           arch_table_t *table)
{
    csv_t f = {r, file, unit, dimension, 0, 0, 0, NULL, NULL};
    char path[4096], *text = NULL, found[ARCHI_FOUND_BYTES];
    const char *why;
    size_t length;
    bool good = false;

    if (!archi_json_is_text(file->node) || !stays_inside(file->node->of.text)) {
        archi_expected(r, file, "the name of a file in the design's folder or below it");
        return false;
    }
    archi_in_words(file->node, found);
    if (!r->folder)
        why = "this design has no folder";
    else if ((size_t)snprintf(path, sizeof path, "%s/%s", r->folder, file->node->of.text) >= sizeof path)
        why = "its path is too long";
    else
        why = slurp(path, &text, &length);
    if (why)
        archi_problem(r, file, "found %s, expected a file that can be read: %s", found, why);
    else
        good = read_text(&f, text, length, table);
    free(text);
    return good;
}
