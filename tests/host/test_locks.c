/*
 * Locks that spin and locks that sleep: exclusion, order of arrival, signals, and
 * the checker of the lock order.  Each stress runs in parallel and once under each of
 * some seeded schedules.
 */
#include "harness.h"
#include "lib/assert.h"
#include "machine/soft.h"
#include "sync/epoch.h"
#include "sync/lockdebug.h"
#include "sync/mutex.h"
#include "sync/spinlock.h"
#include <string.h>

#define THREADS 6
#define ROUNDS  200

static spinlock_t spin = SPINLOCK_INIT(RANK_ZONE);
static struct mutex mutex = MUTEX_INIT(mutex, RANK_PIPE);
static struct rw_semaphore sem;
static unsigned long counter, copy;

/* One machine a process: a test that wants several forks itself through the seeds it is run with. */
static void machine(unsigned cpus, u64 seed)
{
	const struct soft_config config = {.cpus = cpus, .schedule_seed = seed};

	soft_machine_init(&config);
	init_rwsem(&sem, RANK_MMAP);
}

static void run_threads(int (*fn)(void *), unsigned n)
{
	struct task_struct *task[16];

	for (unsigned i = 0; i < n; i++)
		task[i] = kthread_run(fn, (void *)(unsigned long)i, "stress");
	for (unsigned i = 0; i < n; i++)
		soft_join(task[i]);
}

/* counter and copy differ only inside a critical section. */
static void change(void)
{
	BUG_ON(counter != copy);
	counter++;
	cpu_interleave();
	copy++;
}

static int spin_stress(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		spin_lock(&spin);
		change();
		assert_spin_locked(&spin);
		spin_unlock(&spin);
		if (spin_trylock(&spin)) {
			change();
			spin_unlock(&spin);
		} else {
			spin_lock(&spin);
			change();
			spin_unlock(&spin);
		}
		cond_resched();
	}
	return 0;
}

static int mutex_stress(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		mutex_lock(&mutex);
		change();
		if (i % 8 == 0)
			schedule(); /* the holder may sleep */
		mutex_unlock(&mutex);
		while (!mutex_trylock(&mutex))
			cond_resched();
		change();
		mutex_unlock(&mutex);
	}
	return 0;
}

static int rwsem_stress(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		down_write(&sem);
		change();
		change();
		downgrade_write(&sem);
		BUG_ON(counter != copy);
		cond_resched();
		BUG_ON(counter != copy);
		up_read(&sem);
		for (int k = 0; k < 4; k++) {
			down_read(&sem);
			BUG_ON(counter != copy);
			if (k == 2)
				schedule();
			BUG_ON(counter != copy);
			up_read(&sem);
		}
	}
	return 0;
}

static void stress(int (*fn)(void *), u64 seed)
{
	machine(3, seed);
	run_threads(fn, THREADS);
	assert_int_equal(counter, 2 * THREADS * ROUNDS);
	assert_int_equal(copy, counter);
	assert_false(spin_is_locked(&spin));
	assert_false(mutex_is_locked(&mutex));
	assert_false(rwsem_is_locked(&sem));
}

#define STRESS(name)                                 \
	static void name##_in_parallel(void **state) \
	{                                            \
		stress(name, 0);                     \
	}                                            \
	static void name##_by_seed_1(void **state)   \
	{                                            \
		stress(name, test_seed());           \
	}                                            \
	static void name##_by_seed_2(void **state)   \
	{                                            \
		stress(name, test_seed() + 1000);    \
	}
STRESS(spin_stress)
STRESS(mutex_stress)
STRESS(rwsem_stress)

/* --- several CPUs: overtaking has an end --- */

/* One comes back for the locks again and again, at once; the others want them now and then. */
static unsigned long modest_left;

static int greedy(void *arg)
{
	while (READ_ONCE(modest_left)) {
		mutex_lock(&mutex);
		cpu_interleave();
		mutex_unlock(&mutex);
		down_write(&sem);
		cpu_interleave();
		up_write(&sem);
		down_read(&sem);
		up_read(&sem);
		epoch_quiescent();
	}
	return 0;
}

static int modest(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		mutex_lock(&mutex);
		change();
		mutex_unlock(&mutex);
		if (i % 2)
			down_write(&sem);
		else
			down_read(&sem);
		schedule();
		if (i % 2)
			up_write(&sem);
		else
			up_read(&sem);
	}
	fetch_add(&modest_left, -1UL);
	return 0;
}

static void nobody_starves(void **state)
{
	struct task_struct *task[4];

	machine(2, 0);
	modest_left = 2;
	for (unsigned i = 0; i < 4; i++)
		task[i] = kthread_run(i < 2 ? modest : greedy, NULL, "turns");
	for (unsigned i = 0; i < 4; i++)
		soft_join(task[i]);
	assert_int_equal(counter, 2 * ROUNDS);
	assert_false(mutex_is_locked(&mutex));
	assert_false(rwsem_is_locked(&sem));
}

/* --- order of arrival --- */
static char arrivals[32];
static unsigned nr_arrivals;

static int mutex_arrival(void *arg)
{
	mutex_lock(&mutex);
	arrivals[nr_arrivals++] = 'a' + (unsigned long)arg;
	mutex_unlock(&mutex);
	return 0;
}

static void let_sleep(struct task_struct *task)
{
	/* One CPU: after a yield each thread that can run has run until it slept. */
	schedule();
}

static void mutex_serves_in_order(void **state)
{
	struct task_struct *task[8];

	machine(1, 0);
	mutex_lock(&mutex);
	for (unsigned long i = 0; i < 8; i++) {
		task[i] = kthread_run(mutex_arrival, (void *)i, "waiter");
		let_sleep(task[i]);
	}
	mutex_unlock(&mutex);
	assert_false(mutex_trylock(&mutex)); /* nobody overtakes */
	for (int i = 0; i < 8; i++)
		soft_join(task[i]);
	assert_string_equal(arrivals, "abcdefgh");
	assert_true(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
}

static int reader(void *arg)
{
	down_read(&sem);
	arrivals[nr_arrivals++] = 'r';
	schedule();
	arrivals[nr_arrivals++] = '.';
	up_read(&sem);
	return 0;
}

static int writer(void *arg)
{
	down_write(&sem);
	arrivals[nr_arrivals++] = 'W';
	schedule();
	arrivals[nr_arrivals++] = ';';
	up_write(&sem);
	return 0;
}

static void rwsem_serves_in_order(void **state)
{
	static int (*const fn[])(void *) = {reader, reader, writer, reader, reader, writer, writer};
	struct task_struct *task[ARRAY_SIZE(fn)];

	machine(1, 0);
	down_write(&sem);
	for (unsigned i = 0; i < ARRAY_SIZE(fn); i++) {
		task[i] = kthread_run(fn[i], NULL, "waiter");
		let_sleep(task[i]);
	}
	assert_false(down_read_trylock(&sem));
	up_write(&sem);
	assert_false(down_read_trylock(&sem)); /* a writer waits */
	for (unsigned i = 0; i < ARRAY_SIZE(fn); i++)
		soft_join(task[i]);
	assert_string_equal(arrivals, "rr..W;rr..W;W;");
	assert_true(down_read_trylock(&sem));
	assert_true(down_read_trylock(&sem));
	assert_false(down_write_trylock(&sem));
	up_read(&sem);
	up_read(&sem);
	assert_true(down_write_trylock(&sem));
	assert_false(down_read_trylock(&sem));
	up_write(&sem);
}

static void downgrade_lets_readers_in(void **state)
{
	struct task_struct *task[3];

	machine(1, 0);
	down_write(&sem);
	task[0] = kthread_run(reader, NULL, "reader");
	let_sleep(task[0]);
	task[1] = kthread_run(writer, NULL, "writer");
	let_sleep(task[1]);
	task[2] = kthread_run(reader, NULL, "reader");
	let_sleep(task[2]);
	downgrade_write(&sem);
	soft_join(task[0]);
	assert_string_equal(arrivals, "r."); /* the second reader came after the writer */
	up_read(&sem);
	soft_join(task[1]);
	soft_join(task[2]);
	assert_string_equal(arrivals, "r.W;r.");
}

/* --- signals --- */
static int lock_interruptible(void *arg)
{
	int err = mutex_lock_interruptible(&mutex);

	if (!err)
		mutex_unlock(&mutex);
	return err;
}

static int lock_killable(void *arg)
{
	int err = down_write_killable(&sem);

	if (!err)
		up_write(&sem);
	return err;
}

static void signals_end_waiting(void **state)
{
	struct task_struct *task, *behind;

	machine(1, 0);
	mutex_lock(&mutex);
	task = kthread_run(lock_interruptible, NULL, "waiter");
	let_sleep(task);
	soft_signal(task, false);
	assert_int_equal(soft_join(task), -ERESTARTSYS);
	mutex_unlock(&mutex);
	assert_false(mutex_is_locked(&mutex));
	assert_int_equal(mutex_lock_interruptible(&mutex), 0);
	mutex_unlock(&mutex);

	/* A writer that gives up lets the readers behind it in. */
	down_read(&sem);
	task = kthread_run(lock_killable, NULL, "writer");
	let_sleep(task);
	behind = kthread_run(reader, NULL, "reader");
	let_sleep(behind);
	assert_int_equal(nr_arrivals, 0);
	soft_signal(task, true);
	assert_int_equal(soft_join(task), -EINTR);
	soft_join(behind);
	assert_string_equal(arrivals, "r.");
	assert_true(down_read_trylock(&sem));
	up_read(&sem);
	up_read(&sem);
	assert_int_equal(down_write_killable(&sem), 0);
	up_write(&sem);
}

/* --- the checker --- */
#ifdef PAGODA_DEBUG
static spinlock_t low = SPINLOCK_INIT(RANK_LRU);
static spinlock_t high = SPINLOCK_INIT(RANK_ZONE);
static spinlock_t high_2 = SPINLOCK_INIT(RANK_ZONE);
static spinlock_t irq = SPINLOCK_INIT(RANK_TIMER);
static struct mutex outer = MUTEX_INIT(outer, RANK_MODULE);
static struct mutex inner = MUTEX_INIT(inner, RANK_PIPE);
static raw_spinlock_t table_1, table_2;

static void inverted(void *arg)
{
	spin_lock(&high);
	spin_lock(&low);
}
static void same_rank(void *arg)
{
	spin_lock(&high);
	spin_lock(&high_2);
}
static void twice(void *arg)
{
	spin_lock(&high);
	spin_lock(&high);
}
static void irqs_on(void *arg)
{
	spin_lock(&irq);
}
static void sleeping_under_spinlock(void *arg)
{
	spin_lock(&high);
	mutex_lock(&outer);
}
static void sleeping_with_irqs_off(void *arg)
{
	irq_disable();
	schedule();
}
static void inverted_sleeping(void *arg)
{
	mutex_lock(&inner);
	mutex_lock(&outer);
}
static void not_held(void *arg)
{
	spin_unlock(&high);
}
static void not_held_sleeping(void *arg)
{
	up_read(&sem);
}
static void read_twice(void *arg)
{
	struct rw_semaphore *s = &sem;

	s->rank = RANK_ANON_VMA;
	down_read(s);
	down_read(s);
}
static void reading_epoch(void *arg)
{
	epoch_read_lock();
	schedule();
}
static void assert_unheld(void *arg)
{
	assert_spin_locked(&low);
}
static void allowed(void *arg)
{
	unsigned long flags;

	mutex_lock(&outer);
	mutex_lock(&inner);
	spin_lock(&low);
	spin_lock(&high);
	flags = spin_lock_irqsave(&irq);
	spin_unlock(&low); /* in any order */
	spin_unlock_irqrestore(&irq, flags);
	spin_unlock(&high);
	mutex_unlock(&outer);
	mutex_unlock(&inner);
	raw_spin_lock(&table_1, RANK_PTL); /* two page tables: fork */
	raw_spin_lock(&table_2, RANK_PTL);
	raw_spin_unlock(&table_1);
	raw_spin_unlock(&table_2);
	/* trying cannot deadlock */
	spin_lock(&high);
	assert_true(spin_trylock(&low));
	assert_false(spin_trylock(&low));
	spin_unlock(&low);
	spin_unlock(&high);
	mutex_lock(&inner);
	assert_true(mutex_trylock(&outer));
	mutex_unlock(&outer);
	mutex_unlock(&inner);
	schedule();
}

#define PANICS(name, message)                            \
	static void checker_catches_##name(void **state) \
	{                                                \
		const char *panic;                       \
                                                         \
		machine(2, 0);                           \
		panic = soft_panic_of(name, NULL);       \
		assert_non_null(panic);                  \
		print_message("%s\n", panic);            \
		assert_non_null(strstr(panic, message)); \
	}
PANICS(inverted, "out of order")
PANICS(same_rank, "a second lock of this rank")
PANICS(twice, "taken twice")
PANICS(irqs_on, "interrupts on")
PANICS(sleeping_under_spinlock, "with spinlocks held")
PANICS(sleeping_with_irqs_off, "interrupts off")
PANICS(inverted_sleeping, "out of order")
PANICS(not_held, "does not hold it")
PANICS(not_held_sleeping, "does not hold it")
PANICS(read_twice, "taken twice")
PANICS(reading_epoch, "in an epoch")
PANICS(assert_unheld, "is not held")

static void checker_allows_the_order(void **state)
{
	machine(2, 0);
	assert_null(soft_panic_of(allowed, NULL));
}
#endif

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(spin_stress_in_parallel),
	cmocka_unit_test(spin_stress_by_seed_1),
	cmocka_unit_test(spin_stress_by_seed_2),
	cmocka_unit_test(mutex_stress_in_parallel),
	cmocka_unit_test(mutex_stress_by_seed_1),
	cmocka_unit_test(mutex_stress_by_seed_2),
	cmocka_unit_test(rwsem_stress_in_parallel),
	cmocka_unit_test(rwsem_stress_by_seed_1),
	cmocka_unit_test(rwsem_stress_by_seed_2),
	cmocka_unit_test(nobody_starves),
	cmocka_unit_test(mutex_serves_in_order),
	cmocka_unit_test(rwsem_serves_in_order),
	cmocka_unit_test(downgrade_lets_readers_in),
	cmocka_unit_test(signals_end_waiting),
#ifdef PAGODA_DEBUG
	cmocka_unit_test(checker_catches_inverted),
	cmocka_unit_test(checker_catches_same_rank),
	cmocka_unit_test(checker_catches_twice),
	cmocka_unit_test(checker_catches_irqs_on),
	cmocka_unit_test(checker_catches_sleeping_under_spinlock),
	cmocka_unit_test(checker_catches_sleeping_with_irqs_off),
	cmocka_unit_test(checker_catches_inverted_sleeping),
	cmocka_unit_test(checker_catches_not_held),
	cmocka_unit_test(checker_catches_not_held_sleeping),
	cmocka_unit_test(checker_catches_read_twice),
	cmocka_unit_test(checker_catches_reading_epoch),
	cmocka_unit_test(checker_catches_assert_unheld),
	cmocka_unit_test(checker_allows_the_order),
#endif
};
HOST_TESTS(tests)
