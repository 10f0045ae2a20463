// geometries: all
// needs: tests/host/spaces.c
/*
 * Threads of one address space, and forks meanwhile.
 */
#include "spaces.h"
#include "sync/task.h"

#define PAGES 192

static struct mm_struct *shared_mm;
static bool stop;
static unsigned long page_a, page_b;

/* a, then b: whoever looks at one moment sees a equal to b or one ahead. */
static int count_up(void *arg)
{
	for (u64 i = 1; !READ_ONCE(stop); i++) {
		store(shared_mm, page_a, i);
		store(shared_mm, page_b, i);
		cond_resched();
	}
	switch_mm(NULL);
	return 0;
}

static void forks_see_one_moment(void **state)
{
	spaces_up(3, test_seed());
	for (int order = 0; order < 2; order++) {
		struct mm_struct *mm = shared_mm = anon_mm(8);
		struct task_struct *writer;

		/* The two pages lie in different areas. */
		assert_int_equal(do_mprotect(mm, BASE + 3 * PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
		page_a = BASE + (order ? 6 : 1) * PAGE_SIZE;
		page_b = BASE + (order ? 1 : 6) * PAGE_SIZE;
		stop = false;
		writer = soft_run(count_up, NULL, "writer", 6);
		for (int i = 0; i < 300; i++) {
			struct mm_struct *child = dup_mm(mm);
			u64 a = 0, b = 0;

			assert_false(IS_ERR(child));
			assert_int_equal(load(child, page_a, &a), 0);
			cond_resched();
			assert_int_equal(load(child, page_b, &b), 0);
			if (a != b && a != b + 1)
				fail_msg("a child saw a=%llu b=%llu", (unsigned long long)a,
					 (unsigned long long)b);
			put_mm(child);
			cond_resched();
		}
		WRITE_ONCE(stop, true);
		soft_join(writer);
		put_mm(mm);
	}
	assert_int_equal(in_use(), 0);
	assert_int_equal(mm_check(), 0);
}

/* The kernel writes for the program; the program looks whether it has it. */
static int kernel_writes(void *arg)
{
	for (u64 i = 1, now; !READ_ONCE(stop); i++) {
		assert_int_equal(
			access_remote_vm(shared_mm, page_a + WORD * 8, &i, 8, ACCESS_WRITE), 8);
		cond_resched();
		assert_int_equal(load(shared_mm, page_a, &now), 0);
		if (now != i)
			fail_msg("a write by the kernel is lost: %llu, not %llu",
				 (unsigned long long)now, (unsigned long long)i);
	}
	switch_mm(NULL);
	return 0;
}

/* Another word of the same page, so that it is copied now and then. */
static int write_beside(void *arg)
{
	for (u64 i = 1; !READ_ONCE(stop); i++) {
		store(shared_mm, page_b, i);
		cond_resched();
	}
	switch_mm(NULL);
	return 0;
}

static void forks_lose_no_kernel_write(void **state)
{
	struct task_struct *writer, *beside;
	struct mm_struct *mm;

	spaces_up(3, *state ? test_seed() : 0);
	mm = shared_mm = anon_mm(8);
	page_a = BASE + PAGE_SIZE;
	page_b = BASE + PAGE_SIZE + sizeof(u64);
	stop = false;
	writer = soft_run(kernel_writes, NULL, "writer", 6);
	beside = soft_run(write_beside, NULL, "beside", 6);
	for (int i = 0; i < 1000; i++) {
		struct mm_struct *child = dup_mm(mm);
		u64 first = 0, again = 0;

		assert_false(IS_ERR(child));
		assert_int_equal(access_remote_vm(child, page_a + WORD * 8, &first, 8, ACCESS_READ),
				 8);
		cond_resched();
		assert_int_equal(access_remote_vm(child, page_a + WORD * 8, &again, 8, ACCESS_READ),
				 8);
		if (first != again)
			fail_msg("a child's memory changed: %llu, then %llu",
				 (unsigned long long)first, (unsigned long long)again);
		put_mm(child);
	}
	WRITE_ONCE(stop, true);
	soft_join(writer);
	soft_join(beside);
	put_mm(mm);
	assert_int_equal(in_use(), 0);
	assert_int_equal(mm_check(), 0);
}

static int disturb(void *arg)
{
	struct random mine = {.state = test_seed() + (unsigned long)arg};
	struct mm_struct *mm = shared_mm;

	for (int i = 0; i < 3000; i++) {
		unsigned n = random_below(&mine, PAGES), len = 1 + random_below(&mine, 16);
		unsigned long va = va_of(n);
		struct mm_struct *child;
		int file;

		len = min(len, PAGES - n);
		switch (random_below(&mine, 12)) {
		case 0:
			do_mmap(mm, va, len * PAGE_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0, NULL);
			break;
		case 1:
			file = random_below(&mine, FILES);
			do_mmap(mm, va, len * PAGE_SIZE, PROT_READ | PROT_WRITE,
				(random_below(&mine, 2) ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED,
				n % 64,
				&(struct map_source){.readable = true,
						     .writable = true,
						     .file = (struct file *)&files[file],
						     .mapping = &files[file].mapping,
						     .ops = file ? NULL : &file_vm_ops});
			break;
		case 2: do_munmap(mm, va, len * PAGE_SIZE); break;
		case 3: do_mprotect(mm, va, len * PAGE_SIZE, random_below(&mine, 4)); break;
		case 4:
			if (random_below(&mine, 4))
				break;
			child = dup_mm(mm);
			BUG_ON(IS_ERR(child));
			for (int k = 0; k < 10; k++)
				touch(child, va_of(random_below(&mine, PAGES)), SOFT_WRITE);
			put_mm(child);
			break;
		case 5: {
			u64 word = i;

			access_remote_vm(mm, va, &word, 8,
					 random_below(&mine, 2) ? ACCESS_WRITE : ACCESS_READ);
			break;
		}
		default:
			if (random_below(&mine, 2))
				(void)store(mm, va, va);
			else
				(void)load(mm, va, &(u64){0});
		}
		cond_resched();
	}
	switch_mm(NULL);
	return 0;
}

/* As many as there are CPUs, each anywhere. */
static void many_threads(u64 schedule_seed, unsigned cpus)
{
	struct task_struct *task[8];

	spaces_up(cpus, schedule_seed);
	shared_mm = mm_alloc();
	for (unsigned long i = 0; i < cpus; i++)
		task[i] = soft_run(disturb, (void *)i, "disturb", BIT(cpus) - 1);
	for (unsigned i = 0; i < cpus; i++)
		soft_join(task[i]);
	assert_int_equal(mm_check(), 0);
	put_mm(shared_mm);
	drop_files();
	assert_int_equal(in_use(), 0);
	assert_int_equal(file_references, 0);
	assert_int_equal(mm_check(), 0);
}

/* Several orders of events; *state is which. */
static void threads_in_turn(void **state)
{
	many_threads(test_seed() * 100 + (unsigned long)*state, 4);
}

/* On so many CPUs, at the same time. */
static void threads_in_parallel(void **state)
{
	many_threads(0, (unsigned long)*state);
}

#define IN_TURN(n)                                                                       \
	{                                                                                \
		"threads_in_turn_" #n, threads_in_turn, NULL, NULL, (void *)(uintptr_t)n \
	}

#define IN_PARALLEL(n)                                                                           \
	{                                                                                        \
		"threads_in_parallel_" #n, threads_in_parallel, NULL, NULL, (void *)(uintptr_t)n \
	}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(forks_see_one_moment),
	{"forks_lose_no_kernel_write_in_turn", forks_lose_no_kernel_write, NULL, NULL, (void *)1},
	{"forks_lose_no_kernel_write_in_parallel", forks_lose_no_kernel_write, NULL, NULL, NULL},
	IN_TURN(1),
	IN_TURN(2),
	IN_TURN(3),
	IN_PARALLEL(2),
	IN_PARALLEL(4),
	IN_PARALLEL(8),
};
HOST_TESTS(tests)
