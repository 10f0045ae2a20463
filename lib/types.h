/*
 * The words every file uses: fixed-width integers, alignment, error pointers,
 * and the few types that must not be mixed up.
 *
 * A physical address, a page-table entry and a user pointer are types of their
 * own: the compiler refuses to take one for another (user pointers: clang's
 * `noderef`).  A page frame number is the one plain integer, because frame
 * arithmetic is what the lower floors consist of.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* A page frame number: physical address divided by the page size. */
typedef unsigned long pfn_t;

/* A physical address in bytes. */
typedef struct {
	u64 v;
} phys_addr_t;
#define PHYS(x) ((phys_addr_t){(x)})

/* A pointer into the current program's memory; only uaccess.h looks through it. */
#if defined(__clang__) && !defined(PAGODA_SOFT)
#define __user __attribute__((noderef, address_space(1)))
#else
#define __user
#endif

#define likely(x)                      __builtin_expect(!!(x), 1)
#define unlikely(x)                    __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a)                  (sizeof(a) / sizeof((a)[0]))
#define BIT(n)                         (1UL << (n))
#define BIT_ULL(n)                     (1ULL << (n))
#define ALIGN_DOWN(x, a)               ((x) & ~((typeof(x))(a)-1))
#define ALIGN_UP(x, a)                 ALIGN_DOWN((x) + ((typeof(x))(a)-1), a)
#define IS_ALIGNED(x, a)               (((x) & ((typeof(x))(a)-1)) == 0)
#define DIV_ROUND_UP(n, d)             (((n) + (d)-1) / (d))
#define container_of(ptr, type, field) ((type *)((char *)(ptr)-offsetof(type, field)))

#define min(a, b)                              \
	({                                     \
		typeof(a) min_a = (a);         \
		typeof(b) min_b = (b);         \
		min_a < min_b ? min_a : min_b; \
	})
#define max(a, b)                              \
	({                                     \
		typeof(a) max_a = (a);         \
		typeof(b) max_b = (b);         \
		max_a > max_b ? max_a : max_b; \
	})
#define swap(a, b)                        \
	do {                              \
		typeof(a) swap_tmp = (a); \
		(a) = (b);                \
		(b) = swap_tmp;           \
	} while (0)

#undef __always_inline /* libc's headers have one too */
#define __packed             __attribute__((packed))
#define __aligned(n)         __attribute__((aligned(n)))
#define __cold               __attribute__((cold))
#define __noreturn           __attribute__((noreturn))
#define __noinline           __attribute__((noinline))
#define __always_inline      inline __attribute__((always_inline))
#define __must_check         __attribute__((warn_unused_result))
#define __printf(f, a)       __attribute__((format(printf, f, a)))
#define __section(s)         __attribute__((section(s)))
#define __used               __attribute__((used))
#define __maybe_unused       __attribute__((unused))
/* Reads what others write meanwhile, and means to: ThreadSanitizer shall not report it. */
#define __no_sanitize_thread __attribute__((no_sanitize("thread")))
#define fallthrough          __attribute__((fallthrough))
#define static_assert _Static_assert

/*
 * A pointer or a negative errno: the last 4095 addresses are never mapped, so
 * they carry -1 .. -4095.
 */
#define MAX_ERRNO 4095

static inline void *ERR_PTR(long err)
{
	return (void *)err;
}

static inline long PTR_ERR(const void *p)
{
	return (long)p;
}

/* An error pointer of another type. */
static inline void *ERR_CAST(const void *p)
{
	return (void *)p;
}

static inline bool IS_ERR(const void *p)
{
	return unlikely((unsigned long)p >= (unsigned long)-MAX_ERRNO);
}

static inline bool IS_ERR_VALUE(unsigned long v)
{
	return unlikely(v >= (unsigned long)-MAX_ERRNO);
}
