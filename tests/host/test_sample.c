/*
 * A counter's speed is found though the host takes the processor away between two reads, wherever that is.
 */
#include "harness.h"
#include "lib/sample.h"

#define COUNTER_GHZ 3
#define AWAY_NS     40000000
#define NS_A_READ   200
#define READS       (3 * SAMPLE_READINGS)

static u64 now_ns;       /* the host's */
static unsigned reads;   /* so far */
static unsigned away_at; /* before which of them the processor is taken away */

static u64 next_read(void)
{
	if (reads++ == away_at)
		now_ns += AWAY_NS;
	return now_ns += NS_A_READ;
}

static struct sample counters(void)
{
	struct sample s = {.counter = next_read() * COUNTER_GHZ};

	s.reference = (u32)(next_read() / 10); /* 100 MHz */
	s.took = next_read() * COUNTER_GHZ - s.counter;
	return s;
}

static void whenever_the_host_is_away(void **state)
{
	for (away_at = 0; away_at <= 2 * READS; away_at++) {
		struct sample begin, end;
		u64 mhz;

		reads = 0;
		now_ns = 0;
		begin = sample_best(counters);
		now_ns += 1000000;
		end = sample_best(counters);
		mhz = (end.counter - begin.counter) * 100 / (end.reference - begin.reference);
		assert_in_range(mhz, 2999, 3001);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(whenever_the_host_is_away),
};
HOST_TESTS(tests)
