/* coordinator/survive.c - saving and going on, as a job sees them. */
#include "coordinator/survive.h"
#include "coordinator/checkpoint_folder.h"
#include "coordinator/ledger_pack.h"
#include "coordinator/recut.h"
#include "engine/block_pack.h"
#include "engine/draw.h"
#include "io/checkpoint_sum.h"
#include <architech/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool saves(const archi_job_t *job)
{
    return job->options->checkpoint_every > 0 || job->options->checkpoint_every_simulated > 0;
}

static archi_identity_t identity_of(const archi_job_t *job)
{
    archi_identity_t id;

    archi_plan_host(job->plan, NULL); /* addresses are no part of it */
    id.design_hash = archi_sum_of(job->plan, archi_plan_bytes(job->plan));
    archi_plan_host(job->plan, job->options->policy);
    id.seed = job->design->run.seed;
    id.replications = job->design->run.replications;
    id.n_elements = archi_plan_n_elements(job->plan);
    id.duration = archi_plan_duration(job->plan);
    return id;
}

/* ---- what is left ------------------------------------------------------------------------------------------------- */

/* Those that have begun come first, so that what was done for them need not be kept waiting. */
static arch_status_t list_pending(archi_job_t *job)
{
    const archi_resume_t *r = job->resume;
    uint32_t n = job->design->run.replications;

    job->pending = malloc(n * sizeof *job->pending);
    if (job->pending == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u replications", n);
    for (uint32_t k = 0; k < n; k++)
        if (r->begun[k])
            job->pending[job->n_pending++] = k;
    for (uint32_t k = 0; k < n; k++)
        if (!r->begun[k] && !r->finished[k])
            job->pending[job->n_pending++] = k;
    return ARCH_OK;
}

uint32_t archi_survive_replications(const archi_job_t *job)
{
    return job->pending != NULL ? job->n_pending : job->design->run.replications;
}

uint32_t archi_survive_replication(const archi_job_t *job, uint32_t i)
{
    return job->pending != NULL ? job->pending[i] : i;
}

uint32_t archi_survive_share(const archi_job_t *job, uint32_t group)
{
    uint32_t n = archi_survive_replications(job);

    return group < n ? (n - group - 1) / job->layout.n_groups + 1 : 0;
}

static void tell(const archi_job_t *job, archi_net_t *net)
{
    const arch_run_options_t *o = job->options;
    uint32_t n_finished = 0, n_begun = 0;
    char text[200];

    for (uint32_t k = 0; k < job->design->run.replications; k++) {
        n_finished += job->resume->finished[k];
        n_begun += job->resume->begun[k];
    }
    snprintf(text, sizeof text, "going on from %s: %u of %u replications finished, %u begun%s", job->resume->from,
             n_finished, job->design->run.replications, n_begun,
             job->device != NULL && n_begun > 0 ? ", which begin anew on the GPU" : "");
    if (o->note != NULL && (net == NULL || archi_net_rank(net) == 0))
        o->note(o->user, 0, text);
}

arch_status_t archi_survive_begin(archi_job_t *job, archi_net_t *net)
{
    const arch_run_options_t *o = job->options;
    archi_identity_t id;

    if (!saves(job) && o->resume == NULL)
        return ARCH_OK;
    id = identity_of(job);
    job->folder = malloc(PATH_MAX);
    if (job->folder == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the name of a folder");
    ARCH_TRY(archi_folder_name(o->checkpoint_dir != NULL ? o->checkpoint_dir : "checkpoints", job->design->name,
                               archi_mix64(archi_mix64(id.design_hash + id.seed) + id.replications), job->folder));
    if (o->resume == NULL)
        return ARCH_OK;
    ARCH_TRY(archi_resume_open(o, job->folder, &id, net, &job->resume));
    if (job->resume == NULL)
        return ARCH_OK;
    tell(job, net);
    return list_pending(job);
}

/* ---- what is known ------------------------------------------------------------------------------------------------ */

/* The saved blocks stay as they are unless the user wants other parts, or more ranks for a replication than there are. */
static bool wants_other_parts(const archi_job_t *job, uint32_t n_blocks)
{
    if (job->options->partitions > 0)
        return job->layout.n_blocks != n_blocks;
    return job->options->group > n_blocks && job->layout.n_blocks > n_blocks;
}

arch_status_t archi_survive_layout(archi_job_t *job, uint32_t n_ranks)
{
    uint32_t left = archi_survive_replications(job), n = archi_precision_expected(job, left > 0 ? left : 1, n_ranks);
    const archi_checkpoint_t *c = job->resume != NULL ? job->resume->file[0] : NULL;

    ARCH_TRY(archi_layout_make(job->plan, job->options, n, &job->known, n_ranks, &job->layout));
    job->cuts_anew = c != NULL && wants_other_parts(job, c->head.n_blocks);
    if (c == NULL || job->cuts_anew)
        return ARCH_OK;
    archi_layout_free(&job->layout);
    return archi_layout_again(job->plan, job->options, n, &job->known, n_ranks, c->block_of, c->head.n_blocks,
                              &job->layout);
}

/* Saved blocks of what this process will simulate. */
static arch_status_t read_waiting(archi_job_t *job, uint32_t first, bool all)
{
    const archi_layout_t *l = &job->layout;
    uint32_t group = archi_layout_group(l, first), rank = all ? ARCHI_NIL : first % l->group_size;

    for (uint32_t i = 0; i < job->n_pending && job->resume->begun[job->pending[i]]; i++) {
        if (!all && i % l->n_groups != group)
            continue;
        if (job->cuts_anew)
            ARCH_TRY(archi_recut_waiting(job, job->pending[i], rank, &job->waiting));
        else
            ARCH_TRY(archi_resume_blocks(job->resume, job->pending[i], l->rank_of, rank, &job->waiting));
    }
    return ARCH_OK;
}

arch_status_t archi_survive_restore(archi_job_t *job, uint32_t first, uint32_t n_here)
{
    const archi_resume_t *r = job->resume;
    bool all = n_here == job->layout.n_ranks;
    archi_ledger_share_t share;

    if (r == NULL)
        return ARCH_OK;
    share.elements = all || archi_layout_group(&job->layout, first) == 0;
    share.rest = first == 0;
    for (uint32_t f = 0; f < r->n_files; f++)
        ARCH_TRY(archi_ledger_unpack(&job->ledger, r->file[f]->statistics, r->file[f]->n_words, share));
    return read_waiting(job, first, all);
}

/* The saved block must be what the design makes of these elements. */
static const char *compare(const archi_block_t *saved, const archi_block_t *made)
{
    if (saved->id != made->id || saved->replication != made->replication || saved->seed != made->seed ||
        saved->n_lps != made->n_lps || saved->per_lp != made->per_lp || saved->growing != made->growing)
        return "its header";
    for (uint32_t i = 0; i < ARCHI_MAX_SECTIONS; i++) {
        const archi_section_t *s = &saved->section[i], *m = &made->section[i];
        bool fixed = i >= ARCHI_FIRST_MODEL_SECTION && m->headroom == 0;
        if (s->entry_bytes != m->entry_bytes || s->headroom != m->headroom ||
            (fixed && (s->capacity != m->capacity || s->used != m->used)))
            return "a section";
    }
    for (uint32_t i = 0; i < saved->n_lps; i++)
        if (archi_model_element_at(saved, i) != archi_model_element_at(made, i))
            return "an element";
    return NULL;
}

static archi_waiting_t *find_waiting(const archi_job_t *job, uint32_t replication, uint32_t id)
{
    for (uint32_t i = 0; i < job->waiting.n; i++) {
        archi_waiting_t *w = &job->waiting.image[i];
        if (w->about.replication == replication && w->about.block == id && w->bytes != NULL)
            return w;
    }
    return NULL;
}

arch_status_t archi_survive_block(archi_job_t *job, archi_block_t **b)
{
    archi_waiting_t *w = find_waiting(job, (*b)->replication, (*b)->id);
    archi_block_t *saved;
    const char *differs;

    if (w == NULL)
        return ARCH_OK;
    ARCH_TRY(archi_block_unpack(w->bytes, w->about.bytes, job->rank_memory, &saved));
    differs = compare(saved, *b);
    if (differs != NULL) {
        archi_block_destroy(&saved);
        return ARCH_FAIL(ARCH_E_FORMAT, "the checkpoint cannot be used: %s of block %u is not what the design makes",
                         differs, (unsigned)(*b)->id);
    }
    archi_block_destroy(b);
    *b = saved;
    if (job->keeper == NULL) {
        free(w->bytes);
        w->bytes = NULL;
    }
    return ARCH_OK;
}

/* ---- saving ------------------------------------------------------------------------------------------------------- */

/* The first rank: alone in the folder, which holds nothing half-written; the number of this run among its runs. */
static arch_status_t enter_folder(archi_job_t *job, uint32_t *leg)
{
    archi_save_list_t list;

    ARCH_TRY(archi_folder_lock(job->folder, &job->folder_lock));
    archi_folder_sweep(job->folder);
    *leg = 1;
    if (archi_folder_list(job->folder, &list) != ARCH_OK)
        return ARCH_OK;
    if (list.n > 0)
        *leg = list.save[0].leg + 1;
    free(list.save);
    return ARCH_OK;
}

static void set_head(const archi_job_t *job, uint32_t leg, archi_net_t *net, archi_checkpoint_head_t *head)
{
    const archi_layout_t *l = &job->layout;
    archi_identity_t id = identity_of(job);

    memset(head, 0, sizeof *head);
    snprintf(head->product, sizeof head->product, "%s", ARCH_VERSION);
    snprintf(head->design, sizeof head->design, "%s", job->design->name != NULL ? job->design->name : "");
    head->design_hash = id.design_hash;
    head->seed = id.seed;
    head->replications = id.replications;
    head->n_elements = id.n_elements;
    head->n_blocks = l->n_blocks;
    head->duration = id.duration;
    head->leg = leg;
    head->group = net != NULL ? archi_layout_group(l, archi_net_rank(net)) : 0;
    head->n_groups = net != NULL ? l->n_groups : 1;
    head->file = net != NULL ? archi_net_rank(net) % l->group_size : 0;
    head->n_files = net != NULL ? l->group_size : 1;
}

static arch_status_t open_keeper(archi_job_t *job, uint32_t leg, archi_net_t *net)
{
    const archi_layout_t *l = &job->layout;
    archi_keeper_setup_t setup = {.options = job->options,
                                  .folder = job->folder,
                                  .block_of = l->block_of,
                                  .ledger = &job->ledger,
                                  .waiting = &job->waiting,
                                  .n_ranks = net != NULL ? 1 : l->n_groups * l->group_size,
                                  .memory = job->rank_memory};
    uint32_t n = job->design->run.replications, n_finished = 0, *finished;
    arch_status_t st;

    if (net != NULL && archi_layout_group(l, archi_net_rank(net)) == ARCHI_NIL)
        return ARCH_OK;
    set_head(job, leg, net, &setup.head);
    finished = malloc(n * sizeof *finished);
    if (finished == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for %u replications", n);
    for (uint32_t k = 0; k < n && job->resume != NULL && setup.head.group == 0; k++)
        if (job->resume->finished[k])
            finished[n_finished++] = k;
    st = archi_keeper_open(&setup, finished, n_finished, &job->keeper);
    free(finished);
    return st;
}

arch_status_t archi_survive_keep(archi_job_t *job, archi_net_t *net)
{
    arch_status_t st = ARCH_OK;
    uint32_t leg = 0;

    if (!saves(job) || archi_survive_replications(job) == 0)
        return ARCH_OK;
    if (net == NULL || archi_net_rank(net) == 0)
        st = enter_folder(job, &leg);
    if (net != NULL) {
        ARCH_TRY(archi_net_agree(net, st));
        ARCH_TRY(archi_net_bcast(net, &leg, sizeof leg, 0));
        return archi_net_agree(net, open_keeper(job, leg, net));
    }
    return st == ARCH_OK ? open_keeper(job, leg, net) : st;
}

arch_status_t archi_survive_end(archi_job_t *job, arch_status_t st)
{
    arch_status_t saved;

    if (job->keeper == NULL || st == ARCH_OK || st == ARCH_E_SAVED) {
        saved = archi_keeper_close(&job->keeper);
        return st == ARCH_E_SAVED && saved != ARCH_OK ? saved : st;
    }
    return st; /* its text is what the user needs; archi_survive_free() does the rest */
}

void archi_survive_free(archi_job_t *job)
{
    (void)archi_keeper_close(&job->keeper);
    archi_resume_close(&job->resume);
    for (uint32_t i = 0; i < job->waiting.n; i++)
        free(job->waiting.image[i].bytes);
    free(job->waiting.image);
    free(job->pending);
    free(job->folder);
    if (job->folder_lock >= 0)
        close(job->folder_lock);
}
