/*
 * The files of /proc/PID.
 *
 * Who may look: what concerns a program's memory and descriptors is for those who could
 * as well trace it -- the same user, if the program is dumpable, or CAP_SYS_PTRACE.  Files about
 * memory are decided on when they are opened, and show the space that the process had then: a
 * descriptor that is handed on, or kept over an exec of something more privileged, neither
 * gains nor loses by it.  The rest asks when it is read.
 *
 * A process may die while it is looked at.  A reader holds a user count of the space while it
 * reads, so what it walks stays; a task's numbers are gathered under the locks that guard them.
 */
#include "fs/files.h"
#include "kernel/family.h"
#include "kernel/oom.h"
#include "lib/assert.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab/slab.h"
#include "proc/procfs_int.h"
#include <linux/capability.h>
#include <linux/oom.h>

bool may_inspect(struct task_struct *task)
{
	const struct cred *me = &current->cred, *its = &task->cred;

	if (task->tgid == current->tgid || capable(CAP_SYS_PTRACE))
		return true;
	return me->fsuid == its->uid && me->fsuid == its->euid && me->fsuid == its->suid &&
	       me->fsgid == its->gid && me->fsgid == its->egid && me->fsgid == its->sgid &&
	       !(its->cap_permitted & ~me->cap_effective) && task_dumpable(task);
}

bool task_dumpable(struct task_struct *task)
{
	bool dumpable;

	lock_families(family_of(task));
	dumpable = task->released || !task->signal->undumpable;
	unlock_families(family_of(task));
	return dumpable;
}

/* --- small ones --- */

static int show_comm(struct seq_file *m, struct task_struct *task)
{
	seq_printf(m, "%s\n", task->comm);
	return 0;
}

static int write_comm(char *text, size_t bytes, struct task_struct *task)
{
	char *end = strchr(text, '\n');

	if (task->tgid != current->tgid)
		return -EINVAL;
	if (end)
		*end = 0;
	set_task_comm(task, text);
	return 0;
}

static int show_wchan(struct seq_file *m, struct task_struct *task)
{
	seq_putc(m, '0'); /* not known; and if it were, it would be the kernel's own affair */
	return 0;
}

/* --- the program's own memory, as it is now --- */

static void show_memory(struct seq_file *m, struct mm_struct *mm, unsigned long at,
			unsigned long end)
{
	char buf[256];

	while (at < end && !m->overflow) {
		size_t n = access_remote_vm(mm, at, buf, min(end - at, sizeof(buf)), ACCESS_READ);

		if (!n)
			break;
		seq_write(m, buf, n);
		at += n;
	}
}

static int show_cmdline(struct seq_file *m, struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);

	if (!mm)
		return 0;
	show_memory(m, mm, mm->arg_start, mm->arg_end);
	mmput(mm);
	return 0;
}

static int show_environ(struct seq_file *m, struct task_struct *task, struct mm_struct *mm)
{
	show_memory(m, mm, mm->env_start, mm->env_end);
	return 0;
}

static int show_auxv(struct seq_file *m, struct task_struct *task, struct mm_struct *mm)
{
	unsigned n = 0;

	do
		n += 2;
	while (n < ARRAY_SIZE(mm->saved_auxv) && mm->saved_auxv[n - 2]);
	seq_write(m, mm->saved_auxv, n * sizeof(long));
	return 0;
}

/* --- out of memory --- */

/* Badness as two thirds of thousandths of memory, moved by a thousand: never below 0. */
static int show_oom_score(struct seq_file *m, struct task_struct *task)
{
	const long total = (long)oom_total_pages();
	const long badness = oom_badness(task, total);

	seq_printf(m, "%ld\n", badness == OOM_NEVER ? 0 : (1000 + badness * 1000 / total) * 2 / 3);
	return 0;
}

static int show_oom_score_adj(struct seq_file *m, struct task_struct *task)
{
	seq_printf(m, "%d\n", READ_ONCE(task->group_leader->oom_score_adj));
	return 0;
}

/* Anybody may raise it, and lower it again to what somebody with the right to set it once set. */
static int write_oom_score_adj(char *text, size_t bytes, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;
	s64 value;
	int err = proc_parse_number(text, OOM_SCORE_ADJ_MIN, OOM_SCORE_ADJ_MAX, &value);

	if (err)
		return err;
	if (value < leader->oom_score_adj_min && !capable(CAP_SYS_RESOURCE))
		return -EACCES;
	if (capable(CAP_SYS_RESOURCE))
		leader->oom_score_adj_min = (int)value;
	WRITE_ONCE(leader->oom_score_adj, (int)value);
	return 0;
}

#ifdef PAGODA_DEBUG
/*
 * fail-nth (Linux's fault-injection.rst): the n-th allocation from now fails; reads 0 once it has.
 * Neither reading nor writing allocates: the file is open while the count runs.
 */
static long read_fail_nth(struct task_struct *task, struct iov_iter *to, u64 *pos)
{
	char text[16];
	u64 length = scnprintf(text, sizeof(text), "%u\n", READ_ONCE(task->fail_nth));
	size_t n;

	if (*pos >= length)
		return 0;
	n = copy_to_iter(text + *pos, length - *pos, to);
	*pos += n;
	return n || !to->count ? (long)n : -EFAULT;
}

static int write_fail_nth(char *text, size_t bytes, struct task_struct *task)
{
	const char *end;
	unsigned long n = parse_number(text, &end);

	if (end == text || (*end && *end != '\n'))
		return -EINVAL;
	if (n > ~0u)
		return -ERANGE;
	WRITE_ONCE(task->fail_nth, n);
	return 0;
}
#endif

/* --- links --- */

static int follow_exe(struct task_struct *task, struct path *path)
{
	struct mm_struct *mm = get_task_mm(task);
	int err = -ENOENT;

	if (!mm)
		return err;
	if (mm->exe_file) {
		*path = mm->exe_file->path;
		path_get(path);
		err = 0;
	}
	mmput(mm);
	return err;
}

static int follow_one(struct task_struct *task, struct path *path, bool want_root)
{
	struct path root, pwd;

	if (!task_fs_paths(task, &root, &pwd))
		return -ENOENT;
	*path = want_root ? root : pwd;
	path_put(want_root ? &pwd : &root);
	return 0;
}

static int follow_cwd(struct task_struct *task, struct path *path)
{
	return follow_one(task, path, false);
}

static int follow_root(struct task_struct *task, struct path *path)
{
	return follow_one(task, path, true);
}

static const struct pid_file pid_files[] = {
	{"status", 0444, pid_show_status},
	{"limits", 0444, pid_show_limits},
	{"comm", 0644, show_comm, write_comm},
	{"cmdline", 0444, show_cmdline},
	{"stat", 0444, pid_show_stat},
	{"statm", 0444, pid_show_statm},
	{"maps", 0444, .show_mm = pid_show_maps},
	{"smaps", 0444, .show_mm = pid_show_smaps},
	{"smaps_rollup", 0444, .show_mm = pid_show_smaps_rollup, .leader_only = true},
	{"numa_maps", 0444, .show_mm = pid_show_numa_maps},
	{"pagemap", 0400, .read_mm = pid_read_pagemap},
	{"page_tables", 0400, .show_mm = pid_show_page_tables},
	{"mem", 0600, .read_mm = pid_read_mem, .write_mm = pid_write_mem},
	{"environ", 0400, .show_mm = show_environ},
	{"auxv", 0400, .show_mm = show_auxv},
	{"wchan", 0444, show_wchan},
	{"oom_score", 0444, show_oom_score},
	{"oom_score_adj", 0644, show_oom_score_adj, write_oom_score_adj},
#ifdef PAGODA_DEBUG
	{"fail-nth", 0644, .read = read_fail_nth, .write = write_fail_nth},
#endif
	{"io", 0400, pid_show_io},
	{"mounts", 0444, pid_show_mounts},
	{"mountinfo", 0444, pid_show_mountinfo},
	{"exe", 0777, .follow = follow_exe},
	{"cwd", 0777, .follow = follow_cwd},
	{"root", 0777, .follow = follow_root},
};

/* Files that only some machines have; constant after boot. */
static const struct pid_file *added[2];

void pid_file_add(const struct pid_file *file)
{
	unsigned n = 0;

	while (added[n])
		n++;
	BUG_ON(n == ARRAY_SIZE(added));
	added[n] = file;
}

const struct pid_file *pid_file_nth(unsigned n)
{
	if (n < ARRAY_SIZE(pid_files))
		return &pid_files[n];
	n -= ARRAY_SIZE(pid_files);
	return n < ARRAY_SIZE(added) ? added[n] : NULL;
}

/* --- reading and writing --- */

struct pid_view {             /* an open file about memory; constant while it is open */
	struct pid_inode *pi; /* the open file holds the inode */
	struct mm_struct *mm; /* a count of the struct; NULL: the task has no memory of its own */
	bool see_frames;
};

static int show_pid_file(struct seq_file *m, void *private)
{
	struct pid_inode *pi = private;

	if (READ_ONCE(pi->task->released))
		return -ESRCH;
	return pi->file->show(m, pi->task);
}

/* Only for files whose show() is given the inode's own private pointer, as above. */
bool pid_whole_process(const struct seq_file *m)
{
	const struct pid_inode *pi = m->private;

	return !pi->thread;
}

static int show_view(struct seq_file *m, void *private)
{
	struct pid_view *view = private;
	int err;

	/* Gone by exec or exit: there is nothing to see, which is no error. */
	if (!view->mm || !mmget_not_zero(view->mm))
		return 0;
	err = view->pi->file->show_mm(m, view->pi->task, view->mm);
	mmput(view->mm);
	return err;
}

static void drop_view(struct pid_view *view)
{
	if (view->mm)
		mmdrop(view->mm);
	kfree(view);
}

static int open_view(struct pid_inode *pi, struct file *file)
{
	struct pid_view *view;
	struct mm_struct *mm;
	int err = 0;

	if (!may_inspect(pi->task))
		return -EACCES;
	view = kmalloc(sizeof(*view), GFP_KERNEL);
	if (!view)
		return -ENOMEM;
	mm = get_task_mm(pi->task);
	if (mm) {
		mmgrab(mm);
		mmput(mm);
	}
	*view = (struct pid_view){.pi = pi, .mm = mm, .see_frames = capable(CAP_SYS_ADMIN)};
	if (pi->file->show_mm) {
		err = seq_open(file, show_view, view);
	} else {
		file->mode |= FMODE_SEEK;
		file->private = view;
	}
	if (err)
		drop_view(view);
	return err;
}

static int file_open(struct inode *inode, struct file *file)
{
	struct pid_inode *pi = inode->private;

	if (READ_ONCE(pi->task->released))
		return -ESRCH;
	if (pi->file->show_mm || pi->file->read_mm)
		return open_view(pi, file);
	if (pi->file->read)
		return 0;
	return seq_open(file, show_pid_file, pi);
}

static long read_view(struct pid_view *view, struct iov_iter *to, u64 *pos)
{
	long done;

	if (!view->mm || !mmget_not_zero(view->mm))
		return 0;
	done = view->pi->file->read_mm(view->mm, view->see_frames, to, pos);
	mmput(view->mm);
	return done;
}

static long write_view(struct pid_view *view, struct iov_iter *from, u64 *pos)
{
	long done;

	if (!view->mm || !mmget_not_zero(view->mm))
		return 0;
	done = view->pi->file->write_mm(view->mm, from, pos);
	mmput(view->mm);
	return done;
}

static long file_read(struct file *file, struct iov_iter *to, u64 *pos)
{
	struct pid_inode *pi = file->inode->private;

	if (pi->file->read)
		return READ_ONCE(pi->task->released) ? -ESRCH : pi->file->read(pi->task, to, pos);
	return pi->file->read_mm ? read_view(file->private, to, pos) : seq_read(file, to, pos);
}

static void file_release(struct inode *inode, struct file *file)
{
	struct pid_inode *pi = inode->private;

	if (pi->file->show_mm)
		drop_view(seq_private(file));
	if (pi->file->read_mm)
		drop_view(file->private);
	else if (!pi->file->read)
		seq_release(inode, file);
}

static long file_write(struct file *file, struct iov_iter *from, u64 *pos)
{
	struct pid_inode *pi = file->inode->private;
	size_t bytes = from->count;
	char small[32] = "", *text = small;
	int err;

	if (pi->file->write_mm)
		return write_view(file->private, from, pos);
	if (!pi->file->write)
		return -EINVAL;
	if (bytes >= sizeof(small))
		text = proc_take_text(from);
	else if (copy_from_iter(small, bytes, from) != bytes)
		return -EFAULT;
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = READ_ONCE(pi->task->released) ? -ESRCH : pi->file->write(text, bytes, pi->task);
	if (text != small)
		kfree(text);
	return err ? err : (long)bytes;
}

const struct file_operations pid_file_fops = {
	.open = file_open,
	.read = file_read,
	.write = file_write,
	.llseek = seq_llseek,
	.release = file_release,
};
