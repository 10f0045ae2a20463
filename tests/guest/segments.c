/*
 * Segments of a program's own on i386 (SYSTEM.md S1-S3, S6): modify_ldt(2), set_thread_area(2), and what
 * the processor makes of selectors.
 *
 * QEMU without KVM does not compare the offsets of data with limits. What it does check stands here:
 * limits of code at a far jump, selectors and their tables, LSL and LAR.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/failing.h"
#include "lib/segment.h"

#define TYPE(rights) ((rights) >> 8 & 15)
#define DPL(rights)  ((rights) >> 13 & 3)
#define TABLE_BYTES  65536

static uint32_t words[2] = {0x11111111, 0x22222222};

static void forms_of_writing(void)
{
	struct user_desc d = data_segment(5, words, 7, false);
	uint32_t rights;

	expect_errno(modify_ldt(LDT_WRITE, &d, sizeof(d) - 1), EINVAL);
	expect_errno(modify_ldt(LDT_WRITE, &d, sizeof(d) + 1), EINVAL);
	expect_errno(modify_ldt(LDT_WRITE, (void *)16, sizeof(d)), EFAULT);
	expect_errno(modify_ldt(3, &d, sizeof(d)), ENOSYS);
	expect_errno(modify_ldt(-1, &d, sizeof(d)), ENOSYS);
	d.entry_number = 8192;
	expect_errno(modify_ldt(LDT_WRITE, &d, sizeof(d)), EINVAL);
	expect_errno(modify_ldt(LDT_WRITE_OLD, &d, sizeof(d)), EINVAL);

	/* Conforming code: marked absent, and only by the new form. */
	d.entry_number = 5;
	d.contents = 3;
	expect_errno(modify_ldt(LDT_WRITE, &d, sizeof(d)), EINVAL);
	d.seg_not_present = 1;
	expect_errno(modify_ldt(LDT_WRITE_OLD, &d, sizeof(d)), EINVAL);
	expect_equal(modify_ldt(LDT_WRITE, &d, sizeof(d)), 0);

	/* The old form knows no bit of the program's own. */
	d = data_segment(5, words, 7, false);
	d.useable = 1;
	expect_equal(modify_ldt(LDT_WRITE_OLD, &d, sizeof(d)), 0);
	expect(segment_rights(LDT_SELECTOR_OF(5), &rights));
	expect_equal(rights >> 20 & 1, 0);
	expect_equal(modify_ldt(LDT_WRITE, &d, sizeof(d)), 0);
	expect(segment_rights(LDT_SELECTOR_OF(5), &rights));
	expect_equal(rights >> 20 & 1, 1);

	/* Base and limit 0: to the old form no segment at all, to the new one of one byte. */
	d = data_segment(5, NULL, 0, false);
	expect_equal(modify_ldt(LDT_WRITE, &d, sizeof(d)), 0);
	expect(segment_rights(LDT_SELECTOR_OF(5), &rights));
	expect_equal(modify_ldt(LDT_WRITE_OLD, &d, sizeof(d)), 0);
	expect(!segment_rights(LDT_SELECTOR_OF(5), &rights));
	expect_equal(modify_ldt(LDT_WRITE, &d, sizeof(d)), 0);
	expect(segment_rights(LDT_SELECTOR_OF(5), &rights));
	d = (struct user_desc){.entry_number = 5, .read_exec_only = 1, .seg_not_present = 1};
	expect_equal(modify_ldt(LDT_WRITE, &d, sizeof(d)), 0);
	expect(!segment_rights(LDT_SELECTOR_OF(5), &rights));
}

static void none_at_first_body(void)
{
	static uint64_t table[8];
	struct user_desc d = data_segment(2, words, 7, false);

	expect_equal(modify_ldt(LDT_READ, table, sizeof(table)), 0);
	expect_equal(modify_ldt(LDT_READ, (void *)16, sizeof(table)), 0);
	write_ldt(&d);
	memset(table, 0xff, sizeof(table));
	expect_equal(modify_ldt(LDT_READ, table, sizeof(table)), sizeof(table));
	expect_equal(table[0], 0);
	expect_equal(table[1], 0);
	expect_equal(table[2], 0x0040f30000000007 | (uint64_t)((uintptr_t)words & 0xffffff) << 16 |
				       (uint64_t)((uintptr_t)words >> 24) << 56);
	expect_equal(table[3], 0);
	expect_equal(table[7], 0);
	memset(table, 0xff, sizeof(table));
	expect_equal(modify_ldt(LDT_READ, table, 20), 20);
	expect_equal((uint32_t)table[2], ((uintptr_t)words & 0xffff) << 16 | 7);
	expect_equal(table[2] >> 32, 0xffffffff);
	expect_equal(modify_ldt(LDT_READ, table, 0), 0);
	expect_errno(modify_ldt(LDT_READ, (void *)16, sizeof(table)), EFAULT);
}

static void reading(void)
{
	expect_child_ok(none_at_first_body);
}

/* The highest selector there is: 8191 usable entries and entry 0, which an LDT has, too. */
static void all_entries_body(void)
{
	uint64_t *table = must(mmap(NULL, 2 * TABLE_BYTES, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct user_desc d = data_segment(8191, words, 7, false);
	uint32_t value;

	write_ldt(&d);
	d = data_segment(0, words + 1, 3, false);
	write_ldt(&d);
	expect_equal(modify_ldt(LDT_READ, table, 2 * TABLE_BYTES), TABLE_BYTES);
	expect(table[8191] != 0);
	expect_equal(table[8190], 0);
	expect_equal(read_through_fs(0xffff, 4, &value), 0);
	expect_equal(value, words[1]);
	expect_equal(read_through_fs(LDT_SELECTOR_OF(0), 0, &value), 0);
	expect_equal(value, words[1]);
	must(munmap(table, 2 * TABLE_BYTES));
}

static void all_entries(void)
{
	expect_child_ok(all_entries_body);
}

static void base_and_limit(void)
{
	struct user_desc d = data_segment(1, words, 7, false);
	uint32_t value, limit, rights;

	write_ldt(&d);
	expect_equal(read_through_fs(LDT_SELECTOR_OF(1), 0, &value), 0);
	expect_equal(value, words[0]);
	expect_equal(read_through_fs(LDT_SELECTOR_OF(1), 4, &value), 0);
	expect_equal(value, words[1]);
	expect_equal(write_through_fs(LDT_SELECTOR_OF(1), 4, 0x33333333), 0);
	expect_equal(words[1], 0x33333333);
	words[1] = 0x22222222;
	expect(segment_limit(LDT_SELECTOR_OF(1), &limit));
	expect_equal(limit, 7);

	/* G: the limit counts pages. */
	d = data_segment(1, words, 0xfffff, true);
	write_ldt(&d);
	expect(segment_limit(LDT_SELECTOR_OF(1), &limit));
	expect_equal(limit, 0xffffffff);
	d = data_segment(1, words, 1, true);
	write_ldt(&d);
	expect(segment_limit(LDT_SELECTOR_OF(1), &limit));
	expect_equal(limit, 0x1fff);

	/* Data to be read only, and none for code of ring 0. */
	d = data_segment(1, words, 7, false);
	d.read_exec_only = 1;
	write_ldt(&d);
	expect(segment_rights(LDT_SELECTOR_OF(1), &rights));
	expect_equal(TYPE(rights), 1);
	expect_equal(DPL(rights), 3);
	d.contents = 1; /* grows down */
	d.read_exec_only = 0;
	write_ldt(&d);
	expect(segment_rights(LDT_SELECTOR_OF(1), &rights));
	expect_equal(TYPE(rights), 7);
}

/* An entry that is changed takes effect when the selector is loaded the next time (S1). */
static void hidden_part(void)
{
	struct user_desc d = data_segment(1, words, 7, false);
	const struct user_desc changed = data_segment(1, words + 1, 3, false);
	uint32_t after, anew;
	int tries = 20;

	if (!is_pagoda())
		skip("Linux loads all registers again after a system call");
	do { /* %gs is loaded again, too, when another task has run in between */
		long result = SYS_modify_ldt;

		write_ldt(&d);
		anew = (uint32_t)&changed;
		__asm__ volatile("mov %%gs, %%edi\n\t"
				 "movw %3, %%gs\n\t"
				 "int $0x80\n\t"
				 "mov %%gs:0, %1\n\t"
				 "movw %3, %%gs\n\t"
				 "mov %%gs:0, %2\n\t"
				 "mov %%edi, %%gs"
				 : "+a"(result), "=&S"(after), "+&c"(anew)
				 : "m"((uint16_t){LDT_SELECTOR_OF(1)}), "b"(LDT_WRITE),
				   "d"(sizeof(changed))
				 : "edi", "memory");
		expect_equal(result, 0);
	} while (after != words[0] && --tries);
	expect_equal(after, words[0]);
	expect_equal(anew, words[1]);
}

static void bad_selectors(void)
{
	struct user_desc d = data_segment(6, words, 7, false);

	write_ldt(&d);
	expect_equal(load_fs(LDT_SELECTOR_OF(6)), 0);
	expect_equal(load_fs(0), 0);
	expect_equal(load_fs(3), 0); /* null, whatever the RPL */
	expect_equal(load_ss(0x7b), 0);

	expect_equal(load_fs(LDT_SELECTOR_OF(5)), SIGSEGV); /* an empty entry */
	expect_equal(segment_fault_code, SI_KERNEL);
	expect(segment_fault_address == NULL);
	expect_equal(load_fs(LDT_SELECTOR_OF(8191)), SIGSEGV); /* beyond its table */
	expect_equal(load_fs(0xfffb), SIGSEGV);                /* beyond the GDT */
	expect_equal(load_fs(0x60), SIGSEGV);                  /* the kernel's, by any RPL */
	expect_equal(load_fs(0x63), SIGSEGV);
	expect_equal(load_fs(0x6b), SIGSEGV);
	expect_equal(load_fs(0x83), SIGSEGV); /* the TSS is no segment */
	expect_equal(load_ss(0), SIGSEGV);
	expect_equal(load_ss(0x73), SIGSEGV); /* code */
	d.read_exec_only = 1;
	write_ldt(&d);
	expect_equal(load_ss(LDT_SELECTOR_OF(6)), SIGSEGV);

	/* Absent: #NP, and #SS through ss. */
	d = data_segment(6, words, 7, false);
	d.seg_not_present = 1;
	write_ldt(&d);
	expect_equal(load_fs(LDT_SELECTOR_OF(6)), SIGBUS);
	expect_equal(segment_fault_code, SI_KERNEL);
	expect_equal(load_ss(LDT_SELECTOR_OF(6)), SIGBUS);
}

/* Code of 32 and of 16 bits, with base and limit. */
static void code_segments(void)
{
	/* mov $0x12345678, %eax; ljmpl $0x73, $?  and in 16 bits mov $0x1234, %ax; the same. */
	static const uint8_t wide[] = {0xb8, 0x78, 0x56, 0x34, 0x12, 0xea, 0, 0, 0, 0, 0x73, 0},
			     narrow[] = {0xb8, 0x34, 0x12, 0x66, 0xea, 0, 0, 0, 0, 0x73, 0};
	uint8_t *code = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	uint8_t *base = code + 0x100;
	struct user_desc d = {.entry_number = 3,
			      .base_addr = (uintptr_t)base,
			      .limit = 0x1f,
			      .seg_32bit = 1,
			      .contents = 2};
	uint32_t answer = 0, rights;

	memcpy(base, wide, sizeof(wide));
	memcpy(base + 0x10, narrow, sizeof(narrow));
	memcpy(base + 0x20, wide, sizeof(wide));
	write_ldt(&d);
	expect(segment_rights(LDT_SELECTOR_OF(3), &rights));
	expect_equal(TYPE(rights), 0xb);
	expect_equal(jump_far(LDT_SELECTOR_OF(3), 0, base + 6, &answer), 0);
	expect_equal(answer, 0x12345678);
	/* The first byte beyond the limit; then within it. */
	expect_equal(jump_far(LDT_SELECTOR_OF(3), 0x20, base + 0x26, &answer), SIGSEGV);
	expect_equal(segment_fault_code, SI_KERNEL);
	d.limit = 0x2f;
	write_ldt(&d);
	expect_equal(jump_far(LDT_SELECTOR_OF(3), 0x20, base + 0x26, &answer), 0);
	d.seg_32bit = 0;
	write_ldt(&d);
	answer = 0;
	expect_equal(jump_far(LDT_SELECTOR_OF(3), 0x10, base + 0x15, &answer), 0);
	expect_equal(answer & 0xffff, 0x1234);
	d.seg_not_present = 1;
	write_ldt(&d);
	expect_equal(jump_far(LDT_SELECTOR_OF(3), 0x10, base + 0x15, &answer), SIGBUS);
	expect_equal(jump_far(0x7b, (uintptr_t)base, base + 6, &answer), SIGSEGV); /* data */
	expect_equal(jump_far(0x60, 0xc0100000, base + 6, &answer), SIGSEGV); /* the kernel's */
	expect_equal(jump_far(LDT_SELECTOR_OF(8190), 0, base + 6, &answer), SIGSEGV);
	must(munmap(code, 4096));
}

static void in_the_child(void)
{
	struct user_desc d = data_segment(1, words + 1, 3, false);
	uint32_t value;

	expect_equal(read_through_fs(LDT_SELECTOR_OF(1), 0, &value), 0);
	expect_equal(value, words[0]);
	write_ldt(&d);
	expect_equal(read_through_fs(LDT_SELECTOR_OF(1), 0, &value), 0);
	expect_equal(value, words[1]);
}

static void copied_by_fork(void)
{
	struct user_desc d = data_segment(1, words, 7, false);
	uint32_t value;

	write_ldt(&d);
	expect_child_ok(in_the_child);
	expect_equal(read_through_fs(LDT_SELECTOR_OF(1), 0, &value), 0);
	expect_equal(value, words[0]);
}

static void run_again(void)
{
	execl("/proc/self/exe", "suite", "segments", "after-exec", NULL);
	_exit(CHILD_FAILED);
}

static void left_by_exec(void)
{
	struct user_desc d = data_segment(1, words, 7, false);

	write_ldt(&d);
	expect_equal(wait_child(start_child(run_again)), 0);
}

static volatile unsigned seen; /* the limit that the other thread has seen last */
static volatile bool enough;

static void *look_on(void *unused)
{
	uint32_t limit;

	(void)unused;
	while (!enough) /* without a system call: another CPU has to be told of a new table */
		if (segment_limit(LDT_SELECTOR_OF(9), &limit))
			seen = limit;
	return NULL;
}

static void shared_by_threads(void)
{
	struct user_desc d = data_segment(9, words, 7, false);
	pthread_t thread;

	seen = 0;
	enough = false;
	expect_equal(pthread_create(&thread, NULL, look_on, NULL), 0);
	for (unsigned limit = 1; limit <= 50; limit++) {
		d.limit = limit;
		write_ldt(&d);
		while (seen != limit)
			sched_yield();
	}
	enough = true;
	expect_equal(pthread_join(thread, NULL), 0);
}

/* Linux has no default table any more, and tells of one with five empty entries. */
static void default_table(void)
{
	uint64_t table[6] = {-1, -1, -1, -1, -1, -1};
	const bool ours = is_pagoda();

	expect_equal(modify_ldt(LDT_READ_DEFAULT, table, sizeof(table)), 40);
	expect_equal(table[0], 0);
	expect_equal(table[1] & ~(1ULL << 40), ours ? 0x00cffa000000ffff : 0);
	expect_equal(table[2] & ~(1ULL << 40), ours ? 0x00cff2000000ffff : 0);
	expect_equal(table[3], 0);
	expect_equal(table[4], 0);
	expect_equal(table[5], -1);
	table[1] = -1;
	expect_equal(modify_ldt(LDT_READ_DEFAULT, table, 8), 8);
	expect_equal(table[1], -1);
	expect_errno(modify_ldt(LDT_READ_DEFAULT, (void *)16, 8), EFAULT);
}

static void default_segments_body(void)
{
	struct user_desc d = data_segment(0, words, 7, false);
	uint32_t limit, rights;

	expect(segment_limit(0x0f, &limit));
	expect_equal(limit, 0xffffffff);
	expect(segment_rights(0x0f, &rights));
	expect_equal(TYPE(rights) & ~1, 0xa);
	expect(segment_rights(0x17, &rights));
	expect_equal(TYPE(rights) & ~1, 2);
	expect(!segment_rights(0x1f, &rights)); /* there is no fourth */
	expect_equal(load_fs(0x17), 0);
	expect_equal(load_ss(0x17), 0);
	/* With a table of its own the default one is gone. */
	write_ldt(&d);
	expect(!segment_rights(0x17, &rights));
	expect(segment_rights(0x07, &rights));
}

static void default_segments(void)
{
	if (!is_pagoda())
		skip("Linux 6.1 has no default LDT");
	expect_child_ok(default_segments_body);
}

static void flat_segments(void)
{
	uint16_t cs, ss, ds;
	uint32_t limit, rights;

	__asm__("mov %%cs, %0; mov %%ss, %1; mov %%ds, %2" : "=r"(cs), "=r"(ss), "=r"(ds));
	expect_equal(cs, 0x73);
	expect_equal(ss, 0x7b);
	expect_equal(ds, 0x7b);
	expect(segment_limit(cs, &limit));
	expect_equal(limit, 0xffffffff);
	expect(segment_rights(cs, &rights));
	expect_equal(TYPE(rights) & ~1, 0xa);      /* QEMU's IRET does not note the use */
	expect_equal(rights & 0xf0f000, 0xc0f000); /* G, D, P, DPL 3, S */
	expect(segment_limit(ss, &limit));
	expect_equal(limit, 0xffffffff);
	expect(segment_rights(ss, &rights));
	expect_equal(TYPE(rights), 3);
	expect_equal(rights & 0xf0f000, 0xc0f000);
	/* The kernel's are not for ring 3 to know. */
	expect(!segment_limit(0x60, &limit));
	expect(!segment_rights(0x68, &rights));
}

static void thread_areas(void)
{
	struct user_desc d = data_segment(-1, words, 7, false);
	unsigned first;
	uint32_t value;

	expect_equal(syscall(SYS_set_thread_area, &d), 0);
	first = d.entry_number;
	expect_between(first, 6, 8);
	expect_equal(read_through_fs(first << 3 | 3, 4, &value), 0);
	expect_equal(value, words[1]);
	memset(&d, 0xff, sizeof(d));
	d.entry_number = first;
	expect_equal(syscall(SYS_get_thread_area, &d), 0);
	expect_equal(d.base_addr, (uintptr_t)words);
	expect_equal(d.limit, 7);
	expect_equal(d.seg_32bit, 1);
	expect_equal(d.contents, 0);
	expect_equal(d.seg_not_present, 0);
	d.entry_number = 5;
	expect_errno(syscall(SYS_get_thread_area, &d), EINVAL);
	d.entry_number = 9;
	expect_errno(syscall(SYS_get_thread_area, &d), EINVAL);
	expect_errno(syscall(SYS_set_thread_area, &d), EINVAL);
	expect_errno(syscall(SYS_get_thread_area, 16), EFAULT);
	expect_errno(syscall(SYS_set_thread_area, 16), EFAULT);

	d = data_segment(first, words, 7, false);
	d.seg_32bit = 0;
	expect_errno(syscall(SYS_set_thread_area, &d), EINVAL);
	d.seg_32bit = 1;
	d.contents = 2;
	expect_errno(syscall(SYS_set_thread_area, &d), EINVAL);
	d.contents = 0;
	d.seg_not_present = 1;
	expect_errno(syscall(SYS_set_thread_area, &d), EINVAL);

	/* All taken: one is the C library's. */
	d = data_segment(-1, words, 3, false);
	expect_equal(syscall(SYS_set_thread_area, &d), 0);
	d.entry_number = -1;
	expect_errno(syscall(SYS_set_thread_area, &d), ESRCH);
	d = (struct user_desc){.entry_number = first, .read_exec_only = 1, .seg_not_present = 1};
	expect_equal(syscall(SYS_set_thread_area, &d), 0);
	expect_equal(load_fs(first << 3 | 3), SIGSEGV);
	d.entry_number = first;
	expect_equal(syscall(SYS_get_thread_area, &d), 0);
	expect_equal(d.read_exec_only, 1);
	expect_equal(d.seg_not_present, 1);
}

/* A signal's frame may say anything about selectors. */
static void bad_frame_body(void)
{
	raise(SIGUSR1);
	_exit(0);
}

static void spoil_cs(int signo, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signo, (void)info;
	regs[REG_CS] = LDT_SELECTOR_OF(100);
}

static void spoil_data(int signo, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signo, (void)info;
	regs[REG_FS] = LDT_SELECTOR_OF(100);
	regs[REG_ES] = LDT_SELECTOR_OF(101);
}

static void frames(void)
{
	struct sigaction action = {.sa_sigaction = spoil_data, .sa_flags = SA_SIGINFO};

	must(sigaction(SIGUSR1, &action, NULL));
	expect_child_ok(bad_frame_body);
	action.sa_sigaction = spoil_cs;
	must(sigaction(SIGUSR1, &action, NULL));
	expect_child_killed(bad_frame_body, SIGILL);
}

static void far_call_body(void)
{
	static struct {
		uint32_t offset;
		uint16_t selector;
	} __attribute__((packed)) to = {0, 0x73};

	__asm__ volatile("movl $1f, %0; lcall *%0; 1: addl $8, %%esp" : "+m"(to)::"memory", "cc");
	_exit(0);
}

/* With a stack at an address of the kernel's that leads nowhere. */
static void far_call_nowhere(void)
{
	__asm__ volatile("mov $0xff7ff000, %esp; lcall $0x73, $0");
	__builtin_unreachable();
}

/* QEMU pushes the return address as if it were ring 0. With SMAP that must fail: the program, not the kernel. */
static void far_call(void)
{
	int status;

	if (!is_pagoda())
		skip("Linux takes it for a fault of its own");
	status = wait_child(start_child(far_call_body));
	expect(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV));
	expect_child_killed(far_call_nowhere, SIGSEGV);
}

/* The last quarter of the addresses is the kernel's (S17). */
static void kernel_quarter(void)
{
	static const uintptr_t at[] = {0xc0000000, 0xc0101000, 0xf8000000, 0xff000000, 0xfffff000};

	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		uint32_t value;

		expect_equal(read_through_fs(0x7b, at[i], &value), SIGSEGV);
		expect_equal((uintptr_t)segment_fault_address, at[i]);
		expect_equal(write_through_fs(0x7b, at[i], 0), SIGSEGV);
	}
	expect_errno(mmap((void *)0xc0000000, page_size, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		     ENOMEM);
	expect_errno(mmap((void *)0xbffff000, 2 * page_size, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		     ENOMEM);
}

/* Allocations that fail: the table is as it was, and nothing is lost. */
static struct user_desc small, large;
static uint64_t few[4];
static pid_t forked;

static void small_table(void)
{
	small = data_segment(2, words, 7, false);
	large = data_segment(8191, words, 7, false);
	write_ldt(&small);
}

static long replace_entry(void)
{
	return modify_ldt(LDT_WRITE, &small, sizeof(small));
}

static long grow_table(void)
{
	return modify_ldt(LDT_WRITE, &large, sizeof(large));
}

static long read_table(void)
{
	return modify_ldt(LDT_READ, few, sizeof(few));
}

static long fork_with_table(void)
{
	forked = fork();
	if (forked == 0)
		_exit(0);
	return forked;
}

static void wait_for_forked(bool succeeded)
{
	uint32_t limit;

	if (succeeded)
		must(waitpid(forked, NULL, 0));
	expect(segment_limit(LDT_SELECTOR_OF(2), &limit));
	expect_equal(limit, 7);
}

static void no_memory(void)
{
	static const struct operation operations[] = {
		{"an entry", small_table, replace_entry},
		{"a larger table", small_table, grow_table},
		{"reading", small_table, read_table},
		{"fork", small_table, fork_with_table, wait_for_forked},
	};

	failing_needed();
	failing_run(operations, sizeof(operations) / sizeof(operations[0]));
}

static int after_exec(void)
{
	uint64_t entry;

	return modify_ldt(LDT_READ, &entry, sizeof(entry)) != 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "after-exec"))
		return after_exec();
	run("segments-flat", flat_segments);
	run("segments-default-ldt", default_segments);
	run("segments-default-read", default_table);
	run("segments-ldt-read", reading);
	run("segments-ldt-write", forms_of_writing);
	run("segments-ldt-all", all_entries);
	run("segments-base-and-limit", base_and_limit);
	run("segments-hidden-part", hidden_part);
	run("segments-bad-selectors", bad_selectors);
	run("segments-code", code_segments);
	run("segments-fork", copied_by_fork);
	run("segments-exec", left_by_exec);
	run("segments-threads", shared_by_threads);
	run("segments-thread-areas", thread_areas);
	run("segments-frames", frames);
	run("segments-far-call", far_call);
	run("segments-kernel-quarter", kernel_quarter);
	run("segments-no-memory", no_memory);
	return finish();
}
