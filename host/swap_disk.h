/*
 * Disks for --swap: files without a name, as long as was asked for, with the header of a swap area. Under
 * --icount there are none: runs repeat only with disks that the machine itself has in memory (drivers/ram_disk.c).
 */
#ifndef PAGODA_SWAP_DISK_H
#define PAGODA_SWAP_DISK_H

#include <stdbool.h>
#include "options.h"

static inline bool swap_in_memory(const struct run_options *options)
{
	return options->icount;
}

/* A descriptor (close-on-exec) for each --swap, in order; free() the array. NULL: none. Dies with EXIT_MACHINE. */
int *swap_disks_make(const struct run_options *options);

#endif
