/*
 * Disks: from a request to the device and back.
 *
 *   task:      block_submit --> part's sectors to the disk's --> [waiting] --> driver->start
 *                                                                    ^             |
 *   interrupt: wake the disk's thread                       when it has room     device
 *                                                                    |             |
 *   thread:    done(request) <-- counters <-- driver->finished <-----+-------------'
 *
 * The interrupt handler does nothing but wake the thread: what follows the end of a request wakes
 * tasks, frees pages and takes the locks of the page cache, which interrupts must not.  So
 * the disk's lock is never taken by an interrupt.
 *
 * Requests go to the device in the order they come; the device may end them in another.  Who wants
 * an order between two waits for the first.  A request that is longer than the device takes is
 * the owner's mistake (device.max_pages).
 *
 * Counters (/proc/diskstats) are kept for the partition and for the disk, under the lock: at the start
 * and the end of each request the time since the last such moment is added to busy_ns if any was
 * in flight, and as many times to waiting_ns as there were.
 */
#include "drivers/block.h"

#include "kernel/initcall.h"
#include "lib/printf.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "mm/lru/refault.h"
#include "mm/slab/slab.h"
#include "mm/trace/trace.h"
#include "sync/stall.h"

static struct disk *disks[MAX_DISKS]; /* filled at boot, constant afterwards */
static unsigned nr_disks;

/* --- counters --- */

static void stats_pass(struct block_stats *stats, u64 now)
{
	const u64 passed = now - stats->changed;

	if (stats->in_flight) {
		stats->busy_ns += passed;
		stats->waiting_ns += passed * stats->in_flight;
	}
	stats->changed = now;
}

static void stats_begin(struct block_stats *stats, u64 now)
{
	stats_pass(stats, now);
	stats->in_flight++;
}

static void stats_end(struct block_stats *stats, const struct block_request *request, u64 now)
{
	stats_pass(stats, now);
	stats->in_flight--;
	stats->requests[request->op]++;
	stats->sectors[request->op] += request->bytes >> SECTOR_SHIFT;
	stats->ns[request->op] += now - request->submitted;
}

static struct disk_part *part_of(const struct block_request *request)
{
	return container_of(request->device, struct disk_part, device);
}

/* A request begins: on the counters of the disk and, if it is of one, of the partition. (disk's lock) */
static void count_begin(const struct block_request *request)
{
	struct disk_part *part = part_of(request);

	stats_begin(&part->disk->part[0].stats, request->submitted);
	if (part->minor)
		stats_begin(&part->stats, request->submitted);
}

static void count_end(const struct block_request *request, u64 now)
{
	struct disk_part *part = part_of(request);

	stats_end(&part->disk->part[0].stats, request, now);
	if (part->minor)
		stats_end(&part->stats, request, now);
}

void block_stats_get(struct disk_part *part, struct block_stats *stats)
{
	spin_lock(&part->disk->lock);
	stats_pass(&part->stats, ktime_ns());
	*stats = part->stats;
	spin_unlock(&part->disk->lock);
}

/* --- requests --- */

static int refusal(const struct block_device *device, const struct block_request *request)
{
	const u64 sectors = request->bytes >> SECTOR_SHIFT;

	if (device->sectors == 0)
		return -ENXIO;
	if (request->op != BLOCK_FLUSH &&
	    (sectors > device->sectors || request->sector > device->sectors - sectors))
		return -EIO;
	if (device->read_only && request->op != BLOCK_READ && request->op != BLOCK_FLUSH)
		return -EROFS;
	if (request->op == BLOCK_DISCARD && !device->max_discard)
		return -EOPNOTSUPP;
	ASSERT(IS_ALIGNED(request->bytes, SECTOR_SIZE));
	ASSERT(request->op > BLOCK_WRITE || request->bytes > 0);
	return 0;
}

/* Give the device what it has room for. (disk's lock) */
static void start_waiting(struct disk *disk)
{
	bool any = false;

	while (!list_empty(&disk->waiting)) {
		struct block_request *request =
			list_first_entry(&disk->waiting, struct block_request, list);

		if (!disk->driver->start(disk, request))
			break;
		list_del(&request->list);
		any = true;
	}
	if (any)
		disk->driver->notify(disk);
}

static void disk_submit(struct block_device *device, struct block_request *request)
{
	struct disk_part *part = container_of(device, struct disk_part, device);
	struct disk *disk = part->disk;

	request->device = device;
	request->error = refusal(device, request);
	if (request->error) {
		request->done(request);
		return;
	}
	request->submitted = ktime_ns();
	if (request->op == BLOCK_READ) {
		trace_disk_read(device->number, request->sector, request->bytes >> SECTOR_SHIFT, 0);
		task_io()->read_bytes += request->bytes;
	} else if (request->op == BLOCK_WRITE) {
		trace_disk_write(device->number, request->sector, request->bytes >> SECTOR_SHIFT,
				 0);
	}
	spin_lock(&disk->lock);
	count_begin(request);
	list_add_tail(&request->list, &disk->waiting);
	start_waiting(disk);
	spin_unlock(&disk->lock);
}

void disk_interrupt(struct disk *disk)
{
	wake_up(&disk->wait);
}

static void complain(const struct block_request *request)
{
	static const char *const names[NR_BLOCK_OPS] = {"READ", "WRITE", "DISCARD", "FLUSH"};

	pr_err("I/O error, dev %s, sector %llu op %s\n", request->device->name,
	       (unsigned long long)request->sector, names[request->op]);
}

static int disk_thread(void *arg)
{
	struct disk *disk = arg;

	for (;;) {
		LIST_HEAD(finished);
		struct block_request *request;
		u64 now;

		(void)wait_event_state(&disk->wait, disk->driver->has_finished(disk),
				       TASK_INTERRUPTIBLE, false);
		now = ktime_ns();
		spin_lock(&disk->lock);
		while ((request = disk->driver->finished(disk))) {
			count_end(request, now);
			list_add_tail(&request->list, &finished);
		}
		start_waiting(disk);
		spin_unlock(&disk->lock);
		while (!list_empty(&finished)) {
			request = list_first_entry(&finished, struct block_request, list);
			list_del(&request->list);
			if (request->error)
				complain(request);
			request->done(request);
		}
		cond_resched();
	}
	return 0;
}

/* --- waiting for one's own --- */

static void served(struct block_request *request)
{
	struct disk *disk = part_of(request)->disk;

	/* The request is on the waiter's stack, which goes as soon as he sees this. */
	store_release(&request->private, (void *)disk);
	wake_up_all(&disk->served);
}

int block_do(struct disk_part *part, struct block_request *request)
{
	request->done = served;
	request->private = NULL; /* until it has been served */
	block_submit(&part->device, request);
	stall_begin(STALL_IO);
	wait_event(&part->disk->served, load_acquire(&request->private) != NULL);
	stall_end(STALL_IO);
	return request->error;
}

int block_flush(struct disk_part *part)
{
	struct block_request request = {.op = BLOCK_FLUSH};

	return part->device.write_cache ? block_do(part, &request) : 0;
}

void block_flush_all(void)
{
	for (unsigned i = 0; i < nr_disks; i++)
		(void)block_flush(&disks[i]->part[0]);
}

/* --- disks --- */

struct disk_part *disk_part_find(u32 number)
{
	const unsigned n = MINOR(number) / DISK_MINORS;
	struct disk_part *part;

	if (MAJOR(number) != DISK_MAJOR || n >= nr_disks)
		return NULL;
	part = &disks[n]->part[MINOR(number) % DISK_MINORS];
	return part->device.sectors || part->minor == 0 ? part : NULL;
}

struct disk *disk_nth(unsigned n)
{
	return n < nr_disks ? disks[n] : NULL;
}

struct disk *disk_alloc(const struct disk_driver *driver, void *private)
{
	struct disk *disk = kzalloc(sizeof(*disk), GFP_KERNEL);

	if (!disk)
		return NULL;
	disk->driver = driver;
	disk->private = private;
	spin_lock_init(&disk->lock, RANK_DISK);
	list_init(&disk->waiting);
	init_waitqueue_head(&disk->wait);
	init_waitqueue_head(&disk->served);
	mutex_init(&disk->partition_lock, RANK_MODULE);
	for (unsigned i = 0; i < DISK_MINORS; i++) {
		disk->part[i].disk = disk;
		disk->part[i].minor = i;
	}
	return disk;
}

static void name_part(struct disk *disk, unsigned minor)
{
	struct block_device *device = &disk->part[minor].device;

	device->number = MKDEV(DISK_MAJOR, disk->number * DISK_MINORS + minor);
	device->submit = disk_submit;
	if (minor)
		scnprintf(device->name, sizeof(device->name), "vd%c%u", 'a' + disk->number, minor);
	else
		scnprintf(device->name, sizeof(device->name), "vd%c", 'a' + disk->number);
}

int disk_set_partition(struct disk *disk, unsigned n, u64 start, u64 sectors)
{
	struct block_device *device = &disk->part[n].device;
	const struct block_device *whole = &disk->part[0].device;

	name_part(disk, n);
	device->block = whole->block;
	device->max_pages = whole->max_pages;
	device->read_only = whole->read_only;
	device->write_cache = whole->write_cache;
	device->max_discard = whole->max_discard;
	device->start = start;
	device->sectors = sectors;
	return blkdev_add_part(&disk->part[n]);
}

int disk_add(struct disk *disk)
{
	struct block_device *whole = &disk->part[0].device;
	struct task_struct *thread;
	int err;

	if (nr_disks == MAX_DISKS)
		return -ENOSPC;
	disk->number = nr_disks;
	name_part(disk, 0);
	err = writeback_init();
	if (!err)
		err = blkdev_add_disk(disk);
	if (err)
		return err;
	thread = kthread_run(disk_thread, disk, whole->name);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	(void)refault_init(); /* without room for it pages that come back are not recognised */
	disks[nr_disks] = disk;
	nr_disks++;
	pr_info("%s: %llu sectors of %u bytes (%llu MiB)%s\n", whole->name,
		(unsigned long long)whole->sectors >> (__builtin_ctz(whole->block) - SECTOR_SHIFT),
		whole->block, (unsigned long long)whole->sectors >> 11,
		whole->read_only ? ", read-only" : "");
	err = blkdev_add_part(&disk->part[0]);
	return err ? err : partitions_read(disk);
}
