/*
 * swapon(2), swapoff(2), and how pages go between memory and a swap area on a disk or partition
 * (docs/swap.md).
 *
 *	swapon     the device is ours alone (as with O_EXCL), its first page says what it is,
 *	           it is discarded if wanted, and the area is put into use
 *	swapoff    no slots are given any more; all is brought back; the device is free again
 *
 * What the page cache holds of the device is written and forgotten at swapon, for it is gone by
 * from then on: who reads /dev/vda while it is in use for swap reads what the disk has.
 *
 * Errors.  A run of pages that could not be written is written again page by page, so that one bad
 * sector keeps one page in memory and not its neighbours, too.
 *
 * I/O.  Memory is freed by writing, so writing must not need memory: an area has its requests made in
 * advance, for reading and for writing apart, and who finds none waits for the next that is done, which
 * needs nobody's help.
 *
 * swapoff takes long and sleeps; meanwhile the area is closed, other areas come and go, and programs
 * run.  It gives up when a signal comes (EINTR), when memory is short (ENOMEM): then the area is as it
 * was before, with what has not come back yet.
 */
#include "drivers/block.h"
#include "fs/vfs.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include "mm/space/space.h"
#include "mm/swap/swap.h"
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>

/* swapon(2); there is no header of them for programs but the C library's. */
#define SWAP_FLAG_PRIO_MASK     0x7fff
#define SWAP_FLAG_PREFER        0x8000
#define SWAP_FLAG_DISCARD       0x10000
#define SWAP_FLAG_DISCARD_ONCE  0x20000
#define SWAP_FLAG_DISCARD_PAGES 0x40000
#define SWAP_FLAGS              0x7ffff

#define REQUESTS                16 /* runs of pages under way, in one direction */

struct swap_io {
	struct block_request request;
	struct page
		*page[SWAP_RUN]; /* the run; request.pages points to those that are asked for now */
	u32 pages;
	struct list_head list; /* (lock) free ones */
	struct swap_disk *disk;
};

struct swap_disk {
	struct swap_backing backing;
	struct file *file; /* the device; a reference */
	struct disk_part *part;
	unsigned type;
	bool leaving; /* (swapon_lock) a swapoff is under way */
	spinlock_t lock;
	struct list_head free[2]; /* (lock) for BLOCK_READ, BLOCK_WRITE */
	unsigned busy;            /* (lock) */
	struct wait_queue_head wait;
	struct swap_io io[2][REQUESTS];
};

static struct mutex swapon_lock = MUTEX_INIT(swapon_lock, RANK_MODULE);
static struct swap_disk *in_use[MAX_SWAP_AREAS]; /* (swapon_lock) by area */

/* ---- I/O ---- */

static struct swap_io *try_take(struct swap_disk *disk, enum block_op op)
{
	struct swap_io *io = NULL;

	spin_lock(&disk->lock);
	if (!list_empty(&disk->free[op])) {
		io = list_first_entry(&disk->free[op], struct swap_io, list);
		list_del(&io->list);
		disk->busy++;
	}
	spin_unlock(&disk->lock);
	return io;
}

static void io_done(struct block_request *request);

/* Ask for n pages of the run from `first` on, whose sector this is. */
static void ask(struct swap_io *io, enum block_op op, u64 sector, u32 first, u32 n)
{
	io->request = (struct block_request){
		.op = op,
		.sector = sector,
		.bytes = n << PAGE_SHIFT,
		.pages = io->page + first,
		.done = io_done,
	};
	block_submit(&io->disk->part->device, &io->request);
}

static void io_done(struct block_request *request)
{
	struct swap_io *io = container_of(request, struct swap_io, request);
	struct swap_disk *disk = io->disk;
	const enum block_op op = request->op;
	const u32 first = (u32)(request->pages - io->page), n = request->bytes >> PAGE_SHIFT;

	if (request->error && op == BLOCK_WRITE && n > 1) {
		ask(io, op, request->sector, 0, 1);
		return;
	}
	for (u32 i = first; i < first + n; i++)
		swap_io_done(io->page[i], op == BLOCK_WRITE, request->error ? -EIO : 0);
	if (first + n < io->pages) { /* page by page */
		ask(io, op, request->sector + (PAGE_SIZE >> SECTOR_SHIFT), first + 1, 1);
		return;
	}
	spin_lock(&disk->lock);
	list_add(&io->list, &disk->free[op]);
	disk->busy--;
	if (waitqueue_active(&disk->wait))
		wake_up_all(
			&disk->wait); /* under the lock: who has it afterwards may free all this */
	spin_unlock(&disk->lock);
}

static void submit(struct swap_backing *backing, struct page *const *pages, unsigned n, u64 place,
		   bool write)
{
	struct swap_disk *disk = container_of(backing, struct swap_disk, backing);
	struct block_device *device = &disk->part->device;
	const enum block_op op = write ? BLOCK_WRITE : BLOCK_READ;

	for (unsigned piece; n; pages += piece, place += piece, n -= piece) {
		struct swap_io *io;

		piece = min(n, device->max_pages);
		wait_event(&disk->wait, (io = try_take(disk, op)) != NULL);
		memcpy(io->page, pages, piece * sizeof(*pages));
		io->pages = piece;
		ask(io, op, place << (PAGE_SHIFT - SECTOR_SHIFT), 0, piece);
	}
}

/* ---- A device ---- */

static struct swap_disk *new_swap_disk(struct file *file)
{
	struct swap_disk *disk = vzalloc(sizeof(*disk));

	if (!disk)
		return NULL;
	disk->backing.submit = submit;
	disk->file = file;
	disk->part = file->private;
	spin_lock_init(&disk->lock, RANK_DISK);
	init_waitqueue_head(&disk->wait);
	for (unsigned op = 0; op < 2; op++) {
		list_init(&disk->free[op]);
		for (unsigned i = 0; i < REQUESTS; i++) {
			disk->io[op][i].disk = disk;
			list_add_tail(&disk->io[op][i].list, &disk->free[op]);
		}
	}
	return disk;
}

static bool is_idle(struct swap_disk *disk)
{
	bool idle;

	spin_lock(&disk->lock);
	idle = disk->busy == 0;
	spin_unlock(&disk->lock);
	return idle;
}

/* The last page that came back may still have its request on the way to the free ones. */
static void free_swap_disk(struct swap_disk *disk)
{
	wait_event(&disk->wait, is_idle(disk));
	disk_unclaim(disk->part);
	fput(disk->file);
	vfree(disk);
}

static int read_first_page(struct disk_part *part, struct page *page)
{
	struct block_request request = {.op = BLOCK_READ, .bytes = PAGE_SIZE, .pages = &page};
	struct address_space *mapping = part->inode->mapping;

	if (part->device.sectors < PAGE_SIZE >> SECTOR_SHIFT)
		return -EINVAL;
	cache_sync_range(mapping, 0, ~0ULL);
	(void)cache_invalidate(mapping, 0, ~0ULL);
	return block_do(part, &request);
}

/* What the device makes of it is its own business. */
static void discard_pages(struct disk_part *part, u64 place, u32 pages)
{
	const unsigned shift = PAGE_SHIFT - SECTOR_SHIFT;
	u64 sector = place << shift, end = (place + pages) << shift;

	while (sector < end) {
		const u64 piece = min(end - sector, (u64)part->device.max_discard);
		struct block_request request = {.op = BLOCK_DISCARD,
						.sector = sector,
						.bytes = (u32)(piece << SECTOR_SHIFT)};

		if (block_do(part, &request))
			break;
		sector += piece;
	}
}

static void discard(struct swap_backing *backing, u64 place, u32 pages)
{
	discard_pages(container_of(backing, struct swap_disk, backing)->part, place, pages);
}

/* ---- swapon ---- */

/* The area's number, or -errno. */
static int add_area(struct swap_disk *disk, const struct swap_header *header, unsigned flags,
		    unsigned discards, const char *name)
{
	const struct swap_extent whole = {.first = 0, .pages = header->pages, .place = 0};
	const int priority =
		flags & SWAP_FLAG_PREFER ? (int)(flags & SWAP_FLAG_PRIO_MASK) : SWAP_NO_PRIORITY;
	struct swap_area_info info;
	int type = swap_area_add(header, &disk->backing, &whole, 1, priority, name, false);

	if (type < 0)
		return type;
	disk->type = (unsigned)type;
	in_use[type] = disk;
	swap_area_info(disk->type, &info);
	pr_info("Adding %luk swap on %s.  Priority:%d extents:1 across:%luk %s%s%s\n",
		(unsigned long)info.pages << (PAGE_SHIFT - 10), name, info.priority,
		(unsigned long)info.pages << (PAGE_SHIFT - 10), discards ? "D" : "",
		discards & SWAP_FLAG_DISCARD_ONCE ? "s" : "",
		discards & SWAP_FLAG_DISCARD_PAGES ? "c" : "");
	return type;
}

#define DISCARD_BOTH (SWAP_FLAG_DISCARD_ONCE | SWAP_FLAG_DISCARD_PAGES)

/* What is wanted and can be done: all now, what is free again later, or both, as if nothing more is said. */
static unsigned what_to_discard(const struct disk_part *part, unsigned flags)
{
	if (!(flags & SWAP_FLAG_DISCARD) || !part->device.max_discard)
		return 0;
	return flags & DISCARD_BOTH ? flags & DISCARD_BOTH : DISCARD_BOTH;
}

/* 0 or -errno. */
static int begin_discarding(struct swap_disk *disk, unsigned what, u32 pages)
{
	if (what & SWAP_FLAG_DISCARD_ONCE)
		discard_pages(disk->part, 1, pages - 1);
	if (!(what & SWAP_FLAG_DISCARD_PAGES))
		return 0;
	disk->backing.discard = discard;
	return swap_discard_run();
}

/* A device that has been claimed; the file is the area's if all goes well. */
static int swapon_device(struct file *file, unsigned flags)
{
	struct disk_part *part = file->private;
	struct page *page = alloc_page(GFP_KERNEL);
	struct swap_disk *disk = new_swap_disk(file);
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL), *name;
	struct swap_header header;
	const unsigned discards = what_to_discard(part, flags);
	int err = -ENOMEM;

	if (page && disk && buf)
		err = read_first_page(part, page);
	if (!err &&
	    swap_read_header(page_address(page),
			     part->device.sectors >> (PAGE_SHIFT - SECTOR_SHIFT), &header)) {
		pr_err("Unable to find swap-space signature\n");
		err = -EINVAL;
	}
	if (!err) {
		name = d_path(&file->path, buf, PATH_MAX);
		err = IS_ERR(name) ? PTR_ERR(name) : 0;
	}
	if (!err)
		err = begin_discarding(disk, discards, header.pages);
	if (!err)
		err = add_area(disk, &header, flags, discards, name);
	if (page)
		__free_page(page);
	kfree(buf);
	if (err < 0)
		vfree(disk);
	return min(err, 0);
}

static int swapon_file(struct file *file, unsigned flags)
{
	struct disk_part *part = file->private;
	int err;

	if ((file->inode->mode & S_IFMT) != S_IFBLK)
		return -EINVAL; /* files of file systems on disks: there are none yet */
	if (part->device.read_only)
		return -EROFS;
	err = disk_claim(part, &in_use);
	if (err)
		return err;
	err = swapon_device(file, flags);
	if (err)
		disk_unclaim(part);
	return err;
}

static struct file *open_area(const char __user *user_name)
{
	char *name = get_name(user_name);
	struct file *file;

	if (IS_ERR(name))
		return ERR_CAST(name);
	file = open_path(AT_FDCWD, name, O_RDWR | O_LARGEFILE, 0);
	put_name(name);
	return file;
}

SYSCALL2(swapon, const char __user *, name, unsigned, flags)
{
	struct file *file;
	int err;

	if (flags & ~SWAP_FLAGS)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	file = open_area(name);
	if (IS_ERR(file))
		return PTR_ERR(file);
	mutex_lock(&swapon_lock);
	err = swapon_file(file, flags);
	mutex_unlock(&swapon_lock);
	if (err)
		fput(file);
	return err;
}

/* ---- swapoff ---- */

/* Find the area on a device and close it, if programs can promise themselves what is in it. */
static struct swap_disk *close_area(const struct file *file)
{
	struct swap_disk *disk = NULL;
	struct swap_area_info info;
	int err;

	if ((file->inode->mode & S_IFMT) != S_IFBLK)
		return ERR_PTR(-EINVAL);
	for (unsigned type = 0; type < MAX_SWAP_AREAS; type++)
		if (in_use[type] && !in_use[type]->leaving && in_use[type]->part == file->private)
			disk = in_use[type];
	if (!disk)
		return ERR_PTR(-EINVAL);
	swap_area_info(disk->type, &info);
	err = vm_account(current->mm, info.pages);
	if (err)
		return ERR_PTR(err);
	vm_unaccount(info.pages);
	disk->leaving = true;
	swap_area_close(disk->type);
	return disk;
}

SYSCALL1(swapoff, const char __user *, name)
{
	struct swap_disk *disk;
	struct file *file;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	file = open_area(name);
	if (IS_ERR(file))
		return PTR_ERR(file);
	mutex_lock(&swapon_lock);
	disk = close_area(file);
	mutex_unlock(&swapon_lock);
	fput(file);
	if (IS_ERR(disk))
		return PTR_ERR(disk);
	err = swap_bring_back(disk->type);
	mutex_lock(&swapon_lock);
	if (err) {
		swap_area_reopen(disk->type);
		disk->leaving = false;
	} else {
		in_use[disk->type] = NULL;
		(void)swap_area_remove(disk->type);
	}
	mutex_unlock(&swapon_lock);
	if (!err)
		free_swap_disk(disk);
	return err;
}
