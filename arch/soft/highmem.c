/*
 * Windows onto HIGHMEM (machine/highmem.h).
 *
 *     KMAP_BASE  | frame 0xe0001 | traps | traps | frame 0xe0777 | traps ...
 *                                                                ^ next
 *
 * All CPUs share the places, since the host's mapping is every thread's: so a window goes along
 * when its holder sleeps and wakes up elsewhere.
 */
#include "machine/page.h"
#if MACHINE_HAS_HIGHMEM
#include "machine/highmem.h"

#include "lib/assert.h"
#include "soft_int.h"
#include <pthread.h>

#define WINDOWS 256U

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool open[WINDOWS]; /* (lock) */
static unsigned next;      /* (lock) where to look first */

static unsigned take_place(void)
{
	for (unsigned tried = 0; tried < WINDOWS; tried++) {
		unsigned place = next++ % WINDOWS;

		if (!open[place]) {
			open[place] = true;
			return place;
		}
	}
	panic("soft: more than %u windows are open", WINDOWS);
}

void *soft_open_window(pfn_t pfn)
{
	unsigned long va;

	pthread_mutex_lock(&lock);
	va = KMAP_BASE + take_place() * PAGE_SIZE;
	ram_map_alias(va, pfn, true);
	pthread_mutex_unlock(&lock);
	return (void *)va;
}

void soft_close_window(const void *window)
{
	unsigned long va = ALIGN_DOWN((unsigned long)window, PAGE_SIZE);
	unsigned place = (va - KMAP_BASE) >> PAGE_SHIFT;

	pthread_mutex_lock(&lock);
	BUG_ON(place >= WINDOWS || !open[place]);
	ram_unmap_alias(va, PAGE_SIZE);
	open[place] = false;
	pthread_mutex_unlock(&lock);
}
#endif
