/*
 * The older forms of stat(2), for programs that were linked before 2000: the oldest with device numbers of
 * 16 bits and whole seconds, the next with sizes of 32 bits. What does not fit is
 * EOVERFLOW, but for IDs, which read as 65534, and the oldest form's device numbers, which lose bits.
 */
#include "fs/files.h"
#include "kernel/syscall.h"
#include "lib/errno.h"
#include <asm/stat.h>
#include <linux/fcntl.h>

#define OVERFLOW_ID 65534
#define MAX_SIZE    0x7fffffff

static u16 short_id(unsigned long id)
{
	return id > 0xffff ? OVERFLOW_ID : (u16)id;
}

/* Linux's first device numbers: 8 bits of major, 8 of minor. */
static u16 short_dev(u64 dev)
{
	return (u16)((dev >> 8 & 0xff) << 8 | (dev & 0xff));
}

static bool fits(const struct stat64 *st)
{
	return st->st_ino >> 32 == 0 && st->st_nlink <= 0xffff && st->st_size <= MAX_SIZE;
}

static long give(int err, const struct stat64 *st, struct stat __user *user)
{
	struct stat old;

	if (err)
		return err;
	if (!fits(st))
		return -EOVERFLOW;
	old = (struct stat){
		.st_dev = (unsigned long)st->st_dev,
		.st_ino = (unsigned long)st->st_ino,
		.st_mode = (u16)st->st_mode,
		.st_nlink = (u16)st->st_nlink,
		.st_uid = short_id(st->st_uid),
		.st_gid = short_id(st->st_gid),
		.st_rdev = (unsigned long)st->st_rdev,
		.st_size = (unsigned long)st->st_size,
		.st_blksize = st->st_blksize,
		.st_blocks = (unsigned long)st->st_blocks,
		.st_atime = st->st_atime,
		.st_atime_nsec = st->st_atime_nsec,
		.st_mtime = st->st_mtime,
		.st_mtime_nsec = st->st_mtime_nsec,
		.st_ctime = st->st_ctime,
		.st_ctime_nsec = st->st_ctime_nsec,
	};
	return copy_to_user(user, &old, sizeof(old)) ? -EFAULT : 0;
}

static long give_oldest(int err, const struct stat64 *st, struct __old_kernel_stat __user *user)
{
	struct __old_kernel_stat old;

	if (err)
		return err;
	if (!fits(st) || st->st_ino > 0xffff)
		return -EOVERFLOW;
	old = (struct __old_kernel_stat){
		.st_dev = short_dev(st->st_dev),
		.st_ino = (u16)st->st_ino,
		.st_mode = (u16)st->st_mode,
		.st_nlink = (u16)st->st_nlink,
		.st_uid = short_id(st->st_uid),
		.st_gid = short_id(st->st_gid),
		.st_rdev = short_dev(st->st_rdev),
		.st_size = (unsigned long)st->st_size,
		.st_atime = st->st_atime,
		.st_mtime = st->st_mtime,
		.st_ctime = st->st_ctime,
	};
	return copy_to_user(user, &old, sizeof(old)) ? -EFAULT : 0;
}

SYSCALL2(stat32, const char __user *, name, struct stat __user *, user)
{
	struct stat64 st;

	return give(stat_of_name(AT_FDCWD, name, 0, &st), &st, user);
}

SYSCALL2(lstat32, const char __user *, name, struct stat __user *, user)
{
	struct stat64 st;

	return give(stat_of_name(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, &st), &st, user);
}

SYSCALL2(fstat32, int, fd, struct stat __user *, user)
{
	struct stat64 st;

	return give(stat_of_fd(fd, &st), &st, user);
}

SYSCALL2(stat_oldest, const char __user *, name, struct __old_kernel_stat __user *, user)
{
	struct stat64 st;

	return give_oldest(stat_of_name(AT_FDCWD, name, 0, &st), &st, user);
}

SYSCALL2(lstat_oldest, const char __user *, name, struct __old_kernel_stat __user *, user)
{
	struct stat64 st;

	return give_oldest(stat_of_name(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, &st), &st, user);
}

SYSCALL2(fstat_oldest, int, fd, struct __old_kernel_stat __user *, user)
{
	struct stat64 st;

	return give_oldest(stat_of_fd(fd, &st), &st, user);
}
