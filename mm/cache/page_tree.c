/*
 * The index of a file's pages: a radix tree of 64-way nodes.
 *
 * The problem: find the page for an offset in a few steps without a lock, for
 * files of one page (most of them) and of 2^35 pages, dense or full of holes.
 *
 *     root --> NULL                     an empty file
 *          --> page                     only index 0: no node at all
 *          --> node|1  shift 6          up to 4096 pages
 *                slot[index >> 6 & 63] --> node  shift 0
 *                                            slot[index & 63] --> page
 *
 * A node knows its shift, so a reader that meets an older or newer root still
 * walks a consistent tree: height and pointer are one word.  The tree grows by a
 * new root above the old one and shrinks when a node empties.
 *
 * Readers take no lock.  A slot is written with release and read with acquire; an
 * emptied node is freed by epoch, so a reader may look into it and find nothing.
 * A page found may be on its way out: the caller takes a reference unless the
 * count is zero, then looks again whether it is still the one (cache.c).
 *
 * A page can be marked (dirty, being written): a bit for its slot in the leaf, and in each node above one
 * for the slot that leads there, so that those marked are found without looking at the others.
 *
 * Writers hold the mapping's tree_lock.  Allocation cannot happen under it, so an
 * insertion that lacks a node says so and the caller brings one.
 */
#include "mm/cache/page_tree.h"

#include "mm/slab/slab.h"

static struct kmem_cache *node_cache;

static void *node_root(struct tree_node *node)
{
	return (void *)((unsigned long)node | 1);
}

static unsigned slot_of(const struct tree_node *node, u64 index)
{
	return index >> node->shift & TREE_NODE_MASK;
}

struct page *const *page_tree_leaf(const struct page_tree *tree, u64 index, u64 *n)
{
	struct tree_node *node = page_tree_node(load_acquire(&tree->root));

	*n = ~0ULL; /* to the end of all files */
	if (!node || page_tree_beyond(node, index))
		return NULL;
	while (node->shift > 0) {
		struct tree_node *below = load_acquire(&node->slot[slot_of(node, index)]);

		if (!below) {
			*n = (((index >> node->shift) + 1) << node->shift) - index;
			return NULL;
		}
		node = below;
	}
	*n = TREE_NODE_SLOTS - slot_of(node, index);
	return (struct page *const *)&node->slot[slot_of(node, index)];
}

static struct tree_node *take_spare(struct tree_node **spare, unsigned shift)
{
	struct tree_node *node = *spare;

	*spare = NULL;
	node->shift = shift;
	return node;
}

int page_tree_insert(struct page_tree *tree, u64 index, struct page *page, struct tree_node **spare)
{
	struct tree_node *node;

	/* Make the root tall enough. */
	for (;;) {
		void *root = tree->root;

		node = page_tree_node(root);
		if (node && !page_tree_beyond(node, index))
			break;
		if (!node && index == 0) {
			if (root)
				return -EEXIST;
			store_release(&tree->root, (void *)page);
			return 0;
		}
		if (!*spare)
			return -EAGAIN;
		struct tree_node *top = take_spare(spare, node ? node->shift + TREE_NODE_BITS : 0);

		while (!root && page_tree_beyond(top, index))
			top->shift += TREE_NODE_BITS;
		if (root) {
			top->slot[0] = node ? (void *)node : root;
			top->count = 1;
			for (unsigned tag = 0; tag < NR_TREE_TAGS; tag++)
				top->tagged[tag] =
					node ? node->tagged[tag] != 0 : tree->tagged >> tag & 1;
			tree->tagged = 0;
			if (node) {
				node->parent = top;
				node->offset = 0;
			}
		}
		store_release(&tree->root, node_root(top));
	}
	/* Go down, making what is missing. */
	while (node->shift > 0) {
		unsigned slot = slot_of(node, index);
		struct tree_node *below = node->slot[slot];

		if (!below) {
			if (!*spare)
				return -EAGAIN;
			below = take_spare(spare, node->shift - TREE_NODE_BITS);
			below->parent = node;
			below->offset = slot;
			node->count++;
			store_release(&node->slot[slot], (void *)below);
		}
		node = below;
	}
	unsigned slot = slot_of(node, index);

	if (node->slot[slot])
		return -EEXIST;
	node->count++;
	store_release(&node->slot[slot], (void *)page);
	return 0;
}

/* The leaf for index, of a tree that has nodes; NULL: there is none. */
static struct tree_node *leaf_of(const struct page_tree *tree, u64 index)
{
	struct tree_node *node = page_tree_node(tree->root);

	if (!node || page_tree_beyond(node, index))
		return NULL;
	while (node && node->shift > 0)
		node = node->slot[slot_of(node, index)];
	return node;
}

void page_tree_replace(struct page_tree *tree, u64 index, void *page)
{
	struct tree_node *node = leaf_of(tree, index);
	void **slot = node ? &node->slot[slot_of(node, index)] : &tree->root;

	ASSERT(*slot && (node || index == 0));
	store_release(slot, page);
}

static void free_node_epoch(struct epoch_head *head)
{
	kmem_cache_free(node_cache, container_of(head, struct tree_node, epoch));
}

/* Unlink and free a node that holds nothing, and what it leaves empty above it. */
static void drop_if_empty(struct page_tree *tree, struct tree_node *node)
{
	while (node && node->count == 0) {
		struct tree_node *parent = node->parent;

		if (parent) {
			store_release(&parent->slot[node->offset], NULL);
			parent->count--;
		} else {
			store_release(&tree->root, NULL);
		}
		epoch_call(&node->epoch, free_node_epoch);
		node = parent;
	}
}

void page_tree_cancel(struct page_tree *tree, u64 index)
{
	struct tree_node *node = page_tree_node(tree->root);

	if (!node || page_tree_beyond(node, index))
		return;
	while (node->shift > 0 && node->slot[slot_of(node, index)])
		node = node->slot[slot_of(node, index)];
	drop_if_empty(tree, node);
}

void page_tree_tag(struct page_tree *tree, u64 index, enum tree_tag tag)
{
	struct tree_node *node = leaf_of(tree, index);

	if (!node) {
		ASSERT(index == 0 && tree->root && !page_tree_node(tree->root));
		tree->tagged |= 1u << tag;
		return;
	}
	for (; node; node = node->parent) {
		const u64 bit = 1ULL << slot_of(node, index);

		if (node->tagged[tag] & bit)
			return;
		node->tagged[tag] |= bit;
	}
}

void page_tree_untag(struct page_tree *tree, u64 index, enum tree_tag tag)
{
	struct tree_node *node = leaf_of(tree, index);

	if (!node) {
		if (index == 0)
			tree->tagged &= ~(1u << tag);
		return;
	}
	for (; node; node = node->parent) {
		node->tagged[tag] &= ~(1ULL << slot_of(node, index));
		if (node->tagged[tag])
			return;
	}
}

bool page_tree_next_tagged(const struct page_tree *tree, u64 *index, enum tree_tag tag)
{
	struct tree_node *node = page_tree_node(tree->root);
	u64 at = *index;

	if (!node)
		return at == 0 && tree->tagged >> tag & 1;
	while (node->parent || !page_tree_beyond(node, at)) {
		const u64 marked = node->tagged[tag] & ~0ULL << slot_of(node, at);

		if (marked) {
			const unsigned slot = __builtin_ctzll(marked);

			if (slot != slot_of(node, at)) /* then from its beginning on */
				at = ((at >> node->shift & ~(u64)TREE_NODE_MASK) | slot)
				     << node->shift;
			if (node->shift == 0) {
				*index = at;
				return true;
			}
			node = node->slot[slot];
			continue;
		}
		/* Nothing more here: on behind this node, from the top. */
		if (!node->parent)
			return false;
		at = ((at >> node->shift >> TREE_NODE_BITS) + 1) << node->shift << TREE_NODE_BITS;
		node = page_tree_node(tree->root);
	}
	return false;
}

struct page *page_tree_remove(struct page_tree *tree, u64 index)
{
	struct tree_node *node = page_tree_node(tree->root);
	struct page *page;

	if (!node) {
		if (index != 0)
			return NULL;
		tree->tagged = 0;
		page = tree->root;
		store_release(&tree->root, NULL);
		return page;
	}
	if (page_tree_beyond(node, index))
		return NULL;
	while (node->shift > 0) {
		node = node->slot[slot_of(node, index)];
		if (!node)
			return NULL;
	}
	page = node->slot[slot_of(node, index)];
	if (!page)
		return NULL;
	for (unsigned tag = 0; tag < NR_TREE_TAGS; tag++)
		if (unlikely(node->tagged[tag] >> slot_of(node, index) & 1))
			page_tree_untag(tree, index, tag);
	store_release(&node->slot[slot_of(node, index)], NULL);
	node->count--;
	drop_if_empty(tree, node);
	return page;
}

struct tree_node *page_tree_node_alloc(void)
{
	return kmem_cache_zalloc(node_cache, GFP_KERNEL);
}

void page_tree_node_free(struct tree_node *node)
{
	if (node)
		kmem_cache_free(node_cache, node);
}

void page_tree_init_cache(void)
{
	node_cache = kmem_cache_create("radix_tree_node", sizeof(struct tree_node), 0,
				       SLAB_RECLAIM_ACCOUNT | SLAB_PANIC, NULL);
}
