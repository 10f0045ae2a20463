/*
 * madvise: every advice on every kind of area, arguments, holes, and what comes of it.
 */
#include "compare.h"

static const struct {
	const char *name;
	int advice;
} advices[] = {
#define ADVICE(name)               \
	{                          \
#name, MADV_##name \
	}
	ADVICE(NORMAL),
	ADVICE(RANDOM),
	ADVICE(SEQUENTIAL),
	ADVICE(WILLNEED),
	ADVICE(DONTNEED),
	ADVICE(FREE),
	ADVICE(REMOVE),
	ADVICE(DONTFORK),
	ADVICE(DOFORK),
	ADVICE(MERGEABLE),
	ADVICE(UNMERGEABLE),
	ADVICE(HUGEPAGE),
	ADVICE(NOHUGEPAGE),
	ADVICE(DONTDUMP),
	ADVICE(DODUMP),
	ADVICE(WIPEONFORK),
	ADVICE(KEEPONFORK),
	ADVICE(COLD),
	ADVICE(PAGEOUT),
	{"POPULATE_READ", 22},
	{"POPULATE_WRITE", 23},
	{"DONTNEED_LOCKED", 24},
	{"5", 5},
	{"6", 6},
	{"7", 7},
	{"25", 25},
	{"26", 26},
	{"99", 99},
	{"102", 102},
	{"-1", -1},
};
#define N_ADVICES (sizeof(advices) / sizeof(advices[0]))

/* Each advice on 4 fresh pages at A+0, of which the middle two are meant. */
static void all_advices(void (*make)(void))
{
	for (unsigned i = 0; i < N_ADVICES; i++) {
		munmap(at(0), 4 * P);
		make();
		result(madvise(at(1), 2 * P, advices[i].advice), "%s", advices[i].name);
		vm_flags();
		if (advices[i].advice !=
		    MADV_FREE) /* the kernel may throw them away when it likes */
			bytes(0, 4);
	}
}

CASE(free_is_lazy)
{
	anon(0, 4, RW);
	fill(0, 4);
	show(madvise(at(1), 2 * P, MADV_FREE));
	bytes(0, 4);
}

static void make_anonymous(void)
{
	anon(0, 4, RW);
	fill(0, 4);
}

CASE(on_anonymous)
{
	all_advices(make_anonymous);
}

static void make_untouched(void)
{
	anon(0, 4, RW);
}

CASE(on_untouched)
{
	all_advices(make_untouched);
}

static void make_read_only(void)
{
	anon(0, 4, RW);
	fill(0, 4);
	mprotect(at(0), 4 * P, R);
}

CASE(on_read_only)
{
	all_advices(make_read_only);
}

static void make_none(void)
{
	anon(0, 4, NONE);
}

CASE(on_inaccessible)
{
	all_advices(make_none);
}

static void make_shared(void)
{
	mmap(at(0), 4 * P, RW, FIXED_SHM, -1, 0);
	fill(0, 4);
}

CASE(on_shared_anonymous)
{
	all_advices(make_shared);
}

static void make_file(int flags, int protection, int mode)
{
	int fd = file_opened(4, mode);

	mmap(at(0), 4 * P, protection, flags | FIXED, fd, 0);
	close(fd);
}

static void make_private_file(void)
{
	make_file(PRIVATE, RW, O_RDWR);
	*at(1) = 'x';
}

CASE(on_private_file)
{
	all_advices(make_private_file);
}

static void make_shared_file(void)
{
	make_file(SHARED, RW, O_RDWR);
	*at(1) = 'x';
}

CASE(on_shared_file)
{
	all_advices(make_shared_file);
}

static void make_read_only_file(void)
{
	make_file(SHARED, R, O_RDONLY);
}

CASE(on_read_only_file)
{
	all_advices(make_read_only_file);
}

static void make_shared_read_only_view(void)
{
	make_file(SHARED, R, O_RDWR);
}

CASE(on_read_only_view)
{
	all_advices(make_shared_read_only_view);
}

static void make_locked(void)
{
	anon(0, 4, RW);
	fill(0, 4);
	mlock(at(0), 4 * P);
}

CASE(on_locked)
{
	all_advices(make_locked);
}

static void make_locked_shared(void)
{
	make_shared();
	mlock(at(0), 4 * P);
}

CASE(on_locked_shared)
{
	all_advices(make_locked_shared);
}

static void make_stack(void)
{
	mmap(at(0), 4 * P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0);
	fill(0, 4);
}

CASE(on_stack)
{
	all_advices(make_stack);
}

static void make_zero_device(void)
{
	long fd = open("/dev/zero", O_RDWR);

	mmap(at(0), 4 * P, RW, FIXED | PRIVATE, fd, 0);
	close(fd);
	fill(0, 4);
}

CASE(on_private_zero_device)
{
	all_advices(make_zero_device);
}

CASE(arguments)
{
	for (unsigned i = 0; i < N_ADVICES; i++) {
		const int advice = advices[i].advice;

		munmap(at(0), 8 * P);
		anon(0, 4, RW);
		result(madvise(at(0) + 1, P, advice), "%s unaligned", advices[i].name);
		result(madvise(at(0), 0, advice), "%s nothing", advices[i].name);
		result(madvise(at(6), 0, advice), "%s nothing in a hole", advices[i].name);
		result(madvise(at(0), 1, advice), "%s a byte", advices[i].name);
		result(madvise(at(0), -1UL, advice), "%s too long", advices[i].name);
		result(madvise(at(0), -P, advice), "%s wraps", advices[i].name);
		result(madvise(-P, P, advice), "%s too high", advices[i].name);
		vm_flags();
	}
}

CASE(holes)
{
	for (unsigned i = 0; i < N_ADVICES; i++) {
		const int advice = advices[i].advice;

		munmap(at(0), 8 * P);
		anon(1, 2, RW);
		anon(4, 2, RW);
		fill(1, 2);
		fill(4, 2);
		result(madvise(at(0), 3 * P, advice), "%s hole before", advices[i].name);
		result(madvise(at(2), 3 * P, advice), "%s hole in the middle", advices[i].name);
		result(madvise(at(5), 3 * P, advice), "%s hole behind", advices[i].name);
		result(madvise(at(6), P, advice), "%s hole only", advices[i].name);
		maps();
		if (advice != MADV_FREE)
			bytes(0, 8);
	}
}

CASE(over_several_kinds)
{
	for (unsigned i = 0; i < N_ADVICES; i++) {
		munmap(at(0), 12 * P);
		anon(0, 2, RW);
		fill(0, 2);
		mmap(at(2), 2 * P, RW, FIXED_SHM, -1, 0);
		fill(2, 2);
		anon(4, 2, R);
		anon(6, 2, RW);
		fill(6, 2);
		mlock(at(6), 2 * P);
		anon(8, 2, RW);
		fill(8, 2);
		result(madvise(at(1), 8 * P, advices[i].advice), "%s", advices[i].name);
		vm_flags();
		if (advices[i].advice != MADV_FREE)
			bytes(0, 10);
	}
}

CASE(flags_split_and_join)
{
	anon(0, 10, RW);
	maps_after(madvise(at(3), 2 * P, MADV_SEQUENTIAL));
	maps_after(madvise(at(5), 2 * P, MADV_SEQUENTIAL));
	maps_after(madvise(at(3), 2 * P, MADV_RANDOM));
	maps_after(madvise(at(0), 10 * P, MADV_NORMAL));
	maps_after(madvise(at(3), 2 * P, MADV_DONTDUMP));
	maps_after(madvise(at(3), 2 * P, MADV_DODUMP));
	maps_after(madvise(at(0), 2 * P, MADV_DONTFORK));
	maps_after(madvise(at(2), 2 * P, MADV_DONTFORK));
	maps_after(madvise(at(0), 10 * P, MADV_DOFORK));
	maps_after(madvise(at(9), P, MADV_WIPEONFORK));
	maps_after(madvise(at(8), P, MADV_WIPEONFORK));
	maps_after(madvise(at(8), 2 * P, MADV_KEEPONFORK));
	vm_flags();
}

CASE(sequential_and_random_exclude_each_other)
{
	anon(0, 1, RW);
	show(madvise(at(0), P, MADV_SEQUENTIAL));
	vm_flags();
	show(madvise(at(0), P, MADV_RANDOM));
	vm_flags();
	show(madvise(at(0), P, MADV_NORMAL));
	vm_flags();
	show(madvise(at(0), P, MADV_HUGEPAGE));
	vm_flags();
	show(madvise(at(0), P, MADV_NOHUGEPAGE));
	vm_flags();
}

CASE(remove_punches_the_file)
{
	int fd = file_of(4);
	char byte = 0;

	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, fd, 0));
	show(madvise(at(1), 2 * P, MADV_REMOVE));
	bytes(0, 4);
	show(pread(fd, &byte, 1, P));
	say("byte %d", byte);
	show(sys3(SYS_lseek, fd, 0, SEEK_END));
	show(mmap(at(8), 4 * P, R, FIXED | SHARED, fd, 0));
	show(madvise(at(8), P, MADV_REMOVE));
	show(mmap(at(16), 4 * P, RW, FIXED | PRIVATE, fd, 0));
	show(madvise(at(16), P, MADV_REMOVE));
	bytes(0, 4);
	show(mlock(at(0), P));
	show(madvise(at(0), P, MADV_REMOVE));
	show(madvise(at(1), P, MADV_REMOVE));
}

CASE(remove_beyond_the_end)
{
	int fd = file_of(2);

	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, fd, 0));
	show(madvise(at(1), 3 * P, MADV_REMOVE));
	bytes(0, 4);
	show(madvise(at(3), P, MADV_REMOVE));
	show(sys3(SYS_lseek, fd, 0, SEEK_END));
}

CASE(populate_past_the_end)
{
	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, file_of(2), 0));
	show(madvise(at(0), 2 * P, 22));
	show(madvise(at(0), 2 * P, 23));
	show(madvise(at(1), 2 * P, 22));
	show(madvise(at(1), 2 * P, 23));
	show(madvise(at(2), P, 22));
}

CASE(populate_counts)
{
	anon(0, 4, RW);
	show(madvise(at(0), 4 * P, 22));
	smaps("Rss", 0, 4);
	smaps("Anonymous", 0, 4);
	show(madvise(at(0), 4 * P, 23));
	smaps("Rss", 0, 4);
	smaps("Anonymous", 0, 4);
	anon(8, 4, W);
	show(madvise(at(8), 4 * P, 22));
	show(madvise(at(8), 4 * P, 23));
	anon(16, 4, X);
	show(madvise(at(16), 4 * P, 22));
	show(madvise(at(16), 4 * P, 23));
}

CASE(wipe_on_fork_needs_private_anonymous)
{
	anon(0, 2, RW);
	show(madvise(at(0), 2 * P, MADV_WIPEONFORK));
	vm_flags();
	show(mmap(at(4), 2 * P, RW, FIXED | PRIVATE, file_of(2), 0));
	show(madvise(at(4), 2 * P, MADV_WIPEONFORK));
	show(mmap(at(8), 2 * P, RW, FIXED_SHM, -1, 0));
	show(madvise(at(8), 2 * P, MADV_WIPEONFORK));
	show(madvise(at(0), 10 * P, MADV_WIPEONFORK));
	show(madvise(at(0), 10 * P, MADV_KEEPONFORK));
	vm_flags();
}

CASE(dontneed_of_private_file_shows_file_again)
{
	show(mmap(at(0), 4 * P, RW, FIXED | PRIVATE, file_of(4), 0));
	for (int i = 0; i < 4; i++)
		*at(i) = 'x';
	bytes(0, 4);
	show(madvise(at(1), 2 * P, MADV_DONTNEED));
	bytes(0, 4);
}

CASE(dontneed_of_shared_keeps_data)
{
	show(mmap(at(0), 4 * P, RW, FIXED_SHM, -1, 0));
	fill(0, 4);
	smaps("Rss", 0, 4);
	show(madvise(at(0), 4 * P, MADV_DONTNEED));
	smaps("Rss", 0, 4);
	bytes(0, 4);
}

CASE(as_many_areas_as_allowed)
{
	long max = sysctl_number("vm/max_map_count"), i, error = 0;
	char text[32];

	sysctl("vm/max_map_count", "200");
	anon(0, 1000, RW);
	for (i = 1; i < 1000 && !error; i += 2)
		error = madvise(at(i), P, MADV_DONTFORK);
	say("stopped: %s", errno_name(-error));
	show(madvise(at(900), P, MADV_DONTNEED));
	show(madvise(at(900), P, MADV_SEQUENTIAL));
	snprintf(text, sizeof(text), "%ld", max);
	sysctl("vm/max_map_count", text);
}

CASE(process_madvise)
{
	struct iovec part = {at(0), P}, two[2] = {{at(0), P}, {at(2), P}};
	long fd = sys2(434 /* pidfd_open */, sys0(SYS_getpid), 0);

	anon(0, 4, RW);
	show(sys5(440, -1, &part, 1, MADV_COLD, 0));
	if (fd >= 0) {
		show(sys5(440, fd, &part, 1, MADV_COLD, 0));
		show(sys5(440, fd, two, 2, MADV_WILLNEED, 0));
		show(sys5(440, fd, &part, 1, MADV_DONTNEED, 0));
		show(sys5(440, fd, &part, 1, MADV_COLD, 1));
	}
}
