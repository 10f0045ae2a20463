/*
 * process_vm_readv and process_vm_writev.
 */
#include "compare.h"

#define vm_readv(pid, l, nl, r, nr, flags)  sys6(SYS_process_vm_readv, pid, l, nl, r, nr, flags)
#define vm_writev(pid, l, nl, r, nr, flags) sys6(SYS_process_vm_writev, pid, l, nl, r, nr, flags)

static pid_t other;

/* A child that waits, with pages 0 to 3 as they are now. */
static void start(void)
{
	fflush(stdout);
	other = fork();
	if (other == 0) {
		sys0(SYS_pause);
		_exit(0);
	}
}

static void stop(void)
{
	kill(other, SIGKILL);
	sys4(SYS_wait4, other, 0, 0, 0);
}

CASE(read_and_write)
{
	struct iovec local = {at(8), 2 * P}, remote = {at(1), 2 * P};

	anon(0, 4, RW);
	fill(0, 4);
	start();
	anon(8, 4, RW);
	*at(1) = 'X';
	show(vm_readv(other, &local, 1, &remote, 1, 0));
	bytes(8, 4);
	*at(8) = 'W';
	show(vm_writev(other, &local, 1, &remote, 1, 0));
	show(madvise(at(8), 4 * P, MADV_DONTNEED));
	show(vm_readv(other, &local, 1, &remote, 1, 0));
	bytes(8, 4);
	bytes(0, 4);
	stop();
}

CASE(several_parts)
{
	struct iovec local[2] = {{at(8), 10}, {at(9), 3 * P}},
		     remote[3] = {{at(0), P}, {at(2), 5}, {at(3), P}};

	anon(0, 4, RW);
	fill(0, 4);
	start();
	anon(8, 4, RW);
	show(vm_readv(other, local, 2, remote, 3, 0));
	bytes(8, 4);
	show(vm_readv(other, local, 1, remote, 3, 0));
	show(vm_readv(other, local, 2, remote, 1, 0));
	show(vm_readv(other, local, 0, remote, 1, 0));
	show(vm_readv(other, local, 1, remote, 0, 0));
	stop();
}

CASE(comes_to_a_hole)
{
	struct iovec local = {at(8), 4 * P}, remote = {at(2), 4 * P},
		     two[2] = {{at(0), P}, {at(6), P}};

	anon(0, 4, RW);
	fill(0, 4);
	start();
	anon(8, 4, RW);
	show(vm_readv(other, &local, 1, &remote, 1, 0));
	bytes(8, 4);
	show(vm_writev(other, &local, 1, &remote, 1, 0));
	remote.iov_base = at(5);
	show(vm_readv(other, &local, 1, &remote, 1, 0));
	show(vm_readv(other, &local, 1, two, 2, 0));
	remote = (struct iovec){at(0), 4 * P};
	local = (struct iovec){at(10), 4 * P};
	show(vm_readv(other, &local, 1, &remote, 1, 0));
	local.iov_base = at(20);
	show(vm_readv(other, &local, 1, &remote, 1, 0));
	show(vm_writev(other, &local, 1, &remote, 1, 0));
	stop();
}

CASE(protections)
{
	struct iovec local = {at(8), P}, remote = {at(0), P};

	anon(0, 4, RW);
	fill(0, 4);
	show(mprotect(at(0), P, R));
	show(mprotect(at(1), P, NONE));
	start();
	anon(8, 4, RW);
	show(vm_readv(other, &local, 1, &remote, 1, 0));
	show(vm_writev(other, &local, 1, &remote, 1, 0));
	remote.iov_base = at(1);
	show(vm_readv(other, &local, 1, &remote, 1, 0));
	show(vm_writev(other, &local, 1, &remote, 1, 0));
	stop();
}

CASE(arguments)
{
	struct iovec local = {at(8), P}, remote = {at(0), P}, huge = {at(0), -1UL};

	anon(0, 1, RW);
	anon(8, 1, RW);
	start();
	show(vm_readv(other, &local, 1, &remote, 1, 1));
	show(vm_readv(other, &local, 1025, &remote, 1, 0));
	show(vm_readv(other, &local, 1, &remote, 1025, 0));
	show(vm_readv(other, at(20), 1, &remote, 1, 0));
	show(vm_readv(other, &local, 1, at(20), 1, 0));
	show(vm_readv(other, &huge, 1, &remote, 1, 0));
	show(vm_readv(other, &local, 1, &huge, 1, 0));
	show(vm_readv(99999, &local, 1, &remote, 1, 0));
	show(vm_readv(-1, &local, 1, &remote, 1, 0));
	show(vm_readv(0, &local, 1, &remote, 1, 0));
	show(vm_readv(sys0(SYS_getpid), &local, 1, &remote, 1, 0));
	show(vm_readv(other, 0, 0, 0, 0, 0));
	stop();
}

CASE(rights)
{
	struct iovec local = {at(8), P}, remote = {at(0), P};

	anon(0, 1, RW);
	start();
	anon(8, 1, RW);
	be_nobody();
	show(vm_readv(other, &local, 1, &remote, 1, 0));
	show(vm_readv(1, &local, 1, &remote, 1, 0));
	in_child(stop);
}
