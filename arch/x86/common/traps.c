/*
 * Exceptions: who is to blame, and what follows.
 *
 *                        from user mode              from the kernel
 *   page fault           handle_page_fault()         on a user address: the same, or the access's
 *                                                    fixup; else a kernel bug
 *   breakpoint, illegal  a signal (the table below)  fixup if the instruction has one, else a bug
 *   instruction, ...
 *   NMI                  backtraces (backtrace.c)    the same
 *   double fault, MC     panic                       panic
 *
 * A fixup is a row of the exception table, sorted at boot: the address of an
 * instruction that may fault and where to go on if it does (machine/uaccess.h).
 *
 * orig_ax holds the error code on entry; it becomes -1 so that signal code sees
 * that this is no system call to be restarted.
 */
#include "arch/x86/common/backtrace.h"
#include "arch/x86/common/internal.h"
#include "lib/assert.h"
#include "lib/printf.h"
#include "lib/printk.h"
#include "machine/layout.h"
#include "machine/power.h"
#include "x86/root.h"
#include "machine/uaccess.h"
#include "machine/upcall.h"
#define __ARCH_SI_UID_T unsigned
#include <asm/siginfo.h>
#include <asm/signal.h>

#define TRAP_DB  1
#define TRAP_NMI 2
#define TRAP_UD  6
#define TRAP_DF  8
#define TRAP_GP  13
#define TRAP_PF  14
#define TRAP_MF  16
#define TRAP_MC  18
#define TRAP_XM  19
#define TRAP_IRET \
	32 /* no vector: a return to a program that cannot be (i386), as Linux numbers it */

void page_fault(struct pt_regs *regs);
void exception(struct pt_regs *regs, unsigned vector);

/* An exception that is the program's own doing becomes a signal. */
static const struct {
	const char *name;
	int signo; /* 0: never a program's */
	int code;
	bool address; /* si_addr is the instruction */
} traps[33] = {
	[0] = {"divide error", SIGFPE, FPE_INTDIV, true},
	[TRAP_DB] = {"debug", SIGTRAP, TRAP_TRACE, true},
	[TRAP_NMI] = {"NMI"},
	[3] = {"int3", SIGTRAP, SI_KERNEL, false},
	[4] = {"overflow", SIGSEGV, SI_KERNEL, false},
	[5] = {"bounds", SIGSEGV, SI_KERNEL, false},
	[TRAP_UD] = {"invalid opcode", SIGILL, ILL_ILLOPN, true},
	[7] = {"device not available"},
	[TRAP_DF] = {"double fault"},
	[9] = {"coprocessor segment overrun", SIGFPE, SI_KERNEL, false},
	[10] = {"invalid TSS", SIGSEGV, SI_KERNEL, false},
	[11] = {"segment not present", SIGBUS, SI_KERNEL, false},
	[12] = {"stack segment", SIGBUS, SI_KERNEL, false},
	[TRAP_GP] = {"general protection fault", SIGSEGV, SI_KERNEL, false},
	[TRAP_MF] = {"fpu exception", SIGFPE, 0, true},
	[17] = {"alignment check", SIGBUS, BUS_ADRALN, false},
	[TRAP_MC] = {"machine check"},
	[TRAP_XM] = {"simd exception", SIGFPE, 0, true},
	[TRAP_IRET] = {"iret exception", SIGILL, ILL_BADSTK, false},
};

/* Which of the x87's or SSE's unmasked conditions it was (Intel SDM 1, 8.5 and 11.5). */
static int fpe_code(unsigned vector)
{
	u32 mxcsr;
	u16 status, control;
	u32 raised;

	if (vector == TRAP_XM) {
		__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
		raised = mxcsr & ~(mxcsr >> 7);
	} else {
		__asm__ volatile("fnstsw %0; fnstcw %1" : "=m"(status), "=m"(control));
		raised = status & ~control;
	}
	if (raised & 1)
		return FPE_FLTINV;
	if (raised & 4)
		return FPE_FLTDIV;
	if (raised & 8)
		return FPE_FLTOVF;
	if (raised & 0x12)
		return FPE_FLTUND; /* and denormal operands, as Linux has it */
	return raised & 0x20 ? FPE_FLTRES : 0;
}

struct extable_row {
	s32 from, to; /* distances from the fields themselves */
};
extern const struct extable_row __start_extable[], __stop_extable[];

bool fixup_exception(struct pt_regs *regs)
{
	/* A few dozen rows, and only for accesses that failed. */
	for (const struct extable_row *row = __start_extable; row < __stop_extable; row++) {
		if ((unsigned long)&row->from + row->from == regs->ip) {
			regs->ip = (unsigned long)&row->to + row->to;
			return true;
		}
	}
	return false;
}

static DEFINE_PER_CPU(unsigned, pagefaults_off);

void pagefault_disable(void)
{
	this_cpu(pagefaults_off)++;
	barrier();
}

void pagefault_enable(void)
{
	barrier();
	this_cpu(pagefaults_off)--;
}

void machine_bad_access(struct pt_regs *regs, const struct fault_info *fault)
{
	if (!fixup_exception(regs))
		oops(regs, fault->exec ? "execution of user memory" : "bad access to user memory",
		     fault->address);
}

/*
 * A program's instruction went to memory as if it were ring 0: QEMU does so at far calls and returns.
 * With SMAP that cannot succeed, however often it is tried.
 */
static void program_fault_as_kernel(struct pt_regs *regs, const struct fault_info *fault)
{
	struct fault_info as_user = *fault;

	as_user.user = true;
	irq_enable();
	if (!fault->present && fault->address < TASK_SIZE) {
		handle_page_fault(regs, &as_user);
		return;
	}
	machine_note_fault(fault->address, as_user.error, TRAP_PF);
	user_trap(regs, SIGSEGV, SEGV_ACCERR, fault->address, TRAP_PF, as_user.error);
}

static __noinline void kernel_page_fault(struct pt_regs *regs, const struct fault_info *fault)
{
	if (fault->address >= TASK_SIZE && !fault->present && kernel_entry_sync(fault->address))
		return;
	if (user_mode(regs)) {
		program_fault_as_kernel(regs, fault);
		return;
	}
	if (fault->address >= TASK_SIZE) {
		if (!fixup_exception(regs))
			oops(regs,
			     fault->exec       ? "execution of memory that is no code"
			     : !fault->present ? "access to unmapped kernel memory"
					       : "write to read-only kernel memory",
			     fault->address);
		return;
	}
	if (this_cpu(pagefaults_off) || fault->exec || !(regs->flags & EFLAGS_IF)) {
		machine_bad_access(regs, fault);
		return;
	}
	if (cpu_features.smap && !(regs->flags & EFLAGS_AC))
		oops(regs, "user memory touched with the gate closed", fault->address);
	irq_enable();
	handle_page_fault(regs, fault);
	irq_disable();
}

void page_fault(struct pt_regs *regs)
{
	struct fault_info fault = {.address = read_cr2(), .error = regs->orig_ax};

	regs->orig_ax = -1;
	if (root_is_stale()) { /* it lacked a table that is there by now */
		reload_root();
		return;
	}
	if (likely(fault.user)) {
		irq_enable();
		handle_page_fault(regs, &fault);
		return;
	}
	kernel_page_fault(regs, &fault);
}

static __cold void stack_overflow_or_worse(struct pt_regs *regs)
{
	unsigned long address = read_cr2();
	bool overflow = address - (regs->sp - PAGE_SIZE) < 2 * PAGE_SIZE;

	oops(regs, overflow ? "kernel stack overflow" : "double fault", address);
}

void exception(struct pt_regs *regs, unsigned vector)
{
	unsigned long error = regs->orig_ax;
	int code = traps[vector].code;

	regs->orig_ax = -1;
	switch (vector) {
	case TRAP_NMI: nmi(regs); return;
	case TRAP_DF: stack_overflow_or_worse(regs); return;
	case TRAP_DB:
		write_dr6(0xffff0ff0); /* conditions accumulate until software clears them */
		if (!user_mode(regs))  /* a program's own flag came in with it (SYSENTER) */
			regs->flags &= ~EFLAGS_TF;
		break;
	case TRAP_MF:
	case TRAP_XM: code = fpe_code(vector); break;
	}
	if (!user_mode(regs)) {
		if (!fixup_exception(regs))
			oops(regs, traps[vector].name ? traps[vector].name : "unknown exception",
			     error);
		return;
	}
	if (!traps[vector].signo)
		oops(regs, traps[vector].name ? traps[vector].name : "unknown exception", error);
	irq_enable();
	machine_note_fault(0, error, vector);
	user_trap(regs, traps[vector].signo, code, traps[vector].address ? regs->ip : 0, vector,
		  error);
}
