/*
 * Block devices: what they say of themselves, reading, writing, mapping, going past the cache, and what
 * the machine counts of it. On machines with the disk that disks.sh makes: /dev/vda, 16 MiB; of
 * sector s in vda1 (from sector 2048 on, 4096 of them) every 32-bit word is s; the rest is zeros.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#ifndef BLKGETSIZE64
#define BLKGETSIZE64 _IOR(0x12, 114, size_t)
#endif
#ifndef BLKDISCARD
#define BLKDISCARD _IO(0x12, 119)
#endif

#define DISK         "/dev/vda"
#define PART         "/dev/vda1"
#define SCRATCH      "/dev/vda2" /* 4096 sectors that tests may write */
#define SECTORS      32768ULL
#define PART_SECTORS 4096ULL

static void need_disk(void)
{
	if (access(DISK, F_OK))
		skip("no disk");
	if (strstr(read_text("/proc/swaps"), DISK))
		skip("the disk is for swap");
}

static long vmstat(const char *key)
{
	return read_number("/proc/vmstat", key);
}

/* What this process itself has read and written. */
static long own_io(const char *key)
{
	return read_number("/proc/self/io", key);
}

static void sizes(void)
{
	unsigned long long bytes;
	unsigned long sectors;
	struct stat st;
	int number;
	int fd;

	need_disk();
	fd = must(open(DISK, O_RDONLY));
	must(ioctl(fd, BLKGETSIZE64, &bytes));
	expect_equal(bytes, SECTORS * 512);
	must(ioctl(fd, BLKGETSIZE, &sectors));
	expect_equal(sectors, SECTORS);
	must(ioctl(fd, BLKSSZGET, &number));
	expect_equal(number, 512);
	must(ioctl(fd, BLKROGET, &number));
	expect_equal(number, 0);
	expect_errno(ioctl(fd, 0x5401 /* TCGETS */, &number), ENOTTY);
	expect_equal(must(lseek(fd, 0, SEEK_END)), SECTORS * 512);
	expect_errno(lseek(fd, 1, SEEK_END), EINVAL);
	must(fstat(fd, &st));
	expect(S_ISBLK(st.st_mode));
	expect_equal(st.st_size, 0);
	close(fd);
	fd = must(open(PART, O_RDONLY));
	must(ioctl(fd, BLKGETSIZE64, &bytes));
	expect_equal(bytes, PART_SECTORS * 512);
	close(fd);
}

static void check_sectors(const unsigned *buffer, unsigned first, unsigned n)
{
	for (unsigned i = 0; i < n * 128; i++)
		if (buffer[i] != first + i / 128)
			fail("word %u of sector %u is %u", i % 128, first + i / 128, buffer[i]);
}

/* Any sizes at any place give the same bytes. */
static void reads(void)
{
	unsigned buffer[1 << 17];
	unsigned long state;
	int fd;

	need_disk();
	state = random_seed();
	fd = must(open(PART, O_RDONLY));
	for (unsigned at = 0; at < PART_SECTORS; at += 1024) {
		expect_equal(must(read(fd, buffer, sizeof(buffer))), sizeof(buffer));
		check_sectors(buffer, at, 1024);
	}
	expect_equal(must(read(fd, buffer, 1)), 0);
	must(ioctl(fd, BLKFLSBUF, 0));
	for (int i = 0; i < 200; i++) {
		unsigned sector = random_next(&state) % PART_SECTORS;
		unsigned n = 1 + random_next(&state) % 64;
		long bytes = must(pread(fd, buffer, n * 512, sector * 512L));

		if (sector + n > PART_SECTORS)
			n = PART_SECTORS - sector;
		expect_equal(bytes, n * 512);
		check_sectors(buffer, sector, n);
	}
	/* The partition is a part of the disk. */
	int disk = must(open(DISK, O_RDONLY));

	expect_equal(must(pread(disk, buffer, 5120, 2048 * 512)), 5120);
	check_sectors(buffer, 0, 10);
	close(disk);
	close(fd);
}

/* What is read once comes from the cache afterwards, and both is counted. */
static void counted(void)
{
	char buffer[1 << 20];
	unsigned long long requests, sectors, of_disk;
	long in, own, buffers;
	int fd;

	need_disk();
	fd = must(open(PART, O_RDONLY));
	must(ioctl(fd, BLKFLSBUF, 0));
	in = vmstat("pgpgin");
	own = own_io("read_bytes");
	sectors = diskstat("vda1", 3);
	of_disk = diskstat("vda", 3);
	requests = diskstat("vda1", 1);
	buffers = read_number("/proc/meminfo", "Buffers");
	expect_equal(must(pread(fd, buffer, sizeof(buffer), 0)), sizeof(buffer));
	expect_equal(must(pread(fd, buffer, sizeof(buffer), sizeof(buffer))), sizeof(buffer));
	expect_equal(vmstat("pgpgin") - in, 2048);
	expect_equal(own_io("read_bytes") - own, 2 << 20);
	expect_equal(diskstat("vda1", 3) - sectors, 4096);
	expect_equal(diskstat("vda", 3) - of_disk, 4096);
	expect_between(diskstat("vda1", 1) - requests, 8, 80);
	expect_equal(read_number("/proc/meminfo", "Buffers") - buffers, 2048);
	expect_equal(must(pread(fd, buffer, sizeof(buffer), 1000)), sizeof(buffer));
	expect_equal(vmstat("pgpgin") - in, 2048);
	must(ioctl(fd, BLKFLSBUF, 0));
	expect_equal(read_number("/proc/meminfo", "Buffers"), buffers);
	close(fd);
}

static void writes_counted(void)
{
	char buffer[512 << 10];
	long out, own, dirty;
	int fd;

	need_disk();
	sync();
	fd = must(open(SCRATCH, O_RDWR));
	memset(buffer, 'w', sizeof(buffer));
	out = vmstat("pgpgout");
	own = own_io("write_bytes");
	dirty = read_number("/proc/meminfo", "Dirty");
	unsigned long long sectors = diskstat("vda2", 7), flushes = diskstat("vda", 16);

	expect_equal(must(pwrite(fd, buffer, sizeof(buffer), 0)), sizeof(buffer));
	expect_equal(read_number("/proc/meminfo", "Dirty") - dirty, 512);
	expect_equal(vmstat("pgpgout"), out);
	/* Counted when they become dirty, once. */
	expect_equal(must(pwrite(fd, buffer, sizeof(buffer), 0)), sizeof(buffer));
	expect_equal(own_io("write_bytes") - own, sizeof(buffer));
	must(fsync(fd));
	expect_equal(read_number("/proc/meminfo", "Dirty"), dirty);
	expect_equal(read_number("/proc/meminfo", "Writeback"), 0);
	expect_equal(vmstat("pgpgout") - out, 512);
	expect_equal(diskstat("vda2", 7) - sectors, 1024);
	expect(diskstat("vda", 16) > flushes);
	/* Nothing is left to be written. */
	must(fdatasync(fd));
	expect_equal(vmstat("pgpgout") - out, 512);
	close(fd);
}

/* The flusher comes by itself. */
static void flusher(void)
{
	int fd, knob = -1;
	long dirty;

	need_disk();
	if (access("/proc/sys/vm/dirty_expire_centisecs", W_OK))
		skip("no knobs");
	sync();
	knob = must(open("/proc/sys/vm/dirty_expire_centisecs", O_WRONLY));
	must(write(knob, "10\n", 3));
	int period = must(open("/proc/sys/vm/dirty_writeback_centisecs", O_WRONLY));

	must(write(period, "20\n", 3));
	fd = must(open(SCRATCH, O_RDWR));
	must(pwrite(fd, "flush me", 8, 8192));
	dirty = read_number("/proc/meminfo", "Dirty");
	expect(dirty > 0);
	for (int i = 0; i < 50 && read_number("/proc/meminfo", "Dirty"); i++)
		usleep(100000);
	expect_equal(read_number("/proc/meminfo", "Dirty"), 0);
	must(pwrite(knob, "3000\n", 5, 0));
	must(pwrite(period, "500\n", 4, 0));
	close(knob);
	close(period);
	close(fd);
}

/* What one way wrote every other way reads. */
static void coherent(void)
{
	char *direct, *shared, buffer[8192];
	int cached, past;
	long written;

	need_disk();
	expect(posix_memalign((void **)&direct, 4096, 65536) == 0);
	cached = must(open(SCRATCH, O_RDWR));
	past = must(open(SCRATCH, O_RDWR | O_DIRECT));
	shared = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, cached, 65536);
	expect(shared != MAP_FAILED);

	/* cache -> past it */
	memset(buffer, 'a', sizeof(buffer));
	must(pwrite(cached, buffer, sizeof(buffer), 65536));
	expect_equal(must(pread(past, direct, 65536, 65536)), 65536);
	expect(!memcmp(direct, buffer, sizeof(buffer)));
	expect(shared[8191] == 'a');
	/* past it -> cache, mapping */
	memset(direct, 'b', 4096);
	written = own_io("write_bytes");
	expect_equal(must(pwrite(past, direct, 4096, 65536 + 4096)), 4096);
	expect_equal(own_io("write_bytes") - written, 4096);
	expect_equal(must(pread(cached, buffer, 8192, 65536)), 8192);
	expect(buffer[4095] == 'a' && buffer[4096] == 'b');
	expect(shared[4095] == 'a' && shared[4096] == 'b');
	/* mapping -> past it, cache */
	shared[0] = 'c';
	shared[4096] = 'd';
	expect_equal(must(pread(past, direct, 8192, 65536)), 8192);
	expect(direct[0] == 'c' && direct[1] == 'a' && direct[4096] == 'd');
	must(pread(cached, buffer, 8192, 65536));
	expect(buffer[0] == 'c' && buffer[4096] == 'd');
	/* a mapped page that was written back is noticed again */
	must(msync(shared, 8192, MS_SYNC));
	expect_equal(read_number("/proc/meminfo", "Dirty"), 0);
	shared[1] = 'e';
	expect_equal(read_number("/proc/meminfo", "Dirty"), 4);
	expect_equal(must(pread(past, direct, 512, 65536)), 512);
	expect(direct[0] == 'c' && direct[1] == 'e');
	must(munmap(shared, 65536));

	/* blocks only */
	expect_errno(pread(past, direct, 100, 0), EINVAL);
	expect_errno(pread(past, direct, 512, 100), EINVAL);
	expect_errno(pread(past, direct + 100, 512, 0), EINVAL);
	expect_equal(must(pread(past, direct + 512, 1024, 512)), 1024);
	/* the end */
	expect_equal(must(pread(past, direct, 8192, 4096 * 512 - 4096)), 4096);
	expect_equal(must(pread(past, direct, 4096, 4096 * 512)), 0);
	expect_errno(pwrite(past, direct, 4096, 4096 * 512), ENOSPC);
	expect_errno(pwrite(cached, direct, 1, 4096 * 512), ENOSPC);
	expect_equal(must(pwrite(cached, direct, 8192, 4096 * 512 - 4096)), 4096);
	close(cached);
	close(past);
	free(direct);
}

/* More dirty pages than memory should hold: the writer waits, nothing is lost. */
static void throttled(void)
{
	static unsigned buffer[16384];
	int fd, bytes;

	need_disk();
	sync();
	bytes = must(open("/proc/sys/vm/dirty_bytes", O_WRONLY));
	must(write(bytes, "131072\n", 7));
	fd = must(open(SCRATCH, O_RDWR));
	for (int round = 0; round < 4; round++)
		for (unsigned at = 0; at < 32; at++) {
			for (unsigned i = 0; i < 16384; i++)
				buffer[i] = round << 24 | at << 16 | i;
			must(pwrite(fd, buffer, sizeof(buffer), at * 65536L));
			expect_between(read_number("/proc/meminfo", "Dirty"), 0, 1024);
		}
	must(ioctl(fd, BLKFLSBUF, 0));
	for (unsigned at = 0; at < 32; at++) {
		must(pread(fd, buffer, sizeof(buffer), at * 65536L));
		for (unsigned i = 0; i < 16384; i++)
			expect_equal(buffer[i], 3u << 24 | at << 16 | i);
	}
	close(bytes);
	bytes = must(open("/proc/sys/vm/dirty_ratio", O_WRONLY));
	must(write(bytes, "20\n", 3));
	close(bytes);
	close(fd);
}

static void discards(void)
{
	unsigned long long range[2] = {1 << 20, 64 << 10};
	char *buffer;
	int fd;

	need_disk();
	expect(posix_memalign((void **)&buffer, 4096, 4096) == 0);
	fd = must(open(SCRATCH, O_RDWR));
	memset(buffer, 'x', 4096);
	must(pwrite(fd, buffer, 4096, 1 << 20));
	must(pwrite(fd, buffer, 4096, (1 << 20) - 4096));
	must(ioctl(fd, BLKDISCARD, range));
	/* A file's hole: zeros. */
	must(pread(fd, buffer, 4096, 1 << 20));
	expect_equal(buffer[0], 0);
	must(pread(fd, buffer, 4096, (1 << 20) - 4096));
	expect_equal(buffer[0], 'x');
	range[0] = 100;
	expect_errno(ioctl(fd, BLKDISCARD, range), EINVAL);
	range[0] = 4096 * 512;
	expect_errno(ioctl(fd, BLKDISCARD, range), EINVAL);
	close(fd);
	free(buffer);
}

/* A new table in the first sector, read anew; a partition in use cannot go. */
static void partitions(void)
{
	unsigned char table[512], *entry = table + 446 + 32;
	unsigned long sectors;
	int disk, part;

	need_disk();
	disk = must(open(DISK, O_RDWR));
	expect_equal(must(pread(disk, table, 512, 0)), 512);
	expect(access("/dev/vda3", F_OK) == -1);
	memset(entry, 0, 16);
	entry[4] = 0x83;
	entry[9] = 0x40;  /* 16384 sectors in */
	entry[13] = 0x10; /* 4096 */
	must(pwrite(disk, table, 512, 0));
	part = must(open(PART, O_RDONLY));
	expect_errno(ioctl(disk, BLKRRPART), EBUSY);
	expect_errno(ioctl(part, BLKRRPART), EINVAL);
	close(part);
	must(ioctl(disk, BLKRRPART));
	expect(strstr(read_text("/proc/partitions"), "vda3") != NULL);
	part = must(open("/dev/vda3", O_RDWR));
	must(ioctl(part, BLKGETSIZE, &sectors));
	expect_equal(sectors, 4096);
	must(pwrite(part, "third", 5, 512));
	must(fsync(part));
	close(part);
	must(ioctl(disk, BLKFLSBUF, 0));
	must(pread(disk, table, 512, (16384 + 1) * 512));
	expect(!memcmp(table, "third", 5));
	must(pread(disk, table, 512, 0));
	memset(entry, 0, 16);
	must(pwrite(disk, table, 512, 0));
	must(ioctl(disk, BLKRRPART));
	expect(access("/dev/vda3", F_OK) == -1);
	expect(strstr(read_text("/proc/partitions"), "vda3") == NULL);
	close(disk);
}

/* Several at once, each at his own place: threads of I/O and completions. */
static void one_writer(unsigned who)
{
	static unsigned buffer[4096];
	int fd = must(open(SCRATCH, O_RDWR));

	for (unsigned round = 0; round < 30; round++) {
		for (unsigned i = 0; i < 4096; i++)
			buffer[i] = who << 24 | round << 16 | i;
		must(pwrite(fd, buffer, sizeof(buffer), who * 65536L + round % 4 * 16384));
		if (round % 3 == 0)
			must(fsync(fd));
		memset(buffer, 0, sizeof(buffer));
		if (round % 5 == 0)
			must(ioctl(fd, BLKFLSBUF, 0));
		must(pread(fd, buffer, sizeof(buffer), who * 65536L + round % 4 * 16384));
		for (unsigned i = 0; i < 4096; i++)
			expect_equal(buffer[i], who << 24 | round << 16 | i);
	}
	close(fd);
	exit(0);
}

static void together(void)
{
	pid_t child[6];

	need_disk();
	for (unsigned i = 0; i < 6; i++) {
		child[i] = must(fork());
		if (child[i] == 0)
			one_writer(i);
	}
	for (unsigned i = 0; i < 6; i++)
		expect_equal(wait_child(child[i]), 0);
}

int main(void)
{
	run("block-sizes", sizes);
	run("block-reads", reads);
	run("block-reads-counted", counted);
	run("block-writes-counted", writes_counted);
	run("block-flusher", flusher);
	run("block-coherent", coherent);
	run("block-throttled", throttled);
	run("block-discard", discards);
	run("block-partitions", partitions);
	run("block-together", together);
	return finish();
}
