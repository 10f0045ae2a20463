/*
 * Page faults: an access met an entry that does not allow it; make it so, or say
 * why not.
 *
 * First the area.  It is looked up without locks (the index is readable within an epoch),
 * then its own lock is taken shared: faults in different areas, and in the same one, run
 * side by side, and who wants to change the area waits for them.  Only if that
 * fails -- a writer is there, the area was just being replaced, the stack must
 * grow, the space is being forked -- is mmap_lock taken; and once for each area, when it
 * gets its first page of its own and with it a place in a family (rmap.c).
 *
 * Then the case, from three things: what the entry holds, what the area is, what was tried.
 *
 *     entry            area       access   case
 *     -----------------------------------------------------------------------------
 *     none             anonymous  read     ZERO_READ    the page of zeros, read-only
 *     none             anonymous  write    DEMAND_ZERO  a zeroed page of its own
 *     none             file       read     FILE_READ    the cache's page, and its neighbours
 *     none             private    write    FILE_COPY    a copy of the cache's page
 *     none             shared     write    FILE_WRITE   the cache's page, its owner told
 *     present, no W    private    write    COPY_ON_WRITE  copy, or reuse if not shared
 *     present, no W    shared     write    FILE_NOTIFY  the owner is told, then writable
 *     present, allows  any        any      SPURIOUS     somebody was faster, or a stale TLB
 *     swap entry       any        any      SWAPPED      brought back (swapin.c)
 *
 * The pattern of each case: everything that may sleep (memory for the page, tables,
 * reading from disk) comes first; then the table's lock is taken and the entry looked
 * at again; if it has changed meanwhile the work is dropped and the access tried
 * again by the processor, which finds what the other did.
 *
 * A file page must not be mapped after truncation has looked for mappings of it: the
 * file's invalidate_lock, shared, is held from finding the page to mapping it.
 *
 * What changes from one page to another (copy on write, the zero page replaced) is
 * cleared and flushed on all CPUs before the new entry is set: no CPU may read the old
 * page after another has written the new one.  Entries that only get more
 * rights are simply set; a CPU that has the old translation takes a spurious fault.
 *
 * Errors are FAULT_ codes; the trap handler makes signals of them.  A fault that fails
 * leaves no trace but tables, which the area's end will take away.
 */
#include "mm/space/pages.h"

#define FAULT_AROUND \
	16 /* pages: what one read fault of a file maps; aligned, or the area's first */

/* A fault in an area with a file. The common ones of anonymous memory keep all this in registers. */
struct fault {
	struct mm_struct *mm;
	struct vm_area_struct *vma; /* its lock held shared */
	unsigned long address;      /* of the page */
	pte_t *slot;
	pte_t entry; /* as it was when the case was decided */
	bool major;
};

enum fault_case {
	ZERO_READ,
	DEMAND_ZERO,
	FILE_READ,
	FILE_COPY,
	FILE_WRITE,
	COPY_ON_WRITE,
	FILE_NOTIFY,
	SPURIOUS,
	SWAPPED,
};

pfn_t zero_pfn;

/* --- entries --- */

/* Lock the table; false (unlocked) if the entry is not what it was. A and D are the hardware's. */
static inline bool lock_if_same(pte_t *slot, pte_t entry, struct page *table)
	TRY_ACQUIRES(true, table->ptl)
{
	raw_spin_lock(&table->ptl, RANK_PTL);
	pte_t now = pte_get(slot);

	if (likely(pte_mkdirty(pte_mkyoung(now)).v == pte_mkdirty(pte_mkyoung(entry)).v))
		return true;
	raw_spin_unlock(&table->ptl);
	return false;
}

/* As lock_if_same() for an entry that was none. */
static inline bool lock_if_none(pte_t *slot, struct page *table) TRY_ACQUIRES(true, table->ptl)
{
	raw_spin_lock(&table->ptl, RANK_PTL);
	if (likely(pte_none(pte_get(slot))))
		return true;
	raw_spin_unlock(&table->ptl);
	return false;
}

static inline pte_t dirty_entry(const struct vm_area_struct *vma, struct page *page)
{
	return pte_mkdirty(mk_pte(page_to_pfn(page), vma->vm_page_prot));
}

static inline pte_t writable_entry(const struct vm_area_struct *vma, struct page *page)
{
	return pte_mkwrite(dirty_entry(vma, page));
}

/* --- anonymous memory --- */

static __always_inline fault_t zero_read(struct mm_struct *mm, struct vm_area_struct *vma,
					 unsigned long address, pte_t *slot)
{
	struct page *table = user_table(slot);

	if (lock_if_none(slot, table)) {
		table->pt_present++;
		pte_set(slot, pte_mkspecial(mk_pte(zero_pfn, vma->vm_page_prot)));
		trace_map_page((unsigned long)mm, address, zero_pfn, MAP_KIND_BARE);
		raw_spin_unlock(&table->ptl);
	}
	return FAULT_DONE;
}

/*
 * A new page becomes the area's own: rmap, list, entry. The table's lock is held: once it is
 * let go another thread may unmap the page, which must be listed by then.
 */
static __always_inline void install_anon(struct mm_struct *mm, struct vm_area_struct *vma,
					 unsigned long address, pte_t *slot, struct page *page,
					 pte_t e)
{
	page_add_new_anon_rmap(page, vma, address);
	lru_cache_add(page);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_page(page);
	pte_set(slot, e);
	trace_map_page((unsigned long)mm, address, page_to_pfn(page), MM_ANONPAGES);
}

/* The same where nothing was mapped. Gives the page back if something is by now. */
static __always_inline fault_t add_anon(struct mm_struct *mm, struct vm_area_struct *vma,
					unsigned long address, pte_t *slot, struct page *page)
{
	struct page *table = user_table(slot);

	if (unlikely(!lock_if_none(slot, table))) {
		__free_page(page);
		return FAULT_DONE;
	}
	table->pt_present++;
	install_anon(mm, vma, address, slot, page, writable_entry(vma, page));
	raw_spin_unlock(&table->ptl);
	atomic_inc(&mm->rss[MM_ANONPAGES]);
	return FAULT_DONE;
}

static __always_inline fault_t demand_zero(struct mm_struct *mm, struct vm_area_struct *vma,
					   unsigned long address, pte_t *slot)
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE);

	if (unlikely(!page))
		return FAULT_OOM;
	clear_highpage(page);
	return add_anon(mm, vma, address, slot, page);
}

/* Drop references that are not to a large page. */
static inline void put_references(struct page *page, int n)
{
	if (atomic_sub_return(n, &page->refcount) == 0)
		put_page_last(page);
}

/*
 * The page that a write must copy, with a reference: it stays what it is while we copy, as nobody
 * else can be its last sharer then. NULL: nothing to copy any more, the page has been made writable
 * because it is ours alone, or the entry has changed.
 */
static __always_inline struct page *page_to_copy(struct mm_struct *mm, struct vm_area_struct *vma,
						 unsigned long address, pte_t *slot, pte_t e,
						 bool forced)
{
	struct page *table = user_table(slot), *old = pte_page(e);

	if (unlikely(!lock_if_same(slot, e, table)))
		return NULL;
	if (page_reusable(old, vma)) {
		if (!forced) {
			pte_set(slot, pte_mkwrite(pte_mkdirty(pte_mkyoung(e))));
			tlb_flush_local_page(address);
			trace_cow_reuse((unsigned long)mm, address, page_to_pfn(old), 0);
		}
		old = NULL;
	} else {
		atomic_inc(&old->refcount);
	}
	raw_spin_unlock(&table->ptl);
	return old;
}

/* The case; forced (a constant): the copy is the program's own, and read-only as the area is. */
static __always_inline fault_t copy_own(struct mm_struct *mm, struct vm_area_struct *vma,
					unsigned long address, pte_t *slot, pte_t e, bool forced)
{
	struct page *table = user_table(slot), *old = NULL, *page;
	bool was_anon = false;

	if (pte_counted(e)) {
		old = page_to_copy(mm, vma, address, slot, e, forced);
		if (!old)
			return FAULT_DONE;
		was_anon = page_is_anon(old);
	} else if (pte_pfn(e) != zero_pfn) {
		return FAULT_SIGBUS; /* a bare frame has nothing to copy by */
	}
	page = alloc_page(GFP_HIGHUSER_MOVABLE);
	if (unlikely(!page)) {
		if (old)
			put_references(old, 1);
		return FAULT_OOM;
	}
	if (old)
		copy_highpage(page, old);
	else
		clear_highpage(page);

	if (unlikely(!lock_if_same(slot, e, table))) {
		__free_page(page);
		if (old)
			put_references(old, 1);
		return FAULT_DONE;
	}
	pte_set(slot, (pte_t){0});
	flush_page(mm, address);
	install_anon(mm, vma, address, slot, page,
		     forced ? dirty_entry(vma, page) : writable_entry(vma, page));
	if (old)
		page_remove_rmap(old);
	raw_spin_unlock(&table->ptl);

	if (!was_anon) {
		atomic_inc(&mm->rss[MM_ANONPAGES]);
		if (!old)
			return FAULT_DONE;
		atomic_dec(&mm->rss[file_counter(vma)]);
	}
	trace_cow_copy((unsigned long)mm, address, page_to_pfn(old), page_to_pfn(page));
	put_references(old, 2); /* ours and the entry's */
	return FAULT_DONE;
}

static __noinline fault_t copy_on_write(struct mm_struct *mm, struct vm_area_struct *vma,
					unsigned long address, pte_t *slot, pte_t e)
{
	return copy_own(mm, vma, address, slot, e, false);
}

static __cold fault_t forced_copy(struct mm_struct *mm, struct vm_area_struct *vma,
				  unsigned long address, pte_t *slot, pte_t e)
{
	return copy_own(mm, vma, address, slot, e, true);
}

/* --- file memory --- */

/* Is there anything at this place in the file? */
static inline bool beyond_end(const struct address_space *mapping, u64 index)
{
	return mapping->size && index >= (mapping->size(mapping) + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* The file's page, up to date, with a reference; from the cache or the area's owner. */
static fault_t file_page(struct fault *f, struct page **page)
{
	struct vm_area_struct *vma = f->vma;
	u64 index = vma_page_index(vma, f->address);

	if (vma->vm_ops && vma->vm_ops->fault) {
		fault_t result = vma->vm_ops->fault(vma, index, page);

		f->major = result & FAULT_MAJOR;
		return result & FAULT_ERROR;
	}
	if (beyond_end(vma->vm_mapping, index))
		return FAULT_SIGBUS;
	*page = cache_get_page(vma->vm_mapping, index, &f->major);
	if (IS_ERR(*page))
		return PTR_ERR(*page) == -ENOMEM ? FAULT_OOM : FAULT_SIGBUS;
	return FAULT_DONE;
}

/* Map a file page, whose reference becomes the entry's, or drop it if somebody was faster. */
static fault_t map_file_page(struct fault *f, struct page *page, pte_t e)
{
	struct page *table = user_table(f->slot);

	if (!lock_if_none(f->slot, table)) {
		put_page(page);
		return FAULT_DONE;
	}
	page_add_file_rmap(page);
	table->pt_present++;
	pte_set(f->slot, e);
	if (unlikely(f->vma->vm_flags & VM_LOCKED))
		mlock_page(page);
	trace_map_page((unsigned long)f->mm, f->address, page_to_pfn(page), file_counter(f->vma));
	raw_spin_unlock(&table->ptl);
	count_rss(f->mm, file_counter(f->vma), 1);
	return FAULT_DONE;
}

/* For the event stream: which of a window's entries are empty, a bit for each. */
static __cold u32 empty_slots(const pte_t *slots, unsigned n)
{
	u32 set = 0;

	static_assert(FAULT_AROUND < 32, "a window's entries are bits of a word");
	for (unsigned i = 0; i < n; i++)
		set |= (u32)pte_none(pte_get(slots + i)) << i;
	return set;
}

/* Of those the ones that are not any more: an event for each run that leads to a run of frames. */
static __cold void record_around(const struct fault *f, unsigned long start, const pte_t *slots,
				 unsigned entries, u32 empty)
{
	const u32 set = empty & ~empty_slots(slots, entries);

	for (unsigned i = 0, n; set >> i; i += n) {
		const pfn_t pfn = pte_pfn(pte_get(slots + i));

		for (n = 1; set >> i & 1 && set >> (i + n) & 1 &&
			    pte_pfn(pte_get(slots + i + n)) == pfn + n;)
			n++;
		if (set >> i & 1)
			trace_map_range((unsigned long)f->mm, start + ((u64)i << PAGE_SHIFT), pfn,
					(u64)n << MAP_COUNT_SHIFT | file_counter(f->vma));
	}
}

/*
 * Map what the cache holds of the aligned neighbourhood that lies in the area, the file and one
 * table. True if the page asked for was among it. Neighbours are mapped as not accessed: if
 * they are used the processor will say so.
 */
static bool map_around(struct fault *f, bool write)
{
	struct vm_area_struct *vma = f->vma;
	const unsigned long window = FAULT_AROUND * PAGE_SIZE;
	const unsigned long table_span = PT_SIZE(PT_PTE) << PT_BITS(PT_PTE);
	const unsigned long start = max(ALIGN_DOWN(f->address, window), vma->vm_start);
	const unsigned long table_end = ALIGN_DOWN(start, table_span) + table_span;
	const unsigned long end = min(min(start + window, vma->vm_end), table_end);
	const u64 first = vma_page_index(vma, start);
	const pgprot_t prot = vma->vm_page_prot;
	struct page *pages[FAULT_AROUND], *table = user_table(f->slot);
	pte_t *slots = f->slot - ((f->address - start) >> PAGE_SHIFT);
	unsigned n, mapped = 0, unused = 0, fresh = 0;
	u64 at = first;

	n = find_get_pages(vma->vm_mapping, &at, first + ((end - start) >> PAGE_SHIFT) - 1,
			   FAULT_AROUND, pages);
	if (!n)
		return false;

	const int nid = page_to_nid(pages[0]);
	u32 empty = 0; /* entries, by place in the window; only if that is recorded */

	raw_spin_lock(&table->ptl, RANK_PTL);
	if (trace_on())
		empty = empty_slots(slots, (end - start) >> PAGE_SHIFT);
	for (unsigned i = 0; i < n; i++) {
		struct page *page = pages[i];
		const u32 offset = (u32)page_index(page) - (u32)first;
		pte_t *slot = slots + offset;
		const u32 flags = load_acquire(&page->flags); /* as page_is_uptodate() */

		if (unlikely(!pte_none(pte_get(slot)) || !(flags >> PG_uptodate & 1))) {
			pages[unused++] = page;
			continue;
		}
		mapped++;
		if (fetch_add(&page->mapcount.v, 1) == 0) {
			if (flags >> PAGE_NODE_SHIFT == nid)
				fresh++;
			else
				mod_page_stat(page, NR_FILE_MAPPED, 1);
		}
		pte_set(slot, pte_mkold(mk_pte(page_to_pfn(page), prot)));
	}
	table->pt_present += mapped;
	if (trace_on())
		record_around(f, start, slots, (end - start) >> PAGE_SHIFT, empty);

	pte_t e = pte_get(f->slot);

	if (!pte_none(e))
		pte_set(f->slot, write ? pte_mkdirty(pte_mkyoung(e)) : pte_mkyoung(e));
	raw_spin_unlock(&table->ptl);
	count_rss(f->mm, file_counter(vma), mapped);
	if (fresh)
		mod_node_stat(node_data[nid], NR_FILE_MAPPED, fresh);
	if (unused)
		release_pages(pages, unused);
	return !pte_none(e);
}

/* May map_around() help: does the area go by its file's cache, without wanting to be asked? */
static inline bool goes_around(const struct vm_area_struct *vma)
{
	return vma->vm_mapping && !(vma->vm_ops && vma->vm_ops->fault) &&
	       !(vma->vm_flags & (VM_LOCKED | VM_RAND_READ));
}

static fault_t file_read(struct fault *f)
{
	struct page *page;
	fault_t result;

	if (goes_around(f->vma) && map_around(f, false))
		return FAULT_DONE;
	result = file_page(f, &page);
	if (result)
		return result;
	return map_file_page(f, page, mk_pte(page_to_pfn(page), f->vma->vm_page_prot));
}

static fault_t file_copy(struct fault *f)
{
	struct page *from, *page;
	fault_t result;

	result = file_page(f, &from);
	if (result)
		return result;
	page = alloc_page(GFP_HIGHUSER_MOVABLE);
	if (!page) {
		put_page(from);
		return FAULT_OOM;
	}
	copy_highpage(page, from);
	put_page(from);
	return add_anon(f->mm, f->vma, f->address, f->slot, page);
}

/*
 * Tell the owner of a shared page that it is about to be written. On success the page is locked
 * and dirty, so that writing it back cannot slip in before it is mapped writable.
 */
static fault_t notify_owner(struct fault *f, struct page *page)
{
	struct vm_area_struct *vma = f->vma;

	lock_page(page);
	if (vma->vm_mapping && page_owner_ptr(page) != vma->vm_mapping) {
		unlock_page(page);
		return FAULT_SIGBUS; /* truncated */
	}
	if (vma->vm_ops && vma->vm_ops->page_mkwrite && vma->vm_ops->page_mkwrite(vma, page)) {
		unlock_page(page);
		return FAULT_SIGBUS;
	}
	set_page_dirty(page);
	return FAULT_DONE;
}

/* Does somebody count which pages of the area are dirty (as in vma_set_prot())? */
static inline bool wants_notice(const struct vm_area_struct *vma)
{
	const struct address_space *mapping = vma->vm_mapping;

	return (vma->vm_ops && vma->vm_ops->page_mkwrite) ||
	       (mapping && mapping->ops && mapping->ops->write_pages);
}

static fault_t file_write(struct fault *f)
{
	const bool notify = wants_notice(f->vma);
	struct page *page;
	fault_t result;

	/* Where nobody counts writes, neighbours can be had as well: vm_page_prot lets them be written. */
	if (!notify && goes_around(f->vma) && map_around(f, true))
		return FAULT_DONE;
	result = file_page(f, &page);
	if (result)
		return result;
	if (notify) {
		result = notify_owner(f, page);
		if (result) {
			put_page(page);
			return result;
		}
		get_page(page); /* map_file_page() may drop the other */
	}
	result = map_file_page(f, page, writable_entry(f->vma, page));
	if (notify) {
		unlock_page(page);
		put_page(page);
	}
	return result;
}

static fault_t file_notify(struct fault *f)
{
	struct page *table = user_table(f->slot), *page = pte_counted_page(f->entry);
	const bool notify = page && wants_notice(f->vma);
	fault_t result = FAULT_DONE;

	if (!lock_if_same(f->slot, f->entry, table))
		return FAULT_DONE;
	if (notify) {
		get_page(page);
		raw_spin_unlock(&table->ptl);
		result = notify_owner(f, page);
		if (result || !lock_if_same(f->slot, f->entry, table))
			goto out;
	}
	pte_set(f->slot, pte_mkwrite(pte_mkdirty(pte_mkyoung(f->entry))));
	tlb_flush_local_page(f->address);
	raw_spin_unlock(&table->ptl);
out:
	if (notify) {
		if (!result)
			unlock_page(page);
		put_page(page);
	}
	return result;
}

/* --- which case --- */

static inline enum fault_case decide(const struct vm_area_struct *vma, pte_t e, bool write)
{
	if (likely(pte_none(e))) {
		if (likely(vma_is_anonymous(vma)))
			return write ? DEMAND_ZERO : ZERO_READ;
		if (!write)
			return FILE_READ;
		return vma->vm_flags & VM_SHARED ? FILE_WRITE : FILE_COPY;
	}
	if (unlikely(!pte_accessible(e))) /* without rights: mprotect is about to give it some */
		return pte_present(e) ? SPURIOUS : SWAPPED;
	if (!write || pte_write(e))
		return SPURIOUS;
	return vma->vm_flags & VM_SHARED ? FILE_NOTIFY : COPY_ON_WRITE;
}

/* The cases that may have to do with a file, or are rare. */
static __noinline fault_t other_fault(enum fault_case what, struct mm_struct *mm,
				      struct vm_area_struct *vma, unsigned long address,
				      pte_t *slot, pte_t entry, bool write) NO_LOCK_ANALYSIS
{
	struct fault f = {.mm = mm, .vma = vma, .address = address, .slot = slot, .entry = entry};
	struct rw_semaphore *truncation =
		vma->vm_mapping ? &vma->vm_mapping->invalidate_lock : NULL;
	fault_t result;

	if (truncation)
		down_read(truncation);
	switch (what) {
	case FILE_READ: result = file_read(&f); break;
	case FILE_COPY: result = file_copy(&f); break;
	case FILE_WRITE: result = file_write(&f); break;
	case FILE_NOTIFY: result = file_notify(&f); break;
	case SPURIOUS:
		tlb_flush_local_page(address);
		result = FAULT_DONE;
		break;
	case SWAPPED:
		result = swap_in(mm, vma, address, slot, entry, write, GFP_HIGHUSER_MOVABLE,
				 &f.major);
		break;
	default: WARN_ON("no such case" != NULL); result = FAULT_SIGBUS;
	}
	if (truncation)
		up_read(truncation);
	if (f.major) {
		result |= FAULT_MAJOR;
		trace_fault_major((unsigned long)mm, address, what, result);
	}
	return result;
}

/* --- the area --- */

/* The VMA of an address with its lock held shared; NULL: not this way. */
static inline struct vm_area_struct *lock_vma(struct mm_struct *mm,
					      unsigned long address) NO_LOCK_ANALYSIS
{
	struct vm_area_struct *vma;

	epoch_read_lock();
	vma = vma_tree_find(&mm->vmas, address);
	if (unlikely(!vma || !down_read_trylock(&vma->lock))) {
		epoch_read_unlock();
		return NULL;
	}
	epoch_read_unlock(); /* the lock keeps it now, if it is in the index */
	if (likely(vma_covers(vma, mm, address) && !READ_ONCE(mm->forking)))
		return vma;
	up_read(&vma->lock);
	return NULL;
}

/* The same with mmap_lock: waits for writers, grows the stack. NULL: there is no such memory. */
static __noinline struct vm_area_struct *lock_vma_slowly(struct mm_struct *mm,
							 unsigned long address) NO_LOCK_ANALYSIS
{
	struct vm_area_struct *vma;

	down_read(&mm->mmap_lock);
	if (unlikely(READ_ONCE(mm->reaped))) {
		up_read(&mm->mmap_lock);
		return NULL;
	}
	vma = find_vma(mm, address);
	if (likely(vma && vma->vm_start <= address)) {
		down_read(&vma->lock);
		up_read(&mm->mmap_lock);
		return vma;
	}

	const bool may_grow = vma && vma->vm_flags & VM_GROWSDOWN;

	up_read(&mm->mmap_lock);
	if (!may_grow)
		return NULL;
	down_write(&mm->mmap_lock);
	vma = find_vma(mm, address);
	if (vma && vma->vm_start > address &&
	    (!(vma->vm_flags & VM_GROWSDOWN) || expand_stack(vma, address)))
		vma = NULL;
	if (vma)
		down_read(&vma->lock);
	up_write(&mm->mmap_lock);
	return vma;
}

struct vm_area_struct *lock_area(struct mm_struct *mm, unsigned long address)
{
	struct vm_area_struct *vma = lock_vma(mm, address);

	return likely(vma) ? vma : lock_vma_slowly(mm, address);
}

static inline bool allowed(const struct vm_area_struct *vma, unsigned access)
{
	if (access & ACCESS_WRITE)
		return vma->vm_flags & VM_WRITE;
	if (access & ACCESS_EXEC)
		return vma->vm_flags & VM_EXEC;
	return vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC);
}

bool may_force(const struct vm_area_struct *vma, unsigned access)
{
	if (vma->vm_flags & (VM_PFNMAP | VM_IO))
		return false;
	if (access & ACCESS_WRITE)
		return (vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
	return vma->vm_flags & VM_MAYREAD;
}

/* Will this access make a page of the area's own, while the area has no place for it in a family? */
static inline bool needs_family(const struct vm_area_struct *vma, unsigned access)
{
	return access & ACCESS_WRITE && !anon_vma_ready(vma) && !(vma->vm_flags & VM_SHARED);
}

/*
 * Find that place, under mmap_lock. If it cannot be had at once the area is let go: -EAGAIN, look
 * it up again. 0, -ENOMEM: still locked.
 */
static __noinline int give_family(struct mm_struct *mm, struct vm_area_struct *vma,
				  unsigned long address) NO_LOCK_ANALYSIS
{
	int err;

	if (likely(down_read_trylock(&mm->mmap_lock))) {
		err = anon_vma_prepare(vma);
		up_read(&mm->mmap_lock);
		return err;
	}
	up_read(&vma->lock);
	down_read(&mm->mmap_lock);
	vma = find_vma(mm, address);
	if (vma && vma->vm_start <= address)
		(void)anon_vma_prepare(vma); /* without memory: the next round says so */
	up_read(&mm->mmap_lock);
	return -EAGAIN;
}

/* May the fault go on as things are? Else prepare() must see to it, or says why not. */
static inline bool is_prepared(const struct vm_area_struct *vma, unsigned access)
{
	return likely(vma) && likely(allowed(vma, access)) && likely(!needs_family(vma, access));
}

/*
 * The area locked, the access allowed, a family there: the VMA. Or NULL, unlocked, and *result
 * says why.
 */
static __noinline struct vm_area_struct *prepare(struct mm_struct *mm, struct vm_area_struct *vma,
						 unsigned long address, unsigned access,
						 fault_t *result) NO_LOCK_ANALYSIS
{
	for (;;) {
		int err;

		if (!vma)
			vma = lock_vma_slowly(mm, address);
		if (!vma) {
			*result = FAULT_SIGSEGV_MAPERR;
			return NULL;
		}
		if (!allowed(vma, access) && !(access & ACCESS_FORCE && may_force(vma, access))) {
			*result = FAULT_SIGSEGV_ACCERR;
			break;
		}
		if (!needs_family(vma, access))
			return vma;
		err = give_family(mm, vma, address);
		if (!err)
			return vma;
		if (err != -EAGAIN) {
			*result = FAULT_OOM;
			break;
		}
		vma = lock_vma(mm, address);
	}
	up_read(&vma->lock);
	return NULL;
}

/*
 * An access that the area does not allow: what is there is made present with the area's own
 * rights, as if read; and for a write, once it is present, made the program's own: remote.c writes it.
 */
static __cold fault_t forced_fault(struct mm_struct *mm, struct vm_area_struct *vma,
				   unsigned long address, unsigned access)
{
	pte_t *slot = user_pte_alloc(mm, address), entry;

	if (!slot)
		return FAULT_OOM;
	entry = pte_get(slot);
	if (pte_none(entry))
		return vma_is_anonymous(vma)
			       ? zero_read(mm, vma, address, slot)
			       : other_fault(FILE_READ, mm, vma, address, slot, entry, false);
	if (!pte_present(entry))
		return other_fault(SWAPPED, mm, vma, address, slot, entry, false);
	return access & ACCESS_WRITE ? forced_copy(mm, vma, address, slot, entry) : FAULT_DONE;
}

fault_t handle_mm_fault(struct mm_struct *mm, unsigned long address,
			unsigned access) NO_LOCK_ANALYSIS
{
	struct vm_area_struct *vma = lock_vma(mm, address);
	fault_t result = FAULT_OOM;
	enum fault_case what;
	pte_t *slot, entry;

	if (unlikely(!is_prepared(vma, access))) {
		vma = prepare(mm, vma, address, access, &result);
		if (!vma)
			return result;
		if (unlikely(!allowed(vma, access))) {
			result = forced_fault(mm, vma, address & PAGE_MASK, access);
			goto out;
		}
	}
	address &= PAGE_MASK;
	slot = user_pte(mm, address);
	if (unlikely(!slot)) {
		slot = user_pte_alloc(mm, address);
		if (!slot)
			goto out;
	}
	entry = pte_get(slot);
	what = decide(vma, entry, access & ACCESS_WRITE);
	if (likely(what == DEMAND_ZERO))
		result = demand_zero(mm, vma, address, slot);
	else if (what == COPY_ON_WRITE)
		result = copy_on_write(mm, vma, address, slot, entry);
	else if (what == ZERO_READ)
		result = zero_read(mm, vma, address, slot);
	else
		result = other_fault(what, mm, vma, address, slot, entry, access & ACCESS_WRITE);
out:
	up_read(&vma->lock);
	trace_fault((unsigned long)mm, address, access, result);
	return result;
}
