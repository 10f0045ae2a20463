/*
 * What a file with system calls needs: how they register (lib/syscall.h), and the
 * program's memory.
 */
#pragma once

#include "lib/errno.h"
#include "lib/syscall.h"
#include "machine/uaccess.h"
