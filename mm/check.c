/*
 * Running the checks of all floors (decision 8), in the order they registered:
 * bottom up, since a floor registers when it is initialised.
 */
#include "mm/check.h"

#include "lib/errno.h"
#include "lib/printk.h"
#include "sync/mutex.h"
#include "sync/spinlock.h"
#include "sync/task.h"

static struct mutex one_check = MUTEX_INIT(one_check, RANK_MM_CHECK);
static spinlock_t checkers_lock = SPINLOCK_INIT(RANK_COUNTERS);
static LIST_HEAD(checkers);         /* (checkers_lock) only ever grows */
struct mm_standstill mm_standstill; /* constant after boot */

void mm_check_register(struct mm_checker *checker)
{
	spin_lock(&checkers_lock);
	list_add_tail(&checker->list, &checkers);
	spin_unlock(&checkers_lock);
}

static int check_still(const struct mm_checker *checker)
{
	unsigned found;

	do {
		if (mm_standstill.begin && !mm_standstill.begin())
			return -ENOMEM;
		found = checker->check();
		if (mm_standstill.end)
			mm_standstill.end();
		cond_resched();
	} while (found == MM_CHECK_AGAIN);
	return found;
}

static int check_one(const struct mm_checker *checker)
{
	int found = checker->prepare ? checker->prepare() : 0;

	if (found == 0)
		found = checker->still ? check_still(checker) : (int)checker->check();
	if (checker->finish)
		checker->finish();
	if (found > 0)
		pr_err("mm_check: %s: %d violations", checker->name, found);
	if (found < 0)
		pr_err("mm_check: %s: no memory for the check", checker->name);
	return found;
}

int mm_check(void)
{
	int total = 0, err = 0;
	struct mm_checker *checker;

	mutex_lock(&one_check);
	/* Nothing is ever removed, so the walk needs no spinlock, and a check may sleep. */
	list_for_each_entry (checker, &checkers, list) {
		int found = check_one(checker);

		if (found < 0)
			err = found;
		else
			total += found;
	}
	mutex_unlock(&one_check);
	return total ? total : err;
}
