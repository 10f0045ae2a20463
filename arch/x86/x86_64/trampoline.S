/*
 * Where a processor begins: real mode, at TRAMPOLINE (a copy of this), through
 * protected mode to long mode.  See arch/x86/common/smp.c.
 */
#include "arch/x86/common/smp.h"

#define AT(symbol)	(TRAMPOLINE + (symbol) - trampoline_start)
#define CR0_PE		0x00000001
#define CR0_LONG	0x80010033	/* PG, WP, NE, ET, MP, PE */
#define MSR_EFER	0xc0000080
#define MSR_GS_BASE	0xc0000101

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
	ljmpl	$0x08, $AT(protected)

	.code32
protected:
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	AT(parameter_cr4), %eax
	movl	%eax, %cr4
	movl	AT(parameter_root), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	movl	AT(parameter_efer), %eax
	xorl	%edx, %edx
	wrmsr
	movl	$CR0_LONG, %eax
	movl	%eax, %cr0
	ljmp	$0x10, $AT(long)

	.code64
long:	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$MSR_GS_BASE, %ecx
	movl	AT(parameter_gs), %eax
	movl	AT(parameter_gs) + 4, %edx
	wrmsr
	movq	AT(parameter_stack), %rsp
	xorl	%ebp, %ebp	/* backtraces end here */
	pushq	$0
	movq	AT(parameter_entry), %rax
	jmp	*%rax

	.balign	8
gdt:	.quad	0
	.quad	0x00cf9b000000ffff	/* 0x08: 32-bit code */
	.quad	0x00af9b000000ffff	/* 0x10: 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x18: data */
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	AT(gdt)

	.balign	8	/* struct trampoline_parameters */
parameter_root:	 .quad	0
parameter_efer:	 .quad	0
parameter_cr4:	 .quad	0
parameter_gs:	 .quad	0
parameter_stack: .quad	0
parameter_entry: .quad	0
trampoline_end:

	.section .note.GNU-stack, "", @progbits
