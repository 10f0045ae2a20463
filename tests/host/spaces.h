/*
 * The world around address spaces, for their tests: a machine with all floors up to
 * mm/space, two files, and a program's accesses through the MMU.
 */
#pragma once

#include "harness.h"
#include "lib/assert.h"
#include "machine/soft.h"
#include "mm/check.h"
#include "mm/lru/lru.h"
#include "mm/space/pages.h"
#include "mm/swap/swap.h"
#include <linux/mman.h>

#define FILES       2
#define FILE_PAGES  96
/* Where the second node begins: above 4 GiB, if the entries of tables reach so far. */
#define SECOND_NODE (sizeof(pte_t) > 4 ? 0x140000000 : 0x40000000)
/* A window of pages for tests: it lies across a border between two leaf tables. */
#define BASE        ((PT_SIZE(PT_PTE) << PT_BITS(PT_PTE)) * 5 - 64 * PAGE_SIZE)
#define WORD        3 /* the place in a page that programs use */

/* A file is a mapping whose host is an array of words, one for each page: what the disk holds. */
struct test_file {
	struct address_space mapping;
	u64 disk[FILE_PAGES];
	u64 pages;           /* its size */
	u64 now[FILE_PAGES]; /* the model: what a reader sees */
	unsigned notified;
};
extern struct test_file files[FILES];
extern const struct vm_operations file_vm_ops; /* of the first */
extern long file_references;                   /* atomic: by areas */

/* Two nodes, so that pages come from elsewhere than the tables that map them; HIGHMEM is the second. */
void spaces_up(unsigned cpus, u64 schedule_seed);
/* The same in two steps. */
void spaces_machine(unsigned cpus, u64 schedule_seed);
void spaces_floors(void);

/* A space with so many writable private pages at BASE. */
struct mm_struct *anon_mm(unsigned pages);
/* mmput(), after no CPU has it loaded any more. */
void put_mm(struct mm_struct *mm);
/* Truncate both files to nothing. */
void drop_files(void);
/* Pages of programs and files, on lists or mapped, once all is settled. */
unsigned long in_use(void);

static inline unsigned long va_of(unsigned n)
{
	return BASE + n * PAGE_SIZE;
}

/* A program's access at va, with the faults that it takes. */
fault_t touch(struct mm_struct *mm, unsigned long va, enum soft_access access);
/* The same for the word that programs use in the page at va. */
fault_t load(struct mm_struct *mm, unsigned long va, u64 *value);
fault_t store(struct mm_struct *mm, unsigned long va, u64 value);
