/*
 * Partitions: the table in a disk's first sector, as PCs have it.
 *
 *     446: four entries of 16 bytes: boot flag, -, type, -, first sector, number of sectors
 *     510: 55 aa
 *
 * Entries 1 to 4 are partitions of these numbers.  One of them may be an extended partition, a box
 * for more: its first sector holds such a table, whose first entry is a logical partition (counted
 * from there) and whose second leads to the next table (counted from the box's beginning).  Logical
 * partitions are numbered from 5 on.
 *
 *     box: [table][ logical 5 ][table][ logical 6 ] ...
 *             '------------------^
 *
 * What reaches beyond the disk is cut off, an entry that begins there is none.  Tables are read past
 * the cache, so that what the disk holds counts.
 */
#include "drivers/block.h"

#include "lib/printf.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "mm/frame/kmap.h"

#define TABLE_AT      446
#define SIGNATURE_AT  510
#define FIRST_LOGICAL 5u

struct entry {
	u8 type;
	u32 start, sectors;
};

static u32 little_endian(const u8 *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (u32)at[3] << 24;
}

static bool is_box(u8 type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* The four entries at a sector: 0, -ENODATA: no table there, or -errno. */
static int read_table(struct disk *disk, u64 sector, struct page *page, struct entry entry[4])
{
	const u32 bytes = disk->part[0].device.block;
	struct block_request request = {.op = BLOCK_READ, .bytes = bytes, .pages = &page};
	const u64 sectors = bytes >> SECTOR_SHIFT;
	u32 skip = (u32)(sector & (sectors - 1)) << SECTOR_SHIFT;
	const u8 *table;
	int err;

	request.sector = sector & ~(sectors - 1);
	err = block_do(&disk->part[0], &request);
	if (err)
		return err;
	table = (const u8 *)page_address(page) + skip;
	if (table[SIGNATURE_AT] != 0x55 || table[SIGNATURE_AT + 1] != 0xaa)
		return -ENODATA;
	for (unsigned i = 0; i < 4; i++) {
		const u8 *at = table + TABLE_AT + i * 16;

		if (at[0] & 0x7f) /* no boot flag: a file system's first sector, perhaps */
			return -ENODATA;
		entry[i] = (struct entry){at[4], little_endian(at + 8), little_endian(at + 12)};
	}
	return 0;
}

static int add(struct disk *disk, unsigned n, u64 start, u64 sectors)
{
	const u64 end = disk->part[0].device.sectors;

	if (start >= end || !sectors)
		return 0;
	return disk_set_partition(disk, n, start, min(sectors, end - start));
}

static int read_box(struct disk *disk, struct page *page, u64 box)
{
	u64 table = box;

	for (unsigned n = FIRST_LOGICAL; n < DISK_MINORS; n++) {
		struct entry entry[4];
		int err = read_table(disk, table, page, entry);

		if (err)
			return err == -ENODATA ? 0 : err;
		err = entry[0].type ? add(disk, n, table + entry[0].start, entry[0].sectors) : 0;
		if (err || !is_box(entry[1].type) || !entry[1].start)
			return err;
		table = box + entry[1].start;
	}
	return 0;
}

static int read_all(struct disk *disk, struct page *page)
{
	struct entry entry[4];
	int err = read_table(disk, 0, page, entry);

	if (err)
		return err == -ENODATA ? 0 : err;
	for (unsigned i = 0; i < 4 && !err; i++) {
		if (!entry[i].type)
			continue;
		/* Of a box only its first sectors are to be seen: enough for a boot loader. */
		err = add(disk, i + 1, entry[i].start,
			  is_box(entry[i].type) ? min(entry[i].sectors, 2u) : entry[i].sectors);
	}
	for (unsigned i = 0; i < 4 && !err; i++)
		if (is_box(entry[i].type)) {
			err = read_box(disk, page, entry[i].start);
			break;
		}
	return err;
}

static void say(const struct disk *disk)
{
	char text[DISK_MINORS * 16];
	int n = 0;

	for (unsigned i = 1; i < DISK_MINORS; i++)
		if (disk->part[i].device.sectors)
			n += scnprintf(text + n, sizeof(text) - n, " %s",
				       disk->part[i].device.name);
	if (n)
		pr_info(" %s:%s\n", disk->part[0].device.name, text);
}

int partitions_read(struct disk *disk)
{
	struct page *page = alloc_page(GFP_KERNEL);
	int err = 0;

	if (!page)
		return -ENOMEM;
	mutex_lock(&disk->partition_lock);
	for (unsigned i = 1; i < DISK_MINORS; i++)
		if (atomic_read(&disk->part[i].openers))
			err = -EBUSY;
	if (!err) {
		for (unsigned i = 1; i < DISK_MINORS; i++)
			if (disk->part[i].device.sectors)
				blkdev_remove_part(&disk->part[i]);
		err = read_all(disk, page);
		say(disk);
	}
	mutex_unlock(&disk->partition_lock);
	__free_page(page);
	return err;
}
