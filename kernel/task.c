/*
 * Tasks as objects: their structs, their numbers, and how to find them.
 *
 * A pid names a task, and beyond the task's life the process group or session it
 * led as long as that has members; only then may the number be used again.
 *
 *     pid_map    one bit per number: in use
 *     pid_hash   number -> task, chains that readers follow without a lock
 *
 * A number is had by setting its bit, without a lock; a chain is changed under the
 * lock of its numbers' family (family.h).  Readers of pid_hash hold nothing: a task leaves
 * its chain under the lock but keeps its link, and its struct is freed only when all
 * readers are done (epoch).
 *
 * A task_struct lives as long as somebody holds a reference (`usage`); signal and
 * sighand live as long as any task_struct that points to them, so t->signal is
 * good wherever t is.
 */
#include "kernel/cred.h"
#include "kernel/family.h"
#include "kernel/itimer.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "lib/assert.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include "mm/trace/trace.h"
#include "sync/percpu.h"

#define PID_HASH_SIZE 256
#define PID_LOW       300 /* numbers below are given once: they belong to daemons and the kernel */

const struct task_part_ops *task_parts;

static unsigned long pid_map[BITS_TO_LONGS(PID_MAX)]; /* atomic bits */
static unsigned pids_tried;                           /* atomic: by alloc_pid() */
static struct task_struct *pid_hash[PID_HASH_SIZE];   /* (the family; readers: epoch) */
static atomic_t threads;                              /* tasks published */

static struct kmem_cache *task_cache, *signal_cache, *sighand_cache;

/* --- The first of all --- */

static struct sighand_struct init_sighand = {.count = ATOMIC_INIT(1),
					     .lock = SPINLOCK_INIT(RANK_SIGHAND)};
static struct signal_struct init_signal = {
	.count = ATOMIC_INIT(1),
	.threads = LIST_HEAD_INIT(init_signal.threads),
	.live = 1,
	.shared_pending = {.list = LIST_HEAD_INIT(init_signal.shared_pending.list)},
	.wait_child = WAIT_QUEUE_HEAD_INIT(init_signal.wait_child),
	.rlim =
		{
			[RLIMIT_CPU] = {RLIM64_INFINITY, RLIM64_INFINITY},
			[RLIMIT_FSIZE] = {RLIM64_INFINITY, RLIM64_INFINITY},
			[RLIMIT_DATA] = {RLIM64_INFINITY, RLIM64_INFINITY},
			[RLIMIT_STACK] = {8 << 20, RLIM64_INFINITY},
			[RLIMIT_CORE] = {0, RLIM64_INFINITY},
			[RLIMIT_RSS] = {RLIM64_INFINITY, RLIM64_INFINITY},
			[RLIMIT_NPROC] = {PID_MAX, PID_MAX}, /* task_init() knows better */
			[RLIMIT_NOFILE] = {1024, 4096},
			[RLIMIT_MEMLOCK] = {8 << 20, 8 << 20},
			[RLIMIT_AS] = {RLIM64_INFINITY, RLIM64_INFINITY},
			[RLIMIT_LOCKS] = {RLIM64_INFINITY, RLIM64_INFINITY},
			[RLIMIT_SIGPENDING] = {PID_MAX, PID_MAX},
			[RLIMIT_MSGQUEUE] = {819200, 819200},
			[RLIMIT_NICE] = {0, 0},
			[RLIMIT_RTPRIO] = {0, 0},
			[RLIMIT_RTTIME] = {RLIM64_INFINITY, RLIM64_INFINITY},
		},
};

/* Linked statically: `current` from the first instruction on, later the boot CPU's idle task. */
struct task_struct init_task = {
	.state = TASK_RUNNING,
	.pf = PF_KTHREAD,
	.comm = "swapper/0",
	.alloc_lock = SPINLOCK_INIT(RANK_TASK),
	.real_parent = &init_task,
	.group_leader = &init_task,
	.children = LIST_HEAD_INIT(init_task.children),
	.sibling = LIST_HEAD_INIT(init_task.sibling),
	.thread_node = LIST_HEAD_INIT(init_task.thread_node),
	.exit_signal = 0,
	.cred = {.cap_permitted = CAP_ALL, .cap_effective = CAP_ALL, .cap_bounding = CAP_ALL},
	.signal = &init_signal,
	.sighand = &init_sighand,
	.pending = {.list = LIST_HEAD_INIT(init_task.pending.list)},
	.se = {.weight = 1024},
	.cpus_allowed = ~0ULL,
	.timer_slack = 50000,
	.on_cpu = 1,
	.usage = ATOMIC_INIT(1),
};

/* --- Numbers --- */

/* The number of the n-th try: up to PID_MAX, then around again from PID_LOW. */
static pid_t nth_pid(unsigned n)
{
	return n < PID_MAX ? n : PID_LOW + (n - PID_MAX) % (PID_MAX - PID_LOW);
}

pid_t alloc_pid(void)
{
	for (unsigned tries = 0; tries < PID_MAX; tries++) {
		const pid_t pid = nth_pid(fetch_add(&pids_tried, 1) + 1);

		if (!test_and_set_bit(pid, pid_map))
			return pid;
	}
	return -EAGAIN;
}

void free_pid(pid_t pid)
{
	const bool was_set = test_and_clear_bit(pid, pid_map);

	ASSERT(was_set);
}

static inline struct task_struct **hash_chain(pid_t pid)
{
	return &pid_hash[(unsigned)pid % PID_HASH_SIZE];
}

struct task_struct *find_task(pid_t pid)
{
	struct task_struct *t = load_acquire(hash_chain(pid));

	while (t && t->pid != pid)
		t = load_acquire(&t->pid_next);
	return t;
}

static struct task_struct *get_if_alive(struct task_struct *t)
{
	return t && atomic_inc_not_zero(&t->usage) ? t : NULL;
}

struct task_struct *find_get_task(pid_t pid)
{
	struct task_struct *t;

	epoch_read_lock();
	t = get_if_alive(find_task(pid));
	epoch_read_unlock();
	if (unlikely(!t)) {
		/* exec may just have been moving a task to its leader's number: look again. */
		lock_families(family_of_number(pid));
		t = get_if_alive(find_task(pid));
		unlock_families(family_of_number(pid));
	}
	return t;
}

struct task_struct *process_after(pid_t pid)
{
	unsigned long n = pid;

	assert_families_locked(ALL_FAMILIES);
	while ((n = bitmap_next_set(pid_map, PID_MAX, n + 1)) < PID_MAX) {
		struct task_struct *t = find_task(n);

		if (t && t->group_leader == t)
			return t;
	}
	return NULL;
}

struct task_struct *next_process(pid_t after)
{
	unsigned long pid = after;

	/* The map is only a hint of where to look; the hash decides. */
	while ((pid = bitmap_next_set(pid_map, PID_MAX, pid + 1)) < PID_MAX) {
		struct task_struct *t = find_get_task(pid);

		if (t && t->group_leader == t)
			return t;
		if (t)
			put_task(t);
	}
	return NULL;
}

/* To the event stream, in words of eight characters. */
static void record_name(const struct task_struct *t)
{
	u64 text[2];

	static_assert(sizeof(t->comm) == sizeof(text), "the name fills the words");
	if (!trace_on())
		return;
	memcpy(text, t->comm, sizeof(text));
	trace_task_name(t->pid, text[0], text[1], 0);
}

void task_publish(struct task_struct *t)
{
	struct task_struct **chain = hash_chain(t->pid);

	assert_families_locked(family_of_number(t->pid));
	if (t->group_leader == t) {
		assert_families_locked(family_of(t->real_parent));
		list_add_tail(&t->sibling, &t->real_parent->children);
	}
	list_add_tail(&t->thread_node, &t->signal->threads);
	t->pid_next = *chain;
	store_release(chain, t);
	atomic_inc(&threads);
	trace_task_new(t->pid, t->real_parent->pid, (unsigned long)t->mm, t->tgid);
	record_name(t);
}

void task_unpublish(struct task_struct *t)
{
	struct task_struct **link = hash_chain(t->pid);

	assert_families_locked(family_of_number(t->pid) | family_of(t));
	while (*link != t)
		link = &(*link)->pid_next;
	store_release(link, t->pid_next); /* t->pid_next stays: readers may stand on t */
	list_del(&t->thread_node);
	if (t->group_leader == t) {
		assert_families_locked(family_of(t->real_parent));
		list_del_init(&t->sibling);
	}
	atomic_dec(&threads);
}

pid_t last_pid(void)
{
	return nth_pid(READ_ONCE(pids_tried));
}

unsigned nr_threads(void)
{
	return (unsigned)atomic_read(&threads);
}

/* --- Structs --- */

struct task_struct *task_alloc(const struct task_struct *from)
{
	struct task_struct *t = kmem_cache_alloc(task_cache, GFP_KERNEL);

	if (!t)
		return NULL;
	memcpy(t, from, sizeof(*t));
	t->stack = alloc_kernel_stack(cpu_to_node(cpu_id()));
	if (!t->stack) {
		kmem_cache_free(task_cache, t);
		return NULL;
	}
	t->work_pending = 0;
	t->pf = from->pf & (PF_KTHREAD | PF_FORKNOEXEC);
	t->exit_code = 0;
	t->mm = t->active_mm = NULL;
	spin_lock_init(&t->alloc_lock, RANK_TASK);
	list_init(&t->children);
	list_init(&t->sibling);
	list_init(&t->thread_node);
	t->pid_next = NULL;
	t->parent_death_signal = 0;
	t->vfork_done = NULL;
	t->released = false;
	t->files = NULL;
	t->fs = NULL;
	t->signal = NULL;
	t->sighand = NULL;
	t->sigwait = 0;
	t->restore_sigmask = false;
	sigpending_init(&t->pending);
	t->start_time = ktime_ns();
	t->min_flt = t->maj_flt = 0;
	t->io = (struct io_counts){};
	t->set_child_tid = t->clear_child_tid = NULL;
	t->robust_list = NULL;
	t->robust_list_len = 0;
	memset(&t->restart, 0, sizeof(t->restart));
	t->fail_nth = 0;
	t->oom_address = 0;
	atomic_set(&t->usage, 1);
	sched_fork(t);
#ifdef PAGODA_DEBUG
	memset(&t->held_locks, 0, sizeof(t->held_locks));
#endif
	return t;
}

void task_free_unseen(struct task_struct *t)
{
	if (t->stack)
		free_kernel_stack(t->stack);
	kmem_cache_free(task_cache, t);
}

static void free_task_struct(struct epoch_head *head)
{
	struct task_struct *t = container_of(head, struct task_struct, epoch);

	kmem_cache_free(task_cache, t);
}

void get_task(struct task_struct *t)
{
	ASSERT(atomic_read(&t->usage) > 0);
	atomic_inc(&t->usage);
}

void put_task(struct task_struct *t)
{
	if (!atomic_dec_and_test(&t->usage))
		return;
	ASSERT(task_is_dead(t) && !t->stack);
	sigpending_flush(&t->pending);
	put_signal(t->signal);
	put_sighand(t->sighand);
	epoch_call(&t->epoch, free_task_struct);
}

struct signal_struct *signal_alloc(void)
{
	struct signal_struct *signal = kmem_cache_zalloc(signal_cache, GFP_KERNEL);

	if (!signal)
		return NULL;
	atomic_set(&signal->count, 1);
	signal->live = 1;
	list_init(&signal->threads);
	sigpending_init(&signal->shared_pending);
	init_waitqueue_head(&signal->wait_child);
	return signal;
}

void put_signal(struct signal_struct *signal)
{
	if (!atomic_dec_and_test(&signal->count))
		return;
	sigpending_flush(&signal->shared_pending);
	itimer_free(signal);
	kmem_cache_free(signal_cache, signal);
}

/* Objects of the cache have no actions set, so a fork copies only those in use. */
static void construct_sighand(void *object)
{
	memset(object, 0, sizeof(struct sighand_struct));
}

struct sighand_struct *sighand_alloc(void)
{
	struct sighand_struct *sighand = kmem_cache_alloc(sighand_cache, GFP_KERNEL);

	if (!sighand)
		return NULL;
	atomic_set(&sighand->count, 1);
	spin_lock_init(&sighand->lock, RANK_SIGHAND);
	return sighand;
}

void copy_actions(struct sighand_struct *to, const struct sighand_struct *from)
{
	ASSERT(to->used <= from->used);
	to->used = from->used;
	memcpy(to->action, from->action, from->used * sizeof(from->action[0]));
}

static void free_sighand(struct epoch_head *head)
{
	struct sighand_struct *sighand = container_of(head, struct sighand_struct, epoch);

	memset(sighand->action, 0, sighand->used * sizeof(sighand->action[0]));
	sighand->used = 0;
	kmem_cache_free(sighand_cache, sighand);
}

void put_sighand(struct sighand_struct *sighand)
{
	/* lock_sighand() looks at a task's sighand before it has the lock. */
	if (atomic_dec_and_test(&sighand->count))
		epoch_call(&sighand->epoch, free_sighand);
}

struct mm_struct *get_task_mm(struct task_struct *t)
{
	struct mm_struct *mm = NULL;

	task_lock(t);
	if (t->mm && !(t->pf & PF_KTHREAD) && mmget_not_zero(t->mm))
		mm = t->mm;
	task_unlock(t);
	return mm;
}

void set_task_comm(struct task_struct *t, const char *comm)
{
	task_lock(t);
	memset(t->comm, 0, sizeof(t->comm));
	str_copy(t->comm, comm, sizeof(t->comm));
	task_unlock(t);
	if (t == current)
		record_name(t);
}

char task_state_char(const struct task_struct *t)
{
	unsigned state = READ_ONCE(t->state);

	if (state & TASK_DEAD)
		return 'X';
	if (state & TASK_ZOMBIE)
		return 'Z';
	if (state & TASK_STOPPED)
		return 'T';
	if (state & (TASK_UNINTERRUPTIBLE | TASK_KILLABLE))
		return 'D';
	return state & TASK_INTERRUPTIBLE ? 'S' : 'R';
}

void register_task_parts(const struct task_part_ops *ops)
{
	ASSERT(!task_parts);
	task_parts = ops;
}

void task_init(void)
{
	unsigned long limit;

	task_cache = KMEM_CACHE(task_struct, SLAB_HWCACHE_ALIGN | SLAB_PANIC);
	signal_cache = KMEM_CACHE(signal_struct, SLAB_HWCACHE_ALIGN | SLAB_PANIC);
	sighand_cache = kmem_cache_create("sighand_struct", sizeof(struct sighand_struct), 0,
					  SLAB_HWCACHE_ALIGN | SLAB_PANIC, construct_sighand);
	bitmap_set(pid_map, 0);
	/* Kernel stacks may take an eighth of memory. */
	limit = totalram_pages() / (8 * KERNEL_STACK_SIZE / PAGE_SIZE);
	limit = min(max(limit, 20UL), (unsigned long)PID_MAX);
	init_signal.rlim[RLIMIT_NPROC] = (struct rlimit64){limit / 2, limit / 2};
	init_signal.rlim[RLIMIT_SIGPENDING] = init_signal.rlim[RLIMIT_NPROC];
	list_add_tail(&init_task.thread_node, &init_signal.threads);
}
