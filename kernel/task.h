/*
 * A task: one thread of execution; a process is a group of tasks that share a
 * signal_struct (and all else that CLONE_ flags say).
 */
#pragma once

#include "kernel/signal.h"
#include "lib/atomic.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "machine/clock.h"
#include "machine/thread.h"
#include "mm/space/space.h"
#include "sync/epoch.h"
#include "sync/lockdebug.h"
#include "sync/spinlock.h"
#include "sync/task.h"
#include "sync/wait.h"
#include <linux/resource.h>

#define TASK_COMM_LEN 16
#define USER_HZ       100
#define PID_MAX       32768

struct files_struct;
struct fs_struct;
struct timer;
struct tty_struct;

struct cred { /* per task; changed only by the task itself */
	u32 uid, euid, suid, fsuid;
	u32 gid, egid, sgid, fsgid;
	u64 cap_inheritable, cap_permitted, cap_effective, cap_bounding, cap_ambient;
	unsigned ngroups;
	u32 groups[32];
	bool no_new_privs;
	bool keep_caps; /* prctl: permitted capabilities survive giving up user ID 0 */
};

struct sched_entity {
	struct rb_node node; /* (runqueue lock) in the queue by vruntime */
	bool queued;         /* (runqueue lock) */
	u64 vruntime;        /* weighted ns run */
	u64 exec_start;      /* ktime when it was put on the CPU */
	u64 sum_exec;        /* ns run in all */
	u32 weight;          /* of the share of CPU time: 1024 at nice 0 */
	s8 nice;
};

#define PF_KTHREAD    0x1u
#define PF_EXITING    0x2u
#define PF_FORKNOEXEC 0x4u
#define PF_MEMALLOC   0x8u

struct task_struct {
	/* what the entry code looks at */
	unsigned work_pending; /* atomic: WORK_ bits; nonzero: exit_to_user_work() */
	unsigned state;        /* atomic: enum task_state */
	u32 pf;                /* PF_ flags; the task itself */
	int exit_code;         /* wait status; set before it becomes a zombie */
	struct arch_thread thread;
	void *stack;          /* kernel stack's lowest address */
	struct mm_struct *mm; /* NULL: kernel thread (task_lock to change) */
	struct mm_struct *active_mm;

	pid_t pid, tgid;
	char comm[TASK_COMM_LEN]; /* (task_lock) */
	spinlock_t alloc_lock;    /* task_lock: mm, files, fs, comm, vfork_done seen from others */

	/* Who belongs to whom (kernel/family.h) */
	struct task_struct *real_parent, *group_leader; /* (all families) */
	struct list_head children;    /* (family) processes, by `sibling`; of leaders only */
	struct list_head sibling;     /* (parent's family) */
	struct list_head thread_node; /* (family) in signal->threads */
	struct task_struct *pid_next; /* (the number's family; readers: epoch) hash chain */
	struct wait_queue_head
		*vfork_done; /* (task_lock) a vfork child's until it execs or exits */
	int exit_signal;     /* to the parent; -1 for threads */
	bool released;       /* (family) out of the tables: reaped */

	struct files_struct *files; /* fs/'s, by task_part_ops */
	struct fs_struct *fs;
	struct cred cred;

	struct signal_struct *signal;   /* of the process */
	struct sighand_struct *sighand; /* handlers, shared by CLONE_SIGHAND */
	u64 blocked;                    /* (sighand lock to change) mask of signals */
	u64 sigwait;       /* (sighand lock) rt_sigtimedwait() takes these though blocked */
	u64 saved_sigmask; /* sigsuspend, ppoll: put back after the handler's frame */
	bool restore_sigmask;
	struct sigpending pending;      /* (sighand lock) thread-directed */
	unsigned long sas_sp, sas_size; /* sigaltstack */
	unsigned sas_flags;

	struct sched_entity se;
	unsigned cpu; /* (runqueue lock) where it runs or ran */
	u64 cpus_allowed;
	unsigned on_cpu;  /* atomic: some CPU still uses its stack */
	u64 utime, stime; /* ns; by the tick: the ratio of se.sum_exec that is each */
	u64 start_time;   /* ktime ns */
	unsigned long min_flt, maj_flt, nvcsw, nivcsw;
	struct io_counts io;

	int __user *set_child_tid, *clear_child_tid;
	void __user *robust_list;
	size_t robust_list_len;
	struct { /* restart_syscall(2) */
		long (*fn)(struct task_struct *task);
		u64 deadline;
		void __user *user;
		unsigned long arg[3];
		bool narrow_time; /* `user` has seconds of 32 bits */
	} restart;
	int parent_death_signal;   /* prctl: sent to this task when its parent ends; 0: none */
	u8 policy;                 /* SCHED_NORMAL, BATCH, IDLE: remembered, no more */
	u32 personality;           /* of personality(2) */
	unsigned long timer_slack; /* prctl: only remembered */
	unsigned long oom_address; /* where a fault last found no memory, and how often */
	unsigned oom_tries;
	int oom_score_adj;     /* of the process; leader's counts */
	int oom_score_adj_min; /* ... how far anybody may lower it; leader's */
	unsigned fail_nth;     /* debug: allocations until one fails */
	atomic_t usage;        /* references to the struct; 0: freed by epoch */
	struct epoch_head epoch;
#ifdef PAGODA_DEBUG
	struct held_locks held_locks; /* task_held_locks() hands it out */
#endif
};

#define WORK_RESCHED 0x1u /* the tick or a wake-up asks for schedule() */
#define WORK_SIGNAL  0x2u /* a signal waits that is not blocked, or WORK_STOP */
#define WORK_SIGMASK 0x4u /* restore_sigmask: put it back */
#define WORK_STOP    0x8u /* take part in the stop of the process */

struct signal_struct {                    /* a process */
	atomic_t count;                   /* tasks that refer to it */
	struct list_head threads;         /* (family, sighand lock) zombie leader included */
	int live;                         /* (sighand lock) threads not exiting */
	struct sigpending shared_pending; /* (sighand lock) */
	atomic_t queued;                  /* signals queued for the process: RLIMIT_SIGPENDING */
	pid_t pgrp, session;              /* (all families) */
	struct tty_struct *tty;           /* (all families) controlling terminal */
	bool leader;                      /* (all families) of its session */
	bool names_group;                 /* (all families) its pid has named a group or session */
	bool unkillable;                  /* init: no signal with a default action reaches it */
	bool group_exit;                  /* (sighand lock) exit_group or a fatal signal */
	int group_exit_code;              /* (sighand lock) wait status of all of it */
	struct task_struct
		*group_exec; /* (sighand lock) the thread that execs: waits for the others */
	int stop_count;      /* (sighand lock) threads yet to stop; group stop in progress */
	unsigned stop_flags; /* (sighand lock) SIGNAL_ flags */
	int stop_code;       /* (sighand lock) the signal that stopped it */
	struct wait_queue_head wait_child;  /* the process waits for children here */
	struct rlimit64 rlim[RLIM_NLIMITS]; /* bytes etc.; 64-bit values are read without a lock */
	u64 utime, stime, sum_exec, cutime, cstime; /* (family) ns, of the dead */
	unsigned long min_flt, maj_flt, cmin_flt, cmaj_flt, nvcsw, nivcsw, cnvcsw, cnivcsw;
	struct io_counts io;           /* (family) of the dead */
	unsigned long maxrss, cmaxrss; /* KiB */
	struct itimer *itimer;         /* setitimer, alarm: made at first use (kernel/itimer.c) */
	bool is_child_subreaper;
	/* Its memory is nobody else's business: it gave up rights, or asked (PR_SET_DUMPABLE). */
	bool undumpable;
};

#define SIGNAL_STOPPED     0x1u /* all threads have stopped */
#define SIGNAL_STOP_NEWS   0x2u /* ... and no wait4() has taken it yet */
#define SIGNAL_CONT_NEWS   0x4u /* went on; no wait4() has taken it yet */
#define SIGNAL_CONT_NOTIFY 0x8u /* the parent is still to be told that it went on */

extern struct task_struct init_task; /* pid 0, idle of the boot CPU */

static inline void task_lock(struct task_struct *t)
{
	spin_lock(&t->alloc_lock);
}
static inline void task_unlock(struct task_struct *t)
{
	spin_unlock(&t->alloc_lock);
}
/* Under its family's lock or in an epoch; take a reference to keep it. NULL: none such. */
struct task_struct *find_task(pid_t pid);
/* The next process after pid `after` in order of pid, with a reference; NULL at the end. */
struct task_struct *next_process(pid_t after);
void get_task(struct task_struct *t);
void put_task(struct task_struct *t);
/* As find_task(), with a reference. */
struct task_struct *find_get_task(pid_t pid);
/* The space of another task, with a user count; NULL for kernel threads and the dead. */
struct mm_struct *get_task_mm(struct task_struct *t);
bool capable(int cap); /* CAP_ of the UAPI; the current task's effective set */
static inline unsigned long rlimit(unsigned resource)
{
	return current->signal->rlim[resource].rlim_cur;
}
void set_task_comm(struct task_struct *t, const char *comm);
unsigned nr_threads(void);
pid_t last_pid(void);                              /* the number given out last */
char task_state_char(const struct task_struct *t); /* R S D T Z X as ps shows it */
/* User and system time of one task, of all threads of a process (the dead ones too), in ns. */
void task_cputime(struct task_struct *t, u64 *user, u64 *system);
void process_cputime(struct task_struct *t, u64 *user, u64 *system); /* family */
/* Did the task exit (its mm is gone)? */
static inline bool task_is_dead(const struct task_struct *t)
{
	return READ_ONCE(t->state) & (TASK_ZOMBIE | TASK_DEAD);
}
static inline struct task_struct *task_parent(const struct task_struct *t)
{
	return READ_ONCE(t->real_parent);
}
#define for_each_thread(t, p) list_for_each_entry (t, &(p)->signal->threads, thread_node)

/* What upper floors hang on tasks: descriptors, the working directory. Registered once. */
struct task_part_ops {
	int (*fork)(struct task_struct *child, unsigned long clone_flags); /* 0 or -errno */
	void (*exit)(struct task_struct *task);                            /* may sleep */
	void (*exec)(struct task_struct *task); /* close-on-exec, unshare */
};
void register_task_parts(const struct task_part_ops *ops);

/* exec, once the file is open and #! resolved (fs/exec.c). `argv` etc. are lists of kernel strings. */
struct exec_strings {
	unsigned argc, envc;
	char *bytes; /* argv strings then envp strings, each with NUL, argc+envc of them; vmalloc'ed */
	size_t used;
};
struct exec_file { /* an opened file as the loader sees it */
	struct file *file;
	struct map_source source;
	const char *path; /* as given to execve: AT_EXECFN */
};
/*
 * Replace the current program by the ELF image. Before the point of no return errors come
 * back (ENOEXEC, ENOMEM, E2BIG...); after it the task is killed. `open_interp` opens PT_INTERP.
 */
int exec_elf(const struct exec_file *image, const struct exec_strings *strings,
	     int (*open_interp)(const char *path, struct exec_file *interp),
	     void (*close_interp)(struct exec_file *interp));

void __noreturn do_exit(int code); /* code as wait sees it */
void __noreturn do_group_exit(int code);
/*
 * What pid 1 does when all initcalls are done: fs/exec.c opens the console and executes the
 * init program. 0: the task goes to user mode. -errno: there is none.
 */
int run_init(void);
/* Time of day: nanoseconds since 1970. */
u64 realtime_ns(void);
