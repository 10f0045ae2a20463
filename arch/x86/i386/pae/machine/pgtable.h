/*
 * Three-level paging with physical address extension (Intel SDM 3A, 4.4): geometry and codec.
 *
 * Two bits at the top (four entries; x86/root.h), 9 of directory, 9 of table, 12 of offset; the
 * two levels between top and directory are folded (machine/entry.h has the model). Entries
 * have 64 bits, as on x86-64, and frames 24: 64 GiB.
 *
 *   63  62        35..12  11  10       9  8 7  6 5 4   3   2 1 0
 *   NX  PROTNONE  frame       SPECIAL     G PS D A PCD PWT U W P
 *
 * An entry is read by halves, the lower one last again: it holds P, and a writer that changes the
 * upper one of a present entry does so by CMPXCHG8B (arith64.c).
 */
#pragma once

#include "lib/atomic.h"
#include "lib/types.h"
#include "machine/page.h"

/* RAM above is not used. */
#define MACHINE_RAM_LIMIT   (1ULL << 36)

/* Index bits of each level and the lowest address bit it translates. */
#define PT_BITS(level)      ((level) <= PT_PMD ? 9 : (level) == PT_PGD ? 2 : 0)
#define PT_SHIFT(level)     (PAGE_SHIFT + ((level) == PT_PTE ? 0 : (level) == PT_PMD ? 9 : 18))
#define PT_ENTRIES          512U                     /* in a table that is not folded */
#define PT_SIZE(level)      (1UL << PT_SHIFT(level)) /* bytes one entry covers */
#define pt_index(level, va) (((va) >> PT_SHIFT(level)) & ((1UL << PT_BITS(level)) - 1))
/* May an entry of this level be a page of its own (2 MiB)? */
#define PT_LEAF_OK(level)   ((level) <= PT_PMD)

#define PTE_P               (1ULL << 0)
#define PTE_W               (1ULL << 1)
#define PTE_U               (1ULL << 2)
#define PTE_PWT             (1ULL << 3)
#define PTE_PCD             (1ULL << 4)
#define PTE_A               (1ULL << 5)
#define PTE_D               (1ULL << 6)
#define PTE_PS              (1ULL << 7)
#define PTE_G               (1ULL << 8)
#define PTE_SPECIAL         (1ULL << 10)
#define PTE_PROTNONE        (1ULL << 62) /* a page that nobody may access: P is clear, the rest holds */
#define PTE_NX              (1ULL << 63)
#define PTE_FRAME           0x0000000ffffff000ULL

typedef u64 pte_value_t;
#include "machine/entry.h"

/* Bits this CPU lacks are cleared here once at boot (NX, G). */
extern pte_value_t pte_supported;

static inline pfn_t pte_pfn(pte_t e)
{
	return (pfn_t)((e.v & PTE_FRAME) >> PAGE_SHIFT);
}

static inline pte_t mk_pte(pfn_t pfn, pgprot_t prot)
{
	return (pte_t){(u64)pfn << PAGE_SHIFT | prot.v};
}
/* A leaf above the pte level; the frame is aligned to PT_SIZE(level). */
static inline pte_t mk_large_pte(pfn_t pfn, pgprot_t prot)
{
	return (pte_t){(u64)pfn << PAGE_SHIFT | prot.v | PTE_PS};
}
/* An entry that leads to a lower table; permissions are the leaves' business. */
static inline pte_t mk_table(pfn_t pfn, bool user)
{
	return (pte_t){(u64)pfn << PAGE_SHIFT | PTE_P | PTE_W | PTE_A | (user ? PTE_U : 0)};
}
/* Entries that are not present and carry a payload of 58 bits. */
static inline pte_t swp_pte(u64 payload)
{
	return (pte_t){payload << 1};
}
static inline u64 pte_swp(pte_t e)
{
	return e.v >> 1;
}

static inline pte_t pte_get(const pte_t *slot)
{
	const u32 *half = (const u32 *)slot;
	u32 low, high;

	do {
		low = READ_ONCE(half[0]);
		high = READ_ONCE(half[1]);
	} while (unlikely(low != READ_ONCE(half[0])));
	return (pte_t){(u64)high << 32 | low};
}

/* What a VMA's access rights become. Readable is implied; none of them: no access. */
static inline pgprot_t user_pgprot(bool read, bool write, bool exec)
{
	u64 v = PTE_A | PTE_NX;

	v |= read || write || exec ? PTE_P | PTE_U : PTE_PROTNONE;
	if (write)
		v |= PTE_W;
	if (exec)
		v &= ~PTE_NX;
	return (pgprot_t){v & pte_supported};
}

#define KERNEL_PROT_RW \
	((pgprot_t){(PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | PTE_NX) & pte_supported})
#define KERNEL_PROT_RO ((pgprot_t){(PTE_P | PTE_A | PTE_G | PTE_NX) & pte_supported})
#define KERNEL_PROT_RX ((pgprot_t){(PTE_P | PTE_A | PTE_G) & pte_supported})
#define KERNEL_PROT_DEV                                                                    \
	((pgprot_t){(PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | PTE_NX | PTE_PCD | PTE_PWT) & \
		    pte_supported})
