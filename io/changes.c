/* io/changes.c - a file of changes: what may be different in a design, and what it costs. Every option is tried on the
 * design by itself, so that a slip in a pointer is found before anything is simulated. */
#include "io/money.h"
#include "io/design_scan.h"
#include "io/json_pointer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_VERSION = 1, MOST_BYTES = 1 << 24, MOST_CHANGES = 64, MOST_OPTIONS = 10000, MOST_BORING = 100 };

typedef struct {
    archi_reader_t r;
    archi_tender_t tender;
    arch_changes_t *out;
    const arch_design_t *design;
} read_t;

/* ---- what a change sets ----------------------------------------------------------------------------------------- */

/* The value as text; NULL for null: it is removed. */
static const char *value_text(read_t *x, const archi_json_t *value)
{
    archi_strbuf_t buf = {0};
    char *text = NULL;
    const char *copy;

    if (archi_json_is_null(value))
        return NULL;
    archi_json_write(value, 0, &buf);
    if (archi_strbuf_take(&buf, &text) != ARCH_OK) {
        x->r.st = arch_error_status();
        return "";
    }
    copy = archi_reader_copy(&x->r, text);
    free(text);
    return copy;
}

/* Tries the option by itself; the first thing that is wrong is told at the place. */
static bool goes_with_design(read_t *x, const archi_place_t *at, const arch_option_t *o)
{
    arch_problems_t problems = {0, NULL};
    arch_design_t *changed = NULL;
    arch_status_t st;

    if (x->design == NULL || o->n_sets == 0 || x->r.st != ARCH_OK)
        return true;
    st = arch_design_change(x->design, o->set, o->n_sets, &changed, &problems);
    if (st == ARCH_E_FORMAT && problems.n > 0)
        archi_problem(&x->r, at, "with \"%.60s\" the design is not sound, %.200s: %.600s", o->name, problems.problem[0].at,
                      problems.problem[0].text);
    else if (st != ARCH_OK)
        x->r.st = st;
    arch_problems_clear(&problems);
    arch_design_destroy(&changed);
    return st == ARCH_OK;
}

static void read_sets(read_t *x, const archi_place_t *at, arch_option_t *o)
{
    arch_change_t *set;
    uint32_t i = 0;

    if (!archi_is_object(&x->r, at, "an object of pointers and values, such as {\"/services/app/cores\": 2}"))
        return;
    set = archi_reader_alloc(&x->r, archi_count(at->node), sizeof *set);
    if (set == NULL)
        return;
    for (const archi_json_t *c = archi_json_first(at->node); c != NULL; c = c->next, i++) {
        archi_place_t here = archi_member(at, c);
        if (c->key[0] != '/')
            archi_problem(&x->r, &here, "found the key \"%.60s\", expected a JSON pointer such as \"/services/app/cores\"",
                          c->key);
        set[i] = (arch_change_t){archi_reader_copy(&x->r, c->key), value_text(x, c)};
    }
    o->set = set;
    o->n_sets = i;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

static bool one_value(read_t *x, arch_planned_change_t *c, uint32_t i, const char *text)
{
    arch_change_t *set = archi_reader_alloc(&x->r, 1, sizeof *set);

    if (set == NULL)
        return false;
    *set = (arch_change_t){c->pointer, text};
    c->option[i] = (arch_option_t){text, 0, 1, set};
    return true;
}

static bool read_range(read_t *x, const archi_place_t *at, arch_planned_change_t *c)
{
    static const char *const keys[] = {"from", "to", "step"};
    uint32_t from = 0, to = 0, step = 1;
    archi_place_t f[3];
    char text[16];

    if (!archi_fields(&x->r, at, keys, 3, f) || !archi_required(&x->r, &f[0], "a whole number, the first value") ||
        !archi_required(&x->r, &f[1], "a whole number, the last value") ||
        !archi_read_whole(&x->r, &f[0], 0, 1000000000, &from) || !archi_read_whole(&x->r, &f[1], 0, 1000000000, &to) ||
        !archi_read_whole(&x->r, &f[2], 1, 1000000000, &step))
        return false;
    if (to < from || (to - from) / step >= MOST_OPTIONS) {
        archi_problem(&x->r, at, "found %u to %u by %u, expected 1 to %d values", from, to, step, MOST_OPTIONS);
        return false;
    }
    c->n_options = (to - from) / step + 1;
    c->option = archi_reader_alloc(&x->r, c->n_options, sizeof *c->option);
    for (uint32_t i = 0; c->option != NULL && i < c->n_options; i++) {
        snprintf(text, sizeof text, "%u", from + i * step);
        if (!one_value(x, c, i, archi_reader_copy(&x->r, text)))
            return false;
    }
    return c->option != NULL;
}

static bool read_values(read_t *x, const archi_place_t *at, arch_planned_change_t *c)
{
    uint32_t i = 0;

    if (archi_json_is_object(at->node))
        return read_range(x, at, c);
    if (!archi_is_array(&x->r, at, "a list of values, or {\"from\": 1, \"to\": 8}"))
        return false;
    c->n_options = archi_count(at->node);
    if (c->n_options < 1 || c->n_options > MOST_OPTIONS) {
        archi_problem(&x->r, at, "found %u values, expected 1 to %d", c->n_options, MOST_OPTIONS);
        return false;
    }
    c->option = archi_reader_alloc(&x->r, c->n_options, sizeof *c->option);
    for (const archi_json_t *v = archi_json_first(at->node); v != NULL && c->option != NULL; v = v->next, i++) {
        archi_place_t here = archi_item(at, v, i);
        const char *text = value_text(x, v);
        if (text == NULL) {
            archi_expected(&x->r, &here, "a value");
            return false;
        }
        if (!one_value(x, c, i, text))
            return false;
    }
    return c->option != NULL;
}

/* So much per unit of a value, which is a number then. */
static bool cost_per_unit(read_t *x, const archi_place_t *at, const archi_place_t *values, arch_planned_change_t *c)
{
    arch_money_t unit;

    if (!archi_read_money(&x->r, at, &x->tender, &unit))
        return false;
    for (uint32_t i = 0; i < c->n_options && unit != 0; i++) {
        const char *end;
        double v;
        if (!archi_parse_number(c->option[i].name, &end, 0, &v) || *end != '\0' || !(v >= 0 && v <= 1e9) ||
            v != (uint32_t)v) {
            archi_problem(&x->r, values, "found %.60s, expected whole numbers where the cost is for each; else give a "
                          "list of costs", c->option[i].name);
            return false;
        }
        if (v > 0 && unit > ARCHI_MOST_MONEY / (int64_t)v) {
            archi_problem(&x->r, at, "found a cost that is more than ten thousand million a year with %.20s, expected less",
                          c->option[i].name);
            return false;
        }
        c->option[i].cost = unit * (int64_t)v;
    }
    return true;
}

static bool read_costs(read_t *x, const archi_place_t *at, const archi_place_t *values, arch_planned_change_t *c)
{
    uint32_t i = 0, n = archi_count(at->node);

    if (!archi_json_is_array(at->node))
        return cost_per_unit(x, at, values, c);
    if (n != c->n_options) {
        archi_problem(&x->r, at, "found %u costs, expected %u, one for each value", n, c->n_options);
        return false;
    }
    for (const archi_json_t *v = archi_json_first(at->node); v != NULL; v = v->next, i++) {
        archi_place_t here = archi_item(at, v, i);
        archi_read_money(&x->r, &here, &x->tender, &c->option[i].cost);
    }
    return true;
}

/* ---- kinds of changes ------------------------------------------------------------------------------------------- */

enum { F_NAME, F_POINTER, F_VALUES, F_SET, F_LADDER, F_COST, F_BORING, F_MONOTONE, N_FIELDS };

static void read_by_values(read_t *x, const archi_place_t f[N_FIELDS], arch_planned_change_t *c)
{
    c->kind = ARCH_CHANGE_VALUES;
    if (!archi_required(&x->r, &f[F_POINTER], "a JSON pointer to what has the values") ||
        !archi_required(&x->r, &f[F_VALUES], "a list of values, or {\"from\": 1, \"to\": 8}") ||
        !archi_read_text(&x->r, &f[F_POINTER], &c->pointer))
        return;
    if (c->pointer[0] != '/') {
        archi_expected(&x->r, &f[F_POINTER], "a JSON pointer such as \"/services/app/replicas\"");
        return;
    }
    c->pointer = archi_reader_copy(&x->r, c->pointer);
    if (!read_values(x, &f[F_VALUES], c) ||
        !archi_required(&x->r, &f[F_COST], "a cost such as \"$30/month\" for each, a list of costs, or 0") ||
        !read_costs(x, &f[F_COST], &f[F_VALUES], c))
        return;
    for (uint32_t i = 0; i < c->n_options && goes_with_design(x, &f[F_VALUES], &c->option[i]); i++)
        continue;
}

static void read_switch(read_t *x, const archi_place_t f[N_FIELDS], arch_planned_change_t *c)
{
    c->kind = ARCH_CHANGE_SWITCH;
    c->option = archi_reader_alloc(&x->r, 2, sizeof *c->option);
    if (c->option == NULL)
        return;
    c->n_options = 2;
    c->option[0].name = "without";
    c->option[1].name = "with";
    read_sets(x, &f[F_SET], &c->option[1]);
    if (archi_required(&x->r, &f[F_COST], "a cost such as \"$15/month\", or 0"))
        archi_read_money(&x->r, &f[F_COST], &x->tender, &c->option[1].cost);
    if (x->r.n_found == 0)
        goes_with_design(x, &f[F_SET], &c->option[1]);
}

static void read_rung(read_t *x, const archi_place_t *at, arch_option_t *o)
{
    static const char *const keys[] = {"name", "set", "cost"};
    archi_place_t f[3];

    o->name = "";
    if (!archi_fields(&x->r, at, keys, 3, f))
        return;
    if (archi_required(&x->r, &f[0], "the name of this step") && archi_read_text(&x->r, &f[0], &o->name))
        o->name = archi_reader_copy(&x->r, o->name);
    if (archi_required(&x->r, &f[1], "an object of pointers and values, {} for the design as it is"))
        read_sets(x, &f[1], o);
    if (archi_required(&x->r, &f[2], "a cost such as \"$25/month\", or 0"))
        archi_read_money(&x->r, &f[2], &x->tender, &o->cost);
    if (x->r.n_found == 0)
        goes_with_design(x, &f[1], o);
}

static void read_ladder(read_t *x, const archi_place_t f[N_FIELDS], arch_planned_change_t *c)
{
    const archi_place_t *at = &f[F_LADDER];
    uint32_t i = 0, n = archi_count(at->node);

    c->kind = ARCH_CHANGE_LADDER;
    if (!archi_is_array(&x->r, at, "a list of steps, the weakest first"))
        return;
    if (n < 1 || n > MOST_OPTIONS) {
        archi_problem(&x->r, at, "found %u steps, expected 1 to %d", n, MOST_OPTIONS);
        return;
    }
    if (f[F_COST].node != NULL)
        archi_problem(&x->r, &f[F_COST], "found a cost of the whole ladder, expected a cost in each of its steps");
    c->option = archi_reader_alloc(&x->r, n, sizeof *c->option);
    c->n_options = c->option != NULL ? n : 0;
    for (const archi_json_t *v = archi_json_first(at->node); v != NULL && c->option != NULL; v = v->next, i++) {
        archi_place_t here = archi_item(at, v, i);
        read_rung(x, &here, &c->option[i]);
    }
}

/* ---- what is boring, what is monotone --------------------------------------------------------------------------- */

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Whether what it sets is an element that the design does not have. */
static bool adds_element(const read_t *x, const arch_option_t *o, const char *of)
{
    for (uint32_t i = 0; i < o->n_sets; i++) {
        const char *p = o->set[i].pointer;
        char *text = NULL;
        if (strncmp(p, of, strlen(of)) != 0 || strchr(p + strlen(of), '/') != NULL || o->set[i].value == NULL || !x->design)
            continue;
        if (arch_design_value(x->design, p, &text) != ARCH_OK)
            return true;
        free(text);
    }
    return false;
}

/* The order of the boring list: what costs thought only, pools, caches, larger machines, more machines, new
 * infrastructure. */
static uint32_t how_boring(const read_t *x, const arch_planned_change_t *c)
{
    const arch_option_t *last = c->n_options > 0 ? &c->option[c->n_options - 1] : NULL;

    if (c->kind == ARCH_CHANGE_LADDER)
        return 40;
    if (c->kind == ARCH_CHANGE_VALUES)
        return ends_in(c->pointer, "/connections") || ends_in(c->pointer, "/threads") ? 20
               : ends_in(c->pointer, "/cores")                                       ? 40
               : ends_in(c->pointer, "/replicas")                                    ? 50
               : strstr(c->pointer, "/read_replicas") != NULL                        ? 60
                                                                                     : 30;
    if (last != NULL && (adds_element(x, last, "/services/") || adds_element(x, last, "/databases/")))
        return 60;
    for (uint32_t i = 0; last != NULL && i < last->n_sets; i++)
        if (strstr(last->set[i].pointer, "/read_replicas") != NULL)
            return 60;
    return last != NULL && adds_element(x, last, "/caches/") ? 30 : 10;
}

/* More of the same does no harm; ascending numbers only. */
static bool is_monotone(const arch_planned_change_t *c)
{
    double before = -1, v;
    const char *end;

    if (c->kind != ARCH_CHANGE_VALUES)
        return c->kind == ARCH_CHANGE_LADDER;
    if (!ends_in(c->pointer, "/replicas") && !ends_in(c->pointer, "/cores") && !ends_in(c->pointer, "/read_replicas/count"))
        return false;
    for (uint32_t i = 0; i < c->n_options; i++, before = v)
        if (!archi_parse_number(c->option[i].name, &end, 0, &v) || *end != '\0' || v <= before)
            return false;
    return true;
}

/* ---- one change, and all ---------------------------------------------------------------------------------------- */

static void read_change(read_t *x, const archi_place_t *at, arch_planned_change_t *c)
{
    static const char *const keys[N_FIELDS] = {"name", "pointer", "values", "set", "ladder", "cost", "boring", "monotone"};
    archi_place_t f[N_FIELDS];
    int ways;

    c->name = "";
    if (!archi_fields(&x->r, at, keys, N_FIELDS, f))
        return;
    if (archi_required(&x->r, &f[F_NAME], "what people call it, such as \"app replicas\"") &&
        archi_read_text(&x->r, &f[F_NAME], &c->name))
        c->name = archi_reader_copy(&x->r, c->name);
    ways = (f[F_POINTER].node != NULL || f[F_VALUES].node != NULL) + (f[F_SET].node != NULL) + (f[F_LADDER].node != NULL);
    if (ways != 1)
        archi_problem(&x->r, at, "found %s, expected either \"pointer\" with \"values\", or \"set\", or \"ladder\"",
                      ways == 0 ? "nothing to change" : "several ways to change at once");
    else if (f[F_LADDER].node != NULL)
        read_ladder(x, f, c);
    else if (f[F_SET].node != NULL)
        read_switch(x, f, c);
    else
        read_by_values(x, f, c);
    if (x->r.n_found > 0 || x->r.st != ARCH_OK)
        return;
    c->boring = how_boring(x, c);
    c->monotone = is_monotone(c);
    archi_read_whole(&x->r, &f[F_BORING], 1, MOST_BORING, &c->boring);
    archi_read_bool(&x->r, &f[F_MONOTONE], &c->monotone);
}

static void same_name(read_t *x, const archi_place_t *at, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (strcmp(x->out->change[k].name, x->out->change[i].name) == 0 && x->out->change[i].name[0] != '\0')
            archi_problem(&x->r, at, "found the name \"%.60s\" a second time, expected every name once",
                          x->out->change[i].name);
}

static void read_all(read_t *x, const archi_place_t *at)
{
    uint32_t i = 0, n = archi_count(at->node);

    if (!archi_is_array(&x->r, at, "a list of changes"))
        return;
    if (n < 1 || n > MOST_CHANGES) {
        archi_problem(&x->r, at, "found %u changes, expected 1 to %d", n, MOST_CHANGES);
        return;
    }
    x->out->change = archi_reader_alloc(&x->r, n, sizeof *x->out->change);
    for (const archi_json_t *v = archi_json_first(at->node); v != NULL && x->out->change != NULL; v = v->next, i++) {
        archi_place_t here = archi_item(at, v, i);
        read_change(x, &here, &x->out->change[i]);
        same_name(x, &here, i);
    }
    x->out->n_changes = i;
}

static void read_root(read_t *x, const archi_place_t *root)
{
    static const char *const keys[] = {"architech_changes", "base_cost", "changes"};
    archi_place_t f[3];

    if (!archi_is_object(&x->r, root, "an object with changes") || !archi_fields(&x->r, root, keys, 3, f))
        return;
    if (archi_required(&x->r, &f[0], "1, the version of this format") &&
        !(archi_json_is_number(f[0].node) && f[0].node->of.number == FORMAT_VERSION)) {
        archi_expected(&x->r, &f[0], "1, the version of this format that this program reads");
        return;
    }
    if (f[1].node != NULL)
        archi_read_money(&x->r, &f[1], &x->tender, &x->out->base);
    if (archi_required(&x->r, &f[2], "a list of changes"))
        read_all(x, &f[2]);
}

static uint64_t hash_of(const char *text, size_t length)
{
    uint64_t h = 14695981039346656037ull; /* FNV-1a */

    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * 1099511628211ull;
    return h;
}

static void read_text(read_t *x, const char *text, size_t length)
{
    archi_place_t root = {NULL, NULL, 0, NULL};
    archi_tree_t tree = {0};
    char message[256];

    if (length > MOST_BYTES) {
        archi_problem(&x->r, &root, "found more than 16 MiB, expected changes of at most that");
        return;
    }
    if (!archi_scan_json(text, length, message, sizeof message)) {
        archi_problem(&x->r, &root, "%s", message);
        return;
    }
    x->r.st = archi_tree_make(text, length, &tree);
    root.node = tree.root;
    if (x->r.st == ARCH_OK)
        archi_drop_twins(&x->r, &root);
    if (x->r.st == ARCH_OK)
        read_root(x, &root);
    archi_tree_free(&tree);
    x->out->currency = x->tender.currency != NULL ? x->tender.currency : "";
    x->out->currency_first = x->tender.first;
    x->out->per_year = x->tender.currency != NULL ? x->tender.per_year : 12;
    x->out->hash = hash_of(text, length);
}

arch_status_t arch_changes_parse(const char *name, const char *text, size_t length, const arch_design_t *design,
                                 arch_changes_t **out, arch_problems_t *problems)
{
    read_t x = {.design = design};
    arch_design_t *memory = NULL;
    arch_status_t st;

    *out = NULL;
    ARCH_TRY(arch_design_create(&memory));
    archi_names_init(&x.r.names);
    x.r.design = memory;
    x.out = archi_reader_alloc(&x.r, 1, sizeof *x.out);
    if (x.out != NULL) {
        x.out->memory = memory;
        read_text(&x, text, length);
    }
    st = x.r.st;
    if (st == ARCH_OK && x.r.n_found > 0)
        st = archi_hand_over(&x.r, name, problems);
    archi_reader_fini(&x.r);
    if (st != ARCH_OK)
        arch_design_destroy(&memory);
    else
        *out = x.out;
    return st;
}

arch_status_t arch_changes_read(const char *path, const arch_design_t *design, arch_changes_t **out,
                                arch_problems_t *problems)
{
    char *text = NULL;
    size_t length = 0;
    arch_status_t st = archi_slurp(path, &text, &length);

    *out = NULL;
    if (st == ARCH_OK)
        st = arch_changes_parse(path, text, length, design, out, problems);
    free(text);
    return st;
}

void arch_changes_destroy(arch_changes_t **changes)
{
    arch_design_t *memory = changes != NULL && *changes != NULL ? (*changes)->memory : NULL;

    if (memory == NULL)
        return;
    *changes = NULL;
    arch_design_destroy(&memory);
}
