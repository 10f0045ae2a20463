/*
 * The map of RAM, from what firmware says to what mm/frame may trust.
 *
 * Firmware's list may be unsorted and overlap.  All bounds are sorted into a row
 * of points; between two neighbouring points nothing changes, so each such
 * stretch gets the worst kind that any entry claims for it (usable only if
 * nobody objects), and equal neighbours are joined:
 *
 *   entries    usable   |------------------------|
 *              reserved               |-----|
 *   points              |             |     |    |
 *   result              |   usable    | res | us.|
 *
 * Usable stretches shrink to whole pages.  Then mem= cuts the top off, SRAT or
 * numa=fake= gives nodes to usable ranges, splitting them where nodes meet.
 * Only the boot CPU, before any lock exists.
 */
#include "arch/x86/common/internal.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/boot.h"

struct ram_map ram_map;

static struct {
	u64 start, end;
	enum ram_kind kind;
} raw[RAM_MAP_RANGES];
static unsigned nr_raw;

void ram_add(u64 start, u64 end, enum ram_kind kind)
{
	if (nr_raw < ARRAY_SIZE(raw)) {
		raw[nr_raw].start = start;
		raw[nr_raw].end = end;
		raw[nr_raw++].kind = kind;
	}
}

/* How much a kind objects to the memory's use. */
static unsigned badness(enum ram_kind kind)
{
	static const u8 order[] = {0, 1, 4, 2, 3, 5};

	return order[kind];
}

static enum ram_kind kind_of(u64 start, u64 end)
{
	enum ram_kind kind = 0;

	for (unsigned i = 0; i < nr_raw; i++)
		if (raw[i].start <= start && raw[i].end >= end &&
		    badness(raw[i].kind) > badness(kind))
			kind = raw[i].kind;
	return kind;
}

static void append(u64 start, u64 end, enum ram_kind kind)
{
	if (kind == 0 || start >= end)
		return;
	if (ram_map.ranges) {
		struct ram_range *last = &ram_map.range[ram_map.ranges - 1];

		if (last->kind == kind && last->start.v + last->bytes == start) {
			last->bytes += end - start;
			return;
		}
	}
	if (ram_map.ranges == RAM_MAP_RANGES)
		return; /* the rest stays unused */
	ram_map.range[ram_map.ranges++] =
		(struct ram_range){.start = PHYS(start), .bytes = end - start, .kind = kind};
}

static void remove_range(unsigned i)
{
	memmove(&ram_map.range[i], &ram_map.range[i + 1],
		(--ram_map.ranges - i) * sizeof(ram_map.range[0]));
}

/* Usable memory ends at `limit`; where it begins to be unusable the map ends. */
static void cut_at(u64 limit)
{
	for (unsigned i = 0; i < ram_map.ranges;) {
		struct ram_range *r = &ram_map.range[i];

		if (r->kind == RAM_USABLE && r->start.v >= limit) {
			remove_range(i);
			continue;
		}
		if (r->kind == RAM_USABLE && r->start.v + r->bytes > limit)
			r->bytes = limit - r->start.v;
		i++;
	}
}

static void trim_to_pages(void)
{
	for (unsigned i = 0; i < ram_map.ranges;) {
		struct ram_range *r = &ram_map.range[i];
		u64 start = ALIGN_UP(r->start.v, PAGE_SIZE);
		u64 end = ALIGN_DOWN(r->start.v + r->bytes, PAGE_SIZE);

		if (r->kind == RAM_USABLE) {
			if (start >= end) {
				remove_range(i);
				continue;
			}
			r->start = PHYS(start);
			r->bytes = end - start;
		}
		i++;
	}
}

static u64 usable_bytes(void)
{
	u64 bytes = 0;

	for (unsigned i = 0; i < ram_map.ranges; i++)
		if (ram_map.range[i].kind == RAM_USABLE)
			bytes += ram_map.range[i].bytes;
	return bytes;
}

/* Each MiB costs low memory 8 KiB of descriptors: that much makes them half of it soon. */
#define HIGH_MEMORY_IS_MUCH (16ULL << 30)

/* Cut at `limit`, which is one of the machine's or its user's, and say so. */
static void cut_and_warn(u64 limit)
{
	const u64 all = usable_bytes();
	u64 used;

	cut_at(limit);
	used = usable_bytes();
	if (used < all)
		pr_warn("Only %llu MiB of %llu MiB of RAM are used: the limit is 0x%llx%s\n",
			(unsigned long long)used >> 20, (unsigned long long)all >> 20,
			(unsigned long long)limit,
			limit < MACHINE_RAM_LIMIT ? "" : ", as far as page tables reach");
	if (MACHINE_RAM_LIMIT > LOW_MEMORY_END && used > HIGH_MEMORY_IS_MUCH)
		pr_warn("More than 16 GiB of RAM: their descriptors leave little low memory\n");
}

static u64 highest_usable(void)
{
	u64 end = 0;

	for (unsigned i = 0; i < ram_map.ranges; i++)
		if (ram_map.range[i].kind == RAM_USABLE)
			end = max(end, ram_map.range[i].start.v + ram_map.range[i].bytes);
	return end;
}

#define LOW_MEMORY_LEAST (16ULL << 20)
#define LOW_MEMORY_STEP  (4ULL << 20) /* a large page of either kind */

/*
 * "highmem=SIZE": exactly so much memory beyond the direct map, as on Linux. The direct map ends
 * earlier if there would be less, memory ends earlier if there would be more. Returns the limit.
 */
static u64 limit_of_highmem(u64 limit)
{
	const u64 top = min(limit, highest_usable());
	char text[24];
	u64 size, low;

	if (MACHINE_RAM_LIMIT <= LOW_MEMORY_END || !boot_option("highmem", text, sizeof(text)))
		return limit;
	size = ALIGN_DOWN((u64)parse_size(text, NULL), PAGE_SIZE);
	low = ALIGN_DOWN(top - min(size, top), LOW_MEMORY_STEP);
	if (size == 0 || low >= LOW_MEMORY_END)
		return min(limit, LOW_MEMORY_END + size);
	if (low < LOW_MEMORY_LEAST) {
		pr_warn("highmem=%s leaves less than 16 MiB of low memory, ignored\n", text);
		return limit;
	}
	set_low_memory_end(low);
	return min(limit, low + size);
}

void ram_map_build(void)
{
	static u64 point[2 * RAM_MAP_RANGES];
	u64 limit = min(1ULL << cpu_features.phys_bits, MACHINE_RAM_LIMIT);
	u64 least = ALIGN_UP((u64)(_end - _text), PAGE_SIZE) + 0x100000 + 0x100000;
	unsigned points = 0;
	char text[24];

	for (unsigned i = 0; i < nr_raw; i++) {
		point[points++] = raw[i].start;
		point[points++] = raw[i].end;
	}
	for (unsigned i = 1; i < points; i++) /* insertion sort: a few dozen */
		for (unsigned j = i; j > 0 && point[j - 1] > point[j]; j--)
			swap(point[j - 1], point[j]);
	for (unsigned i = 0; i + 1 < points; i++)
		append(point[i], point[i + 1], kind_of(point[i], point[i + 1]));
	trim_to_pages();

	if (boot_option("mem", text, sizeof(text))) {
		u64 mem = ALIGN_DOWN((u64)parse_size(text, NULL), PAGE_SIZE);

		if (mem >= least)
			limit = min(limit, mem);
		else
			pr_warn("mem=%s is less than the kernel needs, ignored\n", text);
	}
	cut_and_warn(limit_of_highmem(limit));
	ram_map.nodes = 1;
	ram_map.distance[0][0] = 10;
}

bool ram_is_usable(u64 start, u64 end)
{
	for (unsigned i = 0; i < ram_map.ranges && start < end; i++) {
		const struct ram_range *r = &ram_map.range[i];

		/* Nodes split ranges: go on where this one ends. */
		if (r->kind == RAM_USABLE && r->start.v <= start && start < r->start.v + r->bytes)
			start = r->start.v + r->bytes;
	}
	return start >= end;
}

bool ram_touches(u64 start, u64 end)
{
	for (unsigned i = 0; i < ram_map.ranges; i++) {
		const struct ram_range *r = &ram_map.range[i];

		if (r->kind == RAM_USABLE && r->start.v < end && start < r->start.v + r->bytes)
			return true;
	}
	return false;
}

/* Make `at` a border between ranges. False when there is no room for another one. */
static bool split_at(u64 at)
{
	for (unsigned i = 0; i < ram_map.ranges; i++) {
		struct ram_range *r = &ram_map.range[i];

		if (r->kind != RAM_USABLE || at <= r->start.v || at >= r->start.v + r->bytes)
			continue;
		if (ram_map.ranges == RAM_MAP_RANGES)
			return false;
		memmove(r + 1, r, (ram_map.ranges++ - i) * sizeof(*r));
		r->bytes = at - r->start.v;
		r[1].bytes -= r->bytes;
		r[1].start = PHYS(at);
		break;
	}
	return true;
}

void ram_set_node(u64 start, u64 end, int node)
{
	start = ALIGN_UP(start, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	if (start >= end || !split_at(start) || !split_at(end))
		return;
	for (unsigned i = 0; i < ram_map.ranges; i++) {
		struct ram_range *r = &ram_map.range[i];

		if (r->kind == RAM_USABLE && r->start.v >= start && r->start.v < end)
			r->node = node;
	}
}

/*
 * numa=fake=N: N nodes of equal memory; numa=fake=SIZE: nodes of that size.  Borders stand at
 * multiples of the largest buddy block.  The nodes are equally far, as they really are.
 */
void ram_fake_nodes(void)
{
	const u64 block = 4 << 20;
	u64 total = 0, size, given = 0;
	const char *end;
	char text[32];
	u64 number;
	int node = 0;

	if (!boot_option("numa", text, sizeof(text)) || strncmp(text, "fake=", 5) != 0)
		return;
	for (unsigned i = 0; i < ram_map.ranges; i++)
		if (ram_map.range[i].kind == RAM_USABLE)
			total += ram_map.range[i].bytes;
	number = parse_size(text + 5, &end);
	if (number == 0)
		return;
	size = number <= MAX_NUMNODES ? total / number : number;
	size = max(ALIGN_DOWN(size, block), block);

	for (unsigned i = 0; i < ram_map.ranges; i++) {
		struct ram_range *r = &ram_map.range[i];
		u64 border;

		if (r->kind != RAM_USABLE)
			continue;
		border = ALIGN_UP(r->start.v + (size - given), block);
		if (node < MAX_NUMNODES - 1 && border < r->start.v + r->bytes &&
		    (number > MAX_NUMNODES || node + 1 < (int)number))
			split_at(border);
		r->node = node;
		given += r->bytes;
		if (given >= size && node < MAX_NUMNODES - 1 &&
		    (number > MAX_NUMNODES || node + 1 < (int)number)) {
			node++;
			given = 0;
		}
	}
	if (given == 0 && node > 0)
		node--; /* the last border was the end of memory */
	ram_map.nodes = node + 1;
	for (int i = 0; i <= node; i++)
		for (int j = 0; j <= node; j++)
			ram_map.distance[i][j] = 10;
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
		cpu_node[cpu] = cpu % ram_map.nodes;
	pr_info("NUMA: %u fake nodes of %llu MiB\n", ram_map.nodes, (unsigned long long)size >> 20);
}
