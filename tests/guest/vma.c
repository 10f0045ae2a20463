/*
 * VMAs (S32): neighbours that are alike are one, and become two or three when a
 * part changes, as /proc/self/maps shows.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/fault.h"
#include "lib/procfs.h"

#define PAGES 10

/* A place with nothing mapped for a page on either side. */
static char *free_place(void)
{
	char *area = must(
		mmap(NULL, (PAGES + 2) * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	must(munmap(area, (PAGES + 2) * page_size));
	return area + page_size;
}

static char *map_at(char *at, long pages, int protection)
{
	char *area = must(mmap(at, pages * page_size, protection,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));

	expect(area == at);
	return area;
}

static int count(char *area)
{
	return count_mappings(area, area + PAGES * page_size);
}

static void mprotect_splits_and_merges(void)
{
	char *area = map_at(free_place(), PAGES, PROT_READ | PROT_WRITE);
	struct mapping mapping;

	expect_equal(count(area), 1);
	must(mprotect(area + 3 * page_size, 2 * page_size, PROT_READ));
	expect_equal(count(area), 3);
	expect(find_mapping(area + 3 * page_size, &mapping));
	expect_string(mapping.permissions, "r--p");
	expect_equal(mapping.start, (uintptr_t)area + 3 * page_size);
	expect_equal(mapping.end, (uintptr_t)area + 5 * page_size);
	must(mprotect(area, 3 * page_size, PROT_READ)); /* joins the one after it */
	expect_equal(count(area), 2);
	must(mprotect(area + 5 * page_size, 5 * page_size, PROT_READ));
	expect_equal(count(area), 1);
	must(mprotect(area, PAGES * page_size, PROT_READ)); /* no change */
	expect_equal(count(area), 1);
	must(munmap(area, PAGES * page_size));
	expect_equal(count(area), 0);
}

static void mmap_joins_neighbours(void)
{
	char *area = free_place();

	map_at(area, 3, PROT_READ | PROT_WRITE);
	map_at(area + 5 * page_size, 5, PROT_READ | PROT_WRITE);
	area[0] = area[5 * page_size] = 1;
	expect_equal(count(area), 2);
	map_at(area + 3 * page_size, 2, PROT_READ | PROT_WRITE); /* fills the gap */
	expect_between(count(area), 1, 2); /* two anon_vmas may stay apart, as on Linux */
	must(munmap(area, PAGES * page_size));

	map_at(area, 3, PROT_READ | PROT_WRITE);
	map_at(area + 5 * page_size, 5, PROT_READ | PROT_WRITE);
	map_at(area + 3 * page_size, 2, PROT_READ | PROT_WRITE); /* nothing touched: all join */
	expect_equal(count(area), 1);
	must(munmap(area, PAGES * page_size));
}

static void munmap_splits(void)
{
	char *area = map_at(free_place(), PAGES, PROT_READ | PROT_WRITE);

	for (int i = 0; i < PAGES; i++)
		area[i * page_size] = i + 1;
	must(munmap(area + 4 * page_size, page_size));
	expect_equal(count(area), 2);
	must(munmap(area, page_size));
	must(munmap(area + 9 * page_size, page_size));
	expect_equal(count(area), 2);
	for (int i = 0; i < PAGES; i++)
		if (i == 4 || i == 0 || i == 9)
			expect_fault(area + i * page_size, READ, SIGSEGV, SEGV_MAPERR);
		else
			expect_equal(area[i * page_size], i + 1);
	must(munmap(area, PAGES * page_size)); /* over holes: no error */
	must(munmap(area, PAGES * page_size)); /* nothing there: no error */
}

static void fixed_replaces(void)
{
	char *area = map_at(free_place(), PAGES, PROT_READ | PROT_WRITE);

	memset(area, 'a', PAGES * page_size);
	map_at(area + 2 * page_size, 3, PROT_READ);
	expect_equal(count(area), 3);
	expect_equal(area[2 * page_size], 0);
	expect_equal(area[2 * page_size - 1], 'a');
	expect_equal(area[5 * page_size], 'a');
	must(munmap(area, PAGES * page_size));
}

static void different_kinds_stay_apart(void)
{
	char *area = free_place();

	map_at(area, 2, PROT_READ);
	map_at(area + 2 * page_size, 2, PROT_READ | PROT_WRITE);
	must(mmap(area + 4 * page_size, 2 * page_size, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	expect_equal(count(area), 3);
	must(madvise(area + 2 * page_size, page_size, MADV_DONTFORK));
	expect_equal(count(area), 4);
	must(madvise(area + 2 * page_size, page_size, MADV_DOFORK));
	expect_equal(count(area), 3);
	must(munmap(area, PAGES * page_size));
}

static void file_mappings_join_by_offset(void)
{
	int fd = must(open("/tmp/vma", O_RDWR | O_CREAT | O_TRUNC, 0600));
	char *area = free_place();
	struct mapping mapping;

	must(ftruncate(fd, PAGES * page_size));
	must(mmap(area, 2 * page_size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0));
	must(mmap(area + 2 * page_size, 2 * page_size, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
		  2 * page_size));
	expect_equal(count(area), 1);
	must(mmap(area + 4 * page_size, 2 * page_size, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
		  7 * page_size));
	expect_equal(count(area), 2);
	must(munmap(area, page_size));
	expect(find_mapping(area + page_size, &mapping));
	expect_equal(mapping.offset, page_size);
	expect_string(mapping.name, "/tmp/vma");
	expect_string(mapping.permissions, "r--s");
	must(munmap(area, PAGES * page_size));
	close(fd);
	unlink("/tmp/vma");
}

static void many(void)
{
	enum { MANY = 2000 };
	char *area =
		must(mmap(NULL, MANY * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	for (int i = 0; i < MANY; i += 2)
		must(mprotect(area + i * page_size, page_size, PROT_READ | PROT_WRITE));
	expect_between(count_mappings(area, area + MANY * page_size), MANY - 1, MANY + 1);
	for (int i = 0; i < MANY; i += 2)
		area[i * page_size] = 1;
	expect_fault(area + page_size, READ, SIGSEGV, SEGV_ACCERR);
	must(mprotect(area, MANY * page_size, PROT_READ | PROT_WRITE));
	/* Each touched page has its own anon_vma; Linux then keeps such VMAs apart. */
	expect_between(count_mappings(area, area + MANY * page_size), 1, MANY / 2);
	must(munmap(area, MANY * page_size));
}

int main(void)
{
	run("vma-mprotect", mprotect_splits_and_merges);
	run("vma-join", mmap_joins_neighbours);
	run("vma-munmap", munmap_splits);
	run("vma-fixed", fixed_replaces);
	run("vma-kinds", different_kinds_stay_apart);
	run("vma-file", file_mappings_join_by_offset);
	run("vma-many", many);
	return finish();
}
