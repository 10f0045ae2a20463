/*
 * The doors between programs and the kernel.
 *
 * Every door but SYSENTER's (sysenter.c) is a gate of the IDT; all close the interrupts. At a gate the
 * processor has pushed ss and esp (if it came from user mode, to the stack that the TSS names), eflags,
 * cs, eip and perhaps an error code.  The rest of a struct pt_regs (machine/regs.h) is pushed here, and C is
 * called with its address in eax (the kernel is compiled with three arguments in registers).
 *
 * A program's segment registers can hold anything, and the kernel may have been interrupted at an
 * instruction at which they are still loaded: so every door saves ds, es and fs, and loads the
 * kernel's own: flat ones, and %fs based on this CPU's data.  %gs is left alone. A program's ds and es
 * are most often the flat ones themselves: those are not loaded again, which takes longer than to look.
 *
 * The way back to user mode looks at one word, the first of the current task: as long as it
 * is not zero exit_to_user_work() is called.  What is then loaded from the stack may
 * have become invalid (a thread may change the LDT meanwhile): a segment register that cannot be
 * loaded gets the null selector, and an IRET that fails becomes the program's SIGILL, as on Linux.
 */
#include "machine/alternative.h"
#include "arch/x86/i386/sysenter.h"
#include "machine/selectors.h"
#include <asm/errno.h>

#define REGS_DX	    8		/* offsets in struct pt_regs */
#define REGS_BP	    20
#define REGS_AX	    24
#define REGS_IP	    44
#define REGS_CS	    48
#define REGS_FLAGS  52
#define FULL_RETURN_BIT 31	/* ARCH_WORK_FULL_RETURN */
#define FLAGS_TF    0x100
#define FLAGS_IF    0x200
#define FLAGS_PLAIN 0xad7	/* IF and the arithmetic ones, and a bit that is always set */
#define TASK_SIZE   0xc0000000	/* machine/layout.h */

#define STAC ALTERNATIVE ".byte 0x0f, 0x1f, 0x00", "stac", ALT_SMAP
#define CLAC ALTERNATIVE ".byte 0x0f, 0x1f, 0x00", "clac", ALT_SMAP

.macro PUSH_SEGMENTS
	pushl	%fs
	pushl	%es
	pushl	%ds
.endm

.macro PUSH_REST		/* all below ax */
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	pushl	%edx
	pushl	%ecx
	pushl	%ebx
.endm

.macro LOAD_SEGMENTS		/* edx is lost */
	movl	%ds, %edx
	cmpl	$USER_DS, %edx
	jne	771f
	movl	%es, %edx
	cmpl	$USER_DS, %edx
	jne	771f
772:	movl	$PERCPU_SELECTOR, %edx
	movl	%edx, %fs
	cld
	.subsection 1
771:	movl	$USER_DS, %edx
	movl	%edx, %ds
	movl	%edx, %es
	jmp	772b
	.previous
.endm

.macro EXTABLE from:req, to:req
	.pushsection extable, "a"
	.balign	4
	.long	\from - ., \to - .
	.popsection
.endm

/* Load a segment register; the null selector instead of one that cannot be loaded. */
.macro POP_SEGMENT segment
771:	popl	%\segment
	.pushsection .text.fixup, "ax"
772:	movl	$0, (%esp)
	jmp	771b
	.popsection
	EXTABLE	771b, 772b
.endm

.macro POP_ALL			/* and orig_ax */
	popl	%ebx
	popl	%ecx
	popl	%edx
	popl	%esi
	popl	%edi
	popl	%ebp
	popl	%eax
	cmpw	$USER_DS, (%esp)
	jne	773f
	cmpw	$USER_DS, 4(%esp)
	jne	773f
	addl	$8, %esp
774:	POP_SEGMENT fs
	addl	$4, %esp
	.subsection 1
773:	POP_SEGMENT ds
	POP_SEGMENT es
	jmp	774b
	.previous
.endm

.macro SYSCALL_DONE		/* its result into the frame, interrupts off; and is there more to do? */
	cli
	addl	$16, %esp
	movl	%eax, REGS_AX(%esp)
	movl	%fs:current_task, %eax
	cmpl	$0, (%eax)
	jne	user_work
.endm

	.section .entry.text, "ax"

	.balign	64
	.globl	syscall_entry
syscall_entry:
	pushl	%eax
	PUSH_SEGMENTS
	pushl	%eax
	PUSH_REST
	CLAC
	pushl	%eax		/* number, sixth to fourth argument */
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	movl	%edx, %esi	/* third */
	LOAD_SEGMENTS
	movl	%ebx, %eax
	movl	%ecx, %edx
	movl	%esi, %ecx
	sti
	call	handle_syscall
	.globl	syscall_called
syscall_called:
	SYSCALL_DONE
user_iret:
	POP_ALL
771:	iret
	EXTABLE	771b, bad_iret

/*
 * SYSENTER: interrupts are off and esp is the end of this thread's stack; ebp points to the sixth
 * argument, and is the program's esp. Where it came from nobody says: it goes back into the vDSO.
 */
	.balign	64
	.globl	sysenter_entry
sysenter_entry:
	pushl	$USER_DS
	EXTABLE	sysenter_entry, sysenter_stepped
	pushl	%ebp
	pushfl
	orl	$FLAGS_IF, (%esp)
1:	pushl	$USER_CS
	pushl	$0		/* eip, see below */
	pushl	%eax
	PUSH_SEGMENTS
	pushl	%eax
	PUSH_REST
	LOAD_SEGMENTS
	movl	%fs:loaded_mm, %edx
	movl	SPACE_VDSO(%edx), %edx
	addl	$vdso_landing, %edx
	movl	%edx, REGS_IP(%esp)
	testl	$~FLAGS_PLAIN, REGS_FLAGS(%esp)
	jnz	3f
2:	sti
	cmpl	$(TASK_SIZE - 4), %ebp
	ja	sysenter_fault
	STAC
771:	movl	(%ebp), %ebp
	EXTABLE	771b, sysenter_fault
	CLAC
	movl	%ebp, REGS_BP(%esp)
	pushl	%eax		/* number, sixth to fourth argument */
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	movl	%ebx, %eax
	movl	%ecx, %edx
	movl	16 + REGS_DX(%esp), %ecx
	call	handle_syscall
	.globl	sysenter_called
sysenter_called:
	SYSCALL_DONE
	POP_ALL
	movl	(%esp), %edx	/* eip */
	movl	12(%esp), %ecx	/* esp */
	sti			/* from the next instruction on */
	sysexit

	/* Flags that a gate would have cleared, or that SYSEXIT would not bring back. */
3:	movl	%fs:current_task, %edx
	lock btsl $FULL_RETURN_BIT, (%edx)
	pushl	$2		/* a bit that is always set */
	popfl
	jmp	2b

	/* The program steps, and #DB came at the first instruction (traps.c). */
sysenter_stepped:
	pushl	$USER_DS
	pushl	%ebp
	pushfl
	orl	$(FLAGS_IF | FLAGS_TF), (%esp)
	jmp	1b

sysenter_fault:			/* no sixth argument there */
	CLAC
	cli
	movl	$-EFAULT, REGS_AX(%esp)
	jmp	user_work

	/* Interrupts are off, esp = regs. */
user_work:
	movl	%fs:current_task, %eax
	testl	$~(1 << FULL_RETURN_BIT), (%eax)
	jz	1f
	sti
	movl	%esp, %eax
	call	exit_to_user_work
	cli
	jmp	user_work
1:	lock btrl $FULL_RETURN_BIT, (%eax)
	jmp	user_iret

	.balign	64
	.globl	page_fault_entry
page_fault_entry:
	PUSH_SEGMENTS
	pushl	%eax
	PUSH_REST
	LOAD_SEGMENTS
	CLAC
	movl	%esp, %eax
	call	page_fault
	.globl	exception_return
exception_return:
	testb	$3, REGS_CS(%esp)
	jz	kernel_iret
	cli
	movl	%fs:current_task, %eax
	cmpl	$0, (%eax)
	jne	user_work
	jmp	user_iret
kernel_iret:
	POP_ALL
	iret

	/* Other exceptions: eax is pushed already and holds the vector. */
exception_common:
	PUSH_REST
	LOAD_SEGMENTS
	CLAC
	movl	%eax, %edx
	movl	%esp, %eax
	call	exception
	.globl	exception_called, any_time_return
exception_called:
any_time_return:		/* no stacks of their own here */
	jmp	exception_return

	/* Interrupts: the vector is where an error code would be. */
	.balign	16
interrupt_common:
	PUSH_SEGMENTS
	pushl	%eax
	PUSH_REST
	LOAD_SEGMENTS
	CLAC
	movl	%esp, %eax
	call	interrupt
	.globl	interrupt_called
interrupt_called:
	jmp	exception_return

	/* The frame that IRET refused stands there still, and is the program's. */
bad_iret:
	pushl	$0
	PUSH_SEGMENTS
	pushl	%eax
	movl	$32, %eax	/* traps.c: TRAP_IRET */
	jmp	exception_common

	/* One stub for each vector; their addresses are in trap_stubs[]. */
	.section .ro_after_init, "aw"
	.balign	4
	.globl	trap_stubs
trap_stubs:
	.section .entry.text

.macro STUB vector, error_code=0
	.pushsection .ro_after_init, "aw"
	.long	771f
	.popsection
771:
	.if \error_code == 0
	pushl	$0
	.endif
	PUSH_SEGMENTS
	pushl	%eax
	movl	$\vector, %eax
	jmp	exception_common
.endm

	STUB	0			/* #DE */
	STUB	1			/* #DB */
	STUB	2			/* NMI */
	STUB	3			/* #BP */
	STUB	4			/* #OF */
	STUB	5			/* #BR */
	STUB	6			/* #UD */
	STUB	7			/* #NM */
	.pushsection .ro_after_init, "aw"
	.long	0			/* #DF: a task gate (segments.c) */
	.popsection
	STUB	9
	STUB	10, 1			/* #TS */
	STUB	11, 1			/* #NP */
	STUB	12, 1			/* #SS */
	STUB	13, 1			/* #GP */
	.pushsection .ro_after_init, "aw"
	.long	page_fault_entry
	.popsection
	STUB	15
	STUB	16			/* #MF */
	STUB	17, 1			/* #AC */
	STUB	18			/* #MC */
	STUB	19			/* #XM */
	STUB	20			/* #VE */
	STUB	21, 1			/* #CP */
	.irpc	digit, 23456789
	STUB	2\digit			/* 22 .. 29: reserved */
	.endr
	STUB	30, 1			/* #SX */
	STUB	31

	.balign	8
	.globl	interrupt_stubs
interrupt_stubs:			/* 8 bytes each: vectors 32 .. 95 (x86.h: VECTOR_END) */
	vector = 32
	.rept	64
	.balign	8
	pushl	$vector
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
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	%esp, (%edx)
	movl	%ecx, %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

/*
 * struct task_struct *switch_tasks(prev, unsigned long *prev_sp, unsigned selector): the same by
 * a far jump to a TSS, which comes back here when somebody jumps to the one that is left. What is
 * pushed is for backtraces, which look for it there; the processor has saved it, too.
 */
	.balign	16
	.globl	switch_tasks
switch_tasks:
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	%esp, (%edx)
	movl	%eax, %fs:switched_from
	pushl	%ecx
	pushl	$0		/* an offset, that the processor does not look at */
	ljmp	*(%esp)
	clts			/* the jump has set it */
	addl	$8, %esp
	movl	%fs:switched_from, %eax
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

	/* Where a new task's first switch returns to: eax = prev, ebx = fn or 0, esi = arg. */
	.section .entry.text
	.globl	hardware_task_start
hardware_task_start:		/* the same after a jump to its TSS */
	clts
	call	hardware_task_begin
	.globl	thread_start
thread_start:
	call	task_first_run
	sti
	testl	%ebx, %ebx
	jz	1f
	movl	%esi, %eax
	call	*%ebx
1:	cli
	jmp	user_work

	.section .note.GNU-stack, "", @progbits
