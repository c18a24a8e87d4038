/* fuzz_design.c - whatever bytes a design file holds, reading it ends in a design or in reasons, and a design comes back the
 * same from its own text. The suite runs a short, seeded campaign of mutations of good files:
 *     fuzz_design <mutations> <seed> <patterns of files to mutate> [-- <patterns of files to take pieces from>]
 * A failure prints the seed and the number of the mutation, and leaves the bytes in fuzz_design.failed. Compiled with
 * -DARCH_LIBFUZZER -fsanitize=fuzzer the same target runs under libFuzzer. */
#include <architech/design.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is not as it should be, or NULL. */
static const char *look_at_problems(arch_status_t st, const arch_problems_t *p)
{
    if ((st == ARCH_E_FORMAT) != (p->n > 0))
        return "refusal and problems do not go together";
    for (uint32_t i = 0; i < p->n; i++)
        if (!strstr(p->problem[i].text, "found ") || strlen(p->problem[i].text) < 10 || !p->problem[i].at)
            return "a problem does not say what was found";
    return NULL;
}

static const char *look_at_design(const arch_design_t *d)
{
    arch_design_t *again = NULL;
    arch_problems_t p = {0, NULL};
    char *text = NULL, *second = NULL;
    const char *wrong = NULL;

    if (arch_design_explain(d, &text) != ARCH_OK ||
        arch_design_parse("again", NULL, text, strlen(text), &again, &p) != ARCH_OK)
        wrong = "the design written back is refused";
    else if (arch_design_explain(again, &second) != ARCH_OK || strcmp(text, second) != 0 || d->hash != again->hash)
        wrong = "the design written back is another";
    if (wrong)
        fprintf(stderr, "%s\n", arch_error_text());
    arch_design_destroy(&again);
    arch_problems_clear(&p);
    free(text);
    free(second);
    return wrong;
}

static const char *try_bytes(const char *bytes, size_t length, arch_status_t *st)
{
    arch_design_t *d = NULL;
    arch_problems_t p = {0, NULL};
    const char *wrong;

    *st = arch_design_parse("fuzz", "examples", bytes, length, &d, &p);
    wrong = look_at_problems(*st, &p);
    if (!wrong && (d != NULL) != (*st == ARCH_OK))
        wrong = "design and status do not go together";
    if (!wrong && d)
        wrong = look_at_design(d);
    arch_problems_clear(&p);
    arch_design_destroy(&d);
    return wrong;
}

#ifdef ARCH_LIBFUZZER
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
    arch_status_t st;

    if (try_bytes((const char *)bytes, length, &st))
        abort();
    return 0;
}
#else

/* ---- mutations --------------------------------------------------------------------------------------------------- */

enum { MAX_BYTES = 1 << 18, MAX_SEEDS = 256 };

typedef struct {
    char *bytes;
    size_t length;
} text_t;

/* Steele, Lea and Flood 2014: SplitMix64. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t below(uint64_t *state, size_t n) { return n ? (size_t)(draw(state) % n) : 0; }

static const char *const words[] = {"{",
                                    "}",
                                    "[",
                                    "]",
                                    ",",
                                    ":",
                                    "\"",
                                    "\\",
                                    "\\u0000",
                                    "\\ud800",
                                    "null",
                                    "true",
                                    "-1",
                                    "0",
                                    "1e999",
                                    "4294967296",
                                    "0.5",
                                    "1.5",
                                    "\"10ms\"",
                                    "\"0s\"",
                                    "\"1e-9ns\"",
                                    "\"70d\"",
                                    "\"unlimited\"",
                                    "\"auto\"",
                                    "\"never\"",
                                    "\"10/s\"",
                                    "\"app\"",
                                    "\"db/find\"",
                                    "{\"call\": \"app\"}",
                                    "{\"fail\": 1}",
                                    "{\"repeat\": 3, \"steps\": []}",
                                    "{\"parallel\": [[], []], \"join\": \"any\"}",
                                    "{\"choose\": [{\"weight\": 1, \"steps\": []}]}",
                                    "{\"exponential\": {\"mean\": \"1ms\"}}",
                                    "{\"pareto\": {\"mean\": \"1s\", \"cv\": 9}}",
                                    "{\"empirical\": {\"values\": [[\"0s\", 0], [\"1s\", 1]]}}",
                                    "{\"empirical\": {\"file\": \"mm1.json\"}}",
                                    "\xff",
                                    "\xef\xbb\xbf",
                                    "\xc0\xaf"};

/* Replace `cut` bytes at `at` by others. */
static void splice(text_t *t, size_t at, size_t cut, const char *put, size_t n)
{
    if (t->length - cut + n > MAX_BYTES)
        return;
    memmove(t->bytes + at + n, t->bytes + at + cut, t->length - at - cut);
    if (n > 0)
        memcpy(t->bytes + at, put, n);
    t->length = t->length - cut + n;
}

static int is_mark(const text_t *t, size_t at)
{
    return t->bytes[at] == '\0' || strchr(",:[]{} \n", t->bytes[at]) != NULL;
}

/* The word around `at`: a number, or a string without blanks. */
static text_t word_at(const text_t *t, size_t at)
{
    text_t word = {t->bytes + at, 0};

    while (word.bytes > t->bytes && !is_mark(t, (size_t)(word.bytes - t->bytes) - 1))
        word.bytes--;
    while (word.bytes + word.length < t->bytes + t->length &&
           !is_mark(t, (size_t)(word.bytes - t->bytes) + word.length))
        word.length++;
    return word;
}

/* A word for a word is the most fertile mutation: the file often stays JSON. */
static void replace_word(text_t *t, size_t at, const char *put, size_t n)
{
    text_t word = word_at(t, at);
    char copy[256];

    n = n < sizeof copy ? n : sizeof copy;
    memcpy(copy, put, n); /* it may be one of ours */
    splice(t, (size_t)(word.bytes - t->bytes), word.length, copy, n);
}

static void mutate_once(text_t *t, const text_t *other, uint64_t *state)
{
    size_t at = below(state, t->length + 1), left = t->length - at, from, n;
    const char *word = words[below(state, sizeof words / sizeof *words)];
    char byte = (char)draw(state), copy[512];
    text_t theirs = word_at(other, below(state, other->length));

    switch (draw(state) % 8) {
    case 0:
        if (left)
            t->bytes[at] = (char)(t->bytes[at] ^ (1 << below(state, 8)));
        break;
    case 1:
        splice(t, at, 0, &byte, 1);
        break;
    case 2:
        splice(t, at, below(state, left < 40 ? left : 40), NULL, 0);
        break;
    case 3:
        splice(t, at, 0, word, strlen(word));
        break;
    case 4:
        replace_word(t, at, word, strlen(word));
        break;
    case 5:
        replace_word(t, at, theirs.bytes, theirs.length);
        break;
    case 6: /* a piece of its own, or of another file */
        from = below(state, other->length);
        n = below(state, other->length - from < sizeof copy ? other->length - from : sizeof copy);
        memcpy(copy, other->bytes + from, n);
        splice(t, at, 0, copy, n);
        break;
    default:
        if (draw(state) % 20 == 0)
            t->length = at;
        break;
    }
}

static size_t load(const char *pattern, text_t *seeds, size_t n_seeds)
{
    glob_t files;

    if (glob(pattern, 0, NULL, &files) != 0)
        return n_seeds;
    for (size_t i = 0; i < files.gl_pathc && n_seeds < MAX_SEEDS; i++) {
        FILE *f = fopen(files.gl_pathv[i], "rb");
        text_t *t = &seeds[n_seeds];
        t->bytes = malloc(MAX_BYTES);
        t->length = f && t->bytes ? fread(t->bytes, 1, MAX_BYTES / 2, f) : 0;
        if (f)
            fclose(f);
        n_seeds += t->length > 0;
        if (t->length == 0)
            free(t->bytes);
    }
    globfree(&files);
    return n_seeds;
}

static void keep(const text_t *t)
{
    FILE *f = fopen("fuzz_design.failed", "wb");

    if (f) {
        fwrite(t->bytes, 1, t->length, f);
        fclose(f);
    }
}

/* Mutation number i is a function of the seed and i alone. */
static int mutate_and_try(const text_t *seeds, size_t n_good, size_t n_seeds, uint64_t seed, uint64_t i,
                          uint64_t tally[ARCH_N_STATUS])
{
    uint64_t state = seed * 0x2545f4914f6cdd1du + i;
    const text_t *from = &seeds[below(&state, n_good)];
    text_t t = {malloc(MAX_BYTES), from->length};
    const char *wrong;
    arch_status_t st;

    memcpy(t.bytes, from->bytes, from->length);
    for (size_t k = 1 + below(&state, 3); k > 0; k--)
        mutate_once(&t, &seeds[below(&state, n_seeds)], &state);
    wrong = try_bytes(t.bytes, t.length, &st);
    tally[st]++;
    if (wrong) {
        printf("seed %llu, mutation %llu: %s\n", (unsigned long long)seed, (unsigned long long)i, wrong);
        keep(&t);
    }
    free(t.bytes);
    return wrong != NULL;
}

int main(int argc, char **argv)
{
    static text_t seeds[MAX_SEEDS];
    uint64_t tally[ARCH_N_STATUS] = {0}, n = argc > 2 ? strtoull(argv[1], NULL, 10) : 0,
             seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    size_t n_seeds = 0, n_good = 0;
    int n_wrong = 0;

    for (int i = 3; i < argc; i++) {
        n_seeds = load(argv[i], seeds, n_seeds); /* no file is called "--" */
        if (n_good == 0 && (i + 1 == argc || strcmp(argv[i + 1], "--") == 0))
            n_good = n_seeds;
    }
    if (n_good == 0) {
        fprintf(stderr, "usage: fuzz_design <mutations> <seed> <patterns of files> [-- <patterns>]\n");
        return 2;
    }
    for (uint64_t i = 0; i < n && n_wrong < 10; i++)
        n_wrong += mutate_and_try(seeds, n_good, n_seeds, seed, i, tally);
    printf("seed %llu: %llu mutations of %zu files, %llu sound, %llu refused\n", (unsigned long long)seed,
           (unsigned long long)n, n_good, (unsigned long long)tally[ARCH_OK], (unsigned long long)tally[ARCH_E_FORMAT]);
    for (size_t i = 0; i < n_seeds; i++)
        free(seeds[i].bytes);
    return n_wrong || tally[ARCH_OK] == 0 || tally[ARCH_OK] + tally[ARCH_E_FORMAT] != n;
}
#endif
