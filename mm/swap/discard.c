/*
 * Discarding what is free again (SWAP_FLAG_DISCARD_PAGES, swapon(2)): a disk that does not know what it
 * need not keep wears out sooner, or takes more room on its host.
 *
 * Slots are freed one by one, in places where nothing may sleep, and a disk wants to hear of many at once.
 * So what counts is a cluster that has become empty: it is marked stale, and a thread of its own discards it.
 *
 *	in use ----> empty, stale ----> set apart while the disk is told ----> empty ----> in use
 *	                   |                                                              ^
 *	                   '--------------------------------------------------------------'
 *	                      no slot is free elsewhere: memory does not wait for this
 *
 * A cluster that is set apart looks full to who wants a slot, and its slots are counted (apart).
 * Areas are discarded one cluster at a time, under a mutex, which keeps the area from going meanwhile;
 * before it goes all is discarded that still is stale.
 */
#include "lib/errno.h"
#include "mm/swap/swap_int.h"
#include "sync/mutex.h"
#include "sync/wait.h"

static struct mutex discard_lock = MUTEX_INIT(discard_lock, RANK_DISCARD);
static struct wait_queue_head wait = WAIT_QUEUE_HEAD_INIT(wait);
static bool any_stale; /* atomic: since the thread has looked last */

void swap_note_stale(struct swap_area *area, u32 cluster)
{
	bitmap_set(area->stale, cluster);
	if (!READ_ONCE(any_stale)) {
		WRITE_ONCE(any_stale, true);
		wake_up(&wait);
	}
}

/* The slots of a stale cluster, which nobody gets until put_back(); none if there is none. */
static u32 set_apart(struct swap_area *area, u32 *first)
{
	const u32 n = swap_clusters(area);
	u32 slots = 0;

	spin_lock(&area->lock);
	const u32 cluster = (u32)bitmap_next_set(area->stale, n, 0);

	if (cluster < n) {
		*first = cluster * SWAP_CLUSTER;
		slots = min(SWAP_CLUSTER, area->pages - *first);
		ASSERT(area->in_cluster[cluster] == 0);
		bitmap_clear(area->stale, cluster);
		for (u32 i = 0; i < slots; i++)
			bitmap_set(area->taken, *first + i);
		area->in_cluster[cluster] = (u16)slots;
		area->apart = slots;
	}
	spin_unlock(&area->lock);
	return slots;
}

static void put_back(struct swap_area *area, u32 first, u32 slots)
{
	spin_lock(&area->lock);
	for (u32 i = 0; i < slots; i++)
		bitmap_clear(area->taken, first + i);
	area->in_cluster[first / SWAP_CLUSTER] = 0;
	area->apart = 0;
	spin_unlock(&area->lock);
}

/* (discard_lock) */
static bool discard_cluster(struct swap_area *area)
{
	u32 first = 0;
	const u32 slots = set_apart(area, &first);

	for (u32 i = 0, n; i < slots; i += n) {
		u64 place;

		n = min(slots - i, swap_place_of(area, first + i, &place));
		area->backing->discard(area->backing, place, n);
	}
	if (slots)
		put_back(area, first, slots);
	return slots != 0;
}

bool swap_discard(unsigned type)
{
	struct swap_area *area;
	bool did;

	mutex_lock(&discard_lock);
	area = swap_area_by_number(type);
	did = area && area->stale && discard_cluster(area);
	mutex_unlock(&discard_lock);
	return did;
}

static int discarder(void *unused)
{
	for (;;) {
		(void)wait_event_state(&wait, xchg(&any_stale, false), TASK_INTERRUPTIBLE, false);
		for (unsigned type = 0; type < MAX_SWAP_AREAS; type++)
			while (swap_discard(type))
				cond_resched();
	}
	return 0;
}

int swap_discard_run(void)
{
	static struct task_struct *thread;
	struct task_struct *task;

	if (thread)
		return 0;
	task = kthread_run(discarder, NULL, "swap_discard");
	if (IS_ERR(task))
		return PTR_ERR(task);
	thread = task;
	return 0;
}
