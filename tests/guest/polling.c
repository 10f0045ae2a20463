/*
 * Waiting for several descriptors: poll, ppoll, select.
 */
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "lib/check.h"

static int ends[2];

static long milliseconds(void)
{
	struct timespec now;

	must(clock_gettime(CLOCK_MONOTONIC, &now));
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void write_later(void)
{
	usleep(60000);
	must(write(ends[1], "x", 1));
}

static void poll_tells_what_is_ready(void)
{
	must(pipe(ends));
	struct pollfd polls[] = {
		{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}, {-1, POLLIN, 99}, {777, POLLIN, 0}};

	expect_equal(poll(polls, 4, 0), 2);
	expect_equal(polls[0].revents, 0);
	expect_equal(polls[1].revents, POLLOUT);
	expect_equal(polls[2].revents, 0);
	expect_equal(polls[3].revents, POLLNVAL);
	must(write(ends[1], "x", 1));
	expect_equal(poll(polls, 1, -1), 1);
	expect_equal(polls[0].revents, POLLIN);
	close(ends[1]);
	expect_equal(poll(polls, 1, -1), 1);
	expect_equal(polls[0].revents, POLLIN | POLLHUP);
}

static void poll_sees_no_readers(void)
{
	must(pipe(ends));
	close(ends[0]);
	struct pollfd writer = {ends[1], POLLOUT, 0};
	expect_equal(poll(&writer, 1, 0), 1);
	expect(writer.revents & POLLERR);
}

static void poll_waits(void)
{
	must(pipe(ends));
	struct pollfd reader = {ends[0], POLLIN, 0};
	long before = milliseconds();

	expect_equal(poll(&reader, 1, 50), 0);
	expect_between(milliseconds() - before, 50, 2000);
	pid_t child = start_child(write_later);
	expect_equal(poll(&reader, 1, 5000), 1);
	expect_between(milliseconds() - before, 60, 4000);
	expect_equal(wait_child(child), 0);
	before = milliseconds();
	expect_equal(poll(NULL, 0, 30), 0); /* a way to sleep */
	expect_between(milliseconds() - before, 30, 2000);
}

static void select_does_it_too(void)
{
	struct timeval wait = {5, 0};
	fd_set reads, writes;

	must(pipe(ends));
	FD_ZERO(&reads);
	FD_ZERO(&writes);
	FD_SET(ends[0], &reads);
	FD_SET(ends[1], &writes);
	expect_equal(select(ends[1] + 1, &reads, &writes, NULL, &wait), 1);
	expect(!FD_ISSET(ends[0], &reads));
	expect(FD_ISSET(ends[1], &writes));
	pid_t child = start_child(write_later);
	FD_SET(ends[0], &reads);
	expect_equal(select(ends[0] + 1, &reads, NULL, NULL, &wait), 1);
	expect(FD_ISSET(ends[0], &reads));
	expect_equal(wait_child(child), 0);
	expect_errno(select(-1, NULL, NULL, NULL, NULL), EINVAL);
}

static void nothing(int number)
{
	(void)number;
}

static void ppoll_takes_a_mask(void)
{
	struct sigaction action = {.sa_handler = nothing};
	struct timespec wait = {5, 0};
	sigset_t blocked, none;

	must(sigaction(SIGUSR1, &action, NULL));
	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &blocked, NULL));
	must(kill(getpid(), SIGUSR1));
	expect_errno(ppoll(NULL, 0, &wait, &none), EINTR);
	must(sigprocmask(SIG_UNBLOCK, &blocked, NULL));
}

int main(void)
{
	run("poll-ready", poll_tells_what_is_ready);
	run("poll-no-readers", poll_sees_no_readers);
	run("poll-wait", poll_waits);
	run("poll-select", select_does_it_too);
	run("poll-mask", ppoll_takes_a_mask);
	return finish();
}
