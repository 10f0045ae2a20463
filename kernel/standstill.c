/*
 * All other CPUs stand still: for checks that must find all of memory as it is at one moment.
 *
 * On each of them a kernel thread of this file turns, with interrupts on, until it is let go.
 * The kernel is not preempted inside itself, so who ran there before is in user mode or at a
 * rescheduling point: what only a CPU without interruption may see half done, such as a page
 * between its free list and its owner, nobody sees.  What tasks leave half done while they sleep
 * they guard by sleeping locks; who holds one may be among those that cannot run now, so whoever
 * has the others stand still takes none.
 */
#include "kernel/initcall.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "lib/assert.h"
#include "mm/check.h"
#include "sync/mutex.h"
#include "sync/percpu.h"

static struct mutex one = MUTEX_INIT(one, RANK_STANDSTILL); /* guards all here */
static u64 callers_cpus; /* where it may run, once the others go on */
static bool let_go;      /* atomic */
static atomic_t turning; /* threads */

static int turn(void *unused)
{
	atomic_inc(&turning);
	while (!READ_ONCE(let_go))
		cpu_relax();
	atomic_dec(&turning);
	return 0;
}

static void go_on(void)
{
	WRITE_ONCE(let_go, true);
	while (atomic_read(&turning))
		cpu_relax();
	set_cpus_allowed(current, callers_cpus);
	mutex_unlock(&one);
}

static bool stand_still(void)
{
	struct task_struct *thread[NR_CPUS];
	unsigned cpu, n = 0;
	bool all = true;

	mutex_lock(&one);
	callers_cpus = current->cpus_allowed;
	set_cpus_allowed(current, BIT(cpu_id()));
	WRITE_ONCE(let_go, false);
	for_each_online_cpu (cpu) {
		if (cpu == cpu_id())
			continue;
		thread[n] = kthread_create(turn, NULL, "standstill");
		all = !IS_ERR(thread[n]);
		if (!all)
			break;
		thread[n++]->cpus_allowed = BIT(cpu);
	}
	/* From here on nothing sleeps: a thread's CPU serves nobody else. */
	for (unsigned i = 0; i < n; i++)
		wake_up_new_task(thread[i]);
	while (atomic_read(&turning) < n)
		cpu_relax();
	if (!all)
		go_on();
	return all;
}

static int standstill_init(void)
{
	mm_standstill = (struct mm_standstill){.begin = stand_still, .end = go_on};
	return 0;
}
INITCALL(INIT_EARLY, standstill_init);
