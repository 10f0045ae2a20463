/*
 * Schedules by seed find what was planted: an update that is lost, a wake-up that is lost, an object
 * freed under a reader. Each is tried under a number of seeds, each in a machine of its own, and
 * what is right in the same place is found right under all of them.
 */
#include "floors.h"
#include "sync/mutex.h"
#include "sync/wait.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEEDS 24

enum outcome { RIGHT, WRONG, DIED };

/* What a program says under a seed. */
static enum outcome under_seed(bool (*program)(u64 seed), u64 seed)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(2);
		_exit(program(seed) ? RIGHT : WRONG);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) <= WRONG ? (enum outcome)WEXITSTATUS(status)
								 : DIED;
}

/* How many seeds show that something is wrong. */
static unsigned __maybe_unused found(bool (*program)(u64 seed))
{
	unsigned n = 0;

	for (u64 seed = test_seed(); seed < test_seed() + SEEDS; seed++)
		n += under_seed(program, seed) != RIGHT;
	return n;
}

/* Seldom enough to be missed by chance, often enough for so many seeds. */
static void planted(bool (*wrong)(u64 seed), bool (*right)(u64 seed))
{
#ifdef __SANITIZE_THREAD__
	(void)wrong; /* it would say the same, and each process takes a second to end */
	assert_int_equal(under_seed(right, test_seed()), RIGHT);
#else
	unsigned n = found(wrong);

	print_message("%u of %u seeds find it\n", n, SEEDS);
	assert_true(n > 0);
	assert_int_equal(found(right), 0);
	/* A seed that finds it finds it again. */
	for (u64 seed = test_seed(); seed < test_seed() + SEEDS; seed++)
		assert_int_equal(under_seed(wrong, seed), under_seed(wrong, seed));
#endif
}

static void machine(u64 seed)
{
	soft_machine_init(&(struct soft_config){.cpus = 2, .schedule_seed = seed});
}

static void two(int (*fn)(void *), int (*other)(void *))
{
	struct task_struct *a = kthread_run(fn, NULL, "a"), *b = kthread_run(other, NULL, "b");

	soft_join(a);
	soft_join(b);
}

/* ---- an update is lost: looked under the lock, written under the lock, but not the same hold ---- */

static spinlock_t lock = SPINLOCK_INIT(RANK_NONE);
static unsigned counter;

static int add_in_two_holds(void *arg)
{
	for (int i = 0; i < 4; i++) {
		unsigned seen;

		spin_lock(&lock);
		seen = counter;
		spin_unlock(&lock);
		cpu_interleave();
		spin_lock(&lock);
		counter = seen + 1;
		spin_unlock(&lock);
		cond_resched();
	}
	return 0;
}

static int add_in_one_hold(void *arg)
{
	for (int i = 0; i < 4; i++) {
		spin_lock(&lock);
		counter++;
		spin_unlock(&lock);
		cond_resched();
	}
	return 0;
}

static bool loses_updates(u64 seed)
{
	machine(seed);
	two(add_in_two_holds, add_in_two_holds);
	return counter == 8;
}

static bool keeps_updates(u64 seed)
{
	machine(seed);
	two(add_in_one_hold, add_in_one_hold);
	return counter == 8;
}

static void a_lost_update(void **state)
{
	planted(loses_updates, keeps_updates);
}

/* ---- a wake-up is lost: looked before the state was set ---- */

static struct task_struct *sleeper;
static bool come; /* atomic */

static int look_then_sleep(void *arg)
{
	WRITE_ONCE(sleeper, current);
	if (!READ_ONCE(come)) {
		for (int i = 0; i < 5; i++)
			cpu_interleave();
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule();
	}
	return 0;
}

static int set_then_look(void *arg)
{
	WRITE_ONCE(sleeper, current);
	set_current_state(TASK_UNINTERRUPTIBLE);
	while (!READ_ONCE(come)) {
		schedule();
		set_current_state(TASK_UNINTERRUPTIBLE);
	}
	set_current_state(TASK_RUNNING);
	return 0;
}

static int wake(void *arg)
{
	while (!READ_ONCE(sleeper))
		cond_resched();
	WRITE_ONCE(come, true);
	wake_up_process(sleeper);
	return 0;
}

static bool loses_wake_ups(u64 seed)
{
	machine(seed);
	two(look_then_sleep, wake);
	return true;
}

static bool keeps_wake_ups(u64 seed)
{
	machine(seed);
	two(set_then_look, wake);
	return true;
}

static void a_lost_wake_up(void **state)
{
	planted(loses_wake_ups, keeps_wake_ups);
}

/* ---- an object is freed under a reader: at once instead of by epoch ---- */

struct object {
	struct epoch_head epoch;
	u64 value;
};

static struct object *shared; /* atomic */
static bool by_epoch, all_right = true;

static void free_object(struct epoch_head *head)
{
	kfree(container_of(head, struct object, epoch));
}

static int read_object(void *arg)
{
	for (int i = 0; i < 12; i++) {
		struct object *object = load_acquire(&shared);

		for (int k = 0; k < 5; k++)
			cpu_interleave();
		all_right &= object->value == 17;
		cond_resched();
	}
	return 0;
}

static int replace_object(void *arg)
{
	for (int i = 0; i < 12; i++) {
		struct object *old = shared, *new = kmalloc(sizeof(*new), GFP_KERNEL);

		BUG_ON(!new);
		new->value = 17;
		store_release(&shared, new);
		if (by_epoch) {
			epoch_call(&old->epoch, free_object);
		} else {
			old->value = 0;
			kfree(old);
		}
		cond_resched();
	}
	return 0;
}

static bool readers_are_right(u64 seed)
{
	floors_up(2, 1, 16, seed);
	shared = kmalloc(sizeof(*shared), GFP_KERNEL);
	shared->value = 17;
	two(read_object, replace_object);
	return all_right;
}

static bool freed_at_once(u64 seed)
{
	by_epoch = false;
	return readers_are_right(seed);
}

static bool freed_by_epoch(u64 seed)
{
	by_epoch = true;
	return readers_are_right(seed);
}

static void an_object_freed_under_a_reader(void **state)
{
	planted(freed_at_once, freed_by_epoch);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_lost_update),
	cmocka_unit_test(a_lost_wake_up),
	cmocka_unit_test(an_object_freed_under_a_reader),
};
HOST_TESTS(tests)
