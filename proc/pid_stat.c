/*
 * /proc/PID/stat, statm and status (proc(5)).
 */
#include "proc/proc.h"

#include "drivers/tty.h"
#include "fs/files.h"
#include "kernel/family.h"
#include "kernel/sched.h"
#include "lib/string.h"

#define KB(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))

static unsigned long long ticks(u64 ns)
{
	return ns / (1000000000 / USER_HZ);
}

/* What is gathered under the locks that guard it, before any text is made. */
struct facts {
	pid_t ppid, pgrp, session, tpgid;
	u32 tty_dev;
	unsigned threads;
	u64 pending, shared_pending, blocked, ignored, caught;
	unsigned long rlim_rss, queued, rlim_queued;
	u64 utime, stime, cutime, cstime;
	unsigned long min_flt, maj_flt, cmin_flt, cmaj_flt, nvcsw, nivcsw;
};

static void gather_signals(struct task_struct *task, struct facts *f)
{
	struct sighand_struct *sighand = task->sighand;

	if (!sighand)
		return;
	spin_lock(&sighand->lock);
	f->pending = task->pending.set;
	f->shared_pending = task->signal->shared_pending.set;
	f->blocked = task->blocked;
	for (int i = 0; i < NSIG_ALL; i++) {
		if (sighand->action[i].handler == (void __user *)SIG_IGN)
			f->ignored |= SIGMASK(i + 1);
		else if (sighand->action[i].handler != (void __user *)SIG_DFL)
			f->caught |= SIGMASK(i + 1);
	}
	spin_unlock(&sighand->lock);
}

/* `whole`: sums over the process's threads; else of the one task. */
static void gather(struct task_struct *task, struct facts *f, bool whole)
{
	struct signal_struct *signal;
	struct task_struct *t;

	memset(f, 0, sizeof(*f));
	f->tpgid = -1;
	lock_families(family_of(task));
	if (!task->released) {
		signal = task->signal;
		f->ppid =
			task->group_leader->real_parent ? task->group_leader->real_parent->tgid : 0;
		f->pgrp = signal->pgrp;
		f->session = signal->session;
		if (signal->tty) {
			f->tty_dev = signal->tty->dev;
			f->tpgid = signal->tty->pgrp;
		}
		f->rlim_rss = signal->rlim[RLIMIT_RSS].rlim_cur;
		f->rlim_queued = signal->rlim[RLIMIT_SIGPENDING].rlim_cur;
		f->queued = (unsigned long)atomic_read(&signal->queued);
		f->cutime = signal->cutime;
		f->cstime = signal->cstime;
		f->cmin_flt = signal->cmin_flt;
		f->cmaj_flt = signal->cmaj_flt;
		if (whole) {
			f->utime = signal->utime;
			f->stime = signal->stime;
			f->min_flt = signal->min_flt;
			f->maj_flt = signal->maj_flt;
		}
		list_for_each_entry (t, &signal->threads, thread_node) {
			f->threads++;
			if (!whole && t != task)
				continue;
			f->utime += t->utime;
			f->stime += t->stime;
			f->min_flt += t->min_flt;
			f->maj_flt += t->maj_flt;
		}
		gather_signals(task, f);
	}
	unlock_families(family_of(task));
	f->nvcsw = task->nvcsw;
	f->nivcsw = task->nivcsw;
}

int pid_show_stat(struct seq_file *m, struct task_struct *task)
{
	bool inspect = may_inspect(task);
	struct mm_struct *mm = get_task_mm(task);
	struct facts f;

	gather(task, &f, pid_whole_process(m));
	seq_printf(m, "%d (%s) %c %d %d %d %u %d %u", task->pid, task->comm, task_state_char(task),
		   f.ppid, f.pgrp, f.session, (MINOR(f.tty_dev) & 0xff) | MAJOR(f.tty_dev) << 8,
		   f.tpgid,
		   (task->pf & PF_KTHREAD ? 0x200000 : 0x400000) |
			   (task->pf & PF_FORKNOEXEC ? 0x40 : 0));
	seq_printf(m, " %lu %lu %lu %lu %llu %llu %llu %llu", f.min_flt, f.cmin_flt, f.maj_flt,
		   f.cmaj_flt, ticks(f.utime), ticks(f.stime), ticks(f.cutime), ticks(f.cstime));
	seq_printf(m, " %d %d %u 0 %llu %lu %lu %lu", 20 + task->se.nice, task->se.nice, f.threads,
		   ticks(task->start_time), mm ? mm->total_vm << PAGE_SHIFT : 0,
		   mm ? mm_rss(mm) : 0, f.rlim_rss);
	seq_printf(m, " %lu %lu %lu 0 0", mm ? (inspect ? mm->start_code : 1) : 0,
		   mm ? (inspect ? mm->end_code : 1) : 0, mm && inspect ? mm->start_stack : 0);
	seq_printf(m, " %llu %llu %llu %llu", (unsigned long long)(f.pending & 0x7fffffff),
		   (unsigned long long)(f.blocked & 0x7fffffff),
		   (unsigned long long)(f.ignored & 0x7fffffff),
		   (unsigned long long)(f.caught & 0x7fffffff));
	seq_printf(m, " %d 0 0 %d %u 0 0 0 0 0", task_state_char(task) == 'R' ? 0 : 1,
		   task->exit_signal, task->cpu);
	if (mm && inspect)
		seq_printf(m, " %lu %lu %lu %lu %lu %lu %lu", mm->start_data, mm->end_data,
			   mm->start_brk, mm->arg_start, mm->arg_end, mm->env_start, mm->env_end);
	else
		seq_puts(m, " 0 0 0 0 0 0 0");
	seq_printf(m, " %d\n", inspect && task->state == TASK_ZOMBIE ? task->exit_code : 0);
	if (mm)
		mmput(mm);
	return 0;
}

int pid_show_statm(struct seq_file *m, struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);

	if (!mm) {
		seq_puts(m, "0 0 0 0 0 0 0\n");
		return 0;
	}
	seq_printf(m, "%lu %lu %lu %lu 0 %lu 0\n", mm->total_vm, mm_rss(mm),
		   (unsigned long)(mm_counter(mm, MM_FILEPAGES) + mm_counter(mm, MM_SHMEMPAGES)),
		   (ALIGN_UP(mm->end_code, PAGE_SIZE) - ALIGN_DOWN(mm->start_code, PAGE_SIZE)) >>
			   PAGE_SHIFT,
		   mm->data_vm + mm->stack_vm);
	mmput(mm);
	return 0;
}

static void kb_line(struct seq_file *m, const char *name, unsigned long pages)
{
	seq_printf(m, "%s:\t%8lu kB\n", name, KB(pages));
}

static void show_memory(struct seq_file *m, struct mm_struct *mm)
{
	unsigned long rss = mm_rss(mm);
	unsigned long text =
		(ALIGN_UP(mm->end_code, PAGE_SIZE) - ALIGN_DOWN(mm->start_code, PAGE_SIZE)) >>
		PAGE_SHIFT;

	text = min(text, mm->exec_vm);
	kb_line(m, "VmPeak", max(mm->hiwater_vm, mm->total_vm));
	kb_line(m, "VmSize", mm->total_vm);
	kb_line(m, "VmLck", mm->locked_vm);
	kb_line(m, "VmPin", mm->pinned_vm);
	kb_line(m, "VmHWM", max(mm->hiwater_rss, rss));
	kb_line(m, "VmRSS", rss);
	kb_line(m, "RssAnon", mm_counter(mm, MM_ANONPAGES));
	kb_line(m, "RssFile", mm_counter(mm, MM_FILEPAGES));
	kb_line(m, "RssShmem", mm_counter(mm, MM_SHMEMPAGES));
	kb_line(m, "VmData", mm->data_vm);
	kb_line(m, "VmStk", mm->stack_vm);
	kb_line(m, "VmExe", text);
	kb_line(m, "VmLib", mm->exec_vm - text);
	seq_printf(m, "VmPTE:\t%8lu kB\n", (unsigned long)atomic_read(&mm->pgtables_bytes) >> 10);
	kb_line(m, "VmSwap", mm_counter(mm, MM_SWAPENTS));
	seq_puts(m, "HugetlbPages:\t       0 kB\nCoreDumping:\t0\nTHP_enabled:\t0\n");
}

static const char *state_name(char state)
{
	switch (state) {
	case 'R': return "R (running)";
	case 'S': return "S (sleeping)";
	case 'D': return "D (disk sleep)";
	case 'T': return "T (stopped)";
	case 'Z': return "Z (zombie)";
	case 'I': return "I (idle)";
	default: return "X (dead)";
	}
}

/* Bits as hexadecimal words of 32, the highest first, and as a list of ranges. */
static void show_mask(struct seq_file *m, const char *name, u64 mask, unsigned bits)
{
	unsigned first;
	bool any = false;

	seq_printf(m, "%s:\t", name);
	if (bits <= 32)
		seq_printf(m, "%llx\n", (unsigned long long)mask);
	else
		for (unsigned word = bits / 32; word; word--)
			seq_printf(m, "%08x%c", word > 2 ? 0 : (u32)(mask >> 32 * (word - 1)),
				   word == 1 ? '\n' : ',');
	seq_printf(m, "%s_list:\t", name);
	for (unsigned i = 0; i < 64; i++) {
		if (!(mask >> i & 1))
			continue;
		for (first = i; i < 63 && mask >> (i + 1) & 1; i++)
			;
		seq_printf(m, any ? ",%u" : "%u", first);
		if (i > first)
			seq_printf(m, "-%u", i);
		any = true;
	}
	seq_putc(m, '\n');
}

static void show_ids(struct seq_file *m, const struct cred *c)
{
	seq_printf(m, "Uid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid, c->fsuid);
	seq_printf(m, "Gid:\t%u\t%u\t%u\t%u\n", c->gid, c->egid, c->sgid, c->fsgid);
}

int pid_show_status(struct seq_file *m, struct task_struct *task)
{
	const struct cred *c = &task->cred;
	struct mm_struct *mm = get_task_mm(task);
	struct facts f;

	gather(task, &f, false);
	seq_printf(m, "Name:\t%s\n", task->comm);
	if (!(task->pf & PF_KTHREAD))
		seq_printf(m, "Umask:\t%04o\n", task_umask(task));
	seq_printf(m, "State:\t%s\n", state_name(task_state_char(task)));
	seq_printf(m, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", task->tgid,
		   task->pid, f.ppid);
	show_ids(m, c);
	seq_printf(m, "FDSize:\t%u\nGroups:\t", task_fd_size(task));
	for (unsigned i = 0; i < c->ngroups; i++)
		seq_printf(m, "%u ", c->groups[i]);
	if (!c->ngroups)
		seq_putc(m, ' ');
	seq_printf(m, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", task->tgid, task->pid,
		   f.pgrp, f.session);
	if (mm) {
		show_memory(m, mm);
		mmput(mm);
	}
	seq_printf(m, "Threads:\t%u\nSigQ:\t%lu/%lu\n", f.threads, f.queued, f.rlim_queued);
	seq_printf(m, "SigPnd:\t%016llx\nShdPnd:\t%016llx\n", (unsigned long long)f.pending,
		   (unsigned long long)f.shared_pending);
	seq_printf(m, "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
		   (unsigned long long)f.blocked, (unsigned long long)f.ignored,
		   (unsigned long long)f.caught);
	seq_printf(m, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\n",
		   (unsigned long long)c->cap_inheritable, (unsigned long long)c->cap_permitted,
		   (unsigned long long)c->cap_effective);
	seq_printf(m, "CapBnd:\t%016llx\nCapAmb:\t%016llx\n", (unsigned long long)c->cap_bounding,
		   (unsigned long long)c->cap_ambient);
	seq_printf(m, "NoNewPrivs:\t%u\nSeccomp:\t0\nSeccomp_filters:\t0\n", c->no_new_privs);
	seq_puts(m, "Speculation_Store_Bypass:\tunknown\nSpeculationIndirectBranch:\tunknown\n");
	show_mask(m, "Cpus_allowed", task->cpus_allowed & cpu_online_mask, 32);
	show_mask(m, "Mems_allowed", (1ULL << nr_nodes) - 1, 1024);
	seq_printf(m, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n", f.nvcsw,
		   f.nivcsw);
	return 0;
}
