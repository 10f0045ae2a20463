/*
 * The frame of the comparator (compare.h).
 *
 *	compare			runs all cases, in the order of files' names and lines
 *	compare --after NAME	those behind this one
 *	compare NAME ...	these: FILE or FILE/CASE
 *	compare --full NAME ...	these, with all they know instead of digests
 *	compare --call FILE/CASE	a case in this process: for what a case executes
 *
 * Each case is a child; a case that takes long or is killed says so. Between "== NAME"
 * and "== end" stands what it printed: a machine that dies in between has failed that case.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <sys/prctl.h>

#include "compare.h"

extern const struct compare_case __start_cases[], __stop_cases[];

static char text[1 << 20];
static char line_buffer[1 << 12];
static bool full; /* --full */

/* --- printing --- */

const char *errno_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
#define E(name) {name, #name}
		E(EPERM),     E(ENOENT),  E(ESRCH),   E(EINTR),        E(EIO),    E(ENXIO),
		E(E2BIG),     E(ENOEXEC), E(EBADF),   E(ECHILD),       E(EAGAIN), E(ENOMEM),
		E(EACCES),    E(EFAULT),  E(EBUSY),   E(EEXIST),       E(ENODEV), E(EINVAL),
		E(ENFILE),    E(EMFILE),  E(ETXTBSY), E(EFBIG),        E(ENOSPC), E(ESPIPE),
		E(EROFS),     E(EPIPE),   E(ERANGE),  E(ENOSYS),       E(EIDRM),  E(ENOTSUP),
		E(EOVERFLOW), E(ENOTDIR), E(EISDIR),  E(ENAMETOOLONG),
#undef E
	};
	static char number[16];

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	snprintf(number, sizeof(number), "E%d", error);
	return number;
}

static void put_address(const void *address)
{
	const long offset = (char *)address - A;
	const long pages = (long)ARENA_PAGES * (long)P;

	if (offset < -pages || offset >= pages)
		printf("%s", (uintptr_t)address < 1UL << 32 ? "low" : "elsewhere");
	else if (offset & (P - 1))
		printf("A%+ld:0x%lx", offset >> 12, offset & (P - 1));
	else
		printf("A%+ld", offset >> 12);
}

long result(long value, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" = ");
	if (value < 0 && value >= -4095)
		printf("%s", errno_name(-value));
	else if (value >= 0 && value < 1L << 32)
		printf("%ld", value);
	else
		put_address((void *)value);
	printf("\n");
	return value;
}

/* No line is empty: golden files are for people to read, too. */
void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

/* --- /proc --- */

static char *read_file(const char *file)
{
	const long fd = open(file, O_RDONLY);
	long length = 0, n;

	if (fd < 0) {
		say("%s: %s", file, errno_name(-fd));
		return NULL;
	}
	while ((n = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += n;
	close(fd);
	text[length] = '\0';
	return text;
}

struct area {
	unsigned long start, end, offset;
	char permissions[5];
	char name[256];
};

/* A line of maps; false for others, such as smaps has them. */
static bool parse_area(const char *line, struct area *area)
{
	*area = (struct area){0};
	return sscanf(line, "%lx-%lx %4s %lx %*s %*s%*[ ]%255[^\n]", &area->start, &area->end,
		      area->permissions, &area->offset, area->name) >= 4;
}

static bool in_arena(const struct area *area)
{
	return area->end > (uintptr_t)at(-(long)ARENA_PAGES) &&
	       area->start < (uintptr_t)at(ARENA_PAGES);
}

/* Without the directory: it is the name that tells. */
static const char *last_part(const char *name)
{
	const char *slash = strncmp(name, "/tmp/", 5) ? NULL : name + 4;

	return slash ? slash + 1 : name;
}

static void put_area(const struct area *area)
{
	printf("[%ld-%ld %s", (long)(area->start - (uintptr_t)A) >> 12,
	       (long)(area->end - (uintptr_t)A) >> 12, area->permissions);
	if (area->name[0])
		printf(" %s", last_part(area->name));
	if (area->offset)
		printf(" +%lu", area->offset >> 12);
}

static char *next_line(char *line)
{
	line = strchr(line, '\n');
	return line ? line + 1 : NULL;
}

void maps(void)
{
	struct area area;
	int count = 0;

	printf("  maps");
	for (char *line = read_file("/proc/self/maps"); line && *line; line = next_line(line)) {
		if (!parse_area(line, &area) || !in_arena(&area))
			continue;
		printf(++count % 8 ? " " : "\n       ");
		put_area(&area);
		printf("]");
	}
	printf(count ? "\n" : " none\n");
}

/* FNV-1a. */
static uint32_t hash(uint32_t h, const void *from, size_t bytes)
{
	for (const unsigned char *at = from; bytes; at++, bytes--)
		h = (h ^ *at) * 16777619u;
	return h;
}

void maps_digest(void)
{
	struct area area;
	uint32_t h = 2166136261u;

	if (full) {
		maps();
		return;
	}
	for (char *line = read_file("/proc/self/maps"); line && *line; line = next_line(line)) {
		if (!parse_area(line, &area) || !in_arena(&area))
			continue;
		h = hash(h, &area.start, sizeof(area.start));
		h = hash(h, &area.end, sizeof(area.end));
		h = hash(h, &area.offset, sizeof(area.offset));
		h = hash(h, area.permissions, 4);
		h = hash(h, area.name, strlen(area.name));
	}
	say("  maps #%08x", h);
}

void vm_flags(void)
{
	struct area area = {0}, seen;

	for (char *line = read_file("/proc/self/smaps"); line && *line; line = next_line(line)) {
		if (parse_area(line, &seen))
			area = seen;
		if (strncmp(line, "VmFlags: ", 9) || !in_arena(&area))
			continue;
		printf("  flags ");
		put_area(&area);
		printf("] %.*s\n", (int)strcspn(line + 9, "\n"), line + 9);
	}
}

void smaps(const char *key, long from, long to)
{
	const size_t length = strlen(key);
	struct area area = {0}, seen;
	long sum = 0;

	for (char *line = read_file("/proc/self/smaps"); line && *line; line = next_line(line)) {
		if (parse_area(line, &seen))
			area = seen;
		if (!strncmp(line, key, length) && line[length] == ':' &&
		    area.start >= (uintptr_t)at(from) && area.start < (uintptr_t)at(to))
			sum += strtol(line + length + 1, NULL, 10);
	}
	say("  %s %ld kB", key, sum);
}

long status_number(const char *key)
{
	const size_t length = strlen(key);

	for (char *line = read_file("/proc/self/status"); line && *line; line = next_line(line))
		if (!strncmp(line, key, length) && line[length] == ':')
			return strtol(line + length + 1, NULL, 10);
	return -1;
}

void status(const char *key)
{
	say("  %s %ld kB", key, status_number(key));
}

void in_core(long first, long n)
{
	unsigned char answers[256];
	const long error = mincore(at(first), n * P, answers);

	printf("  in core %ld-%ld: ", first, first + n);
	if (error)
		printf("%s", errno_name(-error));
	for (long i = 0; i < n && !error; i++)
		putchar('0' + (answers[i] & 1));
	printf("\n");
}

/* --- faults --- */

static sigjmp_buf back;
static siginfo_t seen;
static char signal_stack[16384] __attribute__((aligned(16)));

static void note(int number, siginfo_t *info, void *context)
{
	(void)context;
	(void)number;
	seen = *info;
	siglongjmp(back, 1);
}

static int access_byte(char *address, enum access access)
{
	const stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof(signal_stack)};
	struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP};
	struct sigaction old[4];

	sigaltstack(&stack, NULL);
	for (int i = 0; i < 4; i++)
		sigaction(signals[i], &action, &old[i]);
	memset(&seen, 0, sizeof(seen));
	if (sigsetjmp(back, 1) == 0) {
		switch (access) {
		case READ: (void)*(volatile char *)address; break;
		case WRITE: __atomic_fetch_or(address, 0, __ATOMIC_RELAXED); break;
		case EXECUTE: ((void (*)(void))address)(); break;
		}
	}
	for (int i = 0; i < 4; i++)
		sigaction(signals[i], &old[i], NULL);
	return seen.si_signo;
}

bool faults(char *address, enum access access)
{
	return access_byte(address, access) != 0;
}

static void put_fault(void)
{
	const int code = seen.si_code;

	switch (seen.si_signo) {
	case 0: printf("well"); return;
	case SIGSEGV:
		printf("SIGSEGV %s", code == SEGV_MAPERR   ? "MAPERR"
				     : code == SEGV_ACCERR ? "ACCERR"
				     : code == SI_KERNEL   ? "KERNEL"
							   : "?");
		break;
	case SIGBUS:
		printf("SIGBUS %s", code == BUS_ADRERR   ? "ADRERR"
				    : code == BUS_ADRALN ? "ADRALN"
							 : "?");
		break;
	default: printf("signal %d code %d", seen.si_signo, code);
	}
	printf(" at ");
	if ((uintptr_t)seen.si_addr < 1UL << 32)
		printf("%#lx", (unsigned long)seen.si_addr);
	else
		put_address(seen.si_addr);
}

void touch_(const char *what, char *address, enum access access)
{
	access_byte(address, access);
	printf("touch %s: ", what);
	put_fault();
	printf("\n");
}

void touch_all_(const char *what, char *address)
{
	static const char *const names[] = {"read", "write", "execute"};

	printf("touch %s:", what);
	for (int access = READ; access <= WRITE; access++) {
		access_byte(address, access);
		printf("%s %s ", access ? "," : "", names[access]);
		put_fault();
	}
	if (!faults(address, WRITE))
		*(volatile unsigned char *)address = 0xc3; /* ret */
	access_byte(address, EXECUTE);
	printf(", %s ", names[EXECUTE]);
	put_fault();
	printf("\n");
}

void bytes(long first, long n)
{
	printf("  bytes %ld-%ld: ", first, first + n);
	for (long i = first; i < first + n; i++) {
		if (faults(at(i), READ))
			putchar('?');
		else
			putchar(*at(i) ? *at(i) : '.');
	}
	printf("\n");
}

void bytes_digest(long first, long n)
{
	uint32_t h = 2166136261u;

	if (full) {
		bytes(first, n);
		return;
	}
	for (long i = first; i < first + n; i++)
		h = hash(h, faults(at(i), READ) ? "?" : at(i), 1);
	say("  bytes #%08x", h);
}

/* --- help --- */

static void fill_file(int fd, long pages)
{
	char page[P];

	for (long i = 0; i < pages; i++) {
		memset(page, 'a' + i % 26, sizeof(page));
		write(fd, page, sizeof(page));
	}
	sys3(SYS_lseek, fd, 0, SEEK_SET);
}

int file_opened(long pages, int flags)
{
	const char *name = "/tmp/file";
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC), other;

	if (fd < 0) {
		say("%s: %s", name, errno_name(-fd));
		return fd;
	}
	fill_file(fd, pages);
	if (flags != O_RDWR) {
		other = open(name, flags);
		close(fd);
		fd = other;
	}
	unlink(name);
	return fd;
}

int file_of(long pages)
{
	return file_opened(pages, O_RDWR);
}

int memory_file(long pages, unsigned flags)
{
	const int fd = memfd_create("memory", flags);

	fill_file(fd, pages);
	return fd;
}

void anon(long page, long pages, int protection)
{
	const long got = mmap(at(page), pages * P, protection, FIXED_ANON, -1, 0);

	if (got != (long)at(page))
		result(got, "mapping %ld-%ld", page, page + pages);
}

void fill(long page, long pages)
{
	for (long i = 0; i < pages; i++)
		*(volatile char *)at(page + i) = 'a' + i % 26;
}

static const char *signal_name(int signal)
{
	return signal == SIGSEGV   ? "SIGSEGV"
	       : signal == SIGBUS  ? "SIGBUS"
	       : signal == SIGKILL ? "SIGKILL"
	       : signal == SIGALRM ? "SIGALRM (it hung)"
	       : signal == SIGABRT ? "SIGABRT"
	       : signal == SIGILL  ? "SIGILL"
				   : "another signal";
}

static void wait_for(pid_t child, const char *who)
{
	int status = 0;

	while (sys4(SYS_wait4, child, &status, 0, 0) == -EINTR)
		;
	if (WIFSIGNALED(status))
		say("%s killed by %s", who, signal_name(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		say("%s ended with %d", who, WEXITSTATUS(status));
}

void in_child(void (*body)(void))
{
	fflush(stdout);
	const pid_t child = fork();

	if (child == 0) {
		body();
		fflush(stdout);
		_exit(0);
	}
	if (child < 0)
		say("fork: %s", errno_name(errno));
	else
		wait_for(child, "child");
}

void be_nobody(void)
{
	sys3(SYS_setresgid, 65534, 65534, 65534);
	sys3(SYS_setresuid, 65534, 65534, 65534);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* so that /proc/self stays ours */
}

void limit(int which, unsigned long value)
{
	const struct rlimit limit = {value, value};
	const long error = setrlimit(which, &limit);

	if (error)
		say("limit %d: %s", which, errno_name(-error));
}

static const char *sysctl_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	return path;
}

void sysctl(const char *name, const char *value)
{
	const long fd = open(sysctl_path(name), O_WRONLY);
	long error = fd;

	if (fd >= 0) {
		error = write(fd, value, strlen(value));
		close(fd);
	}
	if (error < 0)
		say("sysctl %s: %s", name, errno_name(-error));
}

long sysctl_number(const char *name)
{
	const char *value = read_file(sysctl_path(name));

	return value ? strtol(value, NULL, 10) : -1;
}

/* --- running --- */

/* "tests/compare/mmap.c" and "fixed" are "mmap/fixed". */
static const char *full_name(const struct compare_case *c)
{
	static char name[128];
	const char *file = strrchr(c->file, '/') + 1;

	snprintf(name, sizeof(name), "%.*s/%s", (int)strcspn(file, "."), file, c->name);
	return name;
}

static int by_place(const void *a, const void *b)
{
	const struct compare_case *x = a, *y = b;
	const int order = strcmp(x->file, y->file);

	return order ? order : x->line - y->line;
}

static bool chosen(const char *name, char **names)
{
	for (; *names; names++) {
		const size_t length = strlen(*names);

		if (!strncmp(name, *names, length) && (!name[length] || name[length] == '/'))
			return true;
	}
	return false;
}

static void run_case(const struct compare_case *c)
{
	printf("== %s\n", full_name(c));
	fflush(stdout);
	const pid_t child = fork();

	if (child == 0) {
		setpgid(0, 0);
		alarm(20);
		c->run();
		fflush(stdout);
		_exit(0);
	}
	wait_for(child, "the case was");
	printf("== end\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const unsigned n = __stop_cases - __start_cases;
	const bool call = argc > 2 && !strcmp(argv[1], "--call");
	bool after = argc > 2 && !strcmp(argv[1], "--after");
	struct compare_case *cases = malloc(n * sizeof(*cases));

	if (argc > 1 && !strcmp(argv[1], "--full")) {
		full = true;
		argc--;
		argv++;
	}
	setvbuf(stdout, line_buffer, _IOLBF, sizeof(line_buffer));
	memcpy(cases, __start_cases, n * sizeof(*cases));
	qsort(cases, n, sizeof(*cases), by_place);
	for (unsigned i = 0; i < n; i++) {
		const char *name = full_name(&cases[i]);

		if (call && !strcmp(name, argv[2]))
			return cases[i].run(), fflush(stdout), 0;
		if (after)
			after = strcmp(name, argv[2]) != 0;
		else if (argc < 2 || !strcmp(argv[1], "--after") || chosen(name, argv + 1))
			run_case(&cases[i]);
	}
	return 0;
}
