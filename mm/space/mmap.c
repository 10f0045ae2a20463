/*
 * mmap: an area comes into being (S32, S36).
 *
 *	1  what needs no lock: sense of the arguments; shared anonymous memory gets its
 *	   nameless file
 *	2  where: the hint, or the highest gap below mmap_base, or what MAP_FIXED says
 *	3  what: flags, from PROT_, MAP_ and how the file was opened
 *	4  may it be: limits, promises (account.c)
 *	5  a neighbour grows over the place, or a VMA is made; whatever can fail is done
 *	   by now, and only then what MAP_FIXED replaces goes
 *
 * Errors come in the order in which Linux finds them: programs that probe for features
 * look at the first.
 *
 * The layout: the stack at the top, mmap from below the stack's limit downwards, the
 * program and its heap at the bottom. With randomisation each of them moves by as many
 * bits as on Linux.
 */
#include "mm/space/areas.h"
#include <linux/mman.h>

int (*shmem_zero_setup)(u64 bytes, bool noreserve, struct map_source *source);
int (*map_source_of_fd)(int fd, struct map_source *source);

#define MAX_FILE_PAGES (1ULL << 35) /* what struct page can number */
#define LOW_2G_START   0x40000000UL /* MAP_32BIT: from here */
#define LOW_2G_END     0x80000000UL

/* Flags that MAP_SHARED ignores if it does not know them, and MAP_SHARED_VALIDATE does not. */
#define KNOWN_FLAGS                                                                              \
	(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE | \
	 MAP_UNINITIALIZED | MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE |         \
	 MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_32BIT | MAP_FIXED_NOREPLACE |              \
	 MAP_HUGE_MASK << MAP_HUGE_SHIFT)

/* --- where --- */

int sysctl_mmap_rnd_bits = MMAP_RND_BITS;
int sysctl_legacy_va_layout; /* 0 */

unsigned long random_pages(unsigned bits)
{
	if (!space_randomize())
		return 0;
	return (unsigned long)(space_limits.random() & ((1ULL << bits) - 1)) << PAGE_SHIFT;
}

unsigned long mm_stack_top(void)
{
	return STACK_TOP - random_pages(STACK_RND_BITS);
}

void mm_set_layout(struct mm_struct *mm)
{
	const unsigned long random_stack =
		space_randomize() ? ((1UL << STACK_RND_BITS) - 1) << PAGE_SHIFT : 0;
	const unsigned long pad = random_stack + stack_guard_gap;
	const unsigned long most = TASK_SIZE / 6 * 5, least = 128UL << 20;
	unsigned long room = space_rlimit(RLIMIT_STACK);

	if (room + pad > room)
		room += pad;
	mm->flags &= ~MM_BOTTOM_UP;
	if (sysctl_legacy_va_layout) {
		mm->flags |= MM_BOTTOM_UP;
		mm->mmap_base = TASK_UNMAPPED_BASE + random_pages(sysctl_mmap_rnd_bits);
		return;
	}
	room = min(max(room, least), most);
	mm->mmap_base = round_to_page(TASK_SIZE - room - random_pages(sysctl_mmap_rnd_bits));
}

/* Is [addr, addr+len) free, with the guard of what follows? The cursor and *next are there then. */
static __always_inline bool is_free(struct mm_struct *mm, unsigned long addr, unsigned long len,
				    struct vma_cursor *at, struct vm_area_struct **next)
{
	struct vm_area_struct *vma = *next = vma_seek(at, &mm->vmas, addr);

	return !vma || addr + len <= vma_guarded_start(vma, vma->vm_start);
}

static __noinline unsigned long place_bottom_up(struct mm_struct *mm, unsigned long len,
						unsigned long low, unsigned long high,
						struct vma_cursor *at, struct vm_area_struct **next)
{
	const unsigned long addr = vma_tree_gap_bottom_up(&mm->vmas, len, low, high);

	*next = vma_seek(at, &mm->vmas, addr);
	return addr;
}

/* The highest place below `high`, by a search. The old layout has no hint and goes upwards. */
static __noinline unsigned long search_top_down(struct mm_struct *mm, unsigned long len,
						unsigned long high, struct vma_cursor *at,
						struct vm_area_struct **next)
{
	const unsigned long low = max(PAGE_SIZE, round_to_page(sysctl_mmap_min_addr));
	unsigned long addr;

	if (mm->flags & MM_BOTTOM_UP)
		return place_bottom_up(mm, len, mm->mmap_base, TASK_SIZE, at, next);
	addr = vma_tree_gap_top_down(&mm->vmas, len, low, high);
	if (IS_ERR_VALUE(addr))
		return addr;
	if (!mm->mmap_hint || len <= mm->mmap_hint_len) {
		mm->mmap_hint = addr + len;
		mm->mmap_hint_len = len;
	}
	*next = vma_seek(at, &mm->vmas, addr);
	return addr;
}

/*
 * The highest place below mmap_base. Most programs ask for one after the other and give back
 * the last: mmap_hint remembers how far down there is nothing of that size. It moves down
 * when something is mapped right below it (map_shape), up when something is unmapped.
 */
static __always_inline unsigned long place_top_down(struct mm_struct *mm, unsigned long len,
						    struct vma_cursor *at,
						    struct vm_area_struct **next)
{
	const unsigned long hint = mm->mmap_hint;

	if (unlikely(!hint || len < mm->mmap_hint_len))
		return search_top_down(mm, len, mm->mmap_base, at, next);
	if (unlikely(hint < len + sysctl_mmap_min_addr) || !is_free(mm, hint - len, len, at, next))
		return search_top_down(mm, len, hint, at, next);
	return hint - len;
}

static __noinline unsigned long place_elsewhere(struct mm_struct *mm, unsigned long addr,
						unsigned long len, unsigned long flags,
						struct vma_cursor *at, struct vm_area_struct **next)
{
	const bool low = TASK_SIZE > LOW_2G_END && (flags & MAP_32BIT);
	const unsigned long end = low ? LOW_2G_END : TASK_SIZE;

	if (addr && len <= end && addr <= end - len && is_free(mm, addr, len, at, next))
		return addr;
	if (low)
		return place_bottom_up(mm, len, LOW_2G_START + random_pages(13), end, at, next);
	return place_top_down(mm, len, at, next);
}

static __noinline unsigned long place_fixed(struct mm_struct *mm, unsigned long addr,
					    unsigned long len, struct vma_cursor *at,
					    struct vm_area_struct **next)
{
	if (addr > TASK_SIZE - len)
		return -ENOMEM;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	*next = vma_seek(at, &mm->vmas, addr);
	return addr;
}

static __always_inline unsigned long find_place(struct mm_struct *mm, unsigned long addr,
						unsigned long len, unsigned long flags,
						struct vma_cursor *at, struct vm_area_struct **next)
{
	if (unlikely(len > TASK_SIZE))
		return -ENOMEM;
	if (unlikely(flags & MAP_FIXED)) {
		addr = place_fixed(mm, addr, len, at, next);
	} else {
		if (likely(!addr && !(flags & MAP_32BIT)))
			addr = place_top_down(mm, len, at, next);
		else
			addr = place_elsewhere(mm, addr, len, flags, at, next);
		if (unlikely(addr == (unsigned long)-ENOMEM && !(flags & MAP_32BIT)))
			addr = place_bottom_up(mm, len, TASK_UNMAPPED_BASE, TASK_SIZE, at, next);
	}
	if (unlikely(addr < sysctl_mmap_min_addr) &&
	    !(space_limits.capable_sys_rawio && space_limits.capable_sys_rawio()))
		return -EPERM;
	return addr;
}

unsigned long get_unmapped_area(struct mm_struct *mm, unsigned long addr, unsigned long len,
				unsigned long flags, struct vma_cursor *at,
				struct vm_area_struct **next)
{
	return find_place(mm, addr, len, flags, at, next);
}

/* --- what --- */

/* The flags of a file's mapping into shape->flags, by how it was opened. 0 or -errno. */
static __noinline int file_flags(const struct map_source *source, unsigned long prot,
				 unsigned long flags, vm_flags_t *vm_flags)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		if (flags & ~(unsigned long)KNOWN_FLAGS & ~MAP_TYPE)
			return -EOPNOTSUPP;
		fallthrough;
	case MAP_SHARED:
		if ((prot & PROT_WRITE) && !source->writable)
			return -EACCES;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		if (!source->writable)
			*vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
		break;
	case MAP_PRIVATE: break;
	default: return -EINVAL;
	}
	if (!source->readable)
		return -EACCES;
	if (source->noexec) {
		if (*vm_flags & VM_EXEC)
			return -EPERM;
		*vm_flags &= ~VM_MAYEXEC;
	}
	if (!source->mapping && !source->mmap)
		return -ENODEV;
	if (*vm_flags & VM_GROWSDOWN)
		return -EINVAL;
	return 0;
}

static int anonymous_flags(unsigned long flags, vm_flags_t *vm_flags)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
		if (*vm_flags & VM_GROWSDOWN)
			return -EINVAL;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		return 0;
	case MAP_PRIVATE: return 0;
	default: return -EINVAL;
	}
}

int check_locked_limit(const struct mm_struct *mm, vm_flags_t flags, unsigned long len)
{
	if (likely(!(flags & VM_LOCKED)) || may_lock_more(mm, len >> PAGE_SHIFT))
		return 0;
	return -EAGAIN;
}

/* --- making it --- */

/* Pages of areas within a range, and how many of them are promised. */
static __noinline void count_range(const struct mm_struct *mm, unsigned long start,
				   unsigned long end, unsigned long *pages, unsigned long *promised)
{
	const struct vm_area_struct *vma = vma_tree_find(&mm->vmas, start);

	*pages = *promised = 0;
	for (; vma && vma->vm_start < end; vma = vma_tree_find(&mm->vmas, vma->vm_end)) {
		const unsigned long n =
			(min(vma->vm_end, end) - max(vma->vm_start, start)) >> PAGE_SHIFT;

		*pages += n;
		if (vma->vm_flags & VM_ACCOUNT)
			*promised += n;
	}
}

/* Let the file's owner have his say: 0 or -errno, and then the VMA is gone. */
static __noinline int ask_owner(struct vm_area_struct *vma, const struct map_source *source)
{
	const int err = source->mmap(source->file, vma);

	if (err)
		vma_free(vma);
	else
		vma_set_prot(vma);
	return err;
}

/* A device's pages cannot be locked: forget that it was asked for. */
static __noinline void unlock_special(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = vma_tree_find(&mm->vmas, addr);

	down_write(&vma->lock);
	vma->vm_flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
	trace_vma_flags((unsigned long)mm, vma->vm_start, vma->vm_end, vma->vm_flags);
	up_write(&vma->lock);
}

/* A new VMA for which an owner must be asked or others must go. 0 or -errno. */
static __noinline int map_vma_over(struct mm_struct *mm, struct vma_shape *shape,
				   const struct map_source *source)
{
	struct vm_area_struct *vma;
	int err;

	if (vma_tree_prepare(&mm->vmas, 2))
		return -ENOMEM;
	vma = vma_new(mm, shape, source ? source->mapping : NULL);
	if (!vma)
		return -ENOMEM;
	vma_set_prot(vma);
	if (source && source->mmap) {
		err = ask_owner(vma, source);
		if (err)
			return err;
		shape->flags = vma->vm_flags & ~VM_DETACHED;
	}
	err = unmap_range_locked(mm, shape->start, shape->end);
	if (err) {
		if (vma->vm_ops && vma->vm_ops->close)
			vma->vm_ops->close(vma);
		vma_free(vma);
		return err;
	}
	vma_link(mm, vma);
	vma_merge(mm, vma);
	return 0;
}

/* A new VMA at the cursor. 0 or -ENOMEM. */
static __always_inline int map_vma(struct mm_struct *mm, struct vma_cursor *at,
				   struct vma_shape *shape, const struct map_source *source)
{
	struct vm_area_struct *vma;

	if (unlikely(vma_tree_prepare(&mm->vmas, 1)))
		return -ENOMEM;
	vma = vma_new(mm, shape, source ? source->mapping : NULL);
	if (unlikely(!vma))
		return -ENOMEM;
	vma_set_prot(vma);
	vma_link_at(at, vma);
	return 0;
}

/*
 * The area of a shape, at the cursor and before or over `next`: 0 or -errno, and then all is
 * as before. Looks at the limits, counts and promises.
 */
static __always_inline int map_shape(struct mm_struct *mm, struct vma_cursor *at,
				     struct vm_area_struct *next, struct vma_shape *shape,
				     const struct map_source *source)
{
	const unsigned long pages = (shape->end - shape->start) >> PAGE_SHIFT;
	unsigned long going = 0, promised = 0;
	struct vm_area_struct *prev;
	int err;

	if (unlikely(next && next->vm_start < shape->end))
		count_range(mm, shape->start, shape->end, &going, &promised);
	if (!mm_may_expand(mm, shape->flags, pages - going))
		return -ENOMEM;
	if (vma_is_accountable(shape->flags)) {
		if (unlikely(promised) && !vm_may_promise(pages))
			return -ENOMEM;
		if (vm_account(mm, pages - promised))
			return -ENOMEM;
		if (unlikely(promised))
			vm_commit(promised); /* what goes will take back its share */
		shape->flags |= VM_ACCOUNT;
	}
	if (likely(!going && !(source && source->mmap))) {
		prev = vma_before(at, shape->start);
		if (vma_merge_new(at, prev, next, shape)) {
			mm_count(mm, shape->flags, pages);
			goto done;
		}
	}
	err = going || (source && source->mmap) ? map_vma_over(mm, shape, source)
						: map_vma(mm, at, shape, source);
	if (unlikely(err)) {
		if (shape->flags & VM_ACCOUNT)
			vm_unaccount(pages);
		return err;
	}
done:
	if (shape->end == mm->mmap_hint)
		mm->mmap_hint = shape->start;
	return 0;
}

/*
 * The same for a mapping that may write to its file, now or after mprotect. Of a file sealed against
 * that one may still have a view that never will. The file must not be sealed before the area
 * has counted itself.
 */
static __noinline int map_writable(struct mm_struct *mm, struct vma_cursor *at,
				   struct vm_area_struct *next, struct vma_shape *shape,
				   const struct map_source *source)
{
	atomic_t *writable = &source->mapping->mmap_writable;
	int count = atomic_read(writable), err;

	do
		if (count < 0) {
			if (shape->flags & VM_WRITE)
				return -EPERM;
			shape->flags &= ~VM_MAYWRITE;
			return map_shape(mm, at, next, shape, source);
		}
	while (!try_cmpxchg(&writable->v, &count, count + 1));
	err = map_shape(mm, at, next, shape, source);
	atomic_dec(writable);
	return err;
}

int map_anonymous(struct mm_struct *mm, unsigned long start, unsigned long end, vm_flags_t flags)
{
	struct vma_shape shape = {
		.start = start, .end = end, .flags = flags, .pgoff = start >> PAGE_SHIFT};
	struct vm_area_struct *next;
	struct vma_cursor at;

	next = vma_seek(&at, &mm->vmas, start);
	if (mm->vmas.count > sysctl_max_map_count || map_shape(mm, &at, next, &shape, NULL))
		return -ENOMEM;
	if (unlikely(flags & VM_LOCKED))
		mm->locked_vm += (end - start) >> PAGE_SHIFT;
	return 0;
}

int map_anon_fixed(struct mm_struct *mm, unsigned long start, unsigned long len, vm_flags_t flags)
{
	const unsigned long end = round_to_page(start + len);
	int err = 0;

	start &= PAGE_MASK;
	if (end > TASK_SIZE || end < start)
		return -ENOMEM;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	if (start < end)
		err = map_anonymous(mm, start, end, flags | mm->def_flags | VM_SOFTDIRTY);
	mm_unlock(mm);
	return err;
}

void populate_quietly(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	populate_range(mm, start, len);
}

static __always_inline unsigned long
mmap_locked(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long prot,
	    unsigned long flags, u64 pgoff, const struct map_source *source, vm_flags_t *vm_flags)
{
	const bool anonymous = flags & MAP_ANONYMOUS;
	struct vm_area_struct *next;
	struct vma_shape shape;
	struct vma_cursor at;
	int err;

	if (mm->vmas.count > sysctl_max_map_count)
		return -ENOMEM;
	addr = find_place(mm, addr, len, flags, &at, &next);
	if (IS_ERR_VALUE(addr))
		return addr;
	if (unlikely(flags & MAP_FIXED_NOREPLACE) && next && next->vm_start < addr + len)
		return -EEXIST;
	*vm_flags = (prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) | mm->def_flags | VM_MAYREAD |
		    VM_MAYWRITE | VM_MAYEXEC | VM_SOFTDIRTY;
	if (flags & MAP_GROWSDOWN)
		*vm_flags |= VM_GROWSDOWN;
	if (unlikely(flags & MAP_SYNC))
		*vm_flags |= VM_SYNC;
	if (flags & MAP_LOCKED) {
		*vm_flags |= VM_LOCKED;
		if (!can_mlock())
			return -EPERM;
	}
	err = check_locked_limit(mm, *vm_flags, len);
	if (!err && anonymous)
		err = anonymous_flags(flags, vm_flags);
	else if (!err && pgoff + (len >> PAGE_SHIFT) > MAX_FILE_PAGES)
		err = -EOVERFLOW;
	else if (!err)
		err = file_flags(source, prot, flags, vm_flags);
	if (err)
		return err;
	if ((flags & MAP_NORESERVE) && sysctl_overcommit_memory != 2)
		*vm_flags |= VM_NORESERVE;
	shape = (struct vma_shape){.start = addr,
				   .end = addr + len,
				   .flags = *vm_flags,
				   .pgoff = pgoff,
				   .file = source ? source->file : NULL,
				   .ops = source ? source->ops : NULL};
	if (anonymous)
		shape.pgoff = source ? 0 : addr >> PAGE_SHIFT;
	if (source && source->mapping && vma_may_write_file(shape.flags))
		err = map_writable(mm, &at, next, &shape, source);
	else
		err = map_shape(mm, &at, next, &shape, source);
	if (err)
		return err;
	if (unlikely(shape.flags & VM_LOCKED)) {
		if (shape.flags & VM_SPECIAL)
			unlock_special(mm, addr);
		else
			mm->locked_vm += len >> PAGE_SHIFT;
	}
	return addr;
}

/* The last steps: mmap_lock, and what is done without it afterwards. */
static __always_inline unsigned long mmap_checked(struct mm_struct *mm, unsigned long addr,
						  unsigned long len, unsigned long prot,
						  unsigned long flags, u64 pgoff,
						  const struct map_source *source)
{
	vm_flags_t vm_flags = 0;

	if (unlikely(down_write_killable(&mm->mmap_lock)))
		return -EINTR;
	addr = mmap_locked(mm, addr, len, prot, flags, pgoff, source, &vm_flags);
	mm_unlock(mm);
	if (unlikely((vm_flags & VM_LOCKED) ||
		     (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE) &&
	    !IS_ERR_VALUE(addr))
		populate_quietly(mm, addr, len);
	return addr;
}

static __noinline unsigned long mmap_shared(struct mm_struct *mm, unsigned long addr,
					    unsigned long len, unsigned long prot,
					    unsigned long flags)
{
	const bool noreserve = (flags & MAP_NORESERVE) && sysctl_overcommit_memory != 2;
	struct map_source source = {0};
	int err;

	if (len > TASK_SIZE || !shmem_zero_setup)
		return -ENOMEM;
	err = shmem_zero_setup(len, noreserve, &source);
	if (err)
		return err;
	addr = mmap_checked(mm, addr, len, prot, flags, 0, &source);
	vm_file_ops.put(source.file);
	return addr;
}

unsigned long do_mmap(struct mm_struct *mm, unsigned long addr, unsigned long len,
		      unsigned long prot, unsigned long flags, u64 pgoff,
		      const struct map_source *source)
{
	if (!len)
		return -EINVAL;
	if (flags & MAP_FIXED_NOREPLACE)
		flags |= MAP_FIXED;
	if (unlikely(addr) && !(flags & MAP_FIXED)) {
		addr &= PAGE_MASK;
		if (addr && addr < sysctl_mmap_min_addr)
			addr = round_to_page(sysctl_mmap_min_addr);
	}
	len = round_to_page(len);
	if (!len)
		return -ENOMEM;
	if (pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	if (unlikely((flags & (MAP_ANONYMOUS | MAP_TYPE)) == (MAP_ANONYMOUS | MAP_SHARED)))
		return mmap_shared(mm, addr, len, prot, flags);
	return mmap_checked(mm, addr, len, prot, flags, pgoff, source);
}
