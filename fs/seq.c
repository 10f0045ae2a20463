/*
 * Files whose text a function makes: most of /proc.
 *
 * The text is made whole when the file is first read at position 0, into a buffer
 * that doubles until it fits, and read from there: a reader sees one moment's
 * state, however small its reads.  Going back to the start makes it anew.
 */
#include "fs/vfs.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include "sync/mutex.h"
#include <linux/limits.h>

struct seq_reader {        /* file->private */
	struct mutex lock; /* one read at a time: pread(2) comes without the file's pos_lock */
	struct seq_file m; /* (lock) */
	int (*show)(struct seq_file *m, void *private);
	bool made; /* (lock) */
};

void seq_write(struct seq_file *m, const void *bytes, size_t n)
{
	if (m->count + n > m->size) {
		m->overflow = true;
		return;
	}
	memcpy(m->buf + m->count, bytes, n);
	m->count += n;
}

void seq_puts(struct seq_file *m, const char *s)
{
	seq_write(m, s, strlen(s));
}

void seq_putc(struct seq_file *m, char c)
{
	seq_write(m, &c, 1);
}

void seq_printf(struct seq_file *m, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(m->buf + m->count, m->size - m->count, fmt, args);
	va_end(args);
	if (n < 0 || m->count + n >= m->size)
		m->overflow = true;
	else
		m->count += n;
}

void seq_path(struct seq_file *m, const struct path *path, const char *escape)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL), *text;

	if (!buf) {
		m->overflow = true;
		return;
	}
	text = d_path(path, buf, PATH_MAX);
	for (; !IS_ERR(text) && *text; text++) {
		if (strchr(escape, *text))
			seq_printf(m, "\\%03o", (u8)*text);
		else
			seq_putc(m, *text);
	}
	kfree(buf);
}

int seq_open(struct file *file, int (*show)(struct seq_file *m, void *private), void *private)
{
	struct seq_reader *reader = kzalloc(sizeof(*reader), GFP_KERNEL);

	if (!reader)
		return -ENOMEM;
	mutex_init(&reader->lock, RANK_SEQ);
	reader->show = show;
	reader->m.private = private;
	file->private = reader;
	file->mode |= FMODE_SEEK;
	return 0;
}

void *seq_private(const struct file *file)
{
	const struct seq_reader *reader = file->private;

	return reader->m.private;
}

static int make_text(struct seq_reader *reader)
{
	struct seq_file *m = &reader->m;
	int err;

	if (!m->buf) {
		m->size = PAGE_SIZE;
		m->buf = vmalloc(m->size);
		if (!m->buf)
			return -ENOMEM;
	}
	for (;;) {
		m->count = 0;
		m->overflow = false;
		err = reader->show(m, m->private);
		if (err || !m->overflow)
			break;
		vfree(m->buf);
		m->size *= 2;
		m->buf = vmalloc(m->size);
		if (!m->buf)
			return -ENOMEM;
	}
	reader->made = !err;
	return err;
}

static long read_locked(struct seq_reader *reader, struct iov_iter *to, u64 *pos)
{
	size_t bytes, copied;

	if (*pos == 0 || !reader->made) {
		int err = make_text(reader);

		if (err)
			return err;
	}
	if (*pos >= reader->m.count)
		return 0;
	bytes = min((size_t)(reader->m.count - *pos), to->count);
	copied = copy_to_iter(reader->m.buf + *pos, bytes, to);
	*pos += copied;
	return bytes && !copied ? -EFAULT : (long)copied;
}

long seq_read(struct file *file, struct iov_iter *to, u64 *pos)
{
	struct seq_reader *reader = file->private;
	long done;

	mutex_lock(&reader->lock);
	done = read_locked(reader, to, pos);
	mutex_unlock(&reader->lock);
	return done;
}

s64 seq_llseek(struct file *file, s64 offset, int whence)
{
	if (whence == 1)
		offset += file->pos;
	else if (whence != 0)
		return -EINVAL;
	if (offset < 0)
		return -EINVAL;
	file->pos = offset;
	return offset;
}

void seq_release(struct inode *inode, struct file *file)
{
	struct seq_reader *reader = file->private;

	vfree(reader->m.buf);
	kfree(reader);
}
