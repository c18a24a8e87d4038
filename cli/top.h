/* cli/top.h - what a run or sweep tells of itself, as architech top shows it. */
#ifndef ARCHI_CLI_TOP_H
#define ARCHI_CLI_TOP_H

#include <stdbool.h>
#include <stddef.h>

enum { CLI_TOP_TEXT = 96, CLI_TOP_SLOW = 64 };

/* As docs/PROTOCOL.md describes it; numbers that are not known are NaN, texts are printable. */
typedef struct {
    char   what[CLI_TOP_TEXT];
    bool   ended, gone; /* gone: without a word; set by who watches */
    double jobs, done, failed, queued, under_way, workers, share, elapsed_s, left_s, jobs_per_s, events, events_per_s;
    size_t n_slow;
    struct {
        char   name[CLI_TOP_TEXT], worker[CLI_TOP_TEXT];
        double seconds, share;
    } slow[CLI_TOP_SLOW];
} cli_top_t;

/* False: it is no such text. */
bool cli_top_read(const char *text, cli_top_t *out);

#endif
