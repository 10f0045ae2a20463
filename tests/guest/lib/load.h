/*
 * A load for tests that look at the whole machine while there is something to see.
 */
#ifndef GUEST_LOAD_H
#define GUEST_LOAD_H

#include <sys/types.h>

/* Start it; it has done its work when this returns, and stands still. Kill all of it. */
void load_start(void);
void load_stop(void);

/* One more that belongs to it: runs body, which ends by load_wait(). Returns then. */
pid_t load_child(void (*body)(void));
void load_wait(void);

/* Fresh pages, readable and writable. */
char *load_map(int pages, int flags, int fd);

#endif
