/* engine/status.c - statuses, their texts, and the record of a thread's last failure. */
#include "engine/portable.h"
#include <architech/status.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 4096, TRACE_BYTES = 1024 };

/* Per thread, so that simulations in several threads do not share a failure. */
static _Thread_local struct {
    arch_status_t st;
    char text[TEXT_BYTES];
    char trace[TRACE_BYTES];
} last;

static const struct {
    const char *name, *text;
    int exit_status;
} table[] = {
#define X(code, text, exit_status) {"ARCH_" #code, text, exit_status},
    ARCH_STATUS_MAP(X)
#undef X
};

static size_t known(arch_status_t st) { return (unsigned)st < ARCH_N_STATUS ? (size_t)st : (size_t)ARCH_E_INTERNAL; }

const char *arch_status_name(arch_status_t st) { return table[known(st)].name; }
const char *arch_status_text(arch_status_t st) { return table[known(st)].text; }
int arch_status_exit(arch_status_t st) { return table[known(st)].exit_status; }
const char *arch_error_text(void) { return last.text; }
const char *arch_error_trace(void) { return last.trace; }
arch_status_t arch_error_status(void) { return last.st; }

void arch_error_clear(void)
{
    last.st = ARCH_OK;
    last.text[0] = last.trace[0] = '\0';
}

static void add_place(const char *word, const char *function, const char *file, int line)
{
    size_t n = strlen(last.trace);

    snprintf(last.trace + n, sizeof last.trace - n, "%s%s (%s:%d)", word, function, file, line);
}

arch_status_t arch_fail_at(arch_status_t st, const char *function, const char *file, int line, const char *format, ...)
{
    char text[TEXT_BYTES]; /* the arguments may point into the last text */
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(last.text, text, sizeof text);
    last.st = st;
    last.trace[0] = '\0';
    add_place("at ", function, file, line);
    return st;
}

arch_status_t arch_fail_from(arch_status_t st, const char *function, const char *file, int line)
{
    add_place(" from ", function, file, line);
    return st;
}

void archi_assert_failed(const char *condition, const char *function, const char *file, int line)
{
    fprintf(stderr, "architech: defect: %s does not hold in %s (%s:%d)\n", condition, function, file, line);
    abort();
}
