/*
 * brk: the heap grows and shrinks by the byte and is backed by the page.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/fault.h"
#include "lib/procfs.h"

/* The C library may keep the break to itself: ask the kernel. It never fails, it stays. */
static char *set_break(char *to)
{
	return (char *)syscall(SYS_brk, to);
}

static void grows_and_shrinks(void)
{
	char *start = set_break(NULL);
	char *page = (char *)(((unsigned long)start + page_size - 1) & -page_size);
	struct mapping mapping;

	expect(set_break(page + 5 * page_size) == page + 5 * page_size);
	memset(page, 'h', 5 * page_size);
	expect(find_mapping(page, &mapping));
	expect_string(mapping.name, "[heap]");
	expect_string(mapping.permissions, "rw-p");
	expect_equal(mapping.end, (uintptr_t)page + 5 * page_size);
	expect_fault(page + 5 * page_size, READ, SIGSEGV, SEGV_MAPERR);

	expect(set_break(page + 2 * page_size + 10) == page + 2 * page_size + 10);
	expect_equal(page[3 * page_size - 1], 'h'); /* its page is still there */
	expect_fault(page + 3 * page_size, READ, SIGSEGV, SEGV_MAPERR);
	expect(set_break(page + 5 * page_size) == page + 5 * page_size);
	expect_equal(page[3 * page_size], 0); /* a new page */
	expect(set_break(start) == start);
}

static void refuses(void)
{
	char *start = set_break(NULL);
	char *page = (char *)(((unsigned long)start + page_size - 1) & -page_size);

	/* Below the heap, and into a mapping. */
	expect(set_break((char *)page_size) == start);
	char *wall = must(mmap(page + 4 * page_size, page_size, PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	expect(set_break(page + 8 * page_size) == start);
	must(munmap(wall, page_size));
	expect(set_break(page + 8 * page_size) == page + 8 * page_size);
	expect(set_break(start) == start);
}

static void data_limit(void)
{
	struct rlimit limit = {4 << 20, 4 << 20};
	char *start = set_break(NULL);

	must(setrlimit(RLIMIT_DATA, &limit));
	expect(set_break(start + (8 << 20)) == start);
	expect_errno(
		mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		ENOMEM);
}

static void limited(void)
{
	expect_child_ok(data_limit);
}

int main(void)
{
	run("brk-size", grows_and_shrinks);
	run("brk-refused", refuses);
	run("brk-limit", limited);
	return finish();
}
