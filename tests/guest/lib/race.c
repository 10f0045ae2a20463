#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "race.h"

static atomic_bool begun, over, is_wrong;
static atomic_long counted;
static char wrong[200];
static unsigned long seed;
static void (*const *running)(void);

static __thread int number;
static __thread unsigned long state;
static __thread sigjmp_buf out;
static __thread volatile bool trying;

bool racing(void)
{
	return !over;
}

int racer(void)
{
	return number;
}

unsigned long race_random(void)
{
	return random_next(&state);
}

void race_count(void)
{
	counted++;
}

void race_wrong(const char *format, ...)
{
	va_list args;

	if (!atomic_exchange(&is_wrong, true)) {
		va_start(args, format);
		vsnprintf(wrong, sizeof(wrong), format, args);
		va_end(args);
	}
	over = true;
}

static void no_memory_there(int signal_number)
{
	if (!trying) {
		signal(signal_number, SIG_DFL);
		return;
	}
	siglongjmp(out, 1);
}

bool try_read(const volatile unsigned long *at, unsigned long *value)
{
	if (sigsetjmp(out, 0)) {
		trying = false;
		return false;
	}
	trying = true;
	*value = *at;
	trying = false;
	return true;
}

bool try_write(volatile unsigned long *at, unsigned long value)
{
	if (sigsetjmp(out, 0)) {
		trying = false;
		return false;
	}
	trying = true;
	*at = value;
	trying = false;
	return true;
}

static void *run_body(void *argument)
{
	number = (int)(long)argument;
	state = seed + number;
	while (!begun) /* no thread's stack is mapped into a hole that a body makes */
		sched_yield();
	running[number]();
	return NULL;
}

void race(double seconds, void (*const bodies[])(void))
{
	const struct timespec length = {(time_t)seconds,
					(long)((seconds - (time_t)seconds) * 1000000000)};
	const struct sigaction action = {.sa_handler = no_memory_there, .sa_flags = SA_NODEFER};
	pthread_t threads[RACERS];
	int n = 0;

	if (!seed)
		seed = random_seed();
	begun = over = is_wrong = false;
	counted = 0;
	running = bodies;
	must(sigaction(SIGSEGV, &action, NULL));
	must(sigaction(SIGBUS, &action, NULL));
	for (; bodies[n]; n++)
		expect_equal(pthread_create(&threads[n], NULL, run_body, (void *)(long)n), 0);
	begun = true;
	nanosleep(&length, NULL);
	over = true;
	while (n-- > 0)
		pthread_join(threads[n], NULL);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	printf("# raced %ld times\n", (long)counted);
	if (is_wrong)
		fail("%s", wrong);
}
