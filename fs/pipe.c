/*
 * Pipes and FIFOs.
 *
 * A ring of up to 16 page buffers.  Writes of at most PIPE_BUF (4096) bytes are
 * atomic: they go in whole or wait.  Small writes fill up the last buffer, so a
 * pipe holds 64 KiB however it is written.  One mutex guards a pipe; readers and
 * writers sleep on its two queues.
 *
 *     tail                 head
 *      v                    v
 *     [page][page][page....][ ][ ]      buffer i: bytes offset..offset+len
 */
#include "fs/files.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "lib/printf.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <asm/poll.h>
#include <linux/limits.h>

#define PIPE_BUFFERS 16

struct pipe_buffer {
	struct page *page;
	u32 offset, len; /* bytes in use */
};

struct pipe { /* lock guards all but the queues */
	struct mutex lock;
	struct wait_queue_head read_wait, write_wait;
	struct pipe_buffer buffer[PIPE_BUFFERS];
	u32 tail, count;          /* first buffer in use; how many are */
	u32 readers, writers;     /* open files */
	u32 r_counter, w_counter; /* opens ever: a FIFO's opener waits for one of the other side */
	struct page *spare;       /* the last page emptied, kept for the next write */
	u32 files;                /* open files: the last one frees it */
	struct epoch_head epoch;
};

static struct pipe *pipe_alloc(void)
{
	struct pipe *pipe = kzalloc(sizeof(*pipe), GFP_KERNEL);

	if (!pipe)
		return NULL;
	mutex_init(&pipe->lock, RANK_PIPE);
	init_waitqueue_head(&pipe->read_wait);
	init_waitqueue_head(&pipe->write_wait);
	return pipe;
}

static void pipe_free_epoch(struct epoch_head *head)
{
	kfree(container_of(head, struct pipe, epoch));
}

/* By epoch: another CPU may still be on its way out of mutex_unlock(). */
static void pipe_free(struct pipe *pipe)
{
	for (u32 i = 0; i < pipe->count; i++)
		__free_page(pipe->buffer[(pipe->tail + i) % PIPE_BUFFERS].page);
	if (pipe->spare)
		__free_page(pipe->spare);
	epoch_call(&pipe->epoch, pipe_free_epoch);
}

static void drop_first(struct pipe *pipe)
{
	struct pipe_buffer *b = &pipe->buffer[pipe->tail];

	if (pipe->spare)
		__free_page(b->page);
	else
		pipe->spare = b->page;
	b->page = NULL;
	pipe->tail = (pipe->tail + 1) % PIPE_BUFFERS;
	pipe->count--;
}

static long pipe_read(struct file *file, struct iov_iter *to, u64 *pos)
{
	struct pipe *pipe = file->private;
	long done = 0;
	int err = 0;

	if (!to->count)
		return 0;
	mutex_lock(&pipe->lock);
	for (;;) {
		bool was_full = pipe->count == PIPE_BUFFERS;

		while (pipe->count && to->count) {
			struct pipe_buffer *b = &pipe->buffer[pipe->tail];
			char *window = kmap(b->page);
			size_t want = min((size_t)b->len, to->count);
			size_t n = copy_to_iter(window + b->offset, want, to);

			kunmap(window);
			if (n < want) { /* what could not be read whole stays */
				err = -EFAULT;
				break;
			}
			done += n;
			b->offset += n;
			b->len -= n;
			if (!b->len)
				drop_first(pipe);
		}
		if (done && was_full)
			wake_up(&pipe->write_wait);
		if (done || err || !pipe->writers)
			break;
		if (file->flags & O_NONBLOCK) {
			err = -EAGAIN;
			break;
		}
		mutex_unlock(&pipe->lock);
		err = wait_event_interruptible(&pipe->read_wait,
					       READ_ONCE(pipe->count) || !READ_ONCE(pipe->writers));
		mutex_lock(&pipe->lock);
		if (err)
			break;
	}
	mutex_unlock(&pipe->lock);
	if (done)
		wake_up(&pipe->write_wait);
	return done ? done : err;
}

static struct page *take_page(struct pipe *pipe)
{
	struct page *page = pipe->spare;

	pipe->spare = NULL;
	return page ? page : alloc_page(GFP_HIGHUSER);
}

/*
 * Put bytes in: behind what the last buffer holds, or into a new one. Bytes, or -errno. Bytes that
 * come with a bad address do not count, for who writes is told of all or of none of a buffer.
 */
static long fill_one(struct pipe *pipe, struct iov_iter *from)
{
	u32 at = (pipe->tail + pipe->count) % PIPE_BUFFERS;
	struct pipe_buffer *b = &pipe->buffer[at];
	struct page *page = take_page(pipe);
	size_t want = min(from->count, PAGE_SIZE), n;
	char *window;

	if (!page)
		return -ENOMEM;
	window = kmap(page);
	n = copy_from_iter(window, want, from);
	kunmap(window);
	if (n < want) {
		pipe->spare = page;
		return -EFAULT;
	}
	*b = (struct pipe_buffer){.page = page, .len = n};
	pipe->count++;
	return n;
}

static long append(struct pipe *pipe, struct iov_iter *from)
{
	struct pipe_buffer *b = &pipe->buffer[(pipe->tail + pipe->count - 1) % PIPE_BUFFERS];
	const size_t end = b->offset + b->len, want = from->count;
	char *window;
	size_t n;

	/* Only what fits whole, or the rest of a large write would be torn for nothing. */
	if (!pipe->count || end + want > PAGE_SIZE)
		return 0;
	window = kmap(b->page);
	n = copy_from_iter(window + end, want, from);
	kunmap(window);
	if (n < want)
		return -EFAULT;
	b->len += n;
	return n;
}

static long pipe_write(struct file *file, struct iov_iter *from, u64 *pos)
{
	struct pipe *pipe = file->private;
	long done = 0, n;
	int err = 0;

	if (!from->count)
		return 0;
	mutex_lock(&pipe->lock);
	while (from->count) {
		if (!pipe->readers) {
			send_signal(SIGPIPE, NULL, current);
			err = -EPIPE;
			break;
		}
		n = append(pipe, from);
		if (!n && pipe->count < PIPE_BUFFERS)
			n = fill_one(pipe, from);
		if (n < 0) {
			err = n;
			break;
		}
		done += n;
		if (n) {
			wake_up(&pipe->read_wait);
			continue;
		}
		if (file->flags & O_NONBLOCK) {
			err = -EAGAIN;
			break;
		}
		mutex_unlock(&pipe->lock);
		err = wait_event_interruptible(&pipe->write_wait,
					       READ_ONCE(pipe->count) < PIPE_BUFFERS ||
						       !READ_ONCE(pipe->readers));
		mutex_lock(&pipe->lock);
		if (err)
			break;
	}
	mutex_unlock(&pipe->lock);
	if (done)
		wake_up(&pipe->read_wait);
	return done ? done : err;
}

static unsigned pipe_poll(struct file *file, struct poll_table *table)
{
	struct pipe *pipe = file->private;
	unsigned mask = 0;

	poll_wait(&pipe->read_wait, table);
	poll_wait(&pipe->write_wait, table);
	if (file->mode & FMODE_READ) {
		if (READ_ONCE(pipe->count))
			mask |= POLLIN | POLLRDNORM;
		if (!READ_ONCE(pipe->writers) && pipe->w_counter)
			mask |= POLLHUP;
	}
	if (file->mode & FMODE_WRITE) {
		if (READ_ONCE(pipe->count) < PIPE_BUFFERS)
			mask |= POLLOUT | POLLWRNORM;
		if (!READ_ONCE(pipe->readers))
			mask |= POLLERR;
	}
	return mask;
}

static long pipe_ioctl(struct file *file, unsigned cmd, unsigned long arg)
{
	struct pipe *pipe = file->private;
	int bytes = 0;

	if (cmd != FIONREAD)
		return -ENOIOCTLCMD;
	mutex_lock(&pipe->lock);
	for (u32 i = 0; i < pipe->count; i++)
		bytes += pipe->buffer[(pipe->tail + i) % PIPE_BUFFERS].len;
	mutex_unlock(&pipe->lock);
	return put_user(bytes, (int __user *)arg);
}

static long pipe_fcntl(struct file *file, unsigned cmd, unsigned long arg)
{
	if (cmd == F_GETPIPE_SZ)
		return PIPE_BUFFERS * PAGE_SIZE;
	return cmd == F_SETPIPE_SZ ? -EPERM : -EINVAL;
}

static void pipe_release(struct inode *inode, struct file *file)
{
	struct pipe *pipe = file->private;
	bool last;

	mutex_lock(&pipe->lock);
	pipe->readers -= !!(file->mode & FMODE_READ);
	pipe->writers -= !!(file->mode & FMODE_WRITE);
	last = --pipe->files == 0;
	if (last && inode->private == pipe)
		inode->private = NULL;
	/* With the lock: once it is let go another CPU may be the last, and free the pipe. */
	if (!last) {
		wake_up_all(&pipe->read_wait);
		wake_up_all(&pipe->write_wait);
	}
	mutex_unlock(&pipe->lock);
	if (last)
		pipe_free(pipe);
}

static const struct file_operations pipe_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.fcntl = pipe_fcntl,
	.release = pipe_release,
};

/* --- FIFOs: the pipe is made by the first to open and goes with the last to close --- */

static struct mutex fifo_mutex =
	MUTEX_INIT(fifo_mutex, RANK_INODE_DIR); /* inode->private of FIFOs */

/* Wait until somebody has opened the other side since we came. */
static int wait_for_partner(struct pipe *pipe, u32 *counter)
{
	u32 seen = *counter;

	return wait_event_interruptible(&pipe->read_wait, READ_ONCE(*counter) != seen);
}

static int fifo_open(struct inode *inode, struct file *file)
{
	struct pipe *pipe;
	bool wait_writer, wait_reader;
	int err = 0;

	mutex_lock(&fifo_mutex);
	pipe = inode->private;
	if (!pipe)
		pipe = inode->private = pipe_alloc();
	if (!pipe) {
		mutex_unlock(&fifo_mutex);
		return -ENOMEM;
	}
	mutex_lock(&pipe->lock);
	pipe->files++;
	mutex_unlock(&fifo_mutex);
	file->private = pipe;
	file->ops = &pipe_ops;
	if ((file->flags & O_ACCMODE) == O_WRONLY && (file->flags & O_NONBLOCK) && !pipe->readers)
		err = -ENXIO;
	if (file->mode & FMODE_READ) {
		pipe->readers++;
		pipe->r_counter++;
	}
	if (file->mode & FMODE_WRITE) {
		pipe->writers++;
		pipe->w_counter++;
	}
	wait_writer = file->mode == FMODE_READ && !pipe->writers && !(file->flags & O_NONBLOCK);
	wait_reader = file->mode == FMODE_WRITE && !pipe->readers && !err;
	mutex_unlock(&pipe->lock);
	wake_up_all(&pipe->read_wait);
	if (wait_writer)
		err = wait_for_partner(pipe, &pipe->w_counter);
	else if (wait_reader)
		err = wait_for_partner(pipe, &pipe->r_counter);
	if (err)
		pipe_release(inode, file);
	return err;
}

const struct file_operations fifo_fops = {.open = fifo_open};

/* --- pipe(2) --- */

static struct file *pipe_end(struct inode *inode, const char *name, struct pipe *pipe, u32 flags)
{
	struct file *file;

	ihold(inode);
	file = anon_file(name, inode, &pipe_ops, flags);
	if (!IS_ERR(file)) {
		file->private = pipe;
		pipe->files++;
		pipe->readers += !!(file->mode & FMODE_READ);
		pipe->writers += !!(file->mode & FMODE_WRITE);
	}
	return file;
}

static int make_pipe(struct file **ends, u32 flags)
{
	struct inode *inode = anon_inode(S_IFIFO | 0600);
	struct pipe *pipe = pipe_alloc();
	char name[32];

	if (!inode || !pipe) {
		iput(inode);
		kfree(pipe);
		return -ENOMEM;
	}
	pipe->w_counter = pipe->r_counter = 1;
	scnprintf(name, sizeof(name), "pipe:[%llu]", (unsigned long long)inode->ino);
	ends[0] = pipe_end(inode, name, pipe, O_RDONLY | flags);
	if (IS_ERR(ends[0])) {
		iput(inode);
		pipe_free(pipe);
		return -ENOMEM;
	}
	ends[1] = pipe_end(inode, name, pipe, O_WRONLY | flags);
	iput(inode);
	if (IS_ERR(ends[1])) {
		fput(ends[0]);
		return -ENOMEM;
	}
	return 0;
}

SYSCALL2(pipe2, int __user *, user_fds, int, flags)
{
	struct file *ends[2];
	int fds[2], err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	if (flags & O_DIRECT)
		return -EINVAL; /* no packet mode */
	err = make_pipe(ends, flags & O_NONBLOCK);
	if (err)
		return err;
	fds[0] = fd_install(ends[0], flags);
	if (fds[0] < 0) {
		fput(ends[1]);
		return fds[0];
	}
	fds[1] = fd_install(ends[1], flags);
	if (fds[1] < 0) {
		fd_close(fds[0]);
		return fds[1];
	}
	if (copy_to_user(user_fds, fds, sizeof(fds))) {
		fd_close(fds[0]);
		fd_close(fds[1]);
		return -EFAULT;
	}
	return 0;
}

SYSCALL1(pipe, int __user *, user_fds)
{
	return sys_pipe2(user_fds, 0);
}
