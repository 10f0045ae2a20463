/*
 * Is the index of areas well formed? The invariants of vma_tree.c, one by one.
 */
#include "lib/printk.h"
#include "mm/space/vma_tree.h"

static unsigned violation(const struct vma_node *node, unsigned i, const char *what)
{
	pr_err("vma_tree: node %p level %u entry %u of %u: %s\n", (const void *)node, node->level,
	       i, node->n, what);
	return 1;
}

static unsigned check_node(const struct vma_node *node, u32 level, unsigned *vmas,
			   unsigned long *greatest)
{
	unsigned bad = 0;
	unsigned long gap = 0;

	if (node->level != level || node->n == 0 || node->n > VMA_NODE_ENTRIES)
		return violation(node, 0, "level or count");
	for (unsigned i = 0; i < VMA_NODE_ENTRIES; i++) {
		unsigned long inner = 0;

		if (i >= node->n) {
			if (node->end[i] != ~0UL || node->slot[i])
				bad += violation(node, i, "unused entry not empty");
			continue;
		}
		if (i > 0) {
			const unsigned long start =
				level ? node->start[i]
				      : ((struct vm_area_struct *)node->slot[i])->vm_start;

			if (!level && start < node->end[i - 1])
				bad += violation(node, i, "overlaps the one before");
			if (node->end[i] <= node->end[i - 1])
				bad += violation(node, i, "out of order");
			gap = max(gap, vma_gap_below(node, i));
		}
		if (level > 0) {
			const struct vma_node *child = node->slot[i];

			bad += check_node(child, level - 1, vmas, &inner);
			if (i > 0 && ((struct vma_node *)node->slot[i - 1])->n + child->n < 8)
				bad += violation(node, i, "two small nodes side by side");
			if (child->start[0] != node->start[i] ||
			    child->end[child->n - 1] != node->end[i])
				bad += violation(node, i, "range differs from the child's");
			if (child->gap < inner || node->gap < child->gap)
				bad += violation(node, i, "gap bound too low");
			gap = max(gap, inner);
		} else {
			const struct vm_area_struct *vma = node->slot[i];

			(*vmas)++;
			if (vma->vm_end != node->end[i] ||
			    vma_guarded_start(vma, vma->vm_start) != node->start[i])
				bad += violation(node, i, "range differs from the VMA's");
		}
	}
	if (node->gap < gap)
		bad += violation(node, 0, "gap bound too low");
	*greatest = gap;
	return bad;
}

unsigned vma_tree_check(const struct vma_tree *tree)
{
	unsigned vmas = 0, bad = 0;
	unsigned long gap;

	if (tree->seq & 1)
		bad += violation(tree->root, 0, "a change has not ended");
	if (tree->height && (!tree->root || tree->height > VMA_TREE_HEIGHT))
		bad++;
	if (tree->root)
		bad += check_node(tree->root, tree->height - 1, &vmas, &gap);
	if (vmas != tree->count) {
		pr_err("vma_tree: %u areas found, %u counted\n", vmas, tree->count);
		bad++;
	}
	return bad;
}
