/*
 * /proc/sysrq-trigger: one letter, one action (Documentation: sysrq).
 */
#include "kernel/initcall.h"
#include "kernel/signal.h"
#include "lib/printk.h"
#include "machine/power.h"
#include "proc/proc.h"

static void show_memory(void)
{
	pr_info("sysrq: Show Memory\n");
	show_mem();
}

static void show_tasks(void)
{
	struct task_struct *t;
	pid_t pid = 0;

	pr_info("sysrq: Show State\n");
	while ((t = next_process(pid))) {
		pid = t->pid;
		pr_info("task:%-15s state:%c pid:%-5d\n", t->comm, task_state_char(t), t->pid);
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
	case 't': show_tasks(); break;
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
			"kill-all-tasks(i) show-memory-usage(m) poweroff(o) show-task-states(t)\n");
	}
	return 0;
}

static int sysrq_init(void)
{
	proc_create("sysrq-trigger", 0200, NULL, write_sysrq, NULL);
	return 0;
}
INITCALL(INIT_LATE, sysrq_init);
