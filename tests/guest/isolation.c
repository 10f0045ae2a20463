/*
 * What a program may not see: other users' memory, where its own lies in the machine, addresses
 * of the kernel, and what was in a frame before it got it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/frames.h"
#include "lib/procfs.h"

#define NOBODY 1000

static pid_t victim; /* a process of root's, or of NOBODY's */

static void become_nobody(void)
{
	must(setgid(NOBODY));
	must(setuid(NOBODY));
}

static int open_error(const char *file, int flags)
{
	int fd = open(file, flags);
	uint64_t word; /* as much as pagemap gives at a time */
	int error = 0;

	if (fd < 0)
		return errno;
	if (flags == O_RDONLY && read(fd, &word, sizeof(word)) < 0)
		error = errno;
	close(fd);
	return error;
}

static void expect_open(const char *file, int flags, int error)
{
	int found = open_error(file, flags);

	if (found != error)
		fail("opening %s (%d): errno %d, not %d", file, flags, found, error);
}

static void expect_of_victim(const char *name, int error)
{
	char file[64];

	snprintf(file, sizeof(file), "/proc/%d/%s", victim, name);
	expect_open(file, O_RDONLY, error);
}

static const char *const memory_files[] = {"maps",    "smaps", "smaps_rollup", "numa_maps",
					   "pagemap", "auxv",  "environ",      "io"};
static const char *const memory_links[] = {"exe", "cwd", "root"};

static void expect_memory(int error)
{
	char file[64], target[64];

	for (unsigned i = 0; i < sizeof(memory_files) / sizeof(memory_files[0]); i++)
		expect_of_victim(memory_files[i], error);
	for (unsigned i = 0; i < sizeof(memory_links) / sizeof(memory_links[0]); i++) {
		snprintf(file, sizeof(file), "/proc/%d/%s", victim, memory_links[i]);
		if (error)
			expect_errno(readlink(file, target, sizeof(target)), error);
		else
			must(readlink(file, target, sizeof(target)));
	}
	snprintf(file, sizeof(file), "/proc/%d/fd", victim);
	expect_open(file, O_RDONLY | O_DIRECTORY, error);
}

/* --- other users' processes --- */

static void wait_forever(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static void look_at_root(void)
{
	become_nobody();
	expect_memory(EACCES);
	/* What everybody may see stays so. */
	expect_of_victim("status", 0);
	expect_of_victim("stat", 0);
	expect_of_victim("statm", 0);
	expect_of_victim("cmdline", 0);
	expect_of_victim("limits", 0);
	expect_of_victim("oom_score", 0);
	expect_of_victim("mountinfo", 0);
}

static void of_root(void)
{
	victim = start_child(wait_forever);
	usleep(50000);
	expect_memory(0);
	expect_child_ok(look_at_root);
	must(kill(victim, SIGKILL));
	wait_child(victim);
}

/* The stack's and the code's addresses in /proc/PID/stat are zero or one. */
static void look_at_stat(void)
{
	char file[64], *text;

	become_nobody();
	snprintf(file, sizeof(file), "/proc/%d/stat", victim);
	text = strrchr(read_text(file), ')');
	expect(text != NULL);
	for (int field = 3; field <= 51; field++) {
		text = strchr(text, ' ') + 1;
		unsigned long value = strtoul(text, NULL, 10);

		if (field == 26 || field == 27)
			expect_equal(value, 1);
		if ((field >= 28 && field <= 30) || (field >= 45 && field <= 51))
			expect_equal(value, 0);
	}
}

static void stat_of_root(void)
{
	victim = start_child(wait_forever);
	usleep(50000);
	expect_child_ok(look_at_stat);
	must(kill(victim, SIGKILL));
	wait_child(victim);
}

/* One's own, that gave up root's rights and may still hold root's secrets. */
static void nobody_waits(void)
{
	become_nobody();
	expect_equal(prctl(PR_GET_DUMPABLE), 0);
	wait_forever();
}

static void nobody_waits_openly(void)
{
	become_nobody();
	must(prctl(PR_SET_DUMPABLE, 1));
	wait_forever();
}

static void look_shut(void)
{
	become_nobody();
	expect_memory(EACCES);
}

static void look_open(void)
{
	become_nobody();
	expect_memory(0);
}

static void of_the_same_user(void)
{
	struct stat st;
	char file[64];

	victim = start_child(nobody_waits);
	usleep(50000);
	expect_child_ok(look_shut);
	snprintf(file, sizeof(file), "/proc/%d/environ", victim);
	must(stat(file, &st));
	expect_equal(st.st_uid, 0);
	snprintf(file, sizeof(file), "/proc/%d", victim);
	must(stat(file, &st));
	expect_equal(st.st_uid, NOBODY);
	must(kill(victim, SIGKILL));
	wait_child(victim);

	victim = start_child(nobody_waits_openly);
	usleep(50000);
	expect_child_ok(look_open);
	must(kill(victim, SIGKILL));
	wait_child(victim);
}

/* --- frame numbers --- */

static int pagemap_fd;
static volatile char some_page[8192];

static uint64_t entry_of_some_page(void)
{
	uint64_t entry;

	some_page[4096] = 1;
	expect_equal(must(pread(pagemap_fd, &entry, 8, (uintptr_t)&some_page[4096] / 4096 * 8)), 8);
	expect(entry & PM_PRESENT);
	return entry & PM_FRAME;
}

static void look_for_frames(void)
{
	pagemap_fd = must(open("/proc/self/pagemap", O_RDONLY));
	expect(entry_of_some_page() != 0);
	become_nobody();
	/* The one who opened it may see them. */
	expect(entry_of_some_page() != 0);
	close(pagemap_fd);
	expect_errno(open("/proc/self/pagemap", O_RDONLY),
		     EACCES); /* root's, as it is undumpable */
	must(prctl(PR_SET_DUMPABLE, 1));
	pagemap_fd = must(open("/proc/self/pagemap", O_RDONLY));
	expect_equal(entry_of_some_page(), 0);
}

static void frame_numbers(void)
{
	expect_child_ok(look_for_frames);
}

/* A descriptor of /proc/PID/maps shows the space that was there when it was opened. */
static void after_exec(void)
{
	int to_child[2], from_child[2], fd;
	char file[64], text[256];
	char byte;
	pid_t pid;

	must(pipe(to_child));
	must(pipe(from_child));
	fflush(stdout);
	pid = must(fork());
	if (pid == 0) {
		must(read(to_child[0], &byte, 1));
		must(fcntl(from_child[1], F_SETFD, FD_CLOEXEC));
		execl("/bin/busybox", "sleep", "100", NULL);
		_exit(1);
	}
	close(from_child[1]);
	snprintf(file, sizeof(file), "/proc/%d/maps", pid);
	fd = must(open(file, O_RDONLY));
	expect(must(pread(fd, text, sizeof(text), 0)) > 0);
	must(write(to_child[1], "", 1));
	expect_equal(must(read(from_child[0], &byte, 1)), 0); /* closed: exec is done */
	usleep(50000);
	expect_equal(must(pread(fd, text, sizeof(text), 0)), 0);
	must(kill(pid, SIGKILL));
	wait_child(pid);
	close(fd);
	close(to_child[0]);
	close(to_child[1]);
	close(from_child[0]);
}

/* --- the kernel's affairs --- */

static void look_at_the_kernel(void)
{
	static const char *const roots_own[] = {"/proc/kpageflags",   "/proc/kpagecount",
						"/proc/slabinfo",     "/proc/vmallocinfo",
						"/proc/pagetypeinfo", "/proc/sys/vm/mmap_rnd_bits",
						"/proc/kmsg",         "/proc/sys/vm/stat_refresh"};
	static const char *const not_to_write[] = {
		"/proc/sys/vm/drop_caches", "/proc/sys/vm/swappiness", "/proc/sys/kernel/hostname",
		"/proc/sysrq-trigger", "/proc/sys/vm/overcommit_memory"};
	char text[64];

	become_nobody();
	for (unsigned i = 0; i < sizeof(roots_own) / sizeof(roots_own[0]); i++)
		if (access(roots_own[i], F_OK) == 0)
			expect_open(roots_own[i], O_RDONLY, EACCES);
	for (unsigned i = 0; i < sizeof(not_to_write) / sizeof(not_to_write[0]); i++)
		expect_open(not_to_write[i], O_WRONLY, EACCES);
	if (is_pagoda())
		expect_open("/proc/mm_check", O_WRONLY, EACCES);
	expect_errno(klogctl(3, text, sizeof(text)), EPERM);
	expect_open("/dev/kmsg", O_RDONLY, EPERM);
	expect_open("/proc/1/oom_score_adj", O_WRONLY, EACCES);
	expect_errno(
		mmap((void *)4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		EPERM);
}

static void kernels_own(void)
{
	expect_child_ok(look_at_the_kernel);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

#define SHM_NO_LIMIT (UINT64_MAX - (1 << 24)) /* what shmmax and shmall say */

/* An address of the upper half, in hexadecimal or in decimal. */
static const char *find_kernel_address(const char *text)
{
	for (const char *at = text; *at; at++) {
		size_t length = 0;

		if (at > text && is_hex(at[-1]))
			continue;
		while (is_hex(at[length]))
			length++;
		if (length == 16 && !strncmp(at, "ffff", 4) && strncmp(at, "ffffffffffffffff", 16))
			return at;
		if (length == 20 && strtoull(at, NULL, 10) >= 0xffff800000000000ULL &&
		    strtoull(at, NULL, 10) != UINT64_MAX && strtoull(at, NULL, 10) != SHM_NO_LIMIT)
			return at;
	}
	return NULL;
}

static int files_seen;

static void scan_file(const char *file)
{
	static char text[1 << 17];
	int fd = open(file, O_RDONLY | O_NONBLOCK);
	const char *found;
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return;
	files_seen++;
	text[n] = '\0';
	for (ssize_t i = 0; i < n; i++)
		if (!text[i])
			text[i] = ' ';
	found = find_kernel_address(text);
	if (found)
		fail("%s shows an address: %.40s", file, found);
}

static void scan(const char *path, int depth)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;
	char name[512];

	if (!dir || depth > 7)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "kmsg") ||
		    !strcmp(entry->d_name, "pagemap") || !strcmp(entry->d_name, "mem"))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (lstat(name, &st))
			continue;
		if (S_ISDIR(st.st_mode))
			scan(name, depth + 1);
		else if (S_ISREG(st.st_mode))
			scan_file(name);
	}
	closedir(dir);
}

static void look_for_addresses(void)
{
	become_nobody();
	must(prctl(PR_SET_DUMPABLE, 1));
	expect(find_kernel_address("x ffffffff81000000 y") != NULL);
	expect(find_kernel_address("x 18446744071578845184 y") != NULL);
	expect(find_kernel_address("18446744073709551615 ffffffffffffffff") == NULL);
	if (is_pagoda()) {
		scan("/proc", 0);
		scan("/sys", 0);
	} else { /* Linux has too much there for this test's time */
		scan("/proc/self", 0);
		scan("/sys/devices/system/node", 0);
	}
	expect(files_seen > 50);
	/* Where things lie in the machine, too. */
	for (const char *line = read_text("/proc/iomem"); *line; line = strchr(line, '\n') + 1)
		expect(!strncmp(line + strspn(line, " "), "00000000-00000000 : ", 20));
}

static void kernel_addresses(void)
{
	expect_child_ok(look_for_addresses);
}

/* --- frames come zeroed --- */

static size_t dirt; /* bytes to fill */

static void leave_dirt(void)
{
	char *area =
		must(mmap(NULL, dirt, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	memset(area, 0xa5, dirt);
}

static void expect_zero(const char *what, const char *area, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (area[i])
			fail("%s: byte %zu of %zu is %#x", what, i, bytes, area[i] & 0xff);
}

static void find_dirt(void)
{
	const size_t part = dirt / 4;
	char *area =
		must(mmap(NULL, part, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	char *shared =
		must(mmap(NULL, part, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	int fd = must(open("/tmp/zeros", O_RDWR | O_CREAT | O_TRUNC, 0600));
	char *file, buffer[4096];

	for (size_t i = 0; i < part; i += 4096) { /* written to in one place, zero in all others */
		area[i] = 1;
		area[i] = 0;
		shared[i + 8] = 1;
		shared[i + 8] = 0;
	}
	expect_zero("private memory", area, part);
	expect_zero("shared memory", shared, part);
	must(munmap(shared, part));

	/* Holes of a file, by read and by mapping, and what is behind its end in the last page. */
	must(pwrite(fd, "end", 3, part - 3));
	for (size_t i = 0; i + 4096 < part; i += 4096 * 16) {
		expect_equal(must(pread(fd, buffer, 4096, i)), 4096);
		expect_zero("a hole", buffer, 4096);
	}
	must(ftruncate(fd, part - 2));
	must(ftruncate(fd, part));
	file = must(mmap(NULL, part, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	expect(file[part - 3] == 'e');
	expect_zero("behind the end", file + part - 2, 2);
	expect_zero("a file's holes", file, part - 3);
	close(fd);
	unlink("/tmp/zeros");
}

static void zeroed_frames(void)
{
	dirt = read_number("/proc/meminfo", "MemFree") * 1024 / 2 / 4096 * 4096;
	if (dirt > 64UL << 20)
		dirt = 64UL << 20;
	dirt = dirt / 16384 * 16384;
	for (int round = 0; round < 2; round++) {
		expect_child_ok(leave_dirt);
		expect_child_ok(find_dirt);
	}
}

int main(void)
{
	run("isolation-of-root", of_root);
	run("isolation-stat", stat_of_root);
	run("isolation-same-user", of_the_same_user);
	run("isolation-frame-numbers", frame_numbers);
	run("isolation-after-exec", after_exec);
	run("isolation-kernel-files", kernels_own);
	run("isolation-kernel-addresses", kernel_addresses);
	run("isolation-zeroed-frames", zeroed_frames);
	return finish();
}
