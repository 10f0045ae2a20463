/*
 * Protection (S37): an access that the VMA does not allow is SIGSEGV with
 * SEGV_ACCERR, one outside any VMA SEGV_MAPERR, one past the end of a mapped file
 * SIGBUS with BUS_ADRERR; si_addr is the address touched.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/fault.h"
#include "lib/procfs.h"

static char *map(int protection)
{
	return must(mmap(NULL, 3 * page_size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void nothing_mapped(void)
{
	char *area = map(PROT_READ | PROT_WRITE);

	must(munmap(area + page_size, page_size));
	expect_no_fault(area + page_size - 1, WRITE);
	expect_fault(area + page_size, READ, SIGSEGV, SEGV_MAPERR);
	expect_fault(area + page_size + 7, WRITE, SIGSEGV, SEGV_MAPERR);
	expect_fault(area + 2 * page_size - 1, READ, SIGSEGV, SEGV_MAPERR);
	expect_no_fault(area + 2 * page_size, READ);
	expect_fault((char *)0, READ, SIGSEGV, SEGV_MAPERR);
	expect_fault((char *)0x10, WRITE, SIGSEGV, SEGV_MAPERR);
}

static void read_only(void)
{
	char *area = map(PROT_READ);

	expect_fault(area + 5, WRITE, SIGSEGV, SEGV_ACCERR); /* never touched */
	expect_no_fault(area, READ);
	expect_fault(area + 5, WRITE, SIGSEGV, SEGV_ACCERR); /* zero page mapped */
	must(mprotect(area, page_size, PROT_READ | PROT_WRITE));
	expect_no_fault(area + 5, WRITE);
	must(mprotect(area, page_size, PROT_READ));
	expect_fault(area + 5, WRITE, SIGSEGV, SEGV_ACCERR); /* own page mapped */
	expect_no_fault(area + 5, READ);
}

static void no_access(void)
{
	char *area = map(PROT_READ | PROT_WRITE);

	area[0] = 'x';
	must(mprotect(area, page_size, PROT_NONE));
	expect_fault(area, READ, SIGSEGV, SEGV_ACCERR);
	expect_fault(area, WRITE, SIGSEGV, SEGV_ACCERR);
	must(mprotect(area, page_size, PROT_READ));
	expect_equal(area[0], 'x');
}

static void no_execute(void)
{
	char *area = map(PROT_READ | PROT_WRITE);

	if (!strstr(read_text("/proc/cpuinfo"), " nx "))
		return;       /* two-level paging has no such right */
	area[0] = (char)0xc3; /* ret */
	expect_fault(area, EXECUTE, SIGSEGV, SEGV_ACCERR);
	must(mprotect(area, page_size, PROT_READ | PROT_EXEC));
	expect_no_fault(area, EXECUTE);
	must(mprotect(area, page_size, PROT_READ));
	expect_fault(area, EXECUTE, SIGSEGV, SEGV_ACCERR);
}

static void kernel_half(void)
{
	expect_fault((char *)0xffffffff80000000, READ, SIGSEGV, SEGV_MAPERR);
	expect_fault((char *)0xffff888000000000, WRITE, SIGSEGV, SEGV_MAPERR);
	expect_fault((char *)0xffffffffffffffff, READ, SIGSEGV, SEGV_MAPERR);
}

/* An address with neither all ones nor all zeroes above bit 47 raises #GP: no address is told. */
static void non_canonical(void)
{
#if __SIZEOF_LONG__ == 8
	struct fault fault = touch((char *)0x1234000000000000, READ);

	expect_equal(fault.signal, SIGSEGV);
	expect_equal(fault.code, SI_KERNEL);
	expect_equal((long)fault.address, 0);
#endif
}

static void past_the_end_of_a_file(void)
{
	int fd = must(open("/tmp/bus", O_RDWR | O_CREAT | O_TRUNC, 0600));

	must(ftruncate(fd, page_size + 10));
	for (int shared = 0; shared < 2; shared++) {
		char *area = must(mmap(NULL, 3 * page_size, PROT_READ | PROT_WRITE,
				       shared ? MAP_SHARED : MAP_PRIVATE, fd, 0));

		expect_no_fault(area + page_size + 9, WRITE);
		expect_no_fault(area + 2 * page_size - 1, READ); /* zeroes up to the page's end */
		expect_fault(area + 2 * page_size, READ, SIGBUS, BUS_ADRERR);
		expect_fault(area + 2 * page_size + 3, WRITE, SIGBUS, BUS_ADRERR);
		must(munmap(area, 3 * page_size));
	}
	close(fd);
	unlink("/tmp/bus");
}

/* Truncating takes pages away that are mapped at the time, private copies included. */
static void truncated_below(void)
{
	int fd = must(open("/tmp/bus", O_RDWR | O_CREAT | O_TRUNC, 0600));

	must(ftruncate(fd, 2 * page_size));
	char *shared = must(mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	char *private = must(mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	memset(shared, 's', 2 * page_size);
	private[page_size] = 'p';
	must(ftruncate(fd, page_size / 2));
	expect_fault(shared + page_size, READ, SIGBUS, BUS_ADRERR);
	expect_fault(private + page_size, READ, SIGBUS, BUS_ADRERR);
	expect_equal(shared[page_size / 2 - 1], 's');
	expect_equal(shared[page_size / 2], 0); /* the rest of the page is cleared */

	must(ftruncate(fd, 2 * page_size));
	expect_equal(shared[page_size], 0);
	expect_equal(private[page_size], 0);
	must(munmap(shared, 2 * page_size));
	must(munmap(private, 2 * page_size));
	close(fd);
	unlink("/tmp/bus");
}

static void null_write(void)
{
	*(volatile char *)8 = 1;
}

static void without_a_handler(void)
{
	expect_child_killed(null_write, SIGSEGV);
}

/* A blocked SIGSEGV cannot wait: the process is killed. */
static void blocked_null_write(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	null_write();
}

static void with_the_signal_blocked(void)
{
	expect_child_killed(blocked_null_write, SIGSEGV);
}

int main(void)
{
	run("protection-unmapped", nothing_mapped);
	run("protection-read-only", read_only);
	run("protection-none", no_access);
	run("protection-no-execute", no_execute);
	run("protection-kernel-half", kernel_half);
	run("protection-non-canonical", non_canonical);
	run("protection-past-file-end", past_the_end_of_a_file);
	run("protection-truncated", truncated_below);
	run("protection-kills", without_a_handler);
	run("protection-kills-blocked", with_the_signal_blocked);
	return finish();
}
