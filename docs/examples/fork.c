/*
 * A process forks, and writes: what happens to the page (docs/soft.md).
 *
 *     make soft && build/examples/fork-4level
 */
#include "pagoda.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MIB(n) ((uint64_t)(n) << 20)

/* The example's word for "this must hold". */
static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "it does not hold that %s\n", what);
	exit(1);
}

static void show(const char *whose, struct pagoda_space *space, uint64_t address)
{
	struct pagoda_page page;

	if (pagoda_page(space, address, &page))
		printf("%-8s frame %llu, mapped by %u, %s\n", whose, (unsigned long long)page.frame,
		       page.mapped, page.writable ? "writable" : "read-only");
	else
		printf("%-8s nothing\n", whose);
}

static uint64_t free_pages(void)
{
	struct pagoda_zone zone;
	uint64_t pages = 0;

	for (unsigned n = 0; pagoda_zone(n, &zone); n++)
		pages += zone.free;
	return pages;
}

/* A page of a file is what lies on the disk where the file begins. */
static int from_disk(void *disk, uint64_t page, void *to)
{
	const uint64_t sectors = pagoda_page_size() / 512;

	return pagoda_disk_read(disk, page * sectors, to, sectors);
}

static void files(struct pagoda_space *space)
{
	struct pagoda_disk *disk = pagoda_disk_new(MIB(1) / 512, 4000000, 10000);
	struct pagoda_file *file = pagoda_file_new(MIB(1), from_disk, disk);
	char sector[512] = "first sector", text[13];
	uint64_t at, before;

	must(disk && file, "there is memory for a disk and a file");
	must(pagoda_disk_write(disk, 0, sector, 1) == 0, "the disk is good");
	must(pagoda_mmap(space, 0, MIB(1), PROT_READ, MAP_PRIVATE, file, 0, &at) == 0, "it maps");
	for (int i = 0; i < 2; i++) {
		before = pagoda_now();
		must(pagoda_load(space, at, text, sizeof(text)) == 0, "a file can be read");
		printf("\"%s\" %s\n", text,
		       pagoda_now() - before >= 4000000 ? "from the disk" : "from the cache");
	}
	must(pagoda_munmap(space, at, MIB(1)) == 0, "what is mapped can be unmapped");
	pagoda_file_free(file);
	pagoda_disk_free(disk);
}

int main(void)
{
	/* Two CPUs, two nodes, a hole between them; one thread at a time, so all runs are alike. */
	const struct pagoda_config config = {
		.cpus = 2,
		.ram = {{0, MIB(32), 0}, {MIB(256), MIB(32), 1}},
		.cpu_node = {0, 1},
		.schedule_seed = 1,
	};
	const size_t page = pagoda_page_size();
	struct pagoda_space *parent, *child;
	char letter;
	uint64_t at;

	must(pagoda_start(&config) == 0, "the machine starts");
	printf("pages of %zu bytes, geometry %s\n", page, pagoda_geometry());

	parent = pagoda_space_new();
	must(parent, "there is memory for a space");
	must(pagoda_mmap(parent, 0, 100 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 NULL, 0, &at) == 0,
	     "it maps");
	show("mapped:", parent, at);
	must(pagoda_store(parent, at, "p", 1) == 0, "memory can be written");
	show("touched:", parent, at);

	child = pagoda_space_fork(parent);
	must(child, "it forks");
	show("forked:", parent, at);
	show("child:", child, at);

	must(pagoda_store(child, at, "c", 1) == 0, "the child can write");
	show("written:", child, at);
	show("parent:", parent, at);
	must(pagoda_load(parent, at, &letter, 1) == 0 && letter == 'p', "the parent's is its own");
	must(pagoda_store(parent, at, "q", 1) == 0, "so can the parent");
	show("parent:", parent, at);
	printf("faults %llu, pages copied %llu, reused %llu\n",
	       (unsigned long long)pagoda_events("fault"),
	       (unsigned long long)pagoda_events("cow_copy"),
	       (unsigned long long)pagoda_events("cow_reuse"));

	must(pagoda_mprotect(parent, at, page, PROT_NONE) == 0, "protection can be changed");
	printf("load: %s\n", strerror(-pagoda_load(parent, at, &letter, 1)));
	must(pagoda_munmap(parent, at, 100 * page) == 0, "what is mapped can be unmapped");
	printf("load: %s\n", strerror(-pagoda_load(parent, at, &letter, 1)));

	files(child);

	const uint64_t before = free_pages();

	pagoda_space_free(child);
	pagoda_space_free(parent);
	printf("%s\n", free_pages() > before ? "memory is back" : "memory is lost");
	must(pagoda_check() == 0, "all is in order");
	return 0;
}
