/*
 * Signals: pending sets, handlers, and what siginfo travels with them.
 *
 * No signal is sent from interrupts: who wants one there (a timer, a terminal)
 * leaves it to a thread.  So the sighand lock is an ordinary spinlock, and a
 * queue entry may be allocated under it.
 */
#pragma once

#include "lib/atomic.h"
#include "lib/list.h"
#include "lib/types.h"
#include "sync/epoch.h"
#include "sync/spinlock.h"
#define __ARCH_SI_UID_T unsigned
#include <linux/signal.h>

#define NSIG_ALL     64
#define SIGMASK(sig) (1ULL << ((sig)-1))

typedef int pid_t;
struct task_struct;

struct sigqueue {              /* one queued signal */
	struct list_head list; /* (sighand lock) */
	atomic_t *count;       /* of the process it waits in: signal_struct.queued */
	siginfo_t info;
};

struct sigpending {
	u64 set; /* (sighand lock) */
	struct list_head
		list; /* (sighand lock) of sigqueue; a signal without one has bare SI_USER info */
};

struct k_sigaction {
	void __user *handler; /* SIG_DFL, SIG_IGN or the address */
	unsigned long flags;  /* SA_ */
	void __user *restorer;
	u64 mask;
};

struct sighand_struct {
	atomic_t count;
	spinlock_t
		lock; /* guards the actions, and the signal state of the processes that share them */
	unsigned used; /* (lock) signals above this one have the default action: zeros */
	struct k_sigaction action[NSIG_ALL]; /* (lock) of signal n at n-1 */
	struct epoch_head epoch;
};

/*
 * Send to a thread / a process / a process group. info NULL: from the kernel. 0 or -errno
 * (-EAGAIN: no memory for a queued one; -ESRCH: no such group). No permission is checked.
 * Any context but interrupts; the caller holds no sighand lock, and an epoch or a reference
 * keeps the task.
 */
int send_signal(int sig, const siginfo_t *info, struct task_struct *t);
int send_signal_group(int sig, const siginfo_t *info, struct task_struct *process);
int kill_pgrp(int sig, const siginfo_t *info, pid_t pgrp);
/* A trap of the current task: cannot be blocked or ignored. */
void force_signal(int sig, int code, unsigned long address);
/* Would the current task ignore or block it (tty: SIGTTOU)? */
bool signal_ignored_or_blocked(int sig);
/* Set the mask of the current task; SIGKILL and SIGSTOP stay out. */
void set_current_blocked(u64 mask);
/*
 * For ppoll, pselect, sigsuspend: put `mask` in place until the system call returns. When it
 * returns -EINTR or one of the -ERESTARTs a handler still runs under it.
 */
void set_temporary_sigmask(u64 mask);

/* --- between the files of kernel/ --- */
#define SIG_DFL_PTR ((void __user *)0)
#define SIG_IGN_PTR ((void __user *)1)

void sigpending_init(struct sigpending *pending);
void sigpending_flush(struct sigpending *pending); /* nobody else can see it, or sighand lock */
struct sighand_struct *lock_sighand(struct task_struct *t);
void unlock_sighand(struct sighand_struct *sighand);
void put_sighand(struct sighand_struct *sighand);
/* All actions as they are in `from`. (from->lock; `to` is seen by nobody else, or its lock) */
void copy_actions(struct sighand_struct *to, const struct sighand_struct *from);
/* WORK_SIGNAL anew after the mask or the pending sets changed. (sighand lock) */
void recalc_signal_work(struct task_struct *t);
/* Every thread but the current one gets SIGKILL. (sighand lock) */
void kill_other_threads(struct task_struct *self);
/* Take the first signal that is not in `mask` off the sets; 0: none. (sighand lock) */
int dequeue_signal(struct task_struct *t, u64 mask, siginfo_t *info);
/* Deliver what is pending to the current task, which is about to return to user mode. */
struct pt_regs;
void deliver_signals(struct pt_regs *regs);
/* exec: caught signals back to the default, no alternate stack. */
void flush_signal_handlers(struct task_struct *t, bool all);
/*
 * Tell the parent that a process stopped, went on or ended: `sig` (0: none) with a CLD_ code and
 * the status that goes with it, and the wake-up of its wait4(). (families of both) True when
 * the parent does not care for the status of dead children.
 */
bool notify_parent(struct task_struct *child, int sig, int code, int status);
/* A thread that stops or ends while its process is being stopped: the last one reports. */
void leave_group_stop(struct task_struct *t);
/* May the current task send `sig` to t? 0, -EPERM. */
int may_signal(const struct task_struct *t, int sig);
void signals_init(void);
