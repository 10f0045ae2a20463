/*
 * Threads as CPUs: sync/task.h on a host's threads.
 *
 * Every task is a host thread.  A CPU is a token; a task runs only while it holds one
 * and gives it up when it sleeps, so "this CPU's data" is safe between two sleeps
 * as it is in a kernel that is not preempted inside itself.
 *
 *      tasks  A    B    C    D    E
 *             |    |    :    :    z        | runs   : ready   z asleep
 *      CPUs   0    1
 *
 * A task that blocks hands its CPU to the first ready task that may run there, or
 * leaves it idle; a task that is woken takes an idle CPU or becomes ready.  All of
 * this stands under one host mutex, `big`; each task waits on a condition of its own.
 *
 * With a seed, one more thing is handed on: the turn.  Of all tasks that hold CPUs only
 * the one whose turn it is really runs; at each point where in parallel operation
 * another CPU might get ahead (taking or releasing locks, spinning, rescheduling) a
 * random number decides who goes on.  Time is virtual: it moves a little at each point,
 * and to the next timer when all CPUs are idle.  So a run is a function of its seed.
 *
 * If all CPUs are idle and no task sleeps with a time limit, nobody will ever wake
 * anybody: that is a lost wake-up or a deadlock, and panics with the list of tasks.
 *
 * Task structures are kept until the process ends: who wakes a task need not prove that
 * it still exists.
 */
#define _GNU_SOURCE
#include "sync/task.h"
#include "lib/assert.h"
#include "lib/list.h"
#include "soft_int.h"
#include "sync/epoch.h"
#include "sync/lockdebug.h"
#include "sync/percpu.h"
#include "sync/wait.h"
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct task_struct {
	/* constant */
	const char *name;
	int (*fn)(void *);
	void *arg;

	unsigned state;         /* atomic: enum task_state */
	bool signalled, killed; /* atomic */
	struct held_locks held; /* the task itself */
	unsigned fail_nth;      /* the task itself */
	struct io_counts io;    /* the task itself */
	bool reclaiming;        /* the task itself */

	/* (big) */
	struct list_head all;
	struct list_head ready; /* in the ready list, if it is */
	pthread_cond_t wake;
	int cpu;      /* -1: none */
	int last_cpu; /* preferred when it is ready again */
	bool blocked; /* waits in schedule() for somebody to set it running */
	u64 cpus_allowed;
	u64 deadline; /* while blocked: ktime ns, or FOREVER */

	struct wait_queue_head exit_wait;
	bool dead; /* atomic */
	int result;
};

static pthread_mutex_t big = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(all_tasks);   /* (big) */
static LIST_HEAD(ready_tasks); /* (big) */
static unsigned nr_ready;      /* (big); also peeked at */
static u64 idle_cpus;          /* (big) */
static unsigned nr_cpus;       /* constant */
static struct {
	struct task_struct *runs; /* (big) */
	bool epoch_idle;          /* who takes it next must call epoch_idle_exit(); its holder's */
} cpus[NR_CPUS];

/* Seeded schedules */
static u64 seed;                 /* (big) 0: parallel */
static bool seeded;              /* constant */
static struct task_struct *turn; /* (big) */
static u64 virtual_ns;           /* atomic */
static u64 boot_ns;

#define INTERLEAVE_NS   100 /* that virtual time moves at each point */
#define SLEEPING_STATES (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE | TASK_STOPPED | TASK_KILLABLE)

static u64 host_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

u64 ktime_ns(void)
{
	return seeded ? READ_ONCE(virtual_ns) : host_ns() - boot_ns;
}

/* --- CPUs; `big` is held --- */

static void give_cpu(unsigned cpu, struct task_struct *task)
{
	cpus[cpu].runs = task;
	idle_cpus &= ~(1ULL << cpu);
	task->cpu = task->last_cpu = cpu;
	pthread_cond_signal(&task->wake);
}

/* The task can run: on an idle CPU, or later. */
static void make_ready(struct task_struct *task)
{
	u64 usable = idle_cpus & task->cpus_allowed;

	if (!usable) {
		list_add_tail(&task->ready, &ready_tasks);
		WRITE_ONCE(nr_ready, nr_ready + 1);
	} else if (usable >> task->last_cpu & 1 && !seeded) {
		give_cpu(task->last_cpu, task);
	} else {
		for (unsigned skip = seeded ? random_next(&seed) % __builtin_popcountll(usable) : 0;
		     skip > 0; skip--)
			usable &= usable - 1;
		give_cpu(__builtin_ctzll(usable), task);
	}
}

/* The ready task that the CPU goes to next: the first that may, or any one of them. */
static struct task_struct *next_ready(unsigned cpu)
{
	struct task_struct *task, *chosen = NULL;
	unsigned seen = 0;

	list_for_each_entry (task, &ready_tasks, ready) {
		if (!(task->cpus_allowed >> cpu & 1))
			continue;
		if (!seeded)
			return task;
		if (random_next(&seed) % ++seen == 0)
			chosen = task;
	}
	return chosen;
}

static void expire(struct task_struct *task)
{
	task->blocked = false;
	WRITE_ONCE(task->state, TASK_RUNNING);
	make_ready(task);
}

static void __cold all_asleep(void)
{
	struct task_struct *task;

	list_for_each_entry (task, &all_tasks, all)
		if (!task->dead)
			fprintf(stderr, "  %s sleeps in state %u\n", task->name, task->state);
	pthread_mutex_unlock(&big);
	panic("every task sleeps and nobody is left to wake one");
}

/* The next of the blocked tasks whose time comes, or NULL. */
static struct task_struct *next_timer(void)
{
	struct task_struct *task, *first = NULL;

	list_for_each_entry (task, &all_tasks, all)
		if (task->blocked && task->deadline != FOREVER &&
		    (!first || task->deadline < first->deadline))
			first = task;
	return first;
}

/* Let a random one of the tasks that hold CPUs go on. */
static void pass_turn(void)
{
	unsigned seen = 0;

	turn = NULL;
	for (unsigned cpu = 0; cpu < nr_cpus; cpu++)
		if (cpus[cpu].runs && random_next(&seed) % ++seen == 0)
			turn = cpus[cpu].runs;
	if (turn)
		pthread_cond_signal(&turn->wake);
}

/* The running task leaves its CPU to the next; it sleeps, or is ready to go on elsewhere. */
static void leave_cpu(struct task_struct *task, bool ready)
{
	unsigned cpu = task->cpu;
	struct task_struct *next = next_ready(cpu);
	struct task_struct *timer;

	task->cpu = -1;
	if (next) {
		list_del(&next->ready);
		WRITE_ONCE(nr_ready, nr_ready - 1);
		give_cpu(cpu, next);
	} else {
		cpus[cpu].runs = NULL;
		idle_cpus |= 1ULL << cpu;
	}
	if (ready)
		make_ready(task);
	if (__builtin_popcountll(idle_cpus) == (int)nr_cpus) {
		timer = next_timer();
		if (!timer)
			all_asleep();
		if (timer && seeded) {
			WRITE_ONCE(virtual_ns, max(virtual_ns, timer->deadline));
			expire(timer);
		}
	}
	if (seeded)
		pass_turn();
}

/* Wait until the calling task holds a CPU and, if there are turns, has its turn. */
static void wait_for_cpu(struct task_struct *me)
{
	while (me->cpu < 0 || (seeded && turn != me)) {
		if (me->blocked && me->deadline != FOREVER && !seeded) {
			u64 when = me->deadline + boot_ns;
			struct timespec until = {.tv_sec = when / 1000000000,
						 .tv_nsec = when % 1000000000};

			pthread_cond_timedwait(&me->wake, &big, &until);
			if (me->blocked && ktime_ns() >= me->deadline)
				expire(me);
		} else {
			pthread_cond_wait(&me->wake, &big);
		}
	}
	soft_cpu.id = me->cpu;
	soft_cpu.offset = percpu_offset[me->cpu];
}

/* --- sync/task.h --- */

void set_current_state(enum task_state state)
{
	(void)xchg(&current->state, state);
}

static void schedule_until(u64 deadline)
{
	struct task_struct *me = current;
	bool sleeps, stays, idle = false;
	unsigned cpu = cpu_id();

	might_sleep();
	epoch_quiescent();
	pthread_mutex_lock(&big);
	for (;;) {
		struct task_struct *next = next_ready(cpu);

		sleeps = me->state != TASK_RUNNING;
		stays = !sleeps && (me->cpus_allowed >> cpu & 1);
		if (idle || next || stays) {
			stays = stays && !next;
			break;
		}
		/* Nobody will take the CPU over: it idles. Look again afterwards. */
		pthread_mutex_unlock(&big);
		epoch_idle_enter();
		idle = true;
		pthread_mutex_lock(&big);
	}
	cpus[cpu].epoch_idle = idle;
	if (!stays) {
		me->blocked = sleeps;
		me->deadline = deadline;
		leave_cpu(me, !sleeps);
		wait_for_cpu(me);
		cpu = me->cpu;
	}
	pthread_mutex_unlock(&big);
	if (cpus[cpu].epoch_idle) {
		cpus[cpu].epoch_idle = false;
		epoch_idle_exit();
	}
}

void schedule(void)
{
	schedule_until(FOREVER);
}

u64 schedule_timeout(u64 ns)
{
	u64 deadline = ns == FOREVER ? FOREVER : ktime_ns() + ns;
	u64 now;

	schedule_until(deadline);
	if (ns == FOREVER)
		return FOREVER;
	now = ktime_ns();
	return now < deadline ? deadline - now : 0;
}

bool wake_up_process(struct task_struct *task)
{
	bool slept;

	pthread_mutex_lock(&big);
	slept = READ_ONCE(task->state) & SLEEPING_STATES;
	if (slept) {
		WRITE_ONCE(task->state, TASK_RUNNING);
		if (task->blocked) {
			task->blocked = false;
			make_ready(task);
		}
	}
	pthread_mutex_unlock(&big);
	return slept;
}

void cond_resched(void)
{
	might_sleep();
	cpu_interleave();
	if (READ_ONCE(nr_ready))
		schedule();
	else
		epoch_quiescent();
}

bool signal_pending(void)
{
	return READ_ONCE(current->signalled);
}

bool fatal_signal_pending(void)
{
	return READ_ONCE(current->killed);
}

struct io_counts *task_io(void)
{
	static __thread struct io_counts nobodys;

	return current ? &current->io : &nobodys;
}

bool task_set_reclaiming(bool reclaiming)
{
	const bool before = current->reclaiming;

	current->reclaiming = reclaiming;
	return before;
}

bool task_reclaiming(void)
{
	return current && current->reclaiming;
}

#ifdef PAGODA_DEBUG
struct held_locks *task_held_locks(void)
{
	return current ? &current->held : NULL;
}

unsigned *task_fail_nth(void)
{
	return current ? &current->fail_nth : NULL;
}
#endif

void cpu_relax(void)
{
	static __thread unsigned spins;

	if (seeded) {
		pthread_mutex_lock(&big);
		WRITE_ONCE(virtual_ns, virtual_ns + INTERLEAVE_NS);
		pass_turn();
		wait_for_cpu(current);
		pthread_mutex_unlock(&big);
	} else if (++spins % 16 == 0) {
		sched_yield();
	} else {
		barrier();
	}
}

void cpu_interleave(void)
{
	if (!seeded || !current)
		return;
	pthread_mutex_lock(&big);
	WRITE_ONCE(virtual_ns, virtual_ns + INTERLEAVE_NS);
	if (random_next(&seed) % 4 == 0) {
		pass_turn();
		wait_for_cpu(current);
	}
	pthread_mutex_unlock(&big);
}

/* --- threads --- */

static struct task_struct *new_task(const char *name, int (*fn)(void *), void *arg, u64 allowed)
{
	struct task_struct *task = calloc(1, sizeof(*task));
	pthread_condattr_t attributes;

	if (!task)
		return NULL;
	task->name = name;
	task->fn = fn;
	task->arg = arg;
	task->cpu = -1;
	task->cpus_allowed = allowed;
	task->deadline = FOREVER;
	init_waitqueue_head(&task->exit_wait);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&task->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	return task;
}

static void *task_main(void *arg)
{
	struct task_struct *me = arg;

	soft_cpu.task = me;
	pthread_mutex_lock(&big);
	wait_for_cpu(me);
	pthread_mutex_unlock(&big);
	if (cpus[me->cpu].epoch_idle) {
		cpus[me->cpu].epoch_idle = false;
		epoch_idle_exit();
	}
	me->result = me->fn(me->arg);
	epoch_quiescent();
	store_release(&me->dead, true);
	wake_up_all(&me->exit_wait);
	epoch_idle_enter(); /* as if to idle; whoever gets the CPU leaves that state */
	pthread_mutex_lock(&big);
	cpus[me->cpu].epoch_idle = true;
	leave_cpu(me, false);
	pthread_mutex_unlock(&big);
	return NULL;
}

struct task_struct *soft_run(int (*fn)(void *), void *arg, const char *name, u64 allowed)
{
	struct task_struct *task = new_task(name, fn, arg, allowed);
	pthread_attr_t attributes;
	pthread_t thread;
	int err;

	if (!task)
		return ERR_PTR(-ENOMEM);
	BUG_ON((allowed & cpu_online_mask) == 0);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_mutex_lock(&big);
	err = pthread_create(&thread, &attributes, task_main, task);
	if (!err) {
		list_add_tail(&task->all, &all_tasks);
		make_ready(task);
	}
	pthread_mutex_unlock(&big);
	pthread_attr_destroy(&attributes);
	if (err) {
		free(task);
		return ERR_PTR(-err);
	}
	cpu_interleave();
	return task;
}

struct task_struct *kthread_run(int (*fn)(void *), void *arg, const char *name)
{
	return soft_run(fn, arg, name, ~0ULL);
}

int soft_join(struct task_struct *task)
{
	wait_event(&task->exit_wait, load_acquire(&task->dead));
	return task->result;
}

void soft_move_to_cpu(unsigned cpu)
{
	BUG_ON(!(cpu_online_mask >> cpu & 1));
	current->cpus_allowed = 1ULL << cpu;
	if (cpu_id() != cpu)
		schedule();
}

void soft_signal(struct task_struct *task, bool fatal)
{
	unsigned state;

	WRITE_ONCE(task->signalled, true);
	if (fatal)
		WRITE_ONCE(task->killed, true);
	smp_mb();
	state = READ_ONCE(task->state);
	if (state == TASK_INTERRUPTIBLE || (fatal && state == TASK_KILLABLE))
		wake_up_process(task);
}

void task_init(const struct soft_config *config)
{
	struct task_struct *boot = new_task("boot", NULL, NULL, ~0ULL);

	BUG_ON(!boot);
	nr_cpus = config->cpus ? config->cpus : 1;
	boot_ns = host_ns();
	seed = config->schedule_seed;
	seeded = seed != 0;
	soft_cpu.task = boot;
	pthread_mutex_lock(&big);
	list_add_tail(&boot->all, &all_tasks);
	for (unsigned cpu = 1; cpu < nr_cpus; cpu++) {
		idle_cpus |= 1ULL << cpu;
		cpus[cpu].epoch_idle = true;
		per_cpu(epoch_cpu, cpu).seen = EPOCH_IDLE; /* until somebody runs there */
	}
	give_cpu(0, boot);
	turn = boot;
	wait_for_cpu(boot);
	pthread_mutex_unlock(&big);
}
