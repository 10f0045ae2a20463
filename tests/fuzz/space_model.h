/*
 * The model of fuzz_space: what each page of each process is and must hold.
 */
#pragma once

#include "world.h"

#define PROCS 4
#define PAGES 96
/* The window lies across a border between two leaf tables. */
#define BASE  ((PT_SIZE(PT_PTE) << PT_BITS(PT_PTE)) * 5 - 32 * PAGE_SIZE)

enum kind { NONE, ANON, PRIVATE, SHARED };
struct model_page {
	u8 kind, prot, file, index; /* index: page of the file */
	bool read_only;             /* SHARED: the file was not opened for writing */
	bool own;                   /* PRIVATE: no longer the file's */
	bool locked, on_fault, nofork, wipe;
	u64 value; /* ANON, or own */
};

extern struct proc {
	struct mm_struct *mm; /* NULL: there is no such process */
	struct model_page page[PAGES];
} procs[PROCS];

extern unsigned fail_next; /* the allocation that is to fail in the next call */
extern bool failed;        /* one has failed in the last call */
extern unsigned checks;    /* left for this input */
extern u64 stamp;          /* what was stored last: never the same twice */

unsigned long va_of(unsigned n);
/* Where the page's word stands: in the file or in the page itself. */
u64 *model_word(struct model_page *page);
bool beyond_file(const struct model_page *page);
bool readable(const struct model_page *page);
bool writable(const struct model_page *page);
/* It was written, or is as good as: a private page is the process's own from now on. */
void becomes_own(struct model_page *page);

/*
 * Around a call: the process as it was is kept, and an allocation fails if one is to. Until
 * call_result() proc->page is made what a success makes of it, and this is said:
 */
void call_begin(const struct proc *proc);
extern bool may_vanish[PAGES]; /* the page may be gone if the call fails */
extern bool partly;            /* a call that fails may have done its work for some pages */
/* What the call said and should have said; 0 for success. */
void call_result(struct proc *proc, long error, long expected);
/* The end of a call that has no pages of its own. */
void call_end(void);

void check_load(struct proc *proc, unsigned n);
void check_store(struct proc *proc, unsigned n, bool remote);
/* Every page of every process, and mm_check(): `checks` times an input. */
void check_all(void);
