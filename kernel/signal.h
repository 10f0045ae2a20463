/*
 * Signals: pending sets, handlers, and what siginfo travels with them.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"
#include "sync/spinlock.h"
#define __ARCH_SI_UID_T unsigned
#include <asm/siginfo.h>
#include <asm/signal.h>

#define NSIG_ALL 64
#define SIGMASK(sig) (1ULL << ((sig)-1))

typedef int pid_t;
struct task_struct;

struct sigqueue { /* one queued signal */
	struct list_head list; /* (sighand lock) */
	siginfo_t info;
};

struct sigpending {
	u64 set;	       /* (sighand lock) */
	struct list_head list; /* (sighand lock) of sigqueue; a signal without one has bare SI_USER info */
};

struct k_sigaction {
	void __user *handler; /* SIG_DFL, SIG_IGN or the address */
	unsigned long flags;  /* SA_ */
	void __user *restorer;
	u64 mask;
};

struct sighand_struct {
	atomic_t count;
	spinlock_t lock; /* irq-safe (RANK_SIGHAND is taken with interrupts off) */
	struct k_sigaction action[NSIG_ALL];
};

/* Send to a thread / a process / a process group. info NULL: from the kernel. 0 or -errno. */
int send_signal(int sig, const siginfo_t *info, struct task_struct *t);
int send_signal_group(int sig, const siginfo_t *info, struct task_struct *process);
int kill_pgrp(int sig, const siginfo_t *info, pid_t pgrp);
/* A trap of the current task: cannot be blocked or ignored. */
void force_signal(int sig, int code, unsigned long address, int trapno, unsigned long error);
/* Would the current task ignore or block it (tty: SIGTTOU)? */
bool signal_ignored_or_blocked(int sig);
/* Set the mask of the current task; SIGKILL and SIGSTOP stay out. */
void set_current_blocked(u64 mask);
/* For ppoll, pselect, sigsuspend: put `mask` in place until the system call returns. */
void set_temporary_sigmask(u64 mask);
