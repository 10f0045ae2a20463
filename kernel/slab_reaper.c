/*
 * The thread that looks at all object caches every two seconds and takes back what
 * none of them has needed since (mm/slab/reap.c).
 */
#include "kernel/initcall.h"
#include "lib/errno.h"
#include "mm/slab/slab.h"
#include "sync/task.h"

#define PERIOD_NS 2000000000ULL

static int reap(void *unused)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule_timeout(PERIOD_NS);
		slab_reap_tick();
	}
	return 0;
}

static int start_reaper(void)
{
	struct task_struct *t = kthread_run(reap, NULL, "kslabd");

	return IS_ERR(t) ? (int)PTR_ERR(t) : 0;
}
INITCALL(INIT_LATE, start_reaper);
