/*
 * More memory in use than there is (`swap` on the command line; bench/swap.py reads it). Swap is the disk
 * /dev/vda, which has its header already.
 *
 *     swap NAME FREE SECONDS             KiB that were free before, what a pattern took
 *     moved IN OUT                       pages, since the machine was switched on
 *     cost NAME INSTRUCTIONS             of a page that goes, under -icount
 *
 * Each page says which one it is, and is asked each time. An access reads a page from end to end, and every
 * second one writes to it.
 *
 * What a page's way out costs is counted where nothing waits: a machine that sleeps until a disk is ready lets the
 * counter run on.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define DISK     "/dev/vda"
#define WORDS    (PAGE / sizeof(uint64_t))
#define ACCESSES 40000UL

static uint64_t *memory;
static unsigned long pages,
	hot; /* of the working set; the first of them, half as much as there is memory */
static uint64_t state;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* ---- the disk ---- */

/* Modules that a kernel with modules needs for it, in the order of their names. */
static void load_modules(void)
{
	struct dirent **entry;
	const int n =
		access("/proc/modules", F_OK) ? 0 : scandir("/modules", &entry, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];
		int fd;

		if (entry[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/modules/%s", entry[i]->d_name);
		fd = open(path, O_RDONLY);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
			die(path);
		close(fd);
	}
}

static void find_disk(void)
{
	mkdir("/dev", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	for (int i = 0; access(DISK, F_OK); i++) {
		if (i == 500)
			die(DISK);
		usleep(10000);
	}
}

static long vmstat(const char *key)
{
	char name[64];
	long found = 0, value;
	FILE *f = fopen("/proc/vmstat", "r");

	while (f && fscanf(f, "%63s %ld", name, &value) == 2)
		if (!strcmp(name, key))
			found = value;
	if (f)
		fclose(f);
	return found;
}

/* ---- patterns ---- */

static void use_page(unsigned long n, bool write)
{
	volatile uint64_t *word = memory + n * WORDS;
	uint64_t sum = 0;

	for (unsigned i = 0; i < WORDS; i++)
		sum += word[i];
	if (sum != n + word[1]) {
		printf("failed page %lu says %lu\n", n, (unsigned long)word[0]);
		exit(1);
	}
	if (write)
		++word[1];
}

static void fill(void)
{
	for (unsigned long n = 0; n < pages; n++)
		memory[n * WORDS] = n;
}

static void sequential(void)
{
	fill();
	for (unsigned long n = 0; n < pages; n++)
		use_page(n, n % 2);
}

static void at_random(void)
{
	fill();
	for (unsigned long i = 0; i < ACCESSES; i++)
		use_page(next_random() % pages, i % 2);
}

/* Nine of ten accesses go to the hot pages, which lie scattered. */
static unsigned long skewed_page(void)
{
	const uint64_t r = next_random();

	return r % 10 ? r / 10 % hot * (pages / hot) : r / 10 % pages;
}

static void skewed(void)
{
	fill();
	for (unsigned long i = 0; i < 6 * ACCESSES; i++)
		use_page(skewed_page(), i % 2);
}

/* What is done with a page that has come, where it is about how much a program is slowed down. */
static uint64_t hash(const void *page)
{
	const unsigned char *p = page;
	uint64_t h = 14695981039346656037ULL;

	for (unsigned i = 0; i < PAGE; i++)
		h = (h ^ p[i]) * 1099511628211ULL;
	return h;
}

/* The same, when it has been found out already what is hot, and each page is hashed. */
static void locality(void)
{
	volatile uint64_t hashed = 0;

	for (unsigned long i = 0; i < 2 * ACCESSES; i++) {
		const unsigned long n = skewed_page();

		use_page(n, i % 2);
		hashed ^= hash(memory + n * WORDS);
	}
}

static void pattern(const char *name, void (*run)(void))
{
	const long available = free_kib();
	uint64_t start;

	memory = map(pages * PAGE, RW, ANON | MAP_NORESERVE, -1);
	madvise(memory, pages * PAGE, MADV_NOHUGEPAGE);
	state = 88172645463325252ULL;
	if (run == locality)
		skewed();
	counting = false;
	start = now();
	run();
	printf("swap %s %ld %.6f\n", name, available, (double)(now() - start) / 1e9);
	fflush(stdout);
	munmap(memory, pages * PAGE);
}

/* ---- what it costs ---- */

#define OUT_PAGES 4096UL

static void cost(const char *name, double instructions)
{
	printf("cost %s %.1f\n", name, instructions);
	fflush(stdout);
}

static double pageout(char *p)
{
	const uint64_t start = now();

	if (madvise(p, OUT_PAGES * PAGE, MADV_PAGEOUT))
		die("madvise");
	return (double)(now() - start) / OUT_PAGES;
}

/*
 * By a program's wish: pages that must be written, up to the moment when the disk has been asked; and, when
 * they have come back to be read, the same pages, of which the disk has a copy.
 */
static void cost_of_pageout(void)
{
	char *p = map(OUT_PAGES * PAGE, RW, ANON, -1);

	touch(p, OUT_PAGES);
	cost("pageout_dirty", pageout(p));
	rest();
	rest();
	look(p, OUT_PAGES);
	rest();
	cost("pageout_clean", pageout(p));
	munmap(p, OUT_PAGES * PAGE);
}

/*
 * By need: memory is full of the disk's pages, which were read once, when a program writes to fresh ones. The
 * same was done before, when there was enough: what it takes more is reclaim's, kswapd's part of it, too.
 */
static void cost_of_reclaim(void)
{
	static char buffer[64 * 1024];
	const int fd = open(DISK, O_RDONLY);
	const unsigned long n = 2 * OUT_PAGES;
	char *p = map(n * PAGE, RW, ANON, -1);
	uint64_t start = now(), plain, full;
	long scanned, freed;

	touch(p, n);
	plain = now() - start;
	munmap(p, n * PAGE);
	if (fd < 0)
		die(DISK);
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	rest();
	p = map(n * PAGE, RW, ANON, -1);
	scanned = vmstat("pgscan_kswapd") + vmstat("pgscan_direct");
	freed = vmstat("pgsteal_kswapd") + vmstat("pgsteal_direct");
	start = now();
	touch(p, n);
	full = now() - start;
	scanned = vmstat("pgscan_kswapd") + vmstat("pgscan_direct") - scanned;
	freed = vmstat("pgsteal_kswapd") + vmstat("pgsteal_direct") - freed;
	if (!freed)
		die("nothing was reclaimed");
	cost("reclaim_scanned", (double)(full - plain) / (double)scanned);
	cost("reclaim_freed", (double)(full - plain) / (double)freed);
	munmap(p, n * PAGE);
	close(fd);
}

void bench_swap(const char *what, unsigned long ram, unsigned long set)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} patterns[] = {{"sequential", sequential},
			{"random", at_random},
			{"skewed", skewed},
			{"locality", locality}};

	pages = set * MiB / PAGE;
	hot = ram * MiB / PAGE / 2;
	load_modules();
	find_disk();
	if (!strcmp(what, "costs"))
		cost_of_reclaim();
	if (swapon(DISK, 0))
		die("swapon");
	if (!strcmp(what, "costs"))
		cost_of_pageout();
	for (size_t i = 0; i < COUNT(patterns); i++)
		if (strstr(what, patterns[i].name))
			pattern(patterns[i].name, patterns[i].run);
	printf("moved %ld %ld\n", vmstat("pswpin"), vmstat("pswpout"));
}
