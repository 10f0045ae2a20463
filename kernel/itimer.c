/*
 * Interval timers: setitimer(2), alarm(2).
 *
 *   ITIMER_REAL     a kernel timer; SIGALRM
 *   ITIMER_VIRTUAL  user time of the process, counted down by the tick; SIGVTALRM
 *   ITIMER_PROF     user and system time; SIGPROF
 *
 * They expire in the tick, where no signal may be sent: the timer goes on a list
 * and a kernel thread sends.  The list holds no reference to the process: who ends
 * takes its timer off the list first (itimer_exit), under the list's lock, and the
 * thread sends under all families' locks, under which a process cannot vanish.
 */
#include "kernel/itimer.h"
#include "kernel/family.h"
#include "kernel/initcall.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "kernel/timer.h"
#include "lib/assert.h"
#include "lib/div.h"
#include "lib/string.h"
#include "mm/slab/slab.h"
#include <linux/time.h>

#define EXPIRED_REAL 0x1u
#define EXPIRED_VIRT 0x2u
#define EXPIRED_PROF 0x4u

struct itimer {
	struct timer real;
	u64 real_interval;        /* (expired.lock) ns; 0: once */
	u64 left[2], interval[2]; /* (expired.lock) virtual, prof: ns of CPU time; 0: off */
	struct signal_struct *process;
	unsigned expired;      /* (expired.lock) EXPIRED_ bits still to be sent */
	struct list_head list; /* (expired.lock) */
};

static struct {
	spinlock_t lock; /* irq-safe */
	struct list_head timers;
	struct wait_queue_head wait;
} expired = {.lock = SPINLOCK_INIT(RANK_ITIMER),
	     .timers = LIST_HEAD_INIT(expired.timers),
	     .wait = WAIT_QUEUE_HEAD_INIT(expired.wait)};

/* (expired.lock) */
static void expire(struct itimer *it, unsigned which)
{
	if (!it->expired)
		list_add_tail(&it->list, &expired.timers);
	it->expired |= which;
	wake_up(&expired.wait);
}

static void real_expires(struct timer *timer)
{
	struct itimer *it = container_of(timer, struct itimer, real);

	spin_lock(&expired.lock);
	expire(it, EXPIRED_REAL);
	spin_unlock(&expired.lock);
}

void itimer_tick(struct task_struct *t, u64 ns, bool user_mode)
{
	struct itimer *it = READ_ONCE(t->signal->itimer);

	if (likely(!it))
		return;
	spin_lock(&expired.lock);
	for (unsigned i = user_mode ? 0 : 1; i < 2; i++) {
		if (!it->left[i])
			continue;
		if (it->left[i] > ns) {
			it->left[i] -= ns;
			continue;
		}
		it->left[i] = it->interval[i];
		expire(it, i ? EXPIRED_PROF : EXPIRED_VIRT);
	}
	spin_unlock(&expired.lock);
}

/* --- Sending --- */

/* Take one expired timer; what to send to whom. (all families) */
static struct signal_struct *next_expired(unsigned *which)
{
	struct signal_struct *process = NULL;
	unsigned long flags = spin_lock_irqsave(&expired.lock);

	if (!list_empty(&expired.timers)) {
		struct itimer *it = list_first_entry(&expired.timers, struct itimer, list);

		list_del_init(&it->list);
		*which = it->expired;
		it->expired = 0;
		process = it->process;
		if (*which & EXPIRED_REAL && it->real_interval) {
			u64 next = it->real.expires + it->real_interval, now = ktime_ns();

			/* Signals that would have been merged anyway are left out. */
			timer_start(&it->real, max(next, now));
		}
	}
	spin_unlock_irqrestore(&expired.lock, flags);
	return process;
}

static void send(struct signal_struct *process, unsigned which)
{
	static const u8 signals[] = {SIGALRM, SIGVTALRM, SIGPROF};
	struct task_struct *leader =
		list_first_entry(&process->threads, struct task_struct, thread_node)->group_leader;

	for (unsigned i = 0; i < ARRAY_SIZE(signals); i++)
		if (which & 1u << i)
			send_signal_group(signals[i], NULL, leader);
}

static int __noreturn itimer_thread(void *unused)
{
	for (;;) {
		struct signal_struct *process;
		unsigned which;

		wait_event_interruptible(&expired.wait, !list_empty(&expired.timers));
		do {
			lock_tasklist();
			process = next_expired(&which);
			if (process && !list_empty(&process->threads))
				send(process, which);
			unlock_tasklist();
		} while (process);
	}
}

static int itimer_init(void)
{
	struct task_struct *t = kthread_run(itimer_thread, NULL, "itimerd");

	return IS_ERR(t) ? PTR_ERR(t) : 0;
}
INITCALL(INIT_EARLY, itimer_init);

void itimer_exit(struct signal_struct *signal)
{
	struct itimer *it = signal->itimer;
	unsigned long flags;

	if (!it)
		return;
	timer_stop_sync(&it->real);
	/* The thread may start it anew until it is off the list. */
	flags = spin_lock_irqsave(&expired.lock);
	it->real_interval = it->left[0] = it->left[1] = 0;
	if (it->expired)
		list_del_init(&it->list);
	it->expired = 0;
	spin_unlock_irqrestore(&expired.lock, flags);
	timer_stop_sync(&it->real);
}

void itimer_free(struct signal_struct *signal)
{
	if (!signal->itimer)
		return;
	itimer_exit(signal);
	kfree(signal->itimer);
}

/* --- Setting --- */

static struct itimer *own_itimer(void)
{
	struct signal_struct *signal = current->signal;
	struct itimer *it = READ_ONCE(signal->itimer), *made;

	if (it)
		return it;
	made = kzalloc(sizeof(*made), GFP_KERNEL);
	if (!made)
		return NULL;
	timer_init(&made->real, real_expires);
	made->process = signal;
	list_init(&made->list);
	if (try_cmpxchg(&signal->itimer, &it, made))
		return made;
	kfree(made); /* another thread was first */
	return it;
}

/* Ns left and the interval; then, if asked to, set both. (no lock) */
static void exchange(struct itimer *it, int which, u64 *left, u64 *interval, bool set)
{
	u64 new_left = *left, new_interval = *interval, now;
	unsigned long flags;
	bool was;

	if (which != ITIMER_REAL) {
		unsigned i = which == ITIMER_PROF;

		flags = spin_lock_irqsave(&expired.lock);
		*left = it->left[i];
		*interval = it->interval[i];
		if (set) {
			it->left[i] = new_left;
			it->interval[i] = new_interval;
		}
		spin_unlock_irqrestore(&expired.lock, flags);
		return;
	}
	was = set ? timer_stop_sync(&it->real) : READ_ONCE(it->real.pending);
	flags = spin_lock_irqsave(&expired.lock);
	now = ktime_ns();
	*left = was ? (it->real.expires > now ? it->real.expires - now : 1000) : 0;
	*interval = it->real_interval;
	if (set) {
		it->real_interval = new_interval;
		timer_stop(&it->real);
		if (new_left)
			timer_start(&it->real, now + new_left);
	}
	spin_unlock_irqrestore(&expired.lock, flags);
}

struct user_itimerval {
	long interval_sec, interval_usec, value_sec, value_usec;
};

static int to_ns(long sec, long usec, u64 *ns)
{
	if (sec < 0 || usec < 0 || usec >= 1000000)
		return -EINVAL;
	*ns = min((u64)sec, FOREVER / NSEC_PER_SEC / 2) * NSEC_PER_SEC + (u64)usec * 1000;
	return 0;
}

static void from_ns(u64 ns, long *sec, long *usec)
{
	u32 us;

	*sec = div_u64(div_u64(ns, 1000, NULL), 1000000, &us);
	*usec = us;
}

static int put_itimer(struct user_itimerval __user *to, u64 left, u64 interval)
{
	struct user_itimerval value;

	from_ns(left, &value.value_sec, &value.value_usec);
	from_ns(interval, &value.interval_sec, &value.interval_usec);
	return copy_to_user(to, &value, sizeof(value)) ? -EFAULT : 0;
}

SYSCALL2(getitimer, int, which, struct user_itimerval __user *, to)
{
	u64 left = 0, interval = 0;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	if (current->signal->itimer)
		exchange(current->signal->itimer, which, &left, &interval, false);
	return put_itimer(to, left, interval);
}

SYSCALL3(setitimer, int, which, const struct user_itimerval __user *, new,
	 struct user_itimerval __user *, old)
{
	struct user_itimerval value = {};
	u64 left, interval;
	struct itimer *it;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	if (new &&copy_from_user(&value, new, sizeof(value)))
		return -EFAULT;
	if (to_ns(value.value_sec, value.value_usec, &left) ||
	    to_ns(value.interval_sec, value.interval_usec, &interval))
		return -EINVAL;
	it = own_itimer();
	if (!it)
		return -ENOMEM;
	exchange(it, which, &left, &interval, true);
	return old ? put_itimer(old, left, interval) : 0;
}

#ifdef __NR_alarm
SYSCALL1(alarm, unsigned, seconds)
{
	u64 left = seconds * NSEC_PER_SEC, interval = 0;
	struct itimer *it = seconds ? own_itimer() : READ_ONCE(current->signal->itimer);

	if (!it)
		return seconds ? -ENOMEM : 0;
	exchange(it, ITIMER_REAL, &left, &interval, true);
	if (!left)
		return 0;
	/* Rounded, but what is still to come is never said to be over. */
	return max((u64)1, div_u64(left + NSEC_PER_SEC / 2, NSEC_PER_SEC, NULL));
}
#endif
