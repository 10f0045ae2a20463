/*
 * What clang's -Wthread-safety is told of locks (make check-threads); nothing to other compilers.
 *
 * A lock is a capability. A function says in its prototype which ones it takes, gives
 * back, or wants held; the analysis follows every way through every function and complains about
 * one that leaves with another set than it says. Which data a lock guards is said in comments
 * (in C the analysis does not see the neighbours of a field), and which order locks have is the rank
 * checker's business (sync/lockdebug.c).
 */
#pragma once

#ifdef __clang__
#define LOCK_TYPE(kind)        __attribute__((capability(kind)))
#define ACQUIRES(...)          __attribute__((acquire_capability(__VA_ARGS__)))
#define ACQUIRES_SHARED(...)   __attribute__((acquire_shared_capability(__VA_ARGS__)))
#define RELEASES(...)          __attribute__((release_capability(__VA_ARGS__)))
#define RELEASES_SHARED(...)   __attribute__((release_shared_capability(__VA_ARGS__)))
/* Returns `yes` if it has the lock. */
#define TRY_ACQUIRES(yes, ...) __attribute__((try_acquire_capability(yes, __VA_ARGS__)))
#define TRY_ACQUIRES_SHARED(yes, ...) \
	__attribute__((try_acquire_shared_capability(yes, __VA_ARGS__)))
#define REQUIRES(...)        __attribute__((requires_capability(__VA_ARGS__)))
#define REQUIRES_SHARED(...) __attribute__((requires_shared_capability(__VA_ARGS__)))
/* It has been made sure of at run time. */
#define ASSERTS_HELD(...)    __attribute__((assert_capability(__VA_ARGS__)))
/*
 * The function's locks are beyond the analysis, because which ones it holds depends on a value: an
 * area may have a family to lock or not, a look-up returns its object locked or NULL, a run over pages
 * has the lock of the last one's node.
 */
#define NO_LOCK_ANALYSIS     __attribute__((no_thread_safety_analysis))
#else
#define LOCK_TYPE(kind)
#define ACQUIRES(...)
#define ACQUIRES_SHARED(...)
#define RELEASES(...)
#define RELEASES_SHARED(...)
#define TRY_ACQUIRES(yes, ...)
#define TRY_ACQUIRES_SHARED(yes, ...)
#define REQUIRES(...)
#define REQUIRES_SHARED(...)
#define ASSERTS_HELD(...)
#define NO_LOCK_ANALYSIS
#endif
