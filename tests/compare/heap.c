/*
 * brk: growth, shrinking, limits, what it meets. Addresses are told relative to the first break.
 */
#include "compare.h"

static long start;

static void begin(void)
{
	start = brk(0);
	if (start & (P - 1)) /* a program starts with any */
		brk(start = (start | (P - 1)) + 1);
	start = brk(0);
}

static void set(long offset)
{
	const long got = brk(start + offset);

	say("brk(+%ld) is +%ld", offset, got - start);
}

/* The areas that touch [start - P, start + 64 MiB). */
static void heap(void)
{
	static char text[1 << 16];
	long fd = open("/proc/self/maps", O_RDONLY), n, length = 0;

	while ((n = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += n;
	text[length] = '\0';
	close(fd);
	for (char *line = text; line && *line; line = strchr(line, '\n')) {
		unsigned long from, to;
		char permissions[5], name[64] = "";

		line += *line == '\n';
		if (sscanf(line, "%lx-%lx %4s %*s %*s %*s%*[ ]%63[^\n]", &from, &to, permissions,
			   name) < 3)
			continue;
		if (to > (unsigned long)start - P && from < (unsigned long)start + (64 << 20))
			say("  %s-%+ld %s %s", from < (unsigned long)start ? "below" : "here",
			    (long)(to - start), permissions, name);
	}
}

CASE(grow_and_shrink)
{
	begin();
	set(0);
	set(P);
	heap();
	set(10 * P);
	heap();
	*(char *)(start + 9 * P) = 1;
	set(5 * P);
	heap();
	say("%d", faults((char *)(start + 5 * P), READ));
	set(5 * P + 1);
	heap();
	say("%d", faults((char *)(start + 5 * P), WRITE));
	set(5 * P + 100);
	set(10 * P);
	say("%d", *(char *)(start + 9 * P));
	set(0);
	heap();
}

CASE(refused)
{
	begin();
	set(-1000 * P);
	set(1L << 46);
	set(1L << 62);
	say("brk(0): +%ld", brk(0) - start);
	say("brk(-1): +%ld", brk(-1) - start);
	say("brk(1): +%ld", brk(1) - start);
	heap();
}

CASE(meets_a_mapping)
{
	begin();
	set(P);
	show(mmap(start + 10 * P, P, RW, FIXED_ANON, -1, 0) - start);
	set(9 * P);
	set(10 * P);
	set(11 * P);
	set(12 * P);
	heap();
}

CASE(meets_a_stack)
{
	begin();
	set(P);
	show(mmap(start + 300 * P, P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0) > 0);
	set(10 * P);
	set(43 * P);
	set(44 * P);
	set(45 * P);
	set(100 * P);
}

CASE(part_is_unmapped)
{
	begin();
	set(10 * P);
	show(munmap(start + 4 * P, 2 * P));
	heap();
	set(12 * P);
	heap();
	set(3 * P);
	heap();
	set(8 * P);
	heap();
}

CASE(part_is_protected)
{
	begin();
	set(10 * P);
	show(mprotect(start + 8 * P, 2 * P, R));
	heap();
	set(12 * P);
	heap();
	set(P);
	heap();
}

CASE(data_limit)
{
	begin();
	long data = status_number("VmData") * 1024;

	limit(RLIMIT_DATA, data + 10 * P);
	set(10 * P);
	set(11 * P);
	set(5 * P);
	set(11 * P);
	show(mmap(at(0), 5 * P, RW, FIXED_ANON, -1, 0));
	show(mmap(at(10), P, RW, FIXED_ANON, -1, 0));
	show(mmap(at(10), P, R, FIXED_ANON, -1, 0));
	show(mmap(at(11), P, RW, FIXED_SHM, -1, 0));
	show(mprotect(at(10), P, RW));
}

CASE(data_limit_counts_the_programs_data)
{
	begin();
	limit(RLIMIT_DATA, 64 * P);
	set(4 * P);
	set(1000 * P);
}

CASE(address_space_limit)
{
	begin();
	limit(RLIMIT_AS, status_number("VmSize") * 1024 + 10 * P);
	set(10 * P);
	set(11 * P);
	set(0);
	set(8 * P);
}

CASE(locked)
{
	begin();
	show(mlockall(MCL_FUTURE));
	long locked = status_number("VmLck");

	set(4 * P);
	say("VmLck +%ld", status_number("VmLck") - locked);
	unsigned char answers[4] = {0};
	show(mincore(start, 4 * P, answers));
	say("%d%d%d%d", answers[0] & 1, answers[1] & 1, answers[2] & 1, answers[3] & 1);
	set(2 * P);
	say("VmLck +%ld", status_number("VmLck") - locked);
}

CASE(locked_limit)
{
	begin();
	be_nobody();
	limit(RLIMIT_MEMLOCK, 8 * P);
	show(mlockall(MCL_FUTURE));
	set(8 * P);
	set(9 * P);
	set(0);
	heap();
}

static void child(void)
{
	set(4 * P);
	heap();
	*(char *)(start + 3 * P) = 1;
	set(6 * P);
	heap();
	set(0);
}

CASE(in_a_child)
{
	begin();
	set(2 * P);
	*(char *)start = 1;
	in_child(child);
	heap();
}

CASE(zeroed)
{
	int dirty = 0;

	begin();
	set(16 * P);
	for (int i = 0; i < 16 * (int)P; i++)
		((char *)start)[i] = 1;
	set(0);
	set(16 * P);
	for (int i = 0; i < 16 * (int)P; i++)
		dirty += ((char *)start)[i];
	say("%d", dirty);
}

CASE(partial_page_is_kept)
{
	begin();
	set(P + 100);
	*(char *)(start + P + 200) = 'x';
	set(P + 50);
	set(P + 300);
	say("%c", *(char *)(start + P + 200));
	set(P);
	set(P + 300);
	say("%d", *(char *)(start + P + 200));
}
