/* io/design_reader.h - what the files of the design reader share: places, problems, names and values.
 *
 * A place is a value together with the way to it from the root: a chain on the stack, written out as a JSON pointer only
 * when somebody asks. A reader of a value leaves its output alone when the value is absent, so that defaults are set
 * first; when the value is wrong it records a problem and reading goes on, so that all problems are found in one go. */
#ifndef ARCHI_DESIGN_READER_H
#define ARCHI_DESIGN_READER_H

#include "io/json_tree.h"
#include "io/strbuf.h"
#include <architech/design.h>
#include <architech/dist.h>

#define ARCHI_MAX_SERVERS 1000000u              /* replicas of one element */
#define ARCHI_MAX_TIME_NS 2207520000000000000.0 /* 70 years of 365 days: what distributions can hold */

/* A table may begin at a share of 0, the lower end of its first ramp; the engine wants shares above 0. */
#define ARCHI_LEAST_SHARE 2.2250738585072014e-308

typedef struct archi_place {
    const struct archi_place *up; /* NULL at the root */
    const char *key;              /* in an object; NULL in an array */
    uint32_t index;               /* in an array */
    const archi_json_t *node;            /* NULL: absent */
} archi_place_t;

/* ---- names ------------------------------------------------------------------------------------------------------- */

typedef enum {
    ARCHI_IS_SERVICE = ARCH_SERVICE,
    ARCHI_IS_BALANCER = ARCH_BALANCER,
    ARCHI_IS_DATABASE = ARCH_DATABASE,
    ARCHI_IS_CACHE = ARCH_CACHE,
    ARCHI_IS_WORKLOAD,
    ARCHI_IS_KEYSPACE,
    ARCHI_IS_ENDPOINT /* of the name `owner` */
} archi_is_t;

typedef struct {
    const char *text; /* lives as long as the JSON tree */
    uint32_t owner;   /* ENDPOINT: the name it belongs to, else ARCH_NONE */
    archi_is_t is;
    uint32_t index; /* in its array */
} archi_name_t;

typedef struct {
    archi_name_t *name;
    uint32_t n, capacity;
    uint64_t *slot; /* hash table of hash and name + 1, 0 when free; a power of two */
    uint32_t n_slots;
    uint64_t budget; /* character pairs that searches for near names may still compare */
} archi_names_t;

void archi_names_init(archi_names_t *names);
void archi_names_fini(archi_names_t *names);

/* Add a name; *at is its number. ARCH_E_ARG when it is there already (*at is then the earlier one). */
arch_status_t archi_names_add(archi_names_t *names, const archi_name_t *name, uint32_t *at);
uint32_t archi_names_find(const archi_names_t *names, uint32_t owner, const char *text, size_t length);

/* The name nearest to `text` by edit distance among those of `owner` whose kind is in `kinds` (a set of 1u << is), or
 * ARCH_NONE when none is near. Very bad files stop getting suggestions once the budget is spent. */
uint32_t archi_names_nearest(archi_names_t *names, uint32_t owner, unsigned kinds, const char *text, size_t length);

/* The word of `words` nearest to `text`, or NULL. */
const char *archi_nearest_word(const char *const *words, int n, const char *text);

/* ---- the reader and its problems --------------------------------------------------------------------------------- */

typedef struct {
    arch_problem_t problem;
    int order; /* of the value it is about, in the file */
    uint32_t serial;
} archi_found_t;

typedef struct {
    arch_design_t *design;
    const char *folder; /* where files named in the design are; NULL: nowhere */
    archi_names_t names;
    archi_found_t *found;
    uint32_t n_found, capacity;
    uint32_t n_unlisted; /* beyond ARCHI_MAX_PROBLEMS */
    arch_status_t st;    /* the machine's failure, not the user's: stops everything */
} archi_reader_t;

enum { ARCHI_MAX_PROBLEMS = 10000 };

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void archi_problem(archi_reader_t *r, const archi_place_t *at, const char *format, ...);

/* A problem at a pointer that was written out before. */
void archi_problem_at(archi_reader_t *r, const char *pointer, int order, const char *text);

/* The problems, sorted, become the caller's and the failure ARCH_E_FORMAT; what the reader still holds is returned. */
arch_status_t archi_hand_over(archi_reader_t *r, const char *name, arch_problems_t *problems);
void archi_reader_fini(archi_reader_t *r);

/* A file's bytes, at most one more than a design may have, with a zero byte behind them; the caller frees *text, also after
 * a failure. ARCH_E_NOTFOUND, ARCH_E_IO. */
arch_status_t archi_slurp(const char *path, char **text, size_t *length);
/* The folder of a path, "." for a bare name; malloc'ed, NULL when memory is out. */
char *archi_folder_of(const char *path);

/* Keys that come a second time in an object are problems, and taken out of the tree. */
void archi_drop_twins(archi_reader_t *r, const archi_place_t *at);

/* "found X, expected <expected>" for the value at the place. */
void archi_expected(archi_reader_t *r, const archi_place_t *at, const char *expected);

/* Memory of the design; records ARCH_E_NOMEM and gives NULL when there is none. n may be 0. */
void *archi_reader_alloc(archi_reader_t *r, size_t n, size_t bytes);

/* The pointer of a place, in the design's memory; "" when memory is out. */
const char *archi_pointer(archi_reader_t *r, const archi_place_t *at);
const char *archi_reader_copy(archi_reader_t *r, const char *text);

/* A value in words: "-2", "\"fast\"", "an object". */
enum { ARCHI_FOUND_BYTES = 96 };
const char *archi_in_words(const archi_json_t *node, char out[ARCHI_FOUND_BYTES]);

/* ---- objects and arrays ------------------------------------------------------------------------------------------ */

archi_place_t archi_member(const archi_place_t *up, const archi_json_t *node);
archi_place_t archi_item(const archi_place_t *up, const archi_json_t *node, uint32_t index);
uint32_t archi_count(const archi_json_t *node); /* children */

/* Sort the members of an object into field[0..n) by key; an unknown key is a problem. False: not an object. */
bool archi_fields(archi_reader_t *r, const archi_place_t *at, const char *const *keys, int n, archi_place_t *field);
bool archi_is_object(archi_reader_t *r, const archi_place_t *at, const char *expected);
bool archi_is_array(archi_reader_t *r, const archi_place_t *at, const char *expected);

/* True when the field is there; else the object lacks it, which is a problem. */
bool archi_required(archi_reader_t *r, const archi_place_t *field, const char *expected);

/* ---- values: false when there and wrong -------------------------------------------------------------------------- */

typedef enum { ARCHI_TIME, ARCHI_COUNT } archi_dimension_t;

bool archi_read_time(archi_reader_t *r, const archi_place_t *at, bool may_be_zero, double *ns);
bool archi_read_ticks(archi_reader_t *r, const archi_place_t *at, bool may_be_zero, arch_time_t *ns);
bool archi_read_ticks_or(archi_reader_t *r, const archi_place_t *at, const char *word, arch_time_t *ns);
bool archi_read_rate(archi_reader_t *r, const archi_place_t *at, bool may_be_zero, double *per_s);
bool archi_read_number(archi_reader_t *r, const archi_place_t *at, double low, double high, double *out);
bool archi_read_whole(archi_reader_t *r, const archi_place_t *at, uint32_t low, uint32_t high, uint32_t *out);
bool archi_read_limit(archi_reader_t *r, const archi_place_t *at, uint32_t low, uint32_t *out); /* or "unlimited" */
bool archi_read_bool(archi_reader_t *r, const archi_place_t *at, bool *out);
bool archi_read_text(archi_reader_t *r, const archi_place_t *at, const char **out);
bool archi_read_word(archi_reader_t *r, const archi_place_t *at, const char *const *words, int n, int *out);
bool archi_read_dist(archi_reader_t *r, const archi_place_t *at, archi_dimension_t dimension, arch_dist_t *out);
bool archi_read_balance(archi_reader_t *r, const archi_place_t *at, arch_balance_t *out);
bool archi_read_weights(archi_reader_t *r, const archi_place_t *at, uint32_t n, double *weight);

/* Every draw is zero, or so it must be taken. */
bool archi_dist_is_zero(const arch_design_t *d, const arch_dist_t *dist);

/* "10ms" in ns, "3" in whatever; *end is behind what was read. Independent of the locale. */
bool archi_parse_number(const char *text, const char **end, int exponent, double *out);
bool archi_parse_time(const char *text, double *ns);
bool archi_parse_rate(const char *text, double *per_s);

/* An empirical table from a file in the design's folder. */
bool archi_read_table_file(archi_reader_t *r, const archi_place_t *file, double unit_ns, archi_dimension_t dimension,
                           arch_table_t *table);

/* ---- parts of a design ------------------------------------------------------------------------------------------- */

extern const char *const archi_discipline_names[4];
extern const char *const archi_balance_names[3];
extern const char *const archi_metric_names[ARCH_N_METRICS];
extern const char *const archi_kind_names[ARCHI_IS_ENDPOINT + 1];

/* Names first, so that anything can refer to anything; then contents. */
void archi_declare_elements(archi_reader_t *r, const archi_place_t maps[ARCHI_IS_ENDPOINT]);
void archi_read_elements(archi_reader_t *r, const archi_place_t maps[ARCHI_IS_ENDPOINT]);
bool archi_read_steps(archi_reader_t *r, const archi_place_t *at, arch_steps_t *out);
bool archi_read_target(archi_reader_t *r, const archi_place_t *at, const char *text, arch_ref_t *out);
void archi_read_network(archi_reader_t *r, const archi_place_t *at);
void archi_read_workloads(archi_reader_t *r, const archi_place_t *at);
void archi_read_objectives(archi_reader_t *r, const archi_place_t *at);
void archi_read_run(archi_reader_t *r, const archi_place_t *at);

/* All bytes of a file, and a NUL behind them; more than 1 GiB are read no further than one byte beyond it. The caller frees
 * *text, also on failure. */
arch_status_t archi_slurp(const char *path, char **text, size_t *length);
/* Every second key of an object, anywhere in the tree, is a problem and taken out. */
void archi_drop_twins(archi_reader_t *r, const archi_place_t *at);

/* A name by its kind-set, a cache step's cache for instance; ARCH_NONE and a problem when there is none. */
uint32_t archi_read_name(archi_reader_t *r, const archi_place_t *at, unsigned kinds, const char *expected);

/* Cycles of calls that have no end, and users who would ask for ever in one instant. The design is otherwise sound. */
void archi_check_cycles(archi_reader_t *r);
void archi_check_closed_loops(archi_reader_t *r);

/* The JSON text of a design in memory whose indices are in range. */
void archi_explain(const arch_design_t *design, archi_strbuf_t *out);
/* Of that text: what arch_design_t.hash is after reading. */
arch_status_t archi_hash_design(const arch_design_t *design, uint64_t *hash);

/* The two parts of "element/endpoint" for a reference that is in range. */
const char *archi_element_name(const arch_design_t *d, arch_kind_t kind, uint32_t element);
const char *archi_endpoint_name(const arch_design_t *d, const arch_ref_t *ref);

#endif
