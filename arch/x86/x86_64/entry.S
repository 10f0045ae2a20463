/*
 * The doors between programs and the kernel.
 *
 * Every door builds a struct pt_regs (machine/regs.h) on the task's kernel stack
 * and calls C with its address; a system call's arguments are where C wants them
 * already, but for one.  %gs is the program's in user mode; SWAPGS makes
 * it the kernel's (this CPU's distance to the per-CPU template), so it is done
 * exactly when the other side of a door is user mode.
 *
 *   SYSCALL       the processor saves only rip in rcx and rflags in r11 and leaves
 *                 rsp alone; FMASK has cleared IF, DF, TF, AC
 *   exception     through an interrupt gate: ss, rsp, rflags, cs, rip and perhaps
 *   or interrupt  an error code are on the kernel stack, interrupts off
 *   #DF, #MC, NMI on stacks of their own (IST), at any instruction, so whose %gs
 *                 is loaded cannot be told: it is saved and set from the word
 *                 above the frame, which holds the CPU's own value
 *
 * The way back to user mode looks at one word, the first of the current task: as
 * long as it is not zero exit_to_user_work() is called.  If nothing was to do,
 * a system call returns by SYSRET, restoring only what C may have changed
 * (rbx, rbp, r12-r15 are as they were); all other ways end in IRET.  Neither can
 * fault: cs and ss are constants and rip is below TASK_SIZE, which
 * start_thread() and arch_pop_signal_frame() see to.
 */
#include "machine/alternative.h"

#define USER_DS	    0x2b
#define USER_CS	    0x33
#define REGS_AX	    0x50	/* offsets in struct pt_regs */
#define REGS_CS	    0x88
#define REGS_BYTES  0xa8
#define MSR_GS_BASE 0xc0000101
#define FULL_RETURN_BIT 31	/* ARCH_WORK_FULL_RETURN */

#define CLAC ALTERNATIVE ".byte 0x0f, 0x1f, 0x00", "clac", ALT_SMAP

.macro PUSH_REST		/* all below di */
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
.endm

.macro POP_ALL
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
.endm

	.section .entry.text, "ax"

	.balign	64
	.globl	syscall_entry
syscall_entry:
	swapgs
	movq	%rsp, %gs:syscall_user_sp
	movq	%gs:kernel_stack_top, %rsp
	pushq	$USER_DS
	pushq	%gs:syscall_user_sp
	pushq	%r11
	pushq	$USER_CS
	pushq	%rcx
	pushq	%rax
	pushq	%rdi
	PUSH_REST
	movq	%r10, %rcx	/* the fourth argument: SYSCALL took rcx */
	pushq	%rax		/* the seventh */
	sti
	call	handle_syscall
	.globl	syscall_called, sysenter_called
syscall_called:
sysenter_called:		/* one door only */
	cli
	movq	%gs:current_task, %rcx
	cmpl	$0, (%rcx)
	jne	syscall_work
	addq	$8 + 7 * 8, %rsp	/* seventh argument, r15 .. r11 */
	popq	%r10
	popq	%r9
	popq	%r8
	addq	$2 * 8, %rsp		/* ax is the result, cx is lost */
	popq	%rdx
	popq	%rsi
	popq	%rdi
	movq	8(%rsp), %rcx	/* ip */
	movq	24(%rsp), %r11	/* flags */
	movq	32(%rsp), %rsp
	swapgs
	sysretq

syscall_work:
	addq	$8, %rsp
	movq	%rax, REGS_AX(%rsp)
	/* Interrupts are off, rsp = regs. */
user_work:
	movq	%gs:current_task, %rax
	testl	$~(1 << FULL_RETURN_BIT), (%rax)
	jz	1f
	sti
	movq	%rsp, %rdi
	call	exit_to_user_work
	cli
	jmp	user_work
1:	lock btrl $FULL_RETURN_BIT, (%rax)
	jmp	user_iret

	.balign	64
	.globl	page_fault_entry
page_fault_entry:
	pushq	%rdi
	PUSH_REST
	testb	$3, REGS_CS(%rsp)
	jz	1f
	swapgs
1:	cld
	CLAC
	movq	%rsp, %rdi
	call	page_fault
	.globl	exception_return
exception_return:
	testb	$3, REGS_CS(%rsp)
	jz	kernel_iret
	cli
	movq	%gs:current_task, %rax
	cmpl	$0, (%rax)
	jne	user_work
user_iret:
	POP_ALL
	addq	$8, %rsp
	swapgs
	iretq
kernel_iret:
	POP_ALL
	addq	$8, %rsp
	iretq

	/* Other exceptions: rdi is pushed already and holds the vector. */
exception_common:
	PUSH_REST
	testb	$3, REGS_CS(%rsp)
	jz	1f
	swapgs
1:	cld
	CLAC
	movl	%edi, %esi
	movq	%rsp, %rdi
	call	exception
	.globl	exception_called
exception_called:
	jmp	exception_return

	/* Interrupts: the vector is where an error code would be. */
	.balign	16
interrupt_common:
	pushq	%rdi
	PUSH_REST
	testb	$3, REGS_CS(%rsp)
	jz	1f
	swapgs
1:	cld
	CLAC
	movq	%rsp, %rdi
	call	interrupt
	.globl	interrupt_called
interrupt_called:
	jmp	exception_return

	/* On an IST stack: rdi is pushed already and holds the vector. */
any_time_common:
	PUSH_REST
	cld
	CLAC
	movl	%edi, %esi
	movl	$MSR_GS_BASE, %ecx
	rdmsr
	movl	%edx, %r12d
	movl	%eax, %r13d
	movq	REGS_BYTES(%rsp), %rax
	movq	%rax, %rdx
	shrq	$32, %rdx
	wrmsr
	movq	%rsp, %rdi
	call	exception
	.globl	any_time_return
any_time_return:
	movl	$MSR_GS_BASE, %ecx
	movl	%r12d, %edx
	movl	%r13d, %eax
	wrmsr
	jmp	kernel_iret	/* %gs is as it was: no SWAPGS */

	/* One stub for each vector; their addresses are in trap_stubs[]. */
	.section .ro_after_init, "aw"
	.balign	8
	.globl	trap_stubs
trap_stubs:
	.section .entry.text

.macro STUB vector, target, error_code=0
	.pushsection .ro_after_init, "aw"
	.quad	771f
	.popsection
771:
	.if \error_code == 0
	pushq	$0
	.endif
	pushq	%rdi
	movl	$\vector, %edi
	jmp	\target
.endm

	STUB	0, exception_common		/* #DE */
	STUB	1, exception_common		/* #DB */
	STUB	2, any_time_common		/* NMI */
	STUB	3, exception_common		/* #BP */
	STUB	4, exception_common		/* #OF */
	STUB	5, exception_common		/* #BR */
	STUB	6, exception_common		/* #UD */
	STUB	7, exception_common		/* #NM */
	STUB	8, any_time_common, 1		/* #DF */
	STUB	9, exception_common
	STUB	10, exception_common, 1		/* #TS */
	STUB	11, exception_common, 1		/* #NP */
	STUB	12, exception_common, 1		/* #SS */
	STUB	13, exception_common, 1		/* #GP */
	.pushsection .ro_after_init, "aw"
	.quad	page_fault_entry
	.popsection
	STUB	15, exception_common
	STUB	16, exception_common		/* #MF */
	STUB	17, exception_common, 1		/* #AC */
	STUB	18, any_time_common		/* #MC */
	STUB	19, exception_common		/* #XM */
	STUB	20, exception_common		/* #VE */
	STUB	21, exception_common, 1		/* #CP */
	.irpc	digit, 23456789
	STUB	2\digit, exception_common	/* 22 .. 29: reserved */
	.endr
	STUB	30, exception_common, 1		/* #SX */
	STUB	31, exception_common

	.balign	8
	.globl	interrupt_stubs
interrupt_stubs:			/* 8 bytes each: vectors 32 .. 95 (x86.h: VECTOR_END) */
	vector = 32
	.rept	64
	.balign	8
	pushq	$vector
	jmp	interrupt_common
	vector = vector + 1
	.endr

/*
 * struct task_struct *switch_stacks(prev, unsigned long *prev_sp, unsigned long next_sp):
 * leave on one stack, come back on another; returns prev as the other side sees it.
 */
	.text
	.balign	16
	.globl	switch_stacks
switch_stacks:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rsi)
	movq	%rdx, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	movq	%rdi, %rax
	ret

	/* Where a new task's first switch returns to: rax = prev, rbx = fn or 0, r12 = arg. */
	.section .entry.text
	.globl	thread_start
thread_start:
	movq	%rax, %rdi
	call	task_first_run
	sti
	testq	%rbx, %rbx
	jz	1f
	movq	%r12, %rdi
	call	*%rbx
1:	cli
	jmp	user_work

	.section .note.GNU-stack, "", @progbits
