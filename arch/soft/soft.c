/*
 * The soft machine: power on, and panic.
 */
#define _GNU_SOURCE
#include "lib/assert.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "soft_int.h"
#include "sync/percpu.h"
#include "sync/task.h"
#include <execinfo.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__thread struct soft_cpu soft_cpu;

/* Constant after soft_machine_init() */
static u8 cpu_node[NR_CPUS];
static void *percpu_copy[NR_CPUS];

int cpu_to_node(unsigned cpu)
{
	return cpu_node[cpu];
}

static u64 clock_us(void)
{
	return ktime_ns() / 1000;
}

void soft_machine_init(const struct soft_config *config)
{
	unsigned cpus = config->cpus ? config->cpus : 1;

	BUG_ON(cpus > NR_CPUS);
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		cpu_node[cpu] = config->cpu_node[cpu];
		cpu_online_mask |= 1ULL << cpu;
		if (cpu > 0) {
			size_t bytes = ALIGN_UP(percpu_bytes(), 64);

			percpu_copy[cpu] = aligned_alloc(64, bytes);
			BUG_ON(!percpu_copy[cpu]);
			memset(percpu_copy[cpu], 0, bytes);
			percpu_attach(cpu, percpu_copy[cpu]);
		}
	}
	ram_init(config);
	mmu_init();
	task_init(config);
	printk_clock = clock_us;
}

u64 cycles(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	return ktime_ns();
#endif
}

void dump_stack(void)
{
	void *frame[32];
	int n = backtrace(frame, ARRAY_SIZE(frame));

	fflush(stderr);
	backtrace_symbols_fd(frame, n, STDERR_FILENO);
}

/* A panic that soft_panic_of() waits for comes back here. */
static __thread jmp_buf *panic_return;
static char panic_message[512];

void panic(const char *fmt, ...)
{
	static char log[1 << 16];
	va_list args;
	u64 seq = 0;

	va_start(args, fmt);
	vsnprintf(panic_message, sizeof(panic_message), fmt, args);
	va_end(args);
	if (panic_return)
		longjmp(*panic_return, 1);
	fwrite(log, 1, log_read(&seq, log, sizeof(log)), stderr);
	fprintf(stderr, "panic: %s\n", panic_message);
	dump_stack();
	abort();
}

const char *soft_panic_of(void (*fn)(void *), void *arg)
{
	const char *volatile message = panic_message;
	jmp_buf here;

	panic_return = &here;
	if (setjmp(here) == 0) {
		fn(arg);
		message = NULL;
	}
	panic_return = NULL;
	return message;
}
