/*
 * No translation outlives what it was of: while a thread changes the space -- munmap, mprotect,
 * mremap, MAP_FIXED over what is there, MADV_DONTNEED -- others look, and once a call has returned on
 * one CPU no other CPU may read or write by what was there before. Meanwhile a third process takes
 * frames that have become free and fills them with SECRET: nobody else must ever see that.
 *
 * The changer says by `now` in which state the page is; who looks takes what it saw for granted
 * only if `now` is the same before and after.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/race.h"

#define SECRET  0x5ec2e7UL
#define A       0xaUL
#define B       0xbUL
#define MANY    40 /* pages: more than are flushed one by one */
#define FEW     3
#define LOTS    2000 /* so that throwing them away takes a while */
#define SECONDS 1.2

enum { BUSY, NONE, RO, RW, HOLDS_A, HOLDS_B, ZEROS, STATES };

static atomic_ulong now; /* generation * STATES + state */
static volatile unsigned long *area, *other;
static int files[2]; /* full of A, full of B */
static int empty;    /* descriptor of /dev/zero */
static int pages;    /* of the area */

static const int rw = PROT_READ | PROT_WRITE;

static void say(unsigned long state)
{
	now = (now / STATES + 1) * STATES + state;
}

/* Leave time to look: little, much, or until another thread had the CPU. */
static void pause_a_bit(void)
{
	const unsigned long how = race_random() % 8;

	if (how == 0)
		sched_yield();
	else
		for (volatile unsigned long i = 0; i < how * 100; i++)
			;
	race_count();
}

static void check_call(const char *what, bool failed)
{
	if (failed)
		race_wrong("%s: errno %d", what, errno);
}

static size_t bytes(void)
{
	return pages * page_size;
}

static volatile unsigned long *any_word(volatile unsigned long *from)
{
	return from + race_random() % pages * (page_size / sizeof(long)) + 5;
}

static void fill(unsigned long value)
{
	for (int i = 0; i < pages; i++)
		area[i * page_size / sizeof(long) + 5] = value;
}

/* --- those who look --- */

static bool is_ours(unsigned long value)
{
	return value == 0 || value == A || value == B || value == 1;
}

/* Reads, and says what is wrong with it in this state. */
static void reader(void)
{
	while (racing()) {
		const unsigned long before = now;
		volatile unsigned long *at = any_word(area);
		unsigned long value = 0;
		const bool could = try_read(at, &value);
		const unsigned long state = now == before ? before % STATES : BUSY;

		if (could && !is_ours(value))
			race_wrong("read %#lx, which was never written there", value);
		if (state == NONE && could)
			race_wrong("read %#lx where nothing is mapped", value);
		if ((state == RO || state == RW || state == HOLDS_A || state == HOLDS_B ||
		     state == ZEROS) &&
		    !could)
			race_wrong("could not read what is mapped (state %lu)", state);
		if ((state == HOLDS_A && value != A) || (state == HOLDS_B && value != B) ||
		    (state == ZEROS && value != 0))
			race_wrong("read %#lx in state %lu", value, state);
	}
}

static void writer(void)
{
	while (racing()) {
		const unsigned long before = now;
		const bool could = try_write(any_word(area), 1);
		const unsigned long state = now == before ? before % STATES : BUSY;

		if (could && (state == NONE || state == RO))
			race_wrong("could write in state %lu", state);
		if (!could && state == RW)
			race_wrong("could not write");
	}
}

/* The kernel's writes into the range: all, a part, or nothing, as the area is. */
static void kernel_reader(void)
{
	while (racing()) {
		const unsigned long before = now;
		const long done = read(empty, (void *)area, bytes());
		const int error = errno;
		const unsigned long state = now == before ? before % STATES : BUSY;

		if (done < 0 ? error != EFAULT : done == 0 || done > (long)bytes())
			race_wrong("read() gives %ld, errno %d", done, error);
		if ((state == NONE || state == RO) && done >= 0)
			race_wrong("read() wrote %ld bytes in state %lu", done, state);
		if (state == RW && done != (long)bytes())
			race_wrong("read() gives %ld where all may be written", done);
	}
}

/* --- the changers --- */

static void unmapper(void)
{
	while (racing()) {
		check_call("mmap",
			   mmap((void *)area, bytes(), rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
				-1, 0) == MAP_FAILED);
		say(RW);
		pause_a_bit();
		say(BUSY);
		check_call("munmap", munmap((void *)area, bytes()));
		say(NONE);
		pause_a_bit();
		say(BUSY);
	}
}

static void protector(void)
{
	while (racing()) {
		const unsigned long how = race_random() % 3;

		check_call("mprotect", mprotect((void *)area, bytes(),
						how == 0   ? PROT_NONE
						: how == 1 ? PROT_READ
							   : rw));
		say(how == 0 ? NONE : how == 1 ? RO : RW);
		pause_a_bit();
		say(BUSY);
	}
	mprotect((void *)area, bytes(), rw);
}

/* Back and forth: at the place that is looked at it is there, or nothing is. */
static void mover(void)
{
	while (racing()) {
		check_call("mremap away",
			   mremap((void *)area, bytes(), bytes(), MREMAP_MAYMOVE | MREMAP_FIXED,
				  (void *)other) == MAP_FAILED);
		say(NONE);
		pause_a_bit();
		say(BUSY);
		check_call("mremap back",
			   mremap((void *)other, bytes(), bytes(), MREMAP_MAYMOVE | MREMAP_FIXED,
				  (void *)area) == MAP_FAILED);
		say(RW);
		pause_a_bit();
		say(BUSY);
	}
}

/* Another mapping in place of one in use: there is no moment without any. */
static void replacer(void)
{
	for (int i = 0; racing(); i ^= 1) {
		check_call("mmap", mmap((void *)area, bytes(), PROT_READ,
					(race_random() & 1 ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED,
					files[i], 0) == MAP_FAILED);
		say(i ? HOLDS_B : HOLDS_A);
		pause_a_bit();
		now = now / STATES * STATES + STATES + RO; /* readable all the time */
	}
	mmap((void *)area, bytes(), rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void thrower(void)
{
	while (racing()) {
		fill(A);
		say(HOLDS_A);
		pause_a_bit();
		say(BUSY);
		check_call("madvise", madvise((void *)area, bytes(), MADV_DONTNEED));
		say(ZEROS);
		pause_a_bit();
		say(BUSY);
	}
}

/*
 * Two at once throw the same pages away. Who comes second finds nothing to do, but must not return before the
 * first one's work is done on all CPUs. One throws all of them at once; the other goes from page to
 * page, and is passed between looking at a page and throwing it: what it has looked at its CPU remembers.
 */
static atomic_ulong to_do, done; /* rounds; pages are filled anew when both are done */

static void throw_all(void)
{
	for (unsigned long round = 1; racing(); round++) {
		fill(A);
		to_do = round;
		check_call("madvise", madvise((void *)area, bytes(), MADV_DONTNEED));
		while (done < round && racing())
			sched_yield();
		race_count();
	}
}

static void throw_singly(void)
{
	const long words = page_size / sizeof(long);

	for (unsigned long round = 1;; round++) {
		while (to_do < round) {
			if (!racing())
				return;
		}
		for (int i = (int)(race_random() % pages); i < pages; i++) {
			volatile unsigned long *word = area + i * words + 5;
			const unsigned long before = *word;

			check_call("madvise",
				   madvise((void *)(word - 5), page_size, MADV_DONTNEED));
			if (*word)
				race_wrong("read %#lx, thrown away by a call that has returned",
					   before);
		}
		done = round;
	}
}

/* --- the frame of a case --- */

static void take_frames(void)
{
	const size_t size = 512 * page_size;

	for (;;) {
		unsigned long *memory = mmap(NULL, size, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			continue;
		for (size_t i = 0; i < size / sizeof(long); i++)
			memory[i] = SECRET;
		munmap(memory, size);
		usleep(1000);
	}
}

static int file_of(unsigned long value)
{
	int fd = must(memfd_create("file", 0));
	unsigned long page[page_size / sizeof(long)];

	for (unsigned i = 0; i < page_size / sizeof(long); i++)
		page[i] = value;
	for (int i = 0; i < MANY; i++)
		must(write(fd, page, page_size));
	return fd;
}

static void look_while(int how_many, void (*const bodies[])(void))
{
	/* Twice so many pages have to be promised, and there are not many on a small machine. */
	const long available = sysconf(_SC_AVPHYS_PAGES) / 4;
	pid_t taker;

	pages = available < how_many ? (int)available : how_many;
	now = BUSY;
	to_do = done = 0;
	/* Two places, apart, where nobody else maps anything: both are taken all the time but by us. */
	area = must(mmap(NULL, 2 * bytes(), rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	other = area + bytes() / sizeof(long);
	taker = start_child(take_frames);
	race(SECONDS, bodies);
	kill(taker, SIGKILL);
	wait_child(taker);
	munmap((void *)area, 2 * bytes());
}

#define CASE(name, pages, ...)                                             \
	static void name(void)                                             \
	{                                                                  \
		static void (*const bodies[])(void) = {__VA_ARGS__, NULL}; \
		look_while(pages, bodies);                                 \
	}

CASE(unmapped, MANY, unmapper, reader, writer)
CASE(unmapped_under_read, FEW, unmapper, kernel_reader, reader)
CASE(protected, MANY, protector, reader, writer)
CASE(protected_under_read, FEW, protector, kernel_reader, writer)
CASE(moved, MANY, mover, reader, writer)
CASE(moved_under_read, FEW, mover, kernel_reader, reader)
CASE(replaced, MANY, replacer, reader, reader)
CASE(thrown, FEW, thrower, reader, reader)
CASE(thrown_by_two, LOTS, throw_all, throw_singly)

int main(void)
{
	page_size = sysconf(_SC_PAGESIZE);
	files[0] = file_of(A);
	files[1] = file_of(B);
	empty = open("/dev/zero", O_RDONLY);
	run("stale-munmap", unmapped);
	run("stale-munmap-read", unmapped_under_read);
	run("stale-mprotect", protected);
	run("stale-mprotect-read", protected_under_read);
	run("stale-mremap", moved);
	run("stale-mremap-read", moved_under_read);
	run("stale-map-fixed", replaced);
	run("stale-dontneed", thrown);
	run("stale-dontneed-twice", thrown_by_two);
	return finish();
}
