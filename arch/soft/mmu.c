/*
 * The MMU.
 *
 * A program's access (soft_access) asks the CPU's TLB, 64 entries found by the
 * low bits of the page number; on a miss the tables are walked from the root that
 * switch_mm() loaded, accessed and dirty bits are set in the live entry by
 * compare-and-exchange, and the entry found is kept.  A write through an entry that was
 * kept clean walks again to set the dirty bit.  Nothing but a flush drops an entry: code
 * that forgets one shows.
 *
 * A flush locks each TLB it empties and is done when it returns, which is what an
 * inter-processor interrupt and waiting for its answer come to: since an access keeps the lock
 * until its bytes have moved, none is under way to the old page then.  Only the CPUs in the
 * space's cpu_mask are asked.
 *
 * Kernel ranges are used by compiled code.  The host's own mapping is their TLB: a
 * touch that traps is looked up in the kernel's tables and mapped, a flush unmaps.
 */
#define _GNU_SOURCE
#include "lib/assert.h"
#include "lib/string.h"
#include "soft_int.h"
#include "sync/percpu.h"
#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

#define TLB_ENTRIES 64

struct tlb_entry {
	unsigned long page; /* va >> PAGE_SHIFT */
	pfn_t pfn;
	pte_t leaf; /* as it was when it was looked up; v == 0: unused */
};

static struct tlb {
	pthread_mutex_t lock;
	struct arch_mm *mm; /* loaded space; NULL: the kernel's */
	struct tlb_entry entry[TLB_ENTRIES];
	u64 hits, misses;
} tlbs[NR_CPUS];

pte_t *soft_kernel_root;

static struct sigaction other_segv; /* what was installed before: a sanitizer's */

/* The leaf that maps va, and its level; NULL: none. */
static pte_t *walk(pte_t *root, unsigned long va, enum pt_level *level)
{
	pte_t *table = root;

	for (int l = PT_PGD; l >= PT_PTE; l--) {
		pte_t *slot, e;

		if (PT_BITS(l) == 0)
			continue;
		slot = table + pt_index(l, va);
		e = pte_get(slot);
		if (!pte_present(e))
			return NULL;
		if (l == PT_PTE || pte_large(e)) {
			*level = l;
			return slot;
		}
		table = pfn_to_virt(pte_pfn(e));
	}
	return NULL;
}

static pfn_t leaf_frame(pte_t leaf, enum pt_level level, unsigned long va)
{
	return pte_pfn(leaf) + ((va & (PT_SIZE(level) - 1)) >> PAGE_SHIFT);
}

static bool allows(pte_t leaf, enum soft_access access)
{
	return (leaf.v & PTE_P) && pte_user(leaf) && (access != SOFT_WRITE || pte_write(leaf)) &&
	       (access != SOFT_EXEC || pte_exec(leaf));
}

/* Fill *entry from the tables. False: fault; *present says which kind. */
static bool look_up(struct tlb *tlb, struct tlb_entry *entry, unsigned long va,
		    enum soft_access access, bool *present)
{
	pte_t *root = tlb->mm ? tlb->mm->root : soft_kernel_root;
	enum pt_level level;
	pte_t *slot = walk(root, va, &level);
	pte_t leaf, used;

	*present = slot != NULL;
	if (!slot)
		return false;
	leaf.v = load_acquire(&slot->v); /* as a processor orders its walk and the access */
	do {
		*present = leaf.v & PTE_P;
		if (!allows(leaf, access))
			return false;
		used = pte_mkyoung(leaf);
		if (access == SOFT_WRITE)
			used = pte_mkdirty(used);
	} while (used.v != leaf.v && !pte_cmpxchg(slot, &leaf, used));
	*entry = (struct tlb_entry){
		.page = va >> PAGE_SHIFT, .pfn = leaf_frame(used, level, va), .leaf = used};
	return true;
}

/* The host's address of the byte at va, or NULL; the TLB's lock is held. */
static void *translate(struct tlb *tlb, unsigned long va, enum soft_access access,
		       struct soft_fault *fault)
{
	struct tlb_entry *entry = &tlb->entry[(va >> PAGE_SHIFT) % TLB_ENTRIES];
	bool present = false;
	bool ok = true;

	if (entry->leaf.v && entry->page == va >> PAGE_SHIFT && allows(entry->leaf, access) &&
	    (access != SOFT_WRITE || pte_dirty(entry->leaf))) {
		tlb->hits++;
	} else {
		tlb->misses++;
		entry->leaf.v = 0;
		ok = va < TASK_SIZE && look_up(tlb, entry, va, access, &present);
	}
	if (ok)
		return ram_on_the_bus(entry->pfn) + (va & (PAGE_SIZE - 1));
	if (fault)
		*fault = (struct soft_fault){.address = va, .access = access, .present = present};
	return NULL;
}

bool soft_translate(unsigned long va, enum soft_access access, void **host,
		    struct soft_fault *fault)
{
	struct tlb *tlb = &tlbs[cpu_id()];
	void *at;

	pthread_mutex_lock(&tlb->lock);
	at = translate(tlb, va, access, fault);
	pthread_mutex_unlock(&tlb->lock);
	if (at)
		*host = at;
	return at != NULL;
}

/* Words are moved whole, so that threads of a program may share them. */
static void move(void *to, const void *from, size_t bytes)
{
	if (bytes == sizeof(u64) && IS_ALIGNED((unsigned long)to | (unsigned long)from, 8))
		__atomic_store_n((u64 *)to, __atomic_load_n((const u64 *)from, __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
	else
		memcpy(to, from, bytes);
}

bool soft_access(unsigned long va, enum soft_access access, void *buffer, size_t bytes,
		 struct soft_fault *fault)
{
	struct tlb *tlb = &tlbs[cpu_id()];
	void *at;

	ASSERT(bytes <= PAGE_SIZE - (va & (PAGE_SIZE - 1)));
	pthread_mutex_lock(&tlb->lock);
	at = translate(tlb, va, access, fault);
	if (at && access == SOFT_WRITE)
		move(at, buffer, bytes);
	else if (at)
		move(buffer, at, bytes);
	pthread_mutex_unlock(&tlb->lock);
	return at != NULL;
}

void soft_tlb_counts(u64 *hits, u64 *misses)
{
	*hits = tlbs[cpu_id()].hits;
	*misses = tlbs[cpu_id()].misses;
}

void arch_mm_init(struct arch_mm *mm, pte_t *root)
{
	mm->root = root;
	mm->cpu_mask = 0;
}

void arch_mm_exit(struct arch_mm *mm)
{
}

/* The TLB's lock is held. */
static void drop(struct tlb *tlb, unsigned long start, unsigned long end)
{
	for (unsigned i = 0; i < TLB_ENTRIES; i++) {
		unsigned long va = tlb->entry[i].page << PAGE_SHIFT;

		if (va >= start && va < end)
			tlb->entry[i].leaf.v = 0;
	}
}

static void flush(struct tlb *tlb, unsigned long start, unsigned long end)
{
	pthread_mutex_lock(&tlb->lock);
	drop(tlb, start, end);
	pthread_mutex_unlock(&tlb->lock);
}

/* Another space in place of the loaded one; the TLB's lock is held. */
static void load(struct tlb *tlb, struct arch_mm *mm)
{
	const u64 cpu = 1ULL << (tlb - tlbs);

	if (mm)
		fetch_or(&mm->cpu_mask, cpu);
	if (tlb->mm)
		fetch_and(&tlb->mm->cpu_mask, ~cpu);
	tlb->mm = mm;
	drop(tlb, 0, ~0UL);
}

void switch_mm(struct arch_mm *mm)
{
	struct tlb *tlb = &tlbs[cpu_id()];

	pthread_mutex_lock(&tlb->lock);
	if (tlb->mm != mm)
		load(tlb, mm);
	pthread_mutex_unlock(&tlb->lock);
}

void soft_unload_mm(struct arch_mm *mm)
{
	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++) {
		struct tlb *tlb = &tlbs[cpu];

		pthread_mutex_lock(&tlb->lock);
		if (tlb->mm == mm)
			load(tlb, NULL);
		pthread_mutex_unlock(&tlb->lock);
	}
}

void tlb_flush_range(struct arch_mm *mm, unsigned long start, unsigned long end)
{
	u64 mask;

	smp_mb(); /* entries first: who loads the space sets his bit first */
	mask = READ_ONCE(mm->cpu_mask);

	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
		if (mask >> cpu & 1)
			flush(&tlbs[cpu], start, end);
}

void tlb_flush_mm(struct arch_mm *mm)
{
	tlb_flush_range(mm, 0, ~0UL);
}

void tlb_flush_local_page(unsigned long va)
{
	va = ALIGN_DOWN(va, PAGE_SIZE);
	flush(&tlbs[cpu_id()], va, va + PAGE_SIZE);
}

static bool kernel_range(unsigned long va)
{
	return (va >= VMALLOC_START && va <= VMALLOC_END) ||
	       (va >= MODULES_START && va <= MODULES_END);
}

void tlb_flush_kernel(unsigned long start, unsigned long end)
{
	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = ALIGN_UP(end, PAGE_SIZE);
	if (start < end && kernel_range(start) && kernel_range(end - 1))
		ram_unmap_alias(start, end - start);
}

/* Was the trapped access a write? Where the host does not say: yes. */
static bool was_write(const ucontext_t *context)
{
#ifdef __x86_64__
	return context->uc_mcontext.gregs[REG_ERR] & 2;
#else
	return true;
#endif
}

/* A touch of a kernel range that the host has not mapped. */
static void trapped(int signo, siginfo_t *info, void *context)
{
	unsigned long va = ALIGN_DOWN((unsigned long)info->si_addr, PAGE_SIZE);
	enum pt_level level;
	pte_t *slot;

	if (kernel_range(va) && (slot = walk(soft_kernel_root, va, &level))) {
		pte_t leaf = pte_get(slot);

		if ((leaf.v & PTE_P) && (pte_write(leaf) || !was_write(context))) {
			ram_map_alias(va, leaf_frame(leaf, level, va), pte_write(leaf));
			return;
		}
	}
	if (other_segv.sa_flags & SA_SIGINFO)
		other_segv.sa_sigaction(signo, info, context);
	else
		signal(signo, SIG_DFL); /* and the access traps once more */
}

void mmu_init(void)
{
	struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO | SA_NODEFER};

	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
		pthread_mutex_init(&tlbs[cpu].lock, NULL);
	sigaction(SIGSEGV, &action, &other_segv);
}
