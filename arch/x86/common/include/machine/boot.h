/*
 * What the boot loader handed over: the command line and the initial RAM disk.
 * Valid before start_kernel(); constant afterwards.
 */
#pragma once

#include "lib/types.h"

#define COMMAND_LINE_SIZE 2048

extern char boot_command_line[COMMAND_LINE_SIZE];

/* The initrd, reserved in early memory; bytes is 0 when there is none. Read it by phys_to_virt(). */
extern phys_addr_t initrd_start;
extern u64 initrd_bytes;

/*
 * Memory that a process of the host sees, too, if the machine has so much of it: mapped, cached; NULL.
 * Before frame_init().
 */
void *machine_shared_memory(size_t bytes);

/*
 * Look for `name` or `name=value` on the command line (the last one counts; a word "--" ends
 * the search). True if it is there; then up to size-1 bytes of the value are copied, with a NUL
 * (empty for a bare name). `value` may be NULL. Double quotes keep blanks together.
 */
bool boot_option(const char *name, char *value, size_t size);
/* The n-th occurrence (from 0) of an option that may be repeated ("console="). */
bool boot_option_nth(const char *name, unsigned n, char *value, size_t size);
