/* io/results_grid.h - a table of texts, laid out in columns for a terminal. */
#ifndef ARCHI_RESULTS_GRID_H
#define ARCHI_RESULTS_GRID_H

#include "io/arena.h"
#include "io/strbuf.h"

enum { ARCHI_GRID_COLUMNS = 12 };

typedef enum { ARCHI_PLAIN, ARCHI_BOLD, ARCHI_DIM, ARCHI_RED, ARCHI_YELLOW, ARCHI_GREEN } archi_ink_t;

typedef struct {
    const char *text;
    archi_ink_t ink;
} archi_grid_cell_t;

/* The first row is the heading. A column without a text under its heading is not shown. */
typedef struct {
    uint32_t           n_columns, n_rows, capacity;
    uint32_t           n_names;     /* the leading columns are names: to the left, repeated when the table is broken up */
    archi_grid_cell_t *cell;        /* n_rows x n_columns */
    arch_arena_t      *arena;       /* owns the texts */
    bool               failed;      /* memory was out; archi_grid_add() then adds nothing to `buf` but the failure */
} archi_grid_t;

void     archi_grid_init(archi_grid_t *grid, arch_arena_t *arena, uint32_t n_columns, uint32_t n_names, uint32_t max_rows);
void     archi_grid_row(archi_grid_t *grid);                                     /* begin the next row */
void     archi_grid_set(archi_grid_t *grid, uint32_t column, const char *text, archi_ink_t ink); /* copies the text */
size_t   archi_grid_width(const archi_grid_t *grid);                             /* columns on the terminal */
void     archi_grid_add(archi_strbuf_t *buf, const archi_grid_t *grid, size_t width, bool colour);

size_t   archi_text_columns(const char *text);                                   /* of UTF-8: characters, not bytes */
void     archi_add_inked(archi_strbuf_t *buf, const char *text, archi_ink_t ink, bool colour);

#endif
