/*
 * Writing back: dirty pages of files go to their disks, by age, by their share of memory,
 * and because somebody asked.
 *
 *      clean --set_page_dirty--> dirty --begin_writing--> being written --cache_end_writeback--> clean
 *                                  ^   (page lock held)        |
 *                                  '------set_page_dirty-------'   then dirty and being written
 *
 * The two states are bits of the page (PG_dirty, PG_writeback) and marks in the tree of its
 * file (page_tree.c), which change together under the tree's lock; so those concerned are
 * found without looking at the rest.  begin_writing() first takes write access away from all who map
 * the page: who writes through a mapping from then on faults, and the fault, which needs the page lock,
 * marks the page dirty again (mm/space/fault.c).  While it is written the page is not
 * locked; truncation waits for the end, which keeps page and file in place.
 *
 * Files with marked pages are "busy": on one list, in order of when they were first changed.  The
 * flusher goes along it
 *
 *   - every dirty_writeback_centisecs, for files changed more than dirty_expire_centisecs ago;
 *   - when more than dirty_background_ratio of the memory that can hold file pages is dirty, until
 *     it is not.
 *
 * Who writes files faster than that sleeps when dirty_ratio is reached (writeback_throttle()), until
 * pages have been written.
 *
 * Pages are handed to ->write_pages in runs, up to CACHE_RUN with indices that follow each other.
 * While a run is being put together another page is locked only by trying: its holder might wait
 * for one of the run.
 *
 * What could not be written is clean afterwards, as on Linux: nobody could do better by trying the
 * same again and again.  The file counts such errors, and each of its readers hears
 * of them once (cache_write_error()): fsync, msync.
 *
 * Locks: page lock, tree lock, busy_lock; the flusher holds a file by ->hold() while it works on it.
 */
#include "mm/cache/cache_int.h"
#include "mm/lru/written.h"
#include "mm/trace/trace.h"
#include "sync/stall.h"

enum visitor { BY_FLUSHER, BY_SYNC };

#define EVER        (~0ULL)
#define ROUND_PAGES 1024 /* of one file, before it is the next one's turn */

int dirty_ratio = 20, dirty_background_ratio = 10;
unsigned long dirty_bytes, dirty_background_bytes;
int dirty_writeback_centisecs = 500, dirty_expire_centisecs = 3000;
unsigned long (*count_buffer_pages)(void);

DEFINE_PER_CPU(u32, pages_dirtied);

static spinlock_t busy_lock = SPINLOCK_INIT(RANK_DISK);
static LIST_HEAD(busy_files); /* (busy_lock) */
static u32 rounds[2];         /* (busy_lock) by visitor */
static struct mutex one_sync = MUTEX_INIT(one_sync, RANK_RENAME);
static struct task_struct *flusher; /* constant once there is a disk */
static bool flusher_called;
static struct wait_queue_head below_limit = WAIT_QUEUE_HEAD_INIT(below_limit);

/* --- the states of a page --- */

bool dirty_file_page(struct address_space *mapping, struct page *page)
{
	bool fresh;

	spin_lock(&mapping->tree_lock);
	/* Not if it was truncated this moment. */
	fresh = page_owner_ptr(page) == mapping && !page_test_and_set(page, PG_dirty);
	if (fresh && mapping->ops && mapping->ops->write_pages) {
		page_tree_tag(&mapping->tree, page_index(page), TAG_DIRTY);
		if (!mapping->busy) {
			spin_lock(&busy_lock);
			mapping->busy = true;
			mapping->dirtied_when = ktime_ns();
			list_add_tail(&mapping->busy_list, &busy_files);
			spin_unlock(&busy_lock);
		}
		this_cpu(pages_dirtied)++;
		task_io()->write_bytes += PAGE_SIZE;
	}
	if (fresh)
		trace_cache_dirty((unsigned long)mapping, page_index(page), page_to_pfn(page), 0);
	spin_unlock(&mapping->tree_lock);
	if (fresh) {
		mod_node_stat(page_node(page), NR_FILE_DIRTY, 1);
		mod_node_stat(page_node(page), NR_DIRTIED, 1);
		mod_zone_stat(page_zone(page), NR_ZONE_WRITE_PENDING, 1);
	}
	return fresh;
}

void count_undirtied(struct address_space *mapping, struct page *page)
{
	if (mapping->ops && mapping->ops->write_pages)
		task_io()->cancelled_write_bytes += PAGE_SIZE;
	mod_node_stat(page_node(page), NR_FILE_DIRTY, -1);
	mod_zone_stat(page_zone(page), NR_ZONE_WRITE_PENDING, -1);
}

/* A locked page that is not being written goes from dirty to being written. False: it is clean. */
static bool begin_writing(struct address_space *mapping, struct page *page)
{
	ASSERT(page_test(page, PG_locked) && !page_test(page, PG_writeback));
	if (!page_test(page, PG_dirty))
		return false;
	/* Who maps it anew to write needs the page lock. */
	if (write_protect_page && page_mapcount(page))
		write_protect_page(page);
	spin_lock(&mapping->tree_lock);
	page_set(page, PG_writeback);
	page_clear(page, PG_dirty);
	page_tree_tag(&mapping->tree, page_index(page), TAG_WRITEBACK);
	page_tree_untag(&mapping->tree, page_index(page), TAG_DIRTY);
	trace_cache_write((unsigned long)mapping, page_index(page), page_to_pfn(page), 0);
	spin_unlock(&mapping->tree_lock);
	move_node_stat(page_node(page), NR_FILE_DIRTY, NR_WRITEBACK);
	return true;
}

/* Drop the reference of a page that was written; and the page, if reclaim wanted it gone. */
static void put_written(struct page *page)
{
	const pfn_t pfn = page_to_pfn(page);
	const int nid = page_to_nid(page);
	struct address_space *mapping;
	bool direct, freed = false;

	if (likely(!write_out_ended(page, &direct))) {
		put_page(page);
		return;
	}
	if (trylock_page(page)) {
		mapping = page_owner_ptr(
			page); /* while it has pages, and this one is locked, it stays */
		freed = mapping && page_mapcount(page) == 0 && cache_evict(mapping, page);
		if (!freed)
			unlock_page(page);
	}
	if (!freed)
		put_page(page);
	write_out_done(pfn, nid, false, direct, freed);
}

void cache_end_writeback(struct page *page, int err)
{
	struct address_space *mapping = page_owner_ptr(page);

	spin_lock(&mapping->tree_lock);
	page_tree_untag(&mapping->tree, page_index(page), TAG_WRITEBACK);
	if (err) {
		mapping->write_errors++;
		mapping->write_error = err;
	}
	spin_unlock(&mapping->tree_lock);
	mod_node_stat(page_node(page), NR_WRITEBACK, -1);
	mod_node_stat(page_node(page), NR_WRITTEN, 1);
	mod_zone_stat(page_zone(page), NR_ZONE_WRITE_PENDING, -1);
	page_writeback_ended(page); /* from here on the file may go */
	put_written(page);
	if (waitqueue_active(&below_limit))
		wake_up_all(&below_limit);
}

int cache_write_error(struct address_space *mapping, u32 *seen)
{
	int err = 0;

	spin_lock(&mapping->tree_lock);
	if (*seen != mapping->write_errors) {
		*seen = mapping->errors_told = mapping->write_errors;
		err = mapping->write_error;
	}
	spin_unlock(&mapping->tree_lock);
	return err;
}

/* --- runs --- */

struct run {
	struct address_space *mapping;
	struct page *page[CACHE_RUN]; /* being written, not handed over yet */
	unsigned pages;
	u64 next; /* the index that would come next */
};

static void hand_over(struct run *run)
{
	if (run->pages)
		run->mapping->ops->write_pages(run->mapping, run->page, run->pages);
	run->pages = 0;
}

/* The next marked page of [*index, last], which moves there, with a reference. */
static struct page *next_marked(struct address_space *mapping, u64 *index, u64 last,
				enum tree_tag tag)
{
	for (;;) {
		struct page *page;
		bool found;

		spin_lock(&mapping->tree_lock);
		found = page_tree_next_tagged(&mapping->tree, index, tag);
		spin_unlock(&mapping->tree_lock);
		if (!found || *index > last)
			return NULL;
		page = find_get_page(mapping, *index);
		if (page)
			return page; /* it may be another one by now, or clean: the caller looks */
	}
}

/* Add a page to the run, if it is dirty. The reference goes to the run, or is dropped. */
static bool add_to_run(struct run *run, struct page *page, u64 index, bool all)
{
	struct address_space *mapping = run->mapping;
	bool added = false;

	if (run->pages == CACHE_RUN || (run->pages && index != run->next))
		hand_over(run);
	if (!trylock_page(page)) {
		hand_over(run);
		lock_page(page);
	}
	if (page_owner_ptr(page) == mapping) {
		if (all && page_test(page, PG_writeback)) {
			hand_over(run);
			wait_on_page_writeback(page);
		}
		added = !page_test(page, PG_writeback) && begin_writing(mapping, page);
	}
	unlock_page(page);
	if (!added) {
		put_page(page);
		return false;
	}
	run->page[run->pages++] = page;
	run->next = index + 1;
	return true;
}

unsigned long cache_write_back(struct address_space *mapping, u64 first, u64 last,
			       unsigned long limit, bool all)
{
	struct run run = {.mapping = mapping};
	unsigned long started = 0;
	struct page *page;

	if (!mapping->ops || !mapping->ops->write_pages)
		return 0;
	for (u64 index = first; started < limit; index++) {
		page = next_marked(mapping, &index, last, TAG_DIRTY);
		if (!page)
			break;
		started += add_to_run(&run, page, index, all);
	}
	hand_over(&run);
	return started;
}

bool cache_write_page(struct address_space *mapping, struct page *page)
{
	const bool begun = !page_test(page, PG_writeback) && begin_writing(mapping, page);

	unlock_page(page);
	if (begun)
		mapping->ops->write_pages(mapping, &page, 1);
	return begun;
}

void cache_wait_writeback(struct address_space *mapping, u64 first, u64 last)
{
	struct page *page;

	for (u64 index = first; (page = next_marked(mapping, &index, last, TAG_WRITEBACK));
	     index++) {
		wait_on_page_writeback(page);
		put_page(page);
	}
}

void cache_sync_range(struct address_space *mapping, u64 first, u64 last)
{
	cache_write_back(mapping, first, last, ~0UL, true);
	cache_wait_writeback(mapping, first, last);
}

unsigned long cache_invalidate(struct address_space *mapping, u64 first, u64 last)
{
	struct page *batch[16];
	unsigned long left = 0;
	u64 index = first;
	unsigned n;

	down_write(&mapping->invalidate_lock);
	if (unmap_mapping_range && mapping_mapped(mapping))
		unmap_mapping_range(mapping, first, last, false);
	while ((n = find_get_pages(mapping, &index, last, ARRAY_SIZE(batch), batch))) {
		for (unsigned i = 0; i < n; i++) {
			lock_page(batch[i]);
			wait_on_page_writeback(batch[i]);
			if (page_owner_ptr(batch[i]) == mapping) {
				if (page_test(batch[i], PG_dirty) || page_mapcount(batch[i]))
					left++;
				else
					cache_remove_page(mapping, batch[i]);
			}
			unlock_page(batch[i]);
		}
		release_pages(batch, n);
		cond_resched();
	}
	up_write(&mapping->invalidate_lock);
	return left;
}

/* --- files --- */

/* The next busy file of a visitor's round that was changed by then, held; NULL: the round is over. */
static struct address_space *visit_next(enum visitor who, u64 changed_by)
{
	struct address_space *mapping, *found = NULL;

	spin_lock(&busy_lock);
	list_for_each_entry (mapping, &busy_files, busy_list) {
		if (mapping->visit[who] == rounds[who] || mapping->dirtied_when > changed_by)
			continue;
		mapping->visit[who] = rounds[who];
		if (mapping->ops->hold(mapping)) {
			found = mapping;
			break;
		}
	}
	spin_unlock(&busy_lock);
	return found;
}

static void begin_round(enum visitor who)
{
	spin_lock(&busy_lock);
	rounds[who]++;
	spin_unlock(&busy_lock);
}

static bool has_marked(const struct address_space *mapping, enum tree_tag tag)
{
	u64 index = 0;

	return page_tree_next_tagged(&mapping->tree, &index, tag);
}

static void leave_list(struct address_space *mapping)
{
	mapping->busy = false;
	list_del(&mapping->busy_list);
}

/* A visit is over: a file with nothing left to do leaves the list, one with new changes ages anew. */
static void end_visit(struct address_space *mapping, bool all_seen)
{
	bool dirty;

	spin_lock(&mapping->tree_lock);
	dirty = has_marked(mapping, TAG_DIRTY);
	spin_lock(&busy_lock);
	if (mapping->busy && !dirty && !has_marked(mapping, TAG_WRITEBACK))
		leave_list(mapping);
	else if (all_seen)
		mapping->dirtied_when = ktime_ns();
	spin_unlock(&busy_lock);
	spin_unlock(&mapping->tree_lock);
	mapping->ops->release(mapping);
}

void cache_forget(struct address_space *mapping)
{
	if (!READ_ONCE(mapping->busy))
		return;
	spin_lock(&busy_lock);
	leave_list(mapping);
	spin_unlock(&busy_lock);
}

void cache_sync_all(void)
{
	struct address_space *mapping;

	mutex_lock(&one_sync);
	/* All disks at once, then waiting for each. */
	begin_round(BY_SYNC);
	while ((mapping = visit_next(BY_SYNC, EVER))) {
		cache_write_back(mapping, 0, EVER, ~0UL, false);
		mapping->ops->release(mapping);
	}
	begin_round(BY_SYNC);
	while ((mapping = visit_next(BY_SYNC, EVER))) {
		cache_sync_range(mapping, 0, EVER);
		end_visit(mapping, true);
	}
	mutex_unlock(&one_sync);
}

/* --- how much is too much --- */

void writeback_limits(unsigned long *background, unsigned long *limit)
{
	unsigned long pages = nr_free_pages() + global_node_stat(NR_INACTIVE_FILE) +
			      global_node_stat(NR_ACTIVE_FILE);

	pages -= min(pages, totalreserve_pages);
	*limit = dirty_bytes ? DIV_ROUND_UP(dirty_bytes, PAGE_SIZE) : pages / 100 * dirty_ratio;
	*background = dirty_background_bytes ? DIV_ROUND_UP(dirty_background_bytes, PAGE_SIZE)
					     : pages / 100 * dirty_background_ratio;
	if (*background >= *limit)
		*background = *limit / 2;
}

static bool over_background(void)
{
	unsigned long background, limit;

	writeback_limits(&background, &limit);
	return global_node_stat(NR_FILE_DIRTY) > background;
}

/* Far too much; then the flusher has work, too. */
static bool over_limit(void)
{
	unsigned long background, limit, dirty = global_node_stat(NR_FILE_DIRTY),
					 all = dirty + global_node_stat(NR_WRITEBACK);

	writeback_limits(&background, &limit);
	if (dirty > background)
		writeback_wake();
	return all > limit + 2 * CACHE_RUN;
}

void writeback_throttle(void)
{
	this_cpu(pages_dirtied) = 0;
	if (likely(!over_limit()))
		return;
	stall_begin(STALL_IO);
	(void)wait_event_killable(&below_limit, !over_limit());
	stall_end(STALL_IO);
}

/* --- the flusher --- */

void writeback_wake(void)
{
	if (!flusher || READ_ONCE(flusher_called))
		return;
	WRITE_ONCE(flusher_called, true);
	wake_up_process(flusher);
}

/* One round over files changed by then: pages started. */
static unsigned long flush_round(u64 changed_by)
{
	struct address_space *mapping;
	unsigned long pages = 0;

	begin_round(BY_FLUSHER);
	while ((mapping = visit_next(BY_FLUSHER, changed_by))) {
		const unsigned long n = cache_write_back(mapping, 0, EVER, ROUND_PAGES, false);

		end_visit(mapping, n < ROUND_PAGES);
		pages += n;
		cond_resched();
	}
	return pages;
}

static void flush_old(void)
{
	const u64 now = ktime_ns(), age = (u64)dirty_expire_centisecs * 10000000;

	if (now > age)
		while (flush_round(now - age))
			;
}

static int flusher_thread(void *unused)
{
	for (;;) {
		const int period = READ_ONCE(dirty_writeback_centisecs);

		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(flusher_called))
			set_current_state(TASK_RUNNING);
		else
			schedule_timeout(period > 0 ? (u64)period * 10000000 : FOREVER);
		WRITE_ONCE(flusher_called, false);
		if (period > 0)
			flush_old();
		while (over_background() && flush_round(EVER))
			;
	}
	return 0;
}

int writeback_init(void)
{
	struct task_struct *thread;

	if (flusher)
		return 0;
	thread = kthread_run(flusher_thread, NULL, "flusher");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	flusher = thread;
	return 0;
}
