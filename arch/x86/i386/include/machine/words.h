/*
 * Where assembly that serves both word sizes differs.
 */
#pragma once

#define PERCPU_SEGMENT     "%%fs" /* whose base is this CPU's distance from the per-CPU template */
/* Saved by switch_stacks() below the frame pointer and the return address. */
#define SWITCH_FRAME_BYTES (3 * sizeof(long))
#define FPU_WORD           "" /* FXSAVE and XSAVE with addresses of this size */
