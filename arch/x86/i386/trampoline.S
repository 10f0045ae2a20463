/*
 * Where a processor begins: real mode, at TRAMPOLINE (a copy of this), through
 * protected mode to paging.  See arch/x86/common/smp.c.
 */
#include "arch/x86/common/smp.h"

#define AT(symbol)	(TRAMPOLINE + (symbol) - trampoline_start)
#define CR0_PE		0x00000001
#define CR0_PAGING	0x80010033	/* PG, WP, NE, ET, MP, PE */
#define MSR_EFER	0xc0000080
#define BOOT_CS		0x60
#define BOOT_DS		0x68
#define BOOT_PERCPU	0x70

	.section .rodata, "a"
	.globl	trampoline_start, trampoline_end
	.balign	16
trampoline_start:
	.code16
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	AT(gdt_pointer)
	movl	$CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	$BOOT_CS, $AT(protected)

	.code32
protected:
	movl	$BOOT_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$BOOT_PERCPU, %eax
	movl	%eax, %fs
	xorl	%eax, %eax
	movl	%eax, %gs
	movl	AT(parameter_cr4), %eax
	movl	%eax, %cr4
	movl	AT(parameter_root), %eax
	movl	%eax, %cr3
	movl	AT(parameter_efer), %eax
	testl	%eax, %eax
	jz	1f
	movl	$MSR_EFER, %ecx
	xorl	%edx, %edx
	wrmsr
1:
	movl	$CR0_PAGING, %eax
	movl	%eax, %cr0
	movl	AT(parameter_stack), %esp
	xorl	%ebp, %ebp	/* backtraces end here */
	pushl	$0
	movl	AT(parameter_entry), %eax
	jmp	*%eax

	.balign	8
gdt:	.fill	BOOT_CS / 8, 8, 0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
gdt_end:

	.balign	8	/* struct trampoline_parameters */
parameter_percpu: .quad	0	/* descriptor BOOT_PERCPU */
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	AT(gdt)
	.word	0
parameter_root:	 .long	0
parameter_cr4:	 .long	0
parameter_efer:	 .long	0	/* 0: the CPU has none */
parameter_stack: .long	0
parameter_entry: .long	0
trampoline_end:

	.section .note.GNU-stack, "", @progbits
