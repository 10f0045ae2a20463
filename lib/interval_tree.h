/*
 * Intervals [start, last] of unsigned long in a balanced tree, for "who overlaps
 * this range": reverse mappings ask it which VMAs cover a page of a file or of an
 * anonymous family.  Intervals may overlap and repeat.  O(log n) insert and
 * remove, O(log n + hits) search; no allocation; the caller locks.
 */
#pragma once

#include "lib/types.h"

struct interval_node {
	struct interval_node *parent, *left, *right;
	unsigned long start; /* first value covered */
	unsigned long last;  /* last value covered, inclusive */
	unsigned long max;   /* greatest `last` in this subtree */
	u32 height;          /* of this subtree, for the balance */
};

struct interval_tree {
	struct interval_node *root;
};

void interval_insert(struct interval_tree *tree, struct interval_node *node);
void interval_remove(struct interval_tree *tree, struct interval_node *node);
/* The first node in order of start that overlaps [start, last], then the following ones. */
struct interval_node *interval_first(struct interval_tree *tree, unsigned long start,
				     unsigned long last);
struct interval_node *interval_next(struct interval_node *node, unsigned long start,
				    unsigned long last);

#define interval_for_each(node, tree, start, last)           \
	for (node = interval_first(tree, start, last); node; \
	     node = interval_next(node, start, last))
