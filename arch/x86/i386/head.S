/*
 * From the boot loader to C (SYSTEM.md S16).
 *
 * Two doors lead in, both in protected mode without paging, flat segments and
 * interrupts off:
 *
 *   startup_32        QEMU's -kernel (and Xen), by the ELF note PHYS32_ENTRY;
 *                     ebx = physical address of struct hvm_start_info
 *   multiboot2_entry  GRUB, by the header below; ebx = information
 *
 * The first page tables stand behind this page, swapper_pg_dir at 0x00101000, and map the first
 * 8 MiB twice with 4 KiB pages: where they are (so that the instruction after "paging on"
 * exists), and at PAGE_OFFSET, where the kernel is linked to (machine/boot_tables.h).
 */
#define PAGE_OFFSET  0xc0000000
#define PHYS(symbol) ((symbol) - PAGE_OFFSET)

#include "machine/boot_tables.h" /* by these two */

#define CR0_PE	     0x00000001
#define CR0_MP	     0x00000002
#define CR0_ET	     0x00000010
#define CR0_NE	     0x00000020
#define CR0_WP	     0x00010000
#define CR0_PG	     0x80000000

#define BOOT_BY_PVH	   1
#define BOOT_BY_MULTIBOOT2 2
#define MULTIBOOT2_HEADER  0xe85250d6

#define BOOT_CS		   0x60
#define BOOT_DS		   0x68

	.section .head, "ax"

	.globl	startup_32
startup_32:
	movl	$BOOT_BY_PVH, %esi
	jmp	1f
multiboot2_entry:
	movl	$BOOT_BY_MULTIBOOT2, %esi
1:	cld
	movl	%ebx, %ebp	/* kept: esi = loader, ebp = its information */

	/* The image's zeros, in case the loader left what was there before. */
	movl	$PHYS(_bss), %edi
	movl	$PHYS(_end), %ecx
	subl	%edi, %ecx
	shrl	$2, %ecx
	xorl	%eax, %eax
	rep stosl
	movl	$PHYS(_boot_stack_end), %esp

	FILL_BOOT_TABLES

	movl	$PHYS(BOOT_ROOT), %eax
	movl	%eax, %cr3
	movl	$(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
	movl	%eax, %cr0
	lgdt	boot_gdt_pointer
	ljmp	$BOOT_CS, $high_half
high_half:
	movl	$BOOT_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs	/* based at 0: the boot CPU's per-CPU data is the template */
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %gs
	movl	$_boot_stack_end, %esp
	movl	%esi, %eax
	movl	%ebp, %edx
	xorl	%ebp, %ebp	/* backtraces end here */
	pushl	$0
	call	machine_boot
	ud2

	.balign	8
boot_gdt:
	.fill	BOOT_CS / 8, 8, 0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
boot_gdt_pointer:
	.word	boot_gdt_pointer - boot_gdt - 1
	.long	boot_gdt

	/* Multiboot2 header: within the first 32 KiB of the file, 8-byte aligned. */
	.balign	8
multiboot2_header:
	.long	MULTIBOOT2_HEADER, 0, multiboot2_header_end - multiboot2_header
	.long	-(MULTIBOOT2_HEADER + (multiboot2_header_end - multiboot2_header))
	.balign	8
	.word	3, 0		/* where to enter */
	.long	12
	.long	PHYS(multiboot2_entry)
	.balign	8
	.word	6, 0		/* modules page aligned */
	.long	8
	.balign	8
	.word	0, 0
	.long	8
multiboot2_header_end:

	/* PVH's note: where to enter. */
	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, 18	/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	PHYS(startup_32)

	.section .boot_tables, "aw"
	.balign	4096
	.globl	swapper_pg_dir
	BOOT_TABLES

	.section .note.GNU-stack, "", @progbits
