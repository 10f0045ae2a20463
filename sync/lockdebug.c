/*
 * The checker of the lock order.
 *
 * Deadlock needs a circle of threads, each of which waits for a lock that the
 * next holds.  If everyone takes locks in one order there is no circle; so each
 * lock has a rank (sync/lockrank.h), and a lock may only be waited for while all
 * the locks one holds have lower ranks.  That is checked at every acquisition,
 * so an inversion shows the first time it is executed, whether or not another
 * thread happens to be in the way.
 *
 * Who holds what is kept in two stacks.  Spinlocks are held by a CPU (a holder
 * does not sleep, and a run queue's lock passes from one task to the next during
 * a switch), sleeping locks by a task:
 *
 *     task   [ mmap_lock 10 | vma lock 11 ]          must be sleeping ranks, and
 *                                                    no spinlock may be held
 *     CPU    [ page table 71 | zone 77 ]  <- 143 ok, 76 panics
 *
 * All spinlocks rank above all sleeping locks, so each stack is checked alone.
 *
 * More is checked: a lock that interrupt handlers take (RANK_IRQ and
 * up) is only taken with interrupts off, or the handler could find it held by the
 * code it interrupted; any other spinlock only with interrupts on, as its holder may be
 * waiting for all CPUs to answer an interrupt (a TLB flush), while no lock from
 * RANK_IRQ up may be held then; nobody takes a lock twice; nobody sleeps with a spinlock held,
 * with interrupts off or while reading in an epoch.
 *
 * Trying to take a lock cannot deadlock: it is recorded and not checked.
 */
#ifdef PAGODA_DEBUG

#include "sync/lockdebug.h"
#include "lib/assert.h"
#include "lib/printk.h"
#include "machine/cpu.h"
#include "sync/epoch.h"
#include "sync/lockstat.h"
#include "sync/percpu.h"
#include "sync/spinlock.h"

/* Spinlocks held by a CPU. Only that CPU touches its own; interrupts off around changes. */
static DEFINE_PER_CPU(struct held_locks, cpu_held_locks);
static DEFINE_PER_CPU(bool, interrupts_were_on); /* the CPU has been started up */

#define NAME(rank) [rank] = #rank
static const char *const rank_names[] = {
	NAME(RANK_NONE),          NAME(RANK_MODULE),     NAME(RANK_MOUNT),
	NAME(RANK_RENAME),        NAME(RANK_INODE_DIR),  NAME(RANK_PIPE),
	NAME(RANK_TTY_WRITE),     NAME(RANK_TTY),        NAME(RANK_FILE_POS),
	NAME(RANK_SEQ),           NAME(RANK_INODE),      NAME(RANK_DISCARD),
	NAME(RANK_MM_CHECK),      NAME(RANK_STANDSTILL), NAME(RANK_EXEC),
	NAME(RANK_LDT),           NAME(RANK_MMAP),       NAME(RANK_VMA),
	NAME(RANK_MAPPING_TRUNC), NAME(RANK_PAGE),       NAME(RANK_ANON_VMA),
	NAME(RANK_I_MMAP),        NAME(RANK_KVA),        NAME(RANK_SLAB_CHAIN),
	NAME(RANK_SLEEP_LEAF),    NAME(RANK_SPIN),       NAME(RANK_TASKLIST),
	NAME(RANK_SIGHAND),       NAME(RANK_TASK),       NAME(RANK_FUTEX),
	NAME(RANK_FILES),         NAME(RANK_DCACHE),     NAME(RANK_INODE_HASH),
	NAME(RANK_PTL),           NAME(RANK_PAGE_TREE),  NAME(RANK_LRU),
	NAME(RANK_SWAP_AREAS),    NAME(RANK_SWAP),       NAME(RANK_DISK),
	NAME(RANK_SLAB),          NAME(RANK_VMAP),       NAME(RANK_ZONE),
	NAME(RANK_COUNTERS),      NAME(RANK_EPOCH),      NAME(RANK_IRQ),
	NAME(RANK_TTY_BUFFER),    NAME(RANK_ITIMER),     NAME(RANK_WAITQUEUE),
	NAME(RANK_TIMER),         NAME(RANK_RUNQUEUE),   NAME(RANK_TLB),
	NAME(RANK_LOG),           NAME(RANK_CONSOLE),
};

static const char *rank_name(unsigned rank)
{
	return rank < ARRAY_SIZE(rank_names) && rank_names[rank] ? rank_names[rank] : "?";
}

/* Ranks of which a thread may hold several at once; docs/locks.md says in which order. */
static bool rank_repeats(unsigned rank)
{
	switch (rank) {
	case RANK_INODE_DIR: /* parent before child */
	case RANK_PIPE:      /* splice: lower address first */
	case RANK_INODE:     /* rename, link: lower address first */
	case RANK_MMAP:      /* fork: parent before child, which nobody else knows yet */
	case RANK_VMA:       /* a writer of the space marks all it is about to change, upwards */
	case RANK_PAGE:      /* write-back: by rising index */
	case RANK_TASKLIST:  /* families of processes: by rising number */
	case RANK_SIGHAND:   /* parent before child */
	case RANK_FUTEX:     /* requeue: lower address first */
	case RANK_PTL: /* fork: the parent's table before the child's */ return true;
	}
	return false;
}

const char *lock_rank_name(unsigned rank)
{
	return rank < ARRAY_SIZE(rank_names) && rank_names[rank]
		       ? rank_names[rank] + sizeof("RANK_") - 1
		       : NULL;
}

static void __noreturn __cold report(const struct held_locks *held, const struct held_lock *taking,
				     const char *what)
{
	for (unsigned i = 0; i < held->n; i++)
		pr_err("lock order: holds %u. %s (%s, rank %u) at %p\n", i + 1, held->lock[i].name,
		       rank_name(held->lock[i].rank), held->lock[i].rank, held->lock[i].lock);
	panic("lock order: %s: %s (%s, rank %u) at %p on CPU %u", what, taking->name,
	      rank_name(taking->rank), taking->rank, taking->lock, cpu_id());
}

static void check(const struct held_locks *held, const struct held_lock *taking)
{
	for (unsigned i = 0; i < held->n; i++) {
		const struct held_lock *other = &held->lock[i];

		if (other->lock == taking->lock)
			report(held, taking, "taken twice");
		if (taking->rank == RANK_NONE || other->rank < taking->rank)
			continue;
		if (other->rank > taking->rank)
			report(held, taking, "taken out of order");
		if (!rank_repeats(taking->rank))
			report(held, taking, "a second lock of this rank");
	}
}

static enum lock_mode mode_of(const struct held_lock *held)
{
	return held->shared ? LOCK_SHARED : LOCK_EXCLUSIVE;
}

static void push(struct held_locks *held, const struct held_lock *taking)
{
	unsigned long flags = irq_save();

	if (held->n == HELD_LOCKS_MAX)
		report(held, taking, "too many locks held");
	held->lock[held->n] = *taking;
	held->lock[held->n++].since = cycles();
	lock_stat_taken(taking->class, mode_of(taking));
	irq_restore(flags);
}

/* Locks are mostly released in reverse order, but need not be. */
static bool pop(struct held_locks *held, const void *lock)
{
	for (unsigned i = held->n; i-- > 0;) {
		const struct held_lock *it = &held->lock[i];
		unsigned long flags;

		if (it->lock != lock)
			continue;
		flags = irq_save();
		lock_stat_released(it->class, mode_of(it), cycles() - it->since);
		irq_restore(flags);
		for (held->n--; i < held->n; i++)
			held->lock[i] = held->lock[i + 1];
		return true;
	}
	return false;
}

void lock_debug_acquire(const void *lock, unsigned rank, const char *name)
{
	const struct held_lock taking = {.lock = lock, .name = name, .rank = rank, .class = rank};
	struct held_locks *held;
	unsigned long flags;

	cpu_interleave();
	if (rank >= RANK_IRQ && !irqs_disabled())
		report(&this_cpu(cpu_held_locks), &taking, "taken with interrupts on");
	if (!irqs_disabled())
		this_cpu(interrupts_were_on) = true;
	else if (rank > RANK_SPIN && rank < RANK_IRQ && this_cpu(interrupts_were_on))
		report(&this_cpu(cpu_held_locks), &taking, "taken with interrupts off");
	flags = irq_save();
	held = &this_cpu(cpu_held_locks);
	check(held, &taking);
	push(held, &taking);
	irq_restore(flags);
}

void lock_debug_acquired(const void *lock, unsigned rank, const char *name)
{
	const struct held_lock taken = {.lock = lock, .name = name, .class = rank};
	unsigned long flags = irq_save();

	push(&this_cpu(cpu_held_locks), &taken);
	irq_restore(flags);
}

void lock_debug_release(const void *lock)
{
	unsigned long flags = irq_save();

	if (!pop(&this_cpu(cpu_held_locks), lock))
		panic("lock order: spinlock at %p released on CPU %u, which does not hold it", lock,
		      cpu_id());
	irq_restore(flags);
}

static bool cpu_holds(const void *lock)
{
	const struct held_locks *held = &this_cpu(cpu_held_locks);

	for (unsigned i = 0; i < held->n; i++)
		if (held->lock[i].lock == lock)
			return true;
	return false;
}

/* The stacks are its own and its task's: the lock is near the top of one of them. */
static struct held_lock *find_held(struct held_locks *held, const void *lock)
{
	for (unsigned i = held ? held->n : 0; i-- > 0;)
		if (held->lock[i].lock == lock)
			return &held->lock[i];
	return NULL;
}

void lock_stat_waited(const void *lock, u64 start)
{
	unsigned long flags = irq_save();
	struct held_lock *it = find_held(&this_cpu(cpu_held_locks), lock);
	const u64 now = cycles();

	if (!it)
		it = find_held(task_held_locks(), lock);
	if (it) {
		it->since = now;
		lock_stat_add_wait(it->class, mode_of(it), now - start);
	}
	irq_restore(flags);
}

void lock_debug_assert_held(const void *lock)
{
	if (!cpu_holds(lock))
		panic("lock order: spinlock at %p is not held by CPU %u", lock, cpu_id());
}

void lock_debug_below_irq(void)
{
	const struct held_locks *held = &this_cpu(cpu_held_locks);
	static const struct held_lock wait = {.name = "waiting for other CPUs"};

	for (unsigned i = 0; i < held->n; i++)
		if (held->lock[i].rank >= RANK_IRQ)
			report(held, &wait, "with a lock that is taken with interrupts off");
}

void might_sleep(void)
{
	const struct held_locks *held = &this_cpu(cpu_held_locks);
	static const struct held_lock sleep = {.name = "sleeping"};

	if (held->n)
		report(held, &sleep, "with spinlocks held");
	if (!task_held_locks())
		return;
	if (irqs_disabled())
		report(held, &sleep, "with interrupts off");
	if (epoch_reading())
		report(held, &sleep, "while reading in an epoch");
}

__attribute__((weak)) struct held_locks *task_held_locks(void)
{
	return NULL;
}

void sleep_lock_acquire(const void *lock, unsigned rank, bool shared)
{
	const struct held_lock taking = {.lock = lock,
					 .name = rank_name(rank),
					 .rank = rank,
					 .class = rank,
					 .shared = shared};
	struct held_locks *held = task_held_locks();

	cpu_interleave();
	might_sleep();
	if (!held)
		return;
	check(held, &taking);
	push(held, &taking);
}

void sleep_lock_acquired(const void *lock, unsigned rank, bool shared)
{
	const struct held_lock taken = {.lock = lock,
					.name = rank_name(rank),
					.rank = rank,
					.class = rank,
					.shared = shared};
	struct held_locks *held = task_held_locks();

	if (held)
		push(held, &taken);
}

void sleep_lock_release(const void *lock)
{
	struct held_locks *held = task_held_locks();

	cpu_interleave();
	if (held && !pop(held, lock))
		panic("lock order: lock at %p released by a task that does not hold it", lock);
}

#endif /* PAGODA_DEBUG */
