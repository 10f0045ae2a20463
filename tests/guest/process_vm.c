/*
 * process_vm_readv, process_vm_writev: from one process's memory to another's.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"

#define NOBODY 65534

static char *area; /* four pages, the third without rights, at the same place in the child */
static int up[2];  /* the child is ready */
static pid_t child;
static void (*child_setup)(void);

static void child_body(void)
{
	if (child_setup)
		child_setup();
	strcpy(area, "the child's");
	strcpy(area + page_size, "second");
	must(write(up[1], "x", 1));
	for (;;)
		pause();
}

static void start(void (*setup)(void))
{
	char byte;

	child_setup = setup;
	area = must(mmap(NULL, 4 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0));
	must(mprotect(area + 2 * page_size, page_size, PROT_NONE));
	memset(area, 'p', 2 * page_size);
	must(pipe(up));
	child = start_child(child_body);
	must(read(up[0], &byte, 1));
}

static void stop(void)
{
	must(kill(child, SIGKILL));
	wait_child(child);
	close(up[0]);
	close(up[1]);
	must(munmap(area, 4 * page_size));
}

static ssize_t get(void *to, const void *from, size_t bytes)
{
	struct iovec local = {to, bytes}, remote = {(void *)from, bytes};

	return process_vm_readv(child, &local, 1, &remote, 1, 0);
}

static ssize_t put(void *to, const void *from, size_t bytes)
{
	struct iovec local = {(void *)from, bytes}, remote = {to, bytes};

	return process_vm_writev(child, &local, 1, &remote, 1, 0);
}

static void reading(void)
{
	char buf[64] = "";

	start(NULL);
	expect_equal(get(buf, area, 12), 12);
	expect_string(buf, "the child's");
	expect_equal(area[0], 'p');

	/* Lists that are cut differently. */
	struct iovec local[3] = {{buf, 3}, {NULL, 0}, {buf + 10, 20}};
	struct iovec remote[2] = {{area, 4}, {area + page_size, 6}};
	memset(buf, 0, sizeof(buf));
	expect_equal(process_vm_readv(child, local, 3, remote, 2, 0), 10);
	expect_string(buf, "the");
	expect_string(buf + 10, " second");

	/* The shorter side ends it. */
	remote[1].iov_len = 2;
	expect_equal(process_vm_readv(child, local, 3, remote, 2, 0), 6);
	local[2].iov_len = 1;
	expect_equal(process_vm_readv(child, local, 3, remote, 2, 0), 4);
	expect_equal(process_vm_readv(child, local, 0, remote, 2, 0), 0);
	expect_equal(process_vm_readv(child, local, 3, remote, 0, 0), 0);
	stop();
}

static void writing(void)
{
	char buf[64];

	start(NULL);
	expect_equal(put(area + 4, "father", 7), 7);
	expect_equal(get(buf, area, 12), 12);
	buf[12] = '\0';
	expect_string(buf, "the father");
	expect_equal(area[4], 'p'); /* a page of the child's own */
	expect_equal(put(area + 3 * page_size, "untouched", 10), 10);
	expect_equal(get(buf, area + 3 * page_size, 10), 10);
	expect_string(buf, "untouched");
	expect_equal(area[3 * page_size], 0);
	stop();
}

static void partial(void)
{
	static char buf[4 * 4096];

	start(NULL);
	expect_equal(get(buf, area, 4 * page_size), 2 * page_size);
	expect_equal(put(area, buf, 4 * page_size), 2 * page_size);
	expect_errno(get(buf, area + 2 * page_size, 1), EFAULT);
	expect_errno(put(area + 2 * page_size, buf, 1), EFAULT);
	expect_errno(get(buf, (void *)8, 1), EFAULT);
	expect_errno(get(buf, (void *)-4096L, 1), EFAULT);
	expect_errno(get(buf, (void *)LONG_MIN, 1), EFAULT);

	/* The local side ends early. */
	char *end = area + 2 * page_size;
	expect_equal(get(end - 10, area, 100), 10);
	expect_errno(get(end, area, 100), EFAULT);
	/* The second of two remote buffers is bad. */
	struct iovec local = {buf, 100}, remote[2] = {{area, 10}, {area + 2 * page_size, 10}};
	expect_equal(process_vm_readv(child, &local, 1, remote, 2, 0), 10);
	stop();
}

static void arguments(void)
{
	static struct iovec many[1025];
	char buf[16];
	struct iovec one = {buf, sizeof(buf)}, bad = {buf, (size_t)-1}, far = {(void *)-4096L, 1};

	child = getpid();
	expect_errno(process_vm_readv(child, &one, 1, &one, 1, 1), EINVAL);
	expect_errno(process_vm_readv(child, many, 1025, &one, 1, 0), EINVAL);
	expect_errno(process_vm_readv(child, &one, 1, many, 1025, 0), EINVAL);
	expect_equal(process_vm_readv(child, &one, 1, many, 1024, 0), 0);
	expect_errno(process_vm_readv(child, &bad, 1, &one, 1, 0), EINVAL);
	expect_errno(process_vm_readv(child, &one, 1, &bad, 1, 0), EINVAL);
	expect_errno(process_vm_readv(child, &far, 1, &one, 1, 0), EFAULT);
	expect_errno(process_vm_readv(child, NULL, 1, &one, 1, 0), EFAULT);
	expect_errno(process_vm_readv(child, &one, 1, NULL, 1, 0), EFAULT);
	expect_errno(process_vm_readv(30000, &one, 1, &one, 1, 0), ESRCH);
	expect_errno(process_vm_readv(-1, &one, 1, &one, 1, 0), ESRCH);
	expect_errno(process_vm_readv(2, &one, 1, &one, 1, 0), ESRCH); /* kthreadd has no memory */
	strcpy(buf, "from myself");
	char other[16] = "";
	expect_equal(get(other, buf, 12), 12);
	expect_string(other, "from myself");
}

/* --- rights --- */

static void become(unsigned uid)
{
	must(setresgid(uid, uid, uid));
	must(setresuid(uid, uid, uid));
}

static void be_nobody(void)
{
	become(NOBODY);
	must(prctl(PR_SET_DUMPABLE, 1)); /* which setuid has taken */
}

static void be_hidden(void)
{
	become(NOBODY);
	must(prctl(PR_SET_DUMPABLE, 0));
}

static bool expect_allowed;

static void try_as_nobody(void)
{
	char buf[16];

	become(NOBODY);
	if (expect_allowed) {
		expect_equal(get(buf, area, 12), 12);
		expect_string(buf, "the child's");
	} else {
		expect_errno(get(buf, area, 12), EPERM);
		expect_errno(put(area, buf, 12), EPERM);
	}
}

static void rights(void)
{
	char buf[16];

	start(NULL); /* root's */
	expect_allowed = false;
	expect_child_ok(try_as_nobody);
	stop();
	start(be_nobody);
	expect_equal(get(buf, area, 12), 12); /* root may */
	expect_allowed = true;
	expect_child_ok(try_as_nobody);
	stop();
	start(be_hidden);
	expect_equal(get(buf, area, 12), 12);
	expect_allowed = false;
	expect_child_ok(try_as_nobody);
	stop();
}

int main(void)
{
	run("process-vm-read", reading);
	run("process-vm-write", writing);
	run("process-vm-partial", partial);
	run("process-vm-arguments", arguments);
	run("process-vm-rights", rights);
	return finish();
}
