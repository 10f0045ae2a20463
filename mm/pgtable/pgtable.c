/*
 * Page tables: making, finding and freeing them, on any geometry (SYSTEM.md S11).
 *
 *   va   | PGD | P4D | PUD | PMD | PTE | offset |
 *           |     |     |     |     |
 *   root ->[e]-->[e]-->[e]-->[e]-->[e]--> page
 *
 * The machine says how many bits each level has; a level of none is passed over, so
 * two levels are PGD and PTE. The walk is written once, straight, in the header: with
 * constant geometry and level it compiles to a load, a test and a mask per real level.
 *
 * A table in use is a page with PG_table, and its descriptor holds the lock of its entries
 * and how many are in use. Upper tables are changed rarely, so their lock is taken only
 * to add or remove a lower table; who walks takes none. Two CPUs that miss the same
 * table both make one, and who comes second frees his.
 *
 * Freeing.  Walkers without locks may still read a table that is out of its tree, so
 * it waits an epoch, with the epoch_head in the fields its descriptor does not need any more.
 * Its entries are all zero by then -- that is what unmapping means -- so it can be the
 * next table as it is. Each CPU keeps a few such tables: a fork needs half a dozen, and
 * zeroing them would be most of its cost. What the stock has no room for is freed.
 * Roots have a stock of their own, because their kernel part is not zero.
 */
#include "mm/pgtable/pgtable.h"

#include "lib/string.h"
#include "mm/frame/vmstat.h"
#include "sync/epoch.h"

#define STOCK_MAX  64U /* tables per CPU at most */
#define STOCK_MIN  8U
#define STOCK_PART 2048 /* of RAM, for each CPU's stock */
#define ROOTS      4U

struct pt_stock {
	u32 count, roots;
	struct page *table[STOCK_MAX];
	struct page *root[ROOTS];
};
static DEFINE_PER_CPU(struct pt_stock, pt_stock); /* this CPU only */
static u32 stock_limit = STOCK_MIN;               /* constant after boot */

void pt_init(void)
{
	stock_limit = min(max((u32)(totalram_pages() / STOCK_PART), STOCK_MIN), STOCK_MAX);
}

/* ---- Pages ---- */

static pte_t *new_table(gfp_t gfp)
{
	struct page *page = alloc_page((gfp & ~(__GFP_HIGHMEM | __GFP_MOVABLE)) | __GFP_ZERO);

	if (unlikely(!page))
		return NULL;
	page->ptl = (raw_spinlock_t){0};
	page->pt_present = 0;
	page->pt_mm = NULL;
	return page_address(page);
}

static void free_table(struct page *page)
{
	page->pt_mm = NULL;
	__free_page(page);
}

/* From here on it counts as a table; until it is given back. */
static inline pte_t *in_use(pte_t *table)
{
	if (likely(table)) {
		struct page *page = pt_page(table);

		page_set_owned(page, PG_table);
		mod_page_stat(page, NR_PAGETABLE, 1);
		trace_table_new(page_to_pfn(page), 0, 0, 0);
	}
	return table;
}

static inline void out_of_use(struct page *page)
{
	page_clear_owned(page, PG_table);
	mod_page_stat(page, NR_PAGETABLE, -1);
	trace_table_free(page_to_pfn(page), 0, 0, 0);
}

pte_t *pt_alloc_table(gfp_t gfp)
{
	struct pt_stock *stock = &this_cpu(pt_stock);

	if (likely(stock->count))
		return in_use(page_address(stock->table[--stock->count]));
	return in_use(new_table(gfp));
}

pte_t *pt_alloc_root(gfp_t gfp)
{
	struct pt_stock *stock = &this_cpu(pt_stock);

	if (likely(stock->roots))
		return in_use(page_address(stock->root[--stock->roots]));
	return in_use(new_table(gfp));
}

/* The descriptor of a table that waits: owner and links are not needed any more. */
static_assert(offsetof(struct page, mapping) + sizeof(struct epoch_head) <= sizeof(struct page),
	      "an epoch_head fits behind the table's lock and count");

static struct epoch_head *table_epoch(struct page *page)
{
	return (struct epoch_head *)&page->mapping;
}

static struct page *epoch_table(struct epoch_head *head)
{
	struct page *page = container_of((unsigned long *)head, struct page, mapping);

	page->pt_mm = NULL;
	page->next = page->prev = PAGE_UNLINKED;
	return page;
}

/* Is it worth keeping here? A table of another node is not. */
static bool local_page(const struct page *page)
{
	return nr_nodes == 1 || page_to_nid(page) == cpu_to_node(cpu_id());
}

static void stock_table(struct page *page)
{
	struct pt_stock *stock = &this_cpu(pt_stock);

	if (stock->count < stock_limit && local_page(page))
		stock->table[stock->count++] = page;
	else
		free_table(page);
}

static void table_done(struct epoch_head *head)
{
	stock_table(epoch_table(head));
}

static void root_done(struct epoch_head *head)
{
	struct pt_stock *stock = &this_cpu(pt_stock);
	struct page *page = epoch_table(head);

	if (stock->roots < ROOTS && local_page(page))
		stock->root[stock->roots++] = page;
	else
		free_table(page);
}

static bool __maybe_unused all_zero(const pte_t *entry, unsigned n)
{
	while (n-- > 0)
		if (!pte_none(pte_get(entry++)))
			return false;
	return true;
}

void pt_free_table(pte_t *table)
{
	struct page *page = pt_page(table);

	ASSERT(page_test(page, PG_table) && page->pt_present == 0);
	ASSERT(all_zero(table, PT_ENTRIES));
	out_of_use(page);
	epoch_call(table_epoch(page), table_done);
}

void pt_free_root(pte_t *root)
{
	struct page *page = pt_page(root);

	ASSERT(page_test(page, PG_table) && page->pt_present == 0);
	ASSERT(all_zero(root, pt_index(pt_top(), TASK_SIZE - 1) + 1));
	out_of_use(page);
	epoch_call(table_epoch(page), root_done);
}

unsigned long pt_drain_stock(void)
{
	struct pt_stock *stock = &this_cpu(pt_stock);
	unsigned long pages = stock->count + stock->roots;

	while (stock->count)
		free_table(stock->table[--stock->count]);
	while (stock->roots)
		free_table(stock->root[--stock->roots]);
	return pages;
}

/* ---- Walking ---- */

pte_t *pt_walk_make(pte_t *root, unsigned long va, enum pt_level level, bool user, gfp_t gfp)
{
	for (;;) {
		enum pt_level at;
		pte_t *found = root, *table, *slot = pt_walk(root, va, level, &found, &at), e;

		if (slot)
			return slot;
		e = pte_get(found);
		if (pte_is_table(e))
			continue; /* another CPU has made it since */
		if (!pte_none(e))
			return NULL; /* a large page */
		table = pt_alloc_table(gfp);
		if (!table)
			return NULL;
		pt_lock(found);
		if (pte_none(pte_get(found))) {
			/* Who finds the table finds it zeroed. */
			store_release(&found->v, mk_table(virt_to_pfn(table), user).v);
			pt_page(found)->pt_present++;
			table = NULL;
		}
		pt_unlock(found);
		if (table) { /* another CPU was first; nobody has seen this one */
			out_of_use(pt_page(table));
			stock_table(pt_page(table));
		}
	}
}

bool pt_translate(pte_t *root, unsigned long va, pte_t *entry, enum pt_level *level)
{
	pte_t *slot, *found = root;

	*level = PT_PTE;
	slot = pt_walk(root, va, PT_PTE, &found, level);
	*entry = pte_get(slot ? slot : found);
	return pte_present(*entry);
}
