/*
 * Provoking faults and looking at the signal they become.
 */
#ifndef GUEST_FAULT_H
#define GUEST_FAULT_H

#include <signal.h>

enum access { READ, WRITE, EXECUTE };

struct fault {
	int signal; /* 0: the access went well */
	int code;   /* si_code */
	void *address;
};

/* Accesses one byte at @address and says what came of it. Not in two threads at once. */
struct fault touch(const void *address, enum access access);

/* The same with an expectation: @signal 0 means that it goes well. */
#define expect_fault(at, access, wanted_signal, wanted_code)                               \
	do {                                                                               \
		struct fault fault_ = touch(at, access);                                   \
		if (fault_.signal != (wanted_signal) || fault_.code != (wanted_code) ||    \
		    (fault_.signal && fault_.address != (at)))                             \
			fail("touching %s (%p): signal %d code %d at %p; not %d, %d", #at, \
			     (void *)(at), fault_.signal, fault_.code, fault_.address,     \
			     (wanted_signal), (wanted_code));                              \
	} while (0)

#define expect_no_fault(at, access) expect_fault(at, access, 0, 0)

#endif
