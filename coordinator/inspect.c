/* coordinator/inspect.c - what is in a checkpoint, for people and for programs. */
#include "coordinator/checkpoint_folder.h"
#include "engine/block_pack.h"
#include "io/checkpoint_file.h"
#include "io/strbuf.h"
#include <architech/run.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEEPEST = 3 }; /* a folder of designs, a design's, a checkpoint's */

typedef struct {
    archi_strbuf_t out;
    bool json;
    uint32_t n_files, n_broken;
    arch_status_t st; /* of the first that is not sound */
    char why[1024];
} inspection_t;

static void quote(archi_strbuf_t *out, const char *text)
{
    archi_strbuf_add(out, "\"");
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            archi_strbuf_printf(out, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            archi_strbuf_printf(out, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            archi_strbuf_printf(out, "%c", *text);
    }
    archi_strbuf_add(out, "\"");
}

/* Blocks of one replication that a file holds; false when there are none. */
typedef struct {
    uint32_t n;
    uint64_t bytes, live, n_events;
    arch_time_t now;
} begun_t;

/* Of a block's bytes, how many say something. The file was verified; what cannot be read now counts as full. */
static uint64_t live_bytes(const archi_checkpoint_t *c, uint32_t i)
{
    uint64_t live = c->block[i].bytes;
    archi_block_t head;
    void *bytes = NULL;

    if (archi_checkpoint_bytes(c, i, &bytes) == ARCH_OK && live >= sizeof head) {
        memcpy(&head, bytes, sizeof head);
        live = archi_block_live_bytes(&head);
    }
    free(bytes);
    return live;
}

static bool sum_blocks(const archi_checkpoint_t *c, uint32_t replication, begun_t *sum)
{
    memset(sum, 0, sizeof *sum);
    for (uint32_t i = 0; i < c->n_blocks_here; i++)
        if (c->block[i].replication == replication) {
            sum->n++;
            sum->bytes += c->block[i].bytes;
            sum->live += live_bytes(c, i);
            sum->n_events += c->block[i].n_events;
            sum->now = c->block[i].now;
        }
    return sum->n > 0;
}

/* ---- for people --------------------------------------------------------------------------------------------------- */

static void print_text(archi_strbuf_t *out, const archi_checkpoint_t *c)
{
    const archi_checkpoint_head_t *h = &c->head;
    begun_t sum;

    archi_strbuf_printf(out, "%s: sound\n", c->path);
    archi_strbuf_printf(out, "  design     %s (%016" PRIx64 "), seed %" PRIu64 "\n",
                        h->design[0] != '\0' ? h->design : "?", h->design_hash, h->seed);
    archi_strbuf_printf(out, "  run        %u replication%s of %.9g s, %u elements in %u block%s\n", h->replications,
                        h->replications == 1 ? "" : "s", (double)h->duration * 1e-9, h->n_elements, h->n_blocks,
                        h->n_blocks == 1 ? "" : "s");
    archi_strbuf_printf(out, "  part       file %u of %u, group %u of %u, save %u of run %u\n", h->file + 1, h->n_files,
                        h->group + 1, h->n_groups, h->generation, h->leg);
    archi_strbuf_printf(out, "  written    %s by architech %s, %.4g MiB\n", h->written, h->product,
                        (double)c->file_bytes * 0x1p-20);
    archi_strbuf_printf(out, "  finished   %u replication%s\n", c->n_finished, c->n_finished == 1 ? "" : "s");
    for (uint32_t r = 0; r < h->replications; r++)
        if (sum_blocks(c, r, &sum))
            archi_strbuf_printf(
                out, "  begun      replication %u: %.9g s, %" PRIu64 " events, %u block%s of %.4g MiB, %.4g live\n",
                r + 1, (double)sum.now * 1e-9, sum.n_events, sum.n, sum.n == 1 ? "" : "s", (double)sum.bytes * 0x1p-20,
                (double)sum.live * 0x1p-20);
}

/* ---- for programs ------------------------------------------------------------------------------------------------- */

static void print_begun(archi_strbuf_t *out, const archi_checkpoint_t *c)
{
    const char *comma = "";
    begun_t sum;

    for (uint32_t r = 0; r < c->head.replications; r++)
        if (sum_blocks(c, r, &sum)) {
            archi_strbuf_printf(out,
                                "%s\n      {\"replication\": %u, \"time_ns\": %lld, \"events\": %" PRIu64
                                ", \"blocks\": %u, \"bytes\": %" PRIu64 ", \"live_bytes\": %" PRIu64 "}",
                                comma, r, (long long)sum.now, sum.n_events, sum.n, sum.bytes, sum.live);
            comma = ",";
        }
}

static void print_json(archi_strbuf_t *out, const archi_checkpoint_t *c)
{
    const archi_checkpoint_head_t *h = &c->head;

    archi_strbuf_add(out, "    {\"path\": ");
    quote(out, c->path);
    archi_strbuf_add(out, ", \"sound\": true, \"design\": ");
    quote(out, h->design);
    archi_strbuf_printf(out,
                        ",\n     \"design_hash\": \"%016" PRIx64 "\", \"seed\": \"%" PRIu64 "\", \"replications\": %u,",
                        h->design_hash, h->seed, h->replications);
    archi_strbuf_printf(out,
                        " \"duration_ns\": %lld,\n     \"elements\": %u, \"blocks\": %u, \"run\": %u, \"group\": %u,",
                        (long long)h->duration, h->n_elements, h->n_blocks, h->leg, h->group);
    archi_strbuf_printf(out,
                        " \"groups\": %u, \"save\": %u, \"file\": %u, \"files\": %u,\n     \"version\": ", h->n_groups,
                        h->generation, h->file, h->n_files);
    quote(out, h->product);
    archi_strbuf_add(out, ", \"written\": ");
    quote(out, h->written);
    archi_strbuf_printf(out, ", \"bytes\": %" PRIu64 ",\n     \"finished\": [", c->file_bytes);
    for (uint32_t i = 0; i < c->n_finished; i++)
        archi_strbuf_printf(out, "%s%u", i > 0 ? ", " : "", c->finished[i]);
    archi_strbuf_add(out, "], \"begun\": [");
    print_begun(out, c);
    archi_strbuf_add(out, "]}");
}

/* ---- files and folders -------------------------------------------------------------------------------------------- */

static void print_broken(inspection_t *x, const char *path)
{
    if (x->n_broken++ == 0) {
        x->st = arch_error_status();
        strncpy(x->why, arch_error_text(), sizeof x->why - 1);
    }
    if (!x->json) {
        archi_strbuf_printf(&x->out, "%s\n", arch_error_text());
        return;
    }
    archi_strbuf_add(&x->out, "    {\"path\": ");
    quote(&x->out, path);
    archi_strbuf_add(&x->out, ", \"sound\": false, \"why\": ");
    quote(&x->out, arch_error_text());
    archi_strbuf_add(&x->out, "}");
}

static void inspect_file(inspection_t *x, const char *path)
{
    archi_checkpoint_t *c = NULL;
    arch_status_t st = archi_checkpoint_read(path, false, &c);

    if (st == ARCH_OK)
        st = archi_checkpoint_verify(c);
    archi_strbuf_add(&x->out, x->n_files++ > 0 ? (x->json ? ",\n" : "\n") : "");
    if (st != ARCH_OK)
        print_broken(x, path);
    else if (x->json)
        print_json(&x->out, c);
    else
        print_text(&x->out, c);
    archi_checkpoint_free(&c);
}

static int is_ours(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return entry->d_name[0] != '.' &&
           (strchr(entry->d_name, '.') == NULL || (length > 3 && strcmp(entry->d_name + length - 3, ".h5") == 0));
}

static arch_status_t inspect(inspection_t *x, const char *path, int depth)
{
    struct dirent **entry = NULL;
    struct stat about;
    arch_status_t st = ARCH_OK;
    int n;

    if (stat(path, &about) != 0)
        return ARCH_FAIL(errno == ENOENT ? ARCH_E_NOTFOUND : ARCH_E_IO, "%s: %s", path, strerror(errno));
    if (S_ISREG(about.st_mode)) {
        inspect_file(x, path);
        return ARCH_OK;
    }
    n = S_ISDIR(about.st_mode) && depth <= DEEPEST ? scandir(path, &entry, is_ours, versionsort) : 0;
    if (n < 0)
        return ARCH_FAIL(ARCH_E_IO, "%s: %s", path, strerror(errno));
    for (int i = 0; i < n; i++) {
        char inner[PATH_MAX];
        bool fits = (size_t)snprintf(inner, sizeof inner, "%s/%s", path, entry[i]->d_name) < sizeof inner;
        if (st == ARCH_OK && fits)
            st = inspect(x, inner, depth + 1);
        free(entry[i]);
    }
    free(entry);
    return st;
}

arch_status_t arch_inspect(const char *path, int json, char **text)
{
    inspection_t x = {.json = json != 0, .st = ARCH_OK};
    arch_status_t st;

    *text = NULL;
    if (x.json)
        archi_strbuf_add(&x.out, "{\n  \"checkpoints\": [\n");
    st = inspect(&x, path, 0);
    if (x.json)
        archi_strbuf_add(&x.out, "\n  ]\n}\n");
    if (st == ARCH_OK && x.n_files == 0)
        st = ARCH_FAIL(ARCH_E_NOTFOUND, "%s: holds no checkpoint", path);
    if (st == ARCH_OK)
        st = archi_strbuf_take(&x.out, text);
    archi_strbuf_fini(&x.out);
    if (st == ARCH_OK && x.n_broken > 0)
        return ARCH_FAIL(x.st, "%u of %u files %s not sound; %s", x.n_broken, x.n_files, x.n_broken == 1 ? "is" : "are",
                         x.why);
    return st;
}
