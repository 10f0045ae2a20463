/*
 * Futexes, on the system call itself: private memory, memory shared by processes,
 * timeouts.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/check.h"

/* <linux/futex.h>, which musl does not have */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1

static int *word;

static long futex(int operation, int value, const struct timespec *timeout)
{
#ifdef SYS_futex_time64
	if (sizeof(timeout->tv_sec) > sizeof(long))
		return syscall(SYS_futex_time64, word, operation, value, timeout, NULL, 0);
#endif
	return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

static void map_word(void)
{
	word = must(
		mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

static void value_is_compared(void)
{
	map_word();
	*word = 5;
	expect_errno(futex(FUTEX_WAIT, 4, NULL), EAGAIN);
	expect_equal(futex(FUTEX_WAKE, 1, NULL), 0);
}

static void timeout_passes(void)
{
	struct timespec wait = {0, 60000000}, before, after;

	map_word();
	must(clock_gettime(CLOCK_MONOTONIC, &before));
	expect_errno(futex(FUTEX_WAIT, 0, &wait), ETIMEDOUT);
	must(clock_gettime(CLOCK_MONOTONIC, &after));
	expect_between((after.tv_sec - before.tv_sec) * 1000 +
			       (after.tv_nsec - before.tv_nsec) / 1000000,
		       60, 2000);
}

static void wait_for_word(void)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
		futex(FUTEX_WAIT, 0, NULL);
}

static void processes_wake_each_other(void)
{
	map_word();
	pid_t children[3];
	for (int i = 0; i < 3; i++)
		children[i] = start_child(wait_for_word);
	usleep(50000);
	expect_equal(futex(FUTEX_WAKE, 1, NULL), 1); /* it looks, and waits again */
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	futex(FUTEX_WAKE, 100, NULL);
	for (int i = 0; i < 3; i++)
		expect_equal(wait_child(children[i]), 0);
}

static void two_private_copies_are_two_words(void)
{
	word = must(
		mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	*word = 0;
	pid_t child = must(fork());
	if (child == 0) {
		struct timespec wait = {0, 150000000};

		_exit(futex(FUTEX_WAIT, 0, &wait) == -1 && errno == ETIMEDOUT ? 0 : 1);
	}
	usleep(50000);
	expect_equal(futex(FUTEX_WAKE, 100, NULL), 0);
	expect_equal(wait_child(child), 0);
}

static void bad_addresses(void)
{
	int *good = word;

	word = (int *)0x10;
	expect_errno(futex(FUTEX_WAIT, 0, NULL), EFAULT);
	word = (int *)((char *)good + 1);
	expect_errno(futex(FUTEX_WAIT, 0, NULL), EINVAL);
	word = good;
}

int main(void)
{
	run("futex-value", value_is_compared);
	run("futex-timeout", timeout_passes);
	run("futex-shared", processes_wake_each_other);
	run("futex-private", two_private_copies_are_two_words);
	run("futex-refused", bad_addresses);
	return finish();
}
