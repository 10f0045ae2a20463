/*
 * The disk in memory (machine/soft_disk.h).
 *
 *   requests    A arrives    B arrives
 *   disk        |---- A -----|------ B ------|
 *               start_A      start_B = end_A
 *
 * `free_at` is when the last request that came will be done; the next starts there, or now if
 * that is past.  Who asks sleeps until his own end and then moves the bytes, under the lock, so that a
 * sector is never half of one write and half of another.
 */
#define _GNU_SOURCE
#include "machine/soft_disk.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "soft_int.h"
#include "sync/task.h"
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

struct soft_disk {
	u64 sectors;                  /* constant */
	struct soft_disk_model model; /* constant */
	char *bytes;                  /* (lock) the contents */
	pthread_mutex_t lock;
	u64 free_at;                  /* (lock) ktime ns */
	struct soft_disk_stats stats; /* (lock) */
};

struct soft_disk *soft_disk_new(u64 sectors, const struct soft_disk_model *model)
{
	struct soft_disk *disk;
	void *bytes;

	if (sectors == 0 || sectors > (1ULL << 46) / SECTOR_BYTES)
		return NULL;
	bytes = mmap(NULL, sectors * SECTOR_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bytes == MAP_FAILED)
		return NULL;
	disk = calloc(1, sizeof(*disk));
	if (!disk) {
		munmap(bytes, sectors * SECTOR_BYTES);
		return NULL;
	}
	disk->sectors = sectors;
	disk->bytes = bytes;
	if (model)
		disk->model = *model;
	pthread_mutex_init(&disk->lock, NULL);
	return disk;
}

void soft_disk_free(struct soft_disk *disk)
{
	if (!disk)
		return;
	munmap(disk->bytes, disk->sectors * SECTOR_BYTES);
	pthread_mutex_destroy(&disk->lock);
	free(disk);
}

u64 soft_disk_sectors(const struct soft_disk *disk)
{
	return disk->sectors;
}

/* Queue a request and sleep until it is done. */
static void take_time(struct soft_disk *disk, u64 sectors)
{
	const u64 now = ktime_ns();
	const u64 ns = disk->model.latency_ns + sectors * disk->model.sector_ns;
	u64 end;

	if (ns == 0)
		return;
	pthread_mutex_lock(&disk->lock);
	disk->free_at = end = max(disk->free_at, now) + ns;
	disk->stats.busy_ns += ns;
	pthread_mutex_unlock(&disk->lock);
	for (u64 left = end - now; left > 0;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		left = schedule_timeout(left);
	}
}

static bool good(const struct soft_disk *disk, u64 sector, u64 sectors)
{
	const u64 bad = disk->model.bad_sector;

	return sector <= disk->sectors && sectors <= disk->sectors - sector &&
	       !(bad && bad >= sector && bad - sector < sectors);
}

int soft_disk_read(struct soft_disk *disk, u64 sector, void *to, u64 sectors)
{
	take_time(disk, sectors);
	if (!good(disk, sector, sectors))
		return -EIO;
	pthread_mutex_lock(&disk->lock);
	memcpy(to, disk->bytes + sector * SECTOR_BYTES, sectors * SECTOR_BYTES);
	disk->stats.reads++;
	disk->stats.sectors_read += sectors;
	pthread_mutex_unlock(&disk->lock);
	return 0;
}

int soft_disk_write(struct soft_disk *disk, u64 sector, const void *from, u64 sectors)
{
	take_time(disk, sectors);
	if (!good(disk, sector, sectors))
		return -EIO;
	pthread_mutex_lock(&disk->lock);
	memcpy(disk->bytes + sector * SECTOR_BYTES, from, sectors * SECTOR_BYTES);
	disk->stats.writes++;
	disk->stats.sectors_written += sectors;
	pthread_mutex_unlock(&disk->lock);
	return 0;
}

struct soft_disk_stats soft_disk_stats(struct soft_disk *disk)
{
	struct soft_disk_stats stats;

	pthread_mutex_lock(&disk->lock);
	stats = disk->stats;
	pthread_mutex_unlock(&disk->lock);
	return stats;
}
