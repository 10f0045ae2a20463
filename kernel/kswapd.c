/*
 * kswapd's threads start when there are CPUs to run them (mm/reclaim/kswapd.c).
 */
#include "kernel/initcall.h"
#include "mm/reclaim/reclaim.h"

INITCALL(INIT_EARLY, kswapd_run);
