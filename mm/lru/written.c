/*
 * Waiting for memory that is on its way to a disk.
 *
 * Reclaim writes a page and goes on; when the disk has it, whoever ends the writing frees it then and
 * there (PG_reclaim), so a page passes the lists once.  A task that could not free enough at once waits
 * here for what is under way instead of looking at more: it is not one page that it waits for, any will
 * do.
 *
 *	reclaim: write_out_begin --> [disk] --> write_out_ended --> freed, if nobody came to use it
 *	                                                             '--> write_out_done: wakes who waits
 *
 * What is freed so is counted for whoever began it: kswapd, or a task that needed it.
 */
#include "mm/lru/written.h"

#include "mm/lru/lru.h"
#include "mm/trace/trace.h"
#include "sync/wait.h"

static struct wait_queue_head waiting = WAIT_QUEUE_HEAD_INIT(waiting);
static unsigned long freed_written, being_written; /* atomic */

void write_out_begin(struct page *page, bool direct)
{
	ASSERT(page_test(page, PG_locked) && !page_test(page, PG_reclaim));
	fetch_add(&being_written, 1);
	fetch_or(&page->flags, 1u << PG_reclaim | (direct ? PAGE_WRITTEN_DIRECT : 0));
}

static bool end(struct page *page, bool *direct)
{
	const u32 both = 1u << PG_reclaim | PAGE_WRITTEN_DIRECT;
	const u32 flags = fetch_and(&page->flags, ~both);

	*direct = flags & PAGE_WRITTEN_DIRECT;
	return flags >> PG_reclaim & 1;
}

void write_out_cancel(struct page *page)
{
	bool direct;

	(void)end(page, &direct);
	fetch_add(&being_written, -1);
}

bool write_out_ended(struct page *page, bool *direct)
{
	return page_test(page, PG_reclaim) && end(page, direct);
}

void write_out_done(pfn_t pfn, int nid, bool anon, bool direct, bool freed)
{
	const enum lru_list list = anon ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE;

	trace_written_out(pfn, nid, freed, 0);
	if (freed) {
		if (direct)
			trace_steal_direct(nid, list, 1, 0);
		else
			trace_steal_kswapd(nid, list, 1, 0);
		if (anon)
			trace_steal_anon(nid, list, 1, 0);
		else
			trace_steal_file(nid, list, 1, 0);
		fetch_add(&freed_written, 1);
	}
	fetch_add(&being_written, -1);
	if (waitqueue_active(&waiting))
		wake_up_all(&waiting);
}

unsigned long pages_freed_written(void)
{
	return READ_ONCE(freed_written);
}

unsigned long pages_written_out(void)
{
	return READ_ONCE(being_written);
}

void wait_for_written(unsigned long before, unsigned long need, u64 ns)
{
	struct wait_queue_entry entry = {.task = current};

	list_init(&entry.list);
	while (ns) {
		prepare_to_wait(&waiting, &entry, TASK_UNINTERRUPTIBLE);
		if (pages_freed_written() - before >= need || !pages_written_out())
			break;
		ns = schedule_timeout(ns);
	}
	finish_wait(&waiting, &entry);
}
