/*
 * The index of a space's areas: address -> VMA.
 *
 * The problem.  Every fault asks "which VMA holds this address?", from any CPU and without
 * a lock; mmap asks "where is the highest gap of so many bytes?"; and each mmap, munmap
 * and mprotect changes the index, so a change must cost about as little as a look.
 *
 * The data.  A B-tree of nodes of up to 15 entries. An entry is a range and what lies in
 * it: a VMA at level 0, a node one level down above that.
 *
 *	level 1           [ start end slot | start end slot | ... ]   gap
 *	                               |                |
 *	level 0   [ s e vma | s e vma | ... ] gap     [ s e vma | ... ] gap
 *
 * Ranges in a node ascend and are disjoint; a node's range in its parent is exactly from
 * its first start to its last end. Unused ends are ~0, so the entry for an address --
 * the first whose end lies above it -- is found by four comparisons (15 = 2^4 - 1)
 * without asking how many there are. Only `level`, `end` and `slot` serve readers.
 *
 * Gaps.  Between two neighbours of one node lies a gap, and it counts for that node alone;
 * so what changes in a node matters to it and its ancestors and nobody else. Each node keeps
 * in `gap` an upper bound of all gaps in its subtree. Making room raises bounds at
 * once; filling a gap leaves them too high, and a search that was lured into a node in
 * vain lowers its bound to the truth. Every such detour was paid for by an insertion, so
 * both are O(log n), amortised, and an insertion does nothing for gaps at all. The
 * start of an area that grows downwards is entered guard-gap lower than it is: so
 * nothing is ever placed within the guard.
 *
 * Readers and the writer.  The writer (one: mmap_lock is held) changes nodes in place
 * between two increments of tree->seq; a reader that saw an odd or a changed
 * number looks again. What it may see before that is old, new or torn, but never
 * unsafe: levels are constant, a slot of level 0 is always NULL or a VMA, above it
 * NULL or a node, and both live on for an epoch. In-place stores are releases and the
 * readers' loads acquires, which on x86 costs nothing: who has seen any store of a change
 * will also see the odd number.
 *
 * Memory.  Insertions draw on nodes set aside by vma_tree_prepare(), so they cannot fail:
 * n of them need at most n nodes a level and one root. Programs map and split in order, up or
 * down, so a full node gives what lies behind the new entry to a new neighbour when that
 * is little, half of its entries otherwise, and nothing if the new entry can begin or
 * end the neighbour it has. After a removal neighbours with 12 entries or less between them
 * become one. So two neighbours always have at least 8, and the height is bounded.
 *
 * Unlike Linux's maple tree, which stores empty ranges too and replaces whole nodes.
 */
#include "mm/space/vma_tree.h"
#include "machine/cpu.h"

#define HALF   8U
#define FEW    6U  /* entries that a division may leave alone */
#define MERGED 12U /* neighbours with so many between them become one */
#define APART  8U  /* and have no fewer than so many */

static struct kmem_cache *node_cache;

void vma_tree_boot(void)
{
	node_cache = KMEM_CACHE(vma_node, SLAB_PANIC);
}

/* --- reading --- */

static u32 read_begin(const struct vma_tree *tree)
{
	u32 seq;

	while (unlikely((seq = load_acquire(&tree->seq)) & 1))
		cpu_relax();
	return seq;
}

static bool read_retry(const struct vma_tree *tree, u32 seq)
{
	return unlikely(READ_ONCE(tree->seq) != seq);
}

static struct vm_area_struct *look_up(const struct vma_node *node, unsigned long address)
{
	while (node) {
		const unsigned i = vma_entry_above(node, address);
		void *slot;

		if (i == VMA_NODE_ENTRIES)
			return NULL;
		slot = load_acquire(&node->slot[i]);
		if (node->level == 0)
			return slot;
		node = slot;
	}
	return NULL;
}

struct vm_area_struct *vma_tree_find(const struct vma_tree *tree, unsigned long address)
{
	struct vm_area_struct *vma;
	u32 seq;

	do {
		seq = read_begin(tree);
		vma = look_up(load_acquire(&tree->root), address);
	} while (read_retry(tree, seq));
	return vma;
}

static struct vm_area_struct *last_of(const struct vma_node *node)
{
	while (node) {
		const u32 n = load_acquire(&node->n);
		void *slot = n - 1 < VMA_NODE_ENTRIES ? load_acquire(&node->slot[n - 1]) : NULL;

		if (node->level == 0)
			return slot;
		node = slot;
	}
	return NULL;
}

/* The VMA that vma_tree_find() gives, and the one before it. */
static struct vm_area_struct *look_around(const struct vma_node *node, unsigned long address,
					  struct vm_area_struct **prev)
{
	const struct vma_node *before = NULL; /* the subtree left of the path */

	*prev = NULL;
	while (node) {
		const unsigned i = vma_entry_above(node, address);
		void *slot = i < VMA_NODE_ENTRIES ? load_acquire(&node->slot[i]) : NULL;

		if (node->level == 0) {
			*prev = i ? load_acquire(&node->slot[i - 1]) : last_of(before);
			return slot;
		}
		if (i)
			before = load_acquire(&node->slot[i - 1]);
		if (!slot)
			*prev = last_of(before);
		node = slot;
	}
	return NULL;
}

struct vm_area_struct *vma_tree_find_prev(const struct vma_tree *tree, unsigned long address,
					  struct vm_area_struct **prev)
{
	struct vm_area_struct *vma;
	u32 seq;

	do {
		seq = read_begin(tree);
		vma = look_around(load_acquire(&tree->root), address, prev);
	} while (read_retry(tree, seq));
	return vma;
}

struct vm_area_struct *vma_tree_prev(const struct vma_tree *tree, unsigned long address)
{
	struct vm_area_struct *prev, *vma;

	if (address == 0)
		return NULL;
	vma = vma_tree_find_prev(tree, address - 1, &prev);
	return vma && READ_ONCE(vma->vm_start) < address ? vma : prev;
}

/* --- nodes --- */

static void write_begin(struct vma_tree *tree)
{
	ASSERT(!(tree->seq & 1));
	WRITE_ONCE(tree->seq, tree->seq + 1);
}

static void write_end(struct vma_tree *tree)
{
	store_release(&tree->seq, tree->seq + 1);
}

static void init_node(struct vma_node *node, u32 level)
{
	node->level = level;
	node->n = 0;
	node->gap = 0;
	for (unsigned i = 0; i < VMA_NODE_ENTRIES; i++) {
		node->end[i] = ~0UL;
		node->slot[i] = NULL;
	}
}

static struct vma_node *take_spare(struct vma_tree *tree, u32 level)
{
	struct vma_node *node = tree->spare;

	BUG_ON(!node); /* vma_tree_prepare() was forgotten */
	tree->spare = node->next_spare;
	tree->nr_spare--;
	init_node(node, level);
	return node;
}

int vma_tree_stock_up(struct vma_tree *tree, unsigned needed)
{
	while (tree->nr_spare < needed) {
		struct vma_node *node = kmem_cache_alloc(node_cache, GFP_KERNEL);

		if (!node)
			return -ENOMEM;
		node->next_spare = tree->spare;
		tree->spare = node;
		tree->nr_spare++;
	}
	return 0;
}

static void free_node_now(struct epoch_head *head)
{
	kmem_cache_free(node_cache, container_of(head, struct vma_node, epoch));
}

static void free_node(struct vma_node *node)
{
	epoch_call(&node->epoch, free_node_now);
}

static inline void set_entry(struct vma_node *node, unsigned i, unsigned long start,
			     unsigned long end, void *slot)
{
	node->start[i] = start;
	store_release(&node->end[i], end);
	store_release(&node->slot[i], slot);
}

/* Make room at i. */
static inline void open_entry(struct vma_node *node, unsigned i)
{
	for (unsigned k = node->n; k > i; k--)
		set_entry(node, k, node->start[k - 1], node->end[k - 1], node->slot[k - 1]);
	store_release(&node->n, node->n + 1);
}

/* Entries [i, i+count) go. */
static inline void close_entries(struct vma_node *node, unsigned i, unsigned count)
{
	const unsigned n = node->n - count;

	for (; i < n; i++)
		set_entry(node, i, node->start[i + count], node->end[i + count],
			  node->slot[i + count]);
	for (; i < n + count; i++)
		set_entry(node, i, 0, ~0UL, NULL);
	store_release(&node->n, n);
}

/* Move the entries from i on to the end of another node. */
static void move_entries(struct vma_node *from, unsigned i, struct vma_node *to)
{
	unsigned to_n = to->n;

	for (unsigned k = i; k < from->n; k++) {
		set_entry(to, to_n++, from->start[k], from->end[k], from->slot[k]);
		set_entry(from, k, 0, ~0UL, NULL);
	}
	store_release(&to->n, to_n);
	store_release(&from->n, i);
}

/* --- gaps --- */

static unsigned long gaps_at(const struct vma_node *node, unsigned i)
{
	const unsigned long below = i > 0 ? vma_gap_below(node, i) : 0;
	const unsigned long above = i + 1 < node->n ? vma_gap_below(node, i + 1) : 0;

	return max(below, above);
}

/* A gap has come to be in the node of this level: no bound above may be lower. */
static void raise_gap(struct vma_tree *tree, struct vma_cursor *at, u32 level, unsigned long gap)
{
	for (; level < tree->height && at->node[level]->gap < gap; level++)
		at->node[level]->gap = gap;
}

/* The range of the node at `level` changed: tell its ancestors. */
static void refresh_above(struct vma_tree *tree, struct vma_cursor *at, u32 level)
{
	while (++level < tree->height) {
		const struct vma_node *child = at->node[level - 1];
		struct vma_node *node = at->node[level];
		const unsigned i = at->index[level];
		const unsigned long start = child->start[0], end = child->end[child->n - 1];

		if (node->start[i] == start && node->end[i] == end)
			return;
		node->start[i] = start;
		store_release(&node->end[i], end);
		raise_gap(tree, at, level, gaps_at(node, i));
	}
}

/* --- changing --- */

static void grow_root(struct vma_tree *tree, struct vma_cursor *at)
{
	struct vma_node *old = tree->root, *root = take_spare(tree, tree->height);

	if (old) {
		set_entry(root, 0, old->start[0], old->end[old->n - 1], old);
		root->n = 1;
		root->gap = old->gap;
	}
	at->node[tree->height] = root;
	at->index[tree->height] = 0;
	tree->height++;
	store_release(&tree->root, root);
}

static void bound_gaps(struct vma_node *node)
{
	for (unsigned i = 1; i < node->n; i++)
		node->gap = max(node->gap, vma_gap_below(node, i));
}

/* The node beside the cursor's at a level, under the same parent, to the left (-1) or right (1); or NULL. */
static inline struct vma_node *neighbour(const struct vma_cursor *at, u32 level, int side)
{
	const struct vma_node *parent;
	unsigned i;

	if (level + 1 >= at->tree->height)
		return NULL;
	parent = at->node[level + 1];
	i = at->index[level + 1] + side; /* -1 is more than any */
	return i < parent->n ? parent->slot[i] : NULL;
}

/*
 * Where a full node is divided to put an entry at i. Few entries alone must not become neighbours of
 * other few, not even when the right part has to go to the next parent.
 */
static unsigned division(const struct vma_cursor *at, u32 level, unsigned i)
{
	const int side = i <= FEW ? -1 : 1;
	const struct vma_node *other;

	if (i > FEW && i < VMA_NODE_ENTRIES - FEW)
		return HALF;
	other = neighbour(at, level, side);
	if (other)
		return other->n >= APART ? i : HALF;
	if (side < 0 || level + 1 == at->tree->height || at->node[level + 1]->n < VMA_NODE_ENTRIES)
		return i;
	while (++level < at->tree->height)
		if (at->index[level] + 1 < at->node[level]->n)
			return HALF;
	return i; /* there is no next parent */
}

/* Divide a full node at `division` and put an entry at i. */
static struct vma_node *split_node(struct vma_tree *tree, struct vma_node *node, unsigned division,
				   unsigned i, unsigned long start, unsigned long end, void *slot)
{
	struct vma_node *right = take_spare(tree, node->level), *into = right;

	move_entries(node, division, right);
	if (i < division ||
	    (i == division && division != HALF && i < VMA_NODE_ENTRIES && (i == 0 || i > FEW)))
		into = node;
	else
		i -= division;
	open_entry(into, i);
	set_entry(into, i, start, end, slot);
	right->gap = node->gap;
	bound_gaps(node);
	bound_gaps(right);
	return right;
}

/* The place at the end (or beginning) of a full node is also the beginning (end) of its neighbour. */
static bool go_to_neighbour(struct vma_cursor *at, u32 level)
{
	const int side = at->index[level] ? 1 : -1;
	struct vma_node *other;

	if (at->index[level] > 0 && at->index[level] < VMA_NODE_ENTRIES)
		return false;
	other = neighbour(at, level, side);
	if (!other || other->n == VMA_NODE_ENTRIES)
		return false;
	refresh_above(at->tree, at, level); /* a division below may have made this node shorter */
	at->node[level] = other;
	at->index[level] = side > 0 ? 0 : other->n;
	at->index[level + 1] += side;
	return true;
}

/* Put an entry at the cursor. True if the cursor is there now; else nodes were split. */
static bool insert_entry(struct vma_cursor *at, unsigned long start, unsigned long end, void *slot)
{
	struct vma_tree *tree = at->tree;

	for (u32 level = 0;; level++) {
		struct vma_node *node, *right, *parent;
		unsigned i;

		if (unlikely(level == tree->height))
			grow_root(tree, at);
		if (likely(at->node[level]->n < VMA_NODE_ENTRIES) || go_to_neighbour(at, level)) {
			node = at->node[level];
			i = at->index[level];
			open_entry(node, i);
			set_entry(node, i, start, end, slot);
			if (likely(level == 0 && i > 0 && i + 1 < node->n &&
				   node->start[i + 1] >= end))
				return true; /* a gap got smaller, that is all */
			if (level > 0)
				raise_gap(tree, at, level, ((struct vma_node *)slot)->gap);
			raise_gap(tree, at, level, gaps_at(node, i));
			refresh_above(tree, at, level);
			return level == 0;
		}
		node = at->node[level];
		i = at->index[level];
		right = split_node(tree, node, division(at, level, i), i, start, end, slot);
		if (level + 1 == tree->height)
			grow_root(tree, at);
		parent = at->node[level + 1];
		i = at->index[level + 1]++;
		parent->start[i] = node->start[0];
		store_release(&parent->end[i], node->end[node->n - 1]);
		raise_gap(tree, at, level + 1, max(node->gap, right->gap));
		start = right->start[0];
		end = right->end[right->n - 1];
		slot = right;
	}
}

void vma_tree_insert_at(struct vma_cursor *at, struct vm_area_struct *vma)
{
	const unsigned long start = vma_guarded_start(vma, vma->vm_start);
	struct vma_tree *tree = at->tree;
	struct vma_node *node = at->node[0];
	const unsigned i = at->index[0];

	tree->count++;
	write_begin(tree);
	if (likely(node && i > 0 && i < node->n && node->n < VMA_NODE_ENTRIES &&
		   node->start[i] >= vma->vm_end)) {
		open_entry(node, i); /* a gap gets smaller, that is all */
		set_entry(node, i, start, vma->vm_end, vma);
	} else {
		insert_entry(at, start, vma->vm_end, vma);
	}
	write_end(tree);
}

void vma_tree_insert(struct vma_tree *tree, struct vm_area_struct *vma)
{
	const struct vm_area_struct *next;
	struct vma_cursor at;

	next = vma_seek(&at, tree, vma->vm_start);
	ASSERT(!next || next->vm_start >= vma->vm_end);
	vma_tree_insert_at(&at, vma);
}

/* The node of a level and the one beside it become one; and, below, those that meet by that. */
static void merge_nodes(struct vma_cursor *at, u32 level, int side)
{
	for (;;) {
		struct vma_node *parent = at->node[level + 1], *left, *right;
		const unsigned i = at->index[level + 1] - (side < 0);
		unsigned seam;

		left = parent->slot[i];
		right = parent->slot[i + 1];
		seam = left->n;
		left->gap = max(max(left->gap, right->gap), vma_gap_below(parent, i + 1));
		move_entries(right, 0, left);
		close_entries(parent, i + 1, 1);
		store_release(&parent->end[i], left->end[left->n - 1]);
		at->index[level + 1] = i;
		at->node[level] = left;
		free_node(right);
		if (level == 0)
			return;
		at->index[level] = seam;
		at->node[level - 1] = left->slot[seam];
		if (at->node[level - 1]->n + ((struct vma_node *)left->slot[seam - 1])->n > MERGED)
			return;
		level--;
		side = -1;
	}
}

/* On which side has a node a neighbour to merge with? 0: on none. */
static int mergeable_side(const struct vma_cursor *at, u32 level)
{
	const unsigned n = at->node[level]->n;

	for (int side = -1; side <= 1; side += 2) {
		const struct vma_node *other = neighbour(at, level, side);

		if (other && other->n + n <= MERGED)
			return side;
	}
	return 0;
}

/* Entries have gone from the node of a level: nodes that are now small enough become one. */
static void mend(struct vma_cursor *at, u32 level)
{
	struct vma_tree *tree = at->tree;
	bool changed = true;

	for (; changed && level + 1 < tree->height; level++) {
		int side;

		changed = false;
		while ((side = mergeable_side(at, level)) != 0) {
			merge_nodes(at, level, side);
			changed = true;
		}
	}
	while (tree->height > 1 && tree->root->n == 1) {
		struct vma_node *old = tree->root;

		store_release(&tree->root, old->slot[0]);
		tree->height--;
		free_node(old);
	}
}

/* The cursor's node has become empty: it goes, and what becomes empty by that. */
static void remove_node(struct vma_cursor *at)
{
	struct vma_tree *tree = at->tree;
	struct vma_node *node = at->node[0];
	u32 level = 0;
	unsigned i;

	do {
		free_node(node);
		if (++level == tree->height) {
			store_release(&tree->root, NULL);
			tree->height = 0;
			return;
		}
		node = at->node[level];
		close_entries(node, at->index[level], 1);
	} while (node->n == 0);
	i = at->index[level];
	if (i > 0 && i < node->n)
		raise_gap(tree, at, level, vma_gap_below(node, i));
	refresh_above(tree, at, level);
	/* The two that are neighbours now, and the parent that has lost one. */
	i = min(i, node->n - 1);
	at->index[level] = i;
	at->node[level - 1] = node->slot[i];
	if (mergeable_side(at, level - 1))
		mend(at, level - 1);
	else
		mend(at, level);
}

/* n entries at the cursor go. False: nodes went, too, and the cursor is void. */
static __noinline bool remove_entries(struct vma_cursor *at, unsigned n)
{
	struct vma_node *node = at->node[0];
	struct vma_tree *tree = at->tree;
	const unsigned i = at->index[0];

	tree->count -= n;
	close_entries(node, i, n);
	if (likely(i > 0 && i < node->n))
		raise_gap(tree, at, 0, vma_gap_below(node, i));
	else if (node->n)
		refresh_above(tree, at, 0);
	if (likely(node->n >= MERGED))
		return true;
	if (!node->n)
		remove_node(at);
	else if (likely(!mergeable_side(at, 0)))
		return true;
	else
		mend(at, 0);
	return false;
}

struct vm_area_struct *vma_tree_remove_at(struct vma_cursor *at, unsigned n, unsigned long address)
{
	struct vma_tree *tree = at->tree;
	struct vma_node *node = at->node[0];
	const unsigned i = at->index[0];
	bool there = true;

	write_begin(tree);
	if (likely(i > 0 && i + n < node->n && (node->n - n >= MERGED || tree->height == 1))) {
		tree->count -= n; /* no other node is concerned */
		close_entries(node, i, n);
		if (vma_gap_below(node, i) > node->gap)
			raise_gap(tree, at, 0, vma_gap_below(node, i));
	} else {
		there = remove_entries(at, n);
	}
	write_end(tree);
	if (likely(there && i < node->n))
		return node->slot[i];
	return vma_seek(at, tree, address);
}

void vma_tree_remove(struct vma_tree *tree, struct vm_area_struct *vma)
{
	struct vma_cursor at;

	BUG_ON(vma_seek(&at, tree, vma->vm_start) != vma);
	vma_tree_remove_at(&at, 1, vma->vm_end);
}

/* Give the cursor's entry another range. */
static void resize_entry(struct vma_cursor *at, struct vm_area_struct *vma, unsigned long start,
			 unsigned long end)
{
	struct vma_node *node = at->node[0];
	const unsigned i = at->index[0];

	ASSERT(start < end && node->slot[i] == vma);
	node->start[i] = vma_guarded_start(vma, start);
	store_release(&node->end[i], end);
	store_release(&vma->vm_start, start);
	store_release(&vma->vm_end, end);
	raise_gap(at->tree, at, 0, gaps_at(node, i));
	refresh_above(at->tree, at, 0);
}

void vma_tree_resize_at(struct vma_cursor *at, struct vm_area_struct *vma, unsigned long start,
			unsigned long end)
{
	write_begin(at->tree);
	resize_entry(at, vma, start, end);
	write_end(at->tree);
}

void vma_tree_resize(struct vma_tree *tree, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	struct vma_cursor at;

	vma_seek(&at, tree, vma->vm_start);
	vma_tree_resize_at(&at, vma, start, end);
}

/* Division changes neither gaps nor what a node covers, as long as there is room in it. */
static __noinline void split_full(struct vma_cursor *at, struct vm_area_struct *vma,
				  struct vm_area_struct *upper)
{
	resize_entry(at, vma, vma->vm_start, upper->vm_start);
	at->index[0]++;
	if (!insert_entry(at, vma_guarded_start(upper, upper->vm_start), upper->vm_end, upper))
		vma_seek(at, at->tree, upper->vm_start);
}

void vma_tree_split_at(struct vma_cursor *at, struct vm_area_struct *vma,
		       struct vm_area_struct *upper)
{
	struct vma_tree *tree = at->tree;
	struct vma_node *node = at->node[0];
	const unsigned i = at->index[0];

	ASSERT(upper->vm_end == vma->vm_end && node->slot[i] == vma);
	write_begin(tree);
	tree->count++;
	if (likely(node->n < VMA_NODE_ENTRIES)) {
		open_entry(node, i + 1);
		set_entry(node, i + 1, vma_guarded_start(upper, upper->vm_start), upper->vm_end,
			  upper);
		store_release(&node->end[i], upper->vm_start);
		store_release(&vma->vm_end, upper->vm_start);
		at->index[0] = i + 1;
	} else {
		split_full(at, vma, upper);
	}
	write_end(tree);
}

void vma_tree_cut_at(struct vma_cursor *at, struct vm_area_struct *vma,
		     struct vm_area_struct *middle, struct vm_area_struct *upper)
{
	struct vma_tree *tree = at->tree;
	struct vma_node *node = at->node[0];
	const unsigned i = at->index[0];

	ASSERT(upper->vm_end == vma->vm_end && middle->vm_end == upper->vm_start);
	write_begin(tree);
	tree->count += 2;
	if (likely(node->n + 2 <= VMA_NODE_ENTRIES)) {
		for (unsigned k = node->n; k > i + 1; k--)
			set_entry(node, k + 1, node->start[k - 1], node->end[k - 1],
				  node->slot[k - 1]);
		store_release(&node->n, node->n + 2);
		set_entry(node, i + 2, vma_guarded_start(upper, upper->vm_start), upper->vm_end,
			  upper);
		set_entry(node, i + 1, vma_guarded_start(middle, middle->vm_start), middle->vm_end,
			  middle);
		store_release(&node->end[i], middle->vm_start);
		store_release(&vma->vm_end, middle->vm_start);
		at->index[0] = i + 1;
	} else {
		split_full(at, vma, upper);
		vma_seek(at, tree, vma->vm_start);
		split_full(at, vma, middle);
	}
	write_end(tree);
}

void vma_tree_join_at(struct vma_cursor *at, struct vm_area_struct *vma,
		      struct vm_area_struct *next)
{
	const unsigned long start = vma->vm_start, end = next->vm_end;
	struct vma_tree *tree = at->tree;
	struct vma_node *node = at->node[0];
	const unsigned i = at->index[0];

	ASSERT(vma->vm_end == next->vm_start && node->slot[i] == vma);
	write_begin(tree);
	if (likely(i + 1 < node->n)) {
		at->index[0]++;
		if (likely(remove_entries(at, 1)))
			at->index[0]--;
		else
			vma_seek(at, tree, start);
	} else {
		vma_seek(at, tree, next->vm_start);
		remove_entries(at, 1);
		vma_seek(at, tree, start);
	}
	resize_entry(at, vma, start, end);
	write_end(tree);
}

void vma_tree_move_border(struct vma_tree *tree, struct vm_area_struct *lower,
			  struct vm_area_struct *upper, unsigned long border)
{
	struct vma_cursor at;

	write_begin(tree);
	vma_seek(&at, tree, lower->vm_start);
	resize_entry(&at, lower, lower->vm_start, border);
	vma_seek(&at, tree, upper->vm_end - 1);
	resize_entry(&at, upper, border, upper->vm_end);
	write_end(tree);
}

/* --- life --- */

void vma_tree_init(struct vma_tree *tree)
{
	*tree = (struct vma_tree){0};
}

static void destroy_node(struct vma_node *node)
{
	for (unsigned i = 0; node->level > 0 && i < node->n; i++)
		destroy_node(node->slot[i]);
	kmem_cache_free(node_cache, node);
}

void vma_tree_destroy(struct vma_tree *tree)
{
	if (tree->root)
		destroy_node(tree->root);
	while (tree->spare) {
		struct vma_node *node = tree->spare;

		tree->spare = node->next_spare;
		kmem_cache_free(node_cache, node);
	}
	vma_tree_init(tree);
}
