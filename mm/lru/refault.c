/*
 * Pages that come back after they went (refaults), and what that says of the lists.
 *
 * The inactive list cannot know how often a page is used that passes through it, and goes, between two uses.
 * So a page leaves a note when it goes, with the time; time is counted in pages of its node that have gone or gone to
 * the active list.  When it is read again the difference is its refault distance: had the inactive list
 * been so many pages longer, it would still be here.
 *
 *	        |<------------- distance ------------>|
 *	  page goes    others go, are activated   it comes back
 *	  -----+------------------------------------+----------> time
 *
 * Those pages could only come from the other lists of memory.  So if the distance is no larger than
 * these, the page is used more often than some that are there, which have not had to prove it lately: it goes to the
 * active list at once, and whoever is used less there makes room.  With a larger distance memory is too
 * small for it whatever the lists do.
 *
 * A page that had been active before it went (PG_workingset) and comes back says that its kind of page is
 * missed: such returns are counted apart (workingset_restore_*), and make scanning that kind dear (mm/reclaim).
 *
 * The notes: a word for each frame of memory, in buckets of a cache line, found by a hash of what the
 * page is called.  A new one takes the place of one with the same mark, an empty one, or any.  So they never
 * need memory when memory is short, and nothing has to be cleaned up when a file goes; for
 * that, one in a hundred lookups finds another's.  No lock: a word is read and written whole, and of two who
 * write one at once one is lost.
 *
 * After: R. van Riel, notes on non-resident pages (2005); J. Weiner on thrash detection (2012).
 */
#include "mm/lru/refault.h"

#include "lib/errno.h"
#include "mm/frame/vmstat.h"
#include "mm/kva/kva.h"

/* A note, from the top: time in units of 1 << unit_bits, PG_workingset, node, a mark that is never 0. */
#define TIME_BITS  16
#define MARK_BITS  11
#define WORKINGSET (1u << (31 - TIME_BITS))
#define NODE_BITS  (31 - TIME_BITS - MARK_BITS)
#define MARK_MASK  ((1u << MARK_BITS) - 1)
#define NOTES      16U /* in a bucket */
static_assert(MAX_NUMNODES <= 1 << NODE_BITS, "a note names its node");

struct bucket {
	u32 note[NOTES]; /* each atomic */
};

/* NULL: no notes are kept. What stands below is constant once it is set. */
static struct bucket *buckets;
static u32 bucket_mask;
static unsigned unit_bits;
static unsigned long clock[MAX_NUMNODES]; /* atomic */

int refault_init(void)
{
	u32 n = 1;
	struct bucket *memory;

	if (buckets)
		return 0;
	while (2UL * n * NOTES <= totalram_pages())
		n *= 2;
	memory = vzalloc(n * sizeof(*memory));
	if (!memory)
		return -ENOMEM;
	bucket_mask = n - 1;
	/* Time comes round again after four times memory: by then a note will have been written over. */
	while (1UL << (TIME_BITS + unit_bits) < 8UL * n * NOTES)
		unit_bits++;
	store_release(&buckets, memory);
	return 0;
}

/* The bucket for a name, and its mark there; NULL while there are none. */
static struct bucket *find(u64 name, u32 *mark)
{
	struct bucket *all = load_acquire(&buckets);
	const u64 hash =
		name * 0x9e3779b97f4a7c15ULL; /* 2^64 over the golden ratio: Knuth, vol. 3, 6.4 */

	*mark = (u32)(hash >> 32) % MARK_MASK + 1;
	return all ? &all[(u32)(hash >> 40) & bucket_mask] : NULL;
}

void refault_note(u64 name, int nid, bool workingset)
{
	u32 mark, place;
	struct bucket *bucket = find(name, &mark);
	const unsigned long now = fetch_add(&clock[nid], 1);

	if (!bucket)
		return;
	place = now % NOTES;
	for (u32 i = 0; i < NOTES; i++) {
		const u32 note = READ_ONCE(bucket->note[i]);

		if (!note)
			place = i;
		if ((note & MARK_MASK) == mark) {
			place = i;
			break;
		}
	}
	WRITE_ONCE(bucket->note[place], (u32)(now >> unit_bits) << (32 - TIME_BITS) |
						(workingset ? WORKINGSET : 0) |
						(u32)nid << MARK_BITS | mark);
}

void refault_age(int nid, unsigned long n)
{
	if (n)
		fetch_add(&clock[nid], n);
}

/* Take the note of this name, if there is one: 0. */
static u32 take(u64 name)
{
	u32 mark;
	struct bucket *bucket = find(name, &mark);

	for (u32 i = 0; bucket && i < NOTES; i++) {
		const u32 note = READ_ONCE(bucket->note[i]);

		if ((note & MARK_MASK) == mark) {
			WRITE_ONCE(bucket->note[i], 0);
			return note;
		}
	}
	return 0;
}

/* The lists of the node that could give way to a page of this kind: all but its own inactive one. */
static unsigned long room(const struct pglist_data *node, bool file, bool swap)
{
	unsigned long pages = node_stat(node, NR_ACTIVE_FILE);

	if (!file)
		pages += node_stat(node, NR_INACTIVE_FILE);
	if (swap)
		pages += node_stat(node, NR_ACTIVE_ANON);
	if (swap && file)
		pages += node_stat(node, NR_INACTIVE_ANON);
	return pages;
}

void refault_returned(u64 name, struct page *page, bool file, bool swap)
{
	const u32 note = take(name);
	struct pglist_data *node;
	unsigned long distance;
	u16 units;

	if (!note)
		return;
	node = node_data[note >> MARK_BITS & ((1u << NODE_BITS) - 1)];
	units = (u16)((READ_ONCE(clock[node->nid]) >> unit_bits) - (note >> (32 - TIME_BITS)));
	distance = (unsigned long)units << unit_bits;
	mod_node_stat(node, WORKINGSET_REFAULT_ANON + file, 1);
	if (distance > room(node, file, swap))
		return;
	page_set(page, PG_active);
	refault_age(node->nid, 1);
	mod_node_stat(node, WORKINGSET_ACTIVATE_ANON + file, 1);
	if (note & WORKINGSET) {
		page_set(page, PG_workingset);
		mod_node_stat(node, WORKINGSET_RESTORE_ANON + file, 1);
	}
}
