/*
 * What the signal code and the machine tell each other about a handler's frame.
 */
#pragma once

#include "lib/types.h"

struct signal_frame_info {
	int signo;
	const void *siginfo;    /* 128 bytes, the user's siginfo_t */
	unsigned long handler;  /* user address */
	unsigned long restorer; /* sa_restorer: where the handler returns to */
	unsigned long flags;    /* sa_flags */
	u64 oldmask;            /* blocked before, and again after; set by pop */
	/* Where the frame goes: the end of the alternate stack, or 0 for the stack in use. */
	unsigned long stack_end;
	/* The program's alternate stack as sigaltstack(2) would report it; set by pop. */
	unsigned long altstack_sp;
	unsigned long altstack_bytes;
	int altstack_flags;
};
