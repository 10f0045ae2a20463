/*
 * The red-black tree and the interval tree against plain arrays, with random
 * insertions and removals, checking the shape after every step.
 */
#include "harness.h"
#include "lib/interval_tree.h"
#include "lib/rbtree.h"
#include <stdlib.h>

#define N 300

/* --- red-black --- */
struct item {
	struct rb_node node;
	u64 key;
	bool in;
};

/* Black height; fails the test when a rule is broken. */
static int check_rb(const struct rb_node *node, const struct rb_node *parent)
{
	int left, right;

	if (!node)
		return 0;
	assert_ptr_equal(node->parent, parent);
	if (node->red) {
		assert_non_null(parent);
		assert_false(parent->red);
	}
	left = check_rb(node->left, node);
	right = check_rb(node->right, node);
	assert_int_equal(left, right);
	return left + !node->red;
}

static void rb_add(struct rb_root *root, struct item *item)
{
	struct rb_node **place = &root->node, *parent = NULL;

	while (*place) {
		parent = *place;
		place = item->key < rb_entry(parent, struct item, node)->key ? &parent->left
									     : &parent->right;
	}
	rb_link(&item->node, parent, place);
	rb_insert_balance(root, &item->node);
}

static void rbtree_against_model(void **state)
{
	static struct item items[N];
	struct random random = {test_seed()};
	struct rb_root root = {NULL};

	for (int step = 0; step < 5000; step++) {
		struct item *item = &items[random_below(&random, N)];
		unsigned in_tree = 0, in_model = 0;
		u64 last = 0;

		if (item->in) {
			rb_erase(&root, &item->node);
		} else {
			item->key = random_below(&random, 1000);
			rb_add(&root, item);
		}
		item->in = !item->in;
		check_rb(root.node, NULL);
		for (struct rb_node *n = rb_first(&root); n; n = rb_next(n)) {
			struct item *at = rb_entry(n, struct item, node);

			assert_true(at->in && at->key >= last);
			last = at->key;
			in_tree++;
		}
		for (int i = 0; i < N; i++)
			in_model += items[i].in;
		assert_int_equal(in_tree, in_model);
	}
}

static void rbtree_sorted_insertions(void **state)
{
	static struct item items[N];
	struct rb_root root = {NULL};

	for (int i = 0; i < N; i++) {
		items[i].key = i;
		rb_add(&root, &items[i]);
		check_rb(root.node, NULL);
	}
	for (int i = 0; i < N; i++) {
		assert_ptr_equal(rb_first(&root), &items[i].node);
		rb_erase(&root, &items[i].node);
		check_rb(root.node, NULL);
	}
	assert_null(root.node);
}

/* --- intervals --- */
struct interval {
	struct interval_node node;
	bool in;
};

static u32 check_interval(const struct interval_node *node, const struct interval_node *parent)
{
	unsigned long end;
	u32 left, right;

	if (!node)
		return 0;
	assert_ptr_equal(node->parent, parent);
	left = check_interval(node->left, node);
	right = check_interval(node->right, node);
	assert_true(left <= right + 1 && right <= left + 1);
	assert_int_equal(node->height, max(left, right) + 1);
	end = node->last;
	if (node->left)
		end = max(end, node->left->max);
	if (node->right)
		end = max(end, node->right->max);
	assert_int_equal(node->max, end);
	return node->height;
}

static void intervals_against_model(void **state)
{
	static struct interval items[N];
	struct random random = {test_seed()};
	struct interval_tree tree = {NULL};

	for (int step = 0; step < 5000; step++) {
		struct interval *item = &items[random_below(&random, N)];
		unsigned long start = random_below(&random, 1000);
		unsigned long last = start + random_below(&random, 50);
		unsigned long before = 0;
		unsigned hits = 0, expected = 0;
		struct interval_node *n;

		if (item->in) {
			interval_remove(&tree, &item->node);
		} else {
			item->node.start = random_below(&random, 1000);
			item->node.last = item->node.start + random_below(&random, 100);
			interval_insert(&tree, &item->node);
		}
		item->in = !item->in;
		check_interval(tree.root, NULL);

		interval_for_each(n, &tree, start, last)
		{
			assert_true(container_of(n, struct interval, node)->in);
			assert_true(n->start <= last && n->last >= start);
			assert_true(n->start >= before);
			before = n->start;
			hits++;
		}
		for (int i = 0; i < N; i++)
			expected += items[i].in && items[i].node.start <= last &&
				    items[i].node.last >= start;
		assert_int_equal(hits, expected);
	}
}

static void intervals_at_the_edges(void **state)
{
	struct interval_tree tree = {NULL};
	struct interval_node all = {.start = 0, .last = ~0UL}, top = {.start = ~0UL, .last = ~0UL};

	assert_null(interval_first(&tree, 0, ~0UL));
	interval_insert(&tree, &top);
	interval_insert(&tree, &all);
	assert_ptr_equal(interval_first(&tree, 5, 5), &all);
	assert_null(interval_next(&all, 5, 5));
	assert_ptr_equal(interval_next(&all, ~0UL, ~0UL), &top);
	interval_remove(&tree, &all);
	assert_null(interval_first(&tree, 0, ~0UL - 1));
	interval_remove(&tree, &top);
	assert_null(tree.root);
}

static void equal_starts_keep_their_order(void **state)
{
	struct interval_node nodes[20];
	struct interval_tree tree = {NULL};
	struct interval_node *n;
	int i = 0;

	for (int k = 0; k < 20; k++) {
		nodes[k] = (struct interval_node){.start = 7, .last = 8};
		interval_insert(&tree, &nodes[k]);
	}
	interval_for_each(n, &tree, 8, 8) assert_ptr_equal(n, &nodes[i++]);
	assert_int_equal(i, 20);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(rbtree_against_model),          cmocka_unit_test(rbtree_sorted_insertions),
	cmocka_unit_test(intervals_against_model),       cmocka_unit_test(intervals_at_the_edges),
	cmocka_unit_test(equal_starts_keep_their_order),
};
HOST_TESTS(tests)
