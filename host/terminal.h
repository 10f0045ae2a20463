/*
 * The user's terminal while a guest has it: raw, and put back on every way out.
 */
#ifndef PAGODA_TERMINAL_H
#define PAGODA_TERMINAL_H

#include <stdbool.h>

/* Makes the terminal @fd raw. It is restored by terminal_restore(), at exit, and
 * before a fatal signal ends the process. */
void terminal_raw(int fd);

/* Puts the terminal back as it was before terminal_raw(). Harmless when it was not raw. */
void terminal_restore(void);

/* Is @fd /dev/null, which says at once that nothing comes? */
bool is_nothing(int fd);

/* The size of the terminal @fd, both 0 when it has none. */
void terminal_size(int fd, unsigned *rows, unsigned *columns);

#endif
