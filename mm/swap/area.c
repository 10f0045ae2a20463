/*
 * Swap areas and their slots (SYSTEM.md S42).
 *
 * Which area.  Areas stand in order of priority; the first with a free slot gives it, and goes behind
 * those of its priority then: areas of equal priority take turns, page by page, so their disks
 * work at the same time.
 *
 *	order:  [prio 5: A B]  [prio 0: C]  [prio -2: D]     A, B, A, B, ... then C, then D
 *
 * Which slot.  Pages that leave together come back together, so slots are filled in
 * order, and where disks are fast, in order: an area is cut into clusters of 256 slots, and
 * who has filled one looks for an empty one before scattering pages over the holes of others.
 *
 *	bitmap      1111 1111 | 0000 0000 | 1101 0011 | ...       a bit for each slot
 *	in_cluster      8           0           5
 *
 * An area may want to be told what is free again: then a cluster that has become empty is given only when the disk
 * knows (discard.c), or when no other slot is free.
 *
 * A slot is taken while entries name it (refs) or a page is its copy (pfn); bad pages and the header
 * are taken for good.  refs is as wide as the number of entries there can be.
 *
 * Locks: swap_lock (the order, and which areas there are), then an area's.  Both under page-table
 * locks.  An area is found by its number without a lock: who has an entry that somebody keeps
 * (a table's lock, a page of the cache) knows that it cannot go.
 */
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/string.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include "mm/swap/swap_int.h"

static spinlock_t swap_lock = SPINLOCK_INIT(RANK_SWAP_AREAS);
static struct swap_area *areas[MAX_SWAP_AREAS]; /* (swap_lock) */
static LIST_HEAD(order);                        /* (swap_lock) open ones, best first */
static int lowest_priority = -1;                /* (swap_lock) given to one without */

static unsigned leaving;      /* (swap_lock) closed areas */
static u64 told_to_stay;      /* (swap_lock) ktime; 0: not */
#define STAY_NS 1000000000ULL /* how long that is waited for */

struct swap_area *swap_area_by_number(unsigned type)
{
	return READ_ONCE(areas[type]);
}

struct swap_area *swap_lock_area(unsigned type)
{
	struct swap_area *area;

	spin_lock(&swap_lock);
	area = areas[type];
	if (area)
		spin_lock(&area->lock);
	spin_unlock(&swap_lock);
	return area;
}

struct swap_area *swap_area_of(swp_entry_t entry)
{
	struct swap_area *area = READ_ONCE(areas[swp_type(entry)]);

	ASSERT(area && swp_slot(entry) > 0 && swp_slot(entry) < area->pages);
	return area;
}

/* ---- The order ---- */

/* (swap_lock) Behind all of its priority; or, if it is the first of them, before all lower. */
static void insert_in_order(struct swap_area *area)
{
	struct swap_area *other;

	list_for_each_entry (other, &order, order)
		if (other->priority < area->priority)
			break;
	list_add_tail(&area->order, &other->order);
}

static void take_turns(struct swap_area *area)
{
	list_del(&area->order);
	insert_in_order(area);
}

/* ---- Slots ---- */

static void mark_taken(struct swap_area *area, u32 slot)
{
	bitmap_set(area->taken, slot);
	area->in_cluster[slot / SWAP_CLUSTER]++;
	if (area->stale)
		bitmap_clear(area->stale, slot / SWAP_CLUSTER);
}

static bool is_stale(const struct swap_area *area, u32 cluster)
{
	return area->stale && bitmap_test(area->stale, cluster);
}

/* Where an empty cluster begins, from `from` on and round; or 0. */
static u32 empty_cluster(const struct swap_area *area, u32 from)
{
	const u32 n = swap_clusters(area), first = from / SWAP_CLUSTER;

	/* The first has the header and is never empty. */
	for (u32 i = 0; i < n; i++) {
		const u32 cluster = (first + i) % n;

		if (area->in_cluster[cluster] == 0 && !is_stale(area, cluster))
			return cluster * SWAP_CLUSTER;
	}
	return 0;
}

/* (area->lock) A free slot, or 0. */
static u32 find_slot(const struct swap_area *area)
{
	u32 slot = area->next;

	if (area->used + area->apart == area->good)
		return 0;
	/* On in the same cluster; else a new one; else what there is. */
	if (slot % SWAP_CLUSTER != 0) {
		const u32 end = min(ALIGN_UP(slot, SWAP_CLUSTER), area->pages);

		slot = (u32)bitmap_next_zero(area->taken, end, slot);
		if (slot < end)
			return slot;
	}
	slot = empty_cluster(area, slot % area->pages);
	if (slot)
		return slot;
	slot = (u32)bitmap_next_zero(area->taken, area->pages, area->next);
	if (slot == area->pages)
		slot = (u32)bitmap_next_zero(area->taken, area->pages, 0);
	ASSERT(slot < area->pages);
	return slot;
}

swp_entry_t swap_take_slot(struct page *page, u32 refs)
{
	swp_entry_t entry = {0};
	struct swap_area *area;

	spin_lock(&swap_lock);
	list_for_each_entry (area, &order, order) {
		struct swap_area *best = area;
		u32 slot;

		spin_lock(&best->lock);
		slot = find_slot(best);
		if (slot) {
			mark_taken(best, slot);
			best->used++;
			best->next = slot + 1;
			best->slot[slot] = (struct swap_slot){
				.refs = refs,
				.pfn = (u32)page_to_pfn(page),
				.index = page->index,
			};
			entry = swp_entry(best->type, slot);
			trace_swap_take(entry.v, page_to_pfn(page), 0, 0);
		}
		spin_unlock(&best->lock);
		if (slot) {
			take_turns(best);
			break;
		}
	}
	spin_unlock(&swap_lock);
	return entry;
}

void swap_release_slot(struct swap_area *area, u32 slot)
{
	ASSERT(bitmap_test(area->taken, slot));
	ASSERT(area->slot[slot].refs == 0 && area->slot[slot].pfn == 0);
	bitmap_clear(area->taken, slot);
	area->used--;
	if (--area->in_cluster[slot / SWAP_CLUSTER] == 0 && area->stale)
		swap_note_stale(area, slot / SWAP_CLUSTER);
	trace_swap_give(swp_entry(area->type, slot).v, 0, 0, 0);
}

static void add_name(swp_entry_t entry, u32 held)
{
	struct swap_area *area;
	struct swap_slot *slot;

	if (swp_is_lost(entry))
		return;
	area = swap_area_of(entry);
	slot = &area->slot[swp_slot(entry)];
	spin_lock(&area->lock);
	ASSERT(slot->refs || slot->pfn);
	slot->refs++;
	area->held += held;
	spin_unlock(&area->lock);
}

void swap_dup(swp_entry_t entry)
{
	add_name(entry, 0);
}

void swap_hold(swp_entry_t entry)
{
	add_name(entry, 1);
}

void swap_free(swp_entry_t entry)
{
	struct swap_area *area;
	struct swap_slot *slot;

	if (swp_is_lost(entry))
		return;
	area = swap_area_of(entry);
	slot = &area->slot[swp_slot(entry)];
	spin_lock(&area->lock);
	ASSERT(slot->refs);
	if (--slot->refs == 0 && !slot->pfn)
		swap_release_slot(area, swp_slot(entry));
	spin_unlock(&area->lock);
}

struct page *swap_free_last(swp_entry_t entry, u32 held)
{
	struct swap_area *area;
	struct swap_slot *slot;
	struct page *page = NULL;

	if (swp_is_lost(entry))
		return NULL;
	area = swap_area_of(entry);
	slot = &area->slot[swp_slot(entry)];
	spin_lock(&area->lock);
	ASSERT(slot->refs && area->held >= held);
	area->held -= held;
	if (--slot->refs == 0) {
		if (slot->pfn) {
			page = pfn_to_page(slot->pfn);
			get_page(page);
		} else {
			swap_release_slot(area, swp_slot(entry));
		}
	}
	spin_unlock(&area->lock);
	return page;
}

u32 swap_refs(swp_entry_t entry)
{
	if (swp_is_lost(entry))
		return 1;
	return READ_ONCE(swap_area_of(entry)->slot[swp_slot(entry)].refs);
}

swp_entry_t swap_next_used(unsigned type, u32 after)
{
	struct swap_area *area = areas[type];
	swp_entry_t entry = {0};

	spin_lock(&area->lock);
	for (u32 slot = after + 1; slot < area->pages && !entry.v; slot++) {
		slot = (u32)bitmap_next_set(area->taken, area->pages, slot);
		/* Bad pages are neither named nor anybody's copy. */
		if (slot < area->pages && (area->slot[slot].refs || area->slot[slot].pfn))
			entry = swp_entry(type, slot);
	}
	spin_unlock(&area->lock);
	return entry;
}

/* ---- Areas ---- */

static void free_area(struct swap_area *area)
{
	vfree(area->slot);
	vfree(area->taken);
	vfree(area->in_cluster);
	vfree(area->stale);
	kfree(area->extent);
	kfree(area->name);
	kfree(area);
}

/* Everything that takes memory; NULL without. */
static struct swap_area *new_area(const struct swap_header *header,
				  const struct swap_extent *extents, unsigned nr_extents,
				  const char *name, bool discards)
{
	struct swap_area *area = kzalloc(sizeof(*area), GFP_KERNEL);
	const size_t name_bytes = strlen(name) + 1;

	if (!area)
		return NULL;
	spin_lock_init(&area->lock, RANK_SWAP);
	area->pages = header->pages;
	area->nr_extents = nr_extents;
	area->next = 1;
	area->ahead_window = 1;
	area->slot = vzalloc((size_t)area->pages * sizeof(*area->slot));
	area->taken = vzalloc(BITS_TO_LONGS((size_t)area->pages) * sizeof(long));
	area->in_cluster = vzalloc(swap_clusters(area) * sizeof(*area->in_cluster));
	if (discards)
		area->stale = vzalloc(BITS_TO_LONGS(swap_clusters(area)) * sizeof(long));
	area->extent = kmalloc(nr_extents * sizeof(*extents), GFP_KERNEL);
	area->name = kmalloc(name_bytes, GFP_KERNEL);
	if (!area->slot || !area->taken || !area->in_cluster || !area->extent || !area->name ||
	    (discards && !area->stale)) {
		free_area(area);
		return NULL;
	}
	memcpy(area->extent, extents, nr_extents * sizeof(*extents));
	memcpy(area->name, name, name_bytes);
	return area;
}

/* The header's page and bad ones are never given. */
static void set_bad_apart(struct swap_area *area, const struct swap_header *header)
{
	mark_taken(area, 0);
	area->good = area->pages - 1;
	for (u32 i = 0; i < header->nr_bad; i++) {
		const u32 slot = header->bad[i];

		if (slot < area->pages && !bitmap_test(area->taken, slot)) {
			mark_taken(area, slot);
			area->good--;
		}
	}
}

int swap_area_add(const struct swap_header *header, struct swap_backing *backing,
		  const struct swap_extent *extents, unsigned nr_extents, int priority,
		  const char *name, bool is_file)
{
	struct swap_area *area =
		new_area(header, extents, nr_extents, name, backing->discard != NULL);
	int type;

	if (!area)
		return -ENOMEM;
	area->backing = backing;
	area->is_file = is_file;
	set_bad_apart(area, header);
	spin_lock(&swap_lock);
	for (type = 0; type < (int)MAX_SWAP_AREAS && areas[type]; type++)
		;
	if (type < (int)MAX_SWAP_AREAS) {
		area->type = (unsigned)type;
		area->priority = priority < 0 ? --lowest_priority : priority;
		store_release(&areas[type], area);
		insert_in_order(area);
	}
	spin_unlock(&swap_lock);
	if (type == (int)MAX_SWAP_AREAS) {
		free_area(area);
		return -EPERM;
	}
	return type;
}

/* (swap_lock) */
static void left_or_stayed(void)
{
	if (--leaving == 0)
		WRITE_ONCE(told_to_stay, 0);
}

bool swap_tell_to_stay(void)
{
	bool patient = false;

	spin_lock(&swap_lock);
	if (leaving) {
		const u64 now = ktime_ns() + 1;

		if (!told_to_stay)
			WRITE_ONCE(told_to_stay, now);
		patient = now - told_to_stay < STAY_NS;
	}
	spin_unlock(&swap_lock);
	return patient;
}

bool swap_must_stay(void)
{
	return READ_ONCE(told_to_stay) != 0;
}

void swap_area_close(unsigned type)
{
	struct swap_area *area = areas[type];

	spin_lock(&swap_lock);
	ASSERT(!area->closed);
	WRITE_ONCE(area->closed, true);
	leaving++;
	list_del(&area->order);
	spin_unlock(&swap_lock);
}

void swap_area_reopen(unsigned type)
{
	struct swap_area *area = areas[type];

	spin_lock(&swap_lock);
	WRITE_ONCE(area->closed, false);
	left_or_stayed();
	insert_in_order(area);
	spin_unlock(&swap_lock);
}

/* Half full, as many pages in memory as have a slot may be in use twice: then slots are dearer than I/O. */
bool swap_wants_slot(swp_entry_t entry)
{
	const struct swap_area *area = swap_area_of(entry);

	return READ_ONCE(area->closed) || READ_ONCE(area->used) > area->good / 2;
}

/* (swap_lock) The priorities that nobody chose have no gaps. */
static void close_gap(int priority)
{
	for (unsigned type = 0; type < MAX_SWAP_AREAS; type++)
		if (areas[type] && areas[type]->priority < priority)
			areas[type]->priority++;
	lowest_priority++;
}

struct swap_backing *swap_area_remove(unsigned type)
{
	struct swap_area *area = areas[type];
	struct swap_backing *backing = area->backing;

	ASSERT(area->closed && area->used == 0 && area->writes.n == 0);
	while (swap_discard(type))
		cond_resched();
	spin_lock(&swap_lock);
	WRITE_ONCE(areas[type], NULL);
	left_or_stayed();
	if (area->priority < 0)
		close_gap(area->priority);
	spin_unlock(&swap_lock);
	free_area(area);
	return backing;
}

bool swap_area_info(unsigned type, struct swap_area_info *info)
{
	const struct swap_area *area;

	spin_lock(&swap_lock);
	area = type < MAX_SWAP_AREAS ? areas[type] : NULL;
	if (area) {
		*info = (struct swap_area_info){
			.pages = area->good,
			.used = READ_ONCE(area->used),
			.priority = area->priority,
			.is_file = area->is_file,
			.closed = area->closed,
		};
		str_copy(info->name, area->name, sizeof(info->name));
	}
	spin_unlock(&swap_lock);
	return area != NULL;
}

/* Over all open areas. */
static unsigned long sum_of(bool free_only)
{
	unsigned long pages = 0;
	struct swap_area *area;

	spin_lock(&swap_lock);
	list_for_each_entry (area, &order, order)
		pages += area->good - (free_only ? READ_ONCE(area->used) : 0);
	spin_unlock(&swap_lock);
	return pages;
}

bool swap_is_on(void)
{
	return READ_ONCE(order.next) != &order;
}

unsigned long swap_free_pages(void)
{
	return sum_of(true);
}

unsigned long swap_total_pages(void)
{
	return sum_of(false);
}
