/*
 * Epochs: an object that was removed is freed when nobody can still look at it, and
 * not before; sanitizers see a reader that looks too late.
 */
#include "harness.h"
#include "lib/assert.h"
#include "lib/list.h"
#include "machine/soft.h"
#include "sync/epoch.h"
#include "sync/spinlock.h"
#include "sync/task.h"
#include <stdlib.h>

struct object {
	struct epoch_head epoch;
	unsigned value, check;
};

static struct object *shared; /* atomic */
static unsigned freed;        /* atomic */
static bool stop;             /* atomic */

static void free_object(struct epoch_head *head)
{
	struct object *object = container_of(head, struct object, epoch);

	object->check = 0;
	free(object);
	fetch_add(&freed, 1);
}

static struct object *new_object(unsigned value)
{
	struct object *object = malloc(sizeof(*object));

	object->value = value;
	object->check = ~value;
	return object;
}

static int reader(void *arg)
{
	while (!READ_ONCE(stop)) {
		struct object *object;

		epoch_read_lock();
		object = load_acquire(&shared);
		cpu_interleave();
		BUG_ON(object->value != ~object->check);
		cpu_interleave();
		BUG_ON(object->value != ~object->check);
		epoch_read_unlock();
		cond_resched();
	}
	return 0;
}

#define CHANGES 300
static int writer(void *arg)
{
	for (unsigned i = 0; i < CHANGES; i++) {
		struct object *old = xchg(&shared, new_object(i));

		epoch_call(&old->epoch, free_object);
		if (i % 4 == 0)
			cond_resched();
		if (i % 64 == 0)
			epoch_synchronize();
	}
	return 0;
}

static void readers_and_writers(u64 seed)
{
	struct task_struct *task[6];

	soft_machine_init(&(struct soft_config){.cpus = 4, .schedule_seed = seed});
	shared = new_object(1);
	for (int i = 0; i < 6; i++)
		task[i] = kthread_run(i < 4 ? reader : writer, NULL, i < 4 ? "reader" : "writer");
	soft_join(task[4]);
	soft_join(task[5]);
	WRITE_ONCE(stop, true);
	for (int i = 0; i < 4; i++)
		soft_join(task[i]);
	for (int i = 0; READ_ONCE(freed) < 2 * CHANGES && i < 100; i++)
		schedule(); /* what other CPUs left behind */
	assert_int_equal(READ_ONCE(freed), 2 * CHANGES);
	free(shared);
}

static void objects_live_as_long_as_readers_in_parallel(void **state)
{
	readers_and_writers(0);
}
static void objects_live_as_long_as_readers_by_seed_1(void **state)
{
	readers_and_writers(test_seed());
}
static void objects_live_as_long_as_readers_by_seed_2(void **state)
{
	readers_and_writers(test_seed() + 1000);
}

static void call_new(void)
{
	epoch_call(&new_object(0)->epoch, free_object);
}

/* One CPU: freed at the next quiescent point, in the order of the calls. */
static unsigned order[3], calls;
static struct {
	struct epoch_head head;
	unsigned number;
} numbered[3];

static void note(struct epoch_head *head)
{
	order[calls++] = container_of(head, typeof(numbered[0]), head)->number;
}

static void one_cpu_frees_at_once(void **state)
{
	soft_machine_init(&(struct soft_config){.cpus = 1});
	call_new();
	call_new();
	assert_int_equal(freed, 0);
	assert_false(!epoch_tick(false)); /* the tick knows that work waits */
	epoch_quiescent();
	assert_int_equal(freed, 2);
	assert_true(!epoch_tick(false));
	epoch_quiescent();
	for (unsigned i = 0; i < 3; i++) {
		numbered[i].number = i;
		epoch_call(&numbered[i].head, note);
	}
	epoch_quiescent();
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(order[i], i);
	/* a callback may call again; it is not run for ever */
	call_new();
	epoch_synchronize();
	assert_int_equal(freed, 3);
}

static void again(struct epoch_head *head)
{
	calls++;
	epoch_call(head, again);
}

static void callbacks_that_call_again(void **state)
{
	struct epoch_head head;

	soft_machine_init(&(struct soft_config){.cpus = 1});
	epoch_call(&head, again);
	for (unsigned i = 0; i < 5; i++) {
		unsigned before = calls;

		epoch_quiescent();
		assert_true(calls > before && calls <= before + 2);
	}
}

/* A CPU that runs without a quiescent point holds everything up; a tick in user mode ends that. */
static bool release;

static int busy(void *arg)
{
	while (!READ_ONCE(stop)) {
		if (arg && READ_ONCE(release) && epoch_tick(true))
			epoch_quiescent(); /* as the way back to the program would */
		cpu_relax();
	}
	return 0;
}

static void busy_cpus_are_waited_for(void **state)
{
	struct task_struct *task;

	soft_machine_init(&(struct soft_config){.cpus = 2});
	task = soft_run(busy, "tick", "busy", 2);
	while (READ_ONCE(per_cpu(epoch_cpu, 1).seen) == EPOCH_IDLE)
		cpu_relax();
	call_new();
	for (int i = 0; i < 100; i++)
		cond_resched();
	assert_int_equal(freed, 0);
	WRITE_ONCE(release, true);
	epoch_synchronize(); /* ticks are enough */
	assert_int_equal(freed, 1);
	WRITE_ONCE(stop, true);
	soft_join(task);
}

static int call_and_end(void *arg)
{
	call_new();
	return 0;
}

/* A CPU that goes idle leaves its callbacks to the others. */
static void idle_cpus_leave_orphans(void **state)
{
	struct task_struct *busy_task, *task;

	soft_machine_init(&(struct soft_config){.cpus = 3});
	busy_task = soft_run(busy, NULL, "busy", 2);
	while (READ_ONCE(per_cpu(epoch_cpu, 1).seen) == EPOCH_IDLE)
		cpu_relax();
	task = soft_run(call_and_end, NULL, "caller", 4);
	soft_join(task);
	schedule();
	assert_int_equal(READ_ONCE(freed), 0); /* CPU 1 may still look */
	WRITE_ONCE(stop, true);
	soft_join(busy_task);
	for (int i = 0; READ_ONCE(freed) == 0 && i < 1000; i++)
		schedule();
	assert_int_equal(READ_ONCE(freed), 1);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(objects_live_as_long_as_readers_in_parallel),
	cmocka_unit_test(objects_live_as_long_as_readers_by_seed_1),
	cmocka_unit_test(objects_live_as_long_as_readers_by_seed_2),
	cmocka_unit_test(one_cpu_frees_at_once),
	cmocka_unit_test(callbacks_that_call_again),
	cmocka_unit_test(busy_cpus_are_waited_for),
	cmocka_unit_test(idle_cpus_leave_orphans),
};
HOST_TESTS(tests)
