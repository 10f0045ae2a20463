/*
 * execve and memory: what it refuses, limits of arguments, what a program starts with.
 */
#include "compare.h"

extern char **environ;

/* The case `name` in this program as execve starts it: its memory is as new. */
static void call_self(const char *name, char *const extra)
{
	char *const arguments[] = {"compare", "--call", (char *)name, extra, NULL};

	fflush(stdout);
	result(sys3(SYS_execve, "/proc/self/exe", arguments, environ), "execve");
}

CASE(refused)
{
	char *const arguments[] = {"x", NULL};

	show(sys3(SYS_execve, "/nothing", arguments, environ));
	show(sys3(SYS_execve, "/tmp", arguments, environ));
	show(sys3(SYS_execve, "", arguments, environ));
	show(sys3(SYS_execve, "/proc/self/maps", arguments, environ));
	show(sys3(SYS_execve, "/dev/null", arguments, environ));

	int fd = open("/tmp/text", O_RDWR | O_CREAT);
	show(sys3(SYS_execve, "/tmp/text", arguments, environ));
	show(sys2(SYS_fchmod, fd, 0700));
	show(sys3(SYS_execve, "/tmp/text", arguments, environ));
	show(close(fd));
	show(sys3(SYS_execve, "/tmp/text", arguments, environ));
	fd = open("/tmp/text", O_RDWR);
	show(write(fd, "text", 4));
	close(fd);
	show(sys3(SYS_execve, "/tmp/text", arguments, environ));
	fd = open("/tmp/text", O_RDWR | O_TRUNC);
	show(write(fd, "#!/nothing\n", 11));
	close(fd);
	show(sys3(SYS_execve, "/tmp/text", arguments, environ));
	fd = open("/tmp/text", O_RDWR | O_TRUNC);
	show(write(fd, "\177ELF\2\1\1", 7));
	close(fd);
	show(sys3(SYS_execve, "/tmp/text", arguments, environ));
	show(unlink("/tmp/text"));
}

static char *huge_string(unsigned long bytes)
{
	char *text = (char *)mmap(at(0), bytes + 1, RW, FIXED_ANON, -1, 0);

	memset(text, 'x', bytes);
	text[bytes] = '\0';
	return text;
}

CASE(one_long_argument)
{
	char *arguments[] = {"/bin/true", huge_string(32 * P - 1), NULL};

	show(sys3(SYS_execve, "/nothing", arguments, environ));
	arguments[1] = huge_string(32 * P);
	show(sys3(SYS_execve, "/nothing", arguments, environ));
	show(sys3(SYS_execve, "/proc/self/exe", arguments, environ));
}

CASE(many_arguments)
{
	static char *arguments[1000];
	char *text = huge_string(16 * P);

	for (int i = 0; i < 40; i++)
		arguments[i] = text;
	show(sys3(SYS_execve, "/proc/self/exe", arguments, environ)); /* 2.5 MiB; 8 MiB / 4 */
}

CASE(arguments_and_the_stack_limit)
{
	static char *arguments[100];
	char *text = huge_string(16 * P);

	limit(RLIMIT_STACK, 1 << 20);
	for (int i = 0; i < 5; i++)
		arguments[i] = text;
	show(sys3(SYS_execve, "/proc/self/exe", arguments, environ)); /* 320 kB; 1 MiB / 4 */
}

CASE(bad_lists)
{
	char *const arguments[] = {"x", at(0), NULL};
	char *const fine[] = {"x", NULL};

	show(sys3(SYS_execve, "/proc/self/exe", arguments, environ));
	show(sys3(SYS_execve, "/proc/self/exe", fine, arguments));
	show(sys3(SYS_execve, "/proc/self/exe", at(0), environ));
	show(sys3(SYS_execve, at(0), fine, environ));
	anon(0, 1, RW);
	((char **)at(1))[-1] = "x";
	show(sys3(SYS_execve, "/proc/self/exe", at(1) - 8, environ));
}

CASE(target_locks_and_limits)
{
	status("VmLck");
	struct rlimit now;
	getrlimit(RLIMIT_MEMLOCK, &now);
	say("memlock %ld", (long)now.rlim_cur);
	anon(0, 2, RW);
	smaps("Locked", 0, 10);
	maps();
}

CASE(locks_end_with_exec)
{
	limit(RLIMIT_MEMLOCK, 100 * P);
	anon(0, 10, RW);
	show(mlockall(MCL_CURRENT | MCL_FUTURE));
	call_self("execs/target_locks_and_limits", NULL);
}

CASE(areas_end_with_exec)
{
	show(mmap(at(0), 4 * P, RW, FIXED_SHM, -1, 0));
	call_self("execs/target_locks_and_limits", NULL);
}

CASE(small_address_space)
{
	limit(RLIMIT_AS, 100 * P);
	call_self("execs/target_locks_and_limits", NULL);
}

CASE(tiny_address_space)
{
	limit(RLIMIT_AS, P);
	call_self("execs/target_locks_and_limits", NULL);
}

CASE(small_data)
{
	limit(RLIMIT_DATA, 0);
	call_self("execs/target_locks_and_limits", NULL);
}

CASE(small_stack)
{
	limit(RLIMIT_STACK, 64 * 1024);
	call_self("execs/target_locks_and_limits", NULL);
}

CASE(target_shape)
{
	static char text[1 << 16];
	long fd = open("/proc/self/maps", O_RDONLY), n, length = 0;

	while ((n = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += n;
	text[length] = '\0';
	close(fd);
	for (char *line = text; line && *line; line = strchr(line, '\n')) {
		unsigned long from, to, offset;
		char permissions[5], name[256] = "";

		line += *line == '\n';
		if (sscanf(line, "%lx-%lx %4s %lx %*s %*s%*[ ]%255[^\n]", &from, &to, permissions,
			   &offset, name) < 4 ||
		    !strncmp(name, "[v", 2))
			continue;
		if (from < 1UL << 32 && name[0] != '[')
			say("%s %s", permissions, name[0] ? "program" : "its zeroes");
		else
			say("%ld kB %s %lx %s", (long)(to - from) / 1024, permissions, offset,
			    name);
	}
}

CASE(what_a_program_starts_with)
{
	call_self("execs/target_shape", NULL);
}
