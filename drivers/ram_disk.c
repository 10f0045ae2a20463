/*
 * Disks in memory that take their time: `ram_disk=64M` on the command line, again for another one.
 *
 * For runs that must repeat exactly (docs/swap.md): a real disk's answers come from outside the machine, at
 * moments that nobody can foresee, and with them the order of everything that waits for them.  Here all is
 * counted by the machine's own clock:
 *
 *	started    the sectors are copied; due when the disk is done with those before, and then has
 *	           taken SEEK_NS and so long as its RATE says
 *	due        the tick that comes next wakes the disk's thread, which takes what is due
 *
 * The memory is taken when the machine boots, in single pages, and counts as used. What was on the disk is
 * gone when the machine ends.
 */
#include "drivers/block.h"
#include "kernel/initcall.h"
#include "kernel/timer.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/boot.h"
#include "machine/highmem.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"

#define SEEK_NS          50000ULL
#define NS_PER_SECTOR    1000ULL /* 512 MB/s */
#define WAITING          64U     /* requests, a power of two */
#define SECTORS_PER_PAGE ((u64)PAGE_SIZE / SECTOR_SIZE)

struct ram_disk {
	struct page **page; /* constant */
	struct disk *disk;  /* constant */
	struct timer timer;
	/* (disk's lock) Those under way, oldest first, and when they are done. */
	struct {
		struct block_request *request;
		u64 due;
	} ring[WAITING];
	u32 first, end;
	u64 busy_until; /* (disk's lock) ktime */
	u64 next_due;   /* (disk's lock; read without) of the oldest; ~0: none */
};

/* One piece that lies in one page of the disk and one of the request's. */
static void copy_piece(struct page *at, u32 place, struct page *page, u32 offset, u32 bytes,
		       bool read)
{
	u8 *mine = kmap_local_page(at), *theirs = kmap_local_page(page);

	if (read)
		memcpy(theirs + offset, mine + place, bytes);
	else
		memcpy(mine + place, theirs + offset, bytes);
	kunmap_local(theirs);
	kunmap_local(mine);
}

static void copy(struct ram_disk *ram, const struct block_request *request, u64 sector)
{
	u64 place = sector << SECTOR_SHIFT;
	u32 offset = request->offset, left = request->bytes;

	while (left) {
		const u32 inside = (u32)(place & (PAGE_SIZE - 1)), in_page = offset % PAGE_SIZE;
		const u32 bytes = min(left, (u32)PAGE_SIZE - max(inside, in_page));

		copy_piece(ram->page[place >> PAGE_SHIFT], inside,
			   request->pages[offset >> PAGE_SHIFT], in_page, bytes,
			   request->op == BLOCK_READ);
		place += bytes;
		offset += bytes;
		left -= bytes;
	}
}

static bool ram_start(struct disk *disk, struct block_request *request)
{
	struct ram_disk *ram = disk->private;

	if (ram->end - ram->first == WAITING)
		return false;
	if (request->op != BLOCK_FLUSH)
		copy(ram, request, request->sector + request->device->start);
	ram->busy_until = max(ram->busy_until, ktime_ns()) + SEEK_NS +
			  (request->bytes >> SECTOR_SHIFT) * NS_PER_SECTOR;
	if (ram->first == ram->end)
		WRITE_ONCE(ram->next_due, ram->busy_until);
	ram->ring[ram->end % WAITING].request = request;
	ram->ring[ram->end % WAITING].due = ram->busy_until;
	ram->end++;
	return true;
}

static void ram_notify(struct disk *disk)
{
	struct ram_disk *ram = disk->private;

	if (ram->first != ram->end)
		timer_start(&ram->timer, ram->next_due);
}

static bool ram_has_finished(const struct disk *disk)
{
	const struct ram_disk *ram = disk->private;

	return READ_ONCE(ram->next_due) <= ktime_ns();
}

static struct block_request *ram_finished(struct disk *disk)
{
	struct ram_disk *ram = disk->private;
	struct block_request *request;

	if (!ram_has_finished(disk)) {
		ram_notify(disk);
		return NULL;
	}
	request = ram->ring[ram->first++ % WAITING].request;
	WRITE_ONCE(ram->next_due,
		   ram->first == ram->end ? ~0ULL : ram->ring[ram->first % WAITING].due);
	request->error = 0;
	return request;
}

static const struct disk_driver driver = {.start = ram_start,
					  .finished = ram_finished,
					  .notify = ram_notify,
					  .has_finished = ram_has_finished};

static void tick(struct timer *timer)
{
	disk_interrupt(container_of(timer, struct ram_disk, timer)->disk);
}

static void free_pages_of(struct ram_disk *ram, unsigned long n)
{
	while (n > 0)
		__free_page(ram->page[--n]);
	vfree(ram->page);
}

static int add(unsigned long pages)
{
	struct ram_disk *ram = kzalloc(sizeof(*ram), GFP_KERNEL);
	struct disk *disk = ram ? disk_alloc(&driver, ram) : NULL;

	if (!disk)
		return -ENOMEM;
	ram->page = vmalloc(pages * sizeof(*ram->page));
	for (unsigned long n = 0; ram->page && n < pages; n++) {
		ram->page[n] = alloc_page(GFP_HIGHUSER | __GFP_ZERO | __GFP_NORETRY | __GFP_NOWARN);
		if (!ram->page[n]) {
			free_pages_of(ram, n);
			ram->page = NULL;
		}
	}
	if (!ram->page)
		return -ENOMEM; /* at boot: the rest does not matter */
	timer_init(&ram->timer, tick);
	ram->disk = disk;
	ram->next_due = ~0ULL;
	disk->part[0].device.sectors = pages * SECTORS_PER_PAGE;
	disk->part[0].device.block = SECTOR_SIZE;
	disk->part[0].device.max_pages = CACHE_RUN;
	return disk_add(disk);
}

static int ram_disk_init(void)
{
	char size[24];

	for (unsigned n = 0; boot_option_nth("ram_disk", n, size, sizeof(size)); n++) {
		const char *end;
		const u64 bytes = parse_size(size, &end);
		const int err = *end || bytes < PAGE_SIZE || bytes >> PAGE_SHIFT > totalram_pages()
					? -EINVAL
					: add((unsigned long)(bytes >> PAGE_SHIFT));

		if (err)
			pr_err("ram_disk=%s: cannot be had: %d\n", size, err);
	}
	return 0;
}
INITCALL(INIT_LATE, ram_disk_init); /* after the real ones */
