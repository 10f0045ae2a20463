/*
 * Making tasks: fork(2), vfork(2), clone(2), clone3(2), and kernel threads.
 *
 * A new task is a copy of its maker's struct in which the parts are either shared
 * or copied, as the CLONE_ flags say:
 *
 *   part            shared by        a reference in          copied by
 *   address space   CLONE_VM         mm->mm_users            dup_mm
 *   files, cwd      CLONE_FILES, FS  fs/'s own               task_parts->fork
 *   signal actions  CLONE_SIGHAND    sighand->count          copy_sighand
 *   the process     CLONE_THREAD     signal->count           copy_signal
 *
 * Nothing is visible to others until all parts have been had; every failure undoes
 * what was done in reverse order.  Then, under its families' locks and the sighand lock,
 * the task gets its place in the family -- unless a signal has come in the
 * meantime: then fork starts over after it, so that no kill or stop of a process
 * or group misses a child that was being born.
 */
#include "kernel/family.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "lib/assert.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include "mm/trace/trace.h"
#include <linux/capability.h>
#include <linux/sched.h>

unsigned long total_forks; /* atomic */

struct task_struct *kthreadd;

/* What clone3(2) asks for; the others are special cases. */
struct clone_request {
	unsigned long flags; /* CLONE_ */
	int exit_signal;
	unsigned long stack; /* the child's stack pointer; 0: the parent's */
	unsigned long tls;
	int __user *parent_tid, *child_tid;
	pid_t set_pid; /* 0: any */
};

/* --- The parts --- */

static int copy_mm(struct task_struct *t, unsigned long flags)
{
	struct mm_struct *mm = current->mm;

	if (!mm)
		return 0;
	if (flags & CLONE_VM) {
		mmget(mm);
	} else {
		int err;

		mm = dup_mm(mm);
		if (IS_ERR(mm))
			return PTR_ERR(mm);
		err = arch_mm_fork(&mm->arch, &current->mm->arch);
		if (err) {
			mmput(mm);
			return err;
		}
	}
	t->mm = t->active_mm = mm;
	return 0;
}

static int copy_sighand(struct task_struct *t, unsigned long flags)
{
	struct sighand_struct *own = current->sighand;

	if (flags & CLONE_SIGHAND) {
		atomic_inc(&own->count);
		t->sighand = own;
		return 0;
	}
	t->sighand = sighand_alloc();
	if (!t->sighand)
		return -ENOMEM;
	spin_lock(&own->lock);
	copy_actions(t->sighand, own);
	spin_unlock(&own->lock);
	if (flags & CLONE_CLEAR_SIGHAND)
		flush_signal_handlers(t, false);
	return 0;
}

static int copy_signal(struct task_struct *t, unsigned long flags)
{
	const struct signal_struct *own = current->signal;

	if (flags & CLONE_THREAD) {
		atomic_inc(&current->signal->count);
		t->signal = current->signal;
		return 0;
	}
	t->signal = signal_alloc();
	if (!t->signal)
		return -ENOMEM;
	memcpy(t->signal->rlim, own->rlim, sizeof(own->rlim));
	t->signal->undumpable = own->undumpable;
	return 0;
}

static void drop_parts(struct task_struct *t)
{
	if (task_parts && (t->files || t->fs))
		task_parts->exit(t);
	if (t->signal)
		put_signal(t->signal);
	if (t->sighand)
		put_sighand(t->sighand);
	if (t->mm)
		mmput(t->mm);
}

static int copy_parts(struct task_struct *t, unsigned long flags)
{
	int err = copy_sighand(t, flags);

	if (!err)
		err = copy_signal(t, flags);
	if (!err)
		err = copy_mm(t, flags);
	if (!err && task_parts)
		err = task_parts->fork(t, flags);
	if (err)
		drop_parts(t);
	return err;
}

static bool may_fork(void)
{
	return nr_threads() < rlimit(RLIMIT_NPROC) || capable(CAP_SYS_RESOURCE) ||
	       capable(CAP_SYS_ADMIN);
}

/* --- The family --- */

/* Find the new task its place, unless a signal forbids. (no lock) */
static int join_family(struct task_struct *t, unsigned long flags, int exit_signal)
{
	struct signal_struct *own = current->signal;
	struct sighand_struct *sighand;
	const families_t families = flags & CLONE_PARENT && !(flags & CLONE_THREAD)
					    ? ALL_FAMILIES
					    : family_of(current) | family_of_number(t->pid);

	lock_families(families);
	if (flags & (CLONE_PARENT | CLONE_THREAD))
		t->real_parent = current->real_parent;
	else
		t->real_parent = current->group_leader;
	sighand = lock_sighand(current);
	if (signal_pending()) {
		unlock_sighand(sighand);
		unlock_families(families);
		return -ERESTARTNOINTR;
	}
	if (flags & CLONE_THREAD) {
		t->group_leader = current->group_leader;
		t->tgid = current->tgid;
		t->exit_signal = -1;
		own->live++;
	} else {
		t->group_leader = t;
		t->tgid = t->pid;
		t->exit_signal =
			flags & CLONE_PARENT ? current->group_leader->exit_signal : exit_signal;
		t->signal->pgrp = own->pgrp;
		t->signal->session = own->session;
		t->signal->tty = own->tty;
	}
	task_publish(t);
	fetch_add(&total_forks, 1);
	unlock_sighand(sighand);
	unlock_families(families);
	return 0;
}

/* A vfork child lives in our space: wait until it has one of its own. */
static void wait_for_vfork(struct task_struct *child, struct wait_queue_head *done)
{
	int killed = wait_event_killable(done, !READ_ONCE(child->vfork_done));

	/* Under the lock: the child's wake-up is over, `done` may go. */
	task_lock(child);
	if (killed)
		child->vfork_done = NULL;
	task_unlock(child);
}

static struct task_struct *copy_task(const struct clone_request *req)
{
	struct task_struct *t;
	int err;

	if (!may_fork())
		return ERR_PTR(-EAGAIN);
	t = task_alloc(current);
	if (!t)
		return ERR_PTR(-ENOMEM);
	t->pf |= PF_FORKNOEXEC;
	if (req->flags & CLONE_VM && !(req->flags & CLONE_VFORK)) {
		t->sas_sp = t->sas_size = 0; /* two threads cannot have one alternate stack */
		t->sas_flags = SS_DISABLE;
	}
	if (req->flags & CLONE_CHILD_SETTID)
		t->set_child_tid = req->child_tid;
	if (req->flags & CLONE_CHILD_CLEARTID)
		t->clear_child_tid = req->child_tid;
	err = copy_parts(t, req->flags);
	if (err)
		goto free;
	err = arch_thread_fork(&t->thread, t->stack, KERNEL_STACK_SIZE,
			       arch_user_regs(&current->thread), req->stack,
			       req->flags & CLONE_SETTLS, req->tls);
	if (err)
		goto drop;
	arch_thread_space(&t->thread, t->mm ? &t->mm->arch : NULL);
	t->pid = alloc_pid();
	if (t->pid < 0) {
		err = t->pid;
		goto undo_thread;
	}
	err = join_family(t, req->flags, req->exit_signal);
	if (!err)
		return t;
	free_pid(t->pid);
undo_thread:
	arch_thread_free(&t->thread);
drop:
	drop_parts(t);
free:
	task_free_unseen(t);
	return ERR_PTR(err);
}

static long do_clone(const struct clone_request *req)
{
	unsigned long flags = req->flags;
	struct wait_queue_head done;
	struct task_struct *t;
	pid_t pid;

	if ((flags & CLONE_SIGHAND && !(flags & CLONE_VM)) ||
	    (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND)) ||
	    (flags & CLONE_CLEAR_SIGHAND && flags & CLONE_SIGHAND))
		return -EINVAL;
	/* Kinds of isolation there are none of here. */
	if (flags & (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
		     CLONE_NEWPID | CLONE_NEWNET | CLONE_PIDFD | CLONE_INTO_CGROUP))
		return -EINVAL;
	if (flags & CLONE_PARENT && current->signal->unkillable)
		return -EINVAL; /* a sibling of init would have no parent */
	t = copy_task(req);
	if (IS_ERR(t))
		return PTR_ERR(t);
	pid = t->pid;
	if (flags & CLONE_PARENT_SETTID)
		(void)!put_user(pid, req->parent_tid); /* too late to fail */
	if (flags & CLONE_VFORK) {
		init_waitqueue_head(&done);
		t->vfork_done = &done;
		get_task(t);
	}
	wake_up_new_task(t);
	if (flags & CLONE_VFORK) {
		wait_for_vfork(t, &done);
		put_task(t);
	}
	return pid;
}

SYSCALL0(fork)
{
	return do_clone(&(struct clone_request){.exit_signal = SIGCHLD});
}

SYSCALL0(vfork)
{
	return do_clone(
		&(struct clone_request){.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD});
}

SYSCALL5(clone, unsigned long, flags, unsigned long, stack, int __user *, parent_tid, unsigned long,
	 fourth, unsigned long, fifth)
{
	const unsigned long child_tid = CLONE_TLS_BEFORE_TID ? fifth : fourth;

	return do_clone(&(struct clone_request){.flags = flags & 0xffffff00,
						.exit_signal = flags & CSIGNAL,
						.stack = stack,
						.parent_tid = parent_tid,
						.child_tid = (int __user *)child_tid,
						.tls = CLONE_TLS_BEFORE_TID ? fourth : fifth});
}

SYSCALL2(clone3, const struct clone_args __user *, from, size_t, size)
{
	struct clone_args args = {};

	if (size > 4096)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (copy_from_user(&args, from, min(size, sizeof(args))))
		return -EFAULT;
	for (size_t at = sizeof(args); at < size; at++) { /* what we do not know must be zero */
		u8 byte;

		if (get_user(byte, (const u8 __user *)from + at))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	if (args.flags & CSIGNAL || args.exit_signal > NSIG_ALL ||
	    (args.flags & (CLONE_THREAD | CLONE_PARENT) && args.exit_signal) ||
	    (args.stack == 0) != (args.stack_size == 0) ||
	    !access_ok((void __user *)(unsigned long)args.stack, args.stack_size))
		return -EINVAL;
	if (args.set_tid_size)
		return -EINVAL; /* numbers are not for programs to choose */
	return do_clone(
		&(struct clone_request){.flags = args.flags,
					.exit_signal = args.exit_signal,
					.stack = args.stack + args.stack_size,
					.parent_tid = (int __user *)(unsigned long)args.parent_tid,
					.child_tid = (int __user *)(unsigned long)args.child_tid,
					.tls = args.tls});
}

SYSCALL1(set_tid_address, int __user *, address)
{
	current->clear_child_tid = address;
	return current->pid;
}

/* --- Giving up a space --- */

void mm_release(struct task_struct *t)
{
	futex_exit(t);
	task_lock(t);
	if (t->vfork_done) {
		struct wait_queue_head *done = t->vfork_done;

		WRITE_ONCE(t->vfork_done, NULL);
		wake_up_all(done);
	}
	task_unlock(t);
}

struct mm_struct *exchange_mm(struct mm_struct *mm)
{
	struct task_struct *t = current;
	struct mm_struct *old = t->mm, *lazy = old ? NULL : t->active_mm;

	task_lock(t);
	irq_disable();
	t->mm = t->active_mm = mm;
	switch_mm(&mm->arch);
	arch_thread_space(&t->thread, &mm->arch);
	irq_enable();
	task_unlock(t);
	trace_task_mm(t->pid, (unsigned long)mm, 0, 0);
	if (lazy)
		mmdrop(lazy);
	return old;
}

/* --- Kernel threads --- */

struct kthread_start {
	int (*fn)(void *);
	void *arg;
};

static void kthread_main(void *arg)
{
	struct kthread_start start = *(struct kthread_start *)arg;
	int code;

	kfree(arg);
	code = start.fn(start.arg);
	if (current->pf & PF_KTHREAD)
		do_exit(code);
	/* It has become a program (init): to user mode. */
}

struct task_struct *kthread_create(int (*fn)(void *), void *arg, const char *name)
{
	struct kthread_start *start = kmalloc(sizeof(*start), GFP_KERNEL);
	struct task_struct *t = start ? task_alloc(&init_task) : NULL;
	families_t families;
	int err = -ENOMEM;

	if (!t)
		goto free;
	*start = (struct kthread_start){fn, arg};
	t->pf = PF_KTHREAD;
	t->cpus_allowed = ~0ULL;
	set_task_comm(t, name);
	t->blocked = ~0ULL;
	t->exit_signal = -1; /* nobody waits for it: reaps itself */
	atomic_inc(&init_task.sighand->count);
	t->sighand = init_task.sighand;
	t->signal = signal_alloc();
	if (!t->signal)
		goto drop;
	memcpy(t->signal->rlim, init_task.signal->rlim, sizeof(t->signal->rlim));
	t->pid = t->tgid = alloc_pid();
	if (t->pid < 0) {
		err = t->pid;
		goto drop;
	}
	t->group_leader = t;
	t->real_parent = kthreadd ? kthreadd : &init_task;
	err = arch_thread_kernel(&t->thread, t->stack, KERNEL_STACK_SIZE, kthread_main, start);
	if (err) {
		free_pid(t->pid);
		goto drop;
	}
	families = family_of(t->real_parent) | family_of_number(t->pid);
	lock_families(families);
	task_publish(t);
	unlock_families(families);
	return t;
drop:
	drop_parts(t);
	task_free_unseen(t);
free:
	kfree(start);
	return ERR_PTR(err);
}

struct task_struct *kthread_run(int (*fn)(void *), void *arg, const char *name)
{
	struct task_struct *t = kthread_create(fn, arg, name);

	if (!IS_ERR(t))
		wake_up_new_task(t);
	return t;
}
