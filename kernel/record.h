/*
 * The event stream recorded from boot on, when the kernel is started with `record`.
 */
#pragma once

/* Before frame_init(). */
void record_init(void);
