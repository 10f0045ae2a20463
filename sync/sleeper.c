/*
 * Waiting for a sleeping lock.
 *
 * Who gets a lock that is given back while others queue for it?  If always the first in the queue,
 * nobody is overtaken; but once somebody sleeps, each pass hands the lock to a CPU that has to wake
 * first, while the others, back already, find the lock taken and go to sleep in their turn: the lock
 * stands idle for the time of one waking at each pass, for ever.  If always whoever comes first,
 * those who are awake take it from each other and a sleeper may never have it.  So, turn by turn:
 *
 *      given back      the lock is left free, and the first in the queue is woken
 *      till it comes   who is awake may have the lock, also several times: time that would be lost
 *      it comes        and has the lock if that is free; if not it insists: nobody
 *                      passes any more, and the lock goes to it when it is given back next
 *
 * So one who waits loses no more than the time that waking takes it, and one more holder's; and two
 * CPUs that keep coming back for one lock change places once for each waking, not once for each pass.
 *
 * Where one CPU is online there is no time to be won: the lock is handed over to the first in the
 * queue at once, in order of arrival.
 *
 * Readers come in together: whoever lets the first in goes on up to the next writer.  Readers queue behind
 * a writer that waits (but for the time above), so a stream of them cannot starve it.
 *
 * Awake.  On several CPUs a lock is watched for a moment before queueing, and who queues stays awake for
 * a moment: each about what going to sleep and being woken costs, which at worst trebles the price.
 *
 * Locking.  The queue's lock guards the queue and what stands in the sleepers.  WAITING and INSISTS
 * are changed under it, too; who is inside changes at any time, by one atomic instruction.  Who leaves
 * and finds WAITING set takes the queue's lock after having left: so who has queued and then finds the
 * lock taken, both under the queue's lock, will be heard of.  A sleeper lies on its thread's stack, and
 * is left, like the queue, only under the queue's lock.
 */
#include "sync/sleeper.h"
#include "sync/percpu.h"

#define SPINS 100

struct sleeper {
	struct list_head list; /* (queue's lock) in wait_queue_head.waiters */
	struct task_struct *task;
	bool exclusive; /* wants the lock alone */
	bool granted;   /* (queue's lock; its thread also looks without) it is inside */
	bool called;    /* (the same) it is its turn to look, as the first in the queue */
};

static inline bool several_cpus(void)
{
	return (cpu_online_mask & (cpu_online_mask - 1)) != 0;
}

static inline struct sleeper *first_in(struct wait_queue_head *queue)
{
	if (list_empty(&queue->waiters))
		return NULL;
	return list_first_entry(&queue->waiters, struct sleeper, list);
}

/* One comes in, if the word admits it and nobody insists who is not this one: the `first`. */
static bool enter(u32 *word, bool exclusive, bool first)
{
	u32 now = READ_ONCE(*word);

	do {
		if (!sleeper_admitted(now, exclusive) || (!first && (now & INSISTS)))
			return false;
	} while (!try_cmpxchg(word, &now, (now & ~INSISTS) + (exclusive ? WRITER : READER)));
	return true;
}

/*
 * The lock is short of us by what another CPU is about to do: look on, without queueing, as long as nobody
 * else does either.
 */
static bool had_by_spinning(u32 *word, bool exclusive)
{
	for (unsigned i = 0; i < SPINS; i++) {
		const u32 now = READ_ONCE(*word);

		if (now & INSISTS)
			return false;
		if (sleeper_admitted(now, exclusive) && enter(word, exclusive, false))
			return true;
		if (now & WAITING)
			return false;
		cpu_relax();
	}
	return false;
}

/* From the front of the queue all whom the word admits. The queue's lock is held. */
static void let_in(u32 *word, struct wait_queue_head *queue)
{
	struct sleeper *first;

	while ((first = first_in(queue))) {
		if (!enter(word, first->exclusive, true))
			return;
		list_del(&first->list);
		WRITE_ONCE(first->granted, true);
		if (first->task != current)
			wake_up_process(first->task);
	}
	fetch_and(word, ~(WAITING | INSISTS));
}

void sleeper_pass(u32 *word, struct wait_queue_head *queue)
{
	const unsigned long flags = spin_lock_irqsave(&queue->lock);
	struct sleeper *first = first_in(queue);

	if (!first || !several_cpus() || (READ_ONCE(*word) & INSISTS)) {
		let_in(word, queue);
	} else if (!first->called) {
		WRITE_ONCE(first->called, true);
		wake_up_process(first->task);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
}

/* A signal: out of the queue, and what was this one's turn is the next one's. (queue's lock) */
static void give_up(u32 *word, struct wait_queue_head *queue, struct sleeper *me)
{
	if (first_in(queue) == me)
		fetch_and(word, ~INSISTS);
	list_del(&me->list);
	let_in(word, queue);
}

static void watch(const struct sleeper *me)
{
	for (unsigned i = 0; i < SPINS && !READ_ONCE(me->granted) && !READ_ONCE(me->called); i++)
		cpu_relax();
}

int sleeper_wait(u32 *word, struct wait_queue_head *queue, bool exclusive, enum task_state state)
{
	struct sleeper me = {.task = current, .exclusive = exclusive};
	bool awake = several_cpus();
	unsigned long flags;

	if (awake && had_by_spinning(word, exclusive))
		return 0;
	flags = spin_lock_irqsave(&queue->lock);
	list_add_tail(&me.list, &queue->waiters);
	fetch_or(word, WAITING);
	for (;;) {
		if (first_in(queue) == &me)
			let_in(word, queue);
		if (me.granted)
			break;
		if ((state == TASK_INTERRUPTIBLE && signal_pending()) ||
		    (state == TASK_KILLABLE && fatal_signal_pending())) {
			give_up(word, queue, &me);
			break;
		}
		if (me.called) {
			fetch_or(word, INSISTS);
			me.called = false;
			awake = true;
		}
		if (awake && first_in(queue) == &me) {
			spin_unlock_irqrestore(&queue->lock, flags);
			watch(&me);
			awake = false;
		} else {
			set_current_state(state);
			spin_unlock_irqrestore(&queue->lock, flags);
			schedule();
		}
		flags = spin_lock_irqsave(&queue->lock);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return me.granted ? 0 : -EINTR;
}
