/*
 * LRU lists (SYSTEM.md S40): every page that reclaim may take is on one of five
 * lists of its node, in order of age.
 *
 *              new pages                      oldest
 *   batch of CPU 0  [p p p . .] --.    .-> active anon    A <-> B <-> C
 *   batch of CPU 1  [p . . . .] --+----+-> inactive anon  D <-> E ...
 *                                      +-> active file, inactive file, unevictable
 *
 * A page is born in a fault, and faults are many: taking the node's lock and
 * counting for each would cost more than the fault's own work.  So a new page first
 * waits in its CPU's batch, and fifteen go to the lists at once.
 *
 * The batch holds no reference to its pages.  So a reference count always means what
 * it says (the page has one user: write to it in place; nobody: free it), and a page
 * that is unmapped soon after its fault never sees a list.  The price: whoever drops the
 * last reference, on any CPU, must be able to take the page out of the batch again.
 * That works because a page leaves a slot only under its node's lock:
 *
 *   - PG_lru set, `next` a frame or a list's id: on the list its flags name;
 *   - PG_lru set, `next` PAGE_UNLINKED: in a batch, and `prev` says in which slot (or, for
 *     an instant, about to be put there by a CPU that holds a reference);
 *   - PG_lru clear: on no list; whoever cleared it has it.
 *
 * The owner of a batch fills slots without a lock: nobody else writes one that is
 * NULL, and it uses none again before it has drained them all itself. Others may
 * take pages out of filled slots at any time, to free, isolate or drain them, so draining
 * every CPU's batch needs nobody's help.
 *
 * The last reference.  put_page() frees one page, release_pages() many: with one hold of
 * the lock for neighbours of one node, and one change of the gauges for each zone. When
 * the count is zero nobody can get a reference (get_page_unless_zero); a scanner that holds
 * the lock may still see the page on the list until we have it.
 *
 * Locking: lruvec.lock, RANK_LRU; within it only counters. Cannot fail.
 *
 * Differs from Linux: no references from batches, no separate batches for activation.
 */
#include "mm/lru/lru.h"

#include "lib/printk.h"
#include "mm/check.h"
#include "mm/lru/page_lock.h"
#include "mm/lru/refault.h"
#include "mm/mark.h"
#include "mm/trace/trace.h"
#ifdef PAGODA_FAKE_HIGHMEM
#include "machine/highmem.h"
#endif

DEFINE_PER_CPU(struct lru_batch, lru_batch);
static struct lruvec lruvecs[MAX_NUMNODES];

/*
 * A run over pages that go on or off their lists.
 *
 * What comes together is alike: pages of one batch, or of one address range, are mostly
 * of one zone and for one list, and since lists are in the order of faults, they are (or
 * become) neighbours there: each stands in front of the one before.  So a run compares a
 * page's flags once with those of the last one -- its class -- and collects the pages as a
 * chain; lock, list and gauges are touched when the class changes or the chain breaks.
 */
struct lru_run {
	bool adding;            /* else taking off */
	u32 class;              /* flags & PAGE_CLASS of the pages below; NO_CLASS: no lock held */
	struct lruvec *lruvec;  /* (class) locked */
	struct page_list *list; /* (class) */
	u32 chain;              /* pages from front to back */
	u32 total;              /* pages added or taken off since the class was set */
	struct page *front, *back;
	u32 front_pfn; /* of `front`; PAGE_UNLINKED without a chain */
};

#define LRU_FLAGS  (1u << PG_lru | 1u << PG_active | 1u << PG_unevictable)
#define PAGE_CLASS (~0u << PAGE_ZONE_SHIFT | LRU_FLAGS | 1u << PG_swapbacked | 1u << PG_head)
#define NO_CLASS   (~0u) /* has bits that no class has */
#define LRU_RUN(add)                                                           \
	{                                                                      \
		.adding = (add), .class = NO_CLASS, .front_pfn = PAGE_UNLINKED \
	}

static void run_end_chain(struct lru_run *run)
{
	if (run->chain == 0)
		return;
	if (run->adding)
		page_list_add_chain(run->list, run->front, run->back, run->chain);
	else
		page_list_cut(run->list, run->front, run->back, run->chain);
	run->total += run->chain;
	run->chain = 0;
	run->front_pfn = PAGE_UNLINKED;
}

static void run_end(struct lru_run *run) NO_LOCK_ANALYSIS
{
	if (run->class == NO_CLASS)
		return;
	run_end_chain(run);
	if (run->total) {
		enum lru_list list = lru_of_flags(run->class);
		long n = run->adding ? (long)run->total : -(long)run->total;

		mod_node_stat(run->lruvec->node, NR_INACTIVE_ANON + list, n);
		mod_zone_stat(page_zone(run->front), NR_ZONE_INACTIVE_ANON + list, n);
		trace_add(run->adding ? TRACE_lru_add : TRACE_lru_del, run->total);
		run->total = 0;
	}
	spin_unlock(&run->lruvec->lock);
	run->class = NO_CLASS;
}

/* A page of another class than the last one; its flags, now with its node's lock held. */
static __noinline u32 run_begin(struct lru_run *run, struct page *page) NO_LOCK_ANALYSIS
{
	u32 flags;

	run_end(run);
	run->lruvec = node_lruvec(page_node(page));
	spin_lock(&run->lruvec->lock);
	/* What the page's links say can be relied on if PG_lru is set here. */
	flags = load_acquire(&page->flags);
	run->class = flags & PAGE_CLASS;
	run->list = &run->lruvec->list[lru_of_flags(flags)];
	return flags;
}

static __noinline void record(enum trace_event event, const struct page *page, u32 flags)
{
	trace_record(event, page_to_pfn(page), lru_of_flags(flags), flags >> PAGE_NODE_SHIFT, 0);
}

static __always_inline void run_add(struct lru_run *run, struct page *page, u32 flags)
{
	u32 pfn = (u32)page_to_pfn(page);

	if (likely(run->chain)) {
		page->next = run->front_pfn;
		run->front->prev = pfn;
	} else {
		run->back = page;
	}
	run->front = page;
	run->front_pfn = pfn;
	run->chain++;
	if (trace_on())
		record(TRACE_lru_add, page, flags);
}

/* Out of its slot; false if it is not there yet. */
static __noinline bool leave_batch(struct page *page)
{
	struct page **slot =
		&per_cpu(lru_batch, page->prev / LRU_BATCH).slot[page->prev % LRU_BATCH];

	if (READ_ONCE(*slot) != page)
		return false;
	WRITE_ONCE(*slot, NULL);
	return true;
}

/* Off the list or out of the batch; false if it is not in the batch yet. */
static __always_inline bool run_del(struct lru_run *run, struct page *page, u32 flags)
{
	u32 next = page->next;

	if (unlikely(next == PAGE_UNLINKED))
		return leave_batch(page);
	if (next != run->front_pfn) {
		run_end_chain(run);
		run->back = page;
	}
	run->front = page;
	run->front_pfn = (u32)page_to_pfn(page);
	run->chain++;
	if (trace_on())
		record(TRACE_lru_del, page, flags);
	return true;
}

/* ---- Batches ---- */

static void drain_batch(struct lru_batch *batch, u32 slots)
{
	struct lru_run run = LRU_RUN(true);

	for (u32 i = 0; i < slots; i++) {
		struct page *page;
		u32 flags = 0;

		/* While we wait for the lock it may go, and another come: look again. */
		while ((page = load_acquire(&batch->slot[i])) != NULL &&
		       unlikely(((flags = READ_ONCE(page->flags)) & PAGE_CLASS) != run.class))
			run_begin(&run, page);
		if (!page)
			continue;
		WRITE_ONCE(batch->slot[i], NULL);
		run_add(&run, page, flags);
	}
	run_end(&run);
}

void lru_add_drain(void)
{
	struct lru_batch *batch = &this_cpu(lru_batch);

	drain_batch(batch, batch->count);
	batch->count = 0;
}

void lru_add_drain_all(void)
{
	unsigned cpu;

	lru_add_drain();
	for_each_online_cpu (cpu)
		if (cpu != cpu_id())
			drain_batch(&per_cpu(lru_batch, cpu), LRU_BATCH);
}

/* ---- Single pages ---- */

bool lru_isolate(struct page *page)
{
	struct lru_run run = LRU_RUN(false);
	bool taken;
	u32 flags;

	ASSERT(page_ref_count(page) > 0);
	if (!page_test(page, PG_lru))
		return false;
	flags = run_begin(&run, page);
	taken = flags & 1u << PG_lru && run_del(&run, page, flags);
	if (taken)
		page_clear(page, PG_lru);
	run_end(&run);
	return taken;
}

static __noinline void activate_page(struct page *page)
{
	struct lruvec *lruvec = node_lruvec(page_node(page));
	u32 flags;

	spin_lock(&lruvec->lock);
	flags = load_acquire(&page->flags); /* before its links */
	if ((flags & (1u << PG_lru | 1u << PG_active | 1u << PG_unevictable)) == 1u << PG_lru) {
		enum lru_list from = lru_of_flags(flags);

		page_set(page, PG_active);
		if (!page_in_batch(page)) { /* else it will go to the right list at once */
			struct pglist_data *node = lruvec->node;

			page_list_del(&lruvec->list[from], page);
			page_list_add(&lruvec->list[from + 1], page);
			move_node_stat(node, NR_INACTIVE_ANON + from, NR_ACTIVE_ANON + from);
			move_zone_stat(page_zone(page), NR_ZONE_INACTIVE_ANON + from,
				       NR_ZONE_ACTIVE_ANON + from);
		}
		trace_lru_activate(page_to_pfn(page), from + 1, lruvec->node->nid, 0);
		refault_age(lruvec->node->nid, 1);
	}
	spin_unlock(&lruvec->lock);
}

void mark_page_accessed(struct page *page)
{
	page = compound_head(page);
	if (!page_test(page, PG_referenced)) {
		page_set(page, PG_referenced);
	} else if (!page_test(page, PG_active) && !page_test(page, PG_unevictable) &&
		   page_test(page, PG_lru)) {
		activate_page(page);
		page_clear(page, PG_referenced);
	}
}

/* ---- The last reference ---- */

/*
 * Off its list; what lists knew of the page goes with its last reference, and nobody else changes
 * its flags now.
 */
static __always_inline void run_release(struct lru_run *run, struct page *page, u32 flags)
{
	bool __maybe_unused taken = run_del(run, page, flags);

	ASSERT(taken);
	WRITE_ONCE(page->flags, flags & ~LRU_FLAGS);
}

/* A file's page is out of its cache by now, for the cache has a reference. */
static inline void assert_no_owner(const struct page *page)
{
	ASSERT(!page->mapping || page_is_anon(page));
}

void put_page_last(struct page *page)
{
	if (page_test(page, PG_lru)) {
		struct lru_run run = LRU_RUN(false);

		run_release(&run, page, run_begin(&run, page));
		run_end(&run);
	}
	assert_no_owner(page);
	if (unlikely(page_test(page, PG_head)))
		__free_pages(page, compound_order(page));
	else
		free_unreferenced_page(page);
}

/* Drop a reference to each; those it was the last one of are off their lists. How many, in front. */
static unsigned release_batch(struct page **pages, unsigned n)
{
	struct lru_run run = LRU_RUN(false);
	unsigned dead = 0;

	for (unsigned i = 0; i < n; i++) {
		struct page *page = compound_head(pages[i]);
		u32 flags;

		ASSERT(page_ref_count(page) > 0);
		if (!atomic_dec_and_test(&page->refcount))
			continue;
		flags = READ_ONCE(page->flags);
		if (unlikely((flags & PAGE_CLASS) != run.class)) {
			if (flags & 1u << PG_head) {
				run_end(&run);
				put_page_last(page);
				continue;
			}
			if (!(flags & 1u << PG_lru)) {
				pages[dead++] = page;
				continue;
			}
			flags = run_begin(&run, page);
		}
		run_release(&run, page, flags);
		pages[dead++] = page;
	}
	run_end(&run);
	return dead;
}

#define RELEASE_AT_ONCE 64u /* pages with one hold of the lock */

void release_pages(struct page **pages, unsigned n)
{
	while (n > 0) {
		unsigned batch = min(n, RELEASE_AT_ONCE), dead = release_batch(pages, batch);

		for (unsigned i = 0; i < dead; i++)
			assert_no_owner(pages[i]);
		free_pages_bulk(pages, dead);
		pages += batch;
		n -= batch;
	}
}

/* ---- Boot and check ---- */

static struct mm_checker checker = {.name = "lru", .check = lru_check, .still = true};
static struct mm_marker marker = {.mark = lru_mark};

void lru_init(void)
{
	int nid;

	for_each_node (nid) {
		struct lruvec *lruvec = &lruvecs[nid];

		spin_lock_init(&lruvec->lock, RANK_LRU);
		for (unsigned i = 0; i < NR_LRU_LISTS; i++)
			page_list_register(&lruvec->list[i]);
		lruvec->node = node_data[nid];
		node_data[nid]->lruvec = lruvec;
	}
	page_lock_init();
	mm_check_register(&checker);
	mm_mark_register(&marker);
}

static unsigned complain(const struct page *page, const char *what)
{
	pr_err("lru_check: frame %#lx, flags %#x, count %d: %s\n", page_to_pfn(page), page->flags,
	       page_ref_count(page), what);
	return 1;
}

#define REQUIRE(cond) bad += (cond) ? 0 : complain(page, #cond)

static unsigned check_list(struct lruvec *lruvec, enum lru_list list,
			   unsigned long zone_pages[MAX_NR_ZONES])
{
	struct page *page = page_list_first(&lruvec->list[list]);
	u32 count = 0;
	unsigned bad = 0;

	for (; page; page = page_list_next(page)) {
		count++;
		REQUIRE(page_test(page, PG_lru) && page_lru(page) == list);
		REQUIRE(page_to_nid(page) == lruvec->node->nid);
		REQUIRE(page_ref_count(page) > 0);
		REQUIRE(!page_test(page, PG_tail) && !page_test(page, PG_slab));
		REQUIRE(!page_test(page, PG_table) && !page_test(page, PG_buddy));
#ifdef PAGODA_FAKE_HIGHMEM
		REQUIRE(machine_page_is_hidden(page_to_pfn(page)));
#endif
		zone_pages[page_zone_id(page)]++;
	}
	if (count != lruvec->list[list].count ||
	    count != node_stat(lruvec->node, NR_INACTIVE_ANON + list)) {
		pr_err("lru_check: node %d list %d: %u pages, counted %u, gauge %lu\n",
		       lruvec->node->nid, list, count, lruvec->list[list].count,
		       node_stat(lruvec->node, NR_INACTIVE_ANON + list));
		bad++;
	}
	return bad;
}

static unsigned check_batch(unsigned cpu)
{
	struct lru_batch *batch = &per_cpu(lru_batch, cpu);
	unsigned bad = 0;

	for (unsigned i = 0; i < LRU_BATCH; i++) {
		struct page *page = READ_ONCE(batch->slot[i]);

		if (!page)
			continue;
		REQUIRE(i < batch->count);
		REQUIRE(page_test(page, PG_lru) && page_in_batch(page));
		REQUIRE(page->prev == cpu * LRU_BATCH + i);
		REQUIRE(page_ref_count(page) > 0);
	}
	return bad;
}

/*
 * Every page on a list has the flags that name it, is in use and of the node; lists, nodes'
 * and zones' gauges agree; every page in a batch says so and where.
 */
unsigned lru_check(void)
{
	unsigned bad = 0, cpu;
	int nid;

	for_each_node (nid) {
		struct lruvec *lruvec = &lruvecs[nid];

		spin_lock(&lruvec->lock);
		for (unsigned list = 0; list < NR_LRU_LISTS; list++) {
			unsigned long zone_pages[MAX_NR_ZONES] = {0};

			bad += check_list(lruvec, list, zone_pages);
			for (unsigned z = 0; z < MAX_NR_ZONES; z++) {
				struct zone *zone = &lruvec->node->zone[z];

				if (!zone->present_pages ||
				    zone_pages[z] == zone_stat(zone, NR_ZONE_INACTIVE_ANON + list))
					continue;
				pr_err("lru_check: zone %s list %u: %lu pages, gauge %lu\n",
				       zone->name, list, zone_pages[z],
				       zone_stat(zone, NR_ZONE_INACTIVE_ANON + list));
				bad++;
			}
		}
		spin_unlock(&lruvec->lock);
	}
	for_each_online_cpu (cpu)
		bad += check_batch(cpu);
	return bad;
}
