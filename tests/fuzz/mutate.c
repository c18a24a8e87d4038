/* mutate.c - see mutate.h. */
#include "mutate.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Steele, Lea and Flood 2014: SplitMix64. */
uint64_t mutate_draw(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

size_t mutate_below(uint64_t *state, size_t n) { return n ? (size_t)(mutate_draw(state) % n) : 0; }

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
    size_t at = mutate_below(state, t->length + 1), left = t->length - at, from, n;
    const char *word = words[mutate_below(state, sizeof words / sizeof *words)];
    char byte = (char)mutate_draw(state), copy[512];
    text_t theirs = word_at(other, mutate_below(state, other->length));

    switch (mutate_draw(state) % 8) {
    case 0:
        if (left)
            t->bytes[at] = (char)(t->bytes[at] ^ (1 << mutate_below(state, 8)));
        break;
    case 1:
        splice(t, at, 0, &byte, 1);
        break;
    case 2:
        splice(t, at, mutate_below(state, left < 40 ? left : 40), NULL, 0);
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
        from = mutate_below(state, other->length);
        n = mutate_below(state, other->length - from < sizeof copy ? other->length - from : sizeof copy);
        memcpy(copy, other->bytes + from, n);
        splice(t, at, 0, copy, n);
        break;
    default:
        if (mutate_draw(state) % 20 == 0)
            t->length = at;
        break;
    }
}

size_t mutate_load(const char *pattern, text_t *seeds, size_t n_seeds)
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

void mutate_file(const text_t *seeds, size_t n_good, size_t n_seeds, uint64_t seed, uint64_t i, text_t *out)
{
    uint64_t state = seed * 0x2545f4914f6cdd1du + i;
    const text_t *from = &seeds[mutate_below(&state, n_good)];

    out->length = from->length;
    memcpy(out->bytes, from->bytes, from->length);
    for (size_t k = 1 + mutate_below(&state, 3); k > 0; k--)
        mutate_once(out, &seeds[mutate_below(&state, n_seeds)], &state);
}
