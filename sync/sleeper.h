/*
 * What the sleeping locks share (private to sync/): the word that says who is inside, and the
 * queue of those who wait.  sleeper.c says who gets a lock for which several wait.
 *
 *     word:  readers inside * 8  |  4: the first in the queue insists  |  2: somebody waits  |
 *            1: a writer is inside (a mutex: its holder)
 */
#pragma once

#include "lib/errno.h"
#include "sync/wait.h"

#define WRITER  1u
#define WAITING 2u
#define INSISTS 4u
#define READER  8u

/*
 * Wait until let in, to be alone or among readers: 0, or -EINTR if a signal that the state admits came
 * first.  Sleeps. The fast way in has failed.
 */
int sleeper_wait(u32 *word, struct wait_queue_head *queue, bool exclusive, enum task_state state);
/* The caller has left, or has become a reader, and somebody waits: it is the turn of others. */
void sleeper_pass(u32 *word, struct wait_queue_head *queue);

/* Who is inside does not keep this one out. */
static inline bool sleeper_admitted(u32 word, bool exclusive)
{
	const u32 inside = word & ~(WAITING | INSISTS);

	return exclusive ? inside == 0 : !(inside & WRITER);
}
