/*
 * Red-black trees (Guibas and Sedgewick 1978; Cormen et al., chapter 13).
 *
 * No red node has a red child, and every way from the root down to a missing
 * child passes the same number of black nodes; so the longest way is at most
 * twice the shortest.
 *
 * Every repair has a mirror image.  It is written once, with the side (left or
 * right) as a value: child(node, side) is the link on that side.
 */
#include "lib/rbtree.h"

enum side { LEFT, RIGHT };

static inline struct rb_node **child(struct rb_node *node, enum side side)
{
	return side == LEFT ? &node->left : &node->right;
}

static inline enum side side_of(const struct rb_node *parent, const struct rb_node *node)
{
	return parent->left == node ? LEFT : RIGHT;
}

static inline bool is_red(const struct rb_node *node)
{
	return node && node->red;
}

/* Whatever pointed to `old` (its parent or the root) points to `new`. */
static void replace_child(struct rb_root *root, struct rb_node *parent, struct rb_node *old,
			  struct rb_node *new)
{
	if (!parent)
		root->node = new;
	else
		*child(parent, side_of(parent, old)) = new;
	if (new)
		new->parent = parent;
}

/* Turn the edge between `node` and its child on the other side: node sinks towards `side`. */
static void rotate(struct rb_root *root, struct rb_node *node, enum side side)
{
	struct rb_node *riser = *child(node, !side);
	struct rb_node *between = *child(riser, side);

	replace_child(root, node->parent, node, riser);
	*child(node, !side) = between;
	if (between)
		between->parent = node;
	*child(riser, side) = node;
	node->parent = riser;
}

/*
 * The new node is red; if its parent is red too, either the uncle is red and the
 * redness is pushed up to the grandparent, or at most two rotations settle it.
 */
void rb_insert_balance(struct rb_root *root, struct rb_node *node)
{
	while (is_red(node->parent)) {
		struct rb_node *parent = node->parent;
		struct rb_node *grand = parent->parent; /* exists: the root is black */
		enum side side = side_of(grand, parent);
		struct rb_node *uncle = *child(grand, !side);

		if (is_red(uncle)) {
			parent->red = uncle->red = false;
			grand->red = true;
			node = grand;
			continue;
		}
		if (side_of(parent, node) != side) {
			rotate(root, parent, side);
			parent = node;
		}
		parent->red = false;
		grand->red = true;
		rotate(root, grand, !side);
		break;
	}
	root->node->red = false;
}

/*
 * Ways through `parent`'s child on `side` are one black node short.  Borrow it
 * from the sibling's half, or make that half short too and go up.
 */
static void erase_balance(struct rb_root *root, struct rb_node *parent, enum side side)
{
	for (;;) {
		struct rb_node *sibling = *child(parent, !side);
		struct rb_node *near, *far;

		if (sibling->red) { /* then it has black children: one of them takes its place */
			sibling->red = false;
			parent->red = true;
			rotate(root, parent, side);
			sibling = *child(parent, !side);
		}
		near = *child(sibling, side);
		far = *child(sibling, !side);
		if (is_red(far) || is_red(near)) {
			if (!is_red(far)) {
				near->red = false;
				sibling->red = true;
				rotate(root, sibling, !side);
				far = sibling;
				sibling = near;
			}
			sibling->red = parent->red;
			parent->red = far->red = false;
			rotate(root, parent, side);
			return;
		}
		sibling->red = true;
		if (parent->red || !parent->parent) {
			parent->red = false;
			return;
		}
		side = side_of(parent->parent, parent);
		parent = parent->parent;
	}
}

void rb_erase(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *parent, *only;
	enum side side;
	bool was_red;

	if (node->left && node->right) {
		/* The next node has no left child: take it out, then put it in node's place. */
		struct rb_node *next = node->right;

		while (next->left)
			next = next->left;
		was_red = next->red;
		only = next->right;
		if (next == node->right) {
			parent = next;
			side = RIGHT;
		} else {
			parent = next->parent;
			side = LEFT;
			parent->left = only;
			if (only)
				only->parent = parent;
			next->right = node->right;
			next->right->parent = next;
		}
		next->left = node->left;
		next->left->parent = next;
		next->red = node->red;
		replace_child(root, node->parent, node, next);
	} else {
		was_red = node->red;
		only = node->left ? node->left : node->right;
		parent = node->parent;
		side = parent ? side_of(parent, node) : LEFT;
		replace_child(root, parent, node, only);
	}
	if (was_red)
		return;
	if (only) /* an only child is red and has no children */
		only->red = false;
	else if (parent)
		erase_balance(root, parent, side);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->left)
		node = node->left;
	return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *parent;

	if (node->right) {
		struct rb_node *next = node->right;

		while (next->left)
			next = next->left;
		return next;
	}
	while ((parent = node->parent) && parent->right == node)
		node = parent;
	return parent;
}
