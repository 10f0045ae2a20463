/*
 * The kernel's code in a program of i386, and the door for system calls behind it: SYSENTER, where the
 * CPU has it.
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <execinfo.h>
#endif

#include "lib/check.h"

#define PAGE    4096
#define FLAG_TF 0x100
#define FLAG_DF 0x400
#define FLAG_NT 0x4000
#define FLAG_AC 0x40000
#define FLAG_ID 0x200000

/* eax, and the arguments: ebx, ecx, edx, esi, edi, ebp. They go in and come out again. */
struct call {
	long ax, bx, cx, dx, si, di, bp;
	unsigned long flags; /* to be set before; what they were after */
};

/* Call `entry` with all that in registers. */
void call_by(const void *entry, struct call *call);
/* What AT_SYSINFO's code does, with SYSENTER in this program; and INT 0x80. Entries for call_by(). */
extern const char raw_sysenter[], by_int80[], stepped_end[];
/* SYSENTER with this ebp, and esp on the alternate stack's end: does not come back. */
_Noreturn void sysenter_at(unsigned long bp, long nr);

__asm__(".text\n"
	"call_by:\n"
	"	push %ebp; push %ebx; push %esi; push %edi\n"
	"	push 20(%esp)\n" /* entry */
	"	mov 28(%esp), %ebp\n"
	"	push 28(%ebp)\n"
	"	mov (%ebp), %eax\n"
	"	mov 4(%ebp), %ebx\n"
	"	mov 8(%ebp), %ecx\n"
	"	mov 12(%ebp), %edx\n"
	"	mov 16(%ebp), %esi\n"
	"	mov 20(%ebp), %edi\n"
	"	mov 24(%ebp), %ebp\n"
	"	popf\n"
	"	call *(%esp)\n"
	"stepped_end:\n"
	"	pushf\n"
	"	push $2\n"
	"	popf\n"
	"	push %ebp\n"
	"	mov 36(%esp), %ebp\n"
	"	pop 24(%ebp)\n"
	"	pop 28(%ebp)\n"
	"	mov %eax, (%ebp)\n"
	"	mov %ebx, 4(%ebp)\n"
	"	mov %ecx, 8(%ebp)\n"
	"	mov %edx, 12(%ebp)\n"
	"	mov %esi, 16(%ebp)\n"
	"	mov %edi, 20(%ebp)\n"
	"	add $4, %esp\n"
	"	pop %edi; pop %esi; pop %ebx; pop %ebp\n"
	"	ret\n"
	"by_int80:\n"
	"	int $0x80\n"
	"	ret\n"
	"raw_sysenter:\n"
	"	push %ecx; push %edx; push %ebp\n"
	"	mov %esp, %ebp\n"
	"	sysenter\n"
	"	ud2\n"
	"sysenter_at:\n"
	"	mov 4(%esp), %ebp\n"
	"	mov 8(%esp), %eax\n"
	"	sysenter\n"
	"	ud2\n");

static const char *image;   /* AT_SYSINFO_EHDR */
static const void *sysinfo; /* AT_SYSINFO */
static const char *sigreturn_at, *rt_sigreturn_at;

static long by(const void *entry, long nr, long a, long b, long c, long d, long e, long f)
{
	struct call call = {nr, a, b, c, d, e, f, 0x202}, before = call;

	call_by(entry, &call);
	expect(!memcmp(&call.bx, &before.bx, 6 * sizeof(long)));
	return call.ax;
}

static bool has_sysenter(void)
{
	unsigned a = 1, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return d >> 11 & 1;
}

static void sysenter_needed(void)
{
	if (!has_sysenter())
		skip("the CPU has no SYSENTER");
}

/* --- the file --- */

static const void *dynamic(int tag)
{
	const Elf32_Ehdr *header = (const void *)image;
	const Elf32_Phdr *ph = (const void *)(image + header->e_phoff);
	const Elf32_Dyn *d;

	while (ph->p_type != PT_DYNAMIC)
		ph++;
	for (d = (const void *)(image + ph->p_vaddr); d->d_tag != DT_NULL; d++)
		if (d->d_tag == tag)
			return image + d->d_un.d_ptr;
	fail("no tag %d", tag);
}

/* Of version LINUX_2.5. */
static const char *symbol(const char *name)
{
	const Elf32_Word *hash = dynamic(DT_HASH);
	const Elf32_Sym *table = dynamic(DT_SYMTAB);
	const char *strings = dynamic(DT_STRTAB);
	const Elf32_Versym *versions = dynamic(DT_VERSYM);

	for (Elf32_Word i = 1; i < hash[1]; i++) {
		const Elf32_Verdef *def = dynamic(DT_VERDEF);

		if (strcmp(strings + table[i].st_name, name))
			continue;
		expect_equal(ELF32_ST_TYPE(table[i].st_info), STT_FUNC);
		while (def->vd_ndx != (versions[i] & 0x7fff))
			def = (const void *)((const char *)def + def->vd_next);
		expect_string(strings + ((const Elf32_Verdaux *)((const char *)def + def->vd_aux))
						->vda_name,
			      "LINUX_2.5");
		return image + table[i].st_value;
	}
	fail("no symbol %s", name);
}

static void the_file(void)
{
	const Elf32_Ehdr *header = (const void *)image;

	expect(image);
	expect(!memcmp(header->e_ident, ELFMAG, SELFMAG));
	expect_equal(header->e_ident[EI_CLASS], ELFCLASS32);
	expect_equal(header->e_type, ET_DYN);
	expect_equal(header->e_machine, EM_386);
	expect(sysinfo == image + header->e_entry);
	expect(sysinfo == symbol("__kernel_vsyscall"));
	sigreturn_at = symbol("__kernel_sigreturn");
	rt_sigreturn_at = symbol("__kernel_rt_sigreturn");
}

/* Its area: the end, and is there one? */
static unsigned long area_end(const char *start)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[256], rights[8];
	unsigned long from, to, found = 0;

	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3 &&
		    from == (unsigned long)start && strstr(line, "[vdso]\n")) {
			expect_string(rights, "r-xp");
			found = to;
		}
	fclose(maps);
	return found;
}

static void in_maps(void)
{
	expect(area_end(image) > (unsigned long)image);
	expect(area_end(image) <= (unsigned long)image + 4 * PAGE);
}

/* --- calls --- */

static void arguments(void)
{
	char *page =
		must(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	int fd = must(syscall(SYS_memfd_create, "six", 0));
	long at;

	expect_equal(by(sysinfo, SYS_getppid, 1, 2, 3, 4, 5, 6), getppid());
	expect_equal(by(sysinfo, SYS_close, -1, 2, 3, 4, 5, 6), -EBADF);
	expect_equal(by(sysinfo, SYS_dup2, 1, -1, 3, 4, 5, 6), -EBADF);
	expect_equal(by(sysinfo, SYS_write, fd, (long)"abcd", 4, 4, 5, 6), 4);
	expect_equal(by(sysinfo, SYS_pread64, fd, (long)page, 3, 1, 0, 6), 3);
	expect_string(page, "bcd");
	must(pwrite(fd, "third", 5, 3 * PAGE));
	at = by(sysinfo, SYS_mmap2, 0, PAGE, PROT_READ, MAP_SHARED, fd, 3);
	expect_string((char *)at, "third");
	must(munmap((void *)at, PAGE));
	expect_equal(by(sysinfo, 5000, 1, 2, 3, 4, 5, 6), -ENOSYS);
	expect_equal(by(sysinfo, -1, 1, 2, 3, 4, 5, 6), -ENOSYS);
	must(close(fd));
	must(munmap(page, PAGE));
}

/* From here it enters, and comes back to the vDSO, which returns to who called. */
static void from_elsewhere(void)
{
	sysenter_needed();
	expect_equal(by(raw_sysenter, SYS_getppid, 1, 2, 3, 4, 5, 6), getppid());
	expect_equal(by(raw_sysenter, SYS_close, -1, 2, 3, 4, 5, 6), -EBADF);
}

/* Flags that a gate of the IDT clears are no trouble to the kernel, and are there afterwards. */
static void flags_kept(void)
{
	static const unsigned long flags[] = {FLAG_DF, FLAG_NT, FLAG_AC, FLAG_ID,
					      FLAG_DF | FLAG_NT | FLAG_AC | FLAG_ID};

	for (unsigned i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		for (unsigned n = 0; n < 3; n++) {
			struct call call = {.ax = n ? SYS_sched_yield : SYS_getppid,
					    .flags = flags[i] | 0x202};

			call_by(sysinfo, &call);
			expect_equal(call.ax, n ? 0 : getppid());
			expect_equal(call.flags & (FLAG_DF | FLAG_NT | FLAG_AC | FLAG_ID),
				     flags[i]);
		}
}

/* --- the sixth argument is on the stack, and the stack is nowhere --- */

static sigjmp_buf back;
static volatile long ax_then;
static const char *volatile ip_then;

static void look_at_fault(int number, siginfo_t *info, void *context)
{
	const ucontext_t *u = context;

	(void)number;
	(void)info;
	ax_then = u->uc_mcontext.gregs[REG_EAX];
	ip_then = (const char *)u->uc_mcontext.gregs[REG_EIP];
	siglongjmp(back, 1);
}

static void no_stack(void)
{
	static char stack[64 << 10];
	static const struct sigaction action = {.sa_sigaction = look_at_fault,
						.sa_flags = SA_SIGINFO | SA_ONSTACK};
	const stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
	char *page = must(mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	const unsigned long places[] = {(unsigned long)page, 8,          0xc0100000,
					0xbffffffe,          0xfffffffe, 0xfffffffc};

	sysenter_needed();
	must(sigaltstack(&alternative, NULL));
	must(sigaction(SIGSEGV, &action, NULL));
	for (unsigned i = 0; i < sizeof(places) / sizeof(*places); i++) {
		ax_then = 0;
		if (!sigsetjmp(back, 1))
			sysenter_at(places[i], SYS_getppid);
		expect_equal(ax_then, -EFAULT);
		expect(ip_then >= image && ip_then < image + PAGE);
	}
	signal(SIGSEGV, SIG_DFL);
	must(munmap(page, PAGE));
}

/* --- signals --- */

static volatile int signals;
static const char *volatile signal_ip;

static void count(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	signal_ip = (const char *)((ucontext_t *)context)->uc_mcontext.gregs[REG_EIP];
	signals++;
}

static struct waiter {
	int word, tid;
	volatile long result;
} waiter;

static void *wait_for_bits(void *arg)
{
	(void)arg;
	waiter.tid = gettid();
	waiter.result =
		by(sysinfo, SYS_futex, (long)&waiter.word, FUTEX_WAIT_BITSET, 0, 0, 0, 0x10);
	return NULL;
}

static int wake(int bits)
{
	return syscall(SYS_futex, &waiter.word, FUTEX_WAKE_BITSET, 9, NULL, NULL, bits);
}

/* A thread that waits by six arguments gets a signal; `flags` are those of the handler. */
static pthread_t interrupted_waiter(int flags)
{
	struct sigaction action = {.sa_sigaction = count, .sa_flags = SA_SIGINFO | flags};
	pthread_t thread;

	must(sigaction(SIGUSR1, &action, NULL));
	waiter = (struct waiter){.result = 1};
	signals = 0;
	expect_equal(pthread_create(&thread, NULL, wait_for_bits, NULL), 0);
	usleep(50000);
	must(syscall(SYS_tgkill, getpid(), waiter.tid, SIGUSR1));
	usleep(50000);
	expect_equal(signals, 1);
	return thread;
}

static void restarted(void)
{
	pthread_t thread = interrupted_waiter(SA_RESTART);

	expect_equal(waiter.result, 1);
	expect(signal_ip > image && signal_ip < image + PAGE);
	expect(!memcmp(signal_ip, "\xcd\x80", 2));
	expect_equal(wake(0x20), 0);
	expect_equal(wake(0x10), 1);
	pthread_join(thread, NULL);
	expect_equal(waiter.result, 0);
}

static void not_restarted(void)
{
	pthread_join(interrupted_waiter(0), NULL);
	expect_equal(waiter.result, -EINTR);
}

static const char *volatile returns_to;

static void plain_handler(int number)
{
	(void)number;
	returns_to = __builtin_return_address(0);
}

static void info_handler(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	returns_to = __builtin_return_address(0);
}

/* As the kernel takes it; the restorer is not one, and SA_RESTORER is not said. */
static void handle_raw(int number, void *handler, unsigned long flags)
{
	const struct {
		void *handler;
		unsigned long flags;
		long restorer;
		unsigned long mask[2];
	} action = {handler, flags, 16, {0, 0}};
	struct call call = {
		.ax = SYS_rt_sigaction, .bx = number, .cx = (long)&action, .si = 8, .flags = 0x202};

	call_by(by_int80, &call);
	expect_equal(call.ax, 0);
}

static void raise_raw(int number)
{
	struct call call = {.ax = SYS_getpid, .flags = 0x202};

	call_by(by_int80, &call);
	call.bx = call.ax;
	call.ax = SYS_kill;
	call.cx = number;
	call_by(by_int80, &call);
	expect_equal(call.ax, 0);
}

static void no_restorer(void)
{
	handle_raw(SIGUSR2, plain_handler, 0);
	raise_raw(SIGUSR2);
	expect(returns_to == sigreturn_at);
	handle_raw(SIGUSR2, info_handler, SA_SIGINFO);
	raise_raw(SIGUSR2);
	expect(returns_to == rt_sigreturn_at);
}

/* An unwinder finds its way through the frame of a handler. */
#ifdef __GLIBC__
static void *calls[32];
static volatile int nr_calls;

static void look_back(int number)
{
	(void)number;
	nr_calls = backtrace(calls, 32);
}

static __attribute__((noinline)) void in_between(void)
{
	raise(SIGUSR2);
	__asm__ volatile("" ::: "memory");
}

static void unwound(void)
{
	for (int flags = 0; flags <= SA_SIGINFO; flags += SA_SIGINFO) {
		unsigned long start = (unsigned long)in_between;
		bool found = false;

		nr_calls = 0;
		handle_raw(SIGUSR2, look_back, flags);
		in_between();
		for (int i = 0; i < nr_calls; i++)
			found |= (unsigned long)calls[i] - start < 64;
		expect(found);
	}
}
#endif

/* --- step by step --- */

static const char *volatile steps[64];
static volatile int nr_steps;

static void step(int number, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	const char *ip = (const char *)u->uc_mcontext.gregs[REG_EIP];

	(void)number;
	(void)info;
	if (nr_steps < 64)
		steps[nr_steps++] = ip;
	if (ip == stepped_end)
		u->uc_mcontext.gregs[REG_EFL] &= ~FLAG_TF;
}

/* With TF set every instruction of the vDSO is followed by a SIGTRAP; the kernel's are not. */
static void stepped(void)
{
	struct sigaction action = {.sa_sigaction = step, .sa_flags = SA_SIGINFO};

	must(sigaction(SIGTRAP, &action, NULL));
	for (int n = 0; n < 3; n++) {
		struct call call = {.ax = SYS_getppid, .flags = FLAG_TF | 0x202};
		int in_image = 0;

		nr_steps = 0;
		call_by(sysinfo, &call);
		expect_equal(call.ax, getppid());
		expect(steps[nr_steps - 1] == stepped_end);
		for (int i = 0; i < nr_steps; i++) {
			if (steps[i] < image || steps[i] >= image + PAGE)
				continue;
			expect(!in_image++ || steps[i] > steps[i - 1]);
		}
		/* PUSH, PUSH, PUSH, MOV, SYSENTER with POP, POP, POP; RET is on the way out. */
		if (has_sysenter())
			expect_equal(in_image, 8);
	}
	signal(SIGTRAP, SIG_DFL);
}

/* --- threads, children --- */

static volatile bool enough;

static void *many_calls(void *arg)
{
	const pid_t parent = getppid();

	(void)arg;
	while (!enough)
		expect_equal(by(sysinfo, SYS_getppid, 1, 2, 3, 4, 5, 6), parent);
	return NULL;
}

static void threads_and_forks(void)
{
	pthread_t thread[2];

	enough = false;
	for (int i = 0; i < 2; i++)
		expect_equal(pthread_create(&thread[i], NULL, many_calls, NULL), 0);
	for (int i = 0; i < 50; i++) {
		int status;
		pid_t child = by(sysinfo, SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);

		if (!child)
			by(sysinfo, SYS_exit_group, area_end(image) ? 7 : 8, 0, 0, 0, 0, 0);
		expect(child > 0);
		must(waitpid(child, &status, 0));
		expect_equal(status, 7 << 8);
	}
	enough = true;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}

/* NMIs arrive in programs and at any instruction of the door. */
static void under_nmis(void)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY);
	pthread_t thread;

	if (fd < 0 || sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip("needs sysrq, and another CPU");
	enough = false;
	expect_equal(pthread_create(&thread, NULL, many_calls, NULL), 0);
	for (int i = 0; i < 30; i++) {
		must(write(fd, "l", 1));
		usleep(1000);
	}
	enough = true;
	pthread_join(thread, NULL);
	must(close(fd));
}

/* --- moved, and gone: in a child, since C libraries remember where it was --- */

static _Noreturn void end_raw(int status)
{
	struct call call = {.ax = SYS_exit_group, .bx = status, .flags = 0x202};

	call_by(by_int80, &call);
	__builtin_trap();
}

static void move_and_unmap(void) /* does not return */
{
	const unsigned long bytes = area_end(image) - (unsigned long)image;
	char *to = must(mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	const pid_t parent = getppid();
	struct call call = {.ax = SYS_mremap,
			    .bx = (long)image,
			    .cx = bytes,
			    .dx = bytes,
			    .si = MREMAP_MAYMOVE | MREMAP_FIXED,
			    .di = (long)to,
			    .flags = 0x202};

	call_by(by_int80, &call);
	if (call.ax != (long)to)
		end_raw(2);
	handle_raw(SIGUSR2, plain_handler, 0);
	raise_raw(SIGUSR2);
	if (returns_to != to + (sigreturn_at - image))
		end_raw(3);
	call = (struct call){.ax = SYS_getppid, .flags = 0x202};
	call_by(to + ((const char *)sysinfo - image), &call);
	if (call.ax != parent)
		end_raw(4);
	call = (struct call){.ax = SYS_munmap, .bx = (long)to, .cx = bytes, .flags = 0x202};
	call_by(by_int80, &call);
	end_raw(call.ax ? 5 : 0);
}

static void moved(void)
{
	expect_child_ok(move_and_unmap);
	expect(area_end(image));
}

int main(void)
{
	image = (const char *)getauxval(AT_SYSINFO_EHDR);
	sysinfo = (const void *)getauxval(AT_SYSINFO);
	run("the file", the_file);
	run("in maps", in_maps);
	run("arguments", arguments);
	run("from elsewhere", from_elsewhere);
	run("flags kept", flags_kept);
	run("no stack", no_stack);
	run("restarted", restarted);
	run("not restarted", not_restarted);
	run("no restorer", no_restorer);
#ifdef __GLIBC__
	run("unwound", unwound);
#endif
	run("stepped", stepped);
	run("threads and forks", threads_and_forks);
	run("under NMIs", under_nmis);
	run("moved", moved);
	return finish();
}
