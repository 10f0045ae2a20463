/*
 * Where assembly that serves both word sizes differs.
 */
#pragma once

#define PERCPU_SEGMENT     "%%gs" /* whose base is this CPU's distance from the per-CPU template */
/* Saved by switch_stacks() below the frame pointer and the return address. */
#define SWITCH_FRAME_BYTES (5 * sizeof(long))
#define FPU_WORD           "64" /* FXSAVE and XSAVE with addresses of this size */
