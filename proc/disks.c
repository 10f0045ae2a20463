/*
 * What is told of disks: /proc/partitions, /proc/diskstats, /sys/block.
 *
 * /sys has a directory for each disk and each partition that was there at boot; that of one that
 * has gone shows size 0.
 */
#include "drivers/block.h"
#include "kernel/initcall.h"
#include "lib/div.h"
#include "lib/printf.h"
#include "proc/procfs_int.h"

/* The n-th device of all, in order of numbers, that has sectors; NULL behind the last. */
static struct disk_part *nth_part(unsigned n)
{
	struct disk *disk;

	for (unsigned d = 0; (disk = disk_nth(d)); d++)
		for (unsigned i = 0; i < DISK_MINORS; i++)
			if (disk->part[i].device.sectors && n-- == 0)
				return &disk->part[i];
	return NULL;
}

static int show_partitions(struct seq_file *m, void *unused)
{
	struct disk_part *part;

	for (unsigned n = 0; (part = nth_part(n)); n++) {
		if (n == 0)
			seq_puts(m, "major minor  #blocks  name\n\n");
		seq_printf(m, "%4u  %7u %10llu %s\n", MAJOR(part->device.number),
			   MINOR(part->device.number), (unsigned long long)part->device.sectors / 2,
			   part->device.name);
	}
	return 0;
}

static unsigned long ms(u64 ns)
{
	return (unsigned long)div_u64(ns, 1000000, NULL);
}

/* Requests, merged (never), sectors, milliseconds: of one kind. */
static void put_kind(struct seq_file *m, const struct block_stats *stats, enum block_op op)
{
	seq_printf(m, " %llu 0 %llu %lu", (unsigned long long)stats->requests[op],
		   (unsigned long long)stats->sectors[op], ms(stats->ns[op]));
}

static void put_stats(struct seq_file *m, struct disk_part *part)
{
	struct block_stats stats;

	block_stats_get(part, &stats);
	put_kind(m, &stats, BLOCK_READ);
	put_kind(m, &stats, BLOCK_WRITE);
	seq_printf(m, " %u %lu %lu", stats.in_flight, ms(stats.busy_ns), ms(stats.waiting_ns));
	put_kind(m, &stats, BLOCK_DISCARD);
	seq_printf(m, " %llu %lu\n", (unsigned long long)stats.requests[BLOCK_FLUSH],
		   ms(stats.ns[BLOCK_FLUSH]));
}

static int show_diskstats(struct seq_file *m, void *unused)
{
	struct disk_part *part;

	for (unsigned n = 0; (part = nth_part(n)); n++) {
		seq_printf(m, "%4u %7u %s", MAJOR(part->device.number), MINOR(part->device.number),
			   part->device.name);
		put_stats(m, part);
	}
	return 0;
}

/* --- /sys/block --- */

static int show_dev(struct seq_file *m, void *private)
{
	const struct disk_part *part = private;

	seq_printf(m, "%u:%u\n", MAJOR(part->device.number), MINOR(part->device.number));
	return 0;
}

static int show_uevent(struct seq_file *m, void *private)
{
	const struct disk_part *part = private;

	seq_printf(m, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=%s\n", MAJOR(part->device.number),
		   MINOR(part->device.number), part->device.name,
		   part->minor ? "partition" : "disk");
	if (part->minor)
		seq_printf(m, "PARTN=%u\n", part->minor);
	return 0;
}

static int show_u64(struct seq_file *m, u64 value)
{
	seq_printf(m, "%llu\n", (unsigned long long)value);
	return 0;
}

static int show_size(struct seq_file *m, void *private)
{
	return show_u64(m, ((struct disk_part *)private)->device.sectors);
}
static int show_start(struct seq_file *m, void *private)
{
	return show_u64(m, ((struct disk_part *)private)->device.start);
}
static int show_number_of(struct seq_file *m, void *private)
{
	return show_u64(m, ((struct disk_part *)private)->minor);
}
static int show_ro(struct seq_file *m, void *private)
{
	return show_u64(m, ((struct disk_part *)private)->device.read_only);
}
static int show_block_size(struct seq_file *m, void *private)
{
	return show_u64(m, ((struct disk_part *)private)->device.block);
}
static int show_discard_most(struct seq_file *m, void *private)
{
	return show_u64(m, (u64)((struct disk_part *)private)->device.max_discard << SECTOR_SHIFT);
}
static int show_discard_unit(struct seq_file *m, void *private)
{
	const struct disk_part *part = private;

	return show_u64(m, part->device.max_discard ? part->device.block : 0);
}
static int show_most_kb(struct seq_file *m, void *private)
{
	return show_u64(m,
			(u64)((struct disk_part *)private)->device.max_pages << (PAGE_SHIFT - 10));
}
static int show_one(struct seq_file *m, void *private)
{
	return show_u64(m, 1);
}
static int show_none(struct seq_file *m, void *private)
{
	return show_u64(m, 0);
}
static int show_cache(struct seq_file *m, void *private)
{
	seq_puts(m, ((struct disk_part *)private)->device.write_cache ? "write back\n"
								      : "write through\n");
	return 0;
}

static int show_zoned(struct seq_file *m, void *private)
{
	seq_puts(m, "none\n");
	return 0;
}

static int show_stat(struct seq_file *m, void *private)
{
	put_stats(m, private);
	return 0;
}

struct attribute {
	const char *name;
	int (*show)(struct seq_file *m, void *private);
};

static const struct attribute of_both[] = {{"dev", show_dev},
					   {"size", show_size},
					   {"ro", show_ro},
					   {"stat", show_stat},
					   {"uevent", show_uevent},
					   {"alignment_offset", show_none},
					   {"discard_alignment", show_none}};
static const struct attribute of_partition[] = {{"partition", show_number_of},
						{"start", show_start}};
static const struct attribute of_disk[] = {
	{"removable", show_none},
	{"hidden", show_none},
	{"queue/logical_block_size", show_block_size},
	{"queue/physical_block_size", show_block_size},
	{"queue/hw_sector_size", show_block_size},
	{"queue/minimum_io_size", show_block_size},
	{"queue/optimal_io_size", show_none},
	{"queue/max_sectors_kb", show_most_kb},
	{"queue/rotational", show_one},
	{"queue/zoned", show_zoned},
	{"queue/discard_granularity", show_discard_unit},
	{"queue/discard_max_bytes", show_discard_most},
	{"queue/write_cache", show_cache},
};

static void create_files(const char *directory, struct disk_part *part,
			 const struct attribute *attributes, unsigned n)
{
	char path[96];

	for (unsigned i = 0; i < n; i++) {
		scnprintf(path, sizeof(path), "%s/%s", directory, attributes[i].name);
		sysfs_create(path, 0444, attributes[i].show, part);
	}
}

static void create_part(struct disk_part *part)
{
	const struct block_device *whole = &part->disk->part[0].device;
	char directory[64], path[64], target[80];

	if (part->minor)
		scnprintf(directory, sizeof(directory), "devices/virtual/block/%s/%s", whole->name,
			  part->device.name);
	else
		scnprintf(directory, sizeof(directory), "devices/virtual/block/%s", whole->name);
	create_files(directory, part, of_both, ARRAY_SIZE(of_both));
	if (part->minor)
		create_files(directory, part, of_partition, ARRAY_SIZE(of_partition));
	else
		create_files(directory, part, of_disk, ARRAY_SIZE(of_disk));

	scnprintf(target, sizeof(target), "../../%s", directory);
	scnprintf(path, sizeof(path), "class/block/%s", part->device.name);
	sysfs_create_link(path, target);
	scnprintf(path, sizeof(path), "dev/block/%u:%u", MAJOR(part->device.number),
		  MINOR(part->device.number));
	sysfs_create_link(path, target);
	if (!part->minor) {
		scnprintf(path, sizeof(path), "block/%s", part->device.name);
		sysfs_create_link(path, target + 3);
	}
}

static int disks_init(void)
{
	struct disk_part *part;

	proc_create("partitions", 0444, show_partitions, NULL, NULL);
	proc_create("diskstats", 0444, show_diskstats, NULL, NULL);
	sysfs_create_dir("block");
	for (unsigned n = 0; (part = nth_part(n)); n++)
		create_part(part);
	return 0;
}
INITCALL(INIT_LATE, disks_init);
