/*
 * The invariants of address spaces, counted afresh (mm_check, decision 8):
 *
 *   - the index of areas is well formed (vma_tree_check), areas are aligned, in order,
 *     disjoint, their families' and files' trees hold them at their true place
 *   - each table holds as many entries as it says; an entry lies inside an area; pgtables_bytes
 *     is the number of tables
 *   - rss is the number of entries by kind
 *   - over all spaces: the entries that map a page are as many as its mapcount says, and not
 *     more than its references
 *   - and those that name a slot of swap, with the names in files, as many as the slot says
 *
 * All spaces are seen at one moment: the other CPUs stand still meanwhile. Those that are
 * being taken down count too, their entries are as real. Whoever holds an mmap_lock for writing
 * may be in the middle of a change; then the check comes again.
 */
#include "lib/printk.h"
#include "lib/string.h"
#include "mm/check.h"
#include "mm/mark.h"
#include "mm/space/pages.h"
#include "mm/swap/swap.h"

struct mm_list all_mms[I_MMAP_PARTS];

void all_mms_init(void)
{
	for (unsigned part = 0; part < I_MMAP_PARTS; part++) {
		spin_lock_init(&all_mms[part].lock, RANK_COUNTERS);
		list_init(&all_mms[part].mms);
	}
}

void mm_register(struct mm_struct *mm)
{
	struct mm_list *list = &all_mms[mm->part];

	spin_lock(&list->lock);
	list_add_tail(&mm->all_mms, &list->mms);
	spin_unlock(&list->lock);
}

void mm_unregister(struct mm_struct *mm)
{
	struct mm_list *list = &all_mms[mm->part];

	spin_lock(&list->lock);
	list_del(&mm->all_mms);
	spin_unlock(&list->lock);
}

/* The first in the list behind `at` that is in use, with a user count; NULL. */
static struct mm_struct *next_used_in(struct mm_list *list, struct list_head *at)
{
	struct mm_struct *next = NULL;

	spin_lock(&list->lock);
	for (at = at->next; at != &list->mms && !next; at = at->next) {
		struct mm_struct *mm = list_entry(at, struct mm_struct, all_mms);

		if (mmget_not_zero(mm))
			next = mm;
	}
	spin_unlock(&list->lock);
	return next;
}

struct mm_struct *mm_next_used(struct mm_struct *after)
{
	struct mm_list *list = &all_mms[after ? after->part : 0];
	struct mm_struct *next = next_used_in(list, after ? &after->all_mms : &list->mms);

	while (!next && ++list < all_mms + I_MMAP_PARTS)
		next = next_used_in(list, &list->mms);
	if (after)
		mmput(after);
	return next;
}

struct check {
	struct mm_struct *mm;
	long rss[NR_MM_COUNTERS];
	unsigned long tables;
	unsigned bad;
};

static u32 *mapped;  /* entries found, by frame; while a check is on */
static pfn_t frames; /* so many has the array */

#define VIOLATION(check, ...)                  \
	do {                                   \
		(check)->bad++;                \
		pr_err("space: " __VA_ARGS__); \
	} while (0)

static void check_entry(struct check *check, unsigned long va, pte_t e)
{
	struct vm_area_struct *vma = find_vma(check->mm, va);
	struct page *page;

	if (!vma || vma->vm_start > va) {
		VIOLATION(check, "%p: entry %llx at %lx lies in no area\n", check->mm,
			  (unsigned long long)e.v, va);
		return;
	}
	if (!pte_present(e)) {
		check->rss[MM_SWAPENTS]++;
		swap_names_count(pte_to_swp_entry(e));
		if (!swap_refs(pte_to_swp_entry(e)))
			VIOLATION(check, "%p: entry at %lx names a free slot\n", check->mm, va);
		return;
	}
	if (pte_write(e) && !(vma->vm_flags & VM_WRITE))
		VIOLATION(check, "%p: %lx is writable, its area is not\n", check->mm, va);
	page = pte_counted_page(e);
	if (!page) {
		if (pte_write(e) && pte_pfn(e) == zero_pfn)
			VIOLATION(check, "%p: the zero page is writable at %lx\n", check->mm, va);
		return;
	}
	if (page_to_pfn(page) >= frames) {
		VIOLATION(check, "%p: frame %lx at %lx does not exist\n", check->mm,
			  page_to_pfn(page), va);
		return;
	}
	mapped[page_to_pfn(page)]++;
	if (page_is_anon(page)) {
		check->rss[MM_ANONPAGES]++;
		if (!vma->anon_vma)
			VIOLATION(check, "%p: anonymous page at %lx, area without family\n",
				  check->mm, va);
		else if (page_anon_index(page) != vma_page_index(vma, va))
			VIOLATION(check, "%p: page at %lx has index %llx\n", check->mm, va,
				  (unsigned long long)page_anon_index(page));
		else if (!anon_vma_covers(page_owner_ptr(page), vma))
			VIOLATION(check, "%p: rmap does not find the page at %lx\n", check->mm, va);
		if (pte_write(e) && page_mapcount(page) > 1)
			VIOLATION(check, "%p: shared anonymous page writable at %lx\n", check->mm,
				  va);
	} else {
		check->rss[file_counter(vma)]++;
		if (vma->vm_mapping && page_owner_ptr(page) != vma->vm_mapping)
			VIOLATION(check, "%p: page at %lx is not its file's\n", check->mm, va);
	}
}

/* Everything below `table`, whose entries are of `level`. */
static void check_table(struct check *check, pte_t *table, int level, unsigned long base)
{
	u32 present = 0;

	check->tables++;
	for (unsigned i = 0; i < 1u << PT_BITS(level); i++) {
		unsigned long va = base + i * PT_SIZE(level);
		pte_t e = pte_get(table + i);

		if (va >= TASK_SIZE) /* the kernel's half of a root */
			break;
		if (pte_none(e))
			continue;
		present++;
		if (level == PT_PTE)
			check_entry(check, va, e);
		else if (pte_is_table(e))
			check_table(check, pt_table(e), pt_below(level), va);
	}
	if (level != PT_PGD && user_table(table)->pt_present != present)
		VIOLATION(check, "%p: table for %lx holds %u entries and says %u\n", check->mm,
			  base, present, user_table(table)->pt_present);
}

static void check_areas(struct check *check)
{
	struct vm_area_struct *vma;
	unsigned long end = 0;

	check->bad += vma_tree_check(&check->mm->vmas);
	for_each_vma(check->mm, vma)
	{
		if (vma->vm_start < end || vma->vm_start >= vma->vm_end ||
		    (vma->vm_start | vma->vm_end) & ~PAGE_MASK || vma->vm_end > TASK_SIZE)
			VIOLATION(check, "%p: area %lx-%lx after %lx\n", check->mm, vma->vm_start,
				  vma->vm_end, end);
		if (vma->vm_mm != check->mm || vma->vm_flags & VM_DETACHED)
			VIOLATION(check, "%p: area %lx is not of this space\n", check->mm,
				  vma->vm_start);
		if (vma->anon_vma && (vma->anon_node.start != vma->vm_pgoff ||
				      vma->anon_node.last != vma->vm_pgoff + vma_pages(vma) - 1))
			VIOLATION(check, "%p: area %lx stands wrong in its family\n", check->mm,
				  vma->vm_start);
		if (vma->vm_mapping && (vma->file_node.start != vma->vm_pgoff ||
					vma->file_node.last != vma->vm_pgoff + vma_pages(vma) - 1))
			VIOLATION(check, "%p: area %lx stands wrong in its file\n", check->mm,
				  vma->vm_start);
		end = vma->vm_end;
	}
}

/* False: somebody is changing it. */
static bool check_mm(struct check *check)
{
	struct mm_struct *mm = check->mm;

	if (!down_read_trylock(&mm->mmap_lock))
		return false;
	check->tables = 0;
	for (int i = 0; i < NR_MM_COUNTERS; i++)
		check->rss[i] = 0;
	check_areas(check);
	check_table(check, mm->arch.root, PT_PGD, 0);
	check->tables--; /* the root is not counted */
	if (check->tables * PAGE_SIZE != (unsigned long)atomic_read(&mm->pgtables_bytes))
		VIOLATION(check, "%p: %lu tables, pgtables_bytes %ld\n", mm, check->tables,
			  atomic_read(&mm->pgtables_bytes));
	for (int i = 0; i < NR_MM_COUNTERS; i++)
		if (check->rss[i] != atomic_read(&mm->rss[i]))
			VIOLATION(check, "%p: rss[%d] is %ld, counted %ld\n", mm, i,
				  atomic_read(&mm->rss[i]), check->rss[i]);
	up_read(&mm->mmap_lock);
	return true;
}

/* Frames that may carry a mapcount: taken, and not by something that uses its place otherwise. */
static void check_mapcounts(struct check *check)
{
	struct zone *zone;

	for_each_zone (zone) {
		pfn_t end = zone->start_pfn + zone->spanned_pages;

		for (pfn_t pfn = zone->start_pfn; zone->present_pages && pfn < end; pfn++) {
			struct page *page = pfn_to_page(pfn);
			u32 found = mapped[pfn];

			if (found == 0 && !page_test(page, PG_lru))
				continue;
			if (page_mapcount(page) != (int)found)
				VIOLATION(check, "frame %lx: mapcount %d, %u entries map it\n", pfn,
					  page_mapcount(page), found);
			if (page_ref_count(page) < (int)found)
				VIOLATION(check, "frame %lx: %d references, %u entries map it\n",
					  pfn, page_ref_count(page), found);
		}
	}
}

static unsigned space_check(void)
{
	struct check check = {0};
	struct mm_list *list;

	memset(mapped, 0, frames * sizeof(*mapped));
	swap_names_clear();
	for_each_mm(check.mm, list) if (!check_mm(&check)) return MM_CHECK_AGAIN;
	check_mapcounts(&check);
	cache_each_name(swap_names_count);
	return check.bad + swap_names_check();
}

static int space_check_prepare(void)
{
	struct zone *zone;

	frames = 0;
	for_each_zone (zone)
		if (zone->present_pages)
			frames = max(frames, zone->start_pfn + zone->spanned_pages);
	mapped = vmalloc(frames * sizeof(*mapped));
	return mapped ? swap_names_begin() : -ENOMEM;
}

static void space_check_finish(void)
{
	vfree(mapped);
	swap_names_end();
}

static struct mm_checker space_checker = {.name = "space",
					  .check = space_check,
					  .still = true,
					  .prepare = space_check_prepare,
					  .finish = space_check_finish};
static struct mm_marker space_marker = {.mark = space_mark};

void pages_init(void)
{
	struct page *zero = alloc_page(GFP_KERNEL | __GFP_ZERO);

	BUG_ON(!zero); /* at boot */
	zero_pfn = page_to_pfn(zero);
	rmap_init();
	unmap_mapping_range = unmap_file_range;
	write_protect_page = protect_file_page;
	mm_check_register(&space_checker);
	mm_mark_register(&space_marker);
}
