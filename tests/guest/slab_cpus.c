/*
 * The slab allocator on several CPUs: a CPU's own array serves it without a lock, and what is freed on
 * one CPU serves another through the array they share (SYSTEM.md S27).
 *
 * The objects are open files: `filp` has one for each.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/affinity.h"
#include "lib/check.h"
#include "lib/procfs.h"

#define CACHE  "filp"
#define FILES  600
#define ROUNDS 20
#define PAIRS  4000

struct cache {
	long objects, limit, batch, shared_factor, shared; /* objects: in use or not */
};

static struct cache look(void)
{
	struct cache c;
	const char *line = strstr(read_text("/proc/slabinfo"), "\n" CACHE " ");

	expect(line != NULL);
	expect_equal(
		sscanf(line,
		       " %*s %*d %ld %*d %*d %*d : tunables %ld %ld %ld : slabdata %*d %*d %ld",
		       &c.objects, &c.limit, &c.batch, &c.shared_factor, &c.shared),
		5);
	return c;
}

static void take(int files[], int n)
{
	for (int i = 0; i < n; i++)
		files[i] = must(open("/dev/null", O_RDONLY));
}

static void give(const int files[], int n)
{
	for (int i = 0; i < n; i++)
		must(close(files[i]));
}

/*
 * In turn on two CPUs: what one has freed the other takes, and memory does not grow. (Now and
 * then the shared array is taken away, when nobody has used it for two seconds; not often.)
 */
static void hand_over(void)
{
	int files[FILES], left = 0, taken = 0;
	const struct cache before = look();

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip("one CPU");
	if (access("/sys/devices/system/node/node1", F_OK) == 0)
		skip("CPUs of different nodes share no array");
	if (before.limit == 0)
		skip("an allocator of another kind");
	const long most = before.shared_factor * before.batch;

	for (int round = 0; round < ROUNDS; round++) {
		stay_on(0);

		const long shared = look().shared;

		take(files, FILES);
		taken += look().shared < shared;
		stay_on(1);
		give(files, FILES);

		const struct cache c = look();

		left += c.shared >= c.batch;
		expect_between(c.shared, 0, most);
		expect(c.objects <= before.objects + FILES + most + 2 * c.limit);
	}
	anywhere();
	expect_between(left, ROUNDS / 2, ROUNDS);
	expect_between(taken, ROUNDS / 2, ROUNDS);
}

/* How often the locks of caches' lists have been taken (debug builds count it). */
static long locks_taken(void)
{
	const char *line = strstr(read_text("/proc/lock_stat"), " SLAB: ");
	long taken;

	if (!line)
		return 0;
	expect_equal(sscanf(line, " SLAB: %*d %*f %*f %*f %ld", &taken), 1);
	return taken;
}

/* One at a time comes from the CPU's own array and goes back to it. */
static void own_array(void)
{
	int file;
	long before, after;

	if (access("/proc/lock_stat", F_OK))
		skip("no debug build");
	stay_on(0);
	take(&file, 1);
	give(&file, 1);
	before = locks_taken();
	for (int i = 0; i < PAIRS; i++) {
		take(&file, 1);
		give(&file, 1);
	}
	after = locks_taken();
	anywhere();
	/* Looking on takes it as well. */
	expect_between(after - before, 0, PAIRS / 10);
}

int main(void)
{
	run("slab-cpus-hand-over", hand_over);
	run("slab-cpus-own-array", own_array);
	return finish();
}
