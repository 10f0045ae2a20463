/*
 * What the cases of the comparator are written with (tests/compare).
 *
 * A case does something and prints what the kernel answered; it expects nothing. The same
 * program runs on Linux 6.1, whose answers are kept in golden/, and on Pagoda, and the two are
 * compared line by line. So whatever a case prints must be the same in every run:
 *
 * - System calls are made as the kernel has them, without a C library in between: the
 *   macros below return -errno.
 * - What is mapped is mapped in the arena, a range that nothing else uses, and addresses
 *   in it are printed by its pages: A+3, or A+3:0x10 for a byte inside a page.
 * - Each case runs in a process of its own, so limits, locks and areas end with it.
 *
 * A case is written as
 *
 *	CASE(anonymous_private)
 *	{
 *		show(mmap(at(0), 3 * P, RW, FIXED_ANON, -1, 0));
 *		maps();
 *	}
 *
 * and prints (FILE is the name of its source file)
 *
 *	== FILE/anonymous_private
 *	mmap(at(0), 3 * P, RW, FIXED_ANON, -1, 0) = A+0
 *	  maps [0-3 rw-p]
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the arena --- */
#define P           4096UL
#define ARENA_PAGES 0x100000UL
#define A           ((char *)0x100000000000)
#define at(page)    (A + (long)(page) * (long)P)

#define R           PROT_READ
#define W           PROT_WRITE
#define X           PROT_EXEC
#define RW          (PROT_READ | PROT_WRITE)
#define RX          (PROT_READ | PROT_EXEC)
#define RWX         (PROT_READ | PROT_WRITE | PROT_EXEC)
#define NONE        PROT_NONE
#define PRIVATE     MAP_PRIVATE
#define SHARED      MAP_SHARED
#define FIXED       MAP_FIXED
#define ANON        (MAP_PRIVATE | MAP_ANONYMOUS)
#define FIXED_ANON  (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
#define FIXED_SHM   (MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED)

/* --- cases --- */
struct compare_case {
	const char *file;
	int line;
	const char *name;
	void (*run)(void);
};

#define CASE(name)                                                                   \
	static void name(void);                                                      \
	static const struct compare_case name##_case                                 \
		__attribute__((section("cases"), used, aligned(sizeof(void *)))) = { \
			__FILE__, __LINE__, #name, name};                            \
	static void name(void)

/* --- system calls: the value, or -errno --- */
#define sys6(n, a, b, c, d, e, f) \
	raw_call(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define sys5(n, a, b, c, d, e) sys6(n, a, b, c, d, e, 0)
#define sys4(n, a, b, c, d)    sys6(n, a, b, c, d, 0, 0)
#define sys3(n, a, b, c)       sys6(n, a, b, c, 0, 0, 0)
#define sys2(n, a, b)          sys6(n, a, b, 0, 0, 0, 0)
#define sys1(n, a)             sys6(n, a, 0, 0, 0, 0, 0)
#define sys0(n)                sys6(n, 0, 0, 0, 0, 0, 0)

static inline long raw_call(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define mmap(address, length, protection, flags, fd, offset) \
	sys6(SYS_mmap, address, length, protection, flags, fd, offset)
#define munmap(address, length)               sys2(SYS_munmap, address, length)
#define mprotect(address, length, protection) sys3(SYS_mprotect, address, length, protection)
#define mremap(address, length, new_length, flags, place) \
	sys5(SYS_mremap, address, length, new_length, flags, place)
#define madvise(address, length, advice)  sys3(SYS_madvise, address, length, advice)
#define mincore(address, length, answers) sys3(SYS_mincore, address, length, answers)
#define msync(address, length, flags)     sys3(SYS_msync, address, length, flags)
#define mlock(address, length)            sys2(SYS_mlock, address, length)
#define mlock2(address, length, flags)    sys3(SYS_mlock2, address, length, flags)
#define munlock(address, length)          sys2(SYS_munlock, address, length)
#define mlockall(flags)                   sys1(SYS_mlockall, flags)
#define munlockall()                      sys0(SYS_munlockall)
#define remap_file_pages(address, length, protection, page, flags) \
	sys5(SYS_remap_file_pages, address, length, protection, page, flags)
#define memfd_create(name, flags)        sys2(SYS_memfd_create, name, flags)
#define brk(address)                     sys1(SYS_brk, address)
#define open(path, flags, ...)           sys3(SYS_open, path, flags, 0600)
#define close(fd)                        sys1(SYS_close, fd)
#define read(fd, to, bytes)              sys3(SYS_read, fd, to, bytes)
#define write(fd, from, bytes)           sys3(SYS_write, fd, from, bytes)
#define pread(fd, to, bytes, offset)     sys4(SYS_pread64, fd, to, bytes, offset)
#define pwrite(fd, from, bytes, offset)  sys4(SYS_pwrite64, fd, from, bytes, offset)
#define ftruncate(fd, size)              sys2(SYS_ftruncate, fd, size)
#define fallocate(fd, mode, offset, len) sys4(SYS_fallocate, fd, mode, offset, len)
#define unlink(path)                     sys1(SYS_unlink, path)
#define getrlimit(which, limit)          sys4(SYS_prlimit64, 0, which, 0, limit)
#define setrlimit(which, limit)          sys4(SYS_prlimit64, 0, which, limit, 0)

/* --- what is printed --- */
/* The call's text and its result. */
#define show(call)                       result((long)(call), "%s", #call)
/* A text in printf's way, and a result: for calls in loops. Gives the result. */
long result(long value, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line of text. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *errno_name(int error);

/* The areas in the arena: pages, permissions, and the name and offset of a file. */
void maps(void);
/*
 * What they come to, in a number: for cases of many steps, whose golden files would be large.
 * `compare --full CASE` (compare.py show) prints the areas themselves.
 */
void maps_digest(void);
/* The same of what n pages hold, each as bytes() shows it. */
void bytes_digest(long first, long n);
/* A heading and the same. */
#define maps_after(call) (result((long)(call), "%s", #call), maps())
/* The same with VmFlags from smaps. */
void vm_flags(void);
/* The sum of a number in smaps ("Rss") over the areas in the arena that begin in [from, to). */
void smaps(const char *key, long from, long to);
/* A number in /proc/self/status ("VmLck") or its change since `from`. */
long status_number(const char *key);
void status(const char *key);
/* Which of the pages [first, first + n) are in memory by mincore: "101". */
void in_core(long first, long n);
/* The first byte of each of n pages as it is read: "ab." where it is 'a', 'b', 0; "?": a fault. */
void bytes(long first, long n);

/* --- faults --- */
enum access { READ, WRITE, EXECUTE };
/* Accesses a byte and prints the siginfo of the signal that this gives. */
void touch_(const char *text, char *address, enum access access);
#define touch(address, access) touch_(#address ", " #access, address, access)
/* Reads, writes and executes it. */
void touch_all_(const char *text, char *address);
#define touch_all(address) touch_all_(#address, address)
/* Whether an access would fault, without a word. */
bool faults(char *address, enum access access);

/* --- help --- */
/* A file of n pages in /tmp, without a name, its pages filled with 'a', 'b', ... : its fd. */
int file_of(long pages);
/* The same opened in another way (O_RDONLY). */
int file_opened(long pages, int flags);
/* memfd with n pages, filled likewise. */
int memory_file(long pages, unsigned flags);
/* Maps n pages in the arena, anonymous and private, without a word. */
void anon(long page, long pages, int protection);
/* Writes a letter to the start of each of n pages: 'a' to the first. */
void fill(long page, long pages);
/* Runs it in a child, waits and prints what became of it unless it ended with 0. */
void in_child(void (*body)(void));
/* Without CAP_IPC_LOCK, CAP_SYS_ADMIN, CAP_SYS_RESOURCE, ...: as nobody. */
void be_nobody(void);
/* Both limits. */
void limit(int which, unsigned long value);
/* Writes to a file in /proc/sys; prints the error if there is one. */
void sysctl(const char *name, const char *value);
long sysctl_number(const char *name);
