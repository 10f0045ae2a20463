/*
 * Frames of signal handlers, as the psABI, glibc and debuggers know them:
 *
 *     interrupted stack (or the alternate one)
 *       128 bytes red zone (not on the alternate stack)
 *       FPU state: what XSAVE wrote, with FP_XSTATE_MAGIC1 in the bytes that the
 *         hardware leaves to software, FP_XSTATE_MAGIC2 behind; 64-byte aligned
 *       siginfo     128 bytes
 *       ucontext    registers, mask, alternate stack
 *     sp -> pretcode: sa_restorer, where the handler's RET goes; sp % 16 == 8
 *
 * On the way back every word of it may have been changed.  Segment registers are
 * not taken from it at all, of the flags only those a program may set, rip must be
 * below TASK_SIZE (entry.S relies on that), and FPU state is cleaned before the
 * processor sees it.
 */
#include "arch/x86/common/internal.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/current.h"
#include "machine/layout.h"
#include "machine/thread.h"
#include "machine/uaccess.h"
#define __ARCH_SI_UID_T unsigned
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>

#define RED_ZONE     128
#define LEGACY_BYTES 512
#define SW_BYTES_AT  464 /* struct _fpx_sw_bytes within the legacy area */

struct rt_sigframe {
	u64 pretcode;
	struct ucontext context;
	u8 info[128];
};

/* Of the running task, without asking the kernel for its task: regs lie at the stack's top. */
static void *fpu_area(const struct pt_regs *regs)
{
	return (void *)(regs + 1);
}

static int push_fpu(void __user *to, struct pt_regs *regs)
{
	struct _fpx_sw_bytes software = {
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = fpu_bytes + FP_XSTATE_MAGIC2_SIZE,
		.xfeatures = fpu_features,
		.xstate_size = fpu_bytes,
	};
	u8 *area = fpu_area(regs);
	u32 magic2 = FP_XSTATE_MAGIC2;

	fpu_save(area);
	if (copy_to_user(to, area, fpu_bytes))
		return -EFAULT;
	if (!fpu_features) /* FXSAVE alone: no magic, old format */
		return 0;
	if (copy_to_user((u8 __user *)to + SW_BYTES_AT, &software, sizeof(software)))
		return -EFAULT;
	return put_user(magic2, (u32 __user *)((u8 __user *)to + fpu_bytes));
}

int arch_push_signal_frame(struct pt_regs *regs, const struct signal_frame_info *info)
{
	unsigned long sp = info->stack_end ? info->stack_end : regs->sp - RED_ZONE;
	const struct arch_thread *t = this_cpu(current_thread);
	struct rt_sigframe frame = {0};
	struct rt_sigframe __user *at;
	unsigned long fpu;

	fpu = ALIGN_DOWN(sp - (fpu_bytes + FP_XSTATE_MAGIC2_SIZE), 64UL);
	at = (void __user *)(ALIGN_DOWN(fpu - sizeof(frame), 16UL) - 8);
	if (!access_ok(at, sp - (unsigned long)at) || info->handler >= TASK_SIZE)
		return -EFAULT;

	frame.pretcode = info->restorer;
	frame.context.uc_flags =
		(fpu_features ? UC_FP_XSTATE : 0) | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	frame.context.uc_stack.ss_sp = (void *)info->altstack_sp;
	frame.context.uc_stack.ss_flags = info->altstack_flags;
	frame.context.uc_stack.ss_size = info->altstack_bytes;
	frame.context.uc_sigmask = info->oldmask;
	frame.context.uc_mcontext = (struct sigcontext){
		.r8 = regs->r8,
		.r9 = regs->r9,
		.r10 = regs->r10,
		.r11 = regs->r11,
		.r12 = regs->r12,
		.r13 = regs->r13,
		.r14 = regs->r14,
		.r15 = regs->r15,
		.rdi = regs->di,
		.rsi = regs->si,
		.rbp = regs->bp,
		.rbx = regs->bx,
		.rdx = regs->dx,
		.rax = regs->ax,
		.rcx = regs->cx,
		.rsp = regs->sp,
		.rip = regs->ip,
		.eflags = regs->flags,
		.cs = regs->cs,
		.ss = regs->ss,
		.err = t->fault_error,
		.trapno = t->fault_trapno,
		.oldmask = info->oldmask,
		.cr2 = t->fault_address,
		.fpstate = (void *)fpu,
	};
	memcpy(frame.info, info->siginfo, sizeof(frame.info));
	if (push_fpu((void __user *)fpu, regs) || copy_to_user(at, &frame, sizeof(frame)))
		return -EFAULT;

	regs->di = info->signo;
	regs->si = (unsigned long)at + offsetof(struct rt_sigframe, info);
	regs->dx = (unsigned long)at + offsetof(struct rt_sigframe, context);
	regs->ax = 0; /* variadic handlers: no vector arguments */
	regs->ip = info->handler;
	regs->sp = (unsigned long)at;
	regs->flags &= ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF);
	regs->orig_ax = -1;
	fetch_or((u32 *)current, ARCH_WORK_FULL_RETURN);
	return 0;
}

static int pop_fpu(unsigned long from, struct pt_regs *regs)
{
	struct _fpx_sw_bytes software;
	u8 *area = fpu_area(regs);
	u32 magic2 = 0;
	bool extended = false;

	fpu_init_area(area);
	if (from) {
		if (copy_from_user(area, (void __user *)from, LEGACY_BYTES))
			return -EFAULT;
		memcpy(&software, area + SW_BYTES_AT, sizeof(software));
		if (fpu_features && software.magic1 == FP_XSTATE_MAGIC1 &&
		    software.xstate_size == fpu_bytes &&
		    software.extended_size == fpu_bytes + FP_XSTATE_MAGIC2_SIZE &&
		    !get_user(magic2, (u32 __user *)(from + fpu_bytes)) &&
		    magic2 == FP_XSTATE_MAGIC2)
			extended = true;
		if (extended) {
			if (copy_from_user(area + LEGACY_BYTES,
					   (void __user *)(from + LEGACY_BYTES),
					   fpu_bytes - LEGACY_BYTES))
				return -EFAULT;
		} else if (fpu_features) {
			const u64 legacy = 3; /* x87 and SSE as given, the rest initial */

			memcpy(area + LEGACY_BYTES, &legacy, sizeof(legacy));
		}
		if (!fpu_sanitize(area))
			return -EFAULT;
	}
	fpu_restore(area);
	return 0;
}

int arch_pop_signal_frame(struct pt_regs *regs, struct signal_frame_info *info)
{
	const struct rt_sigframe __user *at = (const void __user *)(regs->sp - 8);
	struct ucontext context;
	const struct sigcontext *saved = &context.uc_mcontext;

	if (copy_from_user(&context, &at->context, sizeof(context)) || saved->rip >= TASK_SIZE)
		return -EFAULT;
	if (pop_fpu((unsigned long)saved->fpstate, regs))
		return -EFAULT;
	*regs = (struct pt_regs){
		.r8 = saved->r8,
		.r9 = saved->r9,
		.r10 = saved->r10,
		.r11 = saved->r11,
		.r12 = saved->r12,
		.r13 = saved->r13,
		.r14 = saved->r14,
		.r15 = saved->r15,
		.di = saved->rdi,
		.si = saved->rsi,
		.bp = saved->rbp,
		.bx = saved->rbx,
		.dx = saved->rdx,
		.ax = saved->rax,
		.cx = saved->rcx,
		.sp = saved->rsp,
		.ip = saved->rip,
		.flags = (regs->flags & ~EFLAGS_USER) | (saved->eflags & EFLAGS_USER),
		.cs = USER_CS,
		.ss = USER_DS,
		.orig_ax = -1,
	};
	info->oldmask = context.uc_sigmask;
	info->altstack_sp = (unsigned long)context.uc_stack.ss_sp;
	info->altstack_bytes = context.uc_stack.ss_size;
	info->altstack_flags = context.uc_stack.ss_flags;
	fetch_or((u32 *)current, ARCH_WORK_FULL_RETURN);
	return 0;
}
