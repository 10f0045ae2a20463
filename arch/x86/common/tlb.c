/*
 * Invalidation of translations, on this CPU and on others (S15).
 *
 * A space's cpu_mask names the CPUs that may hold translations of it: set before
 * its root is loaded, cleared after another one is.  A change of a live mapping is
 * followed by a flush on all of them before the frame may be reused.  Who flushes changes
 * entries first and reads the mask then, with a full barrier between; who switches sets
 * his bit first and walks then: so either the one is asked or the other finds the new entry.
 *
 * Kernel threads use no user addresses and leave the space of the task before them loaded, in case
 * that one comes back.  A CPU that idles so is interrupted once: it gives the space up
 * (the kernel's own root is loaded, the bit cleared), and is not asked again.
 *
 *   here       INVLPG per page, or all by loading cr3 again when they are many
 *              (kernel pages are global and survive that)
 *   elsewhere  one request at a time (shoot.lock): bounds and the set of CPUs that
 *              have not answered yet; an interrupt makes each of them flush and
 *              clear its bit.  Who waits for the lock or for answers answers
 *              requests himself, so two CPUs with interrupts off cannot wait for
 *              each other.  Nor can one wait here for a CPU that waits, with
 *              interrupts off, for a lock of his: who flushes holds no lock that
 *              is taken that way (a rank from RANK_IRQ up; checked here), and no
 *              other lock is taken with interrupts off (checked in sync/lockdebug.c).
 *
 * With one CPU the cost is one comparison.
 *
 * The same request can carry a call instead: what else a CPU has loaded of a space and has to load
 * again (i386: its LDT).
 */
#include "arch/x86/common/internal.h"
#include "machine/mmu.h"
#include "x86/ldt.h"
#include "x86/root.h"
#include "sync/spinlock.h"

#define FULL_FLUSH_PAGES 33 /* from here on it is cheaper to lose everything */

DEFINE_PER_CPU(struct arch_mm *, loaded_mm);
static DEFINE_PER_CPU(bool, lazy); /* nobody runs in loaded_mm */

static struct {
	raw_spinlock_t lock;
	u64 waiting;              /* atomic: CPUs yet to answer */
	unsigned long start, end; /* (lock) what to flush; end 0: all of user space */
	bool kernel;              /* (lock) global pages too */
	/* (lock) not to flush, but to call this for the space, where it is loaded; NULL */
	void (*call)(struct arch_mm *mm);
	struct arch_mm *mm; /* (lock) */
} shoot;

static void flush_all_local(bool global)
{
	unsigned long cr4;

	if (!global || !cpu_features.pge) {
		reload_root();
		return;
	}
	cr4 = read_cr4();
	write_cr4(cr4 & ~CR4_PGE);
	write_cr4(cr4);
}

static void flush_local(unsigned long start, unsigned long end, bool kernel)
{
	if (end == 0 || root_is_stale() || end - start > FULL_FLUSH_PAGES * PAGE_SIZE) {
		flush_all_local(kernel);
		return;
	}
	for (; start < end; start += PAGE_SIZE)
		invlpg(start);
}

static void call_local(void (*fn)(struct arch_mm *mm), struct arch_mm *mm)
{
	if (this_cpu(loaded_mm) == mm)
		fn(mm);
}

/* Another root in place of the one of a space that no task here runs in. */
static void give_up_space(u64 self)
{
	struct arch_mm *mm = this_cpu(loaded_mm);

	load_root(swapper_pg_dir);
	space_segments_load(NULL);
	this_cpu(loaded_mm) = NULL;
	fetch_and(&mm->cpu_mask, ~self);
}

void tlb_shoot_interrupt(void)
{
	u64 self = 1ULL << cpu_id();

	if (READ_ONCE(shoot.waiting) & self) {
		if (shoot.call)
			call_local(shoot.call, shoot.mm);
		else if (!shoot.kernel && this_cpu(lazy) && this_cpu(loaded_mm))
			give_up_space(self);
		else
			flush_local(shoot.start, shoot.end, shoot.kernel);
		count_cpu_irq(shoot.kernel ? CPU_IRQ_SHOOT_KERNEL : CPU_IRQ_SHOOT);
		fetch_and(&shoot.waiting, ~self);
	}
}

static void lock_requests(void)
{
	lock_debug_below_irq();
	while (!raw_spin_trylock(&shoot.lock)) {
		tlb_shoot_interrupt();
		cpu_relax();
	}
	lock_debug_acquired(&shoot.lock, RANK_TLB, "shoot");
}

/* The request stands in `shoot`; returns when all have answered, with the lock released. */
static void ask(u64 cpus)
{
	store_release(&shoot.waiting, cpus);
	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
		if (cpus >> cpu & 1)
			lapic_send(cpu, VECTOR_SHOOT);
	while (load_acquire(&shoot.waiting))
		cpu_relax();
	raw_spin_unlock(&shoot.lock);
}

static void flush_remote(u64 cpus, unsigned long start, unsigned long end, bool kernel)
{
	unsigned long flags = irq_save();

	lock_requests();
	shoot.start = start;
	shoot.end = end;
	shoot.kernel = kernel;
	shoot.call = NULL;
	ask(cpus);
	irq_restore(flags);
}

void call_where_loaded(struct arch_mm *mm, void (*fn)(struct arch_mm *mm))
{
	unsigned long flags = irq_save();
	u64 cpus;

	call_local(fn, mm);
	cpus = READ_ONCE(mm->cpu_mask) & ~(1ULL << cpu_id()) & READ_ONCE(cpu_online_mask);
	if (cpus) {
		lock_requests();
		shoot.call = fn;
		shoot.mm = mm;
		ask(cpus);
	}
	irq_restore(flags);
}

static void flush(u64 cpus, unsigned long start, unsigned long end, bool kernel)
{
	u64 self = 1ULL << cpu_id();

	if (cpus & self)
		flush_local(start, end, kernel);
	cpus &= ~self & READ_ONCE(cpu_online_mask);
	if (unlikely(cpus))
		flush_remote(cpus, start, end, kernel);
}

/* Those that may hold what was in the entries before the caller changed them. */
static inline u64 holders(const struct arch_mm *mm)
{
	if (unlikely(nr_cpu_ids > 1))
		smp_mb();
	return READ_ONCE(mm->cpu_mask);
}

void tlb_flush_range(struct arch_mm *mm, unsigned long start, unsigned long end)
{
	flush(holders(mm), start, end, false);
}

void tlb_flush_mm(struct arch_mm *mm)
{
	flush(holders(mm), 0, 0, false);
}

void tlb_flush_local_page(unsigned long va)
{
	invlpg(va);
}

void tlb_flush_kernel(unsigned long start, unsigned long end)
{
	flush(READ_ONCE(cpu_online_mask), start, end, true);
}

void switch_mm(struct arch_mm *mm)
{
	struct arch_mm *old = this_cpu(loaded_mm);
	u64 self = 1ULL << cpu_id();

	this_cpu(lazy) = false;
	if (mm == old)
		return;
	if (mm)
		fetch_or(&mm->cpu_mask, self);
	load_root(mm ? mm->root : swapper_pg_dir);
	space_segments_load(mm ? &mm->segments : NULL);
	this_cpu(loaded_mm) = mm;
	if (old)
		fetch_and(&old->cpu_mask, ~self);
}

void lazy_mm(void)
{
	this_cpu(lazy) = true;
}

void stop_other_cpus(void)
{
	if (nr_cpu_ids > 1 && lapic_enabled)
		lapic_send_others(VECTOR_STOP);
}
