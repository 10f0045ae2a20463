/*
 * The interval tree: an AVL tree (Adelson-Velsky and Landis 1962) ordered by
 * start, in which every node knows the greatest end below it (Cormen et al.,
 * section 14.3).
 *
 *                 [30,45] max 90
 *                /              \
 *        [10,80] max 80       [50,60] max 90
 *              \                     \
 *            [20,25] max 25         [70,90] max 90
 *
 * Who overlaps [start, last]?  A subtree whose max is below `start` cannot; the
 * leftmost node whose end reaches `start` is found by going left wherever the left
 * max does; if that node begins after `last`, so does everything to its right.
 *
 * Two insertions with the same start keep their order of arrival.
 */
#include "lib/interval_tree.h"

static inline u32 height(const struct interval_node *node)
{
	return node ? node->height : 0;
}

/* Recompute what a node says about its subtree; true if anything changed. */
static bool update(struct interval_node *node)
{
	u32 h = max(height(node->left), height(node->right)) + 1;
	unsigned long m = node->last;
	bool changed;

	if (node->left)
		m = max(m, node->left->max);
	if (node->right)
		m = max(m, node->right->max);
	changed = node->height != h || node->max != m;
	node->height = h;
	node->max = m;
	return changed;
}

static void replace_child(struct interval_tree *tree, struct interval_node *parent,
			  struct interval_node *old, struct interval_node *new)
{
	if (!parent)
		tree->root = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
	if (new)
		new->parent = parent;
}

/* Lift node's left (right) child above it. Returns the child, now the subtree's top. */
static struct interval_node *lift(struct interval_tree *tree, struct interval_node *node, bool left)
{
	struct interval_node *riser = left ? node->left : node->right;
	struct interval_node *between = left ? riser->right : riser->left;

	replace_child(tree, node->parent, node, riser);
	if (left) {
		node->left = between;
		riser->right = node;
	} else {
		node->right = between;
		riser->left = node;
	}
	if (between)
		between->parent = node;
	node->parent = riser;
	update(node);
	update(riser);
	return riser;
}

/* From `node` upwards set right heights and ends and lean nowhere by more than one. */
static void rebalance(struct interval_tree *tree, struct interval_node *node)
{
	while (node) {
		u32 left = height(node->left);
		u32 right = height(node->right);
		bool changed = update(node);

		if (left > right + 1) {
			if (height(node->left->left) < height(node->left->right))
				lift(tree, node->left, false);
			node = lift(tree, node, true);
		} else if (right > left + 1) {
			if (height(node->right->right) < height(node->right->left))
				lift(tree, node->right, true);
			node = lift(tree, node, false);
		} else if (!changed) {
			return;
		}
		node = node->parent;
	}
}

void interval_insert(struct interval_tree *tree, struct interval_node *node)
{
	struct interval_node *parent = NULL;
	struct interval_node **place = &tree->root;

	while (*place) {
		parent = *place;
		place = node->start < parent->start ? &parent->left : &parent->right;
	}
	node->parent = parent;
	node->left = node->right = NULL;
	node->height = 1;
	node->max = node->last;
	*place = node;
	rebalance(tree, parent);
}

void interval_remove(struct interval_tree *tree, struct interval_node *node)
{
	struct interval_node *next = node->right;
	struct interval_node *from; /* the lowest node whose subtree changes */

	if (node->left && next) {
		/* The next node has no left child: it moves into node's place. */

		while (next->left)
			next = next->left;
		from = next->parent == node ? next : next->parent;
		replace_child(tree, next->parent, next, next->right);
		next->left = node->left;
		next->left->parent = next;
		next->right = node->right;
		if (next->right)
			next->right->parent = next;
		next->height = node->height; /* what the nodes above reckon with */
		next->max = node->max;
		replace_child(tree, node->parent, node, next);
		rebalance(tree, from);
		rebalance(tree, next);
	} else {
		from = node->parent;
		replace_child(tree, from, node, node->left ? node->left : next);
		rebalance(tree, from);
	}
}

/* The leftmost node of the subtree whose end reaches `start`; there is one. */
static struct interval_node *leftmost(struct interval_node *node, unsigned long start)
{
	for (;;) {
		if (node->left && node->left->max >= start)
			node = node->left;
		else if (node->last >= start)
			return node;
		else
			node = node->right;
	}
}

static struct interval_node *unless_after(struct interval_node *node, unsigned long last)
{
	return node->start <= last ? node : NULL;
}

struct interval_node *interval_first(struct interval_tree *tree, unsigned long start,
				     unsigned long last)
{
	if (!tree->root || tree->root->max < start)
		return NULL;
	return unless_after(leftmost(tree->root, start), last);
}

struct interval_node *interval_next(struct interval_node *node, unsigned long start,
				    unsigned long last)
{
	struct interval_node *parent;

	for (;;) {
		if (node->right && node->right->max >= start)
			return unless_after(leftmost(node->right, start), last);
		while ((parent = node->parent) && parent->right == node)
			node = parent;
		if (!parent)
			return NULL;
		node = parent;
		if (node->last >= start)
			return unless_after(node, last);
	}
}
