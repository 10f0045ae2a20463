/*
 * Disks: queues of requests between who asks (mm/cache/block.h) and a driver, partitions,
 * counters.
 *
 * A disk is never removed. Minor numbers: DISK_MINORS for each disk, the first is the whole disk.
 */
#pragma once

#include "fs/vfs.h"
#include "mm/cache/block.h"
#include "sync/wait.h"

#define DISK_MAJOR  254
#define DISK_MINORS 16
#define MAX_DISKS   26

struct disk;

/* What a driver does; both with the disk's lock held, by a task. */
struct disk_driver {
	/* Hand a request to the device: false, it has no room now; then it is tried again later. */
	bool (*start)(struct disk *disk, struct block_request *request);
	/* A request the device is done with, error set; NULL: no more at present. */
	struct block_request *(*finished)(struct disk *disk);
	/* Tell the device that requests were started. */
	void (*notify)(struct disk *disk);
	/* Has it finished any? Without the lock. */
	bool (*has_finished)(const struct disk *disk);
};

struct block_stats { /* (disk's lock) */
	u64 requests[NR_BLOCK_OPS], sectors[NR_BLOCK_OPS], ns[NR_BLOCK_OPS];
	u32 in_flight;
	u64 busy_ns;    /* with something in flight, up to `changed` */
	u64 waiting_ns; /* the same times how many */
	u64 changed;    /* ktime */
};

/* A disk or a partition with what makes it a file: its cache. */
struct disk_part {
	struct block_device device;
	struct disk *disk;
	unsigned minor; /* in the disk; 0: the whole */
	struct block_stats stats;
	struct inode *inode; /* holds the page cache; NULL: no such partition was ever there */
	atomic_t openers;
	const void *holder; /* (blkdev.c) who has it for himself, or NULL */
};

struct disk {
	const struct disk_driver *driver;
	void *private; /* the driver's */
	unsigned number;
	struct disk_part part[DISK_MINORS];
	spinlock_t lock;
	struct list_head waiting;      /* (lock) not with the device yet */
	struct wait_queue_head wait;   /* the disk's thread; woken by the interrupt */
	struct wait_queue_head served; /* who waits for a request of his own */
	struct mutex partition_lock;   /* reading the table */
	struct disk_runs *runs;        /* requests of the page cache (blkdev.c) */
};

/*
 * A new disk: its sectors, block, read_only and so on are filled in in part[0].device. The driver can be
 * called from now on. Named, with a thread, its partitions read, in /dev. 0 or -errno. At boot.
 */
int disk_add(struct disk *disk);
struct disk *disk_alloc(const struct disk_driver *driver, void *private); /* NULL */
void disk_interrupt(struct disk *disk); /* something has finished; from the handler */

/* Submit and sleep until it is done: request->error. */
int block_do(struct disk_part *part, struct block_request *request);
/* All that was written before is durable: 0 or -errno. */
int block_flush(struct disk_part *part);
void block_flush_all(void);

/* By device number, or NULL. The n-th disk, or NULL behind the last. */
struct disk_part *disk_part_find(u32 number);
struct disk *disk_nth(unsigned n);
/* A copy of a part's counters, times up to now. */
void block_stats_get(struct disk_part *part, struct block_stats *stats);

/*
 * Have a disk or a partition for oneself: swap, or who opens it with O_EXCL. Not while somebody has
 * it, or for a partition its disk, or for a disk one of its partitions: -EBUSY.
 */
int disk_claim(struct disk_part *part, const void *holder);
void disk_unclaim(struct disk_part *part);

/* Read the partition table anew: 0, -EBUSY (a partition is open), or -errno. */
int partitions_read(struct disk *disk);
/* Make or change partition n (1..): its cache is made, its node in /dev. 0 or -ENOMEM. */
int disk_set_partition(struct disk *disk, unsigned n, u64 start, u64 sectors);

/* Between block.c and blkdev.c. */
int blkdev_add_disk(struct disk *disk);
int blkdev_add_part(struct disk_part *part);
void blkdev_remove_part(struct disk_part *part); /* nobody has it open */
