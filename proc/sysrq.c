/*
 * /proc/sysrq-trigger: one letter, one action (Documentation: sysrq).
 */
#include "kernel/initcall.h"
#include "kernel/signal.h"
#include "lib/printk.h"
#include "machine/backtrace.h"
#include "machine/power.h"
#include "proc/proc.h"

static void show_memory(void)
{
	pr_info("sysrq: Show Memory\n");
	show_mem();
}

static void show_task(struct task_struct *t)
{
	pr_info("task:%-15s state:%c%s stack:0     pid:%-5d ppid:%-6d flags:0x%08x\n", t->comm,
		task_state_char(t), READ_ONCE(t->on_cpu) ? "  running task   " : "", t->pid,
		task_parent(t) ? task_parent(t)->tgid : 0, t->pf);
	/* A zombie's stack says no more than that it ended; a running task's is another CPU's. */
	if (!READ_ONCE(t->on_cpu) && !task_is_dead(t))
		machine_backtrace_thread(&t->thread, t->stack);
}

/* Every thread, or those in one state as ps names it. */
static void show_tasks(char state)
{
	struct task_struct *t;

	for (pid_t pid = 1; pid < PID_MAX; pid++) {
		t = find_get_task(pid);
		if (!t)
			continue;
		if (!state || task_state_char(t) == state)
			show_task(t);
		put_task(t);
	}
}

static void signal_all(int sig)
{
	struct task_struct *t;
	pid_t pid = 1;

	while ((t = next_process(pid))) {
		pid = t->pid;
		if (!(t->pf & PF_KTHREAD))
			send_signal_group(sig, NULL, t);
		put_task(t);
	}
}

static int write_sysrq(char *text, size_t bytes, void *unused)
{
	switch (text[0]) {
	case 'm': show_memory(); break;
	case 'l':
		pr_info("sysrq: Show backtrace of all active CPUs\n");
		machine_backtrace_cpus();
		break;
	case 't':
		pr_info("sysrq: Show State\n");
		show_tasks(0);
		break;
	case 'w':
		pr_info("sysrq: Show Blocked State\n");
		show_tasks('D');
		break;
	case 'e':
		pr_info("sysrq: Terminate All Tasks\n");
		signal_all(SIGTERM);
		break;
	case 'i':
		pr_info("sysrq: Kill All Tasks\n");
		signal_all(SIGKILL);
		break;
	case 'b': machine_reboot();
	case 'o': machine_poweroff();
	case 'c': panic("sysrq triggered crash");
	default:
		if (text[0] >= '0' && text[0] <= '9') {
			console_loglevel = text[0] - '0';
			break;
		}
		pr_info("sysrq: HELP : loglevel(0-9) reboot(b) crash(c) terminate-all-tasks(e) "
			"kill-all-tasks(i) show-backtrace-all-active-cpus(l) show-memory-usage(m) "
			"poweroff(o) show-task-states(t) show-blocked-tasks(w)\n");
	}
	return 0;
}

static int sysrq_init(void)
{
	proc_create("sysrq-trigger", 0200, NULL, write_sysrq, NULL);
	return 0;
}
INITCALL(INIT_LATE, sysrq_init);
