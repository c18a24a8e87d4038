/* io/design_change.c - a design changed by pointer. The tree of its text is changed, written out and read like a file: one
 * set of rules and messages, and the original stays what it was. */
#include "io/design_reader.h"
#include "io/design_scan.h"
#include "io/json_pointer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Members on lines of their own down to that of an element; what is inside it stands on one line. */
enum { LINES = 3 };

typedef struct {
    const arch_design_t *design;
    const arch_change_t *change;
    uint32_t n;
    archi_tree_t tree;   /* of the design's text, being changed */
    archi_tree_t said;   /* memory of settings that became part of it */
    archi_tree_t *value; /* [n] of the new values */
    archi_made_t *made;  /* [n] */
    archi_reader_t r;    /* of problems only */
} edit_t;

/* ---- the text that is changed ------------------------------------------------------------------------------------ */

/* Whether the text that a design was read from still says what the design does; a program may have changed the structs. */
static arch_status_t text_holds(const arch_design_t *d, bool *holds)
{
    uint64_t hash = 0;

    *holds = false;
    if (d->source[0] == '\0')
        return ARCH_OK;
    ARCH_TRY(archi_hash_design(d, &hash));
    *holds = hash == d->hash;
    return ARCH_OK;
}

/* What the library says of a design. */
static arch_status_t explained_tree(const arch_design_t *d, archi_tree_t *tree)
{
    char *text = NULL;
    arch_status_t st;

    memset(tree, 0, sizeof *tree);
    ARCH_TRY(arch_design_explain(d, &text));
    st = archi_tree_make_in(text, tree);
    tree->text = text;
    return st;
}

/* Whether a program has changed nothing but the settings of runs, as programs often do. */
static arch_status_t only_settings_differ(const arch_design_t *d, bool *only)
{
    arch_problems_t problems = {0, NULL};
    arch_design_t *before = NULL, mix = *d;
    uint64_t hash = 0;
    arch_status_t st;

    *only = false;
    if (d->source[0] == '\0')
        return ARCH_OK;
    st = arch_design_parse(d->name, d->folder, d->source, strlen(d->source), &before, &problems);
    arch_problems_clear(&problems);
    if (st == ARCH_E_FORMAT) /* a text or a table that a program has put there */
        return ARCH_OK;
    ARCH_TRY(st);
    mix.run = before->run;
    st = archi_hash_design(&mix, &hash);
    *only = st == ARCH_OK && hash == d->hash;
    arch_design_destroy(&before);
    return st;
}

/* The settings of runs as they are now, into the design's own words; `said` holds the memory. */
static arch_status_t put_settings(const arch_design_t *d, archi_tree_t *tree, archi_tree_t *said)
{
    char says[ARCHI_POINTER_SAYS];
    arch_design_t *scratch = NULL;
    archi_made_t made;
    arch_status_t st;

    ARCH_TRY(arch_design_create(&scratch));
    scratch->run = d->run;
    st = explained_tree(scratch, said);
    arch_design_destroy(&scratch);
    ARCH_TRY(st);
    return archi_pointer_set(tree, "/run", (archi_json_t *)archi_json_member(said->root, "run"), &made, says);
}

/* The tree of the design's own words, where they hold, or of those that the library finds for it. */
static arch_status_t tree_of(const arch_design_t *d, archi_tree_t *tree, archi_tree_t *said)
{
    arch_problems_t problems = {0, NULL};
    bool holds, only = false;
    arch_status_t st;

    ARCH_TRY(text_holds(d, &holds));
    if (!holds)
        ARCH_TRY(only_settings_differ(d, &only));
    if (holds || only) {
        ARCH_TRY(archi_tree_make(d->source, strlen(d->source), tree));
        return only ? put_settings(d, tree, said) : ARCH_OK;
    }
    st = arch_design_check(d, &problems);
    arch_problems_clear(&problems);
    ARCH_TRY(st);
    return explained_tree(d, tree);
}

/* ---- problems ---------------------------------------------------------------------------------------------------- */

static void problem(edit_t *e, uint32_t k, const char *text)
{
    char words[ARCHI_POINTER_SAYS + 64];

    snprintf(words, sizeof words, "change %u of %u: %s", (unsigned)k + 1, (unsigned)e->n, text);
    archi_problem_at(&e->r, e->change[k].pointer, (int)e->r.n_found, words);
}

/* `inner` is `outer` or something in it. */
static bool lies_in(const char *inner, const char *outer)
{
    size_t n = strlen(outer);

    return strncmp(inner, outer, n) == 0 && (inner[n] == '\0' || inner[n] == '/');
}

/* The last change that has to do with what is at a pointer, or n. */
static uint32_t change_of(const edit_t *e, const char *at)
{
    for (uint32_t k = e->n; k-- > 0;)
        if (lies_in(at, e->change[k].pointer) || (*at != '\0' && lies_in(e->change[k].pointer, at)))
            return k;
    return e->n;
}

/* A name that a change made may be the slip that all else comes from. */
static void mention_slips(edit_t *e)
{
    for (uint32_t k = 0; k < e->n && e->r.st == ARCH_OK; k++) {
        const archi_made_t *m = &e->made[k];
        const char *near = m->in ? archi_nearest_key(m->in, m->made->key, m->made) : NULL;
        char text[ARCHI_POINTER_SAYS];
        if (!near)
            continue;
        snprintf(text, sizeof text, "found no \"%.100s\" in %.*s and made it; did you mean \"%.100s\"?", m->made->key,
                 m->length == 0 ? 10 : m->length < 200 ? (int)m->length : 200,
                 m->length == 0 ? "the design" : e->change[k].pointer, near);
        problem(e, k, text);
    }
}

/* What is wrong with the changed design, each with the change that it has to do with. */
static void pass_on(edit_t *e, const arch_problems_t *found)
{
    mention_slips(e);
    for (uint32_t i = 0; i < found->n; i++) {
        const arch_problem_t *p = &found->problem[i];
        uint32_t k = change_of(e, p->at);
        char text[1280];
        bool same = k < e->n && strcmp(p->at, e->change[k].pointer) == 0;
        if (k < e->n)
            snprintf(text, sizeof text, "change %u of %u%s%.*s%s: %.900s", (unsigned)k + 1, (unsigned)e->n, same ? "" : " (",
                     same ? 0 : 200, e->change[k].pointer, same ? "" : ")", p->text);
        archi_problem_at(&e->r, p->at, (int)e->r.n_found, k < e->n ? text : p->text);
    }
}

/* ---- the changes ------------------------------------------------------------------------------------------------- */

static arch_status_t read_value(edit_t *e, uint32_t k, char says[ARCHI_POINTER_SAYS])
{
    const char *text = e->change[k].value;
    size_t length = strlen(text);
    char message[256];

    if (!archi_scan_json(text, length, message, sizeof message)) {
        snprintf(says, ARCHI_POINTER_SAYS, "its value is no JSON: %s", message);
        return ARCH_E_ARG;
    }
    return archi_tree_make(text, length, &e->value[k]);
}

static void apply(edit_t *e, uint32_t k)
{
    const arch_change_t *c = &e->change[k];
    char says[ARCHI_POINTER_SAYS];
    arch_status_t st;

    if (!c->value) {
        st = archi_pointer_remove(&e->tree, c->pointer, says);
    } else {
        st = read_value(e, k, says);
        if (st == ARCH_OK)
            st = archi_pointer_set(&e->tree, c->pointer, e->value[k].root, &e->made[k], says);
    }
    if (st == ARCH_E_ARG)
        problem(e, k, says);
    else if (st != ARCH_OK)
        e->r.st = st;
}

/* The tree as it is now, read like a file. */
static arch_status_t read_back(edit_t *e, arch_design_t **out, arch_problems_t *problems)
{
    archi_strbuf_t buffer = {0};
    arch_problems_t found = {0, NULL};
    const char *name = e->design->name;
    arch_status_t st;
    char *text;

    archi_json_write(e->tree.root, LINES, &buffer);
    archi_strbuf_add(&buffer, "\n");
    ARCH_TRY(archi_strbuf_take(&buffer, &text));
    st = arch_design_parse(name, e->design->folder, text, strlen(text), out, &found);
    free(text);
    if (st == ARCH_E_FORMAT) {
        pass_on(e, &found);
        st = e->r.st == ARCH_OK ? archi_hand_over(&e->r, name, problems) : e->r.st;
    }
    arch_problems_clear(&found);
    return st;
}

static arch_status_t edit_begin(edit_t *e, const arch_design_t *design, const arch_change_t *change, uint32_t n)
{
    memset(e, 0, sizeof *e);
    e->design = design;
    e->change = change;
    e->n = n;
    e->value = calloc((size_t)n + 1, sizeof *e->value);
    e->made = calloc((size_t)n + 1, sizeof *e->made);
    if (!e->value || !e->made)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u changes", (unsigned)n);
    return tree_of(design, &e->tree, &e->said);
}

static void edit_end(edit_t *e)
{
    for (uint32_t k = 0; e->value && k < e->n; k++)
        archi_tree_free(&e->value[k]);
    free(e->value);
    free(e->made);
    archi_tree_free(&e->tree);
    archi_tree_free(&e->said);
    archi_reader_fini(&e->r);
}

arch_status_t arch_design_change(const arch_design_t *design, const arch_change_t *change, uint32_t n, arch_design_t **out,
                                 arch_problems_t *problems)
{
    edit_t e;
    arch_status_t st;

    *out = NULL;
    st = edit_begin(&e, design, change, n);
    for (uint32_t k = 0; k < n && st == ARCH_OK; k++) {
        apply(&e, k);
        st = e.r.st;
    }
    if (st == ARCH_OK)
        st = e.r.n_found > 0 ? archi_hand_over(&e.r, design->name, problems) : read_back(&e, out, problems);
    edit_end(&e);
    return st;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static arch_status_t write_out(const archi_json_t *value, char **text)
{
    archi_strbuf_t buffer = {0};

    archi_json_write(value, 0, &buffer);
    return archi_strbuf_take(&buffer, text);
}

/* In the design's own words, where they hold: a cv is not among the library's. */
static arch_status_t own_value(const arch_design_t *d, const char *pointer, const char *why, char **text)
{
    char says[ARCHI_POINTER_SAYS];
    const archi_json_t *value;
    archi_tree_t tree;
    bool holds;
    arch_status_t st;

    ARCH_TRY(text_holds(d, &holds));
    if (!holds)
        return ARCH_FAIL(ARCH_E_NOTFOUND, "%s: %s: %s", d->name, pointer, why);
    st = archi_tree_make(d->source, strlen(d->source), &tree);
    value = st == ARCH_OK ? archi_pointer_find(tree.root, pointer, says) : NULL;
    if (st == ARCH_OK)
        st = value ? write_out(value, text) : ARCH_FAIL(ARCH_E_NOTFOUND, "%s: %s: %s", d->name, pointer, why);
    archi_tree_free(&tree);
    return st;
}

arch_status_t arch_design_value(const arch_design_t *design, const char *pointer, char **text)
{
    char says[ARCHI_POINTER_SAYS];
    const archi_json_t *value;
    archi_tree_t tree;
    arch_status_t st;

    *text = NULL;
    st = explained_tree(design, &tree);
    value = st == ARCH_OK ? archi_pointer_find(tree.root, pointer, says) : NULL;
    if (st == ARCH_OK)
        st = value ? write_out(value, text) : own_value(design, pointer, says, text);
    archi_tree_free(&tree);
    return st;
}

/* ---- more or less load ------------------------------------------------------------------------------------------- */

static double scaled_users(uint32_t users, double factor)
{
    double n = (double)users * factor + 0.5;

    return n < 1.0 ? 1.0 : n < 4e9 ? n : 4e9;
}

/* Gaps `factor` times as long; a table becomes another, behind those that there are, for which there is room. */
static arch_status_t scale_gap(arch_design_t *scratch, arch_dist_t *gap, double factor)
{
    arch_table_t *table = &scratch->table[scratch->n_tables];

    arch_dist_scale(gap, factor);
    if (gap->kind != ARCH_DIST_EMPIRICAL)
        return ARCH_OK;
    *table = scratch->table[gap->table];
    table->value = arch_design_alloc(scratch, table->n * sizeof *table->value);
    if (!table->value)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a table of %u values", (unsigned)table->n);
    for (uint32_t i = 0; i < table->n; i++)
        table->value[i] = scratch->table[gap->table].value[i] * factor;
    gap->table = scratch->n_tables++;
    return ARCH_OK;
}

/* A workload with its rates, its gaps or its users changed; arrays of its own are the scratch design's. */
static arch_status_t scale_workload(arch_design_t *scratch, arch_workload_t *w, double factor)
{
    arch_rate_point_t *point;

    if (w->kind == ARCH_CLOSED) {
        w->users = (uint32_t)scaled_users(w->users, factor);
        return ARCH_OK;
    }
    w->rate *= factor;
    if (w->kind == ARCH_OPEN_RENEWAL)
        return scale_gap(scratch, &w->gap, 1.0 / factor);
    if (w->kind != ARCH_OPEN_PROFILE)
        return ARCH_OK;
    point = arch_design_alloc(scratch, w->n_points * sizeof *point);
    if (!point)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a profile of %u points", (unsigned)w->n_points);
    for (uint32_t i = 0; i < w->n_points; i++) {
        point[i] = w->point[i];
        point[i].rate *= factor;
    }
    w->point = point;
    return ARCH_OK;
}

/* A design of nothing but the workloads, scaled; what it says of elements is not looked at, only the words of its load. */
static arch_status_t scaled_load(const arch_design_t *d, double factor, archi_tree_t *tree)
{
    arch_design_t *scratch = NULL;
    arch_status_t st = ARCH_OK;

    ARCH_TRY(arch_design_create(&scratch));
    scratch->n_tables = d->n_tables;
    scratch->table = arch_design_alloc(scratch, ((size_t)d->n_tables + d->n_workloads + 1) * sizeof *scratch->table);
    scratch->workload = arch_design_alloc(scratch, ((size_t)d->n_workloads + 1) * sizeof *scratch->workload);
    if (!scratch->workload || !scratch->table)
        st = ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u workloads", (unsigned)d->n_workloads);
    else if (d->n_tables > 0)
        memcpy(scratch->table, d->table, d->n_tables * sizeof *scratch->table);
    for (uint32_t i = 0; i < d->n_workloads && st == ARCH_OK; i++) {
        scratch->workload[scratch->n_workloads++] = d->workload[i];
        st = scale_workload(scratch, &scratch->workload[i], factor);
    }
    if (st == ARCH_OK)
        st = explained_tree(scratch, tree);
    arch_design_destroy(&scratch);
    return st;
}

/* The words for the load of one workload go where the design has its own. */
static void move_load(archi_json_t *from, archi_json_t *to)
{
    static const char *const keys[] = {"rate", "gap", "users"};

    for (uint32_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        const archi_json_t *value = archi_json_member(from, keys[k]), *old = archi_json_member(to, keys[k]);
        archi_json_t **link = &to->of.child;
        if (!value || !old)
            continue;
        while (*link != old)
            link = &(*link)->next;
        (*link)->type = value->type;
        (*link)->of = value->of;
    }
}

arch_status_t arch_design_scale_load(const arch_design_t *design, double factor, arch_design_t **out)
{
    arch_problems_t problems = {0, NULL};
    archi_tree_t load;
    edit_t e;
    arch_status_t st;

    *out = NULL;
    if (!(factor > 0.0 && factor <= 1e18))
        return ARCH_FAIL(ARCH_E_ARG, "found a factor of %g for the load, expected one above 0, at most 1e18", factor);
    memset(&load, 0, sizeof load);
    st = edit_begin(&e, design, NULL, 0);
    if (st == ARCH_OK)
        st = scaled_load(design, factor, &load);
    if (st == ARCH_OK) { /* the same workloads in the same order */
        archi_json_t *from = archi_json_first(archi_json_member(load.root, "workloads"));
        archi_json_t *to = archi_json_first(archi_json_member(e.tree.root, "workloads"));
        for (; from && to; from = from->next, to = to->next)
            move_load(from, to);
        st = read_back(&e, out, &problems);
    }
    arch_problems_clear(&problems);
    archi_tree_free(&load);
    edit_end(&e);
    return st;
}
