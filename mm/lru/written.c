/*
 * Waiting for memory that is on its way to a disk.
 *
 * Reclaim writes a page and goes on; when the disk has it, whoever ends the writing frees it then and
 * there (PG_reclaim), so a page passes the lists once.  A task that found nothing but such pages waits
 * here for a while instead of looking at them again.  It is not one page that it waits for: any will do.
 *
 * What is freed so counts as kswapd's work: nobody stood still for it.
 */
#include "mm/lru/written.h"

#include "mm/lru/lru.h"
#include "mm/trace/trace.h"
#include "sync/wait.h"

static struct wait_queue_head writes = WAIT_QUEUE_HEAD_INIT(writes);
static unsigned long freed_written; /* atomic */

void page_written_out(pfn_t pfn, int nid, bool anon, bool freed)
{
	const enum lru_list list = anon ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE;

	trace_written_out(pfn, nid, freed, 0);
	if (!freed)
		return;
	trace_steal_kswapd(nid, list, 1, 0);
	if (anon)
		trace_steal_anon(nid, list, 1, 0);
	else
		trace_steal_file(nid, list, 1, 0);
	fetch_add(&freed_written, 1);
}

unsigned long pages_freed_written(void)
{
	return READ_ONCE(freed_written);
}

void writing_ended(void)
{
	if (waitqueue_active(&writes))
		wake_up_all(&writes);
}

void wait_for_writing(u64 ns)
{
	struct wait_queue_entry entry = {.task = current};

	list_init(&entry.list);
	prepare_to_wait(&writes, &entry, TASK_UNINTERRUPTIBLE);
	schedule_timeout(ns);
	finish_wait(&writes, &entry);
}
