/*
 * Kernel stacks, and windows onto pages.
 *
 * A stack is a range of its own, so that running over its end hits the unmapped page
 * below it and traps, instead of writing over what lies there.  Making one costs several
 * allocations and freeing one a TLB flush sooner or later, while tasks come and go all
 * the time: each CPU keeps a few stacks of finished tasks for the next ones, mapped as
 * they are.
 */
#include "mm/kva/kva_int.h"

#include "mm/frame/vmstat.h"

#define SPARE_STACKS 4U

struct stack_cache {
	u32 count;
	void *stack[SPARE_STACKS];
};
static DEFINE_PER_CPU(struct stack_cache, stack_cache); /* this CPU only */

/* Stacks in use count where their first page lies. */
static inline void count_stack(struct pglist_data *node, int sign)
{
	mod_node_stat(node, NR_KERNEL_STACK_KB, sign * (long)(KERNEL_STACK_SIZE / 1024));
}

/* Spare stacks are of this node. */
static inline struct pglist_data *this_node(void)
{
	return node_data[cpu_to_node(cpu_id())];
}

void *alloc_kernel_stack(int nid)
{
	struct stack_cache *cache = &this_cpu(stack_cache);
	void *stack;

	if (likely(cache->count) &&
	    (nr_nodes == 1 || nid == NUMA_NO_NODE || nid == cpu_to_node(cpu_id()))) {
		count_stack(this_node(), 1);
		return cache->stack[--cache->count];
	}
	stack = kva_new(&kva_regions[REGION_VMALLOC], KERNEL_STACK_SIZE / PAGE_SIZE, GFP_KERNEL,
			nid, "stack", __builtin_return_address(0));
	if (stack)
		count_stack(page_node(vmalloc_to_page(stack)), 1);
	return stack;
}

void free_kernel_stack(void *stack)
{
	struct stack_cache *cache = &this_cpu(stack_cache);
	struct pglist_data *node;

	if (!stack)
		return;
	node = nr_nodes == 1 ? node_data[0] : page_node(vmalloc_to_page(stack));
	count_stack(node, -1);
	if (likely(cache->count < SPARE_STACKS) && node == this_node())
		cache->stack[cache->count++] = stack;
	else
		kva_release(stack);
}

/* Give this CPU's spare stacks back: pages freed. */
unsigned long kva_drain_stacks(void)
{
	struct stack_cache *cache = &this_cpu(stack_cache);
	unsigned long pages = 0;

	while (cache->count) {
		kva_release(cache->stack[--cache->count]);
		pages += KERNEL_STACK_SIZE / PAGE_SIZE;
	}
	return pages;
}
