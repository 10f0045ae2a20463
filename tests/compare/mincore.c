/*
 * mincore and msync.
 */
#include "compare.h"

static unsigned char answers[64];

CASE(arguments)
{
	anon(0, 4, RW);
	show(mincore(at(0) + 1, P, answers));
	show(mincore(at(0), 0, answers));
	show(mincore(at(0) + 1, 0, answers));
	show(mincore(at(0), 1, answers));
	show(mincore(at(0), P + 1, answers));
	show(mincore(at(0), -1UL, answers));
	show(mincore(at(0), 1UL << 47, answers));
	show(mincore(-P, P, answers));
	show(mincore(at(0), P, 0));
	show(mincore(at(0), P, 1));
	show(mincore(at(0), P, at(100)));
	show(mincore(at(0), P, -1UL));
	show(mincore(at(0), 0, 0));
	show(mincore(at(10), 0, answers));
	show(mincore(at(10), P, 0));
	show(mincore(0x800000000000, P, answers));
}

CASE(holes)
{
	anon(0, 2, RW);
	fill(0, 2);
	anon(4, 2, RW);
	fill(4, 2);
	in_core(0, 2);
	in_core(0, 3);
	in_core(2, 2);
	in_core(3, 2);
	in_core(-1, 2);
	memset(answers, 7, sizeof(answers));
	show(mincore(at(0), 6 * P, answers));
	say("%d %d %d", answers[0], answers[1], answers[2]);
}

CASE(anonymous)
{
	anon(0, 6, RW);
	in_core(0, 6);
	*at(1) = 1;
	touch(at(3), READ);
	in_core(0, 6);
	show(madvise(at(1), P, MADV_DONTNEED));
	in_core(0, 6);
	show(mprotect(at(3), 2 * P, NONE));
	in_core(0, 6);
	show(mlock(at(0), 2 * P));
	in_core(0, 6);
}

CASE(shared)
{
	show(mmap(at(0), 6 * P, RW, FIXED_SHM, -1, 0));
	in_core(0, 6);
	*at(1) = 1;
	touch(at(3), READ);
	in_core(0, 6);
	show(madvise(at(0), 6 * P, MADV_DONTNEED));
	in_core(0, 6);
	show(madvise(at(0), 2 * P, MADV_REMOVE));
	in_core(0, 6);
}

CASE(files)
{
	int fd = file_of(4);

	show(mmap(at(0), 6 * P, RW, FIXED | SHARED, fd, 0));
	in_core(0, 6);
	show(ftruncate(fd, 8 * P));
	in_core(0, 6);
	*at(5) = 1;
	in_core(0, 6);
	show(mmap(at(10), 6 * P, RW, FIXED | PRIVATE, fd, 0));
	in_core(10, 6);
	*at(14) = 1;
	in_core(10, 6);
	show(fallocate(fd, 3, 0, 2 * P)); /* FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE */
	in_core(0, 6);
	in_core(10, 6);
}

CASE(several_areas)
{
	anon(0, 2, RW);
	fill(0, 1);
	anon(2, 2, R);
	show(mmap(at(4), 2 * P, RW, FIXED_SHM, -1, 0));
	fill(5, 1);
	in_core(0, 6);
}

CASE(long_range)
{
	static unsigned char many[2048];
	int count = 0;

	show(mmap(at(0), 2048 * P, RW, FIXED_ANON, -1, 0));
	for (int i = 0; i < 2048; i += 3)
		*at(i) = 1;
	show(mincore(at(0), 2048 * P, many));
	for (int i = 0; i < 2048; i++)
		count += many[i] & 1;
	say("%d", count);
	show(mprotect(at(1000), P, R));
	show(munmap(at(2000), P));
	show(mincore(at(0), 2048 * P, many));
}

CASE(msync_arguments)
{
	anon(0, 4, RW);
	show(msync(at(0) + 1, P, MS_SYNC));
	show(msync(at(0), 0, MS_SYNC));
	show(msync(at(0), 1, MS_SYNC));
	show(msync(at(0), P, 0));
	show(msync(at(0), P, MS_ASYNC));
	show(msync(at(0), P, MS_INVALIDATE));
	show(msync(at(0), P, MS_SYNC | MS_ASYNC));
	show(msync(at(0), P, MS_SYNC | MS_INVALIDATE));
	show(msync(at(0), P, MS_ASYNC | MS_INVALIDATE));
	show(msync(at(0), P, 8));
	show(msync(at(0), P, -1));
	show(msync(at(0), -1UL, MS_SYNC));
	show(msync(at(0), -P, MS_SYNC));
	show(msync(at(10), 0, MS_SYNC));
	show(msync(at(10), P, MS_SYNC));
	show(msync(at(10), P, 0));
	show(msync(-P, P, MS_SYNC));
	show(msync(-P, 2 * P, MS_SYNC));
}

CASE(msync_holes)
{
	static const int flags[] = {0, MS_ASYNC, MS_SYNC, MS_INVALIDATE, MS_SYNC | MS_INVALIDATE};

	anon(0, 2, RW);
	anon(4, 2, RW);
	for (int i = 0; i < 5; i++) {
		result(msync(at(0), 6 * P, flags[i]), "middle %d", flags[i]);
		result(msync(at(0), 3 * P, flags[i]), "behind %d", flags[i]);
		result(msync(at(3), 3 * P, flags[i]), "before %d", flags[i]);
		result(msync(at(2), 2 * P, flags[i]), "only %d", flags[i]);
	}
}

CASE(msync_locked)
{
	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, file_of(4), 0));
	show(mlock(at(2), P));
	show(msync(at(0), 4 * P, MS_SYNC));
	show(msync(at(0), 4 * P, MS_INVALIDATE));
	show(msync(at(0), 2 * P, MS_INVALIDATE));
	show(msync(at(0), 4 * P, MS_SYNC | MS_INVALIDATE));
	anon(8, 1, RW);
	show(mlock(at(8), P));
	show(msync(at(8), P, MS_INVALIDATE));
}
