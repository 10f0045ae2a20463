/*
 * The kernel log: records, numbers, overwriting, consoles, warnings.
 */
#include "harness.h"
#include "lib/assert.h"
#include "lib/printf.h"
#include "lib/printk.h"
#include "machine/soft.h"
#include "sync/task.h"
#include <stdlib.h>
#include <string.h>

static char text[1 << 17];
static size_t length;

static void capture(struct console *con, const char *line, size_t bytes)
{
	memcpy(text + length, line, bytes);
	length += bytes;
	text[length] = '\0';
}

static u64 five_seconds(void)
{
	return 5000123;
}

static void records_have_levels_and_times(void **state)
{
	static struct console con = {.write = capture};
	char buf[200];
	u64 seq = 0;
	size_t n;

	printk_clock = five_seconds;
	printk("plain");
	pr_err("one\ntwo\n");
	printk(KERN_DEBUG "x=%d\n", 5);
	n = log_read(&seq, buf, sizeof(buf) - 1);
	buf[n] = '\0';
	assert_string_equal(buf, "<4>[    5.000123] plain\n<3>[    5.000123] one\n"
				 "<3>[    5.000123] two\n<7>[    5.000123] x=5\n");
	assert_int_equal(seq, 4);
	assert_int_equal(log_next_seq(), 4);
	assert_int_equal(log_read(&seq, buf, sizeof(buf)), 0);
	/* Only whole records; one at a time when that is what fits. */
	seq = 1;
	assert_int_equal(log_read(&seq, buf, 23), 23 - 1);
	assert_int_equal(seq, 2);
	assert_int_equal(log_read(&seq, buf, 5), 0);

	/* A console gets what the ring holds, then what comes, below its level. */
	register_console(&con);
	assert_string_equal(text, "[    5.000123] plain\n[    5.000123] one\n[    5.000123] two\n");
	console_loglevel = 4;
	pr_warn("not shown\n");
	pr_err("shown\n");
	assert_non_null(strstr(text, "shown"));
	assert_null(strstr(text, "not shown"));
}

static void old_records_are_overwritten(void **state)
{
	struct random random = {test_seed()};
	static char buf[1 << 18];

	for (unsigned i = 0; i < 5000; i++) {
		char fill[400];
		unsigned bytes = random_below(&random, sizeof(fill));
		u64 seq = 0;

		memset(fill, 'a' + i % 26, bytes);
		fill[bytes] = '\0';
		printk("%u:%s", i, fill);
		if (i % 100)
			continue;
		/* The ring holds an unbroken run of the newest. */
		size_t n = log_read(&seq, buf, sizeof(buf));
		unsigned expect = log_first_seq();
		assert_int_equal(seq, log_next_seq());
		for (char *line = buf; line < buf + n; line = strchr(line, '\n') + 1, expect++)
			assert_int_equal(strtoul(strchr(line, ']') + 2, NULL, 10), expect);
		assert_int_equal(expect, log_next_seq());
		if (i > 1000)
			assert_true(n > 40000 && n < 80000);
	}
}

static int chatter(void *arg)
{
	for (int i = 0; i < 200; i++) {
		pr_err("thread %lu says %d\n", (unsigned long)arg, i);
		cond_resched();
	}
	return 0;
}

static void everybody_is_heard_once(void **state)
{
	static struct console con = {.write = capture};
	struct task_struct *task[4];
	unsigned lines = 0;

	soft_machine_init(&(struct soft_config){.cpus = 3});
	register_console(&con);
	for (unsigned long i = 0; i < 4; i++)
		task[i] = kthread_run(chatter, (void *)i, "chatter");
	for (unsigned long i = 0; i < 4; i++)
		soft_join(task[i]);
	for (char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 800);
	for (unsigned long i = 0; i < 4; i++) {
		char *p = text;

		for (int k = 0; k < 200; k++) { /* each thread's lines in its order */
			char line[40];

			snprintf(line, sizeof(line), "thread %lu says %d\n", i, k);
			p = strstr(p, line);
			assert_non_null(p);
		}
	}
}

/* What an NMI does that comes while a console is being written to. */
static void interrupt_printing(struct console *con, const char *line, size_t bytes)
{
	static bool interrupted;

	if (!interrupted) {
		interrupted = true;
		printk("waits\n");
		assert_null(strstr(text, "waits"));
		printk_urgent(true);
		printk("urgent\n");
		printk_urgent(false);
		assert_non_null(strstr(text, "urgent\n"));
	}
	capture(con, line, bytes);
}

static void urgent_messages_wait_for_nobody(void **state)
{
	static struct console con = {.write = interrupt_printing};
	u64 seq = 0;

	register_console(&con);
	printk("first\n");
	/* The console's writer goes on, and finds all in the ring, too. */
	assert_true(strstr(text, "urgent") < strstr(text, "first"));
	assert_true(strstr(text, "first") < strstr(text, "waits"));
	text[log_read(&seq, text, sizeof(text) - 1)] = '\0';
	assert_non_null(strstr(text, "first"));
	assert_true(strstr(text, "waits") < strstr(text, "urgent"));
}

static void warnings_speak_once_and_count(void **state)
{
	u64 seq = 0;

	for (int i = 0; i < 3; i++)
		assert_true(WARN_ON(i < 5));
	assert_false(WARN_ON(false));
	assert_int_equal(warn_count, 3);
	text[log_read(&seq, text, sizeof(text) - 1)] = '\0';
	assert_non_null(strstr(text, "i < 5"));
	assert_null(strstr(strstr(text, "i < 5") + 1, "i < 5"));
	warn_count = 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(records_have_levels_and_times),
	cmocka_unit_test(old_records_are_overwritten),
	cmocka_unit_test(everybody_is_heard_once),
	cmocka_unit_test(urgent_messages_wait_for_nobody),
	cmocka_unit_test(warnings_speak_once_and_count),
};
HOST_TESTS(tests)
