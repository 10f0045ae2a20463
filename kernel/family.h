/*
 * The locks of the tree of processes, its sessions and groups.
 *
 * One lock for all would make every fork, exit and wait of a machine meet. So the
 * processes fall into families by number, and each family has a lock:
 *
 *     a family's lock     for its processes: the threads and what the dead of them used,
 *                         the children's links; for its numbers: their hash chains
 *     all of them         whatever moves between processes: a child gets another parent, a
 *                         process another group, session, terminal, a thread its leader's place
 *
 * Hence what is changed under all locks stands still for who holds any one of them: who
 * a process's parent is, what group it is in. A fork needs two locks (the parent's and
 * that of the child's number), and so do an exit and a wait4() that reaps.
 *
 * Several locks are taken at once, by rising number. Who finds, with some held, that he
 * needs more lets go and takes the greater set, and looks again.
 */
#pragma once

#include "kernel/task.h"

#define NR_FAMILIES 16

typedef u32 families_t; /* a set: a bit for each family */

#define ALL_FAMILIES ((families_t)BIT(NR_FAMILIES) - 1)

static inline families_t family_of_number(pid_t pid)
{
	return 1u << (unsigned)pid % NR_FAMILIES;
}
/* Of the task's process. */
static inline families_t family_of(const struct task_struct *t)
{
	return family_of_number(t->tgid);
}

/* Spinlocks: nobody sleeps, and who holds some takes no more. */
void lock_families(families_t set);
void unlock_families(families_t set);
#ifdef PAGODA_DEBUG
void assert_families_locked(families_t set);
#else
static inline void assert_families_locked(families_t set)
{
}
#endif

/* The whole tree. */
static inline void lock_tasklist(void)
{
	lock_families(ALL_FAMILIES);
}
static inline void unlock_tasklist(void)
{
	unlock_families(ALL_FAMILIES);
}

/* All processes, by rising number. (all families) */
struct task_struct *process_after(pid_t pid); /* NULL: none */
#define for_each_process(p) for ((p) = process_after(0); (p); (p) = process_after((p)->pid))
