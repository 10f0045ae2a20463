/*
 * /proc/sys/kernel, under Linux's names. (/proc/sys/vm: sysctl_vm.c)
 */
#include "kernel/initcall.h"
#include "kernel/syslog.h"
#include "kernel/uname.h"
#include "lib/string.h"
#include "proc/proc.h"
#include <linux/capability.h>

static int pid_max = PID_MAX;
static int sysrq = 0x1b6; /* for keys; the trigger obeys root whatever stands here, as on Linux */
static int kptr_restrict;

static const struct proc_number numbers[] = {
	PROC_NUMBER("sys/kernel/pid_max", pid_max, PID_MAX, PID_MAX, NULL),
	PROC_NUMBER("sys/kernel/sysrq", sysrq, 0, 0x7fffffff, NULL),
	PROC_NUMBER("sys/kernel/kptr_restrict", kptr_restrict, 0, 2, NULL),
	PROC_NUMBER("sys/kernel/dmesg_restrict", sysctl_dmesg_restrict, 0, 1, NULL),
};

/* Kernel addresses: for those who may read its log, unless kptr_restrict says for nobody. */
bool may_see_kernel_addresses(void)
{
	return kptr_restrict < 2 && (kptr_restrict == 0 || capable(CAP_SYSLOG));
}

static int show_number(struct seq_file *m, void *number)
{
	seq_printf(m, "%lu\n", (unsigned long)number);
	return 0;
}

static int show_text(struct seq_file *m, void *text)
{
	seq_printf(m, "%s\n", (const char *)text);
	return 0;
}

static int write_hostname(char *text, size_t bytes, void *unused)
{
	char *end = strchr(text, '\n');

	if (end)
		*end = 0;
	return set_hostname(text, strlen(text));
}

static int show_randomize(struct seq_file *m, void *unused)
{
	seq_printf(m, "%d\n", space_limits.randomize ? 2 : 0);
	return 0;
}

static int write_randomize(char *text, size_t bytes, void *unused)
{
	if (text[0] < '0' || text[0] > '2' || (text[1] && text[1] != '\n'))
		return -EINVAL;
	space_limits.randomize = text[0] != '0';
	return 0;
}

static int sysctl_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
		proc_create_number(&numbers[i], 0644);
	proc_create("sys/kernel/ostype", 0444, show_text, NULL, (void *)UTS_SYSNAME);
	proc_create("sys/kernel/osrelease", 0444, show_text, NULL, (void *)UTS_RELEASE);
	proc_create("sys/kernel/version", 0444, show_text, NULL, (void *)UTS_VERSION);
	proc_create("sys/kernel/cap_last_cap", 0444, show_number, NULL, (void *)CAP_LAST_CAP);
	proc_create("sys/kernel/ngroups_max", 0444, show_number, NULL,
		    (void *)ARRAY_SIZE(current->cred.groups));
	proc_create("sys/kernel/hostname", 0644, show_text, write_hostname, utsname_hostname);
	proc_create("sys/kernel/randomize_va_space", 0644, show_randomize, write_randomize, NULL);
	return 0;
}
INITCALL(INIT_LATE, sysctl_init);
