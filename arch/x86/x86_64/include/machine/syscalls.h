/*
 * How this machine's programs call the kernel, where machines differ.
 */
#pragma once

#include <asm/unistd.h>

#define MACHINE_STAT           stat  /* what stat(2) fills */
#define MMAP_COUNTS_PAGES      false /* the unit of mmap's last argument */
#define CLONE_TLS_BEFORE_TID   false /* clone's fourth argument is the TLS, the fifth child_tid */
/* Does the call have times with seconds of 32 bits? */
#define call_time_is_32bit(nr) false
