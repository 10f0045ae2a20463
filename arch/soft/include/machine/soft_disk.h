/*
 * A disk in memory, with a model of how long it takes.
 *
 * It serves one request after the other, as a disk with one arm: a request waits until those
 * before it are done, then takes latency_ns and sector_ns for each of its sectors. The caller sleeps
 * meanwhile (under a seeded schedule: in virtual time). What was never written is zeros.
 */
#pragma once

#include "lib/types.h"

#define SECTOR_BYTES 512

struct soft_disk;

struct soft_disk_model {
	u64 latency_ns, sector_ns; /* zeros: no time passes */
	u64 bad_sector;            /* requests that touch it fail with -EIO; 0: none is bad */
};

struct soft_disk_stats {
	u64 reads, writes; /* requests */
	u64 sectors_read, sectors_written;
	u64 busy_ns; /* time in which it had work */
};

/* Host memory is used for what is written. NULL: none, or no sectors. `model` NULL: all zeros. */
struct soft_disk *soft_disk_new(u64 sectors, const struct soft_disk_model *model);
void soft_disk_free(struct soft_disk *disk); /* no request is under way; NULL is allowed */
u64 soft_disk_sectors(const struct soft_disk *disk);
/*
 * Transfer whole sectors; may sleep. 0; -EIO: a bad sector, or beyond the end; then nothing has
 * been transferred.
 */
int soft_disk_read(struct soft_disk *disk, u64 sector, void *to, u64 sectors);
int soft_disk_write(struct soft_disk *disk, u64 sector, const void *from, u64 sectors);
struct soft_disk_stats soft_disk_stats(struct soft_disk *disk);
