/*
 * Helpers every subcommand uses (command.h).
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

const char *own_directory(void)
{
	static char self[PATH_MAX];

	if (!self[0]) {
		ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

		if (length < 0)
			die(EXIT_MACHINE, "/proc/self/exe: %s", strerror(errno));
		self[length] = '\0';
		*strrchr(self, '/') = '\0';
	}
	return self;
}

bool is_i386(const char *arch)
{
	return !strncmp(arch, "i386", 4);
}

const char *built_kernel(const char *arch, bool debug)
{
	return format_string("%s/%s%s/pagoda.elf", own_directory(), arch, debug ? "-debug" : "");
}
