/* random_design.c - see random_design.h. */
#include "random_design.h"
#include <stdio.h>

static uint32_t random_state;

static uint32_t below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

static const char *one_of(const char *const *list, uint32_t n) { return list[below(n)]; }

bool random_design(char *out, size_t size, uint32_t seed)
{
    static const char *const disciplines[] = {"fifo", "lifo", "priority", "processor_sharing"};
    static const char *const policies[] = {"\"round_robin\"", "\"random\"", "{\"least_request\":{\"choices\":2}}"};
    static const char *const times[] = {
        "\"700us\"", "{\"exponential\":{\"mean\":\"1ms\"}}", "{\"lognormal\":{\"mean\":\"1ms\",\"cv\":2}}",
        "{\"gamma\":{\"mean\":\"600us\",\"cv\":0.5}}", "{\"uniform\":{\"low\":\"0s\",\"high\":\"1ms\"}}"};
    uint32_t n = 3 + below(4);
    size_t at = 0;

    random_state = seed * 2654435761u + 12345u;
#define SAY(...) at += (size_t)snprintf(out + at, size - at, __VA_ARGS__)
    SAY("{\"architech\":1,\"run\":{\"duration\":\"400ms\",\"replications\":2,\"seed\":\"%u\"},\"keyspaces\":{\"k\":{"
        "\"count\":500,\"zipf\":0.9}},"
        "\"caches\":{\"c\":{\"capacity\":50,\"service\":\"10us\"}},\"network\":{\"latency\":\"%uus\"},\"services\":{",
        seed, 20 + below(300));
    for (uint32_t i = 0; i < n; i++) {
        SAY("%s\"s%u\":{\"replicas\":%u,\"cores\":%u,\"threads\":%u,\"queue_limit\":%u,\"discipline\":\"%s\","
            "\"endpoints\":{\"e\":[{\"cpu\":%s}",
            i == 0 ? "" : ",", i, 1 + below(3), 1 + below(2), 1 + below(20), below(30), one_of(disciplines, 4),
            one_of(times, 5));
        for (uint32_t k = i + 1; k < n; k++)
            switch (below(6)) {
            case 0:
                SAY(",{\"call\":\"s%u\",\"balance\":%s}", k, one_of(policies, 3));
                break;
            case 1:
                SAY(",{\"parallel\":[[{\"call\":\"s%u\"}],[{\"delay\":%s}],[{\"cpu\":%s}]],\"join\":%u}", k,
                    one_of(times, 5), one_of(times, 5), 1 + below(3));
                break;
            case 2:
                SAY(",{\"choose\":[{\"weight\":1,\"steps\":[{\"call\":\"s%u\"}]},{\"weight\":2,\"steps\":[{\"fail\":0."
                    "1}]}]}",
                    k);
                break;
            case 3:
                SAY(",{\"repeat\":%u,\"steps\":[{\"call\":\"s%u\",\"wait\":%s}]}", below(4), k,
                    below(2) ? "true" : "false");
                break;
            case 4:
                SAY(",{\"cache\":\"c\",\"keys\":\"k\",\"miss\":[{\"call\":\"s%u\"},{\"call\":\"db/%s\"}]}", k,
                    below(2) ? "find" : "save");
                break;
            default:
                break;
            }
        SAY("]}}");
    }
    SAY("},\"balancers\":{\"lb\":{\"to\":\"s0\",\"policy\":%s,\"overhead\":%s}},\"databases\":{\"db\":{\"cores\":2,"
        "\"connections\":5,\"read_replicas\":{\"count\":%u},"
        "\"queries\":{\"find\":{\"cpu\":%s,\"io\":%s},\"save\":{\"writes\":true,\"cpu\":%s,\"apply\":%s}}}},"
        "\"workloads\":{\"open\":{\"rate\":\"400/s\",\"priority\":1,\"mix\":{\"lb\":3,\"db/"
        "save\":1}},\"closed\":{\"users\":5,\"think\":%s,\"mix\":{\"s0\":1}}}}",
        one_of(policies, 3), one_of(times, 5), 1 + below(3), one_of(times, 5), one_of(times, 5), one_of(times, 5),
        one_of(times, 5), one_of(times, 5));
#undef SAY
    return at < size;
}
