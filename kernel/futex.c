/*
 * Futexes: sleep while a word of memory has a value, wake those who sleep on it.
 *
 * The word is the program's affair; the kernel keeps only the sleepers, in a hash
 * table by the word's identity:
 *
 *   private, or in anonymous memory   (space, address)
 *   in a file's or shared memory      (page cache, offset): the same for everybody who
 *                                     maps it, wherever
 *
 *   bucket: lock + list of waiters in order of arrival
 *
 * No wake-up is lost because the bucket's lock covers both the waiter's look at the
 * word together with its queueing, and the waker's walk; a waker changes the word
 * before it takes the lock.  The look is an access that must not fault: when the
 * page is not there the lock is let go, the page brought in, and all begins anew.
 *
 * A waker takes a waiter off the list and says so by clearing waiter->bucket; from
 * then on the waiter's frame may vanish any moment.  Its task is still safe to wake:
 * a task_struct is freed by epoch only.
 *
 * Robust lists: a list in user memory of the locks a thread holds.  When the thread
 * ends, each gets FUTEX_OWNER_DIED and a waiter is woken.
 *
 * The priority-inheriting operations do not exist here: ENOSYS.
 */
#include "kernel/time.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "lib/assert.h"
#include "mm/frame/frame.h"
#include "mm/lru/lru.h"
#include <linux/futex.h>

#define BUCKETS          256
#define ROBUST_LIST_MOST 2048 /* a circle must not hold us for ever */

struct futex_key {
	unsigned long owner; /* mm_struct or address_space: compared, never followed */
	u64 offset;          /* bytes */
};

struct bucket {
	spinlock_t lock;
	struct list_head waiters; /* (lock) */
};

struct waiter {
	struct list_head list; /* (bucket's lock) */
	struct futex_key key;  /* (bucket's lock) */
	u32 bitset;
	struct task_struct *task;
	struct bucket *bucket; /* (bucket's lock) NULL: woken */
};

static struct bucket buckets[BUCKETS];

void futex_init(void)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		spin_lock_init(&buckets[i].lock, RANK_FUTEX);
		list_init(&buckets[i].waiters);
	}
}

static struct bucket *bucket_of(const struct futex_key *key)
{
	u64 h = (key->owner >> 4) * 31 + (key->offset >> 2);

	h *= 0x9e3779b97f4a7c15ULL; /* 2^64 / golden ratio */
	return &buckets[h >> 56];
}

static bool same_key(const struct futex_key *a, const struct futex_key *b)
{
	return a->offset == b->offset && a->owner == b->owner;
}

static int get_key(u32 __user *at, bool shared, struct futex_key *key)
{
	unsigned long address = (unsigned long)at;
	struct page *page;
	void *owner;
	int err;

	if (address % sizeof(u32))
		return -EINVAL;
	if (!access_ok(at, sizeof(u32)))
		return -EFAULT;
	*key = (struct futex_key){(unsigned long)current->mm, address};
	if (!shared)
		return 0;
	err = get_user_page(current->mm, address, false, &page);
	if (err)
		return err;
	owner = page_owner_ptr(page);
	if (owner && !page_is_anon(page))
		*key = (struct futex_key){(unsigned long)owner,
					  page_index(page) << PAGE_SHIFT | (address & ~PAGE_MASK)};
	put_page(page);
	return 0;
}

/* Bring the word's page in, for an access that must not fault. */
static int fault_in(u32 __user *at, bool write)
{
	struct page *page;
	int err = get_user_page(current->mm, (unsigned long)at, write, &page);

	if (!err)
		put_page(page);
	return err ? -EFAULT : 0;
}

/* --- Waiting --- */

/* Queue the waiter if the word has the value: 0, -EAGAIN (it has not), -EFAULT... */
static int queue_if_equal(struct waiter *w, u32 __user *at, bool shared, u32 value)
{
	for (;;) {
		struct bucket *bucket;
		u32 seen;
		int err = get_key(at, shared, &w->key);

		if (err)
			return err;
		bucket = bucket_of(&w->key);
		spin_lock(&bucket->lock);
		err = copy_from_user_nofault(&seen, at, sizeof(seen));
		if (!err && seen == value) {
			w->bucket = bucket;
			list_add_tail(&w->list, &bucket->waiters);
			spin_unlock(&bucket->lock);
			return 0;
		}
		spin_unlock(&bucket->lock);
		if (!err)
			return -EAGAIN;
		err = fault_in(at, false);
		if (err)
			return err;
	}
}

/* Off the list: true; false: a waker did it already. */
static bool unqueue(struct waiter *w)
{
	struct bucket *bucket;

	while ((bucket = load_acquire(&w->bucket))) {
		spin_lock(&bucket->lock);
		if (w->bucket == bucket) {
			list_del(&w->list);
			spin_unlock(&bucket->lock);
			return true;
		}
		spin_unlock(&bucket->lock); /* requeued meanwhile */
	}
	return false;
}

/* Sleep until woken, or `deadline` (ktime ns; FOREVER: none). */
static int wait_until(u32 __user *at, bool shared, u32 value, u32 bitset, u64 deadline)
{
	struct waiter w = {.task = current, .bitset = bitset};
	int err = queue_if_equal(&w, at, shared, value);

	if (err)
		return err;
	for (;;) {
		u64 now;

		set_current_state(TASK_INTERRUPTIBLE);
		if (!load_acquire(&w.bucket))
			break;
		if (signal_pending()) {
			err = -EINTR;
			break;
		}
		now = deadline == FOREVER ? 0 : ktime_ns();
		if (now >= deadline) {
			err = -ETIMEDOUT;
			break;
		}
		schedule_timeout(deadline == FOREVER ? FOREVER : deadline - now);
	}
	set_current_state(TASK_RUNNING);
	return unqueue(&w) ? err : 0;
}

static long futex_wait(u32 __user *at, bool shared, u32 value, u32 bitset, u64 deadline);

static long futex_wait_restart(struct task_struct *t)
{
	return futex_wait(t->restart.user, t->restart.arg[1], t->restart.arg[0], t->restart.arg[2],
			  t->restart.deadline);
}

static long futex_wait(u32 __user *at, bool shared, u32 value, u32 bitset, u64 deadline)
{
	struct task_struct *t = current;
	int err;

	if (!bitset)
		return -EINVAL;
	err = wait_until(at, shared, value, bitset, deadline);
	if (err != -EINTR)
		return err;
	if (deadline == FOREVER)
		return -ERESTARTSYS;
	t->restart.fn = futex_wait_restart;
	t->restart.user = at;
	t->restart.arg[0] = value;
	t->restart.arg[1] = shared;
	t->restart.arg[2] = bitset;
	t->restart.deadline = deadline;
	return -ERESTART_RESTARTBLOCK;
}

/* --- Waking --- */

/* Off its list; it may return from now on. (bucket's lock) */
static void wake_waiter(struct waiter *w)
{
	struct task_struct *task = w->task;

	list_del(&w->list);
	store_release(&w->bucket, NULL);
	wake_up_process(task);
}

static unsigned wake_bucket(struct bucket *bucket, const struct futex_key *key, unsigned n,
			    u32 bitset)
{
	struct waiter *w, *next;
	unsigned woken = 0;

	if (!n)
		return 0;
	list_for_each_entry_safe (w, next, &bucket->waiters, list) {
		if (!same_key(&w->key, key) || !(w->bitset & bitset))
			continue;
		wake_waiter(w);
		if (++woken == n)
			break;
	}
	return woken;
}

static long futex_wake(u32 __user *at, bool shared, unsigned n, u32 bitset)
{
	struct futex_key key;
	struct bucket *bucket;
	unsigned woken;
	int err;

	if (!bitset)
		return -EINVAL;
	err = get_key(at, shared, &key);
	if (err)
		return err;
	bucket = bucket_of(&key);
	spin_lock(&bucket->lock);
	woken = wake_bucket(bucket, &key, n, bitset);
	spin_unlock(&bucket->lock);
	return woken;
}

static void lock_two(struct bucket *a, struct bucket *b)
{
	spin_lock(a < b ? &a->lock : &b->lock);
	if (a != b)
		spin_lock(a < b ? &b->lock : &a->lock);
}

static void unlock_two(struct bucket *a, struct bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/*
 * Wake n_wake, move up to n_move more from one word to another. With `expected` only if the first
 * word has that value.
 */
static long futex_requeue(u32 __user *from, u32 __user *to, bool shared, unsigned n_wake,
			  unsigned n_move, const u32 *expected)
{
	struct futex_key from_key, to_key;
	struct bucket *from_bucket, *to_bucket;
	struct waiter *w, *next;
	unsigned done, moved = 0;
	u32 seen;
	int err;

	for (;;) {
		err = get_key(from, shared, &from_key);
		if (!err)
			err = get_key(to, shared, &to_key);
		if (err)
			return err;
		from_bucket = bucket_of(&from_key);
		to_bucket = bucket_of(&to_key);
		lock_two(from_bucket, to_bucket);
		if (!expected)
			break;
		err = copy_from_user_nofault(&seen, from, sizeof(seen));
		if (!err && seen == *expected)
			break;
		unlock_two(from_bucket, to_bucket);
		if (!err)
			return -EAGAIN;
		err = fault_in(from, false);
		if (err)
			return err;
	}
	done = wake_bucket(from_bucket, &from_key, n_wake, FUTEX_BITSET_MATCH_ANY);
	list_for_each_entry_safe (w, next, &from_bucket->waiters, list) {
		if (moved == n_move)
			break;
		if (!same_key(&w->key, &from_key))
			continue;
		moved++;
		w->key = to_key;
		if (from_bucket == to_bucket)
			continue;
		list_move_tail(&w->list, &to_bucket->waiters);
		store_release(&w->bucket, to_bucket);
	}
	unlock_two(from_bucket, to_bucket);
	return expected ? done + moved : done;
}

/* --- Wake and operate (FUTEX_WAKE_OP) --- */

static int op_result(unsigned op, u32 old, u32 arg, u32 *new)
{
	switch (op & 7) {
	case FUTEX_OP_SET: *new = arg; return 0;
	case FUTEX_OP_ADD: *new = old + arg; return 0;
	case FUTEX_OP_OR: *new = old | arg; return 0;
	case FUTEX_OP_ANDN: *new = old & ~arg; return 0;
	case FUTEX_OP_XOR: *new = old ^ arg; return 0;
	default: return -ENOSYS;
	}
}

static int op_compare(unsigned cmp, s32 old, s32 arg)
{
	switch (cmp) {
	case FUTEX_OP_CMP_EQ: return old == arg;
	case FUTEX_OP_CMP_NE: return old != arg;
	case FUTEX_OP_CMP_LT: return old < arg;
	case FUTEX_OP_CMP_GE: return old >= arg;
	case FUTEX_OP_CMP_LE: return old <= arg;
	case FUTEX_OP_CMP_GT: return old > arg;
	default: return -ENOSYS;
	}
}

/* Change the word atomically; *old: what it was. -EFAULT: its page must be brought in first. */
static int operate(u32 __user *at, unsigned code, u32 *old)
{
	unsigned op = code >> 28;
	u32 arg = (s32)(code << 8) >> 20, new, seen;
	int err = copy_from_user_nofault(&seen, at, sizeof(seen));

	if (op & FUTEX_OP_OPARG_SHIFT)
		arg = 1u << (arg & 31);
	while (!err) {
		*old = seen;
		err = op_result(op, *old, arg, &new);
		if (!err)
			err = user_cmpxchg_u32(&seen, at, *old, new);
		if (!err && seen == *old)
			return 0;
	}
	return err;
}

static long futex_wake_op(u32 __user *at, u32 __user *at2, bool shared, unsigned n, unsigned n2,
			  unsigned code)
{
	struct futex_key key, key2;
	struct bucket *bucket, *bucket2;
	long woken;
	u32 old;
	int err, match;

	for (;;) {
		err = get_key(at, shared, &key);
		if (!err)
			err = get_key(at2, shared, &key2);
		if (err)
			return err;
		bucket = bucket_of(&key);
		bucket2 = bucket_of(&key2);
		lock_two(bucket, bucket2);
		err = operate(at2, code, &old);
		if (!err)
			break;
		unlock_two(bucket, bucket2);
		if (err != -EFAULT)
			return err;
		err = fault_in(at2, true);
		if (err)
			return err;
	}
	woken = wake_bucket(bucket, &key, n, FUTEX_BITSET_MATCH_ANY);
	match = op_compare(code >> 24 & 15, old, (s32)(code << 20) >> 20);
	if (match > 0)
		woken += wake_bucket(bucket2, &key2, n2, FUTEX_BITSET_MATCH_ANY);
	unlock_two(bucket, bucket2);
	return match < 0 ? match : woken;
}

/* --- futex(2) --- */

static int wait_deadline(int op, bool realtime, const struct __kernel_timespec __user *timeout,
			 u64 *deadline)
{
	u64 ns, now = ktime_ns();
	int err;

	*deadline = FOREVER;
	if (!timeout)
		return 0;
	err = get_timespec_ns(&ns, timeout);
	if (err)
		return err;
	if (op == FUTEX_WAIT) /* a span; the others name a time */
		*deadline = now + ns;
	else if (realtime)
		*deadline = now + (ns > realtime_ns() ? ns - realtime_ns() : 0);
	else
		*deadline = ns;
	return 0;
}

SYSCALL6(futex, u32 __user *, at, int, op, u32, value, unsigned long, timeout_or_value2,
	 u32 __user *, at2, u32, value3)
{
	const struct __kernel_timespec __user *timeout =
		(const struct __kernel_timespec __user *)timeout_or_value2;
	bool shared = !(op & FUTEX_PRIVATE_FLAG), realtime = op & FUTEX_CLOCK_REALTIME;
	int cmd = op & FUTEX_CMD_MASK, err;
	u64 deadline;

	if (realtime && cmd != FUTEX_WAIT && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		err = wait_deadline(cmd, realtime, timeout, &deadline);
		if (err)
			return err;
		return futex_wait(at, shared, value,
				  cmd == FUTEX_WAIT ? FUTEX_BITSET_MATCH_ANY : value3, deadline);
	case FUTEX_WAKE: return futex_wake(at, shared, value, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET: return futex_wake(at, shared, value, value3);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		if ((int)value < 0 || (int)timeout_or_value2 < 0)
			return -EINVAL;
		return futex_requeue(at, at2, shared, value, timeout_or_value2,
				     cmd == FUTEX_CMP_REQUEUE ? &value3 : NULL);
	case FUTEX_WAKE_OP: return futex_wake_op(at, at2, shared, value, timeout_or_value2, value3);
	default: return -ENOSYS;
	}
}

/* --- Robust lists, and the end of a thread --- */

SYSCALL2(set_robust_list, void __user *, head, size_t, bytes)
{
	if (bytes != sizeof(struct robust_list_head))
		return -EINVAL;
	current->robust_list = head;
	current->robust_list_len = bytes;
	return 0;
}

SYSCALL3(get_robust_list, int, pid, void __user *__user *, head, size_t __user *, bytes)
{
	struct task_struct *t = find_get_task(pid ? pid : current->pid);
	void __user *list;

	if (!t)
		return -ESRCH;
	list = t->robust_list;
	if (t->signal != current->signal && may_signal(t, 0)) {
		put_task(t);
		return -EPERM;
	}
	put_task(t);
	if (put_user(sizeof(struct robust_list_head), bytes))
		return -EFAULT;
	return put_user((unsigned long)list, (unsigned long __user *)head);
}

/* The dead thread may have held this lock: mark it, wake a waiter. */
static int owner_died(u32 __user *at, bool pending)
{
	u32 word, seen;

	if ((unsigned long)at % sizeof(u32) || get_user(word, at))
		return -EFAULT;
	for (;;) {
		if (pending && !word) { /* it had unlocked, but not woken anybody yet */
			futex_wake(at, true, 1, FUTEX_BITSET_MATCH_ANY);
			return 0;
		}
		if ((word & FUTEX_TID_MASK) != (u32)current->pid)
			return 0;
		if (user_cmpxchg_u32(&seen, at, word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED)) {
			if (fault_in(at, true))
				return -EFAULT;
			continue;
		}
		if (seen == word)
			break;
		word = seen;
	}
	if (word & FUTEX_WAITERS)
		futex_wake(at, true, 1, FUTEX_BITSET_MATCH_ANY);
	return 0;
}

static void walk_robust_list(const struct robust_list_head __user *user_head)
{
	const unsigned long end = (unsigned long)&user_head->list;
	struct robust_list_head head;
	unsigned long entry, next, pending;

	if (copy_from_user(&head, user_head, sizeof(head)))
		return;
	/* The lowest bit says that the lock inherits priority: none here. */
	pending = (unsigned long)head.list_op_pending & ~1UL;
	entry = (unsigned long)head.list.next & ~1UL;
	for (unsigned n = 0; entry != end && n < ROBUST_LIST_MOST; n++) {
		bool bad = get_user(next, (const unsigned long __user *)entry);

		if (entry != pending &&
		    owner_died((u32 __user *)(entry + head.futex_offset), false))
			return;
		if (bad)
			return;
		entry = next & ~1UL;
		cond_resched();
	}
	if (pending)
		owner_died((u32 __user *)(pending + head.futex_offset), true);
}

void futex_exit(struct task_struct *t)
{
	if (!t->mm)
		return;
	if (t->robust_list) {
		walk_robust_list(t->robust_list);
		t->robust_list = NULL;
	}
	if (t->clear_child_tid) {
		u32 __user *at = (u32 __user *)t->clear_child_tid;

		t->clear_child_tid = NULL;
		if (atomic_read(&t->mm->mm_users) > 1 && !put_user((u32)0, at))
			futex_wake(at, true, 1, FUTEX_BITSET_MATCH_ANY);
	}
}
