/*
 * Linux's error numbers, from the distribution's headers, and the few that stay
 * inside the kernel: a system call that was interrupted returns one of them and
 * the signal code turns it into EINTR or a restart.
 */
#pragma once

#include <asm/errno.h>

#define ERESTARTSYS           512 /* restart if SA_RESTART, else EINTR */
#define ERESTARTNOINTR        513 /* always restart */
#define ERESTARTNOHAND        514 /* restart only when no handler runs */
#define ENOIOCTLCMD           515 /* the driver does not know this ioctl */
#define ERESTART_RESTARTBLOCK 516 /* restart by restart_syscall(2) */
