/*
 * poll, select and their p-variants: wait until one of many files is ready.
 *
 * Each file's poll method tells what holds now and names the wait queues whose
 * wake-ups may change that; on the first pass the caller is queued on all of
 * them, then it sleeps and asks again after each wake-up.  A wake-up only marks
 * the sleeper as triggered, so one that comes between asking and sleeping is not
 * lost.
 */
#include "fs/files.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "mm/slab/slab.h"
#include <asm/poll.h>
#include <linux/time_types.h>

#define INLINE_ENTRIES 16

struct poll_entry {
	struct wait_queue_entry wait;
	struct wait_queue_head *head;
	struct poller *poller;
	struct poll_entry *next;
};

struct poller {
	struct poll_table table; /* first: poll methods hand it back */
	struct task_struct *task;
	u32 triggered; /* atomic: a wake-up came since it was cleared */
	int err;
	struct poll_entry *entries;
	unsigned used;
	struct poll_entry first[INLINE_ENTRIES];
};

static void poll_wake(struct wait_queue_entry *wait)
{
	struct poller *p = container_of(wait, struct poll_entry, wait)->poller;

	store_release(&p->triggered, 1);
	wake_up_process(p->task);
}

static void poll_queue(struct poll_table *table, struct wait_queue_head *head)
{
	struct poller *p = container_of(table, struct poller, table);
	struct poll_entry *e;

	if (p->used < INLINE_ENTRIES) {
		e = &p->first[p->used++];
	} else {
		e = kmalloc(sizeof(*e), GFP_KERNEL);
		if (!e) {
			p->err = -ENOMEM;
			return;
		}
	}
	memset(e, 0, sizeof(*e));
	e->wait.func = poll_wake;
	e->wait.task = p->task;
	e->head = head;
	e->poller = p;
	e->next = p->entries;
	p->entries = e;
	add_wait_queue(head, &e->wait);
}

static void poller_init(struct poller *p)
{
	p->table.queue = poll_queue;
	p->task = current;
	p->triggered = 0;
	p->err = 0;
	p->entries = NULL;
	p->used = 0;
}

static void poller_end(struct poller *p)
{
	while (p->entries) {
		struct poll_entry *e = p->entries;

		p->entries = e->next;
		remove_wait_queue(e->head, &e->wait);
		if (e < p->first || e >= p->first + INLINE_ENTRIES)
			kfree(e);
	}
}

/* Ask again and again until look() finds something, time is up or a signal comes. */
static int wait_ready(struct poller *p, int (*look)(void *arg, struct poll_table *table), void *arg,
		      u64 deadline)
{
	struct poll_table *table = &p->table;

	for (;;) {
		int ready;

		WRITE_ONCE(p->triggered, 0);
		smp_mb();
		ready = look(arg, table);
		if (ready || p->err)
			return ready ? ready : p->err;
		table = NULL; /* queued everywhere now */
		u64 now = ktime_ns();

		if (deadline <= now)
			return 0;
		if (signal_pending())
			return -EINTR;
		set_current_state(TASK_INTERRUPTIBLE);
		if (!load_acquire(&p->triggered) && !signal_pending())
			schedule_timeout(deadline == FOREVER ? FOREVER : deadline - now);
		set_current_state(TASK_RUNNING);
	}
}

static unsigned file_ready(struct file *file, struct poll_table *table)
{
	if (!file->ops->poll)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return file->ops->poll(file, table);
}

static u64 deadline_of(const struct __kernel_timespec *ts)
{
	u64 ns;

	if ((u64)ts->tv_sec > 9000000000ULL)
		return FOREVER;
	ns = (u64)ts->tv_sec * 1000000000 + ts->tv_nsec;
	return ktime_ns() + ns;
}

/* --- poll --- */

struct poll_call {
	struct pollfd *fds;
	unsigned n;
};

static int look_poll(void *arg, struct poll_table *table)
{
	struct poll_call *call = arg;
	int ready = 0;

	for (unsigned i = 0; i < call->n; i++) {
		struct pollfd *p = &call->fds[i];
		struct file *file;

		p->revents = 0;
		if (p->fd < 0)
			continue;
		file = fget(p->fd);
		if (!file) {
			p->revents = POLLNVAL;
		} else {
			p->revents = file_ready(file, table) & (p->events | POLLERR | POLLHUP);
			fput(file);
		}
		if (p->revents) {
			ready++;
			table = NULL; /* it will not sleep */
		}
	}
	return ready;
}

static long do_poll(struct pollfd __user *user, unsigned n, u64 deadline)
{
	struct poll_call call = {.n = n};
	struct poller *p;
	long result;

	if (n > rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	p = kmalloc(sizeof(*p) + n * sizeof(struct pollfd), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	call.fds = (struct pollfd *)(p + 1);
	if (copy_from_user(call.fds, user, n * sizeof(struct pollfd))) {
		kfree(p);
		return -EFAULT;
	}
	poller_init(p);
	result = wait_ready(p, look_poll, &call, deadline);
	poller_end(p);
	for (unsigned i = 0; i < n && result >= 0; i++)
		if (put_user(call.fds[i].revents, &user[i].revents))
			result = -EFAULT;
	kfree(p);
	return result;
}

static long restart_poll(struct task_struct *task)
{
	return do_poll(task->restart.user, task->restart.arg[0], task->restart.deadline);
}

SYSCALL3(poll, struct pollfd __user *, fds, unsigned, n, int, timeout_ms)
{
	u64 deadline = timeout_ms < 0 ? FOREVER : ktime_ns() + (u64)timeout_ms * 1000000;
	long result = do_poll(fds, n, timeout_ms ? deadline : 0);

	if (result == -EINTR) {
		current->restart.fn = restart_poll;
		current->restart.user = fds;
		current->restart.arg[0] = n;
		current->restart.deadline = deadline;
		result = -ERESTART_RESTARTBLOCK;
	}
	return result;
}

/* The p-variants: a mask in place while waiting; kept until a handler's frame is made. */
static int mask_in_place(const u64 __user *user, size_t size)
{
	u64 mask;

	if (!user)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, user, sizeof(mask)))
		return -EFAULT;
	set_temporary_sigmask(mask);
	return 0;
}

static int get_deadline(const struct __kernel_timespec __user *user, u64 *deadline)
{
	struct __kernel_timespec ts;

	*deadline = FOREVER;
	if (!user)
		return 0;
	if (get_timespec(&ts, user))
		return -EFAULT;
	if (ts.tv_sec < 0 || (unsigned long)ts.tv_nsec >= 1000000000)
		return -EINVAL;
	*deadline = ts.tv_sec || ts.tv_nsec ? deadline_of(&ts) : 0;
	return 0;
}

/* Linux writes back what remains of the time. */
static void put_remaining(struct __kernel_timespec __user *user, u64 deadline)
{
	u64 now = ktime_ns(), left = deadline > now ? deadline - now : 0;

	if (user && deadline != FOREVER && put_timespec_ns(user, left))
		return; /* the call has succeeded all the same */
}

SYSCALL5(ppoll, struct pollfd __user *, fds, unsigned, n, struct __kernel_timespec __user *, ts,
	 const u64 __user *, mask, size_t, mask_size)
{
	u64 deadline;
	long result = get_deadline(ts, &deadline);

	if (!result)
		result = mask_in_place(mask, mask_size);
	if (result)
		return result;
	result = do_poll(fds, n, deadline);
	put_remaining(ts, deadline);
	return result == -EINTR ? -ERESTARTNOHAND : result;
}

/* --- select --- */

#define FD_SET_MAX 1024

struct select_call {
	unsigned n;
	unsigned long in[3][FD_SET_MAX / BITS_PER_LONG], out[3][FD_SET_MAX / BITS_PER_LONG];
	int err;
};

static int look_select(void *arg, struct poll_table *table)
{
	static const unsigned wanted[3] = {POLLIN | POLLRDNORM | POLLHUP | POLLERR,
					   POLLOUT | POLLWRNORM | POLLERR, POLLPRI};
	struct select_call *call = arg;
	int ready = 0;

	memset(call->out, 0, sizeof(call->out));
	for (unsigned fd = 0; fd < call->n; fd++) {
		unsigned mask = 0;
		struct file *file;

		if (!bitmap_test(call->in[0], fd) && !bitmap_test(call->in[1], fd) &&
		    !bitmap_test(call->in[2], fd))
			continue;
		file = fget(fd);
		if (!file) {
			call->err = -EBADF;
			return 1;
		}
		mask = file_ready(file, table);
		fput(file);
		for (int set = 0; set < 3; set++) {
			if (bitmap_test(call->in[set], fd) && (mask & wanted[set])) {
				bitmap_set(call->out[set], fd);
				ready++;
			}
		}
		if (ready)
			table = NULL;
	}
	return ready;
}

static long do_select(unsigned n, unsigned long __user *sets[3], u64 deadline)
{
	size_t bytes = DIV_ROUND_UP(n, BITS_PER_LONG) * sizeof(long);
	struct {
		struct poller p;
		struct select_call call;
	} * s;
	long result = 0;

	if (n > FD_SET_MAX)
		return -EINVAL;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->call.n = n;
	for (int set = 0; set < 3 && !result; set++)
		if (sets[set] && copy_from_user(s->call.in[set], sets[set], bytes))
			result = -EFAULT;
	if (!result) {
		poller_init(&s->p);
		result = wait_ready(&s->p, look_select, &s->call, deadline);
		poller_end(&s->p);
		if (s->call.err)
			result = s->call.err;
	}
	for (int set = 0; set < 3 && result >= 0; set++)
		if (sets[set] && copy_to_user(sets[set], s->call.out[set], bytes))
			result = -EFAULT;
	kfree(s);
	return result;
}

SYSCALL5(select, unsigned, n, unsigned long __user *, in, unsigned long __user *, out,
	 unsigned long __user *, except, struct __kernel_old_timeval __user *, user_tv)
{
	unsigned long __user *sets[3] = {in, out, except};
	struct __kernel_old_timeval tv;
	u64 deadline = FOREVER;
	long result;

	if (user_tv) {
		if (copy_from_user(&tv, user_tv, sizeof(tv)))
			return -EFAULT;
		if (tv.tv_sec < 0 || tv.tv_usec < 0)
			return -EINVAL;
		struct __kernel_timespec ts = {.tv_sec = tv.tv_sec + tv.tv_usec / 1000000,
					       .tv_nsec = tv.tv_usec % 1000000 * 1000};

		deadline = ts.tv_sec || ts.tv_nsec ? deadline_of(&ts) : 0;
	}
	result = do_select(n, sets, deadline);
	if (user_tv && deadline != FOREVER) {
		u64 now = ktime_ns(), left = deadline > now ? deadline - now : 0;

		tv.tv_sec = left / 1000000000;
		tv.tv_usec = left % 1000000000 / 1000;
		if (copy_to_user(user_tv, &tv, sizeof(tv)))
			return result; /* as Linux: the call has succeeded all the same */
	}
	return result == -EINTR ? -ERESTARTNOHAND : result;
}

struct sigmask_arg { /* pselect6's sixth argument */
	const u64 __user *mask;
	size_t size;
};

SYSCALL6(pselect6, unsigned, n, unsigned long __user *, in, unsigned long __user *, out,
	 unsigned long __user *, except, struct __kernel_timespec __user *, ts,
	 const struct sigmask_arg __user *, user_arg)
{
	unsigned long __user *sets[3] = {in, out, except};
	struct sigmask_arg arg = {};
	u64 deadline;
	long result = get_deadline(ts, &deadline);

	if (!result && user_arg && copy_from_user(&arg, user_arg, sizeof(arg)))
		result = -EFAULT;
	if (!result)
		result = mask_in_place(arg.mask, arg.size);
	if (result)
		return result;
	result = do_select(n, sets, deadline);
	put_remaining(ts, deadline);
	return result == -EINTR ? -ERESTARTNOHAND : result;
}
