/*
 * Parents and children: what wait tells, orphans, zombies, vfork, SIGCHLD.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

static void exit_3(void)
{
	_exit(3);
}

static void nothing(void)
{
}

static void wait_for_ever(void)
{
	for (;;)
		pause();
}

static void status_of_each_kind(void)
{
	int status;

	expect_equal(wait_child(start_child(exit_3)), 3 << 8);
	pid_t child = start_child(wait_for_ever);
	expect_equal(waitpid(child, &status, WNOHANG), 0);
	must(kill(child, SIGTERM));
	expect_equal(wait_child(child), SIGTERM);
	expect_errno(waitpid(child, &status, 0), ECHILD);
	expect_errno(waitpid(-1, &status, WNOHANG), ECHILD);
	expect_errno(waitpid(-1, &status, 0x10000), EINVAL);
}

static void waitid_tells_more(void)
{
	siginfo_t info;
	pid_t child = start_child(exit_3);

	memset(&info, 0, sizeof(info));
	must(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
	expect_equal(info.si_pid, child);
	expect_equal(info.si_code, CLD_EXITED);
	expect_equal(info.si_status, 3);
	must(waitid(P_ALL, 0, &info, WEXITED)); /* it was left there */
	expect_errno(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
}

static void zombie_until_reaped(void)
{
	char file[64];
	pid_t child = start_child(nothing);

	snprintf(file, sizeof(file), "/proc/%d/status", child);
	for (int i = 0; i < 100 && !strstr(read_text(file), "Z (zombie)"); i++)
		usleep(10000);
	expect(strstr(read_text(file), "State:\tZ (zombie)") != NULL);
	expect(strstr(read_text(file), "VmSize") == NULL); /* its memory is gone */
	must(kill(child, 0));
	expect_equal(wait_child(child), 0);
	expect_errno(open(file, O_RDONLY), ENOENT);
	expect_errno(kill(child, 0), ESRCH);
}

static volatile int children_told;
static volatile int told_pid;

static void child_ended(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	children_told++;
	told_pid = info->si_pid;
}

static void parent_is_told(void)
{
	struct sigaction action = {.sa_sigaction = child_ended, .sa_flags = SA_SIGINFO}, old;

	must(sigaction(SIGCHLD, &action, &old));
	pid_t child = start_child(nothing);
	wait_child(child);
	expect_equal(children_told, 1);
	expect_equal(told_pid, child);
	must(sigaction(SIGCHLD, &old, NULL));
}

static void ignored_children_leave_alone(void)
{
	signal(SIGCHLD, SIG_IGN);
	pid_t child = start_child(nothing);
	expect_errno(waitpid(child, NULL, 0), ECHILD); /* waits, then finds none */
	expect_errno(kill(child, 0), ESRCH);
	signal(SIGCHLD, SIG_DFL);
}

static int ends[2];

static void orphan(void)
{
	usleep(50000);
	pid_t parent = getppid();
	must(write(ends[1], &parent, sizeof(parent)));
}

static void leave_an_orphan(void)
{
	start_child(orphan);
}

static void orphans_go_to_init(void)
{
	pid_t parent;

	must(pipe(ends));
	expect_child_ok(leave_an_orphan);
	expect_equal(read(ends[0], &parent, sizeof(parent)), sizeof(parent));
	expect_equal(parent, 1);
}

static void adopt(void)
{
	pid_t parent;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	expect_child_ok(leave_an_orphan);
	expect_equal(read(ends[0], &parent, sizeof(parent)), sizeof(parent));
	expect_equal(parent, getpid());
	expect(waitpid(-1, NULL, 0) > 0);
}

static void subreapers_adopt(void)
{
	must(pipe(ends));
	expect_child_ok(adopt);
}

static volatile int shared_word;

static void vfork_shares_and_waits(void)
{
	shared_word = 0;
	pid_t child = must(vfork());
	if (child == 0) {
		usleep(20000);
		shared_word = 5;
		_exit(0);
	}
	expect_equal(shared_word, 5);
	expect_equal(wait_child(child), 0);
}

static void exit_on_death_of_parent(void)
{
	must(prctl(PR_SET_PDEATHSIG, SIGKILL));
	must(write(ends[1], "x", 1));
	usleep(3000000);
	must(write(ends[1], "y", 1)); /* never */
}

static void die_with_child(void)
{
	char byte;

	start_child(exit_on_death_of_parent);
	expect_equal(read(ends[0], &byte, 1), 1);
}

static void death_signal(void)
{
	char byte;

	must(pipe(ends));
	expect_child_ok(die_with_child);
	close(ends[1]);
	expect_equal(read(ends[0], &byte, 1), 0); /* the last writer is gone */
}

static void children_use_is_counted(void)
{
	struct rusage before, after;

	must(getrusage(RUSAGE_CHILDREN, &before));
	for (int i = 0; i < 20; i++)
		expect_child_ok(nothing);
	must(getrusage(RUSAGE_CHILDREN, &after));
	expect(after.ru_minflt > before.ru_minflt);
}

int main(void)
{
	run("wait-status", status_of_each_kind);
	run("wait-waitid", waitid_tells_more);
	run("wait-zombie", zombie_until_reaped);
	run("wait-sigchld", parent_is_told);
	run("wait-ignored", ignored_children_leave_alone);
	run("wait-orphan", orphans_go_to_init);
	run("wait-subreaper", subreapers_adopt);
	run("wait-vfork", vfork_shares_and_waits);
	run("wait-death-signal", death_signal);
	run("wait-rusage", children_use_is_counted);
	return finish();
}
