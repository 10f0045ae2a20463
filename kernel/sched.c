/*
 * The scheduler: who runs next, and for how long.
 *
 * Fairness is by virtual runtime: every task has a clock that runs while it has
 * the CPU, faster the smaller its weight (nice).  Each CPU keeps those that are
 * ready in a tree ordered by that clock and always runs the one furthest behind:
 *
 *     runqueue (per CPU)
 *     +-------------------------------+
 *     | curr   the task on the CPU    |  not in the tree
 *     | tree   the ready ones         |  o--o--o   leftmost = least vruntime
 *     | min_vruntime                  |  never runs backwards
 *     +-------------------------------+
 *
 * A task that slept starts again at most a bonus behind min_vruntime, so that it
 * soon gets the CPU but cannot claim all the time it was away.  The kernel is not
 * preempted inside itself: the tick and wake-ups only set WORK_RESCHED, which is
 * looked at on the way to user mode and in cond_resched().
 *
 * Sleeping and waking.  A sleeper sets its state, looks again at what it waits for
 * and calls schedule(); a waker makes the condition true and looks at the state
 * (both with full barriers between).  schedule() decides under the runqueue's lock
 * whether the task leaves the queue, and keeps that lock until the next task runs
 * on another stack; it is the next task that lets go of it.  So whoever
 * holds the lock of t->cpu's queue sees t either still running or fully switched
 * away, never in between.  `state` is changed by a waker by compare-and-exchange,
 * for a task that is not asleep may be setting it at the same moment.
 *
 * Several CPUs.  A wake-up or fork prefers the CPU where the task was last, or an
 * idle one; a CPU that runs dry takes a ready task from another.  No two runqueue
 * locks are ever held at once: a task in between is on no queue, with state
 * TASK_RUNNING and its new CPU already in t->cpu, so nobody else touches it.
 *
 * Address spaces are switched lazily: a kernel thread runs on whatever space was
 * there before, which it keeps alive by a count (active_mm).
 */
#include "kernel/itimer.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/timer.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "machine/mmu.h"
#include "machine/smp.h"
#include "machine/uaccess.h"
#include "machine/upcall.h"
#include "sync/epoch.h"
#include "sync/percpu.h"

#define WAKEUP_BONUS  6000000ULL /* ns of virtual time a sleeper may be behind */
#define WAKEUP_MARGIN 1000000ULL /* ... a woken task must be behind the running one to replace it */
#define STATES_ASLEEP (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE | TASK_KILLABLE)
#define LOAD_PERIOD   5000000000ULL /* ns between samples of the load */
#define BALANCE_TICKS 16            /* ticks between looks at the other queues */

struct runqueue {
	spinlock_t lock;
	struct task_struct *curr, *idle; /* (lock) */
	struct rb_root tree;             /* (lock) ready tasks but curr, by vruntime */
	struct rb_node *leftmost;        /* (lock) */
	unsigned queued;                 /* (lock) tasks in the tree */
	u64 min_vruntime;                /* (lock) */
	u64 switches;                    /* this CPU */
	long uninterruptible;            /* (lock) went to sleep here minus woken here: sums up */
	struct cpu_times times;          /* this CPU, by the tick */
	u64 last_tick;                   /* this CPU: ktime of it */
	unsigned ticks;                  /* this CPU: until it looks for work elsewhere */
};

static DEFINE_PER_CPU(struct runqueue, runqueue);

static u64 idle_mask;            /* atomic: CPUs that run their idle task */
static unsigned long loadavg[3]; /* CPU 0's tick */
static u64 loadavg_next;         /* CPU 0's tick: ktime of the next sample */

#ifdef PAGODA_DEBUG
struct held_locks *task_held_locks(void)
{
	return nr_threads() ? &current->held_locks : NULL;
}
#endif

static inline struct runqueue *cpu_rq(unsigned cpu)
{
	return &per_cpu(runqueue, cpu);
}

static inline bool is_idle_task(const struct task_struct *t)
{
	return t->pid == 0;
}

/* --- The queue --- */

static inline struct task_struct *task_of(struct rb_node *node)
{
	return rb_entry(node, struct task_struct, se.node);
}

static void enqueue(struct runqueue *rq, struct task_struct *t)
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

static void dequeue(struct runqueue *rq, struct task_struct *t)
{
	ASSERT(t->se.queued);
	if (rq->leftmost == &t->se.node)
		rq->leftmost = rb_next(&t->se.node);
	rb_erase(&rq->tree, &t->se.node);
	t->se.queued = false;
	rq->queued--;
}

static inline u64 weighted(u64 ns, u32 weight)
{
	return likely(weight == 1024) ? ns : ns * 1024 / weight;
}

/* Bring the running task's clocks up to now. */
static inline void update_curr(struct runqueue *rq, u64 now)
{
	struct task_struct *t = rq->curr;
	u64 ran = now - t->se.exec_start, least;

	t->se.exec_start = now;
	if (is_idle_task(t))
		return;
	t->se.sum_exec += ran;
	t->se.vruntime += weighted(ran, t->se.weight);
	least = t->se.vruntime;
	if (rq->leftmost && (s64)(task_of(rq->leftmost)->se.vruntime - least) < 0)
		least = task_of(rq->leftmost)->se.vruntime;
	if ((s64)(least - rq->min_vruntime) > 0)
		rq->min_vruntime = least;
}

static struct runqueue *lock_task_rq(struct task_struct *t, unsigned long *flags)
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

/* The CPU's current task should call schedule() soon. (rq->lock) */
static void resched_rq(struct runqueue *rq, unsigned cpu)
{
	fetch_or(&rq->curr->work_pending, WORK_RESCHED);
	if (cpu != cpu_id())
		machine_kick_cpu(cpu);
}

/* Should `t`, just made ready, run instead of the current one? (rq->lock) */
static inline void check_preempt(struct runqueue *rq, unsigned cpu, struct task_struct *t)
{
	struct task_struct *curr = rq->curr;

	if (is_idle_task(curr) || (s64)(curr->se.vruntime - t->se.vruntime) > (s64)WAKEUP_MARGIN)
		resched_rq(rq, cpu);
}

/* Where a task that becomes ready should run. */
static unsigned choose_cpu(struct task_struct *t, unsigned cpu)
{
	u64 allowed = READ_ONCE(t->cpus_allowed) & cpu_online_mask, idle;

	if (likely(cpu_online_mask == 1) || !allowed)
		return cpu;
	idle = READ_ONCE(idle_mask) & allowed;
	if ((idle | ~allowed) & BIT(cpu))
		return idle & BIT(cpu) ? cpu : (unsigned)__builtin_ctzl(idle ? idle : allowed);
	return idle ? (unsigned)__builtin_ctzl(idle) : cpu;
}

/* Put a ready task that is on no queue, and belongs to nobody else, on a CPU's queue. */
static void activate(struct task_struct *t, unsigned cpu)
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

/* --- Waking --- */

bool wake_up_state(struct task_struct *t, unsigned states)
{
	unsigned long flags;
	struct runqueue *rq;
	unsigned state, cpu;
	u64 floor;

	smp_mb(); /* the condition was made true before we look at the state */
	if (!(READ_ONCE(t->state) & states))
		return false;
	rq = lock_task_rq(t, &flags);
	state = READ_ONCE(t->state);
	if (!(state & states) || !try_cmpxchg(&t->state, &state, TASK_RUNNING)) {
		spin_unlock_irqrestore(&rq->lock, flags);
		return false;
	}
	if (rq->curr == t || t->se.queued) { /* it had not gone to sleep yet */
		spin_unlock_irqrestore(&rq->lock, flags);
		return true;
	}
	if (state & (TASK_UNINTERRUPTIBLE | TASK_KILLABLE))
		rq->uninterruptible--;
	floor = rq->min_vruntime - WAKEUP_BONUS;
	if ((s64)(t->se.vruntime - floor) < 0)
		t->se.vruntime = floor;
	cpu = choose_cpu(t, t->cpu);
	if (likely(cpu == t->cpu)) {
		enqueue(rq, t);
		update_curr(rq, ktime_ns());
		check_preempt(rq, cpu, t);
		spin_unlock_irqrestore(&rq->lock, flags);
		return true;
	}
	t->se.vruntime -= rq->min_vruntime; /* relative while between queues */
	t->cpu = cpu;
	spin_unlock_irqrestore(&rq->lock, flags);
	activate(t, cpu);
	return true;
}

bool wake_up_process(struct task_struct *t)
{
	return wake_up_state(t, STATES_ASLEEP);
}

void kick_task(struct task_struct *t)
{
	unsigned cpu = READ_ONCE(t->cpu);

	if (t != current && READ_ONCE(t->on_cpu) && cpu != cpu_id())
		machine_kick_cpu(cpu);
}

void sched_fork(struct task_struct *child)
{
	child->state = TASK_RUNNING;
	child->on_cpu = 0;
	child->se.queued = false;
	child->se.sum_exec = child->utime = child->stime = 0;
	child->nvcsw = child->nivcsw = 0;
}

void wake_up_new_task(struct task_struct *child)
{
	struct runqueue *rq = &this_cpu(runqueue);
	unsigned long flags = spin_lock_irqsave(&rq->lock);
	unsigned cpu = cpu_id();

	/* Behind its parent by what waking would take: the parent goes on for now. */
	update_curr(rq, ktime_ns());
	child->se.vruntime = is_idle_task(current) ? rq->min_vruntime : current->se.vruntime;
	if (likely(choose_cpu(child, cpu) == cpu)) {
		child->cpu = cpu;
		enqueue(rq, child);
		check_preempt(rq, cpu, child);
		spin_unlock_irqrestore(&rq->lock, flags);
		return;
	}
	child->se.vruntime -= rq->min_vruntime;
	cpu = choose_cpu(child, cpu);
	child->cpu = cpu;
	spin_unlock_irqrestore(&rq->lock, flags);
	activate(child, cpu);
}

/* --- Switching --- */

/* First thing on the next task's stack: `prev` is switched away from. rq->lock is held. */
static void finish_switch(struct task_struct *prev)
{
	struct runqueue *rq = &this_cpu(runqueue);
	struct mm_struct *mm = NULL;
	unsigned prev_state = READ_ONCE(prev->state);
	unsigned push_to = NR_CPUS;

	if (!prev->mm && prev->active_mm) {
		mm = prev->active_mm;
		prev->active_mm = NULL;
	}
	/* It may not run here any more: nobody else can see it, so hand it over. */
	if (unlikely(prev_state == TASK_RUNNING && !prev->se.queued && !is_idle_task(prev))) {
		push_to = choose_cpu(prev, cpu_id());
		prev->se.vruntime -= rq->min_vruntime;
		prev->cpu = push_to;
	}
	store_release(&prev->on_cpu, 0);
	spin_unlock(&rq->lock);
	irq_enable();
	if (unlikely(push_to != NR_CPUS))
		activate(prev, push_to);
	if (mm)
		mmdrop(mm);
	if (unlikely(prev_state == TASK_DEAD))
		reap_later(prev);
}

void task_first_run(struct task_struct *prev)
{
	struct task_struct *t = current;

	finish_switch(prev);
	if (t->set_child_tid) /* CLONE_CHILD_SETTID: in the child's memory */
		(void)!put_user(t->pid, t->set_child_tid);
}

/*
 * Take a ready task that waits on another CPU, from the one where most do, if they are more
 * than `more_than`. It is on no queue then, but ours. (no runqueue lock; interrupts off)
 */
static struct task_struct *steal_task(unsigned self, unsigned more_than)
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

static inline bool sleep_ended(struct task_struct *t, unsigned state)
{
	if (state & TASK_INTERRUPTIBLE)
		return READ_ONCE(t->work_pending) & WORK_SIGNAL;
	return state & TASK_KILLABLE && fatal_signal_pending();
}

/*
 * The core. Interrupts off, rq->lock held; returns with the lock released, interrupts on, in
 * the same task, later.
 */
static void switch_away(struct runqueue *rq, struct task_struct *prev, struct task_struct *next)
{
	struct mm_struct *mm = next->mm;

	rq->curr = next;
	rq->switches++;
	next->on_cpu = 1;
	if (unlikely(is_idle_task(next)))
		fetch_or(&idle_mask, BIT(cpu_id()));
	else if (unlikely(is_idle_task(prev)))
		fetch_and(&idle_mask, ~BIT(cpu_id()));
	if (likely(mm)) {
		if (likely(mm != prev->active_mm) || !prev->mm)
			switch_mm(&mm->arch);
	} else { /* a kernel thread borrows the space */
		next->active_mm = prev->active_mm;
		if (next->active_mm)
			mmgrab(next->active_mm);
	}
	finish_switch(arch_switch_to(prev, &prev->thread, next, &next->thread));
}

/* Nothing else is ready here: bring a task from another CPU. (rq->lock, let go of in between) */
static void pull_task(struct runqueue *rq)
{
	struct task_struct *t;

	spin_unlock(&rq->lock);
	t = steal_task(cpu_id(), 0);
	spin_lock(&rq->lock);
	if (!t)
		return;
	t->se.vruntime += rq->min_vruntime;
	enqueue(rq, t);
}

void schedule(void)
{
	struct task_struct *prev = current, *next;
	struct runqueue *rq;
	bool stays, allowed;
	unsigned state;
	u64 now;

	might_sleep();
	epoch_quiescent();
	irq_disable();
	rq = &this_cpu(runqueue);
	spin_lock(&rq->lock);
	now = ktime_ns();
	update_curr(rq, now);
	fetch_and(&prev->work_pending, ~WORK_RESCHED);
	if (unlikely(!rq->leftmost) && cpu_online_mask != 1 &&
	    (READ_ONCE(prev->state) != TASK_RUNNING || is_idle_task(prev)))
		pull_task(rq);
	state = READ_ONCE(prev->state);
	if (state != TASK_RUNNING && unlikely(sleep_ended(prev, state))) {
		WRITE_ONCE(prev->state, TASK_RUNNING);
		state = TASK_RUNNING;
	}
	allowed = likely(prev->cpus_allowed & BIT(cpu_id()));
	stays = state == TASK_RUNNING && !is_idle_task(prev);
	if (stays && allowed &&
	    (!rq->leftmost || (s64)(task_of(rq->leftmost)->se.vruntime - prev->se.vruntime) > 0)) {
		next = prev; /* still the furthest behind */
	} else {
		next = rq->leftmost ? task_of(rq->leftmost) : rq->idle;
		if (!is_idle_task(next))
			dequeue(rq, next);
	}
	if (next == prev) {
		spin_unlock(&rq->lock);
		irq_enable();
		return;
	}
	if (stays) {
		prev->nivcsw++;
		if (allowed)
			enqueue(rq, prev);
	} else if (state != TASK_RUNNING) {
		prev->nvcsw++;
		if (state & (TASK_UNINTERRUPTIBLE | TASK_KILLABLE))
			rq->uninterruptible++;
	}
	next->se.exec_start = now;
	switch_away(rq, prev, next);
}

void set_current_state(enum task_state state)
{
	xchg(&current->state, (unsigned)state);
}

void cond_resched(void)
{
	might_sleep();
	epoch_quiescent();
	if (unlikely(READ_ONCE(current->work_pending) & WORK_RESCHED))
		schedule();
}

void __noreturn schedule_dead(void)
{
	ASSERT(task_is_dead(current));
	schedule();
	panic("a dead task ran");
}

void wait_task_off_cpu(const struct task_struct *t)
{
	while (load_acquire(&t->on_cpu))
		cpu_relax();
}

/* --- The tick --- */

/* Who was running when the tick came is charged with all the time since the last one. */
static void account_tick(struct runqueue *rq, struct task_struct *t, u64 passed, bool user_mode)
{
	if (is_idle_task(t)) {
		rq->times.idle += passed;
	} else if (user_mode) {
		t->utime += passed;
		*(t->se.nice > 0 ? &rq->times.nice : &rq->times.user) += passed;
	} else {
		t->stime += passed;
		rq->times.system += passed;
	}
}

/*
 * The load averages: every 5 s each moves towards the number of tasks that run or wait
 * uninterruptibly, by 1 - e^(-5s/period), in fixed point.
 */
static void calc_load(u64 now)
{
	static const u16 decay[3] = {1884, 2014, 2037}; /* 2048 / e^(5/60), e^(5/300), e^(5/900) */
	unsigned long active;

	if (now < loadavg_next)
		return;
	loadavg_next = now + LOAD_PERIOD;
	active = (unsigned long)(nr_running() + nr_uninterruptible()) << LOAD_SHIFT;
	for (unsigned i = 0; i < 3; i++) {
		unsigned long load = loadavg[i] * decay[i] + active * (2048 - decay[i]);

		if (active >= loadavg[i])
			load += 2047; /* round towards where it goes, so that it gets there */
		loadavg[i] = load >> LOAD_SHIFT;
	}
}

/* Now and then: does another CPU have two tasks more than this one? */
static void balance(struct runqueue *rq, unsigned self)
{
	struct task_struct *t;

	if (++rq->ticks % BALANCE_TICKS && !is_idle_task(rq->curr))
		return;
	t = steal_task(self, is_idle_task(rq->curr) ? 0 : READ_ONCE(rq->queued) + 1);
	if (t)
		activate(t, self);
}

void timer_tick(bool user_mode)
{
	struct runqueue *rq = &this_cpu(runqueue);
	struct task_struct *t = current;
	unsigned self = cpu_id();
	u64 now = ktime_ns(), passed = now - rq->last_tick;

	rq->last_tick = now;
	account_tick(rq, t, passed, user_mode);
	itimer_tick(t, passed, user_mode);
	run_timers(now);
	if (self == 0)
		calc_load(now);
	if (epoch_tick(user_mode) && !is_idle_task(t))
		fetch_or(&t->work_pending, WORK_RESCHED);
	if (cpu_online_mask != 1)
		balance(rq, self);
	spin_lock(&rq->lock);
	update_curr(rq, now);
	if (rq->leftmost &&
	    (is_idle_task(t) || (s64)(t->se.vruntime - task_of(rq->leftmost)->se.vruntime) > 0))
		fetch_or(&t->work_pending, WORK_RESCHED);
	spin_unlock(&rq->lock);
}

/* --- Idling and starting up --- */

void __noreturn cpu_idle(void)
{
	for (;;) {
		epoch_idle_enter();
		for (;;) {
			irq_disable();
			if (READ_ONCE(current->work_pending) & WORK_RESCHED)
				break;
			cpu_wait_for_interrupt();
		}
		irq_enable();
		epoch_idle_exit();
		schedule();
	}
}

void sched_cpu_init(unsigned cpu, struct task_struct *idle)
{
	struct runqueue *rq = cpu_rq(cpu);

	spin_lock_init(&rq->lock, RANK_RUNQUEUE);
	idle->cpu = cpu;
	idle->on_cpu = 1;
	idle->cpus_allowed = BIT(cpu);
	idle->se.exec_start = rq->last_tick = ktime_ns();
	rq->curr = rq->idle = idle;
	fetch_or(&idle_mask, BIT(cpu));
}

void sched_init(void)
{
	sched_cpu_init(0, &init_task);
}

/* --- What others ask of it --- */

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

void sched_yield_current(void)
{
	unsigned long flags = irq_save();
	struct runqueue *rq = &this_cpu(runqueue);

	spin_lock(&rq->lock);
	update_curr(rq, ktime_ns());
	if (rq->leftmost) {
		u64 first = task_of(rq->leftmost)->se.vruntime;

		if ((s64)(first - current->se.vruntime) >= 0)
			current->se.vruntime = first + 1;
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	schedule();
}

u64 task_sum_exec(struct task_struct *t)
{
	unsigned long flags;
	struct runqueue *rq = lock_task_rq(t, &flags);
	u64 sum;

	if (rq->curr == t)
		update_curr(rq, ktime_ns());
	sum = t->se.sum_exec;
	spin_unlock_irqrestore(&rq->lock, flags);
	return sum;
}

void cpu_times(unsigned cpu, struct cpu_times *times)
{
	*times = cpu_rq(cpu)->times;
}

unsigned nr_running(void)
{
	unsigned cpu, n = 0;

	for_each_online_cpu (cpu) {
		struct runqueue *rq = cpu_rq(cpu);

		n += READ_ONCE(rq->queued) + !is_idle_task(READ_ONCE(rq->curr));
	}
	return n;
}

unsigned nr_uninterruptible(void)
{
	unsigned cpu;
	long n = 0;

	for_each_online_cpu (cpu)
		n += READ_ONCE(cpu_rq(cpu)->uninterruptible);
	return max(n, 0L);
}

u64 nr_context_switches(void)
{
	unsigned cpu;
	u64 n = 0;

	for_each_online_cpu (cpu)
		n += cpu_rq(cpu)->switches;
	return n;
}

void get_loadavg(unsigned long load[3])
{
	memcpy(load, loadavg, sizeof(loadavg));
}
