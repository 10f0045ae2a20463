/*
 * Frames of signal handlers, as the i386 psABI, C libraries and debuggers know them. There are
 * two; which one a handler gets is said by SA_SIGINFO, and its restorer calls
 * sigreturn(2) or rt_sigreturn(2) accordingly:
 *
 *     interrupted stack (or the alternate one)
 *       FPU state: x87's as FNSAVE writes it (112 bytes), then what XSAVE wrote, 64-byte
 *         aligned, with FP_XSTATE_MAGIC1 in the bytes that the hardware leaves to software,
 *         FP_XSTATE_MAGIC2 behind
 *       old: registers, mask                 rt: siginfo, ucontext
 *         sp -> restorer, signal number            restorer, number, their addresses
 *               (sp + 4) % 16 == 0
 *
 * A handler without SA_RESTORER returns to the vDSO. If the program has unmapped that, to a few
 * instructions in the frame itself, which works where pages cannot be kept from being executed.
 *
 * On the way back every word of it may have been changed. Of the flags only those a
 * program may set are taken; selectors get privilege 3, and if they cannot be loaded entry.S
 * knows what to do; FPU state is cleaned before the processor sees it.
 */
#include "arch/x86/common/internal.h"
#include "arch/x86/i386/tls.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/current.h"
#include "machine/layout.h"
#include "machine/mmu.h"
#include "machine/thread.h"
#include "machine/uaccess.h"
#include "machine/vdso.h"
#define __ARCH_SI_UID_T unsigned
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <asm/unistd.h>

#define LEGACY_BYTES 512
#define X87_BYTES    112
#define SW_BYTES_AT  464 /* struct _fpx_sw_bytes within the legacy area */

struct old_frame {
	u32 restorer;
	int signo;
	struct sigcontext context;
	u8 unused[624]; /* where FPU state once was */
	u32 mask_high;
	u8 code[8];
};

struct rt_frame {
	u32 restorer;
	int signo;
	u32 info_at, context_at;
	u8 info[128];
	struct ucontext context;
	u8 code[8];
};

/* pop %eax; mov $__NR_sigreturn, %eax; int $0x80, and without the pop for the other. */
static const u8 old_code[8] = {0x58, 0xb8, __NR_sigreturn, 0, 0, 0, 0xcd, 0x80};
static const u8 rt_code[8] = {0xb8, __NR_rt_sigreturn, 0, 0, 0, 0xcd, 0x80};

/* Where the handler returns to. */
static unsigned long restorer(const struct signal_frame_info *info, const char *in_vdso,
			      unsigned long in_frame)
{
	const unsigned long vdso = this_cpu(loaded_mm)->segments.vdso;

	if (info->flags & SA_RESTORER)
		return info->restorer;
	return vdso ? vdso + (unsigned long)in_vdso : in_frame;
}

/* Of the running task, without asking the kernel for its task: regs lie at the stack's top. */
static void *fpu_area(const struct pt_regs *regs)
{
	return (void *)(regs + 1);
}

static unsigned long fpu_frame_bytes(void)
{
	return X87_BYTES + fpu_bytes + FP_XSTATE_MAGIC2_SIZE;
}

/* `to` + X87_BYTES is 64-byte aligned. */
static int push_fpu(u8 __user *to, struct pt_regs *regs)
{
	struct _fpx_sw_bytes software = {
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = fpu_frame_bytes(),
		.xfeatures = fpu_features,
		.xstate_size = fpu_bytes,
	};
	u8 *area = fpu_area(regs), x87[X87_BYTES] = {0};
	u32 magic2 = FP_XSTATE_MAGIC2;

	fpu_save(area);
	/* FNSAVE leaves an initialised unit. The last word is status, and 0 for "extended follows". */
	__asm__ volatile("fnsave %0" : "=m"(x87));
	memcpy(x87 + X87_BYTES - 4, x87 + 4, 2);
	fpu_restore(area);
	if (copy_to_user(to, x87, X87_BYTES) || copy_to_user(to + X87_BYTES, area, fpu_bytes))
		return -EFAULT;
	if (!fpu_features) /* FXSAVE alone: no magic, old format */
		return 0;
	if (copy_to_user(to + X87_BYTES + SW_BYTES_AT, &software, sizeof(software)))
		return -EFAULT;
	return put_user(magic2, (u32 __user *)(to + X87_BYTES + fpu_bytes));
}

static void fill_context(struct sigcontext *c, const struct pt_regs *regs, unsigned long fpu,
			 u64 mask)
{
	const struct arch_thread *t = this_cpu(current_thread);

	*c = (struct sigcontext){
		.gs = thread_gs(),
		.fs = regs->fs,
		.es = regs->es,
		.ds = regs->ds,
		.edi = regs->di,
		.esi = regs->si,
		.ebp = regs->bp,
		.esp = regs->sp,
		.ebx = regs->bx,
		.edx = regs->dx,
		.ecx = regs->cx,
		.eax = regs->ax,
		.trapno = t->fault_trapno,
		.err = t->fault_error,
		.eip = regs->ip,
		.cs = regs->cs,
		.eflags = regs->flags,
		.esp_at_signal = regs->sp,
		.ss = regs->ss,
		.fpstate = (void *)fpu,
		.oldmask = (u32)mask,
		.cr2 = t->fault_address,
	};
}

int arch_push_signal_frame(struct pt_regs *regs, const struct signal_frame_info *info)
{
	const bool rt = info->flags & SA_SIGINFO;
	const size_t bytes = rt ? sizeof(struct rt_frame) : sizeof(struct old_frame);
	unsigned long sp = info->stack_end ? info->stack_end : regs->sp, fpu, at, code;
	int err;

	fpu = ALIGN_DOWN(sp - fpu_frame_bytes() + X87_BYTES, 64UL) - X87_BYTES;
	at = ALIGN_DOWN(fpu - bytes + 4, 16UL) - 4;
	if (at > sp || !access_ok((void __user *)at, sp - at) || info->handler >= TASK_SIZE ||
	    push_fpu((u8 __user *)fpu, regs))
		return -EFAULT;
	if (rt) {
		struct rt_frame frame = {
			.signo = info->signo,
			.info_at = at + offsetof(struct rt_frame, info),
			.context_at = at + offsetof(struct rt_frame, context),
			.context = {.uc_flags = fpu_features ? UC_FP_XSTATE : 0,
				    .uc_stack = {.ss_sp = (void *)info->altstack_sp,
						 .ss_flags = info->altstack_flags,
						 .ss_size = info->altstack_bytes}},
		};

		code = at + offsetof(struct rt_frame, code);
		frame.restorer = restorer(info, vdso___kernel_rt_sigreturn, code);
		memcpy(frame.info, info->siginfo, sizeof(frame.info));
		memcpy(&frame.context.uc_sigmask, &info->oldmask, sizeof(info->oldmask));
		fill_context(&frame.context.uc_mcontext, regs, fpu, info->oldmask);
		memcpy(frame.code, rt_code, sizeof(frame.code));
		err = copy_to_user((void __user *)at, &frame, sizeof(frame)) ? -EFAULT : 0;
		regs->dx = frame.info_at;
		regs->cx = frame.context_at;
	} else {
		struct old_frame frame = {.signo = info->signo, .mask_high = info->oldmask >> 32};

		code = at + offsetof(struct old_frame, code);
		frame.restorer = restorer(info, vdso___kernel_sigreturn, code);
		fill_context(&frame.context, regs, fpu, info->oldmask);
		memcpy(frame.code, old_code, sizeof(frame.code));
		err = copy_to_user((void __user *)at, &frame, sizeof(frame)) ? -EFAULT : 0;
		regs->dx = regs->cx = 0;
	}
	if (err)
		return err;

	regs->ax = info->signo; /* for handlers that take arguments in registers */
	regs->ip = info->handler;
	regs->sp = at;
	regs->ds = regs->es = regs->ss = USER_DS;
	regs->cs = USER_CS;
	regs->flags &= ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF);
	regs->orig_ax = -1;
	fetch_or((u32 *)current, ARCH_WORK_FULL_RETURN);
	return 0;
}

static int pop_fpu(unsigned long from, struct pt_regs *regs)
{
	const unsigned long extended_at = from + X87_BYTES;
	struct _fpx_sw_bytes software;
	u8 *area = fpu_area(regs);
	u32 magic2 = 0;

	fpu_init_area(area);
	if (from) {
		bool extended;

		if (copy_from_user(area, (void __user *)extended_at, LEGACY_BYTES))
			return -EFAULT;
		memcpy(&software, area + SW_BYTES_AT, sizeof(software));
		extended = fpu_features && software.magic1 == FP_XSTATE_MAGIC1 &&
			   software.xstate_size == fpu_bytes &&
			   software.extended_size == fpu_frame_bytes() &&
			   !get_user(magic2, (u32 __user *)(extended_at + fpu_bytes)) &&
			   magic2 == FP_XSTATE_MAGIC2;
		if (extended) {
			if (copy_from_user(area + LEGACY_BYTES,
					   (void __user *)(extended_at + LEGACY_BYTES),
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

static int restore_context(struct pt_regs *regs, const struct sigcontext *saved)
{
	if (pop_fpu((unsigned long)saved->fpstate, regs))
		return -EFAULT;
	load_gs(saved->gs ? saved->gs | 3 : 0);
	*regs = (struct pt_regs){
		.bx = saved->ebx,
		.cx = saved->ecx,
		.dx = saved->edx,
		.si = saved->esi,
		.di = saved->edi,
		.bp = saved->ebp,
		.ax = saved->eax,
		.ds = saved->ds | 3,
		.es = saved->es | 3,
		.fs = saved->fs ? saved->fs | 3 : 0,
		.orig_ax = -1,
		.ip = saved->eip,
		.cs = saved->cs | 3,
		.flags = (regs->flags & ~EFLAGS_USER) | (saved->eflags & EFLAGS_USER),
		.sp = saved->esp,
		.ss = saved->ss | 3,
	};
	fetch_or((u32 *)current, ARCH_WORK_FULL_RETURN);
	return 0;
}

/* The old frame's restorer has taken the signal number from the stack, too. */
static int pop_old_frame(struct pt_regs *regs, struct signal_frame_info *info)
{
	const struct old_frame __user *at = (const void __user *)(regs->sp - 8);
	struct sigcontext context;
	u32 mask_high;

	if (copy_from_user(&context, &at->context, sizeof(context)) ||
	    get_user(mask_high, &at->mask_high))
		return -EFAULT;
	info->oldmask = context.oldmask | (u64)mask_high << 32;
	info->altstack_flags = -1; /* the frame says nothing of it: as it is */
	return restore_context(regs, &context);
}

int arch_pop_signal_frame(struct pt_regs *regs, struct signal_frame_info *info)
{
	const struct rt_frame __user *at = (const void __user *)(regs->sp - 4);
	struct ucontext context;

	if (regs_syscall_nr(regs) == __NR_sigreturn)
		return pop_old_frame(regs, info);
	if (copy_from_user(&context, &at->context, sizeof(context)))
		return -EFAULT;
	memcpy(&info->oldmask, &context.uc_sigmask, sizeof(info->oldmask));
	info->altstack_sp = (unsigned long)context.uc_stack.ss_sp;
	info->altstack_bytes = context.uc_stack.ss_size;
	info->altstack_flags = context.uc_stack.ss_flags;
	return restore_context(regs, &context.uc_mcontext);
}
