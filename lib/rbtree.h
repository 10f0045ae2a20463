/*
 * A balanced binary search tree threaded through the objects.  The caller
 * compares: descend from root->node, then rb_link() at the place found and
 * rb_insert_balance().  O(log n), no allocation; the caller locks.
 */
#pragma once

#include "lib/types.h"

struct rb_node {
	struct rb_node *parent, *left, *right;
	bool red;
};

struct rb_root {
	struct rb_node *node;
};

static inline void rb_link(struct rb_node *node, struct rb_node *parent, struct rb_node **place)
{
	node->parent = parent;
	node->left = node->right = NULL;
	node->red = true;
	*place = node;
}

void rb_insert_balance(struct rb_root *root, struct rb_node *node);
void rb_erase(struct rb_root *root, struct rb_node *node);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);

#define rb_entry(ptr, type, field) container_of(ptr, type, field)
