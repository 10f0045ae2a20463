/*
 * dup and fcntl, ioctl's dispatch, advisory locks.
 *
 * Advisory record locks (fcntl F_SETLK) and flock are not kept: no two programs
 * here rely on each other's.  They answer ENOLCK, as documented in docs/caveats.md.
 */
#include "fs/files.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include <asm/ioctls.h>
#include <linux/fcntl.h>

SYSCALL1(dup, unsigned, fd)
{
	struct file *file = fget(fd);

	return file ? fd_install_from(file, 0, false) : -EBADF;
}

static long dup_to(int from, int to, bool cloexec)
{
	struct file *file = fget(from);

	return file ? fd_install_at(file, to, cloexec) : -EBADF;
}

SYSCALL2(dup2, int, from, int, to)
{
	if (from == to) {
		int known = fd_get_cloexec(from);

		return known < 0 ? known : to;
	}
	return dup_to(from, to, false);
}

SYSCALL3(dup3, int, from, int, to, int, flags)
{
	if ((flags & ~O_CLOEXEC) || from == to)
		return -EINVAL;
	return dup_to(from, to, flags & O_CLOEXEC);
}

SYSCALL3(fcntl, int, fd, unsigned, cmd, unsigned long, arg)
{
	const u32 settable = O_APPEND | O_NONBLOCK | O_NOATIME | O_DIRECT;
	struct file *file = fget(fd);
	long result = 0;

	if (!file)
		return -EBADF;
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if (arg >= rlimit(RLIMIT_NOFILE)) {
			result = -EINVAL;
			break;
		}
		return fd_install_from(file, arg, cmd == F_DUPFD_CLOEXEC);
	case F_GETFD: result = fd_get_cloexec(fd); break;
	case F_SETFD: result = fd_set_cloexec(fd, arg & FD_CLOEXEC); break;
	case F_GETFL: result = file->flags & ~O_CLOEXEC; break;
	case F_SETFL: WRITE_ONCE(file->flags, (file->flags & ~settable) | (arg & settable)); break;
	case F_SETLK:
	case F_SETLKW:
	case F_GETLK:
#ifdef F_SETLK64 /* the same with offsets of 64 bits, where a word has 32 */
	case F_SETLK64:
	case F_SETLKW64:
	case F_GETLK64:
#endif
		result = -ENOLCK;
		break;
	case F_ADD_SEALS:
		if (!(file->mode & FMODE_WRITE)) {
			result = -EPERM;
			break;
		}
		fallthrough;
	default: result = file->ops->fcntl ? file->ops->fcntl(file, cmd, arg) : -EINVAL;
	}
	fput(file);
	return result;
}

SYSCALL2(flock, int, fd, unsigned, operation)
{
	struct file *file = fget(fd);

	if (!file)
		return -EBADF;
	fput(file);
	return -ENOLCK;
}

SYSCALL3(ioctl, int, fd, unsigned, cmd, unsigned long, arg)
{
	struct file *file = fget(fd);
	long result = 0;
	int on;

	if (!file)
		return -EBADF;
	switch (cmd) {
	case FIOCLEX: result = fd_set_cloexec(fd, true); break;
	case FIONCLEX: result = fd_set_cloexec(fd, false); break;
	case FIONBIO:
		if (get_user(on, (int __user *)arg))
			result = -EFAULT;
		else
			WRITE_ONCE(file->flags,
				   on ? file->flags | O_NONBLOCK : file->flags & ~O_NONBLOCK);
		break;
	default:
		result = file->ops->ioctl ? file->ops->ioctl(file, cmd, arg) : -ENOTTY;
		if (result == -ENOIOCTLCMD)
			result = -ENOTTY;
	}
	fput(file);
	return result;
}

SYSCALL6(fadvise64, int, fd, unsigned long, b, unsigned long, c, unsigned long, d, unsigned long, e,
	 unsigned long, f)
{
	const s64 len = CALL_NEXT_S64(c, d, e);
	const int advice = (int)(sizeof(long) == 8 ? d : f);
	struct file *file = fget(fd);
	long result;

	if (!file)
		return -EBADF;
	result = (file->inode->mode & S_IFMT) == S_IFIFO ? -ESPIPE
		 : len < 0 || advice < 0 || advice > 5   ? -EINVAL
							 : 0;
	fput(file);
	return result;
}
