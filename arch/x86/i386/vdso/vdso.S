/*
 * The kernel's code in a program: a shared object of one page that exec maps into every space
 * (kernel/abi32/vdso.c) and the auxiliary vector names. A C library calls what is in it instead of
 * knowing which CPU it runs on.
 *
 *   __kernel_vsyscall      a system call: number in eax, arguments as for INT 0x80 (AT_SYSINFO)
 *   __kernel_sigreturn     what a signal handler returns to: after the old frame
 *   __kernel_rt_sigreturn  and after that of SA_SIGINFO
 *
 * SYSENTER saves nothing of where it was, and SYSEXIT takes edx and ecx to return. So, as every kernel
 * has it since 2.5, three registers wait on the stack, and ebp says where that is:
 *
 *     ebp = esp -->  ebp, the sixth argument, which the kernel fetches from here
 *                    edx
 *                    ecx
 *                    return address
 *
 * The kernel comes back to one place, `landing`, with the same esp. A call that is to be made again
 * after a signal begins two bytes before it, at an INT 0x80, with all registers as they were: so ebp is
 * the sixth argument then. On a CPU without SYSENTER the kernel writes NOPs over the two
 * instructions from `sysenter` on (sysenter.c), and the INT is all there is.
 *
 * The notes for unwinders (DWARF 4, 6.4) lead from a handler through its frame into what was
 * interrupted: every register is where struct sigcontext has it. They begin a byte early, since an unwinder
 * looks for the instruction before the one a handler returns to.
 */
#include <asm/unistd.h>

	.text
	.balign	16
	.globl	__kernel_vsyscall, sysenter, landing
	.type	__kernel_vsyscall, @function
__kernel_vsyscall:
	.cfi_startproc
	pushl	%ecx
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset ecx, 0
	pushl	%edx
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset edx, 0
	pushl	%ebp
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset ebp, 0
sysenter:
	movl	%esp, %ebp
	sysenter
	int	$0x80
landing:
	popl	%ebp
	.cfi_adjust_cfa_offset -4
	.cfi_restore ebp
	popl	%edx
	.cfi_adjust_cfa_offset -4
	.cfi_restore edx
	popl	%ecx
	.cfi_adjust_cfa_offset -4
	.cfi_restore ecx
	ret
	.cfi_endproc
	.size	__kernel_vsyscall, . - __kernel_vsyscall

/* DW_CFA_expression: a register's place is esp + at; or DW_CFA_def_cfa_expression, what is there. */
.macro SAVED_AT register, at
	.cfi_escape 0x10, \register, 3, 0x74, ((\at) & 0x7f) | 0x80, (\at) >> 7
.endm
.macro FRAME_AT at
	.cfi_escape 0x0f, 4, 0x74, ((\at) & 0x7f) | 0x80, (\at) >> 7, 0x06
.endm

/* struct sigcontext is at esp + at: numbers of registers as the psABI has them, and their fields. */
.macro SIGCONTEXT_AT at
	FRAME_AT (\at+28)
	SAVED_AT 0, (\at+44)
	SAVED_AT 1, (\at+40)
	SAVED_AT 2, (\at+36)
	SAVED_AT 3, (\at+32)
	SAVED_AT 5, (\at+24)
	SAVED_AT 6, (\at+20)
	SAVED_AT 7, (\at+16)
	SAVED_AT 8, (\at+56)
.endm

	.balign	16
	.globl	__kernel_sigreturn
	.type	__kernel_sigreturn, @function
	.cfi_startproc simple
	.cfi_signal_frame
	SIGCONTEXT_AT 4
	nop
__kernel_sigreturn:		/* the signal's number, struct sigcontext */
	popl	%eax
	SIGCONTEXT_AT 0
	movl	$__NR_sigreturn, %eax
	int	$0x80
	.cfi_endproc
	.size	__kernel_sigreturn, . - __kernel_sigreturn

	.balign	16
	.globl	__kernel_rt_sigreturn
	.type	__kernel_rt_sigreturn, @function
	.cfi_startproc simple
	.cfi_signal_frame
	SIGCONTEXT_AT (3*4+128+20)
	nop
__kernel_rt_sigreturn:		/* three words, siginfo, ucontext; in that struct sigcontext */
	movl	$__NR_rt_sigreturn, %eax
	int	$0x80
	.cfi_endproc
	.size	__kernel_rt_sigreturn, . - __kernel_rt_sigreturn

	.section .note.GNU-stack, "", @progbits
