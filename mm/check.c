/*
 * Running the checks of all floors (decision 8), in the order they registered:
 * bottom up, since a floor registers when it is initialised.
 */
#include "mm/check.h"

#include "lib/printk.h"
#include "sync/spinlock.h"
#include "sync/task.h"

static spinlock_t checkers_lock = SPINLOCK_INIT(RANK_COUNTERS);
static LIST_HEAD(checkers);         /* (checkers_lock) only ever grows */
struct mm_standstill mm_standstill; /* constant after boot */

void mm_check_register(struct mm_checker *checker)
{
	spin_lock(&checkers_lock);
	list_add_tail(&checker->list, &checkers);
	spin_unlock(&checkers_lock);
}

static unsigned check_one(const struct mm_checker *checker)
{
	unsigned found;

	if (!checker->still || !mm_standstill.begin)
		return checker->check();
	do {
		if (!mm_standstill.begin()) {
			pr_err("mm_check: %s: no memory for the check", checker->name);
			return 1;
		}
		found = checker->check();
		mm_standstill.end();
		cond_resched();
	} while (found == MM_CHECK_AGAIN);
	return found;
}

unsigned mm_check(void)
{
	unsigned total = 0;
	struct mm_checker *checker;

	/* Nothing is ever removed, so the walk needs no lock, and a check may sleep. */
	list_for_each_entry (checker, &checkers, list) {
		unsigned found = check_one(checker);

		if (found)
			pr_err("mm_check: %s: %u violations", checker->name, found);
		total += found;
	}
	return total;
}
