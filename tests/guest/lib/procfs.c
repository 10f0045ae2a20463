/*
 * Reading /proc (procfs.h). Text is read whole by read(2), without stdio: the
 * tests of small machines should disturb little of what they measure.
 */
#include <inttypes.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "procfs.h"

static char text[1 << 18];

char *read_text(const char *file)
{
	int fd = open(file, O_RDONLY);
	size_t length = 0;
	ssize_t n;

	if (fd < 0)
		fail("%s: errno %d", file, errno);
	while ((n = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += n;
	if (n < 0)
		fail("reading %s: errno %d", file, errno);
	close(fd);
	text[length] = '\0';
	return text;
}

/* The text after @key at the start of a line of @from, or NULL. */
static char *find_key(char *from, const char *key)
{
	size_t length = strlen(key);

	for (char *line = from; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length) && strchr(": \t", line[length]) && line[length])
			return line + length + 1;
	}
	return NULL;
}

long read_number(const char *file, const char *key)
{
	char *value = find_key(read_text(file), key);

	if (!value)
		fail("%s has no %s", file, key);
	return strtol(value, NULL, 10);
}

static bool parse_mapping(const char *line, struct mapping *mapping)
{
	char name[256] = "";

	if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %lx %*s %*s%*[ ]%255[^\n]", &mapping->start,
		   &mapping->end, mapping->permissions, &mapping->offset, name) < 4)
		return false;
	strcpy(mapping->name, name);
	return true;
}

unsigned long long diskstat(const char *name, int field)
{
	char *line = read_text("/proc/diskstats"), wanted[24];

	snprintf(wanted, sizeof(wanted), " %s ", name);
	line = strstr(line, wanted);
	if (!line)
		fail("%s is not in diskstats", name);
	line += strlen(wanted);
	while (--field)
		line = strchr(line, ' ') + 1;
	return strtoull(line, NULL, 10);
}

bool find_mapping(const void *address, struct mapping *mapping)
{
	uintptr_t at = (uintptr_t)address;

	for (char *line = read_text("/proc/self/maps"); line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (parse_mapping(line, mapping) && at >= mapping->start && at < mapping->end)
			return true;
	}
	return false;
}

int count_mappings(const void *start, const void *end)
{
	struct mapping mapping;
	int count = 0;

	for (char *line = read_text("/proc/self/maps"); line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (parse_mapping(line, &mapping) && mapping.start < (uintptr_t)end &&
		    mapping.end > (uintptr_t)start)
			count++;
	}
	return count;
}

long smaps_number(int pid, const void *address, const char *key)
{
	char file[64];
	bool inside = false;
	size_t length = strlen(key);

	snprintf(file, sizeof(file), pid ? "/proc/%d/smaps" : "/proc/self/smaps", pid);
	for (char *line = read_text(file); line && *line; line = strchr(line, '\n')) {
		struct mapping mapping;

		line += *line == '\n';
		if (parse_mapping(line, &mapping))
			inside = (uintptr_t)address >= mapping.start &&
				 (uintptr_t)address < mapping.end;
		else if (inside && !strncmp(line, key, length) && line[length] == ':')
			return strtol(line + length + 1, NULL, 10);
	}
	fail("%s: no %s at %p", file, key, address);
}

long slab_objects(const char *name)
{
	char *value = find_key(read_text("/proc/slabinfo"), name);

	if (!value)
		fail("/proc/slabinfo has no %s", name);
	return strtol(value, NULL, 10);
}
