/*
 * An area goes out of use: bring back everything that is in it (SYSTEM.md S42).
 *
 * Slots do not know who names them, so all who could are looked through: the tables of every
 * space, the trees of files in memory.  The area is closed, so no page gets a slot of it anew; but a name can still
 * move past us by fork, and a space that is being torn down gives its names back without our help. So
 * rounds are made until nothing is left:
 *
 *	each space       each entry that names the area: swapped in, as if it had been read
 *	each file        in memory, the same with its tree (mm/cache/shmem.c)
 *	copies           pages in memory whose slot nothing names any more are no copies any more
 *
 * What cannot be read is marked as lost where it is named, and who needs it hears of it (SIGBUS).
 * Memory is asked for modestly, without the OOM killer: who switches swap off when there is no room hears of that. So he does
 * if others find none: before a process is killed for it the area stays (swap_tell_to_stay()).
 */
#include "lib/printk.h"
#include "mm/space/pages.h"
#include "mm/swap/swap.h"

#define MODEST         (GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN)
#define ROUND_PAUSE    2000000ULL /* ns, for those that are on their way out */
#define ROUNDS_IN_VAIN 20         /* without memory, and without anything coming back */

/* The lost page's name gives way to a mark. */
static void mark_lost(struct mm_struct *mm, unsigned long address, pte_t *slot, pte_t e)
{
	struct page *table = user_table(slot);

	raw_spin_lock(&table->ptl, RANK_PTL);
	if (pte_get(slot).v == e.v) {
		pte_set(slot, swp_entry_to_pte(SWP_LOST));
		trace_swap_lost((unsigned long)mm, address, SWP_LOST.v, 0);
		swap_free(pte_to_swp_entry(e));
	}
	raw_spin_unlock(&table->ptl);
}

static bool is_of(pte_t e, unsigned type)
{
	return pte_is_swap(e) && swp_type(pte_to_swp_entry(e)) == type &&
	       !swp_is_lost(pte_to_swp_entry(e));
}

/* The entry names the area no more, or -ENOMEM. */
static int bring_back(struct vm_area_struct *vma, unsigned long address, pte_t *slot, unsigned type)
{
	pte_t e;

	while (is_of(e = pte_get(slot), type)) {
		bool major;

		switch (swap_in(vma->vm_mm, vma, address, slot, e, false, MODEST, &major)) {
		case FAULT_DONE: break;
		case FAULT_SIGBUS: mark_lost(vma->vm_mm, address, slot, e); break;
		default: return -ENOMEM;
		}
	}
	return 0;
}

static int bring_back_area(struct vm_area_struct *vma, unsigned type)
{
	unsigned long next;

	for (unsigned long va = vma->vm_start; va < vma->vm_end; va = next) {
		pte_t *slot = user_pte_next(vma->vm_mm, va, &next);

		if (!slot)
			continue;
		for (next = min(next, vma->vm_end); va < next; va += PAGE_SIZE, slot++) {
			int err;

			if (!is_of(pte_get(slot), type))
				continue;
			err = bring_back(vma, va, slot, type);
			if (!err && swap_must_stay())
				err = -ENOMEM;
			if (!err && signal_pending())
				err = -EINTR;
			if (err)
				return err;
		}
		cond_resched();
	}
	return 0;
}

static int bring_back_space(struct mm_struct *mm, unsigned type)
{
	struct vm_area_struct *vma;
	int err = 0;

	if (!mm_counter(mm, MM_SWAPENTS))
		return 0;
	down_read(&mm->mmap_lock);
	for (vma = find_vma(mm, 0); vma && !err; vma = vma_next(mm, vma)) {
		if (!vma->anon_vma)
			continue;
		down_read(&vma->lock);
		err = bring_back_area(vma, type);
		up_read(&vma->lock);
	}
	up_read(&mm->mmap_lock);
	return err;
}

static int bring_back_spaces(unsigned type)
{
	struct mm_struct *mm = NULL;
	int err = 0;

	while ((mm = mm_next_used(mm))) {
		err = bring_back_space(mm, type);
		if (err) {
			mmput(mm);
			break;
		}
	}
	return err;
}

/* Let others come to something; -EINTR: a signal waits. */
static int pause(void)
{
	if (signal_pending())
		return -EINTR;
	set_current_state(TASK_INTERRUPTIBLE);
	(void)schedule_timeout(ROUND_PAUSE);
	return 0;
}

static int one_round(unsigned type)
{
	int err = bring_back_spaces(type);

	if (!err)
		err = cache_bring_back(type, MODEST);
	if (!err)
		swap_drop_copies(type);
	return err;
}

int swap_bring_back(unsigned type)
{
	struct swap_area_info info;
	unsigned in_vain = 0;
	u32 left = ~0U;

	while (swap_area_info(type, &info) && info.used) {
		int err = one_round(type);

		if (err == -ENOMEM && !swap_must_stay() && in_vain++ < ROUNDS_IN_VAIN)
			err = 0;
		if (err)
			return err;
		if (info.used < left)
			in_vain = 0;
		left = info.used;
		if (!swap_next_used(type, 0).v)
			continue;
		err = pause();
		if (err)
			return err;
	}
	return 0;
}
