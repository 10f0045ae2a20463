/*
 * What the fuzz targets share: an input read as a list of small numbers, a machine that
 * stays up from one input to the next, and what a program on it does.
 *
 * A target says what it expects by MUST(): what does not hold is a panic, which
 * libFuzzer takes for a crash and keeps the input of.  An input leaves nothing
 * behind: at its end everything is given back, and the target holds that against what was free
 * when it began.  So an input repeats by itself, whatever ran before it.
 */
#pragma once

#include "lib/assert.h"
#include "lib/string.h"
#include "machine/soft.h"
#include "mm/check.h"
#include "mm/frame/frame.h"
#include "mm/kva/kva.h"
#include "mm/lru/lru.h"
#include "mm/slab/slab.h"
#include "mm/space/pages.h"
#include "mm/swap/swap.h"
#include "sync/epoch.h"
#include "sync/task.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

#define MUST(cond) BUG_ON(!(cond))
#define MUST_EQUAL(a, b)                                                                           \
	do {                                                                                       \
		const long left_ = (long)(a), right_ = (long)(b);                                  \
		if (left_ != right_)                                                               \
			panic("%s:%d: %s is %ld, not %s (%ld)", __FILE__, __LINE__, #a, left_, #b, \
			      right_);                                                             \
	} while (0)

/* --- input --- */

struct input {
	const u8 *at, *end;
};

static inline bool input_ended(const struct input *in)
{
	return in->at == in->end;
}

/* The next byte; zeros behind the end. */
static inline unsigned input_byte(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/* A number below the limit, which is at most 65536; a byte of input if that is enough. */
static inline unsigned input_below(struct input *in, unsigned limit)
{
	unsigned n = input_byte(in);

	if (limit > 256)
		n = n << 8 | input_byte(in);
	return n % limit;
}

/* --- the machine --- */

#define WORLD_CPUS 2

/* Two small nodes and two CPUs; every floor up to address spaces stands, and is checked. */
void world_boot(void);
/* What is held back for speed goes back; frames that are free then. */
unsigned long world_settle(void);
/* Every invariant holds and nobody has warned. */
void world_check(void);

/* --- failing allocations --- */

/* The n-th allocation from now fails (0: none). */
void fail_begin(unsigned n);
/* No more; has one failed? */
bool fail_end(void);

/* --- files: a mapping whose host is an array of words, one for each page --- */

#define FILES      2
#define FILE_PAGES 48

extern struct world_file {
	struct address_space mapping;
	u64 disk[FILE_PAGES];
	u64 pages;           /* its size */
	u64 now[FILE_PAGES]; /* what a reader must see */
} files[FILES];
extern long file_references;

/* File 0 has a disk and wants to be told of writes; file 1 is memory. As new, without pages. */
void files_reset(void);
/* What mmap is given of a file. */
struct map_source file_source(int file, bool writable);
void file_truncate(int file, u64 pages);

/* --- programs --- */

#define WORD 3 /* the place in a page that programs use */

/* An access on this CPU, with as many faults as it takes: what became of it. */
fault_t program_load(struct mm_struct *mm, unsigned long va, u64 *value);
fault_t program_store(struct mm_struct *mm, unsigned long va, u64 value);
/* The process ends: no CPU has its space loaded any more. */
void program_exit(struct mm_struct *mm);
