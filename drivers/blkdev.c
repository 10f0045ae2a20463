/*
 * Block devices as files: read and write through the page cache, past it, and mapped.
 *
 *   /dev/vda1's inode --rdev--> disk_part --> inode of its own --> page cache
 *
 * However many names a device has, its pages are in one place, the inode of the disk_part.  A disk
 * and its partitions have a cache each, as on Linux: who writes to both at once sees it.
 *
 * The cache's runs of pages become requests.  Each disk has a few of these made in advance, for
 * reading and for writing apart, so that memory can be written to disk without memory; who finds
 * none waits until one is done, which needs nobody's help.
 *
 * O_DIRECT goes past the cache and stays coherent with it: what is dirty in the range is written
 * first, what is cached of a range that is written over is dropped, before and after.
 *
 * With the last close everything is written and dropped from the cache, as on Linux.
 */
#include "drivers/block.h"
#include "kernel/initcall.h"
#include "kernel/task.h"
#include "lib/string.h"
#include "machine/uaccess.h"
#include "mm/frame/kmap.h"
#include "mm/lru/lru.h"
#include "mm/slab/slab.h"
#include <linux/blkpg.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/hdreg.h>

#define RUNS 16 /* requests of the cache under way, of a disk, in one direction */

struct io_run {
	struct block_request request;
	struct page *page[CACHE_RUN];
	struct disk_runs *runs;
	struct list_head list; /* (lock) free ones */
};

struct disk_runs {
	spinlock_t lock;
	struct list_head free[2]; /* (lock) for BLOCK_READ, BLOCK_WRITE */
	struct wait_queue_head wait;
	struct io_run run[2][RUNS];
};

static struct super_block block_sb = {.dev = MKDEV(0, 2)};

static struct disk_part *part_of_mapping(const struct address_space *mapping)
{
	return ((struct inode *)mapping->host)->private;
}

static u64 bytes_of(const struct disk_part *part)
{
	return part->device.sectors << SECTOR_SHIFT;
}

/* --- the cache's I/O --- */

static struct io_run *try_take(struct disk_runs *runs, enum block_op op)
{
	struct io_run *run = NULL;

	spin_lock(&runs->lock);
	if (!list_empty(&runs->free[op])) {
		run = list_first_entry(&runs->free[op], struct io_run, list);
		list_del(&run->list);
	}
	spin_unlock(&runs->lock);
	return run;
}

static struct io_run *take_run(struct disk_runs *runs, enum block_op op)
{
	struct io_run *run;

	wait_event(&runs->wait, (run = try_take(runs, op)) != NULL);
	return run;
}

static void run_done(struct block_request *request)
{
	struct io_run *run = container_of(request, struct io_run, request);
	struct disk_runs *runs = run->runs;
	const unsigned n = DIV_ROUND_UP(request->bytes, (u32)PAGE_SIZE);

	for (unsigned i = 0; i < n; i++) {
		if (request->op == BLOCK_READ)
			cache_end_read(run->page[i], request->error);
		else
			cache_end_writeback(run->page[i], request->error);
	}
	spin_lock(&runs->lock);
	list_add(&run->list, &runs->free[request->op]);
	spin_unlock(&runs->lock);
	if (waitqueue_active(&runs->wait))
		wake_up_all(&runs->wait);
}

/* What the device has of a page at index; behind its end the page is zeros. */
static u32 bytes_at(const struct disk_part *part, u64 index, unsigned pages)
{
	const u64 size = bytes_of(part), at = index << PAGE_SHIFT;

	return (u32)min((u64)pages << PAGE_SHIFT, at < size ? size - at : 0);
}

static void zero_from(struct page *page, u32 from)
{
	char *window = kmap_local_page(page);

	memset(window + from, 0, PAGE_SIZE - from);
	kunmap_local(window);
}

static void start_run(struct address_space *mapping, struct page **pages, unsigned n,
		      enum block_op op)
{
	struct disk_part *part = part_of_mapping(mapping);
	struct io_run *run = take_run(part->disk->runs, op);
	const u64 index = page_index(pages[0]);
	const u32 bytes = bytes_at(part, index, n);

	ASSERT(n <= CACHE_RUN && DIV_ROUND_UP(bytes, (u32)PAGE_SIZE) == n);
	if (op == BLOCK_READ && bytes & ~PAGE_MASK)
		zero_from(pages[n - 1], bytes & ~PAGE_MASK);
	memcpy(run->page, pages, n * sizeof(*pages));
	run->request = (struct block_request){.op = op,
					      .sector = index << (PAGE_SHIFT - SECTOR_SHIFT),
					      .bytes = bytes,
					      .pages = run->page,
					      .done = run_done};
	block_submit(&part->device, &run->request);
}

/* A run in pieces the device takes, and only of pages it has. */
static void start_runs(struct address_space *mapping, struct page **pages, unsigned n,
		       enum block_op op)
{
	struct disk_part *part = part_of_mapping(mapping);

	while (n) {
		unsigned piece = min(n, part->device.max_pages);

		piece = DIV_ROUND_UP(bytes_at(part, page_index(pages[0]), piece), (u32)PAGE_SIZE);
		if (!piece)
			break;
		start_run(mapping, pages, piece, op);
		pages += piece;
		n -= piece;
	}
	/* The device has become shorter. */
	for (; n; pages++, n--) {
		if (op == BLOCK_READ)
			cache_end_read(*pages, -EIO);
		else
			cache_end_writeback(*pages, -EIO);
	}
}

static void blkdev_read_pages(struct address_space *mapping, struct page **pages, unsigned n)
{
	start_runs(mapping, pages, n, BLOCK_READ);
}

static void blkdev_write_pages(struct address_space *mapping, struct page **pages, unsigned n)
{
	start_runs(mapping, pages, n, BLOCK_WRITE);
}

static int blkdev_read_page(struct address_space *mapping, struct page *page)
{
	struct disk_part *part = part_of_mapping(mapping);
	const u64 index = page_index(page);
	struct block_request request = {.op = BLOCK_READ,
					.sector = index << (PAGE_SHIFT - SECTOR_SHIFT),
					.bytes = bytes_at(part, index, 1),
					.pages = &page};
	int err;

	if (!request.bytes)
		return -EIO;
	if (request.bytes < PAGE_SIZE)
		zero_from(page, request.bytes);
	err = block_do(part, &request);
	if (!err)
		page_set(page, PG_uptodate);
	return err;
}

static const struct address_space_ops blkdev_aops = {
	.read_page = blkdev_read_page,
	.read_pages = blkdev_read_pages,
	.write_pages = blkdev_write_pages,
	.hold = inode_hold_mapping,
	.release = inode_release_mapping,
};

static unsigned long all_pages(void)
{
	unsigned long pages = 0;
	struct disk *disk;

	for (unsigned n = 0; (disk = disk_nth(n)); n++)
		for (unsigned i = 0; i < DISK_MINORS; i++)
			if (disk->part[i].inode)
				pages += READ_ONCE(disk->part[i].inode->data.nrpages);
	return pages;
}

/* --- past the cache --- */

/* The program's pages behind the next bytes of one of its buffers: how many bytes, or -errno. */
static long pin_buffer(const struct iov_iter *iter, struct page **pages, unsigned max_pages,
		       unsigned *n, bool to_write)
{
	const unsigned long at = (unsigned long)iter->iov->iov_base + iter->offset;
	const u32 offset = at & ~PAGE_MASK;
	size_t bytes = min(iter->count, iter->iov->iov_len - iter->offset);

	bytes = min(bytes, (size_t)max_pages * PAGE_SIZE - offset);
	for (*n = 0; (size_t)*n * PAGE_SIZE < offset + bytes; ++*n) {
		int err = get_user_page(current->mm, (at & PAGE_MASK) + *n * PAGE_SIZE, to_write,
					&pages[*n]);

		if (err)
			return err;
	}
	return (long)bytes;
}

static void advance(struct iov_iter *iter, size_t bytes)
{
	iter->offset += bytes;
	iter->count -= bytes;
	while (iter->count && iter->offset == iter->iov->iov_len) {
		iter->iov++;
		iter->segments--;
		iter->offset = 0;
	}
}

/* One request's worth: bytes done, or -errno. */
static long direct_piece(struct disk_part *part, struct iov_iter *iter, u64 pos, enum block_op op)
{
	struct page *pages[CACHE_RUN];
	struct block_request request = {.op = op, .sector = pos >> SECTOR_SHIFT, .pages = pages};
	unsigned n;
	long bytes = pin_buffer(iter, pages, part->device.max_pages, &n, op == BLOCK_READ);

	if (bytes > 0) {
		request.offset = ((unsigned long)iter->iov->iov_base + iter->offset) & ~PAGE_MASK;
		if ((request.offset | bytes) & (part->device.block - 1)) {
			bytes = -EINVAL;
		} else {
			int err;

			request.bytes = (u32)bytes;
			err = block_do(part, &request);
			bytes = err ? err : bytes;
			if (op == BLOCK_WRITE && bytes > 0)
				task_io()->write_bytes += (u64)bytes;
		}
	}
	for (unsigned i = 0; i < n; i++) {
		if (op == BLOCK_READ && bytes > 0)
			set_page_dirty(pages[i]);
		put_page(pages[i]);
	}
	return bytes;
}

static long direct_io(struct file *file, struct iov_iter *iter, u64 *pos, enum block_op op)
{
	struct disk_part *part = file->private;
	const u64 first = *pos >> PAGE_SHIFT, last = (*pos + iter->count - 1) >> PAGE_SHIFT;
	long done = 0, n = 0;

	if ((*pos | iter->count) & (part->device.block - 1))
		return -EINVAL;
	cache_sync_range(file->mapping, first, last);
	if (op == BLOCK_WRITE)
		cache_invalidate(file->mapping, first, last);
	while (iter->count && !fatal_signal_pending()) {
		advance(iter, 0);
		n = direct_piece(part, iter, *pos, op);
		if (n <= 0)
			break;
		advance(iter, n);
		*pos += n;
		done += n;
	}
	if (op == BLOCK_WRITE)
		cache_invalidate(file->mapping, first, last);
	return done ? done : n;
}

/* --- for one alone --- */

static spinlock_t claim_lock = SPINLOCK_INIT(RANK_SPIN);

/* (claim_lock) */
static bool is_held(const struct disk_part *part)
{
	const struct disk *disk = part->disk;

	for (unsigned i = 1; part->minor == 0 && i < DISK_MINORS; i++)
		if (disk->part[i].holder)
			return true;
	return part->holder || disk->part[0].holder;
}

int disk_claim(struct disk_part *part, const void *holder)
{
	bool held;

	spin_lock(&claim_lock);
	held = is_held(part);
	if (!held)
		part->holder = holder;
	spin_unlock(&claim_lock);
	return held ? -EBUSY : 0;
}

void disk_unclaim(struct disk_part *part)
{
	spin_lock(&claim_lock);
	part->holder = NULL;
	spin_unlock(&claim_lock);
}

/* --- file operations --- */

static int blkdev_open(struct inode *inode, struct file *file)
{
	struct disk_part *part = disk_part_find(inode->rdev);
	int err = 0;

	if (!part)
		return -ENXIO;
	mutex_lock(&part->disk->partition_lock);
	if (part->minor && !part->device.sectors)
		err = -ENXIO;
	else if (file->flags & O_EXCL)
		err = disk_claim(part, file);
	if (!err)
		atomic_inc(&part->openers);
	mutex_unlock(&part->disk->partition_lock);
	if (err)
		return err;
	file->private = part;
	file->mapping = part->inode->mapping;
	file->errors_seen = cache_errors_seen(file->mapping);
	file->mode |= FMODE_SEEK;
	return 0;
}

/* Write everything, and forget what is clean then. */
static void empty_cache(struct disk_part *part)
{
	cache_sync_range(part->inode->mapping, 0, ~0ULL);
	cache_invalidate(part->inode->mapping, 0, ~0ULL);
}

static void blkdev_release(struct inode *inode, struct file *file)
{
	struct disk_part *part = file->private;

	if (part->holder == file)
		disk_unclaim(part);
	if (atomic_dec_and_test(&part->openers))
		empty_cache(part);
}

static long blkdev_read(struct file *file, struct iov_iter *to, u64 *pos)
{
	const u64 size = bytes_of(file->private);

	if (!(file->flags & O_DIRECT) || to->kernel)
		return cache_read(file->mapping, pos, to, size);
	if (*pos >= size)
		return 0;
	to->count = min((u64)to->count, size - *pos);
	return to->count ? direct_io(file, to, pos, BLOCK_READ) : 0;
}

static void size_stays(struct address_space *mapping, u64 size)
{
}

static int blkdev_fsync(struct file *file)
{
	int flushed, err = generic_sync(file);

	flushed = block_flush(file->private);
	return err ? err : flushed;
}

static long blkdev_write(struct file *file, struct iov_iter *from, u64 *pos)
{
	struct disk_part *part = file->private;
	const u64 size = bytes_of(part);
	struct inode *inode = part->inode;
	long n;

	if (part->device.read_only)
		return -EPERM;
	if (!from->count)
		return 0;
	if (*pos >= size)
		return -ENOSPC;
	from->count = min((u64)from->count, size - *pos);
	down_write(&inode->lock);
	if (file->flags & O_DIRECT && !from->kernel)
		n = direct_io(file, from, pos, BLOCK_WRITE);
	else
		n = cache_write(file->mapping, pos, from, size_stays);
	up_write(&inode->lock);
	if (n > 0 && file->flags & (O_DSYNC | __O_SYNC)) {
		int err = blkdev_fsync(file);

		if (err)
			return err;
	}
	return n;
}

static s64 blkdev_llseek(struct file *file, s64 offset, int whence)
{
	const s64 size = (s64)bytes_of(file->private);

	switch (whence) {
	case SEEK_SET: break;
	case SEEK_CUR: offset += (s64)file->pos; break;
	case SEEK_END: offset += size; break;
	default: return -EINVAL;
	}
	if (offset < 0 || offset > size)
		return -EINVAL;
	file->pos = (u64)offset;
	return offset;
}

/* --- ioctl --- */

static int discard(struct file *file, const u64 range[2])
{
	struct disk_part *part = file->private;
	const u64 size = bytes_of(part), end = range[0] + range[1];
	u64 sector = range[0] >> SECTOR_SHIFT, left = range[1] >> SECTOR_SHIFT;
	int err = 0;

	if (!(file->mode & FMODE_WRITE))
		return -EBADF;
	if (!part->device.max_discard)
		return -EOPNOTSUPP;
	if ((range[0] | range[1]) & (part->device.block - 1) || end < range[0] || end > size ||
	    !range[1])
		return -EINVAL;
	down_write(&part->inode->lock);
	/* What the cache holds of it is worth nothing any more; edges of pages are. */
	cache_sync_range(file->mapping, range[0] >> PAGE_SHIFT, (end - 1) >> PAGE_SHIFT);
	while (left && !err) {
		const u64 piece = min(left, (u64)part->device.max_discard);
		struct block_request request = {.op = BLOCK_DISCARD,
						.sector = sector,
						.bytes = (u32)(piece << SECTOR_SHIFT)};

		err = block_do(part, &request);
		sector += piece;
		left -= piece;
	}
	cache_invalidate(file->mapping, range[0] >> PAGE_SHIFT, (end - 1) >> PAGE_SHIFT);
	up_write(&part->inode->lock);
	return err;
}

static long answer(unsigned long arg, const void *value, size_t bytes)
{
	return copy_to_user((void __user *)arg, value, bytes) ? -EFAULT : 0;
}

static long answer_int(unsigned long arg, int value)
{
	return answer(arg, &value, sizeof(value));
}

static long geometry(struct disk_part *part, unsigned long arg)
{
	/* What fdisk wants to print; no disk has looked like this for long. */
	struct hd_geometry geo = {.heads = 16, .sectors = 63, .start = part->device.start};

	geo.cylinders = min(part->device.sectors >> 10, (u64)0xffff);
	return answer(arg, &geo, sizeof(geo));
}

static long blkdev_ioctl(struct file *file, unsigned cmd, unsigned long arg)
{
	struct disk_part *part = file->private;
	const u64 size = bytes_of(part);
	unsigned long sectors = (unsigned long)part->device.sectors;
	u64 range[2];

	switch (cmd) {
	case BLKGETSIZE64: return answer(arg, &size, sizeof(size));
	case BLKGETSIZE:
		if (sectors != part->device.sectors)
			return -EFBIG;
		return answer(arg, &sectors, sizeof(sectors));
	case BLKSSZGET:
	case BLKPBSZGET:
	case BLKIOMIN: return answer_int(arg, (int)part->device.block);
	case BLKIOOPT:
	case BLKALIGNOFF: return answer_int(arg, 0);
	case BLKBSZGET: return answer_int(arg, PAGE_SIZE);
	case BLKROGET: return answer_int(arg, part->device.read_only);
	case BLKDISCARDZEROES: return answer_int(arg, 0);
	case BLKSECTGET: {
		u16 most = (u16)(part->device.max_pages << (PAGE_SHIFT - SECTOR_SHIFT));

		return answer(arg, &most, sizeof(most));
	}
	case BLKROTATIONAL: {
		u16 turns = 1;

		return answer(arg, &turns, sizeof(turns));
	}
	case HDIO_GETGEO: return geometry(part, arg);
	case BLKFLSBUF:
		if (!capable(CAP_SYS_ADMIN))
			return -EACCES;
		empty_cache(part);
		return 0;
	case BLKRRPART:
		if (!capable(CAP_SYS_ADMIN))
			return -EACCES;
		if (part->minor)
			return -EINVAL;
		/* What was written to the table is in the cache, perhaps. */
		cache_sync_range(file->mapping, 0, ~0ULL);
		return partitions_read(part->disk);
	case BLKDISCARD:
		if (copy_from_user(range, (void __user *)arg, sizeof(range)))
			return -EFAULT;
		return discard(file, range);
	default: return -ENOIOCTLCMD;
	}
}

static const struct file_operations file_ops = {
	.open = blkdev_open,
	.release = blkdev_release,
	.read = blkdev_read,
	.write = blkdev_write,
	.llseek = blkdev_llseek,
	.ioctl = blkdev_ioctl,
	.fsync = blkdev_fsync,
};

/* --- disks and partitions come and go --- */

int blkdev_add_disk(struct disk *disk)
{
	struct disk_runs *runs = kzalloc(sizeof(*runs), GFP_KERNEL);

	if (!runs)
		return -ENOMEM;
	spin_lock_init(&runs->lock, RANK_DISK);
	init_waitqueue_head(&runs->wait);
	for (unsigned op = 0; op < 2; op++) {
		list_init(&runs->free[op]);
		for (unsigned i = 0; i < RUNS; i++) {
			runs->run[op][i].runs = runs;
			list_add_tail(&runs->run[op][i].list, &runs->free[op]);
		}
	}
	disk->runs = runs;
	return 0;
}

int blkdev_add_part(struct disk_part *part)
{
	if (!part->inode) {
		struct inode *inode = inode_alloc(&block_sb, S_IFBLK | 0660);

		if (!inode)
			return -ENOMEM;
		inode->private = part;
		inode->data.ops = &blkdev_aops;
		part->inode = inode;
	}
	WRITE_ONCE(part->inode->size, bytes_of(part));
	return devtmpfs_add(part->device.name, S_IFBLK | 0660, part->device.number);
}

void blkdev_remove_part(struct disk_part *part)
{
	devtmpfs_remove(part->device.name);
	empty_cache(part); /* the last close may not have come so far yet */
	part->device.sectors = 0;
	WRITE_ONCE(part->inode->size, 0);
}

static int blkdev_init(void)
{
	count_buffer_pages = all_pages;
	blkdev_fops = &file_ops;
	return 0;
}
INITCALL(INIT_EARLY, blkdev_init);
