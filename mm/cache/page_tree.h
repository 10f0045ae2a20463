/*
 * Page index -> page, for one file.  See page_tree.c.
 */
#pragma once

#include "mm/cache/cache.h"
#include "mm/swap/swap.h"
#include "sync/epoch.h"

/*
 * In the place of a page may stand the name of a slot in swap (shmem.c), told by bit 1.
 */
static inline bool page_tree_is_name(const void *page)
{
	return (unsigned long)page & 2;
}
static inline void *page_tree_of_name(swp_entry_t name)
{
	return (void *)((unsigned long)name.v << PAGE_TREE_NAME_SHIFT | 2);
}
static inline swp_entry_t page_tree_name(const void *page)
{
	return (swp_entry_t){(u32)((unsigned long)page >> PAGE_TREE_NAME_SHIFT)};
}

#define TREE_NODE_BITS  6
#define TREE_NODE_SLOTS (1u << TREE_NODE_BITS)
#define TREE_NODE_MASK  (TREE_NODE_SLOTS - 1)

struct tree_node {
	void *slot[TREE_NODE_SLOTS]; /* (tree lock to write) pages at shift 0, else nodes */
	u64 tagged[NR_TREE_TAGS]; /* (tree lock) slots with a page so marked, or with one below */
	struct tree_node *parent;
	u8 shift;  /* index bits below this node's slots */
	u8 offset; /* its slot in the parent */
	u16 count; /* (tree lock) slots in use */
	struct epoch_head epoch;
};

/* The node that a root or slot for index 0 names; NULL: it is a page, or nothing. */
static inline struct tree_node *page_tree_node(void *root)
{
	return (unsigned long)root & 1 ? (struct tree_node *)((unsigned long)root - 1) : NULL;
}

/* Does an index lie beyond what this node can hold? */
static inline bool page_tree_beyond(const struct tree_node *node, u64 index)
{
	return index >> node->shift >> TREE_NODE_BITS != 0;
}

/*
 * The slot for index, to be read with acquire, or NULL when there is none. Under the tree's lock,
 * or in an epoch: then take a reference and see whether the page is still in the slot. What is
 * found in the slot for index 0 may be a node by then: bit 0 is set.
 */
static inline struct page *const *page_tree_slot(const struct page_tree *tree, u64 index)
{
	struct tree_node *node = page_tree_node(load_acquire(&tree->root));

	if (unlikely(!node))
		return index == 0 ? (struct page *const *)&tree->root : NULL;
	if (unlikely(page_tree_beyond(node, index)))
		return NULL;
	while (node->shift > 0) {
		node = load_acquire(&node->slot[index >> node->shift & TREE_NODE_MASK]);
		if (unlikely(!node))
			return NULL;
	}
	return (struct page *const *)&node->slot[index & TREE_NODE_MASK];
}
/*
 * For readers in bulk: the slots for index and what follows it in the same leaf, *n of them, to be
 * read with acquire; or NULL when there is no page in the *n indices from here. In an epoch.
 * (A single page of index 0 is not found this way: it has no leaf.)
 */
struct page *const *page_tree_leaf(const struct page_tree *tree, u64 index, u64 *n);
/*
 * Put a page in; tree lock held. 0, -EEXIST, or -EAGAIN: a node is needed; drop the lock, call
 * page_tree_node_alloc() and come back with it. A node that was not needed stays in *spare.
 */
int page_tree_insert(struct page_tree *tree, u64 index, struct page *page,
		     struct tree_node **spare);
/* An insertion at index was given up after -EAGAIN: nodes made on the way to it go. Tree lock held. */
void page_tree_cancel(struct page_tree *tree, u64 index);
/* Another page, or the name of a slot, in the place of what is there. Tree lock held. */
void page_tree_replace(struct page_tree *tree, u64 index, void *page);
/* Take a page out; tree lock held. The page that was there, or NULL. Cannot fail. */
struct page *page_tree_remove(struct page_tree *tree, u64 index);

/* Mark the page at index, which is there, or take the mark away. Tree lock held. */
void page_tree_tag(struct page_tree *tree, u64 index, enum tree_tag tag);
void page_tree_untag(struct page_tree *tree, u64 index, enum tree_tag tag);
/* The first marked page from *index on, which moves there: false, there is none. Tree lock held. */
bool page_tree_next_tagged(const struct page_tree *tree, u64 *index, enum tree_tag tag);

struct tree_node *page_tree_node_alloc(void);     /* may sleep; NULL without memory */
void page_tree_node_free(struct tree_node *node); /* a spare one; NULL is allowed */
void page_tree_init_cache(void);
