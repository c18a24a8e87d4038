/* architech/design.h - a system architecture in memory: what a design file says, checked, resolved, with units applied.
 *
 * Plain structs, one owner: every pointer below lives in the arena of its arch_design_t and dies with it. Times are
 * nanoseconds, rates are per second, sizes are bytes; an index refers to the array of that kind in the design.
 * arch_design_read() (io/) makes one from JSON; a program may also fill one by hand with arch_design_alloc() and have it
 * checked by arch_design_check(). docs/format.md describes every member in the words of the file. */
#ifndef ARCHITECH_DESIGN_H
#define ARCHITECH_DESIGN_H

#include <architech/status.h>
#include <architech/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ARCH_UNLIMITED UINT32_MAX /* threads, queue limits, connections */
#define ARCH_NONE      UINT32_MAX /* no such index */
#define ARCH_AUTO      INT64_MIN  /* a time that the library chooses */

/* ---- distributions ------------------------------------------------------------------------------------------------ */

/* Parameters p[] in the order given; times in ns, counts as they are. Each is resolved from mean/cv by the reader, so
 * that what the engine sees has one form. */
typedef enum {
    ARCH_DIST_CONSTANT,    /* value */
    ARCH_DIST_EXPONENTIAL, /* mean */
    ARCH_DIST_UNIFORM,     /* low, high */
    ARCH_DIST_NORMAL,    /* mean, standard deviation of the parent; truncated to [0, inf) by redrawing from the tail */
    ARCH_DIST_LOGNORMAL, /* mu, sigma of the logarithm (of ns) */
    ARCH_DIST_GAMMA,     /* shape, scale */
    ARCH_DIST_ERLANG,    /* k (whole), mean of one phase */
    ARCH_DIST_WEIBULL,   /* shape, scale */
    ARCH_DIST_PARETO,    /* shape alpha, minimum x_m (type I) */
    ARCH_DIST_HYPEREXP,  /* p1, mean1, mean2: with probability p1 exponential of mean1, else of mean2 */
    ARCH_DIST_EMPIRICAL, /* table: values with cumulative probabilities, stepwise or linear between */
    ARCH_N_DISTS
} arch_dist_kind_t;

/* What a time or a count is drawn from. */
typedef struct {
    arch_dist_kind_t kind;
    double p[3];
    double shift;   /* added to every draw: ns; >= 0 */
    uint32_t table; /* EMPIRICAL: index into arch_design_t.tables, else ARCH_NONE */
} arch_dist_t;

/* What an EMPIRICAL distribution draws from. */
typedef struct {
    uint32_t n;
    double *value;      /* ascending, n entries */
    double *cumulative; /* ascending, last is 1.0 */
    bool linear;        /* interpolate between entries instead of stepping */
} arch_table_t;

/* ---- what a request does ------------------------------------------------------------------------------------------ */

/* What an element is. */
typedef enum { ARCH_SERVICE, ARCH_BALANCER, ARCH_DATABASE, ARCH_CACHE, ARCH_N_KINDS } arch_kind_t;

/* An endpoint of an element: a service's endpoint, a database's query, a balancer's forwarded endpoint (that of its
 * target service), a cache's lookup. */
typedef struct {
    arch_kind_t kind;
    uint32_t element;  /* index in the array of that kind */
    uint32_t endpoint; /* index in that element's endpoints or queries; 0 for a cache */
} arch_ref_t;

/* In turn; any; or the one with fewest requests in flight, of some that are drawn. */
typedef enum { ARCH_BALANCE_ROUND_ROBIN, ARCH_BALANCE_RANDOM, ARCH_BALANCE_LEAST_REQUEST } arch_balance_kind_t;

/* How a caller picks among replicas, on what it knows itself. */
typedef struct {
    arch_balance_kind_t kind;
    uint32_t choices; /* LEAST_REQUEST: how many replicas are looked at (2: power of two choices) */
} arch_balance_t;

/* What a step of an endpoint does. */
typedef enum {
    ARCH_STEP_CPU,      /* hold a core for `time` */
    ARCH_STEP_DELAY,    /* wait for `time`, holding only what the request holds already */
    ARCH_STEP_CALL,     /* request to `target`; waits for the reply unless `async` */
    ARCH_STEP_PARALLEL, /* run branches side by side; go on when `join` of them are done */
    ARCH_STEP_CHOOSE,   /* run one branch, by weight */
    ARCH_STEP_REPEAT,   /* run branch 0 `count` times, one after the other */
    ARCH_STEP_CACHE,    /* look `keyspace` up in cache `target`; on a miss run branch 0, then store */
    ARCH_STEP_FAIL,     /* with `probability` the request ends here as failed */
    ARCH_N_STEPS
} arch_step_kind_t;

typedef struct arch_step arch_step_t;

/* Steps, one after the other. */
typedef struct {
    uint32_t n;
    arch_step_t *step;
} arch_steps_t;

/* One step; which members count depends on its kind. */
struct arch_step {
    arch_step_kind_t kind;
    union {                 /* no step has both, and large designs have millions of steps */
        arch_dist_t time;   /* CPU, DELAY */
        arch_dist_t count;  /* REPEAT: rounded to the nearest whole number, at least 0 */
    };
    arch_ref_t target;      /* CALL, CACHE */
    bool async;             /* CALL: do not wait */
    arch_balance_t balance; /* CALL: how this caller picks among the target's replicas */
    uint32_t join;          /* PARALLEL: how many branches must be done; n_branches for "all", 1 for "any" */
    uint32_t keyspace;      /* CACHE: index, or ARCH_NONE when the cache works by ratio */
    double probability;     /* FAIL */
    uint32_t n_branches;    /* PARALLEL, CHOOSE: >= 1; REPEAT, CACHE: 1 */
    arch_steps_t *branch;   /* n_branches */
    double *weight;         /* CHOOSE: n_branches, summing to 1 */
    const char *at;         /* JSON pointer of the step, for messages */
};

/* ---- elements ----------------------------------------------------------------------------------------------------- */

/* Who is served next. PRIORITY: the smallest number, without preemption. */
typedef enum { ARCH_FIFO, ARCH_LIFO, ARCH_PRIORITY, ARCH_PROCESSOR_SHARING } arch_discipline_t;

/* What a service can be asked for. */
typedef struct {
    const char *name;
    arch_steps_t steps;
} arch_endpoint_t;

/* Each replica is a server of its own: `threads` requests are inside, others wait in its accept queue (of at most
 * `queue_limit`, else rejected); inside, CPU steps share `cores` under `discipline`. The accept queue is served in the
 * same discipline (PROCESSOR_SHARING: FIFO). A thread is held from admission to reply, nested synchronous calls included. */
typedef struct {
    const char *name;
    uint32_t replicas;    /* >= 1 */
    uint32_t cores;       /* per replica, >= 1 */
    uint32_t threads;     /* per replica, or ARCH_UNLIMITED */
    uint32_t queue_limit; /* waiting for a thread, per replica, or ARCH_UNLIMITED */
    arch_discipline_t discipline;
    uint32_t n_endpoints; /* >= 1 */
    arch_endpoint_t *endpoint;
} arch_service_t;

/* A proxy between callers and the replicas of one service; it has the service's endpoints and forwards each. */
typedef struct {
    const char *name;
    uint32_t service; /* index of the service behind it */
    arch_balance_t policy;
    arch_dist_t overhead; /* delay added to each request on its way in; constant 0 by default */
} arch_balancer_t;

/* What a database can be asked for. */
typedef struct {
    const char *name;
    arch_dist_t cpu;   /* demand on a core of the server that runs the query */
    arch_dist_t io;    /* then a delay for storage; constant 0 by default */
    bool writes;       /* runs on the primary and is replicated */
    arch_dist_t apply; /* writes: demand on each replica's apply thread */
} arch_query_t;

/* Where a database's reads go. */
typedef enum { ARCH_READ_PRIMARY, ARCH_READ_REPLICAS } arch_read_from_t;

/* Primary and read replicas are servers like a service's replica: `connections` are its threads. Writes go to the
 * primary; when one commits (its query is done), the primary sends a change record to every replica, whose single apply
 * thread works them off in order: replication lag is that queue. Reads go where `read_from` says, `balance` picks. */
typedef struct {
    const char *name;
    uint32_t cores;
    uint32_t connections; /* per server, or ARCH_UNLIMITED */
    uint32_t queue_limit; /* waiting for a connection, per server */
    arch_discipline_t discipline;
    uint32_t read_replicas; /* 0: all reads go to the primary */
    uint32_t replica_cores;
    arch_read_from_t read_from;
    arch_balance_t balance;
    uint32_t n_queries;
    arch_query_t *query;
} arch_database_t;

/* How a cache remembers. */
typedef enum { ARCH_CACHE_LRU, ARCH_CACHE_TTL, ARCH_CACHE_RATIO } arch_cache_kind_t;

/* One server that answers lookups after `service` on `cores`; by key (LRU bounded by `capacity` entries, and/or entries
 * that expire `ttl` after they were stored) or by a fixed hit ratio. */
typedef struct {
    const char *name;
    arch_cache_kind_t kind; /* LRU when capacity is set (ttl may be set too); TTL when only ttl is; RATIO */
    uint32_t capacity;      /* entries, or ARCH_UNLIMITED */
    arch_time_t ttl;        /* ARCH_TIME_MAX: never expires */
    double hit_ratio;       /* RATIO */
    uint32_t cores;
    uint32_t connections;
    arch_dist_t service; /* cpu demand of a lookup or a store */
} arch_cache_t;

/* Keys 0..count-1 with P(k) proportional to 1/(k+1)^s; s = 0 is uniform. */
typedef struct {
    const char *name;
    uint64_t count;
    double zipf_s;
} arch_keyspace_t;

/* ---- network ------------------------------------------------------------------------------------------------------ */

/* One way, for both directions between two elements; the default holds where no link is named. */
typedef struct {
    arch_kind_t kind_a;
    uint32_t a; /* element index; for a workload see is_workload_a */
    bool is_workload_a;
    arch_kind_t kind_b;
    uint32_t b;
    arch_dist_t latency;
} arch_link_t;

/* ---- load --------------------------------------------------------------------------------------------------------- */

/* A point of a rate over time. */
typedef struct {
    arch_time_t at;
    double rate; /* per second */
} arch_rate_point_t;

/* One entry of a workload's mix. */
typedef struct {
    arch_ref_t target;
    double weight;    /* all weights of a mix sum to 1 */
    const char *name; /* "lb/read" as the file says it */
    arch_balance_t balance;
} arch_operation_t;

/* How requests come: at random at a rate; with gaps; at a rate that changes; or from users who wait for answers. */
typedef enum { ARCH_OPEN_POISSON, ARCH_OPEN_RENEWAL, ARCH_OPEN_PROFILE, ARCH_CLOSED } arch_workload_kind_t;

/* Who uses the system. */
typedef struct {
    const char *name;
    arch_workload_kind_t kind;
    double rate;       /* OPEN_POISSON: per second; OPEN_PROFILE: the largest rate of the profile */
    arch_dist_t gap;   /* OPEN_RENEWAL: time between arrivals; CLOSED: think time */
    uint32_t users;    /* CLOSED */
    uint32_t n_points; /* OPEN_PROFILE: >= 1; before the first and after the last the rate is constant */
    arch_rate_point_t *point;
    bool linear;        /* OPEN_PROFILE: ramps between points; false: steps */
    arch_time_t period; /* OPEN_PROFILE: the profile repeats with it; ARCH_TIME_MAX: once */
    uint8_t priority;   /* 0 is served first */
    uint32_t n_operations;
    arch_operation_t *operation;
} arch_workload_t;

/* ---- objectives and run settings ---------------------------------------------------------------------------------- */

/* What objectives are about. */
typedef enum {
    ARCH_METRIC_MEAN,
    ARCH_METRIC_P50,
    ARCH_METRIC_P95,
    ARCH_METRIC_P99,
    ARCH_METRIC_P999,        /* latency, ns */
    ARCH_METRIC_ERRORS,      /* share of finished requests that failed or were rejected, 0..1 */
    ARCH_METRIC_THROUGHPUT,  /* successful completions per second */
    ARCH_METRIC_UTILISATION, /* of an element, 0..1 */
    ARCH_N_METRICS
} arch_metric_t;

/* What is asked of the system. */
typedef struct {
    const char *name;
    arch_metric_t metric;
    uint32_t workload;  /* operation metrics: index; ARCH_NONE for UTILISATION */
    uint32_t operation; /* within the workload, or ARCH_NONE for all of it */
    arch_kind_t kind;   /* UTILISATION */
    uint32_t element;
    bool below;   /* measured must be < limit, else > limit */
    double limit; /* ns, ratio or per second */
} arch_objective_t;

/* How long the system is watched, and how often. */
typedef struct {
    arch_time_t duration;  /* simulated, > 0 */
    arch_time_t warmup;    /* ARCH_AUTO: MSER-5 */
    uint32_t replications; /* >= 1 */
    double precision;      /* above 0: at least so many, until figures are that precise (arch_run_options_t); 0: so many */
    uint64_t seed;
    arch_time_t interval; /* of the time series; ARCH_AUTO: 1/64 of the duration, 1/16 of large designs */
} arch_run_settings_t;

/* Memory that is returned as a whole. */
typedef struct arch_arena arch_arena_t;

/* The whole design. */
typedef struct {
    const char *name;
    const char *description; /* "" when not given */
    arch_run_settings_t run;
    uint32_t n_tables;
    arch_table_t *table;
    uint32_t n_keyspaces;
    arch_keyspace_t *keyspace;
    uint32_t n_services;
    arch_service_t *service;
    uint32_t n_balancers;
    arch_balancer_t *balancer;
    uint32_t n_databases;
    arch_database_t *database;
    uint32_t n_caches;
    arch_cache_t *cache;
    arch_dist_t latency; /* default one-way latency between two different elements */
    uint32_t n_links;
    arch_link_t *link;
    uint32_t n_workloads;
    arch_workload_t *workload;
    uint32_t n_objectives;
    arch_objective_t *objective;
    const char *source; /* the JSON text that it was read from, "" when built by hand */
    const char *folder; /* where files that the text names are looked for; NULL: nowhere */
    uint64_t hash;      /* of the source text's canonical form */
    arch_arena_t *arena;
} arch_design_t;

arch_status_t arch_design_create(arch_design_t **out);        /* empty, with defaults; the caller owns it */
void arch_design_destroy(arch_design_t **design);             /* NULL and *NULL are fine */
void *arch_design_alloc(arch_design_t *design, size_t bytes); /* zeroed, aligned to 16; NULL when memory is out */

/* One finding about an input file. */
typedef struct {
    char *at;   /* JSON pointer, "" for the file as a whole */
    char *text; /* "found X, expected Y; did you mean Z?" */
} arch_problem_t;

/* All of them, in the order of the file; {0, NULL}: none. */
typedef struct {
    uint32_t n;
    arch_problem_t *problem;
} arch_problems_t;

/* Give back what is in *problems; it is empty then. NULL is fine. */
void arch_problems_clear(arch_problems_t *problems);

/* Read and judge a design file, or `length` bytes of JSON already in memory (`name` then stands in messages, `folder` is
 * where files named in it are looked for). All problems are reported in one go: on ARCH_E_FORMAT *problems lists them and
 * *out is NULL. *problems must be zeroed by the caller, who clears it afterwards. Local. */
arch_status_t arch_design_read(const char *path, arch_design_t **out, arch_problems_t *problems);
/* The same of a text: see arch_design_read(). */
arch_status_t arch_design_parse(const char *name, const char *folder, const char *text, size_t length,
                                arch_design_t **out, arch_problems_t *problems);

/* Judge a design that a program made or changed, by the same rules and with the same messages as a file, plus those that a
 * file cannot break: indices in range, arrays where counts say so. ARCH_E_FORMAT with *problems as above. Local. */
arch_status_t arch_design_check(const arch_design_t *design, arch_problems_t *problems);

/* The same design written back as JSON with every default filled in; reading that gives the same design, to the last bit.
 * The design is sound: see arch_design_check(). The caller frees *text with free(). */
arch_status_t arch_design_explain(const arch_design_t *design, char **text);

/* ---- changed by pointer ------------------------------------------------------------------------------------------- */

/* One value of a design, and what is to stand there. */
typedef struct {
    const char *pointer; /* JSON pointer (RFC 6901) into the design's text: "/services/app/replicas" */
    const char *value;   /* JSON text of the new value: "6", "\"2000/s\"", "{\"cpu\": \"2ms\"}"; NULL: it is removed */
} arch_change_t;

/* The design with `n` changes, made one after the other, then read and judged as a file would be; the original stays as it
 * is. Changed is the text that it was read from; where there is none, or a program has changed more of the structs since
 * than the settings of runs, that of arch_design_explain(). A value that is not there is made, with the objects that lead to
 * it; "-" is a new element at the end of an array. The same changes to the same design give the same text and hash. On
 * ARCH_E_FORMAT *out is NULL and *problems, zeroed by the caller, who clears it, says which change is wrong and why, with
 * the nearest name. Takes time in proportion to the text, and for each change to the members of the objects on its way.
 * Local. */
arch_status_t arch_design_change(const arch_design_t *design, const arch_change_t *change, uint32_t n, arch_design_t **out,
                                 arch_problems_t *problems);

/* The design with `factor` times the load: rates, also those of profiles, times factor, times between arrivals by it, users
 * of closed workloads rounded, at least one. ARCH_E_ARG on a factor that is not above 0; ARCH_E_FORMAT when a rate is then
 * more than a design may have. The caller owns *out, which is NULL on failure. Local. */
arch_status_t arch_design_scale_load(const arch_design_t *design, double factor, arch_design_t **out);

/* The value at a pointer as JSON text on one line, as arch_design_explain() writes it: defaults filled in, "6" for replicas.
 * What that lacks, such as the cv of a distribution, is given as the design's own text has it. The caller frees *text with
 * free(). ARCH_E_NOTFOUND with the nearest name when nothing is there; *text is then NULL. Local. */
arch_status_t arch_design_value(const arch_design_t *design, const char *pointer, char **text);

#ifdef __cplusplus
}
#endif
#endif
