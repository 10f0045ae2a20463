/*
 * Calls about files, pipes, signals, tasks and /proc with each of their allocations failing
 * once (lib/failing.h).
 */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/failing.h"

#define DIR  "/fail-files"
#define FILE DIR "/file"

static int fd, fds[2];
static char buffer[1 << 16];

/* --- files and names --- */

static void file(void)
{
	fd = must(open(FILE, O_RDWR | O_CREAT, 0600));
	must(write(fd, "text", 4));
}

static void file_by_name(void)
{
	file();
	close(fd);
}

static void no_name(bool succeeded)
{
	(void)succeeded;
	unlink(FILE);
	unlink(DIR "/other");
	rmdir(DIR "/dir");
}

static void no_file(bool succeeded)
{
	close(fd);
	no_name(succeeded);
}

static void close_if(bool succeeded)
{
	if (succeeded)
		close(fd);
	no_name(true);
}

static long create(void)
{
	return fd = open(FILE, O_RDWR | O_CREAT | O_EXCL, 0600);
}

static long open_it(void)
{
	return fd = open(FILE, O_RDONLY);
}

static long missing(void)
{
	return open(DIR "/no such file", O_RDONLY) < 0 && errno == ENOENT ? 0 : -1;
}

static long open_directory(void)
{
	return fd = open(DIR, O_RDONLY | O_DIRECTORY);
}

static long list(void)
{
	long n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer));

	return n < 0 ? -1 : 0;
}

static void directory(void)
{
	fd = must(open(DIR, O_RDONLY | O_DIRECTORY));
}

static void proc_directory(void)
{
	fd = must(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
}

static long status(void)
{
	struct stat st;

	return stat(FILE, &st);
}

static long make_directory(void)
{
	return mkdir(DIR "/dir", 0700);
}

static long make_link(void)
{
	return symlink("a target that is long enough not to fit anywhere else", DIR "/other");
}

static long hard_link(void)
{
	return link(FILE, DIR "/other");
}

static long rename_it(void)
{
	return rename(FILE, DIR "/other");
}

static long remove_it(void)
{
	return unlink(FILE);
}

static long make_node(void)
{
	return mknod(DIR "/other", S_IFIFO | 0600, 0);
}

static long cut(void)
{
	return ftruncate(fd, 1);
}

static long extend(void)
{
	return pwrite(fd, buffer, sizeof(buffer), 1) < 0 ? -1 : 0;
}

static long read_vector(void)
{
	struct iovec iov[20];

	for (int i = 0; i < 20; i++)
		iov[i] = (struct iovec){buffer + i, 1};
	return preadv(fd, iov, 20, 0) < 0 ? -1 : 0;
}

static long send_file(void)
{
	return sendfile(fd, fd, &(off_t){0}, 4) < 0 ? -1 : 0;
}

static long directory_name(void)
{
	return syscall(SYS_getcwd, buffer, sizeof(buffer)) < 0 ? -1 : 0;
}

static long change_directory(void)
{
	return chdir(DIR);
}

static void back(bool succeeded)
{
	(void)succeeded;
	must(chdir("/tests"));
}

static long own_program(void)
{
	return readlink("/proc/self/exe", buffer, sizeof(buffer));
}

static long mount_it(void)
{
	return mount("none", DIR, "tmpfs", 0, "size=1m");
}

static void unmount(bool succeeded)
{
	if (succeeded)
		must(umount(DIR));
}

static const struct operation files[] = {
	{"open O_CREAT", NULL, create, close_if},
	{"open", file_by_name, open_it, close_if},
	{"open, ENOENT", NULL, missing},
	{"open a directory", NULL, open_directory, close_if},
	{"getdents", directory, list, no_file},
	{"getdents of /proc", proc_directory, list, no_file},
	{"stat", file_by_name, status, no_name},
	{"mkdir", NULL, make_directory, no_name},
	{"symlink", NULL, make_link, no_name},
	{"link", file_by_name, hard_link, no_name},
	{"rename", file_by_name, rename_it, no_name},
	{"unlink", file_by_name, remove_it, no_name},
	{"mknod", NULL, make_node, no_name},
	{"ftruncate", file, cut, no_file},
	{"pwrite", file, extend, no_file},
	{"preadv", file, read_vector, no_file},
	{"sendfile", file, send_file, no_file},
	{"getcwd", NULL, directory_name},
	{"chdir", NULL, change_directory, back},
	{"readlink", NULL, own_program},
	{"mount", NULL, mount_it, unmount},
};

/* --- descriptors, pipes, polling --- */

static long duplicate(void)
{
	return fd = fcntl(1, F_DUPFD, 900);
}

static long make_pipe(void)
{
	return pipe(fds);
}

static void close_pipe(bool succeeded)
{
	if (!succeeded)
		return;
	close(fds[0]);
	close(fds[1]);
}

static void a_pipe(void)
{
	must(pipe(fds));
	must(fcntl(fds[1], F_SETFL, O_NONBLOCK));
}

static void no_pipe(bool succeeded)
{
	(void)succeeded;
	close_pipe(true);
}

static long write_pipe(void)
{
	return write(fds[1], buffer, sizeof(buffer)) < 0 ? -1 : 0;
}

static long poll_many(void)
{
	struct pollfd many[300];

	for (int i = 0; i < 300; i++)
		many[i] = (struct pollfd){.fd = fds[i & 1], .events = POLLIN | POLLOUT};
	return poll(many, 300, 0) < 0 ? -1 : 0;
}

static long poll_and_wait(void)
{
	struct pollfd one = {.fd = fds[0], .events = POLLIN};

	return poll(&one, 1, 5);
}

static long select_one(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fds[1], &set);
	return select(fds[1] + 1, NULL, &set, NULL, &(struct timeval){0}) < 0 ? -1 : 0;
}

static const struct operation descriptors[] = {
	{"dup", NULL, duplicate, close_if},
	{"pipe", NULL, make_pipe, close_pipe},
	{"write to a pipe", a_pipe, write_pipe, no_pipe},
	{"poll many", a_pipe, poll_many, no_pipe},
	{"poll", a_pipe, poll_and_wait, no_pipe},
	{"select", a_pipe, select_one, no_pipe},
};

/* --- signals, timers, threads --- */

static long queue_signal(void)
{
	return sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = 1});
}

static void block(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
}

static void take_signal(bool succeeded)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	if (succeeded)
		must(sigtimedwait(&set, NULL, &(struct timespec){0}));
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

static long send_kill(void)
{
	return kill(getpid(), SIGRTMIN + 3); /* kill() is not promised a queue, but comes through */
}

static long set_timer(void)
{
	return setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {1000, 0}}, NULL);
}

static void no_timer(bool succeeded)
{
	(void)succeeded;
	must(setitimer(ITIMER_REAL, &(struct itimerval){{0}}, NULL));
}

static long sleep_shortly(void)
{
	return nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
}

static long wait_futex(void)
{
	static int word;
	long result = syscall(SYS_futex, &word, 0, 0, &(struct timespec){.tv_nsec = 1000}, NULL, 0);

	return result < 0 && errno == ETIMEDOUT ? 0 : -1;
}

static char stack[16384] __attribute__((aligned(16)));
static int thread_gone;

static int thread_body(void *unused)
{
	(void)unused;
	return 0;
}

static long start_thread(void)
{
	thread_gone = 1;
	return clone(thread_body, stack + sizeof(stack),
		     CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			     CLONE_SYSVSEM | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID,
		     NULL, &thread_gone, NULL, &thread_gone) < 0
		       ? -1
		       : 0;
}

static void join_thread(bool succeeded)
{
	while (succeeded && __atomic_load_n(&thread_gone, __ATOMIC_ACQUIRE))
		usleep(100);
}

static long change_groups(void)
{
	return setgroups(0, NULL);
}

static const struct operation tasks[] = {
	{"sigqueue", block, queue_signal, take_signal, EAGAIN},
	{"kill", block, send_kill, take_signal, EAGAIN},
	{"setitimer", NULL, set_timer, no_timer},
	{"nanosleep", NULL, sleep_shortly},
	{"futex", NULL, wait_futex},
	{"clone a thread", NULL, start_thread, join_thread, EAGAIN},
	{"setgroups", NULL, change_groups},
};

/* --- /proc --- */

static const char *text_file;

static long read_file(void)
{
	int text = open(text_file, O_RDONLY);
	ssize_t n = text < 0 ? -1 : read(text, buffer, sizeof(buffer));

	if (text >= 0)
		syscall(SYS_close, text); /* errno stays */
	return n < 0 ? -1 : 0;
}

#define TEXT(name, path)              \
	static void read_##name(void) \
	{                             \
		text_file = path;     \
	}
TEXT(maps, "/proc/self/maps")
TEXT(smaps, "/proc/self/smaps")
TEXT(status, "/proc/self/status")
TEXT(pagemap, "/proc/self/pagemap")
TEXT(environ, "/proc/self/environ")
TEXT(meminfo, "/proc/meminfo")
TEXT(zoneinfo, "/proc/zoneinfo")
TEXT(slabinfo, "/proc/slabinfo")
TEXT(mounts, "/proc/self/mountinfo")
TEXT(segments, "/proc/sysvipc/shm")
TEXT(sysctl, "/proc/sys/vm/overcommit_ratio")

static void write_sysctl(void)
{
	fd = must(open("/proc/sys/vm/overcommit_ratio", O_WRONLY));
}

static long write_number(void)
{
	return write(fd, "50\n", 3) < 0 ? -1 : 0;
}

static const struct operation texts[] = {
	{"maps", read_maps, read_file},
	{"smaps", read_smaps, read_file},
	{"status", read_status, read_file},
	{"pagemap", read_pagemap, read_file},
	{"environ", read_environ, read_file},
	{"meminfo", read_meminfo, read_file},
	{"zoneinfo", read_zoneinfo, read_file},
	{"slabinfo", read_slabinfo, read_file},
	{"mountinfo", read_mounts, read_file},
	{"sysvipc/shm", read_segments, read_file},
	{"a sysctl", read_sysctl, read_file},
	{"writing a sysctl", write_sysctl, write_number, no_file},
};

#define RUN_ALL(table) failing_run(table, sizeof(table) / sizeof((table)[0]))

static void run_files(void)
{
	RUN_ALL(files);
}

static void run_descriptors(void)
{
	RUN_ALL(descriptors);
}

static void run_tasks(void)
{
	RUN_ALL(tasks);
}

static void run_texts(void)
{
	RUN_ALL(texts);
}

int main(void)
{
	memset(buffer, 1, sizeof(buffer)); /* no faults in the calls */
	mkdir(DIR, 0755);
	run("fail-files", run_files);
	run("fail-descriptors", run_descriptors);
	run("fail-tasks", run_tasks);
	run("fail-texts", run_texts);
	rmdir(DIR);
	return finish();
}
