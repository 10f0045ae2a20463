/*
 * Rows of a file in tmpfs: read, and mapped.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "bench.h"

static char buf[PAGE];

/*
 * Not a power of two: the TLB that QEMU emulates with is direct-mapped, and a file whose copies lie
 * just 16 MiB behind it is in its own way there at every word that is copied.
 */
static unsigned long file_pages(void)
{
	return pages_of(16) - 95;
}

static int file_of(unsigned long pages)
{
	int fd = open("/tmp/bench", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0)
		die("/tmp/bench");
	unlink("/tmp/bench");
	for (unsigned long i = 0; i < pages; i++)
		if (write(fd, buf, PAGE) != (long)PAGE)
			die("write");
	lseek(fd, 0, SEEK_SET);
	return fd;
}

void bench_read(void)
{
	const unsigned long pages = file_pages();
	int fd = file_of(pages);
	uint64_t t = now();

	for (unsigned long i = 0; i < pages; i++)
		if (read(fd, buf, PAGE) != (long)PAGE)
			die("read");
	row("read_4k_cached", now() - t, pages);
	close(fd);
}

struct mapped {
	uint64_t took;
	long faults;
};

/* A fresh map of so many pages of the file, each touched once. */
static struct mapped touched(int fd, unsigned long pages, int prot, int flags)
{
	char *p = map(pages * PAGE, prot, flags, fd);
	struct mapped found = {.faults = faults()};
	uint64_t t = now();

	if (prot & PROT_WRITE)
		touch(p, pages);
	else
		look(p, pages);
	found.took = now() - t;
	found.faults = faults() - found.faults;
	munmap(p, pages * PAGE);
	return found;
}

/*
 * In a shared map a page may be mapped along with a neighbour that was touched, up to 16 with one fault
 * (Linux does so for reads). All of them are mapped when they are touched: the linear rule.
 */
void bench_file(void)
{
	static const struct {
		const char *name;
		int prot, flags;
		long around;
	} kind[] = {
		{"fault_file_shared_read", PROT_READ, MAP_SHARED, 16},
		{"fault_file_shared_write", RW, MAP_SHARED, 16},
		{"fault_file_private_write", RW, MAP_PRIVATE, 1},
	};
	const unsigned long pages = file_pages();
	int fd = file_of(pages);

	for (size_t i = 0; i < COUNT(kind); i++) {
		long free_before = free_kib();
		struct mapped m = touched(fd, pages, kind[i].prot, kind[i].flags);

		row(kind[i].name, m.took, pages);
		rule(kind[i].name, "faults", m.faults, (long)pages / kind[i].around, (long)pages);
		rule_free(kind[i].name, free_before, 64);
		if (counting) {
			struct mapped half = touched(fd, pages / 2, kind[i].prot, kind[i].flags);

			rule(kind[i].name, "linear", (long)(500 * m.took / half.took), 900, 1100);
		}
	}
	close(fd);
}
