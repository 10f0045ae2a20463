/*
 * execve(2) up to the ELF loader: open the program, resolve "#!" lines, collect
 * the strings.
 *
 * A script's first line names its interpreter and at most one argument.  The
 * interpreter may be a script itself, four times at most:
 *
 *     argv            a0 a1 a2          script S: "#! I x"
 *     becomes         I x S a1 a2       and so on with I
 *
 * The strings are collected into one kernel buffer before anything of the old
 * program is touched; kernel/elf.c puts them on the new stack.
 */
#include "fs/files.h"
#include "kernel/initcall.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include <linux/binfmts.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mount.h>

#define SCRIPT_LINE  256
#define SCRIPT_DEPTH 5
#define MAX_BYTES    (6UL << 20) /* strings in all; the stack limit is checked besides */

/* --- the collection of strings: a buffer that doubles --- */

struct collected {
	struct exec_strings s;
	size_t size;
};

static void free_buffer(void *buf)
{
	if (is_vmalloc_addr(buf))
		vfree(buf);
	else
		kfree(buf);
}

static int reserve(struct collected *c, size_t bytes)
{
	size_t size = max(c->size, (size_t)1024);
	char *bigger;

	if (c->s.used + bytes > MAX_BYTES)
		return -E2BIG;
	while (size < c->s.used + bytes)
		size *= 2;
	if (size == c->size)
		return 0;
	bigger = size <= 8 * PAGE_SIZE ? kmalloc(size, GFP_KERNEL) : vmalloc(size);
	if (!bigger)
		return -ENOMEM;
	memcpy(bigger, c->s.bytes, c->s.used);
	free_buffer(c->s.bytes);
	c->s.bytes = bigger;
	c->size = size;
	return 0;
}

static int add_string(struct collected *c, const char *text)
{
	size_t bytes = strlen(text) + 1;
	int err = reserve(c, bytes);

	if (err)
		return err;
	memcpy(c->s.bytes + c->s.used, text, bytes);
	c->s.used += bytes;
	return 0;
}

static int add_user_string(struct collected *c, const char __user *text)
{
	size_t room = 128;

	for (;;) {
		int err = reserve(c, room);
		long len;

		if (err)
			return err;
		len = strncpy_from_user(c->s.bytes + c->s.used, text, room);
		if (len < 0)
			return len;
		if ((size_t)len < room) {
			c->s.used += len + 1;
			return 0;
		}
		if (room >= MAX_ARG_STRLEN)
			return -E2BIG;
		room *= 4;
	}
}

/* A NULL-ended list in user memory; NULL is an empty one (as Linux has it). */
static int add_user_list(struct collected *c, const char __user *const __user *list, unsigned skip,
			 unsigned *count)
{
	for (unsigned i = skip; list; i++) {
		unsigned long at;
		int err;

		if (get_user(at, (const unsigned long __user *)list + i))
			return -EFAULT;
		if (!at)
			break;
		err = add_user_string(c, (const char __user *)at);
		if (err)
			return err;
		(*count)++;
		if (signal_pending() && fatal_signal_pending())
			return -EINTR;
	}
	return 0;
}

static int add_kernel_list(struct collected *c, const char *const *list, unsigned *count)
{
	for (; *list; list++, (*count)++) {
		int err = add_string(c, *list);

		if (err)
			return err;
	}
	return 0;
}

/* --- the program --- */

static int open_exec(int dirfd, const char *name, u32 flags, struct exec_file *image)
{
	struct file *file = open_path(dirfd, name, O_RDONLY | flags, 0);
	int err = 0;

	if (IS_ERR(file))
		return PTR_ERR(file);
	if ((file->inode->mode & S_IFMT) != S_IFREG ||
	    (file->path.mnt && (file->path.mnt->flags & MS_NOEXEC)))
		err = -EACCES;
	if (!err)
		err = inode_permission(file->inode, MAY_EXEC);
	if (!err)
		err = file_claim(file, FMODE_EXEC);
	if (err) {
		fput(file);
		return err;
	}
	image->file = file;
	map_source_of(file, &image->source);
	return image->source.mapping ? 0 : -ENOEXEC;
}

static void close_exec(struct exec_file *image)
{
	if (image->file)
		fput(image->file);
	image->file = NULL;
}

static int open_interp(const char *path, struct exec_file *interp)
{
	interp->path = path;
	int err = open_exec(AT_FDCWD, path, 0, interp);

	if (err && interp->file)
		close_exec(interp);
	return err;
}

/* "#! interp arg": cut it out of the line. *arg NULL: none. -ENOEXEC: no interpreter named. */
static int parse_script(char *line, char **interp, char **arg)
{
	char *end = strchr(line, '\n'), *at = line + 2;

	if (end)
		*end = 0;
	else if (strlen(line) == SCRIPT_LINE - 1)
		return -ENOEXEC; /* the name may be cut off */
	while (*at == ' ' || *at == '\t')
		at++;
	if (!*at)
		return -ENOEXEC;
	*interp = at;
	while (*at && *at != ' ' && *at != '\t')
		at++;
	*arg = NULL;
	if (!*at)
		return 0;
	*at++ = 0;
	while (*at == ' ' || *at == '\t')
		at++;
	if (*at) {
		*arg = at;
		for (end = at + strlen(at); end > at && (end[-1] == ' ' || end[-1] == '\t'); end--)
			end[-1] = 0;
	}
	return 0;
}

struct scripts { /* strings to stand in front, the last one first */
	char *text[2 * SCRIPT_DEPTH + 1];
	unsigned n;
};

static int push(struct scripts *s, const char *text)
{
	char *copy = kstrdup(text, GFP_KERNEL);

	if (!copy)
		return -ENOMEM;
	s->text[s->n++] = copy;
	return 0;
}

/* Follow scripts to a program that is none; *image is open on it at the end. */
static int resolve_scripts(struct exec_file *image, const char *name, struct scripts *scripts)
{
	char line[SCRIPT_LINE];

	for (unsigned depth = 0;; depth++) {
		char *interp, *arg;
		long n = cache_read_kernel(image->source.mapping, 0, line, sizeof(line) - 1);
		int err = 0;

		if (n < 0)
			return n;
		line[n] = 0;
		if (n < 2 || line[0] != '#' || line[1] != '!')
			return 0;
		if (depth == SCRIPT_DEPTH)
			return -ELOOP;
		err = parse_script(line, &interp, &arg);
		if (!err && depth == 0)
			err = push(scripts, name);
		if (!err && arg)
			err = push(scripts, arg);
		if (!err)
			err = push(scripts, interp);
		if (err)
			return err;
		close_exec(image);
		err = open_exec(AT_FDCWD, scripts->text[scripts->n - 1], 0, image);
		if (err)
			return err;
	}
}

/* Where the strings come from: a program's memory or the kernel. */
struct exec_lists {
	const char __user *const __user *user_argv, *const __user *user_envp;
	const char *const *argv, *const *envp;
};

static int collect(struct collected *c, struct scripts *scripts, const struct exec_lists *lists)
{
	unsigned skip = scripts->n ? 1 : 0;
	int err = 0;

	for (unsigned i = scripts->n; i && !err; i--, c->s.argc++)
		err = add_string(c, scripts->text[i - 1]);
	if (!err && lists->argv)
		err = add_kernel_list(c, lists->argv + skip, &c->s.argc);
	else if (!err)
		err = add_user_list(c, lists->user_argv, skip, &c->s.argc);
	if (!err && c->s.argc == 0) { /* nobody's argv[0] is NULL (execve(2)) */
		err = add_string(c, "");
		c->s.argc = 1;
	}
	if (!err && lists->envp)
		err = add_kernel_list(c, lists->envp, &c->s.envc);
	else if (!err)
		err = add_user_list(c, lists->user_envp, 0, &c->s.envc);
	return err;
}

static int do_exec(int dirfd, const char *name, u32 flags, const struct exec_lists *lists)
{
	struct exec_file image = {.path = name};
	struct scripts scripts = {};
	struct collected c = {};
	int err = collect(&c, &scripts, lists); /* their errors come before the file's */

	if (!err)
		err = open_exec(dirfd, name, flags, &image);
	if (!err)
		err = resolve_scripts(&image, name, &scripts);
	if (!err && scripts.n) { /* again, with what the script wants in front */
		c.s.used = c.s.argc = c.s.envc = 0;
		err = collect(&c, &scripts, lists);
	}
	if (!err)
		err = exec_elf(&image, &c.s, open_interp, close_exec);
	close_exec(&image);
	free_buffer(c.s.bytes);
	while (scripts.n)
		kfree(scripts.text[--scripts.n]);
	return err;
}

static long exec_user(int dirfd, const char __user *user_name, const struct exec_lists *lists,
		      int flags)
{
	char *name = get_name(user_name);
	long err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	if (!name[0] && (flags & AT_EMPTY_PATH)) {
		err = -ENOENT; /* docs/caveats.md: no fexecve by descriptor alone */
	} else {
		err = do_exec(dirfd, name, flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0, lists);
	}
	put_name(name);
	return err;
}

SYSCALL3(execve, const char __user *, name, const char __user *const __user *, argv,
	 const char __user *const __user *, envp)
{
	const struct exec_lists lists = {.user_argv = argv, .user_envp = envp};

	return exec_user(AT_FDCWD, name, &lists, 0);
}

SYSCALL5(execveat, int, dirfd, const char __user *, name, const char __user *const __user *, argv,
	 const char __user *const __user *, envp, int, flags)
{
	const struct exec_lists lists = {.user_argv = argv, .user_envp = envp};

	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	return exec_user(dirfd, name, &lists, flags);
}

/* --- the first program --- */

#define MAX_INIT_ARGS 32

static char init_line[2048];
static const char *init_argv[MAX_INIT_ARGS + 2];
static const char *const init_envp[] = {"HOME=/", "TERM=linux", NULL};

/* What stands behind "--" on the command line goes to init. */
static void init_arguments(void)
{
	const char *at = boot_command_line;
	unsigned n = 1;

	while ((at = strstr(at, "--")) &&
	       !((at == boot_command_line || at[-1] == ' ') && (at[2] == ' ' || !at[2])))
		at += 2;
	if (!at)
		return;
	str_copy(init_line, at + 2, sizeof(init_line));
	for (char *word = init_line; *word && n <= MAX_INIT_ARGS;) {
		while (*word == ' ')
			*word++ = 0;
		if (*word)
			init_argv[n++] = word;
		while (*word && *word != ' ')
			word++;
	}
}

static int try_init(const char *path)
{
	const struct exec_lists lists = {.argv = init_argv, .envp = init_envp};
	int err;

	init_argv[0] = path;
	err = do_exec(AT_FDCWD, path, 0, &lists);
	if (!err)
		pr_info("Run %s as init process\n", path);
	else if (err != -ENOENT)
		pr_err("Starting init: %s exists but couldn't execute it (error %d)\n", path, err);
	return err;
}

static void open_console(void)
{
	struct file *console = open_kernel("/dev/console", O_RDWR);

	if (IS_ERR(console)) {
		pr_warn("Warning: unable to open an initial console.\n");
		return;
	}
	for (int fd = 0; fd < 3; fd++) {
		get_file(console);
		fd_install(console, 0);
	}
	fput(console);
}

int run_init(void)
{
	static const char *const usual[] = {"/sbin/init", "/etc/init", "/bin/init", "/bin/sh"};
	static char path[256];

	open_console();
	init_arguments();
	if (!boot_param_value("rdinit", path, sizeof(path)))
		str_copy(path, "/init", sizeof(path));
	if (!try_init(path))
		return 0;
	if (boot_param_value("init", path, sizeof(path))) {
		if (!try_init(path))
			return 0;
		panic("Requested init %s failed.", path);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(usual); i++)
		if (!try_init(usual[i]))
			return 0;
	panic("No working init found. Try passing init= option to kernel.");
}
