/*
 * Virtio devices on PCI, as version 1.0 has them, with one queue (OASIS, Virtual I/O Device
 * Version 1.1: 2.6 split virtqueues, 3.1 initialization, 4.1 PCI).
 */
#pragma once

#include "lib/types.h"
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#define VIRTIO_VENDOR 0x1af4

struct virtio_queue {
	u16 size;             /* descriptors; a power of two, constant */
	u16 free, first_free; /* (user's lock) how many, linked by `next` */
	u16 added;            /* (user's lock) what avail->idx will be */
	u16 taken;            /* (user's lock) up to where used->ring was read */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	volatile u16 *doorbell;
};

struct virtio_device {
	u16 function; /* PCI */
	volatile struct virtio_pci_common_cfg *common;
	volatile u8 *isr;
	volatile void *config; /* the device's own */
	u64 features;          /* agreed upon */
	bool by_message;       /* interrupts */
	struct virtio_queue queue;
};

/*
 * Find the registers, reset the device, agree on those of `wanted` that it offers, make its queue of at
 * most max_size, have handler(arg) called. Then virtio_start(). 0; -ENODEV: no device of version 1.0;
 * -errno: it is given up, which the device is told. At boot; may sleep.
 */
int virtio_setup(struct virtio_device *device, u16 function, u64 wanted, u16 max_size,
		 void (*handler)(void *), void *arg);
void virtio_start(struct virtio_device *device);
/* In the handler of a line that may be shared: was it this device? */
bool virtio_was_me(struct virtio_device *device);

/* One piece of a request, in the order of the device's specification. */
struct virtio_piece {
	u64 address; /* physical */
	u32 bytes;
	bool device_writes;
};
/*
 * The functions below: under the user's lock. A request of n pieces: what it is called from now on (its
 * first descriptor), or -EBUSY. It can be seen by the device at once; virtio_notify() makes it look.
 */
int virtio_add(struct virtio_queue *queue, const struct virtio_piece *pieces, unsigned n);
void virtio_notify(struct virtio_queue *queue);
/* A request the device has finished with, whose descriptors are free again; -1: none. */
int virtio_take(struct virtio_queue *queue);
bool virtio_has_used(const struct virtio_queue *queue); /* without the lock */
