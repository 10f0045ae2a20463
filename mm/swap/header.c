/*
 * The first page of a swap area, as mkswap(8) writes it (SYSTEM.md S42).
 *
 *	   0  1024 bytes for boot loaders and disk labels
 *	1024  version, 1
 *	1028  number of the last page
 *	1032  number of bad pages
 *	1036  UUID, 16 bytes
 *	1052  label, 16 bytes
 *	1536  bad pages: numbers, 4 bytes each
 *	 end - 10  "SWAPSPACE2"
 *
 * All numbers are in the byte order of the machine that made them.  The old format ("SWAP-SPACE")
 * has a bitmap in this page and at most 127 MiB; nobody makes it any more, and it is refused.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/swap/swap_int.h"

#define SIGNATURE       "SWAPSPACE2"
#define SIGNATURE_BYTES 10U
#define VERSION         1024
#define LABEL           1052
#define BAD_PAGES       1536U
#define LEAST_PAGES     10U /* 40 KiB, as mkswap has it */

static u32 number_at(const void *page, unsigned offset)
{
	u32 number;

	memcpy(&number, (const char *)page + offset, sizeof(number));
	return number;
}

/* What the entries of this machine's page tables and a word of a file's tree have room for. */
static u64 most_slots(void)
{
	const u64 payload = pte_swp(swp_pte(~0U));

	const u64 in_tree = ~0UL >> PAGE_TREE_NAME_SHIFT;

	return min(min(payload & ~0U, (u64)~0U), in_tree) >> SWAP_TYPE_BITS;
}

int swap_read_header(const void *page, u64 device_pages, struct swap_header *header)
{
	const u32 last = number_at(page, VERSION + 4);

	*header = (struct swap_header){
		.pages = last + 1,
		.nr_bad = number_at(page, VERSION + 8),
		.bad = (const u32 *)((const char *)page + BAD_PAGES),
	};
	memcpy(header->uuid, (const char *)page + VERSION + 12, sizeof(header->uuid));
	memcpy(header->label, (const char *)page + LABEL, sizeof(header->label) - 1);
	if (memcmp((const char *)page + PAGE_SIZE - SIGNATURE_BYTES, SIGNATURE, SIGNATURE_BYTES) ||
	    number_at(page, VERSION) != 1)
		return -EINVAL;
	if (last >= device_pages || last < LEAST_PAGES - 1 ||
	    header->nr_bad > (PAGE_SIZE - SIGNATURE_BYTES - BAD_PAGES) / sizeof(u32))
		return -EINVAL;
	for (u32 i = 0; i < header->nr_bad; i++)
		if (header->bad[i] == 0 || header->bad[i] > last)
			return -EINVAL;
	header->pages = (u32)min((u64)header->pages, most_slots());
	return 0;
}
