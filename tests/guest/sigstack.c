/*
 * The alternative signal stack: a handler runs there, also when the stack proper
 * has no room left.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "lib/check.h"

#define SIZE (64 << 10)

static char *stack;
static sigjmp_buf back;
static volatile char *handler_local;
static volatile int on_stack_flag;

static void look(int number)
{
	char local = 0;
	stack_t now;

	handler_local = &local;
	sigaltstack(NULL, &now);
	on_stack_flag = now.ss_flags;
	if (number == SIGSEGV)
		siglongjmp(back, 1);
}

static void install(int number, int flags)
{
	struct sigaction action = {.sa_handler = look, .sa_flags = flags};
	stack_t alternative = {.ss_size = SIZE};

	if (!stack)
		stack = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0));
	alternative.ss_sp = stack;
	must(sigaltstack(&alternative, NULL));
	must(sigaction(number, &action, NULL));
}

static bool was_on_stack(void)
{
	return handler_local >= stack && handler_local < stack + SIZE;
}

static void used_when_asked(void)
{
	stack_t now;

	install(SIGUSR1, SA_ONSTACK);
	must(raise(SIGUSR1));
	expect(was_on_stack());
	expect_equal(on_stack_flag, SS_ONSTACK);
	must(sigaltstack(NULL, &now));
	expect_equal(now.ss_flags, 0);
	expect(now.ss_sp == stack);
	install(SIGUSR1, 0);
	must(raise(SIGUSR1));
	expect(!was_on_stack());
}

static __attribute__((noinline)) int endless(int depth)
{
	volatile char frame[4096];

	frame[0] = depth;
	return depth < 1 << 30 ? endless(depth + 1) + frame[0] : 0;
}

static void survives_an_overflow(void)
{
	install(SIGSEGV, SA_ONSTACK);
	if (sigsetjmp(back, 1) == 0)
		endless(0);
	expect(was_on_stack());
	signal(SIGSEGV, SIG_DFL);
}

static void refuses(void)
{
	stack_t small = {.ss_sp = &small, .ss_size = 100};

	expect_errno(sigaltstack(&small, NULL), ENOMEM);
	stack_t strange = {.ss_sp = &small, .ss_size = SIZE, .ss_flags = 77};
	expect_errno(sigaltstack(&strange, NULL), EINVAL);
}

static void disable(void)
{
	stack_t off = {.ss_flags = SS_DISABLE}, now;

	install(SIGUSR1, SA_ONSTACK);
	must(sigaltstack(&off, NULL));
	must(sigaltstack(NULL, &now));
	expect_equal(now.ss_flags, SS_DISABLE);
	must(raise(SIGUSR1));
	expect(!was_on_stack());
}

int main(void)
{
	run("sigstack-used", used_when_asked);
	run("sigstack-overflow", survives_an_overflow);
	run("sigstack-refused", refuses);
	run("sigstack-disabled", disable);
	return finish();
}
