/*
 * From the machine's hand-over to the first program.
 *
 *   start_kernel()   boot CPU, no tasks: floors from below, in the order in which
 *                    they need each other; then tasks
 *     pid 1          runs the initcalls level by level, then the init program
 *     pid 2          kthreadd: parent of the kernel's threads, frees dead tasks
 *     pid 0          becomes the boot CPU's idle task
 */
#include "kernel/initcall.h"
#include "kernel/process.h"
#include "kernel/record.h"
#include "kernel/sched.h"
#include "kernel/time.h"
#include "lib/assert.h"
#include "lib/printk.h"
#include "machine/boot.h"
#include "machine/clock.h"
#include "machine/upcall.h"
#include <linux/sched.h>
#include "mm/cache/cache.h"
#include "mm/frame/frame.h"
#include "mm/kva/kva.h"
#include "mm/lru/lru.h"
#include "mm/reclaim/reclaim.h"
#include "mm/slab/slab.h"
#include "mm/space/space.h"
#include "mm/swap/swap.h"

/* --- What other files registered --- */

extern const struct initcall __start_initcalls[], __stop_initcalls[];
extern const struct boot_param __start_bootparams[], __stop_bootparams[];

void run_initcalls(enum initcall_level level)
{
	for (const struct initcall *call = __start_initcalls; call < __stop_initcalls; call++) {
		int err;

		if (call->level != level)
			continue;
		err = call->fn();
		if (err)
			pr_err("initcall %s returned %d\n", call->name, err);
	}
}

void parse_boot_params(void)
{
	char value[256];

	for (const struct boot_param *param = __start_bootparams; param < __stop_bootparams;
	     param++)
		for (unsigned n = 0; boot_option_nth(param->name, n, value, sizeof(value)); n++)
			param->fn(value);
}

const char *boot_param_value(const char *name, char *buf, unsigned size)
{
	return boot_option(name, buf, size) ? buf : NULL;
}

/* --- pid 1 --- */

static int init_thread(void *unused)
{
	struct task_struct *t = current;
	int err;

	smp_init();
	run_initcalls(INIT_EARLY);
	/* From here on it is a process that happens to run in the kernel. */
	t->pf &= ~PF_KTHREAD;
	if (task_parts && task_parts->fork(t, CLONE_FS))
		panic("no memory for init's files");
	run_initcalls(INIT_FS);
	run_initcalls(INIT_DEVICE);
	run_initcalls(INIT_LATE);
	err = run_init();
	if (err)
		panic("No working init found (%d). Try passing init= option to kernel.", err);
	return 0;
}

static void start_first_tasks(void)
{
	struct task_struct *init = kthread_create(init_thread, NULL, "init");

	BUG_ON(IS_ERR(init) || init->pid != 1);
	init->blocked = 0;
	init->exit_signal = SIGCHLD;
	init->signal->unkillable = true;
	kthreadd = kthread_create(reaper_thread, NULL, "kthreadd");
	BUG_ON(IS_ERR(kthreadd) || kthreadd->pid != 2);
	wake_up_new_task(init);
	wake_up_new_task(kthreadd);
}

void __noreturn start_kernel(void)
{
	pr_info("Linux version 6.1.0-pagoda\n");
	pr_info("Command line: %s\n", boot_command_line);
	parse_boot_params();
	record_init();
	frame_init();
	slab_init();
	kva_init();
	lru_init();
	swap_init();
	cache_init();
	space_init();
	reclaim_init();
	time_init();
	task_init();
	signals_init();
	futex_init();
	syscalls_init();
	sched_init();
	start_first_tasks();
	irq_enable();
	cpu_idle();
}
