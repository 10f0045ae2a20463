/*
 * Random sequences of mmap, munmap, mprotect, mremap, madvise, writes and forks on
 * a window of 64 pages, against a model: for each page whether it is mapped, with
 * which rights, and the byte it holds. After each step the rights and contents of
 * some pages are probed; every so often all of them, and /proc/self/maps too.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/fault.h"
#include "lib/procfs.h"

#define PAGES 64
#define STEPS 1500
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)

struct page {
	bool mapped;
	int rights;
	char byte;
};

static struct page model[PAGES];
static char *window;
static unsigned long state;
static int step;

static int random_below(int limit)
{
	return random_next(&state) % limit;
}

static char *at(int page)
{
	return window + page * page_size;
}

static void probe(int page)
{
	const struct page *wanted = &model[page];
	struct fault read = touch(at(page), READ);
	int code = wanted->mapped ? SEGV_ACCERR : SEGV_MAPERR;

	if (wanted->mapped && wanted->rights & PROT_READ) {
		if (read.signal)
			fail("step %d: page %d does not read", step, page);
		if (*at(page) != wanted->byte)
			fail("step %d: page %d holds %d, not %d", step, page, *at(page),
			     wanted->byte);
	} else if (read.signal != SIGSEGV || read.code != code) {
		fail("step %d: page %d reads with signal %d code %d, not SIGSEGV %d", step, page,
		     read.signal, read.code, code);
	}
	struct fault write = touch(at(page), WRITE);
	if (!!write.signal != !(wanted->mapped && wanted->rights & PROT_WRITE))
		fail("step %d: page %d writes with signal %d", step, page, write.signal);
}

static void probe_all(void)
{
	struct mapping mapping;

	for (int i = 0; i < PAGES; i++) {
		bool found = find_mapping(at(i), &mapping);

		if (found != model[i].mapped)
			fail("step %d: page %d is %sin /proc/self/maps", step, i,
			     found ? "" : "not ");
		if (found && ((mapping.permissions[0] == 'r') != !!(model[i].rights & PROT_READ) ||
			      (mapping.permissions[1] == 'w') != !!(model[i].rights & PROT_WRITE)))
			fail("step %d: page %d is %s in /proc/self/maps", step, i,
			     mapping.permissions);
		probe(i);
	}
}

static bool all_mapped(int from, int count)
{
	for (int i = from; i < from + count; i++)
		if (!model[i].mapped)
			return false;
	return true;
}

static int random_rights(void)
{
	static const int choices[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
				      PROT_READ | PROT_WRITE};

	return choices[random_below(4)];
}

static void do_map(int from, int count)
{
	int rights = random_rights();

	must(mmap(at(from), count * page_size, rights, ANON, -1, 0));
	for (int i = from; i < from + count; i++)
		model[i] = (struct page){true, rights, 0};
}

static void do_unmap(int from, int count)
{
	must(munmap(at(from), count * page_size));
	for (int i = from; i < from + count; i++)
		model[i] = (struct page){false, 0, 0};
}

static void do_protect(int from, int count)
{
	int rights = random_rights();
	int result = mprotect(at(from), count * page_size, rights);

	expect_equal(result, all_mapped(from, count) ? 0 : -1);
	/* What stands before the first hole is changed nevertheless. */
	for (int i = from; i < from + count && model[i].mapped; i++)
		model[i].rights = rights;
}

static void do_write(int from, int count)
{
	for (int i = from; i < from + count; i++)
		if (model[i].mapped && model[i].rights & PROT_WRITE)
			*at(i) = model[i].byte = random_next(&state);
}

static void do_discard(int from, int count)
{
	if (!all_mapped(from, count))
		return;
	must(madvise(at(from), count * page_size, MADV_DONTNEED));
	for (int i = from; i < from + count; i++)
		model[i].byte = 0;
}

/* Moves @count pages to a place that does not overlap; only what is one VMA can be moved. */
static void do_move(int from, int count)
{
	struct mapping mapping;
	int to = random_below(PAGES - count + 1);

	if ((to < from + count && from < to + count) || !find_mapping(at(from), &mapping) ||
	    mapping.end < (uintptr_t)at(from + count))
		return;
	must(mremap(at(from), count * page_size, count * page_size, MREMAP_MAYMOVE | MREMAP_FIXED,
		    at(to)));
	for (int i = 0; i < count; i++) {
		model[to + i] = model[from + i];
		model[from + i] = (struct page){false, 0, 0};
	}
}

static void child_looks_and_writes(void)
{
	probe_all();
	for (int i = 0; i < PAGES; i++)
		if (model[i].mapped && model[i].rights & PROT_WRITE)
			*at(i) = model[i].byte + 1;
}

static void do_fork(int from, int count)
{
	(void)from;
	(void)count;
	if (random_below(8) == 0)
		expect_child_ok(child_looks_and_writes);
}

static void random_steps(void)
{
	static void (*const operations[])(int, int) = {do_map,   do_unmap, do_protect, do_protect,
						       do_write, do_write, do_write,   do_discard,
						       do_move,  do_fork};

	state = random_seed();
	window = must(
		mmap(NULL, (PAGES + 2) * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	must(munmap(window, (PAGES + 2) * page_size));
	window += page_size;
	for (step = 0; step < STEPS; step++) {
		int count = 1 + random_below(random_below(4) ? 6 : PAGES / 2);
		int from = random_below(PAGES - count + 1);

		operations[random_below(sizeof(operations) / sizeof(operations[0]))](from, count);
		probe(random_below(PAGES));
		probe(from);
		if (step % 100 == 99)
			probe_all();
	}
	must(munmap(window, PAGES * page_size));
}

int main(void)
{
	run("random-maps", random_steps);
	return finish();
}
