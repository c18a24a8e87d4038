/* coordinator/keeper.c - the keeper of a process: its thread writes what savers have copied. */
#include "coordinator/keeper.h"
#include "coordinator/machine.h"
#include "engine/block_pack.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { DEFAULT_KEEP = 3 };
static const double default_every = 600; /* seconds */

/* ---- telling ------------------------------------------------------------------------------------------------------ */

static void say(const archi_keeper_t *k, int is_warning, const char *text)
{
    const arch_run_options_t *o = k->setup.options;

    if (o->note != NULL)
        o->note(o->user, is_warning, text);
}

void archi_keeper_warn(archi_keeper_t *k, const char *why)
{
    char text[ARCHI_KEEPER_TEXT + 64];

    k->n_failed++;
    snprintf(text, sizeof text, "no checkpoint could be written: %.*s; the run goes on", ARCHI_KEEPER_TEXT - 1, why);
    say(k, 1, text);
}

void archi_keeper_fail(archi_keeper_t *k, arch_status_t st)
{
    if (st != ARCH_OK && k->st == ARCH_OK) {
        k->st = st;
        snprintf(k->text, sizeof k->text, "%s", arch_error_text());
    }
}

/* ---- writing: in the keeper's thread ------------------------------------------------------------------------------ */

static archi_checkpoint_head_t head_of(const archi_keeper_t *k)
{
    archi_checkpoint_head_t head = k->setup.head;
    char now[32];

    archi_machine_now(now);
    snprintf(head.written, sizeof head.written, "%s", now);
    head.generation = k->name.generation;
    return head;
}

arch_status_t archi_keeper_file(archi_keeper_t *k)
{
    archi_checkpoint_head_t head = head_of(k);
    char path[PATH_MAX];

    if (k->out != NULL)
        return ARCH_OK;
    ARCH_TRY(archi_folder_begin(k->setup.folder, &k->name));
    archi_save_file(k->setup.folder, &k->name, true, head.file, path);
    return archi_checkpoint_open(path, &head, k->setup.block_of, &k->out);
}

static arch_status_t write_items(archi_keeper_t *k)
{
    ARCH_TRY(archi_keeper_file(k));
    for (uint32_t i = 0; i < k->n_items; i++) {
        if (!k->item[i].clean)
            archi_block_pack_clean(k->item[i].bytes);
        ARCH_TRY(archi_checkpoint_add(k->out, &k->item[i].about, k->item[i].bytes));
    }
    return archi_checkpoint_close(&k->out, k->done, k->n_done, k->words, k->n_words, &k->last_bytes);
}

static uint32_t keep(const archi_keeper_t *k)
{
    return k->setup.options->checkpoint_keep > 0 ? k->setup.options->checkpoint_keep : DEFAULT_KEEP;
}

arch_status_t archi_keeper_publish(archi_keeper_t *k)
{
    ARCH_TRY(archi_folder_publish(k->setup.folder, &k->name));
    archi_folder_thin(k->setup.folder, &k->name, k->setup.head.n_groups, keep(k));
    k->n_saved++;
    return ARCH_OK;
}

/* The file, and its name when no other process has a part in it. */
static void write_file(archi_keeper_t *k)
{
    if (k->st == ARCH_OK)
        archi_keeper_fail(k, write_items(k));
    if (k->st == ARCH_OK && k->setup.head.n_files == 1)
        archi_keeper_fail(k, archi_keeper_publish(k));
    if (k->st == ARCH_OK)
        return;
    archi_checkpoint_abandon(&k->out);
    archi_folder_discard(k->setup.folder, &k->name, k->setup.head.file);
    if (k->setup.head.n_files == 1)
        archi_keeper_warn(k, k->text);
}

char *archi_keeper_reserve(uint64_t bytes)
{
    const uint64_t page = (uint64_t)2 << 20;
    char *p = aligned_alloc(page, (bytes + page - 1) / page * page);

    if (p != NULL)
        (void)madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

archi_saver_t *archi_keeper_wanting(const archi_keeper_t *k)
{
    for (uint32_t i = 0; i < k->setup.n_ranks; i++)
        if (k->saver[i].wanted > 0)
            return &k->saver[i];
    return NULL;
}

/* Memory that was never touched costs several times as much as copying into it: touched here, it costs no pause. Under the
 * lock, which is given back meanwhile. */
static void make_buffer(archi_keeper_t *k, archi_saver_t *s)
{
    uint64_t bytes = s->wanted;
    char *old = s->fresh, *fresh;

    s->fresh = NULL;
    s->fresh_bytes = 0;
    pthread_mutex_unlock(&k->lock);
    free(old);
    fresh = archi_keeper_reserve(bytes);
    if (fresh != NULL)
        memset(fresh, 0, bytes);
    pthread_mutex_lock(&k->lock);
    s->fresh = fresh;
    s->fresh_bytes = fresh != NULL ? bytes : 0;
    s->wanted = 0;
}

static void *keeper_main(void *argument)
{
    archi_keeper_t *k = argument;
    archi_saver_t *s = NULL;

    pthread_mutex_lock(&k->lock);
    for (;;) {
        while (k->phase != ARCHI_KEEPER_WRITING && !k->quit && (s = archi_keeper_wanting(k)) == NULL)
            pthread_cond_wait(&k->changed, &k->lock);
        if (k->phase != ARCHI_KEEPER_WRITING && !k->quit) {
            make_buffer(k, s);
            continue;
        }
        if (k->phase != ARCHI_KEEPER_WRITING)
            break;
        pthread_mutex_unlock(&k->lock);
        write_file(k);
        pthread_mutex_lock(&k->lock);
        k->phase = k->setup.head.n_files == 1 ? ARCHI_KEEPER_IDLE : ARCHI_KEEPER_SETTLED;
        pthread_cond_broadcast(&k->changed);
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

/* ---- the keeper --------------------------------------------------------------------------------------------------- */

static arch_status_t begin(archi_keeper_t *k, const uint32_t *finished, uint32_t n_finished)
{
    const archi_keeper_setup_t *setup = &k->setup;

    k->saver = calloc(setup->n_ranks + (size_t)1, sizeof *k->saver);
    k->finished = calloc(setup->head.replications, 1);
    k->done = calloc(setup->head.replications, sizeof *k->done);
    if (k->saver == NULL || k->finished == NULL || k->done == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to save %u replications", setup->head.replications);
    for (uint32_t i = 0; i < n_finished; i++)
        k->finished[finished[i]] = 1;
    k->stale = n_finished > 0;
    for (uint32_t i = 0; i < setup->n_ranks; i++) {
        k->saver[i].keeper = k;
        archi_saver_set_due(&k->saver[i], 0);
    }
    if (pthread_create(&k->thread, NULL, keeper_main, k) != 0)
        return ARCH_FAIL(ARCH_E_NOMEM, "the machine starts no thread to write checkpoints");
    return ARCH_OK;
}

static void release(archi_keeper_t *k)
{
    for (uint32_t i = 0; k->saver != NULL && i < k->setup.n_ranks; i++) {
        free(k->saver[i].buffer);
        free(k->saver[i].fresh);
        free(k->saver[i].item);
    }
    archi_checkpoint_abandon(&k->out);
    pthread_mutex_destroy(&k->lock);
    pthread_mutex_destroy(&k->file);
    pthread_cond_destroy(&k->changed);
    pthread_rwlock_destroy(&k->collecting);
    free(k->saver);
    free(k->finished);
    free(k->done);
    free(k->item);
    free(k->words);
    free(k);
}

arch_status_t archi_keeper_open(const archi_keeper_setup_t *setup, const uint32_t *finished, uint32_t n_finished,
                                archi_keeper_t **out)
{
    archi_keeper_t *k = calloc(1, sizeof *k);
    arch_status_t st;

    *out = NULL;
    if (k == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to save the run");
    k->setup = *setup;
    k->name = (archi_save_name_t){setup->head.leg, setup->head.group, 0};
    k->every = setup->options->checkpoint_every;
    k->every_simulated = setup->options->checkpoint_every_simulated;
    if (k->every == 0 && k->every_simulated == 0)
        k->every = default_every;
    k->next_due = archi_machine_seconds() + k->every;
    k->n_live = setup->n_ranks;
    pthread_mutex_init(&k->lock, NULL);
    pthread_mutex_init(&k->file, NULL);
    pthread_cond_init(&k->changed, NULL);
    pthread_rwlock_init(&k->collecting, NULL);
    st = begin(k, finished, n_finished);
    if (st == ARCH_OK)
        *out = k;
    else
        release(k);
    return st;
}

static void tell_all(const archi_keeper_t *k)
{
    char text[PATH_MAX + 256];

    if (archi_keeper_is_shared(k) && k->setup.head.file != 0)
        return;
    if (k->n_failed > 0) {
        snprintf(text, sizeof text, "of %u checkpoints %u could not be written, the last for this reason: %s",
                 k->n_failed + k->n_saved, k->n_failed, k->text);
        say(k, 1, text);
    }
    if (k->n_saved > 0 && k->setup.head.group == 0) { /* one word for all groups */
        snprintf(text, sizeof text,
                 "%u checkpoint%s written, the last with %.4g MiB, to %s; the run paused %.3f s, %.3f s at most",
                 k->n_saved, k->n_saved == 1 ? "" : "s", (double)k->last_bytes * 0x1p-20, k->setup.folder, k->paused,
                 k->longest);
        say(k, 0, text);
    }
}

arch_status_t archi_keeper_close(archi_keeper_t **keeper)
{
    archi_keeper_t *k = *keeper;
    arch_status_t st = ARCH_OK;

    *keeper = NULL;
    if (k == NULL)
        return ARCH_OK;
    pthread_mutex_lock(&k->lock);
    k->quit = true;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    if (k->phase == ARCHI_KEEPER_GATHERING || k->phase == ARCHI_KEEPER_SETTLED) {
        archi_checkpoint_abandon(&k->out);
        archi_folder_discard(k->setup.folder, &k->name, k->setup.head.file);
    }
    tell_all(k);
    if (k->stopping && k->st != ARCH_OK)
        st = ARCH_FAIL(ARCH_E_IO, "the run was stopped and its state could not be saved: %s", k->text);
    release(k);
    return st;
}
