/* io/money.c - costs are exact: digits are read as a whole number of millionths, never as a double. */
#include "io/money.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { DECIMALS = 6, MOST_DIGITS = 12, CURRENCY_BYTES = 16 };

typedef struct {
    int64_t millionths;
    char currency[CURRENCY_BYTES];
    bool first;
    uint32_t per_year;
} cost_t;

/* The currency's word, as far as it goes: no digits, blanks or slashes. */
static const char *take_word(const char *text, char out[CURRENCY_BYTES])
{
    size_t n = strcspn(text, "0123456789. /-+");

    if (n >= CURRENCY_BYTES)
        return NULL;
    memcpy(out, text, n);
    out[n] = '\0';
    return text + n;
}

static const char *take_number(const char *text, int64_t *millionths)
{
    int whole = 0, decimals = 0;

    *millionths = 0;
    for (; isdigit((unsigned char)*text); text++, whole++)
        *millionths = whole < MOST_DIGITS ? *millionths * 10 + (*text - '0') : 0;
    if (*text == '.')
        for (text++; isdigit((unsigned char)*text); text++, decimals++)
            *millionths = decimals < DECIMALS ? *millionths * 10 + (*text - '0') : 0;
    if (whole == 0 || whole > MOST_DIGITS || decimals > DECIMALS || text[-1] == '.')
        return NULL;
    for (; decimals < DECIMALS; decimals++)
        *millionths *= 10;
    return text;
}

static bool parse(const char *text, cost_t *out)
{
    static const char *const period[] = {"/hour", "/day", "/month", "/year"};
    static const uint32_t per_year[] = {8760, 365, 12, 1};

    text = take_word(text, out->currency);
    out->first = text != NULL && out->currency[0] != '\0';
    if (text != NULL)
        text = take_number(text + (out->first && *text == ' '), &out->millionths);
    if (text != NULL && !out->first)
        text = take_word(text + (*text == ' '), out->currency);
    if (text == NULL || out->currency[0] == '\0')
        return false;
    for (int i = 0; i < 4; i++)
        if (strcmp(text, period[i]) == 0) {
            out->per_year = per_year[i];
            return true;
        }
    return false;
}

static void adopt(archi_reader_t *r, const char *said, const cost_t *cost, archi_tender_t *tender)
{
    tender->currency = archi_reader_copy(r, cost->currency);
    tender->first = cost->first;
    tender->per_year = cost->per_year;
    tender->said = said;
}

bool archi_read_money(archi_reader_t *r, const archi_place_t *at, archi_tender_t *tender, arch_money_t *out)
{
    char found[ARCHI_FOUND_BYTES], before[ARCHI_FOUND_BYTES];
    cost_t cost = {0};

    *out = 0;
    if (archi_json_is_number(at->node) && at->node->of.number == 0)
        return true;
    archi_in_words(at->node, found);
    if (!archi_json_is_text(at->node) || !parse(at->node->of.text, &cost)) {
        archi_problem(r, at, "found %s, expected a cost such as \"$30/month\" or \"0.05 EUR/hour\" (/hour, /day, /month, "
                      "/year, at most 6 decimals), or 0", found);
        return false;
    }
    if (tender->currency == NULL)
        adopt(r, at->node->of.text, &cost, tender);
    if (strcmp(tender->currency, cost.currency) != 0) {
        snprintf(before, sizeof before, "%.60s", tender->said);
        archi_problem(r, at, "found %s, expected all costs in one currency, that of \"%s\"", found, before);
        return false;
    }
    if (cost.millionths > ARCHI_MOST_MONEY / cost.per_year) {
        archi_problem(r, at, "found %s, expected at most ten thousand million a year", found);
        return false;
    }
    *out = cost.millionths * cost.per_year;
    return true;
}
