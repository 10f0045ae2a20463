/*
 * The stack grows down by faults, up to its limit, and keeps a gap to what is
 * mapped below it.
 */
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "lib/check.h"
#include "lib/fault.h"
#include "lib/procfs.h"

static struct mapping stack_mapping(void)
{
	struct mapping mapping;
	char here = 0;

	expect(find_mapping(&here, &mapping));
	expect_string(mapping.name, "[stack]");
	return mapping;
}

/* Uses about @bytes of stack. */
static __attribute__((noinline)) int use_stack(long bytes)
{
	volatile char frame[8192];

	frame[0] = frame[8191] = 1;
	if (bytes > (long)sizeof(frame))
		return use_stack(bytes - sizeof(frame)) + frame[0];
	return frame[8191];
}

static void grows(void)
{
	struct mapping before = stack_mapping();

	expect(use_stack(2 << 20) > 0);
	struct mapping after = stack_mapping();
	expect_equal(after.end, before.end);
	expect_between(before.start - after.start, (2 << 20) - (256 << 10),
		       (2 << 20) + (256 << 10));
	expect_string(after.permissions, "rw-p");
}

static void grows_at_a_jump(void)
{
	struct mapping before = stack_mapping();

	/* Far below, but within the limit: grows to there in one step. */
	expect_no_fault((char *)before.start - (1 << 20), WRITE);
	expect_between(before.start - stack_mapping().start, 1 << 20, (1 << 20) + page_size);
}

static void endless(void)
{
	use_stack(LONG_MAX / 2);
}

static void ends_at_the_limit(void)
{
	struct rlimit limit;

	must(getrlimit(RLIMIT_STACK, &limit));
	expect_equal(limit.rlim_cur, 8 << 20);
	expect_child_killed(endless, SIGSEGV);
}

static void small_limit(void)
{
	struct rlimit limit = {4 << 20, 8 << 20};

	must(setrlimit(RLIMIT_STACK, &limit));
	use_stack(6 << 20);
}

static void limit_counts_at_once(void)
{
	expect_child_killed(small_limit, SIGSEGV);
}

/* A mapping below the stack stops it a gap (256 pages on Linux) before they meet. */
static void keeps_a_gap(void)
{
	struct mapping stack = stack_mapping();
	char *wall = (char *)stack.start - (2 << 20);

	must(mmap(wall, page_size, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	expect_no_fault((char *)stack.start - (512 << 10), WRITE);
	expect_fault(wall + 2 * page_size, WRITE, SIGSEGV, SEGV_MAPERR);
	expect_fault(wall + (1 << 20) - page_size, WRITE, SIGSEGV, SEGV_MAPERR);
	must(munmap(wall, page_size));
}

static void gap_in_child(void)
{
	expect_child_ok(keeps_a_gap);
}

static void grows_down_by_flag(void)
{
	char *area =
		must(mmap(NULL, 1024 * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct mapping mapping;

	must(munmap(area, 1024 * page_size));
	char *top = area + 1023 * page_size;
	must(mmap(top, page_size, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0));
	expect_no_fault(top - 1, WRITE);
	expect_no_fault(top - 20 * page_size, WRITE);
	expect(find_mapping(top, &mapping));
	expect_equal(mapping.start, (uintptr_t)top - 20 * page_size);
	must(munmap((void *)mapping.start, 21 * page_size));
}

int main(void)
{
	run("stack-grows", grows);
	run("stack-jump", grows_at_a_jump);
	run("stack-limit", ends_at_the_limit);
	run("stack-limit-set", limit_counts_at_once);
	run("stack-gap", gap_in_child);
	run("stack-growsdown", grows_down_by_flag);
	return finish();
}
