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
 * n of them need at most n nodes a level and one root. Removal merges a node of a few
 * entries with a neighbour that has room; no attempt is made to keep nodes half full.
 *
 * Unlike Linux's maple tree, which stores empty ranges too and replaces whole nodes.
 */
#include "lib/printk.h"
#include "machine/cpu.h"
#include "mm/space/space_int.h"

#define FANOUT     15U
#define MAX_HEIGHT 20U /* two neighbours hold at least 6 entries between them: 3^20 > 2^31 */
#define FEW        4U  /* a node this small looks for a neighbour to merge with, */
#define MERGED     12U /* if together they have no more than this */

struct vma_node {
	u32 level; /* constant */
	u32 n;     /* entries (writer; readers only take it for a hint) */
	unsigned long gap;
	unsigned long end[FANOUT];
	void *slot[FANOUT];
	union {
		unsigned long start[FANOUT];
		struct vma_node *next_spare;
		struct epoch_head epoch;
	};
};

/* Where the writer came down: node[l] of level l, entry index[l] in it. */
struct path {
	struct vma_node *node[MAX_HEIGHT];
	u32 index[MAX_HEIGHT];
};

static struct kmem_cache *node_cache;

void vma_tree_boot(void)
{
	node_cache = KMEM_CACHE(vma_node, SLAB_PANIC);
}

/* --- reading --- */

/* The first entry whose end lies above the address; FANOUT if none does. */
static __always_inline unsigned entry_above(const struct vma_node *node, unsigned long address)
{
	unsigned i = 0;

	i += (load_acquire(&node->end[7]) <= address) << 3;
	i += (load_acquire(&node->end[i + 3]) <= address) << 2;
	i += (load_acquire(&node->end[i + 1]) <= address) << 1;
	i += (load_acquire(&node->end[i]) <= address);
	return i;
}

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
		const unsigned i = entry_above(node, address);
		void *slot;

		if (i == FANOUT)
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
		void *slot = n - 1 < FANOUT ? load_acquire(&node->slot[n - 1]) : NULL;

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
		const unsigned i = entry_above(node, address);
		void *slot = i < FANOUT ? load_acquire(&node->slot[i]) : NULL;

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
	for (unsigned i = 0; i < FANOUT; i++) {
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

int vma_tree_prepare(struct vma_tree *tree, unsigned n)
{
	const unsigned needed = n * tree->height + 1;

	while (unlikely(tree->nr_spare < needed)) {
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

static void set_entry(struct vma_node *node, unsigned i, unsigned long start, unsigned long end,
		      void *slot)
{
	node->start[i] = start;
	store_release(&node->end[i], end);
	store_release(&node->slot[i], slot);
}

/* Make room at i. */
static void open_entry(struct vma_node *node, unsigned i)
{
	for (unsigned k = node->n; k > i; k--)
		set_entry(node, k, node->start[k - 1], node->end[k - 1], node->slot[k - 1]);
	store_release(&node->n, node->n + 1);
}

static void close_entry(struct vma_node *node, unsigned i)
{
	const unsigned last = node->n - 1;

	for (; i < last; i++)
		set_entry(node, i, node->start[i + 1], node->end[i + 1], node->slot[i + 1]);
	set_entry(node, last, 0, ~0UL, NULL);
	store_release(&node->n, last);
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

/* Bytes between entries i-1 and i of a node. */
static unsigned long gap_below(const struct vma_node *node, unsigned i)
{
	return node->start[i] > node->end[i - 1] ? node->start[i] - node->end[i - 1] : 0;
}

static unsigned long gaps_at(const struct vma_node *node, unsigned i)
{
	const unsigned long below = i > 0 ? gap_below(node, i) : 0;
	const unsigned long above = i + 1 < node->n ? gap_below(node, i + 1) : 0;

	return max(below, above);
}

/* A gap has come to be in the node of this level: no bound above may be lower. */
static void raise_gap(struct vma_tree *tree, struct path *path, u32 level, unsigned long gap)
{
	for (; level < tree->height && path->node[level]->gap < gap; level++)
		path->node[level]->gap = gap;
}

/* The range of the node at `level` changed: tell its ancestors. */
static void refresh_above(struct vma_tree *tree, struct path *path, u32 level)
{
	while (++level < tree->height) {
		const struct vma_node *child = path->node[level - 1];
		struct vma_node *node = path->node[level];
		const unsigned i = path->index[level];
		const unsigned long start = child->start[0], end = child->end[child->n - 1];

		if (node->start[i] == start && node->end[i] == end)
			return;
		node->start[i] = start;
		store_release(&node->end[i], end);
		raise_gap(tree, path, level, gaps_at(node, i));
	}
}

/* --- changing --- */

/* Where the index has the area begin. */
static unsigned long guarded_start(const struct vm_area_struct *vma, unsigned long start)
{
	if (likely(!(vma->vm_flags & VM_GROWSDOWN)))
		return start;
	return start > stack_guard_gap ? start - stack_guard_gap : 0;
}

/* The way down to the place of an address; above the leaf always an entry that exists. */
static void descend(const struct vma_tree *tree, unsigned long address, struct path *path)
{
	struct vma_node *node = tree->root;

	for (u32 level = tree->height; level-- > 0;) {
		unsigned i = entry_above(node, address);

		if (level > 0 && i == node->n)
			i--;
		path->node[level] = node;
		path->index[level] = i;
		node = level > 0 ? node->slot[i] : NULL;
	}
}

static void grow_root(struct vma_tree *tree, struct path *path)
{
	struct vma_node *old = tree->root, *root = take_spare(tree, tree->height);

	if (old) {
		set_entry(root, 0, old->start[0], old->end[old->n - 1], old);
		root->n = 1;
		root->gap = old->gap;
	}
	path->node[tree->height] = root;
	path->index[tree->height] = 0;
	tree->height++;
	store_release(&tree->root, root);
}

static void bound_gaps(struct vma_node *node)
{
	for (unsigned i = 1; i < node->n; i++)
		node->gap = max(node->gap, gap_below(node, i));
}

/*
 * Divide a full node to put an entry at i: the upper half goes to a new right neighbour, or only
 * the new entry when that comes last: ascending insertions fill their nodes.
 */
static struct vma_node *split_node(struct vma_tree *tree, struct vma_node *node, unsigned i,
				   unsigned long start, unsigned long end, void *slot)
{
	struct vma_node *right = take_spare(tree, node->level), *into = node;

	if (i < FANOUT)
		move_entries(node, FANOUT / 2 + 1, right);
	if (i > node->n || i == FANOUT) {
		i -= node->n;
		into = right;
	}
	open_entry(into, i);
	set_entry(into, i, start, end, slot);
	right->gap = node->gap;
	bound_gaps(node);
	bound_gaps(right);
	return right;
}

/* Put an entry at index[0] of the path. */
static void insert_entry(struct vma_tree *tree, struct path *path, unsigned long start,
			 unsigned long end, void *slot)
{
	for (u32 level = 0;; level++) {
		struct vma_node *node, *right, *parent;
		unsigned i;

		if (level == tree->height)
			grow_root(tree, path);
		node = path->node[level];
		i = path->index[level];
		if (likely(node->n < FANOUT)) {
			open_entry(node, i);
			set_entry(node, i, start, end, slot);
			raise_gap(tree, path, level, gaps_at(node, i));
			refresh_above(tree, path, level);
			return;
		}
		right = split_node(tree, node, i, start, end, slot);
		if (level + 1 == tree->height)
			grow_root(tree, path);
		parent = path->node[level + 1];
		i = path->index[level + 1]++;
		parent->start[i] = node->start[0];
		store_release(&parent->end[i], node->end[node->n - 1]);
		raise_gap(tree, path, level + 1, max(node->gap, right->gap));
		start = right->start[0];
		end = right->end[right->n - 1];
		slot = right;
	}
}

void vma_tree_insert(struct vma_tree *tree, struct vm_area_struct *vma)
{
	struct path path;

	descend(tree, vma->vm_start, &path);
	ASSERT(tree->height == 0 || path.index[0] == path.node[0]->n ||
	       ((struct vm_area_struct *)path.node[0]->slot[path.index[0]])->vm_start >=
		       vma->vm_end);
	write_begin(tree);
	insert_entry(tree, &path, guarded_start(vma, vma->vm_start), vma->vm_end, vma);
	tree->count++;
	write_end(tree);
}

/* Join a small node with a neighbour under the same parent; true: the parent lost an entry. */
static bool merge_node(struct vma_tree *tree, struct path *path, u32 level)
{
	struct vma_node *parent = path->node[level + 1], *left, *right;
	unsigned i = path->index[level + 1];

	if (i > 0 && ((struct vma_node *)parent->slot[i - 1])->n + path->node[level]->n <= MERGED)
		i--;
	else if (i + 1 == parent->n ||
		 ((struct vma_node *)parent->slot[i + 1])->n + path->node[level]->n > MERGED)
		return false;
	left = parent->slot[i];
	right = parent->slot[i + 1];
	left->gap = max(max(left->gap, right->gap), gap_below(parent, i + 1));
	move_entries(right, 0, left);
	close_entry(parent, i + 1);
	store_release(&parent->end[i], left->end[left->n - 1]);
	path->index[level + 1] = i;
	path->node[level] = left;
	free_node(right);
	return true;
}

/* Entry index[0] of the path is gone: nodes that became empty or small go too. */
static void remove_entry(struct vma_tree *tree, struct path *path)
{
	u32 level = 0;

	for (;; level++) {
		struct vma_node *node = path->node[level];
		const unsigned i = path->index[level];

		close_entry(node, i);
		if (node->n == 0) {
			if (level + 1 == tree->height) {
				store_release(&tree->root, NULL);
				tree->height = 0;
				free_node(node);
				return;
			}
			free_node(node);
			continue; /* the parent's entry goes next */
		}
		if (i > 0 && i < node->n)
			raise_gap(tree, path, level, gap_below(node, i));
		refresh_above(tree, path, level);
		break;
	}
	while (path->node[level]->n <= FEW && level + 1 < tree->height &&
	       merge_node(tree, path, level))
		level++;
	while (tree->height > 1 && tree->root->n == 1) {
		struct vma_node *old = tree->root;

		store_release(&tree->root, old->slot[0]);
		tree->height--;
		free_node(old);
	}
}

void vma_tree_remove(struct vma_tree *tree, struct vm_area_struct *vma)
{
	struct path path;

	descend(tree, vma->vm_start, &path);
	ASSERT(tree->height && path.node[0]->slot[path.index[0]] == vma);
	write_begin(tree);
	remove_entry(tree, &path);
	tree->count--;
	write_end(tree);
}

/* Give the entry of a VMA, found by `address` in it, another range. */
static void resize_entry(struct vma_tree *tree, struct path *path, struct vm_area_struct *vma,
			 unsigned long address, unsigned long start, unsigned long end)
{
	struct vma_node *node;
	unsigned i;

	ASSERT(start < end);
	descend(tree, address, path);
	node = path->node[0];
	i = path->index[0];
	ASSERT(tree->height && node->slot[i] == vma);
	node->start[i] = guarded_start(vma, start);
	store_release(&node->end[i], end);
	store_release(&vma->vm_start, start);
	store_release(&vma->vm_end, end);
	raise_gap(tree, path, 0, gaps_at(node, i));
	refresh_above(tree, path, 0);
}

void vma_tree_resize(struct vma_tree *tree, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	struct path path;

	write_begin(tree);
	resize_entry(tree, &path, vma, vma->vm_start, start, end);
	write_end(tree);
}

void vma_tree_split(struct vma_tree *tree, struct vm_area_struct *vma, struct vm_area_struct *upper)
{
	struct path path;

	ASSERT(upper->vm_end == vma->vm_end);
	write_begin(tree);
	resize_entry(tree, &path, vma, vma->vm_start, vma->vm_start, upper->vm_start);
	path.index[0]++;
	insert_entry(tree, &path, guarded_start(upper, upper->vm_start), upper->vm_end, upper);
	tree->count++;
	write_end(tree);
}

void vma_tree_join(struct vma_tree *tree, struct vm_area_struct *vma, struct vm_area_struct *next)
{
	const unsigned long end = next->vm_end;
	struct path path;

	ASSERT(vma->vm_end == next->vm_start);
	write_begin(tree);
	descend(tree, next->vm_start, &path);
	ASSERT(path.node[0]->slot[path.index[0]] == next);
	remove_entry(tree, &path);
	tree->count--;
	resize_entry(tree, &path, vma, vma->vm_start, vma->vm_start, end);
	write_end(tree);
}

void vma_tree_move_border(struct vma_tree *tree, struct vm_area_struct *lower,
			  struct vm_area_struct *upper, unsigned long border)
{
	struct path path;

	write_begin(tree);
	resize_entry(tree, &path, lower, lower->vm_start, lower->vm_start, border);
	resize_entry(tree, &path, upper, upper->vm_end - 1, border, upper->vm_end);
	write_end(tree);
}

/* --- gaps: searching (the writer alone) --- */

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
			seen = max(seen, gap_below(node, i + 1));
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
			seen = max(seen, gap_below(node, i));
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

/* --- life, checking --- */

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

static unsigned violation(const struct vma_node *node, unsigned i, const char *what)
{
	pr_err("vma_tree: node %p level %u entry %u of %u: %s\n", (const void *)node, node->level,
	       i, node->n, what);
	return 1;
}

static unsigned check_node(const struct vma_node *node, u32 level, unsigned *vmas,
			   unsigned long *greatest)
{
	unsigned bad = 0;
	unsigned long gap = 0;

	if (node->level != level || node->n == 0 || node->n > FANOUT)
		return violation(node, 0, "level or count");
	for (unsigned i = 0; i < FANOUT; i++) {
		unsigned long inner = 0;

		if (i >= node->n) {
			if (node->end[i] != ~0UL || node->slot[i])
				bad += violation(node, i, "unused entry not empty");
			continue;
		}
		if (i > 0) {
			const unsigned long start =
				level ? node->start[i]
				      : ((struct vm_area_struct *)node->slot[i])->vm_start;

			if (!level && start < node->end[i - 1])
				bad += violation(node, i, "overlaps the one before");
			if (node->end[i] <= node->end[i - 1])
				bad += violation(node, i, "out of order");
			gap = max(gap, gap_below(node, i));
		}
		if (level > 0) {
			const struct vma_node *child = node->slot[i];

			bad += check_node(child, level - 1, vmas, &inner);
			if (child->start[0] != node->start[i] ||
			    child->end[child->n - 1] != node->end[i])
				bad += violation(node, i, "range differs from the child's");
			if (child->gap < inner || node->gap < child->gap)
				bad += violation(node, i, "gap bound too low");
			gap = max(gap, inner);
		} else {
			const struct vm_area_struct *vma = node->slot[i];

			(*vmas)++;
			if (vma->vm_end != node->end[i] ||
			    guarded_start(vma, vma->vm_start) != node->start[i])
				bad += violation(node, i, "range differs from the VMA's");
		}
	}
	if (node->gap < gap)
		bad += violation(node, 0, "gap bound too low");
	*greatest = gap;
	return bad;
}

unsigned vma_tree_check(const struct vma_tree *tree)
{
	unsigned vmas = 0, bad = 0;
	unsigned long gap;

	if (tree->seq & 1)
		bad++;
	if (tree->root)
		bad += check_node(tree->root, tree->height - 1, &vmas, &gap);
	if (vmas != tree->count) {
		pr_err("vma_tree: %u areas found, %u counted\n", vmas, tree->count);
		bad++;
	}
	return bad;
}
