/*
 * struct page: the descriptor of one page frame (SYSTEM.md S19, docs/page.md).
 */
#pragma once

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/types.h"
#include "machine/page.h"
#include "machine/ram.h"
#include "sync/spinlock.h"

struct page {
	u32 flags; /* atomic; PG_ bits, policy bits, node and zone */
	atomic_t refcount;
	union {
		struct {
			union {
				atomic_t mapcount;  /* page-table entries that map it; 0: none */
				u32 order;          /* PG_buddy, per-CPU lists: of the block */
				raw_spinlock_t ptl; /* PG_table: guards its entries */
			};
			union {
				u32 index; /* low 32 bits of the page index; see page_index() */
				u32 pt_present; /* PG_table: entries in use (ptl) */
				struct {        /* PG_slab, bitmap on the slab (list lock) */
					u16 slab_inuse; /* objects taken */
					u16 slab_first; /* no word of the bitmap before it has a bit */
				};
				u32 compound_order; /* first tail of a compound page */
			};
		};
		u64 slab_free; /* PG_slab, up to 64 objects: a bit for each free one (list lock) */
	};
	union {
		unsigned long mapping; /* tagged pointer; see below */
		void *slab_cache;
		void *pt_mm;       /* PG_table: whose it was first; diagnosis only */
		struct page *head; /* tails */
	};
#if __SIZEOF_POINTER__ == 4
	u32 mapping_high; /* keeps the descriptor at 32 bytes: high index bits */
#endif
	u32 next, prev; /* frame numbers, or list heads' ids from PAGE_LIST_ID up */
};
static_assert(sizeof(struct page) == 32, "decision 1: 32 bytes on every machine");

/* Flags. Bits 0..19. */
enum page_flag {
	PG_locked, /* the page lock: contents being read, written or truncated */
	PG_referenced,
	PG_uptodate,    /* contents are valid */
	PG_dirty,       /* newer than on its disk */
	PG_lru,         /* on an LRU list, or in a CPU's batch on its way to one */
	PG_active,      /* ... the active one */
	PG_workingset,  /* was active before it was evicted */
	PG_unevictable, /* on the unevictable list */
	PG_mlocked,
	PG_writeback,  /* being written to its disk */
	PG_swapbacked, /* anonymous or shmem: goes to swap, not to a file */
	PG_swapcache,
	PG_reclaim,  /* free it as soon as it is clean */
	PG_waiters,  /* somebody waits for the page lock or writeback */
	PG_reserved, /* not ours to give: kernel image, firmware, holes in a section */
	PG_buddy,    /* head of a free block */
	PG_slab,
	PG_table, /* a page table */
	PG_head,  /* of a compound page */
	PG_tail,
	NR_PAGE_FLAGS
};
/* Bits 20..23: for the policy of reclaim (age; of a slab: its colour). 24..26: zone. 27..31: node. */
#define PAGE_POLICY_SHIFT 20
#define PAGE_ZONE_SHIFT   24
#define PAGE_NODE_SHIFT   27
static_assert(NR_PAGE_FLAGS <= PAGE_POLICY_SHIFT, "flags run into the policy bits");
/* Node and zone as one number, flags >> PAGE_ZONE_SHIFT. */
#define PAGE_ZONE_IDS (MAX_NUMNODES << (PAGE_NODE_SHIFT - PAGE_ZONE_SHIFT))
static_assert(PAGE_ZONE_IDS <= 1 << (32 - PAGE_ZONE_SHIFT), "nodes run out of the flags");

static inline bool page_test(const struct page *page, enum page_flag flag)
{
	return READ_ONCE(page->flags) >> flag & 1;
}
/* PG_uptodate, without the page lock: who sees it sees the contents, too. */
static inline bool page_is_uptodate(const struct page *page)
{
	return load_acquire(&page->flags) >> PG_uptodate & 1;
}
static inline void page_set(struct page *page, enum page_flag flag)
{
	fetch_or(&page->flags, 1u << flag);
}
static inline void page_clear(struct page *page, enum page_flag flag)
{
	fetch_and(&page->flags, ~(1u << flag));
}
static inline bool page_test_and_set(struct page *page, enum page_flag flag)
{
	return fetch_or(&page->flags, 1u << flag) >> flag & 1;
}
static inline bool page_test_and_clear(struct page *page, enum page_flag flag)
{
	return fetch_and(&page->flags, ~(1u << flag)) >> flag & 1;
}
/* Without a locked instruction: nobody else changes flags yet, or any more; who looks may see them. */
static inline void page_set_owned(struct page *page, enum page_flag flag)
{
	WRITE_ONCE(page->flags, READ_ONCE(page->flags) | 1u << flag);
}
static inline void page_clear_owned(struct page *page, enum page_flag flag)
{
	WRITE_ONCE(page->flags, READ_ONCE(page->flags) & ~(1u << flag));
}

static inline int page_zone_id(const struct page *page)
{
	return READ_ONCE(page->flags) >> PAGE_ZONE_SHIFT & 7;
}
static inline int page_to_nid(const struct page *page)
{
	return READ_ONCE(page->flags) >> PAGE_NODE_SHIFT;
}

static inline struct page *pfn_to_page(pfn_t pfn)
{
	return mem_map + pfn;
}
static inline pfn_t page_to_pfn(const struct page *page)
{
	return (pfn_t)(page - mem_map);
}
/* Direct-map address; only for pages that are in it (kernel pages; user pages: kmap_local_page). */
static inline void *page_address(const struct page *page)
{
	return pfn_to_virt(page_to_pfn(page));
}
static inline struct page *virt_to_page(const void *va)
{
	return pfn_to_page(virt_to_pfn(va));
}

/* The owner of a file or anonymous page: a tagged pointer in `mapping`. */
#define PAGE_MAPPING_ANON       1UL
#define PAGE_MAPPING_INDEX_HIGH 0xeUL
#define PAGE_MAPPING_BITS       0xfUL

static inline bool page_is_anon(const struct page *page)
{
	return READ_ONCE(page->mapping) & PAGE_MAPPING_ANON;
}
/* The anon_vma or address_space, without its tag; NULL when the page has neither. */
static inline void *page_owner_ptr(const struct page *page)
{
	return (void *)(READ_ONCE(page->mapping) & ~PAGE_MAPPING_BITS);
}
static inline u64 page_index(const struct page *page)
{
	return page->index | (u64)(page->mapping & PAGE_MAPPING_INDEX_HIGH) << 31;
}
/* Owner not to be changed while others can see the page, but for the page lock's holder. */
static inline void page_set_mapping(struct page *page, void *owner, bool anon, u64 index)
{
	ASSERT(((unsigned long)owner & PAGE_MAPPING_BITS) == 0 && index >> 35 == 0);
	page->index = (u32)index;
	WRITE_ONCE(page->mapping, (unsigned long)owner | (unsigned long)(index >> 31 & 0xe) |
					  (anon ? PAGE_MAPPING_ANON : 0));
}

static inline struct page *compound_head(struct page *page)
{
	return page_test(page, PG_tail) ? page->head : page;
}
static inline unsigned compound_order(const struct page *page)
{
	return page_test(page, PG_head) ? page[1].compound_order : 0;
}

static inline int page_ref_count(const struct page *page)
{
	return atomic_read(&page->refcount);
}
static inline int page_mapcount(const struct page *page)
{
	return atomic_read(&page->mapcount);
}
/* The caller has a reference already, or a lock that keeps the page's owner from dropping its. */
static inline void get_page(struct page *page)
{
	page = compound_head(page);
	ASSERT(page_ref_count(page) > 0);
	atomic_inc(&page->refcount);
}
/* Take a reference to a page that may be on its way out; false if it is. */
static inline bool get_page_unless_zero(struct page *page)
{
	return atomic_inc_not_zero(&page->refcount);
}
