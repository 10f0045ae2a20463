/*
 * The memory devices: null, zero, full, random, urandom, kmsg (major 1).
 *
 * /dev/zero mapped privately is anonymous memory; mapped shared it is a nameless
 * file of shared memory.
 */
#include "fs/files.h"
#include "kernel/initcall.h"
#include "kernel/random.h"
#include "kernel/syslog.h"
#include "kernel/task.h"
#include "lib/printf.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/uaccess.h"
#include "mm/slab/slab.h"
#include <asm/poll.h>
#include <linux/fcntl.h>

enum {
	MEM_MAJOR = 1,
	NULL_MINOR = 3,
	ZERO_MINOR = 5,
	FULL_MINOR = 7,
	RANDOM_MINOR = 8,
	URANDOM_MINOR = 9,
	KMSG_MINOR = 11
};

static long read_nothing(struct file *file, struct iov_iter *to, u64 *pos)
{
	return 0;
}

static long write_away(struct file *file, struct iov_iter *from, u64 *pos)
{
	size_t n = from->count;

	from->count = 0;
	return n;
}

static s64 seek_nowhere(struct file *file, s64 offset, int whence)
{
	return file->pos = 0;
}

static long read_zeros(struct file *file, struct iov_iter *to, u64 *pos)
{
	long done = 0;

	while (to->count) {
		size_t want = min(to->count, PAGE_SIZE), n = zero_to_iter(want, to);

		done += n;
		if (n < want)
			return done ? done : -EFAULT;
		if (signal_pending())
			return done;
		cond_resched();
	}
	return done;
}

static long write_full(struct file *file, struct iov_iter *from, u64 *pos)
{
	return -ENOSPC;
}

static int map_zero(struct file *file, struct vm_area_struct *vma)
{
	struct map_source source;
	int err;

	if (!(vma->vm_flags & VM_SHARED))
		return 0; /* no mapping, no operations: anonymous */
	err = shmem_zero_setup(vma->vm_end - vma->vm_start, vma->vm_flags & VM_NORESERVE, &source);
	if (err)
		return err;
	fput(vma->vm_file);
	vma->vm_file = source.file;
	vma->vm_mapping = source.mapping;
	return 0;
}

static long read_random(struct file *file, struct iov_iter *to, u64 *pos)
{
	u8 bytes[64];
	long done = 0;

	while (to->count) {
		size_t want = min(to->count, sizeof(bytes)), n;

		get_random_bytes(bytes, want);
		n = copy_to_iter(bytes, want, to);
		done += n;
		if (n < want)
			return done ? done : -EFAULT;
		if (signal_pending())
			break;
		cond_resched();
	}
	return done;
}

/* --- kmsg: writing logs; reading gives "level,seq,usec,-;text" record by record --- */

static int kmsg_open(struct inode *inode, struct file *file)
{
	u64 *seq;

	if ((file->mode & FMODE_READ) && !may_read_log())
		return -EPERM;
	seq = kmalloc(sizeof(*seq), GFP_KERNEL);
	if (!seq)
		return -ENOMEM;
	*seq = log_first_seq();
	file->private = seq;
	return 0;
}

static void kmsg_release(struct inode *inode, struct file *file)
{
	kfree(file->private);
}

static long kmsg_write(struct file *file, struct iov_iter *from, u64 *pos)
{
	char text[1024];
	size_t n = min(from->count, sizeof(text) - 1), all = from->count;
	const char *at = text;
	unsigned level = 4;

	n = copy_from_iter(text, n, from);
	if (!n && all)
		return -EFAULT;
	text[n] = 0;
	if (*at == '<') {
		const char *end;

		level = parse_number(at + 1, &end) & 7;
		if (*end == '>')
			at = end + 1;
	}
	while (n && text[n - 1] == '\n')
		text[--n] = 0;
	printk("<%u>%s\n", level, at);
	return all;
}

static long kmsg_read(struct file *file, struct iov_iter *to, u64 *pos)
{
	u64 *next = file->private, time_us;
	char text[512], line[600];
	unsigned level;
	int len;

	if (!log_read_record(next, text, sizeof(text), &level, &time_us))
		return file->flags & O_NONBLOCK ? -EAGAIN : 0;
	len = scnprintf(line, sizeof(line), "%u,%llu,%llu,-;%s\n", level,
			(unsigned long long)(*next - 1), (unsigned long long)time_us, text);
	if ((size_t)len > to->count)
		return -EINVAL;
	return copy_to_iter(line, len, to) == (size_t)len ? len : -EFAULT;
}

static unsigned kmsg_poll(struct file *file, struct poll_table *table)
{
	return *(u64 *)file->private < log_next_seq() ? POLLIN | POLLRDNORM : 0;
}

static const struct file_operations mem_ops[] = {
	[NULL_MINOR] = {.read = read_nothing, .write = write_away, .llseek = seek_nowhere},
	[ZERO_MINOR] = {.read = read_zeros,
			.write = write_away,
			.llseek = seek_nowhere,
			.mmap = map_zero},
	[FULL_MINOR] = {.read = read_zeros, .write = write_full, .llseek = seek_nowhere},
	[RANDOM_MINOR] = {.read = read_random, .write = write_away},
	[URANDOM_MINOR] = {.read = read_random, .write = write_away},
	[KMSG_MINOR] = {.open = kmsg_open,
			.release = kmsg_release,
			.read = kmsg_read,
			.write = kmsg_write,
			.poll = kmsg_poll},
};

static int mem_init(void)
{
	static const struct {
		u32 minor;
		const char *name;
		u32 mode;
	} devices[] = {{NULL_MINOR, "null", 0666},       {ZERO_MINOR, "zero", 0666},
		       {FULL_MINOR, "full", 0666},       {RANDOM_MINOR, "random", 0666},
		       {URANDOM_MINOR, "urandom", 0666}, {KMSG_MINOR, "kmsg", 0644}};
	int err = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(devices) && !err; i++) {
		err = register_chrdev(MEM_MAJOR, devices[i].minor, 1, &mem_ops[devices[i].minor]);
		if (!err)
			err = devtmpfs_add(devices[i].name, S_IFCHR | devices[i].mode,
					   MKDEV(MEM_MAJOR, devices[i].minor));
	}
	return err;
}
INITCALL(INIT_DEVICE, mem_init);
