/*
 * Epochs: deferred free without work for readers (quiescent-state-based
 * reclamation; McKenney and Slingwine 1998, Hart et al. 2007).
 *
 * epoch_now counts up.  A CPU that passes a quiescent point (it holds no pointer
 * into shared structures) writes the number it finds there into its own `seen`.
 * Who has removed something draws a new number, the target, *after* the
 * removal; once every CPU has seen the target, each has been quiescent after the
 * removal, nobody can still look at the object, and it can go.
 *
 *     CPU 0   remove x | draw 8 | ........................ | all have seen 8: free x
 *     CPU 1   --reading x--|  quiescent: seen = 8
 *     CPU 2   ---------------------reading---|  quiescent: seen = 8
 *
 * Callbacks wait in two lists of the CPU that made them: `next` collects, and when
 * `waiting` is empty becomes the new `waiting` with one target for all.  So at most
 * one number is drawn per CPU and grace period, however many callbacks there are, and
 * calling costs no atomic operation.  On a machine with one CPU both happen in the
 * same quiescent point: what a system call removed is freed at its end.
 *
 * An idle CPU's `seen` is EPOCH_IDLE, larger than any number: nobody waits for it. It
 * leaves callbacks that are still waiting to all, as `orphans` with a target of their
 * own; whichever CPU is the last to see that target runs them.
 *
 * Order in memory.  Drawing the target is a full barrier between the removal and
 * the looking at `seen`; a CPU that has read epoch_now with acquire sees the removals
 * before the drawing. `seen` is stored with release after all reading and read with
 * acquire before the free.  A CPU that leaves idleness stores `seen` and has a full
 * barrier before its first read: either the remover sees it awake, or it sees the
 * removal.  Two CPUs that see a target last at the same time each store, have a full
 * barrier and look: at least one finds the other has, so orphans are not forgotten.
 *
 * Callbacks run in epoch_quiescent(): from the end of a system call, schedule() or
 * cond_resched(), where no spinlock is held.  Long work in the kernel passes
 * cond_resched(), so the backlog is bounded by what happens between two of them (on
 * all CPUs: the slowest).
 */
#include "sync/epoch.h"
#include "lib/assert.h"
#include "sync/spinlock.h"
#include "sync/wait.h"

DEFINE_PER_CPU(struct epoch_cpu, epoch_cpu);
u64 epoch_now = 1;

static struct {
	spinlock_t lock;
	struct epoch_list list; /* (lock); `first` is also peeked at without it */
	u64 target;             /* (lock) */
} orphans = {.lock = SPINLOCK_INIT(RANK_EPOCH)};

static void list_append(struct epoch_list *to, struct epoch_list *from)
{
	if (!from->first)
		return;
	if (to->first)
		to->last->next = from->first;
	else
		WRITE_ONCE(to->first, from->first);
	to->last = from->last;
	from->first = NULL;
}

static void run_callbacks(struct epoch_list *list)
{
	struct epoch_head *head = list->first;

	while (head) {
		struct epoch_head *next = head->next; /* func may free it */

		head->func(head);
		head = next;
	}
}

/* A number that says: all that was removed before now is no longer reachable. */
static u64 draw_target(void)
{
	return fetch_add(&epoch_now, 1) + 1;
}

static bool all_have_seen(u64 target)
{
	unsigned cpu;

	for_each_online_cpu (cpu)
		if (load_acquire(&per_cpu(epoch_cpu, cpu).seen) < target)
			return false;
	return true;
}

void epoch_call(struct epoch_head *head, void (*func)(struct epoch_head *head))
{
	struct epoch_cpu *e = &this_cpu(epoch_cpu);

	head->func = func;
	head->next = NULL;
	if (e->next.first)
		e->next.last->next = head;
	else
		e->next.first = head;
	e->next.last = head;
	e->pending = true;
}

/* Run the orphans if all CPUs have seen their target. */
static void adopt_orphans(void)
{
	struct epoch_list list = {NULL, NULL};

	spin_lock(&orphans.lock);
	if (orphans.list.first && all_have_seen(orphans.target)) {
		list = orphans.list;
		WRITE_ONCE(orphans.list.first, NULL);
	}
	spin_unlock(&orphans.lock);
	run_callbacks(&list);
}

void epoch_quiescent_slow(void)
{
	struct epoch_cpu *e = &this_cpu(epoch_cpu);

	ASSERT(!epoch_reading());
	store_release(&e->seen, load_acquire(&epoch_now));
	smp_mb();
	e->pending = false;
	/* What waits, and (when all others are idle) what came since: no more, lest it never ends. */
	for (int round = 0; round < 2; round++) {
		if (e->waiting.first && all_have_seen(e->target)) {
			struct epoch_list list = e->waiting;

			e->waiting.first = NULL;
			run_callbacks(&list);
		}
		if (e->waiting.first || !e->next.first)
			break;
		list_append(&e->waiting, &e->next);
		e->target = draw_target();
		store_release(&e->seen, e->target); /* it is quiescent at this very point */
	}
	if (unlikely(READ_ONCE(orphans.list.first)))
		adopt_orphans();
	if (e->waiting.first || e->next.first)
		e->pending = true;
}

bool epoch_tick(bool user_mode)
{
	struct epoch_cpu *e = &this_cpu(epoch_cpu);

	if (user_mode) {
		store_release(&e->seen, load_acquire(&epoch_now));
		if (READ_ONCE(orphans.list.first))
			e->pending = true;
	}
	return e->pending;
}

/* Everything this CPU has waiting becomes the orphans'. */
static void leave_orphans(struct epoch_cpu *e)
{
	spin_lock(&orphans.lock);
	list_append(&orphans.list, &e->waiting);
	list_append(&orphans.list, &e->next);
	WRITE_ONCE(orphans.target, draw_target());
	store_release(&e->seen, orphans.target);
	spin_unlock(&orphans.lock);
	e->pending = false;
}

void epoch_idle_enter(void)
{
	struct epoch_cpu *e = &this_cpu(epoch_cpu);

	for (;;) {
		epoch_quiescent_slow();
		if (e->pending)
			leave_orphans(e);
		store_release(&e->seen, EPOCH_IDLE);
		smp_mb();
		if (!READ_ONCE(orphans.list.first) || !all_have_seen(READ_ONCE(orphans.target)))
			return;
		epoch_idle_exit(); /* it was the last: back, to run them */
	}
}

void epoch_idle_exit(void)
{
	struct epoch_cpu *e = &this_cpu(epoch_cpu);

	store_release(&e->seen, READ_ONCE(epoch_now));
	smp_mb();
}

/* One waiter of epoch_synchronize(); the queue is common, for a waiter's frame may vanish. */
struct synchronizer {
	struct epoch_head head;
	bool done;
};
static struct wait_queue_head synchronizers = WAIT_QUEUE_HEAD_INIT(synchronizers);

static void synchronized(struct epoch_head *head)
{
	store_release(&container_of(head, struct synchronizer, head)->done, true);
	wake_up_all(&synchronizers);
}

void epoch_synchronize(void)
{
	struct synchronizer me = {.done = false};

	epoch_call(&me.head, synchronized);
	wait_event(&synchronizers, load_acquire(&me.done));
}
