/*
 * The first page of a swap area, as mkswap(8) writes it (mm/swap/header.c says what stands where). For the
 * host and for guest-init. The UUID is the same in every run, so that runs are alike.
 */
#ifndef PAGODA_SWAP_HEADER_H
#define PAGODA_SWAP_HEADER_H

#include <stdint.h>
#include <string.h>

#define SWAP_PAGE 4096 /* of all machines that `pagoda run` knows */

/* @page is zeros. The area has @kib KiB, and is the @n-th. */
static inline void swap_header_fill(unsigned char page[SWAP_PAGE], unsigned long kib, unsigned n)
{
	const uint32_t numbers[3] = {1, (uint32_t)(kib / (SWAP_PAGE / 1024) - 1), 0};

	memcpy(page + 1024, numbers, sizeof(numbers));
	memcpy(page + 1036, "pagoda swap", 11);
	page[1036 + 15] = (unsigned char)n;
	memcpy(page + SWAP_PAGE - 10, "SWAPSPACE2", 10);
}

#endif
