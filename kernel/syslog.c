/*
 * syslog(2), the old way to read the kernel log (dmesg): whole lines
 * "<level>[  secs.usecs] text".
 *
 * "Clear" only moves a mark that the reading commands start at; nothing is lost to
 * /dev/kmsg.
 */
#include "kernel/syslog.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "lib/printk.h"
#include "mm/slab/slab.h"
#include <linux/capability.h>

enum command { /* klogctl(3) */
	       CLOSE,
	       OPEN,
	       READ,
	       READ_ALL,
	       READ_CLEAR,
	       CLEAR,
	       CONSOLE_OFF,
	       CONSOLE_ON,
	       CONSOLE_LEVEL,
	       SIZE_UNREAD,
	       SIZE_BUFFER,
};

#define POLL_NS       100000000ULL
#define LOUDEST       8
#define MINIMUM_LEVEL 1
#define CHUNK         2048

int sysctl_dmesg_restrict = 1; /* as Debian has it */

static u64 clear_seq; /* 64-bit word, read and written whole: READ_ALL starts here */
static u64 read_seq;  /* READ's place: every reader takes from it */
static int saved_level = -1;

/* Copy records from *seq on while they fit into `bytes`; to NULL: only count. Bytes or -errno. */
static long copy_records(u64 *seq, char __user *to, size_t bytes)
{
	char *chunk = kmalloc(CHUNK, GFP_KERNEL);
	size_t done = 0;

	if (!chunk)
		return -ENOMEM;
	while (done < bytes) {
		u64 next = *seq;
		size_t n = log_read(&next, chunk, min(bytes - done, (size_t)CHUNK));

		if (!n)
			break;
		if (to && copy_to_user(to + done, chunk, n)) {
			kfree(chunk);
			return done ? (long)done : -EFAULT;
		}
		*seq = next;
		done += n;
		cond_resched();
	}
	kfree(chunk);
	return done;
}

/* The newest records that fit, oldest first. */
static long read_all(char __user *to, size_t bytes, bool clear)
{
	u64 seq = max(READ_ONCE(clear_seq), log_first_seq()), end = log_next_seq();
	long total = copy_records(&(u64){seq}, NULL, ~0UL), n;

	if (total < 0)
		return total;
	/* Leave out from the front, a record at a time, until the rest fits. */
	while (seq < end && total > (long)bytes) {
		char *record = kmalloc(CHUNK, GFP_KERNEL);
		u64 next = seq;

		if (!record)
			return -ENOMEM;
		for (size_t room = 64; next == seq && room <= CHUNK; room *= 2)
			total -= log_read(&next, record, room);
		kfree(record);
		if (next == seq)
			break;
		seq = next;
	}
	n = copy_records(&seq, to, bytes);
	if (clear && n >= 0)
		WRITE_ONCE(clear_seq, end);
	return n;
}

/* Wait until there is something to take. */
static long read_next(char __user *to, size_t bytes)
{
	while (READ_ONCE(read_seq) >= log_next_seq()) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_timeout(POLL_NS);
		set_current_state(TASK_RUNNING);
		if (signal_pending())
			return -ERESTARTSYS;
	}
	return copy_records(&read_seq, to, bytes);
}

static void set_console(int level)
{
	console_loglevel = level;
	saved_level = -1;
}

bool may_read_log(void)
{
	return !READ_ONCE(sysctl_dmesg_restrict) || capable(CAP_SYSLOG) || capable(CAP_SYS_ADMIN);
}

SYSCALL3(syslog, int, command, char __user *, to, int, bytes)
{
	if (command == READ_ALL || command == SIZE_BUFFER) {
		if (!may_read_log())
			return -EPERM;
	} else if (!capable(CAP_SYSLOG) && !capable(CAP_SYS_ADMIN)) {
		return -EPERM;
	}
	switch (command) {
	case CLOSE:
	case OPEN: return 0;
	case READ:
	case READ_ALL:
	case READ_CLEAR:
		if (!to || bytes < 0)
			return -EINVAL;
		if (!bytes)
			return 0;
		if (!access_ok(to, bytes))
			return -EFAULT;
		return command == READ ? read_next(to, bytes)
				       : read_all(to, bytes, command == READ_CLEAR);
	case CLEAR: WRITE_ONCE(clear_seq, log_next_seq()); return 0;
	case CONSOLE_OFF:
		if (saved_level < 0)
			saved_level = console_loglevel;
		console_loglevel = MINIMUM_LEVEL;
		return 0;
	case CONSOLE_ON:
		if (saved_level >= 0)
			set_console(saved_level);
		return 0;
	case CONSOLE_LEVEL:
		if (bytes < 1 || bytes > LOUDEST)
			return -EINVAL;
		set_console(max(bytes, MINIMUM_LEVEL));
		return 0;
	case SIZE_UNREAD: return copy_records(&(u64){READ_ONCE(read_seq)}, NULL, ~0UL);
	case SIZE_BUFFER: return LOG_BYTES;
	default: return -EINVAL;
	}
}
