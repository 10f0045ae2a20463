/*
 * The command `pagoda`: finds the subcommand and hands the rest to it.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{"check", command_check, "rebuild a machine's state from its recorded events, and compare"},
	{"events", command_events, "print recorded events"},
	{"gdb", command_gdb, "attach gdb to a machine started with `pagoda run --gdb'"},
	{"run", command_run, "boot the kernel and run a Linux program (or a shell) on it"},
	{"walk", command_walk, "show an address's way through segment and page tables"},
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *to)
{
	fprintf(to, "Usage: pagoda COMMAND [OPTION...]\n\n");
	for (unsigned i = 0; i < NR_COMMANDS; i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fprintf(to, "\n`pagoda COMMAND --help' tells more.\n");
}

int main(int argc, char **argv)
{
	if (argc < 2)
		die(EXIT_USAGE, "no command given (see pagoda --help)");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		print_usage(stdout);
		return 0;
	}
	for (unsigned i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	die(EXIT_USAGE, "unknown command '%s' (see pagoda --help)", argv[1]);
}
