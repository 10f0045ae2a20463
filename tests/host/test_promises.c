// needs: tests/fuzz/world.c
/*
 * Memory promised under overcommit_memory=2: nobody gets more than the limit, and a large process
 * leaves a rest that others may have.
 */
#include "harness.h"
#include "tests/fuzz/world.h"
#include <linux/mman.h>

#define BASE  (PT_SIZE(PT_PTE) << PT_BITS(PT_PTE))
#define PIECE 8UL /* pages */

static void a_large_process_leaves_a_rest(void **state)
{
	struct mm_struct *mm;
	unsigned long pages = 0, at;

	world_boot();
	sysctl_overcommit_memory = 2;
	mm = mm_alloc();
	assert_non_null(mm);
	do {
		at = do_mmap(mm, BASE + pages * PAGE_SIZE, PIECE * PAGE_SIZE,
			     PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0,
			     NULL);
		if (!IS_ERR_VALUE(at))
			pages += PIECE;
	} while (!IS_ERR_VALUE(at) && pages < 1 << 20);
	assert_int_equal(at, -ENOMEM);
	assert_int_equal(vm_committed(), pages);
	assert_true(pages < vm_commit_limit());
	assert_true(pages + mm->total_vm / 32 + PIECE >= vm_commit_limit());
	/* Somebody else has less, and so may have more. */
	assert_int_equal(vm_account(NULL, PIECE), 0);
	vm_unaccount(PIECE);
	program_exit(mm);
	assert_int_equal(vm_committed(), 0);
	assert_int_equal(mm_check(), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_large_process_leaves_a_rest),
};
HOST_TESTS(tests)
