/*
 * Nodes and zones (SYSTEM.md S20-S22).
 */
#pragma once

#include "lib/types.h"
#include "machine/ram.h"
#include "mm/frame/gfp.h"
#include "mm/frame/page_list.h"
#include "sync/percpu.h"
#include "sync/spinlock.h"
#include "sync/wait.h"

#define MAX_ORDER       11 /* orders 0..10: 1..1024 pages */
#define PAGEBLOCK_ORDER 9
#define PAGEBLOCK_PAGES (1UL << PAGEBLOCK_ORDER)
#define MAX_BLOCK_PAGES (1UL << (MAX_ORDER - 1)) /* the largest block */

enum migratetype {
	MIGRATE_UNMOVABLE,
	MIGRATE_MOVABLE,
	MIGRATE_RECLAIMABLE,
	MIGRATE_PCPTYPES, /* the types per-CPU lists hold */
	MIGRATE_HIGHATOMIC = MIGRATE_PCPTYPES,
	MIGRATE_CMA,
	MIGRATE_ISOLATE,
	MIGRATE_TYPES
};

/* The type of page block a request wants its page from. */
static inline enum migratetype gfp_migratetype(gfp_t gfp)
{
	return (enum migratetype)(gfp >> 3 & 3);
}
static_assert(__GFP_MOVABLE >> 3 == MIGRATE_MOVABLE &&
		      __GFP_RECLAIMABLE >> 3 == MIGRATE_RECLAIMABLE,
	      "gfp_migratetype() shifts");

enum watermark { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

/* Gauges of a zone, kept where the state changes, in per-CPU deltas (mm/frame/vmstat.h). */
enum zone_stat {
	NR_FREE_PAGES,
	NR_ZONE_INACTIVE_ANON, /* in the order of enum lru_list */
	NR_ZONE_ACTIVE_ANON,
	NR_ZONE_INACTIVE_FILE,
	NR_ZONE_ACTIVE_FILE,
	NR_ZONE_UNEVICTABLE,
	NR_ZONE_WRITE_PENDING,
	NR_MLOCK,
	NR_BOUNCE,
	NR_FREE_CMA,
	NR_ZONE_STATS
};

/* Where allocations went against where they were meant to go; counts, not gauges. */
enum numa_stat {
	NUMA_HIT,        /* on the node it was meant for */
	NUMA_MISS,       /* here, though meant for another */
	NUMA_FOREIGN,    /* meant for here, went to another */
	NUMA_INTERLEAVE, /* by an interleaving policy, where it wanted */
	NUMA_LOCAL,      /* here, for a CPU of this node */
	NUMA_OTHER,      /* here, for a CPU of another node */
	NR_NUMA_STATS
};

/* Gauges of a node. */
enum node_stat {
	NR_INACTIVE_ANON,
	NR_ACTIVE_ANON,
	NR_INACTIVE_FILE,
	NR_ACTIVE_FILE,
	NR_UNEVICTABLE,
	NR_SLAB_RECLAIMABLE,
	NR_SLAB_UNRECLAIMABLE,
	NR_ISOLATED_ANON,
	NR_ISOLATED_FILE,
	WORKINGSET_NODES,
	WORKINGSET_REFAULT_ANON,
	WORKINGSET_REFAULT_FILE,
	WORKINGSET_ACTIVATE_ANON,
	WORKINGSET_ACTIVATE_FILE,
	WORKINGSET_RESTORE_ANON,
	WORKINGSET_RESTORE_FILE,
	WORKINGSET_NODERECLAIM,
	NR_ANON_MAPPED,
	NR_FILE_MAPPED,
	NR_FILE_PAGES,
	NR_FILE_DIRTY,
	NR_WRITEBACK,
	NR_SHMEM,
	NR_VMSCAN_WRITE,
	NR_VMSCAN_IMMEDIATE,
	NR_DIRTIED,
	NR_WRITTEN,
	NR_KERNEL_MISC_RECLAIMABLE,
	NR_KERNEL_STACK_KB,
	NR_PAGETABLE,
	NR_SWAPCACHE,
	NR_NODE_STATS
};

/*
 * The free blocks of one order.  Bit n of pair_map belongs to the n-th pair of
 * buddies and is set while exactly one of the two is free as a block of this
 * order; the largest blocks have no buddy and no map.
 */
struct free_area {
	struct page_list list[MIGRATE_TYPES]; /* (zone lock) blocks of this order by type */
	unsigned long *pair_map;              /* (zone lock) */
} __aligned(128);                             /* a power of two: found by a shift */

/*
 * A CPU's lists in front of one zone: single pages, by type. A list is a ring of frame numbers:
 * pages are put in and taken out at `head` (the last one freed is warm), surplus
 * leaves at `tail`. Only that CPU touches them (or all CPUs are stopped).
 */
#define PCP_RING 256u
struct pcp_ring {
	u32 head, tail; /* free running; head - tail pages are in, at [n % PCP_RING] */
	u32 pfn[PCP_RING];
};

/*
 * Blocks of small orders that this CPU freed, kept for its next request of that order: the last
 * one comes first. A stack holds as many pages as a batch at most.
 */
#define PCP_BLOCK_ORDERS 6 /* orders 1..6 */
#define PCP_BLOCKS       8
struct pcp_stack {
	u32 count;
	u32 pfn[PCP_BLOCKS];
};

struct per_cpu_pages {
	struct zone *zone;
	const u8 *pageblock_type; /* the zone's, biased: by pfn >> PAGEBLOCK_ORDER */
	u32 zone_id;              /* zone->id */
	u32 high;                 /* a ring with more pages gives some back; below PCP_RING */
	u32 batch;                /* pages moved at once */
	unsigned long allocs;     /* by this CPU, of its own node and meant to be */
	unsigned long more_pages; /* pages taken in all, less one for each of `allocs` */
	unsigned long numa[NR_NUMA_STATS]; /* the events of all other allocations */
	s32 stat_delta[NR_ZONE_STATS];
	struct pcp_ring ring[MIGRATE_PCPTYPES];
	struct pcp_stack stack[MIGRATE_PCPTYPES][PCP_BLOCK_ORDERS]; /* [order - 1] */
};

/* Pages in all rings and stacks. Of another CPU's: about. */
static inline __no_sanitize_thread u32 pcp_count(const struct per_cpu_pages *pcp)
{
	u32 pages = 0;

	for (unsigned type = 0; type < MIGRATE_PCPTYPES; type++) {
		pages += READ_ONCE(pcp->ring[type].head) - READ_ONCE(pcp->ring[type].tail);
		for (unsigned i = 0; i < PCP_BLOCK_ORDERS; i++)
			pages += READ_ONCE(pcp->stack[type][i].count) << (i + 1);
	}
	return pages;
}

struct pglist_data;

struct zone {
	spinlock_t lock; /* guards free_area, pageblock types, free_pages */
	u16 nonempty
		[MIGRATE_TYPES]; /* (lock; read without) bit per order: free_area[order].list[type] has blocks */
	struct free_area free_area[MAX_ORDER];
	unsigned long free_pages;          /* (lock; read without) exact */
	unsigned long watermark[NR_WMARK]; /* pages; changed under the setup mutex */
	unsigned long watermark_boost;
	unsigned long lowmem_reserve[MAX_NR_ZONES]; /* by the highest zone the request may use */
	struct per_cpu_pages *pcp[NR_CPUS];         /* NULL: CPU not started */
	long stat[NR_ZONE_STATS];                   /* atomic; deltas are in pcp */
	unsigned long skipped; /* atomic: its pages passed over by a search for lower zones' */

	/* Constant after boot */
	const char *name;
	enum zone_type type;
	u32 id; /* node and zone as in page->flags >> PAGE_ZONE_SHIFT; events carry it */
	struct pglist_data *node;
	pfn_t base_pfn; /* start_pfn rounded down to the largest block */
	pfn_t start_pfn;
	unsigned long spanned_pages; /* with holes */
	unsigned long present_pages; /* RAM in it */
	unsigned long managed_pages; /* (lock) of those, what the buddy system manages */
	u8 *pageblock_type; /* (lock; read without) migratetype by page block from base_pfn on */
#ifdef PAGODA_DEBUG
	unsigned long *owner; /* by frame from start_pfn: who allocated it; 0 when free */
#endif
};

struct zonelist {
	struct zone *zone[MAX_NUMNODES * MAX_NR_ZONES + 1]; /* NULL ends it */
};

struct pglist_data {
	int nid;
	struct zone zone[MAX_NR_ZONES]; /* empty ones have present_pages 0 */
	/* For requests whose highest zone is the index; nearest node first. */
	struct zonelist zonelist[MAX_NR_ZONES];
	struct zonelist zonelist_thisnode[MAX_NR_ZONES];
	pfn_t start_pfn;
	unsigned long spanned_pages, present_pages;
	long stat[NR_NODE_STATS]; /* atomic; deltas are per CPU */
	void *lruvec;             /* mm/lru's part */
	void *reclaim;            /* mm/reclaim's part */
};

extern struct pglist_data *node_data[MAX_NUMNODES];
extern unsigned nr_nodes;

#define for_each_node(nid) for ((nid) = 0; (nid) < (int)nr_nodes; (nid)++)
/* Every zone of every node, empty ones too, in order. */
struct zone *first_zone(void);
struct zone *next_zone(struct zone *zone);
#define for_each_zone(z) for (z = first_zone(); z; z = next_zone(z))

static inline struct zone *page_zone(const struct page *page)
{
	return &node_data[page_to_nid(page)]->zone[page_zone_id(page)];
}
static inline struct pglist_data *page_node(const struct page *page)
{
	return node_data[page_to_nid(page)];
}
