/*
 * Pipes: order, blocking, ends, capacity.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/check.h"

static int ends[2];
static char block[4096];

static void bytes_pass(void)
{
	char got[16];
	int waiting;

	must(pipe(ends));
	expect_equal(write(ends[1], "hello ", 6), 6);
	expect_equal(write(ends[1], "world", 5), 5);
	must(ioctl(ends[0], FIONREAD, &waiting));
	expect_equal(waiting, 11);
	expect_equal(read(ends[0], got, 3), 3);
	expect_equal(read(ends[0], got + 3, 13), 8);
	expect_equal(memcmp(got, "hello world", 11), 0);
	expect_errno(lseek(ends[0], 0, SEEK_SET), ESPIPE);
	expect_errno(read(ends[1], got, 1), EBADF);
	expect_errno(write(ends[0], got, 1), EBADF);
}

static void end_of_file(void)
{
	char got[4];

	must(pipe(ends));
	must(write(ends[1], "xy", 2));
	close(ends[1]);
	expect_equal(read(ends[0], got, 4), 2);
	expect_equal(read(ends[0], got, 4), 0);
	expect_equal(read(ends[0], got, 4), 0);
}

static void nobody_reads(void)
{
	must(pipe(ends));
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	expect_errno(write(ends[1], "x", 1), EPIPE);
	signal(SIGPIPE, SIG_DFL);
}

static void write_to_nobody(void)
{
	must(write(ends[1], "x", 1));
}

static void nobody_reads_kills(void)
{
	must(pipe(ends));
	close(ends[0]);
	expect_child_killed(write_to_nobody, SIGPIPE);
}

static void capacity(void)
{
	long total = 0;
	ssize_t n;

	must(pipe2(ends, O_NONBLOCK));
	expect_errno(read(ends[0], block, 1), EAGAIN);
	while ((n = write(ends[1], block, sizeof(block))) > 0)
		total += n;
	expect_equal(errno, EAGAIN);
	expect_equal(total, 65536);
	expect_equal(read(ends[0], block, sizeof(block)), sizeof(block));
	expect_equal(write(ends[1], block, sizeof(block)), sizeof(block));
}

#define STREAM (1 << 20)

static void write_stream(void)
{
	static char data[10007];
	unsigned long at = 0;

	close(ends[0]);
	while (at < STREAM) {
		unsigned long n = sizeof(data) < STREAM - at ? sizeof(data) : STREAM - at;

		for (unsigned long i = 0; i < n; i++)
			data[i] = (at + i) * 7 / 3;
		for (unsigned long done = 0; done < n;)
			done += must(write(ends[1], data + done, n - done));
		at += n;
	}
}

static void a_long_stream_keeps_its_order(void)
{
	static char data[8191];
	unsigned long at = 0;
	ssize_t n;

	must(pipe(ends));
	pid_t child = start_child(write_stream);
	close(ends[1]);
	while ((n = read(ends[0], data, sizeof(data))) > 0)
		for (ssize_t i = 0; i < n; i++, at++)
			if (data[i] != (char)(at * 7 / 3))
				fail("byte %lu is wrong", at);
	expect_equal(at, STREAM);
	expect_equal(wait_child(child), 0);
	close(ends[0]);
}

/* Writes of up to PIPE_BUF bytes are atomic among several writers. */
static int letter;

static void write_records(void)
{
	char record[200];

	memset(record, letter, sizeof(record));
	for (int i = 0; i < 300; i++)
		expect_equal(write(ends[1], record, sizeof(record)), sizeof(record));
}

static void small_writes_are_atomic(void)
{
	pid_t children[3];
	char record[200];
	int records = 0;

	must(pipe(ends));
	for (int i = 0; i < 3; i++) {
		letter = 'a' + i;
		children[i] = start_child(write_records);
	}
	close(ends[1]);
	for (;;) {
		size_t got = 0;
		ssize_t n;

		while (got < sizeof(record) &&
		       (n = read(ends[0], record + got, sizeof(record) - got)) > 0)
			got += n;
		if (!got)
			break;
		expect_equal(got, sizeof(record));
		for (unsigned i = 1; i < sizeof(record); i++)
			expect_equal(record[i], record[0]);
		records++;
	}
	expect_equal(records, 900);
	for (int i = 0; i < 3; i++)
		expect_equal(wait_child(children[i]), 0);
}

int main(void)
{
	run("pipe-bytes", bytes_pass);
	run("pipe-end", end_of_file);
	run("pipe-epipe", nobody_reads);
	run("pipe-sigpipe", nobody_reads_kills);
	run("pipe-capacity", capacity);
	run("pipe-stream", a_long_stream_keeps_its_order);
	run("pipe-atomic", small_writes_are_atomic);
	return finish();
}
