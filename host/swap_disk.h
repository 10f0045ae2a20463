/*
 * Disks for --swap: files without a name, as long as was asked for, with the header of a swap area.
 */
#ifndef PAGODA_SWAP_DISK_H
#define PAGODA_SWAP_DISK_H

#include "options.h"

/* A descriptor (close-on-exec) for each --swap, in order; free() the array. Dies with EXIT_MACHINE. */
int *swap_disks_make(const struct run_options *options);

#endif
