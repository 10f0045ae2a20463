/*
 * RAM: a file in memory, mapped at DIRECT_MAP_BASE plus the physical address.
 *
 *     direct map   | RAM, node 0 |  hole: traps  | RAM, node 1 | kernel's root | ...
 *     memory file  |             |               |             |               |
 *
 * HIGHMEM is in the file but not in the direct map, so that a touch traps; it is mapped a
 * second time in a view of its own, the bus, where only what the MMU has translated goes.
 *
 * Being a file, a frame can be mapped a second time where the kernel's page tables
 * put it (vmalloc).  Holes cost nothing: neither in the file nor in the
 * mapping nor in mem_map, which is reserved whole and made accessible for frames that
 * exist.
 */
#define _GNU_SOURCE
#include "lib/assert.h"
#include "mm/frame/page.h"
#include "soft_int.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct ram_map ram_map;
u64 ram_end;

static int ram_file;

static void *map_at(unsigned long va, u64 bytes, int prot, int flags, int file, u64 offset)
{
	void *at = mmap((void *)va, bytes, prot, flags, file, offset);

	if (at != (void *)va)
		panic("soft: cannot map %llu bytes at %#lx: %s", (unsigned long long)bytes, va,
		      strerror(errno));
	return at;
}

static void reserve(unsigned long va, u64 bytes)
{
	map_at(va, bytes, PROT_NONE,
	       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
}

static void map_ram(unsigned long base, u64 start, u64 end)
{
	if (start < end)
		map_at(base + start, end - start, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		       ram_file, start);
}

#if MACHINE_HAS_HIGHMEM
pfn_t soft_high_pfn;

/* Draw the line: where it is, in bytes. */
static u64 high_line(const struct soft_config *config)
{
	u64 line = config->high_start ? config->high_start : 896ULL << 20;

	BUG_ON(!IS_ALIGNED(line, PAGE_SIZE) || line <= (u64)ZONE_DMA_END_PFN << PAGE_SHIFT);
	soft_high_pfn = line >> PAGE_SHIFT;
	reserve(BUS_BASE, ram_end);
	return line;
}
#else
static u64 high_line(const struct soft_config *config)
{
	BUG_ON(config->high_start);
	return ~0ULL;
}
#endif

static void map_range(const struct ram_range *range, u64 line)
{
	u64 start = range->start.v, end = start + range->bytes;

	map_ram(DIRECT_MAP_BASE, start, min(end, line));
	map_ram(BUS_BASE, max(start, line), end);
}

static int by_address(const void *a, const void *b)
{
	const struct ram_range *x = a, *y = b;

	return x->start.v < y->start.v ? -1 : x->start.v > y->start.v;
}

static void describe(const struct soft_config *config)
{
	static const struct soft_ram usual[] = {{0, 64 << 20, 0}, {0}};
	const struct soft_ram *ram = config->ram[0].bytes ? config->ram : usual;

	for (; ram_map.ranges < RAM_MAP_RANGES && ram->bytes; ram++) {
		BUG_ON(!IS_ALIGNED(ram->start | ram->bytes, PAGE_SIZE));
		BUG_ON(ram->node < 0 || ram->node >= MAX_NUMNODES);
		ram_map.range[ram_map.ranges++] = (struct ram_range){.start = PHYS(ram->start),
								     .bytes = ram->bytes,
								     .kind = RAM_USABLE,
								     .node = ram->node};
		ram_map.nodes = max(ram_map.nodes, ram->node + 1u);
		ram_end = max(ram_end, ram->start + ram->bytes);
	}
	qsort(ram_map.range, ram_map.ranges, sizeof(ram_map.range[0]), by_address);
	ram_map.nodes = max(ram_map.nodes, config->nodes);
	for (unsigned a = 0; a < MAX_NUMNODES; a++)
		for (unsigned b = 0; b < MAX_NUMNODES; b++)
			ram_map.distance[a][b] = config->distance[a][b] ? config->distance[a][b]
						 : a == b               ? 10
									: 20;
	BUG_ON(ram_end + PAGE_SIZE > DIRECT_MAP_BYTES);
}

void ram_init(const struct soft_config *config)
{
	pfn_t root;
	u64 line;

	describe(config);
	ram_file = memfd_create("pagoda-ram", MFD_CLOEXEC);
	if (ram_file < 0 || ftruncate(ram_file, ram_end + PAGE_SIZE))
		panic("soft: no memory file of %llu bytes: %s", (unsigned long long)ram_end,
		      strerror(errno));
	reserve(DIRECT_MAP_BASE, ram_end + PAGE_SIZE);
	reserve(VMALLOC_START, VMALLOC_END + 1 - VMALLOC_START);
	reserve(MODULES_START, MODULES_END + 1 - MODULES_START);
	root = ram_end >> PAGE_SHIFT;
	reserve(MEM_MAP_BASE,
		ALIGN_UP((root + 1) * sizeof(struct page), (u64)sysconf(_SC_PAGESIZE)));
	line = high_line(config);
	for (unsigned i = 0; i < ram_map.ranges; i++)
		map_range(&ram_map.range[i], line);
	map_ram(DIRECT_MAP_BASE, ram_end, ram_end + PAGE_SIZE); /* never HIGHMEM */
	machine_map_mem_map(root, root + 1, 0);
	soft_kernel_root = pfn_to_virt(root);
}

void machine_map_mem_map(pfn_t start, pfn_t end, int node)
{
	unsigned long host_page = sysconf(_SC_PAGESIZE);
	unsigned long first = ALIGN_DOWN((unsigned long)pfn_to_page(start), host_page);
	unsigned long last = ALIGN_UP((unsigned long)pfn_to_page(end), host_page);

	if (mprotect((void *)first, last - first, PROT_READ | PROT_WRITE))
		panic("soft: no mem_map for frames %#lx-%#lx: %s", start, end, strerror(errno));
}

void ram_map_alias(unsigned long va, pfn_t pfn, bool writable)
{
	map_at(va, PAGE_SIZE, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED | MAP_FIXED,
	       ram_file, (u64)pfn << PAGE_SHIFT);
}

void ram_unmap_alias(unsigned long va, unsigned long bytes)
{
	map_at(va, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
	       0);
}
