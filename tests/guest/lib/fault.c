/*
 * Faults (fault.h): handlers for SIGSEGV and SIGBUS note the siginfo and leave by
 * siglongjmp.
 */
#include <setjmp.h>
#include <string.h>

#include "fault.h"

static sigjmp_buf back;
static struct fault seen;

static void note(int number, siginfo_t *info, void *context)
{
	(void)context;
	seen = (struct fault){number, info->si_code, info->si_addr};
	siglongjmp(back, 1);
}

struct fault touch(const void *address, enum access access)
{
	struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO}, old[2];
	volatile char *byte = (volatile char *)address;

	sigaction(SIGSEGV, &action, &old[0]);
	sigaction(SIGBUS, &action, &old[1]);
	memset(&seen, 0, sizeof(seen));
	if (sigsetjmp(back, 1) == 0) {
		switch (access) {
		case READ: (void)*byte; break;
		case WRITE: __atomic_fetch_or(byte, 0, __ATOMIC_RELAXED); break;
		case EXECUTE: ((void (*)(void))address)(); break;
		}
	}
	sigaction(SIGSEGV, &old[0], NULL);
	sigaction(SIGBUS, &old[1], NULL);
	return seen;
}
