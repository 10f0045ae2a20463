/*
 * What a process of fuzz_calls.c is, and its dice. lib/fuzz.c makes random calls of it.
 */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <sys/types.h>

#include "lib/check.h"

#define FUZZ_ARENA    (4L << 20)
#define FUZZ_CHILDREN 16
#define FUZZ_SEGMENTS 4

/* One thread of a worker. */
struct thread {
	unsigned long state;
	int calls;
	sigjmp_buf *touching; /* where a fault leads while it touches memory itself */
	char stack[32768] __attribute__((aligned(16)));
};

/* A worker, and what it knows that calls can be made with. */
struct fuzz {
	char *arena; /* FUZZ_ARENA bytes that it maps, unmaps and writes to */
	pid_t children[FUZZ_CHILDREN];
	unsigned nr_children;
	int segments[FUZZ_SEGMENTS]; /* ids of System V segments */
	bool is_root;
};
extern struct fuzz fuzz;

static inline unsigned long dice(struct thread *t, unsigned long sides)
{
	return random_next(&t->state) % sides;
}

static inline bool chance(struct thread *t, unsigned one_in)
{
	return dice(t, one_in) == 0;
}

#define PICK(t, array) ((array)[dice(t, sizeof(array) / sizeof((array)[0]))])

unsigned long fuzz_page(struct thread *t);    /* of the arena */
unsigned long fuzz_pointer(struct thread *t); /* near a border of its pages; or nowhere */
unsigned long fuzz_length(struct thread *t);
unsigned long fuzz_path(struct thread *t);

void fuzz_call(struct thread *t);     /* one of those it knows, with arguments of their kinds */
void fuzz_any_call(struct thread *t); /* by number, with numbers */
