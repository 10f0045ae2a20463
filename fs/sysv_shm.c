/*
 * System V shared memory: segments of memory with a number, which live until they
 * are removed, whoever made them.
 *
 *	table.slots   0     1     2     3
 *	            [ seg ][   ][ seg ][   ]     id = sequence number * 32768 + slot
 *	              |
 *	              +-> file "/SYSV<key>" <----- an area for each shmat()
 *	                    |  private: the segment
 *	                    +-> inode (number = id) -> pages
 *
 * A segment's memory is a nameless tmpfs file, so faults, fork, munmap and swap need to know
 * nothing of segments.  The file owns the segment's struct, too: the table has one reference to
 * the file, each area that maps it another, and the struct is freed with the file.
 *
 * Attachments are counted by areas: mapping, fork and a split count one up, the end of an area
 * counts one down (the operations `shm_vm_ops`).  When the count is zero and the segment has
 * been removed (IPC_RMID marks it SHM_DEST) it leaves the table.  That happens within munmap
 * and exit, under mmap_lock; but the area still has its reference to the file, so
 * all that is freed there is freed later, when the area puts it without locks.
 *
 * A slot that is given away again gets a new sequence number, so a stale id finds nothing;
 * slots are given away in a circle, so that this is rare.
 *
 * One spinlock guards the table and all fields of all segments; nothing is allocated, copied
 * from or to a program, or put under it.
 */
#include "fs/sysv_shm.h"

#include "fs/files.h"
#include "kernel/cred.h"
#include "kernel/initcall.h"
#include "kernel/syscall.h"
#include "lib/assert.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab/slab.h"
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/ipc.h>
#include <linux/mman.h>
#include <linux/resource.h>

/* <linux/shm.h>, which includes <unistd.h>, is for programs only. */
#define SHM_DEST      01000
#define SHM_LOCKED    02000
#define SHM_HUGETLB   04000  /* shmget */
#define SHM_NORESERVE 010000 /* shmget */
#define SHM_RDONLY    010000 /* shmat, ... */
#define SHM_RND       020000
#define SHM_REMAP     040000
#define SHM_EXEC      0100000
#define SHM_LOCK      11 /* shmctl, ... */
#define SHM_UNLOCK    12
#define SHM_STAT      13
#define SHM_INFO      14
#define SHM_STAT_ANY  15
#define HUGE_SHIFT    26
#define HUGE_MASK     0x3f
#define HUGE_2M       21
#define HUGE_1G       30

#define SHMLBA        PAGE_SIZE
#define IPC_MAX_SLOTS 32768
#define IPC_MAX_SEQ   (0x7fffffff / IPC_MAX_SLOTS)
#define IPC_MIN_SLOTS 64 /* the circle is no smaller */
#define IPC_KEY_NONE  IPC_PRIVATE
#define IPC_RIGHTS    0777

struct shm_info { /* SHM_INFO's answer */
	int used_ids;
	unsigned long shm_tot, shm_rss, shm_swp, swap_attempts, swap_successes;
};

struct shm_segment {
	struct file *file;  /* constant: the table's reference, as long as it is in there */
	unsigned long size; /* constant, bytes */
	int id;             /* constant */
	/* (table.lock) all the rest */
	int key;
	u32 uid, gid, cuid, cgid;
	u32 mode; /* permissions, SHM_DEST, SHM_LOCKED */
	unsigned long attached;
	s64 atime, dtime, ctime; /* seconds since 1970 */
	pid_t cpid, lpid;
	struct task_struct *creator; /* NULL: has ended. Compared, not followed. */
	u32 locker;                  /* whose memory SHM_LOCK counts against */
};

unsigned long sysctl_shmmax = ~0UL - (1UL << 24), sysctl_shmall = ~0UL - (1UL << 24);
int sysctl_shmmni = 4096;
int sysctl_shm_rmid_forced;

static struct {
	spinlock_t lock;
	struct shm_segment **slots; /* (lock, ...) */
	unsigned size, used;
	unsigned cursor; /* the slot to try first */
	unsigned seq;
	unsigned long pages;
} table = {.lock = SPINLOCK_INIT(RANK_SPIN)};

static s64 now_seconds(void)
{
	return fs_now().sec;
}

static unsigned long pages_of(const struct shm_segment *seg)
{
	return DIV_ROUND_UP(seg->size, PAGE_SIZE);
}

/* --- the table (its lock is held) --- */

static struct shm_segment *find_key(int key)
{
	for (unsigned i = 0; i < table.size; i++)
		if (table.slots[i] && table.slots[i]->key == key)
			return table.slots[i];
	return NULL;
}

static struct shm_segment *find_id(int id)
{
	const unsigned slot = (unsigned)id % IPC_MAX_SLOTS;
	struct shm_segment *seg = id >= 0 && slot < table.size ? table.slots[slot] : NULL;

	return seg && seg->id == id ? seg : NULL;
}

static unsigned wanted_size(void)
{
	return min((unsigned)sysctl_shmmni, max(table.used * 3 / 2, (unsigned)IPC_MIN_SLOTS));
}

/* A place and a number for a new segment: false when all are taken. */
static bool enter(struct shm_segment *seg)
{
	const unsigned end = min(wanted_size(), table.size);
	unsigned slot = table.cursor;

	if (table.used >= (unsigned)sysctl_shmmni || table.pages + pages_of(seg) > sysctl_shmall)
		return false;
	while (slot < end && table.slots[slot])
		slot++;
	if (slot >= end) {
		for (slot = 0; slot < end && table.slots[slot];)
			slot++;
		if (slot >= end)
			return false;
	}
	if (slot < table.cursor)
		table.seq = (table.seq + 1) % (IPC_MAX_SEQ + 1);
	table.cursor = slot + 1;
	table.slots[slot] = seg;
	table.used++;
	table.pages += pages_of(seg);
	seg->id = (int)(table.seq * IPC_MAX_SLOTS + slot);
	return true;
}

/* Out of the table. The caller puts the file that comes back. */
static struct file *leave(struct shm_segment *seg)
{
	table.slots[(unsigned)seg->id % IPC_MAX_SLOTS] = NULL;
	table.used--;
	table.pages -= pages_of(seg);
	return seg->file;
}

/* Nobody has it attached, and it is to go. */
static bool is_over(const struct shm_segment *seg)
{
	return !seg->attached && (sysctl_shm_rmid_forced || seg->mode & SHM_DEST);
}

/* Make the table large enough for one more. 0 or -ENOMEM. The lock is not held. */
static int make_room(void)
{
	struct shm_segment **larger, **old;
	unsigned size;

	spin_lock(&table.lock);
	size = wanted_size();
	if (size <= table.size) {
		spin_unlock(&table.lock);
		return 0;
	}
	spin_unlock(&table.lock);
	size = min(size * 2, (unsigned)IPC_MAX_SLOTS);
	larger = kzalloc(size * sizeof(*larger), GFP_KERNEL);
	if (!larger)
		return -ENOMEM;
	spin_lock(&table.lock);
	old = larger;
	if (table.size < size) { /* else somebody else was faster */
		old = table.slots;
		if (old)
			memcpy(larger, old, table.size * sizeof(*old));
		table.slots = larger;
		table.size = size;
	}
	spin_unlock(&table.lock);
	kfree(old);
	return 0;
}

/* --- rights --- */

static bool is_owner(const struct shm_segment *seg)
{
	const u32 euid = current->cred.euid;

	return euid == seg->uid || euid == seg->cuid;
}

/* May the current task do what the bits of `wanted` (as in a mode, for all three kinds of user) say? */
static bool permitted(const struct shm_segment *seg, unsigned wanted)
{
	unsigned granted = seg->mode;

	wanted |= wanted >> 6 | wanted >> 3;
	if (is_owner(seg))
		granted >>= 6;
	else if (in_group(seg->cgid) || in_group(seg->gid))
		granted >>= 3;
	return !(wanted & ~granted & 7) || capable(CAP_IPC_OWNER);
}

/* --- areas that have a segment attached --- */

static void shm_open(struct vm_area_struct *vma)
{
	struct shm_segment *seg = vma->vm_file->private;

	spin_lock(&table.lock);
	seg->attached++;
	seg->atime = now_seconds();
	seg->lpid = current->tgid;
	spin_unlock(&table.lock);
}

/* One fewer: what leave() gives, if that was the last, or NULL. table.lock held. */
static struct file *detach(struct shm_segment *seg)
{
	ASSERT(seg->attached);
	seg->attached--;
	return is_over(seg) && find_id(seg->id) == seg ? leave(seg) : NULL;
}

static void shm_close(struct vm_area_struct *vma)
{
	struct shm_segment *seg = vma->vm_file->private;
	struct file *file;

	spin_lock(&table.lock);
	seg->dtime = now_seconds();
	seg->lpid = current->tgid;
	file = detach(seg);
	spin_unlock(&table.lock);
	if (file)
		fput(file); /* the area has another */
}

static const struct vm_operations shm_vm_ops = {.open = shm_open, .close = shm_close};

static int shm_mmap(struct file *file, struct vm_area_struct *vma)
{
	shm_open(vma);
	return 0;
}

/* The last reference to the file: nobody knows the segment any more. */
static void shm_release(struct inode *inode, struct file *file)
{
	kfree(file->private);
}

static const struct file_operations shm_fops = {.release = shm_release};

/* --- shmget --- */

/* Memory of pages that no machine here has: what Linux says with no page in its pool. */
static int no_huge_pages(int flags)
{
	const unsigned shift = (unsigned)flags >> HUGE_SHIFT & HUGE_MASK;

	if (shift && shift != HUGE_2M && shift != HUGE_1G)
		return -EINVAL;
	return capable(CAP_IPC_LOCK) ? -ENOMEM : -EPERM;
}

/* The file and the struct, in no table yet. ERR_PTR. */
static struct shm_segment *make_segment(int key, unsigned long size, int flags)
{
	const bool reserve = !(flags & SHM_NORESERVE) || sysctl_overcommit_memory == 2;
	struct shm_segment *seg = kzalloc(sizeof(*seg), GFP_KERNEL);
	char name[32];
	int err;

	if (!seg)
		return ERR_PTR(-ENOMEM);
	scnprintf(name, sizeof(name), "/SYSV%08x (deleted)", (unsigned)key);
	seg->file = shmem_file(name, size, O_LARGEFILE);
	if (IS_ERR(seg->file)) {
		err = PTR_ERR(seg->file);
		kfree(seg);
		return ERR_PTR(err);
	}
	seg->file->ops = &shm_fops;
	seg->file->private = seg;
	err = reserve ? shmem_account(seg->file, size) : 0;
	if (err) {
		fput(seg->file);
		return ERR_PTR(err);
	}
	seg->size = size;
	seg->key = key;
	seg->mode = flags & IPC_RIGHTS;
	seg->uid = seg->cuid = current->cred.euid;
	seg->gid = seg->cgid = current->cred.egid;
	seg->cpid = current->tgid;
	seg->ctime = now_seconds();
	seg->creator = current;
	return seg;
}

static long new_segment(int key, unsigned long size, int flags, struct shm_segment **seg)
{
	const unsigned long pages = DIV_ROUND_UP(size, PAGE_SIZE);

	if (!size || size > sysctl_shmmax)
		return -EINVAL;
	if (size + PAGE_SIZE < size || table.pages + pages < pages ||
	    table.pages + pages > sysctl_shmall)
		return -ENOSPC;
	if (flags & SHM_HUGETLB)
		return no_huge_pages(flags);
	if (make_room())
		return -ENOMEM;
	*seg = make_segment(key, size, flags);
	return IS_ERR(*seg) ? PTR_ERR(*seg) : 0;
}

/* What shmget() says of a segment that there is. table.lock held. */
static long existing(const struct shm_segment *seg, unsigned long size, int flags)
{
	if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
		return -EEXIST;
	if (size > seg->size)
		return -EINVAL;
	return permitted(seg, flags) ? seg->id : -EACCES;
}

SYSCALL3(shmget, int, key, size_t, size, int, flags)
{
	struct shm_segment *seg = NULL, *other = NULL;
	long result;

	if (key != IPC_PRIVATE) {
		spin_lock(&table.lock);
		other = find_key(key);
		result = other ? existing(other, size, flags) : -ENOENT;
		spin_unlock(&table.lock);
		if (other || !(flags & IPC_CREAT))
			return result;
	}
	result = new_segment(key, size, flags, &seg);
	if (result)
		return result;
	spin_lock(&table.lock);
	if (key != IPC_PRIVATE)
		other = find_key(key); /* another may have made it meanwhile */
	if (other)
		result = existing(other, size, flags);
	else
		result = enter(seg) ? seg->id : -ENOSPC;
	if (!other && result >= 0) {
		seg->file->inode->ino = seg->id; /* which is what maps shows */
		seg = NULL;
	}
	spin_unlock(&table.lock);
	if (seg)
		fput(seg->file);
	return result;
}

/* --- shmat, shmdt --- */

/* Rounded as asked, and how it is to be mapped: 0 or -EINVAL. */
static int attach_address(unsigned long *addr, int flags, unsigned long *map_flags)
{
	*map_flags = MAP_SHARED;
	if (!*addr)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (*addr % SHMLBA) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		*addr = ALIGN_DOWN(*addr, SHMLBA);
		if (!*addr && (flags & SHM_REMAP))
			return -EINVAL;
	}
	*map_flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	return 0;
}

/* The segment with one more attachment, so that it stays, and a reference to its file. ERR_PTR. */
static struct shm_segment *take_segment(int id, unsigned rights)
{
	struct shm_segment *seg;

	spin_lock(&table.lock);
	seg = find_id(id);
	if (!seg) {
		seg = ERR_PTR(-EINVAL);
	} else if (!permitted(seg, rights)) {
		seg = ERR_PTR(-EACCES);
	} else {
		seg->attached++;
		get_file(seg->file);
	}
	spin_unlock(&table.lock);
	return seg;
}

static void untake_segment(struct shm_segment *seg)
{
	struct file *file = seg->file, *last;

	spin_lock(&table.lock);
	last = detach(seg);
	spin_unlock(&table.lock);
	if (last)
		fput(last);
	fput(file);
}

SYSCALL3(shmat, int, id, unsigned long, addr, int, flags)
{
	unsigned long prot = PROT_READ, map_flags, result;
	unsigned rights = 0444;
	struct shm_segment *seg;
	struct map_source source;

	if (id < 0 || attach_address(&addr, flags, &map_flags))
		return -EINVAL;
	if (!(flags & SHM_RDONLY)) {
		prot |= PROT_WRITE;
		rights |= 0222;
	}
	if (flags & SHM_EXEC) {
		prot |= PROT_EXEC;
		rights |= 0111;
	}
	seg = take_segment(id, rights);
	if (IS_ERR(seg))
		return PTR_ERR(seg);
	source = (struct map_source){.file = seg->file,
				     .mapping = seg->file->mapping,
				     .ops = &shm_vm_ops,
				     .readable = true,
				     .writable = !(flags & SHM_RDONLY),
				     .mmap = shm_mmap};
	if ((map_flags & MAP_FIXED_NOREPLACE) && addr + seg->size < addr)
		result = -EINVAL;
	else
		result = do_mmap(current->mm, addr, seg->size, prot, map_flags, 0, &source);
	if (result == (unsigned long)-EEXIST)
		result = -EINVAL;
	untake_segment(seg);
	return result;
}

SYSCALL1(shmdt, unsigned long, addr)
{
	return addr & ~PAGE_MASK ? -EINVAL : do_unmap_object(current->mm, addr, &shm_vm_ops);
}

/* --- shmctl --- */

/* table.lock held. */
static void get_status(const struct shm_segment *seg, struct shm_status *status)
{
	*status = (struct shm_status){
		.ds = {.shm_perm = {.key = seg->key,
				    .uid = seg->uid,
				    .gid = seg->gid,
				    .cuid = seg->cuid,
				    .cgid = seg->cgid,
				    .mode = seg->mode,
				    .seq = (unsigned)seg->id / IPC_MAX_SLOTS},
		       .shm_segsz = seg->size,
		       .shm_atime = seg->atime,
		       .shm_dtime = seg->dtime,
		       .shm_ctime = seg->ctime,
		       .shm_cpid = seg->cpid,
		       .shm_lpid = seg->lpid,
		       .shm_nattch = seg->attached},
		.id = seg->id,
		.resident = READ_ONCE(seg->file->mapping->nrpages),
		.swapped = READ_ONCE(seg->file->mapping->nrswapped),
	};
}

bool shm_next(unsigned *index, struct shm_status *status)
{
	bool found = false;

	spin_lock(&table.lock);
	for (; *index < table.size && !found; ++*index) {
		if (!table.slots[*index])
			continue;
		get_status(table.slots[*index], status);
		found = true;
	}
	spin_unlock(&table.lock);
	return found;
}

/* The highest slot in use, which SHM_INFO and IPC_INFO return; 0 if none is. */
static long highest_slot(void)
{
	for (unsigned i = table.size; i > 0; i--)
		if (table.slots[i - 1])
			return i - 1;
	return 0;
}

static long ipc_info(void __user *to)
{
	const struct shminfo64 info = {.shmmax = sysctl_shmmax,
				       .shmmin = 1,
				       .shmmni = sysctl_shmmni,
				       .shmseg = sysctl_shmmni,
				       .shmall = sysctl_shmall};
	long highest;

	spin_lock(&table.lock);
	highest = highest_slot();
	spin_unlock(&table.lock);
	return copy_to_user(to, &info, sizeof(info)) ? -EFAULT : highest;
}

static long shm_info(void __user *to)
{
	struct shm_info info = {0};
	long highest;

	spin_lock(&table.lock);
	info.used_ids = (int)table.used;
	info.shm_tot = table.pages;
	for (unsigned i = 0; i < table.size; i++)
		if (table.slots[i]) {
			info.shm_rss += READ_ONCE(table.slots[i]->file->mapping->nrpages);
			info.shm_swp += READ_ONCE(table.slots[i]->file->mapping->nrswapped);
		}
	highest = highest_slot();
	spin_unlock(&table.lock);
	return copy_to_user(to, &info, sizeof(info)) ? -EFAULT : highest;
}

static long shm_stat(int id, int cmd, void __user *to)
{
	struct shm_status status;
	struct shm_segment *seg;
	long result = -EINVAL;

	spin_lock(&table.lock);
	if (cmd == IPC_STAT)
		seg = find_id(id);
	else
		seg = (unsigned)id < table.size ? table.slots[id] : NULL;
	if (seg) {
		result = cmd == IPC_STAT ? 0 : seg->id;
		if (cmd != SHM_STAT_ANY && !permitted(seg, 0444))
			result = -EACCES;
		get_status(seg, &status);
	}
	spin_unlock(&table.lock);
	if (result >= 0 && copy_to_user(to, &status.ds, sizeof(status.ds)))
		return -EFAULT;
	return result;
}

/* IPC_SET, IPC_RMID: what only the owner may. */
static long change(int id, int cmd, const struct shmid64_ds *to)
{
	struct shm_segment *seg;
	struct file *file = NULL;
	long result = 0;

	spin_lock(&table.lock);
	seg = find_id(id);
	if (!seg) {
		result = -EINVAL;
	} else if (!is_owner(seg) && !capable(CAP_SYS_ADMIN)) {
		result = -EPERM;
	} else if (cmd == IPC_SET) {
		seg->uid = to->shm_perm.uid;
		seg->gid = to->shm_perm.gid;
		seg->mode = (seg->mode & ~IPC_RIGHTS) | (to->shm_perm.mode & IPC_RIGHTS);
		seg->ctime = now_seconds();
	} else if (seg->attached) {
		seg->mode |= SHM_DEST;
		seg->key = IPC_PRIVATE; /* no longer to be found */
	} else {
		file = leave(seg);
	}
	spin_unlock(&table.lock);
	if (file)
		fput(file);
	return result;
}

/* Would the user's locked segments, with this one, be too many? table.lock held. */
static bool locks_too_much(const struct shm_segment *seg, u32 uid)
{
	unsigned long pages = pages_of(seg);

	for (unsigned i = 0; i < table.size; i++) {
		const struct shm_segment *other = table.slots[i];

		if (other && other->mode & SHM_LOCKED && other->locker == uid)
			pages += pages_of(other);
	}
	return pages > rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT && !capable(CAP_IPC_LOCK);
}

static long set_locked(struct shm_segment *seg, bool lock)
{
	if (!capable(CAP_IPC_LOCK) && (!is_owner(seg) || (lock && !rlimit(RLIMIT_MEMLOCK))))
		return -EPERM;
	if (lock == !!(seg->mode & SHM_LOCKED))
		return 0;
	if (lock && locks_too_much(seg, current->cred.uid))
		return -ENOMEM;
	seg->mode ^= SHM_LOCKED;
	seg->locker = current->cred.uid;
	WRITE_ONCE(seg->file->mapping->unevictable, lock);
	return 0;
}

static long lock_segment(int id, bool lock)
{
	struct shm_segment *seg;
	long result;

	spin_lock(&table.lock);
	seg = find_id(id);
	result = seg ? set_locked(seg, lock) : -EINVAL;
	spin_unlock(&table.lock);
	return result;
}

SYSCALL3(shmctl, int, id, int, cmd, void __user *, buf)
{
	struct shmid64_ds ds;

	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO: return ipc_info(buf);
	case SHM_INFO: return shm_info(buf);
	case SHM_STAT:
	case SHM_STAT_ANY:
	case IPC_STAT: return shm_stat(id, cmd, buf);
	case IPC_SET:
		if (copy_from_user(&ds, buf, sizeof(ds)))
			return -EFAULT;
		return change(id, cmd, &ds);
	case IPC_RMID: return change(id, cmd, NULL);
	case SHM_LOCK:
	case SHM_UNLOCK: return lock_segment(id, cmd == SHM_LOCK);
	default: return -EINVAL;
	}
}

/* --- shm_rmid_forced --- */

/* One segment that is over and has no creator, out of the table. NULL: there is none. */
static struct file *next_orphan(void)
{
	struct file *file = NULL;

	spin_lock(&table.lock);
	for (unsigned i = 0; i < table.size && !file; i++) {
		struct shm_segment *seg = table.slots[i];

		if (seg && !seg->creator && is_over(seg))
			file = leave(seg);
	}
	spin_unlock(&table.lock);
	return file;
}

void shm_destroy_orphans(void)
{
	struct file *file;

	while ((file = next_orphan()))
		fput(file);
}

void shm_exit(struct task_struct *task)
{
	bool any = false;

	if (likely(!READ_ONCE(table.used)))
		return;
	spin_lock(&table.lock);
	for (unsigned i = 0; i < table.size; i++) {
		if (table.slots[i] && table.slots[i]->creator == task) {
			table.slots[i]->creator = NULL;
			any = true;
		}
	}
	spin_unlock(&table.lock);
	if (any && sysctl_shm_rmid_forced)
		shm_destroy_orphans();
}
