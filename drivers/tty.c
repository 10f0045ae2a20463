/*
 * Terminals as files: reading, writing, job control, ioctls.
 *
 * Bytes come in by interrupts, but what they mean -- echo, signals, lines -- takes
 * sleeping locks.  So the interrupt only puts them into a ring and wakes a kernel
 * thread, kttyd, which feeds them to the line discipline; ^C works although no
 * one reads.  When programs do not read, the discipline's buffer fills, then the
 * ring, then the device is told to hold its sender off: nothing is lost.
 *
 *     interrupt -> raw ring -> kttyd -> line discipline -> read()
 *                                 `-> echo, signals
 *
 * Job control (POSIX 11): a terminal belongs to one session; its foreground group
 * may use it.  Others that read are stopped by SIGTTIN, others that write (with
 * TOSTOP) or change it by SIGTTOU; where stopping is pointless -- the signal is
 * ignored, or the group is orphaned -- reading fails with EIO instead.
 */
#include "drivers/tty.h"

#include "kernel/family.h"
#include "kernel/initcall.h"
#include "kernel/session.h"
#include "kernel/task.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "machine/uaccess.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <linux/fcntl.h>

static LIST_HEAD(ttys); /* constant after boot */
static struct tty_struct *console_tty;
static struct wait_queue_head kttyd_wait = WAIT_QUEUE_HEAD_INIT(kttyd_wait);
static u32 kttyd_work; /* atomic: some ring has bytes, or some device has room */

/* --- from the device (interrupts off) --- */

static void kick(void)
{
	store_release(&kttyd_work, 1);
	wake_up(&kttyd_wait);
}

size_t tty_received(struct tty_struct *tty, const u8 *data, size_t bytes)
{
	unsigned long flags = spin_lock_irqsave(&tty->raw_lock);
	size_t n = min(bytes, (size_t)(TTY_RAW - (tty->raw_head - tty->raw_tail)));

	for (size_t i = 0; i < n; i++)
		tty->raw[tty->raw_head++ % TTY_RAW] = data[i];
	tty->raw_throttled |= n < bytes;
	spin_unlock_irqrestore(&tty->raw_lock, flags);
	kick();
	return n;
}

void tty_transmit_ready(struct tty_struct *tty)
{
	wake_up(&tty->write_wait);
	if (READ_ONCE(tty->echo_head) != READ_ONCE(tty->echo_tail))
		kick();
}

/* --- kttyd --- */

static bool peek_raw(struct tty_struct *tty, u8 *c)
{
	unsigned long flags = spin_lock_irqsave(&tty->raw_lock);
	bool any = tty->raw_head != tty->raw_tail;

	if (any)
		*c = tty->raw[tty->raw_tail % TTY_RAW];
	spin_unlock_irqrestore(&tty->raw_lock, flags);
	return any;
}

/* The byte just looked at is done with; true if the device waits for room. */
static bool pop_raw(struct tty_struct *tty)
{
	unsigned long flags = spin_lock_irqsave(&tty->raw_lock);
	bool resume;

	tty->raw_tail++;
	resume = tty->raw_throttled && tty->raw_head - tty->raw_tail < TTY_RAW / 2;
	if (resume)
		tty->raw_throttled = false;
	spin_unlock_irqrestore(&tty->raw_lock, flags);
	return resume;
}

static void work_on(struct tty_struct *tty)
{
	u8 c;

	mutex_lock(&tty->lock);
	ldisc_flush_echo(tty);
	while (peek_raw(tty, &c) && ldisc_receive(tty, c))
		if (pop_raw(tty))
			tty->ops->resume_input(tty->device);
	mutex_unlock(&tty->lock);
}

static int kttyd(void *unused)
{
	for (;;) {
		struct tty_struct *tty;

		wait_event(&kttyd_wait, load_acquire(&kttyd_work));
		WRITE_ONCE(kttyd_work, 0);
		smp_mb();
		list_for_each_entry (tty, &ttys, list)
			work_on(tty);
	}
	return 0;
}

/* --- job control --- */

void tty_signal(struct tty_struct *tty, int sig)
{
	pid_t pgrp = READ_ONCE(tty->pgrp);

	if (pgrp > 0)
		kill_pgrp(sig, NULL, pgrp);
}

/* May the current task use the terminal, or is it stopped (-ERESTARTSYS) or refused (-EIO)? */
static int job_control(struct tty_struct *tty, int sig)
{
	if (current->signal->tty != tty || tty->pgrp <= 0 || current->signal->pgrp == tty->pgrp)
		return 0;
	if (signal_ignored_or_blocked(sig))
		return sig == SIGTTIN ? -EIO : 0;
	if (is_current_pgrp_orphaned())
		return -EIO;
	kill_pgrp(sig, NULL, current->signal->pgrp);
	return -ERESTARTSYS;
}

static void make_controlling(struct tty_struct *tty)
{
	lock_tasklist();
	tty->session = current->signal->session;
	tty->pgrp = current->signal->pgrp;
	current->signal->tty = tty;
	unlock_tasklist();
}

static bool may_become_controlling(struct tty_struct *tty)
{
	return current->signal->leader && !current->signal->tty && !tty->session;
}

/* A session gives its terminal up: TIOCNOTTY of the leader, or its exit. */
static void leave_terminal(struct tty_struct *tty)
{
	pid_t session, pgrp;

	lock_tasklist();
	session = tty->session;
	pgrp = tty->pgrp;
	tty->session = tty->pgrp = 0;
	unlock_tasklist();
	if (pgrp > 0) {
		kill_pgrp(SIGHUP, NULL, pgrp);
		kill_pgrp(SIGCONT, NULL, pgrp);
	}
	clear_session_tty(session);
}

/* --- reading --- */

/* Wait for input as VMIN and VTIME say; lock held, dropped while asleep. 0 or -errno. */
static int wait_input(struct tty_struct *tty, bool nonblock, size_t wanted)
{
	struct wait_queue_entry entry = {.task = current};
	unsigned min = 1;
	u64 timeout = FOREVER;
	u32 seen = tty->head;
	int err = 0;

	if (!(tty->termios.c_lflag & ICANON)) {
		min = min((size_t)tty->termios.c_cc[VMIN], wanted);
		if (tty->termios.c_cc[VTIME])
			timeout = tty->termios.c_cc[VTIME] * 100000000ULL;
		else if (!min)
			timeout = 0;
	}
	list_init(&entry.list);
	while (!ldisc_readable(tty, min)) {
		u64 left = timeout;

		if (nonblock) {
			err = ldisc_readable(tty, 1) ? 0 : -EAGAIN;
			break;
		}
		if (!timeout)
			break;
		/* VMIN with VTIME: the clock runs between bytes, from the first. */
		if (min && tty->head == tty->tail)
			left = FOREVER;
		prepare_to_wait(&tty->read_wait, &entry, TASK_INTERRUPTIBLE);
		mutex_unlock(&tty->lock);
		if (signal_pending())
			err = -ERESTARTSYS;
		else
			left = schedule_timeout(left);
		set_current_state(TASK_RUNNING);
		mutex_lock(&tty->lock);
		if (err)
			break;
		if (tty->head == seen && !left)
			break; /* time is up */
		if (!min)
			timeout = left;
		seen = tty->head;
	}
	finish_wait(&tty->read_wait, &entry);
	return err;
}

static long tty_read(struct file *file, struct iov_iter *to, u64 *pos)
{
	struct tty_struct *tty = file->private;
	u8 buf[256];
	long done = 0;
	int err;

	for (;;) {
		err = job_control(tty, SIGTTIN);
		if (err)
			return err;
		mutex_lock(&tty->lock);
		err = wait_input(tty, file->flags & O_NONBLOCK, to->count);
		/* Another reader may have been faster, or a background job become one. */
		if (err || current->signal->tty != tty || tty->pgrp <= 0 ||
		    current->signal->pgrp == tty->pgrp)
			break;
		mutex_unlock(&tty->lock);
	}
	while (!err && to->count) {
		u32 before = tty->tail;
		size_t n = ldisc_take(tty, buf, min(to->count, sizeof(buf)));
		bool more = n == sizeof(buf) &&
			    !((tty->termios.c_lflag & ICANON) &&
			      bitmap_test(tty->line_end, (tty->tail - 1) % TTY_BUFFER));

		if (tty->tail == before)
			break;
		mutex_unlock(&tty->lock);
		size_t copied = copy_to_iter(buf, n, to);

		mutex_lock(&tty->lock);
		done += copied;
		if (copied < n)
			err = -EFAULT;
		if (!more)
			break;
	}
	mutex_unlock(&tty->lock);
	kick(); /* there may be room for what waits in the ring */
	return done ? done : err;
}

/* --- writing --- */

static int wait_room(struct tty_struct *tty, bool nonblock)
{
	if (nonblock)
		return -EAGAIN;
	return wait_event_interruptible(
		&tty->write_wait, !READ_ONCE(tty->stopped) && tty->ops->room(tty->device) >= 64);
}

static long tty_write(struct file *file, struct iov_iter *from, u64 *pos)
{
	struct tty_struct *tty = file->private;
	u8 buf[256];
	long done = 0;
	int err = 0;

	if (tty->termios.c_lflag & TOSTOP)
		err = job_control(tty, SIGTTOU);
	if (!err)
		err = mutex_lock_interruptible(&tty->write_lock);
	if (err)
		return err;
	while (from->count && !err) {
		size_t n = copy_from_iter(buf, min(from->count, sizeof(buf)), from), sent = 0;

		if (!n) {
			err = -EFAULT;
			break;
		}
		while (sent < n && !err) {
			size_t part;

			mutex_lock(&tty->lock);
			part = ldisc_write(tty, buf + sent, n - sent);
			mutex_unlock(&tty->lock);
			sent += part;
			done += part;
			if (!part)
				err = wait_room(tty, file->flags & O_NONBLOCK);
		}
	}
	mutex_unlock(&tty->write_lock);
	return done ? done : err;
}

static unsigned tty_poll(struct file *file, struct poll_table *table)
{
	struct tty_struct *tty = file->private;
	unsigned mask = 0, min = 1;

	poll_wait(&tty->read_wait, table);
	poll_wait(&tty->write_wait, table);
	mutex_lock(&tty->lock);
	if (!(tty->termios.c_lflag & ICANON) && !tty->termios.c_cc[VTIME])
		min = tty->termios.c_cc[VMIN];
	if (ldisc_readable(tty, min))
		mask |= POLLIN | POLLRDNORM;
	mutex_unlock(&tty->lock);
	if (!tty->stopped && tty->ops->room(tty->device) >= 64)
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

/* --- ioctl --- */

/* Until everything has left the device: 0 or -ERESTARTSYS. */
static int drain(struct tty_struct *tty)
{
	return wait_event_interruptible(&tty->write_wait, tty->ops->idle(tty->device));
}

static long set_termios(struct tty_struct *tty, const struct termios __user *user, bool wait,
			bool flush)
{
	struct termios now, old;
	int err = job_control(tty, SIGTTOU);

	if (!err && copy_from_user(&now, user, sizeof(now)))
		err = -EFAULT;
	if (!err && wait)
		err = drain(tty);
	if (err)
		return err;
	mutex_lock(&tty->lock);
	old = tty->termios;
	tty->termios = now;
	if (flush)
		ldisc_flush_input(tty);
	ldisc_mode_changed(tty, &old);
	if (tty->ops->set_termios)
		tty->ops->set_termios(tty->device, &old, &now);
	mutex_unlock(&tty->lock);
	kick();
	return 0;
}

static long set_winsize(struct tty_struct *tty, const struct winsize __user *user)
{
	struct winsize ws;
	bool changed;

	if (copy_from_user(&ws, user, sizeof(ws)))
		return -EFAULT;
	mutex_lock(&tty->lock);
	changed = memcmp(&ws, &tty->winsize, sizeof(ws)) != 0;
	tty->winsize = ws;
	mutex_unlock(&tty->lock);
	if (changed)
		tty_signal(tty, SIGWINCH);
	return 0;
}

static long set_pgrp(struct tty_struct *tty, const pid_t __user *user)
{
	pid_t pgrp;
	int err = job_control(tty, SIGTTOU);

	if (err)
		return err;
	if (get_user(pgrp, user))
		return -EFAULT;
	if (current->signal->tty != tty || tty->session != current->signal->session)
		return -ENOTTY;
	if (pgrp < 0)
		return -EINVAL;
	lock_tasklist();
	err = check_pgrp_session(pgrp, tty->session);
	if (!err)
		tty->pgrp = pgrp;
	unlock_tasklist();
	return err;
}

static long set_controlling(struct tty_struct *tty, bool steal)
{
	if (current->signal->tty == tty && current->signal->leader)
		return 0;
	if (!current->signal->leader || current->signal->tty)
		return -EPERM;
	if (tty->session) {
		if (!steal || !capable(21 /* CAP_SYS_ADMIN */))
			return -EPERM;
		clear_session_tty(tty->session);
		tty->session = 0;
	}
	make_controlling(tty);
	return 0;
}

static long flush(struct tty_struct *tty, unsigned long queue)
{
	if (queue > TCIOFLUSH)
		return -EINVAL;
	mutex_lock(&tty->lock);
	if (queue != TCOFLUSH)
		ldisc_flush_input(tty);
	if (queue != TCIFLUSH)
		tty->ops->flush_output(tty->device);
	mutex_unlock(&tty->lock);
	kick();
	wake_up(&tty->write_wait);
	return 0;
}

static long flow(struct tty_struct *tty, unsigned long action)
{
	if (action > TCION)
		return -EINVAL;
	if (action == TCOOFF || action == TCOON) {
		WRITE_ONCE(tty->stopped, action == TCOOFF);
		wake_up(&tty->write_wait);
	}
	return 0;
}

static long tty_ioctl(struct file *file, unsigned cmd, unsigned long arg)
{
	struct tty_struct *tty = file->private;
	void __user *user = (void __user *)arg;
	int n;

	switch (cmd) {
	case TCGETS: return copy_to_user(user, &tty->termios, sizeof(tty->termios)) ? -EFAULT : 0;
	case TCSETS: return set_termios(tty, user, false, false);
	case TCSETSW: return set_termios(tty, user, true, false);
	case TCSETSF: return set_termios(tty, user, true, true);
	case TIOCGWINSZ:
		return copy_to_user(user, &tty->winsize, sizeof(tty->winsize)) ? -EFAULT : 0;
	case TIOCSWINSZ: return set_winsize(tty, user);
	case TIOCGPGRP:
		return current->signal->tty != tty ? -ENOTTY
						   : put_user(tty->pgrp, (int __user *)user);
	case TIOCSPGRP: return set_pgrp(tty, user);
	case TIOCGSID:
		return current->signal->tty != tty ? -ENOTTY
						   : put_user(tty->session, (int __user *)user);
	case TIOCSCTTY: return set_controlling(tty, arg);
	case TIOCNOTTY:
		if (current->signal->tty != tty)
			return -ENOTTY;
		if (current->signal->leader)
			leave_terminal(tty);
		else
			current->signal->tty = NULL;
		return 0;
	case TCFLSH: return flush(tty, arg);
	case TCXONC: return flow(tty, arg);
	case TCSBRK:
	case TCSBRKP: return drain(tty);
	case FIONREAD:
		mutex_lock(&tty->lock);
		n = ldisc_bytes(tty);
		mutex_unlock(&tty->lock);
		return put_user(n, (int __user *)user);
	default: return -ENOIOCTLCMD;
	}
}

/* --- devices --- */

static int open_tty(struct tty_struct *tty, struct file *file, bool may_control)
{
	int err = 0;

	mutex_lock(&tty->lock);
	if (!tty->opened) {
		err = tty->ops->open(tty->device);
		tty->opened = !err;
	}
	mutex_unlock(&tty->lock);
	if (err)
		return err;
	file->private = tty;
	if (may_control && !(file->flags & O_NOCTTY) && may_become_controlling(tty))
		make_controlling(tty);
	return 0;
}

static int tty_open(struct inode *inode, struct file *file)
{
	struct tty_struct *tty;

	list_for_each_entry (tty, &ttys, list)
		if (tty->dev == inode->rdev)
			return open_tty(tty, file, true);
	return -ENXIO;
}

/* /dev/console: the terminal the last console= names; never becomes a controlling one. */
static int console_open(struct inode *inode, struct file *file)
{
	return console_tty ? open_tty(console_tty, file, false) : -ENODEV;
}

/* /dev/tty: whichever terminal controls the opener's session. */
static int current_tty_open(struct inode *inode, struct file *file)
{
	struct tty_struct *tty = current->signal->tty;

	return tty ? open_tty(tty, file, false) : -ENXIO;
}

#define TTY_METHODS .read = tty_read, .write = tty_write, .poll = tty_poll, .ioctl = tty_ioctl

static const struct file_operations tty_ops = {.open = tty_open, TTY_METHODS};
static const struct file_operations console_ops = {.open = console_open, TTY_METHODS};
static const struct file_operations current_tty_ops = {.open = current_tty_open, TTY_METHODS};

int tty_register(const char *name, u32 dev, const struct tty_device *ops, void *device,
		 struct tty_struct **result)
{
	struct tty_struct *tty = vzalloc(sizeof(*tty));
	char console[32] = "";
	int err;

	if (!tty)
		return -ENOMEM;
	str_copy(tty->name, name, sizeof(tty->name));
	tty->dev = dev;
	tty->ops = ops;
	tty->device = device;
	spin_lock_init(&tty->raw_lock, RANK_TTY_BUFFER);
	mutex_init(&tty->write_lock, RANK_TTY_WRITE);
	mutex_init(&tty->lock, RANK_TTY);
	init_waitqueue_head(&tty->read_wait);
	init_waitqueue_head(&tty->write_wait);
	ldisc_init(tty);
	err = register_chrdev(MAJOR(dev), MINOR(dev), 1, &tty_ops);
	if (!err)
		err = devtmpfs_add(name, S_IFCHR | 0600, dev);
	if (err) {
		vfree(tty);
		return err;
	}
	*result = tty;
	list_add_tail(&tty->list, &ttys);
	boot_param_value("console", console, sizeof(console));
	if (!console_tty || !strncmp(console, name, strlen(name)))
		console_tty = tty;
	return 0;
}

static int tty_init(void)
{
	struct task_struct *thread;

	tty_leader_exit = leave_terminal;
	register_chrdev(5, 0, 1, &current_tty_ops);
	devtmpfs_add("tty", S_IFCHR | 0666, MKDEV(5, 0));
	register_chrdev(5, 1, 1, &console_ops);
	devtmpfs_add("console", S_IFCHR | 0600, MKDEV(5, 1));
	thread = kthread_run(kttyd, NULL, "kttyd");
	return IS_ERR(thread) ? PTR_ERR(thread) : 0;
}
INITCALL(INIT_DEVICE, tty_init);
