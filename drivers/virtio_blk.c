/*
 * Virtio disks (OASIS, Virtual I/O Device Version 1.1, 5.2).
 *
 * A request on the queue:
 *
 *     [ type, sector ]  [ page ] [ page ] ...  [ status ]
 *      we write          either                 the device writes
 *
 * Header and status of the request whose first descriptor is d stand in slot d of an array, made
 * once; so nothing is allocated for a request.  Pages may lie anywhere: addresses have 64 bits, on
 * i386 as well.
 *
 * A read-only disk, one without flush (the host writes through) or discard says so by its features.
 */
#include "drivers/block.h"
#include "drivers/pci.h"
#include "drivers/virtio.h"
#include "kernel/initcall.h"
#include "lib/printk.h"
#include "mm/slab/slab.h"
#include <linux/pci_regs.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>

#define DEVICE_TRANSITIONAL 0x1001
#define DEVICE_MODERN       (0x1040 + VIRTIO_ID_BLOCK)

#define QUEUE_SIZE          256
#define FEATURE(name)       (1ULL << VIRTIO_BLK_F_##name)

struct slot {
	struct virtio_blk_outhdr header;
	struct virtio_blk_discard_write_zeroes discard;
	u8 status;
} __aligned(64);

struct virtio_blk {
	struct virtio_device device;
	struct slot *slots;             /* one for each descriptor; of those under way in use */
	struct block_request **request; /* (disk's lock) by first descriptor; NULL: none */
};

static struct virtio_blk *blk_of(const struct disk *disk)
{
	return disk->private;
}

static const u32 types[NR_BLOCK_OPS] = {
	[BLOCK_READ] = VIRTIO_BLK_T_IN,
	[BLOCK_WRITE] = VIRTIO_BLK_T_OUT,
	[BLOCK_DISCARD] = VIRTIO_BLK_T_DISCARD,
	[BLOCK_FLUSH] = VIRTIO_BLK_T_FLUSH,
};

static unsigned data_pieces(const struct block_request *request, struct slot *slot, u64 sector,
			    struct virtio_piece *piece)
{
	u32 offset = request->offset, left = request->bytes;
	unsigned n = 0;

	if (request->op == BLOCK_DISCARD) {
		slot->discard = (struct virtio_blk_discard_write_zeroes){
			.sector = sector, .num_sectors = request->bytes >> SECTOR_SHIFT};
		piece[n++] = (struct virtio_piece){.address = virt_to_phys(&slot->discard).v,
						   .bytes = sizeof(slot->discard)};
		return n;
	}
	while (left && request->op != BLOCK_FLUSH) {
		const u32 part = min(left, (u32)PAGE_SIZE - offset);

		piece[n] = (struct virtio_piece){
			.address = ((u64)page_to_pfn(request->pages[n]) << PAGE_SHIFT) + offset,
			.bytes = part,
			.device_writes = request->op == BLOCK_READ};
		n++;
		left -= part;
		offset = 0;
	}
	return n;
}

static bool blk_start(struct disk *disk, struct block_request *request)
{
	struct virtio_blk *blk = blk_of(disk);
	struct virtio_queue *queue = &blk->device.queue;
	struct virtio_piece piece[CACHE_RUN + 3];
	struct slot *slot = &blk->slots[queue->first_free];
	const u64 sector = request->sector + request->device->start;
	const bool positioned = request->op == BLOCK_READ || request->op == BLOCK_WRITE;
	unsigned n;
	int head;

	if (!queue->free)
		return false;
	n = 1 + data_pieces(request, slot, sector, piece + 1);
	slot->header = (struct virtio_blk_outhdr){.type = types[request->op],
						  .sector = positioned ? sector : 0};
	slot->status = 0xff;
	piece[0] = (struct virtio_piece){.address = virt_to_phys(&slot->header).v,
					 .bytes = sizeof(slot->header)};
	piece[n++] = (struct virtio_piece){
		.address = virt_to_phys(&slot->status).v, .bytes = 1, .device_writes = true};
	head = virtio_add(queue, piece, n);
	if (head < 0)
		return false;
	blk->request[head] = request;
	return true;
}

static struct block_request *blk_finished(struct disk *disk)
{
	struct virtio_blk *blk = blk_of(disk);
	struct block_request *request;
	int head = virtio_take(&blk->device.queue);

	if (head < 0)
		return NULL;
	request = blk->request[head];
	blk->request[head] = NULL;
	BUG_ON(!request);
	switch (READ_ONCE(blk->slots[head].status)) {
	case VIRTIO_BLK_S_OK: request->error = 0; break;
	case VIRTIO_BLK_S_UNSUPP: request->error = -EOPNOTSUPP; break;
	default: request->error = -EIO;
	}
	return request;
}

static void blk_notify(struct disk *disk)
{
	virtio_notify(&blk_of(disk)->device.queue);
}

static bool blk_has_finished(const struct disk *disk)
{
	return virtio_has_used(&blk_of(disk)->device.queue);
}

static const struct disk_driver driver = {.start = blk_start,
					  .finished = blk_finished,
					  .notify = blk_notify,
					  .has_finished = blk_has_finished};

static void blk_interrupt(void *arg)
{
	struct disk *disk = arg;

	if (virtio_was_me(&blk_of(disk)->device))
		disk_interrupt(disk);
}

/* What the device says of itself. (4.1.3.1: fields are read by their own width.) */
static void read_config(struct virtio_blk *blk, struct block_device *whole)
{
	const volatile struct virtio_blk_config *config = blk->device.config;
	const volatile u32 *capacity = (const volatile u32 *)&config->capacity;
	const u64 features = blk->device.features;

	whole->sectors = capacity[0] | (u64)capacity[1] << 32;
	whole->block = features & FEATURE(BLK_SIZE) ? config->blk_size : SECTOR_SIZE;
	if (whole->block < SECTOR_SIZE || whole->block > PAGE_SIZE ||
	    (whole->block & (whole->block - 1)))
		whole->block = SECTOR_SIZE;
	whole->max_pages = CACHE_RUN;
	if (features & FEATURE(SEG_MAX))
		whole->max_pages = min(whole->max_pages, max(config->seg_max, 1u));
	whole->max_pages = min(whole->max_pages, blk->device.queue.size - 2u);
	whole->read_only = features & FEATURE(RO);
	whole->write_cache = features & FEATURE(FLUSH);
	if (features & FEATURE(DISCARD))
		whole->max_discard = min(config->max_discard_sectors, 1u << 21);
}

static int probe(u16 function)
{
	const u64 wanted = FEATURE(SEG_MAX) | FEATURE(RO) | FEATURE(BLK_SIZE) | FEATURE(FLUSH) |
			   FEATURE(DISCARD);
	struct virtio_blk *blk = kzalloc(sizeof(*blk), GFP_KERNEL);
	struct disk *disk = blk ? disk_alloc(&driver, blk) : NULL;
	int err;

	if (!disk)
		return -ENOMEM; /* at boot: nothing more will go well */
	blk->slots = alloc_pages_exact(QUEUE_SIZE * sizeof(struct slot), GFP_KERNEL | __GFP_ZERO);
	blk->request = kzalloc(QUEUE_SIZE * sizeof(*blk->request), GFP_KERNEL);
	if (!blk->slots || !blk->request)
		return -ENOMEM;
	err = virtio_setup(&blk->device, function, wanted, QUEUE_SIZE, blk_interrupt, disk);
	if (err)
		return err;
	if (blk->device.queue.size < 4)
		return -ENODEV;
	read_config(blk, &disk->part[0].device);
	virtio_start(&blk->device);
	return disk_add(disk);
}

static int virtio_blk_init(void)
{
	for (u16 at = PCI_NOWHERE; (at = pci_next(at)) != PCI_NOWHERE;) {
		const u16 id = pci_read16(at, PCI_DEVICE_ID);
		int err;

		if (pci_read16(at, PCI_VENDOR_ID) != VIRTIO_VENDOR ||
		    (id != DEVICE_TRANSITIONAL && id != DEVICE_MODERN))
			continue;
		err = probe(at);
		if (err)
			pr_err("virtio-blk at %02x:%02x.%x: cannot be used: %d\n", at >> 8,
			       at >> 3 & 31, at & 7, err);
	}
	return 0;
}
INITCALL(INIT_DEVICE, virtio_blk_init);
