/*
 * Wait queues: no wake-up is lost, exclusive waiters are woken one by one.  A lost
 * wake-up ends in the machine's "every task sleeps" panic.
 */
#include "harness.h"
#include "lib/assert.h"
#include "machine/soft.h"
#include "sync/wait.h"

static struct wait_queue_head queue = WAIT_QUEUE_HEAD_INIT(queue);
static atomic_t tokens = ATOMIC_INIT(0);
static unsigned ping;

static int ping_pong(void *arg)
{
	unsigned side = (unsigned long)arg;

	for (int i = 0; i < 500; i++) {
		wait_event(&queue, READ_ONCE(ping) % 2 == side);
		fetch_add(&ping, 1);
		wake_up_all(&queue);
	}
	return 0;
}

static bool take_token(void)
{
	int n = atomic_read(&tokens);

	while (n > 0)
		if (try_cmpxchg(&tokens.v, &n, n - 1))
			return true;
	return false;
}

#define TOKENS 300
static int producer(void *arg)
{
	for (int i = 0; i < TOKENS; i++) {
		atomic_inc(&tokens);
		wake_up(&queue);
		if (i % 16 == 0)
			cond_resched();
	}
	return 0;
}

static int consumer(void *arg)
{
	for (int i = 0; i < TOKENS; i++) {
		struct wait_queue_entry entry = {.task = current, .exclusive = true};

		list_init(&entry.list);
		for (;;) {
			prepare_to_wait(&queue, &entry, TASK_UNINTERRUPTIBLE);
			if (take_token())
				break;
			schedule();
		}
		finish_wait(&queue, &entry);
	}
	return 0;
}

static void wake_ups(u64 seed)
{
	struct task_struct *task[6];

	soft_machine_init(&(struct soft_config){.cpus = 3, .schedule_seed = seed});
	task[0] = kthread_run(ping_pong, (void *)0, "ping");
	task[1] = kthread_run(ping_pong, (void *)1, "pong");
	soft_join(task[0]);
	soft_join(task[1]);
	assert_int_equal(ping, 1000);
	for (int i = 0; i < 6; i++)
		task[i] = kthread_run(i % 2 ? producer : consumer, NULL, i % 2 ? "make" : "take");
	for (int i = 0; i < 6; i++)
		soft_join(task[i]);
	assert_int_equal(atomic_read(&tokens), 0);
	assert_false(waitqueue_active(&queue));
}

static void no_wake_up_is_lost_in_parallel(void **state)
{
	wake_ups(0);
}
static void no_wake_up_is_lost_by_seed_1(void **state)
{
	wake_ups(test_seed());
}
static void no_wake_up_is_lost_by_seed_2(void **state)
{
	wake_ups(test_seed() + 1000);
}

static unsigned woken;

static int wait_once(void *exclusive)
{
	struct wait_queue_entry entry = {.task = current, .exclusive = exclusive != NULL};

	list_init(&entry.list);
	prepare_to_wait(&queue, &entry, TASK_UNINTERRUPTIBLE);
	schedule();
	woken++;
	finish_wait(&queue, &entry);
	return 0;
}

static void exclusive_waiters_one_by_one(void **state)
{
	struct task_struct *task[5];

	soft_machine_init(&(struct soft_config){.cpus = 1});
	for (int i = 0; i < 5; i++) {
		task[i] = kthread_run(wait_once, i < 3 ? "x" : NULL, "waiter");
		schedule();
	}
	wake_up(&queue);
	wake_up(&queue); /* the first has not run yet: another one is woken */
	schedule();
	assert_int_equal(woken, 4); /* two ordinary ones, two exclusive ones */
	wake_up_all(&queue);
	for (int i = 0; i < 5; i++)
		soft_join(task[i]);
	assert_int_equal(woken, 5);
}

static unsigned called;

static void count_call(struct wait_queue_entry *entry)
{
	called++;
}

static void functions_instead_of_tasks(void **state)
{
	struct wait_queue_entry entry = {.func = count_call};

	soft_machine_init(&(struct soft_config){.cpus = 1});
	add_wait_queue(&queue, &entry);
	wake_up(&queue);
	wake_up(&queue);
	remove_wait_queue(&queue, &entry);
	wake_up(&queue);
	assert_int_equal(called, 2);
}

static int interruptible(void *killable)
{
	return killable ? wait_event_killable(&queue, false)
			: wait_event_interruptible(&queue, false);
}

static void signals_end_sleeps(void **state)
{
	struct task_struct *task;

	soft_machine_init(&(struct soft_config){.cpus = 1});
	task = kthread_run(interruptible, NULL, "sleeper");
	schedule();
	soft_signal(task, false);
	assert_int_equal(soft_join(task), -ERESTARTSYS);
	task = kthread_run(interruptible, "k", "sleeper");
	schedule();
	soft_signal(task, false);
	schedule();
	assert_true(waitqueue_active(&queue)); /* only a fatal one */
	soft_signal(task, true);
	assert_int_equal(soft_join(task), -ERESTARTSYS);
	assert_int_equal(wait_event_interruptible(&queue, true), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(no_wake_up_is_lost_in_parallel),
	cmocka_unit_test(no_wake_up_is_lost_by_seed_1),
	cmocka_unit_test(no_wake_up_is_lost_by_seed_2),
	cmocka_unit_test(exclusive_waiters_one_by_one),
	cmocka_unit_test(functions_instead_of_tasks),
	cmocka_unit_test(signals_end_sleeps),
};
HOST_TESTS(tests)
