/*
 * /proc/PID/limits, io, mounts and mountinfo.
 */
#include "kernel/family.h"
#include "proc/proc.h"

#include "lib/string.h"
#include <linux/mount.h>

int pid_show_limits(struct seq_file *m, struct task_struct *task)
{
	static const struct {
		const char *name, *unit;
	} limits[RLIM_NLIMITS] = {
		[RLIMIT_CPU] = {"Max cpu time", "seconds"},
		[RLIMIT_FSIZE] = {"Max file size", "bytes"},
		[RLIMIT_DATA] = {"Max data size", "bytes"},
		[RLIMIT_STACK] = {"Max stack size", "bytes"},
		[RLIMIT_CORE] = {"Max core file size", "bytes"},
		[RLIMIT_RSS] = {"Max resident set", "bytes"},
		[RLIMIT_NPROC] = {"Max processes", "processes"},
		[RLIMIT_NOFILE] = {"Max open files", "files"},
		[RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
		[RLIMIT_AS] = {"Max address space", "bytes"},
		[RLIMIT_LOCKS] = {"Max file locks", "locks"},
		[RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
		[RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
		[RLIMIT_NICE] = {"Max nice priority", ""},
		[RLIMIT_RTPRIO] = {"Max realtime priority", ""},
		[RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
	};
	struct rlimit64 limit[RLIM_NLIMITS];

	/* The process may be reaped, and what it had gone with it. */
	lock_families(family_of(task));
	if (!task->released)
		memcpy(limit, task->signal->rlim, sizeof(limit));
	bool gone = task->released;

	unlock_families(family_of(task));
	if (gone)
		return -ESRCH;
	seq_printf(m, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		const struct rlimit64 *r = &limit[i];

		seq_printf(m, "%-25s ", limits[i].name);
		if (r->rlim_cur == RLIM64_INFINITY)
			seq_printf(m, "%-20s ", "unlimited");
		else
			seq_printf(m, "%-20llu ", (unsigned long long)r->rlim_cur);
		if (r->rlim_max == RLIM64_INFINITY)
			seq_printf(m, "%-20s ", "unlimited");
		else
			seq_printf(m, "%-20llu ", (unsigned long long)r->rlim_max);
		seq_printf(m, "%-10s\n", limits[i].unit);
	}
	return 0;
}

static void show(struct seq_file *m, const char *name, u64 n)
{
	seq_printf(m, "%s: %llu\n", name, (unsigned long long)n);
}

int pid_show_io(struct seq_file *m, struct task_struct *task)
{
	struct io_counts io = {};
	struct task_struct *t;

	if (!may_inspect(task))
		return -EACCES;
	if (pid_whole_process(m)) {
		lock_families(family_of(task));
		if (!task->released) {
			io = task->signal->io;
			for_each_thread(t, task) io_counts_add(&io, &t->io);
		}
		unlock_families(family_of(task));
	} else {
		io = task->io;
	}
	show(m, "rchar", io.rchar);
	show(m, "wchar", io.wchar);
	show(m, "syscr", io.syscr);
	show(m, "syscw", io.syscw);
	show(m, "read_bytes", io.read_bytes);
	show(m, "write_bytes", io.write_bytes);
	show(m, "cancelled_write_bytes", io.cancelled_write_bytes);
	return 0;
}

static void show_flags(struct seq_file *m, u32 flags)
{
	seq_puts(m, flags & MS_RDONLY ? "ro" : "rw");
	if (flags & MS_NOSUID)
		seq_puts(m, ",nosuid");
	if (flags & MS_NODEV)
		seq_puts(m, ",nodev");
	if (flags & MS_NOEXEC)
		seq_puts(m, ",noexec");
	if (flags & MS_SYNCHRONOUS)
		seq_puts(m, ",sync");
	if (flags & MS_NOATIME)
		seq_puts(m, ",noatime");
}

static void show_super_options(struct seq_file *m, struct super_block *sb)
{
	char options[128] = "";

	if (sb->ops && sb->ops->show_options)
		sb->ops->show_options(sb, options, sizeof(options));
	seq_puts(m, options);
}

static void mount_point(struct seq_file *m, struct mount *mnt)
{
	struct path path = {mnt, mnt->root};

	seq_path(m, &path, " \t\n\\");
}

int show_mounts(struct seq_file *m)
{
	struct mount *mnt;
	int id = 0;

	while ((mnt = next_mount(id))) {
		id = mnt->id;
		seq_printf(m, "%s ", mnt->source);
		mount_point(m, mnt);
		seq_printf(m, " %s ", mnt->sb->type->name);
		show_flags(m, mnt->flags);
		show_super_options(m, mnt->sb);
		seq_puts(m, " 0 0\n");
		mntput(mnt);
	}
	return 0;
}

int pid_show_mounts(struct seq_file *m, struct task_struct *task)
{
	return show_mounts(m);
}

int pid_show_mountinfo(struct seq_file *m, struct task_struct *task)
{
	struct mount *mnt;
	int id = 0;

	while ((mnt = next_mount(id))) {
		id = mnt->id;
		seq_printf(m, "%d %d %u:%u / ", id, mnt->parent ? mnt->parent->id : 1,
			   MAJOR(mnt->sb->dev), MINOR(mnt->sb->dev));
		mount_point(m, mnt);
		seq_putc(m, ' ');
		show_flags(m, mnt->flags);
		seq_printf(m, " - %s %s %s", mnt->sb->type->name, mnt->source,
			   mnt->sb->flags & MS_RDONLY ? "ro" : "rw");
		show_super_options(m, mnt->sb);
		seq_putc(m, '\n');
		mntput(mnt);
	}
	return 0;
}
