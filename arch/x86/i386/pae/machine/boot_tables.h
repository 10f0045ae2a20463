/*
 * The first page tables, for head.S, with PAE. The root that stays, swapper_pg_dir, is not what the
 * processor is given (x86/root.h): the first one is boot_pdpt, which a double fault gets later.
 *
 *   0x00101000  swapper_pg_dir  [3] --+
 *               boot_pdpt       [0] --+--> boot_pmd  [0 .. 3] --> pg0 .. pg3: 2 MiB each
 *                               [3] --'
 */
#pragma once

#define BOOT_ROOT         boot_pdpt
#define BOOT_TABLES_BYTES (7 * 4096)

#ifdef __ASSEMBLER__
/* clang-format off */
.macro BOOT_TABLES
	.globl	boot_pdpt, boot_pmd, pg0
swapper_pg_dir:
	.long	0, 0, 0, 0, 0, 0, PHYS(boot_pmd) + 0x23, 0
	.fill	508, 8, 0
boot_pdpt:
	.long	PHYS(boot_pmd) + 1, 0, 0, 0, 0, 0, PHYS(boot_pmd) + 1, 0
	.fill	508, 8, 0
boot_pmd:
	.long	PHYS(pg0) + 0x63, 0, PHYS(pg0) + 0x1063, 0
	.long	PHYS(pg0) + 0x2063, 0, PHYS(pg0) + 0x3063, 0
	.fill	508, 8, 0
pg0:	.fill	4 * 512, 8, 0
.endm

/* Present, writable, accessed, dirty: 8 MiB. */
.macro FILL_BOOT_TABLES
	movl	$PHYS(pg0), %edi
	movl	$0x63, %eax
	movl	$2048, %ecx
2:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$0x1000, %eax
	loop	2b
	movl	$0x20, %eax	/* PAE */
	movl	%eax, %cr4
.endm
/* clang-format on */
#endif
