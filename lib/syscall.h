/*
 * System calls register themselves: SYSCALLn(name, type, arg, ...) { body } puts an
 * entry into the table by its number from the distribution's <asm/unistd.h>, on
 * whatever floor it stands.  Results are negative errnos, as ever.
 */
#pragma once

#include "lib/types.h"
#include <asm/unistd.h>

typedef long (*syscall_fn)(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
			   unsigned long e, unsigned long f);

struct syscall_entry {
	syscall_fn fn;
	const char *name;
	unsigned nr;
};

#define SYSCALL_ENTRY(call)                                                \
	static const struct syscall_entry syscall_entry_##call             \
		__attribute__((section("syscalls"), used, aligned(8))) = { \
			.fn = entry_##call, .name = #call, .nr = __NR_##call};

#define SYSCALL0(name)                                                              \
	static long sys_##name(void);                                               \
	static long entry_##name(unsigned long a, unsigned long b, unsigned long c, \
				 unsigned long d, unsigned long e, unsigned long f) \
	{                                                                           \
		return sys_##name();                                                \
	}                                                                           \
	SYSCALL_ENTRY(name)                                                         \
	static long sys_##name(void)
#define SYSCALL1(name, t1, n1)                                                      \
	static long sys_##name(t1 n1);                                              \
	static long entry_##name(unsigned long a, unsigned long b, unsigned long c, \
				 unsigned long d, unsigned long e, unsigned long f) \
	{                                                                           \
		return sys_##name((t1)a);                                           \
	}                                                                           \
	SYSCALL_ENTRY(name)                                                         \
	static long sys_##name(t1 n1)
#define SYSCALL2(name, t1, n1, t2, n2)                                              \
	static long sys_##name(t1 n1, t2 n2);                                       \
	static long entry_##name(unsigned long a, unsigned long b, unsigned long c, \
				 unsigned long d, unsigned long e, unsigned long f) \
	{                                                                           \
		return sys_##name((t1)a, (t2)b);                                    \
	}                                                                           \
	SYSCALL_ENTRY(name)                                                         \
	static long sys_##name(t1 n1, t2 n2)
#define SYSCALL3(name, t1, n1, t2, n2, t3, n3)                                      \
	static long sys_##name(t1 n1, t2 n2, t3 n3);                                \
	static long entry_##name(unsigned long a, unsigned long b, unsigned long c, \
				 unsigned long d, unsigned long e, unsigned long f) \
	{                                                                           \
		return sys_##name((t1)a, (t2)b, (t3)c);                             \
	}                                                                           \
	SYSCALL_ENTRY(name)                                                         \
	static long sys_##name(t1 n1, t2 n2, t3 n3)
#define SYSCALL4(name, t1, n1, t2, n2, t3, n3, t4, n4)                              \
	static long sys_##name(t1 n1, t2 n2, t3 n3, t4 n4);                         \
	static long entry_##name(unsigned long a, unsigned long b, unsigned long c, \
				 unsigned long d, unsigned long e, unsigned long f) \
	{                                                                           \
		return sys_##name((t1)a, (t2)b, (t3)c, (t4)d);                      \
	}                                                                           \
	SYSCALL_ENTRY(name)                                                         \
	static long sys_##name(t1 n1, t2 n2, t3 n3, t4 n4)
#define SYSCALL5(name, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                      \
	static long sys_##name(t1 n1, t2 n2, t3 n3, t4 n4, t5 n5);                  \
	static long entry_##name(unsigned long a, unsigned long b, unsigned long c, \
				 unsigned long d, unsigned long e, unsigned long f) \
	{                                                                           \
		return sys_##name((t1)a, (t2)b, (t3)c, (t4)d, (t5)e);               \
	}                                                                           \
	SYSCALL_ENTRY(name)                                                         \
	static long sys_##name(t1 n1, t2 n2, t3 n3, t4 n4, t5 n5)
#define SYSCALL6(name, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)              \
	static long sys_##name(t1 n1, t2 n2, t3 n3, t4 n4, t5 n5, t6 n6);           \
	static long entry_##name(unsigned long a, unsigned long b, unsigned long c, \
				 unsigned long d, unsigned long e, unsigned long f) \
	{                                                                           \
		return sys_##name((t1)a, (t2)b, (t3)c, (t4)d, (t5)e, (t6)f);        \
	}                                                                           \
	SYSCALL_ENTRY(name)                                                         \
	static long sys_##name(t1 n1, t2 n2, t3 n3, t4 n4, t5 n5, t6 n6)
