/*
 * kswapd's threads start when there are CPUs to run them (mm/reclaim/kswapd.c); which pages
 * they take is said on the command line.
 */
#include "kernel/initcall.h"
#include "lib/printk.h"
#include "mm/reclaim/reclaim.h"

static void choose_policy(const char *name)
{
	if (reclaim_choose_policy(name))
		pr_info("reclaim: policy %s\n", name);
	else
		pr_err("reclaim_policy=%s: there is no such policy\n", name);
}

BOOT_PARAM("reclaim_policy", choose_policy);
INITCALL(INIT_EARLY, kswapd_run);
