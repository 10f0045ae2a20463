/*
 * All guest tests in one program, as busybox does it: `suite NAME` runs one,
 * `suite` lists them, `suite alarm SECONDS PROGRAM ARGUMENT...` runs any program for
 * so long at most (SIGALRM ends it). A static glibc alone is 700 kB; one copy serves them all.
 * The makefile renames each test's main() and writes the list.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEST(name) int name##_main(int argc, char **argv);
#include "suite-list.h"
#undef TEST

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} tests[] = {
#define TEST(name) {#name, name##_main},
#include "suite-list.h"
};

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "alarm")) {
		alarm(atoi(argv[2])); /* survives exec */
		execv(argv[3], argv + 3);
		perror(argv[3]);
		return 126;
	}
	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		if (argc < 2)
			printf("%s\n", tests[i].name);
		else if (!strcmp(argv[1], tests[i].name))
			return tests[i].main(argc - 1, argv + 1);
	return argc < 2 ? 0 : 127;
}
