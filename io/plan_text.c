/* io/plan_text.c - a plan for a terminal: the answer, what else would do, why what is cheaper fails, what is needed. */
#include "io/plan_words.h"
#include "io/results_text.h"
#include <stdio.h>
#include <stdlib.h>

enum { MOST_ROWS = 10 };

typedef struct {
    const arch_plan_t *plan;
    archi_report_t report;
} page_t;

static void cell(page_t *page, archi_grid_t *grid, uint32_t column, archi_strbuf_t *buf, archi_ink_t ink)
{
    char *text = NULL;

    if (archi_strbuf_take(buf, &text) != ARCH_OK)
        page->report.buf.failed = true;
    else
        archi_grid_set(grid, column, text, ink);
    free(text);
}

static void row(page_t *page, archi_grid_t *grid, uint32_t c, archi_ink_t ink)
{
    archi_strbuf_t buf = {0};
    char money[96];

    archi_grid_row(grid);
    arch_plan_money(page->plan, page->plan->cases[c].cost, money, sizeof money);
    archi_strbuf_printf(&buf, "  %s", money);
    cell(page, grid, 0, &buf, ink);
    archi_say_case(&buf, page->plan, c);
    cell(page, grid, 1, &buf, ARCHI_PLAIN);
    archi_say_reason(&buf, page->plan, c);
    cell(page, grid, 2, &buf, ARCHI_PLAIN);
}

static void begin_grid(page_t *page, archi_grid_t *grid, const char *title, uint32_t rows)
{
    archi_grid_init(grid, page->report.arena, 3, 3, rows + 2);
    archi_grid_row(grid);
    archi_grid_set(grid, 0, title, ARCHI_BOLD);
}

static void end_grid(page_t *page, const archi_grid_t *grid)
{
    archi_grid_add(&page->report.buf, grid, page->report.width, page->report.colour);
}

/* ---- parts ------------------------------------------------------------------------------------------------------ */

static void add_feasible(page_t *page)
{
    const arch_plan_t *plan = page->plan;
    archi_grid_t grid;
    uint32_t n = 0;

    begin_grid(page, &grid, "meet all objectives", MOST_ROWS);
    for (uint32_t c = 0; c < plan->n_cases && n < MOST_ROWS; c++)
        if (plan->cases[c].kind == ARCH_CASE_FEASIBLE) {
            row(page, &grid, c, ARCHI_GREEN);
            n++;
        }
    end_grid(page, &grid);
    archi_strbuf_add(&page->report.buf, "\n");
}

/* The dearest of what fails, each with its own reason; those that others speak for are counted with them. */
static void add_failing(page_t *page)
{
    const arch_plan_t *plan = page->plan;
    uint32_t end = plan->answer != ARCH_NONE ? plan->answer : plan->n_cases, n_all = 0, n_own = 0, n_shown = 0;
    archi_strbuf_t *buf = &page->report.buf;
    archi_grid_t grid;
    char title[64];

    for (uint32_t c = 0; c < end; c++) {
        n_all++;
        n_own += plan->cases[c].kind != ARCH_CASE_DOMINATED;
    }
    if (n_all == 0)
        return;
    snprintf(title, sizeof title, plan->answer != ARCH_NONE ? "cheaper, and fail" : "fail");
    begin_grid(page, &grid, title, MOST_ROWS);
    for (uint32_t c = end; c-- > 0 && n_shown < MOST_ROWS;)
        if (plan->cases[c].kind != ARCH_CASE_DOMINATED || plan->cases[c].by >= end) {
            row(page, &grid, c, plan->cases[c].kind == ARCH_CASE_CLOSE ? ARCHI_YELLOW : ARCHI_RED);
            n_shown++;
        }
    end_grid(page, &grid);
    if (n_all > n_shown)
        archi_strbuf_printf(buf, "  and %u more that fail, %u of them no stronger than another that does\n", n_all - n_shown,
                            n_all - n_own);
    archi_strbuf_add(buf, "\n");
}

static void needed_row(page_t *page, archi_grid_t *grid, uint32_t i)
{
    const arch_plan_t *plan = page->plan;
    uint32_t less = archi_case_with_less(plan, i);
    archi_strbuf_t buf = {0};

    archi_grid_row(grid);
    archi_strbuf_printf(&buf, "  %s", plan->change[i].name);
    cell(page, grid, 0, &buf, ARCHI_PLAIN);
    if (archi_is_spared(plan, i)) {
        archi_strbuf_add(&buf, "not needed");
        cell(page, grid, 1, &buf, ARCHI_GREEN);
        archi_strbuf_add(&buf, "without it ");
        archi_say_reason(&buf, plan, plan->answer);
    } else if (less == ARCH_NONE) {
        archi_strbuf_add(&buf, "the least is enough");
        cell(page, grid, 1, &buf, ARCHI_GREEN);
        return;
    } else {
        archi_strbuf_add(&buf, "needed");
        cell(page, grid, 1, &buf, ARCHI_PLAIN);
        if (plan->change[i].kind == ARCH_CHANGE_SWITCH)
            archi_strbuf_add(&buf, "without it ");
        else
            archi_strbuf_printf(&buf, "with %s ", plan->change[i].option[plan->cases[less].option[i]].name);
        archi_say_reason(&buf, plan, less);
    }
    cell(page, grid, 2, &buf, ARCHI_PLAIN);
}

static void add_needed(page_t *page)
{
    archi_grid_t grid;

    begin_grid(page, &grid, "changes", page->plan->n_changes);
    for (uint32_t i = 0; i < page->plan->n_changes; i++)
        needed_row(page, &grid, i);
    end_grid(page, &grid);
    archi_strbuf_add(&page->report.buf, "\n");
}

static void add_bound(page_t *page)
{
    const arch_plan_t *plan = page->plan;
    const arch_plan_bound_t *b = &plan->bound;
    char money[96], text[512];

    if (!b->known)
        return;
    arch_plan_money(plan, b->cost, money, sizeof money);
    if (b->n_instants == 1)
        snprintf(text, sizeof text, "A perfect autoscaler could not go below %s: %.6g %s under this load (fluid bound: busy "
                 "shares only).", money, b->least, plan->change[b->change].name);
    else
        snprintf(text, sizeof text, "A perfect autoscaler could not go below %s: %.6g to %.6g %s over the load's profile "
                 "(fluid bound: busy shares only).", money, b->least, b->most, plan->change[b->change].name);
    archi_report_wrap(&page->report, "", ARCHI_PLAIN, text);
    archi_strbuf_add(&page->report.buf, "\n");
}

static void add_effort(page_t *page)
{
    const arch_plan_t *plan = page->plan;
    char requests[ARCHI_SHOWN_BYTES], replications[ARCHI_SHOWN_BYTES];

    archi_show_count(plan->requests, requests);
    archi_show_count(plan->replications, replications);
    archi_strbuf_printf(&page->report.buf, "%u of %u configurations simulated, %s replications, %s requests\n",
                        plan->n_simulated, plan->n_cases, replications, requests);
    archi_strbuf_printf(&page->report.buf, "digest %016llx\n", (unsigned long long)plan->digest);
}

static void add_caveat(page_t *page)
{
    const arch_plan_t *plan = page->plan;
    uint32_t end = plan->answer != ARCH_NONE ? plan->answer : plan->n_cases, n = 0;
    char text[256];

    for (uint32_t c = 0; c < end; c++)
        n += plan->cases[c].kind == ARCH_CASE_CLOSE || plan->cases[c].kind == ARCH_CASE_FAILED;
    if (n == 0)
        return;
    snprintf(text, sizeof text, "%u %s too close to a limit to be told, or could not be simulated: they are not shown to "
             "fail.", n, plan->answer != ARCH_NONE ? "cheaper ones are" : "are");
    archi_report_wrap(&page->report, "  ?  ", ARCHI_YELLOW, text);
    archi_strbuf_add(&page->report.buf, "\n");
}

arch_status_t arch_plan_text(const arch_plan_t *plan, uint32_t columns, bool colour, char **text)
{
    page_t page = {plan, {.width = columns > 0 ? columns : 1000, .colour = colour}};
    archi_strbuf_t answer = {0};
    char *sentence = NULL;
    arch_status_t st;

    *text = NULL;
    page.report.arena = archi_arena_create();
    if (page.report.arena == NULL)
        return ARCH_FAIL(ARCH_E_NOMEM, "no memory for a report");
    archi_say_answer(&answer, plan);
    st = archi_strbuf_take(&answer, &sentence);
    if (st == ARCH_OK) {
        archi_report_wrap(&page.report, "", ARCHI_BOLD, sentence);
        archi_strbuf_add(&page.report.buf, "\n");
        if (plan->answer != ARCH_NONE)
            add_feasible(&page);
        add_failing(&page);
        add_caveat(&page);
        if (plan->answer != ARCH_NONE)
            add_needed(&page);
        add_bound(&page);
        add_effort(&page);
        st = archi_strbuf_take(&page.report.buf, text);
    }
    free(sentence);
    archi_strbuf_fini(&page.report.buf);
    archi_arena_destroy(&page.report.arena);
    return st;
}
