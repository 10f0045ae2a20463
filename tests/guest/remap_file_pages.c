/*
 * remap_file_pages: other pages of the same file at a place within a shared mapping.
 */
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define PAGES 8

static char *area;

static long remap(int page, int pages, int prot, long pgoff, int flags)
{
	return syscall(SYS_remap_file_pages, area + page * page_size, pages * page_size, prot,
		       pgoff, flags);
}

static void number_pages(void)
{
	for (int i = 0; i < PAGES; i++)
		area[i * page_size] = i;
}

static void expect_pages(const char *order)
{
	for (int i = 0; i < PAGES; i++)
		expect_equal(area[i * page_size], order[i] - '0');
}

static void reorder(void)
{
	must(remap(2, 2, 0, 6, 0));
	expect_pages("01674567");
	must(remap(6, 1, 0, 0, MAP_NONBLOCK));
	expect_pages("01674507");
	area[2 * page_size] = 9; /* the page, wherever it is seen */
	must(remap(6, 2, 0, 6, 0));
	expect_pages("01974597");
	area[6 * page_size] = 6;
	must(remap(0, PAGES, 0, 0, 0));
	expect_pages("01234567");
	expect_equal(count_mappings(area, area + PAGES * page_size), 1);
}

static void file(void)
{
	int fd = must(memfd_create("pages", 0));

	must(ftruncate(fd, PAGES * page_size));
	area = must(mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	close(fd);
	number_pages();
	reorder();
	/* Beyond the end it can be mapped, but not touched: populating says nothing. */
	must(remap(0, 1, 0, PAGES, 0));
	must(munmap(area, PAGES * page_size));
}

static void anonymous(void)
{
	area = must(mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	number_pages();
	reorder();
	must(munmap(area, PAGES * page_size));
}

static void keeps_rights(void)
{
	struct mapping mapping;

	area = must(mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	number_pages();
	must(mprotect(area + 2 * page_size, 2 * page_size, PROT_READ));
	must(mlock(area + 2 * page_size, 2 * page_size));
	must(remap(2, 1, 0, 5, 0));
	expect(find_mapping(area + 2 * page_size, &mapping));
	expect_string(mapping.permissions, "r--s");
	expect_equal(mapping.offset, 5 * page_size);
	expect_equal(area[2 * page_size], 5);
	expect(smaps_number(0, area + 2 * page_size, "Locked") > 0); /* its share of the page */
	expect_errno(remap(1, 2, 0, 0, 0), EINVAL);                  /* two kinds of area */
	must(munmap(area, PAGES * page_size));
}

static void segment(void)
{
	int id = must(shmget(IPC_PRIVATE, PAGES * page_size, 0600));
	struct shmid_ds ds;

	area = must(shmat(id, NULL, 0));
	must(shmctl(id, IPC_RMID, NULL));
	number_pages();
	must(remap(2, 2, 0, 6, 0));
	expect_pages("01674567");
	must(shmctl(id, IPC_STAT, &ds));
	expect_equal(ds.shm_nattch, 3);
	must(munmap(area, PAGES * page_size));
	expect_errno(shmctl(id, IPC_STAT, &ds), EINVAL);
}

static void arguments(void)
{
	area = must(mmap(NULL, (PAGES + 1) * page_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	must(munmap(area + PAGES * page_size, page_size));
	number_pages();
	expect_errno(remap(0, 1, PROT_READ, 1, 0), EINVAL);
	expect_errno(remap(0, 0, 0, 1, 0), EINVAL);
	expect_errno(remap(0, 1, 0, -1, 0), EINVAL);
	expect_errno(remap(PAGES, 1, 0, 0, 0), EINVAL);
	expect_errno(syscall(SYS_remap_file_pages, area, -page_size, 0, 0, 0), EINVAL);
	/* What is not a whole page is ignored. */
	must(syscall(SYS_remap_file_pages, area + 1, page_size + 1, 0, 3, 0));
	expect_pages("31234567");
	must(munmap(area + 4 * page_size, page_size));
	expect_errno(remap(3, 3, 0, 0, 0), EINVAL);
	must(munmap(area, PAGES * page_size));
	area = must(mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	expect_errno(remap(0, 1, 0, 1, 0), EINVAL);
	must(munmap(area, PAGES * page_size));
}

int main(void)
{
	run("remap-file", file);
	run("remap-anonymous", anonymous);
	run("remap-keeps-rights", keeps_rights);
	run("remap-segment", segment);
	run("remap-arguments", arguments);
	return finish();
}
