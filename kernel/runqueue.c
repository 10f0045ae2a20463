/*
 * Run queues: the tree of ready tasks of a CPU, and how tasks get from one CPU's
 * to another's.  sched.c says what it is for and what the locks promise.
 *
 * A virtual runtime means something only in comparison with others of its queue, so
 * a task between queues carries the difference to the queue's min_vruntime: it
 * arrives as far ahead or behind as it left.
 */
#include "kernel/runqueue.h"
#include "machine/smp.h"

/* Ns of virtual time that a woken task must be behind the running one to replace it. */
#define WAKEUP_MARGIN 1000000ULL
#define BALANCE_TICKS 16 /* ticks between looks at the other queues */

DEFINE_PER_CPU(struct runqueue, runqueue);
u64 idle_mask;

void enqueue(struct runqueue *rq, struct task_struct *t)
{
	struct rb_node **place = &rq->tree.node, *parent = NULL;
	bool first = true;

	ASSERT(!t->se.queued && !is_idle_task(t));
	while (*place) {
		parent = *place;
		if ((s64)(t->se.vruntime - task_of(parent)->se.vruntime) < 0) {
			place = &parent->left;
		} else {
			place = &parent->right;
			first = false;
		}
	}
	rb_link(&t->se.node, parent, place);
	rb_insert_balance(&rq->tree, &t->se.node);
	if (first)
		rq->leftmost = &t->se.node;
	t->se.queued = true;
	rq->queued++;
}

void dequeue(struct runqueue *rq, struct task_struct *t)
{
	ASSERT(t->se.queued);
	if (rq->leftmost == &t->se.node)
		rq->leftmost = rb_next(&t->se.node);
	rb_erase(&rq->tree, &t->se.node);
	t->se.queued = false;
	rq->queued--;
}

struct runqueue *lock_task_rq(struct task_struct *t, unsigned long *flags)
{
	for (;;) {
		unsigned cpu = READ_ONCE(t->cpu);
		struct runqueue *rq = cpu_rq(cpu);

		*flags = spin_lock_irqsave(&rq->lock);
		if (likely(cpu == t->cpu))
			return rq;
		spin_unlock_irqrestore(&rq->lock, *flags);
	}
}

void resched_rq(struct runqueue *rq, unsigned cpu)
{
	fetch_or(&rq->curr->work_pending, WORK_RESCHED);
	if (cpu != cpu_id())
		machine_kick_cpu(cpu);
}

void check_preempt(struct runqueue *rq, unsigned cpu, struct task_struct *t)
{
	struct task_struct *curr = rq->curr;

	if (is_idle_task(curr) || (s64)(curr->se.vruntime - t->se.vruntime) > (s64)WAKEUP_MARGIN)
		resched_rq(rq, cpu);
}

/* --- Between CPUs --- */

unsigned choose_cpu(const struct task_struct *t, unsigned cpu)
{
	u64 allowed = READ_ONCE(t->cpus_allowed) & cpu_online_mask, idle;

	if (likely(cpu_online_mask == 1) || !allowed)
		return cpu;
	idle = READ_ONCE(idle_mask) & allowed;
	if ((idle | ~allowed) & BIT(cpu))
		return idle & BIT(cpu) ? cpu : (unsigned)__builtin_ctzl(idle ? idle : allowed);
	return idle ? (unsigned)__builtin_ctzl(idle) : cpu;
}

void activate(struct task_struct *t, unsigned cpu)
{
	struct runqueue *rq = cpu_rq(cpu);
	unsigned long flags = spin_lock_irqsave(&rq->lock);

	ASSERT(t->cpu == cpu);
	t->se.vruntime += rq->min_vruntime;
	enqueue(rq, t);
	update_curr(rq, ktime_ns());
	check_preempt(rq, cpu, t);
	spin_unlock_irqrestore(&rq->lock, flags);
}

struct task_struct *steal_task(unsigned self, unsigned more_than)
{
	struct runqueue *busiest = NULL;
	struct rb_node *node;
	unsigned cpu;

	for_each_online_cpu (cpu) {
		struct runqueue *rq = cpu_rq(cpu);

		if (cpu != self && READ_ONCE(rq->queued) > more_than) {
			more_than = READ_ONCE(rq->queued);
			busiest = rq;
		}
	}
	if (!busiest || !spin_trylock(&busiest->lock))
		return NULL;
	for (node = busiest->leftmost; node; node = rb_next(node)) {
		struct task_struct *t = task_of(node);

		if (!(t->cpus_allowed & BIT(self)))
			continue;
		dequeue(busiest, t);
		t->se.vruntime -= busiest->min_vruntime;
		t->cpu = self;
		spin_unlock(&busiest->lock);
		return t;
	}
	spin_unlock(&busiest->lock);
	return NULL;
}

/* Now and then: does another CPU have two tasks more than this one? */
void balance(struct runqueue *rq, unsigned self)
{
	struct task_struct *t;

	if (++rq->ticks % BALANCE_TICKS && !is_idle_task(rq->curr))
		return;
	t = steal_task(self, is_idle_task(rq->curr) ? 0 : READ_ONCE(rq->queued) + 1);
	if (t)
		activate(t, self);
}

/* The weight of a nice value: each step is a quarter more or a fifth less CPU time. */
static u32 nice_weight(int nice)
{
	u32 weight = 1024;

	for (; nice < 0; nice++)
		weight += weight / 4;
	for (; nice > 0; nice--)
		weight -= weight / 5;
	return max(weight, 8u);
}

void set_user_nice(struct task_struct *t, int nice)
{
	unsigned long flags;
	struct runqueue *rq = lock_task_rq(t, &flags);

	if (rq->curr == t)
		update_curr(rq, ktime_ns());
	t->se.nice = nice;
	t->se.weight = nice_weight(nice);
	spin_unlock_irqrestore(&rq->lock, flags);
}

int set_cpus_allowed(struct task_struct *t, u64 mask)
{
	unsigned long flags;
	struct runqueue *rq;
	bool move;

	mask &= cpu_online_mask;
	if (!mask)
		return -EINVAL;
	rq = lock_task_rq(t, &flags);
	t->cpus_allowed = mask;
	move = t->se.queued && !(mask & BIT(t->cpu));
	if (move) {
		dequeue(rq, t);
		t->se.vruntime -= rq->min_vruntime;
		t->cpu = choose_cpu(t, t->cpu);
	} else if (rq->curr == t && !(mask & BIT(t->cpu))) {
		resched_rq(rq, t->cpu); /* schedule() hands it over */
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	if (move)
		activate(t, t->cpu);
	if (t == current)
		cond_resched();
	return 0;
}
