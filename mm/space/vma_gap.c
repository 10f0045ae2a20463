/*
 * Where is room?  The search for gaps in the index of areas (vma_tree.c has the theory of the
 * bounds that make it quick).
 *
 * A search goes over the entries of a node from the side it prefers and looks between
 * neighbours, and into a child where the bound says that a gap may be. If it comes back
 * empty-handed it has seen every gap of the node, and the bound becomes what it saw.
 */
#include "mm/space/vma_tree.h"

static bool fits(unsigned long from, unsigned long to, unsigned long len)
{
	return from < to && to - from >= len;
}

/* The highest fit between the entries of a node's subtree, or 0. */
static unsigned long highest_fit(struct vma_node *node, unsigned long len, unsigned long low,
				 unsigned long high)
{
	unsigned long seen = 0;

	for (unsigned i = node->n; i-- > 0;) {
		if (i + 1 < node->n) {
			const unsigned long from = max(node->end[i], low);
			const unsigned long to = min(node->start[i + 1], high);

			if (unlikely(fits(from, to, len)))
				return to - len;
			seen = max(seen, vma_gap_below(node, i + 1));
		}
		if (node->level > 0) {
			struct vma_node *child = node->slot[i];

			if (child->gap >= len && node->start[i] < high) {
				const unsigned long at = highest_fit(child, len, low, high);

				if (at)
					return at;
			}
			seen = max(seen, child->gap);
		}
		/* Nothing below counts? (A guarded start may lie below the end before it.) */
		if (i > 0 && node->start[i] <= low && node->end[i - 1] <= low)
			return 0; /* `seen` is not all there is */
	}
	node->gap = seen;
	return 0;
}

static unsigned long lowest_fit(struct vma_node *node, unsigned long len, unsigned long low,
				unsigned long high)
{
	unsigned long seen = 0;

	for (unsigned i = 0; i < node->n; i++) {
		if (i > 0) {
			const unsigned long from = max(node->end[i - 1], low);
			const unsigned long to = min(node->start[i], high);

			if (unlikely(fits(from, to, len)))
				return from;
			seen = max(seen, vma_gap_below(node, i));
		}
		if (node->level > 0) {
			struct vma_node *child = node->slot[i];

			if (child->gap >= len && node->end[i] > low) {
				const unsigned long at = lowest_fit(child, len, low, high);

				if (at)
					return at;
			}
			seen = max(seen, child->gap);
		}
		if (node->end[i] >= high)
			return 0;
	}
	node->gap = seen;
	return 0;
}

unsigned long vma_tree_gap_top_down(struct vma_tree *tree, unsigned long len, unsigned long low,
				    unsigned long high)
{
	struct vma_node *root = tree->root;
	unsigned long at;

	ASSERT(len && low);
	if (root) {
		if (fits(max(root->end[root->n - 1], low), high, len))
			return high - len;
		at = root->gap >= len ? highest_fit(root, len, low, high) : 0;
		if (at)
			return at;
		high = min(high, root->start[0]);
	}
	return fits(low, high, len) ? high - len : -ENOMEM;
}

unsigned long vma_tree_gap_bottom_up(struct vma_tree *tree, unsigned long len, unsigned long low,
				     unsigned long high)
{
	struct vma_node *root = tree->root;
	unsigned long at;

	ASSERT(len && low);
	if (root) {
		if (fits(low, min(root->start[0], high), len))
			return low;
		at = root->gap >= len ? lowest_fit(root, len, low, high) : 0;
		if (at)
			return at;
		low = max(low, root->end[root->n - 1]);
	}
	return fits(low, high, len) ? low : -ENOMEM;
}
