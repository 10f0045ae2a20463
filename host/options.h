/*
 * The options of `pagoda run`, read and checked.
 */
#ifndef PAGODA_OPTIONS_H
#define PAGODA_OPTIONS_H

#include <stdbool.h>

/* One --swap. */
struct swap_option {
	unsigned long kib;
	int priority; /* -1: none given */
};

struct run_options {
	const char *arch;  /* "x86_64", "i386" or "i386-pae" */
	unsigned long ram; /* KiB */
	unsigned cpus;
	const char *kernel;     /* a file that exists */
	const char *initrd;     /* NULL: pack one */
	const char *append;     /* NULL, or added to the kernel's command line */
	const char *qemu_args;  /* NULL, or added to QEMU's */
	const char *record;     /* NULL, or the file for the event stream */
	const char *gdb;        /* NULL, or the socket where QEMU waits for gdb, stopped */
	bool debug, own_kernel; /* --debug, --kernel */
	double timeout;         /* seconds; 0: none */
	bool icount;
	const char **disk; /* "FILE[:ro]"..., nr_disk of them */
	unsigned nr_disk;
	struct swap_option *swap; /* nr_swap of them */
	unsigned nr_swap;
	const char **add; /* "HOST[:GUEST]"..., nr_add of them */
	unsigned nr_add;
	char **program; /* the program and its arguments, nr_program; 0: a shell */
	unsigned nr_program;
};

/*
 * Reads @argv ([0] is the subcommand). A bad option or value ends the process
 * with EXIT_USAGE and one line on stderr; --help and --usage end it with 0.
 * The strings in @options are @argv's or live until the process ends.
 */
void options_read(struct run_options *options, int argc, char **argv);

#endif
