/*
 * One address space for two: vfork and CLONE_VM children; and what system calls may do with
 * pages that the program may only write or only execute.
 */
#include <sched.h>

#include "compare.h"

static char stack[65536] __attribute__((aligned(16)));

static int map_for_parent(void *unused)
{
	(void)unused;
	mmap(at(4), 2 * P, RW, FIXED_ANON, -1, 0);
	*at(4) = 'c';
	*at(0) = 'd';
	munmap(at(1), P);
	mprotect(at(2), P, R);
	return 0;
}

CASE(child_with_the_same_memory)
{
	int status;

	anon(0, 4, RW);
	fill(0, 4);
	maps();
	long pid = clone(map_for_parent, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	sys4(SYS_wait4, pid, &status, 0, 0);
	maps();
	bytes(0, 6);
	pid = clone(map_for_parent, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	sys4(SYS_wait4, pid, &status, 0, 0);
	bytes(0, 6);
}

static int lock_for_parent(void *unused)
{
	(void)unused;
	mlock(at(0), 2 * P);
	return 0;
}

CASE(locks_of_a_child_with_the_same_memory)
{
	int status;

	anon(0, 4, RW);
	long pid = clone(lock_for_parent, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	sys4(SYS_wait4, pid, &status, 0, 0);
	status_number("VmLck");
	smaps("Locked", 0, 10);
	maps();
}

CASE(system_calls_and_protections)
{
	static const int protections[] = {NONE, R, W, X, RW, RX, W | X};
	int fd = file_of(4), out = file_of(0);

	for (int i = 0; i < 7; i++) {
		mmap(at(0), P, protections[i], FIXED_ANON, -1, 0);
		result(pread(fd, at(0), 10, 0), "read to %d", protections[i]);
		result(pwrite(out, at(0), 10, 0), "write from %d", protections[i]);
		mmap(at(0), P, protections[i], FIXED | PRIVATE, fd, 0);
		result(pread(fd, at(0), 10, P), "read to a file's %d", protections[i]);
		result(pwrite(out, at(0), 10, 0), "write from a file's %d", protections[i]);
	}
}

CASE(signal_stack_gone)
{
	stack_t set = {.ss_sp = at(0), .ss_size = 4 * P}, old;

	anon(0, 4, RW);
	show(sys2(SYS_sigaltstack, &set, &old));
	show(munmap(at(0), 4 * P));
	say("flags %d", old.ss_flags);
	set.ss_size = 100;
	show(sys2(SYS_sigaltstack, &set, 0));
	set.ss_size = 4 * P;
	set.ss_flags = 77;
	show(sys2(SYS_sigaltstack, &set, 0));
}

static void fault_without_stack(void)
{
	stack_t set = {.ss_sp = at(0), .ss_size = 4 * P};
	struct sigaction action = {.sa_handler = (void (*)(int))_exit, .sa_flags = SA_ONSTACK};

	sys2(SYS_sigaltstack, &set, 0);
	sigaction(SIGSEGV, &action, NULL);
	*(volatile char *)at(100) = 1;
}

CASE(handler_without_a_stack)
{
	in_child(fault_without_stack);
	anon(0, 4, RW);
	in_child(fault_without_stack);
	show(mprotect(at(0), 4 * P, R));
	in_child(fault_without_stack);
}

static void handler(int number, siginfo_t *info, void *context)
{
	(void)context;
	say("signal %d code %d address %ld", number, info->si_code,
	    ((long)info->si_addr - (long)A) >> 12);
	mprotect((void *)((long)info->si_addr & -P), P, RW);
}

CASE(a_handler_mends_the_fault)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

	anon(0, 4, NONE);
	sigaction(SIGSEGV, &action, NULL);
	*(volatile char *)at(1) = 'a';
	*(volatile char *)(at(2) + 100) = 'b';
	(void)*(volatile char *)at(3);
	sigaction(SIGSEGV, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	maps();
	bytes(0, 4);
}

CASE(times_of_a_read_into_fresh_pages)
{
	int fd = file_of(8);

	anon(0, 8, RW);
	show(read(fd, at(0), 8 * P));
	bytes(0, 8);
	in_core(0, 8);
	anon(10, 8, RW);
	show(pread(fd, at(10) + 100, 7 * P, 50));
	in_core(10, 8);
	anon(20, 8, RW);
	show(pwrite(fd, at(20), 8 * P, 0));
	in_core(20, 8);
	smaps("Anonymous", 20, 28);
}

CASE(splice_like_calls)
{
	int fd = file_of(4), out = file_of(0);
	long offset = 0;

	show(sys4(SYS_sendfile, out, fd, 0, 2 * P));
	show(sys3(SYS_lseek, fd, 0, SEEK_CUR));
	show(sys4(SYS_sendfile, out, fd, at(50), P));
	show(sys4(SYS_sendfile, out, fd, &offset, 100 * P));
	say("%ld", offset);
	show(sys4(SYS_sendfile, -1, fd, 0, P));
	show(sys4(SYS_sendfile, out, -1, 0, P));
	show(mmap(at(0), 4 * P, R, FIXED | SHARED, out, 0));
	bytes(0, 4);
}
