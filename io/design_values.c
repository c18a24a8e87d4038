/* io/design_values.c - values with units: times, rates, counts, words. Nothing here depends on the locale. */
#include "io/design_reader.h"
#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers and units ------------------------------------------------------------------------------------------- */

/* Length of a decimal number at the start of the text, 0 when there is none; *has_exponent tells of an "e". */
static size_t number_length(const char *s, bool *has_exponent)
{
    size_t n = s[0] == '-' || s[0] == '+', digits = 0, mark;

    for (; isdigit((unsigned char)s[n]); n++)
        digits++;
    if (s[n] == '.')
        for (n++; isdigit((unsigned char)s[n]); n++)
            digits++;
    *has_exponent = false;
    if (digits == 0)
        return 0;
    if (s[n] == 'e' || s[n] == 'E') {
        mark = n + 1 + (s[n + 1] == '-' || s[n + 1] == '+');
        if (isdigit((unsigned char)s[mark])) {
            *has_exponent = true;
            for (n = mark; isdigit((unsigned char)s[n]); n++)
                continue;
        }
    }
    return n;
}

/* A short number without an exponent: its digits as a whole number and the power of ten are both doubles exactly, so that
 * one product or quotient of them is the double nearest to it, as strtod() would have it (Clinger 1990). */
static bool parse_short(const char *text, size_t n, int exponent, double *out)
{
    static const double ten_to[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    uint64_t whole = 0;
    bool after_point = false;

    if (n > 15 || exponent < 0 || exponent > 9 || *text == '-' || *text == '+')
        return false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '.') {
            after_point = true;
            continue;
        }
        whole = whole * 10 + (uint64_t)(text[i] - '0');
        exponent -= after_point;
    }
    *out = exponent < 0 ? (double)whole / ten_to[-exponent] : (double)whole * ten_to[exponent];
    return true;
}

/* The power of ten goes into the text, so that "0.29ms" is exactly the double nearest to 290000. */
bool archi_parse_number(const char *text, const char **end, int exponent, double *out)
{
    char copy[64], *point;
    bool has_exponent;
    size_t n = number_length(text, &has_exponent);
    double scale = 1.0;

    if (n == 0 || n > 48)
        return false;
    *end = text + n;
    if (!has_exponent && parse_short(text, n, exponent, out))
        return true;
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (!has_exponent && exponent != 0)
        snprintf(copy + n, sizeof copy - n, "e%d", exponent);
    for (; has_exponent && exponent > 0; exponent--)
        scale *= 10.0;
    point = strchr(copy, '.');
    if (point)
        *point = localeconv()->decimal_point[0];
    *out = strtod(copy, NULL) * scale;
    return true;
}

/* Which of the units stands behind the number, one space between them at most; -1 when none does. */
static int unit_of(const char *text, const char *const *units, int n)
{
    const char *end;
    double ignored;

    if (!archi_parse_number(text, &end, 0, &ignored))
        return -1;
    end += *end == ' ';
    for (int i = 0; i < n; i++)
        if (strcmp(end, units[i]) == 0)
            return i;
    return -1;
}

bool archi_parse_time(const char *text, double *ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s", "min", "h", "d"};
    static const int exponent[] = {0, 3, 6, 9, 9, 9, 9};
    static const double multiplier[] = {1.0, 1.0, 1.0, 1.0, 60.0, 3600.0, 86400.0};
    int unit = unit_of(text, units, 7);

    if (unit < 0 || !archi_parse_number(text, &text, exponent[unit], ns))
        return false;
    *ns *= multiplier[unit];
    return true;
}

bool archi_parse_rate(const char *text, double *per_s)
{
    static const char *const units[] = {"/s", "/min", "/h", "/d"};
    static const double seconds[] = {1.0, 60.0, 3600.0, 86400.0};
    int unit = unit_of(text, units, 4);

    if (unit < 0 || !archi_parse_number(text, &text, 0, per_s))
        return false;
    *per_s /= seconds[unit];
    return true;
}

/* ---- readers ----------------------------------------------------------------------------------------------------- */

bool archi_read_time(archi_reader_t *r, const archi_place_t *at, bool may_be_zero, double *ns)
{
    char found[ARCHI_FOUND_BYTES];
    double v = 0.0;

    bool is_time;

    if (!at->node)
        return true;
    is_time = archi_json_is_text(at->node) && archi_parse_time(at->node->of.text, &v);
    if (is_time && v >= 0.0 && v <= ARCHI_MAX_TIME_NS && (v > 0.0 || may_be_zero)) {
        *ns = v;
        return true;
    }
    archi_in_words(at->node, found);
    if (archi_json_is_number(at->node))
        archi_problem(r, at, "found %s, expected a time with its unit (ns, us, ms, s, min, h, d), such as \"%sms\"",
                      found, found);
    else if (!is_time)
        archi_problem(r, at, "found %s, expected a time such as \"10ms\" (ns, us, ms, s, min, h, d)", found);
    else
        archi_problem(r, at, "found %s, expected a time %s, at most 70 years", found,
                      may_be_zero ? "of zero or more" : "above zero");
    return false;
}

/* Whole nanoseconds. */
bool archi_read_ticks(archi_reader_t *r, const archi_place_t *at, bool may_be_zero, arch_time_t *ns)
{
    double v = 0.0;

    if (!at->node)
        return true;
    if (!archi_read_time(r, at, may_be_zero, &v))
        return false;
    *ns = (arch_time_t)floor(v + 0.5);
    if (*ns > 0 || may_be_zero)
        return true;
    archi_expected(r, at, "a time of at least 1 ns");
    return false;
}

bool archi_read_ticks_or(archi_reader_t *r, const archi_place_t *at, const char *word, arch_time_t *ns)
{
    if (at->node && archi_json_is_text(at->node) && strcmp(at->node->of.text, word) == 0) {
        *ns = ARCH_AUTO;
        return true;
    }
    return archi_read_ticks(r, at, false, ns);
}

bool archi_read_rate(archi_reader_t *r, const archi_place_t *at, bool may_be_zero, double *per_s)
{
    char found[ARCHI_FOUND_BYTES];
    double v = 0.0;

    if (!at->node)
        return true;
    archi_in_words(at->node, found);
    if (archi_json_is_number(at->node))
        archi_problem(r, at, "found %s, expected a rate with its unit (/s, /min, /h, /d), such as \"%s/s\"", found,
                      found);
    else if (!archi_json_is_text(at->node) || !archi_parse_rate(at->node->of.text, &v))
        archi_problem(r, at, "found %s, expected a rate such as \"100/s\" (/s, /min, /h, /d)", found);
    else if (!(v >= 0.0 && v <= 1e9) || (v == 0.0 && !may_be_zero))
        archi_problem(r, at, "found %s, expected a rate %s, at most 1000000000/s", found,
                      may_be_zero ? "of zero or more" : "above zero");
    else {
        *per_s = v;
        return true;
    }
    return false;
}

bool archi_read_number(archi_reader_t *r, const archi_place_t *at, double low, double high, double *out)
{
    char found[ARCHI_FOUND_BYTES];

    if (!at->node)
        return true;
    if (archi_json_is_number(at->node) && at->node->of.number >= low && at->node->of.number <= high) {
        *out = at->node->of.number;
        return true;
    }
    archi_problem(r, at, "found %s, expected a number from %.15g to %.15g", archi_in_words(at->node, found), low, high);
    return false;
}

bool archi_read_whole(archi_reader_t *r, const archi_place_t *at, uint32_t low, uint32_t high, uint32_t *out)
{
    char found[ARCHI_FOUND_BYTES];

    if (!at->node)
        return true;
    if (archi_json_is_number(at->node) && at->node->of.number >= low && at->node->of.number <= high &&
        at->node->of.number == floor(at->node->of.number)) {
        *out = (uint32_t)at->node->of.number;
        return true;
    }
    archi_problem(r, at, "found %s, expected a whole number from %lu to %lu", archi_in_words(at->node, found),
                  (unsigned long)low, (unsigned long)high);
    return false;
}

bool archi_read_limit(archi_reader_t *r, const archi_place_t *at, uint32_t low, uint32_t *out)
{
    const uint32_t high = UINT32_MAX - 1;
    char found[ARCHI_FOUND_BYTES];

    if (!at->node)
        return true;
    if (archi_json_is_text(at->node) && strcmp(at->node->of.text, "unlimited") == 0) {
        *out = ARCH_UNLIMITED;
        return true;
    }
    if (archi_json_is_number(at->node) && at->node->of.number >= low && at->node->of.number <= high &&
        at->node->of.number == floor(at->node->of.number)) {
        *out = (uint32_t)at->node->of.number;
        return true;
    }
    archi_problem(r, at, "found %s, expected a whole number from %lu to %lu or \"unlimited\"",
                  archi_in_words(at->node, found), (unsigned long)low, (unsigned long)high);
    return false;
}

bool archi_read_bool(archi_reader_t *r, const archi_place_t *at, bool *out)
{
    if (!at->node)
        return true;
    if (archi_json_is_bool(at->node)) {
        *out = archi_json_is_true(at->node);
        return true;
    }
    archi_expected(r, at, "true or false");
    return false;
}

bool archi_read_text(archi_reader_t *r, const archi_place_t *at, const char **out)
{
    if (!at->node)
        return true;
    if (archi_json_is_text(at->node)) {
        *out = archi_reader_copy(r, at->node->of.text);
        return true;
    }
    archi_expected(r, at, "a text");
    return false;
}

bool archi_read_word(archi_reader_t *r, const archi_place_t *at, const char *const *words, int n, int *out)
{
    char found[ARCHI_FOUND_BYTES], list[256];
    const char *near;
    size_t used = 0;

    if (!at->node)
        return true;
    for (int i = 0; i < n; i++) {
        if (archi_json_is_text(at->node) && strcmp(at->node->of.text, words[i]) == 0) {
            *out = i;
            return true;
        }
    }
    for (int i = 0; i < n && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s\"%s\"", i ? ", " : "", words[i]);
    near = archi_json_is_text(at->node) ? archi_nearest_word(words, n, at->node->of.text) : NULL;
    archi_problem(r, at, "found %s, expected one of %s%s%s%s", archi_in_words(at->node, found), list,
                  near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return false;
}

/* Weights become shares. Those that are shares already stay as they are, to the bit: a design written back and read again
 * is the same design. */
bool archi_read_weights(archi_reader_t *r, const archi_place_t *at, uint32_t n, double *weight)
{
    double sum = 0.0;

    for (uint32_t i = 0; i < n; i++)
        sum += weight[i];
    if (!(sum > 0.0)) {
        archi_problem(r, at, "found weights that are all zero, expected at least one above zero");
        return false;
    }
    for (uint32_t i = 0; i < n && fabs(sum - 1.0) > 1e-9; i++)
        weight[i] /= sum;
    return true;
}

const char *const archi_balance_names[3] = {"round_robin", "random", "least_request"};

/* A policy is a word, or an object of that one word with its settings. */
bool archi_read_balance(archi_reader_t *r, const archi_place_t *at, arch_balance_t *out)
{
    static const char *const settings[] = {"choices"};
    archi_place_t policy[3], setting[1];
    int kind = 0;

    if (!at->node)
        return true;
    if (!archi_json_is_object(at->node)) {
        if (!archi_read_word(r, at, archi_balance_names, 3, &kind))
            return false;
        out->kind = (arch_balance_kind_t)kind;
        out->choices = kind == ARCH_BALANCE_LEAST_REQUEST ? 2 : 0;
        return true;
    }
    if (!archi_fields(r, at, archi_balance_names, 3, policy))
        return false;
    if (archi_count(at->node) != 1) {
        archi_expected(r, at, "exactly one policy, such as {\"least_request\": {\"choices\": 2}}");
        return false;
    }
    for (kind = 0; kind < 3; kind++)
        if (policy[kind].node)
            out->kind = (arch_balance_kind_t)kind;
    out->choices = policy[ARCH_BALANCE_LEAST_REQUEST].node ? 2 : 0;
    if (out->choices)
        return archi_fields(r, &policy[ARCH_BALANCE_LEAST_REQUEST], settings, 1, setting) &&
               archi_read_whole(r, &setting[0], 1, 1000, &out->choices);
    return archi_fields(r, &policy[out->kind], NULL, 0, NULL);
}
