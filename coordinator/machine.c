/* coordinator/machine.c - asking Linux. */
#include "coordinator/machine.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

uint32_t archi_machine_cores(void) { return archi_own_cores(); }

/* The number after `key` in a file of lines, in its own unit; UINT64_MAX when it is not there. */
static uint64_t number_in(const char *path, const char *key)
{
    char line[256];
    unsigned long long value = 0;
    uint64_t found = UINT64_MAX;
    size_t n = strlen(key);
    FILE *f = fopen(path, "r");

    if (f == NULL)
        return found;
    while (found == UINT64_MAX && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, key, n) == 0 && sscanf(line + n, "%llu", &value) == 1)
            found = value;
    fclose(f);
    return found;
}

static uint64_t left_of(const char *limit_path, const char *used_path)
{
    uint64_t limit = number_in(limit_path, ""), used = number_in(used_path, "");

    if (limit == UINT64_MAX || used == UINT64_MAX)
        return UINT64_MAX;
    return limit > used ? limit - used : 0;
}

/* What the control group of this process still allows, version 2 or 1. */
static uint64_t group_allows(void)
{
    uint64_t two = left_of("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current");
    uint64_t one = left_of("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes");

    return two < one ? two : one;
}

uint64_t archi_machine_free_bytes(void)
{
    uint64_t kib = number_in("/proc/meminfo", "MemAvailable:"), group = group_allows();

    if (kib == UINT64_MAX)
        return group == UINT64_MAX ? 0 : group;
    return kib * 1024 < group ? kib * 1024 : group;
}

/* Ranks look at different moments: the least that one of them saw is what all of them share. */
arch_status_t archi_machine_share(archi_net_t *net, uint64_t *bytes)
{
    uint32_t first, n = archi_net_near(net, &first);
    int64_t seen = (int64_t)(archi_machine_free_bytes() / 5 * 4);
    archi_net_t *near = NULL;
    arch_status_t st;

    ARCH_TRY(archi_net_split(net, first, &near));
    st = archi_net_min_i64(near, &seen, 1);
    archi_net_destroy(&near);
    *bytes = (uint64_t)seen / n;
    return st;
}

void archi_machine_name(char *out, size_t bytes)
{
    if (gethostname(out, bytes) != 0)
        snprintf(out, bytes, "unknown");
    out[bytes - 1] = '\0';
}

void archi_machine_now(char out[32])
{
    time_t now = time(NULL);
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

double archi_machine_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
