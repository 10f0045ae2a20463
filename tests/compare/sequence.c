/*
 * Many operations in a row, drawn by a seed, with the areas printed after each: split, merge,
 * move, protect, advise, lock, touch. The same seed draws the same on every kernel.
 */
#include "compare.h"

#define SPAN 48 /* pages that are played with */

static unsigned long state;

static unsigned long draw(unsigned long below)
{
	state = state * 6364136223846793005UL + 1442695040888963407UL;
	return (state >> 33) % below;
}

static int fd_of_file;

static void step(bool touches)
{
	static const int protections[] = {NONE, R, RW, RW, RX, RWX};
	static const int advices[] = {MADV_NORMAL,   MADV_SEQUENTIAL, MADV_DONTFORK, MADV_DOFORK,
				      MADV_DONTDUMP, MADV_DODUMP,     MADV_DONTNEED};
	const long page = draw(SPAN), pages = 1 + draw(12);
	const int protection = protections[draw(6)];

	switch (draw(touches ? 12 : 9)) {
	case 0:
	case 1:
		result(mmap(at(page), pages * P, protection, FIXED_ANON, -1, 0), "mmap %ld+%ld %d",
		       page, pages, protection);
		break;
	case 2: result(munmap(at(page), pages * P), "munmap %ld+%ld", page, pages); break;
	case 3:
	case 4:
		result(mprotect(at(page), pages * P, protection), "mprotect %ld+%ld %d", page,
		       pages, protection);
		break;
	case 5: {
		const int advice = advices[draw(7)];

		result(madvise(at(page), pages * P, advice), "madvise %ld+%ld %d", page, pages,
		       advice);
		break;
	}
	case 6: {
		const long to = draw(SPAN), more = 1 + draw(12);

		result(mremap(at(page), pages * P, more * P, MREMAP_MAYMOVE | MREMAP_FIXED, at(to)),
		       "mremap %ld+%ld to %ld+%ld", page, pages, to, more);
		break;
	}
	case 7:
		if (draw(2)) {
			result(mlock(at(page), pages * P), "mlock %ld+%ld", page, pages);
		} else {
			result(munlock(at(page), pages * P), "munlock %ld+%ld", page, pages);
		}
		break;
	case 8:
		if (draw(2)) {
			result(mmap(at(page), pages * P, protection, FIXED | PRIVATE, fd_of_file,
				    page * P),
			       "mmap of the file %ld+%ld %d", page, pages, protection);
		} else {
			const long more = 1 + draw(12);

			result(mremap(at(page), pages * P, more * P, 0, 0), "resize %ld+%ld to %ld",
			       page, pages, more);
		}
		break;
	default:
		for (long i = page; i < page + pages; i++)
			if (!faults(at(i), WRITE))
				*at(i) = 'a' + i % 26;
		say("write to %ld+%ld", page, pages);
	}
	maps();
}

static void play(unsigned long seed, int steps, bool touches)
{
	state = seed;
	fd_of_file = file_of(SPAN + 12);
	for (int i = 0; i < steps; i++)
		step(touches);
	bytes(0, SPAN + 12);
	vm_flags();
	status("VmLck");
}

#define PLAY(seed)                            \
	CASE(untouched_##seed)                \
	{                                     \
		play(seed, 150, false);       \
	}                                     \
	CASE(touched_##seed)                  \
	{                                     \
		play(seed + 1000, 150, true); \
	}

PLAY(1)
PLAY(2)
PLAY(3)
PLAY(4)
PLAY(5)
PLAY(6)
PLAY(7)
PLAY(8)
