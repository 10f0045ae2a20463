/*
 * Threads as the C libraries make them: clone, thread-local storage, futexes,
 * joining, signals to one of several.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define THREADS 4

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long counter;
static int turn;
static __thread long mine;

static void start_all(pthread_t threads[THREADS], void *(*body)(void *))
{
	for (long i = 0; i < THREADS; i++)
		expect_equal(pthread_create(&threads[i], NULL, body, (void *)i), 0);
}

/* Gives the sum of what they returned. */
static long join_all(pthread_t threads[THREADS])
{
	long sum = 0;
	void *value;

	for (int i = 0; i < THREADS; i++) {
		expect_equal(pthread_join(threads[i], &value), 0);
		sum += (long)value;
	}
	return sum;
}

static void *count_up(void *argument)
{
	for (int i = 0; i < 5000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return argument;
}

static void mutexes_exclude(void)
{
	pthread_t threads[THREADS];

	start_all(threads, count_up);
	expect_equal(join_all(threads), 0 + 1 + 2 + 3);
	expect_equal(counter, 5000 * THREADS);
}

static void *take_turns(void *argument)
{
	for (int i = 0; i < 50; i++) {
		pthread_mutex_lock(&mutex);
		while (turn % THREADS != (long)argument)
			pthread_cond_wait(&changed, &mutex);
		turn++;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void conditions_wake(void)
{
	pthread_t threads[THREADS];

	start_all(threads, take_turns);
	join_all(threads);
	expect_equal(turn, 50 * THREADS);
}

static void *use_own_storage(void *argument)
{
	mine = (long)argument * 100;
	for (int i = 0; i < 100; i++) {
		mine++;
		if (i % 10 == 0)
			sched_yield();
	}
	return (void *)mine;
}

static void storage_is_per_thread(void)
{
	pthread_t threads[THREADS];

	mine = -1;
	start_all(threads, use_own_storage);
	expect_equal(join_all(threads), 100 * (0 + 1 + 2 + 3) + 100 * THREADS);
	expect_equal(mine, -1);
}

static void *fault_in_all(void *argument)
{
	char *area = argument;

	for (int i = 0; i < 512; i++)
		__atomic_fetch_add(area + i * page_size, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* All threads fault on the same pages at once: each page comes once, no write is lost. */
static void faults_race(void)
{
	for (int round = 0; round < 10; round++) {
		pthread_t threads[THREADS];
		char *area = must(mmap(NULL, 512 * page_size, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

		for (int i = 0; i < THREADS; i++)
			expect_equal(pthread_create(&threads[i], NULL, fault_in_all, area), 0);
		join_all(threads);
		for (int i = 0; i < 512; i++)
			expect_equal(area[i * page_size], THREADS);
		must(munmap(area, 512 * page_size));
	}
}

static void *map_and_unmap(void *argument)
{
	for (int i = 0; i < 200; i++) {
		char *area = mmap(NULL, 16 * page_size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (area == MAP_FAILED)
			return (void *)1;
		for (int j = 0; j < 16; j++)
			area[j * page_size] = (long)argument;
		for (int j = 0; j < 16; j++)
			if (area[j * page_size] != (char)(long)argument)
				return (void *)1;
		if (munmap(area, 16 * page_size) < 0)
			return (void *)1;
	}
	return NULL;
}

static void mappings_race(void)
{
	pthread_t threads[THREADS];

	start_all(threads, map_and_unmap);
	expect_equal(join_all(threads), 0);
}

static pthread_t handled_by;

static void note_thread(int number)
{
	(void)number;
	handled_by = pthread_self();
}

static void *wait_a_little(void *argument)
{
	for (int i = 0; i < 50 && !handled_by; i++)
		usleep(10000);
	return argument;
}

static void signals_reach_the_thread(void)
{
	pthread_t threads[THREADS];

	signal(SIGUSR1, note_thread);
	start_all(threads, wait_a_little);
	expect_equal(pthread_kill(threads[2], SIGUSR1), 0);
	join_all(threads);
	expect(pthread_equal(handled_by, threads[2]));
}

static void *tell_ids(void *argument)
{
	pid_t *ids = argument;

	ids[0] = getpid();
	ids[1] = syscall(SYS_gettid);
	ids[2] = read_number("/proc/self/status", "Threads");
	return NULL;
}

static void identity(void)
{
	pthread_t thread;
	pid_t ids[3];

	expect_equal(pthread_create(&thread, NULL, tell_ids, ids), 0);
	pthread_join(thread, NULL);
	expect_equal(ids[0], getpid());
	expect(ids[1] != ids[0]);
	expect_equal(ids[2], 2);
}

static void *exit_the_process(void *argument)
{
	usleep(20000);
	_exit(42 + (long)argument);
}

static void leave_by_a_thread(void)
{
	pthread_t threads[THREADS];

	pthread_create(&threads[0], NULL, wait_a_little, NULL);
	pthread_create(&threads[1], NULL, exit_the_process, NULL);
	for (;;)
		pause();
}

static void exit_ends_all_threads(void)
{
	expect_equal(wait_child(start_child(leave_by_a_thread)), 42 << 8);
}

int main(void)
{
	run("threads-mutex", mutexes_exclude);
	run("threads-condition", conditions_wake);
	run("threads-storage", storage_is_per_thread);
	run("threads-fault-race", faults_race);
	run("threads-map-race", mappings_race);
	run("threads-signal", signals_reach_the_thread);
	run("threads-identity", identity);
	run("threads-exit", exit_ends_all_threads);
	return finish();
}
