/* io/results_grid.c - a table of texts, laid out in columns. */
#include "io/results_grid.h"
#include <string.h>

enum { GAP = 2 };

void archi_grid_init(archi_grid_t *grid, arch_arena_t *arena, uint32_t n_columns, uint32_t n_names, uint32_t max_rows)
{
    memset(grid, 0, sizeof *grid);
    grid->n_columns = n_columns;
    grid->n_names = n_names;
    grid->capacity = max_rows;
    grid->arena = arena;
    grid->cell = archi_arena_alloc(arena, (size_t)max_rows * n_columns * sizeof *grid->cell);
    grid->failed = grid->cell == NULL || n_columns > ARCHI_GRID_COLUMNS;
}

void archi_grid_row(archi_grid_t *grid)
{
    if (grid->n_rows == grid->capacity)
        grid->failed = true;
    if (!grid->failed)
        grid->n_rows++;
}

void archi_grid_set(archi_grid_t *grid, uint32_t column, const char *text, archi_ink_t ink)
{
    archi_grid_cell_t *cell;

    if (grid->failed || grid->n_rows == 0)
        return;
    cell = &grid->cell[(size_t)(grid->n_rows - 1) * grid->n_columns + column];
    cell->text = archi_arena_copy(grid->arena, text, strlen(text));
    cell->ink = ink;
    grid->failed = cell->text == NULL;
}

size_t archi_text_columns(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

void archi_add_inked(archi_strbuf_t *buf, const char *text, archi_ink_t ink, bool colour)
{
    static const char *const codes[] = {"", "\033[1m", "\033[2m", "\033[31m", "\033[33m", "\033[32m"};

    if (colour && ink != ARCHI_PLAIN && *text != '\0')
        archi_strbuf_printf(buf, "%s%s\033[0m", codes[ink], text);
    else
        archi_strbuf_add(buf, text);
}

static const archi_grid_cell_t *at(const archi_grid_t *grid, uint32_t row, uint32_t column)
{
    return &grid->cell[(size_t)row * grid->n_columns + column];
}

/* 0 for a column with nothing in it. */
static size_t column_width(const archi_grid_t *grid, uint32_t column)
{
    size_t width = 0;
    bool empty = true;

    for (uint32_t r = 0; r < grid->n_rows; r++) {
        const char *text = at(grid, r, column)->text;
        size_t n = text == NULL ? 0 : archi_text_columns(text);

        empty = empty && (r == 0 || n == 0);
        width = n > width ? n : width;
    }
    return empty ? 0 : width;
}

size_t archi_grid_width(const archi_grid_t *grid)
{
    size_t width = 0;

    for (uint32_t c = 0; c < grid->n_columns; c++) {
        size_t n = column_width(grid, c);
        width += n == 0 ? 0 : n + (width == 0 ? 0 : GAP);
    }
    return width;
}

/* `*owed`: blanks not written yet; they are only before a text, so that no line ends on them. */
static void add_cell(archi_strbuf_t *buf, const archi_grid_cell_t *cell, size_t width, bool left, size_t *owed,
                     bool colour)
{
    const char *text = cell->text == NULL ? "" : cell->text;
    size_t n = archi_text_columns(text);

    if (n == 0) {
        *owed += width;
        return;
    }
    archi_strbuf_repeat(buf, ' ', *owed + (left ? 0 : width - n));
    archi_add_inked(buf, text, cell->ink, colour);
    *owed = left ? width - n : 0;
}

/* The names and the columns [first, end). */
static void add_block(archi_strbuf_t *buf, const archi_grid_t *grid, const size_t *widths, uint32_t first, uint32_t end,
                      bool colour)
{
    for (uint32_t r = 0; r < grid->n_rows; r++) {
        size_t owed = 0;
        bool begun = false;

        for (uint32_t c = 0; c < end; c++) {
            if (widths[c] == 0 || (c >= grid->n_names && c < first))
                continue;
            owed += begun ? GAP : 0;
            begun = true;
            add_cell(buf, at(grid, r, c), widths[c], c < grid->n_names, &owed, colour);
        }
        archi_strbuf_add(buf, "\n");
    }
}

void archi_grid_add(archi_strbuf_t *buf, const archi_grid_t *grid, size_t width, bool colour)
{
    size_t widths[ARCHI_GRID_COLUMNS], names = 0;
    uint32_t first = grid->n_names, end;

    if (grid->failed) {
        buf->failed = true;
        return;
    }
    for (uint32_t c = 0; c < grid->n_columns; c++)
        widths[c] = column_width(grid, c);
    for (uint32_t c = 0; c < grid->n_names; c++)
        names += widths[c] == 0 ? 0 : widths[c] + GAP;
    do {
        size_t used = names;

        for (end = first; end < grid->n_columns; end++) {
            size_t more = widths[end] == 0 ? 0 : widths[end] + GAP;

            if (end > first && used + more > width + GAP)
                break;
            used += more;
        }
        if (first > grid->n_names)
            archi_strbuf_add(buf, "\n");
        add_block(buf, grid, widths, first, end, colour);
        first = end;
    } while (first < grid->n_columns);
}
