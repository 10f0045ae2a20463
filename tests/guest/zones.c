/*
 * The files that tell of free memory tell the same (S26): buddyinfo, pagetypeinfo and
 * zoneinfo count the same blocks of each zone, iomem and zoneinfo the same memory. A load of
 * processes that take, share and free memory runs in between; for each look it stands still.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define ORDERS 11
#define ZONES  16
#define LOADS  3
#define LOOKS  20

struct zone {
	int node;
	char name[16];
	long blocks[ORDERS]; /* buddyinfo */
	long typed[ORDERS];  /* pagetypeinfo, all types */
	long free, present;  /* zoneinfo */
};
static struct zone zones[ZONES];
static int nr_zones;

static struct zone *zone_named(int node, const char *name)
{
	for (int i = 0; i < nr_zones; i++)
		if (zones[i].node == node && !strcmp(zones[i].name, name))
			return &zones[i];
	expect(nr_zones < ZONES);
	zones[nr_zones].node = node;
	strcpy(zones[nr_zones].name, name);
	return &zones[nr_zones++];
}

/* Add the counts of each order that stand at @text. */
static void add_counts(long *counts, char *text)
{
	for (int order = 0; order < ORDERS; order++)
		counts[order] += strtol(text, &text, 10);
}

static void read_buddyinfo(void)
{
	for (char *line = strtok(read_text("/proc/buddyinfo"), "\n"); line;
	     line = strtok(NULL, "\n")) {
		char name[16];
		int node, used;

		expect_equal(sscanf(line, "Node %d, zone %15s%n", &node, name, &used), 2);
		add_counts(zone_named(node, name)->blocks, line + used);
	}
}

static void read_pagetypeinfo(void)
{
	for (char *line = strtok(read_text("/proc/pagetypeinfo"), "\n"); line;
	     line = strtok(NULL, "\n")) {
		char name[16];
		int node, used = 0;

		/* The zone's name has a comma behind it in this table, and none in the next. */
		sscanf(line, "Node %d, zone %15[A-Za-z0-9], type %*s%n", &node, name, &used);
		if (used)
			add_counts(zone_named(node, name)->typed, line + used);
	}
}

static void read_zoneinfo(void)
{
	struct zone *zone = NULL;

	for (char *line = strtok(read_text("/proc/zoneinfo"), "\n"); line;
	     line = strtok(NULL, "\n")) {
		char name[16];
		int node;

		if (sscanf(line, "Node %d, zone %15s", &node, name) == 2)
			zone = zone_named(node, name);
		else if (zone && !strncmp(line, "  pages free", 12))
			zone->free = atol(line + 12);
		else if (zone && !strncmp(line, "        present", 15))
			zone->present = atol(line + 15);
	}
}

/* Nothing else runs, but looking itself may take a page: until two looks in a row are the same. */
static void look(void)
{
	struct zone before[ZONES];

	for (int i = 0; i < 50; i++) {
		memset(zones, 0, sizeof(zones));
		nr_zones = 0;
		read_buddyinfo();
		memcpy(before, zones, sizeof(zones));
		read_pagetypeinfo();
		read_zoneinfo();
		for (int z = 0; z < nr_zones; z++)
			memset(zones[z].blocks, 0, sizeof(zones[z].blocks));
		read_buddyinfo();
		bool same = true;
		for (int z = 0; z < nr_zones; z++)
			same &= !memcmp(zones[z].blocks, before[z].blocks, sizeof(zones[z].blocks));
		if (same)
			return;
	}
	fail("buddyinfo does not stand still");
}

static void compare(void)
{
	const long drift = 130 * sysconf(_SC_NPROCESSORS_ONLN); /* of counters kept for each CPU */

	look();
	expect(nr_zones > 0);
	for (int z = 0; z < nr_zones; z++) {
		long free = 0;

		for (int order = 0; order < ORDERS; order++) {
			expect_equal(zones[z].typed[order], zones[z].blocks[order]);
			free += zones[z].blocks[order] << order;
		}
		expect_between(zones[z].free - free, -drift, drift);
	}
}

/* Takes a random part of its share of memory again and again, at times as pages of a child. */
static _Noreturn void load(size_t share)
{
	unsigned long state = random_seed() + getpid();
	int status;

	for (;;) {
		size_t bytes = (random_next(&state) % share + page_size) & -(size_t)page_size;
		char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);

		for (size_t at = 0; at < bytes; at += page_size * (1 + random_next(&state) % 3))
			area[at] = 1;
		if (random_next(&state) % 4 == 0 && fork() == 0)
			_exit(0);
		for (size_t at = 0; at < bytes; at += 2 * page_size)
			madvise(area + at, page_size, MADV_DONTNEED);
		munmap(area, bytes);
		while (waitpid(-1, &status, WNOHANG) > 0)
			;
	}
}

static void agree_under_load(void)
{
	size_t share = read_number("/proc/meminfo", "MemFree") * 1024 / 4 / LOADS;
	pid_t child[LOADS];
	int status;

	for (int i = 0; i < LOADS; i++) {
		child[i] = must(fork());
		if (child[i] == 0)
			load(share);
	}
	for (int n = 0; n < LOOKS; n++) {
		usleep(20000);
		for (int i = 0; i < LOADS; i++) {
			must(kill(child[i], SIGSTOP));
			expect_equal(waitpid(child[i], &status, WUNTRACED), child[i]);
			expect(WIFSTOPPED(status));
		}
		compare();
		for (int i = 0; i < LOADS; i++)
			must(kill(child[i], SIGCONT));
	}
	for (int i = 0; i < LOADS; i++) {
		must(kill(child[i], SIGKILL));
		expect_equal(wait_child(child[i]), SIGKILL);
	}
}

/* What iomem calls System RAM is present in the zones, but for the first page and odd ends. */
static void memory_is_all_there(void)
{
	long present = 0, ram = 0;

	look();
	for (int z = 0; z < nr_zones; z++)
		present += zones[z].present;
	for (char *line = strtok(read_text("/proc/iomem"), "\n"); line; line = strtok(NULL, "\n")) {
		unsigned long long start, end; /* PAE has more than 4 GiB */

		if (line[0] != ' ' && strstr(line, " : System RAM") &&
		    sscanf(line, "%llx-%llx", &start, &end) == 2)
			ram += (long)((end + 1 - start) / page_size);
	}
	expect_between(ram - present, 0, 16);
}

int main(void)
{
	run("zones-agree", compare);
	run("zones-agree-under-load", agree_under_load);
	run("zones-all-memory", memory_is_all_there);
	return finish();
}
