/* io/results_text_engine.c - the report's last section, when it is asked for: where the time of the run went, rank by rank.
 * A column in which nothing happened anywhere is left out. */
#include "io/results_text.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RANKS_MAX = 16, N_FIGURES_MAX = ARCHI_GRID_COLUMNS - 2 };

/* ---- figures ------------------------------------------------------------------------------------------------------ */

typedef enum { AS_COUNT32, AS_COUNT, AS_BYTES, AS_NUMBER, AS_SECONDS, AS_SHARE } form_t;

typedef struct {
    const char *heading;
    form_t      form;
    size_t      offset;  /* in arch_engine_row_t */
    double      nothing; /* what it is where nothing of the kind happened */
} figure_t;

#define FIGURE(heading, form, member, nothing) {heading, form, offsetof(arch_engine_row_t, member), nothing}
static const figure_t work[] = {
    FIGURE("events", AS_COUNT, events, 0),
    FIGURE("per s", AS_NUMBER, event_rate, 0),
    FIGURE("windows", AS_COUNT, windows, 0),
    FIGURE("per window", AS_NUMBER, events_per_window, 0),
    FIGURE("wall", AS_SECONDS, wall_seconds, 0),
    FIGURE("waiting", AS_SECONDS, wait_seconds, 0),
    FIGURE("share", AS_SHARE, wait_share, 0),
};
static const figure_t traffic[] = {
    FIGURE("blocks", AS_COUNT32, blocks, 0),
    FIGURE("memory", AS_BYTES, peak_bytes, 0),
    FIGURE("messages", AS_COUNT, messages, 0),
    FIGURE("bytes", AS_BYTES, bytes, 0),
    FIGURE("blocks moved", AS_COUNT, moved, 0),
    FIGURE("their bytes", AS_BYTES, moved_bytes, 0),
    FIGURE("changes", AS_COUNT, changes, 0),
};
static const figure_t ahead[] = {
    FIGURE("rollbacks", AS_COUNT, rollbacks, 0),
    FIGURE("undone", AS_COUNT, undone, 0),
    FIGURE("repeated", AS_COUNT, repeated, 0),
    FIGURE("efficiency", AS_SHARE, efficiency, 1),
    FIGURE("copies", AS_COUNT, copies, 0),
    FIGURE("their memory", AS_BYTES, copy_bytes, 0),
};
_Static_assert(sizeof work / sizeof *work <= N_FIGURES_MAX && sizeof traffic / sizeof *traffic <= N_FIGURES_MAX,
               "a grid must hold them");

static double value_of(const arch_engine_row_t *row, const figure_t *figure)
{
    const void *at = (const char *)row + figure->offset;

    if (figure->form == AS_COUNT32)
        return (double)*(const uint32_t *)at;
    if (figure->form == AS_COUNT || figure->form == AS_BYTES)
        return (double)*(const uint64_t *)at;
    return *(const double *)at;
}

/* "24.7 MiB" */
static void show_bytes(double bytes, char out[ARCHI_SHOWN_BYTES])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    char digits[ARCHI_SHOWN_BYTES];
    int u = 0;

    for (; bytes >= 999.5 && u < 4; u++)
        bytes /= 1024.0;
    archi_show_value(bytes, ARCHI_AS_NUMBER, digits);
    snprintf(out, ARCHI_SHOWN_BYTES, "%.*s %s", ARCHI_SHOWN_BYTES - 8, digits, units[u]);
}

static void show(double value, form_t form, char out[ARCHI_SHOWN_BYTES])
{
    if (form == AS_BYTES)
        show_bytes(value, out);
    else if ((form == AS_COUNT || form == AS_COUNT32) && value < 999999.5)
        archi_show_setting(value, ARCHI_AS_NUMBER, out);
    else if (form == AS_SECONDS)
        archi_show_value(value * 1e9, ARCHI_AS_TIME, out);
    else
        archi_show_value(value, form == AS_SHARE ? ARCHI_AS_PERCENT : ARCHI_AS_NUMBER, out);
}

/* ---- rows --------------------------------------------------------------------------------------------------------- */

/* What the tables show: ranks, groups of several behind their ranks, and all of them together. */
typedef struct {
    uint32_t                 n;
    const arch_engine_row_t *row[2 * RANKS_MAX + 1];
    char                     name[2 * RANKS_MAX + 1][48];
    bool                     hosts; /* several: they are shown */
    arch_engine_row_t        all;
} rows_t;

static void add_row(rows_t *rows, const arch_engine_row_t *row, const char *name)
{
    if (row->ranks > 1)
        snprintf(rows->name[rows->n], sizeof rows->name[0], "  %s (%u)", name, row->ranks);
    else
        snprintf(rows->name[rows->n], sizeof rows->name[0], "  %s", name);
    rows->row[rows->n++] = row;
}

static void add_up(arch_engine_row_t *all, const arch_engine_row_t *g)
{
    all->events += g->events;
    all->windows += g->windows;
    all->blocks += g->blocks;
    all->messages += g->messages;
    all->bytes += g->bytes;
    all->rollbacks += g->rollbacks;
    all->undone += g->undone;
    all->repeated += g->repeated;
    all->copies += g->copies;
    all->copy_bytes += g->copy_bytes;
    all->moved += g->moved;
    all->moved_bytes += g->moved_bytes;
    all->changes += g->changes;
    all->peak_bytes += g->peak_bytes;
    all->wait_seconds += g->wait_seconds;
    all->wall_seconds = g->wall_seconds > all->wall_seconds ? g->wall_seconds : all->wall_seconds;
}

/* Groups side by side. */
static void sum_groups(const arch_engine_t *e, arch_engine_row_t *all)
{
    double wall = 0.0;

    memset(all, 0, sizeof *all);
    all->ranks = e->n_ranks;
    for (uint32_t g = 0; g < e->n_groups; g++)
        add_up(all, &e->group[g]);
    for (uint32_t r = 0; r < e->n_ranks; r++)
        wall += e->rank[r].wall_seconds;
    all->event_rate = all->wall_seconds > 0.0 ? (double)all->events / all->wall_seconds : (double)NAN;
    all->events_per_window = all->windows > 0 ? (double)all->events / (double)all->windows : (double)NAN;
    all->wait_share = wall > 0.0 ? all->wait_seconds / wall : (double)NAN;
    all->efficiency = (double)NAN;
    if (all->events + all->undone + all->repeated > 0)
        all->efficiency = (double)all->events / (double)(all->events + all->undone + all->repeated);
}

static const char *host_of(const arch_engine_row_t *row) { return row->host == NULL ? "" : row->host; }

static void choose_rows(const arch_engine_t *e, rows_t *rows)
{
    memset(rows, 0, sizeof *rows);
    for (uint32_t r = 0; r < e->n_ranks; r++) {
        const arch_engine_row_t *rank = &e->rank[r];
        const arch_engine_row_t *group = rank->group < e->n_groups ? &e->group[rank->group] : NULL;

        rows->hosts = rows->hosts || strcmp(host_of(rank), host_of(&e->rank[0])) != 0;
        if (r >= RANKS_MAX)
            continue;
        add_row(rows, rank, rank->name == NULL ? "" : rank->name);
        if (group != NULL && group->ranks > 1 && group->rank + group->ranks == r + 1)
            add_row(rows, group, group->name == NULL ? "" : group->name);
    }
    sum_groups(e, &rows->all);
    if (e->n_ranks > 1 && (e->n_groups != 1 || e->group[0].ranks < e->n_ranks)) /* else the group is all */
        add_row(rows, &rows->all, "all");
}

/* ---- tables ------------------------------------------------------------------------------------------------------- */

static bool happened(const rows_t *rows, const figure_t *figure)
{
    for (uint32_t i = 0; i < rows->n; i++) {
        double value = value_of(rows->row[i], figure);
        if (!isnan(value) && value != figure->nothing)
            return true;
    }
    return false;
}

static void add_table(archi_report_t *report, const rows_t *rows, const char *title, const figure_t *figure, uint32_t n)
{
    char shown[ARCHI_SHOWN_BYTES];
    bool any = false;
    archi_grid_t grid;

    archi_grid_init(&grid, report->arena, 2 + n, 2, rows->n + 1);
    archi_grid_row(&grid);
    archi_grid_set(&grid, 0, title, ARCHI_BOLD);
    archi_grid_set(&grid, 1, rows->hosts ? "host" : "", ARCHI_BOLD);
    for (uint32_t f = 0; f < n; f++)
        archi_grid_set(&grid, 2 + f, figure[f].heading, ARCHI_BOLD);
    for (uint32_t i = 0; i < rows->n; i++) {
        archi_grid_row(&grid);
        archi_grid_set(&grid, 0, rows->name[i], ARCHI_PLAIN);
        archi_grid_set(&grid, 1, rows->hosts ? host_of(rows->row[i]) : "", ARCHI_PLAIN);
        for (uint32_t f = 0; f < n; f++) {
            if (!happened(rows, &figure[f]))
                continue;
            show(value_of(rows->row[i], &figure[f]), figure[f].form, shown);
            archi_grid_set(&grid, 2 + f, shown, ARCHI_PLAIN);
            any = true;
        }
    }
    if (!any)
        return;
    archi_strbuf_add(&report->buf, "\n");
    archi_grid_add(&report->buf, &grid, report->width, report->colour);
}

/* "conservative, 4 ranks in 2 groups, 8 blocks, 30.0 % of 40 links cut, lookahead 500 us" */
static void describe(const arch_engine_t *e, char *out, size_t bytes)
{
    char lookahead[ARCHI_SHOWN_BYTES], share[ARCHI_SHOWN_BYTES];
    int n = snprintf(out, bytes, "%s, %u rank%s", e->executor == NULL || *e->executor == '\0' ? "not run" : e->executor,
                     e->n_ranks, e->n_ranks == 1 ? "" : "s");

    if (e->n_groups > 0 && e->n_groups < e->n_ranks)
        n += snprintf(out + n, bytes - (size_t)n, " in %u group%s", e->n_groups, e->n_groups == 1 ? "" : "s");
    if (e->partitions < 2)
        return;
    archi_show_setting((double)e->lookahead, ARCHI_AS_TIME, lookahead);
    archi_show_value(e->cut_share, ARCHI_AS_PERCENT, share);
    snprintf(out + n, bytes - (size_t)n, ", %u blocks, %s of %llu links cut, lookahead %s", e->partitions, share,
             (unsigned long long)e->links, lookahead);
}

/* What was before the first event and after the last. */
static void describe_phases(const arch_engine_t *e, char *out, size_t bytes)
{
    const double seconds[] = {e->read_seconds, e->compile_seconds, e->cut_seconds, e->blocks_seconds,
                              e->read_seconds + e->compile_seconds + e->cut_seconds + e->blocks_seconds, e->end_seconds};
    char t[sizeof seconds / sizeof *seconds][ARCHI_SHOWN_BYTES];

    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
        archi_show_value(seconds[i] * 1e9, ARCHI_AS_TIME, t[i]);
    snprintf(out, bytes, "read %s, plan %s, cut %s, blocks %s, in all %s; end %s", t[0], t[1], t[2], t[3], t[4], t[5]);
}

void archi_report_engine(archi_report_t *report)
{
    const arch_engine_t *e = &report->results->engine;
    char head[1024];
    rows_t rows;

    choose_rows(e, &rows);
    describe(e, head, sizeof head);
    archi_strbuf_add(&report->buf, "\n");
    archi_report_wrap(report, "engine  ", ARCHI_BOLD, head);
    describe_phases(e, head, sizeof head);
    archi_report_wrap(report, "around  ", ARCHI_BOLD, head);
    add_table(report, &rows, "work", work, sizeof work / sizeof *work);
    add_table(report, &rows, "traffic", traffic, sizeof traffic / sizeof *traffic);
    add_table(report, &rows, "running ahead", ahead, sizeof ahead / sizeof *ahead);
    if (e->n_ranks > RANKS_MAX)
        archi_strbuf_printf(&report->buf, "and %u ranks more, all in the results file\n", e->n_ranks - RANKS_MAX);
}
