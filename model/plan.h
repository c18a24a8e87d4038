/* model/plan.h - the compiled design: one flat read-only region, laid out here, filled in compile.c.
 *
 * Elements that are alike (the replicas of a service, the read replicas of a database) form a group and share its
 * settings; elements of a group are numbered consecutively. What a request does at an element is a program of
 * instructions; a branch of a step follows its instruction and ends in END or JUMP. */
#ifndef ARCHI_PLAN_H
#define ARCHI_PLAN_H

#include "engine/run.h"
#include "model/tally.h"
#include "model/variate.h"

enum { ARCHI_MAX_SLICES = 10 };

/* What an element is, as the event handler tells them apart. */
enum { ARCHI_IS_SOURCE, ARCHI_IS_SERVER, ARCHI_IS_BALANCER };

enum { ARCHI_SERVE_FIFO, ARCHI_SERVE_LIFO, ARCHI_SERVE_PRIORITY, ARCHI_SERVE_SHARED };
enum { ARCHI_PICK_ROUND_ROBIN, ARCHI_PICK_RANDOM, ARCHI_PICK_LEAST_REQUEST, ARCHI_PICK_PLUGGED };
enum { ARCHI_STORE_BY_KEY, ARCHI_STORE_BY_RATIO };
enum { ARCHI_LOAD_RENEWAL, ARCHI_LOAD_PROFILE, ARCHI_LOAD_CLOSED };

enum {
    ARCHI_OP_CPU,       /* hold a core for variate `var` */
    ARCHI_OP_DELAY,     /* wait for variate `var` */
    ARCHI_OP_CALL,      /* request to (pick), endpoint `b`, and wait for the reply */
    ARCHI_OP_SEND,      /* the same without waiting */
    ARCHI_OP_PARALLEL,  /* `n` branches start at branch[a..a+n), go on at `c` when `b` of them are done */
    ARCHI_OP_CHOOSE,    /* one of `n` branches at branch[a..a+n) by cumulative weights table[b..b+n) */
    ARCHI_OP_REPEAT,    /* body at `a`, variate `var` times, go on at `c` */
    ARCHI_OP_CACHE,     /* look up at (pick), endpoint `b`; hit: go on at `c`, miss: at the next instruction */
    ARCHI_OP_FAIL,      /* with probability `p` the request fails */
    ARCHI_OP_JUMP,      /* go on at `a`; `n`: an END stands there */
    ARCHI_OP_END,       /* of a request, of a branch, of one round of a loop */
    ARCHI_OP_GET,       /* inside a cache: look keyspace `a` up, `p` hit ratio when by ratio */
    ARCHI_OP_PUT,       /* inside a cache: store */
    ARCHI_OP_REPLICATE, /* inside a primary: change record of variate `var` to every replica of the pick's group */
    ARCHI_N_OPS
};

/* How a caller reaches a group: which replica, over which link. */
typedef struct {
    uint32_t group;   /* the target */
    uint32_t peers;   /* first word of what this caller remembers of them, within its own words; ARCHI_NIL: nothing */
    uint16_t policy;  /* ARCHI_PICK_* */
    uint16_t choices; /* LEAST_REQUEST; PLUGGED: which policy */
    uint32_t link;    /* variate of the one-way latency */
    uint32_t first, n; /* the target's elements, as in its group: who sends a request need not look there */
} archi_route_t;

/* One cache line. */
typedef struct {
    uint8_t op;
    uint8_t spare[3];
    uint32_t a, b, c, n;
    uint32_t var;
    uint32_t local; /* number within its endpoint: names its draws */
    archi_route_t route;
    uint32_t unused;
    double p;
} archi_instr_t;

typedef struct {
    uint32_t target; /* group whose replicas are remembered */
    uint32_t
        first;  /* word within the caller's words: cursor, then per replica: requests in flight or time last sent to */
    uint32_t n; /* replicas */
} archi_peers_t;

/* Whole cache lines; what a server needs for every event is in the first. */
typedef struct {
    uint32_t is; /* ARCHI_IS_* */
    uint32_t cores, threads, queue_limit, discipline;
    uint32_t endpoint, n_endpoints; /* into the table of first instructions */
    uint32_t program;               /* first instruction of the first endpoint */
    uint32_t capacity;              /* caches: entries */
    uint32_t hash_words;            /* caches by key: power of two */
    arch_time_t ttl;
    uint32_t first, n;  /* its elements */
    uint32_t active;    /* replicas that requests are sent to: the first of them; others finish what they have */
    uint32_t admission; /* plugged-in policy at the door, + 1; 0: none */
    /* line 2 */
    archi_route_t forward; /* balancers */
    uint64_t name_hash;
    double top_rate;
    arch_time_t period;
    uint32_t load; /* workloads: ARCHI_LOAD_* */
    uint32_t gap;  /* workloads: variate of gap or think time (PROFILE: at the largest rate) */
    uint32_t operation, n_operations;
    /* line 3 */
    uint32_t points, n_points, linear;
    uint32_t users;
    uint32_t kind, index; /* of the design; kind ARCH_N_KINDS: a workload */
    uint32_t name;        /* offset in names */
    uint32_t is_read_replica, is_cache;
    uint32_t n_peer_words;   /* per element */
    uint32_t peers, n_peers; /* into the table of archi_peers_t */
    uint32_t store;    /* caches: ARCHI_STORE_* */
    uint32_t overhead; /* balancers: variate */
    uint32_t priority; /* workloads */
    uint32_t unused;
} archi_group_t;

typedef struct {
    arch_time_t at;
    double rate;
} archi_point_t;

typedef struct {
    archi_route_t route;
    uint32_t endpoint; /* within the target group */
    uint32_t element;  /* the source */
    uint32_t name;
    double cumulative; /* weight of this and earlier operations of the mix */
} archi_operation_t;

typedef struct {
    uint64_t name_hash;
    archi_zipf_t zipf;
} archi_keys_t;

/* Of a variate, for the traffic equations and the lookahead: its mean, and what no draw lies below. */
typedef struct {
    double mean, least;
} archi_moments_t;

struct archi_plan {
    uint64_t magic, bytes;
    uint64_t host; /* address of arch_policy_t[] in this process, 0 without; everything else is the design's */
    uint32_t n_elements, n_groups, n_endpoints, n_instrs, n_branches, n_vars, n_tables, n_operations, n_points,
        n_keyspaces, n_peers, n_edges, n_names;
    uint32_t max_sends, max_frames; /* that handling one event may use */
    uint32_t n_slices, n_intervals;
    arch_time_t duration, interval, fine; /* fine: interval / ARCHI_FINE */
    arch_time_t slice_begin[ARCHI_MAX_SLICES + 1];
    /* offsets from the plan's start */
    uint64_t group, group_of, element_name, endpoint, instr, branch, var, moments, table, operation, point, keys, peers,
        edge, arrival_rate, utilisation, event_rate, names;
};
typedef struct archi_plan archi_plan_t;

#define ARCHI_PLAN_ARRAY(name, type, member)                                                                           \
    ARCH_HD static ARCH_ALWAYS_INLINE const type *name(const archi_plan_t *p)                                          \
    {                                                                                                                  \
        return (const type *)((const char *)p + p->member);                                                            \
    }
ARCHI_PLAN_ARRAY(archi_plan_groups, archi_group_t, group)
ARCHI_PLAN_ARRAY(archi_plan_group_of, uint32_t, group_of)
ARCHI_PLAN_ARRAY(archi_plan_endpoints, uint32_t, endpoint)
ARCHI_PLAN_ARRAY(archi_plan_instrs, archi_instr_t, instr)
ARCHI_PLAN_ARRAY(archi_plan_branches, uint32_t, branch)
ARCHI_PLAN_ARRAY(archi_plan_vars, archi_var_t, var)
ARCHI_PLAN_ARRAY(archi_plan_moments, archi_moments_t, moments)
ARCHI_PLAN_ARRAY(archi_plan_tables, double, table)
ARCHI_PLAN_ARRAY(archi_plan_operations, archi_operation_t, operation)
ARCHI_PLAN_ARRAY(archi_plan_points, archi_point_t, point)
ARCHI_PLAN_ARRAY(archi_plan_keys, archi_keys_t, keys)
ARCHI_PLAN_ARRAY(archi_plan_peers, archi_peers_t, peers)
#undef ARCHI_PLAN_ARRAY

#endif
