/*
 * From the boot loader to C.
 *
 * Two doors lead in, both in 32-bit protected mode without paging, flat segments
 * and interrupts off:
 *
 *   pvh_entry         QEMU's -kernel (and Xen), by the ELF note PHYS32_ENTRY;
 *                     ebx = physical address of struct hvm_start_info
 *   multiboot2_entry  GRUB, by the header below; eax = magic, ebx = information
 *
 * The first page tables map 1 GiB three times with 2 MiB pages: at 0 (so that the
 * instruction after "paging on" exists), in the direct map and at KERNEL_BASE.
 *
 *   swapper_pg_dir  [0] ---------+
 *                   [273] -------+--> boot_pud [0] --> boot_pmd: 512 x 2 MiB
 *                   [511] --> kernel_pud [510] ----------^
 *                                        [511] --> fixmap_pmd [504] --> fixmap_pt
 *
 * paging.c turns them into the final ones: boot_pud and boot_pmd stay as the
 * start of the direct map, the image gets 4 KiB pages of its own, [0] goes.
 */
#define PHYS(symbol) ((symbol) - KERNEL_BASE)
#define KERNEL_BASE  0xffffffff80000000

#define CR0_PE	     0x00000001
#define CR0_MP	     0x00000002
#define CR0_ET	     0x00000010
#define CR0_NE	     0x00000020
#define CR0_WP	     0x00010000
#define CR0_PG	     0x80000000
#define CR4_PAE	     0x00000020
#define MSR_EFER     0xc0000080
#define EFER_LME     0x00000100

#define BOOT_BY_PVH	   1
#define BOOT_BY_MULTIBOOT2 2
#define MULTIBOOT2_HEADER  0xe85250d6

	.section .head, "ax"
	.code32

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

	.globl	pvh_entry
pvh_entry:
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

	/* Is it a 64-bit processor? */
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	btl	$29, %edx
	jnc	no_long_mode

	/* 1 GiB of 2 MiB pages: present, writable, large, accessed, dirty. */
	movl	$PHYS(boot_pmd), %edi
	movl	$0xe3, %eax
	movl	$512, %ecx
2:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	2b
	movl	$(PHYS(boot_pmd) + 0x23), PHYS(boot_pud)
	movl	$(PHYS(boot_pud) + 0x23), PHYS(swapper_pg_dir)
	movl	$(PHYS(boot_pud) + 0x23), PHYS(swapper_pg_dir) + 273 * 8
	movl	$(PHYS(kernel_pud) + 0x23), PHYS(swapper_pg_dir) + 511 * 8
	movl	$(PHYS(boot_pmd) + 0x23), PHYS(kernel_pud) + 510 * 8
	movl	$(PHYS(fixmap_pmd) + 0x23), PHYS(kernel_pud) + 511 * 8
	movl	$(PHYS(fixmap_pt) + 0x23), PHYS(fixmap_pmd) + 504 * 8

	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$PHYS(swapper_pg_dir), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	$(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE), %eax
	movl	%eax, %cr0
	lgdt	PHYS(boot_gdt_pointer)
	ljmp	$0x10, $PHYS(long_mode)

no_long_mode:
	movl	$PHYS(no_long_mode_text), %esi
3:	movw	$0x3fd, %dx	/* COM1's line status: wait for room */
	inb	%dx, %al
	testb	$0x20, %al
	jz	3b
	lodsb
	testb	%al, %al
	jz	4f
	movw	$0x3f8, %dx
	outb	%al, %dx
	jmp	3b
4:	hlt
	jmp	4b
no_long_mode_text:
	.asciz	"Pagoda needs a 64-bit processor.\r\n"

	.balign	8
boot_gdt:
	.quad	0, 0
	.quad	0x00af9b000000ffff	/* 0x10: 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x18: data */
boot_gdt_pointer:
	.word	boot_gdt_pointer - boot_gdt - 1
	.long	PHYS(boot_gdt)

	.code64
long_mode:
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movq	$high_half, %rax
	jmp	*%rax
high_half:
	movq	$_boot_stack_end, %rsp
	movl	%esi, %edi
	movl	%ebp, %esi
	xorl	%ebp, %ebp	/* backtraces end here */
	pushq	$0
	call	machine_boot
	ud2

	/* PVH's note: where to enter in 32-bit mode. */
	.section .note.pvh, "a", @note
	.balign	4
	.long	4, 4, 18	/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	PHYS(pvh_entry)

	.section .bss.page_aligned, "aw", @nobits
	.balign	4096
	.globl	swapper_pg_dir, boot_pud, boot_pmd, kernel_pud, fixmap_pmd, fixmap_pt
swapper_pg_dir:	.skip	4096
boot_pud:	.skip	4096
boot_pmd:	.skip	4096
kernel_pud:	.skip	4096
fixmap_pmd:	.skip	4096
fixmap_pt:	.skip	4096

	.section .note.GNU-stack, "", @progbits
