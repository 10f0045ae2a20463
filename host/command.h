/*
 * What every subcommand of `pagoda` shares: its entry, its exit statuses, and
 * how it says that it cannot go on.
 */
#ifndef PAGODA_COMMAND_H
#define PAGODA_COMMAND_H

#include <stdbool.h>

enum exit_status {
	EXIT_USAGE = 2,     /* a bad option or value */
	EXIT_TIMEOUT = 124, /* --timeout passed */
	EXIT_MACHINE = 125, /* the machine did not start, or ended without the program's status */
	EXIT_NOT_RUNNABLE = 126, /* the program is there but cannot be executed */
	EXIT_NOT_FOUND = 127,
	EXIT_SIGNAL = 128, /* + N: killed by signal N */
};

/* `pagoda run`: host/run.c. */
int command_run(int argc, char **argv);
/* `pagoda check`: host/check.c. */
int command_check(int argc, char **argv);
/* `pagoda events`: host/events.c. */
int command_events(int argc, char **argv);
/* `pagoda gdb`: host/gdb.c. */
int command_gdb(int argc, char **argv);
/* `pagoda walk`: host/walk.c. */
int command_walk(int argc, char **argv);

/* Prints "pagoda: " and the message on stderr, one line, and exits with @status. */
_Noreturn void die(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* asprintf, malloc and strdup that never return NULL: they die() with EXIT_MACHINE. */
char *format_string(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *allocate(unsigned long bytes);

/* Whether the machine runs programs of i386. */
bool is_i386(const char *arch);

/* Where this executable lies; the kernel as built there. */
const char *own_directory(void);
const char *built_kernel(const char *arch, bool debug);

#endif
