/*
 * The inside of the index of areas (theory: vma_tree.c), for the files that change it or
 * search it for gaps. All of it is the writer's: mmap_lock is held exclusively.
 */
#pragma once

#include "lib/assert.h"
#include "mm/space/space_int.h"

#define VMA_NODE_ENTRIES 15U
#define VMA_TREE_HEIGHT  18U /* two neighbours hold at least 8 entries between them: 4^17 > 2^32 */

struct vma_node {
	u32 level;         /* constant; 0: slots are VMAs, else nodes one level down */
	u32 n;             /* entries (readers take it for a hint only) */
	unsigned long gap; /* no gap in this subtree is larger */
	unsigned long end[VMA_NODE_ENTRIES]; /* exclusive; ~0 where there is no entry */
	void *slot[VMA_NODE_ENTRIES];
	union {
		unsigned long start[VMA_NODE_ENTRIES]; /* with the guard of what grows down */
		struct vma_node *next_spare;
		struct epoch_head epoch;
	};
};

/* A place in the index: node[l] of level l, and the entry in it that leads down. */
struct vma_cursor {
	struct vma_tree *tree;
	struct vma_node *node[VMA_TREE_HEIGHT];
	u32 index
		[VMA_TREE_HEIGHT]; /* at level 0 the entry itself, or the node's end if there is none */
};

/* The first entry whose end lies above the address; VMA_NODE_ENTRIES if none does. */
static __always_inline unsigned vma_entry_above(const struct vma_node *node, unsigned long address)
{
	unsigned i = 0;

	i += (load_acquire(&node->end[7]) <= address) << 3;
	i += (load_acquire(&node->end[i + 3]) <= address) << 2;
	i += (load_acquire(&node->end[i + 1]) <= address) << 1;
	i += (load_acquire(&node->end[i]) <= address);
	return i;
}

/* Bytes between entries i-1 and i of a node. */
static inline unsigned long vma_gap_below(const struct vma_node *node, unsigned i)
{
	return node->start[i] > node->end[i - 1] ? node->start[i] - node->end[i - 1] : 0;
}

/* Where the index has an area begin that begins at `start`. */
static inline unsigned long vma_guarded_start(const struct vm_area_struct *vma, unsigned long start)
{
	if (likely(!(vma->vm_flags & VM_GROWSDOWN)))
		return start;
	return start > stack_guard_gap ? start - stack_guard_gap : 0;
}

/*
 * Set the cursor to the first VMA that ends above the address, or to the end. It is good until
 * the next change of the index that is not made through it.
 */
static __always_inline struct vm_area_struct *vma_seek(struct vma_cursor *at, struct vma_tree *tree,
						       unsigned long address)
{
	struct vma_node *node = tree->root;
	u32 level = tree->height;

	at->tree = tree;
	if (unlikely(!node)) {
		at->node[0] = NULL;
		at->index[0] = 0;
		return NULL;
	}
	for (;;) {
		unsigned i = vma_entry_above(node, address);

		level--;
		at->node[level] = node;
		if (level == 0) {
			at->index[0] = i;
			return likely(i < VMA_NODE_ENTRIES) ? node->slot[i] : NULL;
		}
		i -= i == node->n; /* an entry that exists: the last */
		at->index[level] = i;
		node = node->slot[i];
	}
}

/* The VMA at the cursor. */
static inline struct vm_area_struct *vma_at(const struct vma_cursor *at)
{
	return at->node[0]->slot[at->index[0]];
}

/* The VMA before the cursor's place, where `start` is (of its VMA, or a hole); NULL: it is the first. */
static inline struct vm_area_struct *vma_before(const struct vma_cursor *at, unsigned long start)
{
	if (likely(at->tree->root && at->index[0] > 0))
		return at->node[0]->slot[at->index[0] - 1];
	return vma_tree_prev(at->tree, start);
}

/* The VMA behind the cursor's, which ends at `end`. */
static inline struct vm_area_struct *vma_behind(const struct vma_cursor *at, unsigned long end)
{
	const struct vma_node *node = at->node[0];

	if (likely(at->index[0] + 1 < node->n))
		return node->slot[at->index[0] + 1];
	return vma_tree_find(at->tree, end);
}

/* At the cursor, before the VMA there; prepared. The cursor is void afterwards. */
void vma_tree_insert_at(struct vma_cursor *at, struct vm_area_struct *vma);
/*
 * The cursor's VMA and the n-1 behind it, all in its node, go. Returns the VMA at `address`, which
 * is where the last one ended, and the cursor is there.
 */
struct vm_area_struct *vma_tree_remove_at(struct vma_cursor *at, unsigned n, unsigned long address);
/* Changes vm_start and vm_end of the cursor's VMA, without passing a neighbour. */
void vma_tree_resize_at(struct vma_cursor *at, struct vm_area_struct *vma, unsigned long start,
			unsigned long end);
/*
 * In one step, as readers see it: the cursor's VMA keeps what lies below upper->vm_start, upper
 * has the rest, and the cursor. Prepared for one.
 */
void vma_tree_split_at(struct vma_cursor *at, struct vm_area_struct *vma,
		       struct vm_area_struct *upper);
/* The same with two: vma, middle and upper have what vma had; middle gets the cursor. Prepared for two. */
void vma_tree_cut_at(struct vma_cursor *at, struct vm_area_struct *vma,
		     struct vm_area_struct *middle, struct vm_area_struct *upper);
/* In one step: next, which is behind the cursor's VMA, goes, and that grows to its end. */
void vma_tree_join_at(struct vma_cursor *at, struct vm_area_struct *vma,
		      struct vm_area_struct *next);
/* In one step: lower ends and upper begins at `border`. No cursor is good afterwards. */
void vma_tree_move_border(struct vma_tree *tree, struct vm_area_struct *lower,
			  struct vm_area_struct *upper, unsigned long border);
