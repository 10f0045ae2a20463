/*
 * The lock order, in one place.  A thread may take a lock only if its rank is
 * higher than that of every lock it holds (equal only where a comment says so
 * and an address order is kept).  The debug build checks each acquisition and
 * panics with both names; docs/locks.md draws the order as a tree.
 *
 * Sleeping locks come first: no spinlock may be held when one is taken.
 */
#pragma once

enum lock_rank {
	RANK_NONE = 0, /* not checked: for tests and locks that nest in nothing */

	/* Sleeping locks, outermost first. */
	RANK_MODULE,
	RANK_MOUNT,         /* the mount tree */
	RANK_RENAME,        /* one rename at a time in a file system */
	RANK_INODE_DIR,     /* directory inode: parent before child */
	RANK_PIPE,          /* a pipe's buffer */
	RANK_TTY_WRITE,     /* one write at a time on a terminal */
	RANK_TTY,           /* a terminal's line discipline */
	RANK_FILE_POS,      /* struct file's offset */
	RANK_SEQ,           /* the text of a file that show() makes */
	RANK_INODE,         /* regular file: size and writes */
	RANK_DISCARD,       /* one cluster of a swap area is discarded at a time */
	RANK_MM_CHECK,      /* one mm_check() at a time */
	RANK_STANDSTILL,    /* all other CPUs do nothing */
	RANK_EXEC,          /* one exec in a process */
	RANK_LDT,           /* local descriptor tables (i386) */
	RANK_MMAP,          /* mm_struct.mmap_lock */
	RANK_VMA,           /* vm_area_struct.lock (faults share it) */
	RANK_MAPPING_TRUNC, /* address_space.invalidate_lock: faults against truncate */
	RANK_PAGE,          /* the page lock (PG_locked) */
	RANK_ANON_VMA,      /* the root of an anonymous family */
	RANK_I_MMAP,        /* a part of a file's i_mmap */
	RANK_KVA,           /* the kernel's address ranges */
	RANK_SLAB_CHAIN,    /* the chain of caches */
	RANK_SLEEP_LEAF,    /* sleeping locks under which no other is taken */

	/* Spinlocks that interrupts do not take. */
	RANK_SPIN = 64,
	RANK_TASKLIST, /* the tree of processes, sessions and groups */
	RANK_SIGHAND,  /* signal state of a process */
	RANK_TASK,     /* task_lock: a task's mm, files, fs, name */
	RANK_FUTEX,    /* a bucket of sleeping futexes (two at once: by address) */
	RANK_FILES,    /* a descriptor table */
	RANK_DCACHE,   /* the name cache */
	RANK_INODE_HASH,
	RANK_PTL,        /* a page table's lock (two at once: fork, parent first) */
	RANK_PAGE_TREE,  /* address_space.tree_lock */
	RANK_LRU,        /* a node's LRU lists */
	RANK_SWAP_AREAS, /* which swap areas there are, best first */
	RANK_SWAP,       /* an area's slots */
	RANK_DISK,       /* a disk's queue */
	RANK_SLAB,       /* a kmem_cache's lists on one node */
	RANK_VMAP,       /* kernel page tables */
	RANK_ZONE,       /* a zone's free lists */
	RANK_COUNTERS,
	RANK_EPOCH,

	/* Spinlocks that interrupts take too: always taken with interrupts off. */
	RANK_IRQ = 128,
	RANK_TTY_BUFFER,
	RANK_ITIMER,    /* expired interval timers */
	RANK_WAITQUEUE, /* wait_queue_head.lock */
	RANK_TIMER,     /* the timers of a CPU */
	RANK_RUNQUEUE,  /* a CPU's run queue */
	RANK_TLB,       /* shoot-down requests */
	RANK_LOG,       /* the kernel log */
	RANK_CONSOLE,
};
