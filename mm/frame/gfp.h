/*
 * Allocation flags: where a page may come from, what the allocator may do to get
 * it, and what is done with it.  Names and meaning are Linux's.
 */
#pragma once

#include "lib/types.h"
#include "machine/page.h" /* which zones the machine has */

typedef u32 gfp_t;

#define NUMA_NO_NODE         (-1) /* where a node is asked for: this CPU's */

/* Where from */
#define __GFP_DMA            0x01u
#define __GFP_DMA32          0x02u
#define __GFP_HIGHMEM        0x04u
/* Mobility: which page blocks it goes to */
#define __GFP_MOVABLE        0x08u
#define __GFP_RECLAIMABLE    0x10u
/* What may be done */
#define __GFP_HIGH           0x20u   /* may use the reserve below the min watermark */
#define __GFP_IO             0x40u   /* reclaim may start I/O */
#define __GFP_FS             0x80u   /* reclaim may enter the file system */
#define __GFP_DIRECT_RECLAIM 0x100u  /* the caller may sleep and reclaim */
#define __GFP_KSWAPD_RECLAIM 0x200u  /* wake kswapd when low */
#define __GFP_NORETRY        0x400u  /* one attempt */
#define __GFP_RETRY_MAYFAIL  0x800u  /* try hard, no OOM killer */
#define __GFP_NOFAIL         0x1000u /* loop until served (order 0, may sleep) */
#define __GFP_MEMALLOC       0x2000u /* no watermarks: who frees memory by this allocation */
#define __GFP_NOMEMALLOC     0x4000u /* never the reserves */
#define __GFP_ATOMIC         0x8000u /* cannot sleep and matters: half the reserve */
/* What is done with it */
#define __GFP_ZERO           0x10000u /* filled with zeros */
#define __GFP_NOWARN         0x20000u /* no report when it fails */
#define __GFP_COMP           0x40000u /* a compound page */
#define __GFP_THISNODE       0x80000u /* this node or none */
#define __GFP_ACCOUNT        0x100000u
#define __GFP_WRITE          0x200000u /* about to be dirtied */

#define __GFP_RECLAIM        (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define GFP_ATOMIC           (__GFP_HIGH | __GFP_ATOMIC | __GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL           (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_NOWAIT           (__GFP_KSWAPD_RECLAIM)
#define GFP_NOIO             (__GFP_RECLAIM)
#define GFP_NOFS             (__GFP_RECLAIM | __GFP_IO)
#define GFP_USER             (GFP_KERNEL)
#define GFP_DMA              __GFP_DMA
#define GFP_DMA32            __GFP_DMA32
#define GFP_HIGHUSER         (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)

/* Where a request may go at most, by its lowest four bits; see gfp_zone(). */
enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_HIGHMEM, ZONE_MOVABLE, MAX_NR_ZONES };

#define GFP_ZONE_OF(bits)                                                                 \
	((u64)((bits)&__GFP_DMA          ? ZONE_DMA                                       \
	       : (bits)&__GFP_DMA32      ? (MACHINE_HAS_DMA32 ? ZONE_DMA32 : ZONE_NORMAL) \
	       : !((bits)&__GFP_HIGHMEM) ? ZONE_NORMAL                                    \
	       : (bits)&__GFP_MOVABLE    ? ZONE_MOVABLE                                   \
	       : MACHINE_HAS_HIGHMEM     ? ZONE_HIGHMEM                                   \
					 : ZONE_NORMAL)                                       \
	 << 4 * (bits))
#define GFP_ZONES_OF(n) \
	(GFP_ZONE_OF(n) | GFP_ZONE_OF((n) + 1) | GFP_ZONE_OF((n) + 2) | GFP_ZONE_OF((n) + 3))

/* The highest zone that may serve the request; lower ones may, too. */
static inline enum zone_type gfp_zone(gfp_t gfp)
{
	const u64 zones =
		GFP_ZONES_OF(0U) | GFP_ZONES_OF(4U) | GFP_ZONES_OF(8U) | GFP_ZONES_OF(12U);

	return (enum zone_type)(zones >> 4 * (gfp & 15) & 15);
}
