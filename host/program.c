/*
 * Which program does the user mean?
 *
 *	with a slash		that file
 *	a name			the first static program or script of that name in
 *				PATH; else busybox's applet of that name; else a
 *				dynamic program in PATH
 *
 * A program is packed and executed under its own name, a dynamic one with the
 * libraries it is linked to, which its own dynamic linker lists (`ld.so --list').
 * The applet is preferred to a dynamic program because the guest is small: libc
 * alone is 2 MB. A script is packed and handed to the applet that its #! line names
 * (`sh' for any kind of sh), as its interpreter does not exist in the guest.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "program.h"

enum file_kind {
	KIND_MISSING,
	KIND_STATIC,
	KIND_DYNAMIC,
	KIND_SCRIPT,
	KIND_FOREIGN, /* an ELF program of another machine */
	KIND_UNKNOWN,
};

const char *busybox_file(const char *arch)
{
	if (is_i386(arch)) {
		const char *fetched =
			format_string("%s/i386-packages/bin/busybox", own_directory());

		if (access(fetched, X_OK) == 0)
			return fetched;
		die(EXIT_MACHINE, "%s is missing: make ARCH=i386 fetches it", fetched);
	}
	static const char *const places[] = {"/bin/busybox", "/usr/bin/busybox"};

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	die(EXIT_MACHINE, "busybox is missing (Debian: apt install busybox-static)");
}

const char *busybox_applets(void)
{
	static char applets[1 << 14];

	if (applets[0])
		return applets;
	/* The machines' busyboxes are of one version; the host's runs here. */
	char *command = format_string("%s --list", busybox_file("x86_64"));
	FILE *list = popen(command, "r");
	if (!list || fread(applets, 1, sizeof(applets) - 1, list) == 0)
		die(EXIT_MACHINE, "%s gives no list of its applets", command);
	pclose(list);
	free(command);
	return applets;
}

static int has_applet(const char *name)
{
	size_t length = strlen(name);

	for (const char *at = busybox_applets(); (at = strstr(at, name)); at += length)
		if ((at == busybox_applets() || at[-1] == '\n') && at[length] == '\n')
			return 1;
	return 0;
}

/* The kind of @file. Leaves in @line a script's first line, a dynamic program's linker. */
static enum file_kind kind_of(const char *file, const char *arch, char line[256])
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	union {
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
		char text[256];
	} start = {0};
	struct stat status;
	enum file_kind kind = KIND_UNKNOWN;

	if (fd < 0)
		return KIND_MISSING;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || !(status.st_mode & 0111) ||
	    read(fd, &start, sizeof(start) - 1) < 4) {
		kind = KIND_UNKNOWN;
	} else if (!memcmp(start.text, "#!", 2)) {
		start.text[strcspn(start.text, "\n")] = '\0';
		memcpy(line, start.text, sizeof(start.text));
		kind = KIND_SCRIPT;
	} else if (!memcmp(start.text, ELFMAG, SELFMAG)) {
		bool narrow = is_i386(arch);
		unsigned count = narrow ? start.narrow.e_phnum : start.wide.e_phnum;
		off_t at = narrow ? start.narrow.e_phoff : (off_t)start.wide.e_phoff;
		size_t size = narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);

		kind = start.wide.e_machine == (narrow ? EM_386 : EM_X86_64) ? KIND_STATIC
									     : KIND_FOREIGN;
		for (unsigned i = 0; i < count && kind == KIND_STATIC; i++) {
			union {
				Elf64_Phdr wide;
				Elf32_Phdr narrow;
			} segment;

			if (pread(fd, &segment, size, at + i * size) != (ssize_t)size ||
			    segment.wide.p_type != PT_INTERP) /* the first field in both */
				continue;
			kind = KIND_DYNAMIC;
			memset(line, 0, 256);
			if (pread(fd, line, 255,
				  narrow ? segment.narrow.p_offset
					 : (off_t)segment.wide.p_offset) <= 0)
				kind = KIND_UNKNOWN;
		}
	}
	close(fd);
	return kind;
}

/* The first file in PATH of that name that is of @kind or (@or_script) a script, or NULL. */
static char *search_path(const char *name, const char *arch, enum file_kind wanted, bool or_script)
{
	const char *path = getenv("PATH");
	char line[256];

	for (const char *at = path ? path : "/bin:/usr/bin"; at; at = strchr(at, ':')) {
		at += *at == ':';
		char *file = format_string("%.*s/%s", (int)strcspn(at, ":"), at, name);
		enum file_kind kind = kind_of(file, arch, line);

		if (kind == wanted || (or_script && kind == KIND_SCRIPT))
			return file;
		free(file);
	}
	return NULL;
}

char **program_libraries(const char *file, const char *arch)
{
	char interpreter[256], line[1024], *save;
	unsigned count = 0;

	if (kind_of(file, arch, interpreter) != KIND_DYNAMIC)
		return allocate(sizeof(char *));
	char *command = format_string("'%s' --list '%s' 2>&1", interpreter, file);
	FILE *list = popen(command, "r");
	if (!list)
		die(EXIT_MACHINE, "%s: %s", command, strerror(errno));
	char **libraries = allocate(2 * sizeof(char *));
	libraries[count++] = format_string("%s", interpreter);
	/* "NAME => FILE (ADDRESS)", "FILE (ADDRESS)", or "NAME => not found" */
	while (fgets(line, sizeof(line), list)) {
		char *arrow = strstr(line, "=> ");
		char *library = strtok_r(arrow ? arrow + 3 : line, " \t\n", &save);

		if (library && !strcmp(library, "not"))
			die(EXIT_NOT_RUNNABLE, "%s: its library is missing:%s", file,
			    strtok_r(line, "=", &save));
		if (!library || library[0] != '/' || !strcmp(library, interpreter))
			continue;
		libraries = realloc(libraries, (count + 2) * sizeof(char *));
		if (!libraries)
			die(EXIT_MACHINE, "out of memory");
		libraries[count++] = format_string("%s", library);
	}
	if (pclose(list) != 0)
		die(EXIT_NOT_RUNNABLE, "%s: %s cannot tell its libraries", file, interpreter);
	libraries[count] = NULL;
	free(command);
	return libraries;
}

char *program_guest_name(const char *name)
{
	if (name[0] == '/')
		return format_string("%s", name);
	for (;;) {
		if (!strncmp(name, "./", 2))
			name += 2;
		else if (!strncmp(name, "../", 3))
			name += 3;
		else if (name[0] == '/')
			name++;
		else
			break;
	}
	return format_string("%s/%s", GUEST_DIRECTORY, name);
}

static const char *base_name(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/*
 * The words that run a script: its interpreter's applet, the interpreter's one
 * argument, then the script and its arguments.
 */
static void set_script(struct program *program, char *line, char **words, unsigned count)
{
	char *save, *interpreter = strtok_r(line + 2, " \t", &save);
	char *argument = strtok_r(NULL, "", &save);

	if (interpreter && argument && !strcmp(base_name(interpreter), "env")) {
		interpreter = strtok_r(argument, " \t", &save);
		argument = strtok_r(NULL, "", &save);
	}
	const char *applet = interpreter ? base_name(interpreter) : "sh";
	size_t length = strlen(applet);
	if (length > 2 && !strcmp(applet + length - 2, "sh"))
		applet = "sh";
	if (!has_applet(applet))
		die(EXIT_NOT_RUNNABLE, "%s: its interpreter '%s' is not in busybox", words[0],
		    interpreter);

	char **argv = allocate((count + 3) * sizeof(*argv));
	unsigned n = 0;
	argv[n++] = format_string("%s", applet);
	if (argument)
		argv[n++] = format_string("%s", argument);
	argv[n++] = (char *)program->guest;
	memcpy(argv + n, words + 1, (count - 1) * sizeof(*argv));
	program->file = GUEST_BUSYBOX;
	program->argv = argv;
}

void program_find(struct program *program, const char *arch, char **words, unsigned count)
{
	const char *name = words[0];
	char line[256];

	*program = (struct program){0};
	program->argv = allocate((count + 1) * sizeof(*words));
	memcpy(program->argv, words, count * sizeof(*words));
	program->host = strchr(name, '/') ? name : search_path(name, arch, KIND_STATIC, true);
	if (!program->host && has_applet(name)) {
		program->file = GUEST_BUSYBOX;
		return;
	}
	if (!program->host)
		program->host = search_path(name, arch, KIND_DYNAMIC, false);
	if (!program->host)
		die(EXIT_NOT_FOUND, "%s: no program in PATH, no applet of busybox", name);

	program->guest = program_guest_name(program->host);
	program->file = program->guest;
	switch (kind_of(program->host, arch, line)) {
	case KIND_STATIC:
	case KIND_DYNAMIC: return;
	case KIND_SCRIPT: set_script(program, line, words, count); return;
	case KIND_MISSING: die(EXIT_NOT_FOUND, "%s: %s", name, strerror(errno));
	case KIND_FOREIGN: die(EXIT_NOT_RUNNABLE, "%s: not an %s program", name, arch);
	case KIND_UNKNOWN: die(EXIT_NOT_RUNNABLE, "%s: not a program", name);
	}
}
