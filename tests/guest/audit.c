/*
 * An auditor: a program that accounts for every frame of the machine by what the kernel
 * says of each (kpageflags, kpagecount) and of each process's pages (pagemap), and finds the
 * same figures as stand in buddyinfo, zoneinfo, vmstat, smaps and status.
 *
 * A figure and the frames behind it are read one after the other; so it is read before and after,
 * and only what did not change meanwhile is compared (the auditor has opened its files before and
 * locked its own memory).
 *
 * So are the slots of swap: pagemap names them, and from all names of a slot follows what each process
 * has of it (SwapPss).  Copies of slots in memory are frames like others.
 *
 * Whether an entry of a page table is dirty no file says; but an anonymous page is there
 * because it was written to, and a page of a file is marked when it is written through a
 * mapping.
 */
#include <inttypes.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/frames.h"
#include "lib/load.h"
#include "lib/procfs.h"

#define TRIES 60
#define TEXT  (1 << 18)

static char vmstat[TEXT], zoneinfo[TEXT], buddyinfo[TEXT], again[TEXT];
static int vmstat_fd, zoneinfo_fd, buddyinfo_fd;

/* --- text --- */

static char *read_fd(int fd, char *to)
{
	size_t length = 0;
	ssize_t n;

	while ((n = must(pread(fd, to + length, TEXT - 1 - length, length))) > 0)
		length += n;
	to[length] = '\0';
	return to;
}

/* The number behind "key" or "key:" at the start of a line, or after blanks. */
static long number_in(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += strspn(line, "\n ");
		if (!strncmp(line, key, length) && strchr(": \t", line[length]))
			return strtol(line + length + 1, NULL, 10);
	}
	fail("no %s", key);
}

static unsigned long count(int bit)
{
	unsigned long n = 0;

	for (size_t i = 0; i < frames; i++)
		n += frame_is(i, bit);
	return n;
}

/* All of `with`, none of `without`. */
static unsigned long count_like(uint64_t with, uint64_t without)
{
	unsigned long n = 0;

	for (size_t i = 0; i < frames; i++)
		n += (frame_flags[i] & with) == with && !(frame_flags[i] & without);
	return n;
}

#define BIT(n) (1ULL << (n))

static void open_files(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	vmstat_fd = must(open("/proc/vmstat", O_RDONLY));
	zoneinfo_fd = must(open("/proc/zoneinfo", O_RDONLY));
	buddyinfo_fd = must(open("/proc/buddyinfo", O_RDONLY));
	prepare_frames();
}

/* The gauges whose change means that the picture is blurred. */
static bool same_gauges(const char *a, const char *b)
{
	static const char *const keys[] = {"nr_free_pages",
					   "nr_slab_reclaimable",
					   "nr_slab_unreclaimable",
					   "nr_page_table_pages",
					   "nr_anon_pages",
					   "nr_mapped",
					   "nr_file_pages",
					   "nr_shmem",
					   "nr_mlock",
					   "nr_kernel_stack",
					   "nr_swapcached",
					   "pswpin",
					   "pswpout",
					   "pgfree"};

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (number_in(a, keys[i]) != number_in(b, keys[i]))
			return false;
	return true;
}

/* Text and frames of one moment. */
static void take_picture(void)
{
	open_files();
	must(mlockall(MCL_CURRENT | MCL_FUTURE)); /* its own pages change no more */
	for (int try = 0; try < TRIES; try++) {
		if (!is_pagoda()) { /* Linux keeps differences per CPU that gauges do not show */
			int fd = must(open("/proc/sys/vm/stat_refresh", O_WRONLY));

			must(write(fd, "1", 1));
			close(fd);
		}
		read_fd(vmstat_fd, vmstat);
		read_fd(zoneinfo_fd, zoneinfo);
		read_fd(buddyinfo_fd, buddyinfo);
		read_frames();
		if (same_gauges(vmstat, read_fd(vmstat_fd, again)) &&
		    !strcmp(zoneinfo, read_fd(zoneinfo_fd, again)))
			return;
		usleep(20000);
	}
	fail("the machine does not come to rest");
}

/* --- frames --- */

/* One zone: as zoneinfo has it, and its row in buddyinfo. */
static void audit_zone(char *text)
{
	unsigned long blocks[ORDERS], listed[ORDERS], free = 0, on_lists = 0, counted = 0;
	unsigned long reserved = 0, holes = 0, start, end;
	char row[64], *at, name[16];
	int node;

	expect(sscanf(text, "Node %d, zone %15s", &node, name) == 2);
	if (number_in(text, "present") == 0)
		return;
	start = number_in(text, "start_pfn");
	end = start + number_in(text, "spanned");
	snprintf(row, sizeof(row), "Node %d, zone %8s ", node, name);
	at = strstr(buddyinfo, row);
	expect(at != NULL);
	at += strlen(row);
	count_free_blocks(start, end, blocks);
	for (int order = 0; order < ORDERS; order++) {
		listed[order] = strtoul(at, &at, 10);
		if (blocks[order] != listed[order])
			fail("node %d zone %s order %d: %lu blocks by frames, %lu in buddyinfo",
			     node, name, order, blocks[order], listed[order]);
		free += listed[order] << order;
	}
	for (unsigned long i = start; i < end; i++) {
		on_lists += frame_is(i, KPF_CPU_LIST);
		reserved += frame_is(i, KPF_RESERVED);
		holes += frame_is(i, KPF_NOPAGE);
		expect(!(frame_is(i, KPF_BUDDY) && frame_mapped[i]));
	}
	expect_equal(number_in(text, "nr_free_pages"), free);
	for (at = text; (at = strstr(at, "count: ")); at++)
		counted += strtoul(at + 7, NULL, 10);
	if (!is_pagoda())
		return; /* its lists and holes are not told */
	expect_equal(on_lists, counted);
	expect_equal(end - start - holes, number_in(text, "present"));
	expect_equal(number_in(text, "present") - reserved, number_in(text, "managed"));
}

static void audit_zones(void)
{
	char *zone = zoneinfo, *next;

	for (; zone; zone = next) {
		next = strstr(zone + 1, "\nNode ");
		if (next)
			*next++ = '\0';
		audit_zone(zone);
	}
}

static void audit_uses(void)
{
	const uint64_t user = BIT(KPF_LRU) | BIT(KPF_UNEVICTABLE);
	unsigned long anon = 0, mapped = 0, shmem = 0, cache = 0;

	expect_equal(count(KPF_BUDDY), number_in(vmstat, "nr_free_pages"));
	if (is_pagoda()) /* Linux counts large kmalloc()s as slabs, too */
		expect_equal(count(KPF_SLAB), number_in(vmstat, "nr_slab_reclaimable") +
						      number_in(vmstat, "nr_slab_unreclaimable"));
	expect_equal(count(KPF_PGTABLE), number_in(vmstat, "nr_page_table_pages"));
	for (size_t i = 0; i < frames; i++) {
		if (!frame_is(i, KPF_MMAP) != !frame_mapped[i])
			fail("frame %zu: mapped %lu times, flags %lx", i, (long)frame_mapped[i],
			     (long)frame_flags[i]);
		if (!(frame_flags[i] & user) || frame_is(i, KPF_SLAB))
			continue;
		if (frame_is(i, KPF_ANON)) {
			anon += frame_mapped[i] > 0;
			continue;
		}
		mapped += frame_mapped[i] > 0;
		cache++;
		shmem += frame_is(i, KPF_SWAPBACKED) && !frame_is(i, KPF_SWAPCACHE);
	}
	cache += count_like(BIT(KPF_ANON) | BIT(KPF_SWAPCACHE), 0); /* counted as pages of files */
	expect_equal(count(KPF_SWAPCACHE), number_in(vmstat, "nr_swapcached"));
	/* Linux's sums of CPUs' differences may be off by a few. */
	expect_between(number_in(vmstat, "nr_anon_pages"), anon - !is_pagoda() * 4,
		       anon + !is_pagoda() * 4);
	expect_equal(shmem, number_in(vmstat, "nr_shmem"));
	expect_equal(cache, number_in(vmstat, "nr_file_pages"));
	if (is_pagoda()) { /* Linux's vDSO is mapped without being in any cache */
		expect_equal(mapped, number_in(vmstat, "nr_mapped"));
		expect_equal(count(KPF_MLOCKED), number_in(vmstat, "nr_mlock"));
		/* A frame has one use. */
		expect_equal(count_like(BIT(KPF_BUDDY) | BIT(KPF_LRU), 0), 0);
		expect_equal(count_like(BIT(KPF_BUDDY) | BIT(KPF_CPU_LIST), 0), 0);
		expect_equal(count_like(BIT(KPF_SLAB) | BIT(KPF_PGTABLE), 0), 0);
		expect_equal(count_like(BIT(KPF_RESERVED) | BIT(KPF_LRU), 0), 0);
		expect_equal(count(KPF_ZERO_PAGE), 1);
	}
}

static void frames_add_up(void)
{
	take_picture();
	audit_uses();
	audit_zones();
}

/* --- processes --- */

struct sums { /* pages; pss in 4096ths of a byte */
	unsigned long rss, anon, file, shmem;
	unsigned long shared_clean, shared_dirty, private_clean, private_dirty;
	unsigned long swap;
	unsigned long lazy; /* MADV_FREE: dirty if written since, which only the entry says */
	unsigned long long pss, pss_dirty, locked, swap_pss;
};

static uint32_t *named; /* by frame: entries of all page tables that name it */

/* The same of slots in swap, by area: more and larger ones than the test machines have. */
#define AREAS 4
#define SLOTS (1U << 15)
static uint16_t (*slot_named)[SLOTS];

static uint16_t *names_of(uint64_t entry)
{
	const uint64_t area = entry & 31, slot = (entry & PM_FRAME) >> 5;

	if (!slot_named || area >= AREAS || slot >= SLOTS)
		fail("slot %lu of area %lu: larger than what this test knows", (long)slot,
		     (long)area);
	return &slot_named[area][slot];
}

static void add_frame(struct sums *s, uint64_t entry, bool locked)
{
	const uint64_t frame = entry & PM_FRAME;
	bool anon, dirty;

	if (entry & PM_SWAPPED) {
		expect(!(entry & PM_PRESENT) && *names_of(entry) > 0);
		s->swap++;
		s->swap_pss += (4096ULL << 12) / *names_of(entry);
	}
	if (!(entry & PM_PRESENT))
		return;
	expect(frame < frames);
	if (!frame_mapped[frame]) { /* the zero page, bare frames: nobody's */
		expect(frame_is(frame, KPF_ZERO_PAGE) || frame_is(frame, KPF_RESERVED));
		return;
	}
	named[frame]++;
	anon = frame_is(frame, KPF_ANON);
	expect_equal(!!(entry & PM_FILE), !anon);
	expect_equal(!!(entry & PM_EXCLUSIVE), frame_mapped[frame] == 1);
	s->lazy += anon && !frame_is(frame, KPF_SWAPBACKED);
	/* What has a slot may be as it stands there. */
	dirty = frame_is(frame, KPF_DIRTY) ||
		(anon && frame_is(frame, KPF_SWAPBACKED) && !frame_is(frame, KPF_SWAPCACHE));
	s->rss++;
	*(anon ? &s->anon : frame_is(frame, KPF_SWAPBACKED) ? &s->shmem : &s->file) += 1;
	*(frame_mapped[frame] > 1 ? dirty ? &s->shared_dirty : &s->shared_clean
	  : dirty                 ? &s->private_dirty
				  : &s->private_clean) += 1;
	s->pss += (4096ULL << 12) / frame_mapped[frame];
	if (dirty)
		s->pss_dirty += (4096ULL << 12) / frame_mapped[frame];
	if (locked)
		s->locked += (4096ULL << 12) / frame_mapped[frame];
}

/* A figure of the area whose text begins here, in kB. */
static unsigned long long kb_of(int pid, const char *area, const char *key)
{
	const char *end = strstr(area, "\nVmFlags:"), *at;
	char line[32];

	snprintf(line, sizeof(line), "\n%s:", key);
	at = strstr(area, line);
	if (!at || (end && at > end))
		fail("pid %d: smaps has no %s in %.40s", pid, key, area);
	return strtoull(at + strlen(line), NULL, 10);
}

static bool has_flag(const char *area, const char *flag)
{
	const char *flags = strstr(area, "\nVmFlags:") + 1;

	return memmem(flags, strcspn(flags, "\n"), flag, strlen(flag));
}

static void expect_kb(int pid, const char *area, const char *key, unsigned long long kb)
{
	if (kb_of(pid, area, key) != kb)
		fail("pid %d: %s is %lld kB in smaps, %llu by frames, in %.60s", pid, key,
		     kb_of(pid, area, key), kb, area);
}

/* Private, and of no file? */
static bool is_anonymous(const char *area)
{
	unsigned long inode;

	expect(sscanf(area, "%*s %*s %*s %*s %lu", &inode) == 1);
	return inode == 0 && !has_flag(area, " sh ");
}

static void expect_area(int pid, const char *area, const struct sums *s)
{
	expect_kb(pid, area, "Rss", s->rss * 4);
	expect_kb(pid, area, "Pss", s->pss >> 22);
	expect_kb(pid, area, "Anonymous", s->anon * 4);
	expect_kb(pid, area, "Locked", s->locked >> 22);
	if (is_anonymous(area)) { /* else what its file has in swap is told, too */
		expect_kb(pid, area, "Swap", s->swap * 4);
		expect_kb(pid, area, "SwapPss", s->swap_pss >> 22);
	}
	if (has_flag(area, " sh ") || s->lazy) {
		/* What was written through this mapping only its entries say: audit-dirty looks. */
		expect_equal(kb_of(pid, area, "Shared_Clean") + kb_of(pid, area, "Shared_Dirty"),
			     (s->shared_clean + s->shared_dirty) * 4);
		expect_equal(kb_of(pid, area, "Private_Clean") + kb_of(pid, area, "Private_Dirty"),
			     (s->private_clean + s->private_dirty) * 4);
		expect(kb_of(pid, area, "Pss_Dirty") >= s->pss_dirty >> 22);
		return;
	}
	expect_kb(pid, area, "Pss_Dirty", s->pss_dirty >> 22);
	expect_kb(pid, area, "Shared_Clean", s->shared_clean * 4);
	expect_kb(pid, area, "Shared_Dirty", s->shared_dirty * 4);
	expect_kb(pid, area, "Private_Clean", s->private_clean * 4);
	expect_kb(pid, area, "Private_Dirty", s->private_dirty * 4);
}

/* Have pages been taken out of page tables? */
static bool reclaimed(void)
{
	return number_in(vmstat, "pgscan_anon") + number_in(vmstat, "pgscan_file") +
		       number_in(vmstat, "pswpout") >
	       0;
}

/* Page tables that the entries need, by 2 MiB, 1 GiB and 512 GiB of addresses. */
struct tables {
	uintptr_t last[3];
	unsigned long n;
};

static void add_tables(struct tables *t, uintptr_t address)
{
	for (int level = 0; level < 3; level++) {
		uintptr_t at = (address >> (21 + 9 * level)) + 1;

		t->n += t->last[level] != at;
		t->last[level] = at;
	}
}

static void add_sums(struct sums *to, const struct sums *s)
{
	for (unsigned i = 0; i < offsetof(struct sums, pss) / sizeof(long); i++)
		((unsigned long *)to)[i] += ((const unsigned long *)s)[i];
	to->pss += s->pss;
}

static int open_of(int pid, const char *name)
{
	char file[64];

	snprintf(file, sizeof(file), "/proc/%d/%s", pid, name);
	return open(file, O_RDONLY);
}

/* Of the process that is looked at; this one's memory is locked, so there is one of each. */
static char areas_text[TEXT]; /* maps, or smaps */
static uint64_t entries[1 << 12];

/* Who names which slots: to be known of all before one can be looked at. */
static void count_names(int pid)
{
	const int maps_fd = open_of(pid, "maps"), pagemap = open_of(pid, "pagemap");
	const size_t step = sizeof(entries) / sizeof(entries[0]) * page_size;
	uintptr_t start, end;

	expect(maps_fd >= 0 && pagemap >= 0);
	for (char *line = read_fd(maps_fd, areas_text); line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &start, &end) != 2)
			break;
		for (uintptr_t at = start; at < end; at += step) {
			const uintptr_t stop = end - at < step ? end : at + step;

			read_pagemap(pagemap, at, stop, entries);
			for (size_t i = 0; i < (stop - at) / page_size; i++)
				if (entries[i] & PM_SWAPPED)
					++*names_of(entries[i]);
		}
	}
	close(maps_fd);
	close(pagemap);
}

/* smaps, status and the page tables of one process. False: it has no memory, or is gone. */
static bool audit_process(int pid, struct sums *total, unsigned long *vm_pte)
{
	static char status[TEXT];
	const int smaps_fd = open_of(pid, "smaps"), pagemap = open_of(pid, "pagemap");
	const int status_fd = open_of(pid, "status");
	struct tables tables = {};
	uintptr_t start, end;

	memset(total, 0, sizeof(*total));
	expect(smaps_fd >= 0 && pagemap >= 0 && status_fd >= 0);
	read_fd(smaps_fd, areas_text);
	read_fd(status_fd, status);
	for (char *area = areas_text; area && *area; area = strstr(area, "\nVmFlags:")) {
		struct sums s = {};
		bool locked;

		if (area != areas_text)
			area = strchr(area + 1, '\n') + 1;
		if (sscanf(area, "%" SCNxPTR "-%" SCNxPTR, &start, &end) != 2)
			break;
		expect(strstr(area, "VmFlags:") != NULL);
		locked = has_flag(area, " lo ");
		for (uintptr_t at = start; at < end; at += sizeof(entries) / 8 * page_size) {
			uintptr_t stop = at + sizeof(entries) / 8 * page_size;

			stop = stop < end ? stop : end;
			read_pagemap(pagemap, at, stop, entries);
			for (size_t i = 0; i < (stop - at) / page_size; i++) {
				if (entries[i] & (PM_PRESENT | PM_SWAPPED))
					add_tables(&tables, at + i * page_size);
				add_frame(&s, entries[i], locked);
			}
		}
		expect_area(pid, area, &s);
		add_sums(total, &s);
	}
	close(smaps_fd);
	close(pagemap);
	close(status_fd);
	if (!strstr(status, "VmRSS:"))
		return false;
	*vm_pte = number_in(status, "VmPTE");
	/* Elsewhere tables have other sizes, or are kept longer; reclaim leaves them empty. */
	if (sizeof(long) == 8 &&
	    (is_pagoda() && !reclaimed() ? *vm_pte != tables.n * 4 : *vm_pte < tables.n * 4))
		fail("pid %d: VmPTE is %lu kB, %lu tables are needed", pid, *vm_pte, tables.n);
	if (is_pagoda()) { /* Linux's counts may lag behind by 64 pages a thread */
		expect_equal(number_in(status, "VmRSS"), total->rss * 4);
		expect_equal(number_in(status, "RssAnon"), total->anon * 4);
		expect_equal(number_in(status, "RssFile"), total->file * 4);
		expect_equal(number_in(status, "RssShmem"), total->shmem * 4);
		expect_equal(number_in(status, "VmSwap"), total->swap * 4);
	}
	return true;
}

static int is_number(const struct dirent *entry)
{
	return entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
}

/* Slots that processes name, and all that are in use. */
static void audit_slots(void)
{
	unsigned long in_use = 0;

	for (unsigned i = 0; slot_named && i < AREAS * SLOTS; i++)
		in_use += slot_named[i / SLOTS][i % SLOTS] > 0;
	/* Files in memory have some, too, and pages that are back keep theirs while they are clean. */
	expect(in_use * 4 <= (unsigned long)(read_number("/proc/meminfo", "SwapTotal") -
					     read_number("/proc/meminfo", "SwapFree")));
}

static void *new_table(size_t size)
{
	return must(mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
}

/* Every entry that names a frame is found in some process, and every process adds up. */
static void processes_add_up(void)
{
	unsigned long vm_pte, all_pte = 0, spaces = 0;
	struct dirent **list;
	struct sums total;
	int n;

	open_files();
	if (!named) {
		named = new_table(frames * sizeof(*named));
		if (read_number("/proc/meminfo", "SwapTotal"))
			slot_named = new_table(AREAS * sizeof(*slot_named));
	}
	memset(named, 0, frames * sizeof(*named));
	if (slot_named)
		memset(slot_named, 0, AREAS * sizeof(*slot_named));
	n = scandir("/proc", &list, is_number, NULL);
	expect(n > 0);
	take_picture();
	for (int i = 0; i < n; i++)
		count_names(atoi(list[i]->d_name));
	for (int i = 0; i < n; i++) {
		if (!audit_process(atoi(list[i]->d_name), &total, &vm_pte))
			continue;
		spaces++;
		all_pte += vm_pte;
	}
	for (size_t i = 0; i < frames; i++)
		if (named[i] != frame_mapped[i] && (is_pagoda() || frame_is(i, KPF_LRU)))
			fail("frame %zu: %u entries found, %lu counted; flags %lx", i, named[i],
			     (long)frame_mapped[i], (long)frame_flags[i]);
	audit_slots();
	/* Page tables: those of the programs, a root for each, and what the kernel has for itself. */
	if (is_pagoda()) /* Linux counts but the lowest level */
		expect(all_pte / 4 + spaces <= count(KPF_PGTABLE));
	free(list);
}

/* --- the cases --- */

static void frames_under_load(void)
{
	load_start();
	frames_add_up();
}

static void processes_under_load(void)
{
	processes_add_up();
}

/* All that the load had is back, and still everything adds up. */
static void afterwards(void)
{
	load_stop();
	usleep(100000);
	frames_add_up();
	processes_add_up();
}

static char *written;

static void write_some(void)
{
	for (int i = 0; i < 10; i++)
		written[i * page_size] = 1;
	for (int i = 10; i < 15; i++)
		(void)*(volatile char *)(written + i * page_size);
	load_wait();
}

/* Pages of a shared area: dirty for who wrote them, and for all once he has gone. */
static void written_by_another(void)
{
	unsigned long dirty = 0, there = 0;
	uint64_t entries[30];
	struct sums total;
	unsigned long vm_pte;
	pid_t pid;

	must(munlockall());
	written = load_map(30, MAP_SHARED | MAP_ANONYMOUS, -1);
	pid = load_child(write_some);
	expect_equal(smaps_number(pid, written, "Private_Dirty"), 40);
	expect_equal(smaps_number(pid, written, "Private_Clean"),
		     smaps_number(pid, written, "Rss") - 40);
	load_stop();
	for (int i = 0; i < 15; i++)
		(void)*(volatile char *)(written + i * page_size);
	take_picture();
	audit_process(getpid(), &total, &vm_pte);

	int fd = must(open("/proc/self/pagemap", O_RDONLY));

	read_pagemap(fd, (uintptr_t)written, (uintptr_t)written + 30 * page_size, entries);
	close(fd);
	for (int i = 0; i < 30; i++) {
		there += !!(entries[i] & PM_PRESENT);
		dirty += entries[i] & PM_PRESENT && frame_is(entries[i] & PM_FRAME, KPF_DIRTY);
	}
	expect(there >= 15);
	expect_equal(dirty, 10);
	expect_equal(smaps_number(0, written, "Private_Dirty"), 40);
}

static void odd_offsets(void)
{
	int fd = must(open("/proc/kpageflags", O_RDONLY));
	uint64_t word;

	expect_errno(pread(fd, &word, 8, 4), EINVAL);
	expect_errno(pread(fd, &word, 7, 0), EINVAL);
	open_files();
	expect_equal(must(pread(fd, &word, 8, frames * 8)), 0);
	expect_equal(must(pread(fd, &word, 8, 1ULL << 50)), 0);
	close(fd);
	fd = must(open("/proc/self/pagemap", O_RDONLY));
	expect_errno(pread(fd, &word, 8, 4), EINVAL);
	expect_errno(pread(fd, &word, 7, 0), EINVAL);
	expect_equal(must(pread(fd, &word, 8, 1ULL << 50)), 0);
	close(fd);
}

int main(void)
{
	run("audit-offsets", odd_offsets);
	run("audit-frames", frames_add_up);
	run("audit-processes", processes_add_up);
	run("audit-frames-load", frames_under_load);
	run("audit-processes-load", processes_under_load);
	run("audit-afterwards", afterwards);
	run("audit-dirty", written_by_another);
	load_stop();
	return finish();
}
