/*
 * Block devices as memory management sees them: something that reads and writes runs of pages.
 *
 * The drivers are above; what is here is what they register, so that the page cache's files and
 * swap can ask for I/O without knowing of them.  A request is its owner's memory, nothing is
 * allocated on the way: whoever frees memory by writing keeps a few requests of his own.
 *
 *      fill in op, sector, pages, bytes, done --block_submit()--> the driver has it
 *      ... done(request), request->error set: the owner has it again
 */
#pragma once

#include "lib/list.h"
#include "mm/frame/frame.h"

#define SECTOR_SHIFT 9 /* the unit of all requests, whatever the disk's own is */
#define SECTOR_SIZE  (1u << SECTOR_SHIFT)

enum block_op { BLOCK_READ, BLOCK_WRITE, BLOCK_DISCARD, BLOCK_FLUSH, NR_BLOCK_OPS };

struct block_request {
	enum block_op op;
	u64 sector; /* of the device, that is, of the partition */
	u32 bytes;  /* a multiple of the device's block; not of BLOCK_FLUSH */
	u32 offset; /* of the first byte in pages[0]; the others are used from their beginning */
	/* What is read to or written from, in any zone. Discard and flush have none. */
	struct page *const *pages;
	/*
	 * In the disk's thread, in order of completion: may wake, take spinlocks and drop references to
	 * pages, must not allocate or wait for I/O. The request is the owner's again, freed or reused here
	 * if he likes.
	 */
	void (*done)(struct block_request *request);
	void *private; /* the owner's */
	int error;     /* for done(): 0, -EIO, -EROFS, -EOPNOTSUPP */
	/* The driver's, from submission to done(). */
	struct block_device *device;
	struct list_head list;
	u64 submitted; /* ktime */
};

/* A disk or a partition. Never freed: a partition that has gone has no sectors. */
struct block_device {
	char name[16]; /* "vda1" */
	u32 number;    /* MKDEV */
	u64 start;     /* sectors into the disk; constant while it has sectors */
	u64 sectors;   /* 0: it has gone */
	u32 block;     /* bytes: what requests are a multiple of, 512 to PAGE_SIZE */
	u32 max_pages; /* of a request */
	bool read_only;
	bool write_cache; /* what is written is durable after a flush only */
	u32 max_discard;  /* sectors in a request; 0: it cannot discard */
	/* May sleep for nothing but spinlocks. Out of range or not possible: done() with an error. */
	void (*submit)(struct block_device *device, struct block_request *request);
};

static inline void block_submit(struct block_device *device, struct block_request *request)
{
	device->submit(device, request);
}
