/*
 * Did memory get lost (leak.h)? Free frames are those of the buddy system and those
 * in the lists of CPUs, both in /proc/zoneinfo.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "leak.h"
#include "procfs.h"

static char tunables[MAX_CACHES][64];
static unsigned nr_tunables;

static char *next_line(char *line)
{
	line = strchr(line, '\n');
	return line && line[1] ? line + 1 : NULL;
}

static void tune(const char *text)
{
	int fd = open("/proc/slabinfo", O_WRONLY);

	if (fd < 0)
		return; /* this kernel's cannot be written */
	if (write(fd, text, strlen(text)) < 0)
		printf("# slabinfo: \"%s\": errno %d\n", text, errno);
	close(fd);
}

void leak_exact(bool on)
{
	char name[32], one[64];
	unsigned limit, batch, shared;

	if (!on) {
		while (nr_tunables)
			tune(tunables[--nr_tunables]);
		return;
	}
	for (char *line = read_text("/proc/slabinfo"); line; line = next_line(line))
		if (sscanf(line, "%31s %*u %*u %*u %*u %*u : tunables %u %u %u", name, &limit,
			   &batch, &shared) == 4 &&
		    nr_tunables < MAX_CACHES)
			snprintf(tunables[nr_tunables++], sizeof(tunables[0]), "%s %u %u %u", name,
				 limit, batch, shared);
	for (unsigned i = 0; i < nr_tunables; i++) {
		sscanf(tunables[i], "%31s", name);
		snprintf(one, sizeof(one), "%s 1 1 0", name);
		tune(one);
	}
}

static long free_pages(void)
{
	long pages = 0;

	for (char *line = read_text("/proc/zoneinfo"); line; line = next_line(line)) {
		long n;

		if (sscanf(line, " pages free %ld", &n) == 1 ||
		    sscanf(line, " count: %ld", &n) == 1)
			pages += n;
	}
	return pages;
}

void leak_measure(struct usage *usage)
{
	usleep(60000);
	memset(usage, 0, sizeof(*usage));
	for (char *line = read_text("/proc/slabinfo"); line; line = next_line(line))
		if (usage->caches < MAX_CACHES &&
		    sscanf(line, "%31s %ld", usage->cache[usage->caches].name,
			   &usage->cache[usage->caches].objects) == 2)
			usage->caches++;
	usage->pages = -free_pages() - read_number("/proc/meminfo", "Slab") / 4;
}

const char *leak_found(const struct usage *before, long pages, long objects)
{
	static struct usage now;
	static char text[100];

	leak_measure(&now);
	for (unsigned i = 0; i < now.caches && i < before->caches; i++) {
		long more = now.cache[i].objects - before->cache[i].objects;

		if (strcmp(now.cache[i].name, before->cache[i].name))
			return "the caches have changed";
		/* Kernel addresses are freed by the thousand (mm/kva/range.c). */
		if (more > objects && strcmp(now.cache[i].name, "vmap_area")) {
			snprintf(text, sizeof(text), "%ld more objects of %s", more,
				 now.cache[i].name);
			return text;
		}
	}
	if (now.pages - before->pages <= pages)
		return NULL;
	snprintf(text, sizeof(text), "%ld more pages in use", now.pages - before->pages);
	return text;
}
