/* experiments/journal.c - answers in a folder: 000001.h5, 000002.h5 ...; `lock` is held by whoever works with it. */
#include "experiments/journal.h"
#include "coordinator/machine.h"
#include "io/sheet.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char what[] = "architech journal";
static const double least_seconds = 2, share_of_run = 0.02; /* between sheets: few of them, however long it takes */
enum { MOST_PENDING = 32 << 20, NAME_BYTES = 32 };

typedef struct {
    archi_journal_key_t key;
    uint32_t first, n;
    void *bytes;
    size_t size;
} entry_t;

typedef struct {
    entry_t *entry;
    uint32_t n, capacity;
} entries_t;

struct archi_journal {
    char folder[PATH_MAX];
    int lock;
    uint32_t n_sheets;
    entries_t known, pending; /* known: sorted; read from the folder. pending: to be written */
    size_t pending_bytes;
    double opened, written;
    bool is_full; /* told that nothing can be written */
    void (*note)(void *user, int is_warning, const char *text);
    void *user;
};

static void tell(const archi_journal_t *j, const char *text)
{
    if (j->note != NULL)
        j->note(j->user, 1, text);
}

static void clear(entries_t *e)
{
    for (uint32_t i = 0; i < e->n; i++)
        free(e->entry[i].bytes);
    free(e->entry);
    memset(e, 0, sizeof *e);
}

static arch_status_t append(entries_t *e, entry_t entry, const void *bytes)
{
    if (e->n == e->capacity) {
        uint32_t capacity = 2 * e->capacity + 64;
        entry_t *more = realloc(e->entry, capacity * sizeof *more);
        if (more == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a journal of %u answers", capacity);
        e->entry = more;
        e->capacity = capacity;
    }
    entry.bytes = malloc(entry.size + 1);
    if (entry.bytes == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for an answer of %zu bytes", entry.size);
    memcpy(entry.bytes, bytes, entry.size);
    e->entry[e->n++] = entry;
    return ARCH_OK;
}

static int compare(const void *x, const void *y)
{
    const entry_t *a = x, *b = y;

    if (a->key.sum != b->key.sum)
        return a->key.sum < b->key.sum ? -1 : 1;
    if (a->key.length != b->key.length)
        return a->key.length < b->key.length ? -1 : 1;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return a->n < b->n ? -1 : a->n > b->n;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

enum { SUM, LENGTH, FIRST, NUMBER, SIZE, N_COLUMNS };
static const struct {
    const char *name;
    archi_sheet_cell_t cell;
} columns[N_COLUMNS] = {{"/answers/design", ARCHI_SHEET_U64},
                        {"/answers/design_bytes", ARCHI_SHEET_U64},
                        {"/answers/first", ARCHI_SHEET_U32},
                        {"/answers/replications", ARCHI_SHEET_U32},
                        {"/answers/bytes", ARCHI_SHEET_U64}};

typedef struct {
    uint64_t n, n_bytes;
    void *column[N_COLUMNS];
    unsigned char *bytes;
} sheet_t;

static arch_status_t read_columns(archi_sheet_t *file, const char *path, sheet_t *s)
{
    uint64_t n;

    for (int c = 0; c < N_COLUMNS; c++) {
        ARCH_TRY(archi_sheet_read(file, columns[c].name, columns[c].cell, 1, &n, &s->column[c]));
        s->n = c == 0 ? n : s->n;
        if (n != s->n)
            return ARCH_FAIL(ARCH_E_FORMAT, "%s: %s is of another length than the others", path, columns[c].name);
    }
    return archi_sheet_read(file, "/samples", ARCHI_SHEET_BYTES, 1, &s->n_bytes, (void **)&s->bytes);
}

static arch_status_t take_entries(archi_journal_t *j, const char *path, const sheet_t *s)
{
    const uint64_t *sum = s->column[SUM], *length = s->column[LENGTH], *size = s->column[SIZE];
    const uint32_t *first = s->column[FIRST], *n = s->column[NUMBER];
    uint64_t at = 0;

    for (uint64_t i = 0; i < s->n; at += size[i], i++) {
        if (size[i] > s->n_bytes - at || n[i] == 0)
            return ARCH_FAIL(ARCH_E_FORMAT, "%s: its answers are longer than it", path);
        ARCH_TRY(append(&j->known, (entry_t){{sum[i], length[i]}, first[i], n[i], NULL, size[i]}, s->bytes + at));
    }
    return ARCH_OK;
}

static arch_status_t read_sheet(archi_journal_t *j, const char *path)
{
    archi_sheet_t *file = NULL;
    sheet_t s = {0};
    arch_status_t st = archi_sheet_open(path, what, &file);

    if (st == ARCH_OK)
        st = read_columns(file, path, &s);
    if (st == ARCH_OK)
        st = take_entries(j, path, &s);
    for (int c = 0; c < N_COLUMNS; c++)
        free(s.column[c]);
    free(s.bytes);
    archi_sheet_close(&file);
    if (st == ARCH_E_FORMAT) {
        tell(j, arch_error_text());
        return ARCH_OK;
    }
    return st;
}

/* Numbers of sheets are found by their names; anything else in the folder is somebody else's. */
static bool number_of(const char *name, uint32_t *number)
{
    int end = 0;

    return sscanf(name, "%6u.h5%n", number, &end) == 1 && end > 0 && name[end] == '\0';
}

static arch_status_t read_folder(archi_journal_t *j)
{
    DIR *folder = opendir(j->folder);
    char path[PATH_MAX + NAME_BYTES];
    arch_status_t st = ARCH_OK;
    uint32_t number;

    if (folder == NULL)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be read: %s", j->folder, strerror(errno));
    for (const struct dirent *e = readdir(folder); e != NULL && st == ARCH_OK; e = readdir(folder)) {
        if (!number_of(e->d_name, &number))
            continue;
        j->n_sheets = number > j->n_sheets ? number : j->n_sheets;
        snprintf(path, sizeof path, "%s/%.20s", j->folder, e->d_name);
        st = read_sheet(j, path);
    }
    closedir(folder);
    if (j->known.n > 0)
        qsort(j->known.entry, j->known.n, sizeof *j->known.entry, compare);
    return st;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static arch_status_t write_columns(const char *path, const sheet_t *s)
{
    archi_sheet_array_t array[N_COLUMNS + 1];

    memset(array, 0, sizeof array);
    for (int c = 0; c < N_COLUMNS; c++)
        array[c] = (archi_sheet_array_t){.name = columns[c].name, .cell = columns[c].cell, .rank = 1, .n = {s->n},
                                         .data = s->column[c]};
    array[N_COLUMNS] = (archi_sheet_array_t){.name = "/samples", .cell = ARCHI_SHEET_BYTES, .rank = 1, .n = {s->n_bytes},
                                             .data = s->bytes};
    return archi_sheet_write(path, what, NULL, 0, array, N_COLUMNS + 1);
}

static arch_status_t fill_columns(const entries_t *e, sheet_t *s)
{
    uint64_t at = 0;

    for (int c = 0; c < N_COLUMNS; c++)
        s->column[c] = calloc((size_t)e->n + 1, sizeof(uint64_t));
    s->bytes = malloc(s->n_bytes + 1);
    for (int c = 0; c < N_COLUMNS; c++)
        if (s->column[c] == NULL || s->bytes == NULL)
            return ARCH_FAIL(ARCH_E_NOMEM, "no memory to write a journal of %u answers", e->n);
    for (uint32_t i = 0; i < e->n; at += e->entry[i].size, i++) {
        ((uint64_t *)s->column[SUM])[i] = e->entry[i].key.sum;
        ((uint64_t *)s->column[LENGTH])[i] = e->entry[i].key.length;
        ((uint32_t *)s->column[FIRST])[i] = e->entry[i].first;
        ((uint32_t *)s->column[NUMBER])[i] = e->entry[i].n;
        ((uint64_t *)s->column[SIZE])[i] = e->entry[i].size;
        memcpy(s->bytes + at, e->entry[i].bytes, e->entry[i].size);
    }
    return ARCH_OK;
}

static arch_status_t write_pending(archi_journal_t *j)
{
    char path[PATH_MAX + NAME_BYTES];
    sheet_t s = {.n = j->pending.n, .n_bytes = j->pending_bytes};
    arch_status_t st;

    if (j->pending.n == 0)
        return ARCH_OK;
    snprintf(path, sizeof path, "%s/%06u.h5", j->folder, ++j->n_sheets);
    st = fill_columns(&j->pending, &s);
    if (st == ARCH_OK)
        st = write_columns(path, &s);
    for (int c = 0; c < N_COLUMNS; c++)
        free(s.column[c]);
    free(s.bytes);
    clear(&j->pending);
    j->pending_bytes = 0;
    j->written = archi_machine_seconds();
    return st;
}

/* An experiment goes on when its journal cannot. */
static arch_status_t flush(archi_journal_t *j)
{
    arch_status_t st = write_pending(j);

    if (st != ARCH_E_IO)
        return st;
    if (!j->is_full)
        tell(j, arch_error_text());
    j->is_full = true;
    return ARCH_OK;
}

/* ---- the door --------------------------------------------------------------------------------------------------- */

static arch_status_t hold(archi_journal_t *j)
{
    char path[PATH_MAX + NAME_BYTES];

    if (mkdir(j->folder, 0777) != 0 && errno != EEXIST)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be made: %s", j->folder, strerror(errno));
    snprintf(path, sizeof path, "%s/lock", j->folder);
    j->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (j->lock < 0)
        return ARCH_FAIL(ARCH_E_IO, "%s: cannot be written: %s", path, strerror(errno));
    if (flock(j->lock, LOCK_EX | LOCK_NB) != 0)
        return ARCH_FAIL(ARCH_E_IO, "%s: another process works with this journal", j->folder);
    return ARCH_OK;
}

arch_status_t archi_journal_open(const char *folder, void (*note)(void *user, int is_warning, const char *text), void *user,
                                 archi_journal_t **out)
{
    archi_journal_t *j = calloc(1, sizeof *j);
    arch_status_t st = ARCH_OK;

    *out = NULL;
    if (j == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a journal");
    j->lock = -1;
    j->note = note;
    j->user = user;
    j->opened = j->written = archi_machine_seconds();
    if ((size_t)snprintf(j->folder, sizeof j->folder, "%s", folder) >= sizeof j->folder)
        ARCH_TRY_TO(failed, ARCH_FAIL(ARCH_E_IO, "%.60s...: is too long a name", folder));
    ARCH_TRY_TO(failed, hold(j));
    ARCH_TRY_TO(failed, read_folder(j));
    *out = j;
    return ARCH_OK;
failed:
    archi_journal_close(&j);
    return st;
}

static void release(archi_journal_t **journal)
{
    archi_journal_t *j = *journal;

    if (j->lock >= 0)
        close(j->lock);
    clear(&j->known);
    clear(&j->pending);
    free(j);
    *journal = NULL;
}

void archi_journal_close(archi_journal_t **journal)
{
    if (journal == NULL || *journal == NULL)
        return;
    (void)flush(*journal); /* what is not written is simulated again */
    release(journal);
}

arch_status_t archi_journal_remove(archi_journal_t **journal)
{
    archi_journal_t *j = *journal;
    char path[PATH_MAX + NAME_BYTES];

    for (uint32_t i = 1; i <= j->n_sheets; i++) {
        snprintf(path, sizeof path, "%s/%06u.h5", j->folder, i);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/lock", j->folder);
    unlink(path);
    rmdir(j->folder); /* stays when there is anything else in it */
    release(journal);
    return ARCH_OK;
}

/* The first entry that is not before the wanted one. */
static uint32_t lower_bound(const entries_t *e, const entry_t *wanted)
{
    uint32_t low = 0, high = e->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(&e->entry[middle], wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool same_key(const entry_t *e, archi_journal_key_t key)
{
    return e->key.sum == key.sum && e->key.length == key.length;
}

arch_status_t archi_journal_find(archi_journal_t *journal, archi_journal_key_t key, uint32_t first, uint32_t most,
                                 uint32_t *n, arch_samples_t **samples)
{
    const entry_t wanted = {key, first, 0, NULL, 0};
    const entry_t *e = journal->known.entry, *best = NULL;
    uint32_t i = lower_bound(&journal->known, &wanted);

    *samples = NULL;
    for (; i < journal->known.n && same_key(&e[i], key) && e[i].first == first; i++)
        if (e[i].n <= most)
            best = &e[i];
    if (best == NULL) {
        if (i < journal->known.n && same_key(&e[i], key) && e[i].first - first < *n)
            *n = e[i].first - first;
        return ARCH_OK;
    }
    *n = best->n;
    if (arch_samples_unpack(best->bytes, best->size, samples) == ARCH_OK && (*samples)->first == first &&
        (*samples)->n == *n)
        return ARCH_OK;
    arch_samples_destroy(samples); /* whatever wrote that: it is asked again */
    return ARCH_OK;
}

arch_status_t archi_journal_add(archi_journal_t *journal, archi_journal_key_t key, uint32_t first, uint32_t n,
                                const void *bytes, size_t size)
{
    double now = archi_machine_seconds(), wait = share_of_run * (now - journal->opened);

    if (journal->is_full)
        return ARCH_OK;
    ARCH_TRY(append(&journal->pending, (entry_t){key, first, n, NULL, size}, bytes));
    journal->pending_bytes += size;
    if (now - journal->written < (wait > least_seconds ? wait : least_seconds) && journal->pending_bytes < MOST_PENDING)
        return ARCH_OK;
    return flush(journal);
}
