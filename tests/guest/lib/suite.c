/*
 * All guest tests in one program, as busybox does it: `suite NAME` runs one,
 * `suite` lists them, `suite alarm SECONDS PROGRAM ARGUMENT...` runs any program for
 * so long at most (SIGALRM ends it). A static glibc alone is 700 kB; one copy serves them all.
 * The makefile renames each test's main() and writes the list.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEST(name) int name##_main(int argc, char **argv);
#include SUITE_LIST
#undef TEST

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} tests[] = {
#define TEST(name) {#name, name##_main},
#include SUITE_LIST
};

/*
 * What the C library takes for a file or a text is to come out of memory that it has already: musl
 * would map it beside the areas a test looks at, and they would join.
 */
static void settle_heap(void)
{
	static void *volatile kept[64];

	for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		void *volatile second;

		kept[i] = malloc(96 * (i + 1));
		second = malloc(96 * (i + 1));
		free(second);
	}
	mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	     0); /* below it: joins nothing */
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "alarm")) {
		alarm(atoi(argv[2])); /* survives exec */
		execv(argv[3], argv + 3);
		perror(argv[3]);
		return 126;
	}
	settle_heap();
	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		if (argc < 2)
			printf("%s\n", tests[i].name);
		else if (!strcmp(argv[1], tests[i].name))
			return tests[i].main(argc - 1, argv + 1);
	return argc < 2 ? 0 : 127;
}
