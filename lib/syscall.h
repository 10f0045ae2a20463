/*
 * System calls register themselves: SYSCALLn(name, type, arg, ...) { body } puts an
 * entry into the table by its number from the distribution's <asm/unistd.h>, on
 * whatever floor it stands.  Results are negative errnos, as ever.
 */
#pragma once

#include "lib/types.h"
#include "machine/syscalls.h" /* the numbers */

typedef long (*syscall_fn)(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
			   unsigned long e, unsigned long f);

struct syscall_entry {
	syscall_fn fn; /* NULL: the one of call same_as */
	const char *name;
	unsigned nr, same_as;
};

/* A 64-bit argument that begins with the word `low`; `high` is the next word. */
#define CALL_S64(low, high) ((s64)(sizeof(long) == 8 ? (u64)(low) : (u32)(low) | (u64)(high) << 32))
/* The second of two: of the words behind the first one's first. */
#define CALL_NEXT_S64(second, third, fourth) \
	(sizeof(long) == 8 ? (s64)(second) : CALL_S64(third, fourth))

/* A second number for the same call. */
#define SYSCALL_ALIAS(alias, call)                                                    \
	static const struct syscall_entry syscall_entry_##alias                       \
		__attribute__((section("syscalls"), used, aligned(sizeof(long)))) = { \
			.name = #alias, .nr = __NR_##alias, .same_as = __NR_##call};

#define SYSCALL_ENTRY(call)                                                           \
	static const struct syscall_entry syscall_entry_##call                        \
		__attribute__((section("syscalls"), used, aligned(sizeof(long)))) = { \
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
		return sys_##name((t1)(long)a);                                     \
	}                                                                           \
	SYSCALL_ENTRY(name)                                                         \
	static long sys_##name(t1 n1)
#define SYSCALL2(name, t1, n1, t2, n2)                                              \
	static long sys_##name(t1 n1, t2 n2);                                       \
	static long entry_##name(unsigned long a, unsigned long b, unsigned long c, \
				 unsigned long d, unsigned long e, unsigned long f) \
	{                                                                           \
		return sys_##name((t1)(long)a, (t2)(long)b);                        \
	}                                                                           \
	SYSCALL_ENTRY(name)                                                         \
	static long sys_##name(t1 n1, t2 n2)
#define SYSCALL3(name, t1, n1, t2, n2, t3, n3)                                      \
	static long sys_##name(t1 n1, t2 n2, t3 n3);                                \
	static long entry_##name(unsigned long a, unsigned long b, unsigned long c, \
				 unsigned long d, unsigned long e, unsigned long f) \
	{                                                                           \
		return sys_##name((t1)(long)a, (t2)(long)b, (t3)(long)c);           \
	}                                                                           \
	SYSCALL_ENTRY(name)                                                         \
	static long sys_##name(t1 n1, t2 n2, t3 n3)
#define SYSCALL4(name, t1, n1, t2, n2, t3, n3, t4, n4)                                 \
	static long sys_##name(t1 n1, t2 n2, t3 n3, t4 n4);                            \
	static long entry_##name(unsigned long a, unsigned long b, unsigned long c,    \
				 unsigned long d, unsigned long e, unsigned long f)    \
	{                                                                              \
		return sys_##name((t1)(long)a, (t2)(long)b, (t3)(long)c, (t4)(long)d); \
	}                                                                              \
	SYSCALL_ENTRY(name)                                                            \
	static long sys_##name(t1 n1, t2 n2, t3 n3, t4 n4)
#define SYSCALL5(name, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                        \
	static long sys_##name(t1 n1, t2 n2, t3 n3, t4 n4, t5 n5);                    \
	static long entry_##name(unsigned long a, unsigned long b, unsigned long c,   \
				 unsigned long d, unsigned long e, unsigned long f)   \
	{                                                                             \
		return sys_##name((t1)(long)a, (t2)(long)b, (t3)(long)c, (t4)(long)d, \
				  (t5)(long)e);                                       \
	}                                                                             \
	SYSCALL_ENTRY(name)                                                           \
	static long sys_##name(t1 n1, t2 n2, t3 n3, t4 n4, t5 n5)
#define SYSCALL6(name, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                             \
	static long sys_##name(t1 n1, t2 n2, t3 n3, t4 n4, t5 n5, t6 n6);                          \
	static long entry_##name(unsigned long a, unsigned long b, unsigned long c,                \
				 unsigned long d, unsigned long e, unsigned long f)                \
	{                                                                                          \
		return sys_##name((t1)(long)a, (t2)(long)b, (t3)(long)c, (t4)(long)d, (t5)(long)e, \
				  (t6)(long)f);                                                    \
	}                                                                                          \
	SYSCALL_ENTRY(name)                                                                        \
	static long sys_##name(t1 n1, t2 n2, t3 n3, t4 n4, t5 n5, t6 n6)
