/*
 * System calls that are the machine's own: arch_prctl(2).
 */
#include "kernel/syscall.h"
#include "kernel/task.h"

SYSCALL2(arch_prctl, int, code, unsigned long, address)
{
	return arch_prctl(&current->thread, code, address);
}
