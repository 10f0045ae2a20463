/*
 * Promises of memory: the modes of overcommit_memory, CommitLimit, what is counted in
 * Committed_AS, and the reserves for the administrator and for a user.
 */
#include "compare.h"

#define MIB (1UL << 20)

static long meminfo(const char *key)
{
	static char text[8192];
	long fd = open("/proc/meminfo", O_RDONLY), n = read(fd, text, sizeof(text) - 1);
	char *line = text;

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	for (; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
			return strtol(line + strlen(key) + 1, NULL, 10);
	}
	return -1;
}

static void set_number(const char *name, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	sysctl(name, text);
}

/* Mode 2 with so many MiB left to promise, without the reserves that depend on who asks. */
static void allow(unsigned long mib)
{
	sysctl("vm/admin_reserve_kbytes", "0");
	sysctl("vm/user_reserve_kbytes", "0");
	set_number("vm/overcommit_kbytes", meminfo("Committed_AS") + mib * 1024);
	sysctl("vm/overcommit_memory", "2");
}

static void usual(void)
{
	sysctl("vm/overcommit_memory", "0");
	sysctl("vm/overcommit_ratio", "50");
	sysctl("vm/admin_reserve_kbytes", "8192");
	sysctl("vm/user_reserve_kbytes", "8192");
}

/* By how many MiB it changes what is promised (Linux counts lazily on several CPUs). */
#define committed_by(call)                                                               \
	do {                                                                             \
		const long before_ = meminfo("Committed_AS");                            \
		const long value_ = (long)(call);                                        \
		result(value_, "%s", #call);                                             \
		say("  committed %+ld MiB", (meminfo("Committed_AS") - before_) / 1024); \
	} while (0)

CASE(what_is_counted)
{
	committed_by(mmap(at(0), 64 * MIB, RW, FIXED_ANON, -1, 0));
	committed_by(munmap(at(0), 32 * MIB));
	committed_by(munmap(at(0), 64 * MIB));
	committed_by(mmap(at(0), 64 * MIB, R, FIXED_ANON, -1, 0));
	committed_by(mprotect(at(0), 32 * MIB, RW));
	committed_by(mprotect(at(0), 32 * MIB, R));
	committed_by(munmap(at(0), 64 * MIB));
	committed_by(mmap(at(0), 64 * MIB, RW, FIXED_ANON | MAP_NORESERVE, -1, 0));
	committed_by(munmap(at(0), 64 * MIB));
	committed_by(mmap(at(0), 64 * MIB, RW, FIXED_SHM, -1, 0));
	committed_by(munmap(at(0), 32 * MIB));
	committed_by(munmap(at(0), 64 * MIB));
	committed_by(mmap(at(0), 64 * MIB, R, FIXED_SHM, -1, 0));
	committed_by(munmap(at(0), 64 * MIB));
	committed_by(mmap(at(0), 64 * MIB, RW, FIXED_SHM | MAP_NORESERVE, -1, 0));
	committed_by(munmap(at(0), 64 * MIB));
	committed_by(mmap(at(0), 64 * MIB, RW, FIXED | PRIVATE, file_of(1), 0));
	committed_by(munmap(at(0), 64 * MIB));
	committed_by(mmap(at(0), 64 * MIB, RW, FIXED | SHARED, file_of(1), 0));
	committed_by(munmap(at(0), 64 * MIB));
	committed_by(mmap(at(0), 64 * MIB, R, FIXED | PRIVATE, file_of(1), 0));
	committed_by(munmap(at(0), 64 * MIB));
	committed_by(mmap(at(0), 16 * MIB, RW, FIXED_ANON, -1, 0));
	committed_by(mremap(at(0), 16 * MIB, 64 * MIB, 0, 0));
	committed_by(mremap(at(0), 64 * MIB, 32 * MIB, 0, 0));
	committed_by(mremap(at(0), 32 * MIB, 32 * MIB, MREMAP_MAYMOVE | MREMAP_FIXED, at(65536)));
	committed_by(mremap(at(65536), 32 * MIB, 32 * MIB,
			    MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, at(0)));
	committed_by(mmap(at(0), 32 * MIB, RW, FIXED_ANON, -1, 0));
	committed_by(mmap(at(0), 32 * MIB, NONE, FIXED_ANON, -1, 0));
	committed_by(munmap(at(0), 1024 * MIB));
}

CASE(heap_and_stack)
{
	long start = brk(0);

	committed_by(brk(start + 64 * MIB) - start == 64 * MIB);
	committed_by(brk(start) - start);
	show(mmap(at(2000), P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0));
	committed_by(faults(at(1000), WRITE));
}

static void child(void)
{
	committed_by(munmap(at(0), 64 * MIB));
}

CASE(forks)
{
	show(mmap(at(0), 64 * MIB, RW, FIXED_ANON, -1, 0));
	const long before = meminfo("Committed_AS");

	in_child(child);
	say("%+ld MiB", (meminfo("Committed_AS") - before) / 1024);
}

CASE(heuristic)
{
	const long total = meminfo("MemTotal") * 1024;

	show(mmap(at(0), total / 2, RW, FIXED_ANON, -1, 0));
	show(mmap(at(0), total + 64 * MIB, RW, FIXED_ANON, -1, 0));
	show(mmap(at(0), total + 64 * MIB, R, FIXED_ANON, -1, 0));
	show(mmap(at(0), total + 64 * MIB, RW, FIXED_ANON | MAP_NORESERVE, -1, 0));
	show(mmap(at(0), total + 64 * MIB, RW, FIXED_SHM, -1, 0));
	show(mmap(at(0), total + 64 * MIB, RW, FIXED_SHM | MAP_NORESERVE, -1, 0));
	for (int i = 0; i < 8; i++)
		result(mmap(at(i * 65536), total / 2, RW, FIXED_ANON, -1, 0), "again");
}

CASE(always)
{
	const long total = meminfo("MemTotal") * 1024;

	sysctl("vm/overcommit_memory", "1");
	show(mmap(at(0), total + 64 * MIB, RW, FIXED_ANON, -1, 0));
	show(mmap(at(0), 10 * total, RW, FIXED_SHM, -1, 0));
	show(mmap(0, 1UL << 45, RW, ANON, -1, 0) > 0);
	usual();
}

CASE(never)
{
	allow(100);
	show(mmap(at(0), 60 * MIB, RW, FIXED_ANON, -1, 0));
	show(mmap(at(65536), 60 * MIB, RW, FIXED_ANON, -1, 0));
	show(mmap(at(65536), 60 * MIB, RW, FIXED_ANON | MAP_NORESERVE, -1, 0));
	show(mmap(at(65536), 60 * MIB, RW, FIXED_SHM, -1, 0));
	show(mmap(at(65536), 60 * MIB, RW, FIXED_SHM | MAP_NORESERVE, -1, 0));
	show(mmap(at(65536), 60 * MIB, R, FIXED_ANON, -1, 0));
	show(mprotect(at(65536), 60 * MIB, RW));
	vm_flags();
	show(mmap(at(131072), 20 * MIB, RW, FIXED_ANON, -1, 0));
	show(mremap(at(0), 60 * MIB, 120 * MIB, 0, 0));
	show(munmap(at(0), 60 * MIB));
	show(mprotect(at(65536), 60 * MIB, RW));
	show(mmap(at(65536), 60 * MIB, RW, FIXED_ANON, -1, 0));
	usual();
}

CASE(never_replaces_in_place)
{
	allow(100);
	show(mmap(at(0), 80 * MIB, RW, FIXED_ANON, -1, 0));
	show(mmap(at(0), 80 * MIB, RW, FIXED_ANON, -1, 0));
	show(mmap(at(10), 80 * MIB, RW, FIXED_ANON, -1, 0));
	show(mmap(at(0), 80 * MIB, RW, FIXED_SHM, -1, 0));
	usual();
}

static void nothing(void)
{
	say("forked");
}

CASE(never_and_fork)
{
	allow(100);
	show(mmap(at(0), 80 * MIB, RW, FIXED_ANON, -1, 0));
	in_child(nothing);
	show(munmap(at(0), 80 * MIB));
	show(mmap(at(0), 30 * MIB, RW, FIXED_ANON, -1, 0));
	in_child(nothing);
	usual();
}

CASE(never_and_stack)
{
	show(mmap(at(2040), P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0));
	allow(2);
	touch(at(1000), WRITE);
	touch(at(1900), WRITE);
	usual();
}

CASE(never_and_heap)
{
	long start = brk(0);

	allow(50);
	say("%d", brk(start + 30 * MIB) - start == 30 * MIB);
	say("%d", brk(start + 90 * MIB) - start == 30 * MIB);
	brk(start);
	usual();
}

CASE(reserves)
{
	allow(100);
	sysctl("vm/admin_reserve_kbytes", "60000");
	show(mmap(at(0), 80 * MIB, RW, FIXED_ANON, -1, 0));
	show(munmap(at(0), 80 * MIB));
	be_nobody();
	show(mmap(at(0), 80 * MIB, RW, FIXED_ANON, -1, 0));
	show(mmap(at(0), 30 * MIB, RW, FIXED_ANON, -1, 0));
	say("the user's share is at most 3%% of the space: 1 MiB");
}

CASE(back_to_usual)
{
	usual();
	result(sysctl_number("vm/overcommit_memory"), "mode");
	result(sysctl_number("vm/overcommit_ratio"), "ratio");
	result(sysctl_number("vm/overcommit_kbytes"), "kbytes");
}

CASE(user_reserve)
{
	allow(400);
	sysctl("vm/user_reserve_kbytes", "200000");
	show(mmap(at(0), 100 * MIB, RW, FIXED_ANON, -1, 0));
	show(mmap(at(65536), 300 * MIB, R, FIXED_ANON, -1, 0));
	show(mmap(at(200000), 295 * MIB, RW, FIXED_ANON, -1, 0));
	show(mmap(at(200000), 270 * MIB, RW, FIXED_ANON, -1, 0));
	usual();
}

CASE(commit_limit)
{
	const long total = meminfo("MemTotal"), swap = meminfo("SwapTotal");
	long limit;

	usual();
	limit = meminfo("CommitLimit");
	say("half of all: %d", labs(limit - swap - total / 2) < 8);
	sysctl("vm/overcommit_ratio", "80");
	limit = meminfo("CommitLimit");
	say("80%%: %d", labs(limit - swap - total * 80 / 100) < 8);
	sysctl("vm/overcommit_kbytes", "12345");
	result(sysctl_number("vm/overcommit_ratio"), "ratio");
	say("limit %ld", meminfo("CommitLimit") - swap);
	sysctl("vm/overcommit_ratio", "50");
	result(sysctl_number("vm/overcommit_kbytes"), "kbytes");
}

CASE(shared_by_fallocate)
{
	int fd = memory_file(0, 0);

	committed_by(ftruncate(fd, 32 * MIB));
	committed_by(fallocate(fd, 0, 0, 16 * MIB));
	committed_by(ftruncate(fd, 0));
	close(fd);
}
