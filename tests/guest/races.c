/*
 * The races of this field: faults of several threads on one page, copy on write while the space is
 * forked, the kernel's own writes while it is, truncation while the file's area changes, and exec
 * while other threads change the space. What is asserted is what a program would notice: no write is lost, a child's memory is of one
 * moment and does not change, a file that may not be written is not.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/race.h"

#define PAGES   8
#define WRITERS 3

static const int rw = PROT_READ | PROT_WRITE;

/* --- several faults on one page --- */

static char *common;
static atomic_int arrived, turn;
static int toucher_count;

/* Each round all threads touch each page: some read it before, some write at once. */
static void touch_all(void)
{
	for (int round = 1;; round++) {
		while (turn < round)
			if (turn < 0)
				return;
			else
				sched_yield();
		for (int i = 0; i < PAGES; i++) {
			if (race_random() & 1)
				(void)*(volatile char *)(common + i * page_size);
			__atomic_fetch_add(common + i * page_size, 1, __ATOMIC_RELAXED);
		}
		arrived++;
	}
}

/* New memory for each round: without a file, private and shared of one. */
static void give_rounds(void)
{
	int fd = memfd_create("common", 0);

	if (fd < 0 || ftruncate(fd, PAGES * page_size))
		race_wrong("no file");
	for (int round = 1; racing(); round++) {
		const int kind = round % 3;

		common = mmap(NULL, PAGES * page_size, rw,
			      kind == 0   ? MAP_PRIVATE | MAP_ANONYMOUS
			      : kind == 1 ? MAP_PRIVATE
					  : MAP_SHARED,
			      kind ? fd : -1, 0);
		if (common == MAP_FAILED) {
			race_wrong("mmap: errno %d", errno);
			break;
		}
		arrived = 0;
		turn = round;
		while (arrived < toucher_count)
			sched_yield();
		for (int i = 0; i < PAGES; i++)
			if (common[i * page_size] != toucher_count)
				race_wrong("round %d, page %d: %d writes, not %d", round, i,
					   common[i * page_size], toucher_count);
		munmap(common, PAGES * page_size);
		if (kind == 2 && (ftruncate(fd, 0) || ftruncate(fd, PAGES * page_size)))
			race_wrong("truncate");
		race_count();
	}
	turn = -1;
	close(fd);
}

static void two_faults_on_a_page(void)
{
	static void (*const bodies[])(void) = {give_rounds, touch_all, touch_all, touch_all, NULL};

	turn = 0;
	toucher_count = 3;
	race(1.5, bodies);
}

/* --- fork --- */

/* Each writer has a word in each page, and writes 1 to all from the first page on, then 2, ... */
static volatile unsigned long *forked;

static volatile unsigned long *word(int page, int writer)
{
	return forked + (page * page_size) / sizeof(long) + writer * 9;
}

static void write_upwards(void)
{
	for (unsigned long n = 1; racing(); n++) {
		for (int i = 0; i < PAGES; i++) {
			if (*word(i, racer()) != n - 1) {
				race_wrong("writer %d lost a write to page %d: %lu, not %lu",
					   racer(), i, *word(i, racer()), n - 1);
				return;
			}
			*word(i, racer()) = n;
		}
	}
}

/* In the child: is it all of one moment, and does it stay? 0, or what is wrong. */
static int look_at_copy(int writers)
{
	unsigned long seen[PAGES][WRITERS];

	for (int w = 0; w < writers; w++)
		for (int i = 0; i < PAGES; i++)
			seen[i][w] = *word(i, w);
	for (int w = 0; w < writers; w++)
		for (int i = 1; i < PAGES; i++)
			if (seen[i][w] > seen[i - 1][w] || seen[0][w] > seen[i][w] + 1)
				return 10 + w;
	for (int again = 0; again < 3; again++) {
		sched_yield();
		for (int w = 0; w < writers; w++)
			for (int i = 0; i < PAGES; i++)
				if (*word(i, w) != seen[i][w])
					return 20 + w;
	}
	for (int i = 0; i < PAGES; i++) /* and what it writes is its own */
		*word(i, WRITERS) = 1;
	return 0;
}

static void fork_and_look(void)
{
	while (racing()) {
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(look_at_copy(WRITERS));
		if (child < 0 || waitpid(child, &status, 0) != child)
			race_wrong("fork or wait: errno %d", errno);
		else if (status)
			race_wrong("a child's memory %s (status %#x)",
				   status >> 8 < 20 ? "is of no one moment" : "changed", status);
		else if (*word(0, WRITERS))
			race_wrong("a child's write reached its parent");
		race_count();
	}
}

static void new_area(void)
{
	forked = must(mmap(NULL, PAGES * page_size, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void end_area(void)
{
	must(munmap((void *)forked, PAGES * page_size));
}

static void writes_while_forking(void)
{
	static void (*const bodies[])(void) = {write_upwards, write_upwards, write_upwards,
					       fork_and_look, NULL};

	new_area();
	race(2, bodies);
	end_area();
}

/* The kernel writes for the writers: by read(), by way of another process's view, as a debugger. */
static int source, own_memory;

static void kernel_writes(void)
{
	for (unsigned long n = 1; racing(); n++) {
		for (int i = 0; i < PAGES; i++) {
			volatile unsigned long *at = word(i, racer());
			long done = 0;

			if (racer() == 0) {
				if (pwrite(source, &n, sizeof(n), 0) == sizeof(n))
					done = pread(source, (void *)at, sizeof(n), 0);
			} else if (racer() == 1) {
				struct iovec from = {&n, sizeof(n)}, to = {(void *)at, sizeof(n)};

				done = process_vm_writev(getpid(), &from, 1, &to, 1, 0);
			} else {
				done = pwrite(own_memory, &n, sizeof(n), (off_t)(unsigned long)at);
			}
			if (done != sizeof(n)) {
				race_wrong("writer %d: %ld, errno %d", racer(), done, errno);
				return;
			}
			if (*at != n) {
				race_wrong("writer %d lost a write to page %d: %lu, not %lu",
					   racer(), i, *at, n);
				return;
			}
		}
	}
}

/* So that pages are copied by ordinary writes, too. */
static void dirty_pages(void)
{
	while (racing())
		for (int i = 0; i < PAGES; i++)
			(*word(i, WRITERS + 1))++;
}

static void kernel_writes_while_forking(void)
{
	static void (*const bodies[])(void) = {kernel_writes, kernel_writes, kernel_writes,
					       fork_and_look, dirty_pages,   NULL};

	source = must(memfd_create("source", 0));
	own_memory = must(open("/proc/self/mem", O_RDWR));
	new_area();
	race(3, bodies);
	end_area();
	close(source);
	close(own_memory);
}

/* --- a file that may only be read --- */

static char *view;
static int read_only;

static void throw_away(void)
{
	while (racing())
		if (madvise(view, page_size, MADV_DONTNEED))
			race_wrong("madvise: errno %d", errno);
}

static void write_by_force(void)
{
	while (racing()) {
		if (pwrite(own_memory, "moo", 3, (off_t)(unsigned long)view) != 3)
			race_wrong("write to /proc/self/mem: errno %d", errno);
		race_count();
	}
}

static void look_at_file(void)
{
	char now[4] = "";

	while (racing()) {
		if (pread(read_only, now, 3, 0) != 3 || memcmp(now, "bah", 3))
			race_wrong("the file holds \"%s\"", now);
		if (memcmp(view, "bah", 3) && memcmp(view, "moo", 3) && view[0] != 'b' &&
		    view[0] != 'm')
			race_wrong("the mapping holds \"%.3s\"", view);
	}
}

static void a_read_only_file_stays(void)
{
	static void (*const bodies[])(void) = {throw_away, write_by_force, look_at_file,
					       write_by_force, NULL};
	int fd = must(open("/tmp/races-file", O_RDWR | O_CREAT | O_TRUNC, 0444));

	must(write(fd, "bah", 3));
	close(fd);
	read_only = must(open("/tmp/races-file", O_RDONLY));
	own_memory = must(open("/proc/self/mem", O_RDWR));
	view = must(mmap(NULL, page_size, PROT_READ, MAP_PRIVATE, read_only, 0));
	race(1.5, bodies);
	must(munmap(view, page_size));
	must(unlink("/tmp/races-file"));
	close(read_only);
	close(own_memory);
}

/* --- truncation --- */

static char *cut;
static int cut_fd;

/* The file's only area, shorter and longer in place. */
static void change_its_end(void)
{
	for (unsigned long pages = 2; racing(); pages ^= 2 ^ 4)
		if (mremap(cut, pages * page_size, (pages ^ 2 ^ 4) * page_size, 0) != cut)
			race_wrong("mremap: errno %d", errno);
}

static void cut_to_nothing(void)
{
	while (racing()) {
		*(volatile char *)cut = 1;
		if (ftruncate(cut_fd, 0) || ftruncate(cut_fd, 4 * page_size))
			race_wrong("truncate: errno %d", errno);
		if (*(volatile char *)cut)
			race_wrong("a page was still mapped after it was cut off");
		race_count();
	}
}

static void truncation_finds_a_changing_area(void)
{
	static void (*const bodies[])(void) = {change_its_end, cut_to_nothing, NULL};

	cut_fd = memfd_create("cut", 0);
	expect(cut_fd >= 0);
	expect_equal(ftruncate(cut_fd, 4 * page_size), 0);
	cut = must(mmap(NULL, 8 * page_size, rw, MAP_SHARED, cut_fd, 0));
	expect_equal(munmap(cut + 2 * page_size, 6 * page_size), 0);
	race(1.5, bodies);
	munmap(cut, 4 * page_size);
	close(cut_fd);
}

/* --- exec while the space is busy --- */

#define BUSY 4

/* All there is mapped beforehand: what a thread unmaps for a moment nobody else is to get. */
static struct place {
	char *area, *other;
} places[BUSY];
static atomic_bool all_there;

static void *keep_busy(void *argument)
{
	const long how = (long)argument;
	struct place at = places[how];
	int fd = open("/dev/zero", O_RDONLY);

	while (!all_there)
		sched_yield();
	for (;;) {
		for (int i = 0; i < 64; i += 3)
			at.area[i * page_size] = 1;
		if (how == 0) {
			munmap(at.area, 64 * page_size);
			mmap(at.area, 64 * page_size, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			     -1, 0);
		} else if (how == 1) {
			mprotect(at.area, 32 * page_size, PROT_READ);
			mprotect(at.area, 32 * page_size, rw);
		} else if (how == 2) {
			mremap(at.area, 64 * page_size, 64 * page_size,
			       MREMAP_MAYMOVE | MREMAP_FIXED, at.other);
			at = (struct place){at.other, at.area};
		} else {
			(void)!read(fd, at.area, 64 * page_size);
		}
	}
	return NULL;
}

static void *do_exec(void *unused)
{
	(void)unused;
	usleep(1000);
	execl("/proc/self/exe", "suite", "races", "after-exec", (char *)NULL);
	_exit(1);
}

static bool by_leader;

static void exec_among_threads(void)
{
	pthread_t thread;

	for (int i = 0; i < BUSY; i++) {
		places[i].area =
			must(mmap(NULL, 128 * page_size, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		places[i].other = places[i].area + 64 * page_size;
	}
	if (!by_leader)
		pthread_create(&thread, NULL, do_exec, NULL);
	for (long i = 0; i < BUSY; i++)
		pthread_create(&thread, NULL, keep_busy, (void *)i);
	all_there = true;
	if (by_leader)
		do_exec(NULL);
	for (;;)
		pause();
}

static void exec_ends_the_others(void)
{
	for (int i = 0; i < 30; i++) {
		by_leader = i & 1;
		expect_equal(wait_child(start_child(exec_among_threads)), 42 << 8);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "after-exec"))
		return 42;
	run("races-two-faults", two_faults_on_a_page);
	run("races-fork", writes_while_forking);
	run("races-fork-kernel-write", kernel_writes_while_forking);
	run("races-dirty-cow", a_read_only_file_stays);
	run("races-truncate-resize", truncation_finds_a_changing_area);
	run("races-exec", exec_ends_the_others);
	return finish();
}
