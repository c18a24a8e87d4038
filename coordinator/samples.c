/* coordinator/samples.c - arch_run_samples(): a run whose replications stay apart. */
#include "coordinator/answer.h"
#include "io/samples.h"
#include <stdlib.h>
#include <string.h>

/* ---- names ------------------------------------------------------------------------------------------------------ */

typedef struct {
    char  *text; /* NULL: only counted */
    size_t n;
} names_t;

/* Where it lies now; "" while names are only counted. */
static const char *add_name(names_t *names, const char *text)
{
    size_t at = names->n, bytes = strlen(text) + 1;

    names->n += bytes;
    return names->text == NULL ? "" : memcpy(names->text + at, text, bytes);
}

static void name_operation(const archi_job_t *job, uint32_t row, arch_operation_row_t *o, names_t *names)
{
    const archi_op_rows_t *rows = &job->ledger.ops;
    const arch_workload_t *w_of;
    uint32_t w = 0;

    if (row < rows->n_operations) {
        w = rows->workload[row];
        o->operation_index = row - rows->first[w];
    } else {
        while (rows->row_of[w] != row)
            w++;
        o->operation_index = ARCH_NONE;
    }
    w_of = &job->design->workload[w];
    o->workload_index = w;
    o->workload = add_name(names, w_of->name);
    o->name = add_name(names, o->operation_index == ARCH_NONE ? "" : w_of->operation[o->operation_index].name);
}

static void name_component(const archi_job_t *job, uint32_t element, arch_component_row_t *c, names_t *names)
{
    archi_element_info_t info;

    archi_plan_element(job->plan, element, &info);
    c->name = add_name(names, info.name);
    c->group = add_name(names, info.group);
    c->kind = (uint32_t)info.kind;
    c->element = info.index;
    c->cores = info.cores;
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

typedef struct {
    archi_job_t    *job;
    archi_net_t    *net;
    uint32_t        n_components, *element_of;
    uint64_t       *row;       /* one of the ledger's, merged over ranks */
    uint32_t       *n_buckets; /* [n_replications][rows] */
    arch_samples_t *out;       /* rank 0 */
} taker_t;

static arch_status_t list_components(taker_t *t)
{
    uint32_t n = archi_plan_n_elements(t->job->plan);
    archi_element_info_t info;

    t->element_of = malloc(((size_t)n + 1) * sizeof *t->element_of);
    if (t->element_of == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for samples of %u elements", n);
    for (uint32_t e = 0; e < n; e++) {
        archi_plan_element(t->job->plan, e, &info);
        if (info.role != ARCHI_ROLE_SOURCE)
            t->element_of[t->n_components++] = e;
    }
    return ARCH_OK;
}

static void put_names(const taker_t *t, names_t *names, arch_samples_t *out)
{
    arch_operation_row_t o;
    arch_component_row_t c;

    for (uint32_t i = 0; i < t->job->ledger.ops.n_rows; i++)
        name_operation(t->job, i, out != NULL ? &out->operation[i] : &o, names);
    for (uint32_t i = 0; i < t->n_components; i++)
        name_component(t->job, t->element_of[i], out != NULL ? &out->component[i] : &c, names);
}

static uint32_t buckets_of(const uint64_t *section)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < ARCHI_N_BUCKETS; i++)
        n += section[i] > 0;
    return n;
}

static void take_operation(const archi_ledger_t *l, uint64_t *row, uint32_t r, arch_operation_sample_t *o)
{
    const uint64_t *v = archi_op_values(l, row, r), *section = archi_op_section(l, row, r);
    uint32_t n = 0;

    o->completed = v[ARCHI_W_COMPLETED];
    o->errors = v[ARCHI_W_ERRORS];
    o->latency = archi_number_of(v[ARCHI_W_LATENCY]);
    o->max = (double)v[ARCHI_W_MAX];
    for (uint32_t i = 0; i < ARCHI_N_BUCKETS; i++)
        if (section[i] > 0) {
            o->bucket[n] = i;
            o->count[n++] = section[i];
        }
}

static void take_component(const uint64_t *v, arch_component_sample_t *c)
{
    c->busy = archi_number_of(v[ARCHI_V_BUSY]);
    c->queued = archi_number_of(v[ARCHI_V_QUEUED]);
    c->inside = archi_number_of(v[ARCHI_V_INSIDE]);
    c->wait = archi_number_of(v[ARCHI_V_WAIT]);
    c->sojourn = archi_number_of(v[ARCHI_V_SOJOURN]);
    c->lag = archi_number_of(v[ARCHI_V_LAG]);
    c->completed = v[ARCHI_V_COMPLETED];
    c->waits = v[ARCHI_V_WAITS];
    c->hits = v[ARCHI_V_HITS];
    c->lookups = v[ARCHI_V_LOOKUPS];
    c->applied = v[ARCHI_V_APPLIED];
}

/* Collective: rows are merged over ranks, whatever became of `st` here; rank 0 takes them. */
static arch_status_t each_operation(taker_t *t, void (*take)(taker_t *t, uint32_t op), arch_status_t st)
{
    for (uint32_t i = 0; i < t->job->ledger.ops.n_rows; i++) {
        ARCH_TRY(archi_ledger_fetch_ops(&t->job->ledger, t->net, i, 1, t->row));
        if (st == ARCH_OK)
            take(t, i);
    }
    return st;
}

static void count_buckets(taker_t *t, uint32_t op)
{
    const archi_ledger_t *l = &t->job->ledger;

    for (uint32_t r = 0; r < l->n_replications; r++)
        t->n_buckets[(size_t)r * l->ops.n_rows + op] = buckets_of(archi_op_section(l, t->row, r));
}

static void take_operations(taker_t *t, uint32_t op)
{
    const archi_ledger_t *l = &t->job->ledger;

    if (t->out == NULL)
        return;
    for (uint32_t r = 0; r < l->n_replications; r++)
        take_operation(l, t->row, r, &t->out->sample[r]->operation[op]);
    t->out->requests += op < l->ops.n_operations ? t->row[ARCHI_O_RUN_GENERATED] : 0;
}

static arch_status_t take_components(taker_t *t)
{
    const archi_ledger_t *l = &t->job->ledger;

    for (uint32_t i = 0; i < t->n_components; i++) {
        ARCH_TRY(archi_ledger_fetch_elements(l, t->net, t->element_of[i], 1, t->row));
        for (uint32_t r = 0; t->out != NULL && r < l->n_replications; r++)
            take_component(archi_element_values(l, t->row, r), &t->out->sample[r]->component[i]);
    }
    return ARCH_OK;
}

/* ---- one after the other ---------------------------------------------------------------------------------------- */

static arch_status_t make_samples(taker_t *t)
{
    const archi_ledger_t *l = &t->job->ledger;
    names_t names = {NULL, 0};

    put_names(t, &names, NULL);
    ARCH_TRY(arch_samples_create(l->ops.n_rows, t->n_components, names.n, &t->out));
    names = (names_t){t->out->names, 0};
    put_names(t, &names, t->out);
    ARCH_TRY(archi_samples_reserve(t->out, l->n_replications));
    t->out->first = t->job->first;
    t->out->digest = l->total[ARCHI_T_DIGEST];
    t->out->events = l->total[ARCHI_T_EVENTS];
    for (uint32_t r = 0; r < l->n_replications; r++) {
        const uint64_t *row = archi_ledger_replication(l, r);
        arch_sample_t *s = archi_sample_make(l->ops.n_rows, t->n_components, t->n_buckets + (size_t)r * l->ops.n_rows);
        if (s == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory for samples of %u replications", l->n_replications);
        s->span = (double)(archi_plan_duration(t->job->plan) -
                           archi_plan_slice_begin(t->job->plan, (uint32_t)row[ARCHI_R_CUT]));
        s->found = row[ARCHI_R_TRUSTED] != 0;
        t->out->sample[t->out->n++] = s;
    }
    return ARCH_OK;
}

static arch_status_t allocate(taker_t *t)
{
    const archi_ledger_t *l = &t->job->ledger;
    size_t words = l->op_words > l->element_words ? l->op_words : l->element_words;

    ARCH_TRY(list_components(t));
    t->row = malloc(words * sizeof *t->row);
    t->n_buckets = malloc((size_t)l->n_replications * (l->ops.n_rows + 1) * sizeof *t->n_buckets);
    if (t->row == NULL || t->n_buckets == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for samples of %u replications", l->n_replications);
    return ARCH_OK;
}

static arch_status_t agree(const taker_t *t, arch_status_t st)
{
    return archi_net_comm(t->net) == NULL ? st : archi_net_agree(t->net, st); /* threads: rank 0 is here alone */
}

static arch_status_t take_all(taker_t *t)
{
    ARCH_TRY(agree(t, each_operation(t, count_buckets, ARCH_OK)));
    ARCH_TRY(agree(t, archi_net_rank(t->net) == 0 ? make_samples(t) : ARCH_OK));
    ARCH_TRY(agree(t, each_operation(t, take_operations, ARCH_OK)));
    return agree(t, take_components(t));
}

arch_status_t archi_answer_samples(archi_job_t *job, archi_net_t *net, void *out)
{
    taker_t t = {.job = job, .net = net};
    arch_status_t st = agree(&t, allocate(&t));

    if (st == ARCH_OK)
        st = take_all(&t);
    if (st == ARCH_OK)
        *(arch_samples_t **)out = t.out;
    else
        arch_samples_destroy(&t.out);
    free(t.element_of);
    free(t.row);
    free(t.n_buckets);
    return st;
}

/* ---- the call --------------------------------------------------------------------------------------------------- */

static uint32_t rows_of(const arch_design_t *design)
{
    uint32_t n = 0;

    for (uint32_t w = 0; w < design->n_workloads; w++)
        n += design->workload[w].n_operations + (design->workload[w].n_operations > 1);
    return n;
}

static arch_status_t check(const arch_run_options_t *o, uint32_t first, uint32_t n)
{
    if (n == 0 || n > UINT32_MAX - first)
        return ARCH_FAIL(ARCH_E_ARG, "%u replications from number %u on: there must be at least 1, numbered below 2^32", n,
                         first);
    if (o != NULL && (o->checkpoint_every > 0 || o->checkpoint_every_simulated > 0 || o->resume != NULL || o->trace != 0))
        return ARCH_FAIL(ARCH_E_ARG, "samples are taken without checkpoints and traces");
    if (o != NULL && o->precision != 0)
        return ARCH_FAIL(ARCH_E_ARG, "samples are taken of so many replications, not to a precision");
    return ARCH_OK;
}

static arch_status_t take_some(const arch_design_t *design, const arch_run_options_t *options, uint32_t first, uint32_t n,
                               arch_status_t st, arch_samples_t **out)
{
    arch_design_t some = *design; /* its arrays stay the caller's */
    archi_job_t job;

    *out = NULL;
    some.run.replications = n;
    memset(&job, 0, sizeof job);
    job.design = &some;
    job.options = options;
    job.answer = archi_answer_samples;
    job.out = out;
    job.apart = true;
    job.first = first;
    return archi_job_run(&job, st);
}

/* Histograms of many replications at once would not fit: they are taken some at a time. */
arch_status_t arch_run_samples(const arch_design_t *design, const arch_run_options_t *options, uint32_t first, uint32_t n,
                               arch_samples_t **out)
{
    uint32_t most = archi_ledger_fitting_sections(rows_of(design)), k = n < most ? n : most;
    arch_status_t st = take_some(design, options, first, k, check(options, first, n), out);

    for (uint32_t done = k; st == ARCH_OK && done < n; done += k) {
        arch_samples_t *more = NULL;
        k = n - done < most ? n - done : most;
        st = take_some(design, options, first + done, k, ARCH_OK, &more);
        if (st == ARCH_OK && more != NULL)
            st = arch_samples_append(*out, &more);
        arch_samples_destroy(&more);
    }
    if (st != ARCH_OK)
        arch_samples_destroy(out);
    return st;
}
