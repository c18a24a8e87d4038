/* cli/values.c - values of options: counts, times, sizes. */
#include "cli/cli.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name;
    double      factor;
} unit_t;

bool cli_parse_count(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    unsigned long long value;
    char *end;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || value < least || value > most)
        return false;
    *out = value;
    return true;
}

/* A number >= 0 directly followed by one of the units. */
static bool with_unit(const char *text, const unit_t *unit, double *out)
{
    char *end;
    double value;

    if (!isdigit((unsigned char)*text) && *text != '.')
        return false;
    value = strtod(text, &end);
    for (; unit->name != NULL; unit++)
        if (strcmp(end, unit->name) == 0) {
            *out = value * unit->factor;
            return isfinite(*out);
        }
    return false;
}

bool cli_parse_time(const char *text, arch_time_t *ns)
{
    static const unit_t unit[] = {{"ns", 1},    {"us", 1e3},   {"ms", 1e6},    {"s", 1e9},
                                  {"min", 6e10}, {"h", 3.6e12}, {"d", 8.64e13}, {NULL, 0}};
    double value;

    if (!with_unit(text, unit, &value) || value > 9e18)
        return false;
    *ns = (arch_time_t)llround(value);
    return true;
}

bool cli_parse_bytes(const char *text, uint64_t *bytes)
{
    static const unit_t unit[] = {{"", 1},        {"B", 1},      {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30},
                                  {"TiB", 0x1p40}, {"kB", 1e3},   {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12},
                                  {NULL, 0}};
    double value;

    if (!with_unit(text, unit, &value) || value < 1 || value > 0x1p62)
        return false;
    *bytes = (uint64_t)value;
    return true;
}

bool cli_parse_share(const char *text, double *share)
{
    static const unit_t unit[] = {{"", 1}, {"%", 0.01}, {NULL, 0}};

    return with_unit(text, unit, share) && *share > 0 && *share < 1;
}

const char *cli_take_count(const char *text, uint32_t least, uint32_t most, uint32_t *out)
{
    static _Thread_local char expected[64];
    uint64_t value;

    if (cli_parse_count(text, least, most, &value)) {
        *out = (uint32_t)value;
        return NULL;
    }
    snprintf(expected, sizeof expected, "a whole number from %u to %u", least, most);
    return expected;
}
