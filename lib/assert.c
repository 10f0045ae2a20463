/*
 * Warnings: something is wrong that the machine survives.  Each place speaks once,
 * so that a warning in a loop does not drown the log; all are counted.
 */
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/printk.h"

#define PLACES 64

unsigned warn_count;

/* Places that have spoken. A slot is claimed once, by its number, and never given back. */
static struct {
	const char *file;
	int line;
} spoken[PLACES];
static unsigned nr_spoken;

__attribute__((weak)) void dump_stack(void)
{
}

void warn_at(const char *file, int line, const char *what)
{
	unsigned n, slot;

	fetch_add(&warn_count, 1);
	n = min(READ_ONCE(nr_spoken), (unsigned)PLACES);
	for (unsigned i = 0; i < n; i++)
		if (READ_ONCE(spoken[i].line) == line && READ_ONCE(spoken[i].file) == file)
			return;
	slot = fetch_add(&nr_spoken, 1);
	if (slot >= PLACES) /* two CPUs may have passed the test above: harmless */
		return;
	WRITE_ONCE(spoken[slot].file, file);
	WRITE_ONCE(spoken[slot].line, line);
	printk(KERN_WARNING "WARNING at %s:%d: %s\n", file, line, what);
	dump_stack();
}
