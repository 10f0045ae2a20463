/*
 * The rows of the benchmark that run inside the machine: what the operations of
 * memory management cost.
 *
 * Under -icount shift=0 the time stamp counter ticks once per instruction, so a
 * loop between two rdtsc is counted, not timed.  The same static program runs on
 * Pagoda and on Linux; `make bench` shows both and the ratio.
 *
 * It is the machine's init.  Words on the command line say what it does:
 *
 *     (nothing)     counts instructions, once, and checks the rules of honesty (rules.c)
 *     wall=N        times instead, N times all rows; no rules: what checks costs time, too
 *     boot          only what booting took, and what a shell finds free
 *     check         as an ordinary process, small and quick: do the rules hold?
 *     cpus          times how throughput grows with CPUs, instead (cpus.c)
 *     swap=WHAT     with a disk, and `ram=` and `set=` in MiB: more memory in use than there is (swap.c)
 *     rows=A,B      only these (and what is measured along with them)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "bench.h"

static const struct {
	const char *rows;
	void (*run)(void);
} table[] = {
	{"syscall_null", bench_syscall},
	{"fault_anon_write,unmap_touched,fault_zero_read", bench_anon},
	{"mmap_munmap,mmap_touch_munmap,mprotect_16p,brk_touch", bench_map},
	{"vma_split,fault_2000_vmas,munmap_2000_vmas", bench_vmas},
	{"fork_0,fork_exit_wait_0", bench_fork_0},
	{"fork_16,fork_exit_wait_16", bench_fork_16},
	{"fork_128,fork_exit_wait_128", bench_fork_128},
	{"cow_break", bench_cow},
	{"fork_rewrite_128", bench_rewrite},
	{"read_4k_cached", bench_read},
	{"fault_file_shared_read,fault_file_shared_write,fault_file_private_write", bench_file},
	{"fork_exec_exit_static", bench_exec_static},
	{"fork_exec_exit_busybox_true", bench_exec_busybox},
};

/* Is one of the names in a list among those of the other? */
static bool listed(const char *names, const char *wanted)
{
	for (const char *name = names; *name;) {
		size_t length = strcspn(name, ",");

		for (const char *w = wanted; *w;) {
			size_t n = strcspn(w, ",");

			if (n == length && !strncmp(w, name, n))
				return true;
			w += n + (w[n] == ',');
		}
		name += length + (name[length] == ',');
	}
	return false;
}

static void run_rows(const char *wanted)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if (!wanted || listed(table[i].rows, wanted))
			table[i].run();
}

/* From reset to init: the counter began at zero. Then what the machine has besides a shell. */
static void bench_boot(uint64_t started)
{
	row("boot_to_init", started, 1);
	if (!freopen("/proc/meminfo", "r", stdin))
		die("/proc/meminfo");
	if (fork() == 0) {
		execl("/bin/busybox", "sh", "-c",
		      "read -r _ total _; read -r _ free _; echo meminfo $total $free", NULL);
		_exit(127);
	}
	wait(NULL);
}

int main(int argc, char **argv)
{
	uint64_t started = now();
	const char *wanted = NULL, *swap = NULL;
	unsigned long ram = 0, set = 0;
	bool boot = false, cpus = false;
	int rounds = 1;

	if (argc > 1 && !strcmp(argv[1], "exit"))
		return 0; /* what bench_exec_static() runs */
	if (getpid() == 1) {
		mkdir("/proc", 0755);
		mkdir("/tmp", 0755);
		mount("proc", "/proc", "proc", 0, NULL);
		mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	}
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "boot"))
			boot = true;
		else if (!strcmp(argv[i], "cpus"))
			cpus = true;
		else if (!strcmp(argv[i], "check"))
			set_short();
		else if (!strncmp(argv[i], "rows=", 5))
			wanted = argv[i] + 5;
		else if (!strncmp(argv[i], "swap=", 5))
			swap = argv[i] + 5;
		else if (!strncmp(argv[i], "ram=", 4))
			ram = strtoul(argv[i] + 4, NULL, 10);
		else if (!strncmp(argv[i], "set=", 4))
			set = strtoul(argv[i] + 4, NULL, 10);
		else if (!strncmp(argv[i], "wall=", 5)) {
			counting = false;
			rounds = atoi(argv[i] + 5);
		}
	}
	if (readlink("/proc/self/exe", self, PATH_MAX - 1) < 0)
		die("/proc/self/exe");
	if (boot)
		bench_boot(started);
	else if (cpus)
		bench_cpus();
	else if (swap)
		bench_swap(swap, ram, set);
	else
		while (rounds-- > 0)
			run_rows(wanted);
	puts("done");
	fflush(stdout);
	tcdrain(STDOUT_FILENO); /* what is still on its way would end with the machine */
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return 0;
}
