/* io/design.c - designs: made, returned, read from JSON text, and judged when a program made them. */
#include "io/arena.h"
#include "io/design_reader.h"
#include "io/design_scan.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BYTES = 1 << 30, FORMAT_VERSION = 1 };

/* ---- made and returned ------------------------------------------------------------------------------------------- */

arch_status_t arch_design_create(arch_design_t **out)
{
    arch_arena_t *arena = archi_arena_create();
    arch_design_t *d = arena ? archi_arena_alloc(arena, sizeof *d) : NULL;

    *out = d;
    if (!d) {
        archi_arena_destroy(&arena);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a design");
    }
    d->arena = arena;
    d->name = "unnamed";
    d->description = d->source = "";
    d->run.duration = 60 * ARCH_SECOND;
    d->run.warmup = d->run.interval = ARCH_AUTO;
    d->run.replications = 10;
    d->run.seed = 1;
    d->latency.table = ARCH_NONE;
    return ARCH_OK;
}

void arch_design_destroy(arch_design_t **design)
{
    arch_arena_t *arena;

    if (!design || !*design)
        return;
    arena = (*design)->arena; /* holds the design itself */
    *design = NULL;
    archi_arena_destroy(&arena);
}

void *arch_design_alloc(arch_design_t *design, size_t bytes) { return archi_arena_alloc(design->arena, bytes); }

void arch_problems_clear(arch_problems_t *problems)
{
    for (uint32_t i = 0; problems && i < problems->n; i++) {
        free(problems->problem[i].at);
        free(problems->problem[i].text);
    }
    if (problems) {
        free(problems->problem);
        problems->problem = NULL;
        problems->n = 0;
    }
}

/* ---- the tree: without twins -------------------------------------------------------------------------------------- */

enum { FEW = 8 };

static bool has_twin_before(const archi_place_t *object, const archi_json_t *c)
{
    for (const archi_json_t *b = archi_json_first(object->node); b != c; b = b->next)
        if (strcmp(b->key, c->key) == 0)
            return true;
    return false;
}

/* Report the later of two equal keys and take it out of the tree. */
static void drop_twins(archi_reader_t *r, const archi_place_t *object)
{
    bool few = archi_count(object->node) <= FEW;
    archi_names_t seen;
    archi_json_t *before = NULL;

    archi_names_init(&seen);
    for (archi_json_t *c = archi_json_first(object->node); c && r->st == ARCH_OK; c = c->next) {
        archi_name_t name = {c->key, ARCH_NONE, ARCHI_IS_ENDPOINT, 0};
        archi_place_t at = archi_member(object, c);
        uint32_t ignored;
        arch_status_t st = ARCH_OK;
        if (few)
            st = before && has_twin_before(object, c) ? ARCH_E_ARG : ARCH_OK;
        else
            st = archi_names_add(&seen, &name, &ignored);
        if (st == ARCH_E_ARG) {
            archi_problem(r, &at, "found this key a second time, expected every key once");
            before->next = c->next; /* the first has no twin before it */
            continue;
        }
        before = c;
        if (st != ARCH_OK)
            r->st = st;
    }
    archi_names_fini(&seen);
}

void archi_drop_twins(archi_reader_t *r, const archi_place_t *at)
{
    bool is_object = archi_json_is_object(at->node);
    uint32_t i = 0;

    if (is_object && archi_json_first(at->node) && archi_json_first(at->node)->next)
        drop_twins(r, at);
    for (archi_json_t *c = archi_json_first(at->node); c && r->st == ARCH_OK; c = c->next, i++) {
        archi_place_t here = is_object ? archi_member(at, c) : archi_item(at, c, i);
        archi_drop_twins(r, &here);
    }
}

/* ---- the whole design -------------------------------------------------------------------------------------------- */

enum {
    T_ARCHITECH,
    T_NAME,
    T_DESCRIPTION,
    T_RUN,
    T_KEYSPACES,
    T_SERVICES,
    T_BALANCERS,
    T_DATABASES,
    T_CACHES,
    T_NETWORK,
    T_WORKLOADS,
    T_OBJECTIVES,
    N_TOP
};

static const char *const top_keys[N_TOP] = {"architech", "name",     "description", "run",
                                            "keyspaces", "services", "balancers",   "databases",
                                            "caches",    "network",  "workloads",   "objectives"};

static bool right_version(archi_reader_t *r, const archi_place_t *at)
{
    if (!archi_required(r, at, "1, the version of the design format"))
        return true; /* look at the rest all the same */
    if (archi_json_is_number(at->node) && at->node->of.number == FORMAT_VERSION)
        return true;
    archi_expected(r, at, "1, the version of the design format that this program reads");
    return false;
}

static void read_design(archi_reader_t *r, const archi_place_t *root)
{
    archi_place_t f[N_TOP], maps[ARCHI_IS_ENDPOINT];
    const archi_json_t *version =
        archi_json_is_object(root->node) ? archi_json_member(root->node, "architech") : NULL;
    archi_place_t version_at = {root, "architech", 0, version};

    if (!archi_is_object(r, root, "an object, the design") || !right_version(r, &version_at) ||
        !archi_fields(r, root, top_keys, N_TOP, f))
        return;
    maps[ARCHI_IS_SERVICE] = f[T_SERVICES];
    maps[ARCHI_IS_BALANCER] = f[T_BALANCERS];
    maps[ARCHI_IS_DATABASE] = f[T_DATABASES];
    maps[ARCHI_IS_CACHE] = f[T_CACHES];
    maps[ARCHI_IS_WORKLOAD] = f[T_WORKLOADS];
    maps[ARCHI_IS_KEYSPACE] = f[T_KEYSPACES];
    archi_read_text(r, &f[T_NAME], &r->design->name);
    archi_read_text(r, &f[T_DESCRIPTION], &r->design->description);
    archi_read_run(r, &f[T_RUN]);
    archi_declare_elements(r, maps);
    archi_read_elements(r, maps);
    archi_read_network(r, &f[T_NETWORK]);
    archi_read_workloads(r, &f[T_WORKLOADS]);
    archi_read_objectives(r, &f[T_OBJECTIVES]);
    if (r->n_found == 0 && r->st == ARCH_OK) {
        archi_check_cycles(r);
        archi_check_closed_loops(r);
    }
}

/* `own`: NULL, or the text again, which ends with a NUL and is not needed afterwards: that saves a copy. */
static void read_text(archi_reader_t *r, const char *text, size_t length, char *own)
{
    archi_place_t root = {NULL, NULL, 0, NULL};
    archi_tree_t tree;
    char message[256];

    if (length > MAX_BYTES) {
        archi_problem(r, &root, "found more than 1 GiB, expected a design of at most that");
        return;
    }
    if (!archi_scan_json(text, length, message, sizeof message)) {
        archi_problem(r, &root, "%s", message);
        return;
    }
    r->design->source = archi_arena_copy(r->design->arena, text, length);
    if (!r->design->source) {
        r->st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for the text of the design");
        return;
    }
    r->st = own ? archi_tree_make_in(own, &tree) : archi_tree_make(text, length, &tree);
    root.node = tree.root;
    if (r->st == ARCH_OK)
        archi_drop_twins(r, &root);
    if (r->st == ARCH_OK)
        read_design(r, &root);
    archi_tree_free(&tree);
}

/* ---- problems handed over ---------------------------------------------------------------------------------------- */

static int by_order(const void *a, const void *b)
{
    const archi_found_t *x = a, *y = b;

    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return (x->serial > y->serial) - (x->serial < y->serial);
}

arch_status_t archi_hand_over(archi_reader_t *r, const char *name, arch_problems_t *problems)
{
    const arch_problem_t *first;

    if (r->n_unlisted > 0) {
        archi_place_t root = {NULL, NULL, 0, NULL};
        uint32_t unlisted = r->n_unlisted;
        free(r->found[--r->n_found].problem.at);
        free(r->found[r->n_found].problem.text);
        archi_problem(r, &root, "found %u more problems, which are not listed", (unsigned)unlisted + 1);
        r->found[r->n_found - 1].order = INT32_MAX;
    }
    qsort(r->found, r->n_found, sizeof *r->found, by_order);
    problems->problem = malloc(r->n_found * sizeof *problems->problem);
    if (!problems->problem)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the list of problems");
    for (uint32_t i = 0; i < r->n_found; i++)
        problems->problem[i] = r->found[i].problem;
    problems->n = r->n_found;
    r->n_found = 0; /* theirs now */
    first = &problems->problem[0];
    if (problems->n == 1)
        return ARCH_FAIL(ARCH_E_FORMAT, "%s: %s%s%s", name, first->at, *first->at ? ": " : "", first->text);
    return ARCH_FAIL(ARCH_E_FORMAT, "%s: %u problems, the first: %s%s%s", name, (unsigned)problems->n, first->at,
                     *first->at ? ": " : "", first->text);
}

void archi_reader_fini(archi_reader_t *r)
{
    for (uint32_t i = 0; i < r->n_found; i++) {
        free(r->found[i].problem.at);
        free(r->found[i].problem.text);
    }
    free(r->found);
    archi_names_fini(&r->names);
}

static void hash_more(void *user, const char *text, size_t length)
{
    uint64_t *h = user, now = *h;

    for (size_t i = 0; i < length; i++)
        now = (now ^ (unsigned char)text[i]) * 1099511628211ull;
    *h = now;
}

/* FNV-1a of the canonical text: equal designs hash equally, however their files were written. The text is never there as a
 * whole: of a large design it is a gigabyte. */
arch_status_t archi_hash_design(const arch_design_t *d, uint64_t *hash)
{
    uint64_t h = 14695981039346656037ull;
    archi_strbuf_t buffer = {.drain = hash_more, .user = &h};
    bool failed;

    archi_explain(d, &buffer);
    hash_more(&h, buffer.text, buffer.length);
    failed = buffer.failed;
    archi_strbuf_fini(&buffer);
    if (failed)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to write the design out");
    *hash = h;
    return ARCH_OK;
}

static arch_status_t parse(const char *name, const char *folder, const char *text, size_t length, char *own,
                           arch_design_t **out, arch_problems_t *problems)
{
    archi_reader_t r = {0};
    arch_status_t st;

    *out = NULL;
    ARCH_TRY(arch_design_create(&r.design));
    archi_names_init(&r.names);
    r.folder = folder;
    if (folder)
        r.design->folder = archi_reader_copy(&r, folder);
    read_text(&r, text, length, own);
    st = r.st;
    if (st == ARCH_OK && r.n_found > 0)
        st = archi_hand_over(&r, name, problems);
    if (st == ARCH_OK)
        st = archi_hash_design(r.design, &r.design->hash);
    archi_reader_fini(&r);
    if (st != ARCH_OK)
        arch_design_destroy(&r.design);
    *out = r.design;
    return st;
}

arch_status_t arch_design_parse(const char *name, const char *folder, const char *text, size_t length,
                                arch_design_t **out, arch_problems_t *problems)
{
    return parse(name, folder, text, length, NULL, out, problems);
}

/* ---- from a file ------------------------------------------------------------------------------------------------- */

static arch_status_t cannot(const char *path, const char *what, int error)
{
    bool users = error == ENOENT || error == ENOTDIR || error == EACCES || error == EISDIR || error == ELOOP ||
                 error == ENAMETOOLONG;

    return ARCH_FAIL(users             ? ARCH_E_NOTFOUND
                     : error == ENOMEM ? ARCH_E_NOMEM
                                       : ARCH_E_IO,
                     "%s: cannot %s: %s", path, what, strerror(error));
}

/* All bytes up to one more than allowed; pipes and devices too, so a size is not known before. */
static arch_status_t read_all(int fd, const char *path, char **text, size_t *length)
{
    size_t capacity = 0;
    ssize_t n;

    do {
        if (*length == capacity) {
            capacity = capacity ? 2 * capacity : 1 << 16;
            char *grown = realloc(*text, capacity);
            if (!grown)
                return cannot(path, "read", ENOMEM);
            *text = grown;
        }
        n = read(fd, *text + *length, capacity - *length);
        if (n < 0 && errno != EINTR)
            return cannot(path, "read", errno);
        *length += n > 0 ? (size_t)n : 0;
    } while (n != 0 && *length <= MAX_BYTES);
    if (n == 0)
        (*text)[*length] = '\0'; /* there was room for more */
    return ARCH_OK;
}

arch_status_t archi_slurp(const char *path, char **text, size_t *length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    arch_status_t st;

    *text = NULL;
    *length = 0;
    if (fd < 0)
        return cannot(path, "open", errno);
    st = read_all(fd, path, text, length);
    close(fd);
    return st;
}

/* The folder of a path, "." for a bare name. */
char *archi_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    char *folder = malloc(n + 2);

    if (!folder)
        return NULL;
    memcpy(folder, slash && n > 0 ? path : slash ? "/" : ".", slash && n > 0 ? n : 1);
    folder[slash && n > 0 ? n : 1] = '\0';
    return folder;
}

arch_status_t arch_design_read(const char *path, arch_design_t **out, arch_problems_t *problems)
{
    arch_status_t st = ARCH_OK;
    char *text = NULL, *folder = archi_folder_of(path);
    size_t length = 0;

    *out = NULL;
    if (!folder)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to read %s", path);
    ARCH_TRY_TO(done, archi_slurp(path, &text, &length));
    ARCH_TRY_TO(done, parse(path, folder, text, length, length <= MAX_BYTES ? text : NULL, out, problems));
done:
    free(text);
    free(folder);
    return st;
}
