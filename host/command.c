/*
 * Helpers every subcommand uses (command.h).
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"

_Noreturn void die(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("pagoda: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(status);
}

char *format_string(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		die(EXIT_MACHINE, "out of memory");
	va_end(args);
	return text;
}

void *allocate(unsigned long bytes)
{
	void *memory = calloc(1, bytes);

	if (!memory)
		die(EXIT_MACHINE, "out of memory");
	return memory;
}
