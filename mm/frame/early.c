/*
 * Early memory: what is allocated before there is an allocator.
 *
 * The firmware's map says where RAM is; a table of reservations, sorted by
 * address, says which of it is spoken for.  A request takes the lowest
 * gap that serves -- above 16 MiB, so that the little memory old devices can
 * reach stays free, and only without any there, below.  Nothing is given back
 * one by one; frame_init() hands all gaps to the buddy system and from then on
 * only free_reserved_range() changes the table.
 *
 *   RAM   |#kernel#|                 16M |#page tables#|#mem_map#|            |#initrd#|
 *                                                       next request here ^
 *
 * Reservations that touch and have the same name are one entry, so the table
 * stays short.
 *
 * Locking: none; the boot CPU alone runs.  Failure: panic, for a machine that cannot hold
 * its own tables cannot go on.
 */
#include "mm/frame/early.h"

#include "lib/string.h"

#define MAX_RESERVATIONS 128

struct reservation {
	u64 start, end; /* bytes */
	const char *what;
};

static struct reservation table[MAX_RESERVATIONS]; /* by address, disjoint */
static unsigned entries;

static void insert_at(unsigned n, struct reservation r)
{
	if (entries == MAX_RESERVATIONS)
		panic("early memory: more than %u reservations", MAX_RESERVATIONS);
	memmove(&table[n + 1], &table[n], (entries - n) * sizeof(table[0]));
	table[n] = r;
	entries++;
}

static void remove_at(unsigned n)
{
	entries--;
	memmove(&table[n], &table[n + 1], (entries - n) * sizeof(table[0]));
}

/* Add what of [r.start, r.end) is not reserved yet. */
void early_reserve(phys_addr_t start, u64 bytes, const char *what)
{
	struct reservation r = {start.v, start.v + bytes, what};
	unsigned n = 0;

	while (n < entries && table[n].end < r.start)
		n++;
	/* table[n] is the first that ends at or behind r's start. */
	while (r.start < r.end) {
		struct reservation *old = &table[n];

		if (n == entries || old->start > r.end) {
			insert_at(n, r);
			return;
		}
		if (old->end == r.start && strcmp(old->what, what) == 0) {
			/* Grow it, as far as the next one. */
			u64 limit = n + 1 < entries ? min(r.end, table[n + 1].start) : r.end;

			old->end = max(limit, old->end);
			r.start = old->end;
			n++;
		} else if (old->start == r.end && strcmp(old->what, what) == 0) {
			old->start = r.start;
			return;
		} else if (old->start > r.start) {
			struct reservation gap = {r.start, min(old->start, r.end), what};

			insert_at(n, gap);
			r.start = gap.end;
			n++;
		} else {
			r.start = max(r.start, old->end);
			n++;
		}
	}
}

void early_unreserve(u64 start, u64 end)
{
	for (unsigned n = 0; n < entries; n++) {
		struct reservation *r = &table[n];

		if (r->end <= start || r->start >= end)
			continue;
		if (r->start < start && r->end > end) {
			struct reservation tail = {end, r->end, r->what};

			r->end = start;
			insert_at(n + 1, tail);
			return;
		}
		if (r->start < start) {
			r->end = start;
		} else if (r->end > end) {
			r->start = end;
		} else {
			remove_at(n);
			n--;
		}
	}
}

bool early_reservation(unsigned n, phys_addr_t *start, u64 *bytes, const char **what)
{
	if (n >= entries)
		return false;
	*start = PHYS(table[n].start);
	*bytes = table[n].end - table[n].start;
	*what = table[n].what;
	return true;
}

bool early_free_gap(u64 from, u64 to, u64 *start, u64 *end)
{
	for (unsigned n = 0; n < entries && from < to; n++) {
		if (table[n].end <= from)
			continue;
		if (table[n].start > from) {
			*start = from;
			*end = min(to, table[n].start);
			return true;
		}
		from = table[n].end;
	}
	*start = from;
	*end = to;
	return from < to;
}

/* The lowest place for `bytes` within [from, to) of the node's RAM (any node: -1), or 0. */
static u64 find_place(u64 bytes, u64 align, int node, u64 from, u64 to)
{
	for (unsigned i = 0; i < ram_map.ranges; i++) {
		const struct ram_range *range = &ram_map.range[i];

		if (range->kind != RAM_USABLE || (node >= 0 && range->node != node))
			continue;

		u64 at = max(range->start.v, from);
		u64 end = min(range->start.v + range->bytes, to);
		u64 gap_start, gap_end;

		while (at < end && early_free_gap(at, end, &gap_start, &gap_end)) {
			u64 place = ALIGN_UP(gap_start, align);

			if (place < gap_end && gap_end - place >= bytes)
				return place;
			at = gap_end;
		}
	}
	return 0;
}

/* Sizes are rounded up to cache lines, so that small ones leave no gaps in the table. */
#define LINE 64

static void *take(u64 place, size_t bytes)
{
	void *va = phys_to_virt(PHYS(place));

	early_reserve(PHYS(place), bytes, "Kernel early data");
	memset(va, 0, bytes);
	return va;
}

/* Below this, memory is left to those who can use no other. */
#define LOW_END ((u64)ZONE_DMA_END_PFN << PAGE_SHIFT)
/* Above this, the kernel cannot see it without a window. */
#if MACHINE_HAS_HIGHMEM
#define HIGH_END ((u64)ZONE_NORMAL_END_PFN << PAGE_SHIFT)
#else
#define HIGH_END (~0ULL)
#endif
/* Physical address 0 means "none"; nothing is placed in the first page. */
#define LOWEST ((u64)PAGE_SIZE)

void *early_alloc(size_t bytes, size_t align, int node)
{
	bytes = ALIGN_UP(bytes, LINE);

	u64 place = find_place(bytes, align, node, LOW_END, HIGH_END);

	if (!place)
		place = find_place(bytes, align, node, LOWEST, HIGH_END);
	if (!place && node >= 0)
		return early_alloc(bytes, align, -1);
	if (!place)
		panic("early memory: no %lu bytes", (unsigned long)bytes);
	return take(place, bytes);
}

void *early_alloc_below(size_t bytes, size_t align, phys_addr_t limit)
{
	u64 place = 0;

	bytes = ALIGN_UP(bytes, LINE);
	if (limit.v > LOW_END)
		place = find_place(bytes, align, -1, LOW_END, limit.v);
	if (!place)
		place = find_place(bytes, align, -1, LOWEST, limit.v);
	if (!place)
		panic("early memory: no %lu bytes below %#llx", (unsigned long)bytes,
		      (unsigned long long)limit.v);
	return take(place, bytes);
}
