/*
 * What a file with system calls needs: how they register (lib/syscall.h), and the
 * program's memory.
 */
#pragma once

#include "lib/errno.h"
#include "lib/syscall.h"
#include "machine/uaccess.h"

#define NR_SYSCALLS 512
extern syscall_fn syscall_table[NR_SYSCALLS]; /* by number; complete before the first program */
