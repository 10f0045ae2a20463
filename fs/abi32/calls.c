/*
 * File calls that only 32-bit machines have: the first ones, for files below 2 GiB, and the forms
 * in which the others take offsets of 64 bits.
 */
#include "fs/files.h"
#include "kernel/syscall.h"
#include <asm/statfs.h>
#include <linux/limits.h>

SYSCALL2(truncate32, const char __user *, name, s64, size)
{
	return syscall_table[__NR_truncate]((unsigned long)name, size, size >> 32, 0, 0, 0);
}

SYSCALL2(ftruncate32, int, fd, s64, size)
{
	return syscall_table[__NR_ftruncate](fd, size, size >> 32, 0, 0, 0);
}

SYSCALL5(_llseek, int, fd, unsigned long, high, unsigned long, low, s64 __user *, result, unsigned,
	 whence)
{
	s64 pos = file_seek(fd, CALL_S64(low, high), whence);

	if (pos < 0)
		return pos;
	return put_user(pos, result) ? -EFAULT : 0;
}

SYSCALL5(fadvise64_32, int, fd, unsigned long, low, unsigned long, high, unsigned long, bytes, int,
	 advice)
{
	return syscall_table[__NR_fadvise64](fd, low, high, bytes, 0, advice);
}

SYSCALL3(fcntl32, int, fd, unsigned, cmd, unsigned long, arg)
{
	return syscall_table[__NR_fcntl](fd, cmd, arg, 0, 0, 0);
}

/* The offset is put where the newer call finds 64 bits of it, and fetched back. */
SYSCALL4(sendfile32, int, out_fd, int, in_fd, s32 __user *, user_offset, size_t, count)
{
	s64 offset;
	s32 low;
	long result;

	if (!user_offset)
		return send_file(out_fd, in_fd, NULL, count);
	if (get_user(low, user_offset))
		return -EFAULT;
	offset = low;
	result = send_file(out_fd, in_fd, &offset, count);
	low = (s32)offset;
	return put_user(low, user_offset) ? -EFAULT : result;
}

static long copy_statfs64(long err, const struct kstatfs *k, size_t size,
			  struct statfs64 __user *user)
{
	const struct statfs64 st = {
		.f_type = k->type,
		.f_bsize = k->bsize,
		.f_frsize = k->bsize,
		.f_blocks = k->blocks,
		.f_bfree = k->bfree,
		.f_bavail = k->bavail,
		.f_files = k->files,
		.f_ffree = k->ffree,
		.f_namelen = k->namelen,
		.f_fsid = {.val = {k->dev}},
	};

	if (size != sizeof(st))
		return -EINVAL;
	if (err)
		return err;
	return copy_to_user(user, &st, sizeof(st)) ? -EFAULT : 0;
}

SYSCALL3(statfs64, const char __user *, name, size_t, size, struct statfs64 __user *, user)
{
	struct kstatfs k;
	long err = statfs_by_name(name, &k);

	return copy_statfs64(err, &k, size, user);
}

SYSCALL3(fstatfs64, int, fd, size_t, size, struct statfs64 __user *, user)
{
	struct kstatfs k;
	long err = statfs_by_fd(fd, &k);

	return copy_statfs64(err, &k, size, user);
}
