/*
 * Everything at once, drawn by a seed: areas of all kinds, files that shrink and grow, reads and
 * writes into areas with holes, forks. What comes of each step is a result, a digest of the
 * areas and one of the contents.
 */
#include "compare.h"

#define SPAN       64 /* pages of the arena that are played with */
#define FILE_PAGES 40

static unsigned long state;
static int files[2];

static unsigned long draw(unsigned long below)
{
	state = state * 6364136223846793005UL + 1442695040888963407UL;
	return (state >> 33) % below;
}

struct place {
	long page, pages;
};

static struct place draw_place(void)
{
	const long page = draw(SPAN), pages = 1 + draw(draw(4) ? 8 : SPAN);

	return (struct place){page, pages < SPAN - page ? pages : SPAN - page};
}

static int draw_protection(void)
{
	static const int protections[] = {NONE, R, RW, RW, RW, RX, RWX};

	return protections[draw(7)];
}

static void map_something(struct place p)
{
	static const int types[] = {PRIVATE | MAP_ANONYMOUS, SHARED | MAP_ANONYMOUS, PRIVATE,
				    SHARED};
	static const int extras[] = {0, 0, 0, MAP_POPULATE, MAP_NORESERVE, MAP_LOCKED};
	const int protection = draw_protection(), type = types[draw(4)], extra = extras[draw(6)];
	const long offset = draw(FILE_PAGES), which = draw(2);

	result(mmap(at(p.page), p.pages * P, protection, type | FIXED | extra,
		    type & MAP_ANONYMOUS ? -1 : files[which],
		    type & MAP_ANONYMOUS ? 0 : offset * P),
	       "mmap %ld+%ld %d type %x file %ld at %ld", p.page, p.pages, protection, type | extra,
	       which, offset);
}

static void advise(struct place p)
{
	static const int advices[] = {MADV_NORMAL,
				      MADV_RANDOM,
				      MADV_DONTNEED,
				      MADV_DONTNEED,
				      MADV_REMOVE,
				      MADV_DONTFORK,
				      MADV_DOFORK,
				      MADV_WIPEONFORK,
				      MADV_KEEPONFORK,
				      MADV_DONTDUMP,
				      MADV_DODUMP,
				      MADV_WILLNEED,
				      22,
				      23,
				      24};
	const int advice = advices[draw(15)];

	result(madvise(at(p.page), p.pages * P, advice), "madvise %ld+%ld %d", p.page, p.pages,
	       advice);
}

static void move(struct place p)
{
	const struct place to = draw_place();

	switch (draw(4)) {
	case 0:
		result(mremap(at(p.page), p.pages * P, p.pages * P,
			      MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, at(to.page)),
		       "mremap %ld+%ld to %ld and stay", p.page, p.pages, to.page);
		break;
	case 1:
		result(mremap(at(p.page), p.pages * P, to.pages * P, 0, 0), "resize %ld+%ld to %ld",
		       p.page, p.pages, to.pages);
		break;
	default:
		result(mremap(at(p.page), p.pages * P, to.pages * P, MREMAP_MAYMOVE | MREMAP_FIXED,
			      at(to.page)),
		       "mremap %ld+%ld to %ld+%ld", p.page, p.pages, to.page, to.pages);
	}
}

static void lock(struct place p)
{
	switch (draw(3)) {
	case 0: result(mlock(at(p.page), p.pages * P), "mlock %ld+%ld", p.page, p.pages); break;
	case 1:
		result(mlock2(at(p.page), p.pages * P, MLOCK_ONFAULT), "mlock2 %ld+%ld", p.page,
		       p.pages);
		break;
	default: result(munlock(at(p.page), p.pages * P), "munlock %ld+%ld", p.page, p.pages);
	}
	status("VmLck");
}

static void change_file(struct place p)
{
	const int which = draw(2);

	switch (draw(4)) {
	case 0:
		result(ftruncate(files[which], p.page * P + draw(2) * 100),
		       "truncate file %d to %ld", which, p.page);
		break;
	case 1:
		result(fallocate(files[which], 3, p.page * P, p.pages * P), "punch file %d %ld+%ld",
		       which, p.page, p.pages);
		break;
	case 2:
		result(pread(files[which], at(p.page) + draw(2) * 77, p.pages * P,
			     draw(FILE_PAGES) * P),
		       "pread file %d to %ld+%ld", which, p.page, p.pages);
		break;
	default:
		result(pwrite(files[which], at(p.page) + draw(2) * 77, p.pages * P,
			      draw(FILE_PAGES) * P),
		       "pwrite file %d from %ld+%ld", which, p.page, p.pages);
	}
}

static void write_to(struct place p)
{
	int count = 0;

	for (long i = p.page; i < p.page + p.pages; i++)
		if (!faults(at(i), WRITE)) {
			*at(i) = 'a' + draw(26);
			count++;
		}
	say("write %ld+%ld: %d", p.page, p.pages, count);
}

static void step(bool areas)
{
	const struct place p = draw_place();

	switch (draw(areas ? 16 : 12)) {
	case 0:
	case 1: result(munmap(at(p.page), p.pages * P), "munmap %ld+%ld", p.page, p.pages); break;
	case 2:
	case 3: {
		const int protection = draw_protection();

		result(mprotect(at(p.page), p.pages * P, protection), "mprotect %ld+%ld %d", p.page,
		       p.pages, protection);
		break;
	}
	case 4: advise(p); break;
	case 5: lock(p); break;
	case 6:
	case 7: change_file(p); break;
	case 8:
		result(msync(at(p.page), p.pages * P, draw(8)), "msync %ld+%ld", p.page, p.pages);
		break;
	case 9:
	case 10:
	case 11: write_to(p); break;
	case 12: move(p); break;
	default: map_something(p);
	}
	if (areas)
		maps_digest();
	bytes_digest(0, SPAN);
}

/* Areas that came by fork may be joined otherwise (differences.txt): only what they hold counts. */
static void child(void)
{
	for (int i = 0; i < 15; i++)
		step(false);
}

static void play(unsigned long seed)
{
	state = seed;
	files[0] = file_of(FILE_PAGES);
	files[1] = memory_file(FILE_PAGES, 0);
	for (int i = 0; i < 120; i++) {
		if (i % 40 == 39) {
			in_child(child);
			draw(1);
		}
		step(true);
	}
	vm_flags();
	smaps("Locked", 0, SPAN);
	smaps("Anonymous", 0, SPAN);
}

#define PLAY(seed)          \
	CASE(seed_##seed)   \
	{                   \
		play(seed); \
	}

PLAY(1)
PLAY(2)
PLAY(3)
PLAY(4)
PLAY(5)
PLAY(6)
PLAY(7)
PLAY(8)
PLAY(9)
PLAY(10)
PLAY(11)
PLAY(12)
PLAY(13)
PLAY(14)
PLAY(15)
PLAY(16)
PLAY(17)
PLAY(18)
PLAY(19)
PLAY(20)
PLAY(21)
PLAY(22)
PLAY(23)
PLAY(24)
PLAY(25)
PLAY(26)
PLAY(27)
PLAY(28)
PLAY(29)
PLAY(30)
