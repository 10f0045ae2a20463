/*
 * /proc/sys: knobs, under Linux's names, that really turn something here.
 */
#include "kernel/initcall.h"
#include "kernel/uname.h"
#include "lib/string.h"
#include "proc/proc.h"

static int min_free_changed(s64 now)
{
	return set_min_free_kbytes(now);
}

static int scale_factor_changed(s64 now)
{
	watermark_scale_factor = now;
	setup_zone_marks();
	return 0;
}

/* overcommit_ratio and _kbytes: setting one clears the other (Documentation: vm.txt). */
static int ratio_changed(s64 now)
{
	sysctl_overcommit_kbytes = 0;
	return 0;
}

static int kbytes_changed(s64 now)
{
	sysctl_overcommit_ratio = 0;
	return 0;
}

static int pid_max = PID_MAX;

#define NUMBER(file, variable, low, high, hook)                                              \
	{                                                                                    \
		.path = file, .value = &(variable), .bytes = sizeof(variable), .min = (low), \
		.max = (high), .changed = (hook)                                             \
	}

static const struct proc_number numbers[] = {
	NUMBER("sys/vm/overcommit_memory", sysctl_overcommit_memory, 0, 2, NULL),
	NUMBER("sys/vm/overcommit_ratio", sysctl_overcommit_ratio, -0x80000000LL, 0x7fffffff,
	       ratio_changed),
	NUMBER("sys/vm/overcommit_kbytes", sysctl_overcommit_kbytes, 0, 1LL << 52, kbytes_changed),
	NUMBER("sys/vm/max_map_count", sysctl_max_map_count, 0, 0x7fffffff, NULL),
	NUMBER("sys/vm/mmap_min_addr", sysctl_mmap_min_addr, 0, 1LL << 46, NULL),
	NUMBER("sys/vm/user_reserve_kbytes", sysctl_user_reserve_kbytes, 0, 1LL << 52, NULL),
	NUMBER("sys/vm/admin_reserve_kbytes", sysctl_admin_reserve_kbytes, 0, 1LL << 52, NULL),
	NUMBER("sys/vm/min_free_kbytes", min_free_kbytes, 0, 1LL << 40, min_free_changed),
	NUMBER("sys/vm/watermark_scale_factor", watermark_scale_factor, 1, 3000,
	       scale_factor_changed),
	NUMBER("sys/kernel/pid_max", pid_max, PID_MAX, PID_MAX, NULL),
};

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

static int show_lowmem_ratio(struct seq_file *m, void *unused)
{
	for (int i = 0; i < MAX_NR_ZONES; i++)
		if ((i != ZONE_DMA32 || MACHINE_HAS_DMA32) &&
		    (i != ZONE_HIGHMEM || MACHINE_HAS_HIGHMEM))
			seq_printf(m, i ? "\t%d" : "%d", lowmem_reserve_ratio[i]);
	seq_putc(m, '\n');
	return 0;
}

static int write_lowmem_ratio(char *text, size_t bytes, void *unused)
{
	const char *at = text;

	for (int i = 0; i < MAX_NR_ZONES; i++) {
		const char *end;

		if ((i == ZONE_DMA32 && !MACHINE_HAS_DMA32) ||
		    (i == ZONE_HIGHMEM && !MACHINE_HAS_HIGHMEM))
			continue;
		while (*at == ' ' || *at == '\t')
			at++;
		if (*at < '0' || *at > '9')
			break;
		lowmem_reserve_ratio[i] = parse_number(at, &end);
		at = end;
	}
	setup_zone_marks();
	return *at && *at != '\n' ? -EINVAL : 0;
}

static int sysctl_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
		proc_create_number(&numbers[i]);
	proc_create("sys/vm/lowmem_reserve_ratio", 0644, show_lowmem_ratio, write_lowmem_ratio,
		    NULL);
	proc_create("sys/kernel/ostype", 0444, show_text, NULL, (void *)UTS_SYSNAME);
	proc_create("sys/kernel/osrelease", 0444, show_text, NULL, (void *)UTS_RELEASE);
	proc_create("sys/kernel/version", 0444, show_text, NULL, (void *)UTS_VERSION);
	proc_create("sys/kernel/hostname", 0644, show_text, write_hostname, utsname_hostname);
	proc_create("sys/kernel/randomize_va_space", 0644, show_randomize, write_randomize, NULL);
	return 0;
}
INITCALL(INIT_LATE, sysctl_init);
