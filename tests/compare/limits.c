/*
 * Resource limits that concern memory, and getting and setting them.
 */
#include "compare.h"

static void get(int which)
{
	struct rlimit now = {1, 1};

	result(getrlimit(which, &now), "limit %d", which);
	say("  %ld %ld", (long)now.rlim_cur, (long)now.rlim_max);
}

CASE(what_they_are)
{
	static const int which[] = {RLIMIT_CPU,    RLIMIT_FSIZE,   RLIMIT_DATA,   RLIMIT_STACK,
				    RLIMIT_CORE,   RLIMIT_RSS,     RLIMIT_NOFILE, RLIMIT_MEMLOCK,
				    RLIMIT_AS,     RLIMIT_LOCKS,   RLIMIT_NICE,   RLIMIT_RTPRIO,
				    RLIMIT_RTTIME, RLIMIT_MSGQUEUE};

	for (int i = 0; i < 14; i++)
		get(which[i]);
}

CASE(arguments)
{
	struct rlimit low = {100, 50}, fine = {50, 100}, more = {50, 200};

	show(getrlimit(16, &fine));
	show(getrlimit(-1, &fine));
	show(setrlimit(16, &fine));
	show(setrlimit(RLIMIT_AS, &low));
	show(getrlimit(RLIMIT_AS, at(0)));
	show(setrlimit(RLIMIT_AS, at(0)));
	show(sys4(SYS_prlimit64, 0, RLIMIT_AS, 0, 0));
	show(sys4(SYS_prlimit64, 99999, RLIMIT_AS, 0, 0));
	show(sys4(SYS_prlimit64, -1, RLIMIT_AS, 0, 0));
	show(setrlimit(RLIMIT_MEMLOCK, &fine));
	get(RLIMIT_MEMLOCK);
	be_nobody();
	show(setrlimit(RLIMIT_MEMLOCK, &more));
	fine.rlim_cur = 10;
	show(setrlimit(RLIMIT_MEMLOCK, &fine));
	fine.rlim_max = 60;
	show(setrlimit(RLIMIT_MEMLOCK, &fine));
	fine.rlim_max = 61;
	show(setrlimit(RLIMIT_MEMLOCK, &fine));
	get(RLIMIT_MEMLOCK);
	show(sys4(SYS_prlimit64, 1, RLIMIT_AS, 0, &low));
}

CASE(address_space)
{
	anon(0, 10, RW);
	limit(RLIMIT_AS, status_number("VmSize") * 1024 + 4 * P);
	show(mmap(at(20), 5 * P, RW, FIXED_ANON, -1, 0));
	show(mmap(at(20), 5 * P, NONE, FIXED_ANON | MAP_NORESERVE, -1, 0));
	show(mmap(at(20), 5 * P, RW, FIXED_SHM, -1, 0));
	show(mmap(at(20), 4 * P, R, FIXED_ANON, -1, 0));
	show(mmap(at(30), P, RW, FIXED_ANON, -1, 0));
	show(mmap(at(0), 10 * P, R, FIXED_ANON, -1, 0));
	show(mmap(at(5), 6 * P, R, FIXED_ANON, -1, 0));
	show(mprotect(at(2), P, RW));
	show(munmap(at(0), P));
	show(mmap(at(30), P, RW, FIXED_ANON, -1, 0));
	show(mmap(at(31), P, RW, FIXED | PRIVATE, file_of(1), 0));
}

CASE(address_space_below_what_is)
{
	limit(RLIMIT_AS, P);
	show(mmap(at(0), P, RW, FIXED_ANON, -1, 0));
	show(munmap(at(0), P));
	touch(at(0), READ);
}

CASE(data)
{
	anon(0, 10, RW);
	limit(RLIMIT_DATA, status_number("VmData") * 1024 + 4 * P);
	show(mmap(at(20), 5 * P, RW, FIXED_ANON, -1, 0));
	show(mmap(at(20), 5 * P, R, FIXED_ANON, -1, 0));
	show(mmap(at(30), 5 * P, NONE, FIXED_ANON, -1, 0));
	show(mmap(at(40), 5 * P, RW, FIXED_SHM, -1, 0));
	show(mmap(at(50), 5 * P, RW, FIXED | SHARED, file_of(5), 0));
	show(mmap(at(60), 5 * P, RW, FIXED | PRIVATE, file_of(5), 0));
	show(mmap(at(60), 4 * P, RW, FIXED | PRIVATE, file_of(5), 0));
	show(mprotect(at(20), P, RW));
	show(mprotect(at(0), P, R));
	show(mprotect(at(20), P, RW));
	show(mprotect(at(30), P, W));
	show(mmap(at(70), P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0));
	show(mmap(at(0), 9 * P, RW, FIXED_ANON, -1, 0));
	maps();
}

CASE(what_counts_as_data)
{
	static const struct {
		const char *name;
		int protection, flags;
	} kinds[] = {
		{"rw private", RW, FIXED_ANON},
		{"r private", R, FIXED_ANON},
		{"none private", NONE, FIXED_ANON},
		{"rwx private", RWX, FIXED_ANON},
		{"x private", X, FIXED_ANON},
		{"rx private", RX, FIXED_ANON},
		{"w private", W, FIXED_ANON},
		{"rw shared", RW, FIXED_SHM},
		{"rx shared", RX, FIXED_SHM},
		{"rw stack", RW, FIXED_ANON | MAP_GROWSDOWN},
		{"r stack", R, FIXED_ANON | MAP_GROWSDOWN},
		{"rwx stack", RWX, FIXED_ANON | MAP_GROWSDOWN},
		{"rw noreserve", RW, FIXED_ANON | MAP_NORESERVE},
	};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const long size = status_number("VmSize"), data = status_number("VmData"),
			   stack = status_number("VmStk"), exec = status_number("VmExe"),
			   lib = status_number("VmLib");

		mmap(at(1000), 10 * P, kinds[i].protection, kinds[i].flags, -1, 0);
		say("%s: size %ld data %ld stack %ld exe %ld lib %ld", kinds[i].name,
		    status_number("VmSize") - size, status_number("VmData") - data,
		    status_number("VmStk") - stack, status_number("VmExe") - exec,
		    status_number("VmLib") - lib);
		munmap(at(1000), 10 * P);
	}
}

CASE(file_size)
{
	int fd = file_of(0);

	signal(SIGXFSZ, SIG_IGN);
	limit(RLIMIT_FSIZE, 10);
	show(write(fd, "0123456789abcdef", 16));
	show(write(fd, "x", 1));
	show(ftruncate(fd, 11));
	show(ftruncate(fd, 10));
	show(ftruncate(fd, 5));
}

static void write_too_much(void)
{
	limit(RLIMIT_FSIZE, 10);
	show(pwrite(file_of(0), "x", 1, 10));
}

CASE(file_size_kills)
{
	in_child(write_too_much);
}

CASE(descriptors)
{
	limit(RLIMIT_NOFILE, 3);
	show(open("/dev/null", O_RDONLY));
	show(memfd_create("x", 0));
	show(sys1(SYS_dup, 0));
}

CASE(place_for_a_mapping)
{
	show(mmap(0, 1UL << 46, NONE, ANON | MAP_NORESERVE, -1, 0) > 0);
	show(mmap(0, 1UL << 45, NONE, ANON | MAP_NORESERVE, -1, 0) > 0);
	show(mmap(0, 1UL << 46, NONE, ANON | MAP_NORESERVE, -1, 0));
	show(mmap(0, (1UL << 47) - 2 * P, NONE, ANON | MAP_NORESERVE, -1, 0));
}

CASE(sysctls)
{
	static const char *const names[] = {"vm/overcommit_memory", "vm/overcommit_ratio",
					    "vm/overcommit_kbytes", "vm/max_map_count",
					    "vm/mmap_min_addr",     "kernel/randomize_va_space"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		result(sysctl_number(names[i]), "%s", names[i]);
}

CASE(sysctls_refuse)
{
	static const char *const values[] = {"3", "-1", "x", "", "0 1"};

	for (int i = 0; i < 5; i++) {
		say("\"%s\"", values[i]);
		sysctl("vm/overcommit_memory", values[i]);
		result(sysctl_number("vm/overcommit_memory"), "now");
	}
	sysctl("vm/overcommit_memory", "0");
	sysctl("vm/max_map_count", "-1");
	result(sysctl_number("vm/max_map_count"), "max_map_count");
	sysctl("vm/overcommit_ratio", "-1");
	result(sysctl_number("vm/overcommit_ratio"), "overcommit_ratio");
	sysctl("vm/overcommit_ratio", "50");
	be_nobody();
	sysctl("vm/overcommit_memory", "1");
}
