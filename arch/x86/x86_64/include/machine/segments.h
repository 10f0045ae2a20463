/*
 * What an address space has of segments: nothing. Programs of 64 bits have flat ones, and bases
 * of %fs and %gs (machine/tls.h); the machine of 32 bits says what stands here.
 */
#pragma once

#include "lib/types.h"

struct arch_mm;
struct arch_thread;

struct space_segments {
};
struct thread_segments {
};

static inline int arch_mm_fork(struct arch_mm *child, const struct arch_mm *parent)
{
	return 0;
}
static inline void arch_thread_space(struct arch_thread *t, const struct arch_mm *mm)
{
}
