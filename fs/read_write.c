/*
 * read(2), write(2) and their kin; lseek; sendfile.
 *
 * The file's position is shared by all who share the file: it is moved under
 * pos_lock.  Files that cannot seek (pipes, terminals) have none and skip it.
 */
#include "drivers/block.h"
#include "fs/files.h"
#include "kernel/iovec.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "mm/frame/frame.h"
#include "mm/lru/lru.h"
#include "mm/slab/slab.h"
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/uio.h>

/* Move bytes at *pos; the counters of /proc/PID/io. */
static __always_inline long do_read(struct file *file, struct iov_iter *to, u64 *pos)
{
	long n;

	if (!(file->mode & FMODE_READ))
		return -EBADF;
	if (!file->ops->read)
		return (file->inode->mode & S_IFMT) == S_IFDIR ? -EISDIR : -EINVAL;
	n = file->ops->read(file, to, pos);
	if (n > 0)
		current->io.rchar += n;
	current->io.syscr++;
	return n;
}

static __always_inline long do_write(struct file *file, struct iov_iter *from, u64 *pos)
{
	long n;

	if (!(file->mode & FMODE_WRITE))
		return -EBADF;
	if (!file->ops->write)
		return -EINVAL;
	n = file->ops->write(file, from, pos);
	if (n > 0)
		current->io.wchar += n;
	current->io.syscw++;
	return n;
}

static __always_inline long transfer(int fd, struct iov_iter *iter, bool write)
{
	struct file *file = fget(fd);
	u64 no_pos = 0, *pos = &no_pos;
	long n;

	if (!file)
		return -EBADF;
	iter->count = min(iter->count, MAX_RW_BYTES);
	if (file->mode & FMODE_SEEK) {
		mutex_lock(&file->pos_lock);
		pos = &file->pos;
	}
	n = write ? do_write(file, iter, pos) : do_read(file, iter, pos);
	if (pos != &no_pos)
		mutex_unlock(&file->pos_lock);
	fput(file);
	return n;
}

static __always_inline long transfer_at(int fd, struct iov_iter *iter, s64 at, bool write)
{
	struct file *file;
	u64 pos = at;
	long n;

	if (at < 0)
		return -EINVAL;
	file = fget(fd);
	if (!file)
		return -EBADF;
	iter->count = min(iter->count, MAX_RW_BYTES);
	if (!(file->mode & FMODE_SEEK))
		n = -ESPIPE;
	else
		n = write ? do_write(file, iter, &pos) : do_read(file, iter, &pos);
	fput(file);
	return n;
}

SYSCALL3(read, int, fd, void __user *, buf, size_t, bytes)
{
	struct iov_iter iter;

	if (unlikely(!access_ok(buf, bytes)))
		return -EFAULT;
	iter_init_user(&iter, buf, bytes);
	return transfer(fd, &iter, false);
}

SYSCALL3(write, int, fd, const void __user *, buf, size_t, bytes)
{
	struct iov_iter iter;

	if (unlikely(!access_ok(buf, bytes)))
		return -EFAULT;
	iter_init_user(&iter, (void __user *)buf, bytes);
	return transfer(fd, &iter, true);
}

SYSCALL5(pread64, int, fd, void __user *, buf, size_t, bytes, unsigned long, pos, unsigned long,
	 pos_high)
{
	struct iov_iter iter;

	if (unlikely(!access_ok(buf, bytes)))
		return -EFAULT;
	iter_init_user(&iter, buf, bytes);
	return transfer_at(fd, &iter, CALL_S64(pos, pos_high), false);
}

SYSCALL5(pwrite64, int, fd, const void __user *, buf, size_t, bytes, unsigned long, pos,
	 unsigned long, pos_high)
{
	struct iov_iter iter;

	if (unlikely(!access_ok(buf, bytes)))
		return -EFAULT;
	iter_init_user(&iter, (void __user *)buf, bytes);
	return transfer_at(fd, &iter, CALL_S64(pos, pos_high), true);
}

static long vector(int fd, const struct iovec __user *user, unsigned long n, bool write)
{
	struct iov_iter iter;
	struct iovec *iov;
	long result = import_iovec(user, n, &iov, &iter);

	if (result)
		return result;
	result = transfer(fd, &iter, write);
	kfree(iov);
	return result;
}

static long vector_at(int fd, const struct iovec __user *user, unsigned long n, s64 pos, bool write)
{
	struct iov_iter iter;
	struct iovec *iov;
	long result = import_iovec(user, n, &iov, &iter);

	if (result)
		return result;
	result = transfer_at(fd, &iter, pos, write);
	kfree(iov);
	return result;
}

SYSCALL3(readv, int, fd, const struct iovec __user *, iov, unsigned long, n)
{
	return vector(fd, iov, n, false);
}

SYSCALL3(writev, int, fd, const struct iovec __user *, iov, unsigned long, n)
{
	return vector(fd, iov, n, true);
}

SYSCALL5(preadv, int, fd, const struct iovec __user *, iov, unsigned long, n, unsigned long, pos,
	 unsigned long, pos_high)
{
	return vector_at(fd, iov, n, CALL_S64(pos, pos_high), false);
}

SYSCALL5(pwritev, int, fd, const struct iovec __user *, iov, unsigned long, n, unsigned long, pos,
	 unsigned long, pos_high)
{
	return vector_at(fd, iov, n, CALL_S64(pos, pos_high), true);
}

/* --- position --- */

/*
 * The next data or hole at or after `offset` below `size`. Where pages are all there is a
 * missing one is a hole; files with a disk are data throughout.
 */
static u64 next_extent(struct address_space *mapping, u64 offset, u64 size, bool data)
{
	u64 index = offset >> PAGE_SHIFT, last = (size - 1) >> PAGE_SHIFT;

	if (mapping->ops && mapping->ops->read_page)
		return data ? offset : size;
	for (u64 at = index; at <= last; at++) {
		struct page *page = NULL;
		u64 next = at;

		if (find_get_pages(mapping, &next, last, 1, &page)) {
			put_page(page);
			next--; /* the index of what was found */
		} else {
			next = last + 1;
		}
		next = min(next, cache_next_swapped(mapping, at, last));
		if (next > last)
			return data ? size : max(offset, at << PAGE_SHIFT);
		if (data)
			return max(offset, next << PAGE_SHIFT);
		if (next != at)
			return max(offset, at << PAGE_SHIFT);
	}
	return size;
}

s64 generic_llseek(struct file *file, s64 offset, int whence)
{
	u64 size = READ_ONCE(file->inode->size);
	s64 pos;

	switch (whence) {
	case SEEK_SET: pos = offset; break;
	case SEEK_CUR: pos = file->pos + offset; break;
	case SEEK_END: pos = size + offset; break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (offset < 0 || (u64)offset >= size)
			return -ENXIO;
		pos = next_extent(file->mapping, offset, size, whence == SEEK_DATA);
		if (whence == SEEK_DATA && (u64)pos >= size)
			return -ENXIO;
		break;
	default: return -EINVAL;
	}
	if (pos < 0)
		return -EINVAL;
	file->pos = pos;
	return pos;
}

s64 file_seek(int fd, s64 offset, unsigned whence)
{
	struct file *file = fget(fd);
	s64 pos;

	if (!file)
		return -EBADF;
	if (!file->ops->llseek) {
		pos = -ESPIPE;
	} else {
		mutex_lock(&file->pos_lock);
		pos = file->ops->llseek(file, offset, whence);
		mutex_unlock(&file->pos_lock);
	}
	fput(file);
	return pos;
}

SYSCALL3(lseek, int, fd, s64, offset, unsigned, whence)
{
	const s64 pos = file_seek(fd, offset, whence);

	return (long)pos == pos ? (long)pos : -EOVERFLOW;
}

/* --- files with a page cache --- */

long generic_read(struct file *file, struct iov_iter *to, u64 *pos)
{
	return cache_read(file->mapping, pos, to, READ_ONCE(file->inode->size));
}

static void grow_size(struct address_space *mapping, u64 size)
{
	struct inode *inode = mapping->host;

	if (size > inode->size)
		WRITE_ONCE(inode->size, size);
}

long generic_write(struct file *file, struct iov_iter *from, u64 *pos)
{
	struct inode *inode = file->inode;
	unsigned long limit = rlimit(RLIMIT_FSIZE);
	long n;

	if (!from->count)
		return 0; /* wherever that is */
	down_write(&inode->lock);
	if (file->flags & O_APPEND)
		*pos = inode->size;
	if (*pos + from->count > limit) {
		if (*pos >= limit) {
			up_write(&inode->lock);
			send_signal(SIGXFSZ, NULL, current);
			return -EFBIG;
		}
		from->count = limit - *pos;
	}
	if (*pos + from->count > 1ULL << 47) {
		up_write(&inode->lock);
		return -EFBIG;
	}
	n = unlikely((inode->seals & ~F_SEAL_SEAL) && from->count)
		    ? seals_allow_write(inode, *pos, &from->count)
		    : 0;
	if (n) {
		up_write(&inode->lock);
		return n;
	}
	n = cache_write(file->mapping, pos, from, grow_size);
	if (n > 0) {
		inode->mtime = inode->ctime = fs_now();
		inode->mode &= ~(current->cred.fsuid ? S_ISUID | S_ISGID : 0);
	}
	up_write(&inode->lock);
	return n;
}

/* --- from file to file --- */

long send_file(int out_fd, int in_fd, s64 *offset, size_t count)
{
	struct file *in = fget(in_fd), *out = fget(out_fd);
	void *page = get_free_pages(GFP_KERNEL, 0);
	long done = 0, n = 0;
	u64 pos, no_pos = 0;

	if (!in || !out)
		n = -EBADF;
	else if (!page)
		n = -ENOMEM;
	else if (!(in->mode & FMODE_READ) || !(out->mode & FMODE_WRITE))
		n = -EBADF;
	else if (!in->mapping || (in->inode->mode & S_IFMT) != S_IFREG || (out->flags & O_APPEND))
		n = -EINVAL;
	else if (offset && *offset < 0)
		n = -EINVAL;
	if (n)
		goto out;
	pos = offset ? (u64)*offset : in->pos;
	count = min(count, MAX_RW_BYTES);
	while ((size_t)done < count) {
		struct iov_iter iter;
		u64 from = pos;

		iter_init_kernel(&iter, page, min(count - done, PAGE_SIZE));
		n = do_read(in, &iter, &from);
		if (n <= 0)
			break;
		iter_init_kernel(&iter, page, n);
		n = do_write(out, &iter, out->mode & FMODE_SEEK ? &out->pos : &no_pos);
		if (n <= 0)
			break;
		pos += n;
		done += n;
		if (signal_pending())
			break;
	}
	if (offset)
		*offset = (s64)pos;
	else
		in->pos = pos;
out:
	if (page)
		free_page(page);
	if (in)
		fput(in);
	if (out)
		fput(out);
	return done ? done : n;
}

SYSCALL4(sendfile, int, out_fd, int, in_fd, s64 __user *, user_offset, size_t, count)
{
	s64 offset;
	long result;

	if (!user_offset)
		return send_file(out_fd, in_fd, NULL, count);
	if (get_user(offset, user_offset))
		return -EFAULT;
	result = send_file(out_fd, in_fd, &offset, count);
	return put_user(offset, user_offset) ? -EFAULT : result;
}

/* --- durability: memory file systems have nothing to write --- */

int generic_sync(struct file *file)
{
	cache_sync_range(file->mapping, 0, ~0ULL);
	return cache_write_error(file->mapping, &file->errors_seen);
}

static long sync_file(int fd)
{
	struct file *file = fget(fd);
	int err;

	if (!file)
		return -EBADF;
	if (file->ops->fsync)
		err = file->ops->fsync(file);
	else
		err = (file->inode->mode & S_IFMT) == S_IFREG ? 0 : -EINVAL;
	fput(file);
	return err;
}

SYSCALL1(fsync, int, fd)
{
	return sync_file(fd);
}

SYSCALL1(fdatasync, int, fd)
{
	return sync_file(fd);
}

SYSCALL0(sync)
{
	cache_sync_all();
	block_flush_all();
	return 0;
}

/* Of one file system: all of them, which is more than was asked for. */
SYSCALL1(syncfs, int, fd)
{
	struct file *file = fget(fd);

	if (!file)
		return -EBADF;
	fput(file);
	cache_sync_all();
	block_flush_all();
	return 0;
}
