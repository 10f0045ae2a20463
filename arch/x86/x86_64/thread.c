/*
 * Tasks as the processor sees them: stacks, the switch between them, TLS and FPU.
 *
 * A new task's stack is built so that the first switch to it "returns" into
 * thread_start (entry.S):
 *
 *   stack_top  pt_regs            what it will have in user mode
 *              thread_start       return address of switch_stacks
 *              rbp rbx r12..r15   rbx = function or 0, r12 = its argument
 *   kernel_sp
 *
 * Programs set the bases of %fs and %gs by arch_prctl(2) only (FSGSBASE is not
 * enabled), so the copies in arch_thread are always right and nothing has to be
 * read back at a switch; the MSR is written only when the two tasks differ.
 *
 * FPU state is written to its place on the stack when a task is switched away
 * from, and read when one is switched to, unless it is in the registers still:
 * fpu_owner says whose state the CPU holds, last_cpu that no other CPU has had
 * the task since.
 */
#include "arch/x86/common/internal.h"
#include "arch/x86/common/segments.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/syscall.h"
#include "lib/string.h"
#include "machine/current.h"
#include "machine/layout.h"
#include "machine/thread.h"
#include "machine/uaccess.h"
#include "machine/upcall.h"
#include <asm/prctl.h>

struct task_struct *switch_stacks(struct task_struct *prev, unsigned long *prev_sp,
				  unsigned long next_sp);
extern char thread_start[];

struct start_frame {
	unsigned long r15, r14, r13, r12, bx, bp, ip;
};

static struct arch_thread boot_thread; /* until the first switch */
DEFINE_PER_CPU(struct arch_thread *, current_thread) = &boot_thread;
static DEFINE_PER_CPU(struct arch_thread *, fpu_owner);

static struct start_frame *place(struct arch_thread *t, void *stack, size_t stack_bytes)
{
	unsigned long end = (unsigned long)stack + stack_bytes;
	struct start_frame *frame;

	t->fpu = (void *)ALIGN_DOWN(end - fpu_bytes, 64UL);
	t->stack_top = (unsigned long)t->fpu;
	t->last_cpu = NR_CPUS;
	frame = (struct start_frame *)arch_user_regs(t) - 1;
	t->kernel_sp = (unsigned long)frame;
	*frame = (struct start_frame){.ip = (unsigned long)thread_start};
	return frame;
}

int arch_thread_kernel(struct arch_thread *t, void *stack, size_t stack_bytes, void (*fn)(void *),
		       void *arg)
{
	struct start_frame *frame = place(t, stack, stack_bytes);

	frame->bx = (unsigned long)fn;
	frame->r12 = (unsigned long)arg;
	*arch_user_regs(t) = (struct pt_regs){.cs = USER_CS, .ss = USER_DS, .flags = EFLAGS_IF};
	t->tls.fs_base = t->tls.gs_base = 0;
	t->user = false;
	return 0;
}

int arch_thread_fork(struct arch_thread *t, void *stack, size_t stack_bytes,
		     const struct pt_regs *regs, unsigned long user_sp, bool set_tls,
		     unsigned long tls)
{
	struct pt_regs *child;

	place(t, stack, stack_bytes);
	child = arch_user_regs(t);
	*child = *regs;
	child->ax = 0;
	if (user_sp)
		child->sp = user_sp;
	if (set_tls)
		t->tls.fs_base = tls;
	t->user = true;
	fpu_init_area(t->fpu); /* XSAVE leaves parts of the header as they are */
	fpu_save(t->fpu);
	return 0;
}

void arch_thread_free(struct arch_thread *t)
{
	t->last_cpu = NR_CPUS;
}

static void load_user_segments(struct arch_thread *t)
{
	unsigned long flags = irq_save();

	/* A null selector in %gs clears the hidden base of the side that is loaded. */
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs\n\t"
			 "swapgs; mov %0, %%gs; swapgs" ::"r"(0));
	write_msr(MSR_FS_BASE, t->tls.fs_base);
	write_msr(MSR_KERNEL_GS_BASE, t->tls.gs_base);
	irq_restore(flags);
}

int arch_thread_flush(struct arch_thread *t)
{
	t->tls.fs_base = t->tls.gs_base = 0;
	load_user_segments(t);
	fpu_init_area(t->fpu);
	fpu_restore(t->fpu);
	t->user = true;
	return 0;
}

struct task_struct *arch_switch_to(struct task_struct *prev, struct arch_thread *prev_thread,
				   struct task_struct *next, struct arch_thread *next_thread)
{
	unsigned cpu = cpu_id();

	if (prev_thread->user) {
		fpu_save(prev_thread->fpu);
		prev_thread->last_cpu = cpu;
		this_cpu(fpu_owner) = prev_thread;
	}
	if (next_thread->user &&
	    (this_cpu(fpu_owner) != next_thread || next_thread->last_cpu != cpu)) {
		fpu_restore(next_thread->fpu);
		this_cpu(fpu_owner) = next_thread;
	}
	if (prev_thread->tls.fs_base != next_thread->tls.fs_base)
		write_msr(MSR_FS_BASE, next_thread->tls.fs_base);
	if (prev_thread->tls.gs_base != next_thread->tls.gs_base)
		write_msr(MSR_KERNEL_GS_BASE, next_thread->tls.gs_base);
	set_trap_stack(next_thread->stack_top);
	this_cpu(current_task) = next;
	this_cpu(current_thread) = next_thread;
	return switch_stacks(prev, &prev_thread->kernel_sp, next_thread->kernel_sp);
}

unsigned long arch_thread_pc(const struct arch_thread *t)
{
	/* switch_stacks' caller has the return address; one frame further is schedule()'s caller. */
	const struct start_frame *frame = (const void *)t->kernel_sp;

	return frame->ip;
}

void start_thread(struct pt_regs *regs, unsigned long pc, unsigned long sp)
{
	BUG_ON(pc >= TASK_SIZE); /* exec has refused such an image */
	*regs = (struct pt_regs){
		.orig_ax = -1,
		.ip = pc,
		.cs = USER_CS,
		.flags = EFLAGS_IF,
		.sp = sp,
		.ss = USER_DS,
	};
	fetch_or((u32 *)current, ARCH_WORK_FULL_RETURN);
}

void machine_note_fault(unsigned long address, unsigned long error, unsigned long trapno)
{
	struct arch_thread *t = this_cpu(current_thread);

	t->fault_address = address;
	t->fault_error = error;
	t->fault_trapno = trapno;
}

SYSCALL2(arch_prctl, int, code, unsigned long, address)
{
	struct arch_thread *t = this_cpu(current_thread);

	switch (code) {
	case ARCH_SET_FS:
		if (address >= TASK_SIZE)
			return -EPERM;
		t->tls.fs_base = address;
		write_msr(MSR_FS_BASE, address);
		return 0;
	case ARCH_SET_GS:
		if (address >= TASK_SIZE)
			return -EPERM;
		t->tls.gs_base = address;
		write_msr(MSR_KERNEL_GS_BASE, address);
		return 0;
	case ARCH_GET_FS: return put_user(t->tls.fs_base, (u64 __user *)address);
	case ARCH_GET_GS: return put_user(t->tls.gs_base, (u64 __user *)address);
	default: return -EINVAL;
	}
}
