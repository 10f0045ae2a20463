/*
 * Thread-local storage between thread.c, tls.c and signal_frame.c.
 */
#pragma once

#include "lib/types.h"
#include "machine/tls.h"

struct user_desc;

/*
 * Set one of the three descriptors as set_thread_area(2) does; `choose`: entry number -1 means a
 * free one, which is told. 0, -EINVAL, -ESRCH (none is free) or -EFAULT.
 */
int tls_set(struct arch_tls *tls, struct user_desc __user *user, bool choose);

/* The program's %gs, which the kernel leaves in the register; a bad selector becomes the null one. */
u16 thread_gs(void);
void load_gs(u16 gs);
