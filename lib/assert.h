/*
 * Asserts as specification.  ASSERT() states what a correct kernel guarantees to
 * itself and is compiled out of release builds; BUG_ON() stays, for the few
 * places where going on would destroy data.  Neither is for bad input, and
 * neither for a failed allocation.
 */
#pragma once

#include "lib/types.h"

/* Print the message with file and line, then panic (abort on the host). */
void __noreturn __cold panic(const char *fmt, ...) __printf(1, 2);

/* Print the message and a backtrace once per place; the machine goes on. */
void __cold warn_at(const char *file, int line, const char *what);

/* The machine's: log what called what down to here; a machine without it prints nothing. */
void dump_stack(void);

/* How many warnings there have been since boot: tests require zero. */
extern unsigned warn_count;

#define BUG_ON(cond)                                                          \
	do {                                                                  \
		if (unlikely(cond))                                           \
			panic("BUG at %s:%d: %s", __FILE__, __LINE__, #cond); \
	} while (0)

#define WARN_ON(cond)                                       \
	({                                                  \
		bool warn_cond = !!(cond);                  \
		if (unlikely(warn_cond))                    \
			warn_at(__FILE__, __LINE__, #cond); \
		warn_cond;                                  \
	})

#ifdef PAGODA_DEBUG
#define ASSERT(cond) BUG_ON(!(cond))
#else
#define ASSERT(cond) ((void)sizeof(!(cond)))
#endif
