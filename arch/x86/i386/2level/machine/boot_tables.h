/*
 * The first page tables, for head.S: the first directory is the final one.
 *
 *   0x00101000  swapper_pg_dir  [0] --------+--> pg0
 *                               [768] ------'
 *                               [1] --------+--> pg1
 *                               [769] ------'
 *   0x00102000  pg0             0 - 4 MiB
 *   0x00103000  pg1             4 - 8 MiB
 */
#pragma once

#define BOOT_ROOT         swapper_pg_dir
#define BOOT_TABLES_BYTES (3 * 4096)

#ifdef __ASSEMBLER__
/* clang-format off */
.macro BOOT_TABLES
	.globl	pg0, pg1
swapper_pg_dir:
	.long	PHYS(pg0) + 0x63, PHYS(pg1) + 0x63
	.fill	PAGE_OFFSET / 0x400000 - 2, 4, 0
	.long	PHYS(pg0) + 0x63, PHYS(pg1) + 0x63
	.fill	1024 - PAGE_OFFSET / 0x400000 - 2, 4, 0
pg0:	.fill	1024, 4, 0
pg1:	.fill	1024, 4, 0
.endm

/* Present, writable, accessed, dirty: 8 MiB. */
.macro FILL_BOOT_TABLES
	movl	$PHYS(pg0), %edi
	movl	$0x63, %eax
	movl	$2048, %ecx
2:	stosl
	addl	$0x1000, %eax
	loop	2b
.endm
/* clang-format on */
#endif
