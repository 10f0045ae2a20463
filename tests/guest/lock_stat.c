/*
 * /proc/lock_stat (debug builds): what is taken is counted, in the class and the mode it is taken in; who
 * waits is seen; and it can begin anew.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"
#include "lib/race.h"

#define FILE_NAME "/proc/lock_stat"

struct line {
	long waited, taken;
	double wait_max, wait_total, wait_average, hold_max, hold_total, hold_average;
};

static struct line look(const char *class)
{
	struct line l = {0};
	char name[32];

	snprintf(name, sizeof(name), " %s: ", class);
	const char *at = strstr(read_text(FILE_NAME), name);

	if (at)
		expect_equal(sscanf(at + strlen(name), "%ld %lf %lf %lf %ld %lf %lf %lf", &l.waited,
				    &l.wait_max, &l.wait_total, &l.wait_average, &l.taken,
				    &l.hold_max, &l.hold_total, &l.hold_average),
			     8);
	return l;
}

static void begin_anew(void)
{
	FILE *f = fopen(FILE_NAME, "w");

	expect(f != NULL);
	expect(fputs("0", f) >= 0);
	expect_equal(fclose(f), 0);
}

static void needs_it(void)
{
	if (access(FILE_NAME, F_OK))
		skip("no debug build");
}

#define CALLS 200

static void counts(void)
{
	char *area;
	struct line before, after;

	needs_it();
	area = must(mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0));
	before = look("MMAP");
	for (int i = 0; i < CALLS; i++)
		must(mprotect(area, page_size, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE));
	after = look("MMAP");
	/* Each call takes it once; reading the file maps a little, too. */
	expect_between(after.taken - before.taken, CALLS, CALLS + 100);
	expect(after.hold_total > before.hold_total);
	expect(after.hold_max * after.taken >= after.hold_total * 0.99);

	before = look("MMAP-R");
	for (int i = 0; i < CALLS; i++)
		must(madvise(area, page_size, MADV_DONTNEED));
	after = look("MMAP-R");
	expect_between(after.taken - before.taken, CALLS, CALLS + 100);

	begin_anew();
	expect(look("MMAP").taken < CALLS);
	must(munmap(area, 2 * page_size));
}

static volatile char *contended;

/* All change one space: they wait for each other. */
static void change(void)
{
	while (racing())
		mprotect((char *)contended + (racer() & 1) * 2 * page_size, page_size,
			 race_random() & 1 ? PROT_READ : PROT_READ | PROT_WRITE);
}

static void contention(void)
{
	static void (*const bodies[])(void) = {change, change, change, NULL};
	struct line l;

	needs_it();
	contended = must(mmap(NULL, 4 * page_size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	begin_anew();
	race(1, bodies);
	l = look("MMAP");
	must(munmap((char *)contended, 4 * page_size));
	printf("# %ld taken, %ld waited\n", l.taken, l.waited);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		expect(l.waited > 0);
	expect(l.waited <= l.taken);
	if (l.waited) {
		expect(l.wait_total > 0);
		expect(l.wait_max <= l.wait_total + 0.02);
	}
}

int main(void)
{
	run("lock-stat-counts", counts);
	run("lock-stat-contention", contention);
	return finish();
}
