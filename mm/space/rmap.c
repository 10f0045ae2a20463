/*
 * Who maps this page?  Reclaim, truncation and migration ask it; nobody wants to
 * pay for the answer on every fault.
 *
 * File pages: the page knows its file and index, and the file knows the VMAs that map
 * it (i_mmap).  Anonymous pages have no file; what they have is a history: a page was
 * born in one VMA, and only copies of that VMA made by fork (and pieces cut off them)
 * can have come to map it.  So families are kept, each a tree of nodes:
 *
 *          A  <- born here: pages of the VMA that faulted first
 *         /|\
 *        B C D     each: a VMA forked from one of A's that faulted on its own since
 *          |
 *          E       forked from C's
 *
 * - A VMA is linked in exactly one node, in an interval tree by page index.
 * - A page belongs to one node for life (page->mapping), with the index that its
 *   virtual address gave it at birth; vm_pgoff carries the index through mremap.
 * - Invariant: a page of node N is mapped only by VMAs linked in N or below it.  So
 *   rmap_walk() goes over the subtree of N, and asks each node for the VMAs that
 *   cover the index.
 *
 * How it stays true:
 *
 *   first fault     a VMA without a family founds one (or joins the node of its
 *                   neighbour, so that the two can be merged later)
 *   fork            the child's VMA becomes a guest in the node of the parent's.  That is
 *                   all: no allocation, one link
 *   a guest faults  it gets a node below and moves there: what it creates
 *                   from now on need not be looked for in the parent.  It is
 *                   still found for the old pages, as it is below their node
 *   split           both pieces are linked where the VMA was
 *   merge           allowed when the nodes are the same, or one of the two has no
 *                   family yet and the other founded its own: the areas of a child stay
 *                   apart from what it makes later, or its parent's pages would be
 *                   looked for in more and more places
 *
 * Giving new pages to the node one is a guest in would be correct too, only the walks
 * would be longer.  That freedom bounds the depth: a daemon that forks and exits, over
 * and over, adds a level each time, so from MAX_DEPTH on guests stay; and a guest who
 * has become alone in a childless node takes it over.
 *
 * A node goes when it has neither VMAs nor children; then no page table maps a page
 * of it.  Pages may outlive it (somebody holds a reference), their mapping then points
 * nowhere.  So a walk must first make sure of the family: nodes are type-safe within an
 * epoch, a root with a nonzero reference count can be locked, and once it is locked a page
 * that is mapped and still names the node proves that the node lives (whoever unmaps it
 * needs the lock before the VMA leaves).
 *
 * A walk is no snapshot.  A fork that runs meanwhile may add entries in VMAs
 * already visited: who must be sure looks at mapcount afterwards.
 *
 * The links change only with mmap_lock held: shared for a VMA's first fault, else for
 * writing, so a writer sees families stand still.
 *
 * Locks: one per family, at its root, taken after mmap_lock, the VMA's lock and the
 * page lock, before page-table locks.  Linux links each VMA to all its ancestors (chains);
 * here fork and exit touch one node for each VMA instead.
 */
#include "mm/space/pages.h"
#include "mm/swap/swap.h"

#define MAX_DEPTH 12

static struct kmem_cache *anon_vma_cache;

static void anon_vma_ctor(void *object)
{
	struct anon_vma *node = object;

	*node = (struct anon_vma){0};
	list_init(&node->children);
	init_rwsem(&node->lock, RANK_ANON_VMA);
}

void rmap_init(void)
{
	anon_vma_cache =
		kmem_cache_create("anon_vma", sizeof(struct anon_vma), _Alignof(struct anon_vma),
				  SLAB_TYPESAFE_BY_EPOCH | SLAB_PANIC, anon_vma_ctor);
}

/* --- families --- */

/* Free objects are as the constructor left them. */
static void anon_vma_free(struct anon_vma *node)
{
	ASSERT(node->nr_vmas == 0 && !node->vmas.root && list_empty(&node->children));
	kmem_cache_free(anon_vma_cache, node);
}

static void family_put(struct anon_vma *root)
{
	if (atomic_dec_and_test(&root->refs))
		anon_vma_free(root);
}

static void link_vma(struct vm_area_struct *vma, struct anon_vma *node)
{
	vma->anon_node.start = vma->vm_pgoff;
	vma->anon_node.last = vma->vm_pgoff + vma_pages(vma) - 1;
	interval_insert(&node->vmas, &vma->anon_node);
	node->nr_vmas++;
}

static void unlink_vma(struct vm_area_struct *vma, struct anon_vma *node)
{
	interval_remove(&node->vmas, &vma->anon_node);
	node->nr_vmas--;
}

/* Is `node` below `top`, or the same? */
static bool is_within(const struct anon_vma *node, const struct anon_vma *top)
{
	while (node && node->depth > top->depth)
		node = node->parent;
	return node == top;
}

/* Could the two, which touch, be one area (whatever their access rights are now) but for families? */
static bool are_alike(const struct vm_area_struct *low, const struct vm_area_struct *high)
{
	return low->vm_end == high->vm_start && low->vm_file == high->vm_file &&
	       low->vm_pgoff + vma_pages(low) == high->vm_pgoff &&
	       !((low->vm_flags ^ high->vm_flags) & ~(VM_READ | VM_WRITE | VM_EXEC | VM_SOFTDIRTY));
}

/*
 * The other's node, if vma can join it: it must lie within the one vma is linked in now. Without a
 * family vma joins none that came by fork, or it could never be merged with it (anon_vma_accepts).
 */
static struct anon_vma *joinable_node(const struct vm_area_struct *vma,
				      const struct vm_area_struct *other)
{
	/* Other faults may be giving both their first. */
	const struct anon_vma *own = load_acquire(&vma->anon_vma);
	struct anon_vma *node = load_acquire(&other->anon_vma);

	if (!node || READ_ONCE(other->anon_guest))
		return NULL;
	return (own ? is_within(node, own) : node->depth == 0) ? node : NULL;
}

/*
 * The node of a neighbour that vma might be merged with one day, or NULL. The upper one first, as
 * Linux: it decides which of three areas can be one later. mmap_lock held.
 */
static struct anon_vma *neighbours_node(struct vm_area_struct *vma)
{
	const struct vma_tree *tree = &vma->vm_mm->vmas;
	struct vm_area_struct *prev, *next;
	struct anon_vma *node = NULL;

	next = vma_tree_find(tree, vma->vm_end);
	if (next && are_alike(vma, next))
		node = joinable_node(vma, next);
	if (node)
		return node;
	vma_tree_find_prev(tree, vma->vm_start, &prev);
	return prev && are_alike(prev, vma) ? joinable_node(vma, prev) : NULL;
}

/*
 * The first anonymous page of a VMA that has no family. Other faults, all with mmap_lock shared,
 * may be trying the same.
 */
static void found_family(struct vm_area_struct *vma, struct anon_vma *neighbour,
			 struct anon_vma **fresh)
{
	struct anon_vma *node = neighbour ? neighbour : *fresh, *none = NULL;

	if (!neighbour) {
		node->root = node;
		node->parent = NULL;
		node->depth = 0;
	}
	down_write(&node->root->lock);
	if (try_cmpxchg(&vma->anon_vma, &none, node)) {
		link_vma(vma, node);
		if (!neighbour) {
			atomic_set(&node->refs, 1);
			*fresh = NULL;
		}
	}
	up_write(&node->root->lock);
}

/* A guest's first own page: move down into a node of its own. */
static void settle_guest(struct vm_area_struct *vma, struct anon_vma *neighbour,
			 struct anon_vma **fresh)
{
	struct anon_vma *host = load_acquire(&vma->anon_vma), *root = host->root, *node = *fresh;

	down_write(&root->lock);
	if (vma->anon_guest) {
		if (neighbour) {
			unlink_vma(vma, host);
			link_vma(vma, neighbour);
			WRITE_ONCE(vma->anon_vma, neighbour);
		} else if (host->depth < MAX_DEPTH &&
			   !(host->nr_vmas == 1 && list_empty(&host->children))) {
			node->root = root;
			node->parent = host;
			node->depth = host->depth + 1;
			list_add(&node->sibling, &host->children);
			unlink_vma(vma, host);
			link_vma(vma, node);
			WRITE_ONCE(vma->anon_vma, node);
			*fresh = NULL;
		}
		WRITE_ONCE(vma->anon_guest, false);
	}
	up_write(&root->lock);
}

int anon_vma_prepare(struct vm_area_struct *vma)
{
	struct anon_vma *neighbour, *fresh;

	assert_rwsem_held(&vma->vm_mm->mmap_lock);
	if (anon_vma_ready(vma))
		return 0;
	fresh = kmem_cache_alloc(anon_vma_cache, GFP_KERNEL);
	if (!fresh)
		return -ENOMEM;
	neighbour = neighbours_node(vma);
	if (!READ_ONCE(vma->anon_vma))
		found_family(vma, neighbour, &fresh);
	else
		settle_guest(vma, neighbour, &fresh);
	if (fresh)
		anon_vma_free(fresh);
	return 0;
}

int anon_vma_fork(struct vm_area_struct *child, struct vm_area_struct *parent)
{
	struct anon_vma *node = parent->anon_vma;

	child->anon_vma = node;
	child->anon_guest = true;
	if (!node)
		return 0;
	down_write(&node->root->lock);
	link_vma(child, node);
	up_write(&node->root->lock);
	return 0;
}

int anon_vma_clone(struct vm_area_struct *copy, struct vm_area_struct *vma)
{
	anon_vma_fork(copy, vma);
	copy->anon_guest = vma->anon_guest;
	return 0;
}

void anon_vma_unlink(struct vm_area_struct *vma)
{
	struct anon_vma *node = vma->anon_vma, *root;

	if (!node)
		return;
	root = node->root;
	down_write(&root->lock);
	unlink_vma(vma, node);
	vma->anon_vma = NULL;
	while (node != root && node->nr_vmas == 0 && list_empty(&node->children)) {
		struct anon_vma *parent = node->parent;

		list_del(&node->sibling);
		anon_vma_free(node);
		node = parent;
	}
	bool extinct = root->nr_vmas == 0 && list_empty(&root->children);

	up_write(&root->lock);
	if (extinct)
		family_put(root);
}

void anon_vma_pre_update(struct vm_area_struct *vma) NO_LOCK_ANALYSIS
{
	if (!vma->anon_vma)
		return;
	down_write(&vma->anon_vma->root->lock);
	unlink_vma(vma, vma->anon_vma);
}

void anon_vma_post_update(struct vm_area_struct *vma) NO_LOCK_ANALYSIS
{
	if (!vma->anon_vma)
		return;
	link_vma(vma, vma->anon_vma);
	up_write(&vma->anon_vma->root->lock);
}

bool anon_vma_accepts(const struct vm_area_struct *vma, const struct anon_vma *node)
{
	return vma->anon_vma == node || (!node && vma->anon_vma->depth == 0 && !vma->anon_guest);
}

void anon_vma_merge(struct vm_area_struct *vma, struct vm_area_struct *gone)
{
	struct anon_vma *from = vma->anon_vma, *to = gone->anon_vma;

	ASSERT(!from || !to || from == to);
	if (!to || from)
		return;
	down_write(&to->root->lock);
	link_vma(vma, to);
	vma->anon_vma = to;
	vma->anon_guest = gone->anon_guest;
	up_write(&to->root->lock);
}

void rmap_lock(struct vm_area_struct *vma) NO_LOCK_ANALYSIS
{
	if (vma->anon_vma)
		down_write(&vma->anon_vma->root->lock);
	if (vma->vm_mapping)
		down_write(&vma_i_mmap(vma)->lock);
}

void rmap_unlock(struct vm_area_struct *vma) NO_LOCK_ANALYSIS
{
	if (vma->vm_mapping)
		up_write(&vma_i_mmap(vma)->lock);
	if (vma->anon_vma)
		up_write(&vma->anon_vma->root->lock);
}

bool anon_vma_covers(const struct anon_vma *node, const struct vm_area_struct *vma)
{
	return is_within(vma->anon_vma, node);
}

/* --- pages --- */

void page_add_file_rmap(struct page *page)
{
	if (fetch_add(&page->mapcount.v, 1) == 0)
		mod_page_stat(page, NR_FILE_MAPPED, 1);
}

void page_remove_rmap(struct page *page)
{
	ASSERT(page_mapcount(page) > 0);
	if (!atomic_dec_and_test(&page->mapcount))
		return;
	mod_page_stat(page, page_is_anon(page) ? NR_ANON_MAPPED : NR_FILE_MAPPED, -1);
	page_unmapped(page);
}

/* --- walking --- */

typedef int (*rmap_fn)(struct page *page, struct vm_area_struct *vma, unsigned long address,
		       void *arg);

static unsigned long address_in(const struct vm_area_struct *vma, u64 index)
{
	return vma->vm_start + ((index - vma->vm_pgoff) << PAGE_SHIFT);
}

/* The next node of top's subtree, parents before children; NULL at the end. */
static struct anon_vma *next_within(struct anon_vma *node, struct anon_vma *top)
{
	if (!list_empty(&node->children))
		return list_first_entry(&node->children, struct anon_vma, sibling);
	for (; node != top; node = node->parent)
		if (node->sibling.next != &node->parent->children)
			return list_next_entry(node, sibling);
	return NULL;
}

/*
 * The page's node with its family locked, or NULL if the page is not mapped any more. Without `wait`:
 * ERR_PTR(-EAGAIN) if that would need waiting.
 */
static struct anon_vma *lock_family(struct page *page, bool wait) NO_LOCK_ANALYSIS
{
	struct anon_vma *node, *root;

	epoch_read_lock();
	node = page_is_anon(page) ? page_owner_ptr(page) : NULL;
	root = node ? READ_ONCE(node->root) : NULL;
	if (!root || !page_mapcount(page) || !atomic_inc_not_zero(&root->refs)) {
		epoch_read_unlock();
		return NULL;
	}
	epoch_read_unlock();
	if (wait) {
		down_read(&root->lock);
	} else if (!down_read_trylock(&root->lock)) {
		family_put(root);
		return ERR_PTR(-EAGAIN);
	}
	if (page_mapcount(page) && page_is_anon(page) && page_owner_ptr(page) == node &&
	    node->root == root)
		return node;
	up_read(&root->lock);
	family_put(root);
	return NULL;
}

static int walk_anon(struct page *page, rmap_fn fn, void *arg, bool wait) NO_LOCK_ANALYSIS
{
	struct anon_vma *top = lock_family(page, wait), *root;
	u64 index = page_anon_index(page);
	int result = 0;

	if (!top)
		return 0;
	if (IS_ERR(top))
		return PTR_ERR(top);
	root = top->root;
	for (struct anon_vma *node = top; node && !result; node = next_within(node, top)) {
		struct interval_node *at;

		interval_for_each(at, &node->vmas, index, index)
		{
			struct vm_area_struct *vma =
				container_of(at, struct vm_area_struct, anon_node);

			result = fn(page, vma, address_in(vma, index), arg);
			if (result)
				break;
		}
	}
	up_read(&root->lock);
	family_put(root);
	return result;
}

static int walk_i_mmap(struct i_mmap *i_mmap, struct page *page, rmap_fn fn, void *arg,
		       bool wait) NO_LOCK_ANALYSIS
{
	const u64 index = page_index(page);
	struct interval_node *at;
	int result = 0;

	if (wait)
		down_read(&i_mmap->lock);
	else if (!down_read_trylock(&i_mmap->lock))
		return -EAGAIN;
	interval_for_each(at, &i_mmap->areas, index, index)
	{
		struct vm_area_struct *vma = container_of(at, struct vm_area_struct, file_node);

		result = fn(page, vma, address_in(vma, index), arg);
		if (result)
			break;
	}
	up_read(&i_mmap->lock);
	return result;
}

static int walk_file(struct page *page, rmap_fn fn, void *arg, bool wait) NO_LOCK_ANALYSIS
{
	struct address_space *mapping = page_owner_ptr(page);
	int result = 0;

	for (unsigned part = 0; mapping && part < I_MMAP_PARTS && !result; part++)
		if (READ_ONCE(mapping->i_mmap[part].count))
			result = walk_i_mmap(&mapping->i_mmap[part], page, fn, arg, wait);
	return result;
}

int rmap_walk(struct page *page, rmap_fn fn, void *arg)
{
	ASSERT(page_test(page, PG_locked));
	return page_is_anon(page) ? walk_anon(page, fn, arg, true) : walk_file(page, fn, arg, true);
}

int rmap_try_walk(struct page *page, rmap_fn fn, void *arg)
{
	ASSERT(page_test(page, PG_locked));
	return page_is_anon(page) ? walk_anon(page, fn, arg, false)
				  : walk_file(page, fn, arg, false);
}
