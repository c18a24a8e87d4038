/* io/samples_pack.c - samples as bytes and back.
 *
 *   "ARCHSMP1"  then whole numbers as LEB128 (seven bits a byte, least first), doubles as eight bytes, least first, in the
 *   order of the structs; names as one text of many with their ends, rows by offset into it; buckets as the distance from
 *   the one before. The last eight bytes are XXH64 of all before. Reading trusts none of it: every count is bounded by the
 *   bytes that are left before anything is allocated. */
#include "io/checkpoint_sum.h"
#include "io/samples.h"
#include <stdlib.h>
#include <string.h>

static const char magic[8] = {'A', 'R', 'C', 'H', 'S', 'M', 'P', '1'};
enum { SUM_BYTES = 8, LEAST_BYTES = sizeof magic + SUM_BYTES, HIGHEST_BUCKET = 58 * 64 };

/* ---- writing ---------------------------------------------------------------------------------------------------- */

typedef struct {
    unsigned char *at;
    size_t n, capacity;
    bool failed;
} writer_t;

static void put_bytes(writer_t *w, const void *bytes, size_t n)
{
    if (w->capacity - w->n < n && !w->failed) {
        size_t capacity = 2 * w->capacity + n + 1024;
        unsigned char *more = realloc(w->at, capacity);
        w->failed = more == NULL;
        w->at = more != NULL ? more : w->at;
        w->capacity = more != NULL ? capacity : w->capacity;
    }
    if (w->failed)
        return;
    memcpy(w->at + w->n, bytes, n);
    w->n += n;
}

static void put(writer_t *w, uint64_t x)
{
    unsigned char byte[10];
    size_t n = 0;

    for (; x >= 0x80; x >>= 7)
        byte[n++] = (unsigned char)(x | 0x80);
    byte[n++] = (unsigned char)x;
    put_bytes(w, byte, n);
}

static void put_word(writer_t *w, uint64_t x)
{
    unsigned char byte[8];

    for (int i = 0; i < 8; i++)
        byte[i] = (unsigned char)(x >> (8 * i));
    put_bytes(w, byte, sizeof byte);
}

static void put_double(writer_t *w, double x)
{
    uint64_t word;

    memcpy(&word, &x, sizeof word);
    put_word(w, word);
}

static void put_operation(writer_t *w, const arch_operation_sample_t *o)
{
    uint32_t last = 0;

    put(w, o->completed);
    put(w, o->errors);
    put_double(w, o->latency);
    put_double(w, o->max);
    put(w, o->n_buckets);
    for (uint32_t i = 0; i < o->n_buckets; i++) {
        put(w, o->bucket[i] - last);
        put(w, o->count[i]);
        last = o->bucket[i];
    }
}

static void put_component(writer_t *w, const arch_component_sample_t *c)
{
    put_double(w, c->busy);
    put_double(w, c->queued);
    put_double(w, c->inside);
    put_double(w, c->wait);
    put_double(w, c->sojourn);
    put_double(w, c->lag);
    put(w, c->completed);
    put(w, c->waits);
    put(w, c->hits);
    put(w, c->lookups);
    put(w, c->applied);
}

static void put_rows(writer_t *w, const arch_samples_t *s)
{
    put(w, s->names_bytes);
    put_bytes(w, s->names, s->names_bytes);
    put(w, s->n_operations);
    for (uint32_t i = 0; i < s->n_operations; i++) {
        put(w, (size_t)(s->operation[i].workload - s->names));
        put(w, (size_t)(s->operation[i].name - s->names));
        put(w, s->operation[i].workload_index);
        put(w, s->operation[i].operation_index);
    }
    put(w, s->n_components);
    for (uint32_t i = 0; i < s->n_components; i++) {
        put(w, (size_t)(s->component[i].name - s->names));
        put(w, (size_t)(s->component[i].group - s->names));
        put(w, s->component[i].kind);
        put(w, s->component[i].element);
        put(w, s->component[i].cores);
    }
}

arch_status_t arch_samples_pack(const arch_samples_t *s, void **bytes, size_t *n)
{
    writer_t w = {NULL, 0, 0, false};

    put_bytes(&w, magic, sizeof magic);
    put_word(&w, s->digest);
    put(&w, s->events);
    put(&w, s->requests);
    put(&w, s->first);
    put_rows(&w, s);
    put(&w, s->n);
    for (uint32_t k = 0; k < s->n; k++) {
        put_double(&w, s->sample[k]->span);
        put(&w, s->sample[k]->found);
        for (uint32_t i = 0; i < s->n_operations; i++)
            put_operation(&w, &s->sample[k]->operation[i]);
        for (uint32_t i = 0; i < s->n_components; i++)
            put_component(&w, &s->sample[k]->component[i]);
    }
    if (!w.failed)
        put_word(&w, archi_sum_of(w.at, w.n));
    *bytes = w.failed ? NULL : w.at;
    *n = w.n;
    if (w.failed) {
        free(w.at);
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory to pack samples of %u replications", s->n);
    }
    return ARCH_OK;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const unsigned char *at;
    size_t left;
    const char *wrong; /* the first thing that was; everything read after it is 0 */
} reader_t;

static uint64_t complain(reader_t *r, const char *wrong)
{
    if (r->wrong == NULL)
        r->wrong = wrong;
    r->left = 0;
    return 0;
}

static uint64_t get(reader_t *r, uint64_t most)
{
    uint64_t x = 0;
    int shift = 0;

    while (r->left > 0 && shift < 64) {
        unsigned char byte = *r->at++;
        r->left--;
        if (shift == 63 && byte > 1)
            break;
        x |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return x <= most ? x : complain(r, "a number lies outside its range");
        shift += 7;
    }
    return complain(r, shift >= 63 ? "a number is too long" : "they end in the middle");
}

/* A count of things that take at least `each` bytes. */
static uint32_t get_count(reader_t *r, size_t each)
{
    uint64_t n = get(r, UINT32_MAX - 1);

    return n <= r->left / each ? (uint32_t)n : (uint32_t)complain(r, "they end in the middle");
}

static uint64_t get_word(reader_t *r)
{
    uint64_t x = 0;

    if (r->left < 8)
        return complain(r, "they end in the middle");
    for (int i = 0; i < 8; i++)
        x |= (uint64_t)r->at[i] << (8 * i);
    r->at += 8;
    r->left -= 8;
    return x;
}

/* All sums are finite and at least 0. */
static double get_double(reader_t *r)
{
    uint64_t word = get_word(r);
    double x;

    memcpy(&x, &word, sizeof x);
    if (x >= 0 && x <= 1e300)
        return x;
    complain(r, "a sum is no number from 0 up");
    return 0;
}

static const char *get_name(reader_t *r, const arch_samples_t *s)
{
    uint64_t offset = get(r, s->names_bytes == 0 ? 0 : s->names_bytes - 1);

    return s->names + offset;
}

static void get_rows(reader_t *r, arch_samples_t *s)
{
    for (uint32_t i = 0; i < s->n_operations; i++) {
        s->operation[i].workload = get_name(r, s);
        s->operation[i].name = get_name(r, s);
        s->operation[i].workload_index = (uint32_t)get(r, UINT32_MAX);
        s->operation[i].operation_index = (uint32_t)get(r, UINT32_MAX);
    }
    get(r, UINT32_MAX); /* the number of components, seen before */
    for (uint32_t i = 0; i < s->n_components; i++) {
        s->component[i].name = get_name(r, s);
        s->component[i].group = get_name(r, s);
        s->component[i].kind = (uint32_t)get(r, ARCH_N_KINDS - 1);
        s->component[i].element = (uint32_t)get(r, UINT32_MAX);
        s->component[i].cores = (uint32_t)get(r, UINT32_MAX);
    }
}

/* Both numbers of rows, without taking anything from *r: what is made depends on both. */
static void look_ahead(reader_t r, uint32_t *n_operations, uint32_t *n_components)
{
    *n_operations = get_count(&r, 4);
    for (uint32_t i = 0; i < 4 * *n_operations; i++)
        get(&r, UINT64_MAX);
    *n_components = get_count(&r, 5);
}

static arch_status_t get_head(reader_t *r, arch_samples_t **out)
{
    uint64_t digest = get_word(r), events = get(r, UINT64_MAX), requests = get(r, UINT64_MAX);
    uint32_t first = (uint32_t)get(r, UINT32_MAX - 1), n_operations, n_components;
    uint32_t names_bytes = get_count(r, 1);
    const unsigned char *names = r->at;

    r->at += names_bytes;
    r->left -= names_bytes;
    look_ahead(*r, &n_operations, &n_components);
    ARCH_TRY(arch_samples_create(n_operations, n_components, names_bytes, out));
    memcpy((*out)->names, names, names_bytes);
    if (names_bytes > 0 && (*out)->names[names_bytes - 1] != '\0')
        complain(r, "the names have no end");
    get_count(r, 4);
    get_rows(r, *out);
    (*out)->digest = digest;
    (*out)->events = events;
    (*out)->requests = requests;
    (*out)->first = first;
    return ARCH_OK;
}

static void skip_operation(reader_t *r, uint32_t *n_buckets)
{
    get(r, UINT64_MAX);
    get(r, UINT64_MAX);
    get_double(r);
    get_double(r);
    *n_buckets = get_count(r, 2);
    for (uint32_t i = 0; i < 2 * *n_buckets; i++)
        get(r, UINT64_MAX);
}

static void get_operation(reader_t *r, arch_operation_sample_t *o)
{
    uint64_t bucket = 0, sum = 0;

    o->completed = get(r, UINT64_MAX);
    o->errors = get(r, UINT64_MAX);
    o->latency = get_double(r);
    o->max = get_double(r);
    get_count(r, 2);
    for (uint32_t i = 0; i < o->n_buckets; i++) {
        uint64_t step = get(r, HIGHEST_BUCKET);
        bucket += step;
        if (bucket >= HIGHEST_BUCKET || (step == 0 && i > 0))
            complain(r, "a histogram has a bucket that there is not");
        o->bucket[i] = (uint32_t)bucket;
        o->count[i] = get(r, UINT64_MAX);
        sum += o->count[i];
        if (o->count[i] == 0)
            complain(r, "a histogram has an empty bucket");
    }
    if (sum != o->completed)
        complain(r, "a histogram does not hold what completed");
}

static void get_component(reader_t *r, arch_component_sample_t *c)
{
    c->busy = get_double(r);
    c->queued = get_double(r);
    c->inside = get_double(r);
    c->wait = get_double(r);
    c->sojourn = get_double(r);
    c->lag = get_double(r);
    c->completed = get(r, UINT64_MAX);
    c->waits = get(r, UINT64_MAX);
    c->hits = get(r, UINT64_MAX);
    c->lookups = get(r, UINT64_MAX);
    c->applied = get(r, UINT64_MAX);
}

static arch_status_t get_sample(reader_t *r, arch_samples_t *s, uint32_t *n_buckets)
{
    reader_t ahead = *r;
    arch_sample_t *sample;

    get_double(&ahead);
    get(&ahead, 1);
    for (uint32_t i = 0; i < s->n_operations; i++)
        skip_operation(&ahead, &n_buckets[i]);
    if (ahead.wrong != NULL) {
        complain(r, ahead.wrong);
        return ARCH_OK;
    }
    sample = archi_sample_make(s->n_operations, s->n_components, n_buckets);
    if (sample == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for samples");
    s->sample[s->n++] = sample;
    sample->span = get_double(r);
    sample->found = (uint8_t)get(r, 1);
    for (uint32_t i = 0; i < s->n_operations; i++)
        get_operation(r, &sample->operation[i]);
    for (uint32_t i = 0; i < s->n_components; i++)
        get_component(r, &sample->component[i]);
    return ARCH_OK;
}

static arch_status_t get_samples(reader_t *r, arch_samples_t *s)
{
    arch_status_t st = ARCH_OK;
    uint32_t n = get_count(r, 9), *n_buckets = malloc(((size_t)s->n_operations + 1) * sizeof *n_buckets);

    if (n_buckets == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for samples");
    if ((uint64_t)s->first + n > UINT32_MAX)
        complain(r, "replications are numbered beyond what there can be");
    else
        st = archi_samples_reserve(s, n);
    for (uint32_t k = 0; st == ARCH_OK && r->wrong == NULL && k < n; k++)
        st = get_sample(r, s, n_buckets);
    free(n_buckets);
    if (r->left != 0)
        complain(r, "something follows them");
    return st;
}

arch_status_t arch_samples_unpack(const void *bytes, size_t n, arch_samples_t **out)
{
    reader_t r = {bytes, n, NULL}, sum;
    arch_status_t st = ARCH_OK;

    *out = NULL;
    if (n < LEAST_BYTES || memcmp(bytes, magic, sizeof magic) != 0)
        return ARCH_FAIL(ARCH_E_FORMAT, "these bytes are no samples");
    sum = (reader_t){r.at + n - SUM_BYTES, SUM_BYTES, NULL};
    if (get_word(&sum) != archi_sum_of(bytes, n - SUM_BYTES))
        return ARCH_FAIL(ARCH_E_FORMAT, "the samples have changed on their way: their sum does not fit");
    r.at += sizeof magic;
    r.left -= LEAST_BYTES;
    st = get_head(&r, out);
    if (st == ARCH_OK && r.wrong == NULL)
        st = get_samples(&r, *out);
    if (st == ARCH_OK && r.wrong != NULL)
        st = ARCH_FAIL(ARCH_E_FORMAT, "the samples are damaged: %s", r.wrong);
    if (st != ARCH_OK)
        arch_samples_destroy(out);
    return st;
}
