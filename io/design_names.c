/* io/design_names.c - the names of a design: found by hashing, and by likeness when they are misspelt. */
#include "io/design_reader.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_COMPARED = 64 };

/* ---- likeness ---------------------------------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Capitals are the commonest slip of all. */
static bool alike(char a, char b) { return tolower((unsigned char)a) == tolower((unsigned char)b); }

/* Optimal string alignment distance: Damerau 1964, Levenshtein 1966, without overlapping transpositions. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t row[3][LONGEST_COMPARED + 1];

    for (size_t j = 0; j <= m; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3], *above = row[(i + 2) % 3], *two_above = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = least(least(above[j] + 1, now[j - 1] + 1), above[j - 1] + !alike(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && alike(a[i - 1], b[j - 2]) && alike(a[i - 2], b[j - 1]))
                now[j] = least(now[j], two_above[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

/* How far a word of this length may be off to be taken for a slip. */
static size_t tolerance(size_t length) { return length < 3 ? 1 : length / 3; }

/* The distance, or SIZE_MAX when it is beyond what a slip explains. */
static size_t slip(const char *a, size_t n, const char *b)
{
    size_t m = strlen(b), d, bound = tolerance(n > m ? n : m);

    if (n > LONGEST_COMPARED || m > LONGEST_COMPARED || (n > m ? n - m : m - n) > bound)
        return SIZE_MAX;
    d = distance(a, n, b, m);
    return d <= bound ? d : SIZE_MAX;
}

const char *archi_nearest_word(const char *const *words, int n, const char *text)
{
    size_t best = SIZE_MAX, length = strlen(text);
    const char *near = NULL;

    for (int i = 0; i < n; i++) {
        size_t d = slip(text, length, words[i]);
        if (d < best) {
            best = d;
            near = words[i];
        }
    }
    return near;
}

uint32_t archi_names_nearest(archi_names_t *names, uint32_t owner, unsigned kinds, const char *text, size_t length)
{
    size_t best = SIZE_MAX, d;
    uint32_t near = ARCH_NONE;

    for (uint32_t i = 0; i < names->n && names->budget > 0; i++) {
        const archi_name_t *name = &names->name[i];
        if (name->owner != owner || !(kinds & (1u << name->is)))
            continue;
        d = slip(text, length, name->text);
        names->budget -= names->budget < 256 ? names->budget : 256;
        if (d < best) {
            best = d;
            near = i;
        }
    }
    return near;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

void archi_names_init(archi_names_t *names)
{
    memset(names, 0, sizeof *names);
    names->budget = 1000000000; /* a second or so */
}

void archi_names_fini(archi_names_t *names)
{
    free(names->name);
    free(names->slot);
    memset(names, 0, sizeof *names);
}

/* FNV-1a over the text, begun with the owner, finished so that low bits depend on all. */
static uint32_t hash_of(uint32_t owner, const char *text, size_t length)
{
    uint64_t h = 14695981039346656037ull ^ owner;

    h *= 1099511628211ull;
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * 1099511628211ull;
    return (uint32_t)(h ^ (h >> 32));
}

/* The slot that holds the name, or the free one where it belongs. Names of another hash are passed without being read. */
static uint32_t slot_of(const archi_names_t *names, uint32_t hash, uint32_t owner, const char *text, size_t length)
{
    uint32_t mask = names->n_slots - 1, i = hash & mask;

    for (; names->slot[i]; i = (i + 1) & mask) {
        const archi_name_t *name;
        if ((uint32_t)(names->slot[i] >> 32) != hash)
            continue;
        name = &names->name[(uint32_t)names->slot[i] - 1];
        if (name->owner == owner && strncmp(name->text, text, length) == 0 && name->text[length] == '\0')
            break;
    }
    return i;
}

uint32_t archi_names_find(const archi_names_t *names, uint32_t owner, const char *text, size_t length)
{
    uint32_t slot;

    if (names->n_slots == 0)
        return ARCH_NONE;
    slot = (uint32_t)names->slot[slot_of(names, hash_of(owner, text, length), owner, text, length)];
    return slot ? slot - 1 : ARCH_NONE;
}

/* Every name to its place in a larger table. */
static void move_slots(const archi_names_t *names, uint64_t *slot, uint32_t n_slots)
{
    for (uint32_t k = 0; k < names->n_slots; k++) {
        uint32_t i = (uint32_t)(names->slot[k] >> 32) & (n_slots - 1);
        if (!names->slot[k])
            continue;
        while (slot[i])
            i = (i + 1) & (n_slots - 1);
        slot[i] = names->slot[k];
    }
}

/* Room for one more name, with at least every second slot free. */
static bool make_room(archi_names_t *names)
{
    uint32_t capacity = names->capacity ? 2 * names->capacity : 64;
    archi_name_t *name;
    uint64_t *slot;

    if (names->n < names->capacity)
        return true;
    name = realloc(names->name, capacity * sizeof *name);
    if (!name)
        return false;
    names->name = name;
    slot = calloc(2 * (size_t)capacity, sizeof *slot);
    if (!slot)
        return false;
    move_slots(names, slot, 2 * capacity);
    free(names->slot);
    names->slot = slot;
    names->n_slots = 2 * capacity;
    names->capacity = capacity;
    return true;
}

arch_status_t archi_names_add(archi_names_t *names, const archi_name_t *name, uint32_t *at)
{
    size_t length = strlen(name->text);
    uint32_t hash = hash_of(name->owner, name->text, length), slot;

    if (!make_room(names))
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for the names of the design");
    slot = slot_of(names, hash, name->owner, name->text, length);
    if (names->slot[slot]) {
        *at = (uint32_t)names->slot[slot] - 1;
        return ARCH_E_ARG;
    }
    *at = names->n;
    names->name[names->n++] = *name;
    names->slot[slot] = (uint64_t)hash << 32 | names->n;
    return ARCH_OK;
}
