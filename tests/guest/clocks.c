/*
 * Clocks go on, sleeping takes as long as asked, CPU time is counted.
 */
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "lib/check.h"

static long long nanoseconds(clockid_t clock)
{
	struct timespec now;

	must(clock_gettime(clock, &now));
	expect_between(now.tv_nsec, 0, 999999999);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void never_backwards(void)
{
	long long last = nanoseconds(CLOCK_MONOTONIC), start = last;
	int changes = 0;

	for (int i = 0; i < 20000; i++) {
		long long now = nanoseconds(CLOCK_MONOTONIC);

		expect(now >= last);
		changes += now != last;
		last = now;
	}
	expect(last > start);
	expect(changes > 100); /* finer than a tick */
}

static void clocks_agree(void)
{
	struct timeval day;

	must(gettimeofday(&day, NULL));
	long long real = nanoseconds(CLOCK_REALTIME) / 1000000;
	expect_between(real - (day.tv_sec * 1000LL + day.tv_usec / 1000), 0, 1000);
	expect_between(time(NULL) - real / 1000, -1, 1);
	expect(time(NULL) > 1577836800 - 86400); /* 2020 */
	expect(nanoseconds(CLOCK_BOOTTIME) >= nanoseconds(CLOCK_MONOTONIC) - 1000000000);
}

static void sleeps_long_enough(void)
{
	static const long lengths[] = {1, 5, 20, 100};

	for (int i = 0; i < 4; i++) {
		struct timespec length = {0, lengths[i] * 1000000};
		long long before = nanoseconds(CLOCK_MONOTONIC);

		must(nanosleep(&length, NULL));
		expect_between((nanoseconds(CLOCK_MONOTONIC) - before) / 1000, lengths[i] * 1000,
			       lengths[i] * 1000 + 1000000);
	}
	struct timespec bad = {0, 1000000000};
	expect_errno(nanosleep(&bad, NULL), EINVAL);
}

static void sleeps_until(void)
{
	struct timespec until;

	must(clock_gettime(CLOCK_MONOTONIC, &until));
	until.tv_nsec += 50000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	expect_equal(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
	expect(nanoseconds(CLOCK_MONOTONIC) >= until.tv_sec * 1000000000LL + until.tv_nsec);
	expect_equal(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
}

static void cpu_time(void)
{
	long long before = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
	long long start = nanoseconds(CLOCK_MONOTONIC);
	struct rusage usage;

	while (nanoseconds(CLOCK_MONOTONIC) - start < 100000000)
		;
	expect_between((nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - before) / 1000000, 10, 1000);
	before = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
	usleep(100000);
	expect_between((nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - before) / 1000000, 0, 60);
	must(getrusage(RUSAGE_SELF, &usage));
	expect(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + usage.ru_utime.tv_usec +
		       usage.ru_stime.tv_usec >
	       0);
	struct tms tms;
	must(times(&tms));
}

static void bad_clock(void)
{
	struct timespec now;

	expect_errno(clock_gettime(9999, &now), EINVAL);
}

int main(void)
{
	run("clock-monotonic", never_backwards);
	run("clock-agree", clocks_agree);
	run("clock-sleep", sleeps_long_enough);
	run("clock-until", sleeps_until);
	run("clock-cpu-time", cpu_time);
	run("clock-refused", bad_clock);
	return finish();
}
