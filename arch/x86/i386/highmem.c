/*
 * Windows onto high memory (machine/highmem.h).
 *
 *   slot    0 .. 31   32 .. 63   ...             1024 .. 2047
 *           CPU 0     CPU 1                      the pool
 *
 * A window is one entry of a page table, and its slot a bit of a word: set while it is free. A task
 * may sleep with a window open (kmap), and wake up on another CPU; so a CPU's windows are closed in any
 * order and by anyone, and only opened by that CPU alone.
 *
 * Translations.  The CPU that opens a window drops what it remembers of it. Another one, which might
 * remember something older, comes to use it only when the task arrives there: then all windows are
 * forgotten (arch_switch_to()), for which a task counts those it has open. They are not global, so
 * loading cr3 does that.
 *
 * The pool is for tasks that sleep, many at a time, while they copy to or from a file. When it is
 * empty more of them wait. What they sleep for is often a page, which cannot come without a window to
 * zero or to fill it: so eight of each CPU's are kept for those who do not sleep (kmap_local), of which
 * there is one at a time on a CPU, with few. These never wait, so all the others get on.
 */
#include "machine/highmem.h"
#include "arch/x86/common/internal.h"
#include "arch/x86/i386/fixmap.h"
#include "lib/assert.h"
#include "machine/current.h"
#include "machine/mmu.h"
#include "machine/thread.h"
#include "sync/wait.h"

#define WINDOWS     2048U
#define CPU_WINDOWS 32U         /* of each CPU */
#define KEPT        0xff000000U /* of those: not for sleepers */
#define POOL        (CPU_WINDOWS * NR_CPUS)
#define POOL_WORDS  ((WINDOWS - POOL) / CPU_WINDOWS)
#define PROT_WINDOW ((pgprot_t){KERNEL_PROT_RW.v & ~(pte_value_t)PTE_G})

static_assert(WINDOWS * PAGE_SIZE == KMAP_END + 1 - KMAP_START, "the windows fill their region");
static_assert(POOL < WINDOWS, "something is left for the pool");

pte_t kmap_table[WINDOWS] __section(".bss.page_aligned") __aligned(PAGE_SIZE);

/* Atomic; a set bit: closed. Of a CPU's word only the CPU itself clears bits. */
static u32 closed[WINDOWS / CPU_WINDOWS];
static struct wait_queue_head pool_wait = WAIT_QUEUE_HEAD_INIT(pool_wait);

void highmem_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(closed); i++)
		closed[i] = ~0u;
}

/* A closed window of the pool, now taken; WINDOWS if there is none. */
static unsigned take_of_pool(void)
{
	for (unsigned i = POOL / CPU_WINDOWS; i < ARRAY_SIZE(closed); i++) {
		u32 word = READ_ONCE(closed[i]);

		while (word)
			if (try_cmpxchg(&closed[i], &word, word & (word - 1)))
				return i * CPU_WINDOWS + __builtin_ctz(word);
	}
	return WINDOWS;
}

static __noinline unsigned open_of_pool(void)
{
	unsigned slot = take_of_pool();

	if (slot == WINDOWS)
		wait_event(&pool_wait, (slot = take_of_pool()) < WINDOWS);
	return slot;
}

void *machine_open_high_window(pfn_t pfn, bool sleeps)
{
	u32 *word = &closed[cpu_id()];
	const u32 free = READ_ONCE(*word) & (sleeps ? ~KEPT : ~0u);
	unsigned slot;
	unsigned long va;

	if (likely(free)) {
		slot = __builtin_ctz(free);
		(void)fetch_and(word, ~(1u << slot));
		slot += cpu_id() * CPU_WINDOWS;
	} else {
		BUG_ON(!sleeps);
		slot = open_of_pool();
	}
	va = KMAP_START + slot * PAGE_SIZE;
	this_cpu(current_thread)->windows++;
	ASSERT(pte_none(kmap_table[slot]));
	pte_set(&kmap_table[slot], mk_pte(pfn, PROT_WINDOW));
	invlpg(va);
	return (void *)va;
}

void machine_close_high_window(const void *window)
{
	const unsigned slot = ((unsigned long)window - KMAP_START) >> PAGE_SHIFT;

	ASSERT(slot < WINDOWS && !pte_none(kmap_table[slot]));
	pte_set(&kmap_table[slot], (pte_t){0});
	this_cpu(current_thread)->windows--;
	(void)fetch_or(&closed[slot / CPU_WINDOWS], 1u << slot % CPU_WINDOWS);
	if (unlikely(slot >= POOL))
		wake_up(&pool_wait);
}
