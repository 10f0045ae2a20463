/*
 * Address spaces (SYSTEM.md S32-S37): the areas of a program's memory and what
 * one can do with them.
 *
 * A `struct file` is opaque here: fs/ registers how to hold one (vm_file_ops) and
 * hands mapping and operations along when something is mapped.
 */
#pragma once

#include "lib/interval_tree.h"
#include "lib/list.h"
#include "machine/mmu.h"
#include "mm/cache/cache.h"
#include "sync/epoch.h"
#include "sync/mutex.h"

struct file;
struct mm_struct;
struct vm_area_struct;
struct anon_vma;

typedef unsigned long vm_flags_t;
#define VM_READ      0x00000001UL
#define VM_WRITE     0x00000002UL
#define VM_EXEC      0x00000004UL
#define VM_SHARED    0x00000008UL
#define VM_MAYREAD   0x00000010UL /* mprotect may set VM_READ, ... */
#define VM_MAYWRITE  0x00000020UL
#define VM_MAYEXEC   0x00000040UL
#define VM_MAYSHARE  0x00000080UL /* MAP_SHARED was asked for */
#define VM_GROWSDOWN 0x00000100UL
#define VM_DETACHED \
	0x00000200UL /* out of the index: a fault that waited for the lock looks again */
#define VM_PFNMAP      0x00000400UL /* bare frames, no struct page counts */
#define VM_LOCKED      0x00002000UL
#define VM_IO          0x00004000UL
#define VM_SEQ_READ    0x00008000UL
#define VM_RAND_READ   0x00010000UL
#define VM_DONTCOPY    0x00020000UL
#define VM_DONTEXPAND  0x00040000UL
#define VM_LOCKONFAULT 0x00080000UL
#define VM_ACCOUNT     0x00100000UL /* counted in Committed_AS */
#define VM_NORESERVE   0x00200000UL
#define VM_HUGETLB     0x00400000UL
#define VM_SYNC        0x00800000UL
#define VM_WIPEONFORK  0x02000000UL
#define VM_DONTDUMP    0x04000000UL
#define VM_SOFTDIRTY   0x08000000UL
#define VM_MIXEDMAP    0x10000000UL
#define VM_HUGEPAGE    0x20000000UL
#define VM_NOHUGEPAGE  0x40000000UL
#define VM_MERGEABLE   0x80000000UL
#define VM_STACK_FLAGS \
	(VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_GROWSDOWN | VM_ACCOUNT)

/* What happened to a fault. */
typedef unsigned fault_t;
#define FAULT_DONE           0u
#define FAULT_MAJOR          1u /* a disk was read */
#define FAULT_SIGSEGV_MAPERR 2u
#define FAULT_SIGSEGV_ACCERR 4u
#define FAULT_SIGBUS         8u
#define FAULT_OOM            16u
#define FAULT_ERROR          (FAULT_SIGSEGV_MAPERR | FAULT_SIGSEGV_ACCERR | FAULT_SIGBUS | FAULT_OOM)

/* FORCE: though the area does not allow it, where its owner could change that (/proc/PID/mem). */
enum fault_access {
	ACCESS_READ = 1,
	ACCESS_WRITE = 2,
	ACCESS_EXEC = 4,
	ACCESS_USER = 8,
	ACCESS_FORCE = 16
};

/* What the owner of a special or file mapping provides. All may be NULL. */
struct vm_operations {
	void (*open)(struct vm_area_struct *vma);  /* a copy was made: fork, split */
	void (*close)(struct vm_area_struct *vma); /* about to go */
	/* The page at pgoff with a reference, up to date. NULL member: cache_get_page of vm_mapping. */
	fault_t (*fault)(struct vm_area_struct *vma, u64 pgoff, struct page **page);
	/* A shared page is about to become writable: 0 or -errno (SIGBUS). Page locked. */
	int (*page_mkwrite)(struct vm_area_struct *vma, struct page *page);
	const char *(*name)(struct vm_area_struct *vma); /* for /proc maps: "[vdso]" */
};

struct vm_area_struct {
	/* Changed with mmap_lock and the VMA's lock held for writing; readers hold either. */
	unsigned long vm_start, vm_end; /* bytes, page aligned, end exclusive */
	vm_flags_t vm_flags;
	pgprot_t vm_page_prot;
	u64 vm_pgoff; /* pages; anonymous: the virtual page number it was made at */
	struct mm_struct *vm_mm;
	struct file *vm_file;             /* a reference, or NULL */
	struct address_space *vm_mapping; /* of the file (or shared anonymous memory) */
	const struct vm_operations *vm_ops;
	void *vm_private;
	struct anon_vma *anon_vma;      /* set by the first private fault; see rmap.c */
	bool anon_guest;                /* (family lock) came by fork, no node of its own yet */
	struct interval_node anon_node; /* (family lock) in its node's tree */
	struct interval_node file_node; /* (i_mmap's lock) in the space's part of it */
	struct rw_semaphore lock;       /* faults hold it shared; outlives the VMA (see vma.c) */
};

enum mm_counter { MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES, NR_MM_COUNTERS };

/* The VMA index: a B-tree readable without locks (vma_tree.c). Writers hold mmap_lock. */
struct vma_tree {
	struct vma_node *root; /* NULL: no VMA */
	u32 seq;               /* odd while a writer is inside */
	u32 count;             /* VMAs: what max_map_count bounds */
	u32 height;            /* levels of nodes */
	u32 nr_spare;          /* nodes set aside by vma_tree_prepare */
	struct vma_node *spare;
};

struct mm_struct {
	struct arch_mm arch;
	atomic_t mm_users; /* tasks and others that use the space; 0: it is torn down */
	atomic_t mm_count; /* users as one, plus lazy holders; 0: the struct is freed */
	struct rw_semaphore mmap_lock;
	struct vma_tree vmas;              /* (mmap_lock; readers: epoch) */
	struct vm_area_struct *released;   /* (mmap_lock) gone; files to be put after unlocking */
	atomic_long_t rss[NR_MM_COUNTERS]; /* pages */
	atomic_long_t pgtables_bytes;
	/* (mmap_lock) pages */
	unsigned long total_vm, locked_vm, pinned_vm, data_vm, exec_vm, stack_vm;
	unsigned long hiwater_rss, hiwater_vm;
	unsigned long mmap_base; /* top of where mmap looks, downwards */
	/* (mmap_lock) Between mmap_hint and mmap_base is no gap of mmap_hint_len bytes; 0: not known. */
	unsigned long mmap_hint, mmap_hint_len;
	unsigned long start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	unsigned long arg_start, arg_end, env_start, env_end;
	unsigned long saved_auxv[52];
	vm_flags_t def_flags;     /* mlockall(MCL_FUTURE) */
	struct file *exe_file;    /* a reference (task lock) */
	u32 flags;                /* (mmap_lock) MM_ */
	bool forking;             /* (mmap_lock) faults are to wait for mmap_lock: fork.c */
	bool reaped;              /* (mmap_lock) its pages have been taken away: reap.c */
	atomic_t flushing;        /* who clears entries without mmap_lock for himself: zap.c */
	struct list_head all_mms; /* (its lock) every space there is: space_check.c */
	/*
	 * Where it stands in what is kept of many spaces, in parts so that these do not meet: all_mms and
	 * a file's i_mmap. By the CPU that made it, but a child's is its parent's: in one tree a walk
	 * meets the parent's area first, so no entry is copied behind its back. Constant.
	 */
	u32 part;
	struct epoch_head epoch;
};

#define MM_BOTTOM_UP 1u /* mmap looks upwards from mmap_base: legacy_va_layout */

/* --- files, registered by fs/ --- */
struct vm_file_ops {
	void (*get)(struct file *file);
	void (*put)(struct file *file); /* may sleep */
	/* Pages [first, last] of the file to its disk; 0 or -errno. NULL: there is none. */
	int (*sync)(struct file *file, u64 first, u64 last);
};
extern struct vm_file_ops vm_file_ops;

/* What do_mmap maps. `file` NULL: anonymous memory. */
struct map_source {
	struct file *file;             /* do_mmap takes a reference of its own */
	struct address_space *mapping; /* its page cache */
	const struct vm_operations *ops;
	bool readable, writable, noexec; /* how the file was opened, how it is mounted */
	/* The file's own say, e.g. a device: may change vma->vm_ops, flags. 0 or -errno. */
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
};
/*
 * Shared anonymous memory is a nameless file "/dev/zero (deleted)" that tmpfs makes, with the
 * memory accounted to it unless `noreserve`. 0 and *source with a reference, or -ENOMEM.
 */
extern int (*shmem_zero_setup)(u64 bytes, bool noreserve, struct map_source *source);
/* What a descriptor of the current task maps, with a reference to the file; -EBADF. By fs/. */
extern int (*map_source_of_fd)(int fd, struct map_source *source);

/* --- life of a space --- */
void space_init(void);
struct mm_struct *mm_alloc(void); /* empty, users = 1; NULL without memory */
void mmget(struct mm_struct *mm);
bool mmget_not_zero(struct mm_struct *mm);
void mmput(struct mm_struct *mm); /* the last one unmaps everything; may sleep */
void mmgrab(struct mm_struct *mm);
void mmdrop(struct mm_struct *mm);
/*
 * All who run in the space have been killed: its private pages go. False: not all could be had without
 * waiting for a lock; worth another try later. The caller has a user count.
 */
bool mm_reap(struct mm_struct *mm);
/* A copy for fork, copy on write; ERR_PTR(-ENOMEM), nothing leaked. */
struct mm_struct *dup_mm(struct mm_struct *mm);

/* --- mapping; all take mmap_lock themselves unless they say `locked` --- */
/* The current space. Address or -errno as mmap(2); MAP_ flags and PROT_ bits from the UAPI. */
unsigned long do_mmap(struct mm_struct *mm, unsigned long addr, unsigned long len,
		      unsigned long prot, unsigned long flags, u64 pgoff,
		      const struct map_source *source);
int do_munmap(struct mm_struct *mm, unsigned long start, unsigned long len);
/*
 * What is left of one mapping of a file, by the operations of its areas: those that are where they
 * would be if its first page were at addr, and the same file's. 0, or -EINVAL: there is none.
 */
int do_unmap_object(struct mm_struct *mm, unsigned long addr, const struct vm_operations *ops);
int do_mprotect(struct mm_struct *mm, unsigned long start, unsigned long len, unsigned long prot);
unsigned long do_mremap(struct mm_struct *mm, unsigned long addr, unsigned long old_len,
			unsigned long new_len, unsigned long flags, unsigned long new_addr);
unsigned long do_brk(struct mm_struct *mm, unsigned long brk); /* the new or unchanged break */
int do_madvise(struct mm_struct *mm, unsigned long start, unsigned long len, int advice);
int do_msync(struct mm_struct *mm, unsigned long start, unsigned long len, int flags);
/* remap_file_pages(2): other pages of its file at a place within a shared mapping. 0 or -errno. */
int do_remap_file_pages(struct mm_struct *mm, unsigned long start, unsigned long len,
			unsigned long pgoff, unsigned long flags);
/* Are the n pages from start on in memory? One answer each, within one area: how many, or -ENOMEM. */
long do_mincore(struct mm_struct *mm, unsigned long start, unsigned long n, u8 *answers);
int do_mlock(struct mm_struct *mm, unsigned long start, unsigned long len, vm_flags_t flags);
int do_munlock(struct mm_struct *mm, unsigned long start, unsigned long len);
int do_mlockall(struct mm_struct *mm, int flags); /* MCL_ */
void do_munlockall(struct mm_struct *mm);
/* An area that the kernel makes for exec (stack, bss); not in the way of anything. 0 or -errno. */
int map_anon_fixed(struct mm_struct *mm, unsigned long start, unsigned long len, vm_flags_t flags);
/*
 * exec, in this order: mm_set_layout() says where things go (by the stack limit, at random if
 * wanted); setup_stack() makes one page below top, mm_stack_top() being a good choice;
 * what is written to the stack with access_remote_vm() makes it grow; finish_stack(), once
 * mm->start_stack is the program's first stack pointer, adds the usual 128 KiB. 0 or -errno.
 */
void mm_set_layout(struct mm_struct *mm);
unsigned long mm_stack_top(void);
int setup_stack(struct mm_struct *mm, unsigned long top, bool executable);
int finish_stack(struct mm_struct *mm);
/* The break's start behind the program's last byte: start_brk and brk, at random if wanted. */
void mm_set_brk(struct mm_struct *mm, unsigned long end_of_bss);

/* --- faults --- */
/* Resolve an access of the current space. Sleeps. */
fault_t handle_mm_fault(struct mm_struct *mm, unsigned long address, unsigned access);
/* Make pages present as if touched: for MAP_POPULATE, mlock, remote access. Pages done or -errno. */
long populate_range(struct mm_struct *mm, unsigned long start, unsigned long len);
/*
 * A referenced page of any space, faulted in: for reading, and for futex keys. 0 or -EFAULT. With
 * `write` the entry allowed that, but need not any more: only where nobody else runs may it be
 * written by that; else by access_remote_vm(). (remote.c)
 */
int get_user_page(struct mm_struct *mm, unsigned long address, bool write, struct page **page);
/*
 * Read or write (ACCESS_, with FORCE if wanted) another space's memory: bytes done. What is written
 * is in the space, and in children forked later; in none forked before. buf is the kernel's. Sleeps.
 */
size_t access_remote_vm(struct mm_struct *mm, unsigned long address, void *buf, size_t bytes,
			unsigned access);

/* --- looking --- */
/* The VMA that contains address, or the next above it (find_vma). mmap_lock or epoch. */
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long address);
struct vm_area_struct *vma_next(struct mm_struct *mm, const struct vm_area_struct *vma);
struct vm_area_struct *vma_prev(struct mm_struct *mm, unsigned long address);
#define for_each_vma(mm, vma) for (vma = find_vma(mm, 0); vma; vma = vma_next(mm, vma))

static inline unsigned long vma_pages(const struct vm_area_struct *vma)
{
	return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
}
static inline long mm_counter(const struct mm_struct *mm, enum mm_counter which)
{
	long n = atomic_read(&mm->rss[which]);

	return n < 0 ? 0 : n;
}
static inline unsigned long mm_rss(const struct mm_struct *mm)
{
	return mm_counter(mm, MM_FILEPAGES) + mm_counter(mm, MM_ANONPAGES) +
	       mm_counter(mm, MM_SHMEMPAGES);
}

/* What smaps says of one area, in bytes; pss with 12 fraction bits. mmap_lock held. */
struct vma_stats {
	unsigned long rss, shared_clean, shared_dirty, private_clean, private_dirty;
	unsigned long referenced, anonymous, lazyfree, swap, locked;
	u64 pss, pss_anon, pss_file, pss_shmem, pss_dirty, swap_pss, pss_locked;
};
void vma_stats(struct vm_area_struct *vma, struct vma_stats *stats); /* adds to *stats */
/* One page of zeros for all reads of memory that was never written. Mapped special, not counted. */
extern pfn_t zero_pfn;
/* What numa_maps says of one area, in pages, added to *stats. mmap_lock held. */
struct vma_numa_stats {
	unsigned long pages, anon, dirty, active, swapcache, writeback, node[MAX_NUMNODES];
	unsigned mapmax; /* the most entries that map one of the pages */
};
void vma_numa_stats(struct vm_area_struct *vma, struct vma_numa_stats *stats);
/* The entries for n pages as /proc/PID/pagemap shows them (Documentation: 64 bits). mmap_lock held. */
#define PAGEMAP_FRAME ((1ULL << 55) - 1)
void pagemap_range(struct mm_struct *mm, unsigned long start, unsigned n, u64 *entries);
/* Is there a page behind the address now? Takes no lock. */
bool page_is_resident(struct mm_struct *mm, unsigned long address);

/* --- rmap --- */
/* Call fn for every place a locked page is mapped, until it returns nonzero (returned). */
int rmap_walk(struct page *page,
	      int (*fn)(struct page *page, struct vm_area_struct *vma, unsigned long address,
			void *arg),
	      void *arg);

/*
 * The same for who has locks of higher rank, or may be who is waited for: -EAGAIN, and nothing was
 * looked at, if the page's family or file is busy.
 */
int rmap_try_walk(struct page *page,
		  int (*fn)(struct page *page, struct vm_area_struct *vma, unsigned long address,
			    void *arg),
		  void *arg);

/* What the entries that map a locked page say of its use since they were last asked. */
struct page_use {
	unsigned entries; /* through which it was used */
	bool exec;        /* as program text */
	bool locked;      /* it must stay: an area is VM_LOCKED (the rest was not asked then) */
	bool busy;        /* nobody could be asked: see rmap_try_walk() */
};
struct page_use page_take_use(struct page *page);
/*
 * Take a locked page, an anonymous one in the swap cache, out of all page tables; true if none maps
 * it any more. The caller has a reference. Waits for nobody. Until unmap_flush() programs may go on
 * using the page: it must stay locked, and neither written, nor freed.
 */
#define UNMAP_SPACES 8
struct unmap_batch { /* empty at first: {0} */
	unsigned n;
	struct {
		struct mm_struct *mm; /* by mm_count, and counted in ->flushing */
		unsigned long start, end;
	} space[UNMAP_SPACES];
};
bool page_unmap_all(struct page *page, struct unmap_batch *batch);
void unmap_flush(struct unmap_batch *batch);

/*
 * All that a closed swap area holds comes back to where it is named, for swapoff: 0, and no slot of it is
 * in use; -ENOMEM or -EINTR (a signal waits), and some may be. Sleeps.
 */
int swap_bring_back(unsigned type);

/* MADV_COLD and MADV_PAGEOUT, set by mm/reclaim: mmap_lock is held shared. */
extern void (*madvise_reclaim)(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			       bool page_out);

/* --- overcommit (S34) --- */
extern int sysctl_overcommit_memory, sysctl_overcommit_ratio;
extern unsigned long sysctl_overcommit_kbytes, sysctl_max_map_count, sysctl_mmap_min_addr;
extern int sysctl_mmap_rnd_bits, sysctl_legacy_va_layout;
extern unsigned long sysctl_user_reserve_kbytes, sysctl_admin_reserve_kbytes;
unsigned long vm_commit_limit(void);                       /* pages */
long vm_committed(void);                                   /* pages, >= 0 */
int vm_account(struct mm_struct *mm, unsigned long pages); /* 0 or -ENOMEM */
void vm_unaccount(unsigned long pages);

/* In the order of /proc/sys/kernel/randomize_va_space. */
enum randomize { RANDOMIZE_NOTHING, RANDOMIZE_ALL_BUT_HEAP, RANDOMIZE_ALL };

/* Resource limits and credentials come from kernel/ (sys_mm.c), registered at boot. */
struct space_limits {
	unsigned long (*rlimit)(unsigned resource); /* of the current process, bytes */
	bool (*capable_ipc_lock)(void);
	bool (*capable_sys_admin)(void);
	bool (*capable_sys_rawio)(void);   /* may map below mmap_min_addr */
	unsigned long (*total_swap)(void); /* pages of swap in use or free; NULL: none */
	/* May addresses of the program that runs be drawn by lot (ASLR)? NULL: no. */
	enum randomize (*randomize)(void);
	u64 (*random)(void);
};
extern struct space_limits space_limits;

static inline enum randomize space_randomize(void)
{
	return space_limits.randomize ? space_limits.randomize() : RANDOMIZE_NOTHING;
}
