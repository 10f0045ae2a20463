/*
 * Virtio on PCI: registers, features, the queue.
 *
 * A device says in vendor capabilities which of its memory ranges holds what: registers common to
 * all devices, its own configuration, the doorbells, the interrupt status.  (Transitional devices
 * have the same beside the registers of old, which are not used.)
 *
 * The queue is three arrays in memory that both sides see:
 *
 *    desc[]   pieces of memory, linked to requests       written by us
 *    avail    ring of requests for the device            written by us, idx last
 *    used     ring of requests it is done with           written by the device, idx last
 *
 * Descriptors not in use are linked, too.  The device is another processor: what it is to see goes
 * before the index with a release, what it has written is read behind the index with an acquire.  Before
 * ringing the doorbell a full barrier, for the device may be told by used->flags not to be rung.
 */
#include "drivers/virtio.h"

#include "drivers/pci.h"
#include "lib/atomic.h"
#include "lib/errno.h"
#include "mm/frame/frame.h"
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>

#define WAIT_FOR_RESET 100000 /* readings */

/* --- registers --- */

struct region {
	u32 offset, bytes;
	u8 bar;
	u8 cap; /* 0: not there */
};

/* The first usable capability of a type: the device prefers those that come first. */
static struct region find_region(u16 function, u8 type)
{
	struct region region = {};

	for (u8 cap = 0; (cap = pci_capability(function, PCI_CAP_ID_VNDR, cap));) {
		if (pci_read8(function, cap + VIRTIO_PCI_CAP_CFG_TYPE) != type ||
		    pci_read8(function, cap + VIRTIO_PCI_CAP_BAR) > 5)
			continue;
		region.bar = pci_read8(function, cap + VIRTIO_PCI_CAP_BAR);
		region.offset = pci_config_read(function, cap + VIRTIO_PCI_CAP_OFFSET);
		region.bytes = pci_config_read(function, cap + VIRTIO_PCI_CAP_LENGTH);
		region.cap = cap;
		break;
	}
	return region;
}

static volatile void *map_region(u16 function, const struct region *region, u32 bytes)
{
	if (!region->cap || region->bytes < bytes)
		return NULL;
	return pci_map(function, region->bar, region->offset, region->bytes);
}

static void add_status(struct virtio_device *device, u8 status)
{
	device->common->device_status = device->common->device_status | status;
}

static int reset(struct virtio_device *device)
{
	device->common->device_status = 0;
	for (unsigned i = 0; i < WAIT_FOR_RESET; i++)
		if (device->common->device_status == 0)
			return 0;
	return -EIO;
}

/* --- features --- */

static int agree(struct virtio_device *device, u64 wanted)
{
	volatile struct virtio_pci_common_cfg *common = device->common;
	u64 offered;

	wanted |= 1ULL << VIRTIO_F_VERSION_1;
	common->device_feature_select = 0;
	offered = common->device_feature;
	common->device_feature_select = 1;
	offered |= (u64)common->device_feature << 32;
	device->features = offered & wanted;
	if (!(device->features >> VIRTIO_F_VERSION_1 & 1))
		return -ENODEV;
	common->guest_feature_select = 0;
	common->guest_feature = (u32)device->features;
	common->guest_feature_select = 1;
	common->guest_feature = (u32)(device->features >> 32);
	add_status(device, VIRTIO_CONFIG_S_FEATURES_OK);
	return common->device_status & VIRTIO_CONFIG_S_FEATURES_OK ? 0 : -ENODEV;
}

/* --- the queue --- */

static int queue_alloc(struct virtio_queue *queue, u16 size)
{
	const size_t desc_bytes = size * sizeof(struct vring_desc);
	const size_t avail_bytes = ALIGN_UP(sizeof(struct vring_avail) + (size + 1u) * 2,
					    (size_t)VRING_DESC_ALIGN_SIZE);
	const size_t used_bytes =
		sizeof(struct vring_used) + size * sizeof(struct vring_used_elem) + 2;
	char *memory =
		alloc_pages_exact(desc_bytes + avail_bytes + used_bytes, GFP_KERNEL | __GFP_ZERO);

	if (!memory)
		return -ENOMEM;
	queue->size = queue->free = size;
	queue->desc = (struct vring_desc *)memory;
	queue->avail = (struct vring_avail *)(memory + desc_bytes);
	queue->used = (struct vring_used *)(memory + desc_bytes + avail_bytes);
	for (u16 i = 0; i < size; i++)
		queue->desc[i].next = i + 1;
	return 0;
}

static int queue_setup(struct virtio_device *device, u16 max_size, const struct region *notify)
{
	volatile struct virtio_pci_common_cfg *common = device->common;
	struct virtio_queue *queue = &device->queue;
	u16 size;
	u64 at;
	int err;

	common->queue_select = 0;
	size = min((u16)common->queue_size, max_size);
	if (!size)
		return -ENODEV;
	err = queue_alloc(queue, size);
	if (err)
		return err;
	common->queue_size = size;
	at = virt_to_phys(queue->desc).v;
	common->queue_desc_lo = (u32)at;
	common->queue_desc_hi = (u32)(at >> 32);
	at = virt_to_phys(queue->avail).v;
	common->queue_avail_lo = (u32)at;
	common->queue_avail_hi = (u32)(at >> 32);
	at = virt_to_phys(queue->used).v;
	common->queue_used_lo = (u32)at;
	common->queue_used_hi = (u32)(at >> 32);
	at = notify->offset +
	     (u64)common->queue_notify_off *
		     pci_config_read(device->function, notify->cap + VIRTIO_PCI_NOTIFY_CAP_MULT);
	queue->doorbell = pci_map(device->function, notify->bar, at, sizeof(u16));
	return queue->doorbell ? 0 : -ENOMEM;
}

int virtio_add(struct virtio_queue *queue, const struct virtio_piece *pieces, unsigned n)
{
	u16 at = queue->first_free, head = at;

	ASSERT(n > 0 && n <= queue->size);
	if (n > queue->free)
		return -EBUSY;
	for (unsigned i = 0; i < n; i++) {
		struct vring_desc *desc = &queue->desc[at];

		desc->addr = pieces[i].address;
		desc->len = pieces[i].bytes;
		desc->flags = (pieces[i].device_writes ? VRING_DESC_F_WRITE : 0) |
			      (i + 1 < n ? VRING_DESC_F_NEXT : 0);
		at = desc->next;
	}
	queue->first_free = at;
	queue->free -= n;
	queue->avail->ring[queue->added & (queue->size - 1)] = head;
	queue->added++;
	store_release(&queue->avail->idx, queue->added);
	return head;
}

void virtio_notify(struct virtio_queue *queue)
{
	smp_mb();
	if (!(READ_ONCE(queue->used->flags) & VRING_USED_F_NO_NOTIFY))
		*queue->doorbell = 0; /* the queue's number */
}

bool virtio_has_used(const struct virtio_queue *queue)
{
	return load_acquire(&queue->used->idx) != READ_ONCE(queue->taken);
}

int virtio_take(struct virtio_queue *queue)
{
	u16 head, last;

	if (!virtio_has_used(queue))
		return -1;
	head = (u16)queue->used->ring[queue->taken & (queue->size - 1)].id;
	BUG_ON(head >= queue->size);
	WRITE_ONCE(queue->taken, queue->taken + 1);
	for (last = head;; last = queue->desc[last].next) {
		queue->free++;
		if (!(queue->desc[last].flags & VRING_DESC_F_NEXT))
			break;
	}
	queue->desc[last].next = queue->first_free;
	queue->first_free = head;
	return head;
}

/* --- all of it --- */

static int setup(struct virtio_device *device, u64 wanted, u16 max_size, void (*handler)(void *),
		 void *arg)
{
	const u16 function = device->function;
	const struct region common = find_region(function, VIRTIO_PCI_CAP_COMMON_CFG),
			    isr = find_region(function, VIRTIO_PCI_CAP_ISR_CFG),
			    config = find_region(function, VIRTIO_PCI_CAP_DEVICE_CFG),
			    notify = find_region(function, VIRTIO_PCI_CAP_NOTIFY_CFG);
	int err;

	if (!common.cap || !notify.cap)
		return -ENODEV;
	pci_enable(function);
	device->common = map_region(function, &common, sizeof(*device->common));
	device->isr = map_region(function, &isr, 1);
	device->config = map_region(function, &config, 1);
	if (!device->common || !device->isr || !device->config)
		return -ENODEV;
	err = reset(device);
	if (err)
		return err;
	add_status(device, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	add_status(device, VIRTIO_CONFIG_S_DRIVER);
	err = agree(device, wanted);
	if (!err)
		err = queue_setup(device, max_size, &notify);
	if (!err)
		err = pci_request_irq(function, handler, arg, "virtio");
	if (err < 0)
		return err;
	device->by_message = err;
	if (device->by_message) {
		/* Table entry 0 for the queue; changes of the configuration are not listened to. */
		device->common->msix_config = 0xffff;
		device->common->queue_msix_vector = 0;
		if (device->common->queue_msix_vector != 0)
			return -EBUSY;
	}
	device->common->queue_enable = 1;
	return 0;
}

int virtio_setup(struct virtio_device *device, u16 function, u64 wanted, u16 max_size,
		 void (*handler)(void *), void *arg)
{
	int err;

	device->function = function;
	err = setup(device, wanted, max_size, handler, arg);
	if (err && device->common)
		add_status(device, VIRTIO_CONFIG_S_FAILED);
	return err;
}

void virtio_start(struct virtio_device *device)
{
	add_status(device, VIRTIO_CONFIG_S_DRIVER_OK);
}

bool virtio_was_me(struct virtio_device *device)
{
	return device->by_message || *device->isr; /* reading it takes the line back */
}
