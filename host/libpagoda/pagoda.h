/*
 * libpagoda-soft: Pagoda's memory manager in a process of your own.
 *
 *     gcc program.c build/libpagoda-soft-4level.a -pthread
 *
 * A machine of your choice -- CPUs, nodes, RAM with holes -- whose page tables have the geometry
 * of the library: 2level and pae (i386), 4level and 5level (x86-64), alpha (8 KiB pages), 64k. On it
 * run the sources of the kernel's mm/: frames, slabs, kernel addresses, page cache, address spaces.
 * docs/soft.md tells it by an example.
 *
 * One machine a process: who wants a fresh one forks first. pagoda_start() makes the calling
 * thread the machine's first; every other function is called by a thread of the machine (that one,
 * or one of pagoda_thread_start()), and by several at once as it likes.
 *
 * Units: addresses and sizes are bytes, frames are numbers of page frames (physical address
 * divided by the page size), times are nanoseconds. Functions that return int give 0 or a negative
 * errno, and have then changed nothing that is not said; those that return pointers give NULL
 * without memory. What *_new, *_alloc, *_fork give is the caller's until he hands it to
 * *_free. A panic -- the memory manager's own state is wrong -- prints the log to stderr
 * and aborts.
 *
 * A thread has a CPU until it calls a function here that waits, sleeps or yields: who waits for
 * another thread by the host's means keeps the CPU from it.
 *
 * The library keeps SIGSEGV (what is not its own goes on to the handler that was there before) and
 * some TiB of addresses from 0x200000000000 on. It is not to be forked while a second thread runs.
 */
#ifndef PAGODA_H
#define PAGODA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PAGODA_MAX_CPUS  64
#define PAGODA_MAX_NODES 16
#define PAGODA_MAX_RAM   128
#define PAGODA_MAX_ORDER 11 /* orders 0..10: blocks of 1..1024 pages */
#define PAGODA_ANY_NODE  (-1)

/* ---- The machine ---- */

struct pagoda_ram {
	uint64_t start, bytes; /* multiples of the page size */
	int node;
};

struct pagoda_config {
	unsigned cpus; /* 0: one */
	struct pagoda_ram
		ram[PAGODA_MAX_RAM]; /* disjoint; ended by bytes == 0; none: 64 MiB at 0 */
	unsigned nodes;              /* 0: as many as `ram` names */
	uint8_t distance[PAGODA_MAX_NODES][PAGODA_MAX_NODES]; /* zeros: 10 and 20 */
	uint8_t cpu_node[PAGODA_MAX_CPUS];                    /* node of each CPU */
	/* 2level and pae: the kernel has no direct map of RAM from here on (HIGHMEM). 0: 896 MiB. */
	uint64_t high_start;
	/*
	 * 0: CPUs run in parallel on the host's. Else one thread at a time, which hands on where it
	 * waits for a lock, sleeps or yields, as the seed says, and time is virtual: the run repeats exactly.
	 */
	uint64_t schedule_seed;
	/* The kernel log, a line a call; any thread, and no function here may be called. NULL: kept. */
	void (*log)(const char *text, size_t bytes);
};

/* -EINVAL: a machine there cannot be; -EBUSY: there is one already. `config` NULL: all zeros. */
int pagoda_start(const struct pagoda_config *config);
/*
 * Walk all there is and state the invariants: the number of violations, each in the log.
 * Exact while no other thread of the machine is inside the library.
 */
unsigned pagoda_check(void);

const char *pagoda_geometry(void); /* "4level" */
size_t pagoda_page_size(void);
/* Address bits that a level's index has; 0: the level is folded. 0 pte, 1 pmd, 2 pud, 3 p4d, 4 pgd. */
unsigned pagoda_level_bits(unsigned level);
uint64_t pagoda_address_limit(void); /* programs' addresses are below */

/* ---- Threads ---- */

struct pagoda_thread;
/* Runs fn(arg) on CPUs of the mask (0: any). The name is not copied. -ENOMEM, -EINVAL: no such CPU. */
int pagoda_thread_start(const char *name, int (*fn)(void *arg), void *arg, uint64_t cpus,
			struct pagoda_thread **thread);
int pagoda_thread_join(struct pagoda_thread *thread); /* what fn returned; once for each */
void pagoda_yield(void);
void pagoda_sleep(uint64_t ns);
uint64_t pagoda_now(void);       /* since the start */
unsigned pagoda_cpu(void);       /* where the thread runs; changes when it sleeps */
int pagoda_run_on(unsigned cpu); /* and stay there; -EINVAL: no such CPU */

/* ---- Frames ---- */

enum pagoda_where {
	PAGODA_KERNEL = 0,  /* in the direct map */
	PAGODA_DMA = 1,     /* below 16 MiB */
	PAGODA_HIGH = 2,    /* HIGHMEM if there is any: a program's page */
	PAGODA_MOVABLE = 4, /* from page blocks of movable pages */
	PAGODA_ZERO = 8     /* filled with zeros */
};

/*
 * 2^order frames in a row, the first a multiple of that, from the node or the next nearest
 * (PAGODA_ANY_NODE: this CPU's). -ENOMEM; -EINVAL: no such order or node.
 */
int pagoda_frames_alloc(unsigned order, unsigned where, int node, uint64_t *frame);
void pagoda_frames_free(uint64_t frame, unsigned order);
/* A frame's contents, until the window is closed; HIGHMEM has no other address. At most 256 at once. */
void *pagoda_window_open(uint64_t frame);
void pagoda_window_close(void *window);

struct pagoda_zone {
	int node;
	const char *name; /* "DMA", "Normal", ... */
	uint64_t start_frame;
	uint64_t spanned, present, managed; /* pages: with holes; RAM; in the buddy system */
	uint64_t free;                      /* in the buddy system and on per-CPU lists */
	uint64_t min, low, high;            /* watermarks */
	uint64_t blocks[PAGODA_MAX_ORDER];  /* free blocks of the buddy system by order */
};
/* The n-th zone that has RAM, by node and address; false behind the last. */
bool pagoda_zone(unsigned n, struct pagoda_zone *zone);

/* ---- Objects ---- */

void *pagoda_kmalloc(size_t bytes); /* in one piece physically; at most 4 MiB */
void pagoda_kfree(void *object);    /* NULL is allowed */
void *pagoda_vmalloc(size_t bytes); /* in one piece virtually; whole pages */
void pagoda_vfree(void *area);      /* NULL is allowed */

struct pagoda_cache; /* of objects of one size (slab) */
struct pagoda_cache *pagoda_cache_new(const char *name, size_t bytes, size_t align);
void pagoda_cache_free(struct pagoda_cache *cache); /* all its objects have been freed */
void *pagoda_object_alloc(struct pagoda_cache *cache);
void pagoda_object_free(struct pagoda_cache *cache, void *object);

/* ---- Files: what a space maps besides anonymous memory ---- */

struct pagoda_file;
/*
 * A file of so many bytes. `fill` (NULL: zeros) makes the contents of a page that is not in the
 * cache: `page` is its number, `to` takes a page; 0 or -errno, which the reader gets as
 * -EIO. It may sleep, e.g. in pagoda_disk_read(). What is written stays in the cache:
 * nothing writes it back.
 */
struct pagoda_file *pagoda_file_new(uint64_t bytes, int (*fill)(void *arg, uint64_t page, void *to),
				    void *arg);
void pagoda_file_free(struct pagoda_file *file); /* mappings keep it until they are gone */
int pagoda_file_resize(struct pagoda_file *file, uint64_t bytes); /* what is cut off is unmapped */
/* Through the page cache. -EINVAL: beyond the end; -EIO; -ENOMEM: some may have been moved. */
int pagoda_file_read(struct pagoda_file *file, uint64_t offset, void *to, size_t bytes);
int pagoda_file_write(struct pagoda_file *file, uint64_t offset, const void *from, size_t bytes);

/* ---- A disk in memory ---- */

struct pagoda_disk; /* sectors of 512 bytes */
/* Each request takes latency_ns and sector_ns for each sector, one after the other. */
struct pagoda_disk *pagoda_disk_new(uint64_t sectors, uint64_t latency_ns, uint64_t sector_ns);
void pagoda_disk_free(struct pagoda_disk *disk);
/* The caller sleeps meanwhile. -EIO: beyond the end. */
int pagoda_disk_read(struct pagoda_disk *disk, uint64_t sector, void *to, uint64_t sectors);
int pagoda_disk_write(struct pagoda_disk *disk, uint64_t sector, const void *from,
		      uint64_t sectors);

/* ---- Address spaces ---- */

/* Protection and flags are those of Linux's mmap(2): <sys/mman.h> has them. */
struct pagoda_space;
struct pagoda_space *pagoda_space_new(void);
/* A copy as fork makes it: private memory is shared until one side writes. NULL without memory. */
struct pagoda_space *pagoda_space_fork(struct pagoda_space *parent);
void pagoda_space_free(struct pagoda_space *space); /* nobody uses it any more */

/*
 * The calls of the same names, for this space; errors as in their manual pages. `file` NULL:
 * anonymous memory (MAP_ANONYMOUS). *at is where it lies.
 */
int pagoda_mmap(struct pagoda_space *space, uint64_t address, uint64_t bytes, int protection,
		int flags, struct pagoda_file *file, uint64_t offset, uint64_t *at);
int pagoda_munmap(struct pagoda_space *space, uint64_t address, uint64_t bytes);
int pagoda_mprotect(struct pagoda_space *space, uint64_t address, uint64_t bytes, int protection);
int pagoda_mremap(struct pagoda_space *space, uint64_t address, uint64_t old_bytes,
		  uint64_t new_bytes, int flags, uint64_t new_address, uint64_t *at);
int pagoda_madvise(struct pagoda_space *space, uint64_t address, uint64_t bytes, int advice);
int pagoda_mlock(struct pagoda_space *space, uint64_t address, uint64_t bytes);
int pagoda_munlock(struct pagoda_space *space, uint64_t address, uint64_t bytes);

/*
 * A program's accesses, through this CPU's TLB, with page faults as they come. -EFAULT: nothing
 * is mapped there (SIGSEGV, SEGV_MAPERR); -EACCES: not in this way (SEGV_ACCERR); -EIO: behind
 * the end of a file, or it cannot be read (SIGBUS); -ENOMEM. The bytes before have been moved.
 */
int pagoda_load(struct pagoda_space *space, uint64_t address, void *to, size_t bytes);
int pagoda_store(struct pagoda_space *space, uint64_t address, const void *from, size_t bytes);
int pagoda_execute(struct pagoda_space *space, uint64_t address); /* would an instruction run? */

struct pagoda_page {
	uint64_t frame;
	unsigned level; /* of the entry, as in pagoda_level_bits() */
	bool writable, executable, accessed, dirty;
	unsigned mapped; /* by how many entries; 0: the page of zeros */
};
/* What the page tables say of an address: false when nothing is present. Nothing is faulted in. */
bool pagoda_page(struct pagoda_space *space, uint64_t address, struct pagoda_page *page);

struct pagoda_area {
	uint64_t start, end;
	int protection;
	bool shared, grows_down, locked;
	struct pagoda_file *file; /* NULL: anonymous */
	uint64_t offset;          /* in the file */
};
/* The area that contains the address, or the next one above; false when there is none. */
bool pagoda_area(struct pagoda_space *space, uint64_t address, struct pagoda_area *area);

struct pagoda_usage {
	uint64_t areas;
	uint64_t virtual_bytes, table_bytes;
	uint64_t anonymous_pages, file_pages; /* in memory now */
};
void pagoda_usage(struct pagoda_space *space, struct pagoda_usage *usage);

/* ---- What happened ---- */

/*
 * How often an event of mm/trace/events.def has happened so far on all CPUs, e.g. "fault",
 * "cow_copy", "block_split"; those of frames count pages. 0 for a name there is not.
 */
uint64_t pagoda_events(const char *name);
/* Accesses that the current CPU's TLB served, and that it did not. */
void pagoda_tlb(uint64_t *hits, uint64_t *misses);

#ifdef __cplusplus
}
#endif
#endif
